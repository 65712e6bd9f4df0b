"""The plain RNN backward: one step, whole sequences, segments of them, single contributions, and forward in time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import Affine, Totals, carried, clipped, slopes_of_tanh, touching
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one
from autograder.engine.questions import Calculation, LossWalk
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, Walk, batch_first, terms
from autograder.layers.rnn import LONG, LONG_CASE, draw, step_of

AFFINE = Affine(
    inputs={"x_t": ("Wx", "dx_t", "dWx_part"), "h_prev": ("Wh", "dh_prev", "dWh_part")},
    bias="db_part",
    equations={
        "dx_t": "bptt-dx",
        "dh_prev": "bptt-dh-prev",
        "dWx_part": "bptt-dWx",
        "dWh_part": "bptt-dWh",
        "db_part": "bptt-db",
    },
    words={"dh_prev": "The gradient of the previous hidden state"},
)
TOTALS = Totals({"dWx": "bptt-dWx", "dWh": "bptt-dWh", "db": "bptt-db"})

SLOPE = terms("bptt-dz", dz=lambda dh_total, h_t: dh_total * (1 - h_t**2))
STEP_TERMS = (
    SLOPE
    | AFFINE.terms
    | terms("bptt-dWx", dWx=lambda dWx_part: dWx_part)
    | terms("bptt-dWh", dWh=lambda dWh_part: dWh_part)
    | terms("bptt-db", db=lambda db_part: db_part)
)
WALK = Walk(
    order=terms("bptt-dh", order=lambda T: range(T - 1, -1, -1))["order"],
    start=terms("bptt-dh", dh_sent=lambda h0: np.zeros_like(h0)),
    step=(
        terms("bptt-dx", x_t=lambda x, t: x[:, t])
        | terms("bptt-dz", z_t=lambda z, t: z[:, t], h_t=lambda h, t: h[:, t])
        | terms("bptt-dWh", h_prev=lambda h, h0, t: h[:, t - 1] if t else h0)
        | terms("bptt-truncated", dh_next=lambda dh_sent: dh_sent)
        | terms("bptt-dh", dh_t=lambda dh, t: dh[:, t], dh_total=lambda dh_t, dh_next: dh_t + dh_next)
        | SLOPE
        | AFFINE.terms
    ),
    carried={"dh_sent": "dh_prev"},
    results=(
        terms("bptt-dx", dx=lambda dx_t, visited: batch_first(dx_t, visited))
        | terms("bptt-dh-prev", dh0=lambda dh_sent: dh_sent)
        | TOTALS.terms
    ),
)
SEGMENTS = replace(
    WALK,
    step=WALK.step | terms("bptt-truncated", dh_next=lambda dh_sent, t, k: dh_sent * ((t + 1) % k != 0)),
    results={name: replace(term, equation="bptt-truncated") for name, term in WALK.results.items()},
)

WRONG_STATE_IN_DWH = mistake(
    "dWh_from_h",
    "dWh multiplies dz with the hidden state this step made, not with the one it started from.",
    dWh_part=lambda h_t, dz: h_t.T @ dz,
)

STEP_MISTAKES = (
    *slopes_of_tanh("dz", "dh_total", "h_t"),
    mistake(
        "derivative_of_z",
        "The derivative of tanh is taken of the pre-activation z, but the formula with the square wants h = tanh(z).",
        dz=lambda dh_total, z_t: dh_total * (1 - z_t**2),
    ),
    mistake(
        "derivative_of_h_prev",
        "The derivative of tanh is taken at the previous hidden state instead of the one this step made.",
        dz=lambda dh_total, h_prev: dh_total * (1 - h_prev**2),
    ),
    mistake(
        "opposite_sign",
        "Every gradient has the opposite sign.",
        dz=lambda dh_total, h_t: -dh_total * (1 - h_t**2),
    ),
    mistake(
        "divided_by_N",
        "Every gradient is divided by the batch size, but a gradient of the summed loss is a sum.",
        dz=lambda dh_total, h_t: dh_total * (1 - h_t**2) / len(h_t),
    ),
    *clipped("dz", "dh_total h_t", lambda dh_total, h_t: dh_total * (1 - h_t**2)),
    WRONG_STATE_IN_DWH,
    *AFFINE.mistakes(upstream="dh_total", skips="the derivative of tanh", square="Wh"),
)
"""Mistakes in one step."""

WALK_MISTAKES = (
    *carried("h", "Wh"),
    mistake(
        "dh_next_after_tanh",
        "dh_next is added after the derivative of tanh; it has to go through that derivative too.",
        dh_total=lambda dh_t: dh_t,
        dz=lambda dh_t, h_t, dh_next: dh_t * (1 - h_t**2) + dh_next,
    ),
    mistake(
        "dh_next_one_step_deep",
        "What a step sends back holds its own upstream gradient only, so that nothing travels farther than one step.",
        dh_prev=lambda dh_t, h_t, Wh: (dh_t * (1 - h_t**2)) @ Wh.T,
    ),
    mistake(
        "dh0_is_dz",
        "dh0 is the gradient at the first pre-activation; it still has to go through Wh to reach h0.",
        dh0=lambda dz: dz[0],
    ),
    mistake(
        "h_prev_wraps_around",
        "The state before the first step is taken to be the last state of the sequence, since h[:, t - 1] is h[:, -1]"
        " at t = 0; it is h0.",
        h_prev=lambda h, t: h[:, t - 1],
    ),
    mistake(
        "dx_reversed",
        "dx is right but reversed in time: the backward loop visits the last step first.",
        dx=lambda dx_t: dx_t[::-1].swapaxes(0, 1),
    ),
    *TOTALS.mistakes,
)
"""Mistakes that need more than one step to show."""

MISTAKES = WALK_MISTAKES + STEP_MISTAKES


def known(problem: Problem) -> dict[str, Any]:
    """Return what the terms start from: all that is given, with the states of the forward pass."""
    given = problem.given
    h, _ = unrolled.rnn_forward(**_forward_arguments(given))
    before = np.concatenate([given["h0"][:, None], h[:, :-1]], axis=1)
    z = given["x"] @ given["Wx"] + before @ given["Wh"] + given["b"]
    return {**given, "T": problem.sizes["T"], "h": h, "z": z}


def _forward_arguments(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: given[name] for name in ("x", "h0", "Wx", "Wh", "b")}


def right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the states and the gradients of the course's own layer."""
    h, cache = unrolled.rnn_forward(**_forward_arguments(problem.given))
    gradients = unrolled.rnn_backward(problem.given["dh"], cache)
    return {"h": h, **dict(zip(("dx", "dh0", "dWx", "dWh", "db"), gradients, strict=True))}


