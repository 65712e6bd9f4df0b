"""The problems on which an output layer is tried, and the outputs themselves, one after the other."""

import numpy as np

from autograder.layers.output import many_to_many, many_to_one
from autograder.layers.rnn import GARBAGE, MASK_OF_ONES, ONE_REAL_STEP

SEEDS = range(50)


def drawn(seed, calculation, **options):
    """Return the problem of a seed."""
    return calculation.draw(np.random.default_rng(seed), **options)


def test_a_problem_holds_states_and_a_layer_in_their_shapes():
    for seed in SEEDS:
        problem = drawn(seed, many_to_many)
        N, T, H, V = problem.sizes.values()
        assert len({N, T, H, V}) == 4
        assert N >= 4
        shapes = {name: value.shape for name, value in problem.given.items()}
        assert shapes == {"h": (N, T, H), "Wy": (H, V), "by": (V,)}
        assert np.abs(problem.given["h"]).max() < 0.9
        assert all(np.all(value != 0) for value in problem.given.values())


def test_behind_the_end_of_a_sequence_stands_large_garbage_and_before_it_nothing_is_changed():
    for seed in SEEDS:
        plain, masked = drawn(seed, many_to_many), drawn(seed, many_to_one)
        h, mask = masked.given["h"], masked.given["mask"]
        np.testing.assert_array_equal(h[mask], plain.given["h"][mask])
        assert GARBAGE / 2 < np.std(h[~mask]) < 2 * GARBAGE
        lengths = mask.sum(axis=1)
        assert (lengths.min(), lengths.max()) == (2, masked.sizes["T"])
        assert 2 < lengths[0] < masked.sizes["T"]


def test_a_mask_of_ones_and_one_real_step_are_drawn_on_demand():
    for seed in SEEDS:
        assert drawn(seed, many_to_one, **MASK_OF_ONES.options).given["mask"].all()
        assert drawn(seed, many_to_one, **ONE_REAL_STEP.options).given["mask"].sum(axis=1).min() == 1


def test_right_outputs_are_those_of_one_state_after_the_other():
    for seed in SEEDS:
        problem = drawn(seed, many_to_many)
        given, y = problem.given, many_to_many.right(problem)["y"]
        n, t, v = (np.random.default_rng(seed).integers(size) for size in y.shape)
        by_hand = sum(given["h"][n, t, i] * given["Wy"][i, v] for i in range(len(given["Wy"]))) + given["by"][v]
        np.testing.assert_allclose(y[n, t, v], by_hand, rtol=1e-12)
        assert y.shape == (*given["h"].shape[:2], len(given["by"]))


def test_a_sequence_has_its_output_from_its_last_real_state():
    for seed in SEEDS:
        problem = drawn(seed, many_to_one)
        given, y = problem.given, many_to_one.right(problem)["y"]
        everywhere = many_to_many.right(problem)["y"]
        for n, length in enumerate(given["mask"].sum(axis=1)):
            np.testing.assert_allclose(y[n], everywhere[n, length - 1], rtol=1e-12)
