"""Problem set 8 in plain Python wherever that is bearable: loops, lists, dicts, math; one array for all the weights."""

import heapq
import math

import numpy as np

NAMES = ("E", "Wx", "Wh", "b", "Wy", "by")


def embedding_forward(tokens, E):
    x = np.array([[list(E[token]) for token in row] for row in tokens.tolist()])
    return x, {"tokens": tokens.tolist(), "V": E.shape[0]}


def embedding_backward(dx, cache):
    rows = [[0.0] * dx.shape[2] for _ in range(cache["V"])]
    for sequence, gradients in zip(cache["tokens"], dx, strict=True):
        for token, gradient in zip(sequence, gradients, strict=True):
            rows[token] = [a + b for a, b in zip(rows[token], gradient, strict=True)]
    return np.array(rows)


def batches_of_text(tokens, N, T):
    text = tokens.tolist()
    S = (len(text) - 1) // (N * T)
    inputs, targets = [], []
    for s in range(S):
        starts = [n * S * T + s * T for n in range(N)]
        inputs.append([text[start : start + T] for start in starts])
        targets.append([text[start + 1 : start + T + 1] for start in starts])
    return np.array(inputs), np.array(targets)


def padded_cross_entropy(y, targets, lengths):
    count = int(sum(lengths))
    loss, dy = 0.0, np.zeros(y.shape)
    for n, length in enumerate(lengths):
        for t in range(int(length)):
            scores = y[n, t].tolist()
            highest = max(scores)
            shares = [math.exp(score - highest) for score in scores]
            whole = sum(shares)
            loss += (math.log(whole) + highest - scores[targets[n, t]]) / count
            for v, share in enumerate(shares):
                dy[n, t, v] = (share / whole - (v == targets[n, t])) / count
    return loss, dy


