"""Numeric gradients by central differences, and how far two arrays are apart.

A gradient is compared along a few random directions, which costs a handful of forward calls whatever the size of the
tensor. Only the entry that a message shows is differentiated by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np

Point = Mapping[str, np.ndarray]
Loss = Callable[[Point], float]
"""A loss may have a method ``each(points)`` beside, which returns its values at many points for the price of few."""

STEP = 1e-4
"""Width of a difference. Extrapolated from two widths its formula is wrong by the fourth power, 1e-16 times the fifth
derivative; rounding of the loss, 1e-16 of it, is divided by the width and gives 1e-12 of the loss. Both are small
beside a slope, and a loss of a hundred times the slope leaves 1e-10."""

DIRECTIONS = 4
"""Random directions in which a tensor is moved. A wrong gradient can be at right angles to one of them by chance, so
that the error seen is small; that it is a thousand times too small in all four happens once in 1e12."""

FEWER_DIRECTIONS = 2
"""Directions where the same function has been tried before, in other circumstances."""


@dataclass(frozen=True)
class Slopes:
    """Numeric slopes of a loss along random directions of one tensor.

    Attributes
    ----------
    directions : ndarray, shape (K, *tensor shape)
        Unit directions.
    values : ndarray, shape (K,)
        Slope of the loss along each.
    uncertainty : float
        Norm of the error of `values`, estimated from two step sizes.
    """

    directions: np.ndarray
    values: np.ndarray
    uncertainty: float

    def along(self, gradient: np.ndarray) -> np.ndarray:
        """Return the slopes that `gradient` predicts along the same directions, shape (K,)."""
        return self.directions.reshape(len(self.directions), -1) @ gradient.ravel()


def numeric_slopes(
    loss: Loss,
    point: Point,
    name: str,
    rng: np.random.Generator,
    *,
    directions: int = DIRECTIONS,
    step: float = STEP,
) -> Slopes:
    """Differentiate `loss` with respect to the tensor `name` along random directions.

    Central differences at `step` and ``2 * step``, extrapolated (Richardson), so the error is of fourth order in the
    step. The difference of the two is a safe estimate of the error: it is that of the worse of them.

    Parameters
    ----------
    loss : callable
        Takes a point, returns a float.
    point : mapping of str to ndarray
        Where to differentiate, float64. It is not changed.
    name : str
        The tensor to move.
    rng : numpy.random.Generator
        Draws the directions.

    Returns
    -------
    Slopes
    """
    return numeric_slopes_of_each(loss, point, [name], rng, directions=directions, step=step)[name]


def numeric_slopes_of_each(
    loss: Loss,
    point: Point,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    directions: int = DIRECTIONS,
    step: float = STEP,
) -> dict[str, Slopes]:
    """Differentiate as `numeric_slopes` does, by one tensor after the other, and ask for all losses at once."""
    drawn, moved = {}, []
    for name in names:
        base = point[name]
        random = rng.standard_normal((directions, *base.shape))
        lengths = np.sqrt(np.sum(random.reshape(directions, -1) ** 2, axis=1)).reshape(-1, *[1] * base.ndim)
        drawn[name] = random / lengths
        widths = (step, -step, 2 * step, -2 * step)
        moved += [{**point, name: base + width * direction} for direction in drawn[name] for width in widths]
    each = np.split(np.array(_each(loss, moved), float), len(names))
    slopes = {name: _slopes(values, step) for name, values in zip(names, each, strict=True)}
    return {
        name: Slopes(drawn[name], _extrapolated(near, far), float(np.linalg.norm(near - far)))
        for name, (near, far) in slopes.items()
    }


def numeric_gradient(loss: Loss, point: Point, name: str, *, step: float = STEP) -> np.ndarray:
    """Differentiate `loss` with respect to every entry of the tensor `name`.

    Same differences as `numeric_slopes`, four calls of `loss` for every entry. Returns an array of the tensor's shape.
    """
    gradient = np.empty_like(point[name])
    for index in np.ndindex(gradient.shape):
        gradient[index] = numeric_entry(loss, point, name, index, step=step)
    return gradient


def numeric_entry(loss: Loss, point: Point, name: str, index: tuple[int, ...], *, step: float = STEP) -> float:
    """Differentiate `loss` with respect to one entry of the tensor `name`, as `numeric_gradient` does for all."""
    moved = []
    for width in (step, -step, 2 * step, -2 * step):
        value = point[name].copy()
        value[index] += width
        moved.append({**point, name: value})
    near, far = _slopes(_each(loss, moved), step)
    return float(_extrapolated(near, far)[0])


def _each(loss: Loss, points: Sequence[Point]) -> Sequence[float]:
    each = getattr(loss, "each", None)
    return [loss(point) for point in points] if each is None else each(points)


def _slopes(values: Sequence[float], step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes at the two widths, of values at the four points of each direction."""
    ahead, behind, far_ahead, far_behind = np.reshape(values, (-1, 4)).T
    return (ahead - behind) / (2 * step), (far_ahead - far_behind) / (4 * step)


def _extrapolated(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    return (4 * near - far) / 3


def norm_relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Return ‖a − b‖ / max(‖a‖, ‖b‖), and 0 when both are zero. NaN and infinity give infinity."""
    a, b = np.ravel(a), np.ravel(b)
    scale = max(_norm(a), _norm(b))
    if scale == 0:
        return 0.0
    error = _norm(a - b) / scale
    return error if isfinite(error) else inf


def _norm(a: np.ndarray) -> float:
    """Return the Euclidean norm of a flat array; on a small one five times as fast as np.linalg.norm."""
    with np.errstate(over="ignore"):  # a warning would stand in the learner's notebook, and stock nbgrader counts it
        square = np.dot(a, a)
    if 0 < square < inf or a.size == 0:
        return sqrt(square)
    # All is zero, or squares are no numbers any more.
    largest = float(np.max(np.abs(a)))
    return largest * sqrt(np.dot(a / largest, a / largest)) if 0 < largest < inf else largest
