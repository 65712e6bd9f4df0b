"""Recurrent weights to start from, and a matrix whose powers grow before they decay."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import unrolled
from autograder.engine.calling import Seeded
from autograder.engine.gradients import norm_relative_error
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

ROUNDING = 1e-8
"""How far the products of the columns may be off. Of ten thousand matrices that are made orthogonal column by column,
the textbook's way, one loses eight digits; float32 leaves 1e-7."""

RADIUS = 1e-4
"""How far the spectral radius may be off. Where two eigenvalues coincide, rounding in the sixteenth digit of a matrix
moves them in the eighth, and in the fifth if the matrix has entries of a thousand."""

POWERS = 50
"""How many powers of a matrix are looked at."""


def _draw(rng: np.random.Generator, **sizes: int) -> Problem:
    sizes = draw_sizes(rng, "H", {"H": 4}, **sizes)
    gain = float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.2, 1.8)]))
    return Problem(sizes, {"rng": Seeded(int(rng.integers(2**31))), "H": sizes["H"], "gain": gain, "scale": gain})


def products_of_columns(Wh: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    """Return the products of all columns with one another: gain² on the diagonal, and 0 elsewhere if all is well."""
    products, right = Wh.T @ Wh, given["gain"] ** 2 * np.eye(given["H"])
    return right if norm_relative_error(products, right) <= ROUNDING else products


SPREAD = 20
"""How many units a network has at least where every one has to hear more than one other."""

SINGLE = 0.999
"""From which share of the gain on the largest entry of a column counts as its only one. The chance that an entry of a
random orthogonal matrix of 40 units is above 0.95 is below 1e-19. A reflection has such entries, but in few columns."""


def single_entries(Wh: np.ndarray, given: Mapping[str, Any]) -> float:
    """Return how many columns hold a single entry if that goes for all of many; otherwise 0, as it should be."""
    single = np.abs(Wh).max(axis=0) > SINGLE * np.linalg.norm(Wh, axis=0)
    return float(len(Wh)) if given["H"] >= SPREAD and single.all() else 0.0


ORTHOGONAL = {
    "Wh.T @ Wh": ("HH", products_of_columns),
    "the number of columns with a single entry": ("", single_entries),
}


def _drawn(rng: Seeded, H: int) -> np.ndarray:
    return np.random.default_rng(rng.seed).standard_normal((H, H))


orthogonal = Calculation(
    _draw,
    lambda problem: {
        "Wh": unrolled.orthogonal(
            np.random.default_rng(problem.given["rng"].seed), (problem.given["H"],) * 2, gain=problem.given["gain"]
        )
    },
    Once(
        terms(
            "orthogonal-start",
            A=lambda rng, H: _drawn(rng, H),
            Q=lambda A: np.linalg.qr(A)[0],
            Wh=lambda gain, Q: gain * Q,
        )
    ),
    lambda problem: problem.given,
    equation="orthogonal-start",
    mistakes=(
        mistake(
            "not_orthogonal",
            "The columns are not at right angles: this is the random matrix itself, or its factor R.",
            Q=lambda A: A,
        ),
        mistake(
            "divided_by_root_of_H",
            "The columns are not at right angles: this is the random matrix, divided by the root of H.",
            Q=lambda A: A / np.sqrt(len(A)),
        ),
        mistake(
            "columns_scaled_only",
            "The columns have the right length, but they are not at right angles.",
            Q=lambda A: A / np.linalg.norm(A, axis=0),
        ),
        mistake(
            "rows_scaled_only",
            "The rows have the right length, but they are not at right angles.",
            Q=lambda A: A / np.linalg.norm(A, axis=1, keepdims=True),
        ),
        mistake(
            "spectral_radius_only",
            "The random matrix is scaled to the right spectral radius, but its singular values differ.",
            Q=lambda A: A / np.abs(np.linalg.eigvals(A)).max(),
        ),
        mistake(
            "norm_only",
            "The random matrix is scaled to the right largest singular value, but the others are smaller.",
            Q=lambda A: A / np.linalg.norm(A, 2),
        ),
        mistake(
            "signed_permutation",
            "Every column holds a single entry: every unit hears one other, or itself. A random orthogonal matrix mixes"
            " all of them.",
            Q=lambda A: np.eye(len(A)),
        ),
        mistake("gain_forgotten", "The gain does not take part.", Wh=lambda Q: Q),
        mistake("gain_squared", "The gain is multiplied in twice.", Wh=lambda gain, Q: gain**2 * Q),
        mistake("root_of_gain", "The root of the gain is taken.", Wh=lambda gain, Q: np.sqrt(gain) * Q),
        mistake("divided_by_gain", "The matrix is divided by the gain.", Wh=lambda gain, Q: Q / gain),
        mistake(
            "times_root_of_H",
            "The matrix is larger by the root of H: an orthogonal matrix has columns of length 1 already.",
            Wh=lambda gain, Q: gain * np.sqrt(len(Q)) * Q,
        ),
    ),
    cases=(at_one("H"), Case(" at H = 40", {"H": 40})),
)
"""A gain times a random orthogonal matrix."""


identity = Calculation(
    _draw,
    lambda problem: {"Wh": unrolled.identity(problem.given["H"], scale=problem.given["scale"])},
    Once(
        terms(
            "identity-start",
            ones=lambda H: np.eye(H),
            Wh=lambda scale, ones: scale * ones,
        )
    ),
    lambda problem: problem.given,
    equation="identity-start",
    mistakes=(
        mistake(
            "all_ones",
            "Every entry is the scale; the identity has ones on its diagonal and zeros elsewhere.",
            ones=lambda H: np.ones((H, H)),
        ),
        mistake("scale_forgotten", "The scale does not take part.", Wh=lambda ones: ones),
        mistake("scale_squared", "The scale is multiplied in twice.", Wh=lambda scale, ones: scale**2 * ones),
        mistake("divided_by_scale", "The identity is divided by the scale.", Wh=lambda scale, ones: ones / scale),
        mistake(
            "scale_added",
            "The scale is added to every entry of the identity.",
            Wh=lambda scale, ones: scale + ones,
        ),
        mistake(
            "other_diagonal",
            "The ones stand on the other diagonal, from the lower left to the upper right.",
            ones=lambda H: np.eye(H)[::-1],
        ),
        mistake(
            "beside_the_diagonal",
            "The ones stand beside the diagonal: every unit hands its state to the next one.",
            ones=lambda H: np.eye(H, k=1),
        ),
        mistake(
            "divided_by_root_of_H",
            "The identity is divided by the root of H; the scale alone stands on its diagonal.",
            ones=lambda H: np.eye(H) / np.sqrt(H),
        ),
    ),
    cases=(at_one("H"), Case(" at H = 40", {"H": 40})),
)
"""A scale times the identity."""


def _draw_growing(
    rng: np.random.Generator,
    *,
    rho: tuple[float, float] = (0.2, 0.45),
    growth: tuple[float, float] = (3.0, 30.0),
    **_options: Any,
) -> Problem:
    """Draw a spectral radius and a growth.

    Below 0.5 the powers of [[rho, u], [0, rho]] have their largest norm at once, u + rho**2 / u or so: a u that is off
    by rho, or by its square, shows every time.
    """
    return Problem({"H": 2}, {"rho": float(rng.uniform(*rho)), "growth": float(rng.uniform(*growth))})


def spectral_radius(A: np.ndarray, given: Mapping[str, Any]) -> float:
    """Return the largest absolute value of an eigenvalue, which is that asked for where it differs by rounding only."""
    radius = float(np.abs(np.linalg.eigvals(A)).max())
    return given["rho"] if abs(radius - given["rho"]) <= RADIUS * given["rho"] else radius


def largest_norm(A: np.ndarray, given: Mapping[str, Any]) -> float:
    """Return the largest norm of the first powers of a matrix, or the growth asked for where that is reached."""
    largest, power = 0.0, np.eye(len(A))
    for _ in range(POWERS):
        power = power @ A
        if not np.all(np.isfinite(power)):
            return given["growth"]
        largest = max(largest, float(np.linalg.norm(power, 2)))
        if largest >= given["growth"] * (1 - ROUNDING):
            return given["growth"]
    return largest


LARGEST = f"the largest norm of A, A², … up to the {POWERS}th power"
GROWING = {"the spectral radius of A": ("", spectral_radius), LARGEST: ("", largest_norm)}

growing = Calculation(
    _draw_growing,
    lambda problem: {"A": np.array([[problem.given["rho"], problem.given["growth"]], [0.0, problem.given["rho"]]])},
    Once(
        terms(
            "gradient-decay",
            diagonal=lambda rho: rho,
            upper=lambda growth: growth,
            lower=lambda: 0.0,
            A=lambda diagonal, upper, lower: np.array([[diagonal, upper], [lower, diagonal]], float),
        )
    ),
    lambda problem: problem.given,
    equation="gradient-decay",
    mistakes=(
        mistake(
            "never_grows",
            "Its norm is its spectral radius, so that no power is larger than the first: the two eigenvectors are at"
            " right angles. Let one unit drive the other, and not the other way round.",
            upper=lambda: 0.0,
        ),
        mistake(
            "grows_for_ever",
            "Its spectral radius is the growth, so that its powers grow without end; they have to decay at last.",
            diagonal=lambda growth: growth,
        ),
        mistake(
            "both_ways",
            "The two units drive each other, which changes the eigenvalues. Let one drive the other, and not the other"
            " way round.",
            lower=lambda growth: growth,
        ),
        mistake(
            "both_ways_with_opposite_signs",
            "The two units drive each other with opposite signs, which changes the eigenvalues. Let one drive"
            " the other, and not the other way round.",
            lower=lambda growth: -growth,
        ),
        mistake(
            "radius_zero",
            "Its eigenvalues are both zero; one of them has to be rho.",
            diagonal=lambda: 0.0,
        ),
        mistake(
            "radius_squared",
            "Its spectral radius is the square of rho.",
            diagonal=lambda rho: rho**2,
        ),
        mistake(
            "grows_too_little",
            "It grows too little: the entry beside the diagonal is 1, whatever growth is asked for.",
            upper=lambda: 1.0,
        ),
        mistake(
            "driven_by_rho",
            "It grows too little: the entry beside the diagonal is rho, whatever growth is asked for.",
            upper=lambda rho: rho,
        ),
    ),
    cases=(
        Case(" where rho is near 1", {"rho": (0.9, 0.98)}),
        Case(" where the growth is small", {"growth": (1.2, 2.0)}),
        Case(" where the growth is large", {"growth": (100.0, 300.0)}),
        Case(" where rho is a tenth or so", {"rho": (0.05, 0.2)}),
    ),
)
"""A matrix of a given spectral radius below 1 whose powers grow before they decay."""
