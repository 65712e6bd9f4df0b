"""The GRU forward: one step with the reset on either side of the product, and whole sequences."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import kept_steps
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Formula, Once, Term, Walk, batch_first, of, terms
from autograder.layers import rnn
from autograder.layers.gates import FAR, INPUT_MISSING, kept, sigmoid, wrong_activations

GATES = {"r": "reset gate r", "z": "update gate z", "n": "candidate n"}
"""The blocks in the order in which they stand side by side in a, Wx, Wh, b and bh."""

EQUATIONS = {"r": "gru-reset", "z": "gru-update", "n": "gru-candidate"}


def slices(H: int) -> dict[str, slice]:
    """Return where each block stands along the axis of length 3H."""
    return {gate: slice(k * H, (k + 1) * H) for k, gate in enumerate(GATES)}


def draw(
    rng: np.random.Generator,
    *,
    reset_after: bool = True,
    gain: float = 1.0,
    upstream: float = 20.0,
    initial: bool = True,
    saturated: bool = False,
    one_open: bool = False,
    remembers: bool = False,
    distracted: bool = False,
    sparse: bool = False,
    low: dict[str, int] | None = None,
    **sizes: int | None,
) -> Problem:
    """Draw inputs of a GRU and the gradient dh that arrives at its hidden states.

    Parameters
    ----------
    rng : numpy.random.Generator
    reset_after : bool
        Whether the reset gate acts after the product with Wh. Before it one bias is enough, and there is no bh.
    gain : float
        Scale of the pre-activations: 1 leaves every gate clearly curved.
    upstream : float
        Scale of dh: 20 shows a gradient that is clipped at 10.
    initial : bool
        Whether there is an initial state; otherwise h0 is None.
    saturated : bool
        Put every gate next to 0 or 1, both of them in some unit, and the candidate next to -1 or 1.
    one_open : bool
        Let both gates be open in one unit, so that no gate has tiny numbers alone. Their last digits depend on how σ
        is written, since its error is that of 1.
    remembers : bool
        Let what happens at one end reach the other: update gates near 0.95 and small recurrent weights.
    distracted : bool
        Give one unit a state that nothing moves, and a part of the loss that is a million million times the rest.
    sparse : bool
        Let nothing arrive at the last step and at one before it, as where a loss sits at some steps only.
    low : dict of str to int
        Smallest sizes.
    **sizes : int
        Sizes that are not drawn, such as ``T=1``. Z is always 3H.
    """
    fixed = {letter: size for letter, size in sizes.items() if size is not None and letter != "Z"}
    sizes = draw_sizes(rng, "NTDH", low, **fixed)
    N, T, D, H = sizes.values()
    x = rng.standard_normal((N, T, D))
    h0 = rng.uniform(0.2, 0.9, (N, H)) * rng.choice([-1.0, 1.0], (N, H)) if initial else None
    Wx = gain * rng.standard_normal((D, 3 * H)) / np.sqrt(D)
    Wh = gain * rng.standard_normal((H, 3 * H)) / np.sqrt(H)
    b, bh = gain * 0.5 * rng.standard_normal((2, 3 * H))
    dh = upstream * rng.standard_normal((N, T, H))
    blocks = slices(H)
    if saturated:
        side = rng.choice([-1.0, 1.0], (3, H))
        for gate in side:  # each is open in some unit and shut in another
            gate[rng.permutation(H)[:2]] = [1.0, -1.0][:H]
        b = side.ravel() * rng.uniform(6.5, 7.0, 3 * H)
        bh = 0.1 * np.tanh(bh)
        Wx, Wh = Wx / np.linalg.norm(Wx) / np.abs(x).max() / 5, Wh / np.abs(Wh).sum(axis=0) / 5
    if one_open:
        unit = rng.integers(H)
        for gate in "rz":
            b[blocks[gate]][unit] = 10 * gain
    if remembers:
        Wx, b, bh = 0.5 * Wx, 0.2 * b, 0.2 * bh
        Wh = np.hstack([0.5 * np.linalg.qr(part)[0] for part in np.split(Wh, 3, axis=1)])
        b[blocks["z"]] += 3.0
    if distracted:
        unit = rng.integers(H)
        for gate, far in zip("rzn", (FAR, -FAR, FAR * rng.choice([-1.0, 1.0])), strict=True):
            b[blocks[gate]][unit] = far
        dh[..., unit] *= 1e12
    if sparse:
        dh[:, [-1, rng.integers(T - 2)]] = 0.0
    given = {"x": x, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b, "bh": bh, "dh": dh}
    if not reset_after:
        del given["bh"]
    return Problem({**sizes, "Z": 3 * H}, given)


draw_before = partial(draw, reset_after=False)
"""Draw inputs of a GRU whose reset acts before the product."""


def part_of(gate: str, side: str) -> Formula:
    """Return the formula of a block of what comes from x or from h, all blocks side by side."""
    k = list(GATES).index(gate)
    return of(side, lambda blocks: np.split(blocks, 3, axis=1)[k])


def _sum_of_parts(gate: str) -> Formula:
    """Return the formula of a gate's pre-activation, from the block of another name."""
    k = list(GATES).index(gate)
    return of("by_x by_h", lambda by_x, by_h: sum(np.split(blocks, 3, axis=1)[k] for blocks in (by_x, by_h)))


