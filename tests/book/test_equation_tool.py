"""The equation tool: which labels it reads from the book, and what it refuses."""

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

TOOL = Path(__file__).resolve().parents[2] / "tools" / "equations.py"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Load the tool for a book of one page, beside which it keeps its table."""
    spec = importlib.util.spec_from_file_location("equations_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BOOK", tmp_path / "book")
    monkeypatch.setattr(module, "TABLE", tmp_path / "equations.json")
    page(tmp_path, "02-two.md", equation("rnn-step"))
    return module


def equation(label):
    return f"Equation `{label}`:\n\n$$\nh = 1\n$$ ({label})\n"


def page(tmp_path, name, text):
    path = tmp_path / "book" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def notebook(*cells):
    return writes(new_notebook(cells=cells))


def run(tool, *arguments):
    return CliRunner().invoke(tool.main, ["write", *arguments])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$$ a = 1 $$ (one)", ["one"]),
        ("$$\na\n$$ (one)\n\ntext\n\n$$\nb\n$$ (two)", ["one", "two"]),
        ("- a list\n\n  $$\n  a\n  $$ (one)", ["one"]),
        ("```{math}\n:label: one\na = 1\n```", ["one"]),
        ("```{math}\n---\nlabel: one\n---\na = 1\n```", ["one"]),
        (":::{math}\n:label: one\na = 1\n:::", ["one"]),
        (":::{admonition} Title\n:class: note\n\n$$\na\n$$ (one)\n:::", ["one"]),
        ("````{dropdown} Why\n```{math}\n:label: one\na = 1\n```\n````", ["one"]),
        ("$$\na\n$$", []),
        ("The sum $a$ (one) and $$b$$, `$$ c $$ (two)`.", []),
        ("```text\n$$\na\n$$ (one)\n```", []),
        ("````markdown\n```{math}\n:label: one\na\n```\n````", []),
        ("```{code-block} text\n$$\na\n$$ (one)\n```", []),
        ("<!--\n$$\na\n$$ (one)\n-->", []),
    ],
)
def test_the_labels_of_displayed_equations_are_found_and_nothing_else(tool, text, found):
    assert list(tool.labels(text)) == found


def test_the_table_names_the_page_of_every_label_in_order(tool, tmp_path):
    code = new_code_cell(f'text = """\n\n{equation("no")}"""')
    page(tmp_path, "03-three.ipynb", notebook(new_markdown_cell(equation("bptt-dWh")), code))
    page(tmp_path, "folklore/k01-one.md", equation("k01-bits"))
    assert run(tool).exit_code == 0
    written = json.loads(tool.TABLE.read_text(encoding="utf-8"))
    assert list(written.items()) == [
        ("bptt-dWh", "03-three"),
        ("k01-bits", "folklore/k01-one"),
        ("rnn-step", "02-two"),
    ]


@pytest.mark.parametrize("name", ["problem-sets/ps2.md", ".ipynb_checkpoints/02-two.md", "_build/02-two.md"])
def test_copies_of_pages_are_not_read(tool, tmp_path, name):
    page(tmp_path, name, equation("rnn-step"))
    assert tool.table(tmp_path / "book") == {"rnn-step": "02-two"}


def test_a_second_run_changes_nothing_and_the_check_passes(tool):
    assert "equations.json: written" in run(tool).output
    before = tool.TABLE.read_bytes()
    assert run(tool).output == "1 equations, equations.json unchanged\n"
    assert tool.TABLE.read_bytes() == before
    checked = run(tool, "--check")
    assert (checked.exit_code, checked.output) == (0, "1 equations, equations.json unchanged\n")


def test_the_check_refuses_a_stale_table_names_the_difference_and_writes_nothing(tool, tmp_path):
    run(tool)
    before = tool.TABLE.read_bytes()
    page(tmp_path, "02-two.md", equation("rnn-stride"))
    checked = run(tool, "--check")
    assert checked.exit_code == 1
    assert checked.output == (
        "equations.json: not what the book says\n"
        '  -   "rnn-step": "02-two"\n'
        '  +   "rnn-stride": "02-two"\n'
        "To write it: python tools/equations.py write\n"
    )
    assert tool.TABLE.read_bytes() == before


@pytest.mark.parametrize("text", [None, "", "no table", '{"rnn-step":"02-two"}'])
def test_the_check_refuses_a_table_that_is_missing_or_written_by_hand(tool, text):
    if text is not None:
        tool.TABLE.write_text(text, encoding="utf-8")
    assert run(tool, "--check").exit_code == 1
    assert tool.TABLE.exists() == (text is not None)


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("03-three.md", equation("rnn-step"), "on pages 02-two and 03-three"),
        ("03-three.ipynb", notebook(new_markdown_cell(equation("rnn-step"))), "on pages 02-two and 03-three"),
        ("02-two.md", equation("rnn-step") + "```{math}\n:label: rnn-step\na\n```\n", "on page 02-two"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_a_label_defined_twice_is_refused_in_one_sentence(tool, tmp_path, name, text, where, arguments):
    run(tool)
    before = tool.TABLE.read_bytes()
    page(tmp_path, name, text)
    result = run(tool, *arguments)
    assert result.exit_code == 1
    sentence = f"Equation rnn-step is defined twice, {where}; give one of them another label."
    assert result.output == f"Error: {sentence}\n"
    assert tool.TABLE.read_bytes() == before


@pytest.mark.parametrize("label", ["rnn_step", "rnn:step", "rnn--step", "rnn-step-"])
def test_a_label_whose_anchor_is_not_the_label_in_lower_case_is_refused(tool, tmp_path, label):
    page(tmp_path, "02-two.md", equation(label))
    result = run(tool)
    assert result.exit_code == 1
    assert result.output == (
        f"Error: The label {label!r} on page 02-two is not made of letters, digits and single hyphens; rename it.\n"
    )


def test_the_table_of_the_course_is_what_the_book_says(tool, monkeypatch):
    root = TOOL.parents[1]
    monkeypatch.setattr(tool, "BOOK", root / "book")
    monkeypatch.setattr(tool, "TABLE", root / "autograder" / "engine" / "equations.json")
    assert run(tool, "--check").exit_code == 0
