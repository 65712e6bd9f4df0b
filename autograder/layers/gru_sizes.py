"""How many parameters a GRU has, and which hidden size a layer gets from a budget of parameters."""

from typing import Any

import numpy as np

from autograder.engine.mistakes import mistake
from autograder.engine.problems import Problem
from autograder.engine.questions import Calculation
from autograder.engine.terms import Once, terms
from autograder.layers.parameters import counted_for_each_step

NETWORKS = 3
MOST_STEPS = 60

BLOCKS = {"RNN": 1, "GRU": 3, "LSTM": 4}
BIASES = {"RNN": 1, "GRU": 2, "LSTM": 1}
"""How many blocks of H columns a layer has, and how many biases each of them."""


def _draw_sizes(rng: np.random.Generator, **_options: Any) -> Problem:
    """Draw the sizes of three layers, all different; the first is asked for once more at the end."""
    drawn = [rng.choice(np.arange(2, 61), size=2, replace=False) for _ in range(NETWORKS)]
    D, H = np.array([*drawn, drawn[0]]).T
    return Problem({"networks": NETWORKS}, {"D": D, "H": H})


def _right_count(problem: Problem) -> dict[str, np.ndarray]:
    """Return the number of entries of the arrays of every layer."""
    sizes = zip(problem.given["D"], problem.given["H"], strict=True)
    shapes = [((D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,)) for D, H in sizes]
    return {"count": np.array([sum(np.zeros(shape).size for shape in arrays) for arrays in shapes], float)}


count = Calculation(
    _draw_sizes,
    _right_count,
    Once(
        terms(
            "gru-parameters",
            blocks=lambda: 3,
            Wx=lambda D, H: D * H,
            Wh=lambda H: H * H,
            b=lambda H: H,
            bh=lambda H: H,
            total=lambda blocks, Wx, Wh, b, bh: blocks * (Wx + Wh + b + bh),
            count=lambda total: total,
        )
    ),
    lambda problem: problem.given,
    equation="gru-parameters",
    mistakes=(
        mistake("bh_not_counted", "One of the two biases is not counted: with the reset after the product there is bh.",
                bh=lambda: 0),
        mistake("biases_not_counted", "The two biases are not counted.", b=lambda: 0, bh=lambda: 0),
        mistake("four_blocks", "Four blocks are counted, as many as an LSTM has; a GRU has fewer.", blocks=lambda: 4),
        mistake("two_blocks", "Two blocks are counted, one for each gate; the candidate has weights of its own.",
                blocks=lambda: 2),
        mistake("one_block", "One block is counted; each gate and the candidate have their own.", blocks=lambda: 1),
        mistake("bh_of_one_block", "bh is counted for the candidate alone; it has an entry in each block.",
                total=lambda Wx, Wh, b, bh: 3 * (Wx + Wh + b) + bh),
        mistake("biases_of_one_block", "Both biases are counted with H numbers; each has H numbers in each block.",
                total=lambda Wx, Wh, b, bh: 3 * (Wx + Wh) + b + bh),
        mistake("one_bias_of_one_block", "Besides the matrices only H numbers are counted; there are two biases,"
                " each with H numbers in each block.", total=lambda Wx, Wh, b: 3 * (Wx + Wh) + b),
        mistake("Wh_with_D_rows", "Wh is counted with D rows; it goes from the H hidden units to the H hidden units.",
                Wh=lambda D, H: D * H),
        mistake("Wh_not_counted", "The recurrent weights are not counted.", Wh=lambda: 0),
        mistake("Wx_not_counted", "The input weights are not counted.", Wx=lambda: 0),
        mistake("biases_of_size_D", "The biases are counted with D numbers a block; they have one for every hidden"
                " unit.", b=lambda D: D, bh=lambda D: D),
        mistake("biases_as_numbers", "Each block's bias is counted as one number; it has one for every hidden unit.",
                b=lambda: 1, bh=lambda: 1),
        mistake("h0_counted", "There are H numbers too many: h0 is an input, not a weight.",
                total=lambda blocks, Wx, Wh, b, bh, H: blocks * (Wx + Wh + b + bh) + H),
        *map(counted_for_each_step, range(2, MOST_STEPS + 1)),
    ),
)  # fmt: skip
"""The parameters of a GRU layer with both biases."""


