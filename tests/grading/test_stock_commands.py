"""nbgrader's own commands work in a fresh clone, in an environment that nobody has activated."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A copy of the course as nbgrader needs it, where no command has been run yet."""
    folder = tmp_path / "clone"
    for name in ("autograder", "solutions"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


def nbgrader(clone, *arguments):
    """Run a command as one does who has not activated the environment, and return what it says."""
    program = Path(sys.executable).with_name("nbgrader")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(clone.parent)}
    done = subprocess.run(
        [program, *arguments], cwd=clone, env=environment, capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "ERROR" not in said
    return said


@pytest.mark.parametrize("command", ["db student list", "export"])
def test_a_command_may_be_the_first_one_in_a_fresh_clone(clone, command):
    nbgrader(clone, *command.split())
    assert (clone / "classroom" / "gradebook.db").is_file()


def test_assignments_are_listed_in_a_fresh_clone(clone):
    assert "Released assignments:" in nbgrader(clone, "list")


def test_exercises_are_made_by_the_stock_command_in_a_fresh_clone(clone):
    nbgrader(clone, "generate_assignment", "ps2", "--create", "--force")
    made = json.loads((clone / "exercises" / "ps2" / "ps2.ipynb").read_text())
    assert made == json.loads((ROOT / "exercises" / "ps2" / "ps2.ipynb").read_text())


@pytest.mark.slow
def test_a_class_is_graded_by_stock_commands_alone(clone):
    nbgrader(clone, "generate_assignment", "ps2", "--create", "--force")
    nbgrader(clone, "db", "student", "add", "bo", "--last-name=Bo")
    for student, folder in (("ada", clone / "solutions"), ("bo", clone / "exercises")):
        shutil.copytree(folder / "ps2", clone / "classroom" / "submitted" / student / "ps2")
    nbgrader(clone, "autograde", "ps2")
    nbgrader(clone, "generate_feedback", "ps2")
    nbgrader(clone, "export")
    with (clone / "grades.csv").open(newline="") as lines:
        rows = {row["student_id"]: row for row in csv.DictReader(lines)}
    assert {student: float(row["score"]) for student, row in rows.items()} == {"ada": 16, "bo": 0}
    assert len(list(clone.glob("classroom/feedback/*/ps2/ps2.html"))) == 2
    nbgrader(clone, "db", "upgrade")
    assert "bo (Bo, None)" in nbgrader(clone, "db", "student", "list")
