"""What chapter 7 says of its figures, tried to refute: more updates, other cells, optimizers, sizes and seeds."""

import re
from functools import partial

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from page_cells import definitions, is_constant

from unrolled import GRU, RNN, Adam, Bidirectional, RMSProp, Stacked
from unrolled.tasks import adding, baseline
from unrolled.training import updates_until_learned

CHAPTER = "07-deeper-and-in-both-directions"


def names_of(*cells):
    """Return the imports, constants in capitals and functions of some cells of the chapter, by name."""
    return definitions(CHAPTER, *cells, also=is_constant)


# ------------------------------------------------------------------------------------------------- the vowels


def test_a_star_stands_for_every_vowel_and_the_answer_is_the_vowel():
    chapter = names_of("vowels")
    seen, vowel = chapter["starred"]("a bird eats")
    assert "".join(chapter["LETTERS"][number] for number in seen) == "* b*rd **ts"
    assert "".join(chapter["VOWELS"][number] for number in vowel if number >= 0) == "aiea"
    assert (vowel >= 0).sum() == 4


def test_the_text_to_be_judged_on_is_not_part_of_what_is_learned_from():
    chapter = names_of("vowels")
    read, held = chapter["paragraphs"]()
    assert re.fullmatch("[a-z ]+", read + held)
    assert "  " not in read + held
    assert 8 < len(read) / len(held) < 14
    inside = [held[start : start + 60] in read for start in range(0, len(held) - 60, 60)]
    assert np.mean(inside) < 0.02


@pytest.mark.parametrize("late", [0, 2, 8])
def test_the_vowel_is_asked_for_so_many_letters_late_and_never_before_it_was_seen(late):
    chapter = names_of("vowels")
    x, targets, mask = chapter["draw"](np.random.default_rng(0), late)
    star = x[:, :, chapter["LETTERS"].index("*")] == 1
    assert not mask[:, :late].any()
    np.testing.assert_array_equal(mask[:, late:], star[:, : 40 - late])
    text, vowels = chapter["READ"]
    letters, windows = x.argmax(axis=2), sliding_window_view(text, 40)[:-1]
    for row in range(16):  # the places of this row in the text; the answers are the vowels there
        starts = np.flatnonzero((windows == letters[row]).all(axis=1))
        expected = [vowels[s : s + 40 - late][star[row, : 40 - late]] for s in starts]
        assert any(np.array_equal(targets[row, late:][mask[row, late:]], answer) for answer in expected)


class Oracle:
    """Answers with the vowel that stood `late` letters before, where it knows it; it knows each third row only."""

    def __init__(self, chapter, late):
        self.vowels, self.late = chapter["HELD"][1], late

    def forward(self, x):
        start = np.arange(0, len(self.vowels) - 40, 4)
        y = np.zeros((*x.shape[:2], 5))
        for row, first in enumerate(start):
            for t in range(self.late, 40):
                vowel = self.vowels[first + t - self.late]
                y[row, t, vowel if row % 3 == 0 else (vowel + 1) % 5] = 1
        return y, None


@pytest.mark.parametrize("late", [0, 2])
def test_the_share_of_right_vowels_is_counted_at_the_place_that_was_asked_for(late):
    chapter = names_of("vowels")
    shares = chapter["right_at"](Oracle(chapter, late), late)
    assert shares.shape == (40 - late,)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.08)
    wrong = chapter["right_at"](Oracle(chapter, late + 1), late)
    assert wrong.mean() != pytest.approx(1 / 3, abs=0.02)


def inside(chapter, model, late=0):
    return chapter["right_at"](model, late)[15:30].mean()


@pytest.mark.long
def test_eight_times_the_updates_leave_the_order_forward_both_and_waiting_for_two_letters():
    chapter = names_of("vowels")
    trained = partial(chapter["trained"], updates=2400)
    seeds = range(20, 24)
    forward = np.array([inside(chapter, trained("forward", seed)) for seed in seeds])
    waits = np.array([inside(chapter, trained("forward", seed, 2), 2) for seed in seeds])
    both = np.array([inside(chapter, trained("both", seed)) for seed in seeds])
    print(forward.round(3), waits.round(3), both.round(3))
    assert both.min() > forward.max() + 0.1
    assert waits.mean() > both.mean()
    np.testing.assert_allclose([forward.mean(), both.mean(), waits.mean()], [0.61, 0.81, 0.83], atol=0.02)


@pytest.mark.long
@pytest.mark.parametrize("how", ["GRU", "RMSProp", "four times the weights"])
def test_both_directions_beat_the_forward_one_with_other_cells_optimizers_and_sizes(how):
    chapter = names_of("vowels")
    shares = {"both": [], "forward": []}
    for seed in range(20, 25):
        for kind, scores in shares.items():
            rng = np.random.default_rng(seed)
            wide = 2 if how == "four times the weights" else 1
            options = {"cell": "gru"} if how == "GRU" else {}
            both = kind == "both"
            model = (
                Bidirectional(28, 24 * wide, 5, rng, **options)
                if both
                else (GRU if how == "GRU" else RNN)(28, 40 * wide, 5, rng)
            )
            optimizer = RMSProp(0.005) if how == "RMSProp" else Adam(0.02 / wide)
            model.fit(lambda r=rng: chapter["draw"](r), optimizer, updates=300, clip=1.0)
            scores.append(inside(chapter, model))
    assert min(shares["both"]) > max(shares["forward"]) + 0.05


