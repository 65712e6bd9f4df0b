"""What the problem sets let a learner measure on a plain RNN: how long a state lasts, how far a gradient travels."""

from functools import cache

import numpy as np

import unrolled
from autograder.engine.measurement import Measured


def _two_starts() -> dict[str, np.ndarray]:
    """Return a network with two initial states, as the notebook's cell builds it: N = 1, T = 80, D = 2, H = 16."""
    rng = np.random.default_rng(44)
    N, T, D, H = 1, 80, 2, 16
    return {
        "x": rng.standard_normal((N, T, D)),
        "h0_first": rng.uniform(-0.9, 0.9, (N, H)),
        "h0_second": rng.uniform(-0.9, 0.9, (N, H)),
        "Wx": 0.3 * rng.standard_normal((D, H)),
        "Wh": 0.95 * np.linalg.qr(rng.standard_normal((H, H)))[0],
        "b": np.zeros(H),
    }


@cache
def gap_by_steps() -> np.ndarray:
    """Return the distance between the two states after 0, 1, …, T steps, shape (T + 1,)."""
    x, h0_first, h0_second, Wx, Wh, b = _two_starts().values()
    first, _ = unrolled.rnn_forward(x, h0_first, Wx, Wh, b)
    second, _ = unrolled.rnn_forward(x, h0_second, Wx, Wh, b)
    return np.concatenate([[np.linalg.norm(h0_first - h0_second)], np.linalg.norm(first - second, axis=-1)[0]])


def _first(under: np.ndarray) -> int:
    return int(np.argmax(under))


def _forgotten_after() -> int:
    gap = gap_by_steps()
    return _first(gap < 0.01 * gap[0])


def _forgotten_near_misses() -> dict[str, tuple[int, str]]:
    gap = gap_by_steps()
    after_first_step = _first(gap[1:] < 0.01 * gap[1])
    after_one = (
        "Is your first value that after one step? It is the distance between h0_first and h0_second, before any."
    )
    return {
        "one_too_few": (_forgotten_after() - 1, "It is one too few: h[:, t] is the state after t + 1 steps."),
        "one_too_many": (
            _forgotten_after() + 1,
            "It is one too many: the distance between the initial states is the one after 0 steps.",
        ),
        "from_the_first_step": (after_first_step, after_one),
        "from_the_first_step_counted": (after_first_step + 1, after_one),
        "absolute_limit": (_first(gap < 0.01), "The limit is 1 % of the first distance, not the number 0.01."),
        "ten_percent": (
            _first(gap < 0.1 * gap[0]),
            "That is where the distance falls under 10 %, or its square under 1 %.",
        ),
        "tenth_of_a_percent": (_first(gap < 0.001 * gap[0]), "That is where the distance falls under 0.1 %."),
        "estimate_without_tanh": (
            int(np.ceil(np.log(0.01) / np.log(0.95))),
            "That is the guess without tanh; measure it on the network.",
        ),
    }


forgotten_after = Measured(
    _two_starts,
    "",
    _forgotten_after,
    _forgotten_near_misses,
    "Take the norm of the difference of the two states, step by step, and count the steps until it is under 1 % of what"
    " it was before the first.",
)
"""After how many steps two states that read the same input are nearly the same."""


def _long_memory() -> dict[str, np.ndarray]:
    """Return the network of the measurement, as the notebook draws it: N = 1, T = 60, D = 1, H = 16."""
    rng = np.random.default_rng(3)
    N, T, D, H = 1, 60, 1, 16
    x = rng.standard_normal((N, T, D))
    Wx = 0.5 * rng.standard_normal((D, H))
    Wh = 0.9 * np.linalg.qr(rng.standard_normal((H, H)))[0]
    return {"x": x, "h0": np.zeros((N, H)), "Wx": Wx, "Wh": Wh, "b": np.zeros(H)}


@cache
def gradient_by_steps() -> np.ndarray:
    """Return the norm of the gradient 0, 1, … steps back from the last hidden state, shape (T,)."""
    network = _long_memory()
    x = network["x"]
    h, _ = unrolled.rnn_forward(**network)
    T = x.shape[1]
    upstream = np.zeros_like(h)
    upstream[:, -1] = 1.0
    norms = [np.linalg.norm(upstream[:, -1])]
    for start in range(T - 1, 0, -1):
        # The gradient that reaches h[:, start - 1] is dh0 of the steps after it.
        _, tail = unrolled.rnn_forward(**{**network, "x": x[:, start:], "h0": h[:, start - 1]})
        norms.append(np.linalg.norm(unrolled.rnn_backward(upstream[:, start:], tail)[1]))
    return np.array(norms)


def _faded_steps() -> int:
    norms = gradient_by_steps()
    return _first(norms < 0.01 * norms[0])


def _faded_near_misses() -> dict[str, tuple[int, str]]:
    answer, norms = _faded_steps(), gradient_by_steps()
    T = len(norms)
    one_off = "You are one off: count the steps back from the last hidden state, which is 0 steps back."
    return {
        "one_too_few": (answer - 1, one_off),
        "one_too_many": (answer + 1, one_off),
        # On this network the two mistakes give the same number, so a learner is told of both.
        "estimate_or_index": (
            T - 1 - answer,
            "It is the estimate without tanh, and it is the index t of that state, too. Measure the norm, and count the"
            " steps back from the last hidden state.",
        ),
        "counted_from_the_start": (
            T - answer,
            "Count from the last hidden state backward, not from the start of the sequence.",
        ),
        "absolute_limit": (_first(norms < 0.01), "The limit is 1 % of 4, not the number 0.01."),
        "ten_percent": (_first(norms < 0.1 * norms[0]), "That is where the norm falls under 10 %."),
    }


faded_steps = Measured(
    _long_memory,
    "measured_network",
    _faded_steps,
    _faded_near_misses,
    "Take the norm of the total gradient that reaches h[:, t]; a mistake in question 1 shows here too.",
)
"""After how many steps back less than 1 % of a gradient is left."""
