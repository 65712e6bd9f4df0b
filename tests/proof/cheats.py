"""Cheats: backward passes that know no chain rule and differentiate the forward pass: every check refuses them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.engine.backward import Backward
from autograder.engine.outputs import Signature
from autograder.sets import Asked

Namespace = dict[str, Any]


def _central(loss: Callable[[np.ndarray], float], value: np.ndarray, width: float = 1e-5) -> np.ndarray:
    gradient = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        ahead, behind = value.copy(), value.copy()
        ahead[index] += width
        behind[index] -= width
        gradient[index] = (loss(ahead) - loss(behind)) / (2 * width)
    return gradient


def _extrapolated(loss: Callable[[np.ndarray], float], value: np.ndarray) -> np.ndarray:
    """Central differences of three widths, extrapolated twice (Richardson): the error is of sixth order."""
    narrow, middle, wide = (_central(loss, value, factor * 2e-3) for factor in (1, 2, 4))
    return (64 * narrow - 20 * middle + wide) / 45


DIFFERENCES = {"central differences": _central, "extrapolated differences": _extrapolated}


def cheats(question: Asked) -> Iterator[tuple[str, Callable[[Namespace], Namespace]]]:
    """Yield how a cheat is called, and a function that puts it into a right notebook.

    One gradient, the smallest, is made of differences and all others are right: the harder case to see.
    """
    if not isinstance(question, Backward) or question.slopes_of or question.calculation.loss:
        return
    for name, differentiate in DIFFERENCES.items():
        yield name, _cheating(question, differentiate)


def _cheating(question: Backward, differentiate: Callable) -> Callable[[Namespace], Namespace]:
    own = Signature.parse(question.text)
    forward = Signature.parse(question.forward) if question.forward else own
    spoiled = list(own.outputs).index(list(question.gradients)[-1])
    tensor = list(own.outputs)[spoiled].removeprefix("d")

    def put_in(right: Namespace) -> Namespace:
        last: dict[str, Any] = {}

        def remembering(*arguments: Any) -> Any:
            last.update(zip(forward.arguments, arguments, strict=True))
            return right[forward.name](*arguments)

        def backward(*arguments: Any) -> tuple:
            came = right[own.name](*arguments)
            gradients = list(came) if isinstance(came, tuple) else [came]
            given = {**last, **dict(zip(own.arguments, arguments, strict=True))}
            upstream = {name: given[f"d{name}"] for name in forward.compared if f"d{name}" in given}

            def loss(value: np.ndarray) -> float:
                moved = {**given, tensor: value}
                results = right[forward.name](*(moved[name] for name in forward.arguments))
                came = dict(zip(forward.outputs, results, strict=True))
                if not upstream:
                    return float(came["loss"])
                return float(sum(np.sum(came[name] * value) for name, value in upstream.items()))

            gradients[spoiled] = differentiate(loss, given[tensor])
            return tuple(gradients) if isinstance(came, tuple) else gradients[0]

        if forward.name == own.name:
            return {**right, own.name: backward}
        return {**right, forward.name: remembering, own.name: backward}

    return put_in