def _parameters(D: int, H: int, kind: str) -> int:
    return BLOCKS[kind] * H * (D + H + BIASES[kind])


def _by_roots(budget: int, D: int, kind: str) -> float:
    """Return the real H at which the budget is spent as np.roots finds it, which is off in the last digits."""
    blocks = BLOCKS[kind]
    return float(np.max(np.roots([blocks, blocks * (D + BIASES[kind]), -budget]).real))


def _draw_budgets(rng: np.random.Generator, **_options: Any) -> Problem:
    """Draw budgets for each kind of layer: spent to the last parameter, and one parameter short of one unit more.

    There are both with an odd and with an even number beside H, which shows what is halved and rounded down. The roots
    that np.roots finds of the spent ones come out a little too small, so that it matters how they are cut.
    Three more lie between those. A GRU of many units and few inputs has a quarter of the next unit, which is within its
    biases; an LSTM of few units and many inputs has seven tenths, which its biases would not fill; a plain network is
    so large that nobody counts up to it by accident. Last of all the first one is asked for once more.
    """
    shares = [(kind, odd, share) for kind in BLOCKS for odd in (0, 1) for share in (0.0, 1.0)]
    layers = []
    for kind, odd, share in rng.permutation(np.array(shares, dtype=object)):
        D, H = 2 * rng.integers(1, 20) + (odd + BIASES[kind]) % 2, rng.integers(8, 60)
        while not share and _by_roots(_parameters(D, H, kind), D, kind) >= H:
            D, H = 2 * rng.integers(1, 20) + (odd + BIASES[kind]) % 2, rng.integers(8, 60)
        layers.append((kind, D, H, share))
    layers += [
        ("GRU", rng.integers(2, 5), rng.integers(50, 60), 0.25),
        ("LSTM", rng.integers(50, 60), rng.integers(8, 12), 0.7),
        ("RNN", rng.integers(2, 40), rng.integers(250, 300), 0.5),
    ]
    layers.append(layers[0])
    kinds, D, H, shares = (np.array(column) for column in zip(*layers, strict=True))
    spent, one_more = (np.array([_parameters(d, h + more, kind) for kind, d, h, _ in layers]) for more in (0, 1))
    budgets = spent + (shares * (one_more - spent - 1)).astype(int)
    return Problem({"networks": len(kinds)}, {"parameters": budgets, "D": D, "kind": kinds})


def _right_size(problem: Problem) -> dict[str, np.ndarray]:
    """Return the largest sizes that the budgets allow, found one after the other."""
    found = []
    for budget, D, kind in zip(*(problem.given[name] for name in ("parameters", "D", "kind")), strict=True):
        H = 1
        while _parameters(D, H + 1, kind) <= budget:
            H += 1
        found.append(H)
    return {"size": np.array(found, float)}