_FROM = terms(
    "gru-reset",
    previous=lambda h_prev: h_prev,
    from_x=lambda x_t, Wx: x_t @ Wx,
    from_h=lambda previous, Wh: previous @ Wh,
)
_GATES = (
    {"a_r": Term(_sum_of_parts("r"), "gru-reset")}
    | terms("gru-reset", r=lambda a_r: sigmoid(a_r))
    | {"a_z": Term(_sum_of_parts("z"), "gru-update")}
    | terms("gru-update", z=lambda a_z: sigmoid(a_z))
    | {"x_n": Term(part_of("n", "by_x"), "gru-candidate"), "h_n": Term(part_of("n", "by_h"), "gru-candidate")}
)
_STATE = terms(
    "gru-state",
    written=lambda z, n: (1 - z) * n,
    kept=lambda z, previous: z * previous,
    h_t=lambda written, kept: written + kept,
)
STEP_TERMS = (
    _FROM
    | terms("gru-reset", by_x=lambda from_x, b: from_x + b, by_h=lambda from_h, bh: from_h + bh)
    | _GATES
    | terms(
        "gru-candidate",
        m=lambda h_n: h_n,
        passed=lambda r, m: r * m,
        a_n=lambda x_n, passed: x_n + passed,
        n=lambda a_n: np.tanh(a_n),
    )
    | _STATE
)
BEFORE_TERMS = (
    _FROM
    | terms("gru-reset", by_x=lambda from_x, b: from_x + b, by_h=lambda from_h: from_h)
    | {name: replace(term, equation=term.equation.replace("candidate", "candidate-before"))
       for name, term in _GATES.items()}
    | terms(
        "gru-candidate-before",
        Wh_n=lambda Wh: np.split(Wh, 3, axis=1)[2],
        m=lambda r, previous: r * previous,
        passed=lambda m, Wh_n: m @ Wh_n,
        a_n=lambda x_n, passed: x_n + passed,
        n=lambda a_n: np.tanh(a_n),
    )
    | _STATE
)  # fmt: skip
"""`h_n`, the product without a reset, is not used here but by mistakes."""

KEPT = {"x_t": "x_t", "h_prev": "previous", "r": "r", "z": "z", "n": "n", "m": "m"}
"""What a step's cache holds beside the weights, and the term that it is."""

CACHE_EQUATIONS = {"x_t": "gru-reset", "h_prev": "gru-reset", **EQUATIONS, "m": "gru-candidate"}


