"""The widget of chapter 10: its weights, what its units hear and its energies are NumPy's, and it works by keyboard."""

import re

import numpy as np
import pytest
from widget_pages import still

from unrolled.hopfield import energy, hopfield_weights, update
from unrolled.letters import letter_patterns

pytestmark = pytest.mark.slow

NAMES = "AFOZ"
PATTERNS = letter_patterns(NAMES)
W = hopfield_weights(PATTERNS)
ORDER = [(37 * k + 11) % 64 for k in range(64)]
HALF = 0.005 + 1e-9  # of the last digit that is written
GRID = "[data-widget=hopfield] .over-grid"


def state(widget):
    """Return the signs (64,) that the units hold."""
    return np.array(widget.numbers()["s"], float)


def said_number(widget, where):
    """Return a number of the line below the drawing."""
    return float(re.search(where, widget.said()).group(1).replace("−", "-"))


def agrees(widget):
    """Compare all numbers of the widget with those of NumPy for the state that it holds."""
    found, s = widget.numbers(), state(widget)
    np.testing.assert_array_equal(found["W"], W)  # multiples of 1/64, which both hold exactly
    np.testing.assert_array_equal(found["fields"], s @ W)
    assert found["energy"] == energy(s, W) == found["trace"][-1][0]
    assert found["unstable"] == np.sum((s @ W) * s < 0)
    on = re.findall(r'class="pixel( on)?', widget.drawn())
    assert [1.0 if kind else -1.0 for kind in on] == s.tolist()
    assert said_number(widget, r"Energy (\S+);") == pytest.approx(energy(s, W), abs=HALF)
    return s


@pytest.mark.parametrize("letter", NAMES)
def test_the_letters_are_those_of_the_course_and_each_is_the_bottom_of_a_valley(widget, letter):
    widget.click(f"letter-{letter}")
    np.testing.assert_array_equal(agrees(widget), letter_patterns(letter)[0])
    widget.click("step")
    np.testing.assert_array_equal(agrees(widget), letter_patterns(letter)[0])
    assert widget.said().startswith("All were asked, none flips: the bottom of a valley.")
    assert widget.said().endswith(f"no units would flip. It is {letter}.")


@pytest.mark.parametrize("letter", NAMES)
def test_step_by_step_the_widget_makes_the_updates_of_the_course_and_the_energy_falls_at_each(widget, letter):
    widget.click(f"letter-{letter}", "break")
    s = agrees(widget)
    assert np.sum(s != letter_patterns(letter)[0]) == 16
    turn, flips = ORDER.index(widget.numbers()["next"]), 0
    while True:
        before = s
        for _ in range(64):
            s, turn = update(s, W, ORDER[turn]), (turn + 1) % 64
            if not np.array_equal(s, before):
                break
        widget.click("step")
        np.testing.assert_array_equal(agrees(widget), s)
        if np.array_equal(s, before):
            break
        flips += 1
        assert energy(s, W) < energy(before, W)
    assert flips >= 16
    np.testing.assert_array_equal(s, letter_patterns(letter)[0])


def test_run_goes_to_the_end_at_once_where_no_motion_is_wanted(on_page):
    on_page.open(reduced_motion=True)
    on_page.click("run")
    np.testing.assert_array_equal(agrees(on_page), letter_patterns("O")[0])


def test_run_flips_unit_after_unit_and_stops_when_it_is_pressed_again(widget):
    flips = len(widget.numbers()["trace"])
    widget.click("run")
    widget.evaluate("new Promise((done) => setTimeout(done, 500))")
    widget.click("run")
    after = len(widget.numbers()["trace"])
    assert after > flips
    widget.evaluate("new Promise((done) => setTimeout(done, 400))")
    assert len(widget.numbers()["trace"]) == after
    agrees(widget)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (3, 4), (7, 0), (7, 7)])
