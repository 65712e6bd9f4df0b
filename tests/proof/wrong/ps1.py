"""Wrong solutions of problem set 1, networks that look through a window. The tables are described in `solutions`."""

AFFINE = "y = x @ W + b"
Y_RETURN = "return y, AffineCache(x, W)"
ROW = "x[n] = np.eye(V)[tokens[n : n + width]].ravel()"
ROWS = "N = len(tokens) - width"
X_RETURN = "return x"
HIDDEN = "h = np.tanh(x @ W1 + b1)"
OUTPUT = "y = h @ W2 + b2"
MLP_RETURN = "return y, MLPCache(x, W1, h, W2)"
LOSS = "-np.sum(log_p * onehot) / len(y)"
DY = "(np.exp(log_p) - onehot) / len(y)"
SHIFTED = "y - y.max(axis=1, keepdims=True)"
QUOTIENT = "(f(above) - f(below)) / (2 * eps)"
ABOVE, BELOW = "above[index] += eps", "below[index] -= eps"
COPIES = "above, below = x.copy(), x.copy()"
CLIPPED = "dy = np.clip(dy, -{0}, {0})\n    dx = dy @ W.T"
CLIPPED_DY = "dy = np.clip(dy, -{0}, {0})\n    dW2 = h.T @ dy"
SLOPE = "dz = dh * (1 - h**2)"
DX_RETURN = "return dx, dW, db"
ALL = "return dx, dW1, db1, dW2, db2"
SHARE = "count / N"
INFORMATION = "np.log2(before[window] / count)"
BITS_RETURN = "return bits"
COUNT_LAST = "before[tuple(tokens[N:].tolist())] += 1\n    bits = 0.0"
MEAN_OF_WINDOWS = "count / before[window] / len(before)"
LETTERS = "window, letter = tuple(tokens[n : n + width]), tokens[n + width]"
STILL_RAISES = "raise NotImplementedError"

