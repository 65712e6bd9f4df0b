"""What a student's function returned: is it of the right form, and are the numbers right."""

from collections.abc import Callable, Iterable, Mapping
from itertools import permutations
from typing import Any

import numpy as np

from autograder.calling import Opaque
from autograder.gradients import norm_relative_error
from autograder.mistakes import Mistake, recognize
from autograder.student import CheckFailed

VALUE_TOLERANCE = 1e-9
ANYTHING = "*"
LARGEST = 10**12

CHAPTERS = {
    "rnn": "02-the-recurrent-neural-network",
    "bptt": "03-backpropagation-through-time",
    "cross": "03-backpropagation-through-time",
    "rtrl": "03-backpropagation-through-time",
}
"""Page of the chapter that holds an equation, by the first part of the equation's label."""


def expect_outputs(
    function: str, result: Any, outputs: Mapping[str, str], sizes: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Return the outputs of a function by name, once their number, shape, dtype and finiteness are right.

    Parameters
    ----------
    function : str
        Name of the student's function, for the message.
    result : object
        What it returned.
    outputs : mapping of str to str
        Names in order, with one letter an axis: ``{"dx": "NTD", "db": "H"}``. An empty string is a single number;
        `ANYTHING` is a value that is not looked at, such as a cache.
    sizes : mapping of str to int
        Size of every letter.

    Raises
    ------
    CheckFailed
        With what came and what was expected.
    """
    names = list(outputs)
    if len(names) == 1:
        result = (result,) if not (isinstance(result, tuple) and len(result) == 1) else result
    if result is None:
        raise CheckFailed(f"{function} returns None. Does it end in `return {', '.join(names)}`?")
    if not isinstance(result, tuple) or len(result) != len(names):
        came = f"{len(result)} values" if isinstance(result, tuple) else "one value"
        raise CheckFailed(f"{function} returns {came}; expected {len(names)}: {', '.join(names)}.")
    checked = {}
    for name, value in zip(names, result, strict=True):
        if outputs[name] == ANYTHING:
            checked[name] = value
        else:
            checked[name] = _expect_array(function, name, value, outputs[name], sizes)
    return checked


def _expect_array(function: str, name: str, value: Any, axes: str, sizes: Mapping[str, int]) -> np.ndarray:
    expected = tuple(sizes[letter] for letter in axes)
    symbols = "a single number" if not axes else f"({', '.join(axes)}{',' if len(axes) == 1 else ''}) = {expected}"
    if isinstance(value, bool | int | float | complex):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        kinds = {type(None): "None", Opaque: "something that is not an array", tuple: "a list or tuple, not stacked"}
        kind = kinds.get(type(value), type(value).__name__)
        raise CheckFailed(f"{function}: {name} is {kind}; expected an array of shape {symbols}.", tensors=(name,))
    if value.shape != expected:
        hint = ""
        swapped = value.ndim == len(expected) and any(
            tuple(value.shape[axis] for axis in order) == expected for order in permutations(range(value.ndim))
        )
        if swapped:
            hint = " The axes are in another order."
        elif value.ndim == len(expected) + 1:
            hint = " There is one axis too many: is a sum over it missing?"
        elif value.ndim == len(expected) - 1:
            hint = " There is one axis too few: is a sum taken that should not be, or one step returned for all?"
        raise CheckFailed(f"{function}: {name} has shape {value.shape}; expected {symbols}.{hint}", tensors=(name,))
    if value.dtype != np.float64:
        raise CheckFailed(
            f"{function}: {name} has dtype {value.dtype}; expected float64, the dtype of the inputs.",
            tensors=(name,),
        )
    if not np.all(np.isfinite(value)):
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0]) if value.ndim else ()
        at = f" at {list(first)}" if first else ""
        raise CheckFailed(f"{function}: {name} holds {value[first]}{at}; expected finite numbers.", tensors=(name,))
    return value


def expect_whole_number(beginning: str, value: Any, name: str) -> None:
    """Refuse a value that is not an int of up to twelve digits.

    Parameters
    ----------
    beginning : str
        How the message begins: "faded_steps is", "rnn_parameter_count returns".
    value : object
    name : str
        The function or variable that is wrong.

    Raises
    ------
    CheckFailed
    """
    if isinstance(value, bool | float | complex):
        came = repr(value)
    elif isinstance(value, np.ndarray):
        came = f"a NumPy array of shape {value.shape}"
    elif isinstance(value, int):
        if abs(value) < LARGEST:
            return
        came = "a number of more than twelve digits"
    else:
        came = {type(None): "None", str: "a text"}.get(type(value), "a value that is not a number")
    raise CheckFailed(f"{beginning} {came}; expected a whole number (int).", tensors=(name,))


def expect_values(
    function: str,
    given: Mapping[str, np.ndarray],
    right: Mapping[str, np.ndarray],
    outputs: Mapping[str, str],
    *,
    bank: Iterable[Mistake] = (),
    evaluate: Callable[[Mapping], Mapping[str, np.ndarray]] | None = None,
    equation: str = "",
    circumstance: str = "",
) -> None:
    """Compare outputs with the right values and name the mistake where it is known.

    Parameters
    ----------
    function : str
    given, right : mapping of str to ndarray
        Values by output name. Outputs that `right` does not hold are not compared.
    outputs : mapping of str to str
        Axes of every output, as in `expect_outputs`.
    bank, evaluate
        Known mistakes and what they would give; see `autograder.mistakes.recognize`.
    equation : str
        Label of the equation to look at when no mistake is recognized.
    circumstance : str
        Added to the first line: "at N = 1", say.

    Raises
    ------
    CheckFailed
    """
    wrong = [name for name in right if norm_relative_error(given[name], right[name]) > VALUE_TOLERANCE]
    if not wrong:
        return
    found = recognize(given, right, bank, evaluate) if evaluate else ()
    name = wrong[0]
    lines = [f"{function}: {_listed(wrong)} wrong{circumstance}."]
    lines += explain(found, equation)
    lines += locate(name, given[name], right[name], outputs[name], "expected", VALUE_TOLERANCE)
    raise CheckFailed("\n".join(lines), mistakes=tuple(mistake.name for mistake in found), tensors=tuple(wrong))


def explain(found: Iterable[Mistake], equation: str = "") -> list[str]:
    """Return the lines that name the mistakes and the equations to look at."""
    found = tuple(found)
    lines = [f"  {mistake.sentence}" for mistake in found]
    labels = list(dict.fromkeys(mistake.equation for mistake in found)) or ([equation] if equation else [])
    for label in labels:
        page = CHAPTERS[label.split("-")[0]]
        lines.append(f"  See equation {label} in the book: {page}.html#equation-{label.lower()}")
    return lines


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
    worst = np.unravel_index(int(np.argmax(np.abs(given - right))), given.shape) if given.ndim else ()
    entry = f"{name}[{', '.join(str(int(i)) for i in worst)}]" if given.ndim else name
    error = norm_relative_error(given, right)
    lines.append(f"  {entry}: yours {float(given[worst]):.6g}, {right_is} {float(right[worst]):.6g}.")
    lines.append(f"  Norm-relative error of {name}: {error:.1e}; at most {tolerance:.0e} passes.")
    return lines


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


def _listed(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"
