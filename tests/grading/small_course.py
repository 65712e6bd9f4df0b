"""A course of two questions, cut out of problem set 2, that is graded in a fraction of a second."""

import shutil
from pathlib import Path

import nbformat
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.grading.assignment import Assignment

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("imports", "rnn-parameter-count", "check-rnn-parameter-count", "many-to-many", "check-many-to-many")


class SmallCourse:
    """A course folder with a classroom of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.room = folder / "classroom"
        folder.mkdir(exist_ok=True)
        self.source = folder / "solutions" / "ps2" / "ps2.ipynb"
        shutil.copy(ROOT / "nbgrader_config.py", folder)
        whole = nbformat.read(ROOT / "solutions" / "ps2" / "ps2.ipynb", as_version=4)
        whole.cells = [cell for cell in whole.cells if cell.id in KEPT]
        assert [cell.id for cell in whole.cells] == list(KEPT)
        self.source.parent.mkdir(parents=True)
        nbformat.write(whole, self.source)

    @property
    def assignment(self) -> Assignment:
        """The assignment."""
        return Assignment.read(self.source)

    def right(self):
        """Return a notebook with right answers."""
        notebook = nbformat.read(self.source, as_version=4)
        for cell in notebook.cells:
            lines = cell.source.splitlines(keepends=True)
            cell.source = "".join(line for line in lines if not line.lstrip().startswith("### "))
        return notebook

    def wrong(self, cell_id: str = "many-to-many", source: str = "def many_to_many(h, Wy, by):\n    return h @ Wy"):
        """Return a notebook in which one cell is replaced."""
        notebook = self.right()
        cell_of(notebook, cell_id).source = source
        return notebook

    def submit(self, student: str, notebook=None) -> Path:
        """Put a notebook into the classroom and return its path."""
        path = self.room / "submitted" / student / "ps2" / "ps2.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(self.right() if notebook is None else notebook, path)
        return path

    def run(self, *arguments: str):
        """Run the command line in this process."""
        command, *rest = arguments
        room = () if rest and rest[0].endswith(".ipynb") else ("--classroom", str(self.room))
        return CliRunner().invoke(main, [command, *rest, "--course", str(self.folder), *room])

    def points(self) -> dict[str, list[float]]:
        """Return what the gradebook holds, by student: points for rnn_parameter_count and many_to_many."""
        with Gradebook(f"sqlite:///{self.room / 'gradebook.db'}") as gradebook:
            return {
                submission.student.id: [
                    gradebook.find_grade(f"check-{name}", "ps2", "ps2", submission.student.id).score
                    for name in ("rnn-parameter-count", "many-to-many")
                ]
                for submission in gradebook.assignment_submissions("ps2")
            }


def cell_of(notebook, cell_id: str):
    """Return the cell with this id."""
    return next(cell for cell in notebook.cells if cell.id == cell_id)
