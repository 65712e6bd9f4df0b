"""Questions that many answers fit: what passes, what is refused, what is said."""

import re
from dataclasses import replace

import numpy as np
from small_layers import failure_of, passes

from autograder.engine.calling import Seeded
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Problem, draw_sizes
from autograder.engine.properties import Property
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

SEEDS = range(10)


def draw(rng, **sizes):
    """Draw a length and the seed of a generator."""
    sizes = draw_sizes(rng, "H", **sizes)
    return Problem(
        sizes, {"rng": Seeded(int(rng.integers(10**6))), "H": sizes["H"], "length": float(rng.uniform(2, 3))}
    )


def drawn(rng, H):
    return np.random.default_rng(rng.seed).standard_normal(H)


VECTOR = Calculation(
    draw,
    lambda problem: {"v": np.full(problem.given["H"], problem.given["length"] / np.sqrt(problem.given["H"]))},
    Once(
        terms(
            "length",
            a=lambda rng, H: drawn(rng, H),
            v=lambda a, length: length * a / np.sqrt(a @ a),
        )
    ),
    lambda problem: problem.given,
    equation="length",
    mistakes=(
        mistake("length_one", "Its length is 1.", v=lambda a: a / np.sqrt(a @ a)),
        mistake("not_scaled", "It is not scaled.", v=lambda a: a),
    ),
)
LOOKS = {"the length of v": ("", lambda v, given: np.linalg.norm(v))}
random = Property("vector(rng, H, length) -> v H", VECTOR, "All is right.", properties=LOOKS, drawn=True)
any_one = replace(random, drawn=False)


def scaled(a, length):
    return length * a / np.linalg.norm(a)


def right(rng, H, length):
    return scaled(rng.standard_normal(H), length)


def test_every_array_with_the_property_passes():
    for seed in SEEDS:
        assert passes(random, seed, vector=right) == "All is right."
        assert passes(random, seed, vector=lambda rng, H, length: scaled(rng.random(H), length)) == "All is right."
        assert passes(random, seed, vector=lambda rng, H, length: -right(rng, H, length)) == "All is right."
        assert passes(any_one, seed, vector=lambda rng, H, length: scaled(np.arange(1.0, H + 1), length))


def test_an_array_without_it_is_told_both_numbers():
    message = str(failure_of(random, vector=lambda rng, H, length: right(rng, H, 1.1 * length)))
    assert message.startswith("vector: the length of v is wrong.")
    assert "  the length of v: yours " in message
    assert ", expected " in message


def test_a_mistake_is_known_by_the_property_that_it_leads_to():
    # Not the numbers of the terms: another vector of length 1.
    failure = failure_of(random, vector=lambda rng, H, length: scaled(rng.random(H), 1.0))
    assert failure.mistakes == ("length_one",)
    assert failure_of(random, vector=lambda rng, H, length: rng.standard_normal(H)).mistakes == ("not_scaled",)
    assert failure_of(random, vector=lambda rng, H, length: rng.random(H)).mistakes == ()


def test_what_has_no_such_form_is_told_what_was_expected():
    for wrong, told in (
        (lambda *a: None, "vector returns None. Does it end in `return v`?"),
        (lambda *a: right(*a)[None], "vector: v has shape (1, "),
        (lambda *a: right(*a).tolist(), "vector: v is a list or another collection"),
        (lambda *a: right(*a).astype(np.float32), "vector: v has dtype float32"),
        (lambda *a: right(*a) * np.nan, "vector: v holds nan"),
        (lambda *a: 1 / 0, "vector raised ZeroDivisionError"),
    ):
        assert told in str(failure_of(random, vector=wrong))


def test_a_random_one_has_to_come_from_the_generator_that_is_given():
    other = np.random.default_rng(1)
    failure = failure_of(random, vector=lambda rng, H, length: right(other, H, length))
    assert "called twice with equal generators gives two answers" in str(failure)
    failure = failure_of(random, vector=lambda rng, H, length: right(np.random.default_rng(1), H, length))
    assert "gives the same matrix for two different generators" in str(failure)
    failure = failure_of(random, vector=lambda rng, H, length: scaled(np.ones(H), length))
    assert "gives the same matrix for two different generators" in str(failure)


def test_one_that_need_not_be_random_has_to_be_the_same_one_each_time():
    other = np.random.default_rng(1)
    failure = failure_of(any_one, vector=lambda rng, H, length: right(other, H, length))
    assert "called twice with the same arguments gives two answers" in str(failure)
    assert "kept from one call to the next, or drawn at random" in str(failure)


def test_a_property_that_may_be_larger_is_told_what_is_asked_and_what_is_reached():
    longer = {"how long v is": ("", lambda v, given: min(np.linalg.norm(v), given["length"]))}
    question = replace(random, properties=longer, at_least=frozenset(longer))
    assert passes(question, vector=lambda rng, H, length: right(rng, H, 3 * length)) == "All is right."
    message = str(failure_of(question, vector=lambda rng, H, length: right(rng, H, 0.9 * length)))
    assert re.search(r"\n  At least 2\.\d+ is asked; yours reaches \d\.\d+\.$", message)
    assert "expected" not in message
    assert "passes" not in message
