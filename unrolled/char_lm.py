"""A language model of characters: embedding, recurrent layer, output layer; trained on a long text, and able to write.

A text is an array of tokens, the places of its characters in an alphabet. The model gives every token a probability,
from all tokens before it. Its state is a tuple of arrays (N, H), as in `unrolled.cells`, or None for zeros.
"""

from itertools import cycle

import numpy as np

from unrolled.cells import CELLS
from unrolled.embedding import embedding_backward, embedding_forward
from unrolled.models import _one_of, _Recurrent
from unrolled.stacked import stacked_cell

PIECE = 512  # steps that are run at once where a long text is only read, so that the caches stay small


def encode(text, alphabet):
    """Return the tokens of a text: the place of each character in the alphabet.

    Parameters
    ----------
    text : str
    alphabet : str
        Every character once, such as ``"".join(sorted(set(text)))``.

    Returns
    -------
    tokens : ndarray of int, shape (len(text),)

    Raises
    ------
    ValueError
        If a character is not in the alphabet.
    """
    places = {character: place for place, character in enumerate(alphabet)}
    strange = sorted(set(text) - set(alphabet))
    if strange:
        raise ValueError(f"encode: text contains {strange[0]!r}, which is not in the alphabet; add or replace it.")
    return np.array([places[character] for character in text], dtype=np.int64)


def decode(tokens, alphabet):
    """Return the text of some tokens; the inverse of `encode`."""
    return "".join(alphabet[token] for token in tokens)


def text_batches(tokens, N, T):
    """Cut a long text into batches that follow one another, equation text-batches.

    The text is cut into N streams of equal length, one below the other. Batch i holds steps i T … (i + 1) T of every
    stream, so that row n of a batch goes on where row n of the batch before ended. What fills no batch is left out.

    Parameters
    ----------
    tokens : ndarray of int, shape (length,)
    N, T : int
        Streams, and steps in a batch.

    Returns
    -------
    list of (ndarray, ndarray), each of shape (N, T)
        Tokens, and as targets the tokens one step later.

    Raises
    ------
    ValueError
        If N or T is below 1, or the text too short for one batch.
    """
    tokens = _one_axis("text_batches", "tokens", tokens)
    if N < 1 or T < 1:
        raise ValueError(f"text_batches: N is {N} and T is {T}, expected 1 or more each; pass larger ones.")
    count = (len(tokens) - 1) // (N * T)
    if count < 1:
        raise ValueError(
            f"text_batches: tokens has {len(tokens)} entries, expected at least N T + 1 = {N * T + 1}; "
            "pass a longer text, or a smaller N or T."
        )
    here, after = (tokens[shift : shift + N * count * T].reshape(N, count, T) for shift in (0, 1))
    return [(here[:, i], after[:, i]) for i in range(count)]


