"""The sandbox as it works for somebody who is not root, whoever runs these tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograder
from autograder.sandbox.bubblewrap import find_bubblewrap

NOBODY = 65534
REPOSITORY = Path(autograder.__file__).parents[1]
HERE = Path(__file__).parent


def closed_to_others(path: Path) -> Path | None:
    """Return the topmost folder on the way to `path` that other users cannot enter, if there is one."""
    for folder in [*reversed(path.parents), path]:
        if folder.is_dir() and not folder.stat().st_mode & 0o001:
            return folder
    return None


def as_ordinary_user(source: str) -> str:
    """Run Python source as a user without privileges and return what it prints.

    As root, that user gets a view in which the interpreter and this repository can be reached, wherever they lie.
    """
    command = [sys.executable, "-B", "-c", source]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": f"{REPOSITORY}:{HERE}", "HOME": "/tmp"}
    if os.geteuid() != 0:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/tmp", timeout=60)
    else:
        needed = [Path(sys.base_prefix), Path(sys.prefix), REPOSITORY, find_bubblewrap().parent]
        opened = [str(find_bubblewrap()), "--dev-bind", "/", "/"]
        for folder in sorted({closed for path in needed if (closed := closed_to_others(path))}):
            opened += ["--perms", "0755", "--tmpfs", str(folder)]
        for path in needed:
            if (closed := closed_to_others(path)) is not None:
                for parent in reversed(path.parents):
                    if parent != closed and parent.is_relative_to(closed):
                        opened += ["--perms", "0755", "--dir", str(parent)]
                opened += ["--ro-bind", str(path), str(path)]
        drop = f"import os; os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3);"
        drop += "import sys; os.execv(sys.argv[1], sys.argv[1:])"
        as_nobody = [sys.executable, "-I", "-S", "-c", drop, *command]
        done = subprocess.run(
            [*opened, "--", *as_nobody], capture_output=True, text=True, env=environment, cwd="/tmp", timeout=60
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


PRELUDE = """
import os
from probing import Probe, cell, open_session
assert os.geteuid() != 0
"""


def test_a_worker_starts_and_calls_a_function():
    source = (
        "import numpy as np\n"
        "with open_session() as session:\n"
        "    session.run('c', 'import numpy as np\\ndef f(x):\\n    return np.tanh(x)')\n"
        "    print(session.ask({'op': 'call', 'name': 'f', 'arguments': {'x': np.zeros(2)}})['result'])"
    )
    assert as_ordinary_user(PRELUDE + source) == "[0. 0.]\n"


def test_only_the_scratch_folder_can_be_written():
    from test_protections import WRITE_EVERYWHERE

    source = f"result = cell({WRITE_EVERYWHERE!r}, cell_seconds=40)\n"
    source += "assert result.error is None, result.error\nprint(result.stdout)"
    assert as_ordinary_user(PRELUDE + source).split() == ["/scratch"]


@pytest.mark.parametrize("protection", ["network", "reading", "writing", "system calls"])
def test_each_protection_holds_and_is_what_stops_the_attack(protection):
    attack = {
        "network": "import socket\nsocket.create_connection(address, 2)",
        "reading": "open(path).read()",
        "writing": "open(path, 'a').write('x')",
        "system calls": "import os\nif os.fork() == 0:\n    os._exit(0)",
    }[protection]
    source = (
        "import socket, tempfile\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "file = tempfile.NamedTemporaryFile(dir='/tmp', mode='w')\n"
        "file.write('secret'); file.flush()\n"
        f"source = f'path, address = {{file.name!r}}, {{listener.getsockname()!r}}\\n' + {attack + chr(10)!r}\n"
        "probe = Probe(source + \"print('got in')\")\n"
        f"print(probe.gets_in(), probe.gets_in(without={protection!r}))"
    )
    assert as_ordinary_user(PRELUDE + source) == "False True\n"


def test_the_limits_of_memory_threads_and_files_hold():
    source = (
        "memory = Probe(\"x = b'x' * (500 << 20)\\nprint('got in')\")\n"
        "threads = Probe('import threading, time\\nfor _ in range(60):\\n'\n"
        "    '    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\\nprint(\"got in\")')\n"
        "print(memory.gets_in(memory_bytes=400 << 20), memory.gets_in(memory_bytes=None),\n"
        "      threads.gets_in(memory_bytes=None), threads.gets_in(processes=None, memory_bytes=None))"
    )
    assert as_ordinary_user(PRELUDE + source) == "False True False True\n"


def test_the_worker_has_no_privileges_in_its_own_user_namespace_either():
    source = (
        "print(cell('import ctypes, os\\n'\n"
        "    'header = (ctypes.c_uint32 * 2)(0x20080522, 0); sets = (ctypes.c_uint32 * 6)(*[9] * 6)\\n'\n"
        "    'ctypes.CDLL(None).capget(header, sets); print(list(sets), os.getresuid())').stdout)"
    )
    assert as_ordinary_user(PRELUDE + source).strip() == "[0, 0, 0, 0, 0, 0] (65534, 65534, 65534)"


def test_the_grader_and_the_first_process_of_the_sandbox_cannot_be_signaled():
    source = (
        "with open_session() as other:\n"
        "    cell('import os, signal\\nos.kill(1, signal.SIGKILL)\\nprint(1)')\n"
        "    print(Probe(f\"import os\\nos.kill({os.getpid()}, 0)\\nprint('got in')\").gets_in())\n"
        "    print(cell('import os, signal\\nos.kill(1, signal.SIGKILL)\\nprint(1)').stdout)\n"
        "    print(other.run('c', '7').shown)"
    )
    assert as_ordinary_user(PRELUDE + source).split() == ["False", "1", "7"]
