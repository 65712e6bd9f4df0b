"""The synthetic tasks and the texts."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from unrolled import texts
from unrolled.tasks import adding, baseline, brackets, copy, echo, recall, temporal_order


def test_the_target_of_echo_is_the_bit_of_delay_steps_ago():
    x, targets, mask = echo(np.random.default_rng(0), delay=3, N=5, T=9)
    assert x.shape == (5, 9, 1)
    assert set(np.unique(x)) == {-1, 1}
    np.testing.assert_array_equal(targets[:, 3:], (x[:, :-3, 0] + 1) / 2)
    np.testing.assert_array_equal(mask, np.tile(np.arange(9) >= 3, (5, 1)))


def test_recall_shows_the_bit_once_and_asks_for_it_lag_steps_later():
    x, targets, mask = recall(np.random.default_rng(0), lag=4, N=50, T=9, noise=0.5)
    np.testing.assert_array_equal(targets, np.tile((x[:, :1, 0] + 1) / 2, 9))
    assert not x[:, 1:, 0].any()
    assert not x[:, 0, 1].any()
    assert set(np.unique(x[:, 1:, 1])) == {-0.5, 0.5}
    np.testing.assert_array_equal(np.flatnonzero(mask[0]), [4])
    assert 0.2 < targets.mean() < 0.8


def test_recall_ends_with_the_question_unless_it_is_told_otherwise():
    x, _, mask = recall(np.random.default_rng(0), lag=6)
    assert x.shape == (32, 7, 2)
    assert mask[:, -1].all()


@pytest.mark.parametrize("task", [lambda rng: echo(rng, delay=12, T=12), lambda rng: recall(rng, lag=9, T=9)])
def test_a_task_that_does_not_fit_into_its_sequence_is_refused(task):
    with pytest.raises(ValueError, match="make the sequences longer"):
        task(np.random.default_rng(0))


def test_adding_asks_for_the_sum_of_two_marked_numbers_one_of_each_half():
    x, targets, mask = adding(np.random.default_rng(0), T=9, N=400)
    numbers, marks = x[:, :, 0], x[:, :, 1]
    assert set(np.unique(marks)) == {0, 1}
    assert (marks[:, :4].sum(axis=1) == 1).all()
    assert (marks[:, 4:].sum(axis=1) == 1).all()
    assert marks.any(axis=0).all()  # any step may be marked
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() < 1
    np.testing.assert_allclose(targets, np.tile((numbers * marks).sum(axis=1)[:, None, None], (1, 9, 1)))
    np.testing.assert_array_equal(np.flatnonzero(mask[5]), [8])


def test_copy_shows_symbols_waits_and_asks_for_them_in_order():
    x, targets, mask = copy(np.random.default_rng(0), length=3, lag=4, symbols=5, N=60)
    assert x.shape == (60, 10, 7)
    assert (x.sum(axis=2) == 1).all()
    shown = x[:, :3].argmax(axis=2)
    assert set(np.unique(shown)) == set(range(5))
    np.testing.assert_array_equal(targets[:, 7:], shown)
    np.testing.assert_array_equal(x[:, 3:].argmax(axis=2), np.tile([5, 5, 5, 5, 6, 5, 5], (60, 1)))
    np.testing.assert_array_equal(mask, np.tile(np.arange(10) >= 7, (60, 1)))


def test_temporal_order_asks_which_two_came_and_in_which_order():
    x, targets, mask = temporal_order(np.random.default_rng(0), T=40, N=300)
    symbol = x.argmax(axis=2)
    assert x.shape == (300, 40, 6)
    assert (x.sum(axis=2) == 1).all()
    assert ((symbol < 2).sum(axis=1) == 2).all()
    pairs = [row[row < 2] for row in symbol]
    np.testing.assert_array_equal(targets[:, 0], [2 * first + second for first, second in pairs])
    assert set(targets[:, 0]) == {0, 1, 2, 3}
    places = np.array([np.flatnonzero(row < 2) for row in symbol])
    assert set(places[:, 0]) == {4, 5, 6, 7}
    assert set(places[:, 1]) == {20, 21, 22, 23}
    np.testing.assert_array_equal(np.flatnonzero(mask[0]), [39])


def test_brackets_are_nested_and_the_target_is_the_innermost_that_is_open():
    x, targets, mask = brackets(np.random.default_rng(0), T=60, kinds=3, N=20)
    assert x.shape == (20, 60, 7)
    assert (x.sum(axis=2) == 1).all()
    deepest = 0
    for row, wanted, counted in zip(x.argmax(axis=2), targets, mask, strict=True):
        open_now = []
        for channel, target, counts in zip(row, wanted, counted, strict=True):
            if channel < 3:
                open_now.append(channel)
            elif channel < 6:
                assert open_now.pop() == channel - 3
            assert counts == bool(open_now)
            assert target == (open_now[-1] if open_now else 0)
            deepest = max(deepest, len(open_now))
    assert deepest > 3


@pytest.mark.parametrize(
    ("task", "options"),
    [
        (echo, {"delay": 2}),
        (recall, {"lag": 4}),
        (copy, {"symbols": 3}),
        (copy, {}),
        (temporal_order, {}),
        (brackets, {"kinds": 2}),
        (brackets, {}),
    ],
)
def test_the_baseline_is_the_entropy_of_the_targets_that_count(task, options):
    _, targets, mask = task(np.random.default_rng(0), N=4000, **options)
    share = np.bincount(targets[mask]) / mask.sum()
    assert baseline(task, **options) == pytest.approx(-np.sum(share * np.log(share)), abs=2e-3)


def test_the_baseline_of_adding_is_the_variance_of_the_sum():
    _, targets, _ = adding(np.random.default_rng(0), T=5, N=100_000)
    assert baseline(adding) == pytest.approx(targets[:, 0].var(), rel=0.02)


def test_what_is_no_task_has_no_baseline():
    with pytest.raises(ValueError, match="expected a function of"):
        baseline(np.sin)


@pytest.mark.parametrize(
    "task",
    [
        lambda rng: adding(rng, T=1),
        lambda rng: copy(rng, lag=0),
        lambda rng: copy(rng, symbols=1),
        lambda rng: temporal_order(rng, T=9),
        lambda rng: brackets(rng, kinds=1),
    ],
)
def test_sizes_that_make_no_task_are_refused(task):
    with pytest.raises(ValueError, match="expected at least"):
        task(np.random.default_rng(0))


def test_the_text_is_frozen_plain_english_with_its_license_beside_it():
    text = texts.python_topics()
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == SHA256
    assert f"{len(text):,}" in texts.python_topics.__doc__
    assert "Python Software Foundation" in files(texts).joinpath("LICENSE").read_text(encoding="utf-8")


SHA256 = "d676fc818d3d578ce8db82b04e55a3e5a6206261b2e9b8624f7db154e151196c"
