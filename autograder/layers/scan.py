"""Linear recurrences: two steps merged into one, a round of merges, and all states in log2 T rounds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

Array = np.ndarray
Pair = tuple[Array, Array]
Merge = Callable[[Array, Array, Array, Array], Pair]

LONG = 37
"""Steps of a long sequence; six rounds, and no power of two."""


def _draw(
    rng: np.random.Generator,
    *,
    initial: bool = True,
    forgets: bool = False,
    large: bool = False,
    reach: int | None = None,
    **sizes: int,
) -> Problem:
    """Draw the steps of a linear recurrence, a state before them, and how far a round reaches.

    Parameters
    ----------
    initial : bool
        Whether there is an initial state; otherwise h0 is None.
    forgets : bool
        Whether some of the factors are exactly zero, in each sequence.
    large : bool
        Whether the states are a million times as large.
    reach : int, optional
        How far a round reaches; by default 3 or 4, so that one more and one less are other mistakes than 1.
    """
    # More sequences than a round reaches, more than twice as many steps, and no power of two of them: otherwise a wrong
    # axis, a merge in place and a number of rounds that is rounded down would not show.
    sizes.setdefault("T", int(rng.integers(9, 12)))
    sizes = draw_sizes(rng, "NTH", {"N": 5}, **sizes)
    N, T, H = sizes.values()
    scale = 1e6 if large else 1.0
    a = rng.uniform(0.4, 1.1, (N, T, H)) * rng.choice([-1.0, 1.0], (N, T, H), p=[0.25, 0.75])
    if forgets:
        a[:, :: max(1, T // 3)] = 0.0
    b, h0 = scale * rng.standard_normal((N, T, H)), scale * rng.uniform(0.5, 1.5, (N, H))
    first, second = (a[:, 0], b[:, 0]), (a[:, -1], scale * rng.standard_normal((N, H)))
    k = int(rng.integers(3, 5)) if reach is None else reach
    pairs = {"a1": first[0], "b1": first[1], "a2": second[0], "b2": second[1]}
    return Problem(sizes, {**pairs, "a": a, "b": b, "k": min(k, max(T - 1, 1)), "h0": h0 if initial else None})


def _known(problem: Problem) -> dict[str, Any]:
    """Return what the terms start from: an initial state of zeros where there is none."""
    h0, b = problem.given["h0"], problem.given["b"]
    return {**problem.given, "h0": np.zeros_like(b[:, 0]) if h0 is None else h0}


def merged(a1: Array, b1: Array, a2: Array, b2: Array) -> Pair:
    """Return the step that does what step 1 and then step 2 do."""
    return a2 * a1, a2 * b1 + b2


def one_round(a: Array, b: Array, k: int, merge: Merge = merged) -> Pair:
    """Return every step merged with the one k before it; the first k stay."""
    late = merge(a[:, :-k], b[:, :-k], a[:, k:], b[:, k:]) if k < a.shape[1] else (a[:, k:], b[:, k:])
    return tuple(np.concatenate([old[:, :k], new], axis=1) for old, new in zip((a, b), late, strict=True))


def _reaches(T: int) -> list[int]:
    return [2**power for power in range(max(T - 1, 0).bit_length())]


def _all_rounds(a: Array, b: Array, reaches: list[int], a_round: Callable[[Array, Array, int], Pair]) -> Pair:
    for k in reaches:
        a, b = a_round(a, b, k)
    return a, b


def _wrapped(a: Array, b: Array, k: int) -> Pair:
    return merged(np.roll(a, k, axis=1), np.roll(b, k, axis=1), a, b)


def _one_after_the_other(a: Array, b: Array, k: int) -> Pair:
    """Merge in place from the first step on, so that what was merged already is merged again."""
    a, b = a.copy(), b.copy()
    for t in range(k, a.shape[1]):
        a[:, t], b[:, t] = merged(a[:, t - k], b[:, t - k], a[:, t], b[:, t])
    return a, b


def _with_what_follows(a: Array, b: Array, k: int) -> Pair:
    early = merged(a[:, :-k], b[:, :-k], a[:, k:], b[:, k:])
    return tuple(np.concatenate([new, old[:, -k:]], axis=1) for old, new in zip((a, b), early, strict=True))


def _first_zeroed(a: Array, b: Array, k: int) -> Pair:
    return tuple(np.concatenate([0 * new[:, :k], new[:, k:]], axis=1) for new in one_round(a, b, k))


def _over_sequences(a: Array, b: Array, k: int) -> Pair:
    """Take the first axis for the time."""
    return tuple(new.swapaxes(0, 1) for new in one_round(a.swapaxes(0, 1), b.swapaxes(0, 1), k))


MERGE_MISTAKES = (
    mistake(
        "merged_in_the_wrong_order",
        "The two steps are merged in the wrong order: step 1 comes first, and step 2 acts on what it left.",
        b_of=lambda: lambda a1, b1, a2, b2: a1 * b2 + b1,
    ),
    mistake(
        "b1_not_multiplied",
        "What the first step adds is taken over as it is; the second step multiplies it, too.",
        b_of=lambda: lambda a1, b1, a2, b2: b1 + b2,
    ),
    mistake(
        "b1_by_its_own_factor",
        "What the first step adds is multiplied with that step's own factor; it comes after it.",
        b_of=lambda: lambda a1, b1, a2, b2: a1 * b1 + b2,
    ),
    mistake(
        "b1_by_both_factors",
        "What the first step adds is multiplied with both factors; only the second step acts on it.",
        b_of=lambda: lambda a1, b1, a2, b2: a1 * a2 * b1 + b2,
    ),
    mistake(
        "b2_multiplied",
        "What the second step adds is multiplied, too; nothing comes after it.",
        b_of=lambda: lambda a1, b1, a2, b2: a2 * (b1 + b2),
    ),
    mistake(
        "b_of_the_second_step",
        "What the first step adds is lost.",
        b_of=lambda: lambda a1, b1, a2, b2: b2,
    ),
    mistake(
        "b_of_the_first_step",
        "What the second step adds is lost.",
        b_of=lambda: lambda a1, b1, a2, b2: a2 * b1,
    ),
    mistake(
        "b_multiplied",
        "What the two steps add is multiplied; it has to be added.",
        b_of=lambda: lambda a1, b1, a2, b2: a2 * b1 * b2,
    ),
    mistake(
        "a_added",
        "The two factors are added; one acts after the other.",
        a_of=lambda: lambda a1, a2: a1 + a2,
    ),
    mistake("a_of_the_first_step", "The factor of the second step is lost.", a_of=lambda: lambda a1, a2: a1),
    mistake("a_of_the_second_step", "The factor of the first step is lost.", a_of=lambda: lambda a1, a2: a2),
    mistake("a_divided", "One factor is divided by the other.", a_of=lambda: lambda a1, a2: a2 / a1),
)
"""Mistakes in the merge of two steps."""

MERGE_TERMS = terms(
    "scan-combine",
    a_of=lambda: lambda a1, a2: a2 * a1,
    b_of=lambda: lambda a1, b1, a2, b2: a2 * b1 + b2,
)

combine = Calculation(
    _draw,
    lambda problem: dict(
        zip(("merged_a", "merged_b"), merged(*(problem.given[n] for n in ("a1", "b1", "a2", "b2"))), strict=True)
    ),
    Once(
        MERGE_TERMS
        | terms(
            "scan-combine",
            merged_a=lambda a_of, a1, a2: a_of(a1, a2),
            merged_b=lambda b_of, a1, b1, a2, b2: b_of(a1, b1, a2, b2),
        )
    ),
    lambda problem: problem.given,
    equation="scan-combine",
    mistakes=MERGE_MISTAKES,
    cases=(
        at_one("N", "H"),
        Case(" where factors are 0", {"forgets": True}, "A step with the factor 0 forgets all that was before it."),
        Case(" where the states are a million times as large", {"large": True}),
    ),
)
"""Two steps of a linear recurrence as one."""

ROUND_TERMS = MERGE_TERMS | terms(
    "scan-round",
    merge=lambda a_of, b_of: lambda a1, b1, a2, b2: (a_of(a1, a2), b_of(a1, b1, a2, b2)),
    a_round=lambda merge: lambda a, b, k: one_round(a, b, k, merge),
)

ROUND_MISTAKES = (
    mistake(
        "wrapped_around",
        "The first steps are merged with the last ones; nothing stands before them, so they stay as they are.",
        a_round=lambda: _wrapped,
    ),
    mistake(
        "one_after_the_other",
        "Steps are merged with steps that this round has merged already. Each is merged with what stood there before"
        " the round.",
        a_round=lambda: _one_after_the_other,
    ),
    mistake(
        "merged_with_what_follows",
        "Each step is merged with the one behind it; a state is made of what came before.",
        a_round=lambda: _with_what_follows,
    ),
    mistake(
        "first_steps_zeroed",
        "The first steps are set to 0; nothing stands before them, so they stay as they are.",
        a_round=lambda: _first_zeroed,
    ),
    mistake(
        "first_factors_zeroed",
        "The first factors are set to 0; the first steps stay as they are. A step that changes nothing has the factor"
        " 1.",
        a_round=lambda: lambda a, b, k: (_first_zeroed(a, b, k)[0], one_round(a, b, k)[1]),
    ),
    mistake(
        "first_steps_behind",
        "The first k steps stand behind the others; their place is in front.",
        a_round=lambda: lambda a, b, k: tuple(np.roll(new, -k, axis=1) for new in one_round(a, b, k)),
    ),
    mistake(
        "merged_over_sequences",
        "Sequences are merged with other sequences: the first axis counts them, and the steps run along the second.",
        a_round=lambda: _over_sequences,
    ),
    mistake(
        "new_a_in_b",
        "The factors are merged first, and what is added is then multiplied with the merged ones; it takes the factors"
        " from before the round.",
        a_round=lambda: lambda a, b, k: one_round(a, b, k, lambda a1, b1, a2, b2: (a2 * a1, a2 * a1 * b1 + b2)),
    ),
    mistake(
        "a_not_merged",
        "The factors stay as they were; they are merged in each round, too.",
        a_round=lambda: lambda a, b, k: (a, one_round(a, b, k)[1]),
    ),
    mistake(
        "b_not_merged",
        "Only the factors are merged.",
        a_round=lambda: lambda a, b, k: (one_round(a, b, k)[0], b),
    ),
    mistake(
        "stride_of_one",
        "Each step is merged with its neighbor, whatever k is.",
        a_round=lambda: lambda a, b, k: one_round(a, b, 1),
    ),
    mistake(
        "stride_one_too_short",
        "Each step is merged with the one k - 1 before it.",
        a_round=lambda: lambda a, b, k: one_round(a, b, max(k - 1, 1)),
    ),
    mistake(
        "stride_one_too_long",
        "Each step is merged with the one k + 1 before it.",
        a_round=lambda: lambda a, b, k: one_round(a, b, k + 1),
    ),
    mistake(
        "one_step_left_out",
        "The first step that has another one k before it is left out.",
        a_round=lambda: (
            lambda a, b, k: tuple(
                np.concatenate([old[:, : k + 1], new[:, k + 1 :]], axis=1)
                for old, new in zip((a, b), one_round(a, b, k), strict=True)
            )
        ),
    ),
)
"""Mistakes in a round."""

ALSO_OF_A_ROUND = ("b1_by_both_factors", "a_of_the_second_step", "b_of_the_second_step")
"""Mistakes of a merge that give the numbers of mistakes of a round."""

SMALLEST = (at_one("N"), at_one("H"), at_one("N", "H"))

scan_round = Calculation(
    _draw,
    lambda problem: dict(
        zip(("merged_a", "merged_b"), one_round(*(problem.given[n] for n in ("a", "b", "k"))), strict=True)
    ),
    Once(
        ROUND_TERMS
        | terms(
            "scan-round",
            both=lambda a_round, a, b, k: a_round(a, b, k),
            merged_a=lambda both: both[0],
            merged_b=lambda both: both[1],
        )
    ),
    lambda problem: problem.given,
    equation="scan-round",
    mistakes=(*ROUND_MISTAKES, *(known for known in MERGE_MISTAKES if known.name not in ALSO_OF_A_ROUND)),
    cases=(
        *SMALLEST,
        Case(" at k = 1", {"reach": 1}, branches=True),
        Case(" at k = T - 1", {"T": 6, "reach": 5}, branches=True),
        Case(" where factors are 0", {"forgets": True}),
        Case(f" at T = {LONG}", {"N": 2, "T": LONG, "H": 3, "reach": 8}),
    ),
)
"""Every step merged with the one k before it, all at once."""


def _right_states(problem: Problem) -> dict[str, Array]:
    """Return the states, one step after the other."""
    given = _known(problem)
    h_t, states = given["h0"], []
    for a_t, b_t in zip(given["a"].swapaxes(0, 1), given["b"].swapaxes(0, 1), strict=True):
        h_t = a_t * h_t + b_t
        states.append(h_t)
    return {"h": np.stack(states, axis=1)}


DIVIDED = "Is something divided by a product of factors? That product goes to 0."

linear_scan = Calculation(
    _draw,
    _right_states,
    Once(
        ROUND_TERMS
        | terms("scan-round", reaches=lambda a: _reaches(a.shape[1]))
        | terms("scan-round", scanned=lambda a, b, reaches, a_round: _all_rounds(a, b, reaches, a_round))
        | terms(
            "linear-recurrence",
            from_h0=lambda scanned, h0: scanned[0] * h0[:, None],
            h=lambda scanned, from_h0: scanned[1] + from_h0,
        )
    ),
    _known,
    equation="linear-recurrence",
    mistakes=(
        mistake(
            "h0_forgotten",
            "h0 is forgotten: the states are those that start from zeros.",
            from_h0=lambda h0: 0 * h0[:, None],
        ),
        mistake(
            "h0_added_as_it_is",
            "h0 is added to each state as it is; the factors of all the steps up to there act on it.",
            from_h0=lambda h0: h0[:, None],
        ),
        mistake(
            "h0_by_one_factor",
            "h0 is multiplied with the factor of one step only; those of all the steps up to there act on it.",
            from_h0=lambda a, h0: a * h0[:, None],
        ),
        mistake(
            "h0_in_the_first_state_only",
            "h0 reaches the first state and no other. Is it added behind the scan?",
            from_h0=lambda a, h0: np.concatenate([a[:, :1] * h0[:, None], 0 * a[:, 1:]], axis=1),
        ),
        mistake(
            "h0_counted_twice",
            "h0 counts twice. Is it put into the first step and added behind the scan, too?",
            from_h0=lambda scanned, h0: 2 * scanned[0] * h0[:, None],
        ),
        mistake(
            "h0_added_to_the_first_b",
            "h0 is added to what the first step adds, without that step's factor.",
            from_h0=lambda scanned, a, h0: _without_first(a) * h0[:, None],
        ),
        mistake(
            "h0_added_to_the_first_state",
            "h0 is added to the first state alone, as it is.",
            from_h0=lambda a, h0: np.concatenate([h0[:, None] + 0 * a[:, :1], 0 * a[:, 1:]], axis=1),
        ),
        mistake(
            "one_round_only",
            "There is one round only: each state reaches back to the step before it and no further.",
            reaches=lambda a: [1],
        ),
        mistake(
            "last_round_missing",
            "The last round is missing: the last states do not reach back to the first step. There are log2 T rounds,"
            " rounded up.",
            reaches=lambda a: _reaches(a.shape[1])[:-1],
        ),
        mistake(
            "reach_grows_by_one",
            "The reach grows by one from round to round, so that steps are merged twice; after a round with k each"
            " span is twice as long.",
            reaches=lambda a: list(range(1, a.shape[1])),
        ),
        mistake(
            "reach_stays_one",
            "Every round merges neighbors, so that steps are merged twice; after a round with k each span is twice as"
            " long.",
            reaches=lambda a: [1] * (a.shape[1] - 1),
        ),
        mistake(
            "reach_stays_one_in_few_rounds",
            "Every round merges neighbors; after a round with k each span is twice as long.",
            reaches=lambda a: [1] * len(_reaches(a.shape[1])),
        ),
        mistake(
            "rounds_from_the_start",
            "Every round starts from the steps as they were given; it goes on from what the round before has left.",
            reaches=lambda a: _reaches(a.shape[1])[-1:],
        ),
        mistake(
            "starts_at_two",
            "The first round is missing: it merges neighbors.",
            reaches=lambda a: _reaches(a.shape[1])[1:],
        ),
        mistake(
            "longest_first",
            "The rounds come in the wrong order: neighbors are merged first.",
            reaches=lambda a: _reaches(a.shape[1])[::-1],
        ),
        mistake(
            "factors_returned",
            "The products of the factors are returned, not the states.",
            h=lambda scanned: scanned[0],
        ),
        mistake(
            "h0_in_front",
            "The state before the first step stands in front; the results begin with the state after it.",
            h=lambda scanned, from_h0, h0: _behind(h0, scanned[1] + from_h0),
        ),
        mistake(
            "states_reshaped",
            "The states are right but end up with the wrong sequence: the axes are changed in a way that mixes the"
            " sequences. A new shape does not swap axes.",
            h=lambda scanned, from_h0: (scanned[1] + from_h0).swapaxes(0, 1).reshape(scanned[1].shape),
        ),
        mistake(
            "one_step_late",
            "Every state comes one step late: h[:, t] is the one after step t, not the one before it.",
            h=lambda scanned, from_h0, h0: _behind(h0, scanned[1] + from_h0)[:, :-1],
        ),
        mistake(
            "nothing_scanned",
            "What the steps add is returned with h0 alone; the steps before take no part.",
            h=lambda a, b, from_h0: b + from_h0,
        ),
        *(known for known in ROUND_MISTAKES if known.name in ("a_not_merged", "wrapped_around")),
        *(known for known in MERGE_MISTAKES if known.name == "merged_in_the_wrong_order"),
    ),
    cases=(
        *SMALLEST,
        at_one("T"),
        Case(" at T = 8", {"T": 8, "N": 3, "H": 5}, branches=True),
        Case(" at T = 9, one more than a power of two", {"T": 9, "N": 3, "H": 5}, branches=True),
        Case(" at T = 2", {"T": 2, "N": 3, "H": 5}, branches=True),
        Case(f" at T = {LONG}", {"N": 2, "T": LONG, "H": 3}),
        Case(" where factors are 0", {"forgets": True}, DIVIDED),
        Case(" with h0 = None, which stands for zeros", {"initial": False}, branches=True, repeated=True),
    ),
)
"""All states of a linear recurrence."""


def _behind(h0: Array, h: Array) -> Array:
    return np.concatenate([h0[:, None], h], axis=1)


def _without_first(a: Array) -> Array:
    """Return the products of the factors up to each step, that of the first step left out."""
    return np.cumprod(np.concatenate([np.ones_like(a[:, :1]), a[:, 1:]], axis=1), axis=1)
