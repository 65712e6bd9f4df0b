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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FRAMEWORKS = {"needs-torch", "needs-keras"}
"""Tags of the cells that need what no browser has."""


def _told(error: Exception) -> str:
    """Return an exception and the line of the page that raised it."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<cell ")]
    where = f" in {ours[-1].filename}, line {ours[-1].lineno}: {ours[-1].line}" if ours else ""
    return f"{type(error).__name__}: {error}{where}"


def run(path: str) -> Iterator[dict[str, Any]]:
    """Run a page, cell by cell.

    Parameters
    ----------
    path : str
        Of the notebook, whose folder becomes the current one.

    Yields
    ------
    dict
        Of each cell of code ``cell``, its name, ``seconds`` and ``processor_seconds``; ``failed``, what it raised,
        or ""; and ``errors``, what it said on stderr. A cell that needs a framework is left out.
    """
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(Path(path).parent)
    import matplotlib.pyplot as plt

    plt.show = lambda: None  # that of Agg warns that nobody sees anything
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(json.loads(Path(path).read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] != "code" or FRAMEWORKS & set(cell["metadata"].get("tags", ())):
            continue
        # A page asks for its figures as SVG, by a line of IPython's own; here nobody looks at them.
        lines = "".join(cell["source"]).splitlines(keepends=True)
        source = "".join(line for line in lines if not line.startswith("%"))
        name, failed, errors = f"<cell {cell.get('id', number)}>", "", io.StringIO()
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        started, started_processor = time.perf_counter(), time.process_time()
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
                exec(compile(source, name, "exec"), namespace)
        except Exception as error:
            failed = _told(error)
        plt.close("all")
        spent, spent_processor = time.perf_counter() - started, time.process_time() - started_processor
        said = {"cell": name, "failed": failed, "errors": errors.getvalue()}
        yield {**said, "seconds": spent, "processor_seconds": spent_processor}
