"""Texts that ship with the course, frozen, so that what a network learns does not change with the reader's Python."""

import re
from importlib.resources import files


def python_topics():
    """Return paragraphs of Python's own help topics: real English, of one author's kind, a paragraph to a line.

    Returns
    -------
    str
        95,970 characters of ASCII; the license stands beside the file, in ``unrolled/texts/LICENSE``.
    """
    return files(__name__).joinpath("python_topics.txt").read_text(encoding="ascii")


def plain_topics():
    """Return the paragraphs of `python_topics` in lower case, with 31 characters in all, enough for a first model.

    Every run of other characters becomes one space; paragraphs of up to 20 characters are left out.

    Returns
    -------
    str
        About 94,500 characters: a to z, space, period, comma, apostrophe, and the end of a paragraph.
    """
    plain = re.sub(r"[^a-z\n.,']+", " ", python_topics().lower())
    paragraphs = (paragraph.strip() for paragraph in plain.splitlines())
    return "".join(f"{paragraph}\n" for paragraph in paragraphs if len(paragraph) > 20)
