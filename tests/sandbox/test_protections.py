"""Every protection of the sandbox: an attack that it stops, and that works once just this protection is gone."""

import os
import platform
import secrets
import socket
import stat
import sys
from pathlib import Path

import pytest
from probing import Probe, cell, open_session

import autograder
from tests.sandbox.hostile import CALL, HARMLESS, NUMBERS

REPOSITORY = Path(autograder.__file__).parents[1]
EPERM, ENOSYS = 1, 38


# ---- network ----


def tcp():
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"s = socket.create_connection({listener.getsockname()!r}, 2)"


def udp():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    return receiver, f"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect({receiver.getsockname()!r})"


def abstract_unix():
    name = "\0unrolled-" + secrets.token_hex(8)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen()
    return listener, f"s = socket.socket(socket.AF_UNIX); s.connect({name!r})"


@pytest.mark.parametrize("kind", [tcp, udp, abstract_unix])
def test_a_socket_that_listens_on_this_machine_cannot_be_reached(kind):
    listener, connect = kind()
    with listener:
        probe = Probe(f"import socket\n{connect}\ns.send(b'secret')\nprint('got in')")
        assert not probe.gets_in()
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.recv(9) if kind is udp else listener.accept()
        assert probe.gets_in(without="network")


def test_the_network_stays_out_of_reach_without_the_system_call_filter():
    listener, connect = tcp()
    with listener:
        assert not Probe(f"import socket\n{connect}\nprint('got in')").gets_in(without="system calls")


