"""The numeric gradient checker, tried on itself: what it lets pass, what it refuses, and what it says."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest
from small_layers import (
    LEAK_BACK,
    NUMERIC_AT_N_1,
    RIGHT,
    SLOPE,
    failure_of,
    leak_backward,
    passes,
    spoiled,
    squared,
    wave_backward,
)

from autograder.engine import backward
from autograder.engine.backward import (
    ANALYTIC,
    ANALYTIC_SATURATED,
    COST_FLOOR_SECONDS,
    COST_RATIO,
    OUR_PASSES,
    TOLERANCE,
    ForwardLoss,
    refuse_slow_backward,
)
from autograder.engine.gradients import DIRECTIONS, FEWER_DIRECTIONS
from autograder.engine.outputs import Signature
from autograder.engine.problems import Case, Problem
from autograder.engine.student import CheckFailed, Student

SEEDS, MANY = range(10), range(100)
QUESTIONS = {"wave_backward": wave_backward, "leak_backward": leak_backward, "squared": squared}
GRADIENTS = [("wave_backward", "dx"), ("wave_backward", "dW"), ("leak_backward", "dx"), ("leak_backward", "dr"),
             ("squared", "dx")]  # fmt: skip


def times(question, name, factor):
    """Return the right backward function with one of its gradients multiplied."""
    outputs = QUESTIONS[question].signature.compared
    return spoiled(question, *((lambda d: d * factor) if output == name else None for output in outputs))


def with_cases(question, *cases, **changed):
    """Return a question whose calculation has other cases, and other things changed."""
    return replace(question, calculation=replace(question.calculation, cases=cases, **changed))


def worst_error(said):
    """Return what a learner is told of the error of gradients that are right: a bound."""
    return float(re.search(r"\(worst error below (\S+)\)\.$", said)[1])


@pytest.mark.parametrize("question", QUESTIONS)
def test_right_gradients_pass_with_an_error_far_below_the_tolerance(question):
    for seed in MANY:
        said = passes(QUESTIONS[question], seed)
        assert said == "All is right (worst error below 1e-08)."
        assert worst_error(said) < TOLERANCE / 10


def test_the_worst_error_is_the_largest_of_all_problems(monkeypatch):
    monkeypatch.setattr(backward, "BOUNDS", (2e-10, 4e-10, np.inf))  # finer than what a learner is told
    # Rounded at N = 1 to what still passes there, which is neither the first nor the last problem.
    question = with_cases(wave_backward, replace(NUMERIC_AT_N_1, exact=False), Case("", numeric=True))

    def rounded(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        return dx, dW * (1 + 3e-10 * (len(dy) == 1))

    assert worst_error(passes(question)) == 2e-10
    assert worst_error(passes(question, wave_backward=rounded)) == 4e-10


@pytest.mark.parametrize(("question", "name"), GRADIENTS)
def test_a_gradient_wrong_by_half_a_thousandth_is_refused(question, name):
    right = [other for other in QUESTIONS[question].gradients if other != name]
    for seed in MANY:
        failure = failure_of(QUESTIONS[question], seed, **{question: times(question, name, 1.0005)})
        first = f"{question} is not right yet. Wrong: {name}."
        assert str(failure).splitlines()[0] == first + (f" Right: {', '.join(right)}." if right else "")
        assert failure.tensors == (name,)
        assert failure.mistakes == ()


def test_a_wrong_gradient_is_told_in_these_lines_and_no_others():
    failure = failure_of(wave_backward, 3, wave_backward=times("wave_backward", "dW", 1.5))
    first, equation, entry, error = str(failure).splitlines()
    assert first == "wave_backward is not right yet. Wrong: dW. Right: dx."
    assert equation == "  See equation wave-dW."
    number = r"-?[\d.e-]+[\d]"
    yours, numeric = re.fullmatch(rf"  dW\[\d, \d\]: yours ({number}), numeric gradient ({number})\.", entry).groups()
    assert float(yours) == pytest.approx(1.5 * float(numeric), rel=1e-4)
    assert error == "  Norm-relative error of dW: 3.3e-01; at most 1e-06 passes."


def test_a_single_wrong_entry_is_refused_and_shown_beside_the_numeric_one():
    def one_entry(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        dW[1, 0] += 1e-4
        return dx, dW

    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_backward=one_entry)
        entry = re.search(r"dW\[1, 0\]: yours (\S+), numeric gradient (\S+)\.", str(failure))
        assert float(entry[1]) - float(entry[2]) == pytest.approx(1e-4, rel=0.2)
        assert "Wrong: dW. Right: dx." in str(failure)


@pytest.mark.parametrize(("question", "name"), GRADIENTS)
def test_a_gradient_right_to_seven_digits_is_refused_as_made_of_differences(question, name):
    for seed in SEEDS:
        failure = failure_of(QUESTIONS[question], seed, **{question: times(question, name, 1 + 1e-7)})
        assert str(failure).startswith(f"{question} is right to 1e-07 only; the chain rule in float64 gives 1e-15.\n")
        assert f"{name}: made from differences, computed in float32, rounded, or with a small number added?" in str(
            failure
        )
        assert failure.tensors == (name,)


@pytest.mark.parametrize("noise", [1e-6, 1e-3])
def test_a_forward_pass_whose_noise_hides_every_slope_is_refused(noise):
    rng, calls = np.random.default_rng(0), []

    def noisy(x, W):
        calls.append(1)
        y, cache = RIGHT["wave_forward"](x, W)
        # What is far from the right value is noticed where values are compared, in the first call.
        return y * (1 + (noise if len(calls) > 1 else 0) * rng.standard_normal(y.shape)), cache

    for seed in SEEDS:
        calls.clear()
        failure = failure_of(wave_backward, seed, wave_forward=noisy)
        assert str(failure).startswith("wave_backward is not right yet. Wrong: d")


def test_all_gradients_of_lost_digits_are_listed():
    rough = spoiled("wave_backward", lambda dx: dx * (1 + 3e-10), lambda dW: dW * (1 + 5e-9))
    failure = failure_of(wave_backward, wave_backward=rough)
    assert str(failure).splitlines()[0].startswith("wave_backward is right to 5e-09 only")
    assert str(failure).splitlines()[1].startswith("dx, dW: made from")
    assert failure.tensors == ("dx", "dW")


@pytest.mark.parametrize(("error", "passed"), [(ANALYTIC / 5, True), (ANALYTIC * 5, False)])
def test_the_bound_for_lost_digits_leaves_room_for_rounding(error, passed):
    for seed in SEEDS:
        function = times("wave_backward", "dx", 1 + error)
        if passed:
            passes(wave_backward, seed, wave_backward=function)
        else:
            said = str(failure_of(wave_backward, seed, wave_backward=function))
            assert f"is right to {error:.0e} only" in said


def test_gradients_in_float32_inside_are_refused_as_rough():
    rounded = spoiled("wave_backward", None, lambda dW: dW.astype(np.float32).astype(float))
    assert "computed in float32" in str(failure_of(wave_backward, wave_backward=rounded))


@pytest.mark.parametrize(
    ("error", "exact", "passed"),
    [(1e-10, True, False), (1e-10, False, True), (1e-8, False, False), (1e-8, True, False), (1e-14, True, True)],
)
def test_where_states_are_saturated_some_digits_may_be_lost(error, exact, passed):
    assert ANALYTIC < 1e-10 < ANALYTIC_SATURATED < 1e-8

    def rough_at_n_1(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        return dx * (1 + error * (len(dy) == 1)), dW

    question = with_cases(wave_backward, Case(" at N = 1", {"N": 1}, exact=exact))
    if passed:
        passes(question, wave_backward=rough_at_n_1)
    else:
        assert f"is right to {error:.0e} only" in str(failure_of(question, wave_backward=rough_at_n_1))


# ------------------------------------------------------------------------------------------------ the forward pass


def test_a_wrong_forward_pass_is_refused_before_its_gradients():
    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_forward=lambda x, W: (x @ W, {"x": x, "W": W, "a": x @ W}))
        lines = str(failure).splitlines()
        assert lines[0] == "wave_forward: y is wrong."
        assert lines[1] == "  See equation wave-y."
        assert lines[2].startswith("  y[")
        assert failure.tensors == ("y",)


def test_a_constant_forward_pass_with_a_zero_backward_pass_is_refused():
    # Their gradients agree, so the values of the forward pass have to be looked at.
    failure = failure_of(
        wave_backward,
        wave_forward=lambda x, W: (np.zeros((len(x), W.shape[1])), (x, W)),
        wave_backward=lambda dy, cache: tuple(map(np.zeros_like, cache)),
    )
    assert "wave_forward: y is wrong" in str(failure)


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (lambda x, W: 1 / 0, "wave_forward raised ZeroDivisionError"),
        (lambda x, W: np.sin(x @ W), "wave_forward returns one value; expected 2: y, cache."),
        (lambda x, W: (np.sin(x @ W).T, None), "wave_forward: y has shape"),
    ],
    ids=["raises", "no cache", "transposed"],
)
def test_a_forward_pass_that_fails_is_told_in_its_own_name(forward, said):
    assert str(failure_of(wave_backward, wave_forward=forward)).startswith(said)


def remembering(*tensors):
    """Return a right forward function that keeps some tensors from the first call with these shapes."""
    kept = {}

    def forward(x, W):
        first = kept.setdefault((x.shape, W.shape), {"x": x, "W": W})
        return RIGHT["wave_forward"](*(first[name] if name in tensors else now for name, now in (("x", x), ("W", W))))

    return forward


@pytest.mark.parametrize("tensor", ["x", "W"])
def test_a_forward_pass_that_does_not_depend_on_a_tensor_is_refused_whatever_the_gradient(tensor):
    failure = failure_of(wave_backward, wave_forward=remembering(tensor))
    assert str(failure) == (
        f"The forward pass hardly depends on {tensor} (slope 0.0e+00), so d{tensor} cannot be judged."
        f" Is {tensor} used, and is the result not cut off?"
    )
    assert failure.tensors == (f"d{tensor}",)


def forward_with(leak, where=lambda x: True):
    """Return a forward function right at a point it is first called with, and of `leak` times its slope by W."""
    kept = {}

    def forward(x, W):
        if not where(x):
            return RIGHT["wave_forward"](x, W)
        first = kept.setdefault(x.shape + W.shape, W)
        if not np.allclose(first, W, rtol=0, atol=0.1):
            first = kept[x.shape + W.shape] = W  # other numbers of the same sizes: a new point
        return RIGHT["wave_forward"](x, first + leak * (W - first))

    return forward


@pytest.mark.parametrize("leak", [1e-9, -1e-9])
def test_a_forward_pass_that_hardly_depends_on_a_tensor_is_refused(leak):
    failure = failure_of(wave_backward, wave_forward=forward_with(leak))
    assert re.match(r"The forward pass hardly depends on W \(slope \d\.\de-\d\d\), so dW cannot", str(failure))


def test_a_forward_pass_that_is_no_number_a_little_away_is_refused():
    kept = {}

    def forward(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        return (y if np.array_equal(kept.setdefault(x.shape, W), W) else y * np.nan), cache

    assert "hardly depends on W (slope nan)" in str(failure_of(wave_backward, wave_forward=forward))


def test_the_circumstance_in_which_nothing_depends_on_a_tensor_is_told():
    failure = failure_of(wave_backward, wave_forward=forward_with(0.0, lambda x: len(x) == 1))
    assert "The forward pass hardly depends on W at N = 1 (slope" in str(failure)


def test_gradients_are_compared_with_the_slopes_of_the_students_own_forward_pass():
    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_forward=forward_with(0.5))
        lines = str(failure).splitlines()
        assert lines[0] == "wave_backward is not right yet. Wrong: dW. Right: dx."
        entry = re.search(r"dW\[\d+, \d+\]: yours (\S+), numeric gradient (\S+)\.", str(failure))
        assert float(entry[1]) == pytest.approx(2 * float(entry[2]), rel=1e-4)
        assert "Norm-relative error of dW: 5.0e-01" in str(failure)


def test_a_wrong_gradient_is_shown_beside_the_slope_of_the_students_own_forward_pass():
    functions = {"wave_forward": forward_with(0.5), "wave_backward": times("wave_backward", "dW", 1.5)}
    said = str(failure_of(wave_backward, **functions))
    entry = re.search(r"dW\[\d+, \d+\]: yours (\S+), numeric gradient (\S+)\.", said)
    assert float(entry[1]) == pytest.approx(3 * float(entry[2]), rel=1e-4)


def test_slopes_are_taken_only_where_they_are_asked_for():
    wrong_slopes = forward_with(0.5, lambda x: len(x) == 1)
    at_n_1 = Case(" at N = 1", {"N": 1})
    passes(with_cases(wave_backward, at_n_1), wave_forward=wrong_slopes)
    failure = failure_of(
        with_cases(wave_backward, NUMERIC_AT_N_1), wave_forward=forward_with(0.5, lambda x: len(x) == 1)
    )
    assert str(failure).startswith("wave_backward is not right yet at N = 1. Wrong: dW. Right: dx.")


def test_slopes_are_taken_along_fewer_directions_where_the_function_has_been_tried_before():
    calls = {}

    def counted(x, W):
        calls[len(x) == 1] = calls.get(len(x) == 1, 0) + 1
        return RIGHT["wave_forward"](x, W)

    passes(with_cases(wave_backward, NUMERIC_AT_N_1), wave_forward=counted)
    two_widths_ahead_and_behind, tensors = 4, 2
    # Beside the slopes: the problem, the same sizes again, and one more before another gradient arrives.
    assert calls[False] == two_widths_ahead_and_behind * tensors * DIRECTIONS + 3
    assert calls[True] == two_widths_ahead_and_behind * tensors * FEWER_DIRECTIONS + 1
    assert (DIRECTIONS, FEWER_DIRECTIONS) == (4, 2)


def test_where_no_slopes_are_taken_a_gradient_is_shown_beside_the_one_expected():
    def wrong_at_n_1(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        return dx, dW * (1 + (len(dy) == 1))

    plain = with_cases(wave_backward, Case(" at N = 1", {"N": 1}))
    assert re.search(r"yours \S+, expected \S+\.\n", str(failure_of(plain, wave_backward=wrong_at_n_1)))
    assert "numeric gradient" in str(failure_of(wave_backward, wave_backward=wrong_at_n_1))


def test_a_result_of_the_forward_pass_that_is_no_array_a_little_away_is_refused():
    kept = {}

    def forward(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        return (y if np.array_equal(kept.setdefault(x.shape, W), W) else "text"), cache

    failure = failure_of(wave_backward, wave_forward=forward)
    assert str(failure) == "wave_forward: y is not always an array of numbers."
    assert failure.tensors == ("y",)


def test_a_loss_of_ones_own_replaces_the_sum_of_what_comes_times_what_arrives():
    def half(given):
        came = yield given
        return 0.5 * float(np.sum(came["y"] * given["dy"]))

    failure = failure_of(with_cases(wave_backward, loss=half))
    assert str(failure).startswith("wave_backward is not right yet. Wrong: dx, dW.")


def test_a_loss_may_call_the_forward_function_several_times_each_with_what_came_before():
    def twice(given):
        y = (yield given)["y"]
        again = (yield {**given, "x": y, "W": np.eye(y.shape[1])})["y"]
        return float(np.sum(again * given["dy"]))

    rng = np.random.default_rng(0)
    given = {"x": rng.standard_normal((2, 3)), "W": rng.standard_normal((3, 4)), "dy": rng.standard_normal((2, 4))}
    student = Student.of_namespace({"wave_forward": lambda x, W: (np.sin(x @ W), None)})
    loss = ForwardLoss(student, Signature.parse("wave_forward(x, W) -> y NH, cache"), Problem({}, given), twice)
    points = [{"W": factor * given["W"]} for factor in (1.0, 2.0, 3.0)]
    expected = [float(np.sum(np.sin(np.sin(given["x"] @ point["W"])) * given["dy"])) for point in points]
    assert loss.each(points) == expected
    assert loss(points[1]) == expected[1]


def test_slopes_may_be_those_of_another_function_than_the_one_whose_cache_is_handed_on():
    question = replace(wave_backward, slopes_of="other(x, W) -> y NH")
    passes(question, other=lambda x, W: np.sin(x @ W))
    said = str(failure_of(question, other=lambda x, W: np.sin(2 * x @ W)))
    assert said.startswith("wave_backward is not right yet. Wrong: dx, dW.")


# ------------------------------------------------------------------------------------------------ what is said


def test_the_equation_is_that_of_the_wrong_gradient_when_others_are_right():
    def said(dx, dW):
        return str(failure_of(wave_backward, wave_backward=spoiled("wave_backward", dx, dW)))

    def minus(d):
        return d - 1

    assert "See equation wave-dW." in said(None, minus)
    assert "See equation wave-dx." in said(minus, None)
    assert "See equation wave-da." in said(minus, minus)


def test_gradients_that_are_all_zero_are_called_so():
    failure = failure_of(wave_backward, wave_backward=spoiled("wave_backward", np.zeros_like, np.zeros_like))
    assert str(failure).splitlines()[1] == "  Zero everywhere: dx, dW."
    assert failure.mistakes == ()


@pytest.mark.parametrize(
    ("backward", "name", "equation"),
    [
        (lambda dy, c: (dy @ c["W"].T, c["x"].T @ dy), "cosine_missing", "wave-da"),
        (lambda dy, c: (RIGHT["wave_backward"](dy, c)[0], c["x"].T @ dy), "dW_from_dy", "wave-dW"),
        (lambda dy, c: (dy @ c["W"].T, RIGHT["wave_backward"](dy, c)[1]), "dx_from_dy", "wave-dx"),
    ],
)
def test_a_known_mistake_is_named_with_its_sentence_and_its_equation(backward, name, equation):
    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_backward=backward)
        assert failure.mistakes == (name,)
        (sentence,) = [known.sentence for known in SLOPE.mistakes if known.name == name]
        assert str(failure).splitlines()[1:3] == [f"  {sentence}", f"  See equation {equation}."]


def test_a_mistake_that_explains_a_part_leaves_the_rest_to_something_else():
    def backward(dy, cache):
        return dy @ cache["W"].T, RIGHT["wave_backward"](dy, cache)[1] + 1

    failure = failure_of(wave_backward, wave_backward=backward)
    assert failure.mistakes == ("dx_from_dy",)
    assert failure.tensors == ("dx", "dW")
    assert "  That does not explain dW: there is something else besides." in str(failure)


def test_gradients_of_the_wrong_form_are_told_their_mistake_if_that_is_known():
    failure = failure_of(wave_backward, wave_backward=spoiled("wave_backward", None, np.transpose))
    assert failure.mistakes == ("dW_transposed",)
    assert failure.tensors == ("dW",)
    lines = str(failure).splitlines()
    assert "The axes are in another order." in lines[0]
    assert lines[1:] == ["  dW is transposed.", "  See equation wave-dW."]


def test_a_function_that_runs_only_where_sizes_are_equal_is_told_its_mistake():
    def backward(dy, cache):
        da = dy * np.cos(cache["a"])
        return da @ cache["W"], cache["x"].T @ da

    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_backward=backward)
        assert failure.mistakes == ("W_not_transposed",)
        assert str(failure).startswith("wave_backward raised ValueError")


def test_gradients_in_another_order_are_told_so():
    def swapped(dy, cache):
        return RIGHT["wave_backward"](dy, cache)[::-1]

    failure = failure_of(wave_backward, wave_backward=swapped)
    assert str(failure) == "wave_backward returns what it should, but in another order; expected dx, dW."
    assert failure.mistakes == ("outputs_permuted",)


def at_n_1(wrong, right=RIGHT["wave_backward"]):
    """Return a backward function that is wrong where the batch is one."""
    return lambda dy, cache: (wrong if len(dy) == 1 else right)(dy, cache)


def test_a_mistake_is_not_blamed_on_a_circumstance():
    for seed in SEEDS:
        said = str(failure_of(wave_backward, seed, wave_backward=times("wave_backward", "dx", 1.1)))
        assert " at N = 1" not in said
        assert "called again" not in said


def test_gradients_wrong_in_one_circumstance_are_told_which():
    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_backward=at_n_1(times("wave_backward", "dx", 1.1)))
        assert str(failure).startswith("wave_backward is not right yet at N = 1. Wrong: dx. Right: dW.")


def test_a_clipped_gradient_shows_where_a_large_one_arrives():
    clipped = spoiled("wave_backward", lambda dx: np.clip(dx, -100, 100), lambda dW: np.clip(dW, -100, 100))
    failure = failure_of(wave_backward, wave_backward=clipped)
    assert str(failure).startswith("wave_backward is not right yet with a large upstream gradient. Wrong: dx, dW.")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda dy, cache: 1 / 0, "wave_backward raised ZeroDivisionError"),
        (lambda dy, cache: (dy[0], dy), "wave_backward: dx has shape"),
        (lambda dy, cache: None, "wave_backward returns None"),
    ],
    ids=["raises", "another shape", "nothing"],
)
def test_a_failure_in_one_circumstance_is_told_where_it_happened(wrong, said):
    lines = str(failure_of(wave_backward, wave_backward=at_n_1(wrong))).splitlines()
    assert said in lines[0]
    assert lines[-1] == "  That is at N = 1."


def test_a_forward_pass_that_fails_in_one_circumstance_is_told_where_it_happened():
    def squeezed(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        return y.squeeze(), cache

    def shifted(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        return y + (len(x) == 1), cache

    for forward in (squeezed, shifted):
        assert str(failure_of(wave_backward, wave_forward=forward)).endswith("\n  That is at N = 1.")


def test_numpy_is_told_in_other_words_with_the_circumstance():
    lines = str(failure_of(wave_backward, wave_backward=at_n_1(lambda dy, cache: dy.T @ dy.T))).splitlines()
    assert lines[-2].startswith("  `@` needs equal inner sizes")
    assert lines[-1] == "  That is at N = 1."


# ------------------------------------------------------------------------------------------------ called again


def from_call(number, wrong, right=RIGHT["wave_backward"]):
    """Return a backward function that is wrong from its call of this number on, counted from 1."""
    calls = []

    def backward(dy, cache):
        calls.append(1)
        return (wrong if len(calls) >= number else right)(dy, cache)

    return backward


def test_called_twice_with_equal_arguments_rounding_may_differ():
    for seed in SEEDS:
        passes(wave_backward, seed, wave_backward=from_call(2, times("wave_backward", "dW", 1 + 1e-15)))


@pytest.mark.parametrize("drift", [3e-12, 1e-9, 0.5])
def test_called_twice_with_equal_arguments_another_answer_is_refused(drift):
    for seed in SEEDS:
        failure = failure_of(wave_backward, seed, wave_backward=from_call(2, times("wave_backward", "dW", 1 + drift)))
        first, why = str(failure).splitlines()
        assert first == "wave_backward called twice with the same arguments gives two answers: dW changed."
        assert why.startswith("The first call changes the cache")
        assert failure.tensors == ("dW",)


def test_a_function_that_uses_up_its_cache_is_told_so():
    def uses_up(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        del cache["a"]
        return dx, dW

    failure = failure_of(wave_backward, wave_backward=uses_up)
    said = str(failure).splitlines()
    assert said[0] == "wave_backward works once; called again with the same arguments it fails:"
    assert said[1] == "  wave_backward raised KeyError: 'a'"
    assert said[-1].endswith("Work on copies.")
    assert failure.tensors == ("cache",)


def test_without_a_cache_a_function_that_fails_when_called_again_is_told_what_it_keeps():
    failure = failure_of(squared, squared=from_two(lambda x: 1 / 0, RIGHT["squared"]))
    assert str(failure).startswith("squared works once; called again")
    assert "Every call has to start afresh." in str(failure)
    assert failure.tensors == ("loss", "dx")


def from_two(wrong, right):
    """Return a function of one argument that is wrong when it gets the same one for the second time."""
    seen = set()

    def function(x):
        again = x.tobytes() in seen
        seen.add(x.tobytes())
        return (wrong if again else right)(x)

    return function


def test_a_gradient_that_is_kept_is_refused_when_another_one_arrives():
    for seed in SEEDS:
        kept = {}

        def backward(dy, cache, kept=kept):
            return kept.setdefault(dy.shape, RIGHT["wave_backward"](dy, cache))

        failure = failure_of(wave_backward, seed, wave_backward=backward)
        assert failure.mistakes == ("answer_kept",)
        assert failure.tensors == ("dx", "dW")
        first, asks = str(failure).splitlines()
        assert first == (
            "wave_backward is right, and wrong when it is called again for the same cache with another dy."
            " Wrong: dx, dW."
        )
        assert asks.startswith("  Is a result kept and given again? Or ")


def test_of_the_gradients_for_another_one_that_arrives_only_the_wrong_ones_are_named():
    kept = {}

    def backward(dy, cache):
        dx, dW = RIGHT["wave_backward"](dy, cache)
        return dx, kept.setdefault(dy.shape, dW)

    failure = failure_of(wave_backward, wave_backward=backward)
    assert "with another dy. Wrong: dW." in str(failure)
    assert failure.tensors == ("dW",)


def test_a_forward_pass_that_writes_into_a_cache_that_was_handed_out_is_refused():
    caches = {}

    def forward(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        shared = caches.setdefault((x.shape, W.shape), {})
        shared.update(cache)
        return y, shared

    said = str(failure_of(wave_backward, wave_forward=forward))
    assert "wave_backward" in said
    assert "cache" in said


def test_a_forward_pass_whose_cache_is_written_to_by_the_next_of_its_kind_alone_is_refused():
    """Written only where all arguments are new, so that numeric slopes, which move one tensor, do not see it."""
    caches = {}

    def forward(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        first = caches.setdefault((x.shape, W.shape), cache)
        if not np.allclose(first["x"], x, atol=0.1) and not np.allclose(first["W"], W, atol=0.1):
            first.update(cache)
        return y, cache

    failure = failure_of(wave_backward, wave_forward=forward)
    assert str(failure).startswith("wave_backward is right, and wrong when it is called again for the same cache")


def test_what_arrives_anew_is_asked_for_once_and_after_another_forward_pass():
    calls, arrived = [], []

    def forward(x, W):
        calls.append("forward")
        return RIGHT["wave_forward"](x, W)

    def backward(dy, cache):
        calls.append("backward")
        arrived.append(dy)
        return RIGHT["wave_backward"](dy, cache)

    passes(with_cases(wave_backward), wave_forward=forward, wave_backward=backward)
    # The first problem twice, then another gradient that arrives, then the second problem twice.
    assert "".join(call[0] for call in calls).endswith("bfbfbb")
    assert len(arrived) == 5
    np.testing.assert_array_equal(arrived[0], arrived[1])
    np.testing.assert_array_equal(arrived[3], arrived[4])
    np.testing.assert_array_equal(arrived[2], -arrived[0])


def test_a_gradient_of_the_call_before_is_told_so():
    for seed in SEEDS:
        kept = {}

        def backward(dy, cache, kept=kept):
            now = RIGHT["wave_backward"](dy, cache)
            first, gradients = kept.setdefault(dy.shape, (cache, now))
            return now if first is cache else gradients

        failure = failure_of(wave_backward, seed, wave_backward=backward)
        assert failure.mistakes == ("answer_kept",)
        assert failure.tensors == ("dx", "dW")
        lines = str(failure).splitlines()
        assert lines[0] == (
            "wave_backward is not right yet when it is called again with other numbers of the same sizes."
            " Wrong: dx, dW."
        )
        assert lines[1].startswith("  It gives the answer to the numbers of the call before")


def test_other_numbers_of_the_same_sizes_are_tried_twice_too():
    # The first problem takes three calls: one, one more with equal arguments, one with another gradient that arrives.
    failure = failure_of(wave_backward, wave_backward=from_call(5, times("wave_backward", "dW", 1 + 1e-9)))
    assert "gives two answers: dW changed" in str(failure)
    wrong_later = failure_of(wave_backward, wave_backward=from_call(4, times("wave_backward", "dW", 1.5)))
    assert "when it is called again with other numbers of the same sizes. Wrong: dW." in str(wrong_later)


@pytest.mark.parametrize("name", ["wave_forward", "wave_backward"])
def test_a_function_that_writes_into_what_it_returned_the_call_before_is_refused(name):
    buffers = {}

    def shared(*arguments):
        first, second = RIGHT[name](*arguments)
        kept = buffers.setdefault(first.shape, first)
        kept[...] = first
        return kept, second

    said = str(failure_of(wave_backward, **{name: shared}))
    assert said.startswith(f"{name} writes into the array that it returned the call before")


def test_a_cache_changed_in_place_is_not_blamed_on_the_forward_pass():
    def forward(x, W):
        y, cache = RIGHT["wave_forward"](x, W)
        return y, {**cache, "y": y}  # the very array that is returned

    def in_place(dy, cache):
        gradients = RIGHT["wave_backward"](dy, cache)
        cache["y"] **= 2
        cache["a"] += 1
        return gradients

    said = str(failure_of(wave_backward, wave_forward=forward, wave_backward=in_place))
    assert "wave_forward writes" not in said
    assert said.startswith("wave_backward ")


def test_an_upstream_gradient_changed_in_place_is_refused():
    def in_place(dy, cache):
        dy *= 2
        return RIGHT["wave_backward"](dy / 2, cache)

    assert "wave_backward changes its argument dy in place" in str(failure_of(wave_backward, wave_backward=in_place))


# ------------------------------------------------------------------------------------------------ through time


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_step_named_is_the_first_that_goes_wrong_on_the_way_back(step):
    # What arrives at the step is doubled there, so all before it are wrong, and none after it.
    def backward(dh, cache):
        dx, dr, dh_sent = np.empty_like(dh), np.zeros(dh.shape[2]), np.zeros_like(dh[:, 0])
        for t in reversed(range(dh.shape[1])):
            dx[:, t] = dh[:, t] + dh_sent * (1 + (t == step))
            dr += (dx[:, t] * cache[t]["h_prev"]).sum(axis=0)
            dh_sent = dx[:, t] * cache[t]["r"]
        return dx, dr

    where = f"goes wrong at t = {step}." if step else "dx is wrong at t = 0 only."
    for seed in MANY:
        said = str(failure_of(leak_backward, seed, leak_backward=backward))
        assert where in said
        assert "  dx[" in said


def test_a_mistake_on_the_way_back_is_named_and_located_from_the_end():
    def dropped(dh, cache):
        return dh, sum((dh[:, t] * cache[t]["h_prev"]).sum(axis=0) for t in range(dh.shape[1]))

    for seed in SEEDS:
        failure = failure_of(leak_backward, seed, leak_backward=dropped)
        T = LEAK_BACK.draw(np.random.default_rng(seed)).sizes["T"]
        assert failure.mistakes == ("dropped",)
        assert f"  dx is right at t = {T - 1} and goes wrong at t = {T - 2}." in str(failure)


def test_of_wrong_gradients_the_one_that_has_steps_is_shown():
    question = replace(leak_backward, text="leak_backward(dh, cache) -> dr H, dx NTH")
    wrong = failure_of(
        question, leak_backward=lambda dh, cache: [d + 1 for d in RIGHT["leak_backward"](dh, cache)[::-1]]
    )
    assert "Wrong: dr, dx." in str(wrong)
    assert "  dx[" in str(wrong)
    assert "  dr[" not in str(wrong)


# ------------------------------------------------------------------------------------------------ a loss


def test_a_wrong_loss_is_judged_as_a_value_before_the_gradient():
    failure = failure_of(squared, squared=lambda x: (np.mean(x**2), 2 * x))
    assert failure.mistakes == ("loss_mean",)
    assert failure.tensors == ("loss",)
    assert str(failure).splitlines()[:3] == [
        "squared: loss is wrong.",
        "  The loss is a mean.",
        "  See equation squared.",
    ]
    both = failure_of(squared, squared=lambda x: (np.sum(x**2) + 1, 3 * x))
    assert str(both).startswith("squared: loss and dx are wrong.")
    assert "\n  See equation squared.\n" in str(both)
    assert both.tensors == ("loss", "dx")


def test_the_gradient_of_a_right_loss_is_compared_with_its_slopes():
    for seed in SEEDS:
        failure = failure_of(squared, seed, squared=lambda x: (np.sum(x**2), x))
        assert failure.mistakes == ("factor_missing",)
        assert str(failure).startswith("squared is not right yet. Wrong: dx.\n  The factor two is missing.")


def test_a_loss_that_does_not_depend_on_anything_is_refused():
    kept = {}

    def constant(x):
        first = kept.setdefault(x.shape, x)
        return np.sum(first**2), 2 * x

    assert "The forward pass hardly depends on x" in str(failure_of(squared, squared=constant))


def test_outputs_that_are_no_gradients_are_not_differentiated():
    assert list(squared.gradients) == ["dx"]
    assert list(wave_backward.gradients) == ["dx", "dW"]


# ------------------------------------------------------------------------------------------------ cost


class Clock:
    """A clock that stands still but for what calls spend."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, []
        monkeypatch.setattr("autograder.engine.backward.time.process_time", lambda: self.now)

    def spends(self, name, *seconds):
        """Return a call that takes these seconds, one after the other, and the last of them from then on."""
        left = list(seconds)

        def call():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call

    def check(self, backward, forward):
        """Look at the cost of a backward pass that takes these seconds, and return what is said against it."""
        try:
            calls = self.spends("forward", *forward), self.spends("backward", *backward)
            refuse_slow_backward("f", *calls, 39_892, lambda: self.now)
        except CheckFailed as failure:
            return str(failure)
        return None


