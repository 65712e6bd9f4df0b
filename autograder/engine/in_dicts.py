"""Questions that ask for a function that returns a dict of arrays, such as the gradients of all weights by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from autograder.engine.calling import Opaque
from autograder.engine.outputs import Signature
from autograder.engine.problems import Problem
from autograder.engine.student import CheckFailed, Student
from autograder.engine.terms import Formula
from autograder.engine.values import Values


@dataclass(frozen=True)
class InDict(Values):
    """A question that asks for a function that returns one dict of arrays.

    Every entry is compared as an output of its own, which a message calls ``clipped["Wx"]``. The calculation has the
    dict among its terms and its right answers, under the name of the output.

    Attributes
    ----------
    entries : mapping of str to str
        What the dict holds, by name, with axes: ``{"Wx": "DH", "b": "H"}``.
    others : tuple of mappings
        Other entries with which the function is tried once all else is right. The calculation draws them when they are
        its option `entries`. No mistake is named there: one that has a name would have shown before.
    """

    entries: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Mapping[str, str], ...] = ()

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Compare the entries on every problem, then on dicts with other entries."""
        said = super().check(student, rng)
        for entries in self.others:
            drawn = replace(
                self.calculation, draw=partial(self.calculation.draw, entries=entries), mistakes=(), cases=()
            )
            try:
                replace(self, calculation=drawn, entries=entries, others=()).check(student, rng)
            except CheckFailed as failure:
                failure.args = (
                    f"{failure}\n  That is where the dicts hold {', '.join(entries)}. It was right for"
                    f" {', '.join(self.entries)}: take the names from the dict.",
                )
                raise
        return said

    @property
    def signature(self) -> Signature:
        """The function, with the entries of its dict as outputs."""
        plain = Signature.parse(self.text)
        outputs = {self._called(name): axes for name, axes in self.entries.items()}
        return Signature(plain.name, plain.arguments, outputs)

    @property
    def output(self) -> str:
        """How the dict is called."""
        return next(iter(Signature.parse(self.text).outputs))

    def compare(self, problem: Problem) -> dict[str, Any]:
        """Return the right entries."""
        return self._apart(problem.once("right", self.calculation.right))

    def evaluate(self, problem: Problem, terms: Mapping[str, Formula]) -> dict[str, Any]:
        """Return the entries that somebody with those terms would have got."""
        return self._apart(self.calculation.outcome(problem, terms))

    def answer(self, student: Student, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and return the entries of its dict, None where one is no array."""
        came = student.call(self.name, **arguments)
        entries = ", ".join(self.entries)
        if not isinstance(came, Opaque):
            kind = "None. Does it end in a `return`?" if came is None else "something else than a dict."
            said = f"{self.name} returns {kind}\n  Expected is a dict with {entries}."
            raise CheckFailed(said, tensors=tuple(self.signature.outputs))
        _, *values = student.parts(came, list(self.entries), steps=False)
        missing = [name for name, value in zip(self.entries, values, strict=True) if value is None]
        if missing:
            said = f"{self.output} holds no array {' and no '.join(missing)}; expected a dict with {entries}."
            raise CheckFailed(f"{self.name}: {said}", tensors=tuple(map(self._called, missing)))
        return dict(zip(self.signature.outputs, values, strict=True))

    def _called(self, name: str) -> str:
        return f'{self.output}["{name}"]'

    def _apart(self, came: Mapping[str, Any]) -> dict[str, Any]:
        return {self._called(name): came[self.output][name] for name in self.entries}
