"""The measurements on a plain RNN: the answers and the near misses, measured once more in another way."""

from itertools import pairwise

import numpy as np
import pytest

from autograder.layers import rnn_measured


def walked(x, h0, Wx, Wh, b):
    """Return all states, the initial one first."""
    h = [h0]
    for t in range(x.shape[1]):
        h.append(np.tanh(x[:, t] @ Wx + h[-1] @ Wh + b))
    return h


def distances():
    """Return how far apart the two states are after 0, 1, … steps."""
    x, first, second, Wx, Wh, b = rnn_measured.forgotten_after.network().values()
    return np.array([
        np.linalg.norm(one - other)
        for one, other in zip(walked(x, first, Wx, Wh, b), walked(x, second, Wx, Wh, b), strict=True)
    ])  # fmt: skip


def norms():
    """Return the norm of the gradient 0, 1, … steps back, by the Jacobian of every step."""
    x, h0, Wx, Wh, b = rnn_measured.faded_steps.network().values()
    h = walked(x, h0, Wx, Wh, b)
    gradient, found = np.ones(h0.shape[1]), []
    for state in reversed(h[1:]):
        found.append(np.linalg.norm(gradient))
        gradient = Wh @ ((1 - state[0] ** 2) * gradient)
    return np.array(found)


def first(condition):
    return int(np.flatnonzero(condition)[0])


def test_the_distance_is_that_of_two_walks_step_by_step():
    np.testing.assert_allclose(rnn_measured.gap_by_steps(), distances(), rtol=0, atol=1e-13)
    assert len(rnn_measured.gap_by_steps()) == 81


def test_the_norm_of_the_gradient_is_that_of_the_product_of_the_jacobians():
    np.testing.assert_allclose(rnn_measured.gradient_by_steps(), norms(), rtol=1e-9)
    assert len(rnn_measured.gradient_by_steps()) == 60
    assert rnn_measured.gradient_by_steps()[0] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("measured", "curve"), [(rnn_measured.forgotten_after, distances), (rnn_measured.faded_steps, norms)]
)
def test_the_network_falls_under_one_per_cent_for_good_and_not_by_a_hair(measured, curve):
    answer, values = measured.right(), curve()
    assert type(answer) is int
    assert np.all(values[:answer] > 0.0105 * values[0])
    assert np.all(values[answer:] < 0.0095 * values[0])


def test_the_near_misses_of_what_is_forgotten_are_what_their_sentences_say():
    gap, answer = distances(), rnn_measured.forgotten_after.right()
    assert {name: value for name, (value, _) in rnn_measured.forgotten_after.near_misses().items()} == {
        "one_too_few": answer - 1,
        "one_too_many": answer + 1,
        "from_the_first_step": first(gap[1:] < 0.01 * gap[1]),
        "from_the_first_step_counted": first(gap < 0.01 * gap[1]),
        "absolute_limit": first(gap < 0.01),
        "ten_percent": first(gap**2 < 0.01 * gap[0] ** 2),
        "tenth_of_a_percent": first(gap < 0.001 * gap[0]),
        "estimate_without_tanh": first(0.95 ** np.arange(200) < 0.01),
    }


def test_the_near_misses_of_what_has_faded_are_what_their_sentences_say():
    values, answer = norms(), rnn_measured.faded_steps.right()
    index = len(values) - 1 - answer  # of the state that many steps back, counted from 0
    assert {name: value for name, (value, _) in rnn_measured.faded_steps.near_misses().items()} == {
        "one_too_few": answer - 1,
        "one_too_many": answer + 1,
        "estimate_or_index": index,
        "counted_from_the_start": index + 1,
        "absolute_limit": first(values < 0.01),
        "ten_percent": first(values < 0.1 * values[0]),
    }
    assert index == first(0.9 ** np.arange(200) < 0.01)


@pytest.mark.parametrize("measured", [rnn_measured.forgotten_after, rnn_measured.faded_steps])
def test_near_misses_are_wrong_and_all_different(measured):
    answers = [answer for answer, _ in measured.near_misses().values()]
    assert measured.right() not in answers
    assert len(set(answers)) == len(answers)
    assert all(sentence.endswith(".") for _, sentence in measured.near_misses().values())


def test_the_recurrent_weights_neither_stretch_nor_shrink_but_for_their_factor():
    for measured, factor in ((rnn_measured.forgotten_after, 0.95), (rnn_measured.faded_steps, 0.9)):
        Wh = measured.network()["Wh"]
        np.testing.assert_allclose(Wh @ Wh.T, factor**2 * np.eye(len(Wh)), atol=1e-14)


def test_measured_networks_are_the_same_every_time():
    for measured in (rnn_measured.forgotten_after, rnn_measured.faded_steps):
        for one, other in pairwise([measured.network() for _ in range(2)]):
            for name in one:
                np.testing.assert_array_equal(one[name], other[name])
