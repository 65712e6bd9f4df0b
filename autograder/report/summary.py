"""What can be said about a class: who stands where, what went wrong how often, and whom to talk to."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.grading.assignment import Assignment, SourceCell
from autograder.grading.gradebook import Totals
from autograder.grading.notebook import Verdict
from autograder.grading.records import Record
from autograder.sets import QUESTIONS

GRADED, STALE, NOT_GRADED, NOT_HANDED_IN = "graded", "graded before the last change", "not graded", "not handed in"
RIGHT, WRONG, NOT_ANSWERED, WAITS = "right", "wrong", "not answered", "waits for a person"
LOW = 0.5
"""Whoever has less than this share of the points is to be looked at."""

OTHER_SENTENCES = {
    "outputs_permuted": "The numbers are right, but stand in another order.",
    "answer_kept": "An answer is kept from one call to the next.",
    "own_generator": "The function draws from a generator of its own, not from the one that it is given.",
}
"""For the names that no layer's bank of mistakes holds."""
UNNAMED = "Wrong, in a way that has no name."
STOPPED_OR_LATE = "It did not return in time, or had to be stopped."

_NOT_ANSWERED = re.compile(
    r" is still the stub\.|^There is no (variable )?\w+ in this notebook\.| has no value yet\."
    r"|^`raise NotImplementedError` still"
)
_NOT_RETURNED = re.compile(r" did not return within |was not checked: the time ")
_RELIES = re.compile(r"^\w+ is not right, nor is (\w+), on which it relies")
_RAISED = re.compile(r"^\w+ raised ([A-Za-z_]\w{0,60}):")
_STOPPED, _UNCHECKED, _SYNTAX, _MISSING = "Stopped: ", "could not be completed", " has a syntax error", "is missing."


@dataclass(frozen=True)
class Answer:
    """One student's answer to one question.

    Attributes
    ----------
    state : str
        "right", "wrong", "not answered" or "waits for a person".
    points : float or None
    reasons : tuple of str
        What was wrong, one sentence a mistake.
    """

    state: str
    points: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """Where one student stands.

    Attributes
    ----------
    student : str
    status : str
        "graded", "graded before the last change", "not graded" or "not handed in".
    answers : mapping of str to Answer
        By grade_id; empty when there is no record.
    totals : Totals or None
    record : Record or None
    look_at : tuple of str
        Why somebody should look at this student, one clause each.
    """

    student: str
    status: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    totals: Totals | None = None
    record: Record | None = None
    look_at: tuple[str, ...] = ()

    @property
    def has_points(self) -> bool:
        """Whether there are points to speak of."""
        return self.totals is not None and self.status in (GRADED, STALE)

    @property
    def is_final(self) -> bool:
        """Whether the points are all there, and are those of what was handed in last."""
        return self.status == GRADED and self.totals is not None and not self.waits

    @property
    def waits(self) -> bool:
        """Whether an answer waits for a person who gives its points."""
        return any(answer.state == WAITS for answer in self.answers.values())


@dataclass(frozen=True)
class QuestionSummary:
    """How a class did on one question.

    Attributes
    ----------
    cell : SourceCell
    counts : mapping of str to int
        Students by the state of their answer.
    mistakes : tuple of (str, tuple of str)
        A sentence and the students to whom it applies, the commonest first, what has no name last.
    """

    cell: SourceCell
    counts: Mapping[str, int]
    mistakes: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def asked(self) -> int:
        """The students of whom it is known whether they are right."""
        return sum(count for state, count in self.counts.items() if state != WAITS)

    @property
    def share_right(self) -> float:
        """The share of those, from 0 to 1."""
        return self.counts.get(RIGHT, 0) / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class ClassSummary:
    """A class and an assignment.

    Attributes
    ----------
    assignment : Assignment
    standings : tuple of Standing
        By student.
    questions : tuple of QuestionSummary
        In the order of the assignment.
    stuck : tuple of (str, tuple of str)
        A question's grade_id, and the students of whom nothing is right from there on, and all before it.
    """

    assignment: Assignment
    standings: tuple[Standing, ...]
    questions: tuple[QuestionSummary, ...]
    stuck: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def graded(self) -> list[Standing]:
        """The students who have points."""
        return [standing for standing in self.standings if standing.has_points]

    @property
    def median(self) -> float | None:
        """The median of the points, or None."""
        return statistics.median(standing.totals.total for standing in self.graded) if self.graded else None

    @property
    def max_points(self) -> float:
        """The most that checks and persons give."""
        return self.assignment.max_points + self.assignment.points_by_hand


