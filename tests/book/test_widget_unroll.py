"""The widget of chapter 2: one unit, rolled up and unrolled, with the numbers of the layer of the course."""

import numpy as np
import pytest
from widget_pages import DESK_WIDTH, PHONE_WIDTH, shown, still

from unrolled import rnn_forward

pytestmark = pytest.mark.slow

SETTINGS = [
    {"wx": 1, "wh": 0.5, "b": 0},
    {"wx": 1, "wh": 1.5, "b": 0},
    {"wx": 2, "wh": -1.1, "b": -0.35},
    {"wx": -0.75, "wh": 0, "b": 1},
    {"wx": 0, "wh": 2, "b": 0.05},
]


def unroll(wx, wh, b, x):
    """Return z, h and y (8,) of one unit that reads x (8,), by the layer of the course."""
    x = np.array(x, float)
    h = rnn_forward(x[None, :, None], None, *np.array([[[wx]], [[wh]]], float), np.array([b], float))[0][0, :, 0]
    return wx * x + wh * np.append(0, h[:-1]) + b, h, 2 * h


@pytest.mark.parametrize("pressed", [(), (3, 4, 8), (1,)], ids=str)
def test_the_unrolled_network_has_the_numbers_of_numpy(widget, pressed):
    x = [1, 0, 0, 0, 0, 0, 0, 0]
    for step in pressed:
        widget.evaluate(f"document.querySelector('[aria-label=\"Input at step {step}\"]').click()")
        x[step - 1] = 1 - x[step - 1]
    for setting in SETTINGS:
        widget.set(**setting)
        found = widget.numbers()
        assert found["x"] == x
        z, h, y = unroll(setting["wx"], setting["wh"], setting["b"], x)
        for name, array in (("z", z), ("h", h), ("y", y)):
            np.testing.assert_allclose(found[name], array, rtol=1e-6, atol=1e-12, err_msg=f"{name} at {setting}")
        drawing = widget.drawn()
        np.testing.assert_allclose(shown(drawing, "role-hidden value h"), h, atol=0.005 + 1e-9, err_msg=str(setting))
        np.testing.assert_allclose(shown(drawing, "role-output value y"), y, atol=0.005 + 1e-9, err_msg=str(setting))


def test_the_still_shows_the_numbers_of_numpy():
    drawing, line = still("unroll")
    z, h, y = unroll(1, 0.5, 0, [1, 0, 0, 0, 0, 0, 0, 0])
    assert shown(drawing, "role-hidden value h") == [round(value, 2) for value in h.tolist()]
    assert shown(drawing, "role-output value y") == [round(value, 2) for value in y.tolist()]
    assert line == (
        f"Step 3 of 8: z₃ = 1.00·0 + 0.50·{h[1]:.2f} + 0.00 = {z[2]:.2f}, "
        f"h₃ = tanh(z₃) = {h[2]:.2f}, y₃ = 2·h₃ = {y[2]:.2f}"
    )


def test_every_control_has_its_name(widget):
    switches = [f"Input at step {step}" for step in range(1, 9)]
    others = ["Time step t", "input wx", "state wh", "bias b", "Play", "Reset"]
    assert sorted(widget.names()) == sorted(switches + others)
    assert (widget.visible("input"), widget.visible("button")) == (4, 10)


@pytest.mark.parametrize("place", ["[name=step]", ".over-input", "[name=play]"])
def test_arrow_keys_home_and_end_step_through_time(widget, place):
    widget.focus(place)
    for key, step in [
        ("ArrowRight", 4),
        ("ArrowLeft", 3),
        ("Home", 1),
        ("ArrowLeft", 1),
        ("End", 8),
        ("ArrowRight", 8),
    ]:
        widget.press(key)
        assert widget.numbers()["step"] == step, key
        assert widget.said().startswith(f"Step {step} of 8: ")


def test_the_space_bar_switches_an_input_and_enter_resets_everything(widget):
    widget.focus('[aria-label="Input at step 4"]')
    widget.press("Space")
    assert widget.numbers()["x"] == [1, 0, 0, 1, 0, 0, 0, 0]
    assert widget.evaluate("document.activeElement.ariaPressed") == "true"
    widget.focus("[name=wh]")
    widget.press("ArrowRight", "ArrowRight", "ArrowUp")
    assert widget.numbers()["wh"] == pytest.approx(0.65)
    assert widget.numbers()["step"] == 3
    widget.focus("[name=reset]")
    widget.press("Enter")
    found = widget.numbers()
    assert (found["x"], found["wh"]) == ([1, 0, 0, 0, 0, 0, 0, 0], 0.5)
    assert widget.drawn() == still("unroll")[0]


def test_a_finger_switches_an_input_and_chooses_a_step(phone):
    phone.tap('[aria-label="Input at step 2"]')
    assert phone.numbers()["x"][:3] == [1, 1, 0]
    phone.tap("[data-step='7'] rect.unit")
    assert phone.numbers()["step"] == 7


def test_it_fits_a_telephone(phone):
    for wh in (0.5, -2, 2):
        for step in (1, 8):
            phone.set(wx=-2, wh=wh, b=-1, step=step)
            phone.fits_a_telephone((wh, step))


PLACES = """(() => {
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((part) => part.getBoundingClientRect());
  const centers = (selector) => boxes(selector).map((box) => [box.x + box.width / 2, box.y + box.height / 2]);
  const slider = boxes("[name=step]")[0];
  // The middle of a thumb, which is 16 pixels wide, at both ends of its way.
  return { buttons: centers(".over-input"), circles: centers("circle.port"),
           step: [slider.left + 8, slider.right - 8] };
})()"""


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
def test_buttons_lie_over_their_circles_and_the_thumb_below_its_step(on_page, width):
    on_page.open(width)
    places = on_page.evaluate(PLACES)
    np.testing.assert_allclose(places["buttons"], places["circles"], atol=1)
    np.testing.assert_allclose(places["step"], [places["circles"][0][0], places["circles"][-1][0]], atol=1.5)
