"""A real browser for tests: headless Chromium, driven by its DevTools protocol over a pair of pipes."""

import base64
import contextlib
import fcntl
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tools.chromium import command

# Bash moves the two pipes to the numbers 3 and 4, where Chromium looks for them.
START = 'from=$1; to=$2; shift 2; exec "$@" 3<&"$from" 4>&"$to"'
KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Space": (" ", 32, " "),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
}
SETTLED = """(async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  await new Promise((done) => setTimeout(done, 60));
})()"""


class BrowserError(RuntimeError):
    """What the browser says went wrong, or that it says nothing."""


class PageError(BrowserError):
    """What a page says went wrong: its script threw an error, or it left for another page before it had answered."""


class Browser:
    """A running Chromium. Use it in a ``with`` statement through `open_browser`.

    Parameters
    ----------
    chromium : str
        Path of the program.
    folder : Path
        An empty folder for the browser's profile.
    *flags : str
        Further flags of the program.
    seconds : float
        How long an answer may take.
    """

    def __init__(self, chromium: str, folder: Path, *flags: str, seconds: float = 120) -> None:
        self.seconds = seconds
        self.events: list[dict] = []
        self._closed: list[str] = []
        self._count = 0
        self._rest = b""
        child_in, self._to = _pipe()
        self._from, child_out = _pipe()
        started = command(chromium, folder, "--hide-scrollbars", "--remote-debugging-pipe", *flags)
        self.process = subprocess.Popen(
            ["bash", "-c", START, "bash", str(child_in), str(child_out), *started, "about:blank"],
            pass_fds=(child_in, child_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(child_in)
        os.close(child_out)

    def send(self, method: str, session: str | None = None, **params: object) -> dict:
        """Send a command of the protocol and return its result; what happens meanwhile is kept in `events`."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        _write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                break
            self.events.append(answer)
        if "error" in answer:
            raise (PageError if session else BrowserError)(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def wait(self, method: str, session: str) -> dict:
        """Return the parameters of the next event of a name, which is taken out of `events`."""
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self._read())

    def page(self) -> "Page":
        """Open an empty page that remembers nothing.

        A page that was closed is taken again: it has compiled the scripts of the book, which is most of the work. Of
        those that are open at the same time each has a store of its own.
        """
        if self._closed:
            target = self._closed.pop()
        else:
            context = self.send("Target.createBrowserContext")["browserContextId"]
            target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, target, session)

    def take_back(self, page: "Page") -> None:
        """Take a page that is no longer needed; what was set for it ends with its session."""
        self.send("Target.detachFromTarget", sessionId=page.session)
        self.forget(page.session)
        self._closed.append(page.target)

    def forget(self, session: str) -> None:
        """Take all events of a page out of `events`."""
        self.events = [event for event in self.events if event.get("sessionId") != session]

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(BrowserError, OSError):
            self.send("Browser.close")
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._to)
        os.close(self._from)

    def _read(self) -> dict:
        deadline = time.monotonic() + self.seconds
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise BrowserError(f"Chromium has not answered for {self.seconds} s.")
            piece = os.read(self._from, 1 << 20)
            if not piece:
                raise BrowserError("Chromium has ended.")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


class Page:
    """A page of a `Browser`; made by `Browser.page`."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self.browser = browser
        self.target = target
        self.session = session
        self._origins: set[str] = set()
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")
        self.resize(1280, 800)

    @contextlib.contextmanager
    def tab(self) -> Iterator["Page"]:
        """Open another tab, which shares the store of this page, and close it at the end."""
        context = self.browser.send("Target.getTargetInfo", targetId=self.target)["targetInfo"]["browserContextId"]
        shared = self.browser.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.browser.send("Target.attachToTarget", targetId=shared, flatten=True)["sessionId"]
        try:
            yield Page(self.browser, shared, session)
        finally:
            self.browser.send("Target.closeTarget", targetId=shared)
            self.browser.forget(session)

    def send(self, method: str, **params: object) -> dict:
        """Send a command of the protocol to this page."""
        return self.browser.send(method, self.session, **params)

    def resize(self, width: int, height: int, *, touch: bool = False) -> None:
        """Set the size of the window in CSS pixels, one device pixel each; ``touch`` makes it a telephone."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        self.send("Emulation.setTouchEmulationEnabled", enabled=touch)

    def use_theme(self, theme: str) -> None:
        """Let the pages that are opened from now on be ``light`` or ``dark``."""
        code = f'try {{ localStorage.mode = localStorage.theme = "{theme}" }} catch {{}}'
        self.send("Page.addScriptToEvaluateOnNewDocument", source=code)

    def use_medium(self, medium: str = "", *, reduced_motion: bool = False) -> None:
        """Show pages as on ``screen`` or in ``print``, and to a reader who may not want that anything moves."""
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}
        self.send("Emulation.setEmulatedMedia", media=medium, features=[motion])

    def go(self, address: str, *, scripts: bool = True) -> int:
        """Open an address and wait until formulas are typeset and fonts are there.

        Parameters
        ----------
        address : str
        scripts : bool
            Whether the page may run its scripts. `evaluate` works in any case.

        Returns
        -------
        int
            How many bytes the page and all that it loaded have, uncompressed.
        """
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.browser.forget(self.session)
        self._origins.add(re.match("file://|[a-z]+://[^/]+", address)[0])
        failed = self.send("Page.navigate", url=address).get("errorText")
        if failed:
            raise BrowserError(f"{address}: {failed}")
        self.wait("Page.loadEventFired")
        if scripts:
            self.evaluate(SETTLED)
        return sum(received["dataLength"] for received in self.happened("Network.dataReceived"))

    def wait(self, method: str) -> dict:
        """Wait for an event of the protocol and return its parameters."""
        return self.browser.wait(method, self.session)

    def happened(self, method: str) -> list[dict]:
        """Return the parameters of all events of a name since the page was opened."""
        ours = [event for event in self.browser.events if event.get("sessionId") == self.session]
        return [event["params"] for event in ours if event["method"] == method]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the page was opened."""
        return [sent["request"]["url"] for sent in self.happened("Network.requestWillBeSent")]

    def refused(self) -> list[str]:
        """Return the addresses that a server has answered with an error since the page was opened."""
        answers = [received["response"] for received in self.happened("Network.responseReceived")]
        return [answer["url"] for answer in answers if answer["status"] >= 400]

    def errors(self) -> list[str]:
        """Return the errors that no script has caught since the page was opened."""
        thrown = [event["exceptionDetails"] for event in self.happened("Runtime.exceptionThrown")]
        return [details.get("exception", {}).get("description", details["text"]) for details in thrown]

    def evaluate(self, expression: str) -> object:
        """Return the value of a JavaScript expression; a promise is waited for."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = 240) -> object:
        """Return the value of a JavaScript expression as soon as it is true, which may be on the next page.

        Raises
        ------
        AssertionError
            When it is not true after that time. Says what the page showed, and what the expression gave.
        """
        deadline, last = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                if last := self.evaluate(expression):
                    return last
            except PageError as error:
                last = error
            time.sleep(0.1)
        seen = self.evaluate("document.body.innerText")
        raise AssertionError(f"not true after {seconds} s: {expression}\nIt gave: {last}\nThe page says: {seen}")

    def press(self, *keys: str, shift: bool = False) -> None:
        """Press keys of `KEYS`, one after the other, where the focus is."""
        for key in keys:
            name, code, text = KEYS[key]
            common = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
            self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
            self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def tap(self, x: float, y: float) -> None:
        """Touch a place in the window with one finger."""
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, path: Path, *, full: bool = False) -> None:
        """Write a PNG of the window, or of the full page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self, path: Path) -> None:
        """Print the page on A4."""
        data = self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """Close the page and forget what it has stored."""
        for origin in self._origins:
            self.send("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.send("Page.navigate", url="about:blank")
        self.browser.take_back(self)


@contextlib.contextmanager
def open_browser(chromium: str, folder: Path, *flags: str) -> Iterator[Browser]:
    """Start Chromium with a profile in an empty folder and end it at the end of the context."""
    browser = Browser(chromium, folder, *flags)
    try:
        yield browser
    finally:
        browser.close()


def _pipe() -> tuple[int, int]:
    """Return the two ends of a pipe, with numbers that are not 3 and 4."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
