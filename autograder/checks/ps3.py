"""Checks of problem set 3, backpropagation through time. The key is what the notebook's cell passes to `check`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import unrolled
from autograder.gradient_check import BackwardPass, call_twice, check_backward, expect_same_twice, refuse_slow_backward
from autograder.gradients import Loss, Point, norm_relative_error
from autograder.mistakes import loss as loss_bank
from autograder.mistakes import rnn as rnn_bank
from autograder.outputs import ANYTHING, VALUE_TOLERANCE, expect_outputs, expect_values, expect_whole_number
from autograder.problems import RNNProblem, draw_rnn, draw_sizes
from autograder.student import CheckFailed, Student

SEQUENCE = {"dx": "NTD", "dh0": "NH", "dWx": "DH", "dWh": "HH", "db": "H"}
STEP = {"dx_t": "ND", "dh_prev": "NH", "dWx": "DH", "dWh": "HH", "db": "H"}
EQUATIONS = {
    "dx": "bptt-dx",
    "dx_t": "bptt-dx",
    "dh0": "bptt-dh-prev",
    "dh_prev": "bptt-dh-prev",
    "dWx": "bptt-dWx",
    "dWh": "bptt-dWh",
    "db": "bptt-db",
}
RENAMED = {"dx": "dx_t", "dh0": "dh_prev"}
PASSED = "Every gradient agrees with the numeric one, also for saturated states and a large upstream gradient"


@dataclass(frozen=True)
class StepProblem:
    """One time step: an RNN problem with T = 1, under the names of the step functions."""

    whole: RNNProblem

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes N, D, H by their letters."""
        return self.whole.sizes

    @property
    def point(self) -> dict[str, np.ndarray]:
        """The tensors that a gradient is taken of."""
        whole = self.whole
        return {"x_t": whole.x[:, 0], "h_prev": whole.h0, "Wx": whole.Wx, "Wh": whole.Wh, "b": whole.b}

    @property
    def dh_t(self) -> np.ndarray:
        """Upstream gradient of the step's hidden state, shape (N, H)."""
        return self.whole.dh[:, 0]


def _circumstances(draw: Callable[..., RNNProblem], **more: dict) -> list[tuple[str, RNNProblem]]:
    """Return the general problem first, then those that show what it hides."""
    problems = [
        ("", draw()),
        (" at N = 1", draw(N=1)),
        (" where tanh is saturated", draw(gain=3.0)),
        (" with a large upstream gradient", draw(upstream=30.0)),
    ]
    return problems + [(circumstance, draw(**options)) for circumstance, options in more.items()]


def _forward(student: Student, problem: RNNProblem) -> Any:
    """Run the student's rnn_forward, make sure that it is right, and return its cache."""
    result = student.call("rnn_forward", **problem.point)
    forward = expect_outputs("rnn_forward", result, {"h": "NTH", "cache": ANYTHING}, problem.sizes)
    right, _ = unrolled.rnn_forward(**problem.point)
    expect_values("rnn_forward", forward, {"h": right}, {"h": "NTH"}, equation="rnn-step")
    return forward["cache"]


def _sequence_loss(student: Student, problem: RNNProblem) -> Loss:
    def loss(point: Point) -> float:
        h, _ = student.call("rnn_forward", **point)
        return float(np.sum(h * problem.dh))

    return loss


def _right_sequence(problem: RNNProblem) -> dict[str, np.ndarray]:
    _, kept = unrolled.rnn_forward(**problem.point)
    return dict(zip(SEQUENCE, unrolled.rnn_backward(problem.dh, kept), strict=True))


def _sequence_backward(function: str) -> BackwardPass:
    def run(student: Student, problem: RNNProblem) -> Any:
        arguments = {"dh": problem.dh, "cache": _forward(student, problem)}
        return call_twice(student, function, arguments, SEQUENCE)

    return BackwardPass(
        function,
        SEQUENCE,
        run,
        _sequence_loss,
        _right_sequence,
        rnn_bank.BACKWARD,
        rnn_bank.backward_in_terms,
        "bptt-dh",
        EQUATIONS,
    )


