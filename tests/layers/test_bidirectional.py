"""A layer in both directions: its padded problems, and right answers found without the course's own layer."""

import numpy as np
import pytest
from complex_steps import complex_step

from autograder.layers import bidirectional

SEEDS = range(30)
CASES = {case.circumstance: case.options for case in bidirectional.backward.cases}
TENSORS = ("x", "h0", "Wx", "Wh", "b")


def drawn(seed, **options):
    """Return the problem of a seed."""
    return bidirectional.draw(np.random.default_rng(seed), **options)


def states(given):
    """Return the states (N, T, 2H), of complex numbers too, step by step with a mask, each direction in its order."""
    x, (N, T, _) = given["x"], given["x"].shape
    H, kind = given["b"].shape[1], np.result_type(*(given[name] for name in TENSORS))
    h = np.zeros((N, T, 2 * H), kind)
    for direction, order in enumerate((range(T), range(T - 1, -1, -1))):
        Wx, Wh, b, h_t = (given[name][direction] for name in ("Wx", "Wh", "b", "h0"))
        for t in order:
            real = (t < given["lengths"])[:, None]
            h_t = np.where(real, np.tanh(x[:, t] @ Wx + h_t @ Wh + b), h_t)
            h[:, t, direction * H : (direction + 1) * H] = h_t * real
    return h


def loss(given):
    """Return the part of the loss of every state, of complex numbers too."""
    return states(given) * given["dh"]


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_right_states_and_gradients_are_those_of_a_walk_with_a_mask(options):
    problem = drawn(3, **options)
    right = bidirectional.backward.right(problem)
    np.testing.assert_allclose(right["h"], states(problem.given), rtol=1e-12, atol=1e-14)
    for tensor in TENSORS:
        expected = complex_step(loss, problem.given, tensor)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(right[f"d{tensor}"], expected, rtol=1e-8, atol=1e-11 * scale, err_msg=tensor)


def test_rows_are_reversed_as_far_as_they_are_real():
    for seed in SEEDS:
        given = bidirectional.reverse.draw(np.random.default_rng(seed)).given
        turned = bidirectional.reversed_by_length(given["x"], given["lengths"])
        for row, original, length in zip(turned, given["x"], given["lengths"], strict=True):
            for t in range(length):
                np.testing.assert_array_equal(row[t], original[length - 1 - t])
            np.testing.assert_array_equal(row[length:], original[length:])
        np.testing.assert_array_equal(bidirectional.reversed_by_length(turned, given["lengths"]), given["x"])


def test_of_three_rows_none_is_full_so_that_who_reads_one_step_too_far_reads_padding():
    for seed in SEEDS:
        problem = bidirectional.reverse.draw(np.random.default_rng(seed), **bidirectional.reverse.square)
        given, T = problem.given, problem.sizes["T"]
        assert given["lengths"].max() < T
        (known,) = [known for known in bidirectional.reverse.mistakes if known.name == "one_step_off"]
        off = bidirectional.reverse.outcome(problem, known.terms)["reversed_x"]
        for row, read, length in zip(off, given["x"], given["lengths"], strict=True):
            np.testing.assert_array_equal(row[:length], read[length:0:-1])


def test_of_the_lengths_one_is_full_one_the_shortest_and_the_first_and_the_last_are_neither():
    for seed in SEEDS:
        for shortest in (1, 2):
            problem = drawn(seed, shortest=shortest)
            lengths, T = problem.given["lengths"], problem.sizes["T"]
            assert lengths.dtype.kind == "i"
            assert lengths.max() == T
            assert lengths.min() == shortest
            assert not {lengths[0], lengths[-1]} & {T, shortest}
            assert lengths[0] != lengths[-1]


def test_rows_may_all_have_the_same_length():
    for seed in SEEDS:
        problem = drawn(seed, equal=True)
        assert set(problem.given["lengths"]) == {problem.sizes["T"]}


def test_a_single_row_has_padding_and_more_than_one_real_step():
    for seed in SEEDS:
        problem = drawn(seed, N=1)
        assert 1 < problem.given["lengths"][0] < problem.sizes["T"]


def test_there_is_garbage_in_the_padding_and_something_arrives_there_and_neither_counts():
    for seed in SEEDS:
        problem = drawn(seed)
        given, real = problem.given, bidirectional.is_real(problem.given["lengths"], problem.sizes["T"])
        assert np.abs(given["x"][~real]).max() > 100 * np.abs(given["x"][real]).max()
        assert np.abs(given["dh"][~real]).min() > 0
        cleaned = {name: np.where(real[..., None], given[name], 0.0) for name in ("x", "dh")}
        clean = bidirectional.Problem(problem.sizes, {**given, **cleaned})
        for name, value in bidirectional.backward.right(clean).items():
            np.testing.assert_array_equal(value, bidirectional.backward.right(problem)[name], err_msg=name)


def test_saturated_states_are_nearly_one_at_real_steps():
    for seed in SEEDS:
        problem = drawn(seed, saturated=True)
        h = np.abs(states(problem.given))[bidirectional.is_real(problem.given["lengths"], problem.sizes["T"])]
        assert h.min() > 0.9999
        assert h.max() < 1 - 1e-6


def test_no_initial_state_stands_for_zeros():
    problem = drawn(0, initial=False)
    zeros = {**problem.given, "h0": np.zeros((2, problem.sizes["N"], problem.sizes["H"]))}
    np.testing.assert_allclose(bidirectional.forward.right(problem)["h"], states(zeros), rtol=1e-12, atol=1e-14)


def test_the_ends_of_a_row_are_what_each_direction_makes_last():
    for seed in SEEDS:
        problem = bidirectional.ends.draw(np.random.default_rng(seed))
        h, lengths = problem.given["h"], problem.given["lengths"]
        H = h.shape[2] // 2
        v = bidirectional.ends.right(problem)["v"]
        for n, length in enumerate(lengths):
            np.testing.assert_array_equal(v[n, :H], h[n, length - 1, :H])
            np.testing.assert_array_equal(v[n, H:], h[n, 0, H:])
            assert not h[n, length:].any()


def test_the_number_of_units_is_never_that_of_the_directions():
    for seed in range(50):
        assert drawn(seed).sizes["H"] > 2
