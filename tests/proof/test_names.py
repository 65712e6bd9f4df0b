"""Every known mistake is told apart from every other, on problems that nobody chose.

What somebody who makes a mistake would get is worked out from the terms and handed to the matcher. That the terms are
those of the mistake is proved elsewhere: by the wrong solutions that have to be told its name.
"""

from itertools import combinations

import naming
import numpy as np
import pytest

from autograder.engine.mistakes import same

SEEDS = range(1)  # `make prove` asks on many
EVERY = 43


def test_a_mistake_is_called_by_its_name(function):
    question = naming.looked_at(function)
    said = {
        (known.name, seed): given
        for known in question.mistakes
        for seed in SEEDS
        if (given := naming.sentences(naming.told(question, (known,), seed))) != {known.sentence}
    }
    assert said == {}


@pytest.mark.long
def test_of_two_mistakes_at_once_nobody_is_told_others_than_those(function):
    """Of a sample of pairs. Other names are right where they give the same numbers, on a problem not seen yet, too."""
    question = function
    possible = [pair for pair in combinations(question.mistakes, 2) if not pair[0].terms.keys() & pair[1].terms.keys()]
    both = others = 0
    for pair in possible[::EVERY]:
        found = naming.told(question, pair, 0)
        both += naming.sentences(found) == naming.sentences(pair)
        # One of the two alone is right where the other one changes nothing.
        strange = {known.name for known in found or ()} - {known.name for known in pair}
        others += bool(strange) and not same_numbers(question, pair, found)
    assert others == 0
    assert both > 0 or len(possible) < EVERY


def same_numbers(question, made, found):
    """Whether the mistakes that were told give what those that were made give, in some tensor that is wrong."""
    a, b = (naming.evidence_of(question, mistakes, np.random.default_rng(99), {}) for mistakes in (made, found))
    if a is None or b is None:
        return a is b
    return any(same(a.given[name], b.given[name]) for name in a.wrong)
