"""What problem set 1 lets a learner measure: how wide a window has to be on a nursery rhyme."""

from functools import cache

import numpy as np

from autograder.engine.measurement import Measured
from autograder.engine.problems import Problem
from autograder.layers import windows

VERSE = (
    "this is the maiden all forlorn that milked the cow with the crumpled horn that tossed the dog that worried the"
    " cat that killed the rat that ate the malt that lay in the house that jack built"
)
"""Of the nursery rhyme "The House That Jack Built", which is in the public domain."""

LIMIT = 0.1
"""The bits that a window may leave open, and has to leave fewer."""

WIDEST = 20


def _rhyme() -> dict[str, np.ndarray]:
    """Return the verse as numbers, as the notebook's cell makes them."""
    letters = sorted(set(VERSE))
    return {"rhyme": np.array([letters.index(letter) for letter in VERSE])}


@cache
def bits(*, equally: bool = False) -> np.ndarray:
    """Return what windows of width 0, 1, … leave open; with `equally`, in the mean over the different windows."""
    left = []
    for width in range(WIDEST + 1):
        problem = Problem({}, {"tokens": _rhyme()["rhyme"], "width": width})
        mistake = next(known for known in windows.entropy.mistakes if known.name == "windows_equally_weighted")
        left.append(float(windows.entropy.outcome(problem, mistake.terms if equally else {})["bits"]))
    return np.array(left)


def _narrowest(left: np.ndarray, limit: float) -> int:
    return int(np.argmax(left < limit))


def _width_needed() -> int:
    return _narrowest(bits(), LIMIT)


def _near_misses() -> dict[str, tuple[int, str]]:
    answer = _width_needed()
    return {
        "one_too_few": (
            answer - 1,
            "It is one too few: that width leaves more open. In a list that begins with width 1, width n has the index"
            " n - 1.",
        ),
        "one_too_many": (
            answer + 1,
            "It is one too many: a narrower window will do. The letter that is to be predicted is no part of it.",
        ),
        "below_one_bit": (
            _narrowest(bits(), 1.0),
            "That is where less than one bit is left open; asked is less than a tenth of one.",
        ),
        "below_half_a_bit": (
            _narrowest(bits(), 0.5),
            "That is where less than half a bit is left open; asked is less than a tenth of one.",
        ),
        "windows_equally_weighted": (
            _narrowest(bits(equally=True), LIMIT),
            "That is so in the mean over the different windows; one that occurs often counts as often.",
        ),
        "nothing_left": (
            _narrowest(bits(), 1e-9),
            "That is where nothing is left open; asked is less than a tenth of a bit.",
        ),
    }


width_needed = Measured(
    _rhyme,
    "",
    _width_needed,
    _near_misses,
    "Print conditional_entropy(rhyme, width) for one width after the other, and look for the first that is below 0.1.",
    what="text",
)
"""The narrowest window that leaves less than a tenth of a bit open."""
