"""Problem set 3 with dict caches and appended lists; the derivative of tanh is 1 / cosh², taken of z."""

import numpy as np


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    z = x_t @ Wx + h_prev @ Wh + b
    return np.tanh(z), {"x": x_t, "h_prev": h_prev, "Wx": Wx, "Wh": Wh, "z": z}


def rnn_forward(x, h0, Wx, Wh, b):
    states, cache = [h0], {"steps": []}
    for t in range(x.shape[1]):
        h_t, step = rnn_step_forward(x[:, t, :], states[-1], Wx, Wh, b)
        states.append(h_t)
        cache["steps"].append(step)
    return np.swapaxes(np.array(states[1:]), 0, 1), cache


def rnn_step_backward(dh_total, cache):
    grad = {"z": dh_total / np.cosh(cache["z"]) ** 2}
    grad["x"] = np.matmul(grad["z"], cache["Wx"].T)
    grad["h"] = np.matmul(grad["z"], cache["Wh"].T)
    grad["Wx"] = np.matmul(cache["x"].T, grad["z"])
    grad["Wh"] = np.matmul(cache["h_prev"].T, grad["z"])
    grad["b"] = np.sum(grad["z"], 0)
    return grad["x"], grad["h"], grad["Wx"], grad["Wh"], grad["b"]


def backward_steps(dh, cache, resets):
    """Return the five gradients of every step, first step first."""
    found, back = [], np.zeros(dh[:, 0].shape)
    t = dh.shape[1]
    while t > 0:
        if t in resets:
            back = np.zeros(dh[:, 0].shape)
        t -= 1
        found.append(rnn_step_backward(np.add(dh[:, t], back), cache["steps"][t]))
        back = found[-1][1]
    found.reverse()
    return found


def summed(found):
    dx, dh_prev, dWx, dWh, db = zip(*found, strict=True)
    return np.stack(dx, axis=1), dh_prev[0], sum(dWx), sum(dWh), sum(db)


def rnn_backward(dh, cache):
    return summed(backward_steps(dh, cache, ()))


def repaired_rnn_backward(dh, cache):
    upstream = dh.copy()
    steps = cache["steps"]
    for t in range(len(steps) - 1, 0, -1):
        upstream[:, t - 1] += rnn_step_backward(upstream[:, t], steps[t])[1]
    return summed([rnn_step_backward(upstream[:, t], step) for t, step in enumerate(steps)])


def rnn_backward_truncated(dh, cache, k):
    return summed(backward_steps(dh, cache, range(k, dh.shape[1] + 1, k)))


def dWh_contributions(dh, cache):
    return np.stack([step[3] for step in backward_steps(dh, cache, ())])


def softmax_cross_entropy(y, targets, mask):
    V = y.shape[-1]
    flat, words, counts = y.reshape(-1, V), targets.reshape(-1), mask.reshape(-1).astype(float)
    weights = counts / counts.sum()
    shifted = flat - flat.max(axis=1, keepdims=True)
    log_p = shifted - np.logaddexp.reduce(shifted, axis=1, keepdims=True)
    loss = -np.dot(weights, log_p[np.arange(len(words)), words])
    dy = np.exp(log_p) * weights[:, None]
    np.subtract.at(dy, (np.arange(len(words)), words), weights)
    return loss, dy.reshape(y.shape)


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    # dh/dW forward in time, one column of unit vectors for every weight matrix row.
    N, T, D = x.shape
    H = len(b)
    carried = {"Wx": np.zeros((N, D, H, H)), "Wh": np.zeros((N, H, H, H)), "b": np.zeros((N, 1, H, H))}
    out = {"Wx": 0, "Wh": 0, "b": 0}
    state = h0
    diagonal = np.arange(H)
    for t in range(T):
        z = x[:, t] @ Wx + state @ Wh + b
        for name, source in (("Wx", x[:, t]), ("Wh", state), ("b", np.ones((N, 1)))):
            moved = np.tensordot(carried[name], Wh, axes=1)
            moved[:, :, diagonal, diagonal] += source[:, :, None]
            carried[name] = moved / np.cosh(z)[:, None, None, :] ** 2
            out[name] = out[name] + np.sum(carried[name] * dh[:, t][:, None, None, :], axis=(0, 3))
        state = np.tanh(z)
    return out["Wx"], out["Wh"], out["b"][0]


def measure():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1, 60, 1))
    Wx = 0.5 * rng.standard_normal((1, 16))
    Wh = 0.9 * np.linalg.qr(rng.standard_normal((16, 16)))[0]
    _, cache = rnn_forward(x, np.zeros((1, 16)), Wx, Wh, np.zeros(16))
    gradient, back = np.ones((1, 16)), 0
    while np.linalg.norm(gradient) >= 0.04:
        gradient = rnn_step_backward(gradient, cache["steps"][59 - back])[1]
        back += 1
    return back


faded_steps = measure()
