"""The gradients of a plain RNN: the problems they are tried on, and that those show what a check relies on."""

from collections.abc import Mapping

import numpy as np
import pytest
from complex_steps import complex_step

import unrolled
from autograder.engine.backward import ANALYTIC, ANALYTIC_SATURATED
from autograder.engine.gradients import norm_relative_error, numeric_gradient, numeric_slopes
from autograder.engine.student import CheckFailed, Student
from autograder.layers import rnn, rnn_backward
from autograder.layers.rnn_backward import UNEQUAL_SEGMENTS
from autograder.sets import QUESTIONS, ask

SEEDS = range(30)
TENSORS = ("x", "h0", "Wx", "Wh", "b")


def drawn(seed, calculation=rnn_backward.sequence, **options):
    """Return the problem of a seed."""
    return calculation.draw(np.random.default_rng(seed), **options)


def states(given: Mapping):
    """Return the states, of complex numbers too."""
    h = [given["h0"]]
    for t in range(given["x"].shape[1]):
        h.append(np.tanh(given["x"][:, t] @ given["Wx"] + h[-1] @ given["Wh"] + given["b"]))
    return np.stack(h[1:], axis=1)


def parts(given: Mapping):
    """Return the part of the loss of every state, of complex numbers too."""
    return states(given) * given["dh"]


ORDINARY, LONG, DISTRACTED, SATURATED = {}, rnn.LONG, {"distracted": True}, {"saturated": True}


@pytest.mark.parametrize(
    "options",
    [ORDINARY, LONG, DISTRACTED, {"upstream": 1e-9}, {"upstream": 1e4}],
    ids=["ordinary", "long", "distracted", "tiny", "large"],
)
def test_the_trusted_gradient_is_right_far_below_the_bound_for_lost_digits(options):
    for seed in range(5):
        problem = drawn(seed, **options)
        right = rnn_backward.sequence.right(problem)
        for tensor in TENSORS:
            error = norm_relative_error(complex_step(parts, problem.given, tensor), right[f"d{tensor}"])
            assert error < ANALYTIC / 100, tensor


def test_the_trusted_gradient_of_saturated_states_is_right_below_their_own_bound():
    for seed in range(20):
        problem = drawn(seed, **SATURATED)
        right = rnn_backward.sequence.right(problem)
        for tensor in TENSORS:
            error = norm_relative_error(complex_step(parts, problem.given, tensor), right[f"d{tensor}"])
            assert error < ANALYTIC_SATURATED / 5, tensor


def loss_of(given):
    """Return the loss of a sequence at any point."""
    return lambda point: float(np.sum(parts({**given, **point})))


@pytest.mark.parametrize("tensor", ["b", "h0", "Wh"])
def test_differences_of_a_distracted_loss_have_lost_all_digits(tensor):
    for seed in range(10):
        given = drawn(seed, **DISTRACTED).given
        right = complex_step(parts, given, tensor)
        for step in (1e-6, 1e-5, 1e-4):
            assert norm_relative_error(numeric_gradient(loss_of(given), given, tensor, step=step), right) > 0.05


@pytest.mark.parametrize("tensor", ["b", "h0"])
def test_differences_of_a_distracted_loss_of_any_width_are_far_from_the_bound(tensor):
    for seed in SEEDS:
        given = drawn(seed, **DISTRACTED).given
        right = complex_step(parts, given, tensor)
        for step in 10.0 ** np.arange(-7, 1):
            error = norm_relative_error(numeric_gradient(loss_of(given), given, tensor, step=step), right)
            assert error > 1e4 * ANALYTIC


def test_differences_of_an_ordinary_loss_are_right():
    for seed in SEEDS:
        given = drawn(seed).given
        assert norm_relative_error(numeric_gradient(loss_of(given), given, "b"), complex_step(parts, given, "b")) < 1e-8


def differences_of_states(h_of, dh, value, width=5e-4):
    """Differentiate entry by entry; the states are subtracted before they are multiplied with what arrives."""
    gradient = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        slopes = []
        for wide in (width, 2 * width, 4 * width):
            ahead, behind = value.copy(), value.copy()
            ahead[index] += wide
            behind[index] -= wide
            slopes.append(np.sum((h_of(ahead) - h_of(behind)) * dh) / (2 * wide))
        gradient[index] = (64 * slopes[0] - 20 * slopes[1] + slopes[2]) / 45
    return gradient


def test_a_gradient_made_of_differences_of_the_states_is_refused():
    """A state that nothing moves drops out of such a difference, however much of the loss it carries."""

    def rnn_forward(x, h0, Wx, Wh, b):
        h, cache = unrolled.rnn_forward(x, h0, Wx, Wh, b)
        return h, (cache, (x, h0, Wx, Wh, b))

    def backward_with_differences(dh, cache):
        inner, (x, h0, Wx, Wh, b) = cache
        *others, _ = unrolled.rnn_backward(dh, inner)
        return *others, differences_of_states(lambda b: unrolled.rnn_forward(x, h0, Wx, Wh, b)[0], dh, b)

    namespace = {"rnn_forward": rnn_forward, "rnn_backward": backward_with_differences}
    passed = []
    for seed in range(6):
        try:
            ask(QUESTIONS["rnn_backward"], Student.of_namespace(namespace), seed)
        except CheckFailed:
            continue
        passed.append(seed)
    assert passed == []


