"""What a question demands: a row of a problem set's table, and how its answer is tried on one problem after the other.

There are four kinds, each in a module of its own: `values`, `backward`, `number` and `measurement`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from autograder.engine.messages import explain, in_other_words
from autograder.engine.mistakes import Evidence, Mistake, Tensors, in_another_order, recognize, shows
from autograder.engine.outputs import Signature, arrays_of, expect_form, unpack
from autograder.engine.problems import Case, Problem
from autograder.engine.quiet import ANALYTIC, PROBLEMS, refuse_steps
from autograder.engine.student import CheckFailed, FunctionRaised, NotAnswered, Student, WorkerLost
from autograder.engine.terms import Formula, Once, Walk, last_in_common

ORDINARY = Case("", numeric=True)
AGAIN = " when it is called again with other numbers of the same sizes"
KEPT = "Is something kept from one call to the next? Every call has to start afresh from its arguments."
FRESH = 12
"""Problems of other sizes of which a function has to get all but one right before it is asked whether it keeps
something. One that fails on three problems in ten passes them once in twelve times."""
OTHERS = 12
"""Problems that are drawn to find some that show a mistake and whose sizes are others."""
CONFIRMATIONS = 6
"""Problems on which a name has to fit, besides the first."""


LossWalk = Generator[Mapping[str, Any], Mapping[str, Any], float]


@dataclass(frozen=True)
class Calculation:
    """What a function of a layer computes, and what people get wrong in it.

    Attributes
    ----------
    draw : callable
        ``draw(rng, **options)`` returns a `Problem`. Sizes by their letters are among its options.
    right : callable
        ``right(problem)`` returns the right outputs by name, from the course's own layers where there is one.
    work_out : Once or Walk
        The same in terms.
    known : callable
        ``known(problem)`` returns the values that the terms start from.
    equation : str
        Label of the equation to look at when no mistake is recognized.
    forward_equation : str
        Label of the equation of the forward pass that a gradient belongs to.
    gates : tuple of str
        What stands side by side along an axis Z, so that a message about an unknown mistake can say which is wrong.
    back_in_time : bool
        Whether the steps are worked out from the last to the first, which a message about steps has to follow.
    mistakes : tuple of Mistake
    cases : tuple of Case
        The circumstances to be tried, behind the ordinary ones.
    square : mapping of str to int, optional
        Sizes at which weights that have changed places or axes fit, so that a function that raises elsewhere can be
        told its mistake.
    large : mapping of str to int, optional
        Sizes at which a gradient made of differences is hopelessly slow.
    quiet : callable, optional
        ``quiet(given)`` returns what is given, changed so that a part of each derivative is next to nothing: there a
        step of any width, real or complex, is hopeless. See `autograder.engine.quiet`.
    if_zero : mapping of str to str
        What it may mean that an output is zero everywhere, by its name. The first that fits is told.
    loss : callable, optional
        ``loss(given)`` returns a generator that yields what the student's forward function is to be called with, gets
        its results by name, and returns the loss. By default the sum of the results times what arrives at them.
    """

    draw: Callable[..., Problem]
    right: Callable[[Problem], Tensors]
    work_out: Once | Walk
    known: Callable[[Problem], Mapping[str, Any]]
    equation: str
    forward_equation: str = ""
    gates: tuple[str, ...] = ()
    back_in_time: bool = False
    mistakes: tuple[Mistake, ...] = ()
    cases: tuple[Case, ...] = ()
    square: Mapping[str, int] | None = None
    large: Mapping[str, int] | None = None
    quiet: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    loss: Callable[[Mapping[str, Any]], LossWalk] | None = None
    if_zero: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [known.name for known in self.mistakes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two mistakes of one calculation are called {', '.join(twice)}")
        lost = [known.name for known in self.mistakes if not known.terms.keys() <= self.work_out.equations.keys()]
        if lost:
            raise ValueError(f"{', '.join(lost)}: a mistake replaces terms of the calculation, not others")

    def outcome(self, problem: Problem, terms: Mapping[str, Formula] | None = None) -> dict[str, Any]:
        """Return what comes out of a problem with some terms replaced, all values by name."""
        known, terms = problem.once("known", self.known), terms or {}
        if isinstance(self.work_out, Walk) and terms.keys() <= self.work_out.results.keys():
            # The steps are as they should be: they are walked once, whatever is made of them.
            walked = problem.once("walked", lambda _: self.work_out.walk(known, {}))
            return self.work_out.finish(walked, terms)
        return self.work_out(known, terms)


@dataclass(frozen=True)
class Question:
    """One question of a problem set.

    Attributes
    ----------
    text : str
        The signature of the function that is asked for; see `Signature.parse`.
    calculation : Calculation
        What it has to compute.
    says : str
        What a learner is told when all is right: what was checked.
    relies_on : str
        The name of another question of the set whose function this one is likely to call. Where both are wrong, a
        learner is sent there first.
    """

    text: str
    calculation: Calculation
    says: str
    relies_on: str = ""

    @property
    def signature(self) -> Signature:
        """The function that is asked for."""
        return Signature.parse(self.text)

    @property
    def name(self) -> str:
        """What the notebook's graded cell passes to `check`."""
        return self.signature.name

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes that can be named."""
        return self.calculation.mistakes

    @property
    def equations(self) -> set[str]:
        """The labels of the equations that a message may point to."""
        return {*self.calculation.work_out.equations.values(), self.calculation.equation} - {""}

    def where_to_look(self, wrong: Sequence[str]) -> str:
        """Return the label of the equation to look at where some results are wrong and nobody knows why.

        It is that of the last term which all the wrong results are made of and no right one is, else that of the
        first wrong result.
        """
        work_out = self.calculation.work_out
        right = [name for name in self.signature.compared if name not in wrong]
        return work_out.equations.get(last_in_common(work_out, wrong, right) or wrong[0], "")

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Try a student's function and return one sentence about what was checked. Raises CheckFailed."""
        raise NotImplementedError

    @property
    def derivatives(self) -> dict[str, str]:
        """The outputs that are derivatives, with their axes, where it matters how they were found."""
        return self.signature.compared

    def refuse_steps(self, student: Student, rng: np.random.Generator) -> None:
        """Refuse derivatives that were found by moving an argument a little. Raises CheckFailed."""
        if self.calculation.quiet is None:
            return
        for _ in range(PROBLEMS):
            drawn = self.calculation.draw(rng)
            with np.errstate(under="ignore"):  # in a notebook ours is as the learner set it
                problem = Problem(drawn.sizes, self.calculation.quiet(drawn.given))
                came = expect_form(self.signature, self.outputs(student, problem), problem.sizes)
                right = self.compare(problem)
                refuse_steps(self.name, came, {name: right[name] for name in self.derivatives}, ANALYTIC)
            student.forget()

    def arguments(self, problem: Problem) -> dict[str, Any]:
        """Return what the function is called with, but for a cache."""
        return {name: problem.given[name] for name in self.signature.arguments if name != "cache"}

    def compare(self, problem: Problem) -> dict[str, Any]:
        """Return the right outputs."""
        right = problem.once("right", self.calculation.right)
        return {name: right[name] for name in self.signature.compared}

    def evaluate(self, problem: Problem, terms: Mapping[str, Formula]) -> dict[str, Any]:
        """Return the outputs that somebody with those terms would have got."""
        came = self.calculation.outcome(problem, terms)
        return {name: came[name] for name in self.signature.compared}

    def answer(self, student: Student, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and return what it returned, by the names of the outputs. Raises CheckFailed."""
        return unpack(self.signature, student.call(self.name, **arguments))

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function and return its outputs by name, whatever their form. Raises CheckFailed."""
        raise NotImplementedError


@dataclass(frozen=True)
class Trial:
    """A student's function, tried on one problem.

    Attributes
    ----------
    question : Question
    student : Student
    rng : numpy.random.Generator
        Draws the problem on which a name is confirmed.
    case : Case
    problem : Problem
    earlier : Problem or None
        A problem of the same sizes that was right just before.
    passed : Problem or None
        The first ordinary problem, once that was right.
    """

    question: Question
    student: Student
    rng: np.random.Generator
    case: Case
    problem: Problem
    earlier: Problem | None = None
    passed: Problem | None = None
    _tried: dict[int, Evidence | None] = field(default_factory=dict, repr=False)

    def evidence(self, came: Mapping[str, Any], problem: Problem | None = None) -> Evidence:
        """Return what the outputs of the function show."""
        problem = problem or self.problem
        return Evidence(
            arrays_of(self.question.signature, came),
            self.question.compare(problem),
            partial(self.question.evaluate, problem),
        )

    def recognize(self, came: Mapping[str, Any], *, alone: bool = False) -> tuple[tuple[Mistake, ...], tuple[str, ...]]:
        """Return the known mistakes that explain what came, and the tensors that they leave unexplained."""
        return recognize(self.evidence(came), self._confirm, self._possible, alone=alone)

    def outputs(self) -> dict[str, Any]:
        """Call the function and return its outputs. Raises CheckFailed."""
        return self.told(lambda: self.question.outputs(self.student, self.problem))

    def told(self, ask: Callable[[], Any]) -> Any:
        """Ask the student's functions something. A failure is told with what it means and where it happened.

        Raises
        ------
        CheckFailed
        """
        try:
            return ask()
        except NotAnswered:
            raise
        except CheckFailed as failure:
            found = self._named_when_square() if isinstance(failure, FunctionRaised) else ()
            hints = explain(found, self.question.calculation.work_out.equations) if found else []
            raise self.failure(failure, found, hints or in_other_words(str(failure))) from None

    def keeps_something(self) -> bool:
        """Whether a function that failed on a second problem of the same sizes is right on first ones of other sizes.

        Then the numbers are not to blame. Where the first of two problems in special circumstances was passed, they are
        not, either.
        """
        if self.earlier is None or self.case.branches:
            return self.earlier is not None
        right = 0
        for problem in self._others[:FRESH]:
            try:
                right += not self.evidence(self.question.outputs(self.student, problem), problem).wrong
            except CheckFailed:
                return False
        return right >= FRESH - 1

    def in_that_order(self, order: tuple[str, ...]) -> bool:
        """Whether the outputs come in this order on other problems, too, wherever they are wrong: a few may agree."""
        for problem in self._others[:CONFIRMATIONS]:
            try:
                evidence = self.evidence(self.question.outputs(self.student, problem), problem)
            except CheckFailed:
                return False
            if evidence.wrong and in_another_order(evidence) != order:
                return False
        return True

    def failure(self, failure: CheckFailed, found: tuple[Mistake, ...] = (), hints: list[str] = ()) -> CheckFailed:
        """Return a failure with what was recognized and the circumstance added to it."""
        that_is = [f"  That is{self.case.circumstance}."] if self.case.circumstance else []
        if self.case.hint and not found:
            that_is.append(f"  {self.case.hint}")
        # That the process is lost has to stay known: else other functions are asked in vain, and blamed for it.
        kind = WorkerLost if isinstance(failure, WorkerLost) else CheckFailed
        return kind(
            "\n".join([str(failure), *hints, *that_is]),
            mistakes=tuple(known.name for known in found) or failure.mistakes,
            tensors=failure.tensors,
        )

    def _confirm(self, found: tuple[Mistake, ...]) -> list[Evidence | None]:
        """Try the function on problems of this kind, of other sizes where they are not fixed, that show mistakes."""
        others = []
        for number, problem in enumerate(self._others):
            expected = Evidence({}, self.question.compare(problem), partial(self.question.evaluate, problem))
            if not shows(expected, found):
                continue
            if number not in self._tried:
                try:
                    came = self.question.outputs(self.student, problem)
                    self._tried[number] = self.evidence(came, problem)
                except CheckFailed:
                    self._tried[number] = None
            others.append(self._tried[number])
            if len(others) == CONFIRMATIONS:
                break
        return others

    @cached_property
    def _possible(self) -> tuple[Mistake, ...]:
        """The mistakes that can be the reason: none that would have shown on the ordinary problem that was passed."""
        if self.passed is None or self.case.branches:
            return self.question.mistakes
        evidence = Evidence({}, self.question.compare(self.passed), partial(self.question.evaluate, self.passed))
        return tuple(known for known in self.question.mistakes if not shows(evidence, (known,)))

    @cached_property
    def _others(self) -> list[Problem]:
        """More problems of this kind, those first in which the most sizes are others."""
        draw, sizes = self.question.calculation.draw, self.problem.sizes
        problems = [draw(self.rng, **self.case.options) for _ in range(OTHERS)]
        return sorted(problems, key=lambda other: sum(size == sizes[letter] for letter, size in other.sizes.items()))

    def _named_when_square(self) -> tuple[Mistake, ...]:
        """Return the mistake of a function that only runs where some sizes are equal, or nothing."""
        square = self.question.calculation.square
        if square is None:
            return ()
        problem = self.question.calculation.draw(self.rng, **square)
        other = Trial(self.question, self.student, self.rng, Case("", square), problem)
        try:
            return other.recognize(self.question.outputs(self.student, problem))[0]
        except CheckFailed:
            return ()


def trials(question: Question, student: Student, rng: np.random.Generator) -> Iterator[Trial]:
    """Yield the problems to try: two ordinary ones of the same sizes, then every circumstance of the calculation.

    The second ordinary one shows what is kept from call to call. The ordinary ones come first, so that a mistake is
    not blamed on the circumstance in which it happens to show.
    """
    draw, passed = question.calculation.draw, None
    for case in (replace(ORDINARY, repeated=True), *question.calculation.cases):
        problem = draw(rng, **case.options)
        yield Trial(question, student, rng, case, problem, passed=passed)
        passed = passed or problem
        if case.repeated:
            again = replace(case, numeric=False, circumstance=case.circumstance or AGAIN)
            other = draw(rng, **{**case.options, **problem.sizes})
            yield Trial(question, student, rng, again, other, earlier=problem, passed=passed)
