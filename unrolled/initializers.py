"""Initial weights and biases. Every random one takes its generator, so that a seed reproduces it."""

import numpy as np

from unrolled.argument_checks import FLOAT_DTYPES


def glorot_uniform(rng, shape, *, gates=1, dtype=np.float64):
    """Draw weights uniformly from ±√(6 / (fan_in + fan_out)) [1]_.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the numbers.
    shape : tuple of int
        (fan_in, gates · fan_out).
    gates : int
        Number of gates stacked along the last axis; each is drawn as a matrix of its own.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    W : ndarray
        Weights of the given shape and dtype.

    Raises
    ------
    ValueError
        If the shape is not that of `gates` stacked matrices, or the dtype is not a float.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
       AISTATS 2010.
    """
    fan_in, fan_out = _matrix_of_a_gate("glorot_uniform", shape, gates)
    dtype = _float_dtype("glorot_uniform", dtype)
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def orthogonal(rng, shape, *, gain=1.0, gates=1, dtype=np.float64):
    """Draw each gate's matrix with orthonormal rows or columns, times `gain` [1]_.

    The signs of the QR decomposition are fixed, so that the draw is uniform over the orthogonal matrices [2]_.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the numbers.
    shape : tuple of int
        (rows, gates · columns); the columns are orthonormal, or the rows where they are fewer.
    gain : float
        Factor; every singular value of the result.
    gates : int
        Number of gates stacked along the last axis.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    W : ndarray
        Weights of the given shape and dtype.

    Raises
    ------
    ValueError
        If the shape is not that of `gates` stacked matrices, or the dtype is not a float.

    References
    ----------
    .. [1] A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in
       deep linear neural networks", ICLR 2014.
    .. [2] F. Mezzadri, "How to generate random matrices from the classical compact groups", Notices of the AMS
       54(5), 2007.
    """
    rows, columns = _matrix_of_a_gate("orthogonal", shape, gates)
    dtype = _float_dtype("orthogonal", dtype)
    blocks = []
    for _ in range(gates):
        Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        Q *= np.where(np.diag(R) < 0, -1, 1)
        blocks.append(Q if rows >= columns else Q.T)
    return (gain * np.concatenate(blocks, axis=1)).astype(dtype)


def identity(H, *, scale=1.0, dtype=np.float64):
    """Return `scale` times the identity (H, H), the recurrent start that suits ReLU [1]_.

    Parameters
    ----------
    H : int
        Hidden size.
    scale : float
        Value on the diagonal.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    Wh : ndarray, shape (H, H)

    Raises
    ------
    ValueError
        If H is below 1 or the dtype is not a float.

    References
    ----------
    .. [1] Q. V. Le, N. Jaitly and G. E. Hinton, "A simple way to initialize recurrent networks of rectified linear
       units", arXiv:1504.00941, 2015.
    """
    _require_size("identity", H)
    return scale * np.eye(H, dtype=_float_dtype("identity", dtype))


def forget_gate_bias(H, *, value=1.0, dtype=np.float64):
    """Return an LSTM bias (4H,) that is `value` for the forget gate and 0 for i, g and o [1]_, [2]_.

    Parameters
    ----------
    H : int
        Hidden size.
    value : float
        Bias of the forget gate; 1 keeps about 73 % of the cell state at each step at the start.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    b : ndarray, shape (4H,)

    Raises
    ------
    ValueError
        If H is below 1 or the dtype is not a float.

    References
    ----------
    .. [1] F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with LSTM",
       Neural Computation 12(10), 2000.
    .. [2] R. Jozefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of recurrent network architectures",
       ICML 2015.
    """
    _require_size("forget_gate_bias", H)
    b = np.zeros(4 * H, _float_dtype("forget_gate_bias", dtype))
    b[H : 2 * H] = value
    return b


def _matrix_of_a_gate(function, shape, gates):
    """Return (rows, columns) of the matrix of one gate."""
    if gates < 1 or len(shape) != 2 or min(shape) < 1 or shape[1] % gates:
        raise ValueError(
            f"{function}: shape is {tuple(shape)}, expected (rows, {gates} · columns), sizes of at least 1; "
            "check shape and gates."
        )
    return shape[0], shape[1] // gates


def _require_size(function, H):
    if H < 1:
        raise ValueError(f"{function}: H is {H}, expected at least 1; pass the hidden size.")


def _float_dtype(function, dtype):
    """Return the dtype if it is float32 or float64."""
    if np.dtype(dtype) not in FLOAT_DTYPES:
        raise ValueError(
            f"{function}: dtype is {np.dtype(dtype)}, expected float32 or float64; pass np.float32 or np.float64."
        )
    return np.dtype(dtype)
