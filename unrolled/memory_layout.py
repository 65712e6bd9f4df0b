"""The memory layout that the recurrent layers share.

Callers see batch-first arrays (N, T, ...). Inside, everything is time-major (T, N, ...), so that one time step is one
contiguous block and all steps together are the T·N rows of one matrix product. Results are batch-first views of
time-major memory.
"""

import contextlib
import sys

import numpy as np

if sys.platform == "linux":
    # glibc hands freed memory back to the system above a threshold that adapts to the largest block freed so far.
    # At its low start value every pass over the layers pays thousands of page faults, up to half of its time. One
    # block allocated and freed, never touched, sets the threshold to its highest value.
    with contextlib.suppress(MemoryError):  # where memory is limited, to be slower is no reason to fail
        np.empty(2**25 - 2**16, np.uint8)

BLOCK = 2**15  # entries of one hidden-state array that, with the arrays like it, stay in a processor's cache


def time_major_with_one(x):
    """Return x (N, T, D) as (T, N, D + 1) with a 1 behind every x_t, so that [x_t 1] [W_x; b] = x_t W_x + b."""
    N, T, D = x.shape
    x_one = np.empty((T, N, D + 1), x.dtype)
    x_one[:, :, :D] = x.transpose(1, 0, 2)
    x_one[:, :, D] = 1
    return x_one


def project(x_one, Wx, b):
    """Return x_t W_x + b for all steps, (T, N, G·H), by one matrix product."""
    T, N, _ = x_one.shape
    return np.dot(as_rows(x_one), np.vstack((Wx, b))).reshape(T, N, len(b))


def projection_gradients(x_one, Wx, dz):
    """Return dx (N, T, D), dWx and db, given dz (T, N, G·H), each by one matrix product over all steps."""
    T, N, _ = x_one.shape
    dx = np.dot(as_rows(dz), Wx.T).reshape(T, N, len(Wx))
    dWx_and_db = np.dot(as_rows(x_one).T, as_rows(dz))
    return batch_first(dx), dWx_and_db[:-1], dWx_and_db[-1]


def as_rows(array):
    """Return the view (T·N, M) of (T, N, M)."""
    T, N, M = array.shape
    return array.reshape(T * N, M)


def batch_first(array):
    """Return the batch-first view (N, T, M) of a time-major array (T, N, M)."""
    return array.transpose(1, 0, 2)


def by_gate(array, gates):
    """Return the view (T, G, N, H) of (T, N, G·H), which tells the gates of a step apart.

    The step loops work on one contiguous (N, H) array a gate; only sums with matrix products, and the gradients that
    go into them, pass through this view.
    """
    T, N, width = array.shape
    return array.reshape(T, N, gates, width // gates).transpose(0, 2, 1, 3)


def for_steps(W, N):
    """Return a copy of a right operand W in the order in which BLAS multiplies N rows by it fastest."""
    return W.copy(order="C" if N == 1 else "F")


def state_or_zeros(state, N, H, dtype):
    """Return a copy of an initial state (N, H); None means zeros."""
    return np.zeros((N, H), dtype) if state is None else state.copy()


def blocks_from_the_end(T, N, H):
    """Yield slices of steps, the last first, so that what is computed for one slice is still in the cache when used."""
    length = max(1, BLOCK // (N * H))
    for stop in range(T, 0, -length):
        yield slice(max(0, stop - length), stop)


def last_gate_first(array, gates):
    """Return a copy whose last of the `gates` blocks along the last axis stands before the others."""
    H = array.shape[-1] // gates
    return np.concatenate((array[..., -H:], array[..., :-H]), axis=-1)


def first_gate_last(array, gates):
    """Return a copy whose first of the `gates` blocks along the last axis stands behind the others."""
    H = array.shape[-1] // gates
    return np.concatenate((array[..., H:], array[..., :H]), axis=-1)
