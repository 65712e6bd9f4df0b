"""Whole messages, word by word, as a learner of the real sets reads them."""

import re

import numpy as np
import pytest

import solutions
from autograder.sets import QUESTIONS


def said(name, *substitutions, seed=0):
    """Return what is said of the true solution with some texts replaced."""
    set_name = next(set_name for set_name, question in solutions.questions() if question.name == name)
    source = solutions.solution_cells(set_name)[solutions.defining_cell(set_name, name)]
    for old, new in substitutions:
        assert old in source
        source = source.replace(old, new)
    return str(solutions.verdict(QUESTIONS[name], solutions.with_cell(set_name, name, source), seed))


DROPPED = ("dh[:, t] + dh_next", "dh[:, t]")

GOLDEN_DROPPED = """\
rnn_backward is not right yet. Wrong: dx, dh0, dWx, dWh, db.
  dh_next from step t + 1 is not added to the upstream gradient of step t.
  See equation bptt-dh in the book: 03-backpropagation-through-time.html#equation-bptt-dh
  dx is right at t = {last} and goes wrong at t = {before}.
  dx{entry}: yours {yours}, numeric gradient {numeric}.
  Norm-relative error of dx: {error}; at most 1e-06 passes.
  The same numbers again: check("rnn_backward", seed=0)"""

GOLDEN_IN_PLACE = """\
repaired_rnn_backward changes its argument dh in place.
The caller still needs dh: the next call would get different numbers and go wrong.
Both `dh += …` and `dh[…] = …` write into the caller's array, also under another name such as `a = dh`. Work on a \
copy, or give the result a name of its own.
  The same numbers again: check("repaired_rnn_backward", seed=0)"""


def test_a_named_mistake_is_told_in_these_lines_and_no_others(monkeypatch):
    monkeypatch.delenv("UNROLLED_BOOK", raising=False)
    number = r"-?\d[\d.e+-]*"
    pattern = re.escape(GOLDEN_DROPPED)
    for field, expected in {
        "last": r"\d", "before": r"\d", "entry": r"\[\d, \d, \d\]", "yours": number, "numeric": number, "error": number,
    }.items():  # fmt: skip
        pattern = pattern.replace(rf"\{{{field}\}}", expected)
    assert re.fullmatch(pattern, said("rnn_backward", DROPPED))


def test_an_argument_changed_in_place_is_told_in_these_lines_and_no_others():
    published = ("dz = (dh[:, t] + dh_next)", "dh[:, t] += dh_next; dz = dh[:, t]")
    assert said("repaired_rnn_backward", published) == GOLDEN_IN_PLACE


def test_the_bug_that_a_notebook_gives_to_find_is_refused_as_it_stands():
    ps2, ps3, ps4, ps7 = (solutions.true_solution(set_name) for set_name in ("ps2", "ps3", "ps4", "ps7"))
    for name, namespace, published, told in (
        ("repaired_time_major_rnn", ps2, "time_major_rnn", "Sequences are mixed"),
        ("repaired_rnn_backward", ps3, "published_rnn_backward", "changes its argument dh in place"),
        ("repaired_clip_by_value", ps4, "published_clip_by_value", "its sign flips"),
        ("repaired_bidirectional_rnn", ps7, "published_bidirectional_rnn", "still the published function"),
    ):
        for seed in range(10):
            failure = solutions.verdict(QUESTIONS[name], {**namespace, name: namespace[published]}, seed)
            assert told in str(failure)


def test_the_bugs_of_an_lstm_that_were_published_are_told_all_at_once():
    published = {**solutions.true_solution("ps5")}
    published["repaired_lstm_backward"] = published["published_lstm_backward"]
    for seed in range(10):
        failure = solutions.verdict(QUESTIONS["repaired_lstm_backward"], published, seed)
        assert failure.mistakes == ("nothing_carried", "db_of_o_is_that_of_f")


def test_the_printed_seed_gives_the_same_failure_again():
    source = solutions.solution_cells("ps3")[solutions.defining_cell("ps3", "rnn_backward")].replace(*DROPPED)
    namespace = solutions.with_cell("ps3", "rnn_backward", source)
    first = solutions.verdict(QUESTIONS["rnn_backward"], namespace, None)
    seed = int(str(first).rpartition("seed=")[2].rstrip(")"))
    assert str(solutions.verdict(QUESTIONS["rnn_backward"], namespace, seed)) == str(first)


