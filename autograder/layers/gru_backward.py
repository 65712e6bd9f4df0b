"""The GRU backward: one step with the reset on either side of the product, and whole sequences."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import Affine, Totals, carried, clipped, slopes_of_sigmoid, slopes_of_tanh
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one
from autograder.engine.questions import Calculation, LossWalk
from autograder.engine.quiet import whisper
from autograder.engine.terms import Formula, Once, Term, Walk, batch_first, of, terms
from autograder.layers.gru import GATES, SQUARE, draw, draw_before, right_step, weights_of
from autograder.layers.rnn import LONG_CASE, step_of
from autograder.layers.rnn_backward import SPARSE

INPUT = Affine(
    inputs={"x_t": ("Wx", "dx_t", "dWx_part")},
    bias="db_part",
    equations={"dx_t": "gru-dx", "dWx_part": "gru-dWx", "db_part": "gru-db"},
    dz="da",
)
RECURRENT = Affine(
    inputs={"h_prev": ("Wh", "through", "dWh_part")},
    bias="dbh_part",
    equations={"through": "gru-dh-prev", "dWh_part": "gru-dWh", "dbh_part": "gru-dbh"},
    dz="da_h",
)
TOTALS = Totals({"dWx": "gru-dWx", "dWh": "gru-dWh", "db": "gru-db", "dbh": "gru-dbh"})

MIXTURE = (
    terms("gru-dn", dn=lambda dh_total, z: dh_total * (1 - z))
    | terms("gru-da", da_n=lambda dn, n: dn * (1 - n**2))
    | terms("gru-dz", dz=lambda dh_total, h_prev, n: dh_total * (h_prev - n))
)
GATES_BACK = terms(
    "gru-da",
    da_r=lambda dr, r: dr * r * (1 - r),
    da_z=lambda dz, z: dz * z * (1 - z),
    da=lambda da_r, da_z, da_n: np.hstack([da_r, da_z, da_n]),
)
DIRECT = terms("gru-dh-prev", direct=lambda dh_total, z: dh_total * z)
AFTER = (
    MIXTURE
    | terms("gru-dr", dr=lambda da_n, m: da_n * m, dm=lambda da_n, r: da_n * r)
    | GATES_BACK
    | terms("gru-dh-prev", da_h=lambda da_r, da_z, dm: np.hstack([da_r, da_z, dm]))
    | DIRECT
    | INPUT.terms
    | RECURRENT.terms
    | terms("gru-dh-prev", dh_prev=lambda direct, through: direct + through)
)
BEFORE = (
    MIXTURE
    | terms(
        "gru-dr-before",
        dm=lambda da_n, Wh: da_n @ np.split(Wh, 3, axis=1)[2].T,
        dr=lambda dm, h_prev: dm * h_prev,
    )
    | GATES_BACK
    | DIRECT
    | INPUT.terms
    | terms(
        "gru-dh-prev",
        through_m=lambda dm, r: dm * r,
        through_gates=lambda da_r, da_z, Wh: np.hstack([da_r, da_z]) @ Wh[:, : 2 * len(Wh)].T,
        dh_prev=lambda direct, through_m, through_gates: direct + through_m + through_gates,
    )
    | terms(
        "gru-dWh",
        dWh_gates=lambda h_prev, da_r, da_z: h_prev.T @ np.hstack([da_r, da_z]),
        dWh_n=lambda m, da_n: m.T @ da_n,
        dWh=lambda dWh_gates, dWh_n: np.hstack([dWh_gates, dWh_n]),
    )
    | terms("gru-dWx", dWx=lambda dWx_part: dWx_part)
    | terms("gru-db", db=lambda db_part: db_part)
)
ARRIVES = terms("gru-dh", dh_total=lambda dh_total: dh_total)
"""What arrives at a step is given to it; a mistake may spoil it all the same."""

STEP_TERMS = (
    ARRIVES
    | AFTER
    | terms("gru-dWx", dWx=lambda dWx_part: dWx_part)
    | terms("gru-dWh", dWh=lambda dWh_part: dWh_part)
    | terms("gru-db", db=lambda db_part: db_part)
    | terms("gru-dbh", dbh=lambda dbh_part: dbh_part)
)
BEFORE_TERMS = ARRIVES | BEFORE


def _at_step(name: str) -> Formula:
    return of(f"all_{name} t", lambda values, t: values[:, t])


WALK = Walk(
    order=terms("gru-dh", order=lambda T: range(T - 1, -1, -1))["order"],
    start=terms("gru-dh", dh_sent=lambda h0: np.zeros_like(h0)),
    step=(
        terms("gru-dx", x_t=lambda x, t: x[:, t])
        | terms("gru-dWh", h_prev=lambda h, h0, t: h[:, t - 1] if t else h0, h_t=lambda h, t: h[:, t])
        | {gate: Term(_at_step(gate), "gru-da") for gate in GATES}
        | {"m": Term(_at_step("m"), "gru-dr")}
        | terms("gru-dh", dh_next=lambda dh_sent: dh_sent)
        | terms("gru-dh", dh_t=lambda dh, t: dh[:, t], dh_total=lambda dh_t, dh_next: dh_t + dh_next)
        | AFTER
    ),
    carried={"dh_sent": "dh_prev"},
    results=(
        terms("gru-dx", dx=lambda dx_t, visited: batch_first(dx_t, visited))
        | terms("gru-dh-prev", dh0=lambda dh_sent: dh_sent)
        | TOTALS.terms
    ),
)


def _changed_places(one: str, other: str, arrays: Mapping[str, str]) -> Mistake:
    """Return the mistake of two blocks that stand in each other's place, in the arrays that name their last block."""
    places = {one: other, other: one}
    order = [places.get(gate, gate) for gate in GATES]
    made = {
        array: of(" ".join(last if gate == "n" else f"da_{gate}" for gate in order), lambda *parts: np.hstack(parts))
        for array, last in arrays.items()
    }
    return Mistake(
        f"da_swapped_{one}_{other}",
        f"In da the {GATES[one]} and the {GATES[other]} have changed places. The order is r, z, n.",
        made,
        "da.swapped",
    )


