"""The command line: ``python -m autograder``."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.columns import Columns
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autograder.engine.equations import ADDRESS, BOOK
from autograder.grading.assignment import Assignment, AssignmentError, assignment_names, source_notebook
from autograder.grading.notebook import Verdict
from autograder.grading.submission import Outcome, Submission, grade_submission
from autograder.sandbox.bubblewrap import Limits, Sandbox, SandboxUnavailable
from autograder.sandbox.session import plain_text, try_sandbox

if TYPE_CHECKING:
    from autograder.grading.cluster import Cluster
    from autograder.grading.gradebook import Totals
    from autograder.report import ClassSummary

STAR, WAITING = "★", "…"
NOT_ALL_RIGHT, USAGE, NO_SANDBOX, NO_CLUSTER, INTERRUPTED = 1, 2, 3, 4, 130
EPILOG = """\b
Exit codes:
  0  every submission was graded (grade), or every answer that has points is right (grade FILE.ipynb)
  1  some submission could not be graded, or some answer is not right
  2  the command cannot be carried out as it stands
  3  there is no sandbox on this machine, or on a worker of the cluster
  4  the cluster of --scheduler cannot be used, or no longer
  130  stopped by Ctrl-C or by a signal to end; what was graded until then is recorded
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
@click.option("--book", metavar="ADDRESS", help="Where the book is, so that messages lead to it: https://…")
@click.option("--force", is_flag=True, help="Grade again what has not changed since it was graded.")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler: tcp://HOST:PORT")
@click.option("--unsafe-no-sandbox", is_flag=True, help="Run notebooks that you trust without a sandbox.")
def grade(
    what: str,
    course: Path,
    classroom: Path | None,
    students: tuple[str, ...],
    jobs: int,
    timeout: float,
    feedback: bool,
    book: str | None,
    force: bool,
    scheduler: str | None,
    unsafe_no_sandbox: bool,
) -> None:
    """Grade a class, or one notebook.

    With the name of an assignment (ps3), every submission in classroom/submitted/STUDENT/ps3 is graded and recorded.
    With a file (work/ps3.ipynb), that notebook alone is graded, and nothing is recorded.
    """
    sandbox = Sandbox(Limits.for_timeout(timeout), confined=not unsafe_no_sandbox)
    if scheduler is not None and unsafe_no_sandbox:
        raise Failure("--scheduler grades in the sandboxes of its workers; leave --unsafe-no-sandbox away")
    if scheduler is not None and what.endswith(".ipynb"):
        raise Failure(f"--scheduler is for a class; {what} alone is graded here, without it")
    if book is not None:
        if not re.fullmatch(ADDRESS, book):
            raise Failure(
                f"--book takes the http(s) address of the book, such as https://example.org/unrolled; not {book}"
            )
        os.environ[BOOK] = book
    if unsafe_no_sandbox:
        console.print("[yellow]No sandbox: the notebooks can read, change and send whatever you can.[/yellow]")
    try:
        if what.endswith(".ipynb"):
            _grade_file(Path(what), course, sandbox)
        else:
            _grade_class(what, course, classroom, sandbox, students, jobs, feedback, force, scheduler)
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
    force: bool,
    scheduler: str | None,
) -> None:
    # Imported here, since it brings nbgrader along: a second that --help and a single file do without.
    from autograder.grading.classroom import Classroom, ClassroomError
    from autograder.grading.cluster import Cluster, ClusterError

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    done = []
    try:
        room = Classroom(course, classroom)
        assignment = room.assignment(name)
        submissions = room.submissions(name, students)
        unknown = set(students) - {submission.student for submission in submissions}
        if unknown:
            raise Failure(f"no submission for {name} by {', '.join(sorted(unknown))} in {room.submitted}")
        if scheduler is None:
            try_sandbox(sandbox)
        with nullcontext() if scheduler is None else Cluster(scheduler, sandbox) as cluster:
            if cluster is not None:
                _show_cluster(cluster)
            if force:
                console.print(Text(room.what_force_replaces(name, submissions)), soft_wrap=True)
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task(f"Grading {name}", total=len(submissions))

                def progress(student: str) -> None:
                    done.append(student)
                    bar.update(task, advance=1)

                outcomes = room.grade(
                    name,
                    sandbox,
                    jobs=jobs,
                    students=students,
                    feedback=feedback,
                    force=force,
                    progress=progress,
                    cluster=cluster,
                )
            totals = room.gradebook.totals(name)
    except ClassroomError as error:
        raise Failure(str(error)) from None
    except ClusterError as error:
        raise Failure(plain_text(str(error)), NO_CLUSTER) from None
    except KeyboardInterrupt:
        count = f"{len(done)} of {len(submissions)}" if done else "no"
        raise Failure(f"stopped; {count} submissions are graded and recorded", INTERRUPTED) from None
    console.print(_class_table(assignment, outcomes, totals))
    for line in _legend(assignment):
        console.print(line, soft_wrap=True, markup=False)
    if any(outcome.remarks for outcome in outcomes):
        console.print("Remarks:")
        console.print(_remarks(outcomes))
    kept = sum(not outcome.anew for outcome in outcomes)
    if kept:
        console.print(f"{kept} of {len(outcomes)} have not changed since they were graded; --force grades them again.")
    console.print(f"Gradebook: {_shown(room.folder / 'gradebook.db')}", soft_wrap=True, markup=False)
    if feedback:
        console.print(f"Feedback:  {_shown(room.feedback)}/STUDENT/{name}/{name}.html", soft_wrap=True, markup=False)
    ungraded = [outcome.student for outcome in outcomes if outcome.graded is None]
    if ungraded:
        names = plain_text(", ".join(ungraded))
        console.print(Text(f"Not graded: {names}. Their grades were left as they were.", "yellow"))
        sys.exit(NOT_ALL_RIGHT)


