"""The embedded Reber grammar, and the rules by which a sequence of a classic task is answered right."""

import re

import numpy as np
import pytest

from unrolled.reber import SYMBOLS, embedded_reber, successors
from unrolled.success import adding_right, all_symbols_right, reber_right, temporal_order_right
from unrolled.tasks import adding, copy, temporal_order

# The inner grammar, drawn by hand from its graph as a regular expression. In the place behind BT is a loop of S, in the
# one behind BP a loop of T, and the two are joined by X on the way up and P X on the way down.
ABOVE = "T*V(?:PXT*V)*(?:V|PS)"
INNER = f"B(?:TS*X(?:S|X{ABOVE})|P{ABOVE})E"
STRING = re.compile(f"B(?:T{INNER}T|P{INNER}P)E")


def strings(x, targets, mask):
    """Return the strings of a batch, with their last symbol."""
    return [
        SYMBOLS[steps[0].argmax()] + "".join(SYMBOLS[target] for target in row[counts])
        for steps, row, counts in zip(x, targets, mask, strict=True)
    ]


def one_hot(string):
    return np.eye(len(SYMBOLS))[[SYMBOLS.index(symbol) for symbol in string]][None]


def test_strings_are_those_of_the_grammar_and_come_by_both_ways():
    batch = embedded_reber(np.random.default_rng(0), N=400)
    found = strings(*batch)
    assert all(STRING.fullmatch(string) for string in found)
    assert {string[1] for string in found} == {"T", "P"}
    assert min(map(len, found)) == 9
    assert len(set(found)) > 60


def test_inputs_are_the_targets_of_the_step_before_and_end_with_the_string():
    x, targets, mask = embedded_reber(np.random.default_rng(1), N=30)
    np.testing.assert_array_equal(x.sum(axis=2), mask)
    np.testing.assert_array_equal(x.argmax(axis=2)[:, 1:][mask[:, 1:]], targets[:, :-1][mask[:, 1:]])


@pytest.mark.parametrize(
    ("start", "allowed"),
    [("B", "TP"), ("BP", "B"), ("BPB", "TP"), ("BPBT", "SX"), ("BPBTX", "XS"), ("BPBTXS", "E"), ("BPBPV", "PV"),
     ("BPBTXSE", "P"), ("BTBTXSE", "T"), ("BTBTXSET", "E"), ("BTBTXSETE", "")],
)  # fmt: skip
def test_successors_are_the_ways_on_in_the_graph(start, allowed):
    (last,) = successors(one_hot(start))[:, -1]
    assert {SYMBOLS[index] for index in np.flatnonzero(last)} == set(allowed)


@pytest.mark.parametrize("start", ["T", "BX", "BTT", "BTBTP", "BTBTXSEP", "BTBTXSETT", "BTBTXSETEE"])
def test_what_begins_no_string_of_the_grammar_is_refused(start):
    with pytest.raises(ValueError, match="begins no string of the grammar"):
        successors(one_hot(start))


def test_no_string_at_all_is_refused():
    with pytest.raises(ValueError, match="embedded_reber: N is 0"):
        embedded_reber(np.random.default_rng(0), N=0)


def test_a_string_is_right_where_everything_allowed_stands_above_everything_else():
    x, targets, mask = embedded_reber(np.random.default_rng(2), N=6)
    y = successors(x).astype(float)
    assert reber_right(y, x, targets, mask).all()
    y[0, 3] = y[0, 3].max()
    y[1, mask[1].sum() :] = -y[1, mask[1].sum() :] - 1  # behind the end anything goes
    np.testing.assert_array_equal(reber_right(y, x, targets, mask), [False, True, True, True, True, True])


def test_a_sum_is_right_within_four_percent_of_the_range():
    x, targets, mask = adding(np.random.default_rng(3), T=10, N=4)
    y = np.full_like(targets, 9.0)
    y[:, -1, 0] = targets[:, -1, 0] + [0.079, -0.079, 0.081, -0.081]
    np.testing.assert_array_equal(adding_right(y, x, targets, mask), [True, True, False, False])


def test_an_order_is_right_where_each_probability_is_off_by_less_than_three_tenths():
    x, targets, mask = temporal_order(np.random.default_rng(4), T=20, N=3)
    y = np.zeros((3, 20, 4))
    for n, probability in enumerate((0.71, 0.69, 0.4)):
        y[n, -1] = np.log((1 - probability) / 3)
        y[n, -1, targets[n, -1]] = np.log(probability)
    np.testing.assert_array_equal(temporal_order_right(y, x, targets, mask), [True, False, False])


def test_a_copy_is_right_where_every_symbol_is():
    x, targets, mask = copy(np.random.default_rng(5), length=3, lag=2, N=2)
    y = np.eye(8)[targets]
    y[:, 0] = 0  # asked for nothing there
    y[1, -1] = np.roll(y[1, -1], 1)
    np.testing.assert_array_equal(all_symbols_right(y, x, targets, mask), [True, False])
