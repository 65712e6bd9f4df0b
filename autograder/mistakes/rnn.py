"""The mistake bank of the plain RNN: its backward pass in terms, and the terms that people get wrong.

Every term is a function of the step `s`, which holds what there is to hand at time step t:

======================  ===========  =====================================================================
`s.x`, `s.h_prev`       (N, D), (N, H)  input and previous hidden state
`s.z`, `s.h`            (N, H)       pre-activation and hidden state
`s.dh_t`                (N, H)       upstream gradient of h[:, t]
`s.dh_next`             (N, H)       gradient sent back by step t + 1, zero at the last step; "carry" decides how
                                     much of it crosses into step t
`s.dh`, `s.dz`          (N, H)       their total, and the gradient at the pre-activation, once computed
`s.Wx`, `s.Wh`          (D, H), (H, H)
`s.t`, `s.T`, `s.N`     int
`s.k`                   int          steps of a window of truncated backpropagation; T + 1 if nothing is cut
======================  ===========  =====================================================================
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np

from autograder.mistakes import Mistake
from autograder.problems import RNNProblem

RIGHT: dict[str, Callable] = {
    "order": lambda T: range(T - 1, -1, -1),
    "carry": lambda s: s.dh_next * ((s.t + 1) % s.k != 0),
    "dh": lambda s: s.dh_t + s.dh_next,
    "dz": lambda s: s.dh * (1 - s.h**2),
    "dx": lambda s: s.dz @ s.Wx.T,
    "dh_prev": lambda s: s.dz @ s.Wh.T,
    "dWx": lambda s: s.x.T @ s.dz,
    "dWh": lambda s: s.h_prev.T @ s.dz,
    "db": lambda s: s.dz.sum(axis=0),
    "sum dWx": lambda parts: parts.sum(axis=0),
    "sum dWh": lambda parts: parts.sum(axis=0),
    "sum db": lambda parts: parts.sum(axis=0),
    "dh0": lambda s: s.dh_next,
    "dx in time": lambda dx: dx,
}


def backward_in_terms(
    problem: RNNProblem, replaced: Mapping[str, Callable] | None = None, k: int | None = None
) -> dict[str, np.ndarray]:
    """Evaluate the backward pass with some of its terms replaced.

    Parameters
    ----------
    problem : RNNProblem
        One step is a problem with T = 1.
    replaced : mapping of str to callable, optional
        Terms by their name in `RIGHT`. With none, the right gradients come out.
    k : int, optional
        Cut the gradient at the end of every window of k steps: truncated backpropagation.

    Returns
    -------
    dict
        dx (N, T, D), dh0 (N, H), dWx (D, H), dWh (H, H), db (H,).
    """
    term = {**RIGHT, **(replaced or {})}
    N, T, D = problem.x.shape
    H = problem.h0.shape[1]
    z, h = problem.states
    s = SimpleNamespace(Wx=problem.Wx, Wh=problem.Wh, N=N, T=T, k=T + 1 if k is None else k, dh_next=np.zeros((N, H)))
    dx = np.zeros((N, T, D))
    parts = {name: np.zeros((T, *shape)) for name, shape in (("dWx", (D, H)), ("dWh", (H, H)), ("db", (H,)))}
    for t in term["order"](T):
        s.t, s.x, s.z, s.h, s.dh_t = t, problem.x[:, t], z[:, t], h[:, t], problem.dh[:, t]
        s.h_prev = h[:, t - 1] if t else problem.h0
        s.dh_next = term["carry"](s)
        s.dh = term["dh"](s)
        s.dz = term["dz"](s)
        dx[:, t] = term["dx"](s)
        for name, array in parts.items():
            array[t] = term[name](s)
        s.dh_next = term["dh_prev"](s)
    return {
        "dx": term["dx in time"](dx),
        "dh0": term["dh0"](s),
        "dWx": term["sum dWx"](parts["dWx"]),
        "dWh": term["sum dWh"](parts["dWh"]),
        "db": term["sum db"](parts["db"]),
    }


STEP_BACKWARD = (
    Mistake(
        "no_tanh_derivative",
        "The derivative of tanh is missing: the gradient passes the activation unchanged.",
        "bptt-dz",
        {"dz": lambda s: s.dh},
    ),
    Mistake(
        "derivative_of_z",
        "The derivative of tanh is taken of the pre-activation z, but the formula with the square wants h = tanh(z).",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 - s.z**2)},
    ),
    Mistake(
        "derivative_of_h_prev",
        "The derivative of tanh is taken at the previous hidden state instead of the one this step made.",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 - s.h_prev**2)},
    ),
    Mistake(
        "square_missing",
        "In the derivative of tanh the hidden state is not squared.",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 - s.h)},
    ),
    Mistake(
        "sign_in_derivative",
        "In the derivative of tanh the square has the wrong sign.",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 + s.h**2)},
    ),
    Mistake(
        "tanh_twice",
        "tanh is applied to the hidden state once more before its derivative is taken.",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 - np.tanh(s.h) ** 2)},
    ),
    Mistake(
        "sigmoid_derivative",
        "The derivative used is that of the sigmoid, h(1 - h), but the activation is tanh.",
        "bptt-dz",
        {"dz": lambda s: s.dh * s.h * (1 - s.h)},
    ),
    Mistake(
        "derivative_squared",
        "The derivative of tanh is multiplied in twice.",
        "bptt-dz",
        {"dz": lambda s: s.dh * (1 - s.h**2) ** 2},
    ),
    Mistake(
        "opposite_sign",
        "Every gradient has the opposite sign.",
        "bptt-dz",
        {"dz": lambda s: -s.dh * (1 - s.h**2)},
    ),
    Mistake(
        "Wh_not_transposed",
        "Wh is not transposed where the gradient goes back to the previous hidden state.",
        "bptt-dh-prev",
        {"dh_prev": lambda s: s.dz @ s.Wh},
    ),
    Mistake(
        "dh_prev_from_dh",
        "The gradient of the previous hidden state is made from dh instead of dz: it skips the derivative of tanh.",
        "bptt-dh-prev",
        {"dh_prev": lambda s: s.dh @ s.Wh.T},
    ),
    Mistake(
        "dx_from_dh",
        "dx is made from dh instead of dz: it skips the derivative of tanh.",
        "bptt-dx",
        {"dx": lambda s: s.dh @ s.Wx.T},
    ),
    Mistake(
        "dWh_from_h",
        "dWh multiplies dz with the hidden state this step made, not with the one it started from.",
        "bptt-dWh",
        {"dWh": lambda s: s.h.T @ s.dz},
    ),
    Mistake(
        "dWh_transposed",
        "dWh is transposed.",
        "bptt-dWh",
        {"dWh": lambda s: s.dz.T @ s.h_prev},
    ),
    Mistake(
        "dWh_from_dh",
        "dWh is made from dh instead of dz: it skips the derivative of tanh.",
        "bptt-dWh",
        {"dWh": lambda s: s.h_prev.T @ s.dh},
    ),
    Mistake(
        "dWx_from_dh",
        "dWx is made from dh instead of dz: it skips the derivative of tanh.",
        "bptt-dWx",
        {"dWx": lambda s: s.x.T @ s.dh},
    ),
    Mistake(
        "db_from_dh",
        "db is made from dh instead of dz: it skips the derivative of tanh.",
        "bptt-db",
        {"db": lambda s: s.dh.sum(axis=0)},
    ),
    Mistake(
        "db_mean",
        "db is the mean over the batch, but a gradient of the summed loss is a sum.",
        "bptt-db",
        {"db": lambda s: s.dz.mean(axis=0)},
    ),
    Mistake(
        "weights_mean",
        "The gradients of the weights are divided by the batch size, but a gradient of the summed loss is a sum.",
        "bptt-dWx",
        {
            "dWx": lambda s: s.x.T @ s.dz / s.N,
            "dWh": lambda s: s.h_prev.T @ s.dz / s.N,
            "db": lambda s: s.dz.mean(axis=0),
        },
    ),
    Mistake(
        "db_first_sequence",
        "db holds the first sequence of the batch only.",
        "bptt-db",
        {"db": lambda s: s.dz[0]},
    ),
)
"""Mistakes in one step backward: `rnn_step_backward`."""

SEQUENCE_ONLY = (
    Mistake(
        "dh_next_not_added",
        "dh_next from step t + 1 is not added to the upstream gradient of step t.",
        "bptt-dh",
        {"dh": lambda s: s.dh_t},
    ),
    Mistake(
        "upstream_of_last_step_only",
        "Only the upstream gradient of the last step is used, but a loss can sit at every step.",
        "bptt-dh",
        {"dh": lambda s: s.dh_next + (s.dh_t if s.t == s.T - 1 else 0)},
    ),
    Mistake(
        "dh_next_after_tanh",
        "dh_next is added after the derivative of tanh; it has to go through that derivative too.",
        "bptt-dh",
        {"dz": lambda s: s.dh_t * (1 - s.h**2) + s.dh_next},
    ),
    Mistake(
        "dh_next_one_step_deep",
        "What a step sends back holds its own upstream gradient only, so that nothing travels farther than one step.",
        "bptt-dh-prev",
        {"dh_prev": lambda s: (s.dh_t * (1 - s.h**2)) @ s.Wh.T},
    ),
    Mistake(
        "forward_in_time",
        "The loop runs forward in time; gradients come from the future, so it has to start at the last step.",
        "bptt-dh",
        {"order": lambda T: range(T)},
    ),
    Mistake(
        "dWx_one_step",
        "dWx keeps the contribution of one step only: each step overwrites the one before instead of adding to it.",
        "bptt-dWx",
        {"sum dWx": lambda parts: parts[0]},
    ),
    Mistake(
        "dWh_one_step",
        "dWh keeps the contribution of one step only: each step overwrites the one before instead of adding to it.",
        "bptt-dWh",
        {"sum dWh": lambda parts: parts[0]},
    ),
    Mistake(
        "db_one_step",
        "db keeps the contribution of one step only: each step overwrites the one before instead of adding to it.",
        "bptt-db",
        {"sum db": lambda parts: parts[0]},
    ),
    Mistake(
        "weights_one_step",
        "The weight gradients keep the contribution of one step only: each step overwrites the one before.",
        "bptt-dWh",
        {name: lambda parts: parts[0] for name in ("sum dWx", "sum dWh", "sum db")},
    ),
    Mistake(
        "db_last_step",
        "db holds the contribution of the last step only.",
        "bptt-db",
        {"sum db": lambda parts: parts[-1]},
    ),
    Mistake(
        "weights_mean_over_time",
        "The weight gradients are averaged over the time steps, but the contributions of the steps add up.",
        "bptt-dWh",
        {name: lambda parts: parts.mean(axis=0) for name in ("sum dWx", "sum dWh", "sum db")},
    ),
    Mistake(
        "dWh_without_first_step",
        "dWh leaves out the first step, whose previous hidden state is h0.",
        "bptt-dWh",
        {"sum dWh": lambda parts: parts[1:].sum(axis=0)},
    ),
    Mistake(
        "dh0_zero",
        "dh0 is zero, but h0 feeds the first step and through it every other.",
        "bptt-dh-prev",
        {"dh0": lambda s: np.zeros_like(s.dh_next)},
    ),
    Mistake(
        "dh0_before_Wh",
        "dh0 is the gradient of the first hidden state; it still has to go through that step to reach h0.",
        "bptt-dh-prev",
        {"dh0": lambda s: s.dh},
    ),
    Mistake(
        "dh0_is_dz",
        "dh0 is the gradient at the first pre-activation; it still has to go through Wh to reach h0.",
        "bptt-dh-prev",
        {"dh0": lambda s: s.dz},
    ),
    Mistake(
        "all_opposite_sign",
        "Every gradient has the opposite sign.",
        "bptt-dh",
        {"dh": lambda s: s.dh_next - s.dh_t},
    ),
    Mistake(
        "dh_clipped",
        "The gradient is clipped at 5 on its way; clipping belongs to the optimizer, after the gradient is complete.",
        "bptt-dh",
        {"dh": lambda s: np.clip(s.dh_t + s.dh_next, -5, 5)},
    ),
    Mistake(
        "weights_clipped",
        "The weight gradients are clipped at 5; clipping belongs to the optimizer, not to the gradient.",
        "bptt-dWh",
        {name: lambda parts: np.clip(parts.sum(axis=0), -5, 5) for name in ("sum dWx", "sum dWh", "sum db")},
    ),
    Mistake(
        "dx_reversed",
        "dx is right but reversed in time: the backward loop visits the last step first.",
        "bptt-dx",
        {"dx in time": lambda dx: dx[:, ::-1]},
    ),
)
"""Mistakes that need more than one step to show."""

BACKWARD = SEQUENCE_ONLY + STEP_BACKWARD
"""Mistakes in a whole sequence backward: `rnn_backward`."""

CONTRIBUTIONS = (
    Mistake(
        "contributions_accumulated",
        "Each entry holds the sum of the contributions so far; it should hold the contribution of its own step.",
        "bptt-dWh",
        {"sum dWh": lambda parts: parts[::-1].cumsum(axis=0)[::-1]},
    ),
    Mistake(
        "contributions_reversed",
        "The contributions are right but reversed in time: the backward loop visits the last step first.",
        "bptt-dWh",
        {"sum dWh": lambda parts: parts[::-1]},
    ),
    *(mistake for mistake in BACKWARD if mistake.terms.keys() & {"order", "dh", "dz", "dh_prev", "dWh"}),
)
"""Mistakes in the contribution of every step to dWh: `dWh_contributions`."""


TRUNCATED = (
    Mistake(
        "not_truncated",
        "The gradient is not cut at all: this is full backpropagation through time.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next},
    ),
    Mistake(
        "windows_from_the_end",
        "The windows are counted from the end of the sequence; they start at t = 0, and the last may be shorter.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next * ((s.T - 1 - s.t) % s.k != 0)},
    ),
    Mistake(
        "cut_one_step_late",
        "The cut is one step off: the gradient is stopped between the first and the second step of a window.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next * (s.t % s.k != 0)},
    ),
    Mistake(
        "window_one_longer",
        "The windows are one step too long.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next * ((s.t + 1) % (s.k + 1) != 0)},
    ),
    Mistake(
        "window_one_shorter",
        "The windows are one step too short.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next * ((s.t + 1) % max(s.k - 1, 1) != 0)},
    ),
    Mistake(
        "first_window_only",
        "Only the first cut is made; every window has to be cut off from the next.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next * (s.t + 1 != s.k)},
    ),
    Mistake(
        "last_window_only",
        "Only the last window contributes; the ones before it have gradients of their own.",
        "bptt-truncated",
        {"dh": lambda s: (s.dh_t + s.dh_next) * (s.t >= (s.T - 1) // s.k * s.k)},
    ),
    Mistake(
        "last_k_steps_only",
        "Only the last k steps of the sequence contribute; it is cut into windows, and each has its gradient.",
        "bptt-truncated",
        {"carry": lambda s: s.dh_next, "dh": lambda s: (s.dh_t + s.dh_next) * (s.t >= s.T - s.k)},
    ),
    *SEQUENCE_ONLY,
    *STEP_BACKWARD,
)
"""Mistakes in truncated backpropagation, with windows of k steps: `rnn_backward_truncated`."""

RTRL = (
    Mistake(
        "traces_not_carried",
        "The derivatives of the state before are not carried on: only the direct part at each step is counted.",
        "rtrl",
        {"dh": lambda s: s.dh_t},
    ),
    *(
        Mistake(
            f"trace_of_{weight}_not_carried",
            f"The derivatives by {weight} are not carried on from the step before: only their direct part is counted.",
            "rtrl",
            {f"d{weight}": direct},
        )
        for weight, direct in (
            ("Wx", lambda s: s.x.T @ (s.dh_t * (1 - s.h**2))),
            ("Wh", lambda s: s.h_prev.T @ (s.dh_t * (1 - s.h**2))),
            ("b", lambda s: (s.dh_t * (1 - s.h**2)).sum(axis=0)),
        )
    ),
    *(mistake for mistake in STEP_BACKWARD if mistake.terms.keys() & {"dz", "dWx", "dWh", "db"}),
)
"""Mistakes in real-time recurrent learning: `rnn_rtrl`. The sums are those of the backward pass."""
