"""Keep the table of the equations: ``write`` down on which page of the book every labelled equation stands.

Messages to learners name equations by label. The table, ``autograder/engine/equations.json``, is read from the pages,
never edited by hand.
"""

import difflib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
TABLE = ROOT / "autograder" / "engine" / "equations.json"

# The parser of Jupyter Book, with those of its extensions that can hold an equation.
PARSER = MarkdownIt("commonmark").use(dollarmath_plugin).use(colon_fence_plugin)
# Sphinx turns a label of this form into an anchor by writing it in lower case, and any other in ways of its own.
LABEL = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")


class EquationError(click.ClickException):
    """A label that cannot stand in the table; the message names the page and what to do."""


def labels(text: str) -> Iterator[str]:
    """Find the labels of the displayed equations in a Markdown text.

    Parameters
    ----------
    text : str
        MyST Markdown. Equations are ``$$ … $$ (label)`` or ``{math}`` directives with ``:label:``, also inside other
        directives. Code that only shows how an equation is written is not looked at.

    Yields
    ------
    str
        In the order of the text.
    """
    for token in PARSER.parse(text):
        if token.type == "math_block_label":
            yield token.info
        directive = re.match(r"\{([\w:-]+)\}", token.info) if token.type in ("fence", "colon_fence") else None
        if directive and directive.group(1) == "math":
            yield from re.findall(r"^:?label:[ \t]*(\S+)", token.content, re.MULTILINE)
        elif directive and not directive.group(1).startswith(("code", "raw")):
            yield from labels(token.content)


def pages(book: Path) -> dict[str, list[str]]:
    """Read the Markdown of every page of the book.

    Parameters
    ----------
    book : Path
        The folder of the sources. Folders that begin with a dot or an underscore hold no pages, and
        ``problem-sets`` only copies.

    Returns
    -------
    dict of str to list of str
        The texts of a page, by its path in the folder without suffix, as the table of contents names it.
    """
    found = {}
    for path in sorted([*book.rglob("*.ipynb"), *book.rglob("*.md")]):
        inside = path.relative_to(book)
        if any(part.startswith((".", "_")) or part == "problem-sets" for part in inside.parts):
            continue
        if path.suffix == ".md":
            texts = [path.read_text(encoding="utf-8")]
        else:
            cells = nbformat.read(path, as_version=4).cells
            texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
        found[inside.with_suffix("").as_posix()] = texts
    return found


def table(book: Path) -> dict[str, str]:
    """Read on which page every labelled equation stands.

    Parameters
    ----------
    book : Path

    Returns
    -------
    dict of str to str
        Page by label, sorted by label.

    Raises
    ------
    EquationError
        If a label is defined twice, or is not made of letters, digits and single hyphens.
    """
    found: dict[str, str] = {}
    for page, texts in pages(book).items():
        for label in (label for text in texts for label in labels(text)):
            if not LABEL.fullmatch(label):
                raise EquationError(
                    f"The label {label!r} on page {page} is not made of letters, digits and single hyphens; rename it."
                )
            if label in found:
                where = f"on page {page}" if found[label] == page else f"on pages {found[label]} and {page}"
                raise EquationError(f"Equation {label} is defined twice, {where}; give one of them another label.")
            found[label] = page
    return dict(sorted(found.items()))


@click.group()
def main() -> None:
    """Keep the table of the book's equations."""


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the table is not what the book says.")
def write(check: bool) -> None:
    """Write autograder/engine/equations.json from the pages of the book."""
    found = table(BOOK)
    before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    after = json.dumps(found, indent=2) + "\n"
    if before == after:
        click.echo(f"{len(found)} equations, {TABLE.name} unchanged")
        return
    click.echo(f"{TABLE.name}: {'not what the book says' if check else 'written'}")
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line.startswith(("+", "-")):
            click.echo(f"  {line}")
    if check:
        click.echo("To write it: python tools/equations.py write")
        sys.exit(1)
    TABLE.write_text(after, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
