"""The LSTM forward: its gates, one step, whole sequences, a gate held at a value, and how its bias starts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
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

GATES = {"i": "input gate i", "f": "forget gate f", "g": "candidate g", "o": "output gate o"}
"""The gates in the order in which they stand side by side in z, Wx, Wh and b."""

EQUATIONS = {"i": "lstm-input", "f": "lstm-forget", "g": "lstm-candidate", "o": "lstm-output"}


def slices(H: int) -> dict[str, slice]:
    """Return where each gate stands along the axis of length 4H."""
    return {gate: slice(k * H, (k + 1) * H) for k, gate in enumerate(GATES)}


def draw(
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    upstream: float = 20.0,
    absent: tuple[str, ...] = (),
    saturated: bool = False,
    one_open: bool = False,
    remembers: bool = False,
    distracted: bool = False,
    sparse: bool = False,
    last_cell: bool = True,
    low: dict[str, int] | None = None,
    **sizes: int | None,
) -> Problem:
    """Draw inputs of an LSTM, the gradient dh that arrives at its hidden states and dc_T at its last cell state.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain : float
        Scale of the pre-activations: 1 leaves every gate clearly curved.
    upstream : float
        Scale of dh and dc_T: 20 shows a gradient that is clipped at 10.
    absent : tuple of str
        Which of h0 and c0 are None.
    saturated : bool
        Put every gate between 0.998 and 0.9993 or between 0.0007 and 0.002, and the candidate next to -1 or 1.
    one_open : bool
        Let every gate be open in one unit, so that no gate has tiny numbers alone. Their last digits depend on how σ is
        written, since its error is that of 1.
    remembers : bool
        Let what happens at one end reach the other: forget gates near 0.95 and an orthogonal part of Wh for each gate.
    distracted : bool
        Give one unit gates that nothing moves, and a part of the loss that is a million million times the rest.
    sparse : bool
        Let nothing arrive at the last step and at one before it, as where a loss sits at some steps only.
    last_cell : bool
        Whether a gradient arrives at the last cell state; otherwise dc_T is None.
    low : dict of str to int
        Smallest sizes.
    **sizes : int
        Sizes that are not drawn, such as ``T=1``. Z is always 4H.
    """
    fixed = {letter: size for letter, size in sizes.items() if size is not None and letter != "Z"}
    sizes = draw_sizes(rng, "NTDH", low, **fixed)
    N, T, D, H = sizes.values()
    x = rng.standard_normal((N, T, D))
    h0 = rng.uniform(-0.9, 0.9, (N, H))
    c0 = rng.uniform(0.3, 1.5, (N, H)) * rng.choice([-1.0, 1.0], (N, H))
    Wx = gain * rng.standard_normal((D, 4 * H)) / np.sqrt(D)
    Wh = gain * rng.standard_normal((H, 4 * H)) / np.sqrt(H)
    b = gain * 0.5 * rng.standard_normal(4 * H)
    dh = upstream * rng.standard_normal((N, T, H))
    dc_T = upstream * rng.standard_normal((N, H)) if last_cell else None
    if saturated:
        b = rng.choice([-1.0, 1.0], 4 * H) * rng.uniform(6.5, 7.0, 4 * H)
        Wx, Wh = Wx / np.linalg.norm(Wx) / np.abs(x).max() / 5, Wh / np.abs(Wh).sum(axis=0) / 5
    if one_open:
        unit = rng.integers(H)
        for gate in slices(H).values():
            b[gate][unit] = 10 * gain
    if remembers:
        Wx, b = 0.2 * Wx, 0.2 * b
        Wh = np.hstack([0.5 * np.linalg.qr(part)[0] for part in np.split(Wh, 4, axis=1)])
        b[slices(H)["f"]] += 3.0
    if distracted:
        unit = rng.integers(H)
        for gate in slices(H).values():
            b[gate][unit] = FAR
        dh[..., unit] *= 1e12
    if sparse:
        dh[:, [-1, rng.integers(T - 2)]] = 0.0
    given = {"x": x, "h0": h0, "c0": c0, "Wx": Wx, "Wh": Wh, "b": b, "dh": dh, "dc_T": dc_T}
    given |= dict.fromkeys(absent)
    return Problem({**sizes, "Z": 4 * H}, given)


def step_of(draw_sequence: Callable[..., Problem]) -> Callable[..., Problem]:
    """Return how to draw one step: a sequence of one step, under the names of the step functions."""

    def draw_step(rng: np.random.Generator, **options: Any) -> Problem:
        problem = draw_sequence(rng, **{**options, "T": 1})
        given = dict(problem.given)
        states = {"x_t": given.pop("x")[:, 0], "h_prev": given.pop("h0"), "c_prev": given.pop("c0")}
        arriving = {"dh_total": given.pop("dh")[:, 0], "dc_next": given.pop("dc_T")}
        return Problem(problem.sizes, {**states, **arriving, **given})

    return draw_step


def part_of(gate: str) -> Formula:
    """Return the formula of a gate's pre-activation: its part of z."""
    k = list(GATES).index(gate)
    return lambda z: np.split(z, 4, axis=1)[k]


