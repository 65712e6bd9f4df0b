"""Plain tanh layers on top of one another, forward and backward.

The calculation walks over the layers, not over time.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Walk, terms
from autograder.layers import rnn_layers
from autograder.layers.rnn import FAR, LARGE_STATES, LONG_CASE, SMALLEST, WITHOUT_H0
from autograder.layers.rnn_backward import SPARSE, UPSTREAM_CASES

SQUARE = {"D": 6, "H": 6}


def draw(
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    upstream: float = 3.0,
    initial: bool = True,
    saturated: bool = False,
    remembers: bool = False,
    distracted: bool = False,
    sparse: bool = False,
    top_only: bool = False,
    **sizes: int | None,
) -> Problem:
    """Draw inputs of stacked tanh layers and the gradient dh that arrives at the states of all of them.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain, upstream, initial, saturated, remembers, sparse
        As in `autograder.layers.rnn.draw`, for every layer.
    distracted : bool
        As there, for a unit of the lowest layer.
    top_only : bool
        Let the loss sit at the highest layer only, as it usually does.
    **sizes : int
        Sizes that are not drawn, such as ``L=1``. U is always L - 1.
    """
    fixed = {letter: size for letter, size in sizes.items() if size is not None and letter != "U"}
    sizes = draw_sizes(rng, "NTDHL", **fixed)
    N, T, D, H, L = sizes.values()
    x = rng.standard_normal((N, T, D))
    h0 = rng.uniform(-0.9, 0.9, (L, N, H)) if initial else None
    Wx = gain * rng.standard_normal((D, H)) / np.sqrt(D)
    Wup = gain * 1.5 * rng.standard_normal((L - 1, H, H)) / np.sqrt(H)
    Wh = gain * rng.standard_normal((L, H, H)) / np.sqrt(H)
    b = gain * 0.5 * rng.standard_normal((L, H))
    dh = upstream * rng.standard_normal((L, N, T, H))
    if saturated:
        b = rng.choice([-1.0, 1.0], (L, H)) * rng.uniform(6.0, 6.5, (L, H))
        Wx = Wx / np.linalg.norm(Wx) / np.abs(x).max() / 3
        Wup, Wh = (W / np.abs(W).sum(axis=1, keepdims=True) / 3 for W in (Wup, Wh))
    if remembers:
        Wx, Wup, Wh, b = 0.2 * Wx, 0.2 * Wup, np.linalg.qr(Wh)[0], 0.2 * b
    if distracted:
        unit = rng.integers(H)
        b[0, unit] = FAR * rng.choice([-1.0, 1.0])
        dh[0, ..., unit] *= 1e12
    if sparse:
        dh[:, :, [-1, rng.integers(T - 2)]] = 0.0
    if top_only:
        dh[:-1] = 0.0
    given = {"x": x, "h0": h0, "Wx": Wx, "Wup": Wup, "Wh": Wh, "b": b, "dh": dh}
    return Problem({**sizes, "U": L - 1}, given)


def _placed(values: np.ndarray, visited: np.ndarray) -> np.ndarray:
    """Return what every layer gave; a layer that was not visited holds NaN: anything."""
    return np.where(visited.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


def _weights_of(Wx: np.ndarray, Wup: np.ndarray, layer: int) -> np.ndarray:
    """Return the matrix between a layer and what it reads."""
    return Wup[layer - 1] if layer else Wx


FORWARD = Walk(
    order=terms("stacked-states", order=lambda L: range(L))["order"],
    start=terms("stacked-states", below=lambda x: x),
    step=terms(
        "stacked-states",
        read=lambda below: below,
        first=lambda h0, t: h0[t],
        W=lambda Wx, Wup, t: _weights_of(Wx, Wup, t),
        Wh_l=lambda Wh, t: Wh[t],
        b_l=lambda b, t: b[t],
        h_l=lambda read, first, W, Wh_l, b_l: rnn_layers.forward(read, first, W, Wh_l, b_l),
        sent=lambda h_l: h_l,
    ),
    carried={"below": "sent"},
    results=terms("stacked-states", h=lambda h_l, visited: _placed(h_l, visited)),
)

FORWARD_MISTAKES = (
    mistake(
        "all_layers_read_x",
        "Every layer reads the input x; all but the lowest read the states of the layer below.",
        read=lambda x: x,
    ),
    mistake(
        "all_read_the_lowest",
        "Every upper layer reads the states of the lowest one; each reads those of the layer right below it.",
        sent=lambda below, h_l, t: below if t else h_l,
    ),
    mistake(
        "below_one_step_late",
        "An upper layer reads the state of the layer below one step late; it reads the one of the same step.",
        read=lambda below, h0, t: np.concatenate([h0[t - 1][:, None], below[:, :-1]], axis=1) if t else below,
    ),
    mistake(
        "h0_of_the_lowest",
        "Every layer starts from the initial state of the lowest one; each has its own in h0.",
        first=lambda h0: h0[0],
    ),
    mistake(
        "h0_ignored",
        "h0 is ignored: every layer starts from zeros.",
        first=lambda h0, t: np.zeros_like(h0[t]),
    ),
    mistake(
        "h0_for_the_lowest_only",
        "Only the lowest layer starts from its h0; the upper ones start from zeros.",
        first=lambda h0, t: h0[t] * (t == 0),
    ),
    mistake(
        "starts_where_the_one_below_ends",
        "An upper layer starts from the last state of the layer below; it starts from its own h0.",
        first=lambda h0, below, t: below[:, -1] if t else h0[t],
    ),
    mistake(
        "Wup_of_the_lowest",
        "All upper layers use the same entry of Wup; each has its own.",
        W=lambda Wx, Wup, t: Wup[0] if t else Wx,
    ),
    mistake(
        "Wup_one_layer_off",
        "An upper layer takes the matrix of the layer under it: Wup has an entry for every layer but the lowest, and"
        " its first one belongs to layer 1.",
        W=lambda Wx, Wup, t: Wup[t - 2] if t else Wx,
    ),
    mistake(
        "Wup_transposed",
        "Wup is transposed. States are rows here, and weights stand to their right.",
        W=lambda Wx, Wup, t: Wup[t - 1].T if t else Wx,
    ),
    mistake(
        "Wh_of_the_lowest",
        "Every layer uses the recurrent weights of the lowest one.",
        Wh_l=lambda Wh: Wh[0],
    ),
    mistake("b_of_the_lowest", "Every layer uses the bias of the lowest one.", b_l=lambda b: b[0]),
    mistake(
        "tied",
        "Every layer uses the recurrent weights and the bias of the lowest one: each has its own.",
        Wh_l=lambda Wh: Wh[0],
        b_l=lambda b: b[0],
    ),
    mistake(
        "input_added",
        "What an upper layer reads is added to its states; that is another layer, a residual one.",
        h_l=lambda read, first, W, Wh_l, b_l, t: rnn_layers.forward(read, first, W, Wh_l, b_l) + (read if t else 0),
    ),
    mistake(
        "top_layer_left_out",
        "The highest layer is left out: the loop over the layers ends one too early.",
        order=lambda L: range(L - 1),
    ),
    mistake(
        "layers_reversed",
        "The layers are returned from the highest to the lowest; h[0] holds the states of the lowest.",
        h=lambda h_l: h_l[::-1],
    ),
    mistake(
        "top_layer_everywhere",
        "Every layer holds the states of the highest one. Is the same array stored each time? It goes on changing.",
        h=lambda h_l: np.repeat(h_l[-1:], len(h_l), axis=0),
    ),
    mistake(
        "top_layer_only",
        "Only the states of the highest layer are returned; collect those of every layer.",
        h=lambda h_l: h_l[-1],
    ),
    mistake(
        "last_states_only",
        "Only the last state of every layer is returned; collect those of all steps.",
        h=lambda h_l: h_l[:, :, -1],
    ),
    mistake(
        "layers_behind_the_batch",
        "The axis of the layers stands behind that of the batch; it comes first, (L, N, T, H).",
        h=lambda h_l: h_l.swapaxes(0, 1),
    ),
)


def _known(problem: Problem) -> dict[str, Any]:
    """Return what the terms start from. The walk goes over the layers, so that its T is L."""
    sizes, given = problem.sizes, problem.given
    h0 = np.zeros((sizes["L"], sizes["N"], sizes["H"])) if given["h0"] is None else given["h0"]
    return {**given, "h0": h0, "L": sizes["L"], "T": sizes["L"]}


def _layers(given: Mapping[str, Any]) -> tuple[np.ndarray, list]:
    """Return the states of all layers, and their caches, from the course's own layer."""
    below, states, caches = given["x"], [], []
    for layer, (Wh, b) in enumerate(zip(given["Wh"], given["b"], strict=True)):
        first = None if given["h0"] is None else given["h0"][layer]
        below, cache = unrolled.rnn_forward(below, first, _weights_of(given["Wx"], given["Wup"], layer), Wh, b)
        states.append(below)
        caches.append(cache)
    return np.stack(states), caches


