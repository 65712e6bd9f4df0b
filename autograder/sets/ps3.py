"""Problem set 3: backpropagation through time."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.layers import cross_entropy, rnn_backward, rnn_measured

STEP = "rnn_step_forward(x_t, h_prev, Wx, Wh, b) -> h_t NH, cache"
SEQUENCE = "rnn_forward(x, h0, Wx, Wh, b) -> h NTH, cache"
GRADIENTS = "dx NTD, dh0 NH, dWx DH, dWh HH, db H"
PASSED = "Every gradient agrees with the numeric one, also for saturated states and a large upstream gradient, and at"

QUESTIONS = (
    Backward(
        "rnn_step_backward(dh_total, cache) -> dx_t ND, dh_prev NH, dWx DH, dWh HH, db H",
        rnn_backward.step,
        f"{PASSED} N = 1",
        forward=STEP,
    ),
    Backward(
        f"rnn_backward(dh, cache) -> {GRADIENTS}",
        rnn_backward.sequence,
        f"{PASSED} N = 1 and T = 1",
        relies_on="rnn_step_backward",
        forward=SEQUENCE,
    ),
    Backward(
        "dWh_contributions(dh, cache) -> dWh_t THH",
        rnn_backward.contributions,
        "The contribution of every time step agrees with the numeric one",
        relies_on="rnn_step_backward",
        forward=SEQUENCE,
        slopes_of=STEP,
    ),
    Backward(
        "softmax_cross_entropy(y, targets, mask) -> loss, dy NTV",
        cross_entropy.loss,
        "Loss and gradient are right, masked positions get none, large scores do no harm",
    ),
    Backward(
        f"rnn_backward_truncated(dh, cache, k) -> {GRADIENTS}",
        rnn_backward.segments,
        "The gradients are those of segments of k steps, also at k = 1, k = T and k > T",
        relies_on="rnn_step_backward",
        forward=SEQUENCE,
    ),
    Backward(
        f"repaired_rnn_backward(dh, cache) -> {GRADIENTS}",
        rnn_backward.sequence,
        f"{PASSED} N = 1 and T = 1",
        forward=SEQUENCE,
    ),
    Measurement("faded_steps", rnn_measured.faded_steps, relies_on="rnn_step_backward"),
    Backward(
        "rnn_rtrl(x, h0, dh, Wx, Wh, b) -> dWx DH, dWh HH, db H",
        rnn_backward.forward_in_time,
        "Going forward in time gives the gradients of BPTT",
        forward=SEQUENCE,
    ),
)
