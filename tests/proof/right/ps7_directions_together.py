"""Problem set 7 with an axis for all that runs side by side, einsum, and gathered indices; one class holds a layer."""

import numpy as np


class Layers:
    """A tanh layers side by side, each with its own weights: x (A, N, T, D), h0 (A, N, H), weights with an axis A."""

    def __init__(self, x, h0, Wx, Wh, b):
        self.x, self.Wx, self.Wh = x, Wx, Wh
        A, N, T, _ = x.shape
        self.h = np.empty((A, N, T + 1, b.shape[-1]))
        self.h[:, :, 0] = 0.0 if h0 is None else h0
        ahead = np.einsum("antd,adh->anth", x, Wx) + b[:, None, None]
        for t in range(T):
            self.h[:, :, t + 1] = np.tanh(ahead[:, :, t] + self.h[:, :, t] @ Wh)

    @property
    def states(self):
        return self.h[:, :, 1:].copy()

    def back(self, dh):
        dz, after = np.empty(dh.shape), np.zeros(dh[:, :, 0].shape)
        for t in reversed(range(dh.shape[2])):
            h = self.h[:, :, t + 1]
            dz[:, :, t] = (dh[:, :, t] + after) * (1 - h) * (1 + h)
            after = np.einsum("anh,agh->ang", dz[:, :, t], self.Wh)
        return (
            np.einsum("anth,adh->antd", dz, self.Wx),
            after,
            np.einsum("antd,anth->adh", self.x, dz),
            np.einsum("antg,anth->agh", self.h[:, :, :-1], dz),
            dz.sum(axis=(1, 2)),
        )


def stacked_rnn_forward(x, h0, Wx, Wup, Wh, b):
    layers = []
    for k in range(len(b)):
        layers.append(
            Layers(
                layers[-1].states if layers else x[None],
                None if h0 is None else h0[k : k + 1],
                Wup[k - 1 : k] if layers else Wx[None],
                Wh[k : k + 1],
                b[k : k + 1],
            )
        )
    return np.concatenate([layer.states for layer in layers]), tuple(layers)


def stacked_rnn_backward(dh, cache):
    parts, top_down = [], zip(dh[::-1], cache[::-1], strict=True)
    for arriving, layer in top_down:
        parts.append(layer.back(arriving[None] + parts[-1][0] if parts else arriving[None]))
    dx, dh0, dW, dWh, db = zip(*parts[::-1], strict=True)
    H = dh.shape[-1]
    dWup = np.concatenate([np.zeros((0, H, H)), *dW[1:]])
    return dx[0][0], np.concatenate(dh0), dW[0][0], dWup, np.concatenate(dWh), np.concatenate(db)


def gathered(x, lengths):
    """Return x with the real steps of every row in opposite order; lengths beyond the padding leave it in place."""
    t = np.broadcast_to(np.arange(x.shape[1]), x.shape[:2])
    return np.take_along_axis(
        x, np.where(t < lengths[:, None], (lengths[:, None] - t - 1) % x.shape[1], t)[..., None], 1
    )


def reverse_by_length(x, lengths):
    return gathered(x, lengths)


def bidirectional_rnn_forward(x, lengths, h0, Wx, Wh, b):
    layer = Layers(np.stack([x, gathered(x, lengths)]), h0, Wx, Wh, b)
    one, other = layer.states
    h = np.dstack([one, gathered(other, lengths)])
    h[np.arange(x.shape[1]) >= lengths[:, None]] = 0.0
    return h, {"layer": layer, "lengths": lengths.copy()}


def bidirectional_rnn_backward(dh, cache):
    lengths, H = cache["lengths"], dh.shape[2] // 2
    arriving = np.array(dh)
    arriving[np.arange(dh.shape[1]) >= lengths[:, None]] = 0.0
    both = np.stack([arriving[:, :, :H], gathered(arriving[:, :, H:], lengths)])
    (one, other), *others = cache["layer"].back(both)
    return one + gathered(other, lengths), *others


def repaired_bidirectional_rnn(x, lengths, h0, Wx, Wh, b):
    # Whole rows are reversed, and rolled until the padding is at the end again.
    turned = np.stack([np.roll(row[::-1], k, axis=0) for row, k in zip(x, lengths, strict=True)])
    one, other = Layers(np.stack([x, turned]), h0, Wx, Wh, b).states
    back = np.stack([np.roll(row[::-1], k, axis=0) for row, k in zip(other, lengths, strict=True)])
    return np.where(np.arange(x.shape[1])[:, None] < lengths[:, None, None], np.dstack([one, back]), 0.0)


def sequence_vectors(h, lengths):
    H = h.shape[2] // 2
    ends = np.take_along_axis(h, (lengths - 1)[:, None, None], axis=1)[:, 0]
    return np.where(np.arange(2 * H) < H, ends, h[:, 0])


def encoder_decoder_forward(x, lengths, y_in, Wx_enc, Wh_enc, b_enc, Wx_dec, Wh_dec, b_dec):
    encoder = Layers(x[None], None, Wx_enc[None], Wh_enc[None], b_enc[None])
    start = np.take_along_axis(encoder.h[0], lengths[:, None, None], axis=1)[:, 0]
    decoder = Layers(y_in[None], start[None], Wx_dec[None], Wh_dec[None], b_dec[None])
    return decoder.states[0], (encoder, decoder, lengths)


def encoder_decoder_backward(dh_dec, cache):
    encoder, decoder, lengths = cache
    dy_in, start, *dec = (gradient[0] for gradient in decoder.back(dh_dec[None]))
    at_the_end = np.arange(encoder.x.shape[2]) == lengths[:, None] - 1
    dx, _, *enc = (gradient[0] for gradient in encoder.back((at_the_end[:, :, None] * start[:, None])[None]))
    return dx, dy_in, *enc, *dec


def measure():
    rng = np.random.default_rng(598)
    lengths = np.array([7, 16, 11, 4])
    real = np.arange(16) < lengths[:, None]
    x = np.where(real[..., None], rng.standard_normal((4, 16, 2)), 0.0)
    Wx = 0.5 * rng.standard_normal((2, 2, 6))
    Wh = np.stack([0.9 * np.linalg.qr(rng.standard_normal((6, 6)))[0] for _ in range(2)])
    b = 0.3 * rng.standard_normal((2, 6))
    right = bidirectional_rnn_forward(x, lengths, None, Wx, Wh, b)[0]
    wrong = bidirectional_rnn_forward(x, np.full(4, 16), None, Wx, Wh, b)[0]
    return int(np.count_nonzero((np.abs(right - wrong).max(axis=2) > 0.1)[real]))


spoiled_steps = measure()
