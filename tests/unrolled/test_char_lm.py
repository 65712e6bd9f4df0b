"""The language model of characters: its batches, its gradients, its state, what it writes and what it searches."""

from itertools import product

import numpy as np
import pytest
from central_differences import numeric

from unrolled import Adam
from unrolled.char_lm import CharLM, decode, encode, sample_token, text_batches

V, D, H, N, T = 5, 3, 4, 2, 6
LAYERS = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "two of gru": {"cell": "gru", "layers": 2},
    "two of lstm": {"cell": "lstm", "layers": 2},
}
STATES = {"rnn": 1, "lstm": 2, "gru": 1, "two of gru": 2, "two of lstm": 4}
each_cell = pytest.mark.parametrize("cell", LAYERS)


def small(cell, seed=0):
    """Return a model, tokens, targets, a mask and an initial state, all random."""
    rng = np.random.default_rng(seed)
    model = CharLM(V, D, H, rng, **LAYERS[cell])
    for array in model.params.values():
        array += 0.6 * rng.standard_normal(array.shape)
    mask = rng.random((N, T)) < 0.7
    mask[0, :2] = True, False
    state = tuple(0.5 * rng.standard_normal((N, H)) for _ in range(STATES[cell]))
    return model, rng.integers(0, V, (N, T)), rng.integers(0, V, (N, T)), mask, state


def peaked(cell="lstm", seed=1):
    """Return a model whose likeliest beginning is not that of its likeliest text."""
    model = CharLM(V, D, H, np.random.default_rng(seed), **LAYERS[cell])
    model.params["Wy"] *= 4
    return model


# --------------------------------------------------------------------------------------------- texts and batches


def test_decoding_is_the_inverse_of_encoding():
    tokens = encode("abacus", "abcsu")
    np.testing.assert_array_equal(tokens, [0, 1, 0, 2, 4, 3])
    assert decode(tokens, "abcsu") == "abacus"


def test_a_batch_goes_on_where_the_one_before_ended_and_its_targets_are_one_step_later():
    text = np.arange(27)
    batches = text_batches(text, 2, 4)
    assert len(batches) == 3  # 26 tokens have one after them; two streams of twelve, two are left out
    for place, (tokens, targets) in enumerate(batches):
        np.testing.assert_array_equal(tokens, [[4 * place + t + 12 * n for t in range(4)] for n in range(2)])
        np.testing.assert_array_equal(targets, tokens + 1)


def test_a_text_of_one_token_more_than_a_batch_is_a_batch():
    ((tokens, targets),) = text_batches(np.arange(9), 2, 4)
    assert (tokens.max(), targets.max()) == (7, 8)


# ----------------------------------------------------------------------------------------------------- gradients


@each_cell
def test_gradients_of_every_parameter_agree_with_central_differences(cell):
    model, tokens, targets, mask, state = small(cell)
    _, grads = model.loss_and_grads(tokens, targets, mask, state)
    assert grads.keys() == model.params.keys()
    assert model.grads is grads
    for name, array in model.params.items():
        expected = numeric(lambda: model.loss_and_grads(tokens, targets, mask, state)[0], array)
        assert grads[name].shape == array.shape
        assert np.linalg.norm(grads[name] - expected) < 1e-8 * np.linalg.norm(expected), name


@each_cell
def test_batches_with_the_state_carried_have_the_loss_of_the_long_text_and_its_truncated_gradient(cell):
    model, tokens, targets, _, state = small(cell, seed=1)
    whole_loss, whole = model.loss_and_grads(tokens, targets, None, state)
    _, cut = model.loss_and_grads(tokens, targets, None, state, segment=3)
    parts = []
    for part in (slice(0, 3), slice(3, 6)):
        parts.append(model.loss_and_grads(tokens[:, part], targets[:, part], None, state))
        state = model.state
    assert np.mean([loss for loss, _ in parts]) == pytest.approx(whole_loss, rel=1e-12)
    for name in model.params:
        np.testing.assert_allclose(np.mean([grads[name] for _, grads in parts], axis=0), cut[name], atol=1e-14)
    assert np.linalg.norm(cut["E"] - whole["E"]) > 0.003 * np.linalg.norm(whole["E"])


