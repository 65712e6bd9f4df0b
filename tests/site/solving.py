"""Solve a problem set in the browser as a learner does: `run.html` with a notebook in it, driven and looked at."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 240
"""The longest that anything may take, on a machine that is busy; nothing waits for it to pass."""

SCOPE = """(async () => {{
  const frame = document.getElementById("notebook").contentWindow;
  const app = frame.jupyterapp, panel = app.shell.currentWidget, kernel = panel.sessionContext.session?.kernel;
  const cell = (id) => panel.content.widgets.find((one) => one.model.id === id);
  return {};
}})()"""


def solutions(name):
    """Return the source of every cell of a problem set that a learner writes, by the cell's id."""
    notebook = json.loads((ROOT / "solutions" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    marks = re.compile(r"^ *### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
    return {
        cell["id"]: marks.sub("", "".join(cell["source"])).rstrip()
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def graded(path):
    """Grade a notebook by the command line; return its exit code and what it printed."""
    command = [sys.executable, "-m", "autograder", "grade", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


class Solving:
    """A notebook of the course, open in the page ``run.html``.

    Parameters
    ----------
    page : Page
    site : str
        Address of the built book.
    path : str
        The notebook, such as ``ps3.ipynb``.
    """

    def __init__(self, page, site, path):
        self.page = page
        self.address = f"{site}/run.html?open={path}"

    def open(self):
        """Open the page, or load it again, and wait until Python is ready."""
        self.page.go(self.address)
        self.until_ready()
        return self

    def until_ready(self):
        """Wait until Python says that it is ready."""
        self.until_status("Python is ready.")

    def status(self):
        """Return the line of status."""
        return self.page.evaluate("document.getElementById('status').textContent")

    def until_status(self, words, seconds=SECONDS):
        """Wait until words stand in the line of status."""
        self.page.until(f"document.getElementById('status').textContent.includes({json.dumps(words)})", seconds)

    def troubles(self):
        """Return the sentences that stand above the notebook."""
        return self.page.evaluate("[...document.querySelectorAll('#troubles p')].map((one) => one.textContent)")

    def inside(self, expression):
        """Return the value of an expression that knows `app`, `panel`, `kernel` and ``cell(id)`` of JupyterLite."""
        return self.page.evaluate(SCOPE.format(expression))

    def press(self, button):
        """Press a button of the bar, by its id."""
        self.page.evaluate(f"document.getElementById({json.dumps(button)}).click()")

    def source(self, cell):
        """Return what stands in a cell, by its id."""
        return self.inside(f"cell({json.dumps(cell)}).model.sharedModel.getSource()")

    def write(self, cell, source):
        """Write into a cell."""
        self.inside(f"cell({json.dumps(cell)}).model.sharedModel.setSource({json.dumps(source)})")

    def type(self, cell, source):
        """Type into a cell what stands in it from now on, with the keyboard."""
        go_to = f"cell({json.dumps(cell)})"
        self.inside(
            f"(panel.content.activeCellIndex = panel.content.widgets.indexOf({go_to}), panel.content.activate())"
        )
        self.inside(f"app.commands.execute('notebook:enter-edit-mode').then(() => {go_to}.ready).then(() => 0)")
        self.page.send(
            "Input.dispatchKeyEvent", type="keyDown", key="a", code="KeyA", modifiers=2, commands=["selectAll"]
        )
        self.page.send("Input.dispatchKeyEvent", type="keyUp", key="a", code="KeyA", modifiers=2)
        self.page.send("Input.insertText", text=source)

    def run(self, *cells):
        """Run cells, one after the other."""
        for cell in cells:
            self.inside(f"(panel.content.activeCellIndex = panel.content.widgets.indexOf(cell({json.dumps(cell)})), 0)")
            self.inside("app.commands.execute('notebook:run-cell').then(() => 0)")

    def start_running(self, cell):
        """Start a cell that does not end."""
        self.inside(f"(panel.content.activeCellIndex = panel.content.widgets.indexOf(cell({json.dumps(cell)})), 0)")
        self.inside("(app.commands.execute('notebook:run-cell'), 0)")

    def run_all(self, until=None):
        """Run all cells from top to bottom, or as far as one of them; one that fails stops none."""
        ids = self.inside("panel.content.widgets.filter((one) => one.model.type === 'code').map((one) => one.model.id)")
        self.run(*ids[: ids.index(until) + 1 if until else None])

    def output(self, cell):
        """Return what a cell has printed, the end of an error among it."""
        outputs = self.inside(f"cell({json.dumps(cell)}).model.outputs.toJSON()")
        return "\n".join(
            "".join(one.get("text") or one.get("data", {}).get("text/plain") or one.get("evalue") or "")
            for one in outputs
        )

    def checks(self):
        """Return the ids of the cells that check."""
        return self.inside("panel.content.widgets.map((one) => one.model.id).filter((id) => id.startsWith('check-'))")

    def download(self, folder):
        """Press Download my notebook and return the file."""
        browser = self.page.browser
        context = browser.send("Target.getTargetInfo", targetId=self.page.target)["targetInfo"]["browserContextId"]
        allowed = {"behavior": "allow", "browserContextId": context, "downloadPath": str(folder)}
        browser.send("Browser.setDownloadBehavior", **allowed)
        self.press("download")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if files := list(Path(folder).glob("*.ipynb")):
                return files[0]
            time.sleep(0.1)
        raise AssertionError("nothing was downloaded")
