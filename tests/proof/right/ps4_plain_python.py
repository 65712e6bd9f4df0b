"""Problem set 4 with lists of floats and loops over single entries; NumPy only where arrays come in and go out."""

import math

import numpy as np


def product(A, B):
    columns = list(zip(*B, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in A]


def one_step(h, Wh):
    size = range(len(h))
    return [[(1 - h[i] * h[i]) * Wh[j][i] for j in size] for i in size]


def step_jacobian(h_t, Wh):
    return np.array([one_step(row, Wh.tolist()) for row in h_t.tolist()])


def to_the_end(states, Wh, t):
    size = len(Wh)
    J = [[float(i == j) for j in range(size)] for i in range(size)]
    for h in reversed(states[t + 1 :]):
        J = product(J, one_step(h, Wh))
    return J


def jacobian_product(h, Wh, t):
    return np.array([to_the_end(states, Wh.tolist(), t) for states in h.tolist()])


def decay_slope(h, Wh):
    slopes, T = [], h.shape[1]
    for states in h.tolist():
        logs = []
        for back in range(T):
            J = np.array(to_the_end(states, Wh.tolist(), T - 1 - back))
            logs.append(math.log(np.linalg.svd(J)[1][0]))
        middle, mean = (T - 1) / 2, sum(logs) / T
        above = sum((back - middle) * (log - mean) for back, log in enumerate(logs))
        slopes.append(above / sum((back - middle) ** 2 for back in range(T)))
    return np.array(slopes)


def growing_matrix(rho, growth):
    # The first unit keeps nothing and is driven by the second.
    return np.array([[0.0, 3 * growth + 1], [0.0, -rho]])


def length(grads):
    return math.sqrt(math.fsum(entry**2 for grad in grads.values() for entry in grad.ravel().tolist()))


def clip_by_norm(grads, max_norm):
    whole = length(grads)
    if whole <= max_norm:
        return grads
    clipped = {}
    for name in grads:
        clipped[name] = np.array([entry / whole * max_norm for entry in grads[name].flat]).reshape(grads[name].shape)
    return clipped


def repaired_clip_by_value(grads, limit):
    return {name: np.sign(grad) * np.minimum(np.abs(grad), limit) for name, grad in grads.items()}


def clipped_sgd_step(params, grads, learning_rate, max_norm):
    left = min(1.0, max_norm / max(length(grads), 1e-300))
    return {name: params[name] - (learning_rate * left) * grads[name] for name in params}


def rmsprop_step(theta, v, grad, learning_rate, beta, epsilon):
    new, mean = np.empty(theta.shape), np.empty(theta.shape)
    for place in np.ndindex(theta.shape):
        mean[place] = beta * v[place] + (1 - beta) * grad[place] * grad[place]
        new[place] = theta[place] - learning_rate * grad[place] / (math.sqrt(mean[place]) + epsilon)
    return new, mean


def orthogonal_start(rng, H, gain):
    columns = []
    while len(columns) < H:
        column = rng.standard_normal(H)
        for _ in range(2):  # once more takes out what rounding left
            for other in columns:
                column = column - (column @ other) * other
        columns.append(column / math.sqrt(column @ column))
    return np.array([[gain * columns[j][i] for j in range(H)] for i in range(H)])


def identity_start(H, scale):
    return np.array([[scale * (i == j) for j in range(H)] for i in range(H)], float)


peak_steps = 10