ACTIVATIONS = {gate: np.tanh if gate == "g" else sigmoid for gate in GATES}
GATE_TERMS = terms(
    "lstm-preactivation",
    previous=lambda h_prev: h_prev,
    from_x=lambda x_t, Wx: x_t @ Wx,
    from_h=lambda previous, Wh: previous @ Wh,
    z=lambda from_x, from_h, b: from_x + from_h + b,
)
for _gate in GATES:
    GATE_TERMS |= {f"z_{_gate}": Term(part_of(_gate), EQUATIONS[_gate])}
for _gate, _activation in ACTIVATIONS.items():
    GATE_TERMS |= {_gate: Term(of(f"z_{_gate}", _activation), EQUATIONS[_gate])}
CELL_TERMS = terms(
    "lstm-cell",
    before=lambda c_prev: c_prev,
    kept=lambda f, before: f * before,
    written=lambda i, g: i * g,
    c_t=lambda kept, written: kept + written,
) | terms("lstm-hidden", squashed=lambda c_t: np.tanh(c_t), h_t=lambda o, squashed: o * squashed)
STEP_TERMS = GATE_TERMS | CELL_TERMS

KEPT = {"x_t": "x_t", "h_prev": "previous", "c_prev": "before", **{gate: gate for gate in GATES}, "c_t": "c_t"}
"""What a step's cache holds beside the weights, and the term that it is."""


CACHE_EQUATIONS = {
    "x_t": "lstm-preactivation", "h_prev": "lstm-preactivation", "c_prev": "lstm-cell", **EQUATIONS, "c_t": "lstm-cell",
}  # fmt: skip
STEP_CACHE = {
    **{f"cache_{name}": Term(of(source, lambda value: value), CACHE_EQUATIONS[name]) for name, source in KEPT.items()},
    **terms("lstm-preactivation", cache_Wx=lambda Wx: Wx, cache_Wh=lambda Wh: Wh),
}
WALK = Walk(
    order=terms("lstm-cell", order=lambda T: range(T))["order"],
    start=terms("lstm-preactivation", h_prev=lambda h0: h0) | terms("lstm-cell", c_prev=lambda c0: c0),
    step=terms("lstm-preactivation", x_t=lambda x, t: x[:, t]) | STEP_TERMS,
    carried={"h_prev": "h_t", "c_prev": "c_t"},
    results=(
        terms("lstm-hidden", h=lambda h_t, visited: batch_first(h_t, visited))
        | terms("lstm-cell", c_T=lambda c_prev: c_prev)
        | {f"cache_{name}": kept(source, CACHE_EQUATIONS[name]) for name, source in KEPT.items()}
        | terms(
            "lstm-preactivation",
            cache_Wx=lambda Wx, visited: np.repeat(Wx[None], visited.sum(), axis=0),
            cache_Wh=lambda Wh, visited: np.repeat(Wh[None], visited.sum(), axis=0),
            cache_entries=lambda visited: visited.sum(),
        )
    ),
)


def changed_places(one: str, other: str, what: Callable[[str], str], sentence: str, name: str) -> Mistake:
    """Return the mistake of two gates whose terms, called ``what(gate)``, are made from each other's part of z."""
    parts = {what(one): part_of(other), what(other): part_of(one)}
    said = sentence.format(one=f"the {GATES[one]}", other=f"the {GATES[other]}")
    return Mistake(f"{name}_{one}_{other}", said, parts, f"gates.{name}")


