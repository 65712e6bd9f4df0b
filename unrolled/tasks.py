"""Synthetic tasks for recurrent networks. Each call draws a new batch: inputs, targets, and where a target counts."""

import numpy as np


def echo(rng, *, delay=4, N=32, T=12):
    """A stream of random bits; at each step the target is the bit of `delay` steps ago.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the bits.
    delay : int
        Steps between a bit and its echo, 0 ≤ delay < T.
    N, T : int
        Sequences in the batch and time steps.

    Returns
    -------
    x : ndarray, shape (N, T, 1)
        The bits, as -1 and 1.
    targets : ndarray of int, shape (N, T)
        0 or 1.
    mask : ndarray of bool, shape (N, T)
        False in the first `delay` steps, which have nothing to echo.

    Raises
    ------
    ValueError
        If the delay does not fit into the sequence.
    """
    if not 0 <= delay < T:
        raise ValueError(f"echo: delay is {delay} and T is {T}, expected 0 ≤ delay < T; make the sequences longer.")
    bits = rng.integers(0, 2, (N, T))
    mask = np.broadcast_to(np.arange(T) >= delay, (N, T))
    return (2.0 * bits - 1)[:, :, None], np.roll(bits, delay, axis=1), mask


def recall(rng, *, lag, N=32, T=None, noise=1.0):
    """One bit at the first step, then noise; `lag` steps later the network is asked for the bit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the bits and the noise.
    lag : int
        Steps between the bit and the question, at least 1.
    N, T : int
        Sequences in the batch and time steps; T is lag + 1 unless it is given.
    noise : float
        Size of the noise, a random sign at every step after the first.

    Returns
    -------
    x : ndarray, shape (N, T, 2)
        In the first channel the bit, as -1 or 1, then 0; in the second the noise.
    targets : ndarray of int, shape (N, T)
        The bit, 0 or 1, at every step.
    mask : ndarray of bool, shape (N, T)
        True at step `lag` only, counted from 0.

    Raises
    ------
    ValueError
        If the question would come before the bit or after the end.
    """
    T = lag + 1 if T is None else T
    if not 1 <= lag < T:
        raise ValueError(f"recall: lag is {lag} and T is {T}, expected 1 ≤ lag < T; make the sequences longer.")
    bit = rng.integers(0, 2, N)
    x = np.zeros((N, T, 2))
    x[:, 0, 0] = 2 * bit - 1
    x[:, 1:, 1] = noise * rng.choice([-1.0, 1.0], (N, T - 1))
    mask = np.broadcast_to(np.arange(T) == lag, (N, T))
    return x, np.tile(bit[:, None], T), mask
