"""A gradebook that cannot be used, a full disk, two graders: one sentence with the cause, and nothing is lost."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from gradebook_rows import rows_of
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config

from autograder.grading import gradebook as gradebook_module
from autograder.grading import lock, records
from autograder.grading.classroom import Classroom, ClassroomError
from autograder.grading.gradebook import ClassGradebook
from autograder.sandbox.bubblewrap import Sandbox, find_bubblewrap


def said(result) -> str:
    """Return what a command said, in one line."""
    return " ".join(result.output.replace("│", " ").split())


def stopped(result, *words):
    """Assert that a command could not be carried out, and said why in one sentence."""
    assert result.exit_code == 2, result.output
    assert said(result).count("Error: ") == 1
    assert "Traceback" not in result.output
    assert [word for word in words if word not in said(result)] == []


@pytest.fixture
def impatient(monkeypatch):
    """Wait for a locked gradebook no longer than a test wants to."""
    monkeypatch.setattr(gradebook_module, "PATIENCE", 0.2)


@contextmanager
def locked(file):
    """Hold a gradebook as another program does that writes into it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin exclusive")
        yield
        other.execute("rollback")


@pytest.fixture
def graded(course):
    """A class of two that has been graded."""
    course.submit("ada")
    course.submit("bo", course.wrong())
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert result.exit_code == 0, result.output
    return course


# --------------------------------------------------------------------------------------------------- a bad gradebook


def test_an_empty_gradebook_is_not_replaced_and_the_last_backup_is_named(graded):
    file = graded.room / "gradebook.db"
    file.write_bytes(b"")
    stopped(graded.run("grade", "ps2"), "gradebook.db is empty (0 bytes)", "the last backup is", "gradebook-20")
    assert file.read_bytes() == b""


def test_what_is_no_database_is_said_so_and_left_as_it_is(graded):
    file = graded.room / "gradebook.db"
    file.write_text("this is no database" * 500)
    stopped(graded.run("grade", "ps2"), "gradebook.db is not a database; put a good copy in its place")
    assert file.read_text() == "this is no database" * 500


def test_a_damaged_gradebook_is_said_so_and_left_as_it_is(graded):
    file = graded.room / "gradebook.db"
    content = file.read_bytes()
    damaged = content[:8192] + b"\xff" * (len(content) - 8192)
    file.write_bytes(damaged)
    stopped(graded.run("grade", "ps2"), "gradebook.db is damaged", "the last backup is")
    assert file.read_bytes() == damaged


def test_another_database_is_not_taken_for_a_gradebook(course):
    course.submit("ada")
    with closing(sqlite3.connect(course.room / "other.db")) as other:
        other.execute("create table something (x)")
        other.commit()
    (course.room / "other.db").replace(course.room / "gradebook.db")
    stopped(course.run("grade", "ps2"), "is a database, but not a gradebook (it has no table assignment)")


def test_a_locked_gradebook_is_named_as_the_reason(graded, impatient):
    before = rows_of(graded.room / "gradebook.db")
    with locked(graded.room / "gradebook.db"):
        stopped(graded.run("grade", "ps2"), "has been locked by another program for 0.2 s; close that program")
    assert rows_of(graded.room / "gradebook.db") == before


def test_a_gradebook_that_is_locked_half_way_holds_every_student_whole_or_not_at_all(course, impatient):
    for student in ("ada", "bo", "cy"):
        course.submit(student)
    holding = []

    def progress(student):
        if not holding:
            holding.append(locked(course.room / "gradebook.db"))
            holding[0].__enter__()

    room = Classroom(course.folder, course.room)
    with pytest.raises(ClassroomError, match=r"locked .*; 1 of 3 submissions are graded and recorded$"):
        room.grade("ps2", Sandbox(), progress=progress)
    holding[0].__exit__(None, None, None)
    assert list(course.points().values()) == [[1, 2]]
    assert len(records.read(course.room, "ps2")) == 1
    assert Classroom(course.folder, course.room).grade("ps2", Sandbox())
    assert course.points() == {student: [1, 2] for student in ("ada", "bo", "cy")}


