"""Known mistakes: which of them explain a wrong result, and when no name is better than one."""

import warnings

import numpy as np
import pytest

from autograder.engine.mistakes import (
    MOST_PAIRS,
    Evidence,
    Mistake,
    in_another_order,
    mistake,
    partial_mistakes,
    recognize,
    same,
    shows,
    single_mistakes,
    two_mistakes,
)
from autograder.engine.terms import Once, terms

CALCULATION = Once(terms(p=lambda u: u, q=lambda v: v, s=lambda p, q: p * q))
"""Three results, of which the third is made from the other two."""
P_DOUBLED = mistake("p_doubled", "p is doubled.", p=lambda u: 2 * u)
Q_NEGATED = mistake("q_negated", "q has the wrong sign.", q=lambda v: -v)
S_ADDED = mistake("s_added", "s is a sum.", s=lambda p, q: p + q)
BANK = (P_DOUBLED, Q_NEGATED, S_ADDED)
ANYTHING = "something that nobody knows"


def evaluate(seed, terms):
    u, v = np.random.default_rng(seed).uniform(1, 2, (2, 4))
    came = CALCULATION({"u": u, "v": v}, terms)
    return {name: came[name] for name in "pqs"}


def evidence(*made, seed=0, evaluate=evaluate, **given):
    """Return what somebody who made these mistakes shows; `given` says what came instead for some tensors."""
    terms = {name: formula for known in made for name, formula in known.terms.items()}
    came = evaluate(seed, terms)
    right = evaluate(seed, {})
    for name, value in given.items():
        came[name] = {"right": right[name], ANYTHING: np.cos(right[name])}[value] if isinstance(value, str) else value
    return Evidence(came, right, lambda terms: evaluate(seed, terms))


def told(*made, bank=BANK, alone=False, **given):
    """Return the names told to somebody who made these mistakes, and the tensors that are left unexplained."""
    others = [evidence(*made, seed=seed, **given) for seed in (1, 2)]
    found, left = recognize(evidence(*made, **given), lambda found: others, bank, alone=alone)
    return [known.name for known in found], left


@pytest.mark.parametrize("known", BANK, ids=lambda known: known.name)
def test_a_mistake_that_reproduces_every_tensor_is_named(known):
    assert told(known) == ([known.name], ())


def test_what_is_right_has_no_mistake():
    assert told() == ([], ())


def test_two_mistakes_made_at_once_are_both_named():
    assert told(P_DOUBLED, Q_NEGATED) == (["p_doubled", "q_negated"], ())
    assert told(P_DOUBLED, S_ADDED) == (["p_doubled", "s_added"], ())


def test_where_one_mistake_has_to_explain_everything_neither_two_nor_a_part_is_named():
    assert told(P_DOUBLED, alone=True) == (["p_doubled"], ())
    assert told(P_DOUBLED, Q_NEGATED, alone=True) == ([], ())
    assert told(Q_NEGATED, p=ANYTHING, alone=True) == ([], ())


def test_one_mistake_is_preferred_to_two_that_give_the_same():
    both = mistake("both", "Both.", p=lambda u: 2 * u, q=lambda v: -v)
    assert told(P_DOUBLED, Q_NEGATED, bank=(*BANK, both)) == (["both"], ())


def test_two_mistakes_with_a_term_in_common_cannot_be_made_at_once():
    one = mistake("one", "One.", p=lambda u: 2 * u, q=lambda v: -v)
    other = mistake("other", "Other.", p=lambda u: 3 * u, s=lambda p, q: p + q)
    assert told(one, other, bank=(one, other)) == ([], ())


def test_two_mistakes_that_are_called_the_same_are_not_told_twice():
    one, other = mistake("one", "The same.", p=lambda u: 2 * u), mistake("other", "The same.", q=lambda v: -v)
    assert told(one, other, bank=(one, other)) == ([], ())


