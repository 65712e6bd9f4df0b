"""K22, RNNs predict the stock market: attempts to be ahead of "no change" after all."""

import numpy as np
import pytest
from folklore_pages import beginnings

from unrolled import GRU, LSTM, RNN, RMSProp

page = beginnings("k22-predict-the-stock-market", measure="SEEDS = ", table="stopped = ")
errors, when_stopped, changes = page["errors"], page["when_stopped"], page["changes"]
ELSEWHERE = range(20, 30)


def test_a_network_that_has_not_learned_says_no_change_and_learns_from_nothing_after_the_split():
    short = errors(changes, 0, stops=(0, 5))
    np.testing.assert_allclose(short[0], 1, atol=1e-12)
    other = changes.copy()
    other[page["months"] >= np.datetime64("2007-01")] *= -1.5
    np.testing.assert_array_equal(errors(other, 0, stops=(0, 5))[:, :2], short[:, :2])


def test_the_error_is_taken_where_the_curve_of_the_kept_months_is_lowest():
    curves = np.array([[[1, 1, 1], [0.5, 0.8, 7], [0.1, 0.9, 9]], [[1, 1, 3], [0.5, 2, 4], [0.1, 3, 5]]], dtype=float)
    assert when_stopped(curves).tolist() == [7, 3]


CIRCUMSTANCES = {
    "eight times the budget": {"stops": (0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1600)},
    "a tenth of the rate": {"rate": 0.001, "stops": (0, 5, 10, 20, 50, 100, 200, 400)},
    "RMSProp": {"optimizer": RMSProp, "rate": 0.003},
    "2 units": {"H": 2},
    "32 units": {"H": 32},
    "plain network": {"layer": RNN},
    "GRU": {"layer": GRU},
    "all five stocks at once": {"together": True},
    "held out from 2006 on": {"split": "2006-01"},
    "held out from 2008 on": {"split": "2008-01"},
}


@pytest.mark.long
@pytest.mark.parametrize("how", CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_stopped_in_time_no_kind_of_network_is_ahead_of_no_change(how):
    found = np.array([errors(changes, seed, **how) for seed in ELSEWHERE])
    print(f"stopped {np.median(when_stopped(found)):.3f}, ahead {sum(when_stopped(found) < 0.99)}, "
          f"at the end {np.median(found[:, -1, 2]):.2f}")  # fmt: skip
    assert np.median(when_stopped(found)) > 0.985
    assert np.sum(when_stopped(found) < 0.98) <= 1
    assert np.median(found[:, -1, 2]) > 1


@pytest.mark.long
def test_with_eight_times_the_updates_the_past_is_learned_by_heart_and_the_future_is_missed_by_more():
    found = np.array([errors(changes, seed, stops=(200, 1600), layer=LSTM) for seed in range(5)])
    assert np.all(found[:, 1, 0] < found[:, 0, 0])
    assert np.median(found[:, 1, 2]) > 1.5


@pytest.mark.long
@pytest.mark.parametrize(("rho", "networks"), [(0.5, 9), (0.7, 10)])
def test_a_rule_in_changes_of_the_same_size_is_found_whatever_its_random_numbers(rho, networks):
    for draw in (1, 2):
        found = [errors(page["planted"](rho, draw), seed, stops=(0, 1, 2, 5, 10, 20, 50)) for seed in ELSEWHERE]
        assert np.sum(when_stopped(np.array(found)) < 0.99) >= networks