def test_a_measurement_of_a_fixed_network_names_no_seed():
    failure = solutions.verdict(QUESTIONS["faded_steps"], {"faded_steps": 1}, 5)
    assert "seed" not in str(failure)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_step_named_is_the_first_that_goes_wrong_on_the_way_back(step):
    # The gradient that reaches the step is doubled there, so all before it are wrong, and none after it.
    doubled = ("dx[:, t], dh_next, dWx_t", f"if t == {step}: dh_next = 2 * dh_next\n        dx[:, t], dh_next, dWx_t")
    where = f"goes wrong at t = {step}." if step else "dx is wrong at t = 0 only."
    assert all(where in said("rnn_backward", doubled, seed=seed) for seed in range(10))


def test_a_constant_forward_pass_with_a_zero_backward_pass_is_refused():
    # Their gradients agree, so the values of the forward pass have to be looked at.
    def rnn_forward(x, h0, Wx, Wh, b):
        return np.zeros((*x.shape[:2], len(b))), (x, h0, Wx, Wh, b)

    def rnn_backward(dh, cache):
        return tuple(np.zeros(value.shape) for value in cache)

    namespace = {"rnn_forward": rnn_forward, "rnn_backward": rnn_backward}
    assert "rnn_forward: h is wrong" in str(solutions.verdict(QUESTIONS["rnn_backward"], namespace, 0))


def complex_step(dh_total, cache):
    """Differentiate one step by complex steps, exact to the last digit and one forward pass for every weight."""
    x_t, h_prev, Wx, Wh, h_t = cache
    b = np.arctanh(h_t[0]) - x_t[0] @ Wx - h_prev[0] @ Wh
    point = [x_t, h_prev, Wx, Wh, np.where(np.isfinite(b), b, 40.0 * np.sign(h_t[0]))]
    gradients = []
    for position, value in enumerate(point):
        gradient = np.empty(value.shape)
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1e-30j
            x, h, U, W, bias = (*point[:position], moved, *point[position + 1 :])
            gradient[index] = np.sum(np.tanh(x @ U + h @ W + bias) * dh_total).imag / 1e-30
        gradients.append(gradient)
    return tuple(gradients)


def test_a_right_gradient_that_runs_forward_twice_for_every_weight_is_refused_for_its_cost():
    true = solutions.true_solution("ps3")

    def two_passes_for_every_weight(dh_total, cache):
        x_t, h_prev, Wx, Wh, _ = cache
        gradients = true["rnn_step_backward"](dh_total, cache)
        for _ in range(2 * sum(gradient.size for gradient in gradients)):
            np.tanh(x_t @ Wx + h_prev @ Wh)
        return gradients

    namespace = {**true, "rnn_step_backward": two_passes_for_every_weight}
    failure = solutions.verdict(QUESTIONS["rnn_step_backward"], namespace, 0)
    assert "times as long as a forward and a backward pass have to, when there are 40,000 weights" in str(failure)


def test_complex_steps_are_refused_where_a_weight_is_next_to_nothing():
    failure = solutions.verdict(
        QUESTIONS["rnn_step_backward"], {**solutions.true_solution("ps3"), "rnn_step_backward": complex_step}, 0
    )
    assert "right for ordinary weights, and wrong where some are as small as" in str(failure)


def test_a_numpy_error_is_told_in_the_words_of_this_course_with_where_it_happened():
    message = said("rnn_step_backward", ("dx_t = dz @ Wx.T", "dx_t = dz @ (Wx.T if len(dz) > 1 else Wx)"))
    assert "`@` needs equal inner sizes" in message
    assert "  That is at N = 1." in message


def test_a_function_that_fails_in_one_circumstance_only_is_told_which():
    assert "That is with h0 = None, which stands for zeros." in said(
        "rnn_forward", ("np.zeros((N, H)) if h0 is None else h0", "h0 + 0")
    )
    assert "That is at N = 1." in said("rnn_forward", ("return h, cache", "return h.squeeze(), cache"))


def test_a_shape_with_layers_or_directions_is_told_in_words_of_the_notebook():
    flat = ("return from_above, dh0, dW, dWup, dWh, db", "return from_above, dh0, dW, dWh, dWh, db")
    assert re.search(
        r"dWup has shape \((\d), .*expected \(L-1, H, H\) = \((?!\1)\d, ", said("stacked_rnn_backward", flat)
    )
    swapped = ("*both", "*(d[0] for d in both)")
    assert "dh0 has shape" in said("bidirectional_rnn_backward", swapped)
    assert "expected (2, N, H) = (2," in said("bidirectional_rnn_backward", swapped)


def test_a_gate_counted_from_one_is_not_taken_for_a_gate_counted_in_another_order():
    """At one k both hold the same gate; at this seed nearly all problems that are tried have that k."""
    held, counted_from_one = "gates[k] = np.full_like(c_t, value)", "gates[k - 1] = np.full_like(c_t, value)"
    said_of_it = said("lstm_forward_clamped", (held, f"if k > 0:\n            {counted_from_one}"), seed=85)
    assert "k counts from 0, so that 0 is i" in said_of_it
