"""What the gradebook holds about one assignment."""

from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry

from autograder.grading.assignment import Assignment


@dataclass(frozen=True)
class StudentRow:
    """One student's points, question by question, manual changes by an instructor included."""

    name: str
    points: tuple[float, ...]
    total: float


@dataclass(frozen=True)
class ClassReport:
    """Points of a class.

    Attributes
    ----------
    questions : tuple of str
        Names of the checks, in the order of the assignment.
    students : tuple of StudentRow
    solved : tuple of float
        For every question, the share of students that have full points, 0 to 1. A question worth nothing counts as
        solved by nobody.
    """

    questions: tuple[str, ...]
    students: tuple[StudentRow, ...]
    solved: tuple[float, ...]


def class_report(db_url: str, assignment: Assignment) -> ClassReport:
    """Read the points of every submission from nbgrader's gradebook."""
    questions = [cell for cell in assignment.graded_cells if cell.points]
    rows = []
    with Gradebook(db_url) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            submissions = []
        for submission in submissions:
            scores = {grade.name: grade.score for notebook in submission.notebooks for grade in notebook.grades}
            points = tuple(scores.get(cell.grade_id, 0.0) for cell in questions)
            rows.append(StudentRow(submission.student.id, points, submission.score))
    rows.sort(key=lambda row: row.name)
    solved = tuple(
        sum(row.points[number] >= cell.points for row in rows) / len(rows) if rows else 0.0
        for number, cell in enumerate(questions)
    )
    return ClassReport(tuple(cell.check for cell in questions), tuple(rows), solved)
