"""Grade submissions, one or many side by side, recording nothing. What nbgrader does comes afterwards."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.assignment import Assignment, fingerprint
from autograder.grading.notebook import Graded, grade_notebook
from autograder.grading.repair import UnreadableSubmission, read_submission, repair
from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Submission:
    """Where a submission lies, and whose it is."""

    student: str
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What came of one submission.

    Attributes
    ----------
    student : str
    graded : Graded or None
        None when the submission could not be graded.
    remarks : tuple of str
        Repairs, cells that were stopped, or why it could not be graded.
    digest : str
        The fingerprint of the repaired notebook, by which nbgrader's step finds the result; empty if not graded.
    """

    student: str
    graded: Graded | None
    remarks: tuple[str, ...] = ()
    digest: str = ""


def grade_submission(submission: Submission, source: Path, sandbox: Sandbox) -> Outcome:
    """Read, repair and grade one submission. Whatever is wrong with it ends in the outcome.

    Parameters
    ----------
    submission : Submission
    source : Path
        The instructor's notebook.
    sandbox : Sandbox

    Raises
    ------
    AssignmentError
        When the source notebook is not in order.
    """
    assignment = Assignment.read(source)
    try:
        repaired, remarks = repair(read_submission(submission.folder, assignment.name), assignment)
        graded = grade_notebook(repaired, assignment, sandbox)
    except (UnreadableSubmission, SandboxUnavailable) as error:
        return Outcome(submission.student, None, (f"{error}.",))
    except Exception as error:  # one submission must not stop the class, whatever it has found
        return Outcome(submission.student, None, (f"the grader failed on it: {type(error).__name__}: {error}.",))
    return Outcome(submission.student, graded, (*remarks, *graded.remarks), fingerprint(repaired))


def grade_side_by_side(
    submissions: Iterable[Submission],
    source: Path,
    sandbox: Sandbox,
    pool: ProcessPoolExecutor,
    while_waiting: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Submission, Outcome]]:
    """Start to grade submissions in the processes of a pool, and return an iterator over them as they are done.

    A submission that ends the process that reads it takes the whole pool along. Then those that are not done are
    graded again, each in a process of its own, so that it costs its author alone. `while_waiting` is called several
    times a second, and may raise.
    """
    waiting = {_submit(pool, submission, source, sandbox): submission for submission in submissions}
    return _as_done(waiting, source, sandbox, while_waiting)


def _as_done(
    waiting: dict[Future, Submission], source: Path, sandbox: Sandbox, while_waiting: Callable[[], None]
) -> Iterator[tuple[Submission, Outcome]]:
    interrupted, pending = [], set(waiting)
    while pending:
        done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
        while_waiting()
        for future in done:
            try:
                yield waiting[future], future.result()
            except BrokenProcessPool:
                interrupted.append(waiting[future])
    for submission in interrupted:
        with pool_of(1) as own:
            try:
                outcome = _submit(own, submission, source, sandbox).result()
            except BrokenProcessPool:
                reason = "reading its notebook ended the grader's process; is a cell nested thousands of levels deep?"
                outcome = Outcome(submission.student, None, (reason,))
        yield submission, outcome


def _submit(pool: ProcessPoolExecutor, submission: Submission, source: Path, sandbox: Sandbox) -> Future:
    try:
        return pool.submit(grade_submission, submission, source, sandbox)
    except BrokenProcessPool as broken:  # it broke while the class was still being handed over
        future: Future = Future()
        future.set_exception(broken)
        return future


@contextmanager
def pool_of(jobs: int, preload: tuple[str, ...] = (__name__,)) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of `jobs` processes that share what they import. Leaving it early, as by Ctrl-C, ends them at once.

    Parameters
    ----------
    jobs : int
    preload : tuple of str
        Modules to import once for all of them, where the system can fork.
    """
    method = "forkserver" if sys.platform.startswith("linux") else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(preload))
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown()
