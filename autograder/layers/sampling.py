"""Drawing the next token with a temperature, and one step of a beam search."""

import numpy as np

from autograder.engine.calling import Seeded
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

ROWS = 60
"""How many tokens are drawn at once, so that a wrong distribution shows."""


def _draw(
    rng: np.random.Generator,
    *,
    N: int = ROWS,
    V: int | None = None,
    temperature: tuple[float, float] | None = None,
    shift: float = 0.0,
) -> Problem:
    """Draw logits, and a temperature that is not near 1 unless it is given."""
    V = V or int(rng.integers(5, 9))
    low, high = temperature or ((0.3, 0.6), (1.8, 3.0))[int(rng.integers(2))]
    logits = 2 * rng.standard_normal((N, V)) + shift * rng.choice([-1.0, 1.0], (N, 1))
    given = {"logits": logits, "temperature": float(rng.uniform(low, high)), "rng": Seeded(int(rng.integers(2**31)))}
    return Problem({"N": N, "V": V}, given)


def _uniform(rng: Seeded, N: int) -> np.ndarray:
    return _generator(rng).random(N)


def _generator(rng: Seeded) -> np.random.Generator:
    return np.random.default_rng(rng.seed)


def _softmax(y: np.ndarray, axis: int = -1) -> np.ndarray:
    p = np.exp(y - y.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def _first_above(p: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the first place at which the sum of the probabilities up to it is above u, in every row; 0 if none is."""
    return (np.cumsum(p, axis=1) > u[:, None]).argmax(axis=1).astype(float)


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the tokens, one row at a time, as `Generator.choice` draws them."""
    rng = _generator(problem.given["rng"])
    p = _softmax(problem.given["logits"] / problem.given["temperature"])
    return {"tokens": np.array([rng.choice(len(row), p=row) for row in p], float)}


NOT_ONE = "The probabilities of a row do not add up to 1."
ANOTHER_RULE = (
    "Tokens are drawn with the right probabilities, but by another rule. Asked is one random number for each row, and"
    " the first token at which the sum of the probabilities is above it."
)

sample = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "temperature",
            scaled=lambda logits, temperature: logits / temperature,
            p=lambda scaled: _softmax(scaled),
            u=lambda rng, logits: _uniform(rng, len(logits)),
            tokens=lambda p, u: _first_above(p, u),
        )
    ),
    lambda problem: problem.given,
    equation="temperature",
    mistakes=(
        mistake("temperature_ignored", "The temperature does not take part.", scaled=lambda logits: logits),
        mistake(
            "temperature_multiplied",
            "The logits are multiplied with the temperature: a high one makes the likeliest token likelier still, and"
            " it has to make it less likely.",
            scaled=lambda logits, temperature: logits * temperature,
        ),
        mistake(
            "temperature_on_probabilities",
            "The softmax comes first and once more: probabilities are divided by the temperature and go through the"
            " softmax again. Divide the logits.",
            scaled=lambda logits, temperature: _softmax(logits) / temperature,
        ),
        mistake(
            "softmax_over_rows",
            "The softmax is taken over the rows of the batch; it belongs to the last axis, the vocabulary.",
            p=lambda scaled: _softmax(scaled, axis=0),
        ),
        mistake(
            "likeliest_token",
            "Nothing is drawn: every token is the likeliest one.",
            tokens=lambda p: p.argmax(axis=1).astype(float),
        ),
        mistake(
            "uniform_tokens",
            "Every token is as likely as every other: the probabilities do not take part.",
            p=lambda scaled: np.full(scaled.shape, 1 / scaled.shape[1]),
        ),
        mistake(
            "one_number_for_all",
            "All rows share one random number; draw one for every row.",
            u=lambda rng, logits: np.full(len(logits), _uniform(rng, 1)[0]),
        ),
        mistake(
            "last_below",
            "The token is one too small: it is the first whose sum is above the random number.",
            tokens=lambda p, u: np.maximum(_first_above(p, u) - 1, 0),
        ),
        mistake(
            "one_too_far",
            "The token is one too large: tokens are counted from 0.",
            tokens=lambda p, u: _first_above(p, u) + 1,
        ),
        mistake(
            "from_the_last_token",
            "That is the token which 1 - u decides, as if the sum began at the last token; it begins at token 0.",
            u=lambda rng, logits: 1 - _uniform(rng, len(logits)),
        ),
        mistake(
            "last_row_first",
            "The last row gets the first random number; the first row has to get it.",
            u=lambda rng, logits: _uniform(rng, len(logits))[::-1],
        ),
        mistake(
            "one_number_for_each_token",
            "Every probability is compared with a random number of its own; a row has one for all its tokens.",
            tokens=lambda p, rng: (np.cumsum(p, axis=1) > _generator(rng).random(p.shape)).argmax(axis=1).astype(float),
        ),
        mistake(
            "not_added_up",
            "The probabilities are compared with the random number one by one; compare their sum up to each token.",
            tokens=lambda p, u: (p > u[:, None]).argmax(axis=1).astype(float),
        ),
        mistake(
            "added_up_over_rows",
            "The probabilities are added up over the rows of the batch; each row has a sum of its own.",
            tokens=lambda p, u: (np.cumsum(p, axis=0) > u[:, None]).argmax(axis=1).astype(float),
        ),
        mistake("power_not_normalized", NOT_ONE, p=lambda logits, temperature: _softmax(logits) ** (1 / temperature)),
        mistake("exp_not_normalized", NOT_ONE, p=lambda scaled: np.exp(scaled)),
        mistake(
            "shifted_exp_not_normalized", NOT_ONE, p=lambda scaled: np.exp(scaled - scaled.max(axis=1, keepdims=True))
        ),
        mistake(
            "gumbel",
            ANOTHER_RULE,
            tokens=lambda scaled, rng: (
                (scaled + _generator(rng).gumbel(size=scaled.shape)).argmax(axis=1).astype(float)
            ),
        ),
        mistake(
            "gumbel_by_hand",
            ANOTHER_RULE,
            tokens=lambda scaled, rng: (
                (scaled - np.log(-np.log(_generator(rng).random(scaled.shape)))).argmax(axis=1).astype(float)
            ),
        ),
    ),
    cases=(
        Case(
            " with logits near 3000 and near -3000",
            {"shift": 3000.0},
            "exp overflows there, or all of them are 0: subtract the largest logit of a row, and no other number.",
        ),
        Case(" where the temperature is 1", {"temperature": (1.0, 1.0)}),
        Case(
            " where the temperature is 0.001",
            {"temperature": (0.001, 0.001)},
            "The likeliest token is nearly certain there. Does something overflow?",
        ),
        Case(" where there is a single row", {"N": 1}, branches=True),
    ),
)
"""A token for every row, drawn by the rule that one random number decides."""

