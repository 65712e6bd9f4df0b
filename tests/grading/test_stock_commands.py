"""nbgrader's own commands work in a fresh clone, in an environment that nobody has activated."""

import csv
import json
import shutil
import subprocess
import sys
import zipfile
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


def run(clone, *arguments):
    """Run a command as one does who has not activated the environment."""
    program = Path(sys.executable).with_name("nbgrader")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(clone.parent)}
    return subprocess.run(
        [program, *arguments], cwd=clone, env=environment, capture_output=True, text=True, timeout=300
    )


def nbgrader(clone, *arguments):
    """Run a command, and return what it says."""
    done = run(clone, *arguments)
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


def test_a_release_stays_when_nbgrader_cannot_make_the_new_one(clone):
    release = clone / "exercises" / "ps2" / "ps2.ipynb"
    release.parent.mkdir(parents=True)
    release.write_text("the release that is committed")
    source = clone / "solutions" / "ps2" / "ps2.ipynb"
    broken = json.loads(source.read_text())
    broken["cells"] += [cell for cell in broken["cells"] if "nbgrader" in cell["metadata"]]  # every grade_id twice
    source.write_text(json.dumps(broken))
    done = run(clone, "generate_assignment", "ps2", "--create", "--force")
    assert done.returncode != 0
    assert release.read_text() == "the release that is committed"
    assert [path.name for path in release.parent.iterdir()] == ["ps2.ipynb"]


def test_downloads_from_canvas_and_moodle_are_collected_into_the_classroom(clone):
    archive = clone / "classroom" / "downloaded" / "ps2" / "archive"
    archive.mkdir(parents=True)
    handed_in = (ROOT / "exercises" / "ps2" / "ps2.ipynb").read_bytes()
    with zipfile.ZipFile(archive / "submissions.zip", "w") as canvas:
        canvas.writestr("lovelaceada_12345_67890_ps2.ipynb", handed_in)
        canvas.writestr("bobo_LATE_12346_67891_ps2-1.ipynb", handed_in)
    with zipfile.ZipFile(archive / "Course-Set 2-1234.zip", "w") as moodle:
        moodle.writestr("Cy Young_987_assignsubmission_file_/ps2.ipynb", handed_in)
    before = {path.name for path in clone.iterdir()}
    nbgrader(clone, "zip_collect", "ps2")
    found = sorted(path.parent.parent.name for path in clone.glob("classroom/submitted/*/ps2/ps2.ipynb"))
    assert found == ["Cy Young", "bobo", "lovelaceada"]
    assert {path.name for path in clone.iterdir()} - before <= {".nbgrader.log"}


@pytest.mark.long
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
    pages = sorted(clone.glob("classroom/feedback/*/ps2/ps2.html"))
    assert len(pages) == 2
    ada, bo = (page.read_text() for page in pages)  # our page, though no record says what the verdicts were
    assert ada.count('class="verdict right') == 8
    assert bo.count('class="verdict wrong') == 8
    assert "<script" not in ada + bo
    nbgrader(clone, "db", "upgrade")
    assert "bo (Bo, None)" in nbgrader(clone, "db", "student", "list")
