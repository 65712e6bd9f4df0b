"""nbgrader's gradebook: a graded submission goes into it whole, in one transaction, or not at all.

The rows are those that `nbgrader autograde` would leave. They are nbgrader's own objects, and nbgrader's own steps
decide about them: what an answer gets, whether a person has to look at it, what being late costs.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nbformat import NotebookNode
from nbgrader import api
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload
from traitlets.config import Config

from autograder.grading.records import WORKING_FOLDER

PATIENCE = 30.0
"""Seconds to wait for another program that writes into the gradebook."""
BACKUPS_FOLDER = "backups"
KEPT_BACKUPS = 10
SQLITE = b"SQLite format 3\0"
_QUIET = logging.Logger("quiet", logging.CRITICAL + 1)  # what nbgrader's steps say stands in our tables


class GradebookError(Exception):
    """The gradebook cannot be used. The message says why and what to do."""


@dataclass(frozen=True)
class Totals:
    """What the gradebook holds of one submission: the points, and what they are made of.

    Attributes
    ----------
    student : str
    auto, manual, extra_credit : float
        Points that checks gave, that a person gave instead of or beside them, and that a person gave on top.
    late_penalty : float
        What being late costs, as a number that is not negative.
    total : float
        The points that count, never less than 0: the sum of the first three, less the penalty. nbgrader's `score`.
    max_points : float
    submitted_at, due : datetime or None
        In UTC, without a time zone, as nbgrader has them; `due` with the extension.
    extension : timedelta or None
    points : mapping of str to float or None
        By grade_id: what each graded cell gets. None stands for an answer that no person has read yet.
    by_checks : mapping of str to float or None
        By grade_id: what the checks gave, also where a person gave other points.
    by_hand : frozenset of str
        The grade_ids of cells whose points a person gave.
    waiting : tuple of str
        The grade_ids of cells that a person has to look at.
    comments : mapping of str to str
        By grade_id: what a person, or nbgrader, says about an answer.
    """

    student: str
    auto: float = 0.0
    manual: float = 0.0
    extra_credit: float = 0.0
    late_penalty: float = 0.0
    total: float = 0.0
    max_points: float = 0.0
    submitted_at: datetime | None = None
    due: datetime | None = None
    extension: timedelta | None = None
    points: Mapping[str, float | None] = field(default_factory=dict)
    by_checks: Mapping[str, float | None] = field(default_factory=dict)
    by_hand: frozenset[str] = frozenset()
    waiting: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def late(self) -> timedelta | None:
        """How late it was submitted, or None when it was in time or nobody knows."""
        if self.submitted_at is None or self.due is None or self.submitted_at <= self.due:
            return None
        return self.submitted_at - self.due

    @property
    def made_of(self) -> str:
        """What the total is made of, in words; empty when checks alone gave it."""
        if not self.by_hand and not self.extra_credit and not self.late_penalty and self.extension is None:
            return ""
        parts = [f"{self.auto:g} by checks"]
        parts += [f"+ {self.manual:g} by hand"] if self.by_hand else []
        parts += [f"+ {self.extra_credit:g} extra"] if self.extra_credit else []
        parts += [f"- {self.late_penalty:g} late"] if self.late_penalty else []
        parts += [f"(extension of {_span(self.extension)})"] if self.extension is not None else []
        return " ".join(parts)


def _span(span: timedelta) -> str:
    days, hours = span.days, span.seconds / 3600
    return " ".join([f"{days} d"] * bool(days) + [f"{hours:g} h"] * bool(hours)) or "nothing"


class ClassGradebook:
    """The gradebook of one class. Nothing is opened before it is asked for, and nothing stays open.

    Parameters
    ----------
    db_url : str
    config : traitlets.config.Config
        The course's nbgrader configuration, with its plugin for late submissions.
    patience : float, optional
        Seconds to wait for another program that writes into it.
    """

    def __init__(self, db_url: str, config: Config, patience: float | None = None):
        self._config = config
        self._url = make_url(db_url)
        self._patience = PATIENCE if patience is None else patience
        self._engine: Engine | None = None
        self._assignments: dict[str, _Source] = {}

    @property
    def file(self) -> Path | None:
        """The file that it is, or None when it is not an SQLite database."""
        return Path(self._url.database) if self._url.get_backend_name() == "sqlite" and self._url.database else None

    @property
    def backups(self) -> list[Path]:
        """The backups, oldest first."""
        return sorted((self.file.parent / BACKUPS_FOLDER).glob("gradebook-*.db")) if self.file else []

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    # ------------------------------------------------------------------------------------------------- is it in order

    def make(self) -> None:
        """Make an empty gradebook if there is none. It is never seen half made. Raises GradebookError."""
        if self.file is None or self.file.exists():
            return
        unfinished = self._unfinished
        try:
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)
            api.Gradebook(f"sqlite:///{unfinished}").close()
            os.replace(unfinished, self.file)
        except (OSError, DBAPIError) as error:
            raise GradebookError(f"the gradebook {self.file} cannot be made: {_cause(error)}") from None
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def look_at(self) -> None:
        """Find out whether the gradebook can be read and written. Nothing is changed.

        Raises
        ------
        GradebookError
            When it is empty, damaged, no gradebook, locked, or cannot be written.
        """
        if self.file is None or not self.file.exists():
            return
        try:
            with self.file.open("rb") as file:
                start = file.read(len(SQLITE))
            if start != SQLITE:
                what = "is empty (0 bytes)" if not start else "is not a database"
                raise GradebookError(f"the gradebook {self.file} {what}; {self._what_helps()}")
            with closing(sqlite3.connect(self.file, self._patience, isolation_level=None)) as database:
                database.execute("begin immediate")
                (version,) = database.execute("pragma user_version").fetchone()
                database.execute(f"pragma user_version = {version}")  # found out now, and not half-way: is it writable?
                found = [row[0] for row in database.execute("pragma quick_check(1)")]
                tables = {row[0] for row in database.execute("select name from sqlite_master where type = 'table'")}
                database.execute("rollback")
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        if found != ["ok"]:
            raise GradebookError(f"the gradebook {self.file} is damaged ({found[0].strip()}); {self._what_helps()}")
        if missing := {"assignment", "student", "grade"} - tables:
            raise GradebookError(
                f"{self.file} is a database, but not a gradebook (it has no table {min(missing)}); {self._what_helps()}"
            )

    def back_up(self, now: datetime | None = None) -> Path | None:
        """Copy the gradebook to backups/gradebook-DATE.db, and keep the last ten. Raises GradebookError."""
        if self.file is None or not self.file.exists():
            return None
        date = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
        backup = self.file.parent / BACKUPS_FOLDER / f"gradebook-{date}.db"
        unfinished = self._unfinished
        try:
            backup.parent.mkdir(exist_ok=True)
            unfinished.parent.mkdir(exist_ok=True)
            unfinished.unlink(missing_ok=True)
            with (
                closing(sqlite3.connect(self.file, self._patience)) as source,
                closing(sqlite3.connect(unfinished)) as target,
            ):
                source.backup(target)
            os.replace(unfinished, backup)
            for old in self.backups[:-KEPT_BACKUPS]:
                old.unlink()
        except (OSError, sqlite3.Error) as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise GradebookError(
                f"the gradebook cannot be copied to {backup.parent}: {_cause(error)}; nothing was written"
            ) from None
        return backup

    @property
    def _unfinished(self) -> Path:
        """Where a database is made, before it takes its place."""
        return self.file.parent / WORKING_FOLDER / "gradebook.db"

    def _what_helps(self) -> str:
        newest = f"the last backup is {self.backups[-1]}" if self.backups else "there is no backup of it"
        return f"put a good copy in its place ({newest}), or move it away to begin a new one"

    def _unusable(self, error: Exception) -> GradebookError:
        cause = _cause(error)
        if "database is locked" in cause:
            return GradebookError(
                f"the gradebook {self.file or self._url} has been locked by another program for {self._patience:g} s;"
                " close that program, or try again when it is done"
            )
        if "not a database" in cause or "malformed" in cause:
            return GradebookError(f"the gradebook {self.file} is damaged ({cause}); {self._what_helps()}")
        if "readonly" in cause:
            cause = "it is read-only, or its folder is"
        if "disk is full" in cause:
            cause = "the disk is full"
        return GradebookError(f"the gradebook {self.file or self._url} cannot be used: {cause}")

    # ----------------------------------------------------------------------------------------------------- reading it

    def knows(self, name: str) -> bool:
        """Whether an assignment is registered. Raises GradebookError."""
        if self.file is not None and not self.file.exists():
            return False
        with self._session() as session:
            query = select(api.Assignment).where(api.Assignment.name == name)
            return session.scalars(query).one_or_none() is not None

    def students(self) -> list[str]:
        """Return the names of all students that the gradebook knows. Raises GradebookError."""
        if self.file is not None and not self.file.exists():
            return []
        with self._session() as session:
            return sorted(session.scalars(select(api.Student.id)))

    def roster(self) -> list[str]:
        """Return the students of whom the gradebook knows more than that they handed in. Raises GradebookError."""
        if self.file is not None and not self.file.exists():
            return []
        known = (api.Student.first_name, api.Student.last_name, api.Student.email, api.Student.lms_user_id)
        with self._session() as session:
            return sorted(row[0] for row in session.execute(select(api.Student.id, *known)) if any(row[1:]))

    def totals(self, name: str) -> dict[str, Totals]:
        """Return what the gradebook holds of an assignment, by student. Raises GradebookError."""
        if self.file is not None and not self.file.exists():
            return {}
        with self._session() as session:
            assignment = session.scalars(select(api.Assignment).where(api.Assignment.name == name)).one_or_none()
            if assignment is None:
                return {}
            names = dict(
                session.execute(
                    select(api.BaseCell.id, api.BaseCell.name)
                    .join(api.Notebook, api.Notebook.id == api.BaseCell.notebook_id)
                    .where(api.Notebook.assignment_id == assignment.id)
                ).all()
            )
            submissions = session.scalars(
                select(api.SubmittedAssignment)
                .where(api.SubmittedAssignment.assignment_id == assignment.id)
                .options(
                    selectinload(api.SubmittedAssignment.notebooks).options(
                        selectinload(api.SubmittedNotebook.grades), selectinload(api.SubmittedNotebook.comments)
                    )
                )
            )
            most = float(assignment.max_score)
            found = [
                _totals(
                    submission,
                    [(notebook, notebook.grades, notebook.comments) for notebook in submission.notebooks],
                    names,
                    most,
                )
                for submission in submissions
            ]
        return {totals.student: totals for totals in sorted(found, key=lambda totals: totals.student)}

    # --------------------------------------------------------------------------------------------------- writing to it

    def prepare(self, name: str) -> None:
        """Read anew what the gradebook knows of an assignment, once it is registered. Raises GradebookError."""
        with self._session() as session:
            self._assignments[name] = _Source.of(session, name)

    def sanitize(self, name: str, student: str, notebook: NotebookNode) -> NotebookNode:
        """Return a repaired submission after the steps before grading: kernel, checksums, and the course's own."""
        self._ready(name)
        source, resources = self._assignments[name], self._resources(name, student)
        for step in self._config.Autograde.sanitize_preprocessors:
            if step is OverwriteKernelspec:
                if kernelspec := json.loads(source.kernelspec or "null"):
                    notebook.metadata["kernelspec"] = kernelspec
            elif step is OverwriteCells:
                overwrite = OverwriteCells(config=self._config, log=_QUIET)
                overwrite.notebook_id = overwrite.assignment_id = name
                overwrite.gradebook = source
                for number, cell in enumerate(notebook.cells):
                    overwrite.preprocess_cell(cell, resources, number)
            elif not _is_needless(step):
                notebook, resources = step(config=self._config)(notebook, resources)
        return notebook

    def record(
        self,
        name: str,
        student: str,
        notebook: NotebookNode,
        submitted_at: datetime | None,
        around: Callable[[NotebookNode], AbstractContextManager] = nullcontext,
    ) -> Totals:
        """Put a graded notebook into the gradebook: all of it, or nothing.

        Points and comments that a person gave are kept; where there are any, nbgrader marks the cell to be looked at.

        Parameters
        ----------
        name, student : str
        notebook : NotebookNode
            With the outputs by which nbgrader tells points.
        submitted_at : datetime or None
            None leaves what the gradebook holds.
        around : callable
            Called with the notebook after all steps; gives the context in which the gradebook is written. What that
            raises on entry takes everything back.

        Returns
        -------
        Totals

        Raises
        ------
        GradebookError
        """
        self._ready(name)
        source, resources = self._assignments[name], self._resources(name, student)
        with self._session(write=True) as session:
            rows = _Rows.of(session, source, student, submitted_at)
            for step in self._config.Autograde.autograde_preprocessors:
                if step is SaveAutoGrades:
                    self._save_grades(rows, notebook, resources)
                elif step is AssignLatePenalties:
                    self._assign_penalty(rows)
                elif not _is_needless(step):
                    notebook, resources = step(config=self._config)(notebook, resources)
            rows.flush()
            with around(notebook):
                session.commit()
            return rows.totals()

    def update_lateness(self, name: str, student: str, submitted_at: datetime | None) -> Totals:
        """Set when a recorded submission was made, and what being late costs it now. Nothing else is touched.

        Raises
        ------
        GradebookError
        """
        self._ready(name)
        source = self._assignments[name]
        with self._session(write=True) as session:
            rows = _Rows.of(session, source, student, submitted_at)
            self._assign_penalty(rows)
            session.commit()
            return rows.totals()

    def lateness_changed(self, name: str, student: str, submitted_at: datetime | None) -> bool:
        """Whether `update_lateness` would change anything: somebody moved the deadline or gave an extension."""
        self._ready(name)
        with self._session() as session:
            rows = _Rows.of(session, self._assignments[name], student, submitted_at)
            before = rows.notebook.late_submission_penalty
            changed = session.is_modified(rows.submission)
            self._assign_penalty(rows)
            return changed or (before or 0.0) != (rows.notebook.late_submission_penalty or 0.0)

    def _ready(self, name: str) -> None:
        if name not in self._assignments:
            self.prepare(name)

    def _save_grades(self, rows: "_Rows", notebook: NotebookNode, resources: dict) -> None:
        save = SaveAutoGrades(config=self._config, log=_QUIET)
        save.gradebook, save.student_id = rows, rows.submission.student_id
        save.notebook_id = save.assignment_id = rows.source.name
        for number, cell in enumerate(notebook.cells):
            save.preprocess_cell(cell, resources, number)

    def _assign_penalty(self, rows: "_Rows") -> None:
        """Do what nbgrader's step does, which opens the gradebook a second time and commits."""
        late = AssignLatePenalties(config=self._config, log=_QUIET)
        late.init_plugin()
        rows.flush()
        penalty, seconds = None, rows.submission.total_seconds_late
        if seconds > 0:
            score = rows.notebook.score
            penalty = late.plugin_inst.late_submission_penalty(rows.submission.student_id, score, seconds)
        rows.notebook.late_submission_penalty = (
            None if penalty is None else late._check_late_penalty(rows.notebook, penalty)
        )

    def _resources(self, name: str, student: str) -> dict:
        known = {"student": student, "assignment": name, "notebook": name, "db_url": str(self._url)}
        return {"unique_key": name, "output_files_dir": f"{name}_files", "nbgrader": known}

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[Session]:
        """Open a session; one that writes holds the gradebook from its first line to its last."""
        if self._engine is None:
            self._engine = _engine(self._url, self._patience)
        try:
            with Session(self._engine, autoflush=False, expire_on_commit=False) as session:
                session.connection(execution_options={"writes": write})
                yield session
        except DBAPIError as error:
            raise self._unusable(error) from None


