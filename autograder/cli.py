"""The command line: ``python -m autograder``."""

import csv
import os
import sys
from pathlib import Path

import click
from rich.columns import Columns
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autograder.grading.assignment import Assignment, AssignmentError, assignment_names, source_notebook
from autograder.grading.notebook import Verdict
from autograder.grading.submission import Outcome, Submission, grade_submission
from autograder.sandbox.bubblewrap import Limits, Sandbox, SandboxUnavailable
from autograder.sandbox.session import plain_text, try_sandbox

STAR, WAITING = "★", "…"
NOT_ALL_RIGHT, USAGE, NO_SANDBOX, INTERRUPTED = 1, 2, 3, 130
EPILOG = """\b
Exit codes:
  0  every submission was graded (grade), or every answer that has points is right (grade FILE.ipynb)
  1  some submission could not be graded, or some answer is not right
  2  the command cannot be carried out as it stands
  3  there is no sandbox on this machine
  130  stopped by Ctrl-C; what was graded until then is recorded
"""

console = Console(highlight=False)


class Failure(click.ClickException):
    """An error that the user can do something about: one sentence and an exit code."""

    def __init__(self, message: str, exit_code: int = USAGE):
        super().__init__(message)
        self.exit_code = exit_code


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
def main() -> None:
    """Grade the problem sets of the course.

    Students' code runs in a sandbox; the verdict is made outside of it. Grades and feedback go where nbgrader keeps
    them, so that formgrader and `nbgrader export` show them too.
    """


def _course_option(command):
    command = click.option(
        "--course",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("."),
        help="The course folder, with nbgrader_config.py.  [default: this folder]",
    )(command)
    return click.option(
        "--classroom",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder with submitted/ and gradebook.db.  [default: classroom/ in the course folder]",
    )(command)


@main.command(epilog=EPILOG)
@click.argument("what", metavar="ASSIGNMENT|FILE.ipynb")
@_course_option
@click.option("--student", "students", multiple=True, help="Grade this student only; may be given several times.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Side by side.")
@click.option("--timeout", type=click.FloatRange(0.1), default=Limits.cell_seconds, show_default=True,
              help="Seconds for one cell, and for one call by a check.")  # fmt: skip
@click.option("--feedback/--no-feedback", default=True, show_default=True, help="Make the feedback pages.")
@click.option("--unsafe-no-sandbox", is_flag=True, help="Run notebooks that you trust without a sandbox.")
def grade(
    what: str,
    course: Path,
    classroom: Path | None,
    students: tuple[str, ...],
    jobs: int,
    timeout: float,
    feedback: bool,
    unsafe_no_sandbox: bool,
) -> None:
    """Grade a class, or one notebook.

    With the name of an assignment (ps3), every submission in classroom/submitted/STUDENT/ps3 is graded and recorded.
    With a file (work/ps3.ipynb), that notebook alone is graded, and nothing is recorded.
    """
    sandbox = Sandbox(Limits.for_timeout(timeout), confined=not unsafe_no_sandbox)
    if unsafe_no_sandbox:
        console.print("[yellow]No sandbox: the notebooks can read, change and send whatever you can.[/yellow]")
    try:
        if what.endswith(".ipynb"):
            _grade_file(Path(what), course, sandbox)
        else:
            _grade_class(what, course, classroom, sandbox, students, jobs, feedback)
    except SandboxUnavailable as error:
        raise Failure(str(error), NO_SANDBOX) from None
    except AssignmentError as error:
        raise Failure(str(error)) from None


def _grade_class(
    name: str,
    course: Path,
    classroom: Path | None,
    sandbox: Sandbox,
    students: tuple[str, ...],
    jobs: int,
    feedback: bool,
) -> None:
    # Imported here, since it brings nbgrader along: a second that --help and a single file do without.
    from autograder.grading.classroom import Classroom, ClassroomError

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    done = []
    try:
        room = Classroom(course, classroom)
        assignment = room.assignment(name)
        submissions = room.submissions(name, students)
        unknown = set(students) - {submission.student for submission in submissions}
        if unknown:
            raise Failure(f"no submission for {name} by {', '.join(sorted(unknown))} in {room.submitted}")
        try_sandbox(sandbox)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(f"Grading {name}", total=len(submissions))

            def progress(student: str) -> None:
                done.append(student)
                bar.update(task, advance=1)

            outcomes = room.grade(name, sandbox, jobs=jobs, students=students, feedback=feedback, progress=progress)
    except ClassroomError as error:
        raise Failure(str(error)) from None
    except KeyboardInterrupt:
        count = f"{len(done)} of {len(submissions)}" if done else "no"
        raise Failure(f"stopped; {count} submissions are graded and recorded", INTERRUPTED) from None
    console.print(_class_table(assignment, outcomes))
    console.print(f"Gradebook: {_shown(room.folder / 'gradebook.db')}", soft_wrap=True, markup=False)
    if feedback:
        console.print(f"Feedback:  {_shown(room.feedback)}/STUDENT/{name}/{name}.html", soft_wrap=True, markup=False)
    ungraded = [outcome.student for outcome in outcomes if outcome.graded is None]
    if ungraded:
        names = plain_text(", ".join(ungraded))
        console.print(Text(f"Not graded: {names}. Their grades were left as they were.", "yellow"))
        sys.exit(NOT_ALL_RIGHT)


