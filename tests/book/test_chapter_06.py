"""What chapter 6 says of its figures, tried to refute: more updates, other rates, optimizers, sizes and seeds."""

import ast
from functools import partial
from math import isqrt
from pathlib import Path

import nbformat
import numpy as np
import pytest

import unrolled
from unrolled import GRU, LSTM, RNN, Adam, RMSProp
from unrolled.training import updates_until_learned

CHAPTER = Path(__file__).resolve().parents[2] / "book" / "06-gated-recurrent-units.ipynb"
KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign)


def names_of(*cells):
    """Return the imports, constants in capitals and functions of some cells of the chapter, by name."""
    sources = {cell.id: cell.source for cell in nbformat.read(CHAPTER, as_version=4).cells}
    names = {}
    for cell in cells:
        kept = [node for node in ast.parse(sources[cell]).body if isinstance(node, KEPT) and not_a_result(node)]
        exec(compile(ast.Module(kept, []), cell, "exec"), names)
    return names


def not_a_result(node):
    """Return whether a statement is something other than the assignment of a measured value."""
    return not isinstance(node, ast.Assign) or all(getattr(target, "id", "").isupper() for target in node.targets)


# -------------------------------------------------------------------------------------- two libraries, one step


def moved_error(seed, *, updates=250, H=10, T=20, optimizer=None, rate=0.05):
    """Train a GRU to add; return its error where it learned and with the reset on the other side."""
    chapter = names_of("two-libraries")
    rng = np.random.default_rng(seed)
    model = GRU(2, H, 1, rng, update_bias=1.0, loss="squared_error")
    make = optimizer or Adam
    model.fit(lambda: chapter["adding"](rng, T=T, N=16), make(rate), updates=updates, clip=1.0)
    x, sums, _ = chapter["adding"](np.random.default_rng(99), T=T, N=300)
    return [np.mean((chapter["answers"](model, x, side) - sums[:, -1]) ** 2) for side in (True, False)]


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [{"updates": 2000}, {"H": 24}, {"T": 40, "updates": 500}, {"optimizer": RMSProp, "rate": 0.01, "updates": 500}],
    ids=["eight times the updates", "24 units", "40 numbers", "RMSProp"],
)
def test_on_the_other_side_the_error_grows_after_more_updates_at_other_sizes_and_with_rmsprop(how):
    learned, other = np.array([moved_error(seed, **how) for seed in range(20, 26)]).T
    assert np.median(learned) < 0.01
    assert np.all(other > learned)
    assert np.median(other / learned) > 3


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


def contest(task, seeds, *, factor=1.0, optimizer=Adam, budget=8000, P=500, update_bias=1.0):
    """Return the updates (3, seeds) that LSTM, GRU and plain network need, with rates times a factor."""
    chapter = names_of("two-libraries", "sizing", "tasks")
    draw, D, V, rates = chapter["TASKS"][task]
    layers = {**chapter["LAYERS"], "GRU": partial(GRU, update_bias=update_bias)}
    needed = []
    for (kind, layer), rate in zip(layers.items(), rates, strict=True):
        H, row = chapter["hidden_size_for"](P, D, kind), []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            model = layer(D, H, V, rng, loss="squared_error" if task == "adding" else "cross_entropy")
            stop = {"below": 0.3 * chapter["guessing"](draw), "over": 10, "budget": budget, "clip": 1.0}
            learned = updates_until_learned(model, optimizer(rate * factor), lambda d=draw, r=rng: d(r), **stop)
            row.append(learned)
        needed.append(row)
    return np.array(needed)


CIRCUMSTANCES = pytest.mark.parametrize(
    "how",
    [{}, {"P": 2000}, {"optimizer": RMSProp, "factor": 0.3}, {"factor": 0.5}],
    ids=["other seeds", "four times the parameters", "RMSProp", "half the rates"],
)


@pytest.mark.long
@CIRCUMSTANCES
@pytest.mark.parametrize("task", ["adding", "order", "brackets"])
def test_the_gru_is_ahead_of_the_lstm_where_the_page_says_it(task, how):
    lstm, gru, _ = np.median(contest(task, range(20, 30), **how), axis=1)
    assert gru < lstm


@pytest.mark.long
@CIRCUMSTANCES
@pytest.mark.parametrize("task", ["echo", "copy"])
def test_the_plain_network_is_far_ahead_where_a_stream_is_passed_on(task, how):
    lstm, gru, plain = np.median(contest(task, range(20, 25), **how), axis=1)
    assert plain < 0.5 * min(lstm, gru)


@pytest.mark.long
def test_on_the_adding_problem_the_plain_network_is_last_at_eight_times_the_budget_too():
    lstm, gru, plain = np.median(contest("adding", range(20, 30)), axis=1)
    assert gru < lstm < plain


@pytest.mark.long
def test_with_an_update_bias_of_0_the_gru_needs_fewer_updates_for_the_echo():
    lstm, gru, _ = np.median(contest("echo", range(20, 30), update_bias=0.0), axis=1)
    assert 0.6 < gru / lstm < 1.7
    assert gru < np.median(contest("echo", range(20, 30))[1])


@pytest.mark.long
@pytest.mark.parametrize("task", ["adding", "order", "brackets", "echo", "copy"])
def test_no_rate_of_the_five_is_much_better_than_the_one_of_the_page(task):
    rates = names_of("two-libraries", "sizing", "tasks")["TASKS"][task][3]
    chosen = np.median(contest(task, range(100, 105), budget=800), axis=1)
    for kind, rate in enumerate(rates):
        for other in (0.005, 0.01, 0.02, 0.04, 0.08):
            there = np.median(contest(task, range(100, 105), budget=800, factor=other / rate)[kind])
            assert chosen[kind] < 1.35 * there, other
