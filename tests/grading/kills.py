"""Kill the grader at random moments, and look at what is lost, what differs, and what is left.

    python tests/grading/kills.py --kills 50

Each classroom is killed several times, from its first run on, and then graded to the end. What the gradebook holds then
is compared with that of a class that nobody disturbed. A short form runs in `make test`.
"""

import argparse
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import psutil
from gradebook_rows import rows_of
from nbgrader.api import Gradebook
from small_course import SmallCourse

from autograder.grading.gradebook import ClassGradebook
from autograder.grading.lock import LOCK_FILE
from autograder.grading.records import WORKING_FOLDER

SIGNALS = [signal.SIGKILL] * 3 + [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
GRACE_SECONDS = 90.0
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: who is orphaned below this process becomes its child


@dataclass
class Found:
    """What the kills did.

    Attributes
    ----------
    kills, while_recording : int
        How often the grader was killed, and how often while it had recorded some of the class and not all.
    lost, differences, processes, files : list of str
    by_signal : Counter
    """

    kills: int = 0
    while_recording: int = 0
    lost: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    by_signal: Counter = field(default_factory=Counter)

    def __str__(self) -> str:
        signals = ", ".join(f"{count} {name}" for name, count in sorted(self.by_signal.items()))
        return (
            f"{self.kills} kills ({signals}), {self.while_recording} of them while the class was being recorded:"
            f" lost {len(self.lost)}, differences {len(self.differences)}, processes {len(self.processes)},"
            f" temporary files {len(self.files)}"
        )


class Class:
    """A class that is graded, and killed."""

    def __init__(self, folder: Path, students: int):
        folder.mkdir()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.course = SmallCourse(folder / "course")
        self.students = [f"student-{number:02}" for number in range(students)]
        for number, student in enumerate(self.students):
            path = self.course.submit(student, self.course.wrong() if number % 3 == 1 else None)
            (path.parent / "timestamp.txt").write_text(f"2026-11-0{1 + number % 9} 12:00:00 UTC")

    @property
    def gradebook(self) -> Path:
        return self.course.room / "gradebook.db"

    def start(self) -> subprocess.Popen:
        """Start the grader as an instructor does, in a session of its own."""
        folders = ["--course", str(self.course.folder), "--classroom", str(self.course.room)]
        with (self.temporary.parent / "said.txt").open("w") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "autograder", "grade", "ps2", "--jobs", "2", *folders],
                env={**os.environ, "TMPDIR": str(self.temporary)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def grade(self) -> None:
        """Grade to the end."""
        process = self.start()
        assert process.wait(900) == 0, (self.temporary.parent / "said.txt").read_text()

    def grade_by_hand(self, *, graded_again: bool = False) -> None:
        """Give one student points and a word, as a person does in formgrader; nbgrader marks it when graded again."""
        with Gradebook(f"sqlite:///{self.gradebook}") as gradebook:
            grade = gradebook.find_grade("check-many-to-many", "ps2", "ps2", self.students[0])
            grade.manual_score, grade.needs_manual_grade = 0.5, graded_again
            gradebook.find_comment("many-to-many", "ps2", "ps2", self.students[0]).manual_comment = "Well done."
            gradebook.db.commit()

    def change(self) -> None:
        """Have everybody hand in something else, so that all has to be graded again."""
        for student in self.students:
            path = self.course.room / "submitted" / student / "ps2" / "ps2.ipynb"
            path.write_text(path.read_text() + "\n")

    def recorded(self) -> int:
        """Return how many students the gradebook holds."""
        if not self.gradebook.exists():
            return 0
        with closing(ClassGradebook(f"sqlite:///{self.gradebook}", None)) as gradebook:
            return len(gradebook.totals("ps2"))

    def written(self) -> set[tuple[str, int]]:
        """Return the notebooks that have been recorded, with the time."""
        return {(str(path), path.stat().st_mtime_ns) for path in self.course.room.glob("autograded/*/ps2/ps2.ipynb")}

    def halves(self) -> list[str]:
        """Return the students that the gradebook holds in part."""
        if not self.gradebook.exists():
            return []
        with closing(ClassGradebook(f"sqlite:///{self.gradebook}", None)) as gradebook:
            return [
                student
                for student, totals in gradebook.totals("ps2").items()
                if len(totals.by_checks) != 2 or None in totals.by_checks.values()
            ]

    def left_over(self) -> list[str]:
        """Return the files that no run needs any more."""
        working = self.course.room / WORKING_FOLDER
        left = [path for path in working.rglob("*") if path.name != LOCK_FILE] if working.exists() else []
        left += self.temporary.rglob("*")
        left += [
            path for path in self.course.room.rglob("*") if path.name.endswith(("-journal", ".new", ".unfinished"))
        ]
        return [str(path) for path in left]


def kill_often(*, kills: int, students: int, each: int, seed: int) -> Found:
    """Kill graders, and return what came of it."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    rng, found = random.Random(seed), Found()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        undisturbed = Class(folder / "undisturbed", students)
        started = time.monotonic()
        undisturbed.grade()
        seconds = time.monotonic() - started
        first = rows_of(undisturbed.gradebook)
        undisturbed.grade_by_hand(graded_again=True)
        second = rows_of(undisturbed.gradebook)
        print(f"an undisturbed first run takes {seconds:.1f} s")
        number = 0
        while found.kills < kills:
            number += 1
            room = Class(folder / f"class-{number}", students)
            for _ in range(min(each, kills - found.kills)):
                _kill(room, rng, seconds, found)
            room.grade()
            _compare(room, first, found, f"class {number}, first run")
            room.grade_by_hand()
            room.change()
            for _ in range(min(each // 2, kills - found.kills)):
                _kill(room, rng, seconds, found)
            room.grade()
            _compare(room, second, found, f"class {number}, second run")
            found.files += room.left_over()
            print("\n".join([str(found), *found.processes]))
            shutil.rmtree(folder / f"class-{number}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _kill(room: Class, rng: random.Random, seconds: float, found: Found) -> None:
    if room.recorded() == len(room.students):
        room.change()
    seen = room.written()
    process = room.start()
    if rng.random() < 0.7:  # while it records
        until = time.monotonic() + 3 * seconds
        while process.poll() is None and room.written() == seen and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(rng.random() * 0.04 * seconds)
    else:
        time.sleep(rng.random() * seconds)
    number = rng.choice(SIGNALS)
    if process.poll() is None:
        os.kill(process.pid, number)
        found.kills += 1
        found.by_signal[number.name] += 1
    process.wait(300)
    after = room.written()
    found.while_recording += 0 < len(after - seen) < len(room.students)
    found.lost += [f"half of {student}" for student in room.halves()]
    _, alive = psutil.wait_procs(_orphans(), timeout=GRACE_SECONDS)
    found.processes += [f"{number.name}: {_shown(process)}" for process in alive]
    for process in alive:
        process.kill()


def _orphans() -> list[psutil.Process]:
    """Return the processes that this one has inherited from graders, all of which have ended."""
    return psutil.Process().children(recursive=True)


def _shown(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.status()} {' '.join(process.cmdline())[:120]}"
    return "gone by now"


def _compare(room: Class, wanted: dict, found: Found, where: str) -> None:
    held = rows_of(room.gradebook)
    for table, rows in wanted.items():
        missing = [row for row in rows if row not in held[table]]
        found.differences += [f"{where}, {table}: {row}" for row in held[table] if row not in rows]
        by_hand = [row for row in missing if row.get("manual_score") or row.get("manual_comment")]
        found.lost += [f"{where}, {table}: {row}" for row in by_hand]
        found.differences += [f"{where}, {table}: {row} is missing" for row in missing]


def report() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--students", type=int, default=6)
    parser.add_argument("--each", type=int, default=5, help="kills of one classroom's first run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = kill_often(**vars(options))
    for line in (*found.lost, *found.differences, *found.processes, *found.files):
        print(f"  {line}")
    print(found)
    sys.exit(bool(found.lost or found.differences or found.processes or found.files))


if __name__ == "__main__":
    report()