@pytest.mark.slow
def test_without_lengths_the_answers_that_change_are_those_near_the_end():
    chapter = names_of("vowels")
    model = chapter["trained"]("both", 20)
    start = np.arange(0, len(chapter["HELD"][0]) - 12, 5)[:, None] + np.arange(12)
    short = np.eye(28)[chapter["HELD"][0][start]]
    padded = np.concatenate([short, np.zeros((len(short), 30, 28))], axis=1)
    alone = model.forward(short)[0].argmax(axis=2)
    np.testing.assert_array_equal(model.forward(padded, np.full(len(short), 12))[0].argmax(axis=2)[:, :12], alone)
    changed = (model.forward(padded)[0].argmax(axis=2)[:, :12] != alone).mean(axis=0)
    assert changed[-1] > 0.01
    assert changed[:6].max() < changed[-1] / 3


# -------------------------------------------------------------------------------------------------- the depth


def chapter_of_depth():
    return names_of("vowels", "depth-tasks", "sizing", "depth-run")


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_the_number_of_weights_is_that_of_the_model_and_one_unit_more_would_be_too_many(layers):
    chapter = chapter_of_depth()
    for D in (1, 6, 7, 30):
        for P in (100, 500, 5000):
            H = chapter["units_for"](P, D, layers)
            model = Stacked(D, H, 2, np.random.default_rng(0), layers=layers)
            below = sum(array.size for name, array in model.params.items() if name not in ("Wy", "by"))
            assert below == chapter["weights"](D, H, layers)
            assert H == 1 or below <= P
            assert chapter["weights"](D, H + 1, layers) > P


def waits(task, layers, seeds, *, P=500, budget=8000, optimizer=Adam, factor=1.0, rate=None, row=None):
    """Return the updates that stacks of plain layers need, at a factor times the page's rate or at another."""
    chapter = chapter_of_depth()
    drawn, D, V, rates = row or chapter["TASKS"][task]
    loss = "squared_error" if task == "adding" else "cross_entropy"
    guess = baseline(adding) if task == "adding" else chapter["guessing"](task)
    learned = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        model = Stacked(D, chapter["units_for"](P, D, layers), V, rng, layers=layers, loss=loss)
        stop = {"below": 0.3 * guess, "over": 10, "budget": budget, "clip": 1.0}
        step = optimizer(rate or factor * rates[layers])
        learned.append(updates_until_learned(model, step, lambda r=rng: drawn(r), **stop))
    return np.array(learned)


def test_a_wait_of_the_page_is_one_of_these():
    assert chapter_of_depth()["wait"]("brackets", 2, 3) == waits("brackets", 2, [3], budget=1000)[0]


CIRCUMSTANCES = {
    "eight times the budget": {},
    "four times the weights": {"P": 2000, "factor": 0.5},
    "RMSProp": {"optimizer": RMSProp, "factor": 0.3},
    "half the rates": {"factor": 0.5},
}
EVERYWHERE = pytest.mark.parametrize("how", CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)


@pytest.mark.long
@EVERYWHERE
def test_four_layers_echo_ten_steps_sooner_than_one(how):
    one, four = (waits("echo", layers, range(20, 30), **how) for layers in (1, 4))
    print(np.median(one), np.median(four))
    assert np.median(four) < 0.7 * np.median(one)


@pytest.mark.long
@EVERYWHERE
@pytest.mark.parametrize("task", ["brackets", "order"])
def test_four_layers_are_slower_than_one_on_brackets_and_order(task, how):
    one, four = (waits(task, layers, range(20, 30), **how) for layers in (1, 4))
    print(np.median(one), np.median(four))
    assert np.median(four) > 1.1 * np.median(one)


@pytest.mark.long
@pytest.mark.parametrize(("task", "P"), [("brackets", 420), ("order", 413)])
def test_four_layers_are_slower_than_one_layer_that_has_no_more_weights_than_they(task, P):
    chapter = chapter_of_depth()
    D = chapter["TASKS"][task][1]
    assert chapter["weights"](D, chapter["units_for"](500, D, 4), 4) == P
    one, four = (np.median(waits(task, layers, range(20, 30), P=most)) for layers, most in ((1, P), (4, 500)))
    print(one, four)
    assert 1.5 < four / one < 3


@pytest.mark.long
def test_on_adding_one_layer_and_two_are_a_tie():
    row = (partial(adding, T=20, N=16), 2, 1, {1: 0.0025, 2: 0.005})
    one, two = (np.median(waits("adding", layers, range(20, 30), row=row)) for layers in (1, 2))
    print(one, two)
    assert 0.7 < two / one < 1.4


@pytest.mark.long
@pytest.mark.parametrize("task", ["brackets", "order", "copy", "echo"])
def test_the_rates_are_the_best_of_four_among_those_at_which_all_five_networks_learn(task):
    rates = chapter_of_depth()["TASKS"][task][3]
    for layers, chosen in rates.items():
        how = {"seeds": range(100, 105), "budget": 1000 if task == "echo" else 800}
        tried = {rate: waits(task, layers, rate=rate, **how) for rate in (0.005, 0.01, 0.02, 0.04)}
        lowest = min(np.median(runs) for runs in tried.values() if np.isfinite(runs).all())
        print(task, layers, {rate: (np.median(runs), np.isfinite(runs).sum()) for rate, runs in tried.items()})
        assert np.isfinite(tried[chosen]).all()
        assert np.median(tried[chosen]) < 1.1 * lowest
