"""A plain tanh layer that reads a padded batch in both directions: the reversal, the states, the way back, the ends."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, of, terms
from autograder.layers import rnn_layers
from autograder.layers.rnn import FAR, GARBAGE, LARGE_STATES, SMALLEST, WITHOUT_H0
from autograder.layers.rnn_backward import SPARSE, UPSTREAM_CASES

SQUARE = {"D": 6, "H": 6}
LONG = {"N": 4, "T": 25, "D": 2, "H": 3, "remembers": True}


def draw_lengths(rng: np.random.Generator, N: int, T: int, *, shortest: int = 2, equal: bool = False) -> np.ndarray:
    """Draw how many steps of every row are real, shape (N,): one row is full, another the shortest.

    The first and the last row are neither, and differ, which takes four rows; the lengths of fewer are any.

    Parameters
    ----------
    rng : numpy.random.Generator
    N, T : int
        Rows, and steps of the padded batch.
    shortest : int
        The smallest length.
    equal : bool
        Whether all rows are full.
    """
    if equal or T == 1:
        return np.full(N, T)
    lengths = rng.integers(min(shortest, T - 1), T, size=N)
    if N >= 4:
        full, short = rng.choice(np.arange(1, N - 1), size=2, replace=False)
        first, last = rng.choice(np.arange(shortest + 1, T), size=2, replace=False)
        lengths[[0, full, short, -1]] = first, T, shortest, last
    return lengths


def is_real(lengths: np.ndarray, T: int) -> np.ndarray:
    """Return which steps are real, shape (N, T) bool."""
    return np.arange(T) < lengths[:, None]


def in_padding(rng: np.random.Generator, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return values (N, T, …) with garbage where there is padding, half of it large."""
    N, T, _ = values.shape
    size = np.where(rng.random((N, T, 1)) < 0.5, GARBAGE, 1.0)
    return np.where(is_real(lengths, T)[..., None], values, size * rng.standard_normal(values.shape))


