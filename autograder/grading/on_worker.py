"""What a worker of a cluster does: it has a submission graded by a process beside it, and returns what came of it.

The process beside it is one for each worker and grades one submission after the other, in its main thread, which alone
can be stopped when a notebook is too slow to read. If a notebook ends it, the worker stays.
"""

import importlib.metadata
import multiprocessing.connection
import os
import pickle
import platform
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass

from autograder.engine.equations import BOOK
from autograder.grading import records
from autograder.grading.assignment import Assignment
from autograder.grading.submission import Outcome, grade_content
from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable
from autograder.sandbox.session import try_sandbox

OTHER_ROOMS = ("grading", "sandbox")
START = "import sys; sys.path[:] = {path!r}; from autograder.grading.on_worker import main; main({channel}, {worker})"


@dataclass(frozen=True)
class Parcel:
    """All that it takes to grade a submission anywhere.

    Attributes
    ----------
    student : str
    content : bytes
        Of the notebook's file.
    assignment : Assignment
    others : tuple of Assignment
        The other ones of the course; only what tells their notebooks is looked at.
    sandbox : Sandbox
    book : str or None
        Where the book is, so that messages lead to it.
    """

    student: str
    content: bytes
    assignment: Assignment
    others: tuple[Assignment, ...]
    sandbox: Sandbox
    book: str | None


@dataclass(frozen=True)
class Introduction:
    """What a worker says of itself.

    Attributes
    ----------
    versions : dict of str
        What has to be the same everywhere; see `what_grades`.
    no_sandbox : str
        Why there is no sandbox; empty when there is one.
    """

    versions: dict[str, str]
    no_sandbox: str = ""


class ProcessEnded(Exception):
    """The process beside a worker ended before it answered."""


def what_grades() -> dict[str, str]:
    """Return what must not differ between two machines that grade one class, by the names of a sentence."""
    known = records.versions()
    return {
        "autograder": known["autograder"],
        "NumPy": known["numpy"],
        "Dask": importlib.metadata.version("distributed"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "checks": known["grader"][:12],
        "grader": records.digest_of(OTHER_ROOMS)[:12],
    }


def introduce(sandbox: Sandbox) -> Introduction:
    """Say what this machine grades with, and whether it has a sandbox."""
    try:
        try_sandbox(sandbox)
    except SandboxUnavailable as error:
        return Introduction(what_grades(), str(error))
    return Introduction(what_grades())


def grade_parcel(parcel: Parcel) -> Outcome:
    """Grade a submission that came in a parcel."""
    os.environ.pop(BOOK, None)
    os.environ.update({} if parcel.book is None else {BOOK: parcel.book})
    return grade_content(parcel.student, parcel.content, parcel.assignment, parcel.others, parcel.sandbox)


# ------------------------------------------------------------------------------------------------ in a worker of Dask


def answer(request: bytes) -> bytes:
    """Have a request answered by the process beside this worker: a parcel, or a sandbox to be tried.

    Parameters
    ----------
    request : bytes
        A pickled `Parcel` or `Sandbox`.

    Returns
    -------
    bytes
        The pickled `Outcome` or `Introduction`.

    Raises
    ------
    ProcessEnded
    """
    with _one_at_a_time:
        if not _beside or _beside[0].ended:
            _beside[:] = [_Beside()]
        return _beside[0].ask(request)


class _Beside:
    """The process beside this one."""

    def __init__(self):
        self._channel, theirs = multiprocessing.connection.Pipe()
        with theirs:
            start = START.format(path=sys.path, channel=theirs.fileno(), worker=os.getpid())
            self._process = subprocess.Popen(
                [sys.executable, "-c", start],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ask(self, request: bytes) -> bytes:
        try:
            self._channel.send_bytes(request)
            return self._channel.recv_bytes()
        except (EOFError, OSError):
            self._channel.close()
            self._process.kill()
            self._process.wait()
            raise ProcessEnded from None


_beside: list[_Beside] = []
_one_at_a_time = threading.Lock()


# ---------------------------------------------------------------------------------------------- the process beside it


def main(channel: int, worker: int) -> None:
    """Answer requests until the worker ends, however it ends.

    Parameters
    ----------
    channel : int
        The descriptor of the channel to the worker.
    worker : int
        The number of its process.
    """
    threading.Thread(target=_end_with, args=(worker,), daemon=True).start()
    connection = multiprocessing.connection.Connection(channel)
    with suppress(EOFError, OSError):
        while True:
            request = pickle.loads(connection.recv_bytes())
            made = introduce(request) if isinstance(request, Sandbox) else grade_parcel(request)
            connection.send_bytes(pickle.dumps(made))


def _end_with(worker: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(worker)
        if os.getppid() == worker:
            multiprocessing.connection.wait([handle])
    os._exit(1)
