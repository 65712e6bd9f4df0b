"""The banks of right and wrong solutions that every check of the course is tried on.

To add a problem set, write

* ``right/<set>_<style>.py``: a module with every function of the set, right, each file in another style;
* ``wrong/<set>.py``: what people get wrong. It may hold three tables, each by the name of the check:

  - ``SUBSTITUTIONS``: a list of (name, old text, new text). The old text is looked for in the cell of the true
    solution, in ``solutions/<set>/<set>.ipynb``, that defines what the check is named after;
  - ``FUNCTIONS``: a dict of name to a function that stands in for the student's;
  - ``VALUES``: a dict of name to a value that stands in for the student's, for checks of a number.

Everything else (that each is judged rightly, and there are enough of them) follows in `test_banks`.
"""

import contextlib
import importlib.util
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np

from autograder.checks import CHECKS, run_check
from autograder.student import CheckFailed, Student

HERE = Path(__file__).parent
SOLUTIONS = HERE.parent.parent / "solutions"

Namespace = dict[str, Any]


def problem_sets() -> list[str]:
    """Return the problem sets that have a bank, such as ``["ps2", "ps3"]``."""
    return sorted(path.stem for path in (HERE / "wrong").glob("ps*.py"))


@cache
def load(path: Path) -> ModuleType:
    """Import a file of a bank by its path; the banks are data, not part of a package."""
    spec = importlib.util.spec_from_file_location(f"bank_{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def solution_cells(problem_set: str) -> tuple[str, ...]:
    """Return the code cells of the true solution, without the graded cells that only call `check`."""
    notebook = nbformat.read(SOLUTIONS / problem_set / f"{problem_set}.ipynb", as_version=4)
    return tuple(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not re.match(r"check\(", cell.source.strip())
    )


@cache
def checks_of(problem_set: str) -> tuple[str, ...]:
    """Return the names of the checks that the notebook of a problem set calls, in order."""
    notebook = nbformat.read(SOLUTIONS / problem_set / f"{problem_set}.ipynb", as_version=4)
    called = [re.match(r'check\("(\w+)"\)', cell.source.strip()) for cell in notebook.cells]
    return tuple(match.group(1) for match in called if match)


def run_cells(cells: tuple[str, ...]) -> Namespace:
    """Run code cells one after the other and return their namespace, as a kernel does."""
    namespace: Namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(compile(cell, "<solution>", "exec"), namespace)
    return namespace


@cache
def true_solution(problem_set: str) -> Namespace:
    """Return the namespace of the true solution. It is shared: copy it before changing it."""
    return run_cells(solution_cells(problem_set))


def right_solutions(problem_set: str) -> dict[str, Namespace]:
    """Return the namespaces of all right solutions by style; the true solution is one of them."""
    paths = sorted((HERE / "right").glob(f"{problem_set}_*.py"))
    return {
        "solution": true_solution(problem_set),
        **{path.stem.removeprefix(f"{problem_set}_"): vars(load(path)) for path in paths},
    }


def substituted(problem_set: str, check: str, old: str, new: str) -> Namespace:
    """Return the true solution with `old` replaced by `new` in the cell that defines what `check` is named after."""
    defines = re.compile(rf"^(def {check}\(|{check}\s*=)", re.MULTILINE)
    cells = solution_cells(problem_set)
    places = [number for number, cell in enumerate(cells) if defines.search(cell)]
    assert places, f"no cell of {problem_set} defines {check}"
    last = places[-1]
    changed = cells[last].replace(old, new)
    assert changed != cells[last], f"{old!r} does not stand in the cell of {problem_set} that defines {check}"
    # Later cells try the function on small numbers, and a wrong one may well raise there.
    return run_cells((*cells[:last], changed))


def wrong_names(problem_set: str) -> Iterator[tuple[str, str]]:
    """Yield (check, name) for every wrong solution of a problem set."""
    bank = load(HERE / "wrong" / f"{problem_set}.py")
    for check, entries in getattr(bank, "SUBSTITUTIONS", {}).items():
        yield from ((check, name) for name, _, _ in entries)
    for table in ("FUNCTIONS", "VALUES"):
        for check, entries in getattr(bank, table, {}).items():
            yield from ((check, name) for name in entries)


@cache
def wrong_solution(problem_set: str, check: str, name: str) -> Namespace:
    """Return the namespace of one wrong solution."""
    bank = load(HERE / "wrong" / f"{problem_set}.py")
    for entry, old, new in getattr(bank, "SUBSTITUTIONS", {}).get(check, ()):
        if entry == name:
            return substituted(problem_set, check, old, new)
    for table in ("FUNCTIONS", "VALUES"):
        if name in getattr(bank, table, {}).get(check, {}):
            return {**true_solution(problem_set), check: getattr(bank, table)[check][name]}
    raise LookupError(f"no wrong solution {name!r} of {check} in {problem_set}")


def is_gradient_check(check: str) -> bool:
    """Whether a check judges a function, not a number that the student measured."""
    return check in CHECKS and not any(
        check in getattr(load(HERE / "wrong" / f"{problem_set}.py"), "VALUES", {}) for problem_set in problem_sets()
    )


def verdict(check: str, namespace: Namespace, seed: int) -> CheckFailed | None:
    """Run one check as a notebook does and return its failure, or None when it passes."""
    try:
        # An overflow is the wrong solution's own affair; NumPy's warnings about it would bury those about ours.
        with np.errstate(all="ignore"):
            run_check(check, Student.of_namespace(namespace), seed)
    except CheckFailed as failure:
        return failure
    return None
