"""Measure the pages of the book against the limits that chapters, folklore pages and uses keep.

A page is measured where its source says it: words and headings of the main line, lines of the longest and columns of
the widest visible code cell, text size of its figures on a telephone. Where the first picture stands is measured by
Chromium in the built page.
"""

import html
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.chromium import document_of, find_chromium
from tools.learn import served

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"

#: Width of the text column on a telephone of 390 px, in px, and px to a point.
PHONE_COLUMN = 358
PX_PER_POINT = 96 / 72

#: What folds away: not part of the main line.
FOLDED = re.compile(r"\bdropdown\b")
FOLDED_CELLS = {"hide-input", "hide-cell", "remove-input", "remove-cell"}


#: The measures of a source that have a greatest value.
MOST = ("words", "headings", "lines", "columns")


class Limits(NamedTuple):
    """What a kind of page may have at most; the text of its figures has a least size in px."""

    words: int
    headings: int
    lines: int
    columns: int
    picture: int
    text: float


LIMITS = {
    "chapter": Limits(words=2000, headings=8, lines=15, columns=88, picture=600, text=11.0),
    "folklore": Limits(words=900, headings=5, lines=15, columns=88, picture=800, text=11.0),
    "use": Limits(words=700, headings=4, lines=15, columns=88, picture=600, text=11.0),
    "page": Limits(words=2000, headings=8, lines=15, columns=88, picture=5000, text=11.0),
}

#: Folders of the book whose pages are all of one kind.
FOLDERS = {"folklore": "folklore", "uses": "use"}


class Measured(NamedTuple):
    """What one page has. The picture's place and the text's size are None where there is none, or no browser."""

    words: int
    headings: int
    lines: int
    columns: int
    picture: float | None
    text: float | None

    def beyond(self, limits: Limits) -> list[str]:
        """Return the names of the measures that break a limit."""
        found = [name for name in MOST if getattr(self, name) > getattr(limits, name)]
        if self.picture is not None and self.picture > limits.picture:
            found.append("picture")
        if self.text is not None and self.text < limits.text:
            found.append("text")
        return found


def kind_of(path: Path) -> str:
    """Return the kind of a page, the key of its limits."""
    if path.parent.name in FOLDERS:
        return FOLDERS[path.parent.name]
    return "chapter" if re.match(r"\d\d-", path.name) else "page"


def main_line(text: str) -> str:
    """Return a Markdown text without what folds away: directives that are dropdowns, whole, with what they hold.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    kept, closing = [], None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        opening = re.match(r"(:{3,}|`{3,})\{([\w-]+)\}", line)
        if closing is None and opening:
            options = "\n".join(lines[number + 1 : number + 4])
            if FOLDED.search(opening.group(2)) or FOLDED.search("".join(re.findall(r"^:class:.*", options, re.M))):
                closing = opening.group(1)
                continue
        if closing is None:
            kept.append(line)
        elif line.strip() == closing:
            closing = None
    return "\n".join(kept)


def words_of(text: str) -> int:
    """Count the words of a Markdown text as a reader meets them: no formulas, directives, labels or table rules."""
    text = main_line(text)
    text = re.sub(r"```\{raw\}.*?```", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$(\s*\([\w-]+\))?", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", " x ", text)
    text = re.sub(r"^(:{3,}|`{3,}).*$|^:[\w-]+:.*$|^\([\w-]+\)=$", " ", text, flags=re.MULTILINE)
    text = re.sub(r"\{[\w:]+\}`([^`<]*?)(<[^`]*)?`", r"\1", text)
    text = re.sub(r"\]\([^)]*\)", " ", text)
    return len(re.findall(r"[^\W_][\w'’.,–-]*", text))


def visible_lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a code cell that a reader sees without unfolding anything."""
    if FOLDED_CELLS & set(cell.metadata.get("tags", [])):
        return []
    return cell.source.splitlines()


