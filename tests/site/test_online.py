"""The site as it is on the web: the runtime on another server, all else here."""

import functools
import http.server
import json
import subprocess
import threading

import pytest

from tests.site.notebook_app import opened, run
from tools.learn import served
from tools.site import KERNEL, OURS, ROOT


class OfAnotherOrigin(http.server.SimpleHTTPRequestHandler):
    """A server whose files every page may use, as Pyodide's own is."""

    asked: list[str] = []  # noqa: RUF012

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_):
        self.asked.append(self.path)


@pytest.fixture
def pyodide_server(html):
    """Serve the files of Pyodide, at another address than the site."""
    OfAnotherOrigin.asked.clear()
    handler = functools.partial(OfAnotherOrigin, directory=html / "lite/static/runtime")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def name_what_is_served(lock, offline, server):
    """Name in a lock file the wheels that the stand-in has: of pure Python it has PyPI's, not Pyodide's own."""
    entries, served_here = (json.loads(path.read_text()) for path in (lock, offline))
    for name, entry in served_here["packages"].items():
        if name not in (*KERNEL, *OURS):  # these lie with the site
            entries["packages"][name] = entry | {"file_name": server + entry["file_name"]}
    lock.write_text(json.dumps(entries))


def test_the_runtime_comes_from_pyodides_server_and_the_course_from_the_site(pyodide_server, html, tmp_path, page):
    python = ROOT / "_build/site-venv/bin/python"
    command = [python, "-m", "tools.site", "build", tmp_path, "--server", pyodide_server]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert {path.name.split("-")[0] for path in (tmp_path / "lite/static/runtime").iterdir()} == {
        "pyodide", "comm", "piplite", "ipykernel", "pyodide_kernel", "unrolled_course",
    }  # fmt: skip
    runtime = "lite/static/runtime/pyodide-lock.json"
    name_what_is_served(tmp_path / runtime, html / runtime, pyodide_server)
    with served(tmp_path) as site:
        opened(page, f"{site}/lite/notebooks/index.html?path=ps3.ipynb")
        said = run(page, "import numpy, autograder; print('there', autograder.__file__.startswith('/lib'))")
    assert said == "there True\n"
    fetched = {path.rpartition("/")[2].split("-")[0] for path in OfAnotherOrigin.asked if " 200 " not in path}
    assert {"pyodide.mjs", "pyodide.asm.wasm", "numpy", "ipython"} <= fetched
    assert "unrolled_course" not in fetched
