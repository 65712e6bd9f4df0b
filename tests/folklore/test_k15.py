"""K15, stacked layers with the same weights: attempts to refute the verdict, elsewhere and with more updates."""

import re

import numpy as np
import pytest
from folklore_pages import beginnings, definitions

from unrolled import Adam, RMSProp
from unrolled.texts import python_topics

page = beginnings("k15-layers-with-the-same-weights", measure="found = ")
ELSEWHERE = range(20, 30)


def test_the_page_still_defines_what_the_tests_use():
    assert {"Tower", "tower", "count", "wait", "waits", "ratio"} <= set(
        vars(definitions("k15-layers-with-the-same-weights"))
    )


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("kind", ["rnn", "gru"])
def test_the_gradients_of_a_tower_agree_with_central_differences(tied, kind):
    rng = np.random.default_rng(0)
    model = page["Tower"](2, 3, 4, rng, layers=3, tied=tied, kind=kind)
    for array in model.params.values():
        array += 0.5 * rng.standard_normal(array.shape)
    x, targets, mask = rng.standard_normal((2, 5, 2)), rng.integers(0, 4, (2, 5)), rng.random((2, 5)) < 0.7
    _, grads = model.loss_and_grads(x, targets, mask)
    assert grads.keys() == model.params.keys()
    for name, array in model.params.items():
        numeric = np.empty_like(array)
        for index in np.ndindex(array.shape):
            kept, ends = array[index], []
            for moved in (kept + 1e-5, kept - 1e-5):
                array[index] = moved
                ends.append(model.loss_and_grads(x, targets, mask)[0])
            array[index] = kept
            numeric[index] = (ends[0] - ends[1]) / 2e-5
        assert np.linalg.norm(grads[name] - numeric) < 1e-8 * np.linalg.norm(numeric), name


def test_a_tied_tower_has_the_weights_of_one_layer_and_a_wider_one_those_of_the_untied():
    count, tower = page["count"], page["tower"]
    size = {}
    for how in page["HOW"]:
        model = tower(6, 4, np.random.default_rng(0), *how)
        size[how] = sum(array.size for array in model.params.values())
    assert size[2, "same"] == size[4, "same"] == size[1, "own"] == count(6, 12, 4, 1, False)
    for layers in (2, 4):
        assert 0.9 * size[layers, "own"] < size[layers, "same, wider"] <= size[layers, "own"]


def test_the_layers_of_a_tied_tower_are_one_and_those_of_the_other_are_not():
    for tied in (True, False):
        model = page["Tower"](2, 3, 4, np.random.default_rng(0), layers=4, tied=tied)
        kept = [model.of_layer(layer)["Wh"] for layer in range(4)]
        assert (kept[0] is kept[3]) == tied
        assert all(set(model.of_layer(layer)) == {"Wx", "Wh", "b"} for layer in range(4))


def test_the_interval_of_equal_waits_holds_1_and_what_is_not_learned_counts_as_the_most():
    runs = np.arange(10.0, 20.0)
    middle, low, high = page["ratio"](runs, runs)
    assert (middle, low < 1 < high) == (1, True)
    assert page["ratio"](np.full(10, np.inf), np.full(10, 100.0)) == (10, 10, 10)


CIRCUMSTANCES = {
    "eight times the budget": {},
    "twice the units": {"H": 24, "factor": 0.5},
    "RMSProp": {"optimizer": RMSProp, "factor": 0.3},
    "half the rates": {"factor": 0.5},
    "GRU": {"kind": "gru"},
}
EVERYWHERE = pytest.mark.parametrize("how", CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)


def elsewhere(task, above, below, how):
    """The ratio of two ways to stack, with its interval, on other seeds and with time to finish."""
    a, b = (page["waits"](task, *each, seeds=ELSEWHERE, **{"budget": 8000, **how}) for each in (above, below))
    found = page["ratio"](a, b, most=8000)
    print(task, above, below, how, np.round(found, 2), np.isinf(a).sum(), np.isinf(b).sum())
    return found


@pytest.mark.long
@EVERYWHERE
def test_on_the_echo_four_uses_of_one_set_of_weights_need_less_than_half_of_the_updates_of_one(how):
    assert elsewhere("echo", (4, "same"), (1, "own"), how)[0] < 0.5


