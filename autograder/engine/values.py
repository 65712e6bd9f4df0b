"""Questions that ask for a function whose outputs are compared with the right ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.engine.calling import Seeded
from autograder.engine.gradients import norm_relative_error
from autograder.engine.messages import explain, listed, locate
from autograder.engine.mistakes import Mistake, in_another_order
from autograder.engine.outputs import Signature, expect_form, unpack
from autograder.engine.problems import Problem
from autograder.engine.questions import KEPT, Question, Trial, trials
from autograder.engine.student import CheckFailed, Student

VALUE_TOLERANCE = 1e-9
"""Two ways to write a forward pass differ by rounding, 1e-16 for each of at most a few thousand operations, which a
step may double and 25 steps of a long sequence raise to 1e-12 or so. A wrong formula differs by 1e-3. This is between,
nearer to rounding, so that float32 (1e-7) is refused."""

ROUGH = 1e-5
"""An error below this one is not a wrong formula but a lost digit, in float32 or by rounding."""

DRAWN_OR_KEPT = "Something is kept from one call to the next, or drawn at random. Every call has to start afresh."

OWN_GENERATOR = (
    "The generator that the function is given does not decide: with an equal one the answer is another, or with another"
    " one it is the same. Take every random number from it, and from nothing else."
)

SAME_TWICE = 1e-12
"""Two calls with equal arguments may add in another order, which changes the last of sixteen digits, and no more."""


@dataclass(frozen=True)
class Values(Question):
    """A question that asks for a function whose outputs are compared with the right ones.

    Attributes
    ----------
    keeps : mapping of str to str
        What the cache has to hold, by name, with axes: of one step, or, if an axis is T, of every step.
    whole : bool
        Whether the outputs are whole numbers, which any type of numbers holds: int, bool and float32 will do, too.
    """

    keeps: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def check(self, student: Student, rng: np.random.Generator) -> str:
        """Compare the outputs on every problem."""
        for trial in trials(self, student, rng):
            came = trial.outputs()
            given = judge_values(trial, came)
            if self.keeps:
                _judge_cache(trial, came)
            if trial.case.repeated:
                again = refuse_another_answer(trial, given, self.arguments(trial.problem))
                if self.keeps:
                    _judge_cache_again(trial, again)
            student.forget()
        self.refuse_steps(student, rng)
        return self.says

    def answer(self, student: Student, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function and return what it returned, by the names of the outputs."""
        came = super().answer(student, arguments)
        if not self.whole:
            return came
        return {
            name: value.astype(float) if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else value
            for name, value in came.items()
        }

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function and return its outputs by name."""
        return self.answer(student, self.arguments(problem))

    def locate(self, name: str, given: np.ndarray, right: np.ndarray) -> list[str]:
        """Return the lines that say where an output is wrong and set it beside the right one."""
        return locate(name, given, right, self.signature.outputs[name], "expected", VALUE_TOLERANCE)


def judge_values(trial: Trial, came: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Compare outputs with the right ones and return them.

    Raises
    ------
    CheckFailed
        With what is wrong in their form or their numbers, where, and the mistake if it is known.
    """
    question = trial.question
    try:
        given = expect_form(question.signature, came, trial.problem.sizes)
    except CheckFailed as failure:
        raise bad_form(trial, came, failure) from None
    right = question.compare(trial.problem)
    errors = {name: norm_relative_error(given[name], right[name]) for name in right}
    wrong = [name for name, error in errors.items() if error > VALUE_TOLERANCE]
    if not wrong:
        return given
    if max(errors.values()) < ROUGH:
        raise CheckFailed(
            f"{question.name}: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} right to"
            f" {max(errors.values()):.0e} only; float64 gives 1e-15.\n"
            "  Is a small number added, as to what is divided by? Or is something computed in float32, or rounded on"
            " the way?",
            tensors=tuple(wrong),
        )
    lines = [f"{question.name}: {listed(wrong)} wrong{trial.case.circumstance}."]
    equation = question.where_to_look(wrong) if len(right) > 1 else ""
    found, said = reasons(trial, came, given, wrong, equation)
    lines += said
    if isinstance(question, Values):
        lines += question.locate(wrong[0], given[wrong[0]], right[wrong[0]])
    else:
        axes = question.signature.outputs[wrong[0]]
        lines += locate(wrong[0], given[wrong[0]], right[wrong[0]], axes, "expected", VALUE_TOLERANCE)
    raise CheckFailed("\n".join(lines), mistakes=found, tensors=tuple(wrong))


