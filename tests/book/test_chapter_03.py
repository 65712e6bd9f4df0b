"""Attempts to refute what the first picture of chapter 3 says: a gradient without one term does not learn to stay."""

import numpy as np
import pytest

from unrolled import RNN, SGD, Adam
from unrolled.tasks import echo

pytestmark = pytest.mark.long
COIN = np.log(2)


def losses(seed, optimizer, *, H=8, segment=1, updates=9600):
    """Train on echoes of four steps, by default at eight times the budget of the page; return means of 100 updates."""
    rng = np.random.default_rng(seed)
    model = RNN(1, H, 2, rng, gain=0.6)
    trace = np.empty(updates)
    for update in range(updates):
        trace[update], grads = model.loss_and_grads(*echo(rng, delay=4, N=16), segment=segment)
        optimizer.step(model.params, grads)
    return trace.reshape(-1, 100).mean(axis=1)


@pytest.mark.parametrize(("seed", "optimizer"), [(0, Adam(0.015)), (2, Adam(0.015)), (0, SGD(0.3))])
def test_eight_times_the_budget_or_another_optimizer_does_not_save_the_network_with_a_missing_term(seed, optimizer):
    trace = losses(seed, optimizer)
    assert trace.min() < 0.5
    assert trace[-5:].mean() > 0.6


def test_with_the_right_gradient_what_was_learned_is_kept():
    assert losses(0, Adam(0.015), segment=None)[5:].max() < 0.05


def test_a_wider_network_learns_with_the_missing_term_for_a_while_and_loses_it_again():
    trace = losses(1, Adam(0.005), H=32, updates=4800)
    assert trace.min() < 0.1
    assert trace[-5:].mean() > 0.4
