"""The gradients of a GRU: the trusted ones are right, and the problems show what a check relies on."""

from collections.abc import Mapping

import numpy as np
import pytest
from complex_steps import complex_step

import unrolled
from autograder.engine.backward import ANALYTIC, ANALYTIC_SATURATED
from autograder.engine.gradients import norm_relative_error, numeric_gradient
from autograder.engine.student import CheckFailed, Student
from autograder.layers import gru, gru_backward
from autograder.layers.gru import draw_before
from autograder.sets import QUESTIONS, ask

TENSORS = ("x", "h0", "Wx", "Wh", "b", "bh")
STEP_TENSORS = ("x_t", "h_prev", "Wx", "Wh", "b", "bh")
CASES = {case.circumstance: case for case in gru_backward.CASES}


def drawn(seed, calculation=gru_backward.sequence, **options):
    """Return the problem of a seed."""
    return calculation.draw(np.random.default_rng(seed), **options)


def loss(given: Mapping):
    """Return the part of the loss of every state, (N, T, H), of complex numbers too."""
    h, parts = given["h0"], []
    for t in range(given["x"].shape[1]):
        x = np.split(given["x"][:, t] @ given["Wx"] + given["b"], 3, axis=1)
        U = np.split(given["Wh"], 3, axis=1)
        d = np.split(given["bh"], 3) if "bh" in given else (0.0, 0.0, 0.0)
        r, z = (0.5 * np.tanh(0.5 * (x[k] + h @ U[k] + d[k])) + 0.5 for k in (0, 1))
        n = np.tanh(x[2] + (r * (h @ U[2] + d[2]) if "bh" in given else (r * h) @ U[2]))
        h = (1 - z) * n + z * h
        parts.append(h * given["dh"][:, t])
    return np.stack(parts, axis=1)


@pytest.mark.parametrize("circumstance", ["", *CASES])
def test_the_trusted_gradient_is_right_far_below_the_bound_for_lost_digits(circumstance):
    case = CASES.get(circumstance)
    bound = ANALYTIC / 10 if case is None or case.exact else ANALYTIC_SATURATED / 5
    for seed in range(3):
        problem = drawn(seed, **(case.options if case else {}))
        right = gru_backward.sequence.right(problem)
        for tensor in TENSORS:
            error = norm_relative_error(complex_step(loss, problem.given, tensor), right[f"d{tensor}"])
            assert error < bound, (tensor, error)


@pytest.mark.parametrize(
    ("calculation", "draw"), [(gru_backward.step, gru.draw), (gru_backward.step_before, draw_before)]
)
def test_the_gradient_of_one_step_is_that_of_its_loss(calculation, draw):
    for seed in range(10):
        problem, whole = drawn(seed, calculation), draw(np.random.default_rng(seed), T=1)
        right = calculation.right(problem)
        for tensor, step_tensor in zip(TENSORS, STEP_TENSORS, strict=True):
            if tensor in whole.given:
                expected = complex_step(loss, whole.given, tensor).reshape(right[f"d{step_tensor}"].shape)
                assert norm_relative_error(expected, right[f"d{step_tensor}"]) < ANALYTIC / 10


@pytest.mark.parametrize("tensor", ["b", "Wh"])
def test_differences_of_a_distracted_loss_have_lost_all_digits(tensor):
    for seed in range(5):
        given = drawn(seed, distracted=True).given
        right = complex_step(loss, given, tensor)

        def whole(point, given=given):
            return float(np.sum(loss({**given, **point})))

        for step in (1e-6, 1e-5, 1e-4):
            assert norm_relative_error(numeric_gradient(whole, given, tensor, step=step), right) > 1e4 * ANALYTIC


def test_a_gradient_of_a_long_sequence_reaches_its_beginning_from_more_than_ten_steps_on():
    for seed in range(100):
        given = drawn(seed, **gru_backward.LONG_CASE.options).given
        _, cache = unrolled.gru_forward(given["x"], given["h0"], **gru.weights_of(given))
        near = np.where(np.arange(given["x"].shape[1])[:, None] < 10, given["dh"], 0.0)
        dh0, dh0_from_near = (unrolled.gru_backward(dh, cache)[1] for dh in (given["dh"], near))
        assert norm_relative_error(dh0, dh0_from_near) > 1e-2


def test_every_message_about_a_gate_says_which():
    words = {"r": "reset", "z": "update", "n": "candidate"}
    for known in (*gru_backward.SLOPES, *gru_backward.SHARES):
        touched = {term.removeprefix("da_") for term in known.terms if term.startswith("da_")}
        if known.name not in ("z_turned_round", "shares_swapped"):
            touched |= {term.removeprefix("d") for term in known.terms if term in ("dr", "dz", "dn")}
        for gate in touched:
            assert words[gate] in known.sentence.lower(), known.name


@pytest.mark.parametrize("gate", range(3))
def test_of_a_mistake_that_nobody_knows_the_gate_is_told(gate):
    def gru_step_forward(x_t, h_prev, Wx, Wh, b, bh):
        h, cache = unrolled.gru_forward(x_t[:, None], h_prev, Wx, Wh, b, bh)
        return h[:, 0], {"cache": cache}

    def gru_step_backward(dh_total, cache):
        dx, dh_prev, dWx, dWh, db, dbh = unrolled.gru_backward(dh_total[:, None], cache["cache"])
        H = len(db) // 3
        db[gate * H : (gate + 1) * H] *= 1.1
        return dx[:, 0], dh_prev, dWx, dWh, db, dbh

    namespace = {"gru_step_forward": gru_step_forward, "gru_step_backward": gru_step_backward}
    for seed in range(3):
        with pytest.raises(CheckFailed) as told:
            ask(QUESTIONS["gru_step_backward"], Student.of_namespace(namespace), seed)
        assert f"  In db, {'rzn'[gate]} is wrong; " in str(told.value)


def test_every_backward_function_has_more_than_twelve_mistakes_with_a_name():
    for calculation in (gru_backward.step, gru_backward.step_before, gru_backward.sequence, gru_backward.published):
        assert len({known.origin for known in calculation.mistakes}) >= 12
