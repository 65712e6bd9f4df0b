"""Problem set 2 time-major inside: the arrays are (T, N, …) and only views are handed back."""

import numpy as np

from autograder.layers.rnn_measured import forgotten_after as measured


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    z = np.dot(x_t, Wx)
    z += np.dot(h_prev, Wh)
    z += b
    h_t = np.tanh(z)
    return h_t, [x_t, h_prev, Wx, Wh, h_t]


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    z = np.moveaxis(x, 1, 0) @ Wx + b  # (T, N, H)
    h = np.zeros((T + 1, N, len(b)))
    if h0 is not None:
        h[0] = h0
    for t in range(T):
        h[t + 1] = np.tanh(z[t] + h[t] @ Wh)
    return h[1:].transpose(1, 0, 2), [(x[:, t], h[t], Wx, Wh, h[t + 1]) for t in range(T)]


def rnn_parameter_count(D, H, V):
    shapes = [(D, H), (H, H), (H,), (H, V), (V,)]
    return int(sum(np.prod(shape) for shape in shapes))


def rnn_forward_masked(x, h0, mask, Wx, Wh, b):
    N, T, _ = x.shape
    z = x.swapaxes(0, 1) @ Wx + b
    m = mask.T[..., None]
    h = np.zeros((T + 1, N, len(b)))
    if h0 is not None:
        h[0] = h0
    for t in range(T):
        np.copyto(h[t + 1], h[t])
        np.copyto(h[t + 1], np.tanh(z[t] + h[t] @ Wh), where=m[t])
    return h[1:].swapaxes(0, 1)


def many_to_many(h, Wy, by):
    N, T, H = h.shape
    rows = h.transpose(1, 0, 2).reshape(T * N, H)
    return (rows @ Wy + by).reshape(T, N, -1).transpose(1, 0, 2)


def many_to_one(h, mask, Wy, by):
    end = np.where(mask.all(axis=1), mask.shape[1], np.argmin(mask, axis=1))
    return h.transpose(1, 0, 2)[end - 1, np.arange(len(h))] @ Wy + by


def repaired_time_major_rnn(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    x = np.ascontiguousarray(x.transpose(1, 0, 2))
    h = np.empty((T, N, len(b)))
    h_t = h0
    for t in range(T):
        h_t = np.tanh(x[t] @ Wx + h_t @ Wh + b)
        h[t] = h_t
    return h.transpose(1, 0, 2)


x, h0_first, h0_second, Wx, Wh, b = measured.network().values()
both, _ = rnn_forward(np.repeat(x, 2, axis=0), np.concatenate([h0_first, h0_second]), Wx, Wh, b)
gaps = [np.linalg.norm(h0_first - h0_second), *np.linalg.norm(both[0] - both[1], axis=1)]
forgotten_after = next(k for k, gap in enumerate(gaps) if gap < 0.01 * gaps[0])
