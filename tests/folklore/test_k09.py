"""Attempts to refute the verdict on "the errors that flow through an LSTM do not decay"."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import RMSProp, lstm_forward

page = definitions("k09-lstm-errors-do-not-decay")


@pytest.mark.parametrize("options", [{"H": 4}, {"H": 64}, {"gain": 0.5}, {"gain": 2.0}, {"input_bias": -4.0}], ids=str)
def test_with_a_forget_gate_of_1_the_cell_alone_is_constant_and_all_paths_do_not_decay(options):
    for seed in (20, 21):
        cell, everything = page.flow(seed, [30, 200, 499], T=500, **options)
        assert (cell == 1).all()
        assert (everything > 0.95).all()


@pytest.mark.parametrize("bias", [0.0, 1.0, 3.0])
def test_with_a_forget_gate_below_1_the_cell_alone_decays(bias):
    for seed in (20, 21):
        cell, _ = page.flow(seed, [30, 200, 499], T=500, forget=bias)
        assert cell[0] > 5 * cell[1] > 25 * cell[2]
        assert cell[2] < 1e-3


def test_a_nudge_of_the_cell_moves_it_as_the_gradient_says():
    T, k, H = 60, 50, 16
    for options in ({}, {"forget": 1.0}):
        Wx, Wh, b = page.network(3, **options)
        x = page.inputs(3, T)
        h, c, _ = lstm_forward(x[:, : T - k], None, None, Wx, Wh, b)
        columns = []
        for unit in range(H):
            ends = []
            for eps in (1e-6, -1e-6):
                nudged = c.copy()
                nudged[0, unit] += eps
                ends.append(lstm_forward(x[:, T - k :], h[:, -1], nudged, Wx, Wh, b)[1][0])
            columns.append((ends[0] - ends[1]) / 2e-6)
        np.testing.assert_allclose(page.flow(3, [k], T=T, **options)[1, 0], np.linalg.norm(columns, 2), rtol=1e-5)


def test_the_door_closes_for_cells_that_only_add_and_stays_open_with_a_forget_gate():
    for H in (8, 64):
        old, shut, today = (
            np.median([page.door(seed, [2000], H=H, **options)[0, 0] for seed in range(5)])
            for options in ({}, {"input_bias": -4.0}, {"forget": 1.0})
        )
        assert old < 0.05
        assert old < shut
        assert today > 0.25


@pytest.mark.slow
def test_the_cell_of_1997_learns_a_bit_of_80_steps_ago():
    assert np.isfinite([page.wait(seed, True, budget=400) for seed in range(10, 15)]).sum() >= 3


@pytest.mark.slow
@pytest.mark.long
def test_eight_times_the_steps_leave_the_error_along_the_cell_as_it_is():
    for seed in (0, 1):
        cell, everything = page.flow(seed, [7999], T=8000)
        assert cell[0] == 1
        assert everything[0] > 0.95


@pytest.mark.slow
@pytest.mark.long
def test_eight_times_the_budget_or_rmsprop_do_not_make_a_forget_bias_of_1_learn_80_steps():
    assert not np.isfinite([page.wait(seed, False, budget=800) for seed in (0, 1)]).any()
    assert not np.isfinite([page.wait(seed, False, budget=400, optimizer=RMSProp(0.01)) for seed in (0, 1)]).any()
    assert np.isfinite([page.wait(seed, True, budget=400, optimizer=RMSProp(0.01)) for seed in range(3)]).sum() >= 2
