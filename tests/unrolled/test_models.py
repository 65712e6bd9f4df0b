"""The model classes: gradients of the loss, truncation, and that training learns."""

import numpy as np
import pytest

from unrolled import RNN, Adam
from unrolled.tasks import echo


def small(rng, N=3, T=7, D=2, H=4, V=5):
    model = RNN(D, H, V, rng, gain=0.9)
    x, targets = rng.standard_normal((N, T, D)), rng.integers(0, V, (N, T))
    mask = rng.random((N, T)) < 0.7
    mask[0, 0] = True
    return model, x, targets, mask, 0.5 * rng.standard_normal((N, H))


def numeric(loss, array, eps=1e-5):
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + eps
        above = loss()
        array[place] = kept - eps
        below = loss()
        array[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient


def test_gradients_of_every_parameter_agree_with_central_differences():
    model, x, targets, mask, h0 = small(np.random.default_rng(0))
    _, grads = model.loss_and_grads(x, targets, mask, h0)
    assert grads.keys() == model.params.keys()
    for name, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(x, targets, mask, h0)[0], array)
        assert grads[name].shape == array.shape
        assert np.linalg.norm(grads[name] - expected) < 1e-8 * np.linalg.norm(expected), name


@pytest.mark.parametrize("segment", [1, 2, 3, 6])
def test_a_truncated_gradient_is_that_of_a_loss_in_which_the_states_handed_on_are_constants(segment):
    model, x, targets, mask, h0 = small(np.random.default_rng(1))
    _, h = model.forward(x, h0)
    starts = range(0, x.shape[1], segment)
    handed = [h0 if start == 0 else h[:, start - 1].copy() for start in starts]
    count = mask.sum()

    def loss():
        total = 0.0
        for start, state in zip(starts, handed, strict=True):
            here = slice(start, start + segment)
            if mask[:, here].any():
                part, _ = model.loss_and_grads(x[:, here], targets[:, here], mask[:, here], state)
                total += part * mask[:, here].sum()
        return total / count

    _, grads = model.loss_and_grads(x, targets, mask, h0, segment=segment)
    for name, array in model.params.items():
        expected = numeric(loss, array)
        assert np.linalg.norm(grads[name] - expected) < 1e-7 * np.linalg.norm(expected), name


def test_segments_change_the_gradient_and_not_the_loss_and_long_ones_cut_nothing():
    model, x, targets, mask, h0 = small(np.random.default_rng(2))
    loss, grads = model.loss_and_grads(x, targets, mask, h0)
    cut_loss, cut = model.loss_and_grads(x, targets, mask, h0, segment=2)
    _, uncut = model.loss_and_grads(x, targets, mask, h0, segment=7)
    assert cut_loss == pytest.approx(loss, rel=1e-12)
    assert np.linalg.norm(cut["Wh"] - grads["Wh"]) > 0.05 * np.linalg.norm(grads["Wh"])
    for name in grads:
        np.testing.assert_allclose(uncut[name], grads[name], rtol=1e-12)


def test_a_segment_of_no_steps_is_refused():
    model, x, targets, mask, h0 = small(np.random.default_rng(3))
    with pytest.raises(ValueError, match="segment is 0, expected 1 or more"):
        model.loss_and_grads(x, targets, mask, h0, segment=0)


def test_the_start_is_what_the_docstring_says():
    model = RNN(3, 20, 4, np.random.default_rng(4), gain=0.6)
    assert {name: array.shape for name, array in model.params.items()} == {
        "Wx": (3, 20),
        "Wh": (20, 20),
        "b": (20,),
        "Wy": (20, 4),
        "by": (4,),
    }
    np.testing.assert_allclose(np.linalg.svd(model.params["Wh"], compute_uv=False), 0.6)
    assert not model.params["b"].any()
    assert not model.params["by"].any()


def test_the_model_learns_to_echo_bits_well_below_the_loss_of_a_coin():
    rng = np.random.default_rng(0)
    model, optimizer = RNN(1, 8, 2, rng, gain=0.6), Adam(0.015)
    for _ in range(300):
        loss, grads = model.loss_and_grads(*echo(rng))
        optimizer.step(model.params, grads)
    assert loss < 0.1 < np.log(2)
