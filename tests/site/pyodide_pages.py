"""Run the code cells of a page in order. The same file runs in CPython and, in the browser, in Pyodide.

It needs matplotlib, the course, what the page itself imports, and the standard library.
"""

import contextlib
import io
import json
import linecache
import os
import time
import traceback
from pathlib import Path
from typing import Any

STUB = ("NotImplementedError", "CheckFailed")
"""What a cell of a problem set raises as long as its functions are not written."""
FRAMEWORKS = {"needs-torch", "needs-keras"}
"""Tags of the cells that need what no browser has."""


def _told(error: Exception) -> str:
    """Return an exception and the line of the page that raised it."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<cell ")]
    where = f" in {ours[-1].filename}, line {ours[-1].lineno}: {ours[-1].line}" if ours else ""
    return f"{type(error).__name__}: {error}{where}"


def run(path: str) -> dict[str, Any]:
    """Run a page.

    Parameters
    ----------
    path : str
        Of the notebook, whose folder becomes the current one.

    Returns
    -------
    dict
        ``failed``, what was raised by the id of the cell, ``errors`` that are said on stderr, ``seconds``, and how
        many ``cells`` were run and ``skipped``.
    """
    # A page of the book asks for its figures as SVG, by a line of IPython's own; here nobody looks at them.
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(Path(path).parent)
    import matplotlib.pyplot as plt

    namespace: dict[str, Any] = {"__name__": "__main__"}
    failed, skipped, count, errors = {}, 0, 0, io.StringIO()
    started = time.perf_counter()
    for number, cell in enumerate(json.loads(Path(path).read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] != "code":
            continue
        if FRAMEWORKS & set(cell["metadata"].get("tags", ())):
            skipped += 1
            continue
        lines = "".join(cell["source"]).splitlines(keepends=True)
        source = "".join(line for line in lines if not line.startswith("%"))
        name, count = f"<cell {cell.get('id', number)}>", count + 1
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
                exec(compile(source, name, "exec"), namespace)
        except Exception as error:
            failed[name] = _told(error)
        plt.close("all")
    seconds = time.perf_counter() - started
    return {"failed": failed, "errors": errors.getvalue(), "seconds": seconds, "cells": count, "skipped": skipped}
