"""What chapter 6 says of its figures, tried to refute: more updates, other rates, optimizers, sizes and seeds."""

from functools import partial
from math import isqrt

import numpy as np
import pytest
from page_cells import beginnings, definitions, is_constant

import unrolled
from unrolled import GRU, LSTM, RNN, Adam, RMSProp
from unrolled.tasks import recall
from unrolled.training import updates_until_learned

CHAPTER = "06-gated-recurrent-units"


def names_of(*cells):
    """Return the imports, constants in capitals and functions of some cells of the chapter, by name."""
    return definitions(CHAPTER, *cells, also=is_constant)


# -------------------------------------------------------------------------------------- two libraries, one step


def test_the_answers_of_the_first_figure_are_the_models_own_and_those_of_the_layer_with_the_reset_before():
    chapter, rng = names_of("two-libraries"), np.random.default_rng(0)
    model = GRU(2, 10, 1, rng, update_bias=1.0, loss="squared_error")
    model.params["bh"][:] = rng.standard_normal(30)
    x, _, _ = chapter["adding"](rng, T=20, N=5)
    np.testing.assert_allclose(chapter["answers"](model, x, True), model.forward(x)[0][:, -1], atol=1e-12)
    other = GRU(2, 10, 1, rng, reset_after=False, loss="squared_error")
    folded = {"b": model.params["b"] + model.params["bh"]}
    other.params |= {name: model.params[name] for name in ("Wx", "Wh", "Wy", "by")} | folded
    np.testing.assert_allclose(chapter["answers"](model, x, False), other.forward(x)[0][:, -1], atol=1e-12)


@pytest.mark.parametrize("weights", ["diagonal", "full"])
def test_the_sides_agree_where_all_of_r_is_equal_or_no_unit_hears_another(weights):
    rng = np.random.default_rng(1)
    H, D = 4, 3
    x, h0 = rng.standard_normal((2, 6, D)), rng.standard_normal((2, H))
    Wx, Wh, b = rng.standard_normal((D, 3 * H)), rng.standard_normal((H, 3 * H)), rng.standard_normal(3 * H)
    if weights == "diagonal":
        Wh[:, 2 * H :] = np.diag(rng.standard_normal(H))
    else:
        Wx[:, :H], Wh[:, :H], b[:H] = 0, 0, 0.7
    after, before = (unrolled.gru_forward(x, h0, Wx, Wh, b, reset_after=side)[0] for side in (True, False))
    np.testing.assert_allclose(after, before, atol=1e-12)
    with_bias = unrolled.gru_forward(x, h0, Wx, Wh, b, np.append(np.zeros(2 * H), np.ones(H)))[0]
    b[2 * H :] += 1
    folded = unrolled.gru_forward(x, h0, Wx, Wh, b, reset_after=False)[0]
    assert np.abs(with_bias - folded).max() > 0.01


def test_two_units_that_hear_only_each_other_hear_what_the_page_says():
    h, W, r = np.array([0.6, 0.2]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 0.0])
    Wh, b = np.hstack([np.zeros((2, 4)), W]), np.array([800.0, -800, 0, 0, 0, 0])
    for side, heard in ((True, r * (h @ W)), (False, (r * h) @ W)):
        _, cache = unrolled.gru_forward(np.zeros((1, 1, 1)), h[None], np.zeros((1, 6)), Wh, b, reset_after=side)
        np.testing.assert_allclose(np.arctanh(cache.gates[0, 2, 0]), heard, atol=1e-12)


# -------------------------------------------------------------------------------------------------- the sizes


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_size_is_the_largest_within_the_budget_and_the_layers_have_as_many_parameters(kind):
    chapter = names_of("sizing")
    model = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}[kind]
    for D in (1, 2, 7, 30):
        for P in (100, 500, 501, 12_345):
            H = chapter["hidden_size_for"](P, D, kind)
            assert chapter["parameters"](kind, D, H) <= P < chapter["parameters"](kind, D, H + 1)
            if H > 0:
                layer = model(D, H, 2, np.random.default_rng(0)).params
                assert sum(v.size for name, v in layer.items() if name not in ("Wy", "by")) == chapter["parameters"](
                    kind, D, H
                )
    assert chapter["isqrt"] is isqrt