BOTH_GATES = "Reset gate r and update gate z"


def _for_both_gates() -> tuple[Mistake, ...]:
    """Return what goes wrong in the slope of the sigmoid, made for both gates."""
    gate_by_gate = [slopes_of_sigmoid(f"da_{gate}", f"d{gate}", gate, where=BOTH_GATES) for gate in "rz"]
    return tuple(
        replace(
            same[0],
            name=f"{same[0].name}_of_both_gates",
            terms={name: formula for known in same for name, formula in known.terms.items()},
        )
        for same in zip(*gate_by_gate, strict=True)
    )


SLOPES = (
    *(
        known
        for gate in "rz"
        for known in slopes_of_sigmoid(f"da_{gate}", f"d{gate}", gate, where=GATES[gate].capitalize(), tag=gate)
    ),
    *_for_both_gates(),
    *(
        Mistake(
            f"slope_of_a_{gate}",
            f"{GATES[gate].capitalize()}: the derivative of the sigmoid is taken of the pre-activation a, but the"
            " formula wants the gate that the sigmoid made of it.",
            {f"da_{gate}": of(f"d{gate} a_{gate}", lambda d, a: d * a * (1 - a))},
            "slopes.of_a",
        )
        for gate in "rz"
    ),
    *(
        Mistake(
            f"slope_of_{other}_for_{one}",
            f"{GATES[one].capitalize()}: the slope is that of the {GATES[other]}: a copied line?",
            {f"da_{one}": of(f"d{one} {other}", lambda d, gate: d * gate * (1 - gate))},
            "slopes.copied",
        )
        for one, other in ("rz", "zr")
    ),
    mistake(
        "slopes_missing",
        "Neither the reset and the update gate nor the candidate has a slope: da is put together without any.",
        da_n=lambda dn: dn,
        da_r=lambda dr: dr,
        da_z=lambda dz: dz,
    ),
    *slopes_of_tanh("da_n", "dn", "n", value="n", symbol="n", where="Candidate n", tag="n"),
    mistake(
        "tanh_derivative_of_a_n",
        "Candidate n: the derivative of tanh is taken of the pre-activation a, but the formula with the square wants"
        " n, which tanh made of it.",
        da_n=lambda dn, a_n: dn * (1 - a_n**2),
    ),
)
"""What goes wrong where a gradient passes an activation."""

