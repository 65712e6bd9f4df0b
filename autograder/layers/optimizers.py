"""One step of RMSProp, for one array of weights."""

from typing import Any

import numpy as np

import unrolled
from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms


def _draw(
    rng: np.random.Generator,
    *,
    first: bool = False,
    still: bool = False,
    tiny: bool = False,
    small: float = 0.05,
    **sizes: int,
) -> Problem:
    """Draw weights, their gradient, and the running mean of its square.

    Parameters
    ----------
    first : bool
        Whether this is the first step, where the mean is 0.
    still : bool
        Whether the gradient is zero, and was so before.
    tiny : bool
        Whether gradients are a million times smaller.
    small : float
        Scale of epsilon. It is larger here than in practice, so that it shows where it stands.
    """
    sizes = draw_sizes(rng, "DH", {"D": 3, "H": 3}, **sizes)
    shape = sizes["D"], sizes["H"]
    grad = (1e-6 if tiny else 1.0) * rng.standard_normal(shape)
    v = grad**2 * rng.uniform(0.3, 2.0, shape)
    if first or still:
        v = 0 * v
    return Problem(
        sizes,
        {
            "theta": rng.standard_normal(shape),
            "v": v,
            "grad": 0 * grad if still else grad,
            "learning_rate": float(rng.uniform(0.1, 0.5)),
            "beta": float(rng.uniform(0.6, 0.95)),
            "epsilon": float(small * rng.uniform(1.0, 2.0)),
        },
    )


def _right(problem: Problem) -> dict[str, Any]:
    given = problem.given
    theta, v = {"theta": given["theta"].copy()}, given["v"].copy()
    optimizer = unrolled.RMSProp(given["learning_rate"], given["beta"], given["epsilon"])
    optimizer._state = {"theta": {"mean_square": v}}
    optimizer.step(theta, {"theta": given["grad"]})
    return {"theta_new": theta["theta"], "v_new": v}