def reversed_by_length(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows whose first ``lengths[n]`` steps stand in opposite order and whose padding stays where it is."""
    t = np.arange(x.shape[1])
    places = np.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)
    return np.take_along_axis(x, places[..., None], axis=1)


def _one_step_off(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows reversed as if their steps were counted from 1; what is not in the row is its last step."""
    t, T = np.arange(x.shape[1]), x.shape[1]
    places = np.where(t < lengths[:, None], np.minimum(lengths[:, None] - t, T - 1), t)
    return np.take_along_axis(x, places[..., None], axis=1)


def _draw_rows(rng: np.random.Generator, *, shortest: int = 2, equal: bool = False, **sizes: int | None) -> Problem:
    """Draw a padded batch and its lengths."""
    fixed = {letter: size for letter, size in sizes.items() if size is not None}
    sizes = draw_sizes(rng, "NTD", {"N": 4, "T": 6}, **fixed)
    N, T, D = sizes.values()
    lengths = draw_lengths(rng, N, T, shortest=shortest, equal=equal)
    return Problem(sizes, {"x": in_padding(rng, rng.standard_normal((N, T, D)), lengths), "lengths": lengths})


def _right_rows(problem: Problem) -> dict[str, np.ndarray]:
    """Return the rows, each reversed by itself."""
    x, lengths = problem.given["x"], problem.given["lengths"]
    rows = [np.concatenate([row[:length][::-1], row[length:]]) for row, length in zip(x, lengths, strict=True)]
    return {"reversed_x": np.stack(rows)}


ONE_STEP_ROW = Case(" where a row has a single real step", {"shortest": 1})
EQUAL = Case(" where all rows have the same length", {"equal": True})
_ROWS = "The rows of the batch stand in opposite order, not the steps of each row: the first axis is N."
_TO_THE_FRONT = "The padding comes first: the whole row is reversed, not its real steps alone."

reverse = Calculation(
    _draw_rows,
    _right_rows,
    Once(terms("reverse-by-length", reversed_x=reversed_by_length)),
    lambda problem: problem.given,
    equation="reverse-by-length",
    mistakes=(
        mistake("padding_first", _TO_THE_FRONT, reversed_x=lambda x: x[:, ::-1]),
        mistake("rows_reversed", _ROWS, reversed_x=lambda x: x[::-1]),
        mistake(
            "inputs_reversed",
            "The entries of each input vector stand in opposite order, not the steps of each row.",
            reversed_x=lambda x: x[:, :, ::-1],
        ),
        mistake("not_reversed", "The steps stand in the order in which they came.", reversed_x=lambda x: x),
        mistake(
            "padding_reversed_too",
            "The padding stays behind the real steps, but its own steps stand in opposite order; it stays as it is.",
            reversed_x=lambda x, lengths: np.stack(
                [np.concatenate([row[:k][::-1], row[k:][::-1]]) for row, k in zip(x, lengths, strict=True)]
            ),
        ),
        mistake(
            "padding_zeroed",
            "The padding is set to zero; it stays as it is.",
            reversed_x=lambda x, lengths: reversed_by_length(x, lengths) * is_real(lengths, x.shape[1])[..., None],
        ),
        mistake(
            "last_real_step_left_out",
            "The last real step of every row stays in its place: the part that is reversed is one step too short.",
            reversed_x=lambda x, lengths: reversed_by_length(x, lengths - 1),
        ),
        mistake(
            "one_step_of_padding_too",
            "The part that is reversed is one step too long: the first step of the padding comes first.",
            reversed_x=lambda x, lengths: reversed_by_length(x, np.minimum(lengths + 1, x.shape[1])),
        ),
        mistake(
            "length_of_the_first_row",
            "Every row is reversed as far as the first one is long; each has its own length.",
            reversed_x=lambda x, lengths: reversed_by_length(x, np.full_like(lengths, lengths[0])),
        ),
        mistake(
            "length_of_the_shortest",
            "Every row is reversed as far as the shortest one is long; each has its own length.",
            reversed_x=lambda x, lengths: reversed_by_length(x, np.full_like(lengths, lengths.min())),
        ),
        mistake(
            "one_step_off",
            "Every real step comes from one place too far behind, the first from behind the end of its row. Steps are"
            " counted from 0.",
            reversed_x=_one_step_off,
        ),
        mistake(
            "one_step_off_but_the_first",
            "Every real step but the first comes from one place too far behind, and the first stays where it is. Steps"
            " are counted from 0.",
            reversed_x=lambda x, lengths: np.concatenate([x[:, :1], _one_step_off(x, lengths)[:, 1:]], axis=1),
        ),
    ),
    cases=(*SMALLEST, at_one("D"), ONE_STEP_ROW, EQUAL, Case(" at T = 25", {"N": 4, "T": 25, "D": 2})),
    # Of three rows none is full: there who reads behind the end of a row reads padding, and is not refused by NumPy.
    square={"N": 3},
)
"""Rows reversed as far as they are real."""


def draw(
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    upstream: float = 3.0,
    initial: bool = True,
    saturated: bool = False,
    remembers: bool = False,
    distracted: bool = False,
    sparse: bool = False,
    shortest: int = 2,
    equal: bool = False,
    **sizes: int | None,
) -> Problem:
    """Draw a padded batch, a layer that reads it in both directions, and the gradient dh that arrives at its states.

    In the padding of x there is garbage, and dh has numbers there, too.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain, upstream, initial, saturated, remembers, distracted, sparse
        As in `autograder.layers.rnn.draw`, for both directions.
    shortest, equal
        As in `draw_lengths`.
    **sizes : int
        Sizes that are not drawn, such as ``T=1``. B is always 2 and Z always 2H.
    """
    fixed = {letter: size for letter, size in sizes.items() if size is not None and letter not in "BZ"}
    # With H = 2, who takes the number of directions for the number of units is right.
    sizes = draw_sizes(rng, "NTDH", {"N": 4, "T": 6, "H": 3}, **fixed)
    N, T, D, H = sizes.values()
    lengths = draw_lengths(rng, N, T, shortest=shortest, equal=equal)
    x = rng.standard_normal((N, T, D))
    h0 = rng.uniform(-0.9, 0.9, (2, N, H)) if initial else None
    Wx = gain * rng.standard_normal((2, D, H)) / np.sqrt(D)
    Wh = gain * rng.standard_normal((2, H, H)) / np.sqrt(H)
    b = gain * 0.5 * rng.standard_normal((2, H))
    dh = upstream * rng.standard_normal((N, T, 2 * H))
    if saturated:
        b = rng.choice([-1.0, 1.0], (2, H)) * rng.uniform(6.0, 6.5, (2, H))
        Wx = Wx / np.linalg.norm(Wx) / np.abs(x).max() / 3
        Wh = Wh / np.abs(Wh).sum(axis=1, keepdims=True) / 3
    if remembers:
        Wx, Wh, b = 0.2 * Wx, np.linalg.qr(Wh)[0], 0.2 * b
    if distracted:
        direction, unit = rng.integers(2), rng.integers(H)
        b[direction, unit] = FAR * rng.choice([-1.0, 1.0])
        dh[..., direction * H + unit] *= 1e12
    if sparse:
        dh[:, [0, rng.integers(2, T)]] = 0.0
    given = {"x": in_padding(rng, x, lengths), "lengths": lengths, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b, "dh": dh}
    return Problem({**sizes, "B": 2, "Z": 2 * H}, given)


def _both(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    return np.concatenate([forward, backward], axis=-1)


FORWARD = Once(
    terms(
        "reverse-by-length",
        turned=lambda x, lengths: reversed_by_length(x, lengths),
    )
    | terms(
        "bidirectional-states",
        weights_f=lambda Wx, Wh, b: (Wx[0], Wh[0], b[0]),
        weights_b=lambda Wx, Wh, b: (Wx[1], Wh[1], b[1]),
        h0_f=lambda h0: h0[0],
        h_f=lambda x, h0_f, weights_f: rnn_layers.forward(x, h0_f, *weights_f),
        h0_b=lambda h0: h0[1],
        h_turned=lambda turned, h0_b, weights_b: rnn_layers.forward(turned, h0_b, *weights_b),
    )
    | terms("reverse-by-length", h_b=lambda h_turned, lengths: reversed_by_length(h_turned, lengths))
    | terms(
        "bidirectional-states",
        joined=lambda h_f, h_b: _both(h_f, h_b),
        kept=lambda lengths, T: is_real(lengths, T)[..., None],
        h=lambda joined, kept: joined * kept,
    )
)
PADDING_FIRST = mistake(
    "padding_first",
    "The backward direction reads the padding first: the whole row is reversed, not its real steps alone.",
    turned=lambda x: x[:, ::-1],
    h_b=lambda h_turned: h_turned[:, ::-1],
)
_WEIGHTS = ("Wx", "Wh", "b")


def _partly_shared(shared: tuple[str, ...]) -> Mistake:
    """Return the mistake of who uses some weights of the forward direction in both."""
    return mistake(
        f"{'_and_'.join(shared)}_of_the_forward_direction",
        f"Both directions use {' and '.join(shared)} of the forward one; the backward one has all weights of its own.",
        weights_b=lambda Wx, Wh, b: tuple(
            values[0 if name in shared else 1] for name, values in zip(_WEIGHTS, (Wx, Wh, b), strict=True)
        ),
    )


SHARED_WEIGHTS = tuple(_partly_shared(shared) for count in (1, 2) for shared in combinations(_WEIGHTS, count))
FORWARD_MISTAKES = (
    PADDING_FIRST,
    mistake(
        "zeroed_padding_first",
        "The padding is set to zero, and then the backward direction reads it first: a state changes at a step of"
        " zeros, too.",
        turned=lambda x, lengths: (x * is_real(lengths, x.shape[1])[..., None])[:, ::-1],
        h_b=lambda h_turned: h_turned[:, ::-1],
    ),
    *SHARED_WEIGHTS,
    mistake(
        "padding_first_on_the_way_in",
        "On the way in the whole row is reversed, so that the backward direction reads the padding first.",
        turned=lambda x: x[:, ::-1],
    ),
    mistake(
        "padding_first_on_the_way_out",
        "The states of the backward direction are put back by reversing the whole row; the padding has to stay behind"
        " the real steps.",
        h_b=lambda h_turned: h_turned[:, ::-1],
    ),
    mistake(
        "not_reversed_back",
        "The states of the backward direction stand in the order in which it reads; h[:, t] belongs to step t.",
        h_b=lambda h_turned: h_turned,
    ),
    mistake(
        "not_reversed",
        "The backward direction reads the row from its beginning, as the forward one does.",
        turned=lambda x: x,
        h_b=lambda h_turned: h_turned,
    ),
    mistake(
        "reversed_back_only",
        "The backward direction reads the row from its beginning, and its states are reversed all the same.",
        turned=lambda x: x,
    ),
    mistake(
        "rows_reversed",
        _ROWS,
        turned=lambda x: x[::-1],
        h_b=lambda h_turned: h_turned[::-1],
    ),
    mistake(
        "halves_swapped",
        "The two halves of h have changed places: the forward direction comes first.",
        joined=lambda h_f, h_b: _both(h_b, h_f),
    ),
    mistake(
        "weights_of_the_forward_direction",
        "Both directions use the weights of the forward one.",
        weights_b=lambda weights_f: weights_f,
    ),
    mistake(
        "weights_swapped",
        "The weights of the two directions have changed places: the first entry belongs to the forward one.",
        weights_f=lambda Wx, Wh, b: (Wx[1], Wh[1], b[1]),
        weights_b=lambda Wx, Wh, b: (Wx[0], Wh[0], b[0]),
    ),
    mistake(
        "h0_of_the_forward_direction",
        "Both directions start from the initial state of the forward one.",
        h0_b=lambda h0: h0[0],
    ),
    mistake(
        "h0_ignored",
        "h0 is ignored: both directions start from zeros.",
        h0_f=lambda h0: np.zeros_like(h0[0]),
        h0_b=lambda h0: np.zeros_like(h0[1]),
    ),
    mistake(
        "backward_h0_ignored",
        "The backward direction starts from zeros; it has an initial state of its own.",
        h0_b=lambda h0: np.zeros_like(h0[1]),
    ),
    mistake(
        "starts_where_the_forward_direction_ends",
        "The backward direction starts from the forward one's state at the last real step; it starts from its own h0.",
        h0_b=lambda h_f, lengths: h_f[np.arange(len(h_f)), lengths - 1],
    ),
    mistake(
        "backward_reads_the_states",
        "The backward direction reads the states of the forward one; both read x.",
        turned=lambda x, lengths, h0, Wx, Wh, b: reversed_by_length(
            rnn_layers.forward(x, h0[0], Wx[0], Wh[0], b[0]), lengths
        ),
    ),
    mistake(
        "padding_not_zeroed",
        "h is not zero at padded steps, but holds what was computed of the padding.",
        h=lambda joined: joined,
    ),
    mistake(
        "padding_of_the_backward_half_not_zeroed",
        "At padded steps the half of the backward direction is not zero.",
        h=lambda joined, kept, h_f: _both(h_f * kept, joined[..., h_f.shape[-1] :]),
    ),
    mistake(
        "padding_of_the_forward_half_not_zeroed",
        "At padded steps the half of the forward direction is not zero.",
        h=lambda joined, kept, h_f, h_b: _both(joined[..., : h_f.shape[-1]], h_b * kept),
    ),
    mistake(
        "first_padded_step_kept",
        "The first padded step of a row is not zero: the mask is one step too long.",
        kept=lambda lengths, T: is_real(lengths + 1, T)[..., None],
    ),
    mistake(
        "last_real_step_zeroed",
        "The last real step of every row is zero: the mask is one step too short.",
        kept=lambda lengths, T: is_real(lengths - 1, T)[..., None],
    ),
    mistake(
        "directions_added",
        "The states of the two directions are added; they stand side by side, 2H numbers at every step.",
        joined=lambda h_f, h_b: h_f + h_b,
    ),
    mistake(
        "directions_behind_one_another",
        "The states of the two directions stand behind one another in time; they stand side by side at every step.",
        h=lambda h_f, h_b, kept: np.concatenate([h_f * kept, h_b * kept], axis=1),
    ),
    mistake(
        "directions_as_an_axis",
        "The two directions have an axis of their own; they stand side by side in the last one, 2H numbers.",
        h=lambda h_f, h_b, kept: np.stack([h_f * kept, h_b * kept]),
    ),
)


def _known(problem: Problem) -> dict[str, Any]:
    sizes, given = problem.sizes, problem.given
    h0 = np.zeros((2, sizes["N"], sizes["H"])) if given["h0"] is None else given["h0"]
    return {**given, "h0": h0, "T": sizes["T"]}


def _rows(given: Mapping[str, Any]) -> tuple[np.ndarray, list[tuple]]:
    """Return the states, and both caches of every row, from the course's own layer on each row alone."""
    (N, T, _), H = given["x"].shape, given["b"].shape[-1]
    h, caches = np.zeros((N, T, 2 * H)), []
    for n, length in enumerate(given["lengths"]):
        row = given["x"][n : n + 1, :length]
        starts = (None, None) if given["h0"] is None else given["h0"][:, n : n + 1]
        (one, first), (other, second) = (
            unrolled.rnn_forward(read, start, Wx, Wh, b)
            for read, start, Wx, Wh, b in zip(
                (row, row[:, ::-1]), starts, given["Wx"], given["Wh"], given["b"], strict=True
            )
        )
        h[n, :length, :H], h[n, :length, H:] = one[0], other[0, ::-1]
        caches.append((first, second))
    return h, caches


forward = Calculation(
    draw,
    lambda problem: {"h": _rows(problem.given)[0]},
    FORWARD,
    _known,
    equation="bidirectional-states",
    mistakes=FORWARD_MISTAKES,
    cases=(
        *SMALLEST,
        ONE_STEP_ROW,
        EQUAL,
        Case(" at T = 25", LONG),
        LARGE_STATES,
        WITHOUT_H0,
    ),
    square=SQUARE,
)
"""The states of both directions."""

MASK_NOT_REVERSED = mistake(
    "as_published",
    "That is still the published function. What does the backward direction take for padding?",
    turned=lambda x, lengths: x[:, ::-1],
    h_turned=lambda turned, lengths, h0_b, weights_b, T: _masked(turned, h0_b, weights_b, is_real(lengths, T)),
    h_b=lambda h_turned: h_turned[:, ::-1],
)
"""The published bug: the inputs are reversed with their padding, and the mask is not."""


def _masked(x: np.ndarray, h_t: np.ndarray, weights: tuple, mask: np.ndarray) -> np.ndarray:
    """Return states that are carried on where the mask is False."""
    (Wx, Wh, b), states = weights, []
    for t in range(x.shape[1]):
        h_t = np.where(mask[:, t, None], np.tanh(x[:, t] @ Wx + h_t @ Wh + b), h_t)
        states.append(h_t)
    return np.stack(states, axis=1)


PADDING_CARRIED = mistake(
    "padding_holds_what_is_carried",
    "At padded steps h holds the state that is carried through them; it is 0 there.",
    h=lambda joined, kept, h_f, h0_b, lengths: np.where(kept, joined, _carried(h_f, h0_b, lengths)[:, None]),
)


def _carried(h_f: np.ndarray, h0_b: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return what a mask carries through the padding: the last state in one direction, the first in the other."""
    return _both(h_f[np.arange(len(h_f)), lengths - 1], h0_b)


# Here whole rows may be reversed: what is wrong is that the mask does not hold the state.
MASK_LEFT_OUT = replace(
    PADDING_FIRST,
    sentence="The backward direction computes at the padded steps, which come first for it; there the state is only"
    " carried on.",
)

published = replace(
    forward,
    mistakes=(
        MASK_NOT_REVERSED,
        PADDING_CARRIED,
        MASK_LEFT_OUT,
        *(known for known in FORWARD_MISTAKES if known is not PADDING_FIRST),
    ),
)
"""The same, from a loop with a mask, which was published with a bug."""


def _back(arriving: np.ndarray, read: np.ndarray, given: tuple, direction: int) -> rnn_layers.Back:
    h0, Wx, Wh, b = (values[direction] for values in given)
    return rnn_layers.backward(arriving, read, h0, Wx, Wh, b)


def _half(dh: np.ndarray, direction: int) -> np.ndarray:
    H = dh.shape[-1] // 2
    return dh[..., direction * H : (direction + 1) * H]


BACKWARD = Once(
    terms(
        "bidirectional-dx",
        given=lambda h0, Wx, Wh, b: (h0, Wx, Wh, b),
        dh_real=lambda dh, lengths, T: dh * is_real(lengths, T)[..., None],
        dh_f=lambda dh_real: _half(dh_real, 0),
        dh_b=lambda dh_real: _half(dh_real, 1),
    )
    | terms("reverse-by-length", dh_turned=lambda dh_b, lengths: reversed_by_length(dh_b, lengths))
    | terms(
        "bidirectional-dx",
        back_f=lambda dh_f, x, given: _back(dh_f, x, given, 0),
        back_b=lambda dh_turned, turned, given: _back(dh_turned, turned, given, 1),
        dx_f=lambda back_f: back_f.dx,
        dx_turned=lambda back_b: back_b.dx,
    )
    | terms("reverse-by-length", dx_b=lambda dx_turned, lengths: reversed_by_length(dx_turned, lengths))
    | terms(
        "bidirectional-dx",
        dx=lambda dx_f, dx_b: dx_f + dx_b,
        dh0=lambda back_f, back_b: np.stack([back_f.dh0, back_b.dh0]),
        dWx=lambda back_f, back_b: np.stack([back_f.dWx, back_b.dWx]),
        dWh=lambda back_f, back_b: np.stack([back_f.dWh, back_b.dWh]),
        db=lambda back_f, back_b: np.stack([back_f.db, back_b.db]),
    )
)
_PARTS = ("dh0", "dWx", "dWh", "db")


def _of_parts(first: str, second: str) -> dict:
    """Return the formulas of the gradients that have an axis of directions, made of these two passes."""
    return {
        name: of(f"{first} {second}", lambda one, two, name=name: np.stack([getattr(one, name), getattr(two, name)]))
        for name in _PARTS
    }


BACKWARD_MISTAKES = (
    mistake(
        "dh_at_padding_counted",
        "What arrives at padded steps is counted; h is zero there whatever happens, so that nothing comes of it.",
        dh_real=lambda dh: dh,
    ),
    mistake(
        "dh_at_padding_counted_forward",
        "In the forward direction what arrives at padded steps is counted; h is zero there whatever happens.",
        dh_f=lambda dh: _half(dh, 0),
    ),
    mistake(
        "dh_at_padding_counted_backward",
        "In the backward direction what arrives at padded steps is counted; h is zero there whatever happens.",
        dh_b=lambda dh: _half(dh, 1),
    ),
    mistake(
        "halves_swapped",
        "The two halves of dh have changed places: the first belongs to the forward direction.",
        dh_f=lambda dh_real: _half(dh_real, 1),
        dh_b=lambda dh_real: _half(dh_real, 0),
    ),
    mistake(
        "first_half_twice",
        "Both directions go back from the first half of dh; the second belongs to the backward one.",
        dh_b=lambda dh_real: _half(dh_real, 0),
    ),
    mistake(
        "halves_interleaved",
        "dh is taken apart entry by entry, one for this direction and one for that; its halves stand side by side.",
        dh_f=lambda dh_real: dh_real[..., ::2],
        dh_b=lambda dh_real: dh_real[..., 1::2],
    ),
    mistake(
        "dh_not_reversed",
        "What arrives at the backward direction is in the order of the row; that direction walked it from the end.",
        dh_turned=lambda dh_b: dh_b,
    ),
    mistake(
        "dh_reversed_with_padding",
        "What arrives at the backward direction is reversed with its padding in front; only the real steps change"
        " places.",
        dh_turned=lambda dh_b: dh_b[:, ::-1],
    ),
    mistake(
        "dx_not_reversed_back",
        "dx of the backward direction stands in the order in which it reads; dx[:, t] belongs to step t.",
        dx_b=lambda dx_turned: dx_turned,
    ),
    mistake(
        "dx_reversed_with_padding",
        "dx of the backward direction is put back by reversing the whole row; the padding has to stay behind the real"
        " steps.",
        dx_b=lambda dx_turned: dx_turned[:, ::-1],
    ),
    mistake(
        "nothing_reversed",
        "Neither what arrives at the backward direction is reversed nor the dx that leaves it.",
        dh_turned=lambda dh_b: dh_b,
        dx_b=lambda dx_turned: dx_turned,
    ),
    mistake(
        "all_reversed_with_padding",
        "Whole rows are reversed on the way back, so that padding and real steps change places.",
        dh_turned=lambda dh_b: dh_b[:, ::-1],
        dx_b=lambda dx_turned: dx_turned[:, ::-1],
    ),
    mistake(
        "dx_of_the_forward_direction",
        "dx is that of the forward direction alone; both directions read x, and their gradients add up.",
        dx=lambda dx_f: dx_f,
    ),
    mistake(
        "dx_of_the_backward_direction",
        "dx is that of the backward direction alone; both directions read x, and their gradients add up.",
        dx=lambda dx_b: dx_b,
    ),
    mistake(
        "dx_mean",
        "dx is the mean of the two directions; their gradients add up.",
        dx=lambda dx_f, dx_b: (dx_f + dx_b) / 2,
    ),
    mistake(
        "all_halved",
        "Every gradient is half of what it has to be. Is a mean taken where there is a sum?",
        **rnn_layers.divided(BACKWARD.table, ("dx", *_PARTS), "x", lambda x: 2),
    ),
    mistake(
        "dx_side_by_side",
        "The two directions' dx stand side by side; both read the same x, so that their gradients add up.",
        dx=lambda dx_f, dx_b: _both(dx_f, dx_b),
    ),
    mistake(
        "dh0_swapped",
        "The two entries of dh0 have changed places.",
        dh0=lambda back_f, back_b: np.stack([back_b.dh0, back_f.dh0]),
    ),
    mistake(
        "dh0_zero",
        "dh0 is zero, but each direction's h0 feeds the first step that it takes, and through it every other.",
        dh0=lambda back_f, back_b: np.zeros((2, *back_f.dh0.shape)),
    ),
    *(
        mistake(
            f"{part}_of_the_forward_direction_twice",
            f"{part} holds the gradient of the forward direction twice.",
            **{part: of("back_f", lambda back_f, part=part: np.stack([getattr(back_f, part)] * 2))},
        )
        for part in _PARTS
    ),
    *rnn_layers.means(
        BACKWARD.table,
        ("dx", "dh0"),
        ("dWx", "dWh", "db"),
        {
            **rnn_layers.ROWS_AND_STEPS,
            "real_steps": ("the number of real steps", "lengths", lambda lengths: lengths.sum()),
        },
    ),
)


def _right_backward(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    h, caches = _rows(given)
    H = given["b"].shape[-1]
    right = {name: np.zeros_like(given[name.removeprefix("d")]) for name in ("dx", *_PARTS)}
    for n, (length, both) in enumerate(zip(given["lengths"], caches, strict=True)):
        arrives = given["dh"][n : n + 1, :length]
        one = unrolled.rnn_backward(np.ascontiguousarray(arrives[..., :H]), both[0])
        other = unrolled.rnn_backward(np.ascontiguousarray(arrives[:, ::-1, H:]), both[1])
        right["dx"][n, :length] = one[0][0] + other[0][0, ::-1]
        for direction, (_, dh0, *weights) in enumerate((one, other)):
            right["dh0"][direction, n] = dh0[0]
            for name, value in zip(("dWx", "dWh", "db"), weights, strict=True):
                right[name][direction] += value
    return {"h": h, **right}


def _known_turned(problem: Problem) -> dict[str, Any]:
    known = _known(problem)
    return {**known, "turned": reversed_by_length(known["x"], known["lengths"])}


backward = Calculation(
    draw,
    _right_backward,
    BACKWARD,
    _known_turned,
    equation="bidirectional-dx",
    forward_equation="bidirectional-states",
    back_in_time=True,
    mistakes=(
        *BACKWARD_MISTAKES,
        mistake(
            "directions_swapped",
            "In dh0, dWx, dWh and db the two directions have changed places: the forward one comes first.",
            **_of_parts("back_b", "back_f"),
        ),
        mistake(
            "forward_direction_twice",
            "dh0, dWx, dWh and db hold the gradients of the forward direction twice.",
            **_of_parts("back_f", "back_f"),
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        at_one("T", numeric=True),
        ONE_STEP_ROW,
        EQUAL,
        Case(" at T = 25", LONG),
        SPARSE,
        *UPSTREAM_CASES,
    ),
    square=SQUARE,
    large={"N": 2, "T": 3, "D": 100, "H": 95},
    quiet=whisper(Wx=1, Wh=1, dh=-1),
)
"""The gradients of both directions."""


def _draw_states(rng: np.random.Generator, **options: Any) -> Problem:
    """Draw a batch, and its states in both directions."""
    problem = draw(rng, **options)
    given = problem.given
    return Problem(problem.sizes, {"h": _rows(given)[0], "lengths": given["lengths"]})


ENDS = Once(
    terms(
        "bidirectional-ends",
        rows=lambda h: np.arange(len(h)),
        units=lambda h: h.shape[-1] // 2,
        end_f=lambda h, rows, lengths, units: h[rows, lengths - 1, :units],
        end_b=lambda h, units: h[:, 0, units:],
        v=lambda end_f, end_b: _both(end_f, end_b),
    )
)


def _right_ends(problem: Problem) -> dict[str, np.ndarray]:
    """Return the two ends of every row, row by row."""
    h, lengths = problem.given["h"], problem.given["lengths"]
    forward, backward = np.split(h, 2, axis=2)
    return {
        "v": np.stack([np.append(one[k - 1], two[0]) for one, two, k in zip(forward, backward, lengths, strict=True)])
    }


ends = Calculation(
    _draw_states,
    _right_ends,
    ENDS,
    lambda problem: problem.given,
    equation="bidirectional-ends",
    mistakes=(
        mistake(
            "last_column",
            "Both halves are taken from the last column, where a shorter row has padding; and there the backward"
            " direction has only begun to read.",
            end_f=lambda h, units: h[:, -1, :units],
            end_b=lambda h, units: h[:, -1, units:],
        ),
        mistake(
            "last_column_forward",
            "The forward half of a shorter row is taken from its padding, as in the last column.",
            end_f=lambda h, units: h[:, -1, :units],
        ),
        mistake(
            "backward_at_its_first_step",
            "The backward half is taken at the last real step. That direction begins there; it has read all of the row"
            " when it is at step 0.",
            end_b=lambda h, rows, lengths, units: h[rows, lengths - 1, units:],
        ),
        mistake(
            "forward_at_its_first_step",
            "The forward half is taken at step 0, where that direction has read one input.",
            end_f=lambda h, units: h[:, 0, :units],
        ),
        mistake(
            "each_at_its_first_step",
            "Each half is taken where its direction begins to read; take it where it ends.",
            end_f=lambda h, units: h[:, 0, :units],
            end_b=lambda h, rows, lengths, units: h[rows, lengths - 1, units:],
        ),
        mistake(
            "one_step_early",
            "The forward half is taken one step too early.",
            end_f=lambda h, rows, lengths, units: h[rows, lengths - 2, :units],
        ),
        mistake(
            "length_of_the_first_row",
            "The forward half is taken where the first row ends; each row has its own length.",
            end_f=lambda h, lengths, units: h[:, lengths[0] - 1, :units],
        ),
        mistake(
            "halves_swapped",
            "The two halves have changed places: the forward direction comes first.",
            v=lambda end_f, end_b: _both(end_b, end_f),
        ),
        mistake(
            "mean_over_time",
            "That is the mean over all steps, the padded ones too; take the state at the end of each direction.",
            end_f=lambda h, units: h[..., :units].mean(axis=1),
            end_b=lambda h, units: h[..., units:].mean(axis=1),
        ),
        mistake(
            "sum_over_time",
            "That is the sum over all steps; take the state at the end of each direction.",
            end_f=lambda h, units: h[..., :units].sum(axis=1),
            end_b=lambda h, units: h[..., units:].sum(axis=1),
        ),
        mistake(
            "ends_added",
            "The two ends are added; they stand side by side, 2H numbers.",
            v=lambda end_f, end_b: end_f + end_b,
        ),
    ),
    cases=(*SMALLEST, ONE_STEP_ROW, EQUAL),
)
"""A row as one vector: what each direction knows when it has read all of it."""
