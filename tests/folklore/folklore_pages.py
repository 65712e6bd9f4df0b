"""What the folklore pages define, so that tests can run their experiments on other sizes."""

import ast
from pathlib import Path
from types import SimpleNamespace

import nbformat

FOLKLORE = Path(__file__).resolve().parents[2] / "book" / "folklore"
KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def definitions(page):
    """Return the imports, functions and classes of a page; nothing else of its cells is run.

    Parameters
    ----------
    page : str
        Name of the notebook in ``book/folklore``, without suffix.

    Returns
    -------
    SimpleNamespace
    """
    names = {}
    for cell in nbformat.read(FOLKLORE / f"{page}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and not cell.source.startswith("%"):
            tree = ast.parse(cell.source)
            tree.body = [node for node in tree.body if isinstance(node, KEPT)]
            exec(compile(tree, f"{page}, cell {cell.id}", "exec"), names)
    return SimpleNamespace(**names)
