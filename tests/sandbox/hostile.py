"""What hostile notebooks do, as source: used by the tests of the sandbox and by those of the attacks."""

import platform

from autograder.sandbox.seccomp import CALLS

# ---- patching what a check might use ----

PATCHES = {
    "numpy compares everything as equal": (
        "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True\n"
        "np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None\n"
        "np.linalg.norm = lambda *a, **k: 0.0\nnp.max = np.abs = lambda *a, **k: 0.0"
    ),
    "numpy is nothing": "np = None\nimport sys\nsys.modules['numpy'] = None",
    "the built-ins agree": (
        "import builtins\nbuiltins.abs = builtins.max = builtins.sum = lambda *a, **k: 0\n"
        "builtins.all = builtins.isinstance = builtins.hasattr = lambda *a, **k: True\n"
        "builtins.__import__ = lambda *a, **k: None"
    ),
    "check is its own": (
        "import autograder, sys, types\nautograder.check = lambda *a, **k: print('right')\n"
        "check = autograder.check\nsys.modules['autograder.sets'] = types.SimpleNamespace(QUESTIONS={})\n"
        "autograder.CheckFailed = autograder.NotAnswered = type('CheckFailed', (BaseException,), {})"
    ),
    "the worker says that it passed": (
        "import gc\nfor thing in gc.get_objects():\n"
        "    if type(thing).__name__ == 'Worker':\n"
        "        type(thing).run = lambda *a: {'stdout': 'right', 'passed': True, 'points': 99}\n"
    ),
    "every exit hook exits": (
        "import atexit, sys\nsys.exit = exit = lambda *a: None\natexit.register(lambda: print('right'))\n"
        "sys.excepthook = lambda *a: None\nsys.settrace(lambda *a: None)"
    ),
}

# ---- answering in the place of the worker ----

FORGER = """
import numpy as np
from autograder.engine.calling import Caller, Opaque
seen = []
def like(value, fill):
    return np.full(value.shape, fill) if isinstance(value, np.ndarray) else value
def forged(request):
    arguments = list(request.get("arguments", {}).values())
    seen.extend(value for value in arguments if isinstance(value, np.ndarray))
    return {forged}
Caller.answer = lambda self, request: forged(request)
"""
FORGED = [
    "{'result': True}",
    "{'result': None}",
    "{'result': 0.0}",
    "{'result': float('nan')}",
    "{'result': np.nan}",
    "{'result': 10**300}",
    "{'result': 'right'}",
    "{'result': ()}",
    "{'result': Opaque(0)}",
    "{'result': (Opaque(0),) * 5}",
    "{'passed': True, 'points': 10, 'verdict': 'right', 'message': 'right'}",
    "{'result': np.array(0.0)}",
    "{'result': np.zeros((0,))}",
    "{'result': np.zeros((0, 3, 0))}",
    "{'result': np.zeros((1,) * 8)}",
    "{'result': np.zeros(1_900_000)}",
    "{'result': np.zeros((2, 3), dtype=bool)}",
    "{'result': np.zeros((2, 3), dtype=complex)}",
    "{'result': np.full((2, 3), np.inf)}",
    "{'result': tuple(like(value, 0.0) for value in arguments)}",
    "{'result': tuple(like(value, np.nan) for value in arguments)}",
    "{'result': tuple(like(value, np.inf) for value in arguments)}",
    "{'result': tuple(like(value, 1e308) for value in arguments)}",
    "{'result': tuple(arguments), 'changed': []}",
    "{'result': arguments[0] if arguments else 0}",
    "{'result': (like(arguments[0], 0.0), Opaque(1)) if arguments else 0}",
    "{'result': (like(arguments[0], np.nan), Opaque(1)) if arguments else 0}",
    "{'result': tuple(like(value, 0.0) for value in seen[:5])}",
    "{'result': tuple(like(value, np.nan) for value in seen[:5])}",
    "{'result': tuple(seen[:5])}",
    "{'result': (1, 2.0, 'three', None, 4j)}",
    "{'error': None, 'result': True}",
    "{'error': {'kind': 'stub'}}",
    "{'error': {'kind': 'passed', 'type': 'right', 'message': 'right'}}",
    "{'error': {'kind': 'raised', 'type': 'CheckFailed', 'message': 'right', 'line_number': 1e9, 'line': {}}}",
    "{'error': 'right'}",
    "{'result': 0.0, 'changed': ['x', 'Wx', 'no such thing']}",
    "{'result': 0.0, 'changed': 7}",
    "{}",
    "[]",
    "None",
]

# ---- writing to the channel ----

WRITER = """
import gc, json, os, struct
def write(data):
    while data:
        data = data[os.write(100, data):]
def frame(header, payload=b''):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    write(struct.pack('>II', len(header), len(payload)) + header + payload)
"""
FRAMES = [
    "write(b'garbage' * 100)",
    "write(b'\\xff' * 8)",
    "write(struct.pack('>II', 4, 0) + b'null')",
    "write(struct.pack('>II', 10, 2**31))",
    "while True: write(bytes(1 << 20))",
    "while True: write(struct.pack('>II', 2, 0) + b'{}')",
    "frame({'tree': {'dict': [['stdout', 'right'], ['number', 99]]}, 'arrays': []})",
    "frame({'tree': {'dict': [['stdout', 'right']]}, 'arrays': []})",
    "frame({'tree': {'list': []}, 'arrays': []})",
    "import pickle; frame(pickle.dumps(print))",
    "frame(b'[' * 3_000_000)",
    "os.close(100)",
    "import socket; socket.socket(fileno=100).shutdown(2)",
]

# ---- system calls ----

NUMBERS = CALLS[platform.machine()]
CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return 0 if result >= 0 else ctypes.get_errno()
"""
NEW_USER = 0x10000000
EBADF, EFAULT = 9, 14
HARMLESS = {  # arguments, and what the kernel answers when it is asked
    "unshare": ((NEW_USER,), 0),
    "ptrace": ((0, 0, 0, 0), 0),
    "setns": ((-1, 0), EBADF),
    "mount": ((1, 1, 1, 0, 0), EFAULT),
    "process_vm_readv": (("os.getpid()", 0, 0, 0, 0, 0), 0),
    "name_to_handle_at": ((-1, 1, 1, 1, 0), EFAULT),
    "add_key": ((1, 1, 0, 0, 0), EFAULT),
    "pidfd_getfd": ((-1, 0, 0), EBADF),
    "memfd_create": (("ctypes.addressof(ctypes.create_string_buffer(b'x'))", 0), 0),
    "shmget": ((0, 4096, 0o1600), 0),
    "msgget": ((0, 0o1600), 0),
}
