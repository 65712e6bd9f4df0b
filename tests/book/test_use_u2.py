"""U2, stock prices: ten seeds of both panels."""

import numpy as np
import pytest
from page_cells import beginnings

page = beginnings("uses/u2-stock-prices", data=None, network=None)
forecast, compare = page["forecast"], page["compare"]
known, change, level = page["known"], page["change"], page["level"]


def test_nothing_that_is_held_out_is_learned_from_or_used_for_the_unit():
    _, _, learned, held_out = page["to_foretell"](change, known[1:])
    assert not np.any(learned & held_out)
    assert learned.sum(axis=1).max() == 82
    assert np.all(held_out.sum(axis=1) == 39)
    prices = page["prices"].copy()
    prices[~known] *= 3
    np.testing.assert_array_equal(page["in_units_of_the_past"](prices, known)[0][:, known], level[:, known])


@pytest.mark.long
def test_ten_networks_are_behind_no_change():
    ratios = []
    for seed in range(10):
        guessed, came, where = forecast(change, known[1:], seed=seed)
        held = where.all(axis=0)
        losses = ((guessed - came) ** 2)[:, held].T, (came[:, held] ** 2).T
        ratios.append(np.sqrt(compare(*losses, block=3)))
    ratios = np.array(ratios)
    print(ratios.round(2))
    assert (round(ratios[:, 0].min(), 1), round(ratios[:, 0].max(), 1)) == (1.3, 2.0)
    assert np.all(ratios[:, 1] > 1)


@pytest.mark.long
def test_ten_forecasts_of_microsofts_price_are_nearer_to_the_month_before():
    msft = page["symbols"].index("MSFT")
    for seed in range(10):
        guessed, came, where = forecast(level, known, seed=seed)
        now, before = came[msft, where[msft]], level[msft, :-1][where[msft]]
        guess = guessed[msft, where[msft]]
        assert np.corrcoef(guess, now)[0, 1] > 0.8
        assert np.corrcoef(guess, before)[0, 1] > 0.95


@pytest.mark.long
def test_no_network_can_follow_apple_beyond_all_prices_that_it_knows():
    apple = page["symbols"].index("AAPL")
    for seed in range(10):
        guessed, came, where = forecast(level, known, seed=seed)
        now, before = came[apple, where[apple]], level[apple, :-1][where[apple]]
        wrong = np.mean((guessed[apple, where[apple]] - now) ** 2)
        assert wrong > 3 * np.mean((before - now) ** 2)
