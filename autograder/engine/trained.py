"""Questions that ask for a trained model: what the training function returns is judged by what the model can do.

The function runs with the student's other code. Only arrays come back, and what they are worth is worked out here, on
data that the function was never given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from autograder.engine.calling import Opaque
from autograder.engine.gradients import norm_relative_error
from autograder.engine.messages import in_other_words
from autograder.engine.mistakes import Mistake
from autograder.engine.outputs import Signature
from autograder.engine.problems import Problem
from autograder.engine.student import CheckFailed, FunctionRaised, Student
from autograder.engine.values import SAME_TWICE

LARGEST_SIZE = 256
"""Of an axis whose size is the student's choice, so that judging a model takes a second at most."""


@dataclass(frozen=True)
class Task:
    """What a model is trained for, and how good it is.

    Attributes
    ----------
    draw : callable
        ``draw(rng, rehearsal=False)`` returns a `Problem`: what the function is given, and under other names what is
        held out. A rehearsal is small enough to be trained on in a moment.
    score : callable
        ``score(params, problem)`` returns how good a model is, the smaller the better; nan for one that gives nan.
    beside : callable
        ``beside(problem)`` returns the scores of simple answers, by the words of a message, the worst first.
    share : float
        What is asked for, as a share of the best of the simple answers: how hard a problem is depends on the draw.
    what : str
        How the score is called.
    longer : callable, optional
        ``longer(problem)`` returns a rehearsal in which more is to be done, so that a function that stops early shows.
    stopped : str
        What it may mean that a model is the same after a longer rehearsal.
    """

    draw: Callable[..., Problem]
    score: Callable[[Mapping[str, np.ndarray], Problem], float]
    beside: Callable[[Problem], Mapping[str, float]]
    share: float
    what: str
    longer: Callable[[Problem], Problem] | None = None
    stopped: str = ""