def _show_cluster(cluster: "Cluster") -> None:
    many = cluster.workers
    console.print(
        f"Cluster:   {many} worker{'s' if many > 1 else ''} at {cluster.address}", soft_wrap=True, markup=False
    )
    idle = cluster.idle_threads()
    if idle > 0:
        said = f"Each worker grades one submission at a time: {idle} of their threads stay idle; start workers with"
        console.print(Text(f"{said} --nworkers -1 --nthreads 1 instead.", "yellow"))


def _class_table(assignment: Assignment, outcomes: list[Outcome], totals: "Mapping[str, Totals]") -> Table:
    by_hand = f", and {assignment.points_by_hand:g} by hand" if assignment.written_cells else ""
    table = Table(title=f"{assignment.name}: {assignment.max_points:g} points{by_hand}", title_justify="left")
    table.add_column("Student", overflow="fold")
    table.add_column("Points", justify="right")
    mixed = any(totals[outcome.student].made_of for outcome in outcomes if outcome.graded is not None)
    if mixed:
        table.add_column("Made of", overflow="fold")
    table.add_column("Not right yet", overflow="fold")
    for outcome in outcomes:
        student = _student(outcome)
        if outcome.graded is None:
            table.add_row(student, Text("not graded", "yellow"), *[""] * mixed, "")
            continue
        held = totals[outcome.student]
        # Starred questions are told apart from the others, unless there are no others.
        scored = [verdict for verdict in outcome.graded.verdicts if verdict.max_points] or outcome.graded.verdicts
        wrong = [verdict.check for verdict in scored if not verdict.passed]
        shown = "every question" if len(wrong) == len(scored) else ", ".join(wrong) or "nothing: all right"
        stars = sum(verdict.passed and not verdict.max_points for verdict in outcome.graded.verdicts)
        made_of = [held.made_of] if mixed else []
        table.add_row(student, f"{held.total:g}" + STAR * stars, *made_of, shown)
    return table


def _legend(assignment: Assignment) -> Iterator[str]:
    """Yield what has to be said of a table of grades, under it."""
    if any(not cell.points for cell in assignment.graded_cells):
        yield f"{STAR} a starred question, worth no points, is right"
    if assignment.written_cells:
        names = ", ".join(cell.question for cell in assignment.written_cells)
        yield f"to be read by a person, in formgrader: {names}"


