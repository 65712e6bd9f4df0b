"""The widget of chapter 6: what stands on either side of the reset has the numbers of the GRU of the course."""

import re

import numpy as np
import pytest
from widget_pages import still

from unrolled import gru_forward

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("side", [0, 1])
def test_both_sides_of_the_reset_have_the_numbers_of_the_gru_of_the_course(widget, side):
    for r1, r2, w in [(1, 0, 0), (0.3, 0.8, 0.4), (0.5, 0.5, 0.2), (0.9, 0.1, 1), (0, 0, 0.5)]:
        widget.set(side=side, r1=r1, r2=r2, w=w)
        found, expected = widget.numbers(), heard(r1, r2, w)
        for name, array in (("before", expected[0]), ("after", expected[1]), ("heard", expected[side])):
            np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
        line = widget.said()
        assert f"The candidates hear {pair(expected[side])}." in line
        assert f"they would hear {pair(expected[1 - side])}." in line
        if r1 == r2 or w == 1:
            np.testing.assert_allclose(expected[0], expected[1], atol=1e-12)


def test_the_wires_of_the_reset_are_as_thick_as_what_they_carry(widget):
    widget.set(side=1, r1=0.5, r2=0.2, w=0.3)
    thick = re.findall(r'class="wire" d="M256 \d+H294" stroke-width="([\d.]+)"', widget.drawn())
    np.testing.assert_allclose(np.array(thick, float), 12 * heard(0.5, 0.2, 0.3)[1], atol=0.011)


def test_the_still_of_the_reset_says_the_numbers_of_numpy():
    before, after = heard(1, 0, 0)
    assert still("reset-side")[1] == (
        f"Reset before the product: r ⊙ h = (0.60, 0.00) times W. The candidates hear {pair(before)}. "
        f"After, they would hear {pair(after)}."
    )


def test_arrow_keys_and_the_button_flip_the_reset_and_reset_brings_the_still_back(widget):
    widget.focus("[name=flip]")
    for key, side in [("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", 0), ("End", 1), ("Enter", 0), ("Space", 1)]:
        widget.press(key)
        assert widget.numbers()["side"] == side, key
    widget.focus("[name=w]")
    widget.press("ArrowRight", "ArrowRight")
    assert widget.numbers()["w"] == pytest.approx(0.2)
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.drawn() == still("reset-side")[0]


@pytest.mark.parametrize("side", [0, 1])
def test_the_reset_fits_a_telephone(phone, side):
    phone.set(side=side, r1=0.5, r2=1, w=0.5)
    phone.fits_a_telephone()
