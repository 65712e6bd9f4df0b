"""Windows of a text, and what they leave open."""

import numpy as np
import pytest

from autograder.engine.problems import Problem
from autograder.layers import windows

SEEDS = range(40)


def drawn(seed, calculation, **options):
    """Return the problem of a seed."""
    return calculation.draw(np.random.default_rng(seed), **options)


def bits_of(tokens, width):
    """Return the right answer for a text."""
    problem = Problem({}, {"tokens": np.array(tokens), "width": width})
    return float(windows.entropy.right(problem)["bits"])


def test_sizes_are_those_of_the_text_and_all_different():
    for seed in SEEDS:
        problem = drawn(seed, windows.onehot)
        sizes, tokens = problem.sizes, problem.given["tokens"]
        assert len(tokens) == sizes["N"] + sizes["width"]
        assert sizes["D"] == sizes["width"] * sizes["V"]
        assert len(set(sizes.values())) == 4
        assert tokens.max() == sizes["V"] - 1


def test_a_second_problem_of_the_same_sizes_has_the_same_sizes():
    for calculation in (windows.onehot, windows.entropy):
        first = drawn(1, calculation)
        assert drawn(2, calculation, **first.sizes).sizes == first.sizes


def test_the_last_letters_of_the_alphabet_do_not_occur_where_they_should_not():
    for seed in SEEDS:
        problem = drawn(seed, windows.onehot, unused=True)
        assert problem.given["tokens"].max() == problem.given["V"] - 3


def test_right_windows_hold_a_single_one_for_every_letter_at_its_place():
    for seed in SEEDS:
        problem = drawn(seed, windows.onehot)
        tokens, width, V = (problem.given[name] for name in ("tokens", "width", "V"))
        x = windows.onehot.right(problem)["x"].reshape(-1, width, V)
        np.testing.assert_array_equal(x.sum(axis=2), 1)
        for k in range(width):
            np.testing.assert_array_equal(x[:, k].argmax(axis=1), tokens[k : len(tokens) - width + k])


@pytest.mark.parametrize(
    ("tokens", "width", "bits"),
    [
        ([0, 0, 1, 0, 0, 1, 0], 1, 4 / 6),
        ([0, 0, 1, 0, 0, 1, 0], 2, 0.0),
        ([0, 1, 2, 3], 0, 2.0),
        ([0, 1, 0, 2, 0, 1, 0, 2, 0], 1, 0.5),
    ],
)
def test_the_entropy_is_that_of_a_pencil(tokens, width, bits):
    assert bits_of(tokens, width) == pytest.approx(bits, abs=1e-12)


def test_a_text_leaves_something_open_and_a_wider_window_less():
    for seed in SEEDS:
        tokens = drawn(seed, windows.entropy).given["tokens"]
        left = [bits_of(tokens, width) for width in range(4)]
        assert left[0] > left[1] > left[2] > left[3] > 0.02, seed


def test_there_are_six_named_mistakes_in_each():
    assert len(windows.onehot.mistakes) >= 6
    assert len(windows.entropy.mistakes) >= 6


def test_letters_of_one_digit_and_of_two_make_windows_that_are_equal_once_they_are_joined():
    for seed in SEEDS:
        (case,) = (case for case in windows.entropy.cases if "digit" in case.circumstance)
        problem = drawn(seed, windows.entropy, **case.options)
        tokens, width = problem.given["tokens"].tolist(), problem.given["width"]
        found = {tuple(tokens[n : n + width]) for n in range(len(tokens) - width)}
        assert len({"".join(map(str, window)) for window in found}) < len(found)