# --------------------------------------------------------------------------------------------------- the duel


def contest(task, seeds, *, factor=1.0, rate=None, optimizer=Adam, budget=8000, P=500, kinds=None, row=None):
    """Return the updates (kinds, seeds) that layers need, at a factor times the page's rates, or at one rate."""
    chapter = names_of("two-libraries", "sizing", "tasks")
    draw, D, V, rates = row or chapter["TASKS"][task]
    own = dict(zip(chapter["LAYERS"], rates, strict=True))
    stop = {"below": 0.3 * chapter["guessing"](draw), "over": 10, "budget": budget, "clip": 1.0}
    loss = "squared_error" if task == "adding" else "cross_entropy"
    needed = []
    for kind in kinds or own:
        H, learned = chapter["hidden_size_for"](P, D, kind), []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            model = chapter["LAYERS"][kind](D, H, V, rng, loss=loss)
            step = optimizer(rate or factor * own[kind])
            learned.append(updates_until_learned(model, step, lambda r=rng: draw(r), **stop))
        needed.append(learned)
    return np.array(needed)


def test_the_chapter_and_k13_compare_the_same_tasks_at_the_same_rates():
    chapter = names_of("two-libraries", "sizing", "tasks")["TASKS"]
    there = beginnings("folklore/k13-simpler-and-about-as-good", measure="equal = ")
    for task, (draw, D, V, rates) in there["TASKS"].items():
        of_the_chapter = chapter[task]
        assert (draw.func, draw.keywords) == (of_the_chapter[0].func, of_the_chapter[0].keywords)
        assert (D, V, rates) == (*of_the_chapter[1:3], of_the_chapter[3][:2])


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [{}, {"P": 2000}, {"optimizer": RMSProp, "factor": 0.3}, {"factor": 0.5}],
    ids=["eight times the budget", "four times the parameters", "RMSProp", "half the rates"],
)
@pytest.mark.parametrize("task", ["echo", "copy"])
def test_the_plain_network_is_far_ahead_where_a_stream_is_passed_on(task, how):
    lstm, gru, plain = np.median(contest(task, range(20, 25), **how), axis=1)
    assert plain < 0.5 * min(lstm, gru)


@pytest.mark.long
def test_on_the_adding_problem_the_plain_network_is_last_at_eight_times_the_budget_too():
    lstm, gru, plain = np.median(contest("adding", range(20, 30)), axis=1)
    assert gru < lstm < plain


@pytest.mark.long
def test_with_four_times_the_parameters_the_copy_goes_to_the_gru_and_with_those_of_the_page_it_does_not():
    few, many = (np.divide(*np.median(contest("copy", range(20, 30), P=P), axis=1)[[1, 0]]) for P in (500, 2000))
    assert many < 0.9
    assert few > 0.95
    assert few > 1.2 * many


RATES = (0.005, 0.01, 0.02, 0.04, 0.08)
RECALL = (partial(recall, lag=15, N=16), 2, 2, (0.04, 0.08, 0.08))


@pytest.mark.long
@pytest.mark.parametrize("task", ["adding", "order", "brackets", "echo", "copy", "recall"])
def test_the_rates_are_the_best_of_five_within_a_tie_of_a_tenth(task):
    """The best has the lowest median of five seeds among the rates at which all five learn."""
    chapter = names_of("two-libraries", "sizing", "tasks")
    *_, rates = row = chapter["TASKS"].get(task, RECALL)
    for place, kind in enumerate(chapter["LAYERS"]):
        how = {"budget": 800, "kinds": [kind], "row": row}
        waits = {rate: contest(task, range(100, 105), rate=rate, **how)[0] for rate in RATES}
        lowest = min(np.median(wait) for wait in waits.values() if np.isfinite(wait).all())
        assert np.isfinite(waits[rates[place]]).all()
        assert np.median(waits[rates[place]]) < 1.1 * lowest
        assert task != "recall" or lowest < 40
