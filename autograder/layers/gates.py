"""What is said of the gates of an LSTM and of a GRU alike."""

from collections.abc import Mapping

import numpy as np

from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.terms import Term, of

FAR = 100.0
"""A pre-activation at which a gate is 0 or 1 and tanh is 1 to the last digit, and slopes stay 0 in a huge gradient."""


def sigmoid(a: np.ndarray) -> np.ndarray:
    """Return σ(a)."""
    return 1 / (1 + np.exp(-a))


def kept(source: str, equation: str) -> Term:
    """Return the term that a cache holds of every step, in the order in which the steps were visited."""
    return Term(of(f"{source} visited", lambda values, visited: values[visited]), equation)


def wrong_activations(gates: Mapping[str, str], candidate: str, before: str) -> tuple[Mistake, ...]:
    """Return the mistakes of an activation that is another one, or missing.

    Parameters
    ----------
    gates : mapping of str
        What each gate, and the candidate, is called in a sentence.
    candidate : str
        Which of them goes through tanh; the others go through the sigmoid.
    before : str
        What the term of a pre-activation is called before its gate, such as ``"z_"``.

    Returns
    -------
    tuple of Mistake
    """
    return (
        *(
            Mistake(
                f"tanh_for_sigmoid_{gate}",
                f"The {called} goes through tanh; a gate goes through the sigmoid, which stays between 0 and 1.",
                {gate: of(f"{before}{gate}", np.tanh)},
                "gates.tanh_for_sigmoid",
            )
            for gate, called in gates.items()
            if gate != candidate
        ),
        Mistake(
            f"sigmoid_for_tanh_{candidate}",
            f"The {gates[candidate]} goes through the sigmoid; it is no gate but what is written, and goes through"
            " tanh.",
            {candidate: of(f"{before}{candidate}", sigmoid)},
        ),
        *(
            Mistake(
                f"activation_missing_{gate}",
                f"The {called} has no activation: what comes out is its pre-activation.",
                {gate: of(f"{before}{gate}", lambda a: a)},
                "gates.activation_missing",
            )
            for gate, called in gates.items()
        ),
    )


INPUT_MISSING = mistake(
    "input_missing",
    "The input does not take part: the gates depend on the previous state alone.",
    from_x=lambda x_t, Wx: np.zeros((len(x_t), Wx.shape[1])),
)
