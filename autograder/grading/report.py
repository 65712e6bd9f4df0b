"""What the gradebook holds about one assignment."""

from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry

from autograder.grading.assignment import Assignment


@dataclass(frozen=True)
class StudentRow:
    """One student's points, question by question, manual changes by an instructor included.

    None stands for an answer that a person has not graded yet.
    """

    name: str
    points: tuple[float | None, ...]
    total: float


@dataclass(frozen=True)
class ClassReport:
    """Points of a class.

    Attributes
    ----------
    questions : tuple of str
        Names of the checks, and of the answers that a person grades, in the order of the assignment.
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
    questions = [cell for cell in assignment.cells if cell.points]
    rows = []
    with Gradebook(db_url) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            submissions = []
        for submission in submissions:
            scores = {
                grade.name: None if grade.auto_score is None and grade.manual_score is None else grade.score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            points = tuple(scores.get(cell.grade_id, 0.0) for cell in questions)
            rows.append(StudentRow(submission.student.id, points, submission.score))
    rows.sort(key=lambda row: row.name)
    solved = tuple(
        sum((row.points[number] or 0.0) >= cell.points for row in rows) / len(rows) if rows else 0.0
        for number, cell in enumerate(questions)
    )
    return ClassReport(tuple(cell.question for cell in questions), tuple(rows), solved)
