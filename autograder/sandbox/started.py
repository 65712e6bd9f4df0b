"""A worker that has been started, as the grader holds it: its channel, its clock, its end."""

import array
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from autograder.engine.calling import MAX_TEXT
from autograder.sandbox.nursery import READY, STATUS

START_SECONDS = 20.0
_END_SECONDS = 5.0


class NotStarted(Exception):
    """A worker was not started. The message is what was said instead."""


class Started(Protocol):
    """A worker.

    Attributes
    ----------
    connection : socket.socket
        Our end of its channel.
    """

    connection: socket.socket

    def processor_seconds(self) -> float:
        """Return the processor time of the worker and all that it started, 0 where it cannot be known."""

    def tells_time(self) -> bool:
        """Whether its processor time can be known."""

    def end(self) -> int | None:
        """Kill the worker and whatever it started. Returns its exit code, negative for a signal, if it can be known."""

    def said(self) -> str:
        """Return what a worker that has ended before its first answer left to say."""


class Process:
    """A worker that is a process of ours, in a sandbox of its own or in none.

    Parameters
    ----------
    process : subprocess.Popen
        In a session of its own, with a pipe as its standard error.
    connection : socket.socket
    """

    def __init__(self, process: subprocess.Popen, connection: socket.socket):
        self.connection = connection
        self._process, self._said = process, ""

    def processor_seconds(self) -> float:
        """Return the processor time of the worker and all that it started, 0 where it cannot be known."""
        return processor_seconds(self._process.pid)

    def tells_time(self) -> bool:
        """Whether its processor time can be known. It has started, so that none means that the system does not tell."""
        return self.processor_seconds() > 0

    def end(self) -> int | None:
        """Kill the worker and whatever it started. Returns its exit code."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        if not self._process.stderr.closed:
            with self._process.stderr as errors:
                self._said = errors.read(MAX_TEXT).decode(errors="replace").strip()
        code = self._process.returncode
        return None if code is None else code if code <= 128 else 128 - code

    def said(self) -> str:
        """Return what stood on its standard error when it was ended."""
        return self._said


class Forked:
    """A worker that a `Nursery` has forked, in namespaces of its own.

    Parameters
    ----------
    connection, report : socket.socket
        Our ends of its channel, and of the channel over which the process in front of it reports.

    Raises
    ------
    NotStarted
    """

    def __init__(self, connection: socket.socket, report: socket.socket):
        self.connection, self._report = connection, report
        self._code: int | None = None
        handles = array.array("i")
        report.settimeout(START_SECONDS)
        try:
            said, attached, _, _ = report.recvmsg(MAX_TEXT, socket.CMSG_SPACE(handles.itemsize))
        except TimeoutError:
            said, attached = b"no answer in time", []
        for _, _, content in attached:
            handles.frombytes(content)
        if said != READY or not handles:
            report.close()
            raise NotStarted(said.decode(errors="replace") or "the process that starts workers has ended")
        self._handle = handles[0]
        self._process = _number_of(self._handle)

    def processor_seconds(self) -> float:
        """Return the processor time of the worker, 0 where it cannot be known."""
        return processor_seconds(self._process) if self._process > 0 else 0.0

    def tells_time(self) -> bool:
        """Whether its processor time can be known."""
        return self._process > 0 and processor_seconds(os.getpid()) > 0

    def end(self) -> int | None:
        """Kill the worker, with which its namespace ends. Returns its exit code, if it is told in time."""
        if self._handle < 0:
            return self._code
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self._report.settimeout(_END_SECONDS)
        with contextlib.suppress(OSError):
            said = self._report.recv(MAX_TEXT)
            if len(said) == STATUS.size:
                self._code = os.waitstatus_to_exitcode(STATUS.unpack(said)[0])
        self._report.close()
        os.close(self._handle)
        self._handle = -1
        return self._code

    def said(self) -> str:
        """Return nothing: the walls stood before it began."""
        return ""


class Nursery:
    """The process in a sandbox that forks workers; see `autograder.sandbox.nursery`.

    Parameters
    ----------
    start : callable
        ``start(socket)`` starts it, with the socket as its standard input.

    Raises
    ------
    NotStarted
    """

    def __init__(self, start: Callable[[socket.socket], subprocess.Popen]):
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = start(theirs)
        self._control.settimeout(START_SECONDS)
        try:
            said = self._control.recv(MAX_TEXT)
        except OSError:
            said = b""
        if said != READY:
            self.close()
            with self._process.stderr as errors:
                raise NotStarted(errors.read(MAX_TEXT).decode(errors="replace").strip())
        self._owner = os.getpid()
        atexit.register(self.close)

    @property
    def serves(self) -> bool:
        """Whether it lives, and is ours: it does not go over to a process that forked from this one."""
        return self._owner == os.getpid() and self._process.poll() is None

    def fork(self, settings: dict) -> Forked:
        """Have a worker forked.

        Raises
        ------
        NotStarted
        """
        ours, theirs = socket.socketpair()
        report, to_report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        both = array.array("i", [theirs.fileno(), to_report.fileno()])
        with theirs, to_report:
            try:
                self._control.sendmsg([json.dumps(settings).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, both)])
            except OSError as error:
                ours.close()
                report.close()
                raise NotStarted(f"the process that starts workers is gone: {error}") from None
        try:
            return Forked(ours, report)
        except NotStarted:
            ours.close()
            raise

    def close(self) -> None:
        """End it, and every worker that it has forked."""
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.1)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def processor_seconds(process: int) -> float:
    """Return the processor time of a process and all that it started, 0 where it cannot be known."""
    folder = Path(f"/proc/{process}")
    try:
        after_the_name = (folder / "stat").read_text().rpartition(")")[2].split()
        children = (folder / "task" / str(process) / "children").read_text().split()
    except OSError:
        return 0.0
    own = sum(map(int, after_the_name[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(child)) for child in children)


def _number_of(handle: int) -> int:
    """Return the process number, as this process sees it, of a process that a descriptor stands for; or -1."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        name, _, number = line.partition(":")
        if name == "Pid":
            return int(number)
    return -1
