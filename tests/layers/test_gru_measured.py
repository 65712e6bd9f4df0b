"""The measurement on two GRUs: the answer and the near misses, measured once more in another way."""

import numpy as np

from autograder.layers import gru_measured


def step(x_t, h, Wx, Wh, b, *, after):
    """Return the state after a step of one sequence, block by block."""
    (Wx_r, Wx_z, Wx_n), (Wh_r, Wh_z, Wh_n) = (np.split(weights, 3, axis=1) for weights in (Wx, Wh))
    b_r, b_z, b_n = np.split(b, 3)
    r, z = 1 / (1 + np.exp(-x_t @ Wx_r - h @ Wh_r - b_r)), 1 / (1 + np.exp(-x_t @ Wx_z - h @ Wh_z - b_z))
    n = np.tanh(x_t @ Wx_n + b_n + (r * (h @ Wh_n) if after else (r * h) @ Wh_n))
    return n + z * (h - n)


def differences(*, same_state=False):
    """Return what is between the states of both layers, (T, H)."""
    x, h0, *weights = gru_measured.parting_step.network().values()
    one, other, found = h0[0], h0[0], []
    for x_t in x[0]:
        start = one if same_state else other
        one, other = step(x_t, one, *weights, after=True), step(x_t, start, *weights, after=False)
        found.append(one - other)
    return np.array(found)


def first(condition):
    return int(np.flatnonzero(condition)[0])


def test_the_distances_are_those_of_two_loops():
    for same_state in (False, True):
        found = gru_measured.distances(same_state=same_state)
        np.testing.assert_allclose(found, differences(same_state=same_state), rtol=1e-9, atol=1e-13)
        assert found.shape == (60, 8)


def test_the_layers_agree_at_the_first_step_and_part_not_by_a_hair():
    answer, distance = gru_measured.parting_step.right(), np.abs(differences()).max(axis=1)
    assert type(answer) is int
    assert distance[0] < 1e-15
    assert distance[:answer].max() < 0.07
    assert distance[answer] > 0.115


def test_with_an_update_bias_of_zero_they_part_far_earlier():
    x, h0, Wx, Wh, b = gru_measured.parting_step.network().values()
    one, other, distance = h0[0], h0[0], []
    for x_t in x[0]:
        one, other = step(x_t, one, Wx, Wh, 0 * b, after=True), step(x_t, other, Wx, Wh, 0 * b, after=False)
        distance.append(np.abs(one - other).max())
    assert first(np.array(distance) > 0.1) <= 5


def test_the_near_misses_are_what_their_sentences_say():
    apart, answer = differences(), gru_measured.parting_step.right()
    distance = np.abs(apart).max(axis=1)
    given = {name: value for name, (value, _) in gru_measured.parting_step.near_misses().items()}
    assert given == {
        "counted_from_one": answer + 1,
        "last_step_together": answer - 1,
        "by_norm": first(np.sqrt((apart**2).sum(axis=1)) > 0.1),
        "by_sum": first(np.abs(apart).sum(axis=1) > 0.1),
        "without_sign": first((apart > 0.1).any(axis=1)),
        "any_difference": first(distance > 1e-12),
        "farthest": int(distance.argmax()),
        "from_the_same_state": first(np.abs(differences(same_state=True)).max(axis=1) > 0.1),
        "steps_left": 60 - answer,
    }
    assert answer == first(distance > 0.1)
    assert answer not in given.values()
    assert len(set(given.values())) == len(given)
