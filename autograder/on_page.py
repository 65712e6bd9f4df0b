"""A question asked of text that somebody typed into a page, without a notebook around it.

The pages of the book run this in the browser; what it says is what a notebook would show.
"""

import contextlib
import io
import json
import linecache
import traceback

import numpy as np

from autograder.engine.student import CheckFailed, Student
from autograder.sets import run_check

FILE = "<your code>"
MOST = 20_000
"""Characters of what is printed that are kept."""


class _Printed(io.StringIO):
    """What is printed, up to `MOST` characters, so that a loop that prints does not fill the memory."""

    def write(self, text: str) -> int:
        left = MOST - self.tell()
        if left > 0:
            super().write(text[:left] if len(text) <= left else text[:left] + "\n… the rest is not shown.\n")
        return len(text)


def answer(question: str, code: str, given: str = "", seed: int | None = None) -> str:
    """Run a learner's text in a fresh namespace, then the check of one question.

    Parameters
    ----------
    question : str
        What a notebook would pass to `check`.
    code : str
        What the learner has written. NumPy is there as ``np``.
    given : str
        Code that runs before it, in the same namespace.
    seed : int, optional
        Draws the numbers of the check.

    Returns
    -------
    str
        JSON of an object with `passed`, a truth value; `printed`, what was printed meanwhile; `message`, what is
        wrong, or what was checked; `named`, whether it names the mistake, in its second line.
    """
    notebook = {"__name__": "__main__", "np": np}
    printed, passed, named = _Printed(), False, False
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            exec(given, notebook)
            exec(compile(code, FILE, "exec"), notebook)
            message = f"{question}: right. {run_check(question, Student.of_namespace(notebook), seed)}"
            passed = True
        except CheckFailed as failure:
            message, named = str(failure), bool(failure.mistakes)
        except BaseException as error:  # also what exit() raises
            message = _short(error)
    return json.dumps({"passed": passed, "printed": printed.getvalue(), "message": message, "named": named})


def _short(error: BaseException) -> str:
    """Return what a traceback ends with, and the learner's line that it is about."""
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == FILE:
        number, message, text = error.lineno, error.msg, (error.text or "").rstrip()
        pointer = f"\n    {' ' * (error.offset - 1)}^" if error.offset and text else ""
    else:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
        number, message, pointer = lines[-1] if lines else None, str(error), ""
        text = linecache.getline(FILE, number).strip() if number else ""
    where = f" in line {number}" if number else ""
    return f"{kind}{where}{': ' if message else ''}{message}" + (f"\n    {text}" if text else "") + pointer
