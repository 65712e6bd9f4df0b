"""Stacked layers: what the layers hand to each other, the model made of them, and their errors."""

import numpy as np
import pytest
from central_differences import numeric

from unrolled import GRU, LSTM, RNN, Adam, Stacked, stacked_backward, stacked_forward
from unrolled.cells import CELLS, cell
from unrolled.stacked import stacked_cell
from unrolled.tasks import brackets

N, T, D, H, V = 3, 7, 2, 4, 5
MODELS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
each_cell = pytest.mark.parametrize("kind", CELLS)


def two_layers(kind, seed=0, sizes=(H, 6)):
    """Return a batch and the parameters of two layers, of unequal size where that is not forbidden."""
    rng = np.random.default_rng(seed)
    layers = [cell(kind).start(D, sizes[0], rng), cell(kind).start(sizes[0], sizes[1], rng)]
    return rng.standard_normal((N, T, D)), layers


def batch(seed, model_states):
    rng = np.random.default_rng(seed)
    mask = rng.random((N, T)) < 0.7
    mask[0, 0] = True
    state = tuple(0.5 * rng.standard_normal((N, H)) for _ in range(model_states))
    return (rng.standard_normal((N, T, D)), rng.integers(0, V, (N, T)), mask), state


@each_cell
def test_the_second_layer_reads_the_hidden_states_of_the_first(kind):
    x, layers = two_layers(kind)
    below, state_below, _ = cell(kind).forward(x, (None,) * cell(kind).states, layers[0])
    above, state_above, _ = cell(kind).forward(below, (None,) * cell(kind).states, layers[1])
    h, states, _ = stacked_forward(x, layers, cell=kind)
    np.testing.assert_array_equal(h, above)
    assert h.shape == (N, T, 6)
    for ours, expected in zip(states, (state_below, state_above), strict=True):
        np.testing.assert_array_equal(ours, expected)


@each_cell
def test_one_layer_is_the_plain_layer_with_the_same_weights(kind):
    one, plain = (
        make(np.random.default_rng(1))
        for make in (
            lambda rng: Stacked(D, H, V, rng, cell=kind, layers=1),
            lambda rng: MODELS[kind](D, H, V, rng),
        )
    )
    (x, targets, mask), _ = batch(2, 0)
    loss, grads = plain.loss_and_grads(x, targets, mask)
    other_loss, other = one.loss_and_grads(x, targets, mask)
    assert other_loss == loss
    for name, gradient in grads.items():
        np.testing.assert_array_equal(other[name if name in ("Wy", "by") else f"{name}1"], gradient)


@each_cell
def test_from_one_stretch_to_the_next_the_states_are_handed_on(kind):
    x, layers = two_layers(kind)
    whole, last, _ = stacked_forward(x, layers, cell=kind)
    first, states, _ = stacked_forward(x[:, :3], layers, cell=kind)
    second, again, _ = stacked_forward(x[:, 3:], layers, states, cell=kind)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-13)
    for ours, expected in zip(again, last, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-13)


def test_none_may_stand_for_the_state_of_one_layer():
    x, layers = two_layers("lstm", sizes=(H, H))
    state = (np.ones((N, H)), np.ones((N, H)))
    zeros = (np.zeros((N, H)), np.zeros((N, H)))
    h, _, cache = stacked_forward(x, layers, [None, state], cell="lstm")
    np.testing.assert_array_equal(h, stacked_forward(x, layers, [zeros, state], cell="lstm")[0])
    dx = stacked_backward(np.ones_like(h), [None, zeros], cache)[0]
    np.testing.assert_array_equal(dx, stacked_backward(np.ones_like(h), None, cache)[0])


def test_options_reach_every_layer():
    rng = np.random.default_rng(3)
    layers = [cell("gru").start(D, H, rng, reset_after=False), cell("gru").start(H, H, rng, reset_after=False)]
    x = rng.standard_normal((N, T, D))
    before, *_ = stacked_forward(x, layers, cell="gru", reset_after=False)
    step_by_step = x
    for params in layers:
        step_by_step, *_ = cell("gru").forward(step_by_step, (None,), params, reset_after=False)
    np.testing.assert_array_equal(before, step_by_step)
    assert np.abs(before - stacked_forward(x, layers, cell="gru")[0]).max() > 1e-3


def test_more_than_nine_layers_keep_their_numbers():
    layers = stacked_cell("rnn", 12)
    params = layers.start(D, H, np.random.default_rng(0))
    assert list(params)[-3:] == ["Wx12", "Wh12", "b12"]
    x = np.random.default_rng(1).standard_normal((N, T, D))
    each = [{name: params[f"{name}{number}"] for name in ("Wx", "Wh", "b")} for number in range(1, 13)]
    h, *_ = layers.forward(x, (None,) * 12, params)
    np.testing.assert_array_equal(h, stacked_forward(x, each, cell="rnn")[0])


@each_cell
def test_gradients_of_every_parameter_of_the_model_agree_with_central_differences(kind):
    model = Stacked(D, H, V, np.random.default_rng(4), cell=kind, layers=2, gain=0.9)
    draw, state = batch(5, 2 * cell(kind).states)
    _, grads = model.loss_and_grads(*draw, state)
    assert grads.keys() == model.params.keys()
    assert model.grads is grads
    for name, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(*draw, state)[0], array)
        assert np.linalg.norm(grads[name] - expected) < 1e-8 * np.linalg.norm(expected), name


