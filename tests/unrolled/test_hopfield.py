"""The Hopfield network: what it stores, an energy that no single update raises, and what becomes of broken patterns."""

import numpy as np
import pytest

from unrolled.hopfield import energy, hopfield_weights, pseudo_inverse_weights, recall, update
from unrolled.letters import LETTERS, letter_patterns


def random_patterns(seed, N=5, H=64, dtype=np.float64):
    return np.random.default_rng(seed).choice(np.array([-1, 1], dtype), (N, H))


def broken(pattern, count, rng):
    """Return a pattern with so many entries flipped."""
    s = pattern.copy()
    s[rng.choice(len(s), count, replace=False)] *= -1
    return s


# ------------------------------------------------------------------------------------------------------- storage


@pytest.mark.parametrize(("N", "H"), [(1, 5), (3, 7), (6, 4), (2, 1)])
def test_the_weights_are_the_sum_over_the_patterns_written_out(N, H):
    patterns = random_patterns(N + H, N, H)
    W = hopfield_weights(patterns)
    for i in range(H):
        for j in range(H):
            expected = 0 if i == j else sum(patterns[n, i] * patterns[n, j] for n in range(N)) / H
            assert W[i, j] == pytest.approx(expected, abs=1e-15)


def test_the_hebbian_rule_is_one_step_down_the_energy_of_the_patterns():
    patterns = random_patterns(1, 3, 6)
    step = np.zeros((6, 6))
    for i in range(6):
        for j in range(i):
            tiny = np.zeros((6, 6))
            tiny[i, j] = tiny[j, i] = 1e-3
            slope = np.sum(energy(patterns, tiny) - energy(patterns, -tiny)) / 2e-3
            step[i, j] = step[j, i] = -slope / 6
    np.testing.assert_allclose(hopfield_weights(patterns), step, atol=1e-12)


def test_the_pseudo_inverse_keeps_half_as_many_patterns_as_units_and_the_hebbian_rule_does_not():
    patterns = random_patterns(2, 32, 64)
    W = pseudo_inverse_weights(patterns)
    np.testing.assert_array_equal(W, W.T)
    np.testing.assert_array_equal(np.diag(W), 0)
    np.testing.assert_array_equal(np.sign(patterns @ W), patterns)
    # What the 31 others say has the variance 31 / 64, and is beyond 1 on the wrong side 7.5 times in 100.
    assert 0.05 < np.mean(np.sign(patterns @ hopfield_weights(patterns)) != patterns) < 0.15


def test_with_one_pattern_both_rules_store_the_same():
    pattern = random_patterns(3, 1, 16)
    np.testing.assert_allclose(pseudo_inverse_weights(pattern), hopfield_weights(pattern), atol=1e-15)


@pytest.mark.parametrize("store", [hopfield_weights, pseudo_inverse_weights])
def test_float32_stays_float32(store):
    patterns = random_patterns(4, dtype=np.float32)
    W = store(patterns)
    s = recall(patterns, W, np.random.default_rng(0)).s
    assert {array.dtype for array in (W, s, energy(patterns, W), update(patterns, W, 3))} == {np.dtype(np.float32)}


# -------------------------------------------------------------------------------------------------------- energy


def test_the_energy_is_the_sum_over_pairs_and_that_of_a_batch_is_that_of_its_states():
    rng = np.random.default_rng(5)
    half = np.triu(rng.standard_normal((6, 6)), 1)
    W, s = half + half.T, rng.choice([-1.0, 1.0], (4, 6))
    for state, E in zip(s, energy(s, W), strict=True):
        pairs = -sum(W[i, j] * state[i] * state[j] for i in range(6) for j in range(i))
        assert [E, energy(state, W)] == pytest.approx([pairs, pairs], abs=1e-12)


def test_ten_thousand_updates_never_raise_the_energy_and_a_flip_lowers_it_by_what_the_unit_heard():
    rng, flips = np.random.default_rng(6), 0
    for seed in range(10):
        W = hopfield_weights(random_patterns(seed, 8))
        s = rng.choice([-1.0, 1.0], 64)
        for _ in range(1000):
            i = rng.integers(64)
            heard, before = s @ W[:, i], energy(s, W)
            s_new = update(s, W, i)
            assert energy(s_new, W) <= before
            if not np.array_equal(s_new, s):
                flips += 1
                assert energy(s_new, W) - before == pytest.approx(2 * s[i] * heard, abs=1e-12)
            s = s_new
    assert flips > 100


@pytest.mark.parametrize("what", ["symmetric", "unsymmetric", "negative diagonal", "positive diagonal"])
def test_the_energy_may_rise_where_the_weights_are_unsymmetric_or_a_unit_hears_its_opposite(what):
    rng, rises = np.random.default_rng(7), 0
    for _ in range(20):
        half = np.triu(rng.standard_normal((16, 16)), 1)
        W = half + half.T
        if what == "unsymmetric":
            W = rng.standard_normal((16, 16))
            np.fill_diagonal(W, 0)
        if "diagonal" in what:
            np.fill_diagonal(W, 5.0 if what.startswith("positive") else -5.0)
        s = rng.choice([-1.0, 1.0], 16)
        for _ in range(200):
            s_new = update(s, W, rng.integers(16))
            rises += energy(s_new, W) > energy(s, W) + 1e-9
            s = s_new
    assert (rises > 50) if what in ("unsymmetric", "negative diagonal") else (rises == 0)


