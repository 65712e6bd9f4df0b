"""The widgets of the chapters: their numbers are NumPy's, they work by keyboard, and they are there without scripts.

`PYTHONPATH=. python tests/book/test_widgets.py` writes what is generated: the numbers in `walk-back.js`, and the stills
in `book/figures/widget-*.html`, which are what the scripts draw at the start.
"""

import html
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from browser import open_browser
from page_requests import script_hosts

from tools.chromium import INSTALL_CHROMIUM, find_chromium
from unrolled import (
    bidirectional_backward,
    bidirectional_forward,
    gru_forward,
    lstm_backward,
    lstm_forward,
    rnn_backward,
    rnn_forward,
    stacked_backward,
    stacked_forward,
)

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "book" / "_static"
FIGURES = ROOT / "book" / "figures"
SCRIPTS = STATIC / "widgets"
WIDGETS = ("unroll", "walk-back", "gain")

LARGEST_SCRIPT = 15_000  # bytes
SMALLEST_TEXT = 11  # pixels, on a telephone
PHONE_WIDTH, DESK_WIDTH = 390, 1280
T, H = 30, 8  # of walk-back; gain has as many steps

pytestmark = pytest.mark.slow

NUMBERS = re.compile(r"(?<=// numbers: begin\n).*?(?=  // numbers: end)", re.DOTALL)
DRAWING = re.compile(r'(?<=<g class="drawing">).*?(?=</g>\n</svg>)', re.DOTALL)
LIVE = re.compile(r'(?<=aria-live="polite">).*?(?=</p>)', re.DOTALL)

# What a style may say of a color beside var(…): nothing, or the color that is there.
COLOR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)
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


def sheared(g, s):
    """Return the gradients dh (T + 1, 2) of the widget gain, what the radius says (T + 1,), and the norm of W_h.

    The gradients are those of the layer of the course: without input the state is 0, and so every slope is 1.
    """
    Wh = g * np.array([[1.0, s], [0.0, 1.0]])
    dh = [np.array([0.0, 1.0])]
    for back in range(1, T + 1):
        h, cache = rnn_forward(np.zeros((1, back, 1)), None, np.zeros((1, 2)), Wh, np.zeros(2))
        upstream = np.zeros_like(h)
        upstream[0, -1] = [0.0, 1.0]
        dh.append(rnn_backward(upstream, cache)[1][0])
    return np.array(dh), g ** np.arange(T + 1.0), np.linalg.norm(Wh, 2)


def unroll(wx, wh, b, x):
    """Return z, h and y (8,) of one unit that reads x (8,), by the layer of the course."""
    h = rnn_forward(np.array(x, float)[None, :, None], None, *np.array([[[wx]], [[wh]]], float), np.array([b], float))[
        0
    ]
    h = h[0, :, 0]
    return wx * np.array(x) + wh * np.append(0, h[:-1]) + b, h, 2 * h


# ------------------------------------------------------------------------------------------------- the harness


