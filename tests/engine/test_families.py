"""The mistakes that are written once for all layers: each gives the numbers that a pencil gives."""

import numpy as np
import pytest

from autograder.engine.families import (
    CLIPPED_AT,
    Affine,
    Totals,
    carried,
    carried_by_gate,
    clipped,
    kept_steps,
    slopes_of_sigmoid,
    slopes_of_tanh,
    touching,
)
from autograder.engine.mistakes import Mistake
from autograder.engine.terms import Once, Walk, apply, batch_first, terms

AFFINE = Affine(
    inputs={"x_t": ("Wx", "dx_t", "dWx_part"), "h_prev": ("Wh", "dh_prev", "dWh_part")},
    bias="db_part",
    equations={"dx_t": "dx", "dh_prev": "dh", "dWx_part": "dWx", "dWh_part": "dWh", "db_part": "db"},
    words={"dh_prev": "The gradient of the previous state"},
)
AT = {
    "x_t": np.array([[1.0], [2.0]]),
    "Wx": np.array([[3.0, 4.0]]),
    "h_prev": np.array([[1.0, 0.0], [0.0, 1.0]]),
    "Wh": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "dz": np.array([[1.0, 10.0], [100.0, 1000.0]]),
    "dh_total": np.array([[5.0, 6.0], [7.0, 8.0]]),
}
"""Two sequences, one input, two units. With these states a product with h_prev copies rows."""
RIGHT = {
    "dx_t": [[43], [4300]],
    "dh_prev": [[21, 43], [2100, 4300]],
    "dWx_part": [[201, 2010]],
    "dWh_part": [[1, 10], [100, 1000]],
    "db_part": [101, 1010],
}
AFFINE_MISTAKES = {
    "products.not_transposed": {"dh_prev": [[31, 42], [3100, 4200]]},
    "products.weights_left_out": {"dh_prev": [[1, 10], [100, 1000]]},
    "products.transposed": {"dWh_part": [[1, 100], [10, 1000]]},
    "products.back_from_dh": {"dx_t": [[39], [53]], "dh_prev": [[17, 39], [23, 53]]},
    "products.weights_from_dh": {"dWx_part": [[19, 22]], "dWh_part": [[5, 6], [7, 8]]},
    "products.bias_from_dh": {"db_part": [12, 14]},
    "products.bias_mean": {"db_part": [50.5, 505]},
    "products.weights_mean": {
        "dWx_part": [[100.5, 1005]],
        "dWh_part": [[0.5, 5], [50, 500]],
        "db_part": [50.5, 505],
    },
    "products.bias_first_sequence": {"db_part": [1, 10]},
}
"""What every member of the family changes; it leaves the other results as they are."""


def expect_members(found: tuple[Mistake, ...], work_out, given: dict, right: dict, by_hand: dict):
    """Work out every mistake and compare all results with those of the pencil."""
    assert {known.family for known in found} == set(by_hand)
    for name, value in right.items():
        np.testing.assert_allclose(work_out(given, {})[name], value, rtol=1e-14, err_msg=name)
    for known in found:
        came = work_out(given, known.terms)
        changed = by_hand[known.family]
        for name, value in right.items():
            expected = changed[name] if name in known.terms else value
            np.testing.assert_allclose(came[name], expected, rtol=1e-14, err_msg=f"{known.name}: {name}")


def test_the_products_on_the_way_back_and_every_mistake_in_them():
    found = AFFINE.mistakes(upstream="dh_total", skips="the derivative", square="Wh")
    expect_members(found, Once(AFFINE.terms), AT, RIGHT, AFFINE_MISTAKES)
    assert len({known.name for known in found}) == len(found) == 11


def test_the_names_and_sentences_of_the_products_are_those_of_their_tensors():
    said = {known.name: known.sentence for known in AFFINE.mistakes(upstream="dh_total", skips="tanh", square="Wh")}
    assert said["dWx_from_dh"] == "dWx is made from dh instead of dz: it skips tanh."
    assert said["dx_from_dh"] == "dx is made from dh instead of dz: it skips tanh."
    assert said["dh_prev_from_dh"] == "The gradient of the previous state is made from dh instead of dz: it skips tanh."
    assert said["db_from_dh"] == "db is made from dh instead of dz: it skips tanh."
    assert said["Wh_not_transposed"] == ("Wh is not transposed where the gradient goes back to the previous state.")
    assert said["dWh_transposed"] == "dWh is transposed."


