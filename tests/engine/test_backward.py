"""The numeric gradient checker, tried on itself: what it lets pass, what it refuses, and what it says."""

import banks
import numpy as np
import pytest
from autograder.checks import ps3
from autograder.gradient_check import (
    BackwardPass,
    call_twice,
    check_backward,
    expect_same_twice,
    refuse_slow_backward,
)
from autograder.gradients import norm_relative_error, numeric_gradient, numeric_slopes
from autograder.problems import draw_rnn, draw_sizes
from autograder.student import CheckFailed, Student


class Layer:
    """The problem of a small layer, L = Σ g sin(a) with a = x W: its point and sizes."""

    def __init__(self, rng, scale=1.0):
        self.sizes = {"N": 3, "D": 4, "H": 2}
        self.point = {"x": rng.standard_normal((3, 4)), "W": scale * rng.standard_normal((4, 2))}
        self.g = rng.standard_normal((3, 2))

    def gradients(self):
        x, W = self.point["x"], self.point["W"]
        da = self.g * np.cos(x @ W)
        return {"dx": da @ W.T, "dW": x.T @ da}


def layer(**changed):
    """Return how to check the small layer, with some of its gradients changed, and a student to go with it."""

    def run(student, problem):
        gradients = problem.gradients()
        return tuple(changed.get(name, lambda gradient: gradient)(value) for name, value in gradients.items())

    def loss(student, problem):
        return lambda point: float(np.sum(problem.g * np.sin(point["x"] @ point["W"])))

    return BackwardPass(
        "layer_backward",
        {"dx": "ND", "dW": "DH"},
        run,
        loss,
        Layer.gradients,
        equation="bptt-dz",
        equations={"dW": "bptt-dWx"},
    )


def failure_of(backward, problems):
    """Check the small layer, which must fail, and return the failure."""
    with pytest.raises(CheckFailed) as caught:
        check_backward(Student.of_namespace({}), backward, problems, np.random.default_rng(1))
    return caught.value


def test_a_right_gradient_passes_with_an_error_far_below_the_tolerance():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        worst = check_backward(Student.of_namespace({}), layer(), [("", Layer(rng))], rng)
        assert worst < 1e-9


@pytest.mark.parametrize("name", ["dx", "dW"])
def test_a_gradient_wrong_by_half_a_thousandth_is_refused(name):
    for seed in range(100):
        problem = Layer(np.random.default_rng(seed))
        failure = failure_of(layer(**{name: lambda d: 1.0005 * d}), [("", problem)])
        assert f"Wrong: {name}." in str(failure)
        assert failure.tensors == (name,)


def test_a_single_wrong_entry_is_refused_and_shown():
    def one_entry(dW):
        dW = dW.copy()
        dW[2, 1] += 1e-4
        return dW

    failure = failure_of(layer(dW=one_entry), [("", Layer(np.random.default_rng(0)))])
    assert "dW[2, 1]: yours" in str(failure)


def test_a_gradient_right_to_seven_digits_is_refused_as_made_of_differences():
    failure = failure_of(layer(dx=lambda d: d * (1 + 1e-7)), [("", Layer(np.random.default_rng(0)))])
    assert "layer_backward is right to 1e-07 only" in str(failure)
    assert failure.tensors == ("dx",)


def test_a_forward_pass_that_depends_on_nothing_is_refused_whatever_the_gradient():
    problem = Layer(np.random.default_rng(0), scale=0.0)
    problem.g *= 0
    failure = failure_of(layer(), [("", problem)])
    assert "The forward pass hardly depends on x" in str(failure)
    assert failure.tensors == ("dx",)


def test_the_circumstance_of_a_later_problem_stands_in_the_message():
    rng = np.random.default_rng(0)
    problems = [("", Layer(rng)), (" at N = 3", Layer(rng))]
    calls = iter([1.0, 1.1])
    failure = failure_of(layer(dx=lambda d: next(calls) * d), problems)
    assert str(failure).startswith("layer_backward is not right yet at N = 3. Wrong: dx. Right: dW.")


def test_the_equation_is_that_of_the_wrong_gradient_when_others_are_right():
    problems = [("", Layer(np.random.default_rng(0)))]
    assert "See equation bptt-dWx" in str(failure_of(layer(dW=lambda d: -d), problems))
    assert "See equation bptt-dz" in str(failure_of(layer(dW=lambda d: -d, dx=lambda d: -d), problems))