def test_a_click_flips_the_dot_below_it_and_no_other(widget, row, column):
    before = state(widget)
    widget.tap(".over-grid", across=(column + 0.5) / 8, down=(row + 0.5) / 8)
    flipped = agrees(widget) != before
    assert np.flatnonzero(flipped).tolist() == [8 * row + column]
    assert widget.said().startswith(f"Row {row + 1}, column {column + 1} is turned o")


def test_arrow_keys_choose_a_dot_and_space_flips_it(widget):
    widget.focus(".over-grid")
    keys = [("ArrowRight", 28), ("ArrowDown", 36), ("Home", 32), ("ArrowLeft", 32), ("ArrowUp", 24), ("End", 31)]
    for key, cursor in keys:
        widget.press(key)
        assert widget.numbers()["cursor"] == cursor, key
        heard = (state(widget) @ W)[cursor]
        assert said_number(widget, r"and hears (\S+)\. Energy") == pytest.approx(heard, abs=HALF)
    before = state(widget)
    widget.press("Space")
    assert np.flatnonzero(agrees(widget) != before).tolist() == [31]
    widget.press("Enter")
    np.testing.assert_array_equal(agrees(widget), before)


def test_reset_brings_the_still_back(widget):
    widget.click("break", "step", "letter-A", "break", "step", "reset")
    assert widget.drawn() == still("hopfield")[0]


def test_what_is_broken_in_every_dot_is_the_opposite_and_has_the_same_energy(widget):
    widget.click("letter-F")
    E = widget.numbers()["energy"]
    for i in range(64):
        widget.evaluate(
            f"""(() => {{ const grid = document.querySelector("{GRID}"), box = grid.getBoundingClientRect();
            grid.dispatchEvent(new PointerEvent("pointerdown", {{ clientX: box.x + box.width * ({i % 8} + 0.5) / 8,
              clientY: box.y + box.height * ({i // 8} + 0.5) / 8 }})); }})()"""
        )
    np.testing.assert_array_equal(agrees(widget), -letter_patterns("F")[0])
    assert widget.numbers()["energy"] == E
    assert widget.said().endswith("It is the opposite of F.")


def test_the_curve_is_as_low_as_the_energies(widget):
    widget.click("letter-Z", "break", "step", "step", "step")
    E = np.array([value for value, _ in widget.numbers()["trace"]])
    lines = re.findall(r'class="fall(?: by-hand)?" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"', widget.drawn())
    lines = np.array(lines, float)
    expected = 36 + 168 * (4 - E) / 38
    np.testing.assert_allclose(lines[:, 0], expected[:-1], atol=0.006)
    np.testing.assert_allclose(lines[:, 1], expected[1:], atol=0.006)


def test_every_energy_fits_into_the_plot():
    """The sum of the squared overlaps is between 0 and that of a pattern, so E lies between -H/2 and N/2 or so."""
    lowest = energy(PATTERNS, W).min()
    assert lowest > -34
    for seed in range(200):
        s = np.random.default_rng(seed).choice([-1.0, 1.0], 64)
        assert energy(s, W) <= 2


def test_the_still_has_64_dots_and_the_way_down_so_far():
    drawing, line = still("hopfield")
    assert drawing.count("<rect") == 64
    assert drawing.count('class="fall"') == 6
    assert line.startswith("Row ")


def test_every_control_has_its_name(widget):
    letters = [f"Show the stored {letter}" for letter in NAMES]
    assert widget.names() == [*letters, "Break 16 dots", "Next flip", "Run", "Reset"]
    assert "arrow keys" in widget.evaluate(f"document.querySelector('{GRID}').ariaLabel")


def test_it_fits_a_telephone_and_a_finger_flips_a_dot(phone):
    for names in ((), ("letter-A",), ("break",), ("step",) * 5):
        phone.click(*names)
        phone.fits_a_telephone(names)
    before = state(phone)
    phone.tap(".over-grid", across=5.5 / 8, down=2.5 / 8)
    assert np.flatnonzero(agrees(phone) != before).tolist() == [8 * 2 + 5]
