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


def tones(rng, *, N=32, T=64, noise=0.5, sounds=("rising", "falling", "rise and fall", "fall and rise")):
    """Whistles that slide between two pitches, in noise; the target is which way the pitch went.

    A sweep rises or falls by a whole octave, from f to 2 f or back, evenly over the sound; *rise and fall* and *fall
    and rise* go there and back, twice as fast. The low end f is drawn from 0.08 to 0.12 cycles a sample, the phase from
    all angles. So the four hold the same pitches for the same time; only their order in time tells them apart.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the pitches, the phases and the noise.
    N, T : int
        Sounds, and samples of each.
    noise : float
        Standard deviation of what is added to every sample of a tone of amplitude 1.
    sounds : sequence of str
        Which of the four to draw from.

    Returns
    -------
    x : ndarray, shape (N, T, 1)
        The samples.
    targets : ndarray of int, shape (N,)
        The number of the sound in `sounds`.

    Raises
    ------
    ValueError
        If there is no such sound.
    """
    along = np.linspace(0, 1, T)
    there_and_back = 1 - np.abs(2 * along - 1)
    paths = {
        "rising": along,
        "falling": 1 - along,
        "rise and fall": there_and_back,
        "fall and rise": 1 - there_and_back,
    }
    for name in sounds:
        if name not in paths:
            raise ValueError(f"tones: sounds contains {name!r}, expected any of {', '.join(paths)}; leave it out.")
    targets = rng.integers(0, len(sounds), N)
    pitch = rng.uniform(0.08, 0.12, (N, 1)) * 2 ** np.array([paths[name] for name in sounds])[targets]
    phase = rng.uniform(0, 1, (N, 1)) + np.cumsum(pitch, axis=1)
    x = np.sin(2 * np.pi * phase) + noise * rng.standard_normal((N, T))
    return x[:, :, None], targets


def dna_motif(rng, *, N=32, T=40, motif="TATA", partner="GCC", gap=(0, 10)):
    """Random DNA; in half of the strands one motif stands before the other, in the other half after it.

    The letters are drawn evenly from A, C, G, T. Then both motifs are written into the strand, at a random place, with
    a gap of random length between them. So every strand holds both; what tells them apart is the order.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the letters, the places and the gaps.
    N, T : int
        Strands, and letters of each.
    motif, partner : str
        The two words.
    gap : tuple of two int
        The least and the most letters between them.

    Returns
    -------
    x : ndarray, shape (N, T, 4)
        One-hot letters, in the order A, C, G, T.
    targets : ndarray of int, shape (N,)
        1 where `motif` comes first, 0 where `partner` does.

    Raises
    ------
    ValueError
        If a word has other letters, or the words and the gap do not fit into a strand.
    """
    for name, word in (("motif", motif), ("partner", partner)):
        if not word or set(word) - set("ACGT"):
            raise ValueError(f"dna_motif: {name} is {word!r}, expected letters of ACGT; pass such a word.")
    least, most = gap
    if not 0 <= least <= most or len(motif) + len(partner) + most > T:
        raise ValueError(
            f"dna_motif: gap is {gap} and T is {T}, expected 0 ≤ least ≤ most and room for both words; "
            "shorten the gap or lengthen the strand."
        )
    letters = rng.integers(0, 4, (N, T))
    targets = rng.integers(0, 2, N)
    between = rng.integers(least, most + 1, N)
    words = [["ACGT".index(letter) for letter in word] for word in (partner, motif)]
    for row, first, space in zip(letters, targets, between, strict=True):
        one, other = words[first], words[1 - first]
        start = rng.integers(0, T - len(one) - space - len(other) + 1)
        row[start : start + len(one)] = one
        start += len(one) + space
        row[start : start + len(other)] = other
    return np.eye(4)[letters], targets