def _step_cache(candidate: str) -> dict[str, Term]:
    """Return the terms of what a step keeps, where the candidate's equation has this label."""
    equations = {**CACHE_EQUATIONS, "n": candidate, "m": candidate}
    return {
        **{f"cache_{name}": Term(of(source, lambda value: value), equations[name]) for name, source in KEPT.items()},
        **terms("gru-reset", cache_Wx=lambda Wx: Wx, cache_Wh=lambda Wh: Wh),
    }


WALK = Walk(
    order=terms("gru-state", order=lambda T: range(T))["order"],
    start=terms("gru-state", h_prev=lambda h0: h0),
    step=terms("gru-reset", x_t=lambda x, t: x[:, t]) | STEP_TERMS,
    carried={"h_prev": "h_t"},
    results=(
        terms("gru-state", h=lambda h_t, visited: batch_first(h_t, visited))
        | {f"cache_{name}": kept(source, CACHE_EQUATIONS[name]) for name, source in KEPT.items()}
        | terms(
            "gru-reset",
            cache_Wx=lambda Wx, visited: np.repeat(Wx[None], visited.sum(), axis=0),
            cache_Wh=lambda Wh, visited: np.repeat(Wh[None], visited.sum(), axis=0),
            cache_entries=lambda visited: visited.sum(),
        )
    ),
)


def _changed_places(one: str, other: str) -> Mistake:
    """Return the mistake of two blocks that are read from each other's place."""
    places = {one: other, other: one}

    def swapped(blocks: np.ndarray) -> np.ndarray:
        parts = dict(zip(GATES, np.split(blocks, 3, axis=1), strict=True))
        return np.hstack([parts[places.get(gate, gate)] for gate in GATES])

    return Mistake(
        f"swapped_{one}_{other}",
        f"Two blocks are read from each other's place: the {GATES[one]} and the {GATES[other]}. The order is r, z, n.",
        {
            "by_x": of("from_x b", lambda from_x, b: swapped(from_x + b)),
            "by_h": of("from_h bh", lambda from_h, bh: swapped(from_h + bh)),
        },
        "gates.swapped",
    )


def _without_bh(known: Mistake) -> Mistake:
    """Return a mistake of two swapped blocks for the layer that has one bias; Wh is read in another order there."""
    one, other = known.name.split("_")[1:]
    order = [{one: other, other: one}.get(gate, gate) for gate in GATES]
    places = [list(GATES).index(gate) for gate in order]

    def in_order(blocks: np.ndarray) -> np.ndarray:
        parts = np.split(blocks, 3, axis=1)
        return np.hstack([parts[place] for place in places])

    return replace(
        known,
        terms={
            "by_x": of("from_x b", lambda from_x, b: in_order(from_x + b)),
            "by_h": of("from_h", in_order),
            "Wh_n": of("Wh", lambda Wh: np.split(Wh, 3, axis=1)[places[2]]),
        },
    )


SWAPPED = tuple(_changed_places(one, other) for one, other in combinations(GATES, 2))

