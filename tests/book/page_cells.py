"""What the pages of the book define, so that tests can run their experiments on other seeds and sizes."""

import ast
from pathlib import Path

import nbformat

BOOK = Path(__file__).resolve().parents[2] / "book"
KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def sources(page):
    """Return the source of every cell of code of a page, by its id.

    Parameters
    ----------
    page : str
        Path of the notebook below ``book``, without suffix.

    Returns
    -------
    dict of str to str
    """
    cells = nbformat.read(BOOK / f"{page}.ipynb", as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.cell_type == "code"}


def definitions(page, *cells, also=lambda statement: False):
    """Return the imports, functions and classes of a page by name; nothing else of its cells is run.

    Parameters
    ----------
    page : str
        Path of the notebook below ``book``, without suffix.
    *cells : str
        The ids of cells; by default all that begin with no command of IPython.
    also : callable, optional
        Returns of a statement of another kind whether it is run, too.

    Returns
    -------
    dict of str to object
    """
    written, names = sources(page), {}
    for cell in cells or [cell for cell, source in written.items() if not source.startswith("%")]:
        tree = ast.parse(written[cell])
        tree.body = [statement for statement in tree.body if isinstance(statement, KEPT) or also(statement)]
        exec(compile(tree, f"{page}, cell {cell}", "exec"), names)
    return names


def is_constant(statement):
    """Return whether a statement sets names in capitals, which are no measured values."""
    if not isinstance(statement, ast.Assign):
        return False
    targets = [part for target in statement.targets for part in getattr(target, "elts", [target])]
    return all(getattr(target, "id", "").isupper() for target in targets)


def beginnings(page, **cells):
    """Run some cells of a page, from the top of each to a line that is named, and return what they define.

    Parameters
    ----------
    page : str
        Path of the notebook below ``book``, without suffix.
    **cells : str or None
        For each cell id, the beginning of the first line that is left out; None runs the whole cell.

    Returns
    -------
    dict of str to object
    """
    written, names = sources(page), {}
    for cell, end in cells.items():
        source = written[cell] if end is None else written[cell][: written[cell].index(f"\n{end}")]
        exec(compile(source, f"{page}, cell {cell}", "exec"), names)
    return names