UPSTREAM_CASES = (
    Case(" where tanh is saturated", {"saturated": True}, exact=False),
    Case(" with a large upstream gradient", {"upstream": 1e8}),
    Case(" with a tiny upstream gradient", {"upstream": 1e-30}),
    Case(" where one hidden unit is far in saturation and has a huge upstream gradient", {"distracted": True}),
)
SPARSE = Case(" where no loss sits at some of the steps", {"sparse": True})
CASES = (
    at_one("N", numeric=True),
    at_one("T", numeric=True),
    LONG_CASE,
    SPARSE,
    *UPSTREAM_CASES,
)
SQUARE = {"D": 6, "H": 6}
LARGE = {"N": 2, "T": 2, "D": 138, "H": 140}

sequence = Calculation(
    draw,
    right,
    WALK,
    known,
    equation="bptt-dh",
    forward_equation="rnn-step",
    back_in_time=True,
    mistakes=MISTAKES,
    cases=CASES,
    square=SQUARE,
    large=LARGE,
    quiet=whisper(Wx=0, Wh=0, dh=-1),
)
"""A whole sequence backward."""


def _known_step(problem: Problem) -> dict[str, Any]:
    given = problem.given
    z_t = given["x_t"] @ given["Wx"] + given["h_prev"] @ given["Wh"] + given["b"]
    return {**given, "z_t": z_t, "h_t": np.tanh(z_t)}


