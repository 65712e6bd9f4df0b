"""Numeric gradients, for the tests of cells and networks."""

import numpy as np


def numeric(loss, array, eps=1e-5):
    """Return the gradient of a loss with respect to an array that `loss` reads, from central differences."""
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        ends = []
        for moved in (kept + eps, kept - eps):
            array[place] = moved
            ends.append(loss())
        array[place] = kept
        gradient[place] = (ends[0] - ends[1]) / (2 * eps)
    return gradient
