"""Serve the built book while JupyterLab runs, so that the messages of checks are links into the book."""

import contextlib
import functools
import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing: the terminal belongs to JupyterLab."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    str
        The address of its root, without a final slash. Nobody answers there when the context is left.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("book", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("command", nargs=-1, required=True)
def main(book: Path, command: tuple[str, ...]) -> None:
    """Serve the folder BOOK until COMMAND ends; COMMAND finds the address in UNROLLED_BOOK."""
    # Ctrl-C reaches JupyterLab too, which asks whether to stop. The book is there until it has stopped.
    signal.signal(signal.SIGINT, lambda *_: None)
    with served(book) as address:
        click.echo(f"The book is on {address} until JupyterLab ends.")
        process = subprocess.Popen(command, env={**os.environ, "UNROLLED_BOOK": address})
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.terminate())
        code = process.wait()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
