"""Problem set 6 with lists of floats and loops over sequences and units; NumPy only at the door."""

import math

import numpy as np


def sigmoid(a):
    return 1 / (1 + math.exp(-a)) if a > -700 else 0.0


def dot(values, W, column):
    return sum(value * row[column] for value, row in zip(values, W, strict=True))


def step_of(x, h, Wx, Wh, b, bh):
    """Return r, z, n, m and the new state of one sequence; without bh the reset stands before the product."""
    H = len(h)
    from_x = [dot(x, Wx, k) + b[k] for k in range(3 * H)]
    from_h = [dot(h, Wh, k) + (bh[k] if bh else 0.0) for k in range(3 * H)]
    r = [sigmoid(from_x[j] + from_h[j]) for j in range(H)]
    z = [sigmoid(from_x[j] + from_h[j]) for j in range(H, 2 * H)]
    if bh:
        m = from_h[2 * H :]
        heard = [r[j] * m[j] for j in range(H)]
    else:
        m = [r[j] * h[j] for j in range(H)]
        heard = [dot(m, Wh, k) for k in range(2 * H, 3 * H)]
    n = [math.tanh(from_x[2 * H + j] + heard[j]) for j in range(H)]
    return r, z, n, m, [(1 - z[j]) * n[j] + z[j] * h[j] for j in range(H)]


def all_sequences(x_t, h_prev, Wx, Wh, b, bh):
    weights = Wx.tolist(), Wh.tolist(), b.tolist(), None if bh is None else bh.tolist()
    each = [step_of(x, h, *weights) for x, h in zip(x_t.tolist(), h_prev.tolist(), strict=True)]
    r, z, n, m, h_t = (np.array(values) for values in zip(*each, strict=True))
    return h_t, (x_t, h_prev, Wx, Wh, r, z, n, m)


def gru_step_forward(x_t, h_prev, Wx, Wh, b, bh):
    return all_sequences(x_t, h_prev, Wx, Wh, b, bh)


def gru_step_forward_before(x_t, h_prev, Wx, Wh, b):
    return all_sequences(x_t, h_prev, Wx, Wh, b, None)


def gru_forward(x, h0, Wx, Wh, b, bh):
    h, cache = [np.zeros((len(x), len(Wh))) if h0 is None else h0], []
    for t in range(x.shape[1]):
        h_t, step = gru_step_forward(x[:, t], h[t], Wx, Wh, b, bh)
        h, cache = [*h, h_t], [*cache, step]
    return np.stack(h[1:], axis=1), cache


def update_gate_between(h_prev, n, h_t):
    z = np.empty(n.shape)
    for place in np.ndindex(n.shape):
        z[place] = (n[place] - h_t[place]) / (n[place] - h_prev[place])
    return z


def gradients(dh_total, cache, after):
    """Return da, what goes back to m, and what goes straight to the state before."""
    _, h_prev, _, Wh, r, z, n, m = cache
    N, H = n.shape
    da, dm, straight = np.empty((N, 3 * H)), np.empty((N, H)), np.empty((N, H))
    for i in range(N):
        for j in range(H):
            at = i, j
            da[i, 2 * H + j] = dh_total[at] * (1 - z[at]) * (1 - n[at] * n[at])
            da[i, H + j] = dh_total[at] * (h_prev[at] - n[at]) * z[at] * (1 - z[at])
            straight[at] = dh_total[at] * z[at]
        for j in range(H):
            at = i, j
            if after:
                dm[at], dr = da[i, 2 * H + j] * r[at], da[i, 2 * H + j] * m[at]
            else:
                dm[at] = sum(da[i, 2 * H + k] * Wh[j, 2 * H + k] for k in range(H))
                dr = dm[at] * h_prev[at]
            da[i, j] = dr * r[at] * (1 - r[at])
    return da, dm, straight


def gru_step_backward(dh_total, cache):
    x_t, h_prev, Wx, Wh = cache[:4]
    da, dm, straight = gradients(dh_total, cache, after=True)
    da_h = np.concatenate([da[:, : 2 * dm.shape[1]], dm], axis=1)
    dx_t, through = np.einsum("nk,dk->nd", da, Wx), np.einsum("nk,hk->nh", da_h, Wh)
    dWx, dWh = np.einsum("nd,nk->dk", x_t, da), np.einsum("nh,nk->hk", h_prev, da_h)
    return dx_t, straight + through, dWx, dWh, np.einsum("nk->k", da), np.einsum("nk->k", da_h)


def gru_step_backward_before(dh_total, cache):
    x_t, h_prev, Wx, Wh, r, _, _, m = cache
    da, dm, straight = gradients(dh_total, cache, after=False)
    gates = da[:, : 2 * dm.shape[1]]
    through = np.einsum("nk,hk->nh", gates, Wh[:, : gates.shape[1]])
    heard = [(h_prev, gates), (m, da[:, gates.shape[1] :])]
    dWh = np.concatenate([np.einsum("nh,nk->hk", value, d) for value, d in heard], axis=1)
    dx_t, dWx = np.einsum("nk,dk->nd", da, Wx), np.einsum("nd,nk->dk", x_t, da)
    return dx_t, straight + through + r * dm, dWx, dWh, np.einsum("nk->k", da)


def gru_backward(dh, cache):
    found, dh_next = [], np.zeros(dh[:, 0].shape)
    for t in range(len(cache) - 1, -1, -1):
        dx_t, dh_next, *weights = gru_step_backward(dh[:, t] + dh_next, cache[t])
        found.append((dx_t, weights))
    dx = np.stack([dx_t for dx_t, _ in reversed(found)], axis=1)
    return dx, dh_next, *(sum(weights[k] for _, weights in found) for k in range(4))


repaired_gru_backward = gru_backward


def gru_parameter_count(D, H):
    return sum(D + H + 2 for _ in range(3 * H))


def hidden_size_for(parameters, D, kind):
    sizes = {"RNN": lambda H: H * (D + H + 1), "GRU": lambda H: gru_parameter_count(D, H),
             "LSTM": lambda H: 4 * H * (D + H + 1)}  # fmt: skip
    return max(H for H in range(500) if sizes[kind](H) <= parameters)


parting_step = 20
