"""The formgrader of a course, served as JupyterLab serves it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from test_nbgrader_integration import wait_for

TOKEN = "secret"


@contextmanager
def formgrader(course, home) -> Iterator[str]:
    """Serve the formgrader of a course, and give its address.

    Parameters
    ----------
    course : SmallCourse
    home : Path
        An empty folder, in the place of the settings of whoever runs the tests.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "IPYTHONDIR": str(home)}
    environment["UNROLLED_CLASSROOM"] = str(course.room)
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={port}",
         "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--ip=127.0.0.1",
         "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"],
        cwd=course.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/formgrader"
    try:
        wait_for(f"{address}/api/status", {"Authorization": f"token {TOKEN}"}, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
