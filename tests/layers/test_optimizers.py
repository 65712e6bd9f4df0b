"""The steps of RMSProp that are asked for, worked out once more by hand."""

import numpy as np
import pytest

from autograder.layers.optimizers import rmsprop

SEEDS = range(50)
CASES = [{}, *(case.options for case in rmsprop.cases)]


@pytest.mark.parametrize("options", CASES)
def test_a_step_is_that_of_its_equation_entry_by_entry(options):
    for seed in SEEDS:
        problem = rmsprop.draw(np.random.default_rng(seed), **options)
        theta, v, grad, learning_rate, beta, epsilon = problem.given.values()
        right = rmsprop.right(problem)
        for place in np.ndindex(theta.shape):
            mean = beta * v[place] + (1 - beta) * grad[place] ** 2
            moved = theta[place] - learning_rate * grad[place] / (mean**0.5 + epsilon)
            assert right["v_new"][place] == pytest.approx(mean, rel=1e-12, abs=0)
            assert right["theta_new"][place] == pytest.approx(moved, rel=1e-12, abs=1e-15)


def test_what_is_given_is_not_changed_by_working_out_what_is_right():
    problem = rmsprop.draw(np.random.default_rng(0))
    before = {name: np.array(value) for name, value in problem.given.items()}
    rmsprop.right(problem)
    for name, value in before.items():
        np.testing.assert_array_equal(problem.given[name], value)


def test_the_circumstances_are_those_that_are_told():
    first, still, tiny, small = (case.options for case in rmsprop.cases)
    for seed in SEEDS:
        given = [rmsprop.draw(np.random.default_rng(seed), **options).given for options in (first, still, tiny, small)]
        assert not given[0]["v"].any()
        assert given[0]["grad"].all()
        assert not given[1]["v"].any()
        assert not given[1]["grad"].any()
        assert 0 < np.abs(given[2]["grad"]).max() < 1e-5
        assert 1e-8 <= given[3]["epsilon"] <= 2e-8