def test_a_mistake_that_explains_two_wrong_tensors_is_named_and_the_rest_is_left_unexplained():
    assert told(Q_NEGATED, p=ANYTHING) == (["q_negated"], ("p",))


def test_a_mistake_that_explains_all_that_it_touches_is_named_and_the_rest_is_left_unexplained():
    assert told(S_ADDED, p=ANYTHING) == (["s_added"], ("p",))


def test_a_mistake_that_explains_two_of_three_tensors_that_it_touches_is_named():
    three = mistake("three", "Three.", p=lambda u: 2 * u, q=lambda v: -v)
    assert told(three, s=ANYTHING, bank=(three,)) == (["three"], ("s",))


def test_a_mistake_that_touches_nothing_here_explains_nothing():
    idle = mistake("idle", "Idle.", p=lambda u: u)
    assert list(partial_mistakes(evidence(p=ANYTHING), (idle,))) == []


def test_a_mistake_that_explains_one_of_two_tensors_that_it_touches_is_not_named():
    assert told(P_DOUBLED, s=ANYTHING) == ([], ())


def test_a_tensor_that_is_right_contradicts_a_mistake_that_would_have_changed_it():
    assert told(P_DOUBLED, p="right") == ([], ())
    # A part too: s is explained, and q, which nobody can explain, is left; but p would be another.
    assert told(P_DOUBLED, p="right", q=ANYTHING) == ([], ())
    touches_three = mistake("all", "All.", p=lambda u: 2 * u, q=lambda v: -v, s=lambda u: u)
    assert told(touches_three, bank=(touches_three,), p="right") == ([], ())


def test_of_two_parts_the_one_that_explains_more_is_named():
    both = mistake("both", "Both.", q=lambda v: -v, s=lambda p, q: p + q)
    assert told(both, p=ANYTHING, bank=(mistake("q", "Q.", q=lambda v: -v, s=lambda v: 7 * v), both)) == (
        ["both"],
        ("p",),
    )
    q_alone = mistake("q_alone", "Q alone.", q=lambda v: -v, s=lambda u, v: u * v)
    assert told(both, p=ANYTHING, bank=(q_alone, both)) == (["both"], ("p",))


def test_of_two_parts_that_explain_as_much_the_one_that_touches_less_is_named_and_then_the_first():
    less = mistake("less", "Less.", p=lambda u: 2 * u, q=lambda v: -v, s=lambda u, v: u * v)
    more = mistake("more", "More.", p=lambda u: 2 * u, q=lambda v: -v)
    again = mistake("again", "Again.", **less.terms)
    assert told(more, s=ANYTHING, bank=(more, less, again)) == (["less"], ("s",))
    assert told(more, s=ANYTHING, bank=(more, again, less)) == (["again"], ("s",))


@pytest.mark.parametrize("made", [(P_DOUBLED,), (P_DOUBLED, Q_NEGATED), (S_ADDED,)], ids=["one", "two", "a part"])
def test_a_name_counts_only_if_it_fits_on_all_other_problems(made):
    spoiled = {"p": ANYTHING} if made == (S_ADDED,) else {}
    first, second, third = (evidence(*made, seed=seed, **spoiled) for seed in range(3))
    other = evidence(seed=3, p=ANYTHING, q=ANYTHING, s=ANYTHING)
    assert recognize(first, lambda found: [second], BANK)[0] == made
    assert recognize(first, lambda found: [second, third], BANK)[0] == made
    assert recognize(first, lambda found: iter([second, third]), BANK)[0] == made
    for others in ([other], [second, other], [other, second]):
        assert recognize(first, lambda found, others=others: others, BANK) == ((), ())


def test_a_name_is_refused_where_the_mistake_makes_no_difference_on_another_problem():
    of_seed = [evaluate(seed, {})["p"][0] for seed in range(2)]
    sometimes = mistake("sometimes", "Sometimes.", p=lambda u: u * (2 if u[0] == of_seed[0] else 1))
    first, second = (evidence(sometimes, seed=seed) for seed in range(2))
    assert second.wrong == []
    assert recognize(first, lambda found: [second], (sometimes,)) == ((), ())


