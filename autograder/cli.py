"""The command line: ``python -m autograder``."""

import csv
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autograder.grading.assignment import Assignment, AssignmentError
from autograder.grading.classroom import Classroom, ClassroomError, Outcome, Submission, grade_submission
from autograder.grading.notebook import Question
from autograder.grading.report import class_report
from autograder.sandbox.bubblewrap import Limits, Sandbox, SandboxUnavailable
from autograder.sandbox.session import try_sandbox

NOT_ALL_RIGHT, USAGE, NO_SANDBOX = 1, 2, 3
EPILOG = """\b
Exit codes:
  0  every submission was graded (grade), or every answer is right (grade FILE.ipynb)
  1  some submission could not be graded, or some answer is not right
  2  the command cannot be carried out as it stands
  3  there is no sandbox on this machine
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
    limits = Limits(cell_seconds=timeout, call_seconds=timeout, total_seconds=12 * timeout)
    sandbox = Sandbox(limits, confined=not unsafe_no_sandbox)
    if unsafe_no_sandbox:
        console.print("[yellow]No sandbox: the notebooks can read, change and send whatever you can.[/yellow]")
    try:
        try_sandbox(sandbox)
        room = Classroom(course, classroom)
        if what.endswith(".ipynb"):
            _grade_file(Path(what), room, sandbox)
        else:
            _grade_class(what, room, sandbox, students, jobs, feedback)
    except SandboxUnavailable as error:
        raise Failure(str(error), NO_SANDBOX) from None
    except (ClassroomError, AssignmentError) as error:
        raise Failure(str(error)) from None


def _grade_class(
    name: str, room: Classroom, sandbox: Sandbox, students: tuple[str, ...], jobs: int, feedback: bool
) -> None:
    if name not in room.assignments():
        raise Failure(f"there is no assignment {name!r}; there are: {', '.join(room.assignments()) or 'none'}")
    unknown = set(students) - {submission.student for submission in room.submissions(name)}
    if unknown:
        raise Failure(f"no submission for {name} by {', '.join(sorted(unknown))} in {room.submitted}")
    count = len(room.submissions(name, students))
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"Grading {name}", total=count)
        outcomes = room.grade(
            name,
            sandbox,
            jobs=jobs,
            students=students,
            feedback=feedback,
            progress=lambda student: progress.update(task, advance=1),
        )
    console.print(_class_table(room.assignment(name), outcomes))
    ungraded = [outcome.student for outcome in outcomes if outcome.graded is None]
    console.print(f"Gradebook: {_shown(room.folder / 'gradebook.db')}")
    if feedback:
        console.print(f"Feedback:  {_shown(room.feedback)}/STUDENT/{name}/{name}.html")
    if ungraded:
        console.print(f"[yellow]Not graded: {', '.join(ungraded)}. Their grades were left as they were.[/yellow]")
        sys.exit(NOT_ALL_RIGHT)


def _class_table(assignment: Assignment, outcomes: list[Outcome]) -> Table:
    table = Table(title=f"{assignment.name}, {assignment.max_points:g} points", title_justify="left")
    table.add_column("Student", no_wrap=True)
    table.add_column("Points", justify="right")
    table.add_column("Not right yet")
    table.add_column("Remarks")
    for outcome in outcomes:
        if outcome.graded is None:
            table.add_row(outcome.student, "[yellow]none[/yellow]", "not graded", "\n".join(outcome.remarks))
            continue
        questions = outcome.graded.questions
        wrong = [
            question.check + ("" if question.max_points else " (extra)")
            for question in questions
            if not question.passed
        ]
        shown = ", ".join(wrong)
        if len(wrong) == len(questions):
            shown = "every question"
        table.add_row(outcome.student, f"{outcome.graded.points:g}", shown, "\n".join(outcome.remarks))
    return table


def _grade_file(path: Path, room: Classroom, sandbox: Sandbox) -> None:
    if not path.is_file():
        raise Failure(f"there is no file {path}")
    if path.stem not in room.assignments():
        raise Failure(
            f"{path.name} is not the notebook of an assignment; expected one of:"
            f" {', '.join(f'{name}.ipynb' for name in room.assignments())}"
        )
    with console.status(f"Grading {path.name}"):
        outcome, _ = grade_submission(Submission(path.stem, path.parent), room.source_notebook(path.stem), sandbox)
    if outcome.graded is None:
        raise Failure(f"{path} cannot be graded: {' '.join(outcome.remarks)}", NOT_ALL_RIGHT)
    for question in outcome.graded.questions:
        mark = "[green]right[/green]" if question.passed else "[red]not yet[/red]"
        console.print(f"{mark:<24} {question.check}  ({_points(question)})", style="bold")
        if not question.passed:
            console.print(Padding(Text(question.message), (0, 0, 1, 4)))
    console.print(
        f"{path}: {outcome.graded.points:g} of {room.assignment(path.stem).max_points:g} points", style="bold"
    )
    for remark in outcome.remarks:
        console.print(f"- {remark}")
    if not all(question.passed for question in outcome.graded.questions):
        sys.exit(NOT_ALL_RIGHT)


def _points(question: Question) -> str:
    if not question.max_points:
        return "extra"
    return f"{question.points:g} of {question.max_points:g}"


def _shown(path: Path) -> str:
    """Return a path as short as it can be written from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@main.command(epilog=EPILOG)
@click.argument("name", metavar="ASSIGNMENT")
@_course_option
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table there too.")
def report(name: str, course: Path, classroom: Path | None, csv_file: Path | None) -> None:
    """Show what the gradebook holds: points by student, and how many solved each question."""
    try:
        room = Classroom(course, classroom)
        result = class_report(room.db_url, room.assignment(name))
    except ClassroomError as error:
        raise Failure(str(error)) from None
    if not result.students:
        raise Failure(f"the gradebook of {_shown(room.folder)} holds no grades for {name}; run `grade {name}` first")
    table = Table(title=f"{name}: {len(result.students)} students", title_justify="left")
    table.add_column("Student", no_wrap=True)
    for number in range(1, len(result.questions) + 1):
        table.add_column(f"Q{number}", justify="right")
    table.add_column("Sum", justify="right")
    for student in result.students:
        table.add_row(student.name, *(f"{points:g}" for points in student.points), f"{student.total:g}")
    table.add_section()
    table.add_row("solved by", *(f"{100 * share:.0f} %" for share in result.solved), "")
    console.print(table)
    console.print("   ".join(f"Q{number} {question}" for number, question in enumerate(result.questions, 1)))
    if csv_file is not None:
        with csv_file.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["student", *result.questions, "sum"])
            writer.writerows([student.name, *student.points, student.total] for student in result.students)
        console.print(f"Written to {csv_file}")
