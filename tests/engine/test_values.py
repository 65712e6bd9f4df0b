"""Questions that ask for a function of which the results are compared: what passes, what is refused, what is said."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from small_layers import RIGHT, SUMS, WAVE, failure_of, leak_forward, passes, spoiled, sums, wave, wave_forward

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case
from autograder.engine.student import Student
from autograder.engine.values import ROUGH, SAME_TWICE, VALUE_TOLERANCE, Values

SEEDS = range(20)


def right(x, W):
    return np.sin(x @ W)


def where(condition, wrong, right=right):
    """Return a function that is wrong where a condition on its first argument holds, and right elsewhere."""
    return lambda *arguments: (wrong if condition(arguments[0]) else right)(*arguments)


def from_call(number, wrong, right=right):
    """Return a function that is wrong from its call of this number on, counted from 1."""
    calls = []

    def function(*arguments):
        calls.append(1)
        return (wrong if len(calls) >= number else right)(*arguments)

    return function


def at_n_1(x):
    return len(x) == 1


def test_a_right_function_passes_and_is_told_what_was_checked():
    for seed in SEEDS:
        assert passes(wave, seed) == "All is right."
        assert passes(wave_forward, seed) == "All is right."
        assert passes(leak_forward, seed) == "All is right."
        assert passes(sums, seed) == "All is right."


def test_a_wrong_value_is_told_in_these_lines_and_no_others():
    one = replace(wave, calculation=replace(WAVE, mistakes=()))
    first, equation, entry, error = str(failure_of(one, wave=lambda x, W: right(x, W) + 1)).splitlines()
    assert first == "wave: y is wrong."
    assert equation == "  See equation wave-y."
    assert entry.startswith("  y[")
    assert ": yours " in entry
    assert ", expected " in entry
    assert error.startswith("  Norm-relative error of y: ")
    assert error.endswith("; at most 1e-09 passes.")


def test_a_known_mistake_is_named_with_its_sentence_and_its_equation():
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=lambda x, W: 2 * right(x, W))
        assert failure.mistakes == ("doubled",)
        assert failure.tensors == ("y",)
        assert str(failure).splitlines()[:3] == ["wave: y is wrong.", "  y is doubled.", "  See equation wave-y."]


def test_two_mistakes_at_once_are_both_named():
    failure = failure_of(wave, wave=lambda x, W: 2 * np.cos(x @ W))
    assert failure.mistakes == ("doubled", "cosine")


def test_two_mistakes_at_once_are_not_looked_for_where_the_cache_has_to_tell_them():
    assert failure_of(wave_forward, wave_forward=lambda x, W: (2 * np.cos(x @ W), None)).mistakes == (
        "doubled",
        "cosine",
    )
    failure = failure_of(wave_forward, wave_forward=lambda x, W: (right(x, W), {"x": 2 * x, "a": right(x, W)}))
    assert failure.mistakes == ("cache_a_is_y",)
    assert "That does not explain cache.x: there is something else besides." in str(failure)


@pytest.mark.parametrize("error", [1e-15, VALUE_TOLERANCE / 10])
def test_rounding_passes(error):
    for seed in SEEDS:
        passes(wave, seed, wave=lambda x, W: right(x, W) * (1 + error))


@pytest.mark.parametrize("error", [1e-8, 1e-7, ROUGH / 2])
def test_lost_digits_are_refused_as_such(error):
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=lambda x, W: right(x, W) * (1 + error))
        assert str(failure).startswith(f"wave: y is right to {error:.0e} only; float64 gives 1e-15.")
        assert "float32" in str(failure)
        assert failure.tensors == ("y",)
        assert failure.mistakes == ()


def test_a_result_rounded_to_float32_is_refused_as_such():
    assert "is right to" in str(failure_of(wave, wave=lambda x, W: right(x, W).astype(np.float32).astype(float)))


def test_several_results_of_lost_digits_are_listed():
    less = spoiled("sums", None, lambda rows: rows * (1 + 1e-7), None, lambda columns: columns * (1 + 1e-6))
    failure = failure_of(sums, sums=less)
    assert str(failure).startswith("sums: rows, columns are right to 1e-06 only")
    assert failure.tensors == ("rows", "columns")


@pytest.mark.parametrize("error", [2 * ROUGH, 5e-4])
def test_what_is_off_by_more_is_a_wrong_formula(error):
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=lambda x, W: right(x, W) * (1 + error))
        assert str(failure).startswith("wave: y is wrong.")


def test_a_single_wrong_entry_is_refused_and_shown():
    def one_entry(x, W):
        y = right(x, W)
        y[1, 0] += 1e-3
        return y

    for seed in SEEDS:
        assert "  y[1, 0]: yours " in str(failure_of(wave, seed, wave=where(lambda x: len(x) > 1, one_entry)))


def test_one_wrong_result_with_right_ones_is_refused_whichever_it_is():
    for place, name in enumerate(["total", "rows", "tops", "columns"]):
        changes = [None] * 4
        changes[place] = lambda value: value + 0.5
        failure = failure_of(sums, sums=spoiled("sums", *changes))
        assert failure.tensors == (name,)
        assert str(failure).startswith(f"sums: {name} is wrong.")


def test_all_wrong_results_are_listed_and_the_first_is_located():
    failure = failure_of(sums, sums=spoiled("sums", None, lambda rows: rows + 1, None, lambda columns: columns - 1))
    assert str(failure).splitlines()[0] == "sums: rows and columns are wrong."
    assert "  rows[" in str(failure)
    assert "  columns[" not in str(failure)


def test_a_mistake_that_explains_a_part_leaves_the_rest_to_something_else():
    def means(x):
        return x.sum() + 1, x.mean(axis=1), x.max(axis=1), x.mean(axis=0)

    failure = failure_of(sums, sums=means)
    assert failure.mistakes == ("means",)
    assert failure.tensors == ("total", "rows", "columns")
    lines = str(failure).splitlines()
    assert lines[0] == "sums: total, rows and columns are wrong."
    assert lines[1:4] == [
        "  These are means.",
        "  See equation sums.",
        "  That does not explain total: there is something else besides.",
    ]


def test_results_that_are_zero_everywhere_are_called_so_and_have_no_name():
    failure = failure_of(sums, sums=spoiled("sums", None, np.zeros_like, None, np.zeros_like))
    assert str(failure).splitlines()[1] == "  Zero everywhere: rows, columns."
    assert failure.mistakes == ()
    some = failure_of(sums, sums=spoiled("sums", None, np.zeros_like, None, lambda columns: columns + 1))
    assert "  Zero everywhere: rows." in str(some)
    assert "Zero" not in str(failure_of(wave, wave=lambda x, W: 2 * right(x, W)))


def test_what_zeros_may_mean_is_told_of_the_first_output_that_is_zero():
    meaning = {"columns": "Is a column left out?", "rows": "Is a row left out?"}
    question = replace(sums, calculation=replace(SUMS, if_zero=meaning))
    both = failure_of(question, sums=spoiled("sums", None, np.zeros_like, None, np.zeros_like))
    assert str(both).splitlines()[1:3] == ["  Zero everywhere: rows, columns.", "  Is a column left out?"]
    one = failure_of(question, sums=spoiled("sums", None, np.zeros_like, None, None))
    assert str(one).splitlines()[1:3] == ["  Zero everywhere: rows.", "  Is a row left out?"]
    assert "left out" not in str(failure_of(question, sums=spoiled("sums", None, lambda rows: rows + 1, None, None)))


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint8, int, np.float32])
def test_whole_numbers_may_be_of_any_type_where_a_question_says_so(kind):
    signs = replace(
        sums,
        text="signs(x) -> signs ND",
        calculation=replace(SUMS, right=lambda problem: {"signs": (problem.given["x"] > 0).astype(float)}, mistakes=()),
    )
    given = {"signs": lambda x: (x > 0).astype(kind)}
    assert passes(replace(signs, whole=True), **given) == "All is right."
    assert f"signs has dtype {np.dtype(kind)}; expected float64" in str(failure_of(signs, **given))
    assert failure_of(replace(signs, whole=True), signs=lambda x: (x < 0).astype(kind)).tensors == ("signs",)


def test_a_single_result_of_zeros_that_has_a_name_is_not_called_zero_besides():
    nothing = mistake("nothing", "Nothing is counted.", tops=lambda x: 0 * x[:, 0])
    question = replace(sums, calculation=replace(SUMS, mistakes=(nothing,)))
    failure = failure_of(question, sums=spoiled("sums", None, None, np.zeros_like, None))
    assert failure.mistakes == ("nothing",)
    assert "Zero everywhere" not in str(failure)


def test_the_equation_to_look_at_is_that_of_the_wrong_result_where_there_are_several():
    elsewhere = replace(wave, calculation=replace(WAVE, equation="another", mistakes=()))
    assert "  See equation another." in str(failure_of(elsewhere, wave=lambda x, W: right(x, W) + 1))
    several = replace(sums, calculation=replace(SUMS, equation="another", mistakes=()))
    said = str(failure_of(several, sums=spoiled("sums", None, lambda rows: rows + 1, None, None)))
    assert "  See equation sums." in said


def test_a_mistake_is_not_blamed_on_a_circumstance():
    for seed in SEEDS:
        said = str(failure_of(wave, seed, wave=lambda x, W: right(x, W) + 1))
        assert " at N = 1" not in said
        assert "called again" not in said


def test_a_function_that_is_wrong_in_one_circumstance_is_told_which_and_what_it_usually_means():
    failure = failure_of(wave, wave=where(at_n_1, lambda x, W: right(x, W) + 1))
    lines = str(failure).splitlines()
    assert lines[0] == "wave: y is wrong at N = 1."
    assert lines[1:3] == ["  See equation wave-y.", "  A batch of one keeps its axis."]


def test_with_its_mistake_named_a_circumstance_is_told_without_a_guess():
    failure = failure_of(wave, wave=where(at_n_1, lambda x, W: 2 * right(x, W)))
    assert failure.mistakes == ("doubled",)
    assert str(failure).splitlines()[0] == "wave: y is wrong at N = 1."
    assert "keeps its axis" not in str(failure)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda x, W: 1 / 0, "wave raised ZeroDivisionError"),
        (lambda x, W: right(x, W).squeeze(), "y has shape"),
        (lambda x, W: None, "wave returns None"),
        (lambda x, W: (1.0, 2.0), "wave returns 2 values"),
    ],
    ids=["raises", "another shape", "nothing", "too many"],
)
def test_a_failure_in_one_circumstance_is_told_where_it_happened(wrong, said):
    lines = str(failure_of(wave, wave=where(at_n_1, wrong))).splitlines()
    assert said in lines[0]
    assert lines[-2:] == ["  That is at N = 1.", "  A batch of one keeps its axis."]


def test_numpy_is_told_in_other_words_with_the_circumstance():
    lines = str(failure_of(wave, wave=where(at_n_1, lambda x, W: W @ x.T))).splitlines()
    assert "  `@` needs equal inner sizes" in lines[-3]
    assert lines[-2] == "  That is at N = 1."


def test_a_function_that_runs_only_where_sizes_are_equal_is_told_its_mistake():
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=lambda x, W: np.sin(x @ W.T))
        assert failure.mistakes == ("W_transposed",)
        assert str(failure).startswith("wave raised ValueError")


def test_a_result_of_the_wrong_form_is_told_its_mistake_if_that_is_known():
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=lambda x, W: right(x, W).T)
        assert failure.mistakes == ("y_transposed",)
        lines = str(failure).splitlines()
        assert lines[0].startswith("wave: y has shape ")
        assert lines[0].endswith("The axes are in another order.")
        assert lines[1:] == ["  y is transposed.", "  See equation wave-y."]


def test_a_result_of_the_wrong_form_where_a_size_is_one_has_no_name():
    # Where an axis is lost so much looks alike that a name would be a guess.
    failure = failure_of(wave, wave=where(at_n_1, lambda x, W: right(x, W).T))
    assert failure.mistakes == ()
    assert "  That is at N = 1." in str(failure)


def test_results_of_the_wrong_form_are_told_a_mistake_only_if_it_explains_them_all():
    flat = mistake("flat", "rows has an axis too many.", rows=lambda x: x.sum(axis=1, keepdims=True))
    question = replace(sums, calculation=replace(SUMS, mistakes=(flat, *SUMS.mistakes)))

    def flat_and(tops):
        return lambda x: (x.sum(), x.sum(axis=1, keepdims=True), tops(x), x.sum(axis=0))

    assert failure_of(question, sums=flat_and(lambda x: x.max(axis=1))).mistakes == ("flat",)
    assert failure_of(question, sums=flat_and(lambda x: x.min(axis=1))).mistakes == ()
    assert failure_of(question, sums=flat_and(lambda x: x.max(axis=1) + 1)).mistakes == ()


def test_a_result_of_the_wrong_form_that_nobody_knows_is_told_its_form_alone():
    failure = failure_of(wave, wave=lambda x, W: right(x, W)[0])
    assert len(str(failure).splitlines()) == 1
    assert failure.tensors == ("y",)


def test_a_number_too_long_for_a_float_is_refused_like_any_other():
    failure = failure_of(sums, sums=spoiled("sums", lambda total: 10**400, None, None, None))
    assert str(failure).startswith("sums: total ")
    assert failure.tensors == ("total",)


def test_results_of_one_shape_in_another_order_are_told_so():
    def swapped(x):
        total, rows, tops, columns = RIGHT["sums"](x)
        return total, tops, rows, columns

    for seed in SEEDS:
        failure = failure_of(sums, seed, sums=swapped)
        assert failure.mistakes == ("outputs_permuted",)
        assert failure.tensors == ("rows", "tops")
        lines = str(failure).splitlines()
        assert lines[0] == "sums: rows and tops are wrong."
        assert lines[1] == "  The numbers are right but stand in another order; expected total, rows, tops, columns."


def test_results_in_another_order_are_told_so_beside_a_cache_too():
    question = Values("sums(x) -> rows N, tops N, cache", SUMS, "All is right.")

    def swapped(x):
        _, rows, tops, _ = RIGHT["sums"](x)
        return tops, rows, {"x": x}

    failure = failure_of(question, sums=swapped)
    assert failure.mistakes == ("outputs_permuted",)
    assert "The numbers are right but stand in another order; expected rows, tops, cache." in str(failure)


def test_results_of_other_shapes_in_another_order_are_told_so():
    for seed in SEEDS:
        failure = failure_of(sums, seed, sums=lambda x: RIGHT["sums"](x)[::-1])
        assert str(failure) == (
            "sums returns what it should, but in another order; expected total, rows, tops, columns."
        )
        assert failure.mistakes == ("outputs_permuted",)
        assert failure.tensors == ("columns", "tops", "rows", "total")


def test_another_order_in_one_circumstance_is_told_where():
    reversed_at_n_1 = where(at_n_1, lambda x: RIGHT["sums"](x)[::-1], RIGHT["sums"])
    question = replace(sums, calculation=replace(SUMS, cases=(Case(" at N = 1", {"N": 1}),)))
    assert str(failure_of(question, sums=reversed_at_n_1)).endswith("\n  That is at N = 1.")


def kept_by_shapes(right):
    """Return a function that answers from memory when arguments of these shapes have been seen before."""
    seen = {}

    def function(*arguments):
        shapes = tuple(np.shape(value) for value in arguments)
        return seen.setdefault(shapes, right(*arguments))

    return function


def test_an_answer_that_is_kept_and_given_again_is_told_so():
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=kept_by_shapes(right))
        assert failure.mistakes == ("answer_kept",)
        assert failure.tensors == ("y",)
        lines = str(failure).splitlines()
        assert lines[0] == "wave: y is wrong when it is called again with other numbers of the same sizes."
        assert lines[1].startswith("  It gives the answer to the numbers of the call before")


def test_an_answer_that_is_kept_in_part_is_told_so_of_that_part():
    memory = kept_by_shapes(RIGHT["sums"])
    failure = failure_of(sums, sums=lambda x: (x.sum(), memory(x)[1], x.max(axis=1), x.sum(axis=0)))
    assert failure.mistakes == ("answer_kept",)
    assert failure.tensors == ("rows",)


def test_an_answer_of_which_only_a_part_is_that_of_the_call_before_is_not_called_so():
    memory = kept_by_shapes(RIGHT["sums"])
    calls = []

    def kept_and_wrong(x):
        calls.append(1)
        return x.sum() + (len(calls) > 2), memory(x)[1], x.max(axis=1), x.sum(axis=0)

    failure = failure_of(sums, sums=kept_and_wrong)
    assert failure.tensors == ("total", "rows")
    assert failure.mistakes == ()


def test_a_mistake_that_shows_on_the_second_problem_first_is_named_and_nothing_is_asked():
    limit = mistake("limit", "y is limited.", y=lambda sine: np.clip(sine, -0.97, 0.97))
    question = replace(wave, calculation=replace(WAVE, mistakes=(limit,), cases=()))
    told = []
    for seed in range(200):
        with contextlib.suppress(pytest.fail.Exception):
            failure = failure_of(question, seed, wave=lambda x, W: np.clip(right(x, W), -0.97, 0.97))
            if "called again" in str(failure) and failure.mistakes:
                told.append(str(failure))
    assert len(told) > 5
    assert not any("Is something kept" in said for said in told)


def test_a_function_that_is_right_at_first_and_wrong_later_is_asked_what_it_keeps():
    asked = []
    for seed in range(50):
        seen = {}

        def remembers(x, W, seen=seen):
            first = seen.setdefault((x.shape, W.shape), x)
            return right(x, W) + (0 if np.array_equal(first, x) else 0.1)

        failure = failure_of(wave, seed, wave=remembers)
        assert failure.mistakes == ()
        assert str(failure).startswith("wave: y is wrong when it is called again with other numbers of the same sizes.")
        assert "the call before" not in str(failure)
        asked.append("\n  Is something kept from one call to the next?" in str(failure))
    assert np.mean(asked) > 0.7


def test_a_function_that_is_wrong_for_some_numbers_is_not_asked_what_it_keeps():
    # Wrong on every second problem, and right on the first one.
    def wrong_for_some(x, W):
        return right(x, W) + (0.1 if x[0, 0] > 0 else 0)

    asked = []
    for seed in range(200):
        with contextlib.suppress(pytest.fail.Exception):
            asked.append("Is something kept" in str(failure_of(wave, seed, wave=wrong_for_some)))
    assert len(asked) > 100
    assert np.mean(asked) < 0.05


def test_a_function_that_fails_on_other_numbers_of_the_same_sizes_is_told_so():
    said = str(failure_of(wave, wave=from_call(3, lambda x, W: 1 / 0)))
    assert said.endswith("\n  That is when it is called again with other numbers of the same sizes.")


def test_called_twice_with_equal_arguments_rounding_may_differ():
    for seed in SEEDS:
        passes(wave, seed, wave=from_call(2, lambda x, W: right(x, W) * (1 + 1e-15)))


@pytest.mark.parametrize("drift", [SAME_TWICE * 3, 1e-9, 0.5])
def test_called_twice_with_equal_arguments_another_answer_is_refused(drift):
    for seed in SEEDS:
        failure = failure_of(wave, seed, wave=from_call(2, lambda x, W: right(x, W) * (1 + drift)))
        assert str(failure).splitlines()[0] == (
            "wave called twice with the same arguments gives two answers: y changed."
        )
        assert "drawn at random" in str(failure)
        assert failure.tensors == ("y",)


def test_only_the_results_that_changed_are_named():
    drifting = from_call(2, spoiled("sums", None, lambda rows: rows + 1, None, None), RIGHT["sums"])
    failure = failure_of(sums, sums=drifting)
    assert "two answers: rows changed." in str(failure)
    assert failure.tensors == ("rows",)


@pytest.mark.parametrize("wrong", [lambda x, W: 1 / 0, lambda x, W: right(x, W)[0], lambda x, W: None])
def test_a_function_that_fails_when_it_is_called_again_is_told_so(wrong):
    failure = failure_of(wave, wave=from_call(2, wrong))
    assert str(failure).startswith("wave works once; called again with the same arguments it fails:\n  wave")
    assert failure.tensors == ("y",)


def test_an_argument_changed_in_place_is_refused():
    def in_place(x, W):
        x *= 1
        x += 1
        return np.sin((x - 1) @ W)

    failure = failure_of(wave, wave=in_place)
    assert "wave changes its argument x in place" in str(failure)


class Recorder:
    """A student's notebook that remembers what it was asked."""

    def __init__(self, **functions):
        self.student = Student.of_namespace({**RIGHT, **functions})
        self.asked = []

    def __call__(self, request):
        self.asked.append(request["op"])
        return self.student._ask(request)


