"""Wrong arguments raise a ValueError that names the argument, what came, what was expected and what to do."""

import numpy as np
import pytest
from layer_table import LAYERS, draw

import unrolled

LAYER = {layer.name: layer for layer in LAYERS}
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)


def arguments_of(name, **changes):
    """Return the arguments of a layer of N, T, D, H = 3, 5, 2, 4 as a list, some of them changed."""
    shapes = LAYER[name].shapes(3, 5, 2, 4)
    arrays = dict(zip(shapes, draw(shapes, np.random.default_rng(0)), strict=True))
    return list((arrays | changes).values())


def message_of(function, *arguments, **options):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared by the callers
        function(*arguments, **options)
    return str(caught.value)


@every_layer
def test_every_argument_of_a_wrong_dtype_is_named_with_both_dtypes(layer):
    shapes = layer.shapes(3, 5, 2, 4)
    for name in list(shapes)[1:]:
        arrays = dict(zip(shapes, draw(shapes, np.random.default_rng(0)), strict=True))
        arrays[name] = arrays[name].astype(np.float32)
        message = message_of(layer.forward, *arrays.values())
        assert f": {name} has dtype float32, expected float64 like x; convert" in message


@every_layer
def test_every_argument_of_a_wrong_shape_is_named_with_both_shapes(layer):
    shapes = layer.shapes(3, 5, 2, 4)
    for name, shape in shapes.items():
        arrays = dict(zip(shapes, draw(shapes, np.random.default_rng(0)), strict=True))
        arrays[name] = np.zeros((shape[0] + 1, *shape[1:]) if len(shape) == 2 else (*shape[:-1], shape[-1] + 1))
        message = message_of(layer.forward, *arrays.values())
        blamed = BLAMED_INSTEAD.get((layer.name == "affine", name), name)
        assert f": {blamed} has shape {arrays[blamed].shape}, expected (" in message
        assert "; check " in message


# A recurrent layer reads D from x and H from Wh, the affine layer D and V from W: what does not fit them is named.
BLAMED_INSTEAD = {(False, "x"): "Wx", (True, "W"): "x"}


@every_layer
def test_backward_names_an_upstream_gradient_of_a_wrong_shape_or_dtype(layer):
    shapes, results = layer.shapes(3, 5, 2, 4), layer.results(3, 5, 2, 4)
    *_, cache = layer.forward(*draw(shapes, np.random.default_rng(0)))
    for index, (name, shape) in enumerate(results.items()):
        upstream = draw(results, np.random.default_rng(1))
        upstream[index] = np.zeros((*shape[:-1], 9))
        assert f": d{name} has shape {(*shape[:-1], 9)}, expected" in message_of(layer.backward, *upstream, cache)
        upstream[index] = np.zeros(shape, np.float32)
        expected = f": d{name} has dtype float32, expected float64 like the forward pass; convert"
        assert expected in message_of(layer.backward, *upstream, cache)