def test_mistakes_that_need_an_upstream_gradient_or_square_weights_are_left_out_where_there_are_none():
    families = {known.family for known in AFFINE.mistakes()}
    assert families == {"products.bias_mean", "products.weights_mean", "products.bias_first_sequence"}
    square_input = AFFINE.mistakes(square="Wx")
    assert {known.name for known in square_input} >= {"Wx_not_transposed", "dWx_transposed"}
    assert "Wh_not_transposed" not in {known.name for known in square_input}


def test_the_products_belong_to_the_equations_that_are_given():
    assert Once(AFFINE.terms).equations == AFFINE.equations


def test_the_gradient_at_the_sum_may_have_another_name():
    named = Affine({"h": ("Wy", "dh", "dWy")}, "dby", {"dh": "1", "dWy": "2", "dby": "3"}, dz="dy")
    came = Once(named.terms)({"h": AT["x_t"], "Wy": AT["Wx"], "dy": AT["dz"]}, {})
    np.testing.assert_array_equal(came["dh"], RIGHT["dx_t"])
    np.testing.assert_array_equal(came["dWy"], RIGHT["dWx_part"])
    np.testing.assert_array_equal(came["dby"], RIGHT["db_part"])


def test_the_derivative_of_tanh_and_every_mistake_in_it():
    # At h = 1/2 and with 16 arriving, 16 (1 - 1/4) = 12 goes on.
    by_hand = {
        "tanh.no_tanh_derivative": 16,
        "tanh.square_missing": 8,
        "tanh.only_the_square": 4,
        "tanh.brackets_missing": 15.75,
        "tanh.sign_in_derivative": 20,
        "tanh.tanh_twice": 16 / 1.1276259652063807**2,  # by the hyperbolic cosine of 1/2
        "tanh.sigmoid_derivative": 4,
        "tanh.derivative_squared": 9,
    }
    found = slopes_of_tanh("dz", "dh", "h")
    expect_members(
        found,
        Once(terms("", dz=lambda dh, h: dh * (1 - h**2))),
        {"dh": np.array([16.0]), "h": np.array([0.5])},
        {"dz": [12]},
        {member: {"dz": [value]} for member, value in by_hand.items()},
    )


def test_the_mistakes_in_the_derivative_of_tanh_take_the_names_of_any_layer():
    found = slopes_of_tanh("dg_z", "dg", "g")
    came = {known.name: Once(terms("", dg_z=lambda g: g))({"dg": 16.0, "g": 0.5}, known.terms) for known in found}
    assert came["square_missing"]["dg_z"] == 8
    assert came["no_tanh_derivative"]["dg_z"] == 16


def test_a_sentence_says_which_of_several_activations_it_is_about_and_a_name_ends_in_it():
    found = slopes_of_tanh("dz_g", "dg", "g", value="g", symbol="g", where="Candidate g", tag="g")
    said = {known.name: known.sentence for known in found}
    assert said["square_missing_g"] == "Candidate g: in the derivative of tanh g is not squared."
    assert said["sigmoid_derivative_g"].startswith("Candidate g: the derivative used is that of the sigmoid, g(1 - g),")
    assert [known.family for known in found] == [known.family for known in slopes_of_tanh("dz", "dh", "h")]
    gated = slopes_of_sigmoid("dz_f", "df", "f", z="z_f", where="Forget gate f", tag="f")
    assert all(known.name.endswith("_f") and known.sentence.startswith("Forget gate f: ") for known in gated)


def test_the_derivative_of_the_sigmoid_and_every_mistake_in_it():
    # At a gate of 1/4, made of z = 1, and with 16 arriving, 16 · 1/4 · 3/4 = 3 goes on.
    by_hand = {
        "sigmoid.no_sigmoid_derivative": 16,
        "sigmoid.tanh_derivative": 15,
        "sigmoid.sigmoid_for_its_derivative": 4,
        "sigmoid.one_minus_the_gate": 12,
        "sigmoid.brackets_missing_in_sigmoid": 3.75,
        "sigmoid.sign_in_sigmoid_derivative": 5,
        "sigmoid.sigmoid_twice": 16 / (2 + 2 * 1.0314130998795732),  # by the hyperbolic cosine of 1/4
        "sigmoid.sigmoid_derivative_squared": 0.5625,
        "sigmoid.sigmoid_derivative_of_z": 0,
    }
    found = slopes_of_sigmoid("dz", "d", "gate", z="z")
    expect_members(
        found,
        Once(terms("", dz=lambda d, gate: d * gate * (1 - gate))),
        {"d": np.array([16.0]), "gate": np.array([0.25]), "z": np.array([1.0])},
        {"dz": [3]},
        {member: {"dz": [value]} for member, value in by_hand.items()},
    )
    without_z = [known.name for known in slopes_of_sigmoid("dz", "d", "gate")]
    assert without_z == [known.name for known in found[:-1]]


