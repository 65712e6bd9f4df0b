"""Problem set 3 with lists of floats and loops over single entries; NumPy only at the door."""

import math

import numpy as np


def product(A, B):
    columns = list(zip(*B, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in A]


def turned(A):
    return [list(column) for column in zip(*A, strict=True)]


def plus(A, B):
    return [[a + b for a, b in zip(row, other, strict=True)] for row, other in zip(A, B, strict=True)]


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.tanh(x_t @ Wx + h_prev @ Wh + b)
    return h_t, (x_t, h_prev, Wx, Wh, h_t)


def rnn_forward(x, h0, Wx, Wh, b):
    cache, states = [], [h0]
    for t in range(x.shape[1]):
        h_t, step = rnn_step_forward(x[:, t], states[-1], Wx, Wh, b)
        states.append(h_t)
        cache.append(step)
    return np.stack(states[1:], axis=1), cache


def step_backward(dh_total, cache):
    x_t, h_prev, Wx, Wh, h_t = (array.tolist() for array in cache)
    dz = [[d * (1 - h * h) for d, h in zip(*rows, strict=True)] for rows in zip(dh_total, h_t, strict=True)]
    dWx, dWh = product(turned(x_t), dz), product(turned(h_prev), dz)
    return product(dz, turned(Wx)), product(dz, turned(Wh)), dWx, dWh, [sum(column) for column in turned(dz)]


def rnn_step_backward(dh_total, cache):
    return tuple(np.array(gradient) for gradient in step_backward(dh_total.tolist(), cache))


def steps_backward(dh, cache, k):
    steps, back = [], None
    for t in range(len(cache) - 1, -1, -1):
        total = dh[:, t].tolist()
        if back is not None and (t + 1) % k != 0:
            total = plus(total, back)
        steps.insert(0, step_backward(total, cache[t]))
        back = steps[0][1]
    return steps


def rnn_backward_truncated(dh, cache, k):
    steps = steps_backward(dh, cache, k)
    dx = np.array([step[0] for step in steps]).swapaxes(0, 1)
    dWx, dWh, db = steps[0][2:]
    for step in steps[1:]:
        dWx, dWh, db = plus(dWx, step[2]), plus(dWh, step[3]), [a + b for a, b in zip(db, step[4], strict=True)]
    return dx, np.array(steps[0][1]), np.array(dWx), np.array(dWh), np.array(db)


def rnn_backward(dh, cache):
    return rnn_backward_truncated(dh, cache, math.inf)


def repaired_rnn_backward(dh, cache):
    return rnn_backward_truncated(dh, cache, 10**9)


def dWh_contributions(dh, cache):
    return np.array([step[3] for step in steps_backward(dh, cache, math.inf)])


def softmax_cross_entropy(y, targets, mask):
    N, T, V = y.shape
    count = sum(1 for n in range(N) for t in range(T) if mask[n, t])
    loss, dy = 0.0, [[[0.0] * V for _ in range(T)] for _ in range(N)]
    for n in range(N):
        for t in range(T):
            if not mask[n, t]:
                continue
            scores, target = y[n, t].tolist(), int(targets[n, t])
            largest = max(scores)
            total = sum(math.exp(score - largest) for score in scores)
            loss += (math.log(total) + largest - scores[target]) / count
            for v in range(V):
                p = math.exp(scores[v] - largest) / total
                dy[n][t][v] = (p - (v == target)) / count
    return loss, np.array(dy)


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    # One weight after the other: its derivative of the state, carried forward.
    def sensitivity(source, unit):
        total, before, carried = 0.0, h0, np.zeros(h0.shape)
        for t in range(x.shape[1]):
            now = np.tanh(x[:, t] @ Wx + before @ Wh + b)
            direct = np.zeros(h0.shape)
            direct[:, unit] = source(t, before)
            carried = (carried @ Wh + direct) * (1 - now * now)
            total += (dh[:, t] * carried).sum()
            before = now
        return total

    D, H = Wx.shape
    dWx = [[sensitivity(lambda t, before, d=d: x[:, t, d], j) for j in range(H)] for d in range(D)]
    dWh = [[sensitivity(lambda t, before, i=i: before[:, i], j) for j in range(H)] for i in range(H)]
    db = [sensitivity(lambda t, before: 1.0, j) for j in range(H)]
    return np.array(dWx), np.array(dWh), np.array(db)


faded_steps = 15
