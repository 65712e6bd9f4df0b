"""Grade a whole class: submissions side by side in sandboxes, then one by one into nbgrader's gradebook."""

import logging
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.grading import plugin
from autograder.grading.assignment import Assignment, AssignmentError, fingerprint
from autograder.grading.notebook import Graded, grade_notebook
from autograder.grading.repair import UnreadableSubmission, read_submission, repair
from autograder.sandbox.bubblewrap import Sandbox

CONFIG_FILE = "nbgrader_config.py"


class ClassroomError(Exception):
    """A class cannot be graded at all. The message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """What came of one submission.

    Attributes
    ----------
    student : str
    graded : Graded or None
        None when the submission could not be graded.
    remarks : tuple of str
        Repairs, cells that were stopped, or why it could not be graded.
    """

    student: str
    graded: Graded | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """Where a submission lies, and whose it is."""

    student: str
    folder: Path


class Classroom:
    """A course folder with its nbgrader configuration, and the folder that holds students' work and the gradebook.

    Parameters
    ----------
    course : Path
        The folder with nbgrader_config.py.
    folder : Path, optional
        Where submitted, autograded, feedback and gradebook.db lie; by default where the configuration says.

    Raises
    ------
    ClassroomError
        When there is no configuration there.
    """

    def __init__(self, course: Path, folder: Path | None = None):
        self.course = course.resolve()
        if not (self.course / CONFIG_FILE).is_file():
            raise ClassroomError(
                f"{self.course} has no {CONFIG_FILE}; run this in the course folder, or name it with --course"
            )
        # A new gradebook makes nbgrader run `alembic` by name, which an environment that is not activated hides.
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        if folder is not None:
            os.environ["UNROLLED_CLASSROOM"] = str(folder.resolve())
        config = PyFileConfigLoader(CONFIG_FILE, path=str(self.course)).load_config()
        self.submitted = Path(config.CourseDirectory.submitted_directory)
        self.folder = self.submitted.parent
        self.feedback = Path(config.CourseDirectory.feedback_directory)
        self.db_url = config.CourseDirectory.db_url
        self._source = self.course / config.CourseDirectory.source_directory
        self._release = self.folder / "release"
        # Registering an assignment writes its release; the one in exercises/ is not ours to touch.
        config.merge(Config({"CourseDirectory": {"release_directory": str(self._release)}}))
        self._config = config
        self.folder.mkdir(parents=True, exist_ok=True)

    def assignment(self, name: str) -> Assignment:
        """Read the assignment `name`. Raises ClassroomError when there is none, or it is not in order."""
        try:
            return Assignment.read(self.source_notebook(name))
        except AssignmentError as error:
            raise ClassroomError(str(error)) from None

    def source_notebook(self, name: str) -> Path:
        """Return the path of the instructor's notebook."""
        return self._source / name / f"{name}.ipynb"

    def assignments(self) -> list[str]:
        """Return the names of all assignments of the course."""
        return sorted(path.parent.name for path in self._source.glob("*/*.ipynb") if path.stem == path.parent.name)

    def submissions(self, name: str, students: tuple[str, ...] = ()) -> list[Submission]:
        """Return what was submitted for an assignment, by student."""
        found = [Submission(folder.parent.name, folder) for folder in self.submitted.glob(f"*/{name}")]
        return sorted(
            (submission for submission in found if not students or submission.student in students),
            key=lambda submission: submission.student,
        )

    def register(self, name: str) -> None:
        """Make the assignment known to the gradebook, if it is not or if its source is newer."""
        released = self._release / name / f"{name}.ipynb"
        source = self.source_notebook(name)
        if released.exists() and released.stat().st_mtime >= source.stat().st_mtime and self._is_known(name):
            return
        answer = self._api().generate_assignment(name, force=True, create=True)
        if not answer["success"]:
            raise ClassroomError(f"nbgrader cannot make the assignment {name}: {_last_line(answer)}")

    def record(self, name: str, submission: Submission, *, feedback: bool = True) -> str | None:
        """Put one submission through nbgrader's autograde step, and make its feedback page.

        Returns
        -------
        str or None
            What went wrong, if something did.
        """
        api = self._api()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, about objects it is still putting together
            answer = api.autograde(name, submission.student, force=True, create=True)
            if answer["success"] and feedback:
                answer = api.generate_feedback(name, submission.student, force=True)
        return None if answer["success"] else f"nbgrader could not record it: {_last_line(answer)}"

    def grade(
        self,
        name: str,
        sandbox: Sandbox,
        *,
        jobs: int = 1,
        students: tuple[str, ...] = (),
        feedback: bool = True,
        progress: Callable[[str], None] = lambda student: None,
    ) -> list[Outcome]:
        """Grade every submission of an assignment and record it. One bad submission never stops the others.

        Parameters
        ----------
        name : str
            The assignment.
        sandbox : Sandbox
        jobs : int
            Submissions graded side by side.
        students : tuple of str
            Only these; all by default.
        feedback : bool
            Whether to make the feedback pages.
        progress : callable
            Called with the student's name when one is done.

        Raises
        ------
        ClassroomError
            When there is nothing to grade, or the assignment is not in order.
        """
        self.assignment(name)
        submissions = self.submissions(name, students)
        if not submissions:
            raise ClassroomError(f"there is nothing to grade in {self.submitted / '*' / name}")
        self.register(name)
        outcomes = []
        for submission, outcome, digest in self._side_by_side(name, submissions, sandbox, jobs):
            if outcome.graded is not None:
                plugin.KNOWN[digest] = outcome.graded
                trouble = self.record(name, submission, feedback=feedback)
                plugin.KNOWN.pop(digest, None)
                if trouble:
                    outcome = Outcome(outcome.student, None, (*outcome.remarks, trouble))
            outcomes.append(outcome)
            progress(submission.student)
        return sorted(outcomes, key=lambda outcome: outcome.student)

    def _side_by_side(
        self, name: str, submissions: list[Submission], sandbox: Sandbox, jobs: int
    ) -> Iterator[tuple[Submission, Outcome, str]]:
        source = self.source_notebook(name)
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            futures = {
                pool.submit(grade_submission, submission, source, sandbox): submission for submission in submissions
            }
            for future in as_completed(futures):
                outcome, digest = future.result()
                yield futures[future], outcome, digest

    def _is_known(self, name: str) -> bool:
        with Gradebook(self.db_url) as gradebook:
            try:
                gradebook.find_assignment(name)
            except MissingEntry:
                return False
        return True

    def _api(self) -> NbGraderAPI:
        api = NbGraderAPI(config=self._config)
        # What nbgrader logs comes back in its answers; the terminal shows the one line of it that matters.
        api.log.setLevel(logging.WARNING)
        api.log.handlers = [logging.NullHandler()]
        api.log.propagate = False
        return api


def grade_submission(submission: Submission, source: Path, sandbox: Sandbox) -> tuple[Outcome, str]:
    """Read, repair and grade one submission, recording nothing. Returns the outcome and the notebook's fingerprint."""
    assignment = Assignment.read(source)
    try:
        notebook = read_submission(submission.folder, assignment.name)
    except UnreadableSubmission as error:
        return Outcome(submission.student, None, (f"{error}.",)), ""
    repaired, remarks = repair(notebook, assignment)
    graded = grade_notebook(repaired, assignment, sandbox)
    return Outcome(submission.student, graded, (*remarks, *graded.remarks)), fingerprint(repaired)


def _last_line(answer: dict) -> str:
    """Return the line that says what was wrong: the first error that nbgrader logged, or the end of its traceback."""
    logged = [line for line in answer.get("log", "").splitlines() if line.startswith("[ERROR]")]
    if logged:
        return logged[0].removeprefix("[ERROR]").strip()
    lines = answer.get("error", "").strip().splitlines()
    return lines[-1] if lines else "it did not say why"