@pytest.mark.long
@pytest.mark.parametrize("name", ["eight times the budget", "twice the units", "RMSProp"])
def test_on_the_copy_four_uses_need_fewer_updates_than_one_in_three_circumstances(name):
    assert elsewhere("copy", (4, "same"), (1, "own"), CIRCUMSTANCES[name])[0] < 0.9


@pytest.mark.long
@pytest.mark.parametrize("name", ["half the rates", "GRU"])
def test_on_the_copy_at_half_the_rates_and_with_grus_four_uses_gain_nothing(name):
    middle, low, high = elsewhere("copy", (4, "same"), (1, "own"), CIRCUMSTANCES[name])
    assert low < 1 < high
    assert middle > 0.9


@pytest.mark.long
@EVERYWHERE
@pytest.mark.parametrize("task", ["copy", "order", "brackets"])
def test_at_equal_weights_the_tied_stack_is_not_behind_on_copy_order_and_brackets(task, how):
    assert elsewhere(task, (4, "same, wider"), (4, "own"), how)[0] < 1.2


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CIRCUMSTANCES if name != "RMSProp"])
def test_at_equal_weights_the_tied_stack_is_not_behind_on_the_echo(name):
    assert elsewhere("echo", (4, "same, wider"), (4, "own"), CIRCUMSTANCES[name])[0] < 1.2


@pytest.mark.long
def test_at_equal_weights_rmsprop_turns_the_echo_round():
    middle, low, _ = elsewhere("echo", (4, "same, wider"), (4, "own"), CIRCUMSTANCES["RMSProp"])
    assert low > 1
    assert middle < 1.5


@pytest.mark.long
def test_at_equal_width_weights_of_ones_own_are_ahead_on_the_echo():
    assert elsewhere("echo", (4, "same"), (4, "own"), {})[1] > 1


@pytest.mark.long
@pytest.mark.parametrize("task", ["echo", "copy", "order", "brackets"])
def test_the_rates_are_the_best_of_five_within_a_tie_of_a_tenth(task):
    for how, chosen in zip(page["HOW"], page["RATES"][task], strict=True):
        tried = {
            rate: page["waits"](task, *how, seeds=range(100, 105), rate=rate, budget=800)
            for rate in (0.002, 0.004, 0.008, 0.016, 0.032)
        }
        print(task, how, {rate: (np.median(runs), int(np.isfinite(runs).sum())) for rate, runs in tried.items()})
        lowest = min(np.median(runs) for runs in tried.values() if np.isfinite(runs).all())
        assert np.isfinite(tried[chosen]).all()
        assert np.median(tried[chosen]) < 1.1 * lowest


@pytest.mark.long
def test_on_real_text_four_uses_gain_nothing_and_at_equal_weights_the_tied_stack_pays_fewer_bits():
    text = re.sub(" +", " ", re.sub("[^a-z ]", "", python_topics().lower()))
    letters = np.array(["abcdefghijklmnopqrstuvwxyz ".index(letter) for letter in text])
    read, held = letters[:75_000], letters[75_000:]

    def draw(rng, source, N, T=32):
        start = rng.integers(0, len(source) - T - 1, N)[:, None] + np.arange(T)
        return np.eye(27)[source[start]], source[start + 1]

    bits = {}
    for how in ((1, "own"), (4, "own"), (4, "same"), (4, "same, wider")):
        paid = []
        for seed in ELSEWHERE:
            rng = np.random.default_rng(seed)
            model, optimizer = page["tower"](27, 27, rng, *how, H=24), Adam(0.008)
            for _ in range(400):
                _, grads = model.loss_and_grads(*draw(rng, read, 16))
                optimizer.step(model.params, grads)
            paid.append(model.loss_and_grads(*draw(np.random.default_rng(0), held, 200))[0] / np.log(2))
        bits[how] = np.array(paid)
    print({how: (paid.mean().round(3), paid.std().round(3)) for how, paid in bits.items()})
    own, same, wider = (bits[4, how].mean() for how in ("own", "same", "same, wider"))
    one = bits[1, "own"].mean()
    assert wider < own - 0.03
    assert own < one - 0.03
    assert one < same < one + 0.15
    np.testing.assert_allclose([one, own, same, wider], [2.77, 2.68, 2.83, 2.59], atol=0.04)
