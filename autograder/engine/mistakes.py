"""Known mistakes, and which of them explain a wrong result.

A bank is a tuple of `Mistake`: data, one entry a mistake. An entry replaces one or more terms of a calculation that is
written term by term (see `terms`). Evaluated on the very inputs of a failed check, it says what somebody who made that
mistake would have got.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autograder.engine.gradients import norm_relative_error
from autograder.engine.terms import Formula

SAME = 1e-6
"""Two results are the same number for number. Rounding is 1e9 times smaller, two different formulas differ by 1e-3."""

DIFFERENT = 1e-4
"""A mistake that changes a tensor by less cannot be told from a right one."""

MOST_PAIRS = 150
"""How many pairs of mistakes are worked out before a message goes out without a name."""

Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class Mistake:
    """One mistake that people make.

    Attributes
    ----------
    name : str
        A short identifier, for tests and statistics.
    sentence : str
        What went wrong, in plain words. It never says the right line.
    terms : mapping of str to callable
        The terms of the calculation that it replaces. The equation of the first is the one to look at.
    family : str
        The family it is a member of, with the member's name, such as "totals.one_step"; empty for a single mistake.
    """

    name: str
    sentence: str
    terms: Mapping[str, Formula]
    family: str = ""

    @property
    def origin(self) -> str:
        """Where it is written: the entry of its family, or its own name."""
        return self.family or self.name


def mistake(name: str, sentence: str, /, **terms: Formula) -> Mistake:
    """Return a mistake that replaces `terms`."""
    return Mistake(name, sentence, terms)


@dataclass(frozen=True)
class Evidence:
    """One problem on which a student's function was tried: what came, what is right, what a mistake would give.

    Attributes
    ----------
    given, right : mapping of str to ndarray
        Tensors by name. What is given may be of another shape, or missing where it could not be read.
    evaluate : callable
        Takes replaced terms, returns the tensors that come out. NaN in them stands for anything.
    """

    given: Tensors
    right: Tensors
    evaluate: Callable[[Mapping[str, Formula]], Tensors]
    _outcomes: dict = field(default_factory=dict, repr=False)

    def outcome(self, *made: Mistake) -> Tensors | None:
        """Return what comes out when these mistakes are made, or None where NumPy refuses the shapes."""
        names = tuple(known.name for known in made)
        if names not in self._outcomes:
            terms = {name: formula for known in made for name, formula in known.terms.items()}
            try:
                with np.errstate(all="ignore"):
                    self._outcomes[names] = self.evaluate(terms)
            except (ValueError, IndexError):
                self._outcomes[names] = None
        return self._outcomes[names]

    @cached_property
    def wrong(self) -> list[str]:
        """Names of the tensors that are not right."""
        return [name for name in self.right if not same(self.given.get(name), self.right[name])]


def same(given: Any, outcome: Any) -> bool:
    """Whether a result is what a calculation gives, where that is not NaN."""
    if given is None or outcome is None or np.shape(given) != np.shape(outcome):
        return False
    error = norm_relative_error(given, outcome)
    if error <= SAME:
        return True
    anything = np.isnan(outcome)
    return bool(anything.any()) and norm_relative_error(given[~anything], outcome[~anything]) <= SAME


def single_mistakes(evidence: Evidence, bank: Iterable[Mistake]) -> Iterator[tuple[Mistake, ...]]:
    """Yield every mistake that reproduces all that came, tensor by tensor, the right ones too."""
    for known in bank:
        if _agrees(evidence, evidence.outcome(known)):
            yield (known,)


def two_mistakes(evidence: Evidence, bank: Iterable[Mistake]) -> Iterator[tuple[Mistake, ...]]:
    """Yield every two mistakes without a term in common that, made at once, reproduce all that came.

    Evaluating a pair is dear and there are hundreds. Neither may touch a tensor that is right, and one that only one of
    the two touches has to be as that one makes it, which leaves a few. Of these `MOST_PAIRS` are tried, those first
    that explain the most entries in the same way, above all entries that only one of the two touches: of four gates, a
    mistake in one leaves the entries of the others alone.
    """
    tried = [(known, outcome) for known in bank if (outcome := evidence.outcome(known)) is not None]
    if not tried or not all(isinstance(evidence.given.get(name), np.ndarray) for name in evidence.right):
        return
    names = list(evidence.right)
    touched = np.array([[not same(evidence.right[name], outcome[name]) for name in names] for _, outcome in tried])
    as_came = np.array([[same(evidence.given[name], outcome[name]) for name in names] for _, outcome in tried])
    right = np.array([name not in evidence.wrong for name in names])
    entries_right, entries_touched, entries_as_came = _entries(evidence, [outcome for _, outcome in tried])
    pairs = []
    for i, (first, _) in enumerate(tried):
        fits, _ = _by_one_or_both(right, touched, as_came, i)
        explained, made_by_one = _by_one_or_both(entries_right, entries_touched, entries_as_came, i)
        for j in np.flatnonzero(fits.all(axis=1)):
            other = tried[i + 1 + j][0]
            if not first.terms.keys() & other.terms.keys() and first.sentence != other.sentence:
                pairs.append((int(explained[j].sum() + made_by_one[j].sum()), first, other))
    pairs.sort(key=lambda pair: pair[0], reverse=True)
    for _, first, other in pairs[:MOST_PAIRS]:
        if _agrees(evidence, evidence.outcome(first, other)):
            yield first, other


def _by_one_or_both(
    right: np.ndarray, touched: np.ndarray, as_came: np.ndarray, i: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what mistake i and each one behind it may explain together, and what one of the two explains alone."""
    first, others = touched[i], touched[i + 1 :]
    made_by_one = first & ~others & as_came[i] | ~first & others & as_came[i + 1 :]
    return np.where(right, ~(first | others), first & others | made_by_one), made_by_one


