"""Draw the animation that opens the book and the README: ``write`` runs a real check and keeps what it said.

A backward pass with one summand missing, the red message, the mended line, the green message. The code that is shown
is the code that ran, and the messages are those that ``check`` gave. A still shows both messages where nothing should
move: in print, where the reader prefers less motion, and where the animation was stopped.

The same function, with another mistake, is what the editor on that page begins with: ``live/planted.js``.
"""

import contextlib
import difflib
import inspect
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from autograder import CheckFailed, check

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "book" / "figures"
LIVE = ROOT / "book" / "_live" / "live"

QUESTION = "rnn_backward"
SEED = 7
MISSING = " + dh_next"
PLANTED = ("h_prev[:, t].T @ dz", "h[:, t].T @ dz")
"""What is right, and what the editor begins with: not the mistake that the animation has just mended."""

SHOWN = ("def ", "for ", "dh_total =", "return ")
"""Beginnings of the lines of the function that are shown. What lies between them is folded into an ellipsis: the
picture must not solve the problem set."""

COLUMNS = 49  # characters of a row; wide enough for the code, narrow enough for a telephone
MESSAGE_LINES = 4  # of the message: what is wrong, the mistake, the equation, where it starts


def rnn_forward(x, h0, Wx, Wh, b):
    """Run a plain recurrent network, as a learner writes it.

    Parameters
    ----------
    x : ndarray, shape (N, T, D)
    h0 : ndarray, shape (N, H), or None
        Initial state; None means zeros.
    Wx : ndarray, shape (D, H)
    Wh : ndarray, shape (H, H)
    b : ndarray, shape (H,)

    Returns
    -------
    h : ndarray, shape (N, T, H)
    cache : tuple
        What `rnn_backward` needs.
    """
    h = np.empty((*x.shape[:2], len(Wh)))
    h_prev = np.empty_like(h)
    state = np.zeros((len(x), len(Wh))) if h0 is None else h0
    for t in range(x.shape[1]):
        h_prev[:, t] = state
        state = h[:, t] = np.tanh(x[:, t] @ Wx + state @ Wh + b)
    return h, (x, h_prev, h, Wx, Wh)


def rnn_backward(dh, cache):
    """Backpropagate through time.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H)
        Upstream gradient of every hidden state.
    cache : tuple
        From `rnn_forward`.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
    dh0 : ndarray, shape (N, H)
    dWx : ndarray, shape (D, H)
    dWh : ndarray, shape (H, H)
    db : ndarray, shape (H,)
    """
    x, h_prev, h, Wx, Wh = cache
    T = h.shape[1]
    dx, dWx, dWh, db = (np.zeros(a.shape) for a in (x, Wx, Wh, Wh[0]))
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        dh_total = dh[:, t] + dh_next
        dz = dh_total * (1 - h[:, t] ** 2)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += h_prev[:, t].T @ dz
        db += dz.sum(axis=0)
        dh_next = dz @ Wh.T
    return dx, dh_next, dWx, dWh, db


class Run(NamedTuple):
    """What was tried and what the check said of it."""

    code: list[str]  # the lines of the function that are shown, as they are when it is right
    red: str  # the whole message without the missing summand
    green: str  # the whole message with it


def run(book: str = "") -> Run:
    """Run the check on the function with the mistake and without.

    Parameters
    ----------
    book : str
        Where the book is served, as `check` finds it under ``make learn``; nothing for a notebook that was opened
        without.

    Returns
    -------
    Run
    """
    right = inspect.getsource(rnn_backward)
    wrong = right.replace(MISSING, "")
    return Run(list(_folded(right)), _said_of(wrong, book), _said_of(right, book))


def in_short(source: str) -> str:
    """Return the source of a function with the first line of its docstring alone."""
    return re.sub(r'("""[^\n]*?\.)\n.*?"""', r'\1"""', source, count=1, flags=re.DOTALL)


