"""K5, RMSProp: attempts to refute the verdict, at eight times the budget, other rates, starts, sizes and optimizers."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import RNN, SGD, Adam, RMSProp
from unrolled.tasks import recall

page = definitions("k05-rmsprop-cures-both")


def learned(make, *, seeds=range(6), lag=20, budget=800, **options):
    """Return how many networks learn."""
    return sum(np.isfinite(page.wait(seed, lag, make(), budget=budget, **options)) for seed in seeds)


@pytest.mark.parametrize("H", [8, 32])
def test_rmsprop_raises_the_spectral_radius_on_tossed_labels_and_sgd_does_not(H):
    for seed in range(20, 23):
        assert page.radii(seed, RMSProp(0.03), updates=10, tossed=True, H=H)[-1] > 1
        assert page.radii(seed, SGD(0.3), updates=10, tossed=True, H=H)[-1] < 0.9


def test_the_share_of_the_far_bit_falls_with_the_lag_in_Wh_and_not_in_its_own_weights():
    near, far = (np.median([page.share(seed, lag, batches=15) for seed in range(20, 23)], axis=0) for lag in (5, 20))
    assert far[1] < 1e-3 * near[1]
    assert far[0] > 0.8


@pytest.mark.slow
def test_at_a_tenth_of_the_rate_rmsprop_learns_20_steps_in_few_networks():
    assert learned(lambda: RMSProp(0.003)) <= 2
    assert learned(lambda: RMSProp(0.03)) >= 5


@pytest.mark.slow
def test_at_a_third_of_the_rate_rmsprop_waits_several_times_longer_for_20_steps():
    slow, fast = (np.median([page.wait(s, 20, RMSProp(rate), budget=1200) for s in range(6)]) for rate in (0.01, 0.03))
    assert slow > 4 * fast


@pytest.mark.slow
def test_sgd_learns_20_steps_from_a_start_with_gain_one_and_a_half():
    assert learned(lambda: SGD(1.0), gain=1.5) >= 3


@pytest.mark.slow
def test_adam_learns_20_steps_without_the_gradient_that_comes_from_them():
    assert learned(lambda: Adam(0.03), segment=20) >= 4


def test_one_giant_gradient_stops_rmsprop_for_longer_the_larger_it_is():
    calm, hit, giant = (np.median([page.accident(s, RMSProp(0.003), f) for s in range(3)]) for f in (1, 100, 1000))
    assert 3 * calm < hit < giant - 200


def test_no_step_of_rmsprop_exceeds_ten_times_its_rate():
    optimizer, params = RMSProp(0.01), {"w": np.zeros(3)}
    for gradient in (1e-3, 1e6, -1e9):
        before = params["w"].copy()
        optimizer.step(params, {"w": np.full(3, gradient)})
        assert np.abs(params["w"] - before).max() <= 0.1 * (1 + 1e-9)


@pytest.mark.long
def test_at_eight_times_the_budget_sgd_does_not_learn_20_steps():
    assert learned(lambda: SGD(1.0), seeds=range(3), budget=6400) == 0


@pytest.mark.long
def test_at_eight_times_the_budget_rmsprop_learns_40_steps_without_the_far_gradient():
    assert learned(lambda: RMSProp(0.03), seeds=range(3), lag=40, segment=40, budget=6400) >= 2


def far_derivative(seed, updates, lag=40):
    """Return the norm of the last state's derivative by the one `lag` steps before, the median of 16 sequences."""
    rng = np.random.default_rng(seed)
    model, optimizer = RNN(2, 8, 2, rng, gain=0.6), RMSProp(0.03)
    for _ in range(updates):
        x, targets, mask = recall(rng, lag=lag)
        optimizer.step(model.params, model.loss_and_grads(x, targets, mask)[1])
    h = model.forward(recall(rng, lag=lag, N=16)[0])[1]
    products = np.stack([np.eye(8)] * 16)
    for t in range(1, lag + 1):
        products = products @ (model.params["Wh"] * (1 - h[:, t] ** 2)[:, None])
    return np.median(np.linalg.norm(products, ord=2, axis=(1, 2)))


@pytest.mark.slow
def test_after_the_leap_the_far_gradient_is_back_in_few_networks_and_soon_gone_again():
    back = {updates: sum(far_derivative(seed, updates) > 1e-3 for seed in range(10)) for updates in (0, 3, 10)}
    assert back[0] == 0
    assert 3 <= back[3] <= 5
    assert back[10] <= 1
