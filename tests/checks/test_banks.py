"""Every check is tried on a bank of right and a bank of wrong solutions, over many seeds."""

from collections import Counter

import banks
import pytest

FEW, MANY = range(5), range(200)
AT_LEAST_RIGHT, AT_LEAST_WRONG = 6, 12

RIGHT = [
    pytest.param(problem_set, check, style, id=f"{problem_set}-{check}-{style}")
    for problem_set in banks.problem_sets()
    for check in banks.checks_of(problem_set)
    for style in banks.right_solutions(problem_set)
]
WRONG = [
    pytest.param(problem_set, check, name, id=f"{problem_set}-{check}-{name}")
    for problem_set in banks.problem_sets()
    for check, name in banks.wrong_names(problem_set)
]


def refused(problem_set, check, style, seeds):
    """Return what the check says against a right solution, by seed; nothing if all is well."""
    namespace = banks.right_solutions(problem_set)[style]
    verdicts = {seed: banks.verdict(check, namespace, seed) for seed in seeds}
    return {seed: str(failure) for seed, failure in verdicts.items() if failure is not None}


def names_a_tensor(failure):
    """Whether a message names what is wrong, or, where a function raised, the arrays it was given."""
    if "It was called with" in str(failure):
        return True
    return bool(failure.tensors) and all(tensor in str(failure) for tensor in failure.tensors)


def not_refused(problem_set, check, name, seeds):
    """Return the seeds at which a wrong solution passes, or is refused without a word about the tensor."""
    namespace = banks.wrong_solution(problem_set, check, name)
    verdicts = {seed: banks.verdict(check, namespace, seed) for seed in seeds}
    return {
        seed: "passed" if failure is None else str(failure)
        for seed, failure in verdicts.items()
        if failure is None or not names_a_tensor(failure)
    }


@pytest.mark.parametrize(("problem_set", "check", "style"), RIGHT)
def test_a_right_solution_in_any_style_passes(problem_set, check, style):
    assert refused(problem_set, check, style, FEW) == {}


@pytest.mark.parametrize(("problem_set", "check", "name"), WRONG)
def test_a_wrong_solution_is_refused_and_the_tensor_named(problem_set, check, name):
    assert not_refused(problem_set, check, name, FEW) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("problem_set", "check", "style"), RIGHT)
def test_a_right_solution_in_any_style_passes_with_two_hundred_seeds(problem_set, check, style):
    assert refused(problem_set, check, style, MANY) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("problem_set", "check", "name"), WRONG)
def test_a_wrong_solution_is_refused_with_two_hundred_seeds(problem_set, check, name):
    assert not_refused(problem_set, check, name, MANY) == {}


@pytest.mark.parametrize("problem_set", banks.problem_sets())
def test_there_are_enough_right_and_wrong_solutions_for_every_check(problem_set):
    wrong = Counter(check for check, _ in banks.wrong_names(problem_set))
    checks = [check for check in banks.checks_of(problem_set) if banks.is_gradient_check(check)]
    too_few = {check: wrong[check] for check in checks if wrong[check] < AT_LEAST_WRONG}
    assert too_few == {}
    assert len(banks.right_solutions(problem_set)) > AT_LEAST_RIGHT
