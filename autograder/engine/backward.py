"""Questions that ask for a backward pass: its gradients against the numeric ones of the student's own forward pass."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograder.engine.equations import see
from autograder.engine.gradients import (
    DIRECTIONS,
    FEWER_DIRECTIONS,
    Loss,
    Slopes,
    norm_relative_error,
    numeric_entry,
    numeric_gradient,
    numeric_slopes_of_each,
)
from autograder.engine.messages import first_of_largest, listed, locate, which_gates
from autograder.engine.outputs import STACKED, Signature, expect_form, unpack
from autograder.engine.problems import Problem
from autograder.engine.questions import LossWalk, Question, Trial, trials
from autograder.engine.quiet import ANALYTIC
from autograder.engine.student import CheckFailed, FunctionRaised, Student
from autograder.engine.values import VALUE_TOLERANCE, bad_form, judge_values, reasons, refuse_another_answer

TOLERANCE = 1e-6
"""Between the largest error of a right gradient and the smallest of a wrong one. Differences of width 1e-4 are right to
1e-9 (`gradients.STEP`), and a right gradient of saturated states, where 1 - h**2 has lost digits, to 6e-8. Of the wrong
solutions that were tried, the nearest was off by 4.7e-4."""
MOST_UNCERTAIN = 1e-4
"""What the uncertainty of numeric slopes may add to it, and no more: a forward pass that is noisy has no slopes. Those
of right forward passes were off by 6e-9 at most in 20,000 comparisons."""

BOUNDS = (1e-8, TOLERANCE, 1e-3, np.inf)
"""One of them is told for the worst error of gradients that passed. Its own digits are rounding, and others on another
processor or in a browser."""

TOO_SMALL = 1e-6
"""A slope of the student's forward pass this many times smaller than it should be says that the forward pass does not
depend on the tensor, whatever it is multiplied with."""

ANALYTIC_SATURATED = 1e-9
"""The same where states are saturated: of 1 - h**2 = 5e-6 an h that is right to 1e-16 leaves 2e-11, as measured, and a
difference of two such states 1e-8."""

OUT_OF_ENTRIES = ("index out of range", "to unpack", "is shorter than argument")
"""What Python says where a list or tuple has too few entries."""

COST_FLOOR_SECONDS = 0.4
"""What a call has to take before its cost is looked at: far longer than a pause of a busy machine."""

CLOCK = 1e-6
"""Seconds that a coarse clock may take for none at all."""

OUR_PASSES = 300
"""How many passes of ours the shortest is taken of: a twentieth of a second."""

COST_RATIO = 8000
"""How many times our own forward and backward pass a student's backward pass may take. Written as loops over single
entries in plain Python it takes 1,500 times as long, and twice that on a busy machine; a complex step for every one of
40,000 weights 30,000 times."""


@dataclass(frozen=True)
class Backward(Question):
    """A question that asks for gradients.

    An output such as dWx is the gradient of the tensor Wx. Outputs that do not start with d are values, such as a loss.

    Attributes
    ----------
    forward : str
        Signature of the forward function: its cache is handed on, and its results have to be right. Empty for a
        function that returns a loss and its gradient.
    slopes_of : str
        Signature of the forward function whose slopes are taken, where that is another one.
    an_entry_each : str
        What the cache, if it is a list or tuple, has an entry for each of: a size's letter and a word, as "L layers".
    """

    forward: str = ""
    slopes_of: str = ""
    an_entry_each: str = ""

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Compare the gradients on every problem, and refuse a backward pass made of differences."""
        worst = 0.0
        for trial in trials(self, student, rng):
            worst = max(worst, self._judge(trial))
            student.forget()
        self.refuse_steps(student, rng)
        if self.calculation.large is not None:
            self._refuse_slow(student, self.calculation.draw(rng, **self.calculation.large))
        return f"{self.says} (worst error below {next(bound for bound in BOUNDS if worst < bound):.0e})."

    @property
    def gradients(self) -> dict[str, str]:
        """The outputs that are gradients, with their axes."""
        return {name: axes for name, axes in self.signature.compared.items() if name.startswith("d")}

    @property
    def derivatives(self) -> dict[str, str]:
        """The gradients."""
        return self.gradients

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Run forward, see that it is right, run backward, and return what it returned."""
        return self._backward(student, problem, self._forward(student, problem))

    def _forward(self, student: Student, problem: Problem) -> Any:
        """Return the cache of the student's forward pass, once its results are right."""
        if not self.forward:
            return None
        signature, right = Signature.parse(self.forward), problem.once("right", self.calculation.right)
        came = unpack(signature, student.call(signature.name, **_named(problem.given, signature)))
        given = expect_form(signature, came, problem.sizes)
        wrong = [name for name in given if norm_relative_error(given[name], right[name]) > VALUE_TOLERANCE]
        if wrong:
            name = wrong[0]
            lines = [f"{signature.name}: {listed(wrong)} wrong.", f"  {see(self.calculation.forward_equation)}"]
            lines += locate(name, given[name], right[name], signature.outputs[name], "expected", VALUE_TOLERANCE)
            raise CheckFailed("\n".join(lines), tensors=tuple(wrong))
        return came.get("cache")

    def _backward(self, student: Student, problem: Problem, cache: Any) -> dict[str, Any]:
        try:
            return unpack(self.signature, student.call(self.name, **self._arguments_with(cache, problem)))
        except FunctionRaised as failure:
            missing = self._missing_entries(student, problem, cache, str(failure))
            raise FunctionRaised(f"{failure}{missing}") from None

    def _missing_entries(self, student: Student, problem: Problem, cache: Any, raised: str) -> str:
        """Return the line that says that the cache has too few entries, where that is why a function raised."""
        if not self.an_entry_each or not any(part in raised for part in OUT_OF_ENTRIES):
            return ""
        letter, of_what = self.an_entry_each.split()
        there, wanted = student.parts(cache, [], steps=True)[0], problem.sizes[letter]
        if type(there) is not int or there >= wanted:
            return ""
        forward = Signature.parse(self.forward).name
        return (
            f"\n  The cache that {forward} returned has {there} {'entry' if there == 1 else 'entries'}, and there are"
            f" {wanted} {of_what}. Does every one leave its own there?"
        )

    def _arguments_with(self, cache: Any, problem: Problem) -> dict[str, Any]:
        arguments = self.arguments(problem)
        return {name: cache if name == "cache" else arguments[name] for name in self.signature.arguments}

    def _judge(self, trial: Trial) -> float:
        """Judge one trial and return the worst norm-relative error of the gradients."""
        student, problem = trial.student, trial.problem
        cache = trial.told(lambda: self._forward(student, problem))
        came = trial.told(lambda: self._backward(student, problem, cache))
        try:
            given = expect_form(self.signature, came, problem.sizes)
        except CheckFailed as failure:
            raise bad_form(trial, came, failure) from None
        right = self.compare(problem)
        values = [name for name in right if name not in self.gradients]
        if any(norm_relative_error(given[name], right[name]) > VALUE_TOLERANCE for name in values):
            judge_values(trial, came)
        errors = {name: norm_relative_error(given[name], right[name]) for name in self.gradients}
        wrong = [name for name, error in errors.items() if error > TOLERANCE]
        loss = self._loss(student, problem)
        if trial.case.numeric and not wrong:
            tensors = [name.removeprefix("d") for name in self.gradients]
            directions = DIRECTIONS if not trial.case.circumstance else FEWER_DIRECTIONS
            slopes = numeric_slopes_of_each(loss, problem.given, tensors, trial.rng, directions=directions)
            for name, tensor in zip(self.gradients, tensors, strict=True):
                error, passes = self._against_slopes(trial, slopes[tensor], name, given[name])
                errors[name] = max(errors[name], error)
                if not passes:
                    wrong.append(name)
        if wrong:
            self._fail(trial, loss, came, given, wrong)
        self._refuse_differences(given, right, ANALYTIC if trial.case.exact else ANALYTIC_SATURATED)
        if trial.case.numeric or trial.earlier is not None:
            refuse_another_answer(trial, given, self._arguments_with(cache, problem))
        if trial.passed is None:
            self._try_another_upstream(trial, cache)
        return max(errors.values())

    def _try_another_upstream(self, trial: Trial, cache: Any) -> None:
        """Ask for the gradients of another upstream gradient with the same cache, after another forward pass."""
        problem = trial.problem
        arriving = [name for name in self.arguments(problem) if name.startswith("d")]
        if not arriving:
            return
        # With the opposite sign a gradient that is clipped is as wrong as before, so that only what is kept shows.
        other = Problem(problem.sizes, {**problem.given, **{name: -problem.given[name] for name in arriving}})
        self._forward(trial.student, self.calculation.draw(trial.rng, **problem.sizes))
        came = self._backward(trial.student, other, cache)
        given, right = expect_form(self.signature, came, problem.sizes), self.compare(other)
        wrong = [name for name in self.gradients if norm_relative_error(given[name], right[name]) > TOLERANCE]
        if wrong:
            raise CheckFailed(
                f"{self.name} is right, and wrong when it is called again for the same cache with another"
                f" {' and '.join(arriving)}. Wrong: {', '.join(wrong)}.\n"
                "  Is a result kept and given again? Or do all caches share an array?",
                mistakes=("answer_kept",),
                tensors=tuple(wrong),
            )

    @property
    def differentiated(self) -> Signature:
        """The function whose slopes the gradients are."""
        return Signature.parse(self.slopes_of or self.forward or self.text)

    def loss_of(self, given: Mapping[str, Any]) -> LossWalk:
        """Return the loss whose slopes the gradients are; see `Calculation.loss`."""
        return self.calculation.loss(given) if self.calculation.loss else _plain_loss(self.differentiated, given)

    def _loss(self, student: Student, problem: Problem) -> "ForwardLoss":
        """Return the loss of the student's own forward pass, as a function of changed tensors."""
        return ForwardLoss(student, self.differentiated, problem, self.loss_of)

    def _against_slopes(self, trial: Trial, slopes: Slopes, name: str, gradient: np.ndarray) -> tuple[float, bool]:
        """Return how far a gradient is from the numeric slopes, and whether that is near enough."""
        tensor = name.removeprefix("d")
        size, expected = float(np.linalg.norm(slopes.values)), float(np.linalg.norm(slopes.along(gradient)))
        if not np.isfinite(size) or size <= TOO_SMALL * expected:
            raise CheckFailed(
                f"The forward pass hardly depends on {tensor}{trial.case.circumstance} (slope {size:.1e}), so"
                f" {name} cannot be judged. Is {tensor} used, and is the result not cut off?",
                tensors=(name,),
            )
        error = norm_relative_error(slopes.along(gradient), slopes.values)
        return error, error <= TOLERANCE + min(10 * slopes.uncertainty / size, MOST_UNCERTAIN)

    def _fail(
        self, trial: Trial, loss: Loss, came: Mapping[str, Any], given: Mapping[str, np.ndarray], wrong: list[str]
    ) -> None:
        timed = [name for name in wrong if "T" in self.gradients[name]]
        shown = (timed or wrong)[0]
        right = [name for name in self.gradients if name not in wrong]
        lines = [f"{self.name} is not right yet{trial.case.circumstance}. Wrong: {', '.join(wrong)}."]
        if right:
            lines[0] += f" Right: {', '.join(right)}."
        equation = self.where_to_look(wrong) if right else ""
        found, said = reasons(trial, came, given, wrong, equation)
        expected = self._expected(trial, loss, shown, given[shown])
        lines += said
        stacked = [name for name in wrong if STACKED in self.gradients[name]]
        if stacked and not found:
            name = stacked[-1]
            sides = given[name], self.compare(trial.problem)[name], self.gradients[name]
            lines += which_gates(name, *sides, self.calculation.gates, TOLERANCE)
        axes, right_is = self.gradients[shown], "numeric gradient" if trial.case.numeric else "expected"
        back = self.calculation.back_in_time
        lines += locate(shown, given[shown], expected, axes, right_is, TOLERANCE, backward=back)
        raise CheckFailed("\n".join(lines), mistakes=found, tensors=tuple(wrong))

    def _expected(self, trial: Trial, loss: Loss, name: str, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient to show beside a wrong one, numeric where the two are farthest apart."""
        expected, given = np.array(self.compare(trial.problem)[name]), trial.problem.given
        tensor = name.removeprefix("d")
        if not trial.case.numeric:
            return expected
        if norm_relative_error(gradient, expected) <= TOLERANCE:
            # It is our gradient and yet not the slope of this forward pass: only differences everywhere can say where.
            return numeric_gradient(loss, given, tensor)
        worst = np.unravel_index(first_of_largest(np.abs(gradient - expected)), expected.shape)
        expected[worst] = numeric_entry(loss, given, tensor, worst)
        return expected

    def _refuse_differences(
        self, given: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray], bound: float
    ) -> None:
        errors = {name: norm_relative_error(given[name], right[name]) for name in self.gradients}
        rough = [name for name, error in errors.items() if error > bound]
        if rough:
            raise CheckFailed(
                f"{self.name} is right to {max(errors.values()):.0e} only; the chain rule in float64 gives 1e-15.\n"
                f"{', '.join(rough)}: made from differences, computed in float32, rounded, or with a small number"
                " added?\nUse the chain rule as it is, and keep the dtype of the inputs.",
                tensors=tuple(rough),
            )

    def _refuse_slow(self, student: Student, large: Problem) -> None:
        cache = self._forward(student, large)
        came = []
        refuse_slow_backward(
            self.name,
            partial(self.calculation.right, large),
            lambda: came.append(student.call(self.name, **self._arguments_with(cache, large))),
            sum(large.given[name.removeprefix("d")].size for name in self.gradients),
            student.clock,
        )
        given, right = expect_form(self.signature, unpack(self.signature, came[-1]), large.sizes), self.compare(large)
        wrong = [name for name in self.gradients if norm_relative_error(given[name], right[name]) > TOLERANCE]
        if wrong:
            sizes = ", ".join(f"{letter} = {size}" for letter, size in large.sizes.items())
            raise CheckFailed(
                f"{self.name} is right for small sizes, and wrong at {sizes}. Wrong: {', '.join(wrong)}.\n"
                "Does it stop before it has been through all the weights, or ask how many there are?",
                tensors=tuple(wrong),
            )
        self._refuse_differences(given, right, ANALYTIC)


@dataclass(frozen=True)
class ForwardLoss:
    """The loss of a student's own forward pass, where some tensors of a problem have been moved.

    Attributes
    ----------
    student : Student
    signature : Signature
        The forward function.
    problem : Problem
    loss : callable
        As `Calculation.loss`.
    """

    student: Student
    signature: Signature
    problem: Problem
    loss: Callable[[Mapping[str, Any]], LossWalk]

    def __call__(self, moved: Mapping[str, np.ndarray]) -> float:
        """Return the loss at one point. Raises CheckFailed."""
        return self.each([moved])[0]

    def each(self, points: Sequence[Mapping[str, np.ndarray]]) -> list[float]:
        """Return the loss at many points. Where a loss takes several steps, all take each of them at once.

        Raises
        ------
        CheckFailed
        """
        walks = [self.loss({**self.problem.given, **moved}) for moved in points]
        values: dict[int, float] = {}
        asked = {number: next(walk) for number, walk in enumerate(walks)}
        while asked:
            results = self.student.call_each(
                self.signature.name, [_named(given, self.signature) for given in asked.values()]
            )
            answered, asked = dict(zip(asked, results, strict=True)), {}
            for number, result in answered.items():
                try:
                    asked[number] = walks[number].send(self._numbers(result))
                except StopIteration as end:
                    values[number] = float(end.value)
        return [values[number] for number in range(len(walks))]

    def _numbers(self, result: Any) -> dict[str, np.ndarray]:
        came = unpack(self.signature, result)
        for name in self.signature.compared:
            if not isinstance(came[name], np.ndarray | float | int):
                raise CheckFailed(f"{self.signature.name}: {name} is not always an array of numbers.", tensors=(name,))
        return came


def _plain_loss(signature: Signature, given: Mapping[str, Any]) -> LossWalk:
    """Return the loss that a function returned, or the sum of its results times what arrives at them."""
    came = yield given
    if "loss" in signature.compared:
        return np.sum(came["loss"])
    return sum(
        np.sum(value * given[f"d{name}"])
        for name, value in came.items()
        if f"d{name}" in given and name in signature.compared
    )


def refuse_slow_backward(
    function: str,
    ours: Callable[[], Any],
    backward: Callable[[], Any],
    weights: int,
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Refuse a backward pass that runs its forward pass once for every weight.

    The chain rule costs two or three forward passes whatever the number of weights. A difference for every weight,
    real or complex, costs as many forward passes as there are `weights`. At forty thousand weights the two cannot be
    taken for each other, even if the chain rule is written as loops over single entries.

    What counts is the time on the processor, as `clock` tells it for the `backward` pass: on a busy machine a call may
    wait for its turn a hundred times as long as it runs, and a short pass of ours does not wait at all. Whatever else
    runs takes from the caches, so the shortest of many passes of ours counts, and a backward pass that looks slow may
    show once more how long it takes.

    Raises
    ------
    CheckFailed
    """
    slow = _seconds(backward, clock)
    if slow < COST_FLOOR_SECONDS:
        return
    quick = max(min(_seconds(ours, time.process_time) for _ in range(OUR_PASSES)), CLOCK)
    if slow < COST_RATIO * quick:
        return
    slow = min(slow, _seconds(backward, clock))
    if slow < COST_RATIO * quick:
        return
    raise CheckFailed(
        f"{function} takes {slow / quick:.0f} times as long as a forward and a backward pass have to, when there are"
        f" {round(weights, -3):,} weights.\nDoes it run the forward pass once for every weight? Use the chain rule: one"
        " walk back through the steps."
    )


def _seconds(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    started = clock()
    call()
    return clock() - started


def _named(given: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    return {name: given[name] for name in signature.arguments}