def test_what_is_kept_for_a_problem_is_let_go_before_the_next():
    recorder = Recorder()
    wave_forward.check(Student(recorder), np.random.default_rng(0))
    once = ["call", "parts"]
    # Two calls for each of the two ordinary problems, then one for the case.
    assert recorder.asked == [*once, *once, "forget", *once, *once, "forget", *once, "forget"]


# ------------------------------------------------------------------------------------------------ caches


def wave_with(make):
    """Return the right forward function with another cache, made from x and a."""
    return lambda x, W: (right(x, W), make(x, x @ W))


def leak_with(change):
    """Return the right forward function over time with another cache, made from the right one."""

    def forward(x, r):
        h, cache = RIGHT["leak_forward"](x, r)
        return h, change(cache)

    return forward


@pytest.mark.parametrize("cache", [None, "text", 3.0, [1, 2, 3], np.ones(3), {}], ids=str)
def test_a_cache_that_holds_nothing_of_what_it_promises_is_told_what_is_missing(cache):
    failure = failure_of(wave_forward, wave_forward=wave_with(lambda x, a: cache))
    assert str(failure) == "wave_forward: the cache holds no x and no a; expected x, a."
    assert failure.tensors == ("cache",)


def test_a_cache_that_lacks_one_field_is_told_which():
    failure = failure_of(wave_forward, wave_forward=wave_with(lambda x, a: {"x": x}))
    assert str(failure) == "wave_forward: the cache holds no a; expected x, a."


