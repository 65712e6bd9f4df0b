"""Attempts to refute the verdict on "a small gradient makes training take extremely long"."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import SGD, Adam, RMSProp

page = definitions("k23-small-gradients-take-forever")


class OnlyTheBit:
    """SGD that multiplies the gradient of the bit's weights and no other."""

    def __init__(self, rate, factor):
        self.sgd, self.factor = SGD(rate), factor

    def step(self, params, grads):
        grads = {name: gradient.copy() for name, gradient in grads.items()}
        grads["Wx"][0] *= self.factor
        self.sgd.step(params, grads)


def learned(seeds=3, lag=20, **options):
    """How many of the first networks learn."""
    return np.isfinite([page.wait(seed, lag, **options) for seed in range(seeds)]).sum()


@pytest.mark.parametrize("H", [4, 32])
@pytest.mark.slow
def test_at_other_sizes_a_factor_mends_what_is_small_and_not_what_is_small_next_to_noise(H):
    for factor in (1e3, 1e5):
        assert learned(H=H, noise=0.0, factor=factor, budget=300) >= 2
        assert learned(H=H, noise=1.0, factor=factor, budget=150) <= 1
    assert learned(H=H, noise=0.0, factor=1, budget=150) == 0


def test_the_pairs_differ_in_the_bit_and_in_nothing_else():
    x, targets, mask = page.pairs(np.random.default_rng(0), 20)
    np.testing.assert_array_equal(x[:16, :, 1], x[16:, :, 1])
    np.testing.assert_array_equal(x[:16, 0, 0], -x[16:, 0, 0])
    np.testing.assert_array_equal(targets[:16] + targets[16:], 1)
    assert mask.sum() == 32


@pytest.mark.parametrize("make", [lambda: Adam(0.03), lambda: RMSProp(0.01)], ids=["Adam", "RMSProp"])
def test_optimizers_that_scale_each_weight_do_not_mind_a_gradient_that_is_small_as_a_whole(make):
    assert np.isfinite([page.wait(seed, 20, noise=0.0, optimizer=make()) for seed in range(5)]).sum() >= 4


@pytest.mark.parametrize("factor", [1e3, 1e5, 1e7])
@pytest.mark.slow
def test_a_factor_for_the_weights_of_the_bit_alone_does_not_help(factor):
    waits = [page.wait(seed, 20, optimizer=OnlyTheBit(0.3, factor), budget=150) for seed in range(3)]
    assert np.isfinite(waits).sum() <= 1


@pytest.mark.slow
def test_a_start_that_lasts_longer_helps_some():
    assert learned(seeds=10, gain=1.0, budget=150) >= 2
    assert learned(seeds=10, gain=0.6, budget=150) == 0


def test_a_learned_network_has_a_small_gradient_that_harms_nothing():
    losses, model = page.curve(0, 4, 150)
    loss, whole, bit = page.norms(model, 4)
    _, stuck = page.curve(0, 20, 60)
    stuck_loss, stuck_whole, stuck_bit = page.norms(stuck, 20)
    assert loss < 0.05 < 0.6 < stuck_loss
    assert 0.02 < whole / stuck_whole < 50
    assert bit / whole > 100 * stuck_bit / stuck_whole
    assert losses[0] > 0.5


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("factor", [1, 1000])
def test_eight_times_the_budget_does_not_mend_what_is_small_next_to_noise(factor):
    assert learned(seeds=5, factor=factor, budget=1200) <= 1


@pytest.mark.slow
@pytest.mark.long
def test_only_a_factor_near_ten_helps_some_and_no_more_than_half_or_so():
    counts = {factor: learned(seeds=10, factor=factor, budget=1200) for factor in (3, 10, 30)}
    assert 4 <= counts[10] <= 6
    assert max(counts[3], counts[30]) <= 1
