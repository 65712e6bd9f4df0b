"""Questions that ask for a whole number which the student measured on something that the notebook gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.engine.mistakes import Mistake
from autograder.engine.outputs import expect_whole_number
from autograder.engine.student import CheckFailed, Student


@dataclass(frozen=True)
class Measured:
    """What there is to be measured, and what comes out.

    Attributes
    ----------
    network : callable
        Returns the arrays of the network by the names that the notebook gives them.
    in_notebook : str
        The function of the notebook that returns the same arrays, in order; empty if they are variables.
    right : callable
        Returns the answer.
    near_misses : callable
        Returns wrong answers that people arrive at: name of the mistake to (answer, what was mistaken).
    otherwise : str
        What to say of any other answer.
    what : str
        What it is measured on, as a message calls it.
    """

    network: Callable[[], Mapping[str, np.ndarray]]
    in_notebook: str
    right: Callable[[], int]
    near_misses: Callable[[], Mapping[str, tuple[int, str]]]
    otherwise: str
    what: str = "network"


@dataclass(frozen=True)
class Measurement:
    """A question that asks for a measured whole number, assigned to a variable.

    Attributes
    ----------
    name : str
        The variable, and what the notebook's graded cell passes to `check`.
    measured : Measured
    says : str
        What a learner is told when it is right.
    relies_on : str
        The name of the question whose function it is measured with.
    """

    name: str
    measured: Measured
    says: str = "Your measurement is what the check measures."
    relies_on: str = ""
    equations: frozenset[str] = frozenset()

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The wrong answers that have a name."""
        return tuple(Mistake(name, said, {}) for name, (_, said) in self.measured.near_misses().items())

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Compare the number with the one that is measured here. Nothing is drawn."""
        answer: Any = student.value(self.name)
        tensors = (self.name,)
        if answer is None:
            raise CheckFailed(f"{self.name} has no value yet. Measure it, then run this cell again.", tensors=tensors)
        answer = expect_whole_number(f"{self.name} is", answer, self.name)
        if answer == self.measured.right():
            return self.says
        missed = {value: (name, said) for name, (value, said) in self.measured.near_misses().items()}
        name, said = missed.get(answer, ("", self.measured.otherwise))
        raise CheckFailed(
            f"{self.name} = {answer} is not what this {self.measured.what} gives. {said}",
            mistakes=(name,) if name else (),
            tensors=tensors,
        )
