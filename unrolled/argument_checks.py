"""Checks of the arrays a caller passes in: one place for the rules and for the wording of the errors."""

import contextlib

import numpy as np

FLOAT_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def common_float_dtype(function, **arrays):
    """Return the one float dtype that all arrays share; entries that are None are left out.

    Parameters
    ----------
    function : str
        Name of the calling function, for the message.
    **arrays : ndarray or None
        The arguments by name. The first one that is not None sets the dtype for the others.

    Returns
    -------
    numpy.dtype
        float32 or float64.

    Raises
    ------
    ValueError
        If an argument is not a NumPy array, is neither float32 nor float64, or differs from the first.
    """
    first_name = first_dtype = None
    for name, array in arrays.items():
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            raise ValueError(
                f"{function}: {name} is a {type(array).__name__}, expected a NumPy array of float32 or float64; "
                f"convert it with np.asarray({name}, dtype=np.float64)."
            )
        if array.dtype not in FLOAT_DTYPES:
            raise ValueError(
                f"{function}: {name} has dtype {array.dtype}, expected float32 or float64; "
                f"convert it with {name}.astype(np.float64)."
            )
        if first_dtype is None:
            first_name, first_dtype = name, array.dtype
        elif array.dtype != first_dtype:
            raise ValueError(
                f"{function}: {name} has dtype {array.dtype}, expected {first_dtype} like {first_name}; "
                f"convert one of them, for example with {name}.astype(np.{first_dtype})."
            )
    return first_dtype


def require_axes(function, name, array, axes):
    """Raise ValueError unless `array` has exactly the named axes, none of them empty.

    Parameters
    ----------
    function, name : str
        Names of the calling function and of the argument, for the message.
    array : ndarray
        The argument.
    axes : str
        The axes in order, such as "N, T, D".

    Returns
    -------
    tuple of int
        ``array.shape``, so that the sizes can be unpacked at once.
    """
    count = len(axes.split(","))
    if array.ndim != count:
        raise ValueError(
            f"{function}: {name} has shape {array.shape}, expected {count} axes ({axes}); "
            f"reshape {name} so that it has them in this order."
        )
    if 0 in array.shape:
        raise ValueError(
            f"{function}: {name} has shape {array.shape}, expected at least 1 along every axis ({axes}); "
            f"pass a {name} that is not empty."
        )
    return array.shape


def require_shape(function, name, array, symbols, expected):
    """Raise ValueError unless `array` has the expected shape; None passes, since it means zeros.

    Parameters
    ----------
    function, name : str
        Names of the calling function and of the argument, for the message.
    array : ndarray or None
        The argument.
    symbols : str
        The shape in symbols, such as "(N, H)".
    expected : tuple of int
        The shape in numbers.
    """
    if array is not None and array.shape != expected:
        raise ValueError(
            f"{function}: {name} has shape {array.shape}, expected {symbols} = {expected}; "
            f"check {name} against the shapes of the other arguments."
        )


def recurrent_sizes(function, x, Wx, Wh, gates):
    """Return (N, T, D, H) of a recurrent layer after checking x (N, T, D), Wx (D, G·H) and Wh (H, G·H)."""
    N, T, D = require_axes(function, "x", x, "N, T, D")
    H, _ = require_axes(function, "Wh", Wh, "H, G·H")
    width, columns = (gates * H, "H" if gates == 1 else f"{gates}·H")
    require_shape(function, "Wh", Wh, f"(H, {columns})", (H, width))
    require_shape(function, "Wx", Wx, f"(D, {columns})", (D, width))
    return N, T, D, H


def require_lengths(function, lengths, N, T):
    """Return the true steps of each row as an array (N,) of int after checking them; None means T everywhere.

    Parameters
    ----------
    function : str
        Name of the calling function, for the message.
    lengths : array_like of int, shape (N,), or None
        The argument.
    N, T : int
        Rows and steps of x.
    """
    if lengths is None:
        return np.full(N, T)
    lengths = np.asarray(lengths)
    if not np.issubdtype(lengths.dtype, np.integer):
        raise ValueError(
            f"{function}: lengths has dtype {lengths.dtype}, expected integers; "
            "convert it with lengths.astype(np.int64)."
        )
    require_shape(function, "lengths", lengths, "(N,)", (N,))
    wrong = lengths[(lengths < 1) | (lengths > T)]
    if wrong.size:
        raise ValueError(
            f"{function}: lengths contains {wrong[0]}, expected 1 … {T} (T = {T}, the steps of x); "
            "pass how many steps of each row are true."
        )
    return lengths


def require_states(function, name, states, places, arrays):
    """Return a tuple of arrays, the state, for each of several layers, after checking how many of both there are.

    Parameters
    ----------
    function, name : str
        Names of the calling function and of the argument, for the message.
    states : sequence of tuple, or None
        The argument. None, in place of all or of one, becomes a tuple of Nones.
    places : list of str
        What each layer is called, such as "layer 2".
    arrays : int
        How many arrays the state of one layer has.
    """
    states = [None] * len(places) if states is None else list(states)
    if len(states) != len(places):
        raise ValueError(
            f"{function}: {name} has length {len(states)}, expected {len(places)}, for {' and '.join(places)}; "
            "pass None where one is zeros."
        )
    states = [(None,) * arrays if state is None else tuple(state) for state in states]
    for place, state in zip(places, states, strict=True):
        if len(state) != arrays:
            raise ValueError(
                f"{function}, {place}: {name} has a tuple of length {len(state)}, expected {arrays}; "
                "pass a tuple of arrays or Nones."
            )
    return states


@contextlib.contextmanager
def naming_the_place(place):
    """Say at which of several layers it was that the layer inside raised a ValueError or missed a parameter."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{place}: the parameters have no {error}; pass a dict that has it.") from None
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
