"""Grade a whole class: submissions side by side in sandboxes, then one by one into nbgrader's gradebook."""

import logging
import os
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import DBAPIError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.grading.assignment import Assignment, AssignmentError, assignment_names, source_notebook
from autograder.grading.submission import Outcome, Submission, grade_side_by_side, pool_of
from autograder.sandbox.bubblewrap import Sandbox

CONFIG_FILE = "nbgrader_config.py"
# nbgrader takes a student's name for a pattern of file names, cuts spaces off its ends and passes over hidden folders.
_UNFIT_NAME = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff*?\[\]]|^[.\s]|\s$")


class ClassroomError(Exception):
    """A class cannot be graded at all. The message says why and what to do."""


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
        config = _load_config(self.course, folder)
        self.submitted = Path(config.CourseDirectory.submitted_directory)
        self.folder = self.submitted.parent
        self.feedback = Path(config.CourseDirectory.feedback_directory)
        self.db_url = config.CourseDirectory.db_url
        self._release = self.folder / "release"
        # Registering an assignment writes its release; the one in exercises/ is not ours to touch.
        config.merge(Config({"CourseDirectory": {"release_directory": str(self._release)}}))
        self._config = config
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClassroomError(f"the folder {self.folder} cannot be made: {error.strerror}") from None

    def assignment(self, name: str) -> Assignment:
        """Read the assignment `name`. Raises ClassroomError when there is none, or it is not in order."""
        names = assignment_names(self.course)
        if name not in names:
            raise ClassroomError(f"there is no assignment {name!r}; there are: {', '.join(names) or 'none'}")
        try:
            return Assignment.read(source_notebook(self.course, name))
        except AssignmentError as error:
            raise ClassroomError(str(error)) from None

    def submissions(self, name: str, students: tuple[str, ...] = ()) -> list[Submission]:
        """Return what was submitted for an assignment, by student."""
        found = [Submission(folder.parent.name, folder) for folder in self.submitted.glob(f"*/{name}")]
        return sorted(
            (submission for submission in found if not students or submission.student in students),
            key=lambda submission: submission.student,
        )

    def register(self, name: str) -> None:
        """Make the assignment known to the gradebook, if it is not or if its source has changed.

        Raises
        ------
        ClassroomError
            When the gradebook cannot be used, or nbgrader refuses the assignment.
        """
        registered = self._release / name / "registered-source.ipynb"
        source = source_notebook(self.course, name).read_bytes()
        if registered.is_file() and registered.read_bytes() == source and self._is_known(name):
            return
        answer = self._api().generate_assignment(name, force=True, create=True)
        if not answer["success"]:
            raise ClassroomError(f"nbgrader cannot make the assignment {name}: {_reason(answer)}")
        registered.write_bytes(source)

    def record(self, name: str, outcome: Outcome) -> str | None:
        """Put a graded submission through nbgrader's autograde step, which writes the gradebook.

        Returns
        -------
        str or None
            What went wrong, if something did.
        """
        known = Config({"GradeInSandbox": {"results": {outcome.digest: outcome.graded}}})
        with _nbgrader_quiet():
            answer = self._api(known).autograde(name, outcome.student, force=True, create=True)
        return None if answer["success"] else f"nbgrader could not record it: {_reason(answer)}"

    def make_feedback(self, name: str, student: str) -> str | None:
        """Make the feedback page of a recorded submission. Returns what went wrong, if something did."""
        with _nbgrader_quiet():
            answer = self._api().generate_feedback(name, student, force=True)
        return None if answer["success"] else f"nbgrader could not make the feedback page: {_reason(answer)}"

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
        outcomes: dict[str, Outcome] = {}
        pages = {}
        with _interrupt_waits() as stop_if_interrupted, pool_of(jobs, preload=(__name__,)) as pool:
            fit = [submission for submission in submissions if not _UNFIT_NAME.search(submission.student)]
            source = source_notebook(self.course, name)
            graded = grade_side_by_side(fit, source, sandbox, pool, stop_if_interrupted)
            self.register(name)
            for submission, outcome in graded:
                if outcome.graded is not None and (trouble := self.record(name, outcome)):
                    outcome = _not_graded(outcome, trouble)
                outcomes[submission.student] = outcome
                if outcome.graded is not None and feedback:
                    pages[submission.student] = self._feedback_in(pool, name, submission.student)
                progress(submission.student)
                stop_if_interrupted()
            for student, trouble in pages.items():
                if said := trouble():
                    outcomes[student] = replace(outcomes[student], remarks=(*outcomes[student].remarks, said))
                stop_if_interrupted()
        for submission in submissions:
            if submission.student not in outcomes:
                reason = (
                    "a folder name with any of * ? [ ], a control character, a dot in front or spaces around it cannot"
                    " be a student's name in nbgrader; rename the folder."
                )
                outcomes[submission.student] = Outcome(submission.student, None, (reason,))
                progress(submission.student)
        return [outcomes[submission.student] for submission in submissions]

    def _feedback_in(self, pool: ProcessPoolExecutor, name: str, student: str) -> Callable[[], str | None]:
        """Have a page made in the pool. Returns a function that waits for it and makes it here if the pool broke."""
        try:
            future = pool.submit(_make_feedback, self.course, self.folder, name, student)
        except BrokenExecutor:
            return lambda: self.make_feedback(name, student)

        def wait() -> str | None:
            try:
                return future.result()
            except BrokenExecutor:
                return self.make_feedback(name, student)

        return wait

    def _is_known(self, name: str) -> bool:
        try:
            with Gradebook(self.db_url) as gradebook:
                gradebook.find_assignment(name)
        except MissingEntry:
            return False
        except DBAPIError as error:
            raise ClassroomError(f"the gradebook {self.db_url} cannot be used: {error.orig}") from None
        return True

    def _api(self, more: Config | None = None) -> NbGraderAPI:
        """Return nbgrader's interface, with the configuration of the course and, for this one time, more of it."""
        config = deepcopy(self._config)
        config.merge(more or Config())
        api = NbGraderAPI(config=config)
        # What nbgrader logs comes back in its answers; the terminal shows the one line of it that matters.
        api.log.setLevel(logging.WARNING)
        api.log.handlers = [logging.NullHandler()]
        api.log.propagate = False
        return api


