"""The processes follow the rules that their documentation states."""

import numpy as np
import pytest

from unrolled.processes import two_tanks


def test_two_tanks_follow_the_rule_step_by_step():
    u, _, level = two_tanks(np.random.default_rng(3), N=2, T=3000)
    for speeds, levels in zip(u[..., 0], level[..., 0], strict=True):
        upper, lower, spilled = 0.36, (0.06 / 0.11) ** 2, 0
        for speed, measured in zip(speeds, levels, strict=True):
            assert measured == pytest.approx(lower, abs=1e-12)
            flow = min(upper, 0.1 * upper**0.5)
            lower += flow - min(lower, 0.11 * lower**0.5)
            upper += 0.12 * speed - flow
            spilled += upper > 1
            upper = min(upper, 1)
        assert spilled > 0


def test_two_tanks_stay_at_rest_at_a_speed_of_one_half_and_the_noise_is_as_large_as_said():
    _, y, level = two_tanks(np.random.default_rng(0), T=5000, swing=1e-9, noise=0.02)
    np.testing.assert_allclose(level, (0.06 / 0.11) ** 2, atol=1e-8)
    assert np.std(y - level) == pytest.approx(0.02, rel=0.05)


def test_a_speed_is_held_for_as_many_steps_as_said_and_stays_within_the_swing():
    u, _, _ = two_tanks(np.random.default_rng(0), T=2000, swing=0.2, hold=(4, 7))
    held = np.diff(np.flatnonzero(np.diff(u[0, :, 0])))
    assert set(held) == {4, 5, 6, 7}
    assert 0.3 <= u.min() < 0.31 < 0.69 < u.max() <= 0.7


@pytest.mark.parametrize("change", [{"swing": 0}, {"swing": 0.6}, {"hold": (0, 3)}, {"hold": (5, 4)}])
def test_what_makes_no_record_of_the_tanks_is_refused(change):
    with pytest.raises(ValueError, match="two_tanks: "):
        two_tanks(np.random.default_rng(0), **change)
