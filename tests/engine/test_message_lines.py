"""The lines of a message: which mistake, which equation, where it starts, which two numbers."""

import re

import numpy as np
import pytest

from autograder.engine.messages import explain, in_other_words, listed, locate, which_gates
from autograder.engine.mistakes import mistake

EQUATIONS = {"a": "first", "b": "first", "c": "second", "d": ""}


def named(name, *terms):
    return mistake(name, f"{name}.", **{term: lambda: None for term in terms})


def test_a_mistake_is_told_with_its_sentence_and_the_equation_of_its_first_term():
    assert explain([named("One", "c", "a")], EQUATIONS) == ["  One.", "  See equation second."]


def test_two_mistakes_of_the_same_equation_point_to_it_once():
    found = [named("One", "a"), named("Two", "b"), named("Three", "c")]
    assert explain(iter(found), EQUATIONS) == [
        "  One.", "  Two.", "  Three.", "  See equation first.", "  See equation second."
    ]  # fmt: skip


def test_without_a_mistake_the_equation_given_is_the_one_to_look_at():
    assert explain([], EQUATIONS, "third") == ["  See equation third."]
    assert explain([], EQUATIONS) == []
    assert explain([named("One", "a")], EQUATIONS, "third") == ["  One.", "  See equation first."]


def test_an_equation_without_a_label_is_not_pointed_to():
    assert explain([named("One", "d")], EQUATIONS, "third") == ["  One."]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: np.ones((2, 3)) @ np.ones((2, 3)), "`@` needs equal inner sizes"),
        (lambda: np.ones((2, 3)) + np.ones(2), "`+`, `*` and np.where work entry by entry"),
        (lambda: bool(np.ones(2)), "An `if` needs one answer"),
        (lambda: np.ones(2)[5], "Python counts from 0"),
        (lambda: np.ones((4, 3))[np.arange(4), np.arange(3)], "Arrays of indices in one pair of brackets"),
        (lambda: True - np.ones(2, bool), "True and False are no numbers here"),
        (lambda: -np.ones(2, bool), "True and False are no numbers here"),
        (lambda: np.ones(2) ^ 2, "In Python `^` is no power"),
        (lambda: np.ones((4, 3)).__setitem__(0, np.ones((4, 3))), "What is put into a place of an array"),
        (lambda: np.concatenate([np.ones((4, 3))[:, [0, 1]], np.ones(4)], axis=-1), "Arrays can be put together only"),
        (lambda: np.concatenate([np.ones((4, 3)), np.ones((4, 2))]), "Arrays that are put together may differ along"),
        (lambda: np.ones((4, 3))[:, : np.array([1, 2, 3, 1])], "A slice ends at one number"),
        (lambda: np.reshape(np.ones(3), (2, 2)), None),
    ],
    ids=[
        *("matmul", "broadcast", "truth", "index", "indices", "minus", "negative", "power"),
        *("assigned", "dimensions", "joined", "slice", "other"),
    ],
)
def test_what_numpy_says_is_told_in_other_words(wrong, said):
    with pytest.raises((ValueError, IndexError, TypeError)) as caught:
        wrong()
    lines = in_other_words(str(caught.value))
    assert len(lines) == (said is not None)
    assert all(line.startswith(f"  {said}") for line in lines)


@pytest.mark.parametrize(
    ("names", "said"), [(["dx"], "dx is"), (["dx", "db"], "dx and db are"), (["a", "b", "c"], "a, b and c are")]
)
def test_tensors_are_listed_with_their_verb(names, said):
    assert listed(names) == said


@pytest.mark.parametrize(
    ("steps", "backward", "sentence"),
    [
        ([0, 1, 2, 3], True, "h is wrong at every time step."),
        ([0, 1, 2, 3], False, "h is wrong at every time step."),
        ([2], True, "h is wrong at t = 2 only."),
        ([3], False, "h is wrong at t = 3 only."),
        ([0, 1], True, "h is right from t = 3 back to t = 2 and goes wrong at t = 1."),
        ([0, 1, 2], True, "h is right at t = 3 and goes wrong at t = 2."),
        ([0, 3], True, "h is wrong at t = 3, 0."),
        ([2, 3], False, "h is right up to t = 1 and goes wrong at t = 2."),
        ([1, 2, 3], False, "h is right at t = 0 and goes wrong at t = 1."),
        ([0, 3], False, "h is wrong at t = 0, 3."),
    ],
)
def test_the_steps_that_are_wrong_are_told_in_the_order_of_the_computation(steps, backward, sentence):
    right = np.arange(1.0, 9.0).reshape(2, 4)
    given = right.copy()
    given[:, steps] += 1
    assert locate("h", given, right, "NT", "expected", 1e-9, backward=backward)[0].strip() == sentence


@pytest.mark.parametrize(("axes", "axis"), [("TNH", 0), ("NTH", 1), ("NHT", 2)])
def test_time_may_be_any_axis(axes, axis):
    right = np.ones((3, 3, 3))
    given = right.copy()
    given[tuple(slice(1, None) if i == axis else slice(None) for i in range(3))] += 1
    assert "h is right at t = 0 and goes wrong at t = 1." in locate("h", given, right, axes, "expected", 1e-9)[0]


