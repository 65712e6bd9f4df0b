"""An encoder that reads a sequence to its end, and a decoder that starts from where the encoder ended."""

from typing import NamedTuple

import numpy as np

from unrolled.affine import affine_backward, affine_forward
from unrolled.argument_checks import require_axes, require_shape
from unrolled.cells import cell as cell_of
from unrolled.embedding import embedding_backward, embedding_forward
from unrolled.loss import softmax_cross_entropy
from unrolled.training import fit


class _Piece(NamedTuple):
    """A stretch of the source between two lengths, for the sequences that are longer than its start."""

    steps: slice
    rows: int  # how many sequences, the longest first
    cache: object


class EncoderDecoder:
    """An encoder and a decoder, each a recurrent layer with an embedding, after Sutskever et al. [1]_.

    The encoder's state at the last true step of each source is the decoder's state at the start. The decoder reads at
    each step the token before and scores the next one: y_t = h_t Wy + by. At the start the embeddings are normal with
    variance 1, Wy with variance 1 / H, and by is 0.

    Parameters
    ----------
    V_in, V_out : int
        How many tokens there are in the source and in the target.
    D, H : int
        Sizes of both embeddings and of both hidden states.
    rng : numpy.random.Generator
        Source of the weights.
    cell : {"gru", "lstm", "rnn"}
        The kind of both recurrent layers.

    Attributes
    ----------
    params : dict of str to ndarray
        E_enc (V_in, D) and E_dec (V_out, D); Wx_enc, Wh_enc, b_enc, Wx_dec, Wh_dec, b_dec of the shapes of the cell,
        with bh_enc and bh_dec for the GRU; Wy (H, V_out) and by (V_out,).
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.

    Raises
    ------
    ValueError
        If there is no such cell.

    References
    ----------
    .. [1] I. Sutskever, O. Vinyals and Q. V. Le, "Sequence to sequence learning with neural networks", NeurIPS 2014.
    """

    def __init__(self, V_in, V_out, D, H, rng, *, cell="gru"):
        self._cell = cell_of(cell)
        self.params = {}
        for side, V in (("enc", V_in), ("dec", V_out)):
            layer = self._cell.start(D, H, rng)
            self.params[f"E_{side}"] = rng.standard_normal((V, D))
            self.params |= {f"{name}_{side}": value for name, value in layer.items()}
        self.params |= {"Wy": rng.standard_normal((H, V_out)) / np.sqrt(H), "by": np.zeros(V_out)}
        self.grads = {}

    def encode(self, source, lengths):
        """Return the encoder's state at the last true step of each source.

        Parameters
        ----------
        source : ndarray of int, shape (N, T)
            Tokens. What stands at or after a sequence's length is not read.
        lengths : ndarray of int, shape (N,)
            True steps of each sequence, 1 to T.

        Returns
        -------
        tuple of ndarray, shape (N, H)
            h, and for the LSTM c.

        Raises
        ------
        ValueError
            If an argument does not fit.
        """
        return self._encode("encode", source, lengths)[0]

    def forward(self, source, lengths, target_in):
        """Return the scores of every next token, the true tokens being given.

        Parameters
        ----------
        source, lengths
            As for `encode`.
        target_in : ndarray of int, shape (N, S)
            The token before each position, the first being the one that starts an answer.

        Returns
        -------
        y : ndarray, shape (N, S, V_out)

        Raises
        ------
        ValueError
            If an argument does not fit.
        """
        state, _ = self._encode("forward", source, lengths)
        return self._decode(self._targets("forward", target_in, len(source)), state)[0]

    def loss_and_grads(self, source, lengths, target_in, targets, mask=None):
        """Return the loss and its gradients; the decoder reads the true tokens (teacher forcing).

        Parameters
        ----------
        source, lengths, target_in
            As for `forward`.
        targets : ndarray of int, shape (N, S)
            The token at each position: `target_in` one step earlier.
        mask : ndarray of bool, shape (N, S), or None
            Where a target counts; None means everywhere.

        Returns
        -------
        loss : float
            The mean over what counts, in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If an argument does not fit.
        """
        state, (reading, pieces, order) = self._encode("loss_and_grads", source, lengths)
        target_in = self._targets("loss_and_grads", target_in, len(source))
        y, _, (given, decoding, affine) = self._decode(target_in, state)
        loss, dy = softmax_cross_entropy(y, targets, mask)

        dh, dWy, dby = affine_backward(dy, affine)
        dx, dstate, grads_dec = self._cell.backward(dh, (None,) * self._cell.states, decoding)
        self.grads = {"E_dec": embedding_backward(dx, given), "Wy": dWy, "by": dby}
        self.grads |= {f"{name}_dec": gradient for name, gradient in grads_dec.items()}
        dx, grads_enc = self._encode_backward(dstate, pieces, order, np.shape(source))
        self.grads["E_enc"] = embedding_backward(dx, reading)
        self.grads |= {f"{name}_enc": gradient for name, gradient in grads_enc.items()}
        return loss, self.grads

    def fit(self, draw, optimizer, *, updates, clip=None, names=None):
        """Train for a number of updates and return the loss before each.

        Parameters
        ----------
        draw : callable
            Takes nothing and returns a new batch source, lengths, target_in, targets, mask.
        optimizer : object
            With a method `step(params, grads)`, such as `unrolled.Adam`.
        updates : int
            How many to make.
        clip : float, callable or None
            As for `unrolled.RNN.fit`.
        names : collection of str or None
            The parameters that are trained; None means all of them.

        Returns
        -------
        losses : ndarray, shape (updates,)

        Raises
        ------
        ValueError
            If the number of updates is negative, or a batch does not fit.
        """
        return fit(self, draw, optimizer, updates=updates, clip=clip, names=names)

    def greedy(self, source, lengths, start, stop, longest):
        """Write an answer to each source, at each step the token with the highest score.

        Parameters
        ----------
        source, lengths
            As for `encode`.
        start, stop : int
            The token that starts an answer, and the one that ends it.
        longest : int
            Tokens after which it ends anyway, at least 1.

        Returns
        -------
        answers : ndarray of int, shape (N, longest)
            From an answer's end on, `stop`.

        Raises
        ------
        ValueError
            If an argument does not fit.
        """
        if longest < 1:
            raise ValueError(
                f"greedy: longest is {longest}, expected 1 or more; pass how many tokens an answer may have."
            )
        for name, token in (("start", start), ("stop", stop)):
            if not 0 <= token < len(self.params["by"]):
                raise ValueError(
                    f"greedy: {name} is {token}, expected 0 … {len(self.params['by']) - 1}; pass a token of the target."
                )
        state, _ = self._encode("greedy", source, lengths)
        tokens = np.full(len(source), start)
        answers = np.full((len(source), longest), stop)
        going = np.ones(len(source), bool)
        for t in range(longest):
            y, state, _ = self._decode(tokens[:, None], state)
            tokens = np.where(going, y[:, 0].argmax(axis=1), stop)
            answers[:, t] = tokens
            going &= tokens != stop
            if not going.any():
                break
        return answers

    def _layer(self, side):
        return {name[:-4]: value for name, value in self.params.items() if name.endswith(f"_{side}") and name[0] != "E"}

    def _encode(self, function, source, lengths):
        """Run the encoder, each sequence to its own length; return the last states and what the way back needs."""
        source, lengths = self._check(function, source, lengths)
        N, T = source.shape
        order = np.argsort(-lengths, kind="stable")
        ends = lengths[order]
        # Tokens after the end are never read: they need not even be tokens.
        inside = np.where(np.arange(T) < lengths[:, None], source, 0)
        x, reading = embedding_forward(inside, self.params["E_enc"])
        x, layer = x[order], self._layer("enc")
        state = tuple(np.zeros((N, layer["Wh"].shape[0]), x.dtype) for _ in range(self._cell.states))
        pieces, start = [], 0
        for end in np.unique(lengths):
            steps, rows = slice(start, end), int((ends >= end).sum())
            _, after, cache = self._cell.forward(x[:rows, steps], tuple(array[:rows] for array in state), layer)
            for array, new in zip(state, after, strict=True):
                array[:rows] = new
            pieces.append(_Piece(steps, rows, cache))
            start = end
        return tuple(array[np.argsort(order)] for array in state), (reading, pieces, order)

    def _encode_backward(self, dstate, pieces, order, shape):
        dstate = tuple(array[order] for array in dstate)
        H = dstate[0].shape[1]
        dx = np.zeros((*shape, self.params["E_enc"].shape[1]), dstate[0].dtype)
        grads = {}
        for steps, rows, cache in reversed(pieces):
            dh = np.zeros((rows, steps.stop - steps.start, H), dx.dtype)
            part, before, of_piece = self._cell.backward(dh, tuple(array[:rows] for array in dstate), cache)
            dx[order[:rows], steps] = part
            for array, new in zip(dstate, before, strict=True):
                array[:rows] = new
            grads = {name: grads.get(name, 0) + gradient for name, gradient in of_piece.items()}
        return dx, grads

    def _decode(self, target_in, state):
        """Run the decoder from a state; return the scores, the state after it, and what the way back needs."""
        x, given = embedding_forward(target_in, self.params["E_dec"])
        h, after, decoding = self._cell.forward(x, state, self._layer("dec"))
        y, affine = affine_forward(h, self.params["Wy"], self.params["by"])
        return y, after, (given, decoding, affine)

    def _check(self, function, source, lengths):
        source, lengths = np.asarray(source), np.asarray(lengths)
        N, T = require_axes(function, "source", source, "N, T")
        for name, array in (("source", source), ("lengths", lengths)):
            if not np.issubdtype(array.dtype, np.integer):
                raise ValueError(
                    f"{function}: {name} has dtype {array.dtype}, expected integers; "
                    f"convert it with {name}.astype(np.int64)."
                )
        require_shape(function, "lengths", lengths, "(N,)", (N,))
        wrong = lengths[(lengths < 1) | (lengths > T)]
        if wrong.size:
            raise ValueError(
                f"{function}: lengths contains {wrong[0]}, expected 1 … {T} (T = {T}, the steps of source); "
                "pass how many tokens of each sequence are true."
            )
        return source, lengths

    def _targets(self, function, target_in, N):
        target_in = np.asarray(target_in)
        require_axes(function, "target_in", target_in, "N, S")
        require_shape(function, "target_in", target_in, "(N, S)", (N, target_in.shape[1]))
        return target_in
