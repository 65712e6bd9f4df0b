"""A submission is brought back into a form that can be graded, whatever was done to it."""

import copy
import json
import os
import random
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.grading.assignment import Assignment, check_name, is_for_play
from autograder.grading.repair import (
    UnreadableSubmission,
    _defined,
    files_below,
    read_submission,
    reading_takes_at_most,
    repair,
)

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "solutions" / "ps3" / "ps3.ipynb"
ASSIGNMENT = Assignment.read(SOURCE)
RELEASE = nbformat.read(ROOT / "exercises" / "ps3" / "ps3.ipynb", as_version=4)
CHECK, ANSWER = "check-rnn-backward", "rnn-backward"


@pytest.fixture
def release():
    return copy.deepcopy(RELEASE)


def position(notebook, grade_id):
    (found,) = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return found


def cell(notebook, grade_id):
    return notebook.cells[position(notebook, grade_id)]


def grade_ids(notebook):
    return [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]


def assert_in_order(notebook):
    """Every cell of the assignment stands once, with the assignment's metadata, locked ones as they were released."""
    assert sorted(grade_ids(notebook)) == sorted(cell.grade_id for cell in ASSIGNMENT.cells)
    for source_cell in ASSIGNMENT.cells:
        found = cell(notebook, source_cell.grade_id)
        assert found.metadata.nbgrader == source_cell.metadata
        assert found.cell_type == source_cell.cell_type
        assert not source_cell.locked or found.source == source_cell.source
    nbformat.validate(notebook)


def test_a_release_is_in_order_and_nothing_is_said_about_it(release):
    repaired, remarks = repair(release, ASSIGNMENT)
    assert remarks == []
    assert_in_order(repaired)
    assert [cell.source for cell in repaired.cells] == [cell.source for cell in release.cells]


def test_of_a_duplicated_answer_the_last_is_graded_and_both_stay(release):
    number = position(release, ANSWER)
    twin = copy.deepcopy(release.cells[number])
    twin.source = "def rnn_backward(dh, cache):\n    return 2"
    release.cells.insert(number + 1, twin)
    repaired, remarks = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert cell(repaired, ANSWER).source == twin.source
    assert release.cells[number].source in [cell.source for cell in repaired.cells]
    assert remarks == ["The cell rnn_backward stands 2 times; all copies were run, in their order."]


def test_of_a_duplicated_check_the_untouched_one_is_graded(release):
    number = position(release, CHECK)
    edited = copy.deepcopy(release.cells[number])
    edited.source = "print('right')"
    release.cells.insert(number, edited)
    repaired, _ = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert repaired.cells[number].source == "print('right')"
    assert "nbgrader" not in repaired.cells[number].metadata


@pytest.mark.parametrize(
    ("grade_id", "remark"),
    [
        (CHECK, 'The cell check("rnn_backward") was missing; it was put back.'),
        (ANSWER, "The answer cell rnn_backward is missing."),
        ("imports", 'The cell that begins "from typing import NamedTuple" was missing; it was put back.'),
    ],
)
def test_a_deleted_cell_comes_back_behind_the_one_it_follows(release, grade_id, remark):
    del release.cells[position(release, grade_id)]
    repaired, remarks = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert grade_ids(repaired) == [cell.grade_id for cell in ASSIGNMENT.cells]
    assert remarks == [remark]


def test_a_moved_cell_stays_where_the_student_put_it(release):
    release.cells.insert(0, release.cells.pop(position(release, CHECK)))
    repaired, remarks = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert position(repaired, CHECK) == 0
    assert remarks == []


@pytest.mark.parametrize("grade_id", [CHECK, ANSWER])
@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_code_cell_that_became_text_is_code_again(release, grade_id, kind):
    retyped = cell(release, grade_id)
    retyped.cell_type = kind
    del retyped["outputs"], retyped["execution_count"]
    repaired, _ = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert cell(repaired, grade_id).source == retyped.source


def test_cells_without_metadata_are_found_by_their_content(release):
    cell(release, "faded-steps").source = "faded_steps = 7"
    sources = [cell.source for cell in release.cells]
    for stripped in release.cells:
        stripped.metadata = {}
    repaired, remarks = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert remarks == [f"{len(ASSIGNMENT.cells)} cells had lost their metadata; they were found by their content."]
    assert [cell.source for cell in repaired.cells] == sources