def test_a_sequence_of_one_step_has_no_step_to_name():
    lines = locate("h", np.ones((2, 1)), np.zeros((2, 1)), "NT", "expected", 1e-9)
    assert not any("t =" in line for line in lines)


def test_a_step_whose_error_is_within_rounding_is_not_called_wrong():
    right = np.ones((2, 4))
    given = right.copy()
    given[:, 0] *= 1 + 1e-9
    given[:, 3] += 1
    assert locate("h", given, right, "NT", "expected", 1e-9)[0] == "  h is wrong at t = 3 only."


def test_a_step_is_measured_by_the_whole_tensor_so_that_a_small_one_counts_too():
    right = np.array([[1e-12, 1.0, 1.0, 1.0]])
    given = right + np.array([[0.0, 0.1, 0.0, 0.0]])
    assert locate("h", given, right, "NT", "expected", 1e-9)[0] == "  h is wrong at t = 1 only."
    tiny = np.zeros((1, 4))
    assert (
        locate("h", tiny + np.array([0, 1e-30, 0, 0]), tiny, "NT", "expected", 1e-9)[0] == "  h is wrong at t = 1 only."
    )


def test_the_entry_that_is_farthest_off_is_shown_with_both_numbers():
    right = np.zeros((2, 3))
    given = right + np.array([[0, 0.1, 0], [0, 0, -0.5]])
    entry, error = locate("W", given, right, "DH", "numeric gradient", 1e-6)
    assert entry == "  W[1, 2]: yours -0.5, numeric gradient 0."
    assert error == "  Norm-relative error of W: 1.0e+00; at most 1e-06 passes."


def test_a_single_number_is_shown_without_a_place():
    entry, error = locate("loss", np.asarray(2.5), np.asarray(2.0), "", "expected", 1e-9)
    assert entry == "  loss: yours 2.5, expected 2."
    assert error == "  Norm-relative error of loss: 2.0e-01; at most 1e-09 passes."


@pytest.mark.parametrize("relative", [1e-3, 1e-5, 1e-7, 1e-9, 1e-12, 3e-16])
def test_two_numbers_that_are_printed_are_never_printed_alike(relative):
    right = np.array([2.39435678901234])
    (entry, _) = locate("b", right * (1 + relative), right, "H", "expected", 1e-9)
    yours, expected = re.fullmatch(r"  b\[0\]: yours (\S+), expected (\S+)\.", entry).groups()
    assert yours != expected
    assert float(yours) == pytest.approx(right[0] * (1 + relative), rel=1e-5)
    assert float(expected) == pytest.approx(right[0], rel=1e-5)


def test_no_more_digits_are_printed_than_it_takes():
    (entry, _) = locate("b", np.array([2.3943567891]), np.array([2.3943599999]), "H", "expected", 1e-9)
    assert entry == "  b[0]: yours 2.394357, expected 2.39436."
    (entry, _) = locate("b", np.array([2.394356]), np.array([2.5]), "H", "expected", 1e-9)
    assert entry == "  b[0]: yours 2.39436, expected 2.5."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ([2], ["  In dW, f is wrong; i, g and o are right."]),
        ([0, 7], ["  In dW, i and o are wrong; f and g are right."]),
        ([], []),
        ([0, 2, 4, 6], []),
    ],
)
def test_of_gates_side_by_side_those_are_told_that_are_wrong_and_those_that_are_right(changed, told):
    right = np.arange(1.0, 25.0).reshape(3, 8)
    given = right.copy()
    given[1, changed] += 1.0
    assert which_gates("dW", given, right, "DZ", ("i", "f", "g", "o"), 1e-6) == told


def test_where_no_gates_stand_side_by_side_nothing_is_said_of_them():
    right = np.ones((3, 8))
    assert which_gates("dx", 2 * right, right, "NH", ("i", "f", "g", "o"), 1e-6) == []
    assert which_gates("dW", 2 * right, right, "DZ", (), 1e-6) == []


def test_of_entries_that_are_off_by_the_same_the_first_is_told_whatever_was_rounded():
    right = np.random.default_rng(0).normal(size=(3, 4))
    for seed in range(20):
        given = right + 0.7 + 1e-15 * np.random.default_rng(seed).normal(size=right.shape)
        lines = locate("y", given, right, "NH", "expected", 1e-9)
        assert lines[0].startswith("  y[0, 0]: yours ")
    given[1, 2] += 1e-3
    assert locate("y", given, right, "NH", "expected", 1e-9)[0].startswith("  y[1, 2]: yours ")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_entry_that_is_no_number_is_told_before_any_that_is(value):
    right = np.ones(4)
    assert locate("y", right + np.array([9, 0, value, 0]), right, "H", "expected", 1e-9)[0].startswith("  y[2]: ")
