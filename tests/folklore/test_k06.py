"""K6, clipping: attempts to refute the verdict, at eight times the budget and other rates, thresholds, sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import Adam

page = definitions("k06-clipping-cures-explosions")
LONG = {"budget": 2000, "hopeless": np.inf}


def runs(clip, rate, *, seeds=range(5), **options):
    """Return updates until learned and the largest loss of each network."""
    return np.array([page.train(seed, rate, clip, **options)[:2] for seed in seeds]).T


def below(threshold):
    return lambda grads: page.by_norm(grads, threshold)


def test_a_clip_by_norm_keeps_the_direction_and_a_clip_by_value_turns_it():
    grads = {"a": np.array([3.0, 0.2]), "b": np.array([[-0.1]])}
    turned, norm = page.angle({name: g.copy() for name, g in grads.items()}, below(1.0))
    assert turned < 1e-5
    assert np.isclose(norm, np.sqrt(9.05))
    turned, _ = page.angle(grads, page.by_value)
    assert turned > 40
    assert max(np.abs(g).max() for g in grads.values()) <= 0.1


@pytest.mark.parametrize("limit", [0.01, 0.1])
def test_a_clip_by_value_turns_exploded_gradients_at_other_limits(limit):
    for seed in range(20, 24):
        turned, norm = page.angle(page.exploded(seed), lambda grads: page.by_value(grads, limit))
        assert norm > 100
        assert turned > 15


@pytest.mark.slow
def test_a_threshold_of_a_tenth_does_as_well_and_one_of_ten_does_not():
    assert np.isfinite(runs(below(0.1), 0.1)[0]).all()
    assert np.isfinite(runs(below(10), 0.1)[0]).sum() <= 2


@pytest.mark.slow
def test_at_still_higher_rates_a_clipped_network_does_not_learn_and_its_loss_leaps():
    assert np.isfinite(runs(page.by_norm, 1.0, budget=150)[0]).sum() <= 1
    assert np.median(runs(page.by_norm, 3.0, budget=100)[1]) > 1000


@pytest.mark.slow
@pytest.mark.parametrize(("H", "rate"), [(8, 0.1), (64, 0.03)])
def test_at_other_sizes_only_clipped_networks_learn_at_high_rates(H, rate):
    assert np.isfinite(runs(page.none, rate, H=H, budget=150)[0]).sum() <= 1
    assert np.isfinite(runs(page.by_norm, rate, H=H)[0]).sum() >= 4


@pytest.mark.slow
def test_with_adam_the_loss_leaps_with_the_clip_as_without_it():
    for clip in (page.none, page.by_norm):
        assert np.median(runs(clip, 0.1, optimizer=Adam, budget=60)[1]) > 100


@pytest.mark.long
@pytest.mark.parametrize("rate", [0.03, 0.1])
def test_at_eight_times_the_budget_unclipped_networks_do_not_learn_at_high_rates(rate):
    assert not np.isfinite(runs(page.none, rate, seeds=range(3), **LONG)[0]).any()
    assert np.isfinite(runs(page.by_norm, rate, seeds=range(3), **LONG)[0]).all()


@pytest.mark.long
def test_at_eight_times_the_budget_the_clip_does_not_help_where_gradients_vanish():
    small = {"start": "orthogonal", "activation": "tanh", "gain": 0.6}
    for clip in (page.none, page.by_norm):
        assert not np.isfinite(runs(clip, 0.3, seeds=range(2), **small, **LONG)[0]).any()
