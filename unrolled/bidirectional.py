"""Two recurrent layers side by side: one reads from the first step on, one from the last back."""

from typing import NamedTuple

import numpy as np

from unrolled.argument_checks import (
    common_float_dtype,
    naming_the_place,
    require_axes,
    require_lengths,
    require_shape,
    require_states,
)
from unrolled.cells import Cell
from unrolled.cells import cell as cell_of

PLACES = ("forward direction", "backward direction")


class BidirectionalCache(NamedTuple):
    """What `bidirectional_backward` needs from `bidirectional_forward`."""

    forward: object  # the cache of the layer that reads forward
    backward: object  # and of the one that reads backward; its steps are in its own order
    lengths: np.ndarray  # (N,)
    empty: np.ndarray  # (N, T, 0), of the dtype of h
    H: int  # hidden units of the forward direction
    width: int  # of both together
    cell: str


def reverse_by_length(x, lengths=None):
    """Return each row with its true steps in the opposite order; padding stays where it is, equation reverse-by-length.

    Done twice it gives x again, so that it is its own way back for gradients.

    Parameters
    ----------
    x : ndarray, shape (N, T, D)
        Of any dtype.
    lengths : array_like of int, shape (N,), or None
        True steps of each row, 1 to T; what stands after them is padding. None means T everywhere.

    Returns
    -------
    ndarray, shape (N, T, D)
        A copy.

    Raises
    ------
    ValueError
        If x does not have three axes, or a length does not fit.
    """
    N, T, _ = require_axes("reverse_by_length", "x", x, "N, T, D")
    return _reversed(x, require_lengths("reverse_by_length", lengths, N, T))


def bidirectional_forward(x, lengths, forward, backward, states=None, *, cell, **options):
    """Run a recurrent layer in each direction over sequences of unequal length and set their states side by side [1]_.

    Parameters
    ----------
    x : ndarray, shape (N, T, D)
        Input, batch first. What stands in it after a row's end counts for nothing.
    lengths : array_like of int, shape (N,), or None
        True steps of each row, 1 to T. None means T everywhere.
    forward, backward : dict of str to ndarray
        The parameters of the layer that reads forward and of the one that starts at each row's last true step and reads
        backward: Wx, Wh, b and, for a GRU, bh. Their sizes H and H' may differ.
    states : pair of tuple of ndarray, shape (N, H), or None
        The state of each direction at its start: (h0,), for the LSTM (h0, c0). None, in place of both or of one, means
        zeros.
    cell : {"rnn", "lstm", "gru"}
        What kind of layer they are.
    **options
        For both, such as ``reset_after=False`` of the GRU.

    Returns
    -------
    h : ndarray, shape (N, T, H + H')
        Of each step the state of the forward direction, then that of the backward direction; 0 at padded steps.
    cache : BidirectionalCache
        What `bidirectional_backward` needs.

    Raises
    ------
    ValueError
        If there is no such cell, a length or the number of states does not fit, or an argument does not fit its layer.

    References
    ----------
    .. [1] M. Schuster and K. K. Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal
       Processing 45(11), 1997.
    """
    kind = cell_of(cell)
    N, T, _ = require_axes("bidirectional_forward", "x", x, "N, T, D")
    lengths = require_lengths("bidirectional_forward", lengths, N, T)
    start_f, start_b = require_states("bidirectional_forward", "states", states, PLACES, kind.states)
    x = _without_padding(x, lengths)
    with naming_the_place(f"bidirectional_forward, {PLACES[0]}"):
        h_f, _, cache_f = kind.forward(x, start_f, forward, **options)
    with naming_the_place(f"bidirectional_forward, {PLACES[1]}"):
        h_b, _, cache_b = kind.forward(_reversed(x, lengths), start_b, backward, **options)
    h = _without_padding(np.concatenate((h_f, _reversed(h_b, lengths)), axis=2), lengths)
    return h, BidirectionalCache(cache_f, cache_b, lengths.copy(), h[:, :, :0].copy(), h_f.shape[2], h.shape[2], cell)


def bidirectional_backward(dh, cache):
    """Go back through both directions, equation bidirectional-dx.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H + H')
        Upstream gradient at every hidden state of both directions. What stands at padded steps counts for nothing.
    cache : BidirectionalCache
        From `bidirectional_forward`.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
        The sum of both directions; 0 at padded steps.
    dstates0 : pair of tuple of ndarray, shape (N, H)
        Gradients of the states at the start.
    grads_forward, grads_backward : dict of str to ndarray
        Gradients of the parameters of each direction, by their names.

    Raises
    ------
    ValueError
        If dh does not have the shape or the dtype of the forward pass's h.
    """
    kind, lengths = cell_of(cache.cell), cache.lengths
    common_float_dtype("bidirectional_backward", **{"the forward pass": cache.empty}, dh=dh)
    require_shape("bidirectional_backward", "dh", dh, "(N, T, H + H')", (*cache.empty.shape[:2], cache.width))
    dh, H, nothing = _without_padding(dh, lengths), cache.H, (None,) * kind.states
    dx_f, dstate_f, grads_f = kind.backward(dh[:, :, :H], nothing, cache.forward)
    dx_b, dstate_b, grads_b = kind.backward(_reversed(dh[:, :, H:], lengths), nothing, cache.backward)
    return dx_f + _reversed(dx_b, lengths), (dstate_f, dstate_b), grads_f, grads_b


def bidirectional_cell(cell):
    """Return a layer of both directions as one `unrolled.cells.Cell`, whose forward takes `lengths` as an option.

    Its parameters are those of the two layers with _f or _b behind the name: Wx_f, Wh_f, b_f, Wx_b, … Its state is that
    of both directions in one tuple. No state comes out of it that another stretch of the sequence could start from:
    the two end on different sides. In its place stand Nones.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If there is no such cell.
    """
    kind = cell_of(cell)

    def start(D, H, rng, **options):
        return _marked(kind.start(D, H, rng, **options), kind.start(D, H, rng, **options))

    def forward(x, state, params, *, lengths=None, **options):
        one, other = ({name[:-2]: params[name] for name in params if name.endswith(mark)} for mark in ("_f", "_b"))
        states = state[: kind.states], state[kind.states :]
        h, cache = bidirectional_forward(x, lengths, one, other, states, cell=cell, **options)
        return h, (None,) * len(state), cache

    def backward(dh, dstate, cache):
        dx, (dstate_f, dstate_b), *grads = bidirectional_backward(dh, cache)
        return dx, dstate_f + dstate_b, _marked(*grads)

    return Cell(2 * kind.states, start, forward, backward)


def _marked(forward, backward):
    return {f"{name}_f": array for name, array in forward.items()} | {f"{name}_b": a for name, a in backward.items()}


def _reversed(x, lengths):
    steps = np.arange(x.shape[1])
    order = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return np.take_along_axis(x, order[:, :, None], axis=1)


def _without_padding(array, lengths):
    """Return a copy with 0 at padded steps, whatever stood there."""
    true = np.arange(array.shape[1]) < lengths[:, None]
    return np.where(true[:, :, None], array, np.zeros((), array.dtype))