TOTALS = Totals({"dWx": "1", "dWh": "2", "db": "3"})
PARTS = {
    "dWx_part": np.array([1.0, 2.0, 30.0]),
    "dWh_part": np.array([-2.0, -4.0, -60.0]),
    "db_part": np.array([0.1, 0.2, 300.0]),
}
TOTALS_MISTAKES = {
    "totals.one_step": {"dWx": 1, "dWh": -2, "db": 0.1},
    "totals.last_step": {"dWx": 30, "dWh": -60, "db": 300},
    "totals.all_one_step": {"dWx": 1, "dWh": -2, "db": 0.1},
    "totals.all_last_step": {"dWx": 30, "dWh": -60, "db": 300},
    "totals.mean_over_time": {"dWx": 11, "dWh": -22, "db": 100.1},
    "totals.first_step_left_out": {"dWh": -64},
    "totals.clipped_at_1": {"dWx": 1, "dWh": -1, "db": 1},
    "totals.clipped_at_5": {"dWx": 5, "dWh": -5, "db": 5},
    "totals.clipped_at_10": {"dWx": 10, "dWh": -10, "db": 10},
    "totals.clipped_at_100": {"dWx": 33, "dWh": -66, "db": 100},
}


def test_the_sums_over_time_and_every_mistake_in_them():
    assert CLIPPED_AT == (1, 5, 10, 100)
    right = {"dWx": 33, "dWh": -66, "db": 300.3}
    expect_members(TOTALS.mistakes, Once(TOTALS.terms), PARTS, right, TOTALS_MISTAKES)
    assert Once(TOTALS.terms).equations == TOTALS.equations
    assert len(TOTALS.mistakes) == 14


def test_a_mistake_in_one_sum_is_that_of_its_tensor_and_one_in_all_points_to_the_recurrent_weights():
    named = {known.name: known for known in TOTALS.mistakes}
    for tensor in ("dWx", "dWh", "db"):
        assert list(named[f"{tensor}_one_step"].terms) == [tensor]
        assert list(named[f"{tensor}_last_step"].terms) == [tensor]
    for name in ("weights_one_step", "weights_mean_over_time", "weights_clipped_at_5"):
        assert list(named[name].terms) == ["dWh", "dWx", "db"]
    assert list(named["dWh_without_first_step"].terms) == ["dWh"]


BACK = Walk(
    order=terms("", order=lambda T: range(T - 1, -1, -1))["order"],
    start=terms("", dh_sent=lambda: np.zeros((2, 1))),
    step=terms(
        "",
        dh_t=lambda dh, t: dh[:, t],
        dh_next=lambda dh_sent: dh_sent,
        dh_total=lambda dh_t, dh_next: dh_t + dh_next,
        dz=lambda dh_total: dh_total,
        dh_prev=lambda dz, Wh: dz @ Wh.T,
    ),
    carried={"dh_sent": "dh_prev"},
    results=terms("", dx=lambda dz, visited: batch_first(dz, visited)[0, :, 0], dh0=lambda dh_sent: dh_sent),
)
"""The way back of one unit without an activation whose recurrent weight is 2; of two sequences the first is told."""
ARRIVES = {"dh": np.array([[[1.0], [10.0], [100.0]], np.zeros((3, 1))]), "Wh": np.array([[2.0]]), "T": 3}
NEVER = np.nan
CARRIED = {
    "carried.dropped": ([1, 10, 100], 2),
    "carried.last_upstream_only": ([400, 200, 100], 800),
    "carried.summed_up": ([621, 210, 100], 1862),
    "carried.forward_in_time": ([1, 12, 124], 248),
    "carried.first_step_left_out": ([NEVER, 210, 100], 420),
    "carried.start_zero": ([421, 210, 100], 0),
    "carried.start_before_step": ([421, 210, 100], 421),
    "carried.start_upstream": ([421, 210, 100], 1),
    "carried.subtracted": ([381, -190, 100], 762),
    "carried.mean": ([210.5, 105, 50], 421),
    "carried.sign": ([-421, -210, -100], -842),
    "dh_total.clipped_at_1": ([1, 1, 1], 2),
    "dh_total.clipped_at_5": ([5, 5, 5], 10),
    "dh_total.clipped_at_10": ([10, 10, 10], 20),
    "dh_total.clipped_at_100": ([100, 100, 100], 200),
    "carried.return_in_loop": ([NEVER, NEVER, 100], 200),
}


