"""A student's page: the verdicts, then the totals, then the notebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup
from nbformat import NotebookNode

from autograder.feedback.cells import CellView, cells_of
from autograder.feedback.environment import template
from autograder.feedback.text import book_address, one_line, shown, with_links
from autograder.grading.assignment import Assignment, SourceCell
from autograder.grading.gradebook import Totals
from autograder.grading.notebook import Verdict
from autograder.grading.records import Record

RIGHT, WRONG, WAITS, BY_HAND = "right", "wrong", "waits", "by-hand"
SAID = {RIGHT: "Right", WRONG: "Not yet", WAITS: "Not read yet", BY_HAND: "Read by a person"}
NO_RESPONSE = "No response."
MARK = {RIGHT: "✓", WRONG: "✗", WAITS: "…", BY_HAND: "✎"}


@dataclass(frozen=True)
class Entry:
    """One question on the page.

    Attributes
    ----------
    anchor, title, name : str
        Where it stands, the heading of the problem set, and the function or variable that was asked for.
    state : str
        "right", "wrong", "waits" or "by-hand".
    points, max_points : float
    starred : bool
        Whether it is worth nothing.
    message : Markup
    note : str
        What a person changed.
    comment : str
        What stands in the gradebook beside the answer.
    """

    anchor: str
    title: str
    name: str
    state: str
    points: float
    max_points: float
    starred: bool
    message: Markup
    note: str = ""
    comment: str = ""

    @property
    def mark(self) -> str:
        """A sign that tells the states apart without their colors."""
        return MARK[self.state]

    @property
    def said(self) -> str:
        """The state in words."""
        return SAID[self.state]


def feedback_page(
    assignment: Assignment, record: Record, totals: Totals, *, notebook: NotebookNode | None = None, book: str = ""
) -> str:
    """Return the feedback page of one submission, an HTML document that loads nothing and runs nothing.

    Parameters
    ----------
    assignment : Assignment
    record : Record
        Who, when, and the verdicts.
    totals : Totals
        What the gradebook holds, with what a person gave and wrote.
    notebook : NotebookNode, optional
        The student's notebook as it was graded, with its outputs; it is shown below the verdicts.
    book : str
        Where the book is: an http(s) address or a path relative to the page. Without it equations are named only.

    Raises
    ------
    ValueError
        When `book` is neither.
    """
    entries = list(_entries(assignment, record, totals, book_address(book)))
    by_grade_id = {cell.grade_id: entry for cell, entry in zip(_asked(assignment), entries, strict=True)}
    views: list[CellView] = [] if notebook is None else cells_of(notebook, assignment, by_grade_id)
    return template("feedback.html").render(
        assignment=assignment,
        student=one_line(record.student),
        when=f"{record.graded_at:%Y-%m-%d %H:%M} {record.graded_at.tzname() or ''}".strip(),
        totals=totals,
        late=how_long(totals.late),
        entries=entries,
        open_entries=[entry for entry in entries if entry.state == WRONG and not entry.starred],
        waiting=[entry for entry in entries if entry.state == WAITS],
        remarks=[one_line(remark, 1000) for remark in record.remarks],
        cells=views,
    )


def how_long(span: timedelta | None) -> str:
    """Return a span of time in words, such as "2 days and 3 hours", or nothing."""
    if span is None:
        return ""
    minutes = max(1, round(span.total_seconds() / 60))
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    said = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in parts if count]
    return " and ".join(said[:2])


def _asked(assignment: Assignment) -> list[SourceCell]:
    return [cell for cell in assignment.cells if cell.check is not None or cell.by_hand]


def _entries(assignment: Assignment, record: Record, totals: Totals, book: str) -> Iterator[Entry]:
    verdicts = {verdict.grade_id: verdict for verdict in record.verdicts}
    comments = _comments(assignment, totals)
    for number, cell in enumerate(_asked(assignment), 1):
        state, points, message, note = _result(cell, verdicts.get(cell.grade_id), totals)
        yield Entry(
            anchor=f"q{number}",
            title=cell.heading or cell.question,
            name="" if cell.by_hand or not cell.heading else cell.question,
            state=state,
            points=points,
            max_points=cell.points,
            starred=not cell.points,
            message=with_links(message, book),
            note=note,
            comment=comments.get(cell.grade_id, ""),
        )


def _result(cell: SourceCell, verdict: Verdict | None, totals: Totals) -> tuple[str, float, str, str]:
    """Return the state of a question, its points, the message about it, and what a person changed."""
    points, person = totals.points.get(cell.grade_id), cell.grade_id in totals.by_hand
    if cell.by_hand:
        if points is None:
            return WAITS, 0.0, "A person reads this answer and gives the points.", ""
        if not person:
            return WRONG, points, "There is no answer.", ""
        again = "The answer has changed since; a person will read it once more."
        return BY_HAND, points, "", again if cell.grade_id in totals.waiting else ""
    if verdict is None:
        return WRONG, points or 0.0, "It was not checked: the problem set has changed since.", ""
    note = f"A person has set the points; the check gave {verdict.points:g}." if person else ""
    points = verdict.points if points is None else points
    return (RIGHT if verdict.passed else WRONG), points, verdict.message, note


def _comments(assignment: Assignment, totals: Totals) -> dict[str, str]:
    """Return the comments by the grade_id of the question; nbgrader keeps them with the answer's cell before it.

    What nbgrader itself writes at an answer that was not touched is left out: it looks as if a person had said it, and
    the message says the same.
    """
    found: dict[str, str] = {}
    before: list[str] = []
    for cell in assignment.cells:
        comment = totals.comments.get(cell.grade_id)
        if comment and comment != NO_RESPONSE:
            before.append(shown(comment))
        if cell.check is not None or cell.by_hand:
            found[cell.grade_id] = "\n\n".join(before)
            before = []
    return found
