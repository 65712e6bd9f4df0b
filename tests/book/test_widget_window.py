"""The widget of chapter 1: its numbers are counted in the text of the chapter, and keys and fingers move it."""

import re
from collections import Counter

import numpy as np
import pytest
from widget_pages import heights, still

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
    """Return the conditional entropy of the next letter, equation conditional-entropy, as a difference of entropies."""
    ends = range(width, len(TEXT))
    windows, longer = (Counter(TEXT[i - width : i + more] for i in ends) for more in (0, 1))
    return bits_of(list(longer.values())) - bits_of(list(windows.values()))


def generated():
    """Return the numbers that stand in the script."""
    rows = [[counted(place, width) for width in range(WIDEST + 1)] for place in range(FIRST, len(SENTENCE))]
    rows = [[[round(bits, 4), *rest] for bits, *rest in row] for row in rows]
    mean = [round(mean_bits(width), 4) for width in range(WIDEST + 1)]
    return {"SENTENCE": SENTENCE, "FIRST": FIRST, "MEAN": mean, "COUNTS": rows}


LABELS_OVER_THE_HEADING = """(() => {
  const [heading, ...labels] = [...document.querySelectorAll("[data-widget=window] svg text")]
    .filter((text) => /what followed|%$/.test(text.textContent)).map((text) => text.getBoundingClientRect());
  return labels.map((label) => label.top - heading.bottom);
})()"""


def test_a_bar_of_the_full_height_keeps_its_label_below_the_heading(widget):
    widget.set(place=18, width=8)
    assert widget.numbers()["shares"] == [1]
    assert min(widget.evaluate(LABELS_OVER_THE_HEADING)) >= -3  # boxes have room above the digits


def test_the_dashed_line_is_the_conditional_entropy_of_the_text(widget):
    expected = [mean_bits(width) for width in range(WIDEST + 1)]
    np.testing.assert_allclose(widget.numbers()["mean"], expected, rtol=0, atol=6e-5)


@pytest.mark.parametrize("place", [FIRST, 14, 18, 20, len(SENTENCE) - 1])
def test_what_follows_is_counted_in_the_text(widget, place):
    for width in range(WIDEST + 1):
        widget.set(place=place, width=width)
        found = widget.numbers()
        bits, times, letters, counts = counted(place, width)
        assert (found["seen"], found["times"]) == (SENTENCE[place - width : place], times)
        assert "".join(found["letters"]) == letters
        np.testing.assert_allclose(found["shares"], np.array(counts) / times, rtol=1e-12)
        assert found["here"][width] == pytest.approx(bits, abs=6e-5)
        assert f"{bits:.2f} bits left." in widget.said()


def test_the_bars_are_as_tall_as_their_shares(widget):
    widget.set(width=1)
    _, times, _, counts = counted(18, 1)
    np.testing.assert_allclose(heights(widget.drawn(), "share"), 68 * np.array(counts) / times, atol=0.006)


def test_the_still_says_the_numbers_of_the_chapter():
    assert still("window")[1] == "4 letters, “iona”: 102 times in the text. Next r 52 %, l 48 %. 1.00 bits left."


@pytest.mark.parametrize("place", ["[name=width]", "[name=play]"])
def test_arrow_keys_home_and_end_change_the_width(widget, place):
    widget.focus(place)
    for key, width in [("ArrowRight", 5), ("ArrowLeft", 4), ("Home", 0), ("ArrowLeft", 0), ("End", 8)]:
        widget.press(key)
        assert widget.numbers()["width"] == width, key


def test_the_place_is_moved_by_keys_and_reset_brings_the_still_back(widget):
    widget.focus("[name=place]")
    widget.press("ArrowRight")
    assert widget.numbers()["place"] == 19
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.drawn() == still("window")[0]


def test_every_control_has_its_name(widget):
    assert widget.names() == ["Letters in the window", "the next letter", "Widen the window", "Reset"]


@pytest.mark.parametrize("place", [FIRST, 18, len(SENTENCE) - 1])
def test_it_fits_a_telephone_and_a_finger_moves_it(phone, place):
    for width in range(WIDEST + 1):
        phone.set(place=place, width=width)
        phone.fits_a_telephone()
    phone.tap("svg", across=119 / 360, down=0.7)
    assert phone.numbers()["width"] == 2
