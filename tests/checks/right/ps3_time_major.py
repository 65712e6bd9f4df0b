"""Problem set 3 with time first inside: arrays are turned round at the door, and weights get one product at the end."""

import numpy as np


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.tanh(np.hstack([x_t, h_prev]) @ np.vstack([Wx, Wh]) + b)
    return h_t, (x_t, h_prev, Wx, Wh, h_t)


def rnn_forward(x, h0, Wx, Wh, b):
    xs = x.transpose(1, 0, 2)
    projected = xs @ Wx + b
    hs = np.empty((len(xs) + 1, *h0.shape))
    hs[0] = h0
    for t in range(len(xs)):
        hs[t + 1] = np.tanh(projected[t] + hs[t] @ Wh)
    return hs[1:].transpose(1, 0, 2), (xs, hs, Wx, Wh)


def rnn_step_backward(dh_t, cache):
    x_t, h_prev, Wx, Wh, h_t = cache
    dz = (1 - h_t) * (1 + h_t) * dh_t
    both = dz @ np.vstack([Wx, Wh]).T
    dW = np.hstack([x_t, h_prev]).T @ dz
    D = x_t.shape[1]
    return both[:, :D], both[:, D:], dW[:D], dW[D:], np.ones(len(dz)) @ dz


def dz_of_all_steps(dh, cache, k=None):
    xs, hs, _, Wh = cache
    T = len(xs)
    dhs = dh.transpose(1, 0, 2)
    dzs = np.zeros((T + 1, *hs[0].shape))
    for t in range(T - 1, -1, -1):
        carried = 0 if k is not None and t % k == k - 1 else dzs[t + 1] @ Wh.T
        dzs[t] = (dhs[t] + carried) * (1 - hs[t + 1]) * (1 + hs[t + 1])
    return dzs[:T]


def gradients(dh, cache, k=None):
    xs, hs, Wx, Wh = cache
    dzs = dz_of_all_steps(dh, cache, k)
    flat = dzs.reshape(-1, dzs.shape[2])
    dWx = xs.reshape(-1, xs.shape[2]).T @ flat
    dWh = hs[:-1].reshape(-1, hs.shape[2]).T @ flat
    return (dzs @ Wx.T).transpose(1, 0, 2), dzs[0] @ Wh.T, dWx, dWh, flat.sum(axis=0)


def rnn_backward(dh, cache):
    return gradients(dh, cache)


def repaired_rnn_backward(dh, cache):
    return list(gradients(dh.copy(), cache))


def rnn_backward_truncated(dh, cache, k):
    return gradients(dh, cache, k)


def dWh_contributions(dh, cache):
    return cache[1][:-1].transpose(0, 2, 1) @ dz_of_all_steps(dh, cache)


def softmax_cross_entropy(logits, targets, mask):
    # Only the positions that count are looked at.
    n, t = np.nonzero(mask)
    chosen = logits[n, t]
    largest = chosen.max(axis=1)
    total = np.log(np.exp(chosen - largest[:, None]).sum(axis=1)) + largest
    rows = np.arange(len(n))
    loss = np.mean(total - chosen[rows, targets[n, t]])
    d = np.exp(chosen - total[:, None])
    d[rows, targets[n, t]] -= 1
    dlogits = np.zeros(logits.shape)
    dlogits[n, t] = d / len(n)
    return loss, dlogits


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    # The trace of unit k by weight (i, j) is kept with k first, so that the recurrence is a product from the left.
    N, T, D = x.shape
    H = len(b)
    traces = {"x": np.zeros((N, H, D * H)), "h": np.zeros((N, H, H * H)), "b": np.zeros((N, H, H))}
    sums = {name: np.zeros(trace.shape[2]) for name, trace in traces.items()}
    h = h0
    for t in range(T):
        inputs = {"x": x[:, t], "h": h, "b": np.ones((N, 1))}
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        for name, source in inputs.items():
            direct = np.stack([np.kron(row, np.eye(H)) for row in source])
            traces[name] = (1 - h**2)[:, :, None] * (Wh.T @ traces[name] + direct)
            sums[name] = sums[name] + (dh[:, t, :, None] * traces[name]).sum(axis=(0, 1))
    return sums["x"].reshape(D, H), sums["h"].reshape(H, H), sums["b"]


faded_steps = np.int64(15)
