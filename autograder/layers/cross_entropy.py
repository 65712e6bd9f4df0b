"""Masked softmax cross-entropy: the loss and its gradient."""

from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import faint_class
from autograder.engine.terms import Once, terms


def _draw(
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    shift: str = "",
    empty: bool = False,
    apart: float = 0.0,
    **sizes: int,
) -> Problem:
    """Draw scores, targets and a mask; in every sequence some positions count and some do not.

    Parameters
    ----------
    scale : float
        Of the scores.
    shift : str
        "up" adds 1000 to all scores, "down" subtracts it, "both" does either, position by position.
    empty : bool
        Whether the positions of one sequence do not count at all.
    apart : float
        In the first position that counts, put the largest score so far above the target, and one as far below.
    """
    sizes = draw_sizes(rng, "NTV", **sizes)
    N, T, V = sizes.values()
    y, targets = scale * rng.standard_normal((N, T, V)), rng.integers(0, V, size=(N, T))
    mask = _draw_mask(rng, N, T)
    if empty:
        mask[rng.integers(N)] = False
    if shift:
        signs = {"up": [1.0], "down": [-1.0], "both": [1.0, -1.0]}[shift]
        y += 1000 * np.resize(signs, N * T).reshape(N, T, 1)
    if apart:
        n, t = np.argwhere(mask)[0]
        order = (targets[n, t] + 1 + np.arange(V)) % V  # the target comes last
        y[n, t] = 0.0
        y[n, t, order[:2]] = apart, -apart
    return Problem(sizes, {"y": y, "targets": targets, "mask": mask})


def _draw_mask(rng: np.random.Generator, N: int, T: int) -> np.ndarray:
    """Draw which positions count: some in every sequence, not all, and not as many in one as in another."""
    if T == 1:
        return np.ones((N, T), bool)
    while True:
        mask = rng.random((N, T)) < 0.6
        counts = mask.sum(axis=1)
        if counts.min() > 0 and counts.max() < T and (N == 1 or counts.min() < counts.max()):
            return mask


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    loss, dy = unrolled.softmax_cross_entropy(given["y"], given["targets"], given["mask"])
    return {"loss": np.asarray(loss), "dy": dy}


def _known(problem: Problem) -> dict[str, Any]:
    given = problem.given
    return {**given, "onehot": np.eye(problem.sizes["V"])[given["targets"]], "m": given["mask"].astype(float)}


def _log_softmax(y: np.ndarray, axis: int) -> np.ndarray:
    shifted = y - y.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _of_sequence_means(m: np.ndarray) -> np.ndarray:
    return m / m.sum(axis=1, keepdims=True) / len(m)


SHIFTED = (
    "The softmax does not change when a number is subtracted from all scores of a position: subtract the largest of"
    " that position."
)