def planted() -> dict[str, str]:
    """Return what the editor on the first page needs: the question, what is given, and the code with its mistake."""
    wrong = inspect.getsource(rnn_backward).replace(*PLANTED)
    return {"question": QUESTION, "given": in_short(inspect.getsource(rnn_forward)), "code": in_short(wrong).rstrip()}


def _said_of(source: str, book: str) -> str:
    notebook = {"np": np, "rnn_forward": rnn_forward, "check": check}
    exec(source, notebook)
    printed, before = io.StringIO(), os.environ.pop("UNROLLED_BOOK", None)
    try:
        os.environ.update({"UNROLLED_BOOK": book} if book else {})
        with contextlib.redirect_stdout(printed):
            exec(f'check("{QUESTION}", seed={SEED})', notebook)
    except CheckFailed as failure:
        return str(failure)
    finally:
        os.environ.pop("UNROLLED_BOOK", None)
        os.environ.update({"UNROLLED_BOOK": before} if before is not None else {})
    return printed.getvalue().rstrip("\n")


def _folded(source: str) -> Iterator[str]:
    inside_fold = False
    for line in source.splitlines():
        shown = line.lstrip().startswith(SHOWN)
        if shown:
            yield line
        elif not inside_fold:
            yield re.match(" *", line).group() + "…"
        inside_fold = not shown


def rows_of_message(message: str, lines: int = MESSAGE_LINES) -> list[str]:
    """Break a message into rows of at most `COLUMNS` characters.

    Parameters
    ----------
    message : str
        As the check gave it.
    lines : int
        How many of its lines are shown. What is left out, be it the rest, an address too long for a row, or the
        parenthesis at the end with an error that depends on the processor, has an ellipsis in its place.

    Returns
    -------
    list of str
    """
    kept = message.splitlines()
    whole = len(kept) <= lines
    rows = []
    for line in kept[:lines]:
        line = re.sub(r" \([^()]*\)\.$", " …", re.sub(r"\S{40,}$", "…", line))
        indent = re.match(" *", line).group()
        # A sentence gets a row of its own where the line is too long for one.
        parts = [line] if len(line) <= COLUMNS else re.split(r"(?<=[.,]) (?=[A-Z]|also )", line.strip())
        for part in parts:
            rows.append(indent)
            for word in part.split():
                candidate = f"{rows[-1]} {word}" if rows[-1].strip() else rows[-1] + word
                if len(candidate) <= COLUMNS:
                    rows[-1] = candidate
                else:
                    rows.append(indent + word)
    if not whole:
        rows[-1] += " …"
    return rows


# ------------------------------------------------------------------------------------------------------- the drawing

WIDTH, PAD, ROW, CHARACTER = 360, 8, 16, 7.0
GAP, MARGIN = 9, 10
SECONDS = 14

