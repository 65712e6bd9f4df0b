"""How an answer is tried on one problem after the other, and what every failure is told with."""

from dataclasses import replace

import numpy as np
import pytest
from small_layers import (
    AT_N_1,
    LEAK,
    RIGHT,
    SQUARE,
    WAVE,
    draw_wave,
    failure_of,
    sums,
    wave,
    wave_backward,
    wave_forward,
)

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case
from autograder.engine.questions import AGAIN, CONFIRMATIONS, FRESH, OTHERS, Question, Trial, trials
from autograder.engine.student import CheckFailed, NotAnswered, Student
from autograder.engine.terms import terms

CASES = (
    AT_N_1,
    Case(" at D = 1", {"D": 1}, "One input is a column.", numeric=True, branches=True, repeated=True),
    Case(" when large", {"scale": 9}),
)


def with_cases(question, *cases, **changed):
    """Return a question whose calculation has other cases, and other things changed."""
    return replace(question, calculation=replace(question.calculation, cases=cases, **changed))


def tried(question, seed=0):
    """Return the trials of a question, with a notebook in which all is right."""
    return list(trials(question, Student.of_namespace(RIGHT), np.random.default_rng(seed)))


def test_two_mistakes_of_one_calculation_cannot_have_the_same_name():
    twice = (mistake("doubled", "Again.", y=lambda a: a), mistake("cosine", "Again.", y=lambda a: a))
    with pytest.raises(ValueError, match=r"^two mistakes of one calculation are called cosine, doubled$"):
        replace(WAVE, mistakes=(*WAVE.mistakes, *twice))


def test_a_mistake_cannot_replace_a_term_that_the_calculation_does_not_have():
    lost = (mistake("lost", "Lost.", z=lambda a: a), mistake("too", "Lost too.", y=lambda a: a, z=lambda a: a))
    with pytest.raises(ValueError, match=r"^lost, too: a mistake replaces terms of the calculation, not others$"):
        replace(WAVE, mistakes=(*WAVE.mistakes, *lost))
    every = mistake("every", "Every.", **dict.fromkeys(WAVE.work_out.equations, lambda x: x))
    assert replace(WAVE, mistakes=(every,)).mistakes == (every,)
    for term in ("order", "h_prev", "h_t", "cache_h_t"):
        assert replace(LEAK, mistakes=(mistake("found", "Found.", **{term: lambda T: T}),))


def test_what_comes_out_of_a_problem_is_made_of_what_is_known_of_it():
    problem = draw_wave(np.random.default_rng(0))
    known = []

    def know(problem):
        known.append(problem)
        return {**problem.given, "W": 0 * problem.given["W"]}

    calculation = replace(WAVE, known=know)
    assert np.all(calculation.outcome(problem)["y"] == 0)
    assert np.all(calculation.outcome(problem, {"sine": lambda a: a + 3})["y"] == 3)
    assert known == [problem]


def test_steps_that_are_as_they_should_be_are_walked_once_whatever_is_made_of_them():
    walks = []
    counted = terms("leak-h", x_t=lambda x, t: walks.append(t) or x[:, t])
    calculation = replace(LEAK, work_out=replace(LEAK.work_out, step=LEAK.work_out.step | counted))
    problem = calculation.draw(np.random.default_rng(0))
    T = problem.sizes["T"]
    right = calculation.outcome(problem)
    doubled = calculation.outcome(problem, {"h": lambda h_t: 2 * h_t.swapaxes(0, 1)})
    np.testing.assert_array_equal(doubled["h"], 2 * right["h"])
    np.testing.assert_array_equal(doubled["cache_h_t"], right["cache_h_t"])
    assert walks == list(range(T))
    from_zero = calculation.outcome(problem, {"previous": lambda h_prev: 0 * h_prev})
    np.testing.assert_array_equal(from_zero["h"], problem.given["x"])
    assert walks == 2 * list(range(T))
    backward = calculation.outcome(problem, {"order": lambda T: range(T - 1, -1, -1), "h": lambda h_t: h_t})
    np.testing.assert_array_equal(backward["h"][-1], problem.given["x"][:, -1])


