"""Grade on other machines: submissions travel to the workers of a Dask scheduler, and what came of them comes back.

The gradebook is written here, by the one grader, as always. The machines share no folder: what travels are bytes. The
scheduler needs nothing of the course; the workers have it installed, at the same commit.
"""

import asyncio
import logging
import os
import pickle
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

from autograder.engine.equations import BOOK
from autograder.grading.assignment import Assignment
from autograder.grading.on_worker import Introduction, Parcel, what_grades
from autograder.grading.repair import UnreadableSubmission, read_notebook_file, reading_takes_at_most
from autograder.grading.submission import Outcome, Submission, other_assignments
from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable

HOW_TO_INSTALL = "install it with `pip install -r requirements-cluster.txt -c constraints.txt`"
HOW_TO_START = "`dask worker {address} --nworkers -1 --nthreads 1`"
CONNECT_SECONDS = 10.0
INTRODUCTION_SECONDS = 60.0
"""A worker that is busy with something else does not answer at once."""
WITHOUT_WORKERS_SECONDS = 30.0
"""A worker that died comes back within seconds where a nanny looks after it."""
_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 30.0
_ENDED, _MISSING, _MADE = "ended", "missing", "made"


class ClusterError(Exception):
    """A cluster cannot be used, or not any longer. The message says why and what to do."""


@dataclass
class _Worker:
    """A worker, as the grader sees it.

    Attributes
    ----------
    address : str
    future : distributed.Future or None
        What it was asked and has not answered.
    submission : Submission or None
        What it was asked to grade; None while it introduces itself.
    fit : bool
        Whether it has introduced itself and may grade.
    """

    address: str
    future: Any = None
    submission: Submission | None = None
    fit: bool = False


