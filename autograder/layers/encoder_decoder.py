"""Two plain tanh layers, of which the second starts from where the first one ends, forward and backward."""

from itertools import combinations
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, Term, of, terms
from autograder.layers import rnn_layers
from autograder.layers.bidirectional import EQUAL, ONE_STEP_ROW, draw_lengths, in_padding, is_real
from autograder.layers.rnn import FAR, LARGE_STATES
from autograder.layers.rnn_backward import UPSTREAM_CASES

SQUARE = {"D": 6, "E": 6, "H": 6}
LONG = {"N": 4, "T": 25, "S": 25, "D": 2, "E": 2, "H": 3, "remembers": True}


def draw(
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    upstream: float = 3.0,
    saturated: bool = False,
    remembers: bool = False,
    distracted: bool = False,
    late: bool = False,
    shortest: int = 2,
    equal: bool = False,
    **sizes: int | None,
) -> Problem:
    """Draw a padded batch for the encoder, inputs for the decoder, both layers, and what arrives at the decoder.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain, upstream, saturated, remembers
        As in `autograder.layers.rnn.draw`, for both layers.
    distracted : bool
        As there, for a unit of the decoder.
    late : bool
        Let the loss sit at the last step of the decoder only.
    shortest, equal
        As in `autograder.layers.bidirectional.draw_lengths`.
    **sizes : int
        Sizes that are not drawn, such as ``S=1``: S steps of the decoder, of E inputs each.
    """
    fixed = {letter: size for letter, size in sizes.items() if size is not None}
    sizes = draw_sizes(rng, "NTDHSE", {"N": 4, "T": 6}, **fixed)
    N, T, D, H, S, E = sizes.values()
    lengths = draw_lengths(rng, N, T, shortest=shortest, equal=equal)
    x, y_in = rng.standard_normal((N, T, D)), rng.standard_normal((N, S, E))
    layers = []
    for inputs, read in ((D, x), (E, y_in)):
        Wx = gain * rng.standard_normal((inputs, H)) / np.sqrt(inputs)
        Wh = gain * rng.standard_normal((H, H)) / np.sqrt(H)
        b = gain * 0.5 * rng.standard_normal(H)
        if saturated:
            b = rng.choice([-1.0, 1.0], H) * rng.uniform(6.0, 6.5, H)
            Wx, Wh = Wx / np.linalg.norm(Wx) / np.abs(read).max() / 3, Wh / np.abs(Wh).sum(axis=0) / 3
        if remembers:
            Wx, Wh, b = 0.2 * Wx, np.linalg.qr(Wh)[0], 0.2 * b
        layers.append((Wx, Wh, b))
    dh_dec = upstream * rng.standard_normal((N, S, H))
    if distracted:
        unit = rng.integers(H)
        layers[1][2][unit] = FAR * rng.choice([-1.0, 1.0])
        dh_dec[..., unit] *= 1e12
    if late:
        dh_dec[:, :-1] = 0.0
    names = [f"{name}_{part}" for part in ("enc", "dec") for name in ("Wx", "Wh", "b")]
    weights = dict(zip(names, (*layers[0], *layers[1]), strict=True))
    given = {"x": in_padding(rng, x, lengths), "lengths": lengths, "y_in": y_in, **weights, "dh_dec": dh_dec}
    return Problem(sizes, given)


def _ends(equation: str) -> dict[str, Term]:
    """Return the terms of where the rows end, which both passes have, each with its own equation."""
    return terms(equation, rows=lambda x: np.arange(len(x)), ends=lambda lengths: lengths - 1)


FORWARD = Once(
    _ends("encoder-decoder-start")
    | terms(
        "encoder-decoder-start",
        zeros=lambda x, b_enc: np.zeros((len(x), len(b_enc))),
        h_enc=lambda x, zeros, Wx_enc, Wh_enc, b_enc: rnn_layers.forward(x, zeros, Wx_enc, Wh_enc, b_enc),
        start=lambda h_enc, rows, ends: h_enc[rows, ends],
        h_dec=lambda y_in, start, Wx_dec, Wh_dec, b_dec: rnn_layers.forward(y_in, start, Wx_dec, Wh_dec, b_dec),
    )
)


