"""Both directions: reversing within lengths, what may and may not reach a state, the model, and the errors."""

import numpy as np
import pytest
from central_differences import numeric

from unrolled import GRU, Adam, Bidirectional, bidirectional_backward, bidirectional_forward, reverse_by_length
from unrolled.cells import CELLS, cell

N, T, D, H, V = 4, 7, 2, 3, 5
LENGTHS = np.array([7, 1, 4, 6])
TRUE = np.arange(T) < LENGTHS[:, None]
each_cell = pytest.mark.parametrize("kind", CELLS)


def problem(kind, seed=0):
    """Return x and the parameters of both directions, whose sizes are not the same."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, T, D)), cell(kind).start(D, H, rng), cell(kind).start(D, 5, rng)


def batch(seed):
    rng = np.random.default_rng(seed)
    mask = TRUE & (rng.random((N, T)) < 0.8)
    mask[:, 0] = True
    return rng.standard_normal((N, T, D)), rng.integers(0, V, (N, T)), mask


def test_true_steps_are_turned_round_and_padding_stays():
    x = np.array([[1, 2, 3, 4], [1, 2, 9, 9], [1, 9, 9, 9], [1, 2, 3, 9]])[:, :, None]
    turned = reverse_by_length(x, [4, 2, 1, 3])
    np.testing.assert_array_equal(turned[:, :, 0], [[4, 3, 2, 1], [2, 1, 9, 9], [1, 9, 9, 9], [3, 2, 1, 9]])
    assert not np.shares_memory(turned, x)


def test_reversing_twice_gives_what_was_there_and_is_its_own_gradient():
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((2, N, T, D))
    np.testing.assert_array_equal(reverse_by_length(reverse_by_length(x, LENGTHS), LENGTHS), x)
    assert np.vdot(reverse_by_length(x, LENGTHS), weight) == pytest.approx(
        np.vdot(x, reverse_by_length(weight, LENGTHS)), rel=1e-12
    )


def test_without_lengths_the_whole_row_is_turned_round():
    x = np.random.default_rng(2).standard_normal((N, T, D))
    np.testing.assert_array_equal(reverse_by_length(x), x[:, ::-1])


@each_cell
def test_each_row_gives_what_it_gives_alone_and_without_padding(kind):
    x, forward, backward = problem(kind)
    h, _ = bidirectional_forward(x, LENGTHS, forward, backward, cell=kind)
    assert h.shape == (N, T, H + 5)
    none = (None,) * cell(kind).states
    for n, length in enumerate(LENGTHS):
        row = x[n : n + 1, :length]
        one_way = cell(kind).forward(row, none, forward)[0]
        other_way = cell(kind).forward(row[:, ::-1].copy(), none, backward)[0][:, ::-1]
        np.testing.assert_allclose(h[n : n + 1, :length], np.concatenate([one_way, other_way], axis=2), atol=1e-14)
        assert not h[n, length:].any()


@each_cell
def test_padding_counts_for_nothing_whatever_stands_in_it(kind):
    x, forward, backward = problem(kind)
    spoiled = np.where(TRUE[:, :, None], x, np.nan)
    h, cache = bidirectional_forward(x, LENGTHS, forward, backward, cell=kind)
    other, other_cache = bidirectional_forward(spoiled, LENGTHS, forward, backward, cell=kind)
    np.testing.assert_array_equal(other, h)
    dh = np.random.default_rng(3).standard_normal(h.shape)
    dx, _, *grads = bidirectional_backward(dh, cache)
    spoiled_dh = np.where(TRUE[:, :, None], dh, np.nan)
    other_dx, _, *other_grads = bidirectional_backward(spoiled_dh, other_cache)
    np.testing.assert_array_equal(other_dx, dx)
    assert not dx[~TRUE].any()
    for ours, theirs in zip(grads, other_grads, strict=True):
        for name in ours:
            np.testing.assert_array_equal(theirs[name], ours[name])


@each_cell
def test_the_half_that_reads_forward_sees_no_later_input_and_the_other_half_no_earlier_one(kind):
    x, forward, backward = problem(kind)
    _, cache = bidirectional_forward(x, LENGTHS, forward, backward, cell=kind)
    for half, seen in ((slice(H), np.arange(T) <= 2), (slice(H, None), (np.arange(T) >= 2) & (np.arange(T) < 6))):
        dh = np.zeros((N, T, H + 5))
        dh[3, 2, half] = 1
        dx = bidirectional_backward(dh, cache)[0]
        np.testing.assert_array_equal(np.abs(dx[3]).sum(axis=1) > 0, seen)
        assert not dx[:3].any()


@each_cell
def test_gradients_agree_with_central_differences_for_directions_of_unequal_size(kind):
    x, forward, backward = problem(kind)
    rng = np.random.default_rng(4)
    states = tuple(tuple(0.5 * rng.standard_normal((N, size)) for _ in range(cell(kind).states)) for size in (H, 5))
    weight = rng.standard_normal((N, T, H + 5))

    def loss():
        return np.vdot(bidirectional_forward(x, LENGTHS, forward, backward, states, cell=kind)[0], weight)

    _, cache = bidirectional_forward(x, LENGTHS, forward, backward, states, cell=kind)
    dx, dstates, grads_f, grads_b = bidirectional_backward(weight, cache)
    pairs = [(dx, x)] + [(grads_f[name], forward[name]) for name in forward]
    pairs += [(grads_b[name], backward[name]) for name in backward]
    pairs += [
        pair for gradient, state in zip(dstates, states, strict=True) for pair in zip(gradient, state, strict=True)
    ]
    for gradient, array in pairs:
        expected = numeric(loss, array)
        assert np.linalg.norm(gradient - expected) < 1e-8 * np.linalg.norm(expected)


@each_cell
def test_gradients_of_every_parameter_of_the_model_agree_with_central_differences(kind):
    model = Bidirectional(D, H, V, np.random.default_rng(5), cell=kind, gain=0.9)
    x, targets, mask = batch(6)
    state = tuple(np.random.default_rng(7).standard_normal((2 * cell(kind).states, N, H)))
    _, grads = model.loss_and_grads(x, targets, mask, LENGTHS, state)
    assert grads.keys() == model.params.keys()
    assert model.grads is grads
    for name, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(x, targets, mask, LENGTHS, state)[0], array)
        assert np.linalg.norm(grads[name] - expected) < 1e-8 * np.linalg.norm(expected), name


def test_without_a_mask_every_true_step_counts():
    model = Bidirectional(D, H, V, np.random.default_rng(5))
    x, targets, _ = batch(6)
    assert model.loss_and_grads(x, targets, None, LENGTHS)[0] == model.loss_and_grads(x, targets, TRUE, LENGTHS)[0]
    everywhere = np.ones((N, T), bool)
    assert model.loss_and_grads(x, targets)[0] == model.loss_and_grads(x, targets, everywhere, [T] * N)[0]


def test_the_start_of_the_model_is_what_the_docstring_says():
    model = Bidirectional(3, 20, 4, np.random.default_rng(8), cell="gru", gain=0.6)
    one_way = {"Wx": (3, 60), "Wh": (20, 60), "b": (60,), "bh": (60,)}
    expected = {f"{name}_{way}": shape for way in "fb" for name, shape in one_way.items()}
    expected |= {"Wy": (40, 4), "by": (4,)}
    assert {name: array.shape for name, array in model.params.items()} == expected
    assert model.params["Wy"].std() == pytest.approx(1 / np.sqrt(40), rel=0.2)
    for way in "fb":
        for block in np.split(model.params[f"Wh_{way}"], 3, axis=1):
            np.testing.assert_allclose(np.linalg.svd(block, compute_uv=False), 0.6)
    assert np.abs(model.params["Wh_f"] - model.params["Wh_b"]).min() > 0
    assert model.grads == {}


def test_float32_parameters_give_float32_results():
    x, forward, backward = problem("lstm")
    narrow = [{name: array.astype(np.float32) for name, array in params.items()} for params in (forward, backward)]
    h, cache = bidirectional_forward(x.astype(np.float32), LENGTHS, *narrow, cell="lstm")
    dx, dstates, *grads = bidirectional_backward(np.ones_like(h), cache)
    arrays = [h, dx, *dstates[0], *grads[1].values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_it_learns_what_comes_next_but_one_and_the_forward_layer_does_not():
    def draw():
        bits = rng.integers(0, 2, (32, 12))
        mask = np.broadcast_to(np.arange(12) < 10, (32, 12))
        return (2.0 * bits - 1)[:, :, None], np.roll(bits, -2, axis=1), mask

    losses = {}
    for name, make in (("both", Bidirectional), ("forward", GRU)):
        rng = np.random.default_rng(0)
        options = {"cell": "gru"} if name == "both" else {}
        model = make(1, 8, 2, rng, **options)
        losses[name] = model.fit(draw, Adam(0.02), updates=200, clip=1.0)[-20:].mean()
    assert losses["both"] < 0.1
    assert losses["forward"] > 0.65


ERRORS = [
    (
        lambda x, f, b: reverse_by_length(x[0]),
        "reverse_by_length: x has shape (7, 2), expected 3 axes (N, T, D); "
        "reshape x so that it has them in this order.",
    ),
    (
        lambda x, f, b: reverse_by_length(x, [7, 1, 4]),
        "reverse_by_length: lengths has shape (3,), expected (N,) = (4,); "
        "check lengths against the shapes of the other arguments.",
    ),
    (
        lambda x, f, b: reverse_by_length(x, LENGTHS / 1.0),
        "reverse_by_length: lengths has dtype float64, expected integers; convert it with lengths.astype(np.int64).",
    ),
    (
        lambda x, f, b: bidirectional_forward(x, [7, 1, 0, 6], f, b, cell="rnn"),
        "bidirectional_forward: lengths contains 0, expected 1 … 7 (T = 7, the steps of x); "
        "pass how many steps of each row are true.",
    ),
    (
        lambda x, f, b: bidirectional_forward(x, [7, 1, 8, 6], f, b, cell="rnn"),
        "bidirectional_forward: lengths contains 8, expected 1 … 7 (T = 7, the steps of x); "
        "pass how many steps of each row are true.",
    ),
    (
        lambda x, f, b: bidirectional_forward(x, LENGTHS, f, b | {"b": f["b"]}, cell="rnn"),
        "bidirectional_forward, backward direction: rnn_forward: b has shape (3,), expected (H,) = (5,); "
        "check b against the shapes of the other arguments.",
    ),
    (
        lambda x, f, b: bidirectional_forward(x, LENGTHS, {"Wx": f["Wx"], "b": f["b"]}, b, cell="rnn"),
        "bidirectional_forward, forward direction: the parameters have no 'Wh'; pass a dict that has it.",
    ),
    (
        lambda x, f, b: bidirectional_forward(x, LENGTHS, f, b, [None], cell="rnn"),
        "bidirectional_forward: states has length 1, expected 2, for forward direction and backward direction; "
        "pass None where one is zeros.",
    ),
    (
        lambda x, f, b: bidirectional_backward(
            np.ones((N, T, H)), bidirectional_forward(x, LENGTHS, f, b, cell="rnn")[1]
        ),
        "bidirectional_backward: dh has shape (4, 7, 3), expected (N, T, H + H') = (4, 7, 8); "
        "check dh against the shapes of the other arguments.",
    ),
    (
        lambda x, f, b: bidirectional_backward(
            np.ones((N, T, 8), np.float32), bidirectional_forward(x, LENGTHS, f, b, cell="rnn")[1]
        ),
        "bidirectional_backward: dh has dtype float32, expected float64 like the forward pass; "
        "convert one of them, for example with dh.astype(np.float64).",
    ),
    (
        lambda x, f, b: Bidirectional(D, H, V, np.random.default_rng(0)).loss_and_grads(
            x, np.zeros((N, T), int), segment=3
        ),
        "Bidirectional.loss_and_grads: segment is 3, expected None; leave it out, since the backward direction needs "
        "the sequence to its end.",
    ),
    (
        lambda x, f, b: Bidirectional(D, H, V, np.random.default_rng(0), cell="lstm").forward(x, None, (None, None)),
        "Bidirectional: state has length 2, expected 4 arrays; pass None where one is to be zeros.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[message[:60] for _, message in ERRORS])
def test_a_wrong_argument_is_explained_in_one_sentence_that_says_which_direction(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        call(*problem("rnn"))
    assert str(caught.value) == message
