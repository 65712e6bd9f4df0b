"""Problem set 1: the limits of feed-forward networks."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.engine.properties import Order
from autograder.engine.values import Values
from autograder.layers import affine, cross_entropy_of_rows, differences, mlp, windows, windows_measured

AFFINE = "affine_forward(x, W, b) -> y NV, cache"
NETWORK = "mlp_forward(x, W1, b1, W2, b2) -> y NV, cache"
GRADIENTS = "dx ND, dW1 DH, db1 H, dW2 HV, db2 V"
PASSED = "Every gradient agrees with the numeric one, also for a large dy and at N = 1"

QUESTIONS = (
    Values(
        AFFINE,
        affine.forward,
        "Every row agrees with the equation, also at N = 1, D = 1 and V = 1, and the cache holds what it promises.",
        keeps={"x": "ND", "W": "DV"},
    ),
    Values(
        "windows(tokens, width, V) -> x ND",
        windows.onehot,
        "Every window stands in its row, the oldest letter first, also at width = 1.",
        whole=True,
    ),
    Values(
        NETWORK,
        mlp.forward,
        "The output agrees, also at N = 1, D = 1, H = 1 and V = 1, and the cache holds what it promises.",
        relies_on="affine_forward",
        keeps={"x": "ND", "W1": "DH", "h": "NH", "W2": "HV"},
    ),
    Backward(
        "cross_entropy(y, targets) -> loss, dy NV",
        cross_entropy_of_rows.loss,
        "Loss and gradient are right, and large scores do no harm",
    ),
    Order(
        "central_difference(f, x, eps) -> gradient DH",
        differences.central,
        "Every slope agrees, and halving eps leaves a quarter of the error: the order of accuracy is 2.",
        properties=differences.PROPERTIES,
        step="eps",
    ),
    Backward(
        "affine_backward(dy, cache) -> dx ND, dW DV, db V",
        affine.backward,
        PASSED,
        forward=AFFINE,
    ),
    Backward(
        f"mlp_backward(dy, cache) -> {GRADIENTS}",
        mlp.backward,
        PASSED,
        forward=NETWORK,
    ),
    Backward(
        f"repaired_mlp_backward(dy, cache) -> {GRADIENTS}",
        mlp.backward,
        PASSED,
        forward=NETWORK,
    ),
    Values(
        "conditional_entropy(tokens, width) -> bits",
        windows.entropy,
        "The bits that a window leaves open agree for every text, also at width = 0.",
    ),
    Measurement("width_needed", windows_measured.width_needed, relies_on="conditional_entropy"),
)
