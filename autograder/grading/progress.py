"""How far a learner is, read from the notebooks as they were saved: nothing is run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engine.student import CheckFailed, FunctionRaised, NotAnswered, WorkerLost
from autograder.grading.assignment import Assignment, check_name
from autograder.grading.repair import UnreadableSubmission, read_regular_file

MAX_BYTES = 50_000_000
_BY_CHECKS = {failure.__name__ for failure in (CheckFailed, NotAnswered, FunctionRaised, WorkerLost)}


@dataclass(frozen=True)
class SetProgress:
    """What a learner has done of one problem set.

    Attributes
    ----------
    name, title : str
    begun : bool
        Whether there is a notebook that can be read.
    max_points, points : float
        Of the questions that a check judges.
    asked, right, stars : int
        Questions that have points, those of them that are right, and starred ones that are.
    open : tuple of str
        Names of the questions with points that are not right.
    message, message_under : str
        What the check said that was run last, if it was not content, and the heading over it.
    saved_at : float
    trouble : str
        Why a notebook could not be read.
    """

    name: str
    title: str
    begun: bool
    max_points: float
    points: float = 0.0
    asked: int = 0
    right: int = 0
    stars: int = 0
    open: tuple[str, ...] = ()
    message: str = ""
    message_under: str = ""
    saved_at: float = 0.0
    trouble: str = ""


def progress_of(source: Path, work: Path) -> SetProgress:
    """Read how far a notebook is.

    Parameters
    ----------
    source : Path
        The instructor's notebook of the set.
    work : Path
        The learner's copy, which need not be there.
    """
    assignment = Assignment.read(source)
    nothing = SetProgress(assignment.name, assignment.title, False, assignment.max_points)
    if not work.is_file():
        return nothing
    try:
        said, last = _answers(work)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, UnreadableSubmission):
        return SetProgress(assignment.name, assignment.title, False, assignment.max_points, trouble="cannot be read")
    scored = [cell for cell in assignment.graded_cells if cell.points]
    right = [cell for cell in scored if said.get(cell.check, ("", False))[1]]
    check, message = last
    under = next((cell.heading for cell in assignment.graded_cells if cell.check == check), "")
    return SetProgress(
        name=assignment.name,
        title=assignment.title,
        begun=True,
        max_points=assignment.max_points,
        points=sum(cell.points for cell in right),
        asked=len(scored),
        right=len(right),
        stars=sum(said.get(cell.check, ("", False))[1] for cell in assignment.graded_cells if not cell.points),
        open=tuple(cell.check for cell in scored if cell not in right),
        message=message,
        message_under=under or check,
        saved_at=work.stat().st_mtime,
    )


def _answers(path: Path) -> tuple[dict[str, tuple[str, bool]], tuple[str, str]]:
    """Return by check what it said and whether it was content, and the last check that was not, with what it said."""
    said: dict[str, tuple[str, bool]] = {}
    last, latest = ("", ""), -1
    for cell in json.loads(read_regular_file(path, MAX_BYTES))["cells"]:
        if cell["cell_type"] != "code":
            continue
        check = check_name("".join(cell["source"]))
        if check is None:
            continue
        text, right = _said(check, cell.get("outputs", []))
        said[check] = text, right
        count = cell.get("execution_count") or 0
        if text and not right and count > latest:
            last, latest = (check, text), count
    return said, last


def _said(check: str, outputs: list[dict[str, Any]]) -> tuple[str, bool]:
    for output in reversed(outputs):
        if output["output_type"] == "error":
            return _message(output), False
        if output["output_type"] == "stream" and output.get("name") == "stdout":
            text = "".join(output["text"]).strip()
            return text, text.startswith(f"{check}: right.")
    return "", False


def _message(output: dict[str, Any]) -> str:
    """Return what an error says: of a check its message, of anything else what it is, too."""
    said = str(output.get("evalue", "")).strip()
    return said if output.get("ename") in _BY_CHECKS else f"{output.get('ename')}: {said}"
