"""Grade one repaired notebook: its cells run in the sandbox, its checks run here."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from autograder.engine.student import CheckFailed, NotAnswered, Student
from autograder.grading.assignment import Assignment, SourceCell, is_for_play
from autograder.grading.repair import first_line
from autograder.sandbox.bubblewrap import Sandbox
from autograder.sandbox.session import Budget, CellResult, Session
from autograder.sets import QUESTIONS, draw_seed, run_check

SHORTEST_LIMIT = 2.0
_NOT_PYTHON = ("SyntaxError", "IndentationError", "TabError")
_DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
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
    seed : int or None
        What drew the numbers of the check; None when it was not run.
    seconds : float
        How long the check took.
    """

    grade_id: str
    check: str
    points: float
    max_points: float
    passed: bool
    message: str
    mistakes: tuple[str, ...] = ()
    seed: int | None = None
    seconds: float = 0.0


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
    fingerprint : str
        Of the notebook as it was submitted; empty when no file was graded.
    versions : mapping
        Of what graded it: see `autograder.grading.records.versions`.
    seconds : float
        How long it took in all.
    """

    verdicts: tuple[Verdict, ...]
    outputs: tuple[list, ...]
    remarks: tuple[str, ...]
    fingerprint: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """The points reached."""
        return sum(verdict.points for verdict in self.verdicts)

    def write_outputs(self, notebook: NotebookNode) -> None:
        """Put the outputs into the code cells of the notebook that was graded."""
        for cell, outputs in zip(notebook.cells, self.outputs, strict=True):
            if cell.cell_type == "code":
                cell.outputs = list(outputs)


def show_rubrics(notebook: NotebookNode, assignment: Assignment) -> None:
    """Put the rubric behind every answer that a person grades, for the person's eyes and then for the student's.

    A release holds none. Formgrader shows the graded notebook, and the feedback page is made of it.
    """
    written = {cell.grade_id: cell for cell in assignment.written_cells}
    for number in reversed(range(len(notebook.cells))):
        cell = written.get(notebook.cells[number].metadata.get("nbgrader", {}).get("grade_id"))
        if cell is not None:
            text = f"**A possible answer, and how the {cell.points:g} points are given**\n\n{cell.rubric}"
            notebook.cells.insert(number + 1, new_markdown_cell(text, id=f"rubric-{number}"))


def grade_notebook(
    notebook: NotebookNode, assignment: Assignment, sandbox: Sandbox, seeds: Mapping[str, int] | None = None
) -> Graded:
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
    seeds : mapping of str to int, optional
        What draws the numbers of checks, by grade_id, so that a recorded verdict can be repeated. New ones by default.

    Raises
    ------
    SandboxUnavailable
        When no worker can be started.
    """
    return _Run(notebook, assignment, sandbox, seeds or {}).grade()


class _Run:
    def __init__(self, notebook: NotebookNode, assignment: Assignment, sandbox: Sandbox, seeds: Mapping[str, int]):
        self._notebook = notebook
        self._seeds = seeds
        self._source_cells = {cell.grade_id: cell for cell in assignment.graded_cells}
        self._sandbox = sandbox
        self._deadline = time.monotonic() + sandbox.limits.total_seconds
        self._budget = Budget(sandbox.limits)
        self._session: Session | None = None
        self._starts = 0
        self._ran: list[tuple[str, str]] = []
        self._raised: list[tuple[str, str]] = []
        self._longest = 0.0
        self._seconds = 0.0
        self._stopped: dict[str, list[str]] = {}
        self._unparsed: dict[str, str] = {}
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
        while time.monotonic() < self._deadline and self._budget.seconds > 0:
            self._session = Session(self._sandbox_for_next(), self._deadline, self._budget)
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
            return [self._not_run(source)]
        started = time.monotonic()
        result = worker.run(name, source)
        if result.lost:
            self._stopped.setdefault(result.error["message"].rstrip("?."), []).append(_shown(source))
        elif result.error is not None:
            self._raised.append((name, source))
            if result.error["type"] in _NOT_PYTHON:
                self._tell_syntax_error(name, source, result.error)
        spent = time.monotonic() - started
        if not result.lost:
            self._longest = max(self._longest, spent)
            self._seconds += spent
            self._ran.append((name, source))
        return _cell_outputs(result)

    def _tell_syntax_error(self, name: str, source: str, error: dict) -> None:
        """Note that a cell is not Python, under the names that it would have defined."""
        said = f"{error['type']}: {error['message']}".replace(f"{name}, line", "line")
        self._remarks.append(f"T{_shown(source)[1:]} has a syntax error, so that nothing of it ran ({said}).")
        for defined in _DEFINED.findall(source):
            self._unparsed[defined] = said

    def _not_run(self, source: str):
        reason = "the time for the whole notebook was used up"
        self._stopped.setdefault(reason, []).append(_shown(source))
        return _error_output("NotRun", reason, f"This cell was not run: {reason}.")

    def _judge(self, cell: SourceCell) -> Verdict:
        seed, started = None, time.monotonic()

        def verdict(passed: bool, message: str, mistakes: tuple[str, ...] = ()) -> Verdict:
            points = cell.points if passed else 0.0
            seconds = time.monotonic() - started
            return Verdict(cell.grade_id, cell.check, points, cell.points, passed, message, mistakes, seed, seconds)

        worker = self._worker()
        if worker is None:
            return verdict(False, f"{cell.check} was not checked: the time for the whole notebook was used up.")
        seed = self._seeds.get(cell.grade_id)
        seed = draw_seed() if seed is None else seed
        try:
            with np.errstate(all="ignore"):
                said = run_check(cell.check, Student(worker.ask, worker.clock), seed)
        except NotAnswered as failure:
            if said := self._unparsed.get(cell.check):
                return verdict(
                    False, f"The cell of {cell.check} has a syntax error, so that nothing of it ran.\n{said}"
                )
            return verdict(False, str(failure), failure.mistakes)
        except CheckFailed as failure:
            return verdict(False, str(failure), failure.mistakes)
        except Exception as error:  # data that a check was not made for must not stop the class
            self._remarks.append(f"The check {cell.check} could not be completed ({type(error).__name__}: {error}).")
            return verdict(False, f"{cell.check} returned something that cannot be checked.")
        return verdict(True, f"{cell.check}: right. {said}")


def _own_seconds(cell: SourceCell) -> float | None:
    """Return the time that the question of a graded cell has of its own, or None."""
    return getattr(QUESTIONS[cell.check], "seconds", None)


def _shown(source: str) -> str:
    """Return what a cell is called by what a student sees of it: what it defines, or how it begins."""
    names = list(dict.fromkeys(_DEFINED.findall(source)))
    return f"the cell of {_listed(names)}" if names else f'the cell that begins "{first_line(source)}"'


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