def _class_table(assignment: Assignment, outcomes: list[Outcome]) -> Table:
    by_hand = f", and {assignment.points_by_hand:g} by hand" if assignment.written_cells else ""
    table = Table(title=f"{assignment.name}: {assignment.max_points:g} points{by_hand}", title_justify="left")
    table.add_column("Student", overflow="fold")
    table.add_column("Points", justify="right")
    table.add_column("Not right yet")
    table.add_column("Remarks", overflow="fold")
    for outcome in outcomes:
        # Names and remarks hold what strangers wrote: neither colors nor line breaks of theirs belong in the table.
        student = Text(plain_text(outcome.student).replace("\n", "\ufffd"))
        remarks = Text("\n".join(plain_text(remark).replace("\n", " ") for remark in outcome.remarks))
        if outcome.graded is None:
            table.add_row(student, Text("not graded", "yellow"), "", remarks)
            continue
        # Starred questions are told apart from the others, unless there are no others.
        scored = [verdict for verdict in outcome.graded.verdicts if verdict.max_points] or outcome.graded.verdicts
        wrong = [verdict.check for verdict in scored if not verdict.passed]
        shown = "every question" if len(wrong) == len(scored) else ", ".join(wrong) or "nothing: all right"
        stars = sum(verdict.passed and not verdict.max_points for verdict in outcome.graded.verdicts)
        table.add_row(student, f"{outcome.graded.points:g}" + STAR * stars, shown, remarks)
    captions = []
    if any(not cell.points for cell in assignment.graded_cells):
        captions.append(f"{STAR} a starred question, worth no points, is right")
    if assignment.written_cells:
        names = ", ".join(cell.question for cell in assignment.written_cells)
        captions.append(f"to be read by a person, in formgrader: {names}")
    table.caption, table.caption_justify = "\n".join(captions) or None, "left"
    return table


def _grade_file(path: Path, course: Path, sandbox: Sandbox) -> None:
    if not path.is_file():
        raise Failure(f"there is no file {path}")
    names = assignment_names(course)
    if path.stem not in names:
        expected = ", ".join(f"{name}.ipynb" for name in names) or f"none, for {course.resolve()} holds no course"
        raise Failure(f"{path.name} is not the notebook of an assignment; expected one of: {expected}")
    source = source_notebook(course, path.stem)
    try_sandbox(sandbox)
    with console.status(f"Grading {path.name}"):
        outcome = grade_submission(Submission(path.stem, path.parent), source, sandbox)
    if outcome.graded is None:
        raise Failure(f"{path} cannot be graded: {plain_text(' '.join(outcome.remarks))}", NOT_ALL_RIGHT)
    for verdict in outcome.graded.verdicts:
        style, mark = ("green", "right  ") if verdict.passed else ("red", "not yet")
        console.print(Text.assemble((mark, style), f"  {verdict.check} ", (f"({_points(verdict)})", "dim")))
        if not verdict.passed:
            console.print(Padding(Text(plain_text(verdict.message)), (0, 0, 1, 9)))
    assignment = Assignment.read(source)
    for cell in assignment.written_cells:
        console.print(Text.assemble(("by hand", "yellow"), f"  {cell.question} ", (f"(of {cell.points:g})", "dim")))
    total = f"{outcome.graded.points:g} of {assignment.max_points:g} points"
    console.print(Text(f"{total} for {path}", "bold"), soft_wrap=True)
    for remark in outcome.remarks:
        console.print(Text(f"- {plain_text(remark)}"))
    if not all(verdict.passed or not verdict.max_points for verdict in outcome.graded.verdicts):
        sys.exit(NOT_ALL_RIGHT)


def _points(verdict: Verdict) -> str:
    if not verdict.max_points:
        return "extra"
    return f"{verdict.points:g} of {verdict.max_points:g}"


def _shown(path: Path) -> str:
    """Return a path as short as it can be written from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@main.command(epilog=EPILOG)
@click.argument("name", metavar="ASSIGNMENT")
@_course_option
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table there too.")
def report(name: str, course: Path, classroom: Path | None, csv_file: Path | None) -> None:
    """Show what the gradebook holds: points by student, and how many solved each question."""
    from autograder.grading.classroom import Classroom, ClassroomError
    from autograder.grading.report import class_report

    try:
        room = Classroom(course, classroom)
        result = class_report(room.db_url, room.assignment(name))
    except ClassroomError as error:
        raise Failure(str(error)) from None
    if not result.students:
        raise Failure(f"the gradebook of {_shown(room.folder)} holds no grades for {name}; run `grade {name}` first")
    count = len(result.students)
    table = Table(title=f"{name}: {count} student{'s' if count > 1 else ''}", title_justify="left")
    table.add_column("Student", overflow="fold")
    for number in range(1, len(result.questions) + 1):
        table.add_column(f"Q{number}", justify="right", no_wrap=True)
    table.add_column("Sum", justify="right", no_wrap=True)
    for student in result.students:
        points = (WAITING if points is None else f"{points:g}" for points in student.points)
        table.add_row(Text(plain_text(student.name)), *points, f"{student.total:g}")
    table.add_section()
    table.add_row("solved by, %", *(f"{100 * share:.0f}" for share in result.solved), "")
    console.print(table)
    console.print(Columns([f"Q{number} {question}" for number, question in enumerate(result.questions, 1)]))
    waiting = sum(None in student.points for student in result.students)
    if waiting:
        console.print(f"{WAITING} not read yet by a person: {waiting} of {count}; open them in formgrader.")
    if csv_file is None:
        return
    try:
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["student", *result.questions, "sum"])
            writer.writerows([_cell(student.name), *student.points, student.total] for student in result.students)
    except OSError as error:
        raise Failure(f"the table cannot be written to {csv_file}: {error.strerror}") from None
    console.print(f"Written to {csv_file}", soft_wrap=True, markup=False)


def _cell(name: str) -> str:
    """Return a name as a spreadsheet shows it, and does not calculate it."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