def test_the_gradient_that_is_carried_through_time_and_every_mistake_in_it():
    found = carried("h", "Wh")
    assert [known.family for known in found] == list(CARRIED)
    assert len({known.name for known in found}) == len(found)
    for dx, dh0, known in [([421, 210, 100], 842, None), *((*CARRIED[known.family], known) for known in found)]:
        came = BACK(ARRIVES, known.terms if known else {})
        np.testing.assert_array_equal(came["dx"], dx, err_msg=known and known.name)
        np.testing.assert_array_equal(came["dh0"][0, 0], dh0, err_msg=known and known.name)


def test_what_else_the_walk_back_starts_from_is_divided_and_turned_round_with_the_rest():
    plain, beside = carried("h", "Wh"), carried("h", "Wh", beside={"dc_sent": "dc_T"})
    changed = {}
    for one, other in zip(plain, beside, strict=True):
        assert one.sentence == other.sentence
        if one.terms.keys() != other.terms.keys():
            changed[other.family] = apply(other.terms["dc_sent"], {"dc_T": np.array([[4.0], [8.0]])}).tolist()
    assert changed == {"carried.mean": [[2.0], [4.0]], "carried.sign": [[-4.0], [-8.0]]}


THROUGH_A_GATE = Walk(
    order=terms("", order=lambda T: range(T - 1, -1, -1))["order"],
    start=terms("", dc_sent=lambda dc_T: dc_T),
    step=terms(
        "",
        f=lambda f_all, t: f_all[t],
        dc_t=lambda shown, t: shown[t],
        dc_next=lambda dc_sent: dc_sent,
        dc_total=lambda dc_t, dc_next: dc_t + dc_next,
        dc_prev=lambda dc_total, f: dc_total * f,
    ),
    carried={"dc_sent": "dc_prev"},
    results=terms("", dc=lambda dc_total: dc_total, dc0=lambda dc_sent: dc_sent),
)
"""The way back of one cell through its gate, which is 2 at the first and the last of three steps and 3 between."""
GATED = {
    "gated.dropped": ([1, 10, 100], 2),
    "gated.subtracted": ([1 - 3 * (10 - 2 * (100 - 7)), 10 - 2 * (100 - 7), 100 - 7], 2 * (1 - 3 * (10 - 2 * 93))),
    "gated.alone": ([42, 14, 7], 84),
    "gated.gate_too_early": ([4165, 694, 114], 8330),
    "gated.gate_missing": ([118, 117, 107], 118),
    "gated.sent_from_next": ([43, 24, 107], 84),
    "gated.summed_up": ([915, 231, 107], 2744),
    "gated.last_ignored": ([631, 210, 100], 1262),
    "gated.last_everywhere": ([8, 17, 107], 16),
    "gated.not_carried": ([1, 10, 107], 2),
    "gated.start_zero": ([673, 224, 107], 0),
    "gated.start_before_gate": ([673, 224, 107], 673),
}


def test_the_gradient_that_passes_a_gate_on_its_way_and_every_mistake_in_it():
    given = {"f_all": np.array([2.0, 3.0, 2.0]), "shown": np.array([1.0, 10.0, 100.0]), "dc_T": np.array(7.0), "T": 3}
    found = carried_by_gate("c", "f", "dc_T")
    assert [known.family for known in found] == list(GATED)
    for dc, dc0, known in [([673, 224, 107], 1346, None), *((*GATED[known.family], known) for known in found)]:
        came = THROUGH_A_GATE(given, known.terms if known else {})
        np.testing.assert_array_equal(came["dc"], dc, err_msg=known and known.name)
        assert came["dc0"] == dc0, known and known.name


