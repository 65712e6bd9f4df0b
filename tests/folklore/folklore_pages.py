"""What the folklore pages define, so that tests can run their experiments on other sizes."""

from types import SimpleNamespace

from tests.book import page_cells

FOLKLORE = page_cells.BOOK / "folklore"


def definitions(page):
    """Return the imports, functions and classes of a page, named without folder; nothing else of its cells is run."""
    return SimpleNamespace(**page_cells.definitions(f"folklore/{page}"))


def beginnings(page, **cells):
    """Run some cells of a page, named without folder, as `page_cells.beginnings` does; return what they define."""
    return page_cells.beginnings(f"folklore/{page}", **cells)
