"""A text cut into batches in which every row goes on where the same row of the batch before ended."""

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

SEGMENTS = (2, 6)
"""Smallest and largest number of batches."""


def _draw(
    rng: np.random.Generator, *, S: int | None = None, left: int | None = None, exact: bool = False, **sizes: int
) -> Problem:
    """Draw a text that leaves some characters over, `left` of them if that is given.

    With `exact` it would fill one more batch with inputs, but there is no target for the last of them.
    """
    sizes = draw_sizes(rng, "NT", **sizes)
    N, T = sizes.values()
    S = S or int(rng.choice([s for s in range(*SEGMENTS) if s not in (N, T)]))
    if exact:
        left = N * T - 1
    elif left is None:  # enough to be left over in every row, so that it shows where it was left out
        left = int(rng.integers(N if T > 1 else 1, N * T - 1)) if N * T > 2 else 0
    tokens = rng.permutation(S * N * T + 1 + left)
    return Problem({"S": S, **sizes, "left": left}, {"tokens": tokens, "N": N, "T": T})


def _places(rows: int, count: int, length: int) -> np.ndarray:
    """Return the places in the text of rows of so many characters that begin so far apart, one row behind the other."""
    return (length * np.arange(rows)[:, None] + np.arange(count)).reshape(-1)


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the batches, one character at a time."""
    tokens, (S, N, T, _) = problem.given["tokens"], problem.sizes.values()
    inputs, targets = np.zeros((2, S, N, T))
    for s in range(S):
        for n in range(N):
            for t in range(T):
                place = n * S * T + s * T + t
                inputs[s, n, t], targets[s, n, t] = tokens[place], tokens[place + 1]
    return {"inputs": inputs, "targets": targets}


batches = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "text-batches",
            S=lambda tokens, N, T: (len(tokens) - 1) // (N * T),
            length=lambda S, T: S * T,
            cut=lambda S, N, T: lambda text: text.reshape(N, S, T).swapaxes(0, 1),
            places=lambda S, N, T, length: _places(N, S * T, length),
            read=lambda tokens, places: tokens[places],
            shifted=lambda tokens, places: tokens[places + 1],
            inputs=lambda read, cut: cut(read).astype(float),
            targets=lambda shifted, cut: cut(shifted).astype(float),
        )
    ),
    lambda problem: problem.given,
    equation="text-batches",
    mistakes=(
        mistake(
            "rows_do_not_go_on",
            "Row n stands right behind row n - 1 in the text. It has to go on where row n of the batch before ended, or"
            " else the state that is carried belongs to another place.",
            cut=lambda S, N, T: lambda text: text.reshape(S, N, T),
        ),
        mistake(
            "batch_axis_first",
            "The rows come before the batches; a loop over the first axis has to give one batch after the other.",
            cut=lambda S, N, T: lambda text: text.reshape(N, S, T),
        ),
        mistake(
            "neighbors_in_columns",
            "Characters that are neighbors in the text stand below one another; they stand side by side in a row.",
            cut=lambda S, N, T: lambda text: text.reshape(S, T, N).swapaxes(1, 2),
        ),
        mistake(
            "targets_not_shifted",
            "The targets are the inputs; a target is the character behind its input.",
            shifted=lambda read: read,
        ),
        mistake(
            "targets_shifted_backward",
            "A target is the character before its input; it has to be the one behind it.",
            shifted=lambda tokens, places: tokens[places - 1],
        ),
        mistake(
            "targets_two_later",
            "A target is the second character behind its input; it has to be the first.",
            shifted=lambda tokens, places: np.append(tokens, 0)[places + 2],
        ),
        mistake(
            "targets_rolled_in_rows",
            "The last target of a row is the row's own first character; it has to be the next one of the text.",
            targets=lambda inputs: np.roll(inputs, -1, axis=2),
        ),
        mistake(
            "targets_rolled_at_the_end",
            "The very last target is the first character of the text; it has to be the next one.",
            shifted=lambda read: np.roll(read, -1),
        ),
        mistake(
            "one_batch_too_few",
            "There is one batch too few.",
            S=lambda tokens, N, T: (len(tokens) - 1) // (N * T) - 1,
        ),
        mistake(
            "from_the_end",
            "The characters that are left over are left out at the beginning; leave them out at the end.",
            places=lambda tokens, S, N, T: np.arange(S * N * T) + len(tokens) - 1 - S * N * T,
        ),
        mistake(
            "left_out_in_rows",
            "What is left over is left out at the end of every row of the text, so that the rows below begin too late."
            " A row has S T characters; leave the rest out at the end of the text.",
            length=lambda tokens, N: (len(tokens) - 1) // N,
        ),
        mistake(
            "pieces_of_T_and_one",
            "The text is cut into pieces of T + 1 characters, and the last one of each is no input anywhere. A row has"
            " to begin with the last target of the row that it goes on from.",
            S=lambda tokens, N, T: len(tokens) // (N * (T + 1)),
            places=lambda S, N, T: _places(N * S, T, T + 1),
        ),
    ),
    cases=(
        Case(
            " where the last character would be an input without a target",
            {"exact": True},
            "Nothing comes behind the last character of the text, so that it is no input.",
            branches=True,
        ),
        Case(" where no character is left over", {"left": 0}, branches=True),
        at_one("N"),
        Case(" at T = 1", {"T": 1}, branches=True),
        Case(" where there is a single batch", {"S": 1}, branches=True),
    ),
)
"""Inputs and targets, batch after batch."""