def bad_form(trial: Trial, came: Mapping[str, Any], failure: CheckFailed) -> CheckFailed:
    """Return what to say of outputs of the wrong form: the mistake behind it, if it is known, and the circumstance."""
    found, _ = _recognize(trial, came, form=True)
    order = () if found else _order_of(trial, came)
    if order:
        names = ", ".join(trial.question.signature.outputs)
        said = f"{trial.question.name} returns what it should, but in another order; expected {names}."
        return trial.failure(CheckFailed(said, mistakes=("outputs_permuted",), tensors=tuple(order)))
    return trial.failure(failure, found, explain(found, trial.question.calculation.work_out.equations) if found else [])


def reasons(
    trial: Trial, came: Mapping[str, Any], given: Mapping[str, np.ndarray], wrong: list[str], equation: str = ""
) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the mistakes behind wrong outputs, and the lines that say so or where to look."""
    calculation = trial.question.calculation
    order = _order_of(trial, came)
    if order:
        names = ", ".join(trial.question.signature.outputs)
        return ("outputs_permuted",), [f"  The numbers are right but stand in another order; expected {names}."]
    found, left = _recognize(trial, came)
    lines = [] if found else zeros(given, wrong, calculation.if_zero)
    if not found and trial.earlier is not None and _is_stale(trial, given, wrong):
        return ("answer_kept",), [
            "  It gives the answer to the numbers of the call before: a result is kept and given again."
        ]
    if not found and _is_drawn_elsewhere(trial, given):
        return ("own_generator",), [f"  {OWN_GENERATOR}"]
    seen, label = ([], "") if found else _in_cache(trial, came)
    lines += explain(found, calculation.work_out.equations, label or equation or calculation.equation)
    lines += seen
    if left:
        lines.append(f"  That does not explain {', '.join(left)}: there is something else besides.")
    if not found and trial.case.hint:
        lines.append(f"  {trial.case.hint}")
    if not found and trial.keeps_something():
        lines.append(f"  {KEPT}")
    return tuple(known.name for known in found), lines


def _recognize(
    trial: Trial, came: Mapping[str, Any], *, form: bool = False
) -> tuple[tuple[Mistake, ...], tuple[str, ...]]:
    """Return the mistakes that explain what came; if it alone does not tell, the cache may.

    Of outputs of the wrong form only one mistake that explains all is told, and none where a size is 1: an axis that is
    lost there fits too many.
    """
    if form and trial.case.branches:
        return (), ()
    found, left = trial.recognize(came, alone=form)
    if not found and getattr(trial.question, "keeps", None) and "cache" in came:
        whole = _with_cache(trial)
        found, left = whole.recognize(whole.question.parts(trial.student, came), alone=True)
    return found, left


def zeros(given: Mapping[str, np.ndarray], wrong: Iterable[str], meaning: Mapping[str, str] | None = None) -> list[str]:
    """Return the lines that say which wrong outputs are zero everywhere, if any are, and what that may mean."""
    names = [name for name in wrong if not np.any(given[name])]
    said = [f"  {sentence}" for name, sentence in (meaning or {}).items() if name in names][:1]
    return [f"  Zero everywhere: {', '.join(names)}.", *said] if names else []


def refuse_another_answer(trial: Trial, came: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function again with the arguments for which `came` came, refuse another answer, and return this one.

    Raises
    ------
    CheckFailed
        Naming the outputs that changed: the function changes its cache, or keeps something between calls.
    """
    question, function = trial.question, trial.question.name
    why = DRAWN_OR_KEPT
    if "cache" in arguments:
        why = "The first call changes the cache, or something is kept from one call to the next. Work on copies."
    try:
        second = question.answer(trial.student, arguments)
        given = expect_form(question.signature, second, trial.problem.sizes)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{function} works once; called again with the same arguments it fails:\n  {failure}\n{why}",
            tensors=("cache",) if "cache" in arguments else tuple(question.signature.compared),
        ) from None
    changed = [name for name, value in given.items() if norm_relative_error(came[name], value) > SAME_TWICE]
    if changed:
        raise CheckFailed(
            f"{function} called twice with the same arguments gives two answers: {', '.join(changed)} changed.\n{why}",
            tensors=tuple(changed),
        )
    return second


