"""The line of a failure that draws the same numbers again."""

import pytest

from autograder.engine.student import CheckFailed, Student
from autograder.sets import run_check


def failure_with(name, **changed):
    with pytest.raises(CheckFailed) as caught:
        run_check(name, Student.of_namespace({**true_solution("ps3"), **changed}), seed=5)
    return str(caught.value)


def test_a_failure_on_random_numbers_says_how_to_meet_them_again():
    assert failure_with("rnn_backward", rnn_backward=lambda dh, cache: (dh,) * 5).endswith(
        'The same numbers again: check("rnn_backward", seed=5)'
    )


def test_a_measurement_of_a_fixed_network_names_no_seed():
    assert "seed" not in failure_with("faded_steps", faded_steps=1)
