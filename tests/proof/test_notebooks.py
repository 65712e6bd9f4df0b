"""The problem sets as notebooks: what a learner relies on in every one of them."""

import contextlib
import io
import re
import subprocess
import sys

import nbformat
import pytest

import solutions
from autograder.sets import QUESTIONS


def cells_of(set_name):
    return solutions.notebook_of(set_name).cells


def role(cell):
    """Return the nbgrader metadata of a cell, empty where it has none."""
    return cell.metadata.get("nbgrader", {})


def test_every_line_that_a_free_cell_promises_is_what_the_true_solution_prints(set_name):
    namespace = {"__name__": "__main__"}
    promised = 0
    for cell in cells_of(set_name):
        if cell.cell_type != "code" or role(cell).get("grade"):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(cell.source, cell.id, "exec"), namespace)
        lines = re.findall(r"# prints (.+)$", cell.source, re.MULTILINE)
        if lines:
            # NumPy breaks a matrix over several lines, a promise stands on one.
            assert printed.getvalue().split() == " ".join(lines).split(), cell.id
        promised += len(lines)
    assert promised > 0


def test_a_graded_cell_is_one_locked_line_that_calls_an_existing_check(set_name):
    graded = [cell for cell in cells_of(set_name) if role(cell).get("grade") and not role(cell)["solution"]]
    assert len(graded) > 0
    for cell in graded:
        match = re.fullmatch(r'check\("(\w+)"\)', cell.source)
        assert match, cell.source
        assert match.group(1) in QUESTIONS
        assert role(cell)["locked"]
        assert not role(cell)["solution"]


def test_every_question_has_a_solution_region_and_no_given_cell_has_one(set_name):
    for cell in cells_of(set_name):
        marks = cell.source.count("### BEGIN SOLUTION"), cell.source.count("### END SOLUTION")
        assert marks == ((1, 1) if role(cell).get("solution") else (0, 0)), cell.id


def test_cells_are_called_by_their_grade_ids(set_name):
    named = [cell for cell in cells_of(set_name) if role(cell)]
    assert [cell.id for cell in named] == [role(cell)["grade_id"] for cell in named]


def test_the_points_in_the_text_are_those_of_the_cells(set_name):
    cells = cells_of(set_name)
    points = {
        re.match(r'check\("(\w+)"\)', cell.source).group(1): role(cell)["points"]
        for cell in cells
        if role(cell).get("grade") and not role(cell)["solution"]
    }
    by_hand = {
        role(cell)["grade_id"]: role(cell)["points"]
        for cell in cells
        if role(cell).get("grade") and role(cell)["solution"]
    }
    table = cells[-1].source
    assert {n: int(p) for n, p in re.findall(r"`([\w-]+)`, read by a person \| (\d+)", table)} == by_hand
    stated = {name: int(number) for name, number in re.findall(r'`check\("(\w+)"\)` \| (\d+)', table)}
    assert stated == points
    assert f"| **{sum(points.values()) + sum(by_hand.values())}** |" in table


@pytest.mark.parametrize("hidden", ["autograder", "numpy"])
def test_the_first_cell_of_a_release_says_in_one_sentence_what_to_do_where_the_course_is_missing(set_name, hidden):
    release = nbformat.read(solutions.SOLUTIONS.parent / "exercises" / set_name / f"{set_name}.ipynb", as_version=4)
    first = next(cell.source for cell in release.cells if cell.cell_type == "code")
    assert first.count("\n") < 15
    without = f"import sys; sys.modules[{hidden!r}] = None\n"
    done = subprocess.run([sys.executable, "-c", without + first], capture_output=True, text=True)
    assert done.returncode == 1
    *trace, said = done.stderr.strip().splitlines()
    assert said == (
        "ImportError: This notebook runs inside the course Unrolled: press Solve here in the book, or type `make learn`"
        f" and open my-work/{set_name}.ipynb."
    )
    assert len(trace) <= 3
    assert "ModuleNotFoundError" not in done.stderr
    assert subprocess.run([sys.executable, "-c", first + "\ncheck, np.pi"]).returncode == 0


def test_the_first_question_stands_near_the_top(set_name):
    """A first success within two minutes: four code cells and 300 words before the first line that a learner writes."""
    before, cells = [], cells_of(set_name)
    for cell in cells:
        if role(cell).get("solution"):
            break
        before.append(cell)
    words = sum(len(re.sub(r"\$\$.*?\$\$", "", cell.source).split()) for cell in before if cell.cell_type == "markdown")
    assert words <= 300
    assert sum(cell.cell_type == "code" for cell in before) <= 4
    checks = [cell.source.startswith("check(") for cell in cells[len(before) + 1 :] if cell.cell_type == "code"]
    assert checks[:2] == [False, True]
