"""K4, ReLU and starts: attempts to refute the verdict, at eight times the budget, other rates, lengths and sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

page = definitions("k04-relu-cures-vanishing")
RANDOM, ORTHOGONAL, IDENTITY = ("relu", "normal", 1.0), ("relu", "orthogonal", 1.0), ("relu", "identity", 1.0)
TANH = ("tanh", "identity", 1.0)


def learned(start, *, seeds=range(3), **options):
    """Return how many networks learn."""
    return sum(np.isfinite(page.wait(seed, *start, **options)) for seed in seeds)


@pytest.mark.parametrize("H", [8, 16, 64])
def test_the_gradient_of_relu_stays_whole_or_dies_from_the_identity_and_decays_from_random_starts(H):
    seeds = range(20, 30)
    whole = np.array([page.norms(seed, *IDENTITY, H=H)[50] for seed in seeds])
    assert (np.isclose(whole, 0) | np.isclose(whole, 1)).all()
    assert np.isclose(whole, 1).sum() >= 6
    for start in (RANDOM, ORTHOGONAL):
        assert np.median([page.norms(seed, *start, H=H)[50] for seed in seeds]) < 1e-3


@pytest.mark.parametrize("H", [16, 64])
def test_at_gain_root_two_some_random_relu_networks_explode_or_die(H):
    ends = [page.norms(seed, "relu", "normal", 2**0.5, H=H)[50] for seed in range(20, 40)]
    assert max(ends) > 10
    assert min(ends) < 0.1


def test_the_norms_are_those_of_a_nudge():
    model, rng = page.draw_network(0, *RANDOM)
    x = page.recall(rng, lag=9, N=1)[0]
    h = model.forward(x)[1][0]
    nudged = [model.forward(x[:, 7:], (h[6] + 1e-7 * e)[None])[1][0, -1] for e in np.eye(16)]
    assert np.isclose(page.norms(0, *RANDOM, T=10)[3], np.linalg.norm((nudged - h[-1]) / 1e-7, 2), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.001, 0.01])
def test_at_other_rates_relu_learns_recall_from_the_identity_only(rate):
    assert learned(RANDOM, rate=rate) == 0
    assert learned(IDENTITY, rate=rate) == 3


@pytest.mark.slow
def test_60_steps_back_the_identity_learns_with_relu_and_with_tanh():
    assert learned(IDENTITY, T=60) == 3
    assert learned(TANH, T=60) == 3
    assert learned(RANDOM, T=60) == 0


@pytest.mark.long
def test_at_eight_times_the_budget_relu_does_not_learn_recall_from_random_weights():
    assert learned(RANDOM, budget=2400) == 0


@pytest.mark.long
def test_adding_over_50_steps_is_learned_by_relu_only():
    for start in (RANDOM, IDENTITY):
        assert learned(start, task="adding", T=50, rate=0.01, budget=1000) >= 2
    assert learned(TANH, task="adding", T=50, rate=0.01, budget=1000) == 0
