"""A Hopfield network: the weights that store patterns, and the energy of its states."""

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms
from unrolled import hopfield

MANY = Case(" at H = 40", {"H": 40})
LEAST_UNITS = 4


def _signs(rng: np.random.Generator, N: int, H: int) -> np.ndarray:
    """Draw signs, of both kinds in every row and of one kind more often in some columns: their sum is not zero."""
    while True:
        s = rng.choice([-1.0, 1.0], (N, H))
        if np.all(np.abs(s.sum(axis=1)) < H) and np.count_nonzero(s.sum(axis=0)) > 1:
            return s


def _without_diagonal(W: np.ndarray) -> np.ndarray:
    return W - np.diag(np.diag(W))


def _draw_patterns(rng: np.random.Generator, **sizes: int) -> Problem:
    sizes = draw_sizes(rng, "NH", {"H": LEAST_UNITS}, **sizes)
    while True:
        patterns = _signs(rng, **sizes)
        common, varied = patterns.T @ patterns, patterns - patterns.mean(axis=0)
        # One that stores nothing, or nothing of what differs, shows too little.
        if np.any(np.triu(common, 1)) and (len(patterns) == 1 or np.any(np.triu(varied.T @ varied, 1))):
            return Problem(sizes, {"patterns": patterns})


weights = Calculation(
    _draw_patterns,
    lambda problem: {"W": hopfield.hopfield_weights(problem.given["patterns"])},
    Once(
        terms(
            "hopfield-storage",
            p=lambda patterns: patterns,
            products=lambda p: p.T @ p,
            divisor=lambda H: H,
            scaled=lambda products, divisor: products / divisor,
            W=lambda scaled: _without_diagonal(scaled),
        )
    ),
    lambda problem: {**problem.given, **problem.sizes},
    equation="hopfield-storage",
    mistakes=(
        mistake(
            "diagonal_kept",
            "The diagonal is kept: no unit may hear itself.",
            W=lambda scaled: scaled,
        ),
        mistake(
            "not_divided_by_H",
            "The sum over the patterns is not divided by the number of units.",
            divisor=lambda: 1,
        ),
        mistake(
            "divided_by_N",
            "The sum is divided by the number of patterns; the number of units is asked for.",
            divisor=lambda N: N,
        ),
        mistake(
            "divided_by_N_and_H",
            "The sum is divided by the number of patterns, too: a mean in the place of the sum.",
            divisor=lambda N, H: N * H,
        ),
        mistake(
            "divided_by_H_squared",
            "The sum is divided by the number of units twice.",
            divisor=lambda H: H**2,
        ),
        mistake(
            "zeros_and_ones",
            "The patterns are turned into zeros and ones. Then two units that are both -1 count for nothing, and two"
            " that differ no longer count against each other.",
            p=lambda patterns: (patterns + 1) / 2,
        ),
        mistake(
            "mean_subtracted",
            "The mean of the patterns is subtracted first; the rule takes the patterns as they are.",
            p=lambda patterns: patterns - patterns.mean(axis=0),
        ),
        mistake(
            "opposite_sign",
            "Every weight has the opposite sign: units that agree in the patterns push each other apart.",
            W=lambda scaled: -_without_diagonal(scaled),
        ),
        mistake(
            "last_pattern_only",
            "Only the last pattern is stored: each one overwrites the one before instead of adding to it.",
            products=lambda p: np.outer(p[-1], p[-1]),
        ),
        mistake(
            "first_pattern_only",
            "Only the first pattern is stored. Does `return` stand inside the loop over the patterns?",
            products=lambda p: np.outer(p[0], p[0]),
        ),
        mistake(
            "sum_of_patterns_first",
            "The patterns are added up before the products are made; the products of each pattern add up.",
            products=lambda p: np.outer(p.sum(axis=0), p.sum(axis=0)),
        ),
        mistake(
            "patterns_not_units",
            "These are products of patterns with patterns, one number for every two of them; asked is one for every"
            " two units.",
            W=lambda p, divisor: _without_diagonal(p @ p.T / divisor),
        ),
        mistake(
            "patterns_not_units_by_N",
            "These are products of patterns with patterns, one number for every two of them; asked is one for every"
            " two units.",
            W=lambda p: _without_diagonal(p @ p.T / len(p)),
        ),
        mistake(
            "one_triangle",
            "Only one half of the matrix is filled: what unit i hears of unit j, unit j hears of unit i.",
            W=lambda scaled: np.triu(scaled, 1),
        ),
        mistake(
            "one_triangle_below",
            "Only one half of the matrix is filled: what unit i hears of unit j, unit j hears of unit i.",
            W=lambda scaled: np.tril(scaled, -1),
        ),
        mistake(
            "one_subtracted_from_diagonal",
            "1 is subtracted from the diagonal, which leaves something there if there is more than one pattern.",
            W=lambda scaled: scaled - np.eye(len(scaled)),
        ),
        mistake(
            "diagonal_of_ones",
            "The diagonal holds ones; no unit may hear itself.",
            W=lambda scaled: _without_diagonal(scaled) + np.eye(len(scaled)),
        ),
    ),
    cases=(at_one("N"), MANY),
)
"""The Hebbian rule: what two units have in common over all patterns, divided by the number of units."""