def test_an_answer_without_metadata_is_found_though_its_helper_variables_are_others(release):
    answer = cell(release, "faded-steps")
    answer.metadata, answer.source = {}, "schritte = 17\nfaded_steps: int = schritte"
    repaired, remarks = repair(release, ASSIGNMENT)
    assert cell(repaired, "faded-steps").source == answer.source
    assert remarks == ["The cell faded_steps had lost its metadata; it was found by its content."]


@pytest.mark.parametrize(
    "metadata",
    [
        {"schema_version": 99},
        {"points": 1000},
        {"grade": False},
        {"solution": True},
        {"locked": False},
        {"points": "many", "schema_version": None},
    ],
)
def test_changed_metadata_are_set_back(release, metadata):
    cell(release, CHECK).metadata.nbgrader.update(metadata)
    repaired, _ = repair(release, ASSIGNMENT)
    assert_in_order(repaired)


def test_a_locked_cell_that_was_edited_is_set_back_and_told(release):
    cell(release, "rnn-forward").source = "def rnn_forward(*a):\n    return 0"
    repaired, remarks = repair(release, ASSIGNMENT)
    assert_in_order(repaired)
    assert remarks == ["The locked cell rnn_forward was changed; it was set back."]


def test_an_unknown_grade_id_is_an_ordinary_cell(release):
    release.cells[0].metadata["nbgrader"] = {"grade_id": "mine", "grade": True, "points": 50, "schema_version": 3}
    repaired, _ = repair(release, ASSIGNMENT)
    assert_in_order(repaired)


def test_html_in_a_students_text_becomes_text_and_ours_stays(release):
    text = "a <b>, $x<y$ and 1 < 2 > 0 <script>alert(1)</script> [x](javascript:alert(1))"
    release.cells += [
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_raw_cell(text),
        nbformat.v4.new_code_cell(text),
    ]
    repaired, _ = repair(release, ASSIGNMENT)
    safe = "a &lt;b>, $x&lt;y$ and 1 < 2 > 0 &lt;script>alert(1)&lt;/script> [x]\u200b(javascript:alert(1))"
    assert [cell.source for cell in repaired.cells[-3:]] == [safe, safe, text]


def test_cells_with_the_same_id_get_ids_of_their_own(release):
    for same in release.cells:
        same.id = "same"
    repaired, _ = repair(release, ASSIGNMENT)
    assert len({cell.id for cell in repaired.cells}) == len(repaired.cells)
    nbformat.validate(repaired)


def test_repair_leaves_its_argument_alone_and_changes_nothing_the_second_time(release):
    del release.cells[position(release, CHECK)]
    before = copy.deepcopy(release)
    once, _ = repair(release, ASSIGNMENT)
    twice, remarks = repair(once, ASSIGNMENT)
    assert release == before
    assert twice == once
    assert remarks == []


def sources_for_play(notebook):
    return [cell.source for cell in notebook.cells if is_for_play(cell)]


def test_cells_for_play_keep_their_tag_also_when_they_were_changed_or_lost_it(release):
    expected = sources_for_play(release)
    assert len(expected) == len(ASSIGNMENT.now_run_it) == 4
    release.cells[position_of(release, expected[0])].metadata = {}
    release.cells[position_of(release, expected[1])].source += "\n\n"
    release.cells[position_of(release, expected[2])].metadata = {"tags": ["now-run-it", "hide", 3]}
    repaired, remarks = repair(release, ASSIGNMENT)
    assert [source.strip() for source in sources_for_play(repaired)] == expected
    assert remarks == []
    assert all(cell.metadata.get("tags", ["now-run-it"]) == ["now-run-it"] for cell in repaired.cells)


def position_of(notebook, source):
    return [cell.source for cell in notebook.cells].index(source)


@pytest.mark.parametrize("tags", ["now-run-it", ["now-run-it "], {"now-run-it": 1}, None, 7])
def test_a_tag_of_another_form_is_none(release, tags):
    release.cells.append(nbformat.v4.new_code_cell("x = 1"))
    release.cells[-1].metadata["tags"] = tags
    repaired, _ = repair(release, ASSIGNMENT)
    assert not is_for_play(repaired.cells[-1])


def test_an_answer_and_a_check_with_the_tag_are_run_as_ever(release):
    for grade_id in (ANSWER, CHECK):
        cell(release, grade_id).metadata["tags"] = ["now-run-it"]
    repaired, _ = repair(release, ASSIGNMENT)
    assert not is_for_play(cell(repaired, ANSWER))
    assert not is_for_play(cell(repaired, CHECK))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 25))
