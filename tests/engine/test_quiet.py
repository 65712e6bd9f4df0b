"""What is next to nothing: the chain rule has all digits of it, a step has none, and who flushes it is let go."""

import numpy as np
import pytest

from autograder.engine import quiet
from autograder.engine.student import CheckFailed, Student
from autograder.sets import QUESTIONS, ask

RIGHT = {"dW": np.array([1.0, 3e-307, 0.0])}


def refused(given):
    """Whether a gradient is refused beside the right one."""
    try:
        quiet.refuse_steps("f", {"dW": np.array(given)}, RIGHT, 1e-11)
    except CheckFailed as failure:
        return failure.tensors == ("dW",)
    return False


def test_the_last_entry_along_an_axis_is_hushed_in_a_copy():
    W = np.ones((2, 3))
    hushed = quiet.whisper(W=0)({"W": W, "b": 1})
    assert hushed["b"] == 1
    assert (hushed["W"] == [[1.0] * 3, [quiet.WHISPER] * 3]).all()
    assert (quiet.whisper(W=-1)({"W": W})["W"][:, 2] == quiet.WHISPER).all()
    assert (W == 1).all()


def test_no_target_is_the_faint_class_and_its_probability_is_a_float_with_all_digits():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 4, (3, 5))
    y = quiet.faint_class({"y": rng.standard_normal((3, 5, 4)), "targets": targets})["y"]
    p = np.exp(y - np.logaddexp.reduce(y, axis=-1, keepdims=True))
    assert p.min() > 4 * np.finfo(float).tiny
    assert (p.min(axis=-1) < 1e-305).all()
    assert (np.take_along_axis(p, targets[..., None], -1) > 1e-6).all()


@pytest.mark.parametrize("entry", [0.0, 3.0001e-307, -3e-307, 1e-20])
def test_a_quiet_entry_has_to_be_right_by_itself(entry):
    assert refused([1.0, entry, 0.0])


def test_a_zero_may_be_what_rounding_leaves_of_it():
    assert not refused([1.0, 3e-307, 1e-17])
    assert refused([1.0, 3e-307, 1e-3])


def test_a_right_gradient_passes():
    assert not refused([1.0 + 1e-15, 3e-307, 0.0])


def test_where_the_smallest_floats_are_flushed_nothing_is_said(monkeypatch):
    monkeypatch.setattr(quiet, "_flushes", lambda: True)
    assert not refused([1.0, 0.0, 0.0])


def affine_forward(x, W, b):
    return x @ W + b, (x, W)


def affine_backward(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def test_a_notebook_that_raises_on_underflow_is_no_worse_for_it():
    before = np.seterr(all="raise")
    try:
        said = ask(QUESTIONS["affine_backward"], Student.of_namespace(globals()), 0)
    finally:
        np.seterr(**before)
    assert "agrees" in said


def test_a_gradient_that_gives_up_at_large_sizes_is_refused():
    def impatient(dy, cache):
        dx, dW, db = affine_backward(dy, cache)
        return dx, dW * (np.arange(dW.size).reshape(dW.shape) < 1_000), db

    notebook = {"affine_forward": affine_forward, "affine_backward": impatient}
    with pytest.raises(CheckFailed, match="right for small sizes, and wrong at N = 2, D = 200, V = 201") as failure:
        ask(QUESTIONS["affine_backward"], Student.of_namespace(notebook), 0)
    assert failure.value.tensors == ("dW",)


def test_a_step_that_is_lost_is_told_as_what_it_is():
    def stepping(dy, cache):
        x, W = cache
        dW = np.empty(W.shape)
        for index in np.ndindex(W.shape):
            moved = W.astype(complex)
            moved[index] += 1e-100j
            dW[index] = np.sum(dy * (x @ moved)).imag / 1e-100
        return dy @ W.T, dW, dy.sum(axis=0)

    notebook = {"affine_forward": affine_forward, "affine_backward": stepping}
    with pytest.raises(CheckFailed, match="complex step") as failure:
        ask(QUESTIONS["affine_backward"], Student.of_namespace(notebook), 0)
    assert failure.value.tensors == ("dW",)


def test_an_underflow_inside_a_function_is_nobodys_fault():
    before = np.seterr(under="raise")
    try:
        came = Student.of_namespace({"f": lambda x: x * 1e-300}).call("f", x=np.array([1e-300]))
    finally:
        np.seterr(**before)
    assert came == 0
