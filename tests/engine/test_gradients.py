"""Numeric gradients by central differences, and how far two arrays are apart."""

import warnings

import numpy as np
import pytest
from small_layers import draw_wave, right_wave

from autograder.engine.gradients import (
    DIRECTIONS,
    Slopes,
    norm_relative_error,
    numeric_entry,
    numeric_gradient,
    numeric_slopes,
)


def wave_at(seed):
    """Return the loss Σ dy sin(x W), where it is taken, and its right gradients."""
    problem = draw_wave(np.random.default_rng(seed))
    dy = problem.given["dy"]
    return lambda point: float(np.sum(dy * np.sin(point["x"] @ point["W"]))), problem.given, right_wave(problem)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([3.0, 4.0], [0.0, 0.0], 1.0),
        ([0.0, 0.0], [3.0, 4.0], 1.0),
        ([3.0, 4.0], [-3.0, -4.0], 2.0),
        ([3.0, 4.0], [3.0, 0.0], 0.8),
        ([[3.0], [4.0]], [[3.0], [0.0]], 0.8),
        (2.0, 1.0, 0.5),
        ([1.0, np.nan], [1.0, 1.0], np.inf),
        ([1.0, 1.0], [1.0, np.nan], np.inf),
        ([1.0, np.inf], [1.0, 1.0], np.inf),
        ([1.0, np.inf], [1.0, np.inf], np.inf),
        ([1e-12], [2e-12], 0.5),
        ([], [], 0.0),
    ],
)
def test_the_norm_relative_error_has_no_floor_and_never_hides_a_nan(a, b, error):
    with np.errstate(all="ignore"):
        assert norm_relative_error(np.array(a), np.array(b)) == pytest.approx(error, rel=1e-15)


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600], ids=["tiny", "huge"])
def test_numbers_whose_squares_are_no_numbers_any_more_are_compared_too(scale):
    with np.errstate(all="ignore"):
        assert norm_relative_error(np.array([scale]), np.array([2 * scale])) == 0.5


def test_the_norm_is_that_of_all_entries_whatever_their_place_in_memory():
    a = np.arange(24.0).reshape(2, 3, 4)
    b = a + 1
    expected = np.sqrt(24) / np.linalg.norm(b)
    assert norm_relative_error(a, b) == pytest.approx(expected, rel=1e-14)
    assert norm_relative_error(np.asfortranarray(a), b) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", ["x", "W"])
def test_the_gradient_of_every_entry_agrees_with_the_chain_rule(name):
    for seed in range(10):
        loss, given, right = wave_at(seed)
        assert norm_relative_error(numeric_gradient(loss, given, name), right[f"d{name}"]) < 1e-10


def test_one_entry_is_that_of_the_whole_gradient():
    loss, given, right = wave_at(0)
    assert numeric_entry(loss, given, "W", (1, 0)) == numeric_gradient(loss, given, "W")[1, 0]
    assert numeric_entry(loss, given, "W", (1, 0)) == pytest.approx(right["dW"][1, 0], rel=1e-9)


@pytest.mark.parametrize("name", ["x", "W"])
def test_slopes_along_random_directions_agree_with_those_of_the_gradient(name):
    for seed in range(10):
        loss, given, right = wave_at(seed)
        slopes = numeric_slopes(loss, given, name, np.random.default_rng(seed))
        assert norm_relative_error(slopes.along(right[f"d{name}"]), slopes.values) < 1e-9


def test_directions_are_drawn_of_length_one_and_as_many_as_are_asked_for():
    loss, given, _ = wave_at(0)
    shape = given["W"].shape
    slopes = numeric_slopes(loss, given, "W", np.random.default_rng(0))
    assert slopes.directions.shape == (DIRECTIONS, *shape)
    np.testing.assert_allclose(np.linalg.norm(slopes.directions.reshape(DIRECTIONS, -1), axis=1), 1, rtol=1e-14)
    assert np.linalg.matrix_rank(slopes.directions.reshape(DIRECTIONS, -1)) == DIRECTIONS
    two = numeric_slopes(loss, given, "W", np.random.default_rng(0), directions=2)
    assert two.values.shape == (2,)


def test_a_slope_along_a_direction_is_its_product_with_the_gradient():
    slopes = Slopes(np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.6, 0.8]]]), np.zeros(2), 0.0)
    np.testing.assert_allclose(slopes.along(np.array([[5.0, 7.0], [10.0, 100.0]])), [5.0, 86.0], rtol=1e-15)


@pytest.mark.parametrize(("power", "off"), [(1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0), (5, -4 * 0.5**4)])
def test_the_differences_are_exact_up_to_the_fourth_power(power, off):
    # Plain central differences of width 0.5 are off by 0.25 at the third power.
    def loss(at):
        return float(at["a"][0, 0] ** power)

    point, along = {"a": np.array([[2.0]])}, {"step": 0.5}
    expected = pytest.approx(power * 2.0 ** (power - 1) + off, rel=1e-13)
    assert numeric_entry(loss, point, "a", (0, 0), **along) == expected
    assert numeric_gradient(loss, point, "a", **along)[0, 0] == expected
    slopes = numeric_slopes(loss, point, "a", np.random.default_rng(0), directions=1, **along)
    assert abs(slopes.values[0]) == expected


def test_the_uncertainty_is_how_far_apart_the_differences_of_the_two_widths_are():
    # Of a**3 at step w: 3 a**2 + w**2, so that the widths 0.5 and 1 are 0.75 apart.
    def cube(at):
        return float(at["a"][0] ** 3)

    slopes = numeric_slopes(cube, {"a": np.array([2.0])}, "a", np.random.default_rng(0), directions=4, step=0.5)
    assert slopes.uncertainty == pytest.approx(np.sqrt(4 * 0.75**2), rel=1e-12)


def test_an_error_of_the_slopes_is_smaller_than_their_uncertainty():
    for seed in range(20):
        loss, given, right = wave_at(seed)
        slopes = numeric_slopes(loss, given, "W", np.random.default_rng(seed), step=1e-2)
        assert np.linalg.norm(slopes.along(right["dW"]) - slopes.values) < slopes.uncertainty


def test_the_point_is_left_as_it_was():
    loss, given, _ = wave_at(3)
    before = {name: value.copy() for name, value in given.items()}
    numeric_slopes(loss, given, "x", np.random.default_rng(0))
    numeric_gradient(loss, given, "x")
    for name, value in before.items():
        np.testing.assert_array_equal(given[name], value)


def test_only_the_tensor_that_is_asked_for_is_moved():
    _, given, _ = wave_at(0)
    seen = []

    def loss(point):
        seen.append(point)
        return 0.0

    numeric_slopes(loss, given, "x", np.random.default_rng(0))
    numeric_entry(loss, given, "x", (0, 0))
    assert all(point["W"] is given["W"] and point["dy"] is given["dy"] for point in seen)
    assert all(np.any(point["x"] != given["x"]) for point in seen)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_the_norm_of_numbers_whose_squares_are_none_warns_of_nothing(size):
    a, b = np.array([3.0, 4.0]) * size, np.array([3.0, 3.5]) * size
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert norm_relative_error(a, b) == pytest.approx(0.1)
