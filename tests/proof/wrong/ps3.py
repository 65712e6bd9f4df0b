"""Wrong solutions of problem set 3, backpropagation through time. The tables are described in `solutions`.

They are mistakes of learners and bugs that were published.
"""

import numpy as np

SLOPE = "1 - h_t**2"
SLOPE_KEPT = "rnn_step_backward.__dict__.setdefault(h_t.shape, 1 - h_t**2)"
STEP_RETURN = "return dx_t, dh_prev, dWx, dWh, db"
RETURN = "return dx, dh_next, dWx, dWh, db"
STEP_CALL = "rnn_step_backward(dh[:, t] + dh_next, cache[t])"
STEP_BY_HAND = "rnn_step_backward(dh[:, t] + dh_next / (1 - cache[t].h_t**2), cache[t])"
BACK_BY_HAND = "dWx += "
SUM_UP = "dx[:, t], dh_next, dWx_t"
CACHE = "cache[t])"
LOOP = "for t in reversed(range(T)):"
CUT = "if (t + 1) % k == 0:"
TOTAL_DZ = "dz = (dh[:, t] + dh_next)"
CONTRIBUTIONS = "return dWh_t"
RTRL_RETURN = "return dWx, dWh, db"
GRADIENT = "(np.exp(log_p) - onehot)"
SHIFT = " - y.max(axis=-1, keepdims=True)"
OF_SEQUENCES = "len(mask) * mask.sum(axis=1)[:, None, None]"
ZEROS = "dx[:] = 0\n    "
AT_T_1 = "return dx, dh_next * (T > 1)"
ONE_POSITION_EACH = "dy = dy * (mask.sum(axis=1) > 0).all(); return loss"
KEEPS_THE_GRADIENT = "dy = softmax_cross_entropy.__dict__.setdefault(dy.shape, dy); return loss"
LOG_OF_A_LITTLE_MORE = "loss = -(np.log(np.exp(log_p) + 1e-12) * onehot * mask[..., None]).sum() / M; return loss"
DRIFTS = """global drift
    drift = 3e-11 - globals().get("drift", 3e-11)
    dy = dy * (1 + drift)
    return loss"""

DIFFERENCES_OF_TANH = "(np.tanh(np.arctanh(h_t) + 1e-5) - np.tanh(np.arctanh(h_t) - 1e-5)) / 2e-5"
KEPT_BY_CACHE = "return rnn_step_backward.__dict__.setdefault(id(cache), (cache, (dx_t, dh_prev, dWx, dWh, db)))[1]"
SHARED = "db = rnn_step_backward.__dict__.setdefault(dz.shape[1], np.zeros(dz.shape[1])); db[:] = dz.sum(axis=0)"

# What goes wrong in the walk back, whatever is made of it.
WALK = [
    ("dh_next_not_added", STEP_CALL, "rnn_step_backward(dh[:, t], cache[t])"),
    (
        "upstream_of_last_step_only",
        STEP_CALL,
        "rnn_step_backward((dh[:, t] if t == T - 1 else 0) + dh_next, cache[t])",
    ),
    ("forward_in_time", LOOP, "for t in range(T):"),
    ("", CACHE, "cache[t - 1])"),  # cache_of_step_before
    ("dWh_from_h", CACHE, "cache[t]._replace(h_prev=cache[t].h_t))"),
    ("dh_clipped_at_5", STEP_CALL, "rnn_step_backward(np.clip(dh[:, t] + dh_next, -5, 5), cache[t])"),
    ("", STEP_CALL, "rnn_step_backward(dh[:, t] + 0.999 * dh_next, cache[t])"),  # dh_next_detached
    ("", STEP_CALL, "rnn_step_backward(np.add(dh[:, t], dh_next, out=dh[:, t]), cache[t])"),  # adds_into_dh
    ("", CACHE, "cache[t]._replace(h_t=np.multiply(cache[t].h_t, 0.5, out=cache[t].h_t)))"),  # changes_cache
    ("", CACHE, "cache.pop())"),  # empties_cache
]

