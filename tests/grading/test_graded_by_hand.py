"""An answer in words is graded by a person: found whatever was done to it, with a rubric, and counted in the export."""

import csv
import os
import subprocess
import sys
import urllib.request

import nbformat
import pytest
from formgrader import TOKEN, formgrader
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from small_course import cell_of

from autograder.grading.assignment import Assignment, AssignmentError
from autograder.grading.repair import repair

ASKED = "## In words (3 points)\n\nWhat does the network remember?"
RUBRIC = "One point for the state, two points for the weights."
SOURCE = f"### BEGIN SOLUTION\nThe state remembers the text.\n\n{RUBRIC}\n### END SOLUTION"
ROLE = {"grade": True, "grade_id": "in-words", "locked": False, "points": 3, "schema_version": 3, "solution": True,
        "task": False}  # fmt: skip
ANSWER = "It remembers what its **state** holds."


@pytest.fixture
def written(course):
    """The small course with a question in words at its end, worth three points."""
    notebook = nbformat.read(course.source, as_version=4)
    notebook.cells.append(new_markdown_cell(ASKED))
    notebook.cells.append(new_markdown_cell(SOURCE, id="in-words", metadata={"nbgrader": ROLE}))
    nbformat.write(notebook, course.source)
    return course


def handed_in(course, answer=ANSWER):
    """Return a notebook in which all is right, with this answer in words."""
    notebook = course.right()
    cell_of(notebook, "in-words").source = answer
    return notebook


def grade_of(course, student):
    """Return what the gradebook holds of the answer in words: by the machine, by hand, and whether it waits."""
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("in-words", "ps2", "ps2", student)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade


def give(course, student, points):
    """Give points by hand, as formgrader does."""
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("in-words", "ps2", "ps2", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def exported(course, tmp_path):
    """Return the score of every student and the largest possible, as nbgrader exports them."""
    program = os.path.join(os.path.dirname(sys.executable), "nbgrader")
    environment = {**os.environ, "UNROLLED_CLASSROOM": str(course.room)}
    command = [program, "export", "--to", str(tmp_path / "grades.csv")]
    subprocess.run(command, cwd=course.folder, env=environment, check=True, capture_output=True, timeout=120)
    with (tmp_path / "grades.csv").open(newline="") as lines:
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(lines)}


def test_an_answer_waits_for_a_person_counts_in_the_export_and_is_never_overwritten(written, tmp_path):
    written.submit("ada", handed_in(written))
    written.submit("bo", handed_in(written, "YOUR ANSWER HERE"))
    shown = written.run("grade", "ps2", "--jobs", "1", "--no-feedback").output
    assert "ps2: 3 points, and 3 by hand" in shown
    assert "to be read by a person, in formgrader: in-words" in shown
    assert grade_of(written, "ada") == (None, None, True)
    assert grade_of(written, "bo") == (0, None, False)  # nothing was answered, so that nobody has to read it
    report = written.run("report", "ps2").output
    table = [line.replace("│", " ").split() for line in report.splitlines()]
    assert ["ada", "1", "2", "…", "3"] in table
    assert ["bo", "1", "2", "0", "3"] in table
    assert "… not read yet by a person: 1 of 2;" in report
    give(written, "ada", 2.5)
    assert exported(written, tmp_path) == {"ada": (5.5, 6.0), "bo": (3.0, 6.0)}
    written.submit("ada", handed_in(written, "I have thought again."))
    written.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert grade_of(written, "ada")[1] == 2.5
    assert exported(written, tmp_path)["ada"] == (5.5, 6.0)
    file = tmp_path / "report.csv"
    written.run("report", "ps2", "--csv", str(file))
    with file.open(newline="") as lines:
        rows = list(csv.reader(lines))
    assert rows[0][:9] == [
        "student", "rnn_parameter_count", "many_to_many", "in-words",
        "checks", "by_hand", "extra_credit", "late_penalty", "total",
    ]  # fmt: skip
    assert rows[1][:9] == ["ada", "1.0", "2.0", "2.5", "3.0", "2.5", "0.0", "0.0", "5.5"]


