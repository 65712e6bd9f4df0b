"""How many parameters a network has."""

from typing import Any

import numpy as np

from autograder.engine.mistakes import Mistake, mistake
from autograder.engine.problems import Problem
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, of, terms

NETWORKS = 3
MOST_STEPS = 100


def _draw(rng: np.random.Generator, **_options: Any) -> Problem:
    """Draw the sizes of three networks, all different; the first is asked for once more at the end."""
    drawn = [rng.choice(np.arange(2, 61), size=3, replace=False) for _ in range(NETWORKS)]
    D, H, V = np.array([*drawn, drawn[0]]).T
    return Problem({"networks": NETWORKS}, {"D": D, "H": H, "V": V})


def _right(problem: Problem) -> dict[str, np.ndarray]:
    """Return the number of entries of the arrays of every network."""
    sizes = zip(*(problem.given[name] for name in "DHV"), strict=True)
    shapes = [((D, H), (H, H), (H,), (H, V), (V,)) for D, H, V in sizes]
    return {"count": np.array([sum(np.zeros(shape).size for shape in arrays) for arrays in shapes], float)}


def counted_for_each_step(times: int) -> Mistake:
    """Return the mistake of a count in which every weight stands so many times."""
    sentence = f"The count is {times} times too large: the same weights are used at every step, so they count once."
    return Mistake(
        f"counted_{times}_times", sentence, {"count": of("total", lambda total: times * total)}, "counted_for_each_step"
    )


rnn = Calculation(
    _draw,
    _right,
    Once(
        terms(
            "rnn-parameters",
            Wx=lambda D, H: D * H,
            Wh=lambda H: H * H,
            b=lambda H: H,
            Wy=lambda H, V: H * V,
            by=lambda V: V,
            total=lambda Wx, Wh, b, Wy, by: Wx + Wh + b + Wy + by,
            count=lambda total: total,
        )
    ),
    lambda problem: problem.given,
    equation="rnn-parameters",
    mistakes=(
        *map(counted_for_each_step, range(2, MOST_STEPS + 1)),
        mistake(
            "output_layer_missing",
            "The output layer is not counted: it has weights and a bias of its own.",
            Wy=lambda: 0,
            by=lambda: 0,
        ),
        mistake("biases_missing", "The two biases are not counted.", b=lambda: 0, by=lambda: 0),
        mistake("b_missing", "The bias of the hidden layer is not counted.", b=lambda: 0),
        mistake("by_missing", "The bias of the output layer is not counted.", by=lambda: 0),
        mistake("Wh_missing", "The recurrent weights are not counted.", Wh=lambda: 0),
        mistake("Wx_missing", "The input weights are not counted.", Wx=lambda: 0),
        mistake("Wy_missing", "The output weights are not counted.", Wy=lambda: 0),
        mistake(
            "Wh_like_Wx",
            "The recurrent weights are counted with D rows; they go from the H hidden units to the H hidden units.",
            Wh=lambda D, H: D * H,
        ),
        mistake(
            "Wh_diagonal",
            "Each hidden unit is counted with one recurrent weight; it is connected to all hidden units.",
            Wh=lambda H: H,
        ),
        mistake(
            "H_too_many",
            "There are H numbers too many: the hidden layer has one bias, and h0 is an input, not a weight.",
            b=lambda H: 2 * H,
        ),
        mistake(
            "b_of_size_D",
            "The bias of the hidden layer is counted with D numbers; it has one for every hidden unit.",
            b=lambda D: D,
        ),
        mistake(
            "biases_as_numbers",
            "Each bias is counted as one number; it has one for every unit of its layer.",
            b=lambda: 1,
            by=lambda: 1,
        ),
        mistake(
            "by_of_size_H",
            "The bias of the output layer is counted with H numbers; it has one for every output.",
            by=lambda H: H,
        ),
        mistake(
            "output_from_input",
            "The output weights are counted with D rows; the output reads the hidden state.",
            Wy=lambda D, V: D * V,
        ),
        mistake(
            "output_square",
            "The output weights are counted as V times V; the output reads the hidden state.",
            Wy=lambda V: V * V,
        ),
    ),
)
"""A recurrent network with an output layer."""
