"""Collect from a classroom what a report is made of: records, gradebook, submissions, roster."""

from typing import TYPE_CHECKING

from autograder.grading import records
from autograder.grading.assignment import source_notebook
from autograder.grading.repair import UnreadableSubmission, read_notebook_file
from autograder.grading.submission import Submission
from autograder.report.similar import SimilarPair, similar_pairs
from autograder.report.summary import ClassSummary, summarize

if TYPE_CHECKING:
    from autograder.grading.classroom import Classroom

UNREADABLE = "not a notebook that can be graded"


def class_summary(room: "Classroom", name: str) -> ClassSummary:
    """Summarize an assignment of a classroom.

    Raises
    ------
    ClassroomError, GradebookError, RecordError
    """
    assignment, submissions = room.assignment(name), room.submissions(name)
    try:
        totals, students = room.gradebook.totals(name), room.gradebook.students()
        strangers = room.strangers(submission.student for submission in submissions)
    finally:
        room.gradebook.close()
    return summarize(
        assignment,
        records.read(room.folder, name),
        totals,
        handed_in={submission.student: _fingerprint(submission, name) for submission in submissions},
        students=students,
        troubles={**strangers, **room.misplaced(name)},
        source=records.fingerprint(source_notebook(room.course, name).read_bytes()),
    )


def class_pairs(room: "Classroom", name: str, summary: ClassSummary) -> list[SimilarPair]:
    """Return which answers of a class are alike. Graded notebooks are read, in which every answer has its name."""
    paths = {
        standing.student: room.autograded / standing.student / name / f"{name}.ipynb" for standing in summary.graded
    }
    return similar_pairs(summary.assignment, paths)


def _fingerprint(submission: Submission, name: str) -> str:
    try:
        return records.fingerprint(read_notebook_file(submission.folder, name))
    except UnreadableSubmission:
        return UNREADABLE
