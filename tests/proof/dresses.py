"""Dresses: a right function in other clothes, which every check has to accept.

The numbers stay; the memory that holds them, the type around them and the form of the cache are others.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.engine.backward import Backward
from autograder.engine.in_dicts import InDict
from autograder.engine.measurement import Measurement
from autograder.engine.number import Number
from autograder.engine.outputs import Signature
from autograder.engine.properties import Property
from autograder.engine.trained import Trained
from autograder.engine.values import Values
from autograder.sets import Asked

Namespace = dict[str, Any]


class Plain(np.ndarray):
    """An array of a class of its own."""


def _strided(value: np.ndarray) -> np.ndarray:
    """Return every second entry of an array that is twice as wide."""
    if value.ndim == 0:
        return value
    wide = np.full((*value.shape[:-1], 2 * value.shape[-1]), np.nan)
    wide[..., ::2] = value
    return wide[..., ::2]


def _read_only(value: np.ndarray) -> np.ndarray:
    value = np.array(value)
    value.setflags(write=False)
    return value


ARRAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "in Fortran order": np.asfortranarray,
    "strided": _strided,
    "read-only": _read_only,
    "of a class of its own": lambda value: np.asarray(value).view(Plain),
    "with other rounding each time": lambda value: value * (1 + 1e-15 * np.random.default_rng().standard_normal()),
}
NUMBERS: dict[str, Callable[[float], Any]] = {
    "as an array without axes": np.asarray,
    "as a NumPy number": np.float64,
    "as a float": float,
}


class Boxed:
    """A cache as an object of a class of the student's own."""

    def __init__(self, inner: Any):
        self.inner = inner


CACHES: dict[str, tuple[Callable, Callable]] = {
    "in a dict": (lambda cache: {"cache": cache}, lambda boxed: boxed["cache"]),
    "in an object": (Boxed, lambda boxed: boxed.inner),
    "in a tuple": (lambda cache: (cache, "more"), lambda boxed: boxed[0]),
}
"""How a cache is put in something, and taken out again."""

STEPS: dict[str, Callable[[Any], Any]] = {
    "as dicts": lambda step: step._asdict(),
    "as plain tuples": tuple,
    "as objects": lambda step: SimpleNamespace(**step._asdict()),
}
"""What holds the fields of a step's cache, where it is looked at."""


def dresses(question: Asked) -> Iterator[tuple[str, Callable[[Namespace], Namespace]]]:
    """Yield how a dress is called, and a function that dresses a right notebook."""
    if isinstance(question, Measurement):
        yield "a NumPy integer", lambda right: {**right, question.name: np.int64(right[question.name])}
        return
    if isinstance(question, Number):
        yield "a NumPy integer", lambda right: {**right, question.name: lambda *a: np.int64(right[question.name](*a))}
        return
    if isinstance(question, InDict | Trained):
        for name, dress in ARRAYS.items():
            if not (isinstance(question, Trained) and "rounding" in name):  # a seed has to give one model
                yield name, _in_a_dict(question.name, dress)
        if isinstance(question, Trained):
            yield "in float32", _in_a_dict(question.name, lambda value: value.astype(np.float32))
            yield (
                "with more entries",
                lambda right: {
                    **right,
                    question.name: lambda *arguments: {**right[question.name](*arguments), "loss": 1.0},
                },
            )
        return
    axes = list((question.asked if isinstance(question, Property) else question.signature).outputs.values())
    for name, dress in ARRAYS.items():
        yield name, _dressed(question.name, axes, dress, lambda value: value)
    if "" in axes:
        for name, dress in NUMBERS.items():
            yield name, _dressed(question.name, axes, lambda value: value, dress)
    if len(axes) > 1:
        yield "in a list", lambda right: {**right, question.name: lambda *a: list(right[question.name](*a))}
    if isinstance(question, Backward) and "cache" in question.signature.arguments:
        for name, (box, unbox) in CACHES.items():
            yield f"cache {name}", _boxed(question, box, unbox)
    if isinstance(question, Values) and question.keeps:
        in_time = any("T" in kept for kept in question.keeps.values())
        for name, form in STEPS.items():
            yield f"cache {name}", _in_form(question.name, form, in_time)


def _in_a_dict(function: str, array: Callable) -> Callable[[Namespace], Namespace]:
    def dress(right: Namespace) -> Namespace:
        def dressed(*arguments: Any) -> dict:
            return {name: array(value) for name, value in right[function](*arguments).items()}

        return {**right, function: dressed}

    return dress


def _dressed(function: str, axes: list[str], array: Callable, number: Callable) -> Callable[[Namespace], Namespace]:
    def put_on(value: Any, axis: str) -> Any:
        if axis == "*":
            return value
        return number(value) if axis == "" else array(value)

    def dress(right: Namespace) -> Namespace:
        def dressed(*arguments: Any) -> Any:
            result = right[function](*arguments)
            if len(axes) == 1:
                return put_on(result, axes[0])
            return tuple(put_on(value, axis) for value, axis in zip(result, axes, strict=True))

        return {**right, function: dressed}

    return dress


def _boxed(question: Backward, box: Callable, unbox: Callable) -> Callable[[Namespace], Namespace]:
    forward = Signature.parse(question.forward).name
    place = question.signature.arguments.index("cache")

    def dress(right: Namespace) -> Namespace:
        def boxed_forward(*arguments: Any) -> tuple:
            *results, cache = right[forward](*arguments)
            return *results, box(cache)

        def boxed_backward(*arguments: Any) -> Any:
            arguments = list(arguments)
            arguments[place] = unbox(arguments[place])
            return right[question.name](*arguments)

        return {**right, forward: boxed_forward, question.name: boxed_backward}

    return dress


def _in_form(function: str, form: Callable, in_time: bool) -> Callable[[Namespace], Namespace]:
    def dress(right: Namespace) -> Namespace:
        def dressed(*arguments: Any) -> tuple:
            *results, cache = right[function](*arguments)
            return *results, [form(step) for step in cache] if in_time else form(cache)

        return {**right, function: dressed}

    return dress
