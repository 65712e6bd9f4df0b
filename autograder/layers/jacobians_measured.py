"""What problem set 4 lets a learner measure: how far back a gradient grows before it fades."""

from functools import cache

import numpy as np

import unrolled
from autograder.engine.measurement import Measured


def _chain() -> dict[str, np.ndarray]:
    """Return a network of units in a row, as the notebook's cell builds it: N = 1, T = 60, D = 1, H = 8."""
    rng = np.random.default_rng(18)
    N, T, D, H = 1, 60, 1, 8
    x = rng.standard_normal((N, T, D))
    Wx = 0.3 * rng.standard_normal((D, H))
    Wh = 0.75 * np.eye(H) + 0.6 * np.eye(H, k=1)
    return {"x": x, "h0": np.zeros((N, H)), "Wx": Wx, "Wh": Wh, "b": np.zeros(H)}


@cache
def products(linear: bool = False) -> np.ndarray:
    """Return the derivatives of the last state by the one 0, 1, … steps before, shape (T, H, H)."""
    network = _chain()
    h, _ = unrolled.rnn_forward(**network)
    J = [np.eye(8)]
    for k in range(h.shape[1] - 1, 0, -1):
        slope = np.ones(8) if linear else 1 - h[0, k] ** 2
        J.append(J[-1] @ (slope[:, None] * network["Wh"].T))
    return np.array(J)


def norms(order: int | str | None = 2, *, linear: bool = False) -> np.ndarray:
    """Return a norm of every product, shape (T,)."""
    return np.linalg.norm(products(linear), order, axis=(1, 2))


def _peak_steps() -> int:
    return int(np.argmax(norms()))


def _near_misses() -> dict[str, tuple[int, str]]:
    answer, T = _peak_steps(), len(norms())
    return {
        "one_too_few": (answer - 1, "It is one too few: from the last state to itself are 0 steps."),
        # On this network the two mistakes give the same number, so a learner is told of both.
        "one_too_many_or_largest_entry": (
            answer + 1,
            "It is one too many, or it is where the largest entry is at its peak: from the last state to itself are 0"
            " steps, and the norm is the largest singular value.",
        ),
        "index_of_the_state": (
            T - 1 - answer,
            "That is the index t of the state; asked are the steps back.",
        ),
        "counted_from_the_start": (T - answer, "Count the steps back from the last state, not from the first."),
        "without_tanh": (
            int(np.argmax(norms(linear=True))),
            "That is the peak without tanh, that of the powers of the weights alone.",
        ),
        "spectral_radius_or_frobenius": (
            0,
            "The spectral radius is below 1 and says that nothing grows; so does the root of the summed squares here,"
            " which is largest for the identity. Measure the largest singular value.",
        ),
        "below_one_again": (
            int(np.argmax(norms() < 1)),
            "That is where the norm falls below 1; asked is where it is largest.",
        ),
    }


peak_steps = Measured(
    _chain,
    "chain_network",
    _peak_steps,
    _near_misses,
    "Take the norm of your product of Jacobians for every t, the largest singular value, and look for the largest.",
)
"""How many steps back the gradient is largest."""