WRONG = {
    "affine_forward": [
        ("b_missing", AFFINE, "y = x @ W"),
        ("b_twice", AFFINE, "y = x @ W + b + b"),
        ("b_subtracted", AFFINE, "y = x @ W - b"),
        ("b_first_entry_only", AFFINE, "y = x @ W + b[0]"),
        ("W_transposed", AFFINE, "y = x @ W.T + b"),
        ("product_mean", AFFINE, "y = x @ W / x.shape[1] + b"),
        ("b_before_W", AFFINE, "y = (x + b) @ W"),
        ("rows_summed", AFFINE, "y = (x @ W + b).sum(axis=0)"),
        ("first_row_everywhere", AFFINE, "y = np.stack([x[0] @ W + b for _ in x])"),
        ("tanh_applied", AFFINE, "y = np.tanh(x @ W + b)"),
        ("sigmoid_applied", AFFINE, "y = 1 / (1 + np.exp(-x @ W - b))"),
        ("relu_applied", AFFINE, "y = np.maximum(x @ W + b, 0)"),
        ("softmax_applied", AFFINE, "y = np.exp(x @ W + b)\n    y = y / y.sum(axis=1, keepdims=True)"),
        ("says: `raise NotImplementedError` still stands in affine_forward", Y_RETURN, STILL_RAISES),
        ("says: the cache holds no W", Y_RETURN, "return y, {'x': x}"),
        ("says: in another order; expected y, cache", Y_RETURN, "return AffineCache(x, W), y"),
        ("says: name 'bias' is not defined", AFFINE, "y = x @ W + bias"),
    ],
    "windows": [
        ("newest_first", ROW, "x[n] = np.eye(V)[tokens[n : n + width][::-1]].ravel()"),
        ("one_too_late", ROW, "x[n] = np.eye(V)[tokens[n + 1 : n + width + 1]].ravel()"),
        ("one_too_many", ROWS, "N = len(tokens) - width + 1"),
        ("one_too_few", ROWS, "N = len(tokens) - width - 1"),
        ("first_window_missing", X_RETURN, "return x[1:]"),
        ("not_overlapping", X_RETURN, "return x[::width]"),
        ("numbers_not_onehot", X_RETURN, "return np.array([tokens[n : n + width] for n in range(N)], float)"),
        ("letters_counted", X_RETURN, "return x.reshape(N, width, V).sum(axis=1)"),
        ("not_flattened", X_RETURN, "return x.reshape(N, width, V)"),
        ("places_overlap", ROW, "x[n, np.arange(width) + tokens[n : n + width]] = 1"),
        ("numbers_not_onehot", X_RETURN, "return np.array([tokens[n : n + width] for n in range(N)])"),
        ("letter_by_letter", ROW, "x[n] = np.eye(V)[tokens[n : n + width]].T.ravel()"),
        ("newest_everywhere", ROW, "x[n] = np.tile(np.eye(V)[tokens[n + width - 1]], width)"),
        ("oldest_everywhere", ROW, "x[n] = np.tile(np.eye(V)[tokens[n]], width)"),
        ("counted_from_one", ROW, "x[n] = np.eye(V)[(tokens[n : n + width] + 1) % V].ravel()"),
        ("zero_for_one", X_RETURN, "return 1 - x"),
        ("", ROW, "x[n] = np.eye(V)[np.sort(tokens[n : n + width])].ravel()"),  # in alphabetical order
        (
            "says: where letters of the alphabet do not occur",
            ROW,
            "x[n] = np.eye(max(tokens) + 1)[tokens[n : n + width]].ravel()",
        ),
    ],
    "mlp_forward": [
        ("b1_missing", HIDDEN, "h = np.tanh(x @ W1)"),
        ("b2_missing", OUTPUT, "y = h @ W2"),
        ("b1_twice", HIDDEN, "h = np.tanh(x @ W1 + 2 * b1)"),
        ("b2_subtracted", OUTPUT, "y = h @ W2 - b2"),
        ("b2_first_entry_only", OUTPUT, "y = h @ W2 + b2[0]"),
        ("tanh_missing", HIDDEN, "h = x @ W1 + b1"),
        ("tanh_twice", HIDDEN, "h = np.tanh(np.tanh(x @ W1 + b1))"),
        ("sigmoid", HIDDEN, "h = 1 / (1 + np.exp(-x @ W1 - b1))"),
        ("relu", HIDDEN, "h = np.maximum(x @ W1 + b1, 0)"),
        ("b1_outside_tanh", HIDDEN, "h = np.tanh(x @ W1) + b1"),
        ("output_tanh", OUTPUT, "y = np.tanh(h @ W2 + b2)"),
        ("output_softmax", OUTPUT, "y = np.exp(h @ W2 + b2)\n    y = y / y.sum(axis=1, keepdims=True)"),
        ("W1_transposed", HIDDEN, "h = np.tanh(x @ W1.T + b1)"),
        ("W2_transposed", OUTPUT, "y = h @ W2.T + b2"),
        ("weights_swapped", HIDDEN, "h = np.tanh(x @ W2 + b1)", OUTPUT, "y = h @ W1 + b2"),
        ("cache_z_for_h", MLP_RETURN, "return y, MLPCache(x, W1, x @ W1 + b1, W2)"),
        ("b1_missing + output_tanh", HIDDEN, "h = np.tanh(x @ W1)", OUTPUT, "y = np.tanh(h @ W2 + b2)"),
        ("", HIDDEN, "h = np.clip(x @ W1 + b1, -1, 1)"),  # hard tanh
    ],
    "cross_entropy": [
        ("sum_not_mean", LOSS, "-np.sum(log_p * onehot)", DY, "np.exp(log_p) - onehot"),
        ("loss_is_sum", LOSS, "-np.sum(log_p * onehot)"),
        ("loss_opposite_sign", LOSS, "np.sum(log_p * onehot) / len(y)"),
        ("loss_base_two", LOSS, "-np.sum(log_p * onehot) / len(y) / np.log(2)"),
        ("loss_of_probability", LOSS, "-np.sum(np.exp(log_p) * onehot) / len(y)"),
        ("gradient_of_sum", DY, "np.exp(log_p) - onehot"),
        ("onehot_missing", DY, "np.exp(log_p) / len(y)"),
        ("opposite_sign", DY, "(onehot - np.exp(log_p)) / len(y)"),
        ("target_entry_only", DY, "(np.exp(log_p) - onehot) * onehot / len(y)"),
        (
            "softmax_over_batch",
            SHIFTED,
            "y - y.max(axis=0, keepdims=True)",
            "np.exp(shifted).sum(axis=1, keepdims=True)",
            "np.exp(shifted).sum(axis=0, keepdims=True)",
        ),
        (
            "softmax_derivative_multiplied",
            DY,
            "(np.exp(log_p) - onehot) * np.exp(log_p) * (1 - np.exp(log_p)) / len(y)",
        ),
        ("mean_over_all_scores", LOSS, "-np.sum(log_p * onehot) / y.size", DY, "(np.exp(log_p) - onehot) / y.size"),
        ("loss_over_all_scores", LOSS, "-np.mean(log_p * onehot)"),
        (
            "first_row_only",
            LOSS,
            "-np.sum(log_p[0] * onehot[0])",
            DY,
            "(np.exp(log_p) - onehot) * np.eye(len(y))[:, :1]",
        ),
        (
            "softmax_over_everything",
            "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
            "shifted = y - y.max()\n    log_p = shifted - np.log(np.exp(shifted).sum())",
        ),
        ("largest_not_given_back", "log_p = shifted -", "log_p = y -"),
        ("everything_in_bits", "return loss, dy", "return loss / np.log(2), dy / np.log(2)"),
        ("divided_twice", "return loss, dy", "return loss / len(y), dy / len(y)"),
        ("loss_divided_twice", "return loss, dy", "return loss / len(y), dy"),
        ("gradient_divided_twice", "return loss, dy", "return loss, dy / len(y)"),
        ("one_not_divided", DY, "np.exp(log_p) / len(y) - onehot"),
        (
            "subtracted_in_every_row",
            f"dy = {DY}",
            "dy = np.exp(log_p)\n    dy[:, targets] -= 1\n    dy /= len(y)",
        ),
        ("added_at_the_target", DY, "(np.exp(log_p) + onehot) / len(y)"),
        ("scores_for_softmax", DY, "(y - onehot) / len(y)"),
        ("says: with scores near 1000", SHIFTED, "y - 0"),
        ("says: and another near -1000", SHIFTED, "y - y.max()"),
        ("says: 1000, -1000 and 0", LOSS, "-np.sum(np.log(np.exp(log_p) + 1e-300) * onehot) / len(y)"),
    ],
    "central_difference": [
        ("forward_difference", QUOTIENT, "(f(above) - f(x)) / eps"),
        ("backward_difference", QUOTIENT, "(f(x) - f(below)) / eps"),
        ("divided_by_eps", QUOTIENT, "(f(above) - f(below)) / eps"),
        ("brackets_missing", QUOTIENT, "(f(above) - f(below)) / 2 * eps"),
        ("not_divided", QUOTIENT, "f(above) - f(below)"),
        ("one_sided_over_two", QUOTIENT, "(f(above) - f(x)) / (2 * eps)"),
        ("opposite_sign", QUOTIENT, "(f(below) - f(above)) / (2 * eps)"),
        ("sum_not_difference", QUOTIENT, "(f(above) + f(below)) / (2 * eps)"),
        ("second_derivative", QUOTIENT, "(f(above) - 2 * f(x) + f(below)) / eps**2"),
        ("half_the_step", ABOVE, "above[index] += eps / 2", BELOW, "below[index] -= eps / 2", "(2 * eps)", "eps"),
        ("step_halved_distance_kept", ABOVE, "above[index] += eps / 2", BELOW, "below[index] -= eps / 2"),
        ("all_entries_moved", ABOVE, "above += eps", BELOW, "below -= eps"),
        ("row_moved", ABOVE, "above[index[0]] += eps", BELOW, "below[index[0]] -= eps"),
        (
            "left_moved",
            "gradient = np.zeros(x.shape)",
            "gradient, x = np.zeros(x.shape), x.copy()",
            BELOW,
            "below[index] -= eps\n        x[index] -= eps",
        ),
        (
            "both_left_moved",
            "    for index in",
            "    above, below = x.copy(), x.copy()\n    for index in",
            f"        {COPIES}\n",
            "",
        ),
        ("set_to_eps", ABOVE, "above[index] = eps", BELOW, "below[index] = -eps"),
        ("absolute_slope", QUOTIENT, "abs(f(above) - f(below)) / (2 * eps)"),
        ("says: one array under two names", COPIES, "above = below = x.copy()"),
        ("says: nothing stored in the gradient", "gradient[index] = (f(above)", "slope = (f(above)"),
        ("says: Is eps used as it is given", "gradient = np.zeros(x.shape)", "gradient, eps = np.zeros(x.shape), 1e-5"),
        ("says: changes its argument x", COPIES, "above, below = x, x"),
        (
            "says: changes its argument x",
            COPIES,
            "above = x",
            BELOW,
            "ahead = f(above)\n        below = x\n        below[index] -= eps",
            QUOTIENT,
            "(ahead - f(below)) / (2 * eps)",
        ),
        ("says: f() missing 1 required positional argument", "(f(above)", "(f()"),
        ("step_times_entry", ABOVE, "above[index] *= 1 + eps", BELOW, "below[index] *= 1 - eps"),
        ("says: changes its argument x", COPIES, "above, below = x, x.copy()"),
        ("", QUOTIENT, "((f(above) - f(below)) / (2 * eps)).__round__(3)"),
        ("", QUOTIENT, "(f(above) - f(below)) / (2 * 1e-5)"),  # a step of its own in the distance
    ],
    "affine_backward": [
        ("opposite_sign", DX_RETURN, "return -dx, -dW, -db"),
        ("divided_by_N", DX_RETURN, "return dx / len(x), dW / len(x), db / len(x)"),
        *((f"arriving_clipped_at_{limit}", "dx = dy @ W.T", CLIPPED.format(limit)) for limit in (1, 5, 10, 100)),
        ("W_not_transposed", "dy @ W.T", "dy @ W"),
        ("W_left_out", "dy @ W.T", "dy"),
        ("dW_transposed", "x.T @ dy", "dy.T @ x"),
        ("db_mean", "dy.sum(axis=0)", "dy.mean(axis=0)"),
        ("db_first_row", "dy.sum(axis=0)", "dy[0]"),
        ("dW_mean", "x.T @ dy", "x.T @ dy / len(x)"),
        ("dW_first_row", "x.T @ dy", "np.outer(x[0], dy[0])"),
        ("dW_of_summed_rows", "x.T @ dy", "np.outer(x.sum(axis=0), dy.sum(axis=0))"),
        ("db_not_summed", "dy.sum(axis=0)", "dy"),
        ("db_wrong_axis", "dy.sum(axis=0)", "dy.sum(axis=1)"),
        ("db_one_number", "dy.sum(axis=0)", "np.full(dy.shape[1], dy.sum())"),
        ("says: db has shape ()", "dy.sum(axis=0)", "dy.sum()"),
        ("outputs_permuted", DX_RETURN, "return dW, dx, db"),
    ],
    "mlp_backward": [
        ("no_tanh_derivative", SLOPE, "dz = dh"),
        ("square_missing", SLOPE, "dz = dh * (1 - h)"),
        ("only_the_square", SLOPE, "dz = dh * h**2"),
        ("brackets_missing", SLOPE, "dz = dh * 1 - h**2"),
        ("sign_in_derivative", SLOPE, "dz = dh * (1 + h**2)"),
        ("tanh_twice", SLOPE, "dz = dh * (1 - np.tanh(h) ** 2)"),
        ("sigmoid_derivative", SLOPE, "dz = dh * h * (1 - h)"),
        ("derivative_squared", SLOPE, "dz = dh * (1 - h**2) ** 2"),
        ("derivative_of_z", SLOPE, "dz = dh * (1 - np.arctanh(h) ** 2)"),
        ("difference_squared", SLOPE, "dz = dh * (1 - h) ** 2"),
        ("doubled_not_squared", SLOPE, "dz = dh * (1 - 2 * h)"),
        ("slope_opposite_sign", SLOPE, "dz = dh * (h**2 - 1)"),
        ("slope_without_b1", SLOPE, "dz = dh * (1 - np.tanh(x @ W1) ** 2)"),
        ("opposite_sign", ALL, "return -dx, -dW1, -db1, -dW2, -db2"),
        ("divided_by_N", ALL, "return dx / len(x), dW1 / len(x), db1 / len(x), dW2 / len(x), db2 / len(x)"),
        ("arriving_clipped_at_5", "dW2 = h.T @ dy", CLIPPED_DY.format(5)),
        *(
            (f"dz_clipped_at_{limit}", SLOPE, f"dz = np.clip(dh * (1 - h**2), -{limit}, {limit})")
            for limit in (1, 5, 10, 100)
        ),
        ("dx_from_dh", "dz @ W1.T", "dh @ W1.T"),
        ("dW1_from_dh", "x.T @ dz", "x.T @ dh"),
        ("db1_from_dh", "dz.sum(axis=0)", "dh.sum(axis=0)"),
        ("W1_not_transposed", "dz @ W1.T", "dz @ W1"),
        ("W2_left_out", "dy @ W2.T", "dy"),
        ("dW2_transposed", "h.T @ dy", "dy.T @ h"),
        ("dW2_from_z", "h.T @ dy", "np.arctanh(h).T @ dy"),
        ("db2_from_dz", ALL, "return dx, dW1, db1, dW2, db1"),
        ("hidden_divided_by_N", SLOPE, "dz = dh * (1 - h**2) / len(h)"),
        ("weights_mean", ALL, "return dx, dW1 / len(x), db1 / len(x), dW2 / len(x), db2 / len(x)"),
        ("db1_mean", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("db2_one_number", "dy.sum(axis=0)", "np.full(dy.shape[1], dy.sum())"),
        ("dW1_first_row", "x.T @ dz", "np.outer(x[0], dz[0])"),
        ("square_missing + db2_mean", SLOPE, "dz = dh * (1 - h)", "dy.sum(axis=0)", "dy.mean(axis=0)"),
        ("", "h.T @ dy", "np.abs(h).T @ dy"),
    ],
    "repaired_mlp_backward": [
        ("tanh_twice", "(1 - h**2)", "slope_of_tanh(h)"),
        ("derivative_of_z", "(1 - h**2)", "(1 - np.arctanh(h) ** 2)"),
        ("no_tanh_derivative", "* (1 - h**2)", ""),
        ("slope_without_b1", "(1 - h**2)", "slope_of_tanh(x @ W1)"),
        ("difference_squared", "(1 - h**2)", "(1 - h) ** 2"),
        ("square_missing", "(1 - h**2)", "(1 - h)"),
        ("dx_from_dh", "return dz @ W1.T", "return dy @ W2.T @ W1.T"),
    ],
    "conditional_entropy": [
        ("in_nats", INFORMATION, "np.log(before[window] / count)"),
        ("base_ten", INFORMATION, "np.log10(before[window] / count)"),
        ("opposite_sign", INFORMATION, "np.log2(count / before[window])"),
        ("windows_equally_weighted", SHARE, MEAN_OF_WINDOWS),
        ("summed_over_windows", SHARE, "count / before[window]"),
        ("pairs_equally_weighted", SHARE, "1 / len(pairs)"),
        ("entropy_of_window_and_letter", INFORMATION, "np.log2(N / count)"),
        ("entropy_of_the_window", INFORMATION, "np.log2(N / before[window])"),
        (
            "window_given_the_letter",
            "for (window, _), count",
            "for (_, letter), count",
            INFORMATION,
            "np.log2(list(tokens[width:]).count(letter) / count)",
        ),
        (
            "window_not_used",
            "for (window, _), count",
            "for (_, letter), count",
            INFORMATION,
            "np.log2(N / list(tokens[width:]).count(letter))",
        ),
        ("window_one_longer", "N = len(tokens) - width", "width = width + 1\n    N = len(tokens) - width"),
        ("last_window_counted", "bits = 0.0", COUNT_LAST),
        (
            "most_likely_letter",
            INFORMATION,
            "np.log2(before[window] / max(other for (seen, _), other in pairs.items() if seen == window))",
        ),
        ("divided_by_length", SHARE, "count / len(tokens)"),
        ("counts_not_shares", SHARE, "count"),
        (
            "says: the window hold the letter",
            LETTERS,
            "window, letter = tuple(tokens[n + 1 : n + 1 + width]), tokens[n + width]",
        ),
        (
            "says: where some numbers have one digit and others two",
            LETTERS,
            "window, letter = ''.join(str(token) for token in tokens[n : n + width]), tokens[n + width]",
        ),
        (
            "says: a tuple keeps them apart",
            LETTERS,
            "window, letter = sum(int(t) * 10**j for j, t in enumerate(tokens[n : n + width])), tokens[n + width]",
        ),
        ("says: make a tuple of it", LETTERS, "window, letter = tokens[n : n + width], tokens[n + width]"),
        ("", LETTERS, "window, letter = tuple(sorted(tokens[n : n + width])), tokens[n + width]"),
        ("", BITS_RETURN, "return 2**bits"),  # the perplexity
    ],
}

VALUES = {
    "width_needed": [
        ("one_too_few", 6),
        ("one_too_many", 8),
        ("below_one_bit", 2),
        ("below_half_a_bit", 3),
        ("windows_equally_weighted", 4),
        ("nothing_left", 10),
        ("", 5),
    ]
}

EQUIVALENT = {
    "width_needed": [
        (f"{what} in `for width in range(12):`", "What is printed beyond the answer does not matter")
        for what in ("one round fewer", "12 becomes 13")
    ]
}

STILL_RIGHT = {
    "windows": [
        (f"x {what}", "zeros and ones are the same numbers in float32") for what in ("float32", "rounded to float32")
    ],
}
