"""How fast a class is graded, beside stock nbgrader on the same submissions, in one run.

Run it: ``python benchmarks/throughput.py``. Let nothing else run beside.
Stock nbgrader runs the notebooks in a kernel, outside of any sandbox, and makes its own feedback pages. Both write the
gradebook. Processor time is that of the whole machine less what it took while idle, so that no process is forgotten:
let nothing else run beside. Memory is the largest sum over the grader and all that it has started, shared pages counted
once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "tests" / "sample_class" / "submitted"
SET = "ps3"
MIX = {"ada": 6, "bruno": 3, "chloe": 2, "dmitri": 3, "esra": 2, "fatima": 1, "hanna": 1, "omar": 1, "mallory": 1}
"""Of twenty submissions, how many are whose: right in several styles, with a slip, empty, damaged, loud, hostile."""

STOCK = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
"""
STOCK_RUN = """
import logging, pathlib, sys
from nbgrader.apps import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader
api = NbGraderAPI(config=PyFileConfigLoader("nbgrader_config.py").load_config())
api.log.setLevel(logging.ERROR)
students, name = sorted(path.name for path in pathlib.Path("submitted").iterdir()), sys.argv[1]
fine = [student for student in students if api.autograde(name, student, create=True)["success"]]
fine = [student for student in fine if api.generate_feedback(name, student)["success"]]
print(len(fine))
"""
"""One process for the whole class. The command would stop at the first submission that is damaged."""


@dataclass(frozen=True)
class Measured:
    """What one run took.

    Attributes
    ----------
    seconds, processor_seconds : float
    peak_bytes : int
    graded : int
        How many submissions had a feedback page in the end.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int
    graded: int


def hand_in(folder: Path, count: int) -> None:
    """Put a class of `count` submissions below ``folder/submitted``, in the proportions of `MIX`."""
    kinds = [name for name, share in MIX.items() for _ in range(share)]
    for number in range(count):
        source = SAMPLE / kinds[number * 7 % len(kinds)] / SET
        shutil.copytree(source, folder / "submitted" / f"student-{number:04}" / SET)


def measure(command: list[str], folder: Path, environment: dict[str, str]) -> Measured:
    """Run a command and measure it."""
    started, before, peak = time.monotonic(), busy(), 0
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.5)
    if process.returncode not in (0, 1):
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}; see {output.name}")
    seconds, worked = time.monotonic() - started, busy() - before
    return Measured(seconds, worked, peak, len(list(folder.glob(f"feedback/*/{SET}/{SET}.html"))))


def busy() -> float:
    """Return the seconds that the machine's processors have worked."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system


def memory(process: int) -> int:
    """Return the memory of a process and all that it has started, shared pages counted once."""
    try:
        family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            rollup = Path(f"/proc/{member.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def stock(folder: Path, count: int) -> Measured:
    """Grade with stock nbgrader in one process, and have it make its feedback pages."""
    hand_in(folder, count)
    for part in ("solutions", "exercises"):
        shutil.copytree(ROOT / part / SET, folder / part / SET)
    (folder / "nbgrader_config.py").write_text(STOCK)
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(folder)}
    subprocess.run(
        [nbgrader, "generate_assignment", SET, "--create", "--force"],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    return measure([sys.executable, "-c", STOCK_RUN, SET], folder, environment)


def ours(folder: Path, count: int, jobs: int) -> Measured:
    """Grade with our command: sandbox, gradebook, records and feedback pages."""
    hand_in(folder, count)
    command = [sys.executable, "-m", "autograder", "grade", SET, "--course", str(ROOT), "--classroom", str(folder)]
    return measure([*command, "--jobs", str(jobs)], folder, {**os.environ, "PYTHONPATH": str(ROOT)})


@click.command()
@click.option("--count", default=100, show_default=True, help="Submissions in each run.")
@click.option("--rounds", default=2, show_default=True, help="How often each is measured, in turn.")
@click.option("--curve", default="", help="Sizes of classes to grade with two jobs, such as 50,200,1000.")
def main(count: int, rounds: int, curve: str) -> None:
    """Print the table."""
    console = Console()
    kinds = {
        "stock nbgrader": lambda folder: stock(folder, count),
        "ours, 1 job": lambda folder: ours(folder, count, 1),
        "ours, 2 jobs": lambda folder: ours(folder, count, 2),
    }
    runs: dict[str, list[Measured]] = {name: [] for name in kinds}
    for _ in track(range(rounds), "Rounds", console=console):
        for name, run in kinds.items():
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(run(Path(folder)))
    table = Table("", "graded", "seconds", "a minute", "processor s each", "peak MB", "times stock")
    least = {name: min(measured, key=lambda one: one.seconds) for name, measured in runs.items()}
    for name, one in least.items():
        table.add_row(
            name,
            str(one.graded),
            f"{one.seconds:.1f}",
            f"{60 * count / one.seconds:.0f}",
            f"{one.processor_seconds / count:.2f}",
            f"{one.peak_bytes / 1e6:.0f}",
            f"{least['stock nbgrader'].seconds / one.seconds:.1f}",
        )
    console.print(f"{count} submissions of {SET}, the shorter of {rounds} runs each", table)
    for size in (int(part) for part in curve.split(",") if part):
        with tempfile.TemporaryDirectory() as folder:
            one = ours(Path(folder), size, 2)
        console.print(f"{size} submissions: {one.seconds:.1f} s, {one.peak_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
