"""The loss, the embedding, the optimizers, clipping and the initializers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unrolled

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def cross_entropy_loop(y, targets, mask):
    losses = []
    for position in np.ndindex(mask.shape):
        p = np.exp(y[position]) / np.exp(y[position]).sum()
        if mask[position]:
            losses.append(-np.log(p[targets[position]]))
    return np.mean(losses)


@given(shape=st.lists(st.integers(1, 4), max_size=3), V=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_cross_entropy_equals_a_loop_and_its_gradient_central_differences(shape, V, seed):
    rng = np.random.default_rng(seed)
    y, targets = rng.standard_normal((*shape, V)), np.asarray(rng.integers(V, size=shape))
    mask = np.asarray(rng.random(shape) < 0.7)
    mask.flat[0] = True
    loss, dy = unrolled.softmax_cross_entropy(y, targets, mask)
    assert loss == pytest.approx(cross_entropy_loop(y, targets, mask), rel=1e-12)
    direction = rng.standard_normal(y.shape)
    moved = [unrolled.softmax_cross_entropy(y + step * direction, targets, mask)[0] for step in (1e-5, -1e-5)]
    assert np.vdot(dy, direction) == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-6, abs=1e-9)


def test_cross_entropy_of_equal_scores_is_the_logarithm_of_the_vocabulary_size():
    loss, dy = unrolled.softmax_cross_entropy(np.zeros((2, 3, 5)), np.zeros((2, 3), int))
    assert loss == pytest.approx(np.log(5), rel=1e-15)
    np.testing.assert_allclose(dy[0, 0], np.array([-0.8, 0.2, 0.2, 0.2, 0.2]) / 6, rtol=1e-15)


@every_dtype
def test_cross_entropy_of_huge_scores_is_finite_and_keeps_the_dtype(dtype):
    loss, dy = unrolled.softmax_cross_entropy(np.array([[1e4, 0, -1e4]], dtype), np.array([1]))
    assert loss == pytest.approx(1e4)
    assert dy.dtype == dtype
    np.testing.assert_allclose(dy, [[1, -1, 0]])


def test_cross_entropy_ignores_scores_and_targets_where_the_mask_is_false():
    y, mask = np.zeros((2, 3)), np.array([True, False])
    expected = unrolled.softmax_cross_entropy(y[:1], np.array([2]))
    y[1] = np.nan
    loss, dy = unrolled.softmax_cross_entropy(y, np.array([2, -100]), mask)
    assert loss == expected[0]
    np.testing.assert_array_equal(dy, np.concatenate((expected[1], np.zeros((1, 3)))))


@given(shape=st.lists(st.integers(1, 4), max_size=3), V=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_squared_error_is_the_mean_over_what_counts_and_its_gradient_central_differences(shape, V, seed):
    rng = np.random.default_rng(seed)
    y, targets = rng.standard_normal((2, *shape, V))
    mask = np.asarray(rng.random(shape) < 0.7)
    mask.flat[0] = True
    loss, dy = unrolled.squared_error(y, targets, mask)
    assert loss == pytest.approx(np.mean((y[mask] - targets[mask]) ** 2), rel=1e-12)
    direction = rng.standard_normal(y.shape)
    moved = [unrolled.squared_error(y + step * direction, targets, mask)[0] for step in (1e-5, -1e-5)]
    assert np.vdot(dy, direction) == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-6, abs=1e-9)


@every_dtype
def test_squared_error_ignores_what_is_masked_and_keeps_the_dtype(dtype):
    y, targets = np.array([[1.0], [np.nan]], dtype), np.array([[3.0], [np.nan]])
    loss, dy = unrolled.squared_error(y, targets, np.array([True, False]))
    assert loss == 4
    assert dy.dtype == dtype
    np.testing.assert_array_equal(dy, [[-4], [0]])


def test_cross_entropy_changes_neither_scores_nor_targets():
    y, targets = np.random.default_rng(0).standard_normal((3, 4)), np.array([1, 0, 3])
    for array in (y, targets):
        array.flags.writeable = False
    _, dy = unrolled.softmax_cross_entropy(y, targets)
    assert not np.shares_memory(dy, y)


@every_dtype
@pytest.mark.parametrize("shape", [(), (4,), (3, 5)], ids=str)
def test_embedding_equals_one_hot_vectors_times_the_table(dtype, shape):
    rng = np.random.default_rng(1)
    tokens, W = rng.integers(6, size=shape), rng.standard_normal((6, 2)).astype(dtype)
    dx = rng.standard_normal((*shape, 2)).astype(dtype)
    one_hot = np.eye(6, dtype=dtype)[tokens]
    x, cache = unrolled.embedding_forward(tokens, W)
    dW = unrolled.embedding_backward(dx, cache)
    np.testing.assert_array_equal(x, one_hot @ W)
    np.testing.assert_allclose(dW, one_hot.reshape(-1, 6).T @ dx.reshape(-1, 2), rtol=1e-6)
    assert x.dtype == dW.dtype == dtype


def test_embedding_gradient_does_not_change_when_the_tokens_are_overwritten_after_forward():
    tokens = np.array([1, 1, 0])
    _, cache = unrolled.embedding_forward(tokens, np.zeros((3, 2)))
    tokens[:] = 2
    np.testing.assert_array_equal(unrolled.embedding_backward(np.ones((3, 2)), cache), [[1, 1], [2, 2], [0, 0]])


def test_affine_accepts_a_single_vector():
    x, W, b = np.array([1.0, 2.0]), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]), np.array([0.5, 0.0, 0.0])
    y, cache = unrolled.affine_forward(x, W, b)
    np.testing.assert_array_equal(y, [1.5, 2, 8])
    dx, dW, db = unrolled.affine_backward(np.array([1.0, 0.0, 1.0]), cache)
    np.testing.assert_array_equal(dx, [3, 3])
    np.testing.assert_array_equal(dW, [[1, 0, 1], [2, 0, 2]])
    np.testing.assert_array_equal(db, [1, 0, 1])


@every_dtype
@pytest.mark.parametrize(
    "make",
    [
        lambda: unrolled.SGD(0.1),
        lambda: unrolled.SGD(0.02, momentum=0.9),
        lambda: unrolled.RMSProp(0.02),
        lambda: unrolled.Adam(0.05),
    ],
    ids=["SGD", "SGD with momentum", "RMSProp", "Adam"],
)
def test_optimizers_reach_the_minimum_of_a_bowl_in_place_and_keep_the_dtype(make, dtype):
    target = np.array([[1, -2, 3]], dtype)
    params = {"W": np.zeros((1, 3), dtype), "b": np.ones((), dtype)}
    W, b = params["W"], params["b"]
    optimizer = make()
    for _ in range(1500):
        grads = {"W": 2 * (W - target), "b": np.asarray(2 * b)}
        optimizer.step(params, grads)
    assert params["W"] is W
    assert params["b"] is b
    assert W.dtype == b.dtype == dtype
    np.testing.assert_allclose(W, target, atol=0.02)
    np.testing.assert_allclose(b, 0, atol=0.02)


def test_first_steps_equal_the_formulas_worked_by_hand():
    def two_steps(optimizer, gradients):
        params = {"w": np.array([1.0])}
        for gradient in gradients:
            optimizer.step(params, {"w": np.array([float(gradient)])})
        return params["w"][0]

    assert two_steps(unrolled.SGD(0.5), [2, 1]) == 1 - 0.5 * 2 - 0.5 * 1
    assert two_steps(unrolled.SGD(0.5, momentum=0.5), [2, 1]) == 1 - 0.5 * 2 - 0.5 * (0.5 * 2 + 1)
    rms = 1 - 0.1 * 2 / np.sqrt(0.25 * 4) - 0.1 * 1 / np.sqrt(0.75 * 0.25 * 4 + 0.25 * 1)
    assert two_steps(unrolled.RMSProp(0.1, decay=0.75), [2, 1]) == pytest.approx(rms, rel=1e-7)
    second = (0.5 * 0.5 * 2 + 0.5 * 1) / (1 - 0.5**2) / np.sqrt((0.75 * 0.25 * 4 + 0.25 * 1) / (1 - 0.75**2))
    adam = unrolled.Adam(0.1, beta1=0.5, beta2=0.75)
    assert two_steps(adam, [2, 1]) == pytest.approx(1 - 0.1 - 0.1 * second, rel=1e-7)


@every_dtype
def test_clip_by_norm_keeps_the_direction_and_returns_the_norm_before(dtype):
    grads = {"W": np.array([[3.0, 0.0]], dtype), "b": np.array([4.0], dtype)}
    W = grads["W"]
    assert unrolled.clip_by_norm(grads, 1.0) == pytest.approx(5.0)
    np.testing.assert_allclose(grads["W"], [[0.6, 0]], rtol=1e-6)
    np.testing.assert_allclose(grads["b"], [0.8], rtol=1e-6)
    assert grads["W"] is W
    assert W.dtype == dtype


def test_clip_by_norm_leaves_gradients_under_the_limit_and_zeros_as_they_are():
    grads = {"W": np.array([3.0, 4.0])}
    assert unrolled.clip_by_norm(grads, 6.0) == 5.0
    np.testing.assert_array_equal(grads["W"], [3, 4])
    assert unrolled.clip_by_norm({"W": np.zeros(3)}, 1.0) == 0.0


@every_dtype
def test_clip_by_norm_does_not_overflow_where_the_entries_do_not(dtype):
    huge = np.finfo(dtype).max / 8
    grads = {"W": np.array([3 * huge / 4, huge], dtype)}
    assert unrolled.clip_by_norm(grads, 1.0) == pytest.approx(1.25 * float(huge))
    np.testing.assert_allclose(grads["W"], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clip_by_norm_reports_a_norm_that_is_not_finite_and_changes_nothing(bad):
    grads = {"W": np.array([1.0, 2.0]), "b": np.array([bad])}
    np.testing.assert_equal(unrolled.clip_by_norm(grads, 1.0), bad)
    np.testing.assert_array_equal(grads["W"], [1, 2])


def test_clip_by_value_limits_every_entry_and_keeps_its_sign():
    grads = {"W": np.array([-5.0, 0.5, 2.0])}
    W = grads["W"]
    unrolled.clip_by_value(grads, 1.0)
    np.testing.assert_array_equal(W, [-1, 0.5, 1])


@every_dtype
def test_glorot_uniform_fills_the_interval_of_one_gate(dtype):
    W = unrolled.glorot_uniform(np.random.default_rng(0), (40, 4 * 60), gates=4, dtype=dtype)
    limit = np.sqrt(6 / (40 + 60))
    assert W.dtype == dtype
    assert W.shape == (40, 240)
    assert 0.98 * limit < np.abs(W).max() <= limit
    assert np.std(W) == pytest.approx(limit / np.sqrt(3), rel=0.02)


@every_dtype
@pytest.mark.parametrize(("shape", "gates"), [((6, 6), 1), ((5, 15), 3), ((7, 3), 1), ((3, 7), 1)])
def test_orthogonal_has_all_singular_values_equal_to_the_gain_in_every_gate(shape, gates, dtype):
    W = unrolled.orthogonal(np.random.default_rng(0), shape, gain=1.5, gates=gates, dtype=dtype)
    assert W.dtype == dtype
    assert W.shape == shape
    for block in np.split(W, gates, axis=1):
        np.testing.assert_allclose(np.linalg.svd(block, compute_uv=False), 1.5, rtol=1e-6)


def test_orthogonal_matrices_are_drawn_without_a_preferred_sign():
    rng = np.random.default_rng(0)
    corners = [unrolled.orthogonal(rng, (3, 3))[0, 0] for _ in range(400)]
    assert abs(np.mean(corners)) < 0.12


@every_dtype
def test_identity_is_the_scaled_identity(dtype):
    Wh = unrolled.identity(3, scale=0.5, dtype=dtype)
    np.testing.assert_array_equal(Wh, 0.5 * np.eye(3))
    assert Wh.dtype == dtype


@every_dtype
def test_forget_gate_bias_opens_the_forget_gate_of_the_lstm_and_no_other(dtype):
    b = unrolled.forget_gate_bias(2, value=3.0, dtype=dtype)
    np.testing.assert_array_equal(b, [0, 0, 3, 3, 0, 0, 0, 0])
    assert b.dtype == dtype
    zeros = np.zeros((1, 1, 1), dtype), np.zeros((1, 2), dtype), np.ones((1, 2), dtype)
    _, c_T, _ = unrolled.lstm_forward(*zeros, np.zeros((1, 8), dtype), np.zeros((2, 8), dtype), b)
    np.testing.assert_allclose(c_T, 1 / (1 + np.exp(-3)), rtol=1e-6)


@pytest.mark.parametrize("draw", [unrolled.glorot_uniform, unrolled.orthogonal])
def test_one_seed_gives_one_matrix_and_two_seeds_give_two(draw):
    first, again, other = (draw(np.random.default_rng(seed), (4, 4)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