def _entries(evidence: Evidence, outcomes: list[Tensors]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is right and what outcomes touch and explain, entry by entry, of all tensors of the right shape."""
    nothing = np.zeros((len(outcomes), 0), bool)
    right, touched, as_came = [nothing[0]], [nothing], [nothing]
    for name, expected in evidence.right.items():
        given, shape = evidence.given[name], np.shape(expected)
        if np.shape(given) != shape:
            continue
        bound = SAME * max(float(np.max(np.abs(expected), initial=0.0)), np.finfo(float).tiny)
        values = [outcome[name] for outcome in outcomes]
        made = np.array([value if np.shape(value) == shape else np.full(shape, np.inf) for value in values])
        made, given, expected = made.reshape(len(outcomes), -1), np.ravel(given), np.ravel(expected)
        right.append(np.abs(given - expected) <= bound)
        touched.append(~(np.abs(made - expected) <= bound))
        as_came.append(np.isnan(made) | (np.abs(made - given) <= bound))
    return np.concatenate(right), np.hstack(touched), np.hstack(as_came)


def partial_mistakes(evidence: Evidence, bank: Iterable[Mistake]) -> Iterator[tuple[Mistake, ...]]:
    """Yield every mistake that explains some of what is wrong and leaves alone what is right, the best one first.

    It has to explain two wrong tensors, or else all that it touches.
    """
    found = []
    for number, known in enumerate(bank):
        outcome = evidence.outcome(known)
        if outcome is None:
            continue
        touched = [name for name in evidence.right if not _nearly(outcome[name], evidence.right[name])]
        explained = [name for name in touched if _explains(evidence, outcome, name)]
        left_alone = all(name in evidence.wrong for name in touched)
        if left_alone and (len(explained) >= 2 or (explained and explained == touched)):
            found.append((-len(explained), len(touched), number, known))
    for *_, known in sorted(found, key=lambda entry: entry[:3]):
        yield (known,)


def recognize(
    first: Evidence,
    confirm: Callable[[tuple[Mistake, ...]], Iterable[Evidence | None]],
    bank: Iterable[Mistake],
    *,
    alone: bool = False,
) -> tuple[tuple[Mistake, ...], tuple[str, ...]]:
    """Return the mistakes that explain what came, and the wrong tensors that they leave unexplained.

    One mistake that reproduces every tensor is best; then two at once; then one that explains a part. A pair of
    mistakes, or an unknown one, may happen to give the numbers of a known one: a name counts only if it fits on other
    problems as well. No name at all is better than a wrong one.

    Parameters
    ----------
    first : Evidence
        The problem on which the function failed.
    confirm : callable
        Tries the function on other problems, of other sizes, on which the mistakes it is given show. None stands for
        one of which nothing comes.
    bank : iterable of Mistake
    alone : bool
        Whether one mistake has to explain everything.
    """
    bank = tuple(bank)
    wrong = first.wrong
    zero = [name for name in wrong if _all_zero(first.given.get(name))]
    # Zeros say that something is not filled in or cut off. They fit many a formula and mean none of them.
    if not wrong or len(zero) > 1 or zero == list(first.right):
        return (), ()
    for candidates in (single_mistakes,) if alone else (single_mistakes, two_mistakes, partial_mistakes):
        for found in candidates(first, bank):
            whole, others = candidates is not partial_mistakes, list(confirm(found))
            if others and all(other is not None and _fits(other, found, whole=whole) for other in others):
                outcome = first.outcome(*found)
                left = [name for name in wrong if not same(first.given.get(name), outcome[name])]
                return found, tuple(left)
    return (), ()


def shows(evidence: Evidence, made: Iterable[Mistake]) -> bool:
    """Whether what comes out when these mistakes are made can be told from what is right."""
    outcome = evidence.outcome(*made)
    return outcome is not None and not all(_nearly(outcome[name], right) for name, right in evidence.right.items())


def in_another_order(evidence: Evidence) -> tuple[str, ...]:
    """Return the names of what came, in its order, if it is all right but stands in another order; or nothing."""
    names = []
    for given in evidence.given.values():
        match = [name for name in evidence.right if name not in names and same(given, evidence.right[name])]
        if not match:
            return ()
        names.append(match[0])
    return tuple(names) if tuple(names) != tuple(evidence.right) else ()


def _fits(evidence: Evidence, found: tuple[Mistake, ...], *, whole: bool) -> bool:
    if whole:
        return _agrees(evidence, evidence.outcome(*found))
    return found in list(partial_mistakes(evidence, found))


def _agrees(evidence: Evidence, outcome: Tensors | None) -> bool:
    """Whether all that came is the outcome, and something wrong is explained that is more than "anything"."""
    if outcome is None or not all(same(evidence.given.get(name), outcome[name]) for name in evidence.right):
        return False
    loose = [name for name in evidence.wrong if np.isnan(outcome[name]).any()]
    if not loose:
        return bool(evidence.wrong)
    untouched = all(not np.any(evidence.given[name][np.isnan(outcome[name])]) for name in loose)
    return untouched or len(loose) < len(evidence.wrong)


def _explains(evidence: Evidence, outcome: Tensors, name: str) -> bool:
    return not np.isnan(outcome[name]).any() and same(evidence.given.get(name), outcome[name])


def _nearly(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and norm_relative_error(a, b) <= DIFFERENT


def _all_zero(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.size > 0 and not np.any(value)
