"""Feedback pages as files: made while a class is graded, and by nbgrader's own command and button."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.engine.equations import ADDRESS, BOOK
from autograder.feedback.page import feedback_page
from autograder.feedback.text import book_address
from autograder.grading import records
from autograder.grading.assignment import Assignment
from autograder.grading.gradebook import ClassGradebook, Totals
from autograder.grading.notebook import Verdict
from autograder.grading.records import Record


class NoFeedback(Exception):
    """There is nothing to make a page of. The message says what is missing."""


def feedback_of(classroom: Path, assignment: Assignment, student: str, autograded: Path, totals: Totals | None) -> str:
    """Return the page of a recorded submission.

    Parameters
    ----------
    classroom : Path
        With the records.
    assignment : Assignment
    student : str
    autograded : Path
        The graded notebook.
    totals : Totals or None
        What the gradebook holds of it.

    Raises
    ------
    NoFeedback, RecordError, OSError
    """
    if totals is None or not autograded.is_file():
        raise NoFeedback(f"{student} has no graded notebook for {assignment.name}; grade it first")
    notebook = nbformat.v4.reads(autograded.read_text(encoding="utf-8"))  # ours: nothing to validate
    record = records.find(classroom, assignment.name, student)
    record = record or record_of(notebook, assignment, student, datetime.fromtimestamp(autograded.stat().st_mtime, UTC))
    return feedback_page(assignment, record, totals, notebook=notebook, book=known_book())


def known_book() -> str:
    """Return the address of the book from the environment, or nothing when there is none that can be used."""
    book = os.environ.get(BOOK, "")
    try:
        return book_address(book) if re.fullmatch(ADDRESS, book) else ""
    except ValueError:
        return ""


def record_of(notebook: NotebookNode, assignment: Assignment, student: str, graded_at: datetime) -> Record:
    """Return the record of a notebook that nbgrader's own command has graded: the verdicts stand in its outputs."""
    graded = {cell.grade_id: cell for cell in assignment.graded_cells}
    verdicts = []
    for cell in notebook.cells:
        source_cell = graded.pop(cell.metadata.get("nbgrader", {}).get("grade_id"), None)
        if source_cell is None or not cell.get("outputs"):
            continue
        output = cell.outputs[-1]
        passed = output.output_type == "stream"
        message = str(output.text).strip() if passed else "\n".join(output.get("traceback", []))
        points = source_cell.points if passed else 0.0
        verdicts.append(Verdict(source_cell.grade_id, source_cell.check, points, source_cell.points, passed, message))
    return Record(student, assignment.name, graded_at, "", "", verdicts=tuple(verdicts))


class FeedbackExporter(Exporter):
    """What nbgrader makes its feedback pages with, so that its command and its formgrader make ours."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def from_filename(self, filename: str, resources: dict | None = None, **options) -> tuple[str, dict]:
        """Return the page of the graded notebook at a path."""
        known = resources["nbgrader"]
        coursedir, name, student = self.parent.coursedir, known["assignment"], known["student"]
        folder = Path(coursedir.format_path(coursedir.source_directory, ".", name))
        assignment = Assignment.read(folder / f"{known['notebook']}.ipynb")
        gradebook = ClassGradebook(known["db_url"], Config())
        try:
            totals = gradebook.totals(name).get(student)
        finally:
            gradebook.close()
        classroom = Path(coursedir.submitted_directory).parent
        page = feedback_of(classroom, assignment, student, Path(filename), totals)
        return page, {**resources, "output_extension": self.file_extension}