def test_a_unix_socket_in_the_file_system_cannot_be_reached(open_folder):
    path = str(open_folder / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.chmod(path, 0o777)
        probe = Probe(f"import socket\ns = socket.socket(socket.AF_UNIX); s.connect({path!r})\nprint('got in')")
        assert not probe.gets_in()
        assert not probe.gets_in(without="reading")
        assert not probe.gets_in(without="network")
        assert probe.gets_in(without=("reading", "network"))


# ---- reading ----


def read(path) -> Probe:
    return Probe(f"data = open({str(path)!r}, 'rb').read(1000)\nprint('got in')")


@pytest.mark.parametrize(
    "name",
    [
        "solutions/ps3/ps3.ipynb",
        "classroom/submitted/ada/ps3/ps3.ipynb",
        "classroom/gradebook.db",
        "autograder/sets/ps3.py",
        "home/somebody/.ssh/id_ed25519",
    ],
)
def test_a_file_of_the_course_cannot_be_read(open_folder, name):
    path = open_folder / name
    path.parent.mkdir(parents=True)
    path.write_text("secret")
    assert not read(path).gets_in()
    assert read(path).gets_in(without="reading")


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/version", "/proc/THE GRADER/cmdline"])
def test_a_file_of_the_system_cannot_be_read(path):
    path = path.replace("THE GRADER", str(os.getpid()))
    assert not read(path).gets_in()
    assert read(path).gets_in(without="reading")


@pytest.mark.parametrize(
    "path", [REPOSITORY / "autograder/sets/ps3.py", REPOSITORY / "pyproject.toml", Path(sys.prefix) / "pyvenv.cfg"]
)
def test_the_files_of_this_repository_and_its_environment_cannot_be_read(path):
    assert path.is_file()
    assert not read(path).gets_in()
    assert not Probe(f"import os\nos.listdir({str(path.parent)!r})\nprint('got in')").gets_in()


def test_the_home_folder_cannot_be_read():
    assert not Probe(f"import os\nos.listdir({str(Path.home())!r})\nprint('got in')").gets_in()
    assert cell("import os\nprint(os.path.expanduser('~'))").stdout == "/scratch\n"


@pytest.mark.parametrize(
    "module",
    ["sets", "layers", *(f"engine.{name}" for name in ("gradients", "backward", "mistakes", "student")), "grading"],
)
def test_the_checks_cannot_be_found_for_import(open_folder, module):
    copied = open_folder / "autograder"
    for source in sorted((REPOSITORY / "autograder").rglob("*.py")):
        target = copied / source.relative_to(REPOSITORY / "autograder")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    assert not Probe(f"import autograder.{module}\nprint('got in')").gets_in()
    reaching = Probe(
        "import autograder, autograder.engine, importlib.util\n"
        f"autograder.__path__.append({str(copied)!r})\n"
        f"autograder.engine.__path__.append({str(copied / 'engine')!r})\n"
        f"if importlib.util.find_spec('autograder.{module}'):\n    print('got in')"
    )
    assert not reaching.gets_in()
    assert reaching.gets_in(without="reading")


def test_nothing_of_the_course_lies_anywhere_in_view():
    walk = (
        "import os\n"
        "seen = [os.path.join(top, name) for top, folders, files in os.walk('/') for name in folders + files]\n"
        "names = 'ps2.ipynb', 'ps3.ipynb', 'gradebook.db', 'nbgrader', 'unrolled', 'gradients.py', 'problems.py'\n"
        "print(*(path for path in seen if path.endswith(names)), sep='\\n')\n"
        "print(len(seen))"
    )
    *found, count = cell(walk).stdout.splitlines()
    assert found in ([], [""])
    assert int(count) > 1000


def test_the_packages_of_the_systems_own_python_are_not_in_view():
    assert cell("import glob\nprint(glob.glob('/usr/lib*/python*/*') + glob.glob('/lib*/python*/*'))").stdout == "[]\n"


def test_the_layers_of_the_course_are_not_there_to_be_called():
    result = cell("from unrolled import rnn_backward")
    assert result.error["type"] == "ImportError"
    assert "use the functions you wrote yourself" in result.error["message"]


def test_the_environment_of_the_grader_does_not_reach_the_worker(monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "secret")
    names = cell("import os\nprint(*sorted(os.environ))").stdout.split()
    assert "HOME" in names
    assert "COURSE_TOKEN" not in names
    assert {name for name in names if name.endswith("_NUM_THREADS")} < set(names)
    assert not {"USER", "LOGNAME", "SHELL", "SSH_AUTH_SOCK", "VIRTUAL_ENV"} & set(names)


def test_the_name_of_the_machine_is_not_told():
    assert platform.node() != "sandbox"
    assert cell("import os, socket\nprint(os.uname().nodename, socket.gethostname())").stdout == "sandbox sandbox\n"


# ---- writing ----

WRITE_EVERYWHERE = """
import os
written = []
for top, folders, files in os.walk('/'):
    try:
        with open(os.path.join(top, 'planted'), 'w') as file:
            file.write('x')
        written.append(top)
    except OSError:
        pass
print(*sorted(written))
"""


def test_only_the_scratch_folder_can_be_written():
    result = cell(WRITE_EVERYWHERE, cell_seconds=40)  # it looks into every folder, beside other tests
    assert result.error is None
    assert result.stdout.split() == ["/scratch"]


def test_a_folder_that_everybody_may_write_cannot_be_written(open_folder):
    probe = Probe(f"open({str(open_folder / 'planted')!r}, 'w').write('x')\nprint('got in')")
    assert not probe.gets_in()
    assert not probe.gets_in(without="reading")
    assert not (open_folder / "planted").exists()
    assert probe.gets_in(without="writing")
    assert (open_folder / "planted").read_text() == "x"


@pytest.mark.parametrize(
    "path",
    [
        "/course/autograder/__init__.py",
        "/course/autograder/sandbox/worker.py",
        f"/python/lib/{Path(os.__file__).parent.name}/os.py",
        "/packages/numpy/__init__.py",
        "/usr",
        "/dev/null",
    ],
)
def test_what_the_worker_runs_on_cannot_be_changed(path):
    source = (
        f"import os\npath = {path!r}\nassert os.path.exists(path)\n"
        "attempts = [lambda: os.chmod(path, 0o777), lambda: os.rename(path, '/scratch/x'), lambda: os.unlink(path),"
        " lambda: os.symlink('/scratch', path + '.link'), lambda: os.setxattr(path, 'user.x', b'1')]\n"
        "if path != '/dev/null':\n    attempts.append(lambda: open(path, 'ab'))\n"
        "for attempt in attempts:\n"
        "    try:\n        attempt()\n        print('got in')\n"
        "    except OSError:\n        print('refused')"
    )
    assert set(cell(source).stdout.split("\n")) == {"refused", ""}


def test_the_device_files_are_null_zero_and_urandom_alone():
    assert cell("import os\nprint(*sorted(os.listdir('/dev')))").stdout == "null urandom zero\n"


# ---- system calls ----


@pytest.mark.parametrize("name", HARMLESS)
def test_a_system_call_that_no_notebook_needs_is_refused(name):
    arguments, unfiltered = HARMLESS[name]
    source = f"{CALL}\nprint(call({NUMBERS[name]}, {', '.join(map(str, arguments))}))"
    assert int(cell(source).stdout) == EPERM
    assert int(cell(source, without="system calls").stdout) == unfiltered


def test_every_call_of_the_table_is_refused():
    outright = {name: number for name, number in NUMBERS.items() if name not in ("clone", "fcntl")}
    source = f"{CALL}\nfor name, number in {outright!r}.items():\n    print(name, call(number, -1, -1, -1, -1, -1, -1))"
    answers = dict(line.split() for line in cell(source).stdout.splitlines())
    assert answers == {name: str(ENOSYS if name == "clone3" else EPERM) for name in outright}


def test_a_second_process_cannot_be_made_but_a_thread_can():
    fork = Probe("import os\nif os.fork() == 0:\n    os._exit(0)\nprint('got in')")
    start = Probe("import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', ''])\nprint('got in')")
    for probe in (fork, start):
        assert not probe.gets_in()
        assert probe.gets_in(without="system calls")
    thread = "import threading\nt = threading.Thread(target=print, args=('got in',))\nt.start()\nt.join()"
    assert Probe(thread).gets_in()


def test_a_clone_into_new_namespaces_is_refused_even_for_a_thread():
    thread_in_new_network = 0x00010000 | 0x00000100 | 0x00000800 | 0x40000000
    assert int(cell(f"{CALL}\nprint(call({NUMBERS['clone']}, {thread_in_new_network}, 0, 0, 0, 0))").stdout) == EPERM


def test_no_socket_of_any_kind_can_be_made():
    made = (
        "import socket\n"
        "for family in range(1, 46):\n"
        "    for make in (socket.socket, socket.socketpair):\n"
        "        try:\n"
        "            make(family, socket.SOCK_DGRAM)\n"
        "        except PermissionError:\n"
        "            continue\n"
        "        except OSError:\n"
        "            pass\n"
        "        print(family, make.__name__)"
    )
    assert cell(made).stdout == ""
    assert len(cell(made, without="network").stdout.split()) > 2


def test_a_pipe_cannot_be_made_larger_than_it_is():
    larger = Probe("import fcntl, os\nif fcntl.fcntl(os.pipe()[1], 1031, 1 << 20) == 1 << 20:\n    print('got in')")
    assert not larger.gets_in()
    assert larger.gets_in(without="system calls")
    assert Probe("import fcntl, os\nif fcntl.fcntl(os.pipe()[1], fcntl.F_GETFL) == 1:\n    print('got in')").gets_in()


# ---- privileges and other processes ----


def test_the_worker_has_no_privileges_and_cannot_gain_any():
    source = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None)\n"
        "header = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)(*[9] * 6)\n"
        "assert libc.capget(header, sets) == 0\n"
        "print(list(sets), libc.prctl(39, 0, 0, 0, 0), 0 in os.getresuid() + os.getresgid(), os.getgroups())"
    )
    result = cell(source)
    assert result.stdout.startswith("[0, 0, 0, 0, 0, 0] 1 False "), result
    assert result.stdout.split(" False ")[1].strip() in ("[]", "[65534]")
    for attempt in ("os.setuid(0)", "os.setresgid(0, 0, 0)", "os.setgroups([0])", "os.chroot('/')", "os.nice(-5)"):
        assert not Probe(f"import os\n{attempt}\nprint('got in')").gets_in(), attempt


