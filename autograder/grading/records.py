"""What came of each submission, kept in one JSON file a student and assignment: CLASSROOM/records/PS/STUDENT.json.

nbgrader's gradebook holds the points. A record holds what the points come from: every verdict with its message and the
seed that repeats it, and the fingerprints of all that decided it.
"""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import autograder
from autograder.grading.notebook import Graded, Verdict

RECORDS_FOLDER = "records"
WORKING_FOLDER = ".grading"
"""In it lies all that a run needs for itself: the lock, and files that are not whole yet. The next run clears it."""
JUDGING_ROOMS = ("engine", "layers", "sets")


class RecordError(Exception):
    """A record cannot be read or written. The message says why and what to do."""


@dataclass(frozen=True)
class Record:
    """What came of one submission.

    Attributes
    ----------
    student, assignment : str
    graded_at : datetime
        With its time zone, UTC.
    submitted, source : str
        Fingerprints of the notebook as it was submitted, and of the instructor's notebook.
    versions : dict of str
        See `versions`.
    verdicts : tuple of Verdict
        In the order of the assignment.
    remarks : tuple of str
    seconds : float
        How long grading took.
    """

    student: str
    assignment: str
    graded_at: datetime
    submitted: str
    source: str
    versions: dict[str, str] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """The points that checks gave."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def graded(self) -> Graded:
        """The verdicts as they were when the notebook was graded; its outputs are not recorded."""
        return Graded(self.verdicts, (), self.remarks, self.submitted, self.versions, self.seconds)

    def is_current(self, submitted: str, source: str) -> bool:
        """Whether the notebooks with these fingerprints, graded by this grader, would give the same verdicts."""
        return (self.submitted, self.source, self.versions.get("grader")) == (submitted, source, grader_digest())


def fingerprint(content: bytes) -> str:
    """Return the digest by which a file is known."""
    return hashlib.sha256(content).hexdigest()


def grader_digest() -> str:
    """Return the digest of all code that decides a verdict: the engine, the layers and the sets."""
    return digest_of(JUDGING_ROOMS)


@cache
def digest_of(rooms: tuple[str, ...]) -> str:
    """Return the digest of all code in some rooms of this package."""
    package = Path(autograder.__file__).parent
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted(package.joinpath(room).rglob("*")):
            if path.suffix in (".py", ".json"):
                digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of the autograder, NumPy and Python, and as `grader` the digest of the checks."""
    return {
        "autograder": autograder.__version__,
        "grader": grader_digest(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def record_file(classroom: Path, assignment: str, student: str) -> Path:
    """Return where the record of a submission lies."""
    return classroom / RECORDS_FOLDER / assignment / f"{student}.json"


def write(classroom: Path, record: Record) -> None:
    """Write a record: the whole of it or nothing.

    Raises
    ------
    RecordError
    """
    path = record_file(classroom, record.assignment, record.student)
    content = {**asdict(record), "graded_at": record.graded_at.isoformat()}
    try:
        write_whole(classroom, path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise RecordError(f"the record {path} cannot be written: {error.strerror}") from None


def write_whole(classroom: Path, path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that at any moment the old one is there or the new one, and neither in part.

    Parameters are those of `whole_file`. Raises OSError.
    """
    with whole_file(classroom, path, content, mode=mode):
        pass


@contextmanager
def whole_file(classroom: Path, path: Path, content: bytes, *, mode: int = 0o644) -> Iterator[None]:
    """Write a file that takes its place when the context is left, and is gone if that happens by an exception.

    Parameters
    ----------
    classroom : Path
        In whose working folder the file is written.
    path : Path
        Its folder is made if need be.
    content : bytes
    mode : int
        The permissions of the file.

    Raises
    ------
    OSError
    """
    working = classroom / WORKING_FOLDER
    working.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=working)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def read(classroom: Path, assignment: str) -> list[Record]:
    """Return the records of an assignment, by student.

    Raises
    ------
    RecordError
        When a file there is not a record.
    """
    folder = classroom / RECORDS_FOLDER / assignment
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def find(classroom: Path, assignment: str, student: str) -> Record | None:
    """Return the record of a submission, or None when there is none. Raises RecordError when it cannot be read."""
    path = record_file(classroom, assignment, student)
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Record:
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecordError(f"the record {path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise RecordError(
            f"{path} is not a record of this grader; move it away, and `grade` makes it anew from the submission"
        ) from None


def _from_json(content: dict[str, Any]) -> Record:
    verdicts = tuple(
        Verdict(**{**verdict, "mistakes": tuple(verdict["mistakes"])}) for verdict in content.pop("verdicts")
    )
    graded_at = datetime.fromisoformat(content.pop("graded_at"))
    return Record(**{**content, "remarks": tuple(content["remarks"])}, graded_at=graded_at, verdicts=verdicts)