IN_BOTH = (
    *wrong_activations(GATES, "n", "a_"),
    *(
        Mistake(
            f"{one}_from_the_block_of_{other}",
            f"In the place of the {GATES[one]} stands what the block of the {GATES[other]} gives. The order is r, z,"
            " n.",
            {f"a_{one}": _sum_of_parts(other)},
            "gates.copied",
        )
        for one, other in permutations(GATES, 2)
        if one != "n"
    ),
    mistake("b_missing", "The bias b is not added.", by_x=lambda from_x: from_x),
    mistake(
        "b_twice_in_n",
        "In the candidate n the bias b is added twice.",
        x_n=lambda by_x, b: np.split(by_x + b, 3, axis=1)[2],
    ),
    *(
        Mistake(
            f"x_n_from_the_block_of_{other}",
            f"What comes from the input into the candidate n is read from the block of the {GATES[other]}. The order is"
            " r, z, n.",
            {"x_n": part_of(other, "by_x")},
            "gates.input_copied",
        )
        for other in "rz"
    ),
    mistake("b_subtracted", "The bias b is subtracted.", by_x=lambda from_x, b: from_x - b),
    INPUT_MISSING,
    rnn.WX_TRANSPOSED,
    mistake(
        "z_turned_round",
        "z and 1 - z have changed places: z = 1 keeps the state before, and here it keeps the candidate.",
        written=lambda z, n: z * n,
        kept=lambda z, previous: (1 - z) * previous,
    ),
    mistake(
        "written_by_z",
        "The candidate is multiplied with z; what z keeps of the state before is not there for the candidate.",
        written=lambda z, n: z * n,
    ),
    mistake(
        "kept_by_one_minus_z",
        "The state before is multiplied with 1 - z, which is the candidate's share; z keeps the state.",
        kept=lambda z, previous: (1 - z) * previous,
    ),
    mistake(
        "direct_path_missing",
        "Nothing of the state before is kept: what z keeps of it is not added.",
        kept=lambda previous: np.zeros_like(previous),
    ),
    mistake(
        "nothing_written",
        "Nothing is written: the candidate does not reach the new state.",
        written=lambda n: np.zeros_like(n),
    ),
    mistake(
        "all_kept",
        "All of the state before is kept, whatever the update gate z says.",
        kept=lambda previous: previous,
    ),
    mistake(
        "all_written",
        "All of the candidate n is written, whatever the update gate z says.",
        written=lambda n: n,
    ),
    mistake("update_gate_missing", "The update gate z is not used: the new state is the candidate n.", h_t=lambda n: n),
    mistake(
        "written_and_kept_multiplied",
        "What is written and what is kept are multiplied with each other; they are added.",
        h_t=lambda written, kept: written * kept,
    ),
    mistake(
        "kept_subtracted",
        "What is kept is subtracted from what is written; the two are added.",
        h_t=lambda written, kept: written - kept,
    ),
    mistake(
        "tanh_of_the_state",
        "The new state goes through tanh; only the candidate n does, and no activation stands behind the mixture.",
        h_t=lambda written, kept: np.tanh(written + kept),
    ),
    mistake(
        "reset_state_kept",
        "What z keeps is the state after the reset; the reset gate r is for the candidate alone, and z keeps h_prev"
        " as it was.",
        kept=lambda z, r, previous: z * r * previous,
    ),
    mistake(
        "candidate_without_state",
        "The candidate n is made from the input alone; the state before belongs into it, behind the reset gate r.",
        a_n=lambda x_n: x_n,
    ),
    mistake(
        "passed_subtracted",
        "In the candidate n what the reset lets through is subtracted from what comes from the input; it is added.",
        a_n=lambda x_n, passed: x_n - passed,
    ),
)
"""Mistakes that can be made on either side of the product. Wx can be transposed where D = 3H."""

