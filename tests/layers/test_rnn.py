"""The problems on which a plain RNN is tried: what they hold, and that they show what they are there to show."""

import numpy as np
import pytest

import unrolled
from autograder.engine.gradients import norm_relative_error
from autograder.layers import rnn
from autograder.layers.rnn import GARBAGE, LONG, draw, draw_mask, step_of

SEEDS, MANY = range(50), range(300)
SHAPES = {"x": "NTD", "h0": "NH", "Wx": "DH", "Wh": "HH", "b": "H", "dh": "NTH"}


def drawn(seed, draw=draw, **options):
    """Return the problem of a seed."""
    return draw(np.random.default_rng(seed), **options)


def states(given, **changed):
    """Return the states of the course's own layer."""
    arguments = {name: given[name] for name in ("x", "h0", "Wx", "Wh", "b")}
    return unrolled.rnn_forward(**{**arguments, **changed})[0]


def test_a_problem_holds_every_array_in_its_shape_and_no_number_is_zero():
    for seed in SEEDS:
        problem = drawn(seed)
        assert set(problem.given) == set(SHAPES)
        assert len(set(problem.sizes.values())) == 4
        for name, axes in SHAPES.items():
            assert problem.given[name].shape == tuple(problem.sizes[letter] for letter in axes), name
            assert np.all(problem.given[name] != 0), name


def test_states_are_clearly_curved_and_rarely_saturated_unless_that_is_wanted():
    def saturated(**options):
        return np.mean([np.mean(np.abs(states(drawn(seed, **options).given)) > 0.99) for seed in SEEDS])

    assert 0.3 < np.mean([np.mean(np.abs(states(drawn(seed).given))) for seed in SEEDS]) < 0.9
    assert saturated() < 0.1
    assert saturated(**rnn.LARGE_STATES.options) > 0.9


def test_the_initial_state_is_none_where_there_is_none():
    problem = drawn(0, **rnn.WITHOUT_H0.options)
    assert problem.given["h0"] is None
    assert drawn(0).given["h0"] is not None


@pytest.mark.parametrize("upstream", [1e-9, 3.0, 1e4])
def test_the_gradient_that_arrives_is_as_large_as_is_asked_for(upstream):
    sizes = [np.std(drawn(seed, upstream=upstream).given["dh"]) for seed in SEEDS]
    assert np.mean(sizes) == pytest.approx(upstream, rel=0.1)


@pytest.mark.parametrize("sizes", [{}, {"N": 1}, {"T": 1}, {"D": 7, "H": 2}, {"D": 2, "H": 7}])
def test_saturated_states_are_nearly_one_and_leave_a_slope(sizes):
    for seed in MANY:
        h = np.abs(states(drawn(seed, saturated=True, **sizes).given))
        assert h.min() > 0.9999
        assert h.max() < 1 - 1e-6


def test_saturated_states_have_both_signs():
    signs = [np.sign(states(drawn(seed, saturated=True).given)).ravel() for seed in SEEDS]
    assert 0.3 < np.mean(np.concatenate(signs) > 0) < 0.7


TEN = 10
"""Steps after which a loop stops that should go on."""


def remembered(given):
    """Return how much of the last states comes from farther back than ten steps."""
    near = states(given, x=given["x"][:, -TEN:], h0=np.zeros_like(given["h0"]))
    return norm_relative_error(near[:, -1], states(given)[:, -1])


@pytest.mark.parametrize("N", [2, 4])
def test_the_last_state_of_a_long_sequence_remembers_more_than_ten_steps(N):
    assert min(remembered(drawn(seed, **{**LONG, "N": N}).given) for seed in MANY) > 1e-3


def test_a_long_sequence_remembers_since_it_is_drawn_so():
    forgetful = {**LONG, "remembers": False}
    assert np.median([remembered(drawn(seed, **forgetful).given) for seed in MANY]) < 1e-2


def test_a_gradient_of_a_long_sequence_reaches_its_beginning_from_more_than_ten_steps_on():
    for seed in MANY:
        given = drawn(seed, **LONG).given
        _, cache = unrolled.rnn_forward(**{name: given[name] for name in ("x", "h0", "Wx", "Wh", "b")})
        near = np.where(np.arange(LONG["T"])[:, None] < TEN, given["dh"], 0.0)
        dh0, dh0_from_near = (unrolled.rnn_backward(dh, cache)[1] for dh in (given["dh"], near))
        assert norm_relative_error(dh0, dh0_from_near) > 1e-3


def test_a_loop_over_a_long_sequence_that_stops_after_ten_steps_is_far_off():
    assert LONG["T"] > 2 * TEN
    for seed in SEEDS:
        given = drawn(seed, **LONG).given
        held = states(given)
        held[:, TEN:] = held[:, TEN - 1 : TEN]
        assert norm_relative_error(held, states(given)) > 1e-2


