"""What the pages of the uses define, so that tests can run their experiments on other seeds and sizes."""

from pathlib import Path

import nbformat

USES = Path(__file__).resolve().parents[2] / "book" / "uses"


def defined(page, **cells):
    """Run some cells of a page, from the top of each to a line that is named, and return what they define.

    Parameters
    ----------
    page : str
        Name of the notebook in ``book/uses``, without suffix.
    **cells : str or None
        For each cell id, the beginning of the first line that is left out; None runs the whole cell.

    Returns
    -------
    dict of str to object
    """
    sources = {cell.id: cell.source for cell in nbformat.read(USES / f"{page}.ipynb", as_version=4).cells}
    names = {}
    for cell, end in cells.items():
        source = sources[cell] if end is None else sources[cell][: sources[cell].index(f"\n{end}")]
        exec(compile(source, f"{page}, cell {cell}", "exec"), names)
    return names
