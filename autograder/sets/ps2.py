"""Problem set 2: the recurrent neural network."""

from autograder.engine.measurement import Measurement
from autograder.engine.number import Number
from autograder.engine.values import Values
from autograder.layers import output, parameters, rnn, rnn_measured

STEP_CACHE = {"x_t": "ND", "h_prev": "NH", "Wx": "DH", "Wh": "HH", "h_t": "NH"}

QUESTIONS = (
    Values(
        "rnn_step_forward(x_t, h_prev, Wx, Wh, b) -> h_t NH, cache",
        rnn.step,
        "h_t agrees with the equation, also at N = 1, D = 1 and H = 1, and the cache holds what it promises.",
        keeps=STEP_CACHE,
    ),
    Values(
        "rnn_forward(x, h0, Wx, Wh, b) -> h NTH, cache",
        rnn.sequence,
        "Every state agrees, with h0 and with h0 = None, also at N = 1 and T = 1, and so does every step's cache.",
        relies_on="rnn_step_forward",
        keeps={name: f"T{axes}" for name, axes in STEP_CACHE.items()},
    ),
    Number(
        "rnn_parameter_count(D, H, V) -> count",
        parameters.rnn,
        "The count is right for three networks of different sizes.",
    ),
    Values(
        "rnn_forward_masked(x, h0, mask, Wx, Wh, b) -> h NTH",
        rnn.masked,
        "Real steps are computed and padded steps carry the state on, whatever stands in the padding.",
        relies_on="rnn_step_forward",
    ),
    Values(
        "many_to_many(h, Wy, by) -> y NTV",
        output.many_to_many,
        "Every step has its output, also at N = 1, T = 1, H = 1 and V = 1.",
    ),
    Values(
        "many_to_one(h, mask, Wy, by) -> y NV",
        output.many_to_one,
        "Every sequence is read at its own last real step, whatever stands in the padding.",
    ),
    Values(
        "repaired_time_major_rnn(x, h0, Wx, Wh, b) -> h NTH",
        rnn.time_major,
        "The repaired function gives every sequence its own states.",
    ),
    Measurement("forgotten_after", rnn_measured.forgotten_after, relies_on="rnn_forward"),
)
