"""The sources of the book: described figures, equations that messages can point to, a complete table of contents."""

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml

from autograder.engine.equations import PAGES

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("folklore/*.ipynb"), *BOOK.glob("uses/*.ipynb")])
CHAPTER_NOTEBOOKS = [path for path in NOTEBOOKS if re.match(r"\d\d-", path.name)]
TEXT_PAGES = sorted(BOOK.glob("*.md"))
PAGE_FILES = {path.relative_to(BOOK).with_suffix("").as_posix(): path for path in [*NOTEBOOKS, *TEXT_PAGES]}


def cells(path, kind):
    """Return the cells of one kind of a notebook."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@cache
def text_of(path):
    """Return the Markdown of a page, be it a notebook or a text."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def equation_labels(text):
    """Return the labels of the displayed equations in a Markdown text."""
    after_dollars = re.findall(r"\$\$[ \t]*\(([\w:-]+)\)", text)
    in_directives = re.findall(r"```\{math\}[^`]*?:label:\s*(\S+)", text)
    return after_dollars + in_directives


@cache
def labels_by_page():
    """Return the labels of the displayed equations of every page."""
    return {page: equation_labels(text_of(path)) for page, path in PAGE_FILES.items()}


def labels_named_in(code):
    """Return every string of a Python text that is meant as the label of an equation.

    That is a string passed as ``equation=`` or ``forward_equation=``, or one made of words and hyphens whose first word
    begins a label of the table. The labels of terms are looked at in ``tests/proof/test_sets.py``.
    """
    beginnings = {label.partition("-")[0] for label in PAGES}
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.keyword) and node.arg in ("equation", "forward_equation"):
            found |= {node.value.value} if isinstance(node.value, ast.Constant) else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            first, dash, _ = node.value.partition("-")
            if node.value in PAGES or (dash and first in beginnings and re.fullmatch(r"[\w-]+", node.value)):
                found.add(node.value)
    return sorted(found)


def pictures_without_description(notebook):
    """Return the code cells that show a picture and do not say in four words or more what is on it."""
    bare = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown = [output for output in cell.outputs if any(kind.startswith("image/") for kind in output.get("data", {}))]
        description = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if shown and len(description.split()) < 4:
            bare.append(cell.id)
    return bare


def bare_images(text):
    """Return the images of a Markdown text that have no description."""
    bare = re.findall(r"!\[\s*\]\([^)]*\)", text)
    bare += [tag for tag in re.findall(r"<img\b[^>]*>", text) if not re.search(r'\balt="[^"]+"', tag)]
    for directive in re.findall(r"(?:`{3,}|:{3,})\{(?:figure|image)\}.*?(?:`{3,}|:{3,})", text, re.DOTALL):
        if not re.search(r"^:alt:\s*\S|^alt:\s*\S", directive, re.MULTILINE):
            bare.append(directive.splitlines()[0])
    return bare


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_of_a_notebook_has_alt_text(path):
    assert pictures_without_description(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXT_PAGES], ids=lambda path: path.stem)
def test_every_image_in_the_text_of_a_page_has_alt_text(path):
    assert bare_images(text_of(path)) == []


@pytest.mark.parametrize("path", CHAPTER_NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_shows_a_figure_and_gives_every_figure_a_caption(path):
    shown = [
        cell
        for cell in cells(path, "code")
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
    ]
    assert shown, "a chapter has at least one figure"
    without = [cell.id for cell in shown if not cell.metadata["mystnb"].get("figure", {}).get("caption")]
    assert without == []


@pytest.mark.parametrize("label", PAGES)
def test_an_equation_is_defined_once_on_the_page_that_the_table_names_and_on_no_other(label):
    counts = {page: labels.count(label) for page, labels in labels_by_page().items() if label in labels}
    assert counts == {PAGES[label]: 1}


@pytest.mark.parametrize("label", PAGES)
def test_the_page_of_an_equation_writes_its_label_in_code_font_so_that_a_search_finds_it(label):
    # The roles {eq}`label` and {numref}`label` show a number, not the label.
    assert label in re.findall(r"(?<![}\w`])`([\w-]+)`", text_of(PAGE_FILES[PAGES[label]]))


def test_every_equation_that_the_autograder_names_is_in_the_table():
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "autograder").rglob("*.py")]
    labels = {label for text in code for label in labels_named_in(text)}
    assert len(labels) > 5
    assert labels - set(PAGES) == set()


def test_a_label_that_no_page_defines_is_found_where_the_autograder_names_it():
    code = 'terms("bptt-nothing"); Gradient(equation="lstm-c", forward_equation="gru-h", say="rnn-like, rnn_step")'
    assert labels_named_in(code) == ["bptt-nothing", "gru-h", "lstm-c"]


def test_every_chapter_is_in_the_table_of_contents_and_every_entry_has_a_file():
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = [contents["root"]]
    for part in contents["parts"]:
        for entry in part["chapters"]:
            listed += [entry["file"], *(section["file"] for section in entry.get("sections", []))]
    pages = set(PAGE_FILES)
    problem_sets = {f"problem-sets/{path.stem}" for path in (ROOT / "exercises").glob("*/*.ipynb")}
    assert sorted(listed) == sorted(pages | problem_sets)


def test_the_glossary_is_in_alphabetical_order_and_defines_no_term_twice():
    body = re.search(r"```\{glossary\}\n(.*?)```", text_of(BOOK / "glossary.md"), re.DOTALL).group(1)
    terms = [line for line in body.splitlines() if line and not line.startswith(" ")]
    order = [re.sub(r"[^a-z ]", " ", term.lower()) for term in terms]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_every_work_in_the_bibliography_names_its_authors_and_year():
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{([^,]+),(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert len(entries) > 15
    for key, fields in entries:
        author = re.search(r"author\s*=\s*[{\"](.+?)[}\"],?\n", fields).group(1)
        year = re.search(r"year\s*=\s*[{\"]?(\d{4})", fields).group(1)
        assert year in key, key
        surname = re.sub(r"[^a-z]", "", author.split(",")[0].lower())
        assert key.startswith(surname[:4]), key


def test_the_vendored_mathjax_is_the_released_files_and_has_its_license_beside_it():
    folder = BOOK / "_vendor" / "_static" / "mathjax"
    stated = re.findall(r"sha256 of (\S+): (\w+)", (folder / "README.txt").read_text(encoding="utf-8"))
    scripts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.js")}
    assert len(scripts) >= 5
    assert dict(stated) == {name: hashlib.sha256(data).hexdigest() for name, data in scripts.items()}
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_a_picture_without_alt_text_is_found():
    picture = nbformat.v4.new_output("display_data", data={"image/png": "AAAA"})
    for metadata, found in [
        ({}, 1),
        ({"mystnb": {"image": {"alt": "figure"}}}, 1),
        ({"mystnb": {"image": {"alt": "The loss falls from step to step."}}}, 0),
    ]:
        cell = nbformat.v4.new_code_cell("plt.show()", metadata=metadata, outputs=[picture])
        assert len(pictures_without_description(nbformat.v4.new_notebook(cells=[cell]))) == found


@pytest.mark.parametrize(
    "text",
    ["![](a.png)", '<img src="a.png">', '<img src="a.png" alt="">', "```{figure} a.png\nA caption.\n```"],
)
def test_an_image_in_the_text_without_alt_text_is_found(text):
    assert len(bare_images(text)) == 1


def test_an_image_in_the_text_with_alt_text_passes():
    text = '![a loop](a.png) <img src="a.png" alt="a loop">\n\n```{figure} a.png\n:alt: a loop\n\nA caption.\n```'
    assert bare_images(text) == []
