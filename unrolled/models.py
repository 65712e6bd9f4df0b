"""Models made of the layers, with `params` and `grads` in dicts, so that a few lines train one."""

import numpy as np

from unrolled.affine import affine_backward, affine_forward
from unrolled.argument_checks import require_axes, require_lengths
from unrolled.bidirectional import bidirectional_cell
from unrolled.cells import RECURRENT_STARTS, cell
from unrolled.loss import softmax_cross_entropy, squared_error
from unrolled.rnn import ACTIVATIONS
from unrolled.stacked import stacked_cell
from unrolled.training import fit

LOSSES = {"cross_entropy": softmax_cross_entropy, "squared_error": squared_error}


class _Recurrent:
    """A recurrent layer with an output layer y_t = h_t Wy + by and a loss.

    A subclass says which layer it is, a `Cell`, with what options the layer starts and runs, and how wide its h_t is.
    The state of a layer is a tuple of arrays (N, H), each of which may be None.
    """

    def __init__(self, layer, D, H, V, rng, loss, start, *, width=None, **run):
        self._cell, self._run_options = layer, run
        width = H if width is None else width
        self.params = self._cell.start(D, H, rng, **start)
        self.params |= {"Wy": rng.standard_normal((width, V)) / np.sqrt(width), "by": np.zeros(V)}
        self.grads = {}
        self._loss = LOSSES[_one_of(type(self).__name__, "loss", loss, LOSSES)]

    def fit(self, draw, optimizer, *, updates, clip=None, segment=None, names=None):
        """Train for a number of updates and return the loss before each.

        Parameters
        ----------
        draw : callable
            Takes nothing and returns a new batch x, targets, mask.
        optimizer : object
            With a method `step(params, grads)`, such as `unrolled.Adam`.
        updates : int
            How many to make.
        clip : float, callable or None
            A number clips the gradients of all parameters together by their norm, equation clip-by-norm. A callable is
            given the dict of gradients and changes it in place.
        segment : int or None
            Steps after which truncated BPTT cuts the gradient, equation bptt-truncated. None cuts nothing.
        names : collection of str or None
            The parameters that are trained; None means all of them.

        Returns
        -------
        losses : ndarray, shape (updates,)

        Raises
        ------
        ValueError
            If the number of updates is negative, or an argument does not fit the layers.
        """
        return fit(self, draw, optimizer, updates=updates, clip=clip, segment=segment, names=names)

    def _state(self, state):
        """Return the state at the start of a layer that has many arrays of it; None stands for Nones."""
        count = self._cell.states
        if state is not None and len(state) != count:
            raise ValueError(
                f"{type(self).__name__}: state has length {len(state)}, expected {count} arrays; "
                "pass None where one is to be zeros."
            )
        return (None,) * count if state is None else tuple(state)

    def _run(self, x, state, **batch):
        h, _, cache = self._cell.forward(x, state, self.params, **self._run_options, **batch)
        return h @ self.params["Wy"] + self.params["by"], h, cache

    def _loss_and_grads(self, x, targets, mask, state, segment, **batch):
        """Return the loss and its gradients, and keep these."""
        loss, self.grads, _, _ = self._there_and_back(x, targets, mask, state, segment, **batch)
        return loss, self.grads

    def _there_and_back(self, x, targets, mask, state, segment, **batch):
        """Return the loss, its gradients, that of x, and the last state.

        The gradient is cut between segments; the state is carried across, the gradient is not. What else a batch says
        to the layer, such as the lengths of its sequences, comes as `batch`.
        """
        T = x.shape[1]
        segment = T if segment is None else segment
        if segment < 1:
            name = type(self).__name__
            raise ValueError(f"{name}.loss_and_grads: segment is {segment}, expected 1 or more; None cuts nothing.")
        parts = [slice(start, start + segment) for start in range(0, T, segment)]
        pieces = []
        for part in parts:
            h, state, cache = self._cell.forward(x[:, part], state, self.params, **self._run_options, **batch)
            pieces.append((h, cache))
        y, affine = affine_forward(np.concatenate([h for h, _ in pieces], axis=1), self.params["Wy"], self.params["by"])
        loss, dy = self._loss(y, targets, mask)
        dh, dWy, dby = affine_backward(dy, affine)
        nothing = (None,) * self._cell.states
        each = [
            self._cell.backward(dh[:, part], nothing, cache) for part, (_, cache) in zip(parts, pieces, strict=True)
        ]
        summed = {name: sum(grads[name] for *_, grads in each) for name in each[0][2]}
        return loss, summed | {"Wy": dWy, "by": dby}, np.concatenate([dx for dx, *_ in each], axis=1), state


