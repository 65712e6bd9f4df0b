"""A calculation written term by term, so that a known mistake can replace a term and say what comes out.

A term is a function whose parameters are called like the values it needs: ``dz=lambda dh, h: dh * (1 - h**2)``. A
table of terms is worked out in its order. A `Walk` works a table out once for every time step.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = dict[str, Any]
Formula = Callable[..., Any]


@dataclass(frozen=True)
class Term:
    """One row of a table of terms.

    Attributes
    ----------
    formula : callable
        Its parameters are called like the values it needs.
    equation : str
        Label of the equation of the book that states it.
    """

    formula: Formula
    equation: str = ""


Table = Mapping[str, Term]


def terms(equation: str = "", /, **formulas: Formula) -> dict[str, Term]:
    """Return a table of terms that one equation states. Tables are put together with ``|``."""
    return {name: Term(formula, equation) for name, formula in formulas.items()}


@dataclass(frozen=True)
class Of:
    """A formula that is made for values whose names are data, as a family's are.

    Attributes
    ----------
    needs : tuple of str
        The names of the values, in the order of the function's parameters.
    function : callable
    """

    needs: tuple[str, ...]
    function: Callable[..., Any]

    def __call__(self, *values: Any) -> Any:
        """Return what the formula gives for these values."""
        return self.function(*values)


def of(needs: str, function: Callable[..., Any]) -> Of:
    """Return a formula of the values named in `needs`, which are separated by spaces."""
    return Of(tuple(needs.split()), function)


def apply(formula: Formula, known: Mapping[str, Any]) -> Any:
    """Return what a formula gives for the values that its parameters are called like."""
    function, wanted = taken_apart(formula)
    return function(*[known[needed] for needed in wanted])


def taken_apart(formula: Formula) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """Return the function of a formula and the names of the values that it is made of."""
    if isinstance(formula, Of):
        return formula.function, formula.needs
    return formula, formula.__code__.co_varnames[: formula.__code__.co_argcount]


@dataclass(frozen=True)
class Once:
    """A calculation whose terms are worked out once, in order."""

    table: Table

    @property
    def equations(self) -> dict[str, str]:
        """The equation of every term, by its name."""
        return {name: term.equation for name, term in self.table.items()}

    @property
    def needs(self) -> dict[str, set[str]]:
        """What every term is made of, by its name."""
        return {name: set(taken_apart(term.formula)[1]) for name, term in self.table.items()}

    def __call__(self, known: Mapping[str, Any], replaced: Mapping[str, Formula]) -> Values:
        """Return the values of all terms, some of them replaced."""
        values = dict(known)
        for name, term in self.table.items():
            values[name] = apply(replaced.get(name, term.formula), values)
        return values


@dataclass(frozen=True)
class Walk:
    """A calculation over the steps of a sequence.

    Attributes
    ----------
    order : Term
        The steps in the order they are walked, of T.
    start : Table
        The values that are carried, before the first step.
    step : Table
        Worked out at every step. They see what is given, the step `t`, and what the step before carried on.
    carried : mapping of str to str
        A carried value's name, and the term of this step that it is at the next.
    results : Table
        They see the values that the steps gave, stacked over time (zero where no step was walked), under the terms'
        names; the carried values as the last step left them; and `visited`, shape (T,) bool.
    """

    order: Term
    start: Table
    step: Table
    carried: Mapping[str, str]
    results: Table

    @property
    def equations(self) -> dict[str, str]:
        """The equation of every term, by its name."""
        return {name: term.equation for name, term in self._table.items()}

    @property
    def needs(self) -> dict[str, set[str]]:
        """What every term is made of in its own step, by its name."""
        return {name: set(taken_apart(term.formula)[1]) for name, term in self._table.items()}

    @property
    def _table(self) -> Table:
        return {"order": self.order, **self.start, **self.step, **self.results}

    def __call__(self, known: Mapping[str, Any], replaced: Mapping[str, Formula]) -> Values:
        """Return the results, with some of the terms replaced. Raises ValueError when no step is walked."""
        return self.finish(self.walk(known, replaced), replaced)

    def walk(self, known: Mapping[str, Any], replaced: Mapping[str, Formula]) -> Values:
        """Return what all the steps gave, stacked, as the results see it. Raises ValueError when none is walked."""
        s, T = dict(known), known["T"]
        for name, term in self.start.items():
            s[name] = apply(replaced.get(name, term.formula), s)
        step = [(name, *taken_apart(replaced.get(name, term.formula))) for name, term in self.step.items()]
        kept: dict[str, list] = {name: [None] * T for name in self.step}
        visited = np.zeros(T, bool)
        for t in apply(replaced.get("order", self.order.formula), s):
            s["t"], visited[t] = t, True
            for name, function, wanted in step:
                s[name] = kept[name][t] = function(*[s[needed] for needed in wanted])
            for name, term in self.carried.items():
                s[name] = s[term]
        if not visited.any():
            raise ValueError("no step is walked, so that there is nothing to stack")
        s["visited"], s["kept"] = visited, kept
        return s

    def finish(self, walked: Values, replaced: Mapping[str, Formula]) -> Values:
        """Return the results of steps that were walked, with some of the results replaced."""
        s, kept, visited = dict(walked), walked["kept"], walked["visited"]
        results = [(name, *taken_apart(replaced.get(name, term.formula))) for name, term in self.results.items()]
        for name in {needed for *_, wanted in results for needed in wanted} & kept.keys():
            values = kept[name]
            nothing = None if visited.all() else np.zeros_like(next(value for value in values if value is not None))
            s[name] = np.stack([nothing if value is None else value for value in values])
        for name, function, wanted in results:
            s[name] = function(*[s[needed] for needed in wanted])
        return s


def last_in_common(work_out: Once | Walk, wrong: Iterable[str], right: Iterable[str]) -> str:
    """Return the last term that all wrong results are made of and no right one is; empty where there is none.

    What is wrong in all of them is likely to have gone wrong there, or before. A single wrong result is itself the
    last, if no right one is made of it. Wrong results are followed back through their own step, right ones through all
    the steps.
    """
    here = work_out.needs
    carried = work_out.carried if isinstance(work_out, Walk) else {}
    over_time = here | {name: here[name] | {sent} for name, sent in carried.items()}

    def made_of(name: str, needs: Mapping[str, set[str]]) -> set[str]:
        found, left = set(), [name]
        while left:
            name = left.pop()
            if name in needs and name not in found:
                found.add(name)
                left += needs[name]
        return found

    common = set.intersection(*(made_of(name, here) for name in wrong))
    common = common.difference(*(made_of(name, over_time) for name in right))
    return next((name for name in reversed(list(work_out.equations)) if name in common), "")


def batch_first(stacked: np.ndarray, visited: np.ndarray) -> np.ndarray:
    """Return what every step gave, time first, as (N, T, …). A step that was not walked holds NaN: anything."""
    return np.where(visited[:, None, None], stacked, np.nan).swapaxes(0, 1)