STYLE = """
.check-svg { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 11.8px; }
.check-svg text { fill: var(--ca-text); stroke: none; white-space: pre; }
.check-svg .cell { fill: var(--ca-cell); stroke: var(--ca-line); }
.check-svg .box-red { fill: var(--ca-red-ground); stroke: var(--ca-red); }
.check-svg .box-green { fill: var(--ca-green-ground); stroke: var(--ca-green); }
.check-svg text.red { fill: var(--ca-red); }
.check-svg text.green { fill: var(--ca-green); }
.check-svg text.strong { font-weight: 700; }
.check-svg .mended { fill: var(--ca-green-ground); }
.check-svg .cover { fill: var(--ca-cell); }
.check-svg .button { fill: var(--ca-button); }
.check-svg text.on-button { fill: var(--ca-on-button); }
.check-svg text.says { font: 600 13px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.check-svg text.on-button { font: 600 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.check-svg .moving { display: none; }
@media screen and (prefers-reduced-motion: no-preference) {
  .check-svg .moving { display: inline; }
  .check-svg .still { display: none; }
  .check-svg * { animation-duration: SECONDSs; animation-iteration-count: TIMES; animation-fill-mode: both; }
  .check-svg .act-1 { animation-name: check-act-1; }
  .check-svg .act-2 { animation-name: check-act-2; }
  .check-svg .act-3 { animation-name: check-act-3; }
  .check-svg .act-4 { animation-name: check-act-4; }
  .check-svg .red-message { animation-name: check-red; }
  .check-svg .cover { animation-name: check-typing; }
  .check-svg .mended { animation-name: check-mended; }
  .check-svg .press { animation-name: check-press; }
}
@keyframes check-act-1 { 0%, 17% { opacity: 1 } 18%, 100% { opacity: 0 } }
@keyframes check-act-2 { 0%, 17% { opacity: 0 } 18%, 51% { opacity: 1 } 52%, 100% { opacity: 0 } }
@keyframes check-act-3 { 0%, 51% { opacity: 0 } 52%, 69% { opacity: 1 } 70%, 100% { opacity: 0 } }
@keyframes check-act-4 { 0%, 69% { opacity: 0 } 70%, 100% { opacity: 1 } }
@keyframes check-red { 0%, 17% { opacity: 0 } 18%, 69% { opacity: 1 } 70%, 100% { opacity: 0 } }
@keyframes check-typing {
  0%, 54% { transform: none; opacity: 1; animation-timing-function: steps(10) }
  63% { transform: translateX(TYPEDpx); opacity: 1 }
  63.1%, 100% { transform: translateX(TYPEDpx); opacity: 0 }
}
@keyframes check-mended { 0%, 63% { opacity: 0 } 65%, 100% { opacity: 1 } }
@keyframes check-press { 0%, 14%, 18%, 66%, 70%, 100% { opacity: 1 } 15%, 17%, 67%, 69% { opacity: 0.45 } }
"""
"""Where nothing moves, the still is seen. All that moves does so by one clock of `SECONDS`."""

LIGHT = {
    "ground": "#ffffff",
    "text": "#1f2328",
    "cell": "#f6f7f9",
    "line": "#c3c9d0",
    "red": "#9c1c12",
    "red-ground": "#fdebe8",
    "green": "#0b5f3b",
    "green-ground": "#dcf3e6",
    "button": "#5f6b76",
    "on-button": "#ffffff",
}
DARK = {
    "ground": "#0d1117",
    "text": "#e6e8eb",
    "cell": "#1d2126",
    "line": "#4a525b",
    "red": "#ffb3a8",
    "red-ground": "#451a17",
    "green": "#8de3b4",
    "green-ground": "#113a27",
    "button": "#a7b0b8",
    "on-button": "#14181c",
}


def _variables(colors: dict[str, str]) -> str:
    return " ".join(f"--ca-{name}: {color};" for name, color in colors.items())


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    """Draw one row; its length is fixed, so that every font fits into the boxes."""
    bare = text.lstrip()
    x += CHARACTER * (len(text) - len(bare))
    width = f' textLength="{CHARACTER * len(bare):g}"' if len(bare) > 1 else ""
    classes = f' class="{kind}"' if kind else ""
    return f'<text{classes} x="{x:g}" y="{y:g}"{width}>{escape(bare, quote=False)}</text>'


