"""Whole layers of a plain RNN, as the layers that are built of them use them: forward, and the way back."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

import unrolled
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.terms import Formula, Table, of, taken_apart


class Back(NamedTuple):
    """The gradients of one layer."""

    dx: np.ndarray
    dh0: np.ndarray
    dWx: np.ndarray
    dWh: np.ndarray
    db: np.ndarray


def forward(x: np.ndarray, h0: np.ndarray | None, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the states of a layer, (N, T, H)."""
    return unrolled.rnn_forward(x, h0, Wx, Wh, b)[0]


def backward(
    dh: np.ndarray, x: np.ndarray, h0: np.ndarray | None, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> Back:
    """Return the gradients of a layer for what arrives at its states, after a forward pass of its own."""
    if dh.shape != (*x.shape[:2], len(b)):
        raise ValueError(f"dh has shape {dh.shape}")
    return Back(*unrolled.rnn_backward(np.ascontiguousarray(dh), unrolled.rnn_forward(x, h0, Wx, Wh, b)[1]))


NO_MEAN = "the loss is a sum, and every row and step gives its part whole."


def divided(results: Table, names: Iterable[str], needs: str, by: Callable[..., float]) -> dict[str, Formula]:
    """Return the formulas of some results, each divided by a number that is made of the values named in `needs`."""
    return {name: _divided(results[name].formula, needs, by) for name in names}


def _divided(formula: Formula, needs: str, by: Callable[..., float]) -> Formula:
    function, wanted = taken_apart(formula)
    return of(
        " ".join((*wanted, needs)),
        lambda *values: function(*values[: len(wanted)]) / by(*values[len(wanted) :]),
    )


def means(
    results: Table, inputs: Iterable[str], weights: Iterable[str], counts: dict[str, tuple[str, str, Callable]]
) -> tuple[Mistake, ...]:
    """Return the mistakes of who takes a mean for the sum that a gradient is.

    Parameters
    ----------
    results : Table
        The terms of the gradients.
    inputs, weights : iterable of str
        The gradients of what is given for every row, and those of the weights.
    counts : dict of str to (str, str, callable)
        What is divided by: how it is called in a name, to what it is in a sentence, the values that it is made of, and
        how.
    """
    inputs, weights = tuple(inputs), tuple(weights)
    found = []
    for name, (words, needs, by) in counts.items():
        found += [
            mistake(
                f"divided_by_{name}",
                f"Every gradient is divided by {words}; {NO_MEAN}",
                **divided(results, (*inputs, *weights), needs, by),
            ),
            mistake(
                f"weights_divided_by_{name}",
                f"The gradients of weights and biases are divided by {words}; {NO_MEAN}",
                **divided(results, weights, needs, by),
            ),
        ]
    return tuple(found)


ROWS_AND_STEPS = {
    "N": ("the number of rows", "x", len),
    "T": ("the number of steps", "x", lambda x: x.shape[1]),
    "NT": ("the number of rows and that of steps", "x", lambda x: x.shape[0] * x.shape[1]),
}
"""What a mean over the batch, over time and over both divides by."""
