"""How long checks and pages take in the browser, beside the desk, and whether they say the same.

``python benchmarks/browser.py verdicts`` asks `check` about the right solution of every question and three wrong ones,
with ``--every`` about all that there are; ``pages`` runs the code of the pages of the book. Both need the built site
(``make site OFFLINE=1``), and each writes its part of ``browser.md``. Let nothing else run beside.

Seconds in the browser are those of the clock. Those on the desk are processor time, on one core: it is what the clock
says where nothing else runs.
"""

import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "site")]

import click  # noqa: E402
import numpy as np  # noqa: E402
import site_pages  # noqa: E402
import verdict_cases  # noqa: E402
from in_worker import Worker, WorkerFailed  # noqa: E402
from rich.console import Console  # noqa: E402
from verdict_cases import RIGHT  # noqa: E402

from autograder.engine.trained import Trained  # noqa: E402
from autograder.sets import QUESTIONS  # noqa: E402
from tests.book.browser import Browser, open_browser  # noqa: E402
from tools.chromium import INSTALL_CHROMIUM, find_chromium  # noqa: E402
from tools.learn import served  # noqa: E402

PAGE = ROOT / "benchmarks" / "browser.md"
TITLE = "# In the browser and on the desk\n\nWritten by `benchmarks/browser.py`.\n"
BUSY = 0.5
"""Load for each core from which on a machine is called busy."""
VERSIONS = """
import json, platform, numpy, pyodide
from js import postMessage
postMessage(json.dumps([pyodide.__version__, platform.python_version(), numpy.__version__]))
"""
console = Console()

html_option = click.option(
    "--html", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT / "_build" / "html",
    help="The built site.",
)  # fmt: skip


@contextmanager
def browser_on(html: Path) -> Iterator[tuple[Browser, str]]:
    """Serve the site and start Chromium; yield it and the address."""
    chromium = find_chromium()
    if chromium is None:
        raise click.ClickException(INSTALL_CHROMIUM)
    if not (html / "lite/static/runtime/pyodide.mjs").exists():
        raise click.ClickException(f"{html}/lite has no runtime; build it with: make site OFFLINE=1")
    with served(html) as site, tempfile.TemporaryDirectory() as folder, open_browser(chromium, Path(folder)) as browser:
        yield browser, site


def machine() -> str:
    """Say what is measured on, and whether something else runs there."""
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    busy = f"busy with other work (load {load:.1f})" if load > BUSY * cores else f"idle (load {load:.1f})"
    return f"{named[1] if named else platform.machine()}, {cores} cores, {busy} when the run began"


def versions(worker: Worker) -> str:
    """Say what runs here and there."""
    pyodide, python, numpy = json.loads(worker.run(VERSIONS)[0])
    here = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"On the desk: {here}. In the browser: Pyodide {pyodide}, Python {python}, NumPy {numpy}."


