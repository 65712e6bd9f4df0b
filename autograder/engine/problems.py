"""Random problems for the checks: shapes that are all different, states and upstream gradients that are not zero."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RANGES = {
    **{"N": (3, 6), "T": (4, 8), "D": (2, 7), "H": (2, 7), "V": (3, 8)},
    **{"L": (4, 5), "S": (3, 7), "E": (2, 7)},
}
"""Smallest and largest size of a letter. With T = 2 different mistakes give the same numbers, and what is right for two
sequences, or two layers, need not be for three. Above the lowest of three layers stand two: a list of those that is
turned round is also one that is off by one."""


@dataclass(frozen=True)
class Problem:
    """What a function is tried on: every value that it, its forward pass and the loss may be given.

    Attributes
    ----------
    sizes : mapping of str to int
        The sizes N, T, D, H, V and others by their letters.
    given : mapping of str to object
        Arrays and numbers by the names of the functions' parameters; the gradient that arrives at the result h is dh.
    """

    sizes: Mapping[str, int]
    given: Mapping[str, Any]
    _known: dict = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, work_out: Callable[["Problem"], Any]) -> Any:
        """Return what a function makes of this problem, worked out the first time it is asked for by this name."""
        if name not in self._known:
            self._known[name] = work_out(self)
        return self._known[name]


@dataclass(frozen=True)
class Case:
    """A circumstance in which a function has to be right.

    Attributes
    ----------
    circumstance : str
        As a message says it: " at N = 1".
    options : mapping
        What the problem is drawn with.
    hint : str
        Said where a function fails here and has not failed before: what it usually means.
    numeric : bool
        Whether gradients are compared with numeric ones too. Where states are saturated or a part of the loss is
        large, differences say nothing.
    exact : bool
        Whether a gradient has to be right to the last digits. Those of saturated states lose some.
    branches : bool
        Whether code may take another way here, as it may for one sequence or no initial state. Elsewhere a mistake that
        shows on ordinary problems cannot be the reason, once those have been passed.
    repeated : bool
        Whether a second problem of the same sizes follows, so that what is kept between calls shows.
    """

    circumstance: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    numeric: bool = False
    exact: bool = True
    branches: bool = False
    repeated: bool = False


def at_one(*letters: str, numeric: bool = False) -> Case:
    """Return the case in which these sizes are 1, such as " at N = T = 1"."""
    circumstance = f" at {' = '.join(letters)} = 1"
    return Case(circumstance, dict.fromkeys(letters, 1), numeric=numeric, branches=True)


def draw_sizes(rng: np.random.Generator, letters: str = "NTDH", low: Mapping[str, int] | None = None, **fixed: int):
    """Draw one size for each letter, all different, so that a loop over the wrong axis cannot pass.

    Parameters
    ----------
    rng : numpy.random.Generator
    letters : str
        One letter for every size; `RANGES` says how large.
    low : mapping of str to int, optional
        Smallest sizes where those of `RANGES` are too small.
    **fixed : int
        Sizes that are not drawn, by letter, such as ``N=1``.

    Returns
    -------
    dict of str to int
    """
    sizes = {letter: fixed[letter] for letter in letters if letter in fixed}
    # The letter with the fewest choices is drawn first, so that a size is left for each.
    for letter in sorted(set(letters) - set(fixed), key=lambda letter: (RANGES[letter][1], letter)):
        smallest, largest = RANGES[letter]
        smallest = max(smallest, (low or {}).get(letter, 0))
        free = [size for size in range(smallest, largest + 1) if size not in sizes.values()]
        sizes[letter] = int(rng.choice(free))
    return {letter: sizes[letter] for letter in letters}
