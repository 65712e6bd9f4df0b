"""A class with two honest students and some hostile ones, graded for real, and what came of it."""

import json
import multiprocessing
import os
import re
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from autograder import cli
from autograder.grading import classroom as classroom_module
from autograder.grading.assignment import Assignment
from autograder.grading.classroom import Classroom
from autograder.grading.gradebook import ClassGradebook
from autograder.grading.records import WORKING_FOLDER
from autograder.grading.submission import Submission, grade_submission
from autograder.sandbox.bubblewrap import Limits, Sandbox
from tests.attacks.attacking import ROOT, SAMPLE, SET, Attack

PEERS = {"ada": "ada", "bo": "dmitri"}
"""Honest students, and whose notebook of the sample class they hand in."""
TIMEOUT = 3.0
CLASS_SECONDS = 1200
MOST_BYTES = 300_000_000
"""Memory of the grader for one submission."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
INVISIBLE = re.compile(r"[\u200b-\u200f\ufeff\u3164\U000e0000-\U000e0fff]")
ACTIVE_TEXT = re.compile(r"<[a-zA-Z/!?]|\][(:]")
MOST_KEPT = 6_000_000
"""Characters that are kept of a submission: its graded notebook, record and page."""
ACTIVE = {"script", "iframe", "frame", "img", "link", "object", "embed", "form", "input", "button", "svg", "math",
          "video", "audio", "source", "base", "applet", "textarea", "area", "map", "style"}  # fmt: skip


@dataclass
class Got:
    """What an attack got.

    Attributes
    ----------
    attack : Attack
    points : float
    gained, leaked, left : list of str
        Beyond what it may get: one entry for each thing.
    said : str
        The reason why it was not graded, or nothing.
    seconds, megabytes : float
        What it took of the grader, if that was measured.
    """

    attack: Attack
    points: float = 0.0
    gained: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    said: str = ""
    seconds: float | None = None
    megabytes: float | None = None

    @property
    def anything(self) -> list[str]:
        """All that it got and should not have."""
        return [*self.gained, *self.leaked, *self.left]


class Scene:
    """A course with a classroom, in a folder of its own, and the secrets that lie about.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self.folder, self.room = folder, folder / "course" / "classroom"
        self.course, self.temporary = folder / "course", folder / "tmp"
        self.secrets = {name: f"{name}{secrets.token_hex(8)}" for name in ("peer", "solution", "file", "environment")}
        self.open = folder / "open"
        self.source = self.course / "solutions" / SET / f"{SET}.ipynb"
        self._sockets: list[socket.socket] = []
        self._make()

    def _make(self) -> None:
        for path in (self.course, self.temporary, self.open):
            path.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.open.chmod(0o777)
        shutil.copy(ROOT / "nbgrader_config.py", self.course)
        for name in ("ps2", SET):
            shutil.copytree(ROOT / "solutions" / name, self.course / "solutions" / name)
        marked = self.source.read_text().replace(
            "### BEGIN SOLUTION", f"### BEGIN SOLUTION\\n# {self.secrets['solution']}"
        )
        self.source.write_text(marked)
        (self.folder / "secret.txt").write_text(self.secrets["file"])
        for student, whose in PEERS.items():
            notebook = json.loads((SAMPLE / whose / SET / f"{SET}.ipynb").read_text())
            notebook["cells"][-1]["source"] = f"# {self.secrets['peer']}"
            self._folder_of(student).joinpath(f"{SET}.ipynb").write_text(json.dumps(notebook))
            os.utime(self._folder_of(student) / f"{SET}.ipynb", (1, 1))

    def _folder_of(self, student: str) -> Path:
        folder = self.room / "submitted" / student / SET
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def assignment(self) -> Assignment:
        """The problem set."""
        return Assignment.read(self.source)

    @cached_property
    def listening(self) -> tuple[int, str]:
        """A TCP port and the name of a socket that wait for somebody."""
        over_network = socket.create_server(("127.0.0.1", 0))
        here = socket.socket(socket.AF_UNIX)
        name = "unrolled-" + secrets.token_hex(6)
        here.bind("\0" + name)
        here.listen()
        self._sockets += [over_network, here]
        return over_network.getsockname()[1], name

    def reached(self) -> list[str]:
        """Return what came in over the sockets."""
        found = []
        for listener in self._sockets:
            listener.settimeout(0.05)
            with suppress(TimeoutError):
                listener.accept()
                found.append("something of the class reached a socket of this machine")
        return found

    def close(self) -> None:
        """Close the sockets."""
        for listener in self._sockets:
            listener.close()

    def told(self, source: str) -> str:
        """Return a source in which ⟨names⟩ of the scene are replaced by what they are."""

        def known(found: re.Match) -> str:
            return {
                "peer": lambda: str(self.room / "submitted" / "ada" / SET / f"{SET}.ipynb"),
                "gradebook": lambda: str(self.room / "gradebook.db"),
                "source": lambda: str(self.source),
                "file": lambda: str(self.folder / "secret.txt"),
                "open": lambda: str(self.open),
                "checks": lambda: str(ROOT / "autograder" / "sets" / "ps3.py"),
                "grader": lambda: str(os.getpid()),
                "port": lambda: str(self.listening[0]),
                "socket": lambda: self.listening[1],
            }[found[1]]()

        return re.sub(r"⟨(\w+)⟩", known, source)

    def hand_in(self, attacks: Iterable[Attack]) -> None:
        """Put the submissions of attackers into the class."""
        for attack in attacks:
            attack.hand_in(self._folder_of(attack.student), self)

    # ---- what came of it ----

    def points(self) -> dict[str, float]:
        """Return the points in the gradebook, by student."""
        with closing(ClassGradebook(f"sqlite:///{self.room / 'gradebook.db'}", None)) as gradebook:
            return {student: totals.total for student, totals in gradebook.totals(SET).items()}

    def page(self, student: str) -> str:
        """Return the feedback page of a student, or nothing."""
        with suppress(OSError):
            return (self.room / "feedback" / student / SET / f"{SET}.html").read_text(encoding="utf-8")
        return ""

    def record(self, student: str) -> str:
        """Return the record of a student, or nothing."""
        with suppress(OSError):
            return (self.room / "records" / SET / f"{student}.json").read_text(encoding="utf-8")
        return ""

    def graded(self, student: str) -> list[dict]:
        """Return the cells of a student's graded notebook."""
        with suppress(OSError, ValueError):
            return json.loads((self.room / "autograded" / student / SET / f"{SET}.ipynb").read_text())["cells"]
        return []

    def of_peers(self) -> dict[str, tuple]:
        """Return what honest students got: points, verdicts, and the page without its time and its seeds."""
        points = self.points()
        found = {}
        for student in PEERS:
            record = json.loads(self.record(student) or "{}")
            verdicts = [(verdict["grade_id"], verdict["points"]) for verdict in record.get("verdicts", [])]
            found[student] = points.get(student), verdicts, record.get("remarks"), bool(self.page(student))
        return found

    def left_over(self) -> list[str]:
        """Return the files that a run needs no more, and the shared memory, queues and semaphores of the machine."""
        working = self.room / WORKING_FOLDER
        files = [*(working.rglob("*") if working.exists() else ()), *self.temporary.rglob("*"), *self.open.rglob("*")]
        left = [f"the file {path}" for path in files if path.name != "lock"]
        return left

    def judge(self, attack: Attack, terminal: str = "") -> Got:
        """Return what an attack got in a class that has been graded."""
        got = Got(attack, self.points().get(attack.student, 0.0))
        student, page, graded = attack.student, self.page(attack.student), self.graded(attack.student)
        outputs = "\n".join(_texts([cell.get("outputs", []) for cell in graded]))
        if got.points > attack.most:
            got.gained.append(f"{got.points:g} points")
        if "got in" in outputs:
            got.gained.append("it got in")
        everything = "\n".join([page, outputs, self.record(student), terminal])
        got.leaked += [
            f"the secret of the {name}" for name, secret in self.secrets.items() if _holds(everything, secret)
        ]
        got.gained += [f"on its page: {found}" for found in active(page)]
        if CONTROL.search(page) or INVISIBLE.search(page):
            got.gained.append("characters on its page that are not seen")
        if CONTROL.search(outputs):
            got.gained.append("control characters in its outputs")
        given = {cell.source for cell in self.assignment.cells} | self.assignment.given
        texts = [cell["source"] for cell in graded if cell["cell_type"] == "markdown"]
        texts = ["".join(text) for text in texts]
        if any(ACTIVE_TEXT.search(text) for text in texts if text.strip() not in given and attack.kind == "reader"):
            got.gained.append("HTML or a link in a text cell, for formgrader to show")
        kept = len(outputs) + len(page) + len(self.record(student))
        if kept > MOST_KEPT:
            got.gained.append(f"{kept:,} characters are kept of it")
        return got


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _holds(text: str, secret: str) -> bool:
    return any(form in text for form in (secret, secret[::-1], secret.encode().hex()))


