"""The network with one hidden layer: its problems, its right gradients, its saturated case."""

import numpy as np

from autograder.engine.gradients import numeric_gradient
from autograder.layers import mlp

SEEDS = range(30)
TENSORS = ("x", "W1", "b1", "W2", "b2")


def drawn(seed, **options):
    """Return the problem of a seed."""
    return mlp.backward.draw(np.random.default_rng(seed), **options)


def hidden(given):
    """Return the hidden layer."""
    return np.tanh(given["x"] @ given["W1"] + given["b1"])


def test_a_problem_holds_a_network_in_its_shapes():
    for seed in SEEDS:
        problem = drawn(seed)
        N, D, H, V = problem.sizes.values()
        assert len({N, D, H, V}) == 4
        shapes = {name: value.shape for name, value in problem.given.items()}
        assert shapes == {"x": (N, D), "W1": (D, H), "b1": (H,), "W2": (H, V), "b2": (V,), "dy": (N, V)}


def test_tanh_is_saturated_on_demand_and_in_its_bent_part_otherwise():
    plain = np.concatenate([np.abs(hidden(drawn(seed).given)).ravel() for seed in SEEDS])
    saturated = np.concatenate([np.abs(hidden(drawn(seed, saturated=True).given)).ravel() for seed in SEEDS])
    assert 0.3 < np.median(plain) < 0.9
    assert np.median(saturated) > 0.98


def test_right_gradients_are_the_slopes_of_the_output():
    for seed in range(3):
        problem = drawn(seed)
        right = mlp.backward.right(problem)

        def loss(given):
            return float(np.sum((hidden(given) @ given["W2"] + given["b2"]) * given["dy"]))

        for name in TENSORS:
            numeric = numeric_gradient(loss, problem.given, name)
            np.testing.assert_allclose(right[f"d{name}"], numeric, rtol=1e-6, atol=1e-9, err_msg=name)


def test_the_output_is_that_of_the_equations():
    for seed in SEEDS:
        problem = drawn(seed)
        y = hidden(problem.given) @ problem.given["W2"] + problem.given["b2"]
        np.testing.assert_allclose(mlp.forward.right(problem)["y"], y, rtol=1e-12)


def test_a_backward_pass_has_twelve_named_mistakes_and_a_forward_pass_six():
    assert len(mlp.backward.mistakes) >= 12
    assert len(mlp.forward.mistakes) >= 6
