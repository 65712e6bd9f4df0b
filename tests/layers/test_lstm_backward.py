"""The gradients of an LSTM: the trusted ones are right, and the problems show what a check relies on."""

from collections.abc import Mapping

import numpy as np
import pytest
from complex_steps import complex_step

import unrolled
from autograder.engine.backward import ANALYTIC, ANALYTIC_SATURATED
from autograder.engine.gradients import norm_relative_error, numeric_gradient
from autograder.engine.student import CheckFailed, Student
from autograder.layers import lstm, lstm_backward
from autograder.sets import QUESTIONS, ask

TENSORS = ("x", "h0", "c0", "Wx", "Wh", "b")
STEP_TENSORS = ("x_t", "h_prev", "c_prev", "Wx", "Wh", "b")
CASES = {case.circumstance: case for case in lstm_backward.CASES}


def drawn(seed, calculation=lstm_backward.sequence, **options):
    """Return the problem of a seed."""
    return calculation.draw(np.random.default_rng(seed), **options)


def loss(given: Mapping):
    """Return the parts of the loss of all hidden states and of the last cell, (NTH + NH,), of complex numbers too."""
    h, c, parts = given["h0"], given["c0"], []
    for t in range(given["x"].shape[1]):
        z = np.split(given["x"][:, t] @ given["Wx"] + h @ given["Wh"] + given["b"], 4, axis=1)
        i, f, o = (0.5 * np.tanh(0.5 * z[k]) + 0.5 for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
        parts.append(h * given["dh"][:, t])
    last = c * (0 if given["dc_T"] is None else given["dc_T"])
    return np.concatenate([np.ravel(np.stack(parts, axis=1)), np.ravel(last)])


@pytest.mark.parametrize("circumstance", ["", *CASES])
def test_the_trusted_gradient_is_right_far_below_the_bound_for_lost_digits(circumstance):
    case = CASES.get(circumstance)
    bound = ANALYTIC / 10 if case is None or case.exact else ANALYTIC_SATURATED / 5
    for seed in range(3):
        problem = drawn(seed, **(case.options if case else {}))
        right = lstm_backward.sequence.right(problem)
        for tensor in TENSORS:
            error = norm_relative_error(complex_step(loss, problem.given, tensor), right[f"d{tensor}"])
            assert error < bound, (tensor, error)


def test_the_gradient_of_one_step_is_that_of_its_loss():
    for seed in range(10):
        problem, whole = drawn(seed, lstm_backward.step), drawn(seed, T=1)
        right = lstm_backward.step.right(problem)
        for tensor, step_tensor in zip(TENSORS, STEP_TENSORS, strict=True):
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


def test_a_gradient_arrives_at_the_last_cell_that_is_as_large_as_the_others():
    for seed in range(30):
        given = drawn(seed).given
        assert 0.3 < np.std(given["dc_T"]) / np.std(given["dh"]) < 3
        assert np.abs(given["dh"]).max() > 10  # shows a gradient that is clipped there


def test_every_message_about_a_gate_says_which():
    words = {gate: name.split()[0] for gate, name in lstm.GATES.items()}
    for known in lstm_backward.STEP_MISTAKES:
        touched = {term.removeprefix("dz_") for term in known.terms if term.startswith("dz_")}
        touched |= {term.removeprefix("d") for term in known.terms if term in ("di", "df", "dg", "do")}
        if known.name in ("opposite_sign", "divided_by_N"):
            continue
        for gate in touched:
            assert words[gate] in known.sentence.lower(), known.name


@pytest.mark.parametrize("gate", range(4))
def test_of_a_mistake_that_nobody_knows_the_gate_is_told(gate):
    def lstm_step_forward(x_t, h_prev, c_prev, Wx, Wh, b):
        h, c_t, cache = unrolled.lstm_forward(x_t[:, None], h_prev, c_prev, Wx, Wh, b)
        return h[:, 0], c_t, {"cache": cache}

    def lstm_step_backward(dh_total, dc_next, cache):
        dx, *others, db = unrolled.lstm_backward(dh_total[:, None], dc_next, cache["cache"])
        H = len(db) // 4
        db[gate * H : (gate + 1) * H] *= 1.1
        return dx[:, 0], *others, db

    namespace = {"lstm_step_forward": lstm_step_forward, "lstm_step_backward": lstm_step_backward}
    for seed in range(3):
        with pytest.raises(CheckFailed) as told:
            ask(QUESTIONS["lstm_step_backward"], Student.of_namespace(namespace), seed)
        assert f"  In db, {'ifgo'[gate]} is wrong; " in str(told.value)


def test_two_gates_that_have_changed_places_are_told_apart():
    swapped = [known.sentence for known in lstm_backward.STEP_MISTAKES if known.family == "dz.swapped"]
    copied = [known.sentence for known in lstm_backward.COPIED]
    assert (len(set(swapped)), len(set(copied))) == (6, 12)


def test_a_step_has_more_than_twelve_mistakes_with_a_name_and_so_has_a_sequence():
    for calculation in (lstm_backward.step, lstm_backward.sequence):
        assert len({known.origin for known in calculation.mistakes}) >= 12
    for calculation in (lstm.gates, lstm.step, lstm.sequence, lstm.clamped):
        assert len({known.origin for known in calculation.mistakes}) >= 6