def _order_of(trial: Trial, came: Mapping[str, Any]) -> tuple[str, ...]:
    if len(trial.question.signature.compared) < 2:
        return ()
    order = in_another_order(trial.evidence(came))
    return order if order and trial.in_that_order(order) else ()


def _is_stale(trial: Trial, given: Mapping[str, np.ndarray], wrong: list[str]) -> bool:
    """Whether the wrong outputs are the right ones of the problem before."""
    before = trial.question.compare(trial.earlier)
    return all(norm_relative_error(given[name], before[name]) <= VALUE_TOLERANCE for name in wrong)


def _is_drawn_elsewhere(trial: Trial, given: Mapping[str, np.ndarray]) -> bool:
    """Whether a function that is given a generator answers differently to an equal one, or alike to another.

    Of a question that looks at properties of its answer only, that says nothing: they may be alike.
    """
    if trial.question.signature != Signature.parse(trial.question.text):
        return False
    arguments = trial.question.arguments(trial.problem)
    drawn = {name: value for name, value in arguments.items() if isinstance(value, Seeded)}
    if not drawn:
        return False
    others = {name: Seeded(value.seed + 1) for name, value in drawn.items()}
    try:
        equal, other = (trial.question.answer(trial.student, {**arguments, **rng}) for rng in (drawn, others))
    except CheckFailed:
        return False
    return not _alike(given, equal) or (_alike(given, other) and any(np.ptp(value) for value in given.values()))


def _alike(given: Mapping[str, np.ndarray], came: Mapping[str, Any]) -> bool:
    return all(np.array_equal(value, came[name]) for name, value in given.items())


@dataclass(frozen=True)
class WithCache(Question):
    """The same question, with what the cache holds beside the outputs, as "cache.h_prev".

    The calculation has a result for each: `cache_h_prev`, and `cache_entries`, how many steps were kept.
    """

    keeps: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        """The function, with the parts of its cache among its outputs."""
        plain = Signature.parse(self.text)
        outputs = {**plain.compared, **{f"cache.{name}": axes for name, axes in self.keeps.items()}}
        return Signature(plain.name, plain.arguments, {**outputs, **({"cache.entries": ""} if self.in_time else {})})

    @property
    def in_time(self) -> bool:
        """Whether the cache is a list of the steps' caches."""
        return any("T" in axes for axes in self.keeps.values())

    def compare(self, problem: Problem) -> dict[str, Any]:
        """Return the right outputs and the right parts of the cache."""
        return {**self.evaluate(problem, {}), **Question(self.text, self.calculation, "").compare(problem)}

    def evaluate(self, problem: Problem, terms: Mapping) -> dict[str, Any]:
        """Return the outputs and the parts of the cache that somebody with those terms would have got."""
        came = self.calculation.outcome(problem, terms)
        return {name: np.asarray(came[name.replace(".", "_")], float) for name in self.signature.outputs}

    def outputs(self, student: Student, problem: Problem) -> dict[str, Any]:
        """Call the function and return its outputs and the parts of its cache."""
        plain = Signature.parse(self.text)
        return self.parts(student, unpack(plain, student.call(plain.name, **self.arguments(problem))))

    def parts(self, student: Student, came: Mapping[str, Any]) -> dict[str, Any]:
        """Return outputs with the parts of the cache in its place."""
        entries, *parts = student.parts(came["cache"], list(self.keeps), self.in_time)
        read = {name: value for name, value in came.items() if name != "cache"}
        read |= dict(zip((f"cache.{name}" for name in self.keeps), parts, strict=True))
        return {**read, "cache.entries": entries} if self.in_time else read


