"""The recurrent layers, the loss and the optimizers against torch, with the same numbers put into both."""

import numpy as np
import pytest
from layer_table import draw, recurrent_shapes

import unrolled

torch = pytest.importorskip("torch", reason="torch is not installed; `pip install torch` to compare with it")

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
SHAPES = [(3, 5, 2, 4), (1, 6, 3, 5), (4, 1, 3, 2), (1, 1, 1, 1), (5, 40, 7, 6), (16, 70, 8, 64)]  # N, T, D, H


def norm_relative(ours, theirs):
    theirs = theirs.detach().numpy()
    size = np.linalg.norm(theirs)
    assert ours.shape == theirs.shape
    return np.linalg.norm(ours - theirs) / size if size else np.linalg.norm(ours)


def run_torch(kind, arguments, upstream, **options):
    """Return torch's results and its gradients in the order x, states, Wx, Wh, b, bh."""
    x, *states, Wx, Wh, b, bh = (torch.from_numpy(array.copy()).requires_grad_() for array in arguments)
    module = getattr(torch.nn, kind)(x.shape[2], len(Wh), batch_first=True, dtype=x.dtype, **options)
    values = {"weight_ih_l0": Wx.T, "weight_hh_l0": Wh.T, "bias_ih_l0": b, "bias_hh_l0": bh}
    stacked = tuple(state[None] for state in states)
    h, state = torch.func.functional_call(module, values, (x, stacked if kind == "LSTM" else stacked[0]))
    results = [h, state[1][0]] if kind == "LSTM" else [h]
    torch.autograd.backward(results, [torch.from_numpy(array.copy()) for array in upstream])
    return results, [tensor.grad for tensor in (x, *states, Wx, Wh, b, bh)]


def make_problem(kind, shape, dtype=np.float64):
    N, T, _, H = shape
    states = ("h0", "c0") if kind == "LSTM" else ("h0",)
    shapes = recurrent_shapes(*shape, GATES[kind], states, biases=("b", "bh"))
    rng = np.random.default_rng(5)
    upstream = {"h": (N, T, H), "c_T": (N, H)} if kind == "LSTM" else {"h": (N, T, H)}
    # Larger weights make the states chaotic, and every rounding error grows from step to step.
    return draw(shapes, rng, dtype, scale=min(0.5, H**-0.5)), draw(upstream, rng, dtype)


def assert_same(ours, theirs, tolerance=1e-12):
    for index, (array, tensor) in enumerate(zip(ours, theirs, strict=True)):
        assert norm_relative(array, tensor) < tolerance, f"result or gradient number {index}"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn_equals_torch(shape, activation):
    arguments, upstream = make_problem("RNN", shape)
    *rest, b, bh = arguments
    h, cache = unrolled.rnn_forward(*rest, b + bh, activation=activation)
    gradients = unrolled.rnn_backward(*upstream, cache)
    results, expected = run_torch("RNN", arguments, upstream, nonlinearity=activation)
    assert_same([h, *gradients], [*results, *expected[:-1]])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_lstm_equals_torch(shape):
    arguments, upstream = make_problem("LSTM", shape)
    *rest, b, bh = arguments
    h, c_T, cache = unrolled.lstm_forward(*rest, b + bh)
    gradients = unrolled.lstm_backward(*upstream, cache)
    results, expected = run_torch("LSTM", arguments, upstream)
    assert_same([h, c_T, *gradients], [*results, *expected[:-1]])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gru_with_reset_after_and_recurrent_bias_equals_torch(shape):
    arguments, upstream = make_problem("GRU", shape)
    h, cache = unrolled.gru_forward(*arguments)
    gradients = unrolled.gru_backward(*upstream, cache)
    results, expected = run_torch("GRU", arguments, upstream)
    assert_same([h, *gradients], [*results, *expected])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gru_with_reset_after_and_no_recurrent_bias_equals_torch(shape):
    arguments, upstream = make_problem("GRU", shape)
    arguments[-1] = np.zeros_like(arguments[-1])
    h, cache = unrolled.gru_forward(*arguments[:-1])
    gradients = unrolled.gru_backward(*upstream, cache)
    results, expected = run_torch("GRU", arguments, upstream)
    assert_same([h, *gradients[:-1]], [*results, *expected[:-1]])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_float32_layers_equal_torch_to_single_precision(kind):
    arguments, upstream = make_problem(kind, (4, 25, 6, 8), np.float32)
    *rest, b, bh = arguments
    biases = [b, bh] if kind == "GRU" else [b + bh]
    *results, cache = getattr(unrolled, f"{kind.lower()}_forward")(*rest, *biases)
    gradients = getattr(unrolled, f"{kind.lower()}_backward")(*upstream, cache)
    expected, expected_gradients = run_torch(kind, arguments, upstream)
    assert_same([*results, *gradients], [*expected, *expected_gradients[: len(gradients)]], tolerance=2e-6)