def summarize(
    assignment: Assignment,
    records: Iterable[Record],
    totals: Mapping[str, Totals],
    *,
    handed_in: Mapping[str, str] | None = None,
    students: Iterable[str] = (),
    troubles: Mapping[str, str] | None = None,
    source: str = "",
) -> ClassSummary:
    """Put together what is known of a class.

    Parameters
    ----------
    assignment : Assignment
    records : iterable of Record
    totals : mapping of str to Totals
        What the gradebook holds, by student.
    handed_in : mapping of str to str, optional
        The fingerprint of what every student has handed in by now. Where it is left out nobody's work is stale.
    students : iterable of str
        All of the class, so that nobody is forgotten who handed in nothing.
    troubles : mapping of str to str, optional
        By student: what lies in the wrong place.
    source : str
        The fingerprint of the instructor's notebook; with another one a record is stale.
    """
    recorded = {record.student: record for record in records}
    troubles = troubles or {}
    everybody = sorted({*recorded, *totals, *(handed_in or {}), *students, *troubles})
    standings = []
    for student in everybody:
        record, points = recorded.get(student), totals.get(student)
        status = _status(record, points, student, handed_in, source)
        standing = Standing(student, status, _answers(assignment, record, points), points, record)
        look_at = tuple(_look_at(assignment, standing, troubles.get(student, "")))
        standings.append(replace(standing, look_at=look_at))
    questions = tuple(_question(cell, standings) for cell in _asked(assignment))
    return ClassSummary(assignment, tuple(standings), questions, _stuck(assignment, standings))


def sentences_of(verdict: Verdict) -> tuple[str, ...]:
    """Return what was wrong with an answer in sentences for people, never the internal name of a mistake."""
    if verdict.passed:
        return ()
    known = {mistake.name: mistake.sentence for mistake in getattr(QUESTIONS.get(verdict.check), "mistakes", ())}
    named = [known.get(name) or OTHER_SENTENCES.get(name) for name in verdict.mistakes]
    said = tuple(dict.fromkeys(_whole(sentence) for sentence in named if sentence))
    if said:
        return said
    first = verdict.message.split("\n", 1)[0]
    if _NOT_ANSWERED.search(first):
        return ()
    if relied := _RELIES.search(first):
        return (f"{relied[1]}, on which it relies, is not right.",)
    if _NOT_RETURNED.search(first):
        return (STOPPED_OR_LATE,)
    if raised := _RAISED.search(first):
        return (f"It raises {raised[1]}.",)
    return (UNNAMED,)


