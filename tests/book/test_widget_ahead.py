"""The widget of chapter 9: its errors are those that the chapter prints, and it works by keyboard and by finger.

`PYTHONPATH=. python tests/book/test_widget_ahead.py` writes the numbers in `ahead.js`, and the still.
"""

import json
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from test_widgets import (
    BEYOND,
    CONTROLS,
    DESK_WIDTH,
    NUMBERS,
    PHONE_WIDTH,
    SCRIPTS,
    SMALLEST_TEXT,
    TEXT_SIZES,
    VISIBLE,
    drawn,
    focus,
    numbers,
    page_of,
    place_of,
    said,
    set_sliders,
    show_as,
    still,
    write_alone,
)
from test_widgets import test_a_script_stays_small_and_asks_for_nothing as stays_small
from test_widgets import test_still_and_script_draw_the_same as draw_the_same

from tools.chromium import INSTALL_CHROMIUM, find_chromium
from unrolled.datasets import sunspots

pytestmark = pytest.mark.slow

CHAPTER = Path(__file__).resolve().parents[2] / "book" / "09-nine-uses.ipynb"
FIRST, MOST = 1949, 11


def printed():
    """Return what the chapter prints, by forecast: the errors 1 to 11 years ahead."""
    cell = next(cell for cell in nbformat.read(CHAPTER, as_version=4).cells if cell.id == "free-run")
    text = "".join(output.get("text", "") for output in cell.outputs)
    return {name: [int(n) for n in row.split()] for name, row in re.findall(r"(\w+): +(.+)", text)}


def errors():
    """Return by NumPy the errors of "as now" and of the average of the known years, 1 to 11 years ahead."""
    years, spots = sunspots()
    average = spots[1:][years[1:] < FIRST + 1].mean()
    starts = np.arange(np.flatnonzero(years == FIRST)[0], len(spots) - MOST)
    came = spots[starts[:, None] + np.arange(1, MOST + 1)]
    return [np.sqrt(np.mean((forecast - came) ** 2, axis=0)) for forecast in (spots[starts, None], average)]


def write_generated(chromium):
    """Write the numbers of ahead.js, then the still as the script draws it at the start."""
    years, spots = sunspots()
    parts = {
        "FIRST": FIRST,
        "SPOTS": spots[years >= FIRST].tolist(),
        "AVERAGE": round(spots[1:][years[1:] < FIRST + 1].mean(), 6),
        "NETWORKS": printed()["networks"],
    }
    lines = "".join(f"  const {name} = {json.dumps(part, separators=(',', ':'))};\n" for name, part in parts.items())
    script = SCRIPTS / "ahead.js"
    script.write_text(NUMBERS.sub(lambda _: lines, script.read_text(encoding="utf-8")), encoding="utf-8")
    write_alone(chromium, "ahead")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return the address of a page with the widget alone."""
    return page_of(tmp_path_factory.mktemp("ahead"), names=("ahead",))


@pytest.fixture
def tab(screen, address):
    """Return the page freshly opened, as wide as a desk."""
    show_as(screen, DESK_WIDTH)
    screen.go(address)
    yield screen
    assert screen.errors() == []


def test_the_script_stays_small_and_asks_for_nothing():
    stays_small("ahead")


def test_its_errors_are_those_of_numpy_and_those_that_the_chapter_prints(tab):
    found, chapter = numbers(tab, "ahead"), printed()
    for name, printed_as, expected in zip(("now", "average"), ("persistence", "average"), errors(), strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, err_msg=name)
        assert np.round(expected).astype(int).tolist() == chapter[printed_as]
    assert found["networks"] == chapter["networks"]


@pytest.mark.parametrize("years", range(1, MOST + 1))
def test_the_line_below_and_the_marks_say_the_errors_of_the_distance(tab, years):
    set_sliders(tab, "ahead", years=years)
    now, average = (round(of[years - 1]) for of in errors())
    network = printed()["networks"][years - 1]
    ahead = "1 year" if years == 1 else f"{years} years"
    line = f"{ahead} ahead: “as now” errs by {now}, the average by {average}, networks by {network}."
    assert said(tab, "ahead") == line
    places = re.findall(r'<circle class="(by-\w+)" cx="([\d.]+)" cy="([\d.]+)"', drawn(tab, "ahead"))
    expected = {"by-now": errors()[0][years - 1], "by-network": network}
    assert {kind for kind, *_ in places} == set(expected)
    for kind, x, y in places:
        assert float(x) == pytest.approx(44 + 30 * (years - 1), abs=0.006)
        assert float(y) == pytest.approx(306 - expected[kind], abs=0.006)


@pytest.mark.parametrize("years", [1, 5, 11])
def test_the_dashed_curve_is_the_counted_one_moved_to_the_right(tab, years):
    set_sliders(tab, "ahead", years=years)
    curves = []
    for kind in ("counted", "alone"):
        path = re.search(rf'<path class="{kind}" d="M([^"]*)"', drawn(tab, "ahead")).group(1)
        curves.append(np.array([point.split() for point in path.split("L")], float))
    counted, moved = curves
    assert (len(counted), len(moved)) == (60, 49)
    np.testing.assert_allclose(moved[:, 1], counted[:49, 1])
    np.testing.assert_allclose(moved[:, 0], counted[years : years + 49, 0])


def test_still_and_script_draw_the_same(screen, address):
    draw_the_same(screen, address, "ahead")


def test_the_still_says_the_numbers_of_the_chapter():
    assert still("ahead")[1] == "5 years ahead: “as now” errs by 101, the average by 62, networks by 41."


@pytest.mark.parametrize("place", ["[name=years]", "[name=play]"])
def test_arrow_keys_home_and_end_change_the_years(tab, place):
    focus(tab, f"[data-widget=ahead] {place}")
    for key, years in [("ArrowRight", 6), ("ArrowLeft", 5), ("Home", 1), ("ArrowLeft", 1), ("End", 11)]:
        tab.press(key)
        assert numbers(tab, "ahead")["years"] == years, key


def test_reset_brings_the_still_back_and_every_control_has_a_name(tab):
    set_sliders(tab, "ahead", years=9)
    focus(tab, "[data-widget=ahead] [name=reset]")
    tab.press("Enter")
    assert drawn(tab, "ahead") == still("ahead")[0]
    names = tab.evaluate(
        "[...document.querySelectorAll('.widget input, .widget button')]"
        ".map((part) => part.ariaLabel || part.textContent)"
    )
    assert names == ["Years ahead", "Look further ahead", "Reset"]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_it_stands_without_scripts_and_in_print(screen, address, scripts, media):
    show_as(screen, DESK_WIDTH, media=media)
    screen.go(address, scripts=scripts)
    assert screen.evaluate(f"({VISIBLE})({json.dumps(CONTROLS)})") == 0
    assert screen.evaluate(f"({VISIBLE})('.widget svg .drawing, .widget-live, .widget figcaption')") == 3


def test_it_fits_a_telephone_and_a_finger_moves_it(screen, address):
    show_as(screen, PHONE_WIDTH)
    screen.go(address)
    for years in range(1, MOST + 1):
        set_sliders(screen, "ahead", years=years)
        assert min(screen.evaluate(TEXT_SIZES)) >= SMALLEST_TEXT
        assert screen.evaluate(BEYOND) == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    screen.tap(*place_of(screen, "[data-widget=ahead] svg", across=104 / 360, down=0.7))
    assert numbers(screen, "ahead")["years"] == 3


if __name__ == "__main__":
    write_generated(find_chromium() or sys.exit(INSTALL_CHROMIUM))
