"""Jacobians of a plain RNN: of one step, of many steps, and how fast the norm of the latter falls or grows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import unrolled
from autograder.engine.families import slopes_of_tanh
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, terms
from autograder.layers import rnn

LONG = {**rnn.LONG, "T": 20}
SHORT = Case(" at T = 2", {"T": 2})
SATURATED = Case(" where tanh is nearly saturated", {"gain": 2.5})


def _states(given: Mapping[str, Any]) -> np.ndarray:
    return unrolled.rnn_forward(*(given[name] for name in ("x", "h0", "Wx", "Wh", "b")))[0]


def _draw(rng: np.random.Generator, **options: Any) -> Problem:
    problem = rnn.draw(rng, **{"low": {"T": 6}, **options})
    return Problem(problem.sizes, {**problem.given, "h": _states(problem.given)})


def _draw_step(rng: np.random.Generator, **options: Any) -> Problem:
    problem = _draw(rng, **{**options, "T": 1})
    return Problem(problem.sizes, {**problem.given, "h_t": problem.given["h"][:, 0]})


def _quiet(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return states of a network of which one unit is hardly heard by the others."""
    hushed = whisper(Wh=0)(given)
    h = _states(hushed)
    return {**hushed, "h": h, "h_t": h[:, 0]}


def _draw_product(rng: np.random.Generator, *, at: str = "", **options: Any) -> Problem:
    """Draw a sequence and a step t, with three steps behind it at least; or the first step, or the last.

    Not step 1: the last factor alone and the product with t counted from the end are the same there.
    """
    problem = _draw(rng, **options)
    T = problem.sizes["T"]
    t = {"first": 0, "last": T - 1}.get(at) if at else int(rng.integers(2, max(T - 3, 3)))
    return Problem(problem.sizes, {**problem.given, "t": min(t, T - 1)})


def _by_backward(given: Mapping[str, Any], first: int, last: int) -> np.ndarray:
    """Return the derivative of h[:, last] by the state before step `first`, one unit after the other, (N, H, H)."""
    N, H = given["h"][:, 0].shape
    start = given["h"][:, first - 1] if first else given["h0"]
    x, start = np.repeat(given["x"][:, first : last + 1], H, axis=0), np.repeat(start, H, axis=0)
    _, cache = unrolled.rnn_forward(x, start, given["Wx"], given["Wh"], given["b"])
    dh = np.zeros((N * H, last + 1 - first, H))
    dh[:, -1] = np.tile(np.eye(H), (N, 1))
    return unrolled.rnn_backward(dh, cache)[1].reshape(N, H, H)


def _known(problem: Problem) -> dict[str, Any]:
    h = problem.given["h"]
    return {**problem.given, "one": np.ones_like(h), "h_t": h, "T": problem.sizes["T"]}


def _right_step(problem: Problem) -> dict[str, np.ndarray]:
    return {"J_t": _by_backward(problem.given, 0, 0)}


def _right_product(problem: Problem) -> dict[str, np.ndarray]:
    (N, T, H), t = problem.given["h"].shape, problem.given["t"]
    return {"J": np.tile(np.eye(H), (N, 1, 1)) if t == T - 1 else _by_backward(problem.given, t + 1, T - 1)}


def _right_slope(problem: Problem) -> dict[str, np.ndarray]:
    (N, T, _), J = problem.given["h"].shape, np.eye(problem.sizes["H"])
    logs = [np.zeros(N)]
    for k in range(T - 1, 0, -1):
        J = J @ _by_backward(problem.given, k, k)
        logs.append(np.log(np.linalg.svd(J, compute_uv=False)[:, 0]))
    return {"slope": np.polyfit(np.arange(T), np.array(logs), 1)[0]}


SLOPES = (
    *(known for known in slopes_of_tanh("slope", "one", "h_t") if known.name != "brackets_missing"),
    mistake("opposite_sign", "The Jacobian has the opposite sign.", slope=lambda h_t: h_t**2 - 1),
    mistake(
        "derivative_of_z",
        "The derivative of tanh is taken of the pre-activation z, but the formula with the square wants h = tanh(z).",
        slope=lambda h_t: 1 - np.arctanh(h_t) ** 2,
    ),
    mistake(
        "slopes_of_first_sequence",
        "The slopes of the first sequence are used for all of them; each sequence has states of its own.",
        slope=lambda h_t: 1 - h_t[:1] ** 2 + 0 * h_t,
    ),
    mistake(
        "slopes_averaged",
        "The slopes are averaged over the batch; each sequence has states, and a Jacobian, of its own.",
        slope=lambda h_t: (1 - h_t**2).mean(axis=0, keepdims=True) + 0 * h_t,
    ),
)

