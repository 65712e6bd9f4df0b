"""A widget on a page of its own: how tests open it, touch it and look at it, and how what is generated is written.

`PYTHONPATH=. python tests/book/widget_pages.py [NAME …]` writes the numbers that stand in the script of a widget, which
are those that `generated` of `test_widget_NAME.py` returns, and its still, which is what the script draws at the start.
Without a name it writes those of all widgets.
"""

import html
import importlib
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from browser import open_browser

from tools.chromium import INSTALL_CHROMIUM, find_chromium

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "book" / "_static"
FIGURES = ROOT / "book" / "figures"
SCRIPTS = STATIC / "widgets"
WIDGETS = sorted(script.stem for script in SCRIPTS.glob("*.js") if script.stem != "shared")

SMALLEST_TEXT = 11  # pixels, on a telephone
PHONE_WIDTH, DESK_WIDTH = 390, 1280

NUMBERS = re.compile(r"(?<=// numbers: begin\n).*?(?=  // numbers: end)", re.DOTALL)
DRAWING = re.compile(r'(?<=<g class="drawing">).*?(?=</g>\n</svg>)', re.DOTALL)
LIVE = re.compile(r'(?<=aria-live="polite">).*?(?=</p>)', re.DOTALL)

# What a reader uses, and the hints how; and what stands without them.
USED = ".widget input, .widget button, .widget [tabindex]"
CONTROLS = f"{USED}, .widget-hint"
STILL = ".widget svg .drawing, .widget-live, .widget figcaption"
NAME = "part.labels?.[0]?.textContent || part.ariaLabel || part.textContent"

TEXT_SIZES = """[...document.querySelectorAll(".widget-stage svg")].flatMap((svg) => {
  const scale = svg.getBoundingClientRect().width / 360;
  return [...svg.querySelectorAll("text, tspan")].filter((text) => text.textContent.trim().length)
    .map((text) => parseFloat(getComputedStyle(text).fontSize) * scale); })"""
BEYOND = """[...document.querySelectorAll(".widget-stage svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom; })
    .map((text) => text.textContent); })"""


