"""Wrong solutions of problem set 9, a Hopfield network. The tables are described in `solutions`."""

PRODUCTS = "patterns.T @ patterns"
OVER_H = "/ patterns.shape[1]"
DIAGONAL = "np.fill_diagonal(W, 0)"
RETURN_W = "    return W"
E = "-0.5 * np.sum((s @ W) * s, axis=1)"

BY_LOOP = """W = np.zeros((patterns.shape[1],) * 2)
    for pattern in patterns:
        {body}"""

WRONG = {
    "hopfield_weights": [
        ("diagonal_kept", DIAGONAL, "pass"),
        ("not_divided_by_H", f" {OVER_H}", ""),
        ("divided_by_N", OVER_H, "/ len(patterns)"),
        ("divided_by_N_and_H", OVER_H, "/ patterns.size"),
        ("divided_by_H_squared", OVER_H, "/ patterns.shape[1] ** 2"),
        ("zeros_and_ones", PRODUCTS, "np.maximum(patterns, 0).T @ np.maximum(patterns, 0)"),
        ("zeros_and_ones", PRODUCTS, "(patterns > 0).T.astype(float) @ (patterns > 0)"),
        ("mean_subtracted", PRODUCTS, "(patterns - patterns.mean(axis=0)).T @ (patterns - patterns.mean(axis=0))"),
        ("opposite_sign", PRODUCTS, "-patterns.T @ patterns"),
        ("last_pattern_only", PRODUCTS, "np.outer(patterns[-1], patterns[-1])"),
        (
            "last_pattern_only",
            f"W = {PRODUCTS} {OVER_H}",
            BY_LOOP.format(body="W = np.outer(pattern, pattern) / len(pattern)"),
        ),
        (
            "first_pattern_only",
            f"W = {PRODUCTS} {OVER_H}",
            BY_LOOP.format(
                body="W += np.outer(pattern, pattern) / len(pattern); np.fill_diagonal(W, 0); return W",
            ),
        ),
        ("sum_of_patterns_first", PRODUCTS, "np.outer(patterns.sum(axis=0), patterns.sum(axis=0))"),
        ("patterns_not_units", PRODUCTS, "patterns @ patterns.T"),
        ("patterns_not_units_by_N", PRODUCTS, "patterns @ patterns.T", OVER_H, "/ len(patterns)"),
        ("one_triangle", RETURN_W, "    return np.triu(W)"),
        ("one_triangle_below", RETURN_W, "    return np.tril(W)"),
        ("one_subtracted_from_diagonal", DIAGONAL, "W = W - np.eye(len(W))"),
        ("diagonal_of_ones", DIAGONAL, "np.fill_diagonal(W, 1)"),
        ("diagonal_kept + not_divided_by_H", DIAGONAL, "pass", f" {OVER_H}", ""),
        ("diagonal_kept + zeros_and_ones", PRODUCTS, "(patterns > 0).T * 1.0 @ (patterns > 0)", DIAGONAL, "pass"),
        ("", PRODUCTS, "np.sign(patterns.T @ patterns)"),
        ("", RETURN_W, "    return W.round(1)"),
        ("", RETURN_W, "    return W.astype(np.float32)"),
        ("says: has shape", RETURN_W, "    return W[0]"),
        ("says: W is a list or another collection", RETURN_W, "    return W.tolist()"),
        ("says: hopfield_weights returns None", RETURN_W, "    W.sum()"),
    ],
    "energy": [
        ("half_forgotten", "-0.5", "-1.0"),
        ("half_forgotten", E, "-((s @ W) * s).sum(axis=1)"),
        ("half_taken_twice", "s @ W", "s @ np.triu(W)"),
        ("opposite_sign", "-0.5", "0.5"),
        ("zeros_and_ones", E, "-0.5 * np.sum(((s > 0) @ W) * (s > 0), axis=1)"),
        ("one_state_factor_missing", "(s @ W) * s", "s @ W"),
        ("states_left_out", E, "-0.5 * np.full(len(s), W.sum())"),
        ("divided_by_H", E, f"{E} / len(W)"),
        ("divided_by_H", "np.sum(", "np.mean("),
        ("summed_over_states", ", axis=1", ""),
        ("summed_over_the_wrong_axis", "axis=1", "axis=0"),
        ("not_summed", E, "-0.5 * (s @ W) * s"),
        ("states_with_states", E, "-0.5 * s @ W @ s.T"),
        ("first_state_only", E, f"np.repeat(({E})[0], len(s))"),
        ("square_of_what_is_heard", "(s @ W) * s", "(s @ W) * (s @ W)"),
        ("half_forgotten + opposite_sign", "-0.5", "1.0"),
        ("", E, f"abs({E})"),
        ("", E, "-0.5 * np.sum(np.sign(s @ W) * s, axis=1)"),
        ("says: has shape", E, f"({E})[:, None]"),
        ("says: values; expected one: E.", E, f"({E}).tolist()"),
    ],
}

EQUIVALENT = {
    "energy": [
        ("* becomes / in `return -0.5 * np.sum(s @ W * s, axis=1)`", "1 and -1 are their own inverses"),
    ],
}
