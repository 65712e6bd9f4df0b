"""Problem set 3 with preallocated buffers and out=: nothing is allocated inside the loop over time."""

import numpy as np


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.empty(h_prev.shape)
    np.matmul(h_prev, Wh, out=h_t)
    h_t += x_t @ Wx
    h_t += b
    np.tanh(h_t, out=h_t)
    return h_t, [x_t, h_prev, Wx, Wh, h_t]


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.empty((N, T + 1, len(b)))
    h[:, 0] = h0
    np.matmul(x, Wx, out=h[:, 1:])
    h[:, 1:] += b
    for t in range(T):
        h[:, t + 1] += h[:, t] @ Wh
        np.tanh(h[:, t + 1], out=h[:, t + 1])
    return h[:, 1:].copy(), [x, h, Wx, Wh]


def rnn_step_backward(dh_total, cache):
    x_t, h_prev, Wx, Wh, h_t = cache
    dz = np.empty_like(h_t)
    np.multiply(h_t, h_t, out=dz)
    np.subtract(1.0, dz, out=dz)
    np.multiply(dz, dh_total, out=dz)
    dWx = np.empty_like(Wx)
    np.matmul(x_t.T, dz, out=dWx)
    return dz @ Wx.T, dz @ Wh.T, dWx, np.matmul(h_prev.T, dz, out=np.empty_like(Wh)), np.add.reduce(dz)


def fill_dz(dh, h, Wh, k):
    dz = np.multiply(h[:, 1:], h[:, 1:])
    np.subtract(1.0, dz, out=dz)
    carried, total = np.zeros(h[:, 0].shape), np.empty(h[:, 0].shape)
    for t in range(dz.shape[1] - 1, -1, -1):
        if (t + 1) % k == 0:
            carried[...] = 0.0
        np.add(dh[:, t], carried, out=total)
        dz[:, t] *= total
        np.matmul(dz[:, t], Wh.T, out=carried)
    return dz, carried


def rnn_backward_truncated(dh, cache, k):
    x, h, Wx, Wh = cache
    dz, dh0 = fill_dz(dh, h, Wh, k)
    D, H = Wx.shape
    rows = dz.reshape(-1, H)
    dWx = np.dot(x.reshape(-1, D).T, rows)
    dWh = np.dot(h[:, :-1].reshape(-1, H).T, rows)
    return dz @ Wx.T, dh0, dWx, dWh, rows.sum(axis=0)


def rnn_backward(dh, cache):
    return rnn_backward_truncated(dh, cache, dh.shape[1] + 1)


def repaired_rnn_backward(dh, cache):
    return rnn_backward_truncated(dh, cache, 10**6)


def dWh_contributions(dh, cache):
    h, Wh = cache[1], cache[3]
    dz, _ = fill_dz(dh, h, Wh, dh.shape[1] + 1)
    out = np.empty((dh.shape[1], *Wh.shape))
    for t in range(len(out)):
        np.matmul(h[:, t].T, dz[:, t], out=out[t])
    return out


def softmax_cross_entropy(y, targets, mask):
    dy = y.copy()
    dy -= dy.max(axis=-1, keepdims=True)
    n, t = np.indices(targets.shape)
    at_target = dy[n, t, targets]
    np.exp(dy, out=dy)
    total = dy.sum(axis=-1)
    count = int(mask.sum())
    loss = np.sum(np.log(total) - at_target, where=mask) / count
    dy /= total[..., None]
    dy[n, t, targets] -= 1.0
    dy *= mask[..., None]
    dy /= count
    return loss, dy


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    N, T, D = x.shape
    H = len(b)
    trace = np.zeros((N, D + H + 1, H, H))
    moved = np.empty_like(trace)
    source = np.ones((N, D + H + 1))
    gradient = np.zeros((D + H + 1, H))
    h = h0.copy()
    W = np.vstack([Wx, Wh, b])
    units = np.arange(H)
    for t in range(T):
        source[:, :D], source[:, D : D + H] = x[:, t], h
        np.matmul(source, W, out=h)
        np.tanh(h, out=h)
        np.matmul(trace, Wh, out=moved)
        moved[:, :, units, units] += source[:, :, None]
        np.multiply(moved, (1.0 - h * h)[:, None, None, :], out=trace)
        gradient += np.matmul(trace, dh[:, t, None, :, None])[..., 0].sum(axis=0)
    return gradient[:D].copy(), gradient[D:-1].copy(), gradient[-1].copy()


faded_steps = 15
