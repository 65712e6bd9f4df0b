"""The widget of chapter 10: its weights, what its units hear and its energies are NumPy's, and it works by keyboard.

`PYTHONPATH=. python tests/book/test_widget_hopfield.py` writes the still.
"""

import json
import re
import sys

import numpy as np
import pytest
from test_widgets import (
    BEYOND,
    CONTROLS,
    DESK_WIDTH,
    PHONE_WIDTH,
    SMALLEST_TEXT,
    TEXT_SIZES,
    VISIBLE,
    drawn,
    focus,
    numbers,
    page_of,
    place_of,
    said,
    show_as,
    still,
    write_alone,
)
from test_widgets import test_a_script_stays_small_and_asks_for_nothing as stays_small

from tools.chromium import INSTALL_CHROMIUM, find_chromium
from unrolled.hopfield import energy, hopfield_weights, update
from unrolled.letters import letter_patterns

pytestmark = pytest.mark.slow

NAMES = "AFOZ"
PATTERNS = letter_patterns(NAMES)
W = hopfield_weights(PATTERNS)
ORDER = [(37 * k + 11) % 64 for k in range(64)]
HALF = 0.005 + 1e-9  # of the last digit that is written
GRID = "[data-widget=hopfield] .over-grid"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a page with the network alone."""
    return page_of(tmp_path_factory.mktemp("hopfield"), names=("hopfield",))


@pytest.fixture
def tab(screen, address):
    """Return the page freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    yield screen
    assert screen.errors() == []


def press(tab, *names):
    """Press buttons of the widget by their names, one after the other."""
    for name in names:
        tab.evaluate(f"document.querySelector('[data-widget=hopfield] [name={name}]').click()")


def state(tab):
    """Return the signs (64,) that the units hold."""
    return np.array(numbers(tab, "hopfield")["s"], float)


def said_number(tab, where):
    """Return a number of the line below the drawing."""
    return float(re.search(where, said(tab, "hopfield")).group(1).replace("−", "-"))


def agrees(tab):
    """Compare all numbers of the widget with those of NumPy for the state that it holds."""
    found, s = numbers(tab, "hopfield"), state(tab)
    np.testing.assert_array_equal(found["W"], W)  # multiples of 1/64, which both hold exactly
    np.testing.assert_array_equal(found["fields"], s @ W)
    assert found["energy"] == energy(s, W) == found["trace"][-1][0]
    assert found["unstable"] == np.sum((s @ W) * s < 0)
    on = re.findall(r'class="pixel( on)?', drawn(tab, "hopfield"))
    assert [1.0 if kind else -1.0 for kind in on] == s.tolist()
    assert said_number(tab, r"Energy (\S+);") == pytest.approx(energy(s, W), abs=HALF)
    return s


def test_the_script_stays_small_and_asks_for_nothing():
    stays_small("hopfield")


@pytest.mark.parametrize("letter", NAMES)
def test_the_letters_are_those_of_the_course_and_each_is_the_bottom_of_a_valley(tab, letter):
    press(tab, f"letter-{letter}")
    np.testing.assert_array_equal(agrees(tab), letter_patterns(letter)[0])
    press(tab, "step")
    np.testing.assert_array_equal(agrees(tab), letter_patterns(letter)[0])
    assert said(tab, "hopfield").startswith("All were asked, none flips: the bottom of a valley.")
    assert said(tab, "hopfield").endswith(f"no units would flip. It is {letter}.")


@pytest.mark.parametrize("letter", NAMES)
def test_step_by_step_the_widget_makes_the_updates_of_the_course_and_the_energy_falls_at_each(tab, letter):
    press(tab, f"letter-{letter}", "break")
    s = agrees(tab)
    assert np.sum(s != letter_patterns(letter)[0]) == 16
    turn, flips = ORDER.index(numbers(tab, "hopfield")["next"]), 0
    while True:
        before = s
        for _ in range(64):
            s, turn = update(s, W, ORDER[turn]), (turn + 1) % 64
            if not np.array_equal(s, before):
                break
        press(tab, "step")
        np.testing.assert_array_equal(agrees(tab), s)
        if np.array_equal(s, before):
            break
        flips += 1
        assert energy(s, W) < energy(before, W)
    assert flips >= 16
    np.testing.assert_array_equal(s, letter_patterns(letter)[0])


def test_run_goes_to_the_end_at_once_where_no_motion_is_wanted(screen, address):
    show_as(screen, DESK_WIDTH, reduced_motion=True)
    screen.go(address)
    press(screen, "run")
    np.testing.assert_array_equal(agrees(screen), letter_patterns("O")[0])
    show_as(screen, DESK_WIDTH)


def test_run_flips_unit_after_unit_and_stops_when_it_is_pressed_again(tab):
    flips = len(numbers(tab, "hopfield")["trace"])
    press(tab, "run")
    tab.evaluate("new Promise((done) => setTimeout(done, 500))")
    press(tab, "run")
    after = len(numbers(tab, "hopfield")["trace"])
    assert after > flips
    tab.evaluate("new Promise((done) => setTimeout(done, 400))")
    assert len(numbers(tab, "hopfield")["trace"]) == after
    agrees(tab)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (3, 4), (7, 0), (7, 7)])