SHARES = (
    mistake(
        "z_turned_round",
        "z and 1 - z have changed places everywhere: this is the way back of a layer whose z keeps the candidate. Here"
        " z keeps the state before.",
        dn=lambda dh_total, z: dh_total * z,
        direct=lambda dh_total, z: dh_total * (1 - z),
        dz=lambda dh_total, h_prev, n: dh_total * (n - h_prev),
    ),
    mistake(
        "shares_swapped",
        "z and 1 - z have changed places in what goes to the candidate n and straight to the state before.",
        dn=lambda dh_total, z: dh_total * z,
        direct=lambda dh_total, z: dh_total * (1 - z),
    ),
    mistake(
        "dn_by_z",
        "Candidate n: dn is multiplied with z; the candidate's share of h_t is what z leaves.",
        dn=lambda dh_total, z: dh_total * z,
    ),
    mistake(
        "direct_by_one_minus_z",
        "On its direct way to the state before the gradient is multiplied with 1 - z, which is the candidate's share.",
        direct=lambda dh_total, z: dh_total * (1 - z),
    ),
    mistake(
        "direct_path_missing",
        "The direct path to the state before is missing: what z keeps of it reaches h_t without any weights.",
        direct=lambda dh_total: np.zeros_like(dh_total),
    ),
    mistake(
        "direct_without_z",
        "On its direct way to the state before the gradient is not multiplied with the update gate z.",
        direct=lambda dh_total: dh_total,
    ),
    mistake(
        "direct_with_r",
        "On its direct way to the state before the gradient is multiplied with the reset gate r, too; r acts on the"
        " candidate's way alone.",
        direct=lambda dh_total, z, r: dh_total * z * r,
    ),
    mistake(
        "direct_from_da_n",
        "The direct way to the state before starts from the gradient at the candidate's pre-activation; has a variable"
        " been overwritten?",
        direct=lambda da_n, z: da_n * z,
    ),
    mistake(
        "dn_without_share",
        "Candidate n: dn is the whole gradient of h_t; the candidate has a share in it that z leaves.",
        dn=lambda dh_total: dh_total,
    ),
    mistake(
        "dz_sign",
        "Update gate z: dz has the opposite sign; what grows with z is the part of the state before.",
        dz=lambda dh_total, h_prev, n: dh_total * (n - h_prev),
    ),
    mistake(
        "dz_from_h_prev",
        "Update gate z: dz is made with the state before alone; the candidate's share depends on z, too.",
        dz=lambda dh_total, h_prev: dh_total * h_prev,
    ),
    mistake(
        "dz_from_n",
        "Update gate z: dz is made with the candidate n alone; what is kept of the state before depends on z, too.",
        dz=lambda dh_total, n: -dh_total * n,
    ),
    mistake(
        "dz_from_n_with_sign",
        "Update gate z: dz is made with the candidate n alone, and with its sign; what is kept of the state before"
        " depends on z, too.",
        dz=lambda dh_total, n: dh_total * n,
    ),
    mistake(
        "dz_from_sum",
        "Update gate z: dz is made with the sum of the state before and the candidate; as one share grows the other"
        " one falls.",
        dz=lambda dh_total, h_prev, n: dh_total * (h_prev + n),
    ),
    mistake(
        "dz_from_h_t",
        "Update gate z: dz is made with what the step changed; the candidate n belongs there, not the new state.",
        dz=lambda dh_total, h_prev, h_t: dh_total * (h_prev - h_t),
    ),
    mistake(
        "dz_from_da_n",
        "Update gate z: dz starts from the gradient at the candidate's pre-activation; has a variable been"
        " overwritten?",
        dz=lambda da_n, h_prev, n: da_n * (h_prev - n),
    ),
)
"""What goes wrong where h_t is a mixture of two."""

IN_BOTH = (
    *SHARES,
    *(
        Mistake(
            f"da_{gate}_zero",
            f"Nothing goes back through the {GATES[gate]}: its part of da is zero.",
            {f"da_{gate}": of(f"d{gate}", np.zeros_like)},
            "da.zero",
        )
        for gate in "rz"
    ),
    mistake("opposite_sign", "Every gradient has the opposite sign.", dh_total=lambda dh_total: -dh_total),
    mistake(
        "divided_by_N",
        "Every gradient is divided by the batch size, but a gradient of the summed loss is a sum.",
        dh_total=lambda dh_total: dh_total / len(dh_total),
    ),
    *clipped("dh_total", "dh_total", lambda dh_total: dh_total),
)

INPUT_MISTAKES = tuple(known for known in INPUT.mistakes(square="Wx") if known.name != "weights_mean")


def _mean(of_what: Mapping[str, Formula]) -> Mistake:
    return Mistake(
        "weights_mean",
        "The gradients of the weights are divided by the batch size, but a gradient of the summed loss is a sum.",
        of_what,
        "products.weights_mean",
    )