def _right_step(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    whole = {"x": given["x_t"][:, None], "h0": given["h_prev"], **{name: given[name] for name in ("Wx", "Wh", "b")}}
    h, cache = unrolled.rnn_forward(**whole)
    dx, dh_prev, dWx, dWh, db = unrolled.rnn_backward(given["dh_total"][:, None], cache)
    return {"h_t": h[:, 0], "dx_t": dx[:, 0], "dh_prev": dh_prev, "dWx": dWx, "dWh": dWh, "db": db}


def _step_loss(given: Mapping[str, Any]) -> LossWalk:
    """Return a loss that depends on h_t as the total gradient says."""
    came = yield given
    return np.sum(came["h_t"] * given["dh_total"])


step = Calculation(
    step_of(draw),
    _right_step,
    Once(STEP_TERMS),
    _known_step,
    loss=_step_loss,
    equation="bptt-dz",
    forward_equation="rnn-step",
    back_in_time=True,
    mistakes=STEP_MISTAKES,
    cases=(at_one("N", numeric=True), *UPSTREAM_CASES),
    square=SQUARE,
    large=LARGE | {"T": 1},
    quiet=whisper(Wx=0, Wh=0, dh_total=-1),
)
"""One step backward."""


def _draw_contributions(rng: np.random.Generator, **options: Any) -> Problem:
    """Draw an RNN whose recurrent weights may differ from step to step, so that each step has a gradient of its own."""
    problem = draw(rng, **options)
    each = np.repeat(problem.given["Wh"][None], problem.sizes["T"], axis=0)
    return Problem(problem.sizes, {**problem.given, "Wh_t": each})


def _contributions_loss(given: Mapping[str, Any]) -> LossWalk:
    """Return the loss of a sequence whose step t uses the recurrent weights ``given["Wh_t"][t]``."""
    h, value = given["h0"], 0.0
    for t, Wh in enumerate(given["Wh_t"]):
        h = (yield {**given, "x_t": given["x"][:, t], "h_prev": h, "Wh": Wh})["h_t"]
        value += np.sum(h * given["dh"][:, t])
    return value


def _right_contributions(problem: Problem) -> dict[str, np.ndarray]:
    """Return dz of every step, as the rows of dx for an input that adds to it, times the state before."""
    given = problem.given
    inputs = {"x": given["x"] @ given["Wx"], "Wx": np.eye(len(given["b"]))}
    h, cache = unrolled.rnn_forward(**{**_forward_arguments(given), **inputs})
    dz = unrolled.rnn_backward(given["dh"], cache)[0]
    before = np.concatenate([given["h0"][:, None], h[:, :-1]], axis=1)
    return {"h": h, "dWh_t": np.einsum("nti,ntj->tij", before, dz)}


contributions = replace(
    sequence,
    draw=_draw_contributions,
    right=_right_contributions,
    work_out=replace(WALK, results=terms("bptt-dWh", dWh_t=lambda dWh_part: dWh_part)),
    loss=_contributions_loss,
    equation="bptt-dWh",
    mistakes=(
        mistake(
            "contributions_accumulated",
            "Each entry holds the sum of the contributions so far; it should hold the contribution of its own step.",
            dWh_t=lambda dWh_part: dWh_part[::-1].cumsum(axis=0)[::-1],
        ),
        mistake(
            "first_contribution_zero",
            "The contribution of the first step is zero, but the state before it is h0, which is not.",
            dWh_t=lambda dWh_part: np.concatenate([0 * dWh_part[:1], dWh_part[1:]]),
        ),
        mistake(
            "contributions_reversed",
            "The contributions are right but reversed in time: the backward loop visits the last step first.",
            dWh_t=lambda dWh_part: dWh_part[::-1],
        ),
        # Where dWh is all there is, the mean of the weights' gradients is that of all gradients, and a first step left
        # out is a first contribution of zero.
        *(
            known
            for known in touching(MISTAKES, "order", "h_prev", "dh_total", "dz", "dh_prev", "dWh_part")
            if known.name not in ("weights_mean", "first_step_left_out")
        ),
    ),
)
"""The contribution of every step to dWh."""

UNEQUAL_SEGMENTS = tuple(
    (T, k)
    for k in (3, 4, 5)
    for T in range(2 * k + 1, 4 * k + 3)
    if T % k and (T - 1) % k and [len(part) for part in np.array_split(np.arange(T), -(-T // k))][-1] != T % k
)
"""T and k whose segments are no way to cut T into equal parts, are others when they are counted from the end, and are
three at least."""


def _draw_segments(rng: np.random.Generator, *, k: int | None = None, T: int | None = None, **options: Any) -> Problem:
    if k is None:
        fitting = [pair for pair in UNEQUAL_SEGMENTS if T in (None, pair[0])]
        T, k = fitting[rng.integers(len(fitting))] if fitting else (T, 3)
    problem = draw(rng, T=T, **options)
    held, _ = unrolled.rnn_forward(**_forward_arguments(problem.given))
    return Problem({**problem.sizes, "k": k}, {**problem.given, "k": k, "held": held})


def _segments_loss(given: Mapping[str, Any]) -> LossWalk:
    """Return the loss of a sequence in segments of k steps; all but the first start from states that are held."""
    value = 0.0
    for start in range(0, given["x"].shape[1], given["k"]):
        segment = slice(start, start + given["k"])
        first = given["held"][:, start - 1] if start else given["h0"]
        h = (yield {**given, "x": given["x"][:, segment], "h0": first})["h"]
        value += np.sum(h * given["dh"][:, segment])
    return value


def _right_segments(problem: Problem) -> dict[str, np.ndarray]:
    given, (T, k) = problem.given, (problem.sizes["T"], problem.given["k"])
    h, _ = unrolled.rnn_forward(**_forward_arguments(given))
    parts = []
    for start in range(0, T, k):
        segment = slice(start, start + k)
        first = h[:, start - 1] if start else given["h0"]
        _, cache = unrolled.rnn_forward(**{**_forward_arguments(given), "x": given["x"][:, segment], "h0": first})
        parts.append(unrolled.rnn_backward(given["dh"][:, segment], cache))
    dx, dh0, *weights = zip(*parts, strict=True)
    sums = {name: sum(values) for name, values in zip(("dWx", "dWh", "db"), weights, strict=True)}
    return {"h": h, "dx": np.concatenate(dx, axis=1), "dh0": dh0[0], **sums}


segments = replace(
    sequence,
    draw=_draw_segments,
    right=_right_segments,
    work_out=SEGMENTS,
    loss=_segments_loss,
    equation="bptt-truncated",
    cases=(
        Case(" at k = 1", {"k": 1, "T": 5}),
        Case(" at k = T", {"k": 5, "T": 5}),
        Case(" at k = 4, T = 7", {"k": 4, "T": 7}),
        Case(" at k larger than T", {"k": 9, "T": 4}),
        Case(" at T = 1", {"k": 3, "T": 1}, numeric=True, branches=True),
        Case(" at k = 2, N = 1", {"k": 2, "T": 7, "N": 1}, numeric=True, branches=True),
        Case(" where T is a multiple of k", {"k": 2, "T": 6}),
        Case(f" at T = {LONG['T']}, k = 11", LONG | {"k": 11}),
        replace(SPARSE, options={"sparse": True, "T": 10, "k": 4}),
        *UPSTREAM_CASES,
    ),
    large=LARGE | {"k": 2},
    mistakes=(
        mistake(
            "not_truncated",
            "The gradient is not cut at all: this is full backpropagation through time.",
            dh_next=lambda dh_sent: dh_sent,
        ),
        mistake(
            "segments_from_the_end",
            "The segments are counted from the end of the sequence; they start at t = 0, and the last may be shorter.",
            dh_next=lambda dh_sent, T, t, k: dh_sent * ((T - 1 - t) % k != 0),
        ),
        mistake(
            "cut_one_step_late",
            "The cut is one step off: the gradient is stopped between the first and the second step of a segment.",
            dh_next=lambda dh_sent, t, k: dh_sent * (t % k != 0),
        ),
        mistake(
            "segment_one_longer",
            "The segments are one step too long.",
            dh_next=lambda dh_sent, t, k: dh_sent * ((t + 1) % (k + 1) != 0),
        ),
        mistake(
            "segment_one_shorter",
            "The segments are one step too short.",
            dh_next=lambda dh_sent, t, k: dh_sent * ((t + 1) % max(k - 1, 1) != 0),
        ),
        mistake(
            "first_segment_only",
            "Only the first cut is made; every segment has to be cut off from the next.",
            dh_next=lambda dh_sent, t, k: dh_sent * (t + 1 != k),
        ),
        mistake(
            "last_segment_only",
            "Only the last segment contributes; the ones before it have gradients of their own.",
            dh_total=lambda dh_t, dh_next, t, T, k: (dh_t + dh_next) * (t >= (T - 1) // k * k),
        ),
        mistake(
            "last_segment_dropped",
            "The last segment is left out because it is shorter than k; it has a gradient too.",
            dh_total=lambda dh_t, dh_next, t, T, k: (dh_t + dh_next) * (t < T // k * k),
        ),
        mistake(
            "last_k_steps_only",
            "Only the last k steps of the sequence contribute; it is cut into segments, and each has its gradient.",
            dh_next=lambda dh_sent: dh_sent,
            dh_total=lambda dh_t, dh_next, t, T, k: (dh_t + dh_next) * (t >= T - k),
        ),
        *MISTAKES,
    ),
)
"""Truncated backpropagation: the gradients of segments of k steps."""

forward_in_time = replace(
    sequence,
    work_out=replace(
        WALK,
        step={name: replace(term, equation="rtrl") for name, term in WALK.step.items()},
        results={name: replace(term, equation="rtrl") for name, term in TOTALS.terms.items()},
    ),
    equation="rtrl",
    large=None,
    mistakes=(
        mistake(
            "traces_not_carried",
            "The derivatives of the state before are not carried on: only the direct part at each step is counted.",
            dh_total=lambda dh_t: dh_t,
        ),
        *(
            mistake(
                f"trace_of_{weight}_not_carried",
                f"The derivatives by {weight} are not carried on from the step before: only their direct part is"
                " counted.",
                **{f"d{weight}_part": direct},
            )
            for weight, direct in (
                ("Wx", lambda x_t, dh_t, h_t: x_t.T @ (dh_t * (1 - h_t**2))),
                ("Wh", lambda h_prev, dh_t, h_t: h_prev.T @ (dh_t * (1 - h_t**2))),
                ("b", lambda dh_t, h_t: (dh_t * (1 - h_t**2)).sum(axis=0)),
            )
        ),
        mistake(
            "direct_part_from_h_t",
            "The direct part for Wh is made with the state after the step; Wh multiplies the one before it.",
            dWh_part=lambda h_t, dz: h_t.T @ dz,
        ),
        *(
            known
            for known in touching(STEP_MISTAKES, "dz", "dWx_part", "dWh_part", "db_part")
            if known is not WRONG_STATE_IN_DWH and not known.name.endswith("_from_dh")
        ),
    ),
)
"""Real-time recurrent learning: the gradients of the weights, made while going forward."""
