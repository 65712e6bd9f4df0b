"""K14, the GRU resets the state directly: attempts to refute the verdict, with more updates, other sizes, RMSProp."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import RMSProp, gru_forward

page = definitions("k14-resets-the-state-directly")


def test_the_first_step_from_zero_is_the_same_and_so_is_all_with_equal_gates():
    assert page.difference(10, 0)[0] < 1e-12
    assert page.difference(0, 0).max() < 1e-12
    assert page.difference(1, 0)[1:].min() > 1e-4


def test_with_a_bias_inside_the_reset_even_the_first_step_from_zero_differs():
    rng = np.random.default_rng(0)
    x, Wx, Wh = rng.standard_normal((8, 1, 3)), rng.standard_normal((3, 15)), rng.standard_normal((5, 15))
    b, bh = np.zeros(15), np.append(np.zeros(10), np.full(5, 0.5))
    after = gru_forward(x, None, Wx, Wh, b, bh, reset_after=True)[0]
    before = gru_forward(x, None, Wx, Wh, b + bh, reset_after=False)[0]
    assert np.abs(after - before).max() > 0.1


def test_a_moved_model_keeps_both_biases_in_one():
    model, rng = page.fresh(0, True)
    page.train(model, rng, 30)
    assert np.abs(model.params["bh"]).max() > 1e-3
    np.testing.assert_allclose(page.moved(model, False).params["b"], model.params["b"] + model.params["bh"])


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_model_that_is_moved_there_and_back_is_the_same_without_a_bias_inside(reset_after):
    model, rng = page.fresh(0, reset_after)
    page.train(model, rng, 30)
    there = page.moved(model, not reset_after)
    back = page.moved(there, reset_after)
    if reset_after:
        # Two biases became one: what stood inside the reset now stands outside, which is another layer.
        assert abs(page.error(back) - page.error(model)) > 1e-6
    else:
        assert page.error(back) == pytest.approx(page.error(model), rel=1e-12)


def moved_and_mended(learned_after, **how):
    """Errors of six networks, other seeds: where they learned, moved, mended with small steps; and moved / learned."""
    errors = np.array([page.move_and_mend(seed, learned_after, **how)[0] for seed in range(20, 26)])
    return errors[:, 0], errors[:, 1], errors[:, -1], errors[:, 1] / errors[:, 0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "grows"),
    [({"updates": 2000}, 17), ({"H": 24}, 4), ({"T": 40, "updates": 500}, 4)],
    ids=["eight times the updates", "24 units", "40 numbers"],
)
@pytest.mark.parametrize("learned_after", [True, False])
def test_the_error_of_all_grows_on_the_other_side_and_training_mends_it(learned_after, how, grows):
    learned, other, mended, worse = moved_and_mended(learned_after, **how)
    assert np.median(learned) < 0.01
    assert np.all(worse > 1)
    assert np.median(worse) > grows
    assert np.median(mended) < 0.5 * np.median(other)


@pytest.mark.long
@pytest.mark.parametrize("learned_after", [True, False])
def test_with_rmsprop_a_single_network_may_be_better_on_the_other_side_and_the_median_is_not(learned_after):
    learned, other, mended, worse = moved_and_mended(learned_after, optimizer=RMSProp, rate=0.01, updates=500)
    assert np.median(learned) < 0.01
    assert np.sum(worse > 1) == (6 if learned_after else 5)
    assert np.median(worse) > 2
    assert np.median(mended) < 0.5 * np.median(other)
