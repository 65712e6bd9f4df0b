"""The tables of the folklore and of the uses say what their pages say."""

import csv
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
sys.path.insert(0, str(BOOK / "_ext"))

from verdicts import KINDS, read_page  # noqa: E402

USES = sorted((BOOK / "uses").glob("u*.ipynb"))
SVG = '<svg width="10pt" height="10pt" viewBox="0 0 10 10"><path d="M 0 0" style="stroke: #007a53"/></svg>'


SMALL = {  # a page of each kind, as `write_page` writes it
    "k90-small": {"title": "# “All is well”", "number": "K90: 7 of 9", "verdict": "does not hold"},
    "u90-small": {"title": "# Weather", "number": "U90 data: 4 years\nU90: 7 of 9", "verdict": "does not win"},
}


def write_page(folder, name, **change):
    """Write a small page; a cell whose content is None is left out."""
    has = {"svg": SVG, **SMALL[name], **change}
    cells = [nbformat.v4.new_markdown_cell(f"(label)=\n{has['title']}", id="label")]
    if has["svg"] is not None:
        drawn = nbformat.v4.new_output("display_data", data={"image/svg+xml": has["svg"]})
        cells.append(nbformat.v4.new_code_cell("plot()", id="figure", outputs=[drawn]))
    if has["number"] is not None:
        printed = nbformat.v4.new_output("stream", name="stdout", text=f"more\n{has['number']}\n")
        cells.append(nbformat.v4.new_code_cell("show()", id="number", outputs=[printed]))
    if has["verdict"] is not None:
        text = f":::{{admonition}} Verdict: *{has['verdict']}*\n:class: verdict\nYes.\n:::"
        cells.append(nbformat.v4.new_markdown_cell(text, id="verdict"))
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"verdict": None}, "a cell `verdict`"),
        ({"number": None}, "a cell `number`"),
        ({"number": "K9: 7 of 9\nU9: 7 of 9"}, "a cell `number`"),
        ({"svg": None}, "a cell `figure`"),
        ({"svg": "a picture"}, "a cell `figure`"),
        ({"title": "All is well"}, "a title"),
        ({"verdict": "holds in a way"}, "the verdict is 'holds in a way'"),
    ],
)
def test_a_page_that_lacks_something_is_named_with_what_it_lacks(tmp_path, name, change, told):
    with pytest.raises(ValueError, match=re.escape(told)) as failure:
        read_page(write_page(tmp_path, name, **change))
    assert f"{name}.ipynb" in str(failure.value)


def test_a_use_says_what_its_data_are_and_has_the_verdicts_of_a_use(tmp_path):
    with pytest.raises(ValueError, match="prints 'U90 data: …'"):
        read_page(write_page(tmp_path, "u90-small", number="U90: 7 of 9"))
    with pytest.raises(ValueError, match="expected one of wins, wins with a condition, does not win"):
        read_page(write_page(tmp_path, "u90-small", verdict="holds"))
    page = read_page(write_page(tmp_path, "u90-small"))
    assert page[:4] == ("U90", "Weather", "does not win", "7 of 9")
    assert page.data == "4 years"


@pytest.mark.parametrize(("name", "sign"), [("k90-small", "K"), ("u90-small", "U")])
def test_the_three_verdicts_of_a_kind_have_a_full_a_half_and_an_empty_disk(tmp_path, name, sign):
    pages = [read_page(write_page(tmp_path, name, verdict=verdict)) for verdict in KINDS[sign].verdicts]
    assert [page.mark for page in pages] == ["full", "half", "empty"]


@pytest.mark.parametrize("path", USES, ids=lambda path: path.stem)
def test_every_use_has_the_form_of_one(path):
    page = read_page(path)
    assert page.identifier == f"U{path.stem[1]}"
    assert re.search(r"\d", page.number)
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    first_text = next(cell for cell in cells.values() if cell.cell_type == "markdown")
    assert first_text.source.startswith(f"({path.stem[:2]})=\n# ")
    assert re.match(r":::\{admonition\} Verdict: \*[^*]+\*\n:class: verdict\n", cells["verdict"].source)
    assert "hide-input" in cells["figure"].metadata.tags
    assert list(cells).index("figure") < list(cells).index("number") < list(cells).index("verdict")


@pytest.mark.parametrize("path", USES, ids=lambda path: path.stem)
def test_the_verdict_of_a_use_begins_with_numbers_that_its_cells_print(path):
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    line = cells["verdict"].source.split("\n")[2].replace("\u00a0", " ")
    printed = "".join(o.get("text", "") for cell in cells.values() for o in cell.get("outputs", ()))
    numbers = re.findall(r"\d+(?:\.\d+)?(?: ?%)?", re.sub(r"standard deviation 1|gap 0 to 10", "", line))
    assert len(numbers) >= 2
    for number in numbers:
        assert re.search(rf"(?<![\d.]){re.escape(number).replace(chr(92) + ' ', ' ?')}(?![\d])", printed), number