RUN = """
import sys
from pathlib import Path
from autograder.grading.classroom import Classroom, ClassroomError
from autograder.sandbox.bubblewrap import Sandbox
try:
    Classroom(Path(sys.argv[1]), Path(sys.argv[2])).grade("ps2", Sandbox(confined=False), force=True)
except ClassroomError as error:
    print(error)
"""


def grade_behind(course, *view):
    """Grade the class where the file system is another one, and return what was said."""
    command = [find_bubblewrap(), "--dev-bind", "/", "/", *view, "--", sys.executable, "-c", RUN]
    done = subprocess.run([*command, course.folder, course.room], capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_read_only_gradebook_is_said_so(graded):
    file = graded.room / "gradebook.db"
    message = grade_behind(graded, "--ro-bind", file, file)
    assert message == f"the gradebook {file} cannot be used: it is read-only, or its folder is"


@pytest.mark.slow
def test_a_full_disk_is_said_so_and_the_gradebook_is_as_it_was(graded):
    before = rows_of(graded.room / "gradebook.db")
    message = grade_behind(graded, "--size", "16384", "--tmpfs", graded.room / records.WORKING_FOLDER)
    assert message.startswith("the gradebook cannot be copied to")
    assert message.endswith("full; nothing was written")
    assert rows_of(graded.room / "gradebook.db") == before


def test_a_disk_that_is_full_half_way_leaves_every_student_whole_or_as_before(course, monkeypatch):
    for student in ("ada", "bo", "cy"):
        course.submit(student)
    sync = os.fsync

    def progress(student):
        def full(descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)

    room = Classroom(course.folder, course.room)
    with pytest.raises(ClassroomError, match=r"^No space left on device; 1 of 3 submissions are graded and recorded$"):
        room.grade("ps2", Sandbox(), feedback=False, progress=progress)
    assert list(course.points().values()) == [[1, 2]]
    assert len(list(course.room.glob("autograded/*/ps2/ps2.ipynb"))) == 1
    monkeypatch.setattr(os, "fsync", sync)
    room.grade("ps2", Sandbox(), feedback=False)
    assert len(course.points()) == 3


# ------------------------------------------------------------------------------------------------------ odd submissions


def pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_text("yesterday, I think"), "it holds no date"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "it holds no date"),
        (lambda path: path.write_text("2" * 5000), "it is larger than 200 bytes"),
        (lambda path: path.write_text("9" * 150), "it holds no date"),
        (lambda path: path.mkdir(), "it is not a file"),
        (pipe, "it is not a file"),
    ],
)
def test_a_timestamp_that_is_none_costs_a_remark_and_no_grade(course, make, reason):
    make(course.submit("ada").parent / "timestamp.txt")
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert result.exit_code == 0, result.output
    assert f"it is not known whether this is late: {reason}." in said(result)
    assert course.points() == {"ada": [1, 2]}


class Failing(LateSubmissionPlugin):
    """A plugin with a mistake."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Raise."""
        raise ZeroDivisionError("late by nothing")


def test_a_plugin_that_fails_costs_whom_it_fails_for_and_leaves_nothing_half_done(course):
    for student in ("ada", "bo"):
        course.submit(student)
    (course.room / "submitted/bo/ps2/timestamp.txt").write_text("2030-01-01 00:00:00 UTC")
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment("ps2").duedate = datetime(2029, 1, 1)
        gradebook.db.commit()
    room = Classroom(course.folder, course.room)
    room._config.merge(Config({"AssignLatePenalties": {"plugin_class": f"{__name__}.Failing"}}))
    outcomes = room.grade("ps2", Sandbox())
    assert [outcome.graded is None for outcome in outcomes] == [False, True]
    assert outcomes[1].remarks[-1] == "it could not be recorded: ZeroDivisionError: late by nothing."
    assert course.points() == {"ada": [1, 2]}
    assert not (course.room / "autograded" / "bo" / "ps2" / "ps2.ipynb").exists()


