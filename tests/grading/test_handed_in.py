"""Nobody vanishes: what lies in the wrong place, or is not what it should be, is named with its reason."""

import os
import shutil
import subprocess

import nbformat
import pytest
from nbgrader.api import Gradebook
from small_course import ROOT
from test_trouble import said

from autograder.grading.assignment import Assignment
from autograder.grading.handed_in import find_misplaced, find_submissions
from autograder.grading.repair import UnreadableSubmission, read_submission, which_assignment

NAMES = ["ps2", "ps3", "ps10"]


def put(folder, *places):
    """Put an empty file at each place below a folder."""
    for place in places:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("place", "student", "reason"),
    [
        ("ada/ps3.ipynb", "ada", "its notebook ps3.ipynb lies outside of the folder ps3; move it to ps3/ps3.ipynb."),
        ("ada/homework.ipynb", "ada", "its notebook homework.ipynb lies outside of the folder ps3"),
        ("ada/PS3/ps3.ipynb", "ada", "its folder PS3 is not called ps3; what is to be graded goes to ps3/ps3.ipynb."),
        ("ada/ps 03 (1)/deep/x.ipynb", "ada", "its folder ps 03 (1) is not called ps3"),
        ("ada_ps3.ipynb", "ada_ps3.ipynb", "it lies in submitted itself, and nobody knows whose it is"),
        ("notebook.ipynb", "notebook.ipynb", "it lies in submitted itself, and nobody knows whose it is"),
        ("ps3/ada/ps3.ipynb", "ps3", "a folder of this name stands where a student's belongs"),
    ],
)
def test_what_lies_in_the_wrong_place_is_found(tmp_path, place, student, reason):
    put(tmp_path, place)
    found = find_misplaced(tmp_path, "ps3", NAMES)
    assert list(found) == [student]
    assert found[student].startswith(reason)
    assert find_submissions(tmp_path, "ps3") == []


@pytest.mark.parametrize(
    "place",
    [
        "ada/ps3/ps3.ipynb",
        "ada/ps2/ps2.ipynb",
        "ada/ps2.ipynb",
        "ada/ps31.ipynb",
        "ps2.ipynb",
        "ada/PS3/notes.txt",
        "ada/.ipynb_checkpoints/ps3.ipynb",
        "ada/ps3/ps3-copy.ipynb",
        "ada/ps10/ps10.ipynb",
    ],
)
def test_what_is_in_its_place_or_belongs_to_another_set_is_not_reported(tmp_path, place):
    put(tmp_path, place)
    found = find_misplaced(tmp_path, "ps3", [*NAMES, "ps31"])
    assert found == {}


def test_a_second_copy_beside_the_one_that_is_graded_is_told(tmp_path):
    put(tmp_path, "ada/ps3/ps3.ipynb", "ada/PS3/ps3.ipynb")
    assert "its folder PS3 is not called ps3 and was not looked at" in find_misplaced(tmp_path, "ps3", NAMES)["ada"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("ps3.ipynb/ps3.ipynb", "ps3.ipynb is a folder, not a notebook (in it: ps3.ipynb/ps3.ipynb)"),
        ("ps3/ps3.ipynb", "its notebook lies too deep, at ps3/ps3/ps3.ipynb; move it to ps3/ps3.ipynb"),
        ("Untitled.ipynb", "there is no notebook ps3.ipynb in it (notebooks there: Untitled.ipynb)"),
    ],
)
def test_a_folder_without_the_notebook_says_what_is_there_instead(tmp_path, place, reason):
    put(tmp_path / "ps3", place)
    with pytest.raises(UnreadableSubmission) as refused:
        read_submission(tmp_path / "ps3", "ps3")
    assert str(refused.value) == reason


def release(name):
    """Return the notebook of a set as students get it."""
    return nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)


def assignment(name):
    """Return a set of the course."""
    return Assignment.read(ROOT / "solutions" / name / f"{name}.ipynb")


def test_the_notebook_of_another_set_is_called_by_its_name():
    others = [assignment(name) for name in ("ps2", "ps4")]
    said = which_assignment(release("ps2"), assignment("ps3"), others)
    assert said.startswith(f"this is not {assignment('ps3').title}, but {assignment('ps2').title}: ")


def test_a_notebook_of_nothing_is_said_so():
    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hello')")])
    said = which_assignment(empty, assignment("ps3"), [assignment("ps2")])
    assert said == f"this is not {assignment('ps3').title}: none of its questions is in the notebook"


