"""The process inside the sandbox: runs the cells of one notebook and calls its functions when asked.

Nothing that this process says is believed. It answers with data; the verdict is made outside. It starts with what the
grader binds into the sandbox: the standard library, NumPy, this file, `wire` and `calling`.
"""

import ast
import builtins
import ctypes
import io
import json
import linecache
import os
import re
import resource
import socket
import sys
import traceback
import types
from typing import Any

CHANNEL_FD = 100
RUN_THEIR_BODY = ("time", "timeit", "capture", "prun")
_MAGIC = re.compile(r"^(?P<indent>\s*)(?:%time\s+(?P<timed>\S.*)|[%!?].*|[\w.]+\?\??\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^(?P<left>\s*[\w, ]+=\s*)[%!].*$")


class LimitedText(io.TextIOBase):
    """A text stream that keeps the first `limit` characters and counts the rest."""

    def __init__(self, limit: int | None):
        self._limit = limit
        self._parts: list[str] = []
        self._length = 0

    def writable(self) -> bool:
        """Return True: this is a stream to write to."""
        return True

    def write(self, text: str) -> int:
        """Keep `text` as far as there is room."""
        room = len(text) if self._limit is None else max(self._limit - self._length, 0)
        if room:
            self._parts.append(text[:room])
        self._length += len(text)
        return len(text)

    def text(self) -> str:
        """Return what was kept, and say so when something was not."""
        kept = "".join(self._parts)
        if self._limit is not None and self._length > self._limit:
            kept += f"\n[cut: {self._length} characters were printed, {self._limit} are kept]\n"
        return kept


class Shell:
    """Stands in for IPython: notebook magics are accepted and, unless they time a body, do nothing."""

    def __init__(self, namespace: dict[str, Any]):
        self._namespace = namespace

    def run_line_magic(self, *_args: Any, **_keywords: Any) -> None:
        """Ignore a line magic such as ``%matplotlib inline``."""

    def run_cell_magic(self, name: str, _line: str, body: str) -> None:
        """Run the body of ``%%time`` and its kin; ignore cells in other languages."""
        if name in RUN_THEIR_BODY:
            exec(compile(body, "<cell magic>", "exec"), self._namespace)

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_keywords: None


class Worker:
    """Runs cells in one namespace and describes what came of them."""

    def __init__(self, output_limit: int | None):
        self._output_limit = output_limit
        module = types.ModuleType("__main__")
        self.namespace = module.__dict__
        self.namespace["__builtins__"] = builtins
        sys.modules["__main__"] = module
        shell = Shell(self.namespace)
        builtins.get_ipython = lambda: shell
        builtins.display = lambda *values, **_keywords: print(*(repr(value) for value in values), sep="\n")

    def run(self, name: str, source: str) -> dict:
        """Run one cell. Whatever it raises ends in the answer."""
        out, err = LimitedText(self._output_limit), LimitedText(self._output_limit)
        sys.stdout, sys.stderr = out, err
        shown, error = None, None
        try:
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            tree = _parsed(source, name)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), self.namespace)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), name, "eval"), self.namespace)
                shown = None if value is None else repr(value)[: self._output_limit]
        except BaseException as raised:  # a cell may call sys.exit() or raise KeyboardInterrupt
            error = self._describe(raised)
        return {"stdout": out.text(), "stderr": err.text(), "shown": shown, "error": error}

    def _describe(self, raised: BaseException) -> dict:
        try:
            steps = raised.__traceback__.tb_next if raised.__traceback__ else None
            text = "".join(traceback.format_exception(type(raised), raised, steps, limit=20))
            message = str(raised)
        except BaseException:  # an exception whose own __str__ raises
            text = message = "an exception that cannot be printed"
        limit = self._output_limit
        return {"type": type(raised).__name__[:200], "message": message[:limit], "traceback": text[:limit]}


def _parsed(source: str, name: str) -> ast.Module:
    """Parse a cell. What is not Python but is known to notebooks is taken out; line numbers stay."""
    try:
        return ast.parse(source, name)
    except SyntaxError:
        plain = _without_magics(source)
        if plain == source:
            raise
    return ast.parse(plain, name)


def _without_magics(source: str) -> str:
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        if lines[first][2:].split(" ")[0].strip() not in RUN_THEIR_BODY:
            return ""
        lines[first] = ""
    for number, line in enumerate(lines):
        if magic := _MAGIC.match(line):
            lines[number] = magic["indent"] + (magic["timed"] or "pass")
        elif assigned := _ASSIGNED_MAGIC.match(line):
            lines[number] = assigned["left"] + "None"
    return "\n".join(lines)


def take_limits(settings: dict) -> None:
    """Become an ordinary user if the grader is root, then set the limits of this process for good."""
    if settings["uid"] is not None:
        os.setgroups([])
        os.setresgid(settings["uid"], settings["uid"], settings["uid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
        drop_capabilities()
    for name, value in settings["limits"].items():
        if value is not None:
            resource.setrlimit(getattr(resource, name), (value, value))


def drop_capabilities() -> None:
    """Empty the sets of capabilities, also the one that a change of user leaves as it was."""
    version_3, this_process = 0x20080522, 0
    header, sets = (ctypes.c_uint32 * 2)(version_3, this_process), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities cannot be dropped")


def main() -> None:
    """Serve requests from the socket on file descriptor 0 until the grader closes it."""
    settings = json.loads(sys.argv[1])
    os.dup2(0, CHANNEL_FD)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    take_limits(settings)
    serve(settings["output_limit"])


def serve(output_limit: int | None) -> None:
    """Answer requests on `CHANNEL_FD` until the grader closes it."""
    from autograder.engine.calling import Caller
    from autograder.sandbox.wire import Channel, ChannelClosed, ChannelError

    channel = Channel(socket.socket(fileno=CHANNEL_FD))
    worker = Worker(output_limit)
    caller = Caller(worker.namespace)
    channel.send({"number": 0})
    while True:
        try:
            request = channel.receive()
        except ChannelClosed:
            return
        try:
            if request["op"] == "run":
                answer = worker.run(request["cell"], request["source"])
            else:
                sys.stdout, sys.stderr = LimitedText(0), LimitedText(0)
                answer = caller.answer(request)
        except BaseException as raised:  # a function that calls sys.exit(), say
            answer = {"error": {"kind": "raised", "type": type(raised).__name__[:200], "message": ""}}
        number = request["number"]
        try:
            channel.send({**answer, "number": number})
        except (TypeError, ChannelError) as unfit:
            message = f"its result cannot be handed over: {unfit}"[:500]
            error = {"kind": "raised", "type": type(unfit).__name__, "message": message}
            channel.send({"error": error, "number": number})
