"""Problem set 8 with one-hot vectors, einsum and separate gates; training in float32, with another batch size."""

import numpy as np


def embedding_forward(tokens, E):
    onehot = np.eye(len(E))[tokens]
    return np.einsum("ntv,vd->ntd", onehot, E), onehot


def embedding_backward(dx, cache):
    return np.einsum("ntv,ntd->vd", cache, dx)


def batches_of_text(tokens, N, T):
    S = (len(tokens) - 1) // (N * T)
    places = np.arange(N)[:, None] * S * T + np.arange(T)
    places = places + T * np.arange(S)[:, None, None]
    return tokens[places], tokens[places + 1]


def padded_cross_entropy(y, targets, lengths):
    mask = np.zeros(targets.shape)
    for n, length in enumerate(lengths):
        mask[n, :length] = 1
    z = y - np.max(y, axis=2, keepdims=True)
    total = np.exp(z).sum(axis=2, keepdims=True)
    picked = np.take_along_axis(z, targets[..., None], axis=2)[..., 0]
    loss = ((np.log(total[..., 0]) - picked) * mask).sum() / mask.sum()
    dy = np.exp(z) / total
    np.put_along_axis(dy, targets[..., None], np.take_along_axis(dy, targets[..., None], 2) - 1, 2)
    return loss, dy * mask[..., None] / mask.sum()


def squash(z):
    return 1 / (1 + np.exp(-z))


def parts(W):
    return np.split(W, 4, axis=-1)


def language_model_loss_and_grads(tokens, targets, lengths, h0, c0, E, Wx, Wh, b, Wy, by):
    x = E[tokens]
    (N, T, _), H = x.shape, len(Wh)
    h = [np.zeros((N, H), E.dtype) if h0 is None else h0]
    c = [np.zeros((N, H), E.dtype) if c0 is None else c0]
    gates = []
    for t in range(T):
        i, f, g, o = (
            function(x[:, t] @ U + h[-1] @ W + bias)
            for function, U, W, bias in zip(
                (squash, squash, np.tanh, squash), parts(Wx), parts(Wh), parts(b), strict=True
            )
        )
        gates.append((i, f, g, o))
        c.append(f * c[-1] + i * g)
        h.append(o * np.tanh(c[-1]))
    states = np.stack(h[1:], axis=1)
    loss, dy = padded_cross_entropy(states @ Wy + by, targets, lengths)
    dy = dy.astype(E.dtype)
    dWy, dby = np.einsum("nth,ntv->hv", states, dy), np.einsum("ntv->v", dy)
    dWx, dWh, db, dx = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), np.empty_like(x)
    back_h = back_c = 0
    for t in range(T - 1, -1, -1):
        i, f, g, o = gates[t]
        total = dy[:, t] @ Wy.T + back_h
        tanh_c = np.tanh(c[t + 1])
        dc = back_c + total * o * (1 - tanh_c * tanh_c)
        dz = np.concatenate(
            [dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g * g), total * tanh_c * o * (1 - o)], axis=1
        )
        dWx += x[:, t].T @ dz
        dWh += h[t].T @ dz
        db += dz.sum(axis=0)
        dx[:, t], back_h, back_c = dz @ Wx.T, dz @ Wh.T, dc * f
    dE = np.zeros_like(E)
    np.add.at(dE, tokens.ravel(), dx.reshape(-1, dx.shape[2]))
    return loss, dE, dWx, dWh, db, dWy, dby, h[-1], c[-1]


def adam_step(theta, m, v, grad, t, learning_rate, beta1, beta2, epsilon):
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad * grad - v)
    unbiased = np.sqrt(v / (1 - np.power(beta2, t)))
    return theta - learning_rate / (1 - np.power(beta1, t)) * m / (unbiased + epsilon), m, v


def train_language_model(tokens, V, updates, rng):
    D, H, N, T = 24, 56, 24, 24
    shapes = {"E": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "Wy": (H, V), "by": (V,)}
    params = {name: (rng.uniform(-1, 1, shape) / np.sqrt(H)).astype(np.float32) for name, shape in shapes.items()}
    params["b"][H : 2 * H] += 1
    mean, square = ({name: 0.0 for name in params} for _ in range(2))
    inputs, targets = batches_of_text(tokens, N, T)
    h = c = None
    for update in range(updates):
        s = update % len(inputs)
        if s == 0:
            h = c = None
        _, *gradients, h, c = language_model_loss_and_grads(
            inputs[s], targets[s], np.full(N, T), h, c, *params.values()
        )
        rate = 0.006 * min(1, (update + 1) / 50) * min(1, 2 * (1 - update / updates))
        for name, gradient in zip(params, gradients, strict=True):
            gradient = np.clip(gradient, -0.1, 0.1)
            mean[name] = 0.9 * mean[name] + 0.1 * gradient
            square[name] = 0.99 * square[name] + 0.01 * gradient**2
            step = mean[name] / (1 - 0.9 ** (update + 1)) / (np.sqrt(square[name] / (1 - 0.99 ** (update + 1))) + 1e-6)
            params[name] = (params[name] - rate * step).astype(np.float32)
    return params


def perplexity(losses, counts):
    return np.prod(np.exp(losses) ** (counts / counts.sum()))


def repaired_text_perplexity(inputs, targets, lengths, E, Wx, Wh, b, Wy, by):
    total = count = 0
    h = c = None
    for tokens, after, steps in zip(inputs, targets, lengths, strict=True):
        loss, *_, h, c = language_model_loss_and_grads(tokens, after, steps, h, c, E, Wx, Wh, b, Wy, by)
        total += loss * steps.sum()
        count += steps.sum()
    return np.exp(total / count)


def sample_tokens(logits, temperature, rng):
    scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    p = np.exp(scaled)
    p /= p.sum(axis=1, keepdims=True)
    return np.array([rng.choice(len(row), p=row) for row in p])


def beam_step(totals, log_p, width):
    scores = totals[:, np.newaxis] + log_p
    best = np.argpartition(-scores, width - 1, axis=None)[:width]
    best = best[np.argsort(-scores.flat[best])]
    beams, tokens = np.unravel_index(best, scores.shape)
    return beams, tokens, scores[beams, tokens]


beam_width_needed = np.int64(9)