@each_cell
def test_what_is_masked_counts_for_nothing(cell):
    model, tokens, targets, mask, state = small(cell)
    loss, grads = model.loss_and_grads(tokens, targets, mask, state)
    other, same = model.loss_and_grads(tokens, np.where(mask, targets, -1), mask, state)
    assert loss == other
    np.testing.assert_array_equal(grads["E"], same["E"])
    assert loss != model.loss_and_grads(tokens, targets, None, state)[0]


def test_one_layer_has_the_plain_names_and_more_have_numbers():
    names = {layers: list(CharLM(V, D, H, np.random.default_rng(0), layers=layers).params) for layers in (1, 2)}
    assert names[1] == ["E", "Wx", "Wh", "b", "Wy", "by"]
    assert names[2] == ["E", "Wx1", "Wh1", "b1", "Wx2", "Wh2", "b2", "Wy", "by"]


def test_an_embedding_that_was_not_read_has_no_gradient():
    model, *_ = small("gru")
    _, grads = model.loss_and_grads(np.array([[0, 2, 2]]), np.array([[1, 1, 1]]))
    np.testing.assert_array_equal(grads["E"].any(axis=1), [True, False, True, False, False])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_gradients_and_state_have_the_dtype_that_was_asked_for(dtype):
    model = CharLM(V, D, H, np.random.default_rng(0), dtype=dtype)
    tokens = np.random.default_rng(1).integers(0, V, (N, T))
    losses = model.fit(lambda: (tokens, tokens, None, None), Adam(0.01), updates=3, clip=1.0)
    assert losses.shape == (3,)
    arrays = [*model.params.values(), *model.grads.values(), *model.state, model.forward(tokens)[0]]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


# ------------------------------------------------------------------------------------------------------- reading


@each_cell
def test_reading_hands_on_the_state_and_begins_the_text_with_none(cell):
    model = small(cell)[0]
    text = np.random.default_rng(2).integers(0, V, 25)
    draw, given, left = model.reading(text, 2, 4), [], []
    for _ in range(7):
        tokens, targets, mask, state = draw()
        given.append(state)
        model.loss_and_grads(tokens, targets, mask, state)
        left.append(model.state)
    assert [state is None for state in given] == [True, False, False, True, False, False, True]
    for place in (1, 2, 4, 5):
        for array, expected in zip(given[place], left[place - 1], strict=True):
            np.testing.assert_array_equal(array, expected)
    without = model.reading(text, 2, 4, carry=False)
    assert [without()[3] for _ in range(4)] == [None] * 4


def test_it_learns_a_text_that_repeats_and_writes_on():
    alphabet = " abcd"
    text = encode("abacad " * 40, alphabet)
    model = CharLM(5, 4, 12, np.random.default_rng(0))
    losses = model.fit(model.reading(text, 4, 7), Adam(0.02), updates=200, clip=1.0)
    assert losses[0] > 1.3
    assert losses[-1] < 0.05
    written = model.generate(np.random.default_rng(0), encode("abac", alphabet), 10, temperature=0.1)
    assert decode(written, alphabet) == "ad abacad "


def test_the_same_seed_gives_the_same_model_and_the_same_text():
    def written():
        rng = np.random.default_rng(3)
        model = CharLM(V, D, H, rng)
        text = rng.integers(0, V, 100)
        model.fit(model.reading(text, 2, 8), Adam(0.01), updates=10)
        return model.generate(rng, text[:3], 30)

    np.testing.assert_array_equal(written(), written())


# ---------------------------------------------------------------------------------------------------- perplexity


def test_the_perplexity_of_a_model_that_knows_nothing_is_the_size_of_the_alphabet():
    model = CharLM(V, D, H, np.random.default_rng(0))
    model.params["Wy"][:] = 0
    assert model.perplexity(np.random.default_rng(1).integers(0, V, 40)) == pytest.approx(V)


def test_three_probabilities_of_a_half_a_quarter_and_an_eighth_have_perplexity_four():
    model = CharLM(V, D, H, np.random.default_rng(0))
    model.params["Wy"][:] = 0
    model.params["by"][:] = np.log([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16])
    np.testing.assert_allclose(model.log_probabilities([4, 0, 1, 2]), np.log([1 / 2, 1 / 4, 1 / 8]))
    assert model.perplexity([4, 0, 1, 2]) == pytest.approx(4)


