"""The lines of a message to the learner: which mistake, which equation, where it starts, which two numbers."""

from collections.abc import Iterable, Mapping

import numpy as np

from autograder.engine.equations import see
from autograder.engine.gradients import norm_relative_error
from autograder.engine.mistakes import Mistake
from autograder.engine.outputs import STACKED

IN_OTHER_WORDS = {
    "core dimension": "`@` needs equal inner sizes: (N, D) @ (D, H) gives (N, H). Inputs and states are rows here, so"
    " weights stand to their right; `.T` swaps the two sizes. Blocks stand side by side after np.hstack; np.vstack, and"
    " np.concatenate without axis=1, put one below the other.",
    "indexing arrays could not": "Arrays of indices in one pair of brackets pick one entry for each pair of theirs:"
    " they need the same length.",
    "unhashable type: 'numpy.ndarray'": "A key has to stay what it is, and an array can change: make a tuple of it.",
    "inhomogeneous shape": "An array has no parts of different shapes. Is a function called that returns two results,"
    " such as y and cache? Take them apart: `y, cache = …`.",
    "only 0-dimensional arrays": "The functions of `math` take one number; those of NumPy take whole arrays.",
    "only length-1 arrays": "The functions of `math` take one number; those of NumPy take whole arrays.",
    "is out of bounds": "Python counts from 0: the last of n entries has the index n - 1.",
    "numpy boolean": "True and False are no numbers here: `~mask` is the opposite mask, and 1.0 * mask makes ones and"
    " zeros of it.",
    "local variable": "A variable that a function assigns has no value before that line is run, on the other side of an"
    " `=` either. Does it need one before the first round of a loop?",
    "bitwise_xor": "In Python `^` is no power: that is `**`.",
    "could not be broadcast": "`+`, `*` and np.where work entry by entry: both arrays need the same shape, and only an"
    " axis of size 1 is stretched. `a[:, None]` makes (N, 1) of (N,); a matrix product is `@`.",
    "could not broadcast input array": "What is put into a place of an array needs the shape of that place."
    " `a[:, steps]` takes all these steps in every row; `a[rows, steps]`, with two arrays of indices, takes one step"
    " for each row.",
    "must have same number of dimensions": "Arrays can be put together only if they have as many axes. `a[:, steps]`"
    " takes all these steps in every row; `a[rows, steps]`, with two arrays of indices, takes one step for each row.",
    "except for the concatenation axis": "Arrays that are put together may differ along one axis only. Without"
    " axis=1, np.concatenate puts one below the other, along the first.",
    "only integer scalar arrays": "A slice ends at one number, and an array holds many: a row that has its own end"
    " needs a slice of its own, or an array of indices.",
    "truth value of an array": "An `if` needs one answer and this array holds many. Test for None with `is None`;"
    " choose between arrays entry by entry, with arithmetic or np.where.",
}
"""What a message of NumPy means here, by a part of it. The first part that is found counts."""


def explain(found: Iterable[Mistake], equations: Mapping[str, str], equation: str = "") -> list[str]:
    """Return the lines that name the mistakes and the equations to look at.

    Parameters
    ----------
    found : iterable of Mistake
    equations : mapping of str to str
        The equation of every term.
    equation : str
        The one to look at when no mistake is recognized.
    """
    found = tuple(found)
    lines = [f"  {known.sentence}" for known in found]
    labels = list(dict.fromkeys(equations[next(iter(known.terms))] for known in found)) or [equation]
    return lines + [f"  {see(label)}" for label in labels if label]


def in_other_words(message: str) -> list[str]:
    """Return the lines that say what NumPy meant."""
    return [f"  {meaning}" for part, meaning in IN_OTHER_WORDS.items() if part in message][:1]


def listed(names: list[str]) -> str:
    """Return "dx is", or "dx, dh0 and db are"."""
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"


def locate(
    name: str,
    given: np.ndarray,
    right: np.ndarray,
    axes: str,
    right_is: str,
    tolerance: float,
    *,
    backward: bool = False,
) -> list[str]:
    """Return the lines that say where a tensor goes wrong: the time step, if it has one, and the worst entry."""
    lines = []
    if "T" in axes and given.shape[axes.index("T")] > 1:
        axis = axes.index("T")
        scale = np.linalg.norm(right) / np.sqrt(right.shape[axis])
        apart = np.linalg.norm(np.moveaxis(given - right, axis, 0).reshape(given.shape[axis], -1), axis=1)
        steps = [int(t) for t in np.flatnonzero(apart > 10 * tolerance * max(scale, np.finfo(float).tiny))]
        if steps:
            lines.append(f"  {name} {_span(steps, given.shape[axis], backward)}.")
    worst = np.unravel_index(first_of_largest(np.abs(given - right)), given.shape) if given.ndim else ()
    entry = f"{name}[{', '.join(str(int(i)) for i in worst)}]" if given.ndim else name
    error = norm_relative_error(given, right)
    yours, expected = told_apart(float(given[worst]), float(right[worst]))
    lines.append(f"  {entry}: yours {yours}, {right_is} {expected}.")
    lines.append(f"  Norm-relative error of {name}: {error:.1e}; at most {tolerance:.0e} passes.")
    return lines


def which_gates(
    name: str, given: np.ndarray, right: np.ndarray, axes: str, gates: tuple[str, ...], tolerance: float
) -> list[str]:
    """Return the line that says which gates' blocks of a tensor are wrong, if it has such blocks and some are right."""
    if not gates or STACKED not in axes:
        return []
    parts = (np.split(tensor, len(gates), axis=axes.index(STACKED)) for tensor in (given, right))
    errors = {gate: norm_relative_error(a, b) for gate, a, b in zip(gates, *parts, strict=True)}
    wrong = [gate for gate, error in errors.items() if error > tolerance]
    fine = [gate for gate in gates if gate not in wrong]
    return [f"  In {name}, {listed(wrong)} wrong; {listed(fine)} right."] if wrong and fine else []


def first_of_largest(sizes: np.ndarray) -> int:
    """Return the place of the first entry that is the largest, or so near it that rounding decides between the two.

    Where a bias is missing all entries are off by the same, and the last digit differs from one machine to another.
    """
    sizes = np.nan_to_num(sizes, nan=np.inf, posinf=np.inf)
    return int(np.argmax(sizes >= (1 - 1e-6) * np.max(sizes)))


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Return two numbers with six digits, or as many more as it takes to see that they differ."""
    for digits in range(6, 18):
        if f"{a:.{digits}g}" != f"{b:.{digits}g}":
            break
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def _span(steps: list[int], T: int, backward: bool) -> str:
    """Say which of the T steps are wrong, in the order in which they are computed."""
    if len(steps) == T:
        return "is wrong at every time step"
    if len(steps) == 1:
        return f"is wrong at t = {steps[0]} only"
    first = max(steps) if backward else min(steps)
    if backward and first < T - 1:
        until = f"from t = {T - 1} back to t = {first + 1}" if first < T - 2 else f"at t = {T - 1}"
        return f"is right {until} and goes wrong at t = {first}"
    if not backward and first > 0:
        until = f"up to t = {first - 1}" if first > 1 else "at t = 0"
        return f"is right {until} and goes wrong at t = {first}"
    return f"is wrong at t = {', '.join(str(t) for t in sorted(steps, reverse=backward))}"
