"""The loss of rows without a mask, whose mistakes are partly those of the masked loss."""

import numpy as np

from autograder.layers import cross_entropy
from autograder.layers.cross_entropy_of_rows import NOT_HERE, loss

SEEDS = range(30)


def drawn(seed, **options):
    """Return the problem of a seed."""
    return loss.draw(np.random.default_rng(seed), **options)


def test_every_mistake_that_is_left_out_is_one_of_the_masked_loss():
    assert {known.name for known in cross_entropy.loss.mistakes} >= NOT_HERE
    assert not NOT_HERE & {known.name for known in loss.mistakes}


def test_no_sentence_speaks_of_what_is_not_here():
    said = " ".join(known.sentence for known in loss.mistakes)
    assert not any(word in said for word in ("mask", "sequence", "position", "step", "count "))


def test_the_loss_is_the_mean_over_the_rows_and_its_gradient_sums_to_zero_in_each():
    for seed in SEEDS:
        problem = drawn(seed)
        y, targets = problem.given["y"], problem.given["targets"]
        p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
        right = loss.right(problem)
        np.testing.assert_allclose(right["loss"], -np.mean(np.log(p[np.arange(len(y)), targets])), rtol=1e-12)
        np.testing.assert_allclose(right["dy"].sum(axis=1), 0, atol=1e-15)
        np.testing.assert_allclose(right["dy"][0, targets[0]], (p[0, targets[0]] - 1) / len(y), rtol=1e-12)


def test_large_scores_are_drawn_on_demand_and_leave_the_probabilities_alone():
    plain = loss.right(drawn(4))
    for shift in ("up", "down", "both"):
        problem = drawn(4, shift=shift)
        assert np.abs(problem.given["y"]).min() > 900
        np.testing.assert_allclose(loss.right(problem)["dy"], plain["dy"], rtol=1e-9, atol=1e-12)


def test_a_target_that_is_far_from_the_largest_score_costs_what_lies_between():
    problem = drawn(5, apart=1000.0)
    y, targets = problem.given["y"], problem.given["targets"]
    assert sorted(set(y[0])) == [-1000.0, 0.0, 1000.0]
    assert y[0, targets[0]] == 0
    assert loss.right(problem)["loss"] * len(y) > 1000


def test_the_equations_are_those_without_a_mask():
    labels = set(loss.work_out.equations.values())
    assert labels == {"softmax", "cross-entropy-mean", "cross-entropy-mean-gradient"}