AFTER_MISTAKES = (
    mistake(
        "reset_before_the_product",
        "The reset gate r multiplies the state before the product with Wh; in this variant it multiplies what comes out"
        " of the product.",
        passed=lambda r, previous, Wh, bh: (r * previous) @ np.split(Wh, 3, axis=1)[2] + np.split(bh, 3)[2],
    ),
    mistake(
        "reset_before_with_bias_inside",
        "The reset gate r multiplies the state before the product with Wh, and the bias bh as well; in this variant it"
        " multiplies the sum of the product and the bias, once.",
        passed=lambda r, previous, Wh, bh: (r * previous) @ np.split(Wh, 3, axis=1)[2] + r * np.split(bh, 3)[2],
    ),
    mistake(
        "bh_outside_the_reset",
        "The recurrent bias of the candidate n is added outside the reset; the reset gate r multiplies it, too.",
        passed=lambda r, m, bh: r * (m - np.split(bh, 3)[2]) + np.split(bh, 3)[2],
    ),
    mistake(
        "reset_of_the_sum",
        "The reset gate r multiplies the whole pre-activation of the candidate n; what comes from the input is not"
        " reset.",
        a_n=lambda r, x_n, m: r * (x_n + m),
    ),
    mistake(
        "reset_of_the_input",
        "The reset gate r multiplies what comes from the input; it belongs to what comes from the state before.",
        a_n=lambda r, x_n, m: r * x_n + m,
    ),
    mistake(
        "reset_missing",
        "The reset gate r is not used: all that comes from the state before enters the candidate n.",
        passed=lambda m: m,
    ),
    mistake(
        "reset_turned_round",
        "The reset gate r is used the wrong way round: r = 1 lets everything through, and here it lets nothing"
        " through.",
        passed=lambda r, m: (1 - r) * m,
    ),
    mistake(
        "bh_missing",
        "The recurrent bias bh is not added.",
        by_h=lambda from_h: from_h,
    ),
    mistake(
        "bh_missing_in_n",
        "In the candidate n the recurrent bias bh is missing.",
        m=lambda h_n, bh: h_n - np.split(bh, 3)[2],
    ),
    mistake(
        "bh_twice_in_n",
        "In the candidate n the recurrent bias bh is added once more inside the reset.",
        passed=lambda r, m, bh: r * (m + np.split(bh, 3)[2]),
    ),
    mistake(
        "bh_once_more_outside",
        "In the candidate n the recurrent bias bh is added once more outside the reset.",
        a_n=lambda x_n, passed, bh: x_n + passed + np.split(bh, 3)[2],
    ),
    mistake(
        "reset_without_product",
        "In the candidate n the reset state is added as it is; what belongs there is the reset gate r times m, which"
        " the block of Wh has made of the state.",
        passed=lambda r, previous: r * previous,
    ),
    mistake(
        "reset_added",
        "In the candidate n the reset gate r is added to m; it multiplies m.",
        passed=lambda r, m: r + m,
    ),
    mistake(
        "m_kept",
        "z keeps m, what the product has made of the state before; it keeps the state itself.",
        kept=lambda z, m: z * m,
    ),
    mistake(
        "b_for_bh",
        "The bias b stands where bh belongs, too.",
        by_h=lambda from_h, b: from_h + b,
    ),
    mistake(
        "bh_for_b",
        "The bias bh stands where b belongs, too.",
        by_x=lambda from_x, bh: from_x + bh,
    ),
    mistake(
        "biases_swapped",
        "b and bh have changed places: b belongs to the product with the input, bh to that with the state before.",
        by_x=lambda from_x, bh: from_x + bh,
        by_h=lambda from_h, b: from_h + b,
    ),
    mistake(
        "recurrence_missing",
        "The previous state does not take part in the three blocks.",
        from_h=lambda from_x: np.zeros_like(from_x),
    ),
    mistake(
        "blocks_interleaved",
        "The three blocks are taken entry by entry in turn; each is a block of H columns that stand side by side.",
        by_x=lambda from_x, b: _in_turn(from_x + b),
        by_h=lambda from_h, bh: _in_turn(from_h + bh),
    ),
)
"""Mistakes around a reset behind the product."""


def _in_turn(blocks: np.ndarray) -> np.ndarray:
    """Return blocks that are read entry by entry in turn, side by side."""
    return np.hstack([blocks[:, k::3] for k in range(3)])


