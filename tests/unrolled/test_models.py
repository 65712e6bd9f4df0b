"""The model classes: gradients of the loss, truncation, starts, and that training learns."""

import numpy as np
import pytest
from central_differences import numeric

from unrolled import GRU, LSTM, RNN, Adam
from unrolled.tasks import adding, baseline, echo

MODELS = {
    "RNN": (lambda rng: RNN(2, 4, 5, rng, gain=0.9), 1, "classes"),
    "RNN with ReLU": (lambda rng: RNN(2, 4, 5, rng, activation="relu", loss="squared_error"), 1, "values"),
    "LSTM": (lambda rng: LSTM(2, 4, 5, rng), 2, "classes"),
    "LSTM with squared error": (lambda rng: LSTM(2, 4, 5, rng, gain=0.5, loss="squared_error"), 2, "values"),
    "GRU": (lambda rng: GRU(2, 4, 5, rng), 1, "classes"),
    "GRU that resets before": (
        lambda rng: GRU(2, 4, 5, rng, reset_after=False, gain=0.5, loss="squared_error"),
        1,
        "values",
    ),
}
"""How a model is made, how many arrays its state has, and what its targets are."""

each_model = pytest.mark.parametrize("name", MODELS)


def small(name, seed, N=3, T=7):
    """Return a model, a batch for it and an initial state."""
    rng = np.random.default_rng(seed)
    make, states, kind = MODELS[name]
    model = make(rng)
    targets = rng.integers(0, 5, (N, T)) if kind == "classes" else rng.standard_normal((N, T, 5))
    mask = rng.random((N, T)) < 0.7
    mask[0, 0] = True
    x = rng.standard_normal((N, T, 2))
    return model, (x, targets, mask), [0.5 * rng.standard_normal((N, 4)) for _ in range(states)]


@each_model
def test_gradients_of_every_parameter_agree_with_central_differences(name):
    model, batch, state = small(name, 0)
    _, grads = model.loss_and_grads(*batch, *state)
    assert grads.keys() == model.params.keys()
    assert model.grads is grads
    for key, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(*batch, *state)[0], array)
        assert grads[key].shape == array.shape
        assert np.linalg.norm(grads[key] - expected) < 1e-8 * np.linalg.norm(expected), key


@each_model
@pytest.mark.parametrize("segment", [1, 2, 3, 6])
def test_a_truncated_gradient_is_that_of_a_loss_in_which_the_states_handed_on_are_constants(name, segment):
    model, (x, targets, mask), state = small(name, 1)
    starts, handed = range(0, x.shape[1], segment), [state]
    for start in starts[:-1]:
        _, after, _ = model._cell.forward(x[:, start : start + segment], handed[-1], model.params, **model._run_options)
        handed.append([array.copy() for array in after])
    count = mask.sum()

    def loss():
        total = 0.0
        for start, held in zip(starts, handed, strict=True):
            here = slice(start, start + segment)
            if mask[:, here].any():
                part, _ = model.loss_and_grads(x[:, here], targets[:, here], mask[:, here], *held)
                total += part * mask[:, here].sum()
        return total / count

    _, grads = model.loss_and_grads(x, targets, mask, *state, segment=segment)
    for key, array in model.params.items():
        expected = numeric(loss, array)
        assert np.linalg.norm(grads[key] - expected) < 1e-7 * np.linalg.norm(expected), key


@each_model
def test_segments_change_the_gradient_and_not_the_loss_and_long_ones_cut_nothing(name):
    model, batch, state = small(name, 2)
    loss, grads = model.loss_and_grads(*batch, *state)
    cut_loss, cut = model.loss_and_grads(*batch, *state, segment=2)
    _, uncut = model.loss_and_grads(*batch, *state, segment=7)
    assert cut_loss == pytest.approx(loss, rel=1e-12)
    assert np.linalg.norm(cut["Wh"] - grads["Wh"]) > 0.05 * np.linalg.norm(grads["Wh"])
    for key in grads:
        np.testing.assert_allclose(uncut[key], grads[key], rtol=1e-12)


@each_model
def test_a_segment_of_no_steps_is_refused(name):
    model, batch, _ = small(name, 3)
    with pytest.raises(ValueError, match=f"{name[:3]}.*segment is 0, expected 1 or more"):
        model.loss_and_grads(*batch, segment=0)


@each_model
def test_no_state_stands_for_zeros(name):
    model, batch, state = small(name, 4)
    zeros = [np.zeros_like(array) for array in state]
    assert model.loss_and_grads(*batch)[0] == model.loss_and_grads(*batch, *zeros)[0]
    assert model.loss_and_grads(*batch)[0] != model.loss_and_grads(*batch, *state)[0]
    np.testing.assert_array_equal(model.forward(batch[0])[1], model.forward(batch[0], *zeros)[1])


def test_the_start_of_an_rnn_is_what_the_docstring_says():
    model = RNN(3, 20, 4, np.random.default_rng(4), gain=0.6)
    assert {name: array.shape for name, array in model.params.items()} == {
        "Wx": (3, 20),
        "Wh": (20, 20),
        "b": (20,),
        "Wy": (20, 4),
        "by": (4,),
    }
    np.testing.assert_allclose(np.linalg.svd(model.params["Wh"], compute_uv=False), 0.6)
    assert not model.params["b"].any()
    assert not model.params["by"].any()
    assert model.grads == {}


