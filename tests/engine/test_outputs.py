"""What a function is called with and returns, and what is said of a result that is not of the right form."""

import re

import numpy as np
import pytest

from autograder.engine.calling import Opaque
from autograder.engine.outputs import (
    ANYTHING,
    Signature,
    arrays_of,
    expect_form,
    expect_whole_number,
    shape_in_words,
    unpack,
)
from autograder.engine.student import CheckFailed

SIZES = {"N": 2, "T": 3, "H": 4}
PAIR = Signature.parse("f(dh, cache) -> dx NTH, db H")
ALONE = Signature.parse("f(x) -> db H")
LOSS = Signature.parse("f(x) -> loss")


def right():
    return np.ones((2, 3, 4)), np.ones(4)


def checked(result, signature=PAIR):
    """Return the outputs of the right form in a result."""
    return expect_form(signature, unpack(signature, result), SIZES)


def refused(result, signature=PAIR):
    """Return what is raised for a result that is not of the right form."""
    with pytest.raises(CheckFailed) as caught:
        checked(result, signature)
    return caught.value


def test_a_signature_is_read_with_its_arguments_its_outputs_and_their_axes():
    signature = Signature.parse("rnn_forward(x, h0, Wx, Wh, b) -> h NTH, cache")
    assert signature == Signature("rnn_forward", ("x", "h0", "Wx", "Wh", "b"), {"h": "NTH", "cache": ANYTHING})
    assert signature.compared == {"h": "NTH"}
    assert list(PAIR.outputs) == ["dx", "db"]


def test_an_output_without_axes_is_a_single_number():
    assert LOSS.outputs == {"loss": ""}
    assert Signature.parse("f() -> loss, db H") == Signature("f", (), {"loss": "", "db": "H"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f",
        "f(x)",
        "f(x) -> ",
        "f(x) - > y N",
        "f(x -> y N",
        "f x -> y N",
        "(x) -> y N",
        "f(x) -> y N;",
        "f(x: int) -> y N",
        "f(x) -> y (N, H)",
        "f(x) -> y N, ",
        "f(x) -> y N H",
        "f(x) -> y N, y N",
        "f(x W) -> y N",
    ],
)
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(ValueError, match="is not a signature"):
        Signature.parse(text)


def test_outputs_of_the_right_form_come_back_by_name():
    came = checked(right())
    assert list(came) == ["dx", "db"]
    np.testing.assert_array_equal(came["db"], np.ones(4))


def test_a_cache_is_passed_on_unseen():
    signature, cache = Signature.parse("f(x) -> db H, cache"), Opaque(7)
    assert unpack(signature, (np.ones(4), cache))["cache"] is cache
    assert list(checked((np.ones(4), cache), signature)) == ["db"]


def test_an_array_where_a_cache_belongs_and_something_else_where_the_array_does_is_another_order():
    with pytest.raises(CheckFailed) as caught:
        unpack(Signature.parse("f(x) -> h NH, cache"), (Opaque(0), np.ones((2, 4))))
    assert str(caught.value) == (
        "f returns an array where the cache belongs, and something else where an array does: the results stand in"
        " another order; expected h, cache."
    )
    assert caught.value.mistakes == ("outputs_permuted",)
    assert caught.value.tensors == ("h", "cache")


@pytest.mark.parametrize("result", [(np.ones((2, 4)), np.ones(3)), (Opaque(0), Opaque(1)), (3.0, np.ones(3))])
def test_a_cache_may_be_anything_while_no_result_looks_like_one(result):
    assert list(unpack(Signature.parse("f(x) -> h NH, cache"), result)) == ["h", "cache"]


@pytest.mark.parametrize("result", [np.ones(4), (np.ones(4),)])
def test_a_single_output_may_come_alone_or_in_a_tuple_of_one(result):
    np.testing.assert_array_equal(checked(result, ALONE)["db"], np.ones(4))


