"""Our steps inside nbgrader: a submission is repaired, then run in the sandbox, whichever button was pressed.

`configure_autograde` puts `RepairSubmission` before nbgrader's own sanitizing steps and `GradeInSandbox` in the place
of the step that would have run the notebook in a kernel, and keeps nbgrader from copying what lies beside it.
"""

import os
import shutil
import sys
from functools import wraps
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory

from nbgrader.converters import Autograde, GenerateAssignment
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
from traitlets import Bool, Float

from autograder.grading.assignment import Assignment
from autograder.grading.lock import refuse_second_grader
from autograder.grading.notebook import grade_notebook, show_rubrics
from autograder.grading.repair import refuse_unsafe_files, repair
from autograder.grading.submission import read_timestamp
from autograder.sandbox.bubblewrap import Limits, Sandbox

FILE_NAMES = r".*/extracted/(?:.*/)?(?P<student_id>[^/_]+)(?:_[^/]*)?[_/](?P<file_id>ps\d+)[^/]*\.ipynb$"
"""Names of files as they come out of an archive: Canvas's lovelaceada_LATE_123_456_ps3-1.ipynb, the folders of Moodle's
Ada Lovelace_123_assignsubmission_file_/ps3.ipynb, and ada/ps3.ipynb."""


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

    def preprocess(self, notebook, resources):
        """Return the notebook with its outputs."""
        sandbox = Sandbox(Limits.for_timeout(self.timeout), confined=not self.unsafe_no_sandbox)
        graded = grade_notebook(notebook, assignment_of(self, resources), sandbox)
        for remark in graded.remarks:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], remark)
        graded.write_outputs(notebook)
        show_rubrics(notebook, assignment_of(self, resources))
        return notebook, resources


def assignment_of(preprocessor: NbGraderPreprocessor, resources: dict) -> Assignment:
    """Return the assignment that a submission belongs to, read from the course's source notebook."""
    coursedir = preprocessor.parent.parent.coursedir
    name, notebook = resources["nbgrader"]["assignment"], resources["nbgrader"]["notebook"]
    folder = coursedir.format_path(coursedir.source_directory, ".", name)
    return Assignment.read(Path(folder) / f"{notebook}.ipynb")


def configure_autograde(config) -> None:
    """Put our steps into nbgrader's lists of preprocessors, and have folders looked at before they are touched.

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
    config.GenerateFeedback.exporter_class = "autograder.feedback.files.FeedbackExporter"
    _look_before_copying()
    _keep_the_release()


def collect_into(config, classroom: Path) -> None:
    """Have `nbgrader zip_collect` work below the classroom, and know the names that Canvas and Moodle give to files.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    classroom : Path
        What was downloaded is expected in downloaded/PS/archive there.
    """
    literal = str(classroom).replace("{", "{{").replace("}", "}}")
    config.ZipCollectApp.collect_directory_structure = f"{literal}/downloaded/{{assignment_id}}/{{collect_step}}"
    config.FileNameCollectorPlugin.named_regexp = FILE_NAMES


def put_programs_on_path() -> None:
    """Let nbgrader find `alembic`, which it calls by name: an environment that is not activated hides it."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if programs not in path:
        os.environ["PATH"] = os.pathsep.join([programs, *path])


def _look_before_copying() -> None:
    """Let nbgrader's autograde step take nothing from a submission but its notebook and a time that is one.

    Before any preprocessor runs, nbgrader copies all that lies beside the notebook into autograded/, from where it
    goes into the feedback: through links, and of any size; and it reads timestamp.txt, whatever that is. It has no
    setting for that step alone, and what its hook raises is passed over, so the method itself is wrapped.
    """
    original = Autograde.init_assignment
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def init_assignment(self, assignment_id, student_id):
        submitted = Path(self._format_source(assignment_id, student_id))
        refuse_second_grader(submitted.parent.parent.parent)
        refuse_unsafe_files(submitted, assignment_id)
        submitted_at, doubt = read_timestamp(submitted)
        if doubt:
            self.log.warning("%s: %s", student_id, doubt)
        before = self.coursedir.ignore
        self.coursedir.ignore = ["*"]
        self.coursedir.get_existing_timestamp = lambda path: submitted_at
        try:
            original(self, assignment_id, student_id)
        finally:
            self.coursedir.ignore = before
            del self.coursedir.get_existing_timestamp

    Autograde.init_assignment = init_assignment


def _keep_the_release() -> None:
    """Let a release stay as it is when nbgrader cannot make a new one: it removes the old one before it tries."""
    original = GenerateAssignment.convert_notebooks
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def convert_notebooks(self):
        there = [Path(folder) for folder in glob(self._format_dest(self.coursedir.assignment_id, "."))]
        with TemporaryDirectory() as kept:
            for number, folder in enumerate(there):
                shutil.copytree(folder, Path(kept, str(number)), symlinks=True)
            try:
                original(self)
            except BaseException:
                for number, folder in enumerate(there):
                    shutil.rmtree(folder, ignore_errors=True)
                    shutil.copytree(Path(kept, str(number)), folder, symlinks=True)
                raise

    GenerateAssignment.convert_notebooks = convert_notebooks
