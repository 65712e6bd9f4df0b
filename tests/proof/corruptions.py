"""Corruptions: ways to spoil any right function, output by output, that every check has to refuse."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from autograder.engine.in_dicts import InDict
from autograder.engine.measurement import Measurement
from autograder.engine.number import Number
from autograder.engine.properties import Property
from autograder.engine.trained import Trained
from autograder.engine.values import Values
from autograder.sets import Asked


def _moved(value: np.ndarray) -> np.ndarray:
    """Move the entry that is largest by a thousandth of it: the smallest change that nobody could call rounding."""
    changed = np.array(value)
    changed.flat[np.argmax(np.abs(changed))] *= 1.001
    return changed


def _clipped(value: np.ndarray) -> np.ndarray:
    limit = 0.9 * np.abs(value).max()
    return np.clip(value, -limit, limit)


ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "zero": np.zeros_like,
    "NaN": lambda value: value * np.nan,
    "float32": lambda value: value.astype(np.float32),
    "rounded to float32": lambda value: value.astype(np.float32).astype(float),
    "a list": lambda value: value.tolist(),
    "one axis more": lambda value: value[None],
    "off by one in two thousand": lambda value: value * 1.0005,
    "sign": np.negative,
    "one entry moved": _moved,
    "clipped": _clipped,
    "None": lambda value: None,
}
NUMBERS: dict[str, Callable[[float], Any]] = {
    "zero": lambda value: 0.0,
    "NaN": lambda value: np.nan,
    "float32": lambda value: np.float32(value),
    "off by one in two thousand": lambda value: value * 1.0005,
    "sign": lambda value: -value,
    "one axis more": lambda value: np.array([value]),
    "None": lambda value: None,
}
WHOLE_NUMBERS: dict[str, Callable[[int], Any]] = {
    "zero": lambda value: 0,
    "one more": lambda value: value + 1,
    "one less": lambda value: value - 1,
    "sign": lambda value: -value,
    "a float": float,
    "a text": str,
    "a truth value": bool,
    "an array": lambda value: np.array([value]),
    "None": lambda value: None,
    "too long to print": lambda value: 10**5000,
}
CACHES: dict[str, Callable[[Any], Any]] = {
    "empty": lambda cache: type(cache)() if isinstance(cache, list) else (),
    "None": lambda cache: None,
    "a text": lambda cache: "cache",
    "reversed": lambda cache: cache[::-1],
    "of the first step everywhere": lambda cache: [cache[0]] * len(cache) if isinstance(cache, list) else cache[:1],
    "one entry short": lambda cache: cache[:-1],
}


def corruptions(question: Asked) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield what is done, and a function that does it to the right function or value."""
    if isinstance(question, Measurement):
        yield from WHOLE_NUMBERS.items()
        return
    if isinstance(question, Trained):
        yield from _of_models(question)
        return
    if isinstance(question, InDict):
        for name, spoil in _of_entries(question):
            yield name, _in_a_dict(spoil, list(question.entries))
        yield "a list", lambda right: lambda *arguments: list(right(*arguments).values())
    elif isinstance(question, Number):
        for name, spoil in WHOLE_NUMBERS.items():
            yield name, _spoiling_all(spoil)
    else:
        signature = question.asked if isinstance(question, Property) else question.signature
        outputs = list(signature.outputs)
        for position, output in enumerate(outputs):
            axes = signature.outputs[output]
            table = {"": NUMBERS, "*": CACHES if isinstance(question, Values) else {}}.get(axes, ARRAYS)
            for name, spoil in table.items():
                yield f"{output} {name}", _spoiling(spoil, position if len(outputs) > 1 else None)
        if len(outputs) > 1:
            yield "last output missing", lambda right: lambda *arguments: right(*arguments)[:-1]
            yield "first two outputs swapped", _swapped
    yield "nothing returned", lambda right: lambda *arguments: [right(*arguments), None][1]
    yield "another answer the second time", _other_the_second_time
    yield "the answer kept by shapes", _kept_by_shapes
    given = question.calculation.draw(np.random.default_rng(0)).given
    for position, argument in enumerate(question.signature.arguments):
        if isinstance(given.get(argument), np.ndarray | dict) and not isinstance(question, Number):
            yield f"{argument} changed in place", _changing(position)


UNFIT = {name: ARRAYS[name] for name in ("NaN", "a list", "one axis more", "None")} | {
    "of whole numbers": lambda value: value.astype(int),
    "one row more": lambda value: np.concatenate([value, value[:1]]),
}
"""What makes of an array one that no model can have; any other change may leave a model as good as it was."""