def test_mistakes_may_come_from_anything_that_yields_them():
    first, second = (evidence(P_DOUBLED, Q_NEGATED, seed=seed) for seed in range(2))
    assert recognize(first, lambda found: [second], iter(BANK))[0] == (P_DOUBLED, Q_NEGATED)


def test_after_a_name_that_fits_by_chance_the_next_one_is_tried():
    by_chance = mistake("by_chance", "By chance.", p=lambda: 2 * evaluate(0, {})["p"])
    assert told(P_DOUBLED, bank=(by_chance, P_DOUBLED)) == (["p_doubled"], ())


def test_a_name_is_refused_where_other_problems_say_nothing():
    first, second = evidence(P_DOUBLED), evidence(P_DOUBLED, seed=1)
    for others in ([], iter([]), [None], [second, None], [evidence(seed=1)], [second, evidence(seed=2)]):
        assert recognize(first, lambda found, others=others: others, BANK) == ((), ())


def test_other_problems_are_asked_for_with_the_mistakes_they_have_to_show_and_only_where_those_fit_the_first():
    asked = []

    def confirm(found):
        asked.append(tuple(known.name for known in found))
        return []

    recognize(evidence(P_DOUBLED), confirm, (Q_NEGATED, P_DOUBLED, mistake("again", "Again.", **P_DOUBLED.terms)))
    # Each as a single mistake, and each as a part.
    assert asked == [("p_doubled",), ("again",)] * 2
    asked.clear()
    recognize(evidence(P_DOUBLED, Q_NEGATED), confirm, BANK)
    assert asked == [("p_doubled", "q_negated")]
    asked.clear()
    recognize(evidence(p=ANYTHING), confirm, BANK)
    assert asked == []


def test_zeros_fit_many_a_formula_and_mean_none_of_them():
    nothing = mistake("nothing", "Nothing.", p=lambda u: 0 * u, s=lambda u: 0 * u)
    assert told(nothing, bank=(nothing,)) == ([], ())
    alone = Evidence({"p": np.zeros(4)}, {"p": np.ones(4)}, lambda terms: {"p": np.zeros(4)})
    assert recognize(alone, lambda found: [alone], (nothing,)) == ((), ())


def test_tensors_that_hold_some_zeros_can_be_named():
    hole = mistake("hole", "There is a hole.", p=lambda u: np.where(np.arange(4) == 1, 0, u))
    assert told(hole, bank=(hole,)) == (["hole"], ())


def test_a_single_tensor_of_zeros_among_others_can_be_named():
    zero = mistake("zero", "Zero.", s=lambda u: 0 * u)
    assert told(zero, bank=(zero,)) == (["zero"], ())


def with_anything(seed, terms):
    """Work out three results of which a mistake may leave the last two entries as anything."""
    came = evaluate(seed, {name: formula for name, formula in terms.items() if name != "left"})
    if "left" in terms:
        came["s"] = np.where(np.arange(4) < 2, came["s"], np.nan)
    return came


LEFT = mistake("left", "Half of s is left as it was.", left=lambda: None)
LEFT_AND_Q = mistake("left_and_q", "Half of s is left as it was, and q is negative.", left=lambda: None, q=lambda v: -v)


def came_with(half, *made):
    """Return what is told to somebody who left half of s as it was, where it was `half`."""

    def shown(seed):
        first = evidence(*made, seed=seed, evaluate=with_anything)
        filled = np.where(np.isnan(first.given["s"]), half, first.given["s"])
        return evidence(*made, seed=seed, evaluate=with_anything, s=filled)

    found, left = recognize(shown(0), lambda found: [shown(1)], (LEFT, LEFT_AND_Q))
    return [known.name for known in found], left


