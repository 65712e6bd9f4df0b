"""Known mistakes, and how a wrong result is matched with them.

A bank is a tuple of `Mistake`: data, one entry a mistake. An entry replaces one or two terms of a calculation that is
written term by term (see `rnn.py`). Evaluated on the very inputs of a failed check, it says what somebody who made
that mistake would have got. To extend the course to another layer, write its calculation in terms, and list the
terms that people get wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from autograder.gradients import norm_relative_error

SAME = 1e-6
DIFFERENT = 1e-4

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Mistake:
    """One mistake that people make.

    Attributes
    ----------
    name : str
        A short identifier, for tests and statistics.
    sentence : str
        What went wrong, in plain words. It never says the right line.
    equation : str
        Label of the equation to look at.
    terms : mapping of str to callable
        The terms of the calculation that it replaces.
    """

    name: str
    sentence: str
    equation: str
    terms: Mapping[str, Callable[..., Any]] = field(default_factory=dict, hash=False)


def recognize(
    given: Tensors, right: Tensors, bank: Iterable[Mistake], evaluate: Callable[[Mapping], Tensors]
) -> tuple[Mistake, ...]:
    """Return the mistakes that explain `given`, or nothing.

    One mistake that reproduces every tensor is best; then two at once, with no term in common. If neither does, a
    mistake that reproduces at least two wrong tensors, or the only one, is still worth naming.

    Parameters
    ----------
    given, right : mapping of str to ndarray
        What the student got, and what is right, tensor by tensor, of equal shapes.
    bank : iterable of Mistake
    evaluate : callable
        Takes replaced terms, returns the tensors that come out.
    """
    bank = tuple(bank)
    wrong = [name for name in right if norm_relative_error(given[name], right[name]) > SAME]
    if not wrong:
        return ()
    outcomes = {}
    for mistake in bank:
        outcomes[mistake.name] = outcome = evaluate(mistake.terms)
        if _agrees(given, outcome, right):
            return (mistake,)
    for first, second in combinations(bank, 2):
        if first.terms.keys() & second.terms.keys():
            continue
        if not _may_explain(given, right, outcomes[first.name], outcomes[second.name]):
            continue
        if _agrees(given, evaluate({**first.terms, **second.terms}), right):
            return first, second
    explained = {
        mistake: [
            name
            for name in wrong
            if _close(given[name], outcomes[mistake.name][name])
            and norm_relative_error(outcomes[mistake.name][name], right[name]) > DIFFERENT
        ]
        for mistake in bank
    }
    best = max(bank, key=lambda mistake: len(explained[mistake]), default=None)
    if best is not None and len(explained[best]) >= min(2, len(wrong)):
        return (best,)
    return ()


def _may_explain(given: Tensors, right: Tensors, one: Tensors, other: Tensors) -> bool:
    """Whether two mistakes together may give `given`: a tensor that only one of them touches is as that one makes it.

    Evaluating a pair is dear and there are hundreds; this leaves a few.
    """
    for name in right:
        touched = [outcome[name] for outcome in (one, other) if not _close(outcome[name], right[name])]
        if len(touched) < 2 and not _close(given[name], touched[0] if touched else right[name]):
            return False
    return True


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return np.shape(a) == np.shape(b) and norm_relative_error(a, b) <= SAME


def _agrees(given: Tensors, outcome: Tensors, right: Tensors) -> bool:
    return all(_close(given[name], outcome[name]) for name in right)
