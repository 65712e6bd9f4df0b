"""Problem set 2 with lists that grow and are stacked at the end."""

import numpy as np

from autograder.checks.ps2 import two_starts


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = np.tanh((x_t @ Wx) + (h_prev @ Wh) + b)
    cache = [x_t, h_prev, Wx, Wh, h_t]
    return [h_t, cache]


def rnn_forward(x, h0, Wx, Wh, b):
    if h0 is None:
        h0 = np.zeros((x.shape[0], Wh.shape[0]))
    states, cache = [h0], []
    for t in range(x.shape[1]):
        h_t, step = rnn_step_forward(x[:, t], states[-1], Wx, Wh, b)
        states.append(h_t)
        cache.append(step)
    return np.stack(states[1:], axis=1), cache


def rnn_parameter_count(D, H, V):
    return sum([D * H, H * H, H, H * V, V])


def rnn_forward_masked(x, h0, mask, Wx, Wh, b):
    if h0 is None:
        h0 = np.zeros((x.shape[0], Wh.shape[0]))
    states = [h0]
    for t in range(x.shape[1]):
        new, _ = rnn_step_forward(x[:, t], states[-1], Wx, Wh, b)
        rows = [
            new_row if real else old_row for new_row, old_row, real in zip(new, states[-1], mask[:, t], strict=True)
        ]
        states.append(np.array(rows))
    return np.array(states[1:]).transpose(1, 0, 2)


def many_to_many(h, Wy, by):
    outputs = []
    for sequence in h:
        outputs.append([state @ Wy + by for state in sequence])
    return np.array(outputs)


def many_to_one(h, mask, Wy, by):
    last = [sequence[real][-1] for sequence, real in zip(h, mask, strict=True)]
    return np.vstack(last) @ Wy + by


def repaired_time_major_rnn(x, h0, Wx, Wh, b):
    steps = [x[:, t] for t in range(x.shape[1])]
    states = []
    h_t = h0
    for x_t in steps:
        h_t = np.tanh(x_t @ Wx + h_t @ Wh + b)
        states.append(h_t)
    return np.concatenate([state[:, None] for state in states], axis=1)


x, h0_first, h0_second, Wx, Wh, b = two_starts()
gaps = [np.linalg.norm(h0_first - h0_second)]
for one, other in zip(
    rnn_forward(x, h0_first, Wx, Wh, b)[0][0], rnn_forward(x, h0_second, Wx, Wh, b)[0][0], strict=True
):
    gaps.append(np.linalg.norm(one - other))
forgotten_after = sum(gap >= gaps[0] / 100 for gap in gaps)
