"""K2, eigenvalues and inputs: attempts to refute the verdict, over more steps, on other matrices and sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import RNN, Adam
from unrolled.tasks import recall

page = definitions("k02-eigenvalues-decide-everything")


def networks(shear, *, H=32, radius=0.9, seeds=range(50, 56)):
    """Return matrices of the page's kind, of other seeds."""
    return np.array([page.weights(seed, radius, shear, H) for seed in seeds])


def normal(H=32, radius=0.9, seeds=range(6)):
    """Return matrices of normal entries, scaled to the spectral radius."""
    W = np.array([np.random.default_rng(seed).normal(size=(H, H)) for seed in seeds])
    return radius * W / np.abs(np.linalg.eigvals(W)).max(axis=1)[:, None, None]


@pytest.mark.parametrize("H", [8, 32, 128])
def test_a_shear_leaves_the_eigenvalues_and_raises_the_singular_values(H):
    for shear, low, high in ((0, 0.89, 0.91), (4, 4, 8)):
        W = networks(shear, H=H, seeds=range(3))
        assert np.allclose(np.abs(np.linalg.eigvals(W)), 0.9, atol=0.02)
        assert low < np.median(np.linalg.norm(W, 2, axis=(1, 2))) < high


def test_the_product_of_jacobians_is_the_derivative_that_differences_give():
    W = networks(4, seeds=[0])
    warm, steps, nudge = 3, 4, 1e-6
    a = 0.5 * np.random.default_rng(1000).normal(size=(warm + steps, 1, 1, 32))[:, 0, 0]

    def last(start):
        h = start
        for z in a[warm:]:
            h = np.tanh(z + h @ W[0])
        return h

    h = np.zeros(32)
    for z in a[:warm]:
        h = np.tanh(z + h @ W[0])
    columns = [(last(h + nudge * e) - last(h - nudge * e)) / (2 * nudge) for e in np.eye(32)]
    expected = np.log(np.linalg.norm(columns, 2))
    assert np.isclose(page.norms(W, 0.5, [steps], warm=warm)[0, 0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("H", [8, 32, 128])
def test_without_inputs_the_radius_is_the_factor_and_with_them_plain_matrices_fall_below_it(H):
    W = networks(0, H=H, seeds=range(2))
    assert np.allclose(page.rate(W, 0), 0.9, atol=0.02)
    assert page.rate(W, 1).max() < 0.65


@pytest.mark.parametrize(("H", "low", "high"), [(8, 0.9, 1.05), (32, 1.1, 1.4), (128, 1.2, 1.5)])
def test_with_weak_inputs_wide_sheared_networks_grow_and_narrow_ones_hardly(H, low, high):
    W = networks(4, H=H, seeds=range(50, 52) if H > 100 else range(50, 60))
    assert low < np.median(page.rate(W, 0.1)) < high


def test_random_normal_matrices_behave_like_plain_ones():
    assert np.allclose(page.rate(normal(), 0), 0.9, atol=0.03)
    assert (page.rate(normal(), 1) < 0.6).all()


def test_with_relu_the_strength_makes_no_difference_and_the_factor_is_not_the_radius():
    for shear, low, high in ((0, 0.5, 0.75), (4, 1.4, 1.8)):
        weak, strong = (page.rate(networks(shear), strength, f="relu") for strength in (1 / 8, 8))
        assert np.allclose(weak, strong, rtol=1e-6)
        assert low < np.median(weak) < high


def jacobian_radius(Wh, strength, steps=250, warm=50):
    """Geometric mean of the spectral radius of the Jacobians, each tenth step."""
    rng, h, logs = np.random.default_rng(1000), np.zeros(len(Wh)), []
    for t in range(warm + steps):
        h = np.tanh(strength * rng.normal(size=len(Wh)) + h @ Wh)
        if t >= warm and t % 10 == 0:
            logs.append(np.log(np.abs(np.linalg.eigvals((1 - h**2)[:, None] * Wh.T)).max()))
    return np.exp(np.mean(logs))


@pytest.mark.parametrize(("H", "low", "high"), [(8, 1.1, 1.5), (32, 1.03, 1.15), (128, 1.02, 1.15)])
def test_the_eigenvalues_of_the_jacobians_are_nearer_and_still_not_the_factor(H, low, high):
    W = networks(0, H=H, seeds=range(2))
    ratio = np.median([jacobian_radius(Wh, 1.0) for Wh in W]) / np.median(page.rate(W, 1.0))
    assert low < ratio < high


def test_in_trained_networks_too_the_radius_is_not_the_factor():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        model = RNN(2, 32, 2, rng)
        model.fit(lambda rng=rng: recall(rng, lag=10), Adam(0.01), updates=100)
        Wh = model.params["Wh"][None]
        radius = np.abs(np.linalg.eigvals(Wh)).max()
        assert radius > 2
        assert np.isclose(page.rate(Wh, 0), radius, rtol=0.02)
        assert page.rate(Wh, 1.0) < 1


@pytest.mark.long
@pytest.mark.parametrize(("shear", "low", "high"), [(0, 0.5, 0.65), (4, 1.0, 1.2)])
def test_over_2000_steps_the_factor_stays_away_from_the_radius(shear, low, high):
    factors = page.rate(networks(shear, seeds=range(20, 40)), 1.0, steps=2000)
    assert low < factors.min() < factors.max() < high
