"""A model of characters: embedding, LSTM, output layer and loss in one; and its perplexity over a whole text."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import FAINT, whisper
from autograder.engine.terms import Once, terms
from autograder.layers.embedding import _assigned as overwritten
from autograder.layers.padded_cross_entropy import counts, draw_lengths

LAYERS = ("E", "Wx", "Wh", "b", "Wy", "by")
ADD = "the contributions of all steps and sequences add up."


def _draw_layers(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    D, H, V = (sizes[letter] for letter in "DHV")
    return {
        "E": rng.standard_normal((V, D)),
        "Wx": rng.standard_normal((D, 4 * H)) / np.sqrt(D),
        "Wh": rng.standard_normal((H, 4 * H)) / np.sqrt(H),
        "b": 0.5 * rng.standard_normal(4 * H),
        "Wy": 2 * rng.standard_normal((H, V)) / np.sqrt(H),
        "by": 0.5 * rng.standard_normal(V),
    }


def _draw(
    rng: np.random.Generator, *, stateless: bool = False, empty: bool = False, apart: float = 0.0, **sizes: int
) -> Problem:
    """Draw tokens with their targets, lengths, states and layers.

    With `stateless` both states are None. With `apart` a character that does come next has a bias so far below the
    others: the loss is huge there, and hardly any of it depends on the weights.
    """
    sizes = draw_sizes(rng, "NTDHV", **{letter: size for letter, size in sizes.items() if letter != "Z"})
    N, T, H, V = (sizes[letter] for letter in "NTHV")
    text = rng.integers(0, V, size=(N, T + 1))
    h0, c0 = rng.uniform(-0.9, 0.9, (N, H)), 2 * rng.standard_normal((N, H))
    given = {
        "tokens": text[:, :-1].copy(),
        "targets": text[:, 1:].copy(),
        "lengths": draw_lengths(rng, N, T, empty=empty),
        "h0": None if stateless else h0,
        "c0": None if stateless else c0,
    }
    layers = _draw_layers(rng, sizes)
    if apart:
        layers["by"][given["targets"][np.argmax(given["lengths"]), 0]] = -apart
    return Problem({**sizes, "Z": 4 * H}, {**given, **layers})


def _quiet(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model of which a unit, an entry of the embedding and a character that never comes next hardly count."""
    hushed = whisper(Wx=0, Wh=0, Wy=0)(given)
    Wy, by, targets = hushed["Wy"].copy(), hushed["by"].copy(), hushed["targets"]
    last = len(by) - 1
    Wy[:, last], by[last] = 1e-6 * Wy[:, last], FAINT + 2
    return {**hushed, "Wy": Wy, "by": by, "targets": np.where(targets == last, 0, targets)}


def _loss(y: np.ndarray, targets: np.ndarray, m: np.ndarray) -> tuple[float, np.ndarray]:
    return unrolled.softmax_cross_entropy(y, targets, m > 0)


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    E, Wx, Wh, b, Wy, by = (given[name] for name in LAYERS)
    x, embedded = unrolled.embedding_forward(given["tokens"], E)
    h, c_T, cache = unrolled.lstm_forward(x, given["h0"], given["c0"], Wx, Wh, b)
    y, affine = unrolled.affine_forward(h, Wy, by)
    loss, dy = _loss(y, given["targets"], counts(given["lengths"], h.shape[1]))
    dh, dWy, dby = unrolled.affine_backward(dy, affine)
    dx, _, _, dWx, dWh, db = unrolled.lstm_backward(dh, None, cache)
    gradients = {"dWx": dWx, "dWh": dWh, "db": db, "dWy": dWy, "dby": dby}
    dE = unrolled.embedding_backward(dx, embedded)
    return {"loss": np.asarray(loss), "dE": dE, **gradients, "h_T": h[:, -1], "c_T": c_T}


