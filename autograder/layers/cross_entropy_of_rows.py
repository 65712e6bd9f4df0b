"""Softmax cross-entropy of rows of scores, each of which counts: the loss and its gradient.

It is the masked loss of `cross_entropy` for one position a row and no mask, with the mistakes that have nothing to do
with time or with what does not count.
"""

from dataclasses import replace
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.terms import Once
from autograder.layers.cross_entropy import SHIFTED
from autograder.layers.cross_entropy import loss as masked

NOT_HERE = {
    "mask_ignored",
    "mean_over_all_positions",
    "mean_over_sequences",
    "mean_of_sequence_means",
    "loss_of_sequence_means",
    "loss_not_masked",
    "loss_over_all_positions",
    "gradient_over_all_positions",
    "gradient_not_masked",
    "softmax_over_time",
}
"""Mistakes that need time or a mask."""


def _draw(rng: np.random.Generator, *, shift: str = "", apart: float = 0.0, **sizes: int) -> Problem:
    """Draw scores and targets.

    Parameters
    ----------
    shift : str
        "up" adds 1000 to all scores, "down" subtracts it, "both" does either, row by row.
    apart : float
        In the first row, put the largest score so far above the target, and one as far below.
    """
    sizes = draw_sizes(rng, "NV", **sizes)
    N, V = sizes.values()
    y, targets = rng.standard_normal((N, V)), rng.integers(0, V, N)
    if shift:
        y += 1000 * np.resize({"up": [1.0], "down": [-1.0], "both": [1.0, -1.0]}[shift], (N, 1))
    if apart:
        order = (targets[0] + 1 + np.arange(V)) % V  # the target comes last
        y[0] = 0.0
        y[0, order[:2]] = apart, -apart
    return Problem(sizes, {"y": y, "targets": targets})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    loss, dy = unrolled.softmax_cross_entropy(problem.given["y"], problem.given["targets"])
    return {"loss": np.asarray(loss), "dy": dy}


def _known(problem: Problem) -> dict[str, Any]:
    N, V = problem.sizes["N"], problem.sizes["V"]
    return {**problem.given, "V": V, "onehot": np.eye(V)[problem.given["targets"]], "m": np.ones(N)}


LABELS = {
    "cross-entropy": "cross-entropy-mean",
    "cross-entropy-gradient": "cross-entropy-mean-gradient",
}
"""The equations without a mask."""

TABLE = {name: replace(term, equation=LABELS[term.equation]) for name, term in masked.work_out.table.items()}

loss = replace(
    masked,
    work_out=Once(TABLE | {"log_p": replace(TABLE["log_p"], equation="softmax")}),
    equation="cross-entropy-mean-gradient",
    draw=_draw,
    right=_right,
    known=_known,
    mistakes=(
        *(
            replace(
                known,
                sentence=known.sentence.replace("positions", "rows")
                .replace("batch", "rows")
                .replace("vocabulary", "letters"),
            )
            for known in masked.mistakes
            if known.name not in NOT_HERE
        ),
        mistake(
            "mean_over_all_scores",
            "The sum is divided by the number of all scores; divide by the number of rows.",
            weight=lambda m, V: m / m.size / V,
            gradient_weight=lambda m, V: m / m.size / V,
        ),
        mistake(
            "loss_over_all_scores",
            "The loss is divided by the number of all scores; divide by the number of rows.",
            weight=lambda m, V: m / m.size / V,
        ),
        mistake(
            "softmax_over_everything",
            "The softmax is taken over all scores at once; every row has a sum of its own.",
            log_p=lambda y: y - y.max() - np.log(np.exp(y - y.max()).sum()),
        ),
        mistake(
            "largest_not_given_back",
            "The largest score is taken off inside the sum alone; take it off the score before the sum, too.",
            log_p=lambda y: y - np.log(np.exp(y - y.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)),
        ),
        mistake(
            "everything_in_bits",
            "Loss and gradient are measured in bits: the logarithm has base 2, and this one is natural.",
            losses=lambda log_p, onehot: -np.sum(log_p * onehot, axis=-1) / np.log(2),
            gradient=lambda log_p, onehot: (np.exp(log_p) - onehot) / np.log(2),
        ),
        mistake(
            "divided_twice",
            "Loss and gradient are divided by the number of rows twice; once is enough.",
            weight=lambda m: m / m.size**2,
            gradient_weight=lambda m: m / m.size**2,
        ),
        mistake(
            "loss_divided_twice",
            "The loss is divided by the number of rows twice; once is enough.",
            weight=lambda m: m / m.size**2,
        ),
        mistake(
            "gradient_divided_twice",
            "The gradient is divided by the number of rows twice; once is enough.",
            gradient_weight=lambda m: m / m.size**2,
        ),
        mistake(
            "one_not_divided",
            "In the gradient the whole 1 is subtracted at the target; it belongs to the mean, too.",
            gradient=lambda log_p, onehot: np.exp(log_p) - len(log_p) * onehot,
        ),
        mistake(
            "subtracted_in_every_row",
            "In the gradient 1 is subtracted at the targets of all rows; every row has a target of its own.",
            gradient=lambda log_p, onehot: np.exp(log_p) - (onehot.sum(axis=0) > 0),
        ),
        mistake(
            "first_row_only",
            "Only the first row counts; the loss is the mean over all of them.",
            weight=lambda m: np.eye(len(m))[0],
            gradient_weight=lambda m: np.eye(len(m))[0],
        ),
        mistake(
            "added_at_the_target",
            "In the gradient 1 is added at the target; it is subtracted there.",
            gradient=lambda log_p, onehot: np.exp(log_p) + onehot,
        ),
        mistake(
            "scores_for_softmax",
            "The gradient is made from the scores themselves; it is made from their softmax.",
            gradient=lambda y, onehot: y - onehot,
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        Case(
            " with scores near 1000",
            {"shift": "up"},
            f"exp overflows there. {SHIFTED.replace('position', 'row')} Clipping does change it.",
        ),
        Case(
            " with scores near -1000",
            {"shift": "down"},
            f"exp gives 0 there, so that all of them are 0 and their sum is too. {SHIFTED.replace('position', 'row')}",
        ),
        Case(
            " where one row has scores near 1000 and another near -1000",
            {"shift": "both"},
            f"What is subtracted in one row is wrong for another. {SHIFTED.replace('position', 'row')}",
        ),
        Case(
            " where a row has the scores 1000, -1000 and 0, and its target is not the largest",
            {"apart": 1000.0},
            "The softmax is 0 at the target, to the last digit, and the loss is large: take the logarithm on paper,"
            " before you write it, subtract the largest score and no other number, and put no limit to anything.",
        ),
    ),
    large={"N": 100, "V": 100},
)
"""The mean loss of the rows, its value first, then its gradient."""