def test_a_cache_may_hold_more_than_it_promises_and_take_any_form():
    for make in (lambda x, a: {"x": x, "a": a, "more": 1}, lambda x, a: (x, a), lambda x, a: [x, a]):
        passes(wave_forward, wave_forward=wave_with(make))


def test_a_wrong_value_in_a_cache_is_told_in_these_lines_and_no_others():
    failure = failure_of(wave_forward, wave_forward=wave_with(lambda x, a: {"x": x, "a": a + 1}))
    first, equation, entry, error = str(failure).splitlines()
    assert first == "wave_forward: cache.a is wrong."
    assert equation == "  See equation wave-y."
    assert entry.startswith("  cache.a[")
    assert ", expected " in entry
    assert error.startswith("  Norm-relative error of cache.a: ")
    assert failure.tensors == ("cache.a",)


def test_both_wrong_values_in_a_cache_are_listed():
    failure = failure_of(wave_forward, wave_forward=wave_with(lambda x, a: {"x": x + 1, "a": a + 1}))
    assert str(failure).startswith("wave_forward: cache.x and cache.a are wrong.")
    assert failure.tensors == ("cache.x", "cache.a")


def test_a_known_mistake_in_a_cache_is_named():
    for seed in SEEDS:
        failure = failure_of(wave_forward, seed, wave_forward=wave_with(lambda x, a: {"x": x, "a": np.sin(a)}))
        assert failure.mistakes == ("cache_a_is_y",)
        assert "  The cache holds y where a belongs.\n  See equation wave-y." in str(failure)