# ---------------------------------------------------------------------------------------------------------- backups


def test_the_gradebook_is_copied_before_a_run_writes_and_not_when_nothing_changes(graded):
    gradebook = ClassGradebook(f"sqlite:///{graded.room / 'gradebook.db'}", Config())
    (first,) = gradebook.backups
    assert rows_of(first)["grade"] == []
    assert graded.run("grade", "ps2", "--no-feedback").exit_code == 0
    assert gradebook.backups == [first]
    before = rows_of(graded.room / "gradebook.db")
    graded.submit("bo")
    assert graded.run("grade", "ps2", "--no-feedback").exit_code == 0
    assert rows_of(gradebook.backups[-1]) == before


def test_the_last_ten_backups_are_kept(graded):
    gradebook = ClassGradebook(f"sqlite:///{graded.room / 'gradebook.db'}", Config())
    start = datetime(2027, 1, 1, tzinfo=UTC)
    made = [gradebook.back_up(start + timedelta(seconds=number)) for number in range(12)]
    assert gradebook.backups == made[-10:]
    assert made[-1].name == "gradebook-2027-01-01T00-00-11.000000Z.db"


# -------------------------------------------------------------------------------------------------------- one grader

HOLD = "import sys, time; from pathlib import Path; from autograder.grading.lock import only_grader\n"
HOLD += "with only_grader(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"


def test_a_second_grader_is_told_who_grades_and_one_that_was_killed_is_in_nobodys_way(course):
    course.submit("ada")
    first = subprocess.Popen([sys.executable, "-c", HOLD, course.room], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "held\n"
        stopped(course.run("grade", "ps2"), f"another grader (process {first.pid}, since ", "wait until it is done")
        assert course.points() == {}
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=20)
    assert course.run("grade", "ps2", "--jobs", "1", "--no-feedback").exit_code == 0
    assert course.points() == {"ada": [1, 2]}


def test_a_grader_of_another_machine_is_in_the_way_until_somebody_says_it_is_not(course):
    course.submit("ada")
    file = course.room / records.WORKING_FOLDER / lock.LOCK_FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"pid": 7, "host": "elsewhere", "since": "2026-11-22T12:00:00+00:00"}))
    stopped(course.run("grade", "ps2"), "(process 7 on elsewhere, since 2026-11-22T12:00:00+00:00)", f"delete {file}")
    file.unlink()
    assert course.run("grade", "ps2", "--jobs", "1", "--no-feedback").exit_code == 0


def test_what_a_killed_run_left_is_cleared_by_the_next(course):
    course.submit("ada")
    left = course.room / records.WORKING_FOLDER / "tmpleft"
    (left / "deep").mkdir(parents=True)
    (left.parent / "unfinished").write_text("half of")
    assert course.run("grade", "ps2", "--jobs", "1", "--no-feedback").exit_code == 0
    assert {path.name for path in left.parent.iterdir()} <= {lock.LOCK_FILE, str(os.getpid())}


TWICE = """
import sys
from pathlib import Path
from autograder.grading.classroom import Classroom
from autograder.sandbox.bubblewrap import Sandbox
for line in sys.stdin:
    outcomes = Classroom(Path(sys.argv[1]), Path(sys.argv[2])).grade("ps2", Sandbox(), feedback=False, force=True)
    print(len(outcomes), flush=True)
"""


def test_a_grader_that_lives_on_may_grade_again_after_another_has(course):
    course.submit("ada")
    command = [sys.executable, "-c", TWICE, course.folder, course.room]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lives_on:
        for _ in range(2):
            print("grade", file=lives_on.stdin, flush=True)
            assert lives_on.stdout.readline() == "1\n"
            done = subprocess.run(command, input="grade\n", capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