@each_cell
def test_a_segment_cuts_the_gradient_in_every_layer_and_leaves_the_loss_as_it_is(kind):
    model = Stacked(D, H, V, np.random.default_rng(6), cell=kind, layers=2)
    (x, targets, mask), state = batch(7, 2 * cell(kind).states)
    handed, starts = [state], (0, 3, 6)
    for start in starts[:-1]:
        after = model._cell.forward(x[:, start : start + 3], handed[-1], model.params)[1]
        handed.append(tuple(array.copy() for array in after))

    def loss():
        total = 0.0
        for start, held in zip(starts, handed, strict=True):
            here = slice(start, start + 3)
            if mask[:, here].any():
                part, _ = model.loss_and_grads(x[:, here], targets[:, here], mask[:, here], held)
                total += part * mask[:, here].sum()
        return total / mask.sum()

    whole, _ = model.loss_and_grads(x, targets, mask, state)
    cut, grads = model.loss_and_grads(x, targets, mask, state, segment=3)
    assert cut == pytest.approx(whole, rel=1e-12)
    for name in model.params:
        expected = numeric(loss, model.params[name])
        assert np.linalg.norm(grads[name] - expected) < 1e-7 * np.linalg.norm(expected), name


def test_the_start_of_the_model_is_what_the_docstring_says():
    model = Stacked(3, 20, 4, np.random.default_rng(8), cell="lstm", layers=2, gain=0.6)
    assert {name: array.shape for name, array in model.params.items()} == {
        "Wx1": (3, 80),
        "Wh1": (20, 80),
        "b1": (80,),
        "Wx2": (20, 80),
        "Wh2": (20, 80),
        "b2": (80,),
        "Wy": (20, 4),
        "by": (4,),
    }
    for name in ("Wh1", "Wh2"):
        for block in np.split(model.params[name], 4, axis=1):
            np.testing.assert_allclose(np.linalg.svd(block, compute_uv=False), 0.6)
    assert np.abs(model.params["Wh1"] - model.params["Wh2"]).min() > 0
    assert model.grads == {}


def test_float32_parameters_give_a_float32_result():
    x, layers = two_layers("gru")
    narrow = [{name: array.astype(np.float32) for name, array in params.items()} for params in layers]
    h, states, cache = stacked_forward(x.astype(np.float32), narrow, cell="gru")
    dx, _, grads = stacked_backward(np.ones_like(h), None, cache)
    assert {array.dtype for array in (h, dx, states[0][0], *grads[1].values())} == {np.dtype(np.float32)}


def test_two_layers_learn_which_bracket_is_open():
    rng = np.random.default_rng(0)
    model = Stacked(7, 24, 3, rng, cell="gru", layers=2)
    losses = model.fit(lambda: brackets(rng, T=20, kinds=3), Adam(0.01), updates=150, clip=1.0)
    assert losses.shape == (150,)
    assert losses[-20:].mean() < 0.5 * np.log(3)


ERRORS = [
    (
        lambda x, layers: stacked_forward(x, layers, cell="mgu"),
        "cell: kind is 'mgu', expected one of 'rnn', 'lstm', 'gru'; pass one of them.",
    ),
    (
        lambda x, layers: stacked_forward(x, [], cell="rnn"),
        "stacked_forward: layers is empty, expected a dict of parameters for each; pass one or more.",
    ),
    (
        lambda x, layers: stacked_forward(x, layers, [None], cell="rnn"),
        "stacked_forward: states has length 1, expected 2, for layer 1 and layer 2; pass None where one is zeros.",
    ),
    (
        lambda x, layers: stacked_forward(x, [layers[0], layers[0]], cell="rnn"),
        "stacked_forward, layer 2: rnn_forward: Wx has shape (2, 4), expected (D, H) = (4, 4); "
        "check Wx against the shapes of the other arguments.",
    ),
    (
        lambda x, layers: stacked_forward(x, [layers[0], {"Wx": layers[1]["Wx"]}], cell="rnn"),
        "stacked_forward, layer 2: the parameters have no 'Wh'; pass a dict that has it.",
    ),
    (
        lambda x, layers: stacked_forward(x, layers, [(None,), (None, None)], cell="rnn"),
        "stacked_forward, layer 2: states has a tuple of length 2, expected 1; pass a tuple of arrays or Nones.",
    ),
    (
        lambda x, layers: stacked_backward(np.ones((N, T, H)), None, stacked_forward(x, layers, cell="rnn")[2]),
        "stacked_backward, layer 2: rnn_backward: dh has shape (3, 7, 4), expected (N, T, H) = (3, 7, 6); "
        "check dh against the shapes of the other arguments.",
    ),
    (
        lambda x, layers: Stacked(D, H, V, np.random.default_rng(0), layers=0),
        "stacked_cell: layers is 0, expected at least 1; pass how many layers to stack.",
    ),
    (
        lambda x, layers: Stacked(D, H, V, np.random.default_rng(0)).forward(x, (None,)),
        "Stacked: state has length 1, expected 2 arrays; pass None where one is to be zeros.",
    ),
    (
        lambda x, layers: Stacked(D, H, V, np.random.default_rng(0), loss="mse"),
        "Stacked: loss is 'mse', expected one of 'cross_entropy', 'squared_error'; pass one of them.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[message[:60] for _, message in ERRORS])
def test_a_wrong_argument_is_explained_in_one_sentence_that_says_which_layer(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        call(*two_layers("rnn"))
    assert str(caught.value) == message
