"""Problem set 5 with lists of floats and loops over sequences and units; NumPy only at the door."""

import math

import numpy as np


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def gates_of(x, h, Wx, Wh, b):
    """Return the gates of one sequence, a list of four lists."""
    H = len(h)
    found = []
    for k, activation in enumerate((sigmoid, sigmoid, math.tanh, sigmoid)):
        found.append([])
        for j in range(k * H, (k + 1) * H):
            z = b[j] + sum(x[d] * Wx[d][j] for d in range(len(x))) + sum(h[m] * Wh[m][j] for m in range(H))
            found[-1].append(activation(z))
    return found


def lstm_gates(x_t, h_prev, Wx, Wh, b):
    weights = Wx.tolist(), Wh.tolist(), b.tolist()
    each = [gates_of(x, h, *weights) for x, h in zip(x_t.tolist(), h_prev.tolist(), strict=True)]
    return tuple(np.array([gates[k] for gates in each]) for k in range(4))


def lstm_step_forward(x_t, h_prev, c_prev, Wx, Wh, b):
    i, f, g, o = lstm_gates(x_t, h_prev, Wx, Wh, b)
    c_t, h_t = np.empty(c_prev.shape), np.empty(c_prev.shape)
    for place in np.ndindex(c_t.shape):
        c_t[place] = f[place] * c_prev[place] + i[place] * g[place]
        h_t[place] = o[place] * math.tanh(c_t[place])
    return h_t, c_t, (x_t, h_prev, c_prev, Wx, Wh, i, f, g, o, c_t)


def lstm_forward(x, h0, c0, Wx, Wh, b):
    h = [np.zeros((len(x), len(Wh))) if h0 is None else h0]
    c = [np.zeros((len(x), len(Wh))) if c0 is None else c0]
    cache = []
    for t in range(x.shape[1]):
        h_t, c_t, step = lstm_step_forward(x[:, t], h[t], c[t], Wx, Wh, b)
        h, c, cache = [*h, h_t], [*c, c_t], [*cache, step]
    return np.stack(h[1:], axis=1), c[-1], cache


def lstm_step_backward(dh_total, dc_next, cache):
    x_t, h_prev, c_prev, Wx, Wh, i, f, g, o, c_t = cache
    N, H = c_t.shape
    dz, dc_prev = np.empty((N, 4 * H)), np.empty((N, H))
    for n in range(N):
        for j in range(H):
            at = n, j
            shown = math.tanh(c_t[at])
            dc = dc_next[at] + dh_total[at] * o[at] * (1 - shown * shown)
            dz[n, j] = dc * g[at] * i[at] * (1 - i[at])
            dz[n, H + j] = dc * c_prev[at] * f[at] * (1 - f[at])
            dz[n, 2 * H + j] = dc * i[at] * (1 - g[at] * g[at])
            dz[n, 3 * H + j] = dh_total[at] * shown * o[at] * (1 - o[at])
            dc_prev[at] = dc * f[at]
    dx_t, dh_prev = (np.einsum("nk,dk->nd", dz, W) for W in (Wx, Wh))
    dWx, dWh = (np.einsum("nd,nk->dk", value, dz) for value in (x_t, h_prev))
    return dx_t, dh_prev, dc_prev, dWx, dWh, np.einsum("nk->k", dz)


def lstm_backward(dh, dc_T, cache):
    found, dh_next = [], np.zeros(dh[:, 0].shape)
    dc_next = dh_next if dc_T is None else dc_T
    for t in range(len(cache) - 1, -1, -1):
        dx_t, dh_next, dc_next, *weights = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        found.append((dx_t, weights))
    dx = np.stack([dx_t for dx_t, _ in reversed(found)], axis=1)
    dWx, dWh, db = (sum(weights[k] for _, weights in found) for k in range(3))
    return dx, dh_next, dc_next, dWx, dWh, db


repaired_lstm_backward = lstm_backward


def forget_gate_bias(H, value):
    return np.array([0.0] * H + [value] * H + [0.0] * H + [0.0] * H)


def lstm_forward_clamped(x, h0, c0, Wx, Wh, b, k, value):
    weights = Wx.tolist(), Wh.tolist(), b.tolist()
    h, c = [], []
    for sequence, hidden, cell in zip(x.tolist(), h0.tolist(), c0.tolist(), strict=True):
        h.append([])
        c.append([])
        for x_t in sequence:
            i, f, g, o = ([value] * len(cell) if place == k else gate
                          for place, gate in enumerate(gates_of(x_t, hidden, *weights)))  # fmt: skip
            cell = [f[j] * cell[j] + i[j] * g[j] for j in range(len(cell))]
            hidden = [o[j] * math.tanh(cell[j]) for j in range(len(cell))]
            h[-1].append(hidden)
            c[-1].append(cell)
    return np.array(h), np.array(c)


def half_life(f):
    return np.array([math.log(2) / abs(math.log(gate)) for gate in f])


halved_steps = 9
