"""The problems on which a GRU is tried: what they hold, and that they show what they are there to show."""

import numpy as np
import pytest

from autograder.engine.gradients import norm_relative_error
from autograder.layers import gru, gru_sizes
from autograder.layers.gru import FAR, GATES, draw, draw_before, slices
from autograder.layers.rnn import LONG, step_of

SEEDS, MANY = range(50), range(200)
SHAPES = {"x": "NTD", "h0": "NH", "Wx": "DZ", "Wh": "HZ", "b": "Z", "bh": "Z", "dh": "NTH"}


def drawn(seed, draw=draw, **options):
    """Return the problem of a seed."""
    return draw(np.random.default_rng(seed), **options)


def walked(given, sigmoid=lambda a: 1 / (1 + np.exp(-a))):
    """Return all states, the initial one first, and r, z, n of every step, from the equations; time stands first.

    Without bh the reset stands before the product.
    """
    h, gates = [given["h0"]], []
    U = np.split(given["Wh"], 3, axis=1)
    for x_t in given["x"].swapaxes(0, 1):
        x_r, x_z, x_n = np.split(x_t @ given["Wx"] + given["b"], 3, axis=1)
        h_r, h_z, h_n = np.split(h[-1] @ given["Wh"] + given.get("bh", 0.0), 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = np.tanh(x_n + (r * h_n if "bh" in given else (r * h[-1]) @ U[2]))
        h.append((1 - z) * n + z * h[-1])
        gates.append(np.stack([r, z, n]))
    return np.stack(h), np.stack(gates)


def test_a_problem_holds_every_array_in_its_shape_and_no_number_is_zero():
    for seed in SEEDS:
        problem = drawn(seed)
        assert set(problem.given) == set(SHAPES)
        assert set(drawn(seed, draw_before).given) == set(SHAPES) - {"bh"}
        assert problem.sizes["Z"] == 3 * problem.sizes["H"]
        assert len({problem.sizes[letter] for letter in "NTDH"}) == 4
        for name, axes in SHAPES.items():
            assert problem.given[name].shape == tuple(problem.sizes[letter] for letter in axes), name
            assert np.all(problem.given[name] != 0), name


def test_what_is_drawn_again_with_the_sizes_of_a_problem_has_its_sizes():
    for calculation in (gru.step, gru.step_before, gru.sequence, gru.mixture):
        for seed in SEEDS:
            problem = calculation.draw(np.random.default_rng(seed))
            assert calculation.draw(np.random.default_rng(seed + 1), **problem.sizes).sizes == problem.sizes


def test_gates_are_clearly_curved_and_rarely_saturated_unless_that_is_wanted():
    def extreme(**options):
        gates = [walked(drawn(seed, **options).given)[1][:, :2] for seed in SEEDS]
        return np.mean([np.mean((gate < 0.01) | (gate > 0.99)) for gate in gates])

    assert extreme() < 0.02
    with np.errstate(over="ignore"):
        assert extreme(**gru.LARGE_STATES.options) > 0.8


@pytest.mark.parametrize("draw_one", [draw, draw_before])
def test_the_two_sides_of_the_reset_give_other_states(draw_one):
    for seed in SEEDS:
        given = drawn(seed, draw_one).given
        other = {name: value for name, value in given.items() if name != "bh"}
        if "bh" not in given:
            other["bh"] = np.zeros_like(given["b"])
        assert norm_relative_error(walked(given)[0][1:], walked(other)[0][1:]) > 1e-3


@pytest.mark.parametrize("sizes", [{}, {"N": 1}, {"T": 1}, {"D": 7, "H": 2}, {"D": 2, "H": 7}])
def test_saturated_gates_are_near_both_ends_and_leave_a_slope(sizes):
    for seed in MANY:
        gates = walked(drawn(seed, saturated=True, **sizes).given)[1]
        sigmoids, n = gates[:, :2], gates[:, 2]
        slopes = sigmoids * (1 - sigmoids)
        assert 2e-4 < slopes.min() <= slopes.max() < 5e-3
        assert 1e-7 < np.min(1 - n**2) <= np.max(1 - n**2) < 1e-4
        for gate in sigmoids.swapaxes(0, 1):
            assert gate.min() < 0.01 < 0.99 < gate.max()


def test_where_gates_are_saturated_each_is_open_somewhere_so_that_no_rounding_decides():
    """Where all of a gate is shut, σ written in two right ways gives other digits."""
    for calculation in (gru.step, gru.step_before):
        shut = []
        for seed in MANY:
            gates = gru.right_step(calculation.draw(np.random.default_rng(seed), **gru.LARGE_STATES.options))
            assert all(gates[gate].max() > 0.5 for gate in "rz")
            shut.append(min(gates[gate].min() for gate in "rz") < 1e-6)
        assert np.mean(shut) > 0.95


def test_the_last_state_of_a_long_sequence_remembers_more_than_ten_steps():
    for seed in MANY:
        given = drawn(seed, **LONG).given
        near, _ = walked({**given, "x": given["x"][:, -10:], "h0": np.zeros_like(given["h0"])})
        assert norm_relative_error(near[-1], walked(given)[0][-1]) > 1e-2


def test_a_distracted_problem_has_one_unit_whose_state_nothing_moves_with_a_huge_part_of_the_loss():
    for seed in SEEDS:
        given = drawn(seed, distracted=True).given
        still = np.all(np.abs(given["b"].reshape(3, -1)) == FAR, axis=0)
        assert still.sum() == 1
        h, gates = walked(given)
        assert np.all(np.abs(h[1:][..., still]) == 1.0)
        assert not np.any(1 - gates[:, 2][..., still] ** 2)
        np.testing.assert_array_equal(still, np.abs(given["dh"]).min(axis=(0, 1)) > 1e6)


def test_where_no_loss_sits_at_some_of_the_steps_nothing_arrives_at_the_last_and_one_before_it():
    for seed in SEEDS:
        problem = drawn(seed, sparse=True)
        empty = np.flatnonzero(~problem.given["dh"].any(axis=(0, 2)))
        assert len(empty) == 2
        assert empty[1] == problem.sizes["T"] - 1


@pytest.mark.parametrize("draw_one", [draw, draw_before])
def test_one_step_is_a_sequence_of_one_under_the_names_of_the_step_functions(draw_one):
    for seed in SEEDS:
        whole, problem = drawn(seed, draw_one, T=1), drawn(seed, step_of(draw_one))
        assert {**problem.sizes, "T": 1} == whole.sizes
        np.testing.assert_array_equal(problem.given["x_t"], whole.given["x"][:, 0])
        np.testing.assert_array_equal(problem.given["h_prev"], whole.given["h0"])
        np.testing.assert_array_equal(problem.given["dh_total"], whole.given["dh"][:, 0])


def test_the_right_gates_and_states_are_those_of_the_equations():
    for seed in SEEDS:
        problem = drawn(seed)
        h, _ = walked(problem.given)
        np.testing.assert_allclose(gru.sequence.right(problem)["h"], h[1:].swapaxes(0, 1), rtol=0, atol=1e-13)
        for draw_one in (draw, draw_before):
            h, gates = walked(drawn(seed, draw_one, T=1).given)
            found = gru.right_step(drawn(seed, step_of(draw_one)))
            np.testing.assert_allclose(found["h_t"], h[1], rtol=0, atol=1e-14)
            for gate, value in zip(GATES, gates[0], strict=True):
                np.testing.assert_allclose(found[gate], value, rtol=0, atol=1e-14)


def test_the_blocks_stand_in_their_order():
    assert list(GATES) == ["r", "z", "n"]
    assert slices(3) == {"r": slice(0, 3), "z": slice(3, 6), "n": slice(6, 9)}


def test_a_mixture_lies_between_what_is_mixed_and_gives_its_gate_back():
    for case in (gru.Case(""), *gru.mixture.cases):
        for seed in SEEDS:
            problem = drawn(seed, gru.mixture.draw, **case.options)
            h_prev, n, h_t = (problem.given[name] for name in ("h_prev", "n", "h_t"))
            assert np.abs(h_prev - n).min() >= 0.2
            assert np.all((np.minimum(h_prev, n) < h_t) & (h_t < np.maximum(h_prev, n)))
            z = gru.mixture.right(problem)["z"]
            np.testing.assert_allclose((1 - z) * n + z * h_prev, h_t, rtol=0, atol=1e-15)


def test_every_mistake_in_a_size_shows_on_every_problem():
    for calculation, output in ((gru_sizes.count, "count"), (gru_sizes.size, "size")):
        for seed in SEEDS:
            problem = drawn(seed, calculation.draw)
            right = calculation.right(problem)[output]
            hidden = [
                known.name
                for known in calculation.mistakes
                if np.array_equal(calculation.outcome(problem, known.terms)[output], right)
            ]
            assert hidden == []


def test_every_forward_function_has_more_than_six_mistakes_with_a_name():
    for calculation in (gru.step, gru.step_before, gru.sequence, gru.mixture):
        assert len({known.origin for known in calculation.mistakes}) >= 6


def test_a_root_that_is_cut_without_room_for_rounding_is_one_too_small_wherever_a_budget_is_spent():
    blocks, biases = {"RNN": 1, "GRU": 3, "LSTM": 4}, {"RNN": 1, "GRU": 2, "LSTM": 1}
    for seed in range(20):
        problem = gru_sizes.size.draw(np.random.default_rng(seed))
        right = gru_sizes.size.right(problem)["size"]
        spent = set()
        for budget, D, kind, H in zip(*problem.given.values(), right, strict=True):
            k, beside = blocks[kind], D + biases[kind]
            if k * H * (H + beside) == budget:
                spent.add(str(kind))
                assert int(np.roots([k, k * beside, -budget]).real.max()) == H - 1
                assert int(np.sqrt(beside**2 / 4 + budget / k) - beside / 2) == H
        assert spent == {"RNN", "GRU", "LSTM"}
