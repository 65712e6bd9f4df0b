"""The loss of padded sequences: what counts is given by their lengths."""

from dataclasses import replace
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem
from autograder.engine.terms import Once, terms
from autograder.layers.cross_entropy import loss as masked


def draw_lengths(rng: np.random.Generator, N: int, T: int, *, empty: bool = False) -> np.ndarray:
    """Draw how long the sequences are: one is as long as there are steps, another one is shorter, none is empty.

    With `empty` one sequence has no step at all.
    """
    lengths = rng.integers(1, T + 1, size=N)
    if N > 1:
        lengths[rng.permutation(N)[:2]] = T, max(1, T - 2)
    if empty:
        lengths[rng.integers(N)] = 0
    return lengths


def counts(lengths: np.ndarray, T: int) -> np.ndarray:
    """Return 1 for every step of a sequence and 0 for what is padding, shape (N, T)."""
    return (np.arange(T) < np.asarray(lengths)[:, None]).astype(float)


def _draw(rng: np.random.Generator, *, empty: bool = False, apart: float = 0.0, **options: Any) -> Problem:
    """Draw scores, targets and lengths.

    With `apart` the largest score of one step that counts stands so far above the target, and one as far below.
    """
    problem = masked.draw(rng, **options)
    (N, T, V), given = problem.sizes.values(), problem.given
    lengths = draw_lengths(rng, N, T, empty=empty)
    if apart:
        n = int(np.argmax(lengths))
        order = (given["targets"][n, 0] + 1 + np.arange(V)) % V  # the target comes last
        given["y"][n, 0] = 0.0
        given["y"][n, 0, order[:2]] = apart, -apart
    return Problem(problem.sizes, {"y": given["y"], "targets": given["targets"], "lengths": lengths, "T": T})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    mask = counts(given["lengths"], given["T"]) > 0
    loss, dy = unrolled.softmax_cross_entropy(given["y"], given["targets"], mask)
    return {"loss": np.asarray(loss), "dy": dy}


def _known(problem: Problem) -> dict[str, Any]:
    return {**problem.given, "onehot": np.eye(problem.sizes["V"])[problem.given["targets"]]}


loss = replace(
    masked,
    draw=_draw,
    right=_right,
    work_out=Once(terms("rnn-mask", m=lambda lengths, T: counts(lengths, T)) | masked.work_out.table),
    known=_known,
    mistakes=(
        mistake(
            "one_step_too_many",
            "One step too many counts in every sequence: a sequence of length 3 has the steps 0, 1 and 2.",
            m=lambda lengths, T: counts(lengths + 1, T),
        ),
        mistake(
            "one_step_too_few",
            "The last step of every sequence does not count: a sequence of length 3 has the steps 0, 1 and 2.",
            m=lambda lengths, T: counts(lengths - 1, T),
        ),
        mistake(
            "padding_in_front",
            "The padding is taken to stand in front of a sequence; it stands behind it.",
            m=lambda lengths, T: counts(lengths, T)[:, ::-1],
        ),
        mistake(
            "padding_counts",
            "What is padding counts, and the sequence does not: the mask is the wrong way round.",
            m=lambda lengths, T: 1 - counts(lengths, T),
        ),
        mistake(
            "last_step_only",
            "Only the last step of a sequence counts; all its steps do.",
            m=lambda lengths, T: counts(lengths, T) - counts(lengths - 1, T),
        ),
        *masked.mistakes,
        mistake(
            "perplexity_for_loss",
            "That is e to the loss, the perplexity; asked is the loss.",
            loss=lambda losses, weight: np.asarray(np.exp(np.sum(losses * weight))),
        ),
        mistake(
            "gradient_of_logarithms",
            "The gradient is made from the logarithms of the probabilities; it takes the probabilities.",
            gradient=lambda log_p, onehot: log_p - onehot,
        ),
        mistake(
            "gradient_of_scores",
            "The gradient is made from the scores; it takes the probabilities.",
            gradient=lambda y, onehot: y - onehot,
        ),
    ),
    cases=tuple(
        Case(" where a sequence has the length 0", {"empty": True}) if "empty" in case.options else case
        for case in masked.cases
    ),
)
"""The mean over all characters that are no padding, and its gradient."""
