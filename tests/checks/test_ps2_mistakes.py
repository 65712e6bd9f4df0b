"""The mistake bank of the forward pass: every mistake is named when somebody makes it, and only then."""

import inspect

import banks
import numpy as np
import pytest

import unrolled
from autograder.checks import ps2
from autograder.mistakes import forward as bank

FEW, MANY = range(5), range(100)


def states(*names):
    """Return a function of a mistake's terms and of arguments called `names`, which computes all states."""
    return lambda terms, *values: bank.states_in_terms(dict(zip(names, values, strict=True)), terms)


def outputs(*names):
    return lambda terms, *values: bank.outputs_in_terms(dict(zip(names, values, strict=True)), terms)


def one_step(terms, x_t, h_prev, Wx, Wh, b):
    point = {"x": x_t[:, None], "h0": h_prev, "Wx": Wx, "Wh": Wh, "b": b}
    return bank.states_in_terms(point, terms)[:, 0], "cache"


def sequence(terms, *values):
    return states("x", "h0", "Wx", "Wh", "b")(terms, *values), "cache"


def count(terms, *sizes):
    return int(bank.count_in_terms([sizes], terms)[0])


MAKERS = {
    "rnn_step_forward": (one_step, bank.STEP + bank.WHEN_SQUARE),
    "rnn_forward": (sequence, bank.STATES + bank.WHEN_SQUARE),
    "rnn_forward_masked": (states("x", "h0", "mask", "Wx", "Wh", "b"), bank.MASKED + bank.WHEN_SQUARE),
    "repaired_time_major_rnn": (states("x", "h0", "Wx", "Wh", "b"), bank.TIME_MAJOR + bank.WHEN_SQUARE),
    "many_to_many": (outputs("h", "Wy", "by"), bank.MANY_TO_MANY),
    "many_to_one": (outputs("h", "mask", "Wy", "by"), bank.MANY_TO_ONE),
    "rnn_parameter_count": (count, (*bank.COUNT, bank.counted_for_each_step(7))),
}
"""For every check: what computes the student's answer with some of the terms replaced, and the mistakes to make."""

MISTAKES = [
    pytest.param(check, mistake, id=f"{check}-{mistake.name}")
    for check, (_, mistakes) in MAKERS.items()
    for mistake in mistakes
]


def misnamed(check, mistake, seeds):
    """Return what is said, by seed, where somebody makes the mistake and its sentence alone is not what is said."""
    make, _ = MAKERS[check]
    namespace = {check: lambda *values: make(mistake.terms, *values)}
    sentences = {known.name: known.sentence for known in MAKERS[check][1]}
    said = {}
    for seed in seeds:
        failure = banks.verdict(check, namespace, seed)
        named = {sentences.get(name) for name in failure.mistakes} if failure else None
        if named != {mistake.sentence}:
            said[seed] = str(failure)
    return said


@pytest.mark.parametrize(("check", "mistake"), MISTAKES)
def test_a_known_mistake_is_called_by_its_name(check, mistake):
    assert misnamed(check, mistake, FEW) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("check", "mistake"), MISTAKES)
def test_a_known_mistake_is_called_by_its_name_on_a_hundred_problems(check, mistake):
    assert misnamed(check, mistake, MANY) == {}


@pytest.mark.parametrize("check", MAKERS)
def test_the_calculation_in_terms_without_a_mistake_is_right(check):
    make, _ = MAKERS[check]
    namespace = {check: lambda *values: make({}, *values)}
    assert {seed: str(banks.verdict(check, namespace, seed)) for seed in range(20)} == dict.fromkeys(range(20), "None")


@pytest.mark.parametrize("check", MAKERS)
def test_no_two_mistakes_of_a_check_have_the_same_name(check):
    names = [mistake.name for mistake in MAKERS[check][1]]
    assert sorted(names) == sorted(set(names))


def test_states_in_terms_are_those_of_the_layer_that_trains():
    for seed in range(20):
        problem = ps2._sequences(np.random.default_rng(seed), "")
        right, _ = unrolled.rnn_forward(**problem.arguments)
        np.testing.assert_allclose(bank.states_in_terms(problem.arguments), right, rtol=0, atol=1e-14)


def test_masked_states_are_those_of_every_sequence_read_alone():
    for seed in range(20):
        problem = ps2._masked(np.random.default_rng(seed), "")
        given = problem.arguments
        h = bank.states_in_terms(given)
        for n, length in enumerate(given["mask"].sum(axis=1)):
            alone, _ = unrolled.rnn_forward(
                given["x"][n : n + 1, :length], given["h0"][n : n + 1], given["Wx"], given["Wh"], given["b"]
            )
            np.testing.assert_allclose(h[n, :length], alone[0], rtol=0, atol=1e-14)
            np.testing.assert_array_equal(h[n, length:], np.broadcast_to(h[n, length - 1], h[n, length:].shape))


