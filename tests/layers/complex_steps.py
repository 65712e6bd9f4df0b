"""Gradients from imaginary parts, for the tests of layers whose states are worked out from complex numbers, too."""

import numpy as np


def complex_step(states, given, tensor, upstream="dh"):
    """Return the gradient of a tensor: right to the last digit, and without the chain rule.

    Parameters
    ----------
    states : callable
        ``states(given)`` returns the states.
    given : mapping
    tensor, upstream : str
        The names of the tensor and of what arrives at the states.
    """
    gradient = np.empty(given[tensor].shape)
    for index in np.ndindex(gradient.shape):
        moved = given[tensor].astype(complex)
        moved[index] += 1e-30j
        gradient[index] = np.sum(states({**given, tensor: moved}).imag / 1e-30 * given[upstream])
    return gradient