def read(x, h, c, Wx, Wh, b):
    """Read a batch step by step; return the states, the last cell and what every step did."""
    H = len(Wh)
    states, kept = [], []
    h = np.zeros((len(x), H)) if h is None else h
    c = np.zeros((len(x), H)) if c is None else c
    for t in range(x.shape[1]):
        z = np.concatenate([x[:, t], h], axis=1) @ np.concatenate([Wx, Wh]) + b
        a = np.where(np.arange(4 * H) // H == 2, np.tanh(z), 0.5 + 0.5 * np.tanh(z / 2))
        before = h, c
        c = a[:, H : 2 * H] * c + a[:, :H] * a[:, 2 * H : 3 * H]
        h = a[:, 3 * H :] * np.tanh(c)
        states.append(h)
        kept.append((x[:, t], *before, a, c))
    return np.stack(states, axis=1), c, kept


def language_model_loss_and_grads(tokens, targets, lengths, h0, c0, E, Wx, Wh, b, Wy, by):
    return _learn(padded_cross_entropy, tokens, targets, lengths, h0, c0, E, Wx, Wh, b, Wy, by)


def _learn(loss_of, tokens, targets, lengths, h0, c0, E, Wx, Wh, b, Wy, by):
    H = len(Wh)
    h, c_T, kept = read(E[tokens], h0, c0, Wx, Wh, b)
    loss, dy = loss_of(h @ Wy + by, targets, lengths)
    grads = {name: np.zeros_like(array) for name, array in zip(NAMES, (E, Wx, Wh, b, Wy, by), strict=True)}
    back_h, back_c = np.zeros((len(tokens), H)), np.zeros((len(tokens), H))
    for t in reversed(range(len(kept))):
        x_t, h_prev, c_prev, a, c = kept[t]
        i, f, g, o = (a[:, k * H : (k + 1) * H] for k in range(4))
        grads["Wy"] += h[:, t].T @ dy[:, t]
        grads["by"] += dy[:, t].sum(axis=0)
        arriving = dy[:, t] @ Wy.T + back_h
        dc = back_c + arriving * o / np.cosh(c) ** 2
        slopes = np.where(np.arange(4 * H) // H == 2, 1 - a**2, a - a**2)
        dz = slopes * np.concatenate([dc * g, dc * c_prev, dc * i, arriving * np.tanh(c)], axis=1)
        grads["Wx"] += x_t.T @ dz
        grads["Wh"] += h_prev.T @ dz
        grads["b"] += dz.sum(axis=0)
        back_h, back_c = dz @ Wh.T, dc * f
        for token, gradient in zip(tokens[:, t], dz @ Wx.T, strict=True):
            grads["E"][token] += gradient
    return loss, *grads.values(), h[:, -1], c_T


def adam_step(theta, m, v, grad, t, learning_rate, beta1, beta2, epsilon):
    new = [np.empty(theta.shape) for _ in range(3)]
    for place in np.ndindex(theta.shape):
        mean = beta1 * m[place] + (1 - beta1) * grad[place]
        square = beta2 * v[place] + (1 - beta2) * grad[place] ** 2
        slow = math.sqrt(square / (1 - math.pow(beta2, t))) + epsilon
        new[0][place] = theta[place] - learning_rate * mean / (1 - math.pow(beta1, t)) / slow
        new[1][place], new[2][place] = mean, square
    return new[0], new[1], new[2]


def _loss_of_whole_batch(y, targets, lengths):
    p = np.exp(y - y.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    n, t = np.indices(targets.shape)
    p[n, t, targets] -= 1
    return 0.0, p / targets.size


def train_language_model(tokens, V, updates, rng):
    """Every batch starts at places of the text that are drawn, from zeros; all weights are one array."""
    D, H, N, T = 12, 64, 32, 24
    shapes = [(V, D), (D, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,)]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    scales = [1.0, 0.3, 0.125, 0.0, 0.125, 0.0]
    theta = np.concatenate(
        [scale * rng.standard_normal(math.prod(shape)) for scale, shape in zip(scales, shapes, strict=True)]
    )

    def apart(flat):
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]

    apart(theta)[3][H : 2 * H] = 1.0
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for update in range(updates):
        starts = rng.integers(0, len(tokens) - T, N)
        batch = tokens[starts[:, None] + np.arange(T + 1)]
        _, *grads, _, _ = _learn(_loss_of_whole_batch, batch[:, :-1], batch[:, 1:], None, None, None, *apart(theta))
        grad = np.concatenate([part.ravel() for part in grads])
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        rate = 0.01 * 0.5 * (1 + math.cos(math.pi * update / updates))
        theta = theta - rate * (m / (1 - 0.9 ** (update + 1))) / (np.sqrt(v / (1 - 0.999 ** (update + 1))) + 1e-8)
    return dict(zip(NAMES, apart(theta), strict=True))


def perplexity(losses, counts):
    total = math.fsum(loss * int(count) for loss, count in zip(losses, counts, strict=True))
    return math.exp(total / int(sum(counts)))


def repaired_text_perplexity(inputs, targets, lengths, E, Wx, Wh, b, Wy, by):
    state, total = (None, None), 0.0
    for s in range(len(inputs)):
        h, c, _ = read(E[inputs[s]], *state, Wx, Wh, b)
        state = h[:, -1], c
        total += padded_cross_entropy(h @ Wy + by, targets[s], lengths[s])[0] * sum(lengths[s])
    return float(np.exp(total / np.sum(lengths)))


def sample_tokens(logits, temperature, rng):
    drawn = []
    for row in logits.tolist():
        highest = max(row)
        shares = [math.exp((score - highest) / temperature) for score in row]
        left = rng.random() * sum(shares)
        token = 0
        while left >= shares[token]:
            left -= shares[token]
            token += 1
        drawn.append(token)
    return np.array(drawn)


def beam_step(totals, log_p, width):
    every = [(totals[b] + log_p[b, v], b, v) for b in range(len(totals)) for v in range(log_p.shape[1])]
    best = heapq.nlargest(width, every)
    kept, beams, tokens = zip(*best, strict=True)
    return np.array(beams), np.array(tokens), np.array(kept)


beam_width_needed = 9
