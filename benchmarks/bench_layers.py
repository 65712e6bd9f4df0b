"""Time forward + backward of the recurrent layers against torch.nn.RNN, LSTM and GRU on the CPU.

Each case runs in two worker processes, ours and torch's, which are asked in turn: the thread pools of the two
libraries spin while they wait, and in one process they would slow each other down. A figure is the median over the
rounds, a ratio the median of the rounds' ratios, so that a burst of other work on the machine counts little.
Both sides take and return batch-first arrays and compute every gradient: input, initial states, weights, biases.
"""

import ctypes
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

CASES = [(32, 32, 64, 128), (100, 64, 128, 256), (1000, 1, 16, 32), (25, 1, 64, 100)]  # (T, N, D, H)
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
DTYPES = ("float32", "float64")
SECONDS_PER_ROUND = 0.15
PAUSE = 0.1  # seconds for the other side's thread pool to fall asleep


def make_inputs(layer, case, dtype):
    """Return x, the initial states, the weights, the upstream gradients of h and of c_T, all of the given dtype."""
    T, N, D, H = case
    rng = np.random.default_rng(0)

    def draw(*shape, scale=1.0):
        return (scale * rng.standard_normal(shape)).astype(dtype)

    width, scale = GATES[layer] * H, H**-0.5
    x, dh = draw(N, T, D), draw(N, T, H)
    states = [draw(N, H) for _ in range(2 if layer == "lstm" else 1)]
    weights = [draw(D, width, scale=scale), draw(H, width, scale=scale), draw(width), draw(width)]
    return x, states, weights, dh, draw(N, H)


def our_pass(layer, case, dtype):
    """Return a function without arguments that runs forward and backward once with `unrolled`."""
    import unrolled

    x, states, (Wx, Wh, b, bh), dh, dc_T = make_inputs(layer, case, dtype)
    forward = getattr(unrolled, f"{layer}_forward")
    backward = getattr(unrolled, f"{layer}_backward")

    def run():
        if layer == "lstm":
            _, _, cache = forward(x, *states, Wx, Wh, b)
            return backward(dh, dc_T, cache)
        _, cache = forward(x, *states, Wx, Wh, b, *([bh] if layer == "gru" else []))
        return backward(dh, cache)

    return run


