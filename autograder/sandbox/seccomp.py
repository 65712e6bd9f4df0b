"""A system call filter for the sandbox: what a student's notebook never needs is refused by the kernel.

Three kinds of calls are refused: those that widen what a process can reach (namespaces, mounts, other processes'
memory, kernel interfaces), those that make another process (so that limits which hold for each process hold for the
submission), and those that get memory which no limit counts (memory files, System V shared memory and queues, buffers
of sockets, larger ones of pipes, queues of events and of asynchronous input).

The filter is a classic BPF program (see seccomp(2)). It refuses with EPERM, so that Python raises PermissionError.
"""

import platform
import struct

SET_PIPE_SIZE = 1031
NEW_NAMESPACES = 0x7E020080  # CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS and NEWTIME
CLONE_THREAD = 0x00010000

_READ_THEIR_ARGUMENTS = ("clone", "clone3", "fcntl", "socket", "socketpair")
"""Calls that are refused for some arguments only. Every other call in the tables is refused outright."""

_COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "memfd_secret": 447, "process_mrelease": 448,
    "statmount": 457, "listmount": 458,
}  # fmt: skip
CALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        **_COMMON, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "bpf": 321, "perf_event_open": 298,
        "keyctl": 250, "add_key": 248, "request_key": 249, "userfaultfd": 323, "kexec_load": 246, "init_module": 175,
        "finit_module": 313, "delete_module": 176, "open_by_handle_at": 304, "name_to_handle_at": 303, "swapon": 167,
        "reboot": 169, "quotactl": 179, "syslog": 103, "kcmp": 312, "fork": 57, "vfork": 58, "memfd_create": 319,
        "shmget": 29, "semget": 64, "msgget": 68, "clone": 56, "socket": 41, "socketpair": 53, "fcntl": 72,
        "inotify_init": 253, "inotify_init1": 294, "fanotify_init": 300, "io_setup": 206, "mq_open": 240,
    },
    "aarch64": {
        **_COMMON, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "mount": 40, "umount2": 39,
        "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268, "bpf": 280, "perf_event_open": 241,
        "keyctl": 219, "add_key": 217, "request_key": 218, "userfaultfd": 282, "kexec_load": 104, "init_module": 105,
        "finit_module": 273, "delete_module": 106, "open_by_handle_at": 265, "name_to_handle_at": 264, "swapon": 224,
        "reboot": 142, "quotactl": 60, "syslog": 116, "kcmp": 272, "memfd_create": 279, "shmget": 194, "semget": 190,
        "msgget": 186, "clone": 220, "socket": 198, "socketpair": 199, "fcntl": 25,
        "inotify_init1": 26, "fanotify_init": 262, "io_setup": 0, "mq_open": 180,
    },
}  # fmt: skip
"""Their numbers, by processor."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_NUMBER_OFFSET, _ARCH_OFFSET, _FIRST_ARGUMENT_OFFSET, _SECOND_ARGUMENT_OFFSET = 0, 4, 16, 24


def build_filter(*, sockets: bool = False) -> bytes | None:
    """Return the filter as bytes for ``bwrap --seccomp``, or None on a processor we have no table for.

    Parameters
    ----------
    sockets : bool
        Whether sockets may be made. They reach nothing outside, but what waits in them counts for nobody.
    """
    machine = platform.machine()
    if machine not in CALLS:
        return None
    number = CALLS[machine]
    program = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_AT_LEAST, 0, 1, 0x40000000),  # the x32 calls, which have numbers of their own
        (_RETURN, 0, 0, _EPERM),
    ]
    for name, refused in number.items():
        if name not in _READ_THEIR_ARGUMENTS:
            program += [(_EQUAL, 0, 1, refused), (_RETURN, 0, 0, _EPERM)]
    # clone3 hides its flags behind a pointer. ENOSYS makes the C library use clone, whose flags can be read.
    program += [(_EQUAL, 0, 1, number["clone3"]), (_RETURN, 0, 0, _ENOSYS)]
    program += [
        (_EQUAL, 0, 5, number["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_OFFSET),
        (_ANY_BIT, 1, 0, NEW_NAMESPACES),
        (_ANY_BIT, 1, 0, CLONE_THREAD),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    if not sockets:
        for name in ("socket", "socketpair"):
            program += [(_EQUAL, 0, 1, number[name]), (_RETURN, 0, 0, _EPERM)]
    program += [
        (_EQUAL, 0, 4, number["fcntl"]),
        (_LOAD, 0, 0, _SECOND_ARGUMENT_OFFSET),
        (_EQUAL, 0, 1, SET_PIPE_SIZE),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
