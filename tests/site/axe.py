"""What axe finds on a page that we make; the notebook of JupyterLite in its frame is not ours."""

import importlib.resources

AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
RUN_AXE = """axe.run({ exclude: [["iframe"]] }, { resultTypes: ["violations"] }).then((found) => found.violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html) })))"""


def serious(page):
    """Return what axe finds serious or critical on our page; what lies in the frame is JupyterLite's."""
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    return page.evaluate(RUN_AXE)
