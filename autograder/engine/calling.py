"""Calling a student's function and describing what came of it in plain data.

The same code runs in the learner's notebook and inside the sandbox, so both see the same rules: a function gets its
own copies of the arrays, is watched for changing them, and may return numeric arrays, plain numbers and strings;
whatever else it returns (a cache, usually) stays here and is known outside by a number only.
"""

import ast
import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

NUMERIC_KINDS = "biufc"
MAX_DIMENSIONS = 8
MAX_TEXT = 2_000
MAX_OUTPUTS = 64
MAX_WATCHED = 10_000


@dataclass(frozen=True)
class Opaque:
    """A value that stays with its maker, such as a cache: known outside by a number only."""

    number: int


@dataclass(frozen=True)
class Seeded:
    """An argument that is a random generator: only its seed crosses, and the function gets a new `Generator`."""

    seed: int


@dataclass(frozen=True, eq=False)
class Polynomial:
    """An argument that is a function of an array: only its coefficients cross, and the function is made of them anew.

    Its value is the sum over all entries of ``c[0] x + c[1] x**2 + …``, plus the third power of ``sum(mixed * x)``. So
    no slope along one entry is that of another, and all derivatives are known without differences.

    Attributes
    ----------
    powers : ndarray, shape (K, *shape of x)
        The coefficients c.
    mixed : ndarray, shape of x
    """

    powers: np.ndarray
    mixed: np.ndarray

    def __call__(self, x: Any) -> float:
        """Return the value at x. Raises ValueError where x has another shape than it should."""
        x = np.asarray(x)
        if x.shape != self.mixed.shape:
            raise ValueError(f"f takes an array of shape {self.mixed.shape}, not {x.shape}")
        by_entry = sum(np.sum(c * x ** (k + 1)) for k, c in enumerate(self.powers))
        return (by_entry + np.sum(self.mixed * x) ** 3).item()


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

    Requests are dicts: ``{"op": "call", "name": str, "arguments": dict}``, ``{"op": "calls", "name": str, "each": list
    of dict}`` for many calls whose caches nobody asks for later, ``{"op": "value", "name": str}``,
    ``{"op": "parts", "of": Opaque, "fields": list of str, "steps": bool}`` and ``{"op": "forget"}``. Arguments are
    passed by position, in the order of the dict, so that a student may rename parameters. Answers are dicts with a
    ``"result"`` or an ``"error"``. An argument may be a dict of arrays, a random generator (`Seeded`), or a
    function of an array (`Polynomial`).
    """

    def __init__(self, namespace: Mapping[str, Any]):
        self._namespace = namespace
        self._kept: list[Any] = []
        self._last: dict[str, list[tuple[np.ndarray, bytes]]] = {}

    def answer(self, request: dict) -> dict:
        """Carry out one request; a student's exception becomes an ``"error"``."""
        if request["op"] == "forget":
            self._kept.clear()
            return {"result": None}
        if request["op"] == "parts":
            return {"result": _parts(self._kept[request["of"].number], request["fields"], request["steps"])}
        if request["name"] not in self._namespace:
            return {"error": {"kind": "missing"}}
        target = self._namespace[request["name"]]
        if request["op"] == "value":
            return {"result": self._outward(target)}
        if not callable(target):
            return {"error": {"kind": "not callable", "type": type(target).__name__}}
        if request["op"] == "calls":
            return {"answers": self._calls(request["name"], target, request["each"])}
        return self._call(request["name"], target, request["arguments"])

    def _calls(self, name: str, function: Any, each: list[dict[str, Any]]) -> list[dict]:
        """Call a function with each of many arguments, up to the first call that fails. What is kept is let go."""
        answers, kept = [], len(self._kept)
        for arguments in each:
            answers.append(self._call(name, function, arguments))
            del self._kept[kept:]
            if "error" in answers[-1]:
                break
        return answers

    def _call(self, name: str, function: Any, arguments: dict[str, Any]) -> dict:
        given = {
            argument: self._kept[value.number] if isinstance(value, Opaque) else _own_copy(value)
            for argument, value in arguments.items()
        }
        # What has changed since it was returned was changed by somebody else, as by a backward pass in a cache.
        watched = [(array, kept) for array, kept in self._last.pop(name, ()) if array.tobytes() == kept]
        try:
            # A product too small to be told from zero is no fault, whatever a notebook's np.seterr says.
            with np.errstate(under="ignore"):
                result = function(*given.values())
        except Exception as error:
            return {"error": self._describe(error)}
        if any(array.tobytes() != kept for array, kept in watched):
            return {"error": {"kind": "overwritten"}}
        changed = [argument for argument, value in arguments.items() if not _unchanged(value, given[argument])]
        outputs = result if isinstance(result, list | tuple) else [result]
        self._last[name] = [(item, item.tobytes()) for item in outputs[:MAX_OUTPUTS] if _is_small_array(item)]
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
        line_number, line, function, first, file = None, "", "", None, ""
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_globals is self._namespace:
                line_number, function, first = traceback.tb_lineno, frame.f_code.co_name, _first_line(frame.f_code)
                file = frame.f_code.co_filename
                line = linecache.getline(file, line_number, frame.f_globals).strip()
            traceback = traceback.tb_next
        kind = "raised"
        if isinstance(error, NotImplementedError):
            kind = "stub" if line_number == first and not _goes_on(function, line_number, file) else "raise left"
        return {
            "kind": kind,
            "type": type(error).__name__[:MAX_TEXT],
            "message": str(error)[:MAX_TEXT],
            "line_number": line_number,
            "line": line[:MAX_TEXT],
            "function": function[:MAX_TEXT],
        }


