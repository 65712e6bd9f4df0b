"""Problem set 4: when gradients vanish or explode."""

from autograder.engine.in_dicts import InDict
from autograder.engine.measurement import Measurement
from autograder.engine.properties import Property
from autograder.engine.values import Values
from autograder.layers import clipping, jacobians, jacobians_measured, optimizers, starts

QUESTIONS = (
    Values(
        "step_jacobian(h_t, Wh) -> J_t NHH",
        jacobians.step,
        "Every entry is the derivative of the step, also at N = 1 and H = 1 and where tanh is nearly saturated.",
    ),
    Values(
        "jacobian_product(h, Wh, t) -> J NHH",
        jacobians.product,
        "The product is the derivative of the last state by that of step t, from the first step to the last.",
        relies_on="step_jacobian",
    ),
    Values(
        "decay_slope(h, Wh) -> slope N",
        jacobians.decay,
        "The slope of the logarithm of the norm agrees for every sequence, also at T = 2.",
        relies_on="jacobian_product",
    ),
    Property(
        "growing_matrix(rho, growth) -> A HH",
        starts.growing,
        "Your matrix has the spectral radius that was asked for, and its powers grow first.",
        properties=starts.GROWING,
        at_least=frozenset({starts.LARGEST}),
    ),
    Measurement("peak_steps", jacobians_measured.peak_steps, relies_on="jacobian_product"),
    InDict(
        "clip_by_norm(grads, max_norm) -> clipped",
        clipping.norm,
        "One factor clips all gradients, and those below the limit stay as they are.",
        entries=clipping.ENTRIES,
        others=clipping.OTHER_ENTRIES,
    ),
    InDict(
        "repaired_clip_by_value(grads, limit) -> clipped",
        clipping.value,
        "Every entry lies between the limits and keeps its sign.",
        entries=clipping.ENTRIES,
        others=clipping.OTHER_ENTRIES,
    ),
    InDict(
        "clipped_sgd_step(params, grads, learning_rate, max_norm) -> updated",
        clipping.update,
        "The gradients are clipped first, and the step goes downhill.",
        relies_on="clip_by_norm",
        entries=clipping.ENTRIES,
        others=clipping.OTHER_ENTRIES,
    ),
    Values(
        "rmsprop_step(theta, v, grad, learning_rate, beta, epsilon) -> theta_new DH, v_new DH",
        optimizers.rmsprop,
        "Weights and running mean agree, also at the first step and for gradients that are tiny or zero.",
    ),
    Property(
        "orthogonal_start(rng, H, gain) -> Wh HH",
        starts.orthogonal,
        "Every start is the gain times an orthogonal matrix, and another generator gives another one.",
        properties=starts.ORTHOGONAL,
        drawn=True,
    ),
    Values(
        "identity_start(H, scale) -> Wh HH",
        starts.identity,
        "The start is the scale times the identity, for every size.",
    ),
)
