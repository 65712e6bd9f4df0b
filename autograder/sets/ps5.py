"""Problem set 5: long short-term memory."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.engine.values import Values
from autograder.layers import lstm, lstm_backward, lstm_measured

STEP_CACHE = {
    **{"x_t": "ND", "h_prev": "NH", "c_prev": "NH", "Wx": "DZ", "Wh": "HZ"},
    **{"i": "NH", "f": "NH", "g": "NH", "o": "NH", "c_t": "NH"},
}
STEP = "lstm_step_forward(x_t, h_prev, c_prev, Wx, Wh, b) -> h_t NH, c_t NH, cache"
SEQUENCE = "lstm_forward(x, h0, c0, Wx, Wh, b) -> h NTH, c_T NH, cache"
GRADIENTS = "dx NTD, dh0 NH, dc0 NH, dWx DZ, dWh HZ, db Z"
PASSED = "Every gradient agrees with the numeric one, also for saturated gates and a large upstream gradient, and at"

QUESTIONS = (
    Values(
        "lstm_gates(x_t, h_prev, Wx, Wh, b) -> i NH, f NH, g NH, o NH",
        lstm.gates,
        "The three gates and the candidate agree with the equations, also at N = 1, D = 1 and H = 1.",
    ),
    Values(
        STEP,
        lstm.step,
        "Both states agree with the equations, also at N = 1, D = 1 and H = 1, and the cache holds what it promises.",
        relies_on="lstm_gates",
        keeps=STEP_CACHE,
    ),
    Values(
        SEQUENCE,
        lstm.sequence,
        "Every state agrees, with initial states and without, also at N = 1 and T = 1, and so does every step's cache.",
        relies_on="lstm_step_forward",
        keeps={name: f"T{axes}" for name, axes in STEP_CACHE.items()},
    ),
    Backward(
        "lstm_step_backward(dh_total, dc_next, cache) -> dx_t ND, dh_prev NH, dc_prev NH, dWx DZ, dWh HZ, db Z",
        lstm_backward.step,
        f"{PASSED} N = 1",
        forward=STEP,
    ),
    Backward(
        f"lstm_backward(dh, dc_T, cache) -> {GRADIENTS}",
        lstm_backward.sequence,
        f"{PASSED} N = 1 and T = 1",
        relies_on="lstm_step_backward",
        forward=SEQUENCE,
    ),
    Backward(
        f"repaired_lstm_backward(dh, dc_T, cache) -> {GRADIENTS}",
        lstm_backward.published,
        f"{PASSED} N = 1 and T = 1",
        relies_on="lstm_step_backward",
        forward=SEQUENCE,
    ),
    Values(
        "forget_gate_bias(H, value) -> b Z",
        lstm.start,
        "The forget gate starts at the value and the others at 0, also at H = 1.",
    ),
    Values(
        "lstm_forward_clamped(x, h0, c0, Wx, Wh, b, k, value) -> h NTH, c NTH",
        lstm.clamped,
        "Each of the four gates can be held at a value, at every step, and all cell states come back.",
        relies_on="lstm_gates",
    ),
    Values(
        "half_life(f) -> steps H",
        lstm.half_life,
        "The half-life is right for every forget gate, also near 1.",
    ),
    Measurement("halved_steps", lstm_measured.halved_steps, relies_on="lstm_step_backward"),
)