def test_a_question_has_the_name_of_its_function_and_knows_its_mistakes_and_equations():
    assert wave_forward.name == "wave_forward"
    assert wave_forward.mistakes == WAVE.mistakes
    assert wave_backward.equations == {"wave-da", "wave-dx", "wave-dW"}
    assert replace(wave, calculation=replace(WAVE, equation="another")).equations == {"wave-a", "wave-y", "another"}
    assert replace(wave, calculation=replace(WAVE, equation="")).equations == {"wave-a", "wave-y"}


def test_a_function_is_called_with_its_arguments_in_their_order_but_for_the_cache():
    problem = draw_wave(np.random.default_rng(0))
    assert list(Question("f(W, x, cache) -> y NH", WAVE, "").arguments(problem)) == ["W", "x"]


def test_outputs_are_compared_with_the_right_ones_and_worked_out_from_the_terms():
    problem = draw_wave(np.random.default_rng(0))
    assert list(wave_backward.compare(problem)) == ["dx", "dW"]
    assert list(wave_forward.compare(problem)) == ["y"]
    np.testing.assert_allclose(wave.evaluate(problem, {})["y"], wave.compare(problem)["y"], rtol=1e-12)
    assert np.all(wave.evaluate(problem, {"y": lambda a: 0 * a})["y"] == 0)


def test_a_kind_of_question_says_how_it_is_asked():
    plain = Question("f(x) -> y NH", WAVE, "")
    with pytest.raises(NotImplementedError):
        plain.check(Student.of_namespace({}), np.random.default_rng(0))
    with pytest.raises(NotImplementedError):
        plain.outputs(Student.of_namespace({}), draw_wave(np.random.default_rng(0)))


def test_the_ordinary_problem_comes_first_then_another_of_the_same_sizes_then_the_cases():
    circumstances = [trial.case.circumstance for trial in tried(with_cases(wave, *CASES))]
    assert circumstances == ["", AGAIN, " at N = 1", " at D = 1", " at D = 1", " when large"]


def test_a_case_is_drawn_with_its_options():
    for seed in range(20):
        ordinary, again, n_1, d_1, d_1_again, large = tried(with_cases(wave, *CASES), seed)
        assert n_1.problem.sizes["N"] == 1
        assert d_1.problem.sizes["D"] == d_1_again.problem.sizes["D"] == 1
        assert np.abs(large.problem.given["W"]).mean() > 3 * np.abs(again.problem.given["W"]).mean()
        assert 1 not in ordinary.problem.sizes.values()


def test_what_is_repeated_has_the_same_sizes_and_other_numbers():
    for seed in range(20):
        ordinary, again, _, d_1, d_1_again, _ = tried(with_cases(wave, *CASES), seed)
        for first, second in ((ordinary, again), (d_1, d_1_again)):
            assert first.problem.sizes == second.problem.sizes
            assert np.all(first.problem.given["x"] != second.problem.given["x"])
            assert second.earlier is first.problem
            assert first.earlier is None


def test_only_the_first_of_two_alike_is_tried_with_numeric_gradients():
    ordinary, again, _, d_1, d_1_again, _ = tried(with_cases(wave, *CASES))
    assert (ordinary.case.numeric, again.case.numeric) == (True, False)
    assert (d_1.case.numeric, d_1_again.case.numeric) == (True, False)
    assert d_1_again.case.hint == d_1.case.hint == "One input is a column."
    assert d_1_again.case.branches
    assert ordinary.case.hint == again.case.hint == ""


def test_every_trial_but_the_first_knows_the_ordinary_problem_that_was_passed():
    first, *others = tried(with_cases(wave, *CASES))
    assert first.passed is None
    assert all(trial.passed is first.problem for trial in others)


def test_a_trial_shows_what_came_what_is_right_and_what_mistakes_would_give():
    trial = tried(sums)[0]
    shown = trial.evidence({"total": 3, "rows": "text", "tops": np.ones(2), "columns": None})
    assert shown.given["total"].dtype == float
    assert shown.given["rows"] is shown.given["columns"] is None
    np.testing.assert_array_equal(shown.right["rows"], sums.compare(trial.problem)["rows"])
    x = trial.problem.given["x"]
    np.testing.assert_array_equal(shown.evaluate({"rows": lambda x: x[:, 0]})["rows"], x[:, 0])


