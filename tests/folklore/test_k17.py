"""Attempts to refute the verdict on "a larger gradient means faster learning"."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import LSTM, RNN, SGD, Adam, RMSProp, clip_by_norm
from unrolled.tasks import echo

page = definitions("k17-larger-gradient-learns-faster")


def waits(make, s, seeds=3, **options):
    return [page.wait(seed, make(), s, **options) for seed in range(seeds)]


def test_a_multiple_of_the_gradient_and_of_the_learning_rate_are_the_same_to_sgd():
    """A power of two changes no digit, so the weights agree to the last bit."""
    ends = []
    for optimizer in (page.Scaled(SGD(0.1), 8.0), SGD(0.8)):
        rng = np.random.default_rng(0)
        model = RNN(1, 8, 2, rng)
        model.fit(lambda rng=rng: echo(rng, delay=4), optimizer, updates=20)
        ends.append(model.params)
    for name, value in ends[0].items():
        np.testing.assert_array_equal(value, ends[1][name])


@pytest.mark.parametrize("make", [lambda: Adam(0.01), lambda: RMSProp(0.003)], ids=["Adam", "RMSProp"])
def test_no_multiple_matters_to_adam_and_rmsprop_before_epsilon(make):
    for small, large in zip(waits(make, 2.0**-8), waits(make, 2.0**20), strict=True):
        assert abs(small - large) <= 3


def test_adam_waits_when_the_gradient_is_as_small_as_epsilon():
    plain, tiny = np.median(waits(lambda: Adam(0.01), 1)), np.median(waits(lambda: Adam(0.01), 2.0**-24))
    assert tiny > 2.5 * plain


@pytest.mark.parametrize(
    ("make", "options"),
    [(lambda: SGD(0.1), {"H": 32}), (lambda: SGD(0.01, momentum=0.9), {})],
    ids=["32 units", "momentum"],
)
@pytest.mark.slow
def test_elsewhere_twice_the_gradient_halves_the_wait_and_512_times_the_gradient_fails(make, options):
    slow, fast = (np.median(waits(make, s, **options)) for s in (0.5, 1))
    assert 1.5 < slow / fast < 2.3
    assert np.isinf(waits(make, 512.0, **options)).sum() >= 2


def clipped(s, threshold):
    """Multiply the gradients by s and then clip them by their norm."""

    def change(grads):
        for gradient in grads.values():
            gradient *= s
        clip_by_norm(grads, threshold)

    return change


@pytest.mark.slow
def test_clipping_by_norm_takes_the_cliff_away_until_the_threshold_itself_is_too_large():
    make = lambda: SGD(0.1)  # noqa: E731
    assert np.isinf(waits(make, 64.0)).all()
    for s in (64.0, 1024.0):
        assert np.isfinite(waits(make, 1, clip=clipped(s, 5.0))).all()
    assert np.isinf(waits(make, 1, clip=clipped(1024.0, 500.0))).all()


@pytest.mark.slow
@pytest.mark.long
def test_an_lstm_waits_half_as_long_with_twice_the_gradient_too_and_fails_at_64_times():
    make = lambda: SGD(0.2)  # noqa: E731
    slow, fast = (np.median(waits(make, s, model=LSTM, budget=3200)) for s in (0.5, 1))
    assert 1.7 < slow / fast < 2.3
    assert np.isinf(waits(make, 64.0, model=LSTM, budget=800)).all()


@pytest.mark.slow
@pytest.mark.long
def test_eight_times_the_budget_does_not_mend_the_cliff():
    assert np.isinf(waits(lambda: SGD(0.1), 64.0, seeds=10, budget=3200)).sum() >= 7


@pytest.mark.slow
@pytest.mark.long
def test_eight_times_fewer_gradients_need_eight_times_the_updates():
    near, far = (np.median(waits(lambda: SGD(0.1), s, seeds=10, budget=3200)) for s in (1, 1 / 8))
    assert 6.5 < far / near < 9.5


@pytest.mark.slow
@pytest.mark.long
def test_the_first_gradient_says_little_about_the_wait_of_another_network():
    for offset in (100, 200):
        norms = [page.first_norm(seed) for seed in range(offset, offset + 60)]
        seen = [page.wait(seed, SGD(0.1)) for seed in range(offset, offset + 60)]
        ranks = [np.argsort(np.argsort(values)) for values in (norms, seen)]
        assert -0.75 < np.corrcoef(ranks)[0, 1] < 0.1
