"""Synthetic tasks for recurrent networks. Each call draws a new batch: inputs, targets, and where a target counts."""

import math

import numpy as np


def baseline(task, **options):
    """Return the loss of the best answer that does not depend on the input: what a network has to beat.

    Parameters
    ----------
    task : callable
        One of the tasks of this module.
    **options
        What the task is drawn with, where the baseline depends on it: `symbols` of copy, `kinds` of brackets.

    Returns
    -------
    float
        Cross-entropy in nats; mean squared error for adding. The entropy of the targets, or their variance.

    Raises
    ------
    ValueError
        If there is no such task.
    """
    choices = {
        echo: 2,
        recall: 2,
        copy: options.get("symbols", copy.__kwdefaults__["symbols"]),
        temporal_order: 4,
        brackets: options.get("kinds", brackets.__kwdefaults__["kinds"]),
    }
    if task is adding:
        return 2 / 12  # the variance of two uniform numbers
    if task not in choices:
        raise ValueError(f"baseline: task is {task!r}, expected a function of unrolled.tasks; pass one, uncalled.")
    return math.log(choices[task])


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


def adding(rng, *, T, N=32):
    """Two of many numbers are marked; at the last step the network is asked for their sum [1]_.

    One mark is in the first half of the sequence, one in the second.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the numbers and the marks.
    T, N : int
        Time steps, at least 2, and sequences in the batch.

    Returns
    -------
    x : ndarray, shape (N, T, 2)
        In the first channel uniform numbers of [0, 1), in the second 1 at the two marks and 0 elsewhere.
    targets : ndarray, shape (N, T, 1)
        The sum of the two marked numbers, at every step.
    mask : ndarray of bool, shape (N, T)
        True at the last step.

    Raises
    ------
    ValueError
        If the sequence is shorter than 2 steps.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; with numbers
       of [0, 1) as in Q. V. Le, N. Jaitly and G. E. Hinton, arXiv:1504.00941, 2015.
    """
    if T < 2:
        raise ValueError(f"adding: T is {T}, expected at least 2; make the sequences longer.")
    rows = np.arange(N)
    first, second = rng.integers(0, T // 2, N), rng.integers(T // 2, T, N)
    x = np.zeros((N, T, 2))
    x[:, :, 0] = rng.random((N, T))
    x[rows, first, 1] = x[rows, second, 1] = 1
    total = x[rows, first, 0] + x[rows, second, 0]
    return x, np.tile(total[:, None, None], (1, T, 1)), _last_steps(N, T, 1)


def copy(rng, *, length=5, lag=20, symbols=8, N=32):
    """A few symbols, then nothing; `lag` steps later the network is asked to repeat the symbols in order [1]_.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the symbols.
    length : int
        How many symbols there are to repeat, at least 1.
    lag : int
        Steps between the last symbol and the first answer, at least 1. At the first answer a mark asks for it.
    symbols : int
        How many different symbols there are, at least 2.
    N : int
        Sequences in the batch.

    Returns
    -------
    x : ndarray, shape (N, T, symbols + 2)
        One-hot, T = 2 length + lag: the symbols, then the blank in channel `symbols`, and the mark in the last channel
        where the answer begins.
    targets : ndarray of int, shape (N, T)
        The symbols in the last `length` steps, 0 before.
    mask : ndarray of bool, shape (N, T)
        True in the last `length` steps.

    Raises
    ------
    ValueError
        If a number is smaller than that.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; in this form in
       M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016.
    """
    if length < 1 or lag < 1 or symbols < 2:
        raise ValueError(
            f"copy: length is {length}, lag {lag} and symbols {symbols}, expected at least 1, 1 and 2; "
            "make the smallest of them larger."
        )
    T = 2 * length + lag
    shown = rng.integers(0, symbols, (N, length))
    channel = np.full((N, T), symbols)
    channel[:, :length] = shown
    channel[:, length + lag] = symbols + 1
    targets = np.zeros((N, T), int)
    targets[:, length + lag :] = shown
    return np.eye(symbols + 2)[channel], targets, _last_steps(N, T, length)


def temporal_order(rng, *, T=40, N=32):
    """Among symbols that distract stand two that are X or Y; at the end the network is asked which came, in order [1]_.

    The first of the two stands in the second tenth of the sequence, the other in the sixth.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the symbols and their places.
    T, N : int
        Time steps, at least 10, and sequences in the batch.

    Returns
    -------
    x : ndarray, shape (N, T, 6)
        One-hot: X, Y, and four symbols that distract.
    targets : ndarray of int, shape (N, T)
        0 for X X, 1 for X Y, 2 for Y X and 3 for Y Y, at every step.
    mask : ndarray of bool, shape (N, T)
        True at the last step.

    Raises
    ------
    ValueError
        If the sequence is shorter than 10 steps.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    """
    if T < 10:
        raise ValueError(f"temporal_order: T is {T}, expected at least 10; make the sequences longer.")
    rows, tenth = np.arange(N), T / 10
    channel = rng.integers(2, 6, (N, T))
    first, second = rng.integers(0, 2, N), rng.integers(0, 2, N)
    channel[rows, rng.integers(int(tenth), int(2 * tenth), N)] = first
    channel[rows, rng.integers(int(5 * tenth), int(6 * tenth), N)] = second
    return np.eye(6)[channel], np.tile((2 * first + second)[:, None], T), _last_steps(N, T, 1)


def brackets(rng, *, T=40, kinds=3, N=32):
    """Nested brackets of several kinds with letters between; which one has to be closed next?

    At each step a bracket is opened with probability 0.3, the innermost open one is closed with probability 0.2, else
    there is a letter. Where all are closed nothing can be, and a letter comes instead.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the brackets.
    T, N : int
        Time steps and sequences in the batch, at least 1 each.
    kinds : int
        How many kinds of brackets there are, at least 2.

    Returns
    -------
    x : ndarray, shape (N, T, 2 kinds + 1)
        One-hot: the opening brackets, the closing ones in the same order, and the letter. The first step opens one.
    targets : ndarray of int, shape (N, T)
        The kind of the innermost bracket that is open after the step; 0 where none is.
    mask : ndarray of bool, shape (N, T)
        True where one is open.

    Raises
    ------
    ValueError
        If there are fewer than 2 kinds, or no step or sequence.
    """
    if kinds < 2 or T < 1 or N < 1:
        raise ValueError(f"brackets: kinds is {kinds}, T is {T} and N is {N}, expected at least 2, 1 and 1.")
    chance, kind = rng.random((N, T)), rng.integers(0, kinds, (N, T))
    chance[:, 0] = 0
    channel = np.full((N, T), 2 * kinds)
    targets = np.zeros((N, T), int)
    mask = np.zeros((N, T), bool)
    for n in range(N):
        open_now = []
        for t in range(T):
            if chance[n, t] < 0.3:
                channel[n, t] = kind[n, t]
                open_now.append(kind[n, t])
            elif chance[n, t] < 0.5 and open_now:
                channel[n, t] = kinds + open_now.pop()
            if open_now:
                targets[n, t], mask[n, t] = open_now[-1], True
    return np.eye(2 * kinds + 1)[channel], targets, mask


def _last_steps(N, T, count):
    return np.broadcast_to(np.arange(T) >= T - count, (N, T))