@dataclass(frozen=True)
class Trained:
    """A question that asks for a function that trains a model and returns its parameters in a dict of arrays.

    Attributes
    ----------
    text : str
        The signature of the function; its one output is the dict.
    task : Task
    entries : mapping of str to str
        What the dict holds, by name, with axes. Sizes that the task does not give are the student's choice, but one
        letter has one size. Z is four times H.
    says : str
        What a learner is told when it is good enough.
    seconds : float
        How long the function may train where it is graded, on one core. A learner's own notebook sets no limit.
    relies_on : str
        The name of the question whose function it is likely to call.
    """

    text: str
    task: Task
    entries: Mapping[str, str]
    says: str
    seconds: float
    relies_on: str = ""
    equations: frozenset[str] = frozenset()
    mistakes: tuple[Mistake, ...] = field(default=(), init=False)

    @property
    def signature(self) -> Signature:
        """The function that is asked for."""
        return Signature.parse(self.text)

    @property
    def name(self) -> str:
        """What the notebook's graded cell passes to `check`."""
        return self.signature.name

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Rehearse on a small problem, then train once, and see how good the model is."""
        rehearsal = self.task.draw(rng, rehearsal=True)
        first, second = (self._params(student, rehearsal) for _ in range(2))
        self._refuse_another(first, second)
        problem = self.task.draw(rng)
        params = self._params(student, problem)
        with np.errstate(all="ignore"):
            score = float(self.task.score(params, problem))
        beside = self.task.beside(problem)
        most = self.task.share * min(beside.values())
        if score <= most:
            return f"{self.says} It reaches a {self.task.what} of {score:.2f}; at most {most:.2f} is asked."
        said = self._not_good_enough(score, most, beside)
        if self.task.longer and _alike(first, self._params(student, self.task.longer(rehearsal))):
            said += f"\n  {self.task.stopped}"
        raise CheckFailed(said, tensors=(self._output,))

    @property
    def _output(self) -> str:
        return next(iter(self.signature.outputs))

    def _params(self, student: Student, problem: Problem) -> dict[str, np.ndarray]:
        """Have a model trained and return its parameters, once their form is right."""
        arguments = {name: problem.given[name] for name in self.signature.arguments}
        try:
            came = student.call(self.name, **arguments)
        except FunctionRaised as failure:
            raise FunctionRaised("\n".join([str(failure), *in_other_words(str(failure))])) from None
        entries = ", ".join(self.entries)
        if not isinstance(came, Opaque):
            kind = "None. Does it end in a `return`?" if came is None else "something else than a dict."
            raise CheckFailed(
                f"{self.name} returns {kind}\n  Expected is a dict with {entries}.", tensors=(self._output,)
            )
        _, *values = student.parts(came, list(self.entries), steps=False)
        student.forget()
        # A worker that lies may send anything in the place of an array.
        missing = [n for n, value in zip(self.entries, values, strict=True) if not isinstance(value, np.ndarray)]
        if missing:
            said = f"{self._output} holds no array {' and no '.join(missing)}; expected a dict with {entries}."
            if len(missing) == len(values):
                said += f" Or are they too large? Sizes from 1 to {LARGEST_SIZE} are judged."
            raise CheckFailed(f"{self.name}: {said}", tensors=(self._output,))
        return self._expect_form(dict(zip(self.entries, values, strict=True)), dict(problem.sizes))

    def _expect_form(self, params: dict[str, np.ndarray], sizes: dict[str, int]) -> dict[str, np.ndarray]:
        for name, axes in self.entries.items():
            value, called = params[name], f'{self.name}: {self._output}["{name}"]'
            letters = ["4H" if letter == "Z" else letter for letter in axes]
            shape = f"({', '.join(letters)}{',' if len(letters) == 1 else ''})"
            if value.ndim != len(axes):
                said = f"{called} has shape {value.shape}; expected {shape}."
                raise CheckFailed(said, tensors=(self._output,))
            for letter, size in zip(axes, value.shape, strict=True):
                if letter == "Z":
                    sizes.setdefault("H", size // 4)
                known = 4 * sizes["H"] if letter == "Z" else sizes.setdefault(letter, size)
                if size != known:
                    given = ", ".join(f"{letter} = {sizes[letter]}" for letter in "VDH" if letter in sizes)
                    said = f"{called} has shape {value.shape}; expected {shape} with {given}."
                    raise CheckFailed(said, tensors=(self._output,))
                if not 0 < sizes.get(letter, 1) <= LARGEST_SIZE:
                    said = f"{called} has shape {value.shape}; sizes from 1 to {LARGEST_SIZE} are judged."
                    raise CheckFailed(said, tensors=(self._output,))
            if value.dtype.kind != "f":
                said = f"{called} has dtype {value.dtype}; expected float64."
                raise CheckFailed(said, tensors=(self._output,))
            if not np.all(np.isfinite(value)):
                said = (
                    f"{called} is not finite. Is the learning rate too large, or a gradient not clipped, or is"
                    " something divided by 0?"
                )
                raise CheckFailed(said, tensors=(self._output,))
        return {name: value.astype(np.float64) for name, value in params.items()}

    def _refuse_another(self, first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> None:
        if _alike(first, second):
            return
        raise CheckFailed(
            f"{self.name} called twice with equal generators returns two different models.\n"
            "Draw with the generator that the function is given, and with nothing else, and keep nothing from one call"
            " to the next.",
            tensors=(self._output,),
        )

    def _not_good_enough(self, score: float, most: float, beside: Mapping[str, float]) -> str:
        """Return the score, what is asked, and what simple answers reach."""
        asked = f"at most {most:.2f} is asked."
        if not np.isfinite(score):
            return f"{self.name}: with these {self._output} the {self.task.what} is not a finite number; {asked}"
        lines = [f"{self.name} reaches a {self.task.what} of {score:.2f} on what was held out; {asked}"]
        lines.append("  To compare: " + ", ".join(f"{words} {value:.2f}" for words, value in beside.items()) + ".")
        worse = [words for words, value in beside.items() if score >= value * (1 - 1e-9)]
        if worse:
            lines.append(f"  It is no better than {worse[0]}.")
        return "\n".join(lines)


def _alike(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> bool:
    """Whether two models are the same."""
    same = all(first[name].shape == second[name].shape for name in first)
    return same and all(norm_relative_error(first[name], second[name]) <= SAME_TWICE for name in first)