@pytest.mark.parametrize(("error", "passed"), [(1e-12, True), (1e-7, False)])
def test_a_cache_is_right_to_rounding(error, passed):
    drifting = wave_with(lambda x, a: {"x": x, "a": a * (1 + error)})
    if passed:
        passes(wave_forward, wave_forward=drifting)
    else:
        assert failure_of(wave_forward, wave_forward=drifting).tensors == ("cache.a",)


def test_results_are_judged_before_the_cache():
    failure = failure_of(wave_forward, wave_forward=lambda x, W: (right(x, W) + 1, None))
    assert failure.tensors == ("y",)


def test_a_wrong_cache_in_one_circumstance_is_told_which():
    wrong = where(at_n_1, wave_with(lambda x, a: {"x": x, "a": a + 1}), RIGHT["wave_forward"])
    lines = str(failure_of(wave_forward, wave_forward=wrong)).splitlines()
    assert lines[0] == "wave_forward: cache.a is wrong at N = 1."
    assert "  A batch of one keeps its axis." in lines


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda x, a: {"x": x}, "the cache holds no a"),
        (lambda x, a: {"x": x, "a": a[0]}, "cache.a has shape"),
    ],
    ids=["missing", "another shape"],
)
def test_a_cache_of_the_wrong_form_in_one_circumstance_is_told_which(make, said):
    wrong = where(at_n_1, wave_with(make), RIGHT["wave_forward"])
    lines = str(failure_of(wave_forward, wave_forward=wrong)).splitlines()
    assert said in lines[0]
    assert lines[1:] == ["  That is at N = 1.", "  A batch of one keeps its axis."]