def svg_pictures(notebook: NotebookNode) -> list[str]:
    """Return the SVG figures among the outputs of a notebook."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    found = [output.get("data", {}).get("image/svg+xml") for output in outputs]
    return ["".join(svg) for svg in found if svg]


def smallest_text(svg: str) -> float | None:
    """Return the size of the smallest text of a figure of matplotlib on a telephone, in px; None without text.

    Text is drawn as outlines of 100 units to the em, each line of text scaled to its size in points. The indices of a
    formula are scaled within their line, and not looked at.
    """
    width = float(re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+)', svg).group(1))
    scales = [float(scale) for scale in re.findall(r"translate\([^)]*\) (?:rotate\([^)]*\) )?scale\(([\d.]+) -", svg)]
    if not scales:
        return None
    points = 100 * min(scales)
    on_phone = min(PHONE_COLUMN / (width * PX_PER_POINT), 1.4)
    return points * PX_PER_POINT * on_phone


def measured(path: Path, picture: float | None = None) -> Measured:
    """Measure the source of one page.

    Parameters
    ----------
    path : Path
        A notebook.
    picture : float or None
        Where its first picture stands in the built page, in px from the top.

    Returns
    -------
    Measured
    """
    notebook = nbformat.read(path, as_version=4)
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    code = [visible_lines(cell) for cell in notebook.cells if cell.cell_type == "code"]
    sizes = [size for svg in svg_pictures(notebook) if (size := smallest_text(svg)) is not None]
    return Measured(
        words=words_of(text),
        headings=len(re.findall(r"^#{2,} ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)),
        lines=max((len(lines) for lines in code), default=0),
        columns=max((len(line) for lines in code for line in lines), default=0),
        picture=picture,
        text=min(sizes, default=None),
    )


PROBE = """<!doctype html><pre id="report">unfinished</pre><script>
  (async () => {
    const report = {};
    for (const page of location.hash.slice(1).split(",")) {
      const frame = document.createElement("iframe");
      frame.style.cssText = "width: 1280px; height: 800px; border: 0";
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      frame.src = "html/" + page + ".html";
      document.body.append(frame);
      await loaded;
      const picture = frame.contentDocument.querySelector(
        ".bd-article figure svg, .bd-article figure img, .bd-article svg.figure");
      report[page] = picture ? Math.round(picture.getBoundingClientRect().top) : null;
      frame.remove();
    }
    document.getElementById("report").textContent = JSON.stringify(report);
  })();
</script>"""


def first_pictures(chromium: str, built: Path, pages: list[str]) -> dict[str, float | None]:
    """Return where the first picture of each page begins on a screen of 1280 × 800, in px from the top.

    Parameters
    ----------
    chromium : str
        Path of the browser.
    built : Path
        The folder of the built pages.
    pages : list of str
        Names without suffix, relative to that folder.

    Returns
    -------
    dict of str to float or None
    """
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "html").symlink_to(built.resolve())
        (Path(scratch) / "probe.html").write_text(PROBE, encoding="utf-8")
        with served(Path(scratch)) as root:
            address = f"{root}/probe.html#{','.join(pages)}"
            document = document_of(chromium, address, Path(scratch), "--window-size=1300,900")
    report = re.search(r'<pre id="report">(.*?)</pre>', document, re.DOTALL).group(1)
    return json.loads(html.unescape(report))


def notebooks() -> list[Path]:
    """Return the notebooks that are pages of the book, in order: chapters, pages beside them, folklore, uses."""
    found = [path for path in BOOK.rglob("*.ipynb") if path.parent.name in ("book", *FOLDERS)]
    return sorted(found, key=lambda path: (path.parent != BOOK, path.parent.name, path.name))


@click.command()
@click.option("--html", "built", type=click.Path(path_type=Path), default=ROOT / "_build" / "html", show_default=False)
def main(built: Path) -> None:
    """Print what every page has, and end with 1 if a page is beyond a limit."""
    paths = notebooks()
    names = {path: path.relative_to(BOOK).with_suffix("").as_posix() for path in paths}
    chromium = find_chromium()
    places: dict[str, float | None] = {}
    if chromium and (built / "index.html").exists():
        there = [name for name in names.values() if (built / f"{name}.html").exists()]
        places = first_pictures(chromium, built, there)
    elif os.environ.get("CI"):
        raise click.ClickException("Where the first pictures stand needs Chromium and a built book: run `make book`.")
    table = Table(
        "page", "words", "headings", "visible lines", "columns", "first picture (px)", "smallest text at 390 px (px)"
    )
    broken = []
    for path, name in names.items():
        limits = LIMITS[kind_of(path)]
        page = measured(path, places.get(name))
        wrong = page.beyond(limits)
        broken += [f"{name}: {which} {getattr(page, which)}, limit {getattr(limits, which)}" for which in wrong]
        cells = {
            "words": f"{page.words} / {limits.words}",
            "headings": f"{page.headings} / {limits.headings}",
            "lines": f"{page.lines} / {limits.lines}",
            "columns": f"{page.columns} / {limits.columns}",
            "picture": "–" if page.picture is None else f"{page.picture:.0f} / {limits.picture}",
            "text": "–" if page.text is None else f"{page.text:.1f} / {limits.text:.0f}",
        }
        table.add_row(name, *(f"[red]{cell}[/]" if key in wrong else cell for key, cell in cells.items()))
    Console(width=140).print(table)
    for line in broken:
        click.echo(line)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