def _partly_shared(shared: tuple[str, ...]) -> Mistake:
    """Return the mistake of who uses some weights of the encoder in the decoder, too."""
    enc = [f"{name}_enc" if name in shared else f"{name}_dec" for name in ("Wx", "Wh", "b")]
    return mistake(
        f"{'_and_'.join(shared)}_of_the_encoder",
        f"The decoder uses {' and '.join(shared)} of the encoder; it has all weights of its own.",
        h_dec=of(" ".join(("y_in", "start", *enc)), rnn_layers.forward),
    )


FORWARD_MISTAKES = (
    mistake(
        "state_after_the_padding",
        "The decoder starts from the encoder's state at the last column, T - 1, where a shorter row has padding.",
        start=lambda h_enc: h_enc[:, -1],
    ),
    mistake(
        "state_after_zeroed_padding",
        "The padding of x is set to zero, and the decoder starts from the state at the last column: a state changes at"
        " a step of zeros, too.",
        start=lambda x, lengths, T, zeros, Wx_enc, Wh_enc, b_enc: rnn_layers.forward(
            x * is_real(lengths, T)[..., None], zeros, Wx_enc, Wh_enc, b_enc
        )[:, -1],
    ),
    mistake(
        "state_one_step_early",
        "The decoder starts from the encoder's state one step before the end of the row.",
        ends=lambda lengths: lengths - 2,
    ),
    mistake(
        "state_one_step_late",
        "The decoder starts from the encoder's state one step behind the end of the row, where the padding begins.",
        ends=lambda lengths, T: np.minimum(lengths, T - 1),
    ),
    mistake(
        "first_state",
        "The decoder starts from the encoder's first state; the encoder has read one input there.",
        start=lambda h_enc: h_enc[:, 0],
    ),
    mistake(
        "length_of_the_first_row",
        "Every row of the decoder starts where the first row of the encoder ends; each has its own length.",
        start=lambda h_enc, lengths: h_enc[:, lengths[0] - 1],
    ),
    mistake(
        "mean_of_the_states",
        "The decoder starts from the mean of the encoder's states; it starts from the last real one.",
        start=lambda h_enc, lengths, T: (h_enc * is_real(lengths, T)[..., None]).sum(axis=1) / lengths[:, None],
    ),
    mistake(
        "decoder_starts_from_zeros",
        "The decoder starts from zeros, so that it hears nothing of what the encoder has read.",
        start=lambda zeros: zeros,
    ),
    mistake(
        "weights_of_the_encoder",
        "The decoder uses the weights of the encoder; it has its own.",
        h_dec=lambda y_in, start, Wx_enc, Wh_enc, b_enc: rnn_layers.forward(y_in, start, Wx_enc, Wh_enc, b_enc),
    ),
    mistake(
        "weights_swapped",
        "Encoder and decoder have changed their weights.",
        h_enc=lambda x, zeros, Wx_dec, Wh_dec, b_dec: rnn_layers.forward(x, zeros, Wx_dec, Wh_dec, b_dec),
        h_dec=lambda y_in, start, Wx_enc, Wh_enc, b_enc: rnn_layers.forward(y_in, start, Wx_enc, Wh_enc, b_enc),
    ),
    mistake(
        "states_of_the_encoder",
        "The states of the encoder are returned; those of the decoder are asked for.",
        h_dec=lambda h_enc: h_enc,
    ),
    mistake(
        "start_among_the_states",
        "The state that the decoder starts from is returned among its states.",
        h_dec=lambda y_in, start, Wx_dec, Wh_dec, b_dec: np.concatenate(
            [start[:, None], rnn_layers.forward(y_in, start, Wx_dec, Wh_dec, b_dec)], axis=1
        ),
    ),
    mistake(
        "last_state_only",
        "Only the decoder's last state is returned; collect the state of every step.",
        h_dec=lambda y_in, start, Wx_dec, Wh_dec, b_dec: rnn_layers.forward(y_in, start, Wx_dec, Wh_dec, b_dec)[:, -1],
    ),
    *(_partly_shared(shared) for count in (1, 2) for shared in combinations(("Wx", "Wh", "b"), count)),
)

