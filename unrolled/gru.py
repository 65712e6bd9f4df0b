"""The GRU layer over whole sequences in its two variants, with its gradient.

Inside, the gradients at the pre-activations stand in the order n, r, z (the caller's r, z, n turned by one). With
`reset_after` a fourth block follows for the recurrent part of n: [n r z] is then the gradient of the input
projection and [r z m] that of the recurrent one, two overlapping halves of one array.
"""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype, recurrent_sizes, require_shape
from unrolled.memory_layout import (
    as_rows,
    batch_first,
    blocks_from_the_end,
    first_gate_last,
    for_steps,
    last_gate_first,
    project,
    projection_gradients,
    time_major_with_one,
)


class GRUCache(NamedTuple):
    """What `gru_backward` needs from `gru_forward`; the arrays are time-major."""

    x_one: np.ndarray  # (T, N, D + 1); x with a 1 behind every x_t
    h: np.ndarray  # (T + 1, N, H); h[0] is h0 and h[t + 1] the state after step t
    gates: np.ndarray  # (T, N, 4H); r, z, n and m: h_prev W_hn + b_hn if reset_after, else r ⊙ h_prev
    Wx: np.ndarray  # (D, 3H)
    Wh: np.ndarray  # (H, 3H)
    reset_after: bool
    has_bh: bool


def gru_forward(x, h0, Wx, Wh, b, bh=None, *, reset_after=True):
    """Run a GRU layer over a batch of sequences.

    With r = σ(x_t W_xr + b_r + h_{t-1} W_hr + b_hr) and z likewise: h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}, where

    - ``reset_after=True`` (cuDNN, PyTorch, Keras): n = tanh(x_t W_xn + b_n + r ⊙ (h_{t-1} W_hn + b_hn));
    - ``reset_after=False`` [1]_: n = tanh(x_t W_xn + b_n + (r ⊙ h_{t-1}) W_hn).

    Parameters
    ----------
    x : ndarray, shape (N, T, D), float32 or float64
        Input, batch first.
    h0 : ndarray, shape (N, H), or None
        Initial state; None means zeros.
    Wx : ndarray, shape (D, 3H)
        Input weights, gates in the order r, z, n.
    Wh : ndarray, shape (H, 3H)
        Recurrent weights, gates in the same order.
    b : ndarray, shape (3H,)
        Bias, gates in the same order.
    bh : ndarray, shape (3H,), or None
        Recurrent bias, only with ``reset_after=True``; None means there is none.
    reset_after : bool
        Whether the reset gate acts after the matrix product or, as in the first paper, before it.

    Returns
    -------
    h : ndarray, shape (N, T, H)
        Hidden states; ``h[:, t]`` is the state after reading ``x[:, t]``. The dtype is that of the inputs.
    cache : GRUCache
        What `gru_backward` needs. It shares no memory with the results or the arguments.

    Raises
    ------
    ValueError
        If a shape is wrong, the dtypes are mixed or not float, or `bh` comes with ``reset_after=False``.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
       translation", EMNLP 2014.
    """
    dtype = common_float_dtype("gru_forward", x=x, h0=h0, Wx=Wx, Wh=Wh, b=b, bh=bh)
    N, T, _, H = recurrent_sizes("gru_forward", x, Wx, Wh, gates=3)
    require_shape("gru_forward", "h0", h0, "(N, H)", (N, H))
    require_shape("gru_forward", "b", b, "(3·H,)", (3 * H,))
    require_shape("gru_forward", "bh", bh, "(3·H,)", (3 * H,))
    if bh is not None and not reset_after:
        raise ValueError(
            "gru_forward: bh is an array, expected None with reset_after=False, where one bias suffices; add bh to b."
        )

    # σ(z) = ½ tanh(½ z) + ½: the ½ inside is put into the weights.
    inner = np.ones(3 * H, dtype)
    inner[: 2 * H] = 0.5
    b_all, bn = b * inner, np.zeros((N, H), dtype)
    if bh is not None:
        b_all[: 2 * H] += 0.5 * bh[: 2 * H]
        bn[:] = bh[2 * H :]
    x_one = time_major_with_one(x)
    projected = project(x_one, Wx * inner, b_all)
    h = np.empty((T + 1, N, H), dtype)
    h[0] = 0 if h0 is None else h0
    gates = np.empty((T, N, 4 * H), dtype)
    cache = GRUCache(x_one, h, gates, Wx.copy(), Wh.copy(), bool(reset_after), bh is not None)
    if reset_after:
        _run_steps_reset_after(projected, for_steps(Wh * inner, N), bn, cache)
    else:
        _run_steps_reset_before(projected, Wh * inner, cache)
    return batch_first(h[1:]), cache