def test_gradients_that_are_all_zero_are_called_so():
    failure = failure_of(layer(dW=lambda d: 0 * d, dx=lambda d: 0 * d), [("", Layer(np.random.default_rng(0)))])
    assert "Zero everywhere: dx, dW." in str(failure)


def test_slopes_along_random_directions_agree_with_the_gradient_of_every_entry():
    rng = np.random.default_rng(2)
    problem = Layer(rng)
    loss = layer().loss(None, problem)
    slopes = numeric_slopes(loss, problem.point, "W", rng)
    entries = numeric_gradient(loss, problem.point, "W")
    assert norm_relative_error(slopes.along(entries), slopes.values) < 1e-9
    assert norm_relative_error(entries, problem.gradients()["dW"]) < 1e-10


def test_numeric_slopes_leave_the_point_as_it_was():
    rng = np.random.default_rng(3)
    problem = Layer(rng)
    before = {name: value.copy() for name, value in problem.point.items()}
    numeric_slopes(layer().loss(None, problem), problem.point, "x", rng)
    for name, value in before.items():
        np.testing.assert_array_equal(problem.point[name], value)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([3.0, 4.0], [0.0, 0.0], 1.0),
        ([3.0, 4.0], [-3.0, -4.0], 2.0),
        ([1.0, np.nan], [1.0, 1.0], np.inf),
        ([1.0, np.inf], [1.0, 1.0], np.inf),
        ([1e-12], [2e-12], 0.5),
    ],
)
def test_the_norm_relative_error_has_no_floor_and_never_hides_a_nan(a, b, error):
    assert norm_relative_error(np.array(a), np.array(b)) == error


def test_a_function_that_answers_differently_the_second_time_is_refused():
    with pytest.raises(CheckFailed, match=r"gives two answers: dW changed") as caught:
        expect_same_twice("f", (np.ones(2), np.zeros(2)), (np.ones(2), np.ones(2)), ["dx", "dW"])
    assert caught.value.tensors == ("dW",)


def test_a_function_that_fails_the_second_time_is_told_so():
    cache = [1]

    def once(a):
        cache.pop()
        return a

    with pytest.raises(CheckFailed, match=r"once works once; called again with the same arguments it fails"):
        call_twice(Student.of_namespace({"once": once}), "once", {"a": np.ones(2)}, ["da"])


@pytest.mark.parametrize(
    ("backward_seconds", "forward_seconds", "refused"),
    [(0.3, 1e-6, False), (0.9, 1e-3, False), (0.9, 1e-4, True), (8.0, 3e-3, False)],
    ids=["short", "slow but like a loop", "slow like differences", "slow on a busy machine"],
)
def test_a_backward_pass_is_refused_for_its_cost_only_when_no_loop_is_as_slow(
    monkeypatch, backward_seconds, forward_seconds, refused
):
    now = [0.0]
    monkeypatch.setattr("autograder.gradient_check.time.perf_counter", lambda: now[0])

    def spend(seconds):
        now[0] += seconds

    def check():
        refuse_slow_backward("f", lambda: spend(forward_seconds), lambda: spend(backward_seconds))

    if refused:
        with pytest.raises(CheckFailed, match="takes 9000 times as long as the forward pass"):
            check()
    else:
        assert check() is None


def complex_step(dh_t, cache):
    """Differentiate one step by complex steps, exact to the last digit and one forward pass for every weight."""
    x_t, h_prev, Wx, Wh, h_t = cache
    b = np.arctanh(h_t[0]) - x_t[0] @ Wx - h_prev[0] @ Wh
    point = [x_t, h_prev, Wx, Wh, b]
    gradients = []
    for position, value in enumerate(point):
        gradient = np.empty(value.shape)
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1e-30j
            x, h, U, W, bias = (*point[:position], moved, *point[position + 1 :])
            gradient[index] = np.sum(np.tanh(x @ U + h @ W + bias) * dh_t).imag / 1e-30
        gradients.append(gradient)
    return tuple(gradients)


def test_a_backward_pass_made_of_complex_steps_is_refused_for_its_cost():
    namespace = {**banks.true_solution("ps3"), "rnn_step_backward": complex_step}
    failure = banks.verdict("rnn_step_backward", namespace, 0)
    assert "times as long as the forward pass when there are 40,000 weights" in str(failure)


