"""The synthetic tasks and the texts."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from unrolled import texts
from unrolled.tasks import echo, recall


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


def test_the_text_is_frozen_plain_english_with_its_license_beside_it():
    text = texts.python_topics()
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == SHA256
    assert f"{len(text):,}" in texts.python_topics.__doc__
    assert "Python Software Foundation" in files(texts).joinpath("LICENSE").read_text(encoding="utf-8")


SHA256 = "d676fc818d3d578ce8db82b04e55a3e5a6206261b2e9b8624f7db154e151196c"
