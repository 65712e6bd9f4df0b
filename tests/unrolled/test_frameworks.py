"""The weights as PyTorch and Keras store them: shapes, order and round trips, without either installed."""

import numpy as np
import pytest

from unrolled import GRU, LSTM, RNN
from unrolled.frameworks import blocks_in_order, from_keras, from_torch, layer_of, to_keras, to_torch

D, H = 3, 5
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def weights_of(kind, dtype=np.float64, *, bh=True, seed=0):
    rng, G = np.random.default_rng(seed), GATES[kind]
    shapes = {"Wx": (D, G * H), "Wh": (H, G * H), "b": (G * H,)}
    if kind == "GRU" and bh:
        shapes["bh"] = (G * H,)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def assert_equal(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", GATES)
def test_weights_come_back_from_torch_and_from_keras_as_they_went(kind, dtype):
    params = weights_of(kind, dtype)
    assert_equal(from_torch(to_torch(params)), params)
    assert_equal(from_keras(to_keras(params)), params)


def test_a_gru_with_the_reset_before_comes_back_from_keras_with_one_bias():
    params = weights_of("GRU", bh=False)
    kernel, recurrent, bias = to_keras(params, reset_after=False)
    assert (kernel.shape, recurrent.shape, bias.shape) == ((D, 3 * H), (H, 3 * H), (3 * H,))
    assert_equal(from_keras([kernel, recurrent, bias]), params)


def test_a_layer_without_a_recurrent_bias_gets_zeros_for_it():
    params = weights_of("GRU", bh=False)
    assert not to_torch(params)["bias_hh_l0"].any()
    assert not to_keras(params)[2][1].any()
    assert not to_torch(weights_of("LSTM"))["bias_hh_l0"].any()


def test_both_biases_of_torch_are_one_where_no_gate_comes_between():
    state = to_torch(weights_of("LSTM"))
    state["bias_hh_l0"] += 1.0
    np.testing.assert_array_equal(from_torch(state)["b"], state["bias_ih_l0"] + 1.0)


def test_weights_without_biases_are_read_as_if_these_were_zero():
    for kind in GATES:
        params = weights_of(kind)
        without_torch = {name: array for name, array in to_torch(params).items() if name.startswith("weight")}
        assert not from_torch(without_torch)["b"].any()
        assert not from_keras(to_keras(params)[:2])["b"].any()


@pytest.mark.parametrize("kind", GATES)
def test_torch_has_its_weights_transposed_and_keras_has_not(kind):
    params, width = weights_of(kind), GATES[kind] * H
    assert {name: array.shape for name, array in to_torch(params).items()} == {
        "weight_ih_l0": (width, D),
        "weight_hh_l0": (width, H),
        "bias_ih_l0": (width,),
        "bias_hh_l0": (width,),
    }
    np.testing.assert_array_equal(to_torch(params)["weight_hh_l0"], params["Wh"].T)
    bias = (2, width) if kind == "GRU" else (width,)
    assert [array.shape for array in to_keras(params)] == [(D, width), (H, width), bias]


def test_the_first_two_blocks_of_a_gru_change_places_for_keras_and_no_others_do():
    r, z, n = (np.full((2, 4), value) for value in (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(blocks_in_order(np.hstack([r, z, n]), (1, 0, 2)), np.hstack([z, r, n]))
    params = weights_of("GRU")
    kernel, _, (bias, recurrent_bias) = to_keras(params)
    for place, block in enumerate((1, 0, 2)):
        there, here = slice(place * H, (place + 1) * H), slice(block * H, (block + 1) * H)
        np.testing.assert_array_equal(kernel[:, there], params["Wx"][:, here])
        np.testing.assert_array_equal(bias[there], params["b"][here])
        np.testing.assert_array_equal(recurrent_bias[there], params["bh"][here])
    lstm = weights_of("LSTM")
    np.testing.assert_array_equal(to_keras(lstm)[0], lstm["Wx"])


def test_what_goes_out_shares_no_memory_with_what_came_in():
    for kind in GATES:
        params = weights_of(kind)
        for array in (*to_torch(params).values(), *to_keras(params)):
            assert not any(np.shares_memory(array, own) for own in params.values())


@pytest.mark.parametrize(("model", "kind"), [(RNN, "RNN"), (LSTM, "LSTM"), (GRU, "GRU")])
def test_the_params_of_a_model_are_taken_as_they_are(model, kind):
    params = model(D, H, 2, np.random.default_rng(0)).params
    assert layer_of(params) == kind
    assert to_torch(params)["weight_ih_l0"].shape == (GATES[kind] * H, D)


def test_what_is_no_layer_is_refused_with_what_to_do():
    params = weights_of("LSTM")
    with pytest.raises(ValueError, match="b missing"):
        layer_of({name: params[name] for name in ("Wx", "Wh")})
    with pytest.raises(ValueError, match="is it transposed"):
        layer_of({**params, "Wh": params["Wh"].T})
    with pytest.raises(ValueError, match=r"Wx has shape \(3, 10\)"):
        layer_of({**params, "Wx": params["Wx"][:, :10]})
    with pytest.raises(ValueError, match="bh belongs to a GRU only"):
        layer_of({**params, "bh": params["b"]})
    with pytest.raises(ValueError, match="no order of the blocks"):
        to_torch(weights_of("GRU", bh=False), reset_after=False)
    with pytest.raises(ValueError, match="one bias; add bh to b"):
        to_keras(weights_of("GRU"), reset_after=False)
    with pytest.raises(ValueError, match="each of 0 to 2 once"):
        blocks_in_order(np.zeros((2, 6)), (0, 0, 2))
    with pytest.raises(ValueError, match="multiple of 3"):
        blocks_in_order(np.zeros((2, 7)), (1, 0, 2))
