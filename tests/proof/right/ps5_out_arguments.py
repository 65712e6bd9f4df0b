"""Problem set 5 with buffers and out=: the gates of a step in one array, the weights summed up at the end."""

from types import SimpleNamespace

import numpy as np


def squash(z, H):
    """Turn the pre-activations into the gates, in place."""
    for k in (0, 1, 3):
        part = z[:, k * H : (k + 1) * H]
        np.multiply(part, 0.5, out=part)
        np.tanh(part, out=part)
        part += 1.0
        part *= 0.5
    np.tanh(z[:, 2 * H : 3 * H], out=z[:, 2 * H : 3 * H])
    return z


def blocks(z):
    H = z.shape[1] // 4
    return tuple(z[:, k * H : (k + 1) * H] for k in range(4))


def lstm_gates(x_t, h_prev, Wx, Wh, b):
    z = np.empty((len(x_t), len(b)))
    np.matmul(x_t, Wx, out=z)
    z += h_prev @ Wh
    z += b
    return blocks(squash(z, len(b) // 4))


def lstm_step_forward(x_t, h_prev, c_prev, Wx, Wh, b):
    i, f, g, o = lstm_gates(x_t, h_prev, Wx, Wh, b)
    c_t = np.multiply(i, g)
    c_t += f * c_prev
    h_t = np.tanh(c_t)
    h_t *= o
    return h_t, c_t, SimpleNamespace(x_t=x_t, h_prev=h_prev, c_prev=c_prev, Wx=Wx, Wh=Wh, i=i, f=f, g=g, o=o, c_t=c_t)


def lstm_forward(x, h0, c0, Wx, Wh, b):
    N, T, _ = x.shape
    H = len(b) // 4
    h, c = np.zeros((N, T + 1, H)), np.zeros((N, T + 1, H))
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0
    cache = []
    for t in range(T):
        h[:, t + 1], c[:, t + 1], step = lstm_step_forward(x[:, t], h[:, t], c[:, t], Wx, Wh, b)
        cache.append(step)
    return h[:, 1:].copy(), c[:, -1].copy(), cache


def into_dz(dh_total, dc_next, s):
    """Return the gradient at the pre-activations, and at the cell state before."""
    tanh_c = np.tanh(s.c_t)
    dc = np.multiply(tanh_c, tanh_c)
    np.subtract(1.0, dc, out=dc)
    dc *= s.o
    dc *= dh_total
    dc += dc_next
    dz = np.empty((len(dc), 4 * dc.shape[1]))
    di, df, dg, do = blocks(dz)
    for out, factor, gate in ((di, s.g, s.i), (df, s.c_prev, s.f)):
        np.multiply(dc, factor, out=out)
        out *= gate
        out *= 1.0 - gate
    np.multiply(dc, s.i, out=dg)
    dg *= 1.0 - np.square(s.g)
    np.multiply(dh_total, tanh_c, out=do)
    do *= s.o
    do *= 1.0 - s.o
    dc *= s.f
    return dz, dc


def lstm_step_backward(dh_total, dc_next, cache):
    dz, dc_prev = into_dz(dh_total, dc_next, cache)
    return dz @ cache.Wx.T, dz @ cache.Wh.T, dc_prev, cache.x_t.T @ dz, cache.h_prev.T @ dz, np.add.reduce(dz)


def lstm_backward(dh, dc_T, cache):
    N, T, H = dh.shape
    Wx, Wh = cache[0].Wx, cache[0].Wh
    dz_all = np.empty((N, T, 4 * H))
    dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
    if dc_T is not None:
        dc_next += dc_T
    total = np.empty((N, H))
    for t in range(T - 1, -1, -1):
        np.add(dh[:, t], dh_next, out=total)
        dz_all[:, t], dc_next = into_dz(total, dc_next, cache[t])
        np.matmul(dz_all[:, t], Wh.T, out=dh_next)
    rows = dz_all.reshape(N * T, 4 * H)
    x = np.stack([step.x_t for step in cache], axis=1).reshape(N * T, -1)
    before = np.stack([step.h_prev for step in cache], axis=1).reshape(N * T, H)
    return dz_all @ Wx.T, dh_next, dc_next, x.T @ rows, before.T @ rows, rows.sum(axis=0)


def repaired_lstm_backward(dh, dc_T, cache):
    return lstm_backward(dh, dc_T, cache)


def forget_gate_bias(H, value):
    b = np.zeros((4, H))
    b[1] = value
    return b.reshape(-1)


def lstm_forward_clamped(x, h0, c0, Wx, Wh, b, k, value):
    N, T, _ = x.shape
    H = len(b) // 4
    h, c = np.empty((N, T, H)), np.empty((N, T, H))
    h_t, c_t = h0, c0
    for t in range(T):
        gates = lstm_gates(x[:, t], h_t, Wx, Wh, b)
        gates[k][...] = value
        i, f, g, o = gates
        np.add(f * c_t, i * g, out=c[:, t])
        np.multiply(o, np.tanh(c[:, t]), out=h[:, t])
        h_t, c_t = h[:, t], c[:, t]
    return h, c


def half_life(f):
    steps = np.log(f)
    np.divide(np.log(0.5), steps, out=steps)
    return steps


halved_steps = 9
