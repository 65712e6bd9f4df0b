"""What a window of letters holds, and what it leaves open: one-hot windows, and the entropy of the next letter."""

import math
from collections import Counter

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

WIDTHS, ROWS, LETTERS = (2, 5), (4, 10), (6, 10)
"""Smallest and largest width of a window, number of windows, and number of letters that there are."""


def _draw(
    rng: np.random.Generator,
    *,
    N: int | None = None,
    width: int | None = None,
    V: int | None = None,
    unused: bool = False,
    **_derived: int,
) -> Problem:
    """Draw a text as numbers. With `unused` the last letters of the alphabet do not occur in it."""
    width = width or int(rng.integers(*WIDTHS))
    N = N or int(rng.choice([n for n in range(*ROWS) if n != width]))
    V = V or int(rng.choice([v for v in range(*LETTERS) if v not in (width, N)]))
    letters = V - 2 if unused else V
    while True:
        tokens = rng.integers(0, letters, N + width)
        # The last letter occurs, so that who reads the size of the alphabet off the text is right until it does not.
        if tokens.max() == letters - 1:
            break
    return Problem({"N": N, "D": width * V, "width": width, "V": V}, {"tokens": tokens, "width": width, "V": V})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the windows, one entry at a time."""
    tokens, width, V = (problem.given[name] for name in ("tokens", "width", "V"))
    x = np.zeros((len(tokens) - width, width * V))
    for n in range(len(x)):
        for k in range(width):
            x[n, k * V + tokens[n + k]] = 1.0
    return {"x": x}


def _overlapping(order: np.ndarray, V: int) -> np.ndarray:
    """Return windows in which position k begins at entry k."""
    N, width = order.shape
    x = np.zeros((N, width * V))
    for k in range(width):
        x[np.arange(N), k + order[:, k]] = 1.0
    return x


onehot = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "window",
            starts=lambda tokens, width: np.arange(len(tokens) - width),
            read=lambda starts: starts,
            picked=lambda tokens, read, width: tokens[read[:, None] + np.arange(width)],
            order=lambda picked: picked,
            ones=lambda order, V: np.eye(V)[order],
            flat=lambda ones: ones.reshape(len(ones), -1),
            x=lambda flat: flat,
        )
    ),
    lambda problem: problem.given,
    equation="window",
    mistakes=(
        mistake(
            "newest_first",
            "The letters of a window stand in reversed order; the oldest comes first.",
            order=lambda picked: picked[:, ::-1],
        ),
        mistake(
            "one_too_late",
            "Every window begins one letter too late, so that it holds the letter that is to be predicted.",
            read=lambda starts: starts + 1,
        ),
        mistake(
            "one_too_many",
            "There is one window too many: behind the last one there is no letter left to be predicted.",
            starts=lambda tokens, width: np.arange(len(tokens) - width + 1),
        ),
        mistake(
            "one_too_few",
            "There is one window too few.",
            starts=lambda tokens, width: np.arange(len(tokens) - width - 1),
        ),
        mistake(
            "first_window_missing",
            "The first window is missing: it begins at the first letter.",
            starts=lambda tokens, width: np.arange(1, len(tokens) - width),
        ),
        mistake(
            "not_overlapping",
            "The text is cut into pieces, one behind the other; a window begins at every letter.",
            starts=lambda tokens, width: np.arange(0, len(tokens) - width, width),
        ),
        mistake(
            "numbers_not_onehot",
            "The windows hold the numbers of the letters; each letter is V zeros with a 1 at its number.",
            x=lambda order: order.astype(float),
        ),
        mistake(
            "letters_counted",
            "A window says how often each letter occurs in it, and no longer where; every position has V entries of"
            " its own.",
            flat=lambda ones: ones.sum(axis=1),
        ),
        mistake(
            "not_flattened",
            "The positions of a window have an axis of their own; they stand side by side in one row.",
            flat=lambda ones: ones,
        ),
        mistake(
            "letter_by_letter",
            "The entries stand letter by letter and not position by position: the first V belong to the oldest letter.",
            flat=lambda ones: ones.swapaxes(1, 2).reshape(len(ones), -1),
        ),
        mistake(
            "places_overlap",
            "The places of the letters overlap: every position of a window has V entries of its own.",
            flat=lambda order, V: _overlapping(order, V),
        ),
        mistake(
            "newest_everywhere",
            "Every position of a window holds its newest letter.",
            order=lambda picked: np.repeat(picked[:, -1:], picked.shape[1], axis=1),
        ),
        mistake(
            "oldest_everywhere",
            "Every position of a window holds its oldest letter.",
            order=lambda picked: np.repeat(picked[:, :1], picked.shape[1], axis=1),
        ),
        mistake(
            "counted_from_one",
            "The 1 stands one place too far: the letters are counted from 0.",
            ones=lambda order, V: np.roll(np.eye(V), 1, axis=1)[order],
        ),
        mistake(
            "zero_for_one",
            "Zeros and ones have changed places.",
            x=lambda flat: 1 - flat,
        ),
    ),
    cases=(
        Case(" where letters of the alphabet do not occur in the text", {"unused": True}),
        Case(" where a window holds one letter", {"width": 1}, branches=True),
        Case(" where there is a single window", {"N": 1}, branches=True),
    ),
)
"""Windows of a text, one-hot."""

LENGTHS, ALPHABET, LOOK_BACK = (60, 160), (3, 6), (1, 3)
"""Length of a text, its letters and the width of a window, so that most windows occur several times."""


def _draw_text(
    rng: np.random.Generator, *, width: int | None = None, T: int | None = None, numbers: tuple[int, ...] = ()
) -> Problem:
    """Draw a text in which the letter before makes some letters likelier. The letters may be given as `numbers`."""
    width = int(rng.integers(*LOOK_BACK)) if width is None else width
    V, T = len(numbers) or int(rng.integers(*ALPHABET)), int(rng.integers(*LENGTHS)) if T is None else T
    likely = rng.dirichlet(np.full(V, 0.7), V)
    tokens = np.zeros(T, int)
    for t in range(1, T):
        tokens[t] = rng.choice(V, p=0.7 * likely[tokens[t - 1]] + 0.3 / V)
    if numbers:
        tokens = np.array(numbers)[tokens]
    return Problem({"width": width, "T": T}, {"tokens": tokens, "width": width})


def _counts(tokens: np.ndarray, width: int) -> Counter:
    """Return how often each window occurs with each letter behind it."""
    return Counter((tuple(tokens[n : n + width].tolist()), int(tokens[n + width])) for n in range(len(tokens) - width))


def _right_entropy(problem: Problem) -> dict[str, np.ndarray]:
    """Return the entropy of window and letter less that of the window."""
    pairs = _counts(problem.given["tokens"], problem.given["width"])
    before: Counter = Counter()
    for (window, _), count in pairs.items():
        before[window] += count
    return {"bits": np.asarray(_entropy(pairs) - _entropy(before))}


def _entropy(counts: Counter) -> float:
    total = sum(counts.values())
    return -math.fsum(count / total * math.log2(count / total) for count in counts.values())


def _table(tokens: np.ndarray, width: int) -> np.ndarray:
    """Return how often each window that occurs, a row, has each letter, a column, behind it."""
    counts = _counts(tokens, width)
    windows, letters = sorted({window for window, _ in counts}), sorted({letter for _, letter in counts})
    return np.array([[counts[window, letter] for letter in letters] for window in windows], float)


def _with_last_window(tokens: np.ndarray, width: int) -> np.ndarray:
    """Return how often each window of the table occurs, the one counted that no letter follows; shape (windows, 1)."""
    windows = sorted({window for window, _ in _counts(tokens, width)})
    found = Counter(tuple(tokens[n : n + width].tolist()) for n in range(len(tokens) - width + 1))
    return np.array([[found[window]] for window in windows], float)


def _information(p: np.ndarray) -> np.ndarray:
    """Return -log2 of probabilities, 0 where they are 0."""
    return -np.log2(p, out=np.zeros_like(p), where=p > 0)


entropy = Calculation(
    _draw_text,
    _right_entropy,
    Once(
        terms(
            "conditional-entropy",
            seen=lambda width: width,
            counts=lambda tokens, seen: _table(tokens, seen),
            occurs=lambda counts: counts.sum(axis=1, keepdims=True),
            p_next=lambda counts, occurs: counts / occurs,
            share=lambda counts: counts / counts.sum(),
            information=lambda p_next: _information(p_next),
            bits=lambda share, information: np.asarray(np.sum(share * information)),
        )
    ),
    lambda problem: problem.given,
    equation="conditional-entropy",
    if_zero={"bits": "Nothing is left open. Does the window hold the letter that is to be predicted?"},
    mistakes=(
        mistake(
            "in_nats",
            "The logarithm is the natural one; bits have base 2.",
            information=lambda p_next: _information(p_next) * np.log(2),
        ),
        mistake(
            "base_ten",
            "The logarithm has base 10; bits have base 2.",
            information=lambda p_next: _information(p_next) * np.log10(2),
        ),
        mistake(
            "opposite_sign",
            "The sign is wrong: the logarithm of a probability is negative, and an entropy is not.",
            information=lambda p_next: -_information(p_next),
        ),
        mistake(
            "windows_equally_weighted",
            "The mean is taken over the different windows; one that occurs often counts as often.",
            share=lambda p_next: p_next / len(p_next),
        ),
        mistake(
            "summed_over_windows",
            "The entropies of the windows are added up; take their mean, each as often as its window occurs.",
            share=lambda p_next: p_next,
        ),
        mistake(
            "pairs_equally_weighted",
            "Every pair of window and letter has the same weight; one that occurs often counts as often.",
            share=lambda counts: (counts > 0) / np.sum(counts > 0),
        ),
        mistake(
            "entropy_of_window_and_letter",
            "That is the entropy of the window and the letter together: divide by how often the window occurs.",
            p_next=lambda counts: counts / counts.sum(),
        ),
        mistake(
            "entropy_of_the_window",
            "That is the entropy of the windows; asked is that of the letter behind them.",
            p_next=lambda counts, occurs: np.broadcast_to(occurs / counts.sum(), counts.shape),
        ),
        mistake(
            "window_given_the_letter",
            "That is what the letter leaves open of the window before it; asked is the opposite.",
            p_next=lambda counts: counts / counts.sum(axis=0),
        ),
        mistake(
            "window_not_used",
            "That is the entropy of the letter without any window before it.",
            p_next=lambda counts: np.broadcast_to(counts.sum(axis=0) / counts.sum(), counts.shape),
        ),
        mistake(
            "window_one_longer",
            "The windows are one letter longer than the width.",
            seen=lambda width: width + 1,
        ),
        mistake(
            "last_window_counted",
            "The last window of the text is counted among those that a letter follows; none does.",
            occurs=lambda tokens, width: _with_last_window(tokens, width),
        ),
        mistake(
            "most_likely_letter",
            "The logarithm is taken of the most likely letter's probability alone; every letter counts.",
            information=lambda p_next: np.broadcast_to(_information(p_next.max(axis=1, keepdims=True)), p_next.shape),
        ),
        mistake(
            "counts_not_shares",
            "The logarithms are multiplied with counts and not with shares.",
            share=lambda counts: counts,
        ),
        mistake(
            "divided_by_length",
            "The sum is divided by the length of the text; there are fewer letters with a window before them.",
            share=lambda counts, tokens: counts / len(tokens),
        ),
    ),
    cases=(
        Case(
            " where a window is empty",
            {"width": 0},
            "From minus 0 on stands the whole text, and up to minus 0 nothing: count from the front.",
            branches=True,
        ),
        Case(
            " where some numbers have one digit and others two",
            {"width": 2, "numbers": (1, 2, 11, 12, 21)},
            "Are letters joined to one text or number? Then 1, 11 and 11, 1 may be the same; a tuple keeps them apart.",
        ),
        Case(" where a window holds three letters", {"width": 3}),
    ),
)
"""The entropy of the next letter where a window is known, in bits."""