class _OneState(_Recurrent):
    """A recurrent layer whose state is its hidden state and nothing else."""

    def forward(self, x, h0=None):
        """Return the outputs and the states.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        h0 : ndarray, shape (N, H), or None
            None stands for zeros.

        Returns
        -------
        y : ndarray, shape (N, T, V)
        h : ndarray, shape (N, T, H)
        """
        y, h, _ = self._run(x, (h0,))
        return y, h

    def loss_and_grads(self, x, targets, mask=None, h0=None, *, segment=None):
        """Return the loss and its gradients by backpropagation through time.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        targets : ndarray of int, shape (N, T), or of float, shape (N, T, V)
            Classes for the cross-entropy, values for the squared error.
        mask : ndarray of bool, shape (N, T), or None
            Where a target counts; None means everywhere.
        h0 : ndarray, shape (N, H), or None
            None stands for zeros.
        segment : int or None
            Truncated BPTT: no gradient crosses from one segment of so many steps to the one before, equation
            bptt-truncated. None goes back through all steps.

        Returns
        -------
        loss : float
            The mean over what counts; cross-entropy in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If the segment is shorter than one step, or an argument does not fit the layers.
        """
        return self._loss_and_grads(x, targets, mask, (h0,), segment)


class RNN(_OneState):
    """A plain recurrent layer with an output layer and a loss.

    h_t = f(x_t Wx + h_{t-1} Wh + b) and y_t = h_t Wy + by. At the start Wx and Wy are normal with variance 1 / D and
    1 / H, and the biases are 0.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, the hidden state and the output.
    rng : numpy.random.Generator
        Source of the weights.
    gain : float
        Factor of Wh at the start.
    start : {"orthogonal", "identity", "normal"}
        What Wh is `gain` times of: a random orthogonal matrix, so that every singular value is the gain; the identity;
        or normal entries of variance 1 / H, so that the spectral radius is about the gain.
    activation : {"tanh", "relu"}
        The non-linearity f.
    loss : {"cross_entropy", "squared_error"}
        `unrolled.softmax_cross_entropy` for targets that are numbers of classes, or `unrolled.squared_error`.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx (D, H), Wh (H, H), b (H,), Wy (H, V) and by (V,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If the start, the activation or the loss is not one of those.
    """

    def __init__(self, D, H, V, rng, *, gain=1.0, start="orthogonal", activation="tanh", loss="cross_entropy"):
        _one_of("RNN", "start", start, RECURRENT_STARTS)
        _one_of("RNN", "activation", activation, ACTIVATIONS)
        super().__init__(cell("rnn"), D, H, V, rng, loss, {"gain": gain, "start": start}, activation=activation)


class GRU(_OneState):
    """A GRU layer with an output layer and a loss.

    The layer is that of `unrolled.gru_forward`, and y_t = h_t Wy + by. At the start Wx and Wy are normal with variance
    1 / D and 1 / H, each gate's block of Wh is `gain` times a random orthogonal matrix, and the biases are 0 but for
    the update gate's.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, the hidden state and the output.
    rng : numpy.random.Generator
        Source of the weights.
    gain : float
        Every singular value of each gate's recurrent weights at the start.
    update_bias : float
        Bias of the update gate at the start. z keeps the state, so a positive one makes it last longer.
    reset_after : bool
        Whether the reset gate acts after the product with Wh, as in PyTorch and Keras, or before it, as in the paper.
        After it, the candidate has a second bias inside, so that there is a bh.
    loss : {"cross_entropy", "squared_error"}
        `unrolled.softmax_cross_entropy` for targets that are numbers of classes, or `unrolled.squared_error`.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx (D, 3H), Wh (H, 3H), b (3H,) and, with `reset_after`, bh (3H,), gates in the order r, z, n; Wy (H, V) and
        by (V,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If the loss is not one of those.
    """

    def __init__(self, D, H, V, rng, *, gain=1.0, update_bias=0.0, reset_after=True, loss="cross_entropy"):
        reset_after = bool(reset_after)
        start = {"gain": gain, "update_bias": update_bias, "reset_after": reset_after}
        super().__init__(cell("gru"), D, H, V, rng, loss, start, reset_after=reset_after)


