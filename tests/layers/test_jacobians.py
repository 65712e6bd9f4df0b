"""The Jacobians of a plain RNN, against the numeric ones of its steps, and how fast their products decay."""

import numpy as np
import pytest

from autograder.layers import jacobians, jacobians_measured

SEEDS = range(20)
WIDTH = 1e-5


def walk(given, steps, start):
    """Return the state after some steps, from any state."""
    h = start
    for t in steps:
        h = np.tanh(given["x"][:, t] @ given["Wx"] + h @ given["Wh"] + given["b"])
    return h


def numeric(given, steps, start):
    """Return the derivative of that by the state it starts from, by central differences, (N, H, H)."""
    columns = []
    for move in WIDTH * np.eye(start.shape[1]):
        columns.append((walk(given, steps, start + move) - walk(given, steps, start - move)) / (2 * WIDTH))
    return np.stack(columns, axis=2)


def drawn(calculation, seed, **options):
    return calculation.draw(np.random.default_rng(seed), **options)


@pytest.mark.parametrize("options", [{}, *(case.options for case in jacobians.step.cases)])
def test_the_jacobian_of_a_step_is_the_numeric_one(options):
    for seed in SEEDS:
        problem = drawn(jacobians.step, seed, **options)
        given = problem.given
        expected = numeric(given, [0], given["h0"])
        np.testing.assert_allclose(jacobians.step.right(problem)["J_t"], expected, rtol=0, atol=1e-8)
        np.testing.assert_allclose(given["h_t"], walk(given, [0], given["h0"]), rtol=0, atol=1e-14)


@pytest.mark.parametrize("options", [{}, *(case.options for case in jacobians.product.cases)])
def test_the_product_is_the_numeric_derivative_of_the_last_state(options):
    for seed in SEEDS:
        problem = drawn(jacobians.product, seed, **options)
        given, T = problem.given, problem.sizes["T"]
        expected = numeric(given, range(given["t"] + 1, T), given["h"][:, given["t"]])
        np.testing.assert_allclose(jacobians.product.right(problem)["J"], expected, rtol=0, atol=1e-7)


def test_behind_t_are_three_steps_at_least_unless_it_is_the_first_or_the_last_that_is_asked_for():
    for seed in SEEDS:
        given = drawn(jacobians.product, seed).given
        assert 1 <= given["t"] <= given["h"].shape[1] - 4
        assert drawn(jacobians.product, seed, at="first").given["t"] == 0
        last = drawn(jacobians.product, seed, at="last")
        assert last.given["t"] == last.sizes["T"] - 1
        N, H = last.sizes["N"], last.sizes["H"]
        np.testing.assert_array_equal(jacobians.product.right(last)["J"], np.tile(np.eye(H), (N, 1, 1)))


def test_the_slope_is_ln_rho_where_tanh_has_the_slope_one_and_the_weights_are_orthogonal():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    for rho in (0.3, 0.9, 1.2):
        h = np.zeros((2, 12, 5))
        known = {"h": h, "h_t": h, "one": np.ones_like(h), "Wh": rho * Q, "T": 12}
        slope = jacobians.decay.work_out(known, {})["slope"]
        np.testing.assert_allclose(slope, np.log(rho), rtol=0, atol=1e-12)


def test_the_slope_is_that_of_a_line_through_the_norms_of_numeric_products():
    for seed in range(5):
        problem = drawn(jacobians.decay, seed)
        given, T = problem.given, problem.sizes["T"]
        logs = [
            np.log(np.linalg.norm(numeric(given, range(T - back, T), given["h"][:, T - 1 - back]), 2, axis=(1, 2)))
            for back in range(T)
        ]
        expected = np.polyfit(np.arange(T), np.array(logs), 1)[0]
        np.testing.assert_allclose(jacobians.decay.right(problem)["slope"], expected, rtol=0, atol=1e-5)


def test_the_chain_has_a_spectral_radius_below_one_and_its_gradient_a_peak_that_stands_out():
    network = jacobians_measured.peak_steps.network()
    assert np.abs(np.linalg.eigvals(network["Wh"])).max() == 0.75
    given = {name: network[name] for name in ("x", "Wx", "Wh", "b")}
    norms = []
    for back in range(60):
        state = walk(given, range(60 - back), network["h0"])
        norms.append(np.linalg.norm(numeric(given, range(60 - back, 60), state)[0], 2))
    np.testing.assert_allclose(jacobians_measured.norms(), norms, rtol=0, atol=1e-7)
    peak = jacobians_measured.peak_steps.right()
    assert peak == int(np.argmax(norms)) == 10
    assert norms[peak] > 2
    assert sorted(norms)[-2] < 0.97 * norms[peak]


def test_the_near_misses_are_what_people_arrive_at():
    answers = {name: answer for name, (answer, _) in jacobians_measured.peak_steps.near_misses().items()}
    linear = np.linalg.norm([np.linalg.matrix_power(0.75 * np.eye(8) + 0.6 * np.eye(8, k=1), k) for k in range(60)],
                            2, axis=(1, 2))  # fmt: skip
    assert answers["without_tanh"] == int(np.argmax(linear))
    assert answers["spectral_radius_or_frobenius"] == int(np.argmax(jacobians_measured.norms("fro"))) == 0
    largest = np.abs(jacobians_measured.products()).max(axis=(1, 2))
    assert answers["one_too_many_or_largest_entry"] == int(np.argmax(largest))
    assert answers["index_of_the_state"] == 59 - 10
    norms = jacobians_measured.norms()
    assert norms[answers["below_one_again"] - 1] >= 1 > norms[answers["below_one_again"]]


def test_the_last_factor_alone_is_never_the_product_with_t_counted_from_the_end():
    """Where they are the same on every problem, one of the two mistakes would be told as the other."""
    for seed in range(200):
        problem = drawn(jacobians.product, seed)
        assert problem.given["t"] >= 2
        assert problem.sizes["T"] - 1 - problem.given["t"] >= 2