def page_of(folder, *, root=ROOT, names=WIDGETS):
    """Write a page with widgets, their styles and scripts from the source tree; return its address."""
    static = root / "book" / "_static"
    sheets = [static / "roles.css", static / "widgets" / "widgets.css"]
    # No two widgets depend on the order in which their scripts come.
    scripts = [*(static / "widgets" / f"{name}.js" for name in names), static / "widgets" / "shared.js"]
    theme = "--pst-color-background: white; --pst-color-surface: #eee; --pst-color-border: #ccc;"
    theme += " --pst-color-text-muted: #555; --pst-color-text-base: black; font-family: sans-serif;"
    parts = [
        '<!doctype html><html data-theme="light" lang="en"><meta charset="utf-8"><title>widgets</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>html {{ {theme} }} body {{ margin: 0 16px; }}</style>",
        *(f'<link rel="stylesheet" href="{sheet.as_uri()}">' for sheet in sheets),
        *(f'<script src="{script.as_uri()}"></script>' for script in scripts),
        *((root / "book" / "figures" / f"widget-{name}.html").read_text(encoding="utf-8") for name in names),
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
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(chromium, Path(folder)) as run:
        tab = run.page()
        tab.go(page_of(Path(folder)))
        for name in WIDGETS:
            file = FIGURES / f"widget-{name}.html"
            text = DRAWING.sub(lambda _, n=name: escaped(drawn(tab, n)), file.read_text(encoding="utf-8"))
            file.write_text(LIVE.sub(lambda _, n=name: said(tab, n), text), encoding="utf-8")


def escaped(drawing):
    """Return a drawing with the spaces of no width written out."""
    return drawing.replace("\u200b", "&#8203;")


def drawn(tab, name):
    """Return the drawing of a widget."""
    return tab.evaluate(f"document.querySelector('[data-widget={name}] .drawing').innerHTML")


def said(tab, name):
    """Return the line that a widget announces."""
    return tab.evaluate(f"document.querySelector('[data-widget={name}] [aria-live]').textContent")


# -------------------------------------------------------------------------------------------------- the scripts


@pytest.mark.parametrize("name", ["shared", *WIDGETS])
def test_a_script_stays_small_and_asks_for_nothing(name):
    script = (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
    assert len(script.encode()) < LARGEST_SCRIPT
    assert script_hosts(script) == set()
    assert re.findall(r"\b(?:import|export|fetch|XMLHttpRequest|WebSocket|eval)\b", script) == []


@pytest.mark.parametrize(
    "file", sorted([*SCRIPTS.iterdir(), *FIGURES.glob("widget-*.html")]), ids=lambda file: file.name
)
def test_colors_come_from_the_roles_and_the_theme_alone(file):
    text = html.unescape(file.read_text(encoding="utf-8"))
    assert COLOR.findall(text) + COLOR_NAMES.findall(text) == []


@pytest.mark.parametrize(
    "style", ["fill: #0072b2", "color: #fff;", "stroke: rgb(1 2 3)", "background: hsl(0 0% 0%)", "fill: black;"]
)
def test_a_color_that_is_written_out_is_found(style):
    assert COLOR.findall(style) + COLOR_NAMES.findall(style)


def test_the_matrix_and_the_inputs_in_the_script_are_those_of_numpy():
    script = (SCRIPTS / "walk-back.js").read_text(encoding="utf-8")
    written = {name: json.loads(value) for name, value in re.findall(r"const (Q|WX|X) = (.*);", script)}
    for name, array in zip(("Q", "WX", "X"), constants(), strict=True):
        np.testing.assert_allclose(np.reshape(written[name], array.shape), array, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("gain", "size"), [(0.6, 0.5), (0.9, 0.5), (1.2, 0.0), (2.0, 2.0)])
def test_the_norms_are_those_of_the_layer_of_the_course(gain, size):
    Q, Wx, x = constants()
    norms, _, _ = walk_back(gain, size)
    h, _ = rnn_forward(size * x[None], None, Wx, gain * Q, np.zeros(H))
    states = np.concatenate([np.zeros((1, 1, H)), h], axis=1)
    for back in range(1, T + 1):
        # The gradient of the state at which the last `back` steps begin.
        part, cache = rnn_forward(size * x[None, T - back :], states[:, T - back], Wx, gain * Q, np.zeros(H))
        dh = np.zeros_like(part)
        dh[0, -1] = 1 / np.sqrt(H)
        np.testing.assert_allclose(np.linalg.norm(rnn_backward(dh, cache)[1]), norms[back], rtol=1e-9)


# -------------------------------------------------------------------------------------------------- the browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of the page with all widgets."""
    return page_of(tmp_path_factory.mktemp("widgets"))


def show_as(page, width, *, media="", reduced_motion=False):
    """Set the width of a page, which makes it a telephone or a desk, the medium and what the reader prefers."""
    page.resize(width, 844, touch=width == PHONE_WIDTH)
    page.use_medium(media, reduced_motion=reduced_motion)


@pytest.fixture
def tab(screen, address):
    """Return the page freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    yield screen
    assert screen.errors() == []


def numbers(tab, name):
    """Return what a widget says its numbers are."""
    return tab.evaluate(f"document.querySelector('[data-widget={name}]').numbers()")


def set_sliders(tab, name, **values):
    """Set sliders of a widget as if they had been dragged."""
    for slider, value in values.items():
        tab.evaluate(
            f"""(() => {{ const slider = document.querySelector('[data-widget={name}] [name={slider}]');
            slider.value = {value}; slider.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
        )


def focus(tab, selector):
    """Put the focus on an element."""
    tab.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")


def shown(drawing, kind):
    """Return the numbers that stand in a drawing, in text of one kind."""
    texts = re.findall(rf'<text [^>]*class="{kind}">([^<]*)</text>', drawing)
    return [float(text.replace("−", "-")) for text in texts]


def heights(drawing, kind):
    """Return the points (n, 2) of a line in a drawing: steps back, and the power of ten."""
    path = re.search(rf'<path class="{kind}" d="M([^"HVh]*)"', drawing).group(1)
    x, y = np.array([point.split() for point in path.split("L")], float).T
    ticks = re.findall(r'<path class="(?:grid|one)" d="M\S+ ([\d.]+)H', drawing)
    top, bottom = float(ticks[0]), float(ticks[4])  # 10³ and 10⁻⁹
    return np.stack([(344 - x) / 10, 3 - 12 * (y - top) / (bottom - top)], axis=1)


UNROLL = [
    {"wx": 1, "wh": 0.5, "b": 0},
    {"wx": 1, "wh": 1.5, "b": 0},
    {"wx": 2, "wh": -1.1, "b": -0.35},
    {"wx": -0.75, "wh": 0, "b": 1},
    {"wx": 0, "wh": 2, "b": 0.05},
]


@pytest.mark.parametrize("setting", UNROLL, ids=str)
@pytest.mark.parametrize("pressed", [(), (3, 4, 8), (1,)], ids=str)
def test_the_unrolled_network_has_the_numbers_of_numpy(tab, setting, pressed):
    set_sliders(tab, "unroll", **setting)
    x = [1, 0, 0, 0, 0, 0, 0, 0]
    for step in pressed:
        tab.evaluate(f"document.querySelector('[aria-label=\"Input at step {step}\"]').click()")
        x[step - 1] = 1 - x[step - 1]
    found = numbers(tab, "unroll")
    assert found["x"] == x
    z, h, y = unroll(setting["wx"], setting["wh"], setting["b"], x)
    for name, array in (("z", z), ("h", h), ("y", y)):
        np.testing.assert_allclose(found[name], array, rtol=1e-6, atol=1e-12, err_msg=name)
    drawing = drawn(tab, "unroll")
    np.testing.assert_allclose(shown(drawing, "role-hidden value h"), h, atol=0.005 + 1e-9)
    np.testing.assert_allclose(shown(drawing, "role-output value y"), y, atol=0.005 + 1e-9)


@pytest.mark.parametrize("size", [0, 0.5, 2])
@pytest.mark.parametrize("gain", [0.2, 0.6, 0.9, 1, 1.2, 2])
def test_the_gradient_that_walks_back_has_the_lengths_of_numpy(tab, gain, size):
    set_sliders(tab, "walk-back", gain=gain, size=size)
    found = numbers(tab, "walk-back")
    assert (found["gain"], found["size"]) == (gain, size)
    norms, alone, slopes = walk_back(gain, size)
    for name, array in (("norms", norms), ("alone", alone), ("slopes", slopes)):
        np.testing.assert_allclose(found[name], array, rtol=1e-6, err_msg=name)
    drawing = drawn(tab, "walk-back")
    for kind, array in (("norm", norms), ("alone", alone)):
        expected = np.stack([np.arange(T + 1), np.log10(array)], axis=1)
        np.testing.assert_allclose(heights(drawing, kind), expected, atol=0.0005, err_msg=kind)


@pytest.mark.parametrize(("gain", "size"), [(0.6, 0.5), (1.5, 0.5), (2, 2)])
def test_the_shaded_part_is_what_the_slopes_of_tanh_take(tab, gain, size):
    set_sliders(tab, "walk-back", gain=gain, size=size)
    found = {name: np.array(value) for name, value in numbers(tab, "walk-back").items()}
    left = np.append(1, np.cumprod(found["slopes"]))
    np.testing.assert_allclose(found["norms"], found["alone"] * left, rtol=1e-9)
    assert left[-1] < 0.1


@pytest.mark.parametrize("g", [0.5, 0.9, 1, 1.2])
@pytest.mark.parametrize("s", [0, 0.3, 1, 2])
def test_the_gradient_in_the_plane_has_the_entries_and_lengths_of_numpy(tab, g, s):
    set_sliders(tab, "gain", gain=g, shear=s)
    found = numbers(tab, "gain")
    assert (found["gain"], found["shear"]) == (g, s)
    dh, alone, largest = sheared(g, s)
    lengths = np.linalg.norm(dh, axis=1)
    for name, expected in (("dh", dh), ("norms", lengths), ("alone", alone), ("stretch", largest)):
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, err_msg=name)
    drawing = drawn(tab, "gain")
    for kind, values in (("norm walked", lengths[:10]), ("alone", alone)):
        path = re.findall(rf'<path class="{kind}" d="M([^"HVh]*)"', drawing)[-1]
        x, y = np.array([point.split() for point in path.split("L")], float).T
        np.testing.assert_allclose(x, 344 - 10 * np.arange(len(values)), err_msg=kind)
        np.testing.assert_allclose(y, 206 + 16 * (3 - np.log10(values)), atol=0.006, err_msg=kind)
    # The line in the plane: 30 units of the drawing are 1.
    plane = re.search(r'<path class="norm" d="M([^"]*)"', drawing).group(1)
    tips = np.array([point.split() for point in plane.split("L")], float)
    np.testing.assert_allclose(tips, np.array([194, 150]) + 30 * dh * [1, -1], rtol=1e-9, atol=0.006)


def test_without_input_the_slopes_are_one_and_the_gain_decides_alone(tab):
    set_sliders(tab, "walk-back", gain=1.2, size=0)
    found = numbers(tab, "walk-back")
    np.testing.assert_allclose(found["norms"], 1.2 ** np.arange(T + 1.0), rtol=1e-9)
    assert found["slopes"] == pytest.approx([1] * T)


# ---------------------------------------------------------------------------------------------------- the still


def still(name):
    """Return the drawing and the line below it as they stand in the markup."""
    markup = html.unescape((FIGURES / f"widget-{name}.html").read_text(encoding="utf-8"))
    return DRAWING.search(markup).group(), LIVE.search(markup).group()


def test_the_still_of_the_unrolled_network_shows_the_numbers_of_numpy():
    drawing, line = still("unroll")
    z, h, y = unroll(1, 0.5, 0, [1, 0, 0, 0, 0, 0, 0, 0])
    assert shown(drawing, "role-hidden value h") == [round(value, 2) for value in h.tolist()]
    assert shown(drawing, "role-output value y") == [round(value, 2) for value in y.tolist()]
    assert line == (
        f"Step 3 of 8: z₃ = 1.00·0 + 0.50·{h[1]:.2f} + 0.00 = {z[2]:.2f}, "
        f"h₃ = tanh(z₃) = {h[2]:.2f}, y₃ = 2·h₃ = {y[2]:.2f}"
    )


def test_the_still_of_the_gradient_shows_the_numbers_of_numpy():
    drawing, line = still("walk-back")
    norms, alone, slopes = walk_back(0.9, 0.5)
    for kind, array in (("norm", norms), ("alone", alone)):
        expected = np.stack([np.arange(T + 1), np.log10(array)], axis=1)
        np.testing.assert_allclose(heights(drawing, kind), expected, atol=0.0005, err_msg=kind)
    assert shown(drawing, "start role-gradient reading") == [float(f"{norms[10]:.2g}")]
    assert line == (
        f"10 steps back: ‖dh_total‖ = {norms[10]:.2g}, by Wₕ alone {alone[10]:.2g}. "
        f"The last step multiplied it by 0.90 (gain) · {slopes[9]:.3f} (slope) = {0.9 * slopes[9]:.3f}."
    )


def test_the_still_of_the_gain_shows_the_numbers_of_numpy():
    drawing, line = still("gain")
    dh, alone, largest = sheared(0.9, 1.0)
    length = np.linalg.norm(dh[9])
    assert shown(drawing, "start role-gradient reading") == [float(f"{length:.2g}")]
    assert line == (
        f"9 steps back: ({dh[9, 0]:.2g}, {dh[9, 1]:.2g}), length {length:.2g}; the radius says {alone[9]:.2g}. "
        f"One step stretches at most by the singular value {largest:.2f}."
    )
    assert length == max(np.linalg.norm(dh, axis=1))  # where it is longest, as the chapter says


@pytest.mark.parametrize("name", WIDGETS)
def test_still_and_script_draw_the_same(screen, address, name):
    show_as(screen, DESK_WIDTH)
    screen.go(address, scripts=False)
    before = drawn(screen, name), said(screen, name)
    screen.go(address)
    assert (drawn(screen, name), said(screen, name)) == before
    assert before[0].count("<text") > 15


# Of a widget's parts, those that a reader sees, and those that take part in the order of tabs.
VISIBLE = """(selector) => [...document.querySelectorAll(selector)].filter((part) => part.checkVisibility()).length"""
CONTROLS = ".widget input, .widget button, .widget-hint"


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_without_scripts_and_in_print_the_drawing_stands_and_no_control(screen, address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 9


def test_with_scripts_every_control_is_there(tab):
    assert tab.evaluate(f"({VISIBLE})('[data-widget=unroll] input')") == 4
    assert tab.evaluate(f"({VISIBLE})('[data-widget=unroll] button')") == 10
    assert tab.evaluate(f"({VISIBLE})('[data-widget=walk-back] input')") == 3
    assert tab.evaluate(f"({VISIBLE})('[data-widget=walk-back] button')") == 2
    assert tab.evaluate(f"({VISIBLE})('[data-widget=gain] input')") == 3
    assert tab.evaluate(f"({VISIBLE})('[data-widget=gain] button')") == 2


# ------------------------------------------------------------------------------------------- keys, fingers, ears


def test_every_control_has_a_name_and_can_be_reached_by_tab_with_a_visible_focus(tab):
    reached, bare = [], []
    for _ in range(24):
        tab.press("Tab")
        control = tab.evaluate(
            """(() => { const { activeElement: now } = document, style = getComputedStyle(now);
            return { name: now.labels?.[0]?.textContent || now.ariaLabel || now.textContent,
                     outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth) }; })()"""
        )
        reached.append(control["name"])
        if control["outline"] < 2:
            bare.append(control["name"])
    expected = [f"Input at step {step}" for step in range(1, 9)]
    expected += ["Time step t", "input wx", "state wh", "bias b", "Play", "Reset"]
    expected += ["Steps back from the loss", "gain g of Wh", "input size", "Walk back", "Reset"]
    expected += ["Steps back from the loss", "gain g of Wh", "shear s", "Walk back", "Reset"]
    assert sorted(reached) == sorted(expected)
    assert bare == []


@pytest.mark.parametrize("place", ["[name=step]", ".over-input", "[name=play]"])
def test_arrow_keys_home_and_end_step_through_time(tab, place):
    focus(tab, f"[data-widget=unroll] {place}")
    for key, step in [
        ("ArrowRight", 4),
        ("ArrowLeft", 3),
        ("Home", 1),
        ("ArrowLeft", 1),
        ("End", 8),
        ("ArrowRight", 8),
    ]:
        tab.press(key)
        assert numbers(tab, "unroll")["step"] == step, key
        assert said(tab, "unroll").startswith(f"Step {step} of 8: ")


@pytest.mark.parametrize("place", ["[name=back]", "[name=play]"])
def test_arrow_keys_walk_back_and_forth(tab, place):
    focus(tab, f"[data-widget=walk-back] {place}")
    for key, back in [("ArrowLeft", 11), ("ArrowRight", 10), ("End", 30), ("Home", 0), ("ArrowRight", 0)]:
        tab.press(key)
        found = numbers(tab, "walk-back")
        assert found["back"] == back, key
        length = float(re.search(r"= ([\d.]+)(?: × 10⁻⁴)?,", said(tab, "walk-back")).group(1))
        exact = found["norms"][back]
        assert length == pytest.approx(exact if exact >= 0.001 else exact * 1e4, rel=0.05)


@pytest.mark.parametrize("place", ["[name=back]", "[name=play]"])
def test_arrow_keys_walk_in_the_plane(tab, place):
    focus(tab, f"[data-widget=gain] {place}")
    for key, back in [("ArrowLeft", 10), ("ArrowRight", 9), ("End", 30), ("Home", 0), ("ArrowRight", 0)]:
        tab.press(key)
        assert numbers(tab, "gain")["back"] == back, key
        assert said(tab, "gain").startswith(f"{back} step{'s' * (back != 1)} back: ")
    focus(tab, "[data-widget=gain] [name=shear]")
    tab.press("Home")
    assert numbers(tab, "gain")["norms"] == pytest.approx(sheared(0.9, 0)[1])


def test_the_space_bar_switches_an_input_and_enter_resets_everything(tab):
    focus(tab, '[aria-label="Input at step 4"]')
    tab.press("Space")
    assert numbers(tab, "unroll")["x"] == [1, 0, 0, 1, 0, 0, 0, 0]
    assert tab.evaluate("document.activeElement.ariaPressed") == "true"
    focus(tab, "[data-widget=unroll] [name=wh]")
    tab.press("ArrowRight", "ArrowRight", "ArrowUp")
    assert numbers(tab, "unroll")["wh"] == pytest.approx(0.65)
    assert numbers(tab, "unroll")["step"] == 3
    focus(tab, "[data-widget=unroll] [name=reset]")
    tab.press("Enter")
    found = numbers(tab, "unroll")
    assert (found["x"], found["wh"]) == ([1, 0, 0, 0, 0, 0, 0, 0], 0.5)
    assert drawn(tab, "unroll") == still("unroll")[0]


def test_the_gain_is_dragged_by_keys(tab):
    focus(tab, "[data-widget=walk-back] [name=gain]")
    tab.press("ArrowRight", "ArrowRight")
    found = numbers(tab, "walk-back")
    assert (found["gain"], found["back"]) == (1, 10)
    np.testing.assert_allclose(found["norms"], walk_back(1.0, 0.5)[0], rtol=1e-6)


def place_of(tab, selector, across=0.5, down=0.5):
    """Bring an element into view and return a place in it."""
    return tab.evaluate(
        f"""(() => {{ const part = document.querySelector({json.dumps(selector)});
        part.scrollIntoView({{block: "center"}}); const box = part.getBoundingClientRect();
        return [box.x + {across} * box.width, box.y + {down} * box.height]; }})()"""
    )


def test_a_finger_switches_an_input_chooses_a_step_and_moves_the_mark(screen, address):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    screen.tap(*place_of(screen, '[aria-label="Input at step 2"]'))
    assert numbers(screen, "unroll")["x"][:3] == [1, 1, 0]
    screen.tap(*place_of(screen, "[data-step='7'] rect.unit"))
    assert numbers(screen, "unroll")["step"] == 7
    screen.tap(*place_of(screen, "[data-widget=walk-back] svg", across=144 / 360, down=0.4))
    assert numbers(screen, "walk-back")["back"] == 20
    screen.tap(*place_of(screen, "[data-widget=gain] svg", across=144 / 360, down=0.7))
    assert numbers(screen, "gain")["back"] == 20


def test_the_walk_goes_step_by_step_or_at_once_where_no_motion_is_wanted(screen, address):
    walk = "document.querySelector('[data-widget=walk-back] [name=play]').click()"
    for reduced, expected in [(False, 0), (True, 30)]:
        show_as(screen, DESK_WIDTH, reduced_motion=reduced)
        screen.go(address)
        screen.evaluate(walk)
        assert numbers(screen, "walk-back")["back"] == expected
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    screen.evaluate(walk)
    passed = screen.evaluate(
        """new Promise((done) => { const seen = [], root = document.querySelector('[data-widget=walk-back]');
        root.addEventListener("input", () => (seen.push(root.numbers().back), seen.at(-1) === 30 && done(seen))); })"""
    )
    assert passed == list(range(passed[0], 31))
    assert passed[0] <= 3


# -------------------------------------------------------------------------------------------------- on any page


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


@pytest.mark.parametrize(("wh", "gain", "size"), [(0.5, 0.9, 0.5), (-2, 2, 0), (2, 0.2, 2)])
def test_on_a_telephone_the_text_is_readable_and_nothing_is_cut(screen, address, wh, gain, size):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    for back in (0, 2, 5, 9, 15, 30):
        set_sliders(screen, "unroll", wx=-2, wh=wh, b=-1, step=8 if back else 1)
        set_sliders(screen, "walk-back", gain=gain, size=size, back=back)
        set_sliders(screen, "gain", gain=min(gain, 1.2), shear=size, back=back)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT, back
        assert screen.evaluate(BEYOND) == [], back
        assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, back


PLACES = """(() => {
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((part) => part.getBoundingClientRect());
  const centers = (selector) => boxes(selector).map((box) => [box.x + box.width / 2, box.y + box.height / 2]);
  const ends = (selector, inset) => [boxes(selector)[0].left + inset, boxes(selector)[0].right - inset];
  return { buttons: centers(".over-input"), circles: centers("circle.port"),
           line: ends("[data-widget=walk-back] path.norm:not(.walked)", 0),
           // The middle of a thumb, which is 16 pixels wide, at both ends of its way.
           step: ends("[name=step]", 8), back: ends("[data-widget=walk-back] [name=back]", 8) };
})()"""


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
def test_buttons_lie_over_their_circles_and_thumbs_below_their_steps(screen, address, width):
    show_as(screen, width)
    screen.go(address)
    places = screen.evaluate(PLACES)
    np.testing.assert_allclose(places["buttons"], places["circles"], atol=1)
    np.testing.assert_allclose(places["step"], [places["circles"][0][0], places["circles"][-1][0]], atol=1.5)
    np.testing.assert_allclose(places["back"], places["line"], atol=1.5)


def test_a_page_without_a_widget_is_left_alone(screen, tmp_path):
    scripts = "".join(f'<script src="{(SCRIPTS / name).as_uri()}.js"></script>' for name in ("shared", *WIDGETS))
    page = tmp_path / "plain.html"
    body = '<figure><p hidden="">nothing to play with</p><input type="range"></figure>'
    page.write_text(f"<!doctype html><title>plain</title>{scripts}<body>{body}</body>", encoding="utf-8")
    frame = "const frame = document.body.appendChild(document.createElement('iframe'))"
    screen.go(page.as_uri())
    assert screen.evaluate("document.body.innerHTML") == body
    assert screen.errors() == []
    clean = f"(() => {{ {frame}; const clean = Object.keys(frame.contentWindow); frame.remove(); return clean; }})()"
    added = set(screen.evaluate("Object.keys(window)")) - set(screen.evaluate(clean))
    assert added == {"unrolledWidgets"}


def test_nothing_is_asked_for_but_files(tab):
    set_sliders(tab, "walk-back", gain=1.5)
    assert {address.partition(":")[0] for address in tab.requests()} == {"file"}
    assert len(tab.requests()) == 7  # the page, two styles, four scripts


# --------------------------------------------------------------------------------- chapter 5: the conveyor belt


def belt(forget, input_gate, output):
    """Return c, h and what arrives of the gradient (21,), by the LSTM of the course with gates held still."""
    script = (SCRIPTS / "conveyor.js").read_text(encoding="utf-8")
    g = np.array(json.loads(re.search(r"const G = (.*);", script).group(1)))
    Wx, Wh, b = np.array([[0.0, 0, 1, 0]]), np.zeros((1, 4)), np.array([input_gate, forget, 0, output], float)
    x = np.arctanh(g)[None, :, None]
    h, _, cache = lstm_forward(x, None, None, Wx, Wh, b)
    c = [lstm_forward(x[:, :t], None, None, Wx, Wh, b)[1].item() for t in range(1, len(g) + 1)]
    arrives = [1.0]
    for t in range(len(g)):
        part, _, cache = lstm_forward(x[:, t:], None, None, Wx, Wh, b)
        arrives.insert(t, lstm_backward(np.zeros_like(part), np.ones((1, 1)), cache)[2].item())
    return np.append(0, c), np.append(0, h), np.array(arrives)


def write_alone(chromium, name):
    """Write the still of a widget that has a page to itself, as the script draws it at the start."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(chromium, Path(folder)) as run:
        tab = run.page()
        tab.go(page_of(Path(folder), names=(name,)))
        file = FIGURES / f"widget-{name}.html"
        text = DRAWING.sub(lambda _: escaped(drawn(tab, name)), file.read_text(encoding="utf-8"))
        file.write_text(LIVE.sub(lambda _: said(tab, name), text), encoding="utf-8")


@pytest.fixture(scope="module")
def conveyor_address(tmp_path_factory):
    """Return the address of a page with the conveyor belt alone."""
    return page_of(tmp_path_factory.mktemp("conveyor"), names=("conveyor",))


@pytest.fixture
def conveyor(screen, conveyor_address):
    """Return the page with the conveyor belt freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(conveyor_address)
    yield screen
    assert screen.errors() == []


def test_the_script_of_the_conveyor_belt_stays_small_and_asks_for_nothing():
    test_a_script_stays_small_and_asks_for_nothing("conveyor")


GATES = [(3, 2, 0), (8, 8, 8), (-8, -8, -8), (0, 0.5, 4), (5, -5, 1.5)]


@pytest.mark.parametrize(("forget", "input_gate", "output"), GATES)
def test_the_conveyor_belt_has_the_numbers_of_the_lstm_of_the_course(conveyor, forget, input_gate, output):
    set_sliders(conveyor, "conveyor", forget=forget, input=input_gate, output=output, step=7)
    found = numbers(conveyor, "conveyor")
    c, h, arrives = belt(forget, input_gate, output)
    for name, array in (("c", c), ("h", h), ("left", arrives)):
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    expected = f"Step 7 of 20: c₇ = {found['f']:.4f} · {c[6]:.2f} + {found['i']:.4f} · 0.1 = {c[7]:.2f}, "
    expected += f"h₇ = {found['o']:.4f} · tanh({c[7]:.2f}) = {h[7]:.2f}. Of a gradient at c₂₀, "
    line = said(conveyor, "conveyor").replace("−", "-")
    assert line.startswith(re.sub(r"-(0\.00)(?!\d)", r"\1", expected))


@pytest.mark.parametrize("forget", [-8, 0, 3, 8])
def test_the_bars_of_the_belt_are_as_tall_as_their_numbers(conveyor, forget):
    set_sliders(conveyor, "conveyor", forget=forget, input=4, output=4)
    c, h, arrives = belt(forget, 4, 4)
    drawing = drawn(conveyor, "conveyor")

    def tall(kind):
        return np.array(re.findall(rf'class="{kind}(?: now)?" [^>]*height="([\d.]+)"', drawing), float)

    np.testing.assert_allclose(tall("load"), 42 * abs(c), atol=0.006)
    np.testing.assert_allclose(tall("back"), 36 * arrives, atol=0.006)
    dots = np.array(re.findall(r'class="read(?: now)?" cx="[\d.]+" cy="([\d.]+)"', drawing), float)
    np.testing.assert_allclose(dots, 172 - 42 * h, atol=0.006)


def test_still_and_script_of_the_conveyor_belt_draw_the_same(screen, conveyor_address):
    test_still_and_script_draw_the_same(screen, conveyor_address, "conveyor")


def test_the_still_of_the_conveyor_belt_says_the_numbers_of_numpy():
    c, h, arrives = belt(3, 2, 0)
    f, i = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-2))
    assert still("conveyor")[1] == (
        f"Step 12 of 20: c₁₂ = {f:.4f} · {c[11]:.2f} + {i:.4f} · −0.8 = {c[12]:.2f}, "
        f"h₁₂ = 0.5000 · tanh({c[12]:.2f}) = {h[12]:.2f}. Of a gradient at c₂₀, {arrives[12]:.2g} arrives at c₁₂."
    ).replace("-", "−")


@pytest.mark.parametrize("place", ["[name=step]", "[name=play]"])
def test_arrow_keys_home_and_end_move_the_step_of_the_belt(conveyor, place):
    focus(conveyor, f"[data-widget=conveyor] {place}")
    for key, step in [("ArrowRight", 13), ("ArrowLeft", 12), ("Home", 0), ("ArrowLeft", 0), ("End", 20)]:
        conveyor.press(key)
        assert numbers(conveyor, "conveyor")["step"] == step, key
        assert said(conveyor, "conveyor").startswith(f"Step {step} of 20: ")


def test_a_gate_is_moved_by_arrow_keys_and_reset_brings_the_still_back(conveyor):
    focus(conveyor, "[data-widget=conveyor] [name=forget]")
    conveyor.press("ArrowRight", "ArrowRight")
    assert numbers(conveyor, "conveyor")["forget"] == 4
    focus(conveyor, "[data-widget=conveyor] [name=reset]")
    conveyor.press("Enter")
    assert drawn(conveyor, "conveyor") == still("conveyor")[0]


def test_every_control_of_the_belt_has_a_name(conveyor):
    names = conveyor.evaluate(
        "[...document.querySelectorAll('.widget input, .widget button')]"
        ".map((part) => part.labels?.[0]?.textContent || part.ariaLabel || part.textContent)"
    )
    assert names == ["Time step t", "forget gate f", "input gate i", "output gate o", "Run the belt", "Reset"]
    assert conveyor.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 7


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_the_belt_stands_without_scripts_and_in_print(screen, conveyor_address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(conveyor_address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


@pytest.mark.parametrize("gates", [(3, 2, 0), (8, 8, 8), (-8, -8, -8)])
def test_the_belt_fits_a_telephone_and_a_finger_moves_it(screen, conveyor_address, gates):
    show_as(screen, PHONE_WIDTH)
    screen.go(conveyor_address)
    for step in (0, 12, 20):
        set_sliders(screen, "conveyor", forget=gates[0], input=gates[1], output=gates[2], step=step)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT, step
        assert screen.evaluate(BEYOND) == [], step
        assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, step
    screen.tap(*place_of(screen, "[data-widget=conveyor] svg", across=119 / 360, down=0.4))
    assert numbers(screen, "conveyor")["step"] == 5


def test_the_thumb_of_the_belt_lies_below_its_step(conveyor):
    ends = conveyor.evaluate(
        """(() => { const slider = document.querySelector("[name=step]").getBoundingClientRect();
        const dots = [...document.querySelectorAll("circle.read")].map((dot) => dot.getBoundingClientRect());
        const [first, last] = [dots[0], dots.at(-1)].map((box) => box.x + box.width / 2);
        return [slider.left + 8 - first, slider.right - 8 - last]; })()"""
    )
    np.testing.assert_allclose(ends, 0, atol=1.5)


# ---------------------------------------------------------------------------- chapter 6: the side of the reset


def heard(r1, r2, w):
    """Return what two candidates hear with the reset before the product and after it, by the GRU of the course."""
    h, b = np.array([[0.6, 0.2]]), np.zeros(6)
    with np.errstate(divide="ignore"):
        b[:2] = np.clip(np.log([r1, r2]) - np.log1p([-r1, -r2]), -800, 800)
    Wh = np.hstack([np.zeros((2, 4)), [[w, 1 - w], [1 - w, w]]])
    x, Wx = np.zeros((1, 1, 1)), np.zeros((1, 6))
    sides = [gru_forward(x, h, Wx, Wh, b, reset_after=after)[1] for after in (False, True)]
    return [np.arctanh(cache.gates[0, 2, 0]) for cache in sides]


def pair(values):
    """Return two numbers as the widget writes them."""
    return "({:.2f}, {:.2f})".format(*values)


@pytest.fixture(scope="module")
def reset_address(tmp_path_factory):
    """Return the address of a page with the side of the reset alone."""
    return page_of(tmp_path_factory.mktemp("reset-side"), names=("reset-side",))


@pytest.fixture
def reset_side(screen, reset_address):
    """Return the page with the side of the reset freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(reset_address)
    yield screen
    assert screen.errors() == []


def test_the_script_of_the_reset_stays_small_and_asks_for_nothing():
    test_a_script_stays_small_and_asks_for_nothing("reset-side")


@pytest.mark.parametrize(("r1", "r2", "w"), [(1, 0, 0), (0.3, 0.8, 0.4), (0.5, 0.5, 0.2), (0.9, 0.1, 1), (0, 0, 0.5)])
@pytest.mark.parametrize("side", [0, 1])
def test_both_sides_of_the_reset_have_the_numbers_of_the_gru_of_the_course(reset_side, side, r1, r2, w):
    set_sliders(reset_side, "reset-side", side=side, r1=r1, r2=r2, w=w)
    found, expected = numbers(reset_side, "reset-side"), heard(r1, r2, w)
    for name, array in (("before", expected[0]), ("after", expected[1]), ("heard", expected[side])):
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    line = said(reset_side, "reset-side")
    assert f"The candidates hear {pair(expected[side])}." in line
    assert f"they would hear {pair(expected[1 - side])}." in line
    if r1 == r2 or w == 1:
        np.testing.assert_allclose(expected[0], expected[1], atol=1e-12)


def test_the_wires_of_the_reset_are_as_thick_as_what_they_carry(reset_side):
    set_sliders(reset_side, "reset-side", side=1, r1=0.5, r2=0.2, w=0.3)
    thick = re.findall(r'class="wire" d="M256 \d+H294" stroke-width="([\d.]+)"', drawn(reset_side, "reset-side"))
    np.testing.assert_allclose(np.array(thick, float), 12 * heard(0.5, 0.2, 0.3)[1], atol=0.011)


def test_still_and_script_of_the_reset_draw_the_same(screen, reset_address):
    test_still_and_script_draw_the_same(screen, reset_address, "reset-side")


def test_the_still_of_the_reset_says_the_numbers_of_numpy():
    before, after = heard(1, 0, 0)
    assert still("reset-side")[1] == (
        f"Reset before the product: r ⊙ h = (0.60, 0.00) times W. The candidates hear {pair(before)}. "
        f"After, they would hear {pair(after)}."
    )


def test_arrow_keys_and_the_button_flip_the_reset_and_reset_brings_the_still_back(reset_side):
    focus(reset_side, "[data-widget=reset-side] [name=flip]")
    for key, side in [("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", 0), ("End", 1), ("Enter", 0), ("Space", 1)]:
        reset_side.press(key)
        assert numbers(reset_side, "reset-side")["side"] == side, key
    focus(reset_side, "[data-widget=reset-side] [name=w]")
    reset_side.press("ArrowRight", "ArrowRight")
    assert numbers(reset_side, "reset-side")["w"] == pytest.approx(0.2)
    focus(reset_side, "[data-widget=reset-side] [name=reset]")
    reset_side.press("Enter")
    assert drawn(reset_side, "reset-side") == still("reset-side")[0]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_the_reset_stands_without_scripts_and_in_print(screen, reset_address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(reset_address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


@pytest.mark.parametrize("side", [0, 1])
def test_the_reset_fits_a_telephone(screen, reset_address, side):
    show_as(screen, PHONE_WIDTH)
    screen.go(reset_address)
    set_sliders(screen, "reset-side", side=side, r1=0.5, r2=1, w=0.5)
    assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
    assert screen.evaluate(BEYOND) == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH


# ------------------------------------------------------------------------- chapter 7: what one output sees

SIGHT = np.array([0.2, -0.3, 0.4, -0.2, -0.1, 0.3, -0.4, 0.2])
NETS = ("forward", "backward", "both directions", "two layers")


def seen(net, step, wh):
    """Return the gradient of the output of a step with respect to the eight inputs, by the layers of the course."""
    one = {"Wx": np.ones((1, 1)), "Wh": np.full((1, 1), float(wh)), "b": np.zeros(1)}
    x = SIGHT[None, :, None]
    if net == 3:
        h, _, cache = stacked_forward(x, [one, one], cell="rnn")
    else:
        h, cache = bidirectional_forward(x, None, one, one, cell="rnn")
    dh = np.zeros_like(h)
    dh[0, step - 1] = 1 if net == 3 else [(1, 0), (0, 1), (1, 1)][net]
    return (stacked_backward(dh, None, cache) if net == 3 else bidirectional_backward(dh, cache))[0][0, :, 0]


@pytest.fixture(scope="module")
def sight_address(tmp_path_factory):
    """Return the address of a page with what one output sees alone."""
    return page_of(tmp_path_factory.mktemp("sight"), names=("sight",))


@pytest.fixture
def sight(screen, sight_address):
    """Return the page with what one output sees freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(sight_address)
    yield screen
    assert screen.errors() == []


def test_the_script_of_sight_stays_small_and_asks_for_nothing():
    test_a_script_stays_small_and_asks_for_nothing("sight")


@pytest.mark.parametrize(("step", "wh"), [(1, 0.6), (3, 1), (5, 0.6), (8, 0.3), (4, 0)])
@pytest.mark.parametrize("net", range(4), ids=NETS)
def test_what_one_output_sees_are_the_gradients_of_the_layers_of_the_course(sight, net, step, wh):
    set_sliders(sight, "sight", net=net, step=step, wh=wh)
    found, expected = numbers(sight, "sight"), seen(net, step, wh)
    assert found["net"] == NETS[net]
    np.testing.assert_allclose(found["dx"], expected, rtol=1e-9, atol=1e-15)
    assert found["reached"] == (expected != 0).tolist()
    assert f"it sees {np.count_nonzero(expected)} of 8 inputs." in said(sight, "sight")
    assert f"The largest gradient is {expected.max():.2f}, by input {expected.argmax() + 1}." in said(sight, "sight")
    drawing = drawn(sight, "sight")
    assert shown(drawing, "role-gradient value") == [float(f"{value:.2f}") for value in expected]
    assert len(re.findall('class="role-gradient value">0<', drawing)) == np.count_nonzero(expected == 0)
    heights_of_bars = np.array(re.findall(r'class="slope"[^>]* height="([\d.]+)"', drawing), float)
    np.testing.assert_allclose(heights_of_bars, 30 * expected, atol=0.006)


def test_still_and_script_of_sight_draw_the_same(screen, sight_address):
    test_still_and_script_draw_the_same(screen, sight_address, "sight")


def test_the_still_of_sight_says_the_numbers_of_numpy():
    drawing, line = still("sight")
    expected = seen(0, 5, 0.6)
    assert shown(drawing, "role-gradient value") == [float(f"{value:.2f}") for value in expected]
    assert line == (
        "Output of step 5, forward, wₕ = 0.6: it sees 5 of 8 inputs. "
        f"The largest gradient is {expected.max():.2f}, by input 5."
    )


def test_what_chapter_7_says_of_sight_holds():
    """With two layers and w_h = 1 the tallest bar is an earlier one; over k steps there are k + 1 roads."""
    assert seen(3, 5, 1).argmax() < 4
    assert seen(0, 5, 0.6).argmax() == seen(2, 5, 0.6).argmax() == 4
    assert not seen(0, 3, 0.6)[3:].any()
    assert seen(0, 3, 0.6)[:3].all()
    tiny = {"Wx": np.ones((1, 1)), "Wh": np.ones((1, 1)), "b": np.zeros(1)}
    h, _, cache = stacked_forward(np.full((1, 6, 1), 1e-9), [tiny, tiny], cell="rnn")  # where every slope is 1
    dh = np.zeros_like(h)
    dh[0, -1] = 1
    np.testing.assert_allclose(stacked_backward(dh, None, cache)[0][0, :, 0], [6, 5, 4, 3, 2, 1], rtol=1e-12)


def test_arrow_keys_move_the_output_the_button_changes_the_network_and_reset_brings_the_still_back(sight):
    focus(sight, "[data-widget=sight] [name=next]")
    for key, step in [("ArrowRight", 6), ("ArrowLeft", 5), ("End", 8), ("Home", 1)]:
        sight.press(key)
        assert numbers(sight, "sight")["step"] == step, key
    for net in (*NETS[1:], NETS[0]):
        sight.press("Enter")
        assert numbers(sight, "sight")["net"] == net
    focus(sight, "[data-widget=sight] [name=reset]")
    sight.press("Enter")
    assert drawn(sight, "sight") == still("sight")[0]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_sight_stands_without_scripts_and_in_print(screen, sight_address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(sight_address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


@pytest.mark.parametrize("net", range(4), ids=NETS)
def test_sight_fits_a_telephone(screen, sight_address, net):
    show_as(screen, PHONE_WIDTH)
    screen.go(sight_address)
    set_sliders(screen, "sight", net=net, step=1, wh=1)
    assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
    assert screen.evaluate(BEYOND) == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH


if __name__ == "__main__":
    write_generated(find_chromium() or sys.exit(INSTALL_CHROMIUM))
    for alone in ("conveyor", "reset-side", "sight"):
        write_alone(find_chromium(), alone)
