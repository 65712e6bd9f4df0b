"""Random problems for the checks: shapes that are all different, states and upstream gradients that are not zero."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class RNNProblem:
    """Inputs of a plain tanh RNN and the gradient that arrives at its hidden states.

    Attributes
    ----------
    x : ndarray, shape (N, T, D)
    h0 : ndarray, shape (N, H)
    Wx : ndarray, shape (D, H)
    Wh : ndarray, shape (H, H)
    b : ndarray, shape (H,)
    dh : ndarray, shape (N, T, H)
    """

    x: np.ndarray
    h0: np.ndarray
    Wx: np.ndarray
    Wh: np.ndarray
    b: np.ndarray
    dh: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes N, T, D, H by their letters."""
        N, T, D = self.x.shape
        return {"N": N, "T": T, "D": D, "H": self.h0.shape[1]}

    @property
    def point(self) -> dict[str, np.ndarray]:
        """The tensors that a gradient is taken of."""
        return {"x": self.x, "h0": self.h0, "Wx": self.Wx, "Wh": self.Wh, "b": self.b}

    @cached_property
    def states(self) -> tuple[np.ndarray, np.ndarray]:
        """Pre-activations and hidden states of every step, each (N, T, H). Computed once; not to be changed."""
        z = np.empty_like(self.dh)
        h = np.empty_like(self.dh)
        before = self.h0
        for t in range(self.x.shape[1]):
            z[:, t] = self.x[:, t] @ self.Wx + before @ self.Wh + self.b
            h[:, t] = before = np.tanh(z[:, t])
        return z, h


def draw_sizes(rng: np.random.Generator, letters: str = "NTDH", low: int = 2, high: int = 7, **fixed: int):
    """Draw one size for each letter, all different, so that a loop over the wrong axis cannot pass.

    Parameters
    ----------
    rng : numpy.random.Generator
    letters : str
        One letter for every size.
    low, high : int
        Smallest and largest size.
    **fixed : int
        Sizes that are not drawn, by letter, such as ``N=1``.

    Returns
    -------
    dict of str to int
    """
    free = [letter for letter in letters if letter not in fixed]
    choices = [size for size in range(low, high + 1) if size not in fixed.values()]
    drawn = rng.choice(choices, size=len(free), replace=False)
    sizes = {**dict(zip(free, (int(size) for size in drawn), strict=True)), **fixed}
    return {letter: sizes[letter] for letter in letters}


def draw_rnn(
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    upstream: float = 3.0,
    low: int = 2,
    high: int = 7,
    **fixed: int,
) -> RNNProblem:
    """Draw an RNN problem.

    Parameters
    ----------
    rng : numpy.random.Generator
    gain : float
        Scale of the pre-activations: 1 leaves tanh clearly curved, 3 saturates it.
    upstream : float
        Scale of `dh`; above 10 a gradient clipped at 5 shows.
    low, high : int
        Smallest and largest size.
    **fixed : int
        Sizes that are not drawn, such as ``T=1``.
    """
    sizes = draw_sizes(rng, "NTDH", low, high, **fixed)
    N, T, D, H = sizes.values()
    return RNNProblem(
        x=rng.standard_normal((N, T, D)),
        h0=rng.uniform(-0.9, 0.9, (N, H)),
        Wx=gain * rng.standard_normal((D, H)) / np.sqrt(D),
        Wh=gain * rng.standard_normal((H, H)) / np.sqrt(H),
        b=gain * 0.5 * rng.standard_normal(H),
        dh=upstream * rng.standard_normal((N, T, H)),
    )
