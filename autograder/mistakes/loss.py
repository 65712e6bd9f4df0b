"""The mistake bank of masked softmax cross-entropy, in terms."""

from collections.abc import Callable, Mapping

import numpy as np

from autograder.mistakes import Mistake

RIGHT: dict[str, Callable] = {
    "probabilities": lambda logits: _softmax(logits, axis=-1),
    "counted": lambda mask: mask.astype(float),
    "count": lambda mask: mask.sum(),
    "gradient": lambda p, onehot: p - onehot,
    "gradient counted": lambda mask: mask.astype(float),
    "gradient count": lambda mask: mask.sum(),
}


def cross_entropy_in_terms(
    logits: np.ndarray, targets: np.ndarray, mask: np.ndarray, replaced: Mapping[str, Callable] | None = None
) -> dict[str, np.ndarray]:
    """Evaluate loss and dlogits with some of the terms replaced.

    Parameters
    ----------
    logits : ndarray, shape (N, T, V)
    targets : ndarray of int, shape (N, T)
    mask : ndarray of bool, shape (N, T)
    replaced : mapping of str to callable, optional
        Terms by their name in `RIGHT`.

    Returns
    -------
    dict
        loss (), dlogits (N, T, V).
    """
    term = {**RIGHT, **(replaced or {})}
    p = term["probabilities"](logits)
    onehot = np.eye(logits.shape[-1])[targets]
    loss = -np.sum(np.log(np.sum(p * onehot, axis=-1)) * term["counted"](mask)) / term["count"](mask)
    dlogits = term["gradient"](p, onehot) * term["gradient counted"](mask)[..., None] / term["gradient count"](mask)
    return {"loss": np.asarray(loss), "dlogits": dlogits}


def _softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


CROSS_ENTROPY = (
    Mistake(
        "mask_ignored",
        "The mask is not used: positions that do not count are counted.",
        "cross-entropy",
        {
            "counted": lambda mask: np.ones(mask.shape),
            "count": lambda mask: mask.size,
            "gradient counted": lambda mask: np.ones(mask.shape),
            "gradient count": lambda mask: mask.size,
        },
    ),
    Mistake(
        "mean_over_all_positions",
        "The mean is taken over all positions; only those that count belong in the denominator.",
        "cross-entropy",
        {"count": lambda mask: mask.size, "gradient count": lambda mask: mask.size},
    ),
    Mistake(
        "mean_over_sequences",
        "The sum is divided by the number of sequences; divide by the number of positions that count.",
        "cross-entropy",
        {"count": lambda mask: mask.shape[0], "gradient count": lambda mask: mask.shape[0]},
    ),
    Mistake(
        "sum_not_mean",
        "The loss is the sum over the positions; it should be their mean.",
        "cross-entropy",
        {"count": lambda mask: 1, "gradient count": lambda mask: 1},
    ),
    Mistake(
        "gradient_of_sum",
        "The loss is a mean but its gradient is that of the sum.",
        "cross-entropy-gradient",
        {"gradient count": lambda mask: 1},
    ),
    Mistake(
        "gradient_over_all_positions",
        "The gradient is divided by all positions, the loss by those that count.",
        "cross-entropy-gradient",
        {"gradient count": lambda mask: mask.size},
    ),
    Mistake(
        "gradient_not_masked",
        "Positions that do not count have a gradient: the mask is used for the loss only.",
        "cross-entropy-gradient",
        {"gradient counted": lambda mask: np.ones(mask.shape)},
    ),
    Mistake(
        "onehot_missing",
        "The gradient is the softmax alone: nothing is subtracted at the target.",
        "cross-entropy-gradient",
        {"gradient": lambda p, onehot: p},
    ),
    Mistake(
        "opposite_sign",
        "The gradient has the opposite sign: following it downhill would make the loss larger.",
        "cross-entropy-gradient",
        {"gradient": lambda p, onehot: onehot - p},
    ),
    Mistake(
        "target_entry_only",
        "Only the entry of the target has a gradient; every logit changes the softmax.",
        "cross-entropy-gradient",
        {"gradient": lambda p, onehot: (p - onehot) * onehot},
    ),
    Mistake(
        "softmax_over_time",
        "The softmax is taken over the time steps; it belongs to the last axis, the vocabulary.",
        "cross-entropy",
        {"probabilities": lambda logits: _softmax(logits, axis=1)},
    ),
    Mistake(
        "softmax_over_batch",
        "The softmax is taken over the batch; it belongs to the last axis, the vocabulary.",
        "cross-entropy",
        {"probabilities": lambda logits: _softmax(logits, axis=0)},
    ),
    Mistake(
        "softmax_derivative_multiplied",
        "The gradient is multiplied with p(1 - p) as well; the derivative of the softmax is already in p - onehot.",
        "cross-entropy-gradient",
        {"gradient": lambda p, onehot: (p - onehot) * p * (1 - p)},
    ),
)
"""Mistakes in `softmax_cross_entropy`."""

GRADIENT_ONLY = tuple(
    mistake for mistake in CROSS_ENTROPY if all(term.startswith("gradient") for term in mistake.terms)
)
"""Those of them that leave the loss right."""
