"""The weights of a recurrent layer as PyTorch and Keras store them, and back: NumPy arrays, without either installed.

A layer's `params` are a dict of `Wx` (D, G·H), `Wh` (H, G·H), `b` (G·H,) and, in a GRU, `bh` (3·H,). The number of
blocks G tells the layer: 1 is a plain RNN, 3 a GRU, 4 an LSTM.

=========  ======================  ===========================  ==========================
layer      here                    PyTorch                      Keras
=========  ======================  ===========================  ==========================
plain RNN  one block               the same                     the same
LSTM       i, f, g, o              i, f, g, o                   i, f, c, o (c is g)
GRU        r, z, n                 r, z, n                      z, r, h (h is n)
weights    input size first        output size first            input size first
biases     b; in a GRU b and bh    two: bias_ih and bias_hh     b; in a GRU (2, 3·H)
=========  ======================  ===========================  ==========================
"""

import numpy as np

from unrolled.argument_checks import common_float_dtype, require_axes, require_shape

LAYERS = {1: "RNN", 3: "GRU", 4: "LSTM"}
KERAS_GRU = (1, 0, 2)
"""Where the blocks z, r, h of Keras stand among r, z, n. Applied twice it changes nothing."""


def blocks_in_order(array, order):
    """Return an array with the blocks of its last axis in another order.

    Parameters
    ----------
    array : ndarray, shape (…, G·H)
        G blocks of equal size side by side.
    order : sequence of int
        Which block comes first, second and so on: (1, 0, 2) swaps the first two of three.

    Returns
    -------
    ndarray, shape (…, G·H)
        A new array.

    Raises
    ------
    ValueError
        If `order` does not name every block once, or the last axis is no multiple of their number.
    """
    G, columns = len(order), array.shape[-1]
    if sorted(order) != list(range(G)):
        raise ValueError(f"blocks_in_order: order is {tuple(order)}, expected each of 0 to {G - 1} once.")
    if columns % G:
        raise ValueError(f"blocks_in_order: the last axis has {columns} entries, expected a multiple of {G} blocks.")
    blocks = array.reshape(*array.shape[:-1], G, columns // G)
    return np.ascontiguousarray(blocks[..., list(order), :]).reshape(array.shape)


def layer_of(params):
    """Return "RNN", "GRU" or "LSTM": the layer that some parameters belong to.

    Parameters
    ----------
    params : dict of str to ndarray
        With Wx (D, G·H), Wh (H, G·H), b (G·H,) and, in a GRU, possibly bh (3·H,). Other entries do not count.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If an array is missing, a shape is wrong, or the dtypes are mixed or not float.
    """
    missing = [name for name in ("Wx", "Wh", "b") if name not in params]
    if missing:
        raise ValueError(f"layer_of: {', '.join(missing)} missing; expected a dict with Wx, Wh, b and, in a GRU, bh.")
    Wx, Wh, b, bh = params["Wx"], params["Wh"], params["b"], params.get("bh")
    common_float_dtype("layer_of", Wx=Wx, Wh=Wh, b=b, bh=bh)
    H, columns = require_axes("layer_of", "Wh", Wh, "H, G·H")
    D, _ = require_axes("layer_of", "Wx", Wx, "D, G·H")
    if columns % H or columns // H not in LAYERS:
        raise ValueError(f"layer_of: Wh has shape {Wh.shape}, expected (H, H), (H, 3·H) or (H, 4·H); is it transposed?")
    require_shape("layer_of", "Wx", Wx, "(D, G·H)", (D, columns))
    require_shape("layer_of", "b", b, "(G·H,)", (columns,))
    if bh is not None and columns != 3 * H:
        raise ValueError("layer_of: bh belongs to a GRU only; add it to b.")
    require_shape("layer_of", "bh", bh, "(3·H,)", (columns,))
    return LAYERS[columns // H]


def to_torch(params, *, reset_after=True):
    """Return the weights of a layer under the names and in the shapes of `torch.nn.RNN`, `LSTM` or `GRU`.

    Parameters
    ----------
    params : dict of str to ndarray
        See `layer_of`.
    reset_after : bool
        The variant of a GRU. PyTorch has only the one with the reset after the product.

    Returns
    -------
    dict of str to ndarray
        weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H), bias_ih_l0 and bias_hh_l0 (G·H,): what `load_state_dict` takes,
        once each is a tensor. Where there is one bias, bias_hh_l0 is zeros. All arrays are new.

    Raises
    ------
    ValueError
        If the parameters are not those of a layer, or of a GRU with the reset before the product.
    """
    if layer_of(params) == "GRU" and not reset_after:
        raise ValueError(
            "to_torch: torch.nn.GRU resets after the product, and these weights learned with the reset before it; "
            "no order of the blocks makes the two the same layer."
        )
    b, bh = params["b"], params.get("bh")
    return {
        "weight_ih_l0": params["Wx"].T.copy(),
        "weight_hh_l0": params["Wh"].T.copy(),
        "bias_ih_l0": b.copy(),
        "bias_hh_l0": np.zeros_like(b) if bh is None else bh.copy(),
    }


def from_torch(state):
    """Return the parameters of a layer from arrays named and shaped as PyTorch does; the reverse of `to_torch`.

    Parameters
    ----------
    state : mapping of str to array
        weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H) and, unless the layer has none, bias_ih_l0 and bias_hh_l0 (G·H,).

    Returns
    -------
    dict of str to ndarray
        Wx, Wh and b; of a GRU also bh. Of the other layers b is the sum of both biases.
    """
    Wx, Wh = (np.array(state[name]).T.copy() for name in ("weight_ih_l0", "weight_hh_l0"))
    zeros = np.zeros(Wh.shape[1], Wh.dtype)
    b, bh = (np.array(state.get(name, zeros)) for name in ("bias_ih_l0", "bias_hh_l0"))
    params = {"Wx": Wx, "Wh": Wh, "b": b}
    return {**params, "bh": bh} if layer_of(params) == "GRU" else {**params, "b": b + bh}


def to_keras(params, *, reset_after=True):
    """Return the weights of a layer in the order and the shapes of `keras.layers.SimpleRNN`, `LSTM` or `GRU`.

    Parameters
    ----------
    params : dict of str to ndarray
        See `layer_of`.
    reset_after : bool
        The variant of a GRU: the flag of the same name in Keras.

    Returns
    -------
    list of ndarray
        kernel (D, G·H), recurrent kernel (H, G·H) and bias: what `set_weights` takes. The bias is (G·H,); of a GRU with
        ``reset_after=True`` it is (2, 3·H), that of the input above that of the state. All arrays are new.

    Raises
    ------
    ValueError
        If the parameters are not those of a layer, or bh comes with ``reset_after=False``.
    """
    kind, bh = layer_of(params), params.get("bh")
    kernel, recurrent, bias = (params[name] for name in ("Wx", "Wh", "b"))
    if kind != "GRU":
        return [kernel.copy(), recurrent.copy(), bias.copy()]
    if reset_after:
        bias = np.stack([bias, np.zeros_like(bias) if bh is None else bh])
    elif bh is not None:
        raise ValueError("to_keras: a GRU with reset_after=False has one bias; add bh to b.")
    return [blocks_in_order(array, KERAS_GRU) for array in (kernel, recurrent, bias)]


def from_keras(weights):
    """Return the parameters of a layer from the list that Keras's `get_weights` returns; the reverse of `to_keras`.

    Parameters
    ----------
    weights : sequence of array
        kernel (D, G·H), recurrent kernel (H, G·H) and, unless the layer has none, bias, (G·H,) or (2, 3·H).

    Returns
    -------
    dict of str to ndarray
        Wx, Wh and b; of a GRU with two rows of biases also bh.
    """
    Wx, Wh, *rest = (np.array(array) for array in weights)
    bias = rest[0] if rest else np.zeros(Wh.shape[1], Wh.dtype)
    if Wh.shape[1] == 3 * Wh.shape[0]:
        Wx, Wh, bias = (blocks_in_order(array, KERAS_GRU) for array in (Wx, Wh, bias))
    both = {"b": bias[0], "bh": bias[1]} if bias.ndim == 2 else {"b": bias}
    params = {"Wx": Wx, "Wh": Wh, **both}
    layer_of(params)
    return params
