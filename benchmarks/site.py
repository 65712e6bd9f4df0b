"""Time the editor on the first page, from the click to the first green check, in headless Chromium on this machine.

Run it after ``make site OFFLINE=1``: ``PYTHONPATH=. python benchmarks/site.py``. Cold is a browser with an empty
cache, warm the second visit with the same one; the server is local. The steps are those that the page shows. Processor
time is that of the browser with all its processes: it uses both cores for a while, and where the seconds on the clock
are far above it, the machine was busy.
"""

import tempfile
from pathlib import Path
from statistics import median

import click
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.book.browser import Browser, Page, open_browser
from tools.chromium import INSTALL_CHROMIUM, find_chromium
from tools.learn import served

STEPS = ("loaded", "runtime", "NumPy and checks", "green")
VISIT = """new Promise((done) => {
  const start = performance.now(), at = {}, mark = (name) => { at[name] ??= (performance.now() - start) / 1000; };
  new MutationObserver(() => {
    const check = document.querySelector(".try-check");
    if (check && !at.pressed) {
      mark("pressed");
      const text = document.querySelector(".try textarea");
      text.value = text.value.replace("dh_total = dh[:, t]\\n", "dh_total = dh[:, t] + dh_next\\n");
      check.click();
    }
    const status = document.querySelector(".try-status")?.textContent ?? "";
    if (status.startsWith("Python starts")) mark("loaded");
    if (status.startsWith("NumPy")) mark("runtime");
    if (status.startsWith("The check runs")) mark("NumPy and checks");
    if (document.querySelector(".try-output.green")) { mark("green"); done(at); }
    if (document.querySelector(".try-output.red")) done(document.querySelector(".try-output").innerText);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  document.querySelector(".try-start").click();
})"""


def processor_seconds(browser: Browser) -> float:
    """Return what the browser and its processes have had of the processor so far."""
    root = psutil.Process(browser.process.pid)
    return sum(sum(process.cpu_times()[:2]) for process in (root, *root.children(recursive=True)))


def visit(browser: Browser, page: Page, address: str) -> dict[str, float]:
    """Open the first page, press the button, and check at once what is right; return when each step was done."""
    page.go(address)
    before = processor_seconds(browser)
    at = page.evaluate(VISIT)
    if not isinstance(at, dict):
        raise click.ClickException(f"the check did not turn green: {at}")
    return at | {"processor": processor_seconds(browser) - before}


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How many browsers are started.")
@click.option("--html", default="_build/html", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(rounds: int, html: Path) -> None:
    """Print seconds since the click, the median over the rounds."""
    chromium = find_chromium()
    if chromium is None:
        raise click.ClickException(INSTALL_CHROMIUM)
    if not (html / "lite/static/runtime/pyodide.mjs").exists():
        raise click.ClickException(f"{html}/lite has no runtime; build it with: make site OFFLINE=1")
    found = {"cold": [], "warm": []}
    with served(html) as address:
        for _ in track(range(rounds), "Visits", transient=True):
            with tempfile.TemporaryDirectory() as folder, open_browser(chromium, Path(folder)) as browser:
                page = browser.page()
                for visits in found.values():
                    visits.append(visit(browser, page, f"{address}/index.html"))
    table = Table("visit", *STEPS, "processor", title="Seconds from the click, median and worst")
    for kind, visits in found.items():
        columns = ([one.get(step, 0.0) for one in visits] for step in (*STEPS, "processor"))
        table.add_row(kind, *(f"{median(column):.1f}  {max(column):.1f}" for column in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