AT_L_1 = at_one("L")

forward = Calculation(
    draw,
    lambda problem: {"h": _layers(problem.given)[0]},
    FORWARD,
    _known,
    equation="stacked-states",
    mistakes=FORWARD_MISTAKES,
    cases=(*SMALLEST, AT_L_1, LONG_CASE, LARGE_STATES, WITHOUT_H0),
    square=SQUARE,
)
"""The states of all layers."""


BACKWARD = Walk(
    order=terms("stacked-dh", order=lambda L: range(L - 1, -1, -1))["order"],
    start=terms("stacked-dh", sent=lambda dh: np.zeros_like(dh[0])),
    step=(
        terms("stacked-dh", dh_l=lambda dh, t: dh[t], from_above=lambda sent: sent)
        | terms("stacked-dh", dh_total=lambda dh_l, from_above: dh_l + from_above)
        | terms(
            "stacked-dh",
            back=lambda dh_total, reads, h0, Wx, Wup, Wh, b, t: rnn_layers.backward(
                dh_total, reads[t], h0[t], _weights_of(Wx, Wup, t), Wh[t], b[t]
            ),
            dx_l=lambda back: back.dx,
            dh0_l=lambda back: back.dh0,
            dWx_l=lambda back, t, Wx: np.zeros_like(Wx) if t else back.dWx,
            dWup_l=lambda back, t, Wh: back.dWx if t else np.zeros_like(Wh[0]),
            dWh_l=lambda back: back.dWh,
            db_l=lambda back: back.db,
        )
    ),
    carried={"sent": "dx_l"},
    results=terms(
        "stacked-dh",
        dx=lambda sent: sent,
        dh0=lambda dh0_l, visited: _placed(dh0_l, visited),
        dWx=lambda dWx_l: dWx_l.sum(axis=0),
        dWup=lambda dWup_l, visited: _placed(dWup_l, visited)[1:],
        dWh=lambda dWh_l, visited: _placed(dWh_l, visited),
        db=lambda db_l, visited: _placed(db_l, visited),
    ),
)

