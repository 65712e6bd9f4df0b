"""Every circumstance that a message may tell is the one that is drawn."""

import re

import numpy as np
import pytest

from autograder.engine.questions import Question
from autograder.sets import QUESTIONS

CALCULATIONS = {name: question.calculation for name, question in QUESTIONS.items() if isinstance(question, Question)}
CASES = [
    pytest.param(calculation, case, id=f"{name}{case.circumstance}".replace(" ", "-"))
    for name, calculation in CALCULATIONS.items()
    for case in calculation.cases
]


def drawn(calculation, options):
    """Return a few problems that are drawn with these options."""
    return [calculation.draw(np.random.default_rng(seed), **options) for seed in range(10)]


@pytest.mark.parametrize(("calculation", "case"), CASES)
def test_the_sizes_that_a_circumstance_names_are_drawn(calculation, case):
    named = re.search(r"(\w(?: = \w)*) = (\d+)(?:, (\w) = (\d+))?$", case.circumstance)
    for problem in drawn(calculation, case.options):
        values = {**problem.given, **problem.sizes}
        if named:
            assert {values[letter] for letter in named[1].split(" = ")} == {int(named[2])}
            assert named[3] is None or values[named[3]] == int(named[4])
        if case.circumstance == " at k = T":
            assert values["k"] == values["T"] > 1
        if case.circumstance == " at k larger than T":
            assert values["k"] > values["T"] > 1
        if case.circumstance == " where T is a multiple of k":
            assert values["T"] % values["k"] == 0
            assert 1 < values["k"] < values["T"]


@pytest.mark.parametrize(("calculation", "case"), CASES)
def test_a_circumstance_stands_behind_the_word_wrong(calculation, case):
    assert re.match(r" (at|where|with) \w", case.circumstance)
    assert not case.circumstance.endswith((".", " "))
    assert case.hint == "" or case.hint.endswith((".", "?"))


@pytest.mark.parametrize("name", CALCULATIONS)
def test_circumstances_are_told_apart(name):
    circumstances = [case.circumstance for case in CALCULATIONS[name].cases]
    assert len(set(circumstances)) == len(circumstances)


# Rows that are reversed have no weights: their sizes see to it that no row is full.
SQUARE = [name for name, calculation in CALCULATIONS.items() if calculation.square and name != "reverse_by_length"]


@pytest.mark.parametrize("name", SQUARE)
def test_square_sizes_make_the_input_weights_square(name):
    for problem in drawn(CALCULATIONS[name], CALCULATIONS[name].square):
        weights = next(problem.given[name] for name in ("Wx", "W1", "W", "Wx_enc") if name in problem.given)
        assert weights.shape[-2] == weights.shape[-1]
        units = "H" if "H" in problem.sizes else "V"  # an affine layer has no hidden units, but outputs
        assert len({problem.sizes[letter] for letter in "NT" + units if letter in problem.sizes}) > 1
