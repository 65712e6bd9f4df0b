"""Repeat a recorded verdict from its seed, and say whether it comes out the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from autograder.grading import records
from autograder.grading.assignment import Assignment, SourceCell, source_notebook
from autograder.grading.notebook import Verdict, grade_notebook
from autograder.grading.repair import UnreadableSubmission, read_notebook_file, read_submission, repair
from autograder.sandbox.bubblewrap import Sandbox

if TYPE_CHECKING:
    from autograder.grading.classroom import Classroom

COMPARED = ("passed", "points", "message", "mistakes", "seed")


class CannotExplain(Exception):
    """There is no verdict to repeat. The message says what is missing and what to do."""


@dataclass(frozen=True)
class Repeated:
    """A recorded verdict and the one that came of the same seed now.

    Attributes
    ----------
    heading : str
        Of the problem set, over the question.
    graded_at : datetime
    recorded, again : Verdict
    circumstances : tuple of str
        Whether notebook, problem set and grader are those of then, one sentence each.
    """

    heading: str
    graded_at: datetime
    recorded: Verdict
    again: Verdict
    circumstances: tuple[str, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """In what the two verdicts differ: nothing, if they are the same to the bit."""
        names = {"passed": "verdict", "mistakes": "mistake"}
        return tuple(
            names.get(name, name) for name in COMPARED if getattr(self.recorded, name) != getattr(self.again, name)
        )


def repeat_verdict(room: "Classroom", name: str, student: str, question: str, sandbox: Sandbox) -> Repeated:
    """Grade a submission once more with the seeds of its record. Nothing is recorded.

    Parameters
    ----------
    room : Classroom
    name, student : str
    question : str
        The name of a check, of its cell, or its number in the assignment.
    sandbox : Sandbox

    Raises
    ------
    CannotExplain, ClassroomError, SandboxUnavailable
    """
    assignment = room.assignment(name)
    cell = _question(assignment, question)
    folder = room.submitted / student / name
    try:
        record = records.find(room.folder, name, student)
        if record is None:
            raise CannotExplain(f"there is no record of {student} for {name}; grade {name} first")
        submitted = records.fingerprint(read_notebook_file(folder, name))
        notebook, _ = repair(read_submission(folder, name), assignment)
    except records.RecordError as error:
        raise CannotExplain(str(error)) from None
    except UnreadableSubmission as error:
        raise CannotExplain(f"the submission of {student} cannot be graded once more: {error}") from None
    recorded = next((verdict for verdict in record.verdicts if verdict.grade_id == cell.grade_id), None)
    if recorded is None:
        raise CannotExplain(f"the record of {student} holds no verdict on {cell.check}; it was asked later")
    seeds = {verdict.grade_id: verdict.seed for verdict in record.verdicts if verdict.seed is not None}
    graded = grade_notebook(notebook, assignment, sandbox, seeds)
    again = next(verdict for verdict in graded.verdicts if verdict.grade_id == cell.grade_id)
    source = records.fingerprint(source_notebook(room.course, name).read_bytes())
    return Repeated(
        cell.heading or cell.question,
        record.graded_at,
        recorded,
        again,
        (
            _same("notebook", "the one that was graded", submitted == record.submitted),
            _same("problem set", "the one of then", source == record.source),
            *_versions(record.versions, records.versions()),
        ),
    )


def _same(what: str, then: str, same: bool) -> str:
    return f"The {what} is {then}." if same else f"The {what} has changed since: what is graded now is not what was."


def _versions(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Say whether the checks, and what they compute with, are those of then."""
    checks = "The checks are those of then." if then.get("grader") == now["grader"] else (
        f"The checks have changed since: then autograder {then.get('autograder', '?')}, digest"
        f" {then.get('grader', '?')[:12]}; now {now['autograder']}, {now['grader'][:12]}."
    )  # fmt: skip
    other = [
        f"{label} {then.get(name, '?')} then, {now[name]} now"
        for name, label in (("numpy", "NumPy"), ("python", "Python"))
        if then.get(name) != now[name]
    ]
    return [checks, *([f"Other versions: {'; '.join(other)}."] if other else [])]


def _question(assignment: Assignment, question: str) -> SourceCell:
    asked = [cell for cell in assignment.cells if cell.check is not None or cell.by_hand]
    number = question.upper().removeprefix("Q")
    found = [cell for cell in asked if question in (cell.check, cell.grade_id)]
    if not found and number.isdecimal() and 1 <= int(number) <= len(asked):
        found = [asked[int(number) - 1]]
    if not found:
        names = ", ".join(cell.question for cell in assignment.graded_cells)
        raise CannotExplain(f"{assignment.name} has no question {question!r}; there are: {names}")
    if found[0].by_hand:
        raise CannotExplain(f"{found[0].question} is read by a person, who gave its points; no check did")
    return found[0]
