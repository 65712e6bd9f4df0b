"""The mistake bank of the forward pass of the plain RNN, in terms: the states, the outputs, the parameter count.

Every term of the states is a function of the step `s`, which holds what there is to hand at time step t:

==================================  ===================================================================
`s.x`, `s.xs`                       (N, D) input of step t, (T, N, D) all of them, time-major
`s.h0`, `s.h_prev`                  (N, H) initial state, state before the step ("previous" decides which one counts)
`s.from_x`, `s.from_h`, `s.z`       (N, H) the two products and the pre-activation, once computed
`s.new`                             (N, H) what the step computed, before the mask
`s.m`, `s.mask`                     (N, 1) and (N, T) bool, True where a real input stands
`s.Wx`, `s.Wh`, `s.b`               (D, H), (H, H), (H,)
`s.t`, `s.T`                        int
==================================  ===================================================================
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.mistakes import Mistake

RIGHT_STATES: dict[str, Callable] = {
    "order": lambda T: range(T),
    "inputs": lambda x: x.swapaxes(0, 1),
    "start": lambda h0: h0,
    "input": lambda s: s.x,
    "previous": lambda s: s.h_prev,
    "from_x": lambda s: s.x @ s.Wx,
    "from_h": lambda s: s.h_prev @ s.Wh,
    "z": lambda s: s.from_x + s.from_h + s.b,
    "new": lambda s: np.tanh(s.z),
    "kept": lambda s: np.where(s.m, s.new, s.h_prev),
    "result": lambda states: states.swapaxes(0, 1),
}


def states_in_terms(point: Mapping[str, Any], replaced: Mapping[str, Callable] | None = None) -> np.ndarray:
    """Evaluate the hidden states with some of the terms replaced.

    Parameters
    ----------
    point : mapping
        x (N, T, D), h0 (N, H) or None, Wx (D, H), Wh (H, H), b (H,), and mask (N, T) bool, which may be missing.
    replaced : mapping of str to callable, optional
        Terms by their name in `RIGHT_STATES`. With none, the right states come out. "result" is given the initial
        state and those of all steps, time-major, shape (T + 1, N, H); the right one drops the first.

    Returns
    -------
    ndarray, shape (N, T, H), unless a replaced "result" makes another
    """
    term = {**RIGHT_STATES, **(replaced or {})}
    x, Wx, Wh, b = (point[name] for name in ("x", "Wx", "Wh", "b"))
    N, T, _ = x.shape
    H = len(Wh)
    h0 = np.zeros((N, H)) if point.get("h0") is None else point["h0"]
    mask = point.get("mask")
    mask = np.ones((N, T), bool) if mask is None else mask
    states = np.zeros((T + 1, N, H))
    states[0] = h0
    state = term["start"](h0)
    s = SimpleNamespace(xs=term["inputs"](x), h0=h0, mask=mask, Wx=Wx, Wh=Wh, b=b, T=T)
    for t in term["order"](T):
        s.t, s.x, s.m, s.h_prev = t, s.xs[t], mask[:, t, None], state
        s.x = term["input"](s)
        s.h_prev = term["previous"](s)
        for name in ("from_x", "from_h", "z", "new"):
            setattr(s, name, term[name](s))
        state = states[t + 1] = term["kept"](s)
    if "result" in (replaced or {}):
        return term["result"](states)
    return RIGHT_STATES["result"](states[1:])


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


STEP = (
    Mistake(
        "bias_missing",
        "The bias b is not added.",
        "rnn-step",
        {"z": lambda s: s.from_x + s.from_h},
    ),
    Mistake(
        "bias_twice",
        "The bias b is added twice: it belongs to the sum of the two products, not to each of them.",
        "rnn-step",
        {"z": lambda s: s.from_x + s.from_h + 2 * s.b},
    ),
    Mistake(
        "bias_subtracted",
        "The bias b is subtracted.",
        "rnn-step",
        {"z": lambda s: s.from_x + s.from_h - s.b},
    ),
    Mistake(
        "bias_outside_tanh",
        "The bias b is added after tanh; it belongs to the pre-activation.",
        "rnn-step",
        {"new": lambda s: np.tanh(s.from_x + s.from_h) + s.b},
    ),
    Mistake(
        "input_missing",
        "The input does not take part: the state depends on the previous state alone.",
        "rnn-step",
        {"from_x": lambda s: np.zeros_like(s.h_prev)},
    ),
    Mistake(
        "recurrence_missing",
        "The previous state does not take part: this is a feed-forward layer.",
        "rnn-step",
        {"from_h": lambda s: np.zeros_like(s.h_prev)},
    ),
    Mistake(
        "Wh_transposed",
        "Wh is transposed. States are rows here, and Wh stands to their right.",
        "rnn-step",
        {"from_h": lambda s: s.h_prev @ s.Wh.T},
    ),
    Mistake(
        "Wh_left_out",
        "The previous state is added as it is; it has to go through Wh first.",
        "rnn-step",
        {"from_h": lambda s: s.h_prev},
    ),
    Mistake(
        "Wh_elementwise",
        "The previous state is multiplied with the diagonal of Wh only; a matrix product mixes the hidden units.",
        "rnn-step",
        {"from_h": lambda s: s.h_prev * np.diag(s.Wh)},
    ),
    Mistake(
        "tanh_missing",
        "tanh is missing: what comes out is the pre-activation.",
        "rnn-step",
        {"new": lambda s: s.z},
    ),
    Mistake(
        "tanh_twice",
        "tanh is applied twice.",
        "rnn-step",
        {"new": lambda s: np.tanh(np.tanh(s.z))},
    ),
    Mistake(
        "tanh_of_previous",
        "tanh is applied to the previous state as well; it has been through tanh already.",
        "rnn-step",
        {"previous": lambda s: np.tanh(s.h_prev)},
    ),
    Mistake(
        "tanh_of_each",
        "tanh is applied to each product by itself; it belongs around their sum.",
        "rnn-step",
        {"new": lambda s: np.tanh(s.from_x) + np.tanh(s.from_h) + s.b},
    ),
    Mistake(
        "tanh_of_each_bias_with_state",
        "tanh is applied to each product by itself; it belongs around their sum.",
        "rnn-step",
        {"new": lambda s: np.tanh(s.from_x) + np.tanh(s.from_h + s.b)},
    ),
    Mistake(
        "tanh_of_each_bias_with_input",
        "tanh is applied to each product by itself; it belongs around their sum.",
        "rnn-step",
        {"new": lambda s: np.tanh(s.from_x + s.b) + np.tanh(s.from_h)},
    ),
    Mistake(
        "recurrence_outside_tanh",
        "The product with the previous state is added after tanh; it belongs to the pre-activation.",
        "rnn-step",
        {"new": lambda s: np.tanh(s.from_x + s.b) + s.from_h},
    ),
    Mistake(
        "sigmoid",
        "The activation is the sigmoid, but this network has tanh.",
        "rnn-step",
        {"new": lambda s: _sigmoid(s.z)},
    ),
    Mistake(
        "relu",
        "The activation is ReLU, but this network has tanh.",
        "rnn-step",
        {"new": lambda s: np.maximum(s.z, 0)},
    ),
    Mistake(
        "previous_added",
        "The previous state is added to the new one; the new state replaces it.",
        "rnn-step",
        {"new": lambda s: s.h_prev + np.tanh(s.z)},
    ),
    Mistake(
        "products_multiplied",
        "The two products are multiplied with each other; they have to be added.",
        "rnn-step",
        {"z": lambda s: s.from_x * s.from_h + s.b},
    ),
)
"""Mistakes in one step: `rnn_step_forward`."""

WHEN_SQUARE = (
    Mistake(
        "weights_swapped",
        "Wx and Wh have changed places: the input belongs to Wx, the previous state to Wh.",
        "rnn-step",
        {"from_x": lambda s: s.x @ s.Wh, "from_h": lambda s: s.h_prev @ s.Wx},
    ),
    Mistake(
        "Wx_transposed",
        "Wx is transposed. Inputs are rows here, and Wx stands to their right.",
        "rnn-step",
        {"from_x": lambda s: s.x @ s.Wx.T},
    ),
    Mistake(
        "both_transposed",
        "Wx and Wh are both transposed. Inputs and states are rows here, and the weights stand to their right.",
        "rnn-step",
        {"from_x": lambda s: s.x @ s.Wx.T, "from_h": lambda s: s.h_prev @ s.Wh.T},
    ),
)
"""Mistakes that only run where D = H; elsewhere NumPy refuses the shapes."""

SEQUENCE = (
    Mistake(
        "state_not_passed_on",
        "The state is not passed on: every step starts from h0 again.",
        "rnn-step",
        {"previous": lambda s: s.h0},
    ),
    Mistake(
        "h0_ignored",
        "h0 is ignored: the first step starts from zeros.",
        "rnn-step",
        {"start": lambda h0: np.zeros_like(h0)},
    ),
    Mistake(
        "first_input_only",
        "Every step reads the input of the first one.",
        "rnn-step",
        {"input": lambda s: s.xs[0]},
    ),
    Mistake(
        "input_one_step_late",
        "Every step reads the input of the step before it.",
        "rnn-step",
        {"input": lambda s: s.xs[s.t - 1]},
    ),
    Mistake(
        "inputs_reversed",
        "The inputs are read in reversed order: the first step gets the last input.",
        "rnn-step",
        {"inputs": lambda x: x.swapaxes(0, 1)[::-1]},
    ),
    Mistake(
        "first_step_left_out",
        "The first step is left out: the loop starts one step late.",
        "rnn-step",
        {"order": lambda T: range(1, T)},
    ),
    Mistake(
        "last_step_left_out",
        "The last step is left out: the loop ends one step early.",
        "rnn-step",
        {"order": lambda T: range(T - 1)},
    ),
    Mistake(
        "backward_in_time",
        "The loop reads the sequence backward in time, from the last step to the first.",
        "rnn-step",
        {"order": lambda T: range(T - 1, -1, -1)},
    ),
    Mistake(
        "states_reversed",
        "The states are right but stand in reversed order.",
        "rnn-step",
        {"result": lambda states: states[:0:-1].swapaxes(0, 1)},
    ),
    Mistake(
        "one_step_late",
        "The states stand one place too late: h[:, 0] is h0, and the state after the last step is lost.",
        "rnn-step",
        {"result": lambda states: states[:-1].swapaxes(0, 1)},
    ),
    Mistake(
        "last_state_everywhere",
        "Every step holds the last state: the same array is stored each time, and it goes on changing.",
        "rnn-step",
        {"result": lambda states: np.repeat(states[-1:], len(states) - 1, axis=0).swapaxes(0, 1)},
    ),
    Mistake(
        "states_summed_up",
        "Every step holds the sum of the states so far.",
        "rnn-step",
        {"result": lambda states: states[1:].cumsum(axis=0).swapaxes(0, 1)},
    ),
    Mistake(
        "inputs_reshaped",
        "The inputs are brought to time-major order in a way that mixes the sequences: the shape is right, but the "
        "numbers of one sequence end up in another.",
        "rnn-step",
        {"inputs": lambda x: x.reshape(x.shape[1], x.shape[0], x.shape[2])},
    ),
    Mistake(
        "states_reshaped",
        "The states are brought to batch-first order in a way that mixes the sequences: the shape is right, but the "
        "numbers of one sequence end up in another.",
        "rnn-step",
        {"result": lambda states: states[1:].reshape(states.shape[1], len(states) - 1, states.shape[2])},
    ),
    Mistake(
        "last_state_only",
        "Only the last state is returned; collect the state of every step.",
        "rnn-step",
        {"result": lambda states: states[-1]},
    ),
    Mistake(
        "time_major",
        "The states are returned time first, (T, N, H); they should be batch first, (N, T, H).",
        "rnn-step",
        {"result": lambda states: states[1:]},
    ),
    Mistake(
        "h0_among_the_states",
        "h0 is returned among the states; h[:, 0] is the state after the first input.",
        "rnn-step",
        {"result": lambda states: states.swapaxes(0, 1)},
    ),
)
"""Mistakes that need more than one step to show."""

STATES = SEQUENCE + STEP
"""Mistakes in all states of a sequence: `rnn_forward`."""

_MIXED = "Sequences are mixed: with two in a batch, the states of one come from the inputs of the other."
_RESHAPED = {mistake.name: mistake.terms for mistake in SEQUENCE if mistake.name.endswith("_reshaped")}

TIME_MAJOR = (
    Mistake("inputs_mixed", _MIXED, "rnn-step", _RESHAPED["inputs_reshaped"]),
    Mistake("states_mixed", _MIXED, "rnn-step", _RESHAPED["states_reshaped"]),
    Mistake(
        "mixed_twice",
        _MIXED,
        "rnn-step",
        {**_RESHAPED["inputs_reshaped"], **_RESHAPED["states_reshaped"]},
    ),
    *(mistake for mistake in STATES if mistake.name not in _RESHAPED),
)
"""Mistakes in a loop that works time-major inside: `repaired_time_major_rnn`. What the question asks the learner to
find is not told here, only that it is still there."""

MASKED = (
    Mistake(
        "mask_ignored",
        "The mask is ignored: padded steps are computed like real ones.",
        "rnn-mask",
        {"kept": lambda s: s.new},
    ),
    Mistake(
        "state_zeroed",
        "The mask sets the state to zero at padded steps; they should carry the state on.",
        "rnn-mask",
        {"kept": lambda s: s.new * s.m},
    ),
    Mistake(
        "input_zeroed",
        "The mask only sets the input to zero, but the step is still computed; a padded step should change nothing.",
        "rnn-mask",
        {"input": lambda s: s.x * s.m, "kept": lambda s: s.new},
    ),
    Mistake(
        "mask_inverted",
        "The mask is used the wrong way round: real steps are carried on and padded steps are computed.",
        "rnn-mask",
        {"kept": lambda s: np.where(s.m, s.h_prev, s.new)},
    ),
    Mistake(
        "h0_carried",
        "Padded steps hold h0; they should hold the state before the step.",
        "rnn-mask",
        {"kept": lambda s: np.where(s.m, s.new, s.h0)},
    ),
    Mistake(
        "carried_at_real_steps_too",
        "The previous state is added at real steps as well; there the new state replaces it.",
        "rnn-mask",
        {"kept": lambda s: s.m * s.new + s.h_prev},
    ),
    Mistake(
        "added_at_padded_steps",
        "At padded steps the previous state is added to the new one; it should replace it.",
        "rnn-mask",
        {"kept": lambda s: s.new + ~s.m * s.h_prev},
    ),
    Mistake(
        "mask_one_step_late",
        "The mask is one step late: the first padded step of a sequence is still computed.",
        "rnn-mask",
        {"kept": lambda s: np.where(s.mask[:, max(s.t - 1, 0), None], s.new, s.h_prev)},
    ),
    Mistake(
        "mask_one_step_early",
        "The mask is one step early: the last real step of a sequence is not computed.",
        "rnn-mask",
        {"kept": lambda s: np.where(s.mask[:, min(s.t + 1, s.T - 1), None], s.new, s.h_prev)},
    ),
    Mistake(
        "stops_with_the_shortest",
        "The whole batch stops when its shortest sequence ends; each sequence has a mask of its own.",
        "rnn-mask",
        {"kept": lambda s: s.new if s.mask[:, s.t].all() else s.h_prev},
    ),
    Mistake(
        "mask_of_the_first_sequence",
        "The mask of the first sequence is used for all of them.",
        "rnn-mask",
        {"kept": lambda s: np.where(s.m[0], s.new, s.h_prev)},
    ),
    *(mistake for mistake in STATES if mistake.name != "previous_added"),
)
"""Mistakes where a mask is at work: `rnn_forward_masked`."""


RIGHT_OUTPUTS: dict[str, Callable] = {
    "lengths": lambda mask: mask.sum(axis=1),
    "read": lambda h, lengths: h[np.arange(len(h)), lengths - 1],
    "states": lambda h: h,
    "bias": lambda by: by,
    "output": lambda y: y,
    "result": lambda y: y,
}


def outputs_in_terms(point: Mapping[str, Any], replaced: Mapping[str, Callable] | None = None) -> np.ndarray:
    """Evaluate the outputs with some of the terms replaced: one for each sequence with a mask, else one for each step.

    Parameters
    ----------
    point : mapping
        h (N, T, H), Wy (H, V), by (V,), and mask (N, T) bool for the output at the last real step.
    replaced : mapping of str to callable, optional
        Terms by their name in `RIGHT_OUTPUTS`.

    Returns
    -------
    ndarray, shape (N, V) with a mask, (N, T, V) without one, unless a replaced term makes another
    """
    term = {**RIGHT_OUTPUTS, **(replaced or {})}
    h = term["states"](point["h"])
    if point.get("mask") is not None:
        h = term["read"](h, term["lengths"](point["mask"]))
    return term["result"](term["output"](h @ point["Wy"] + term["bias"](point["by"])))


def _softmax(y: np.ndarray) -> np.ndarray:
    shifted = np.exp(y - y.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


OUTPUT = (
    Mistake(
        "by_missing",
        "The bias by is not added.",
        "rnn-output",
        {"bias": lambda by: np.zeros_like(by)},
    ),
    Mistake(
        "by_twice",
        "The bias by is added twice.",
        "rnn-output",
        {"bias": lambda by: 2 * by},
    ),
    Mistake(
        "by_subtracted",
        "The bias by is subtracted.",
        "rnn-output",
        {"bias": lambda by: -by},
    ),
    Mistake(
        "output_tanh",
        "tanh is applied to the output; the output layer has no activation.",
        "rnn-output",
        {"output": np.tanh},
    ),
    Mistake(
        "states_tanh",
        "tanh is applied to the states once more before the output.",
        "rnn-output",
        {"states": np.tanh},
    ),
    Mistake(
        "output_softmax",
        "softmax is applied to the output; it belongs to the loss, not to this layer.",
        "rnn-output",
        {"output": _softmax},
    ),
    Mistake(
        "output_sigmoid",
        "The sigmoid is applied to the output; the output layer has no activation.",
        "rnn-output",
        {"output": _sigmoid},
    ),
)
"""Mistakes in the output layer itself."""

MANY_TO_MANY = (
    Mistake(
        "reversed_in_time",
        "The outputs are right but stand in reversed order.",
        "rnn-output",
        {"result": lambda y: y[:, ::-1]},
    ),
    Mistake(
        "rows_mixed",
        "The outputs end up with the wrong sequence: the axes are changed in a way that mixes the sequences.",
        "rnn-output",
        {"result": lambda y: y.swapaxes(0, 1).reshape(y.shape)},
    ),
    Mistake(
        "one_step_late",
        "Each output is made from the state before its step; use the state after it.",
        "rnn-output",
        {"states": lambda h: np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)},
    ),
    Mistake(
        "last_state_everywhere",
        "Every output is made from the last state; each step has a state of its own.",
        "rnn-output",
        {"states": lambda h: np.repeat(h[:, -1:], h.shape[1], axis=1)},
    ),
    Mistake(
        "states_summed_up",
        "Each output is made from the sum of the states so far; use the state of its own step.",
        "rnn-output",
        {"states": lambda h: h.cumsum(axis=1)},
    ),
    Mistake(
        "mean_everywhere",
        "Every output is made from the mean of the states; each step has a state of its own.",
        "rnn-output",
        {"states": lambda h: np.repeat(h.mean(axis=1, keepdims=True), h.shape[1], axis=1)},
    ),
    Mistake(
        "last_output_only",
        "Only the output of the last step is returned; every step has one.",
        "rnn-output",
        {"result": lambda y: y[:, -1]},
    ),
    Mistake(
        "time_major",
        "The outputs are returned time first, (T, N, V); they should be batch first, (N, T, V).",
        "rnn-output",
        {"result": lambda y: y.swapaxes(0, 1)},
    ),
    *OUTPUT,
)
"""Mistakes in one output for each step: `many_to_many`."""


def _at(h: np.ndarray, step: np.ndarray) -> np.ndarray:
    return h[np.arange(len(h)), step]


def _up_to(h: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.stack([sequence[:length].sum(axis=0) for sequence, length in zip(h, lengths, strict=True)])


MANY_TO_ONE = (
    Mistake(
        "last_step",
        "The output is read at the last step of the batch; a shorter sequence has its last real step before that.",
        "rnn-mask",
        {"read": lambda h, lengths: h[:, -1]},
    ),
    Mistake(
        "first_masked_step",
        "The output is read one step too late, at the first padded step.",
        "rnn-mask",
        {"read": lambda h, lengths: _at(h, np.minimum(lengths, h.shape[1] - 1))},
    ),
    Mistake(
        "one_step_early",
        "The output is read one step before the last real one.",
        "rnn-mask",
        {"read": lambda h, lengths: _at(h, lengths - 2)},
    ),
    Mistake(
        "one_step_early_at_least_the_first",
        "The output is read one step before the last real one.",
        "rnn-mask",
        {"read": lambda h, lengths: _at(h, np.maximum(lengths - 2, 0))},
    ),
    Mistake(
        "first_step",
        "The output is read at the first step.",
        "rnn-mask",
        {"read": lambda h, lengths: h[:, 0]},
    ),
    Mistake(
        "from_the_end",
        "The steps are counted from the wrong end of the sequence.",
        "rnn-mask",
        {"read": lambda h, lengths: _at(h, h.shape[1] - lengths)},
    ),
    Mistake(
        "length_of_the_first_sequence",
        "The length of the first sequence is used for all of them.",
        "rnn-mask",
        {"read": lambda h, lengths: h[:, lengths[0] - 1]},
    ),
    Mistake(
        "length_of_the_shortest",
        "The length of the shortest sequence is used for all of them.",
        "rnn-mask",
        {"read": lambda h, lengths: h[:, lengths.min() - 1]},
    ),
    Mistake(
        "last_step_times_mask",
        "The last step of the batch is read and masked, so that shorter sequences give zero states.",
        "rnn-mask",
        {"read": lambda h, lengths: h[:, -1] * (lengths == h.shape[1])[:, None]},
    ),
    Mistake(
        "mean_over_real_steps",
        "The output is made from the mean of the real states; use the last of them alone.",
        "rnn-mask",
        {"read": lambda h, lengths: _up_to(h, lengths) / lengths[:, None]},
    ),
    Mistake(
        "mean_over_all_steps",
        "The output is made from the mean over all steps, padding and all; use the last real state alone.",
        "rnn-mask",
        {"read": lambda h, lengths: h.mean(axis=1)},
    ),
    Mistake(
        "masked_sum_over_all_steps",
        "The real states are summed and divided by T; use the last of them alone.",
        "rnn-mask",
        {"read": lambda h, lengths: _up_to(h, lengths) / h.shape[1]},
    ),
    Mistake(
        "sum_over_real_steps",
        "The output is made from the sum of the real states; use the last of them alone.",
        "rnn-mask",
        {"read": lambda h, lengths: _up_to(h, lengths)},
    ),
    Mistake(
        "every_step",
        "There is one output for every step; each sequence has only one.",
        "rnn-mask",
        {"read": lambda h, lengths: h},
    ),
    *OUTPUT,
)
"""Mistakes in one output for each sequence: `many_to_one`."""


RIGHT_COUNT: dict[str, Callable] = {
    "Wx": lambda D, H, V: D * H,
    "Wh": lambda D, H, V: H * H,
    "b": lambda D, H, V: H,
    "Wy": lambda D, H, V: H * V,
    "by": lambda D, H, V: V,
    "total": lambda total: total,
}


def count_in_terms(sizes: list[tuple[int, int, int]], replaced: Mapping[str, Callable] | None = None) -> np.ndarray:
    """Evaluate the parameter count for several (D, H, V) with some of the terms replaced.

    Returns
    -------
    ndarray, shape (len(sizes),), float64
    """
    term = {**RIGHT_COUNT, **(replaced or {})}
    parts = ("Wx", "Wh", "b", "Wy", "by")
    return np.array([term["total"](sum(term[part](*size) for part in parts)) for size in sizes], float)


def _none(D: int, H: int, V: int) -> int:
    return 0


COUNT = (
    Mistake(
        "output_layer_missing",
        "The output layer is not counted: it has weights and a bias of its own.",
        "rnn-parameters",
        {"Wy": _none, "by": _none},
    ),
    Mistake(
        "biases_missing",
        "The two biases are not counted.",
        "rnn-parameters",
        {"b": _none, "by": _none},
    ),
    Mistake(
        "b_missing",
        "The bias of the hidden layer is not counted.",
        "rnn-parameters",
        {"b": _none},
    ),
    Mistake(
        "by_missing",
        "The bias of the output layer is not counted.",
        "rnn-parameters",
        {"by": _none},
    ),
    Mistake(
        "Wh_missing",
        "The recurrent weights are not counted.",
        "rnn-parameters",
        {"Wh": _none},
    ),
    Mistake(
        "Wx_missing",
        "The input weights are not counted.",
        "rnn-parameters",
        {"Wx": _none},
    ),
    Mistake(
        "Wh_like_Wx",
        "The recurrent weights are counted with D rows; they go from the H hidden units to the H hidden units.",
        "rnn-parameters",
        {"Wh": lambda D, H, V: D * H},
    ),
    Mistake(
        "Wh_diagonal",
        "Each hidden unit is counted with one recurrent weight; it is connected to all hidden units.",
        "rnn-parameters",
        {"Wh": lambda D, H, V: H},
    ),
    Mistake(
        "H_too_many",
        "There are H numbers too many: the hidden layer has one bias, and h0 is an input, not a weight.",
        "rnn-parameters",
        {"b": lambda D, H, V: 2 * H},
    ),
    Mistake(
        "b_of_size_D",
        "The bias of the hidden layer is counted with D numbers; it has one for every hidden unit.",
        "rnn-parameters",
        {"b": lambda D, H, V: D},
    ),
    Mistake(
        "biases_as_numbers",
        "Each bias is counted as one number; it has one for every unit of its layer.",
        "rnn-parameters",
        {"b": lambda D, H, V: 1, "by": lambda D, H, V: 1},
    ),
    Mistake(
        "by_of_size_H",
        "The bias of the output layer is counted with H numbers; it has one for every output.",
        "rnn-parameters",
        {"by": lambda D, H, V: H},
    ),
    Mistake(
        "output_from_input",
        "The output weights are counted with D rows; the output reads the hidden state.",
        "rnn-parameters",
        {"Wy": lambda D, H, V: D * V},
    ),
    Mistake(
        "output_square",
        "The output weights are counted as V times V; the output reads the hidden state.",
        "rnn-parameters",
        {"Wy": lambda D, H, V: V * V},
    ),
)
"""Mistakes in the number of parameters: `rnn_parameter_count`."""


def counted_for_each_step(times: int) -> Mistake:
    """Return the mistake of counting the same weights `times` times."""
    return Mistake(
        "counted_for_each_step",
        f"The count is {times} times too large: the same weights are used at every step, so they count once.",
        "rnn-parameters",
        {"total": lambda total: times * total},
    )
