"""The output layer: one output for every step, or one for every sequence."""

from typing import Any

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms
from autograder.layers.rnn import GARBAGE, MASK_OF_ONES, ONE_REAL_STEP, SMALLEST, draw_mask

LONG = Case(" at T = 25", {"N": 4, "T": 25})


def _draw(rng: np.random.Generator, **options: Any) -> Problem:
    """Draw hidden states and an output layer."""
    sizes = draw_sizes(rng, "NTHV", {"N": 4, "T": 6}, **options)
    N, T, H, V = sizes.values()
    h = rng.uniform(-0.9, 0.9, (N, T, H))
    layer = {"Wy": rng.standard_normal((H, V)) / np.sqrt(H), "by": 0.5 * rng.standard_normal(V)}
    return Problem(sizes, {"h": h, **layer})


def _draw_masked(rng: np.random.Generator, *, full: bool = False, shortest: int = 2, **options: Any) -> Problem:
    """Draw hidden states of sequences of unequal length; beyond the end of a sequence they are large garbage."""
    problem = _draw(rng, **options)
    h, N, T = problem.given["h"], problem.sizes["N"], problem.sizes["T"]
    mask = np.ones((N, T), bool) if full else draw_mask(rng, N, T, shortest)
    h = np.where(mask[..., None], h, GARBAGE * rng.standard_normal(h.shape))
    return Problem(problem.sizes, {**problem.given, "h": h, "mask": mask})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    h, Wy, by = (problem.given[name] for name in ("h", "Wy", "by"))
    return {"y": np.array([[state @ Wy + by for state in states] for states in h])}


def _right_masked(problem: Problem) -> dict[str, np.ndarray]:
    h, mask, Wy, by = (problem.given[name] for name in ("h", "mask", "Wy", "by"))
    return {"y": np.array([states[real][-1] @ Wy + by for states, real in zip(h, mask, strict=True)])}


def _sigmoid(y: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-y))


def _softmax(y: np.ndarray) -> np.ndarray:
    shifted = np.exp(y - y.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


LAYER_TERMS = terms(
    "rnn-output",
    states=lambda h: h,
    read=lambda states: states,
    bias=lambda by: by,
    output=lambda read, Wy, bias: read @ Wy + bias,
    y=lambda output: output,
)
LAYER_MISTAKES = (
    mistake("by_missing", "The bias by is not added.", bias=lambda by: np.zeros_like(by)),
    mistake("by_twice", "The bias by is added twice.", bias=lambda by: 2 * by),
    mistake("by_subtracted", "The bias by is subtracted.", bias=lambda by: -by),
    mistake(
        "output_tanh",
        "tanh is applied to the output; the output layer has no activation.",
        y=lambda output: np.tanh(output),
    ),
    mistake(
        "states_tanh",
        "tanh is applied to the states once more before the output.",
        states=lambda h: np.tanh(h),
    ),
    mistake(
        "output_softmax",
        "softmax is applied to the output; it belongs to the loss, not to this layer.",
        y=lambda output: _softmax(output),
    ),
    mistake(
        "output_sigmoid",
        "The sigmoid is applied to the output; the output layer has no activation.",
        y=lambda output: _sigmoid(output),
    ),
)

many_to_many = Calculation(
    _draw,
    _right,
    Once(LAYER_TERMS),
    lambda problem: problem.given,
    equation="rnn-output",
    mistakes=(
        mistake(
            "reversed_in_time", "The outputs are right but stand in reversed order.", y=lambda output: output[:, ::-1]
        ),
        mistake(
            "rows_mixed",
            "The outputs end up with the wrong sequence: the axes are changed in a way that mixes the sequences.",
            y=lambda output: output.swapaxes(0, 1).reshape(output.shape),
        ),
        mistake(
            "one_step_late",
            "Each output is made from the state before its step; use the state after it.",
            states=lambda h: np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1),
        ),
        mistake(
            "last_state_everywhere",
            "Every output is made from the last state; each step has a state of its own.",
            states=lambda h: np.repeat(h[:, -1:], h.shape[1], axis=1),
        ),
        mistake(
            "states_summed_up",
            "Each output is made from the sum of the states so far; use the state of its own step.",
            states=lambda h: h.cumsum(axis=1),
        ),
        mistake(
            "mean_everywhere",
            "Every output is made from the mean of the states; each step has a state of its own.",
            states=lambda h: np.repeat(h.mean(axis=1, keepdims=True), h.shape[1], axis=1),
        ),
        mistake(
            "mean_only",
            "There is one output for every sequence, made from the mean of its states; every step has one.",
            states=lambda h: h.mean(axis=1),
        ),
        mistake(
            "sum_only",
            "There is one output for every sequence, made from the sum of its states; every step has one.",
            states=lambda h: h.sum(axis=1),
        ),
        mistake(
            "last_output_only",
            "Only the output of the last step is returned; every step has one.",
            y=lambda output: output[:, -1],
        ),
        mistake(
            "time_major",
            "The outputs are returned time first, (T, N, V); they should be batch first, (N, T, V).",
            y=lambda output: output.swapaxes(0, 1),
        ),
        *LAYER_MISTAKES,
    ),
    cases=(*SMALLEST, at_one("H"), at_one("V"), LONG),
)
"""One output for every step."""


