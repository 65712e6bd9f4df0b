"""Clipping of gradients that stand in a dict: by their common norm, by value, and before an update of the weights."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

Arrays = dict[str, np.ndarray]

ENTRIES = {"Wx": "DH", "Wh": "HH", "b": "H"}
"""The arrays of a plain RNN, which the dicts hold."""

OTHER_ENTRIES = (
    {"Wx": "DH", "Wh": "HH", "b": "H", "Wy": "HD", "by": "D"},
    {"kernel": "DH"},
)
"""What they may hold as well: a network with an output layer, and a single array."""


def _each(change: Any, *dicts: Arrays) -> Arrays:
    """Return a dict of what `change` makes of the entries of the same name."""
    return {name: change(*(arrays[name] for arrays in dicts)) for name in dicts[0]}


def _norm(array: np.ndarray) -> float:
    return float(np.sqrt(np.sum(array**2)))


def _all_in_one(arrays: Arrays) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays.values()])


def _shrunk(arrays: Arrays, limit: float) -> Arrays:
    """Return arrays whose common norm is at most `limit`."""
    norm = _norm(_all_in_one(arrays))
    return {name: array * min(1.0, limit / norm) for name, array in arrays.items()} if norm else dict(arrays)


def _factor(limit: float, size: float) -> float:
    return min(1.0, limit / size) if size else 1.0


def _draw(
    rng: np.random.Generator,
    *,
    share: tuple[float, float] = (0.02, 0.09),
    scale: float = 1.0,
    zero: bool = False,
    one_large: bool = False,
    no_limit: bool = False,
    entries: Mapping[str, str] = MappingProxyType(ENTRIES),
    **sizes: int,
) -> Problem:
    """Draw weights, their gradients, and limits of the norm and of the values.

    Parameters
    ----------
    share : (float, float)
        Between which shares of the common norm the largest norm allowed lies; above 1 nothing is to be clipped. Below a
        tenth, what is taken for the norm by mistake is above the limit, too. The limit of the values is four times as
        large a share of the largest entry, of the array in which that is smallest: every array has some to be cut off.
    scale : float
        Size of the gradients and of the weights.
    zero : bool
        Whether every gradient is zero.
    one_large : bool
        Whether one of them is a thousand times the others.
    no_limit : bool
        Whether the largest norm allowed is infinite.
    entries : mapping of str to str
        What the dicts hold, by name, with axes.
    """
    sizes = draw_sizes(rng, "DH", {"D": 3, "H": 3}, **sizes)
    shapes = {name: tuple(sizes[letter] for letter in axes) for name, axes in entries.items()}
    grads = {name: scale * rng.uniform(0.5, 2) * rng.standard_normal(shape) for name, shape in shapes.items()}
    first, *others = grads  # the first is never the largest: its norm alone and the largest norm are two mistakes
    if others and (ratio := _norm(grads[first]) / max(_norm(grads[name]) for name in others)) > 0.8:
        grads[first] = 0.8 / ratio * grads[first]
    if one_large:
        grads["Wh"] = 1000 * grads["Wh"]
    norm, largest = _norm(_all_in_one(grads)), [np.abs(grad).max() for grad in grads.values()]
    part = rng.uniform(*share)
    if zero:
        grads = {name: 0 * grad for name, grad in grads.items()}
    return Problem(
        sizes,
        {
            "params": {name: min(scale, 1.0) * rng.standard_normal(shape) for name, shape in shapes.items()},
            "grads": grads,
            "max_norm": np.inf if no_limit else float(part * norm),
            "limit": float(4 * part * (min(largest) if part < 1 else max(largest))),
            # Larger than the share that is left of the norm: a clip of the step leaves no trace of it.
            "learning_rate": float(rng.uniform(0.1, 0.5)),
        },
    )


def _right_norm(problem: Problem) -> dict[str, Arrays]:
    grads, max_norm = problem.given["grads"], problem.given["max_norm"]
    whole = np.linalg.norm(_all_in_one(grads))
    return {"clipped": {name: grad / max(1.0, whole / max_norm) for name, grad in grads.items()}}


BELOW = Case(" where the norm is below the limit", {"share": (1.5, 3.0)}, branches=True)
ZERO = Case(" where every gradient is zero", {"zero": True}, branches=True)
LARGE = Case(" where the gradients are a million times as large", {"scale": 1e6})
ONE_LARGE = Case(" where one gradient is a thousand times the others", {"one_large": True})
SMALL = Case(" where the gradients are a thousand times smaller", {"scale": 1e-3})
NO_LIMIT = Case(
    " where max_norm is np.inf",
    {"no_limit": True},
    hint="Nothing is to be clipped there. Is infinity divided by infinity, or multiplied with 0? That is nan.",
    branches=True,
)
SMALL_AND_BELOW = Case(
    " where the norm is below the limit and below the learning rate",
    {"share": (1.5, 3.0), "scale": 1e-3},
    branches=True,
)
ONE_UNIT = Case(" at D = H = 1", {"D": 1, "H": 1})

_ONE_FACTOR = "One norm, that of all entries of all arrays, gives one factor for all."

NORM_TERMS = terms(
    "clip-by-norm",
    size=lambda grads: _norm(_all_in_one(grads)),
    factor=lambda max_norm, size: _factor(max_norm, size),
    clipped=lambda grads, factor: _each(lambda grad: factor * grad, grads),
)

NORM_MISTAKES = (
    # First, because what is clipped by too small a norm is not clipped now and then.
    mistake("not_clipped", "Nothing is clipped: the gradients stay as they are.", factor=lambda: 1.0),
    mistake(
        "norm_of_each_array",
        f"Every array is clipped by a norm of its own, which turns the direction. {_ONE_FACTOR}",
        clipped=lambda grads, max_norm: _each(lambda grad: _factor(max_norm, _norm(grad)) * grad, grads),
    ),
    mistake(
        "norm_squared",
        "The sum of the squares is used for the norm; its root is missing.",
        size=lambda grads: _norm(_all_in_one(grads)) ** 2,
    ),
    mistake(
        "by_value",
        "The entries are cut off one by one. That is clipping by value, which turns the direction.",
        clipped=lambda grads, max_norm: _each(lambda grad: np.clip(grad, -max_norm, max_norm), grads),
    ),
    mistake(
        "largest_entry",
        "The largest entry is used for the norm.",
        size=lambda grads: np.abs(_all_in_one(grads)).max(),
    ),
    mistake(
        "sum_of_absolute_values",
        "The sum of the absolute values is used for the norm; the Euclidean norm is asked for.",
        size=lambda grads: np.abs(_all_in_one(grads)).sum(),
    ),
    mistake(
        "sum_of_norms",
        "The norms of the arrays are added. Norms do not add up; their squares do.",
        size=lambda grads: sum(map(_norm, grads.values())),
    ),
    mistake(
        "largest_norm",
        f"The largest of the arrays' norms is used. {_ONE_FACTOR}",
        size=lambda grads: max(map(_norm, grads.values())),
    ),
    mistake(
        "mean_of_norms",
        f"The mean of the arrays' norms is used. {_ONE_FACTOR}",
        size=lambda grads: np.mean([_norm(grad) for grad in grads.values()]),
    ),
    mistake(
        "norm_of_last_array",
        "The norm is that of one array only: each one overwrites the one before instead of adding to it.",
        size=lambda grads: _norm(list(grads.values())[-1]),
    ),
    mistake(
        "norm_of_first_array",
        f"The norm is that of the first array only. {_ONE_FACTOR}",
        size=lambda grads: _norm(next(iter(grads.values()))),
    ),
    mistake(
        "root_of_mean_square",
        "The root of the mean square is used for the norm; squares are summed, not averaged.",
        size=lambda grads: np.sqrt(np.mean(_all_in_one(grads) ** 2)),
    ),
    mistake(
        "scaled_always",
        "Gradients are scaled up where their norm is below the limit; there nothing has to be changed.",
        factor=lambda max_norm, size: max_norm / size,
    ),
    mistake(
        "scaled_to_one",
        "The gradients are scaled to the norm 1, whatever the limit is.",
        factor=lambda size: 1 / size,
    ),
    mistake(
        "factor_inverted",
        "The factor is the wrong way round, norm by limit: large gradients grow.",
        factor=lambda max_norm, size: size / max_norm,
    ),
    mistake(
        "factor_without_norm",
        "Every gradient is multiplied with the limit; the norm does not take part.",
        factor=lambda max_norm: max_norm,
    ),
    mistake(
        "signs_lost",
        "The signs are lost: every entry that comes back is positive.",
        clipped=lambda grads, factor: _each(lambda grad: factor * np.abs(grad), grads),
    ),
    mistake(
        "opposite_sign",
        "Every gradient has the opposite sign.",
        clipped=lambda grads, factor: _each(lambda grad: -factor * grad, grads),
    ),
)

norm = Calculation(
    _draw,
    _right_norm,
    Once(NORM_TERMS),
    lambda problem: problem.given,
    equation="clip-by-norm",
    mistakes=NORM_MISTAKES,
    cases=(BELOW, ZERO, LARGE, SMALL, ONE_LARGE, ONE_UNIT, NO_LIMIT),
)
"""One factor for all gradients, so that their common norm is at most a limit."""


def _right_value(problem: Problem) -> dict[str, Arrays]:
    limit = problem.given["limit"]
    return {"clipped": _each(lambda grad: np.minimum(np.maximum(grad, -limit), limit), problem.given["grads"])}


value = Calculation(
    _draw,
    _right_value,
    Once(
        terms(
            "clip-by-value",
            cut=lambda limit: lambda grad: np.clip(grad, -limit, limit),
            clipped=lambda grads, cut: _each(cut, grads),
        )
    ),
    lambda problem: problem.given,
    equation="clip-by-value",
    mistakes=(
        mistake("not_clipped", "Nothing is clipped: the gradients stay as they are.", cut=lambda: lambda grad: grad),
        mistake(
            "large_ones_positive",
            "Every entry beyond the limits becomes plus the limit. Look at an entry far below zero: its sign flips.",
            cut=lambda limit: lambda grad: np.where(np.abs(grad) > limit, limit, grad),
        ),
        mistake(
            "signs_lost",
            "The signs are lost: every entry that comes back is positive.",
            cut=lambda limit: lambda grad: np.minimum(np.abs(grad), limit),
        ),
        mistake(
            "upper_bound_only",
            "Only large positive entries are cut off; large negative ones stay.",
            cut=lambda limit: lambda grad: np.minimum(grad, limit),
        ),
        mistake(
            "lower_bound_only",
            "Only large negative entries are cut off; large positive ones stay.",
            cut=lambda limit: lambda grad: np.maximum(grad, -limit),
        ),
        mistake(
            "negative_ones_lost",
            "Every negative entry becomes 0: the lower limit is minus the upper one, not 0.",
            cut=lambda limit: lambda grad: np.clip(grad, 0, limit),
        ),
        mistake(
            "positive_ones_lost",
            "Every positive entry becomes 0: the upper limit is minus the lower one, not 0.",
            cut=lambda limit: lambda grad: np.clip(grad, -limit, 0),
        ),
        mistake(
            "signs_swapped",
            "An entry beyond one limit becomes the other limit: its sign flips.",
            cut=lambda limit: lambda grad: np.where(np.abs(grad) > limit, -limit * np.sign(grad), grad),
        ),
        mistake(
            "large_ones_negative",
            "Every entry beyond the limits becomes minus the limit: the sign of the positive ones flips.",
            cut=lambda limit: lambda grad: np.where(np.abs(grad) > limit, -limit, grad),
        ),
        mistake(
            "all_at_the_limit",
            "Every entry becomes plus or minus the limit, the small ones too.",
            cut=lambda limit: lambda grad: limit * np.sign(grad),
        ),
        mistake(
            "limits_swapped",
            "The lower and the upper limit have changed places: every entry becomes one of them.",
            cut=lambda limit: lambda grad: np.clip(grad, limit, -limit),
        ),
        mistake(
            "limits_swapped_by_hand",
            "The lower and the upper limit have changed places: every entry becomes one of them.",
            cut=lambda limit: lambda grad: np.maximum(limit, np.minimum(-limit, grad)),
        ),
        mistake(
            "set_to_zero",
            "Entries beyond the limits become 0; they have to become the limit, with their sign.",
            cut=lambda limit: lambda grad: np.where(np.abs(grad) > limit, 0, grad),
        ),
        mistake(
            "by_norm",
            "All gradients are scaled by one factor. That is clipping by norm; here every entry is cut off by itself.",
            cut=lambda limit, grads: lambda grad: _factor(limit, _norm(_all_in_one(grads))) * grad,
        ),
        mistake(
            "norm_of_each_array",
            "Every array is scaled by its norm; here every entry is cut off by itself.",
            cut=lambda limit: lambda grad: _factor(limit, _norm(grad)) * grad,
        ),
        mistake(
            "scaled_by_largest_entry",
            "Every array is scaled until its largest entry is at the limit; entries within the limits have to stay.",
            cut=lambda limit: lambda grad: grad * _factor(limit, np.abs(grad).max()),
        ),
        mistake(
            "clipped_at_one",
            "The entries are cut off at 1, whatever the limit is.",
            cut=lambda: lambda grad: np.clip(grad, -1, 1),
        ),
        mistake(
            "opposite_sign",
            "Every gradient has the opposite sign.",
            cut=lambda limit: lambda grad: -np.clip(grad, -limit, limit),
        ),
    ),
    cases=(
        Case(" where no entry is beyond the limits", {"share": (1.5, 3.0)}, branches=True),
        ZERO,
        LARGE,
        ONE_LARGE,
    ),
)
"""Every entry by itself between minus a limit and the limit."""


def _right_update(problem: Problem) -> dict[str, Arrays]:
    params, learning_rate = problem.given["params"], problem.given["learning_rate"]
    clipped = _right_norm(problem)["clipped"]
    return {"updated": {name: array - learning_rate * clipped[name] for name, array in params.items()}}


_ORDER = "Clip the gradients first, then take the step."

update = Calculation(
    _draw,
    _right_update,
    Once(
        NORM_TERMS
        | terms(
            "sgd-step",
            updated=lambda params, clipped, learning_rate: _each(lambda p, c: p - learning_rate * c, params, clipped),
        )
    ),
    lambda problem: problem.given,
    equation="sgd-step",
    mistakes=(
        mistake(
            "clipped_after_the_update",
            f"The weights are clipped after the update. {_ORDER}",
            updated=lambda params, grads, learning_rate, max_norm: _shrunk(
                _each(lambda p, g: p - learning_rate * g, params, grads), max_norm
            ),
        ),
        mistake(
            "weights_clipped_in_place_of_gradients",
            f"The weights are clipped, and the gradients are not. {_ORDER}",
            updated=lambda params, grads, learning_rate, max_norm: _each(
                lambda p, g: p - learning_rate * g, _shrunk(params, max_norm), grads
            ),
        ),
        mistake(
            "limit_and_learning_rate_swapped",
            "The limit and the learning rate have changed places.",
            factor=lambda learning_rate, size: _factor(learning_rate, size),
            updated=lambda params, clipped, max_norm: _each(lambda p, c: p - max_norm * c, params, clipped),
        ),
        mistake(
            "weights_clipped_too",
            f"The updated weights are clipped as well; only gradients are clipped. {_ORDER}",
            updated=lambda params, clipped, learning_rate, max_norm: _shrunk(
                _each(lambda p, c: p - learning_rate * c, params, clipped), max_norm
            ),
        ),
        mistake(
            "not_clipped",
            f"The step is taken with the gradients as they came. {_ORDER}",
            factor=lambda: 1.0,
        ),
        mistake(
            "ascent",
            "The weights move along the gradient, uphill; the loss falls against it.",
            updated=lambda params, clipped, learning_rate: _each(lambda p, c: p + learning_rate * c, params, clipped),
        ),
        mistake(
            "learning_rate_missing",
            "The learning rate does not take part, or it is multiplied in before the clip, which takes it out again.",
            updated=lambda params, clipped: _each(lambda p, c: p - c, params, clipped),
        ),
        mistake(
            "divided_by_learning_rate",
            "The gradient is divided by the learning rate.",
            updated=lambda params, clipped, learning_rate: _each(lambda p, c: p - c / learning_rate, params, clipped),
        ),
        mistake(
            "learning_rate_twice",
            "The learning rate is multiplied in twice.",
            updated=lambda params, clipped, learning_rate: _each(
                lambda p, c: p - learning_rate**2 * c, params, clipped
            ),
        ),
        mistake(
            "step_without_weights",
            "What is returned is the step alone; it has to be added to the weights.",
            updated=lambda clipped, learning_rate: _each(lambda c: -learning_rate * c, clipped),
        ),
        mistake(
            "gradients_returned",
            "What is returned are the clipped gradients; the weights after the step are asked for.",
            updated=lambda clipped: clipped,
        ),
        mistake(
            "weights_shrunk",
            "The weights are multiplied with the learning rate as well.",
            updated=lambda params, clipped, learning_rate: _each(lambda p, c: learning_rate * (p - c), params, clipped),
        ),
        *(
            known
            for known in NORM_MISTAKES
            if known.name in ("norm_of_each_array", "norm_squared", "by_value", "largest_entry", "scaled_always")
        ),
    ),
    cases=(SMALL_AND_BELOW, BELOW, ZERO, LARGE, ONE_LARGE, NO_LIMIT),
)
"""One step of gradient descent with gradients that were clipped by their norm."""
