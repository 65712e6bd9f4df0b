"""The widget of chapter 1: its numbers are counted in the text of the chapter, and it works by keyboard and by finger.

`PYTHONPATH=. python tests/book/test_widget_window.py` writes the numbers in `window.js`, and the still.
"""

import json
import re
import sys
from collections import Counter

import numpy as np
import pytest
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
    place_of,
    said,
    set_sliders,
    show_as,
    still,
    write_alone,
)
from test_widgets import test_a_script_stays_small_and_asks_for_nothing as stays_small
from test_widgets import test_still_and_script_draw_the_same as draw_the_same

from tools.chromium import INSTALL_CHROMIUM, find_chromium
from unrolled.texts import python_topics

pytestmark = pytest.mark.slow

SENTENCE, FIRST, WIDEST = "such as a dictionary next", 10, 8
TEXT = re.sub("[^a-z]+", " ", python_topics().lower())[:90_000]


def bits_of(counts):
    """Return the entropy of some counts, in bits."""
    p = np.array(counts) / sum(counts)
    return abs(np.sum(p * np.log2(p)))


def counted(place, width):
    """Return the bits left, how often the window stands in the text, and what follows most often, with its counts."""
    seen = SENTENCE[place - width : place]
    counts = Counter(re.findall(f"(?<={seen}).", TEXT))
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
    return bits_of(list(counts.values())), counts.total(), "".join(v for v, _ in most), [n for _, n in most]


def mean_bits(width):
    """Return the conditional entropy of the next letter, equation conditional-entropy, window by window."""
    after = {}
    for i in range(len(TEXT) - width):
        after.setdefault(TEXT[i : i + width], Counter())[TEXT[i + width]] += 1
    return sum(c.total() * bits_of(list(c.values())) for c in after.values()) / (len(TEXT) - width)


def write_generated(chromium):
    """Write the numbers of window.js, then the still as the script draws it at the start."""
    rows = [[counted(place, width) for width in range(WIDEST + 1)] for place in range(FIRST, len(SENTENCE))]
    rows = [[[round(bits, 4), *rest] for bits, *rest in row] for row in rows]
    mean = [round(mean_bits(width), 4) for width in range(WIDEST + 1)]
    parts = {"SENTENCE": SENTENCE, "FIRST": FIRST, "MEAN": mean, "COUNTS": rows}
    lines = "".join(f"  const {name} = {json.dumps(part, separators=(',', ':'))};\n" for name, part in parts.items())
    script = SCRIPTS / "window.js"
    script.write_text(NUMBERS.sub(lambda _: lines, script.read_text(encoding="utf-8")), encoding="utf-8")
    write_alone(chromium, "window")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a page with the window alone."""
    return page_of(tmp_path_factory.mktemp("window"), names=("window",))


@pytest.fixture
def tab(screen, address):
    """Return the page freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    yield screen
    assert screen.errors() == []


def test_the_script_stays_small_and_asks_for_nothing():
    stays_small("window")


LABELS_OVER_THE_HEADING = """(() => {
  const [heading, ...labels] = [...document.querySelectorAll("[data-widget=window] svg text")]
    .filter((text) => /what followed|%$/.test(text.textContent)).map((text) => text.getBoundingClientRect());
  return labels.map((label) => label.top - heading.bottom);
})()"""


def test_a_bar_of_the_full_height_keeps_its_label_below_the_heading(tab):
    set_sliders(tab, "window", place=18, width=8)
    assert numbers(tab, "window")["shares"] == [1]
    assert min(tab.evaluate(LABELS_OVER_THE_HEADING)) >= -3  # boxes have room above the digits


@pytest.mark.parametrize("width", range(WIDEST + 1))
def test_the_dashed_line_is_the_conditional_entropy_of_the_text(tab, width):
    assert numbers(tab, "window")["mean"][width] == pytest.approx(mean_bits(width), abs=6e-5)


@pytest.mark.parametrize("place", [FIRST, 14, 18, 20, len(SENTENCE) - 1])
def test_what_follows_is_counted_in_the_text(tab, place):
    for width in range(WIDEST + 1):
        set_sliders(tab, "window", place=place, width=width)
        found = numbers(tab, "window")
        bits, times, letters, counts = counted(place, width)
        assert (found["seen"], found["times"]) == (SENTENCE[place - width : place], times)
        assert "".join(found["letters"]) == letters
        np.testing.assert_allclose(found["shares"], np.array(counts) / times, rtol=1e-12)
        assert found["here"][width] == pytest.approx(bits, abs=6e-5)
        assert f"{bits:.2f} bits left." in said(tab, "window")


def test_the_bars_are_as_tall_as_their_shares(tab):
    set_sliders(tab, "window", width=1)
    tall = np.array(re.findall(r'class="share" [^>]*height="([\d.]+)"', drawn(tab, "window")), float)
    _, times, _, counts = counted(18, 1)
    np.testing.assert_allclose(tall, 68 * np.array(counts) / times, atol=0.006)


def test_still_and_script_draw_the_same(screen, address):
    draw_the_same(screen, address, "window")


def test_the_still_says_the_numbers_of_the_chapter():
    assert still("window")[1] == "4 letters, “iona”: 102 times in the text. Next r 52 %, l 48 %. 1.00 bits left."


@pytest.mark.parametrize("place", ["[name=width]", "[name=play]"])
def test_arrow_keys_home_and_end_change_the_width(tab, place):
    focus(tab, f"[data-widget=window] {place}")
    for key, width in [("ArrowRight", 5), ("ArrowLeft", 4), ("Home", 0), ("ArrowLeft", 0), ("End", 8)]:
        tab.press(key)
        assert numbers(tab, "window")["width"] == width, key


def test_the_place_is_moved_by_keys_and_reset_brings_the_still_back(tab):
    focus(tab, "[data-widget=window] [name=place]")
    tab.press("ArrowRight")
    assert numbers(tab, "window")["place"] == 19
    focus(tab, "[data-widget=window] [name=reset]")
    tab.press("Enter")
    assert drawn(tab, "window") == still("window")[0]


def test_every_control_has_a_name(tab):
    names = tab.evaluate(
        "[...document.querySelectorAll('.widget input, .widget button')]"
        ".map((part) => part.labels?.[0]?.textContent || part.ariaLabel || part.textContent)"
    )
    assert names == ["Letters in the window", "the next letter", "Widen the window", "Reset"]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_it_stands_without_scripts_and_in_print(screen, address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


@pytest.mark.parametrize("place", [FIRST, 18, len(SENTENCE) - 1])
def test_it_fits_a_telephone_and_a_finger_moves_it(screen, address, place):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    for width in range(WIDEST + 1):
        set_sliders(screen, "window", place=place, width=width)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
        assert screen.evaluate(BEYOND) == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    screen.tap(*place_of(screen, "[data-widget=window] svg", across=119 / 360, down=0.7))
    assert numbers(screen, "window")["width"] == 2


if __name__ == "__main__":
    write_generated(find_chromium() or sys.exit(INSTALL_CHROMIUM))