rmsprop = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "rmsprop-step",
            v_new=lambda v, grad, beta: beta * v + (1 - beta) * grad**2,
            root=lambda v_new, epsilon: np.sqrt(v_new) + epsilon,
            step=lambda learning_rate, grad, root: learning_rate * grad / root,
            theta_new=lambda theta, step: theta - step,
        )
    ),
    lambda problem: problem.given,
    equation="rmsprop-step",
    mistakes=(
        mistake(
            "sum_for_mean",
            "The squares are added up: neither is the old mean multiplied with beta nor the new square with the rest.",
            v_new=lambda v, grad: v + grad**2,
        ),
        mistake(
            "beta_swapped",
            "The two shares of the running mean have changed places: beta belongs to the old mean.",
            v_new=lambda v, grad, beta: (1 - beta) * v + beta * grad**2,
        ),
        mistake(
            "share_of_new_square_missing",
            "The new square is added with its full weight; a mean takes the share of it that beta leaves.",
            v_new=lambda v, grad, beta: beta * v + grad**2,
        ),
        mistake(
            "share_of_old_mean_missing",
            "The old mean is kept with its full weight; a running mean keeps the share beta of it.",
            v_new=lambda v, grad, beta: v + (1 - beta) * grad**2,
        ),
        mistake(
            "gradient_not_squared",
            "The running mean is that of the gradient; it has to be that of its square.",
            v_new=lambda v, grad, beta: beta * v + (1 - beta) * grad,
        ),
        mistake(
            "absolute_values",
            "The running mean is that of the gradient's absolute value; it has to be that of its square.",
            v_new=lambda v, grad, beta: beta * v + (1 - beta) * np.abs(grad),
        ),
        mistake(
            "share_squared_too",
            "The square is taken of the share times the gradient; only the gradient is squared.",
            v_new=lambda v, grad, beta: beta * v + ((1 - beta) * grad) ** 2,
        ),
        mistake(
            "learning_rate_in_the_mean",
            "The learning rate takes part in the running mean; it belongs to the step alone.",
            v_new=lambda v, grad, beta, learning_rate: beta * v + (1 - beta) * (learning_rate * grad) ** 2,
        ),
        mistake(
            "mean_over_entries",
            "The square is averaged over all entries; every entry has a running mean of its own.",
            v_new=lambda v, grad, beta: beta * v + (1 - beta) * np.mean(grad**2),
        ),
        mistake(
            "old_mean_forgotten",
            "The running mean is the new square alone: the old mean is not carried on.",
            v_new=lambda grad: grad**2,
        ),
        mistake(
            "v_not_updated",
            "The running mean comes back as it was.",
            v_new=lambda v: v,
        ),
        mistake(
            "old_v_returned",
            "The weights are right, but the running mean of before is returned with them.",
            v_new=lambda v: v,
            root=lambda v, grad, beta, epsilon: np.sqrt(beta * v + (1 - beta) * grad**2) + epsilon,
        ),
        mistake(
            "beta_always_0_9",
            "The shares of the running mean are numbers of your own; the argument beta does not take part.",
            v_new=lambda v, grad: 0.9 * v + 0.1 * grad**2,
        ),
        mistake(
            "beta_always_0_99",
            "The shares of the running mean are numbers of your own; the argument beta does not take part.",
            v_new=lambda v, grad: 0.99 * v + 0.01 * grad**2,
        ),
        mistake(
            "beta_always_0_999",
            "The shares of the running mean are numbers of your own; the argument beta does not take part.",
            v_new=lambda v, grad: 0.999 * v + 0.001 * grad**2,
        ),
        mistake(
            "bias_corrected",
            "The running mean is divided by what beta leaves. That is a correction of Adam's; RMSProp has none.",
            root=lambda v_new, beta, epsilon: np.sqrt(v_new / (1 - beta)) + epsilon,
        ),
        mistake(
            "multiplied_with_the_root",
            "The gradient is multiplied with the root of the running mean; it has to be divided by it.",
            step=lambda learning_rate, grad, root: learning_rate * grad * root,
        ),
        mistake(
            "v_used_before_its_update",
            "The step is divided by the running mean of before; the gradient has to be taken into it first.",
            root=lambda v, epsilon: np.sqrt(v) + epsilon,
        ),
        mistake(
            "root_missing",
            "The root is missing: the step is divided by the mean square itself.",
            root=lambda v_new, epsilon: v_new + epsilon,
        ),
        mistake(
            "epsilon_inside_the_root",
            "epsilon stands inside the root; it is added to the root.",
            root=lambda v_new, epsilon: np.sqrt(v_new + epsilon),
        ),
        mistake(
            "epsilon_missing",
            "epsilon does not take part.",
            root=lambda v_new: np.where(v_new > 0, np.sqrt(v_new), 1.0),
        ),
        mistake(
            "epsilon_outside_the_fraction",
            "epsilon is added to the step; it belongs to what the step is divided by.",
            root=lambda v_new: np.sqrt(v_new),
            step=lambda learning_rate, grad, root, epsilon: learning_rate * grad / root + epsilon,
        ),
        mistake(
            "epsilon_without_brackets",
            "epsilon is added to the weights: a division comes before a sum, unless there are brackets.",
            root=lambda v_new: np.sqrt(v_new),
            step=lambda learning_rate, grad, root, epsilon: learning_rate * grad / root - epsilon,
        ),
        mistake(
            "epsilon_times_learning_rate",
            "epsilon is added to the fraction; it belongs to what the gradient is divided by.",
            root=lambda v_new: np.sqrt(v_new),
            step=lambda learning_rate, grad, root, epsilon: learning_rate * (grad / root + epsilon),
        ),
        mistake(
            "ascent",
            "The weights move along the gradient, uphill; the loss falls against it.",
            theta_new=lambda theta, step: theta + step,
        ),
        mistake(
            "learning_rate_missing",
            "The learning rate does not take part.",
            step=lambda grad, root: grad / root,
        ),
        mistake(
            "learning_rate_inside_the_root",
            "The learning rate is divided by the root too, or stands inside it; it multiplies the whole fraction.",
            step=lambda learning_rate, grad, root: grad / (learning_rate * root),
        ),
        mistake(
            "sign_only",
            "The step has the size of the learning rate whatever the running mean is.",
            step=lambda learning_rate, grad: learning_rate * np.sign(grad),
        ),
        mistake(
            "not_divided",
            "The step is that of gradient descent: it is not divided by the root of the running mean.",
            step=lambda learning_rate, grad: learning_rate * grad,
        ),
        mistake(
            "step_without_weights",
            "What is returned is the step alone; it has to be added to the weights.",
            theta_new=lambda step: -step,
        ),
    ),
    cases=(
        Case(" at the first step, where v is 0", {"first": True}),
        Case(" where the gradient is 0 and always was", {"still": True}, branches=True),
        Case(" where the gradient is a million times smaller", {"tiny": True}),
        Case(" with epsilon = 1e-8 or so", {"small": 1e-8}),
    ),
)
"""The weights and the running mean of the squared gradient after a step."""
