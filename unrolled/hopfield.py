"""A Hopfield network: patterns stored in symmetric weights, recalled by updates that never raise the energy.

A state holds one sign a unit, -1.0 or 1.0. A function that takes one state, shape (H,), takes a batch as well, (N, H).
"""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import common_float_dtype


class Recalled(NamedTuple):
    """What `recall` came to."""

    s: np.ndarray  # like the state it started from
    sweeps: int  # how many were made, the last of which changed nothing if it settled
    settled: bool  # whether no update would change any state


def hopfield_weights(patterns):
    """Store patterns by the Hebbian rule [1]_.

    Parameters
    ----------
    patterns : ndarray, shape (N, H)
        N patterns, entries -1.0 and 1.0.

    Returns
    -------
    W : ndarray, shape (H, H)
        ``patterns.T @ patterns / H`` with zeros on the diagonal, so symmetric.

    Raises
    ------
    ValueError
        If `patterns` is not a float array of two axes, or holds anything but -1 and 1.

    References
    ----------
    .. [1] J. J. Hopfield, "Neural networks and physical systems with emergent collective computational abilities",
       PNAS 79(8), 1982.
    """
    _check_patterns("hopfield_weights", patterns)
    W = patterns.T @ patterns / patterns.dtype.type(patterns.shape[1])
    np.fill_diagonal(W, 0)
    return W


def pseudo_inverse_weights(patterns):
    """Store patterns by projection, so that linearly independent ones are all fixed points [1]_.

    Parameters
    ----------
    patterns : ndarray, shape (N, H)
        N patterns, entries -1.0 and 1.0.

    Returns
    -------
    W : ndarray, shape (H, H)
        The projection onto the space that the patterns span, with zeros on the diagonal, so symmetric.

    Raises
    ------
    ValueError
        If `patterns` is not a float array of two axes, or holds anything but -1 and 1.

    References
    ----------
    .. [1] L. Personnaz, I. Guyon and G. Dreyfus, "Information storage and retrieval in spin-glass like neural
       networks", Journal de Physique Lettres 46(8), 1985.
    """
    _check_patterns("pseudo_inverse_weights", patterns)
    W = np.linalg.pinv(patterns) @ patterns
    W = (W + W.T) / 2  # equal but for rounding
    np.fill_diagonal(W, 0)
    return W


def energy(s, W):
    """Return the energy of states, which no single update raises if `W` is symmetric with zeros on its diagonal.

    Parameters
    ----------
    s : ndarray, shape (N, H) or (H,)
        States, entries -1.0 and 1.0.
    W : ndarray, shape (H, H)

    Returns
    -------
    E : ndarray, shape (N,), or float
        Minus one half of the sum of ``W[i, j] * s[i] * s[j]`` over all i and j.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    _check_state("energy", s, W)
    E = -0.5 * np.sum((s @ W) * s, axis=-1)
    return E if s.ndim > 1 else float(E)


def update(s, W, i):
    """Return states after one update of unit `i`: it takes the sign of its field, or stays where that is 0.

    Parameters
    ----------
    s : ndarray, shape (N, H) or (H,)
        States, entries -1.0 and 1.0. They are not changed.
    W : ndarray, shape (H, H)
        Column i holds what unit i hears of the others.
    i : int

    Returns
    -------
    s_new : ndarray, like s

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    _check_state("update", s, W)
    field = s @ W[:, i]
    s_new = s.copy()
    s_new[..., i] = np.where(field == 0, s[..., i], np.sign(field))
    return s_new


def recall(s, W, rng, *, sweeps=100):
    """Update unit after unit, each once a sweep in an order drawn anew, until a whole sweep changes nothing.

    Every state of a batch sees the same order. With symmetric weights and a diagonal that is not negative it always
    comes to an end, since each flip lowers the energy.

    Parameters
    ----------
    s : ndarray, shape (N, H) or (H,)
        States to start from, entries -1.0 and 1.0. They are not changed.
    W : ndarray, shape (H, H)
    rng : numpy.random.Generator
        Draws the orders.
    sweeps : int
        How many there are at most.

    Returns
    -------
    recalled : Recalled

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    _check_state("recall", s, W)
    states = np.atleast_2d(s).copy()
    fields = states @ W
    for sweep in range(1, sweeps + 1):
        changed = False
        for i in rng.permutation(len(W)):
            flips = np.flatnonzero(fields[:, i] * states[:, i] < 0)
            if len(flips):
                states[flips, i] *= -1
                fields[flips] += 2 * states[flips, i, None] * W[i]
                changed = True
        if not changed:
            return Recalled(states.reshape(s.shape), sweep, True)
    return Recalled(states.reshape(s.shape), sweeps, False)


def _check_patterns(function, patterns):
    common_float_dtype(function, patterns=patterns)
    if patterns.ndim != 2:
        raise ValueError(
            f"{function}: patterns has shape {patterns.shape}, expected (N, H); make a batch of a single"
            " pattern with patterns[None]."
        )
    if not np.all(np.abs(patterns) == 1):
        raise ValueError(
            f"{function}: patterns holds entries other than -1 and 1; turn 0 and 1 into signs with 2 * patterns - 1."
        )


def _check_state(function, s, W):
    common_float_dtype(function, s=s, W=W)
    H = s.shape[-1] if s.ndim in (1, 2) else None
    if H is None or W.shape != (H, H):
        raise ValueError(
            f"{function}: s has shape {s.shape} and W has shape {W.shape}, expected (N, H) or (H,) and (H, H);"
            " pass one weight for every two units."
        )