@pytest.mark.parametrize("keep", ["metadata", "checks", "answers"])
def test_a_notebook_is_known_by_whatever_is_left_of_its_questions(keep):
    notebook = nbformat.read(ROOT / "solutions" / "ps3" / "ps3.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if keep != "answers" or not cell.source.startswith("check(")]
    for cell in notebook.cells:
        if keep != "metadata":
            cell.metadata = {}
        elif cell.source.startswith("check("):
            cell.source = "1"
    assert which_assignment(notebook, assignment("ps3"), [assignment("ps2")]) == ""


def test_everybody_is_in_the_table_with_a_reason(course):
    course.submit("ada")
    for student, place in (("bo", "bo/ps2.ipynb"), ("cy", "cy/PS2/ps2.ipynb")):
        target = course.room / "submitted" / place
        target.parent.mkdir(parents=True)
        shutil.copy(course.source, target)
        assert student not in course.points()
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert result.exit_code == 1
    assert "its notebook ps2.ipynb lies outside of the folder ps2" in said(result)
    assert "its folder PS2 is not called ps2" in said(result)
    assert "Not graded: bo, cy." in said(result)
    assert course.points() == {"ada": [1, 2]}


def test_a_folder_that_is_a_link_to_another_students_gets_nothing(course):
    course.submit("ada")
    (course.room / "submitted" / "mallory").symlink_to("ada")
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert result.exit_code == 1
    assert "its folder is a symbolic link to another one; submit plain files." in said(result)
    assert course.points() == {"ada": [1, 2]}


def test_a_notebook_that_is_another_students_under_another_name_gets_nothing(course):
    path = course.submit("zoe")
    other = course.room / "submitted" / "mallory" / "ps2"
    other.mkdir(parents=True)
    os.link(path, other / "ps2.ipynb")
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert "its notebook is the notebook of zoe under another name (a hard link)" in said(result)
    assert course.points() == {"zoe": [1, 2]}


def test_the_courses_own_notebook_under_another_name_gets_nothing(course):
    (course.room / "submitted" / "mallory" / "ps2").mkdir(parents=True)
    os.link(course.source, course.room / "submitted" / "mallory" / "ps2" / "ps2.ipynb")
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert "its notebook is the course's own notebook under another name (a hard link)" in said(result)
    assert course.points() == {}


def test_a_notebook_that_has_another_name_outside_of_the_class_is_graded_as_any(course):
    os.link(course.submit("ada"), course.folder / "snapshot.ipynb")
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert course.points() == {"ada": [1, 2]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_linked_file_is_theirs_to_whom_its_folder_belongs_as_well(course):
    path = course.submit("ada")
    other = course.submit("mallory")
    other.unlink()
    os.link(path, other)
    for place, owner in ((path, 4001), (path.parent, 4001), (other.parent, 4002)):
        os.chown(place, owner, -1)
    os.utime(path.parent)  # a change of its folder does not take it from ada
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert course.points() == {"ada": [1, 2]}


def test_a_folder_in_the_wrong_place_may_be_thousands_of_folders_deep(tmp_path):
    put(tmp_path, "ada/PS3/ps3.ipynb")
    here = os.getcwd()
    os.chdir(tmp_path / "ada" / "PS3")
    for _ in range(1500):
        os.mkdir("a")
        os.chdir("a")
    os.chdir(here)
    (tmp_path / "ada" / "PS3" / "ps3.ipynb").unlink()
    assert find_misplaced(tmp_path, "ps3", NAMES) == {}
    subprocess.run(["rm", "-rf", tmp_path / "ada"], check=True)  # which pytest cannot do


def test_whoever_is_not_on_the_roster_is_graded_and_named_where_there_is_a_roster(course):
    for student in ("ada", "aad"):
        course.submit(student)
    without = course.run("grade", "ps2", "--jobs", "1", "--no-feedback").output
    assert "roster" not in without
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_student("ada", last_name="Lovelace")
        gradebook.update_or_create_student("bo", email="bo@example.org")
    said = " ".join(course.run("grade", "ps2", "--jobs", "1", "--no-feedback").output.split())
    assert "aad not among the 2 of the roster; rename the folder if it is misspelled, or add the student" in said
    assert "ada not among" not in said
    assert course.points() == {"ada": [1, 2], "aad": [1, 2]}
    report = " ".join(course.run("report", "ps2").output.split())
    assert "- aad: not among the 2 of the roster" in report
    assert "- bo: not handed in" in report
