"""One submission's conversation with its worker. All that comes back is data; nothing of it is believed."""

import contextlib
import math
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from autograder.engine.calling import MAX_TEXT, Opaque
from autograder.sandbox import started
from autograder.sandbox.bubblewrap import Limits, Sandbox, SandboxUnavailable
from autograder.sandbox.wire import Channel, ChannelClosed, ChannelError, ChannelTimeout

MAX_NAME = 200
SENT_TOO_MUCH = "it sent more than the grader has time to read"
MAX_SOURCE = 300_000  # characters, of up to 12 bytes each in a header
T = TypeVar("T")
_COLOR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_NOT_PLAIN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class CellResult:
    """What a cell printed, showed and raised.

    Attributes
    ----------
    stdout, stderr : str
    shown : str or None
        The value of the last expression, as text.
    error : dict or None
        "type", "message" and "traceback", when the cell raised or could not end.
    lost : bool
        Whether the worker died with the cell, and every variable with it.
    """

    stdout: str = ""
    stderr: str = ""
    shown: str | None = None
    error: dict | None = None
    lost: bool = False


class Budget:
    """What a submission may still cost the grader: room for its text, and time to read what it sends.

    It is one for all workers of a submission: a new worker does not fill it up.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits):
        self.characters = limits.total_output_characters
        self.seconds = limits.grader_seconds

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Take the processor time of what is done inside."""
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds -= time.process_time() - started


class Session:
    """A worker, from its start until it dies or is closed. Use it as a context manager.

    This is the border: every field that comes from the worker is checked for its type here, cut to a length, and
    rid of the characters by which text could pass for something else on a terminal or a page.
    """

    def __init__(self, sandbox: Sandbox, deadline: float, budget: Budget | None = None):
        self._limits = sandbox.limits
        self._deadline = deadline
        self._number = 0
        self._budget = budget or Budget(sandbox.limits)
        self._worker = sandbox.start()
        self._channel = Channel(self._worker.connection)
        self.alive, self._code = True, None
        self._clock: Callable[[], float] = time.monotonic
        try:
            self._channel.receive(started.START_SECONDS)
        except ChannelError:
            self.close()
            raise SandboxUnavailable(_why_not(self._worker.said())) from None
        if self._worker.tells_time():
            self._clock = self._worker.processor_seconds

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.close()

    def run(self, name: str, source: str) -> CellResult:
        """Run one cell."""
        if len(source) > MAX_SOURCE:
            message = f"the cell is {len(source)} characters long; cells of up to {MAX_SOURCE} are run"
            return CellResult(error={"type": "CellTooLong", "message": message, "traceback": ""})
        request = {"op": "run", "cell": name, "source": source}
        answer, lost = self._request(request, self._limits.cell_seconds, self._cell_result)
        return answer if lost is None else CellResult(error=lost, lost=True)

    def ask(self, request: dict) -> dict:
        """Answer a check's request about the student's functions; see `autograder.engine.calling.Caller`."""
        if request["op"] == "calls":
            each = request["each"]
            seconds = len(each) * self._limits.call_seconds
            answer, lost = self._request(request, seconds, lambda answer: _answers(answer, each))
        else:
            names = request.get("arguments", {})
            seconds = self._limits.call_seconds
            answer, lost = self._request(request, seconds, lambda answer: _call_answer(answer, names))
        return answer if lost is None else {"error": lost}

    def clock(self) -> float:
        """Return the seconds that a processor has spent on the worker; by a clock on the wall where nobody counts them.

        The system counts, and not the worker, whose word is worth nothing.
        """
        return self._clock()

    def _cell_result(self, answer: dict) -> CellResult:
        error = answer.get("error")
        if error is not None:
            fields = error if type(error) is dict else {}
            error = {key: self._kept(fields.get(key)) for key in ("type", "message", "traceback")}
            error["type"] = _one_line(error["type"])[:MAX_NAME] or "Error"
        shown = answer.get("shown")
        return CellResult(
            stdout=self._kept(answer.get("stdout")),
            stderr=self._kept(answer.get("stderr")),
            shown=None if shown is None else self._kept(shown),
            error=error,
        )

    def _kept(self, text: Any) -> str:
        limit = self._limits.output_characters
        room = self._budget.characters
        if limit is not None:
            room = min(room, limit + MAX_NAME)  # the worker's own remark fits, too
        kept = plain_text(text, room)
        self._budget.characters -= len(kept)
        return kept

    def _request(self, request: dict, seconds: float, read: Callable[[dict], T]) -> tuple[T | None, dict | None]:
        """Send a request and read its answer. Returns what was read, or how the worker was lost."""
        if not self.alive:
            return None, _lost("died", "ProcessEnded", "an earlier call ended it", 0.0)
        if self._budget.seconds <= 0:
            self.close()
            return None, _lost("died", "ProcessEnded", SENT_TOO_MUCH, 0.0)
        started = time.monotonic()
        deadline = max(min(started + seconds, self._deadline), started + 0.01)
        self._number += 1
        kind, name, message = "died", "ChannelBroken", ""
        try:
            with self._budget.read():
                self._channel.send({**request, "number": self._number}, deadline - time.monotonic())
                answer = self._channel.receive(max(deadline - time.monotonic(), 0.001))
                number = answer.get("number") if type(answer) is dict else None
                if type(number) is not int or number != self._number:
                    raise ChannelError("an answer to another question")
                came = read(answer)
            return came, None
        except ChannelTimeout:
            kind, name = "time", "TimeLimit"
            message = f"stopped after {deadline - started:.0f} s, the time limit; is there a loop that never ends?"
            self.close()
        except ChannelClosed:
            self.close()
            name, message = "ProcessEnded", self._how_it_ended()
        except ChannelError as error:
            self.close()
            message = f"it wrote to the grader's channel: {error}"
        return None, _lost(kind, name, message, deadline - started)

    def _how_it_ended(self) -> str:
        if self._code is not None and -self._code in (signal.SIGXCPU, signal.SIGKILL):
            return "it used up its processor time or memory"
        return "it ended itself, or ran into a limit of time, memory or processes"

    def close(self) -> None:
        """End the worker and whatever it started."""
        self.alive = False
        self._channel.close()
        self._code = self._worker.end()


