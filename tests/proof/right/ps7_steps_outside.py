"""Problem set 7 with the loop over time outside: all layers at every step; directions and ends by masks."""

import numpy as np


def stacked_rnn_forward(x, h0, Wx, Wup, Wh, b):
    L, H = b.shape
    now = [np.zeros((len(x), H))] * L if h0 is None else list(h0)
    before, after = [], []
    for x_t in x.swapaxes(0, 1):
        before.append(now)
        now, below = list(now), x_t
        for layer, W in enumerate((Wx, *Wup)):
            now[layer] = below = np.tanh(below @ W + now[layer] @ Wh[layer] + b[layer])
        after.append(now)
    return np.stack([np.stack(states) for states in after], axis=2), (x, before, after, Wx, Wup, Wh)


def stacked_rnn_backward(dh, cache):
    x, before, after, Wx, Wup, Wh = cache
    L, N, T, H = dh.shape
    carried = np.zeros((L, N, H))
    dx, dWx, dWup, dWh, db = np.zeros(x.shape), 0 * Wx, 0 * Wup, 0 * Wh, np.zeros((L, H))
    for t in range(T)[::-1]:
        down = 0
        for layer in range(L)[::-1]:
            dz = (dh[layer, :, t] + carried[layer] + down) * (1 - after[t][layer] ** 2)
            dWh[layer] += before[t][layer].T @ dz
            db[layer] += dz.sum(0)
            carried[layer] = dz @ Wh[layer].T
            if layer:
                dWup[layer - 1] += after[t][layer - 1].T @ dz
                down = dz @ Wup[layer - 1].T
            else:
                dWx += x[:, t].T @ dz
                dx[:, t] = dz @ Wx.T
    return dx, carried, dWx, dWup, dWh, db


def places(x, lengths):
    """Return the place that every step has in the reversed row, (N, T)."""
    t = np.arange(x.shape[1])
    back = lengths[:, None] - 1 - t
    return np.where(back >= 0, back, t)


def reverse_by_length(x, lengths):
    return x[np.arange(len(x))[:, None], places(x, lengths)]


def walked(x, start, mask, Wx, Wh, b, order):
    """Return the states before and after every step, where padded steps carry the state on."""
    before, after, h = {}, {}, start
    for t in order:
        before[t] = h
        after[t] = h = np.where(mask[:, t : t + 1], np.tanh(x[:, t] @ Wx + h @ Wh + b), h)
    return before, after


def walked_back(dh, x, mask, before, after, Wx, Wh, order):
    """Return the gradients of such a walk."""
    dx, dWx, dWh, db = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(len(Wh))
    d = np.zeros(dh[:, 0].shape)
    for t in reversed(order):
        m = mask[:, t : t + 1]
        d = d + np.where(m, dh[:, t], 0.0)
        dz = np.where(m, d * (1 - after[t] ** 2), 0.0)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += before[t].T @ dz
        db += dz.sum(axis=0)
        d = np.where(m, dz @ Wh.T, d)
    return dx, d, dWx, dWh, db


def orders(T):
    return list(range(T)), list(range(T))[::-1]


def bidirectional_rnn_forward(x, lengths, h0, Wx, Wh, b):
    T = x.shape[1]
    mask = np.arange(T)[None] < lengths[:, None]
    start = np.zeros((2, len(x), b.shape[1])) if h0 is None else h0
    walks = [walked(x, start[k], mask, Wx[k], Wh[k], b[k], order) for k, order in enumerate(orders(T))]
    h = np.concatenate([np.stack([after[t] for t in range(T)], axis=1) for _, after in walks], axis=2)
    return np.where(mask[:, :, None], h, 0.0), (x, mask, walks, Wx, Wh)


def bidirectional_rnn_backward(dh, cache):
    x, mask, walks, Wx, Wh = cache
    halves = np.split(dh, 2, axis=2)
    (dx, *one), (dx_b, *other) = (
        walked_back(halves[k], x, mask, *walks[k], Wx[k], Wh[k], order) for k, order in enumerate(orders(x.shape[1]))
    )
    return dx + dx_b, *map(np.array, zip(one, other, strict=True))


def repaired_bidirectional_rnn(*arguments):
    return bidirectional_rnn_forward(*arguments)[0]


def sequence_vectors(h, lengths):
    forward, backward = np.split(h, 2, axis=2)
    at_the_end = np.arange(h.shape[1]) == lengths[:, None] - 1
    return np.hstack([np.einsum("nth,nt->nh", forward, at_the_end.astype(float)), backward[:, 0]])


def encoder_decoder_forward(x, lengths, y_in, Wx_enc, Wh_enc, b_enc, Wx_dec, Wh_dec, b_dec):
    # With a mask the state after the last column is that of the last real step.
    (one, _), (other, _) = orders(x.shape[1]), orders(y_in.shape[1])
    masks = np.arange(x.shape[1]) < lengths[:, None], np.ones(y_in.shape[:2], bool)
    reads = walked(x, np.zeros((len(x), len(b_enc))), masks[0], Wx_enc, Wh_enc, b_enc, one)
    writes = walked(y_in, reads[1][one[-1]], masks[1], Wx_dec, Wh_dec, b_dec, other)
    kept = (x, masks[0], *reads, Wx_enc, Wh_enc, one), (y_in, masks[1], *writes, Wx_dec, Wh_dec, other)
    return np.stack([writes[1][t] for t in other], axis=1), kept


def encoder_decoder_backward(dh_dec, cache):
    encoder, decoder = cache
    dy_in, back, *dec = walked_back(dh_dec, *decoder)
    x, mask, before, after, Wx, Wh, order = encoder
    dh = np.zeros((*x.shape[:2], len(Wh)))
    ends = mask.sum(axis=1) - 1
    dh[np.arange(len(x)), ends] += back
    dx, _, *enc = walked_back(dh, x, mask, before, after, Wx, Wh, order)
    return dx, dy_in, *enc, *dec


def measure():
    rng = np.random.default_rng(598)
    lengths = np.array([7, 16, 11, 4])
    mask = np.arange(16) < lengths[:, None]
    x = rng.standard_normal((4, 16, 2)) * mask[:, :, None]
    Wx = 0.5 * rng.standard_normal((2, 2, 6))
    Wh = np.stack([0.9 * np.linalg.qr(rng.standard_normal((6, 6)))[0] for _ in range(2)])
    b = 0.3 * rng.standard_normal((2, 6))
    right, _ = bidirectional_rnn_forward(x, lengths, None, Wx, Wh, b)
    wrong, _ = bidirectional_rnn_forward(x, 0 * lengths + 16, None, Wx, Wh, b)
    return ((abs(right - wrong) > 0.1).any(axis=2) & mask).sum()


spoiled_steps = measure()