def _load_config(course: Path, folder: Path | None) -> Config:
    """Load the course's nbgrader configuration, for its own classroom folder or for another."""
    before = os.environ.get("UNROLLED_CLASSROOM")
    if folder is not None:
        os.environ["UNROLLED_CLASSROOM"] = str(folder.resolve())
    try:
        return PyFileConfigLoader(CONFIG_FILE, path=str(course)).load_config()
    finally:
        if folder is not None:
            del os.environ["UNROLLED_CLASSROOM"]
            os.environ.update({} if before is None else {"UNROLLED_CLASSROOM": before})


def _make_feedback(course: Path, folder: Path, name: str, student: str) -> str | None:
    return Classroom(course, folder).make_feedback(name, student)


def _not_graded(outcome: Outcome, reason: str) -> Outcome:
    return Outcome(outcome.student, None, (*outcome.remarks, reason))


@contextmanager
def _interrupt_waits() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until a submission is whole in the gradebook; nbgrader would swallow it half-way.

    Yields a function that raises KeyboardInterrupt if Ctrl-C was pressed since.
    """
    pressed = []

    def stop_if_interrupted() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop_if_interrupted
        return
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield stop_if_interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _nbgrader_quiet() -> Iterator[None]:
    """Silence what SQLAlchemy says about objects that nbgrader is still putting together."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def _reason(answer: dict) -> str:
    """Return the line of nbgrader's answer that says what was wrong.

    That is the exception under the last traceback it logged; else its first error; else the end of its own traceback.
    """
    log = answer.get("log", "").splitlines()
    if "database is locked" in answer.get("log", ""):
        return "the gradebook is locked by another program; close it, or try again when it is done"
    for start in reversed([number for number, line in enumerate(log) if "Traceback (most recent call last)" in line]):
        for line in log[start + 1 :]:
            if line and not line[0].isspace() and not line.startswith("["):
                return line
    errors = [line.removeprefix("[ERROR]").strip() for line in log if line.startswith("[ERROR]")]
    own = answer.get("error", "").strip().splitlines()
    return (errors[:1] or own[-1:] or ["it did not say why"])[0]