def test_anything_counts_where_nothing_was_written():
    assert came_with(0.0, LEFT) == (["left"], ())


def test_anything_does_not_count_where_something_stands_and_nothing_else_is_explained():
    assert came_with(123.0, LEFT) == ([], ())
    assert came_with(np.array([0.0, 0.0, 0.0, 5.0]), LEFT) == ([], ())


def test_anything_counts_only_if_nothing_was_written_in_any_of_the_tensors():
    def both_left(terms):
        return {name: np.array([1.0, np.nan]) if terms else np.full(2, 2.0) for name in "pq"}

    for written, fits in ((0.0, True), (5.0, False)):
        shown = Evidence({"p": np.array([1.0, 0.0]), "q": np.array([1.0, written])}, both_left({}), both_left)
        assert bool(list(single_mistakes(shown, (P_DOUBLED,)))) is fits


def test_anything_counts_where_something_stands_if_another_wrong_tensor_is_explained():
    assert came_with(123.0, LEFT_AND_Q) == (["left_and_q"], ())


def test_a_tensor_of_which_a_part_is_anything_is_not_explained_by_a_part():
    first = evidence(LEFT, evaluate=with_anything, p=ANYTHING)
    first.given["s"][2:] = 0
    assert list(partial_mistakes(first, (LEFT,))) == []
    assert list(partial_mistakes(evidence(S_ADDED, p=ANYTHING), BANK)) == [(S_ADDED,)]


def test_a_result_of_another_shape_is_recognized_too():
    short = mistake("short", "One entry is lost.", s=lambda p, q: (p * q)[1:])
    assert told(short, bank=(*BANK, short)) == (["short"], ())


@pytest.mark.parametrize("raises", [lambda u: u @ np.ones((7, 7)), lambda u: u[9]], ids=["ValueError", "IndexError"])
def test_a_mistake_that_cannot_be_worked_out_on_these_sizes_is_passed_over(raises):
    assert told(P_DOUBLED, bank=(mistake("raises", "Raises.", p=raises), P_DOUBLED)) == (["p_doubled"], ())
    assert told(Q_NEGATED, S_ADDED, bank=(mistake("raises", "Raises.", p=raises), *BANK)) == (
        ["q_negated", "s_added"],
        (),
    )


def test_an_error_in_a_formula_itself_is_not_hidden():
    with pytest.raises(KeyError):
        told(P_DOUBLED, bank=(mistake("misspelled", "Misspelled.", p=lambda w: w),))


def test_a_mistake_that_overflows_makes_no_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told(P_DOUBLED, bank=(mistake("overflows", "Overflows.", p=lambda u: np.exp(1e4 * u) / 0.0), P_DOUBLED))


def counting(given, right, outcomes):
    """Return evidence whose outcomes are a table, and the list of the terms that were asked for."""
    asked = []

    def evaluate(terms):
        asked.append(tuple(terms))
        return outcomes(tuple(terms))

    return Evidence(given, right, evaluate), asked


def test_what_a_mistake_gives_is_worked_out_once():
    tried, asked = counting({"s": np.ones(3)}, {"s": 2 * np.ones(3)}, lambda terms: {"s": 3 * np.ones(3)})
    recognize(tried, lambda found: [], (P_DOUBLED, Q_NEGATED))
    assert sorted(asked) == [("p",), ("p", "q"), ("q",)]


def test_two_at_once_are_worked_out_for_so_many_pairs_and_no_more():
    many = [Mistake(f"m{i}", f"M {i}.", {f"t{i}": lambda: None}) for i in range(20)]
    at = {}

    def outcomes(made):
        return {"s": np.full(3, 7.0 if made in at.get("fits", ()) else 3.0)}

    def found(*fits):
        at["fits"] = fits
        tried, asked = counting({"s": np.full(3, 7.0)}, {"s": np.ones(3)}, outcomes)
        names = [[known.name for known in pair] for pair in two_mistakes(tried, many)]
        return names, sum(len(made) == 2 for made in asked)

    assert MOST_PAIRS < 20 * 19 / 2
    assert found(("t18", "t19")) == ([], MOST_PAIRS)
    number = 0
    for i in range(20):
        for j in range(i + 1, 20):
            number += 1
            if number == MOST_PAIRS:
                assert found((f"t{i}", f"t{j}")) == ([[f"m{i}", f"m{j}"]], MOST_PAIRS)


