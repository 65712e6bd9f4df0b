"""The encoder and decoder: gradients through both, sequences of unequal length, greedy answers, wrong arguments."""

import numpy as np
import pytest
from central_differences import numeric

from unrolled import Adam, EncoderDecoder
from unrolled.cells import CELLS

N, T, S, V_IN, V_OUT, D, H = 5, 6, 4, 7, 5, 3, 4
LENGTHS = np.array([2, 6, 4, 2, 5])
START, STOP = 0, 1

each_cell = pytest.mark.parametrize("kind", CELLS)


def make_problem(kind, seed=0):
    """Return a model whose biases are not 0, and a batch of sequences of unequal length."""
    rng = np.random.default_rng(seed)
    model = EncoderDecoder(V_IN, V_OUT, D, H, rng, cell=kind)
    for value in model.params.values():
        value += 0.3 * rng.standard_normal(value.shape)
    source, target_in, targets = (rng.integers(0, V, (N, L)) for V, L in ((V_IN, T), (V_OUT, S), (V_OUT, S)))
    mask = rng.random((N, S)) < 0.8
    mask[:, 0] = True
    return model, (source, LENGTHS.copy(), target_in, targets, mask)


@each_cell
def test_gradients_of_every_parameter_agree_with_central_differences(kind):
    model, batch = make_problem(kind)
    _, grads = model.loss_and_grads(*batch)
    assert grads.keys() == model.params.keys()
    assert model.grads is grads
    for name, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(*batch)[0], array, eps=1e-6)
        assert grads[name].shape == array.shape
        assert np.linalg.norm(grads[name] - expected) < 1e-7 * np.linalg.norm(expected), name


@each_cell
def test_each_sequence_is_read_to_its_own_end_and_no_further(kind):
    model, (source, lengths, target_in, *_) = make_problem(kind)
    together = model.encode(source, lengths)
    y = model.forward(source, lengths, target_in)
    for n, length in enumerate(lengths):
        alone = model.encode(source[n : n + 1, :length], [length])
        for array, expected in zip(together, alone, strict=True):
            np.testing.assert_allclose(array[n], expected[0], atol=1e-14)
        expected = model.forward(source[n : n + 1, :length], [length], target_in[n : n + 1])[0]
        np.testing.assert_allclose(y[n], expected, atol=1e-13)
    assert len(together) == CELLS[kind].states


@each_cell
def test_what_stands_after_the_end_is_never_read_not_even_as_a_token(kind):
    model, (source, lengths, *rest) = make_problem(kind)
    padded = np.where(np.arange(T) < lengths[:, None], source, 99)
    loss, grads = model.loss_and_grads(source, lengths, *rest)
    padded_loss, padded_grads = model.loss_and_grads(padded, lengths, *rest)
    assert padded_loss == loss
    for name, gradient in grads.items():
        np.testing.assert_array_equal(padded_grads[name], gradient)
    with pytest.raises(ValueError, match="tokens contains 99"):
        model.encode(padded, np.full(N, T))


@each_cell
def test_the_order_of_the_sequences_does_not_matter(kind):
    model, batch = make_problem(kind)
    shuffled = [array[[3, 0, 4, 1, 2]] for array in batch]
    loss, grads = model.loss_and_grads(*batch)
    other_loss, other_grads = model.loss_and_grads(*shuffled)
    assert other_loss == pytest.approx(loss, rel=1e-13)
    for name, gradient in grads.items():
        np.testing.assert_allclose(other_grads[name], gradient, atol=1e-14)


@each_cell
def test_the_decoder_hears_of_the_source_by_the_state_alone(kind):
    model, (source, lengths, target_in, *_) = make_problem(kind)
    y = model.forward(source, lengths, target_in)
    changed = source.copy()
    changed[1, 0] = (changed[1, 0] + 1) % V_IN
    moved = np.abs(model.forward(changed, lengths, target_in) - y).max(axis=(1, 2))
    assert moved[1] > 1e-6
    assert not moved[[0, 2, 3, 4]].any()


@each_cell
def test_a_greedy_answer_is_the_best_token_after_its_own_earlier_tokens(kind):
    written = []
    for seed in range(8):
        model, (source, lengths, *_) = make_problem(kind, seed)
        answers = model.greedy(source, lengths, START, STOP, longest=8)
        assert answers.shape == (N, 8)
        given = np.concatenate([np.full((N, 1), START), answers[:, :-1]], axis=1)
        best = model.forward(source, lengths, given).argmax(axis=2)
        over = np.cumsum(given == STOP, axis=1) > 0
        np.testing.assert_array_equal(answers[~over], best[~over])
        assert (answers[over] == STOP).all()
        written += list((answers != STOP).sum(axis=1))
    assert {0, 1, 8} <= set(written)  # answers that end at once, in the middle, and not at all


