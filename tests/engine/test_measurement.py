"""Questions that ask for a whole number which a learner measured."""

import numpy as np
import pytest

from autograder.engine.measurement import Measured, Measurement
from autograder.engine.student import CheckFailed, NotAnswered, Student

MEASURED = Measured(
    dict,
    "",
    lambda: 15,
    lambda: {"one_too_few": (14, "It is one too few."), "index": (44, "That is its index.")},
    "Measure the norm.",
)
steps = Measurement("steps", MEASURED)


def answered(question=steps, **namespace):
    """Return what is said to a notebook that holds these variables."""
    return question.check(Student.of_namespace(namespace), np.random.default_rng(0))


def failure_of(**namespace):
    with pytest.raises(CheckFailed) as caught:
        answered(**namespace)
    return caught.value


@pytest.mark.parametrize("value", [15, np.int64(15), np.asarray(15)])
def test_the_number_that_is_measured_here_passes(value):
    assert answered(steps=value) == "Your measurement is what the check measures."


def test_what_is_said_of_a_right_number_can_be_chosen():
    assert answered(Measurement("steps", MEASURED, "Well measured."), steps=15) == "Well measured."


@pytest.mark.parametrize(
    ("answer", "name", "said"), [(14, "one_too_few", "It is one too few."), (44, "index", "That is its index.")]
)
def test_a_near_miss_is_named_and_told_what_was_mistaken(answer, name, said):
    failure = failure_of(steps=answer)
    assert str(failure) == f"steps = {answer} is not what this network gives. {said}"
    assert failure.mistakes == (name,)
    assert failure.tensors == ("steps",)


def test_a_near_miss_in_an_array_without_axes_is_named_too():
    failure = failure_of(steps=np.asarray(14))
    assert str(failure).startswith("steps = 14 is not")
    assert failure.mistakes == ("one_too_few",)


@pytest.mark.parametrize("answer", [16, 0, -15])
def test_any_other_number_is_told_what_to_do(answer):
    failure = failure_of(steps=answer)
    assert str(failure) == f"steps = {answer} is not what this network gives. Measure the norm."
    assert failure.mistakes == ()
    assert failure.tensors == ("steps",)


def test_a_variable_without_a_value_is_told_so():
    failure = failure_of(steps=None)
    assert str(failure) == "steps has no value yet. Measure it, then run this cell again."
    assert failure.tensors == ("steps",)


def test_a_variable_that_is_not_there_is_no_wrong_answer():
    with pytest.raises(NotAnswered):
        answered()


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (15.0, "15.0"),
        (True, "True"),
        (np.array([15]), "a NumPy array of shape (1,)"),
        ("15", "a text"),
        (10**5000, "a number of more than twelve digits"),
    ],
    ids=["float", "bool", "array", "text", "too long"],
)
def test_what_is_not_a_whole_number_is_refused(value, came):
    failure = failure_of(steps=value)
    assert str(failure) == f"steps is {came}; expected a whole number (int)."
    assert failure.tensors == ("steps",)


def test_the_near_misses_are_the_mistakes_that_can_be_named():
    assert [(known.name, known.sentence) for known in steps.mistakes] == [
        ("one_too_few", "It is one too few."),
        ("index", "That is its index."),
    ]
    assert steps.equations == frozenset()


def test_nothing_is_drawn():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    steps.check(Student.of_namespace({"steps": 15}), rng)
    assert rng.bit_generator.state == before
