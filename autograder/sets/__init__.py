"""The problem sets by name, each a table of questions. A graded cell holds one line: ``check("rnn_backward")``."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules

import numpy as np

from autograder.engine.measurement import Measurement
from autograder.engine.questions import Question
from autograder.engine.student import CheckFailed, NotAnswered, Student, WorkerLost
from autograder.engine.trained import Trained

Asked = Question | Measurement | Trained
Table = tuple[Asked, ...]


def by_name(sets: dict[str, Table]) -> dict[str, Asked]:
    """Return the questions of all sets by name.

    Raises
    ------
    ValueError
        When two questions have the same name: one would be judged by the other's table.
    """
    questions: dict[str, Asked] = {}
    owner: dict[str, str] = {}
    for set_name, table in sets.items():
        for question in table:
            if question.name in questions:
                raise ValueError(
                    f"{set_name} and {owner[question.name]} both have a question {question.name!r}; rename one of them"
                )
            questions[question.name], owner[question.name] = question, set_name
    return questions


SETS: dict[str, Table] = {
    found.name: import_module(f"{__name__}.{found.name}").QUESTIONS
    for found in sorted(iter_modules(__path__), key=lambda found: (len(found.name), found.name))
}
"""The tables of all problem sets, ps10 behind ps9: every module in this folder that stands beside this one."""

QUESTIONS = by_name(SETS)
"""All questions, by what a graded cell passes to `check`."""


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
    if name not in QUESTIONS:
        raise CheckFailed(f"There is no check named {name!r}. There are: {', '.join(sorted(QUESTIONS))}.")
    return ask(QUESTIONS[name], student, seed)


def ask(question: Asked, student: Student, seed: int | None = None) -> str:
    """Ask a question of a student's functions and return one sentence about what was checked. Raises CheckFailed."""
    seed = draw_seed() if seed is None else seed
    rng = np.random.default_rng(seed)
    with _reproducible(question.name, seed, rng):
        try:
            return question.check(student, rng)
        except (NotAnswered, WorkerLost):  # of one that was lost nothing more can be learned
            raise
        except CheckFailed as failure:
            first = _first_wrong(question, student, seed)
            if first:
                _send(failure, question, first)
            raise
        finally:
            student.forget()


def _first_wrong(question: Asked, student: Student, seed: int) -> str:
    """Return the first question that is wrong of those that one relies on, each by way of the next; or nothing."""
    relied = QUESTIONS.get(question.relies_on)
    if relied is None or not _is_wrong(relied, student, seed):
        return ""
    return _first_wrong(relied, student, seed) or relied.name


def _send(failure: CheckFailed, question: Asked, relied: str) -> None:
    """Say first of all that a question fails which another one relies on.

    A mistake that was recognized is not told: it may be what the other function's mistake looks like from here.
    """
    first = f"{question.name} is not right, nor is {relied}, on which it relies: see to that first."
    failure.args = (first if failure.mistakes else f"{first}\n{failure}",)
    failure.mistakes = ()


def _is_wrong(question: Asked, student: Student, seed: int) -> bool:
    """Whether there is an answer to a question, and it is itself what is wrong, not what it is built on."""
    try:
        question.check(student, np.random.default_rng(seed))
    except (NotAnswered, WorkerLost):
        return False
    except CheckFailed as failure:
        return str(failure).startswith(question.name)
    return False


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