BEFORE_MISTAKES = (
    mistake(
        "reset_after_the_product",
        "The reset gate r multiplies what comes out of the product with Wh; in this variant it multiplies the state"
        " before the product.",
        passed=lambda r, previous, Wh_n: r * (previous @ Wh_n),
    ),
    mistake(
        "reset_on_both_sides",
        "The reset gate r multiplies the state before the product and what comes out of it; once is enough.",
        passed=lambda r, m, Wh_n: r * (m @ Wh_n),
    ),
    mistake(
        "reset_of_the_sum",
        "The reset gate r multiplies the whole pre-activation of the candidate n; in this variant it multiplies the"
        " state before the product.",
        a_n=lambda r, x_n, previous, Wh_n: r * (x_n + previous @ Wh_n),
    ),
    mistake(
        "reset_of_the_input",
        "The reset gate r multiplies what comes from the input; it belongs to the state before.",
        a_n=lambda r, x_n, previous, Wh_n: r * x_n + previous @ Wh_n,
    ),
    mistake(
        "reset_missing",
        "The reset gate r is not used: all of the state before enters the candidate n.",
        m=lambda previous: previous,
    ),
    mistake(
        "reset_turned_round",
        "The reset gate r is used the wrong way round: r = 1 lets everything through, and here it lets nothing"
        " through.",
        m=lambda r, previous: (1 - r) * previous,
    ),
    mistake(
        "reset_without_product",
        "In the candidate n the reset state is added as it is; it has to go through its block of Wh first.",
        passed=lambda m: m,
    ),
    *(
        Mistake(
            f"candidate_weights_of_{other}",
            f"The reset state goes through the block of Wh that belongs to the {GATES[other]}; the candidate n has the"
            " last one.",
            {"Wh_n": of("Wh", lambda Wh, k=k: np.split(Wh, 3, axis=1)[k])},
            "candidate_weights_of_another_block",
        )
        for k, other in enumerate("rz")
    ),
    mistake(
        "candidate_weights_transposed",
        "The block of Wh that belongs to the candidate n is transposed. States are rows here, and Wh stands to their"
        " right.",
        Wh_n=lambda Wh: np.split(Wh, 3, axis=1)[2].T,
    ),
    mistake("b_twice", "The bias b is added twice; here it is the only one.", by_x=lambda from_x, b: from_x + 2 * b),
    mistake(
        "recurrence_missing_in_gates",
        "The previous state does not take part in the two gates.",
        by_h=lambda from_h: np.zeros_like(from_h),
    ),
    mistake(
        "reset_in_all_blocks",
        "The update gate z reads the reset state as well; the reset is for the candidate n alone.",
        a_z=lambda by_x, r, previous, Wh: (
            np.split(by_x, 3, axis=1)[1] + (r * previous) @ np.split(Wh, 3, axis=1)[1]
        ),
    ),
)  # fmt: skip
"""Mistakes around a reset before the product."""

KEPT_IN_ONE_STEP = (
    mistake(
        "cache_h_t_for_h_prev",
        "The cache holds the hidden state after the step where the one before it belongs.",
        cache_h_prev=lambda h_t: h_t,
    ),
    *(
        Mistake(
            f"cache_a_for_{gate}",
            f"The cache holds the pre-activation of the {GATES[gate]} where the {GATES[gate]} itself belongs.",
            {f"cache_{gate}": of(f"a_{gate}", lambda a: a)},
            "cache.pre_activation",
        )
        for gate in GATES
    ),
    mistake(
        "cache_one_minus_z_for_z",
        "The cache holds 1 - z where z belongs.",
        cache_z=lambda z: 1 - z,
    ),
    mistake(
        "cache_passed_for_m",
        "The cache holds as m what goes on into the candidate n; the docstring says what m is.",
        cache_m=lambda passed: passed,
    ),
)
KEPT_AFTER = mistake(
    "cache_m_without_bias",
    "The cache holds an m without its bias bh, which is inside the reset.",
    cache_m=lambda h_n, bh: h_n - np.split(bh, 3)[2],
)
KEPT_BEFORE = mistake(
    "cache_h_prev_for_m",
    "The cache holds the state before as m; m is that state behind the reset gate r.",
    cache_m=lambda previous: previous,
)

