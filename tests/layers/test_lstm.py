"""The problems on which an LSTM is tried: what they hold, and that they show what they are there to show."""

import numpy as np
import pytest

import unrolled
from autograder.engine.gradients import norm_relative_error
from autograder.layers import lstm
from autograder.layers.lstm import FAR, GATES, draw, slices, step_of
from autograder.layers.rnn import LONG

SEEDS, MANY = range(50), range(200)
SHAPES = {"x": "NTD", "h0": "NH", "c0": "NH", "Wx": "DZ", "Wh": "HZ", "b": "Z", "dh": "NTH", "dc_T": "NH"}


def drawn(seed, draw=draw, **options):
    """Return the problem of a seed."""
    return draw(np.random.default_rng(seed), **options)


def walked(given, sigmoid=lambda z: 1 / (1 + np.exp(-z)), held=None):
    """Return all hidden states, all cell states and the gates of every step, from the equations; one gate may be held.

    The first axis is time. The initial states stand first.
    """
    h, c, gates = [given["h0"]], [given["c0"]], []
    for x_t in given["x"].swapaxes(0, 1):
        z = np.split(x_t @ given["Wx"] + h[-1] @ given["Wh"] + given["b"], 4, axis=1)
        now = [np.tanh(part) if k == 2 else sigmoid(part) for k, part in enumerate(z)]
        if held is not None:
            now[held[0]] = np.full_like(c[-1], held[1])
        i, f, g, o = now
        c.append(f * c[-1] + i * g)
        h.append(o * np.tanh(c[-1]))
        gates.append(np.stack(now))
    return np.stack(h), np.stack(c), np.stack(gates)


def test_a_problem_holds_every_array_in_its_shape_and_no_number_is_zero():
    for seed in SEEDS:
        problem = drawn(seed)
        assert set(problem.given) == set(SHAPES)
        assert problem.sizes["Z"] == 4 * problem.sizes["H"]
        assert len({problem.sizes[letter] for letter in "NTDH"}) == 4
        for name, axes in SHAPES.items():
            assert problem.given[name].shape == tuple(problem.sizes[letter] for letter in axes), name
            assert np.all(problem.given[name] != 0), name


def test_what_is_drawn_again_with_the_sizes_of_a_problem_has_its_sizes():
    for calculation in (lstm.sequence, lstm.clamped, lstm.step, lstm.start, lstm.half_life):
        for seed in SEEDS:
            problem = calculation.draw(np.random.default_rng(seed))
            assert calculation.draw(np.random.default_rng(seed + 1), **problem.sizes).sizes == problem.sizes


def test_gates_are_clearly_curved_and_rarely_saturated_unless_that_is_wanted():
    def extreme(**options):
        gates = [walked(drawn(seed, **options).given)[2][:, [0, 1, 3]] for seed in SEEDS]
        return np.mean([np.mean((gate < 0.01) | (gate > 0.99)) for gate in gates])

    assert extreme() < 0.02
    with np.errstate(over="ignore"):
        assert extreme(**lstm.LARGE_STATES.options) > 0.8


def test_a_cell_is_far_enough_from_zero_that_tanh_of_it_is_another_number():
    for seed in SEEDS:
        _, c, _ = walked(drawn(seed).given)
        assert norm_relative_error(np.tanh(c), c) > 0.05


@pytest.mark.parametrize("sizes", [{}, {"N": 1}, {"T": 1}, {"D": 7, "H": 2}, {"D": 2, "H": 7}])
def test_saturated_gates_are_near_their_ends_and_leave_a_slope(sizes):
    for seed in MANY:
        gates = walked(drawn(seed, saturated=True, **sizes).given)[2]
        slopes = gates[:, [0, 1, 3]] * (1 - gates[:, [0, 1, 3]])
        assert 4e-4 < slopes.min() <= slopes.max() < 4e-3
        assert 5e-7 < np.min(1 - gates[:, 2] ** 2) <= np.max(1 - gates[:, 2] ** 2) < 5e-5


def test_the_last_state_of_a_long_sequence_remembers_more_than_ten_steps():
    for seed in MANY:
        given = drawn(seed, **LONG).given
        zeros = np.zeros_like(given["h0"])
        _, near, _ = walked({**given, "x": given["x"][:, -10:], "h0": zeros, "c0": zeros})
        assert norm_relative_error(near[-1], walked(given)[1][-1]) > 1e-2


def test_a_gradient_of_a_long_sequence_reaches_its_beginning_from_more_than_ten_steps_on():
    for seed in MANY:
        given = drawn(seed, **LONG).given
        weights = lstm.weights_of(given)
        _, _, cache = unrolled.lstm_forward(given["x"], given["h0"], given["c0"], **weights)
        near = np.where(np.arange(LONG["T"])[:, None] < 10, given["dh"], 0.0)
        dc0, dc0_from_near = (unrolled.lstm_backward(dh, None, cache)[2] for dh in (given["dh"], near))
        assert norm_relative_error(dc0, dc0_from_near) > 1e-2