GATE_MISTAKES = (
    *(
        changed_places(
            one,
            other,
            "z_{}".format,
            "Two gates are read from each other's part of z: {one} and {other}. The order is i, f, g, o.",
            "swapped",
        )
        for one, other in combinations(GATES, 2)
    ),
    *wrong_activations(GATES, "g", "z_"),
    *(
        Mistake(
            f"sigmoid_of_minus_z_{gate}",
            f"The {GATES[gate]} is one minus what it should be, as where a sign in the sigmoid is lost.",
            {gate: of(f"z_{gate}", lambda z: sigmoid(-z))},
            "gates.sign",
        )
        for gate in "ifo"
    ),
    *(
        Mistake(
            f"{one}_from_the_part_of_{other}",
            f"The {GATES[one]} is read from the part of z that belongs to the {GATES[other]}. The order is i, f, g, o.",
            {f"z_{one}": part_of(other)},
            "gates.copied",
        )
        for one, other in permutations(GATES, 2)
    ),
    mistake(
        "sigmoid_before_tanh_g",
        "The candidate g goes through the sigmoid and then through tanh; it goes through tanh alone.",
        g=lambda z_g: np.tanh(sigmoid(z_g)),
    ),
    *(known for known in rnn.STEP_MISTAKES if known.name in ("bias_missing", "bias_twice", "bias_subtracted")),
    INPUT_MISSING,
    mistake(
        "recurrence_missing",
        "The previous state does not take part: the gates depend on the input alone.",
        from_h=lambda from_x: np.zeros_like(from_x),
    ),
    rnn.WX_TRANSPOSED,
    mistake(
        "gates_interleaved",
        "The four gates are taken entry by entry in turn; each is a block of H columns that stand side by side.",
        **{f"z_{gate}": of("z", lambda z, k=k: z[:, k::4]) for k, gate in enumerate(GATES)},
    ),
)
"""Mistakes in the four gates. Wx can be transposed where D = 4H; elsewhere NumPy refuses the shapes."""

CROSSED = {
    "i_f": {"kept": of("i before", np.multiply), "written": of("f g", np.multiply)},
    "i_o": {"written": of("o g", np.multiply), "h_t": of("i squashed", np.multiply)},
    "f_o": {"kept": of("o before", np.multiply), "h_t": of("f squashed", np.multiply)},
    "f_g": {"kept": of("g before", np.multiply), "written": of("i f", np.multiply)},
}
"""Factors that two gates may exchange in the equations of the states, and what is made then."""

CELL_MISTAKES = (
    *(
        Mistake(
            f"crossed_{pair}",
            "In the equations of c_t and h_t the {} and the {} have changed places.".format(
                *(GATES[gate] for gate in pair.split("_"))
            ),
            made,
            "cell.crossed",
        )
        for pair, made in CROSSED.items()
    ),
    mistake(
        "kept_by_i",
        "The cell state before is multiplied with the input gate i; how much of it is kept says another gate.",
        kept=lambda i, before: i * before,
    ),
    mistake(
        "written_by_f",
        "The candidate g is multiplied with the forget gate f; how much of it is written says another gate.",
        written=lambda f, g: f * g,
    ),
    *(
        Mistake(
            f"shown_by_{gate}",
            f"The hidden state is multiplied with the {GATES[gate]}; how much of the cell is shown says another gate.",
            {"h_t": of(f"{gate} squashed", np.multiply)},
            "cell.shown_by",
        )
        for gate in "if"
    ),
    mistake(
        "kept_by_one_minus_i",
        "The forget gate f is taken to be one minus the input gate i; in an LSTM it is a gate of its own.",
        kept=lambda i, before: (1 - i) * before,
    ),
    mistake(
        "tanh_of_g",
        "The candidate g goes through tanh once more before it is written; it is one already.",
        written=lambda i, g: i * np.tanh(g),
    ),
    mistake(
        "forget_gate_missing",
        "The forget gate f is not used: all of the cell state before is kept.",
        kept=lambda before: before,
    ),
    mistake(
        "input_gate_missing",
        "The input gate i is not used: all of the candidate g is written.",
        written=lambda g: g,
    ),
    mistake(
        "output_gate_missing",
        "The output gate o is not used: all of tanh(c_t) is shown.",
        h_t=lambda squashed: squashed,
    ),
    mistake(
        "cell_not_kept",
        "The cell state before is not kept at all: c_t holds only what this step writes.",
        kept=lambda before: np.zeros_like(before),
    ),
    mistake(
        "nothing_written",
        "Nothing is written: c_t holds only what is kept of the cell state before.",
        written=lambda g: np.zeros_like(g),
    ),
    mistake(
        "coupled_gates",
        "The input gate i is taken to be one minus the forget gate f; in an LSTM it is a gate of its own.",
        written=lambda f, g: (1 - f) * g,
    ),
    mistake(
        "forget_gate_turned_round",
        "The forget gate f is used the wrong way round: f = 1 keeps everything, and here it drops everything.",
        kept=lambda f, before: (1 - f) * before,
    ),
    mistake(
        "h_prev_for_c_prev",
        "The forget gate f multiplies the hidden state before; it belongs to the cell state before.",
        kept=lambda f, previous: f * previous,
    ),
    mistake(
        "cell_multiplied",
        "What is kept and what is written are multiplied with each other; they are added.",
        c_t=lambda kept, written: kept * written,
    ),
    mistake(
        "written_subtracted",
        "What is written is subtracted from what is kept; the two are added.",
        c_t=lambda kept, written: kept - written,
    ),
    mistake(
        "cell_squashed",
        "The cell state itself goes through tanh; only what the hidden state shows of it does.",
        c_t=lambda kept, written: np.tanh(kept + written),
    ),
    mistake(
        "tanh_of_c_missing",
        "tanh is missing between the cell state and the hidden state.",
        squashed=lambda c_t: c_t,
    ),
    mistake(
        "sigmoid_of_c",
        "The cell state goes through the sigmoid on its way to the hidden state; it goes through tanh.",
        squashed=lambda c_t: sigmoid(c_t),
    ),
    mistake(
        "tanh_of_both",
        "tanh is applied after the output gate o; it is applied to the cell state, before.",
        h_t=lambda o, c_t: np.tanh(o * c_t),
    ),
    mistake(
        "h_from_c_prev",
        "The hidden state is made from the cell state before this step; it is made from the new one.",
        squashed=lambda before: np.tanh(before),
    ),
    mistake(
        "h_from_candidate",
        "The hidden state is made from what this step writes alone; it is made from the whole new cell state.",
        squashed=lambda written: np.tanh(written),
    ),
)
"""Mistakes in the two states of a step."""

