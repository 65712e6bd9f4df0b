"""A question that relies on another one: where both are wrong, a learner is sent to the other one first."""

from dataclasses import replace

import numpy as np
import pytest
from small_layers import RIGHT, wave, wave_backward, wave_forward

from autograder.engine.calling import Caller
from autograder.engine.measurement import Measured, Measurement
from autograder.engine.student import CheckFailed, NotAnswered, Student, WorkerLost
from autograder.sets import QUESTIONS, SETS, ask

RELIES = replace(wave_backward, relies_on="wave")
SENT = "wave_backward is not right, nor is wave, on which it relies: see to that first."


@pytest.fixture(autouse=True)
def _a_set_with_the_wave(monkeypatch):
    monkeypatch.setitem(QUESTIONS, "wave", wave)


def said(question=RELIES, **functions):
    """Return what is said to a notebook that is wrong, line by line."""
    with pytest.raises(CheckFailed) as caught:
        ask(question, Student.of_namespace({**RIGHT, **functions}), 3)
    return str(caught.value).splitlines()


def wrong(*arguments):
    return None


def test_where_both_are_wrong_a_learner_is_sent_to_the_other_one_and_then_told_the_seed():
    sent, why, *_, seed = said(wave_backward=wrong, wave=wrong)
    assert sent == SENT
    assert why.startswith("wave_backward returns None.")
    assert seed == '  The same numbers again: check("wave_backward", seed=3)'


def test_where_the_other_one_is_right_nobody_is_sent_there():
    assert SENT not in said(wave_backward=wrong)


def test_where_the_other_one_is_not_answered_yet_nobody_is_sent_there():
    def stub(x, W):
        raise NotImplementedError

    assert SENT not in said(wave_backward=wrong, wave=stub)


def test_where_the_other_one_fails_for_what_it_is_built_on_itself_nobody_is_sent_there(monkeypatch):
    monkeypatch.setitem(QUESTIONS, "wave_backward", wave_backward)
    relies = replace(wave, relies_on="wave_backward")
    sent = "wave is not right, nor is wave_backward, on which it relies: see to that first."
    assert sent in said(relies, wave=wrong, wave_backward=wrong)
    assert sent not in said(relies, wave=wrong, wave_forward=lambda x, W: (x @ W, None))


def test_a_learner_is_sent_to_the_first_one_that_is_wrong_of_a_chain(monkeypatch):
    monkeypatch.setitem(QUESTIONS, "wave_backward", RELIES)
    relies = replace(wave, text="other(x, W) -> y NH", relies_on="wave_backward")
    first, *_ = said(relies, wave=wrong, wave_backward=wrong, other=wrong)
    assert first == "other is not right, nor is wave, on which it relies: see to that first."
    first, *_ = said(relies, wave_backward=wrong, other=wrong)
    assert first == "other is not right, nor is wave_backward, on which it relies: see to that first."


def test_a_question_that_relies_on_none_sends_nobody_anywhere():
    assert SENT not in said(wave_backward, wave_backward=wrong, wave=wrong)
    assert wave_forward.relies_on == ""


def test_a_right_answer_is_right_whatever_the_other_one_is():
    student = Student.of_namespace({**RIGHT, "wave": wrong})
    assert ask(RELIES, student, 3).startswith("All is right")


def test_a_stub_is_told_so_and_nothing_else():
    with pytest.raises(NotAnswered) as caught:
        ask(RELIES, Student.of_namespace({"wave": wrong}), 3)
    assert "see to that first" not in str(caught.value)


def test_a_measurement_may_rely_on_a_question_too():
    measured = Measured(dict, "", lambda: 15, dict, "Measure it.")
    with pytest.raises(CheckFailed) as caught:
        ask(Measurement("steps", measured, relies_on="wave"), Student.of_namespace({"steps": 3, "wave": wrong}), 3)
    first, why = str(caught.value).splitlines()
    assert first == "steps is not right, nor is wave, on which it relies: see to that first."
    assert why.startswith("steps = 3 is not")


def test_no_mistake_is_told_where_a_learner_is_sent_elsewhere():
    with pytest.raises(CheckFailed) as caught:
        ask(
            replace(wave, text="other(x, W) -> y NH", relies_on="wave"),
            Student.of_namespace({"wave": wrong, "other": lambda x, W: 2 * np.sin(x @ W)}),
            3,
        )
    first, seed = str(caught.value).splitlines()
    assert first == "other is not right, nor is wave, on which it relies: see to that first."
    assert seed.startswith("  The same numbers again: ")
    assert caught.value.mistakes == ()
    assert caught.value.tensors == ("y",)


def asking_until_lost(lost, **functions):
    """Return a student whose worker is gone once `lost` is called, and the list of what it is asked."""
    caller, asked = Caller({**RIGHT, **functions}), []

    def answer(request):
        if any(name == lost for name in asked):
            return {"error": {"kind": "died", "message": "an earlier call ended it"}}
        asked.append(request.get("name", request["op"]))
        if asked[-1] == lost:
            return {"error": {"kind": "time", "seconds": 2.0}}
        return caller.answer(request)

    return Student(answer), asked


def test_a_function_that_does_not_return_is_blamed_itself_and_nothing_more_is_asked():
    student, asked = asking_until_lost("wave_backward", wave=wrong)
    with pytest.raises(WorkerLost) as caught:
        ask(RELIES, student, 3)
    assert str(caught.value).splitlines()[0] == (
        "wave_backward did not return within 2 s. Look for a loop that never ends."
    )
    assert "wave," not in str(caught.value)
    assert asked[-1] == "wave_backward"


def test_nobody_is_sent_to_a_function_that_was_asked_when_the_process_had_ended():
    def ended(*arguments):
        raise AssertionError("it is not called")

    def answer(request):
        if request.get("name") == "wave":
            return {"error": {"kind": "died", "message": "an earlier call ended it"}}
        return caller.answer(request)

    caller = Caller({**RIGHT, "wave_backward": wrong, "wave": ended})
    with pytest.raises(CheckFailed) as caught:
        ask(RELIES, Student(answer), 3)
    assert str(caught.value).startswith("wave_backward returns None.")


def test_every_question_relies_on_another_one_of_its_set_if_on_any():
    for table in SETS.values():
        names = [question.name for question in table]
        for question in table:
            assert question.relies_on == "" or question.relies_on in names[: names.index(question.name)]
