"""What chapter 9 says of the sunspots, tried to refute: eight times the updates, other layers, sizes and stretches."""

import numpy as np
import pytest
from page_cells import beginnings

import unrolled

# Without its ten networks and without its figures.
ENDS = {"sunspots-figure": "models = ", "naive": 'print(f"as last', "linear": "for p in ", "free-run": "AHEAD = "}
page = beginnings("09-nine-uses", **ENDS)
train, level, change, known, spots, years = (
    page[name] for name in ("train", "level", "change", "known", "spots", "years")
)


def error(seed, *, split=1950, until=2009, **how):
    """Error of a network that learns from the years before the split, on the years from the split on."""
    model = train(level, change, years[1:] < split, seed, **how)
    forecast = 100 * (level + model.forward(level[None])[0][0])[:, 0]
    held_out = (years[1:] >= split) & (years[1:] < until)
    return np.sqrt(np.mean((forecast - spots[1:])[held_out] ** 2))


def test_nothing_of_the_held_out_years_is_learned_from():
    other = change.copy()
    other[~known] = 9.0
    weights = [train(level, target, known, 0, updates=5).params["Wy"] for target in (change, other)]
    np.testing.assert_array_equal(*weights)
    assert years[1:][~known][0] == 1950
    assert np.sum(~known) == 59


def test_a_linear_forecast_is_right_about_a_linear_series_and_uses_known_years_only():
    names = dict(page)
    series = np.zeros(309)
    series[:2] = 1.0, 2.0
    for t in range(2, 309):
        series[t] = 1.6 * series[t - 1] - 0.98 * series[t - 2] + 5
    function = names["linear_forecast"]
    function.__globals__["spots"], kept = series, spots
    try:
        found = function(2)
        changed = series.copy()
        changed[251:] = 0
        function.__globals__["spots"] = changed
        np.testing.assert_allclose(function(2)[:249], found[:249], atol=1e-9)
    finally:
        function.__globals__["spots"] = kept
    np.testing.assert_allclose(found[1:], series[2:], atol=1e-6)


@pytest.mark.parametrize("roots", [False, True])
def test_nine_is_the_number_of_years_that_the_rule_of_akaike_picks_among_twenty(roots):
    x = np.sqrt(spots) if roots else spots
    known = x[years < 1950]
    y, scores = known[20:], []
    for p in range(1, 21):
        past = np.stack([known[20 - k : len(known) - k] for k in range(1, p + 1)] + [np.ones(len(y))], axis=1)
        left = y - past @ np.linalg.lstsq(past, y, rcond=None)[0]
        scores.append(len(y) * np.log(np.mean(left**2)) + 2 * (p + 1))
    assert np.argmin(scores) + 1 == 9


def test_a_free_run_begins_with_the_forecast_of_one_year_and_goes_on_with_its_own():
    model = train(level, change, known, 0, updates=20)
    x = spots[:, None] / 100
    starts = np.array([100, 200])
    run = page["free_run"](model, x, starts, 3)
    np.testing.assert_allclose(run[:, 0], 100 * (x + model.forward(x[None])[0][0])[starts, 0])
    own = np.concatenate([x[: starts[0] + 1], run[0, :2, None] / 100])
    np.testing.assert_allclose(run[0, 2], 100 * (own + model.forward(own[None])[0][0])[-1, 0])


PERSISTENCE = 33.2


@pytest.mark.long
def test_with_eight_times_the_updates_the_networks_err_by_more_and_by_less_than_persistence():
    found = np.array([[error(seed, updates=updates) for updates in (200, 1600)] for seed in (20, 21, 22)])
    print(found.round(1))
    assert np.all(found[:, 1] > found[:, 0])
    assert found.max() < PERSISTENCE


@pytest.mark.long
@pytest.mark.parametrize("how", [{"layer": "LSTM"}, {"layer": "RNN"}, {"H": 16}, {"rate": 0.003, "updates": 400}])
def test_another_layer_size_or_rate_leaves_the_error_far_below_persistence(how, monkeypatch):
    how = dict(how)
    monkeypatch.setitem(train.__globals__, "GRU", getattr(unrolled, how.pop("layer", "GRU")))
    found = [error(seed, **how) for seed in (20, 21, 22)]
    print(np.round(found, 1))
    assert max(found) < 0.75 * PERSISTENCE


@pytest.mark.long
def test_on_other_stretches_the_network_is_ahead_of_persistence_too():
    for split, until in ((1890, 1950), (1920, 1980)):
        held_out = (years[1:] >= split) & (years[1:] < until)
        persistence = np.sqrt(np.mean(np.diff(spots)[held_out] ** 2))
        found = [error(seed, split=split, until=until) for seed in (20, 21, 22)]
        print(split, np.round(found, 1), round(persistence, 1))
        assert max(found) < 0.75 * persistence
