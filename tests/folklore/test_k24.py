"""K24, the pixel neighborhood: attempts to refute the verdict, with more updates, another optimizer, more channels."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import RMSProp

page = definitions("k24-pixel-neighborhood")
SHAPES = {
    "one": {},
    "three": {"convolutions": 3},
    "sweep": {"sweep": True},
    "two and a sweep": {"convolutions": 2, "sweep": True},
}


def network(**how):
    return page.Net(np.random.default_rng(0), **how)


@pytest.mark.parametrize("how", SHAPES.values(), ids=SHAPES)
def test_the_gradients_of_pixels_and_weights_agree_with_central_differences(how):
    rng, net = np.random.default_rng(1), network(C=4, **how)
    for value in net.params.values():
        value += 0.2 * rng.standard_normal(value.shape)
    x, targets = rng.standard_normal((3, 5, 7, 2)), np.array([0, 1, 1])
    dy = rng.standard_normal((3, 2))
    _, cache = net.forward(x)
    dx, _ = net.backward(dy, cache)
    _, grads = net.loss_and_grads(x, targets)
    assert grads.keys() == net.params.keys()
    pairs = [(dx, x, lambda: (net.forward(x)[0] * dy).sum())]
    pairs += [(grads[name], net.params[name], lambda: net.loss_and_grads(x, targets)[0]) for name in grads]
    for gradient, array, value in pairs:
        expected = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept, ends = array[place], []
            for moved in (kept + 1e-6, kept - 1e-6):
                array[place] = moved
                ends.append(value())
            array[place] = kept
            expected[place] = (ends[0] - ends[1]) / 2e-6
        assert np.linalg.norm(gradient - expected) < 1e-7 * np.linalg.norm(expected)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_convolutions_stop_at_their_number_before_training_and_after(k):
    rng, net = np.random.default_rng(2), network(convolutions=k)
    for _ in range(2):
        seen = page.field(net, size=15) != 0
        np.testing.assert_array_equal(seen, page.distances(15) <= k)
        page.fit(net, lambda: page.pictures(rng, min(k + 1, 5)), page.Adam(0.01), updates=20)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_clue_one_pixel_beyond_the_convolutions_does_not_change_a_bit(k):
    net = network(convolutions=k)
    for distance, heard in ((k, True), (k + 1, False)):
        x, *_ = page.pictures(np.random.default_rng(3), distance, N=20)
        turned = x * [-1, 1]
        assert (net.forward(x)[0] != net.forward(turned)[0]).all() == heard
        assert (net.forward(x)[0] == net.forward(turned)[0]).all() != heard


@pytest.mark.parametrize("size", [11, 61])
def test_a_sweep_sees_every_pixel_and_costs_less_than_a_second_convolution(size):
    assert (page.field(network(sweep=True), size=size) != 0).all()
    plain, second, sweep = (
        sum(p.size for p in network(**how).params.values()) for how in ({}, {"convolutions": 2}, {"sweep": True})
    )
    assert sweep - plain < (second - plain) / 2


def test_before_training_the_influence_of_a_sweep_falls_by_about_a_factor_per_pixel():
    for seed in range(20):
        profile = page.by_distance(page.field(page.Net(np.random.default_rng(seed), sweep=True)))
        logs = np.log(profile[2:])
        steps = np.arange(len(logs))
        slope, start = np.polyfit(steps, logs, 1)
        assert -0.4 < slope < -0.07
        assert np.abs(logs - slope * steps - start).max() < 0.8


def test_the_clue_stands_where_it_should_and_is_fair():
    x, clue, _ = page.pictures(np.random.default_rng(4), 3, N=2000)
    here = np.argwhere(x[..., 0])
    assert len(here) == 2000
    assert (page.distances(11)[here[:, 1], here[:, 2]] == 3).all()
    np.testing.assert_array_equal(x[..., 0].sum(axis=(1, 2)), 2 * clue - 1)
    assert 900 < clue.sum() < 1100


CIRCUMSTANCES = {
    "other seeds": ({}, range(20, 30)),
    "eight times the budget": ({"updates": 4800}, range(20, 24)),
    "RMSProp": ({"optimizer": RMSProp, "rate": 0.003}, range(20, 23)),
    "twice the channels": ({"C": 16}, range(20, 23)),
}


@pytest.mark.long
@pytest.mark.parametrize(("how", "seeds"), CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_after_far_clues_the_reach_is_the_edge_and_the_influence_there_larger_than_before(how, seeds):
    for seed in seeds:
        before, after, right = page.trained(seed, 5, sweep=True, **how)
        assert right > 0.7  # guessing: a half
        assert page.reach(after) == 30
        if seed != 21:  # the one that reached the edge before
            assert page.reach(before) < 30
        assert after[30] > 2 * before[30]


@pytest.mark.long
def test_near_clues_do_not_make_the_field_narrower_in_general():
    wider = []
    for seed in range(20, 30):
        before, after, right = page.trained(seed, 1, sweep=True)
        assert right > 0.99
        wider.append(page.reach(after) > page.reach(before))
    assert sum(wider) > 5