loss = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "cross-entropy",
            log_p=lambda y: _log_softmax(y, axis=-1),
            losses=lambda log_p, onehot: -np.sum(log_p * onehot, axis=-1),
            weight=lambda m: m / m.sum(),
            loss=lambda losses, weight: np.asarray(np.sum(losses * weight)),
        )
        | terms(
            "cross-entropy-gradient",
            gradient=lambda log_p, onehot: np.exp(log_p) - onehot,
            gradient_weight=lambda m: m / m.sum(),
            dy=lambda gradient, gradient_weight: gradient * gradient_weight[..., None],
        )
    ),
    _known,
    equation="cross-entropy-gradient",
    mistakes=(
        mistake(
            "mask_ignored",
            "The mask is not used: positions that do not count are counted.",
            weight=lambda m: np.ones(m.shape) / m.size,
            gradient_weight=lambda m: np.ones(m.shape) / m.size,
        ),
        mistake(
            "mean_over_all_positions",
            "The mean is taken over all positions; only those that count belong in the denominator.",
            weight=lambda m: m / m.size,
            gradient_weight=lambda m: m / m.size,
        ),
        mistake(
            "mean_over_sequences",
            "The sum is divided by the number of sequences; divide by the number of positions that count.",
            weight=lambda m: m / len(m),
            gradient_weight=lambda m: m / len(m),
        ),
        mistake(
            "mean_of_sequence_means",
            "Each sequence has a mean of its own and their mean is taken; every position that counts has the same"
            " weight.",
            weight=lambda m: _of_sequence_means(m),
            gradient_weight=lambda m: _of_sequence_means(m),
        ),
        mistake(
            "loss_of_sequence_means",
            "The loss is a mean of the sequences' means; every position that counts has the same weight.",
            weight=lambda m: _of_sequence_means(m),
        ),
        mistake(
            "sum_not_mean",
            "The loss is the sum over the positions; it should be their mean.",
            weight=lambda m: m,
            gradient_weight=lambda m: m,
        ),
        mistake(
            "loss_not_masked",
            "The loss counts positions that do not count.",
            weight=lambda m: np.ones(m.shape) / m.sum(),
        ),
        mistake(
            "loss_over_all_positions",
            "The loss is divided by all positions; only those that count belong in the denominator.",
            weight=lambda m: m / m.size,
        ),
        mistake(
            "loss_is_sum",
            "The loss is the sum over the positions; it should be their mean.",
            weight=lambda m: m,
        ),
        mistake(
            "loss_opposite_sign",
            "The loss has the opposite sign: the logarithm of a probability is negative, and a loss is not.",
            losses=lambda log_p, onehot: np.sum(log_p * onehot, axis=-1),
        ),
        mistake(
            "loss_base_two",
            "The loss is measured in bits: the logarithm has base 2, and this one is natural.",
            losses=lambda log_p, onehot: -np.sum(log_p * onehot, axis=-1) / np.log(2),
        ),
        mistake(
            "loss_of_probability",
            "The loss is made from the probability of the target; take its logarithm.",
            losses=lambda log_p, onehot: -np.sum(np.exp(log_p) * onehot, axis=-1),
        ),
        mistake(
            "gradient_of_sum",
            "The gradient is that of the sum over the positions; it should be that of their mean.",
            gradient_weight=lambda m: m,
        ),
        mistake(
            "gradient_over_all_positions",
            "The gradient is divided by all positions; only those that count belong in the denominator.",
            gradient_weight=lambda m: m / m.size,
        ),
        mistake(
            "gradient_not_masked",
            "Positions that do not count have a gradient.",
            gradient_weight=lambda m: np.ones(m.shape) / m.sum(),
        ),
        mistake(
            "onehot_missing",
            "The gradient is the softmax alone: nothing is subtracted at the target.",
            gradient=lambda log_p: np.exp(log_p),
        ),
        mistake(
            "opposite_sign",
            "The gradient has the opposite sign: following it downhill would make the loss larger.",
            gradient=lambda log_p, onehot: onehot - np.exp(log_p),
        ),
        mistake(
            "target_entry_only",
            "Only the entry of the target has a gradient; every score changes the softmax.",
            gradient=lambda log_p, onehot: (np.exp(log_p) - onehot) * onehot,
        ),
        mistake(
            "softmax_over_time",
            "The softmax is taken over the time steps; it belongs to the last axis, the vocabulary.",
            log_p=lambda y: _log_softmax(y, axis=1),
        ),
        mistake(
            "softmax_over_batch",
            "The softmax is taken over the batch; it belongs to the last axis, the vocabulary.",
            log_p=lambda y: _log_softmax(y, axis=0),
        ),
        mistake(
            "softmax_derivative_multiplied",
            "The gradient is multiplied with p(1 - p) as well; the derivative of the softmax is already in p - onehot.",
            gradient=lambda log_p, onehot: (np.exp(log_p) - onehot) * np.exp(log_p) * (1 - np.exp(log_p)),
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        at_one("T", numeric=True),
        Case(" where a sequence has no position that counts", {"empty": True}),
        Case(
            " with scores near 1000",
            {"shift": "up"},
            f"exp overflows there. {SHIFTED} Clipping does change it.",
        ),
        Case(
            " with scores near -1000",
            {"shift": "down"},
            f"exp gives 0 there, so that all of them are 0 and their sum is too. {SHIFTED}",
        ),
        Case(
            " where one position has scores near 1000 and another near -1000",
            {"shift": "both"},
            f"What is subtracted at one position is wrong for another. {SHIFTED}",
        ),
        Case(
            " where a position has the scores 1000, -1000 and 0, and its target is not the largest",
            {"apart": 1000.0},
            "The softmax is 0 at the target, to the last digit, and the loss is large: take the logarithm on paper,"
            " before you write it, subtract the largest score and no other number, and put no limit to anything.",
        ),
        Case(" where one position has nearly all of the loss", {"apart": 1e12}),
    ),
    # A right gradient may look at all V scores once for each of them, in plain Python: V is small beside N · T.
    large={"N": 4, "T": 25, "V": 100},
    quiet=faint_class,
)
"""The masked loss, its value first, then its gradient."""