def _at(h: np.ndarray, step: np.ndarray) -> np.ndarray:
    return h[np.arange(len(h)), step]


def _up_to(h: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.stack([sequence[:length].sum(axis=0) for sequence, length in zip(h, lengths, strict=True)])


READ_TERMS = terms(
    "rnn-mask",
    lengths=lambda mask: mask.sum(axis=1),
    read=lambda states, lengths: _at(states, lengths - 1),
)

many_to_one = Calculation(
    _draw_masked,
    _right_masked,
    Once({"states": LAYER_TERMS["states"], **READ_TERMS, **{k: v for k, v in LAYER_TERMS.items() if k != "read"}}),
    lambda problem: problem.given,
    equation="rnn-output",
    mistakes=(
        mistake(
            "last_step",
            "The output is read at the last step of the batch; a shorter sequence has its last real step before that.",
            read=lambda states: states[:, -1],
        ),
        mistake(
            "first_masked_step",
            "The output is read one step too late, at the first padded step.",
            read=lambda states, lengths: _at(states, np.minimum(lengths, states.shape[1] - 1)),
        ),
        mistake(
            "one_step_early",
            "The output is read one step before the last real one.",
            read=lambda states, lengths: _at(states, lengths - 2),
        ),
        mistake("first_step", "The output is read at the first step.", read=lambda states: states[:, 0]),
        mistake(
            "from_the_end",
            "The steps are counted from the wrong end of the sequence.",
            read=lambda states, lengths: _at(states, states.shape[1] - lengths),
        ),
        mistake(
            "length_of_the_first_sequence",
            "The length of the first sequence is used for all of them.",
            read=lambda states, lengths: states[:, lengths[0] - 1],
        ),
        mistake(
            "length_of_the_last_sequence",
            "The length of the last sequence of the batch is used for all of them.",
            read=lambda states, lengths: states[:, lengths[-1] - 1],
        ),
        mistake(
            "length_of_the_shortest",
            "The length of the shortest sequence is used for all of them.",
            read=lambda states, lengths: states[:, lengths.min() - 1],
        ),
        mistake(
            "last_step_times_mask",
            "The last step of the batch is read and masked, so that shorter sequences give zero states.",
            read=lambda states, lengths: states[:, -1] * (lengths == states.shape[1])[:, None],
        ),
        mistake(
            "mean_over_real_steps",
            "The output is made from the mean of the real states; use the last of them alone.",
            read=lambda states, lengths: _up_to(states, lengths) / lengths[:, None],
        ),
        mistake(
            "mean_over_all_steps",
            "The output is made from the mean over all steps, padding and all; use the last real state alone.",
            read=lambda states: states.mean(axis=1),
        ),
        mistake(
            "masked_sum_over_all_steps",
            "The real states are summed and divided by T; use the last of them alone.",
            read=lambda states, lengths: _up_to(states, lengths) / states.shape[1],
        ),
        mistake(
            "sum_over_real_steps",
            "The output is made from the sum of the real states; use the last of them alone.",
            read=lambda states, lengths: _up_to(states, lengths),
        ),
        mistake(
            "every_step", "There is one output for every step; each sequence has only one.", read=lambda states: states
        ),
        *LAYER_MISTAKES,
    ),
    cases=(*SMALLEST, at_one("V"), ONE_REAL_STEP, MASK_OF_ONES, LONG),
)
"""One output for every sequence, from its last real step."""
