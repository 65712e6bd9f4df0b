"""The directive ``{folklore-table}``: what the folklore pages found, read from the pages themselves.

A folklore page is a notebook ``folklore/kNN-topic.ipynb``. Its title is the claim; its cells ``verdict``, ``number``
and ``figure`` hold the other columns. Nothing is written twice, so the table cannot say something else than a page.
"""

import json
import re
from html import escape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from figures import in_page
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

VERDICTS = ("holds", "holds with a condition", "does not hold")


class Claim(NamedTuple):
    """One folklore page, as the table shows it."""

    identifier: str  # "K7"
    title: str  # the claim, in quotation marks
    verdict: str  # one of VERDICTS
    number: str  # the line that the cell `number` printed, without its "K18: "
    svg: str  # the output of the cell `figure`


def read_claim(path: Path) -> Claim:
    """Read the title, the verdict, the number and the figure of a folklore page.

    Parameters
    ----------
    path : Path
        A notebook with outputs, called kNN-topic.ipynb.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        If one of the four is missing or the verdict is none of `VERDICTS`; the message names the page.
    """
    identifier = f"K{int(path.name[1:3])}"  # K7 lies in k07-….ipynb
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
    missing = [what for what, match in found.items() if not match]
    if missing:
        raise ValueError(f"{path}: a folklore page needs {' and '.join(missing)}; run it and keep these cell ids.")
    title, verdict, number, svg = (match.group(match.lastindex or 0) for match in found.values())
    if verdict not in VERDICTS:
        raise ValueError(f"{path}: the verdict is {verdict!r}, expected one of {', '.join(VERDICTS)}.")
    return Claim(identifier, title, verdict, number, svg)


class FolkloreTable(SphinxDirective):
    """List every folklore page beside this one: picture, claim with a link, verdict, number."""

    def run(self):
        """Return a list with an entry for each page."""
        table = nodes.bullet_list(classes=["folklore-table"])
        for path in sorted(Path(self.env.srcdir).glob("folklore/k[0-9]*.ipynb")):
            self.env.note_dependency(str(path))
            table += self.entry(read_claim(path), f"/folklore/{path.stem}")
        return [table]

    def entry(self, claim, page):
        """Return the entry of one claim."""
        picture = in_page(claim.svg, "", f"thumbnail {claim.identifier}")
        picture = picture.replace('role="img"', 'aria-hidden="true"').replace("<title></title>", "")
        link = addnodes.pending_xref(
            "", nodes.inline("", claim.title), refdomain="std", reftype="doc", reftarget=page, refexplicit=True,
            refdoc=self.env.docname, refwarn=True,
        )  # fmt: skip
        mark = f'<span class="verdict-mark {claim.verdict.replace(" ", "-")}"></span>'
        return nodes.list_item(
            "",
            nodes.raw("", f'<div class="folklore-picture">{picture}</div>', format="html"),
            nodes.paragraph("", "", nodes.inline("", claim.identifier, classes=["folklore-id"]), nodes.Text(" "), link,
                            classes=["folklore-claim"]),
            nodes.paragraph("", "", nodes.raw("", mark, format="html"), nodes.strong("", escape(claim.verdict)),
                            classes=["folklore-verdict"]),
            nodes.paragraph("", claim.number, classes=["folklore-number"]),
        )  # fmt: skip


def setup(app):
    """Register with Sphinx."""
    app.add_directive("folklore-table", FolkloreTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
