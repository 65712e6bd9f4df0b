"""Nothing of the five source articles is lost: each concept, use and claim has a place, and is spoken of there."""

import re
from pathlib import Path

import nbformat
import pytest
from building import ROOT, in_table_of_contents

BOOK = ROOT / "book"

# How many concepts, uses and claims the articles have.
COUNTS = {"C": 20, "U": 9, "K": 24}

# What has to be said in the sections of a row, one of them or another: a label alone teaches nothing.
SAID = {
    "C1": ["neuron", "layer", "weight", "looks at\\s+the first, and that is all"],
    "C2": ["window", "nothing of .* is kept", "out of reach|gone"],
    "C3": [r"W_x", r"W_h", r"W_y", "tanh", "h_0|initial state", "activation|ReLU"],
    "C4": ["rolled", "unrolled", "with \\*\\*one\\*\\* set of weights", "loop"],
    "C5": ["one-to-many", "many-to-one", "many-to-many", "encoder"],
    "C6": ["any length", "future", "slow|one after", "forget"],
    "C7": ["layer", "stack"],
    "C8": ["both directions|bidirectional", "future|after|right"],
    "C9": ["every|each", "layer above", "delta rule", "dh"],
    "C10": ["segment", "gradient"],
    "C11": ["jacobian", "eigenvalue", "singular value", "saturat", "vanish", "explod|grow"],
    "C12": ["long training time", "poor performance", "bad accuracy"],
    "C13": ["relu", "identity", "orthogonal", "rmsprop", "clip", "lstm|gate", "truncat"],
    "C14": ["clouds are in the", "long-term dependency"],
    "C15": ["conveyor belt", "forget gate", "input gate", "output gate", "candidate", r"\\tanh\(c_t\)"],
    "C16": ["update gate", "reset gate", "candidate", "output gate|no second state|no belt"],
    "C17": ["plain", "lstm", "gru", "parameters"],
    "C18": ["pytorch|torch", "keras", "weights"],
    "C19": ["hopfield", "feedback", "energy"],
    "C20": ["convolution", "receptive field", "pixel"],
    "U1": ["next character", "bits"],
    "U2": ["stock", "baseline|persistence|tomorrow"],
    "U3": ["weather|temperature", "baseline|persistence|climat"],
    "U4": ["language", "most frequent answer", "count"],
    "U5": ["date", "encoder", "decoder"],
    "U6": ["digit", "row", "pixel"],
    "U7": ["tone|vowel|sound", "noise"],
    "U8": ["dna|base", "motif"],
    "U9": ["tank", "level|valve|inflow"],
}


def rows():
    """Return {identifier: labels} of the page's tables."""
    text = (BOOK / "coverage.md").read_text(encoding="utf-8")
    return {
        identifier: re.findall(r"\{ref\}`([\w-]+)`", line)
        for line in text.splitlines()
        for identifier in re.findall(r"^\| ([CUK]\d+) \|", line)
    }


def sections():
    """Return {label: text} of every labeled section in the book, from its heading to the next of its level."""
    found = {}
    for page in in_table_of_contents():
        if page.startswith("problem-sets/"):
            continue
        path = next(path for path in (BOOK / f"{page}.ipynb", BOOK / f"{page}.md") if path.exists())
        text = text_of(path)
        for start in re.finditer(r"^\(([\w-]+)\)=\n(#+) ", text, re.MULTILINE):
            level = len(start.group(2))
            end = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE).search(text, start.end())
            found[start.group(1)] = text[start.start() : end.start() if end else len(text)]
    return found


def text_of(path: Path) -> str:
    """Return what a page says in words, without its code: there `#` begins a comment."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


ROWS, SECTIONS = rows(), sections()
IDENTIFIERS = [f"{kind}{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)]


def test_every_concept_use_and_claim_has_one_row():
    assert sorted(ROWS) == sorted(IDENTIFIERS)
    assert all(ROWS.values())


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_every_row_leads_to_sections_that_speak_of_it(identifier):
    labels = ROWS[identifier]
    assert set(labels) <= SECTIONS.keys()
    said = "\n".join(SECTIONS[label] for label in labels)
    missing = [word for word in SAID.get(identifier, ["verdict"]) if not re.search(word, said, re.IGNORECASE)]
    assert not missing


@pytest.mark.parametrize("number", range(1, COUNTS["K"] + 1))
def test_every_claim_leads_to_its_own_page(number):
    (label,) = ROWS[f"K{number}"]
    assert label == f"k{number:02d}"
    assert len(list(BOOK.glob(f"folklore/k{number:02d}-*.ipynb"))) == 1
