"""Every page of the folklore has the form of one, and every claim has a page."""

import re
import sys

import nbformat
import pytest
from folklore_pages import FOLKLORE

BOOK = FOLKLORE.parent
sys.path.insert(0, str(BOOK / "_ext"))

from verdicts import KINDS, read_page  # noqa: E402

PAGES = sorted(FOLKLORE.glob("k*.ipynb"))
VERDICTS = KINDS["K"].verdicts


def cells_of(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_folklore_page_has_what_the_table_shows(path):
    claim = read_page(path)
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


def test_every_claim_has_a_page():
    assert [int(path.stem[1:3]) for path in PAGES] == list(range(1, 25))


def test_the_table_is_the_only_place_of_folklore_md_that_speaks_of_verdicts():
    text = (BOOK / "folklore.md").read_text(encoding="utf-8")
    assert text.count("{folklore-table}") == 1
    assert {verdict: text.count(f"*{verdict}*") for verdict in VERDICTS} == dict.fromkeys(VERDICTS, 1)
