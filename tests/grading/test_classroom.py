"""A class is graded whole: no submission, name, crash or lock costs more than its own student."""

import copy
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

from autograder.grading import plugin, submission
from autograder.grading.classroom import Classroom
from autograder.grading.submission import Submission, grade_side_by_side, pool_of
from autograder.sandbox.bubblewrap import Sandbox


def one_line(text):
    return " ".join(text.replace("│", " ").split())


def test_a_submission_that_was_corrected_gets_its_new_points(course):
    course.submit("ada", course.wrong())
    assert course.run("grade", "ps2", "--jobs", "1").exit_code == 0
    assert course.points() == {"ada": [1.0, 0.0]}
    course.submit("ada")
    course.run("grade", "ps2", "--jobs", "1")
    assert course.points() == {"ada": [1.0, 2.0]}


def test_one_job_and_two_give_the_same(course):
    for student in ("ada", "bo", "cy", "di"):
        course.submit(student, course.wrong() if student in ("bo", "di") else None)
    tables = [course.run("grade", "ps2", "--jobs", jobs).output for jobs in ("1", "2")]
    assert course.points() == {"ada": [1, 2], "bo": [1, 0], "cy": [1, 2], "di": [1, 0]}
    assert tables[0] == tables[1]


def test_each_submission_runs_in_one_worker_and_nbgraders_step_finds_its_result(course, monkeypatch):
    def again(*_):
        raise AssertionError("graded a second time")

    odd = course.wrong()
    odd.cells += [new_code_cell("%time 1\r\nx = '\\ud800é\u2028'\n\n"), new_code_cell(""), new_code_cell("\n \n")]
    for cell in odd.cells[:2]:
        cell.metadata = {}
    course.submit("ada")
    course.submit("bo", odd)
    monkeypatch.setattr(plugin, "grade_notebook", again)
    result = course.run("grade", "ps2", "--jobs", "1")
    assert result.exit_code == 0, result.output
    assert course.points() == {"ada": [1, 2], "bo": [1, 0]}


def test_a_result_is_known_only_to_the_step_that_records_it(course, monkeypatch):
    student = Submission("ada", course.submit("ada").parent)
    room = Classroom(course.folder, course.room)
    outcome = submission.grade_submission(student, course.source, Sandbox())
    runs = []
    run = plugin.grade_notebook
    monkeypatch.setattr(plugin, "grade_notebook", lambda *arguments: runs.append(arguments) or run(*arguments))
    told = Config({"GradeInSandbox": {"results": {outcome.digest: outcome.graded}}})
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.folder)).load_config()
    assert NbGraderAPI(config=Config({**config, **told})).autograde("ps2", "ada")["success"]
    assert len(runs) == 0
    assert room.record("ps2", outcome) is None
    assert len(runs) == 0
    assert NbGraderAPI(config=config).autograde("ps2", "ada")["success"]
    assert len(runs) == 1
    assert course.points() == {"ada": [1, 2]}


def test_recording_changes_nothing_in_the_result_that_it_records(course):
    notebook = course.right()
    notebook.cells.append(new_code_cell("for number in range(1500):\n    print(number)"))
    student = Submission("ada", course.submit("ada", notebook).parent)
    room = Classroom(course.folder, course.room)
    outcome = submission.grade_submission(student, course.source, Sandbox())
    before = copy.deepcopy(outcome)
    assert room.record("ps2", outcome) is None
    recorded = nbformat.read(course.room / "autograded" / "ada" / "ps2" / "ps2.ipynb", as_version=4)
    assert "Output truncated" in recorded.cells[-1].outputs[0].text  # by nbgrader's LimitOutput
    assert outcome == before


def test_the_grade_of_who_cannot_be_graded_is_left_as_it_was(course):
    course.submit("ada")
    broken = course.submit("bo")
    course.run("grade", "ps2", "--jobs", "2")
    broken.write_text('{"cells": ')
    course.submit("ada", course.wrong())
    result = course.run("grade", "ps2", "--jobs", "2")
    assert result.exit_code == 1
    assert "Not graded: bo. Their grades were left as they were." in result.output
    assert "could not record" not in one_line(result.output)
    assert course.points() == {"ada": [1, 0], "bo": [1, 2]}


def test_unusual_names_are_graded(course):
    students = ["Ada Lovelace", "-rf", "é日本", "o'hara; drop", "{student_id}", "a+b@c.org", "=1"]
    for student in students:
        course.submit(student)
    result = course.run("grade", "ps2", "--jobs", "2")
    assert result.exit_code == 0, result.output
    assert course.points() == {student: [1, 2] for student in students}


def test_names_that_nbgrader_cannot_bear_are_told_and_the_others_are_graded(course):
    bad = ["two\nlines", ".hidden", " spaced ", "b*", "[ab]", "\x1b[31mred"]
    for student in (*bad, "bo"):
        course.submit(student)
    result = course.run("grade", "ps2", "--jobs", "1")
    assert result.exit_code == 1
    assert course.points() == {"bo": [1, 2]}
    assert one_line(result.output).count("rename the folder") == len(bad)
    assert "\x1b[31mred" not in result.output


def test_what_strangers_wrote_is_shown_as_text_and_not_obeyed(course):
    course.submit("[bold]")
    path = course.submit("bo")
    path.rename(path.with_name("[red]\x1b[2J[x] [\x1b[0m].ipynb"))
    result = course.run("grade", "ps2", "--jobs", "1")
    assert result.exit_code == 1
    assert "[red]" in result.output
    assert "│ [bold] " in result.output
    assert "\x1b" not in result.output


