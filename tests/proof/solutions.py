"""The true solutions, the right ones in other styles and the wrong ones, as the proof of the checks needs them.

A problem set ``psN`` brings along

* ``solutions/psN/psN.ipynb``: the true solution;
* ``tests/proof/right/psN_*.py``: two or three right solutions in really different styles, with every function;
* ``tests/proof/wrong/psN.py``: what people get wrong. Its tables have a list for each question:

  - ``WRONG``: (demand, old text, new text), and more pairs of texts if need be. The old text stands in the cell of the
    true solution that defines what the question is named after;
  - ``FUNCTIONS``: (demand, function that stands in for the student's);
  - ``VALUES``: (demand, value that stands in for the student's), for questions of a number;
  - ``EQUIVALENT``: (what the mutator does, why that is no mistake);
  - ``STILL_RIGHT``: (what the corruption does, why the answer is right all the same), where many answers are.

A demand is the name of the mistake that a learner has to be told, several with " + " between them; "" if it has to be
refused without a name; or "says: " and words that the message has to hold.

Corruptions, mutants, dresses and cheats are made from the true solution and the signatures: nobody writes them.
"""

import ast
import contextlib
import importlib.util
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np

from autograder.engine.student import CheckFailed, Student
from autograder.engine.trained import Trained
from autograder.grading.assignment import is_for_play
from autograder.sets import SETS, Asked, ask

HERE = Path(__file__).parent
SOLUTIONS = HERE.parents[1] / "solutions"

Namespace = dict[str, Any]


