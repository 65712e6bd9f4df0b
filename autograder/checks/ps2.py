"""Checks of problem set 2, the recurrent neural network. The key is what the notebook's cell passes to `check`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import unrolled
from autograder.calling import Opaque
from autograder.gradients import norm_relative_error
from autograder.mistakes import Mistake, recognize
from autograder.mistakes import forward as bank
from autograder.outputs import (
    ANYTHING,
    VALUE_TOLERANCE,
    expect_outputs,
    expect_values,
    expect_whole_number,
    explain,
)
from autograder.problems import draw_rnn, draw_sizes
from autograder.student import CheckFailed, Student

GARBAGE = 20.0
"""Scale of what stands in the padding: enough to saturate tanh wherever it leaks."""

ROUGH = 1e-5
"""An error below this one is not a wrong formula but a lost digit, in float32 or by rounding."""

ALWAYS: dict[str, dict[str, int]] = {
    "": {},
    " at N = 1": {"N": 1},
    " at T = 1": {"T": 1},
    " at N = T = 1": {"N": 1, "T": 1},
}
"""Sizes that every function has to work with, by how a message says it; the general case comes first."""

WITHOUT_H0 = " with h0 = None, which stands for zeros"
ONE_REAL_STEP = " where a sequence has a single real step"
MASK_OF_ONES = " with a mask that is True everywhere"

IN_OTHER_WORDS = {
    "core dimension": "`@` needs equal inner sizes: (N, D) @ (D, H) gives (N, H). Inputs and states are rows here, so"
    " weights stand to their right.",
    "could not be broadcast": "`+`, `*` and np.where work entry by entry: both arrays need the same shape, and only an"
    " axis of size 1 is stretched. `a[:, None]` makes (N, 1) of (N,); a matrix product is `@`.",
    "truth value of an array": "An `if` needs one answer and this array holds many. Test for None with `is None`;"
    " choose between arrays entry by entry, with arithmetic or np.where.",
}
"""What a message of NumPy means here, by a part of it."""


@dataclass(frozen=True)
class Problem:
    """What a function is called with.

    Attributes
    ----------
    circumstance : str
        What is special about it, such as " at N = 1"; empty for the general case.
    arguments : mapping
        By the names of the function's parameters, in order.
    sizes : mapping of str to int
        The sizes N, T, D, H, V by their letters.
    """

    circumstance: str
    arguments: Mapping[str, Any]
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Question:
    """How to judge a function that computes one array.

    Attributes
    ----------
    function : str
        The student's function.
    outputs : mapping of str to str
        Its outputs with their axes; the first is compared, a cache beside it has to be there.
    equation : str
        The equation to look at when no mistake is recognized.
    evaluate : callable
        ``evaluate(arguments, terms)`` returns what somebody with those terms would get, the right array without any.
    bank : tuple of Mistake
    right : callable, optional
        ``right(arguments)`` returns the right array where the course has a layer that computes it.
    """

    function: str
    outputs: Mapping[str, str]
    equation: str
    evaluate: Callable[[Mapping, Mapping], np.ndarray]
    bank: tuple[Mistake, ...]
    right: Callable[[Mapping], np.ndarray] | None = None

    @property
    def output(self) -> str:
        """Name of the output that is compared."""
        return next(iter(self.outputs))


def _check(student: Student, question: Question, problems: Iterable[Problem], square: Problem | None = None) -> None:
    """Judge a function on several problems.

    A function that raises is tried on `square` as well, a problem with D = H: there weights that have changed places
    fit, and the mistake can be named.
    """
    for problem in problems:
        try:
            result = student.call(question.function, **problem.arguments)
        except CheckFailed as failure:
            found = _named_on(student, question, square)
            hints = explain(found) or [
                f"  {meaning}" for part, meaning in IN_OTHER_WORDS.items() if part in str(failure)
            ]
            message = "\n".join([str(failure), *hints]) + _that_is(problem)
            raise CheckFailed(
                message,
                mistakes=tuple(mistake.name for mistake in found),
                tensors=failure.tensors,
            ) from None
        with np.errstate(all="ignore"):
            _judge(question, problem, result)
        student.forget()


def _judge(question: Question, problem: Problem, result: Any) -> None:
    name = question.output
    try:
        _expect_array(question, problem, result)
        given = expect_outputs(question.function, result, question.outputs, problem.sizes)
    except CheckFailed as failure:
        tensors = failure.tensors or (name,)
        raise CheckFailed(f"{failure}{_that_is(problem)}", mistakes=failure.mistakes, tensors=tensors) from None
    if given.get("cache", 0) is None:
        raise CheckFailed(
            f"{question.function}: the cache is None. Return what the backward pass of problem set 3 will need.",
            tensors=("cache",),
        )
    right = _right(question, problem)
    error = norm_relative_error(given[name], right)
    if VALUE_TOLERANCE < error < ROUGH:
        raise CheckFailed(
            f"{question.function}: {name} is right to {error:.0e} only; float64 gives 1e-15.\n"
            "  Is something computed in float32 or rounded on the way? Keep the dtype of the inputs.",
            tensors=(name,),
        )
    expect_values(
        question.function,
        given,
        {name: right},
        question.outputs,
        bank=question.bank,
        evaluate=lambda terms: {name: question.evaluate(problem.arguments, terms)},
        equation=question.equation,
        circumstance=problem.circumstance,
    )


def _right(question: Question, problem: Problem) -> np.ndarray:
    return question.right(problem.arguments) if question.right else question.evaluate(problem.arguments, {})


def _expect_array(question: Question, problem: Problem, result: Any) -> None:
    """Say what is wrong with a list of arrays, and name the mistake behind an array of another shape."""
    name, axes = next(iter(question.outputs.items()))
    value = result[0] if isinstance(result, tuple) and len(question.outputs) > 1 and result else result
    expected = tuple(problem.sizes[letter] for letter in axes)
    shape = f"an array of shape ({', '.join(axes)}) = {expected}"
    if isinstance(value, tuple) and not _alike(value):
        raise CheckFailed(
            f"{question.function} returns {len(value)} values; expected one: {name}, {shape}.", tensors=(name,)
        )
    if isinstance(value, tuple | Opaque):
        raise CheckFailed(
            f"{question.function}: {name} is a list or another collection; expected {shape}.\n"
            "  np.stack makes one array of a list of arrays; its argument axis says where the new axis goes.",
            tensors=(name,),
        )
    if not isinstance(value, np.ndarray) or value.shape == expected or value.dtype != np.float64:
        return
    for mistake in question.bank:
        outcome = question.evaluate(problem.arguments, mistake.terms)
        if outcome.shape == value.shape and norm_relative_error(outcome, value) < VALUE_TOLERANCE:
            raise CheckFailed(
                "\n".join(
                    [f"{question.function}: {name} has shape {value.shape}; expected {shape}.", *explain([mistake])]
                ),
                mistakes=(mistake.name,),
                tensors=(name,),
            )


def _alike(values: tuple) -> bool:
    """Whether these are arrays of one shape, as in a list of states."""
    return all(isinstance(value, np.ndarray) for value in values) and len({value.shape for value in values}) == 1


def _named_on(student: Student, question: Question, square: Problem | None) -> tuple[Mistake, ...]:
    """Return the mistake of a function that only runs where D = H, or nothing."""
    if square is None:
        return ()
    try:
        result = student.call(question.function, **square.arguments)
        given = expect_outputs(question.function, result, question.outputs, square.sizes)[question.output]
    except CheckFailed:
        return ()
    return recognize(
        {"only": given},
        {"only": _right(question, square)},
        bank.WHEN_SQUARE + question.bank,
        lambda terms: {"only": question.evaluate(square.arguments, terms)},
    )


def _that_is(problem: Problem) -> str:
    return f"\n  That is{problem.circumstance}." if problem.circumstance else ""


def _sequences(rng: np.random.Generator, circumstance: str, *, initial: bool = True, **fixed: int) -> Problem:
    """Draw a batch of sequences: x, h0 (None unless `initial`), Wx, Wh, b."""
    drawn = draw_rnn(rng, low=4, high=9, **fixed)
    return Problem(circumstance, {**drawn.point, "h0": drawn.h0 if initial else None}, drawn.sizes)


def _states(arguments: Mapping, terms: Mapping) -> np.ndarray:
    return bank.states_in_terms(arguments, terms)


def _trusted_states(arguments: Mapping) -> np.ndarray:
    return unrolled.rnn_forward(**{name: arguments[name] for name in ("x", "h0", "Wx", "Wh", "b")})[0]


def _as_sequence(arguments: Mapping) -> dict[str, Any]:
    """Return one step as a sequence of one step."""
    weights = {name: arguments[name] for name in ("Wx", "Wh", "b")}
    return {"x": arguments["x_t"][:, None], "h0": arguments["h_prev"], **weights}


def _as_step(sequence: Problem) -> Problem:
    """Return a sequence of one step as one step."""
    named = {"x_t": sequence.arguments["x"][:, 0], "h_prev": sequence.arguments["h0"]}
    weights = {name: sequence.arguments[name] for name in ("Wx", "Wh", "b")}
    return Problem(sequence.circumstance, {**named, **weights}, sequence.sizes)


def check_rnn_step_forward(student: Student, rng: np.random.Generator) -> str:
    """One step forward."""
    question = Question(
        "rnn_step_forward",
        {"h_t": "NH", "cache": ANYTHING},
        "rnn-step",
        lambda arguments, terms: bank.states_in_terms(_as_sequence(arguments), terms)[:, 0],
        bank.STEP,
        lambda arguments: _trusted_states(_as_sequence(arguments))[:, 0],
    )
    square = _as_step(_sequences(rng, " at D = H", T=1, D=6, H=6))
    problems = [
        _as_step(_sequences(rng, circumstance, T=1, **fixed))
        for circumstance, fixed in (("", {}), (" at N = 1", {"N": 1}), (" at D = 1", {"D": 1}), (" at H = 1", {"H": 1}))
    ]
    _check(student, question, problems, square)
    return "h_t agrees with the equation, also at N = 1, D = 1 and H = 1."


def check_rnn_forward(student: Student, rng: np.random.Generator) -> str:
    """All states of a batch of sequences."""
    question = Question(
        "rnn_forward", {"h": "NTH", "cache": ANYTHING}, "rnn-step", _states, bank.STATES, _trusted_states
    )
    problems = [_sequences(rng, circumstance, **fixed) for circumstance, fixed in ALWAYS.items()]
    problems.append(_sequences(rng, WITHOUT_H0, initial=False))
    _check(student, question, problems, _sequences(rng, " at D = H", D=6, H=6))
    return "Every state agrees, with h0 and with h0 = None, also at N = 1 and T = 1."


def _draw_mask(rng: np.random.Generator, N: int, T: int, shortest: int) -> np.ndarray:
    """Draw lengths `shortest` to T: one sequence is full, the first is not, and some other is the shortest.

    A batch of one, or of one step, has any length.
    """
    if N == 1 or T == 1:
        lengths = rng.integers(1, max(T, 2), size=N)
    else:
        lengths = rng.integers(shortest, T + 1, size=N)
        full, short = rng.choice(np.arange(1, N), size=2, replace=False)
        lengths[[0, full, short]] = rng.integers(shortest + 1, T), T, shortest
    return np.arange(T) < lengths[:, None]


def _masked(
    rng: np.random.Generator, circumstance: str, *, full: bool = False, shortest: int = 2, **options: Any
) -> Problem:
    """Draw a batch of unequal lengths; beyond the end of a sequence its input is large garbage."""
    drawn = _sequences(rng, circumstance, **options)
    x, N, T = drawn.arguments["x"], drawn.sizes["N"], drawn.sizes["T"]
    mask = np.ones((N, T), bool) if full else _draw_mask(rng, N, T, shortest)
    x = np.where(mask[..., None], x, GARBAGE * rng.standard_normal(x.shape))
    weights = {name: drawn.arguments[name] for name in ("Wx", "Wh", "b")}
    return Problem(circumstance, {"x": x, "h0": drawn.arguments["h0"], "mask": mask, **weights}, drawn.sizes)


def check_rnn_forward_masked(student: Student, rng: np.random.Generator) -> str:
    """All states of a batch of sequences of unequal length."""
    question = Question("rnn_forward_masked", {"h": "NTH"}, "rnn-mask", _states, bank.MASKED)
    problems = [_masked(rng, circumstance, **fixed) for circumstance, fixed in ALWAYS.items()]
    problems.append(_masked(rng, ONE_REAL_STEP, shortest=1))
    problems.append(_masked(rng, MASK_OF_ONES, full=True))
    problems.append(_masked(rng, WITHOUT_H0, initial=False))
    _check(student, question, problems, _masked(rng, " at D = H", D=6, H=6))
    return "Real steps are computed and padded steps carry the state on, whatever stands in the padding."


def _outputs(
    rng: np.random.Generator, circumstance: str, *, masked: bool, full: bool = False, shortest: int = 2, **fixed: int
) -> Problem:
    """Draw hidden states and an output layer; with a mask, the states beyond the end of a sequence are garbage."""
    sizes = draw_sizes(rng, "NTHV", 4, 9, **fixed)
    N, T, H, V = sizes.values()
    h = rng.uniform(-0.9, 0.9, (N, T, H))
    layer = {"Wy": rng.standard_normal((H, V)) / np.sqrt(H), "by": 0.5 * rng.standard_normal(V)}
    if not masked:
        return Problem(circumstance, {"h": h, **layer}, sizes)
    mask = np.ones((N, T), bool) if full else _draw_mask(rng, N, T, shortest)
    h = np.where(mask[..., None], h, GARBAGE * rng.standard_normal(h.shape))
    return Problem(circumstance, {"h": h, "mask": mask, **layer}, sizes)


def check_many_to_many(student: Student, rng: np.random.Generator) -> str:
    """One output for every step."""
    question = Question("many_to_many", {"y": "NTV"}, "rnn-output", bank.outputs_in_terms, bank.MANY_TO_MANY)
    cases = {**ALWAYS, " at H = 1": {"H": 1}, " at V = 1": {"V": 1}}
    _check(student, question, [_outputs(rng, case, masked=False, **fixed) for case, fixed in cases.items()])
    return "Every step has its output, also at N = 1, T = 1, H = 1 and V = 1."


def check_many_to_one(student: Student, rng: np.random.Generator) -> str:
    """One output for every sequence, from its last real step."""
    question = Question("many_to_one", {"y": "NV"}, "rnn-output", bank.outputs_in_terms, bank.MANY_TO_ONE)
    cases = {**ALWAYS, " at V = 1": {"V": 1}}
    problems = [_outputs(rng, case, masked=True, **fixed) for case, fixed in cases.items()]
    problems.append(_outputs(rng, ONE_REAL_STEP, masked=True, shortest=1))
    problems.append(_outputs(rng, MASK_OF_ONES, masked=True, full=True))
    _check(student, question, problems)
    return "Every sequence is read at its own last real step, whatever stands in the padding."


def check_repaired_time_major_rnn(student: Student, rng: np.random.Generator) -> str:
    """The find-the-bug question: the repaired function has to do what rnn_forward does."""
    question = Question("repaired_time_major_rnn", {"h": "NTH"}, "rnn-step", _states, bank.TIME_MAJOR, _trusted_states)
    problems = [_sequences(rng, circumstance, **fixed) for circumstance, fixed in ALWAYS.items()]
    _check(student, question, problems, _sequences(rng, " at D = H", D=6, H=6))
    return "The repaired function gives every sequence its own states."


def check_rnn_parameter_count(student: Student, rng: np.random.Generator) -> str:
    """The number of parameters of a network with an output layer."""
    function = "rnn_parameter_count"
    drawn = [draw_sizes(rng, "DHV", 2, 60) for _ in range(3)]
    sizes = [(size["D"], size["H"], size["V"]) for size in drawn]
    answers = [student.call(function, **size) for size in drawn]
    for answer in answers:
        expect_whole_number(f"{function} returns", answer, function)
    right = bank.count_in_terms(sizes)
    given = np.array(answers, float)
    if np.array_equal(given, right):
        return "The count is right for three networks of different sizes."
    times = given / right
    known = bank.COUNT
    if times[0] > 1 and times[0] == int(times[0]) and np.all(times == times[0]):
        known = (bank.counted_for_each_step(int(times[0])), *known)
    found = recognize(
        {"count": given}, {"count": right}, known, lambda terms: {"count": bank.count_in_terms(sizes, terms)}
    )
    wrong = int(np.flatnonzero(given != right)[0])
    D, H, V = sizes[wrong]
    apart = int(given[wrong] - right[wrong])
    lines = [
        f"{function} is wrong for D = {D}, H = {H}, V = {V}: {answers[wrong]} is {abs(apart)} too"
        f" {'many' if apart > 0 else 'few'}."
    ]
    raise CheckFailed(
        "\n".join(lines + explain(found, "rnn-parameters")),
        mistakes=tuple(mistake.name for mistake in found),
        tensors=(function,),
    )


def two_starts() -> tuple[np.ndarray, ...]:
    """Return x, h0_first, h0_second, Wx, Wh, b of the measurement's network, as the notebook's cell builds it."""
    rng = np.random.default_rng(44)
    N, T, D, H = 1, 80, 2, 16
    x = rng.standard_normal((N, T, D))
    h0_first = rng.uniform(-0.9, 0.9, (N, H))
    h0_second = rng.uniform(-0.9, 0.9, (N, H))
    Wx = 0.3 * rng.standard_normal((D, H))
    Wh = 0.95 * np.linalg.qr(rng.standard_normal((H, H)))[0]
    return x, h0_first, h0_second, Wx, Wh, np.zeros(H)


def gap_by_steps() -> np.ndarray:
    """Return the distance between the two states of the measurement after 0, 1, …, T steps, shape (T + 1,)."""
    x, h0_first, h0_second, Wx, Wh, b = two_starts()
    first, _ = unrolled.rnn_forward(x, h0_first, Wx, Wh, b)
    second, _ = unrolled.rnn_forward(x, h0_second, Wx, Wh, b)
    return np.concatenate([[np.linalg.norm(h0_first - h0_second)], np.linalg.norm(first - second, axis=-1)[0]])


def forgotten_after() -> int:
    """Return the answer of the measurement: after how many steps the distance is under 1 % of its first value."""
    gap = gap_by_steps()
    return _first(gap < 0.01 * gap[0])


def _first(under: np.ndarray) -> int:
    return int(np.argmax(under))


def near_misses() -> dict[int, str]:
    """Return wrong answers to the measurement that people arrive at, and what each has mistaken."""
    gap = gap_by_steps()
    after_first_step = _first(gap[1:] < 0.01 * gap[1])
    return {
        forgotten_after() - 1: "One too few: h[:, t] is the state after t + 1 steps.",
        forgotten_after() + 1: "One too many: the distance between the initial states is the one after 0 steps.",
        after_first_step: "The first value is the distance between h0_first and h0_second, before any step.",
        after_first_step + 1: "The first value is the distance between h0_first and h0_second, before any step.",
        _first(gap < 0.01): "The limit is 1 % of the first distance, not the number 0.01.",
        _first(gap < 0.1 * gap[0]): "That is where the distance falls under 10 %, or its square under 1 %.",
        _first(gap < 0.001 * gap[0]): "That is where the distance falls under 0.1 %.",
    }


def check_forgotten_after(student: Student, rng: np.random.Generator) -> str:
    """The measurement: a whole number that the check works out again."""
    answer = student.value("forgotten_after")
    tensors = ("forgotten_after",)
    if answer is None:
        raise CheckFailed("forgotten_after has no value yet. Measure it, then run this cell again.", tensors=tensors)
    expect_whole_number("forgotten_after is", answer, "forgotten_after")
    if answer != forgotten_after():
        hint = near_misses().get(answer, "Take the norm of the difference of the two states, step by step.")
        raise CheckFailed(f"forgotten_after = {answer} is not what this network gives. {hint}", tensors=tensors)
    return "Your measurement is what the check measures."


CHECKS = {
    "rnn_step_forward": check_rnn_step_forward,
    "rnn_forward": check_rnn_forward,
    "rnn_parameter_count": check_rnn_parameter_count,
    "rnn_forward_masked": check_rnn_forward_masked,
    "many_to_many": check_many_to_many,
    "many_to_one": check_many_to_one,
    "repaired_time_major_rnn": check_repaired_time_major_rnn,
    "forgotten_after": check_forgotten_after,
}