# ------------------------------------------------------------------------------------------------------ beam search


def _draw_beams(rng: np.random.Generator, *, B: int | None = None, K: int | None = None, **sizes: int) -> Problem:
    """Draw the sums of beams and the log probabilities of what may follow.

    Where there is a choice, more than one beam goes on, and one of them more than once.
    """
    B = B or int(rng.integers(4, 6))
    V = sizes.get("V") or int(rng.choice([v for v in range(5, 9) if v != B]))
    K = K or int(rng.integers(3, B) if B > 1 else 3)
    while True:
        log_p = np.log(_softmax(2.0 * rng.standard_normal((B, V))))
        totals = -rng.uniform(2.0, 6.0, B)
        going_on = len(set(_best(totals[:, None] + log_p, K) // V))
        if 1 < going_on < K or B == 1 or K < 3:
            return Problem({"B": B, "V": V, "K": K}, {"totals": totals, "log_p": log_p, "width": K})


def _right_beams(problem: Problem) -> dict[str, np.ndarray]:
    """Return the best of all continuations, sorted one by one."""
    totals, log_p, width = (problem.given[name] for name in ("totals", "log_p", "width"))
    found = [(totals[b] + log_p[b, v], b, v) for b in range(len(totals)) for v in range(log_p.shape[1])]
    best = sorted(found, reverse=True)[:width]
    kept, beams, tokens = (np.array(column, float) for column in zip(*best, strict=True))
    return {"beams": beams, "tokens": tokens, "kept": kept}


def _best(scores: np.ndarray, width: int) -> np.ndarray:
    return np.argsort(-scores, axis=None, kind="stable")[:width]


def _best_of_each(scores: np.ndarray, width: int) -> np.ndarray:
    """Return the places of the best tokens of every beam by itself, the best of these first."""
    alone = np.where(scores == scores.max(axis=1, keepdims=True), scores, -np.inf)
    return _best(alone, width)


beam = Calculation(
    _draw_beams,
    _right_beams,
    Once(
        terms(
            "beam-score",
            scores=lambda totals, log_p: totals[:, None] + log_p,
            places=lambda scores, width: _best(scores, width),
            V=lambda log_p: log_p.shape[1],
            beams=lambda places, V: (places // V).astype(float),
            tokens=lambda places, V: (places % V).astype(float),
            kept=lambda scores, places: scores.reshape(-1)[places],
        )
    ),
    lambda problem: problem.given,
    equation="beam-score",
    mistakes=(
        mistake(
            "totals_not_added",
            "What the beams have collected so far does not take part: only the last token counts.",
            scores=lambda log_p: log_p,
        ),
        mistake(
            "probabilities_added",
            "Probabilities are added to sums of logarithms. Logarithms add up where probabilities multiply.",
            scores=lambda totals, log_p: totals[:, None] + np.exp(log_p),
        ),
        mistake(
            "multiplied_with_probabilities",
            "Sums of logarithms are multiplied with probabilities. Logarithms add up where probabilities multiply.",
            scores=lambda totals, log_p: totals[:, None] * np.exp(log_p),
        ),
        mistake(
            "logarithms_multiplied",
            "Logarithms are multiplied; they add up where probabilities multiply.",
            scores=lambda totals, log_p: totals[:, None] * log_p,
        ),
        mistake(
            "as_probabilities",
            "What is kept are probabilities; the sums of logarithms are asked for, which do not vanish in a long text.",
            kept=lambda scores, places: np.exp(scores.reshape(-1)[places]),
        ),
        mistake(
            "one_for_each_beam",
            "Every beam keeps its best token. All tokens of all beams compete: one beam may go on twice, and another"
            " one not at all.",
            places=lambda scores, width: _best_of_each(scores, width),
        ),
        mistake(
            "best_beam_only",
            "Only the best beam goes on. All tokens of all beams compete.",
            places=lambda scores, totals, width: _best(
                np.where((np.arange(len(totals)) == totals.argmax())[:, None], scores, -np.inf), width
            ),
        ),
        mistake(
            "worst_kept",
            "The worst are kept: the sums of logarithms are negative, and the best is the one nearest to 0.",
            places=lambda scores, width: _best(-scores, width),
        ),
        mistake(
            "worst_first",
            "The right ones are kept, but in the opposite order; the best comes first.",
            places=lambda scores, width: _best(scores, width)[::-1],
        ),
        mistake(
            "places_not_taken_apart",
            "The places are counted through all beams; a token is a column of its beam's row.",
            tokens=lambda places: places.astype(float),
        ),
        mistake(
            "taken_apart_by_beams",
            "The places are divided by the number of beams; a row has as many entries as there are tokens.",
            V=lambda log_p: len(log_p),
        ),
        mistake(
            "column_by_column",
            "The table was laid out column by column, so that a place is counted through the beams first; the places"
            " are taken apart as if it were laid out row by row.",
            beams=lambda scores, width, V: (_best(scores.T, width) // V).astype(float),
            tokens=lambda scores, width, V: (_best(scores.T, width) % V).astype(float),
        ),
        mistake(
            "last_token_only",
            "What is kept is only what the last token adds; the sums go on growing.",
            kept=lambda log_p, places: log_p.reshape(-1)[places],
        ),
    ),
    cases=(
        Case(" where there is a single beam", {"B": 1}, "The first step of a search starts from one.", branches=True),
        Case(" where the width is 1", {"K": 1}, branches=True),
        Case(" where as many are kept as there are beams", {"B": 3, "K": 3}),
        Case(" where more are kept than there are beams", {"B": 2, "K": 5, "V": 7}),
        Case(
            " where 400 are kept",
            {"B": 20, "K": 400, "V": 30},
            "Do they come in order, the best first? `np.argpartition` finds the best, and sorts only a few.",
        ),
    ),
)
"""The best continuations of all beams."""