def test_what_is_small_enough_is_not_clipped():
    small = {**ARRIVES, "dh": ARRIVES["dh"] / 500}
    for known in carried("h", "Wh"):
        if "clipped" in known.name:
            np.testing.assert_array_equal(BACK(small, known.terms)["dx"], BACK(small, {})["dx"])


def test_any_gradient_on_its_way_may_be_clipped():
    found = clipped("dz", "dh h", lambda dh, h: dh * h)
    expect_members(
        found,
        Once(terms("", dz=lambda dh, h: dh * h)),
        {"dh": np.array([3.0, -30.0]), "h": np.array([2.0, 5.0])},
        {"dz": [6, -150]},
        {
            "dz.clipped_at_1": {"dz": [1, -1]},
            "dz.clipped_at_5": {"dz": [5, -5]},
            "dz.clipped_at_10": {"dz": [6, -10]},
            "dz.clipped_at_100": {"dz": [6, -100]},
        },
    )
    assert [known.name for known in found] == [f"dz_clipped_at_{limit}" for limit in (1, 5, 10, 100)]
    assert clipped("dh_total", "dh", lambda dh: dh)[0].name == "dh_clipped_at_1"


def test_another_state_that_is_carried_has_names_of_its_own():
    found = {known.name: known for known in carried("c", "Wc")}
    assert {"dc_next_not_added", "dc_next_summed_up", "dc0_zero", "dc0_before_Wc", "dc_clipped_at_5"} <= set(found)
    assert list(found["dc_next_not_added"].terms) == ["dc_total"]
    assert "dc_next from step t + 1" in found["dc_next_not_added"].sentence


def test_the_mistakes_that_replace_a_term_are_found_by_it():
    bank = carried("h", "Wh")
    assert [known.name for known in touching(bank, "dh0", "dh_prev")] == [
        "dh_next_summed_up", "dh0_zero", "dh0_before_Wh", "dh0_upstream"
    ]  # fmt: skip
    assert touching(bank, "dWx") == ()


def test_the_caches_of_the_steps_and_every_mistake_in_them():
    keeps = Once(terms("", cache_x_t=lambda x_t: x_t, cache_h_prev=lambda state: state, cache_h_t=lambda h_t: h_t))
    given = {"x_t": np.array([1.0, 2, 3]), "state": np.array([10.0, 20, 30]), "h_t": np.array([20.0, 30, 40])}
    right = {"cache_x_t": [1, 2, 3], "cache_h_prev": [10, 20, 30], "cache_h_t": [20, 30, 40]}
    expect_members(
        kept_steps({"x_t": "x_t", "h_prev": "state", "h_t": "h_t"}),
        keeps,
        given,
        right,
        {
            "cache.reversed": {"cache_x_t": [3, 2, 1], "cache_h_prev": [30, 20, 10], "cache_h_t": [40, 30, 20]},
            "cache.last_step": {"cache_x_t": [3, 3, 3], "cache_h_prev": [30, 30, 30], "cache_h_t": [40, 40, 40]},
            "cache.last_state": {"cache_h_t": [40, 40, 40]},
            "cache.state_after": {"cache_h_prev": [20, 30, 40]},
        },
    )


def test_the_state_in_the_caches_may_be_a_cell():
    plain = {known.family: known for known in kept_steps({"h_prev": "before", "h_t": "h_t"})}
    cells = {known.family: known for known in kept_steps({"c_prev": "before", "c_t": "c_t"}, "c")}
    assert plain.keys() == cells.keys()
    assert list(cells["cache.last_state"].terms) == ["cache_c_t"]
    assert cells["cache.state_after"].name == "cache_c_t_for_c_prev"
    assert apply(cells["cache.state_after"].terms["cache_c_prev"], {"c_t": 5}) == 5


@pytest.mark.parametrize(
    "found",
    [AFFINE.mistakes(upstream="dh_total", skips="it", square="Wh"), TOTALS.mistakes, carried("h", "Wh"),
     slopes_of_tanh("dz", "dh", "h"), kept_steps({"h_prev": "h_prev", "h_t": "h_t"}),
     slopes_of_sigmoid("dz", "d", "i", z="z"), carried_by_gate("c", "f", "dc_T")],
    ids=["products", "totals", "carried", "tanh", "cache", "sigmoid", "gated"],
)  # fmt: skip
def test_every_member_of_a_family_is_a_sentence_of_its_own(found):
    sentences = [known.sentence for known in found]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith((".", "?")) for sentence in sentences)