def test_a_cache_in_which_two_values_have_changed_places_is_told_so():
    swapped = leak_with(lambda cache: [{"h_prev": step["h_t"], "h_t": step["h_prev"]} for step in cache])
    failure = failure_of(leak_forward, leak_forward=swapped)
    assert failure.mistakes == ("outputs_permuted",)
    assert "The numbers are right but stand in another order" in str(failure)


def test_a_cache_that_is_no_list_of_the_steps_is_told_so():
    for cache in ("text", None, {"h_t": np.ones(2)}):
        failure = failure_of(leak_forward, 0, leak_forward=leak_with(lambda _, cache=cache: cache))
        assert str(failure).startswith("leak_forward: the cache is not a list; expected a list of the ")
        assert str(failure).endswith(" steps' caches, each with h_prev, h_t.")
        assert failure.tensors == ("cache",)


@pytest.mark.parametrize(
    ("change", "entries"),
    [(lambda cache: [], 0), (lambda cache: cache[:-1], -1), (lambda cache: cache + cache[:1], 1)],
    ids=["empty", "one short", "one too many"],
)
def test_a_cache_of_another_number_of_entries_is_told_how_many(change, entries):
    steps = []

    def forward(x, r):
        steps.append(x.shape[1])
        return leak_with(change)(x, r)

    failure = failure_of(leak_forward, leak_forward=forward)
    T = steps[0]
    assert str(failure) == (
        f"leak_forward: the cache has {T + entries if entries else 0} entries; expected a list of the {T} steps'"
        " caches, each with h_prev, h_t."
    )
    assert failure.mistakes == ()


