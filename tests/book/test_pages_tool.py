"""The command that measures pages: words, headings, lines, pictures and the size of their text."""

import matplotlib.pyplot as plt
import nbformat
import pytest
from click.testing import CliRunner

from tools import pages

CHAPTER = pages.LIMITS["chapter"]


def test_words_are_those_of_the_main_line_without_formulas_directives_and_labels():
    text = (
        "(label)=\n# A title here\n\nThe state $h_t$ is {term}`hidden <hidden state>`.\n\n"
        "$$\na = b\n$$ (eq-a)\n\nFour more words follow."
    )
    assert pages.words_of(text) == 3 + 5 + 4


@pytest.mark.parametrize(
    "folded",
    [
        ":::{dropdown} Answer\nIt is seven.\n:::",
        ":::{admonition} Answer\n:class: dropdown\n\nIt is seven.\n:::",
        "```{admonition} Answer\n:class: tip dropdown\nIt is seven.\n```",
    ],
)
def test_what_folds_away_does_not_count(folded):
    assert pages.words_of(f"Two words.\n\n{folded}\n\nAnd three more.") == 5


def test_a_box_that_is_open_counts_and_a_folded_box_in_it_does_not():
    text = "::::{admonition} Predict first\n:class: predict\n\nHow many?\n\n:::{dropdown} Answer\nSeven.\n:::\n::::"
    assert pages.words_of(text) == 2


def test_visible_lines_are_those_of_cells_that_are_not_folded():
    source = "a = 1\nb = 2\nc = 3"
    assert len(pages.visible_lines(nbformat.v4.new_code_cell(source))) == 3
    assert pages.visible_lines(nbformat.v4.new_code_cell(source, metadata={"tags": ["hide-input"]})) == []


def drawn(folder, width, size):
    with plt.style.context("unrolled.figure"):
        figure, axes = plt.subplots(figsize=(width, 3))
        axes.set_xlabel("steps $h_t$", fontsize=size)
        figure.savefig(folder / "figure.svg")
        plt.close(figure)
    return (folder / "figure.svg").read_text(encoding="utf-8")


def test_the_text_of_a_figure_is_measured_as_a_telephone_shows_it(tmp_path):
    # 11 points are 14.7 px at 4.6 inches, 441.6 px wide; a column of 358 px shows them at 11.9.
    assert pages.smallest_text(drawn(tmp_path, 4.6, 11)) == pytest.approx(11.9, abs=0.1)
    assert pages.smallest_text(drawn(tmp_path, 4.6, 8)) == pytest.approx(8.6, abs=0.1)
    assert pages.smallest_text(drawn(tmp_path, 9.2, 11)) == pytest.approx(5.9, abs=0.1)


def write(path, *, lines=3, columns=5, words=100, headings=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "# Title\n\n" + "## Heading\n\n" * headings + "word " * words
    cells = [
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_code_cell("\n".join(["a" * (columns - 4) + " = 1"] * lines)),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.mark.parametrize(
    ("how", "broken"),
    [
        ({}, []),
        ({"lines": 16}, ["lines"]),
        ({"columns": 88}, []),
        ({"columns": 89}, ["columns"]),
        ({"words": 2001}, ["words"]),
        ({"headings": 9}, ["headings"]),
    ],
)
def test_a_chapter_beyond_a_limit_is_named_with_the_limit_and_ends_with_1(tmp_path, monkeypatch, how, broken):
    write(tmp_path / "book" / "04-a-chapter.ipynb", **how)
    monkeypatch.setattr(pages, "BOOK", tmp_path / "book")
    monkeypatch.delenv("CI", raising=False)
    result = CliRunner().invoke(pages.main, ["--html", str(tmp_path / "nowhere")])
    assert result.exit_code == bool(broken)
    said = [line for line in result.output.splitlines() if line.startswith("04-a-chapter: ")]
    assert [line.split()[1] for line in said] == broken


@pytest.mark.parametrize(
    ("page", "kind"),
    [("book/09-nine-uses", "chapter"), ("book/uses/u2-stock-prices", "use"), ("book/folklore/k07-ten", "folklore"),
     ("book/gradient-checking", "page")],
)  # fmt: skip
def test_the_kind_of_a_page_is_said_by_its_folder_and_its_name(page, kind):
    assert pages.kind_of(pages.ROOT / f"{page}.ipynb") == kind


def test_a_use_of_more_than_700_words_is_beyond_its_limit(tmp_path, monkeypatch):
    write(tmp_path / "book" / "uses" / "u2-stock-prices.ipynb", words=698)
    monkeypatch.setattr(pages, "BOOK", tmp_path / "book")
    monkeypatch.delenv("CI", raising=False)
    result = CliRunner().invoke(pages.main, ["--html", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert "uses/u2-stock-prices: words 701, limit 700" in result.output


def test_a_picture_too_low_or_a_text_too_small_is_beyond_the_limits():
    good = pages.Measured(words=1, headings=1, lines=1, columns=1, picture=400, text=11.5)
    assert good.beyond(CHAPTER) == []
    assert good._replace(picture=601).beyond(CHAPTER) == ["picture"]
    assert good._replace(text=10.9).beyond(CHAPTER) == ["text"]


def test_the_pages_of_the_book_are_measured_chapters_first():
    names = [path.relative_to(pages.BOOK).as_posix() for path in pages.notebooks()]
    assert names[:2] == ["01-the-limits-of-feed-forward-networks.ipynb", "02-the-recurrent-neural-network.ipynb"]
    assert not [name for name in names if name.startswith("problem-sets")]