def _lost(kind: str, name: str, message: str, seconds: float) -> dict:
    return {"kind": kind, "type": name, "message": message, "traceback": "", "seconds": round(seconds, 1)}


def plain_text(value: Any, limit: int = MAX_TEXT) -> str:
    """Return a stranger's text, cut to `limit` characters, without what a terminal or a page would act upon.

    Escape sequences for colors go; other control characters, marks that reverse the direction of writing and halves
    of surrogate pairs become the replacement character. What is not text becomes the empty string.
    """
    if type(value) is not str:
        return ""
    text = _COLOR.sub("", value[: 2 * limit]).replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_PLAIN.sub("\ufffd", text[:limit])


def _one_line(value: Any) -> str:
    return " ".join(plain_text(value).split())


def _answers(answer: dict, each: list[dict]) -> dict:
    """Return the answers about many calls: one for each, or for those up to the first that failed.

    Raises
    ------
    ChannelError
    """
    if answer.get("error") is not None:
        return {"error": _call_error(answer["error"])}
    answers = answer.get("answers")
    if type(answers) is not list or not 0 < len(answers) <= len(each) or any(type(one) is not dict for one in answers):
        raise ChannelError("not the answers to these calls")
    read = [_call_answer(one, arguments) for one, arguments in zip(answers, each, strict=False)]
    if len(read) < len(each) and "error" not in read[-1]:
        raise ChannelError("fewer answers than calls")
    return {"answers": read}


def _call_answer(answer: dict, arguments: dict) -> dict:
    """Return an answer about a function with only the fields and types that a check may rely on.

    Raises
    ------
    ChannelError
        When `Caller` cannot have made it.
    """
    if answer.get("error") is not None:
        return {"error": _call_error(answer["error"])}
    result, changed = answer.get("result"), answer.get("changed")
    result = tuple(_leaf(item) for item in result) if type(result) is tuple else _leaf(result)
    said = {name for name in changed if type(name) is str} if type(changed) is list else set()
    return {"result": result, "changed": [name for name in arguments if name in said]}


def _call_error(error: Any) -> dict:
    kind = error.get("kind") if type(error) is dict else None
    if type(kind) is not str or kind not in ("missing", "not callable", "stub", "raise left", "raised", "overwritten"):
        raise ChannelError("an error that is none")
    line_number = error.get("line_number")
    return {
        "kind": kind,
        "type": _one_line(error.get("type"))[:MAX_NAME],
        "message": _one_line(error.get("message")),
        "line_number": line_number if type(line_number) is int and 0 < line_number < 10**6 else None,
        "line": _one_line(error.get("line")),
        "function": _one_line(error.get("function"))[:MAX_NAME],
    }


def _leaf(value: Any) -> Any:
    if value is None or type(value) in (bool, float, complex, np.ndarray, Opaque):
        return value
    if type(value) is int:
        if abs(value) < 2**63:
            return value
        return math.inf if value > 0 else -math.inf
    if type(value) is str:
        return _one_line(value)
    raise ChannelError("a result that is neither numbers nor text")


def _why_not(said: str) -> str:
    reason = said.splitlines()[-1] if said else "it ended without a word"
    hint = ""
    if "user namespace" in said or "Operation not permitted" in said or "setting up uid map" in said:
        hint = (
            ". This system forbids user namespaces to ordinary users (on Ubuntu: sysctl"
            " kernel.apparmor_restrict_unprivileged_userns=0); allow them"
        )
    return f"the sandbox did not start: {reason}{hint}, or grade notebooks that you trust with --unsafe-no-sandbox"


def try_sandbox(sandbox: Sandbox) -> None:
    """Start a worker and end it again, so that a missing sandbox is found before a class is graded.

    Raises
    ------
    SandboxUnavailable
    """
    Session(sandbox, time.monotonic() + started.START_SECONDS).close()
