"""Grade a whole class: submissions side by side in sandboxes, then one by one into nbgrader's gradebook."""

import errno
import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

from autograder.feedback.files import NoFeedback, feedback_of
from autograder.grading import records
from autograder.grading.assignment import Assignment, AssignmentError, assignment_names, source_notebook
from autograder.grading.cluster import Cluster, ClusterError
from autograder.grading.gradebook import ClassGradebook, GradebookError, Totals
from autograder.grading.handed_in import find_borrowed, find_misplaced, find_submissions
from autograder.grading.lock import ClassroomInUse, only_grader
from autograder.grading.notebook import show_rubrics
from autograder.grading.records import Record, RecordError
from autograder.grading.repair import UnreadableSubmission, read_notebook_file
from autograder.grading.submission import (
    Outcome,
    Submission,
    grade_side_by_side,
    pool_of,
    read_timestamp,
)
from autograder.sandbox.bubblewrap import Sandbox

CONFIG_FILE = "nbgrader_config.py"
# nbgrader takes a student's name for a pattern of file names, cuts spaces off its ends and passes over hidden folders.
_UNFIT_NAME = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff*?\[\]]|^[.\s]|\s$")

_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
"""What is wrong for the whole class and not for one submission: a full or read-only disk, say."""
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
        self.autograded = Path(config.CourseDirectory.autograded_directory)
        self.db_url = config.CourseDirectory.db_url
        self.gradebook = ClassGradebook(self.db_url, config)
        self._mode = 0o664 if config.CourseDirectory.get("groupshared") is True else 0o444
        self._release = self.folder / "release"
        self._assignments: dict[str, Assignment] = {}
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
            return self._read_assignment(name)
        except AssignmentError as error:
            raise ClassroomError(str(error)) from None

    def _read_assignment(self, name: str) -> Assignment:
        source = self._source(name)
        if source not in self._assignments:
            self._assignments[source] = Assignment.read(source_notebook(self.course, name))
        return self._assignments[source]

    def _source(self, name: str) -> str:
        """Return the fingerprint of the instructor's notebook."""
        return records.fingerprint(source_notebook(self.course, name).read_bytes())

    def submissions(self, name: str, students: tuple[str, ...] = ()) -> list[Submission]:
        """Return what was submitted for an assignment, by student."""
        found = find_submissions(self.submitted, name)
        return [submission for submission in found if not students or submission.student in students]

    def misplaced(self, name: str, students: tuple[str, ...] = ()) -> dict[str, str]:
        """Return what seems to be submitted for an assignment, but lies in the wrong place: why, by student."""
        found = find_misplaced(self.submitted, name, assignment_names(self.course))
        return {student: reason for student, reason in found.items() if not students or student in students}

    def strangers(self, students: Iterable[str]) -> dict[str, str]:
        """Return who of these is not on the roster, if there is one: what to do, by student. Raises GradebookError."""
        roster = set(self.gradebook.roster())
        said = (
            f"not among the {len(roster)} of the roster; rename the folder if it is misspelled, or add the student with"
            " `nbgrader db student add`."
        )
        return {student: said for student in students if student not in roster} if roster else {}

    def register(self, name: str) -> None:
        """Make the assignment known to the gradebook, if it is not or if its source has changed.

        Raises
        ------
        ClassroomError
            When nbgrader refuses the assignment.
        GradebookError
        """
        registered = self._release / name / "registered-source.ipynb"
        source = source_notebook(self.course, name).read_bytes()
        if registered.is_file() and registered.read_bytes() == source and self.gradebook.knows(name):
            return
        self.gradebook.make()
        answer = self._api().generate_assignment(name, force=True, create=True)
        if not answer["success"]:
            raise ClassroomError(f"nbgrader cannot make the assignment {name}: {_reason(answer)}")
        records.write_whole(self.folder, registered, source)
        self.gradebook.prepare(name)

    def record(self, name: str, outcome: Outcome) -> Totals:
        """Record a graded submission: the autograded notebook, the gradebook and the record of its verdicts.

        All of them are written or none, but for the record, which comes last: without it a submission is graded anew.

        Raises
        ------
        GradebookError
        RecordError
        OSError
        """
        graded, student = outcome.graded, outcome.student
        notebook = self.gradebook.sanitize(name, student, deepcopy(outcome.notebook))
        deepcopy(graded).write_outputs(notebook)
        show_rubrics(notebook, self.assignment(name))
        path = self.autograded / student / name / f"{name}.ipynb"

        def written(finished: nbformat.NotebookNode):
            content = nbformat.v4.writes(finished) + "\n"
            return records.whole_file(self.folder, path, content.encode(), mode=self._mode)

        submitted_at, doubt = self._submitted_at(name, student)
        totals = self.gradebook.record(name, student, notebook, submitted_at, written)
        records.write(
            self.folder,
            Record(
                student=student,
                assignment=name,
                graded_at=datetime.now(UTC),
                submitted=graded.fingerprint,
                source=self._source(name),
                versions=dict(graded.versions),
                verdicts=graded.verdicts,
                remarks=(*outcome.remarks, doubt) if doubt else outcome.remarks,
                seconds=graded.seconds,
            ),
        )
        return totals

    def has_feedback(self, name: str, student: str) -> bool:
        """Whether there is a feedback page of a submission that was made after it was recorded."""
        page = self.feedback / student / name / f"{name}.html"
        recorded = records.record_file(self.folder, name, student)
        return page.is_file() and page.stat().st_mtime_ns >= recorded.stat().st_mtime_ns

    def make_feedback(self, name: str, student: str, totals: Totals | None = None) -> str | None:
        """Make the feedback page of a recorded submission. Returns what went wrong with it, if something did.

        Parameters
        ----------
        name, student : str
        totals : Totals, optional
            What the gradebook holds, where that is known already.

        Raises
        ------
        GradebookError
        OSError
            When it is the machine that cannot write.
        """
        autograded = self.autograded / student / name / f"{name}.ipynb"
        totals = self.gradebook.totals(name).get(student) if totals is None else totals
        try:
            page = feedback_of(self.folder, self.assignment(name), student, autograded, totals)
            records.write_whole(self.folder, self.feedback / student / name / f"{name}.html", page.encode())
        except (NoFeedback, RecordError) as error:
            return f"no feedback page was made: {error}."
        except OSError as error:
            if error.errno in _OF_THE_MACHINE:
                raise
            return f"the feedback page could not be written: {error.strerror}."
        except Exception as error:  # one page must not stop the class, whatever a student wrote
            return f"the feedback page could not be made: {type(error).__name__}: {error}."
        return None

    def grade(
        self,
        name: str,
        sandbox: Sandbox,
        *,
        jobs: int = 1,
        students: tuple[str, ...] = (),
        feedback: bool = True,
        force: bool = False,
        progress: Callable[[str], None] = lambda student: None,
        cluster: Cluster | None = None,
    ) -> list[Outcome]:
        """Grade every submission of an assignment and record it. One bad submission never stops the others.

        A submission is not graded again while its notebook, the problem set and the checks are those that its record
        names. Deadlines and extensions are looked at each time.

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
        force : bool
            Whether to grade again what has not changed.
        progress : callable
            Called with the student's name when one is done.
        cluster : Cluster, optional
            Whose workers grade, in the sandbox that it was given; `sandbox` and `jobs` are of this machine.

        Raises
        ------
        ClusterError
            When the cluster can no longer be used. What was graded until then is recorded.
        ClassroomError
            When there is nothing to grade, the assignment is not in order, somebody else grades here, or what has to
            be written cannot be written. What was graded until then is recorded.
        """
        self.assignment(name)
        submissions, misplaced = self.submissions(name, students), self.misplaced(name, students)
        if not submissions and not misplaced:
            raise ClassroomError(f"there is nothing to grade in {self.submitted / '*' / name}")
        run = _Run(self, name, sandbox, submissions, progress, cluster)
        try:
            with only_grader(self.folder), _interrupt_waits() as stop_if_interrupted:
                run.grade(jobs, feedback, force, stop_if_interrupted)
                strangers = self.strangers(run.outcomes)
        except (GradebookError, RecordError, ClassroomInUse) as error:
            raise ClassroomError(f"{error}{run.recorded_so_far}") from None
        except ClusterError as error:
            raise ClusterError(f"{error}{run.recorded_so_far}") from None
        except OSError as error:
            where = f"{error.filename} cannot be written: " if error.filename else ""
            raise ClassroomError(f"{where}{error.strerror or error}{run.recorded_so_far}") from None
        finally:
            self.gradebook.close()
        for student, reason in (*strangers.items(), *misplaced.items()):
            found = run.outcomes.get(student) or Outcome(student, None)
            run.outcomes[student] = replace(found, remarks=(*found.remarks, reason))
        return [run.outcomes[student] for student in sorted(run.outcomes)]

    def what_force_replaces(self, name: str, submissions: list[Submission]) -> str:
        """Say what grading these submissions again replaces, and what it keeps. Raises ClassroomError."""
        try:
            held = self.gradebook.totals(name)
        except GradebookError as error:
            raise ClassroomError(str(error)) from None
        found = [held[submission.student] for submission in submissions if submission.student in held]
        if not found:
            return "Nothing is graded yet: there is nothing that --force would replace."
        kept = sum(bool(totals.by_hand or totals.comments) for totals in found)
        return (
            f"Graded again: {len(found)}. What checks gave them is replaced; points and comments by a person"
            f" ({kept} of them) are kept."
        )

    def _submitted_at(self, name: str, student: str) -> tuple[datetime | None, str]:
        return read_timestamp(self.submitted / student / name)

    def current(self, name: str, submissions: list[Submission]) -> dict[str, Record]:
        """Return the records of the submissions that need not be graded again, by student.

        That is so while the notebook, the problem set and the checks are those of the record, and the gradebook and
        autograded/ hold what came of them.

        Raises
        ------
        GradebookError
        """
        source = self._source(name)
        held = self.gradebook.totals(name)
        found = {}
        for submission in submissions:
            student = submission.student
            try:
                record = records.find(self.folder, name, student)
                submitted = records.fingerprint(read_notebook_file(submission.folder, name))
            except (RecordError, UnreadableSubmission):
                continue
            if record is None or not record.is_current(submitted, source) or student not in held:
                continue
            points = held[student].by_checks
            if (
                all(points.get(verdict.grade_id) == verdict.points for verdict in record.verdicts)
                and (self.autograded / student / name / f"{name}.ipynb").is_file()
            ):
                found[student] = record
        return found

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


