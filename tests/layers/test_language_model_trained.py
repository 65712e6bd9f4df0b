"""What is asked for is a tenth below counts with 2 characters before, and the notebook's model gets well below it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.layers.language_model_trained import counted, perplexity, task
from unrolled.texts import plain_topics

sys.path.insert(0, str(Path(__file__).parents[1] / "proof"))
import solutions

SEEDS = range(10, 20)  # the size of the model was chosen by the ten before
TRAIN = solutions.true_solution("ps8")["train_language_model"]


def drawn(seed, **options):
    return task.draw(np.random.default_rng(seed), **options)


def test_of_the_simple_answers_counts_with_2_characters_before_are_the_best_in_each_of_a_hundred_draws():
    reached = [list(task.beside(drawn(seed)).values()) for seed in range(100)]
    assert all(guess > one > two > three for guess, one, two, three in reached)
    of_2_before = [row[3] for row in reached]
    assert 5.2 < min(of_2_before) <= max(of_2_before) < 6.3
    assert abs(np.mean(of_2_before) - 5.7) < 0.1


def test_no_paragraph_that_is_held_out_is_handed_over_and_the_characters_are_numbered_anew():
    first, second = drawn(0).given, drawn(1).given
    assert not np.array_equal(first["tokens"][:100], second["tokens"][:100])
    end = np.bincount(first["held_out"]).argmax()  # a token that separates words
    words = " ".join(map(str, first["tokens"]))
    pieces = np.split(first["held_out"], np.flatnonzero(first["held_out"] == end))
    runs = [" ".join(map(str, np.concatenate(pieces[k : k + 12]))) for k in range(0, len(pieces) - 12, 12)]
    assert np.mean([run in words for run in runs]) < 0.1
    assert 0.08 < len(first["held_out"]) / len(first["tokens"]) < 0.14


def test_a_model_that_was_trained_before_is_worth_less_than_guessing():
    """On the whole text, with the numbers that sorting gives; it cannot know those that are drawn."""
    text = plain_topics()
    order = sorted(set(text))
    tokens = np.array([order.index(character) for character in text])
    params = TRAIN(tokens, len(order), 100, np.random.default_rng(0))
    assert perplexity(params, tokens[:5000]) < 12
    for seed in range(3):
        assert task.score(params, drawn(seed)) > len(order)


def test_a_rehearsal_is_short_and_knows_characters_that_do_not_occur():
    problem = drawn(0, rehearsal=True)
    assert len(problem.given["tokens"]) == 6000
    assert problem.given["V"] == problem.sizes["V"] == 33
    assert problem.given["updates"] < 5


def test_counts_are_those_of_a_pencil():
    # Seen: 0 1 0 1 0. The frequencies are 3/5 and 2/5, mixed with 1/2 by 2 different characters: 4/7 and 3/7.
    found = counted(np.array([0, 1, 0, 1, 0]), np.array([0, 1, 0]), 2)
    assert found["guessing"] == 2
    assert found["counts with 0 characters before"] == pytest.approx((4 / 7 * 3 / 7 * 4 / 7) ** (-1 / 3))
    behind_0, behind_1 = (2 + 3 / 7) / 3, (2 + 4 / 7) / 3
    assert found["counts with 1 character before"] == pytest.approx((behind_0 * behind_1) ** (-1 / 2))


def test_a_model_that_is_the_same_after_a_longer_rehearsal_has_stopped_early():
    rehearsal = drawn(0, rehearsal=True)
    assert task.longer(rehearsal).given["updates"] > rehearsal.given["updates"]
    assert np.array_equal(task.longer(rehearsal).given["tokens"], rehearsal.given["tokens"])


@pytest.mark.long
def test_the_model_of_the_notebook_is_a_fifth_below_what_is_asked_and_never_clipped_in_ten_of_ten_draws(monkeypatch):
    reached, ratios, norms = [], [], []
    clip = TRAIN.__globals__["clip_by_norm"]

    def watched(grads, max_norm):
        norms.append(np.sqrt(sum(np.sum(grad**2) for grad in grads.values())) / max_norm)
        return clip(grads, max_norm)

    monkeypatch.setitem(TRAIN.__globals__, "clip_by_norm", watched)
    for seed in SEEDS:
        problem = drawn(seed)
        tokens, V, updates, rng = (problem.given[name] for name in ("tokens", "V", "updates", "rng"))
        params = TRAIN(tokens, V, updates, np.random.default_rng(rng.seed))
        reached.append(task.score(params, problem))
        ratios.append(reached[-1] / min(task.beside(problem).values()))
    print(*(f"{score:.2f}" for score in (*reached, *ratios, max(norms))))
    assert abs(np.mean(reached) - 3.7) < 0.15
    assert max(ratios) < 0.8 * task.share
    assert max(norms) < 0.8
