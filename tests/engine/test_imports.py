"""What may import what: a learner's check needs NumPy and nothing else, and imports run one way."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GRADING_ONLY = {"nbgrader", "nbconvert", "nbformat", "nbclient", "IPython", "click", "rich", "sqlalchemy", "traitlets"}
GRADING_HALF = ("grading", "feedback", "report", "sandbox", "cli", "__main__")

ONLY_NUMPY = """
import importlib.abc
import sys

ALLOWED = {"numpy", "unrolled", "autograder", *sys.stdlib_module_names}


class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ImportError(f"{name} is neither NumPy nor standard library")


sys.meta_path.insert(0, Refuse())
try:
    import nbformat
except ImportError:
    pass
else:
    raise SystemExit("the hook does not refuse anything")

import unrolled
from autograder import CheckFailed, check

faded_steps = 15
check("faded_steps")


def rnn_forward(x, h0, Wx, Wh, b):
    return unrolled.rnn_forward(x, h0, Wx, Wh, b)


def rnn_backward(dh, cache):
    return unrolled.rnn_backward(dh, cache)


check("rnn_backward")


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = unrolled.rnn_backward(dh, cache)
    return dx, dh0, dWx, dWh, db / len(dx)


try:
    check("rnn_backward")
except CheckFailed as failure:
    print(failure.mistakes)
"""


def imported(path):
    """Return the top-level names that a Python file imports anywhere, and the modules of ours in full."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_a_check_runs_where_nothing_but_numpy_and_the_standard_library_can_be_imported(tmp_path):
    program = tmp_path / "notebook.py"
    program.write_text(ONLY_NUMPY, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60
    )
    assert run.stderr == ""
    first, second, third = run.stdout.splitlines()
    assert first.startswith("faded_steps: right.")
    assert second.startswith("rnn_backward: right.")
    assert third == "('db_mean',)"


@pytest.mark.parametrize("path", sorted((ROOT / "unrolled").rglob("*.py")), ids=lambda path: path.stem)
def test_unrolled_imports_neither_the_autograder_nor_anything_but_numpy(path):
    allowed = {"numpy", "unrolled", *sys.stdlib_module_names}
    if path.stem == "training":
        allowed.add("tqdm")  # where it is there; test_unrolled_imports.py blocks it
    assert {name for name in imported(path) if name.partition(".")[0] not in allowed} == set()


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted((ROOT / "autograder").rglob("*.py"))
        if path.relative_to(ROOT / "autograder").parts[0].removesuffix(".py") not in GRADING_HALF
    ],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_the_check_half_of_the_autograder_imports_nothing_of_its_grading_half(path):
    names = imported(path)
    assert {name for name in names if name.partition(".")[0] in GRADING_ONLY} == set()
    ours = {name for name in names if name.startswith("autograder.")}
    assert {name for name in ours if name.split(".")[1] in GRADING_HALF} == set()
