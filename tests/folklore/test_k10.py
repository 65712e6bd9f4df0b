"""K10, no tuning: attempts to refute the verdict, with more updates, other optimizers, sizes, lags and tasks."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import LSTM, RNN, SGD, Adam, RMSProp
from unrolled.tasks import adding
from unrolled.training import updates_until_learned

page = definitions("k10-no-tuning")
ADAM, SGDS, RMS = (lowest * 2.0 ** np.arange(8) for lowest in (0.005, 0.08, 0.00125))


def learned(*arguments, **how):
    """How many of ten networks learn at each rate."""
    return np.isfinite(page.sweep(*arguments, **how)).sum(axis=1)


def add_wait(seed, network, rate):
    """Updates until an error of 0.04, on adding two of ten numbers."""
    rng = np.random.default_rng(seed)
    model = network(2, 8, 1, rng, loss="squared_error")
    return updates_until_learned(model, Adam(rate), lambda: adding(rng, T=10), budget=600, clip=1.0, below=0.04)


@pytest.mark.parametrize(
    ("waits", "width"),
    [
        ([[9] * 10, [4] * 10, [3] * 10, [np.inf] * 10], 2),  # 9 is more than twice 3
        ([[6] * 10, [3] * 10, [1] * 8 + [np.inf] * 2, [4] * 9 + [np.inf]], 8),  # eight of ten are too few, nine do
    ],
)
def test_the_width_is_from_the_lowest_good_rate_to_the_highest(waits, width):
    assert page.width(np.array([1.0, 2.0, 4.0, 8.0]), np.array(waits)) == width


@pytest.mark.long
def test_eight_times_the_budget_does_not_help_beyond_the_cliff():
    assert learned(LSTM, Adam, [0.32, 0.64], budget=1600).max() <= 8
    assert learned(LSTM, SGD, [5.12], budget=1600)[0] <= 3


@pytest.mark.slow
@pytest.mark.long
def test_more_units_widen_the_range_and_it_still_has_an_end():
    assert page.width(ADAM, page.sweep(LSTM, Adam, ADAM, H=32)) >= 16
    assert learned(LSTM, SGD, [5.12], H=32)[0] <= 5
    assert learned(LSTM, Adam, [10.24], H=32)[0] <= 8


@pytest.mark.slow
def test_with_rmsprop_the_range_is_no_wider_and_lies_elsewhere():
    waits = page.sweep(LSTM, RMSProp, RMS)
    assert page.width(RMS, waits) <= 8
    assert np.isfinite(waits[-1]).sum() <= 8  # rate 0.16, good with Adam


@pytest.mark.long
def test_on_the_adding_problem_the_range_is_wide_and_wider_than_that_of_a_plain_network():
    rates = 0.005 * 2.0 ** np.arange(6)
    lstm, plain = (np.array([[add_wait(s, net, r) for s in range(10)] for r in rates]) for net in (LSTM, RNN))
    assert page.width(rates, lstm) >= 8
    assert page.width(rates, plain) < page.width(rates, lstm)


@pytest.mark.long
def test_without_clipping_the_range_of_sgd_is_no_wider():
    assert page.width(SGDS[:6], page.sweep(LSTM, SGD, SGDS[:6], clip=None)) <= 8


@pytest.mark.long
@pytest.mark.parametrize("how", [{}, {"lag": 20}, {"H": 32}], ids=["the page's", "lag 20", "32 units"])
def test_adam_at_0_02_is_never_far_from_the_best(how):
    waits = page.sweep(LSTM, Adam, [0.01, 0.02, 0.04, 0.08, 0.16], **how)
    medians = np.median(waits, axis=1)[np.isfinite(waits).sum(axis=1) >= 9]
    assert np.isfinite(waits[1]).sum() >= 9
    assert np.median(waits[1]) <= 2.5 * medians.min()
