"""What somebody who makes a known mistake would be told, worked out from the terms: no check, no student's function."""

from itertools import islice

import numpy as np

from autograder.engine.mistakes import Evidence, recognize
from autograder.engine.questions import CONFIRMATIONS, ORDINARY, OTHERS
from autograder.engine.values import Values, WithCache


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
            more = filter(None, (evidence_of(question, made, rng, options) for _ in range(OTHERS)))
            others = list(islice(more, CONFIRMATIONS))
            found, left = recognize(first, lambda _, others=others: others, question.mistakes)
            return () if left else found
    return None


def sentences(mistakes):
    """Return what mistakes are called; some that are written differently are called the same."""
    return None if mistakes is None else {known.sentence for known in mistakes}


def looked_at(question):
    """Return the question with all that its check looks at, the cache too."""
    if isinstance(question, Values) and question.keeps:
        return WithCache(question.text, question.calculation, "", keeps=question.keeps)
    return question
