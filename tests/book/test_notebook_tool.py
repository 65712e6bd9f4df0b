"""The notebook tool: one form for every committed notebook."""

import importlib.util
import json
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOOL = Path(__file__).resolve().parents[2] / "tools" / "notebooks.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("notebooks_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def untidy_notebook():
    """Return a notebook as an editor leaves it: random ids, counts, timestamps, a stream in two pieces."""
    code = new_code_cell(
        "def rnn_step(x):\n    return x\n\nprint(1)\n1",
        id="1f2e3d4c",
        execution_count=17,
        metadata={
            "execution": {"iopub.status.busy": "2026-01-01T10:00:00Z"},
            "collapsed": False,
            "tags": ["hide-input"],
            "mystnb": {"image": {"alt": "a curve"}},
        },
        outputs=[
            new_output("stream", name="stdout", text="1\n"),
            new_output("stream", name="stdout", text="2\n"),
            new_output("execute_result", data={"text/plain": "1"}, execution_count=17),
        ],
    )
    graded = new_code_cell(
        'check("rnn_step")',
        id="abcdef01",
        metadata={"nbgrader": {"grade_id": "rnn-step-check", "grade": True, "points": 2}},
    )
    return new_notebook(
        cells=[
            new_markdown_cell("# The step\nText", id="0a0b0c0d"),
            new_markdown_cell("More text", id="why-it-works"),
            code,
            graded,
            new_code_cell("", id="11111111"),
        ],
        metadata={
            "kernelspec": {"display_name": "my env", "name": "conda-env-x", "language": "python"},
            "language_info": {"name": "python", "version": "3.11.2"},
            "widgets": {"state": {}},
        },
    )