def test_the_worker_cannot_signal_the_grader():
    probe = f"import os\nos.kill({os.getpid()}, 0)\nprint('got in')"
    assert not Probe(probe).gets_in()
    assert "got in" in cell(probe, confined=False).stdout


@pytest.mark.parametrize("target", ["os.getppid()", "1", "-1", "0"])
def test_killing_everything_in_reach_ends_nothing_but_the_worker(target):
    with open_session() as other:
        cell(f"import os, signal\nos.kill({target}, signal.SIGKILL)")
        assert other.run("after", "1 + 1").shown == "2"
    assert os.getpgid(0) == os.getpgrp()


def test_two_workers_neither_see_each_others_processes_nor_files():
    with open_session() as one, open_session() as other:
        assert one.run("c", "open('/scratch/mine', 'w').write('secret')").error is None
        look = (
            "import os\n"
            "def there(pid):\n"
            "    try:\n"
            "        os.kill(pid, 0)\n"
            "    except ProcessLookupError:\n"
            "        return False\n"
            "    except PermissionError:\n"
            "        pass\n"
            "    return True\n"
            "print(os.getpid(), [pid for pid in range(1, 70_000) if there(pid)], os.listdir('/scratch'))"
        )
        assert other.run("c", look).stdout == "2 [1, 2] []\n"
        assert one.run("c", "open('/scratch/mine').read()").shown == "'secret'"


def test_the_worker_inherits_nothing_but_its_channel_and_the_null_device(open_folder):
    with (open_folder / "gradebook.db").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        source = (
            "import os\n"
            "for number in range(1000):\n"
            "    try:\n"
            "        mode = os.fstat(number)\n"
            "    except OSError:\n"
            "        continue\n"
            "    print(number, mode.st_mode, mode.st_rdev)"
        )
        described = [tuple(map(int, line.split())) for line in cell(source, open_files=None).stdout.splitlines()]
    null = os.stat("/dev/null").st_rdev
    assert [number for number, _, _ in described] == [0, 1, 2, 100]
    assert all(stat.S_ISCHR(mode) and device == null for _, mode, device in described[:3])
    assert stat.S_ISSOCK(described[3][1])
