"""A calculation written term by term: what it gives, and what it gives when a term is replaced."""

import numpy as np
import pytest

from autograder.engine.terms import Once, Term, Walk, apply, batch_first, last_in_common, of, taken_apart, terms

PRODUCT = Once(terms("first", b=lambda a: a + 1) | terms("second", c=lambda a, b: a * b))

SUM = Walk(
    order=terms("order", order=lambda T: range(T))["order"],
    start=terms("start", before=lambda s0: s0),
    step=terms("input", x_t=lambda x, t: x[t], old=lambda before: before)
    | terms("sum", new=lambda old, x_t: old + x_t),
    carried={"before": "new"},
    results=terms("result", s=lambda new: new, last=lambda before: before, walked=lambda visited: visited),
)
"""A running sum: s_t = s_{t-1} + x_t."""
GIVEN = {"x": np.array([[1.0], [10.0], [100.0]]), "s0": np.array([1000.0]), "T": 3}


def test_terms_are_worked_out_in_their_order_from_what_is_known_and_from_each_other():
    assert PRODUCT({"a": 3}, {}) == {"a": 3, "b": 4, "c": 12}


def test_every_term_knows_what_it_is_made_of_in_its_own_step():
    assert PRODUCT.needs == {"b": {"a"}, "c": {"a", "b"}}
    assert SUM.needs["before"] == {"s0"}
    assert SUM.needs["new"] == {"old", "x_t"}
    assert SUM.needs["order"] == {"T"}


def test_the_last_term_in_common_is_one_that_all_wrong_results_are_made_of_and_no_right_one_is():
    fork = Once(
        terms("first", a=lambda x: x, b=lambda a: a, c=lambda a: a, d=lambda b: b)
        | terms("results", left=lambda d: d, right=lambda d, c: d + c, apart=lambda c: c)
    )
    assert last_in_common(fork, ["left"], ["right", "apart"]) == "left"
    assert last_in_common(fork, ["left", "right"], ["apart"]) == "d"
    assert last_in_common(fork, ["left", "right", "apart"], []) == "a"
    assert last_in_common(fork, ["right", "apart"], ["left"]) == "c"
    assert last_in_common(fork, ["left", "apart"], ["right"]) == ""
    assert last_in_common(fork, ["no such result"], ["right"]) == ""


def test_the_last_term_in_common_stands_before_what_only_the_next_step_makes_of_the_other_result():
    order = SUM.order
    two = Walk(
        order=order,
        start=terms("start", a_before=lambda a0: a0, b_before=lambda b0: b0),
        step=terms("a", a=lambda a_before, b_before: a_before + b_before) | terms("b", b=lambda a: 2 * a),
        carried={"a_before": "a", "b_before": "b"},
        results=terms("results", all_b=lambda b: b, all_a=lambda a: a, last=lambda a_before: a_before),
    )
    assert last_in_common(two, ["all_b", "all_a"], []) == "a"
    assert last_in_common(two, ["all_b"], ["all_a"]) == "all_b"
    assert last_in_common(two, ["all_a", "all_b"], ["last"]) == ""  # a wrong a would have been carried to the last
    assert last_in_common(SUM, ["s"], ["last"]) == "s"


def test_a_replaced_term_changes_all_that_is_made_of_it_and_may_need_other_values():
    assert PRODUCT({"a": 3, "k": 7}, {"b": lambda k: k}) == {"a": 3, "k": 7, "b": 7, "c": 21}


def test_what_is_known_stays_as_it_was():
    known = {"a": 3}
    PRODUCT(known, {"b": lambda a: 0})
    assert known == {"a": 3}


def test_every_term_knows_its_equation():
    assert PRODUCT.equations == {"b": "first", "c": "second"}
    assert SUM.equations == {
        "order": "order", "before": "start", "x_t": "input", "old": "input", "new": "sum",
        "s": "result", "last": "result", "walked": "result",
    }  # fmt: skip


def test_a_table_behind_another_replaces_its_terms():
    table = terms("first", a=lambda: 1, b=lambda: 2) | terms("second", a=lambda: 3)
    assert Once(table)({}, {}) == {"a": 3, "b": 2}
    assert Once(table).equations == {"a": "second", "b": "first"}
    assert Term(len).equation == ""