def save(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


def run(tool, *arguments):
    return CliRunner().invoke(tool.main, [str(argument) for argument in arguments])


def test_cell_ids_come_from_grade_id_then_the_sensible_id_then_the_content(tool):
    result = tool.normalized(untidy_notebook(), outputs=True)
    assert [cell.id for cell in result.cells] == [
        "the-step",
        "why-it-works",
        "rnn-step",
        "rnn-step-check",
        "cell-5",
    ]


def test_cells_with_equal_content_get_different_ids(tool):
    cells = [new_code_cell("plt.show()", id=f"0000000{number}") for number in range(3)]
    result = tool.normalized(new_notebook(cells=cells), outputs=True)
    assert [cell.id for cell in result.cells] == ["plt-show", "plt-show-2", "plt-show-3"]


def test_an_id_used_twice_is_kept_by_the_first_cell_only(tool):
    notebook = new_notebook(cells=[new_code_cell("a = 1"), new_code_cell("b = 2")])
    for cell in notebook.cells:
        cell.id = "same"
    result = tool.normalized(notebook, outputs=True)
    assert [cell.id for cell in result.cells] == ["same", "b-2"]


def test_every_id_made_from_content_is_valid_and_stays_when_the_text_is_edited(tool):
    texts = ["# " + "a very long heading " * 9, "# deadbeef", "日本語", "# Σ", "```{note}\n```", "x" * 200]
    notebook = new_notebook(cells=[new_markdown_cell(text, id=f"{n:08x}") for n, text in enumerate(texts)])
    once = tool.normalized(notebook, outputs=True)
    edited = once.copy()
    for cell in edited.cells:
        cell.source = "# Another text"
    twice = tool.normalized(edited, outputs=True)
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", cell.id) for cell in once.cells)
    assert [cell.id for cell in once.cells] == [cell.id for cell in twice.cells]


def test_counts_timestamps_and_editor_traces_go_and_tags_and_alt_text_stay(tool):
    result = tool.normalized(untidy_notebook(), outputs=True)
    code = result.cells[2]
    assert code.execution_count == 1
    assert code.outputs[-1].execution_count == 1
    assert code.metadata == {"tags": ["hide-input"], "mystnb": {"image": {"alt": "a curve"}}}
    assert result.metadata == tool.NOTEBOOK_METADATA
    assert result.metadata["kernelspec"]["name"] == "python3"


def test_a_stream_that_arrived_in_pieces_is_joined(tool):
    code = tool.normalized(untidy_notebook(), outputs=True).cells[2]
    assert [(output.output_type, output.get("text")) for output in code.outputs] == [
        ("stream", "1\n2\n"),
        ("execute_result", None),
    ]


def test_stdout_and_stderr_are_not_joined(tool):
    outputs = [new_output("stream", name=name, text="a\n") for name in ("stdout", "stderr", "stdout")]
    result = tool.normalized(new_notebook(cells=[new_code_cell("f()", outputs=outputs)]), outputs=True)
    assert [output.name for output in result.cells[0].outputs] == ["stdout", "stderr", "stdout"]


def test_a_figure_loses_the_date_on_which_it_was_drawn_and_the_check_says_so(tool):
    svg = "<svg>\n <metadata>\n  <dc:date>2026-01-01</dc:date>\n </metadata>\n <path/>\n</svg>"
    drawn = new_output("display_data", data={"image/svg+xml": svg})
    before = new_notebook(cells=[new_code_cell("plot()", outputs=[drawn])])
    after = tool.normalized(before, outputs=True)
    assert after.cells[0].outputs[0].data["image/svg+xml"] == "<svg>\n <path/>\n</svg>"
    assert any("carries the date" in difference for difference in tool.differences(before, after))


def test_the_notebook_passed_in_is_not_changed(tool):
    notebook = untidy_notebook()
    before = nbformat.writes(notebook)
    tool.normalized(notebook, outputs=False)
    assert nbformat.writes(notebook) == before


def test_normalize_writes_a_valid_notebook_and_a_second_run_changes_nothing(tool, tmp_path):
    path = save(untidy_notebook(), tmp_path / "book" / "chapter.ipynb")
    first = run(tool, "normalize", path)
    text = path.read_text(encoding="utf-8")
    second = run(tool, "normalize", path)
    assert first.exit_code == second.exit_code == 0
    assert "1 notebooks, 1 changed" in first.output
    assert "1 notebooks, 0 changed" in second.output
    assert path.read_text(encoding="utf-8") == text
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert (json.loads(text)["nbformat"], json.loads(text)["nbformat_minor"]) == (4, 5)


def test_check_names_the_file_and_every_difference_and_writes_nothing(tool, tmp_path):
    path = save(untidy_notebook(), tmp_path / "chapter.ipynb")
    before = path.read_bytes()
    result = run(tool, "normalize", "--check", path)
    assert result.exit_code == 1
    assert path.read_bytes() == before
    assert f"{path}: not in normal form" in result.output
    for difference in [
        "the notebook: metadata that does not belong here: widgets",
        "the notebook: metadata not in normal form: kernelspec, language_info",
        "cell 1 (the-step): the id is '0a0b0c0d', expected 'the-step'",
        "cell 3 (rnn-step): metadata that does not belong here: collapsed, execution",
        "cell 3 (rnn-step): the execution count is 17, expected 1",
        "cell 3 (rnn-step): an output has another execution count than its cell",
        "To normalize them: python tools/notebooks.py normalize",
    ]:
        assert difference in result.output


def test_check_finds_a_file_whose_json_alone_differs(tool, tmp_path):
    path = save(untidy_notebook(), tmp_path / "chapter.ipynb")
    run(tool, "normalize", path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    result = run(tool, "normalize", "--check", path)
    assert result.exit_code == 1
    assert "the JSON is not laid out as nbformat does it" in result.output


def test_check_passes_on_a_normalized_notebook(tool, tmp_path):
    path = save(untidy_notebook(), tmp_path / "chapter.ipynb")
    run(tool, "normalize", path)
    result = run(tool, "normalize", "--check", path)
    assert (result.exit_code, result.output) == (0, "1 notebooks, 0 to normalize\n")


def test_a_problem_set_loses_its_outputs_and_a_chapter_keeps_them(tool, tmp_path):
    problem_set = save(untidy_notebook(), tmp_path / "solutions" / "ps2" / "ps2.ipynb")
    chapter = save(untidy_notebook(), tmp_path / "book" / "chapter.ipynb")
    checked = run(tool, "normalize", "--check", problem_set)
    run(tool, "normalize", problem_set, chapter)
    assert "cell 3 (rnn-step): it has outputs, and a problem set carries none" in checked.output
    assert nbformat.read(problem_set, as_version=4).cells[2].outputs == []
    assert len(nbformat.read(chapter, as_version=4).cells[2].outputs) == 2


def test_a_notebook_of_nbformat_4_4_without_ids_gets_the_same_ids_every_time(tool, tmp_path):
    notebook = untidy_notebook()
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    texts = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        assert run(tool, "normalize", path).exit_code == 0
        texts.append(path.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["cells"][1]["id"] == "more-text"


def test_two_cells_with_one_grade_id_are_refused_by_name(tool, tmp_path):
    notebook = untidy_notebook()
    notebook.cells.append(new_code_cell("pass", metadata={"nbgrader": {"grade_id": "rnn-step-check"}}))
    path = save(notebook, tmp_path / "ps2.ipynb")
    before = path.read_bytes()
    result = run(tool, "normalize", path)
    assert result.exit_code == 1
    assert f"{path}: two cells have the nbgrader id 'rnn-step-check'" in result.output
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("[", "not a Jupyter notebook"),
        ('{"a": 1}', "not a Jupyter notebook"),
        ('{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}', "nbformat 3; save it"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_name_of_the_file(tool, tmp_path, content, message):
    path = tmp_path / "broken.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = run(tool, "normalize", path)
    assert result.exit_code == 1
    assert f"{path}: " in result.output
    assert message in result.output


def test_execute_stores_the_outputs_in_normal_form_and_runs_beside_the_file(tool, tmp_path):
    (tmp_path / "word.txt").write_text("unrolled", encoding="utf-8")
    cells = [new_code_cell("from pathlib import Path\nPath('word.txt').read_text()", id="99999999")]
    path = save(new_notebook(cells=cells), tmp_path / "chapter.ipynb")
    executed = run(tool, "execute", path)
    assert executed.exit_code == 0, executed.output
    cell = nbformat.read(path, as_version=4).cells[0]
    assert cell.outputs[0].data["text/plain"] == "'unrolled'"
    assert run(tool, "normalize", "--check", path).exit_code == 0


def test_execute_leaves_the_file_as_it_was_when_a_cell_fails(tool, tmp_path):
    path = save(new_notebook(cells=[new_code_cell("print(1)"), new_code_cell("1 / 0")]), tmp_path / "c.ipynb")
    before = path.read_bytes()
    result = run(tool, "execute", path)
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.output
    assert path.read_bytes() == before


def test_every_chapter_and_solution_of_the_course_is_in_normal_form(tool):
    paths = tool.default_paths()
    assert paths, "no chapter was found"
    result = run(tool, "normalize", "--check", *paths)
    assert result.exit_code == 0, result.output
