"""What chapter 1 says of its figures, tried to refute: other seeds, sizes, optimizers and a longer training."""

import re
from collections import Counter

import numpy as np
import pytest
from page_cells import definitions

from unrolled import Adam, RMSProp, affine_backward, affine_forward, softmax_cross_entropy
from unrolled.texts import python_topics

LETTERS = " abcdefghijklmnopqrstuvwxyz"
TEXT = re.sub("[^a-z]+", " ", python_topics().lower())[:90_000]
TOKENS = np.array([LETTERS.index(letter) for letter in TEXT])


@pytest.fixture(scope="module")
def chapter():
    """Return the functions of the chapter by name; nothing else of its cells is run."""
    names = definitions("01-the-limits-of-feed-forward-networks")
    names["letters"] = LETTERS
    return names


def bits_own_and_new(chapter, width, seed, **training):
    """Train a network as the chapter does; return its bits on the text that it saw and on text that was held out."""
    rng = np.random.default_rng(seed)
    to_train, held_out = chapter["cut_up"](TOKENS, width, rng)
    params = chapter["train"](to_train, rng, **training)
    return chapter["bits_left"](params, to_train[::10]), chapter["bits_left"](params, held_out)


def bits_on_new_text(chapter, width, seed, **training):
    """Train a network as the chapter does; return its bits on text that was held out."""
    return bits_own_and_new(chapter, width, seed, **training)[1]


# --------------------------------------------------------------------------------------------------- the network


@pytest.mark.parametrize(("N", "D", "H", "V"), [(4, 5, 6, 3), (1, 7, 2, 5), (9, 1, 1, 2)])
def test_the_network_and_its_gradients_are_those_of_the_layers_of_the_course(chapter, N, D, H, V):
    rng = np.random.default_rng(N)
    x, targets = rng.normal(size=(N, D)), rng.integers(0, V, N)
    W1, b1, W2, b2 = (rng.normal(size=shape) for shape in [(D, H), (H,), (H, V), (V,)])
    y, cache = chapter["mlp_forward"](x, W1, b1, W2, b2)
    loss, dy = chapter["cross_entropy"](y, targets)
    z, first = affine_forward(x, W1, b1)
    expected_y, second = affine_forward(np.tanh(z), W2, b2)
    expected_loss, expected_dy = softmax_cross_entropy(expected_y, targets)
    dh, dW2, db2 = affine_backward(expected_dy, second)
    dx, dW1, db1 = affine_backward(dh * (1 - np.tanh(z) ** 2), first)
    np.testing.assert_allclose(y, expected_y, rtol=1e-12)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    for gradient, expected in zip(
        (dy, *chapter["mlp_backward"](dy, cache)), (expected_dy, dx, dW1, db1, dW2, db2), strict=True
    ):
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-14)


def test_the_softmax_does_not_overflow(chapter):
    np.testing.assert_allclose(chapter["softmax"](np.array([[1000.0, 1000.0, -1000.0]])), [[0.5, 0.5, 0]])


def test_the_loss_of_a_letter_whose_chance_rounds_to_zero_is_finite_and_the_scores_stay_as_they_were(chapter):
    y = np.array([[1000.0, -1000.0, 0.0]])
    loss, dy = chapter["cross_entropy"](y, np.array([1]))
    assert loss == pytest.approx(2000)
    np.testing.assert_array_equal(dy, [[1, -1, 0]])
    np.testing.assert_array_equal(y, [[1000, -1000, 0]])


@pytest.mark.parametrize(("width", "V"), [(1, 3), (2, 3), (5, 4)])
def test_a_window_holds_the_letters_before_its_target_in_their_order(chapter, width, V):
    tokens = np.random.default_rng(width).integers(0, V, 12)
    x = chapter["windows"](tokens, width, V)
    assert x.shape == (12 - width, width * V)
    for n, row in enumerate(x.reshape(len(x), width, V)):
        assert row.sum() == width
        np.testing.assert_array_equal(row.argmax(axis=1), tokens[n : n + width])


def test_the_error_of_a_central_difference_falls_to_a_quarter_when_the_step_is_halved(chapter):
    x = np.array([[0.3, -0.7]])
    exact = np.exp(0.3) * np.array([[np.sin(-0.7), np.cos(-0.7)]])
    errors = [
        np.abs(chapter["central_difference"](lambda x: np.exp(x[0, 0]) * np.sin(x[0, 1]), x, eps) - exact).max()
        for eps in (0.2, 0.1, 0.05)
    ]
    assert np.divide(errors[:-1], errors[1:]) == pytest.approx([4, 4], rel=0.02)
    np.testing.assert_array_equal(x, [[0.3, -0.7]])  # left as it was


# ------------------------------------------------------------------------------------------------------- counting


@pytest.mark.parametrize("width", [0, 1, 3, 8])
def test_the_conditional_entropy_is_that_of_the_windows_weighted_by_how_often_they_stand_there(chapter, width):
    text = TEXT[:5000]
    after = {}
    for i in range(len(text) - width):
        after.setdefault(text[i : i + width], Counter())[text[i + width]] += 1
    expected = sum(c.total() * chapter["bits_of"](c) for c in after.values()) / (len(text) - width)
    assert chapter["conditional_entropy"](TOKENS[:5000], width) == pytest.approx(expected, abs=1e-9)


