"""What chapter 8 says of its figures, tried to refute: ten seeds, eight times the updates, another cell."""

import ast
from functools import cache

import numpy as np
import pytest
from page_cells import definitions

from unrolled.char_lm import decode, encode, sample_token

DATA = {"text", "alphabet", "V", "tokens", "train", "known", "strings", "STAGES", "prompt", "words"}
SEEDS = range(10)
KAPPAS = (3, 10, 30, 100)


@cache
def chapter():
    """Return the imports, the functions and the text of the chapter by name, without running what trains or draws."""
    return definitions("08-a-model-that-writes", also=is_data)


def is_data(node):
    if not isinstance(node, ast.Assign):
        return False
    return {name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)} & DATA != set()


@cache
def trained(seed, cell="lstm"):
    """Return the model of the chapter, or the same with another cell."""
    *_, model = chapter()["writer"](seed, cell=cell)
    return model


@cache
def best_counts():
    """Return the lowest perplexity of counts on the new text, whatever their context and their kappa: in hindsight."""
    return min(min(chapter()["count_perplexities"](*chapter()["strings"], 9, kappa)) for kappa in KAPPAS)


@cache
def chosen_counts():
    """Return the context and the kappa that the validation part asks for."""
    names = chapter()
    parts = [decode(names[part], names["alphabet"]) for part in ("train", "validation")]
    found = {kappa: names["count_perplexities"](*parts, 9, kappa) for kappa in KAPPAS}
    kappa = min(KAPPAS, key=lambda kappa: min(found[kappa]))
    return int(np.argmin(found[kappa])), kappa


# ------------------------------------------------------------------------------------------------ what measures


def test_the_text_is_cut_in_order_and_what_is_chosen_by_is_neither_learned_from_nor_reported_on():
    names = chapter()
    parts = [names[part] for part in ("train", "validation", "new")]
    assert decode(np.concatenate(parts), names["alphabet"]) == names["text"]
    assert np.array_equal(np.concatenate(parts[:2]), names["known"])
    assert [len(part) for part in parts] == pytest.approx(np.array([0.8, 0.1, 0.1]) * len(names["text"]), abs=1)


def test_counts_that_fall_back_give_every_character_a_share_and_the_shares_add_up_to_one(monkeypatch):
    names = chapter()
    known, sure = "abcabdabcabe", []
    for letter in "abcde":
        p = np.full(5, 1 / 5)
        for k in (0, 1, 2):
            context = "ab"[2 - k :]
            after = [known[i] for i in range(k, len(known)) if known[i - k : i] == context]
            p = [(after.count(v) + 10 * q) / (len(after) + 10) for v, q in zip("abcde", p, strict=True)]
        sure.append(p["abcde".index(letter)])
    assert sum(sure) == pytest.approx(1)
    monkeypatch.setitem(names, "V", 5)
    whole = [np.log(names["count_perplexities"](known, "ab" + letter, 2, 10)[2]) * 2 for letter in "abcde"]
    np.testing.assert_allclose(np.diff(whole), -np.diff(np.log(sure)), atol=1e-12)


def test_a_piece_is_repeated_if_it_stood_before_and_copied_if_it_stands_in_the_source():
    names = chapter()
    assert names["repeated"]("abcabcabc", size=3) == pytest.approx(4 / 7)
    assert names["repeated"]("abcdefghi", size=3) == 0
    assert names["longest_copy"]("xxthe catyy", "on the cat sat") == len("the cat")
    assert names["longest_copy"]("", "abc") == names["longest_copy"]("xyz", "abc") == 0


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_draw_of_the_page_is_that_of_the_course(temperature):
    for seed in range(200):
        logits = 3 * np.random.default_rng(seed).standard_normal(9)
        drawn = [
            draw(logits, temperature, np.random.default_rng(1000 + seed))
            for draw in (chapter()["sample_by_hand"], sample_token)
        ]
        assert drawn[0] == drawn[1]


def test_the_beam_step_of_the_page_makes_the_beam_of_the_course():
    names = chapter()
    model = names["CharLM"](5, 3, 4, np.random.default_rng(0))
    model.params["Wy"] *= 4
    S, pages = np.zeros(1), [[2]]
    for _ in range(6):
        y = np.array([model.forward(np.array([page]))[0][0, -1] for page in pages])
        log_p = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
        begun, ends, S = names["beam_by_hand"](S, log_p, 3)
        pages = [[*pages[k], v] for k, v in zip(begun, ends, strict=True)]
    tokens, score = model.beam([2], 6, 3)
    assert pages[0][1:] == list(tokens)
    assert S[0] == pytest.approx(score)


