"""Problem set 10 with lists of floats; the scan is a recursion over halves."""

import numpy as np


def combine(a1, b1, a2, b2):
    rows = [
        [(q * p, q * u + v) for p, u, q, v in zip(*row, strict=True)]
        for row in zip(a1.tolist(), b1.tolist(), a2.tolist(), b2.tolist(), strict=True)
    ]
    both = np.array(rows)
    return both[..., 0], both[..., 1]


def scan_round(a, b, k):
    new_a, new_b = np.empty(a.shape), np.empty(b.shape)
    for n, t, j in np.ndindex(a.shape):
        new_a[n, t, j], new_b[n, t, j] = a[n, t, j], b[n, t, j]
        if t >= k:
            new_a[n, t, j] *= a[n, t - k, j]
            new_b[n, t, j] += a[n, t, j] * b[n, t - k, j]
    return new_a, new_b


def of_halves(steps):
    """Return every step merged with all before it: the first half, then the second behind the last of the first."""
    if len(steps) == 1:
        return steps
    middle = len(steps) // 2
    first, second = of_halves(steps[:middle]), of_halves(steps[middle:])
    p, u = first[-1]
    return first + [(q * p, q * u + v) for q, v in second]


def linear_scan(a, b, h0):
    h = np.empty(b.shape)
    for n in range(len(b)):
        for j in range(b.shape[2]):
            start = 0.0 if h0 is None else float(h0[n, j])
            steps = list(zip(a[n, :, j].tolist(), b[n, :, j].tolist(), strict=True))
            h[n, :, j] = [p * start + u for p, u in of_halves(steps)]
    return h