_BACK_FROM = "encoder-decoder-dh"
BACKWARD = Once(
    _ends(_BACK_FROM)
    | terms(
        _BACK_FROM,
        back_dec=lambda dh_dec, y_in, start, Wx_dec, Wh_dec, b_dec: rnn_layers.backward(
            dh_dec, y_in, start, Wx_dec, Wh_dec, b_dec
        ),
        dstart=lambda back_dec: back_dec.dh0,
        dh_enc=lambda x, dstart, rows, ends: _at(x, dstart, rows, ends),
        back_enc=lambda dh_enc, x, zeros, Wx_enc, Wh_enc, b_enc: rnn_layers.backward(
            dh_enc, x, zeros, Wx_enc, Wh_enc, b_enc
        ),
        dx=lambda back_enc: back_enc.dx,
        dy_in=lambda back_dec: back_dec.dx,
        dWx_enc=lambda back_enc: back_enc.dWx,
        dWh_enc=lambda back_enc: back_enc.dWh,
        db_enc=lambda back_enc: back_enc.db,
        dWx_dec=lambda back_dec: back_dec.dWx,
        dWh_dec=lambda back_dec: back_dec.dWh,
        db_dec=lambda back_dec: back_dec.db,
    )
)


def _at(x: np.ndarray, values: np.ndarray, rows: np.ndarray | slice, steps: np.ndarray) -> np.ndarray:
    """Return an array (N, T, H) that holds one vector in every row and is zero elsewhere."""
    dh = np.zeros((*x.shape[:2], values.shape[-1]))
    dh[rows, steps] = values
    return dh


BACKWARD_MISTAKES = (
    mistake(
        "injected_behind_the_padding",
        "What the decoder sends back arrives at the encoder's last column, T - 1; the decoder started from each row's"
        " last real step.",
        dh_enc=lambda x, dstart: _at(x, dstart, np.arange(len(x)), -1),
    ),
    mistake(
        "injected_one_step_early",
        "What the decoder sends back arrives one step before the end of each row.",
        ends=lambda lengths: lengths - 2,
    ),
    mistake(
        "injected_one_step_late",
        "What the decoder sends back arrives one step behind the end of each row, where the padding begins.",
        ends=lambda lengths, T: np.minimum(lengths, T - 1),
    ),
    mistake(
        "injected_at_the_first_step",
        "What the decoder sends back arrives at the encoder's first step; the decoder started from the last real one.",
        dh_enc=lambda x, dstart: _at(x, dstart, np.arange(len(x)), 0),
    ),
    mistake(
        "injected_at_every_step",
        "What the decoder sends back arrives at every step of the encoder; the decoder started from one state alone.",
        dh_enc=lambda x, dstart: np.repeat(dstart[:, None], x.shape[1], axis=1),
    ),
    mistake(
        "injected_at_every_real_step",
        "What the decoder sends back arrives at every real step of the encoder; the decoder started from one state"
        " alone.",
        dh_enc=lambda x, dstart, lengths, T: np.repeat(dstart[:, None], T, axis=1) * is_real(lengths, T)[..., None],
    ),
    mistake(
        "length_of_the_first_row",
        "What the decoder sends back arrives where the first row ends; each row has its own length.",
        ends=lambda lengths: np.full_like(lengths, lengths[0] - 1),
    ),
    mistake(
        "every_row_gets_all",
        "Every row of the encoder gets what belongs to all rows, each at the step where that row ends: a colon stands"
        " for all rows, and does not go with the steps row by row.",
        dh_enc=lambda x, dstart, ends: _at(x, dstart, slice(None), ends),
    ),
    mistake(
        "upstream_of_the_first_state",
        "The encoder gets the upstream gradient of the decoder's first state; what reaches the state before it has gone"
        " through that step.",
        dstart=lambda dh_dec: dh_dec[:, 0],
    ),
    mistake(
        "dh_dec_summed_up",
        "The encoder gets the sum of what arrives at the decoder; what reaches its start has gone through the decoder's"
        " steps.",
        dstart=lambda dh_dec: dh_dec.sum(axis=1),
    ),
    *rnn_layers.means(
        BACKWARD.table,
        ("dx", "dy_in"),
        [f"d{name}_{part}" for part in ("enc", "dec") for name in ("Wx", "Wh", "b")],
        {"N": rnn_layers.ROWS_AND_STEPS["N"]},
    ),
)


