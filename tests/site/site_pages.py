"""The notebooks of the built site, and how they are run in Pyodide and in CPython."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyodide_pages
from in_worker import Worker

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
postMessage(json.dumps(pyodide_pages.run({path!r})))
"""


def names(html: Path) -> list[str]:
    """Return the paths of all notebooks below ``lite/files``: chapters and their side pages, sets, folklore, uses."""
    files = html / "lite" / "files"
    return sorted(
        (str(path.relative_to(files)) for path in files.rglob("*.ipynb")), key=lambda name: ("/" in name, name)
    )


def in_pyodide(worker: Worker, html: Path, name: str, seconds: float = 240) -> dict[str, Any]:
    """Run a page in a worker that has `PACKAGES`, and return what `pyodide_pages.run` does."""
    files = html / "lite" / "files"
    texts = {f"{FOLDER}/{path}": (files / path).read_text(encoding="utf-8") for path in (name, BESIDE)}
    texts[f"/driver/{DRIVER.name}"] = DRIVER.read_text(encoding="utf-8")
    (said,) = worker.run(IN_BROWSER.format(path=f"{FOLDER}/{name}"), texts, seconds)
    return json.loads(said)


def in_cpython(html: Path, name: str, seconds: float = 600) -> dict[str, Any]:
    """Run a page in a process of its own, and return the same."""
    path = str((html / "lite" / "files" / name).resolve())
    code = "import json, sys, pyodide_pages; print(json.dumps(pyodide_pages.run(sys.argv[1])))"
    found = {**os.environ, "PYTHONPATH": f"{DRIVER.parent}{os.pathsep}{DRIVER.parents[2]}"}
    started = [sys.executable, "-c", code, path]
    done = subprocess.run(started, capture_output=True, text=True, timeout=seconds, check=True, env=found)
    return json.loads(done.stdout)
