"""A class that is graded by the workers of a Dask scheduler gets what it gets here, also when workers die.

The scheduler and its workers are processes of their own, as `dask scheduler` and `dask worker` start them.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from gradebook_rows import rows_of
from nbformat.v4 import new_code_cell
from small_course import SmallCourse

from autograder.grading import cluster as cluster_module
from autograder.grading import records
from autograder.grading.classroom import Classroom
from autograder.grading.cluster import Cluster, ClusterError
from autograder.sandbox.bubblewrap import Sandbox

distributed = pytest.importorskip(
    "distributed", reason="grading on a cluster is not tested: pip install -r requirements-cluster.txt"
)
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FOR_ALL = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "1h"}


class Machines:
    """A scheduler and its workers."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.workers: list[subprocess.Popen] = []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", PYTHONPATH="")
        self.address = self._said(self.scheduler, "Scheduler at:")

    def add(self, count: int = 1, *, threads: int = 1, **environment: str) -> None:
        """Start workers, and wait for them."""
        options = (
            "--nthreads",
            str(threads),
            "--no-nanny",
            "--host",
            "127.0.0.1",
            "--local-directory",
            str(self._folder),
        )
        started = [self._start("worker", self.address, *options, **environment) for _ in range(count)]
        for worker in started:
            self._said(worker, "Registered to:")
        self.workers += started

    def alive(self) -> list[subprocess.Popen]:
        return [worker for worker in self.workers if worker.poll() is None]

    def have(self, count: int) -> "Machines":
        """Have so many workers, no more and no fewer."""
        for worker in self.alive()[count:]:
            worker.kill()
            worker.wait()
        self.add(count - len(self.alive()))
        return self

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
            process.log.close()

    def _start(self, kind: str, *arguments: str, **environment: str) -> subprocess.Popen:
        log = (self._folder / f"{kind}-{time.monotonic_ns()}.log").open("w+")
        command = [sys.executable, "-m", "dask", kind, *arguments, "--no-dashboard"]
        environment = {**os.environ, **FOR_ALL, **environment}
        process = subprocess.Popen(
            command, cwd="/", env=environment, stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_us
        )
        process.log = log
        return process

    def _said(self, process: subprocess.Popen, words: str) -> str:
        """Wait until a process has said something, and return the end of that line."""
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            for line in Path(process.log.name).read_text().splitlines():
                if words in line:
                    return line.split()[-1]
            time.sleep(0.1)
        raise AssertionError(Path(process.log.name).read_text())


def _end_with_us() -> None:
    """Be killed when the tests are."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    machines = Machines(tmp_path_factory.mktemp("machines"))
    yield machines
    machines.end()


@pytest.fixture
def machines(started):
    """A scheduler with two workers."""
    return started.have(2)


@pytest.fixture
def own_machines(tmp_path):
    """A scheduler of this test's own, without workers."""
    machines = Machines(tmp_path)
    yield machines
    machines.end()


def said(result) -> str:
    return " ".join(result.output.replace("│", " ").split())


def on(machines, *more: str) -> list[str]:
    return ["grade", "ps2", "--scheduler", machines.address, *more]


def slow(course, seconds: float = 2):
    """Return a right notebook that takes its time."""
    notebook = course.right()
    notebook.cells.insert(1, new_code_cell(f"import time\ntime.sleep({seconds})"))
    return notebook


def hand_in(course: SmallCourse) -> None:
    """Hand in what a class hands in: right, wrong, empty, endless, damaged, another set's, and a link."""
    endless = course.right()
    endless.cells.insert(1, new_code_cell("while True:\n    pass"))
    for student, notebook in (
        ("ada", None),
        ("bo", course.wrong()),
        ("cy", nbformat.read(ROOT / "solutions" / "ps3" / "ps3.ipynb", as_version=4)),
        ("di", course.wrong(source="import os\nos._exit(0)")),
        ("ed", endless),
        ("fi", course.wrong("rnn-parameter-count", "def rnn_parameter_count(:")),
        ("-Gö日", None),
    ):
        path = course.submit(student, notebook)
        (path.parent / "timestamp.txt").write_text("2026-11-02 12:00:00 UTC")
    course.submit("ha").write_text('{"cells": ')
    (course.submit("ij").parent / "link").symlink_to("/etc/passwd")


