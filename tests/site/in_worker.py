"""Pyodide in a worker of a page, as the built site serves it: files go in, code runs, what it says comes out."""

import json
import time
from collections.abc import Iterator

START = """
(async (lite, packages) => {
  const settings = await (await fetch(lite + "jupyter-lite.json")).json();
  const plugins = settings["jupyter-config-data"].litePluginSettings;
  const { pyodideUrl } = plugins["@jupyterlite/pyodide-kernel-extension:kernel"];
  const runtime = new URL(pyodideUrl, lite).href;
  const lockFileURL = lite + "static/runtime/pyodide-lock.json";
  const source = `
    let python;
    onmessage = async ({ data: { files, code } }) => {
      try {
        if (!python) {
          const { loadPyodide } = await import("${runtime}");
          python = await loadPyodide(${JSON.stringify({ lockFileURL, packages })});
        }
        for (const [path, text] of Object.entries(files)) {
          python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
          python.FS.writeFile(path, text);
        }
        await python.runPythonAsync(code);
        postMessage({ ended: true });
      } catch (error) {
        postMessage({ failed: String(error) });
      }
    };`;
  window.said = [];
  window.worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
  worker.onmessage = ({ data }) => said.push(data);
  worker.onerror = ({ message }) => said.push({ failed: message });
})"""
HEAR = """new Promise((done) => {
  const until = Date.now() + 1000;
  const listen = () => (said.length || Date.now() > until ? done(said.splice(0)) : setTimeout(listen, 10));
  listen();
})"""


class WorkerFailed(RuntimeError):
    """The code raised, Pyodide did not start, or nothing was heard in time."""


class Worker:
    """Pyodide in a worker of a page.

    Parameters
    ----------
    page : tests.book.browser.Page
    site : str
        Address of the site, without a final slash.
    packages : sequence of str
        Packages of the site's lock file that are loaded at the start.
    """

    def __init__(self, page, site, packages=("unrolled-course",)) -> None:
        self.page = page
        page.go(f"{site}/lite/static/runtime/pyodide-lock.json")  # no page is smaller, and it is of the same origin
        page.evaluate(f'{START}("{site}/lite/", {json.dumps(packages)})')

    def tell(self, code: str, files: dict[str, str] | None = None) -> None:
        """Write files and run code; do not wait."""
        self.page.evaluate(f"worker.postMessage({json.dumps({'code': code, 'files': files or {}})})")

    def hear(self, seconds: float) -> Iterator[str]:
        """Yield the texts that the code passes to ``js.postMessage``, until it ends.

        Parameters
        ----------
        seconds : float
            How long there may be silence.

        Raises
        ------
        WorkerFailed
        """
        heard = time.monotonic()
        while time.monotonic() - heard < seconds:
            for message in self.page.evaluate(HEAR):
                heard = time.monotonic()
                if isinstance(message, str):
                    yield message
                elif "failed" in message:
                    raise WorkerFailed(message["failed"])
                else:
                    return
        raise WorkerFailed(f"Pyodide has said nothing for {seconds:g} s.")

    def run(self, code: str, files: dict[str, str] | None = None, seconds: float = 120) -> list[str]:
        """Write files, run code, and return what it said."""
        self.tell(code, files)
        return list(self.hear(seconds))

    def stop(self) -> None:
        """End the worker, whatever it is doing."""
        self.page.evaluate("worker.terminate()")