def _remarks(outcomes: list[Outcome]) -> Table:
    """Return what has to be said of submissions, under the table, where a line is as wide as the terminal."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold", max_width=24)
    grid.add_column(overflow="fold")
    for outcome in outcomes:
        if outcome.remarks:
            said = "\n".join(plain_text(remark).replace("\n", " ") for remark in outcome.remarks)
            grid.add_row(_student(outcome), Text(said))
    return grid


def _student(outcome: Outcome) -> Text:
    """Return a name, which a stranger may have chosen: neither its colors nor its line breaks belong in a table."""
    return Text(plain_text(outcome.student).replace("\n", "\ufffd"))


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


def _file_option(name: str, says: str):
    return click.option(f"--{name}", f"{name}_file", type=click.Path(dir_okay=False, path_type=Path), help=says)


@main.command(epilog=EPILOG)
@click.argument("name", metavar="ASSIGNMENT")
@_course_option
@_file_option("html", "Write the report there as a page: whom to look at, mistakes, points.")
@_file_option("csv", "Write the table there, for a spreadsheet.")
@_file_option("canvas", "Write a file for the import of Canvas's gradebook.")
@_file_option("moodle", "Write a file for Moodle's import of grades.")
@click.option("--column", default="", help='What Canvas or Moodle calls the assignment, such as "Set 3 (12345)".')
@click.option(
    "--everyone", is_flag=True, help="For Canvas and Moodle: also who has no final grade. That erases theirs."
)
def report(
    name: str,
    course: Path,
    classroom: Path | None,
    html_file: Path | None,
    csv_file: Path | None,
    canvas_file: Path | None,
    moodle_file: Path | None,
    column: str,
    everyone: bool,
) -> None:
    """Show how a class did: points by student, how many solved each question, whom to look at."""
    from autograder.grading.classroom import Classroom, ClassroomError
    from autograder.grading.gradebook import GradebookError
    from autograder.grading.records import RecordError
    from autograder.report import LmsError, canvas_csv, moodle_csv, report_csv, report_page
    from autograder.report.gather import class_pairs, class_summary
    from autograder.report.people import people

    try:
        room = Classroom(course, classroom)
        summary = class_summary(room, name)
    except (ClassroomError, GradebookError, RecordError) as error:
        raise Failure(str(error)) from None
    if not summary.graded:
        raise Failure(f"the gradebook of {_shown(room.folder)} holds no grades for {name}; run `grade {name}` first")
    _show_report(summary)
    if html_file is not None:
        _write(html_file, report_page(summary, class_pairs(room, name, summary), now=datetime.now(UTC)))
    if csv_file is not None:
        _write(csv_file, report_csv(summary))
    for file, make in ((canvas_file, canvas_csv), (moodle_file, moodle_csv)):
        if file is None:
            continue
        try:
            made = make(summary, people(room.db_url), column=column, everyone=everyone)
        except LmsError as error:
            raise Failure(str(error)) from None
        _write(file, made.text)
        for student, reason in made.left_out.items():
            console.print(Text(f"  not in it: {_in_a_line(student)} ({reason})", "yellow"))


def _show_report(summary: "ClassSummary") -> None:
    asked = [question for question in summary.questions if question.cell.points]
    late = any(standing.totals.late_penalty for standing in summary.graded)
    count = len(summary.graded)
    name = summary.assignment.name
    table = Table(title=f"{name}: {count} student{'s' if count > 1 else ''}", title_justify="left")
    table.add_column("Student", overflow="fold")
    for number in range(1, len(asked) + 1):
        table.add_column(f"Q{number}", justify="right", no_wrap=True)
    if late:
        table.add_column("Late", justify="right", no_wrap=True)
    table.add_column("Sum", justify="right", no_wrap=True)
    for standing in summary.graded:
        answers = [standing.answers.get(question.cell.grade_id) for question in asked]
        points = (
            "" if answer is None else WAITING if answer.points is None else f"{answer.points:g}" for answer in answers
        )
        penalty = (f"-{standing.totals.late_penalty:g}" if standing.totals.late_penalty else "",) if late else ()
        table.add_row(Text(_in_a_line(standing.student)), *points, *penalty, f"{standing.totals.total:g}")
    table.add_section()
    shares = (f"{100 * question.share_right:.0f}" for question in asked)
    table.add_row("solved by, %", *shares, *([""] if late else []), "")
    console.print(table)
    console.print(Columns([f"Q{number} {question.cell.question}" for number, question in enumerate(asked, 1)]))
    waiting = sum(standing.waits for standing in summary.graded)
    if waiting:
        console.print(f"{WAITING} not read yet by a person: {waiting} of {count}; open them in formgrader.")
    for standing in summary.standings:
        if standing.look_at:
            console.print(Text(f"- {_in_a_line(standing.student)}: {_in_a_line('; '.join(standing.look_at))}"))


def _in_a_line(text: str) -> str:
    return " ".join(plain_text(text).split())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None
    console.print(f"Written to {path}", soft_wrap=True, markup=False)


@main.command(epilog=EPILOG)
@click.argument("student")
@click.argument("name", metavar="ASSIGNMENT")
@click.argument("question", metavar="QUESTION")
@_course_option
@click.option("--timeout", type=click.FloatRange(0.1), default=Limits.cell_seconds, show_default=True,
              help="Seconds for one cell, as they were when it was graded.")  # fmt: skip
def explain(student: str, name: str, question: str, course: Path, classroom: Path | None, timeout: float) -> None:
    """Grade a recorded answer once more from its seed, and say whether the verdict comes out the same.

    QUESTION is the name of a function or variable, such as rnn_backward, or the number of the question in the report.
    Exit code 1 says that it comes out differently. Nothing is recorded.
    """
    from autograder.grading.classroom import Classroom, ClassroomError
    from autograder.grading.explain import CannotExplain, repeat_verdict

    try:
        room = Classroom(course, classroom)
        sandbox = Sandbox(Limits.for_timeout(timeout))
        try_sandbox(sandbox)
        with console.status(f"Grading {name} of {_in_a_line(student)} once more"):
            found = repeat_verdict(room, name, student, question, sandbox)
    except (ClassroomError, CannotExplain) as error:
        raise Failure(plain_text(str(error))) from None
    except SandboxUnavailable as error:
        raise Failure(str(error), NO_SANDBOX) from None
    recorded = found.recorded
    style, mark = ("green", "right") if recorded.passed else ("red", "not yet")
    seed = "" if recorded.seed is None else f", seed {recorded.seed}"
    called = recorded.check if found.heading == recorded.check else f"{found.heading}  {recorded.check}"
    console.print(Text.assemble((called, "bold"), f"  {_points(recorded)}  ", (mark, style)))
    console.print(Text(f"graded {found.graded_at:%Y-%m-%d %H:%M %Z}{seed}", "dim"))
    console.print(Padding(Text(plain_text(recorded.message)), (1, 0, 1, 2)))
    for sentence in found.circumstances:
        console.print(Text(f"- {sentence}"))
    if not found.differences:
        console.print(Text("Graded once more: the same to the bit.", "green"))
        return
    console.print(Text(f"Graded once more: another {', another '.join(found.differences)}.", "yellow"))
    console.print(Padding(Text(plain_text(found.again.message)), (1, 0, 0, 2)))
    sys.exit(NOT_ALL_RIGHT)


@main.command(epilog=EPILOG)
@click.option("--course", type=click.Path(file_okay=False, path_type=Path), default=Path("."),
              help="The course folder.  [default: this folder]")  # fmt: skip
@click.option("--work", type=click.Path(file_okay=False, path_type=Path),
              help="The folder with your notebooks.  [default: my-work/ in the course folder]")  # fmt: skip
def progress(course: Path, work: Path | None) -> None:
    """Show how far you are: points, what is open, and the last message, as your saved notebooks say."""
    from autograder.grading.progress import progress_of

    work = work or course / "my-work"
    sets = [progress_of(source_notebook(course, name), work / f"{name}.ipynb") for name in assignment_names(course)]
    if not sets:
        raise Failure(f"{course.resolve()} holds no course; run this in the course folder, or name it with --course")
    if not any(found.begun for found in sets):
        raise Failure(f"there is none of your notebooks in {_shown(work)}; `make learn` puts them there")
    table = Table(title_justify="left")
    for head, justify in (("Set", "left"), ("Points", "right"), ("Right", "right"), ("Open", "left")):
        table.add_column(head, justify=justify, overflow="fold")
    for found in sets:
        if not found.begun:
            table.add_row(
                Text(_short(found.title), "dim"), f"0 of {found.max_points:g}", "", Text(found.trouble or "not begun")
            )
            continue
        points = f"{found.points:g} of {found.max_points:g}" + STAR * found.stars
        opened = ", ".join(found.open) or "nothing: all right"
        opened = "all of them" if found.open and not found.right else opened
        table.add_row(_short(found.title), points, f"{found.right} of {found.asked}", Text(_in_a_line(opened)))
    console.print(table)
    total, most = sum(found.points for found in sets), sum(found.max_points for found in sets)
    console.print(Text(f"{total:g} of {most:g} points", "bold"))
    newest = max((found for found in sets if found.message), key=lambda found: found.saved_at, default=None)
    if newest is not None:
        console.print(Text(f"\nThe last message, in {newest.name}, {newest.message_under}:", "dim"))
        console.print(Padding(Text(plain_text(newest.message)), (0, 0, 0, 2)))
    console.print(Text("\nThis is what your notebooks held when they were saved last. To check one anew:", "dim"))
    begun = next(found for found in sets if found.begun)
    console.print(Text(f"  python -m autograder grade {_shown(work / begun.name)}.ipynb", "dim"))


def _short(title: str) -> str:
    """Return the title of a set for a column of sets: "3: Backpropagation through time"."""
    return title.removeprefix("Problem set ")
