"""What is asked in CPython and in Pyodide alike: of every question the right solution and wrong ones, on one seed."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROOF = Path(__file__).resolve().parents[1] / "proof"
sys.path[:0] = [str(PROOF), str(Path(__file__).parent)]

import pyodide_verdicts  # noqa: E402
from in_worker import Worker  # noqa: E402
from pyodide_verdicts import Asking  # noqa: E402

import solutions  # noqa: E402

SEED = 0
RIGHT = "right"
FOLDER = "/proof"
"""Where the files of `tests/proof` lie in Pyodide."""
IN_BROWSER = f"""
import json, sys
sys.path.insert(0, "{FOLDER}")
from pyodide_verdicts import Asking
from js import postMessage
with open("{FOLDER}/asked.json") as file:
    asked = json.load(file)
asking = Asking(asked["cells"], "{FOLDER}/wrong")
for case in asked["cases"]:
    postMessage(json.dumps(asking.ask(case)))
"""
PYTHONS_OWN = re.compile(r"(?<= raised )(\w+): .*")
"""What Python or NumPy says of an exception, in words that change with the version."""

KINDS = (lambda demand: demand and not demand.startswith("says: "), lambda demand: not demand, lambda demand: True)
"""Of wrong solutions: a mistake that is named, one that is not, and any."""

Case = dict[str, Any]
Answer = dict[str, Any]


def right(set_name: str, question: str) -> Case:
    """Return the case of the true solution."""
    return {
        "set": set_name, "question": question, "label": RIGHT, "seed": SEED, "source": None, "stand_in": None,
    }  # fmt: skip


def wrong(solution: solutions.Wrong) -> Case:
    """Return the case of a wrong solution."""
    how = {"stand_in": solution.number} if solution.source is None else {"source": solution.source}
    return right(solution.set_name, solution.question) | {"label": solution.label} | how


def three(set_name: str, question: str) -> list[solutions.Wrong]:
    """Return three wrong solutions of a question, of different kinds where there are such."""
    left, chosen = solutions.wrong_solutions(set_name, question), []
    for fits in KINDS:
        chosen.append(next((entry for entry in left if fits(entry.demand)), left[-1]))
        left.remove(chosen[-1])
    return chosen


def cases(*, every: bool = False) -> Iterator[Case]:
    """Yield the cases of every question of every set: the right solution and three wrong ones, or every wrong one."""
    for set_name, question in solutions.questions():
        yield right(set_name, question.name)
        chosen = solutions.wrong_solutions if every else three
        yield from map(wrong, chosen(set_name, question.name))


def in_cpython(some: list[Case]) -> Iterator[Answer]:
    """Ask here, and yield what `pyodide_verdicts.Asking.ask` returns, for each case."""
    return map(Asking(_cells(some), str(PROOF / "wrong")).ask, some)


def in_pyodide(worker: Worker, some: list[Case], seconds: float = 120) -> Iterator[Answer]:
    """Ask in Pyodide, and yield the same. Before the first is taken, Pyodide is already at work."""
    ours = {path: f"{FOLDER}/wrong" for path in (PROOF / "wrong").glob("*.py")}
    ours |= dict.fromkeys([PROOF / "sequences.py", Path(pyodide_verdicts.__file__)], FOLDER)
    files = {f"{folder}/{path.name}": path.read_text(encoding="utf-8") for path, folder in ours.items()}
    files[f"{FOLDER}/asked.json"] = json.dumps({"cells": _cells(some), "cases": some})
    worker.tell(IN_BROWSER, files)
    return map(json.loads, worker.hear(seconds))


def _cells(some: list[Case]) -> dict[str, list[str]]:
    return {name: list(solutions.solution_cells(name)) for name in {case["set"] for case in some}}


def without_pythons_words(message: str) -> str:
    """Return a message in which an exception of Python or NumPy stands by its type alone."""
    return PYTHONS_OWN.sub(r"\1", message)


def alike(here: Answer, there: Answer) -> bool:
    """Whether two answers are the same verdict in the same words, but for those of Python itself."""
    said = (without_pythons_words(answer["message"]) for answer in (here, there))
    return here["right"] == there["right"] and len(set(said)) == 1
