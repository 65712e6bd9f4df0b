"""`tools/site.py` uses no file that is not the one its lock names, and says in a sentence what stands in the way."""

import http.client
import io
import json
import urllib.request
from pathlib import Path

import pytest

from tools import site

WHOLE = json.loads(site.LOCK.read_text())["packages"]


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Let downloads lie in an empty folder, and no network be there."""
    monkeypatch.setattr(site, "DOWNLOADS", tmp_path / "downloads")
    site.DOWNLOADS.mkdir()

    def refused(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refused)
    monkeypatch.setattr(site, "pip_download", lambda *_: False)
    return site.DOWNLOADS


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Have the wheels from PyPI."""
    folder = tmp_path / "pinned"
    folder.mkdir()
    names = [line.split("==")[0] for line in site.FROM_PYPI.read_text().splitlines() if "==" in line]
    pinned = {name: folder / f"{name.replace('-', '_')}-1-py3-none-any.whl" for name in names}
    for name, path in pinned.items():
        path.write_bytes(f"a wheel of {name}".encode())
    monkeypatch.setattr(site, "pinned_wheels", lambda: pinned)
    return pinned


def entry(name, content, depends=()):
    file = f"{name}-1-cp314-wasm32.whl"
    return {"file_name": file, "sha256": site.sha256(content), "depends": list(depends), "imports": [name]}


def test_the_lock_names_all_that_its_packages_depend_on_each_with_a_digest():
    assert {"numpy", "matplotlib", "ipython"} <= WHOLE.keys()
    for package in WHOLE.values():
        assert {site.spelled(name) for name in package["depends"]} <= WHOLE.keys()
        assert len(bytes.fromhex(package["sha256"])) == 32


def test_a_closure_follows_what_packages_depend_on_however_it_is_spelled():
    packages = {"A": {"depends": ["b_c"]}, "b.c": {"depends": ["d"]}, "d": {"depends": []}, "e": {"depends": ["A"]}}
    assert list(site.closure(packages, ("a",))) == ["a", "b-c", "d"]


def test_whatever_is_compiled_for_the_browser_is_pinned_by_the_lock_and_all_else_by_the_requirements():
    pinned = site.FROM_PYPI.read_text()
    for name, package in WHOLE.items():
        carried = "wasm32" in package["file_name"] or name in {
            "cycler", "fonttools", "micropip", "packaging", "pyparsing", "python-dateutil", "pytz", "six",
        }  # fmt: skip
        assert carried != (f"{name}=={package['version']} " in pinned), name


def test_without_a_network_one_sentence_names_the_file_and_where_it_was_sought(downloads, wheels, tmp_path):
    with pytest.raises(
        site.SiteError, match=r"numpy-1-cp314-wasm32.whl .* found neither on https://\S+ nor on npm nor in open-webui"
    ):
        site.runtime_offline(tmp_path, {}, {"numpy": entry("numpy", b"right"), "ipython": entry("ipython", b"other")})


def test_a_server_that_gives_another_file_is_not_believed(downloads, wheels, tmp_path, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"<html>Please log in</html>"))
    packages = {"numpy": entry("numpy", b"right"), "ipython": entry("ipython", b"other")}
    with pytest.raises(site.SiteError, match="numpy-1"):
        site.runtime_offline(tmp_path, {}, packages)
    assert not list(downloads.glob("numpy*"))


def test_what_pyodide_is_made_of_comes_from_npm_where_its_server_is_not_reached(
    downloads, wheels, tmp_path, monkeypatch
):
    monkeypatch.setattr(site, "npm_package", lambda: {"pyodide.mjs": b"core", "readme": b"", "pyodide.js": b""})
    packages = {"ipython": entry("ipython", b"other")}
    site.runtime_offline(tmp_path, {"pyodide.mjs": site.sha256(b"core")}, packages)
    assert (tmp_path / "pyodide.mjs").read_bytes() == b"core"
    assert [path.name for path in downloads.iterdir()] == ["pyodide.mjs"]


def test_what_the_server_has_is_used_and_kept_and_pure_python_comes_from_pypi(downloads, wheels, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, **_: asked.append(url) or io.BytesIO(b"right"))
    packages = {"numpy": entry("numpy", b"right"), "ipython": entry("ipython", b"other", ["pygments"])}
    found = site.runtime_offline(tmp_path, {}, packages)
    assert asked == [site.SERVER + "numpy-1-cp314-wasm32.whl"]
    assert found["numpy"] == packages["numpy"]
    assert (tmp_path / found["numpy"]["file_name"]).read_bytes() == b"right"
    assert found["ipython"]["sha256"] == site.sha256(wheels["ipython"].read_bytes())
    assert found["ipython"]["depends"] == ["pygments", "ipython-pygments-lexers"]
    assert "ipython-pygments-lexers" in found
    site.runtime_offline(tmp_path, {}, {"numpy": packages["numpy"], "ipython": entry("ipython", b"other")})
    assert len(asked) == 1


def test_a_file_that_was_damaged_on_the_disk_is_fetched_again(downloads, wheels, tmp_path, monkeypatch):
    (downloads / "numpy-1-cp314-wasm32.whl").write_bytes(b"rig")
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"right"))
    site.runtime_offline(tmp_path, {}, {"numpy": entry("numpy", b"right"), "ipython": entry("ipython", b"other")})
    assert (tmp_path / "numpy-1-cp314-wasm32.whl").read_bytes() == b"right"


@pytest.mark.parametrize("error", [OSError("refused"), TimeoutError("slow"), http.client.IncompleteRead(b"")])
def test_npm_that_is_not_reached_is_named_in_one_sentence(downloads, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", fails)
    with pytest.raises(site.SiteError, match=r"pyodide-[\d.]+tgz could not be loaded"):
        site.npm_package()


def test_a_package_from_npm_that_is_another_is_not_kept(downloads, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"something else"))
    with pytest.raises(site.SiteError, match="nothing of it was used"):
        site.npm_package()
    assert not list(downloads.iterdir())


def test_wheels_from_pypi_that_are_not_there_are_asked_for_once_and_named(downloads, monkeypatch):
    asked = []
    monkeypatch.setattr(site, "pip_download", lambda *arguments: bool(asked.append(arguments)))
    with pytest.raises(site.SiteError, match=r"requirements-runtime\.txt"):
        site.pinned_wheels()
    assert len(asked) == 1
    assert "--require-hashes" in asked[0]


def test_every_released_set_and_every_page_made_from_a_notebook_lies_in_the_browsers_folder():
    lying = {name: path for path, name in site.notebooks()}
    root = Path(site.ROOT)
    assert {f"{path.name}.ipynb" for path in (root / "solutions").iterdir()} <= lying.keys()
    pages = {path.relative_to(root / "book").as_posix() for path in (root / "book").rglob("*.ipynb")}
    assert {page for page in pages if not page.startswith("problem-sets/")} <= lying.keys()
    assert not any("solutions" in path.parts for path in lying.values())
