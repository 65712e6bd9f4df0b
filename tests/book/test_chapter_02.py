"""What chapter 2 says of its first figure, tried to refute: other seeds, larger networks, more sentences."""

import numpy as np
import pytest
from page_cells import definitions


@pytest.fixture(scope="module")
def figure():
    """Return the functions that the cell of the first figure defines, by name, without running the rest of it."""
    return definitions("02-the-recurrent-neural-network", "far-clue")


def recurrent_share(figure, seed, *, H, fitted):
    """Return the share of right brackets at each distance (T,) of a recurrent network of the first figure."""
    rng = np.random.default_rng(seed)
    x, bracket = figure["sentences"](rng, N=fitted + 400, T=49)
    return figure["share_of_right_brackets"](figure["random_states"](x, H, 0.9, rng), bracket, fitted)


def test_with_other_seeds_200_random_units_know_the_bracket_after_20_letters_and_not_after_48(figure):
    shares = np.array([recurrent_share(figure, seed, H=200, fitted=600) for seed in (100, 101, 102)])
    assert shares[:, :21].min() > 0.95
    assert shares[:, 48].mean() < 0.65


@pytest.mark.long
def test_100_random_units_fall_behind_the_window_of_16_with_eight_times_the_sentences_too(figure):
    share = recurrent_share(figure, 100, H=100, fitted=4800)
    assert share[:5].min() > 0.95
    assert share[15] < 0.97
    assert share[48] < 0.6


@pytest.mark.long
def test_what_has_left_a_window_is_not_found_again_by_more_units_or_eight_times_the_sentences(figure):
    rng = np.random.default_rng(100)
    x, bracket = figure["sentences"](rng, N=4800 + 2000, T=12)
    seen = figure["windows"](x, 4)
    hidden = np.tanh(seen @ rng.normal(size=(seen.shape[2], 300)))
    share = figure["share_of_right_brackets"](hidden, bracket, 4800)
    assert share[:4].min() == 1
    assert abs(share[4:] - 0.5).max() < 0.06