def test_outputs_in_terms_are_those_of_one_state_after_the_other():
    given = ps2._outputs(np.random.default_rng(0), "", masked=True).arguments
    h, mask, layer = given["h"], given["mask"], {"Wy": given["Wy"], "by": given["by"]}
    at_every_step = bank.outputs_in_terms({"h": h, **layer})
    at_the_end = bank.outputs_in_terms(given)
    for n, length in enumerate(mask.sum(axis=1)):
        by_hand = np.array([state @ layer["Wy"] + layer["by"] for state in h[n]])
        np.testing.assert_allclose(at_every_step[n], by_hand, rtol=1e-12)
        np.testing.assert_allclose(at_the_end[n], by_hand[length - 1], rtol=1e-12)


def test_the_parameter_count_is_that_of_the_arrays_of_a_network():
    D, H, V = 5, 7, 3
    arrays = [np.zeros(shape) for shape in ((D, H), (H, H), (H,), (H, V), (V,))]
    assert bank.count_in_terms([(D, H, V)]) == sum(array.size for array in arrays)


@pytest.mark.parametrize("shortest", [1, 2])
@pytest.mark.parametrize("T", range(4, 10))
@pytest.mark.parametrize("N", range(4, 10))
def test_a_mask_has_a_full_sequence_and_a_shortest_one_and_the_first_is_neither(N, T, shortest):
    for seed in range(20):
        mask = ps2._draw_mask(np.random.default_rng(seed), N, T, shortest)
        lengths = mask.sum(axis=1)
        assert np.array_equal(mask, np.arange(T) < lengths[:, None])
        assert lengths.max() == T
        assert lengths.min() == shortest
        assert shortest < lengths[0] < T


def test_the_measured_network_forgets_for_good_and_its_near_misses_are_all_different_from_the_answer():
    gap = ps2.gap_by_steps()
    answer = ps2.forgotten_after()
    assert np.all(gap[:answer] > 0.0105 * gap[0])
    assert np.all(gap[answer:] < 0.0095 * gap[0])
    assert len(ps2.near_misses()) == 7
    assert answer not in ps2.near_misses()


def test_the_measured_network_is_the_one_of_the_notebook():
    notebook = banks.true_solution("ps2")
    ours = ps2.two_starts()
    theirs = [notebook[name] for name in ("x", "h0_first", "h0_second", "Wx", "Wh", "b")]
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_signatures_of_the_notebook_are_those_the_checks_call():
    notebook = banks.true_solution("ps2")
    signatures = {
        "rnn_step_forward": "x_t h_prev Wx Wh b",
        "rnn_forward": "x h0 Wx Wh b",
        "rnn_parameter_count": "D H V",
        "rnn_forward_masked": "x h0 mask Wx Wh b",
        "many_to_many": "h Wy by",
        "many_to_one": "h mask Wy by",
        "repaired_time_major_rnn": "x h0 Wx Wh b",
    }
    assert {name: " ".join(inspect.signature(notebook[name]).parameters) for name in signatures} == signatures


def test_the_published_bug_of_the_notebook_is_refused():
    notebook = banks.true_solution("ps2")
    unrepaired = {**notebook, "repaired_time_major_rnn": notebook["time_major_rnn"]}
    for seed in range(20):
        assert banks.verdict("repaired_time_major_rnn", unrepaired, seed).mistakes == ("inputs_mixed",)


def test_a_function_that_fails_at_one_circumstance_only_is_told_which():
    right = banks.true_solution("ps2")["rnn_forward"]

    def without_none(x, h0, Wx, Wh, b):
        return right(x, h0 + 0, Wx, Wh, b)

    def squeezed(x, h0, Wx, Wh, b):
        h, cache = right(x, h0, Wx, Wh, b)
        return h.squeeze(), cache

    assert "h0 = None, which stands for zeros" in str(banks.verdict("rnn_forward", {"rnn_forward": without_none}, 1))
    assert "That is at N = 1." in str(banks.verdict("rnn_forward", {"rnn_forward": squeezed}, 1))


def test_changing_an_argument_in_place_is_refused():
    right = banks.true_solution("ps2")["rnn_forward"]

    def careless(x, h0, Wx, Wh, b):
        h, cache = right(x, h0, Wx, Wh, b)
        h0 += 1
        return h, cache

    assert "changes its argument h0 in place" in str(banks.verdict("rnn_forward", {"rnn_forward": careless}, 1))
