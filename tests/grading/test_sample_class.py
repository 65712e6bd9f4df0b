"""The sample class gets the points that stand beside it, whatever was handed in."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.grading.assignment import Assignment

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "sample_class"
EXPECTED = tomllib.loads((SAMPLE / "expected.toml").read_text())


def snapshot(folder):
    """Return every file below a folder with its size and time of change."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def points_in(gradebook_file, name):
    """Return the points that nbgrader's gradebook holds, by student and question."""
    assignment = Assignment.read(ROOT / "solutions" / name / f"{name}.ipynb")
    with Gradebook(f"sqlite:///{gradebook_file}") as gradebook:
        return {
            submission.student.id: {
                cell.check: gradebook.find_grade(cell.grade_id, name, name, submission.student.id).score
                for cell in assignment.graded_cells
            }
            for submission in gradebook.assignment_submissions(name)
        }


def grade(name, room, *students):
    """Grade one set of the sample class, or some students' only, in a room of its own; return the ended command."""
    shutil.copytree(SAMPLE / "submitted", room / "submitted")
    command = [sys.executable, "-m", "autograder", "grade", name, "--classroom", room, "--jobs", "2", "--timeout", "3"]
    command += [f"--student={student}" for student in students]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_question_of_the_sample_class_gets_the_expected_points(name, tmp_path):
    room = tmp_path
    if made := os.environ.get("UNROLLED_SAMPLE"):
        room = ROOT / made  # make has graded it
    else:
        grade(name, room)
    assert points_in(room / "gradebook.db", name) == {
        student: dict(zip(EXPECTED[name]["questions"], points, strict=True))
        for student, points in EXPECTED[name]["points"].items()
    }
    pages = {path.parent.parent.name for path in room.glob(f"feedback/*/{name}/{name}.html")}
    assert pages == set(EXPECTED[name]["points"])


@pytest.mark.slow
def test_who_cannot_be_graded_is_told_why_and_nothing_of_the_course_is_touched(tmp_path):
    name = next(name for name, expected in EXPECTED.items() if expected["not_graded"])
    instructors = ROOT / "classroom"
    before = snapshot(instructors), snapshot(ROOT / "exercises"), snapshot(SAMPLE)
    done = grade(name, tmp_path, *EXPECTED[name]["not_graded"], next(iter(EXPECTED[name]["points"])))
    assert done.returncode == 1
    shown = " ".join(done.stdout.replace("│", " ").split())
    assert [reason for reason in EXPECTED[name]["not_graded"].values() if reason not in shown] == []
    assert (snapshot(instructors), snapshot(ROOT / "exercises"), snapshot(SAMPLE)) == before
    assert "Traceback" not in done.stdout + done.stderr


def test_expected_points_are_there_for_every_submission_and_none_besides():
    handed_in = {
        name: {path.parent.parent.name for path in SAMPLE.glob(f"submitted/*/{name}/{name}.ipynb")} for name in EXPECTED
    }
    assert handed_in == {name: {*table["points"], *table["not_graded"]} for name, table in EXPECTED.items()}
    assert sum(map(len, handed_in.values())) == len(list(SAMPLE.glob("submitted/*/*/*")))


def test_notebooks_of_the_sample_class_name_no_folder_of_the_machine_they_were_made_on():
    for path in SAMPLE.rglob("*.ipynb"):
        text = path.read_text()
        assert str(ROOT) not in text, path
        assert "/home/" not in text, path