def _refuse_slow_sequence(student: Student, function: str, rng: np.random.Generator, *more: int) -> None:
    large = draw_rnn(rng, N=2, T=2, D=138, H=140)
    kept = _forward(student, large)
    refuse_slow_backward(
        function,
        lambda: student.call("rnn_forward", **large.point),
        lambda: student.call(function, dh=large.dh, cache=kept, **dict(zip("k", more, strict=False))),
    )


def check_rnn_step_backward(student: Student, rng: np.random.Generator) -> str:
    """One step backward: every gradient against the numeric one."""

    def forward(point: Point, sizes: dict[str, int]) -> dict[str, Any]:
        result = student.call("rnn_step_forward", **point)
        return expect_outputs("rnn_step_forward", result, {"h_t": "NH", "cache": ANYTHING}, sizes)

    def run(student: Student, problem: StepProblem) -> Any:
        came = forward(problem.point, problem.sizes)
        right, _ = unrolled.rnn_forward(**problem.whole.point)
        expect_values("rnn_step_forward", came, {"h_t": right[:, 0]}, {"h_t": "NH"}, equation="rnn-step")
        arguments = {"dh_t": problem.dh_t, "cache": came["cache"]}
        return call_twice(student, "rnn_step_backward", arguments, STEP)

    def loss(student: Student, problem: StepProblem) -> Loss:
        return lambda point: float(np.sum(student.call("rnn_step_forward", **point)[0] * problem.dh_t))

    def right(problem: StepProblem) -> dict[str, np.ndarray]:
        return _renamed(_right_sequence(problem.whole))

    step = BackwardPass(
        "rnn_step_backward",
        STEP,
        run,
        loss,
        right,
        rnn_bank.STEP_BACKWARD,
        lambda problem, terms: _renamed(rnn_bank.backward_in_terms(problem.whole, terms)),
        "bptt-dz",
        EQUATIONS,
    )
    problems = _circumstances(lambda **options: StepProblem(draw_rnn(rng, **{"T": 1, **options})))
    worst = check_backward(student, step, problems, rng)
    large = StepProblem(draw_rnn(rng, N=2, T=1, D=138, H=140))
    kept = forward(large.point, large.sizes)["cache"]
    refuse_slow_backward(
        "rnn_step_backward",
        lambda: student.call("rnn_step_forward", **large.point),
        lambda: student.call("rnn_step_backward", dh_t=large.dh_t, cache=kept),
    )
    return f"{PASSED}, and at N = 1 (worst error {worst:.0e})."


