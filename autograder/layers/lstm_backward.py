"""The LSTM backward: one step, and whole sequences with the gradients of both states carried."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import (
    Affine,
    Totals,
    carried,
    carried_by_gate,
    clipped,
    slopes_of_sigmoid,
    slopes_of_tanh,
    touching,
)
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one
from autograder.engine.questions import Calculation, LossWalk
from autograder.engine.quiet import whisper
from autograder.engine.terms import Formula, Once, Term, Walk, batch_first, of, terms
from autograder.layers.lstm import GATES, SQUARE, draw, right_step, slices, step_of, weights_of
from autograder.layers.rnn import LONG_CASE
from autograder.layers.rnn_backward import WRONG_STATE_IN_DWH

AFFINE = Affine(
    inputs={"x_t": ("Wx", "dx_t", "dWx_part"), "h_prev": ("Wh", "dh_prev", "dWh_part")},
    bias="db_part",
    equations={
        "dx_t": "lstm-dx",
        "dh_prev": "lstm-dh-prev",
        "dWx_part": "lstm-dWx",
        "dWh_part": "lstm-dWh",
        "db_part": "lstm-db",
    },
)
TOTALS = Totals({"dWx": "lstm-dWx", "dWh": "lstm-dWh", "db": "lstm-db"})

CELL = (
    terms(
        "lstm-dc",
        tanh_c=lambda c_t: np.tanh(c_t),
        shown=lambda dh_total, o: dh_total * o,
        dc_t=lambda shown, tanh_c: shown * (1 - tanh_c**2),
        dc_total=lambda dc_t, dc_next: dc_t + dc_next,
    )
    | terms("lstm-do", do=lambda dh_total, tanh_c: dh_total * tanh_c)
    | terms("lstm-df", df=lambda dc_total, c_prev: dc_total * c_prev)
    | terms("lstm-di", di=lambda dc_total, g: dc_total * g)
    | terms("lstm-dg", dg=lambda dc_total, i: dc_total * i)
    | terms(
        "lstm-dz",
        dz_i=lambda di, i: di * i * (1 - i),
        dz_f=lambda df, f: df * f * (1 - f),
        dz_g=lambda dg, g: dg * (1 - g**2),
        dz_o=lambda do, o: do * o * (1 - o),
        dz=lambda dz_i, dz_f, dz_g, dz_o: np.hstack([dz_i, dz_f, dz_g, dz_o]),
    )
    | terms("lstm-dc-prev", dc_prev=lambda dc_total, f: dc_total * f)
)
STEP_TERMS = (
    CELL
    | AFFINE.terms
    | terms("lstm-dWx", dWx=lambda dWx_part: dWx_part)
    | terms("lstm-dWh", dWh=lambda dWh_part: dWh_part)
    | terms("lstm-db", db=lambda db_part: db_part)
)


def _at_step(name: str) -> Formula:
    return of(f"all_{name} t", lambda values, t: values[:, t])


WALK = Walk(
    order=terms("lstm-dh", order=lambda T: range(T - 1, -1, -1))["order"],
    start=terms("lstm-dh", dh_sent=lambda h0: np.zeros_like(h0)) | terms("lstm-dc", dc_sent=lambda dc_T: dc_T),
    step=(
        terms("lstm-dx", x_t=lambda x, t: x[:, t])
        | terms("lstm-dWh", h_prev=lambda h, h0, t: h[:, t - 1] if t else h0, h_t=lambda h, t: h[:, t])
        | {name: Term(_at_step(name), "lstm-df") for name in ("c_prev", "c_t")}
        | {gate: Term(_at_step(gate), "lstm-dz") for gate in GATES}
        | terms("lstm-dh", dh_next=lambda dh_sent: dh_sent)
        | terms("lstm-dc", dc_next=lambda dc_sent: dc_sent)
        | terms("lstm-dh", dh_t=lambda dh, t: dh[:, t], dh_total=lambda dh_t, dh_next: dh_t + dh_next)
        | CELL
        | AFFINE.terms
    ),
    carried={"dh_sent": "dh_prev", "dc_sent": "dc_prev"},
    results=(
        terms("lstm-dx", dx=lambda dx_t, visited: batch_first(dx_t, visited))
        | terms("lstm-dh-prev", dh0=lambda dh_sent: dh_sent)
        | terms("lstm-dc-prev", dc0=lambda dc_sent: dc_sent)
        | TOTALS.terms
    ),
)


def _changed_places(one: str, other: str) -> Mistake:
    """Return the mistake of two gates that stand in each other's place in dz."""
    order = list(GATES)
    places = {one: other, other: one}
    return Mistake(
        f"dz_swapped_{one}_{other}",
        f"In dz the {GATES[one]} and the {GATES[other]} have changed places. The order is i, f, g, o.",
        {"dz": of(" ".join(f"dz_{places.get(gate, gate)}" for gate in order), lambda *parts: np.hstack(parts))},
        "dz.swapped",
    )


