"""Shapes, values and gradients of every layer in the table, and what all of them promise."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layer_table import COMPOSED_LAYERS, LAYERS, RECURRENT_LAYERS, draw

import unrolled.memory_layout

SIZES = (3, 5, 2, 4)  # N, T, D, H, all different
STEP, STEP_NEAR_KINKS = 1e-3, 1e-4
sizes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
seeds = st.integers(0, 2**32 - 1)
every_layer = pytest.mark.parametrize("layer", LAYERS + COMPOSED_LAYERS, ids=lambda layer: layer.name)
every_recurrent_layer = pytest.mark.parametrize("layer", RECURRENT_LAYERS, ids=lambda layer: layer.name)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def relative_error(a, b):
    """Return |a - b| / max(|a|, |b|) in the Euclidean norm."""
    size = max(np.linalg.norm(a), np.linalg.norm(b))
    return np.linalg.norm(a - b) / size if size else 0.0


def run(layer, arguments, upstream):
    """Return results and gradients, both as lists."""
    *results, cache = layer.forward(*arguments)
    return results, list(layer.backward(*upstream, cache))


def run_flat(layer, arguments, upstream):
    """Return results and gradients in one list."""
    results, gradients = run(layer, arguments, upstream)
    return results + gradients


def problem(layer, shape=SIZES, seed=0, dtype=np.float64):
    """Return random arguments and upstream gradients."""
    rng = np.random.default_rng(seed)
    return draw(layer.shapes(*shape), rng, dtype), draw(layer.results(*shape), rng, dtype, scale=1.0)


def central_differences(layer, arguments, upstream, index, step):
    """Return the gradient of Σ result · upstream by one argument, from differences of the fourth order."""
    argument = arguments[index].copy()
    moved = [*arguments[:index], argument, *arguments[index + 1 :]]
    gradient = np.empty_like(argument)

    def loss_at(position, value):
        argument[position] = value
        *results, _ = layer.forward(*moved)
        return sum(np.vdot(result, weight) for result, weight in zip(results, upstream, strict=True))

    for position in np.ndindex(argument.shape):
        value = argument[position]
        near = loss_at(position, value + step) - loss_at(position, value - step)
        far = loss_at(position, value + 2 * step) - loss_at(position, value - 2 * step)
        argument[position] = value
        gradient[position] = (8 * near - far) / (12 * step)
    return gradient


@every_layer
@every_dtype
def test_results_and_gradients_have_the_documented_shapes_and_the_dtype_of_the_inputs(layer, dtype):
    arguments, upstream = problem(layer, dtype=dtype)
    results, gradients = run(layer, arguments, upstream)
    assert [result.shape for result in results] == list(layer.results(*SIZES).values())
    assert [gradient.shape for gradient in gradients] == list(layer.shapes(*SIZES).values())
    assert {array.dtype for array in (*results, *gradients)} == {np.dtype(dtype)}


@every_layer
@given(shape=sizes, seed=seeds)
@settings(max_examples=25, deadline=None)
def test_forward_equals_a_step_by_step_loop(layer, shape, seed):
    arguments, _ = problem(layer, shape, seed)
    *results, _ = layer.forward(*arguments)
    _, *expected = layer.loop(*arguments)
    for result, value in zip(results, expected, strict=True):
        assert relative_error(result, value) < 1e-12


@every_layer
@pytest.mark.parametrize("shape", [(1, 1, 2, 3), (1, 4, 2, 3), (3, 1, 2, 4), SIZES], ids=str)
def test_gradients_equal_central_differences_at_fixed_shapes_and_are_not_zero(layer, shape):
    assert is_smooth_around(layer, shape, seed=12)
    check_gradients(layer, shape, seed=12)
    arguments, upstream = problem(layer, shape, seed=12)
    _, gradients = run(layer, arguments, upstream)
    assert min(np.linalg.norm(gradient) for gradient in gradients) > 1e-3


@every_layer
@given(shape=sizes, seed=seeds)
@settings(max_examples=8, deadline=None)
def test_gradients_equal_central_differences_at_random_shapes(layer, shape, seed):
    assume(is_smooth_around(layer, shape, seed))
    check_gradients(layer, shape, seed)


@pytest.mark.slow
@pytest.mark.long
@every_layer
@given(shape=sizes, seed=seeds)
@settings(max_examples=150, deadline=None)
def test_gradients_equal_central_differences_at_many_random_shapes(layer, shape, seed):
    assume(is_smooth_around(layer, shape, seed))
    check_gradients(layer, shape, seed)


def is_smooth_around(layer, shape, seed):
    """Tell whether no step of the differences can cross a kink: where ReLU bends no gradient exists."""
    smallest_z, *_ = layer.loop(*problem(layer, shape, seed)[0])
    return not layer.has_kink or smallest_z > 50 * STEP_NEAR_KINKS


def check_gradients(layer, shape, seed):
    arguments, upstream = problem(layer, shape, seed)
    step = STEP_NEAR_KINKS if layer.has_kink else STEP
    _, gradients = run(layer, arguments, upstream)
    for index, (name, gradient) in enumerate(zip(layer.shapes(*shape), gradients, strict=True)):
        numeric = central_differences(layer, arguments, upstream, index, step)
        assert relative_error(gradient, numeric) < 1e-8, f"d{name} at N, T, D, H = {shape}, seed {seed}"


@every_layer
def test_float32_results_stay_close_to_float64(layer):
    arguments, upstream = problem(layer, (4, 20, 5, 7))
    narrow = [array.astype(np.float32) for array in arguments], [array.astype(np.float32) for array in upstream]
    for wide_group, narrow_group in zip(run(layer, arguments, upstream), run(layer, *narrow), strict=True):
        for wide, single in zip(wide_group, narrow_group, strict=True):
            assert relative_error(wide, single) < 1e-5


@every_layer
def test_two_forwards_and_then_two_backwards_give_what_one_after_the_other_gives(layer):
    problems = [problem(layer, seed=1), problem(layer, seed=2)]
    expected = [run_flat(layer, *each) for each in problems]
    passes = [layer.forward(*arguments) for arguments, _ in problems]
    gradients = [layer.backward(*problems[k][1], passes[k][-1]) for k in range(2)]
    for k in range(2):
        for array, value in zip((*passes[k][:-1], *gradients[k]), expected[k], strict=True):
            np.testing.assert_array_equal(array, value)


@every_layer
def test_backward_twice_from_one_cache_gives_the_same_gradients(layer):
    arguments, upstream = problem(layer)
    *_, cache = layer.forward(*arguments)
    first, second = layer.backward(*upstream, cache), layer.backward(*upstream, cache)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@every_layer
def test_changing_arguments_and_results_after_forward_does_not_change_the_gradients(layer):
    arguments, upstream = problem(layer)
    _, expected = run(layer, arguments, upstream)
    changed = [array.copy() for array in arguments]
    *results, cache = layer.forward(*changed)
    for array in (*changed, *results):
        array[...] = 7
    for gradient, value in zip(layer.backward(*upstream, cache), expected, strict=True):
        np.testing.assert_array_equal(gradient, value)


@every_layer
def test_results_and_gradients_share_no_memory_with_the_cache_or_each_other(layer):
    arguments, upstream = problem(layer)
    *results, cache = layer.forward(*arguments)
    gradients = layer.backward(*upstream, cache)
    ours = [*results, *gradients]
    others = [*arguments, *upstream, *(field for field in cache if isinstance(field, np.ndarray))]
    for index, array in enumerate(ours):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in (*ours[:index], *others))


@every_layer
def test_arrays_in_other_memory_orders_give_the_same_results(layer):
    arguments, upstream = problem(layer)
    turned = [[np.asfortranarray(array) for array in group] for group in (arguments, upstream)]
    spread = [[np.repeat(array, 2, axis=-1)[..., ::2] for array in group] for group in (arguments, upstream)]
    expected = run_flat(layer, arguments, upstream)
    for group in (turned, spread):
        for array, value in zip(run_flat(layer, *group), expected, strict=True):
            assert relative_error(array, value) < 1e-14


@every_recurrent_layer
def test_backward_does_not_depend_on_how_the_steps_are_split_into_blocks(layer, monkeypatch):
    arguments, upstream = problem(layer, (3, 11, 2, 4))
    _, expected = run(layer, arguments, upstream)
    for steps in (1, 2, 4):
        monkeypatch.setattr(unrolled.memory_layout, "BLOCK", steps * 3 * 4)
        _, gradients = run(layer, arguments, upstream)
        for gradient, value in zip(gradients, expected, strict=True):
            np.testing.assert_array_equal(gradient, value)


def test_blocks_cover_every_step_once_from_the_last_to_the_first(monkeypatch):
    monkeypatch.setattr(unrolled.memory_layout, "BLOCK", 3 * 6)
    blocks = list(unrolled.memory_layout.blocks_from_the_end(T=8, N=2, H=3))
    assert blocks == [slice(5, 8), slice(2, 5), slice(0, 2)]


@every_recurrent_layer
@every_dtype
def test_a_state_of_none_means_zeros(layer, dtype):
    arguments, upstream = problem(layer, dtype=dtype)
    names = list(layer.shapes(*SIZES))
    zeros = [np.zeros_like(a) if name[:2] in ("h0", "c0") else a for name, a in zip(names, arguments, strict=True)]
    nones = [None if name[:2] in ("h0", "c0") else a for name, a in zip(names, arguments, strict=True)]
    expected, given_none = run_flat(layer, zeros, upstream), run_flat(layer, nones, upstream)
    for array, value in zip(given_none, expected, strict=True):
        np.testing.assert_array_equal(array, value)
        assert array.dtype == dtype


def test_lstm_upstream_cell_gradient_of_none_means_zeros():
    layer = next(layer for layer in LAYERS if layer.name == "lstm")
    arguments, (dh, dc_T) = problem(layer)
    *_, cache = layer.forward(*arguments)
    for gradient, value in zip(
        layer.backward(dh, None, cache), layer.backward(dh, np.zeros_like(dc_T), cache), strict=True
    ):
        np.testing.assert_array_equal(gradient, value)


@every_recurrent_layer
@every_dtype
def test_saturated_inputs_give_finite_results_and_gradients(layer, dtype):
    arguments, upstream = problem(layer, dtype=dtype)
    huge = [(100 * array).astype(dtype) if index == 0 else array for index, array in enumerate(arguments)]
    for array in run_flat(layer, huge, upstream):
        assert np.isfinite(array).all()
