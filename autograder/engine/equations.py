"""Where the equations of the book stand: the page of a label, and the sentence that sends a reader there."""

import json
import os
import re
import sys
from importlib import resources

BOOK = "UNROLLED_BOOK"
"""The environment variable with the address at which the book is served."""

ADDRESS = r"https?://[!-~]+"

PAGES: dict[str, str] = json.loads(resources.files(__package__).joinpath("equations.json").read_text(encoding="utf-8"))
"""Page of every labelled equation, by label, as ``tools/equations.py`` reads it from the book."""


def page_of(label: str) -> str | None:
    """Return the page that defines an equation.

    Parameters
    ----------
    label : str
        Such as ``bptt-dh``.

    Returns
    -------
    str or None
        The name of the page without its suffix, or None when no page defines the label.
    """
    return PAGES.get(label)


def see(label: str) -> str:
    """Return the sentence that sends a reader to an equation.

    Parameters
    ----------
    label : str
        Such as ``bptt-dh``. A label that no page defines is named without an address.

    Returns
    -------
    str
        With the address last and no period behind it, so that notebooks make a link of it. The address is whole when
        the environment variable ``UNROLLED_BOOK`` holds the http(s) address at which the book is served.
    """
    page = page_of(label)
    if page is None:
        return f"See equation {label}."
    # Sphinx writes the label in lower case into the page.
    return f"See equation {label} in the book: {_root()}{page}.html#equation-{label.lower()}"


def _root() -> str:
    """Return what stands before the name of a page: the address of the served book, or nothing."""
    address = os.environ.get(BOOK, "") or _around_this_python()
    return address.rstrip("/") + "/" if re.fullmatch(ADDRESS, address) else ""


def _around_this_python() -> str:
    """Return the address of the book where Python runs in a browser, from a folder of the book, or nothing."""
    if sys.platform != "emscripten":
        return ""
    from js import location  # the script that runs this Python lies in lite/ or live/ below the book

    return re.split("/(?:lite|live)/", str(location.href))[0]
