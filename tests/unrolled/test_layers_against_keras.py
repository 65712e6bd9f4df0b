"""The recurrent layers against Keras on its torch backend: the same weights in, the same numbers and gradients out.

On this backend Keras multiplies matrices in float32 where it runs a cell step by step, also in a layer of
dtype="float64" (keras-team/keras, issues 23223 and 23704). `SINGLE` names the layers in which that is so.
"""

import os

import numpy as np
import pytest

import unrolled
from unrolled.frameworks import to_keras

NEEDED = "is not installed; `make frameworks` installs it and runs this"
os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch", reason=f"torch {NEEDED}")
keras = pytest.importorskip("keras", reason=f"keras {NEEDED}")
if keras.config.backend() != "torch":
    pytest.skip("Keras runs on another backend; set KERAS_BACKEND=torch", allow_module_level=True)

N, T, D, H = 4, 12, 3, 5
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
LAYERS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {"reset_after": True}), ("GRU", {"reset_after": False})]
SINGLE = [("SimpleRNN", {}), ("GRU", {"reset_after": False})]


def problem(kind, options, dtype, seed=0):
    """Return x, the parameters of a layer and an upstream gradient."""
    rng, G = np.random.default_rng(seed), GATES[kind]
    shapes = {"Wx": (D, G * H), "Wh": (H, G * H), "b": (G * H,)}
    if options.get("reset_after"):
        shapes["bh"] = (G * H,)
    params = {name: (0.4 * rng.standard_normal(shape)).astype(dtype) for name, shape in shapes.items()}
    return rng.standard_normal((N, T, D)).astype(dtype), params, rng.standard_normal((N, T, H)).astype(dtype)


def ours(kind, options, x, params, upstream):
    """Return the states, and the gradients of x and of the weights as Keras lays them out."""
    if kind == "LSTM":
        h, _, cache = unrolled.lstm_forward(x, None, None, **params)
        dx, _, _, *rest = unrolled.lstm_backward(upstream, None, cache)
    else:
        run, back = (
            (unrolled.rnn_forward, unrolled.rnn_backward)
            if kind == "SimpleRNN"
            else (unrolled.gru_forward, unrolled.gru_backward)
        )
        h, cache = run(x, None, **params, **options)
        dx, _, *rest = back(upstream, cache)
    grads = dict(zip(params, rest, strict=False))
    return h, [dx, *to_keras(grads, **options)]


def theirs(kind, options, x, params, upstream, **more):
    layer = getattr(keras.layers, kind)(H, return_sequences=True, dtype=str(x.dtype), **options, **more)
    layer.build(x.shape)
    layer.set_weights(to_keras(params, **options))
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    weights = [variable.value for variable in layer.trainable_weights]
    h = layer(tensor)
    grads = torch.autograd.grad(h, [tensor, *weights], torch.from_numpy(upstream))
    return h.detach().numpy(), [grad.numpy() for grad in grads]


def error(a, b):
    assert a.shape == b.shape
    return np.linalg.norm(a.astype(float) - b) / np.linalg.norm(b.astype(float))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("kind", "options"), LAYERS, ids=str)
def test_states_and_gradients_equal_those_of_keras(kind, options, dtype):
    given = problem(kind, options, dtype)
    (h, grads), (their_h, their_grads) = ours(kind, options, *given), theirs(kind, options, *given)
    tolerance = 1e-12 if dtype == np.float64 and (kind, options) not in SINGLE else 2e-6
    assert error(h, their_h) < tolerance
    assert max(map(error, grads, their_grads)) < tolerance


def test_on_this_backend_a_cell_that_runs_step_by_step_multiplies_in_float32():
    """If this fails Keras has been repaired: take the layer out of `SINGLE`, and the sentence out of chapter 11."""
    for kind, options in SINGLE:
        given = problem(kind, options, np.float64)
        assert error(ours(kind, options, *given)[0], theirs(kind, options, *given)[0]) > 1e-9


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_a_mask_carries_the_state_on_and_the_last_state_is_that_of_the_last_true_step(kind):
    options = {"reset_after": True} if kind == "GRU" else {}
    x, params, _ = problem(kind, options, np.float32)
    lengths = np.array([12, 7, 1, 4])
    layer = getattr(keras.layers, kind)(H, return_state=True, dtype="float32", **options)
    layer.build(x.shape)
    layer.set_weights(to_keras(params, **options))
    mask = np.arange(T) < lengths[:, None]
    their_last = keras.ops.convert_to_numpy(layer(x, mask=mask)[0])
    h, _ = ours(kind, options, x, params, np.zeros((N, T, H), np.float32))
    assert error(h[np.arange(N), lengths - 1], their_last) < 2e-6
    assert error(h[:, -1], their_last) > 1e-2