@cache
def load(path: Path) -> ModuleType:
    """Import a file of right or wrong solutions by its path; they are data, not part of a package."""
    spec = importlib.util.spec_from_file_location(f"proof_{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def notebook_of(set_name: str) -> nbformat.NotebookNode:
    """Return the notebook of the true solution."""
    return nbformat.read(SOLUTIONS / set_name / f"{set_name}.ipynb", as_version=4)


@cache
def solution_cells(set_name: str) -> tuple[str, ...]:
    """Return the code cells of the true solution, without those that only call `check` or are for play."""
    return tuple(
        cell.source
        for cell in notebook_of(set_name).cells
        if cell.cell_type == "code" and not re.match(r"check\(", cell.source.strip()) and not is_for_play(cell)
    )


@cache
def checks_of(set_name: str) -> tuple[str, ...]:
    """Return the names of the checks that the notebook of a problem set calls, in order."""
    called = [re.match(r'check\("(\w+)"\)', cell.source.strip()) for cell in notebook_of(set_name).cells]
    return tuple(match.group(1) for match in called if match)


def defining_cell(set_name: str, name: str) -> int:
    """Return the number of the last cell that defines a function or variable of this name."""
    defines = re.compile(rf"^(def {name}\(|{name}\s*=)", re.MULTILINE)
    places = [number for number, cell in enumerate(solution_cells(set_name)) if defines.search(cell)]
    if not places:
        raise LookupError(f"no cell of solutions/{set_name}/{set_name}.ipynb defines {name}")
    return places[-1]


def run_cells(cells: tuple[str, ...], start: Namespace | None = None) -> Namespace:
    """Run code cells one after the other and return their namespace, as a kernel does."""
    namespace: Namespace = {"__name__": "__main__"} if start is None else dict(start)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        for cell in cells:
            exec(compile(cell, "<solution>", "exec"), namespace)
    return namespace


@cache
def true_solution(set_name: str) -> Namespace:
    """Return the namespace of the true solution. It is shared: copy it before changing it."""
    return run_cells(solution_cells(set_name))


@cache
def _true_until(set_name: str, last: int) -> Namespace:
    return run_cells(solution_cells(set_name)[:last])


def with_cell(set_name: str, name: str, source: str) -> Namespace:
    """Return the true solution with another source for the cell that defines `name`.

    Cells behind it are not run: they try the function on small numbers, and a wrong one may well raise there.
    """
    last = defining_cell(set_name, name)
    cells = solution_cells(set_name)
    # The cells before are run anew, so that functions of the notebook meet each other in one namespace.
    return run_cells((*cells[:last], source))


def styles(set_name: str) -> list[Path]:
    """Return the files of right solutions in other styles."""
    return sorted((HERE / "right").glob(f"{set_name}_*.py"))


def right_solution(set_name: str, style: str) -> Namespace:
    """Return the namespace of a right solution: "solution" is the true one."""
    if style == "solution":
        return true_solution(set_name)
    return vars(load(HERE / "right" / f"{set_name}_{style}.py"))


@dataclass(frozen=True)
class Wrong:
    """A wrong solution that somebody wrote.

    Attributes
    ----------
    set_name, question : str
    demand : str
        What a learner has to be told; see this module.
    number : int
        Its place in the tables of the question.
    """

    set_name: str
    question: str
    demand: str
    number: int

    @property
    def label(self) -> str:
        """How it is called in a test's name."""
        return f"{self.question}-{self.number}-{self.demand or 'unnamed'}"

    @property
    def source(self) -> str | None:
        """The source of the cell that is handed in, or None where a function or value stands in for it."""
        table, entry = _entries(self.set_name, self.question)[self.number]
        if table != "WRONG":
            return None
        source = solution_cells(self.set_name)[defining_cell(self.set_name, self.question)]
        for old, new in zip(entry[1::2], entry[2::2], strict=True):
            assert old in source, f"{old!r} does not stand in the cell that defines {self.question}"
            source = source.replace(old, new)
        return source

    def namespace(self) -> Namespace:
        """Return the notebook in which it is handed in."""
        if self.source is not None:
            return with_cell(self.set_name, self.question, self.source)
        _, entry = _entries(self.set_name, self.question)[self.number]
        return {**true_solution(self.set_name), self.question: entry[1]}

    def complaint(self, failure: CheckFailed | None) -> str:
        """Return what is wrong with a verdict, or nothing."""
        if failure is None:
            return "passed"
        if self.demand.startswith("says: "):
            return "" if self.demand.removeprefix("says: ") in str(failure) else str(failure)
        demanded = tuple(self.demand.split(" + ")) if self.demand else ()
        return "" if failure.mistakes == demanded else f"named {failure.mistakes}: {failure}"


def _entries(set_name: str, question: str) -> list[tuple[str, tuple]]:
    module = load(HERE / "wrong" / f"{set_name}.py")
    return [
        (table, entry)
        for table in ("WRONG", "FUNCTIONS", "VALUES")
        for entry in getattr(module, table, {}).get(question, ())
    ]


def wrong_solutions(set_name: str, question: str) -> list[Wrong]:
    """Return the wrong solutions of a question that somebody wrote."""
    if not (HERE / "wrong" / f"{set_name}.py").is_file():
        return []
    return [
        Wrong(set_name, question, entry[0], number) for number, (_, entry) in enumerate(_entries(set_name, question))
    ]


def equivalent_mutants(set_name: str, question: str) -> dict[str, str]:
    """Return the mutants of a question that are no mistakes, and why."""
    return _excused(set_name, question, "EQUIVALENT")


def harmless_corruptions(set_name: str, question: str) -> dict[str, str]:
    """Return the corruptions of a question that leave its answer right, and why."""
    return _excused(set_name, question, "STILL_RIGHT")


def _excused(set_name: str, question: str, table: str) -> dict[str, str]:
    path = HERE / "wrong" / f"{set_name}.py"
    return dict(getattr(load(path), table, {}).get(question, ())) if path.is_file() else {}


def questions() -> Iterator[tuple[str, Asked]]:
    """Yield every question with the name of its set."""
    for set_name, table in SETS.items():
        yield from ((set_name, question) for question in table)


def cheap(question: Asked, true: Namespace) -> tuple[Asked, Namespace]:
    """Return a question and its true solution as they are asked where only the form of an answer matters.

    A model is trained for a question of the kind `Trained`. Here it is trained for two updates, and every perplexity
    that is a number is good enough. What models are worth is proved on a few seeds, by models that are really trained
    and by made ones that know as much as counts do.
    """
    if not isinstance(question, Trained):
        return question, true
    train = true[question.name]
    place = question.signature.arguments.index("updates")

    def short(*arguments: Any) -> Any:
        return train(*arguments[:place], 2, *arguments[place + 1 :])

    return replace(question, task=replace(question.task, share=1e9)), {**true, question.name: short}


def few(question: Asked, seeds: range, count: int = 1) -> range:
    """Return the seeds on which a question is asked: few where a model is trained each time."""
    return seeds[:count] if isinstance(question, Trained) else seeds


def verdict(question: Asked, namespace: Namespace, seed: int | None) -> CheckFailed | None:
    """Ask a question as a notebook does and return the failure, or None when it is passed."""
    try:
        # An overflow is the wrong solution's own affair; NumPy's warnings about it would bury those about ours.
        with np.errstate(all="ignore"):
            ask(question, Student.of_namespace(namespace), seed)
    except CheckFailed as failure:
        return failure
    return None


def function_source(set_name: str, name: str) -> ast.AST:
    """Return the syntax tree of the cell of the true solution that defines a function or variable."""
    return ast.parse(solution_cells(set_name)[defining_cell(set_name, name)])
