"""The widget of chapter 8: its chances are NumPy's, its texts those of the chapter's network, and it works by keyboard.

`PYTHONPATH=. python tests/book/test_widget_temperature.py` trains the network and writes the numbers in
`temperature.js`, and the still. Trained on another processor it may write other texts.
"""

import json
import re
import sys

import numpy as np
import pytest
from test_chapter_08 import chapter, trained
from test_widgets import (
    BEYOND,
    CONTROLS,
    DESK_WIDTH,
    NUMBERS,
    PHONE_WIDTH,
    SCRIPTS,
    SMALLEST_TEXT,
    TEXT_SIZES,
    VISIBLE,
    drawn,
    focus,
    numbers,
    page_of,
    said,
    set_sliders,
    show_as,
    still,
    write_alone,
)
from test_widgets import test_a_script_stays_small_and_asks_for_nothing as stays_small
from test_widgets import test_still_and_script_draw_the_same as draw_the_same

from tools.chromium import INSTALL_CHROMIUM, find_chromium
from unrolled.char_lm import decode, encode

pytestmark = pytest.mark.slow

BEGINNINGS = ("the value of the ", "a st", "if the object is n", "such as a dictiona")
WARMTHS, LINES, WIDE = range(1, 11), 4, 44


def places():
    """Return what the network of the chapter scores after each beginning, and writes at each temperature."""
    alphabet, model = chapter()["alphabet"], trained(0)
    found = []
    for before in BEGINNINGS:
        prompt = encode(before, alphabet)
        pages = [
            decode(model.generate(np.random.default_rng(8), prompt, LINES * WIDE, warmth / 5), alphabet)
            for warmth in WARMTHS
        ]
        scores = model.forward(prompt[None])[0][0, -1].astype(float)
        found.append(
            {
                "before": before,
                "scores": [round(score, 2) for score in scores - scores.max()],
                "pages": [lines_of(page) for page in pages],
            }
        )
    return found


def lines_of(page):
    """Break a page into lines at spaces where there are any."""
    lines, rest = [], page.replace("\n", "¶")
    for _ in range(LINES):
        end = WIDE if len(rest) <= WIDE or " " not in rest[: WIDE + 1] else rest.rindex(" ", 0, WIDE + 1)
        lines, rest = [*lines, rest[:end]], rest[end:].removeprefix(" ")
    return lines


def write_generated(chromium):
    """Write the numbers of temperature.js, then the still as the script draws it at the start."""
    parts = {"ALPHABET": chapter()["alphabet"], "PLACES": places()}
    lines = "".join(
        f"  const {name} = {json.dumps(part, separators=(',', ':'), ensure_ascii=False)};\n"
        for name, part in parts.items()
    )
    script = SCRIPTS / "temperature.js"
    script.write_text(NUMBERS.sub(lambda _: lines, script.read_text(encoding="utf-8")), encoding="utf-8")
    write_alone(chromium, "temperature")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a page with the widget alone."""
    return page_of(tmp_path_factory.mktemp("temperature"), names=("temperature",))


@pytest.fixture
def tab(screen, address):
    """Return the page freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    yield screen
    assert screen.errors() == []


def written():
    """Return the alphabet and the places that stand in the script."""
    script = (SCRIPTS / "temperature.js").read_text(encoding="utf-8")
    return [json.loads(re.search(rf"const {name} = (.*);", script).group(1)) for name in ("ALPHABET", "PLACES")]


def test_the_script_stays_small_and_asks_for_nothing():
    stays_small("temperature")


@pytest.mark.parametrize("place", range(len(BEGINNINGS)))
@pytest.mark.parametrize("warmth", WARMTHS)
def test_the_chances_and_the_bits_are_those_of_numpy(tab, place, warmth):
    set_sliders(tab, "temperature", place=place, warmth=warmth)
    found, scores = numbers(tab, "temperature"), np.array(written()[1][place]["scores"])
    p = np.exp(scores / (warmth / 5))
    p /= p.sum()
    bits = -np.sum(p[p > 0] * np.log2(p[p > 0]))
    assert found["before"] == BEGINNINGS[place]
    np.testing.assert_allclose(found["p"], p, rtol=1e-9, atol=1e-300)
    assert found["bits"] == pytest.approx(bits, abs=1e-9)
    assert said(tab, "temperature").startswith(f"Temperature {warmth / 5:.1f}: ")
    assert said(tab, "temperature").endswith(f"A draw has {bits:.2f} bits.")
    tall = np.array(re.findall(r'class="share" [^>]*height="([\d.]+)"', drawn(tab, "temperature")), float)
    np.testing.assert_allclose(tall, 82 * np.sort(p)[::-1][:7], atol=0.006)


def test_every_temperature_has_a_text_of_its_own_and_the_drawing_shows_it(tab):
    for place in range(len(BEGINNINGS)):
        pages = written()[1][place]["pages"]
        assert len({"".join(page) for page in pages}) == len(WARMTHS)
        for warmth, page in zip(WARMTHS, pages, strict=True):
            set_sliders(tab, "temperature", place=place, warmth=warmth)
            shown = re.findall(r'typed role-output">([^<]*)<', drawn(tab, "temperature"))
            assert [line.replace("&nbsp;", " ").replace("\u00a0", " ") for line in shown] == page
            assert all(len(line) <= WIDE for line in page)


@pytest.mark.long
def test_the_scores_are_those_of_the_network_of_the_chapter():
    """Another processor rounds otherwise, and a thousand updates make that visible: the order of the first stays."""
    alphabet, stored = written()
    assert alphabet == chapter()["alphabet"]
    for here, there in zip(places(), stored, strict=True):
        assert here["before"] == there["before"]
        assert np.corrcoef(here["scores"], there["scores"])[0, 1] > 0.9


def test_still_and_script_draw_the_same(screen, address):
    draw_the_same(screen, address, "temperature")


def test_arrow_keys_home_and_end_change_the_temperature(tab):
    focus(tab, "[data-widget=temperature] [name=play]")
    for key, temperature in [("ArrowRight", 1.2), ("ArrowLeft", 1.0), ("Home", 0.2), ("ArrowLeft", 0.2), ("End", 2.0)]:
        tab.press(key)
        assert numbers(tab, "temperature")["temperature"] == temperature, key


def test_reset_brings_the_still_back(tab):
    set_sliders(tab, "temperature", place=2, warmth=9)
    assert drawn(tab, "temperature") != still("temperature")[0]
    focus(tab, "[data-widget=temperature] [name=reset]")
    tab.press("Enter")
    assert numbers(tab, "temperature")["temperature"] == 1.0
    assert said(tab, "temperature") == still("temperature")[1]


def test_every_control_has_a_name(tab):
    names = tab.evaluate(
        "[...document.querySelectorAll('.widget input, .widget button')]"
        ".map((part) => part.labels?.[0]?.textContent || part.ariaLabel || part.textContent)"
    )
    assert names == ["temperature τ", "beginning", "Warm it up", "Reset"]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_it_stands_without_scripts_and_in_print(screen, address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


@pytest.mark.parametrize("place", range(len(BEGINNINGS)))
def test_it_fits_a_telephone(screen, address, place):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    for warmth in (1, 5, 10):
        set_sliders(screen, "temperature", place=place, warmth=warmth)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
        assert screen.evaluate(BEYOND) == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH


if __name__ == "__main__":
    write_generated(find_chromium() or sys.exit(INSTALL_CHROMIUM))