@pytest.mark.parametrize("with_mask", [False, True])
def test_softmax_cross_entropy_equals_torch(with_mask):
    rng = np.random.default_rng(3)
    y, targets = 3 * rng.standard_normal((4, 6, 9)), rng.integers(9, size=(4, 6))
    mask = rng.random((4, 6)) < 0.6 if with_mask else None
    loss, dy = unrolled.softmax_cross_entropy(y, targets, mask)
    tensor = torch.from_numpy(y).requires_grad_()
    wanted = torch.from_numpy(np.where(mask, targets, -100) if with_mask else targets)
    expected = torch.nn.functional.cross_entropy(tensor.reshape(-1, 9), wanted.reshape(-1), ignore_index=-100)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-13)
    assert norm_relative(dy, tensor.grad) < 1e-13


def test_embedding_gradient_equals_torch_when_tokens_repeat():
    rng = np.random.default_rng(4)
    tokens, W, dx = rng.integers(5, size=(7, 8)), rng.standard_normal((6, 3)), rng.standard_normal((7, 8, 3))
    x, cache = unrolled.embedding_forward(tokens, W)
    table = torch.from_numpy(W).requires_grad_()
    expected = torch.nn.functional.embedding(torch.from_numpy(tokens), table)
    expected.backward(torch.from_numpy(dx))
    assert_same([x, unrolled.embedding_backward(dx, cache)], [expected, table.grad], tolerance=1e-14)


OPTIMIZERS = [
    (unrolled.SGD(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    (unrolled.SGD(0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    (unrolled.RMSProp(0.01, decay=0.95), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95)),
    (unrolled.Adam(0.02, beta1=0.8), lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.999))),
]


@pytest.mark.parametrize(("ours", "theirs"), OPTIMIZERS, ids=["SGD", "SGD with momentum", "RMSProp", "Adam"])
def test_twenty_steps_of_an_optimizer_equal_torch(ours, theirs):
    rng = np.random.default_rng(8)
    params = {"W": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)}
    tensors = [torch.from_numpy(value.copy()).requires_grad_() for value in params.values()]
    optimizer = theirs(tensors)
    for _ in range(20):
        grads = {name: rng.standard_normal(value.shape) for name, value in params.items()}
        for tensor, gradient in zip(tensors, grads.values(), strict=True):
            tensor.grad = torch.from_numpy(gradient)
        ours.step(params, grads)
        optimizer.step()
    assert_same(params.values(), tensors, tolerance=1e-13)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_clip_by_norm_equals_torch_up_to_its_epsilon(max_norm):
    rng = np.random.default_rng(9)
    grads = {"W": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)}
    tensors = [torch.zeros(value.shape, dtype=torch.float64) for value in grads.values()]
    for tensor, gradient in zip(tensors, grads.values(), strict=True):
        tensor.grad = torch.from_numpy(gradient.copy())
    expected = torch.nn.utils.clip_grad_norm_(tensors, max_norm)
    assert unrolled.clip_by_norm(grads, max_norm) == pytest.approx(expected.item(), rel=1e-14)
    assert_same(grads.values(), [tensor.grad for tensor in tensors], tolerance=1e-6)