@pytest.mark.parametrize(
    ("backward", "forward", "refused"),
    [
        ([0.3], [1e-6], False),
        ([0.9], [1e-3], False),
        ([0.9], [1e-4], True),
        ([8.0], [3e-3], False),
        ([8.0], [5.0], False),
        ([0.9], [1e-2, 1e-2, 1e-4], True),
        ([9.0, 0.2], [1e-4], False),
        ([9.0, 0.9], [1e-4], True),
        ([0.9, 9.0], [1e-4], True),
    ],
    ids=[
        "short",
        "slow but like a loop",
        "slow like differences",
        "slow and a slow forward pass",
        "slow both ways",
        "slow beside a forward pass that is sometimes interrupted",
        "interrupted once",
        "interrupted once and slow like differences",
        "slow like differences and interrupted the second time",
    ],
)
def test_a_backward_pass_is_refused_for_its_cost_only_when_no_loop_is_as_slow(monkeypatch, backward, forward, refused):
    said = Clock(monkeypatch).check(backward, forward)
    if refused:
        assert said.startswith(
            "f takes 9000 times as long as a forward and a backward pass have to, when there are 40,000 weights.\n"
        )
        assert "Use the chain rule" in said
    else:
        assert said is None


def test_a_loop_over_single_entries_may_take_so_many_forward_passes_and_no_more(monkeypatch):
    assert Clock(monkeypatch).check([0.99 * COST_RATIO * 1e-3], [1e-3]) is None
    assert Clock(monkeypatch).check([1.01 * COST_RATIO * 1e-3], [1e-3]) is not None


