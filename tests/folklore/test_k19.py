"""K19, every earlier input: attempts to refute the verdict, with more seeds, longer and on other sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

page = definitions("k19-every-earlier-input")


def first_size(seed, gain, strength, D=3, H=32):
    """How far a nudge of 1 can move the state at once."""
    return np.linalg.norm(page.network(seed, gain, strength, D, H)[0].sum(axis=0))


@pytest.mark.parametrize("gain", [0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("strength", [0.1, 0.5, 4.0])
def test_below_gain_one_the_influence_never_exceeds_a_power_of_the_gain(gain, strength):
    for seed in range(10):
        ceiling = first_size(seed, gain, strength) * gain ** np.arange(120)
        assert (page.influence(seed, gain, strength) <= ceiling + 1e-13).all()


@pytest.mark.slow
@pytest.mark.parametrize(("H", "D"), [(8, 3), (32, 1), (32, 16), (128, 3)])
def test_below_gain_one_every_network_forgets_whatever_the_sizes(H, D):
    back = [0, 30, 60, 120, 240, 959]
    for seed in range(80 if H < 100 else 10):
        moved = page.influence(seed, 0.9, T=960, D=D, H=H, back=back)
        assert (moved <= first_size(seed, 0.9, 0.5, D, H) * 0.9 ** np.array(back) + 1e-13).all()
        assert moved[0] > 1e-3
        assert moved[3] < 1e-4


def test_the_number_of_the_page_holds_for_eighty_networks():
    gone = [np.flatnonzero(page.influence(seed, 0.9) >= 1e-6)[-1] + 1 for seed in range(80)]
    assert 25 < min(gone) < max(gone) < 70
    assert 0.9 ** np.median(gone) > 1e-3  # tanh, not the gain, took the rest


@pytest.mark.parametrize(("H", "T", "seeds"), [(32, 400, range(10, 30)), (32, 3200, range(2)), (128, 400, range(3))])
@pytest.mark.parametrize("gain", [0.5, 0.9, 1.0, 1.5, 3.0])
def test_the_factor_per_step_is_within_a_sixth_of_the_gain_times_the_typical_slope(gain, H, T, seeds):
    for seed in seeds:
        for strength in (0.5, 4.0):
            factor, predicted = page.law(seed, gain, strength, T=T, H=H)
            assert 0.85 < factor / predicted < 1.1


def test_strong_inputs_make_a_network_forget_above_gain_one():
    for seed in range(20):
        assert page.influence(seed, 1.5, strength=4.0)[119] < 1e-10
        assert page.influence(seed, 3.0, strength=16.0)[119] < 1e-6


@pytest.mark.parametrize("H", [32, 128])
def test_at_gain_three_and_weak_inputs_the_influence_does_not_fade(H):
    for seed in range(10):
        assert page.influence(seed, 3.0, H=H, T=960, back=[100, 480, 959]).min() > 0.1


def test_the_path_exists_the_derivative_is_small_and_not_zero():
    x = np.random.default_rng(0).normal(size=(1, 120, 3))
    for seed in range(10):
        states, cache = page.rnn_forward(x, None, *page.network(seed, 0.9))
        dh = np.zeros_like(states)
        dh[0, -1, 0] = 1
        size = np.linalg.norm(page.rnn_backward(dh, cache)[0][0, 0])
        assert 0 < size < 1e-6


@pytest.mark.parametrize("gain", [0.5, 3.0])
def test_no_later_input_moves_a_state_by_a_single_bit(gain):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 960, 3))
    states = page.rnn_forward(x, None, *page.network(0, gain))[0]
    for t in (1, 60, 959):
        later = x.copy()
        later[0, t:] += 1
        moved = (page.rnn_forward(later, None, *page.network(0, gain))[0] != states).any(axis=2)[0]
        assert moved.argmax() == t


@pytest.mark.parametrize("steps", [10, 1000, 8000])
def test_a_latch_holds_a_large_change_and_forgets_a_tiny_one(steps):
    silence = [0] * (steps - 1)
    set_up, set_down = page.latch([1, *silence]), page.latch([-1, *silence])
    assert set_up > 0.9
    assert set_down < -0.9
    assert abs(page.latch([1 + 1e-3, *silence]) - set_up) < 1e-7
    assert 2 * (1 - set_up**2) < 0.5


def test_a_latch_holds_under_small_noise_and_not_under_large():
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=7999)
        assert page.latch([1, *(0.02 * noise)]) > 0.5 > -0.5 > page.latch([-1, *(0.02 * noise)])
        assert page.latch([1, *noise]) == page.latch([-1, *noise])


@pytest.mark.parametrize("gain", [0.5, 0.9])
def test_below_gain_one_even_opposite_pasts_of_any_size_are_forgotten(gain):
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(1, 960, 3)).repeat(2, axis=0)
        x[:, 0] = [[100], [-100]]
        last = page.rnn_forward(x, None, *page.network(seed, gain))[0][:, -1]
        assert np.abs(last[0] - last[1]).max() < 1e-12