def _copied(one: str, other: str) -> Mistake:
    """Return the mistake of a gate whose gradient of the bias is that of another one."""

    def copy(dz: np.ndarray) -> np.ndarray:
        db, place = dz.sum(axis=0), slices(dz.shape[1] // 4)
        db[place[one]] = db[place[other]]
        return db

    return Mistake(
        f"db_of_{one}_is_that_of_{other}",
        f"In db the {GATES[one]} has got the gradient of the {GATES[other]}: a copied line?",
        {"db_part": of("dz", copy)},
        "db.copied",
    )


def _slope_of_another(one: str, other: str) -> Mistake:
    """Return the mistake of a gate whose gradient is multiplied with the slope of another gate."""
    return Mistake(
        f"slope_of_{other}_for_{one}",
        f"{GATES[one].capitalize()}: the slope is that of the {GATES[other]}: a copied line?",
        {f"dz_{one}": of(f"d{one} {other}", lambda d, gate: d * gate * (1 - gate))},
        "slopes.copied",
    )


ALL_THREE = "Input gate i, forget gate f and output gate o"


def _for_all_gates() -> tuple[Mistake, ...]:
    """Return what goes wrong in the slope of the sigmoid, made for all three gates."""
    gate_by_gate = [slopes_of_sigmoid(f"dz_{gate}", f"d{gate}", gate, z=f"z_{gate}", where=ALL_THREE) for gate in "ifo"]
    return tuple(
        replace(
            same[0],
            name=f"{same[0].name}_of_all_gates",
            terms={name: formula for known in same for name, formula in known.terms.items()},
        )
        for same in zip(*gate_by_gate, strict=True)
    )


COPIED = tuple(_copied(one, other) for one, other in permutations(GATES, 2))

SLOPES = (
    *(
        known
        for gate in "ifo"
        for known in slopes_of_sigmoid(
            f"dz_{gate}", f"d{gate}", gate, z=f"z_{gate}", where=GATES[gate].capitalize(), tag=gate
        )
    ),
    *_for_all_gates(),
    mistake(
        "slopes_missing",
        "Neither the input, the forget and the output gate nor the candidate has a slope: dz is put together from di,"
        " df, dg and do as they are.",
        **{f"dz_{gate}": of(f"d{gate}", lambda d: d) for gate in GATES},
    ),
    *(_slope_of_another(one, other) for one, other in permutations("ifo", 2)),
    *slopes_of_tanh("dz_g", "dg", "g", value="g", symbol="g", where="Candidate g", tag="g"),
    mistake(
        "tanh_derivative_of_z_g",
        "Candidate g: the derivative of tanh is taken of the pre-activation z, but the formula with the square wants"
        " g, which tanh made of it.",
        dz_g=lambda dg, z_g: dg * (1 - z_g**2),
    ),
    *slopes_of_tanh("dc_t", "shown", "tanh_c", value="tanh(c_t)", symbol="tanh(c_t)", where="Cell state", tag="c"),
)
"""What goes wrong where a gradient passes an activation."""

BESIDE = {"f": "c_prev", "i": "g", "g": "i"}
"""The factor that stands beside each one in the equation of the cell."""

PRODUCTS = (
    mistake(
        "do_from_c",
        "Output gate o: do multiplies the cell state c_t itself; what o lets through is tanh(c_t).",
        do=lambda dh_total, c_t: dh_total * c_t,
    ),
    mistake(
        "do_from_h",
        "Output gate o: do multiplies the hidden state h_t, in which o has been multiplied in already.",
        do=lambda dh_total, tanh_c, o: dh_total * tanh_c * o,
    ),
    mistake(
        "do_from_c_prev",
        "Output gate o: do is made with the cell state before the step; o lets through the new one.",
        do=lambda dh_total, c_prev: dh_total * np.tanh(c_prev),
    ),
    mistake(
        "do_from_dc",
        "Output gate o: do is made from dc; o stands behind the cell, so that only dh reaches it.",
        do=lambda dc_total, tanh_c: dc_total * tanh_c,
    ),
    mistake(
        "dc_derivative_of_c",
        "Cell state: the derivative of tanh is taken of c_t itself, but the formula with the square wants tanh(c_t).",
        dc_t=lambda shown, c_t: shown * (1 - c_t**2),
    ),
    mistake(
        "dc_derivative_of_h",
        "Cell state: the derivative of tanh is taken of the hidden state h_t, but what tanh made is tanh(c_t).",
        dc_t=lambda shown, o, tanh_c: shown * (1 - (o * tanh_c) ** 2),
    ),
    mistake(
        "dc_without_o",
        "Cell state: dh goes back to c_t without the output gate o, through which h_t depends on it.",
        shown=lambda dh_total: dh_total,
    ),
    mistake(
        "dc_next_through_tanh",
        "Cell state: dc_next goes through the derivative of tanh and the output gate, too; it reaches c_t as it is.",
        dc_total=lambda dh_total, dc_next, o, tanh_c: (dh_total + dc_next) * o * (1 - tanh_c**2),
    ),
    mistake(
        "dc_next_through_slope",
        "Cell state: dc_next goes through the derivative of tanh, too; it reaches c_t as it is.",
        dc_total=lambda shown, dc_next, tanh_c: (shown + dc_next) * (1 - tanh_c**2),
    ),
    mistake(
        "df_from_c",
        "Forget gate f: df multiplies the cell state after the step; f multiplies the one before it.",
        df=lambda dc_total, c_t: dc_total * c_t,
    ),
    mistake(
        "df_from_h_prev",
        "Forget gate f: df multiplies the hidden state before the step; f multiplies the cell state before it.",
        df=lambda dc_total, h_prev: dc_total * h_prev,
    ),
    mistake(
        "df_from_f",
        "Forget gate f: df multiplies f itself; the factor beside f in the cell equation is another one.",
        df=lambda dc_total, f: dc_total * f,
    ),
    mistake(
        "df_from_g",
        "Forget gate f: df multiplies the candidate g; that is the factor beside i in the cell equation.",
        df=lambda dc_total, g: dc_total * g,
    ),
    mistake(
        "df_from_tanh_c_prev",
        "Forget gate f: df multiplies tanh of the cell state before the step; f multiplies the cell state itself.",
        df=lambda dc_total, c_prev: dc_total * np.tanh(c_prev),
    ),
    mistake(
        "di_from_i",
        "Input gate i: di multiplies i itself; the factor beside i in the cell equation is the candidate g.",
        di=lambda dc_total, i: dc_total * i,
    ),
    mistake(
        "di_from_c_prev",
        "Input gate i: di multiplies the cell state before the step; that is the factor beside f. Beside i stands g.",
        di=lambda dc_total, c_prev: dc_total * c_prev,
    ),
    mistake(
        "dg_from_g",
        "Candidate g: dg multiplies g itself; the factor beside g in the cell equation is the input gate i.",
        dg=lambda dc_total, g: dc_total * g,
    ),
    mistake(
        "dg_without_i",
        "Candidate g: dg is dc as it is; it has to be multiplied with the input gate i.",
        dg=lambda dc_total: dc_total,
    ),
    mistake(
        "dg_from_f",
        "Candidate g: dg multiplies the forget gate f; the factor beside g in the cell equation is the input gate i.",
        dg=lambda dc_total, f: dc_total * f,
    ),
    mistake(
        "di_and_df_swapped",
        "Input gate i and forget gate f: each gradient is made with the factor that stands beside the other gate in the"
        " cell equation.",
        di=lambda dc_total, c_prev: dc_total * c_prev,
        df=lambda dc_total, g: dc_total * g,
    ),
    *(
        Mistake(
            f"d{gate}_from_dc_next",
            f"{GATES[gate].capitalize()}: d{gate} is made from dc_next alone; what reaches c_t through h_t is missing.",
            {f"d{gate}": of(f"dc_next {beside}", np.multiply)},
            "products.from_dc_next",
        )
        for gate, beside in BESIDE.items()
    ),
    mistake(
        "products_from_dc_next",
        "Input gate i, forget gate f and candidate g: di, df and dg are made from dc_next alone; what reaches c_t"
        " through h_t is missing.",
        **{f"d{gate}": of(f"dc_next {beside}", np.multiply) for gate, beside in BESIDE.items()},
    ),
    mistake(
        "di_and_dg_swapped",
        "Input gate i and candidate g: each gradient is made with its own gate, but the derivative of a product by one"
        " factor is the other one.",
        di=lambda dc_total, i: dc_total * i,
        dg=lambda dc_total, g: dc_total * g,
    ),
    mistake(
        "dc_prev_from_i",
        "dc_prev passes the input gate i; between c_t and the cell state before stands the forget gate f.",
        dc_prev=lambda dc_total, i: dc_total * i,
    ),
    mistake(
        "dc_prev_times_c_prev",
        "dc_prev multiplies the cell state before the step, as df does; the factor beside it in the cell equation is"
        " the forget gate f.",
        dc_prev=lambda dc_total, c_prev: dc_total * c_prev,
    ),
    *(
        Mistake(
            f"dz_{gate}_zero",
            f"Nothing goes back through the {words}: its part of dz is zero.",
            {f"dz_{gate}": of(f"d{gate}", np.zeros_like)},
            "dz.zero",
        )
        for gate, words in GATES.items()
    ),
    *(_changed_places(one, other) for one, other in combinations(GATES, 2)),
)
"""What goes wrong in the products of a step."""

GATED = carried_by_gate("c", "f", "dc_T", words="cell state")

WEIGHTS = (
    WRONG_STATE_IN_DWH,
    mistake(
        "dWh_from_c_prev",
        "dWh multiplies dz with the cell state before the step; Wh multiplies the hidden state before it.",
        dWh_part=lambda c_prev, dz: c_prev.T @ dz,
    ),
    *AFFINE.mistakes(square="Wx"),
)

STEP_MISTAKES = (
    *SLOPES,
    *PRODUCTS,
    *touching(GATED, "dc_total", "dc_prev"),
    mistake(
        "opposite_sign",
        "Every gradient has the opposite sign.",
        dc_total=lambda dc_t, dc_next: -dc_t - dc_next,
        do=lambda dh_total, tanh_c: -dh_total * tanh_c,
    ),
    mistake(
        "divided_by_N",
        "Every gradient is divided by the batch size, but a gradient of the summed loss is a sum.",
        dc_total=lambda dc_t, dc_next: (dc_t + dc_next) / len(dc_t),
        do=lambda dh_total, tanh_c: dh_total * tanh_c / len(tanh_c),
    ),
    *clipped("dz", "dz_i dz_f dz_g dz_o", lambda *parts: np.hstack(parts)),
    *COPIED,
    *WEIGHTS,
)
"""Mistakes in one step."""

DROPPED = (
    "dh_next does not reach step t: it is not added to the upstream gradient there, or it is never what step t + 1 sent"
    " back."
)
STEP_BEFORE: dict[str, Formula] = {
    "h_prev": lambda h, h0, t: h[:, t - 2] if t != 1 else h0,
    "h_t": lambda h, t: h[:, t - 1],
    "x_t": lambda x, t: x[:, t - 1],
    **{name: of(f"all_{name} t", lambda values, t: values[:, t - 1]) for name in ("c_prev", "c_t", *GATES)},
}

WALK_MISTAKES = (
    mistake(
        "nothing_carried",
        "Neither dh nor dc is carried: every step gets dh[:, t] and dc_T alone, and nothing of what the step after it"
        " sends back.",
        dh_total=lambda dh_t: dh_t,
        dc_next=lambda dc_T: dc_T,
    ),
    *(
        replace(known, sentence=DROPPED) if known.name == "dh_next_not_added" else known
        for known in carried("h", "Wh", beside={"dc_sent": "dc_T"})
    ),
    *GATED,
    mistake(
        "step_arguments_swapped",
        "The step gets its two gradients in the wrong order: dh_total comes first, then dc_next.",
        dc_next=lambda dh, t, dh_sent: dh[:, t] + dh_sent,
        dh_total=lambda dc_sent: dc_sent,
    ),
    mistake(
        "dc_T_added_at_every_step",
        "dc_T is added at every step; it arrives at the last cell state, and goes on from there in what the steps send"
        " back.",
        dc_next=lambda dc_sent, dc_T: dc_sent + dc_T,
        dc_sent=lambda dc_T: np.zeros_like(dc_T),
    ),
    mistake(
        "dc_T_added_again",
        "The walk starts from dc_T, and dc_T is added at every step again.",
        dc_next=lambda dc_sent, dc_T: dc_sent + dc_T,
    ),
    mistake(
        "dh_next_for_dc_next",
        "The step gets dh_next where dc_next belongs; what a step sends back to the cell is not used.",
        dc_next=lambda dh_sent: dh_sent,
    ),
    mistake(
        "dh_starts_as_dc_T",
        "dh_next starts as dc_T, which is the gradient of the last cell state; nothing comes for the hidden state after"
        " the last step.",
        dh_sent=lambda dc_T: dc_T,
    ),
    mistake(
        "dc0_is_dc_T",
        "dc0 is dc_T; what reaches c0 has gone through all the steps.",
        dc0=lambda dc_T: dc_T,
    ),
    Mistake("cache_of_the_step_before", "The step t gets the cache of step t - 1.", STEP_BEFORE),
    mistake(
        "dh_next_after_output",
        "dh_next is added to dc; it belongs to the hidden state, and goes through the output gate with the rest of dh.",
        dh_total=lambda dh_t: dh_t,
        dc_total=lambda dc_t, dc_next, dh_next: dc_t + dc_next + dh_next,
    ),
    mistake(
        "dh_prev_and_dc_prev_swapped",
        "What a step sends back is taken in another order: its dc_prev is carried as dh_next, and its dh_prev as"
        " dc_next.",
        dh_next=lambda dh_sent, dc_sent, t, T: dc_sent if t < T - 1 else dh_sent,
        dc_next=lambda dh_sent, dc_sent, t, T: dh_sent if t < T - 1 else dc_sent,
        dh0=lambda dc_sent: dc_sent,
        dc0=lambda dh_sent: dh_sent,
    ),
    mistake(
        "dc_T_to_dh",
        "dc_T goes to the last hidden state; it is the gradient of the last cell state.",
        dh_sent=lambda dc_T: dc_T,
        dc_sent=lambda dc_T: np.zeros_like(dc_T),
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

_THROUGH_A_STEP = ("dWh_from_h", "Wx_not_transposed", "db_mean", "weights_mean", "db_first_sequence")
MISTAKES = (*WALK_MISTAKES, *(known for known in WEIGHTS if known.name in _THROUGH_A_STEP))
"""Mistakes in a whole sequence. Those in one step have their own question, which comes first."""


def _states(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the states and the gates of all steps, batch first, from the course's own layer."""
    h, _, kept = unrolled.lstm_forward(given["x"], given["h0"], given["c0"], **weights_of(given))
    o, i, f, g, c_prev = kept.gates.transpose(1, 2, 0, 3)
    return {"h": h, "all_c_prev": c_prev, "all_c_t": f * c_prev + i * g, "all_i": i, "all_f": f, "all_g": g, "all_o": o}


def known(problem: Problem) -> dict[str, Any]:
    """Return what the terms start from: all that is given, with the states of the forward pass."""
    given = problem.given
    dc_T = np.zeros_like(given["h0"]) if given["dc_T"] is None else given["dc_T"]
    return {**given, "dc_T": dc_T, "T": problem.sizes["T"], **_states(given)}


GRADIENTS = ("dx", "dh0", "dc0", "dWx", "dWh", "db")


def right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the states and the gradients of the course's own layer."""
    given = problem.given
    h, c_T, cache = unrolled.lstm_forward(given["x"], given["h0"], given["c0"], **weights_of(given))
    gradients = unrolled.lstm_backward(given["dh"], given["dc_T"], cache)
    return {"h": h, "c_T": c_T, **dict(zip(GRADIENTS, gradients, strict=True))}


UPSTREAM_CASES = (
    Case(" where the gates are saturated", {"saturated": True}, exact=False),
    Case(" with a large upstream gradient", {"upstream": 1e8}),
    Case(" with a tiny upstream gradient", {"upstream": 1e-30}),
    Case(" where one hidden unit is far in saturation and has a huge upstream gradient", {"distracted": True}),
)
CASES = (
    at_one("N", numeric=True),
    at_one("T", numeric=True),
    LONG_CASE,
    Case(" where no loss sits at some of the steps", {"sparse": True}),
    Case(" with dc_T = None, which stands for zeros", {"last_cell": False}, branches=True),
    *UPSTREAM_CASES,
)
LARGE = {"N": 2, "T": 2, "D": 68, "H": 70}

sequence = Calculation(
    draw,
    right,
    WALK,
    known,
    equation="lstm-dh",
    forward_equation="lstm-cell",
    gates=tuple(GATES),
    back_in_time=True,
    mistakes=MISTAKES,
    cases=CASES,
    square=SQUARE,
    large=LARGE,
    quiet=whisper(Wx=0, Wh=0, dh=-1, dc_T=-1),
)
"""A whole sequence backward."""

published = replace(sequence, mistakes=(*MISTAKES, *COPIED))
"""The same, where a line for each gate's bias has been copied and not changed."""


def _known_step(problem: Problem) -> dict[str, Any]:
    given = problem.given
    z = np.split(given["x_t"] @ given["Wx"] + given["h_prev"] @ given["Wh"] + given["b"], 4, axis=1)
    return {**given, **right_step(problem), **{f"z_{gate}": part for gate, part in zip(GATES, z, strict=True)}}


def _right_step(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    h, c_t, cache = unrolled.lstm_forward(given["x_t"][:, None], given["h_prev"], given["c_prev"], **weights_of(given))
    dx, *others = unrolled.lstm_backward(given["dh_total"][:, None], given["dc_next"], cache)
    names = ("dh_prev", "dc_prev", "dWx", "dWh", "db")
    return {"h_t": h[:, 0], "c_t": c_t, "dx_t": dx[:, 0], **dict(zip(names, others, strict=True))}


def _step_loss(given: Mapping[str, Any]) -> LossWalk:
    """Return a loss that depends on h_t and c_t as the gradients that arrive say."""
    came = yield given
    return np.sum(came["h_t"] * given["dh_total"]) + np.sum(came["c_t"] * given["dc_next"])


step = Calculation(
    step_of(draw),
    _right_step,
    Once(STEP_TERMS),
    _known_step,
    loss=_step_loss,
    equation="lstm-dc",
    forward_equation="lstm-cell",
    gates=tuple(GATES),
    back_in_time=True,
    mistakes=STEP_MISTAKES,
    cases=(at_one("N", numeric=True), *UPSTREAM_CASES),
    square=SQUARE,
    large=LARGE | {"T": 1},
    quiet=whisper(Wx=0, Wh=0, dh_total=-1, dc_next=-1),
)
"""One step backward."""