def _run_steps_reset_after(projected, Wh, bn, cache):
    """Fill cache.h and cache.gates step by step; bn is the recurrent bias of n, (N, H)."""
    N, H = bn.shape
    row = np.empty((N, 4 * H), bn.dtype)  # r, z, n, m of the present step
    r, z, n, m, sigmoids = row[:, :H], row[:, H : 2 * H], row[:, 2 * H : 3 * H], row[:, 3 * H :], row[:, : 2 * H]
    recurrent = np.empty((N, 3 * H), bn.dtype)
    recurrent_rz, recurrent_n = recurrent[:, : 2 * H], recurrent[:, 2 * H :]
    difference = np.empty((N, H), bn.dtype)
    half = np.array(0.5, bn.dtype)
    arrays = projected[..., : 2 * H], projected[..., 2 * H :], cache.h[:-1], cache.h[1:], cache.gates
    for projected_rz, projected_n, h_prev, h_t, gates_t in zip(*arrays, strict=True):
        np.dot(h_prev, Wh, out=recurrent)
        np.add(projected_rz, recurrent_rz, out=sigmoids)
        np.tanh(sigmoids, out=sigmoids)
        np.multiply(sigmoids, half, out=sigmoids)
        np.add(sigmoids, half, out=sigmoids)
        np.add(recurrent_n, bn, out=m)
        np.multiply(r, m, out=n)
        np.add(n, projected_n, out=n)
        np.tanh(n, out=n)
        gates_t[...] = row
        np.subtract(h_prev, n, out=difference)
        np.multiply(z, difference, out=difference)
        np.add(n, difference, out=h_t)


def _run_steps_reset_before(projected, Wh, cache):
    """Fill cache.h and cache.gates step by step."""
    _, N, H = cache.h.shape
    W_rz, W_n = for_steps(Wh[:, : 2 * H], N), for_steps(Wh[:, 2 * H :], N)
    row = np.empty((N, 4 * H), Wh.dtype)  # r, z, n, m of the present step
    r, z, n, m, sigmoids = row[:, :H], row[:, H : 2 * H], row[:, 2 * H : 3 * H], row[:, 3 * H :], row[:, : 2 * H]
    recurrent_rz = np.empty((N, 2 * H), Wh.dtype)
    recurrent_n = np.empty((N, H), Wh.dtype)
    difference = np.empty((N, H), Wh.dtype)
    half = np.array(0.5, Wh.dtype)
    arrays = projected[..., : 2 * H], projected[..., 2 * H :], cache.h[:-1], cache.h[1:], cache.gates
    for projected_rz, projected_n, h_prev, h_t, gates_t in zip(*arrays, strict=True):
        np.dot(h_prev, W_rz, out=recurrent_rz)
        np.add(projected_rz, recurrent_rz, out=sigmoids)
        np.tanh(sigmoids, out=sigmoids)
        np.multiply(sigmoids, half, out=sigmoids)
        np.add(sigmoids, half, out=sigmoids)
        np.multiply(r, h_prev, out=m)
        np.dot(m, W_n, out=recurrent_n)
        np.add(projected_n, recurrent_n, out=n)
        np.tanh(n, out=n)
        gates_t[...] = row
        np.subtract(h_prev, n, out=difference)
        np.multiply(z, difference, out=difference)
        np.add(n, difference, out=h_t)


