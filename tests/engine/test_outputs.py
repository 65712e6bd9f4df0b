"""What a check says about the form and the values of what a function returned."""

import re

import numpy as np
import pytest
from autograder.checks import ps3
from autograder.mistakes import Mistake, loss, rnn
from autograder.outputs import ANYTHING, CHAPTERS, expect_outputs, expect_values, expect_whole_number, explain, locate
from autograder.student import CheckFailed

from autograder.engine.calling import Opaque

SIZES = {"N": 2, "T": 3, "H": 4}
OUTPUTS = {"dx": "NTH", "db": "H"}


def right():
    return np.ones((2, 3, 4)), np.ones(4)


def said(result, outputs=OUTPUTS):
    """Return the message about a result that is not of the right form."""
    with pytest.raises(CheckFailed) as caught:
        expect_outputs("f", result, outputs, SIZES)
    return str(caught.value)


def test_outputs_of_the_right_form_come_back_by_name():
    checked = expect_outputs("f", right(), OUTPUTS, SIZES)
    assert list(checked) == ["dx", "db"]
    np.testing.assert_array_equal(checked["db"], np.ones(4))


def test_a_cache_is_passed_on_unseen():
    cache = Opaque(7)
    assert expect_outputs("f", (np.ones(4), cache), {"db": "H", "cache": ANYTHING}, SIZES)["cache"] is cache


@pytest.mark.parametrize("result", [np.ones(4), (np.ones(4),)])
def test_a_single_output_may_come_alone_or_in_a_tuple_of_one(result):
    np.testing.assert_array_equal(expect_outputs("f", result, {"db": "H"}, SIZES)["db"], np.ones(4))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "f returns None. Does it end in `return dx, db`?"),
        (np.ones(4), "f returns one value; expected 2: dx, db."),
        ((*right(), 1.0), "f returns 3 values; expected 2: dx, db."),
        ((np.ones((3, 2, 4)), np.ones(4)), "The axes are in another order."),
        ((np.ones((2, 4)), np.ones(4)), "There is one axis too few"),
        ((np.ones((2, 3, 4)), np.ones((2, 4))), "There is one axis too many: is a sum over it missing?"),
        ((np.ones((2, 3, 4)), np.ones(5)), "f: db has shape (5,); expected (H,) = (4,)."),
        ((np.ones((2, 3, 4)), np.ones(4, np.float32)), "f: db has dtype float32; expected float64"),
        ((np.ones((2, 3, 4)), np.ones(4, int)), "f: db has dtype int64; expected float64"),
        ((np.ones((2, 3, 4)), np.ones(4, complex)), "f: db has dtype complex128; expected float64"),
        ((np.ones((2, 3, 4)), np.array([1, np.nan, 1, 1])), "f: db holds nan at [1]; expected finite numbers."),
        ((np.ones((2, 3, 4)), np.array([1, 1, 1, np.inf])), "f: db holds inf at [3]; expected finite numbers."),
        ((np.ones((2, 3, 4)), Opaque(0)), "f: db is something that is not an array"),
        ((np.ones((2, 3, 4)), None), "f: db is None; expected an array of shape (H,) = (4,)."),
        ((np.ones((2, 3, 4)), "text"), "f: db is str; expected an array"),
    ],
)
def test_an_output_of_the_wrong_form_is_refused_with_what_came_and_what_was_expected(result, message):
    assert message in said(result)


def test_the_tensor_of_the_wrong_form_is_named():
    with pytest.raises(CheckFailed) as caught:
        expect_outputs("f", (np.ones((2, 3, 4)), np.ones(5)), OUTPUTS, SIZES)
    assert caught.value.tensors == ("db",)


def test_a_list_of_arrays_where_one_array_belongs_is_called_not_stacked():
    assert "dh is a list or tuple, not stacked; expected an array" in said((np.ones(4),) * 3, {"dh": "TH"})


def test_a_plain_number_is_an_array_without_axes():
    assert expect_outputs("f", 2.5, {"loss": ""}, SIZES)["loss"] == 2.5
    assert "loss has shape (4,); expected a single number" in said(np.ones(4), {"loss": ""})