@pytest.mark.parametrize("path", USES, ids=lambda path: path.stem)
def test_a_use_wins_only_if_its_network_is_ahead_of_the_best_without_one(path):
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    line = cells["verdict"].source.split("\n")[2].replace("\u00a0", " ")
    network, others = re.search(r"\*\*([\d.]+)[^*]*\*\*(.*?)(?:, at best .*)?(?:\. .*|\.)$", line).groups()
    others = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", others)]
    ahead = float(network) > max(others) if line.startswith("Right") else float(network) < min(others)
    assert read_page(path).verdict.startswith("wins") == ahead, line


def test_chapter_9_says_which_uses_chose_their_settings_on_the_held_out_part():
    texts = {path.stem[:2].upper(): path.read_text(encoding="utf-8") for path in USES}
    assert [name for name, text in texts.items() if "which favors it" in text] == ["U1", "U4", "U5", "U6", "U7", "U8"]
    chapter = (BOOK / "09-nine-uses.ipynb").read_text(encoding="utf-8")
    assert "in six of the nine (U1, U4 to U8) settings were chosen by scores on the held-out part" in chapter


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


def build(source, target, *more):
    """Build a book of a table and one page, warnings being errors; return the table's page."""
    settings = ["extensions=myst_parser,verdicts", "html_theme=basic", "exclude_patterns=**/*.ipynb", *more]
    options = [word for setting in settings for word in ("-D", setting)]
    environment = {**os.environ, "PYTHONPATH": str(BOOK / "_ext")}
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-C", *options, str(source), str(target)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return (target / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "name", "said", "other"),
    [
        ("folklore", "k90-small", ("K90", "“All is well”", "does not hold", "7 of 9"), "holds"),
        ("uses", "u90-small", ("U90", "Weather", "4 years", "does not win", "7 of 9"), "wins"),
    ],
)
def test_the_built_table_shows_each_page_and_follows_it_when_it_changes(tmp_path, folder, name, said, other):
    source = tmp_path / "source"
    (source / folder).mkdir(parents=True)
    (source / "index.md").write_text(
        f"# Table\n\n```{{{folder}-table}}\n```\n\n```{{toctree}}\n{folder}/{name}\n```\n", encoding="utf-8"
    )
    (source / folder / f"{name}.md").write_text("# The page\n", encoding="utf-8")
    write_page(source / folder, name)
    html = build(source, tmp_path / "html")
    table = html[html.index("verdict-table") : html.index("toctree-wrapper")]
    for words in said:
        assert words in Text(table).words
    assert f"{name[:3].upper()}: " not in Text(table).words
    assert f"{folder}/{name}.html" in Text(table).links
    assert 'class="verdict-mark empty"' in table
    assert re.search(r'<svg[^>]*aria-hidden="true"', table)
    assert "var(--role-hidden)" in table

    write_page(source / folder, name, verdict=other)
    html = build(source, tmp_path / "html")
    assert "does not" not in Text(html[html.index("verdict-table") :]).words
    assert 'class="verdict-mark full"' in html


@pytest.mark.parametrize("address", ["", "https://example.org/course/"])
def test_a_table_can_be_passed_on_as_markdown_and_as_csv(tmp_path, address):
    source = tmp_path / "source"
    (source / "folklore").mkdir(parents=True)
    (source / "folklore" / "k90-small.md").write_text("# The page\n", encoding="utf-8")
    toctree = "```{toctree}\nfolklore/k90-small\n```\n"
    (source / "index.md").write_text(f"# Table\n\n```{{folklore-table}}\n```\n\n{toctree}", encoding="utf-8")
    write_page(source / "folklore", "k90-small", number="K90: 7 of 9, or |more|")
    html = build(source, tmp_path / "html", f"html_baseurl={address}")
    assert re.search(r'<li[^>]* id="k90"', html)
    page = f"{address}folklore/k90-small.html"
    with open(tmp_path / "html" / "folklore-table.csv", encoding="utf-8", newline="") as file:
        head, row = csv.reader(file)
    assert head == ["", "claim", "verdict", "measured", "page"]
    assert row == ["K90", "“All is well”", "does not hold", "7 of 9, or |more|", page]
    markdown = (tmp_path / "html" / "folklore-table.md").read_text(encoding="utf-8").splitlines()
    assert markdown[0] == "| | claim | verdict | measured |"
    uses = (tmp_path / "html" / "uses-table.md").read_text(encoding="utf-8").splitlines()
    assert uses[0] == "| | use | verdict | measured |"
    assert markdown[2] == rf"| K90 | [“All is well”]({page}) | **does not hold** | 7 of 9, or \|more\| |"
