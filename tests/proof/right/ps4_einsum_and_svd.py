"""Problem set 4 with einsum, decompositions and flat vectors; the products are built from the left."""

import numpy as np


def step_jacobian(h_t, Wh):
    return np.einsum("ni,ji->nij", 1 - h_t * h_t, Wh)


def steps_back(h, Wh):
    """Return the products for 0, 1, … steps back, (T, N, H, H)."""
    N, T, H = h.shape
    J = [np.broadcast_to(np.eye(H), (N, H, H))]
    for k in range(T - 1, 0, -1):
        J.append(np.einsum("nij,njk->nik", J[-1], step_jacobian(h[:, k], Wh)))
    return np.stack(J)


def jacobian_product(h, Wh, t):
    return steps_back(h, Wh)[h.shape[1] - 1 - t]


def decay_slope(h, Wh):
    J = steps_back(h, Wh)
    norms = np.linalg.svd(J)[1].max(axis=-1)
    ones_and_steps = np.stack([np.ones(len(J)), np.arange(len(J))], axis=1)
    return np.linalg.lstsq(ones_and_steps, np.log(norms), rcond=None)[0][1]


def growing_matrix(rho, growth):
    # Two real eigenvalues, rho and half of it, whose eigenvectors are nearly parallel.
    angle = 0.1 * rho / growth
    vectors = np.array([[1.0, np.cos(angle)], [0.0, np.sin(angle)]])
    return vectors @ np.diag([rho, rho / 2]) @ np.linalg.inv(vectors)


def flat(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


def unflat(vector, like):
    shapes = [array.shape for array in like.values()]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    pieces = np.split(vector, ends[:-1])
    return {name: piece.reshape(shape) for name, piece, shape in zip(like, pieces, shapes, strict=True)}


def clip_by_norm(grads, max_norm):
    vector = flat(grads)
    return unflat(vector / max(1.0, np.linalg.norm(vector) / max_norm), grads)


def repaired_clip_by_value(grads, limit):
    return unflat(np.fmax(np.fmin(flat(grads), limit), -limit), grads)


def clipped_sgd_step(params, grads, learning_rate, max_norm):
    return unflat(flat(params) - learning_rate * flat(clip_by_norm(grads, max_norm)), params)


def rmsprop_step(theta, v, grad, learning_rate, beta, epsilon):
    v = v + (1 - beta) * (np.square(grad) - v)
    return theta - np.divide(learning_rate * grad, epsilon + v**0.5), v


def orthogonal_start(rng, H, gain):
    U, _, V = np.linalg.svd(rng.normal(size=(H, H)))
    return gain * (U @ V)


def identity_start(H, scale):
    Wh = np.zeros((H, H))
    np.fill_diagonal(Wh, scale)
    return Wh


peak_steps = np.int64(10)
