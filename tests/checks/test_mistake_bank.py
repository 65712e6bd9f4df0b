"""Every known mistake is called by its name, on problems that nobody chose."""

from itertools import combinations

import banks
import numpy as np
import pytest

import unrolled
from autograder.mistakes import loss as loss_bank
from autograder.mistakes import rnn as rnn_bank
from autograder.problems import RNNProblem, draw_rnn

FEW, MANY = range(5), range(100)


def rnn_forward(x, h0, Wx, Wh, b):
    """Run the forward pass; the cache holds what the bank needs to work out a mistake."""
    h, before = np.empty((*x.shape[:2], len(b))), h0
    for t in range(x.shape[1]):
        before = h[:, t] = np.tanh(x[:, t] @ Wx + before @ Wh + b)
    return h, (x, h0, Wx, Wh, b)


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h, cache = rnn_forward(x_t[:, None], h_prev, Wx, Wh, b)
    return h[:, 0], cache


def student_of_the_step(terms):
    """Return a notebook whose rnn_step_backward has these terms wrong."""

    def rnn_step_backward(dh_t, cache):
        dx, *rest = rnn_bank.backward_in_terms(RNNProblem(*cache, dh_t[:, None]), terms).values()
        return dx[:, 0], *rest

    return {"rnn_step_forward": rnn_step_forward, "rnn_step_backward": rnn_step_backward}


def student_of_the_sequence(terms):
    """Return a notebook whose backward passes over sequences have these terms wrong."""

    def rnn_backward(dh, cache):
        return tuple(rnn_bank.backward_in_terms(RNNProblem(*cache, dh), terms).values())

    def rnn_backward_truncated(dh, cache, k):
        return tuple(rnn_bank.backward_in_terms(RNNProblem(*cache, dh), terms, k).values())

    def dWh_contributions(dh, cache):
        kept = {"sum dWh": lambda parts: parts, **terms}
        return rnn_bank.backward_in_terms(RNNProblem(*cache, dh), kept)["dWh"]

    def rnn_rtrl(x, h0, dh, Wx, Wh, b):
        return rnn_backward(dh, (x, h0, Wx, Wh, b))[2:]

    backward = {"rnn_backward": rnn_backward, "repaired_rnn_backward": rnn_backward, "rnn_rtrl": rnn_rtrl}
    forward = {"rnn_forward": rnn_forward, "rnn_step_forward": rnn_step_forward}
    more = {"rnn_backward_truncated": rnn_backward_truncated, "dWh_contributions": dWh_contributions}
    return {**forward, **backward, **more}


def student_of_the_loss(terms):
    """Return a notebook whose softmax_cross_entropy has these terms wrong."""

    def softmax_cross_entropy(logits, targets, mask):
        return tuple(loss_bank.cross_entropy_in_terms(logits, targets, mask, terms).values())

    return {"softmax_cross_entropy": softmax_cross_entropy}


BANKS = {
    "rnn_step_backward": (rnn_bank.STEP_BACKWARD, student_of_the_step),
    "rnn_backward": (rnn_bank.BACKWARD, student_of_the_sequence),
    "dWh_contributions": (rnn_bank.CONTRIBUTIONS, student_of_the_sequence),
    "softmax_cross_entropy": (loss_bank.CROSS_ENTROPY, student_of_the_loss),
    "rnn_backward_truncated": (rnn_bank.TRUNCATED, student_of_the_sequence),
    "rnn_rtrl": (rnn_bank.RTRL, student_of_the_sequence),
}
ENTRIES = [
    pytest.param(check, mistake, id=f"{check}-{mistake.name}") for check, (bank, _) in BANKS.items() for mistake in bank
]


def pairs():
    """Yield pairs of mistakes that can be made together, every seventh of them."""
    for check in ("rnn_step_backward", "rnn_backward", "softmax_cross_entropy"):
        possible = [
            pair for pair in combinations(BANKS[check][0], 2) if not pair[0].terms.keys() & pair[1].terms.keys()
        ]
        for first, second in possible[::7]:
            yield pytest.param(check, first, second, id=f"{check}-{first.name}-{second.name}")


# Where the first mistake leaves the second nothing to change, or both come to the same numbers as two others.
SAME_NUMBERS = {
    ("no_tanh_derivative", "db_from_dh"): ("no_tanh_derivative",),
    ("dh_next_not_added", "dh_next_after_tanh"): ("dh_next_after_tanh",),
    ("upstream_of_last_step_only", "dh_next_after_tanh"): ("dh_next_after_tanh",),
    ("dh0_is_dz", "no_tanh_derivative"): ("dh0_before_Wh", "no_tanh_derivative"),
}


def names_given(check, terms, seeds):
    """Return what the check calls these wrong terms, one entry a seed; "passed" if it saw nothing."""
    namespace = BANKS[check][1](terms)
    failures = [banks.verdict(check, namespace, seed) for seed in seeds]
    return ["passed" if failure is None else failure.mistakes for failure in failures]


@pytest.mark.parametrize(("check", "mistake"), ENTRIES)
def test_a_mistake_is_called_by_its_name(check, mistake):
    assert names_given(check, mistake.terms, FEW) == [(mistake.name,)] * len(FEW)


@pytest.mark.slow
@pytest.mark.parametrize(("check", "mistake"), ENTRIES)
def test_a_mistake_is_called_by_its_name_on_a_hundred_problems(check, mistake):
    assert names_given(check, mistake.terms, MANY) == [(mistake.name,)] * len(MANY)


@pytest.mark.parametrize(("check", "first", "second"), list(pairs()))
def test_two_mistakes_at_once_are_both_called_by_their_names(check, first, second):
    given = names_given(check, {**first.terms, **second.terms}, range(2))
    same = SAME_NUMBERS.get((first.name, second.name), (first.name, second.name))
    assert given == [same] * 2


def test_the_banks_of_one_step_and_of_a_sequence_hold_at_least_eight_mistakes_each():
    assert len(rnn_bank.STEP_BACKWARD) >= 8
    assert len(rnn_bank.SEQUENCE_ONLY) >= 8


@pytest.mark.parametrize("check", BANKS)
def test_names_within_a_bank_are_unique_and_every_sentence_ends_in_a_full_stop(check):
    bank, _ = BANKS[check]
    names = [mistake.name for mistake in bank]
    assert len(set(names)) == len(names)
    assert [mistake.name for mistake in bank if not mistake.sentence.endswith(".")] == []


def test_the_right_terms_give_the_gradients_of_the_fused_layer():
    for seed in range(20):
        problem = draw_rnn(np.random.default_rng(seed))
        _, cache = unrolled.rnn_forward(**problem.point)
        fused = unrolled.rnn_backward(problem.dh, cache)
        for name, expected, came in zip(
            ("dx", "dh0", "dWx", "dWh", "db"), fused, rnn_bank.backward_in_terms(problem).values(), strict=True
        ):
            np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-12, err_msg=name)