class _Active(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.first_style = True

    def handle_starttag(self, tag: str, attrs: list) -> None:
        known = dict(attrs)
        if tag == "style" and self.first_style:
            self.first_style = False
        elif tag in ACTIVE:
            self.found.append(f"<{tag}>")
        for name, value in known.items():
            value = (value or "").strip().lower()
            outside = name in ("href", "src", "action", "xlink:href", "srcset") and not value.startswith("#")
            if name.startswith("on") or name == "style" or outside:
                self.found.append(f"{name}={value[:40]}")
        if tag == "meta" and known.get("http-equiv", "").lower() == "refresh":
            self.found.append("<meta refresh>")


def active(page: str) -> list[str]:
    """Return what on a page runs, loads or leads elsewhere."""
    parser = _Active()
    parser.feed(page)
    parser.close()
    return parser.found


# ---- grading a class ----


@contextmanager
def scene():
    """Make a scene, and take it away again."""
    folder = Path(tempfile.mkdtemp(prefix="attacks-"))
    made = Scene(folder)
    try:
        yield made
    finally:
        made.close()
        subprocess.run(["rm", "-rf", folder], check=True)  # takes folders of any depth


def grade_class(attacks: Sequence[Attack], *, jobs: int = 2) -> list[Got]:
    """Grade a class with the command line, and return what each attack got, and last what they got together."""
    with scene() as made:
        made.hand_in(attacks)
        ipc, started = shared_memory(), time.monotonic()
        done = by_command(made, jobs)
        terminal = done.stdout + done.stderr
        found = [made.judge(attack) for attack in attacks]
        together = Got(Attack("all", "together", "whatever no single one is told apart for", lambda *_: None))
        together.seconds = time.monotonic() - started
        if done.returncode not in (0, 1):
            together.gained.append(f"the grader ended with {done.returncode}: {terminal[-300:]}")
        if "Traceback" in terminal or CONTROL.search(terminal.replace("\r\n", "\n")):
            together.gained.append("a traceback or control characters on the terminal")
        if done.stderr.strip():
            together.gained.append(f"on the terminal's error stream: {done.stderr.strip()[:200]}")
        if len(terminal) > 2000 * (len(attacks) + 5):
            together.gained.append(f"{len(terminal):,} characters on the terminal")
        together.leaked += [f"the secret of the {name}" for name, secret in made.secrets.items() if secret in terminal]
        if made.of_peers() != undisturbed():
            together.gained.append(f"honest students got {made.of_peers()}, else {undisturbed()}")
        together.gained += made.reached()
        together.left = [*made.left_over(), *(shared_memory() - ipc), *processes_of(made.folder)]
        together.gained += spreadsheets(made)
        return [*found, together]


def by_command(made: Scene, jobs: int) -> subprocess.CompletedProcess:
    """Grade a class as an instructor does."""
    command = [sys.executable, "-m", "autograder", "grade", SET, "--course", str(made.course), "--jobs", str(jobs)]
    environment = {**os.environ, "TMPDIR": str(made.temporary), "COURSE_TOKEN": made.secrets["environment"],
                   "PYTHONPATH": str(ROOT), "COLUMNS": "200"}  # fmt: skip
    return subprocess.run(
        [*command, "--timeout", str(TIMEOUT)],
        capture_output=True, text=True, errors="surrogateescape", env=environment, timeout=CLASS_SECONDS, cwd=ROOT,
    )  # fmt: skip


_UNDISTURBED: dict = {}


def undisturbed() -> dict[str, tuple]:
    """Return what honest students get when nobody attacks."""
    if not _UNDISTURBED:
        with scene() as made:
            by_command(made, 1)
            _UNDISTURBED.update(made.of_peers())
            assert [points for points, *_ in _UNDISTURBED.values()] == [18.0, 14.0], _UNDISTURBED
    return _UNDISTURBED


def shared_memory() -> set[str]:
    """Return the shared memory, queues and semaphores that the machine has now."""
    # Python's own semaphores are those of other programs: ours have no name any more.
    shared = (path.name for path in Path("/dev/shm").glob("*") if not path.name.startswith("sem.mp-"))
    found = {f"shared memory {name}" for name in shared}
    for kind in ("shm", "msg", "sem"):
        with suppress(OSError):
            found |= {f"{kind}: {line[:60]}" for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]}
    return found