def _with_cache(trial: Trial) -> Trial:
    question: Values = trial.question
    whole = WithCache(question.text, question.calculation, "", keeps=question.keeps)
    return Trial(whole, trial.student, trial.rng, trial.case, trial.problem, trial.earlier, trial.passed)


def _in_cache(trial: Trial, came: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return the line that says which values a step has kept are right, and the equation of the first that is wrong.

    Nothing where the cache is not what it should be, or is that of a whole sequence.
    """
    question = trial.question
    whole = _with_cache(trial).question if getattr(question, "keeps", None) and "cache" in came else None
    made = (
        {} if whole is None else {name: axes for name, axes in whole.keeps.items() if name not in trial.problem.given}
    )
    if not made or whole.in_time:
        return [], ""
    read = whole.parts(trial.student, came)
    try:
        form = Signature(question.name, (), {f"cache.{name}": axes for name, axes in made.items()})
        given = expect_form(form, read, trial.problem.sizes)
    except CheckFailed:
        return [], ""
    right = whole.compare(trial.problem)
    wrong = [
        name for name in made if norm_relative_error(given[f"cache.{name}"], right[f"cache.{name}"]) > VALUE_TOLERANCE
    ]
    fine = [name for name in made if name not in wrong]
    said = "; ".join(f"{listed(names)} {what}" for names, what in ((wrong, "wrong"), (fine, "right")) if names)
    equations = question.calculation.work_out.equations
    return [f"  In the cache, {said}."], equations.get(f"cache_{wrong[0]}", "") if wrong else ""


def _judge_cache(trial: Trial, came: Mapping[str, Any]) -> None:
    """Compare what a cache holds with what its function promises to keep.

    Raises
    ------
    CheckFailed
    """
    whole = _with_cache(trial)
    question: WithCache = whole.question
    read, T = question.parts(trial.student, came), trial.problem.sizes.get("T")
    promised = ", ".join(question.keeps)
    expected = f"a list of the {T} steps' caches, each with {promised}" if question.in_time else promised
    entries, missing = read.get("cache.entries"), [name for name in question.keeps if read[f"cache.{name}"] is None]
    lines = []
    if question.in_time and type(entries) is not int:
        lines = [f"{question.name}: the cache is not a list; expected {expected}."]
    elif question.in_time and entries and len(missing) == len(question.keeps):
        lines = [f"{question.name}: the cache is a list, but its entries are no steps' caches; expected {expected}."]
    elif question.in_time and entries != T:
        count = "1 entry" if entries == 1 else f"{entries} entries"
        lines = [f"{question.name}: the cache has {count}; expected {expected}."]
    elif missing:
        each = " of one shape in every entry" if question.in_time else ""
        lines = [f"{question.name}: the cache holds no {' and no '.join(missing)}{each}; expected {expected}."]
    if lines:
        found, _ = whole.recognize(read, alone=True)
        hints = explain(found, question.calculation.work_out.equations) if found else []
        raise trial.failure(CheckFailed("\n".join(lines), tensors=("cache",)), found, hints)
    axes = {f"cache.{name}": axes for name, axes in question.keeps.items()}
    try:
        given = expect_form(Signature(question.name, (), axes), read, trial.problem.sizes)
    except CheckFailed as failure:
        raise trial.failure(failure) from None
    right = question.compare(trial.problem)
    wrong = [name for name in axes if norm_relative_error(given[name], right[name]) > VALUE_TOLERANCE]
    if wrong:
        lines = [f"{question.name}: {listed(wrong)} wrong{trial.case.circumstance}."]
        found, said = reasons(whole, read, {**read, **given}, wrong)
        lines += said
        lines += locate(wrong[0], given[wrong[0]], right[wrong[0]], axes[wrong[0]], "expected", VALUE_TOLERANCE)
        raise CheckFailed("\n".join(lines), mistakes=found, tensors=tuple(wrong))


def _judge_cache_again(trial: Trial, came: Mapping[str, Any]) -> None:
    """Judge the cache of a second call with equal arguments, whose first cache was right."""
    try:
        _judge_cache(trial, came)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{trial.question.name} called twice with the same arguments keeps something else the second time:\n"
            f"  {failure}\n{DRAWN_OR_KEPT}",
            tensors=failure.tensors,
        ) from None
