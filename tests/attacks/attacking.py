"""What an attack is: a submission that is handed in, what it wants, and what it may get."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.attacks.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "sample_class" / "submitted"
SET = "ps3"
ALL_POINTS = 18.0
GOT_IN = "\nprint('got', 'in')"
"""The last line of a cell that attacks: it is reached if that worked, and nobody prints it in another way."""

Notebook = dict
HandIn = Callable[[Path, "Scene"], None]


@dataclass(frozen=True)
class Attack:
    """A hostile submission.

    Attributes
    ----------
    kind, name : str
    wants : str
        One sentence without its full stop.
    hand_in : callable
        ``hand_in(folder, scene)`` puts the submission into the student's folder of the problem set, which exists.
    most : float
        The points that it may get.
    student : str
        The name of the student's folder. By default made of the kind and the name.
    alone : bool
        Whether it is graded in a process of its own, whose time and memory are measured.
    seconds : float
        Of the grader's processor time that it may take then.
    slow : bool
        Whether it takes more than a second or two, as it runs into limits of time.
    """

    kind: str
    name: str
    wants: str
    hand_in: HandIn
    most: float = 0.0
    student: str = ""
    alone: bool = False
    seconds: float = 30.0
    slow: bool = False

    def __post_init__(self) -> None:
        if not self.student:
            object.__setattr__(self, "student", re.sub(r"\W+", "-", f"{self.kind} {self.name}").strip("-").lower())


class Kind(list[Attack]):
    """The attacks of one kind, as its module lists them."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def add(self, name: str, wants: str, hand_in: HandIn, most: float = 0.0, **more) -> None:
        """Add an attack."""
        self.append(Attack(self.name, name, wants, hand_in, most, **more))


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _notebook(path: Path) -> Notebook:
    notebook = json.loads(_read(path))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def right_notebook() -> Notebook:
    """Return a submission in which everything is right."""
    return _notebook(SAMPLE / "ada" / SET / f"{SET}.ipynb")


def empty_notebook() -> Notebook:
    """Return the problem set as it is handed out."""
    return _notebook(ROOT / "exercises" / SET / f"{SET}.ipynb")


def new_cell(source: str, **more) -> dict:
    """Return a code cell."""
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    return {**cell, **more}


def text_cell(source: str) -> dict:
    """Return a text cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _grade_id(cell: dict) -> str | None:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def graded_as(notebook: Notebook, grade_id: str) -> dict:
    """Return the cell with a grade_id."""
    return next(cell for cell in notebook["cells"] if _grade_id(cell) == grade_id)


def save(folder: Path, notebook: Notebook) -> None:
    """Write the notebook of a submission."""
    (folder / f"{SET}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def cells(*sources: str, into: Callable[[], Notebook] = empty_notebook, behind: dict[str, str] | None = None) -> HandIn:
    """Return what hands in a notebook with more cells at its end, and more lines behind those of some cells.

    What stands in a source between ⟨ and ⟩ is the name of something of the scene, such as ⟨peer⟩.
    """

    def hand_in(folder: Path, scene: "Scene") -> None:
        notebook = into()
        for place, source in (behind or {}).items():
            known = (cell for cell in notebook["cells"] if place in (cell.get("id"), _grade_id(cell)))
            next(known)["source"] += "\n" + scene.told(source)
        notebook["cells"] += [new_cell(scene.told(source)) for source in sources]
        save(folder, notebook)

    return hand_in


def changed(change: Callable[[Notebook], Notebook | None], into: Callable[[], Notebook] = empty_notebook) -> HandIn:
    """Return what hands in a notebook after a change."""

    def hand_in(folder: Path, scene: "Scene") -> None:
        notebook = deepcopy(into())
        save(folder, change(notebook) or notebook)

    return hand_in


def written(content: Callable[[], str | bytes]) -> HandIn:
    """Return what hands in a file with some content."""

    def hand_in(folder: Path, scene: "Scene") -> None:
        text = content()
        (folder / f"{SET}.ipynb").write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)

    return hand_in


def spoiled(spoil: Callable[[Path], None], into: Callable[[], Notebook] = right_notebook) -> HandIn:
    """Return what hands in a notebook, and then does something to its folder."""

    def hand_in(folder: Path, scene: "Scene") -> None:
        save(folder, into())
        spoil(folder)

    return hand_in