STEP_MISTAKES = (*SWAPPED, *IN_BOTH, *AFTER_MISTAKES)
STEP_BEFORE_MISTAKES = (*map(_without_bh, SWAPPED), *IN_BOTH, *BEFORE_MISTAKES)


def _steps_kept() -> tuple[Mistake, ...]:
    """Return what goes wrong in the list of the steps' caches, which hold no state after the step."""
    return tuple(
        replace(known, terms={name: made for name, made in known.terms.items() if name != "cache_h_t"})
        for known in kept_steps({**KEPT, "h_t": "h_t"})
        if known.name != "cache_last_state_everywhere"
    )


def weights_of(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return Wx, Wh and b, with bh and on which side of the product the reset acts."""
    after = "bh" in given
    return {**{name: given[name] for name in ("Wx", "Wh", "b")}, "bh": given.get("bh"), "reset_after": after}


def _known(problem: Problem) -> dict[str, Any]:
    given, sizes = problem.given, problem.sizes
    h0 = np.zeros((sizes["N"], sizes["H"])) if given["h0"] is None else given["h0"]
    return {**given, "h0": h0, "T": sizes["T"]}


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    return {"h": unrolled.gru_forward(given["x"], given["h0"], **weights_of(given))[0]}


def right_step(problem: Problem) -> dict[str, np.ndarray]:
    """Return the state, the gates and m of one step of the course's own layer."""
    given = problem.given
    h, cache = unrolled.gru_forward(given["x_t"][:, None], given["h_prev"], **weights_of(given))
    r, z, n, m = cache.gates[0]
    return {"h_t": h[:, 0], "r": r, "z": z, "n": n, "m": m}


LARGE_STATES = Case(" where the gates are saturated", {"gain": 40.0, "one_open": True})
SQUARE = {"D": 6, "H": 2}
STEP_CASES = (at_one("N"), at_one("D"), at_one("H"), LARGE_STATES)

step = Calculation(
    rnn.step_of(draw),
    right_step,
    Once(STEP_TERMS | _step_cache("gru-candidate")),
    lambda problem: problem.given,
    equation="gru-state",
    mistakes=(*STEP_MISTAKES, *KEPT_IN_ONE_STEP, KEPT_AFTER),
    cases=STEP_CASES,
    square=SQUARE,
)
"""One step with the reset after the product."""

step_before = Calculation(
    rnn.step_of(draw_before),
    right_step,
    Once(BEFORE_TERMS | _step_cache("gru-candidate-before")),
    lambda problem: problem.given,
    equation="gru-state",
    mistakes=(*STEP_BEFORE_MISTAKES, *KEPT_IN_ONE_STEP, KEPT_BEFORE),
    cases=STEP_CASES,
    square=SQUARE,
)
"""One step with the reset before the product."""

sequence = Calculation(
    draw,
    _right,
    WALK,
    _known,
    equation="gru-state",
    mistakes=(
        *rnn.WALK_MISTAKES,
        *rnn.RESHAPED,
        *_steps_kept(),
        rnn.RETURN_IN_LOOP,
        *(known for known in AFTER_MISTAKES if known.name == "biases_swapped"),
    ),
    cases=(*rnn.SMALLEST, rnn.LONG_CASE, LARGE_STATES, rnn.WITHOUT_H0),
)
"""All hidden states of a batch of sequences, with the reset after the product."""


def _draw_mixture(rng: np.random.Generator, *, lowest: float = 0.1, highest: float = 0.9, **sizes: int) -> Problem:
    """Draw a state, a candidate that is far enough from it, and what lies between them."""
    sizes = draw_sizes(rng, "NH", None, **{letter: size for letter, size in sizes.items() if letter in "NH"})
    N, H = sizes.values()
    h_prev = rng.uniform(0.1, 0.9, (N, H)) * rng.choice([-1.0, 1.0], (N, H))
    n = h_prev + rng.uniform(0.2, 0.8, (N, H)) * np.where(h_prev > 0, -1.0, 1.0)
    z = rng.uniform(lowest, highest, (N, H))
    return Problem(sizes, {"h_prev": h_prev, "n": n, "h_t": n + z * (h_prev - n)})


mixture = Calculation(
    _draw_mixture,
    lambda problem: {
        "z": 1 - (problem.given["h_prev"] - problem.given["h_t"]) / (problem.given["h_prev"] - problem.given["n"])
    },
    Once(
        terms(
            "gru-state",
            moved=lambda h_t, n: h_t - n,
            whole=lambda h_prev, n: h_prev - n,
            z=lambda moved, whole: moved / whole,
        )
    ),
    lambda problem: problem.given,
    equation="gru-state",
    mistakes=(
        mistake("one_minus_z", "That is 1 - z, the candidate's share; z is the share of the state before.",
                z=lambda h_prev, h_t, n: (h_prev - h_t) / (h_prev - n)),
        mistake("negative_z", "z is negative: the differences above and below the line run in opposite directions.",
                z=lambda moved, whole: -moved / whole),
        mistake("fraction_turned_over", "The fraction is turned over.", z=lambda moved, whole: whole / moved),
        mistake("other_part_below", "Below the line stands the way from the state before to the new one; it is the"
                " whole way from the candidate to the state before.", whole=lambda h_prev, h_t: h_prev - h_t),
        mistake("candidate_not_subtracted_below", "The candidate is not subtracted from the state before.",
                whole=lambda h_prev: h_prev),
        mistake("candidate_not_subtracted_above", "The candidate is not subtracted from the new state.",
                moved=lambda h_t: h_t),
        mistake("candidate_left_out", "The candidate is left out: that is what the new state is of the one before.",
                moved=lambda h_t: h_t, whole=lambda h_prev: h_prev),
        mistake("sum_below", "Below the line stands the sum of the state and the candidate; it is their difference.",
                whole=lambda h_prev, n: h_prev + n),
        mistake("sum_above", "Above the line stands the sum of the new state and the candidate; it is their"
                " difference.", moved=lambda h_t, n: h_t + n),
        mistake("difference_only", "That is how far the new state is from the candidate; z is which share of the whole"
                " way that is.", z=lambda moved: moved),
        mistake("gate_of_a_gate", "The sigmoid is applied to z; what the mixture gives is the gate itself.",
                z=lambda moved, whole: sigmoid(moved / whole)),
        mistake("one_z_for_all", "One z is worked out for the whole array; every entry has its own.",
                z=lambda moved, whole: np.full_like(moved, moved.sum() / whole.sum())),
        mistake("pre_activation_of_z", "That is the pre-activation of z; the gate itself is asked for.",
                z=lambda moved, whole: np.log(moved / (whole - moved))),
        mistake("other_part_below_negative", "Below the line stands the way from the new state to the one before;"
                " it is the whole way from the candidate to the state before.",
                whole=lambda h_prev, h_t: h_t - h_prev),
        mistake("one_minus_z_negative", "That is 1 - z with a minus sign. z is the share of the state before:"
                " how far the new state is from the candidate.",
                z=lambda h_prev, h_t, n: (h_t - h_prev) / (h_prev - n)),
        mistake("brackets_missing_above", "Brackets are missing above the line: only the candidate is divided.",
                z=lambda h_prev, h_t, n: h_t - n / (h_prev - n)),
        mistake("brackets_missing_below", "Brackets are missing below the line: the candidate is subtracted from the"
                " fraction.", z=lambda h_prev, h_t, n: (h_t - n) / h_prev - n),
    ),
    cases=(
        at_one("N"),
        at_one("H"),
        Case(" where z is near 1", {"lowest": 0.99, "highest": 0.999}),
        Case(" where z is near 0", {"lowest": 0.001, "highest": 0.01}),
    ),
)  # fmt: skip
"""The update gate, from the state before, the candidate and the state after."""
