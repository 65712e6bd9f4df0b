"""The central difference, by which a gradient is checked.

What is differentiated is a function that the check gives to the learner's own function. Code cannot cross into the
sandbox, and should not; a polynomial can, as its coefficients (`autograder.engine.calling.Polynomial`). It is also what
suits the purpose best: its gradient is known on paper, and the error of a central difference is its third derivative,
which does not change with x, times ``eps**2 / 6``, so that halving eps leaves a quarter of it, to the last digits. The
step is large, for the error has to be larger than rounding.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.engine.calling import Polynomial
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

STEPS = (0.05, 0.2)
"""Smallest and largest step. With half the smallest the error is 1e-4 of a slope at least, and rounding 1e-14."""

TINY = np.finfo(float).tiny


def _draw(rng: np.random.Generator, *, eps: float | None = None, **sizes: int) -> Problem:
    """Draw a polynomial, a matrix at which it is differentiated, and a step."""
    sizes = draw_sizes(rng, "DH", **sizes)
    shape = tuple(sizes.values())
    while True:
        x = rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        step = float(rng.uniform(*STEPS)) if eps is None else eps
        # Who moves an entry of x itself there and back has to leave a trace.
        if (x + step - step != x).any() and (x + step - 2 * step + step != x).any():
            break
    powers = rng.uniform(0.5, 1.5, (3, *shape)) * rng.choice([-1, 1], (3, *shape))
    # The third derivative has one sign, so that it does not vanish.
    powers[2] = np.abs(powers[2])
    mixed = rng.uniform(0.3, 1.0, shape) / np.sqrt(x.size)
    return Problem(sizes, {"f": Polynomial(powers, mixed), "x": x, "eps": step})


def slopes(f: Polynomial, x: np.ndarray) -> np.ndarray:
    """Return the gradient of a polynomial, worked out on paper."""
    by_entry = sum((k + 1) * c * x**k for k, c in enumerate(f.powers))
    return by_entry + 3 * np.sum(f.mixed * x) ** 2 * f.mixed


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the gradient and what a central difference has to add to it, for the step and for half of it."""
    f, x, eps = (problem.given[name] for name in ("f", "x", "eps"))
    cubic = f.powers[2] + f.mixed**3
    exact = slopes(f, x)
    return {"gradient": exact + eps**2 * cubic, "gradient_halved": exact + (eps / 2) ** 2 * cubic}


def order_of_accuracy(came: Mapping[str, np.ndarray], given: Mapping[str, Any]) -> float:
    """Return how often the error is halved when eps is halved once: 2 where it falls to a quarter."""
    exact = slopes(given["f"], given["x"])
    coarse, fine = (np.linalg.norm(came[name] - exact) for name in ("gradient", "gradient_halved"))
    return float(np.log2(max(coarse, TINY) / max(fine, TINY)))


PROPERTIES = {
    "the order of accuracy": ("", order_of_accuracy),
    "the gradient": ("DH", lambda came, given: came["gradient"]),
}