CACHES = {
    "cache_reversed": lambda cache: cache[::-1],
    "cache_last_step_everywhere": lambda cache: [cache[-1]] * len(cache),
    "cache_last_state_everywhere": lambda cache: [{**step, "h_t": cache[-1]["h_t"]} for step in cache],
    "cache_h_t_for_h_prev": lambda cache: [{**step, "h_prev": step["h_t"]} for step in cache],
}


@pytest.mark.parametrize("name", CACHES)
def test_a_known_mistake_in_the_cache_of_every_step_is_named(name):
    for seed in SEEDS:
        assert failure_of(leak_forward, seed, leak_forward=leak_with(CACHES[name])).mistakes == (name,)


def test_a_cache_that_goes_wrong_at_a_step_is_told_at_which():
    def from_second(cache):
        return [{**step, "h_prev": step["h_prev"] + (t >= 2)} for t, step in enumerate(cache)]

    said = str(failure_of(leak_forward, leak_forward=leak_with(from_second)))
    assert "  cache.h_prev is right up to t = 1 and goes wrong at t = 2." in said


def test_a_cache_that_is_kept_from_the_call_before_is_told_so():
    for seed in SEEDS:
        kept = {}
        failure = failure_of(
            leak_forward,
            seed,
            leak_forward=lambda x, r, kept=kept: (
                RIGHT["leak_forward"](x, r)[0],
                kept.setdefault(x.shape, RIGHT["leak_forward"](x, r)[1]),
            ),
        )
        assert failure.mistakes == ("answer_kept",)
        assert failure.tensors == ("cache.h_prev", "cache.h_t")
        assert "when it is called again with other numbers" in str(failure)


