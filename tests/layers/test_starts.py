"""Recurrent weights to start from, and matrices whose powers grow: which have the property that is asked for."""

import numpy as np
import pytest

from autograder.layers import starts

SEEDS = range(50)


def given_of(calculation, seed, **options):
    return calculation.draw(np.random.default_rng(seed), **options).given


def test_an_orthogonal_matrix_has_the_property_exactly_and_a_rounded_one_has_not():
    for seed in SEEDS:
        given = given_of(starts.orthogonal, seed)
        U, _, V = np.linalg.svd(np.random.default_rng(seed).random((given["H"], given["H"])))
        Wh = given["gain"] * U @ V
        right = given["gain"] ** 2 * np.eye(given["H"])
        np.testing.assert_array_equal(starts.products_of_columns(Wh, given), right)
        for wrong in (Wh.astype(np.float32).astype(float), 1.0005 * Wh, Wh + 1e-6 * np.eye(given["H"])):
            assert not np.array_equal(starts.products_of_columns(wrong, given), right)


def test_the_right_start_is_orthogonal_and_another_one_for_another_seed():
    drawn = []
    for seed in SEEDS:
        problem = starts.orthogonal.draw(np.random.default_rng(seed), H=5)
        Wh = starts.orthogonal.right(problem)["Wh"] / problem.given["gain"]
        np.testing.assert_allclose(Wh.T @ Wh, np.eye(5), rtol=0, atol=1e-14)
        drawn.append(Wh)
    assert len(np.unique(np.round(drawn, 6), axis=0)) == len(SEEDS)


def test_a_gain_is_clearly_not_one():
    gains = np.array([given_of(starts.orthogonal, seed)["gain"] for seed in SEEDS])
    assert np.abs(gains - 1).min() > 0.19
    assert gains.min() < 0.8
    assert gains.max() > 1.2


def turned(A, angle):
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return R @ A @ R.T


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.2])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_matrix_that_qualifies_has_the_properties_of_the_right_one(angle, sign):
    for seed in SEEDS:
        given = given_of(starts.growing, seed)
        rho, growth = given["rho"], given["growth"]
        for A in (
            [[rho, growth], [0, rho]],
            [[rho, 0], [50 * growth, rho]],
            [[rho, 2 * growth], [0, -rho / 3]],
            [[0, 3 * growth], [-(rho**2) / growth / 3, 0]],
            [[0, 3 * growth], [rho**2 / growth / 3, 0]],
        ):
            matrix = sign * turned(np.array(A, float), angle)
            assert starts.spectral_radius(matrix, given) == rho
            assert starts.largest_norm(matrix, given) == growth


def test_a_matrix_that_grows_later_than_at_once_qualifies_too():
    given = {"rho": 0.95, "growth": 3.0}
    A = np.array([[0.95, 0.5], [0.0, 0.95]])
    norms = [np.linalg.norm(np.linalg.matrix_power(A, k), 2) for k in range(1, 51)]
    assert norms[0] < 3 < max(norms)
    assert starts.largest_norm(A, given) == 3
    assert starts.largest_norm(A, {**given, "growth": 6.0}) == pytest.approx(max(norms), rel=1e-12)


def test_a_matrix_that_does_not_qualify_is_told_by_its_numbers():
    for seed in SEEDS:
        given = given_of(starts.growing, seed)
        rho, growth = given["rho"], given["growth"]
        assert starts.largest_norm(rho * np.eye(2), given) == pytest.approx(rho)
        assert starts.largest_norm(np.array([[rho, growth / 20], [0, 0]]), given) < growth
        assert starts.spectral_radius(1.0005 * np.array([[rho, growth], [0, rho]]), given) == pytest.approx(
            1.0005 * rho
        )
        assert starts.largest_norm(np.array([[1e200, 0], [0, 1e200]]), given) == growth


def test_an_entry_that_is_a_little_too_small_never_grows_enough_on_ordinary_problems():
    for seed in SEEDS:
        given = given_of(starts.growing, seed)
        rho, growth = given["rho"], given["growth"]
        for entry in (growth - rho, growth - 1, 0.9 * growth, growth - rho**2, growth / 2):
            assert starts.largest_norm(np.array([[rho, entry], [0.0, rho]]), given) < growth


def test_a_matrix_that_only_moves_units_is_told_from_every_other_orthogonal_one_where_there_are_many():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        given = given_of(starts.orthogonal, seed, H=40)
        normal = rng.standard_normal(40)
        reflection = np.eye(40) - 2 * np.outer(normal, normal) / (normal @ normal)
        moves = np.eye(40)[rng.permutation(40)] * rng.choice([-1.0, 1.0], 40)
        turned = moves.copy()
        turned[:2] = np.array([[0.8, -0.6], [0.6, 0.8]]) @ moves[:2]
        for Q in (np.linalg.qr(rng.standard_normal((40, 40)))[0], reflection, turned):
            assert starts.single_entries(given["gain"] * Q, given) == 0
        assert starts.single_entries(given["gain"] * moves, given) == 40
        assert starts.single_entries(np.eye(5), given_of(starts.orthogonal, seed, H=5)) == 0
