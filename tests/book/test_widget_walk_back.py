"""The widget of chapter 3: the gradient that walks back has the lengths of NumPy and of the layer of the course."""

import re

import numpy as np
import pytest
from widget_pages import DESK_WIDTH, PHONE_WIDTH, constant, points, shown, still

from unrolled import rnn_backward, rnn_forward

pytestmark = pytest.mark.slow

T, H = 30, 8


def constants():
    """Return Q (H, H), the input weights (1, H) and the inputs (T, 1).

    Q is the orthogonal factor of a random matrix. The input has one channel, so that all units hear the same.
    """
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((H, H)))[0]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((T, 1))
    return Q, rng.standard_normal((1, H)), x


def generated():
    """Return the numbers that stand in the script."""
    Q, Wx, x = constants()
    return {"Q": Q.tolist(), "WX": Wx[0].tolist(), "X": x[:, 0].tolist()}


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


def walked(drawing, kind):
    """Return the points (n, 2) of a line in a drawing: steps back, and the power of ten."""
    x, y = points(re.search(rf'<path class="{kind}" d="M([^"HVh]*)"', drawing).group(1)).T
    ticks = re.findall(r'<path class="(?:grid|one)" d="M\S+ ([\d.]+)H', drawing)
    top, bottom = float(ticks[0]), float(ticks[4])  # 10³ and 10⁻⁹
    return np.stack([(344 - x) / 10, 3 - 12 * (y - top) / (bottom - top)], axis=1)


def test_the_matrix_and_the_inputs_in_the_script_are_those_of_numpy():
    for name, array in zip(("Q", "WX", "X"), constants(), strict=True):
        written = np.reshape(constant("walk-back", name), array.shape)
        np.testing.assert_allclose(written, array, rtol=1e-12, atol=1e-15)


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


@pytest.mark.parametrize("gain", [0.2, 0.6, 0.9, 1, 1.2, 2])
def test_the_gradient_that_walks_back_has_the_lengths_of_numpy(widget, gain):
    for size in (0, 0.5, 2):
        widget.set(gain=gain, size=size)
        found = widget.numbers()
        assert (found["gain"], found["size"]) == (gain, size)
        norms, alone, slopes = walk_back(gain, size)
        for name, array in (("norms", norms), ("alone", alone), ("slopes", slopes)):
            np.testing.assert_allclose(found[name], array, rtol=1e-6, err_msg=f"{name} at {size}")
        drawing = widget.drawn()
        for kind, array in (("norm", norms), ("alone", alone)):
            expected = np.stack([np.arange(T + 1), np.log10(array)], axis=1)
            np.testing.assert_allclose(walked(drawing, kind), expected, atol=0.0005, err_msg=f"{kind} at {size}")


@pytest.mark.parametrize(("gain", "size"), [(0.6, 0.5), (1.5, 0.5), (2, 2)])
def test_the_shaded_part_is_what_the_slopes_of_tanh_take(widget, gain, size):
    widget.set(gain=gain, size=size)
    found = {name: np.array(value) for name, value in widget.numbers().items()}
    left = np.append(1, np.cumprod(found["slopes"]))
    np.testing.assert_allclose(found["norms"], found["alone"] * left, rtol=1e-9)
    assert left[-1] < 0.1


def test_without_input_the_slopes_are_one_and_the_gain_decides_alone(widget):
    widget.set(gain=1.2, size=0)
    found = widget.numbers()
    np.testing.assert_allclose(found["norms"], 1.2 ** np.arange(T + 1.0), rtol=1e-9)
    assert found["slopes"] == pytest.approx([1] * T)


def test_the_still_shows_the_numbers_of_numpy():
    drawing, line = still("walk-back")
    norms, alone, slopes = walk_back(0.9, 0.5)
    for kind, array in (("norm", norms), ("alone", alone)):
        expected = np.stack([np.arange(T + 1), np.log10(array)], axis=1)
        np.testing.assert_allclose(walked(drawing, kind), expected, atol=0.0005, err_msg=kind)
    assert shown(drawing, "start role-gradient reading") == [float(f"{norms[10]:.2g}")]
    assert line == (
        f"10 steps back: ‖dh_total‖ = {norms[10]:.2g}, by Wₕ alone {alone[10]:.2g}. "
        f"The last step multiplied it by 0.90 (gain) · {slopes[9]:.3f} (slope) = {0.9 * slopes[9]:.3f}."
    )


def test_every_control_has_its_name(widget):
    expected = ["Steps back from the loss", "gain g of Wh", "input size", "Walk back", "Reset"]
    assert sorted(widget.names()) == sorted(expected)
    assert (widget.visible("input"), widget.visible("button")) == (3, 2)


@pytest.mark.parametrize("place", ["[name=back]", "[name=play]"])
def test_arrow_keys_walk_back_and_forth(widget, place):
    widget.focus(place)
    for key, back in [("ArrowLeft", 11), ("ArrowRight", 10), ("End", 30), ("Home", 0), ("ArrowRight", 0)]:
        widget.press(key)
        found = widget.numbers()
        assert found["back"] == back, key
        length = float(re.search(r"= ([\d.]+)(?: × 10⁻⁴)?,", widget.said()).group(1))
        exact = found["norms"][back]
        assert length == pytest.approx(exact if exact >= 0.001 else exact * 1e4, rel=0.05)


def test_the_gain_is_dragged_by_keys(widget):
    widget.focus("[name=gain]")
    widget.press("ArrowRight", "ArrowRight")
    found = widget.numbers()
    assert (found["gain"], found["back"]) == (1, 10)
    np.testing.assert_allclose(found["norms"], walk_back(1.0, 0.5)[0], rtol=1e-6)


def test_a_finger_moves_the_mark(phone):
    phone.tap("svg", across=144 / 360, down=0.4)
    assert phone.numbers()["back"] == 20


@pytest.mark.parametrize(("reduced_motion", "expected"), [(False, 0), (True, 30)])
def test_the_walk_goes_at_once_where_no_motion_is_wanted(on_page, reduced_motion, expected):
    on_page.open(reduced_motion=reduced_motion)
    on_page.click("play")
    assert on_page.numbers()["back"] == expected


# Walks back, ten times as fast as on the page, and returns the places that it comes through.
WALK = """(() => {
  const wait = window.setInterval, root = document.querySelector('[data-widget=walk-back]'), seen = [];
  window.setInterval = (tick, pause) => wait(tick, pause / 10);
  return new Promise((done) => {
    root.addEventListener("input", () => (seen.push(root.numbers().back), seen.at(-1) === 30 && done(seen)));
    root.querySelector("[name=play]").click(); });
})()"""


def test_the_walk_goes_step_by_step(widget):
    assert widget.evaluate(WALK) == list(range(31))


@pytest.mark.parametrize(("gain", "size"), [(0.9, 0.5), (2, 0), (0.2, 2)])
def test_it_fits_a_telephone(phone, gain, size):
    for back in (0, 2, 5, 9, 15, 30):
        phone.set(gain=gain, size=size, back=back)
        phone.fits_a_telephone(back)


ENDS = """(() => {
  const ends = (selector, inset) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return [box.left + inset, box.right - inset]; };
  // The middle of a thumb, which is 16 pixels wide, at both ends of its way.
  return [ends("path.norm:not(.walked)", 0), ends("[name=back]", 8)];
})()"""


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
def test_the_thumb_lies_below_its_step(on_page, width):
    on_page.open(width)
    line, thumb = on_page.evaluate(ENDS)
    np.testing.assert_allclose(thumb, line, atol=1.5)
