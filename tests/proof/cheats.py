"""Cheats: derivatives that know no chain rule and move the arguments of the forward pass. Every check refuses them.

A cheat is a way to differentiate, and the tensors that it is used for: all of them, or the one with the fewest entries,
while the others are right. The forward pass is that of the true solution, made to run in another type of numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy as np

import solutions
from autograder.engine.backward import Backward
from autograder.engine.outputs import Signature
from autograder.engine.values import Values
from autograder.sets import Asked

Namespace = dict[str, Any]
PATIENCE = 1_100
"""Entries of a tensor after which a cheat that stops early has had enough: only large ones have more."""


@dataclass(frozen=True)
class Way:
    """A way to differentiate without the chain rule.

    Attributes
    ----------
    dtype : type
        Of the numbers that the forward pass is run in.
    moves : tuple of (complex, float)
        How far an entry is moved, and the weight of what comes out there. Of complex numbers the imaginary part counts.
    apart : bool
        Whether the results are subtracted before they are multiplied with what arrives at them.
    early : bool
        Whether it stops early, and leaves zeros.
    batched : bool
        Whether the moved copies of a batch are run side by side.
    """

    dtype: type
    moves: tuple[tuple[complex, float], ...]
    apart: bool = False
    early: bool = False
    batched: bool = False


def _differences(width: float, *weights: float) -> tuple[tuple[complex, float], ...]:
    """Return the moves of central differences at `width`, twice as far and so on, that have these weights."""
    pairs = [(2.0**k * width, weight / (2 ** (k + 1) * width)) for k, weight in enumerate(weights)]
    return tuple(move for far, weight in pairs for move in ((far, weight), (-far, -weight)))


def _complex_step(width: float) -> tuple[tuple[complex, float], ...]:
    return ((complex(0, width), 1 / width),)


RICHARDSON = (64 / 45, -20 / 45, 1 / 45)
WAYS = {
    "central differences": Way(np.float64, _differences(1e-5, 1.0)),
    "extrapolated differences": Way(np.float64, _differences(2e-3, *RICHARDSON)),
    "extrapolated differences of the results": Way(np.float64, _differences(2e-3, *RICHARDSON), apart=True),
    "extrapolated differences in long double": Way(np.longdouble, _differences(2e-4, *RICHARDSON)),
    "extrapolated differences of the results in long double": Way(
        np.longdouble, _differences(2e-4, *RICHARDSON), apart=True
    ),
    "complex step of 1e-8": Way(np.complex128, _complex_step(1e-8)),
    "complex step of 1e-20": Way(np.complex128, _complex_step(1e-20)),
    "complex step of 1e-100": Way(np.complex128, _complex_step(1e-100)),
    "complex step of 1e-200": Way(np.complex128, _complex_step(1e-200)),
    "complex step that stops early": Way(np.complex128, _complex_step(1e-20), early=True),
    "complex steps side by side": Way(np.complex128, _complex_step(1e-20), batched=True),
    "complex step in long double that stops early": Way(np.clongdouble, _complex_step(1e-200), early=True),
    "differences in long double that stop early": Way(
        np.longdouble, _differences(2e-4, *RICHARDSON), apart=True, early=True
    ),
}


NOT_SEEN = {
    f"{step}: extrapolated differences of the results{how} for db alone"
    for step, hows in {
        "rnn_step_backward": (" in long double",),
        "lstm_step_backward": ("", " in long double"),
        "gru_step_backward": ("", " in long double"),
    }.items()
    for how in hows
} | {"rnn_rtrl: complex step in long double that stops early"}
"""Cheats that pass. A difference is as exact as the chain rule where the only way to what comes out leads through one
function of one number, and for a bias of a hundred entries it is as quick as loops over them; all the other gradients
of the step are right here. A complex step whose smallest number is 1e-4932 carries the derivative by each weight
forward in time, which is what real-time recurrent learning is."""


def takes_seconds(name: str) -> bool:
    """Whether a cheat is one of those that a check needs seconds to refuse, as no other part of a proof does."""
    return "long double" in name or "early" in name


class NumPy(SimpleNamespace):
    """NumPy, whose new arrays are of another type than float64 unless they are told."""

    def __init__(self, dtype: type):
        makers = {name: self._of(getattr(np, name), dtype) for name in ("zeros", "empty", "ones")}
        super().__init__(**makers)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def _of(make: Callable, usual: type) -> Callable:
        return lambda shape, dtype=usual, **options: make(shape, dtype, **options)


@cache
def running_in(set_name: str, dtype: type) -> Namespace:
    """Return the true solution, made to run in numbers of another type."""
    namespace = solutions.run_cells(solutions.solution_cells(set_name))
    namespace["np"] = NumPy(dtype)
    return namespace


@dataclass(frozen=True)
class Inputs:
    """A cache that knows what the forward pass was given."""

    cache: Any
    given: Namespace


def is_asked_for_derivatives(question: Asked) -> bool:
    """Whether a question is one for which there are cheats."""
    return isinstance(question, Backward) or (isinstance(question, Values) and question.calculation.quiet is not None)


def cheats(set_name: str, question: Asked) -> Iterator[tuple[str, Callable[[Namespace], Namespace]]]:
    """Yield how a cheat is called, and a function that puts it into a right notebook."""
    if not is_asked_for_derivatives(question):
        return
    if isinstance(question, Values):
        yield from ((name, _jacobian(question, way)) for name, way in WAYS.items() if not (way.early or way.batched))
        return
    smallest = min(question.gradients, key=lambda name: (len(question.gradients[name]), name))
    for name, way in WAYS.items():
        chosen = _inputs(question) if way.batched else list(question.gradients)
        if chosen:
            yield name, _cheating(set_name, question, way, chosen)
        if not (way.early or way.batched) and len(chosen) > 1:
            yield f"{name} for {smallest} alone", _cheating(set_name, question, way, [smallest])


def _inputs(question: Backward) -> list[str]:
    """Return the gradients of what is given for every row, where the rows are worked out side by side."""
    forward = question.differentiated
    if question.slopes_of or not set(question.signature.arguments) <= {"cache", *_arriving(question)}:
        return []
    if not all(axes.startswith("N") for axes in forward.compared.values()):
        return []
    return [name for name, axes in question.gradients.items() if axes.startswith("N")]


def _arriving(question: Backward) -> list[str]:
    return [name for name in question.signature.arguments if name.startswith("d")]


def _cheating(set_name: str, question: Backward, way: Way, chosen: Sequence[str]) -> Callable[[Namespace], Namespace]:
    own = question.signature
    forward = Signature.parse(question.forward) if question.forward else own

    def put_in(right: Namespace) -> Namespace:
        moved = Forward(question, running_in(set_name, way.dtype)[question.differentiated.name], way)

        def remembering(*arguments: Any) -> Any:
            *results, cache = right[forward.name](*arguments)
            return *results, Inputs(cache, dict(zip(forward.arguments, arguments, strict=True)))

        def backward(*arguments: Any) -> Any:
            given = dict(zip(own.arguments, arguments, strict=True))
            inputs = given.pop("cache", None)
            passed = [a.cache if isinstance(a, Inputs) else a for a in arguments]
            came = right[own.name](*passed)
            gradients = list(came) if isinstance(came, tuple) else [came]
            given = _completed({**(inputs.given if inputs else {}), **given}, right, forward)
            for name in chosen:
                if given[name.removeprefix("d")] is not None:
                    gradients[list(own.outputs).index(name)] = moved.gradient(given, name.removeprefix("d"))
            return tuple(gradients) if isinstance(came, tuple) else gradients[0]

        if forward.name == own.name or "cache" not in own.arguments:
            return {**right, own.name: backward}
        return {**right, forward.name: remembering, own.name: backward}

    return put_in


def _completed(given: Namespace, right: Namespace, forward: Signature) -> Namespace:
    """Return what was given, with what a loss is made of besides."""
    if "x" in given and "Wh" in given and given["Wh"].ndim == 2:
        given["Wh_t"] = np.repeat(given["Wh"][None], given["x"].shape[1], axis=0)
    if "k" in given:
        given["held"] = right[forward.name](*(given[name] for name in forward.arguments))[0]
    return given


@dataclass(frozen=True)
class Forward:
    """A forward pass, and a way to differentiate it."""

    question: Backward
    function: Callable
    way: Way

    def gradient(self, given: Namespace, tensor: str) -> np.ndarray:
        """Return the gradient of one tensor, as far as there is patience for it."""
        dtype = self.way.dtype
        if dtype in (np.longdouble, np.clongdouble):
            given = {name: _wide(value) for name, value in given.items()}
        value = given[tensor].astype(dtype)
        if self.way.batched:
            return self._side_by_side(given, tensor, value)
        gradient = np.zeros(value.shape)
        for index in islice(np.ndindex(value.shape), PATIENCE if self.way.early else None):
            before = value[index]
            points = []
            for move, _ in self.way.moves:
                value[index] = before + move
                points.append({**given, tensor: value.copy()})
            value[index] = before
            slope = self._slope(points)
            gradient[index] = slope.imag if np.iscomplexobj(slope) else slope
        return gradient

    def _slope(self, points: Sequence[Namespace]) -> Any:
        """Return the weighted sum of the losses at some points, or the loss of the weighted sum of the results."""
        weights = [weight for _, weight in self.way.moves]
        walks = [self.question.loss_of(point) for point in points]
        asked = [next(walk) for walk in walks]
        whole = self.question.loss_of(points[0])
        next(whole)
        while True:
            results = [self._results(given) for given in asked]
            if self.way.apart:
                together = {
                    name: sum(weight * came[name] for weight, came in zip(weights, results, strict=True))
                    for name in self.question.differentiated.compared
                }
                try:
                    whole.send(together)
                except StopIteration as end:
                    return end.value
            found = []
            for number, (walk, came) in enumerate(zip(walks, results, strict=True)):
                try:
                    asked[number] = walk.send(came)
                except StopIteration as end:
                    found.append(end.value)
            if found:
                return sum(weight * value for weight, value in zip(weights, found, strict=True))

    def _results(self, given: Namespace) -> Namespace:
        forward = self.question.differentiated
        return dict(zip(forward.outputs, self.function(*(given[name] for name in forward.arguments)), strict=True))

    def _side_by_side(self, given: Namespace, tensor: str, value: np.ndarray) -> np.ndarray:
        """Return the gradient of what is given for every row, from one pass of as many copies as it has entries."""
        (move, weight), (N, K) = self.way.moves[0], (len(value), value.size)
        weights = {name.removeprefix("d") for name, axes in self.question.gradients.items() if axes[0] != "N"}
        copied = {
            name: np.concatenate([array] * K)
            for name, array in given.items()
            if name not in weights and isinstance(array, np.ndarray) and array.ndim and len(array) == N
        }
        copies = np.stack([value] * K)
        copies.reshape(K, K)[np.arange(K), np.arange(K)] += move
        came = self._results({**given, **copied, tensor: copies.reshape(K * N, *value.shape[1:])})
        gradient = np.empty(K)
        for k in range(K):
            walk = self.question.loss_of(given)
            next(walk)
            try:
                walk.send({name: came[name][k * N : (k + 1) * N] for name in self.question.differentiated.compared})
            except StopIteration as end:
                gradient[k] = weight * end.value.imag
        return gradient.reshape(value.shape)


def _wide(value: Any) -> Any:
    return value.astype(np.longdouble) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def _jacobian(question: Values, way: Way) -> Callable[[Namespace], Namespace]:
    """Return a Jacobian of the states that is found by moving the first of them, one unit after the other."""

    def moved_on(h: Sequence[np.ndarray], Wh: np.ndarray, unit: int, move: complex) -> np.ndarray:
        way_off = np.zeros(h[0].shape, way.dtype)
        way_off[:, unit] = move
        for h_t in h:
            way_off = np.tanh(np.arctanh(h_t) + way_off @ Wh) - h_t
        return way_off

    def found(h: Sequence[np.ndarray], Wh: np.ndarray) -> np.ndarray:
        h, Wh = [_in(way.dtype, h_t) for h_t in h], _in(way.dtype, Wh)
        columns = [sum(weight * moved_on(h, Wh, unit, move) for move, weight in way.moves) for unit in range(len(Wh))]
        J = np.stack(columns, axis=-1)
        return np.asarray(J.imag if np.iscomplexobj(J) else J, np.float64)

    functions = {
        "step_jacobian": lambda h_t, Wh: found([h_t], Wh),
        "jacobian_product": lambda h, Wh, t: (
            found(list(h[:, t + 1 :].swapaxes(0, 1)), Wh)
            if t < h.shape[1] - 1
            else np.tile(np.eye(h.shape[2]), (len(h), 1, 1))
        ),
    }
    return lambda right: {**right, question.name: functions[question.name]}


def _in(dtype: type, value: np.ndarray) -> np.ndarray:
    return value.astype(np.longdouble if dtype == np.longdouble else np.float64)