def processes_of(folder: Path) -> list[str]:
    """Return the processes, after a while, that have to do with a scene, or that workers left."""
    wanted, deadline, found = f"TMPDIR={folder}/".encode(), time.monotonic() + 5, ["?"]
    while found and time.monotonic() < deadline:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in (process / "environ").read_bytes():
                    found.append(f"the process {process.name}: {(process / 'cmdline').read_bytes()[:60]!r}")
        if found:
            time.sleep(0.1)
    return found


def spreadsheets(made: Scene) -> list[str]:
    """Return the fields of the report's tables that a spreadsheet would calculate, and what its page runs."""
    files = {name: made.folder / f"report.{name}" for name in ("csv", "canvas", "moodle", "html")}
    options = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    done = CliRunner().invoke(cli.main, ["report", SET, "--course", str(made.course), *options])
    if done.exit_code != 0:
        return [f"no report: {done.output[-200:]}"]
    found = [f"on the report: {what}" for what in active(files["html"].read_text())]
    for name in ("csv", "canvas", "moodle"):
        fields = re.split(r"[,\n]", files[name].read_text())
        found += [f"in {name}: {text[:40]}" for text in fields if text.lstrip('"').startswith(("=", "@", "+"))]
    return found


# ---- one submission, in a process of its own ----