def write(heading: str, text: str) -> None:
    """Put a part into the page, in the place of the one with the same heading."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else TITLE
    first, *parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    kept = [part for part in parts if not part.startswith(f"## {heading}\n")]
    new = f"## {heading}\n\n{text.strip()}\n"
    PAGE.write_text("\n".join(part.strip("\n") + "\n" for part in (first, *sorted([*kept, new]))), encoding="utf-8")
    console.print(f"Written to {PAGE.relative_to(ROOT)}")


def table(columns: str, rows: list[list[str]]) -> str:
    """Return a table; the first column holds words, the others numbers."""
    heads = columns.split(" | ")
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@click.group()
def main() -> None:
    """Measure checks and pages in the browser and on the desk."""


@main.command()
@html_option
@click.option("--every", is_flag=True, help="Ask about all wrong solutions, and write only what is not the same.")
@click.option("--repeat", default=3, show_default=True, help="How often a right solution is asked about.")
def verdicts(html: Path, every: bool, repeat: int) -> None:
    """Ask `check` here and there."""
    began = machine()
    cases = list(verdict_cases.cases(every=every))
    # A model is trained once; of other right solutions the shortest time counts.
    often = [
        1 if case["label"] != RIGHT or isinstance(QUESTIONS[case["question"]], Trained) else repeat for case in cases
    ]
    asked = [case for case, times in zip(cases, often, strict=True) for _ in range(times)]
    console.print(f"{len(cases)} solutions of {len(QUESTIONS)} questions, on the desk")
    here = _shortest(list(verdict_cases.in_cpython(asked)), often, "processor_seconds")
    console.print("in the browser")
    with browser_on(html) as (browser, site):
        worker = Worker(browser.page(), site)
        known = versions(worker)
        there = _shortest(list(verdict_cases.in_pyodide(worker, asked, 1200)), often, "seconds")
    pairs = list(zip(cases, here, there, strict=True))
    differ = [(case, one, other) for case, one, other in pairs if not verdict_cases.alike(one, other)]
    words = sum(one["message"] != other["message"] for _, one, other in pairs) - len(differ)
    for case, one, other in differ:
        console.print(f"{case['question']}, {case['label']}:\n{one['message']}\n{other['message']}", markup=False)
    said = (
        f"{len(pairs)} solutions of {len(QUESTIONS)} questions, right and wrong, each on seed {verdict_cases.SEED}: "
        f"{len(differ)} verdicts or messages are not the same, text for text. In {words} more only the words of an "
        "exception of Python or NumPy itself are others."
    )
    if every:
        write("All wrong solutions", f"{said}\n\n{known}")
    else:
        write("Verdicts", f"{began}.\n{known}\n\n{said}\n\n{_by_set(pairs)}\n\n{_by_question(pairs)}")
    sys.exit(bool(differ))


def _shortest(answers: list[dict], often: list[int], clock: str) -> list[dict]:
    """Return one answer a case, with the shortest time of its repetitions as its seconds."""
    left, shortest = iter(answers), []
    for times in often:
        some = [next(left) for _ in range(times)]
        shortest.append({**some[0], "seconds": min(answer[clock] for answer in some)})
    return shortest


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.0f}" if seconds >= 0.01 else f"{1000 * seconds:.1f}"


def _by_set(pairs: list[tuple]) -> str:
    """Return a table with the checks of right solutions, by set; models that are trained have rows of their own."""
    groups: dict[str, list[tuple[float, float]]] = {}
    for case, here, there in pairs:
        trains = isinstance(QUESTIONS[case["question"]], Trained)
        name = f"{case['set']}, `{case['question']}`" if trains else case["set"]
        if case["label"] == RIGHT:
            groups.setdefault(name, []).append((here["seconds"], there["seconds"]))
    rows = []
    for name, seconds in groups.items():
        here, there = (sum(column) / len(column) for column in zip(*seconds, strict=True))
        slowest = max(other for _, other in seconds)
        rows.append([name, str(len(seconds)), _ms(here), _ms(there), f"{there / here:.1f}", _ms(slowest)])
    return table("set | questions | desk, ms a check | browser, ms a check | ratio | slowest in the browser, ms", rows)


def _by_question(pairs: list[tuple]) -> str:
    rows = {}
    for case, here, there in pairs:
        row = rows.setdefault((case["set"], case["question"]), {"right": None, "wrong": []})
        if case["label"] == RIGHT:
            row["right"] = (here["seconds"], there["seconds"])
        else:
            row["wrong"].append((here["seconds"], there["seconds"]))
    lines = []
    for (set_name, question), row in rows.items():
        here, there = row["right"]
        slowest = [max(column) for column in zip(*row["wrong"], strict=True)]
        numbers = [_ms(here), _ms(there), f"{there / here:.1f}", *map(_ms, slowest)]
        lines.append([f"{set_name} `{question}`", *numbers])
    columns = "question | right: desk, ms | browser, ms | ratio | slowest wrong: desk, ms | browser, ms"
    return table(columns, lines)


@main.command()
@html_option
@click.option("--most", default=600.0, show_default=True, help="Seconds that a cell may take.")
@click.argument("names", nargs=-1)
def pages(html: Path, most: float, names: tuple[str, ...]) -> None:
    """Run pages, NAMES or all, here and there."""
    began, rows, failed = machine(), [], {}
    ours = [name for name in site_pages.names(html) if not re.match(r"ps\d", name)]
    with browser_on(html) as (browser, site):
        for name in names or ours:
            worker = Worker(browser.page(), site, site_pages.PACKAGES)
            known = versions(worker)
            there = []
            try:
                there.extend(site_pages.in_pyodide(worker, html, name, most))
            except WorkerFailed as failure:
                failed[name] = str(failure)
            worker.stop()
            here = site_pages.in_cpython(html, name)
            if said := site_pages.failures(there):
                failed[name] = "; ".join(f"{cell} {words}" for cell, words in said.items())
            rows.append(_row(name, here, there))
            console.print(" ".join(rows[-1]), failed.get(name, ""), markup=False)
            _write_pages(f"{began}.\n{known}", rows, failed)  # after each, because all together take hours
    sys.exit(bool(failed))


def _write_pages(measured: str, rows: list[list[str]], failed: dict[str, str]) -> None:
    told = "\n".join(f"- {name}: {words}" for name, words in failed.items())
    columns = "page | cells of code | desk, s | browser, s | ratio | slowest cell in the browser, s"
    said = told or f"All {len(rows)} pages ran to their end."
    write("Pages", f"{measured}\n\n{said}\n\n{table(columns, rows)}")


def _row(name: str, here: list[dict], there: list[dict]) -> list[str]:
    """Return the row of a page; of one that was stopped, the cells that ended are compared."""
    desk = sum(ran["processor_seconds"] for ran in here[: len(there)])
    seconds = [ran["seconds"] for ran in there]
    ratio = f"{sum(seconds) / desk:.1f}" if desk else "–"
    cells = f"{len(there)} of {len(here)}" if len(there) < len(here) else str(len(here))
    return [name, cells, f"{desk:.1f}", f"{sum(seconds):.1f}", ratio, f"{max(seconds, default=0):.1f}"]


if __name__ == "__main__":
    main()
