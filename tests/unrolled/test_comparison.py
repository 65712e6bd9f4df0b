"""The interval of a comparison is as wide as the data are uncertain, no narrower."""

import numpy as np
import pytest

from unrolled.comparison import compare


def smooth(rng, T, memory):
    """Losses whose neighbors are alike: the square of a slow random walk around 0."""
    z = rng.standard_normal(T)
    for t in range(1, T):
        z[t] = memory * z[t - 1] + np.sqrt(1 - memory**2) * z[t]
    return z**2


def test_the_ratio_is_that_of_the_means_and_equal_losses_have_an_interval_of_no_width():
    losses = np.array([1.0, 2, 3, 6])
    assert compare(2 * losses, losses, block=2) == (2, 2, 2)
    ratio, low, high = compare(losses, losses[::-1], block=2)
    assert (ratio, low < 1 < high) == (1, True)


@pytest.mark.parametrize(("block", "least", "most"), [(1, 0.3, 0.6), (25, 0.75, 0.97)])
def test_blocks_hold_the_truth_much_more_often_than_single_steps(block, least, most):
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        ratio, low, high = compare(smooth(rng, 400, 0.9), smooth(rng, 400, 0.9), block=block, draws=300)
        held += low < 1 < high
        assert low <= ratio <= high or abs(ratio - 1) > 0.5
    assert least < held / 100 < most


def test_series_of_the_same_step_are_drawn_together():
    rng = np.random.default_rng(0)
    one = rng.random((60, 1))
    ours = np.repeat(one, 5, axis=1)
    assert compare(ours, np.ones((60, 5)), block=5) == pytest.approx(compare(one, np.ones(60), block=5))


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(0)
    ours, theirs = rng.random((2, 50))
    assert compare(ours, theirs, block=5) == compare(ours, theirs, block=5)
    assert compare(ours, theirs, block=5)[1:] != compare(ours, theirs, block=5, seed=1)[1:]


@pytest.mark.parametrize("block", [0, 11])
def test_a_block_that_does_not_fit_is_refused(block):
    with pytest.raises(ValueError, match=f"block is {block}, expected 1 to 10"):
        compare(np.ones(10), np.ones(10), block=block)


def test_losses_of_different_steps_are_refused():
    with pytest.raises(ValueError, match="10 steps and 9, expected as many"):
        compare(np.ones(10), np.ones(9), block=1)
