"""Problem set 2 with nothing but loops over numbers: no matrix product, no broadcasting."""

import math

import numpy as np

from autograder.layers.rnn_measured import forgotten_after as measured


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    N, D = x_t.shape
    H = len(b)
    h_t = np.zeros((N, H))
    for n in range(N):
        for j in range(H):
            z = b[j]
            for d in range(D):
                z += x_t[n, d] * Wx[d, j]
            for i in range(H):
                z += h_prev[n, i] * Wh[i, j]
            h_t[n, j] = math.tanh(z)
    return h_t, {"x_t": x_t, "h_prev": h_prev, "Wx": Wx, "Wh": Wh, "h_t": h_t}


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], len(b)))
    previous = np.zeros((x.shape[0], len(b)))
    if h0 is not None:
        previous = previous + h0
    cache = []
    for t in range(x.shape[1]):
        previous, step = rnn_step_forward(x[:, t, :], previous, Wx, Wh, b)
        for n in range(x.shape[0]):
            for j in range(len(b)):
                h[n, t, j] = previous[n, j]
        cache.append(step)
    return h, cache


def rnn_parameter_count(D, H, V):
    count = 0
    for _ in range(H):
        count += D + H + 1
    for _ in range(V):
        count += H + 1
    return count


def rnn_forward_masked(x, h0, mask, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, len(b)))
    previous = np.zeros((N, len(b))) if h0 is None else h0
    for t in range(T):
        new, _ = rnn_step_forward(x[:, t], previous, Wx, Wh, b)
        for n in range(N):
            if mask[n, t]:
                h[n, t] = new[n]
            else:
                h[n, t] = previous[n]
        previous = h[:, t].copy()
    return h


def many_to_many(h, Wy, by):
    N, T, H = h.shape
    y = np.zeros((N, T, len(by)))
    for n in range(N):
        for t in range(T):
            for v in range(len(by)):
                y[n, t, v] = sum(h[n, t, j] * Wy[j, v] for j in range(H)) + by[v]
    return y


def many_to_one(h, mask, Wy, by):
    N, T, H = h.shape
    y = np.zeros((N, len(by)))
    for n in range(N):
        last = 0
        for t in range(T):
            if mask[n, t]:
                last = t
        for v in range(len(by)):
            y[n, v] = by[v] + sum(h[n, last, j] * Wy[j, v] for j in range(H))
    return y


def repaired_time_major_rnn(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    time_major = np.zeros((T, N, D))
    for n in range(N):
        for t in range(T):
            time_major[t, n] = x[n, t]
    h = np.zeros((N, T, len(b)))
    previous = h0
    for t in range(T):
        previous, _ = rnn_step_forward(time_major[t], previous, Wx, Wh, b)
        h[:, t] = previous
    return h


def _distance(first, second):
    return math.sqrt(sum((p - q) ** 2 for p, q in zip(first.ravel(), second.ravel(), strict=True)))


x, first, second, Wx, Wh, b = measured.network().values()
limit = _distance(first, second) / 100
forgotten_after = 0
while _distance(first, second) >= limit:
    first, _ = rnn_step_forward(x[:, forgotten_after], first, Wx, Wh, b)
    second, _ = rnn_step_forward(x[:, forgotten_after], second, Wx, Wh, b)
    forgotten_after += 1