def _without(gate: str) -> Formula:
    """Return the formula of what goes back to the state before where one of the three ways through Wh is missing."""
    place = list(GATES).index(gate)

    def through(da_h: np.ndarray, Wh: np.ndarray) -> np.ndarray:
        parts = np.split(da_h, 3, axis=1)
        parts[place] = np.zeros_like(parts[place])
        return np.hstack(parts) @ Wh.T

    return of("da_h Wh", through)


AFTER_PRODUCTS = (
    mistake(
        "dr_without_product",
        "Reset gate r: dr is the gradient at the candidate's pre-activation as it is; r multiplies the recurrent"
        " product there.",
        dr=lambda da_n: da_n,
    ),
    mistake(
        "dr_from_h_prev",
        "Reset gate r: dr is made with the state before; r multiplies what the product with Wh has made of it.",
        dr=lambda da_n, h_prev: da_n * h_prev,
    ),
    mistake(
        "dr_of_the_other_variant",
        "Reset gate r: dr is that of the variant whose reset stands before the product.",
        dr=lambda da_n, h_prev, Wh: (da_n @ np.split(Wh, 3, axis=1)[2].T) * h_prev,
    ),
    mistake(
        "dr_without_bias",
        "Reset gate r: dr is made with the recurrent product alone; the bias bh stands inside the reset, too.",
        dr=lambda da_n, h_prev, Wh: da_n * (h_prev @ np.split(Wh, 3, axis=1)[2]),
    ),
    mistake(
        "dr_with_r",
        "Reset gate r: dr is multiplied with r itself; the factor beside r is m alone.",
        dr=lambda da_n, m, r: da_n * m * r,
    ),
    mistake(
        "dr_before_tanh",
        "Reset gate r: dr is made from dn, so that it skips the slope of tanh in the candidate n.",
        dr=lambda dn, m: dn * m,
    ),
    mistake(
        "dr_and_dm_exchanged",
        "dr and dm have each other's factor: of a product r times m each gets the other one.",
        dr=lambda da_n, r: da_n * r,
        dm=lambda da_n, m: da_n * m,
    ),
    mistake(
        "da_and_da_h_exchanged",
        "The two arrays have changed places: the one with dm belongs to the side of the state, the other to that of the"
        " input.",
        dx_t=lambda da_h, Wx: da_h @ Wx.T,
        dWx_part=lambda x_t, da_h: x_t.T @ da_h,
        db_part=lambda da_h: da_h.sum(axis=0),
        through=lambda da, Wh: da @ Wh.T,
        dWh_part=lambda h_prev, da: h_prev.T @ da,
        dbh_part=lambda da: da.sum(axis=0),
    ),
    mistake(
        "dm_without_r",
        "The gradient goes back to m without the reset gate r, which multiplies m.",
        dm=lambda da_n: da_n,
    ),
    mistake(
        "dm_by_one_minus_r",
        "On its way to m the gradient is multiplied with 1 - r; what m is multiplied with is r.",
        dm=lambda da_n, r: da_n * (1 - r),
    ),
    mistake(
        "dm_before_tanh",
        "dm is made from dn, so that it skips the slope of tanh in the candidate n.",
        dm=lambda dn, r: dn * r,
    ),
    mistake(
        "dm_by_z",
        "On its way to m the gradient is multiplied with the update gate z; what m is multiplied with is another gate.",
        dm=lambda da_n, z: da_n * z,
    ),
    mistake(
        "dr_and_dm_before_tanh",
        "The slope of tanh in the candidate n is missing on the way to r and to m.",
        dr=lambda dn, m: dn * m,
        dm=lambda dn, r: dn * r,
    ),
    mistake(
        "dbh_from_db",
        "dbh is db; the recurrent bias of the candidate n stands inside the reset, so that its gradient differs.",
        dbh_part=lambda da: da.sum(axis=0),
    ),
    mistake(
        "db_from_dbh",
        "db is dbh; b stands outside the reset, so that its gradient in the candidate n is another one.",
        db_part=lambda da_h: da_h.sum(axis=0),
    ),
    mistake(
        "dWh_from_da",
        "dWh is made with the gradient on the side of the input; behind the reset the block of the candidate n has"
        " another one.",
        dWh_part=lambda h_prev, da: h_prev.T @ da,
    ),
    mistake(
        "dh_prev_from_da",
        "On its way through Wh to the state before the gradient of the candidate n does not pass the reset gate r.",
        through=lambda da, Wh: da @ Wh.T,
    ),
    mistake(
        "dWh_and_dbh_from_da",
        "dWh and dbh are made with the gradient on the side of the input; behind the reset the block of the candidate"
        " n has another one.",
        dWh_part=lambda h_prev, da: h_prev.T @ da,
        dbh_part=lambda da: da.sum(axis=0),
    ),
    mistake(
        "dx_from_da_h",
        "dx is made with the gradient behind the reset; the input enters the candidate n without one.",
        dx_t=lambda da_h, Wx: da_h @ Wx.T,
    ),
    mistake(
        "dWx_from_da_h",
        "dWx is made with the gradient behind the reset; the input enters the candidate n without one.",
        dWx_part=lambda x_t, da_h: x_t.T @ da_h,
    ),
    mistake(
        "input_side_from_da_h",
        "dx, dWx and db are made with the gradient behind the reset; the input enters the candidate n without one.",
        dx_t=lambda da_h, Wx: da_h @ Wx.T,
        dWx_part=lambda x_t, da_h: x_t.T @ da_h,
        db_part=lambda da_h: da_h.sum(axis=0),
    ),
    mistake(
        "only_the_direct_path",
        "Only the direct path leads to the state before; what goes through Wh into the three blocks is missing.",
        dh_prev=lambda direct: direct,
    ),
    *(
        Mistake(
            f"dh_prev_not_through_{gate}",
            f"Of the ways to the state before the one through the {GATES[gate]} is missing.",
            {"through": _without(gate)},
            "through.missing",
        )
        for gate in GATES
    ),
    *(_changed_places(one, other, {"da": "da_n", "da_h": "dm"}) for one, other in combinations(GATES, 2)),
    mistake(
        "dWh_from_h",
        "dWh multiplies the gradient with the hidden state this step made, not with the one it started from.",
        dWh_part=lambda h_t, da_h: h_t.T @ da_h,
    ),
    mistake(
        "dWh_of_the_other_variant",
        "In the block of the candidate n dWh is that of the variant whose reset stands before the product.",
        dWh_part=lambda h_prev, r, da_r, da_z, da_n: np.hstack(
            [h_prev.T @ da_r, h_prev.T @ da_z, (r * h_prev).T @ da_n]
        ),
    ),
    *(known for known in RECURRENT.mistakes() if known.name != "weights_mean"),
    _mean(
        {
            "dWx_part": of("x_t da", lambda x, da: x.T @ da / len(x)),
            "dWh_part": of("h_prev da_h", lambda h, da: h.T @ da / len(h)),
            "db_part": of("da", lambda da: da.mean(axis=0)),
            "dbh_part": of("da_h", lambda da: da.mean(axis=0)),
        }
    ),
)
"""What goes wrong around a reset behind the product."""

