"""Random problems: sizes that are all different, and what is worked out of a problem once."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.engine.problems import RANGES, Case, Problem, at_one, draw_sizes

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(300)


def drawn(*arguments, **fixed):
    """Return the sizes drawn with many seeds."""
    return [draw_sizes(np.random.default_rng(seed), *arguments, **fixed) for seed in SEEDS]


@pytest.mark.parametrize("letters", ["NTDH", "NTHV", "NTV", "NTDHV", "NDH", "H", "NTDHL", "NTDHSE"])
def test_sizes_are_all_different_and_in_their_ranges(letters):
    for sizes in drawn(letters):
        assert list(sizes) == list(letters)
        assert len(set(sizes.values())) == len(letters)
        assert all(RANGES[letter][0] <= size <= RANGES[letter][1] for letter, size in sizes.items())
        assert all(type(size) is int for size in sizes.values())


def test_a_sequence_has_four_steps_at_least_and_a_batch_three_sequences():
    # With two steps different mistakes give the same numbers; what is right for two sequences need not be for three.
    assert min(sizes["T"] for sizes in drawn()) == 4
    assert min(sizes["N"] for sizes in drawn()) == 3
    assert min(sizes[letter] for sizes in drawn("NTDHV") for letter in "DHV") > 1


def test_every_size_of_a_range_is_drawn():
    for letter in "NTDH":
        assert {sizes[letter] for sizes in drawn()} == set(range(RANGES[letter][0], RANGES[letter][1] + 1))


@pytest.mark.parametrize("fixed", [{"N": 1}, {"T": 1}, {"N": 1, "T": 1}, {"T": 25}, {"D": 6, "H": 6}, {"N": 4, "T": 5}])
def test_sizes_that_are_given_stay_and_the_others_differ_from_them(fixed):
    for sizes in drawn("NTDH", **fixed):
        assert fixed.items() <= sizes.items()
        free = [sizes[letter] for letter in "NTDH" if letter not in fixed]
        assert len(set(free)) == len(free)
        assert not set(free) & set(fixed.values())


def test_a_smallest_size_replaces_that_of_the_range_where_it_is_larger():
    assert {sizes["N"] for sizes in drawn("NTDH", {"N": 4})} == {4, 5, 6}
    assert {sizes["T"] for sizes in drawn("NTDH", {"T": 1})} == {4, 5, 6, 7, 8}
    assert {sizes["N"] for sizes in drawn("NTDH", {"N": 4}, N=1)} == {1}


def test_a_case_of_sizes_that_are_one_says_so_and_may_make_code_take_another_way():
    assert at_one("N") == Case(" at N = 1", {"N": 1}, branches=True)
    assert at_one("N", "T", numeric=True) == Case(" at N = T = 1", {"N": 1, "T": 1}, numeric=True, branches=True)


def test_a_case_is_one_in_which_nothing_is_special_unless_it_says_so():
    case = Case("")
    assert (case.hint, case.numeric, case.exact, case.branches, case.repeated) == ("", False, True, False, False)
    assert dict(case.options) == {}


SIZES_IN_A_PROCESS = """
import numpy as np
from autograder.engine.problems import draw_sizes
print([draw_sizes(np.random.default_rng(seed), "NTDHV") for seed in range(10)])
"""


def test_a_seed_draws_the_same_sizes_in_every_process():
    # Letters are hashed differently in every process, so that their order in a set differs.
    printed = {
        subprocess.run(
            [sys.executable, "-c", SIZES_IN_A_PROCESS],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in range(3)
    }
    assert len(printed) == 1


def test_what_is_made_of_a_problem_is_worked_out_once_by_every_name():
    calls = []

    def work_out(problem):
        calls.append(problem)
        return [problem.sizes["N"]]

    problem = Problem({"N": 3}, {})
    assert problem.once("first", work_out) is problem.once("first", lambda problem: "never asked")
    assert problem.once("second", lambda problem: "other") == "other"
    assert calls == [problem]
    assert Problem({"N": 5}, {}).once("first", work_out) == [5]
