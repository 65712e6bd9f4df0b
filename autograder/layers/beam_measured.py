"""What problem set 8 lets a learner measure on a small model of texts: how wide a beam has to be."""

from functools import cache

import numpy as np

from autograder.engine.measurement import Measured

V, T, SEED = 12, 8, 62
"""Of a hundred seeds this is one at which the beam has to be wide, and at which 4 finds a worse text than 3 does."""


def _log_softmax(y: np.ndarray) -> np.ndarray:
    """Return what the notebook's function of this name does, to the last digit."""
    shifted = y - y.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _network() -> dict[str, np.ndarray]:
    """Return log probabilities, as the notebook draws them: of the first token (V,) and of each next one (V, V)."""
    rng = np.random.default_rng(SEED)
    first, after = 1.5 * rng.standard_normal(V), 1.5 * rng.standard_normal((V, V))
    log_first, log_next = _log_softmax(first), _log_softmax(after)
    return {"log_first": log_first, "log_next": log_next}


@cache
def found(width: int, T: int = T) -> float:
    """Return the logarithm of the probability of the best text of T tokens that a beam of this width finds."""
    log_first, log_next = _network().values()
    order = np.argsort(-log_first)[:width]
    totals, last = log_first[order], order
    for _ in range(T - 1):
        scores = totals[:, None] + log_next[last]
        places = np.argsort(-scores, axis=None)[:width]
        totals, last = scores.reshape(-1)[places], places % V
    return float(totals[0])


@cache
def best(T: int = T) -> float:
    """Return the logarithm of the probability of the best text of all, by dynamic programming."""
    log_first, log_next = _network().values()
    totals = log_first
    for _ in range(T - 1):
        totals = (totals[:, None] + log_next).max(axis=0)
    return float(totals.max())


def _width(T: int = T) -> int:
    return next(width for width in range(1, V**2) if found(width, T) >= best(T) - 1e-9)


def _near_misses() -> dict[str, tuple[int, str]]:
    answer = _width()
    scores = [found(width) for width in range(1, answer + 1)]
    return {
        "one_too_few": (answer - 1, "You are one off: a beam of this width finds a text that is less likely."),
        "one_too_many": (answer + 1, "You are one off: a beam that is narrower by one finds it, too."),
        "first_maximum": (
            next(width for width in range(1, answer) if scores[width] < scores[width - 1]),
            "Here the next width finds a worse text, but that says nothing about those that are wider still. Compare"
            " with the best text of all.",
        ),
        "no_gain": (
            next(width for width in range(1, answer) if abs(scores[width] - scores[width - 1]) < 1e-9),
            "Here the next width finds nothing better, but those that are wider still may. Compare with the best text"
            " of all.",
        ),
        "as_many_as_tokens": (V, "A beam as wide as there are tokens finds it, but a narrower one does, too."),
    }


beam_width_needed = Measured(
    _network,
    "measured_model",
    _width,
    _near_misses,
    f"Search with the widths 1, 2, 3 … for texts of {T} tokens, the first one included, and compare the best total of"
    " each with `best_total`.",
    what="model",
)
"""The smallest width at which a beam finds the likeliest text."""
