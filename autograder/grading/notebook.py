"""Grade one repaired notebook: its cells run in the sandbox, its checks run here."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.engine.student import CheckFailed, Student
from autograder.grading.assignment import Assignment, SourceCell, is_for_play
from autograder.sandbox.bubblewrap import Sandbox
from autograder.sandbox.session import CellResult, Session
from autograder.sets import QUESTIONS, run_check

SHORTEST_LIMIT = 2.0
CELLS_AGAIN = 2
"""How many times as long as before the cells may take when they run again ahead of a question with time of its own."""


@dataclass(frozen=True)
class Verdict:
    """What came of one graded cell.

    Attributes
    ----------
    grade_id, check : str
    points, max_points : float
    message : str
        For the learner: what was checked, or what is not right.
    mistakes : tuple of str
        Known mistakes that were recognized.
    """

    grade_id: str
    check: str
    points: float
    max_points: float
    passed: bool
    message: str
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graded:
    """A graded notebook.

    Attributes
    ----------
    verdicts : tuple of Verdict
        In the order of the assignment.
    outputs : tuple of list
        The outputs of every cell of the repaired notebook, graded cells included.
    remarks : tuple of str
        What the instructor should know: cells that were stopped, checks that could not be completed.
    """

    verdicts: tuple[Verdict, ...]
    outputs: tuple[list, ...]
    remarks: tuple[str, ...]

    @property
    def points(self) -> float:
        """The points reached."""
        return sum(verdict.points for verdict in self.verdicts)

    def write_outputs(self, notebook: NotebookNode) -> None:
        """Put the outputs into the code cells of the notebook that was graded."""
        for cell, outputs in zip(notebook.cells, self.outputs, strict=True):
            if cell.cell_type == "code":
                cell.outputs = list(outputs)


def grade_notebook(notebook: NotebookNode, assignment: Assignment, sandbox: Sandbox) -> Graded:
    """Run and judge a notebook that `autograder.grading.repair.repair` returned.

    A question is judged where it stands and, if it is not passed there, once more after the last cell, so that a right
    answer in the wrong order counts; for the same reason cells that raised an error are run again before that. A cell
    that has to be stopped costs nothing but itself: the worker is started anew and the cells that ran well run again.
    Cells with the tag `now-run-it` are not run.

    A question that has a time of its own (`seconds`), because a network is trained for it, is judged once, after all
    others, in a new worker in which the cells run again: what it takes is taken from no other question.

    Parameters
    ----------
    notebook : NotebookNode
        It is not changed.
    assignment : Assignment
    sandbox : Sandbox

    Raises
    ------
    SandboxUnavailable
        When no worker can be started.
    """
    return _Run(notebook, assignment, sandbox).grade()


class _Run:
    def __init__(self, notebook: NotebookNode, assignment: Assignment, sandbox: Sandbox):
        self._notebook = notebook
        self._source_cells = {cell.grade_id: cell for cell in assignment.graded_cells}
        self._sandbox = sandbox
        self._deadline = time.monotonic() + sandbox.limits.total_seconds
        self._session: Session | None = None
        self._starts = 0
        self._ran: list[tuple[str, str]] = []
        self._raised: list[tuple[str, str]] = []
        self._longest = 0.0
        self._seconds = 0.0
        self._stopped: dict[str, list[str]] = {}
        self._remarks: list[str] = []

    def grade(self) -> Graded:
        outputs: list[list] = []
        verdicts: dict[str, Verdict] = {}
        try:
            for number, cell in enumerate(self._notebook.cells, 1):
                outputs.append([])
                source_cell = self._graded_cell(cell)
                if source_cell is not None:
                    if _own_seconds(source_cell) is None:
                        verdicts[source_cell.grade_id] = self._judge(source_cell)
                elif cell.cell_type == "code" and is_for_play(cell):
                    outputs[-1] = [new_output("stream", name="stdout", text="This cell is not run in grading.\n")]
                elif cell.cell_type == "code" and cell.source.strip():
                    outputs[-1] = self._run(f"cell {number}", cell.source)
            self._judge_again(verdicts)
            for source_cell in self._source_cells.values():
                if (seconds := _own_seconds(source_cell)) is not None:
                    self._start_with(seconds)
                    verdicts[source_cell.grade_id] = self._judge(source_cell)
        finally:
            if self._session is not None:
                self._session.close()
        for cell, shown in zip(self._notebook.cells, outputs, strict=True):
            source_cell = self._graded_cell(cell)
            if source_cell is not None:
                shown.append(_verdict_output(verdicts[source_cell.grade_id]))
        ordered = tuple(verdicts[grade_id] for grade_id in self._source_cells)
        stopped = tuple(f"Stopped: {_listed(names)} ({reason})." for reason, names in self._stopped.items())
        return Graded(ordered, tuple(outputs), (*stopped, *dict.fromkeys(self._remarks)))

    def _graded_cell(self, cell: NotebookNode) -> SourceCell | None:
        """Return the graded cell of the assignment that a cell of the notebook is, or None."""
        return self._source_cells.get(cell.metadata.get("nbgrader", {}).get("grade_id"))

    def _judge_again(self, verdicts: dict[str, Verdict]) -> None:
        """Give what is not right a second chance, now that every cell has run."""
        failed = [verdict for verdict in verdicts.values() if not verdict.passed]
        if not failed:
            return
        raised, before = self._raised, None
        while raised and raised != before:
            before, raised = raised, [cell for cell in raised if not self._runs_now(*cell)]
        for verdict in failed:
            again = self._judge(self._source_cells[verdict.grade_id])
            if again.passed:
                verdicts[verdict.grade_id] = again

    def _runs_now(self, name: str, source: str) -> bool:
        """Run a cell again that raised an error. Returns whether it ran to its end; one that is lost is given up."""
        worker = self._worker()
        if worker is None:
            return True
        result = worker.run(name, source)
        if not result.lost and result.error is None:
            self._ran.append((name, source))
        return result.lost or result.error is None

    def _worker(self) -> Session | None:
        """Return a living worker in which all cells that ran well so far have run, or None when time is up.

        The time limits of a cell and a call are halved with every new worker, so that one endless loop that many
        cells call leaves time for the questions that are right. They stay well above what other cells needed.
        """
        if self._session is not None and self._session.alive:
            return self._session
        while time.monotonic() < self._deadline:
            self._session = Session(self._sandbox_for_next(), self._deadline)
            self._starts += 1
            lost = next((cell for cell in self._ran if self._session.run(*cell).lost), None)
            if lost is None:
                return self._session
            self._ran.remove(lost)  # it ran well once, and does not every time
        return None

    def _start_with(self, seconds: float) -> None:
        """Start the next worker anew, with time for calls that take so long in all, on one core."""
        if self._session is not None:
            self._session.close()
        full = self._sandbox.limits
        cpu_seconds = None if full.cpu_seconds is None else full.cpu_seconds + math.ceil(seconds)
        limits = replace(full, call_seconds=max(seconds, full.call_seconds), cpu_seconds=cpu_seconds)
        self._sandbox, self._starts = replace(self._sandbox, limits=limits), 0
        self._deadline = time.monotonic() + CELLS_AGAIN * self._seconds + limits.call_seconds

    def _sandbox_for_next(self) -> Sandbox:
        full = self._sandbox.limits
        least = max(SHORTEST_LIMIT, 3 * self._longest)
        cell_seconds, call_seconds = (
            min(seconds, max(seconds / 2**self._starts, least)) for seconds in (full.cell_seconds, full.call_seconds)
        )
        return replace(self._sandbox, limits=replace(full, cell_seconds=cell_seconds, call_seconds=call_seconds))

    def _run(self, name: str, source: str) -> list:
        worker = self._worker()
        if worker is None:
            return [self._not_run(name)]
        started = time.monotonic()
        result = worker.run(name, source)
        if result.lost:
            self._stopped.setdefault(result.error["message"].rstrip("?."), []).append(name)
        elif result.error is not None:
            self._raised.append((name, source))
        spent = time.monotonic() - started
        if not result.lost:
            self._longest = max(self._longest, spent)
            self._seconds += spent
            self._ran.append((name, source))
        return _cell_outputs(result)

    def _not_run(self, name: str):
        reason = "the time for the whole notebook was used up"
        self._stopped.setdefault(reason, []).append(name)
        return _error_output("NotRun", reason, f"This cell was not run: {reason}.")

    def _judge(self, cell: SourceCell) -> Verdict:
        def verdict(passed: bool, message: str, mistakes: tuple[str, ...] = ()) -> Verdict:
            points = cell.points if passed else 0.0
            return Verdict(cell.grade_id, cell.check, points, cell.points, passed, message, mistakes)

        worker = self._worker()
        if worker is None:
            return verdict(False, f"{cell.check} was not checked: the time for the whole notebook was used up.")
        try:
            with np.errstate(all="ignore"):
                said = run_check(cell.check, Student(worker.ask, worker.clock))
        except CheckFailed as failure:
            return verdict(False, str(failure), failure.mistakes)
        except Exception as error:  # data that a check was not made for must not stop the class
            self._remarks.append(f"The check {cell.check} could not be completed ({type(error).__name__}: {error}).")
            return verdict(False, f"{cell.check} returned something that cannot be checked.")
        return verdict(True, f"{cell.check}: right. {said}")


def _own_seconds(cell: SourceCell) -> float | None:
    """Return the time that the question of a graded cell has of its own, or None."""
    return getattr(QUESTIONS[cell.check], "seconds", None)


def _listed(names: list[str]) -> str:
    """Return at most three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _cell_outputs(result: CellResult) -> list:
    outputs = [
        new_output("stream", name=name, text=text)
        for name, text in (("stdout", result.stdout), ("stderr", result.stderr))
        if text
    ]
    if result.shown is not None:
        outputs.append(new_output("execute_result", data={"text/plain": result.shown}))
    if result.error is not None:
        error = result.error
        outputs.append(_error_output(error["type"], error["message"], error["traceback"] or error["message"]))
    return outputs


def _verdict_output(verdict: Verdict):
    if verdict.passed:
        return new_output("stream", name="stdout", text=f"{verdict.message}\n")
    return _error_output("CheckFailed", verdict.message.splitlines()[0], verdict.message)


def _error_output(name: str, message: str, text: str):
    return new_output("error", ename=name, evalue=message, traceback=text.splitlines())
