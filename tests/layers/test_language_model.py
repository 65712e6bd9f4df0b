"""The trusted loss of a model of characters and its gradients, against another way to work them out."""

import numpy as np
import pytest

from autograder.engine.backward import ANALYTIC
from autograder.engine.gradients import norm_relative_error, numeric_gradient
from autograder.layers.language_model import LAYERS, loss_and_grads

SEEDS = range(3)


def drawn(seed, options):
    return loss_and_grads.draw(np.random.default_rng(seed), **options)


def loss_of(given):
    """Return the loss, row by row and step by step; the weights may be complex."""
    E, Wx, Wh, b, Wy, by = (given[name] for name in LAYERS)
    total, count, H = 0.0, 0, len(Wh)
    for n, length in enumerate(given["lengths"]):
        h, c = (np.zeros(H) if given[name] is None else given[name][n] for name in ("h0", "c0"))
        for token, target in zip(given["tokens"][n, :length], given["targets"][n, :length], strict=True):
            i, f, g, o = np.split(E[token] @ Wx + h @ Wh + b, 4)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            y = h @ Wy + by
            top = y.real.max()
            total, count = total + top + np.log(np.sum(np.exp(y - top))) - y[target], count + 1
    return total / count


@pytest.mark.parametrize("case", [None, *loss_and_grads.cases], ids=lambda case: case.circumstance if case else "")
def test_the_trusted_gradients_are_those_of_complex_steps(case):
    problem = drawn(1, case.options if case else {})
    right = loss_and_grads.right(problem)
    assert norm_relative_error(right["loss"], np.asarray(loss_of(problem.given))) < 1e-13
    for name in LAYERS:
        expected = np.empty(problem.given[name].shape)
        for index in np.ndindex(expected.shape):
            moved = problem.given[name].astype(complex)
            moved[index] += 1e-30j
            expected[index] = loss_of({**problem.given, name: moved}).imag / 1e-30
        assert norm_relative_error(right[f"d{name}"], expected) < 1e-12, name


def test_differences_of_a_loss_that_is_nearly_all_in_one_character_have_lost_their_digits():
    (case,) = [case for case in loss_and_grads.cases if "nearly all of the loss" in case.circumstance]
    for seed in SEEDS:
        problem = drawn(seed, case.options)
        for name in ("b", "by"):
            for step in (1e-4, 1e-2):
                differences = numeric_gradient(lambda moved, p=problem: loss_of({**p.given, **moved}),
                                               problem.given, name, step=step)  # fmt: skip
                error = norm_relative_error(differences, loss_and_grads.right(problem)[f"d{name}"])
                assert error > 1e4 * ANALYTIC, (seed, name, step)


def test_the_sizes_of_the_cost_check_make_a_difference_for_every_weight_dear():
    assert 40_000 < sum(drawn(0, loss_and_grads.large).given[name].size for name in LAYERS) < 60_000