def test_a_formula_is_given_the_values_that_its_parameters_are_called_like():
    def formula(y, x):
        other = 10 * x
        return other - y

    assert taken_apart(formula)[1] == ("y", "x")
    assert apply(formula, {"x": 3, "y": 1, "z": 5}) == 29


def test_a_formula_made_by_of_takes_the_values_named_whatever_its_parameters_are_called():
    formula = of("Wx dz", lambda weights, gradient, factor=2: factor * (weights - gradient))
    assert taken_apart(formula)[1] == ("Wx", "dz")
    assert apply(formula, {"dz": 1, "Wx": 4}) == 6
    assert formula(4, 1) == 6
    assert apply(of("x", np.negative), {"x": 2}) == -2


def walked(**replaced):
    """Return the running sum with some of its terms replaced."""
    return SUM(GIVEN, replaced)


def test_a_walk_carries_a_term_of_one_step_to_the_next():
    np.testing.assert_array_equal(walked()["s"][:, 0], [1001, 1011, 1111])


def test_results_see_the_steps_stacked_time_first_and_what_is_carried_as_the_last_step_left_it():
    came = walked()
    assert came["s"].shape == (3, 1)
    np.testing.assert_array_equal(came["last"], [1111])
    np.testing.assert_array_equal(came["walked"], [True, True, True])


@pytest.mark.parametrize(
    ("replaced", "s"),
    [
        ({"order": lambda T: range(T - 1, -1, -1)}, [1111, 1110, 1100]),
        ({"before": lambda s0: 2 * s0}, [2001, 2011, 2111]),
        ({"x_t": lambda x, t, T: x[T - 1 - t]}, [1100, 1110, 1111]),
        ({"old": lambda s0: s0}, [1001, 1010, 1100]),
        ({"new": lambda old, x_t: old - x_t}, [999, 989, 889]),
        ({"s": lambda new: new[::-1]}, [1111, 1011, 1001]),
        ({"s": lambda x_t, old: x_t + 2 * old}, [2001, 2012, 2122]),
    ],
    ids=["order", "start", "input", "state", "sum", "result", "result of other terms"],
)
def test_any_term_of_a_walk_can_be_replaced(replaced, s):
    np.testing.assert_array_equal(walked(**replaced)["s"][:, 0], s)


def test_a_step_that_is_not_walked_holds_zero_in_the_stacks():
    came = walked(order=lambda T: range(2, 0, -1))
    np.testing.assert_array_equal(came["s"][:, 0], [0, 1110, 1100])
    np.testing.assert_array_equal(came["walked"], [False, True, True])


def test_a_step_that_is_not_walked_holds_anything_in_what_is_put_batch_first():
    came = walked(order=lambda T: [1], s=lambda new, visited: batch_first(new[:, None], visited))
    np.testing.assert_array_equal(came["s"], [[[np.nan], [1010], [np.nan]]])


def test_batch_first_puts_the_batch_before_time():
    stacked = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(batch_first(stacked, np.array([True, True])), stacked.transpose(1, 0, 2))


def test_a_step_that_is_walked_twice_holds_what_came_last():
    np.testing.assert_array_equal(walked(order=lambda: [0, 1, 2, 0])["s"][:, 0], [1112, 1011, 1111])


def test_only_what_a_result_asks_for_is_stacked():
    growing = {"x_t": lambda x, t: x[: t + 1, 0].sum(keepdims=True), "old": lambda x, t: x[: t + 1]}
    assert walked(**growing, new=lambda x_t: x_t)["s"].shape == (3, 1)
    with pytest.raises(ValueError, match="shape"):
        walked(**growing, new=lambda x_t: x_t, s=lambda old: old)


def test_steps_that_were_walked_once_give_any_results():
    walk = SUM.walk(GIVEN, {})
    for replaced in ({}, {"s": lambda new: new[::-1]}, {"s": lambda x_t, old: x_t + 2 * old}):
        came, expected = SUM.finish(walk, replaced), SUM(GIVEN, replaced)
        for name in ("s", "last", "walked"):
            np.testing.assert_array_equal(came[name], expected[name])


def test_a_walk_leaves_what_is_known_as_it_was():
    before = dict(GIVEN)
    walked()
    assert before == GIVEN


def test_a_walk_of_no_step_has_nothing_to_stack():
    with pytest.raises(ValueError, match="no step is walked"):
        walked(order=lambda T: range(0))
