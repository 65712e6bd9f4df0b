"""Calling a student's function and describing what came of it in plain data.

The same code runs in the learner's notebook and inside the sandbox, so both see the same rules: a function gets its
own copies of the arrays, is watched for changing them, and may return numeric arrays, plain numbers and strings;
whatever else it returns (a cache, usually) stays here and is known outside by a number only.
"""

import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NUMERIC_KINDS = "biufc"
MAX_DIMENSIONS = 8
MAX_TEXT = 2_000
MAX_OUTPUTS = 64


@dataclass(frozen=True)
class Opaque:
    """A value that stays with its maker, such as a cache: known outside by a number only."""

    number: int


def is_numeric_array(value: Any) -> bool:
    """Whether `value` is an array that may cross: numeric, native byte order, at most 8 axes."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in NUMERIC_KINDS
        and value.dtype.itemsize <= 16
        and value.ndim <= MAX_DIMENSIONS
        and value.dtype.isnative
    )


class Caller:
    """Answers requests about one namespace: the globals of a notebook.

    Requests are dicts: ``{"op": "call", "name": str, "arguments": dict}``, ``{"op": "value", "name": str}`` and
    ``{"op": "forget"}``. Arguments are passed by position, in the order of the dict, so that a student may rename
    parameters. Answers are dicts with a ``"result"`` or an ``"error"``.
    """

    def __init__(self, namespace: Mapping[str, Any]):
        self._namespace = namespace
        self._kept: list[Any] = []

    def answer(self, request: dict) -> dict:
        """Carry out one request; a student's exception becomes an ``"error"``."""
        if request["op"] == "forget":
            self._kept.clear()
            return {"result": None}
        if request["name"] not in self._namespace:
            return {"error": {"kind": "missing"}}
        target = self._namespace[request["name"]]
        if request["op"] == "value":
            return {"result": self._outward(target)}
        if not callable(target):
            return {"error": {"kind": "not callable", "type": type(target).__name__}}
        return self._call(target, request["arguments"])

    def _call(self, function: Any, arguments: dict[str, Any]) -> dict:
        given = {
            name: self._kept[value.number] if isinstance(value, Opaque) else _own_copy(value)
            for name, value in arguments.items()
        }
        try:
            result = function(*given.values())
        except Exception as error:
            return {"error": self._describe(error)}
        changed = [
            name
            for name, value in arguments.items()
            if isinstance(value, np.ndarray) and not _unchanged(value, given[name])
        ]
        if isinstance(result, list | tuple) and len(result) <= MAX_OUTPUTS:
            return {"result": tuple(self._outward(item) for item in result), "changed": changed}
        return {"result": self._outward(result), "changed": changed}

    def _outward(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, complex):
            return value
        if type(value) is str:
            return value[:MAX_TEXT]
        if isinstance(value, np.generic) and value.dtype.kind in NUMERIC_KINDS:
            return value.item()
        if is_numeric_array(value):
            return np.array(value, subok=False)
        self._kept.append(value)
        return Opaque(len(self._kept) - 1)

    def _describe(self, error: Exception) -> dict:
        line_number, line = None, ""
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_globals is self._namespace:
                line_number = traceback.tb_lineno
                line = linecache.getline(frame.f_code.co_filename, line_number, frame.f_globals).strip()
            traceback = traceback.tb_next
        return {
            "kind": "stub" if isinstance(error, NotImplementedError) else "raised",
            "type": type(error).__name__[:MAX_TEXT],
            "message": str(error)[:MAX_TEXT],
            "line_number": line_number,
            "line": line[:MAX_TEXT],
        }


def _unchanged(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether an array is what it was, bit by bit; several times as fast as np.array_equal on small arrays."""
    return before.shape == after.shape and before.dtype == after.dtype and before.tobytes() == after.tobytes()


def _own_copy(value: Any) -> Any:
    return np.array(value) if isinstance(value, np.ndarray) else value
