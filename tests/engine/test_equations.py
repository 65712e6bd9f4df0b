"""The sentence that sends a learner to an equation of the book."""

import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.engine.equations import page_of, see

ENGINE = Path(__file__).resolve().parents[2] / "autograder" / "engine"
PAGE = "03-backpropagation-through-time"


@pytest.fixture(autouse=True)
def no_served_book(monkeypatch):
    """Forget the book that `make learn` serves, should these tests run in a terminal of its JupyterLab."""
    monkeypatch.delenv("UNROLLED_BOOK", raising=False)


def test_the_page_of_an_equation_is_the_one_that_defines_it():
    assert page_of("bptt-dh") == PAGE
    assert page_of("rnn-step") == "02-the-recurrent-neural-network"


def test_a_label_that_no_page_defines_has_no_page():
    assert page_of("foo") is None
    assert page_of("") is None


def test_a_reader_is_sent_to_the_page_and_the_place_in_it():
    assert see("bptt-dh") == f"See equation bptt-dh in the book: {PAGE}.html#equation-bptt-dh"


def test_the_place_in_the_page_is_in_lower_case_as_sphinx_writes_it():
    assert see("bptt-dWh") == f"See equation bptt-dWh in the book: {PAGE}.html#equation-bptt-dwh"


@pytest.mark.parametrize("label", ["foo", "bptt-nothing", "BPTT-DH", "a b"])
@pytest.mark.parametrize("book", ["", "http://localhost:8000"])
def test_an_equation_that_no_page_defines_is_named_without_an_address(label, book, monkeypatch):
    monkeypatch.setenv("UNROLLED_BOOK", book)
    assert see(label) == f"See equation {label}."


@pytest.mark.parametrize(
    "book",
    [
        "http://localhost:8000",
        "http://localhost:8000/",
        "http://127.0.0.1:40123",
        "https://example.org/courses/unrolled",
        "https://example.org/courses/unrolled/",
        "http://[::1]:8000",
    ],
)
def test_the_address_is_whole_where_the_book_is_served(book, monkeypatch):
    monkeypatch.setenv("UNROLLED_BOOK", book)
    expected = f"See equation bptt-dWh in the book: {book.rstrip('/')}/{PAGE}.html#equation-bptt-dwh"
    assert see("bptt-dWh") == expected


@pytest.mark.parametrize(
    "book",
    [
        "",
        "localhost:8000",
        "http://",
        "ftp://example.org",
        "file:///home/ada/_build/html",
        "javascript:alert(1)//http://example.org",
        "http://example.org/a b",
        "http://example.org\n",
        "http://example.org/\x1b[31m",
        "see http://example.org",
    ],
)
def test_what_is_not_an_http_address_is_ignored(book, monkeypatch):
    monkeypatch.setenv("UNROLLED_BOOK", book)
    assert see("bptt-dh") == f"See equation bptt-dh in the book: {PAGE}.html#equation-bptt-dh"


def test_the_table_is_found_in_an_archive_with_nothing_but_the_standard_library(tmp_path):
    with zipfile.ZipFile(tmp_path / "course.zip", "w") as archive:
        archive.writestr("autograder/__init__.py", "")
        for name in ("__init__.py", "equations.py", "equations.json"):
            archive.write(ENGINE / name, f"autograder/engine/{name}")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'course.zip')!r})\n"
        "from autograder.engine import equations; print(equations.__file__); print(equations.page_of('bptt-dh'))"
    )
    # Without -S the packages of this environment, NumPy among them, could be imported.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert run.stderr == ""
    where, page = run.stdout.splitlines()
    assert where.startswith(str(tmp_path / "course.zip"))
    assert page == PAGE


@pytest.mark.parametrize(
    "script",
    ["https://school.example/rnn/lite/extensions/kernel/static/worker.js", "https://school.example/rnn/live/worker.js"],
)
def test_in_a_browser_the_address_is_that_of_the_book_around_the_script_that_runs_python(monkeypatch, script):
    monkeypatch.setattr("sys.platform", "emscripten")
    monkeypatch.setitem(sys.modules, "js", SimpleNamespace(location=SimpleNamespace(href=script)))
    assert see("bptt-dh").endswith(": https://school.example/rnn/03-backpropagation-through-time.html#equation-bptt-dh")
