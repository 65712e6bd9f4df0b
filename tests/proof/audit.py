"""The long proof: every question on hundreds of seeds, and a page a set that says what came out. Run it: `make prove`.

What `make test` looks at on a handful of seeds is looked at here on many: right solutions in all styles and dresses,
wrong ones that somebody wrote, mutants, corruptions and cheats made from the true solution, and the names of mistakes.
The command ends with 1 if a verdict was false, a name wrong or a check slow.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for library in ("OPENBLAS", "OMP", "MKL"):  # every process measures its own work on one core
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
sys.path[:0] = [str(ROOT), str(HERE)]

import click  # noqa: E402
import naming  # noqa: E402
import numpy as np  # noqa: E402
from cheats import NOT_SEEN, cheats, takes_seconds  # noqa: E402
from corruptions import corruptions  # noqa: E402
from dresses import dresses  # noqa: E402
from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: E402
from mutants import mutants  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

import solutions  # noqa: E402
from autograder.engine.questions import Question  # noqa: E402
from autograder.engine.trained import Trained  # noqa: E402
from autograder.sets import QUESTIONS, Asked  # noqa: E402

PAGES = ROOT / "benchmarks" / "audit"
SHARE_OF_SEEDS = {"wrong": 5, "cheats": 50, "mutants": 10, "corruptions": 20, "names": 20}
"""Parts that are looked at on one seed in so many: what they show hardly depends on the numbers."""
SEEDS_OF_TRAINED = {"right": 3, "wrong": 10, "corruptions": 5}
"""At most, where a model is trained, or judged, each time: seconds."""
MOST_MILLISECONDS = {
    "": 100.0,
    "lstm_backward": 150.0,
    "language_model_loss_and_grads": 250.0,
    "train_language_model": 30_000.0,
}
"""Processor time of a check, in the mean over right solutions; by the question's name where it may be more.