def shapes_seen(function, seed, question=wave):
    """Return the shapes of x that a function is called with until its question is refused."""
    shapes = []

    def remembers(x, W):
        shapes.append((*x.shape, W.shape[1]))
        return function(x, W)

    failure_of(question, seed, wave=remembers)
    return shapes


def doubled(x, W):
    return 2 * np.sin(x @ W)


def unknown(x, W):
    return np.sin(x @ W) + 0.1


def test_a_name_is_confirmed_on_more_problems_and_of_other_sizes_in_all_letters():
    for seed in range(20):
        first, *others = shapes_seen(doubled, seed)
        assert len(others) == CONFIRMATIONS == 6
        # Those first in which most sizes are others.
        alike = [sum(a == b for a, b in zip(first, other, strict=True)) for other in others]
        assert alike == sorted(alike)
        assert alike[0] == 0


def test_a_name_has_to_fit_on_every_one_of_them():
    for wrong in range(2, CONFIRMATIONS + 2):
        calls = []

        def doubled_but_once(x, W, calls=calls, wrong=wrong):
            calls.append(1)
            return unknown(x, W) if len(calls) == wrong else doubled(x, W)

        assert failure_of(wave, wave=doubled_but_once).mistakes == ()


def test_what_no_mistake_explains_is_not_tried_once_more():
    assert len(shapes_seen(unknown, 0)) == 1


def test_a_name_is_confirmed_in_the_circumstance_in_which_the_function_failed():
    def wrong_at_n_1(x, W):
        return np.sin(x @ W) if len(x) > 1 else 2 * np.sin(x @ W)

    shapes = shapes_seen(wrong_at_n_1, 0)
    assert [shape[0] for shape in shapes[-1 - CONFIRMATIONS :]] == [1] * (1 + CONFIRMATIONS)
    assert shapes[-1] != shapes[-1 - CONFIRMATIONS]


def test_a_name_that_fits_one_problem_only_is_not_told():
    def doubled_once(x, W, calls=[]):  # noqa: B006
        calls.append(1)
        return doubled(x, W) if len(calls) == 1 else unknown(x, W)

    assert failure_of(wave, wave=doubled_once).mistakes == ()


def test_a_function_that_fails_on_the_second_problem_has_no_name():
    def doubled_then_nothing(x, W, calls=[]):  # noqa: B006
        calls.append(1)
        return doubled(x, W) if len(calls) == 1 else 1 / 0

    assert failure_of(wave, wave=doubled_then_nothing).mistakes == ()


CLIPPED = mistake("clipped", "y is clipped.", y=lambda sine: np.clip(sine, -0.9, 0.9))


def clipped(x, W):
    return np.clip(np.sin(x @ W), -0.9, 0.9)


def test_a_name_is_confirmed_on_a_problem_on_which_the_mistake_shows():
    # With weights this small an entry above 0.9 is rare: most problems do not show the mistake.
    question = with_cases(wave, Case("", {"scale": 0.5}), mistakes=(CLIPPED,))
    told = unseen = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        problem = draw_wave(rng, scale=0.5)
        trial = Trial(question, Student.of_namespace({"wave": clipped}), rng, Case("", {"scale": 0.5}), problem)
        came = {"y": clipped(problem.given["x"], problem.given["W"])}
        if np.abs(came["y"]).max() < 0.9:
            continue
        shows = [np.abs(wave.compare(other)["y"]).max() > 0.901 for other in trial._others]
        assert trial.recognize(came)[0] == ((CLIPPED,) if any(shows) else ())
        told += any(shows)
        unseen += not shows[0]
    assert told > 20
    assert unseen > 5


def test_a_function_is_tried_once_on_a_problem_however_many_names_are_confirmed_there():
    calls = []

    def counted(x, W):
        calls.append(1)
        return doubled(x, W) if len(calls) == 1 else unknown(x, W)

    again = mistake("again", "Again.", y=lambda a: 2 * np.sin(a))
    assert failure_of(with_cases(wave, mistakes=(*WAVE.mistakes, again)), wave=counted).mistakes == ()
    assert len(calls) == 1 + CONFIRMATIONS