_LOWEST_EVERYWHERE = "holds what the lowest layer gave, in every layer's place: is it overwritten from layer to layer?"
_REVERSED = "stands from the highest layer to the lowest, as the way back visits them; layer 0 is the lowest."

BACKWARD_MISTAKES = (
    mistake(
        "upstream_overwritten",
        "What comes down from the layer above replaces the upstream gradient of a layer; the two are added.",
        dh_total=lambda dh_l, from_above, t, L: dh_l if t == L - 1 else from_above,
    ),
    mistake(
        "nothing_from_above",
        "What the layer above sends down is not added to the upstream gradient of a layer: each goes back by itself.",
        dh_total=lambda dh_l: dh_l,
    ),
    mistake(
        "from_above_subtracted",
        "What comes down from the layer above is subtracted from the upstream gradient; the two are added.",
        dh_total=lambda dh_l, from_above: dh_l - from_above,
    ),
    mistake(
        "upstream_of_the_highest_everywhere",
        "Every layer gets the upstream gradient of the highest one; a loss can sit at every layer.",
        dh_l=lambda dh: dh[-1],
    ),
    mistake(
        "total_passed_down",
        "What a layer sends down is the gradient of its own states; the layer below reads through the weights in"
        " between, so that it is dx of the layer above.",
        dx_l=lambda back, dh_total, t: dh_total if t else back.dx,
    ),
    mistake(
        "from_above_summed_up",
        "What a layer sends down is added to what came from above it; it replaces that, since all that comes from"
        " higher layers is in it already.",
        dx_l=lambda back, from_above, t: back.dx + from_above if t else back.dx,
    ),
    mistake(
        "from_above_at_the_last_step_only",
        "Only the last step of what the layer above sends down arrives; it sends something to every step.",
        from_above=lambda sent: sent * (np.arange(sent.shape[1]) == sent.shape[1] - 1)[:, None],
    ),
    mistake(
        "lowest_layer_first",
        "The loop starts at the lowest layer; a layer has to wait for what the one above sends down.",
        order=lambda L: range(L),
    ),
    mistake(
        "lowest_layer_first_dWx_of_the_highest",
        "The loop starts at the lowest layer; a layer has to wait for what the one above sends down.",
        order=lambda L: range(L),
        dWx=lambda dWup_l: dWup_l[-1],
    ),
    mistake(
        "lowest_layer_left_out",
        "The loop over the layers ends one too early: the lowest is left out.",
        order=lambda L: range(L - 1, 0, -1),
    ),
    mistake(
        "lowest_layer_left_out_dWx_of_the_next",
        "The loop over the layers ends one too early: the lowest is left out.",
        order=lambda L: range(L - 1, 0, -1),
        dWx=lambda dWup_l: dWup_l[1],
    ),
    mistake("dh0_reversed", f"dh0 {_REVERSED}", dh0=lambda dh0_l: dh0_l[::-1]),
    mistake(
        "dWup_reversed",
        "dWup stands from the highest layer to the lowest, so that the gradient of one layer's weights stands in the"
        " place of another's.",
        dWup=lambda dWup_l: dWup_l[:0:-1],
    ),
    mistake(
        "dWup_one_layer_off",
        "dWup is one layer off: its first entry belongs to layer 1, the first that has a layer below.",
        dWup=lambda dWup_l: np.roll(dWup_l[1:], 1, axis=0),
    ),
    mistake("dWh_reversed", f"dWh {_REVERSED}", dWh=lambda dWh_l: dWh_l[::-1]),
    mistake("db_reversed", f"db {_REVERSED}", db=lambda db_l: db_l[::-1]),
    mistake(
        "all_layers_reversed",
        "dh0, dWup, dWh and db stand from the highest layer to the lowest, as the way back visits them; layer 0 is the"
        " lowest.",
        dh0=lambda dh0_l: dh0_l[::-1],
        dWup=lambda dWup_l: dWup_l[:0:-1],
        dWh=lambda dWh_l: dWh_l[::-1],
        db=lambda db_l: db_l[::-1],
    ),
    mistake(
        "dh0_of_the_lowest",
        f"dh0 {_LOWEST_EVERYWHERE}",
        dh0=lambda dh0_l: np.repeat(dh0_l[:1], len(dh0_l), axis=0),
    ),
    mistake(
        "dh0_zero",
        "dh0 is zero, but every layer's h0 feeds its first step and through it every other.",
        dh0=lambda dh0_l: np.zeros_like(dh0_l),
    ),
    mistake(
        "dh0_without_layers",
        "dh0 holds one layer only; every layer has an initial state of its own.",
        dh0=lambda dh0_l: dh0_l[0],
    ),
    mistake(
        "summed_over_layers",
        "dWup, dWh and db hold the sum over the layers in every layer's place; layers with weights of their own have"
        " gradients of their own.",
        dWup=lambda dWup_l: np.repeat(dWup_l.sum(axis=0, keepdims=True), len(dWup_l) - 1, axis=0),
        dWh=lambda dWh_l: np.repeat(dWh_l.sum(axis=0, keepdims=True), len(dWh_l), axis=0),
        db=lambda db_l: np.repeat(db_l.sum(axis=0, keepdims=True), len(db_l), axis=0),
    ),
    *rnn_layers.means(BACKWARD.results, ("dx", "dh0"), ("dWx", "dWup", "dWh", "db"), rnn_layers.ROWS_AND_STEPS),
)