def _box(y: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="0.5" y="{y + 0.5:g}" width="{WIDTH - 1}" height="{height - 1:g}" rx="5"/>'


def _message(y: float, rows: list[str], color: str, height: float, strong: tuple[int, ...] = ()) -> list[str]:
    drawn = [_box(y, height, f"box-{color}")]
    for i, row in enumerate(rows):
        drawn.append(_text(PAD, y + 17 + ROW * i, row, f"{color} strong" if i in strong else color))
    return drawn


def _height(rows: list[str]) -> int:
    return ROW * len(rows) + 10


def drawing(shown: Run) -> tuple[str, str, str]:
    """Draw the run.

    Parameters
    ----------
    shown : Run

    Returns
    -------
    view_box : str
    title : str
        What is to be seen, for those who do not see it.
    body : str
        The elements of the SVG.
    """
    red, green = rows_of_message(shown.red), rows_of_message(shown.green)
    mistake = shown.red.splitlines()[1].strip()
    strong = tuple(i for i, row in enumerate(red) if row.strip() and row.strip() in mistake)
    at = next(i for i, line in enumerate(shown.code) if MISSING in line)
    typed = PAD + CHARACTER * shown.code[at].index(MISSING)
    width = CHARACTER * len(MISSING)
    mended = f'<rect class="mended" x="{typed + 3:g}" y="{ROW * at + 6}" width="{width:g}" height="{ROW}" rx="3"/>'

    code = [_box(0, _height(shown.code), "cell"), mended]
    code += [_text(PAD, 18 + ROW * i, line) for i, line in enumerate(shown.code)]
    cover = f'<rect class="cover" x="{typed:g}" y="{ROW * at + 5}" width="{width + 4:g}" height="18"/>'

    y = _height(shown.code) + 2 * GAP
    call = f'check("{QUESTION}")'
    moving = [
        _box(y, 28, "cell"),
        _text(PAD, y + 18, call),
        f'<g class="press"><rect class="button" x="{WIDTH - 62}" y="{y + 4}" width="57" height="20" rx="4"/>'
        f'<path class="arrow" fill="var(--ca-on-button)" d="M{WIDTH - 54} {y + 9}v10l8-5z"/>'
        f'<text class="on-button" x="{WIDTH - 41}" y="{y + 18}">Run</text></g>',
    ]
    below = y + 28 + 2 * GAP
    moving += ['<g class="red-message">', *_message(below, red, "red", _height(red), strong), "</g>"]
    moving += ['<g class="act-4">', *_message(below, green, "green", _height(red), (0,)), "</g>"]
    below += _height(red) + 26
    acts = (
        "A backward pass with one mistake.",
        "The check names it, and where it starts.",
        "The line is mended.",
        "Now every gradient is right.",
    )
    moving += [
        f'<text class="says act-{i}" x="{WIDTH / 2:g}" y="{below}" text-anchor="middle">{act}</text>'
        for i, act in enumerate(acts, 1)
    ]

    y -= GAP
    still = [f'<text class="says" x="2" y="{y + 10}">Without “{MISSING.strip()}” the check says:</text>']
    still += _message(y + 17, red, "red", _height(red), strong)
    z = y + 17 + _height(red) + GAP
    still += [f'<text class="says" x="2" y="{z + 10}">With it:</text>']
    still += _message(z + 17, green, "green", _height(green), (0,))
    height = max(z + 17 + _height(green), below + 8)

    title = (
        f"The function {QUESTION} without the summand {MISSING.strip(' +')} in the line"
        f" {shown.code[at].strip().replace(MISSING, '')}. The check says, on red ground: {_spoken(red)}"
        f" The line is mended to {shown.code[at].strip()}. The check says, on green ground: {_spoken(green)}"
    )
    # The cover stands behind the code and before what does not move with it.
    body = [*code, '<g class="moving">', cover, *moving, "</g>", '<g class="still">', *still, "</g>"]
    return f"0 0 {WIDTH} {height}", title, "\n".join(body)


def _spoken(rows: list[str]) -> str:
    return " ".join(row.strip() for row in rows)


def pages(shown: Run) -> dict[str, str]:
    """Write the two forms of the animation, and the code for the editor.

    Parameters
    ----------
    shown : Run

    Returns
    -------
    dict of str to str
        The text of ``check.svg``, a picture on its own for the README, which rests on the still after two turns, and
        of ``check.html``, a part of the first page of the book, which turns until it is stopped, and of ``planted.js``.
    """
    view_box, title, body = drawing(shown)
    width, height = (int(side) + 2 * MARGIN for side in view_box.split()[2:])
    style = STYLE.replace("SECONDS", str(SECONDS)).replace("TYPED", f"{CHARACTER * len(MISSING):g}")
    alone = style.replace("TIMES", "2") + (
        f".check-svg {{ {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ .check-svg {{ {_variables(DARK)} }} }}\n"
        "@media screen and (prefers-reduced-motion: no-preference) {\n"
        f"  .check-svg .moving {{ animation: check-leave 0.6s {2 * SECONDS}s forwards; }}\n"
        f"  .check-svg .still {{ display: inline; animation: check-arrive 0.6s {2 * SECONDS}s both; }}\n"
        "}\n"
        "@keyframes check-leave { to { opacity: 0 } }\n"
        "@keyframes check-arrive { from { opacity: 0 } }\n"
    )
    inside = style.replace("TIMES", "infinite") + (
        f":is(.check-svg, .try) {{ {_variables(LIGHT)} }}\n"
        f'html[data-theme="dark"] :is(.check-svg, .try) {{ {_variables(DARK)} }}\n'
        # The box stands before the picture in the page, so that it can switch it, and below it for the eye.
        ".check-figure { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.5rem; }\n"
        ".check-figure svg { order: -1; flex: 0 0 100%; width: 100%; height: auto; }\n"
        ".check-stop-label { font-size: 0.9rem; }\n"
        ".check-stop:checked ~ svg .moving { display: none; }\n"
        ".check-stop:checked ~ svg .still { display: inline; }\n"
        ".check-stop:checked ~ svg * { animation: none; }\n"
        "@media print {\n"
        f'  html .check-svg, html[data-theme="dark"] .check-svg {{ {_variables(LIGHT)} }}\n'
        "}\n"
        "@media print, (prefers-reduced-motion: reduce) { .check-stop, .check-stop-label { display: none; } }\n"
    )
    head = 'class="check-svg" viewBox="{}" role="img" aria-labelledby="check-title"'
    title = f'<title id="check-title">{escape(title, quote=False)}</title>'
    # A picture does not know the ground of the page around it, so it brings its own.
    corner = f'x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}"'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 4 // 3}" height="{height * 4 // 3}"'
        f" {head.format(f'{-MARGIN} {-MARGIN} {width} {height}')}>\n{title}\n<style>{alone}</style>\n"
        f'<rect fill="var(--ca-ground)" {corner} rx="8"/>\n{body}\n</svg>\n'
    )
    page = (
        '<div class="check-figure">\n'
        f"<style>{inside}</style>\n"
        '<input class="check-stop" type="checkbox" id="check-stop">'
        '<label class="check-stop-label" for="check-stop">Stop the animation</label>\n'
        f"<svg {head.format(view_box)}>\n{title}\n{body}\n</svg>\n</div>\n"
    )
    lines = [f"export const {name} = {json.dumps(text, ensure_ascii=False)};\n" for name, text in planted().items()]
    module = "".join(["// Written by: python tools/animation.py write\n", *lines])
    return {"check.svg": svg, "check.html": page, "planted.js": module}


@click.group()
def main() -> None:
    """Keep the animation of a check."""


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if the check says otherwise.")
def write(only_check: bool) -> None:
    """Write book/figures/check.svg, check.html and book/_live/live/planted.js from a run of the check."""
    stale = False
    for name, after in pages(run()).items():
        path = (LIVE if name.endswith(".js") else FIGURES) / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == after:
            click.echo(f"{name} unchanged")
            continue
        stale = True
        click.echo(f"{name}: {'not what the check says' if only_check else 'written'}")
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""):
            if only_check and line.startswith(("+", "-")) and not line.startswith(("+++", "---")):
                click.echo(f"  {line}")
        if not only_check:
            path.write_text(after, encoding="utf-8", newline="\n")
    if stale and only_check:
        click.echo("To write it: python tools/animation.py write")
        sys.exit(1)


if __name__ == "__main__":
    main()
