"""Problem set 9 with `einsum`, a mask for the diagonal, and the energy as a sum of the alignments of the units."""

import numpy as np


def hopfield_weights(patterns):
    H = patterns.shape[1]
    return np.einsum("ni,nj->ij", patterns, patterns) * (1 - np.eye(H)) / H


def energy(s, W):
    heard = np.einsum("ij,nj->ni", W, s)
    return np.einsum("ni,ni->n", heard, s) / -2
