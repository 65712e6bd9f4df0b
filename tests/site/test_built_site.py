"""What `make site` lays below the book: all of the course, each file as its lock names it, and no address elsewhere."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.book.page_requests import is_foreign
from tools import site as tool

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


@pytest.fixture(scope="module")
def lock(html):
    return json.loads((html / "lite/static/runtime/pyodide-lock.json").read_text())


@pytest.fixture(scope="module")
def runtime(html):
    return html / "lite/static/runtime"


def test_every_file_of_the_runtime_is_there_as_its_lock_names_it(runtime, lock):
    for package in lock["packages"].values():
        content = (runtime / package["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package["sha256"], package["file_name"]
    for name in tool.CORE:
        assert (runtime / name).stat().st_size > 10_000


def test_what_is_compiled_is_what_pyodides_own_lock_names(lock):
    own = json.loads(tool.LOCK.read_text())["packages"]
    compiled = [name for name, package in lock["packages"].items() if "wasm32" in package["file_name"]]
    assert {"numpy", "matplotlib"} <= set(compiled)
    assert [lock["packages"][name]["sha256"] for name in compiled] == [own[name]["sha256"] for name in compiled]


def test_a_browser_is_told_of_no_other_host(html, runtime, lock):
    assert not [package["file_name"] for package in lock["packages"].values() if is_foreign(package["file_name"])]
    config = json.loads((html / "lite/jupyter-lite.json").read_text())["jupyter-config-data"]
    kernel = config["litePluginSettings"][KERNEL]
    assert (html / "lite" / kernel["pyodideUrl"]).samefile(runtime / "pyodide.mjs")
    assert kernel["disablePyPIFallback"] is True


def test_the_wheel_of_the_course_holds_every_module_and_nothing_of_the_solutions(runtime, lock):
    package = lock["packages"]["unrolled-course"]
    assert set(package["imports"]) == {"unrolled", "autograder"}
    with zipfile.ZipFile(runtime / package["file_name"]) as wheel:
        names = wheel.namelist()
    modules = {
        path.relative_to(tool.ROOT).as_posix()
        for room in package["imports"]
        for path in (tool.ROOT / room).rglob("*.py")
    }
    assert modules == {name for name in names if name.endswith(".py")}
    assert not [name for name in names if re.search(r"solution|wrong|__pycache__|tests/", name)]


def test_every_notebook_lies_there_with_its_code_and_its_graded_cells_as_they_are(html):
    for path, name in tool.notebooks():
        if path.suffix == ".json":
            continue
        lying, ours = (nbformat.read(file, 4).cells for file in (html / "lite/files" / name, path))
        told = [
            [(cell.source, cell.metadata.get("nbgrader")) for cell in cells if cell.cell_type == "code"]
            for cells in (lying, ours)
        ]
        assert told[0] == told[1], name
        if name.startswith("ps"):
            assert lying == ours, name
        folder, _, last = name.rpartition("/")
        listed = json.loads((html / "lite/api/contents" / folder / "all.json").read_text())
        assert last in [item["name"] for item in listed["content"]]


def test_no_text_of_a_notebook_is_in_pieces_which_jupyterlite_joins_with_commas(html):
    for _, name in tool.notebooks():
        for cell in json.loads((html / "lite/files" / name).read_text()).get("cells", ()):
            outputs = cell.get("outputs", [])
            texts = [cell["source"], *(text for output in outputs for text in output.get("data", {}).values())]
            texts += [output["text"] for output in outputs if "text" in output]
            assert not [text for text in texts if isinstance(text, list)], name


def test_no_file_of_it_is_a_map_of_sources_or_larger_than_a_store_of_pages_takes(html):
    files = [path for path in Path(html, "lite").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".map"]
    assert max(path.stat().st_size for path in files) < 25_000_000
    assert sum(path.stat().st_size for path in files) < 70_000_000