class Widget:
    """A widget on a page of its own.

    Parameters
    ----------
    page : browser.Page
    name : str
    folder : Path
        Where the page is written.
    """

    def __init__(self, page, name, folder):
        self.page = page
        self.name = name
        self.address = page_of(folder, name)
        self.evaluate = page.evaluate
        self.press = page.press

    def open(self, width=DESK_WIDTH, *, scripts=True, media="", reduced_motion=False):
        """Open the page anew on a telephone or a desk, in a medium, for a reader who may not want that things move."""
        self.page.resize(width, 844, touch=width == PHONE_WIDTH)
        self.page.use_medium(media, reduced_motion=reduced_motion)
        self.page.go(self.address, scripts=scripts)

    def asks_for_files_alone(self):
        """Assert that no script has failed and that nothing was loaded but the page, two styles and two scripts."""
        assert self.page.errors() == []
        requests = self.page.requests()
        assert {address.partition(":")[0] for address in requests} == {"file"}
        assert len(requests) == 5

    def numbers(self):
        """Return what the widget says its numbers are."""
        return self.evaluate(f"document.querySelector('[data-widget={self.name}]').numbers()")

    def drawn(self):
        """Return the drawing."""
        return self.evaluate(f"document.querySelector('[data-widget={self.name}] .drawing').innerHTML")

    def said(self):
        """Return the line that is announced."""
        return self.evaluate(f"document.querySelector('[data-widget={self.name}] [aria-live]').textContent")

    def names(self):
        """Return the names of all sliders and buttons."""
        return self.evaluate(f"[...document.querySelectorAll('.widget input, .widget button')].map((part) => {NAME})")

    def visible(self, selector):
        """Return how many elements a reader sees."""
        return self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].filter((part) => part.checkVisibility()).length"
        )

    def set(self, **values):
        """Set sliders as if they had been dragged."""
        for slider, value in values.items():
            self.evaluate(
                f"""(() => {{ const slider = document.querySelector('[data-widget={self.name}] [name={slider}]');
                slider.value = {value}; slider.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
            )

    def focus(self, selector):
        """Put the focus on an element of the widget."""
        self.evaluate(f"document.querySelector({json.dumps(f'[data-widget={self.name}] {selector}')}).focus()")

    def click(self, *buttons):
        """Click buttons by their names, one after the other."""
        for button in buttons:
            self.evaluate(f"document.querySelector('[data-widget={self.name}] [name={button}]').click()")

    def tap(self, selector, across=0.5, down=0.5):
        """Bring an element of the widget into view and touch a place in it."""
        place = self.evaluate(
            f"""(() => {{ const part = document.querySelector({json.dumps(f"[data-widget={self.name}] {selector}")});
            part.scrollIntoView({{block: "center"}}); const box = part.getBoundingClientRect();
            return [box.x + {across} * box.width, box.y + {down} * box.height]; }})()"""
        )
        self.page.tap(*place)

    def fits_a_telephone(self, state=None):
        """Assert that the text can be read on a telephone, that none is cut and that nothing stands out."""
        assert min(self.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT, state
        assert self.evaluate(BEYOND) == [], state
        assert self.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, state


def page_of(folder, *names):
    """Write a page with widgets, their styles and scripts from the source tree; return its address."""
    sheets = [STATIC / "roles.css", SCRIPTS / "widgets.css"]
    # No two widgets depend on the order in which their scripts come.
    scripts = [SCRIPTS / f"{name}.js" for name in (*names, "shared")]
    theme = "--pst-color-background: white; --pst-color-surface: #eee; --pst-color-border: #ccc;"
    theme += " --pst-color-text-muted: #555; --pst-color-text-base: black; font-family: sans-serif;"
    parts = [
        '<!doctype html><html data-theme="light" lang="en"><meta charset="utf-8"><title>widgets</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>html {{ {theme} }} body {{ margin: 0 16px; }}</style>",
        *(f'<link rel="stylesheet" href="{sheet.as_uri()}">' for sheet in sheets),
        *(f'<script src="{script.as_uri()}"></script>' for script in scripts),
        *(markup(name) for name in names),
        "</html>",
    ]
    page = folder / "widgets.html"
    page.write_text("\n".join(parts), encoding="utf-8")
    return page.as_uri()


def markup(name):
    """Return the figure of a widget as it stands in the chapter."""
    return (FIGURES / f"widget-{name}.html").read_text(encoding="utf-8")


def still(name):
    """Return the drawing and the line below it as they stand in the markup."""
    text = html.unescape(markup(name))
    return DRAWING.search(text).group(), LIVE.search(text).group()


def script_of(name):
    """Return the script of a widget."""
    return (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")


def constant(name, constant):
    """Return the value of a constant in the script of a widget."""
    return json.loads(re.search(rf"const {constant} = (.*);", script_of(name)).group(1))


def shown(drawing, kind):
    """Return the numbers that stand in a drawing, in text of one kind."""
    texts = re.findall(rf'<text [^>]*class="{kind}">([^<]*)</text>', drawing)
    return [float(text.replace("−", "-")) for text in texts]


def heights(drawing, kind):
    """Return how tall the bars of one kind are in a drawing."""
    return np.array(re.findall(rf'class="{kind}(?: now)?" [^>]*height="([\d.]+)"', drawing), float)


def points(path):
    """Return the points (n, 2) of a line that is drawn by M and L."""
    return np.array([point.split() for point in path.split("L")], float)


def write_numbers(name, parts):
    """Write constants into the script of a widget, between its two marks."""
    lines = "".join(
        f"  const {part} = {json.dumps(value, separators=(',', ':'), ensure_ascii=False)};\n"
        for part, value in parts.items()
    )
    (SCRIPTS / f"{name}.js").write_text(NUMBERS.sub(lambda _: lines, script_of(name)), encoding="utf-8")


def write_still(chromium, name):
    """Write the still of a widget as the script draws it at the start."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(chromium, Path(folder)) as run:
        widget = Widget(run.page(), name, Path(folder))
        widget.open()
        # Spaces of no width are written out.
        text = DRAWING.sub(lambda _: widget.drawn().replace("\u200b", "&#8203;"), markup(name))
        text = LIVE.sub(lambda _: widget.said(), text)
        (FIGURES / f"widget-{name}.html").write_text(text, encoding="utf-8")


def main(names):
    """Write what is generated for some widgets, or for all."""
    if unknown := set(names) - set(WIDGETS):
        sys.exit(f"There is no widget {', '.join(sorted(unknown))}. The widgets are {', '.join(WIDGETS)}.")
    chromium = find_chromium() or sys.exit(INSTALL_CHROMIUM)
    for name in names or WIDGETS:
        tests = importlib.import_module(f"test_widget_{name.replace('-', '_')}")
        if hasattr(tests, "generated"):
            write_numbers(name, tests.generated())
        write_still(chromium, name)


if __name__ == "__main__":
    main(sys.argv[1:])
