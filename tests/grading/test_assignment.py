"""What an assignment's source notebook says about its questions."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small_course import ROOT

from autograder.grading.assignment import Assignment, assignment_names, source_notebook

ROLE = {"grade": False, "locked": False, "schema_version": 3, "solution": True, "task": False}
CHECK = {"grade": True, "locked": True, "points": 1, "schema_version": 3, "solution": False, "task": False}


def test_a_question_is_called_by_the_heading_that_it_stands_under(tmp_path):
    notebook = new_notebook(
        cells=[
            new_code_cell("# not a title"),
            new_markdown_cell("# Problem set 9: Short\n\n## Before"),
            new_markdown_cell("## 3. ★ How far (and back)? (1 + 1 points)\n\nText.\n\n### a smaller heading"),
            new_markdown_cell("## of the student", metadata={"nbgrader": {**ROLE, "grade_id": "an-answer"}}),
            new_code_cell('check("faded_steps")', metadata={"nbgrader": {**CHECK, "grade_id": "one"}}),
            new_markdown_cell("## ★ More (extra, no points)"),
            new_code_cell('check("rnn_forward")', metadata={"nbgrader": {**CHECK, "grade_id": "two"}}),
        ]
    )
    path = tmp_path / "ps3.ipynb"
    nbformat.write(notebook, path)
    assignment = Assignment.read(path)
    assert assignment.title == "Problem set 9: Short"
    assert [cell.heading for cell in assignment.graded_cells] == ["3. How far (and back)?", "More"]
    assert "# not a title" in assignment.given
    assert "## of the student" not in assignment.given


def test_every_question_of_the_course_stands_under_a_heading():
    for name in assignment_names(ROOT):
        assignment = Assignment.read(source_notebook(ROOT, name))
        assert assignment.title.startswith("Problem set ")
        for cell in (*assignment.graded_cells, *assignment.written_cells):
            assert cell.heading, cell.grade_id
            assert "point" not in cell.heading
