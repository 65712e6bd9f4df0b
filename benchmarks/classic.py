"""Train our networks on the classic tasks until the rule of the paper is met, and guess weights at random instead.

Ten seeds each; writes book/classic-benchmarks.json, which the page *Classic benchmarks* reads.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from rich.progress import track

from unrolled import GRU, LSTM, Adam, rnn_forward, success, tasks
from unrolled.reber import embedded_reber
from unrolled.training import updates_until_right

RESULTS = Path(__file__).resolve().parents[1] / "book" / "classic-benchmarks.json"
SEEDS = range(10)
GUESSES = 10_000


class Benchmark(NamedTuple):
    """A task, the rule of its paper, and a network that meets it."""

    draw: Callable  # draw(rng, N=…) -> x, targets, mask
    right: Callable
    make: Callable  # make(rng) -> model
    learning_rate: float
    budget: int
    share: float = 1.0  # of 2,000 new sequences that have to be right


BENCHMARKS = {
    "adding": Benchmark(
        partial(tasks.adding, T=100),
        success.adding_right,
        lambda rng: LSTM(2, 16, 1, rng, forget_bias=2.0, loss="squared_error"),
        learning_rate=0.01,
        budget=6000,
    ),
    "copy": Benchmark(
        partial(tasks.copy, length=10, lag=20),
        success.all_symbols_right,
        lambda rng: GRU(10, 100, 8, rng, update_bias=1.0),
        learning_rate=0.007,
        budget=4000,
        share=0.99,
    ),
    "temporal order": Benchmark(
        partial(tasks.temporal_order, T=100),
        success.temporal_order_right,
        lambda rng: GRU(6, 8, 4, rng, update_bias=2.0),
        learning_rate=0.02,
        budget=3000,
    ),
    "embedded Reber": Benchmark(
        embedded_reber,
        success.reber_right,
        lambda rng: GRU(7, 12, 7, rng),
        learning_rate=0.02,
        budget=6000,
    ),
}
LATCH = Benchmark(partial(tasks.recall, lag=100), success.all_symbols_right, None, 0, 0)


def train(benchmark, seed):
    """Train one network until the rule is met; return the updates, None if the budget did not suffice."""
    rng = np.random.default_rng(seed)
    updates = updates_until_right(
        benchmark.make(rng),
        Adam(benchmark.learning_rate),
        lambda N: benchmark.draw(rng, N=N),
        right=benchmark.right,
        budget=benchmark.budget,
        share=benchmark.share,
        clip=1.0,
    )
    return updates if np.isfinite(updates) else None


def guess(benchmark, seed, guesses=GUESSES, H=2):
    """Draw all weights of a plain network anew, uniform in [-100, 100], until the rule is met.

    Returns
    -------
    int or None
        How many draws it took, None if that many did not suffice.
    """
    rng = np.random.default_rng(seed)
    few, many = benchmark.draw(rng, N=16), benchmark.draw(rng, N=2000)
    D, V = few[0].shape[2], few[1].shape[2] if few[1].ndim == 3 else _outputs(benchmark)
    for count in range(1, guesses + 1):
        Wx, Wh, b, Wy, by = (rng.uniform(-100, 100, shape) for shape in ((D, H), (H, H), (H,), (H, V), (V,)))
        passes = lambda batch: benchmark.right(rnn_forward(batch[0], None, Wx, Wh, b)[0] @ Wy + by, *batch).all()  # noqa: B023, E731
        if passes(few) and passes(many):
            return count
    return None


def _outputs(benchmark):
    """Return how many classes a task has: its largest target and one."""
    return int(benchmark.draw(np.random.default_rng(0), N=200)[1].max()) + 1


@click.command()
@click.option("--only", multiple=True, help="Names of the tasks to run again; the others keep their results.")
def main(only):
    """Run all of it, about a quarter of an hour on one core, and write the results."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, benchmark in {**BENCHMARKS, "latch": LATCH}.items():
        if only and name not in only:
            continue
        row = {"guesses": [guess(benchmark, seed) for seed in SEEDS]}
        if benchmark.make:
            start = time.process_time()
            row["updates"] = [train(benchmark, seed) for seed in track(SEEDS, description=name)]
            row["seconds"] = round((time.process_time() - start) / len(SEEDS), 1)
            model = benchmark.make(np.random.default_rng(0))
            row["parameters"] = sum(value.size for value in model.params.values())
        results[name] = row
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        click.echo(f"{name}: {row}")


if __name__ == "__main__":
    main()