def _draw_states(rng: np.random.Generator, *, scale: float = 1.0, **sizes: int) -> Problem:
    """Draw states, and weights that are symmetric with zeros on the diagonal; `scale` is the size of the weights."""
    sizes = draw_sizes(rng, "NH", {"H": LEAST_UNITS}, **sizes)
    H = sizes["H"]
    half = np.triu(scale * rng.standard_normal((H, H)), 1)
    return Problem(sizes, {"s": _signs(rng, **sizes), "W": half + half.T})


energy = Calculation(
    _draw_states,
    lambda problem: {"E": hopfield.energy(problem.given["s"], problem.given["W"])},
    Once(
        terms(
            "hopfield-energy",
            v=lambda s: s,
            products=lambda v, W: (v @ W) * v,
            total=lambda products: products.sum(axis=1),
            share=lambda: 0.5,
            sign=lambda: -1.0,
            E=lambda sign, share, total: sign * share * total,
        )
    ),
    lambda problem: {**problem.given, **problem.sizes},
    equation="hopfield-energy",
    mistakes=(
        mistake(
            "half_forgotten",
            "It is twice as large: every two units are counted twice, as i, j and as j, i. Is the half missing?",
            share=lambda: 1.0,
        ),
        mistake(
            "half_taken_twice",
            "It is half as large: every two units are counted once only, and the half is taken all the same.",
            share=lambda: 0.25,
        ),
        mistake(
            "opposite_sign",
            "The energy has the opposite sign: a state that the weights agree with has to have a low one.",
            sign=lambda: 1.0,
        ),
        mistake(
            "zeros_and_ones",
            "The states are turned into zeros and ones; units at -1 then count for nothing.",
            v=lambda s: (s + 1) / 2,
        ),
        mistake(
            "one_state_factor_missing",
            "This is the sum of what the units hear; what each one hears still has to be multiplied with its own sign.",
            products=lambda v, W: v @ W,
        ),
        mistake(
            "states_left_out",
            "This is the sum of the weights alone, the same for every state; the signs do not take part.",
            products=lambda v, W: np.tile(W.sum(axis=0), (len(v), 1)),
        ),
        mistake(
            "divided_by_H",
            "The energy is divided by the number of units; the sum over all of them is asked for.",
            total=lambda products: products.mean(axis=1),
        ),
        mistake(
            "summed_over_states",
            "The energies of all states are added up; each state has one of its own.",
            E=lambda sign, share, products: sign * share * products.sum(),
        ),
        mistake(
            "summed_over_the_wrong_axis",
            "The sum runs over the states, which leaves a number for every unit; it has to run over the units.",
            E=lambda sign, share, products: sign * share * products.sum(axis=0),
        ),
        mistake(
            "not_summed",
            "What the units contribute is not added up: a number for every unit of every state comes back.",
            E=lambda sign, share, products: sign * share * products,
        ),
        mistake(
            "states_with_states",
            "Every state is multiplied with every other one; asked is each with itself.",
            E=lambda sign, share, v, W: sign * share * (v @ W @ v.T),
        ),
        mistake(
            "first_state_only",
            "It is the energy of the first state, for all of them.",
            E=lambda sign, share, total: sign * share * np.full_like(total, total[0]),
        ),
        mistake(
            "square_of_what_is_heard",
            "What a unit hears is multiplied with itself; it has to be multiplied with the unit's own sign.",
            products=lambda v, W: (v @ W) ** 2,
        ),
    ),
    cases=(at_one("N"), MANY, Case(" where the weights are a thousand times as large", {"scale": 1000.0})),
)
"""Minus one half of the sum, over every two units, of their weight times their signs."""
