"""What a check sees of a submission: functions it can call and values it can read, wherever they run."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograder.engine.calling import Caller, Opaque

Ask = Callable[[dict], dict]

AT_ONCE = 64
"""Calls in one request."""


class CheckFailed(Exception):
    """A question is not right yet. The message is written for the learner.

    Attributes
    ----------
    mistakes : tuple of str
        Names of the known mistakes that were recognized, empty when none was.
    tensors : tuple of str
        The outputs, gradients or changed arguments that are wrong, empty when the failure is not about numbers.
    """

    def __init__(self, message: str, *, mistakes: tuple[str, ...] = (), tensors: tuple[str, ...] = ()):
        super().__init__(message)
        self.mistakes = mistakes
        self.tensors = tensors

    def _render_traceback_(self) -> list[str]:
        """Show the learner the message alone; IPython calls this instead of printing our stack."""
        return str(self).splitlines()


class NotAnswered(CheckFailed):
    """There is nothing to check yet: the function or variable is missing, or still the stub."""


class FunctionRaised(CheckFailed):
    """A function of the student's raised an exception, as it does where shapes do not fit."""


class WorkerLost(CheckFailed):
    """A function did not return in time, or ended the process that it ran in: nothing more can be asked of it."""


class Student:
    """A submission, asked over `ask`: a function from request to answer (see `autograder.calling.Caller`).

    Attributes
    ----------
    clock : callable
        The seconds that a processor has spent on the submission so far, as far as they can be told.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.process_time):
        self._ask = ask
        self.clock = clock

    @classmethod
    def of_namespace(cls, namespace: Mapping[str, Any]) -> "Student":
        """Return the student whose functions live in this very process, as in a learner's notebook."""
        return cls(Caller(namespace).answer)

    def call(self, name: str, **arguments: Any) -> Any:
        """Call the student's function with copies of `arguments`, by position, and return its result as data.

        Raises
        ------
        CheckFailed
            When the function is missing, still a stub, raises, or changes an argument in place.
        """
        return self._result(name, arguments, self._ask({"op": "call", "name": name, "arguments": arguments}))

    def call_each(self, name: str, each: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Call the student's function with each of many arguments, as `call` does, for the price of few requests.

        What the function returns beside arrays and numbers, such as a cache, is not kept.

        Raises
        ------
        CheckFailed
        """
        results = []
        for start in range(0, len(each), AT_ONCE):
            some = [dict(arguments) for arguments in each[start : start + AT_ONCE]]
            answer = self._ask({"op": "calls", "name": name, "each": some})
            answers = answer.get("answers", [answer])
            results += [self._result(name, *pair) for pair in zip(some, answers, strict=False)]
        return results

    def _result(self, name: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> Any:
        if "error" in answer:
            failures = {
                "raised": FunctionRaised,
                **dict.fromkeys(("missing", "stub", "raise left"), NotAnswered),
                **dict.fromkeys(("time", "died"), WorkerLost),
            }
            failure = failures.get(answer["error"].get("kind"), CheckFailed)
            raise failure(_explain(name, answer["error"], arguments))
        if answer.get("changed"):
            changed = tuple(str(name) for name in answer["changed"])
            names, alias = " and ".join(changed), "b" if changed[0] == "a" else "a"
            raise CheckFailed(
                f"{name} changes its argument {names} in place.\n"
                f"The caller still needs {names}: the next call would get different numbers and go wrong.\n"
                f"Both `{changed[0]} += …` and `{changed[0]}[…] = …` write into the caller's array, also under"
                f" another name such as `{alias} = {changed[0]}`. Work on a copy, or give the result a name of its"
                " own.",
                tensors=changed,
            )
        return answer["result"]

    def value(self, name: str) -> Any:
        """Return the value of a variable of the notebook. Raises CheckFailed when it does not exist."""
        answer = self._ask({"op": "value", "name": name})
        if "error" in answer:
            raise NotAnswered(
                f"There is no variable {name} in this notebook. Run the cell that assigns it, to its last line."
            )
        return answer["result"]

    def parts(self, cache: Any, fields: list[str], steps: bool) -> tuple:
        """Return what can be read of a cache, as `autograder.engine.calling.Caller` does: None where nothing can."""
        unreadable = (None,) * (len(fields) + 1)
        if not isinstance(cache, Opaque):
            return unreadable
        result = self._ask({"op": "parts", "of": cache, "fields": list(fields), "steps": steps}).get("result")
        return result if isinstance(result, tuple) and len(result) == len(unreadable) else unreadable

    def forget(self) -> None:
        """Let go of the caches that were kept for this check."""
        self._ask({"op": "forget"})


def _explain(name: str, error: dict, arguments: Mapping[str, Any]) -> str:
    kind = error.get("kind")
    if kind == "missing":
        return f"There is no {name} in this notebook. Run the cell that defines it, then run this one again."
    if kind == "not callable":
        return f"{name} is {_a(str(error.get('type')))}, not a function. Define it with `def {name}(...):`."
    if kind == "stub":
        return f"{error.get('function') or name} is still the stub. Write it, run its cell, then run this one again."
    if kind == "raise left":
        return (
            f"`raise NotImplementedError` still stands in {error.get('function') or name}, in line"
            f" {error.get('line_number')} of its cell. Put your lines in its place; if they stand above it, delete it."
            " Then run the cell and this one again."
        )
    if kind == "overwritten":
        return (
            f"{name} writes into the array that it returned the call before: a result that the caller keeps changes"
            " with the next call. Make a new array in every call."
        )
    if kind == "time":
        return f"{name} did not return within {error.get('seconds'):g} s. Look for a loop that never ends."
    if kind == "died":
        return f"{name} ended the Python process it ran in ({error.get('message')})."
    where = ""
    if error.get("line"):
        where = f"\nIn {error.get('function') or 'its cell'}, line {error.get('line_number')}: {error.get('line')}"
    shapes = ", ".join(
        f"{argument} {tuple(value.shape)}" for argument, value in arguments.items() if hasattr(value, "shape")
    )
    given = f"\nIt was called with {shapes}." if shapes else ""
    return f"{name} raised {error.get('type')}: {error.get('message')}{where}{given}"


def _a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
