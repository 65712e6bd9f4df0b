"""Check a student's backward pass against the numeric gradient of the student's own forward pass."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.calling import Opaque
from autograder.gradients import (
    DIRECTIONS,
    Loss,
    Point,
    norm_relative_error,
    numeric_entry,
    numeric_gradient,
    numeric_slopes,
)
from autograder.mistakes import Mistake, recognize
from autograder.outputs import expect_outputs, explain, locate
from autograder.student import CheckFailed, Student

TOLERANCE = 1e-6
TOO_SMALL = 1e-9
FEWER_DIRECTIONS = 2
ANALYTIC = 3e-14
COST_FLOOR_SECONDS = 0.4
COST_RATIO = 3000


@dataclass(frozen=True)
class BackwardPass:
    """How to run and to judge one backward function.

    Attributes
    ----------
    function : str
        The student's function.
    outputs : mapping of str to str
        Gradients in the order they are returned, with their axes: ``{"dx": "NTD"}``. The gradient ``dx`` is that of
        the tensor ``x``.
    run : callable
        ``run(student, problem)`` calls forward and backward, and returns what backward returned.
    loss : callable
        ``loss(student, problem)`` returns the scalar loss of the student's own forward pass, as a function of a point.
    right : callable
        ``right(problem)`` returns the true gradients by name, used to recognize mistakes and to find where they show.
    bank : tuple of Mistake
    evaluate : callable
        ``evaluate(problem, terms)`` returns the gradients somebody with those terms would have got.
    equation : str
        The equation to look at when no mistake is recognized.
    equations : mapping of str to str
        The equation to look at instead when that gradient is wrong and others are right.
    back_in_time : bool
        Whether the steps are computed from the last to the first, which a message about steps has to follow.
    """

    function: str
    outputs: Mapping[str, str]
    run: Callable[[Student, Any], Any]
    loss: Callable[[Student, Any], Loss]
    right: Callable[[Any], Mapping[str, np.ndarray]]
    bank: tuple[Mistake, ...] = ()
    evaluate: Callable[[Any, Mapping], Mapping[str, np.ndarray]] | None = None
    equation: str = ""
    equations: Mapping[str, str] = field(default_factory=dict)
    back_in_time: bool = True


def check_backward(
    student: Student, backward: BackwardPass, problems: Iterable[tuple[str, Any]], rng: np.random.Generator
) -> float:
    """Check a backward pass on several problems and return the worst norm-relative error.

    Parameters
    ----------
    student : Student
    backward : BackwardPass
    problems : iterable of (str, problem)
        Each with the circumstance to name in a message, such as ``" at T = 1"``; the first is the general case and
        says nothing. In the first two nothing may be saturated: they tell a gradient by the chain rule, right to
        1e-15, from one made of differences. A problem has `point` (tensors by name) and `sizes`.
    rng : numpy.random.Generator
        Draws the directions of the numeric slopes.

    Raises
    ------
    CheckFailed
        With the tensors that are wrong, the step and entry where, and the mistake if it is known.
    """
    worst = 0.0
    for number, (circumstance, problem) in enumerate(problems):
        first = backward.run(student, problem)
        gradients = expect_outputs(backward.function, first, backward.outputs, problem.sizes)
        directions = FEWER_DIRECTIONS if number else DIRECTIONS
        worst = max(worst, _compare(student, backward, problem, gradients, circumstance, rng, directions))
        if number < 2:
            _refuse_differences(backward, gradients, backward.right(problem))
        student.forget()
    return worst


def call_twice(student: Student, function: str, arguments: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Call a student's function twice with equal arguments, see that both results are equal, and return the first.

    Raises
    ------
    CheckFailed
        When the function cannot be called, or cannot be called a second time, or gives something else then.
    """
    first = student.call(function, **arguments)
    try:
        second = student.call(function, **arguments)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{function} works once; called again with the same arguments it fails:\n  {failure}\n"
            "The first call changes the cache, or something is kept from one call to the next. Work on copies.",
            tensors=tuple(name for name, value in arguments.items() if isinstance(value, Opaque)),
        ) from None
    expect_same_twice(function, first, second, names)
    return first


def expect_same_twice(function: str, first: Any, second: Any, names: Iterable[str]) -> None:
    """Refuse a function that gives other numbers when it is called again with equal arguments.

    Raises
    ------
    CheckFailed
        Naming the outputs that changed: the function changes its cache, or keeps something between calls.
    """
    if not (isinstance(first, tuple) and isinstance(second, tuple)):
        first, second = (first,), (second,)
    changed = tuple(
        name
        for name, a, b in zip(names, first, second, strict=False)
        if isinstance(a, np.ndarray) and not (isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=True))
    )
    if changed:
        raise CheckFailed(
            f"{function} called twice with the same arguments gives two answers: {', '.join(changed)} changed.\n"
            "The first call changes the cache, or something is kept from one call to the next. Work on copies.",
            tensors=changed,
        )


