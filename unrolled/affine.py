"""The affine layer y = x W + b over the last axis, with its gradient."""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype, require_axes, require_shape


class AffineCache(NamedTuple):
    """What `affine_backward` needs from `affine_forward`."""

    x: np.ndarray  # (..., D)
    W: np.ndarray  # (D, V)


def affine_forward(x, W, b):
    """Compute y = x W + b along the last axis of x.

    Parameters
    ----------
    x : ndarray, shape (..., D), float32 or float64
        Input; hidden states (N, T, H) are one case, a single vector (D,) another.
    W : ndarray, shape (D, V)
        Weights.
    b : ndarray, shape (V,)
        Bias.

    Returns
    -------
    y : ndarray, shape (..., V)
        Output, of the dtype of the inputs.
    cache : AffineCache
        What `affine_backward` needs. It shares no memory with the arguments.

    Raises
    ------
    ValueError
        If a shape is wrong, or the dtypes are mixed or not float.
    """
    common_float_dtype("affine_forward", x=x, W=W, b=b)
    D, V = require_axes("affine_forward", "W", W, "D, V")
    if x.ndim < 1 or x.shape[-1] != D:
        raise ValueError(
            f"affine_forward: x has shape {x.shape}, expected (..., D) with D = {D}, the first axis of W; "
            "check x against W."
        )
    require_shape("affine_forward", "b", b, "(V,)", (V,))
    y = np.dot(x.reshape(-1, D), W)
    y += b
    return y.reshape(*x.shape[:-1], V), AffineCache(x.copy(), W.copy())


def affine_backward(dy, cache):
    """Gradients of a scalar loss: dx = dy Wᵀ, dW = Σ xᵀ dy, db = Σ dy, summed over all positions.

    Parameters
    ----------
    dy : ndarray, shape (..., V)
        Upstream gradient.
    cache : AffineCache
        From `affine_forward`. Neither it nor `dy` is changed.

    Returns
    -------
    dx : ndarray, shape (..., D)
    dW : ndarray, shape (D, V)
    db : ndarray, shape (V,)

    Raises
    ------
    ValueError
        If `dy` does not have the shape or the dtype of the forward pass's `y`.
    """
    x, W = cache
    D, V = W.shape
    common_float_dtype("affine_backward", **{"the forward pass": W}, dy=dy)
    require_shape("affine_backward", "dy", dy, "(..., V)", (*x.shape[:-1], V))
    rows = dy.reshape(-1, V)
    return np.dot(rows, W.T).reshape(x.shape), np.dot(x.reshape(-1, D).T, rows), rows.sum(axis=0)
