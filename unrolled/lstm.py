"""The LSTM layer over whole sequences, with its gradient.

Inside, the gates stand in the order o, i, f, g (the caller's i, f, g, o turned by one): the three σ gates are then one
block, and in [o i f g c_prev] the two products i ⊙ g and f ⊙ c_prev are one product of adjacent pairs.
"""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype, recurrent_sizes, require_shape
from unrolled.memory_layout import (
    as_rows,
    batch_first,
    blocks_from_the_end,
    by_gate,
    first_gate_last,
    for_steps,
    last_gate_first,
    project,
    projection_gradients,
    state_or_zeros,
    time_major_with_one,
)


class LSTMCache(NamedTuple):
    """What `lstm_backward` needs from `lstm_forward`; the arrays are time-major, gates in the order o, i, f, g."""

    x_one: np.ndarray  # (T, N, D + 1); x with a 1 behind every x_t
    h: np.ndarray  # (T + 1, N, H); h[0] is h0 and h[t + 1] the state after step t
    gates: np.ndarray  # (T, 5, N, H); o, i, f, g and the cell state before the step
    tanh_c: np.ndarray  # (T, N, H); tanh of the cell state after the step
    Wx: np.ndarray  # (D, 4H)
    Wh: np.ndarray  # (H, 4H)


def lstm_forward(x, h0, c0, Wx, Wh, b):
    """Run an LSTM layer over a batch of sequences [1]_, [2]_.

    With [i f g o] = x_t W_x + h_{t-1} W_h + b, and σ applied to i, f, o and tanh to g:
    c_t = f ⊙ c_{t-1} + i ⊙ g and h_t = o ⊙ tanh(c_t).

    Parameters
    ----------
    x : ndarray, shape (N, T, D), float32 or float64
        Input, batch first.
    h0, c0 : ndarray, shape (N, H), or None
        Initial hidden and cell state; None means zeros.
    Wx : ndarray, shape (D, 4H)
        Input weights, gates in the order i, f, g, o.
    Wh : ndarray, shape (H, 4H)
        Recurrent weights, gates in the same order.
    b : ndarray, shape (4H,)
        Bias, gates in the same order.

    Returns
    -------
    h : ndarray, shape (N, T, H)
        Hidden states; ``h[:, t]`` is the state after reading ``x[:, t]``. The dtype is that of the inputs.
    c_T : ndarray, shape (N, H)
        Cell state after the last step.
    cache : LSTMCache
        What `lstm_backward` needs. It shares no memory with the results or the arguments.

    Raises
    ------
    ValueError
        If a shape is wrong, or the dtypes are mixed or not float.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    .. [2] F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with LSTM",
       Neural Computation 12(10), 2000.
    """
    dtype = common_float_dtype("lstm_forward", x=x, h0=h0, c0=c0, Wx=Wx, Wh=Wh, b=b)
    N, T, _, H = recurrent_sizes("lstm_forward", x, Wx, Wh, gates=4)
    require_shape("lstm_forward", "h0", h0, "(N, H)", (N, H))
    require_shape("lstm_forward", "c0", c0, "(N, H)", (N, H))
    require_shape("lstm_forward", "b", b, "(4·H,)", (4 * H,))

    Wx, Wh, b = (last_gate_first(array, 4) for array in (Wx, Wh, b))
    x_one = time_major_with_one(x)
    # σ(z) = ½ tanh(½ z) + ½: with the ½ inside put into the weights, one tanh serves all four gates. The error is
    # that of 1, not of σ: a gate below about 1e-16 (float32: 1e-8) is exactly 0.
    inner = np.ones(4 * H, dtype)
    inner[: 3 * H] = 0.5
    projected = project(x_one, Wx * inner, b * inner)
    h = np.empty((T + 1, N, H), dtype)
    h[0] = 0 if h0 is None else h0
    cache = LSTMCache(x_one, h, np.empty((T, 5, N, H), dtype), np.empty((T, N, H), dtype), Wx, Wh)
    c_T = _run_steps(projected, state_or_zeros(c0, N, H, dtype), for_steps(Wh * inner, N), cache)
    return batch_first(h[1:].copy()), c_T, cache


def _run_steps(projected, c0, Wh, cache):
    """Fill cache.h, cache.gates and cache.tanh_c step by step and return the last cell state."""
    N, H = c0.shape
    row = np.empty((5, N, H), c0.dtype)  # o, i, f, g, c_prev of the present step
    z, sigmoids, o, i_and_f, g_and_c, c = row[:4], row[:3], row[0], row[1:3], row[3:], row[4]
    c[...] = c0
    recurrent = np.empty((1, N, 4 * H), c0.dtype)
    recurrent_rows, recurrent_by_gate = recurrent[0], by_gate(recurrent, 4)[0]
    products = np.empty((2, N, H), c0.dtype)
    i_times_g, f_times_c = products
    half = np.array(0.5, c0.dtype)
    arrays = by_gate(projected, 4), cache.h[:-1], cache.h[1:], cache.gates, cache.tanh_c
    for projected_t, h_prev, h_t, gates_t, tanh_c_t in zip(*arrays, strict=True):
        np.dot(h_prev, Wh, out=recurrent_rows)
        np.add(projected_t, recurrent_by_gate, out=z)
        np.tanh(z, out=z)
        np.multiply(sigmoids, half, out=sigmoids)
        np.add(sigmoids, half, out=sigmoids)
        gates_t[...] = row
        np.multiply(i_and_f, g_and_c, out=products)
        np.add(i_times_g, f_times_c, out=c)
        np.tanh(c, out=tanh_c_t)
        np.multiply(o, tanh_c_t, out=h_t)
    return c.copy()


