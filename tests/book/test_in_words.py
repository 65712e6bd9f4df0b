"""Pages in the browser name what only Sphinx can look up."""

import json
import re
from pathlib import Path

import pytest

from tools.in_words import IN_THE_BOOK, authors_and_years, in_words

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("folklore/*.ipynb"), *BOOK.glob("uses/*.ipynb")])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("see {doc}`02-the-recurrent-neural-network`.", "see *The recurrent neural network*."),
        ("see {doc}`its set <problem-sets/ps2>`", "see its set"),
        ("{doc}`/gradient-checking`", "*Checking gradients with numbers*"),
        ("{ref}`with words <ch-uses>`, {ref}`folklore`", "with words, *Folklore*"),
        ("{cite:t}`werbos1990backpropagation` says", "Werbos (1990) says"),
        (
            "known {cite:p}`rumelhart1986internal,werbos1990backpropagation`",
            "known (Rumelhart et al., 1986; Werbos, 1990)",
        ),
        ("{term}`gate` stays, {eq}`bptt-dz` is named", "{term}`gate` stays, `bptt-dz` is named"),
        ("$$\na = b\n$$ (bptt-dz)\n\nThen", "$$\na = b\n\\tag{\\textsf{bptt-dz}}\n$$\n\nThen"),
        ("```{raw} html\n:file: figures/unroll.html\n```", IN_THE_BOOK),
    ],
)
def test_what_leads_out_of_a_page_is_told_in_words(source, words):
    assert in_words(source) == words


def test_every_paper_has_letters_for_a_name_and_a_year():
    for authors, year in authors_and_years().values():
        assert re.fullmatch(r"[^\W\d]+([- .]+[^\W\d]+)*\.?", authors), authors
        assert 1900 < int(year) < 2030


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_page_keeps_a_role_or_a_directive_that_is_not_understood(path):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "markdown":
            text = in_words("".join(cell["source"]))
            assert set(re.findall(r"\{([\w:-]+)\}`", text)) <= {"term", "numref"}
            assert set(re.findall(r"^[:`]{3,}\{([\w-]+)\}", text, re.MULTILINE)) <= {
                "admonition",
                "dropdown",
                "uses-table",
            }
            assert not re.search(r"\*\d\d-[a-z][\w-]+\*", text)
