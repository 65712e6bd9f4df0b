"""What problem set 7 lets a learner measure in both directions: how much the padding spoils if it is read first."""

from functools import cache

import numpy as np

from autograder.engine.measurement import Measured
from autograder.layers import rnn_layers
from autograder.layers.bidirectional import is_real, reversed_by_length

LENGTHS = (7, 16, 11, 4)
T, H = 16, 6
OFF = 0.1


def _batch() -> dict[str, np.ndarray]:
    """Return the batch and the layer of the measurement, as the notebook draws them: N = 4, T = 16, D = 2, H = 6."""
    rng = np.random.default_rng(598)
    N, D = 4, 2
    lengths = np.array(LENGTHS)
    x = rng.standard_normal((N, T, D)) * is_real(lengths, T)[..., None]
    Wx = 0.5 * rng.standard_normal((2, D, H))
    Wh = np.stack([0.9 * np.linalg.qr(rng.standard_normal((H, H)))[0] for _ in range(2)])
    b = 0.3 * rng.standard_normal((2, H))
    return {"x": x, "lengths": lengths, "h0": np.zeros((2, N, H)), "Wx": Wx, "Wh": Wh, "b": b}


@cache
def differences() -> np.ndarray:
    """Return the states less those that come when the padding is read first, (N, T, 2H); the first are 0 in padding."""
    x, lengths, h0, Wx, Wh, b = _batch().values()
    h_f = rnn_layers.forward(x, h0[0], Wx[0], Wh[0], b[0])
    backward = [
        reversed_by_length(rnn_layers.forward(reversed_by_length(x, k), h0[1], Wx[1], Wh[1], b[1]), k)
        for k in (lengths, np.full_like(lengths, T))
    ]
    real = is_real(lengths, T)[..., None]
    return np.concatenate([h_f * real - h_f, backward[0] * real - backward[1]], axis=-1)


def _spoiled_steps() -> int:
    apart = np.abs(differences()).max(axis=-1)
    return int(np.sum(apart[is_real(np.array(LENGTHS), T)] > OFF))


def _near_misses() -> dict[str, tuple[int, str]]:
    apart, real = differences(), is_real(np.array(LENGTHS), T)
    most = np.abs(apart).max(axis=-1)
    return {
        "padded_steps_too": (
            int(np.sum(most > OFF)),
            "That counts padded steps, too, at which the second run computes something. Count real steps alone.",
        ),
        "entries": (
            int(np.sum(np.abs(apart[real]) > OFF)),
            "That counts numbers. Count a step once, however many of its units are off.",
        ),
        "by_norm": (
            int(np.sum(np.linalg.norm(apart, axis=-1)[real] > OFF)),
            "That counts steps at which the norm of the difference is above 0.1. Take the unit that is most off.",
        ),
        "any_difference": (
            int(np.sum(most[real] > 0)),
            "That counts every step that is off at all. Count those at which a unit is off by more than 0.1.",
        ),
        "a_hundredth": (
            int(np.sum(most[real] > 0.01)),
            "That counts steps that are off by more than 0.01; the limit is 0.1.",
        ),
        "rows": (
            int(np.sum((most * real > OFF).any(axis=1))),
            "That is the number of rows that are hit. Count their steps.",
        ),
        "below_only": (
            int(np.sum(apart.max(axis=-1)[real] > OFF)),
            "That counts steps at which the wrong state is below the right one by more than 0.1. Take the distance,"
            " whatever its sign.",
        ),
        "above_only": (
            int(np.sum(apart.min(axis=-1)[real] < -OFF)),
            "That counts steps at which the wrong state is above the right one by more than 0.1. Take the distance,"
            " whatever its sign.",
        ),
        "forward_half": (
            int(np.sum(np.abs(apart[..., :H]).max(axis=-1)[real] > OFF)),
            "That is right for the forward half. Look at all 2H units.",
        ),
    }


spoiled_steps = Measured(
    _batch,
    "measured_batch",
    _spoiled_steps,
    _near_misses,
    "At every real step take the largest distance between the two runs, over all 2H units, and count the steps at which"
    " it is above 0.1.",
    what="batch",
)
"""At how many real steps the states are off when the backward direction reads the padding first."""
