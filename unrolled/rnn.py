"""The plain recurrent layer, h_t = f(x_t W_x + h_{t-1} W_h + b), over whole sequences, with its gradient."""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype, recurrent_sizes, require_shape
from unrolled.memory_layout import (
    as_rows,
    batch_first,
    blocks_from_the_end,
    for_steps,
    project,
    projection_gradients,
    time_major_with_one,
)

ACTIVATIONS = ("tanh", "relu")


class RNNCache(NamedTuple):
    """What `rnn_backward` needs from `rnn_forward`; the arrays are time-major."""

    x_one: np.ndarray  # (T, N, D + 1); x with a 1 behind every x_t
    h: np.ndarray  # (T + 1, N, H); h[0] is h0 and h[t + 1] the state after step t
    Wx: np.ndarray  # (D, H)
    Wh: np.ndarray  # (H, H)
    activation: str


def rnn_forward(x, h0, Wx, Wh, b, *, activation="tanh"):
    """Run the recurrent layer h_t = f(x_t W_x + h_{t-1} W_h + b) over a batch of sequences [1]_.

    Parameters
    ----------
    x : ndarray, shape (N, T, D), float32 or float64
        Input, batch first.
    h0 : ndarray, shape (N, H), or None
        Initial state; None means zeros.
    Wx : ndarray, shape (D, H)
        Input weights.
    Wh : ndarray, shape (H, H)
        Recurrent weights.
    b : ndarray, shape (H,)
        Bias.
    activation : {"tanh", "relu"}
        The non-linearity f.

    Returns
    -------
    h : ndarray, shape (N, T, H)
        Hidden states; ``h[:, t]`` is the state after reading ``x[:, t]``. The dtype is that of the inputs.
    cache : RNNCache
        What `rnn_backward` needs. It shares no memory with `h` or `x`.

    Raises
    ------
    ValueError
        If a shape is wrong, the dtypes are mixed or not float, or the activation is unknown.

    References
    ----------
    .. [1] J. L. Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"rnn_forward: activation is {activation!r}, expected 'tanh' or 'relu'; pass one of the two.")
    dtype = common_float_dtype("rnn_forward", x=x, h0=h0, Wx=Wx, Wh=Wh, b=b)
    N, T, _, H = recurrent_sizes("rnn_forward", x, Wx, Wh, gates=1)
    require_shape("rnn_forward", "h0", h0, "(N, H)", (N, H))
    require_shape("rnn_forward", "b", b, "(H,)", (H,))

    x_one = time_major_with_one(x)
    projected = project(x_one, Wx, b)
    h = np.empty((T + 1, N, H), dtype)
    h[0] = 0 if h0 is None else h0
    recurrent = np.empty((N, H), dtype)
    W = for_steps(Wh, N)
    zero = np.zeros((), dtype)
    for projected_t, h_prev, h_t in zip(projected, h[:-1], h[1:], strict=True):
        np.dot(h_prev, W, out=recurrent)
        np.add(projected_t, recurrent, out=recurrent)
        if activation == "tanh":
            np.tanh(recurrent, out=h_t)
        else:
            np.maximum(recurrent, zero, out=h_t)
    return batch_first(h[1:].copy()), RNNCache(x_one, h, Wx.copy(), Wh.copy(), activation)


def rnn_backward(dh, cache):
    """Backpropagate through time: gradients of a scalar loss, summed over batch and time.

    With dz_t = dh_t ⊙ f'(z_t), where dh_t is the upstream gradient at step t plus dz_{t+1} W_hᵀ:
    dx_t = dz_t W_xᵀ, dh_0 = dz_1 W_hᵀ, dW_x = Σ x_tᵀ dz_t, dW_h = Σ h_{t-1}ᵀ dz_t, db = Σ dz_t [1]_.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H)
        Upstream gradient at every hidden state.
    cache : RNNCache
        From `rnn_forward`. Neither it nor `dh` is changed.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
    dh0 : ndarray, shape (N, H)
    dWx : ndarray, shape (D, H)
    dWh : ndarray, shape (H, H)
    db : ndarray, shape (H,)

    Raises
    ------
    ValueError
        If `dh` does not have the shape or the dtype of the forward pass's `h`.

    References
    ----------
    .. [1] P. J. Werbos, "Backpropagation through time: what it does and how to do it",
       Proceedings of the IEEE 78(10), 1990.
    """
    x_one, h, Wx, Wh, activation = cache
    T, N, _ = x_one.shape
    H = len(Wh)
    common_float_dtype("rnn_backward", **{"the forward pass": h}, dh=dh)
    require_shape("rnn_backward", "dh", dh, "(N, T, H)", (N, T, H))

    dz = np.empty((T, N, H), h.dtype)
    dh_prev = np.zeros((N, H), h.dtype)
    upstream, h_after = dh.transpose(1, 0, 2), h[1:]
    for block in blocks_from_the_end(T, N, H):
        # dz starts as the local derivative f'(z), written in terms of h = f(z), and is then multiplied by dh.
        if activation == "tanh":
            np.multiply(h_after[block], h_after[block], out=dz[block])
            np.subtract(1, dz[block], out=dz[block])
        else:
            np.greater(h_after[block], 0, out=dz[block])
        for dh_t, dz_t in zip(upstream[block][::-1], dz[block][::-1], strict=True):
            np.add(dh_prev, dh_t, out=dh_prev)
            np.multiply(dz_t, dh_prev, out=dz_t)
            np.dot(dz_t, Wh.T, out=dh_prev)

    dx, dWx, db = projection_gradients(x_one, Wx, dz)
    dWh = np.dot(as_rows(h[:-1]).T, as_rows(dz))
    return dx, dh_prev, dWx, dWh, db
