"""The polynomials on which a central difference is tried, and how its order of accuracy is seen."""

import numpy as np
import pytest

from autograder.layers import differences

SEEDS = range(30)


def drawn(seed, **options):
    """Return the problem of a seed."""
    return differences.central.draw(np.random.default_rng(seed), **options)


def by_differences(given, eps):
    """Return the gradient of a problem by central differences."""
    f, x = given["f"], given["x"]
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([(f(x + step) - f(x - step)) / (2 * eps) for step in steps]).reshape(x.shape)


def one_sided(given, eps):
    """Return the gradient of a problem by one-sided differences."""
    f, x = given["f"], given["x"]
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([(f(x + step) - f(x)) / eps for step in steps]).reshape(x.shape)


def order(given, differentiate):
    """Return the order of accuracy of a way to differentiate."""
    eps = given["eps"]
    came = {"gradient": differentiate(given, eps), "gradient_halved": differentiate(given, eps / 2)}
    return differences.order_of_accuracy(came, given)


def test_slopes_on_paper_are_what_differences_tend_to():
    for seed in SEEDS:
        given = drawn(seed).given
        coarse, fine = by_differences(given, 0.02), by_differences(given, 0.01)
        np.testing.assert_allclose(
            (4 * fine - coarse) / 3, differences.slopes(given["f"], given["x"]), rtol=0, atol=1e-10
        )


def test_the_right_answer_is_the_central_difference_and_not_the_slope():
    for seed in SEEDS:
        given = drawn(seed).given
        right = differences.central.right(drawn(seed))
        np.testing.assert_allclose(right["gradient"], by_differences(given, given["eps"]), rtol=0, atol=1e-11)
        np.testing.assert_allclose(
            right["gradient_halved"], by_differences(given, given["eps"] / 2), rtol=0, atol=1e-11
        )
        assert np.abs(right["gradient"] - differences.slopes(given["f"], given["x"])).min() > 1e-3


@pytest.mark.parametrize("options", [{}, {"D": 1}, {"D": 1, "H": 1}, {"eps": 0.5}], ids=str)
def test_the_order_of_accuracy_is_two_to_the_last_digits_and_that_of_a_one_sided_difference_is_not(options):
    for seed in SEEDS:
        given = drawn(seed, **options).given
        assert order(given, by_differences) == pytest.approx(2, abs=1e-9)
        assert not 1.9 < order(given, one_sided) < 2.1


def test_the_slopes_themselves_have_no_order_but_a_number():
    given = drawn(0).given
    exact = differences.slopes(given["f"], given["x"])
    assert differences.order_of_accuracy({"gradient": exact, "gradient_halved": exact}, given) == 0


def test_the_slope_along_an_entry_is_that_of_no_other():
    for seed in SEEDS:
        given = drawn(seed).given
        assert len(np.unique(differences.slopes(given["f"], given["x"]).round(6))) == given["x"].size


def test_there_are_six_named_mistakes():
    assert len(differences.central.mistakes) >= 6


def test_who_moves_an_entry_of_x_itself_there_and_back_leaves_a_trace():
    for options in ({}, {"D": 1, "H": 1}, {"eps": 0.5}, {"D": 1, "H": 1, "eps": 0.5}):
        for seed in range(50):
            given = differences.central.draw(np.random.default_rng(seed), **options).given
            x, eps = given["x"], given["eps"]
            assert not np.array_equal(x + eps - eps, x)
            assert not np.array_equal(x + eps - 2 * eps + eps, x)