class _Run:
    """One run of the grader over a class."""

    def __init__(
        self,
        room: Classroom,
        name: str,
        sandbox: Sandbox,
        submissions: list[Submission],
        progress: Callable[[str], None],
        cluster: Cluster | None,
    ):
        self._room, self._name, self._sandbox, self._cluster = room, name, sandbox, cluster
        self._submissions = submissions
        self._progress = progress
        self._recorded = 0
        self.outcomes: dict[str, Outcome] = {}

    @property
    def recorded_so_far(self) -> str:
        """The end of a sentence about what stopped the run."""
        if not self._recorded:
            return ""
        return f"; {self._recorded} of {len(self._submissions)} submissions are graded and recorded"

    def grade(self, jobs: int, feedback: bool, force: bool, stop_if_interrupted: Callable[[], None]) -> None:
        """Grade all that has to be graded."""
        room, name = self._room, self._name
        room.gradebook.look_at()
        borrowed = find_borrowed(room.submissions(name), source_notebook(room.course, name))
        fit = [submission for submission in self._submissions if self._may_be_graded(submission, borrowed)]
        current = {} if force else room.current(name, fit)
        to_grade = [submission for submission in fit if submission.student not in current]
        late = self._late_by_now(current)
        held = room.gradebook.totals(name) if feedback and current else {}
        pages = [student for student in held if student in current and self._needs_a_page(student, held[student])]
        if to_grade or late:
            room.gradebook.back_up()
        for student, record in current.items():
            self.outcomes[student] = Outcome(student, record.graded, record.remarks, anew=False)
            self._progress(student)
        for student, submitted_at in late.items():
            room.gradebook.update_lateness(name, student, submitted_at)
            pages += [student] if feedback and student not in pages else []
        for student in pages:
            totals = None if student in late else held[student]
            self.outcomes[student] = self._with_page(self.outcomes[student], totals)
            stop_if_interrupted()
        if not to_grade:
            return
        with self._started(to_grade, jobs, stop_if_interrupted) as graded:
            room.register(name)
            for submission, outcome in graded:
                self.outcomes[submission.student] = self._record(submission, outcome, feedback)
                self._progress(submission.student)
                stop_if_interrupted()

    @contextmanager
    def _started(
        self, submissions: list[Submission], jobs: int, while_waiting: Callable[[], None]
    ) -> Iterator[Iterator[tuple[Submission, Outcome]]]:
        """Start to grade, here or on a cluster. Yields an iterator over what comes of it."""
        source = source_notebook(self._room.course, self._name)
        if self._cluster is not None:
            with closing(self._cluster.grade(submissions, source, while_waiting)) as graded:
                yield graded
            return
        with pool_of(min(jobs, len(submissions))) as pool:
            yield grade_side_by_side(submissions, source, self._sandbox, pool, while_waiting)

    def _may_be_graded(self, submission: Submission, borrowed: Mapping[str, str]) -> bool:
        reason = borrowed.get(submission.student, "")
        if _UNFIT_NAME.search(submission.student):
            reason = (
                "a folder name with any of * ? [ ], a control character, a dot in front or spaces around it cannot be a"
                " student's name in nbgrader; rename the folder."
            )
        if reason:
            self.outcomes[submission.student] = Outcome(submission.student, None, (reason,))
            self._progress(submission.student)
        return not reason

    def _late_by_now(self, current: dict[str, Record]) -> dict[str, datetime | None]:
        """Return of whom nothing changed but when it was submitted, the deadline, or an extension."""
        found = {}
        for student in current:
            submitted_at, _ = self._room._submitted_at(self._name, student)
            if self._room.gradebook.lateness_changed(self._name, student, submitted_at):
                found[student] = submitted_at
        return found

    def _record(self, submission: Submission, outcome: Outcome, feedback: bool) -> Outcome:
        """Record an outcome, and return it without what nobody needs any more."""
        if outcome.graded is None:
            return outcome
        try:
            totals = self._room.record(self._name, outcome)
        except (GradebookError, RecordError):
            raise
        except OSError as error:
            if error.errno in _OF_THE_MACHINE:
                raise
            return _not_graded(outcome, f"it could not be recorded: {error.strerror}.")
        except Exception as error:  # a step or a plugin of the course's own may raise anything
            return _not_graded(outcome, f"it could not be recorded: {type(error).__name__}: {error}.")
        self._recorded += 1
        _, doubt = self._room._submitted_at(self._name, submission.student)
        remarks = (*outcome.remarks, doubt) if doubt else outcome.remarks
        recorded = replace(outcome, graded=replace(outcome.graded, outputs=()), notebook=None, remarks=remarks)
        return self._with_page(recorded, totals) if feedback else recorded

    def _needs_a_page(self, student: str, totals: Totals) -> bool:
        """Whether there is no page of a student, or a person may have given points or written since it was made."""
        touched = totals.by_hand or totals.comments or totals.extra_credit
        return bool(touched) or not self._room.has_feedback(self._name, student)

    def _with_page(self, outcome: Outcome, totals: Totals | None) -> Outcome:
        """Make the feedback page of what is recorded, and return the outcome with what went wrong, if anything did."""
        said = self._room.make_feedback(self._name, outcome.student, totals)
        return replace(outcome, remarks=(*outcome.remarks, said)) if said else outcome


def _not_graded(outcome: Outcome, reason: str) -> Outcome:
    return Outcome(outcome.student, None, (*outcome.remarks, reason))


@contextmanager
def _interrupt_waits() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C, and the signals that ask a process to end, wait until a submission is recorded whole.

    Yields a function that raises KeyboardInterrupt if one of them came since.
    """
    came = []

    def stop_if_interrupted() -> None:
        if came:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop_if_interrupted
        return
    before = {number: signal.signal(number, lambda *_: came.append(True)) for number in _STOPPING}
    try:
        yield stop_if_interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
