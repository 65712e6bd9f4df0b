"""An encoder and a decoder: their problems, and right answers found without the course's own layer."""

import numpy as np
import pytest
from complex_steps import complex_step

from autograder.layers import encoder_decoder

SEEDS = range(30)
CASES = {case.circumstance: case.options for case in encoder_decoder.backward.cases}
TENSORS = ("x", "y_in", "Wx_enc", "Wh_enc", "b_enc", "Wx_dec", "Wh_dec", "b_dec")


def drawn(seed, **options):
    """Return the problem of a seed."""
    return encoder_decoder.draw(np.random.default_rng(seed), **options)


def encoded(given):
    """Return the states of the encoder, carried on behind the end of a row; all of them, (N, T, H)."""
    h_t, found = np.zeros((len(given["x"]), len(given["b_enc"]))), []
    for t in range(given["x"].shape[1]):
        new = np.tanh(given["x"][:, t] @ given["Wx_enc"] + h_t @ given["Wh_enc"] + given["b_enc"])
        h_t = np.where((t < given["lengths"])[:, None], new, h_t)
        found.append(h_t)
    return np.stack(found, axis=1)


def states(given):
    """Return the states of the decoder, of complex numbers too."""
    h_t, found = encoded(given)[:, -1], []
    for s in range(given["y_in"].shape[1]):
        h_t = np.tanh(given["y_in"][:, s] @ given["Wx_dec"] + h_t @ given["Wh_dec"] + given["b_dec"])
        found.append(h_t)
    return np.stack(found, axis=1)


def loss(given):
    """Return the part of the loss of every state, of complex numbers too."""
    return states(given) * given["dh_dec"]


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_right_states_and_gradients_are_those_of_a_walk_with_a_mask(options):
    problem = drawn(3, **options)
    right = encoder_decoder.backward.right(problem)
    np.testing.assert_allclose(right["h_dec"], states(problem.given), rtol=1e-12, atol=1e-14)
    for tensor in TENSORS:
        expected = complex_step(loss, problem.given, tensor)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(right[f"d{tensor}"], expected, rtol=1e-8, atol=1e-11 * scale, err_msg=tensor)


def test_the_state_after_the_padding_is_not_that_of_the_last_real_step():
    for seed in SEEDS:
        problem = drawn(seed)
        wrong = encoder_decoder.forward.outcome(problem, {"start": lambda h_enc: h_enc[:, -1]})["h_dec"]
        apart = np.abs(wrong - states(problem.given)).max(axis=(1, 2))
        full = problem.given["lengths"] == problem.sizes["T"]
        assert np.all(apart[full] < 1e-12)
        assert np.all(apart[~full] > 1e-3)


def test_the_encoder_gets_a_gradient_that_can_be_seen_also_where_the_loss_is_late():
    for seed in SEEDS:
        for late in (False, True):
            right = encoder_decoder.backward.right(drawn(seed, late=late))
            assert np.linalg.norm(right["dWh_enc"]) > 1e-4 * np.linalg.norm(right["dWh_dec"])


def test_six_sizes_are_all_different():
    for seed in SEEDS:
        sizes = drawn(seed).sizes
        assert len({sizes[letter] for letter in "NTDHSE"}) == 6


def test_saturated_states_are_nearly_one_in_both_layers():
    for seed in SEEDS:
        given = drawn(seed, saturated=True).given
        last = encoded(given)[:, -1]
        for h in (np.abs(last), np.abs(states(given))):
            assert h.min() > 0.9999
            assert h.max() < 1 - 1e-6


def test_whatever_goes_wrong_on_the_way_back_the_equation_to_look_at_is_that_of_the_way_back():
    equations = encoder_decoder.backward.work_out.equations
    assert {equations[term] for known in encoder_decoder.backward.mistakes for term in known.terms} == {
        "encoder-decoder-dh"
    }
