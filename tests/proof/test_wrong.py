"""Every wrong solution is refused, be it written by hand or made from the true one, and is told what it has to be."""

import pytest
from cheats import NOT_SEEN, cheats
from corruptions import corruptions
from mutants import mutants

import solutions
from autograder.engine.trained import Trained

# Here on one seed, and of what is made by the hundred every third; `make prove` looks at all of it on many.
SEED = 0
EVERY = 3
QUICK = ("central differences", "complex step of 1e-8", "complex step of 1e-200")


def passes(question, namespace):
    """Whether a wrong solution is taken for a right one."""
    return solutions.verdict(question, namespace, SEED) is None


def test_a_wrong_solution_is_refused_and_told_its_mistake(set_name, question):
    said = {}
    for wrong in solutions.wrong_solutions(set_name, question.name):
        complaint = wrong.complaint(solutions.verdict(question, wrong.namespace(), SEED))
        if complaint:
            said[wrong.label] = complaint
    assert said == {}


def test_a_spoiled_solution_is_refused(set_name, question):
    asked, true = solutions.cheap(question, solutions.true_solution(set_name))
    some = list(corruptions(question))[::EVERY]
    spoiled = {name: {**true, question.name: spoil(true[question.name])} for name, spoil in some}
    survivors = {name for name, namespace in spoiled.items() if passes(asked, namespace)}
    harmless = solutions.harmless_corruptions(set_name, question.name)
    assert spoiled
    assert survivors == set(harmless) & set(spoiled)


def test_a_mutant_is_refused_unless_it_is_known_to_be_no_mistake(set_name, question):
    equivalent = solutions.equivalent_mutants(set_name, question.name)
    tried, survivors = set(), set()
    # What a model is trained with may be changed and the model be as good: there is no single right line.
    made = () if isinstance(question, Trained) else mutants(set_name, question.name)
    for what, source in list(made)[::EVERY]:
        tried.add(what)
        try:
            namespace = solutions.with_cell(set_name, question.name, source)
        except Exception:  # a mutant that cannot even be run is no danger
            continue
        if passes(question, namespace):
            survivors.add(what)
    assert survivors == tried & set(equivalent)


def test_a_derivative_without_the_chain_rule_is_refused(set_name, derivative):
    # Those that are quick: a right gradient but for one tensor, where there are more.
    of_one = [(name, cheat) for name, cheat in cheats(set_name, derivative) if name.startswith(QUICK)]
    found = [(name, cheat) for name, cheat in of_one if "alone" in name] or of_one
    assert found
    assert _accepted(set_name, derivative, found) == set()


@pytest.mark.long
@pytest.mark.parametrize("said_to_pass", sorted(NOT_SEEN))
def test_a_cheat_that_is_said_to_pass_passes(said_to_pass):
    """All others are looked at in `make prove`."""
    name = said_to_pass.partition(": ")[0]
    set_name, question = next(found for found in solutions.questions() if found[1].name == name)
    found = [(how, cheat) for how, cheat in cheats(set_name, question) if f"{name}: {how}" == said_to_pass]
    assert _accepted(set_name, question, found) == {said_to_pass}


def test_the_cheats_that_pass_are_among_those_that_are_tried():
    tried = {f"{question.name}: {name}" for of, question in solutions.questions() for name, _ in cheats(of, question)}
    assert tried >= NOT_SEEN


def _accepted(set_name, question, found):
    true = solutions.true_solution(set_name)
    return {f"{question.name}: {name}" for name, cheat in found if passes(question, cheat(true))}
