"""Data made by a stated rule, for uses that no file at hand can show."""

import numpy as np


def two_tanks(rng, *, N=1, T=1000, swing=0.5, noise=0.005, hold=(5, 30)):
    """A pump fills a tank, the tank drains into a second one, the second into the ground; the lower level is measured.

    The pump runs at a speed u that is drawn anew every few steps, uniform from 0.5 - swing to 0.5 + swing. Water leaves
    a tank as the root of its level, and no more than there is. What overflows the upper tank, at level 1, is lost:

        flow_t  = min(upper_t, 0.1 sqrt(upper_t))
        drain_t = min(lower_t, 0.11 sqrt(lower_t))
        upper_{t+1} = min(1, upper_t + 0.12 u_t - flow_t)
        lower_{t+1} = lower_t + flow_t - drain_t

    Both start at rest for a speed of 0.5. At small swings the root is nearly a straight line and nothing overflows.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the speeds and of the noise.
    N, T : int
        Records and steps of each.
    swing : float
        How far the speed goes from 0.5, more than 0 and at most 0.5.
    noise : float
        Standard deviation of the error of measurement.
    hold : tuple of two int
        The least and the most steps for which a speed is held.

    Returns
    -------
    u : ndarray, shape (N, T, 1)
        Speed of the pump, from 0 to 1.
    y : ndarray, shape (N, T, 1)
        Level of the lower tank as measured, with noise; 1 is the height of the upper tank.
    level : ndarray, shape (N, T, 1)
        The same without noise.

    Raises
    ------
    ValueError
        If the swing or the steps of a speed make no record.
    """
    if not 0 < swing <= 0.5:
        raise ValueError(
            f"two_tanks: swing is {swing}, expected more than 0 and at most 0.5; the pump runs from 0 to 1."
        )
    if not 1 <= hold[0] <= hold[1]:
        raise ValueError(f"two_tanks: hold is {hold}, expected two numbers from 1 on; pass the least one first.")
    u, level = np.empty((N, T)), np.empty((N, T))
    for row in u:
        start = 0
        while start < T:
            steps = int(rng.integers(hold[0], hold[1] + 1))
            row[start : start + steps] = rng.uniform(0.5 - swing, 0.5 + swing)
            start += steps
    upper = np.full(N, (0.12 * 0.5 / 0.1) ** 2)
    lower = np.full(N, (0.12 * 0.5 / 0.11) ** 2)
    for t in range(T):
        level[:, t] = lower
        flow, drain = np.minimum(upper, 0.1 * np.sqrt(upper)), np.minimum(lower, 0.11 * np.sqrt(lower))
        upper, lower = np.minimum(1, upper + 0.12 * u[:, t] - flow), lower + flow - drain
    y = level + noise * rng.standard_normal((N, T))
    return u[..., None], y[..., None], level[..., None]
