"""A browser that a test can press keys in: headless Chromium, spoken to over its DevTools protocol."""

import base64
import contextlib
import json
import subprocess
import time
import urllib.request
from pathlib import Path

import websocket  # websocket-client, which comes with Jupyter

PATIENCE = 60  # seconds
KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, "Tab": 9, "Enter": 13}
KEYS[" "] = 32
TEXT = {"Enter": "\r", " ": " "}


class Tab:
    """One page of a running Chromium.

    Parameters
    ----------
    address : str
        The WebSocket address of the page.
    """

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, suppress_origin=True, timeout=PATIENCE)
        self._last = 0
        self.requested: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters) -> dict:
        """Send a command and return its result; events that come in between are noted."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict) -> None:
        if message.get("method") == "Network.requestWillBeSent":
            self.requested.append(message["params"]["request"]["url"])
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))

    def open(self, address: str, *, scripts: bool = True) -> None:
        """Open an address and wait until it has been loaded."""
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.requested.clear()
        self.errors.clear()
        self.send("Page.navigate", url=address)
        while True:
            message = json.loads(self._socket.recv())
            self._note(message)
            if message.get("method") == "Page.loadEventFired":
                return

    def run(self, expression: str):
        """Return the value of a JavaScript expression, also where the page itself must not run scripts."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['exception']['description']}")
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, one after the other, where the focus is."""
        for key in keys:
            pressed = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
            text = {"text": TEXT[key]} if key in TEXT else {}
            self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **pressed, **text)
            self.send("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def touch(self, x: float, y: float) -> None:
        """Tap a place of the window with a finger."""
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def show_as(self, width: int, *, media: str = "", reduced_motion: bool = False) -> None:
        """Set the width of the window, the medium and what the reader prefers."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600
        )
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[motion])

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page."""
        picture = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))


@contextlib.contextmanager
def opened(chromium: str, folder: Path):
    """Run Chromium with a profile in a folder and yield its tab.

    Parameters
    ----------
    chromium : str
        Path of the program.
    folder : Path
        An empty folder.
    """
    process = subprocess.Popen(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={folder}",
            "--remote-debugging-port=0",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Tab(_page_of(folder / "DevToolsActivePort"))
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _page_of(note: Path) -> str:
    """Return the WebSocket address of the page of a browser that writes its port into a file."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, StopIteration):
            port = int(note.read_text(encoding="utf-8").splitlines()[0])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                return next(page["webSocketDebuggerUrl"] for page in json.load(answer) if page["type"] == "page")
        time.sleep(0.1)
    raise TimeoutError("Chromium did not open its DevTools port")
