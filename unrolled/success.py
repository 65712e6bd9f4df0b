"""When a sequence of a classic task is answered right: the rules of the papers that posed them."""

import numpy as np

from unrolled.reber import successors

ADDING_ERROR = 0.08
"""The paper's sums lie between 0 and 1, and its limit is 0.04. Ours lie between 0 and 2."""

PROBABILITY_ERROR = 0.3


def adding_right(y, x, targets, mask):
    """Return which sums are off by less than 4 % of the range of all sums, as in experiment 4 of [1]_.

    Parameters
    ----------
    y : ndarray, shape (N, T, 1)
        Outputs of a network for `unrolled.tasks.adding`.
    x, targets, mask : ndarray
        The batch.

    Returns
    -------
    right : ndarray of bool, shape (N,)

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    """
    return _at_the_mask(np.abs(y - targets)[:, :, 0] < ADDING_ERROR, mask)


def temporal_order_right(y, x, targets, mask):
    """Return where each of the four probabilities is off by less than 0.3, as in experiment 6a of [1]_.

    Parameters
    ----------
    y : ndarray, shape (N, T, 4)
        Scores of a network for `unrolled.tasks.temporal_order`.
    x, targets, mask : ndarray
        The batch.

    Returns
    -------
    right : ndarray of bool, shape (N,)

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    """
    exponentials = np.exp(y - y.max(axis=2, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=2, keepdims=True)
    far = np.abs(probabilities - np.eye(y.shape[2])[targets]).max(axis=2)
    return _at_the_mask(far < PROBABILITY_ERROR, mask)


def all_symbols_right(y, x, targets, mask):
    """Return where the highest score stands at the target in every step that counts.

    Parameters
    ----------
    y : ndarray, shape (N, T, V)
        Scores of a network, such as for `unrolled.tasks.copy` or `unrolled.tasks.recall`.
    x, targets, mask : ndarray
        The batch.

    Returns
    -------
    right : ndarray of bool, shape (N,)
    """
    return _at_the_mask(y.argmax(axis=2) == targets, mask)


def reber_right(y, x, targets, mask):
    """Return where, at every step of a string, each symbol that may come next scores above each that may not [1]_.

    Parameters
    ----------
    y : ndarray, shape (N, T, 7)
        Scores of a network for `unrolled.reber.embedded_reber`.
    x, targets, mask : ndarray
        The batch.

    Returns
    -------
    right : ndarray of bool, shape (N,)

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, experiment 1.
    """
    allowed = successors(x)
    lowest_allowed = np.where(allowed, y, np.inf).min(axis=2)
    highest_other = np.where(allowed, -np.inf, y).max(axis=2)
    return _at_the_mask(lowest_allowed > highest_other, mask)


def _at_the_mask(right, mask):
    """Return where all steps are right that count."""
    return (right | ~mask).all(axis=1)
