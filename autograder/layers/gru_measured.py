"""What problem set 6 lets a learner measure on a GRU: when the two sides of the reset part."""

from functools import cache

import numpy as np

import unrolled
from autograder.engine.measurement import Measured

T, H = 60, 8
UPDATE_BIAS = 3.0
APART = 0.1


def _network() -> dict[str, np.ndarray]:
    """Return the GRU of the measurement, as the notebook draws it: N = 1, T = 60, D = 1, H = 8."""
    rng = np.random.default_rng(60)
    x = rng.standard_normal((1, T, 1))
    Wx = rng.standard_normal((1, 3 * H))
    Wh = 0.7 * rng.standard_normal((H, 3 * H))
    b = np.repeat([0.0, UPDATE_BIAS, 0.0], H)
    return {"x": x, "h0": np.zeros((1, H)), "Wx": Wx, "Wh": Wh, "b": b}


@cache
def distances(*, same_state: bool = False) -> np.ndarray:
    """Return how far the states of the layer with the reset after are from those of the other one, shape (T, H).

    With `same_state` every step of the second layer starts from the state of the first one.
    """
    network = _network()
    h, _ = unrolled.gru_forward(**network, bh=np.zeros(3 * H), reset_after=True)
    if not same_state:
        return (h - unrolled.gru_forward(**network, reset_after=False)[0])[0]
    x, h0, *weights = network.values()
    starts = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    steps = [unrolled.gru_forward(x[:, t : t + 1], starts[:, t], *weights, reset_after=False)[0] for t in range(T)]
    return (h - np.concatenate(steps, axis=1))[0]


def _first(above: np.ndarray) -> int:
    return int(np.argmax(above))


def _parting_step() -> int:
    return _first(np.abs(distances()).max(axis=1) > APART)


def _near_misses() -> dict[str, tuple[int, str]]:
    answer, apart = _parting_step(), distances()
    distance = np.abs(apart).max(axis=1)
    return {
        "counted_from_one": (answer + 1, "You are one off: steps are counted from 0, so that step t is column t."),
        "last_step_together": (answer - 1, "You are one off: that is the last step at which they are still together."),
        "by_norm": (
            _first(np.linalg.norm(apart, axis=1) > APART),
            "That is where the norm of the difference is above 0.1. Take the unit in which they differ most.",
        ),
        "by_sum": (
            _first(np.abs(apart).sum(axis=1) > APART),
            "That is where the differences of all units together are above 0.1. Take the unit in which they differ"
            " most.",
        ),
        "without_sign": (
            _first(apart.max(axis=1) > APART),
            "That is where the first layer is above the second one by more than 0.1. It may be below it, too.",
        ),
        "any_difference": (
            _first(distance > 0),
            "That is where they differ at all. Wait until one unit differs by more than 0.1.",
        ),
        "farthest": (_first(distance == distance.max()), "That is where they are farthest apart."),
        "from_the_same_state": (
            _first(np.abs(distances(same_state=True)).max(axis=1) > APART),
            "That is what one step makes of the same state. Let each layer go on from the state that it made itself.",
        ),
        "steps_left": (T - answer, "That is how many steps are left from there on. Count from the first step."),
    }


parting_step = Measured(
    _network,
    "measured_gru",
    _parting_step,
    _near_misses,
    "Both layers start from zeros, each goes on from its own state, and bh is zero. Look at the largest distance of a"
    " unit at every step.",
)
"""The first step at which two layers with the same weights, one for each side of the reset, are apart."""