def test_of_many_pairs_those_are_worked_out_first_that_explain_entries_by_one_of_the_two_alone():
    """Each of twenty mistakes spoils an entry of its own, and one entry that all of them touch."""
    bank = [Mistake(f"m{i}", f"M {i}.", {f"t{i}": lambda: None}) for i in range(20)]

    def outcomes(made):
        s = np.ones(21)
        for name in made:
            s[int(name.removeprefix("t"))] = 5.0
        s[20] += len(made)
        return {"s": s}

    assert MOST_PAIRS < 20 * 19 / 2
    tried, asked = counting(outcomes(("t18", "t19")), outcomes(()), outcomes)
    pairs = two_mistakes(tried, bank)
    assert [known.name for known in next(pairs)] == ["m18", "m19"]
    assert sum(len(made) == 2 for made in asked) == 1


def test_a_pair_is_found_among_outcomes_of_other_shapes():
    bank = [Mistake(f"m{i}", f"M {i}.", {f"t{i}": lambda: None}) for i in range(3)]

    def outcomes(made):
        if made == ("t2",):
            return {"s": np.ones((2, 2))}
        s = np.ones(4)
        s[[int(name.removeprefix("t")) for name in made]] = 5.0
        return {"s": s}

    tried, _ = counting(outcomes(("t0", "t1")), outcomes(()), outcomes)
    assert [[known.name for known in pair] for pair in two_mistakes(tried, bank)] == [["m0", "m1"]]


def test_a_pair_is_only_worked_out_if_what_one_of_them_touches_alone_came_as_that_one_makes_it():
    def asked(given):
        """Return how many pairs are worked out for p, which only the first of two touches."""

        def outcomes(terms):
            p = 2.0 if "a" in terms else 1.0
            q = 3.0 if "b" in terms else 1.0
            return {"p": np.full(2, p), "q": np.full(2, q), "r": np.ones(2), "s": np.full(2, p * q)}

        bank = [Mistake(name, f"M {name}.", {name: lambda: None}) for name in "ab"]
        tried, made = counting(
            {name: np.full(2, value) for name, value in zip("pqrs", given, strict=True)}, outcomes(()), outcomes
        )
        assert bool(list(two_mistakes(tried, bank))) == (given == (2.0, 3.0, 1.0, 6.0))
        return sum(len(terms) == 2 for terms in made)

    assert asked((2.0, 3.0, 1.0, 6.0)) == 1
    assert asked((5.0, 3.0, 1.0, 6.0)) == 0
    assert asked((2.0, 5.0, 1.0, 6.0)) == 0
    assert asked((2.0, 3.0, 5.0, 6.0)) == 0
    assert asked((2.0, 3.0, 1.0, 5.0)) == 1
    assert asked((1.0, 3.0, 1.0, 6.0)) == 0


@pytest.mark.parametrize("missing", [None, "absent"])
def test_what_could_not_be_read_is_wrong_and_explained_by_nothing(missing):
    shown = evidence(P_DOUBLED, Q_NEGATED)
    shown.given["p"] = None
    if missing == "absent":
        del shown.given["p"]
    assert shown.wrong == ["p", "q", "s"]
    assert list(single_mistakes(shown, BANK)) == []
    assert list(two_mistakes(shown, BANK)) == []


