"""The embedding: a row of a table for every token, and the gradient of the table."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, terms

TWICE = "A token that occurs more than once gets the sum of all its gradients"


def _draw(rng: np.random.Generator, *, same: bool = False, **sizes: int) -> Problem:
    """Draw tokens, of which at least one occurs twice in a row of the batch, and one in two rows at the same step.

    The last row of the table is among those that are asked for. With `same` all tokens are equal.
    """
    sizes = draw_sizes(rng, "NTDV", {"V": 5}, **sizes)
    N, T, D, V = sizes.values()
    tokens = rng.integers(0, V, size=(N, T))
    if T > 2:
        tokens[0, 1] = V - 1
    if same:
        tokens[:] = tokens[0, 0]
    if T > 2:
        tokens[0, -1] = tokens[0, 0]
    if N > 1:
        tokens[-1, 0] = tokens[0, 0]
    return Problem(
        sizes, {"tokens": tokens, "E": rng.standard_normal((V, D)), "dx": 2 * rng.standard_normal((N, T, D))}
    )


def _quiet(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table so large that a real step is rounded away, though the layer is linear, and a hushed gradient."""
    return {**whisper(dx=-1)(given), "E": given["E"] * 2.0**700}


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    x, cache = unrolled.embedding_forward(given["tokens"], given["E"])
    return {"x": x, "dE": unrolled.embedding_backward(given["dx"], cache)}


def _known(problem: Problem) -> dict[str, object]:
    return {**problem.given, "onehot": np.eye(problem.sizes["V"])[problem.given["tokens"]]}


forward = Calculation(
    _draw,
    _right,
    Once(terms("embedding", row=lambda tokens: tokens, x=lambda E, row: E[row])),
    _known,
    equation="embedding",
    mistakes=(
        mistake(
            "counted_from_one",
            "The rows are those before: tokens are counted from 0, so that token 0 has the first row.",
            row=lambda tokens: tokens - 1,
        ),
        mistake(
            "onehot_not_embedded",
            "Every token is V zeros and a 1; asked is the row of the table that it picks.",
            x=lambda onehot: onehot,
        ),
        mistake("time_major", "Time stands before the batch; the batch comes first.", x=lambda E, row: E[row.T]),
        mistake(
            "flat",
            "All positions stand in one long row; batch and time have an axis each.",
            x=lambda E, row: E[row.reshape(-1)],
        ),
        mistake(
            "times_root_of_D",
            "The rows are multiplied with the root of D. Some models do that; this one takes them as they are.",
            x=lambda E, row: E[row] * np.sqrt(E.shape[1]),
        ),
        mistake(
            "summed_over_time",
            "The rows of a sequence are added up; every step has its own.",
            x=lambda E, row: E[row].sum(axis=1),
        ),
    ),
    cases=(at_one("N"), at_one("T"), at_one("D")),
)
"""The rows of the tokens."""


def _assigned(tokens: np.ndarray, dx: np.ndarray, V: int) -> np.ndarray:
    """Return what is left when every gradient overwrites the one before of the same token."""
    dE = np.zeros((V, dx.shape[-1]))
    for token, gradient in zip(tokens.reshape(-1), dx.reshape(-1, dx.shape[-1]), strict=True):
        dE[token] = gradient
    return dE


def _each(tokens: np.ndarray, dx: np.ndarray, V: int, axis: int) -> np.ndarray:
    """Return the sum over an axis of what is left of each of its slices."""
    slices = zip(np.moveaxis(tokens, axis, 0), np.moveaxis(dx, axis, 0), strict=True)
    return sum(_assigned(some, gradients, V) for some, gradients in slices)


backward = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "embedding-gradient",
            arriving=lambda dx: dx,
            picked=lambda onehot: onehot,
            dE=lambda picked, arriving: np.tensordot(picked, arriving, ((0, 1), (0, 1))),
        )
    ),
    _known,
    equation="embedding-gradient",
    forward_equation="embedding",
    mistakes=(
        mistake(
            "last_occurrence_only",
            f"{TWICE}; here the last one alone is kept. `=` overwrites, and with an array of indices `+=` adds once for"
            " each different index.",
            dE=lambda tokens, arriving, E: _assigned(tokens, arriving, len(E)),
        ),
        mistake(
            "first_occurrence_only",
            f"{TWICE}; here the first one alone is kept.",
            dE=lambda tokens, arriving, E: _assigned(tokens[::-1, ::-1], arriving[::-1, ::-1], len(E)),
        ),
        mistake(
            "once_a_step",
            f"{TWICE}. Where two sequences have the same token at the same step, one of the two is lost.",
            dE=lambda tokens, arriving, E: _each(tokens, arriving, len(E), 1),
        ),
        mistake(
            "once_a_sequence",
            f"{TWICE}. Where a sequence has the same token at two steps, one of the two is lost.",
            dE=lambda tokens, arriving, E: _each(tokens, arriving, len(E), 0),
        ),
        mistake(
            "mean_over_occurrences",
            "The gradients of a token are averaged; they add up.",
            dE=lambda picked, arriving: (
                np.tensordot(picked, arriving, ((0, 1), (0, 1))) / np.maximum(picked.sum(axis=(0, 1)), 1)[:, None]
            ),
        ),
        mistake(
            "divided_by_N",
            "The gradient is divided by the number of sequences; they add up. A loss that is a mean has that in dx"
            " already.",
            arriving=lambda dx: dx / len(dx),
        ),
        mistake(
            "divided_by_NT",
            "The gradient is divided by the number of all positions; they add up. A loss that is a mean has that in dx"
            " already.",
            arriving=lambda dx: dx / (dx.shape[0] * dx.shape[1]),
        ),
        mistake(
            "counted_from_one",
            "The rows are those before: tokens are counted from 0, so that token 0 has the first row.",
            picked=lambda onehot: np.roll(onehot, -1, axis=-1),
        ),
        mistake("opposite_sign", "The gradient has the opposite sign.", arriving=lambda dx: -dx),
        mistake(
            "first_sequence_only",
            "Only the first sequence of the batch counts; all of them do.",
            arriving=lambda dx: dx * (np.arange(len(dx)) == 0)[:, None, None],
        ),
        mistake(
            "last_step_only",
            "Only the last step counts; all of them do.",
            arriving=lambda dx: dx * (np.arange(dx.shape[1]) == dx.shape[1] - 1)[None, :, None],
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        at_one("T", numeric=True),
        at_one("D"),
        Case(" where all tokens are equal", {"same": True}),
    ),
    large={"N": 2, "T": 4, "D": 200, "V": 201},
    quiet=_quiet,
)
"""The gradient of the table."""