def _of_models(question: Trained) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield what spoils the form of a trained model."""
    for entry in question.entries:
        for name, spoil in UNFIT.items():
            yield f"{entry} {name}", _spoiling_entry(entry, spoil)
        yield f"{entry} missing", _without_entry(entry)
    yield "a list", lambda right: lambda *arguments: list(right(*arguments).values())
    yield "nothing returned", lambda right: lambda *arguments: [right(*arguments), None][1]
    yield "another answer the second time", _other_the_second_time
    yield "tokens changed in place", _changing(0)


def _spoiling_entry(entry: str, spoil: Callable[[Any], Any]) -> Callable:
    def corrupt(right: Callable) -> Callable:
        def wrong(*arguments: Any) -> dict:
            params = right(*arguments)
            return {**params, entry: spoil(params[entry])}

        return wrong

    return corrupt


def _without_entry(entry: str) -> Callable:
    def corrupt(right: Callable) -> Callable:
        return lambda *arguments: {name: value for name, value in right(*arguments).items() if name != entry}

    return corrupt


def _of_entries(question: InDict) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield what spoils the entries of a dict, as if they were outputs."""
    for position, output in enumerate(question.entries):
        for name, spoil in ARRAYS.items():
            yield f"{output} {name}", _spoiling(spoil, position)
    yield "last entry missing", lambda right: lambda *arguments: right(*arguments)[:-1]
    yield "entries in one another's places", lambda right: lambda *arguments: right(*arguments)[::-1]


def _in_a_dict(spoil: Callable[[Any], Any], names: list[str]) -> Callable:
    """Let a corruption of several outputs spoil the entries of a dict."""

    def corrupt(right: Callable) -> Callable:
        spoiled = spoil(lambda *arguments: tuple(right(*arguments)[name] for name in names))
        return lambda *arguments: dict(zip(names, spoiled(*arguments), strict=False))

    return corrupt


def _spoiling(spoil: Callable[[Any], Any], position: int | None) -> Callable:
    if position is None:
        return _spoiling_all(spoil)

    def corrupt(right: Callable) -> Callable:
        def wrong(*arguments: Any) -> tuple:
            outputs = list(right(*arguments))
            outputs[position] = spoil(outputs[position])
            return tuple(outputs)

        return wrong

    return corrupt


def _spoiling_all(spoil: Callable[[Any], Any]) -> Callable:
    return lambda right: lambda *arguments: spoil(right(*arguments))


def _swapped(right: Callable) -> Callable:
    def wrong(*arguments: Any) -> tuple:
        first, second, *rest = right(*arguments)
        return second, first, *rest

    return wrong


def _numbers(output: Any) -> bool:
    return isinstance(output, np.ndarray | float | int) and not isinstance(output, bool)


def _other_the_second_time(right: Callable) -> Callable:
    """Add a little to all numbers, more with every call."""
    calls = [0]

    @wraps(right)
    def wrong(*arguments: Any) -> Any:
        result, calls[0] = right(*arguments), calls[0] + 1
        if isinstance(result, dict):
            return {name: value * (1 + 3e-10 * (calls[0] - 1)) for name, value in result.items()}
        if isinstance(result, int):
            return result + calls[0] - 1
        drift = 1 + 3e-10 * (calls[0] - 1)
        if isinstance(result, tuple):
            return tuple(output * drift if _numbers(output) else output for output in result)
        return result * drift

    return wrong


def _kept_by_shapes(right: Callable) -> Callable:
    """Answer from memory when the arguments have shapes that were seen before."""
    seen: dict[Any, Any] = {}

    def wrong(*arguments: Any) -> Any:
        key = tuple(np.shape(value) if isinstance(value, np.ndarray) else str(type(value)) for value in arguments)
        key += tuple(np.shape(value.h_t) for value in arguments[-1:] if hasattr(value, "h_t"))
        if key not in seen:
            seen[key] = right(*arguments)
        return seen[key]

    return wrong


def _changing(position: int) -> Callable:
    def corrupt(right: Callable) -> Callable:
        def wrong(*arguments: Any) -> Any:
            result = right(*arguments)
            value = arguments[position]
            if isinstance(value, dict):
                value = next(iter(value.values()))
            if isinstance(value, np.ndarray) and value.size:
                value.flat[0] = ~value.flat[0] if value.dtype == bool else value.flat[0] + 1
            return result

        return wrong

    return corrupt
