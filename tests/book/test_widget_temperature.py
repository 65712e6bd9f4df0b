"""The widget of chapter 8: its chances are NumPy's, its texts those of the chapter's network, and keys move it."""

import re

import numpy as np
import pytest
from test_chapter_08 import chapter, trained
from widget_pages import constant, heights, still

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


def generated():
    """Return the numbers that stand in the script. Trained on another processor the network may write other texts."""
    return {"ALPHABET": chapter()["alphabet"], "PLACES": places()}


@pytest.mark.parametrize("place", range(len(BEGINNINGS)))
def test_the_chances_and_the_bits_are_those_of_numpy(widget, place):
    scores = np.array(constant("temperature", "PLACES")[place]["scores"])
    for warmth in WARMTHS:
        widget.set(place=place, warmth=warmth)
        found = widget.numbers()
        p = np.exp(scores / (warmth / 5))
        p /= p.sum()
        bits = -np.sum(p[p > 0] * np.log2(p[p > 0]))
        assert found["before"] == BEGINNINGS[place]
        np.testing.assert_allclose(found["p"], p, rtol=1e-9, atol=1e-300, err_msg=str(warmth))
        assert found["bits"] == pytest.approx(bits, abs=1e-9)
        assert widget.said().startswith(f"Temperature {warmth / 5:.1f}: ")
        assert widget.said().endswith(f"A draw has {bits:.2f} bits.")
        bars = heights(widget.drawn(), "share")
        np.testing.assert_allclose(bars, 82 * np.sort(p)[::-1][:7], atol=0.006, err_msg=str(warmth))


def test_every_temperature_has_a_text_of_its_own_and_the_drawing_shows_it(widget):
    stored = constant("temperature", "PLACES")
    for place in range(len(BEGINNINGS)):
        pages = stored[place]["pages"]
        assert len({"".join(page) for page in pages}) == len(WARMTHS)
        for warmth, page in zip(WARMTHS, pages, strict=True):
            widget.set(place=place, warmth=warmth)
            shown = re.findall(r'typed role-output">([^<]*)<', widget.drawn())
            assert [line.replace("&nbsp;", " ").replace("\u00a0", " ") for line in shown] == page
            assert all(len(line) <= WIDE for line in page)


@pytest.mark.long
def test_the_scores_are_those_of_the_network_of_the_chapter():
    """Another processor rounds otherwise, and a thousand updates make that visible: the order of the first stays."""
    assert constant("temperature", "ALPHABET") == chapter()["alphabet"]
    for here, there in zip(places(), constant("temperature", "PLACES"), strict=True):
        assert here["before"] == there["before"]
        assert np.corrcoef(here["scores"], there["scores"])[0, 1] > 0.9


def test_arrow_keys_home_and_end_change_the_temperature(widget):
    widget.focus("[name=play]")
    for key, temperature in [("ArrowRight", 1.2), ("ArrowLeft", 1.0), ("Home", 0.2), ("ArrowLeft", 0.2), ("End", 2.0)]:
        widget.press(key)
        assert widget.numbers()["temperature"] == temperature, key


def test_reset_brings_the_still_back(widget):
    widget.set(place=2, warmth=9)
    assert widget.drawn() != still("temperature")[0]
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.numbers()["temperature"] == 1.0
    assert widget.said() == still("temperature")[1]


def test_every_control_has_its_name(widget):
    assert widget.names() == ["temperature τ", "beginning", "Warm it up", "Reset"]


@pytest.mark.parametrize("place", range(len(BEGINNINGS)))
def test_it_fits_a_telephone(phone, place):
    for warmth in (1, 5, 10):
        phone.set(place=place, warmth=warmth)
        phone.fits_a_telephone(warmth)