def _back(
    h: np.ndarray, dy: np.ndarray, Wy: np.ndarray, ran: tuple, dc_T: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    return unrolled.lstm_backward(np.ascontiguousarray(dy @ Wy.T), dc_T, ran[2])


def _known(problem: Problem) -> dict[str, Any]:
    return {**problem.given, "T": problem.sizes["T"]}


def _last_step(gradient: np.ndarray) -> np.ndarray:
    kept = np.zeros_like(gradient)
    kept[:, -1] = gradient[:, -1]
    return kept


loss_and_grads = Calculation(
    _draw,
    _right,
    Once(
        terms("embedding", x=lambda E, tokens: E[tokens])
        | terms(
            "lstm-hidden",
            start=lambda h0, c0: (h0, c0),
            ran=lambda x, start, Wx, Wh, b: unrolled.lstm_forward(x, *start, Wx, Wh, b),
            h=lambda ran: ran[0],
        )
        | terms("rnn-output", y=lambda h, Wy, by: h @ Wy + by)
        | terms(
            "cross-entropy",
            aim=lambda targets: targets,
            m=lambda lengths, T: counts(lengths, T),
            loss=lambda y, aim, m: np.asarray(_loss(y, aim, m)[0]),
        )
        | terms("cross-entropy-gradient", dy=lambda y, aim, m: _loss(y, aim, m)[1])
        | terms(
            "mlp-dW",
            dWy=lambda h, dy: np.tensordot(h, dy, ((0, 1), (0, 1))),
            dby=lambda dy: dy.sum(axis=(0, 1)),
        )
        | terms(
            "lstm-dz",
            dc_T=lambda: None,
            back=lambda h, dy, Wy, ran, dc_T: _back(h, dy, Wy, ran, dc_T),
            dWx=lambda back: back[3],
            dWh=lambda back: back[4],
            db=lambda back: back[5],
        )
        | terms(
            "embedding-gradient",
            dx=lambda back: back[0],
            dE=lambda dx, tokens, E: np.tensordot(np.eye(len(E))[tokens], dx, ((0, 1), (0, 1))),
        )
        | terms("lstm-hidden", h_T=lambda h: h[:, -1], c_T=lambda ran: ran[1])
    ),
    _known,
    equation="cross-entropy",
    forward_equation="cross-entropy",
    mistakes=(
        mistake(
            "states_ignored",
            "The initial states are ignored: every call starts from zeros and knows nothing of the text before.",
            start=lambda: (None, None),
        ),
        mistake("h0_ignored", "h0 is ignored: the hidden state starts from zeros.", start=lambda c0: (None, c0)),
        mistake("c0_ignored", "c0 is ignored: the cell starts from zeros.", start=lambda h0: (h0, None)),
        mistake(
            "states_swapped",
            "h0 and c0 have changed places.",
            start=lambda h0, c0: (c0, h0),
        ),
        mistake(
            "tokens_for_targets",
            "The loss is that of the inputs: the model is asked for the character that it has just read.",
            aim=lambda tokens: tokens,
        ),
        mistake(
            "padding_counts_too",
            "The lengths are not used: padding is counted.",
            m=lambda targets: np.ones(targets.shape),
        ),
        mistake(
            "dE_last_occurrence_only",
            "dE keeps one gradient for every token; one that occurs more than once gets the sum of all.",
            dE=lambda dx, tokens, E: overwritten(tokens, dx, len(E)),
        ),
        mistake(
            "last_step_only",
            "Only the last step sends a gradient back to the LSTM; every step has a loss.",
            back=lambda h, dy, Wy, ran: _back(h, _last_step(dy), Wy, ran),
        ),
        mistake(
            "h_T_is_first",
            "h_T is the state after the first step; asked is that after the last one.",
            h_T=lambda h: h[:, 0],
        ),
        mistake(
            "h_T_is_h0",
            "h_T is the state before the first step; asked is that after the last one.",
            h_T=lambda h0, h: np.zeros_like(h[:, 0]) if h0 is None else h0,
        ),
        mistake(
            "h_T_of_last_that_counts",
            "h_T is the state after the last step that counts; asked is that after the last step of the batch, padding"
            " or not.",
            h_T=lambda h, lengths: h[np.arange(len(h)), lengths - 1],
        ),
        mistake(
            "gradients_for_states",
            "What comes back for h_T and c_T are the gradients of h0 and c0; asked are the states after the last step.",
            h_T=lambda back: back[1],
            c_T=lambda back: back[2],
        ),
        mistake(
            "c_T_for_its_gradient",
            "The cell after the last step is sent back as if it were a gradient. The state is carried, the gradient is"
            " not: none comes from the next batch.",
            dc_T=lambda ran: ran[1],
        ),
        mistake("c_T_is_h_T", "c_T is the hidden state; asked is the cell.", c_T=lambda h: h[:, -1]),
        mistake("dby_mean", f"dby is a mean over steps and sequences; {ADD}", dby=lambda dy: dy.mean(axis=(0, 1))),
        mistake(
            "dWy_last_step",
            f"dWy holds what the last step contributes; {ADD}",
            dWy=lambda h, dy: h[:, -1].T @ dy[:, -1],
        ),
        mistake("by_missing", "The bias of the output layer does not take part.", y=lambda h, Wy: h @ Wy),
        mistake(
            "all_opposite_sign", "Every gradient has the opposite sign.", dy=lambda y, aim, m: -_loss(y, aim, m)[1]
        ),
        mistake(
            "divided_by_N",
            "Every gradient is divided by the number of rows; the mean over the characters is in dy already.",
            dy=lambda y, aim, m: _loss(y, aim, m)[1] / len(m),
        ),
        mistake(
            "gradient_of_sum",
            "The gradients are those of the sum over the characters; the loss is their mean.",
            dy=lambda y, aim, m: m.sum() * _loss(y, aim, m)[1],
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        at_one("T", numeric=True),
        Case(
            " with h0 = c0 = None, which stand for zeros",
            {"stateless": True},
            "Hand both on as they are: `lstm_forward` knows None.",
            branches=True,
        ),
        Case(" where a sequence has the length 0", {"empty": True}),
        Case(" where one character has nearly all of the loss", {"apart": 1e12}),
        Case(" at T = 25", {"N": 3, "T": 25}),
    ),
    large={"N": 2, "T": 3, "D": 67, "H": 69, "V": 40},
    quiet=_quiet,
)
"""Loss and gradients of a batch, with the states that the next batch starts from."""

# ------------------------------------------------------------------------------------------------------- perplexity


def _draw_losses(rng: np.random.Generator, *, N: int | None = None, empty: bool = False, **_derived: int) -> Problem:
    """Draw the mean losses of batches, and how many characters each has. With `empty` one has none, and the loss 0."""
    N = N or int(rng.integers(3, 7))
    losses, counted = rng.uniform(0.5, 4.0, N), rng.integers(1, 50, N)
    counted[0] = counted.max() + 10
    if empty:
        losses[-1], counted[-1] = 0.0, 0
    return Problem({"N": N}, {"losses": losses, "counts": counted})


def _right_perplexity(problem: Problem) -> dict[str, np.ndarray]:
    losses, counted = problem.given["losses"], problem.given["counts"]
    return {"value": np.asarray(np.exp(np.average(losses, weights=counted)))}


NOT_OF_BATCHES = "every character has the same weight."
MEAN_OF_PERPLEXITIES = "The perplexities of the batches are averaged. Average the losses first, then take exp, once."

perplexity = Calculation(
    _draw_losses,
    _right_perplexity,
    Once(
        terms(
            "perplexity",
            weight=lambda counts: counts / counts.sum(),
            mean=lambda losses, weight: np.sum(weight * losses),
            value=lambda mean: np.asarray(np.exp(mean)),
        )
    ),
    lambda problem: problem.given,
    equation="perplexity",
    mistakes=(
        mistake(
            "batches_equally_weighted",
            f"Every batch has the same weight, however many characters it has; {NOT_OF_BATCHES}",
            weight=lambda counts: np.full(len(counts), 1 / len(counts)),
        ),
        mistake(
            "mean_of_perplexities",
            f"{MEAN_OF_PERPLEXITIES} And {NOT_OF_BATCHES}",
            value=lambda losses: np.asarray(np.mean(np.exp(losses))),
        ),
        mistake(
            "weighted_mean_of_perplexities",
            MEAN_OF_PERPLEXITIES,
            value=lambda losses, weight: np.asarray(np.sum(weight * np.exp(losses))),
        ),
        mistake("exp_missing", "That is the mean loss, in nats; the perplexity is its exp.", value=lambda mean: mean),
        mistake(
            "base_two",
            "2 is raised to a loss in nats. The losses are natural logarithms, and so the base is e.",
            value=lambda mean: np.asarray(2.0**mean),
        ),
        mistake(
            "in_bits",
            "That is the loss in bits; the perplexity is exp of the loss in nats.",
            value=lambda mean: mean / np.log(2),
        ),
        mistake(
            "negative",
            "The loss has the wrong sign: exp of minus the loss is a probability.",
            value=lambda mean: np.asarray(np.exp(-mean)),
        ),
        mistake(
            "losses_summed",
            "The losses are added up; take their mean over all characters.",
            mean=lambda losses: np.sum(losses),
        ),
        mistake(
            "divided_by_batches",
            "The sum over all characters is divided by the number of batches; divide by that of characters.",
            weight=lambda counts: counts / len(counts),
        ),
    ),
    cases=(
        Case(" where there is a single batch", {"N": 1}, branches=True),
        Case(" where a batch has no character", {"empty": True}, branches=True),
    ),
)
"""The perplexity of a text from the losses of its batches."""


def _draw_text(rng: np.random.Generator, *, S: int | None = None, **sizes: int) -> Problem:
    """Draw a text in batches, the rows of the last batch shorter than the others, and the layers of a model."""
    sizes = draw_sizes(rng, "NTDHV", **{letter: size for letter, size in sizes.items() if letter != "Z"})
    N, T, H, V = (sizes[letter] for letter in "NTHV")
    S = S or int(rng.choice([s for s in range(3, 7) if s not in sizes.values()] or [9]))
    text = rng.integers(0, V, size=(N, S * T + 1))
    inputs, targets = (part.reshape(N, S, T).swapaxes(0, 1).copy() for part in (text[:, :-1], text[:, 1:]))
    lengths = np.full((S, N), T)
    lengths[-1] = rng.integers(1, max(T - 1, 2), N)
    given = {"inputs": inputs, "targets": targets, "lengths": lengths}
    return Problem({**sizes, "S": S, "Z": 4 * H}, {**given, **_draw_layers(rng, sizes)})


def _losses(given: Mapping[str, Any], lengths_of: np.ndarray, after: Any) -> np.ndarray:
    """Return the mean loss of every batch. `after` returns the states that the next batch starts from."""
    E, Wx, Wh, b, Wy, by = (given[name] for name in LAYERS)
    states, losses = (None, None), []
    for tokens, targets, lengths in zip(given["inputs"], given["targets"], lengths_of, strict=True):
        h, c_T, _ = unrolled.lstm_forward(E[tokens], *states, Wx, Wh, b)
        losses.append(float(_loss(h @ Wy + by, targets, counts(lengths, tokens.shape[1]))[0]))
        states = after(h, c_T)
    return np.array(losses)


def _one_behind_the_other(given: Mapping[str, Any], lengths: np.ndarray) -> float:
    """Return the mean loss where all rows of all batches are one sequence."""
    E, Wx, Wh, b, Wy, by = (given[name] for name in LAYERS)
    h, _, _ = unrolled.lstm_forward(E[given["inputs"].reshape(1, -1)], None, None, Wx, Wh, b)
    mask = counts(lengths.reshape(-1), given["inputs"].shape[2]).reshape(1, -1)
    return float(_loss(h @ Wy + by, given["targets"].reshape(1, -1), mask)[0])


def _full(inputs: np.ndarray) -> np.ndarray:
    """Return the lengths of batches without padding."""
    return np.full(inputs.shape[:2], inputs.shape[2])


def _without_the_last(counted: np.ndarray) -> np.ndarray:
    """Return the shares of the batches in the mean, where the last one has none."""
    kept = np.append(counted[:-1], 0)
    return kept / kept.sum()


def _right_text(problem: Problem) -> dict[str, np.ndarray]:
    """Return the perplexity of all rows, each read as one sequence."""
    given = problem.given
    E, Wx, Wh, b, Wy, by = (given[name] for name in LAYERS)
    (S, N, T), whole = given["inputs"].shape, lambda a: a.swapaxes(0, 1).reshape(N, S * T)
    h, _, _ = unrolled.lstm_forward(E[whole(given["inputs"])], None, None, Wx, Wh, b)
    mask = np.concatenate([counts(lengths, T) for lengths in given["lengths"]], axis=1) > 0
    loss, _ = unrolled.softmax_cross_entropy(h @ Wy + by, whole(given["targets"]), mask)
    return {"value": np.asarray(np.exp(loss))}


published = Calculation(
    _draw_text,
    _right_text,
    Once(
        terms(
            "lstm-hidden",
            after=lambda: lambda h, c_T: (h[:, -1], c_T),
            read=lambda lengths: lengths,
            losses=lambda whole, read, after: _losses(whole, read, after),
        )
        | terms(
            "perplexity",
            counted=lambda lengths: lengths.sum(axis=1),
            weight=lambda counted: counted / counted.sum(),
            mean=lambda losses, weight: np.sum(weight * losses),
            value=lambda mean: np.asarray(np.exp(mean)),
        )
    ),
    lambda problem: {**problem.given, "whole": problem.given},
    equation="perplexity",
    mistakes=(
        mistake(
            "states_not_carried",
            "Every batch starts from zeros; the rows go on where those of the batch before ended, and so do their"
            " states.",
            after=lambda: lambda h, c_T: (None, None),
        ),
        mistake(
            "h_not_carried",
            "The hidden state is not carried from batch to batch.",
            after=lambda: lambda h, c_T: (None, c_T),
        ),
        mistake(
            "c_not_carried",
            "The cell is not carried from batch to batch.",
            after=lambda: lambda h, c_T: (h[:, -1], None),
        ),
        mistake(
            "first_state_carried",
            "The state that is carried is that after the first step of a batch; carry that after the last one.",
            after=lambda: lambda h, c_T: (h[:, 0], c_T),
        ),
        *(
            known
            for known in perplexity.mistakes
            if known.name in ("mean_of_perplexities", "weighted_mean_of_perplexities", "exp_missing", "base_two")
        ),
        mistake(
            "padding_in_the_losses",
            "The lengths are not used where the loss of a batch is worked out: padding is counted in it.",
            read=lambda inputs: _full(inputs),
        ),
        mistake(
            "lengths_ignored",
            "The lengths are not used: padding is counted.",
            read=lambda inputs: _full(inputs),
            counted=lambda inputs: np.full(len(inputs), inputs[0].size),
        ),
        mistake(
            "first_row_for_all",
            "A batch is weighted by the length of its first row; the characters of all its rows count.",
            counted=lambda lengths: lengths[:, 0],
        ),
        mistake(
            "last_batch_left_out",
            "The last batch is left out; its characters count like all others.",
            weight=lambda counted: _without_the_last(counted),
        ),
        mistake(
            "rows_as_one_text",
            "All rows are read as one sequence, one behind the other; each row of a batch is a sequence of its own,"
            " which goes on in the next batch.",
            mean=lambda whole, lengths: _one_behind_the_other(whole, lengths),
        ),
        mistake(
            "batches_equally_weighted",
            f"Every batch has the same weight, however many characters it has; {NOT_OF_BATCHES}",
            weight=lambda counted: np.full(len(counted), 1 / len(counted)),
        ),
    ),
    cases=(at_one("N"), at_one("T"), Case(" where there is a single batch", {"S": 1}, branches=True)),
)
"""The perplexity of a text that is read batch after batch."""
