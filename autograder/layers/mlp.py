"""A network with one hidden layer, forward and backward: affine, tanh, affine."""

import numpy as np

import unrolled
from autograder.engine.families import Affine, clipped, slopes_of_tanh
from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Case, Problem, at_one, draw_sizes
from autograder.engine.questions import Calculation
from autograder.engine.quiet import whisper
from autograder.engine.terms import Once, of, terms
from autograder.layers.affine import (
    FAR_BIAS,
    LARGE_UPSTREAM,
    SHARES,
    TINY_UPSTREAM,
    draw_layer,
    everything_scaled,
    rows_of_a_batch,
    softmax,
    wrong_bias,
)

SATURATED_AT = 4.0
"""How large a pre-activation is in the mean where tanh is saturated: 1 - tanh(4)**2 is 0.0013."""


def _draw(
    rng: np.random.Generator, *, upstream: float = 1.0, saturated: bool = False, bias: float = 0.0, **sizes: int
) -> Problem:
    """Draw inputs, two layers, and the gradient that arrives at the output, which is `upstream` large.

    To all entries of the bias of the output the number `bias` is added.
    """
    sizes = draw_sizes(rng, "NDHV", **sizes)
    N, D, H, V = sizes.values()
    x, (W1, b1), (W2, b2) = rng.standard_normal((N, D)), draw_layer(rng, D, H), draw_layer(rng, H, V)
    if saturated:
        W1, b1 = SATURATED_AT * W1, SATURATED_AT * b1
    layers = {"W1": W1, "b1": b1, "W2": W2, "b2": b2 + bias}
    return Problem(sizes, {"x": x, **layers, "dy": upstream * rng.standard_normal((N, V))})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return output and gradients as two affine layers of the course give them."""
    given = problem.given
    z, below = unrolled.affine_forward(given["x"], given["W1"], given["b1"])
    h = np.tanh(z)
    y, above = unrolled.affine_forward(h, given["W2"], given["b2"])
    dh, dW2, db2 = unrolled.affine_backward(given["dy"], above)
    dx, dW1, db1 = unrolled.affine_backward(dh * (1 - h**2), below)
    return {"y": y, "dx": dx, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


forward = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "mlp-hidden",
            read=lambda x, W1: x @ W1,
            add_b1=lambda b1: b1,
            z=lambda read, add_b1: read + add_b1,
            h=lambda z: np.tanh(z),
            cache_h=lambda h: h,
        )
        | terms(
            "affine",
            add_b2=lambda b2: b2,
            y=lambda h, W2, add_b2: h @ W2 + add_b2,
            cache_x=lambda x: x,
            cache_W1=lambda W1: W1,
            cache_W2=lambda W2: W2,
        )
    ),
    lambda problem: problem.given,
    equation="mlp-hidden",
    mistakes=(
        *wrong_bias("b1"),
        *wrong_bias("b2"),
        mistake(
            "tanh_missing",
            "tanh is missing, so that two layers do what one could.",
            h=lambda z: z,
        ),
        mistake("tanh_twice", "tanh is applied twice.", h=lambda z: np.tanh(np.tanh(z))),
        mistake("sigmoid", "The sigmoid is used; the hidden layer has tanh.", h=lambda z: 1 / (1 + np.exp(-z))),
        mistake("relu", "Negative values are set to 0; the hidden layer has tanh.", h=lambda z: np.maximum(z, 0)),
        mistake(
            "b1_outside_tanh",
            "b1 is added behind tanh; it belongs inside.",
            add_b1=lambda b1: 0 * b1,
            h=lambda z, b1: np.tanh(z) + b1,
        ),
        mistake(
            "output_tanh",
            "tanh is applied to the output, too; the output layer has no activation.",
            y=lambda h, W2, add_b2: np.tanh(h @ W2 + add_b2),
        ),
        mistake(
            "output_softmax",
            "softmax is applied to the output; it belongs to the loss, not to this layer.",
            y=lambda h, W2, add_b2: softmax(h @ W2 + add_b2),
        ),
        mistake(
            "W1_transposed",
            "W1 is transposed; its rows belong to the inputs and its columns to the hidden units.",
            read=lambda x, W1: x @ W1.T,
        ),
        mistake(
            "W2_transposed",
            "W2 is transposed; its rows belong to the hidden units and its columns to the outputs.",
            y=lambda h, W2, add_b2: h @ W2.T + add_b2,
        ),
        mistake(
            "weights_swapped",
            "W1 and W2 have changed places.",
            read=lambda x, W2: x @ W2,
            y=lambda h, W1, add_b2: h @ W1 + add_b2,
        ),
        mistake(
            "cache_z_for_h",
            "The cache holds the values before tanh where h belongs.",
            cache_h=lambda z: z,
        ),
    ),
    cases=(at_one("N"), at_one("D"), at_one("H"), at_one("V"), Case(" where tanh is saturated", {"saturated": True})),
    square={"D": 6, "H": 6, "V": 6},
)
"""The network forward."""

OUTPUT = Affine(
    inputs={"h": ("W2", "dh", "dW2")},
    bias="db2",
    equations={"dh": "mlp-dz", "dW2": "mlp-dW", "db2": "mlp-db"},
    words={"dh": "The gradient of the hidden layer"},
    dz="arriving",
)
HIDDEN = Affine(
    inputs={"x": ("W1", "dx", "dW1")},
    bias="db1",
    equations={"dx": "mlp-dx", "dW1": "mlp-dW", "db1": "mlp-db"},
    words={"dx": "The gradient of x"},
)


def _known(problem: Problem) -> dict[str, np.ndarray]:
    given = problem.given
    z = given["x"] @ given["W1"] + given["b1"]
    return {**given, "z": z, "h": np.tanh(z)}


backward = Calculation(
    _draw,
    _right,
    Once(
        terms("mlp-dW", arriving=lambda dy: dy)
        | OUTPUT.terms
        | terms("mlp-dz", dz=lambda dh, h: dh * (1 - h**2))
        | HIDDEN.terms
    ),
    _known,
    equation="mlp-dz",
    forward_equation="mlp-hidden",
    mistakes=(
        *slopes_of_tanh("dz", "dh", "h", value="the hidden layer"),
        mistake(
            "derivative_of_z",
            "The derivative of tanh is taken of the pre-activation z, but the formula with the square wants"
            " h = tanh(z).",
            dz=lambda dh, z: dh * (1 - z**2),
        ),
        mistake(
            "difference_squared",
            "In the derivative of tanh the whole difference is squared; only the hidden layer is.",
            dz=lambda dh, h: dh * (1 - h) ** 2,
        ),
        mistake(
            "doubled_not_squared",
            "In the derivative of tanh the hidden layer is doubled; it is squared.",
            dz=lambda dh, h: dh * (1 - 2 * h),
        ),
        mistake(
            "slope_opposite_sign",
            "The derivative of tanh has the opposite sign; it is never negative.",
            dz=lambda dh, h: dh * (h**2 - 1),
        ),
        mistake(
            "slope_without_b1",
            "The derivative of tanh is taken where it would be without b1.",
            dz=lambda dh, x, W1: dh * (1 - np.tanh(x @ W1) ** 2),
        ),
        *everything_scaled(),
        *clipped("dz", "dh h", lambda dh, h: dh * (1 - h**2)),
        *rows_of_a_batch(OUTPUT, square="W2"),
        *rows_of_a_batch(HIDDEN, square="W1", upstream="dh", skips="the derivative of tanh"),
        mistake(
            "dW2_from_z",
            "dW2 is made from the values before tanh; the output layer reads h.",
            dW2=lambda z, arriving: z.T @ arriving,
        ),
        mistake(
            "db2_from_dz",
            "db2 is made from dz, which belongs to the hidden layer.",
            db2=lambda dh, h: (dh * (1 - h**2)).sum(axis=0),
        ),
        mistake(
            "hidden_divided_by_N",
            f"The gradients of the hidden layer are divided by the number of rows; {SHARES}",
            dz=lambda dh, h: dh * (1 - h**2) / len(h),
        ),
        Mistake(
            "weights_mean",
            f"The gradients of weights and biases are divided by the number of rows; {SHARES}",
            {
                "dW2": of("h arriving", lambda h, dy: h.T @ dy / len(dy)),
                "db2": of("arriving", lambda dy: dy.mean(axis=0)),
                "dW1": of("x dz", lambda x, dz: x.T @ dz / len(dz)),
                "db1": of("dz", lambda dz: dz.mean(axis=0)),
            },
            "products.weights_mean",
        ),
    ),
    cases=(
        at_one("N", numeric=True),
        at_one("H"),
        at_one("V"),
        Case(" where tanh is saturated", {"saturated": True}, exact=False),
        FAR_BIAS,
        LARGE_UPSTREAM,
        TINY_UPSTREAM,
    ),
    square={"D": 6, "H": 6, "V": 6},
    large={"N": 2, "D": 138, "H": 140, "V": 150},
    quiet=whisper(W1=0, W2=0, dy=-1),
)
"""The network backward."""