def test_values_within_rounding_pass_and_others_do_not():
    value = np.linspace(1, 2, 4)
    expect_values("f", {"b": value * (1 + 1e-12)}, {"b": value}, {"b": "H"})
    with pytest.raises(CheckFailed, match="b is wrong") as caught:
        expect_values("f", {"b": value * (1 + 1e-6)}, {"b": value}, {"b": "H"}, equation="rnn-step")
    assert caught.value.tensors == ("b",)
    assert "See equation rnn-step" in str(caught.value)


def test_a_known_mistake_in_values_is_called_by_its_name():
    value = np.linspace(1, 2, 4)
    bank = [Mistake("doubled", "It is doubled.", "rnn-step", {"factor": 2}), Mistake("kept", "It is.", "rnn-step", {})]

    def evaluate(terms):
        return {"b": terms.get("factor", 1) * value}

    with pytest.raises(CheckFailed, match="It is doubled") as caught:
        expect_values("f", {"b": 2 * value}, {"b": value}, {"b": "H"}, bank=bank, evaluate=evaluate)
    assert caught.value.mistakes == ("doubled",)


def test_two_mistakes_with_the_same_equation_point_to_it_once():
    first, second = (Mistake(name, f"{name}.", "bptt-dz") for name in ("One", "Two"))
    lines = explain((first, second))
    assert [line.strip() for line in lines[:2]] == ["One.", "Two."]
    assert len(lines) == 3


def test_every_equation_that_a_message_points_to_belongs_to_a_chapter():
    banks = (rnn.BACKWARD, rnn.CONTRIBUTIONS, rnn.TRUNCATED, rnn.RTRL, loss.CROSS_ENTROPY)
    labels = {mistake.equation for bank in banks for mistake in bank} | set(ps3.EQUATIONS.values())
    assert {label for label in labels if label.split("-")[0] not in CHAPTERS} == set()


@pytest.mark.parametrize(
    ("steps", "backward", "sentence"),
    [
        ([0, 1, 2, 3], True, "h is wrong at every time step."),
        ([2], True, "h is wrong at t = 2 only."),
        ([0, 1], True, "h is right from t = 3 back to t = 2 and goes wrong at t = 1."),
        ([0, 1, 2], True, "h is right at t = 3 and goes wrong at t = 2."),
        ([2, 3], False, "h is right up to t = 1 and goes wrong at t = 2."),
        ([1, 2, 3], False, "h is right at t = 0 and goes wrong at t = 1."),
        ([0, 3], False, "h is wrong at t = 0, 3."),
    ],
)
def test_the_steps_that_are_wrong_are_told_in_the_order_of_the_computation(steps, backward, sentence):
    expected = np.arange(1.0, 9.0).reshape(2, 4)
    given = expected.copy()
    given[:, steps] += 1
    assert locate("h", given, expected, "NT", "expected", 1e-9, backward=backward)[0].strip() == sentence


def test_the_entry_that_is_farthest_off_is_shown_with_both_numbers():
    expected = np.zeros((2, 3))
    given = expected + np.array([[0, 0.1, 0], [0, 0, -0.5]])
    entry, error = locate("W", given, expected, "DH", "numeric gradient", 1e-6)
    assert entry == "  W[1, 2]: yours -0.5, numeric gradient 0."
    assert error == "  Norm-relative error of W: 1.0e+00; at most 1e-06 passes."


def test_a_sequence_of_one_step_has_no_step_to_name():
    lines = locate("h", np.ones((2, 1)), np.zeros((2, 1)), "NT", "expected", 1e-9)
    assert not any("t =" in line for line in lines)


@pytest.mark.parametrize(
    ("value", "came"),
    [(14.0, "14.0"), (True, "True"), (np.zeros(3), "a NumPy array of shape (3,)"), (Opaque(0), "a value that is not")],
)
def test_what_is_not_a_whole_number_is_told_in_plain_words(value, came):
    with pytest.raises(CheckFailed, match=re.escape(f"faded_steps is {came}")):
        expect_whole_number("faded_steps is", value, "faded_steps")


def test_a_whole_number_passes():
    assert expect_whole_number("faded_steps is", 15, "faded_steps") is None
