"""The class on one page that stands alone."""

from collections.abc import Sequence
from datetime import datetime

from autograder.feedback.environment import points, template
from autograder.feedback.text import one_line
from autograder.grading.gradebook import Totals
from autograder.report.similar import SimilarPair
from autograder.report.summary import (
    GRADED,
    NOT_ANSWERED,
    NOT_GRADED,
    NOT_HANDED_IN,
    RIGHT,
    STALE,
    WAITS,
    WRONG,
    ClassSummary,
    Standing,
)

SHOWN_NAMES, MOST_NAMES = 12, 100
MARKS = {RIGHT: "✓", WRONG: "✗", NOT_ANSWERED: "–", WAITS: "…"}


def report_page(
    summary: ClassSummary, similar: Sequence[SimilarPair] = (), *, now: datetime | None = None, seconds: float = 0.0
) -> str:
    """Return the report as an HTML document that loads nothing and runs nothing.

    Parameters
    ----------
    summary : ClassSummary
    similar : sequence of SimilarPair
        Hints, named last on the page.
    now : datetime, optional
        When the report was made.
    seconds : float
        How long the submissions took to be graded, all together; what the records say if it is not given.
    """
    records = [standing.record for standing in summary.standings if standing.record is not None]
    titles = {question.cell.grade_id: question.cell for question in summary.questions}
    answer_of = _questions_by_answer(summary)
    return template("report.html").render(
        assignment=summary.assignment,
        summary=summary,
        counts=_counts(summary.standings),
        to_look_at=_by_reasons(summary.standings),
        stuck=[(titles[grade_id], names(students)) for grade_id, students in summary.stuck],
        similar=[(pair, [titles[answer_of[name]] for name in pair.questions if name in answer_of]) for pair in similar],
        slowest=sorted(records, key=lambda record: -record.seconds)[:3],
        seconds=seconds or sum(record.seconds for record in records),
        first=min((record.graded_at for record in records), default=None),
        last=max((record.graded_at for record in records), default=None),
        graded_by=sorted({record.versions.get("autograder", "?") for record in records}),
        now=now,
        marks=MARKS,
        parts=_parts(summary),
        number=_number,
        name=one_line,
        names=names,
        most_names=MOST_NAMES,
        duration=duration,
    )


def names(students: Sequence[str], most: int = SHOWN_NAMES) -> str:
    """Return names for a sentence, and how many more there are."""
    more = len(students) - most
    shown = ", ".join(one_line(student, 60) for student in students[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def duration(seconds: float) -> str:
    """Return how long something took: 0.8 s, 34 s, 12 min."""
    if seconds >= 90:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _parts(summary: ClassSummary) -> list[str]:
    """Return of what parts totals are made in this class: a column that nobody has a number in is not there."""
    found = [standing.totals for standing in summary.graded]
    by_hand = summary.assignment.points_by_hand or any(totals.manual for totals in found)
    extra, late = any(totals.extra_credit for totals in found), any(totals.late_penalty for totals in found)
    there = {"checks": True, "by hand": by_hand, "extra": extra, "late": late, "total": True}
    return [part for part, is_there in there.items() if is_there]


def _number(totals: Totals, part: str) -> str:
    """Return a part of a total for its cell; what nobody gave or took is not shown as 0."""
    if part == "late":
        return f"−{points(totals.late_penalty)}" if totals.late_penalty else ""
    if part == "extra":
        return points(totals.extra_credit) if totals.extra_credit else ""
    return points({"checks": totals.auto, "by hand": totals.manual, "total": totals.total}[part])


def _by_reasons(standings: Sequence[Standing]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Return the reasons to look at somebody, and to whom they apply: first who cannot wait, last who is not there."""
    urgency = {NOT_GRADED: 0, STALE: 1, GRADED: 2, NOT_HANDED_IN: 3}
    found: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for standing in standings:
        if standing.look_at:
            found.setdefault((urgency[standing.status], standing.look_at), []).append(standing.student)
    in_order = sorted(found.items(), key=lambda item: (item[0][0], -len(item[0][1]), item[1]))
    return [(reasons, students) for (_, reasons), students in in_order]


def _counts(standings: Sequence[Standing]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for standing in standings:
        found[standing.status] = found.get(standing.status, 0) + 1
    return list(found.items())


def _questions_by_answer(summary: ClassSummary) -> dict[str, str]:
    """Return by the grade_id of an answer's cell that of the question that it answers: the next graded cell."""
    found, waiting = {}, []
    for cell in summary.assignment.cells:
        if cell.check is None and not cell.by_hand:
            waiting.append(cell.grade_id)
            continue
        found.update(dict.fromkeys(waiting, cell.grade_id))
        waiting = []
    return found