It holds at the pace at which `_yardstick` takes `YARDSTICK` milliseconds: one machine is twice as slow in one hour as
in another, and the checks are not to blame.
"""
YARDSTICK = 0.5
"""Milliseconds of `_yardstick` on the idle machine on which the limits were set."""
EXCUSED = {"mutants": solutions.equivalent_mutants, "corruptions": solutions.harmless_corruptions}
"""Where what passes may be right all the same, and what is said of it."""


@dataclass
class Found:
    """What one part of the proof of one question found.

    Attributes
    ----------
    set_name, question, part : str
    solutions : int
        How many there were.
    verdicts : int
        How often the question was asked.
    false : list of str
        Solutions that were judged falsely, each with a seed.
    told : dict of str to int
        How often the right name was told, a wrong one, and none.
    misnamed : list of str
        Where a name was wrong.
    slowest, milliseconds : float
        Processor time of the slowest and of all verdicts.
    yardstick : float
        Milliseconds that the same piece of work took, once before every verdict.
    seconds : float
        Processor time of the whole part.
    """

    set_name: str
    question: str
    part: str
    solutions: int = 0
    verdicts: int = 0
    false: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=lambda: {"right": 0, "wrong": 0, "silent": 0})
    misnamed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    milliseconds: float = 0.0
    yardstick: float = 0.0
    seconds: float = 0.0

    @classmethod
    def joined(cls, set_name: str, question: str, part: str, pieces: "Iterable[Found]") -> "Found":
        """Return what was found on all seeds, from what was found of the same solutions on some each."""
        whole = cls(set_name, question, part)
        for piece in pieces:
            whole.add(piece)
            whole.solutions = max(whole.solutions, piece.solutions)
        return whole

    def add(self, other: "Found") -> None:
        """Add the verdicts of another part, not its solutions."""
        self.verdicts += other.verdicts
        self.false += other.false
        self.misnamed += other.misnamed
        self.slowest = max(self.slowest, other.slowest)
        self.milliseconds += other.milliseconds
        self.yardstick += other.yardstick
        self.seconds += other.seconds
        for outcome, count in other.told.items():
            self.told[outcome] += count

    @property
    def judged_rightly(self) -> int:
        """How many solutions were never judged falsely."""
        return self.solutions - len({entry.rpartition(" at seed ")[0] for entry in self.false})

    @property
    def check(self) -> float:
        """Milliseconds of a check, in the mean, had the machine been as quick as it was when the limits were set."""
        return self.milliseconds / self.yardstick * YARDSTICK if self.yardstick else 0.0


def _yardstick() -> None:
    """Do a piece of work of the kind that checks are made of: many calls of NumPy on small arrays."""
    x, weights = np.full((4, 6), 0.3), np.full((6, 6), 0.1)
    for _ in range(100):
        h = np.tanh(x @ weights)
        x = 0.5 * x + ((1 - h * h) @ weights.T)


def _milliseconds(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    returned = work()
    return 1000 * (time.process_time() - started), returned


def _ask(
    found: Found,
    label: str,
    namespace: dict | Callable,
    seeds: Iterable[int],
    passes: bool,
    question: Asked | None = None,
) -> list:
    """Ask a question on every seed and count what is false. Returns the failures.

    Where a function is given for the namespace, it makes a new one for every seed.
    """
    question, failures = question or QUESTIONS[found.question], []
    found.solutions += 1
    for seed in seeds:
        notebook = namespace() if callable(namespace) else namespace
        found.yardstick += _milliseconds(_yardstick)[0]
        spent, failure = _milliseconds(partial(solutions.verdict, question, notebook, seed))
        found.verdicts, found.milliseconds = found.verdicts + 1, found.milliseconds + spent
        found.slowest = max(found.slowest, spent)
        if (failure is None) != passes:
            found.false.append(f"{label} at seed {seed}")
        failures.append(failure)
    return failures


def _right(found: Found, seeds: range) -> None:
    question = QUESTIONS[found.question]
    styles = [path.stem.removeprefix(f"{found.set_name}_") for path in solutions.styles(found.set_name)]
    for style in ("solution", *styles):
        _ask(found, style, solutions.right_solution(found.set_name, style), seeds, passes=True)
    asked, true = solutions.cheap(question, solutions.true_solution(found.set_name))
    for name, dress in dresses(question):
        _ask(found, name, dress(true), seeds, passes=True, question=asked)


def _wrong(found: Found, seeds: range) -> None:
    for wrong in solutions.wrong_solutions(found.set_name, found.question):
        if wrong.demand.startswith("says: "):
            _ask(found, wrong.label, wrong.namespace, seeds, passes=False)
            continue
        failures = _ask(found, wrong.label, wrong.namespace(), seeds, passes=False)
        demanded = tuple(filter(None, wrong.demand.split(" + ")))
        for seed, failure in zip(seeds, failures, strict=True):
            given = () if failure is None else failure.mistakes
            if given and given != demanded:
                found.told["wrong"] += 1
                found.misnamed.append(f"{wrong.label} was told {', '.join(given)} at seed {seed}")
            elif demanded:
                found.told["right" if given else "silent"] += 1


def _made(found: Found, seeds: range, namespaces: Iterable[tuple[str, dict]]) -> None:
    for label, namespace in namespaces:
        _ask(found, label, namespace, seeds, passes=False)


def _mutants(found: Found, seeds: range) -> None:
    if _trains(found.question):  # a change may leave a model as good as it was
        return
    for what, source in mutants(found.set_name, found.question):
        try:
            namespace = solutions.with_cell(found.set_name, found.question, source)
        except Exception:  # a mutant that cannot even be run is refused by Python
            found.solutions += 1
            continue
        _ask(found, what, namespace, seeds, passes=False)


def _corruptions(found: Found, seeds: range) -> None:
    asked, true = solutions.cheap(QUESTIONS[found.question], solutions.true_solution(found.set_name))
    for name, spoil in corruptions(QUESTIONS[found.question]):
        namespace = {**true, found.question: spoil(true[found.question])}
        _ask(found, name, namespace, seeds, passes=False, question=asked)


def _cheats(found: Found, seeds: range) -> None:
    true = solutions.true_solution(found.set_name)
    tried = cheats(found.set_name, QUESTIONS[found.question])
    for name, cheat in tried:
        # Of those the third seed alone: the short form of the audit, which has two, leaves them out.
        some = [seed for seed in seeds if seed == 2] if takes_seconds(name) else seeds
        if some and f"{found.question}: {name}" not in NOT_SEEN:
            _made(found, some, [(name, cheat(true))])


def _names(found: Found, seeds: range) -> None:
    question = QUESTIONS[found.question]
    if not isinstance(question, Question):
        return
    question = naming.looked_at(question)
    for known in question.mistakes:
        found.solutions += 1
        for seed in seeds:
            given = naming.sentences(naming.told(question, (known,), seed))
            outcome = "right" if given == {known.sentence} else "wrong" if given else "silent"
            found.told[outcome] += 1
            if outcome == "wrong":
                found.misnamed.append(f"{known.name} at seed {seed}")


PARTS: dict[str, Callable[[Found, range], None]] = {
    "right": _right,
    "wrong": _wrong,
    "mutants": _mutants,
    "corruptions": _corruptions,
    "cheats": _cheats,
    "names": _names,
}


def seeds_of(part: str, seeds: int, *, trained: bool = False) -> range:
    """Return the seeds on which a part of the proof is looked at."""
    share = seeds // SHARE_OF_SEEDS.get(part, 1)
    if trained:
        return range(min(max(1, share), SEEDS_OF_TRAINED.get(part, 0)))
    return range(max(2, share))


def _trains(question: str) -> bool:
    return isinstance(QUESTIONS[question], Trained)


def pieces(part: str, seeds: range) -> list[range]:
    """Return the seeds in pieces that are looked at side by side: those of cheats, which take minutes each, singly."""
    return [seeds[k : k + 1] for k in range(len(seeds))] if part == "cheats" else [seeds]


def look(set_name: str, question: str, part: str, seeds: range) -> Found:
    """Do one part of the proof of one question, on some seeds."""
    warnings.simplefilter("ignore")
    found, started = Found(set_name, question, part), time.process_time()
    PARTS[part](found, seeds)
    found.seconds = time.process_time() - started
    return found


def problems(found: list[Found]) -> list[str]:
    """Return a sentence for everything that must not be."""
    said = []
    for part in found:
        excused = EXCUSED.get(part.part)
        equivalent = excused(part.set_name, part.question) if excused else {}
        for entry in part.false:
            label = entry.rpartition(" at seed ")[0]
            if label not in equivalent:
                verb = "was refused" if part.part == "right" else "passed"
                said.append(f"{part.question}: {entry} {verb}")
        said += [f"{part.question}: {entry}" for entry in part.misnamed]
        most = MOST_MILLISECONDS.get(part.question, MOST_MILLISECONDS[""])
        if part.part == "right" and part.check > most:
            said.append(
                f"{part.question}: a check takes {part.check:.0f} ms of processor time instead of {most:.0f} at most,"
                " with the machine at its usual pace"
            )
    return said


@click.command()
@click.option("--seeds", type=click.IntRange(2), default=500, show_default=True, help="Problems for every verdict.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Side by side.")
@click.option("--write/--no-write", default=True, show_default=True, help="Write benchmarks/audit/SET.md.")
@click.option("--set", "sets", multiple=True, help="Look at this problem set only; may be given several times.")
@click.option("--question", "only", multiple=True, help="Look at this question only, and write nothing.")
def main(seeds: int, jobs: int, write: bool, sets: tuple[str, ...], only: tuple[str, ...]) -> None:
    """Prove every check on many seeds."""
    console = Console()
    tasks = [
        (set_name, question.name, part)
        for set_name, question in solutions.questions()
        for part in PARTS
        if (not sets or set_name in sets) and (not only or question.name in only)
    ]
    if not tasks:
        raise click.UsageError("no question has that name, and no set; look into autograder/sets")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    looked: dict[tuple[str, str, str], list[Found]] = {entry: [] for entry in tasks}
    work = [
        (entry, piece)
        # Models and cheats take minutes: begun last, they would leave all other processes idle.
        for entry in sorted(tasks, key=lambda entry: (not _trains(entry[1]), entry[2] != "cheats"))
        for piece in pieces(entry[2], seeds_of(entry[2], seeds, trained=_trains(entry[1])))
    ]
    with ProcessPoolExecutor(jobs) as pool, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Proving", total=len(work))
        waiting = {pool.submit(look, *entry, piece): entry for entry, piece in work}
        for future in as_completed(waiting):
            _, question, part = entry = waiting[future]
            looked[entry].append(future.result())
            bar.update(task, advance=1, description=f"{question}: {part}")
    found = [Found.joined(*entry, some) for entry, some in looked.items()]
    for set_name in dict.fromkeys(part.set_name for part in found):
        parts = [part for part in found if part.set_name == set_name]
        page = _page(set_name, parts, problems(parts), seeds)
        if write and not only:
            PAGES.mkdir(exist_ok=True)
            path = PAGES / f"{set_name}.md"
            path.write_text(page, encoding="utf-8")
            console.print(f"Written to {path.relative_to(ROOT)}")
        else:
            console.print(page, markup=False, highlight=False)
    said = problems(found)
    for sentence in said:
        console.print(sentence, markup=False, style="red")
    sys.exit(bool(said))


def _page(set_name: str, found: list[Found], said: list[str], seeds: int) -> str:
    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    rows: dict[str, dict[str, Found]] = {}
    for part in found:
        rows.setdefault(part.question, {})[part.part] = part
    survivors = [
        (question, label, reason)
        for question in rows
        for excused in EXCUSED.values()
        for label, reason in excused(set_name, question).items()
    ]
    return environment.get_template("audit.md.jinja").render(
        set_name=set_name, rows=rows, survivors=survivors, said=said,
        on={part: len(seeds_of(part, seeds)) for part in PARTS},
        trained_on={part: len(seeds_of(part, seeds, trained=True)) for part in PARTS},
        trained=[question for question in rows if _trains(question)],
        minutes=sum(part.seconds for part in found) / 60, yardstick=YARDSTICK,
        totals={part: _total([entry for entry in found if entry.part == part]) for part in PARTS},
    )  # fmt: skip


def _total(parts: list[Found]) -> Found:
    total = Found("", "", parts[0].part if parts else "")
    for part in parts:
        total.add(replace(part, false=[f"{part.question} {entry}" for entry in part.false]))
        total.solutions += part.solutions
    return total


if __name__ == "__main__":
    main()