@pytest.mark.parametrize("value", [2.5, np.asarray(2.5)])
def test_a_plain_number_is_an_array_without_axes(value):
    came = checked(value, LOSS)["loss"]
    assert came.shape == ()
    assert came == 2.5


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "f returns None. Does it end in `return dx, db`?"),
        (np.ones(4), "f returns one value; expected 2: dx, db."),
        ((*right(), 1.0), "f returns 3 values; expected 2: dx, db."),
        (right()[:1], "f returns one value; expected 2: dx, db."),
        ((), "f returns 0 values; expected 2: dx, db."),
    ],
)
def test_too_many_or_too_few_values_are_counted(result, message):
    failure = refused(result)
    assert str(failure) == message
    assert failure.tensors == ("dx", "db")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "f returns None. Does it end in `return db`?"),
        ((np.ones(4), np.ones(3)), "f returns 2 values; expected one: db."),
        ((np.ones(4), Opaque(0)), "f returns 2 values; expected one: db."),
        ((), "f returns 0 values; expected one: db."),
    ],
)
def test_of_a_single_output_too_many_values_are_counted_too(result, message):
    failure = refused(result, ALONE)
    assert str(failure) == message
    assert failure.tensors == ("db",)


@pytest.mark.parametrize(
    ("dx", "db", "message"),
    [
        (
            np.ones((3, 2, 4)),
            None,
            "f: dx has shape (3, 2, 4); expected (N, T, H) = (2, 3, 4). The axes are in another order.",
        ),
        (
            np.ones((2, 4)),
            None,
            "f: dx has shape (2, 4); expected (N, T, H) = (2, 3, 4). There is one axis too few: is it summed over, or"
            " picked out of, or squeezed away?",
        ),
        (
            None,
            np.ones((2, 4)),
            "f: db has shape (2, 4); expected (H,) = (4,). There is one axis too many: is a sum over it missing, or"
            " is something not picked out of it?",
        ),
        (None, np.ones(5), "f: db has shape (5,); expected (H,) = (4,)."),
        (np.ones((2, 3, 5)), None, "f: dx has shape (2, 3, 5); expected (N, T, H) = (2, 3, 4)."),
        (None, 1.5, "f: db has shape (); expected (H,) = (4,). There is one axis too few"),
        (None, np.ones(4, np.float32), "f: db has dtype float32; expected float64, the dtype of the inputs."),
        (None, np.ones(4, int), "f: db has dtype int64; expected float64, the dtype of the inputs."),
        (None, np.ones(4, complex), "f: db has dtype complex128; expected float64, the dtype of the inputs."),
        (None, np.ones(4, bool), "f: db has dtype bool; expected float64, the dtype of the inputs."),
        (None, np.array([1, np.nan, 1, np.nan]), "f: db holds nan at [1]; expected finite numbers."),
        (None, np.array([1, 1, 1, -np.inf]), "f: db holds -inf at [3]; expected finite numbers."),
        (np.full((2, 3, 4), np.inf), None, "f: dx holds inf at [0, 0, 0]; expected finite numbers."),
        (
            None,
            Opaque(0),
            "f: db is a list or another collection; expected an array of shape (H,) = (4,).\n  np.stack makes one array"
            " of a list of arrays; its argument axis says where the new axis goes."
            " A function that returns two results, such as y and cache, is called"
            " with two names before the `=`.",
        ),
        (None, "text", "f: db is a text; expected an array of shape (H,) = (4,)."),
    ],
)
def test_an_output_of_the_wrong_form_is_refused_with_what_came_and_what_was_expected(dx, db, message):
    failure = refused((right()[0] if dx is None else dx, right()[1] if db is None else db))
    assert str(failure).startswith(message)
    assert message.endswith("too few") or str(failure) == message
    assert failure.tensors == (("dx",) if db is None else ("db",))


def test_an_output_that_is_none_is_called_so():
    assert str(refused((right()[0], None))) == "f: db is None; expected an array of shape (H,) = (4,)."


def test_a_list_of_arrays_where_one_array_belongs_is_told_how_to_make_one():
    failure = refused((np.ones(4),) * 3, Signature.parse("f(x) -> dh TH"))
    first, hint = str(failure).splitlines()
    assert first == "f: dh is a list or another collection; expected an array of shape (T, H) = (3, 4)."
    assert hint.startswith("  np.stack makes one array")
    assert failure.tensors == ("dh",)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.ones(4), "f: loss has shape (4,); expected a single number. There is one axis too many"),
        (np.ones((2, 3)), "f: loss has shape (2, 3); expected a single number."),
        (Opaque(0), "f: loss is a list or another collection; expected a single number."),
        ("text", "f: loss is a text; expected a single number."),
        (7, "f: loss has dtype int64; expected float64"),
        (True, "f: loss has dtype bool; expected float64"),
        (2j, "f: loss has dtype complex128; expected float64"),
        (np.nan, "f: loss holds nan; expected finite numbers."),
        (np.asarray(np.inf), "f: loss holds inf; expected finite numbers."),
    ],
)
def test_where_a_single_number_belongs_nothing_is_said_of_an_array(result, message):
    assert str(refused(result, LOSS)).startswith(message)
    assert "array of shape" not in str(refused(result, LOSS))


