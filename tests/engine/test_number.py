"""Questions that ask for a function of sizes which returns a whole number."""

import numpy as np
import pytest
from small_layers import failure_of, passes

from autograder.engine.mistakes import mistake
from autograder.engine.number import Number
from autograder.engine.problems import Problem
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms


def draw(rng):
    """Draw the sizes of three tables."""
    rows, columns = rng.integers(2, 60, (2, 3))
    return Problem({"tables": 3}, {"rows": rows, "columns": columns})


TABLE = Calculation(
    draw,
    lambda problem: {"count": np.array([r * c + c for r, c in zip(*problem.given.values(), strict=True)], float)},
    Once(
        terms("table", cells=lambda rows, columns: rows * columns)
        | terms("head", count=lambda cells, columns: cells + columns)
    ),
    lambda problem: problem.given,
    equation="table",
    mistakes=(
        mistake("head_missing", "The head of the table is not counted.", count=lambda cells: cells),
        mistake("square", "The table is counted as a square.", cells=lambda rows: rows * rows),
    ),
)
cells = Number("cells(rows, columns) -> count", TABLE, "The count is right.")
SEEDS = range(20)


def right(rows, columns):
    return rows * columns + columns


def test_a_right_count_passes_and_is_told_what_was_checked():
    for seed in SEEDS:
        assert passes(cells, seed, cells=right) == "The count is right."


def test_every_table_is_asked_for_with_plain_whole_numbers():
    asked = []

    def remembers(rows, columns):
        asked.append((rows, columns))
        return right(rows, columns)

    passes(cells, 4, cells=remembers)
    given = draw(np.random.default_rng(4)).given
    assert asked == list(zip(given["rows"].tolist(), given["columns"].tolist(), strict=True))
    assert all(type(size) is int for pair in asked for size in pair)


@pytest.mark.parametrize(("wrong", "apart"), [(1, "1 too many"), (-1, "1 too few"), (20, "20 too many")])
def test_a_wrong_count_is_told_with_its_sizes_and_how_far_it_is_off(wrong, apart):
    for seed in SEEDS:
        failure = failure_of(cells, seed, cells=lambda rows, columns: right(rows, columns) + wrong)
        rows, columns = (int(sizes[0]) for sizes in draw(np.random.default_rng(seed)).given.values())
        assert str(failure).splitlines() == [
            f"cells is wrong for rows = {rows}, columns = {columns}: {right(rows, columns) + wrong} is {apart}.",
            "  See equation table.",
        ]
        assert failure.mistakes == ()
        assert failure.tensors == ("cells",)


def test_the_first_table_that_is_wrong_is_told():
    last = draw(np.random.default_rng(0)).given["rows"][2]
    assert f"wrong for rows = {last}, " in str(
        failure_of(cells, cells=lambda rows, columns: right(rows, columns) - (rows == last))
    )


def test_an_answer_that_is_right_for_one_table_only_is_refused():
    known = {}

    def kept(rows, columns):
        return known.setdefault("count", right(rows, columns))

    for seed in SEEDS:
        failure_of(cells, seed, cells=kept)
        known.clear()


@pytest.mark.parametrize(
    ("wrong", "names", "sentences"),
    [
        (lambda rows, columns: rows * columns, ("head_missing",), ["The head of the table is not counted."]),
        (lambda rows, columns: rows * rows + columns, ("square",), ["The table is counted as a square."]),
        (
            lambda rows, columns: rows * rows,
            ("head_missing", "square"),
            ["The head of the table is not counted.", "The table is counted as a square."],
        ),
    ],
    ids=["one", "another", "both"],
)
def test_a_known_mistake_is_named_with_its_sentence_and_its_equation(wrong, names, sentences):
    for seed in SEEDS:
        failure = failure_of(cells, seed, cells=wrong)
        assert failure.mistakes == names
        assert str(failure).splitlines()[1 : 1 + len(sentences)] == [f"  {sentence}" for sentence in sentences]
        equation = {"head_missing": "head", "square": "table"}[names[0]]
        assert f"  See equation {equation}." in str(failure)


def test_a_count_of_zero_has_no_name():
    failure = failure_of(cells, cells=lambda rows, columns: 0)
    assert failure.mistakes == ()
    assert "too few" in str(failure)


@pytest.mark.parametrize(
    ("wrong", "came"),
    [(lambda r, c: float(right(r, c)), "a float"), (lambda r, c: None, "None"), (lambda r, c: "12", "a text"),
     (lambda r, c: 10**30, "a number of more than twelve digits")],
)  # fmt: skip
def test_what_is_not_a_whole_number_is_refused(wrong, came):
    said = str(failure_of(cells, cells=wrong))
    assert said.startswith("cells returns ")
    assert said.endswith("; expected a whole number (int).")
    assert came == "a float" or came in said


def test_a_number_in_an_array_without_axes_is_a_number():
    passes(cells, cells=lambda rows, columns: np.asarray(right(rows, columns)))


def test_a_function_that_raises_is_told_so():
    assert str(failure_of(cells, cells=lambda rows, columns: 1 / 0)).startswith("cells raised ZeroDivisionError")


def test_a_name_is_confirmed_on_tables_of_other_sizes():
    calls = []

    def at_first(rows, columns):
        calls.append(1)
        return rows * columns if len(calls) <= 3 else right(rows, columns) + 7

    assert failure_of(cells, cells=at_first).mistakes == ()
