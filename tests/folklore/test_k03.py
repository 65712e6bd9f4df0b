"""K3, an LSTM and its parameters: attempts to refute the verdict, with more updates, other optimizers and sizes."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import LSTM, SGD, Adam, RMSProp
from unrolled.tasks import echo
from unrolled.training import updates_until_learned

page = definitions("k03-independent-of-its-parameters")


def learned(seeds, lag, forget, **how):
    """How many networks learned, and the median of their waits."""
    make = how.pop("optimizer", None)
    waits = [page.wait(seed, lag, forget, optimizer=make and make(), **how) for seed in range(seeds)]
    return np.isfinite(waits).sum(), np.median(waits)


@pytest.mark.long
@pytest.mark.parametrize(("forget", "at_most"), [(-1, 1), (0, 7)])
def test_eight_times_the_budget_does_not_make_up_for_a_low_forget_bias(forget, at_most):
    assert learned(10, 20, forget, budget=1600)[0] <= at_most


@pytest.mark.long
@pytest.mark.parametrize(
    "optimizer",
    [lambda: RMSProp(0.01), lambda: SGD(0.3), lambda: Adam(0.003), lambda: Adam(0.03)],
    ids=["RMSProp 0.01", "SGD 0.3", "Adam 0.003", "Adam 0.03"],
)
def test_the_forget_bias_decides_with_other_optimizers_and_rates_too(optimizer):
    assert learned(10, 20, 2, optimizer=optimizer, budget=400)[0] >= 9
    assert learned(5, 20, -1, optimizer=optimizer, budget=800)[0] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("H", [4, 32])
def test_the_forget_bias_decides_with_other_numbers_of_units_too(H):
    assert learned(4, 20, 2, H=H)[0] == 4
    assert learned(3, 20, -1, H=H)[0] == 0


def test_the_share_that_outlasts_the_lag_tells_what_learns_at_lags_that_are_not_on_the_page():
    """σ(b) to the power of the lag: 1e-2 at lags 5 and 30 alike, 1e-12 alike."""
    for lag in (5, 30):
        for power, all_learn in ((-2, True), (-12, False)):
            kept = 10 ** (power / lag)
            count, _ = learned(3, lag, np.log(kept / (1 - kept)), budget=150)
            assert count == (3 if all_learn else 0), (lag, power)


@pytest.mark.parametrize("knob", [{"biases": {"i": 2}}, {"biases": {"o": -1}}, {"gain": 0.5}, {"H": 16}], ids=str)
def test_other_knobs_matter_little(knob):
    _, unchanged = learned(5, 20, 2)
    count, turned = learned(5, 20, 2, **knob)
    assert count == 5
    assert unchanged / 3 < turned < 3 * unchanged


@pytest.mark.long
def test_where_the_past_has_to_be_dropped_a_high_forget_bias_is_no_help():
    def wait(seed, forget):
        rng = np.random.default_rng(seed)
        model = LSTM(1, 8, 2, rng, forget_bias=forget)
        return updates_until_learned(model, Adam(0.01), lambda: echo(rng, delay=3, T=20), budget=600, clip=1.0)

    low, high = (np.median([wait(seed, forget) for seed in range(10)]) for forget in (0, 4))
    assert low < high < 2 * low
