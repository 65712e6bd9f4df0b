"""Text of strangers on a page: it shows what is there and does nothing."""

import os
import re
import socket
import sys
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

from autograder.engine.equations import PAGES
from autograder.sandbox.session import plain_text

MAX_CHARACTERS = 20_000
MAX_LINES = 400
HIDDEN = "…"

# Beside what `plain_text` takes out: marks without a width, and those that turn the direction of writing.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_PILED = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
                    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip
_SEE = re.compile(r"See equation ([A-Za-z0-9-]+) in the book: (\S*)")
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
_RELATIVE = re.compile(r"(?!//)[A-Za-z0-9._~%/ -]*")


def shown(text: str, limit: int = MAX_CHARACTERS, lines: int = MAX_LINES) -> str:
    """Return a stranger's text as a page may show it: visible, in its order, of a bounded size, telling no secrets.

    Parameters
    ----------
    text : str
    limit : int
        Characters that are shown; how many more there are is said.
    lines : int
        Lines that are shown. The first half and the last half of them are.
    """
    more = len(text) - limit
    text = _PILED.sub(r"\1", _INVISIBLE.sub("\ufffd", without_places(plain_text(text, limit))))
    rows = text.split("\n")
    if len(rows) > lines:
        left_out = f"[… {len(rows) - lines:,} lines are left out …]"
        text = "\n".join([*rows[: lines // 2], left_out, *rows[-lines // 2 :]])
    return f"{text}\n[… {more:,} more characters]" if more > 0 else text


def one_line(text: str, limit: int = 300) -> str:
    """Return a stranger's text as `shown`, on one line."""
    return " ".join(shown(text[: 2 * limit], limit, 10).split())


def without_places(text: str) -> str:
    """Return a text without the name of this machine and without the folders of whoever grades on it."""
    return _places(str(Path.cwd())).sub(HIDDEN, text)


@lru_cache(maxsize=4)
def _places(here: str) -> re.Pattern:
    folders = {here, str(Path.home()), sys.prefix, sys.exec_prefix, str(Path(__file__).resolve().parents[2])}
    folders |= {os.path.realpath(folder) for folder in folders}
    longest = sorted((folder for folder in folders if len(Path(folder).parts) > 2 or folder == "/root"), reverse=True)
    name = socket.gethostname()
    names = [name, name.partition(".")[0]] if len(name) > 3 and name != "localhost" else []
    words = [rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in dict.fromkeys(names)]
    return re.compile("|".join([*map(re.escape, longest), *words]) or r"(?!)")


def book_address(book: str) -> str:
    """Return the address before the name of a page of the book, with a slash at its end, or nothing.

    Raises
    ------
    ValueError
        When it is neither an http(s) address nor a relative path.
    """
    if not book:
        return ""
    if not _ADDRESS.fullmatch(book) and not _RELATIVE.fullmatch(book):
        raise ValueError(f"the address of the book is http(s)://… or a relative path; {book!r} is neither")
    return book.rstrip("/") + "/"


def with_links(message: str, book: str) -> Markup:
    """Return a message as HTML in which the equations that it names, and nothing else, lead to their page of the book.

    Parameters
    ----------
    message : str
        What the learner saw; parts of it may be the learner's own text.
    book : str
        What `book_address` returned. Without it the page is named and there is no link.
    """
    parts, end = [], 0
    message = shown(message)
    for found in _SEE.finditer(message):
        label, page = found[1], PAGES.get(found[1])
        if page is None:
            continue
        parts.append(escape(message[end : found.start()]))
        said, end = f"See equation {label} in the book", found.end()
        if book:
            parts.append(Markup('<a href="{}{}.html#equation-{}">{}</a>').format(book, page, label.lower(), said))
        else:
            parts.append(escape(f"{said}: {_title(page)}"))
    return Markup("").join([*parts, escape(message[end:])])


def _title(page: str) -> str:
    """Return how a reader calls a page: "chapter 3, backpropagation through time"."""
    number, _, rest = page.rpartition("/")[2].partition("-")
    words = (rest if number.isdigit() else page.rpartition("/")[2]).replace("-", " ")
    return f"chapter {int(number)}, {words}" if number.isdigit() else f"the page on {words}"
