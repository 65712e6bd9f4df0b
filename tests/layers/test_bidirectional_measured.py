"""The measurement on a padded batch: the answer and the near misses, measured once more in another way."""

import numpy as np

from autograder.layers import bidirectional_measured

MEASURED = bidirectional_measured.spoiled_steps


def walked(row, Wx, Wh, b):
    """Return the states of one row, read from its end, in the order of the row."""
    h_t, found = np.zeros(len(b)), []
    for x_t in row[::-1]:
        h_t = np.tanh(x_t @ Wx + h_t @ Wh + b)
        found.insert(0, h_t)
    return found


def apart():
    """Return how far the backward states are apart at the real steps, a list (length, H) for every row."""
    x, lengths, _, Wx, Wh, b = MEASURED.network().values()
    return [
        np.array(walked(row[:length], Wx[1], Wh[1], b[1])) - np.array(walked(row, Wx[1], Wh[1], b[1])[:length])
        for row, length in zip(x, lengths, strict=True)
    ]


def test_the_differences_are_those_of_two_walks_and_the_forward_half_has_none():
    found = bidirectional_measured.differences()
    for n, row in enumerate(apart()):
        np.testing.assert_allclose(found[n, : len(row), 6:], row, rtol=1e-9, atol=1e-13)
        np.testing.assert_array_equal(found[n, : len(row), :6], 0.0)


def test_no_step_is_near_the_limit():
    most = np.sort(np.concatenate([np.abs(row).max(axis=1) for row in apart()]))
    assert type(MEASURED.right()) is int
    assert MEASURED.right() == np.sum(most > 0.1)
    assert not np.any((most > 0.08) & (most < 0.125))


def test_the_near_misses_are_what_their_sentences_say():
    rows = apart()
    steps = np.concatenate(rows)
    x, _, _, Wx, Wh, b = MEASURED.network().values()
    padded = 0
    for row, real in zip(x, rows, strict=True):
        h_t, forward = np.zeros(6), []
        for x_t in row:
            h_t = np.tanh(x_t @ Wx[0] + h_t @ Wh[0] + b[0])
            forward.append(h_t)
        both = np.hstack([forward, walked(row, Wx[1], Wh[1], b[1])])[len(real) :]
        padded += int(np.sum(np.abs(both).max(axis=1, initial=0) > 0.1))
    assert {name: value for name, (value, _) in MEASURED.near_misses().items()} == {
        "padded_steps_too": MEASURED.right() + padded,
        "entries": np.sum(np.abs(steps) > 0.1),
        "by_norm": np.sum(np.linalg.norm(steps, axis=1) > 0.1),
        "any_difference": np.sum(np.abs(steps).max(axis=1) > 0),
        "a_hundredth": np.sum(np.abs(steps).max(axis=1) > 0.01),
        "rows": sum(np.abs(row).max() > 0.1 for row in rows),
        "below_only": sum(step.max() > 0.1 for step in steps),
        "above_only": sum((-step).max() > 0.1 for step in steps),
        "forward_half": 0,
    }


def test_a_mistake_in_sign_gives_another_number():
    steps = np.concatenate(apart())
    assert len({MEASURED.right(), np.sum(steps.max(axis=1) > 0.1), np.sum(steps.min(axis=1) < -0.1)}) == 3


def test_near_misses_are_whole_sentences():
    assert all(sentence.endswith(".") for _, sentence in MEASURED.near_misses().values())
