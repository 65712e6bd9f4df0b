"""One grader a classroom: a file that says who grades, and that the system unlocks when that process ends."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.grading.records import WORKING_FOLDER

LOCK_FILE = "lock"


class ClassroomInUse(Exception):
    """Somebody grades in this classroom already. The message says who, and what to do."""


@contextmanager
def only_grader(classroom: Path) -> Iterator[Path]:
    """Be the one grader of a classroom, and clear what an earlier one that was killed has left.

    The lock is the system's, and ends with the process that holds it, however it ends. What the file says (process,
    machine, since when) is for people, and for folders that several machines share without sharing their locks.

    Parameters
    ----------
    classroom : Path

    Yields
    ------
    Path
        The working folder. Meanwhile all temporary files of this process go there, too.

    Raises
    ------
    ClassroomInUse
    OSError
        When the working folder cannot be made or written.
    """
    working = classroom / WORKING_FOLDER
    working.mkdir(parents=True, exist_ok=True)
    path = working / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor, path)
        _clear(working)
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(who).encode(), 0)
        before, tempfile.tempdir = tempfile.tempdir, str(_temporary_folder(working))
        try:
            yield working
        finally:
            tempfile.tempdir = before
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def refuse_second_grader(classroom: Path) -> None:
    """Raise ClassroomInUse when somebody else grades in a classroom right now."""
    try:
        descriptor = os.open(classroom / WORKING_FOLDER / LOCK_FILE, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        _take(descriptor, classroom / WORKING_FOLDER / LOCK_FILE)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ClassroomInUse(
            f"{_who(_said(descriptor))} grades in {path.parent.parent} already; wait until it is done"
        ) from None
    said = _said(descriptor)
    if said.get("host") not in (None, socket.gethostname()):
        raise ClassroomInUse(
            f"{_who(said)} began to grade in {path.parent.parent} and has not said that it is done; if it does not run"
            f" any more, delete {path}"
        )


def _said(descriptor: int) -> dict:
    with suppress(ValueError):
        said = json.loads(os.pread(descriptor, 1000, 0))
        return said if isinstance(said, dict) else {}
    return {}


def _who(said: dict) -> str:
    if not said:
        return "another grader"
    where = "" if said.get("host") == socket.gethostname() else f" on {said.get('host')}"
    return f"another grader (process {said.get('pid')}{where}, since {said.get('since')})"


def _clear(folder: Path) -> None:
    """Remove what processes have left that have ended. One that lives still needs what it began in an earlier run."""
    for path in folder.iterdir():
        if path.name == LOCK_FILE or _lives(path.name):
            continue
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _lives(process: str) -> bool:
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _temporary_folder(working: Path) -> Path:
    """Return where temporary files go: below the classroom, or, where sockets cannot be there, in a place of its own.

    Worker processes are asked for over a socket, whose path may have a hundred characters, and which not every shared
    folder can hold. The folder is removed when this process ends.
    """
    folder = working / str(os.getpid())
    if folder.is_dir():
        return folder
    if not _holds_sockets(folder):
        known = hashlib.sha256(str(working).encode()).hexdigest()[:12]
        place = Path(tempfile.gettempdir()) / f"unrolled-{os.getuid()}-{known}"
        place.mkdir(mode=0o700, exist_ok=True)
        if place.is_symlink() or place.stat().st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it is somebody else's", str(place))
        _clear(place)
        folder = place / str(os.getpid())
    folder.mkdir(exist_ok=True)
    Finalize(None, _remove, (folder, working, os.getpid()), exitpriority=-200)  # after multiprocessing's own, at -100
    return folder


def _remove(folder: Path, working: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.parent != working:
            with suppress(OSError):
                folder.parent.rmdir()


def _holds_sockets(folder: Path) -> bool:
    deepest = folder / "pymp-12345678" / "listener-12345678"
    try:
        deepest.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(deepest))
    except OSError:
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True
