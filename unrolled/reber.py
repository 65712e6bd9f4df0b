"""The embedded Reber grammar: strings whose last symbol but one repeats the second, and a rule for what is right."""

from functools import lru_cache

import numpy as np

SYMBOLS = "BTPSXVE"
# What may come next in each place of the grammar, and where it leads.
_GRAPH = ({"B": 1}, {"T": 2, "P": 3}, {"S": 2, "X": 4}, {"T": 3, "V": 5}, {"X": 3, "S": 6}, {"P": 4, "V": 6}, {"E": 7})


def embedded_reber(rng, *, N=32):
    """Strings of the embedded Reber grammar, symbol by symbol; which one comes next [1]_?

    A string is B, then T or P, then a string of the Reber grammar, then the same T or P again, then E. A string of the
    Reber grammar, such as BTSSXSE, is a walk through a graph with 7 places; where there are two ways on, each is taken
    with probability 1/2. Next to the last comes what came second, at least 6 steps before.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the strings.
    N : int
        How many, at least 1.

    Returns
    -------
    x : ndarray, shape (N, T, 7)
        All symbols but the last, one-hot in the order of `SYMBOLS`; zeros behind the end. T is that of the
        longest string; the shortest has 8 steps.
    targets : ndarray of int, shape (N, T)
        The next symbol, 0 behind the end.
    mask : ndarray of bool, shape (N, T)
        True up to the end of each string.

    Raises
    ------
    ValueError
        If there is no string.

    References
    ----------
    .. [1] A. Cleeremans, D. Servan-Schreiber and J. L. McClelland, "Finite state automata and simple recurrent
       networks", Neural Computation 1(3), 1989; as in S. Hochreiter and J. Schmidhuber, "Long short-term memory",
       Neural Computation 9(8), 1997.
    """
    if N < 1:
        raise ValueError(f"embedded_reber: N is {N}, expected at least 1; say how many strings to draw.")
    strings = [_embedded_reber_string(rng) for _ in range(N)]
    T = max(map(len, strings)) - 1
    x, targets, mask = np.zeros((N, T, 7)), np.zeros((N, T), int), np.zeros((N, T), bool)
    for n, string in enumerate(strings):
        symbols = np.array([SYMBOLS.index(symbol) for symbol in string])
        steps = np.arange(len(symbols) - 1)
        x[n, steps, symbols[:-1]] = 1
        targets[n, steps], mask[n, steps] = symbols[1:], True
    return x, targets, mask


def successors(x):
    """Return which symbols the embedded Reber grammar allows next.

    Parameters
    ----------
    x : ndarray, shape (N, T, 7)
        From `embedded_reber`.

    Returns
    -------
    allowed : ndarray of bool, shape (N, T, 7)
        One or two symbols after each step of a string, none behind its end.

    Raises
    ------
    ValueError
        If a row is no beginning of a string of the grammar.
    """
    allowed = np.zeros(x.shape, bool)
    symbols, lengths = np.array(list(SYMBOLS))[x.argmax(axis=2)], x.any(axis=2).sum(axis=1)
    for row, length, into in zip(symbols, lengths, allowed, strict=True):
        into[:length] = _allowed_along("".join(row[:length]))
    return allowed


@lru_cache(maxsize=4096)
def _allowed_along(string):
    """Return which symbols may follow each beginning of a string, (length, 7) of bool."""
    return np.array([[symbol in _after(string[: t + 1]) for symbol in SYMBOLS] for t in range(len(string))], bool)


def _after(start):
    """Return the symbols that may follow the beginning of a string of the embedded grammar."""
    if not start.startswith("B"):
        raise ValueError(f"successors: {start!r} begins no string of the grammar; the first symbol is B.")
    if len(start) == 1:
        return "TP"
    if start[1] not in "TP":
        raise ValueError(f"successors: {start!r} begins no string of the grammar; the second symbol is T or P.")
    place = 0
    for count, symbol in enumerate(start[2:]):
        if place == 7:
            rest = start[2 + count :]
            if start[1] + "E" == rest:
                return ""
            if rest != start[1]:
                raise ValueError(f"successors: {start!r} begins no string of the grammar, see {rest!r}.")
            return "E"
        if symbol not in _GRAPH[place]:
            raise ValueError(f"successors: {start!r} begins no string of the grammar, see {symbol!r}.")
        place = _GRAPH[place][symbol]
    return start[1] if place == 7 else "".join(_GRAPH[place])


def _embedded_reber_string(rng):
    """Draw a string such as BPBTXSEPE."""
    place, inner, outer = 0, "", "TP"[rng.integers(2)]
    while place < 7:
        symbol = list(_GRAPH[place])[rng.integers(len(_GRAPH[place]))]
        inner, place = inner + symbol, _GRAPH[place][symbol]
    return f"B{outer}{inner}{outer}E"
