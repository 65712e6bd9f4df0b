"""Attempts to refute the verdict on "a gate of 1 keeps everything, a gate of 0 drops everything"."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import LSTM, SGD, Adam, RMSProp
from unrolled.tasks import recall
from unrolled.training import updates_until_learned

pytestmark = pytest.mark.slow
page = definitions("k20-gates-of-one-and-zero")


@pytest.mark.parametrize("T", [1, 10, 1000, 100_000])
def test_what_is_left_is_the_formula_of_the_leak_at_every_length(T):
    z = np.array([-2.0, 0.0, 3.0, 5.0, 8.0, 12.0])
    np.testing.assert_allclose(page.hold(z, T)[0], (1 + np.exp(-z)) ** -T, rtol=1e-9, atol=1e-290)


@pytest.mark.parametrize("T", [10, 100, 1000, 10_000])
def test_a_z_of_ln_100_T_keeps_99_percent_and_a_z_of_ln_T_does_not(T):
    kept = page.hold([np.log(100 * T), np.log(T)], T)[0]
    assert 0.989 < kept[0] < 0.991
    assert kept[1] < 0.4


def test_two_shut_gates_let_the_candidate_replace_what_was_kept():
    for z in (3.0, 5.0, 7.0):
        T = int(10 * np.exp(z))
        assert page.hold([z], T, i=-z, g=-60.0)[0][0] < -0.99
        assert page.hold([z], T, g=-60.0)[0][0] > 0


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 17.5), (np.float64, 37.2)])
def test_beyond_rounding_the_gate_keeps_everything_and_has_no_slope_and_before_it_has_both(dtype, limit):
    kept, f = page.hold([limit, limit - 3], 10_000, dtype=dtype)
    assert kept[0] == f[0] == 1
    assert f[1] < 1
    assert kept[1] < 1


@pytest.mark.parametrize(
    "make", [lambda: SGD(1.0), lambda: Adam(0.1), lambda: RMSProp(0.1)], ids=["SGD", "Adam", "RMSProp"]
)
def test_a_gate_that_is_exactly_1_never_moves_again(make):
    assert page.unlearn(37.5, make(), 0, budget=40_000) == np.inf
    assert page.unlearn(5.0, make(), 0, budget=500) < 100


@pytest.mark.long
def test_sgd_waits_e_times_as_long_for_each_unit_of_z_and_adam_does_not():
    sgd = [page.unlearn(z0, SGD(1.0), 1, budget=40_000) for z0 in (8, 10, 12)]  # 8 times the budget
    assert 6 < sgd[1] / sgd[0] < 9  # e² is 7.4
    assert 6 < sgd[2] / sgd[1] < 9
    adam, rms = ([page.unlearn(z0, make(0.1), 1) for z0 in (8, 12)] for make in (Adam, RMSProp))
    assert adam[1] < 2 * adam[0]
    assert rms[1] < 2 * rms[0]


@pytest.mark.long
@pytest.mark.parametrize(("lag", "bias", "H"), [(20, 1.0, 8), (40, 3.0, 8), (20, 3.0, 32)])
def test_the_most_open_gate_of_a_trained_network_is_far_from_rounding(lag, bias, H):
    largest = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        model, optimizer = LSTM(2, H, 2, rng, forget_bias=bias), Adam(0.03)
        wait = updates_until_learned(model, optimizer, lambda rng=rng: recall(rng, lag=lag), budget=400)
        if np.isfinite(wait):
            model.fit(lambda rng=rng: recall(rng, lag=lag), Adam(0.01), updates=200)
            f = model.states(recall(np.random.default_rng(5), lag=lag)[0])["f"].max()
            largest.append(np.log(f / (1 - f)))
    assert len(largest) >= 2
    assert min(largest) > 3
    assert max(largest) < 12


def test_the_slope_by_the_other_formula_is_not_rounded_to_0():
    z = 37.5
    assert page.hold([z], 1)[1][0] == 1
    assert 0 < 1 / (1 + np.exp(-z)) * (1 / (1 + np.exp(z))) < 1e-15
