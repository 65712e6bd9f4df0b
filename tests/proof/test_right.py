"""No right solution is refused, in whatever style it is written and however it is dressed."""

import pytest
from dresses import dresses

import solutions

SEEDS = range(3)


def refused(question, namespace):
    """Return what is said against a right solution, by seed; nothing if all is well."""
    verdicts = {seed: solutions.verdict(question, namespace, seed) for seed in solutions.few(question, SEEDS)}
    return {seed: str(failure) for seed, failure in verdicts.items() if failure is not None}


@pytest.mark.trains
def test_the_true_solution_passes(set_name, question):
    assert refused(question, solutions.true_solution(set_name)) == {}


@pytest.mark.trains
def test_every_other_style_passes(set_name, question):
    names = [path.stem.removeprefix(f"{set_name}_") for path in solutions.styles(set_name)]
    said = {name: refused(question, solutions.right_solution(set_name, name)) for name in names}
    assert {name: refusals for name, refusals in said.items() if refusals} == {}


def test_the_true_solution_passes_in_every_dress(set_name, question):
    true = solutions.true_solution(set_name)
    asked, true = solutions.cheap(question, true)
    said = {name: refused(asked, dress(true)) for name, dress in dresses(question)}
    assert said
    assert {name: refusals for name, refusals in said.items() if refusals} == {}