def lstm_backward(dh, dc_T, cache):
    """Backpropagate through an LSTM layer: gradients of a scalar loss, summed over batch and time.

    With dh_t the total gradient at h_t (upstream plus dz_{t+1} W_hᵀ) and dc_t that at c_t
    (dc_{t+1} ⊙ f_{t+1} + dh_t ⊙ o ⊙ (1 - tanh²(c_t))):
    dz_o = dh_t ⊙ tanh(c_t) ⊙ o(1 - o), dz_i = dc_t ⊙ g ⊙ i(1 - i), dz_f = dc_t ⊙ c_{t-1} ⊙ f(1 - f),
    dz_g = dc_t ⊙ i ⊙ (1 - g²) [1]_.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H)
        Upstream gradient at every hidden state.
    dc_T : ndarray, shape (N, H), or None
        Upstream gradient at the last cell state; None means zeros.
    cache : LSTMCache
        From `lstm_forward`. Neither it nor `dh` nor `dc_T` is changed.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
    dh0, dc0 : ndarray, shape (N, H)
    dWx : ndarray, shape (D, 4H)
    dWh : ndarray, shape (H, 4H)
    db : ndarray, shape (4H,)

    Raises
    ------
    ValueError
        If `dh` or `dc_T` does not have the shape or the dtype of the forward pass.

    References
    ----------
    .. [1] K. Greff, R. K. Srivastava, J. Koutník, B. R. Steunebrink and J. Schmidhuber, "LSTM: a search space
       odyssey", IEEE Transactions on Neural Networks and Learning Systems 28(10), 2017.
    """
    h = cache.h
    T, N, H = cache.tanh_c.shape
    common_float_dtype("lstm_backward", **{"the forward pass": h}, dh=dh, dc_T=dc_T)
    require_shape("lstm_backward", "dh", dh, "(N, T, H)", (N, T, H))
    require_shape("lstm_backward", "dc_T", dc_T, "(N, H)", (N, H))

    dz = np.empty((T, N, 4 * H), h.dtype)
    dh_prev = np.zeros((N, H), h.dtype)
    dc = state_or_zeros(dc_T, N, H, h.dtype)
    upstream = dh.transpose(1, 0, 2)
    for block in blocks_from_the_end(T, N, H):
        local = _local_derivatives(cache.gates[block], cache.tanh_c[block])
        _run_steps_back(upstream[block], cache.gates[block], *local, cache.Wh.T, dz[block], dh_prev, dc)

    dx, dWx, db = projection_gradients(cache.x_one, cache.Wx, dz)
    dWh = np.dot(as_rows(h[:-1]).T, as_rows(dz))
    return dx, dh_prev, dc, *(first_gate_last(array, 4) for array in (dWx, dWh, db))


def _local_derivatives(gates, tanh_c):
    """Return, for a block of steps, ∂h_t/∂z_o and ∂c_t/∂[z_i z_f z_g] as (steps, 4, N, H), and ∂h_t/∂c_t."""
    sigmoids, o, i, g, g_and_c = gates[:, :3], gates[:, 0], gates[:, 1], gates[:, 3], gates[:, 3:]
    local = np.empty((len(gates), 4, *tanh_c.shape[1:]), gates.dtype)
    d_sigmoids, dg = local[:, :3], local[:, 3]
    np.subtract(1, sigmoids, out=d_sigmoids)
    d_sigmoids *= sigmoids
    local[:, 0] *= tanh_c
    local[:, 1:3] *= g_and_c  # g for i, c_prev for f
    np.multiply(g, g, out=dg)
    np.subtract(1, dg, out=dg)
    dg *= i
    through_tanh = tanh_c * tanh_c
    np.subtract(1, through_tanh, out=through_tanh)
    through_tanh *= o
    return local, through_tanh


def _run_steps_back(upstream, gates, local, through_tanh, WhT, dz, dh, dc):
    """Write dz, the local derivatives times the gradients at h_t and c_t, last step first; update dh and dc."""
    dc_from_h = np.empty_like(dh)
    dz_by_gate = by_gate(dz, 4)
    arrays = upstream, gates[:, 2], through_tanh, local[:, 0], local[:, 1:], dz_by_gate[:, 0], dz_by_gate[:, 1:], dz
    backwards = (array[::-1] for array in arrays)
    for dh_t, f, through_tanh_t, local_o, local_ifg, dz_o, dz_ifg, dz_t in zip(*backwards, strict=True):
        np.add(dh, dh_t, out=dh)
        np.multiply(dh, through_tanh_t, out=dc_from_h)
        np.add(dc, dc_from_h, out=dc)
        np.multiply(local_o, dh, out=dz_o)
        np.multiply(local_ifg, dc, out=dz_ifg)
        np.dot(dz_t, WhT, out=dh)
        np.multiply(dc, f, out=dc)
