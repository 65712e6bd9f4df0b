"""Questions that ask for a function of sizes that returns a whole number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.engine.messages import explain
from autograder.engine.outputs import expect_whole_number
from autograder.engine.problems import Case, Problem
from autograder.engine.questions import Question, Trial
from autograder.engine.student import CheckFailed, Student


@dataclass(frozen=True)
class Number(Question):
    """A question that asks for a whole number, such as how many parameters a network of given sizes has.

    A problem holds several networks at once: every argument is an array with one size, or one text, a network.
    """

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Ask for the number of every network."""
        trial = Trial(self, student, rng, Case(""), self.calculation.draw(rng))
        came = self.outputs(student, trial.problem)
        output = next(iter(came))
        given, right = came[output], self.compare(trial.problem)[output]
        if np.array_equal(given, right):
            return self.says
        found, _ = trial.recognize(came)
        wrong = int(np.flatnonzero(given != right)[0])
        sizes = ", ".join(f"{name} = {values[wrong]}" for name, values in self.arguments(trial.problem).items())
        apart = int(given[wrong] - right[wrong])
        many = "many" if apart > 0 else "few"
        lines = [f"{self.name} is wrong for {sizes}: {int(given[wrong])} is {abs(apart)} too {many}."]
        lines += explain(found, self.calculation.work_out.equations, self.calculation.equation)
        mistakes = tuple(known.name for known in found)
        raise CheckFailed("\n".join(lines), mistakes=mistakes, tensors=(self.name,))

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function for every network and return the numbers in one array."""
        arguments = self.arguments(problem)
        answers = []
        for sizes in zip(*arguments.values(), strict=True):
            sizes = [str(size) if isinstance(size, str) else int(size) for size in sizes]
            answer = student.call(self.name, **dict(zip(arguments, sizes, strict=True)))
            answers.append(expect_whole_number(f"{self.name} returns", answer, self.name))
        return {next(iter(self.signature.outputs)): np.array(answers, float)}

    def evaluate(self, problem: Problem, terms: Mapping) -> dict[str, Any]:
        """Return the numbers that somebody with those terms would have got."""
        return {name: np.asarray(value, float) for name, value in super().evaluate(problem, terms).items()}