def gru_backward(dh, cache):
    """Backpropagate through a GRU layer: gradients of a scalar loss, summed over batch and time.

    With dh_t the total gradient at h_t: dz_n = dh_t ⊙ (1 - z) ⊙ (1 - n²), dz_z = dh_t ⊙ (h_{t-1} - n) ⊙ z(1 - z),
    and dz_r = dr ⊙ r(1 - r), where dr is dz_n ⊙ (h_{t-1} W_hn + b_hn) if ``reset_after``, else
    (dz_n W_hnᵀ) ⊙ h_{t-1}.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H)
        Upstream gradient at every hidden state.
    cache : GRUCache
        From `gru_forward`. Neither it nor `dh` is changed.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
    dh0 : ndarray, shape (N, H)
    dWx : ndarray, shape (D, 3H)
    dWh : ndarray, shape (H, 3H)
    db : ndarray, shape (3H,)
    dbh : ndarray, shape (3H,), or None if the forward pass had no `bh`

    Raises
    ------
    ValueError
        If `dh` does not have the shape or the dtype of the forward pass's `h`.
    """
    h, gates = cache.h, cache.gates
    T, N, H = len(gates), *h.shape[1:]
    common_float_dtype("gru_backward", **{"the forward pass": h}, dh=dh)
    require_shape("gru_backward", "dh", dh, "(N, T, H)", (N, T, H))

    dz = np.empty((T, N, (4 if cache.reset_after else 3) * H), h.dtype)  # n, r, z and, if reset_after, m
    dh_prev = np.zeros((N, H), h.dtype)
    upstream = dh.transpose(1, 0, 2)
    run_steps_back = _run_steps_back_reset_after if cache.reset_after else _run_steps_back_reset_before
    for block in blocks_from_the_end(T, N, H):
        _local_derivatives(gates[block], h[:-1][block], dz[block], cache.reset_after)
        run_steps_back(upstream[block], gates[block], cache.Wh, dz[block], dh_prev)

    dx, dWx, db = projection_gradients(cache.x_one, last_gate_first(cache.Wx, 3), dz[..., : 3 * H])
    h_rows = as_rows(h[:-1])
    if cache.reset_after:
        dWh = np.dot(h_rows.T, as_rows(dz[..., H:]))
    else:
        dWh = np.empty((H, 3 * H), h.dtype)
        dWh[:, : 2 * H] = np.dot(h_rows.T, as_rows(dz[..., H:]))
        dWh[:, 2 * H :] = np.dot(as_rows(gates[..., 3 * H :]).T, as_rows(dz[..., :H]))
    dbh = as_rows(dz[..., H:]).sum(axis=0) if cache.has_bh else None
    return dx, dh_prev, first_gate_last(dWx, 3), dWh, first_gate_last(db, 3), dbh


def _local_derivatives(gates, h_prev, dz, reset_after):
    """Write into dz the derivatives of h_t by each pre-activation; without `reset_after`, that of r ⊙ h_prev by z_r."""
    H = h_prev.shape[-1]
    r, z, n, m = (gates[..., k * H : (k + 1) * H] for k in range(4))
    dn, dr = dz[..., :H], dz[..., H : 2 * H]
    sigmoids, d_sigmoids = gates[..., : 2 * H], dz[..., H : 3 * H]
    np.multiply(n, n, out=dn)
    np.subtract(1, dn, out=dn)
    dn *= 1 - z
    np.subtract(1, sigmoids, out=d_sigmoids)
    d_sigmoids *= sigmoids
    dz[..., 2 * H : 3 * H] *= h_prev - n
    if reset_after:
        dr *= m
        dr *= dn
        np.multiply(dn, r, out=dz[..., 3 * H :])
    else:
        dr *= h_prev


def _run_steps_back_reset_after(upstream, gates, Wh, dz, dh):
    """Multiply the local derivatives in dz by the total gradient at h_t, last step first; update dh."""
    N, H = dh.shape
    dh_by_gate, WhT = dh[:, None], Wh.T
    recurrent = np.empty_like(dh)
    arrays = upstream, gates[..., H : 2 * H], dz[..., H:], dz.reshape(-1, N, 4, H)
    for dh_t, z, dz_recurrent, dz_by_gate in zip(*(a[::-1] for a in arrays), strict=True):
        np.add(dh, dh_t, out=dh)
        np.multiply(dz_by_gate, dh_by_gate, out=dz_by_gate)
        np.dot(dz_recurrent, WhT, out=recurrent)
        np.multiply(dh, z, out=dh)
        np.add(dh, recurrent, out=dh)


def _run_steps_back_reset_before(upstream, gates, Wh, dz, dh):
    """Turn the local derivatives in dz into gradients, last step first; update dh."""
    H = dh.shape[1]
    W_rzT, W_nT = Wh[:, : 2 * H].T, Wh[:, 2 * H :].T
    dm, recurrent = np.empty_like(dh), np.empty_like(dh)
    r, z = gates[..., :H], gates[..., H : 2 * H]
    arrays = upstream, r, z, dz[..., :H], dz[..., H : 2 * H], dz[..., 2 * H :], dz[..., H:]
    for dh_t, r_t, z_t, dz_n, dz_r, dz_z, dz_rz in zip(*(a[::-1] for a in arrays), strict=True):
        np.add(dh, dh_t, out=dh)
        np.multiply(dz_n, dh, out=dz_n)
        np.multiply(dz_z, dh, out=dz_z)
        np.dot(dz_n, W_nT, out=dm)
        np.multiply(dz_r, dm, out=dz_r)
        np.dot(dz_rz, W_rzT, out=recurrent)
        np.multiply(dh, z_t, out=dh)
        np.add(dh, recurrent, out=dh)
        np.multiply(dm, r_t, out=dm)
        np.add(dh, dm, out=dh)