def test_whatever_is_shuffled_copied_deleted_or_damaged_every_graded_cell_stands_once(seed, changes):
    rng = random.Random(seed)
    notebook = copy.deepcopy(RELEASE)
    for _ in range(changes):
        number = rng.randrange(len(notebook.cells)) if notebook.cells else 0
        action = rng.choice(["shuffle", "copy", "delete", "retype", "strip", "odd metadata", "odd source", "empty"])
        if not notebook.cells or action == "empty":
            notebook.cells.append(nbformat.v4.new_code_cell(rng.choice(["", "\x00", "def f(:", "check('x')"])))
        elif action == "shuffle":
            rng.shuffle(notebook.cells)
        elif action == "copy":
            notebook.cells.insert(rng.randrange(len(notebook.cells)), copy.deepcopy(notebook.cells[number]))
        elif action == "delete":
            del notebook.cells[number]
        elif action == "retype":
            notebook.cells[number].cell_type = rng.choice(["code", "markdown", "raw", "heading", None])
        elif action == "strip":
            notebook.cells[number].metadata = rng.choice(
                [{}, None, [], {"nbgrader": []}, {"nbgrader": {}}, {"tags": [[]]}]
            )
        elif action == "odd metadata":
            odd = rng.choice([1, "x", {"grade_id": 3}, {"grade_id": CHECK}, {"grade_id": "\n", "points": "\ud800"}])
            notebook.cells[number].metadata = {"nbgrader": odd}
        else:
            notebook.cells[number].source = rng.choice(["\ud800", ["a", "b"], 7, None, "(" * 500, "x\r\ny"])
    repaired, remarks = repair(notebook, ASSIGNMENT)
    assert_in_order(repaired)
    assert all(isinstance(remark, str) for remark in remarks)
    nbformat.writes(repaired).encode()


def submission(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "ps3.ipynb").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"cells": [', "is not JSON"),
        ("", "is not JSON"),
        ("[]", "is not"),
        ("[" * 100_000, "ps3.ipynb is not"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "is not a readable notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', "is not a readable notebook"),
        ('{"nbformat": 77, "cells": []}', "is not a readable notebook"),
    ],
)
def test_what_is_not_a_notebook_is_refused_with_a_reason(tmp_path, text, reason):
    with pytest.raises(UnreadableSubmission, match=reason):
        read_submission(submission(tmp_path / "s", text), "ps3")


def test_a_notebook_of_an_older_format_is_read(tmp_path):
    old = nbformat.convert(copy.deepcopy(RELEASE), 3)
    folder = submission(tmp_path / "s", json.dumps(old))
    repaired, _ = repair(read_submission(folder, "ps3"), ASSIGNMENT)
    assert_in_order(repaired)


def test_a_submission_that_holds_links_pipes_or_far_too_much_is_refused(tmp_path):
    folder = submission(tmp_path / "s", nbformat.writes(RELEASE))
    read_submission(folder, "ps3")

    (folder / "notes").mkdir()
    (folder / "notes" / "data.txt").symlink_to(SOURCE)
    with pytest.raises(UnreadableSubmission, match=r"symbolic link \(notes/data.txt\)"):
        read_submission(folder, "ps3")
    (folder / "notes" / "data.txt").unlink()

    with (folder / "ps3.ipynb").open("a") as file:
        file.truncate(21_000_000)
    with pytest.raises(UnreadableSubmission, match="larger than 20 MB"):
        read_submission(folder, "ps3")

    (folder / "ps3.ipynb").unlink()
    (folder / "PS3 final.ipynb").touch()
    with pytest.raises(UnreadableSubmission, match=r"no notebook ps3.ipynb in it \(notebooks there: PS3 final.ipynb\)"):
        read_submission(folder, "ps3")

    os.mkfifo(folder / "ps3.ipynb")
    with pytest.raises(UnreadableSubmission, match=r"no notebook ps3.ipynb"):
        read_submission(folder, "ps3")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    y = x\n    return y", {"f"}),
        ("async def f():\n    pass\n\nclass Layer:\n    size = 1", {"f", "Layer"}),
        ("a = 1\nb, c = 2, 3\nd: float = 4.0\ne = f = 5", {"a", "b", "c", "d", "e"}),
        ("a == 1\nf(a=1)\nif a:\n    b = 2\nx[0] = 1\n# def g\n", set()),
        ("def broken(:\n    retur", {"broken"}),
    ],
)
def test_what_a_cell_defines_is_seen_at_the_left_edge_also_where_it_does_not_parse(source, names):
    assert _defined(source) == names