IN_THE_GATES = ("gates.sign", "gates.copied")
"""Mistakes that are told where the gates are asked for; in the states others give the same numbers."""

STEP_MISTAKES = (
    *(
        known
        for known in GATE_MISTAKES
        if known.family not in IN_THE_GATES and known.name not in ("swapped_i_f", "swapped_i_o", "swapped_f_o")
    ),
    *CELL_MISTAKES,
)
"""Two gates behind the sigmoid that are swapped in z cannot be told from two that are crossed in c_t and h_t."""

KEPT_IN_ONE_STEP = (
    mistake(
        "cache_c_t_for_c_prev",
        "The cache holds the cell state after the step where the one before it belongs.",
        cache_c_prev=lambda c_t: c_t,
    ),
    mistake(
        "cache_c_prev_for_c_t",
        "The cache holds the cell state before the step where the one after it belongs.",
        cache_c_t=lambda before: before,
    ),
    mistake(
        "cache_tanh_c_for_c_t",
        "The cache holds tanh(c_t) where the cell state c_t itself belongs.",
        cache_c_t=lambda squashed: squashed,
    ),
    mistake(
        "cache_h_t_for_h_prev",
        "The cache holds the hidden state after the step where the one before it belongs.",
        cache_h_prev=lambda h_t: h_t,
    ),
    *(
        Mistake(
            f"cache_z_for_{gate}",
            f"The cache holds the pre-activation of the {GATES[gate]} where the {GATES[gate]} itself belongs.",
            {f"cache_{gate}": of(f"z_{gate}", lambda z: z)},
            "cache.pre_activation",
        )
        for gate in GATES
    ),
)