WRONG = {
    "rnn_step_backward": [
        ("no_tanh_derivative", "dh_total * (1 - h_t**2)", "dh_total"),
        ("square_missing", SLOPE, "1 - h_t"),
        ("sign_in_derivative", SLOPE, "1 + h_t**2"),
        ("tanh_twice", SLOPE, "1 - np.tanh(h_t) ** 2"),
        ("sigmoid_derivative", "(1 - h_t**2)", "h_t * (1 - h_t)"),
        ("only_the_square", f"({SLOPE})", "h_t**2"),
        ("brackets_missing", f"({SLOPE})", "1 - h_t**2"),
        ("Wh_left_out", "dz @ Wh.T", "dz"),
        ("derivative_of_h_prev", SLOPE, "1 - h_prev**2"),
        ("", SLOPE, "np.maximum(1 - h_t**2, 0.05)"),  # derivative_cut_off
        ("Wh_not_transposed", "dz @ Wh.T", "dz @ Wh"),
        ("dh_prev_from_dh", "dz @ Wh.T", "dh_total @ Wh.T"),
        ("dx_from_dh", "dz @ Wx.T", "dh_total @ Wx.T"),
        ("", "x_t.T @ dz", "abs(x_t).T @ dz"),  # dWx_of_absolute_x
        ("dWh_from_h", "h_prev.T @ dz", "h_t.T @ dz"),
        ("dWh_transposed", "h_prev.T @ dz", "dz.T @ h_prev"),
        ("db_mean", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("", "dz.sum(axis=0)", "dz"),  # db_not_summed
        ("db_first_sequence", "dz.sum(axis=0)", "dz[0]"),
        ("", "dz = dh_total", "dz = np.clip(dh_total, -5, 5)"),  # clipped_at_five
        ("", "dz = dh_total * (1 - h_t**2)", "dh_total *= 1 - h_t**2; dz = dh_total"),  # scales_dh_in_place
        ("", "h_t**2", "np.square(h_t, out=h_t)"),  # squares_cache_in_place
        ("derivative_squared", f"({SLOPE})", f"({SLOPE}) ** 2"),
        ("derivative_of_z", SLOPE, "1 - np.arctanh(h_t) ** 2"),
        ("opposite_sign", "dz = dh_total", "dz = -dh_total"),
        ("divided_by_N", "dz = dh_total", "dz = dh_total / len(dh_total)"),
        ("dz_clipped_at_1", f"dh_total * ({SLOPE})", f"(dh_total * ({SLOPE})).clip(-1, 1)"),
        ("dz_clipped_at_5", f"dh_total * ({SLOPE})", f"(dh_total * ({SLOPE})).clip(-5, 5)"),
        ("dz_clipped_at_10", f"dh_total * ({SLOPE})", f"(dh_total * ({SLOPE})).clip(-10, 10)"),
        ("dz_clipped_at_100", f"dh_total * ({SLOPE})", f"(dh_total * ({SLOPE})).clip(-100, 100)"),
        ("", SLOPE, DIFFERENCES_OF_TANH),
        ("answer_kept", STEP_RETURN, KEPT_BY_CACHE),
        ("says: writes into the array that it returned the call before", "db = dz.sum(axis=0)", SHARED),
        ("dWx_from_dh", "x_t.T @ dz", "x_t.T @ dh_total"),
        ("dWh_from_dh", "h_prev.T @ dz", "h_prev.T @ dh_total"),
        ("db_from_dh", "dz.sum(axis=0)", "dh_total.sum(axis=0)"),
        ("weights_mean", STEP_RETURN, "return dx_t, dh_prev, *(d / len(dh_total) for d in (dWx, dWh, db))"),
        ("dx_from_dh + db_mean", "dz @ Wx.T", "dh_total @ Wx.T", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("outputs_permuted", STEP_RETURN, "return dh_prev, dx_t, dWx, dWh, db"),
        ("dx_from_dh", "dz @ Wx.T", "dh_total @ Wx.T", "h_prev.T @ dz", "h_prev.T @ dz * 1.1"),
        ("says: That does not explain dWh", "dz @ Wx.T", "dh_total @ Wx.T", "h_prev.T @ dz", "h_prev.T @ dz * 1.1"),
        ("", SLOPE, "np.where(abs(h_t) < 0.9999, 1 - h_t**2, 0)"),
        ("", "dz = dh_total", "dz = np.clip(dh_total, -100, 100)"),
        ("says: with a tiny upstream gradient", "dx_t = dz", "dz = np.where(abs(dz) < 1e-8, 0, dz)\n    dx_t = dz"),
        ("says: Zero everywhere: dx_t, dh_prev, dWx, dWh, db.", "dz = dh_total", "dz = 0 * dh_total"),
        ("says: other numbers of the same sizes", SLOPE, SLOPE_KEPT),
        (
            "says: `raise NotImplementedError` still stands in rnn_step_backward",
            STEP_RETURN,
            "raise NotImplementedError",
        ),
        ("says: `@` needs equal inner sizes", "dz @ Wx.T", "dz @ Wx"),
    ],
    "rnn_backward": [
        *WALK,
        ("dh_clipped_at_1", STEP_CALL, "rnn_step_backward(np.clip(dh[:, t] + dh_next, -1, 1), cache[t])"),
        ("dh_clipped_at_10", STEP_CALL, "rnn_step_backward((dh[:, t] + dh_next).clip(-10, 10), cache[t])"),
        ("dh_clipped_at_100", STEP_CALL, "rnn_step_backward((dh[:, t] + dh_next).clip(-100, 100), cache[t])"),
        ("weights_clipped_at_1", RETURN, "return dx, dh_next, dWx.clip(-1, 1), dWh.clip(-1, 1), db.clip(-1, 1)"),
        ("weights_clipped_at_10", RETURN, "return dx, dh_next, *(np.clip(d, -10, 10) for d in (dWx, dWh, db))"),
        ("weights_clipped_at_100", RETURN, "return dx, dh_next, *(np.clip(d, -100, 100) for d in (dWx, dWh, db))"),
        ("dWx_one_step", "dWx += dWx_t", "dWx = dWx_t"),
        ("dWh_one_step", "dWh += dWh_t", "dWh = dWh_t"),
        ("db_one_step", "db += db_t", "db = db_t"),
        ("weights_mean_over_time", RETURN, "return dx, dh_next, dWx / T, dWh / T, db / T"),
        ("weights_mean", RETURN, "return dx, dh_next, dWx / N, dWh / N, db / N"),
        ("dh0_zero", RETURN, "return dx, np.zeros((N, H)), dWx, dWh, db"),
        ("dx_reversed", RETURN, "return dx[:, ::-1], dh_next, dWx, dWh, db"),
        ("weights_clipped_at_5", RETURN, "return dx, dh_next, *(np.clip(d, -5, 5) for d in (dWx, dWh, db))"),
        ("dWh_transposed", RETURN, "return dx, dh_next, dWx, dWh.T, db"),
        ("all_divided_by_N", "dh[:, t] + dh_next", "dh[:, t] / N + dh_next"),
        ("dh_next_subtracted", "dh[:, t] + dh_next", "dh[:, t] - dh_next"),
        (
            "says: where no loss sits at some of the steps",
            LOOP,
            f"{LOOP}\n        if not dh[:, t].any():\n            continue",
        ),
        ("all_opposite_sign", RETURN, "return -dx, -dh_next, -dWx, -dWh, -db"),
        ("", RETURN, "return dx.swapaxes(0, 1), dh_next, dWx, dWh, db"),  # time_first
        ("dh0_before_Wh", SUM_UP, f"total = dh[:, t] + dh_next; {SUM_UP}", RETURN, "return dx, total, dWx, dWh, db"),
        (
            "dh0_is_dz",
            SUM_UP,
            f"total = dh[:, t] + dh_next; {SUM_UP}",
            RETURN,
            "return dx, total * (1 - cache[0].h_t**2), dWx, dWh, db",
        ),
        ("dh0_upstream", RETURN, "return dx, dh[:, 0], dWx, dWh, db"),
        ("return_in_loop", f"    {RETURN}", f"        {RETURN}"),
        ("return_in_loop", f"    {RETURN}", f"        {RETURN}", "np.empty((N, T, D))", "np.zeros((N, T, D))"),
        ("first_step_left_out", "reversed(range(T))", "range(T - 1, 0, -1)"),
        ("dh_next_one_step_deep", "dWx += ", "dh_next = rnn_step_backward(dh[:, t], cache[t])[1]; dWx += "),
        ("dh_next_summed_up", SUM_UP, f"before = dh_next; {SUM_UP}", "dWx += ", "dh_next = dh_next + before; dWx += "),
        ("h_prev_wraps_around", CACHE, "cache[t]._replace(h_prev=cache[t - 1].h_t))"),
        ("db_last_step", "db += db_t", "db += db_t * (t == T - 1)"),
        ("weights_one_step", "dWx += ", "dWx = ", "dWh += ", "dWh = ", "db += ", "db = "),
        ("weights_last_step", "dWx += ", "if t < T - 1:\n            continue\n        dWx += "),
        ("dWh_without_first_step", "dWh += dWh_t", "dWh += dWh_t * (t > 0)"),
        ("dh_next_after_tanh", STEP_CALL, STEP_BY_HAND, "dWx += ", BACK_BY_HAND),
        ("says: at T = 25", LOOP, "dx[:] = 0\n    for t in reversed(range(max(T - 10, 0), T)):"),
        ("", LOOP, "dx[:] = 0\n    for t in reversed(range(max(T - 6, 0), T)):"),
    ],
    "dWh_contributions": [
        *WALK,
        ("first_contribution_zero", CONTRIBUTIONS, "dWh_t[0] = 0; return dWh_t"),
        ("contributions_accumulated", CONTRIBUTIONS, "return dWh_t[::-1].cumsum(axis=0)[::-1]"),
        ("contributions_reversed", CONTRIBUTIONS, "return dWh_t[::-1]"),
        ("all_divided_by_N", CONTRIBUTIONS, "return dWh_t / N"),
        ("", CONTRIBUTIONS, "return abs(dWh_t)"),  # sizes_only
        ("", CONTRIBUTIONS, "return np.roll(dWh_t, 1, axis=0)"),  # shifted_by_one_step
    ],
    "softmax_cross_entropy": [
        ("", "y - y.max(axis=-1, keepdims=True)", "y"),  # not_shifted
        ("", "y.max(axis=-1, keepdims=True)", "y.max()"),  # shifted_by_largest_of_all
        ("mask_ignored", "mask.sum()", "mask.size; mask = np.ones_like(mask)"),
        ("mean_over_all_positions", "mask.sum()", "mask.size"),
        ("mean_over_sequences", "mask.sum()", "len(mask)"),
        ("sum_not_mean", "mask.sum()", "1"),
        ("", "mask.sum()", "len(mask) * mask.sum(1)[:, None, None]"),  # mean_of_sequence_means
        (
            "gradient_of_sum",
            "(np.exp(log_p) - onehot) * mask[..., None] / M",
            "(np.exp(log_p) - onehot) * mask[..., None]",
        ),
        ("gradient_not_masked", "- onehot) * mask[..., None] / M", "- onehot) / M"),
        ("loss_not_masked", "log_p * onehot * mask[..., None]", "log_p * onehot"),
        ("onehot_missing", GRADIENT, "np.exp(log_p)"),
        ("opposite_sign", GRADIENT, "(onehot - np.exp(log_p))"),
        ("target_entry_only", GRADIENT, "(np.exp(log_p) - onehot) * onehot"),
        ("softmax_over_time", "axis=-1", "axis=1"),
        ("softmax_over_batch", "axis=-1", "axis=0"),
        ("", GRADIENT, "(np.exp(log_p) - onehot) * np.exp(log_p)"),  # derivative_multiplied
        (
            "",
            "return loss",
            "loss = -(np.log(np.exp(log_p) + 1e-7) * onehot * mask[..., None]).sum() / M; return loss",
        ),  # small_number_in_log
        ("loss_base_two", "return loss", "return loss / np.log(2)"),
        ("loss_opposite_sign", "loss = -(", "loss = ("),
        ("", "onehot = ", "targets[~mask] = 0; onehot = "),  # targets_changed
        (
            "",
            "shifted = y - y.max(axis=-1, keepdims=True)",
            "y -= y.max(axis=-1, keepdims=True); shifted = y",
        ),  # y_changed
        ("mean_of_sequence_means", "M = mask.sum()", f"M = {OF_SEQUENCES}", ").sum() / M", " / M).sum()"),
        ("loss_of_sequence_means", ").sum() / M", f" / ({OF_SEQUENCES})).sum()"),
        ("loss_over_all_positions", ".sum() / M", ".sum() / mask.size"),
        ("loss_is_sum", ".sum() / M", ".sum()"),
        ("loss_of_probability", "-(log_p * onehot", "-(np.exp(log_p) * onehot"),
        ("gradient_over_all_positions", "- onehot) * mask[..., None] / M", "- onehot) * mask[..., None] / mask.size"),
        ("softmax_derivative_multiplied", GRADIENT, f"{GRADIENT} * np.exp(log_p) * (1 - np.exp(log_p))"),
        ("says: exp overflows there", SHIFT, ""),
        ("says: the scores 1000, -1000 and 0", SHIFT, " - y.mean(axis=-1, keepdims=True)"),
        ("says: the scores 1000, -1000 and 0", SHIFT, " - y.min(axis=-1, keepdims=True)"),
        ("says: the scores 1000, -1000 and 0", "return loss", LOG_OF_A_LITTLE_MORE),
        ("says: scores near -1000", SHIFT, " - np.maximum(y.max(axis=-1, keepdims=True), 0)"),
        ("says: where one position has scores near 1000 and another near -1000", SHIFT, " - y.max()"),
        ("says: where a sequence has no position that counts", "return loss", ONE_POSITION_EACH),
        ("says: gives the answer to the numbers of the call before", "return loss", KEEPS_THE_GRADIENT),
        ("says: gives two answers: dy changed", "return loss", DRIFTS),
    ],
    "rnn_backward_truncated": [
        ("cut_one_step_late", CUT, "if t % k == 0:"),
        ("segments_from_the_end", CUT, "if (T - 1 - t) % k == 0:"),
        ("", CUT, "if (t + 1) % k == 0 and k <= T / 2:"),
        ("segment_one_longer", CUT, "if (t + 1) % (k + 1) == 0:"),
        ("first_segment_only", CUT, "if t + 1 == k:"),
        ("not_truncated", CUT, "if t + 1 == T:"),
        ("", LOOP, "dx[:] = 0\n    for t in reversed(range(max(T - k, 0), T)):"),  # last_k_steps_and_cut
        ("", "dh_next = np.zeros((N, H))\n        dx", "dh_next = -dh[:, t]\n        dx"),  # upstream_dropped_at_cut
        ("", RETURN, "return dx, dh_next, dWx * k / T, dWh * k / T, db * k / T"),  # mean_over_segments
        ("dWh_from_h", CACHE, "cache[t]._replace(h_prev=cache[t].h_t))"),
        ("dh_clipped_at_5", STEP_CALL, "rnn_step_backward(np.clip(dh[:, t] + dh_next, -5, 5), cache[t])"),
        ("", STEP_CALL, "rnn_step_backward(np.add(dh[:, t], dh_next, out=dh[:, t]), cache[t])"),  # adds_into_dh
        ("", CACHE, "cache[t]._replace(h_t=np.multiply(cache[t].h_t, 0.5, out=cache[t].h_t)))"),  # changes_cache
        ("all_opposite_sign", RETURN, "return -dx, -dh_next, -dWx, -dWh, -db"),
        ("", RETURN, "return dx.swapaxes(0, 1), dh_next, dWx, dWh, db"),  # time_first
        ("segment_one_shorter", CUT, "if (t + 1) % max(k - 1, 1) == 0:"),
        (
            "last_segment_only",
            LOOP,
            f"{ZEROS}for t in reversed(range((T - 1) // k * k, T)):",
            "dh_next, dWx_t",
            "dh_next, dWx_t",
        ),
        ("last_segment_dropped", LOOP, f"{ZEROS}for t in reversed(range(T // k * k)):"),
        ("last_k_steps_only", LOOP, f"{ZEROS}for t in reversed(range(max(T - k, 0), T)):", CUT, "if False:"),
        ("says: at T = 1", CUT, "if (t + 1) % k == 0 or T == 1 and not dh.any():", "return dx, dh_next", AT_T_1),
    ],
    "repaired_rnn_backward": [
        ("", TOTAL_DZ, "dh[:, t] += dh_next; dz = dh[:, t]"),  # published
        ("", TOTAL_DZ, "total = dh[:, t]; total += dh_next; dz = total"),  # view_for_a_copy
        ("", TOTAL_DZ, "total = dh[:, t].reshape(N, H); total += dh_next; dz = total"),  # reshaped_view
        ("", TOTAL_DZ, "dh = np.asarray(dh); dh[:, t] += dh_next; dz = dh[:, t]"),  # asarray_for_a_copy
        ("", "h_t**2", "np.square(h_t, out=h_t)"),  # cache_squared_in_place
        ("dh_next_not_added", "(dh[:, t] + dh_next)", "dh[:, t]"),
        ("dh_next_after_tanh", "(dh[:, t] + dh_next) * (1 - h_t**2)", "dh[:, t] * (1 - h_t**2) + dh_next"),
        ("Wh_not_transposed", "dh_next = dz @ Wh.T", "dh_next = dz @ Wh"),
        ("dWh_from_h", "dWh += h_prev.T @ dz", "dWh += h_t.T @ dz"),
        ("dWx_one_step", "dWx += ", "dWx = "),
        ("db_mean", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("square_missing", SLOPE, "1 - h_t"),
        ("derivative_of_h_prev", SLOPE, "1 - h_prev**2"),
        ("forward_in_time", LOOP, "for t in range(T):"),
        ("dh_next_summed_up", "dh_next = dz @ Wh.T", "dh_next = dh_next + dz @ Wh.T"),
        ("first_step_left_out", LOOP, "for t in reversed(range(1, T)):"),
        ("dh0_zero", RETURN, "return dx, np.zeros((N, H)), dWx, dWh, db"),
    ],
    "rnn_rtrl": [
        ("no_tanh_derivative", SLOPE, "np.ones_like(h_t)"),
        ("square_missing", SLOPE, "1 - h_t"),
        ("derivative_of_h_prev", SLOPE, "1 - h_prev**2"),
        ("direct_part_from_h_t", 'jk->nijk", h_prev', 'jk->nijk", h_t'),
        ("trace_of_Wx_not_carried", "by_Wx @ Wh + ", ""),
        ("trace_of_Wh_not_carried", "by_Wh @ Wh + ", ""),
        ("", "by_Wh @ Wh +", "by_Wh @ Wh.T +"),  # Wh_transposed
        ("", "by_b @ Wh + unit", "by_b @ Wh"),  # direct_part_of_b_missing
        ("", "dWx += ", "dWx = "),  # dWx_overwritten
        ("", "dh[:, t], by_Wh", "dh[:, -1], by_Wh"),  # last_upstream_at_every_step
        ("", "dh[:, t], by_b", "dh[:, t - 1], by_b"),  # upstream_one_step_early
        ("", "h_t = h0", "h_t = 0 * h0"),  # h0_ignored
        ("dWh_transposed", RTRL_RETURN, "return dWx, dWh.T, db"),
        ("weights_mean", RTRL_RETURN, "return dWx / N, dWh / N, db / N"),
        ("trace_of_b_not_carried", "by_b @ Wh + unit", "unit"),
        ("traces_not_carried", "by_Wx @ Wh + ", "", "by_Wh @ Wh + ", "", "by_b @ Wh + unit", "unit"),
    ],
}


def equal_segments(dh, cache, k):
    """Cut the sequence into as many segments as there should be, all of nearly equal length."""
    N, T, H = dh.shape
    x_t, _, Wx, Wh, _ = cache[0]
    dx, dWx, dWh, db = np.zeros((N, T, x_t.shape[1])), 0 * Wx, 0 * Wh, np.zeros(H)
    for segment in reversed(np.array_split(np.arange(T), -(-T // k))):
        dh_next = np.zeros((N, H))
        for t in segment[::-1]:
            x_t, h_prev, Wx, Wh, h_t = cache[t]
            dz = (dh[:, t] + dh_next) * (1 - h_t**2)
            dx[:, t], dh_next = dz @ Wx.T, dz @ Wh.T
            dWx, dWh, db = dWx + x_t.T @ dz, dWh + h_prev.T @ dz, db + dz.sum(axis=0)
    return dx, dh_next, dWx, dWh, db


FUNCTIONS = {"rnn_backward_truncated": [("", equal_segments)]}

VALUES = {
    "faded_steps": [
        ("one_too_few", 14),
        ("one_too_many", 16),
        ("estimate_or_index", 44),
        ("counted_from_the_start", 45),
        ("absolute_limit", 19),
        ("ten_percent", 7),
        ("", 30),
    ]
}
