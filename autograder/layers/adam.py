"""One step of Adam, for one array of weights."""

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Case, Problem, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms

CORRECTED = "Both means start at 0 and are too small at first: divide each by 1 minus its beta to the power of t."
SHARES = "the two shares of the running mean have changed places: beta belongs to the old mean."
SWAPPED = "The two betas have changed places: beta1 belongs to the gradient, beta2 to its square."


def _draw(rng: np.random.Generator, *, t: int = 0, still: bool = False, small: float = 0.05, **sizes: int) -> Problem:
    """Draw weights, their gradient and both running means.

    Parameters
    ----------
    t : int
        The number of the step, from 1 on; 0 draws one.
    still : bool
        Whether the gradient is zero, and was so before.
    small : float
        Scale of epsilon. It is larger here than in practice, so that it shows where it stands.
    """
    sizes = draw_sizes(rng, "DH", {"D": 3, "H": 3}, **sizes)
    shape, t = (sizes["D"], sizes["H"]), t or int(rng.integers(2, 7))
    grad = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 2.0, shape)  # none so small that a tiny epsilon shows
    m, v = grad * rng.uniform(-0.5, 1.5, shape), grad**2 * rng.uniform(0.3, 2.0, shape)
    if t == 1 or still:
        m, v = 0 * m, 0 * v
    given = {"theta": rng.standard_normal(shape), "m": m, "v": v, "grad": 0 * grad if still else grad, "t": t}
    rates = {"learning_rate": rng.uniform(0.1, 0.5), "beta1": rng.uniform(0.5, 0.75), "beta2": rng.uniform(0.8, 0.95)}
    rates["epsilon"] = small * rng.uniform(1.0, 2.0)
    return Problem(sizes, {**given, **{name: float(value) for name, value in rates.items()}})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return what the formulas give, entry by entry."""
    theta, m, v, grad, t, learning_rate, beta1, beta2, epsilon = problem.given.values()
    new = {name: np.empty(theta.shape) for name in ("theta_new", "m_new", "v_new")}
    for place in np.ndindex(theta.shape):
        mean = beta1 * m[place] + (1 - beta1) * grad[place]
        square = beta2 * v[place] + (1 - beta2) * grad[place] ** 2
        step = learning_rate * (mean / (1 - beta1**t)) / ((square / (1 - beta2**t)) ** 0.5 + epsilon)
        new["theta_new"][place], new["m_new"][place], new["v_new"][place] = theta[place] - step, mean, square
    return new


step = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "adam",
            m_new=lambda m, grad, beta1: beta1 * m + (1 - beta1) * grad,
            v_new=lambda v, grad, beta2: beta2 * v + (1 - beta2) * grad**2,
            count=lambda t: t,
            m_hat=lambda m_new, beta1, count: m_new / (1 - beta1**count),
            v_hat=lambda v_new, beta2, count: v_new / (1 - beta2**count),
            root=lambda v_hat, epsilon: np.sqrt(v_hat) + epsilon,
            moved=lambda learning_rate, m_hat, root: learning_rate * m_hat / root,
            theta_new=lambda theta, moved: theta - moved,
        )
    ),
    lambda problem: problem.given,
    equation="adam",
    mistakes=(
        mistake(
            "not_corrected",
            f"The means are used as they are. {CORRECTED}",
            m_hat=lambda m_new: m_new,
            v_hat=lambda v_new: v_new,
        ),
        mistake(
            "m_not_corrected", f"The mean of the gradient is used as it is. {CORRECTED}", m_hat=lambda m_new: m_new
        ),
        mistake("v_not_corrected", f"The mean of the square is used as it is. {CORRECTED}", v_hat=lambda v_new: v_new),
        mistake(
            "t_one_too_large", "The steps are counted from 1 already: t is used as it comes.", count=lambda t: t + 1
        ),
        mistake("t_one_too_small", "The first step has t = 1, not 0: t is used as it comes.", count=lambda t: t - 1),
        mistake(
            "power_of_the_difference",
            "In the corrections the power is taken of 1 minus beta; it belongs to beta alone.",
            m_hat=lambda m_new, beta1, count: m_new / (1 - beta1) ** count,
            v_hat=lambda v_new, beta2, count: v_new / (1 - beta2) ** count,
        ),
        mistake(
            "step_by_old_means",
            "The step is made with the means as they came; the new gradient comes into both first.",
            m_hat=lambda m, beta1, count: m / (1 - beta1**count),
            v_hat=lambda v, beta2, count: v / (1 - beta2**count),
        ),
        mistake(
            "old_means_returned",
            "The means that come back are those that were handed over; the next step needs the new ones.",
            m_new=lambda m: m,
            v_new=lambda v: v,
            m_hat=lambda m, grad, beta1, count: (beta1 * m + (1 - beta1) * grad) / (1 - beta1**count),
            v_hat=lambda v, grad, beta2, count: (beta2 * v + (1 - beta2) * grad**2) / (1 - beta2**count),
        ),
        mistake("power_missing", f"The power is missing in the corrections. {CORRECTED}", count=lambda: 1),
        mistake(
            "betas_swapped",
            SWAPPED,
            m_new=lambda m, grad, beta2: beta2 * m + (1 - beta2) * grad,
            v_new=lambda v, grad, beta1: beta1 * v + (1 - beta1) * grad**2,
        ),
        mistake(
            "betas_swapped_everywhere",
            SWAPPED,
            m_new=lambda m, grad, beta2: beta2 * m + (1 - beta2) * grad,
            v_new=lambda v, grad, beta1: beta1 * v + (1 - beta1) * grad**2,
            m_hat=lambda m_new, beta2, count: m_new / (1 - beta2**count),
            v_hat=lambda v_new, beta1, count: v_new / (1 - beta1**count),
        ),
        mistake(
            "shares_swapped",
            f"In m and in v {SHARES}",
            m_new=lambda m, grad, beta1: (1 - beta1) * m + beta1 * grad,
            v_new=lambda v, grad, beta2: (1 - beta2) * v + beta2 * grad**2,
        ),
        mistake("m_shares_swapped", f"In m {SHARES}", m_new=lambda m, grad, beta1: (1 - beta1) * m + beta1 * grad),
        mistake("v_shares_swapped", f"In v {SHARES}", v_new=lambda v, grad, beta2: (1 - beta2) * v + beta2 * grad**2),
        mistake(
            "whole_gradient_in_m",
            "m takes the whole of the new gradient; what beta1 leaves over is its share.",
            m_new=lambda m, grad, beta1: beta1 * m + grad,
        ),
        mistake(
            "absolute_values",
            "v is the running mean of the gradient's absolute value; it has to be that of its square.",
            v_new=lambda v, grad, beta2: beta2 * v + (1 - beta2) * np.abs(grad),
        ),
        mistake(
            "epsilon_in_the_root",
            "epsilon stands under the root; it is added behind it.",
            root=lambda v_hat, epsilon: np.sqrt(v_hat + epsilon),
        ),
        mistake(
            "epsilon_missing",
            "The epsilon that is handed over does not take part.",
            root=lambda v_hat: np.sqrt(v_hat),
        ),
        mistake(
            "epsilon_behind_the_fraction",
            "epsilon is added to the weights; it is part of what the mean is divided by.",
            theta_new=lambda theta, learning_rate, m_hat, v_hat, epsilon: (
                theta - learning_rate * m_hat / np.sqrt(v_hat) + epsilon
            ),
        ),
        mistake(
            "learning_rate_missing",
            "The learning rate does not take part.",
            moved=lambda m_hat, root: m_hat / root,
        ),
        mistake(
            "root_missing",
            "The root is missing: the step is divided by the mean of the square itself.",
            root=lambda v_hat, epsilon: v_hat + epsilon,
        ),
        mistake(
            "gradient_for_its_mean",
            "The step goes along the new gradient; it goes along the running mean.",
            m_hat=lambda grad: grad,
        ),
        mistake(
            "ascent",
            "The weights move uphill; the loss falls in the opposite direction.",
            theta_new=lambda theta, moved: theta + moved,
        ),
        mistake(
            "corrected_means_returned",
            "The corrected means are returned; the next step needs them uncorrected.",
            m_new=lambda m, grad, beta1, t: (beta1 * m + (1 - beta1) * grad) / (1 - beta1**t),
            v_new=lambda v, grad, beta2, t: (beta2 * v + (1 - beta2) * grad**2) / (1 - beta2**t),
            m_hat=lambda m_new: m_new,
            v_hat=lambda v_new: v_new,
        ),
        mistake(
            "corrected_m_returned",
            "m comes back corrected; the next step needs it uncorrected.",
            m_new=lambda m, grad, beta1, t: (beta1 * m + (1 - beta1) * grad) / (1 - beta1**t),
            m_hat=lambda m_new: m_new,
        ),
        mistake(
            "step_returned",
            "What is returned is the step alone; it has to be taken from the weights.",
            theta_new=lambda moved: -moved,
        ),
    ),
    cases=(
        Case(" at the first step, where t = 1 and both means are 0", {"t": 1}),
        Case(" where the gradient is zero and was so before", {"still": True}),
        Case(" at t = 10000", {"t": 10000}),
        Case(" where epsilon is 1e-8 or so", {"small": 1e-8}),
    ),
)
"""Running means of the gradient and of its square, corrected for their start at zero."""