MESSAGES = [
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh", x=np.zeros((5, 2)))),
        "rnn_forward: x has shape (5, 2), expected 3 axes (N, T, D); reshape x so that it has them in this order.",
    ),
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh", x=np.zeros((3, 0, 2)))),
        "rnn_forward: x has shape (3, 0, 2), expected at least 1 along every axis (N, T, D); "
        "pass a x that is not empty.",
    ),
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh", h0=np.zeros((4, 3)))),
        "rnn_forward: h0 has shape (4, 3), expected (N, H) = (3, 4); "
        "check h0 against the shapes of the other arguments.",
    ),
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh"), activation="sigmoid"),
        "rnn_forward: activation is 'sigmoid', expected 'tanh' or 'relu'; pass one of the two.",
    ),
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh", x=np.zeros((3, 5, 2), int))),
        "rnn_forward: x has dtype int64, expected float32 or float64; convert it with x.astype(np.float64).",
    ),
    (
        lambda: unrolled.rnn_forward(*arguments_of("rnn_tanh", b=[0.0] * 4)),
        "rnn_forward: b is a list, expected a NumPy array of float32 or float64; "
        "convert it with np.asarray(b, dtype=np.float64).",
    ),
    (
        lambda: unrolled.lstm_forward(*arguments_of("lstm", Wh=np.zeros((4, 12)))),
        "lstm_forward: Wh has shape (4, 12), expected (H, 4·H) = (4, 16); "
        "check Wh against the shapes of the other arguments.",
    ),
    (
        lambda: unrolled.gru_forward(*arguments_of("gru_reset_after_with_bh"), reset_after=False),
        "gru_forward: bh is an array, expected None with reset_after=False, where one bias suffices; add bh to b.",
    ),
    (
        lambda: unrolled.affine_forward(np.zeros((3, 5, 7)), np.zeros((2, 4)), np.zeros(4)),
        "affine_forward: x has shape (3, 5, 7), expected (..., D) with D = 2, the first axis of W; check x against W.",
    ),
    (
        lambda: unrolled.embedding_forward(np.array([0, 6]), np.zeros((6, 2))),
        "embedding_forward: tokens contains 6, expected 0 … 5 (V = 6, the rows of W); check the vocabulary.",
    ),
    (
        lambda: unrolled.embedding_forward(np.array([0, -1]), np.zeros((6, 2))),
        "embedding_forward: tokens contains -1, expected 0 … 5 (V = 6, the rows of W); check the vocabulary.",
    ),
    (
        lambda: unrolled.embedding_forward(np.array([0.0]), np.zeros((6, 2))),
        "embedding_forward: tokens has dtype float64, expected integers; convert it with tokens.astype(np.int64).",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(2)),
        "softmax_cross_entropy: targets has dtype float64, expected integers; "
        "convert it with targets.astype(np.int64).",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(3, int)),
        "softmax_cross_entropy: targets has shape (3,), expected (2,), that of y without its last axis; "
        "pass one target for each position.",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.array([0, 3])),
        "softmax_cross_entropy: targets contains 3, expected 0 … 2 (V = 3); mask positions that have no target.",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(2, int), np.ones(2)),
        "softmax_cross_entropy: mask has dtype float64, expected bool; convert it with mask.astype(bool).",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(2, int), np.ones((2, 1), bool)),
        "softmax_cross_entropy: mask has shape (2, 1), expected (2,), that of y without its last axis; "
        "pass True or False for each position.",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(2, int), np.zeros(2, bool)),
        "softmax_cross_entropy: mask is False everywhere, expected one position that counts; leave such a batch out.",
    ),
    (
        lambda: unrolled.squared_error(np.zeros((2, 3)), np.zeros(2)),
        "squared_error: targets has shape (2,), expected (2, 3), that of y; "
        "pass a value for each output of each position.",
    ),
    (
        lambda: unrolled.squared_error(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(2, bool)),
        "squared_error: mask is False everywhere, expected one position that counts; leave such a batch out.",
    ),
    (
        lambda: unrolled.squared_error(np.zeros((2, 0)), np.zeros((2, 0))),
        "squared_error: y has shape (2, 0), expected (..., V) with V ≥ 1; "
        "put the scores of one position along the last axis.",
    ),
    (
        lambda: unrolled.softmax_cross_entropy(np.array(1.0), np.array(0)),
        "softmax_cross_entropy: y has shape (), expected (..., V) with V ≥ 1; "
        "put the scores of one position along the last axis.",
    ),
    (
        lambda: unrolled.SGD(0.1).step({"W": np.zeros(2)}, {"V": np.zeros(2)}),
        "SGD.step: grads has the names ['V'], expected those of params, ['W']; add or remove V, W.",
    ),
    (
        lambda: unrolled.Adam(0.1).step({"W": np.zeros(2)}, {"W": np.zeros(3)}),
        "Adam.step: grads['W'] has shape (3,), expected that of params['W'] = (2,); "
        "check grads['W'] against the shapes of the other arguments.",
    ),
    (
        lambda: unrolled.SGD(0.0),
        "learning_rate is 0.0, expected a finite number above 0; pass another learning_rate.",
    ),
    (
        lambda: unrolled.SGD(0.1, momentum=1.0),
        "momentum is 1.0, expected 0 ≤ momentum < 1; pass a number in this range.",
    ),
    (
        lambda: unrolled.clip_by_norm({"W": np.ones(2)}, 0),
        "clip_by_norm: max_norm is 0, expected a number above 0; pass a positive max_norm.",
    ),
    (
        lambda: unrolled.clip_by_value({"W": np.ones(2, int)}, 1),
        "clip_by_value: grads['W'] has dtype int64, expected float32 or float64; "
        "convert it with grads['W'].astype(np.float64).",
    ),
    (
        lambda: unrolled.glorot_uniform(np.random.default_rng(0), (4, 7), gates=3),
        "glorot_uniform: shape is (4, 7), expected (rows, 3 · columns), sizes of at least 1; check shape and gates.",
    ),
    (
        lambda: unrolled.orthogonal(np.random.default_rng(0), (4, 4), dtype=int),
        "orthogonal: dtype is int64, expected float32 or float64; pass np.float32 or np.float64.",
    ),
    (lambda: unrolled.identity(0), "identity: H is 0, expected at least 1; pass the hidden size."),
]


@pytest.mark.parametrize(("call", "message"), MESSAGES, ids=[message[:48] for _, message in MESSAGES])
def test_a_wrong_argument_is_explained_in_one_sentence(call, message):
    assert message_of(call) == message


def test_an_optimizer_that_refuses_its_gradients_has_changed_no_parameter():
    params = {"W": np.ones(2), "b": np.ones(3)}
    message_of(unrolled.SGD(0.1).step, params, {"W": np.ones(2), "b": np.ones(4)})
    np.testing.assert_array_equal(params["W"], np.ones(2))