def torch_pass(layer, case, dtype):
    """Return a function without arguments that runs forward and backward once with torch."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    _, _, D, H = case
    x, states, (Wx, Wh, b, bh), dh, dc_T = make_inputs(layer, case, dtype)
    module = getattr(torch.nn, layer.upper())(D, H, batch_first=True, dtype=getattr(torch, dtype))
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), (Wx.T, Wh.T, b, bh), strict=True):
            parameter.copy_(torch.from_numpy(value.copy()))
    x, dh, dc_T = (torch.from_numpy(array) for array in (x, dh, dc_T[None]))
    states = [torch.from_numpy(state[None]).requires_grad_() for state in states]
    x.requires_grad_()

    def run():
        for tensor in (x, *states, *module.parameters()):
            tensor.grad = None
        if layer == "lstm":
            h, (_, c_T) = module(x, tuple(states))
            torch.autograd.backward([h, c_T], [dh, dc_T])
        else:
            h, _ = module(x, *states)
            h.backward(dh)

    return run


def serve(side, layer, dtype, case, seconds):
    """Worker: for each line on standard input run for about `seconds` and print the seconds of one pass."""
    run = (our_pass if side == "ours" else torch_pass)(layer, case, dtype)
    start = time.perf_counter()
    run(), run(), run()
    repeats = max(1, round(3 * seconds / (time.perf_counter() - start)))
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        print((time.perf_counter() - start) / repeats, flush=True)


def measure(layer, dtype, threads, case, sides, rounds, seconds):
    """Return {side: seconds of each round} from workers that are asked in turn."""
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(variables, str(threads))
    times = {side: [] for side in sides}
    workers = {}
    try:
        for side in sides:
            job = json.dumps([side, layer, dtype, case, seconds])
            command = [sys.executable, str(Path(__file__).resolve()), "--serve", job]
            workers[side] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
        for number in range(rounds + 1):  # the first round warms up and is not counted
            for side, worker in workers.items():
                worker.stdin.write("go\n")
                worker.stdin.flush()
                answer = worker.stdout.readline()
                if not answer:
                    raise click.ClickException(f"the worker for {side} {layer} {dtype} stopped; see its error above.")
                if number:
                    times[side].append(float(answer))
                if threads > 1:
                    time.sleep(PAUSE)
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()
            worker.stdout.close()
    return times


def openblas_core():
    """Return the name of the processor core OpenBLAS chose its kernels for, or None where it cannot be told."""
    try:
        libraries = set(re.findall(r"/\S*openblas\S*", Path("/proc/self/maps").read_text()))
    except OSError:
        return None
    for library in libraries:
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            function = getattr(ctypes.CDLL(library), symbol, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return function().decode()
    return None


def print_tables(console, results, with_torch):
    """Print one row for each measurement and, with torch, the geometric means of the ratios."""
    table = Table(title="Forward + backward, milliseconds", caption="ratio = ours / torch, below 1 is faster")
    for heading in ("layer", "dtype", "threads"):
        table.add_column(heading)
    for heading in ("T, N, D, H", "ours", *(("torch", "ratio") if with_torch else ())):
        table.add_column(heading, justify="right")
    ratios = {}
    for (layer, dtype, threads, case), times in results.items():
        milliseconds = [f"{1e3 * statistics.median(values):.3f}" for values in times.values()]
        row = [layer, dtype, str(threads), ", ".join(map(str, case)), *milliseconds]
        if with_torch:
            pairs = zip(times["ours"], times["torch"], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            row.append(f"{ratio:.2f}")
            ratios.setdefault(dtype, {}).setdefault(layer, []).append(ratio)
        table.add_row(*row)
    console.print(table)
    if with_torch:
        means = Table(title="Geometric mean of ours / torch")
        for heading in ("dtype", "layer", "ratio", "worst case"):
            means.add_column(heading)
        for dtype, by_layer in ratios.items():
            for layer, values in by_layer.items():
                means.add_row(dtype, layer, f"{statistics.geometric_mean(values):.2f}", f"{max(values):.2f}")
            together = [value for values in by_layer.values() for value in values]
            means.add_row(
                dtype, "all", f"{statistics.geometric_mean(together):.2f}", f"{max(together):.2f}", end_section=True
            )
        console.print(means)


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: a first impression in under two minutes.")
@click.option("--threads", type=click.IntRange(1), multiple=True, help="Number of threads; repeatable. [1 and 2]")
@click.option("--layers", type=click.Choice(list(GATES)), multiple=True, help="Layer; repeatable. [all three]")
@click.option("--serve", "job", hidden=True, help="Internal: run as a worker.")
def main(quick, threads, layers, job):
    """Time the recurrent layers against torch, where torch is installed."""
    if job:
        side, layer, dtype, case, seconds = json.loads(job)
        serve(side, layer, dtype, case, seconds)
        return
    threads, layers = threads or (1, 2), layers or tuple(GATES)
    with_torch = importlib.util.find_spec("torch") is not None
    sides = ("ours", "torch") if with_torch else ("ours",)
    rounds, seconds = (3, SECONDS_PER_ROUND / 3) if quick else (7, SECONDS_PER_ROUND)

    console = Console()
    console.print(f"NumPy {np.__version__}, OpenBLAS core: {openblas_core() or 'not known'}, {os.cpu_count()} CPUs")
    console.print(
        "To compare OpenBLAS kernels, start with OPENBLAS_CORETYPE=SkylakeX (or another core) in the environment.",
        soft_wrap=True,
    )
    if not with_torch:
        console.print("torch is not installed: only our times. To compare, install torch and run this again.")
    jobs = [(la, dt, th, case) for la in layers for dt in DTYPES for th in threads for case in CASES]
    results = {}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=len(jobs))
        for layer, dtype, count, case in jobs:
            label = f"{layer} {dtype}, {count} thread(s), T, N, D, H = {', '.join(map(str, case))}"
            progress.update(task, description=label)
            times = results[layer, dtype, count, case] = measure(layer, dtype, count, case, sides, rounds, seconds)
            figures = ", ".join(f"{side} {1e3 * statistics.median(values):.3f} ms" for side, values in times.items())
            progress.console.print(f"{label}: {figures}", soft_wrap=True)
            progress.advance(task)
    print_tables(console, results, with_torch)


if __name__ == "__main__":
    main()
