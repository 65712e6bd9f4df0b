"""The widget of chapter 7: what one output sees are the gradients of the layers of the course."""

import re

import numpy as np
import pytest
from widget_pages import heights, shown, still

from unrolled import bidirectional_backward, bidirectional_forward, stacked_backward, stacked_forward

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("net", range(4), ids=NETS)
def test_what_one_output_sees_are_the_gradients_of_the_layers_of_the_course(widget, net):
    for step, wh in [(1, 0.6), (3, 1), (5, 0.6), (8, 0.3), (4, 0)]:
        widget.set(net=net, step=step, wh=wh)
        found, expected = widget.numbers(), seen(net, step, wh)
        assert found["net"] == NETS[net]
        np.testing.assert_allclose(found["dx"], expected, rtol=1e-9, atol=1e-15)
        assert found["reached"] == (expected != 0).tolist()
        assert f"it sees {np.count_nonzero(expected)} of 8 inputs." in widget.said()
        assert f"The largest gradient is {expected.max():.2f}, by input {expected.argmax() + 1}." in widget.said()
        drawing = widget.drawn()
        assert shown(drawing, "role-gradient value") == [float(f"{value:.2f}") for value in expected]
        assert len(re.findall('class="role-gradient value">0<', drawing)) == np.count_nonzero(expected == 0)
        np.testing.assert_allclose(heights(drawing, "slope"), 30 * expected, atol=0.006)


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


def test_arrow_keys_move_the_output_the_button_changes_the_network_and_reset_brings_the_still_back(widget):
    widget.focus("[name=next]")
    for key, step in [("ArrowRight", 6), ("ArrowLeft", 5), ("End", 8), ("Home", 1)]:
        widget.press(key)
        assert widget.numbers()["step"] == step, key
    for net in (*NETS[1:], NETS[0]):
        widget.press("Enter")
        assert widget.numbers()["net"] == net
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.drawn() == still("sight")[0]


@pytest.mark.parametrize("net", range(4), ids=NETS)
def test_sight_fits_a_telephone(phone, net):
    phone.set(net=net, step=1, wh=1)
    phone.fits_a_telephone()