class Cluster:
    """The workers of a Dask scheduler. Use it as a context manager.

    Each worker is asked for one thing at a time, so that it is known of which submission it dies.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://host:8786.
    sandbox : Sandbox
        What the workers run submissions in.

    Raises
    ------
    ClusterError
        On entering, when there is no scheduler there, it has no workers, or one of them grades with something else.
    SandboxUnavailable
        On entering, when a worker has no sandbox.
    """

    def __init__(self, address: str, sandbox: Sandbox):
        self.address, self.sandbox = address, sandbox
        self._workers: dict[str, _Worker] = {}
        self._answered: SimpleQueue = SimpleQueue()
        self._seen = 0.0
        self._unfit: dict[str, Exception] = {}
        self._client: Any = None

    def __enter__(self) -> "Cluster":
        dask = _import_distributed()
        _find_scheduler(dask, self.address)
        try:
            self._client = dask.Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            raise ClusterError(f"the scheduler at {self.address} does not take part: {_said(error)}") from None
        try:
            self._meet()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._close()

    def _close(self) -> None:
        """Leave. The scheduler drops what it holds for a client that is gone."""
        with suppress(Exception):
            self._client.close(timeout=CONNECT_SECONDS)

    @property
    def workers(self) -> int:
        """How many workers grade."""
        return sum(worker.fit for worker in self._workers.values())

    def idle_threads(self) -> int:
        """Return how many threads of the workers stay idle, since each worker grades one submission at a time."""
        return sum(self._threads().values()) - len(self._workers)

    def grade(
        self,
        submissions: Iterable[Submission],
        source: Path,
        while_waiting: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[Submission, Outcome]]:
        """Start to grade submissions, and return an iterator over them as they are done.

        A submission whose worker dies is tried once more, after all others; if that worker dies as well, it is not
        graded. `while_waiting` is called several times a second, and may raise.

        Parameters
        ----------
        submissions : iterable of Submission
        source : Path
            The instructor's notebook.
        while_waiting : callable

        Raises
        ------
        ClusterError
            From the iterator, when the scheduler or all workers are gone.
        """
        work = _Work(self, deque(submissions), Assignment.read(source), tuple(map(_outline, other_assignments(source))))
        work.hand_out()
        return work.as_done(while_waiting)

    # ------------------------------------------------------------------------------------------------------- workers

    def _meet(self) -> None:
        """Have all workers introduce themselves."""
        until = time.monotonic() + INTRODUCTION_SECONDS
        nobody_until = time.monotonic() + CONNECT_SECONDS
        while True:
            self.look()
            for worker, answer in self.answers(_POLL_SECONDS):
                self.heard(worker, answer)
            for reason in self._unfit.values():
                raise reason
            if self._workers and all(worker.fit for worker in self._workers.values()):
                return
            if not self._workers and time.monotonic() > nobody_until:
                start = HOW_TO_START.format(address=self.address)
                raise ClusterError(f"the scheduler at {self.address} has no workers; start some with {start}")
            if time.monotonic() > until:
                if self.workers:
                    return  # the others grade as soon as they answer
                raise ClusterError(
                    f"none of the {len(self._workers)} workers at {self.address} answered within"
                    f" {INTRODUCTION_SECONDS:g} s; if they are busy with something else, try again later"
                )

    def look(self) -> list[_Worker]:
        """See which workers there are now: new ones introduce themselves. Returns those that are gone.

        Raises
        ------
        ClusterError
            When the scheduler does not answer, or there has been no worker for a while.
        """
        present = self._threads()
        gone = [worker for address, worker in self._workers.items() if address not in present]
        for worker in gone:
            del self._workers[worker.address]
            if worker.future is not None:
                worker.future.release()
        for address in present:
            if address not in self._workers and address not in self._unfit:
                self._workers[address] = worker = _Worker(address)
                self.ask(worker, self.sandbox)
        if self._workers or not self._seen:
            self._seen = time.monotonic()
        return gone

    def refuse_without_workers(self) -> None:
        """Raise ClusterError when there has been no worker for a while."""
        if time.monotonic() - self._seen > WITHOUT_WORKERS_SECONDS:
            unfit = "".join(f"; {reason}" for reason in self._unfit.values())
            raise ClusterError(f"the scheduler at {self.address} has no workers any more{unfit}")

    def under_way(self) -> bool:
        """Whether a worker has been asked to grade and has not answered."""
        return any(worker.submission is not None for worker in self._workers.values())

    def free(self) -> list[_Worker]:
        """Return the workers that can be asked to grade."""
        return [worker for worker in self._workers.values() if worker.fit and worker.future is None]

    def ask(self, worker: _Worker, request: Parcel | Sandbox, submission: Submission | None = None) -> None:
        """Send a request to a worker. What it answers comes from `answers`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook may be large
            future = self._client.submit(
                _on_worker(),
                pickle.dumps(request),
                workers=[worker.address],
                allow_other_workers=False,
                retries=0,
                pure=False,
                key=f"autograder-{uuid.uuid4()}",
            )
        worker.future, worker.submission = future, submission
        future.add_done_callback(self._answered.put)

    def answers(self, seconds: float) -> Iterator[tuple[_Worker, tuple[str, Any]]]:
        """Wait for answers, so long at most, and yield who answered what."""
        with suppress(Empty):
            future = self._answered.get(timeout=seconds)
            while True:
                worker = next((worker for worker in self._workers.values() if worker.future is future), None)
                if worker is not None:
                    yield worker, self._answer_of(future)
                future = self._answered.get_nowait()

    def _answer_of(self, future: Any) -> tuple[str, Any]:
        try:
            kind, content = future.result(timeout=_ANSWER_SECONDS)
        except Exception as error:  # Dask's, of many kinds: the worker died, or the scheduler started anew
            return _ENDED, _said(error)
        return kind, pickle.loads(content) if kind == _MADE else content

    def heard(self, worker: _Worker, answer: tuple[str, Any]) -> None:
        """Take note of how a worker introduced itself."""
        worker.future, (kind, made) = None, answer
        reason = None
        if kind == _MADE:
            reason = self._objection(worker, made)
        elif kind == _MISSING:
            reason = ClusterError(
                f"the worker {worker.address} cannot import the autograder ({made}); install the course there with"
                " `make setup`, at the commit that this machine has, and start the worker in its folder"
            )
        else:  # it is asked once more if it is still there
            del self._workers[worker.address]
        if reason is not None:
            self._unfit[worker.address] = reason
            del self._workers[worker.address]
        worker.fit = kind == _MADE and reason is None

    def _objection(self, worker: _Worker, made: Introduction) -> Exception | None:
        here = what_grades()
        if told := _differences(made.versions, here, here):
            return ClusterError(
                f"the worker {worker.address} grades with another {told}; bring both machines to one commit of the"
                " course and one Python, with `make setup`, and start the worker again"
            )
        if made.no_sandbox:
            return SandboxUnavailable(f"on the worker {worker.address}: {made.no_sandbox}")
        return None

    def _threads(self) -> dict[str, int]:
        """Return the addresses of the workers, and how many threads each has."""
        client = self._client
        try:  # as client.nthreads does, but with an end to the waiting
            return dict(client.sync(client.scheduler.ncores, workers=None, callback_timeout=CONNECT_SECONDS))
        except Exception:
            raise ClusterError(f"the scheduler at {self.address} does not answer any more") from None

    def drop_all(self) -> None:
        """Take back what has not been answered. A worker ends what it has begun; nobody waits for it."""
        for worker in self._workers.values():
            if worker.future is not None and worker.fit:
                worker.future.release()
                worker.future = None


class _Work:
    """The submissions of a class, on their way."""

    def __init__(
        self, cluster: Cluster, waiting: deque[Submission], assignment: Assignment, others: tuple[Assignment, ...]
    ):
        self._cluster = cluster
        self._waiting = waiting
        self._again: deque[Submission] = deque()
        self._tried: dict[str, str] = {}
        self._done: deque[tuple[Submission, Outcome]] = deque()
        self._assignment, self._others = assignment, others

    def hand_out(self) -> None:
        """Give every worker that is free a submission."""
        for worker in self._cluster.free():
            while self._waiting or self._again:
                submission = (self._waiting or self._again).popleft()
                parcel = self._parcel(submission)
                if parcel is not None:
                    self._cluster.ask(worker, parcel, submission)
                    break

    def as_done(self, while_waiting: Callable[[], None]) -> Iterator[tuple[Submission, Outcome]]:
        """Yield what came of each submission, until all are done."""
        cluster, looked = self._cluster, time.monotonic()
        try:
            while True:
                while self._done:
                    yield self._done.popleft()
                if not self._waiting and not self._again and not cluster.under_way():
                    return
                for worker, answer in cluster.answers(_POLL_SECONDS):
                    self._take(worker, answer)
                while_waiting()
                if time.monotonic() - looked > _POLL_SECONDS:
                    for worker in cluster.look():
                        self._interrupted(worker.submission, worker.address)
                    cluster.refuse_without_workers()
                    looked = time.monotonic()
                self.hand_out()  # before what came is recorded, so that no worker waits for that
        finally:
            cluster.drop_all()

    def _take(self, worker: _Worker, answer: tuple[str, Any]) -> None:
        if not worker.fit:
            self._cluster.heard(worker, answer)
            return
        submission, worker.future, worker.submission = worker.submission, None, None
        kind, outcome = answer
        if kind == _MADE:
            self._done.append((submission, outcome))
        else:
            self._interrupted(submission, worker.address)

    def _interrupted(self, submission: Submission | None, address: str) -> None:
        """Try a submission once more whose worker died, or say that it died again."""
        if submission is None:
            return
        before = self._tried.get(submission.student)
        if before is None:
            self._tried[submission.student] = address
            self._again.append(submission)
            return
        reason = (
            f"the process that graded it ended before it was done, on {before} and once more on {address}; grade it on"
            f" this machine, without --scheduler, with --student {submission.student}."
        )
        self._done.append((submission, Outcome(submission.student, None, (reason,))))

    def _parcel(self, submission: Submission) -> Parcel | None:
        """Return what is sent of a submission; None, and what came of it, if it cannot be read."""
        try:
            with reading_takes_at_most():
                content = read_notebook_file(submission.folder, self._assignment.name)
        except UnreadableSubmission as error:
            reason = f"{error}."
        except Exception as error:  # one submission must not stop the class, whatever it has found
            reason = f"the grader failed on it: {type(error).__name__}: {error}."
        else:
            book = os.environ.get(BOOK)
            return Parcel(submission.student, content, self._assignment, self._others, self._cluster.sandbox, book)
        self._done.append((submission, Outcome(submission.student, None, (reason,))))
        return None


def _on_worker() -> Callable[[bytes], tuple[str, Any]]:
    """Return what runs on a worker. It is made here, and not found there, so that it can say what is missing there."""

    def answer_request(request):
        try:
            from autograder.grading import on_worker
        except Exception as error:
            return "missing", str(error)
        try:
            return "made", on_worker.answer(request)
        except on_worker.ProcessEnded:
            return "ended", "the process beside it ended"

    return answer_request


def _outline(assignment: Assignment) -> Assignment:
    """Return what is needed of an assignment to tell its notebooks from those of another one."""
    cells = (*assignment.graded_cells, *assignment.written_cells)
    return replace(assignment, cells=cells, now_run_it=frozenset(), given=frozenset())


def _import_distributed() -> ModuleType:
    try:
        import distributed
    except ImportError as error:
        raise ClusterError(
            f"--scheduler needs the package distributed ({error.name or error} is not there); {HOW_TO_INSTALL}"
        ) from None
    for name in ("distributed", "distributed.client", "distributed.core", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it is told in a sentence
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    return distributed


def _find_scheduler(dask: ModuleType, address: str) -> None:
    """Ask who is there, before anything is started that would go on asking.

    Raises
    ------
    ClusterError
    """

    async def ask() -> tuple[str, dict]:
        connection = dask.Security().get_connection_args("client")
        async with dask.rpc(address, timeout=CONNECT_SECONDS, connection_args=connection) as there:
            found = await asyncio.wait_for(there.identity(), CONNECT_SECONDS)
            versions = await asyncio.wait_for(there.versions(), CONNECT_SECONDS)
            return str(found.get("type")), versions["packages"]

    try:
        kind, versions = asyncio.run(ask())
    except (ValueError, TypeError) as error:
        raise ClusterError(f"--scheduler takes an address such as tcp://HOST:8786, not {address}: {error}") from None
    except Exception as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({_said(error)}); start one with `dask scheduler`, or look whether"
            " a firewall stands between"
        ) from None
    if kind != "Scheduler":
        raise ClusterError(f"at {address} there is a Dask {kind.lower()}, not a scheduler")
    here = what_grades()
    there = {"Dask": versions["distributed"], "Python": ".".join(versions["python"].split(".")[:2])}
    if told := _differences(there, here, there):
        raise ClusterError(f"the scheduler at {address} runs on another {told}; {HOW_TO_INSTALL} on both machines")


def _differences(found: Mapping[str, str], here: Mapping[str, str], names: Iterable[str]) -> str:
    """Say in what two machines differ, or nothing."""
    others = [name for name in names if found.get(name) != here[name]]
    return ", ".join(f"{name} {found.get(name, 'unknown')} (here {here[name]})" for name in others)


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
