"""The widget of chapter 5: the conveyor belt has the numbers of the LSTM of the course."""

import re

import numpy as np
import pytest
from widget_pages import CONTROLS, constant, heights, still

from unrolled import lstm_backward, lstm_forward

pytestmark = pytest.mark.slow


def belt(forget, input_gate, output):
    """Return c, h and what arrives of the gradient (21,), by the LSTM of the course with gates held still."""
    g = np.array(constant("conveyor", "G"))
    Wx, Wh, b = np.array([[0.0, 0, 1, 0]]), np.zeros((1, 4)), np.array([input_gate, forget, 0, output], float)
    x = np.arctanh(g)[None, :, None]
    h, _, cache = lstm_forward(x, None, None, Wx, Wh, b)
    c = [lstm_forward(x[:, :t], None, None, Wx, Wh, b)[1].item() for t in range(1, len(g) + 1)]
    arrives = [1.0]
    for t in range(len(g)):
        part, _, cache = lstm_forward(x[:, t:], None, None, Wx, Wh, b)
        arrives.insert(t, lstm_backward(np.zeros_like(part), np.ones((1, 1)), cache)[2].item())
    return np.append(0, c), np.append(0, h), np.array(arrives)


@pytest.mark.parametrize(
    ("forget", "input_gate", "output"), [(3, 2, 0), (8, 8, 8), (-8, -8, -8), (0, 0.5, 4), (5, -5, 1.5)]
)
def test_the_conveyor_belt_has_the_numbers_of_the_lstm_of_the_course(widget, forget, input_gate, output):
    widget.set(forget=forget, input=input_gate, output=output, step=7)
    found = widget.numbers()
    c, h, arrives = belt(forget, input_gate, output)
    for name, array in (("c", c), ("h", h), ("left", arrives)):
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    expected = f"Step 7 of 20: c₇ = {found['f']:.4f} · {c[6]:.2f} + {found['i']:.4f} · 0.1 = {c[7]:.2f}, "
    expected += f"h₇ = {found['o']:.4f} · tanh({c[7]:.2f}) = {h[7]:.2f}. Of a gradient at c₂₀, "
    line = widget.said().replace("−", "-")
    assert line.startswith(re.sub(r"-(0\.00)(?!\d)", r"\1", expected))


def test_the_bars_of_the_belt_are_as_tall_as_their_numbers(widget):
    for forget in (-8, 0, 3, 8):
        widget.set(forget=forget, input=4, output=4)
        c, h, arrives = belt(forget, 4, 4)
        drawing = widget.drawn()
        np.testing.assert_allclose(heights(drawing, "load"), 42 * abs(c), atol=0.006)
        np.testing.assert_allclose(heights(drawing, "back"), 36 * arrives, atol=0.006)
        dots = np.array(re.findall(r'class="read(?: now)?" cx="[\d.]+" cy="([\d.]+)"', drawing), float)
        np.testing.assert_allclose(dots, 172 - 42 * h, atol=0.006)


def test_the_still_of_the_conveyor_belt_says_the_numbers_of_numpy():
    c, h, arrives = belt(3, 2, 0)
    f, i = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-2))
    assert still("conveyor")[1] == (
        f"Step 12 of 20: c₁₂ = {f:.4f} · {c[11]:.2f} + {i:.4f} · −0.8 = {c[12]:.2f}, "
        f"h₁₂ = 0.5000 · tanh({c[12]:.2f}) = {h[12]:.2f}. Of a gradient at c₂₀, {arrives[12]:.2g} arrives at c₁₂."
    ).replace("-", "−")


@pytest.mark.parametrize("place", ["[name=step]", "[name=play]"])
def test_arrow_keys_home_and_end_move_the_step_of_the_belt(widget, place):
    widget.focus(place)
    for key, step in [("ArrowRight", 13), ("ArrowLeft", 12), ("Home", 0), ("ArrowLeft", 0), ("End", 20)]:
        widget.press(key)
        assert widget.numbers()["step"] == step, key
        assert widget.said().startswith(f"Step {step} of 20: ")


def test_a_gate_is_moved_by_arrow_keys_and_reset_brings_the_still_back(widget):
    widget.focus("[name=forget]")
    widget.press("ArrowRight", "ArrowRight")
    assert widget.numbers()["forget"] == 4
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.drawn() == still("conveyor")[0]


def test_every_control_has_its_name(widget):
    assert widget.names() == ["Time step t", "forget gate f", "input gate i", "output gate o", "Run the belt", "Reset"]
    assert widget.visible(CONTROLS) == 7


@pytest.mark.parametrize("gates", [(3, 2, 0), (8, 8, 8), (-8, -8, -8)])
def test_the_belt_fits_a_telephone_and_a_finger_moves_it(phone, gates):
    for step in (0, 12, 20):
        phone.set(forget=gates[0], input=gates[1], output=gates[2], step=step)
        phone.fits_a_telephone(step)
    phone.tap("svg", across=119 / 360, down=0.4)
    assert phone.numbers()["step"] == 5


def test_the_thumb_of_the_belt_lies_below_its_step(widget):
    ends = widget.evaluate(
        """(() => { const slider = document.querySelector("[name=step]").getBoundingClientRect();
        const dots = [...document.querySelectorAll("circle.read")].map((dot) => dot.getBoundingClientRect());
        const [first, last] = [dots[0], dots.at(-1)].map((box) => box.x + box.width / 2);
        return [slider.left + 8 - first, slider.right - 8 - last]; })()"""
    )
    np.testing.assert_allclose(ends, 0, atol=1.5)
