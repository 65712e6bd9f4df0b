"""The affine layer, forward and backward: every row of x times W, plus b."""

from dataclasses import replace

import numpy as np

import unrolled
from autograder.engine.families import Affine, clipped
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, of, terms

LARGE_UPSTREAM = Case(" with a large upstream gradient", {"upstream": 1e8})
FAR_BIAS = Case(" with an output that is far from zero", {"bias": 1e6})
"""The loss is large and the slopes are not, so that a difference has no digits left, even where the loss is linear."""
TINY_UPSTREAM = Case(" with a tiny upstream gradient", {"upstream": 1e-30})


def draw_layer(rng: np.random.Generator, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the weights of a layer, shape (inputs, outputs), and its bias, shape (outputs,)."""
    return rng.standard_normal((inputs, outputs)) / np.sqrt(inputs), 0.5 * rng.standard_normal(outputs)


def _draw(rng: np.random.Generator, *, upstream: float = 1.0, bias: float = 0.0, **sizes: int) -> Problem:
    """Draw inputs, a layer, and the gradient that arrives at its output, which is `upstream` large.

    To all entries of the bias the number `bias` is added.
    """
    sizes = draw_sizes(rng, "NDV", **sizes)
    N, D, V = sizes.values()
    x, (W, b) = rng.standard_normal((N, D)), draw_layer(rng, D, V)
    return Problem(sizes, {"x": x, "W": W, "b": b + bias, "dy": upstream * rng.standard_normal((N, V))})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    y, cache = unrolled.affine_forward(given["x"], given["W"], given["b"])
    dx, dW, db = unrolled.affine_backward(given["dy"], cache)
    return {"y": y, "dx": dx, "dW": dW, "db": db}


def wrong_bias(name: str) -> tuple[Mistake, ...]:
    """Return what goes wrong with the bias of this name; the term that is added is called ``add_`` and the name."""
    wrong = {
        "missing": (f"The bias {name} is not added.", np.zeros_like),
        "twice": (f"The bias {name} is added twice.", lambda b: 2 * b),
        "subtracted": (f"The bias {name} is subtracted.", np.negative),
        "first_entry_only": (
            f"The first entry of {name} is added everywhere; every output has a bias of its own.",
            lambda b: np.full_like(b, b[0]),
        ),
    }
    return tuple(
        Mistake(f"{name}_{member}", sentence, {f"add_{name}": of(name, function)}, f"bias.{member}")
        for member, (sentence, function) in wrong.items()
    )


def softmax(y: np.ndarray) -> np.ndarray:
    """Return the softmax of every row."""
    shifted = np.exp(y - y.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


forward = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "affine",
            add_b=lambda b: b,
            product=lambda x, W: x @ W,
            output=lambda product, add_b: product + add_b,
            y=lambda output: output,
            cache_x=lambda x: x,
            cache_W=lambda W: W,
        )
    ),
    lambda problem: problem.given,
    equation="affine",
    mistakes=(
        *wrong_bias("b"),
        mistake(
            "W_transposed",
            "W is transposed; its rows belong to the inputs and its columns to the outputs.",
            product=lambda x, W: x @ W.T,
        ),
        mistake(
            "product_mean",
            "The products are averaged over the inputs; they add up.",
            product=lambda x, W: x @ W / len(W),
        ),
        mistake(
            "b_before_W",
            "The bias is added to the input, before the weights; it belongs to the output.",
            product=lambda x, W, b: (x + b) @ W,
            add_b=lambda b: 0 * b,
        ),
        mistake(
            "rows_summed",
            "The rows are added up; every row of x has a row of y.",
            y=lambda output: output.sum(axis=0),
        ),
        mistake(
            "first_row_everywhere",
            "Every row of y is made from the first row of x.",
            product=lambda x, W: np.repeat(x[:1] @ W, len(x), axis=0),
        ),
        mistake(
            "tanh_applied",
            "tanh is applied to the output; an affine layer has no activation.",
            y=lambda output: np.tanh(output),
        ),
        mistake(
            "sigmoid_applied",
            "The sigmoid is applied to the output; an affine layer has no activation.",
            y=lambda output: 1 / (1 + np.exp(-output)),
        ),
        mistake(
            "relu_applied",
            "Negative outputs are set to 0; an affine layer has no activation.",
            y=lambda output: np.maximum(output, 0),
        ),
        mistake(
            "softmax_applied",
            "softmax is applied to the output; it belongs to the loss, not to this layer.",
            y=lambda output: softmax(output),
        ),
    ),
    cases=(at_one("N"), at_one("D"), at_one("V")),
    square={"D": 6, "V": 6},
)
"""The layer forward."""


def rows_of_a_batch(family: Affine, *, square: str, upstream: str = "", skips: str = "") -> tuple[Mistake, ...]:
    """Return what goes wrong on the way back through an affine layer whose batch is one of rows.

    The family's members that concern all weights at once are left out. What is said of a mean is said of rows, and
    with regard to a loss that is a mean itself.
    """
    found = []
    bias = family.bias
    for known in family.mistakes(upstream=upstream, skips=skips, square=square):
        if known.family == "products.bias_mean":
            known = replace(known, sentence=f"{bias} is the mean over the rows of the batch; {SHARES}")
        if known.family == "products.bias_first_sequence":
            known = replace(known, name=f"{bias}_first_row", sentence=f"{bias} holds the first row of the batch only.")
        if known.family != "products.weights_mean":
            found.append(known)
    (value, (_, _, weights)) = next(iter(family.inputs.items()))
    return (
        *found,
        Mistake(
            f"{weights}_mean",
            f"{weights} is divided by the number of rows; {SHARES}",
            {weights: of(f"{value} {family.dz}", lambda x, dz: x.T @ dz / len(dz))},
            "rows.weights_mean",
        ),
        Mistake(
            f"{weights}_first_row",
            f"{weights} holds what the first row of the batch contributes; all rows do.",
            {weights: of(f"{value} {family.dz}", lambda x, dz: x[:1].T @ dz[:1])},
            "rows.weights_first_row",
        ),
        Mistake(
            f"{weights}_of_summed_rows",
            f"{weights} is made from the rows after they were added up; multiply row by row first.",
            {weights: of(f"{value} {family.dz}", lambda x, dz: np.outer(x.sum(axis=0), dz.sum(axis=0)))},
            "rows.weights_of_summed_rows",
        ),
        Mistake(
            f"{bias}_not_summed",
            f"{bias} has a row for every row of the batch; the bias is one for all, so that they add up.",
            {bias: of(family.dz, lambda dz: dz)},
            "rows.bias_not_summed",
        ),
        Mistake(
            f"{bias}_wrong_axis",
            f"{bias} is summed over the units; it is summed over the rows of the batch.",
            {bias: of(family.dz, lambda dz: dz.sum(axis=1))},
            "rows.bias_wrong_axis",
        ),
        Mistake(
            f"{bias}_one_number",
            f"{bias} is one number, summed over the units, too; every unit has a bias of its own.",
            {bias: of(family.dz, lambda dz: np.full(dz.shape[1], dz.sum()))},
            "rows.bias_one_number",
        ),
    )


SHARES = "every row adds its share, and where the loss is a mean the 1/N is in dy already."

FAMILY = Affine(
    inputs={"x": ("W", "dx", "dW")},
    bias="db",
    equations={"dx": "mlp-dx", "dW": "mlp-dW", "db": "mlp-db"},
    words={"dx": "The gradient of x"},
    dz="arriving",
)


def everything_scaled() -> tuple[Mistake, ...]:
    """Return what goes wrong with all gradients at once, at the term `arriving`."""
    return (
        mistake("opposite_sign", "Every gradient has the opposite sign.", arriving=lambda dy: -dy),
        mistake(
            "divided_by_N",
            f"Every gradient is divided by the number of rows; {SHARES}",
            arriving=lambda dy: dy / len(dy),
        ),
        *clipped("arriving", "dy", lambda dy: dy),
    )


backward = Calculation(
    _draw,
    _right,
    Once(terms("mlp-dW", arriving=lambda dy: dy) | FAMILY.terms),
    lambda problem: problem.given,
    equation="mlp-dW",
    forward_equation="affine",
    mistakes=(
        *everything_scaled(),
        *rows_of_a_batch(FAMILY, square="W"),
    ),
    cases=(at_one("N", numeric=True), at_one("D"), at_one("V"), FAR_BIAS, LARGE_UPSTREAM, TINY_UPSTREAM),
    square={"D": 6, "V": 6},
    large={"N": 2, "D": 200, "V": 201},
    quiet=whisper(W=0, dy=-1),
)
"""The layer backward."""