step = Calculation(
    _draw_step,
    _right_step,
    Once(
        terms(
            "jacobian-step",
            slope=lambda one, h_t: one * (1 - h_t**2),
            J_t=lambda slope, Wh: slope[:, :, None] * Wh.T,
        )
    ),
    lambda problem: {**problem.given, "one": np.ones_like(problem.given["h_t"])},
    equation="jacobian-step",
    mistakes=(
        *SLOPES,
        mistake(
            "Wh_not_transposed",
            "Wh is not transposed: row i of the Jacobian belongs to unit i of the new state, column i of Wh.",
            J_t=lambda slope, Wh: slope[:, :, None] * Wh,
        ),
        mistake(
            "slope_on_columns",
            "The slopes scale the columns. They are those of the new state, so they belong to the rows.",
            J_t=lambda slope, Wh: slope[:, None, :] * Wh.T,
        ),
        mistake(
            "jacobian_transposed",
            "The Jacobian is transposed: entry [i, j] is the derivative of the new unit i by the old unit j.",
            J_t=lambda slope, Wh: slope[:, None, :] * Wh,
        ),
        mistake(
            "Wh_left_out",
            "Wh is missing: the slopes alone stand on the diagonal.",
            J_t=lambda slope: slope[:, :, None] * np.eye(slope.shape[1]),
        ),
        mistake(
            "Wh_diagonal",
            "Only the diagonal of Wh takes part; every old unit reaches every new one.",
            J_t=lambda slope, Wh: slope[:, :, None] * np.diag(np.diag(Wh)),
        ),
    ),
    cases=(at_one("N"), at_one("H"), SATURATED),
    quiet=_quiet,
)
"""The Jacobian of one step."""


