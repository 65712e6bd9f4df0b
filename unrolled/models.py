"""Models made of the layers, with `params` and gradients in dicts, so that a few lines train one."""

import numpy as np

from unrolled.affine import affine_backward, affine_forward
from unrolled.initializers import orthogonal
from unrolled.loss import softmax_cross_entropy
from unrolled.rnn import rnn_backward, rnn_forward


class RNN:
    """A tanh recurrent layer with an output layer, trained on softmax cross-entropy.

    h_t = tanh(x_t Wx + h_{t-1} Wh + b) and y_t = h_t Wy + by. At the start Wx and Wy are normal with variance 1 / D and
    1 / H, Wh is `gain` times a random orthogonal matrix, and the biases are 0.

    Parameters
    ----------
    D, H, V : int
        Sizes of the input, the hidden state and the output.
    rng : numpy.random.Generator
        Source of the weights.
    gain : float
        Every singular value of Wh at the start.

    Attributes
    ----------
    params : dict of str to ndarray
        Wx (D, H), Wh (H, H), b (H,), Wy (H, V) and by (V,).
    """

    def __init__(self, D, H, V, rng, *, gain=1.0):
        self.params = {
            "Wx": rng.standard_normal((D, H)) / np.sqrt(D),
            "Wh": orthogonal(rng, (H, H), gain=gain),
            "b": np.zeros(H),
            "Wy": rng.standard_normal((H, V)) / np.sqrt(H),
            "by": np.zeros(V),
        }

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
        h, _ = rnn_forward(x, h0, *self._recurrent())
        return h @ self.params["Wy"] + self.params["by"], h

    def loss_and_grads(self, x, targets, mask=None, h0=None, *, segment=None):
        """Return the mean cross-entropy and its gradients by backpropagation through time.

        Parameters
        ----------
        x : ndarray, shape (N, T, D)
        targets : ndarray of int, shape (N, T)
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
            In nats.
        grads : dict of str to ndarray
            The names and shapes of `params`.

        Raises
        ------
        ValueError
            If the segment is shorter than one step, or an argument does not fit the layers.
        """
        T = x.shape[1]
        segment = T if segment is None else segment
        if segment < 1:
            raise ValueError(f"RNN.loss_and_grads: segment is {segment}, expected 1 or more; None cuts nothing.")
        starts = range(0, T, segment)
        pieces, state = [], h0
        for start in starts:  # the state is carried from segment to segment
            pieces.append(rnn_forward(x[:, start : start + segment], state, *self._recurrent()))
            state = pieces[-1][0][:, -1]
        y, affine = affine_forward(np.concatenate([h for h, _ in pieces], axis=1), self.params["Wy"], self.params["by"])
        loss, dy = softmax_cross_entropy(y, targets, mask)
        dh, dWy, dby = affine_backward(dy, affine)
        grads = {"Wx": 0.0, "Wh": 0.0, "b": 0.0, "Wy": dWy, "by": dby}
        for start, (_, cache) in zip(starts, pieces, strict=True):  # the gradient is not
            *_, dWx, dWh, db = rnn_backward(dh[:, start : start + segment], cache)
            grads["Wx"], grads["Wh"], grads["b"] = grads["Wx"] + dWx, grads["Wh"] + dWh, grads["b"] + db
        return loss, grads

    def _recurrent(self):
        return self.params["Wx"], self.params["Wh"], self.params["b"]
