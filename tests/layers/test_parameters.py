"""The networks whose parameters are counted."""

import numpy as np

from autograder.layers.parameters import NETWORKS, rnn

SEEDS = range(200)


def drawn(seed):
    """Return the sizes (D, H, V) of every network that is asked for."""
    given = rnn.draw(np.random.default_rng(seed)).given
    return list(zip(*(given[name].tolist() for name in "DHV"), strict=True))


def test_the_sizes_of_a_network_are_all_different_and_none_is_one():
    for seed in SEEDS:
        for sizes in drawn(seed):
            assert len(set(sizes)) == 3
            assert min(sizes) >= 2
            assert max(sizes) <= 60


def test_three_networks_are_asked_for_and_the_first_once_more_at_the_end():
    for seed in SEEDS:
        networks = drawn(seed)
        assert len(networks) == NETWORKS + 1
        assert networks[-1] == networks[0]
        assert len(set(networks)) == NETWORKS


def test_the_right_count_is_that_of_the_entries_of_the_arrays():
    for seed in SEEDS:
        counts = rnn.right(rnn.draw(np.random.default_rng(seed)))["count"]
        assert counts.tolist() == [D * H + H * H + H + H * V + V for D, H, V in drawn(seed)]