def test_a_distracted_problem_has_one_unit_that_nothing_moves_with_a_huge_part_of_the_loss():
    for seed in MANY:
        problem = drawn(seed, distracted=True)
        h, dh = states(problem.given), problem.given["dh"]
        still = np.all(np.abs(h) == 1.0, axis=(0, 1))
        huge = np.abs(dh).min(axis=(0, 1)) > 1e6
        assert still.sum() == 1
        np.testing.assert_array_equal(still, huge)
        assert np.linalg.norm(dh[..., still]) > 1e10 * np.linalg.norm(dh[..., ~still])
        np.testing.assert_array_equal(states(problem.given, Wx=1.1 * problem.given["Wx"])[..., still], h[..., still])


def test_where_no_loss_sits_at_some_of_the_steps_nothing_arrives_at_the_last_and_one_before_it():
    seen = set()
    for seed in MANY:
        problem = drawn(seed, sparse=True)
        T = problem.sizes["T"]
        empty = np.flatnonzero(~problem.given["dh"].any(axis=(0, 2)))
        assert len(empty) == 2
        assert empty[1] == T - 1
        assert empty[0] < T - 2
        seen.add(int(empty[0]))
        assert np.count_nonzero(problem.given["dh"]) == problem.given["dh"].size * (T - 2) / T
    assert len(seen) > 3


def test_one_step_is_a_sequence_of_one_under_the_names_of_the_step_functions():
    for seed in SEEDS:
        whole, problem = drawn(seed, T=1), drawn(seed, step_of(draw))
        assert {**problem.sizes, "T": 1} == whole.sizes
        assert set(problem.given) == {"x_t", "h_prev", "dh_total", "Wx", "Wh", "b"}
        for one, many in (("x_t", "x"), ("dh_total", "dh")):
            np.testing.assert_array_equal(problem.given[one], whole.given[many][:, 0])
        np.testing.assert_array_equal(problem.given["h_prev"], whole.given["h0"])


def test_the_options_of_a_step_are_those_of_a_sequence():
    assert drawn(0, step_of(draw), N=1, D=5, upstream=1e4).sizes | {"T": 1} == {
        **drawn(0, N=1, T=1, D=5).sizes,
    }
    assert np.abs(drawn(0, step_of(draw), upstream=1e4).given["dh_total"]).max() > 1e3


@pytest.mark.parametrize("shortest", [1, 2])
@pytest.mark.parametrize("T", [5, 6, 8, 25])
@pytest.mark.parametrize("N", [4, 5, 6])
def test_a_mask_has_a_full_sequence_and_a_shortest_one_and_the_first_and_the_last_are_neither(N, T, shortest):
    for seed in SEEDS:
        mask = draw_mask(np.random.default_rng(seed), N, T, shortest)
        lengths = mask.sum(axis=1)
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, np.arange(T) < lengths[:, None])
        assert lengths.max() == T
        assert lengths.min() == shortest
        assert shortest < lengths[0] < T
        assert shortest < lengths[-1] < T
        assert lengths[0] != lengths[-1]


@pytest.mark.parametrize(("N", "T"), [(1, 5), (1, 1), (4, 1)])
def test_a_mask_of_one_sequence_or_one_step_has_a_real_step_in_every_sequence(N, T):
    for seed in SEEDS:
        mask = draw_mask(np.random.default_rng(seed), N, T)
        assert mask.shape == (N, T)
        assert np.all(mask[:, 0])
        assert np.all(mask[:, 1:] <= mask[:, :-1])


def test_one_sequence_may_end_early():
    assert any(not draw_mask(np.random.default_rng(seed), 1, 5).all() for seed in SEEDS)


def test_behind_the_end_of_a_sequence_stands_garbage_half_of_it_large_and_before_it_nothing_is_changed():
    sizes = []
    for seed in SEEDS:
        plain, masked = drawn(seed, low={"N": 4, "T": 6}), drawn(seed, rnn.masked.draw)
        x, mask = masked.given["x"], masked.given["mask"]
        assert masked.sizes["N"] >= 4
        assert masked.sizes["T"] >= 6
        np.testing.assert_array_equal(x[mask], plain.given["x"][mask])
        assert not mask.all()
        sizes += list(np.abs(x[~mask]).mean(axis=1))
    large = np.array(sizes) > 100
    assert 0.3 < large.mean() < 0.7
    assert GARBAGE / 2 < np.mean(np.array(sizes)[large]) < 2 * GARBAGE
    assert np.mean(np.array(sizes)[~large]) < 2


def test_a_mask_of_ones_and_one_real_step_are_drawn_on_demand():
    for seed in SEEDS:
        assert drawn(seed, rnn.masked.draw, **rnn.MASK_OF_ONES.options).given["mask"].all()
        assert drawn(seed, rnn.masked.draw, **rnn.ONE_REAL_STEP.options).given["mask"].sum(axis=1).min() == 1
        assert drawn(seed, rnn.masked.draw).given["mask"].sum(axis=1).min() == 2
