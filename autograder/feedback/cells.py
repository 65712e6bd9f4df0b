"""The cells of a student's notebook as a page shows them. All that a student wrote or printed is text."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.feedback.text import one_line, shown
from autograder.grading.assignment import Assignment, SourceCell

if TYPE_CHECKING:
    from autograder.feedback.page import Entry

MAX_HIGHLIGHTED = 8_000
MAX_SECONDS = 0.2
"""After so much time spent on the cells of a page, code stays plain: some sources are slow to take apart."""
MAX_PAGE = 300_000
"""Characters of a student's own on a page. What comes behind them is counted, not shown."""
MAX_CELLS = 400
MAX_OPEN_TEXT = 600
"""A longer text is folded, and so is one with a heading: most of these are texts of an earlier release."""

GIVEN, CODE, TEXT, CHECK, ANSWER = "given", "code", "text", "check", "answer"

_LEXER, _FORMATTER = PythonLexer(ensurenl=False, stripnl=False), HtmlFormatter(nowrap=True)


@dataclass(frozen=True)
class CellView:
    """One cell on the page.

    Attributes
    ----------
    kind : str
        "given" for code as it was handed out, "code", "text", "check", "answer" for an answer in words.
    heading : str
        The heading of the problem set that begins with this cell, or nothing.
    source : Markup or str
    label : str
        What a folded cell holds. A text that has none stands open.
    outputs : tuple of (str, str)
        Their kind, "out" or "error", and their text.
    entry : Entry or None
        The question that a check asks.
    rubric : str
        The true answer, and how its points are given, where a person has read it.
    """

    kind: str
    heading: str = ""
    source: Markup | str = ""
    label: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    entry: "Entry | None" = None
    rubric: str = ""


def cells_of(notebook: NotebookNode, assignment: Assignment, entries: Mapping[str, "Entry"]) -> list[CellView]:
    """Return what a page shows of a graded notebook.

    Text of the problem set goes, but for its headings; code that was handed out is folded away.
    """
    known = {cell.grade_id: cell for cell in assignment.cells}
    views, room, heading, started = [], MAX_PAGE, "", time.process_time()
    for number, cell in enumerate(notebook.cells):
        if number == MAX_CELLS or room <= 0:
            left = len(notebook.cells) - number
            views.append(CellView(TEXT, source=f"[… {left:,} more cells are not shown here]"))
            break
        heading = _heading(cell, assignment) or heading
        colored = code if time.process_time() - started < MAX_SECONDS else plain
        view = _view(cell, assignment, known, entries, heading, colored)
        if view is None:
            continue
        room -= len(cell.source) if view.kind != GIVEN else 0
        room -= sum(len(text) for _, text in view.outputs)
        views.append(view)
        heading = ""
    return views


def _view(
    cell: NotebookNode,
    assignment: Assignment,
    known: Mapping[str, SourceCell],
    entries: Mapping[str, "Entry"],
    heading: str,
    colored: Callable[[str], Markup],
) -> CellView | None:
    source_cell = known.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
    given = cell.source.strip() in assignment.given
    if source_cell is not None and source_cell.check is not None:
        return CellView(CHECK, heading, plain(cell.source), entry=entries.get(source_cell.grade_id))
    if source_cell is not None and source_cell.by_hand:
        entry = entries.get(source_cell.grade_id)
        rubric = "" if entry is None or entry.state == "waits" else source_cell.rubric
        return CellView(ANSWER, heading, shown(cell.source), entry=entry, rubric=rubric)
    if cell.cell_type != "code":
        # Formgrader is shown the rubric in a cell of its own; here it stands with the answer, or not yet.
        if any(other.rubric and other.rubric in cell.source for other in assignment.written_cells):
            return None
        if given or not cell.source.strip():
            return None
        folded = len(cell.source) > MAX_OPEN_TEXT or cell.source.lstrip().startswith("#")
        return CellView(TEXT, heading, shown(cell.source), _label(cell.source) if folded else "")
    outputs = tuple(_outputs(cell))
    if not cell.source.strip() and not outputs:
        return None
    if given:
        return CellView(GIVEN, heading, colored(cell.source), _label(cell.source), outputs)
    return CellView(CODE, heading, colored(cell.source), "", outputs)


def _heading(cell: NotebookNode, assignment: Assignment) -> str:
    """Return the heading of a text of the problem set, or nothing."""
    if cell.cell_type != "markdown" or cell.source.strip() not in assignment.given:
        return ""
    lines = (line for line in cell.source.splitlines() if line.startswith(("# ", "## ")))
    return next(lines, "").lstrip("# ").strip()


def _label(source: str) -> str:
    """Return what a folded cell holds: its definitions, or its first line."""
    lines = [line for line in source.splitlines() if line.strip() not in ("", "try:")]
    names = [line.split("(")[0].split(":")[0] for line in lines if line.startswith(("def ", "class "))]
    return one_line(", ".join(names) or (lines[0].lstrip("# ") if lines else ""), 60)


def _outputs(cell: NotebookNode):
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield "error" if output.get("name") == "stderr" else "out", shown(_joined(output.get("text", "")))
        elif output.output_type == "error":
            yield "error", shown("\n".join(map(str, output.get("traceback", []))) or str(output.get("evalue", "")))
        elif "text/plain" in output.get("data", {}):
            yield "out", shown(_joined(output["data"]["text/plain"]))


def _joined(text) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


@lru_cache(maxsize=2048)
def code(source: str) -> Markup:
    """Return Python source in colors. One that is very long, or that no lexer takes, stays plain."""
    text = _source(source)
    return escape(text) if len(text) > MAX_HIGHLIGHTED else Markup(highlight(text, _LEXER, _FORMATTER))


def plain(source: str) -> Markup:
    """Return Python source without colors."""
    return escape(_source(source))


def _source(source: str) -> str:
    return shown(source, limit=100_000, lines=2000)
