"""Questions that many answers fit: what a function returns is judged by its properties."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.engine.gradients import norm_relative_error
from autograder.engine.messages import told_apart
from autograder.engine.outputs import Signature, expect_form
from autograder.engine.problems import Problem
from autograder.engine.questions import Trial, trials
from autograder.engine.student import CheckFailed, Student
from autograder.engine.terms import Formula
from autograder.engine.values import DRAWN_OR_KEPT, SAME_TWICE, Values, judge_values

Measure = Callable[[np.ndarray, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Property(Values):
    """A question that asks for an array with some properties, whatever its numbers are.

    The properties are compared with those of a right array, and a mistake is known by the properties that it leads to.

    Attributes
    ----------
    properties : mapping of str to (str, callable)
        What is looked at, by the words of a message, with its axes, and a function of the array and of what is given.
    drawn : bool
        Whether the array is drawn with the generator that the function is given: equal from equal generators, and
        another one from another.
    at_least : frozenset of str
        The properties, by their words, that are numbers which may be larger than what is asked for.
    """

    properties: Mapping[str, tuple[str, Measure]] = field(default_factory=dict)
    drawn: bool = False
    at_least: frozenset[str] = frozenset()

    @property
    def signature(self) -> Signature:
        """The function, with the properties as outputs."""
        outputs = {words: axes for words, (axes, _) in self.properties.items()}
        return Signature(self.asked.name, self.asked.arguments, outputs)

    @property
    def asked(self) -> Signature:
        """The function as the learner writes it."""
        return Signature.parse(self.text)

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Look at the properties of the array of every problem."""
        for trial in trials(self, student, rng):
            judge_values(trial, trial.outputs())
            if trial.case.repeated:
                self._refuse_another(trial)
            if self.drawn and trial.earlier is not None:
                self._refuse_the_same(trial)
            student.forget()
        return self.says

    def compare(self, problem: Problem) -> dict[str, Any]:
        """Return the right properties."""
        return problem.once("properties", lambda _: self._look(problem, problem.once("right", self.calculation.right)))

    def evaluate(self, problem: Problem, terms: Mapping[str, Formula]) -> dict[str, Any]:
        """Return the properties of the array that somebody with those terms would have got."""
        return self._look(problem, self.calculation.outcome(problem, terms))

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function and return the properties of what it returned."""
        return self._look(problem, self._array(student, problem))

    def locate(self, name: str, given: np.ndarray, right: np.ndarray) -> list[str]:
        """Return the lines that set a property beside the one that is asked for."""
        if name not in self.at_least:
            return super().locate(name, given, right)
        yours, asked = told_apart(float(given), float(right))
        return [f"  At least {asked} is asked; yours reaches {yours}."]

    def _array(self, student: Student, problem: Problem) -> dict[str, np.ndarray]:
        came = student.call(self.name, **self.arguments(problem))
        (output,) = self.asked.outputs
        if came is None:
            raise CheckFailed(f"{self.name} returns None. Does it end in `return {output}`?", tensors=(output,))
        return expect_form(self.asked, {output: came}, problem.sizes)

    def _look(self, problem: Problem, came: Mapping[str, Any]) -> dict[str, Any]:
        (output,) = self.asked.outputs
        return {words: np.asarray(look(came[output], problem.given)) for words, (_, look) in self.properties.items()}

    def _refuse_another(self, trial: Trial) -> None:
        (first,), (second,) = (self._array(trial.student, trial.problem).values() for _ in range(2))
        if norm_relative_error(first, second) > SAME_TWICE:
            why = DRAWN_OR_KEPT
            if self.drawn:
                why = "Draw with the generator that the function is given, and with nothing else."
            equal = "with equal generators" if self.drawn else "with the same arguments"
            raise CheckFailed(
                f"{self.name} called twice {equal} gives two answers.\n{why}", tensors=tuple(self.asked.outputs)
            )

    def _refuse_the_same(self, trial: Trial) -> None:
        (here,), (before,) = (
            self._array(trial.student, problem).values() for problem in (trial.problem, trial.earlier)
        )
        if norm_relative_error(here / np.linalg.norm(here), before / np.linalg.norm(before)) <= SAME_TWICE:
            raise CheckFailed(
                f"{self.name} gives the same matrix for two different generators.\n"
                "It has to be a random one, drawn with the generator that the function is given.",
                tensors=tuple(self.asked.outputs),
            )


@dataclass(frozen=True)
class Order(Property):
    """A question that asks for an approximation with a step, which is called with the step and with half of it.

    The calculation works out both answers: that with half the step has the output's name with ``_halved`` behind it.
    The properties are looked at with the mapping of both in the place of one array.

    Attributes
    ----------
    step : str
        The argument that is halved.
    """

    step: str = ""

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function twice and return the properties of the two answers."""
        halved = Problem(problem.sizes, {**problem.given, self.step: problem.given[self.step] / 2})
        (output,) = self.asked.outputs
        (coarse,), (fine,) = (self._array(student, asked).values() for asked in (problem, halved))
        return self._look(problem, {output: coarse, f"{output}_halved": fine})

    def _look(self, problem: Problem, came: Mapping[str, Any]) -> dict[str, Any]:
        return {words: np.asarray(look(came, problem.given)) for words, (_, look) in self.properties.items()}
