"""The checks by name, and how one is run. A graded cell holds one line: ``check("rnn_backward")``."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from autograder.checks import ps2, ps3
from autograder.student import CheckFailed, NotAnswered, Student

Check = Callable[[Student, np.random.Generator], str]

CHECKS: dict[str, Check] = {**ps2.CHECKS, **ps3.CHECKS}


def draw_seed() -> int:
    """Draw the seed of a check that was not given one: new every time, so that no answer can be learned by heart."""
    return secrets.randbelow(10**6)


def run_check(name: str, student: Student, seed: int | None = None) -> str:
    """Run the check `name` on a student's functions and return one sentence about what was checked.

    Raises
    ------
    CheckFailed
        When it is not passed, or there is no such check. The message ends in the line that reproduces it.
    """
    if name not in CHECKS:
        raise CheckFailed(f"There is no check named {name!r}. There are: {', '.join(sorted(CHECKS))}.")
    seed = draw_seed() if seed is None else seed
    rng = np.random.default_rng(seed)
    with _reproducible(name, seed, rng):
        try:
            return CHECKS[name](student, rng)
        finally:
            student.forget()


@contextmanager
def _reproducible(name: str, seed: int, rng: np.random.Generator) -> Iterator[None]:
    """Add to a failure the line that draws the same numbers again, if any were drawn."""
    untouched = rng.bit_generator.state
    try:
        yield
    except NotAnswered:
        raise
    except CheckFailed as failure:
        if rng.bit_generator.state != untouched:
            failure.args = (f'{failure}\n  The same numbers again: check("{name}", seed={seed})',)
        raise
