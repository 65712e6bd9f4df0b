"""An argument that is a function crosses as its coefficients, and questions of the order of accuracy that need one."""

import numpy as np
import pytest
from small_layers import failure_of, passes

from autograder.engine.calling import Polynomial
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Problem, draw_sizes
from autograder.engine.properties import Order
from autograder.engine.questions import Calculation
from autograder.engine.student import CheckFailed, Student
from autograder.engine.terms import Once, terms

SEEDS = range(5)
POLYNOMIAL = Polynomial(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, -1.0]))


def call(function, **arguments):
    """Call a function as a check does, under the name f."""
    return Student.of_namespace({"f": function}).call("f", **arguments)


def test_a_polynomial_is_the_sum_of_powers_and_the_third_power_of_a_sum():
    assert POLYNOMIAL(np.array([3.0, 5.0])) == 3 + 2 * 25 + (3 - 5) ** 3
    assert type(POLYNOMIAL(np.array([3.0, 5.0]))) is float
    assert POLYNOMIAL([3.0, 5.0]) == POLYNOMIAL(np.array([3.0, 5.0]))


def test_a_polynomial_refuses_an_array_of_another_shape():
    with pytest.raises(ValueError, match=r"f takes an array of shape \(2,\), not \(2, 1\)"):
        POLYNOMIAL(np.zeros((2, 1)))


def test_a_student_is_given_a_function_that_can_be_called_and_not_spoiled():
    def spoil(f):
        f.__closure__[0].cell_contents.powers[...] = 0
        return f(np.array([3.0, 5.0]))

    assert call(lambda f: f(np.array([3.0, 5.0])), f=POLYNOMIAL) == 45
    assert call(spoil, f=POLYNOMIAL) == -8
    assert call(lambda f: f(np.array([3.0, 5.0])), f=POLYNOMIAL) == 45


def test_what_a_polynomial_complains_of_is_told_as_the_students_error():
    with pytest.raises(CheckFailed, match=r"f raised ValueError: f takes an array of shape \(2,\), not \(\)"):
        call(lambda f: f(1.0), f=POLYNOMIAL)


def draw(rng, **sizes):
    """Draw x and a step; the slope of the third power is asked for."""
    sizes = draw_sizes(rng, "H", **sizes)
    return Problem(sizes, {"x": rng.uniform(0.5, 1.5, sizes["H"]), "eps": float(rng.uniform(0.1, 0.2))})


def order(came, given):
    exact = 3 * given["x"] ** 2
    return np.log2(np.linalg.norm(came["s"] - exact) / np.linalg.norm(came["s_halved"] - exact))


CUBE = Calculation(
    draw,
    lambda problem: {
        "s": 3 * problem.given["x"] ** 2 + problem.given["eps"] ** 2,
        "s_halved": 3 * problem.given["x"] ** 2 + problem.given["eps"] ** 2 / 4,
    },
    Once(
        terms(
            "slope",
            rule=lambda: lambda x, e: ((x + e) ** 3 - (x - e) ** 3) / (2 * e),
            s=lambda rule, x, eps: rule(x, eps),
            s_halved=lambda rule, x, eps: rule(x, eps / 2),
        )
    ),
    lambda problem: problem.given,
    equation="slope",
    mistakes=(mistake("one_sided", "It is one-sided.", rule=lambda: lambda x, e: ((x + e) ** 3 - x**3) / e),),
)
LOOKS = {"the order of accuracy": ("", order), "the slope": ("H", lambda came, given: came["s"])}
slope = Order("slope(x, eps) -> s H", CUBE, "All is right.", properties=LOOKS, step="eps")


def central(x, eps):
    return ((x + eps) ** 3 - (x - eps) ** 3) / (2 * eps)


def test_what_has_the_order_and_the_numbers_passes():
    for seed in SEEDS:
        assert passes(slope, seed, slope=central) == "All is right."


def test_a_lower_order_is_told_with_both_numbers_and_its_mistake():
    for seed in SEEDS:
        failure = failure_of(slope, seed, slope=lambda x, eps: ((x + eps) ** 3 - x**3) / eps)
        assert failure.mistakes == ("one_sided",)
        assert "the order of accuracy and the slope are wrong" in str(failure)
        assert "the order of accuracy: yours 1." in str(failure)
        assert ", expected 2" in str(failure)


def test_who_takes_no_notice_of_the_step_is_refused():
    assert failure_of(slope, slope=lambda x, eps: central(x, 0.15)).mistakes == ()


def test_who_gives_another_answer_the_second_time_is_refused():
    calls = []

    def drifting(x, eps):
        calls.append(1)
        return central(x, eps) * (1 + 1e-10 * (len(calls) == 4))  # the third call has the same arguments

    assert "called twice with the same arguments gives two answers" in str(failure_of(slope, slope=drifting))
