"""U1, the next character: ten seeds, eight times the budget, and a larger network, against counting."""

import numpy as np
import pytest
from page_cells import beginnings

page = beginnings("uses/u1-next-character", data=None, network=None)
known, new, counted, train, bits = (page[name] for name in ("known", "new", "counted", "train", "bits"))


def test_counting_gives_probabilities_and_a_row_that_was_never_seen_falls_back_on_a_shorter_one():
    text = np.array([0, 1, 0, 1, 0, 2, 0, 1])
    ends = [np.array([9, 9, 9, 9, 0, letter]) % 3 for letter in range(3)]
    p = np.array([2.0 ** -counted(text, end, 2, V=3)[0] for end in ends])
    assert p.sum() == pytest.approx(1)
    # 0 was followed by 1 three times, by 2 once: 2 kinds of 4 + 2; one letter alone: 4, 3, 1 and 3 kinds of 8 + 3.
    np.testing.assert_allclose(p, (np.array([0, 3, 1]) + 2 * (np.array([4, 3, 1]) + 1) / 11) / 6)
    never = [np.array([9, 9, 9, 1, 2, letter]) % 3 for letter in range(3)]
    shorter = [counted(text, end, 2, V=3)[0] for end in never]
    np.testing.assert_allclose([counted(text, end, 3, V=3)[0] for end in never], shorter)


@pytest.mark.long
def test_ten_networks_lie_between_rows_of_three_and_rows_of_five():
    found = np.array([bits(train(known, seed), new).mean() for seed in range(10)])
    print(found.round(3))
    assert (round(found.min(), 2), round(found.max(), 2)) == (1.95, 1.99)
    assert counted(known, new, 3).mean() > 2.4
    assert counted(known, new, 5).mean() < 1.8


@pytest.mark.long
@pytest.mark.parametrize("how", [{}, {"H": 128, "rate": 0.005}], ids=["64 units", "128 units"])
def test_eight_times_the_updates_do_not_reach_rows_of_five_whenever_one_stops(how):
    found = [bits(train(known, 20, updates=updates, **how), new).mean() for updates in (400, 800, 1600, 3200)]
    print(np.round(found, 3))
    assert min(found) > counted(known, new, 5).mean() + 0.02
    assert found[0] - min(found) < 0.1