def refuse_slow_backward(function: str, forward: Callable[[], Any], backward: Callable[[], Any]) -> None:
    """Refuse a backward pass that calls its forward pass once for every weight.

    The chain rule costs two or three forward passes whatever the number of weights. A difference for every weight,
    real or complex, costs as many forward passes as there are weights. At forty thousand weights the two cannot be
    taken for each other. Loops over single entries in plain Python cost some thousand forward passes and pass.

    On a busy machine a long call is interrupted and a short one is not. So a backward pass that looks slow is
    compared with forward passes that go on for a while themselves.

    Raises
    ------
    CheckFailed
    """
    started = time.perf_counter()
    backward()
    one_backward = time.perf_counter() - started
    if one_backward < COST_FLOOR_SECONDS:
        return
    calls, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < COST_FLOOR_SECONDS:
        forward()
        calls += 1
    one_forward = spent / max(calls, 1)
    if one_backward < COST_RATIO * one_forward:
        return
    raise CheckFailed(
        f"{function} takes {one_backward / one_forward:.0f} times as long as the forward pass when there are"
        " 40,000 weights.\nIt seems to run the forward pass once for every weight. Use the chain rule: one walk"
        " back through the steps."
    )


def _compare(
    student: Student,
    backward: BackwardPass,
    problem: Any,
    gradients: Mapping[str, np.ndarray],
    circumstance: str,
    rng: np.random.Generator,
    directions: int,
) -> float:
    loss, point = backward.loss(student, problem), problem.point
    wrong, worst = [], 0.0
    for name, gradient in gradients.items():
        slopes = numeric_slopes(loss, point, name.removeprefix("d"), rng, directions=directions)
        size = float(np.linalg.norm(slopes.values))
        if not np.isfinite(size) or size < TOO_SMALL:
            raise CheckFailed(
                f"The forward pass hardly depends on {name.removeprefix('d')}{circumstance} (slope {size:.1e}), so"
                f" {name} cannot be judged. Is {name.removeprefix('d')} used, and is the result not cut off?",
                tensors=(name,),
            )
        error = norm_relative_error(slopes.along(gradient), slopes.values)
        worst = max(worst, error)
        if error > TOLERANCE + 10 * slopes.uncertainty / size:
            wrong.append(name)
    if wrong:
        _fail(loss, backward, problem, gradients, wrong, circumstance)
    return worst


def _fail(
    loss: Loss,
    backward: BackwardPass,
    problem: Any,
    gradients: Mapping[str, np.ndarray],
    wrong: list[str],
    circumstance: str,
) -> None:
    found, true = (), backward.right(problem)
    zero = [name for name in wrong if not np.any(gradients[name])]
    if backward.evaluate is not None and len(zero) <= 1:
        found = recognize(gradients, true, backward.bank, lambda terms: backward.evaluate(problem, terms))
    timed = [name for name in wrong if "T" in backward.outputs[name]]
    shown = (timed or wrong)[0]
    expected = _expected(loss, problem.point, shown.removeprefix("d"), gradients[shown], true[shown])
    right = [name for name in gradients if name not in wrong]
    lines = [f"{backward.function} is not right yet{circumstance}. Wrong: {', '.join(wrong)}."]
    if right:
        lines[0] += f" Right: {', '.join(right)}."
    if zero and not found:
        lines.append(f"  Zero everywhere: {', '.join(zero)}.")
    lines += explain(found, backward.equations.get(shown, backward.equation) if right else backward.equation)
    lines += locate(
        shown,
        gradients[shown],
        expected,
        backward.outputs[shown],
        "numeric gradient",
        TOLERANCE,
        backward=backward.back_in_time,
    )
    raise CheckFailed("\n".join(lines), mistakes=tuple(mistake.name for mistake in found), tensors=tuple(wrong))


def _expected(loss: Loss, point: Point, name: str, gradient: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the gradient to show beside a wrong one, numeric at the entry where the two are farthest apart."""
    if norm_relative_error(gradient, true) <= TOLERANCE:
        # It is our gradient and yet not the slope of this forward pass: only differences everywhere can say where.
        return numeric_gradient(loss, point, name)
    expected = np.array(true)
    worst = np.unravel_index(int(np.argmax(np.abs(gradient - true))), true.shape)
    expected[worst] = numeric_entry(loss, point, name, worst)
    return expected


def _refuse_differences(
    backward: BackwardPass, gradients: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]
) -> None:
    rough = [name for name in right if norm_relative_error(gradients[name], right[name]) > ANALYTIC]
    if rough:
        error = max(norm_relative_error(gradients[name], right[name]) for name in rough)
        raise CheckFailed(
            f"{backward.function} is right to {error:.0e} only; the chain rule in float64 gives 1e-15.\n"
            f"{', '.join(rough)}: made from differences of the forward pass, or computed in float32 somewhere?\n"
            "Use the chain rule, and keep the dtype of the inputs.",
            tensors=tuple(rough),
        )
