"""Build the book, or a small one in its frame, into a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[2]


class Book(NamedTuple):
    """A book built into a folder of its own."""

    folder: Path
    log: str
    exit_code: int

    def files(self, pattern):
        """Return the files of a form, in order, without JupyterLite: `make site` lays it below the book."""
        lite = self.folder / "lite"
        return sorted(path for path in self.folder.rglob(pattern) if lite not in path.parents)

    def pages(self):
        """Return the HTML pages in the frame, in order. Themes leave templates in _static; run.html has no frame."""
        pages = (path for path in self.files("*.html") if "_static" not in path.parts)
        return [path for path in pages if path != self.folder / "run.html"]

    def page(self, name):
        """Return the text of one page."""
        return (self.folder / f"{name}.html").read_text(encoding="utf-8")


def in_table_of_contents():
    """Return the pages of the table of contents, in order, without suffix."""
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    found = [contents["root"]]

    def collect(entries):
        for entry in entries:
            found.append(entry["file"])
            collect(entry.get("sections", []))

    for part in contents["parts"]:
        collect(part["chapters"])
    return found


def build(folder):
    """Build the book in a folder, with the students' problem sets in it, every warning an error."""
    shutil.copytree(
        ROOT / "book",
        folder / "book",
        ignore=shutil.ignore_patterns("_build", ".ipynb_checkpoints", "problem-sets"),
    )
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "book" / "problem-sets").mkdir()
    for notebook in (ROOT / "exercises").glob("*/*.ipynb"):
        shutil.copy(notebook, folder / "book" / "problem-sets")
    return run_jupyter_book(folder)


def build_small(folder, pages, *, notebooks=None, **environment):
    """Build a book of a few pages in the frame of the course.

    Parameters
    ----------
    folder : Path
        An empty folder.
    pages : dict of str to str
        The Markdown of each page by its path. ``index`` is the first one, and the others stand below it.
    notebooks : dict of str to NotebookNode, optional
        Pages that are notebooks.
    **environment : str
        Variables for the build, such as ``BASE_URL``.

    Returns
    -------
    Book
    """
    (folder / "book").mkdir(parents=True)
    for name in ("_ext", "_live", "_static", "_vendor"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name)
    shutil.copy(ROOT / "book" / "references.bib", folder / "book")
    shutil.copy(ROOT / "_config.yml", folder)
    for name, text in pages.items():
        path = folder / "book" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, notebook in (notebooks or {}).items():
        nbformat.write(notebook, folder / "book" / f"{name}.ipynb")
    chapters = [{"file": name} for name in [*pages, *(notebooks or {})] if name != "index"]
    contents = {"format": "jb-book", "root": "index", "chapters": chapters}
    (folder / "book" / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    exit_code, log = run_jupyter_book(folder, **environment)
    return Book(folder / "_build" / "html", log, exit_code)


def run_jupyter_book(folder, **environment):
    """Build the book in a folder, every warning an error, and return the exit code and what was said."""
    addresses = {"BASE_URL", "REPOSITORY", "JUPYTERHUB"}
    without_address = {name: value for name, value in os.environ.items() if name not in addresses}
    finished = subprocess.run(
        [
            *(Path(sys.executable).with_name("jupyter-book"), "build", "book", "--config", "_config.yml"),
            *("--path-output", ".", "-W", "-n", "--keep-going"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={**without_address, "NO_COLOR": "1", **environment},
        check=False,
    )
    return finished.returncode, re.sub(r"\x1b\[[0-9;]*m", "", finished.stdout + finished.stderr)