def test_an_rnn_may_start_with_the_identity_or_with_normal_weights():
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(RNN(3, 5, 4, rng, gain=0.5, start="identity").params["Wh"], 0.5 * np.eye(5))
    Wh = RNN(3, 400, 4, rng, gain=1.5, start="normal").params["Wh"]
    assert np.abs(np.linalg.eigvals(Wh)).max() == pytest.approx(1.5, rel=0.1)
    assert Wh.std() == pytest.approx(1.5 / 20, rel=0.01)


def test_the_activation_of_an_rnn_is_the_one_that_was_asked_for():
    x = np.random.default_rng(6).standard_normal((3, 7, 2))
    bent, straight = (RNN(2, 4, 5, np.random.default_rng(0), activation=name) for name in ("tanh", "relu"))
    assert bent.forward(x)[1].min() < 0 <= straight.forward(x)[1].min()
    assert bent.forward(x)[1].max() < 1 < straight.forward(x)[1].max()


def test_the_start_of_an_lstm_is_what_the_docstring_says():
    model = LSTM(3, 20, 4, np.random.default_rng(6), gain=0.6, forget_bias=2.0)
    assert {name: array.shape for name, array in model.params.items()} == {
        "Wx": (3, 80),
        "Wh": (20, 80),
        "b": (80,),
        "Wy": (20, 4),
        "by": (4,),
    }
    for block in np.split(model.params["Wh"], 4, axis=1):
        np.testing.assert_allclose(np.linalg.svd(block, compute_uv=False), 0.6)
    np.testing.assert_array_equal(model.params["b"], np.repeat([0, 2.0, 0, 0], 20))


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_start_of_a_gru_is_what_the_docstring_says(reset_after):
    model = GRU(3, 20, 4, np.random.default_rng(6), gain=0.6, update_bias=2.0, reset_after=reset_after)
    inside = {"bh": (60,)} if reset_after else {}
    expected = {"Wx": (3, 60), "Wh": (20, 60), "b": (60,), **inside, "Wy": (20, 4), "by": (4,)}
    assert {name: array.shape for name, array in model.params.items()} == expected
    for block in np.split(model.params["Wh"], 3, axis=1):
        np.testing.assert_allclose(np.linalg.svd(block, compute_uv=False), 0.6)
    np.testing.assert_array_equal(model.params["b"], np.repeat([0, 2.0, 0], 20))


def test_a_gru_resets_on_the_side_that_was_asked_for_and_keeps_its_state_where_the_update_gate_is_shut():
    rng = np.random.default_rng(7)
    x, h0 = rng.standard_normal((3, 6, 2)), rng.uniform(-0.9, 0.9, (3, 4))
    after, before = (GRU(2, 4, 5, np.random.default_rng(0), reset_after=side) for side in (True, False))
    assert np.abs(after.forward(x, h0)[1] - before.forward(x, h0)[1]).max() > 0.01
    kept = GRU(2, 4, 5, np.random.default_rng(0), update_bias=40.0).forward(x, h0)[1]
    np.testing.assert_allclose(kept, np.repeat(h0[:, None], 6, axis=1), atol=1e-12)


@pytest.mark.parametrize("wrong", [{"start": "random"}, {"activation": "gelu"}, {"loss": "mse"}])
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(wrong):
    (argument,) = wrong
    with pytest.raises(ValueError, match=f"RNN: {argument} is '.*', expected one of '.*', '"):
        RNN(3, 5, 4, np.random.default_rng(0), **wrong)


def test_the_states_of_an_lstm_obey_its_equations():
    model, (x, *_), state = small("LSTM", 7)
    inside = model.states(x, *state)
    np.testing.assert_array_equal(inside["h"], model.forward(x, *state)[1])
    h_prev = np.concatenate([state[0][:, None], inside["h"][:, :-1]], axis=1)
    c_prev = np.concatenate([state[1][:, None], inside["c"][:, :-1]], axis=1)
    z = x @ model.params["Wx"] + h_prev @ model.params["Wh"] + model.params["b"]
    for gate, z_gate in zip("ifgo", np.split(z, 4, axis=2), strict=True):
        expected = np.tanh(z_gate) if gate == "g" else 1 / (1 + np.exp(-z_gate))
        np.testing.assert_allclose(inside[gate], expected, atol=1e-14)
    np.testing.assert_allclose(inside["c"], inside["f"] * c_prev + inside["i"] * inside["g"], atol=1e-14)
    np.testing.assert_allclose(inside["h"], inside["o"] * np.tanh(inside["c"]), atol=1e-14)


def test_the_model_learns_to_echo_bits_well_below_the_loss_of_a_coin():
    rng = np.random.default_rng(0)
    losses = RNN(1, 8, 2, rng, gain=0.6).fit(lambda: echo(rng), Adam(0.015), updates=300)
    assert losses.shape == (300,)
    assert losses[0] > baseline(echo)
    assert losses[-1] < 0.1


def test_an_lstm_learns_to_add_over_thirty_steps():
    rng = np.random.default_rng(0)
    model = LSTM(2, 16, 1, rng, loss="squared_error")
    losses = model.fit(lambda: adding(rng, T=30), Adam(0.02), updates=400, clip=1.0)
    assert losses[-20:].mean() < baseline(adding) / 10
