"""Small layers for the tests of the engine: what they compute, right functions, and what people get wrong in them.

`WAVE` is y = sin(x W) and its gradient, `LEAK` is h_t = x_t + r h_{t-1}, which walks in time, and `SUMS` has four
results of one matrix.
"""

import numpy as np
import pytest

from autograder.engine.backward import Backward
from autograder.engine.families import kept_steps
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.student import CheckFailed, Student
from autograder.engine.terms import Once, Walk, batch_first, terms
from autograder.engine.values import Values

AT_N_1 = Case(" at N = 1", {"N": 1}, "A batch of one keeps its axis.", branches=True)
NUMERIC_AT_N_1 = at_one("N", numeric=True)
SQUARE = {"D": 4, "H": 4}


def draw_wave(rng, *, scale=1.0, upstream=1.0, **sizes):
    """Draw inputs, weights and the gradient that arrives at y."""
    sizes = draw_sizes(rng, "NDH", **sizes)
    N, D, H = sizes.values()
    given = {"x": rng.standard_normal((N, D)), "W": scale * rng.standard_normal((D, H)) / np.sqrt(D)}
    return Problem(sizes, {**given, "dy": upstream * rng.standard_normal((N, H))})


def right_wave(problem):
    """Return y and its gradients, by another way than the terms."""
    x, W, dy = problem.given.values()
    a = np.einsum("nd,dh->nh", x, W)
    slope = dy * np.sin(a + np.pi / 2)
    return {"y": np.sin(a), "dx": np.einsum("nh,dh->nd", slope, W), "dW": np.einsum("nd,nh->dh", x, slope)}


WAVE = Calculation(
    draw_wave,
    right_wave,
    Once(
        terms("wave-a", a=lambda x, W: x @ W)
        | terms("wave-y", sine=lambda a: np.sin(a), y=lambda sine: sine, cache_x=lambda x: x, cache_a=lambda a: a)
    ),
    lambda problem: problem.given,
    equation="wave-y",
    mistakes=(
        mistake("doubled", "y is doubled.", y=lambda sine: 2 * sine),
        mistake("cosine", "The function is the cosine.", sine=lambda a: np.cos(a)),
        mistake("y_transposed", "y is transposed.", y=lambda sine: sine.T),
        mistake("W_transposed", "W is transposed.", a=lambda x, W: x @ W.T),
        mistake("cache_a_is_y", "The cache holds y where a belongs.", cache_a=lambda y: y),
    ),
    cases=(AT_N_1,),
    square=SQUARE,
)

SLOPE = Calculation(
    draw_wave,
    right_wave,
    Once(
        terms("wave-da", a=lambda x, W: x @ W, da=lambda dy, a: dy * np.cos(a))
        | terms("wave-dx", dx=lambda da, W: da @ W.T)
        | terms("wave-dW", dW=lambda x, da: x.T @ da)
    ),
    lambda problem: problem.given,
    equation="wave-da",
    forward_equation="wave-y",
    mistakes=(
        mistake("cosine_missing", "The derivative of the sine is missing.", da=lambda dy: dy),
        mistake("dW_from_dy", "dW is made from dy.", dW=lambda x, dy: x.T @ dy),
        mistake("dx_from_dy", "dx is made from dy.", dx=lambda dy, W: dy @ W.T),
        mistake("W_not_transposed", "W is not transposed.", dx=lambda da, W: da @ W),
        mistake("dW_transposed", "dW is transposed.", dW=lambda x, da: da.T @ x),
    ),
    cases=(NUMERIC_AT_N_1, Case(" with a large upstream gradient", {"upstream": 1e4})),
    square=SQUARE,
)


def draw_leak(rng, **sizes):
    """Draw a sequence, how much each unit keeps, and the gradient that arrives at every state."""
    sizes = draw_sizes(rng, "NTH", **sizes)
    N, T, H = sizes.values()
    x, dh = rng.standard_normal((2, N, T, H))
    return Problem(sizes, {"x": x, "r": rng.uniform(0.3, 0.9, H), "dh": dh})


