"""Gradients of which a part is next to nothing: what the chain rule gets to sixteen digits, and a step loses.

The chain rule multiplies. A weight of 1e-307 on the way makes a gradient of 1e-307 that is as exact as any other. Who
moves an argument and looks at what comes out, by a real step or a complex one, sees nothing of it: beside numbers of
ordinary size it is rounded away, and the product of it and a complex step is below the smallest float. Small problems
tell the two apart, whatever the speed of the machine.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.engine.gradients import norm_relative_error
from autograder.engine.student import CheckFailed

Given = Mapping[str, Any]

WHISPER = 2.0**-1020
"""1e-307, a power of two, so that a product with it is exact. It is four times the smallest float with all digits.
Below that a number keeps the digits that are left: right gradients were right to 2e-13, in whatever style. Of the
product with a complex step of 1e-8, the widest that is right to sixteen digits, eight digits are left."""

QUIET = 1e-150
"""An entry this many times smaller than the largest is one of the quiet ones."""

ANALYTIC = 1e-11
"""The chain rule in float64 is right to 1e-16 for each of at most a thousand operations in a row: 1e-13 at worst, as
measured. A habit such as ``/ (M + 1e-12)`` leaves 1e-12. Differences of the whole forward pass, of whatever order, lose
all digits where a large part of the loss does not depend on the weights."""

PROBLEMS = 2
"""What a complex step of 1e-8 leaves of a single entry may be right by chance, once in a hundred problems."""

FAINT = -704.0
"""The logarithm of the probability of a class that next to never comes: 1e-306. Below -708 some libraries give 0."""


def whisper(**axes: int) -> Callable[[Given], Given]:
    """Return a function that takes its weight from one entry along an axis of some arrays, the last.

    Where a unit's outgoing weights and what arrives at it from the loss have next to no weight, so have the gradients
    of all that leads into it, and only those.

    Parameters
    ----------
    **axes : int
        Axis by the name of the array, such as ``Wh=0`` for the weights that go out from the last unit.
    """

    def hushed(given: Given) -> Given:
        return {**given, **{name: _hushed(given[name], axis) for name, axis in axes.items()}}

    return hushed


def _hushed(array: np.ndarray, axis: int) -> np.ndarray:
    turned = np.moveaxis(array.copy(), axis, 0)
    turned[-1] *= WHISPER
    return np.moveaxis(turned, 0, axis)


def faint_class(given: Given) -> Given:
    """Return scores of which one class, never the target, has next to no probability at every position."""
    y, V = given["y"].copy(), given["y"].shape[-1]
    faint = (given["targets"][..., None] + 1) % V
    np.put_along_axis(y, faint, -np.inf, axis=-1)
    others = np.logaddexp.reduce(y, axis=-1, keepdims=True)
    np.put_along_axis(y, faint, others + FAINT, axis=-1)
    return {**given, "y": y}


def refuse_steps(function: str, given: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray], bound: float) -> None:
    """Refuse gradients whose quiet entries, looked at by themselves, are not right to `bound`.

    Parameters
    ----------
    function : str
        As a message calls it.
    given, right : mapping of str to ndarray
        The gradients that came and the right ones, by name.

    Raises
    ------
    CheckFailed
    """
    lost = [name for name in right if _error(given[name], right[name]) > bound]
    if lost and not _flushes():
        raise CheckFailed(
            f"{function} is right for ordinary weights, and wrong where some are as small as 1e-307. The chain rule"
            " multiplies with them, and is as exact as ever.\n"
            f"{', '.join(lost)}: made from differences or with a complex step? Or is something small added, or set to"
            " zero? Use the chain rule as it is.",
            tensors=tuple(lost),
        )


def _error(given: np.ndarray, right: np.ndarray) -> float:
    """Return the larger error of the two parts. Entries that are zero are judged with the large ones."""
    size = np.abs(right)
    quiet = (size > 0) & (size < QUIET * np.max(size, initial=0.0))
    return max(norm_relative_error(given[part], right[part]) for part in (quiet, ~quiet))


def _flushes() -> bool:
    """Whether this process takes the smallest floats for zero, as some libraries set the processor to do."""
    return bool(np.array([2.0**-1022])[0] * 0.5 == 0)
