"""Pages of the book, and problem sets as they are handed out, run in the browser.

Chapters train for minutes there and are marked `long`; `python benchmarks/browser.py pages` measures every page.
"""

import json
import re

import pytest
import site_pages
from in_worker import Worker

CHAPTERS = (
    "01-the-limits-of-feed-forward-networks.ipynb",
    "02-the-recurrent-neural-network.ipynb",
    "03-backpropagation-through-time.ipynb",
    "04-when-gradients-vanish-or-explode.ipynb",
    "05-long-short-term-memory.ipynb",
    "06-gated-recurrent-units.ipynb",
)
QUICK = "gradient-checking.ipynb"
"""Trains nothing. A chapter trains ten networks for its first figure, which takes a browser minutes."""
LACKS_ANSWERS = re.compile("NotImplementedError: |NotAnswered: |RuntimeError: This cell runs your .*: answer question")
SETS = tuple(f"ps{number}.ipynb" for number in range(1, 11))


@pytest.fixture
def python(page, site):
    """Start Pyodide with all that pages need."""
    worker = Worker(page, site, site_pages.PACKAGES)
    yield worker
    worker.stop()


def test_a_page_runs_in_the_browser_without_a_word_of_complaint(python, html):
    assert site_pages.failures(site_pages.in_pyodide(python, html, QUICK)) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_in_the_browser_without_a_word_of_complaint(python, html, name):
    assert site_pages.failures(site_pages.in_pyodide(python, html, name, 600)) == {}


def test_a_problem_set_that_nobody_has_begun_lacks_nothing_but_answers(python, html):
    for name in SETS:
        said = site_pages.failures(site_pages.in_pyodide(python, html, name))
        assert said, name
        assert [raised for raised in said.values() if not LACKS_ANSWERS.match(raised)] == [], name


RUN_ALL = """(async () => {
  const { sessionContext, content } = jupyterapp.shell.currentWidget;
  await sessionContext.ready;
  window.ran = false;
  jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.ran = true; });
})()"""
CELLS = """JSON.stringify(jupyterapp.shell.currentWidget.content.model.toJSON().cells
  .filter((cell) => cell.cell_type === "code"))"""


def test_a_page_runs_from_top_to_bottom_in_jupyterlite(page, site):
    page.go(f"{site}/lite/notebooks/index.html?path={QUICK}")
    page.until("jupyterapp.shell.currentWidget.content.widgets.length > 5", 120)
    page.evaluate(RUN_ALL)
    page.until("window.ran", 120)
    cells = json.loads(page.evaluate(CELLS))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    assert all(cell["execution_count"] for cell in cells)
    assert any("image/svg+xml" in output.get("data", {}) for output in outputs)