def right_leak(problem):
    """Return the states and their gradients, each as a sum over what it is made of."""
    x, r, dh = problem.given.values()
    T = problem.sizes["T"]
    after = np.array([[r ** (t - s) if s <= t else 0 * r for t in range(T)] for s in range(T)])  # of x_s in h_t
    h, dx = np.einsum("nsh,sth->nth", x, after), np.einsum("nth,sth->nsh", dh, after)
    return {"h": h, "dx": dx, "dr": np.einsum("nth,nth->h", dx[:, 1:], h[:, :-1])}


LEAK = Calculation(
    draw_leak,
    right_leak,
    Walk(
        order=terms("leak-h", order=lambda T: range(T))["order"],
        start=terms("leak-h", h_prev=lambda x: np.zeros_like(x[:, 0])),
        step=terms("leak-h", x_t=lambda x, t: x[:, t], previous=lambda h_prev: h_prev)
        | terms("leak-h", h_t=lambda x_t, r, previous: x_t + r * previous),
        carried={"h_prev": "h_t"},
        results=terms(
            "leak-h",
            h=lambda h_t, visited: batch_first(h_t, visited),
            cache_h_prev=lambda previous, visited: previous[visited],
            cache_h_t=lambda h_t, visited: h_t[visited],
            cache_entries=lambda visited: visited.sum(),
        ),
    ),
    lambda problem: {**problem.given, "T": problem.sizes["T"]},
    equation="leak-h",
    mistakes=(
        mistake("nothing_kept", "Every step starts from zero.", previous=lambda h_prev: 0 * h_prev),
        mistake("first_step_only", "Only the first step is walked.", order=lambda T: range(1)),
        *kept_steps({"h_prev": "previous", "h_t": "h_t"}),
    ),
    cases=(AT_N_1, at_one("T")),
)

LEAK_BACK = Calculation(
    draw_leak,
    right_leak,
    Walk(
        order=terms("leak-dh", order=lambda T: range(T - 1, -1, -1))["order"],
        start=terms("leak-dh", dh_sent=lambda x: np.zeros_like(x[:, 0])),
        step=terms("leak-dh", dh_t=lambda dh, t: dh[:, t], dh_total=lambda dh_t, dh_sent: dh_t + dh_sent)
        | terms("leak-dh", dh_prev=lambda dh_total, r: dh_total * r)
        | terms("leak-dr", dr_part=lambda dh_total, h, t: (dh_total * (h[:, t - 1] if t else 0)).sum(axis=0)),
        carried={"dh_sent": "dh_prev"},
        results=terms("leak-dx", dx=lambda dh_total, visited: batch_first(dh_total, visited))
        | terms("leak-dr", dr=lambda dr_part: dr_part.sum(axis=0)),
    ),
    lambda problem: {**problem.given, "T": problem.sizes["T"], "h": right_leak(problem)["h"]},
    equation="leak-dh",
    forward_equation="leak-h",
    back_in_time=True,
    mistakes=(mistake("dropped", "What later steps send back is dropped.", dh_total=lambda dh_t: dh_t),),
)


def _draw_matrix(rng, **sizes):
    sizes = draw_sizes(rng, "ND", **sizes)
    return Problem(sizes, {"x": rng.standard_normal(tuple(sizes.values()))})


def _right_sums(problem):
    x = problem.given["x"]
    return {
        "total": np.asarray(np.einsum("nd->", x)),
        "rows": np.einsum("nd->n", x),
        "tops": np.sort(x)[:, -1],
        "columns": np.einsum("nd->d", x),
    }


SUMS = Calculation(
    _draw_matrix,
    _right_sums,
    Once(
        terms(
            "sums",
            total=lambda x: np.asarray(x.sum()),
            rows=lambda x: x.sum(axis=1),
            tops=lambda x: x.max(axis=1),
            columns=lambda x: x.sum(axis=0),
        )
    ),
    lambda problem: problem.given,
    equation="sums",
    mistakes=(
        mistake("means", "These are means.", rows=lambda x: x.mean(axis=1), columns=lambda x: x.mean(axis=0)),
        mistake("bottoms", "These are the smallest.", tops=lambda x: x.min(axis=1)),
    ),
)