def _known_states(problem: Problem) -> dict[str, Any]:
    """Return what the terms of the way back start from: with what every layer reads."""
    h, _ = _layers(problem.given)
    return {**_known(problem), "reads": [problem.given["x"], *h[:-1]]}


def _right_backward(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    h, caches = _layers(given)
    back = dict.fromkeys(range(len(caches)))
    arriving = given["dh"][-1]
    for layer in reversed(range(len(caches))):
        back[layer] = unrolled.rnn_backward(arriving, caches[layer])
        if layer:
            arriving = given["dh"][layer - 1] + back[layer][0]
    dh0, dW, dWh, db = ([back[layer][k] for layer in range(len(caches))] for k in range(1, 5))
    dWup = np.array(dW[1:]).reshape(given["Wup"].shape)
    return {
        **{"h": h, "dx": back[0][0], "dh0": np.stack(dh0), "dWx": dW[0], "dWup": dWup},
        **{"dWh": np.stack(dWh), "db": np.stack(db)},
    }


TOP_ONLY = Case(" where the loss sits at the highest layer only", {"top_only": True})

backward = Calculation(
    draw,
    _right_backward,
    BACKWARD,
    _known_states,
    equation="stacked-dh",
    forward_equation="stacked-states",
    back_in_time=True,
    mistakes=BACKWARD_MISTAKES,
    cases=(
        at_one("N", numeric=True),
        at_one("T", numeric=True),
        AT_L_1,
        LONG_CASE,
        SPARSE,
        TOP_ONLY,
        *UPSTREAM_CASES,
    ),
    square=SQUARE,
    large={"N": 2, "T": 2, "D": 80, "H": 82, "L": 3},
    quiet=whisper(Wx=0, Wup=1, Wh=1, dh=-1),
)
"""The gradients of all layers."""
