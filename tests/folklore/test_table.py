"""The table of the folklore says what the pages say, and names every claim once."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import pytest
from folklore_pages import FOLKLORE

BOOK = FOLKLORE.parent
sys.path.insert(0, str(BOOK / "_ext"))

from folklore import VERDICTS, read_claim  # noqa: E402

PAGES = sorted(FOLKLORE.glob("k*.ipynb"))
SVG = '<svg width="10pt" height="10pt" viewBox="0 0 10 10"><path d="M 0 0" style="stroke: #007a53"/></svg>'


def write_page(folder, verdict="does not hold", number="K90: 7 of 9", svg=SVG, title="# “All is well”"):
    """Write a small folklore page; a cell whose content is None is left out."""
    cells = [nbformat.v4.new_markdown_cell(f"(k90)=\n{title}", id="k90")]
    if svg is not None:
        drawn = nbformat.v4.new_output("display_data", data={"image/svg+xml": svg})
        cells.append(nbformat.v4.new_code_cell("plot()", id="figure", outputs=[drawn]))
    if number is not None:
        printed = nbformat.v4.new_output("stream", name="stdout", text=f"more\n{number}\n")
        cells.append(nbformat.v4.new_code_cell("show()", id="number", outputs=[printed]))
    if verdict is not None:
        text = f":::{{admonition}} Verdict: *{verdict}*\n:class: verdict\nYes.\n:::"
        cells.append(nbformat.v4.new_markdown_cell(text, id="verdict"))
    path = folder / "k90-small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def cells_of(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_folklore_page_has_what_the_table_shows(path):
    claim = read_claim(path)
    assert claim.identifier == f"K{int(path.stem[1:3])}"
    assert claim.verdict in VERDICTS
    assert re.search(r"\d", claim.number)
    assert claim.svg.startswith("<svg")
    assert claim.title.startswith("“")
    assert claim.title.endswith("”")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_folklore_page_has_the_form_of_one(path):
    cells = cells_of(path)
    first_text = next(cell for cell in cells.values() if cell.cell_type == "markdown")
    assert first_text.source.startswith(f"({path.stem[:3]})=\n# ")
    assert re.match(r":::\{admonition\} Verdict: \*[^*]+\*\n:class: verdict\n", cells["verdict"].source)
    assert "hide-input" in cells["figure"].metadata.tags
    text = "\n\n".join(cell.source for cell in cells.values() if cell.cell_type == "markdown")
    assert re.search(r"^## Try it yourself$", text, re.MULTILINE)
    assert re.search(r"refute", text)
    assert list(cells).index("figure") < list(cells).index("number") < list(cells).index("verdict")


def test_every_claim_has_a_page_or_is_named_as_one_to_come():
    to_come = (BOOK / "folklore.md").read_text(encoding="utf-8").partition("## To come")[2]
    named = [int(number) for number in re.findall(r"\bK(\d+):", to_come)]
    tested = [int(path.stem[1:3]) for path in PAGES]
    assert sorted(named + tested) == list(range(1, 25))


def test_the_table_is_the_only_place_of_folklore_md_that_speaks_of_verdicts():
    text = (BOOK / "folklore.md").read_text(encoding="utf-8")
    assert text.count("{folklore-table}") == 1
    assert {verdict: text.count(f"*{verdict}*") for verdict in VERDICTS} == dict.fromkeys(VERDICTS, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"verdict": None}, "a cell `verdict`"),
        ({"number": None}, "a cell `number`"),
        ({"number": "K9: 7 of 9"}, "a cell `number`"),
        ({"svg": None}, "a cell `figure`"),
        ({"svg": "a picture"}, "a cell `figure`"),
        ({"title": "All is well"}, "a title"),
        ({"verdict": "holds in a way"}, "the verdict is 'holds in a way'"),
    ],
)
def test_a_page_that_lacks_something_is_named_with_what_it_lacks(tmp_path, change, told):
    with pytest.raises(ValueError, match=re.escape(told)) as failure:
        read_claim(write_page(tmp_path, **change))
    assert "k90-small.ipynb" in str(failure.value)


class Text(HTMLParser):
    """The words and links of a page."""

    def __init__(self, html):
        super().__init__()
        self.words, self.links = "", []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if (tag, name) == ("a", "href")]

    def handle_data(self, data):
        self.words += data


def build(source, target):
    """Build a book of a table and one page, warnings being errors; return the table's page."""
    settings = ["extensions=myst_parser,folklore", "html_theme=basic", "exclude_patterns=**/*.ipynb"]
    options = [word for setting in settings for word in ("-D", setting)]
    environment = {**os.environ, "PYTHONPATH": str(BOOK / "_ext")}
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-C", *options, str(source), str(target)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return (target / "index.html").read_text(encoding="utf-8")


def test_the_built_table_shows_each_page_and_follows_it_when_it_changes(tmp_path):
    source = tmp_path / "source"
    (source / "folklore").mkdir(parents=True)
    (source / "index.md").write_text(
        "# Table\n\n```{folklore-table}\n```\n\n```{toctree}\nfolklore/k90-small\n```\n", encoding="utf-8"
    )
    (source / "folklore" / "k90-small.md").write_text("# The page\n", encoding="utf-8")
    write_page(source / "folklore")
    html = build(source, tmp_path / "html")
    table = html[html.index("folklore-table") : html.index("toctree-wrapper")]
    for said in ("K90", "“All is well”", "does not hold", "7 of 9"):
        assert said in Text(table).words
    assert "K90: " not in Text(table).words
    assert "folklore/k90-small.html" in Text(table).links
    assert 'class="verdict-mark does-not-hold"' in table
    assert re.search(r'<svg[^>]*aria-hidden="true"', table)
    assert "var(--role-hidden)" in table

    write_page(source / "folklore", verdict="holds")
    html = build(source, tmp_path / "html")
    assert "does not hold" not in Text(html[html.index("folklore-table") :]).words
    assert 'class="verdict-mark holds"' in html