def _first_line(code: CodeType) -> int:
    """Return the line on which the body of a function starts to do something, behind its docstring."""
    lines = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    return min(lines, default=code.co_firstlineno)


def _goes_on(function: str, line_number: int, file: str) -> bool:
    """Whether a function has lines below this one, as far as its source is known."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return False
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    return any(body[-1].lineno > line_number for body in bodies if any(line.lineno == line_number for line in body))


def _parts(cache: Any, fields: list[str], steps: bool) -> tuple:
    """Return how many entries a cache has, and its fields as arrays, stacked over the entries if there are steps.

    A field is read by its name, as an attribute or a key, or by its place in a sequence of as many values as there
    are fields. What cannot be read is None; so is the number of entries where there are none to count.
    """
    if not steps:
        return None, *(_one_array([_field(cache, field, fields)]) for field in fields)
    if not isinstance(cache, list | tuple):
        return None, *[None] * len(fields)
    stacks = (_one_array([_field(entry, field, fields) for entry in cache], stacked=True) for field in fields)
    return len(cache), *stacks


def _field(entry: Any, field: str, fields: list[str]) -> Any:
    try:
        if isinstance(entry, dict):
            return entry.get(field)
        if hasattr(entry, field):
            return getattr(entry, field)
        if isinstance(entry, list | tuple) and len(entry) == len(fields):
            return entry[fields.index(field)]
    except Exception:  # a student's own class may do anything when it is asked
        return None
    return None


def _one_array(values: list, stacked: bool = False) -> np.ndarray | None:
    if not values or not all(is_numeric_array(value) and value.shape == values[0].shape for value in values):
        return None
    return np.stack(values) if stacked else np.array(values[0], subok=False)


def _unchanged(before: Any, after: Any) -> bool:
    """Whether an array, or a dict of arrays, is what it was; by bits, which is quicker than np.array_equal."""
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_unchanged(value, after[name]) for name, value in before.items())
    if not isinstance(before, np.ndarray):
        return True
    if not isinstance(after, np.ndarray):  # what stands in a dict may have been replaced by anything
        return False
    return before.shape == after.shape and before.dtype == after.dtype and before.tobytes() == after.tobytes()


def _is_small_array(value: Any) -> bool:
    return is_numeric_array(value) and value.size <= MAX_WATCHED


def _own_copy(value: Any) -> Any:
    if isinstance(value, Seeded):
        return np.random.default_rng(value.seed)
    if isinstance(value, Polynomial):
        own = Polynomial(np.array(value.powers), np.array(value.mixed))

        def f(x: Any) -> float:  # who calls it wrongly reads a name that stands in the notebook
            return own(x)

        return f
    if isinstance(value, dict):
        return {name: _own_copy(item) for name, item in value.items()}
    return np.array(value) if isinstance(value, np.ndarray) else value
