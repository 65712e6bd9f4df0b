"""The nursery rhyme of problem set 1: what windows of it leave open, and what people measure in its place."""

import numpy as np

from autograder.layers.windows_measured import VERSE, WIDEST, bits, width_needed


def left_open(width):
    """Return the bits that a window leaves open, letter by letter: how likely was what came?"""
    seen = [(VERSE[n : n + width], VERSE[n + width]) for n in range(len(VERSE) - width)]
    before = [window for window, _ in seen]
    return np.mean([np.log2(before.count(window) / seen.count((window, letter))) for window, letter in seen])


def test_the_bits_are_those_of_the_letters_one_by_one():
    expected = [left_open(width) for width in range(WIDEST + 1)]
    np.testing.assert_allclose(bits(), expected, rtol=0, atol=1e-12)


def test_the_answer_stands_out():
    answer = width_needed.right()
    assert answer == 7
    assert bits()[answer - 1] > 0.17
    assert bits()[answer] < 0.093


def test_the_near_misses_are_what_people_arrive_at():
    answers = {name: answer for name, (answer, _) in width_needed.near_misses().items()}
    assert len({7, *answers.values()}) == 1 + len(answers)
    assert answers["below_one_bit"] == next(width for width in range(20) if left_open(width) < 1)
    assert answers["below_half_a_bit"] == next(width for width in range(20) if left_open(width) < 0.5)
    assert answers["nothing_left"] == next(width for width in range(20) if left_open(width) == 0)
    width = answers["windows_equally_weighted"]
    assert bits(equally=True)[width] < 0.1 < bits(equally=True)[width - 1]


def test_where_nothing_is_left_open_every_window_stands_in_the_text_once():
    """The notebook says so, with this number."""
    found = [VERSE[n : n + 10] for n in range(len(VERSE) - 10)]
    assert len(VERSE) == 190
    assert len(found) == len(set(found)) == 180


def test_the_text_is_the_same_every_time():
    one, other = (width_needed.network()["rhyme"] for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert "".join(sorted(set(VERSE))[token] for token in one) == VERSE