def forward(given):
    """Return what the forward functions of a right notebook return, by name."""
    if "x_t" in given and "h_prev" in given:
        return {"h_t": np.tanh(given["x_t"] @ given["Wx"] + given["h_prev"] @ given["Wh"] + given["b"])}
    return {"h": states(given)}


def walked(loss, given):
    """Return the loss of a point, with the forward pass of a right notebook."""
    walk = loss(given)
    try:
        asked = next(walk)
        while True:
            asked = walk.send(forward(asked))
    except StopIteration as end:
        return end.value


def default_loss(given):
    came = yield given
    return sum(float(np.sum(value * given[f"d{name}"])) for name, value in came.items())


@pytest.mark.parametrize("name", ["step", "sequence", "contributions", "segments", "forward_in_time"])
def test_the_right_gradients_are_the_slopes_of_the_loss(name):
    calculation = getattr(rnn_backward, name)
    loss = calculation.loss or default_loss
    for seed in range(5):
        problem = drawn(seed, calculation)
        right = {name: value for name, value in calculation.right(problem).items() if name.startswith("d")}
        assert right
        for gradient, value in right.items():
            slopes = numeric_slopes(
                lambda moved, problem=problem: walked(loss, {**problem.given, **moved}),
                problem.given,
                gradient.removeprefix("d"),
                np.random.default_rng(seed),
            )
            assert norm_relative_error(slopes.along(value), slopes.values) < 1e-7, gradient


def test_contributions_add_up_to_the_gradient_of_the_recurrent_weights():
    for seed in SEEDS:
        problem = drawn(seed, rnn_backward.contributions)
        right = rnn_backward.contributions.right(problem)["dWh_t"]
        whole = rnn_backward.sequence.right(problem)["dWh"]
        np.testing.assert_allclose(right.sum(axis=0), whole, rtol=1e-10, atol=1e-12)
        assert right.shape == (problem.sizes["T"], *whole.shape)


def test_one_segment_over_all_steps_is_full_backpropagation_and_more_are_not():
    for seed in SEEDS:
        for k, same in ((5, True), (9, True), (4, False), (1, False)):
            problem = drawn(seed, rnn_backward.segments, T=5, k=k)
            cut, whole = rnn_backward.segments.right(problem), rnn_backward.sequence.right(problem)
            for gradient in ("dx", "dh0", "dWh"):
                assert (norm_relative_error(cut[gradient], whole[gradient]) < 1e-12) is same


@pytest.mark.parametrize(("T", "k"), UNEQUAL_SEGMENTS)
def test_segments_are_no_way_to_cut_a_sequence_into_equal_parts_and_are_others_from_the_end(T, k):
    starts = set(range(0, T, k))
    assert len(starts) > 2
    assert starts != set(range(T % k, T, k)) | {0}
    lengths = [min(k, T - start) for start in sorted(starts)]
    for parts in range(1, T + 1):
        assert lengths != [len(part) for part in np.array_split(np.arange(T), parts)]


def test_segments_are_drawn_of_those_pairs_unless_they_are_given():
    seen = {(p.sizes["T"], p.given["k"]) for p in (drawn(seed, rnn_backward.segments) for seed in range(60))}
    assert seen == set(UNEQUAL_SEGMENTS)
    for T, _ in UNEQUAL_SEGMENTS:
        again = drawn(0, rnn_backward.segments, T=T)
        assert (again.sizes["T"], again.given["k"]) in {pair for pair in UNEQUAL_SEGMENTS if pair[0] == T}
    other = drawn(0, rnn_backward.segments, T=2)
    assert (other.sizes["T"], other.given["k"]) == (2, 3)
    given = drawn(0, rnn_backward.segments, T=7, k=2, N=1)
    assert (given.sizes["T"], given.given["k"], given.sizes["N"]) == (7, 2, 1)


def test_the_states_that_are_held_are_those_of_the_forward_pass():
    problem = drawn(0, rnn_backward.segments)
    np.testing.assert_allclose(problem.given["held"], states(problem.given), rtol=1e-12)


def test_the_sizes_of_the_cost_check_have_forty_thousand_weights_and_hardly_a_step():
    for calculation in (rnn_backward.step, rnn_backward.sequence, rnn_backward.contributions, rnn_backward.segments):
        problem = drawn(0, calculation, **calculation.large)
        weights = sum(problem.given[name].size for name in ("Wx", "Wh", "b"))
        assert 38_000 < weights < 42_000
        assert problem.sizes["T"] <= 2
    assert rnn_backward.forward_in_time.large is None