def test_the_problems_a_name_may_be_confirmed_on_are_those_first_whose_sizes_are_others():
    for seed in range(20):
        trial = tried(wave, seed)[0]
        others = trial._others
        assert len(others) == OTHERS
        equal = [sum(other.sizes[letter] == size for letter, size in trial.problem.sizes.items()) for other in others]
        assert equal == sorted(equal)


FOLDED = mistake("folded", "a is clipped at 30.", a=lambda x, W: np.clip(x @ W, -30, 30))


def wrong_when_large(x, W):
    return np.sin(x @ W) if np.abs(W).max() < 50 else 2 * np.sin(x @ W)


@pytest.mark.parametrize(("branches", "names"), [(False, ()), (True, ("doubled",))])
def test_a_mistake_that_the_ordinary_problem_would_have_shown_is_the_reason_only_where_code_may_branch(branches, names):
    large = Case(" with large weights", {"scale": 1000.0}, branches=branches)
    failure = failure_of(with_cases(wave, large), wave=wrong_when_large)
    assert str(failure).startswith("wave: y is wrong with large weights.")
    assert failure.mistakes == names


def test_a_mistake_that_does_not_show_on_the_ordinary_problem_is_the_reason_elsewhere():
    question = with_cases(wave, Case(" with large weights", {"scale": 1000.0}), mistakes=(*WAVE.mistakes, FOLDED))
    failure = failure_of(question, wave=lambda x, W: np.sin(np.clip(x @ W, -30, 30)))
    assert failure.mistakes == ("folded",)


class Remembers:
    """A right function that goes wrong when it gets other numbers of sizes that it has seen."""

    def __init__(self, offset=0.1):
        self.seen, self.offset = {}, offset

    def __call__(self, x, W):
        first = self.seen.setdefault((x.shape, W.shape), x)
        return np.sin(x @ W) + (0 if np.array_equal(first, x) else self.offset)


def again(seed, function):
    """Return the trial of the second problem of the same sizes, after the first."""
    rng = np.random.default_rng(seed)
    student = Student.of_namespace({"wave": function})
    first, second, *_ = trials(with_cases(wave), student, rng)
    first.outputs()
    second.outputs()
    return second


def test_a_function_that_is_right_on_first_problems_of_other_sizes_keeps_something():
    kept = [again(seed, Remembers()).keeps_something() for seed in range(100)]
    # Of the problems that are drawn a few have the same sizes by chance.
    assert np.mean(kept) > 0.7


def test_a_function_that_is_wrong_on_a_first_problem_too_is_not_said_to_keep_something():
    def wrong_for_some(x, W):
        return np.sin(x @ W) + 0.1 * (x[0, 0] > 0.5)

    kept = [again(seed, wrong_for_some).keeps_something() for seed in range(200)]
    # It is wrong on three problems in ten, and gets all of twelve but one right by chance.
    assert FRESH == 12
    assert 0 < np.mean(kept) < 0.16


def test_a_function_that_raises_on_a_first_problem_is_not_said_to_keep_something():
    trial = again(0, Remembers())
    assert not replace(trial, student=Student.of_namespace({"wave": lambda x, W: 1 / 0})).keeps_something()


def test_a_function_that_was_right_first_in_special_circumstances_keeps_something_without_more_ado():
    remembers = Remembers()
    trial = again(0, remembers)
    asked = len(remembers.seen)
    assert replace(trial, case=AT_N_1).keeps_something()
    assert not replace(trial, case=AT_N_1, earlier=None).keeps_something()
    assert len(remembers.seen) == asked


def test_only_after_an_earlier_problem_of_the_same_sizes_a_function_may_have_kept_something():
    trial = again(0, RIGHT["wave"])
    assert trial.keeps_something()
    assert not replace(trial, earlier=None).keeps_something()


def trial_of(question, case=AT_N_1, options=None, **functions):
    """Return one trial of a notebook whose functions are replaced."""
    rng = np.random.default_rng(0)
    problem = question.calculation.draw(rng, **(case.options if options is None else options))
    return Trial(question, Student.of_namespace({**RIGHT, **functions}), rng, case, problem)


