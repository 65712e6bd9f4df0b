"""What a function is called with and returns, and whether what it returned is of the right form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from autograder.engine.calling import Opaque
from autograder.engine.student import CheckFailed

ANYTHING = "*"
LARGEST = 10**12
STACKED = "Z"
"""The axis along which the gates of a layer stand side by side: a multiple of H, and called so in a message."""
WORDS = {"B": "2", "U": "L-1"}
"""Axes whose size follows from something else, and what a message calls them: the two directions of a bidirectional
layer, and the layers that have one below."""
COLLECTION = "a list or another collection"
NESTED = "\n  np.array makes an array of nested lists."
STACK = (
    "\n  np.stack makes one array of a list of arrays; its argument axis says where the new axis goes."
    " A function that returns two results, such as y and cache, is called with two names before the `=`."
)


@dataclass(frozen=True)
class Signature:
    """A function of a problem set, written as ``"rnn_forward(x, h0, Wx, Wh, b) -> h NTH, cache"``.

    Attributes
    ----------
    name : str
    arguments : tuple of str
        In the order in which they are passed.
    outputs : mapping of str to str
        Names in order, with one letter an axis: ``{"dx": "NTD", "db": "H"}``. An empty string is a single number;
        `ANYTHING` is a value that is not compared, such as a cache.
    """

    name: str
    arguments: tuple[str, ...]
    outputs: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """Read a signature. Raises ValueError for a text that is none."""
        match = re.fullmatch(r"(\w+)\((\w+(?:, \w+)*)?\) -> (\w+(?: [A-Z]+)?(?:, \w+(?: [A-Z]+)?)*)", text)
        outputs = [output.partition(" ") for output in match[3].split(", ")] if match else []
        if match is None or len({name for name, _, _ in outputs}) < len(outputs):
            raise ValueError(f'{text!r} is not a signature, such as "f(x, Wx) -> h NTH, cache"')
        named = {name: ANYTHING if name == "cache" else axes for name, _, axes in outputs}
        return cls(match[1], tuple(re.findall(r"\w+", match[2] or "")), named)

    @property
    def compared(self) -> dict[str, str]:
        """The outputs that are compared, with their axes."""
        return {name: axes for name, axes in self.outputs.items() if axes != ANYTHING}


def unpack(signature: Signature, result: Any) -> dict[str, Any]:
    """Return what a function returned, by the names of its outputs.

    Raises
    ------
    CheckFailed
        When it returned more or fewer values than its signature says.
    """
    names, function = list(signature.outputs), signature.name
    if len(names) == 1:
        result = (result,) if not (isinstance(result, tuple) and len(result) == 1) else result
    if len(names) == 1 and isinstance(result[0], tuple) and not _alike(result[0]):
        raise CheckFailed(
            f"{function} returns {len(result[0])} values; expected one: {names[0]}.", tensors=tuple(signature.compared)
        )
    if result is None or (len(names) == 1 and result[0] is None):
        raise CheckFailed(
            f"{function} returns None. Does it end in `return {', '.join(names)}`?", tensors=tuple(signature.compared)
        )
    if not isinstance(result, tuple) or len(result) != len(names):
        came = f"{len(result)} values" if isinstance(result, tuple) and len(result) != 1 else "one value"
        raise CheckFailed(
            f"{function} returns {came}; expected {len(names)}: {', '.join(names)}.", tensors=tuple(signature.compared)
        )
    came = dict(zip(names, result, strict=True))
    swapped = [name for name in names if signature.outputs[name] == ANYTHING and isinstance(came[name], np.ndarray)]
    if swapped and any(isinstance(came[name], Opaque) for name in signature.compared):
        raise CheckFailed(
            f"{function} returns an array where the {swapped[0]} belongs, and something else where an array does: the"
            f" results stand in another order; expected {', '.join(names)}.",
            mistakes=("outputs_permuted",),
            tensors=tuple(names),
        )
    return came


def _alike(values: tuple) -> bool:
    """Whether these are arrays of one shape, as in a list of states, or lists, as in a nested one."""
    if values and all(isinstance(value, Opaque) for value in values):
        return True
    return all(isinstance(value, np.ndarray) for value in values) and len({value.shape for value in values}) == 1


def expect_form(signature: Signature, came: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return the outputs that are compared, once their shapes and dtypes are right and all numbers are finite.

    Parameters
    ----------
    signature : Signature
    came : mapping of str to object
        As `unpack` returns them.
    sizes : mapping of str to int
        Size of every letter.

    Raises
    ------
    CheckFailed
        With what came and what was expected.
    """
    return {
        name: _expect_array(signature.name, name, came[name], axes, sizes) for name, axes in signature.compared.items()
    }


def arrays_of(signature: Signature, came: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that are compared as far as they are numbers; None stands for those that are not."""
    arrays = {}
    for name in signature.compared:
        value = came[name]
        if isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST):
            value = np.asarray(value, float)
        arrays[name] = value if isinstance(value, np.ndarray) and value.dtype == np.float64 else None
    return arrays


def shape_in_words(axes: str, sizes: Mapping[str, int]) -> str:
    """Return "an array of shape (N, H) = (3, 4)", or "a single number"."""
    if not axes:
        return "a single number"
    shape = tuple(sizes[letter] for letter in axes)
    words = {**WORDS, STACKED: f"{sizes[STACKED] // sizes['H']}H"} if STACKED in axes else WORDS
    letters = [words.get(letter, letter) for letter in axes]
    return f"an array of shape ({', '.join(letters)}{',' if len(axes) == 1 else ''}) = {shape}"


def _expect_array(function: str, name: str, value: Any, axes: str, sizes: Mapping[str, int]) -> np.ndarray:
    expected = tuple(sizes[letter] for letter in axes)
    wanted = shape_in_words(axes, sizes)
    if isinstance(value, bool | int | float | complex):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        kinds = {type(None): "None", str: "a text", tuple: COLLECTION, Opaque: COLLECTION}
        kind = kinds.get(type(value), f"of type {type(value).__name__}")
        hint = STACK if kind == COLLECTION and axes else ""
        if hint and isinstance(value, tuple) and not any(isinstance(item, np.ndarray) for item in value):
            hint = NESTED
        raise CheckFailed(f"{function}: {name} is {kind}; expected {wanted}.{hint}", tensors=(name,))
    wanted = wanted.removeprefix("an array of shape ")
    if value.shape != expected:
        hint = ""
        swapped = value.ndim == len(expected) and any(
            tuple(value.shape[axis] for axis in order) == expected for order in permutations(range(value.ndim))
        )
        if swapped:
            hint = " The axes are in another order."
        elif value.ndim == len(expected) + 1:
            hint = " There is one axis too many: is a sum over it missing, or is something not picked out of it?"
        elif value.ndim == len(expected) - 1:
            hint = " There is one axis too few: is it summed over, or picked out of, or squeezed away?"
        raise CheckFailed(f"{function}: {name} has shape {value.shape}; expected {wanted}.{hint}", tensors=(name,))
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


def expect_whole_number(beginning: str, value: Any, name: str) -> int:
    """Return a value that is an int of up to twelve digits, be it in an array without axes.

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
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        value = value.item()
    if isinstance(value, bool | float | complex):
        came = repr(value)
    elif isinstance(value, np.ndarray):
        came = f"a NumPy array of shape {value.shape}"
    elif isinstance(value, int):
        if abs(value) < LARGEST:
            return value
        came = "a number of more than twelve digits"
    else:
        came = {type(None): "None", str: "a text"}.get(type(value), "a value that is not a number")
    raise CheckFailed(f"{beginning} {came}; expected a whole number (int).", tensors=(name,))