SQUARED = Calculation(
    _draw_matrix,
    lambda problem: {
        "loss": np.asarray(np.einsum("nd,nd->", problem.given["x"], problem.given["x"])),
        "dx": problem.given["x"] + problem.given["x"],
    },
    Once(
        terms("squared", square=lambda x: x**2, loss=lambda square: np.asarray(square.sum()))
        | terms("squared-dx", dx=lambda x: 2 * x)
    ),
    lambda problem: problem.given,
    equation="squared-dx",
    mistakes=(
        mistake("loss_mean", "The loss is a mean.", loss=lambda square: np.asarray(square.mean())),
        mistake("factor_missing", "The factor two is missing.", dx=lambda x: x),
    ),
)

WAVE_FORWARD = "wave_forward(x, W) -> y NH, cache"
LEAK_FORWARD = "leak_forward(x, r) -> h NTH, cache"

wave = Values("wave(x, W) -> y NH", WAVE, "All is right.")
wave_forward = Values(WAVE_FORWARD, WAVE, "All is right.", keeps={"x": "ND", "a": "NH"})
wave_backward = Backward("wave_backward(dy, cache) -> dx ND, dW DH", SLOPE, "All is right", forward=WAVE_FORWARD)
leak_forward = Values(LEAK_FORWARD, LEAK, "All is right.", keeps={"h_prev": "TNH", "h_t": "TNH"})
leak_backward = Backward("leak_backward(dh, cache) -> dx NTH, dr H", LEAK_BACK, "All is right", forward=LEAK_FORWARD)
sums = Values("sums(x) -> total, rows N, tops N, columns D", SUMS, "All is right.")
squared = Backward("squared(x) -> loss, dx ND", SQUARED, "All is right")


def _wave_forward(x, W):
    a = x @ W
    return np.sin(a), {"x": x, "W": W, "a": a}


def _wave_backward(dy, cache):
    da = dy * np.cos(cache["a"])
    return da @ cache["W"].T, cache["x"].T @ da


def _leak_forward(x, r):
    h, cache = np.zeros_like(x), []
    for t in range(x.shape[1]):
        h_prev = h[:, t - 1] if t else np.zeros_like(h[:, 0])
        h[:, t] = x[:, t] + r * h_prev
        cache.append({"h_prev": h_prev.copy(), "h_t": h[:, t].copy(), "r": r})
    return h, cache


def _leak_backward(dh, cache):
    dx, dr, dh_sent = np.empty_like(dh), np.zeros(dh.shape[2]), np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        dx[:, t] = dh[:, t] + dh_sent
        dr += (dx[:, t] * cache[t]["h_prev"]).sum(axis=0)
        dh_sent = dx[:, t] * cache[t]["r"]
    return dx, dr


RIGHT = {
    "wave": lambda x, W: np.sin(x @ W),
    "wave_forward": _wave_forward,
    "wave_backward": _wave_backward,
    "leak_forward": _leak_forward,
    "leak_backward": _leak_backward,
    "sums": lambda x: (x.sum(), x.sum(axis=1), x.max(axis=1), x.sum(axis=0)),
    "squared": lambda x: (np.sum(x**2), 2 * x),
}
"""A notebook in which all is right."""


def passes(question, seed=0, **functions):
    """Ask a question of the right notebook with some functions replaced and return what it says. It has to pass."""
    return question.check(Student.of_namespace({**RIGHT, **functions}), np.random.default_rng(seed))


def failure_of(question, seed=0, **functions):
    """Ask a question of the right notebook with some functions replaced and return the failure. There has to be one."""
    with pytest.raises(CheckFailed) as caught:
        passes(question, seed, **functions)
    return caught.value


def spoiled(name, *changes):
    """Return the right function with its outputs changed, one function an output; None leaves one as it is."""

    def wrong(*arguments):
        result = RIGHT[name](*arguments)
        if not isinstance(result, tuple):
            return changes[0](result)
        return tuple(value if change is None else change(value) for value, change in zip(result, changes, strict=True))

    return wrong
