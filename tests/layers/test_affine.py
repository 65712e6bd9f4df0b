"""The affine layer on which backward passes are tried, and the mistakes that are made in rows."""

import numpy as np
import pytest

from autograder.layers import affine

SEEDS = range(30)


def drawn(seed, **options):
    """Return the problem of a seed."""
    return affine.backward.draw(np.random.default_rng(seed), **options)


def test_a_problem_holds_a_layer_and_what_arrives_in_their_shapes_and_no_zero():
    for seed in SEEDS:
        problem = drawn(seed)
        N, D, V = problem.sizes.values()
        assert len({N, D, V}) == 3
        shapes = {name: value.shape for name, value in problem.given.items()}
        assert shapes == {"x": (N, D), "W": (D, V), "b": (V,), "dy": (N, V)}
        assert all(np.all(value != 0) for value in problem.given.values())


def test_the_upstream_gradient_alone_is_scaled():
    plain, large = drawn(3), drawn(3, upstream=1e8)
    np.testing.assert_allclose(large.given["dy"], 1e8 * plain.given["dy"], rtol=1e-15)
    for name in ("x", "W", "b"):
        np.testing.assert_array_equal(large.given[name], plain.given[name])


def test_right_gradients_are_those_of_single_entries_added_up_over_the_rows():
    for seed in SEEDS:
        problem = drawn(seed)
        x, W, dy = (problem.given[name] for name in ("x", "W", "dy"))
        right = affine.backward.right(problem)
        rng = np.random.default_rng(seed)
        n, d, v = (int(rng.integers(problem.sizes[letter])) for letter in "NDV")
        np.testing.assert_allclose(right["dW"][d, v], sum(x[i, d] * dy[i, v] for i in range(len(x))), rtol=1e-12)
        np.testing.assert_allclose(right["db"][v], sum(dy[i, v] for i in range(len(x))), rtol=1e-12)
        np.testing.assert_allclose(right["dx"][n, d], sum(dy[n, j] * W[d, j] for j in range(W.shape[1])), rtol=1e-12)


@pytest.mark.parametrize("known", affine.wrong_bias("b1"), ids=lambda known: known.name)
def test_a_wrong_bias_is_called_by_the_name_of_the_bias(known):
    assert known.name.startswith("b1_")
    assert list(known.terms) == ["add_b1"]
    assert known.family.startswith("bias.")


def test_what_is_said_of_rows_speaks_of_no_sequence():
    said = " ".join(known.sentence for known in affine.backward.mistakes)
    assert "row" in said
    assert "sequence" not in said
    assert "summed loss" not in said


def test_a_backward_pass_has_twelve_named_mistakes_and_a_forward_pass_six():
    assert len(affine.backward.mistakes) >= 12
    assert len(affine.forward.mistakes) >= 6