def _move_entry(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    moved = x.copy()
    moved[index] += step
    return moved


def _move_row(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    moved = x.copy()
    moved[index[0]] += step
    return moved


def _move_by_share(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    return _move_entry(x, index, step * x[index])


def _leave_moved(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    """Move an entry where those before it have been left at x - |step|."""
    moved = x.copy()
    moved.flat[: np.ravel_multi_index(index, x.shape)] -= abs(step)
    moved[index] += step
    return moved


def _leave_both_moved(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    """Move an entry where those before it have been left where they were moved to, in either of two copies."""
    moved = x.copy()
    moved.flat[: np.ravel_multi_index(index, x.shape) + 1] += step
    return moved


def _move_to_step(x: np.ndarray, index: tuple[int, int], step: float) -> np.ndarray:
    moved = x.copy()
    moved[index] = step
    return moved


def _entry_by_entry(
    f: Callable, x: np.ndarray, eps: float, moved: Callable, width: Callable, quotient: Callable
) -> np.ndarray:
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = width(eps)
        ahead, behind = f(moved(x, index, step)), f(moved(x, index, -step))
        gradient[index] = quotient(ahead, behind, f(x), eps)
    return gradient


central = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "central-difference",
            moved=lambda: _move_entry,
            width=lambda: lambda eps: eps,
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - behind) / (2 * eps),
            coarse=lambda f, x, eps, moved, width, quotient: _entry_by_entry(f, x, eps, moved, width, quotient),
            fine=lambda f, x, eps, moved, width, quotient: _entry_by_entry(f, x, eps / 2, moved, width, quotient),
            gradient=lambda coarse: coarse,
            gradient_halved=lambda fine: fine,
        )
    ),
    lambda problem: problem.given,
    equation="central-difference",
    if_zero={
        "the gradient": "Are the two points one array under two names? Or is nothing stored in the gradient?",
        "the order of accuracy": "The error is the same with half of eps. Is eps used as it is given?",
    },
    mistakes=(
        mistake(
            "forward_difference",
            "The difference is one-sided: from x to x + eps. Halving eps halves its error; that of a central one falls"
            " to a quarter.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - here) / eps,
        ),
        mistake(
            "backward_difference",
            "The difference is one-sided: from x - eps to x. Halving eps halves its error; that of a central one falls"
            " to a quarter.",
            quotient=lambda: lambda ahead, behind, here, eps: (here - behind) / eps,
        ),
        mistake(
            "divided_by_eps",
            "The difference is divided by eps; the two points are farther apart than that.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - behind) / eps,
        ),
        mistake(
            "brackets_missing",
            "The difference is divided by 2 and multiplied by eps: brackets are missing around the distance.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - behind) / 2 * eps,
        ),
        mistake(
            "not_divided",
            "The difference is not divided by the distance of the two points.",
            quotient=lambda: lambda ahead, behind, here, eps: ahead - behind,
        ),
        mistake(
            "one_sided_over_two",
            "The difference from x to x + eps is divided by the distance from x - eps to x + eps.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - here) / (2 * eps),
        ),
        mistake(
            "opposite_sign",
            "The gradient has the opposite sign.",
            quotient=lambda: lambda ahead, behind, here, eps: (behind - ahead) / (2 * eps),
        ),
        mistake(
            "sum_not_difference",
            "The two values are added; their difference is what tells the slope.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead + behind) / (2 * eps),
        ),
        mistake(
            "second_derivative",
            "That is the second derivative, the curvature; asked is the slope.",
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - 2 * here + behind) / eps**2,
        ),
        mistake(
            "half_the_step",
            "The two points are eps apart; each of them is a whole eps away from x.",
            width=lambda: lambda eps: eps / 2,
            quotient=lambda: lambda ahead, behind, here, eps: (ahead - behind) / eps,
        ),
        mistake(
            "step_halved_distance_kept",
            "The entry is moved by half of eps to either side, and the difference divided by twice eps.",
            width=lambda: lambda eps: eps / 2,
        ),
        mistake(
            "all_entries_moved",
            "All entries are moved at once; a slope belongs to one entry, which is moved alone.",
            moved=lambda: lambda x, index, step: x + step,
        ),
        mistake(
            "row_moved",
            "A whole row is moved at once; a slope belongs to one entry, which is moved alone.",
            moved=lambda: _move_row,
        ),
        mistake(
            "left_moved",
            "An entry stays where it was moved to while the next one is moved; put it back first.",
            moved=lambda: _leave_moved,
        ),
        mistake(
            "both_left_moved",
            "The entries before stay where they were moved to, in both copies; begin every entry with x as it was.",
            moved=lambda: _leave_both_moved,
        ),
        mistake(
            "set_to_eps",
            "The entry is set to eps; eps is what is added to it.",
            moved=lambda: _move_to_step,
        ),
        mistake(
            "absolute_slope",
            "Every slope is positive: its sign has been taken away.",
            quotient=lambda: lambda ahead, behind, here, eps: abs(ahead - behind) / (2 * eps),
        ),
        mistake(
            "step_times_entry",
            "The entry is moved by a share of itself; it is moved by eps.",
            moved=lambda: _move_by_share,
        ),
    ),
    cases=(
        at_one("D"),
        at_one("H"),
        Case(" at D = H = 1", {"D": 1, "H": 1}, branches=True),
        Case(" with a large step", {"eps": 0.5}),
    ),
)
"""A gradient by central differences, entry by entry."""