# ------------------------------------------------------------------------------------------- the order of models


@pytest.mark.long
def test_the_validation_part_asks_for_a_rate_that_is_lowered_and_does_not_tell_the_two_best_apart(monkeypatch):
    """The recipe of the page is the smaller one of the two."""
    names = chapter()
    monkeypatch.setitem(names, "known", names["train"])
    recipes = {rate: ((700, rate), (300, rate / 5)) for rate in (0.005, 0.01, 0.02, 0.04)}
    recipes["0.01 throughout"] = ((1000, 0.01),)
    found = {}
    for name, stages in recipes.items():
        models = [[*names["writer"](seed, stages=stages)][-1] for seed in range(3)]
        found[name] = np.mean([model.perplexity(names["validation"]) for model in models])
        print(name, found[name].round(3))
    assert abs(found[0.01] - found[0.02]) < 0.03
    assert max(found[0.01], found[0.02]) < min(found[0.005], found[0.04]) - 0.05
    assert found["0.01 throughout"] > found[0.01] + 0.2
    assert [rate for _, rate in names["STAGES"][1:]] == [0.01, 0.01, 0.01 / 5]


@pytest.mark.long
def test_the_network_is_below_the_best_counts_and_the_window_with_each_of_ten_seeds():
    names = chapter()
    lstm = np.array([trained(seed).perplexity(names["new"]) for seed in SEEDS])
    window = np.array([names["window_perplexity"](seed) for seed in SEEDS])
    context, kappa = chosen_counts()
    counts = names["count_perplexities"](*names["strings"], context, kappa)
    print(f"LSTM {lstm.min():.3f} to {lstm.max():.3f}, median {np.median(lstm):.3f}")
    print(f"counts: context {context}, kappa {kappa}: {counts[-1]:.3f}, in hindsight {best_counts():.3f}")
    print(f"window {window.min():.3f} to {window.max():.3f}; counts", np.round(counts, 2))
    assert lstm.max() < counts[-1]
    assert lstm.max() < window.min() - 0.2
    assert window.max() < counts[2] - 1 < counts[1] - 3 < counts[0] - 8
    assert counts[-1] < window.min() - 0.2


@pytest.mark.long
def test_a_gru_of_as_many_units_at_the_same_rates_comes_out_between_the_lstm_and_the_window():
    names = chapter()
    gru = [trained(seed, "gru").perplexity(names["new"]) for seed in range(3)]
    print("GRU", np.round(gru, 3))
    assert max(trained(seed).perplexity(names["new"]) for seed in range(3)) < min(gru)
    assert max(gru) < min(names["window_perplexity"](seed) for seed in range(3)) - 0.2


@pytest.mark.long
def test_the_carried_state_helps_where_the_pieces_are_short_with_each_of_ten_seeds():
    names = chapter()
    how = {"N": 64, "T": 8, "H": 64, "stages": ((500, 0.01),)}
    both = np.array(
        [
            [[*names["writer"](seed, carry=carry, **how)][-1].perplexity(names["new"]) for carry in (True, False)]
            for seed in SEEDS
        ]
    )
    gain = both[:, 1] - both[:, 0]
    print(f"zeros minus carried: {gain.min():.3f} to {gain.max():.3f}, median {np.median(gain):.3f}")
    assert gain.min() > 0
    assert np.median(gain) > 0.05


# --------------------------------------------------------------------------------- eight times the budget


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1])
def test_with_eight_times_the_updates_it_learns_the_text_by_heart_and_gets_worse_on_new_text(seed):
    names = chapter()
    stages = [(700, 0.01)] * 8 + [(300, 0.002)] * 8
    old, fresh = [], []
    for model in names["writer"](seed, stages=stages):
        old.append(model.perplexity(names["known"][:9000]))
        fresh.append(model.perplexity(names["new"]))
    page = decode(model.generate(np.random.default_rng(2), names["prompt"], 1500, 1.0), names["alphabet"])
    copy = names["longest_copy"](page, names["strings"][0])
    print("new text:", np.round(fresh, 2))
    print("known text:", np.round(old, 2), "longest copy", copy)
    assert min(fresh) > trained(seed).perplexity(names["new"]) + 0.1  # whenever one stops
    assert fresh[-1] > min(fresh) + 0.1
    assert old[-1] < trained(seed).perplexity(names["known"][:9000]) - 0.2