def test_all_units_at_once_may_swing_between_two_states_for_ever():
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    s = np.array([1.0, -1.0])
    at_once = [s := np.sign(s @ W) for _ in range(6)]
    assert [state.tolist() for state in at_once] == [[-1, 1], [1, -1]] * 3
    assert recall(np.array([1.0, -1.0]), W, np.random.default_rng(0)).settled


def test_all_units_at_once_end_in_one_state_or_in_two_by_turns():
    lengths = set()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        half = np.triu(rng.standard_normal((20, 20)), 1)
        W, s = half + half.T, rng.choice([-1.0, 1.0], 20)
        for _ in range(500):
            s = np.sign(s @ W)
        after_one = np.sign(s @ W)
        np.testing.assert_array_equal(np.sign(after_one @ W), s)
        lengths.add(1 if np.array_equal(after_one, s) else 2)
    assert lengths == {1, 2}


# -------------------------------------------------------------------------------------------------------- recall


def test_a_unit_that_hears_nothing_stays_and_only_the_one_asked_changes():
    W = hopfield_weights(np.array([[1.0, -1, 1, 1], [1, 1, -1, 1]]))
    for s in np.random.default_rng(8).choice([-1.0, 1.0], (20, 4)):
        for i in range(4):
            before, s_new = s.copy(), update(s, W, i)
            np.testing.assert_array_equal(s, before)
            heard = s @ W[:, i]
            assert s_new[i] == (np.sign(heard) if heard else s[i])
            np.testing.assert_array_equal(np.delete(s_new, i), np.delete(s, i))


def test_recall_makes_the_updates_one_after_the_other_in_the_order_that_is_drawn():
    patterns = random_patterns(9, 9)
    W, start = hopfield_weights(patterns), random_patterns(10, 3)
    came = recall(start, W, np.random.default_rng(11))
    s, rng = start, np.random.default_rng(11)
    for _ in range(came.sweeps):
        for i in rng.permutation(64):
            s = update(s, W, i)
    np.testing.assert_array_equal(came.s, s)
    assert came.settled
    assert came.sweeps > 2
    np.testing.assert_array_equal(start, random_patterns(10, 3))
    again = recall(came.s, W, np.random.default_rng(12))
    assert again.sweeps == 1
    np.testing.assert_array_equal(again.s, came.s)


def test_where_weights_are_unsymmetric_a_unit_hears_by_its_own_column():
    rng = np.random.default_rng(13)
    W, start = rng.standard_normal((16, 16)), random_patterns(14, 4, 16)
    i = 5
    np.testing.assert_array_equal(update(start, W, i)[:, i], np.sign(np.sum(start * W[:, i], axis=1)))
    came = recall(start, W, np.random.default_rng(15), sweeps=3)
    s, rng = start, np.random.default_rng(15)
    for i in np.concatenate([rng.permutation(16) for _ in range(3)]):
        s = update(s, W, i)
    np.testing.assert_array_equal(came.s, s)


def test_recall_stops_after_the_sweeps_it_was_given():
    W = hopfield_weights(random_patterns(9, 9))
    came = recall(random_patterns(10, 3), W, np.random.default_rng(11), sweeps=1)
    assert (came.sweeps, came.settled) == (1, False)


@pytest.mark.parametrize("letter", "AFOZ")
def test_a_letter_of_four_heals_from_twelve_flipped_dots_in_ninety_of_a_hundred_orders(letter):
    patterns = letter_patterns("AFOZ")
    W, pattern = hopfield_weights(patterns), letter_patterns(letter)[0]
    healed = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        healed += np.array_equal(recall(broken(pattern, 12, rng), W, rng).s, pattern)
    assert healed >= 90


def test_the_opposite_of_a_pattern_is_stored_as_well():
    patterns = letter_patterns("AFOZ")
    W = hopfield_weights(patterns)
    np.testing.assert_array_equal(recall(-patterns, W, np.random.default_rng(0)).s, -patterns)
    np.testing.assert_array_equal(energy(-patterns, W), energy(patterns, W))


def test_letters_are_eight_rows_of_eight_and_no_two_are_alike():
    patterns = letter_patterns("".join(LETTERS))
    assert patterns.shape == (14, 64)
    assert len(np.unique(patterns, axis=0)) == 14
    assert patterns[list(LETTERS).index("T")][:16].tolist() == [1.0] * 16


# -------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hopfield_weights(np.array([1.0, -1.0])), r"patterns has shape \(2,\), expected \(N, H\)"),
        (lambda: hopfield_weights(np.array([[0.0, 1.0]])), "entries other than -1 and 1; turn 0 and 1 into signs"),
        (lambda: hopfield_weights([[1.0, -1.0]]), "patterns is a list, expected a NumPy array"),
        (lambda: pseudo_inverse_weights(np.array([[0.5, 1.0]])), "pseudo_inverse_weights: patterns holds entries"),
        (lambda: energy(np.ones(3), np.zeros((2, 2))), r"energy: s has shape \(3,\) and W has shape \(2, 2\)"),
        (lambda: update(np.ones(3), np.zeros((3, 2)), 0), r"update: s has shape \(3,\) and W has shape \(3, 2\)"),
        (lambda: recall(np.ones(()), np.zeros((1, 1)), None), r"recall: s has shape \(\)"),
        (lambda: energy(np.ones(2, int), np.zeros((2, 2))), "energy: s has dtype int64"),
        (lambda: letter_patterns("AQ"), "names holds 'Q', expected letters of ACEF"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
