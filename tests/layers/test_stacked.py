"""Stacked layers: the problems they are tried on, and right answers found without the course's own layer."""

import re

import numpy as np
import pytest
from complex_steps import complex_step

from autograder.engine.student import CheckFailed, Student
from autograder.layers import stacked
from autograder.sets import QUESTIONS

SEEDS = range(30)
CASES = {case.circumstance: case.options for case in stacked.backward.cases}
TENSORS = ("x", "h0", "Wx", "Wup", "Wh", "b")


def drawn(seed, **options):
    """Return the problem of a seed."""
    return stacked.draw(np.random.default_rng(seed), **options)


def states(given):
    """Return the states of all layers (L, N, T, H), of complex numbers too: one step of all layers after the other."""
    now, found = [h for h in given["h0"]], []
    for t in range(given["x"].shape[1]):
        below = given["x"][:, t]
        for layer, W in enumerate((given["Wx"], *given["Wup"])):
            now[layer] = below = np.tanh(below @ W + now[layer] @ given["Wh"][layer] + given["b"][layer])
        found.append(np.stack(now))
    return np.stack(found, axis=2)


def loss(given):
    """Return the part of the loss of every state, of complex numbers too."""
    return states(given) * given["dh"]


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_right_states_and_gradients_are_those_of_one_step_of_all_layers_after_the_other(options):
    problem = drawn(3, **options)
    right = stacked.backward.right(problem)
    np.testing.assert_allclose(right["h"], states(problem.given), rtol=1e-12, atol=1e-14)
    for tensor in TENSORS:
        expected = complex_step(loss, problem.given, tensor)
        scale = np.abs(expected).max(initial=0.0)
        np.testing.assert_allclose(right[f"d{tensor}"], expected, rtol=1e-8, atol=1e-11 * scale, err_msg=tensor)


def test_there_are_four_layers_at_least_and_their_number_differs_from_every_other_size():
    for seed in SEEDS:
        sizes = drawn(seed).sizes
        assert sizes["L"] in (4, 5)
        assert sizes["U"] == sizes["L"] - 1
        assert len({sizes[letter] for letter in "NTDHL"}) == 5


def test_a_single_layer_has_no_matrices_between_layers():
    given = drawn(0, L=1).given
    assert given["Wup"].shape == (0, *given["Wh"].shape[1:])


def test_no_initial_state_stands_for_zeros():
    problem = drawn(0, initial=False)
    zeros = {**problem.given, "h0": np.zeros_like(problem.given["dh"][:, :, 0])}
    np.testing.assert_allclose(stacked.forward.right(problem)["h"], states(zeros), rtol=1e-12)


def test_saturated_states_are_nearly_one_in_every_layer():
    for seed in SEEDS:
        h = np.abs(states(drawn(seed, saturated=True).given))
        assert h.min() > 0.9999
        assert h.max() < 1 - 1e-6


def test_where_the_loss_sits_at_the_highest_layer_only_it_still_reaches_the_lowest():
    for seed in SEEDS:
        problem = drawn(seed, top_only=True)
        assert not problem.given["dh"][:-1].any()
        assert problem.given["dh"][-1].any()
        assert np.abs(stacked.backward.right(problem)["dx"]).max() > 0.01


def test_what_comes_from_above_is_a_visible_part_of_what_arrives_at_a_layer():
    for seed in SEEDS:
        problem = drawn(seed)
        alone = stacked.backward.outcome(problem, {"dh_total": lambda dh_l: dh_l})
        right = stacked.backward.right(problem)
        assert np.linalg.norm(alone["dWx"] - right["dWx"]) > 0.01 * np.linalg.norm(right["dWx"])


def test_a_unit_far_in_saturation_carries_most_of_the_loss_and_none_of_the_gradient():
    for seed in SEEDS:
        problem = drawn(seed, distracted=True)
        h = states(problem.given)
        assert np.sum(np.abs(h[0]) == 1.0) >= h[0, ..., 0].size
        assert np.abs(problem.given["dh"]).max() > 1e11
        assert np.abs(stacked.backward.right(problem)["dx"]).max() < 1e6


def asked_backward(forward, walk_back):
    """Return what is said of a backward pass that starts from the cache of this forward pass."""
    student = Student.of_namespace({"stacked_rnn_forward": forward, "stacked_rnn_backward": walk_back})
    with pytest.raises(CheckFailed) as failure:
        QUESTIONS["stacked_rnn_backward"].check(student, np.random.default_rng(0))
    return str(failure.value)


def keeping(kept):
    """Return a forward pass with right states that keeps this of the list of what its layers leave."""

    def forward(x, h0, Wx, Wup, Wh, b):
        given = {"x": x, "h0": np.zeros((len(b), len(x), b.shape[1])) if h0 is None else h0, "Wh": Wh, "b": b}
        h = states({**given, "Wx": Wx, "Wup": Wup})
        return h, kept([(layer, x) for layer in range(len(b))])

    return forward


def walk_back(dh, cache):
    """Ask the cache for every layer, from the highest, and for two things of each."""
    for layer in reversed(range(len(dh))):
        _, _ = cache[layer]
    raise ArithmeticError("nothing is missing")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_who_keeps_too_few_layers_in_the_cache_is_told_how_many_are_there(count):
    said = asked_backward(keeping(lambda layers: layers[:count]), walk_back)
    assert "IndexError" in said
    assert f"The cache that stacked_rnn_forward returned has {count} entr" in said
    assert re.search(r"and there are [45] layers\. Does every one leave its own there\?", said)


def test_who_goes_over_layers_and_cache_side_by_side_is_told_so_too():
    def side_by_side(dh, cache):
        return list(zip(dh, cache, strict=True))

    assert "returned has 1 entry, and there are" in asked_backward(keeping(lambda layers: layers[:1]), side_by_side)


@pytest.mark.parametrize("kept", [list, tuple, dict, lambda layers: None])
def test_nothing_is_said_of_a_cache_that_has_all_layers_or_is_of_another_kind_or_not_to_blame(kept):
    assert "entr" not in asked_backward(keeping(kept), walk_back)
