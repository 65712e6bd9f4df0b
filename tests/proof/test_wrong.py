"""Every wrong solution is refused, be it written by hand or made from the true one, and is told what it has to be."""

from cheats import cheats
from corruptions import corruptions
from mutants import mutants

import solutions
from autograder.engine.trained import Trained

# Here on one seed, and of what is made by the hundred every third; `make audit` looks at all of it on many.
SEED = 0
EVERY = 3


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


def test_a_backward_pass_made_of_differences_is_refused(set_name, gradient):
    true = solutions.true_solution(set_name)
    found = {name: cheat(true) for name, cheat in cheats(gradient)}
    assert found
    assert [name for name, namespace in found.items() if passes(gradient, namespace)] == []
