"""The notebooks of the built site, and how they are run in Pyodide and in CPython."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyodide_pages
from in_worker import Worker

Ran = dict[str, Any]
PACKAGES = ("unrolled-course", "matplotlib", "ipython")
FOLDER = "/pages"
"""Where the notebooks lie in Pyodide."""
BESIDE = "classic-benchmarks.json"
DRIVER = Path(pyodide_pages.__file__)
IN_BROWSER = """
import json, sys
sys.path.insert(0, "/driver")
import pyodide_pages
from js import postMessage
for ran in pyodide_pages.run({path!r}):
    postMessage(json.dumps(ran))
"""


def names(html: Path) -> list[str]:
    """Return the paths of all notebooks below ``lite/files``: chapters and their side pages, sets, folklore, uses."""
    files = html / "lite" / "files"
    return sorted(
        (str(path.relative_to(files)) for path in files.rglob("*.ipynb")), key=lambda name: ("/" in name, name)
    )


def in_pyodide(worker: Worker, html: Path, name: str, seconds: float = 120) -> Iterator[Ran]:
    """Run a page in a worker that has `PACKAGES`, and yield what `pyodide_pages.run` does.

    Parameters
    ----------
    worker : Worker
    html : Path
        The folder of the built site.
    name : str
        One of `names`.
    seconds : float
        How long a cell may take.
    """
    files = html / "lite" / "files"
    texts = {f"{FOLDER}/{path}": (files / path).read_text(encoding="utf-8") for path in (name, BESIDE)}
    texts[f"/driver/{DRIVER.name}"] = DRIVER.read_text(encoding="utf-8")
    worker.tell(IN_BROWSER.format(path=f"{FOLDER}/{name}"), texts)
    return map(json.loads, worker.hear(seconds))


def in_cpython(html: Path, name: str, seconds: float = 600) -> list[Ran]:
    """Run a page in a process of its own, and return the same."""
    path = str((html / "lite" / "files" / name).resolve())
    code = "import json, sys, pyodide_pages; print(json.dumps(list(pyodide_pages.run(sys.argv[1]))))"
    found = {**os.environ, "PYTHONPATH": f"{DRIVER.parent}{os.pathsep}{DRIVER.parents[2]}"}
    started = [sys.executable, "-c", code, path]
    done = subprocess.run(started, capture_output=True, text=True, timeout=seconds, check=True, env=found)
    return json.loads(done.stdout)


def failures(cells: Iterable[Ran]) -> dict[str, str]:
    """Return what was raised or said on stderr, by the cell."""
    return {ran["cell"]: ran["failed"] or ran["errors"] for ran in cells if ran["failed"] or ran["errors"]}