def test_the_sizes_of_a_problem_all_differ():
    for seed in range(200):
        sizes = draw_sizes(np.random.default_rng(seed))
        assert len(set(sizes.values())) == 4
        assert len(set(draw_sizes(np.random.default_rng(seed), T=1).values())) == 4


def test_states_and_upstream_gradients_of_a_problem_are_not_zero():
    problem = draw_rnn(np.random.default_rng(0))
    for name in ("x", "h0", "Wx", "Wh", "b", "dh"):
        assert np.all(getattr(problem, name) != 0), name


def test_the_measured_network_of_the_notebook_is_that_of_the_check():
    drawn = banks.true_solution("ps3")["measured_network"]()
    for name, value in zip(("x", "h0", "Wx", "Wh", "b"), drawn, strict=True):
        np.testing.assert_array_equal(ps3.measured_network()[name], value, err_msg=name)


def test_a_constant_forward_pass_with_a_zero_backward_pass_is_refused():
    # Their gradients agree, so the values of the forward pass have to be looked at.
    def rnn_forward(x, h0, Wx, Wh, b):
        return np.zeros((*x.shape[:2], len(b))), (x, h0, Wx, Wh, b)

    def rnn_backward(dh, cache):
        return tuple(np.zeros(value.shape) for value in cache)

    failure = banks.verdict("rnn_backward", {"rnn_forward": rnn_forward, "rnn_backward": rnn_backward}, 0)
    assert "rnn_forward: h is wrong" in str(failure)


GOLDEN_DROPPED = """\
rnn_backward is not right yet. Wrong: dx, dh0, dWx, dWh, db.
  dh_next from step t + 1 is not added to the upstream gradient of step t.
  See equation bptt-dh in the book: 03-backpropagation-through-time.html#equation-bptt-dh
  dx is right at t = 5 and goes wrong at t = 4.
  dx[1, 0, 1]: yours -2.48187, numeric gradient -4.11782.
  Norm-relative error of dx: 3.3e-01; at most 1e-06 passes.
  The same numbers again: check("rnn_backward", seed=0)"""

GOLDEN_IN_PLACE = """\
repaired_rnn_backward changes its argument dh in place.
The caller still needs dh: the next call would get different numbers and go wrong.
Both `dh += …` and `dh[…] = …` write into the caller's array. Work on a copy, or give the result a name of its own.
  The same numbers again: check("repaired_rnn_backward", seed=0)"""


@pytest.mark.parametrize(
    ("check", "old", "new", "message"),
    [
        ("rnn_backward", "dh[:, t] + dh_next", "dh[:, t]", GOLDEN_DROPPED),
        (
            "repaired_rnn_backward",
            "dz = (dh[:, t] + dh_next)",
            "dh[:, t] += dh_next; dz = dh[:, t]",
            GOLDEN_IN_PLACE,
        ),
    ],
)
def test_a_message_says_all_this_and_nothing_more(check, old, new, message):
    assert str(banks.verdict(check, banks.substituted("ps3", check, old, new), 0)) == message


def test_the_printed_seed_gives_the_same_failure_again():
    namespace = banks.substituted("ps3", "rnn_backward", "dh[:, t] + dh_next", "dh[:, t]")
    first = banks.verdict("rnn_backward", namespace, None)
    seed = int(str(first).rpartition("seed=")[2].rstrip(")"))
    assert str(banks.verdict("rnn_backward", namespace, seed)) == str(first)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_the_step_named_is_the_first_that_goes_wrong_on_the_way_back(step):
    # The gradient that reaches the step is doubled there, so all before it are wrong, and none after it.
    new = f"if t == {step}: dh_next = 2 * dh_next\n        dx[:, t], dh_next, dWx_t"
    namespace = banks.substituted("ps3", "rnn_backward", "dx[:, t], dh_next, dWx_t", new)
    where = f"goes wrong at t = {step}." if step else "dx is wrong at t = 0 only."
    said = [
        where in str(banks.verdict("rnn_backward", namespace, seed))
        for seed in range(30)
        if draw_rnn(np.random.default_rng(seed)).sizes["T"] > step + 1
    ]
    assert all(said)
    assert len(said) > 5
