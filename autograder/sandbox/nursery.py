"""The process inside the sandbox that starts workers: it has imported what they need, and forks.

It runs no student's code. A worker that it starts is as far from the next one as two sandboxes are: it has its own
process, mount and message namespaces, an empty scratch folder, a user of its own where the grader is root, and the
same limits and system call filter. It can neither see nor signal the nursery.

Between the nursery and a worker stands a process of ours, the first in the worker's namespace. It waits for the worker
and tells the grader how it ended; with it all ends that the worker has started.
"""

import array
import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
from typing import NoReturn

import numpy as np

from autograder.sandbox import worker

CONTROL_FD = worker.CHANNEL_FD + 1
STATUS = struct.Struct("=i")
READY = b"ready"
_NEW_MOUNTS, _NEW_MESSAGES, _NEW_PROCESSES = 0x00020000, 0x08000000, 0x20000000
_MOUNT_PRIVATE_AND_BELOW, _MOUNT_NO_DEVICES_AND_NO_SET_USER = 0x44000, 0x6
_SET_FILTER, _FILTER_MODE = 22, 2

_system = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Start a worker for every request on file descriptor 0, until the grader closes it."""
    os.dup2(0, CONTROL_FD)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    control = socket.socket(fileno=CONTROL_FD)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    control.send(READY)
    while True:
        settings, descriptors = _receive(control)
        if settings is None:
            return
        channel, report = descriptors
        if os.fork() == 0:
            control.detach()
            os.close(CONTROL_FD)
            _wall_off(settings, channel, socket.socket(fileno=report))
        os.close(channel)
        os.close(report)


def _receive(control: socket.socket) -> tuple[dict | None, list[int]]:
    """Return the settings of the next worker, and the descriptors of its channel and its report."""
    descriptors = array.array("i")
    message, attached, _, _ = control.recvmsg(1 << 16, socket.CMSG_SPACE(2 * descriptors.itemsize))
    for _, _, content in attached:
        descriptors.frombytes(content)
    return (json.loads(message), list(descriptors)) if message else (None, [])


def _wall_off(settings: dict, channel: int, report: socket.socket) -> NoReturn:
    """Make the namespaces of one worker, and its first process in them."""
    try:
        _done(_system.unshare(_NEW_MOUNTS | _NEW_MESSAGES | _NEW_PROCESSES), "new namespaces")
        if os.fork() == 0:
            _stand_before(settings, channel, report)
    except OSError as error:
        report.send(f"it cannot fork: {error}".encode())
    os._exit(0)


def _stand_before(settings: dict, channel: int, report: socket.socket) -> NoReturn:
    """Be the first process of a namespace: start the worker, and tell how it ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a first process gets from its own kind only what it has a handler for
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        _new_scratch_folder(settings["scratch"])
        process = os.fork()
        if process == 0:
            _become_worker(settings, channel, report)
        os.close(channel)
        handle = os.pidfd_open(process)
        report.sendmsg([READY], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handle]))])
        _, status = os.waitpid(process, 0)
        report.send(STATUS.pack(status))
    except OSError as error:
        report.send(f"it cannot start: {error}".encode())
    os._exit(0)


def _new_scratch_folder(options: str) -> None:
    """Hide the scratch folder of the nursery behind an empty one."""
    _done(_system.mount(b"none", b"/", None, _MOUNT_PRIVATE_AND_BELOW, None), "mounts of its own")
    flags = _MOUNT_NO_DEVICES_AND_NO_SET_USER
    _done(_system.mount(b"none", b"/scratch", b"tmpfs", flags, options.encode()), "a scratch folder")


def _become_worker(settings: dict, channel: int, report: socket.socket) -> NoReturn:
    """Take the limits for good, and serve. Nothing of the nursery's is open any more."""
    code = 1
    try:
        os.chdir("/scratch")
        os.setsid()
        os.dup2(channel, worker.CHANNEL_FD)
        report.close()
        os.close(channel)
        os.dup2(0, 2)
        np.random.seed()  # noqa: NPY002 - a notebook may draw from the old generator, and forks would draw alike
        worker.take_limits(settings)
        worker.drop_capabilities()
        if settings["filter"] is not None:
            take_filter(bytes.fromhex(settings["filter"]))
        worker.serve(settings["output_limit"])
        code = 0
    finally:
        os._exit(code)


def take_filter(program: bytes) -> None:
    """Have the kernel refuse the system calls that a filter names, for good.

    Parameters
    ----------
    program : bytes
        As `autograder.sandbox.seccomp.build_filter` made it.

    Raises
    ------
    OSError
    """
    instructions = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    _done(_system.prctl(_SET_FILTER, _FILTER_MODE, described, 0, 0), "a filter of system calls")


def _done(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit("The grader starts this inside the sandbox.")
