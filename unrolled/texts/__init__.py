"""Texts that ship with the course, frozen, so that what a network learns does not change with the reader's Python."""

from importlib.resources import files


def python_topics():
    """Return paragraphs of Python's own help topics: real English, of one author's kind, a paragraph to a line.

    Returns
    -------
    str
        95,970 characters of ASCII; the license stands beside the file, in ``unrolled/texts/LICENSE``.
    """
    return files(__name__).joinpath("python_topics.txt").read_text(encoding="ascii")