def sample_token(logits, temperature, rng):
    """Draw a token by the softmax of logits / temperature, equation temperature.

    Parameters
    ----------
    logits : ndarray, shape (V,)
        Scores.
    temperature : float
        Above 0. 1 draws by the model's own probabilities; towards 0 the likeliest token is drawn ever more often.
    rng : numpy.random.Generator
        Source of one uniform number.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the temperature is not above 0, or `logits` has not one axis.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 1:
        raise ValueError(f"sample_token: logits has shape {logits.shape}, expected (V,); pass those of one step.")
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"sample_token: temperature is {temperature}, expected a number above 0; "
            "for the likeliest token take the argmax of the logits."
        )
    p = np.exp((logits - logits.max()) / temperature)
    total = np.cumsum(p)
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


class CharLM(_Recurrent):
    """A language model of characters, equations embedding and language-model-loss.

    x_t = E[s_t], then a recurrent layer, then y_t = h_t Wy + by; the softmax of y_t is the probability of s_{t+1}. At
    the start E is normal with variance 1, the layer starts as in `unrolled.cells`, Wy is normal with variance 1 / H.

    Parameters
    ----------
    V, D, H : int
        Sizes of the alphabet, of an embedding and of the hidden state.
    rng : numpy.random.Generator
        Source of the weights.
    cell : {"rnn", "lstm", "gru"}
        The kind of recurrent layer, see `unrolled.cells`.
    layers : int
        How many of them, on top of each other, see `unrolled.stacked`.
    dtype : dtype
        float32 or float64, for everything.

    Attributes
    ----------
    params : dict of str to ndarray
        E (V, D), those of the layer, Wy (H, V) and by (V,). With one layer they are Wx, Wh, b and, for a GRU, bh; with
        more, Wx1, Wh1, b1, Wx2, …
    grads : dict of str to ndarray
        The gradients that were worked out last, by the same names; empty at first.
    state : tuple of ndarray, each of shape (N, H), or None
        The state after the last step of the batch that was learned from last, for the LSTM h and c, with more layers
        those of layer 1 first; None at first.

    Raises
    ------
    ValueError
        If there is no such cell, or no layer.
    """

    def __init__(self, V, D, H, rng, *, cell="lstm", layers=1, dtype=np.float64):
        _one_of("CharLM", "cell", cell, CELLS)
        E = rng.standard_normal((V, D))
        layer = CELLS[cell] if layers == 1 else stacked_cell(cell, layers)
        super().__init__(layer, D, H, V, rng, "cross_entropy", {})
        self.params = {name: array.astype(dtype) for name, array in ({"E": E} | self.params).items()}
        self.state = None

    def forward(self, tokens, state=None):
        """Return the scores of the token after each, and the state after the last.

        Parameters
        ----------
        tokens : ndarray of int, shape (N, T)
        state : tuple of ndarray, each of shape (N, H), or None
            None stands for zeros.

        Returns
        -------
        y : ndarray, shape (N, T, V)
        state : tuple of ndarray, each of shape (N, H)
        """
        x, _ = embedding_forward(self._two_axes("forward", tokens), self.params["E"])
        h, state, _ = self._cell.forward(x, self._state(state), self.params)
        return h @ self.params["Wy"] + self.params["by"], state

    def loss_and_grads(self, tokens, targets, mask=None, state=None, *, segment=None):
        """Return the loss and its gradients by backpropagation through time.

        The state after the last step is kept as the attribute `state`. Handed to the next call as its state, it makes
        of short batches one long text: truncated BPTT with the state carried on, and no gradient across.

        Parameters
        ----------
        tokens, targets : ndarray of int, shape (N, T)
            What is read, and what comes next.
        mask : ndarray of bool, shape (N, T), or None
            Where a target counts, equation cross-entropy; None means everywhere.
        state : tuple of ndarray, each of shape (N, H), or None
            State before the first step; None stands for zeros.
        segment : int or None
            Truncated BPTT within the batch, equation bptt-truncated. None cuts nothing.

        Returns
        -------
        loss : float
            The mean over what counts, in nats.
        grads : dict of str to ndarray
            The names and shapes of `params`; kept as the attribute `grads`, too.

        Raises
        ------
        ValueError
            If the segment is shorter than one step, or an argument does not fit.
        """
        x, looked_up = embedding_forward(self._two_axes("loss_and_grads", tokens), self.params["E"])
        loss, grads, dx, self.state = self._there_and_back(x, targets, mask, self._state(state), segment)
        self.grads = {"E": embedding_backward(dx, looked_up)} | grads
        return loss, self.grads

    def reading(self, tokens, N, T, *, carry=True):
        """Return a `draw` for `fit` that reads a long text from front to end, and again and again.

        Parameters
        ----------
        tokens : ndarray of int, shape (length,)
        N, T : int
            Streams, and steps in a batch; see `text_batches`.
        carry : bool
            Whether a batch starts from the state in which the one before ended; if not, from zeros. At the beginning
            of the text the state is zeros in any case.

        Returns
        -------
        callable
            Takes nothing and returns tokens, targets, None and the state. Between two calls the model must learn from
            the first batch and from no other.
        """
        batches = cycle(enumerate(text_batches(tokens, N, T)))

        def draw():
            place, (here, after) = next(batches)
            return here, after, None, self.state if carry and place else None

        return draw

    def log_probabilities(self, tokens):
        """Return ln p of every token but the first, given all tokens before it.

        Parameters
        ----------
        tokens : ndarray of int, shape (length,), at least 2

        Returns
        -------
        ndarray, shape (length - 1,)

        Raises
        ------
        ValueError
            If the text is shorter than two tokens, or a token is not in the alphabet.
        """
        tokens = _one_axis("CharLM.log_probabilities", "tokens", tokens)
        if len(tokens) < 2:
            raise ValueError(
                f"CharLM.log_probabilities: tokens has {len(tokens)} entries, expected 2 or more; pass a longer text."
            )
        state, found = None, []
        for start in range(0, len(tokens) - 1, PIECE):
            targets = tokens[start + 1 : start + PIECE + 1]
            y, state = self.forward(tokens[None, start : start + len(targets)], state)
            self._in_the_alphabet("log_probabilities", targets)
            found.append(_log_softmax(y[0])[np.arange(len(targets)), targets])
        return np.concatenate(found)

    def perplexity(self, tokens):
        """Return the perplexity of a text, equation perplexity: e to the mean of -ln p.

        Parameters
        ----------
        tokens : ndarray of int, shape (length,), at least 2
            The first one is read and not foretold. The state starts at zeros and is carried to the end.

        Returns
        -------
        float
            From 1, every token foretold for certain; V is a guess without any knowledge.

        Raises
        ------
        ValueError
            If the text is shorter than two tokens, or a token is not in the alphabet.
        """
        return float(np.exp(-self.log_probabilities(tokens).mean()))

    def generate(self, rng, prompt, length, temperature=1.0):
        """Read a prompt, then write: draw each token by its probability, and read it in turn.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of one uniform number a token.
        prompt : ndarray of int, shape (some,), at least 1
        length : int
            Tokens to write.
        temperature : float
            Above 0; see `sample_token`.

        Returns
        -------
        tokens : ndarray of int, shape (length,)
            What was written, without the prompt.

        Raises
        ------
        ValueError
            If the prompt is empty, the length negative, or the temperature not above 0.
        """
        y, state = self._read_prompt("generate", prompt, length)
        written = np.empty(length, np.int64)
        for place in range(length):
            written[place] = sample_token(y[0], temperature, rng)
            y, state = self._step(written[place : place + 1], state)
        return written

    def beam(self, prompt, length, width):
        """Look for the likeliest continuation: at each step keep the `width` likeliest beginnings, equation beam-score.

        A width of 1 takes the likeliest token at each step. Among equals the earlier one of the alphabet comes first.

        Parameters
        ----------
        prompt : ndarray of int, shape (some,), at least 1
        length : int
            Tokens to write.
        width : int
            Beginnings that are kept, 1 or more.

        Returns
        -------
        tokens : ndarray of int, shape (length,)
            The best that was found, without the prompt.
        log_probability : float
            Its ln p given the prompt, the sum over its tokens.

        Raises
        ------
        ValueError
            If the prompt is empty, the length negative, or the width below 1.
        """
        if width < 1:
            raise ValueError(f"CharLM.beam: width is {width}, expected 1 or more; 1 takes the likeliest at each step.")
        y, state = self._read_prompt("beam", prompt, length)
        written, score = np.empty((1, 0), np.int64), np.zeros(1)
        for _ in range(length):
            after = (score[:, None] + _log_softmax(y)).reshape(-1)
            kept = np.argsort(-after, kind="stable")[:width]
            row, token = np.divmod(kept, y.shape[1])
            written, score = np.column_stack([written[row], token]), after[kept]
            y, state = self._step(token, tuple(array[row] for array in state))
        return written[0], float(score[0])

    def _read_prompt(self, method, prompt, length):
        """Return the scores (1, V) after the prompt, and the state."""
        prompt = _one_axis(f"CharLM.{method}", "prompt", prompt)
        if not len(prompt):
            raise ValueError(f"CharLM.{method}: prompt is empty, expected a token or more; begin with a space.")
        if length < 0:
            raise ValueError(f"CharLM.{method}: length is {length}, expected 0 or more; pass how many tokens to write.")
        y, state = self.forward(prompt[None])
        return y[:, -1], state

    def _step(self, tokens, state):
        y, state = self.forward(tokens[:, None], state)
        return y[:, 0], state

    def _two_axes(self, method, tokens):
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or 0 in tokens.shape:
            raise ValueError(
                f"CharLM.{method}: tokens has shape {tokens.shape}, expected (N, T) without an empty axis; "
                "put one text in each row."
            )
        return tokens

    def _in_the_alphabet(self, method, tokens):
        V = len(self.params["E"])
        wrong = tokens[(tokens < 0) | (tokens >= V)]
        if wrong.size:
            raise ValueError(
                f"CharLM.{method}: tokens contains {wrong[0]}, expected 0 … {V - 1} (V = {V}); check the alphabet."
            )


def _one_axis(function, name, tokens):
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or not np.issubdtype(tokens.dtype, np.integer):
        if tokens.size or tokens.ndim != 1:
            raise ValueError(
                f"{function}: {name} has shape {tokens.shape} and dtype {tokens.dtype}, expected one axis of integers; "
                "pass a text as `encode` returns it."
            )
        tokens = tokens.astype(np.int64)
    return tokens


def _log_softmax(y):
    """Return the logarithms of the softmax along the last axis, in float64."""
    y = y - y.max(axis=-1, keepdims=True).astype(np.float64)
    return y - np.log(np.exp(y).sum(axis=-1, keepdims=True))