def test_where_the_results_do_not_tell_a_mistake_the_cache_may():
    def one_step(x, r):
        h, cache = RIGHT["leak_forward"](x, r)
        h[:, 1:] = 7.0  # what stood there before: np.empty
        return h, cache[:1]

    for seed in SEEDS:
        failure = failure_of(leak_forward, seed, leak_forward=one_step)
        assert failure.tensors == ("h",)
        assert failure.mistakes == ("first_step_only",)


def test_a_cache_in_which_steps_are_of_different_shapes_is_told_so():
    uneven = leak_with(lambda cache: [{**cache[0], "h_t": cache[0]["h_t"][:1]}, *cache[1:]])
    said = str(failure_of(leak_forward, leak_forward=uneven))
    assert said.startswith("leak_forward: the cache holds no h_t of one shape in every entry; expected a list of the ")


@pytest.mark.parametrize("entry", [lambda step: step["h_t"], lambda step: None, lambda step: (1, 2, 3)])
def test_a_list_of_something_else_than_the_steps_caches_is_told_so(entry):
    said = str(failure_of(leak_forward, leak_forward=leak_with(lambda cache: [entry(step) for step in cache])))
    assert said.startswith("leak_forward: the cache is a list, but its entries are no steps' caches; expected a list")


def test_a_cache_of_one_entry_is_counted_in_the_singular():
    said = str(failure_of(leak_forward, leak_forward=leak_with(lambda cache: cache[1:2])))
    assert said.startswith("leak_forward: the cache has 1 entry; expected a list of the ")


