"""Gradient clipping by global norm and by value, over a dict of gradients, in place."""

import numpy as np

from unrolled.argument_checks import common_float_dtype


def clip_by_norm(grads, max_norm):
    """Scale all gradients by one factor so that their common Euclidean norm is at most `max_norm` [1]_.

    The direction is kept. The norm is computed in float64, scaled by the largest entry, so that it does not
    overflow where the entries do not. If the norm is not finite nothing is changed: no factor could repair that.

    Parameters
    ----------
    grads : dict of str to ndarray
        Gradients, changed in place.
    max_norm : float
        The largest norm allowed, above 0.

    Returns
    -------
    norm : float
        The norm before clipping; infinite or NaN if an entry is.

    Raises
    ------
    ValueError
        If `max_norm` is not above 0, or a gradient is not a float32 or float64 array.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
       ICML 2013.
    """
    _check("clip_by_norm", grads, "max_norm", max_norm)
    largest = float(np.max([np.abs(gradient).max(initial=0) for gradient in grads.values()], initial=0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    squares = (np.square(gradient / largest, dtype=np.float64).sum() for gradient in grads.values())
    norm = largest * float(np.sqrt(sum(squares)))
    if norm > max_norm:
        for gradient in grads.values():
            gradient *= max_norm / norm
    return norm


def clip_by_value(grads, limit):
    """Limit every entry of every gradient to -limit … limit, in place; the direction may change.

    Parameters
    ----------
    grads : dict of str to ndarray
        Gradients, changed in place.
    limit : float
        The largest absolute value allowed, above 0.

    Raises
    ------
    ValueError
        If `limit` is not above 0, or a gradient is not a float32 or float64 array.
    """
    _check("clip_by_value", grads, "limit", limit)
    for gradient in grads.values():
        np.clip(gradient, -limit, limit, out=gradient)


def _check(function, grads, name, bound):
    if not bound > 0:
        raise ValueError(f"{function}: {name} is {bound}, expected a number above 0; pass a positive {name}.")
    for key, gradient in grads.items():
        common_float_dtype(function, **{f"grads[{key!r}]": gradient})