@each_cell
def test_the_perplexity_of_a_text_longer_than_a_piece_is_that_of_one_long_batch(cell):
    model = small(cell)[0]
    tokens = np.random.default_rng(4).integers(0, V, 1030)
    loss, _ = model.loss_and_grads(tokens[None, :-1], tokens[None, 1:])
    assert model.perplexity(tokens) == pytest.approx(np.exp(loss), rel=1e-12)
    assert model.log_probabilities(tokens).shape == (1029,)
    assert model.perplexity(tokens[:514]) == pytest.approx(np.exp(-model.log_probabilities(tokens)[:513].mean()))


# ------------------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_as_often_as_the_temperature_says(temperature):
    p, rng = np.array([0.5, 0.3, 0.2]), np.random.default_rng(0)
    expected = p ** (1 / temperature) / np.sum(p ** (1 / temperature))
    drawn = [sample_token(np.log(p) + 7, temperature, rng) for _ in range(20_000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 20_000, expected, atol=0.015)


def test_far_scores_overflow_nothing_and_an_impossible_token_is_never_drawn():
    rng = np.random.default_rng(0)
    assert {sample_token(np.array([1000.0, -1000.0, 999.0]), 0.01, rng) for _ in range(50)} == {0}
    with np.errstate(divide="ignore"):
        logits = np.log([0.0, 0.5, 0.0, 0.5, 0.0])
    assert {sample_token(logits, 1.0, rng) for _ in range(200)} == {1, 3}


class Always:
    """A generator of one number."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


def test_the_least_and_the_largest_random_number_draw_the_first_and_the_last_token_that_can_come():
    least, largest = Always(0.0), Always(np.nextafter(1, 0))
    assert sample_token(np.zeros(7), 1.0, least) == 0
    assert sample_token(np.zeros(7), 1.0, largest) == 6
    between = np.array([-np.inf, 0.0, 0.0, -np.inf])
    assert [sample_token(between, 1.0, number) for number in (least, largest)] == [1, 2]


@each_cell
def test_writing_reads_what_was_written_as_if_it_were_the_prompt(cell):
    model, prompt = small(cell)[0], np.array([1, 4])
    written = model.generate(np.random.default_rng(5), prompt, 12, temperature=0.8)
    rng, text = np.random.default_rng(5), list(prompt)
    for _ in range(12):
        y, _ = model.forward(np.array([text]))
        text.append(sample_token(y[0, -1], 0.8, rng))
    np.testing.assert_array_equal(written, text[2:])
    assert len(set(text)) > 1


def test_writing_leaves_the_state_of_the_training_alone():
    model, tokens, targets, mask, state = small("lstm")
    model.loss_and_grads(tokens, targets, mask, state)
    kept, copies = model.state, [array.copy() for array in model.state]
    model.generate(np.random.default_rng(0), [0], 5)
    model.beam([0], 3, 2)
    model.perplexity([0, 1, 2])
    assert model.state is kept
    for array, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_nothing_is_written_where_nothing_was_asked_for():
    model = small("gru")[0]
    assert model.generate(np.random.default_rng(0), [0], 0).shape == (0,)
    tokens, score = model.beam([0], 0, 3)
    assert (tokens.shape, score) == ((0,), 0)


# ---------------------------------------------------------------------------------------------------------- beam


def log_probability(model, prompt, tokens):
    """Return ln p of tokens after a prompt, from one pass over all of them."""
    return model.log_probabilities(np.concatenate([prompt, tokens]))[len(prompt) - 1 :].sum()


@each_cell
def test_a_beam_that_keeps_everything_finds_the_likeliest_of_all_texts(cell):
    model, prompt = peaked(cell), np.array([2, 0])
    every = [np.array(text) for text in product(range(V), repeat=4)]
    scores = [log_probability(model, prompt, text) for text in every]
    tokens, score = model.beam(prompt, 4, V**3)
    np.testing.assert_array_equal(tokens, every[np.argmax(scores)])
    assert score == pytest.approx(max(scores), rel=1e-10)


@each_cell
def test_a_beam_of_one_takes_the_likeliest_token_at_each_step(cell):
    model, text = peaked(cell), [3]
    tokens, score = model.beam(np.array([3]), 8, 1)
    for _ in range(8):
        text.append(model.forward(np.array([text]))[0][0, -1].argmax())
    np.testing.assert_array_equal(tokens, text[1:])
    assert score == pytest.approx(log_probability(model, np.array([3]), tokens), rel=1e-10)


def test_a_wider_beam_finds_a_likelier_text_where_the_likeliest_beginning_leads_astray():
    gains = []
    for seed in range(10):
        model = peaked(seed=seed)
        tokens, score = model.beam([0], 6, 4)
        assert score == pytest.approx(log_probability(model, [0], tokens), rel=1e-10)
        gains.append(score - model.beam([0], 6, 1)[1])
    assert max(gains) > 0.3


def test_among_equals_the_first_of_the_alphabet_is_kept():
    model = CharLM(100, D, H, np.random.default_rng(0))
    model.params["Wy"][:] = 0
    np.testing.assert_array_equal(model.beam([4], 3, 40)[0], [0, 0, 0])


# -------------------------------------------------------------------------------------------------------- errors

MODEL = CharLM(V, D, H, np.random.default_rng(0))
ERRORS = {
    "encode: text contains 'z', which is not in the alphabet; add or replace it.": lambda: encode("abz", "ab"),
    "text_batches: N is 0 and T is 4, expected 1 or more each; pass larger ones.": lambda: text_batches(
        np.arange(9), 0, 4
    ),
    "text_batches: tokens has 8 entries, expected at least N T + 1 = 9; "
    "pass a longer text, or a smaller N or T.": lambda: text_batches(np.arange(8), 2, 4),
    "text_batches: tokens has shape (1, 9) and dtype int64, expected one axis of integers; "
    "pass a text as `encode` returns it.": lambda: text_batches(np.arange(9)[None], 2, 4),
    "sample_token: temperature is 0, expected a number above 0; "
    "for the likeliest token take the argmax of the logits.": lambda: sample_token(
        np.zeros(3), 0, np.random.default_rng(0)
    ),
    "sample_token: logits has shape (1, 3), expected (V,); pass those of one step.": lambda: sample_token(
        np.zeros((1, 3)), 1, np.random.default_rng(0)
    ),
    "CharLM: cell is 'mgu', expected one of 'rnn', 'lstm', 'gru'; pass one of them.": lambda: CharLM(
        V, D, H, np.random.default_rng(0), cell="mgu"
    ),
    "CharLM.forward: tokens has shape (3,), expected (N, T) without an empty axis; put one text in each row.": lambda: (
        MODEL.forward(np.arange(3))
    ),
    "CharLM.loss_and_grads: tokens has shape (0, 3), expected (N, T) without an empty axis; "
    "put one text in each row.": lambda: MODEL.loss_and_grads(np.zeros((0, 3), int), np.zeros((0, 3), int)),
    "CharLM.loss_and_grads: segment is 0, expected 1 or more; None cuts nothing.": lambda: MODEL.loss_and_grads(
        np.zeros((1, 3), int), np.zeros((1, 3), int), segment=0
    ),
    "CharLM: state has length 1, expected 2 arrays; pass None where one is to be zeros.": lambda: MODEL.forward(
        [[0]], (np.zeros((1, H)),)
    ),
    "stacked_cell: layers is 0, expected at least 1; pass how many layers to stack.": lambda: CharLM(
        V, D, H, np.random.default_rng(0), layers=0
    ),
    "CharLM.log_probabilities: tokens has 1 entries, expected 2 or more; pass a longer text.": lambda: MODEL.perplexity(
        [0]
    ),
    "CharLM.log_probabilities: tokens contains -1, expected 0 … 4 (V = 5); check the alphabet.": lambda: (
        MODEL.perplexity([0, -1])
    ),
    "CharLM.generate: prompt is empty, expected a token or more; begin with a space.": lambda: MODEL.generate(
        np.random.default_rng(0), [], 3
    ),
    "CharLM.generate: length is -1, expected 0 or more; pass how many tokens to write.": lambda: MODEL.generate(
        np.random.default_rng(0), [0], -1
    ),
    "CharLM.beam: width is 0, expected 1 or more; 1 takes the likeliest at each step.": lambda: MODEL.beam([0], 3, 0),
}


@pytest.mark.parametrize("message", ERRORS)
def test_a_wrong_argument_is_refused_in_a_sentence_that_says_what_to_do(message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        ERRORS[message]()
    assert str(caught.value) == message
