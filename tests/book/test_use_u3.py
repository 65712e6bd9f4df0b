"""U3, weather: ten seeds, eight times the budget, other layers, against three forecasts without a network."""

import numpy as np
import pytest
from page_cells import beginnings

import unrolled

page = beginnings("uses/u3-weather", data=None, network=None)
train, compare, today, usual, unusual = (page[name] for name in ("train", "compare", "today", "usual", "unusual"))
known, warmest, forecasts = page["known"], page["warmest"], page["forecasts"]
held_out = ~known[1:]


def wrong(forecast):
    """Return the squared errors of a forecast on the days of 2015."""
    return ((forecast - warmest[1:]) ** 2)[held_out]


def of_network(seed, **how):
    spread = unusual[known].std()
    return wrong(usual[1:] + spread * train(today, unusual[1:] / spread, known[1:], seed=seed, **how))


def test_nothing_of_2015_is_used_before_2015():
    names = dict(page)
    changed = warmest.copy()
    changed[~known] += 30
    np.testing.assert_array_equal(names["fitted"](page["season"], changed, known), usual)
    spread = unusual[known].std()
    later = unusual.copy()
    later[~known] += 30
    runs = [train(today, target[1:] / spread, known[1:], seed=0, updates=3) for target in (unusual, later)]
    np.testing.assert_array_equal(*runs)


def test_the_three_naive_forecasts_have_the_errors_that_the_page_prints():
    errors = [np.sqrt(wrong(forecasts[name]).mean()) for name in ("as today", "as usual", "straight line")]
    np.testing.assert_allclose(errors, [2.91, 3.77, 2.66], atol=0.005)


@pytest.mark.long
def test_ten_networks_are_ahead_of_as_today_and_level_with_the_straight_line():
    losses = np.array([of_network(seed) for seed in range(10)])
    errors = np.sqrt(losses.mean(axis=1))
    print(errors.round(3), np.sqrt(compare(losses.T, wrong(forecasts["straight line"]), block=14)).round(3))
    assert (round(errors.min(), 2), round(errors.max(), 2)) == (2.61, 2.7)
    beside_today = [compare(own, wrong(forecasts["as today"]), block=14) for own in losses]
    assert all(ratio < 1 for ratio, _, _ in beside_today)
    assert sum(high < 1 for _, _, high in beside_today) == 9  # the interval of one reaches 1.01, as the page says
    assert compare(losses.T, wrong(forecasts["as today"]), block=14)[2] < 1
    low, high = compare(losses.T, wrong(forecasts["straight line"]), block=14)[1:]
    assert low < 1 < high


@pytest.mark.long
@pytest.mark.parametrize("layer", ["GRU", "LSTM", "RNN"])
def test_no_layer_is_ahead_of_the_straight_line_and_eight_times_the_updates_make_it_worse(layer, monkeypatch):
    monkeypatch.setitem(train.__globals__, "GRU", getattr(unrolled, layer))
    short = np.mean([of_network(seed) for seed in (20, 21, 22)], axis=0)
    long = np.mean([of_network(seed, updates=1600) for seed in (20, 21, 22)], axis=0)
    print(layer, np.sqrt([short.mean(), long.mean()]).round(3))
    assert compare(short, wrong(forecasts["straight line"]), block=14)[2] > 1
    assert long.mean() > short.mean()