class _Source:
    """What the gradebook knows of an assignment; answers what nbgrader's `OverwriteCells` asks of a gradebook."""

    def __init__(self, assignment: api.Assignment, notebook: api.Notebook):
        self.name = assignment.name
        self.assignment_id, self.notebook_id = assignment.id, notebook.id
        self.kernelspec = notebook.kernelspec
        self.max_points = float(assignment.max_score)
        self.cell_names = {cell.id: cell.name for cell in notebook._base_cells}
        self.graded = {cell.id: cell.name for cell in (*notebook.grade_cells, *notebook.task_cells)}
        self.commented = {cell.id: cell.name for cell in (*notebook.solution_cells, *notebook.task_cells)}
        self._graded_cells = {
            cell.name: SimpleNamespace(max_score=cell.max_score)
            for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
        self._source_cells = {
            cell.name: SimpleNamespace(
                name=cell.name, cell_type=cell.cell_type, locked=cell.locked, checksum=cell.checksum, source=cell.source
            )
            for cell in notebook.source_cells
        }

    @classmethod
    def of(cls, session: Session, name: str) -> "_Source":
        """Read it. Raises GradebookError when the assignment is not registered."""
        query = (
            select(api.Assignment, api.Notebook)
            .join(api.Notebook, api.Notebook.assignment_id == api.Assignment.id)
            .where(api.Assignment.name == name, api.Notebook.name == name)
        )
        found = session.execute(query).one_or_none()
        if found is None:
            raise GradebookError(f"the gradebook does not know the assignment {name}; register it again with --force")
        return cls(*found)

    def find_source_cell(self, name: str, *_: str) -> Any:
        """Return a cell as the instructor wrote it."""
        if name not in self._source_cells:
            raise api.MissingEntry(name)
        return self._source_cells[name]

    def find_graded_cell(self, name: str, *_: str) -> Any:
        """Return a graded cell."""
        return self._graded_cells[name]


class _Rows:
    """The rows of one submission; answers what nbgrader's `SaveAutoGrades` asks of a gradebook, but never commits."""

    db = SimpleNamespace(commit=lambda: None)

    def __init__(self, session: Session, source: _Source, submission: api.SubmittedAssignment):
        self._session = session
        self.source = source
        self.submission = submission
        self.notebook = self._notebook()
        self._grades = self._complete(api.Grade, source.graded)
        self._comments = self._complete(api.Comment, source.commented)

    @classmethod
    def of(cls, session: Session, source: _Source, student: str, submitted_at: datetime | None) -> "_Rows":
        """Find the rows of a submission, and make what is missing of them."""
        if session.get(api.Student, student) is None:
            session.add(api.Student(id=student))
        query = select(api.SubmittedAssignment).where(
            api.SubmittedAssignment.assignment_id == source.assignment_id,
            api.SubmittedAssignment.student_id == student,
        )
        submission = session.scalars(query).one_or_none()
        if submission is None:
            submission = api.SubmittedAssignment(assignment_id=source.assignment_id, student_id=student)
            session.add(submission)
            session.flush()
        if submitted_at is not None:
            submission.timestamp = submitted_at
        return cls(session, source, submission)

    def flush(self) -> None:
        """Send what changed to the database, inside the one transaction."""
        self._session.flush()

    def totals(self) -> Totals:
        """Add up the submission."""
        parts = [(self.notebook, self._grades.values(), self._comments.values())]
        return _totals(self.submission, parts, self.source.cell_names, self.source.max_points)

    def find_grade(self, name: str, *_: str) -> api.Grade:
        """Return the grade of a cell."""
        return self._grades[name]

    def find_comment(self, name: str, *_: str) -> api.Comment:
        """Return the comment on a cell."""
        return self._comments[name]

    def _notebook(self) -> api.SubmittedNotebook:
        query = select(api.SubmittedNotebook).where(
            api.SubmittedNotebook.assignment_id == self.submission.id,
            api.SubmittedNotebook.notebook_id == self.source.notebook_id,
        )
        notebook = self._session.scalars(query).one_or_none()
        if notebook is None:
            notebook = api.SubmittedNotebook(assignment_id=self.submission.id, notebook_id=self.source.notebook_id)
            self._session.add(notebook)
            self._session.flush()
        return notebook

    def _complete(self, kind: type, cells: Mapping[str, str]) -> dict[str, Any]:
        query = select(kind).where(kind.notebook_id == self.notebook.id)
        rows = {row.cell_id: row for row in self._session.scalars(query)}
        for cell_id in cells:
            if cell_id not in rows:
                rows[cell_id] = kind(cell_id=cell_id, notebook_id=self.notebook.id)
                self._session.add(rows[cell_id])
        return {name: rows[cell_id] for cell_id, name in cells.items()}


def _is_needless(step: type) -> bool:
    """Whether a step of nbgrader's lists has nothing to do for a notebook that has been repaired and graded.

    Ours have been taken. A repaired notebook has no outputs but ours, and its nbgrader metadata are those of the
    assignment, each once.
    """
    return step in (ClearOutput, CheckCellMetadata) or step.__module__.startswith("autograder.")


def _totals(
    submission: api.SubmittedAssignment,
    parts: Iterable[tuple[api.SubmittedNotebook, Iterable[api.Grade], Iterable[api.Comment]]],
    names: Mapping[str, str],
    most: float,
) -> Totals:
    """Add up one submission as nbgrader does: a manual score counts instead of the automatic one."""
    auto = manual = extra = penalty = 0.0
    points: dict[str, float | None] = {}
    by_checks: dict[str, float | None] = {}
    by_hand, waiting, comments = set(), [], {}
    for notebook, grades, said in parts:
        penalty += notebook.late_submission_penalty or 0.0
        for grade in grades:
            name = names[grade.cell_id]
            by_checks[name] = grade.auto_score
            if grade.needs_manual_grade:
                waiting.append(name)
            if grade.manual_score is None and grade.auto_score is None:
                points[name] = None
                continue
            if grade.manual_score is not None:
                manual += grade.manual_score
                by_hand.add(name)
            else:
                auto += grade.auto_score
            extra += grade.extra_credit or 0.0
            given = grade.auto_score if grade.manual_score is None else grade.manual_score
            points[name] = given + (grade.extra_credit or 0.0)
        for comment in said:
            text = comment.auto_comment if comment.manual_comment is None else comment.manual_comment
            if text:
                comments[names[comment.cell_id]] = text
    return Totals(
        student=submission.student_id,
        auto=auto,
        manual=manual,
        extra_credit=extra,
        late_penalty=penalty,
        total=max(0.0, auto + manual + extra - penalty),
        max_points=most,
        submitted_at=submission.timestamp,
        due=submission.duedate if submission.assignment.duedate is not None else None,
        extension=submission.extension,
        points=points,
        by_checks=by_checks,
        by_hand=frozenset(by_hand),
        waiting=tuple(sorted(waiting)),
        comments=comments,
    )


def _engine(url: Any, patience: float) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": patience})

    @event.listens_for(engine, "connect")
    def begin_ourselves(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


def _cause(error: Exception) -> str:
    """Return what was wrong in the first place."""
    if isinstance(error, DBAPIError):
        error = error.orig
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or type(error).__name__
