"""Attempts to refute what chapter 4 says of the remedies, at eight times its budget, and of the Jacobians."""

import numpy as np
import pytest

from unrolled import RNN, SGD, RMSProp, orthogonal, rnn_forward
from unrolled.tasks import adding, recall
from unrolled.training import updates_until_learned

QUIET = {"activation": "tanh", "start": "normal", "gain": 0.5}
LOUD = {"activation": "relu", "start": "normal", "gain": 2.5}


def learned(seed, network, *, rate=0.1, H=16, budget=2000, **training):
    """Count the updates as the chapter does, by default at eight times its budget."""
    rng = np.random.default_rng(seed)
    optimizer = training.pop("optimizer", SGD(rate))
    model = RNN(2, H, 2, rng, **network)
    with np.errstate(all="ignore"):
        return updates_until_learned(
            model, optimizer, lambda: recall(rng, lag=20, N=16, noise=0.3), budget=budget, **training
        )


def product(seed, gain, size, T=30, H=32, slopes=None):
    """Return the spectral norm of the product of the Jacobians; `slopes` replaces those of tanh."""
    rng = np.random.default_rng(seed)
    x, Wx = size * rng.normal(size=(1, T, 1)), rng.normal(size=(1, H))
    Wh = orthogonal(rng, (H, H), gain=gain)
    h, _ = rnn_forward(x, 0.01 * rng.normal(size=(1, H)), Wx, Wh, np.zeros(H))
    product = np.eye(H)
    for h_t in h[0]:
        product = (1 - h_t**2 if slopes is None else slopes)[:, None] * (Wh.T @ product)
    return np.linalg.norm(product, 2)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gain", [0.5, 0.9, 1.5, 3])
@pytest.mark.parametrize("size", [0.1, 1, 10])
def test_with_an_orthogonal_matrix_slopes_only_take_away(seed, gain, size):
    norm = product(seed, gain, size)
    assert norm < gain**30 * (1 + 1e-9)
    assert product(seed, gain, size, slopes=np.ones(32)) == pytest.approx(gain**30)


@pytest.mark.parametrize("seed", range(20, 30))
def test_strong_inputs_make_the_gradient_of_a_network_of_radius_two_vanish(seed):
    assert product(seed, 2.0, 10.0) < 1e-3 < 30 < product(seed, 2.0, 0.0)
    assert product(seed, 2.0, 3.0) < 3


@pytest.mark.long
@pytest.mark.parametrize("change", [{}, {"clip": 1.0}, {"segment": 5}, {"rate": 0.01}, {"H": 64}], ids=str)
def test_eight_times_the_budget_does_not_get_a_quiet_network_going(change):
    assert np.isinf([learned(seed, QUIET, **change) for seed in (0, 1)]).all()


@pytest.mark.long
def test_relu_from_a_random_start_does_not_get_it_going_either():
    assert np.isinf([learned(seed, QUIET | {"activation": "relu"}) for seed in (0, 1, 2)]).all()


@pytest.mark.long
def test_eight_times_the_budget_does_not_calm_most_loud_networks_with_a_smaller_rate_or_truncation():
    assert np.isinf([learned(seed, LOUD, segment=5) for seed in range(3)]).all()
    assert np.sum(np.isinf([learned(seed, LOUD, rate=0.01) for seed in range(5)])) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 24))
def test_the_starts_and_the_faster_rmsprop_work_with_other_seeds_and_a_larger_state(seed):
    assert learned(seed, QUIET | {"start": "identity", "gain": 1.0}, budget=250) < 100
    assert learned(seed, QUIET | {"start": "orthogonal", "gain": 1.0}, H=32, budget=500) < 500
    assert learned(seed, QUIET, optimizer=RMSProp(0.01), budget=500) < 500


def adding_loss(seed, start, gain, clip, updates):
    """Return the mean loss of the last 100 updates on the adding problem of the chapter."""
    rng = np.random.default_rng(seed)
    model = RNN(2, 16, 1, rng, activation="relu", start=start, gain=gain, loss="squared_error")
    with np.errstate(all="ignore"):
        losses = model.fit(lambda: adding(rng, T=40, N=16), SGD(0.01, momentum=0.9), updates=updates, clip=clip)
    return losses[-100:].mean()


@pytest.mark.long
def test_with_more_updates_the_clip_alone_follows_and_the_start_alone_does_not():
    assert np.median([adding_loss(seed, "normal", 0.5, 1.0, 4000) for seed in range(3)]) < 0.12
    assert np.nanmin([adding_loss(seed, "identity", 1.0, None, 6000) for seed in range(3)]) > 0.14


@pytest.mark.long
def test_from_gain_one_some_networks_need_no_other_start_than_the_random_one():
    assert np.min([adding_loss(seed, "normal", 1.0, 1.0, 1500) for seed in range(5)]) < 0.1