class LSTM(_Recurrent):
    """An LSTM layer with an output layer and a loss.

    The layer is that of `unrolled.lstm_forward`, and y_t = h_t Wy + by. At the start Wx and Wy are normal with variance
    1 / D and 1 / H, each gate's block of Wh is `gain` times a random orthogonal matrix, and the biases are 0 but for
    the forget gate's.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, the hidden and cell state, and the output.
    rng : numpy.random.Generator
        Source of the weights.
    gain : float
        Every singular value of each gate's recurrent weights at the start.
    forget_bias : float
        Bias of the forget gate at the start, equation forget-bias.
    loss : {"cross_entropy", "squared_error"}
        `unrolled.softmax_cross_entropy` for targets that are numbers of classes, or `unrolled.squared_error`.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx (D, 4H), Wh (H, 4H) and b (4H,), gates in the order i, f, g, o; Wy (H, V) and by (V,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If the loss is not one of those.
    """

    def __init__(self, D, H, V, rng, *, gain=1.0, forget_bias=1.0, loss="cross_entropy"):
        super().__init__(cell("lstm"), D, H, V, rng, loss, {"gain": gain, "forget_bias": forget_bias})

    def forward(self, x, h0=None, c0=None):
        """Return the outputs and the hidden states.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        h0, c0 : ndarray, shape (N, H), or None
            None stands for zeros.

        Returns
        -------
        y : ndarray, shape (N, T, V)
        h : ndarray, shape (N, T, H)
        """
        y, h, _ = self._run(x, (h0, c0))
        return y, h

    def states(self, x, h0=None, c0=None):
        """Return what goes on inside the layer at every step.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        h0, c0 : ndarray, shape (N, H), or None
            None stands for zeros.

        Returns
        -------
        dict of str to ndarray, shape (N, T, H)
            The gates i, f and o, the candidate g, and the states c and h after the step.
        """
        h, (_, c_T), cache = self._cell.forward(x, (h0, c0), self.params)
        o, i, f, g, c_prev = cache.gates.transpose(1, 2, 0, 3)
        c = np.concatenate([c_prev[:, 1:], c_T[:, None]], axis=1)
        return {name: np.array(value) for name, value in {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}.items()}

    def loss_and_grads(self, x, targets, mask=None, h0=None, c0=None, *, segment=None):
        """Return the loss and its gradients by backpropagation through time.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        targets : ndarray of int, shape (N, T), or of float, shape (N, T, V)
            Classes for the cross-entropy, values for the squared error.
        mask : ndarray of bool, shape (N, T), or None
            Where a target counts; None means everywhere.
        h0, c0 : ndarray, shape (N, H), or None
            None stands for zeros.
        segment : int or None
            Truncated BPTT: no gradient crosses from one segment of so many steps to the one before, neither through h
            nor through c, equation bptt-truncated. None goes back through all steps.

        Returns
        -------
        loss : float
            The mean over what counts; cross-entropy in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If the segment is shorter than one step, or an argument does not fit the layers.
        """
        return self._loss_and_grads(x, targets, mask, (h0, c0), segment)


class Stacked(_Recurrent):
    """Recurrent layers on top of each other, with an output layer on the uppermost and a loss.

    The layers are those of `unrolled.stacked_forward`, and y_t = h_t Wy + by with the state h_t of the uppermost. At
    the start each layer's weights are drawn like those of `unrolled.RNN`, `LSTM` or `GRU`.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, of every layer's hidden state, and of the output.
    rng : numpy.random.Generator
        Source of the weights.
    cell : {"rnn", "lstm", "gru"}
        What kind of layer they are.
    layers : int
        How many, at least 1.
    gain : float
        Every singular value of each gate's recurrent weights at the start.
    loss : {"cross_entropy", "squared_error"}
        `unrolled.softmax_cross_entropy` for targets that are numbers of classes, or `unrolled.squared_error`.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx1, Wh1, b1, Wx2, …, the lowest layer first, with bh1, … for the GRU; Wy (H, V) and by (V,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If the cell or the loss is not one of those, or there is no layer.
    """

    def __init__(self, D, H, V, rng, *, cell="rnn", layers=2, gain=1.0, loss="cross_entropy"):
        super().__init__(stacked_cell(cell, layers), D, H, V, rng, loss, {"gain": gain})

    def forward(self, x, state=None):
        """Return the outputs and the states of the uppermost layer.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        state : tuple of ndarray, shape (N, H), or None
            The state of every layer at the start, the lowest first: one array for each, for the LSTM h0 and c0. None,
            in place of all of them or of one, stands for zeros.

        Returns
        -------
        y : ndarray, shape (N, T, V)
        h : ndarray, shape (N, T, H)
        """
        y, h, _ = self._run(x, self._state(state))
        return y, h

    def loss_and_grads(self, x, targets, mask=None, state=None, *, segment=None):
        """Return the loss and its gradients by backpropagation through time and through the layers.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        targets : ndarray of int, shape (N, T), or of float, shape (N, T, V)
            Classes for the cross-entropy, values for the squared error.
        mask : ndarray of bool, shape (N, T), or None
            Where a target counts; None means everywhere.
        state : tuple of ndarray, shape (N, H), or None
            As for `forward`.
        segment : int or None
            Truncated BPTT: no gradient crosses from one segment of so many steps to the one before, in no layer,
            equation bptt-truncated. None goes back through all steps.

        Returns
        -------
        loss : float
            The mean over what counts; cross-entropy in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If the segment is shorter than one step, or an argument does not fit the layers.
        """
        return self._loss_and_grads(x, targets, mask, self._state(state), segment)


