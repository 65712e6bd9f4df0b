"""Attempts to refute the verdict on "LSTMs do not suffer from vanishing gradients"."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import Adam, RMSProp, lstm_forward
from unrolled.tasks import recall

page = definitions("k08-lstms-do-not-vanish")
x = recall(np.random.default_rng(17), lag=120, N=1)[0]


@pytest.mark.parametrize("H", [4, 32, 64])
def test_untrained_the_gradient_vanishes_fastest_with_bias_0_then_in_the_rnn_then_with_bias_1_then_3(H):
    left = [
        np.median([page.all_paths(page.start(seed, bias, H)[0], x, [100])[0] for seed in range(20, 35)])
        for bias in (0.0, None, 1.0, 3.0)
    ]
    assert left[0] < 0.1 * left[1]
    assert left[1] < 0.1 * left[2]
    assert left[2] < 0.1 * left[3]


@pytest.mark.parametrize(("bias", "steps"), [(0.0, 1.0), (1.0, 2.2), (3.0, 14.6), (5.0, 103.2)])
def test_the_half_life_at_the_start_is_that_of_the_bias(bias, steps):
    """Of a gate that reads nothing it is that of the bias exactly; the longest of a network's units lasts longer."""
    model, _ = page.start(0, bias)
    lives = [page.half_life(page.start(seed, bias)[0], 20) for seed in range(5)]
    assert 0.9 * steps < np.median(lives) < 1.8 * steps
    for name in ("Wx", "Wh"):
        model.params[name][:] = 0
    assert abs(page.half_life(model, 20) - steps) < 0.06 * steps
    np.testing.assert_allclose(
        page.cell_alone(model, x, [1, 50]), (1 / (1 + np.exp(-bias))) ** np.array([1, 50]), rtol=1e-9
    )


def test_all_paths_are_what_nudges_of_both_states_show():
    model, _ = page.start(3, 1.0)
    W = [model.params[name] for name in ("Wx", "Wh", "b")]
    k, eps = 10, 1e-6
    h, c, _ = lstm_forward(x[:, :-k], None, None, *W)
    state, rows = np.concatenate([h[0, -1], c[0]]), []
    for unit in np.eye(len(state)):
        ends = []
        for sign in (1, -1):
            nudged = (state + sign * eps * unit)[None]
            ends.append(lstm_forward(x[:, -k:], nudged[:, :8].copy(), nudged[:, 8:].copy(), *W)[0][0, -1])
        rows.append((ends[0] - ends[1]) / (2 * eps))
    np.testing.assert_allclose(page.all_paths(model, x, [k])[0], np.linalg.norm(rows, 2), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("H", [8, 32])
def test_training_lengthens_the_half_life_where_the_lag_is_near(H):
    for bias in (0.0, 1.0):
        runs = [page.trained(seed, bias, 5, H=H)[0] for seed in range(20, 23)]
        assert np.isfinite([updates for *_, updates in runs]).sum() >= 2
        assert np.median([after / before for before, after, _ in runs]) > 1.3


@pytest.mark.slow
def test_a_half_life_of_100_steps_makes_a_lag_of_100_easy():
    runs = [page.trained(seed, 5.0, 100, budget=400)[0] for seed in range(3)]
    assert np.isfinite([updates for *_, updates in runs]).sum() >= 2


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("budget", "make", "most"),
    [(1200, lambda: Adam(0.03), 1), (400, lambda: RMSProp(0.01), 1), (600, lambda: Adam(0.01), 2)],
    ids=["eight times the budget", "RMSProp", "a smaller rate"],
)
def test_from_bias_0_a_lag_of_20_is_hardly_learned(budget, make, most):
    runs = [page.trained(seed, 0.0, 20, budget=budget, optimizer=make())[0] for seed in range(3)]
    assert np.isfinite([updates for *_, updates in runs]).sum() <= most
