"""Parts of a graded submission, made by hand, so that no test of a page has to grade anything."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading.assignment import Assignment, source_notebook
from autograder.grading.gradebook import Totals
from autograder.grading.notebook import Verdict
from autograder.grading.records import Record
from autograder.report import summarize
from tests.grading.small_course import ROOT


@cache
def assignment(name="ps3"):
    """Return an assignment of the course."""
    return Assignment.read(source_notebook(ROOT, name))


def verdicts(of, wrong=None):
    """Return a verdict for every question: right, but for those with a message or (message, mistakes) in `wrong`."""
    made = []
    for cell in of.graded_cells:
        said = (wrong or {}).get(cell.check)
        message, mistakes = said if isinstance(said, tuple) else (said, ())
        made.append(
            Verdict(
                cell.grade_id,
                cell.check,
                0.0 if said else cell.points,
                cell.points,
                not said,
                message or f"{cell.check}: right. It was looked at.",
                mistakes,
            )
        )
    return tuple(made)


def record(of, wrong=None, **more):
    """Return what is recorded of a submission."""
    when = datetime(2026, 11, 22, 11, 40, tzinfo=UTC)
    made = Record("ada", of.name, when, "0" * 64, "1" * 64, {"autograder": "0.1"}, verdicts(of, wrong), (), 1.5)
    return replace(made, **more)


def totals(of, graded, *, given=None, **more):
    """Return what the gradebook holds of a submission: points as checks gave them, and what a person gave."""
    given = given or {}
    points = {cell.grade_id: None for cell in of.written_cells}
    points |= {verdict.grade_id: verdict.points for verdict in graded.verdicts} | given
    auto = sum(verdict.points for verdict in graded.verdicts if verdict.grade_id not in given)
    made = Totals(
        graded.student,
        auto=auto,
        manual=sum(given.values()),
        total=auto + sum(given.values()),
        max_points=of.max_points + of.points_by_hand,
        points=points,
        by_hand=frozenset(given),
        waiting=tuple(name for name, value in points.items() if value is None),
    )
    return replace(made, **more)


def handed_in(name="ps3", *more):
    """Return the notebook of the true solution with further cells at its end."""
    notebook = deepcopy(_solved(name))
    notebook.cells.extend(more)
    return notebook


@cache
def _solved(name):
    return nbformat.read(source_notebook(ROOT, name), as_version=4)


def class_of(answers, *, name="ps3", late=None, given=None, handed_in=None, students=(), remarks=None, **more):
    """Return the summary of a class: by student what is wrong, what being late costs, what a person gave."""
    of, records, held = assignment(name), [], {}
    for student, wrong in answers.items():
        graded = record(of, wrong, student=student, remarks=tuple((remarks or {}).get(student, ())))
        found = totals(of, graded, given=(given or {}).get(student))
        penalty = (late or {}).get(student, 0.0)
        held[student] = replace(found, late_penalty=penalty, total=found.total - penalty)
        records.append(graded)
    return summarize(of, records, held, handed_in=handed_in, students=students, **more)


__all__ = [
    "assignment",
    "class_of",
    "handed_in",
    "new_code_cell",
    "new_markdown_cell",
    "new_notebook",
    "new_output",
    "record",
    "totals",
    "verdicts",
]
