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
    by_gate,
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
    gates: np.ndarray  # (T, 4, N, H); r, z, n and m: h_prev W_hn + b_hn if reset_after, else r ⊙ h_prev
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

    # σ(z) = ½ tanh(½ z) + ½: the ½ inside is put into the weights. A gate below about 1e-16 (float32: 1e-8) is 0.
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
    cache = GRUCache(x_one, h, np.empty((T, 4, N, H), dtype), Wx.copy(), Wh.copy(), bool(reset_after), bh is not None)
    if reset_after:
        _run_steps_reset_after(projected, for_steps(Wh * inner, N), bn, cache)
    else:
        _run_steps_reset_before(projected, Wh * inner, cache)
    return batch_first(h[1:].copy()), cache


def _run_steps_reset_after(projected, Wh, bn, cache):
    """Fill cache.h and cache.gates step by step; bn is the recurrent bias of n, (N, H)."""
    N, H = bn.shape
    row = np.empty((4, N, H), bn.dtype)  # r, z, n, m of the present step
    sigmoids, (r, z, n, m) = row[:2], row
    recurrent = np.empty((1, N, 3 * H), bn.dtype)
    recurrent_rows, recurrent_by_gate = recurrent[0], by_gate(recurrent, 3)[0]
    recurrent_rz, recurrent_n = recurrent_by_gate[:2], recurrent_by_gate[2]
    difference = np.empty((N, H), bn.dtype)
    half = np.array(0.5, bn.dtype)
    projected_by_gate = by_gate(projected, 3)
    arrays = projected_by_gate[:, :2], projected_by_gate[:, 2], cache.h[:-1], cache.h[1:], cache.gates
    for projected_rz, projected_n, h_prev, h_t, gates_t in zip(*arrays, strict=True):
        np.dot(h_prev, Wh, out=recurrent_rows)
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
    row = np.empty((4, N, H), Wh.dtype)  # r, z, n, m of the present step
    sigmoids, (r, z, n, m) = row[:2], row
    recurrent = np.empty((1, N, 2 * H), Wh.dtype)
    recurrent_rows, recurrent_rz = recurrent[0], by_gate(recurrent, 2)[0]
    recurrent_n = np.empty((N, H), Wh.dtype)
    difference = np.empty((N, H), Wh.dtype)
    half = np.array(0.5, Wh.dtype)
    projected_by_gate = by_gate(projected, 3)
    arrays = projected_by_gate[:, :2], projected_by_gate[:, 2], cache.h[:-1], cache.h[1:], cache.gates
    for projected_rz, projected_n, h_prev, h_t, gates_t in zip(*arrays, strict=True):
        np.dot(h_prev, W_rz, out=recurrent_rows)
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
        local = _local_derivatives(gates[block], h[:-1][block], cache.reset_after)
        run_steps_back(upstream[block], gates[block], local, cache.Wh, dz[block], dh_prev)

    dx, dWx, db = projection_gradients(cache.x_one, last_gate_first(cache.Wx, 3), dz[..., : 3 * H])
    h_rows = as_rows(h[:-1])
    if cache.reset_after:
        dWh = np.dot(h_rows.T, as_rows(dz[..., H:]))
    else:
        dWh = np.empty((H, 3 * H), h.dtype)
        dWh[:, : 2 * H] = np.dot(h_rows.T, as_rows(dz[..., H:]))
        dWh[:, 2 * H :] = np.dot(as_rows(gates[:, 3]).T, as_rows(dz[..., :H]))
    dbh = as_rows(dz[..., H:]).sum(axis=0) if cache.has_bh else None
    return dx, dh_prev, first_gate_last(dWx, 3), dWh, first_gate_last(db, 3), dbh


def _local_derivatives(gates, h_prev, reset_after):
    """Return, for a block of steps, the factors of dz in the order n, r, z and, if reset_after, m: (steps, 4, N, H).

    They are the derivatives of h_t; only without `reset_after` the one of r is that of r ⊙ h_prev.
    """
    r, z, n, m = gates.swapaxes(0, 1)
    local = np.empty_like(gates if reset_after else gates[:, :3])
    dn, dr, d_sigmoids = local[:, 0], local[:, 1], local[:, 1:3]
    np.multiply(n, n, out=dn)
    np.subtract(1, dn, out=dn)
    dn *= 1 - z
    np.subtract(1, gates[:, :2], out=d_sigmoids)
    d_sigmoids *= gates[:, :2]
    local[:, 2] *= h_prev - n
    if reset_after:
        dr *= m
        dr *= dn
        np.multiply(dn, r, out=local[:, 3])
    else:
        dr *= h_prev
    return local


def _run_steps_back_reset_after(upstream, gates, local, Wh, dz, dh):
    """Write dz, the local derivatives times the total gradient at h_t, last step first; update dh."""
    H = dh.shape[1]
    WhT, recurrent = Wh.T, np.empty_like(dh)
    arrays = upstream, gates[:, 1], local, by_gate(dz, 4), dz[..., H:]
    for dh_t, z, local_t, dz_by_gate, dz_recurrent in zip(*(array[::-1] for array in arrays), strict=True):
        np.add(dh, dh_t, out=dh)
        np.multiply(local_t, dh, out=dz_by_gate)
        np.dot(dz_recurrent, WhT, out=recurrent)
        np.multiply(dh, z, out=dh)
        np.add(dh, recurrent, out=dh)


def _run_steps_back_reset_before(upstream, gates, local, Wh, dz, dh):
    """Write dz, the local derivatives times the gradients at h_t and at r ⊙ h_prev, last step first; update dh."""
    H = dh.shape[1]
    W_rzT, W_nT = Wh[:, : 2 * H].T, Wh[:, 2 * H :].T
    dm, recurrent = np.empty_like(dh), np.empty_like(dh)
    arrays = upstream, gates, local, by_gate(dz, 3), dz[..., :H], dz[..., H:]
    for dh_t, (r, z, _, _), (local_n, local_r, local_z), (dz_n, dz_r, dz_z), dz_n_rows, dz_rz_rows in zip(
        *(array[::-1] for array in arrays), strict=True
    ):
        np.add(dh, dh_t, out=dh)
        np.multiply(local_n, dh, out=dz_n)
        np.multiply(local_z, dh, out=dz_z)
        np.dot(dz_n_rows, W_nT, out=dm)
        np.multiply(local_r, dm, out=dz_r)
        np.dot(dz_rz_rows, W_rzT, out=recurrent)
        np.multiply(dh, z, out=dh)
        np.add(dh, recurrent, out=dh)
        np.multiply(dm, r, out=dm)
        np.add(dh, dm, out=dh)
