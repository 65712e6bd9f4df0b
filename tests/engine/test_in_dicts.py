"""Questions that ask for a dict of arrays: what passes, what is refused, what is said."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from small_layers import failure_of, passes

from autograder.engine.in_dicts import InDict
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

SEEDS = range(10)


def draw(rng, *, factor=None, **sizes):
    """Draw two arrays and a factor."""
    sizes = draw_sizes(rng, "DH", **sizes)
    arrays = {"W": rng.standard_normal((sizes["D"], sizes["H"])), "b": rng.standard_normal(sizes["H"])}
    return Problem(sizes, {"arrays": arrays, "factor": factor or float(rng.uniform(2, 3))})


TIMES = Calculation(
    draw,
    lambda problem: {"longer": {name: a * problem.given["factor"] for name, a in problem.given["arrays"].items()}},
    Once(terms("times", longer=lambda arrays, factor: {name: factor * a for name, a in arrays.items()})),
    lambda problem: problem.given,
    equation="times",
    mistakes=(
        mistake("twice", "The factor is taken twice.", longer=lambda arrays, factor: {
            name: factor**2 * a for name, a in arrays.items()
        }),
        mistake("b_left", "b stays as it was.", longer=lambda arrays, factor: {
            "W": factor * arrays["W"], "b": arrays["b"]
        }),
    ),
    cases=(Case(" with the factor 1", {"factor": 1.0}, branches=True),),
)  # fmt: skip
longer = InDict("longer(arrays, factor) -> longer", TIMES, "All is right.", entries={"W": "DH", "b": "H"})


def right(arrays, factor):
    return {name: factor * array for name, array in arrays.items()}


def changed(**spoil):
    """Return a function that is right but for some entries."""
    return lambda arrays, factor: {
        name: spoil.get(name, lambda a: a)(array) for name, array in right(arrays, factor).items()
    }


def test_a_right_dict_passes_in_any_order_and_whatever_else_it_holds():
    for seed in SEEDS:
        assert passes(longer, seed, longer=right) == "All is right."
        assert passes(longer, seed, longer=lambda *a: dict(reversed(right(*a).items()))) == "All is right."
        assert passes(longer, seed, longer=lambda *a: {**right(*a), "norm": 1.0}) == "All is right."
        assert passes(longer, seed, longer=lambda *a: SimpleNamespace(**right(*a))) == "All is right."


def test_a_wrong_entry_is_told_by_its_name_and_place():
    message = str(failure_of(longer, longer=changed(b=lambda b: b + 1)))
    assert message.startswith('longer: longer["b"] is wrong.')
    assert '  longer["b"][' in message


def test_a_mistake_in_several_entries_is_named_once():
    failure = failure_of(longer, longer=lambda arrays, factor: right(arrays, factor**2))
    assert failure.mistakes == ("twice",)
    assert failure.tensors == ('longer["W"]', 'longer["b"]')
    assert "The factor is taken twice." in str(failure)
    assert failure_of(longer, longer=changed(b=lambda b: b / np.abs(b).max())).mistakes == ()
    left = failure_of(longer, longer=lambda arrays, factor: {**right(arrays, factor), "b": 1 * arrays["b"]})
    assert left.mistakes == ("b_left",)


def test_what_is_no_dict_of_arrays_is_told_what_was_expected():
    for wrong, told in (
        (lambda *a: None, "longer returns None. Does it end in a `return`?\n  Expected is a dict with W, b."),
        (lambda *a: 3.0, "longer returns something else than a dict."),
        (lambda *a: tuple(right(*a).values()), "longer returns something else than a dict."),
        (lambda *a: {"W": right(*a)["W"]}, "longer: longer holds no array b; expected a dict with W, b."),
        (lambda *a: {"w": 1, "B": 2}, "longer: longer holds no array W and no b; expected a dict with W, b."),
        (changed(b=lambda b: b.tolist()), "longer: longer holds no array b; expected"),
        (changed(b=lambda b: b[None]), 'longer["b"] has shape (1, '),
        (changed(W=lambda W: W.astype(np.float32)), 'longer["W"] has dtype float32'),
        (changed(W=lambda W: W * np.nan), 'longer["W"] holds nan'),
    ):
        assert told in str(failure_of(longer, longer=wrong))


def test_a_dict_that_is_written_into_is_refused():
    def in_place(arrays, factor):
        for array in arrays.values():
            array *= factor
        return arrays

    failure = failure_of(longer, longer=in_place)
    assert str(failure).startswith("longer changes its argument arrays in place.")
    assert failure.tensors == ("arrays",)


def test_an_answer_that_is_another_one_the_second_time_or_kept_is_refused():
    calls, kept = [], {}

    def drifts(arrays, factor):
        calls.append(1)
        return right(arrays, factor * (1 + 3e-10 * len(calls)))

    def keeps(arrays, factor):
        return kept.setdefault(arrays["W"].shape, right(arrays, factor))

    assert "gives two answers" in str(failure_of(longer, longer=drifts))
    failure = failure_of(longer, longer=keeps)
    assert failure.mistakes == ("answer_kept",)
    assert "when it is called again with other numbers of the same sizes" in str(failure)


def test_what_is_wrong_in_one_circumstance_only_is_told_with_it():
    def wrong_at_one(arrays, factor):
        return right(arrays, 0.5 if factor == 1 else factor)

    assert "wrong with the factor 1." in str(failure_of(longer, longer=wrong_at_one))


def draw_others(rng, *, entries=None, factor=None, **sizes):
    """Draw arrays of some names, and a factor."""
    problem = draw(rng, factor=factor, **sizes)
    shapes = {name: tuple(problem.sizes[letter] for letter in axes) for name, axes in (entries or ENTRIES).items()}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return Problem(problem.sizes, {**problem.given, "arrays": arrays})


ENTRIES = {"W": "DH", "b": "H"}
others = replace(longer, calculation=replace(TIMES, draw=draw_others), others=({**ENTRIES, "c": "D"}, {"K": "HD"}))


def test_a_function_that_knows_the_names_by_heart_is_refused_where_there_are_others():
    def by_heart(arrays, factor):
        return {"W": factor * arrays["W"], "b": factor * arrays["b"]}

    assert passes(longer, longer=by_heart) == passes(others, longer=right) == "All is right."
    message = str(failure_of(others, longer=by_heart))
    assert message.startswith("longer: longer holds no array c; expected a dict with W, b, c.")
    assert message.endswith(
        "\n  That is where the dicts hold W, b, c. It was right for W, b: take the names from the dict."
    )
    failure = failure_of(others, longer=lambda arrays, factor: right(arrays, factor if "W" in arrays else factor**2))
    assert failure.mistakes == ()
    assert "the dicts hold K." in str(failure)
    assert failure_of(others, longer=lambda arrays, factor: right(arrays, factor**2)).mistakes == ("twice",)
