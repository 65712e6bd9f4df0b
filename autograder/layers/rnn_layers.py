"""Whole layers of a plain RNN, as the layers that are built of them use them: forward, and the way back."""

from typing import NamedTuple

import numpy as np

import unrolled


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