class Bidirectional(_Recurrent):
    """A recurrent layer in each direction, with an output layer that sees both, and a loss.

    The layers are those of `unrolled.bidirectional_forward`, and y_t = h_t Wy + by with the states of both directions
    side by side in h_t. At the start each direction's weights are drawn like those of `unrolled.RNN`, `LSTM` or `GRU`.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, of the hidden state of each direction, and of the output.
    rng : numpy.random.Generator
        Source of the weights.
    cell : {"rnn", "lstm", "gru"}
        What kind of layer they are.
    gain : float
        Every singular value of each gate's recurrent weights at the start.
    loss : {"cross_entropy", "squared_error"}
        `unrolled.softmax_cross_entropy` for targets that are numbers of classes, or `unrolled.squared_error`.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx_f, Wh_f, b_f of the forward direction, Wx_b, Wh_b, b_b of the backward one, with bh_f and bh_b for the GRU;
        Wy (2H, V) and by (V,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If the cell or the loss is not one of those.
    """

    def __init__(self, D, H, V, rng, *, cell="rnn", gain=1.0, loss="cross_entropy"):
        super().__init__(bidirectional_cell(cell), D, H, V, rng, loss, {"gain": gain}, width=2 * H)

    def forward(self, x, lengths=None, state=None):
        """Return the outputs and the states.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        lengths : array_like of int, shape (N,), or None
            True steps of each row, 1 to T; what stands after them is padding. None means T everywhere.
        state : tuple of ndarray, shape (N, H), or None
            The state of each direction at its start, the forward one first: one array for each, for the LSTM h0 and c0.
            None, in place of all of them or of one, stands for zeros.

        Returns
        -------
        y : ndarray, shape (N, T, V)
            At padded steps no more than the bias.
        h : ndarray, shape (N, T, 2H)
            0 at padded steps.
        """
        y, h, _ = self._run(x, self._state(state), lengths=lengths)
        return y, h

    def loss_and_grads(self, x, targets, mask=None, lengths=None, state=None, *, segment=None):
        """Return the loss and its gradients by backpropagation through time, in both directions.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        targets : ndarray of int, shape (N, T), or of float, shape (N, T, V)
            Classes for the cross-entropy, values for the squared error.
        mask : ndarray of bool, shape (N, T), or None
            Where a target counts; None means at every true step.
        lengths : array_like of int, shape (N,), or None
            True steps of each row, as for `forward`.
        state : tuple of ndarray, shape (N, H), or None
            As for `forward`.
        segment : None
            A sequence cannot be cut: the backward direction starts at its end.

        Returns
        -------
        loss : float
            The mean over what counts; cross-entropy in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If there is a segment, or an argument does not fit the layers.
        """
        if segment is not None:
            raise ValueError(
                f"Bidirectional.loss_and_grads: segment is {segment}, expected None; leave it out, since the backward "
                "direction needs the sequence to its end."
            )
        N, T = require_axes("Bidirectional.loss_and_grads", "x", x, "N, T, D")[:2]
        lengths = require_lengths("Bidirectional.loss_and_grads", lengths, N, T)
        if mask is None:
            mask = np.arange(T) < lengths[:, None]
        return self._loss_and_grads(x, targets, mask, self._state(state), None, lengths=lengths)


def _one_of(model, argument, value, choices):
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{model}: {argument} is {value!r}, expected one of {listed}; pass one of them.")
    return value
