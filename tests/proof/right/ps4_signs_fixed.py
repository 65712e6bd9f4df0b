"""Problem set 4 with other matrices: a complex pair of eigenvalues, signs of QR fixed, reflections."""

from functools import reduce

import numpy as np


def step_jacobian(h_t, Wh):
    return np.array([np.diag(1 - h**2) @ np.transpose(Wh) for h in h_t])


def jacobian_product(h, Wh, t):
    factors = [step_jacobian(h[:, k], Wh) for k in range(h.shape[1] - 1, t, -1)]
    return reduce(np.matmul, factors, np.stack([np.eye(h.shape[2])] * len(h)))


def decay_slope(h, Wh):
    slopes = []
    for n in range(len(h)):
        lags = np.arange(h.shape[1])[::-1]
        logs = [0.5 * np.log(np.linalg.eigvalsh(J @ J.T)[-1]) for J in (jacobian_product(h[n : n + 1], Wh, t)[0]
                for t in range(h.shape[1]))]  # fmt: skip
        slopes.append(np.cov(lags, logs)[0, 1] / np.var(lags, ddof=1))
    return np.array(slopes)


def growing_matrix(rho, growth):
    # A rotation seen in other units: the eigenvalues are rho times a complex pair on the unit circle.
    return rho * np.array([[0.0, growth / rho**2], [-(rho**2) / growth, 0.0]])


def clip_by_norm(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(grad) for grad in grads.values()])
    if norm == 0:
        return {**grads}
    return dict(zip(grads, [min(1, max_norm / norm) * grad for grad in grads.values()], strict=True))


def repaired_clip_by_value(grads, limit):
    clipped = {name: grad.copy() for name, grad in grads.items()}
    for grad in clipped.values():
        grad[grad > limit] = limit
        grad[grad < -limit] = -limit
    return clipped


def clipped_sgd_step(params, grads, learning_rate, max_norm):
    updated = {}
    for name, clipped in clip_by_norm(grads, max_norm).items():
        updated[name] = params[name].copy()
        updated[name] -= learning_rate * clipped
    return updated


def rmsprop_step(theta, v, grad, learning_rate, beta, epsilon):
    mean = np.average([v, grad**2], axis=0, weights=[beta, 1 - beta])
    return theta - grad * (learning_rate / (mean**0.5 + epsilon)), mean


def orthogonal_start(rng, H, gain):
    if H % 2:
        Q, R = np.linalg.qr(rng.standard_normal((H, H)))
        return gain * Q * np.sign(np.diag(R))
    Q = np.eye(H)
    for _ in range(H):  # reflections at random mirrors
        normal = rng.uniform(-1, 1, H)
        Q = Q - 2 * np.outer(normal, normal @ Q) / (normal @ normal)
    return gain * Q


def identity_start(H, scale):
    return np.diag(np.full(H, scale))


peak_steps = 10