BEFORE_PRODUCTS = (
    mistake(
        "dr_with_m",
        "Reset gate r: dr is made as in the other variant, with m beside it; here the weights come first, and what r"
        " multiplies is the state before.",
        dr=lambda da_n, m: da_n * m,
    ),
    mistake(
        "dm_with_r",
        "dm is made as in the other variant, with r; here the weights stand between m and the candidate's"
        " pre-activation.",
        dm=lambda da_n, r: da_n * r,
    ),
    mistake(
        "dm_with_r_and_weights",
        "dm is multiplied with the reset gate r; r acts behind it, on the way from m to the state before.",
        dm=lambda da_n, r, Wh: (da_n * r) @ np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake(
        "dWh_with_dm",
        "In the block of the candidate n dWh is made as in the other variant, with the state before and dm; here m went"
        " through these weights, and what arrives behind them is the gradient at the candidate's pre-activation.",
        dWh_n=lambda h_prev, dm: h_prev.T @ dm,
    ),
    mistake(
        "da_with_dm",
        "In da the candidate's block is dm; what belongs there is the gradient at the candidate's pre-activation.",
        da=lambda da_r, da_z, dm: np.hstack([da_r, da_z, dm]),
    ),
    mistake(
        "candidate_counted_twice",
        "The way through the candidate n to the state before is counted twice: through all of Wh, and by dm.",
        through_gates=lambda da_r, da_z, da_n, Wh: np.hstack([da_r, da_z, da_n]) @ Wh.T,
    ),
    mistake(
        "dm_through_Wh",
        "dm goes through Wh to the state before; it has come through these weights already.",
        through_m=lambda dm, Wh: dm @ np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake(
        "dm_through_Wh_with_r",
        "What m sends back goes through Wh once more on its way to the state before; it has come through these weights"
        " already.",
        through_m=lambda dm, r, Wh: (dm * r) @ np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake(
        "dr_without_product",
        "Reset gate r: dr is made without the recurrent product; between r and the candidate's pre-activation stand"
        " weights.",
        dr=lambda da_n, h_prev: da_n * h_prev,
    ),
    mistake(
        "dr_of_the_other_variant",
        "Reset gate r: dr is that of the variant whose reset stands behind the product.",
        dr=lambda da_n, h_prev, Wh: da_n * (h_prev @ np.split(Wh, 3, axis=1)[2]),
    ),
    mistake(
        "dr_without_h_prev",
        "Reset gate r: dr is dm as it is; the factor beside r is the state before.",
        dr=lambda dm: dm,
    ),
    mistake(
        "dr_from_m",
        "Reset gate r: dr multiplies m, in which r has been multiplied in already.",
        dr=lambda dm, m: dm * m,
    ),
    mistake(
        "dm_not_transposed",
        "The block of Wh that belongs to the candidate n is not transposed where the gradient goes back to m.",
        dm=lambda da_n, Wh: da_n @ np.split(Wh, 3, axis=1)[2],
    ),
    mistake(
        "dm_before_tanh",
        "dm is made from dn, so that it skips the slope of tanh in the candidate n.",
        dm=lambda dn, Wh: dn @ np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake(
        "dm_without_weights",
        "dm is the gradient at the candidate's pre-activation; between the two stands the candidate's block of Wh.",
        dm=lambda da_n: da_n,
    ),
    mistake(
        "dm_by_another_block",
        "dm goes back through the block of Wh that belongs to the reset gate r; the candidate n has the last one.",
        dm=lambda da_n, Wh: da_n @ np.split(Wh, 3, axis=1)[0].T,
    ),
    mistake(
        "dm_by_the_block_of_z",
        "dm goes back through the block of Wh that belongs to the update gate z; the candidate n has the last one.",
        dm=lambda da_n, Wh: da_n @ np.split(Wh, 3, axis=1)[1].T,
    ),
    mistake(
        "through_m_without_r",
        "From m to the state before the gradient does not pass the reset gate r.",
        through_m=lambda dm: dm,
    ),
    mistake(
        "through_m_by_one_minus_r",
        "From m to the state before the gradient is multiplied with 1 - r; m is the state before times r.",
        through_m=lambda dm, r: dm * (1 - r),
    ),
    mistake(
        "through_m_missing",
        "Of the ways to the state before the one through the candidate n and its m is missing.",
        through_m=lambda dm: np.zeros_like(dm),
    ),
    mistake(
        "through_gates_missing",
        "Of the ways to the state before those through the gates r and z are missing.",
        through_gates=lambda da_r: np.zeros_like(da_r),
    ),
    *(
        Mistake(
            f"dh_prev_not_through_{gate}",
            f"Of the ways to the state before the one through the {GATES[gate]} is missing.",
            {"through_gates": of(f"da_{other} Wh", lambda da, Wh, k=k: da @ np.split(Wh, 3, axis=1)[k].T)},
            "through.missing",
        )
        for gate, other, k in (("r", "z", 1), ("z", "r", 0))
    ),
    mistake(
        "only_the_direct_path",
        "Only the direct path leads to the state before; what goes through Wh into the three blocks is missing.",
        dh_prev=lambda direct: direct,
    ),
    mistake(
        "dh_prev_of_the_other_variant",
        "On its way to the state before the gradient of the candidate n passes the reset gate r in front of the"
        " weights; here r stands behind them, seen from the loss.",
        through_m=lambda da_n, r, Wh: (da_n * r) @ np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake(
        "dWh_without_reset",
        "In the block of the candidate n dWh is made with the state before; what is multiplied with Wh there is m.",
        dWh_n=lambda h_prev, da_n: h_prev.T @ da_n,
    ),
    mistake(
        "dWh_from_m_everywhere",
        "dWh is made with m in the blocks of the two gates, too; they read the state before as it is.",
        dWh_gates=lambda m, da_r, da_z: m.T @ np.hstack([da_r, da_z]),
    ),
    mistake(
        "dWh_n_transposed",
        "In the block of the candidate n dWh is transposed.",
        dWh_n=lambda m, da_n: da_n.T @ m,
    ),
    mistake(
        "dWh_from_h",
        "dWh multiplies the gradient of the gates with the hidden state this step made, not with the one it started"
        " from.",
        dWh_gates=lambda h_t, da_r, da_z: h_t.T @ np.hstack([da_r, da_z]),
    ),
    _mean(
        {
            "dWx_part": of("x_t da", lambda x, da: x.T @ da / len(x)),
            "dWh": of("dWh_gates dWh_n da", lambda gates, n, da: np.hstack([gates, n]) / len(da)),
            "db_part": of("da", lambda da: da.mean(axis=0)),
        }
    ),
)
"""What goes wrong around a reset before the product."""

STEP_MISTAKES = (*SLOPES, *IN_BOTH, *AFTER_PRODUCTS, *INPUT_MISTAKES)
STEP_BEFORE_MISTAKES = (*SLOPES, *IN_BOTH, *BEFORE_PRODUCTS, *INPUT_MISTAKES)

SWAPPED_EVERYWHERE = Mistake(
    "da_swapped_r_z_everywhere",
    "In da the reset gate r and the update gate z have changed places. The order is r, z, n.",
    {
        "da": of("da_r da_z da_n", lambda da_r, da_z, da_n: np.hstack([da_z, da_r, da_n])),
        "through_gates": of("da_r da_z Wh", lambda da_r, da_z, Wh: np.hstack([da_z, da_r]) @ Wh[:, : 2 * len(Wh)].T),
        "dWh_gates": of("h_prev da_r da_z", lambda h_prev, da_r, da_z: h_prev.T @ np.hstack([da_z, da_r])),
    },
    "da.swapped",
)
"""With the reset before the product, where all else is made of da, too."""

DROPPED = (
    "dh_next does not reach step t: it is not added to the upstream gradient there, or it is never what step t + 1 sent"
    " back."
)
SUMMED_UP = {"dh_prev": of("dh_next direct through", lambda after, direct, through: after + direct + through)}
CARRIED = {
    "dh_next_not_added": {"sentence": DROPPED},
    "dh_next_summed_up": {"terms": SUMMED_UP},  # a GRU sends back more than what goes through Wh
}
STEP_BEFORE: dict[str, Formula] = {
    "h_prev": lambda h, h0, t: h[:, t - 2] if t != 1 else h0,
    "h_t": lambda h, t: h[:, t - 1],
    "x_t": lambda x, t: x[:, t - 1],
    **{name: of(f"all_{name} t", lambda values, t: values[:, t - 1]) for name in (*GATES, "m")},
}

WALK_MISTAKES = (
    mistake(
        "mixture_from_dh_t",
        "dn and dz are made with the upstream gradient of their own step; they start from the total.",
        dn=lambda dh_t, z: dh_t * (1 - z),
        dz=lambda dh_t, h_prev, n: dh_t * (h_prev - n),
    ),
    *(replace(known, **CARRIED.get(known.name, {})) for known in carried("h", "Wh")),
    Mistake("cache_of_the_step_before", "The step t gets the cache of step t - 1.", STEP_BEFORE),
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
    mistake(
        "dh_added_to_what_is_sent",
        "The upstream gradient of a step is added behind the step, to what it sends back; it belongs to the state that"
        " this step made.",
        dh_total=lambda dh_next: dh_next,
        dh_prev=lambda direct, through, dh_t: direct + through + dh_t,
    ),
    *TOTALS.mistakes,
    mistake(
        "last_step_left_out",
        "The loop over time starts one step too early: the last step, t = T - 1, is left out.",
        order=lambda T: range(T - 2, -1, -1),
    ),
    mistake(
        "db_and_dbh_are_one_array",
        "db and dbh are one array under two names, so that both hold the sum of the two.",
        db=lambda db_part, dbh_part: (db_part + dbh_part).sum(axis=0),
        dbh=lambda db_part, dbh_part: (db_part + dbh_part).sum(axis=0),
    ),
    mistake(
        "dbh_is_db",
        "dbh is db; the recurrent bias of the candidate n stands inside the reset, so that its gradient differs.",
        dbh=lambda db_part: db_part.sum(axis=0),
    ),
)
"""Mistakes that need more than one step to show, and one that is made where the sums are returned."""

_IN_A_STEP = (
    *("dWh_from_h", "Wx_not_transposed", "db_mean", "dbh_mean", "weights_mean", "db_first_sequence"),
    *("only_the_direct_path", "dm_without_r", "dr_without_product", "dr_of_the_other_variant", "no_tanh_derivative_n"),
    *("dr_and_dm_exchanged", "da_and_da_h_exchanged", "dWh_from_da", "dh_prev_from_da"),
)
MISTAKES = (
    *WALK_MISTAKES,
    *SHARES,
    *(known for known in STEP_MISTAKES if known.name in _IN_A_STEP),
)
"""Mistakes in a whole sequence, where the step may be written out in the loop."""

UNTOUCHED = mistake(
    "dn_by_z_without_direct_path",
    "That is still the published function. Which two of its lines are not what the equations say?",
    dn=lambda dh_total, z: dh_total * z,
    direct=lambda dh_total: np.zeros_like(dh_total),
)
"""The published function as it stands, which is not told by its two lines."""

PUBLISHED_MISTAKES = (*MISTAKES, UNTOUCHED)


def _states(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the states and the gates of all steps, batch first, from the course's own layer."""
    h, kept = unrolled.gru_forward(given["x"], given["h0"], **weights_of(given))
    r, z, n, m = kept.gates.transpose(1, 2, 0, 3)
    return {"h": h, "all_r": r, "all_z": z, "all_n": n, "all_m": m}


def known(problem: Problem) -> dict[str, Any]:
    """Return what the terms start from: all that is given, with the states of the forward pass."""
    return {**problem.given, "T": problem.sizes["T"], **_states(problem.given)}


def right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the states and the gradients of the course's own layer."""
    given = problem.given
    h, cache = unrolled.gru_forward(given["x"], given["h0"], **weights_of(given))
    names = ("dx", "dh0", "dWx", "dWh", "db", "dbh")
    return {"h": h, **dict(zip(names, unrolled.gru_backward(given["dh"], cache), strict=True))}


UPSTREAM_CASES = (
    Case(" where the gates are saturated", {"saturated": True}, exact=False),
    Case(" with a large upstream gradient", {"upstream": 1e8}),
    Case(" with a tiny upstream gradient", {"upstream": 1e-30}),
    Case(" where one hidden unit is far in saturation and has a huge upstream gradient", {"distracted": True}),
)
CASES = (at_one("N", numeric=True), at_one("T", numeric=True), LONG_CASE, SPARSE, *UPSTREAM_CASES)
LARGE = {"N": 2, "T": 2, "D": 80, "H": 82}

sequence = Calculation(
    draw,
    right,
    WALK,
    known,
    equation="gru-dh",
    forward_equation="gru-state",
    gates=tuple(GATES),
    back_in_time=True,
    mistakes=MISTAKES,
    cases=CASES,
    square=SQUARE,
    large=LARGE,
    quiet=whisper(Wx=0, Wh=0, dh=-1),
)
"""A whole sequence backward, with the reset after the product."""

published = replace(sequence, mistakes=PUBLISHED_MISTAKES)
"""The same, where the step is written out in the loop and can be wrong in it."""


def _known_step(problem: Problem) -> dict[str, Any]:
    given, made = problem.given, right_step(problem)
    by_x, by_h = given["x_t"] @ given["Wx"] + given["b"], given["h_prev"] @ given["Wh"] + given.get("bh", 0.0)
    x_n, gates = np.split(by_x, 3, axis=1)[2], np.split(by_x + by_h, 3, axis=1)
    by_m = made["r"] * made["m"] if "bh" in given else made["m"] @ np.split(given["Wh"], 3, axis=1)[2]
    return {**given, **made, "a_r": gates[0], "a_z": gates[1], "a_n": x_n + by_m}


def _right_step(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    h, cache = unrolled.gru_forward(given["x_t"][:, None], given["h_prev"], **weights_of(given))
    dx, *others = unrolled.gru_backward(given["dh_total"][:, None], cache)
    names = ("dh_prev", "dWx", "dWh", "db", "dbh")
    return {"h_t": h[:, 0], "dx_t": dx[:, 0], **dict(zip(names, others, strict=True))}


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
    equation="gru-da",
    forward_equation="gru-state",
    gates=tuple(GATES),
    back_in_time=True,
    mistakes=STEP_MISTAKES,
    cases=(at_one("N", numeric=True), *UPSTREAM_CASES),
    square=SQUARE,
    large=LARGE | {"T": 1},
    quiet=whisper(Wx=0, Wh=0, dh_total=-1),
)
"""One step backward, with the reset after the product."""

step_before = replace(
    step,
    draw=step_of(draw_before),
    work_out=Once(BEFORE_TERMS),
    mistakes=(
        *STEP_BEFORE_MISTAKES,
        *(_changed_places(one, other, {"da": "da_n"}) for one, other in combinations(GATES, 2)),
        SWAPPED_EVERYWHERE,
    ),
)
"""One step backward, with the reset before the product."""