def test_an_answer_ends_with_stop_or_after_the_longest():
    model, (source, lengths, *_) = make_problem("gru")
    model.params["by"][STOP] = 100
    assert (model.greedy(source, lengths, START, STOP, longest=3) == STOP).all()
    model.params["by"][STOP] = -100
    assert (model.greedy(source, lengths, START, STOP, longest=3) != STOP).all()


@each_cell
def test_it_learns_to_write_short_sequences_backwards(kind):
    rng = np.random.default_rng(1)
    model = EncoderDecoder(4, 6, 8, 24, rng, cell=kind)

    def draw(N=32):
        lengths = rng.integers(1, 4, N)
        source = rng.integers(0, 4, (N, 3))
        targets = np.full((N, 4), STOP)
        for n, length in enumerate(lengths):
            targets[n, :length] = source[n, :length][::-1] + 2
        target_in = np.concatenate([np.full((N, 1), START), targets[:, :-1]], axis=1)
        mask = np.arange(4) <= lengths[:, None]
        return source, lengths, target_in, targets, mask

    losses = model.fit(draw, Adam(0.01), updates=300, clip=1.0)
    assert losses.shape == (300,)
    source, lengths, _, targets, _ = draw(200)
    right = (model.greedy(source, lengths, START, STOP, longest=4) == targets).all(axis=1)
    assert right.mean() > 0.95


def test_the_start_is_what_the_docstring_says():
    model = EncoderDecoder(200, 300, 40, 50, np.random.default_rng(0), cell="lstm")
    shapes = {name: value.shape for name, value in model.params.items()}
    layer = {"Wx": (40, 200), "Wh": (50, 200), "b": (200,)}
    expected = {f"{name}_{side}": shape for side in ("enc", "dec") for name, shape in layer.items()}
    assert shapes == expected | {"E_enc": (200, 40), "E_dec": (300, 40), "Wy": (50, 300), "by": (300,)}
    for name, size in (("E_enc", 1), ("E_dec", 1), ("Wy", 50**-0.5)):
        assert model.params[name].std() == pytest.approx(size, rel=0.02)
    assert not model.params["by"].any()
    assert np.abs(model.params["Wh_enc"] - model.params["Wh_dec"]).max() > 0.1
    assert model.grads == {}


WRONG = {
    "source of one axis": ({"source": np.zeros(6, int)}, "source has shape (6,), expected 2 axes (N, T)"),
    "source of floats": ({"source": np.zeros((5, 6))}, "source has dtype float64, expected integers"),
    "source without a token": ({"source": np.full((5, 6), 7)}, "tokens contains 7, expected 0 … 6"),
    "a length too few": ({"lengths": np.ones(4, int)}, "lengths has shape (4,), expected (N,) = (5,)"),
    "a length of nothing": ({"lengths": np.array([2, 6, 0, 2, 5])}, "lengths contains 0, expected 1 … 6"),
    "a length beyond the source": ({"lengths": np.array([2, 7, 4, 2, 5])}, "lengths contains 7, expected 1 … 6"),
    "lengths of floats": ({"lengths": np.ones(5)}, "lengths has dtype float64, expected integers"),
    "a row too few": ({"target_in": np.zeros((4, 4), int)}, "target_in has shape (4, 4), expected (N, S) = (5, 4)"),
    "other targets": ({"targets": np.zeros((5, 3), int)}, "targets has shape (5, 3), expected (5, 4)"),
    "another mask": ({"mask": np.ones((5, 3), bool)}, "mask has shape (5, 3), expected (5, 4)"),
}


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named_with_what_was_expected(change, told):
    model, batch = make_problem("gru")
    names = ("source", "lengths", "target_in", "targets", "mask")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        model.loss_and_grads(**dict(zip(names, batch, strict=True)) | change)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"longest": 0}, "greedy: longest is 0, expected 1 or more"),
        ({"start": 5}, "greedy: start is 5, expected 0 … 4"),
        ({"stop": -1}, "greedy: stop is -1, expected 0 … 4"),
    ],
)
def test_a_wrong_wish_for_an_answer_is_named(change, told):
    model, (source, lengths, *_) = make_problem("gru")
    with pytest.raises(ValueError, match=told):
        model.greedy(source, lengths, **{"start": START, "stop": STOP, "longest": 3} | change)


def test_a_cell_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="cell: kind is 'mgu'"):
        EncoderDecoder(3, 3, 2, 2, np.random.default_rng(0), cell="mgu")