def test_our_own_passes_may_be_too_short_for_the_clock(monkeypatch):
    assert Clock(monkeypatch).check([0.5], [0.0]).startswith("f takes ")


def test_what_is_not_slow_is_called_once_and_the_forward_pass_only_to_compare(monkeypatch):
    clock = Clock(monkeypatch)
    clock.check([0.3], [0.125])
    assert clock.calls == ["backward"]
    clock = Clock(monkeypatch)
    clock.check([0.5], [0.125])
    assert clock.calls == ["backward", *["forward"] * OUR_PASSES]


def test_the_cost_is_looked_at_where_a_calculation_says_how_large(monkeypatch):
    now, shapes, right = [0.0], [], wave_backward.calculation.right
    monkeypatch.setattr("autograder.engine.backward.time.process_time", lambda: now[0])

    def slow(dy, cache):
        shapes.append((*cache["x"].shape, cache["W"].shape[1]))
        now[0] += 0.6 if shapes[-1] == (2, 30, 40) else 0.0
        return RIGHT["wave_backward"](dy, cache)

    def ours(problem):
        now[0] += 1e-5
        return right(problem)

    def said_of(question):
        try:
            question.check(student, np.random.default_rng(0))
        except CheckFailed as failure:
            return str(failure)
        return None

    student = Student(Student.of_namespace({**RIGHT, "wave_backward": slow})._ask, lambda: now[0])
    assert said_of(wave_backward) is None
    assert (2, 30, 40) not in shapes
    large = with_cases(wave_backward, large={"N": 2, "D": 30, "H": 40})
    large = replace(large, calculation=replace(large.calculation, right=ours))
    said = said_of(large)
    assert said.startswith(
        "wave_backward takes 60000 times as long as a forward and a backward pass have to, when there are 1,000"
    )
    assert shapes[-1] == (2, 30, 40)


def test_a_right_backward_pass_that_waits_for_a_busy_processor_is_not_refused():
    """A process of the lowest priority beside two others of the usual one was given 1/68 of a processor."""
    waited = []

    def starved(dy, cache):
        if len(dy) == 2 and dy.shape[1] == 40:
            waited.append(time.sleep(COST_FLOOR_SECONDS + 0.1))
        return RIGHT["wave_backward"](dy, cache)

    large = with_cases(wave_backward, large={"N": 2, "D": 30, "H": 40})
    passes(large, wave_backward=starved)
    assert waited


def test_what_is_kept_for_a_problem_is_let_go_before_the_next():
    student = Student.of_namespace(RIGHT)
    asked = []

    def ask(request):
        asked.append(request["op"])
        return student._ask(request)

    with_cases(wave_backward, Case(" at N = 1", {"N": 1})).check(Student(ask), np.random.default_rng(0))
    assert asked.count("forget") == 3  # two ordinary problems and a case
    assert asked[-1] == "forget"