CELL_WALK_MISTAKES = (
    mistake(
        "cell_not_passed_on",
        "The cell state is not passed on: every step starts from c0 again.",
        before=lambda c0: c0,
    ),
    mistake(
        "neither_passed_on",
        "Neither state is passed on: every step starts from h0 and c0 again.",
        previous=lambda h0: h0,
        before=lambda c0: c0,
    ),
    mistake("c0_ignored", "c0 is ignored: the first step starts from a cell of zeros.", c_prev=lambda c0: 0 * c0),
    mistake(
        "h0_for_c0",
        "The cell starts from h0; it has an initial state of its own, c0.",
        c_prev=lambda h0: h0,
    ),
    mistake(
        "h0_and_c0_swapped",
        "h0 and c0 have changed places.",
        h_prev=lambda c0: c0,
        c_prev=lambda h0: h0,
    ),
    mistake(
        "cell_states_for_h",
        "The cell states are returned where the hidden states belong.",
        h=lambda c_t, visited: batch_first(c_t, visited),
    ),
    mistake("c_T_is_h", "c_T is the last hidden state; the last cell state belongs there.", c_T=lambda h_prev: h_prev),
    mistake("c_T_is_first", "c_T is the cell state after the first step; it is that after the last.",
            c_T=lambda c_t: c_t[0]),
    mistake("c_T_is_c0", "c_T is c0: the cell state that is returned has not moved on.", c_T=lambda c0: c0),
    mistake(
        "c_T_one_step_early",
        "c_T is the cell state before the last step; it is that after it.",
        c_T=lambda before: before[-1],
    ),
)  # fmt: skip

BOTH_IGNORED = mistake(
    "h0_and_c0_ignored",
    "h0 and c0 are ignored: the first step starts from zeros.",
    c_prev=lambda c0: 0 * c0,
    h_prev=lambda h0: 0 * h0,
)
"""Stands behind the mistakes with one of the two, which give the same where the other one is None."""

WALK_MISTAKES = tuple(
    known
    for known in (*rnn.WALK_MISTAKES, *rnn.RESHAPED)
    if known.name not in ("h0_among_the_states", "last_state_only", "time_major")
)
FORMS = tuple(
    known for known in rnn.WALK_MISTAKES if known.name in ("h0_among_the_states", "last_state_only", "time_major")
)


