"""The problems on which the masked loss is tried, and the loss itself, one position after the other."""

from math import exp, log

import numpy as np
import pytest

from autograder.engine.backward import ANALYTIC
from autograder.engine.gradients import norm_relative_error, numeric_gradient
from autograder.layers.cross_entropy import loss

SEEDS, MANY = range(50), range(300)


def drawn(seed, **options):
    """Return the sizes and what is given in the problem of a seed."""
    problem = loss.draw(np.random.default_rng(seed), **options)
    return problem.sizes, problem.given


def test_a_problem_holds_scores_targets_and_a_mask_in_their_shapes():
    for seed in SEEDS:
        sizes, given = drawn(seed)
        N, T, V = sizes.values()
        assert len({N, T, V}) == 3
        assert given["y"].shape == (N, T, V)
        assert given["targets"].shape == given["mask"].shape == (N, T)
        assert given["mask"].dtype == bool
        assert set(np.unique(given["targets"])) <= set(range(V))
    everything = np.concatenate([drawn(seed, V=4)[1]["targets"].ravel() for seed in SEEDS])
    assert set(everything) == {0, 1, 2, 3}


def test_in_every_sequence_some_positions_count_and_some_do_not_and_not_equally_many_in_all():
    for seed in MANY:
        _, given = drawn(seed)
        counts = given["mask"].sum(axis=1)
        assert counts.min() > 0
        assert counts.max() < given["mask"].shape[1]
        assert counts.min() < counts.max()


def test_positions_that_count_are_not_only_those_at_the_beginning():
    gaps = [np.any(drawn(seed)[1]["mask"][:, 1:] > drawn(seed)[1]["mask"][:, :-1]) for seed in SEEDS]
    assert np.mean(gaps) > 0.8


def test_one_sequence_has_positions_of_both_kinds_and_one_step_counts():
    for seed in SEEDS:
        _, given = drawn(seed, N=1)
        assert 0 < given["mask"].sum() < given["mask"].size
        assert drawn(seed, T=1)[1]["mask"].all()


def test_a_sequence_without_a_position_that_counts_is_drawn_on_demand():
    for seed in SEEDS:
        counts = drawn(seed, empty=True)[1]["mask"].sum(axis=1)
        assert sorted(counts)[0] == 0
        assert sorted(counts)[1] > 0
    assert len({int(np.argmin(drawn(seed, empty=True, N=4)[1]["mask"].sum(axis=1))) for seed in SEEDS}) > 1


@pytest.mark.parametrize(("shift", "signs"), [("up", {1}), ("down", {-1}), ("both", {1, -1})])
def test_scores_are_shifted_position_by_position(shift, signs):
    for seed in SEEDS:
        y = drawn(seed, shift=shift)[1]["y"]
        near = np.round(y.mean(axis=-1) / 1000)
        assert set(near.ravel()) == signs
        assert np.abs(y - 1000 * near[..., None]).max() < 10


def test_shifts_of_both_kinds_are_next_to_each_other():
    for seed in SEEDS:
        signs = np.sign(drawn(seed, shift="both")[1]["y"].mean(axis=-1)).ravel()
        np.testing.assert_array_equal(signs[1:], -signs[:-1])


def test_scores_that_are_far_apart_stand_in_one_position_that_counts_and_the_target_is_not_the_largest():
    for seed in MANY:
        sizes, given = drawn(seed, apart=1000.0)
        far = np.argwhere(np.abs(given["y"]).max(axis=-1) > 100)
        assert len(far) == 1
        n, t = far[0]
        assert given["mask"][n, t]
        assert sorted(given["y"][n, t]) == [-1000.0, *[0.0] * (sizes["V"] - 2), 1000.0]
        assert given["y"][n, t, given["targets"][n, t]] == 0.0


def by_pencil(given):
    """Return loss and gradient, one position and one score after the other."""
    y, targets, mask = given["y"], given["targets"], given["mask"]
    total, gradient, count = 0.0, np.zeros(y.shape), int(mask.sum())
    for n, t in np.argwhere(mask):
        row, target = y[n, t].tolist(), int(targets[n, t])
        top = max(row)
        log_of_sum = top + log(sum(exp(score - top) for score in row))
        total += log_of_sum - row[target]
        for v, score in enumerate(row):
            gradient[n, t, v] = (exp(score - log_of_sum) - (v == target)) / count
    return {"loss": total / count, "dy": gradient}


@pytest.mark.parametrize("case", [None, *loss.cases], ids=lambda case: case.circumstance if case else "ordinary")
def test_the_trusted_loss_is_right_in_every_circumstance(case):
    for seed in range(10):
        problem = loss.draw(np.random.default_rng(seed), **(case.options if case else {}))
        right, expected = loss.right(problem), by_pencil(problem.given)
        for name, value in expected.items():
            assert norm_relative_error(right[name], np.asarray(value)) < 1e-12, name


def test_differences_of_a_loss_that_is_nearly_all_in_one_position_have_lost_their_digits():
    (case,) = [case for case in loss.cases if "nearly all of the loss" in case.circumstance]
    for seed in range(3):
        problem = loss.draw(np.random.default_rng(seed), **case.options)

        def value(point, problem=problem):
            return float(by_pencil({**problem.given, **point})["loss"])

        right = loss.right(problem)["dy"]
        for step in (1e-5, 1e-4, 1e-2):
            differences = numeric_gradient(value, problem.given, "y", step=step)
            assert norm_relative_error(differences, right) > max(1e-3, 1e4 * ANALYTIC)


def test_the_sizes_of_the_cost_check_make_a_difference_for_every_score_dear():
    _, given = drawn(0, **loss.large)
    assert given["y"].size == 10_000
