"""Problem set 6: gated recurrent units."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.engine.number import Number
from autograder.engine.values import Values
from autograder.layers import gru, gru_backward, gru_measured, gru_sizes

STEP_CACHE = {
    **{"x_t": "ND", "h_prev": "NH", "Wx": "DZ", "Wh": "HZ"},
    **{"r": "NH", "z": "NH", "n": "NH", "m": "NH"},
}
STEP = "gru_step_forward(x_t, h_prev, Wx, Wh, b, bh) -> h_t NH, cache"
STEP_BEFORE = "gru_step_forward_before(x_t, h_prev, Wx, Wh, b) -> h_t NH, cache"
SEQUENCE = "gru_forward(x, h0, Wx, Wh, b, bh) -> h NTH, cache"
GRADIENTS = "dx NTD, dh0 NH, dWx DZ, dWh HZ, db Z, dbh Z"
STEP_PASSED = (
    "The new state agrees with the equations, also at N = 1, D = 1 and H = 1, and the cache holds what it promises."
)
PASSED = "Every gradient agrees with the numeric one, also for saturated gates and a large upstream gradient, and at"

QUESTIONS = (
    Values(STEP, gru.step, STEP_PASSED, keeps=STEP_CACHE),
    Values(STEP_BEFORE, gru.step_before, STEP_PASSED, keeps=STEP_CACHE),
    Values(
        SEQUENCE,
        gru.sequence,
        "Every state agrees, with h0 and without, also at N = 1 and T = 1, and so does every step's cache.",
        relies_on="gru_step_forward",
        keeps={name: f"T{axes}" for name, axes in STEP_CACHE.items()},
    ),
    Measurement("parting_step", gru_measured.parting_step, relies_on="gru_step_forward_before"),
    Values(
        "update_gate_between(h_prev, n, h_t) -> z NH",
        gru.mixture,
        "The update gate is found from what it did, also where it is near 0 and near 1.",
    ),
    Backward(
        "gru_step_backward(dh_total, cache) -> dx_t ND, dh_prev NH, dWx DZ, dWh HZ, db Z, dbh Z",
        gru_backward.step,
        f"{PASSED} N = 1",
        relies_on="gru_step_forward",
        forward=STEP,
    ),
    Backward(
        "gru_step_backward_before(dh_total, cache) -> dx_t ND, dh_prev NH, dWx DZ, dWh HZ, db Z",
        gru_backward.step_before,
        f"{PASSED} N = 1",
        relies_on="gru_step_forward_before",
        forward=STEP_BEFORE,
    ),
    Backward(
        f"gru_backward(dh, cache) -> {GRADIENTS}",
        gru_backward.sequence,
        f"{PASSED} N = 1 and T = 1",
        relies_on="gru_step_backward",
        forward=SEQUENCE,
    ),
    Backward(
        f"repaired_gru_backward(dh, cache) -> {GRADIENTS}",
        gru_backward.published,
        f"{PASSED} N = 1 and T = 1",
        relies_on="gru_forward",
        forward=SEQUENCE,
    ),
    Number(
        "gru_parameter_count(D, H) -> count",
        gru_sizes.count,
        "The count is right for three layers of different sizes.",
    ),
    Number(
        "hidden_size_for(parameters, D, kind) -> size",
        gru_sizes.size,
        "The hidden size is the largest that fits, for every kind of layer.",
    ),
)
