"""Problem set 3 one sequence at a time: vectors, outer products, and a recursion instead of a loop over time."""

import numpy as np


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.tanh(x_t @ Wx + h_prev @ Wh + b)
    return h_t, (x_t, h_prev, Wx, Wh, h_t)


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    before = h0
    for t in range(x.shape[1]):
        before = h[:, t] = np.tanh(x[:, t] @ Wx + before @ Wh + b)
    return h, (x, h0, Wx, Wh, h.copy())


def rnn_step_backward(dh_t, cache):
    x_t, h_prev, Wx, Wh, h_t = cache
    dx, dh_prev = np.zeros_like(x_t), np.zeros_like(h_prev)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(h_t.shape[1])
    for n in range(len(x_t)):
        dz = (1 + h_t[n]) * (1 - h_t[n]) * dh_t[n]
        dx[n], dh_prev[n] = Wx @ dz, Wh @ dz
        dWx += np.outer(x_t[n], dz)
        dWh += np.outer(h_prev[n], dz)
        db += dz
    return dx, dh_prev, dWx, dWh, db


def dz_of(dh, h, Wh, t, last):
    """Return dz of steps t to last of one sequence, shape (last - t + 1, H), by recursion from the end."""
    if t == last:
        return [(1 - h[t] ** 2) * dh[t]]
    after = dz_of(dh, h, Wh, t + 1, last)
    return [(1 - h[t] ** 2) * (dh[t] + Wh @ after[0]), *after]


def rnn_backward_truncated(dh, cache, k):
    x, h0, Wx, Wh, h = cache
    N, T, D = x.shape
    dx, dh0 = np.zeros((N, T, D)), np.zeros(h0.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(h0.shape[1])
    for n in range(N):
        dz = []
        for start in range(0, T, k):
            dz += dz_of(dh[n], h[n], Wh, start, min(start + k, T) - 1)
        dh0[n] = Wh @ dz[0]
        for t in range(T):
            before = h[n, t - 1] if t > 0 else h0[n]
            dx[n, t] = Wx @ dz[t]
            dWx += x[n, t][:, None] * dz[t]
            dWh += before[:, None] * dz[t]
            db += dz[t]
    return dx, dh0, dWx, dWh, db


def rnn_backward(dh, cache):
    return rnn_backward_truncated(dh, cache, dh.shape[1])


def repaired_rnn_backward(dh, cache):
    return rnn_backward(dh, cache)


def dWh_contributions(dh, cache):
    h0, Wh, h = cache[1], cache[3], cache[4]
    N, T, H = dh.shape
    out = np.zeros((T, H, H))
    for n in range(N):
        before = np.vstack([h0[n], h[n, :-1]])
        for t, dz in enumerate(dz_of(dh[n], h[n], Wh, 0, T - 1)):
            out[t] += np.outer(before[t], dz)
    return out


def softmax_cross_entropy(logits, targets, mask):
    loss, dlogits, count = 0.0, np.zeros(logits.shape), mask.sum()
    for n, t in np.ndindex(targets.shape):
        if mask[n, t]:
            e = np.exp(logits[n, t] - logits[n, t].max())
            loss += np.log(e.sum()) - (logits[n, t, targets[n, t]] - logits[n, t].max())
            dlogits[n, t] = e / e.sum()
            dlogits[n, t, targets[n, t]] -= 1
    return loss / count, dlogits / count


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    D, H = Wx.shape
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for n in range(len(x)):
        by_Wx, by_Wh, by_b = np.zeros((D, H, H)), np.zeros((H, H, H)), np.zeros((H, H))
        h = h0[n]
        for t in range(x.shape[1]):
            before, h = h, np.tanh(x[n, t] @ Wx + h @ Wh + b)
            slope = 1 - h**2
            by_Wx, by_Wh, by_b = by_Wx @ Wh, by_Wh @ Wh, by_b @ Wh
            for j in range(H):
                by_Wx[:, j, j] += x[n, t]
                by_Wh[:, j, j] += before
                by_b[j, j] += 1
            by_Wx, by_Wh, by_b = by_Wx * slope, by_Wh * slope, by_b * slope
            dWx, dWh, db = dWx + by_Wx @ dh[n, t], dWh + by_Wh @ dh[n, t], db + by_b @ dh[n, t]
    return dWx, dWh, db


faded_steps = 15
