"""A model is trained by the student's function and judged on what that was never given."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.engine.calling import Opaque
from autograder.engine.problems import Problem
from autograder.engine.student import CheckFailed, Student
from autograder.engine.trained import Task, Trained


def draw(rng, *, rehearsal=False):
    given = {"x": rng.standard_normal(4 if rehearsal else 50), "updates": 1 if rehearsal else 10, "hidden": 2.0}
    return Problem({"V": 3}, given)


task = Task(
    draw,
    lambda params, problem: float(np.sum((params["E"] - problem.given["hidden"]) ** 2)),
    lambda problem: {"nothing": 12.0, "a half": 3.0},
    1 / 3,
    "distance",
)
question = Trained("learn(x, updates) -> params", task, {"E": "V", "Wh": "HZ"}, "Learned.", seconds=5)


def asked(learn):
    return question.check(Student.of_namespace({"learn": learn}), np.random.default_rng(0))


def model(value, H=2, **more):
    return {"E": np.full(3, float(value)), "Wh": np.zeros((H, 4 * H)), **more}


def test_a_good_model_passes_and_is_told_its_score():
    assert asked(lambda x, updates: model(1.9)) == "Learned. It reaches a distance of 0.03; at most 1.00 is asked."


def test_a_model_that_is_not_good_enough_is_told_what_simple_answers_reach():
    with pytest.raises(CheckFailed) as failed:
        asked(lambda x, updates: model(0.0))
    assert str(failed.value).splitlines() == [
        "learn reaches a distance of 12.00 on what was held out; at most 1.00 is asked.",
        "  To compare: nothing 12.00, a half 3.00.",
        "  It is no better than nothing.",
    ]


def test_a_model_that_a_longer_rehearsal_leaves_as_it_was_is_told_so():
    longer = replace(
        task, longer=lambda problem: Problem(problem.sizes, {**problem.given, "updates": 2}), stopped="Stop?"
    )
    told = {}
    for name, learn in {
        "stops": lambda x, updates: model(0),
        "goes on": lambda x, updates: model(updates / 100),
    }.items():
        with pytest.raises(CheckFailed) as failed:
            replace(question, task=longer).check(Student.of_namespace({"learn": learn}), np.random.default_rng(0))
        told[name] = str(failed.value).endswith("\n  Stop?")
    assert told == {"stops": True, "goes on": False}


def test_a_variable_without_a_value_is_explained():
    def learn(x, updates):
        for _ in range(updates):
            state = state + 1  # noqa: F821, F841
        return model(0)

    with pytest.raises(CheckFailed, match="Does it need one before the first round of a loop"):
        asked(learn)


def test_what_is_held_out_does_not_reach_the_function():
    seen = []
    asked(lambda *arguments: seen.append(arguments) or model(2.0))
    assert [[np.size(value) for value in call] for call in seen] == [[4, 1], [4, 1], [50, 1]]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returns None"),
        ([1.0], "something else than a dict"),
        ({"E": np.zeros(3)}, "params holds no array Wh; expected a dict with E, Wh."),
        ({"E": "a text", "Wh": None}, "params holds no array E and no Wh; expected a dict with E, Wh. Or are"),
        (model(0, E=np.zeros(4)), 'params["E"] has shape (4,); expected (V,) with V = 3'),
        (model(0, Wh=np.zeros((2, 6))), 'params["Wh"] has shape (2, 6); expected (H, 4H) with V = 3, H = 2'),
        (model(0, Wh=np.zeros((300, 1200))), "sizes from 1 to 256 are judged"),
        (model(0, Wh=np.zeros((0, 0))), "sizes from 1 to 256 are judged"),
        (model(0, E=np.zeros(3, int)), "has dtype int64"),
        (model(np.nan), "is not finite"),
        (model(1e200), "is not a finite number"),
    ],
)
def test_what_is_no_model_is_refused_with_a_reason(returned, said):
    with pytest.raises(CheckFailed) as failed, np.errstate(all="ignore"):
        asked(lambda x, updates: returned)
    assert said in str(failed.value)


@pytest.mark.parametrize("part", ["a text", True, 1j, 0.5, Opaque(7)])
def test_what_a_worker_sends_in_the_place_of_an_array_is_none(part):
    answers = {"call": {"result": Opaque(0)}, "parts": {"result": (None, np.zeros(3), part)}, "forget": {}}
    with pytest.raises(CheckFailed, match="params holds no array Wh;"):
        question.check(Student(lambda request: answers[request["op"]]), np.random.default_rng(0))


def test_two_models_from_equal_generators_are_refused():
    with pytest.raises(CheckFailed, match="called twice with equal generators returns two different models"):
        asked(lambda x, updates: model(np.random.default_rng().random()))