def decided(room: Path) -> list[tuple]:
    """Return all of the records that is not drawn, and no time."""
    return [
        (
            record.student, record.submitted, record.source, record.versions, record.remarks,
            [(v.grade_id, v.points, v.max_points, v.passed, v.mistakes, v.seed is None) for v in record.verdicts],
        )
        for record in records.read(room, "ps2")
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- as it is here


def test_a_class_gets_from_a_cluster_what_it_gets_here(course, machines, tmp_path):
    hand_in(course)
    other = SmallCourse(tmp_path / "other")
    shutil.copytree(course.room, other.room, symlinks=True)
    here = course.run("grade", "ps2", "--jobs", "2", "--timeout", "2")
    there = other.run(*on(machines, "--timeout", "2", "--book", "https://example.org/book"))
    assert (here.exit_code, there.exit_code) == (1, 1), there.output
    assert "Cluster: 2 workers at tcp://127.0.0.1:" in said(there)
    table = [result.output[result.output.index("ps2: 3 points") :].split("Gradebook:")[0] for result in (here, there)]
    assert table[0] == table[1]
    assert course.points()["-Gö日"] == [1, 2]
    assert rows_of(course.room / "gradebook.db") == rows_of(other.room / "gradebook.db")
    assert decided(course.room) == decided(other.room)
    assert len(decided(other.room)) == 6
    for step in ("autograded", "feedback"):
        files = [
            sorted(path.relative_to(room) for path in room.glob(f"{step}/*/ps2/*"))
            for room in (course.room, other.room)
        ]
        assert files[0] == files[1]
        assert len(files[0]) == 6
    assert "https://example.org/book" in (other.room / "feedback" / "bo" / "ps2" / "ps2.html").read_text()

    explained = other.run("explain", "bo", "ps2", "many_to_many")
    assert "Graded once more: the same to the bit." in explained.output  # but for the address of the book
    again = other.run(*on(machines, "--timeout", "2"))
    assert "6 of 9 have not changed since they were graded" in said(again)


# ----------------------------------------------------------------------------------------------------- workers that die


def test_a_worker_that_is_killed_costs_nobody_anything(course, machines):
    students = [f"student-{number}" for number in range(6)]
    for student in students:
        course.submit(student, slow(course))
    killed = []

    def progress(student):
        if not killed:
            killed.append(machines.workers[-1])
            os.kill(killed[0].pid, signal.SIGKILL)

    with Cluster(machines.address, Sandbox()) as cluster:
        outcomes = Classroom(course.folder, course.room).grade("ps2", Sandbox(), progress=progress, cluster=cluster)
    assert killed[0].wait(5) == -signal.SIGKILL
    assert [(outcome.student, outcome.graded.points, outcome.remarks) for outcome in outcomes] == [
        (student, 3, ()) for student in students
    ]
    assert course.points() == {student: [1, 2] for student in students}


class Deadly(bytes):
    """The content of a notebook that kills a process on the worker: the one that reads it, or the worker itself."""

    def __new__(cls, whom: str):
        made = super().__new__(cls, b"deadly")
        made.whom = whom
        return made

    def __reduce__(self):
        return eval, (f"(os := __import__('os')).kill(os.{self.whom}(), 9)",)


@pytest.mark.parametrize(("whom", "left"), [("getpid", 2), ("getppid", 0)], ids=["its process", "the worker"])
def test_a_submission_that_kills_its_worker_each_time_is_named_and_all_others_are_graded(
    course, machines, monkeypatch, whom, left
):
    for student in ("ada", "bo", "cy", "di", "ed"):
        course.submit(student)
    read = cluster_module.read_notebook_file
    monkeypatch.setattr(
        cluster_module,
        "read_notebook_file",
        lambda folder, name: Deadly(whom) if folder.parent.name == "bo" else read(folder, name),
    )
    result = course.run(*on(machines))
    assert result.exit_code == 1, result.output
    assert course.points() == {student: [1, 2] for student in ("ada", "cy", "di", "ed")}
    assert said(result).count("the process that graded it ended before it was done") == 1
    assert "grade it on this machine, without --scheduler, with --student bo" in said(result)
    assert "Not graded: bo." in result.output
    psutil.wait_procs([psutil.Process(worker.pid) for worker in machines.alive()], timeout=2)
    assert len(machines.alive()) == left

    monkeypatch.setattr(cluster_module, "read_notebook_file", read)
    machines.have(2)
    assert course.run(*on(machines)).exit_code == 0  # the next run takes it again
    assert course.points()["bo"] == [1, 2]


@pytest.mark.long
def test_when_all_workers_are_gone_the_run_ends_and_the_next_one_goes_on(course, machines, monkeypatch):
    monkeypatch.setattr(cluster_module, "WITHOUT_WORKERS_SECONDS", 1.0)
    course.submit("ada")
    for student in ("bo", "cy", "di"):
        course.submit(student, slow(course, 4))
    room = Classroom(course.folder, course.room)

    def progress(student):
        for worker in machines.alive():
            worker.kill()

    with (
        Cluster(machines.address, Sandbox()) as cluster,
        pytest.raises(ClusterError, match=r"has no workers any more; 1 of 4 submissions are graded and recorded$"),
    ):
        room.grade("ps2", Sandbox(), progress=progress, cluster=cluster)
    assert course.points() == {"ada": [1, 2]}
    machines.have(2)
    result = course.run(*on(machines))
    assert result.exit_code == 0, result.output
    assert course.points() == {student: [1, 2] for student in ("ada", "bo", "cy", "di")}


@pytest.mark.long
def test_a_worker_that_comes_later_takes_part(course, own_machines):
    own_machines.add(1)
    for number in range(30):
        course.submit(f"student-{number}", slow(course))
    with Cluster(own_machines.address, Sandbox()) as cluster:
        submissions = Classroom(course.folder, course.room).submissions("ps2")
        graded, many = cluster.grade(submissions, course.source), 0
        while cluster.workers == 1:
            assert next(graded)[1].graded.points == 3
            many += 1
            own_machines.add(many == 1)
        assert cluster.workers == 2
        assert [outcome.graded.points for _, outcome in graded] == [3] * (30 - many)


@pytest.mark.long
def test_when_the_scheduler_dies_the_run_ends_with_4_and_what_was_graded_is_recorded(course, own_machines):
    own_machines.add(1)
    course.submit("ada")
    course.submit("bo", slow(course, 5))
    room = Classroom(course.folder, course.room)
    with (
        Cluster(own_machines.address, Sandbox()) as cluster,
        pytest.raises(ClusterError, match=r"does not answer any more; 1 of 2 submissions are graded and recorded$"),
    ):
        room.grade("ps2", Sandbox(), progress=lambda student: own_machines.scheduler.kill(), cluster=cluster)
    assert course.points() == {"ada": [1, 2]}


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_what_stops_the_grader_takes_back_what_it_handed_out(course, machines, number):
    course.submit("ada")
    for student in ("bo", "cy", "di", "ed"):
        course.submit(student, slow(course, 9))
    command = [sys.executable, "-m", "autograder", *on(machines), "--course", course.folder, "--classroom", course.room]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while course.points() != {"ada": [1, 2]} and time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "stopped; 1 of 5 submissions are graded and recorded" in errors
    assert "Traceback" not in errors
    with distributed.Client(machines.address, set_as_default=False) as client:
        until = time.monotonic() + 30
        while any(client.processing().values()) and time.monotonic() < until:
            time.sleep(0.2)
        assert not any(client.processing().values())
    for worker in machines.alive():  # what they have begun they end; the next test need not wait for that
        worker.kill()
        worker.wait()


@pytest.mark.long
def test_a_worker_that_is_killed_leaves_no_process(course, own_machines):
    own_machines.add(1)
    course.submit("ada", slow(course, 60))
    helpers = []

    def look():
        found = psutil.Process(own_machines.workers[0].pid).children(recursive=True)
        if not helpers and len(found) > 3:
            helpers.extend(found)
            own_machines.workers[0].kill()

    with Cluster(own_machines.address, Sandbox()) as cluster:
        submissions = Classroom(course.folder, course.room).submissions("ps2")
        graded = cluster.grade(submissions, course.source, look)
        cluster_module.WITHOUT_WORKERS_SECONDS, before = 1.0, cluster_module.WITHOUT_WORKERS_SECONDS
        try:
            with pytest.raises(ClusterError, match="has no workers any more"):
                list(graded)
        finally:
            cluster_module.WITHOUT_WORKERS_SECONDS = before
    assert helpers
    _, alive = psutil.wait_procs(helpers, timeout=10)
    assert alive == []


# --------------------------------------------------------------------------------------- clusters that cannot be used


def refused(result, code: int, *words: str) -> None:
    """Assert that a command ended with a code and one sentence."""
    assert result.exit_code == code, result.output
    assert said(result).count("Error: ") == 1
    assert "Traceback" not in result.output
    assert [word for word in words if word not in said(result)] == []


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 2.0)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1"),
        ("127.0.0.1", "--scheduler takes an address such as tcp://HOST:8786, not 127.0.0.1"),
        ("http://127.0.0.1:8786", "--scheduler takes an address such as tcp://HOST:8786"),
        ("tls://127.0.0.1:8786", "--scheduler takes an address such as tcp://HOST:8786"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_an_address_without_a_scheduler_is_said_so(course, address, words):
    course.submit("ada")
    refused(course.run("grade", "ps2", "--scheduler", address), 4, words)


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_without_workers_is_said_so_with_the_command_that_starts_some(course, own_machines):
    course.submit("ada")
    start = f"`dask worker {own_machines.address} --nworkers -1 --nthreads 1`"
    refused(course.run(*on(own_machines)), 4, f"has no workers; start some with {start}")


def test_a_worker_is_not_taken_for_a_scheduler(course, machines):
    course.submit("ada")
    with distributed.Client(machines.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    refused(
        course.run("grade", "ps2", "--scheduler", worker), 4, f"at {worker} there is a Dask worker, not a scheduler"
    )


def test_a_worker_without_a_sandbox_is_named_and_nothing_is_graded(course, own_machines, tmp_path):
    course.submit("ada")
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'bwrap: no permission' >&2\nexit 1\n")
    program.chmod(0o755)
    own_machines.add(1)
    own_machines.add(1, PATH=f"{program.parent}:{os.environ['PATH']}")
    refused(course.run(*on(own_machines)), 3, "on the worker tcp://127.0.0.1:", "bwrap: no permission")
    assert course.points() == {}


def test_a_worker_with_other_checks_is_named_and_nothing_is_graded(course, own_machines, tmp_path):
    course.submit("ada")
    for package in ("autograder", "unrolled"):
        shutil.copytree(ROOT / package, tmp_path / "old" / package)
    with (tmp_path / "old" / "autograder" / "engine" / "terms.py").open("a") as module:
        module.write("# as it was\n")
    own_machines.add(1, PYTHONPATH=str(tmp_path / "old"))
    refused(course.run(*on(own_machines)), 4, "grades with another checks ", "bring both machines to one commit")
    assert course.points() == {}


def test_a_worker_without_the_course_is_named_and_lives_on(course, own_machines, tmp_path):
    course.submit("ada")
    (tmp_path / "autograder.py").write_text("raise ImportError('not installed')")
    own_machines.add(1, PYTHONPATH=str(tmp_path))
    refused(course.run(*on(own_machines)), 4, "cannot import the autograder (not installed)", "make setup")
    assert len(own_machines.alive()) == 1


@pytest.mark.long
def test_threads_that_stay_idle_are_told(course, own_machines):
    course.submit("ada")
    own_machines.add(1, threads=3)
    result = course.run(*on(own_machines))
    assert result.exit_code == 0
    assert "2 of their threads stay idle; start workers with --nworkers -1 --nthreads 1" in said(result)


# ------------------------------------------------------------------------------------------------ without a cluster


def test_without_the_package_one_sentence_says_what_to_install(course, monkeypatch):
    course.submit("ada")
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = course.run("grade", "ps2", "--scheduler", "tcp://127.0.0.1:8786")
    refused(result, 4, "needs the package distributed", "pip install -r requirements-cluster.txt -c constraints.txt")


def test_what_does_not_go_with_a_cluster_is_refused(course):
    refused(course.run("grade", "ps2", "--scheduler", "tcp://h:1", "--unsafe-no-sandbox"), 2, "--unsafe-no-sandbox")
    file = course.submit("ada")
    refused(course.run("grade", str(file), "--scheduler", "tcp://h:1"), 2, "is for a class")
    assert json.loads(file.read_text())
