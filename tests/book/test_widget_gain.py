"""The widget of chapter 4: the gradient in the plane has the entries and lengths of the layer of the course."""

import re

import numpy as np
import pytest
from widget_pages import points, shown, still

from unrolled import rnn_backward, rnn_forward

pytestmark = pytest.mark.slow

T = 30


def sheared(g, s):
    """Return the gradients dh (T + 1, 2), what the radius says (T + 1,), and the norm of W_h.

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


@pytest.mark.parametrize("s", [0, 0.3, 1, 2])
def test_the_gradient_in_the_plane_has_the_entries_and_lengths_of_numpy(widget, s):
    for g in (0.5, 0.9, 1, 1.2):
        widget.set(gain=g, shear=s)
        found = widget.numbers()
        assert (found["gain"], found["shear"]) == (g, s)
        dh, alone, largest = sheared(g, s)
        lengths = np.linalg.norm(dh, axis=1)
        for name, expected in (("dh", dh), ("norms", lengths), ("alone", alone), ("stretch", largest)):
            np.testing.assert_allclose(found[name], expected, rtol=1e-6, err_msg=f"{name} at {g}")
        drawing = widget.drawn()
        for kind, values in (("norm walked", lengths[:10]), ("alone", alone)):
            x, y = points(re.findall(rf'<path class="{kind}" d="M([^"HVh]*)"', drawing)[-1]).T
            np.testing.assert_allclose(x, 344 - 10 * np.arange(len(values)), err_msg=f"{kind} at {g}")
            np.testing.assert_allclose(y, 206 + 16 * (3 - np.log10(values)), atol=0.006, err_msg=f"{kind} at {g}")
        # The line in the plane: 30 units of the drawing are 1.
        tips = points(re.search(r'<path class="norm" d="M([^"]*)"', drawing).group(1))
        np.testing.assert_allclose(tips, np.array([194, 150]) + 30 * dh * [1, -1], rtol=1e-9, atol=0.006)


def test_the_still_shows_the_numbers_of_numpy():
    drawing, line = still("gain")
    dh, alone, largest = sheared(0.9, 1.0)
    length = np.linalg.norm(dh[9])
    assert shown(drawing, "start role-gradient reading") == [float(f"{length:.2g}")]
    assert line == (
        f"9 steps back: ({dh[9, 0]:.2g}, {dh[9, 1]:.2g}), length {length:.2g}; the radius says {alone[9]:.2g}. "
        f"One step stretches at most by the singular value {largest:.2f}."
    )
    assert length == max(np.linalg.norm(dh, axis=1))  # where it is longest, as the chapter says


def test_every_control_has_its_name(widget):
    expected = ["Steps back from the loss", "gain g of Wh", "shear s", "Walk back", "Reset"]
    assert sorted(widget.names()) == sorted(expected)
    assert (widget.visible("input"), widget.visible("button")) == (3, 2)


@pytest.mark.parametrize("place", ["[name=back]", "[name=play]"])
def test_arrow_keys_walk_in_the_plane(widget, place):
    widget.focus(place)
    for key, back in [("ArrowLeft", 10), ("ArrowRight", 9), ("End", 30), ("Home", 0), ("ArrowRight", 0)]:
        widget.press(key)
        assert widget.numbers()["back"] == back, key
        assert widget.said().startswith(f"{back} step{'s' * (back != 1)} back: ")
    widget.focus("[name=shear]")
    widget.press("Home")
    assert widget.numbers()["norms"] == pytest.approx(sheared(0.9, 0)[1])


def test_a_finger_moves_the_mark(phone):
    phone.tap("svg", across=144 / 360, down=0.7)
    assert phone.numbers()["back"] == 20


@pytest.mark.parametrize(("gain", "shear"), [(0.9, 0.5), (1.2, 0), (0.2, 2)])
def test_it_fits_a_telephone(phone, gain, shear):
    for back in (0, 2, 5, 9, 15, 30):
        phone.set(gain=gain, shear=shear, back=back)
        phone.fits_a_telephone(back)
