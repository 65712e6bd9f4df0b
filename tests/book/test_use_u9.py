"""U9, process control: ten records and ten networks at three swings, and eight times the budget."""

import numpy as np
import pytest
from page_cells import beginnings

page = beginnings("uses/u9-process-control", data=None, network=None, table="by_swing = ")
errors, linear, run_linear, compare = (page[name] for name in ("errors", "linear", "run_linear", "compare"))


def test_the_linear_model_runs_a_linear_process_without_error():
    rng = np.random.default_rng(0)
    u, y = rng.random(300), np.zeros(300)
    for t in range(2, 300):
        y[t] = 0.2 + 1.5 * y[t - 1] - 0.6 * y[t - 2] + 0.3 * u[t - 2]
    weights = linear(u[:200], y[:200], 2)
    np.testing.assert_allclose(weights, [0.2, -0.6, 1.5, 0.3, 0], atol=1e-9)
    np.testing.assert_allclose(run_linear(weights, u[200:], y[200:], 2), y[200:], atol=1e-8)


def free_error(model, seed):
    """Error at full swing on the held-out record, where ``model(u, y, new_u, new_y)`` runs on its own."""
    (u, y, _), (new_u, new_y, true) = page["records"](0.5, seed)
    return np.sqrt(np.mean((model(u, y, new_u, new_y) - true)[100:] ** 2))


def with_squares(u, y, new_u, new_y, *, n=80):
    """Levels from the last n speeds and their squares, by least squares."""

    def columns(u):
        past = np.stack([np.concatenate([np.full(k, 0.5), u[: len(u) - k]]) for k in range(1, n + 1)], axis=1)
        return np.concatenate([np.ones((len(u), 1)), past, past**2], axis=1)

    return columns(new_u) @ np.linalg.lstsq(columns(u)[n:], y[n:], rcond=None)[0]


def test_no_other_linear_model_errs_by_much_less_than_that_of_20_levels_and_speeds():
    def of(order):
        return lambda u, y, new_u, new_y: run_linear(linear(u, y, order), new_u, new_y, order)

    for seed in range(5):
        baseline = free_error(of(20), seed)
        assert all(free_error(of(order), seed) > 0.9 * baseline for order in (5, 10, 40))
        assert free_error(with_squares, seed) > 0.75 * baseline


def ratio(swing, seed, **how):
    """Error of the network divided by that of the linear model, on one record."""
    own, line, _ = errors(swing, seed, seed, **how)
    return np.sqrt(own.mean() / line.mean())


@pytest.mark.long
def test_at_full_swing_the_network_wins_on_all_of_ten_records_and_at_a_tenth_of_it_on_none():
    full, small = ([ratio(swing, seed) for seed in range(10)] for swing in (0.5, 0.05))
    print(np.round(full, 2), np.round(small, 2))
    assert max(full) < 1
    assert min(small) > 1


@pytest.mark.long
def test_with_eight_times_the_updates_the_network_is_further_behind_and_at_full_swing_its_lead_goes_or_shrinks():
    seeds = (20, 21, 22, 23)
    short, full = ([ratio(0.5, seed, updates=updates) for seed in seeds] for updates in (300, 2400))
    small = [ratio(0.05, seed, updates=2400) for seed in seeds]
    print(np.round(short, 2), np.round(full, 2), np.round(small, 2))
    assert max(short) < 0.8
    assert np.median(full) > 1.2 * np.median(short)
    assert max(full) < 1.2
    assert min(small) > 1


@pytest.mark.long
def test_with_four_times_the_data_the_network_errs_by_less_than_a_third_of_the_linear_model_at_full_swing():
    for seed in (20, 21):
        u, y, level = page["two_tanks"](np.random.default_rng(seed), N=2, T=4000)
        network = page["train"](u[0, :, 0], y[0, :, 0], seed=seed, updates=1500)(u[1, :, 0])
        line = run_linear(linear(u[0, :, 0], y[0, :, 0], 20), u[1, :, 0], y[1, :, 0], 20)
        own, other = (np.mean((model - level[1, :, 0])[100:] ** 2) for model in (network, line))
        print(np.sqrt(own / other).round(2))
        assert np.sqrt(own / other) < 1 / 3