def test_the_rubric_is_in_no_release_and_on_the_page_once_a_person_has_read_the_answer(written):
    written.submit("ada", handed_in(written))
    written.run("grade", "ps2", "--jobs", "1")
    release = (written.room / "release" / "ps2" / "ps2.ipynb").read_text()
    assert "YOUR ANSWER HERE" in release
    assert RUBRIC not in release
    graded = nbformat.read(written.room / "autograded" / "ada" / "ps2" / "ps2.ipynb", as_version=4)
    place = next(number for number, cell in enumerate(graded.cells) if cell.source == ANSWER)
    assert RUBRIC in graded.cells[place + 1].source
    assert "nbgrader" not in graded.cells[place + 1].metadata
    page = written.room / "feedback" / "ada" / "ps2" / "ps2.html"
    assert RUBRIC not in page.read_text()
    give(written, "ada", 2.5)
    written.run("grade", "ps2", "--jobs", "1")
    assert RUBRIC in page.read_text()
    assert "2.5 of 3" in page.read_text()


def test_a_single_file_is_told_which_points_a_person_gives(written, tmp_path):
    nbformat.write(handed_in(written), tmp_path / "ps2.ipynb")
    result = written.run("grade", str(tmp_path / "ps2.ipynb"))
    assert result.exit_code == 0
    assert "by hand  in-words (of 3)" in result.output
    assert "3 of 3 points" in result.output


@pytest.mark.slow
def test_formgrader_shows_the_answer_with_its_rubric_and_that_it_waits(written, tmp_path):
    written.submit("ada", handed_in(written))
    written.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    with Gradebook(f"sqlite:///{written.room / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission("ps2", "ada").needs_manual_grade
        (notebook,) = gradebook.find_submission("ps2", "ada").notebooks
        identity = notebook.id
    with formgrader(written, tmp_path) as address:
        asked = urllib.request.Request(
            f"{address}/submissions/{identity}/", headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(asked, timeout=60) as reply:
            page = reply.read().decode()
    assert "It remembers what its <strong>state</strong> holds." in page
    assert RUBRIC in page
    assert 'class="score tabbable" id="in-words"' in page  # the field for the points


def claimed(course, notebook):
    """Return the cell that is graded by hand after a repair, and what was said."""
    repaired, remarks = repair(notebook, Assignment.read(course.source))
    (cell,) = [cell for cell in repaired.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "in-words"]
    assert cell.metadata["nbgrader"] == ROLE
    assert cell.cell_type == "markdown"
    return cell, remarks


def test_of_two_copies_the_last_is_graded(written):
    notebook = handed_in(written)
    notebook.cells.append(new_markdown_cell("The second.", metadata={"nbgrader": dict(ROLE)}))
    cell, remarks = claimed(written, notebook)
    assert cell.source == "The second."
    assert any('under "In words" stands 2 times' in remark for remark in remarks)


def test_a_deleted_answer_comes_back_and_waits_for_a_person_who_may_find_it_elsewhere(written):
    notebook = handed_in(written)
    notebook.cells = [cell for cell in notebook.cells if cell.id != "in-words"]
    cell, remarks = claimed(written, notebook)
    assert cell.source == "This cell was missing."
    assert 'The answer cell under "In words" is missing.' in remarks
    written.submit("ada", notebook)
    written.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert grade_of(written, "ada") == (None, None, True)


def test_an_answer_without_metadata_is_found_behind_its_question(written):
    notebook = handed_in(written)
    for cell in notebook.cells:
        cell.metadata = {}
    cell, _ = claimed(written, notebook)
    assert cell.source == ANSWER


def test_an_answer_that_became_code_is_text_again_and_is_not_run(written):
    notebook = handed_in(written)
    notebook.cells[-1] = new_code_cell(ANSWER, id="in-words", metadata={"nbgrader": dict(ROLE)})
    cell, _ = claimed(written, notebook)
    assert cell.source == ANSWER


def test_html_in_an_answer_is_text(written):
    cell, _ = claimed(written, handed_in(written, "<script>alert(1)</script>"))
    assert cell.source == "&lt;script>alert(1)&lt;/script>"


def test_points_that_a_student_writes_into_the_metadata_count_for_nothing(written):
    notebook = handed_in(written)
    notebook.cells[-1].metadata["nbgrader"]["points"] = 300
    claimed(written, notebook)


def test_an_answer_for_a_person_without_a_rubric_is_refused(written):
    notebook = nbformat.read(written.source, as_version=4)
    notebook.cells[-1].source = "Write here."
    nbformat.write(notebook, written.source)
    with pytest.raises(AssignmentError, match="in-words: a person grades it, but it holds no rubric"):
        Assignment.read(written.source)