def _whole(sentence: str) -> str:
    """Return a sentence with its period, also where a message goes on behind it with numbers."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence.rstrip(',;:')}."


def _asked(assignment: Assignment) -> list[SourceCell]:
    return [cell for cell in assignment.cells if cell.check is not None or cell.by_hand]


def _status(
    record: Record | None, totals: Totals | None, student: str, handed_in: Mapping[str, str] | None, source: str
) -> str:
    if totals is None:
        return NOT_GRADED if record is not None or student in (handed_in or {}) else NOT_HANDED_IN
    if record is None:  # by nbgrader's own command, which keeps no record
        return GRADED
    if handed_in is not None and handed_in.get(student, record.submitted) != record.submitted:
        return STALE
    return STALE if source and record.source != source else GRADED


def _answers(assignment: Assignment, record: Record | None, totals: Totals | None) -> dict[str, Answer]:
    if record is None and totals is None:
        return {}
    verdicts = {} if record is None else {verdict.grade_id: verdict for verdict in record.verdicts}
    points = {} if totals is None else totals.points
    answers = {}
    for cell in _asked(assignment):
        given = points.get(cell.grade_id)
        if cell.by_hand:
            answers[cell.grade_id] = _by_hand(cell, given, totals)
        elif (verdict := verdicts.get(cell.grade_id)) is not None:
            reasons = sentences_of(verdict)
            state = RIGHT if verdict.passed else WRONG if reasons else NOT_ANSWERED
            answers[cell.grade_id] = Answer(state, verdict.points if given is None else given, reasons)
        elif given is not None and cell.points:
            answers[cell.grade_id] = Answer(RIGHT if given >= cell.points else WRONG, given)
    return answers


def _by_hand(cell: SourceCell, given: float | None, totals: Totals | None) -> Answer:
    if given is None:
        return Answer(WAITS, None)
    if totals is not None and cell.grade_id not in totals.by_hand:
        return Answer(NOT_ANSWERED, given)
    return Answer(RIGHT if given >= cell.points else WRONG, given)


def _look_at(assignment: Assignment, standing: Standing, trouble: str) -> Iterable[str]:
    if trouble:
        yield trouble.rstrip(".")
    if standing.status == NOT_HANDED_IN:
        yield NOT_HANDED_IN
    elif standing.status == NOT_GRADED:
        yield "handed in, but not graded; grade it again to be told why"
    elif standing.status == STALE:
        yield "the notebook or the problem set has changed since it was graded; grade it again"
    if not standing.has_points:
        return
    remarks = () if standing.record is None else standing.record.remarks
    for remark in remarks:
        if remark.startswith(_STOPPED):
            yield f"cells were stopped: {remark.removeprefix(_STOPPED).rstrip('.')}"
        elif _UNCHECKED in remark or _SYNTAX in remark:
            yield remark.rstrip(".")
    missing = [remark for remark in remarks if remark.endswith(_MISSING)]
    if missing:
        yield f"{len(missing)} answer cell{'s are' if len(missing) > 1 else ' is'} missing"
    pointed = {cell.grade_id for cell in _asked(assignment) if cell.points}
    open_answers = [name for name in pointed if standing.answers.get(name, Answer(WAITS, None)).state == NOT_ANSWERED]
    if pointed and len(open_answers) == len(pointed):
        yield "nothing is answered"
    elif open_answers:
        yield f"{len(open_answers)} of {len(pointed)} questions {'are' if len(open_answers) > 1 else 'is'} not answered"
    if standing.waits:
        yield "half graded: an answer waits for a person"
    most = assignment.max_points + assignment.points_by_hand
    reached = sum(answer.points or 0.0 for answer in standing.answers.values())
    if most and reached < LOW * most and len(open_answers) < len(pointed):
        yield f"{reached:g} of {most:g} points"
    yield from _all_because_of_one(assignment, standing)


def _all_because_of_one(assignment: Assignment, standing: Standing) -> Iterable[str]:
    """Say where one wrong function costs the points of several questions: a word about it is worth the most."""
    behind = Counter(reason for answer in standing.answers.values() for reason in answer.reasons if "relies" in reason)
    for reason, count in behind.items():
        if count > 1:
            yield f"{reason.split(',')[0]} spoils {count} other questions"


def _question(cell: SourceCell, standings: Sequence[Standing]) -> QuestionSummary:
    counts: Counter[str] = Counter()
    made: dict[str, list[str]] = defaultdict(list)
    for standing in standings:
        answer = standing.answers.get(cell.grade_id) if standing.has_points else None
        if answer is None:
            continue
        counts[answer.state] += 1
        for reason in answer.reasons:
            made[reason].append(standing.student)
    commonest = sorted(made.items(), key=lambda item: (item[0] == UNNAMED, -len(item[1]), item[0]))
    counted = {state: counts[state] for state in (RIGHT, WRONG, NOT_ANSWERED, WAITS) if counts[state]}
    return QuestionSummary(cell, counted, tuple((said, tuple(who)) for said, who in commonest))


def _stuck(assignment: Assignment, standings: Sequence[Standing]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return where students stopped: the first question with points that is not right, and nothing right behind it."""
    found: dict[str, list[str]] = defaultdict(list)
    cells = [cell for cell in _asked(assignment) if cell.points and not cell.by_hand]
    for standing in standings:
        states = [standing.answers[cell.grade_id].state for cell in cells if cell.grade_id in standing.answers]
        if not standing.has_points or len(states) < len(cells):
            continue
        first = next((number for number, state in enumerate(states) if state != RIGHT), None)
        if first is not None and RIGHT not in states[first:]:
            found[cells[first].grade_id].append(standing.student)
    return tuple((cell.grade_id, tuple(found[cell.grade_id])) for cell in cells if cell.grade_id in found)
