"""K18, parallel over time: attempts to refute the verdict, at the size of the page and far beyond."""

from math import ceil, log2

import numpy as np
import pytest
from folklore_pages import definitions

page = definitions("k18-parallel-over-time")


def random_recurrence(seed, T, H=4):
    rng = np.random.default_rng(seed)
    return 1 / (1 + np.exp(-rng.normal(size=(T, H)))), rng.normal(size=(T, H))


def test_the_counting_array_counts_what_a_pencil_counts():
    a, b = page.given(8), page.given(8)
    assert (a + b).depth.max() == 1
    assert (a * b + b).depth.max() == 2
    assert np.tanh(a + b).depth.max() == 2
    assert (page.given(1, 8) @ page.given(8, 3)).depth.tolist() == [[4, 4, 4]]  # one product, three levels of sums
    late = page.given(4)
    late[2] = a[0] + b[0]
    assert (late + page.given(4)).depth.tolist() == [1, 1, 2, 1]


def test_the_counting_array_counts_a_matrix_product_from_its_latest_entry():
    left = page.Depth([[0, 5], [0, 0]])
    assert (left @ page.given(2, 1)).depth.tolist() == [[7], [2]]


@pytest.mark.parametrize("T", [1, 8, 64, 512])
@pytest.mark.parametrize("H", [1, 5, 16, 128])
def test_the_loop_is_deeper_for_every_step_and_for_a_wider_state_by_its_logarithm(T, H):
    first, later = (page.depth_of_read(N=1, T=steps, D=3, H=H) for steps in (1, T))
    assert later - first == (T - 1) * (1 + ceil(log2(H)) + 2)


@pytest.mark.parametrize("factor", [8, 64])
def test_the_batch_adds_no_depth_and_the_size_of_the_input_only_once(factor):
    small = page.depth_of_read(N=2, T=20, D=4, H=4)
    assert page.depth_of_read(N=2 * factor, T=20, D=4, H=4) == small
    assert page.depth_of_read(N=2, T=20, D=4 * factor, H=4) == small + log2(factor)


@pytest.mark.parametrize("T", [1, 2, 3, 5, 31, 64, 1000, 4096, 32_768 + 17])
def test_the_scan_gives_the_states_of_the_loop_to_rounding(T):
    for seed in range(80 if T < 5000 else 3):
        a, b = random_recurrence(seed, T)
        expected = page.loop(a, b)
        assert np.abs(page.scan(a, b) - expected).max() < 1e-12
        assert np.abs(expected).max() > 0.01


@pytest.mark.parametrize("T", [1, 2, 3, 4, 5, 100, 127, 128, 129, 4096, 8 * 4096, 8 * 4096 + 1])
def test_the_scan_takes_the_logarithm_of_the_steps_and_the_loop_all_of_them(T):
    assert ceil(page.scan(page.given(T, 1), page.given(T, 1)).depth.max() / 2) == ceil(log2(T))
    assert page.loop(page.given(T, 1), page.given(T, 1)).depth.max() == 2 * (T - 1)


@pytest.mark.parametrize("T", [1, 2, 3, 31, 4096, 32_768 + 17])
def test_the_scan_backward_gives_the_gradients_of_the_loop(T):
    for seed in range(20 if T < 5000 else 3):
        a, dh = random_recurrence(seed, T)
        assert np.abs(page.scan_back(dh, a) - page.loop_back(dh, a)).max() < 1e-12


def test_the_loop_backward_is_the_derivative_of_the_loop_forward():
    a, b = random_recurrence(0, 12)
    dh, db = np.random.default_rng(1).normal(size=(2, 12, 4))
    change = (page.loop(a, b + 1e-6 * db) - page.loop(a, b - 1e-6 * db)) / 2e-6
    np.testing.assert_allclose((page.loop_back(dh, a) * db).sum(), (dh * change).sum(), rtol=1e-8)


def test_the_scan_leaves_its_arguments_alone():
    a, b = random_recurrence(0, 10)
    before = a.copy(), b.copy()
    page.scan(a, b)
    np.testing.assert_array_equal((a, b), before)


def test_no_one_tanh_step_equals_two():
    """If tanh(w h + v) were two steps, artanh of the two would be a straight line in h."""
    rng = np.random.default_rng(0)
    h = np.linspace(-2, 2, 9)
    for _ in range(1000):
        w1, w2 = rng.uniform(0.5, 2, 2) * rng.choice([-1, 1], 2)
        v1, v2 = rng.uniform(-1, 1, 2)
        line = np.arctanh(np.tanh(w2 * np.tanh(w1 * h + v1) + v2))
        assert np.abs(np.diff(line, 2)).max() > 1e-3


def test_two_linear_steps_are_one():
    rng = np.random.default_rng(0)
    h, a1, b1, a2, b2 = rng.normal(size=(5, 100))
    np.testing.assert_allclose(a2 * (a1 * h + b1) + b2, (a2 * a1) * h + (a2 * b1 + b2), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "most"), [(0.5, 32), (0.9, 80)])
def test_guessing_takes_few_rounds_where_the_network_forgets_and_no_more_of_them_at_eight_times_the_steps(gain, most):
    for seed in (10, 11):
        rounds, error = page.rounds_and_error(seed, gain)
        longer, error_of_longer = page.rounds_and_error(seed, gain, T=8000)
        assert max(error.max(), error_of_longer.max()) < 1e-7
        assert rounds <= longer < min(most, rounds + 6)


@pytest.mark.parametrize(("T", "H"), [(100, 32), (400, 32), (100, 128)])
def test_guessing_all_states_takes_as_many_rounds_as_steps_where_the_network_does_not_forget(T, H):
    rounds, error = page.rounds_and_error(1, 3.0, T, H)
    assert error[:40].max() < 1e-6  # later, chaos has multiplied the rounding of sums in another order
    assert rounds == T


def test_after_k_rounds_the_first_k_states_are_right():
    for T in (3, 10):
        rounds, error = page.rounds_and_error(0, 3.0, T=T)
        assert rounds == T
        assert error.max() < 1e-9


@pytest.mark.parametrize("T", [50, 400])
def test_a_sequence_takes_less_time_in_a_batch_than_alone(T):
    assert page.best_seconds(64, T=T) / 64 < page.best_seconds(1, T=T) / 2