def test_the_pencil_text_leaves_half_a_bit_to_one_letter_and_none_to_two(chapter):
    tokens = np.array(["abc".index(letter) for letter in "abacabaca"])
    assert [chapter["conditional_entropy"](tokens, width) for width in (1, 2)] == pytest.approx([0.5, 0])


@pytest.mark.parametrize("width", [1, 2, 3])
def test_counts_say_too_few_bits_on_average_and_the_fewer_the_shorter_the_text(chapter, width):
    rng = np.random.default_rng(5)
    truth = np.log2(27)  # of letters that are drawn at random, whatever the window
    means = [
        np.mean([chapter["conditional_entropy"](rng.integers(0, 27, length), width) for _ in range(10)])
        for length in (500, 2000, 8000)
    ]
    assert means[0] < means[1] < means[2] < truth


def test_most_windows_of_eight_letters_stand_in_the_text_once():
    times = Counter(TEXT[i : i + 8] for i in range(len(TEXT) - 8))
    assert np.mean([count == 1 for count in times.values()]) > 0.5


def test_the_text_does_not_know_the_word_layer(chapter):
    assert "layer" not in TEXT
    assert len(chapter["followers"](TEXT, "ye")) > 1
    assert set(chapter["followers"](TEXT, "aye")) == set(chapter["followers"](TEXT, "laye")) == {"d"}


@pytest.mark.parametrize("T", [1, 2, 7, 12])
def test_of_a_parity_one_bit_is_left_by_every_window_but_the_whole(chapter, T):
    assert [chapter["parity_bits"](T, width) for width in range(T + 1)] == [1] * T + [0]


@pytest.mark.parametrize("longest", [0, 3, 9])
def test_of_a_bracket_one_bit_is_left_in_every_text_that_is_longer_than_the_window(chapter, longest):
    for width in range(1, longest + 3):
        longer = sum(1 + length > width for length in range(longest + 1))  # with the bracket itself
        assert chapter["bracket_bits"](longest, width) == pytest.approx(longer / (longest + 1))


# ----------------------------------------------------------------------------------------- bits against the width


def test_all_widths_are_asked_for_the_same_letters_and_none_of_those_held_out_is_trained_on(chapter):
    numbers = np.arange(90_000)  # every letter is its own place in the text
    asked = [chapter["cut_up"](numbers, width, np.random.default_rng(7)) for width in (1, 2, 4, 8)]
    for to_train, held_out in asked:
        assert (np.diff(to_train, axis=1) == 1).all()
        assert (np.diff(held_out, axis=1) == 1).all()
        assert not np.intersect1d(to_train, held_out).size
        np.testing.assert_array_equal(to_train[:, -1], asked[0][0][:, -1])
        np.testing.assert_array_equal(held_out[:, -1], asked[0][1][:, -1])
        assert len(held_out) * 9 == len(to_train)


@pytest.mark.slow
@pytest.mark.parametrize(
    "training",
    [{"updates": 2000, "rate": 0.02}, {"H": 128}, {"batch": 32, "updates": 2000, "rate": 0.02}],
    ids=["twice the updates", "twice the units", "small batches"],
)
def test_two_letters_tell_more_than_one_and_four_more_than_two_in_other_trainings(chapter, training):
    one, two, four = (bits_on_new_text(chapter, width, 40, **training) for width in (1, 2, 4))
    assert one - two > 0.5
    assert two - four > 0.15


@pytest.mark.long
@pytest.mark.parametrize("seed", [41, 42])
@pytest.mark.parametrize(("optimizer", "rate"), [(Adam, 0.01), (RMSProp, 0.01)])
def test_at_eight_times_the_updates_eight_letters_know_their_own_text_better_and_new_text_worse_than_four(
    chapter, monkeypatch, optimizer, rate, seed
):
    monkeypatch.setitem(chapter, "Adam", optimizer)
    training = {"H": 128, "updates": 8000, "rate": rate}
    own, new = np.transpose([bits_own_and_new(chapter, width, seed, **training) for width in (1, 2, 4, 8)])
    assert new[0] - new[1] > 0.5
    assert new[1] - new[2] > 0.3
    assert own[2] - own[3] > 0.1
    assert new[3] - new[2] > 0.03
    counted = [chapter["conditional_entropy"](TOKENS, width) for width in (1, 2, 4, 8)]
    assert (new > counted).all()


def test_the_pencil_numbers_of_the_way_back_are_those_of_the_network(chapter):
    x, W1, b1 = np.array([[2.0, 1.0]]), np.array([[1.0, -0.5], [-0.5, 1.0]]), np.array([-0.4, 0.0])
    W2 = np.array([[5.0, 0.0, -5.0], [0.0, 0.0, 0.0]])
    _, cache = chapter["mlp_forward"](x, W1, b1, W2, np.zeros(3))
    dy = np.array([[0.5, -0.75, 0.25]])
    assert (dy @ W2.T)[0, 0] == 1.25
    _, dW1, db1, _, _ = chapter["mlp_backward"](dy, cache)
    np.testing.assert_allclose([db1[0], dW1[0, 0]], [0.45, 0.9], atol=0.005)
