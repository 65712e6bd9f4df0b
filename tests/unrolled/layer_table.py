"""One row for each layer: its functions, the shapes of its arguments and a readable step-by-step version."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

import unrolled


class Layer(NamedTuple):
    """A row of the table. `loop` returns the layer's results, and first of all the smallest |z| it met."""

    name: str
    forward: Callable  # forward(*arguments) -> *results, cache
    backward: Callable  # backward(*upstream gradients, cache) -> gradients in the order of the arguments
    shapes: Callable  # shapes(N, T, D, H) -> {argument: shape}
    results: Callable  # results(N, T, D, H) -> {result: shape}
    loop: Callable  # loop(*arguments) -> smallest |z|, *results
    has_kink: bool = False


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn_loop(x, h0, Wx, Wh, b, activation):
    h, hs, smallest = h0, [], np.inf
    for t in range(x.shape[1]):
        z = x[:, t] @ Wx + h @ Wh + b
        h = np.tanh(z) if activation == "tanh" else np.where(z > 0, z, 0)
        hs.append(h)
        smallest = min(smallest, np.abs(z).min())
    return smallest, np.stack(hs, axis=1)


def lstm_loop(x, h0, c0, Wx, Wh, b):
    h, c, hs = h0, c0, []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ Wx + h @ Wh + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.inf, np.stack(hs, axis=1), c


def gru_loop(x, h0, Wx, Wh, b, bh=None, *, reset_after):
    h, hs, H = h0, [], len(Wh)
    bh = np.zeros(3 * H) if bh is None else bh
    for t in range(x.shape[1]):
        xr, xz, xn = np.split(x[:, t] @ Wx + b, 3, axis=1)
        hr, hz, hn = np.split(h @ Wh + bh, 3, axis=1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = np.tanh(xn + r * hn) if reset_after else np.tanh(xn + (r * h) @ Wh[:, 2 * H :])
        h = (1 - z) * n + z * h
        hs.append(h)
    return np.inf, np.stack(hs, axis=1)


def affine_loop(x, W, b):
    return np.inf, np.stack([x[:, t] @ W + b for t in range(x.shape[1])], axis=1)


def recurrent_shapes(N, T, D, H, gates, states=("h0",), biases=("b",)):
    state = dict.fromkeys(states, (N, H))
    return {"x": (N, T, D), **state, "Wx": (D, gates * H), "Wh": (H, gates * H)} | dict.fromkeys(biases, (gates * H,))


def hidden_states(N, T, D, H):
    return {"h": (N, T, H)}


def gru_backward_without_bh(dh, cache):
    *gradients, dbh = unrolled.gru_backward(dh, cache)
    assert dbh is None
    return tuple(gradients)


rnn_shapes = partial(recurrent_shapes, gates=1)
gru_shapes = partial(recurrent_shapes, gates=3)
gru_before = partial(unrolled.gru_forward, reset_after=False)

LAYERS = [
    Layer(
        "rnn_tanh",
        unrolled.rnn_forward,
        unrolled.rnn_backward,
        rnn_shapes,
        hidden_states,
        partial(rnn_loop, activation="tanh"),
    ),
    Layer(
        "rnn_relu",
        partial(unrolled.rnn_forward, activation="relu"),
        unrolled.rnn_backward,
        rnn_shapes,
        hidden_states,
        partial(rnn_loop, activation="relu"),
        has_kink=True,
    ),
    Layer(
        "lstm",
        unrolled.lstm_forward,
        unrolled.lstm_backward,
        partial(recurrent_shapes, gates=4, states=("h0", "c0")),
        lambda N, T, D, H: {"h": (N, T, H), "c_T": (N, H)},
        lstm_loop,
    ),
    Layer(
        "gru_reset_after_with_bh",
        unrolled.gru_forward,
        unrolled.gru_backward,
        partial(recurrent_shapes, gates=3, biases=("b", "bh")),
        hidden_states,
        partial(gru_loop, reset_after=True),
    ),
    Layer(
        "gru_reset_after",
        unrolled.gru_forward,
        gru_backward_without_bh,
        gru_shapes,
        hidden_states,
        partial(gru_loop, reset_after=True),
    ),
    Layer(
        "gru_reset_before",
        gru_before,
        gru_backward_without_bh,
        gru_shapes,
        hidden_states,
        partial(gru_loop, reset_after=False),
    ),
    Layer(
        "affine",
        unrolled.affine_forward,
        unrolled.affine_backward,
        lambda N, T, D, H: {"x": (N, T, D), "W": (D, H), "b": (H,)},
        lambda N, T, D, H: {"y": (N, T, H)},
        affine_loop,
    ),
]
RECURRENT_LAYERS = [layer for layer in LAYERS if layer.name != "affine"]


def draw(shapes, rng, dtype=np.float64, scale=0.7):
    """Return a random array for each shape; read-only, so that a layer that writes into its arguments fails."""
    arrays = []
    for shape in shapes.values():
        array = (scale * rng.standard_normal(shape)).astype(dtype)
        array.flags.writeable = False
        arrays.append(array)
    return arrays