def _renamed(gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rename the gradients of a sequence of one step to those of a step."""
    return {RENAMED.get(name, name): value[:, 0] if name == "dx" else value for name, value in gradients.items()}


def check_rnn_backward(student: Student, rng: np.random.Generator) -> str:
    """The whole sequence backward: every gradient against the numeric one."""
    return _check_sequence(student, rng, "rnn_backward")


def check_repaired_rnn_backward(student: Student, rng: np.random.Generator) -> str:
    """The find-the-bug question: the repaired function has to do what rnn_backward does."""
    return _check_sequence(student, rng, "repaired_rnn_backward")


def _check_sequence(student: Student, rng: np.random.Generator, function: str) -> str:
    problems = _circumstances(lambda **options: draw_rnn(rng, **options), **{" at T = 1": {"T": 1}})
    worst = check_backward(student, _sequence_backward(function), problems, rng)
    _refuse_slow_sequence(student, function, rng)
    return f"{PASSED}, and at N = 1 and T = 1 (worst error {worst:.0e})."


@dataclass(frozen=True)
class ContributionProblem:
    """An RNN whose recurrent weights may differ from step to step, so that each step has a gradient of its own."""

    whole: RNNProblem

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes N, T, D, H by their letters."""
        return self.whole.sizes

    @property
    def point(self) -> dict[str, np.ndarray]:
        """The recurrent weights of every step, all equal, shape (T, H, H)."""
        return {"Wh_t": np.repeat(self.whole.Wh[None], self.whole.sizes["T"], axis=0)}


def check_dWh_contributions(student: Student, rng: np.random.Generator) -> str:
    """The contribution of every time step to dWh."""
    function, outputs = "dWh_contributions", {"dWh_t": "THH"}

    def run(student: Student, problem: ContributionProblem) -> Any:
        arguments = {"dh": problem.whole.dh, "cache": _forward(student, problem.whole)}
        return call_twice(student, function, arguments, outputs)

    def loss(student: Student, problem: ContributionProblem) -> Loss:
        whole = problem.whole

        def total(point: Point) -> float:
            h, value = whole.h0, 0.0
            for t, Wh in enumerate(point["Wh_t"]):
                h, _ = student.call("rnn_step_forward", x_t=whole.x[:, t], h_prev=h, Wx=whole.Wx, Wh=Wh, b=whole.b)
                value += float(np.sum(h * whole.dh[:, t]))
            return value

        return total

    def in_terms(problem: ContributionProblem, terms: Any = None) -> dict[str, np.ndarray]:
        keep = {"sum dWh": lambda parts: parts}
        return {"dWh_t": rnn_bank.backward_in_terms(problem.whole, {**keep, **(terms or {})})["dWh"]}

    backward = BackwardPass(function, outputs, run, loss, in_terms, rnn_bank.CONTRIBUTIONS, in_terms, "bptt-dWh")
    problems = _circumstances(
        lambda **options: ContributionProblem(draw_rnn(rng, **options)), **{" at T = 1": {"T": 1}}
    )
    worst = check_backward(student, backward, problems, rng)
    _refuse_slow_sequence(student, function, rng)
    return f"The contribution of every time step agrees with the numeric one (worst error {worst:.0e})."


@dataclass(frozen=True)
class LossProblem:
    """Logits, targets and a mask. Some positions never count, in every sequence but the first."""

    logits: np.ndarray
    targets: np.ndarray
    mask: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes N, T, V by their letters."""
        N, T, V = self.logits.shape
        return {"N": N, "T": T, "V": V}

    @property
    def point(self) -> dict[str, np.ndarray]:
        """The tensor that a gradient is taken of."""
        return {"logits": self.logits}


def _draw_loss(rng: np.random.Generator, *, scale: float = 2.0, **fixed: int) -> LossProblem:
    sizes = draw_sizes(rng, "NTV", 3, 8, **fixed)
    N, T, V = sizes.values()
    lengths = rng.integers(1, T, size=N) if T > 1 else np.ones(N, int)
    return LossProblem(
        logits=scale * rng.standard_normal((N, T, V)),
        targets=rng.integers(0, V, size=(N, T)),
        mask=np.arange(T) < lengths[:, None],
    )


def check_softmax_cross_entropy(student: Student, rng: np.random.Generator) -> str:
    """The masked loss, its value first, then its gradient."""
    function, outputs = "softmax_cross_entropy", {"loss": "", "dlogits": "NTV"}

    def call(problem: LossProblem, logits: np.ndarray) -> dict[str, np.ndarray]:
        result = student.call(function, logits=logits, targets=problem.targets, mask=problem.mask)
        return expect_outputs(function, result, outputs, problem.sizes)

    def in_terms(problem: LossProblem, terms: Any = None) -> dict[str, np.ndarray]:
        return loss_bank.cross_entropy_in_terms(problem.logits, problem.targets, problem.mask, terms)

    def run(student: Student, problem: LossProblem) -> Any:
        came = call(problem, problem.logits)
        expect_same_twice(function, (came["loss"],), (call(problem, problem.logits)["loss"],), ["loss"])
        right = unrolled.softmax_cross_entropy(problem.logits, problem.targets, problem.mask)
        if norm_relative_error(came["loss"], right[0]) > VALUE_TOLERANCE:
            # The gradient helps to tell the mistakes apart. If it alone is wrong, the numeric gradient will say so.
            expect_values(
                function,
                came,
                dict(zip(outputs, map(np.asarray, right), strict=True)),
                outputs,
                bank=loss_bank.CROSS_ENTROPY,
                evaluate=lambda terms: in_terms(problem, terms),
                equation="cross-entropy",
            )
        return (came["dlogits"],)

    def loss(student: Student, problem: LossProblem) -> Loss:
        return lambda point: float(call(problem, point["logits"])["loss"])

    backward = BackwardPass(
        function,
        {"dlogits": "NTV"},
        run,
        loss,
        lambda problem: {"dlogits": in_terms(problem)["dlogits"]},
        loss_bank.GRADIENT_ONLY,
        lambda problem, terms: {"dlogits": in_terms(problem, terms)["dlogits"]},
        "cross-entropy-gradient",
        back_in_time=False,
    )
    # Of a confident prediction p - 1 is little but rounding, so that no gradient is right to the last digits there.
    problems = [
        ("", _draw_loss(rng, scale=1.0)),
        (" at N = 1", _draw_loss(rng, scale=1.0, N=1)),
        (" at T = 1", _draw_loss(rng, T=1)),
    ]
    worst = check_backward(student, backward, problems, rng)
    _check_large_logits(call, _draw_loss(rng), rng)
    return f"Loss and gradient are right, masked positions get none, large logits do no harm (worst error {worst:.0e})."


def _check_large_logits(call: Callable, problem: LossProblem, rng: np.random.Generator) -> None:
    """Shift the logits of every position by a number of its own: neither loss nor gradient may move."""
    shift = rng.choice([-1.0, 1.0], size=(*problem.targets.shape, 1)) * 1000
    try:
        shifted = call(problem, problem.logits + shift)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{failure}\n  That is with logits near 1000, where exp overflows. The softmax does not change when a"
            " number is subtracted from all logits of a position: subtract the largest.",
            tensors=failure.tensors,
        ) from None
    right = loss_bank.cross_entropy_in_terms(problem.logits, problem.targets, problem.mask)
    expect_values(
        "softmax_cross_entropy",
        shifted,
        right,
        {"loss": "", "dlogits": "NTV"},
        equation="cross-entropy",
        circumstance=" when logits are near 1000 or -1000",
    )


@dataclass(frozen=True)
class TruncatedProblem:
    """An RNN problem whose gradient is cut every k steps."""

    whole: RNNProblem
    k: int

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes N, T, D, H by their letters."""
        return self.whole.sizes

    @property
    def point(self) -> dict[str, np.ndarray]:
        """The tensors that a gradient is taken of."""
        return self.whole.point


def check_rnn_backward_truncated(student: Student, rng: np.random.Generator) -> str:
    """Truncated BPTT: the numeric gradient of windows whose first state is held fixed."""
    function = "rnn_backward_truncated"

    def run(student: Student, problem: TruncatedProblem) -> Any:
        arguments = {"dh": problem.whole.dh, "cache": _forward(student, problem.whole), "k": problem.k}
        return call_twice(student, function, arguments, SEQUENCE)

    def loss(student: Student, problem: TruncatedProblem) -> Loss:
        whole, k = problem.whole, problem.k
        states, _ = student.call("rnn_forward", **whole.point)

        def total(point: Point) -> float:
            value = 0.0
            for start in range(0, whole.sizes["T"], k):
                first = point["h0"] if start == 0 else states[:, start - 1]
                window = {**point, "x": point["x"][:, start : start + k], "h0": first}
                h, _ = student.call("rnn_forward", **window)
                value += float(np.sum(h * whole.dh[:, start : start + k]))
            return value

        return total

    def in_terms(problem: TruncatedProblem, terms: Any = None) -> dict[str, np.ndarray]:
        return rnn_bank.backward_in_terms(problem.whole, terms, problem.k)

    def draw(k: int, **options: Any) -> TruncatedProblem:
        return TruncatedProblem(draw_rnn(rng, **options), k)

    backward = BackwardPass(function, SEQUENCE, run, loss, in_terms, rnn_bank.TRUNCATED, in_terms, "bptt-truncated")
    problems = [
        ("", draw(3, T=8)),
        (" at k = 1", draw(1, T=5)),
        (" at k = T", draw(5, T=5)),
        (" at k larger than T", draw(9, T=4)),
        (" at k = 2, N = 1", draw(2, T=7, N=1)),
        (" where T is a multiple of k", draw(2, T=6)),
    ]
    worst = check_backward(student, backward, problems, rng)
    _refuse_slow_sequence(student, function, rng, 2)
    return f"The gradients are those of windows of k steps, also at k = 1, k = T and k > T (worst error {worst:.0e})."


def check_rnn_rtrl(student: Student, rng: np.random.Generator) -> str:
    """Real-time recurrent learning: the same gradients as BPTT, made while going forward."""
    outputs = {name: SEQUENCE[name] for name in ("dWx", "dWh", "db")}

    def run(student: Student, problem: RNNProblem) -> Any:
        _forward(student, problem)
        point = problem.point
        arguments = {"x": point.pop("x"), "h0": point.pop("h0"), "dh": problem.dh, **point}
        return call_twice(student, "rnn_rtrl", arguments, outputs)

    def in_terms(problem: RNNProblem, terms: Any = None) -> dict[str, np.ndarray]:
        everything = rnn_bank.backward_in_terms(problem, terms)
        return {name: everything[name] for name in outputs}

    backward = BackwardPass("rnn_rtrl", outputs, run, _sequence_loss, in_terms, rnn_bank.RTRL, in_terms, "rtrl")
    problems = _circumstances(lambda **options: draw_rnn(rng, **options), **{" at T = 1": {"T": 1}})
    worst = check_backward(student, backward, problems, rng)
    return f"Going forward in time gives the gradients of BPTT (worst error {worst:.0e})."


def measured_network() -> dict[str, np.ndarray]:
    """Return the network of the measurement, as the notebook draws it: N = 1, T = 60, D = 1, H = 16, by argument."""
    rng = np.random.default_rng(3)
    N, T, D, H = 1, 60, 1, 16
    return {
        "x": rng.standard_normal((N, T, D)),
        "h0": np.zeros((N, H)),
        "Wx": 0.5 * rng.standard_normal((D, H)),
        "Wh": 0.9 * np.linalg.qr(rng.standard_normal((H, H)))[0],
        "b": np.zeros(H),
    }


@cache
def faded_steps() -> int:
    """Return the answer of the measurement: after how many steps back less than 1 % of the gradient is left."""
    network = measured_network()
    x = network["x"]
    h, _ = unrolled.rnn_forward(**network)
    T = x.shape[1]
    upstream = np.zeros_like(h)
    upstream[:, -1] = 1.0
    norms = [np.linalg.norm(upstream[:, -1])]
    for start in range(T - 1, 0, -1):
        # The gradient that reaches h[:, start - 1] is dh0 of the steps after it.
        _, tail = unrolled.rnn_forward(**{**network, "x": x[:, start:], "h0": h[:, start - 1]})
        norms.append(np.linalg.norm(unrolled.rnn_backward(upstream[:, start:], tail)[1]))
    return int(np.argmax(np.array(norms) < 0.01 * norms[0]))


def check_faded_steps(student: Student, rng: np.random.Generator) -> str:
    """The measurement: a whole number that the check works out again."""
    answer = student.value("faded_steps")
    expect_whole_number("faded_steps is", answer, "faded_steps")
    right = faded_steps()
    if answer != right:
        T = measured_network()["x"].shape[1]
        if abs(answer - right) == 1:
            hint = "You are one off: count the steps back from the last hidden state, which is 0 steps back."
        elif answer in (T - 1 - right, T - right):
            hint = "Count from the last hidden state backward, not from the start of the sequence."
        else:
            hint = "Take the norm of the total gradient that reaches h[:, t]; a mistake in question 1 shows here too."
        raise CheckFailed(
            f"faded_steps = {answer} is not what this network gives. {hint}",
            tensors=("faded_steps",),
        )
    return "Your measurement is what the check measures."


CHECKS = {
    "rnn_step_backward": check_rnn_step_backward,
    "rnn_backward": check_rnn_backward,
    "dWh_contributions": check_dWh_contributions,
    "softmax_cross_entropy": check_softmax_cross_entropy,
    "rnn_backward_truncated": check_rnn_backward_truncated,
    "repaired_rnn_backward": check_repaired_rnn_backward,
    "faded_steps": check_faded_steps,
    "rnn_rtrl": check_rnn_rtrl,
}
