"""Our steps inside nbgrader: a submission is repaired, then run in the sandbox, whichever button was pressed.

`configure_autograde` puts `RepairSubmission` before nbgrader's own sanitizing steps and `GradeInSandbox` in the place
of the step that would have run the notebook in a kernel, and keeps nbgrader from copying what lies beside it.
"""

import os
import sys
from functools import wraps
from pathlib import Path

from nbformat.v4 import new_markdown_cell
from nbgrader.converters import Autograde
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Bool, Dict, Float, Instance, Unicode

from autograder.grading.assignment import Assignment, fingerprint
from autograder.grading.notebook import Graded, grade_notebook
from autograder.grading.repair import refuse_unsafe_files, repair
from autograder.sandbox.bubblewrap import Limits, Sandbox


class RepairSubmission(NbGraderPreprocessor):
    """Bring a submission into the form that nbgrader expects, so that one odd notebook cannot stop it."""

    def preprocess(self, notebook, resources):
        """Return the repaired notebook."""
        repaired, remarks = repair(notebook, assignment_of(self, resources))
        for remark in remarks:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], remark)
        return repaired, resources


class GradeInSandbox(NbGraderPreprocessor):
    """Run the cells in the sandbox and write the verdicts, made outside of it, into the graded cells."""

    unsafe_no_sandbox = Bool(False, help="Run notebooks that you trust without a sandbox.").tag(config=True)
    timeout = Float(Limits.cell_seconds, help="Seconds for one cell, and for one call by a check.").tag(config=True)
    results = Dict(
        value_trait=Instance(Graded),
        key_trait=Unicode(),
        help="Results by fingerprint: a notebook that has one is not run again. Classroom.record puts them here.",
    ).tag(config=True)

    def preprocess(self, notebook, resources):
        """Return the notebook with its outputs."""
        graded = self.results.get(fingerprint(notebook))
        if graded is None:
            sandbox = Sandbox(Limits.for_timeout(self.timeout), confined=not self.unsafe_no_sandbox)
            graded = grade_notebook(notebook, assignment_of(self, resources), sandbox)
        for remark in graded.remarks:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], remark)
        graded.write_outputs(notebook)
        show_rubrics(notebook, assignment_of(self, resources))
        return notebook, resources


def show_rubrics(notebook, assignment: Assignment) -> None:
    """Put the rubric behind every answer that a person grades, for the person's eyes and then for the student's.

    A release holds none. Formgrader shows the graded notebook, and the feedback page is made of it.
    """
    written = {cell.grade_id: cell for cell in assignment.written_cells}
    for number in reversed(range(len(notebook.cells))):
        cell = written.get(notebook.cells[number].metadata.get("nbgrader", {}).get("grade_id"))
        if cell is not None:
            text = f"**A possible answer, and how the {cell.points:g} points are given**\n\n{cell.rubric}"
            notebook.cells.insert(number + 1, new_markdown_cell(text, id=f"rubric-{number}"))


def assignment_of(preprocessor: NbGraderPreprocessor, resources: dict) -> Assignment:
    """Return the assignment that a submission belongs to, read from the course's source notebook."""
    coursedir = preprocessor.parent.parent.coursedir
    name, notebook = resources["nbgrader"]["assignment"], resources["nbgrader"]["notebook"]
    folder = coursedir.format_path(coursedir.source_directory, ".", name)
    return Assignment.read(Path(folder) / f"{notebook}.ipynb")


def configure_autograde(config) -> None:
    """Put our steps into nbgrader's lists of preprocessors, and have submissions looked at before they are touched.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    config.Autograde.sanitize_preprocessors = [
        RepairSubmission,
        ClearOutput,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        GradeInSandbox,
        IgnorePattern,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    _look_before_copying()


def put_programs_on_path() -> None:
    """Let nbgrader find `alembic`, which it calls by name: an environment that is not activated hides it."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if programs not in path:
        os.environ["PATH"] = os.pathsep.join([programs, *path])


def _look_before_copying() -> None:
    """Let nbgrader's autograde step take nothing from a submission but its notebook.

    Before any preprocessor runs, nbgrader copies all that lies beside the notebook into autograded/, from where it
    goes into the feedback: through links, and of any size. It has no setting for that step alone, and what its hook
    raises is passed over, so the method itself is wrapped.
    """
    original = Autograde.init_assignment
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def init_assignment(self, assignment_id, student_id):
        refuse_unsafe_files(Path(self._format_source(assignment_id, student_id)), assignment_id)
        before = self.coursedir.ignore
        self.coursedir.ignore = ["*"]
        try:
            original(self, assignment_id, student_id)
        finally:
            self.coursedir.ignore = before

    Autograde.init_assignment = init_assignment
