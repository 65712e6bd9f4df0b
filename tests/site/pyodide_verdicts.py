"""Run a solution's cells and ask `check` about it. The same file runs in CPython and, in the browser, in Pyodide.

It needs NumPy, the course and the standard library; what has to be asked travels as JSON (see `verdict_cases`).
"""

import contextlib
import importlib.util
import io
import linecache
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import autograder


@cache
def _wrong(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"wrong_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Run a cell as a kernel does, which knows the lines of a cell when a function in it raises."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, name, "exec"), namespace)


class Asking:
    """Asks questions of notebooks.

    Parameters
    ----------
    cells : dict of str to list of str
        The code cells of the true solution of every set.
    wrong : str
        The folder with the wrong solutions of every set.
    """

    def __init__(self, cells: dict[str, list[str]], wrong: str) -> None:
        self.cells = cells
        self.wrong = wrong
        self._true: dict[str, dict[str, Any]] = {}

    def ask(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return what `check` says of a case, whether it is right, and how long the check took.

        Parameters
        ----------
        case : dict
            ``set``, ``question`` and ``seed``; ``source`` of the cell that is handed in, or None; ``stand_in``, the
            place of a function or value in the tables of the wrong solutions, or None.

        Returns
        -------
        dict
            ``right``, ``message``, ``seconds`` and ``processor_seconds``.
        """
        said, right = io.StringIO(), True
        namespace = self._notebook(case["set"])
        before = dict(namespace)
        line = compile(f"check({case['question']!r}, seed={case['seed']})", "<check>", "exec")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self._hand_in(case, namespace)
            started, started_processor = time.perf_counter(), time.process_time()
            try:
                with contextlib.redirect_stdout(said):
                    exec(line, namespace)
            except autograder.CheckFailed as failure:
                right = False
                said.write(str(failure))
            spent, spent_processor = time.perf_counter() - started, time.process_time() - started_processor
        namespace.clear()
        namespace.update(before)
        message = said.getvalue().rstrip("\n")
        return {"right": right, "message": message, "seconds": spent, "processor_seconds": spent_processor}

    def _notebook(self, name: str) -> dict[str, Any]:
        """Return the namespace in which all cells of the true solution have been run."""
        if name not in self._true:
            self._true[name] = {"__name__": "__main__", "check": autograder.check}
            for number, cell in enumerate(self.cells[name]):
                _run(cell, f"<{name}, cell {number}>", self._true[name])
        return self._true[name]

    def _hand_in(self, case: dict[str, Any], namespace: dict[str, Any]) -> None:
        if case["source"] is not None:
            _run(case["source"], "<changed cell>", namespace)
        elif case["stand_in"] is not None:
            written = _wrong(f"{self.wrong}/{case['set']}.py")
            tables = (getattr(written, table, {}) for table in ("WRONG", "FUNCTIONS", "VALUES"))
            entries = [entry for table in tables for entry in table.get(case["question"], ())]
            namespace[case["question"]] = entries[case["stand_in"]][1]
