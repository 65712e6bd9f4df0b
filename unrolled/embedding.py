"""The embedding layer: a row of a table for each token, with its gradient."""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype, require_axes, require_shape


class EmbeddingCache(NamedTuple):
    """What `embedding_backward` needs from `embedding_forward`."""

    tokens: np.ndarray  # (...), integers
    V: int
    D: int
    dtype: np.dtype


def embedding_forward(tokens, W):
    """Look up the row W[token] for each token; the same as one-hot vectors times W, without the zeros.

    Parameters
    ----------
    tokens : ndarray of integers, shape (...)
        Tokens, 0 ≤ token < V.
    W : ndarray, shape (V, D), float32 or float64
        The table of embeddings.

    Returns
    -------
    x : ndarray, shape (..., D)
        The embeddings, of the dtype of W.
    cache : EmbeddingCache
        What `embedding_backward` needs.

    Raises
    ------
    ValueError
        If W has not two axes or is not float, or a token is not an integer from 0 to V - 1.
    """
    dtype = common_float_dtype("embedding_forward", W=W)
    V, D = require_axes("embedding_forward", "W", W, "V, D")
    tokens = np.array(tokens)
    if not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(
            f"embedding_forward: tokens has dtype {tokens.dtype}, expected integers; "
            "convert it with tokens.astype(np.int64)."
        )
    wrong = tokens[(tokens < 0) | (tokens >= V)]
    if wrong.size:
        raise ValueError(
            f"embedding_forward: tokens contains {wrong.flat[0]}, expected 0 … {V - 1} (V = {V}, the rows of W); "
            "check the vocabulary."
        )
    return W[tokens], EmbeddingCache(tokens, V, D, dtype)


def embedding_backward(dx, cache):
    """Gradient of the table: dW[v] is the sum of dx over all positions whose token is v.

    Parameters
    ----------
    dx : ndarray, shape (..., D)
        Upstream gradient.
    cache : EmbeddingCache
        From `embedding_forward`. Neither it nor `dx` is changed.

    Returns
    -------
    dW : ndarray, shape (V, D)

    Raises
    ------
    ValueError
        If `dx` does not have the shape or the dtype of the forward pass's `x`.
    """
    tokens, V, D, dtype = cache
    common_float_dtype("embedding_backward", **{"the forward pass": np.empty(0, dtype)}, dx=dx)
    require_shape("embedding_backward", "dx", dx, "(..., D)", (*tokens.shape, D))
    dW = np.zeros((V, D), dtype)
    flat = tokens.reshape(-1)
    if flat.size:
        order = np.argsort(flat, kind="stable")
        present, starts = np.unique(flat[order], return_index=True)
        dW[present] = np.add.reduceat(dx.reshape(-1, D)[order], starts, axis=0)
    return dW
