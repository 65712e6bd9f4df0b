"""The losses: softmax cross-entropy and squared error, with a mask for positions that do not count."""

import numpy as np

from unrolled.argument_checks import common_float_dtype


def softmax_cross_entropy(y, targets, mask=None):
    """Mean of -log softmax(y)[target] over the positions that count, with its gradient.

    The softmax is shifted by the largest score of each position, so that it cannot overflow. The gradient
    is (softmax(y) - onehot(targets)) / count at positions that count and 0 elsewhere.

    Parameters
    ----------
    y : ndarray, shape (..., V), float32 or float64
        Scores, the output of the output layer; also called logits.
    targets : ndarray of integers, shape (...)
        Index of the right entry at each position, 0 ≤ target < V. Where the mask is False any value will do.
    mask : ndarray of bool, shape (...), or None
        True where a position counts; None means everywhere.

    Returns
    -------
    loss : float
        The mean over the unmasked positions, in the precision of `y`.
    dy : ndarray, shape (..., V)
        Gradient of `loss`, of the dtype of `y`.

    Raises
    ------
    ValueError
        If a shape or dtype is wrong, a counted target lies outside 0 … V - 1, or no position counts.
    """
    name = "softmax_cross_entropy"
    dtype = common_float_dtype(name, y=y)
    targets, counted = _check_targets(name, y, targets, mask)

    V = y.shape[-1]
    count = int(counted.sum())
    rows = np.flatnonzero(counted)
    columns = targets.reshape(-1)[rows]
    shifted = y.reshape(-1, V)[rows]
    shifted -= shifted.max(axis=1, keepdims=True)
    picked = np.arange(count), columns
    target_scores = shifted[picked]
    np.exp(shifted, out=shifted)
    total = shifted.sum(axis=1)
    loss = (np.log(total) - target_scores).mean()

    shifted /= total[:, None]
    shifted[picked] -= 1
    shifted /= count
    dy = np.zeros((counted.size, V), dtype)
    dy[rows] = shifted
    return float(loss), dy.reshape(y.shape)


def squared_error(y, targets, mask=None):
    """Mean of (y - target)² over the positions that count and the outputs there, with its gradient.

    The gradient is 2 (y - target) / count, where count is the number of values that are compared.

    Parameters
    ----------
    y : ndarray, shape (..., V), float32 or float64
        The output of the output layer.
    targets : ndarray, shape (..., V)
        What it should be. Where the mask is False any value will do.
    mask : ndarray of bool, shape (...), or None
        True where a position counts; None means everywhere.

    Returns
    -------
    loss : float
        The mean over the unmasked positions, in the precision of `y`.
    dy : ndarray, shape (..., V)
        Gradient of `loss`, of the dtype of `y`.

    Raises
    ------
    ValueError
        If a shape or dtype is wrong, or no position counts.
    """
    name = "squared_error"
    dtype = common_float_dtype(name, y=y)
    _require_outputs(name, y)
    targets = np.asarray(targets)
    if targets.shape != y.shape:
        raise ValueError(
            f"{name}: targets has shape {targets.shape}, expected {y.shape}, that of y; "
            "pass a value for each output of each position."
        )
    counted = _check_mask(name, mask, y.shape[:-1])
    dy = np.where(counted[..., None], y - targets, 0).astype(dtype, copy=False)
    count = int(counted.sum()) * y.shape[-1]
    loss = np.square(dy).sum() / count
    dy *= 2 / count
    return float(loss), dy


def _check_targets(name, y, targets, mask):
    """Check targets and mask against y; return the targets and a flat bool array of what counts."""
    _require_outputs(name, y)
    positions, V = y.shape[:-1], y.shape[-1]
    targets = np.asarray(targets)
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(
            f"{name}: targets has dtype {targets.dtype}, expected integers; convert it with targets.astype(np.int64)."
        )
    if targets.shape != positions:
        raise ValueError(
            f"{name}: targets has shape {targets.shape}, expected {positions}, that of y without its last axis; "
            "pass one target for each position."
        )
    counted = _check_mask(name, mask, positions)
    wrong = targets[counted & ((targets < 0) | (targets >= V))]
    if wrong.size:
        raise ValueError(
            f"{name}: targets contains {wrong.flat[0]}, expected 0 … {V - 1} (V = {V}); "
            "mask positions that have no target."
        )
    return targets, counted.reshape(-1)


def _require_outputs(name, y):
    if y.ndim < 1 or y.shape[-1] == 0:
        raise ValueError(
            f"{name}: y has shape {y.shape}, expected (..., V) with V ≥ 1; "
            "put the scores of one position along the last axis."
        )


def _check_mask(name, mask, positions):
    """Return the mask as an array of bool of the shape of the positions."""
    counted = np.ones(positions, bool) if mask is None else np.asarray(mask)
    if counted.dtype != np.bool_:
        raise ValueError(f"{name}: mask has dtype {counted.dtype}, expected bool; convert it with mask.astype(bool).")
    if counted.shape != positions:
        raise ValueError(
            f"{name}: mask has shape {counted.shape}, expected {positions}, that of y without its last axis; "
            "pass True or False for each position."
        )
    if not counted.any():
        raise ValueError(
            f"{name}: mask is False everywhere, expected one position that counts; leave such a batch out."
        )
    return counted
