"""The measurement on an LSTM: the answer and the near misses, measured once more in another way."""

import numpy as np

from autograder.layers import lstm_measured


def norms(*, cell_only=False):
    """Return the norm of the gradient at the cell 0, 1, … steps back, by the derivatives of both states by both."""
    x, h0, c0, Wx, Wh, b = lstm_measured.halved_steps.network().values()
    H, h, c, steps = h0.shape[1], h0[0], c0[0], []
    for x_t in x[0]:
        z_i, z_f, z_g, z_o = np.split(x_t @ Wx + h @ Wh + b, 4)
        i, f, g, o = 1 / (1 + np.exp(-z_i)), 1 / (1 + np.exp(-z_f)), np.tanh(z_g), 1 / (1 + np.exp(-z_o))
        W_i, W_f, W_g, W_o = np.split(Wh, 4, axis=1)
        # Entry [j, k] is the derivative of unit k after the step by unit j before it.
        c_by_h = W_i * (i * (1 - i) * g) + W_f * (f * (1 - f) * c) + W_g * (i * (1 - g**2))
        c = f * c + i * g
        slope = o * (1 - np.tanh(c) ** 2)
        h_by_h = c_by_h * slope + W_o * (o * (1 - o) * np.tanh(c))
        h = o * np.tanh(c)
        steps.append(np.block([[h_by_h, c_by_h], [np.diag(f * slope), np.diag(f)]]))
    gradient, found = np.concatenate([np.zeros(H), np.ones(H)]), [np.sqrt(H)]
    for jacobian in reversed(steps):
        if cell_only:
            gradient[:H] = 0
        gradient = jacobian @ gradient
        found.append(np.linalg.norm(gradient[H:]))
    return np.array(found)


def first(condition):
    return int(np.flatnonzero(condition)[0])


def test_the_norm_of_the_gradient_is_that_of_the_product_of_the_jacobians():
    np.testing.assert_allclose(lstm_measured.gradient_by_steps(), norms(), rtol=1e-9)
    np.testing.assert_allclose(lstm_measured.gradient_by_steps(cell_only=True), norms(cell_only=True), rtol=1e-9)
    assert len(lstm_measured.gradient_by_steps()) == lstm_measured.T + 1


def test_the_gradient_falls_under_one_half_for_good_and_not_by_a_hair():
    answer, values = lstm_measured.halved_steps.right(), norms()
    assert type(answer) is int
    assert np.all(values[:answer] > 0.515 * values[0])
    assert np.all(values[answer:] < 0.49 * values[0])


def test_the_near_misses_are_what_their_sentences_say():
    values, answer = norms(), lstm_measured.halved_steps.right()
    half_life = np.log(2) / -np.log(1 / (1 + np.exp(-3)))
    given = {name: value for name, (value, _) in lstm_measured.halved_steps.near_misses().items()}
    assert given == {
        "one_too_few": answer - 1,
        "one_too_many": answer + 1,
        "cell_only": first(norms(cell_only=True) < 0.5 * values[0]),
        "half_life_of_the_bias": round(half_life),
        "half_life_rounded_up_or_one_over_e": first(values < values[0] / np.e),
        "a_quarter": first(values < 0.25 * values[0]),
        "index": 59 - answer,
        "counted_from_the_start": 60 - answer,
    }
    assert int(np.ceil(half_life)) == first(values < values[0] / np.e)
    assert answer not in given.values()
    assert len(set(given.values())) == len(given)