def _largest(budget: np.ndarray, blocks: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Return the real H at which ``blocks * H * (H + beside)`` is the budget."""
    return np.sqrt((beside / 2) ** 2 + budget / blocks) - beside / 2


ROUNDING = 1e-9
"""What is added before a size is cut to a whole number: a root that should be whole may come out a little below."""

size = Calculation(
    _draw_budgets,
    _right_size,
    Once(
        terms(
            "equal-parameters",
            blocks=lambda kind: np.array([BLOCKS[one] for one in kind]),
            biases=lambda kind: np.array([BIASES[one] for one in kind]),
            beside=lambda D, biases: D + biases,
            real=lambda parameters, blocks, beside: _largest(parameters, blocks, beside),
            size=lambda real: np.floor(real + ROUNDING),
        )
    ),
    lambda problem: problem.given,
    equation="equal-parameters",
    mistakes=(
        mistake("size_rounded_up", "The size is rounded up, so that the layer has more parameters than the budget.",
                size=lambda real: np.ceil(real - ROUNDING)),
        mistake("size_rounded", "The size is rounded to the nearest whole number, which may be over the budget.",
                size=lambda real: np.round(real)),
        mistake("one_unit_too_few", "One unit too few: a layer may use the whole budget, to the last parameter."
                " If you solve for H: does a root that should be whole come out a little below?",
                size=lambda real: np.ceil(real - ROUNDING) - 1),
        mistake("first_too_large", "That is the first size that does not fit; the last one that fits is asked for.",
                size=lambda real: np.floor(real + ROUNDING) + 1),
        mistake("half_rounded_down", "Half of D and the number of biases is rounded down where that sum is odd.",
                real=lambda parameters, blocks, beside: (
                    np.sqrt((beside // 2) ** 2 + parameters / blocks) - beside // 2
                )),
        mistake("one_unit_fewer_always", "One unit more fits into the budget, whatever the layer.",
                size=lambda real: np.floor(real + ROUNDING) - 1),
        mistake("one_bias_everywhere", "The GRU is sized with one bias in each block; it has b and bh.",
                biases=lambda kind: np.ones(len(kind))),
        mistake("two_biases_everywhere", "Every layer is sized with two biases in each block; only the GRU has bh.",
                biases=lambda kind: np.full(len(kind), 2)),
        mistake("two_biases_in_the_lstm", "The LSTM is sized with two biases in each block; only the GRU has bh.",
                biases=lambda kind: np.array([{**BIASES, "LSTM": 2}[one] for one in kind])),
        mistake("two_biases_in_the_rnn", "The plain network is sized with two biases; only the GRU has bh.",
                biases=lambda kind: np.array([{**BIASES, "RNN": 2}[one] for one in kind])),
        mistake("biases_left_out", "The layers are sized without their biases.",
                biases=lambda kind: np.zeros(len(kind))),
        mistake("input_left_out", "The layers are sized without their input weights.", beside=lambda biases: biases),
        mistake("recurrence_left_out", "The layers are sized without their recurrent weights.",
                real=lambda parameters, blocks, beside: parameters / (blocks * beside)),
        mistake("blocks_left_out", "Every layer is sized as if it had one block.",
                blocks=lambda kind: np.ones(len(kind))),
        mistake("all_as_gru", "Every layer is sized as if it were a GRU; blocks and biases depend on the kind.",
                blocks=lambda kind: np.full(len(kind), 3), biases=lambda kind: np.full(len(kind), 2)),
        mistake("gru_and_lstm_exchanged", "The GRU and the LSTM have changed places: the GRU has fewer blocks.",
                blocks=lambda kind: np.array([{"RNN": 1, "GRU": 4, "LSTM": 3}[one] for one in kind]),
                biases=lambda kind: np.array([{"RNN": 1, "GRU": 1, "LSTM": 2}[one] for one in kind])),
        mistake("gru_with_two_blocks", "The GRU is sized with two blocks; its candidate has weights of its own.",
                blocks=lambda kind: np.array([{**BLOCKS, "GRU": 2}[one] for one in kind])),
        mistake("gru_with_four_blocks", "The GRU is sized with four blocks, as many as an LSTM has.",
                blocks=lambda kind: np.array([{**BLOCKS, "GRU": 4}[one] for one in kind])),
        mistake("lstm_with_three_blocks", "The LSTM is sized with three blocks, one for each gate; its candidate has"
                " weights of its own.", blocks=lambda kind: np.array([{**BLOCKS, "LSTM": 3}[one] for one in kind])),
        mistake("input_and_biases_left_out", "The layers are sized by their recurrent weights alone.",
                beside=lambda biases: 0 * biases),
    ),
)  # fmt: skip
"""The hidden size that a layer of a kind gets from a budget."""
