"""The widget of chapter 9: its errors are those that the chapter prints, and it works by keyboard and by finger."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from widget_pages import points, still

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


def generated():
    """Return the numbers that stand in the script."""
    years, spots = sunspots()
    return {
        "FIRST": FIRST,
        "SPOTS": spots[years >= FIRST].tolist(),
        "AVERAGE": round(spots[1:][years[1:] < FIRST + 1].mean(), 6),
        "NETWORKS": printed()["networks"],
    }


def test_its_errors_are_those_of_numpy_and_those_that_the_chapter_prints(widget):
    found, chapter = widget.numbers(), printed()
    for name, printed_as, expected in zip(("now", "average"), ("persistence", "average"), errors(), strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, err_msg=name)
        assert np.round(expected).astype(int).tolist() == chapter[printed_as]
    assert found["networks"] == chapter["networks"]


def test_the_line_below_and_the_marks_say_the_errors_of_the_distance(widget):
    for years, now, average, network in zip(range(1, MOST + 1), *errors(), printed()["networks"], strict=True):
        widget.set(years=years)
        ahead = "1 year" if years == 1 else f"{years} years"
        line = f"{ahead} ahead: “as now” errs by {now:.0f}, the average by {average:.0f}, networks by {network}."
        assert widget.said() == line
        places = re.findall(r'<circle class="(by-\w+)" cx="([\d.]+)" cy="([\d.]+)"', widget.drawn())
        expected = {"by-now": now, "by-network": network}
        assert {kind for kind, *_ in places} == set(expected)
        for kind, x, y in places:
            assert float(x) == pytest.approx(44 + 30 * (years - 1), abs=0.006), years
            assert float(y) == pytest.approx(306 - expected[kind], abs=0.006), years


@pytest.mark.parametrize("years", [1, 5, 11])
def test_the_dashed_curve_is_the_counted_one_moved_to_the_right(widget, years):
    widget.set(years=years)
    curves = []
    for kind in ("counted", "alone"):
        curves.append(points(re.search(rf'<path class="{kind}" d="M([^"]*)"', widget.drawn()).group(1)))
    counted, moved = curves
    assert (len(counted), len(moved)) == (60, 49)
    np.testing.assert_allclose(moved[:, 1], counted[:49, 1])
    np.testing.assert_allclose(moved[:, 0], counted[years : years + 49, 0])


def test_the_still_says_the_numbers_of_the_chapter():
    assert still("ahead")[1] == "5 years ahead: “as now” errs by 101, the average by 62, networks by 41."


@pytest.mark.parametrize("place", ["[name=years]", "[name=play]"])
def test_arrow_keys_home_and_end_change_the_years(widget, place):
    widget.focus(place)
    for key, years in [("ArrowRight", 6), ("ArrowLeft", 5), ("Home", 1), ("ArrowLeft", 1), ("End", 11)]:
        widget.press(key)
        assert widget.numbers()["years"] == years, key


def test_reset_brings_the_still_back_and_every_control_has_a_name(widget):
    widget.set(years=9)
    widget.focus("[name=reset]")
    widget.press("Enter")
    assert widget.drawn() == still("ahead")[0]
    assert widget.names() == ["Years ahead", "Look further ahead", "Reset"]


def test_it_fits_a_telephone_and_a_finger_moves_it(phone):
    for years in range(1, MOST + 1):
        phone.set(years=years)
        phone.fits_a_telephone(years)
    phone.tap("svg", across=104 / 360, down=0.7)
    assert phone.numbers()["years"] == 3