@pytest.mark.parametrize("second", [lambda x, a: {"x": x, "a": a + 1}, lambda x, a: None], ids=["wrong", "none"])
def test_a_cache_that_is_right_at_first_only_is_refused(second):
    right_then_wrong = from_call(2, wave_with(second), RIGHT["wave_forward"])
    failure = failure_of(wave_forward, wave_forward=right_then_wrong)
    lines = str(failure).splitlines()
    assert lines[0] == "wave_forward called twice with the same arguments keeps something else the second time:"
    assert lines[1].startswith("  wave_forward: ")
    assert lines[-1].startswith("Something is kept from one call to the next, or drawn at random.")
    assert failure.tensors == (("cache.a",) if len(lines) > 3 else ("cache",))


def test_an_array_in_the_place_of_the_cache_and_a_cache_in_that_of_the_array_are_another_order():
    failure = failure_of(wave_forward, wave_forward=lambda x, W: RIGHT["wave_forward"](x, W)[::-1])
    assert failure.mistakes == ("outputs_permuted",)
    assert "the results stand in another order; expected y, cache." in str(failure)


def test_a_mistake_in_the_cache_does_not_explain_a_wrong_result():
    failure = failure_of(wave_forward, wave_forward=lambda x, W: (right(x, W) + 1, {"x": x, "a": right(x, W)}))
    assert failure.tensors == ("y",)
    assert failure.mistakes == ()


def test_without_a_promise_the_cache_is_not_looked_at():
    passes(Values(wave_forward.text, WAVE, "All is right."), wave_forward=wave_with(lambda x, a: None))
