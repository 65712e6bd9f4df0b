"""A learner sees points, what is open and the last message, from the notebooks as they were saved."""

import os

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_output
from small_course import cell_of

from autograder import cli
from autograder.grading.progress import progress_of

MESSAGE = "many_to_many: y is wrong.\n  The bias by is not added."


def saved(course, work, *, count="rnn_parameter_count: right. It is.", many=None, error=None):
    """Save a notebook in which the checks said this."""
    notebook = course.right()
    if count:
        cell_of(notebook, "check-rnn-parameter-count").outputs = [new_output("stream", text=f"{count}\n")]
    cell = cell_of(notebook, "check-many-to-many")
    cell.execution_count = 9
    if many:
        cell.outputs = [new_output("stream", text=many)]
    if error:
        cell.outputs = [new_output("error", ename=error[0], evalue=error[1], traceback=error[1].splitlines())]
    work.mkdir(exist_ok=True)
    nbformat.write(notebook, work / "ps2.ipynb")
    return progress_of(course.source, work / "ps2.ipynb")


def shown(course, *more):
    result = CliRunner().invoke(cli.main, ["progress", "--course", str(course.folder), *more])
    return result.exit_code, " ".join(result.output.split())


def test_points_open_questions_and_the_last_message_are_read_without_running_anything(course, tmp_path):
    work = course.folder / "my-work"
    found = saved(course, work, error=("CheckFailed", MESSAGE))
    assert (found.points, found.max_points, found.right, found.asked) == (1, 3, 1, 2)
    assert found.open == ("many_to_many",)
    assert found.message == MESSAGE
    code, said = shown(course)
    assert code == 0
    assert "1 of 3 │ 1 of 2 │ many_to_many" in said
    assert "The last message, in ps2, many_to_many: many_to_many: y is wrong. The bias by is not added." in said
    assert "grade " in said
    assert (work / "ps2.ipynb").stat().st_mtime == found.saved_at


def test_all_right_is_said_so(course):
    saved(course, course.folder / "my-work", many="many_to_many: right. Every step.\n")
    code, said = shown(course)
    assert code == 0
    assert "3 of 3 │ 2 of 2 │ nothing: all right" in said
    assert "last message" not in said


@pytest.mark.parametrize(
    ("how", "points", "message"),
    [
        ({"count": None}, 0, ""),
        ({"count": "rnn_parameter_count: right of me"}, 0, "rnn_parameter_count: right of me"),
        ({"error": ("NotAnswered", "many_to_many is still the stub.")}, 1, "many_to_many is still the stub."),
        ({"error": ("NameError", "name 'check' is not defined")}, 1, "NameError: name 'check' is not defined"),
    ],
)
def test_only_what_a_check_has_found_right_counts(course, tmp_path, how, points, message):
    found = saved(course, tmp_path / "work", **how)
    assert (found.points, found.message) == (points, message)


def test_a_set_that_is_not_begun_and_a_file_that_cannot_be_read_are_said_so(course, tmp_path):
    assert not progress_of(course.source, tmp_path / "ps2.ipynb").begun
    for content in (b"{", b'{"cells": 3}', b"[]", b"\xff", b'{"cells": [{}]}'):
        (tmp_path / "ps2.ipynb").write_bytes(content)
        found = progress_of(course.source, tmp_path / "ps2.ipynb")
        assert (found.begun, found.trouble) == (False, "cannot be read")


def test_a_folder_without_notebooks_and_one_without_a_course_are_refused_in_one_sentence(course, tmp_path):
    code, said = shown(course)
    assert code == 2
    assert said.startswith("Error: there is none of your notebooks in")
    assert "`make learn` puts them there" in said
    result = CliRunner().invoke(cli.main, ["progress", "--course", str(tmp_path)])
    assert result.exit_code == 2
    assert "holds no course" in result.output


def test_the_message_shown_is_that_of_the_notebook_that_was_saved_last(course):
    work = course.folder / "my-work"
    other = course.folder / "solutions" / "ps3"
    other.mkdir()
    notebook = nbformat.read(course.source, as_version=4)
    nbformat.write(notebook, other / "ps3.ipynb")
    saved(course, work, error=("CheckFailed", "of ps2"))
    (work / "ps3.ipynb").write_text((work / "ps2.ipynb").read_text().replace("of ps2", "of ps3"))
    os.utime(work / "ps2.ipynb", (2e9, 2e9))
    assert "The last message, in ps2, many_to_many: of ps2" in shown(course)[1]
