"""Drawing tokens and keeping beams: what the drawn problems show, and names that fit one of them by chance."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from autograder.layers.sampling import beam, sample
from autograder.sets import QUESTIONS

sys.path.insert(0, str(Path(__file__).parents[1] / "proof"))
import solutions

SEEDS = range(40)
RIGHT = solutions.true_solution("ps8")


def failure(name, function, seed):
    return solutions.verdict(QUESTIONS[name], {**RIGHT, name: function}, seed)


def test_more_than_one_beam_goes_on_and_one_of_them_more_than_once():
    for seed in SEEDS:
        problem = beam.draw(np.random.default_rng(seed))
        beams = beam.right(problem)["beams"]
        assert 1 < len(set(beams)) < len(beams) == problem.sizes["K"]


def test_places_that_are_taken_apart_wrongly_are_not_called_results_in_another_order():
    """Where all beams go on with token 0, place b is row 0 and column b: beams and tokens look swapped."""

    def often_with_token_0(rng, **sizes):
        problem = beam.draw(rng, **{"B": 5, "V": 8, "K": 2} | sizes)
        problem.given["log_p"][:, 0] += 9 * (rng.random() < 0.5)
        return problem

    question = replace(QUESTIONS["beam_step"], calculation=replace(beam, draw=often_with_token_0))

    def column_by_column(totals, log_p, width):
        scores = (totals[:, None] + log_p).T.reshape(-1)
        best = np.argsort(-scores)[:width]
        return best // log_p.shape[1], best % log_p.shape[1], scores[best]

    notebook = {**RIGHT, "beam_step": column_by_column}
    told = {solutions.verdict(question, notebook, seed).mistakes for seed in SEEDS}
    assert told == {("column_by_column",)}


def test_a_generator_of_ones_own_is_told_and_only_that():
    def drawing(uniform):
        def sample_tokens(logits, temperature, rng):
            p = np.exp(RIGHT["log_softmax"](logits / temperature))
            return (np.cumsum(p, axis=1) > uniform(rng, len(p))[:, None]).argmax(axis=1)

        return sample_tokens

    own, global_state = (np.random.default_rng(5).random, np.random.random_sample)
    functions = {
        "always the same": lambda rng, N: np.random.default_rng(7).random(N),
        "goes on": lambda rng, N: own(N),
        "of the process": lambda rng, N: global_state(N),
        "right": lambda rng, N: rng.random(N),
        "squared": lambda rng, N: rng.random(N) ** 2,
    }
    for seed in range(5):
        failed = {name: failure("sample_tokens", drawing(uniform), seed) for name, uniform in functions.items()}
        told = {name: known and known.mistakes for name, known in failed.items()}
        assert told == {
            **dict.fromkeys(("always the same", "goes on", "of the process"), ("own_generator",)),
            "right": None,
            "squared": (),
        }


def test_what_is_drawn_is_what_a_generator_of_numpy_chooses():
    problem = sample.draw(np.random.default_rng(0))
    tokens = RIGHT["sample_tokens"](
        problem.given["logits"], problem.given["temperature"], np.random.default_rng(problem.given["rng"].seed)
    )
    assert np.array_equal(tokens, sample.right(problem)["tokens"])
