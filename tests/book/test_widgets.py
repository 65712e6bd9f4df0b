"""The widgets of the chapters: their numbers are NumPy's, they work by keyboard, and they are there without scripts.

`python tests/book/test_widgets.py` writes what is generated: the numbers in `walk-back.js`, and the stills in
`book/figures/widget-*.html`, which are what the scripts draw at the start.
"""

import html
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from devtools import opened
from page_requests import INSTALL_CHROMIUM, find_chromium, script_hosts

from unrolled import rnn_backward, rnn_forward

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "book" / "_static"
FIGURES = ROOT / "book" / "figures"
SCRIPTS = STATIC / "widgets"
WIDGETS = ("unroll", "walk-back")

LARGEST_SCRIPT = 15_000  # bytes
SMALLEST_TEXT = 11  # pixels, on a telephone
PHONE_WIDTH, DESK_WIDTH = 390, 1280
T, H = 30, 8  # of walk-back

NUMBERS = re.compile(r"(?<=// numbers: begin\n).*?(?=  // numbers: end)", re.DOTALL)
DRAWING = re.compile(r'(?<=<g class="drawing">).*?(?=</g>\n</svg>)', re.DOTALL)
LIVE = re.compile(r'(?<=aria-live="polite">).*?(?=</p>)', re.DOTALL)

# What a style may say of a color beside var(…): nothing, or the color that is there.
COLOR = re.compile(r"#[0-9a-f]{3,8}\b(?!;)|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)
COLOR_NAMES = re.compile(r":\s*(?:black|white|gray|grey|red|green|blue|orange|purple|yellow|silver)\b", re.IGNORECASE)


# ---------------------------------------------------------------------------------------------- what NumPy says


def constants():
    """Return Q (H, H), the input weights (1, H) and the inputs (T, 1) of walk-back.

    Q is the orthogonal factor of a random matrix. The input has one channel, so that all units hear the same.
    """
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((H, H)))[0]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((T, 1))
    return Q, rng.standard_normal((1, H)), x


def walk_back(gain, size):
    """Return the norms of dh_total (T + 1,), what the gain alone would do (T + 1,), and the slopes met (T,)."""
    Q, Wx, x = constants()
    h = np.zeros((T + 1, H))
    for t in range(T):
        h[t + 1] = np.tanh(size * x[t] @ Wx + h[t] @ (gain * Q))
    dh_total = np.full(H, 1 / np.sqrt(H))
    norms, slopes = [np.linalg.norm(dh_total)], []
    for t in range(T, 0, -1):
        dz = dh_total * (1 - h[t] ** 2)
        slopes.append(np.linalg.norm(dz) / np.linalg.norm(dh_total))
        dh_total = dz @ (gain * Q).T
        norms.append(np.linalg.norm(dh_total))
    return np.array(norms), gain ** np.arange(T + 1.0), np.array(slopes)


def unroll(wx, wh, b, x):
    """Return z, h and y (8,) of one unit that reads x (8,), by the layer of the course."""
    h = rnn_forward(np.array(x, float)[None, :, None], None, np.array([[wx]]), np.array([[wh]]), np.array([b]))[0]
    h = h[0, :, 0]
    return wx * np.array(x) + wh * np.append(0, h[:-1]) + b, h, 2 * h


# ------------------------------------------------------------------------------------------------- the harness


def page_of(folder, *, root=ROOT):
    """Write a page with both widgets, their styles and scripts from the source tree; return its address."""
    static = root / "book" / "_static"
    sheets = [static / "roles.css", static / "widgets" / "widgets.css"]
    # No two widgets depend on the order in which their scripts come.
    scripts = [*(static / "widgets" / f"{name}.js" for name in WIDGETS), static / "widgets" / "shared.js"]
    theme = "--pst-color-background: white; --pst-color-surface: #eee; --pst-color-border: #ccc;"
    theme += " --pst-color-text-muted: #555; --pst-color-text-base: black; font-family: sans-serif;"
    parts = [
        '<!doctype html><html data-theme="light" lang="en"><meta charset="utf-8"><title>widgets</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>html {{ {theme} }} body {{ margin: 0 16px; }}</style>",
        *(f'<link rel="stylesheet" href="{sheet.as_uri()}">' for sheet in sheets),
        *(f'<script src="{script.as_uri()}"></script>' for script in scripts),
        *((root / "book" / "figures" / f"widget-{name}.html").read_text(encoding="utf-8") for name in WIDGETS),
        "</html>",
    ]
    page = folder / "widgets.html"
    page.write_text("\n".join(parts), encoding="utf-8")
    return page.as_uri()


def write_generated(chromium):
    """Write the numbers of walk-back.js, then the stills as the scripts draw them at the start."""
    script = SCRIPTS / "walk-back.js"
    Q, Wx, x = (json.dumps(array.tolist(), separators=(",", ":")) for array in constants())
    Wx, x = Wx[1:-1], x.replace("],[", ",").replace("[[", "[").replace("]]", "]")
    lines = f"  const Q = {Q};\n  const WX = {Wx};\n  const X = {x};\n"
    script.write_text(NUMBERS.sub(lambda _: lines, script.read_text(encoding="utf-8")), encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, opened(chromium, Path(folder)) as tab:
        tab.open(page_of(Path(folder)))
        for name in WIDGETS:
            file = FIGURES / f"widget-{name}.html"
            text = DRAWING.sub(lambda _, n=name: escaped(drawn(tab, n)), file.read_text(encoding="utf-8"))
            file.write_text(LIVE.sub(lambda _, n=name: said(tab, n), text), encoding="utf-8")


def escaped(drawing):
    """Return a drawing with the spaces of no width written out."""
    return drawing.replace("\u200b", "&#8203;")


def drawn(tab, name):
    """Return the drawing of a widget."""
    return tab.run(f"document.querySelector('[data-widget={name}] .drawing').innerHTML")


def said(tab, name):
    """Return the line that a widget announces."""
    return tab.run(f"document.querySelector('[data-widget={name}] [aria-live]').textContent")


if __name__ == "__main__":
    write_generated(find_chromium() or sys.exit(INSTALL_CHROMIUM))
