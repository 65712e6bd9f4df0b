"""Checks for the problem sets. A learner needs one name: ``from autograder import check``."""

import sys

from autograder.engine.student import CheckFailed, Student
from autograder.sets import run_check

__all__ = ["CheckFailed", "check"]
__version__ = "0.1.0"


def check(name: str, *, seed: int | None = None) -> None:
    """Check one question of a problem set, in the notebook that calls it.

    Parameters
    ----------
    name : str
        The question: the name of the function or variable that the cell above asked for.
    seed : int, optional
        Draws the numbers of the check. Without it they are new every time; a failure prints the seed that gives the
        same numbers again.

    Raises
    ------
    CheckFailed
        When the answer is not right yet. The message says what is wrong and, where it can tell, which mistake it is.
    """
    namespace = sys._getframe(1).f_globals
    print(f"{name}: right. {run_check(name, Student.of_namespace(namespace), seed)}")