class _Inline:
    """A pool of no processes, so that what is patched here is patched where submissions are graded."""

    def submit(self, function: Callable, *arguments):
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future


def grade_one(
    attack: Attack,
    removed: Callable[[], AbstractContextManager] = nullcontext,
    sandbox: Callable[[Sandbox], Sandbox] = lambda sandbox: sandbox,
    seconds: float = 240.0,
) -> Got:
    """Grade one attack in a process of its own, with protections taken away, and return what it got.

    An attack that is `alone` is graded and not recorded; of another one the class is graded, here with its peers.

    Parameters
    ----------
    attack : Attack
    removed : callable
        Returns a context in which some protections are gone.
    sandbox : callable
        Returns a sandbox with fewer walls.
    seconds : float
        After which the grader counts as stopped.
    """
    with scene() as made:
        made.hand_in([attack])
        ours, theirs = multiprocessing.Pipe(duplex=False)
        arguments = (attack, made, removed, sandbox, theirs)
        process = multiprocessing.get_context("fork").Process(target=_grade_one, args=arguments)
        process.start()
        theirs.close()
        got = Got(attack)
        try:
            if not ours.poll(seconds):
                got.gained.append(f"the grader was stopped for {seconds:.0f} s")
            else:
                got = replace(ours.recv(), attack=attack)
        except EOFError:
            got.gained.append("the grader ended")
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
        got.gained += made.reached()
        got.left += [f"the file {path}" for path in made.open.rglob("*")]
        return got


def _grade_one(attack: Attack, made: Scene, removed, sandbox, connection) -> None:
    os.environ["COURSE_TOKEN"] = made.secrets["environment"]
    os.environ["TMPDIR"], tempfile.tempdir = str(made.temporary), None
    walls = sandbox(Sandbox() if attack.alone else Sandbox(Limits.for_timeout(TIMEOUT)))
    before = resource.getrusage(resource.RUSAGE_SELF)
    got = Got(attack)
    with removed():
        if attack.alone:
            submission = Submission(attack.student, made.room / "submitted" / attack.student / SET)
            outcome = grade_submission(submission, made.source, walls)
            got.points = outcome.graded.points if outcome.graded else 0.0
            got.said = " ".join(outcome.remarks)[:300]
            if got.points > attack.most:
                got.gained.append(f"{got.points:g} points")
            if outcome.graded and "got in" in str(outcome.graded.outputs):
                got.gained.append("it got in")
        else:
            classroom_module.pool_of = lambda *_: nullcontext(_Inline())
            try:
                outcomes = Classroom(made.course).grade(SET, walls)
                got = made.judge(attack)
                mine = [outcome for outcome in outcomes if outcome.student == attack.student]
                got.gained += spreadsheets(made)
                got.said = " ".join(remark for outcome in mine for remark in outcome.remarks)[:300]
            except Exception as error:
                got.gained.append(f"the class was stopped: {type(error).__name__}: {error}"[:200])
    after = resource.getrusage(resource.RUSAGE_SELF)
    got.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    got.megabytes = (after.ru_maxrss - before.ru_maxrss) / 1024
    if got.seconds > attack.seconds:
        got.gained.append(f"{got.seconds:.0f} s of the grader's time")
    if got.megabytes * 1e6 > MOST_BYTES:
        got.gained.append(f"{got.megabytes:.0f} MB of the grader's memory")
    connection.send(replace(got, attack=None))  # which is made of functions
    connection.close()
