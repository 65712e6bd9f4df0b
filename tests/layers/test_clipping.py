"""The gradients that are to be clipped, and what is right, against the clips of the course's own library."""

import copy

import numpy as np
import pytest

import unrolled
from autograder.layers import clipping

SEEDS = range(50)
CASES = [{}, *(case.options for case in clipping.norm.cases)]


def drawn(seed, **options):
    return clipping.norm.draw(np.random.default_rng(seed), **options)


def norm_of(arrays):
    return np.sqrt(sum((array**2).sum() for array in arrays.values()))


def test_a_problem_holds_weights_and_gradients_in_their_shapes():
    for seed in SEEDS:
        problem = drawn(seed)
        D, H = problem.sizes["D"], problem.sizes["H"]
        assert D != H
        for name in ("params", "grads"):
            shapes = {entry: array.shape for entry, array in problem.given[name].items()}
            assert shapes == {"Wx": (D, H), "Wh": (H, H), "b": (H,)}


def test_an_ordinary_gradient_is_above_both_limits_and_some_of_its_entries_are_not():
    for seed in SEEDS:
        given = drawn(seed).given
        entries = np.concatenate([grad.ravel() for grad in given["grads"].values()])
        # Above it is also what is taken for the norm by mistake.
        assert np.sqrt(np.mean(entries**2)) > given["max_norm"]
        assert given["learning_rate"] * norm_of(given["grads"]) > given["max_norm"]
        assert all(np.abs(grad).max() > 2 * given["limit"] for grad in given["grads"].values())
        assert np.abs(entries).min() < given["limit"]


def test_the_circumstances_are_those_that_are_told():
    for seed in SEEDS:
        below = drawn(seed, **clipping.BELOW.options).given
        assert norm_of(below["grads"]) < below["max_norm"]
        assert max(np.abs(grad).max() for grad in below["grads"].values()) < below["limit"]
        assert norm_of(drawn(seed, **clipping.ZERO.options).given["grads"]) == 0
        assert norm_of(drawn(seed, **clipping.LARGE.options).given["grads"]) > 1e5
        one = drawn(seed, **clipping.ONE_LARGE.options).given["grads"]
        assert norm_of({"Wh": one["Wh"]}) > 50 * norm_of({"Wx": one["Wx"], "b": one["b"]})


@pytest.mark.parametrize("options", CASES)
def test_the_clips_are_those_of_the_library(options):
    for seed in SEEDS:
        given = drawn(seed, **options).given
        for calculation, clip, limit in (
            (clipping.norm, unrolled.clip_by_norm, given["max_norm"]),
            (clipping.value, unrolled.clip_by_value, given["limit"]),
        ):
            expected = copy.deepcopy(given["grads"])
            clip(expected, limit)
            came = calculation.right(drawn(seed, **options))["clipped"]
            for name, value in expected.items():
                np.testing.assert_allclose(came[name], value, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("options", CASES)
def test_the_update_is_a_step_of_the_library_with_clipped_gradients(options):
    for seed in SEEDS:
        given = copy.deepcopy(drawn(seed, **options).given)
        unrolled.clip_by_norm(given["grads"], given["max_norm"])
        unrolled.SGD(given["learning_rate"]).step(given["params"], given["grads"])
        came = clipping.update.right(drawn(seed, **options))["updated"]
        for name, value in given["params"].items():
            np.testing.assert_allclose(came[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


def test_one_factor_keeps_the_direction_and_clipping_by_value_does_not():
    for seed in SEEDS:
        problem = drawn(seed)
        grads = problem.given["grads"]
        cosines = []
        for calculation in (clipping.norm, clipping.value):
            clipped = calculation.right(problem)["clipped"]
            product = sum((grads[name] * clipped[name]).sum() for name in grads)
            cosines.append(product / norm_of(grads) / norm_of(clipped))
        assert cosines[0] == pytest.approx(1, abs=1e-12)
        assert cosines[1] < 0.99


def test_the_norm_of_the_first_array_is_never_the_largest_norm():
    """Where it is on every problem, one of the two mistakes would be told as the other."""
    for seed in range(200):
        first, *others = (np.linalg.norm(grad) for grad in drawn(seed).given["grads"].values())
        assert first < 0.9 * max(others)
