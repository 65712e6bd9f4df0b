"""One row for each layer: its functions, the shapes of its arguments and a readable step-by-step version."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

import unrolled
from unrolled.bidirectional import bidirectional_cell
from unrolled.stacked import stacked_cell


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


def ragged_lengths(N, T):
    """Return true steps of the rows that are not all the same, wherever there are rows and steps enough."""
    return T - np.arange(N) % T


def stacked_lstm_loop(x, *arrays):
    h, last, (states, params) = x, [], (arrays[:6], arrays[6:])
    for layer in range(3):
        _, h, c_T = lstm_loop(h, *states[2 * layer : 2 * layer + 2], *params[3 * layer : 3 * layer + 3])
        last += [h[:, -1], c_T]
    return np.inf, h, *last


def bidirectional_gru_loop(x, h0_f, h0_b, *params):
    N, T, _ = x.shape
    H = h0_f.shape[1]
    h = np.zeros((N, T, 2 * H))
    for n, length in enumerate(ragged_lengths(N, T)):
        row = x[n : n + 1, :length]
        h[n, :length, :H] = gru_loop(row, h0_f[n : n + 1], *params[:4], reset_after=True)[1]
        h[n, :length, H:] = gru_loop(row[:, ::-1], h0_b[n : n + 1], *params[4:], reset_after=True)[1][:, ::-1]
    return np.inf, h


def row_of_cell(name, cell, loop, width, hands_on, options):
    """Return the row of a layer that is made of others: its states and parameters as arguments one by one."""

    def shapes(N, T, D, H):
        states = {f"h0_{number}": (N, H) for number in range(cell.states)}
        params = cell.start(D, H, np.random.default_rng(0))
        return {"x": (N, T, D)} | states | {key: array.shape for key, array in params.items()}

    def results(N, T, D, H):
        return {"h": (N, T, width * H)} | {f"state_{number}": (N, H) for number in range(cell.states * hands_on)}

    def forward(x, *arrays):
        params = dict(zip(list(shapes(1, 1, 1, 1))[1 + cell.states :], arrays[cell.states :], strict=True))
        h, last, cache = cell.forward(x, arrays[: cell.states], params, **options(x))
        return h, *last[: cell.states * hands_on], cache

    def backward(dh, *rest):
        *dstate, cache = rest
        dx, dstate0, grads = cell.backward(dh, tuple(dstate) if hands_on else (None,) * cell.states, cache)
        return dx, *dstate0, *grads.values()

    return Layer(name, forward, backward, shapes, results, loop)


COMPOSED_LAYERS = [
    row_of_cell("stacked_lstm", stacked_cell("lstm", 3), stacked_lstm_loop, 1, True, lambda x: {}),
    row_of_cell(
        "bidirectional_gru",
        bidirectional_cell("gru"),
        bidirectional_gru_loop,
        2,
        False,
        lambda x: {"lengths": ragged_lengths(*x.shape[:2])},
    ),
]
RECURRENT_LAYERS = [layer for layer in LAYERS if layer.name != "affine"] + COMPOSED_LAYERS


def draw(shapes, rng, dtype=np.float64, scale=0.7):
    """Return a random array for each shape; read-only, so that a layer that writes into its arguments fails."""
    arrays = []
    for shape in shapes.values():
        array = (scale * rng.standard_normal(shape)).astype(dtype)
        array.flags.writeable = False
        arrays.append(array)
    return arrays