def weights_of(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return Wx, Wh and b."""
    return {name: given[name] for name in ("Wx", "Wh", "b")}


def _known(problem: Problem) -> dict[str, Any]:
    given, sizes = problem.given, problem.sizes
    zeros = np.zeros((sizes["N"], sizes["H"]))
    states = {name: zeros if given[name] is None else given[name] for name in ("h0", "c0")}
    return {**given, **states, "T": sizes["T"]}


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    h, c_T, _ = unrolled.lstm_forward(given["x"], given["h0"], given["c0"], **weights_of(given))
    return {"h": h, "c_T": c_T}


def right_step(problem: Problem) -> dict[str, np.ndarray]:
    """Return the gates and the states of one step of the course's own layer."""
    given = problem.given
    h, c_t, cache = unrolled.lstm_forward(given["x_t"][:, None], given["h_prev"], given["c_prev"], **weights_of(given))
    o, i, f, g, _ = cache.gates[0]
    return {"h_t": h[:, 0], "c_t": c_t, "i": i, "f": f, "g": g, "o": o}


WITHOUT_STATES = (
    Case(
        " with h0 = None and c0 = None, which stand for zeros", {"absent": ("h0", "c0")}, branches=True, repeated=True
    ),
    Case(" with c0 = None, which stands for zeros, and h0 given", {"absent": ("c0",)}, branches=True),
    Case(" with h0 = None, which stands for zeros, and c0 given", {"absent": ("h0",)}, branches=True),
)
SMALLEST = (at_one("N"), at_one("T"), at_one("N", "T"))
LARGE_STATES = Case(" where the gates are saturated", {"gain": 40.0, "one_open": True})
SQUARE = {"D": 8, "H": 2}

gates = Calculation(
    step_of(draw),
    right_step,
    Once(GATE_TERMS),
    lambda problem: problem.given,
    equation="lstm-preactivation",
    mistakes=GATE_MISTAKES,
    cases=(at_one("N"), at_one("D"), at_one("H"), LARGE_STATES),
    square=SQUARE,
)
"""The gates of one step."""

step = Calculation(
    step_of(draw),
    right_step,
    Once(STEP_TERMS | STEP_CACHE),
    lambda problem: problem.given,
    equation="lstm-cell",
    mistakes=(*STEP_MISTAKES, *KEPT_IN_ONE_STEP),
    cases=(at_one("N"), at_one("D"), at_one("H"), LARGE_STATES),
    square=SQUARE,
)
"""One step."""

sequence = Calculation(
    draw,
    _right,
    WALK,
    _known,
    equation="lstm-cell",
    mistakes=(
        *CELL_WALK_MISTAKES,
        *WALK_MISTAKES,
        BOTH_IGNORED,
        *FORMS,
        *kept_steps(KEPT, "c"),
        *(known for known in KEPT_IN_ONE_STEP if known.name == "cache_h_t_for_h_prev"),
        rnn.RETURN_IN_LOOP,
    ),
    cases=(*SMALLEST, rnn.LONG_CASE, LARGE_STATES, *WITHOUT_STATES),
)
"""All hidden states of a batch of sequences, and the last cell state."""


def _draw_clamped(rng: np.random.Generator, *, k: int | None = None, **options: Any) -> Problem:
    problem = draw(rng, **options)
    k = int(rng.integers(4)) if k is None else k
    return Problem({**problem.sizes, "k": k}, {**problem.given, "k": k, "value": float(rng.uniform(0.1, 0.9))})


def _right_clamped(problem: Problem) -> dict[str, np.ndarray]:
    """Return the states of an LSTM in which the bias alone makes one gate, whatever its input and state."""
    given, k, H = problem.given, problem.given["k"], problem.sizes["H"]
    Wx, Wh, b = (given[name].copy() for name in ("Wx", "Wh", "b"))
    held = slice(k * H, (k + 1) * H)
    Wx[:, held] = Wh[:, held] = 0.0
    value = given["value"]
    b[held] = np.arctanh(value) if k == 2 else np.log(value / (1 - value))
    h, c, h_t, c_t = [], [], given["h0"], given["c0"]
    for t in range(problem.sizes["T"]):
        h_all, c_t, _ = unrolled.lstm_forward(given["x"][:, t : t + 1], h_t, c_t, Wx, Wh, b)
        h_t = h_all[:, 0]
        h.append(h_t)
        c.append(c_t)
    return {"h": np.stack(h, axis=1), "c": np.stack(c, axis=1)}


def _free(gate: str) -> str:
    return f"{gate}_free"


def _held(place: int) -> Callable[..., np.ndarray]:
    return lambda free, k, value: np.full_like(free, value) if k == place else free


def _clamped_terms() -> dict[str, Term]:
    table = dict(WALK.step)
    for place, gate in enumerate(GATES):
        table[_free(gate)] = Term(of(f"z_{gate}", ACTIVATIONS[gate]), EQUATIONS[gate])
        table[gate] = Term(of(f"{_free(gate)} k value", _held(place)), "lstm-preactivation")  # it states the order
    first = ("x_t", "previous", "from_x", "from_h", "z", *(f"z_{gate}" for gate in GATES), *map(_free, GATES), *GATES)
    return {**{name: table[name] for name in first}, **table}


def _each_gate(name: str, sentence: str, needs: str, function: Callable) -> Mistake:
    """Return a mistake in how a gate is held, whichever gate it is: ``function(place, …)`` gives it."""
    formulas = {}
    for place, gate in enumerate(GATES):
        values = needs.format(gate=gate, free=_free(gate))
        formulas[gate] = of(values, lambda *given, place=place: function(place, *given))
    return mistake(name, sentence, **formulas)


def _counted(order: str) -> Callable[..., np.ndarray]:
    """Return how gates are held where they are counted in another order."""
    places = [order.index(gate) for gate in GATES]
    return lambda place, free, k, value: np.full_like(free, value) if places[place] == k else free


CLAMPED_MISTAKES = (
    _each_gate("not_clamped", "No gate is held: this is the LSTM as it is.", "{free}", lambda place, free: free),
    _each_gate(
        "clamped_before_activation",
        "The value is put in front of the activation; the gate itself has to be held at it.",
        "{free} k value",
        lambda place, free, k, value: (
            free if place != k else np.full_like(free, np.tanh(value) if k == 2 else sigmoid(value))
        ),
    ),
    _each_gate(
        "one_unit_held",
        "The gate is held in the first hidden unit only; it has to be held in every unit.",
        "{free} k value",
        lambda place, free, k, value: np.where(np.arange(free.shape[1]) == 0, value, free) if k == place else free,
    ),
    # Before those of another order: at one k each of them holds the gate that this one holds, but it shows at every k.
    _each_gate(
        "counted_from_one",
        "The wrong gate is held: k counts from 0, so that 0 is i, 1 is f, 2 is g and 3 is o.",
        "{free} k value",
        lambda place, free, k, value: np.full_like(free, value) if k == place + 1 else free,
    ),
    _each_gate(
        "counted_in_order_ifog",
        "The wrong gate is held: k counts in the order i, f, g, o, not i, f, o, g.",
        "{free} k value",
        _counted("ifog"),
    ),
    _each_gate(
        "counted_in_order_figo",
        "The wrong gate is held: k counts in the order i, f, g, o, not f, i, g, o.",
        "{free} k value",
        _counted("figo"),
    ),
    _each_gate(
        "counted_in_order_igfo",
        "The wrong gate is held: k counts in the order i, f, g, o, not i, g, f, o.",
        "{free} k value",
        _counted("igfo"),
    ),
    _each_gate(
        "all_others_clamped",
        "Every gate but the one that k names is held.",
        "{free} k value",
        lambda place, free, k, value: np.full_like(free, value) if k != place else free,
    ),
    _each_gate(
        "gate_scaled",
        "The gate is multiplied with the value; it has to be the value, whatever its input.",
        "{free} k value",
        lambda place, free, k, value: value * free if k == place else free,
    ),
    _each_gate(
        "gate_limited_above",
        "The gate is cut off above the value; it has to be the value, from below too.",
        "{free} k value",
        lambda place, free, k, value: np.minimum(free, value) if k == place else free,
    ),
    _each_gate(
        "gate_limited_below",
        "The gate is cut off below the value; it has to be the value, from above too.",
        "{free} k value",
        lambda place, free, k, value: np.maximum(free, value) if k == place else free,
    ),
    _each_gate(
        "first_step_only",
        "The gate is held at the first step only; it has to be held at every step.",
        "{free} k value t",
        lambda place, free, k, value, t: np.full_like(free, value) if k == place and t == 0 else free,
    ),
    mistake(
        "cells_one_step_late",
        "The cell states stand one place too late: c[:, 0] is c0, and the last one is lost.",
        c=lambda before, visited: batch_first(before, visited),
    ),
    mistake(
        "cells_are_tanh_c",
        "c holds tanh of the cell states; the cell states themselves belong there.",
        c=lambda squashed, visited: batch_first(squashed, visited),
    ),
    mistake(
        "last_cell_everywhere",
        "c holds the last cell state at every step. Is the same array stored each time? It goes on changing.",
        c=lambda c_t: np.repeat(c_t[-1:], len(c_t), axis=0).swapaxes(0, 1),
    ),
    mistake(
        "last_cell_only",
        "Only the last cell state is returned; collect that of every step.",
        c=lambda c_t: c_t[-1],
    ),
)

clamped = Calculation(
    _draw_clamped,
    _right_clamped,
    replace(
        WALK,
        step=_clamped_terms(),
        results={"h": WALK.results["h"], **terms("lstm-cell", c=lambda c_t, visited: batch_first(c_t, visited))},
    ),
    _known,
    equation="lstm-cell",
    mistakes=(
        *CLAMPED_MISTAKES,
        *(known for known in CELL_WALK_MISTAKES if not known.terms.keys() & {"c_T", "h"}),
        *(known for known in WALK_MISTAKES if known.name in ("state_not_passed_on", "h0_ignored", "one_step_late")),
        BOTH_IGNORED,
        rnn.RETURN_IN_LOOP,
    ),
    cases=(
        *(Case(f" where the {words} is held", {"k": place}) for place, words in enumerate(GATES.values())),
        *SMALLEST,
        rnn.LONG_CASE,
    ),
)
"""The states of an LSTM in which one gate is held at a value."""


def _draw_start(rng: np.random.Generator, *, H: int | None = None, **_options: Any) -> Problem:
    H = int(rng.integers(2, 9)) if H is None else H
    return Problem({"H": H, "Z": 4 * H}, {"H": H, "value": float(rng.uniform(1.5, 4.0))})


def _starts_at(gate: str) -> Formula:
    k = list(GATES).index(gate)
    return lambda H, value: np.repeat(np.eye(4)[k] * value, H)


start = Calculation(
    _draw_start,
    lambda problem: {"b": unrolled.forget_gate_bias(problem.given["H"], value=problem.given["value"])},
    Once(terms("forget-bias", filled=_starts_at("f"), b=lambda filled: filled)),
    lambda problem: problem.given,
    equation="forget-bias",
    mistakes=(
        *(
            Mistake(
                f"value_for_{gate}",
                f"The value stands where the bias of the {words} belongs; it is for the forget gate f, the second of"
                " the four blocks.",
                {"filled": _starts_at(gate)},
                "start.other_gate",
            )
            for gate, words in GATES.items()
            if gate != "f"
        ),
        mistake(
            "value_everywhere",
            "Every gate starts at the value; only the forget gate f does, and the others start at 0.",
            filled=lambda H, value: np.full(4 * H, value),
        ),
        mistake(
            "every_second_block_of_four",
            "The value stands in one entry of every four; the bias of a gate is a block of H entries side by side.",
            filled=lambda H, value: np.tile([0.0, value, 0.0, 0.0], H),
        ),
        mistake(
            "one_entry_only",
            "The value stands in one entry only; each of the H units has a forget gate of its own.",
            filled=lambda H, value: np.where(np.arange(4 * H) == H, value, 0.0),
        ),
        mistake(
            "always_one",
            "The bias of the forget gate f is 1 whatever the value; take the argument.",
            filled=lambda H: np.repeat([0.0, 1.0, 0.0, 0.0], H),
        ),
        mistake(
            "gate_for_bias",
            "The bias is what the sigmoid makes of the value; the value itself is the bias. The sigmoid comes later.",
            filled=lambda H, value: np.repeat([0.0, 1.0, 0.0, 0.0], H) * sigmoid(value),
        ),
        mistake(
            "others_start_at_one",
            "The forget gate f starts at the value, but the other gates do not start at 0.",
            filled=lambda H, value: np.repeat([1.0, value, 1.0, 1.0], H),
        ),
        mistake(
            "forget_block_alone",
            "The block of the forget gate f is returned alone; b has the blocks of all four gates.",
            b=lambda H, value: np.full(H, value),
        ),
    ),
    cases=(at_one("H"),),
)
"""The bias with which an LSTM starts."""


def _draw_gates(rng: np.random.Generator, *, lowest: float = 0.05, highest: float = 0.99, **sizes: int) -> Problem:
    H = sizes.get("H") or int(rng.integers(3, 9))
    return Problem({"H": H}, {"f": rng.uniform(lowest, highest, H)})


half_life = Calculation(
    _draw_gates,
    lambda problem: {"steps": np.array([np.log(0.5) / np.log(f) for f in problem.given["f"]])},
    Once(
        terms(
            "half-life",
            share=lambda: 2.0,
            log_f=lambda f: np.log(f),
            steps=lambda share, log_f: -np.log(share) / log_f,
        )
    ),
    lambda problem: problem.given,
    equation="half-life",
    mistakes=(
        mistake("sign_missing", "The half-life is negative: the logarithm of f is, since f is below 1.",
                steps=lambda share, log_f: np.log(share) / log_f),
        mistake("ln_2_missing", "That is after how many steps a share of 1/e, 37 %, is left; half is left earlier.",
                steps=lambda log_f: -1 / log_f),
        mistake("turned_over", "The fraction is turned over.", steps=lambda share, log_f: -log_f / np.log(share)),
        mistake("turned_over_with_sign", "The fraction is turned over, and its sign is lost.",
                steps=lambda share, log_f: log_f / np.log(share)),
        mistake("one_minus_f", "ln f is replaced by f - 1, which is near it only where f is near 1.",
                log_f=lambda f: f - 1),
        mistake("log_of_one_minus_f", "The logarithm is taken of 1 - f, what is lost in a step; what is left is f.",
                log_f=lambda f: np.log(1 - f)),
        mistake("two_kinds_of_logarithm", "The two logarithms have different bases; take the same for 2 and for f.",
                steps=lambda log_f: -1 / (log_f / np.log(2)) * np.log(2)),
        mistake("two_for_its_logarithm", "2 stands where its logarithm belongs.", steps=lambda log_f: -2 / log_f),
        mistake("half_for_its_logarithm", "One half stands where the logarithm of 2 belongs.",
                steps=lambda log_f: -0.5 / log_f),
        mistake("rounded_up", "The half-life is rounded up to a whole step; it is a real number here.",
                steps=lambda share, log_f: np.ceil(-np.log(share) / log_f)),
        mistake("tenth_life", "That is after how many steps a tenth is left.", share=lambda: 10.0),
        mistake("after_one_step", "That is half of what is left after one step; it asks for a number of steps.",
                steps=lambda f: f / 2),
    ),
    cases=(
        at_one("H"),
        Case(" where f is near 1", {"lowest": 0.999, "highest": 0.99999}),
        Case(" where f is small", {"lowest": 1e-6, "highest": 1e-3}),
    ),
)  # fmt: skip
"""After how many steps half of a gradient is left that only the forget gate multiplies."""
