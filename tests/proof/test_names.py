"""Every known mistake is told apart from every other, on problems that nobody chose.

What somebody who makes a mistake would get is worked out from the terms and handed to the matcher, without a check and
without a student's function. That the terms are those of the mistake is proved elsewhere: by the wrong solutions that
have to be told its name.
"""

from functools import partial
from itertools import combinations

import numpy as np

from autograder.engine.mistakes import Evidence, recognize, same
from autograder.engine.questions import ORDINARY
from autograder.engine.values import Values, WithCache

SEEDS = range(3)
EVERY = 23


def evidence_of(question, made, rng, options):
    """Return what somebody who made these mistakes would show on one problem, or None where they cannot be made."""
    problem = question.calculation.draw(rng, **options)
    terms = {name: formula for known in made for name, formula in known.terms.items()}
    try:
        with np.errstate(all="ignore"):
            came = question.evaluate(problem, terms)
    except (ValueError, IndexError):
        return None
    # A place that is never written to holds zeros.
    came = {name: np.where(np.isnan(value), 0.0, value) for name, value in came.items()}
    evidence = Evidence(came, question.compare(problem), lambda terms: question.evaluate(problem, terms))
    return evidence if evidence.wrong else None


def told(question, made, seed):
    """Return the mistakes that somebody is told who made these, in the first circumstance that shows them.

    None if they show in no circumstance.
    """
    calculation = question.calculation
    square = [calculation.square] if calculation.square else []
    for options in (ORDINARY.options, *square, *(case.options for case in calculation.cases)):
        rng = np.random.default_rng(seed)
        first = evidence_of(question, made, rng, options)
        if first is not None:
            found, left = recognize(first, partial(evidence_of, question, made, rng, options), question.mistakes)
            return () if left else found
    return None


def sentences(mistakes):
    """Return what mistakes are called; some that are written differently are called the same."""
    return None if mistakes is None else {known.sentence for known in mistakes}


def looked_at(question):
    """Return the question with all that its check looks at, the cache too."""
    if isinstance(question, Values) and question.keeps:
        return WithCache(question.text, question.calculation, "", question.keeps)
    return question


def test_a_mistake_is_called_by_its_name(function):
    question = looked_at(function)
    said = {
        (known.name, seed): given
        for known in question.mistakes
        for seed in SEEDS
        if (given := sentences(told(question, (known,), seed))) != {known.sentence}
    }
    assert said == {}


def test_of_two_mistakes_at_once_nobody_is_told_others_than_those(function):
    """Of a sample of pairs. Other names are right where they give the same numbers, on a problem not seen yet, too."""
    question = function
    possible = [pair for pair in combinations(question.mistakes, 2) if not pair[0].terms.keys() & pair[1].terms.keys()]
    both = others = 0
    for pair in possible[::EVERY]:
        found = told(question, pair, 0)
        both += sentences(found) == sentences(pair)
        others += bool(found) and not same_numbers(question, pair, found)
    assert others == 0
    assert both > 0 or len(possible) < EVERY


def same_numbers(question, made, found):
    """Whether the mistakes that were told give what those that were made give, in some tensor that is wrong."""
    a, b = (evidence_of(question, mistakes, np.random.default_rng(99), {}) for mistakes in (made, found))
    if a is None or b is None:
        return a is b
    return any(same(a.given[name], b.given[name]) for name in a.wrong)
