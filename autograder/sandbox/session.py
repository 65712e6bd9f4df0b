"""One submission's conversation with its worker. All that comes back is data; nothing of it is believed."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable
from autograder.sandbox.wire import Channel, ChannelClosed, ChannelError, ChannelTimeout

START_SECONDS = 20.0


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


class Session:
    """A worker, from its start until it dies or is closed. Use it as a context manager."""

    def __init__(self, sandbox: Sandbox, deadline: float):
        self._limits = sandbox.limits
        self._deadline = deadline
        self._process, connection = sandbox.start()
        self._channel = Channel(connection)
        self.alive = True
        try:
            self._channel.receive(START_SECONDS)
        except ChannelError:
            self.close()
            said = self._process.stderr.read().decode(errors="replace").strip()
            raise SandboxUnavailable(_why_not(said)) from None

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.close()

    def run(self, name: str, source: str) -> CellResult:
        """Run one cell."""
        answer = self._request({"op": "run", "cell": name, "source": source}, self._limits.cell_seconds)
        if "lost" in answer:
            return CellResult(error=answer["lost"], lost=True)
        error = answer.get("error")
        if not isinstance(error, dict):
            error = None
        return CellResult(
            stdout=_text(answer.get("stdout")),
            stderr=_text(answer.get("stderr")),
            shown=_text(answer["shown"]) if answer.get("shown") is not None else None,
            error=None if error is None else {key: _text(error.get(key)) for key in ("type", "message", "traceback")},
        )

    def ask(self, request: dict) -> dict:
        """Answer a check's request about the student's functions; see `autograder.calling.Caller`."""
        if not self.alive:
            return {"error": {"kind": "died", "message": "an earlier call ended it"}}
        answer = self._request(request, self._limits.call_seconds)
        if "lost" in answer:
            lost = answer["lost"]
            return {"error": {"kind": lost["kind"], "message": lost["message"], "seconds": lost["seconds"]}}
        error = answer.get("error")
        if error is not None:
            return {"error": error if isinstance(error, dict) else {"kind": "raised", "type": "?", "message": ""}}
        changed = answer.get("changed")
        return {"result": answer.get("result"), "changed": changed if isinstance(changed, list) else []}

    def _request(self, request: dict, seconds: float) -> dict:
        remaining = max(min(seconds, self._deadline - time.monotonic()), 0.01)
        try:
            self._channel.send(request, remaining)
            answer = self._channel.receive(remaining)
            if not isinstance(answer, dict):
                raise ChannelError("an answer that is not an answer")
        except ChannelTimeout:
            self.close()
            message = f"stopped after {remaining:.0f} s, the time limit; is there a loop that never ends?"
            return _lost("time", "TimeLimit", message, remaining)
        except ChannelClosed:
            self.close()
            return _lost("died", "ProcessEnded", self._how_it_ended(), remaining)
        except ChannelError as error:
            self.close()
            return _lost("died", "ChannelBroken", f"it wrote to the grader's channel: {error}", remaining)
        return answer

    def _how_it_ended(self) -> str:
        code = self._process.returncode
        code = code - 128 if code is not None and code > 128 else -(code or 0)
        if code in (signal.SIGXCPU, signal.SIGKILL):
            return "it used up its processor time or memory"
        return "it ended itself, or ran into a limit of time, memory or processes"

    def close(self) -> None:
        """End the worker and whatever it started."""
        self.alive = False
        self._channel.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _lost(kind: str, name: str, message: str, seconds: float) -> dict:
    return {"lost": {"kind": kind, "type": name, "message": message, "traceback": "", "seconds": round(seconds, 1)}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


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
    Session(sandbox, time.monotonic() + START_SECONDS).close()
