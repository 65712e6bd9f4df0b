"""What problem set 5 lets a learner measure on an LSTM: how long a gradient lasts in its cell."""

from functools import cache

import numpy as np

import unrolled
from autograder.engine.measurement import Measured

T, H = 60, 16
FORGET_BIAS = 3.0


def _network() -> dict[str, np.ndarray]:
    """Return the LSTM of the measurement, as the notebook draws it: N = 1, T = 60, D = 1, H = 16."""
    rng = np.random.default_rng(50)
    x = rng.standard_normal((1, T, 1))
    Wx = rng.standard_normal((1, 4 * H))
    Wh = 0.1 * rng.standard_normal((H, 4 * H))
    return {
        "x": x,
        "h0": np.zeros((1, H)),
        "c0": np.zeros((1, H)),
        "Wx": Wx,
        "Wh": Wh,
        "b": unrolled.forget_gate_bias(H, value=FORGET_BIAS),
    }


@cache
def gradient_by_steps(*, cell_only: bool = False) -> np.ndarray:
    """Return the norm of the gradient of the sum of c_T that is at the cell 0, 1, … steps back, shape (T + 1,).

    With `cell_only` what goes through the hidden states is left out: only the forget gates multiply the gradient.
    """
    network = _network()
    x, h0, c0, *weights = network.values()
    steps, states = [], (h0, c0)
    for t in range(T):
        h, c, cache_t = unrolled.lstm_forward(x[:, t : t + 1], *states, *weights)
        steps.append(cache_t)
        states = h[:, 0], c
    dh, dc = np.zeros((1, H)), np.ones((1, H))
    norms = [np.linalg.norm(dc)]
    for cache_t in reversed(steps):
        if cell_only:
            dh = np.zeros((1, H))
        _, dh, dc, *_ = unrolled.lstm_backward(dh[:, None], dc, cache_t)
        norms.append(np.linalg.norm(dc))
    return np.array(norms)


def _first(under: np.ndarray) -> int:
    return int(np.argmax(under))


def _halved_steps() -> int:
    norms = gradient_by_steps()
    return _first(norms < 0.5 * norms[0])


def _near_misses() -> dict[str, tuple[int, str]]:
    answer, norms, cell_only = _halved_steps(), gradient_by_steps(), gradient_by_steps(cell_only=True)
    one_off = "You are one off: count the steps back from the last cell state, which is 0 steps back."
    estimate = np.log(2) / np.log1p(np.exp(-FORGET_BIAS))
    return {
        "one_too_few": (answer - 1, one_off),
        "one_too_many": (answer + 1, one_off),
        "cell_only": (
            _first(cell_only < 0.5 * cell_only[0]),
            "That is what the forget gates alone give. A step sends back dh_prev as well, and the step before it needs"
            " both.",
        ),
        "half_life_of_the_bias": (
            round(estimate),
            "That is the half-life of a gate that is the sigmoid of its bias and nothing else; here the inputs move the"
            " gates.",
        ),
        # On this network the two mistakes give the same number, so a learner is told of both.
        "half_life_rounded_up_or_one_over_e": (
            int(np.ceil(estimate)),
            "It is the half-life of a gate that is the sigmoid of its bias alone, rounded up, and it is where 1/e is"
            " left, too. Measure where half is left.",
        ),
        "a_quarter": (
            _first(norms < 0.25 * norms[0]),
            "That is where a quarter of the norm is left.",
        ),
        "index": (T - 1 - answer, "That is the index t of that cell state. Count the steps back from the last one."),
        "counted_from_the_start": (
            T - answer,
            "Count from the last cell state backward, not from the start of the sequence.",
        ),
    }


halved_steps = Measured(
    _network,
    "measured_lstm",
    _halved_steps,
    _near_misses,
    "Start with zeros for dh and ones for dc at the last step, and take the norm of the dc_prev that every step sends"
    " back.",
)
"""After how many steps back half of a gradient is left in the cell."""
