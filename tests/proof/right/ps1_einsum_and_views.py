"""Problem set 1 with einsum, views of the text, a bias as one more input, and an entropy as a difference of two."""

import numpy as np


def with_one(x):
    """Return rows with a 1 behind them, which a bias multiplies."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def affine_forward(x, W, b):
    return np.einsum("nd,dv->nv", with_one(x), np.vstack([W, b])), (x, W)


def windows(tokens, width, V):
    cuts = np.lib.stride_tricks.sliding_window_view(tokens[:-1], width)
    return (cuts[:, :, None] == np.arange(V)).reshape(len(cuts), -1).astype(float)


def mlp_forward(x, W1, b1, W2, b2):
    z, _ = affine_forward(x, W1, b1)
    h = 2 / (1 + np.exp(-2 * z)) - 1
    y, _ = affine_forward(h, W2, b2)
    return y, (x, W1, h, W2)


def cross_entropy(y, targets):
    N, _ = y.shape
    y = y - y.max(axis=1)[:, None]
    log_total = np.log(np.einsum("nv->n", np.exp(y)))
    dy = np.exp(y - log_total[:, None])
    dy[np.arange(N), targets] -= 1
    return np.mean(log_total - y[np.arange(N), targets]), dy / N


def central_difference(f, x, eps):
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([0.5 * f(x + step) - 0.5 * f(x - step) for step in steps]).reshape(x.shape) / eps


def affine_backward(dy, cache):
    x, W = cache
    dW_and_db = np.einsum("nd,nv->dv", with_one(x), dy)
    return np.einsum("nv,dv->nd", dy, W), dW_and_db[:-1], dW_and_db[-1]


def mlp_backward(dy, cache):
    x, W1, h, W2 = cache
    dh, dW2, db2 = affine_backward(dy, (h, W2))
    return *affine_backward(dh * (1 - h) * (1 + h), (x, W1)), dW2, db2


def repaired_mlp_backward(dy, cache):
    x, W1, h, W2 = cache
    dz = np.einsum("nv,hv,nh->nh", dy, W2, 1 - h**2)
    return (
        np.einsum("nh,dh->nd", dz, W1),
        np.einsum("nd,nh->dh", x, dz),
        np.einsum("nh->h", dz),
        np.einsum("nh,nv->hv", h, dy),
        np.einsum("nv->v", dy),
    )


def entropy_of(rows):
    """Return the entropy of rows that are drawn as often as they occur, in bits."""
    _, counts = np.unique(rows, axis=0, return_counts=True)
    return -np.sum(counts / len(rows) * np.log2(counts / len(rows)))


def conditional_entropy(tokens, width):
    pairs = np.lib.stride_tricks.sliding_window_view(tokens, width + 1)
    return entropy_of(pairs) - (entropy_of(pairs[:, :-1]) if width else 0.0)


width_needed = np.int64(7)