@pytest.mark.long
def test_the_window_of_four_does_not_catch_up_with_eight_times_the_updates_or_four_times_the_units():
    names = chapter()
    found = [
        names["window_perplexity"](seed, **how)
        for seed in (0, 1)
        for how in ({"updates": 16_000}, {"H": 512}, {"updates": 16_000, "rate": 0.005})
    ]
    print("window", np.round(found, 2))
    assert min(found) > max(trained(seed).perplexity(names["new"]) for seed in SEEDS) + 0.1


# ------------------------------------------------------------------------------------------------- what it writes


@pytest.mark.long
def test_warmer_is_more_open_and_has_fewer_real_words_with_each_of_ten_seeds():
    names = chapter()
    for seed in SEEDS:
        model = trained(seed)
        warm = [model.generate(np.random.default_rng(2), names["prompt"], 1500, tau) for tau in (0.25, 0.5, 1.0, 2.0)]
        bits = [names["bits_of_draws"](model, page, tau) for page, tau in zip(warm, (0.25, 0.5, 1.0, 2.0), strict=True)]
        real = [names["real_words"](decode(page, names["alphabet"])) for page in warm]
        print(seed, np.round(bits, 2), np.round(real, 2))
        assert min(np.diff(bits)) > 0.2
        assert real[1] > 0.9 > 0.85 > real[2] > 0.6 > 0.3 > real[3]
        surely, cost = names["bits_of_draws"](model, names["new"], 1.0), np.log2(model.perplexity(names["new"]))
        print("   while it reads new text:", round(surely, 2), "its cost", round(cost, 2))
        assert surely < cost - 0.1


def starts_and_ends():
    lines = [line for line in chapter()["strings"][1].split("\n")[1:] if len(line) > 200][:10]
    return [[encode(line[part], chapter()["alphabet"]) for line in lines] for part in (slice(20), slice(20, 140))]


@pytest.mark.long
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_wider_beam_finds_likelier_texts_and_these_repeat_themselves(cell):
    names, (starts, ends), less = chapter(), starts_and_ends(), []
    for seed in SEEDS if cell == "lstm" else range(3):
        model = trained(seed, cell)
        found = {width: [model.beam(start, 120, width) for start in starts] for width in (1, 4, 16)}
        score = {width: np.array([value for _, value in each]) for width, each in found.items()}
        again = {
            width: np.mean([names["repeated"](names["shown"](page)) for page, _ in each])
            for width, each in found.items()
        }
        drawn = [model.generate(np.random.default_rng(i), start, 120) for i, start in enumerate(starts)]
        by_chance = np.mean([names["repeated"](names["shown"](page)) for page in drawn])
        real = np.mean([names["repeated"](names["shown"](page)) for page in ends])
        print(cell, seed, {k: round(v.mean(), 1) for k, v in score.items()}, {k: round(v, 2) for k, v in again.items()})
        print("   by chance", round(by_chance, 3), "real", round(real, 3), "4 above 1:", np.sum(score[4] > score[1]))
        assert score[1].mean() + 4 < score[4].mean() < score[16].mean()
        assert np.sum(score[4] > score[1]) >= (10 if cell == "lstm" else 7)
        assert min(again.values()) > 0.2
        assert max(by_chance, real) < 0.05
        less.append(again[4] < again[1])
    if cell == "lstm":
        assert sum(less) >= 7  # the likelier of two beams is not the duller one


@pytest.mark.long
def test_at_its_own_temperature_it_copies_no_longer_pieces_than_new_text_of_the_same_author_does():
    names = chapter()
    known, new = names["strings"]
    real = [names["longest_copy"](new[start : start + 1500], known) for start in range(0, len(new) - 1499, 1500)]
    copied = []
    for seed in SEEDS:
        page = trained(seed).generate(np.random.default_rng(2), names["prompt"], 1500, 1.0)
        copied.append(names["longest_copy"](decode(page, names["alphabet"]), known))
    print("copied", copied, "new text", real)
    assert np.median(copied) < np.median(real)
    assert max(copied) < max(real)
