"""Training for a number of updates, and counting those until a model has learned a task."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from unrolled import RNN, Adam
from unrolled.tasks import recall
from unrolled.training import fit, updates_until_learned, updates_until_right


class Scripted:
    """A model whose losses are written down; it notes what it was asked for."""

    def __init__(self, losses):
        self.params = {"a": np.zeros(1), "b": np.zeros(1)}
        self.losses = list(losses)
        self.segments = []

    def loss_and_grads(self, x, targets, mask, *, segment=None):
        self.segments.append(segment)
        return self.losses[len(self.segments) - 1], {"a": np.ones(1), "b": np.ones(1)}


class Subtracting:
    """An optimizer that subtracts the gradient."""

    def step(self, params, grads):
        for name in params:
            params[name] -= grads[name]


def nothing():
    return None, None, None


def test_it_stops_at_the_first_update_whose_mean_of_the_last_losses_is_below_the_threshold():
    model = Scripted([1.0, 0.9, 0.0, 0.0, 0.0, 0.0])
    # means of three: 0.63, 0.3, 0
    assert updates_until_learned(model, Subtracting(), nothing, budget=6, below=0.31, over=3) == 4
    assert len(model.segments) == 4
    assert model.params["a"] == -4


def test_a_mean_that_only_equals_the_threshold_is_not_below_it():
    model = Scripted([0.5] * 6)
    assert updates_until_learned(model, Subtracting(), nothing, budget=6, below=0.5, over=2) == math.inf


def test_too_few_losses_do_not_count_as_a_mean():
    assert updates_until_learned(Scripted([0.0] * 9), Subtracting(), nothing, budget=9, over=7) == 7


def test_a_budget_that_does_not_suffice_gives_infinity_after_exactly_so_many_updates():
    model = Scripted([1.0] * 25)
    assert updates_until_learned(model, Subtracting(), nothing, budget=25) == math.inf
    assert len(model.segments) == 25


def test_the_segment_reaches_the_model():
    model = Scripted([1.0] * 3)
    updates_until_learned(model, Subtracting(), nothing, budget=3, over=3, segment=7)
    assert model.segments == [7, 7, 7]


def test_only_the_named_parameters_are_trained():
    model = Scripted([1.0] * 3)
    updates_until_learned(model, Subtracting(), nothing, budget=3, over=3, names=("b",))
    assert model.params["a"] == 0
    assert model.params["b"] == -3


def test_a_budget_shorter_than_the_mean_is_refused():
    with pytest.raises(ValueError, match="budget is 19, expected at least 20"):
        updates_until_learned(Scripted([]), Subtracting(), nothing, budget=19)


def test_a_network_learns_to_recall_over_five_steps_and_the_same_seed_gives_the_same_count():
    def count():
        rng = np.random.default_rng(0)
        return updates_until_learned(RNN(2, 8, 2, rng, gain=0.6), Adam(0.015), lambda: recall(rng, lag=5), budget=1000)

    assert 20 <= count() < 200
    assert count() == count()


def test_fit_makes_so_many_updates_and_returns_the_loss_before_each():
    model = Scripted([3.0, 2.0, 1.0, 0.5])
    np.testing.assert_array_equal(fit(model, nothing, Subtracting(), updates=3, segment=2), [3.0, 2.0, 1.0])
    assert model.params["a"] == model.params["b"] == -3
    assert model.segments == [2, 2, 2]


def test_fit_trains_the_named_parameters_only():
    model = Scripted([1.0] * 2)
    fit(model, nothing, Subtracting(), updates=2, names=("a",))
    assert (model.params["a"], model.params["b"]) == (-2, 0)


def test_a_negative_number_of_updates_is_refused():
    with pytest.raises(ValueError, match="updates is -1, expected 0 or more"):
        fit(Scripted([]), nothing, Subtracting(), updates=-1)


@pytest.mark.parametrize("train", [lambda *a, **k: fit(*a, updates=3, **k), None], ids=["fit", "until learned"])
def test_a_number_clips_all_gradients_together_by_their_norm_and_a_callable_does_what_it_likes(train):
    def trained(clip):
        model = Scripted([1.0] * 3)
        if train:
            train(model, nothing, Subtracting(), clip=clip)
        else:
            updates_until_learned(model, Subtracting(), nothing, budget=3, over=3, clip=clip)
        return model.params["a"][0]

    assert trained(0.5) == pytest.approx(-3 * 0.5 / math.sqrt(2))
    assert trained(5.0) == -3

    def double(grads):
        for gradient in grads.values():
            gradient *= 2

    assert trained(double) == -6


BAR = """
import numpy as np
from unrolled import RNN, SGD
from unrolled.tasks import echo
rng = np.random.default_rng(0)
RNN(1, 4, 2, rng).fit(lambda: echo(rng), SGD(0.1), updates=5)
"""


@pytest.mark.parametrize(("session", "shown"), [("work/ps5.ipynb", True), (None, False)])
def test_a_bar_is_shown_where_somebody_looks_on_and_nowhere_else(session, shown):
    environment = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    environment |= {"JPY_SESSION_NAME": session} if session else {}
    result = subprocess.run([sys.executable, "-c", BAR], env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert ("updates" in result.stderr) == shown
    assert result.stdout == ""


class Knowing(Scripted):
    """A model that answers right from the third update on."""

    def forward(self, x):
        return (np.full(len(x), len(self.segments) >= 3),)


def test_updates_are_counted_until_new_sequences_are_answered_right():
    asked = []

    def draw(N):
        asked.append(N)
        return np.zeros((N, 1)), None, None

    options = {"right": lambda y, x, targets, mask: y, "every": 2, "of": 500}
    assert updates_until_right(Knowing([0] * 9), Subtracting(), draw, budget=9, **options) == 4
    assert asked == [32, 32, 100, 32, 32, 100, 500]
    assert updates_until_right(Knowing([0] * 9), Subtracting(), draw, budget=2, **options) == math.inf


@pytest.mark.parametrize(("share", "updates"), [(0.8, 20), (0.81, math.inf)])
def test_a_share_of_the_new_sequences_may_suffice(share, updates):
    right = lambda y, x, targets, mask: np.arange(len(x)) < 0.8 * len(x)  # noqa: E731
    draw = lambda N: (np.zeros((N, 1)), None, None)  # noqa: E731
    made = updates_until_right(Knowing([0] * 40), Subtracting(), draw, right=right, budget=40, share=share)
    assert made == updates


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="share is 0, expected above 0"):
        updates_until_right(Knowing([]), Subtracting(), None, right=None, budget=1, share=0)
