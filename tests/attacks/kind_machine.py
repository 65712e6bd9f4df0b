"""Attacks on the machine: its processes, memory, files and network, and the grader's time."""

from tests.attacks.attacking import ALL_POINTS, GOT_IN, Kind, cells, right_notebook
from tests.sandbox.hostile import CALL, HARMLESS, NUMBERS

ATTACKS = Kind("machine")
add = ATTACKS.add

for name, (arguments, _) in HARMLESS.items():
    source = f"{CALL}\nif call({NUMBERS[name]}, {', '.join(map(str, arguments))}) != 1:\n    print('got', 'in')"
    add(f"the call {name}", f"the kernel's {name}", cells(source))
MORE_CALLS = {"inotify_init1": "0", "io_setup": "8, ctypes.addressof(ctypes.c_long(0))", "mq_open": "-1, 0, 0, 0",
              "io_uring_setup": "8, 0", "bpf": "0, 0, 0", "perf_event_open": "0, 0, -1, -1, 0",
              "userfaultfd": "0", "keyctl": "0, 0, 0, 0, 0", "clone3": "0, 0"}  # fmt: skip
for name, arguments in MORE_CALLS.items():
    source = f"{CALL}\nif call({NUMBERS[name]}, {arguments}) not in (1, 38):\n    print('got', 'in')"
    add(f"the call {name}", f"the kernel's {name}", cells(source))

OUTLIVE, REACH, HIDDEN = "a process that outlives it", "to reach a socket", "memory that nobody counts"
NEXT, DISK = "to run in the next student's worker", "to fill the disk"
SOURCES = {
    "a process": (OUTLIVE, "import os\nif os.fork() == 0:\n    while True: os.kill(0, 0)"),
    "a program": (OUTLIVE, "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'while 1: 1'])"),
    "a port of this machine": (REACH, "import socket\nsocket.create_connection(('127.0.0.1', ⟨port⟩), 1)"),
    "a socket of this machine": (REACH, "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0⟨socket⟩')"),
    "the internet": (REACH, "import socket\nsocket.create_connection(('1.1.1.1', 53), 1)"),
    "memory in sockets": (HIDDEN, "import socket\npairs = [socket.socketpair() for _ in range(20)]"),
    "larger pipes": (HIDDEN, "import fcntl, os\nassert fcntl.fcntl(os.pipe()[1], 1031, 1 << 20) == 1 << 20"),
    "a file outside": ("to write a file that stays", "open('⟨open⟩/planted', 'w').write('x')"),
    "a start-up file": (NEXT, "import sys\nopen(sys.path[PLACE] + '/sitecustomize.py', 'w').write('1')"),
    "NumPy of the next one": (NEXT, "import numpy\nopen(numpy.__file__, 'a').write('1')"),
    "500 MB of files": (DISK, "for n in range(50): open(f'f{n}', 'wb').write(bytes(10 << 20))"),
    "one large file": (DISK, "open('f', 'wb').write(bytes(20 << 20))"),
    "40,000 files": ("all the inodes", "for n in range(40_000): open(f'f{n}', 'w').close()"),
    "300 open files": ("all the descriptors", "kept = [open('/dev/null') for _ in range(300)]"),
    "1.2 GB of memory": ("to fill the memory", "import numpy as np\nkept = np.empty(150_000_000)"),
    "a hundred threads": (
        "all the processors",
        "import threading, time\n"
        "for _ in range(100): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    "a higher priority": ("to be served first", "import os\nos.nice(-5)"),
    "the grader's process": ("to end the grader", "import os\nos.kill(⟨grader⟩, 9)"),
    "all that it sees": ("to end everything", "import os\nos.kill(-1, 9)\nimport time; time.sleep(60)"),
    "root": ("to become root", "import os\nos.setuid(0)"),
    "capabilities": (
        "to gain what it has not",
        "import ctypes\n"
        "header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[2**32 - 1] * 6)\n"
        "assert ctypes.CDLL(None).capset(header, sets) == 0",
    ),
    "a device": ("to reach the disk", "import os\nos.mknod('/scratch/disk', 0o60600, os.makedev(254, 0))"),
}
for name, (wants, source) in SOURCES.items():
    for place in range(2) if "PLACE" in source else (0,):
        add(f"{name} {place or ''}".strip(), wants, cells(source.replace("PLACE", str(place)) + GOT_IN))

LOST = {
    "it ends itself": "import os; os._exit(0)",
    "it closes its channel": "import os; os.close(100)",
    "it raises SystemExit": "raise SystemExit",
    "it recurses for ever": "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "it reads nowhere": "import ctypes; ctypes.string_at(0)",
}
for name, source in LOST.items():
    add(name, "to take the class along", cells(source, into=right_notebook), ALL_POINTS)

SLOW = {
    "a loop": "while True: pass",
    "a loop that nothing stops": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "a device without end": "open('/dev/zero').read()",
}
for name, source in SLOW.items():
    add(name, "the grader's time", cells(source), slow=True)
FUNCTIONS = ("rnn_step_backward", "rnn_backward", "dWh_contributions", "softmax_cross_entropy",
             "rnn_backward_truncated", "repaired_rnn_backward", "rnn_rtrl")  # fmt: skip
LOOPS = [f"{name} = loop" for name in FUNCTIONS]
add("a loop in every function", "the grader's time", cells("def loop(*a):\n    while True: pass", *LOOPS), slow=True)
ENDS = """
import os
_step, _calls = rnn_step_backward, []
def rnn_step_backward(*a):
    _calls.append(1)
    if len(_calls) > 3: os._exit(0)
    return _step(*a)
"""
add("it ends in the middle of a check", "a verdict that nobody made",
    cells(into=right_notebook, behind={"rnn-step-backward": ENDS}), 9)  # fmt: skip

# ---- the grader's own time and memory ----

add("arrays of 15 MB in every answer", "the grader's memory", cells("""
import numpy as np
big = np.zeros(1_900_000)
rnn_step_backward = rnn_backward = dWh_contributions = softmax_cross_entropy = lambda *a: big
rnn_backward_truncated = repaired_rnn_backward = rnn_rtrl = lambda *a: (big,) * 5
"""), alone=True, slow=True)  # fmt: skip
JUNK = """
import json, os, struct
header = json.dumps({'tree': None, 'arrays': [['|i1', [1]]] * 250_000}).encode()
frame = struct.pack('>II', len(header), 250_000) + header + bytes(250_000)
while frame: frame = frame[os.write(100, frame):]
"""
add("junk sent over and over", "the grader's time, with a new worker after each", cells(*[JUNK] * 120), alone=True,
    slow=True)  # fmt: skip
add("nested answers", "the grader's time and memory", cells("""
from autograder.engine.calling import Caller
Caller.answer = lambda self, request: {'result': [[]] * 300_000}
"""), alone=True, slow=True)  # fmt: skip
add("a cell that is slow to parse", "the grader's time", cells(
    "x = " + "(" * 90 + ")" * 90, "x = " + "-" * 100_000 + "1", "x = [" + "[1]," * 60_000 + "]", "eval('(' * 1000)"
), alone=True)  # fmt: skip
add("a cell that is slow to color", "the grader's time", cells(*["# x" + ("\n" + " " * 5) * 1300] * 60), slow=True)
PRINTS = ["for _ in range(300): print('x' * 9999)"] * 30
add("ninety million characters printed", "the gradebook's room", cells(*PRINTS))
