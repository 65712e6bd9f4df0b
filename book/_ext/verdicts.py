"""The directives ``{folklore-table}`` and ``{uses-table}``: what the pages found, read from the pages themselves.

A folklore page is a notebook ``folklore/kNN-topic.ipynb``, a use is ``uses/uN-topic.ipynb``. The title is the claim, or
the name of the use; the cells ``verdict``, ``number`` and ``figure`` hold the rest. Nothing is written twice, so a
table cannot say something else than a page. Beside each table stand two files for whoever passes it on:
``folklore-table.md`` and ``folklore-table.csv``.
"""

import csv
import json
import re
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from docutils import nodes
from figures import in_page
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

FOLDERS = ("folklore", "uses")
HEADS = {"folklore": "claim", "uses": "use"}  # what a row of a table to pass on begins with
MARKS = ("full", "half", "empty")  # the disks before the verdicts, in their order


class Kind(NamedTuple):
    """What sets one kind of page apart from the other."""

    name: str  # "a folklore page"
    verdicts: tuple[str, str, str]
    has_data: bool  # whether its cell `number` says first what the data are: "U2 data: …"


KINDS = {
    "K": Kind("a folklore page", ("holds", "holds with a condition", "does not hold"), has_data=False),
    "U": Kind("a use", ("wins", "wins with a condition", "does not win"), has_data=True),
}


class Page(NamedTuple):
    """One page, as a table shows it."""

    identifier: str  # "K7"
    title: str  # a claim in quotation marks, or the name of a use
    verdict: str  # one of those of its kind
    number: str  # the line that the cell `number` printed, without its "K7: "
    svg: str  # the output of the cell `figure`
    data: str  # what it was found on, empty for a claim

    @property
    def mark(self):
        """The disk before its verdict: full, half or empty."""
        return MARKS[KINDS[self.identifier[0]].verdicts.index(self.verdict)]


def read_page(path: Path) -> Page:
    """Read the title, the verdict, the number and the figure of a page, and of a use its data.

    Parameters
    ----------
    path : Path
        A notebook with outputs, called kNN-topic.ipynb or uN-topic.ipynb.

    Returns
    -------
    Page

    Raises
    ------
    ValueError
        If one of them is missing or the verdict is none of its kind's; the message names the page.
    """
    sign, place = re.match(r"([ku])(\d+)-", path.name).groups()
    identifier = f"{sign.upper()}{int(place)}"  # K7 lies in k07-….ipynb
    kind = KINDS[sign.upper()]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = {cell["id"]: "".join(cell["source"]) for cell in cells}
    outputs = {cell["id"]: cell["outputs"] for cell in cells if cell["cell_type"] == "code"}
    printed = "".join("".join(output.get("text", "")) for output in outputs.get("number", []))
    drawn = "".join("".join(output.get("data", {}).get("image/svg+xml", "")) for output in outputs.get("figure", []))
    found = {
        "a title": re.search(r"^# (.+)$", "\n".join(texts.values()), re.MULTILINE),
        "a cell `verdict` that says 'Verdict: *…*'": re.search(r"Verdict: \*([^*]+)\*", texts.get("verdict", "")),
        f"a cell `number` that prints '{identifier}: …'": re.search(rf"^{identifier}: (.+)$", printed, re.MULTILINE),
        "a cell `figure` with an SVG": re.search(r"<svg.*</svg>", drawn, re.DOTALL),
    }
    if kind.has_data:
        asked = f"a cell `number` that prints '{identifier} data: …'"
        found[asked] = re.search(rf"^{identifier} data: (.+)$", printed, re.MULTILINE)
    missing = [what for what, match in found.items() if not match]
    if missing:
        raise ValueError(f"{path}: {kind.name} needs {' and '.join(missing)}; run it and keep these cell ids.")
    title, verdict, number, svg, *data = (match.group(match.lastindex or 0) for match in found.values())
    if verdict not in kind.verdicts:
        raise ValueError(f"{path}: the verdict is {verdict!r}, expected one of {', '.join(kind.verdicts)}.")
    return Page(identifier, title, verdict, number, svg, "".join(data))


def pages_of(book: Path, folder: str) -> list[Path]:
    """Return the pages of a kind, in the order of their numbers."""
    return sorted(book.glob(f"{folder}/[ku][0-9]*.ipynb"))


class VerdictTable(SphinxDirective):
    """List every page of a kind: picture, title with a link, data, verdict, number."""

    def run(self):
        """Return a list with an entry for each page, in the order of their numbers."""
        folder = self.name.removesuffix("-table")
        table = nodes.bullet_list(classes=["verdict-table"])
        for path in pages_of(Path(self.env.srcdir), folder):
            self.env.note_dependency(str(path))
            table += self.entry(read_page(path), f"/{folder}/{path.stem}")
        return [table]

    def entry(self, page, address):
        """Return the entry of one page."""
        picture = in_page(page.svg, "", f"thumbnail {page.identifier}")
        picture = picture.replace('role="img"', 'aria-hidden="true"').replace("<title></title>", "")
        link = addnodes.pending_xref(
            "", nodes.inline("", page.title), refdomain="std", reftype="doc", reftarget=address, refexplicit=True,
            refdoc=self.env.docname, refwarn=True,
        )  # fmt: skip
        mark = f'<span class="verdict-mark {page.mark}"></span>'
        data = [nodes.paragraph("", page.data, classes=["verdict-data"])] if page.data else []
        return nodes.list_item(
            "",
            nodes.raw("", f'<div class="verdict-picture">{picture}</div>', format="html"),
            nodes.paragraph("", "", nodes.inline("", page.identifier, classes=["verdict-id"]), nodes.Text(" "), link,
                            classes=["verdict-title"]),
            *data,
            nodes.paragraph("", "", nodes.raw("", mark, format="html"), nodes.strong("", escape(page.verdict)),
                            classes=["verdict-said"]),
            nodes.paragraph("", page.number, classes=["verdict-number"]),
            ids=[page.identifier.lower()],
        )  # fmt: skip


def write_tables(app, error):
    """Write each table once more, as Markdown and as CSV, with the address of each page where the book has one."""
    if error or app.builder.format != "html":
        return
    for folder in FOLDERS:
        rows = [
            (page.identifier, page.title, page.verdict, page.number,
             urljoin(app.config.html_baseurl or "", f"{folder}/{path.stem}.html"))
            for path, page in ((path, read_page(path)) for path in pages_of(Path(app.srcdir), folder))
        ]  # fmt: skip
        into = Path(app.outdir) / f"{folder}-table"
        with open(into.with_suffix(".csv"), "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("", HEADS[folder], "verdict", "measured", "page"), *rows])
        lines = [
            f"| {name} | [{title}]({page}) | **{verdict}** | {_in_a_cell(number)} |\n"
            for name, title, verdict, number, page in rows
        ]
        head = f"| | {HEADS[folder]} | verdict | measured |\n|---|---|---|---|\n"
        into.with_suffix(".md").write_text(head + "".join(lines), encoding="utf-8")


def _in_a_cell(text):
    """Return a text in which no bar ends a cell of a Markdown table."""
    return text.replace("|", r"\|")


def setup(app):
    """Register with Sphinx."""
    for folder in FOLDERS:
        app.add_directive(f"{folder}-table", VerdictTable)
    app.connect("build-finished", write_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
