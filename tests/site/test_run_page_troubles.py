"""What the page run.html says where something stands in the way of a notebook."""

from pathlib import Path

import pytest

from tests.site.broken import NO_INDEXED_DB, NO_LOCAL_STORAGE, told, without
from tests.site.solving import Solving
from tools.learn import served

TRIED = "try-rnn-step-backward"


def test_a_name_that_is_no_notebook_of_the_course_is_refused(page, site):
    for name in (
        "",
        "../ps3.ipynb",
        "https://example.org/a.ipynb",
        "//example.org/a.ipynb",
        "uses/../ps3.ipynb",
        "a.py",
    ):
        assert told(page, f"{site}/run.html?open={name}").startswith("This address names no notebook of the course")
    assert told(page, f"{site}/run.html?open=ps99.ipynb").startswith("The course has no notebook ps99.ipynb")
    assert page.evaluate("document.getElementById('notebook').hidden")


def test_a_book_without_jupyterlite_says_what_to_type(page, html, tmp_path):
    with served(without(html, tmp_path / "book", "lite")) as bare:
        said = told(page, f"{bare}/run.html?open=ps3.ipynb")
    assert "make site" in said
    assert "make learn" in said


def test_a_browser_without_webassembly_is_told_which_have_it(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.WebAssembly")
    assert told(page, f"{site}/run.html?open=ps3.ipynb").startswith("This browser has no WebAssembly")


def test_without_any_storage_a_notebook_runs_and_the_page_says_that_work_is_lost(page, site, tmp_path):
    page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_INDEXED_DB + NO_LOCAL_STORAGE)
    memory = Solving(page, site, "ps3.ipynb").open()
    assert [one[:50] for one in memory.troubles()] == ["This browser keeps nothing for this page, perhaps "]
    memory.write(TRIED, "print(6 * 7)")
    memory.run(TRIED)
    assert memory.output(TRIED) == "42\n"
    assert "Saved" not in memory.status()
    assert "print(6 * 7)" in memory.download(tmp_path).read_text(encoding="utf-8")


def test_without_indexed_db_the_work_is_kept_elsewhere(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_INDEXED_DB)
    elsewhere = Solving(page, site, "ps3.ipynb").open()
    assert elsewhere.troubles() == []
    elsewhere.write(TRIED, "print(6 * 7)")
    elsewhere.open()
    assert elsewhere.source(TRIED) == "print(6 * 7)"


@pytest.mark.parametrize("absent", ["pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"])
def test_a_runtime_that_does_not_come_is_named_by_its_file(page, html, tmp_path, absent):
    with served(without(html, tmp_path / "book", f"lite/static/runtime/{absent}")) as broken:
        said = told(page, f"{broken}/run.html?open=ps3.ipynb")
        assert said.startswith(f"Python cannot be loaded, because {broken}/lite/static/runtime/{absent} does not come")
        assert page.evaluate("document.getElementById('status').textContent").startswith("Python is not loaded.")


def test_without_javascript_the_page_says_so(page, site):
    page.go(f"{site}/run.html?open=ps3.ipynb", scripts=False)
    assert "JavaScript is off" in page.evaluate("document.body.innerText")


def test_opened_from_a_file_the_page_says_how_to_serve_it(page, html):
    page.go(Path(html, "run.html").resolve().as_uri() + "?open=ps3.ipynb")
    said = page.evaluate("document.body.innerText")
    assert "python -m http.server" in said
    assert "make serve" in said