def test_a_click_flips_the_dot_below_it_and_no_other(tab, row, column):
    before = state(tab)
    tab.tap(*place_of(tab, GRID, across=(column + 0.5) / 8, down=(row + 0.5) / 8))
    flipped = agrees(tab) != before
    assert np.flatnonzero(flipped).tolist() == [8 * row + column]
    assert said(tab, "hopfield").startswith(f"Row {row + 1}, column {column + 1} is turned o")


def test_arrow_keys_choose_a_dot_and_space_flips_it(tab):
    focus(tab, GRID)
    keys = [("ArrowRight", 28), ("ArrowDown", 36), ("Home", 32), ("ArrowLeft", 32), ("ArrowUp", 24), ("End", 31)]
    for key, cursor in keys:
        tab.press(key)
        assert numbers(tab, "hopfield")["cursor"] == cursor, key
        heard = (state(tab) @ W)[cursor]
        assert said_number(tab, r"and hears (\S+)\. Energy") == pytest.approx(heard, abs=HALF)
    before = state(tab)
    tab.press("Space")
    assert np.flatnonzero(agrees(tab) != before).tolist() == [31]
    tab.press("Enter")
    np.testing.assert_array_equal(agrees(tab), before)


def test_reset_brings_the_still_back(tab):
    press(tab, "break", "step", "letter-A", "break", "step", "reset")
    assert drawn(tab, "hopfield") == still("hopfield")[0]


def test_what_is_broken_in_every_dot_is_the_opposite_and_has_the_same_energy(tab):
    press(tab, "letter-F")
    E = numbers(tab, "hopfield")["energy"]
    for i in range(64):
        tab.evaluate(
            f"""(() => {{ const grid = document.querySelector("{GRID}"), box = grid.getBoundingClientRect();
            grid.dispatchEvent(new PointerEvent("pointerdown", {{ clientX: box.x + box.width * ({i % 8} + 0.5) / 8,
              clientY: box.y + box.height * ({i // 8} + 0.5) / 8 }})); }})()"""
        )
    np.testing.assert_array_equal(agrees(tab), -letter_patterns("F")[0])
    assert numbers(tab, "hopfield")["energy"] == E
    assert said(tab, "hopfield").endswith("It is the opposite of F.")


def test_the_curve_is_as_low_as_the_energies(tab):
    press(tab, "letter-Z", "break", "step", "step", "step")
    E = np.array([value for value, _ in numbers(tab, "hopfield")["trace"]])
    lines = re.findall(r'class="fall(?: by-hand)?" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"', drawn(tab, "hopfield"))
    lines = np.array(lines, float)
    expected = 36 + 168 * (4 - E) / 38
    np.testing.assert_allclose(lines[:, 0], expected[:-1], atol=0.006)
    np.testing.assert_allclose(lines[:, 1], expected[1:], atol=0.006)


def test_every_energy_fits_into_the_plot(tab):
    """The sum of the squared overlaps is between 0 and that of a pattern, so E lies between -H/2 and N/2 or so."""
    lowest = energy(PATTERNS, W).min()
    assert lowest > -34
    for seed in range(200):
        s = np.random.default_rng(seed).choice([-1.0, 1.0], 64)
        assert energy(s, W) <= 2


def test_still_and_script_draw_the_same(screen, address):
    show_as(screen, DESK_WIDTH)
    screen.go(address, scripts=False)
    before = drawn(screen, "hopfield"), said(screen, "hopfield")
    screen.go(address)
    assert (drawn(screen, "hopfield"), said(screen, "hopfield")) == before
    assert before[0].count("<rect") == 64
    assert before[0].count('class="fall"') == 6
    assert before[1].startswith("Row ")


def test_every_control_has_a_name(tab):
    names = tab.evaluate(
        "[...document.querySelectorAll('.widget button')].map((part) => part.ariaLabel || part.textContent)"
    )
    letters = [f"Show the stored {letter}" for letter in NAMES]
    assert names == [*letters, "Break 16 dots", "Next flip", "Run", "Reset"]
    assert "arrow keys" in tab.evaluate(f"document.querySelector('{GRID}').ariaLabel")


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_it_stands_without_scripts_and_in_print(screen, address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS + ', .over-grid')})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


def test_it_fits_a_telephone_and_a_finger_flips_a_dot(screen, address):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    for names in ((), ("letter-A",), ("break",), ("step",) * 5):
        press(screen, *names)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
        assert screen.evaluate(BEYOND) == []
        assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    before = state(screen)
    screen.tap(*place_of(screen, GRID, across=5.5 / 8, down=2.5 / 8))
    assert np.flatnonzero(agrees(screen) != before).tolist() == [8 * 2 + 5]


if __name__ == "__main__":
    write_alone(find_chromium() or sys.exit(INSTALL_CHROMIUM), "hopfield")