@pytest.mark.parametrize(
    "source", ["(" * 5000 + "a", "def f(" + "a=(" * 3000, "check(" * 9999, "a," * 100_000 + "=", "{" * 99]
)
def test_a_cell_that_the_parser_chokes_on_costs_the_grader_nothing(source):
    started = time.process_time()
    _defined(source)
    assert check_name(source) is None
    assert time.process_time() - started < 0.5


def test_a_check_is_one_call_with_a_name():
    assert check_name(' check("rnn_forward")\n') == check_name("check( 'rnn_forward' )") == "rnn_forward"
    for other in (
        'check("a", seed=1)',
        'check("a"); x',
        'check("a")\ncheck("b")',
        'x = check("a")',
        "check(a)",
        'check("")',
    ):
        assert check_name(other) is None


SLOW = "x:" + " " * 60_000 + "!"


@pytest.mark.parametrize("source", [SLOW, "x" + " " * 60_000, "x" + ",a" * 60_000 + ":" + " " * 60_000 + "!"])
def test_a_line_that_a_pattern_would_divide_in_every_way_costs_the_grader_nothing(source):
    started = time.process_time()
    assert _defined(source) == set()
    assert time.process_time() - started < 0.5


def many(text, count):
    return f"[{','.join([text] * count)}]"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (lambda text: text[:-1] + f', "more": {many("{}", 500_000)}}}', "holds more than 200,000 values"),
        (lambda text: text[:-1] + f', "more": {many("[]", 500_000)}}}', "holds more than 200,000 values"),
        (lambda text: f'{{"nbformat": 4, "cells": {many("7", 2001)}}}', "has 2,001 cells; up to 2,000"),
        (lambda text: text[:-1] + ', "more": "' + '\\"' * 500_000, "is not JSON"),
    ],
)  # fmt: skip
def test_json_that_would_take_gigabytes_and_minutes_is_refused_before_it_is_read(tmp_path, more, reason):
    (tmp_path / "ps3").mkdir()
    text = nbformat.writes(new_notebook())
    (tmp_path / "ps3" / "ps3.ipynb").write_text(more(text))
    started = time.process_time()
    with pytest.raises(UnreadableSubmission, match=reason):
        read_submission(tmp_path / "ps3", "ps3")
    assert time.process_time() - started < 1


def test_commas_in_what_was_printed_are_no_values(tmp_path):
    (tmp_path / "ps3").mkdir()
    printed = new_output("stream", text='"1, [2], {3}", ' * 100_000)
    nbformat.write(new_notebook(cells=[new_code_cell("x", outputs=[printed])]), tmp_path / "ps3" / "ps3.ipynb")
    assert [cell.source for cell in read_submission(tmp_path / "ps3", "ps3").cells] == ["x"]


def test_reading_is_stopped_when_it_has_taken_its_time():
    stopped = pytest.raises(UnreadableSubmission, match=r"stopped after 0.1 s of the grader's time")
    with stopped, reading_takes_at_most(0.1):
        while True:
            pass
    with reading_takes_at_most(0.1):
        time.sleep(0.3)


def test_cell_ids_that_stand_twice_are_not_told_on_the_terminal_one_by_one(tmp_path, recwarn):
    (tmp_path / "ps3").mkdir()
    notebook = new_notebook(cells=[new_code_cell(str(number), id="same") for number in range(3)])
    (tmp_path / "ps3" / "ps3.ipynb").write_text(json.dumps(notebook))
    recwarn.clear()
    assert len(read_submission(tmp_path / "ps3", "ps3").cells) == 3
    assert [str(warning.message) for warning in recwarn] == []


def test_folders_of_any_depth_and_number_are_looked_through(tmp_path, monkeypatch):
    deep, here = tmp_path / "ps3", os.getcwd()
    deep.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("x")]), deep / "ps3.ipynb")
    os.chdir(deep)
    for _ in range(2500):
        os.mkdir("a")
        os.chdir("a")
    os.chdir(here)
    assert len(read_submission(deep, "ps3").cells) == 1
    assert 2000 < len(list(files_below(deep))) <= 2501
    monkeypatch.setattr("autograder.grading.repair.MAX_FILES_SEEN", 100)
    assert len(list(files_below(deep))) == 100
    subprocess.run(["rm", "-rf", deep], check=True)  # which pytest cannot do