@pytest.mark.parametrize(
    ("axes", "words"),
    [("", "a single number"), ("H", "an array of shape (H,) = (4,)"), ("NT", "an array of shape (N, T) = (2, 3)")],
)
def test_a_shape_is_told_in_letters_and_numbers(axes, words):
    assert shape_in_words(axes, SIZES) == words


@pytest.mark.parametrize(
    ("axes", "words"),
    [("BNZ", "(2, N, 2H) = (2, 2, 8)"), ("UHH", "(L-1, H, H) = (0, 4, 4)"), ("LH", "(L, H) = (1, 4)")],
)
def test_sizes_that_follow_from_something_else_are_told_as_what_they_are(axes, words):
    sizes = {**SIZES, "L": 1, "U": 0, "B": 2, "Z": 2 * SIZES["H"]}
    assert shape_in_words(axes, sizes) == f"an array of shape {words}"


@pytest.mark.parametrize(("gates", "words"), [(4, "(N, 4H) = (2, 16)"), (3, "(N, 3H) = (2, 12)")])
def test_gates_that_stand_side_by_side_are_told_as_a_multiple_of_h(gates, words):
    assert shape_in_words("NZ", {**SIZES, "Z": gates * SIZES["H"]}) == f"an array of shape {words}"


@pytest.mark.parametrize(
    ("value", "array"),
    [
        (np.ones(4), np.ones(4)),
        (2.5, np.asarray(2.5)),
        (3, np.asarray(3.0)),
        (10**12 - 1, np.asarray(10.0**12 - 1)),
        (10**12, None),
        (2j, None),
        (np.ones(4, np.float32), None),
        (np.ones(4, int), None),
        (None, None),
        ("text", None),
        ((np.ones(4), np.ones(4)), None),
        (Opaque(0), None),
        (10**5000, None),
    ],
    ids=[
        "array",
        "float",
        "int",
        "12 digits",
        "13 digits",
        "complex",
        "float32",
        "ints",
        "None",
        "text",
        "tuple",
        "opaque",
        "too long",
    ],
)
def test_numbers_are_taken_from_what_came_as_far_as_there_are_some(value, array):
    came = arrays_of(ALONE, {"db": value})["db"]
    if array is None:
        assert came is None
    else:
        assert came.dtype == np.float64
        np.testing.assert_array_equal(came, array)


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (14.0, "14.0"),
        (True, "True"),
        (2j, "2j"),
        (np.zeros(3), "a NumPy array of shape (3,)"),
        (np.asarray(14.0), "a NumPy array of shape ()"),
        (np.asarray(True), "a NumPy array of shape ()"),
        (np.array([14]), "a NumPy array of shape (1,)"),
        (np.asarray(10**12), "a number of more than twelve digits"),
        (None, "None"),
        ("15", "a text"),
        ((1, 2), "a value that is not a number"),
        (Opaque(0), "a value that is not a number"),
        (10**12, "a number of more than twelve digits"),
        (-(10**5000), "a number of more than twelve digits"),
    ],
    ids=[
        "float",
        "bool",
        "complex",
        "array",
        "float in an array",
        "bool in an array",
        "list",
        "13 digits in an array",
        "None",
        "text",
        "tuple",
        "opaque",
        "13 digits",
        "5001 digits",
    ],
)
def test_what_is_not_a_whole_number_is_told_in_plain_words(value, came):
    with pytest.raises(CheckFailed, match=re.escape(f"f returns {came}; expected a whole number (int).")) as caught:
        expect_whole_number("f returns", value, "f")
    assert caught.value.tensors == ("f",)


@pytest.mark.parametrize("value", [15, 0, -3, 10**12 - 1])
@pytest.mark.parametrize("form", [int, np.asarray, lambda value: np.asarray(abs(value), np.uint64)])
def test_a_whole_number_passes_and_comes_back_as_one(value, form):
    came = expect_whole_number("f returns", form(value), "f")
    assert type(came) is int
    assert came == int(form(value))
