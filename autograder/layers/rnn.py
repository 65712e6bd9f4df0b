"""The plain RNN forward: one step, whole sequences, and sequences of unequal length."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import kept_steps
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, Walk, batch_first, terms

GARBAGE = 1e4
"""Scale of what stands in the padding: it saturates tanh wherever it leaks, and overflows exp."""

FAR = 40.0
"""A pre-activation at which tanh is 1 to the last digit and its slope is 0."""

LONG: dict[str, Any] = {"N": 2, "T": 25, "D": 2, "H": 3, "remembers": True}
"""A long sequence whose states and gradients reach from one end to the other, so that no loop may stop early."""


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
    low: dict[str, int] | None = None,
    **sizes: int | None,
) -> Problem:
    """Draw inputs of a plain tanh RNN and the gradient dh that arrives at its hidden states.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain : float
        Scale of the pre-activations: 1 leaves tanh clearly curved, 4 saturates it here and there.
    upstream : float
        Scale of dh.
    initial : bool
        Whether there is an initial state; otherwise h0 is None.
    saturated : bool
        Put every state between 0.9999 and 1 - 1e-6, or between the same with a minus sign.
    remembers : bool
        Let what happens at one end reach the other: an orthogonal Wh and small inputs.
    distracted : bool
        Give one unit a state that nothing moves, and a part of the loss that is a million million times the rest.
        A gradient does not notice; a difference of two such losses has lost all its digits.
    sparse : bool
        Let nothing arrive at the last step and at one before it, as where a loss sits at some steps only.
    low : dict of str to int
        Smallest sizes.
    **sizes : int
        Sizes that are not drawn, such as ``T=1``.
    """
    sizes = draw_sizes(rng, "NTDH", low, **{letter: size for letter, size in sizes.items() if size is not None})
    N, T, D, H = sizes.values()
    x = rng.standard_normal((N, T, D))
    h0 = rng.uniform(-0.9, 0.9, (N, H)) if initial else None
    Wx = gain * rng.standard_normal((D, H)) / np.sqrt(D)
    Wh = gain * rng.standard_normal((H, H)) / np.sqrt(H)
    b = gain * 0.5 * rng.standard_normal(H)
    dh = upstream * rng.standard_normal((N, T, H))
    if saturated:
        b = rng.choice([-1.0, 1.0], H) * rng.uniform(6.0, 6.5, H)
        Wx, Wh = Wx / np.linalg.norm(Wx) / np.abs(x).max() / 3, Wh / np.abs(Wh).sum(axis=0) / 3
    if remembers:
        Wx, Wh, b = 0.2 * Wx, np.linalg.qr(Wh)[0], 0.2 * b
    if distracted:
        unit = rng.integers(H)
        b[unit] = FAR * rng.choice([-1.0, 1.0])
        dh[..., unit] *= 1e12
    if sparse:
        dh[:, [-1, rng.integers(T - 2)]] = 0.0
    return Problem(sizes, {"x": x, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b, "dh": dh})


def step_of(draw_sequence: Callable[..., Problem]) -> Callable[..., Problem]:
    """Return how to draw one step: a sequence of one step, under the names of the step functions."""

    def draw_step(rng: np.random.Generator, **options: Any) -> Problem:
        problem = draw_sequence(rng, **{**options, "T": 1})
        given = dict(problem.given)
        named = {"x_t": given.pop("x")[:, 0], "h_prev": given.pop("h0"), "dh_total": given.pop("dh")[:, 0]}
        return Problem(problem.sizes, {**named, **given})

    return draw_step


STEP_TERMS = terms(
    "rnn-step",
    previous=lambda h_prev: h_prev,
    from_x=lambda x_t, Wx: x_t @ Wx,
    from_h=lambda previous, Wh: previous @ Wh,
    z=lambda from_x, from_h, b: from_x + from_h + b,
    new=lambda z: np.tanh(z),
    h_t=lambda new: new,
)
WALK = Walk(
    order=terms("rnn-step", order=lambda T: range(T))["order"],
    start=terms("rnn-step", h_prev=lambda h0: h0),
    step=terms("rnn-step", x_t=lambda x, t: x[:, t]) | STEP_TERMS,
    carried={"h_prev": "h_t"},
    results=terms(
        "rnn-step",
        h=lambda h_t, visited: batch_first(h_t, visited),
        cache_x_t=lambda x_t, visited: x_t[visited],
        cache_h_prev=lambda previous, visited: previous[visited],
        cache_Wx=lambda Wx, visited: np.repeat(Wx[None], visited.sum(), axis=0),
        cache_Wh=lambda Wh, visited: np.repeat(Wh[None], visited.sum(), axis=0),
        cache_h_t=lambda h_t, visited: h_t[visited],
        cache_entries=lambda visited: visited.sum(),
    ),
)
CARRY_ON = terms("rnn-mask", h_t=lambda m_t, new, previous: np.where(m_t, new, previous))
MASKED_WALK = replace(
    WALK,
    step=WALK.step | terms("rnn-mask", m_t=lambda mask, t: mask[:, t, None]) | CARRY_ON,
    results={"h": WALK.results["h"]},
)
MASKED_WALK = replace(MASKED_WALK, step={"m_t": MASKED_WALK.step["m_t"], **MASKED_WALK.step})


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


_EACH = "tanh is applied to each product by itself; it belongs around their sum."

WX_TRANSPOSED = mistake(
    "Wx_transposed",
    "Wx is transposed. Inputs are rows here, and Wx stands to their right.",
    from_x=lambda x_t, Wx: x_t @ Wx.T,
)

STEP_MISTAKES = (
    mistake("bias_missing", "The bias b is not added.", z=lambda from_x, from_h: from_x + from_h),
    mistake(
        "bias_twice",
        "The bias b is added twice: it belongs to the sum of the two products, not to each of them.",
        z=lambda from_x, from_h, b: from_x + from_h + 2 * b,
    ),
    mistake("bias_subtracted", "The bias b is subtracted.", z=lambda from_x, from_h, b: from_x + from_h - b),
    mistake(
        "bias_outside_tanh",
        "The bias b is added after tanh; it belongs to the pre-activation.",
        new=lambda from_x, from_h, b: np.tanh(from_x + from_h) + b,
    ),
    mistake(
        "input_missing",
        "The input does not take part: the state depends on the previous state alone.",
        from_x=lambda previous: np.zeros_like(previous),
    ),
    mistake(
        "recurrence_missing",
        "The previous state does not take part: this is a feed-forward layer.",
        from_h=lambda previous: np.zeros_like(previous),
    ),
    mistake(
        "Wh_transposed",
        "Wh is transposed. States are rows here, and Wh stands to their right.",
        from_h=lambda previous, Wh: previous @ Wh.T,
    ),
    mistake(
        "Wh_left_out",
        "The previous state is added as it is; it has to go through Wh first.",
        from_h=lambda previous: previous,
    ),
    mistake(
        "Wh_elementwise",
        "The previous state is multiplied with the diagonal of Wh only; a matrix product mixes the hidden units.",
        from_h=lambda previous, Wh: previous * np.diag(Wh),
    ),
    mistake("tanh_missing", "tanh is missing: what comes out is the pre-activation.", new=lambda z: z),
    mistake("tanh_twice", "tanh is applied twice.", new=lambda z: np.tanh(np.tanh(z))),
    mistake(
        "tanh_of_previous",
        "tanh is applied to the previous state as well; it has been through tanh already.",
        previous=lambda h_prev: np.tanh(h_prev),
    ),
    mistake("tanh_of_each", _EACH, new=lambda from_x, from_h, b: np.tanh(from_x) + np.tanh(from_h) + b),
    mistake("tanh_of_each_bias_with_state", _EACH, new=lambda from_x, from_h, b: np.tanh(from_x) + np.tanh(from_h + b)),
    mistake("tanh_of_each_bias_with_input", _EACH, new=lambda from_x, from_h, b: np.tanh(from_x + b) + np.tanh(from_h)),
    mistake(
        "recurrence_outside_tanh",
        "The product with the previous state is added after tanh; it belongs to the pre-activation.",
        new=lambda from_x, from_h, b: np.tanh(from_x + b) + from_h,
    ),
    mistake("sigmoid", "The activation is the sigmoid, but this network has tanh.", new=lambda z: _sigmoid(z)),
    mistake("relu", "The activation is ReLU, but this network has tanh.", new=lambda z: np.maximum(z, 0)),
    mistake(
        "previous_added",
        "The previous state is added to the new one; the new state replaces it.",
        new=lambda previous, z: previous + np.tanh(z),
    ),
    mistake(
        "products_multiplied",
        "The two products are multiplied with each other; they have to be added.",
        z=lambda from_x, from_h, b: from_x * from_h + b,
    ),
    mistake(
        "weights_swapped",
        "Wx and Wh have changed places, or the input and the previous state have: the input belongs to Wx, the state to"
        " Wh.",
        from_x=lambda x_t, Wh: x_t @ Wh,
        from_h=lambda previous, Wx: previous @ Wx,
    ),
    WX_TRANSPOSED,
    mistake(
        "both_transposed",
        "Wx and Wh are both transposed. Inputs and states are rows here, and the weights stand to their right.",
        from_x=lambda x_t, Wx: x_t @ Wx.T,
        from_h=lambda previous, Wh: previous @ Wh.T,
    ),
)
"""Mistakes in one step. The last three fit where D = H; elsewhere NumPy refuses the shapes."""

KEPT_IN_ONE_STEP = (
    mistake(
        "cache_h_t_for_h_prev",
        "The cache holds the state after the step where the one before it belongs.",
        cache_h_prev=lambda h_t: h_t,
    ),
    mistake(
        "cache_z_for_h_t",
        "The cache holds the pre-activation where the state after the step belongs.",
        cache_h_t=lambda z: z,
    ),
)

_MIXED = "in a way that mixes the sequences: the shape is right, but the numbers of one sequence end up in another."
RESHAPED = (
    mistake(
        "inputs_reshaped",
        f"The inputs are brought to time-major order {_MIXED}",
        x_t=lambda x, t: x.reshape(x.shape[1], x.shape[0], x.shape[2])[t],
    ),
    mistake(
        "states_reshaped",
        f"The states are brought to batch-first order {_MIXED}",
        h=lambda h_t: h_t.reshape(h_t.shape[1], h_t.shape[0], h_t.shape[2]),
    ),
)
WALK_MISTAKES = (
    mistake(
        "state_not_passed_on",
        "The state is not passed on: every step starts from h0 again.",
        previous=lambda h0: h0,
    ),
    mistake("h0_ignored", "h0 is ignored: the first step starts from zeros.", h_prev=lambda h0: np.zeros_like(h0)),
    mistake("first_input_only", "Every step reads the input of the first one.", x_t=lambda x: x[:, 0]),
    mistake("input_one_step_late", "Every step reads the input of the step before it.", x_t=lambda x, t: x[:, t - 1]),
    mistake(
        "inputs_reversed",
        "The inputs are read in reversed order: the first step gets the last input.",
        x_t=lambda x, t, T: x[:, T - 1 - t],
    ),
    mistake(
        "first_step_left_out",
        "The first step is left out: the loop starts one step late.",
        order=lambda T: range(1, T),
    ),
    mistake(
        "last_step_left_out", "The last step is left out: the loop ends one step early.", order=lambda T: range(T - 1)
    ),
    mistake(
        "backward_in_time",
        "The loop reads the sequence backward in time, from the last step to the first.",
        order=lambda T: range(T - 1, -1, -1),
    ),
    mistake(
        "states_reversed",
        "The states are right but stand in reversed order.",
        h=lambda h_t: h_t[::-1].swapaxes(0, 1),
    ),
    mistake(
        "one_step_late",
        "The states stand one place too late: h[:, 0] is h0, and the state after the last step is lost.",
        h=lambda h0, h_t: np.concatenate([h0[None], h_t[:-1]]).swapaxes(0, 1),
    ),
    mistake(
        "last_state_everywhere",
        "Every step holds the last state. Is the same array stored each time? It goes on changing.",
        h=lambda h_t: np.repeat(h_t[-1:], len(h_t), axis=0).swapaxes(0, 1),
    ),
    mistake(
        "one_step_late_from_zeros",
        "The states stand one place too late: h[:, 0] is zero, and the state after the last step is lost.",
        h=lambda h_t: np.concatenate([0 * h_t[:1], h_t[:-1]]).swapaxes(0, 1),
    ),
    mistake(
        "first_state_everywhere",
        "Every step holds the state after the first one: neither the input nor the state moves on.",
        h=lambda h_t: np.repeat(h_t[:1], len(h_t), axis=0).swapaxes(0, 1),
    ),
    mistake(
        "states_summed_up",
        "Every step holds the sum of the states so far.",
        h=lambda h_t: h_t.cumsum(axis=0).swapaxes(0, 1),
    ),
    mistake(
        "last_state_only",
        "Only the last state is returned; collect the state of every step.",
        h=lambda h_t: h_t[-1],
    ),
    mistake(
        "time_major",
        "The states are returned time first, (T, N, H); they should be batch first, (N, T, H).",
        h=lambda h_t: h_t,
    ),
    mistake(
        "h0_among_the_states",
        "h0 is returned among the states; h[:, 0] is the state after the first input.",
        h=lambda h0, h_t: np.concatenate([h0[None], h_t]).swapaxes(0, 1),
    ),
)
RETURN_IN_LOOP = mistake(
    "return_in_loop",
    "Only one step is walked. Does `return` stand inside the loop over time, so that the function ends in its first"
    " round?",
    order=lambda T: range(1),
)
SEQUENCE_MISTAKES = (*WALK_MISTAKES, *RESHAPED, *STEP_MISTAKES)
"""Mistakes in all states of a sequence."""


def _known(problem: Problem) -> dict[str, Any]:
    given, sizes = problem.given, problem.sizes
    h0 = np.zeros((sizes["N"], sizes["H"])) if given["h0"] is None else given["h0"]
    return {**given, "h0": h0, "T": sizes["T"]}


def _right(problem: Problem) -> dict[str, np.ndarray]:
    return {"h": unrolled.rnn_forward(**{name: problem.given[name] for name in ("x", "h0", "Wx", "Wh", "b")})[0]}


def _right_step(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    weights = {name: given[name] for name in ("Wx", "Wh", "b")}
    return {"h_t": unrolled.rnn_forward(given["x_t"][:, None], given["h_prev"], **weights)[0][:, 0]}


WITHOUT_H0 = Case(" with h0 = None, which stands for zeros", {"initial": False}, branches=True, repeated=True)
SMALLEST = (at_one("N"), at_one("T"), at_one("N", "T"))
LARGE_STATES = Case(" where tanh is saturated", {"gain": 40.0})
LONG_CASE = Case(f" at T = {LONG['T']}", LONG)
SQUARE = {"D": 6, "H": 6}

step = Calculation(
    step_of(draw),
    _right_step,
    Once(
        STEP_TERMS
        | terms(
            "rnn-step",
            cache_x_t=lambda x_t: x_t,
            cache_h_prev=lambda h_prev: h_prev,
            cache_Wx=lambda Wx: Wx,
            cache_Wh=lambda Wh: Wh,
            cache_h_t=lambda h_t: h_t,
        )
    ),
    lambda problem: problem.given,
    equation="rnn-step",
    mistakes=STEP_MISTAKES + KEPT_IN_ONE_STEP,
    cases=(at_one("N"), at_one("D"), at_one("H"), LARGE_STATES),
    square=SQUARE,
)
"""One step."""

sequence = Calculation(
    draw,
    _right,
    WALK,
    _known,
    equation="rnn-step",
    mistakes=(*SEQUENCE_MISTAKES, *kept_steps({"x_t": "x_t", "h_prev": "previous", "h_t": "h_t"}), RETURN_IN_LOOP),
    cases=(*SMALLEST, LONG_CASE, LARGE_STATES, WITHOUT_H0),
    square=SQUARE,
)
"""All states of a batch of sequences."""

_MIXED_STILL = "Sequences are mixed: with two in a batch, the states of one come from the inputs of the other."
_INPUTS, _STATES = RESHAPED

time_major = replace(
    sequence,
    work_out=replace(WALK, results={"h": WALK.results["h"]}),
    mistakes=(
        mistake("inputs_mixed", _MIXED_STILL, **_INPUTS.terms),
        mistake("states_mixed", _MIXED_STILL, **_STATES.terms),
        mistake("mixed_twice", _MIXED_STILL, **_INPUTS.terms, **_STATES.terms),
        *WALK_MISTAKES,
        *STEP_MISTAKES,
        RETURN_IN_LOOP,
    ),
    cases=(*SMALLEST, LONG_CASE, LARGE_STATES),
)
"""The same states from a loop that works time-major inside. What its question asks the learner to find is not told
here, only that it is still there."""


def draw_mask(rng: np.random.Generator, N: int, T: int, shortest: int = 2) -> np.ndarray:
    """Draw lengths `shortest` to T: one sequence is full, another the shortest; the first and the last are neither.

    That takes four sequences, and three steps more than the shortest has. A batch of one, or of one step, has any
    length.
    """
    if N == 1 or T == 1:
        lengths = rng.integers(1, max(T, 2), size=N)
    else:
        lengths = rng.integers(shortest, T + 1, size=N)
        full, short = rng.choice(np.arange(1, N - 1), size=2, replace=False)
        first, last = rng.choice(np.arange(shortest + 1, T), size=2, replace=False)
        lengths[[0, full, short, -1]] = first, T, shortest, last
    return np.arange(T) < lengths[:, None]


def _draw_masked(rng: np.random.Generator, *, full: bool = False, shortest: int = 2, **options: Any) -> Problem:
    """Draw a batch of unequal lengths; beyond the end of a sequence its input is garbage, half of it large.

    Large garbage drives tanh to its ends, where one mistake looks like the other; the other half tells them apart.
    """
    problem = draw(rng, **{"low": {"N": 4, "T": 6}, **options})
    x, N, T = problem.given["x"], problem.sizes["N"], problem.sizes["T"]
    mask = np.ones((N, T), bool) if full else draw_mask(rng, N, T, shortest)
    size = np.where(rng.random((N, T, 1)) < 0.5, GARBAGE, 1.0)
    x = np.where(mask[..., None], x, size * rng.standard_normal(x.shape))
    return Problem(problem.sizes, {**problem.given, "x": x, "mask": mask})


def _right_masked(problem: Problem) -> dict[str, np.ndarray]:
    """Return the states of every sequence read alone, up to its end, and its last state behind that."""
    given = problem.given
    h = np.empty((*given["x"].shape[:2], len(given["b"])))
    for n, length in enumerate(given["mask"].sum(axis=1)):
        start = None if given["h0"] is None else given["h0"][n : n + 1]
        alone, _ = unrolled.rnn_forward(given["x"][n : n + 1, :length], start, given["Wx"], given["Wh"], given["b"])
        h[n, :length], h[n, length:] = alone[0], alone[0, -1]
    return {"h": h}


ONE_REAL_STEP = Case(" where a sequence has a single real step", {"shortest": 1})
MASK_OF_ONES = Case(" with a mask that is True everywhere", {"full": True})

masked = Calculation(
    _draw_masked,
    _right_masked,
    MASKED_WALK,
    _known,
    equation="rnn-mask",
    mistakes=(
        mistake("mask_ignored", "The mask is ignored: padded steps are computed like real ones.", h_t=lambda new: new),
        mistake(
            "stored_as_if_real",
            "Padded steps carry the state on, but what is stored for them is the state that they would have made.",
            h=lambda new, visited: batch_first(new, visited),
        ),
        mistake(
            "state_zeroed",
            "The mask sets the state to zero at padded steps; they should carry the state on.",
            h_t=lambda new, m_t: new * m_t,
        ),
        mistake(
            "input_zeroed",
            "The mask only sets the input to zero, but the step is still computed; a padded step should change"
            " nothing.",
            h_t=lambda new: new,
            x_t=lambda x, t, m_t: x[:, t] * m_t,
        ),
        mistake(
            "mask_inverted",
            "The mask is used the wrong way round: real steps are carried on and padded steps are computed.",
            h_t=lambda m_t, previous, new: np.where(m_t, previous, new),
        ),
        mistake(
            "h0_carried",
            "Padded steps hold h0; they should hold the state before the step.",
            h_t=lambda m_t, new, h0: np.where(m_t, new, h0),
        ),
        mistake(
            "carried_at_real_steps_too",
            "The previous state is added at real steps as well; there the new state replaces it.",
            h_t=lambda m_t, new, previous: m_t * new + previous,
        ),
        mistake(
            "added_at_padded_steps",
            "At padded steps the previous state is added to the new one; it should replace it.",
            h_t=lambda new, m_t, previous: new + ~m_t * previous,
        ),
        mistake(
            "mask_one_step_late",
            "The mask is one step late: the first padded step of a sequence is still computed.",
            h_t=lambda mask, t, new, previous: np.where(mask[:, max(t - 1, 0), None], new, previous),
        ),
        mistake(
            "mask_one_step_early",
            "The mask is one step early: the last real step of a sequence is not computed.",
            h_t=lambda mask, t, T, new, previous: np.where(mask[:, min(t + 1, T - 1), None], new, previous),
        ),
        mistake(
            "stops_with_the_shortest",
            "The whole batch stops when its shortest sequence ends; each sequence has a mask of its own.",
            h_t=lambda mask, t, new, previous: new if mask[:, t].all() else previous,
        ),
        mistake(
            "mask_of_the_first_sequence",
            "The mask of the first sequence is used for all of them.",
            h_t=lambda m_t, new, previous: np.where(m_t[0], new, previous),
        ),
        *(known for known in SEQUENCE_MISTAKES if known.name != "previous_added"),
        RETURN_IN_LOOP,
    ),
    cases=(
        *SMALLEST,
        ONE_REAL_STEP,
        MASK_OF_ONES,
        replace(LONG_CASE, options=LONG | {"N": 4}),
        LARGE_STATES,
        WITHOUT_H0,
    ),
    square=SQUARE,
)
"""All states of a batch of sequences of unequal length."""
