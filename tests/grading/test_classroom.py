"""A class is graded whole: no submission, name, crash or lock costs more than its own student."""

import copy
import os
import signal
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
    said = [course.run("grade", "ps2", "--jobs", jobs, "--force").output for jobs in ("1", "2")]
    assert course.points() == {"ada": [1, 2], "bo": [1, 0], "cy": [1, 2], "di": [1, 0]}
    tables = [text[text.index("ps2: ") :] for text in said]  # before it stands what --force replaces
    assert tables[0] == tables[1]


def test_each_submission_runs_in_one_worker_and_none_of_nbgraders_steps_runs_it_again(course, monkeypatch):
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


def test_recording_changes_nothing_in_the_result_that_it_records(course):
    notebook = course.right()
    notebook.cells.append(new_code_cell("for number in range(1500):\n    print(number)"))
    student = Submission("ada", course.submit("ada", notebook).parent)
    room = Classroom(course.folder, course.room)
    outcome = submission.grade_submission(student, course.source, Sandbox())
    before = copy.deepcopy(outcome)
    assert room.record("ps2", outcome).total == 3
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "number"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGHUP)],
    ids=["Ctrl-C", "terminate", "hang up"],
)
def test_what_stops_the_grader_ends_the_workers_and_leaves_a_gradebook_that_can_be_read(course, stop, number):
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
    stop(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - pressed < 8
    assert process.returncode == 130
    assert "stopped; 2 of 6 submissions are graded and recorded" in errors
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(helpers, timeout=5)
    assert alive == []
    assert course.points() == {"ada": [1, 2], "bo": [1, 2]}