def _known(problem: Problem) -> dict[str, Any]:
    return {**problem.given, "T": problem.sizes["T"]}


def _encoded(given: dict) -> list[tuple]:
    """Return the last state and the cache of every row of the encoder, read alone."""
    weights = [given[f"{name}_enc"] for name in ("Wx", "Wh", "b")]
    rows = []
    for n, length in enumerate(given["lengths"]):
        h, cache = unrolled.rnn_forward(given["x"][n : n + 1, :length], None, *weights)
        rows.append((h[0, -1], cache))
    return rows


def _decoded(given: dict, start: np.ndarray) -> tuple:
    return unrolled.rnn_forward(given["y_in"], start, *(given[f"{name}_dec"] for name in ("Wx", "Wh", "b")))


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    return {"h_dec": _decoded(given, np.stack([last for last, _ in _encoded(given)]))[0]}


forward = Calculation(
    draw,
    _right,
    FORWARD,
    _known,
    equation="encoder-decoder-start",
    mistakes=FORWARD_MISTAKES,
    cases=(
        *(at_one(*letters) for letters in ("N", "T", "S")),
        ONE_STEP_ROW,
        EQUAL,
        Case(" at T = S = 25", LONG),
        LARGE_STATES,
    ),
    square=SQUARE,
)
"""The states of the decoder."""


def _known_states(problem: Problem) -> dict[str, Any]:
    known = _known(problem)
    zeros = np.zeros((problem.sizes["N"], problem.sizes["H"]))
    start = np.stack([last for last, _ in _encoded(problem.given)])
    return {**known, "start": start, "zeros": zeros}


def _right_backward(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    rows = _encoded(given)
    h_dec, cache = _decoded(given, np.stack([last for last, _ in rows]))
    dy_in, dstart, *decoder = unrolled.rnn_backward(given["dh_dec"], cache)
    dx, encoder = np.zeros_like(given["x"]), [0.0, 0.0, 0.0]
    for n, (length, (_, row)) in enumerate(zip(given["lengths"], rows, strict=True)):
        arrives = np.zeros((1, length, dstart.shape[1]))
        arrives[0, -1] = dstart[n]
        dx_row, _, *weights = unrolled.rnn_backward(arrives, row)
        dx[n, :length] = dx_row[0]
        encoder = [total + more for total, more in zip(encoder, weights, strict=True)]
    names = [f"d{name}_{part}" for part in ("enc", "dec") for name in ("Wx", "Wh", "b")]
    return {"h_dec": h_dec, "dx": dx, "dy_in": dy_in, **dict(zip(names, (*encoder, *decoder), strict=True))}


LATE = Case(" where the loss sits at the decoder's last step only", {"late": True})

backward = Calculation(
    draw,
    _right_backward,
    BACKWARD,
    _known_states,
    equation="encoder-decoder-dh",
    forward_equation="encoder-decoder-start",
    back_in_time=True,
    mistakes=BACKWARD_MISTAKES,
    cases=(
        at_one("N", numeric=True),
        at_one("S", numeric=True),
        at_one("T"),  # one step from zeros: nothing depends on Wh_enc
        ONE_STEP_ROW,
        EQUAL,
        Case(" at T = S = 25", LONG),
        LATE,
        *UPSTREAM_CASES,
    ),
    square=SQUARE,
    large={"N": 2, "T": 3, "S": 2, "D": 100, "E": 101, "H": 95},
    quiet=whisper(Wx_enc=0, Wh_enc=0, Wx_dec=0, Wh_dec=0, dh_dec=-1),
    if_zero={
        name: "Nothing reaches the encoder. What the decoder sends back to the state it started from, its dh0, has to"
        " go on into the encoder."
        for name in ("dWx_enc", "dx")
    },
)
"""The gradients of both layers."""
