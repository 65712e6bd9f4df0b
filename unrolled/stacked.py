"""Recurrent layers on top of each other: the states of one are the inputs of the next."""

from typing import NamedTuple

from unrolled.argument_checks import naming_the_place, require_states
from unrolled.cells import Cell
from unrolled.cells import cell as cell_of


class StackedCache(NamedTuple):
    """What `stacked_backward` needs from `stacked_forward`."""

    caches: tuple  # of the layers, the lowest first
    cell: str


def stacked_forward(x, layers, states=None, *, cell, **options):
    """Run several recurrent layers, each of which reads the hidden states of the one below [1]_.

    Parameters
    ----------
    x : ndarray, shape (N, T, D)
        Input of the lowest layer.
    layers : sequence of dict of str to ndarray
        The parameters of each layer, the lowest first: Wx, Wh, b and, for a GRU, bh. From the second on, Wx has as
        many rows as the layer below has hidden units.
    states : sequence of tuple of ndarray, shape (N, H), or None
        The state of each layer at the start: (h0,), for the LSTM (h0, c0). None, in place of all of them or of an
        array, means zeros.
    cell : {"rnn", "lstm", "gru"}
        What kind of layer they are.
    **options
        For every layer, such as ``reset_after=False`` of the GRU.

    Returns
    -------
    h : ndarray, shape (N, T, H)
        Hidden states of the uppermost layer.
    states : tuple of tuple of ndarray, shape (N, H)
        The state of each layer after the last step.
    cache : StackedCache
        What `stacked_backward` needs.

    Raises
    ------
    ValueError
        If there is no such cell, no layer, not one state for each layer, or an argument does not fit its layer.

    References
    ----------
    .. [1] J. Schmidhuber, "Learning complex, extended sequences using the principle of history compression",
       Neural Computation 4(2), 1992; A. Graves, A. Mohamed and G. E. Hinton, "Speech recognition with deep recurrent
       neural networks", ICASSP 2013.
    """
    kind, places = cell_of(cell), _places(len(layers))
    if not places:
        raise ValueError("stacked_forward: layers is empty, expected a dict of parameters for each; pass one or more.")
    states = require_states("stacked_forward", "states", states, places, kind.states)
    h, last, caches = x, [], []
    for place, params, state in zip(places, layers, states, strict=True):
        with naming_the_place(f"stacked_forward, {place}"):
            h, state, cache = kind.forward(h, state, params, **options)
        last.append(tuple(array.copy() for array in state))
        caches.append(cache)
    return h, tuple(last), StackedCache(tuple(caches), cell)


def stacked_backward(dh, dstates, cache):
    """Go back through all steps of the uppermost layer, then of the one below it, and so on, equation stacked-dh.

    Parameters
    ----------
    dh : ndarray, shape (N, T, H)
        Upstream gradient at every hidden state of the uppermost layer.
    dstates : sequence of tuple of ndarray, shape (N, H), or None
        Upstream gradients of the states after the last step; None, in place of all of them or of one, means zeros.
    cache : StackedCache
        From `stacked_forward`.

    Returns
    -------
    dx : ndarray, shape (N, T, D)
    dstates0 : tuple of tuple of ndarray, shape (N, H)
        Gradients of the states at the start, the lowest layer first.
    grads : tuple of dict of str to ndarray
        Gradients of each layer's parameters, by their names.

    Raises
    ------
    ValueError
        If there is not one tuple for each layer, or an array does not fit the forward pass.
    """
    kind, places = cell_of(cache.cell), _places(len(cache.caches))
    dstates = require_states("stacked_backward", "dstates", dstates, places, kind.states)
    dstates0, grads = [], []
    for place, dstate, layer_cache in reversed(list(zip(places, dstates, cache.caches, strict=True))):
        with naming_the_place(f"stacked_backward, {place}"):
            dh, dstate0, layer_grads = kind.backward(dh, dstate, layer_cache)
        dstates0.append(dstate0)
        grads.append(layer_grads)
    return dh, tuple(dstates0[::-1]), tuple(grads[::-1])


def stacked_cell(cell, layers):
    """Return several layers on top of each other as one `unrolled.cells.Cell`.

    Its parameters are those of the layers with the layer's number behind the name: Wx1, Wh1, b1, Wx2, … Its state is
    that of the layers in one tuple: h of layer 1, for the LSTM c of layer 1, h of layer 2, …

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    layers : int
        How many, at least 1.

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If there is no such cell, or no layer.
    """
    kind = cell_of(cell)
    if layers < 1:
        raise ValueError(f"stacked_cell: layers is {layers}, expected at least 1; pass how many layers to stack.")

    def start(D, H, rng, **options):
        return _numbered([kind.start(H if above else D, H, rng, **options) for above in range(layers)])

    def forward(x, state, params, **options):
        each = _by_layer(params, layers)
        h, states, cache = stacked_forward(x, each, _split(state, layers), cell=cell, **options)
        return h, _flat(states), cache

    def backward(dh, dstate, cache):
        dx, dstates0, grads = stacked_backward(dh, _split(dstate, layers), cache)
        return dx, _flat(dstates0), _numbered(grads)

    return Cell(kind.states * layers, start, forward, backward)


def _places(layers):
    return [f"layer {number}" for number in range(1, layers + 1)]


def _numbered(layers):
    return {f"{name}{number}": array for number, params in enumerate(layers, start=1) for name, array in params.items()}


def _by_layer(params, layers):
    """Return the numbered parameters as a dict for each layer; what has no number belongs to none."""
    each = [{} for _ in range(layers)]
    for numbered, array in params.items():
        name = numbered.rstrip("0123456789")
        if name != numbered:
            each[int(numbered[len(name) :]) - 1][name] = array
    return each


def _flat(states):
    return tuple(array for state in states for array in state)


def _split(state, layers):
    size = len(state) // layers
    return [state[start : start + size] for start in range(0, len(state), size)]
