"""Counting the updates until a model has learned a task."""

import math

import numpy as np
import pytest

from unrolled import RNN, Adam
from unrolled.tasks import recall
from unrolled.training import updates_until_learned


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