def told(trial):
    with pytest.raises(CheckFailed) as caught:
        trial.outputs()
    return caught.value


def test_a_function_that_raises_is_told_the_circumstance_and_what_that_usually_means():
    said = str(told(trial_of(wave, wave=lambda x, W: 1 / 0)))
    assert said.splitlines()[0] == "wave raised ZeroDivisionError: division by zero"
    assert said.splitlines()[-2:] == ["  That is at N = 1.", "  A batch of one keeps its axis."]


def test_in_the_ordinary_circumstance_nothing_is_said_of_one():
    assert "That is" not in str(told(trial_of(wave, Case(""), wave=lambda x, W: 1 / 0)))


def test_what_numpy_means_is_told_in_other_words():
    said = str(told(trial_of(wave, wave=lambda x, W: W @ x)))
    assert "core dimension" in said
    assert "\n  `@` needs equal inner sizes" in said


def test_a_stub_is_told_as_it_is():
    def wave_stub(x, W):
        raise NotImplementedError

    failure = told(trial_of(wave, wave=wave_stub))
    assert isinstance(failure, NotAnswered)
    assert "That is" not in str(failure)


def test_a_function_that_runs_only_where_sizes_are_equal_is_told_its_mistake():
    failure = told(trial_of(wave, Case(""), {}, wave=lambda x, W: np.sin(x @ W.T)))
    assert failure.mistakes == ("W_transposed",)
    lines = str(failure).splitlines()
    assert lines[0].startswith("wave raised ValueError")
    assert lines[-2:] == ["  W is transposed.", "  See equation wave-a."]
    assert "inner sizes" not in str(failure)


def test_with_its_mistake_named_a_function_is_told_the_circumstance_without_a_guess():
    failure = told(trial_of(wave, wave=lambda x, W: np.sin(x @ W.T)))
    assert failure.mistakes == ("W_transposed",)
    assert str(failure).splitlines()[-1] == "  That is at N = 1."


def test_the_mistake_of_a_function_that_raises_is_confirmed_where_sizes_are_equal():
    def transposed_once(x, W, calls=[]):  # noqa: B006
        if W.shape[0] == W.shape[1]:
            calls.append(1)
        return np.sin(x @ W.T) if len(calls) < 2 else np.sin(x @ W)

    assert told(trial_of(wave, Case(""), {}, wave=transposed_once)).mistakes == ()


def test_a_function_that_raises_where_sizes_are_equal_too_has_no_name():
    assert told(trial_of(wave, wave=lambda x, W: np.sin(x @ W.T) / [])).mistakes == ()


def test_without_square_sizes_nothing_else_is_tried():
    shapes = []

    def transposed(x, W):
        shapes.append(W.shape)
        return np.sin(x @ W.T)

    question = replace(wave, calculation=replace(WAVE, square=None))
    assert told(trial_of(question, wave=transposed)).mistakes == ()
    assert len(shapes) == 1


def test_only_a_function_that_raises_is_tried_where_sizes_are_equal():
    shapes = []

    def in_place(x, W):
        shapes.append(W.shape)
        x += 1
        return 2 * np.sin(x @ W)

    failure = told(trial_of(wave, wave=in_place))
    assert "changes its argument x in place" in str(failure)
    assert failure.tensors == ("x",)
    assert len(shapes) == 1


def test_square_sizes_are_those_of_the_calculation():
    shapes = []

    def transposed(x, W):
        shapes.append(W.shape)
        return np.sin(x @ W.T)

    told(trial_of(wave, Case(""), {}, wave=transposed))
    assert set(shapes[1:]) == {tuple(SQUARE.values())}


def test_a_failure_keeps_its_tensors_and_the_mistakes_that_it_knows():
    trial = tried(wave)[0]
    known = trial.failure(CheckFailed("f: wrong", mistakes=("known",), tensors=("y",)))
    assert (str(known), known.mistakes, known.tensors) == ("f: wrong", ("known",), ("y",))
    found = trial.failure(CheckFailed("f: wrong", mistakes=("known",)), (CLIPPED,), ["  More."])
    assert (str(found), found.mistakes) == ("f: wrong\n  More.", ("clipped",))
