"""Attempts to refute the verdict on "a feed-forward network can never predict the next character"."""

from itertools import product

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import SGD, Adam, RMSProp

pytestmark = pytest.mark.slow
page = definitions("k01-never-the-next-character")


def on(cuts_of, width, seed, V=4, **training):
    """Return the bits left open by a network on a made text, on 20,000 letters that are new."""
    rng = np.random.default_rng(seed)
    params = page.train(lambda: cuts_of(rng, width), width, V, rng, **training)
    return page.score(params, cuts_of(rng, width, N=20_000), V)[0]


def sums(rng, width, N=128, memory=3, V=3):
    """Cut windows out of a text in which a letter is the sum of the last one and of the one `memory` places back."""
    text = rng.integers(0, V, (N, max(width, memory) + 1))
    text[:, -1] = (text[:, -2] + text[:, -1 - memory]) % V
    return text[:, -1 - width :]


@pytest.mark.parametrize("memory", [1, 2, 3])
def test_what_there_is_to_know_is_the_conditional_entropy_of_every_possible_text(memory):
    V, kept, T = 3, 0.7, 4
    texts = np.array(list(product(range(V), repeat=T)))
    back = texts[:, -1 - memory]
    p = V ** -(T - 1.0) * np.where(texts[:, -1] == back, kept + (1 - kept) / V, (1 - kept) / V)
    assert p.sum() == pytest.approx(1)
    for width in range(T):
        entropy = 0.0
        for seen in product(range(V), repeat=width):
            here = (texts[:, T - 1 - width : T - 1] == np.array(seen, int)).all(axis=1)
            chances = np.bincount(texts[here, -1], p[here])
            entropy -= np.sum(chances * np.log2(chances / chances.sum()))
        assert page.there_is(width, memory=memory, V=V, kept=kept) == pytest.approx(entropy)


@pytest.mark.parametrize("memory", [2, 6])
def test_a_clue_at_another_distance_is_found_from_that_width_on_and_not_before(memory):
    for width in (memory - 1, memory):
        bits = on(lambda rng, width, N=128: page.made_cuts(rng, width, N=N, memory=memory), width, seed=20)
        assert page.there_is(width, memory=memory) - 0.02 < bits < page.there_is(width, memory=memory) + 0.08


def test_the_sum_of_a_near_and_a_far_letter_is_found_with_both_in_the_window_and_never_with_one():
    short, long = (on(sums, width, seed=21, V=3, H=64, updates=600) for width in (2, 3))
    assert short > np.log2(3) - 0.02
    assert long < 0.1


@pytest.mark.parametrize(
    ("optimizer", "rate", "H"), [(RMSProp, 0.01, 32), (SGD, 1.0, 32), (Adam, 0.01, 128)], ids=["RMSProp", "SGD", "128"]
)
def test_another_optimizer_or_size_leaves_the_edge_where_it_is(optimizer, rate, H):
    short, long = (
        on(page.made_cuts, width, seed=22, optimizer=optimizer, rate=rate, H=H, updates=600) for width in (3, 4)
    )
    assert short > 1.98
    assert page.there_is(4) - 0.02 < long < page.there_is(4) + 0.08


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30, 33))
@pytest.mark.parametrize(("optimizer", "rate"), [(Adam, 0.01), (RMSProp, 0.01)])
def test_at_eight_times_the_updates_and_four_times_the_units_the_edge_is_where_it_was(optimizer, rate, seed):
    training = {"H": 128, "updates": 2400, "optimizer": optimizer, "rate": rate}
    assert on(page.made_cuts, 3, seed, **training) > 1.98
    assert abs(on(page.made_cuts, 4, seed, **training) - page.there_is(4)) < 0.03


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40, 43))
@pytest.mark.parametrize(("optimizer", "rate"), [(Adam, 0.02), (RMSProp, 0.01)])
def test_on_the_real_text_eight_times_the_updates_name_more_letters_in_the_same_order(optimizer, rate, seed):
    training = {"H": 128, "updates": 4800, "optimizer": optimizer, "rate": rate}
    one, two, four = (page.on_real_text(width, seed, **training) for width in (1, 2, 4))
    assert one[1] + 0.05 < two[1] < four[1] - 0.05
    assert one[0] - two[0] > 0.5
    assert two[0] - four[0] > 0.3
    assert four[1] > page.on_real_text(4, seed)[1]
