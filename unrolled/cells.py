"""The three recurrent layers behind one door: how each starts, runs forward and runs backward, by its name.

Whatever is made of recurrent layers (a model with an output layer, stacked layers, both directions, an encoder and a
decoder) is written once, for all of them. A state is a tuple of arrays (N, H): the hidden state, and for the LSTM the
cell state behind it. Each of them may be None, for zeros. Parameters are a dict.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from unrolled.gru import gru_backward, gru_forward
from unrolled.initializers import forget_gate_bias, identity, orthogonal
from unrolled.lstm import lstm_backward, lstm_forward
from unrolled.rnn import rnn_backward, rnn_forward

RECURRENT_STARTS = {
    "orthogonal": lambda rng, H, gain: orthogonal(rng, (H, H), gain=gain),
    "identity": lambda rng, H, gain: identity(H, scale=gain),
    "normal": lambda rng, H, gain: gain / np.sqrt(H) * rng.standard_normal((H, H)),
}


class Cell(NamedTuple):
    """A kind of recurrent layer.

    Attributes
    ----------
    states : int
        How many arrays (N, H) its state has: two for the LSTM, h and c, else one.
    start : callable
        ``start(D, H, rng, **options) -> params``: the weights at the start. Wx is normal with variance 1 / D, the
        recurrent weights of each gate are a random orthogonal matrix, biases are 0 but for that of the LSTM's forget
        gate.
    forward : callable
        ``forward(x, state, params, **options) -> h, last state, cache`` with x (N, T, D) and h (N, T, H).
    backward : callable
        ``backward(dh, dstate, cache) -> dx, dstate0, grads`` with the upstream gradients dh (N, T, H) of all hidden
        states and dstate of the last state; dstate0 is the gradient of the state at the start, grads has the names of
        params.
    """

    states: int
    start: Callable
    forward: Callable
    backward: Callable


def cell(kind):
    """Return the recurrent layer of a name.

    Parameters
    ----------
    kind : {"rnn", "lstm", "gru"}

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    if kind not in CELLS:
        raise ValueError(f"cell: kind is {kind!r}, expected one of {', '.join(map(repr, CELLS))}; pass one of them.")
    return CELLS[kind]


def _start_rnn(D, H, rng, *, gain=1.0, start="orthogonal"):
    Wx = rng.standard_normal((D, H)) / np.sqrt(D)
    return {"Wx": Wx, "Wh": RECURRENT_STARTS[start](rng, H, gain), "b": np.zeros(H)}


def _start_lstm(D, H, rng, *, gain=1.0, forget_bias=1.0):
    return {
        "Wx": rng.standard_normal((D, 4 * H)) / np.sqrt(D),
        "Wh": orthogonal(rng, (H, 4 * H), gain=gain, gates=4),
        "b": forget_gate_bias(H, value=forget_bias),
    }


def _start_gru(D, H, rng, *, gain=1.0, update_bias=0.0, reset_after=True):
    params = {
        "Wx": rng.standard_normal((D, 3 * H)) / np.sqrt(D),
        "Wh": orthogonal(rng, (H, 3 * H), gain=gain, gates=3),
        "b": np.zeros(3 * H),
    }
    params["b"][H : 2 * H] = update_bias
    return params | ({"bh": np.zeros(3 * H)} if reset_after else {})


def _run_rnn(x, state, params, *, activation="tanh"):
    h, cache = rnn_forward(x, *state, params["Wx"], params["Wh"], params["b"], activation=activation)
    return h, (h[:, -1],), cache


def _run_lstm(x, state, params):
    h, c_T, cache = lstm_forward(x, *state, params["Wx"], params["Wh"], params["b"])
    return h, (h[:, -1], c_T), cache


def _run_gru(x, state, params, *, reset_after=True):
    h, cache = gru_forward(
        x, *state, params["Wx"], params["Wh"], params["b"], params.get("bh"), reset_after=reset_after
    )
    return h, (h[:, -1],), cache


def _run_rnn_back(dh, dstate, cache):
    dx, dh0, *grads = rnn_backward(_with_the_last(dh, dstate[0]), cache)
    return dx, (dh0,), dict(zip(("Wx", "Wh", "b"), grads, strict=True))


def _run_lstm_back(dh, dstate, cache):
    dx, dh0, dc0, *grads = lstm_backward(_with_the_last(dh, dstate[0]), dstate[1], cache)
    return dx, (dh0, dc0), dict(zip(("Wx", "Wh", "b"), grads, strict=True))


def _run_gru_back(dh, dstate, cache):
    dx, dh0, *grads = gru_backward(_with_the_last(dh, dstate[0]), cache)
    named = dict(zip(("Wx", "Wh", "b", "bh"), grads, strict=True))
    return dx, (dh0,), {name: gradient for name, gradient in named.items() if gradient is not None}


def _with_the_last(dh, dh_T):
    """Return dh with the upstream gradient of the last hidden state added, where there is one; dh stays as it was."""
    if dh_T is None:
        return dh
    dh = dh.copy()
    dh[:, -1] += dh_T
    return dh


CELLS = {
    "rnn": Cell(1, _start_rnn, _run_rnn, _run_rnn_back),
    "lstm": Cell(2, _start_lstm, _run_lstm, _run_lstm_back),
    "gru": Cell(1, _start_gru, _run_gru, _run_gru_back),
}
