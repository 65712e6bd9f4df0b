"""K12, no nonlinearity on its output: attempts to refute the verdict, at other sizes and starts, and after training."""

import numpy as np
import pytest
from folklore_pages import definitions

from unrolled import GRU, Adam, gru_forward
from unrolled.tasks import adding

page = definitions("k12-no-nonlinearity-on-its-output")


def test_an_affine_function_has_no_share_beyond_and_a_product_has_all_of_it():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 4, 2))
    assert page.beyond_linear(x, x[:, 1] @ rng.standard_normal((2, 3)) + 5) < 1e-20
    assert page.beyond_linear(x, x[:, :1, 0] * x[:, 1:2, 1]) > 0.9


@pytest.mark.parametrize("reset_after", [True, False])
def test_with_its_gates_held_still_the_last_step_is_affine_in_the_candidate(reset_after):
    rng = np.random.default_rng(0)
    H, h0 = 4, rng.standard_normal((1, 4))
    Wh, b = np.zeros((H, 3 * H)), np.append(np.zeros(H), np.append(rng.standard_normal(H), np.zeros(H)))
    Wx = np.hstack([np.zeros((H, 2 * H)), np.eye(H)])
    n = np.tanh(rng.standard_normal((2, H)))
    ends = [
        gru_forward(np.arctanh(a)[None, None], h0, Wx, Wh, b, reset_after=reset_after)[0][0, 0]
        for a in (*n, n.mean(axis=0))
    ]
    np.testing.assert_allclose(ends[2], (ends[0] + ends[1]) / 2, atol=1e-12)
    assert np.abs(ends[0] - ends[1]).max() > 0.1


def test_eight_times_as_many_sequences_leave_the_same_share():
    few, many = (np.median([page.of_the_layer(GRU, 1.6, s, N=N) for s in range(10)]) for N in (1000, 8000))
    assert abs(few - many) < 0.2 * many


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        {"H": 32},
        {"T": 12},
        {"reset_after": False},
        {"update_bias": -3.0},
        {"update_bias": 3.0},
        {"gain": 0.2},
        {"gain": 2.0},
    ],
    ids=str,
)
def test_at_other_sizes_and_starts_a_share_stays_beyond_any_linear_map(how):
    assert min(page.of_the_layer(GRU, 1.6, seed, N=4000, **how) for seed in range(5)) > 0.07  # the smallest seen: 0.145


def test_the_share_grows_with_the_update_bias():
    low, high = (np.median([page.of_the_layer(GRU, 1.6, s, update_bias=bias) for s in range(10)]) for bias in (-3, 2))
    assert high > 1.5 * low


@pytest.mark.slow
def test_a_trained_gru_is_not_linear_and_could_not_add_if_it_were():
    rng = np.random.default_rng(0)
    model = GRU(2, 10, 1, rng, update_bias=1.0, loss="squared_error")
    model.fit(lambda: adding(rng, T=20, N=16), Adam(0.05), updates=250, clip=1.0)
    x, sums, _ = adding(rng, T=20, N=4000)
    assert page.beyond_linear(x, model.forward(x)[0][:, -1]) > 0.1
    assert page.beyond_linear(x, sums[:, -1]) > 0.1
    assert np.mean((model.forward(x)[0][:, -1] - sums[:, -1]) ** 2) < 0.01
