"""The line of a failure that draws the same numbers again."""

import re

import numpy as np
import pytest
from small_layers import RIGHT, wave, wave_backward

from autograder.engine.student import CheckFailed, NotAnswered, Student
from autograder.sets import ask, draw_seed, run_check


def failure_with(question, seed, **functions):
    """Ask a question of a notebook that is wrong and return what is said."""
    with pytest.raises(CheckFailed) as caught:
        ask(question, Student.of_namespace({**RIGHT, **functions}), seed)
    return str(caught.value)


def cosine(x, W):
    return np.cos(x @ W)


def test_a_failure_on_random_numbers_says_how_to_meet_them_again():
    said = failure_with(wave, 5, wave=cosine)
    assert said.splitlines()[0] == "wave: y is wrong."
    assert said.splitlines()[-1] == '  The same numbers again: check("wave", seed=5)'


def test_the_printed_seed_gives_the_same_failure_again_and_another_one_does_not():
    first = failure_with(wave, None, wave=cosine)
    seed = int(re.search(r"seed=(\d+)\)$", first)[1])
    assert failure_with(wave, seed, wave=cosine) == first
    assert failure_with(wave, seed + 1, wave=cosine) != first.replace(f"seed={seed}", f"seed={seed + 1}")


def test_the_seed_is_printed_whatever_was_wrong():
    for wrong in (lambda dy, cache: None, lambda dy, cache: 1 / 0, lambda dy, cache: (dy, dy)):
        assert failure_with(wave_backward, 7, wave_backward=wrong).endswith('check("wave_backward", seed=7)')


def test_mistakes_and_tensors_stay_with_a_failure_whose_seed_is_told():
    with pytest.raises(CheckFailed) as caught:
        ask(wave, Student.of_namespace({"wave": cosine}), 5)
    assert caught.value.mistakes == ("cosine",)
    assert caught.value.tensors == ("y",)


def test_a_question_that_is_not_answered_yet_names_no_seed():
    with pytest.raises(NotAnswered) as caught:
        ask(wave, Student.of_namespace({}), 5)
    assert "seed" not in str(caught.value)


def test_a_measurement_of_a_fixed_network_names_no_seed():
    with pytest.raises(CheckFailed) as caught:
        run_check("faded_steps", Student.of_namespace({"faded_steps": 1}), seed=5)
    assert "seed" not in str(caught.value)


def test_seeds_that_nobody_gives_are_new_every_time():
    assert len({draw_seed() for _ in range(20)}) > 15
    assert all(0 <= draw_seed() < 10**6 for _ in range(20))


@pytest.mark.parametrize("functions", [{}, {"wave_backward": lambda dy, cache: dy}], ids=["passed", "failed"])
def test_no_cache_is_kept_when_a_check_is_over(functions):
    student = Student.of_namespace({**RIGHT, **functions})
    try:
        ask(wave_backward, student, 0)
    except CheckFailed:
        assert functions
    _, cache = student.call("wave_forward", x=np.ones((2, 3)), W=np.ones((3, 2)))
    assert cache.number == 0