def _product(factors: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    """Return the product of factors in the order of time, each later one to the left; without one, the identity."""
    J = np.tile(np.eye(like.shape[-1]), (len(like), 1, 1))
    for factor in factors:
        J = factor @ J
    return J


FACTOR_MISTAKES = (
    mistake(
        "Wh_not_transposed",
        "Wh is not transposed in the Jacobians of the steps.",
        factors=lambda slope, Wh, used: [slope[:, k, :, None] * Wh for k in used],
    ),
    mistake(
        "slope_on_columns",
        "In the Jacobians of the steps the slopes scale the columns; they belong to the rows, those of the new state.",
        factors=lambda slope, Wh, used: [slope[:, k, None, :] * Wh.T for k in used],
    ),
    mistake(
        "step_jacobians_transposed",
        "The Jacobian of every step is transposed.",
        factors=lambda slope, Wh, used: [slope[:, k, None, :] * Wh for k in used],
    ),
    mistake(
        "slopes_of_last_step",
        "Every step has the slopes of the last one; each has those of the state that it made.",
        factors=lambda slope, Wh, used: [slope[:, -1, :, None] * Wh.T for k in used],
    ),
)
ORDER_REVERSED = mistake(
    "order_reversed",
    "The Jacobians are multiplied in the wrong order: the one of the last step stands at the left.",
    J=lambda factors, h: _product(factors[::-1], h),
)

product = Calculation(
    _draw_product,
    _right_product,
    Once(
        terms("jacobian-step", slope=lambda one, h_t: one * (1 - h_t**2))
        | terms("jacobian-product", used=lambda t, T: range(t + 1, T))
        | terms("jacobian-step", factors=lambda slope, Wh, used: [slope[:, k, :, None] * Wh.T for k in used])
        | terms("jacobian-product", J=lambda factors, h: _product(factors, h))
    ),
    _known,
    equation="jacobian-product",
    mistakes=(
        ORDER_REVERSED,
        mistake(
            "one_factor_too_many",
            "There is one factor too many: the state of step t is where the way back ends, so the Jacobian of step t"
            " does not belong to the product.",
            used=lambda t, T: range(t, T),
        ),
        mistake(
            "first_factor_missing",
            "There is one factor too few: the Jacobian of step t + 1, the first behind t, is missing.",
            used=lambda t, T: range(t + 2, T),
        ),
        mistake(
            "last_factor_missing",
            "There is one factor too few: the Jacobian of the last step is missing.",
            used=lambda t, T: range(t + 1, T - 1),
        ),
        mistake(
            "slopes_one_step_early",
            "All factors are one step early: the slope of a step is that of the state it made, h[:, k], not of the one"
            " before it.",
            used=lambda t, T: range(t, T - 1),
        ),
        mistake(
            "all_steps",
            "The product runs over all steps of the sequence, whatever t is.",
            used=lambda T: range(T),
        ),
        mistake(
            "steps_up_to_t",
            "The product runs from the start up to step t; it has to run from behind t to the end.",
            used=lambda t: range(1, t + 1),
        ),
        mistake(
            "t_counted_from_the_end",
            "t is counted from the end of the sequence; it is the index of a state.",
            used=lambda t, T: range(T - t, T),
        ),
        *FACTOR_MISTAKES,
        *SLOPES,
        mistake(
            "jacobian_transposed",
            "The product is transposed: entry [i, j] is the derivative of the last unit i by unit j of step t.",
            J=lambda factors, h: _product(factors, h).swapaxes(1, 2),
        ),
        mistake(
            "entry_by_entry",
            "The Jacobians are multiplied entry by entry; a chain of steps is a product of matrices.",
            J=lambda factors, h: np.prod(factors, axis=0) if factors else _product(factors, h),
        ),
        mistake(
            "entry_by_entry_from_identity",
            "The Jacobians are multiplied entry by entry, which leaves their diagonals; a chain of steps is a product"
            " of matrices.",
            J=lambda factors, h: np.prod([_product([], h), *factors], axis=0),
        ),
        mistake(
            "summed",
            "The Jacobians of the steps are added; the chain rule multiplies them.",
            J=lambda factors, h: np.sum(factors, axis=0) if factors else _product(factors, h),
        ),
        mistake(
            "last_factor_only",
            "Only one Jacobian is left, that of the last step: each one overwrites the one before.",
            J=lambda factors, h: _product(factors[-1:], h),
        ),
        mistake(
            "first_factor_only",
            "Only one Jacobian is left, that of step t + 1. Does `return` stand inside the loop?",
            J=lambda factors, h: _product(factors[:1], h),
        ),
    ),
    quiet=_quiet,
    cases=(
        at_one("N"),
        at_one("H"),
        Case(" at t = 0", {"at": "first"}),
        Case(" at t = T - 1, where nothing lies between the two states", {"at": "last"}, branches=True),
        Case(f" at T = {LONG['T']}", {**LONG, "at": "first"}),
        SATURATED,
    ),
)
"""The derivative of the last state by the state of step t."""


def _products(factors: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    """Return the products of the last 0, 1, … factors, each later one to the left, shape (N, lags, H, H)."""
    J = [np.tile(np.eye(like.shape[-1]), (len(like), 1, 1))]
    for factor in factors[::-1]:
        J.append(J[-1] @ factor)
    return np.stack(J, axis=1)


def _products_reversed(factors: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    J = [np.tile(np.eye(like.shape[-1]), (len(like), 1, 1))]
    for factor in factors[::-1]:
        J.append(factor @ J[-1])
    return np.stack(J, axis=1)


def _line(lags: np.ndarray, logs: np.ndarray) -> np.ndarray:
    away = lags - lags.mean()
    return (logs - logs.mean(axis=1, keepdims=True)) @ away / (away @ away)


_ANOTHER_NORM = "is used; the norm asked for is the largest singular value."

decay = Calculation(
    _draw,
    _right_slope,
    Once(
        terms("jacobian-step", slope_of_tanh=lambda one, h_t: one * (1 - h_t**2))
        | terms("jacobian-product", used=lambda T: range(1, T))
        | terms(
            "jacobian-step",
            factors=lambda slope_of_tanh, Wh, used: [slope_of_tanh[:, k, :, None] * Wh.T for k in used],
        )
        | terms("jacobian-product", products=lambda factors, h: _products(factors, h))
        | terms(
            "gradient-decay",
            norms=lambda products: np.linalg.svd(products, compute_uv=False)[..., 0],
            logs=lambda norms: np.log(norms),
            lags=lambda logs: np.arange(logs.shape[1], dtype=float),
            slope=lambda lags, logs: _line(lags, logs),
        )
    ),
    _known,
    equation="gradient-decay",
    mistakes=(
        mistake(
            "frobenius_norm",
            f"The root of the summed squares of all entries {_ANOTHER_NORM}",
            norms=lambda products: np.sqrt((products**2).sum(axis=(2, 3))),
        ),
        mistake(
            "eigenvalue_for_singular_value",
            f"The largest eigenvalue {_ANOTHER_NORM}",
            norms=lambda products: np.abs(np.linalg.eigvals(products)).max(axis=-1),
        ),
        mistake(
            "largest_entry",
            f"The largest entry {_ANOTHER_NORM}",
            norms=lambda products: np.abs(products).max(axis=(2, 3)),
        ),
        mistake(
            "estimate_for_measurement",
            "That is ln of the spectral radius of Wh, whatever the states are; measure the norms of the products.",
            slope=lambda Wh, h: np.log(np.abs(np.linalg.eigvals(Wh)).max()) * np.ones(len(h)),
        ),
        mistake(
            "norm_squared",
            "The square of the norm is taken, so that the slope is twice what it should be.",
            norms=lambda products: np.linalg.svd(products, compute_uv=False)[..., 0] ** 2,
        ),
        mistake("log_missing", "The logarithm is missing: the line goes through the norms.", logs=lambda norms: norms),
        mistake(
            "log_base_ten", "The logarithm has the base 10; ln is the natural one.", logs=lambda norms: np.log10(norms)
        ),
        mistake(
            "log_base_two", "The logarithm has the base 2; ln is the natural one.", logs=lambda norms: np.log2(norms)
        ),
        mistake(
            "opposite_sign",
            "The slope has the opposite sign: the steps back grow from the end of the sequence to its start.",
            slope=lambda lags, logs: -_line(lags, logs),
        ),
        mistake(
            "two_points_only",
            "The slope is that between the first and the last point; the line asked for is fitted to all of them.",
            slope=lambda lags, logs: (logs[:, -1] - logs[:, 0]) / (len(lags) - 1),
        ),
        mistake(
            "divided_by_T",
            "The slope is that between the first and the last point, divided by the number of points.",
            slope=lambda lags, logs: (logs[:, -1] - logs[:, 0]) / len(lags),
        ),
        mistake(
            "line_through_the_origin",
            "The line is forced through the origin; the one asked for has an intercept of its own.",
            slope=lambda lags, logs: logs @ lags / (lags @ lags),
        ),
        mistake(
            "zero_steps_left_out",
            "The point at 0 steps back, where the product is the identity, is left out.",
            logs=lambda norms: np.log(norms[:, 1:]),
        ),
        mistake(
            "last_point_left_out",
            "The last point, the way back to the first state, is left out.",
            logs=lambda norms: np.log(norms[:, :-1]),
        ),
        mistake(
            "factor_for_slope",
            "That is the factor by which the norm changes with every step back; its logarithm is asked for.",
            slope=lambda lags, logs: np.exp(_line(lags, logs)),
        ),
        mistake(
            "intercept_for_slope",
            "That is the intercept of the line, not its slope.",
            slope=lambda lags, logs: logs.mean(axis=1) - _line(lags, logs) * lags.mean(),
        ),
        mistake(
            "order_reversed",
            "The Jacobians are multiplied in the wrong order: the one of the last step stands at the left.",
            products=lambda factors, h: _products_reversed(factors, h),
        ),
        mistake(
            "one_factor_too_many",
            "There is one factor too many in every product: 0 steps back it is the identity.",
            used=lambda T: range(T),
            products=lambda factors, h: _products(factors, h)[:, 1:],
        ),
        mistake(
            "norms_multiplied",
            "The norms of the single steps are multiplied; the norm of a product is smaller, so multiply first.",
            norms=lambda factors, h: (
                np.cumprod(
                    [np.ones(len(h)), *(np.linalg.svd(factor, compute_uv=False)[:, 0] for factor in factors[::-1])],
                    axis=0,
                ).T
            ),
        ),
        mistake(
            "entry_by_entry",
            "The Jacobians are multiplied entry by entry; a chain of steps is a product of matrices.",
            products=lambda factors, h: np.stack(
                [
                    np.prod([_product([], h), *factors[len(factors) - back :]], axis=0)
                    for back in range(len(factors) + 1)
                ],
                axis=1,
            ),
        ),
        mistake(
            "from_the_start",
            "The products grow from the start of the sequence; they have to grow from its end.",
            products=lambda factors, h: _products_reversed(factors[::-1], h),
        ),
        mistake(
            "Wh_not_transposed",
            "Wh is not transposed in the Jacobians of the steps.",
            factors=lambda slope_of_tanh, Wh, used: [slope_of_tanh[:, k, :, None] * Wh for k in used],
        ),
        mistake(
            "slopes_one_step_early",
            "The slope of a step is taken at the state before it, h[:, k - 1]; it is that of the state the step made.",
            factors=lambda slope_of_tanh, Wh, used: [slope_of_tanh[:, k - 1, :, None] * Wh.T for k in used],
        ),
        mistake(
            "no_tanh_derivative",
            "The derivative of tanh is missing: the products are powers of the weights alone.",
            slope_of_tanh=lambda h_t: np.ones_like(h_t),
        ),
    ),
    cases=(at_one("N"), at_one("H"), SHORT, Case(f" at T = {LONG['T']}", LONG)),
)
"""The slope of the logarithm of the norm of that derivative, against the number of steps back."""