def test_a_distracted_problem_has_one_unit_whose_gates_nothing_moves_with_a_huge_part_of_the_loss():
    for seed in SEEDS:
        problem = drawn(seed, distracted=True)
        still = np.all(problem.given["b"].reshape(4, -1) == FAR, axis=0)
        assert still.sum() == 1
        gates = walked(problem.given)[2]
        assert np.all(gates[..., still] == 1.0)
        assert not np.any(gates[..., still] * (1 - gates[..., still]))
        np.testing.assert_array_equal(still, np.abs(problem.given["dh"]).min(axis=(0, 1)) > 1e6)
        far = problem.given["x"] @ problem.given["Wx"] + problem.given["b"]
        left = np.exp(-np.abs(far.reshape(*far.shape[:2], 4, -1)[..., still])).max()
        assert left * np.abs(problem.given["dh"]).max() < 1e-15  # what another formula of the slope would let through


def test_where_no_loss_sits_at_some_of_the_steps_nothing_arrives_at_the_last_and_one_before_it():
    for seed in SEEDS:
        problem = drawn(seed, sparse=True)
        empty = np.flatnonzero(~problem.given["dh"].any(axis=(0, 2)))
        assert len(empty) == 2
        assert empty[1] == problem.sizes["T"] - 1
        assert np.all(problem.given["dc_T"] != 0)


def test_states_and_the_gradient_of_the_last_cell_are_none_on_demand():
    none = [
        tuple(name for name in ("h0", "c0") if drawn(0, **case.options).given[name] is None)
        for case in lstm.WITHOUT_STATES
    ]
    assert none == [("h0", "c0"), ("c0",), ("h0",)]
    assert drawn(0, last_cell=False).given["dc_T"] is None


def test_one_step_is_a_sequence_of_one_under_the_names_of_the_step_functions():
    for seed in SEEDS:
        whole, problem = drawn(seed, T=1), drawn(seed, step_of(draw))
        assert {**problem.sizes, "T": 1} == whole.sizes
        assert set(problem.given) == {"x_t", "h_prev", "c_prev", "dh_total", "dc_next", "Wx", "Wh", "b"}
        for one, many in (("x_t", "x"), ("dh_total", "dh")):
            np.testing.assert_array_equal(problem.given[one], whole.given[many][:, 0])
        for one, many in (("h_prev", "h0"), ("c_prev", "c0"), ("dc_next", "dc_T")):
            np.testing.assert_array_equal(problem.given[one], whole.given[many])


def test_the_right_gates_and_states_are_those_of_the_equations():
    for seed in SEEDS:
        problem = drawn(seed)
        h, c, _ = walked(problem.given)
        right = lstm.sequence.right(problem)
        np.testing.assert_allclose(right["h"], h[1:].swapaxes(0, 1), rtol=0, atol=1e-13)
        np.testing.assert_allclose(right["c_T"], c[-1], rtol=0, atol=1e-13)
        one = drawn(seed, T=1)
        _, _, gates = walked(one.given)
        found = lstm.gates.right(drawn(seed, step_of(draw)))
        for gate, value in zip(GATES, gates[0], strict=True):
            np.testing.assert_allclose(found[gate], value, rtol=0, atol=1e-14)


def test_the_gates_stand_in_their_order():
    assert list(GATES) == ["i", "f", "g", "o"]
    assert slices(3) == {"i": slice(0, 3), "f": slice(3, 6), "g": slice(6, 9), "o": slice(9, 12)}


@pytest.mark.parametrize("k", range(4))
def test_the_states_with_a_gate_held_are_those_of_the_equations(k):
    for seed in SEEDS:
        problem = lstm.clamped.draw(np.random.default_rng(seed), k=k)
        value = problem.given["value"]
        assert problem.given["k"] == k
        assert 0.1 <= value <= 0.9
        h, c, _ = walked(problem.given, held=(k, value))
        right = lstm.clamped.right(problem)
        np.testing.assert_allclose(right["h"], h[1:].swapaxes(0, 1), rtol=0, atol=1e-12)
        np.testing.assert_allclose(right["c"], c[1:].swapaxes(0, 1), rtol=0, atol=1e-12)


def test_every_gate_is_held_in_some_ordinary_problem_and_in_a_circumstance_of_its_own():
    assert {lstm.clamped.draw(np.random.default_rng(seed)).given["k"] for seed in SEEDS} == set(range(4))
    named = {case.options["k"]: case.circumstance for case in lstm.clamped.cases if "k" in case.options}
    assert named == {k: f" where the {words} is held" for k, words in enumerate(GATES.values())}


def test_half_of_a_gradient_is_left_after_its_half_life():
    for case in (lstm.Case(""), *lstm.half_life.cases):
        problem = lstm.half_life.draw(np.random.default_rng(0), **case.options)
        steps = lstm.half_life.right(problem)["steps"]
        np.testing.assert_allclose(problem.given["f"] ** steps, 0.5, rtol=1e-12)


def test_where_gates_are_saturated_each_is_open_somewhere_so_that_no_rounding_decides():
    """Where all of a gate is shut, σ written in two right ways gives other digits: at 10 of 1,000 seeds, once."""
    for seed in range(200):
        problem = lstm.step.draw(np.random.default_rng(seed), **lstm.LARGE_STATES.options)
        gates = lstm.right_step(problem)
        assert all(gates[gate].max() > 0.5 for gate in "ifo")
        assert min(gates[gate].min() for gate in "ifo") < 1e-6
