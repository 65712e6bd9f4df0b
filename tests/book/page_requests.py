"""What a built page would ask for: read from its HTML, CSS and scripts, and seen by a real browser."""

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.chromium import document_of

# Attributes that a browser follows on its own. A plain <a href> is followed by the reader, not by the page.
FOLLOWED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
    "form": ("action",),
}
FOLLOWED_LINKS = {
    "stylesheet",
    "preload",
    "prefetch",
    "prerender",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "icon",
    "apple-touch-icon",
    "manifest",
}
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
SCRIPT_HOST = re.compile(r"""(?:https?:|wss?:|["'`(])//([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)""")


class _References(HTMLParser):
    """Collect what a page refers to, and the text of its inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self._inside = tag
        for attribute in FOLLOWED.get(tag, ()):
            if values.get(attribute):
                parts = values[attribute].split(",") if attribute == "srcset" else [values[attribute]]
                self.followed += [part.split()[0] for part in parts if part.strip()]
        if tag == "link" and FOLLOWED_LINKS & set(values.get("rel", "").lower().split()):
            self.followed.append(values.get("href", ""))
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.followed += re.findall(r"url=(\S+)", values.get("content", ""), re.IGNORECASE)
        self.followed += css_references(values.get("style", ""))

    def handle_data(self, data):
        if self._inside == "style":
            self.followed += css_references(data)
        if self._inside == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self._inside = ""


@cache
def _read(text: str) -> _References:
    """Read a page; several tests ask for the same ones."""
    parser = _References()
    parser.feed(text)
    return parser


def css_references(text: str) -> list[str]:
    """Return the addresses that a style sheet names in ``url()`` and ``@import``."""
    return [url or imported for url, imported in CSS_URL.findall(text)]


def page_references(text: str) -> list[str]:
    """Return the addresses that a browser follows on its own when it shows a page."""
    return _read(text).followed


def inline_scripts(text: str) -> list[str]:
    """Return the inline scripts of a page."""
    return _read(text).scripts


def script_hosts(text: str) -> set[str]:
    """Return the names of all hosts that stand anywhere in a script."""
    return {host.lower() for host in SCRIPT_HOST.findall(text)}


def is_foreign(address: str) -> bool:
    """Say whether an address leads to a host at all: neither a path, nor data, nor a place in the page."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ws", "wss", "ftp"}


def local_target(address: str, page: Path) -> Path | None:
    """Return the file that a relative address on a page leads to, or None if it leads to no file."""
    parts = urlsplit(address)
    if is_foreign(address) or parts.scheme or not parts.path:
        return None
    return (page.parent / unquote(parts.path)).resolve()


def browse(chromium: str, address: str, folder: Path) -> tuple[str, list[str]]:
    """Open an address in headless Chromium.

    Parameters
    ----------
    chromium : str
        Path of the program.
    address : str
        An http or file address.
    folder : Path
        An empty folder for the browser's profile and its log of the network.

    Returns
    -------
    document : str
        The document after its scripts have run.
    requested : list of str
        Every http, https, ws or wss address that the page asked for. What the browser asks for on its own account
        (its clock, its updates) has no origin and is left out.
    """
    log = folder / "network.json"
    flags = (f"--log-net-log={log}", "--net-log-capture-mode=Everything")
    document = document_of(chromium, address, folder, *flags)
    return document, requested(log)


def requested(path: Path) -> list[str]:
    """Return the addresses that pages and their workers have asked for, from the log that a browser wrote."""
    log = json.loads(path.read_text(encoding="utf-8"))
    start = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    jobs = [event["params"] for event in log["events"] if event["type"] == start and "url" in event.get("params", {})]
    return [job["url"] for job in jobs if job.get("initiator") != "not an origin"]
