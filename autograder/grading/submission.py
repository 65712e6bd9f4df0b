"""Grade submissions, one or many side by side, recording nothing. What nbgrader does comes afterwards."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

from nbformat import NotebookNode

from autograder.engine.equations import BOOK
from autograder.grading.assignment import Assignment, AssignmentError, assignment_names, source_notebook
from autograder.grading.notebook import Graded, grade_notebook
from autograder.grading.records import fingerprint, versions
from autograder.grading.repair import (
    UnreadableSubmission,
    parse_submission,
    read_notebook_file,
    read_regular_file,
    reading_takes_at_most,
    repair,
    which_assignment,
)
from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable

POLL_SECONDS = 0.2
MAX_TIMESTAMP_BYTES = 200


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
    notebook : NotebookNode or None
        The repaired notebook, until it is recorded.
    anew : bool
        Whether it was graded now; otherwise nothing has changed since it was recorded.
    """

    student: str
    graded: Graded | None
    remarks: tuple[str, ...] = ()
    notebook: NotebookNode | None = None
    anew: bool = True


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
        with reading_takes_at_most():
            content = read_notebook_file(submission.folder, assignment.name)
    except UnreadableSubmission as error:
        return Outcome(submission.student, None, (f"{error}.",))
    except Exception as error:  # one submission must not stop the class, whatever it has found
        return _failed(submission.student, error)
    return grade_content(submission.student, content, assignment, other_assignments(source), sandbox)


def grade_content(
    student: str, content: bytes, assignment: Assignment, others: Iterable[Assignment], sandbox: Sandbox
) -> Outcome:
    """Repair and grade the notebook that a file holds. Whatever is wrong with it ends in the outcome.

    Parameters
    ----------
    student : str
    content : bytes
        Of the file.
    assignment : Assignment
    others : iterable of Assignment
        The other ones of the course, of which it may be the notebook.
    sandbox : Sandbox
    """
    started = time.monotonic()
    try:
        with reading_takes_at_most():
            notebook = parse_submission(content, assignment.name)
            if reason := which_assignment(notebook, assignment, others):
                return Outcome(student, None, (f"{reason}.",))
            repaired, remarks = repair(notebook, assignment)
        graded = grade_notebook(repaired, assignment, sandbox)
    except (UnreadableSubmission, SandboxUnavailable) as error:
        return Outcome(student, None, (f"{error}.",))
    except Exception as error:  # one submission must not stop the class, whatever it has found
        return _failed(student, error)
    seconds = time.monotonic() - started
    graded = replace(graded, fingerprint=fingerprint(content), versions=versions(), seconds=seconds)
    return Outcome(student, graded, (*remarks, *graded.remarks), repaired)


def _failed(student: str, error: Exception) -> Outcome:
    return Outcome(student, None, (f"the grader failed on it: {type(error).__name__}: {error}.",))


def other_assignments(source: Path) -> Iterator[Assignment]:
    """Read the other assignments of a course, those that are in order."""
    course = source.parents[2]
    for name in assignment_names(course):
        if name != source.stem:
            with suppress(AssignmentError):
                yield Assignment.read(source_notebook(course, name))


def read_timestamp(folder: Path) -> tuple[datetime | None, str]:
    """Return when a submission was made, as nbgrader's timestamp.txt beside it says, and what is wrong with that file.

    Parameters
    ----------
    folder : Path
        The folder of the submission.

    Returns
    -------
    datetime or None
        In UTC, without a time zone; None when nothing says it.
    str
        One sentence when there is a file and no time in it; else empty.
    """
    path = folder / "timestamp.txt"
    try:
        text = read_regular_file(path, MAX_TIMESTAMP_BYTES).decode("utf-8").strip()
        return (_utc(text), "") if text else (None, "")
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        reason = error.strerror
    except (ValueError, TypeError, OverflowError):
        reason = "it holds no date"
    return None, f"timestamp.txt was not read, so that it is not known whether this is late: {reason}."


def _utc(text: str) -> datetime:
    """Read a time as nbgrader does: 2026-11-22 12:00:00 UTC."""
    from nbgrader.utils import parse_utc  # it takes a second, which a single file does without

    return parse_utc(text)


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
    interrupted = []
    while waiting:
        done, _ = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
        while_waiting()
        while done:
            future = done.pop()
            submission = waiting.pop(future)  # and with it the result: a class of thousands is never held at once
            try:
                outcome = future.result()
            except BrokenProcessPool:
                interrupted.append(submission)
                continue
            del future
            yield submission, outcome
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

    They end with this process, also when it is killed.

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
        _start_helpers()
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(os.environ.get(BOOK),))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown()


def _start_helpers() -> None:
    """Start what multiprocessing keeps beside a pool, so that a terminal that hangs up reaches the grader alone.

    Both take Ctrl-C for the grader's affair already, but not this signal. Whoever is started while it waits has it wait
    for good. Submissions are graded side by side, so that more threads of BLAS in each would only wait for one another.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        with _environment(**{f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}):
            resource_tracker.ensure_running()
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables of the environment for those that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(book: str | None) -> None:
    """Leave the signals that stop the class to the grader, and end with it, however it ends.

    The server that forks cannot be the one to end with: it lives as long as one of those that it has forked. Nor does
    it know where the grader says the book is: it was started once, for the first class.

    Parameters
    ----------
    book : str or None
        The address of the book, to which messages lead.
    """
    os.environ.pop(BOOK, None)
    os.environ.update({} if book is None else {BOOK: book})
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    grader = multiprocessing.parent_process()
    threading.Thread(target=lambda: (grader.join(), os._exit(1)), daemon=True).start()
