"""K21, tanh and stability: attempts to refute the verdict, with more seeds, longer and on other sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

page = definitions("k21-tanh-and-stability")


def random_below_one(rng, H):
    """Return a random matrix, far from orthogonal, whose largest singular value is 0.95."""
    Wh = rng.normal(size=(H, H))
    return 0.95 * Wh / np.linalg.norm(Wh, 2)


def orthogonal_below_one(rng, H):
    """Return a matrix that shrinks every vector by 0.95."""
    return 0.95 * np.linalg.qr(rng.normal(size=(H, H)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("draw", [random_below_one, orthogonal_below_one])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("H", [8, 32, 128])
def test_below_singular_value_one_no_pair_of_states_ever_parts_with_tanh_or_without(draw, activation, H):
    T = 960
    for seed in range(20 if H < 100 else 4):
        rng = np.random.default_rng(seed)
        Wh, size = draw(rng, H), 10.0 ** -(seed % 4)  # small inputs and states leave tanh its slope of 1
        x, starts = size * rng.normal(size=(1, T, 3)).repeat(2, axis=0), size * rng.normal(size=(2, H))
        h, _ = page.rnn_forward(x, starts, rng.normal(size=(3, H)), Wh, np.zeros(H), activation=activation)
        gap = np.linalg.norm(h[1] - h[0], axis=1)
        ceiling = np.linalg.norm(starts[1] - starts[0]) * 0.95 ** np.arange(1, T + 1)
        assert (gap <= ceiling * (1 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize("f", [page.linear, page.relu])
@pytest.mark.parametrize(("H", "seeds"), [(32, range(10, 30)), (128, range(2))])
def test_at_gain_three_only_tanh_keeps_the_numbers_finite(f, H, seeds):
    for seed in seeds:
        assert len(page.sizes(seed, 3.0, f, T=8000, H=H)) < 8000
        assert page.sizes(seed, 3.0, np.tanh, T=960, H=H).max() <= 1


def test_below_gain_one_nothing_overflows_without_tanh_either():
    for f in (page.linear, page.relu):
        assert all(page.sizes(seed, 0.9, f, T=2000).max() < 10 for seed in range(10))


@pytest.mark.parametrize("H", [32, 128])
def test_at_gain_three_every_pair_of_states_parts_and_stays_apart(H):
    for seed in range(100, 120):
        assert page.gaps(seed, 3.0, T=960, H=H)[-100:].max() > 0.1


def test_at_gain_three_some_narrow_networks_merge():
    ends = [page.gaps(seed, 3.0, T=960, H=8)[-1] for seed in range(20)]
    assert 0 < sum(end < 1e-6 for end in ends) < 20


@pytest.mark.parametrize("f", [np.tanh, page.relu])
def test_at_gain_nine_tenths_every_pair_merges(f):
    assert all(page.gaps(seed, 0.9, f, T=120)[-1] < 1e-12 for seed in range(40))


@pytest.mark.parametrize("scale", [0.1, 3.0, 100.0])
def test_tanh_bounds_the_state_whatever_the_weights(scale):
    rng = np.random.default_rng(0)
    x, Wx, Wh = rng.normal(size=(4, 960, 3)), scale * rng.normal(size=(3, 32)), scale * rng.normal(size=(32, 32))
    h, _ = page.rnn_forward(x, None, Wx, Wh, scale * rng.normal(size=32))
    assert np.abs(h).max() <= 1


def test_the_number_of_the_page_holds_for_other_networks():
    grown = np.array([page.gradients(seed, 2.0)[0][-1] for seed in range(100, 120)])
    assert 1e4 < np.median(grown) < 1e7
    assert (grown > 1000).sum() >= 18
    assert grown.min() > 1


def test_at_width_thirty_two_some_gradients_grow_and_some_shrink_at_radius_two():
    ends = np.array([page.gradients(seed, 2.0, H=32)[0][-1] for seed in range(20)])
    assert (ends > 100).any()
    assert (ends < 1e-2).any()


@pytest.mark.slow
@pytest.mark.parametrize(("T", "seeds"), [(100, range(10)), (800, range(3))])
def test_the_gradient_grows_at_radius_two_and_shrinks_at_a_smaller_one_or_where_units_are_saturated(T, seeds):
    for seed in seeds:
        grown, largest, _ = page.gradients(seed, 2.0, 0.0, T=T)
        assert largest <= 1
        assert grown[-1] > 100
        assert page.gradients(seed, 0.9, 0.0, T=T)[0][-1] < 1e-2
        shrunk, _, slope = page.gradients(seed, 2.0, 2.5, T=T)
        assert shrunk[-1] < 1e-4
        assert slope < 0.3


def test_the_gradient_of_the_page_is_the_numeric_one():
    seed, T, H = 3, 12, 8
    rng = np.random.default_rng(seed)
    Wh = rng.normal(size=(H, H))
    Wh *= 2.0 / np.abs(np.linalg.eigvals(Wh)).max()
    rng.choice([-1.0, 1.0], H)
    h0, loss = rng.uniform(-0.9, 0.9, (1, H)), rng.normal(size=H)
    loss /= np.linalg.norm(loss)

    def end(start):
        return page.rnn_forward(np.zeros((1, T, H)), start, np.eye(H), Wh, np.zeros(H))[0][0, -1] @ loss

    numeric = [(end(h0 + 1e-6 * e) - end(h0 - 1e-6 * e)) / 2e-6 for e in np.eye(H)]
    np.testing.assert_allclose(page.gradients(seed, 2.0, 0.0, T=T, H=H)[0][-1], np.linalg.norm(numeric), rtol=1e-6)


@pytest.mark.parametrize("corner", [10.0, 100.0])
def test_small_eigenvalues_are_not_enough_a_gap_may_first_grow(corner):
    Wh = np.array([[0.9, corner], [0.0, 0.9]])
    h, _ = page.rnn_forward(np.zeros((1, 2400, 1)), np.array([[1e-8, 0.0]]), np.zeros((1, 2)), Wh, np.zeros(2))
    size = np.linalg.norm(h[0], axis=1) / 1e-8
    assert size.max() > 3.5 * corner
    assert size[-1] < 1e-9