def test_nothing_but_the_notebook_is_taken_from_a_submission(course):
    folder = course.submit("ada").parent
    (folder / "notes.txt").write_text("mine")
    (folder / "more" / "deep").mkdir(parents=True)
    (folder / "more" / "deep" / "data.bin").write_bytes(bytes(1000))
    (folder / "ps2 (copy).ipynb").write_text("not even JSON")
    (folder / "timestamp.txt").write_text("2030-01-01 00:00:00 UTC")
    os.mkfifo(folder / "pipe")
    assert course.run("grade", "ps2", "--jobs", "1").exit_code == 0
    for step, name in (("autograded", "ps2.ipynb"), ("feedback", "ps2.html")):
        assert [path.name for path in (course.room / step / "ada").rglob("*") if path.is_file()] == [name]
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission("ps2", "ada").timestamp.year == 2030


def test_a_changed_source_notebook_is_registered_anew(course):
    course.submit("ada")
    course.run("grade", "ps2", "--jobs", "1")
    source = nbformat.read(course.source, as_version=4)
    source.cells[-1].metadata.nbgrader["points"] = 5
    before = course.source.stat().st_mtime
    nbformat.write(source, course.source)
    os.utime(course.source, (before - 100, before - 100))
    course.run("grade", "ps2", "--jobs", "1")
    assert course.points() == {"ada": [1, 5]}


@dataclass(frozen=True)
class Deadly(Submission):
    """Ends the process that unpickles it, as a notebook would that crashes the parser."""

    def __reduce__(self):
        return os._exit, (7,)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_submission_that_ends_the_graders_process_costs_its_author_alone(course, jobs):
    students = {name: Submission(name, course.submit(name).parent) for name in ("ada", "cy", "di")}
    students["bo"] = Deadly("bo", Path())
    with pool_of(jobs) as pool:
        outcomes = dict(
            grade_side_by_side([students[name] for name in sorted(students)], course.source, Sandbox(), pool)
        )
    assert {
        submission.student: outcome.graded and outcome.graded.points for submission, outcome in outcomes.items()
    } == {
        "ada": 3.0,
        "bo": None,
        "cy": 3.0,
        "di": 3.0,
    }


def test_an_error_of_the_grader_itself_is_an_outcome_and_not_the_end(course, monkeypatch):
    monkeypatch.setattr(submission, "repair", lambda *_: 1 / 0)
    outcome = submission.grade_submission(Submission("ada", course.submit("ada").parent), course.source, Sandbox())
    assert outcome.graded is None
    assert outcome.remarks == ("the grader failed on it: ZeroDivisionError: division by zero.",)


@pytest.mark.parametrize("when", ["before", "while it waits"])
def test_a_pool_that_breaks_still_makes_the_feedback_page(course, when):
    course.submit("ada")
    room = Classroom(course.folder, course.room)
    room.grade("ps2", Sandbox(), feedback=False)
    with pool_of(1) as pool:
        pool.submit(time.sleep, 0.0 if when == "before" else 1.0)
        broken = pool.submit(os._exit, 3)
        while when == "before" and not broken.done():
            time.sleep(0.01)
        assert room._feedback_in(pool, "ps2", "ada")() is None
    assert (course.room / "feedback" / "ada" / "ps2" / "ps2.html").is_file()


def test_a_locked_gradebook_is_named_as_the_reason(course):
    student = Submission("ada", course.submit("ada").parent)
    course.run("grade", "ps2", "--jobs", "1")
    room = Classroom(course.folder, course.room)
    outcome = submission.grade_submission(student, course.source, Sandbox())
    lock = sqlite3.connect(course.room / "gradebook.db", isolation_level=None)
    lock.execute("begin exclusive")
    try:
        said = room.record("ps2", outcome)
        result = course.run("grade", "ps2", "--jobs", "1")
    finally:
        lock.execute("rollback")
        lock.close()
    assert said == (
        "nbgrader could not record it: the gradebook is locked by another program; close it, or try again when it is"
        " done"
    )
    assert result.exit_code == 2
    assert "cannot be used: database is locked" in one_line(result.output)
    assert course.points() == {"ada": [1, 2]}


def test_a_gradebook_that_is_no_database_is_one_clear_sentence(course):
    course.submit("ada")
    course.run("grade", "ps2", "--jobs", "1")
    (course.room / "gradebook.db").write_text("this is no database, and long enough to be looked at" * 50)
    result = course.run("grade", "ps2", "--jobs", "1")
    assert result.exit_code == 2
    assert "cannot be used: file is not a database" in one_line(result.output)


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_and_leaves_a_gradebook_that_can_be_read(course):
    for student in ("ada", "bo"):
        course.submit(student)
    slow = course.right()
    slow.cells.insert(1, new_code_cell("import time\ntime.sleep(9)"))
    for student in ("cy", "di", "ed", "fi"):
        course.submit(student, slow)
    command = [sys.executable, "-m", "autograder", "grade", "ps2", "--course", course.folder, "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--classroom", course.room], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while course.points() != {"ada": [1, 2], "bo": [1, 2]} and time.monotonic() < until:
        time.sleep(0.1)
    helpers = psutil.Process(process.pid).children(recursive=True)
    assert len(helpers) > 2
    pressed = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - pressed < 8
    assert process.returncode == 130
    assert "stopped; 2 of 6 submissions are graded and recorded" in errors
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(helpers, timeout=5)
    assert alive == []
    assert course.points() == {"ada": [1, 2], "bo": [1, 2]}
