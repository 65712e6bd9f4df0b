"""The three layers behind one door: gradients of what goes in and of the state, for an upstream gradient of both."""

import numpy as np
import pytest
from central_differences import numeric

from unrolled.cells import CELLS, cell

N, T, D, H = 3, 5, 2, 4
STEP = 1e-6


def make_problem(kind):
    layer, rng = cell(kind), np.random.default_rng(3)
    params = layer.start(D, H, rng)
    params = {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in params.items()}
    x = rng.standard_normal((N, T, D))
    state = tuple(rng.standard_normal((N, H)) for _ in range(layer.states))
    dh = rng.standard_normal((N, T, H))
    dstate = tuple(rng.standard_normal((N, H)) for _ in range(layer.states))
    return layer, params, x, state, dh, dstate


@pytest.mark.parametrize("kind", CELLS)
def test_gradients_are_those_of_all_hidden_states_and_of_the_last_state(kind):
    layer, params, x, state, dh, dstate = make_problem(kind)

    def loss():
        h, last, _ = layer.forward(x, state, params)
        return np.sum(h * dh) + sum(np.sum(array * upstream) for array, upstream in zip(last, dstate, strict=True))

    _, last, cache = layer.forward(x, state, params)
    assert len(last) == layer.states
    dx, dstate0, grads = layer.backward(dh, dstate, cache)
    assert grads.keys() == params.keys()
    pairs = [(dx, x), *zip(dstate0, state, strict=True), *((grads[name], params[name]) for name in params)]
    for gradient, array in pairs:
        expected = numeric(loss, array, eps=STEP)
        assert np.linalg.norm(gradient - expected) < 1e-8 * np.linalg.norm(expected)


@pytest.mark.parametrize("kind", CELLS)
def test_no_upstream_gradient_of_the_last_state_is_one_of_zeros_and_dh_stays_as_it_was(kind):
    layer, params, x, state, dh, _ = make_problem(kind)
    before = dh.copy()
    _, _, cache = layer.forward(x, state, params)
    without = layer.backward(dh, (None,) * layer.states, cache)
    zeros = layer.backward(dh, (np.zeros((N, H)),) * layer.states, cache)
    np.testing.assert_array_equal(without[0], zeros[0])
    layer.backward(dh, (np.ones((N, H)),) * layer.states, cache)
    np.testing.assert_array_equal(dh, before)


def test_an_unknown_layer_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="cell: kind is 'mgu', expected one of 'rnn', 'lstm', 'gru'"):
        cell("mgu")
