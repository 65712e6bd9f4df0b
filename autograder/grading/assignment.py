"""What an assignment consists of, read from the instructor's source notebook."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.sets import QUESTIONS

SOURCE_FOLDER = "solutions"

_SOLUTION = re.compile(r"^### BEGIN SOLUTION\n(.*)\n### END SOLUTION$", re.DOTALL | re.MULTILINE)

_CHECK = re.compile(r"""check\(\s*(["'])(\w+)\1\s*\)""")
_TITLE = re.compile(r"^# (.+?) *$", re.MULTILINE)
_HEADING = re.compile(r"^## (.+?)(?: *\([^()]*points?\))? *$", re.MULTILINE)

NOW_RUN_IT = "now-run-it"
"""Tag of the cells in which a learner's functions train a network. They come after all questions, take seconds, and
nothing is graded that needs them: they are not run when a notebook is graded."""


class AssignmentError(Exception):
    """The source notebook of an assignment is missing or not in order. The message says what to do."""


@dataclass(frozen=True)
class SourceCell:
    """A cell of the source notebook that nbgrader knows by a grade_id.

    Attributes
    ----------
    grade_id : str
    cell_type : str
        "code" or "markdown".
    source : str
        As the instructor wrote it; what a locked cell is set back to.
    metadata : dict
        Its nbgrader metadata.
    follows : str
        The source of the cell before it, by which a written answer is found that has lost its metadata.
    heading : str
        The heading of the problem set under which it stands, without its points, such as "3. The whole sequence
        backward".
    """

    grade_id: str
    cell_type: str
    source: str
    metadata: dict
    follows: str = ""
    heading: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether a person gives the points: an answer that is itself the graded cell."""
        return bool(self.metadata.get("grade") and self.metadata.get("solution"))

    @property
    def rubric(self) -> str:
        """What the person who gives the points reads: the true answer and the rubric. No release holds it."""
        found = _SOLUTION.search(self.source) if self.by_hand else None
        return found[1].strip() if found else ""

    @property
    def question(self) -> str:
        """How a table calls the graded cell: the name of its check, or its own where a person grades it."""
        return self.grade_id if self.by_hand else str(self.check)

    @property
    def locked(self) -> bool:
        """Whether a student's version of this cell is replaced by ours."""
        if self.metadata.get("solution"):
            return False
        return bool(self.metadata.get("grade") or self.metadata.get("locked"))

    @property
    def check(self) -> str | None:
        """The name in the cell's ``check("name")``, or None if it is not a graded cell."""
        if not self.metadata.get("grade") or self.metadata.get("solution"):
            return None
        return check_name(self.source)

    @property
    def points(self) -> float:
        """What the cell is worth."""
        return float(self.metadata.get("points", 0)) if self.metadata.get("grade") else 0.0


@dataclass(frozen=True)
class Assignment:
    """The cells of a source notebook that matter to grading, in order.

    Attributes
    ----------
    name : str
    cells : tuple of SourceCell
    now_run_it : frozenset of str
        The sources of the cells that are not run, by which they are found when their tag is lost.
    title : str
        Its first heading, such as "Problem set 3: Backpropagation through time".
    given : frozenset of str
        The sources of all cells but the answers: what a student got and need not have written.
    """

    name: str
    cells: tuple[SourceCell, ...]
    now_run_it: frozenset[str] = frozenset()
    title: str = ""
    given: frozenset[str] = frozenset()

    @property
    def graded_cells(self) -> tuple[SourceCell, ...]:
        """The cells that check an answer."""
        return tuple(cell for cell in self.cells if cell.check is not None)

    @property
    def written_cells(self) -> tuple[SourceCell, ...]:
        """The answers that a person grades."""
        return tuple(cell for cell in self.cells if cell.by_hand)

    @property
    def max_points(self) -> float:
        """The sum of the points that checks give."""
        return sum(cell.points for cell in self.graded_cells)

    @property
    def points_by_hand(self) -> float:
        """The sum of the points that a person gives."""
        return sum(cell.points for cell in self.written_cells)

    @classmethod
    def read(cls, path: Path) -> "Assignment":
        """Read the source notebook at `path`.

        Raises
        ------
        AssignmentError
            When there is no such notebook, a graded cell is not one `check("…")`, its check does not exist, or an
            answer that a person grades has no rubric.
        """
        try:
            notebook = nbformat.read(path, as_version=4)
        except (OSError, ValueError) as error:
            raise AssignmentError(f"there is no readable source notebook {path}: {error}") from None
        headings = _headings(notebook)
        cells = tuple(
            SourceCell(
                data["grade_id"], cell.cell_type, cell.source, dict(data), before.source if before else "", heading
            )
            for before, cell, heading in zip([None, *notebook.cells], notebook.cells, headings, strict=False)
            if (data := cell.metadata.get("nbgrader")) is not None
        )
        assignment = cls(
            path.stem,
            cells,
            frozenset(cell.source.strip() for cell in notebook.cells if is_for_play(cell)),
            _title(notebook) or path.stem,
            frozenset(cell.source.strip() for cell in notebook.cells if not _is_answer(cell)),
        )
        for cell in cells:
            if cell.by_hand and not cell.rubric:
                raise AssignmentError(
                    f"{path}, cell {cell.grade_id}: a person grades it, but it holds no rubric between"
                    " ### BEGIN SOLUTION and ### END SOLUTION"
                )
            if not cell.metadata.get("grade") or cell.by_hand:
                continue
            if cell.check is None:
                raise AssignmentError(
                    f'{path}, cell {cell.grade_id}: a graded cell is one line, check("name"); it holds {cell.source!r}'
                )
            if cell.check not in QUESTIONS:
                raise AssignmentError(f"{path}, cell {cell.grade_id}: there is no check named {cell.check!r}")
        return assignment


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _title(notebook: NotebookNode) -> str:
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown" and not _is_answer(cell))
    return next((found[1] for text in texts if (found := _TITLE.search(text))), "")


def _headings(notebook: NotebookNode) -> list[str]:
    """Return for every cell the last second-level heading up to it, without its points and stars."""
    headings, heading = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not _is_answer(cell):
            for found in _HEADING.finditer(cell.source):
                heading = " ".join(found[1].replace("★", "").split())
        headings.append(heading)
    return headings


def is_for_play(cell: NotebookNode) -> bool:
    """Whether a cell carries the tag `NOW_RUN_IT`."""
    return NOW_RUN_IT in cell.metadata.get("tags", ())


def source_notebook(course: Path, name: str) -> Path:
    """Return the path of the instructor's notebook of an assignment."""
    return course / SOURCE_FOLDER / name / f"{name}.ipynb"


def assignment_names(course: Path) -> list[str]:
    """Return the names of all assignments of a course, ps10 behind ps9."""
    found = (path.stem for path in (course / SOURCE_FOLDER).glob("*/*.ipynb") if path.stem == path.parent.name)
    return sorted(found, key=lambda name: (len(name), name))


def check_name(source: str) -> str | None:
    """Return the name in a cell that is one call ``check("name")``, or None.

    A student's cell is not parsed: some take the parser minutes and a gigabyte.
    """
    found = _CHECK.fullmatch(source.strip())
    return found[2] if found else None
