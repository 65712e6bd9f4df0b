"""Problem set 2 with einsum, and with the mask as numbers in the equation as it is printed."""

import numpy as np

from autograder.layers.rnn_measured import forgotten_after as measured


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.tanh(np.einsum("nd,dh->nh", x_t, Wx) + np.einsum("nk,kh->nh", h_prev, Wh) + b[None, :])
    return h_t, (x_t, h_prev, Wx, Wh, h_t)


def rnn_forward(x, h0, Wx, Wh, b):
    from_x = np.einsum("ntd,dh->nth", x, Wx) + b
    h_prev = np.zeros_like(from_x[:, 0]) if h0 is None else h0
    h, cache = np.zeros_like(from_x), []
    for t in range(x.shape[1]):
        h[:, t] = np.tanh(from_x[:, t] + np.einsum("nk,kh->nh", h_prev, Wh))
        cache.append((x[:, t], h_prev, Wx, Wh, h[:, t]))
        h_prev = h[:, t]
    return h, cache


def rnn_parameter_count(D, H, V):
    return H * (D + H + 1) + V * (H + 1)


def rnn_forward_masked(x, h0, mask, Wx, Wh, b):
    m = mask.astype(float)[:, :, None]
    h_prev = np.zeros((x.shape[0], Wh.shape[1])) if h0 is None else h0
    h = np.zeros((x.shape[0], x.shape[1], Wh.shape[1]))
    for t in range(x.shape[1]):
        new = np.tanh(np.einsum("nd,dh->nh", x[:, t], Wx) + np.einsum("nk,kh->nh", h_prev, Wh) + b)
        h[:, t] = h_prev = m[:, t] * new + (1 - m[:, t]) * h_prev
    return h


def many_to_many(h, Wy, by):
    return np.einsum("nth,hv->ntv", h, Wy) + by


def many_to_one(h, mask, Wy, by):
    T = mask.shape[1]
    last = np.arange(T) == mask.sum(axis=1, keepdims=True) - 1
    return np.einsum("nt,nth,hv->nv", last, h, Wy) + by


def repaired_time_major_rnn(x, h0, Wx, Wh, b):
    time_major = np.einsum("ntd->tnd", x)
    states = [h0]
    for x_t in time_major:
        states.append(np.tanh(x_t @ Wx + states[-1] @ Wh + b))
    return np.einsum("tnh->nth", np.array(states[1:]))


x, h0_first, h0_second, Wx, Wh, b = measured.network().values()
difference = rnn_forward(x, h0_first, Wx, Wh, b)[0] - rnn_forward(x, h0_second, Wx, Wh, b)[0]
squared = np.einsum("nth,nth->t", difference, difference)
forgotten_after = 1 + np.flatnonzero(squared < 1e-4 * np.sum((h0_first - h0_second) ** 2))[0]