def test_two_mistakes_leave_alone_what_is_right():
    halves = mistake("halves", "Halves.", p=lambda u: u / 2, q=lambda v: v + 1)
    doubles = mistake("doubles", "Doubles.", s=lambda p, v: 2 * p * v)
    # Together they bring s back, which each of them alone would change.
    shown = evidence(halves, doubles)
    np.testing.assert_allclose(shown.given["s"], shown.right["s"])
    assert list(two_mistakes(shown, (halves, doubles))) == []


@pytest.mark.parametrize(
    ("given", "outcome", "answer"),
    [
        ([1.0, 2.0], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0, 2.0 + 1e-7], True),
        ([1.0, 2.0], [1.0, 2.0 + 1e-5], False),
        ([1e-9, 2e-9], [1e-9, 2.1e-9], False),
        ([1.0, 2.0], [[1.0, 2.0]], False),
        ([1.0, 2.0], [1.0, np.nan], True),
        ([1.0, 2.0], [1.1, np.nan], False),
        ([1.0, 2.0], [np.nan, np.nan], True),
        ([1.0, np.nan], [1.0, 2.0], False),
        (1.0, 1.0, True),
        (1.0, np.nan, True),
        (1.0, 2.0, False),
    ],
)
def test_two_results_are_the_same_number_for_number_where_anything_will_do(given, outcome, answer):
    assert same(np.array(given), np.array(outcome)) is answer


def test_nothing_is_the_same_as_what_is_missing():
    assert not same(None, np.ones(2))
    assert not same(np.ones(2), None)
    assert not same(np.asarray(1.0), None)


def test_results_in_another_order_are_told_in_the_order_in_which_they_came():
    right = {"p": np.ones(2), "q": 2 * np.ones(2), "s": np.ones(3)}

    def order(*values):
        return in_another_order(Evidence(dict(zip(right, values, strict=True)), right, lambda terms: right))

    p, q, s = right.values()
    assert order(q, s, p) == ("q", "s", "p")
    assert order(p, q, s) == ()
    assert order(q, p, 5 * s) == ()
    assert order(q, q, s) == ()
    assert order(q, None, p) == ()


def test_equal_results_are_not_taken_for_another_order():
    right = {"p": np.ones(2), "q": np.ones(2), "s": np.ones(3)}
    assert in_another_order(Evidence({**right, "s": np.ones(3)}, right, lambda terms: right)) == ()


def test_a_mistake_comes_from_its_family_or_is_a_single_one():
    assert mistake("name", "Sentence.", p=lambda: 1).origin == "name"
    assert Mistake("name", "Sentence.", {}, "family.member").origin == "family.member"


@pytest.mark.parametrize(("factor", "explains"), [(1 + 1e-5, True), (1 + 1e-3, False)])
def test_a_mistake_touches_what_it_changes_by_more_than_can_be_seen(factor, explains):
    changes = mistake("changes", "Changes.", p=lambda u: factor * u, q=lambda v: -v, s=lambda u, v: -u * v)
    # p came right, which contradicts a mistake that touches it.
    assert bool(list(partial_mistakes(evidence(Q_NEGATED), (changes,)))) is explains


@pytest.mark.parametrize(
    ("s", "answer"),
    [
        (lambda p, q: 2 * p * q, True),
        (lambda p, q: (1 + 1e-3) * p * q, True),
        (lambda p, q: (1 + 1e-5) * p * q, False),
        (lambda p, q: p[1:] * q[1:], True),
        (lambda p: p[9], False),
    ],
    ids=["clearly", "a little", "hardly", "in its shape", "where it cannot be made"],
)
def test_a_mistake_shows_where_what_comes_out_can_be_told_from_what_is_right(s, answer):
    assert shows(evidence(), [mistake("made", "Made.", s=s)]) is answer


def test_two_mistakes_show_by_what_comes_out_of_both():
    undone = mistake("undone", "Undone.", s=lambda u, v: u * v, p=lambda u: u)
    assert shows(evidence(), [Q_NEGATED, S_ADDED])
    assert not shows(evidence(), [undone])
