"""Wrong solutions of problem set 3, backpropagation through time.

The substitutions are mistakes of learners and bugs that were published; the functions fake a gradient.
"""

import numpy as np

STEP_RETURN = "return dx_t, dh_prev, dWx, dWh, db"
RETURN = "return dx, dh_next, dWx, dWh, db"
STEP_CALL = "rnn_step_backward(dh[:, t] + dh_next, cache[t])"
LOOP = "for t in reversed(range(T)):"
CUT = "if (t + 1) % k == 0:"
RTRL_RETURN = "return dWx, dWh, db"

# Wrong in a whole sequence backward, wherever its steps are walked by rnn_step_backward.
WALK = [
    ("dh_next_not_added", STEP_CALL, "rnn_step_backward(dh[:, t], cache[t])"),
    ("last_upstream_only", STEP_CALL, "rnn_step_backward((dh[:, t] if t == T - 1 else 0) + dh_next, cache[t])"),
    ("forward_in_time", LOOP, "for t in range(T):"),
    ("cache_of_step_before", "cache[t])", "cache[t - 1])"),
    ("dWh_from_h", "cache[t])", "cache[t]._replace(h_prev=cache[t].h_t))"),
    ("clipped_at_five", STEP_CALL, "rnn_step_backward(np.clip(dh[:, t] + dh_next, -5, 5), cache[t])"),
    ("dh_next_detached", STEP_CALL, "rnn_step_backward(dh[:, t] + 0.999 * dh_next, cache[t])"),
    ("adds_into_dh", STEP_CALL, "rnn_step_backward(np.add(dh[:, t], dh_next, out=dh[:, t]), cache[t])"),
    ("changes_cache", "cache[t])", "cache[t]._replace(h_t=np.multiply(cache[t].h_t, 0.5, out=cache[t].h_t)))"),
    ("empties_cache", "cache[t])", "cache.pop())"),
]

# Wrong in what is returned, and in the sums over time.
SUMS = [
    ("dWx_overwritten", "dWx += dWx_t", "dWx = dWx_t"),
    ("dWh_overwritten", "dWh += dWh_t", "dWh = dWh_t"),
    ("db_overwritten", "db += db_t", "db = db_t"),
    ("weights_mean_over_time", RETURN, "return dx, dh_next, dWx / T, dWh / T, db / T"),
    ("weights_mean_over_batch", RETURN, "return dx, dh_next, dWx / N, dWh / N, db / N"),
    ("dh0_zero", RETURN, "return dx, np.zeros((N, H)), dWx, dWh, db"),
    ("dx_reversed", RETURN, "return dx[:, ::-1], dh_next, dWx, dWh, db"),
    ("clipped_at_the_end", RETURN, "return dx, dh_next, *(np.clip(d, -5, 5) for d in (dWx, dWh, db))"),
    ("dWh_transposed", RETURN, "return dx, dh_next, dWx, dWh.T, db"),
    ("everything_zero", RETURN, "return 0 * dx, 0 * dh_next, 0 * dWx, 0 * dWh, 0 * db"),
    ("opposite_sign", RETURN, "return -dx, -dh_next, -dWx, -dWh, -db"),
    ("off_by_one_in_two_thousand", RETURN, "return dx, dh_next, dWx * 1.0005, dWh, db"),
    ("nan", RETURN, "return dx, dh_next, dWx, dWh * np.nan, db"),
    ("single_precision", RETURN, "return dx, dh_next, dWx, dWh, db.astype(np.float32)"),
    ("rounded_to_single", RETURN, "return dx, dh_next, dWx, dWh, db.astype(np.float32).astype(float)"),
    ("one_axis_too_many", RETURN, "return dx, dh_next, dWx, dWh, db[None]"),
    ("time_first", RETURN, "return dx.swapaxes(0, 1), dh_next, dWx, dWh, db"),
    ("list_not_array", RETURN, "return dx, dh_next, dWx.tolist(), dWh, db"),
]

SUBSTITUTIONS = {
    "rnn_step_backward": [
        ("no_tanh_derivative", "dh_t * (1 - h_t**2)", "dh_t"),
        ("square_missing", "1 - h_t**2", "1 - h_t"),
        ("sign_in_derivative", "1 - h_t**2", "1 + h_t**2"),
        ("tanh_twice", "1 - h_t**2", "1 - np.tanh(h_t) ** 2"),
        ("sigmoid_derivative", "(1 - h_t**2)", "h_t * (1 - h_t)"),
        ("derivative_of_h_prev", "1 - h_t**2", "1 - h_prev**2"),
        ("derivative_cut_off", "1 - h_t**2", "np.maximum(1 - h_t**2, 0.05)"),
        ("Wh_not_transposed", "dz @ Wh.T", "dz @ Wh"),
        ("dh_prev_from_dh", "dz @ Wh.T", "dh_t @ Wh.T"),
        ("dx_from_dh", "dz @ Wx.T", "dh_t @ Wx.T"),
        ("dWx_of_absolute_x", "x_t.T @ dz", "abs(x_t).T @ dz"),
        ("dWh_from_h", "h_prev.T @ dz", "h_t.T @ dz"),
        ("dWh_transposed", "h_prev.T @ dz", "dz.T @ h_prev"),
        ("db_mean", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("db_not_summed", "dz.sum(axis=0)", "dz"),
        ("db_first_sequence", "dz.sum(axis=0)", "dz[0]"),
        ("clipped_at_five", "dz = dh_t", "dz = np.clip(dh_t, -5, 5)"),
        ("everything_zero", STEP_RETURN, "return 0 * dx_t, 0 * dh_prev, 0 * dWx, 0 * dWh, 0 * db"),
        ("off_by_one_in_two_thousand", STEP_RETURN, "return dx_t, dh_prev * 1.0005, dWx, dWh, db"),
        ("nan", STEP_RETURN, "return dx_t, dh_prev, dWx * np.nan, dWh, db"),
        ("single_precision", STEP_RETURN, "return dx_t, dh_prev, dWx.astype(np.float32), dWh, db"),
        ("list_not_array", STEP_RETURN, "return dx_t.tolist(), dh_prev, dWx, dWh, db"),
        ("scales_dh_in_place", "dz = dh_t * (1 - h_t**2)", "dh_t *= 1 - h_t**2; dz = dh_t"),
        ("squares_cache_in_place", "h_t**2", "np.square(h_t, out=h_t)"),
    ],
    "rnn_backward": WALK + SUMS,
    "dWh_contributions": [
        *WALK,
        ("accumulated", "return dWh_t", "return dWh_t[::-1].cumsum(axis=0)[::-1]"),
        ("reversed_in_time", "return dWh_t", "return dWh_t[::-1]"),
        ("transposed", "return dWh_t", "return dWh_t.swapaxes(1, 2)"),
        ("mean_over_batch", "return dWh_t", "return dWh_t / N"),
        ("sizes_only", "return dWh_t", "return abs(dWh_t)"),
        ("summed", "return dWh_t", "return dWh_t.sum(axis=0)"),
        ("time_last", "return dWh_t", "return np.moveaxis(dWh_t, 0, -1)"),
        ("everything_zero", "return dWh_t", "return 0 * dWh_t"),
        ("nan", "return dWh_t", "return dWh_t * np.nan"),
        ("single_precision", "return dWh_t", "return dWh_t.astype(np.float32)"),
        ("list_of_arrays", "return dWh_t", "return {'dWh_t': dWh_t}"),
        ("shifted_by_one_step", "return dWh_t", "return np.roll(dWh_t, 1, axis=0)"),
    ],
    "softmax_cross_entropy": [
        ("not_shifted", "logits - logits.max(axis=-1, keepdims=True)", "logits"),
        ("shifted_by_largest_of_all", "logits.max(axis=-1, keepdims=True)", "logits.max()"),
        ("mask_ignored", "mask.sum()", "mask.size; mask = np.ones_like(mask)"),
        ("mean_over_all_positions", "mask.sum()", "mask.size"),
        ("mean_over_sequences", "mask.sum()", "len(mask)"),
        ("sum_not_mean", "mask.sum()", "1"),
        ("mean_of_sequence_means", "mask.sum()", "len(mask) * mask.sum(1)[:, None, None]"),
        (
            "gradient_of_sum",
            "(np.exp(log_p) - onehot) * mask[..., None] / M",
            "(np.exp(log_p) - onehot) * mask[..., None]",
        ),
        ("gradient_not_masked", "- onehot) * mask[..., None] / M", "- onehot) / M"),
        ("loss_not_masked", "log_p * onehot * mask[..., None]", "log_p * onehot"),
        ("onehot_missing", "(np.exp(log_p) - onehot)", "np.exp(log_p)"),
        ("opposite_sign", "(np.exp(log_p) - onehot)", "(onehot - np.exp(log_p))"),
        ("target_entry_only", "(np.exp(log_p) - onehot)", "(np.exp(log_p) - onehot) * onehot"),
        ("softmax_over_time", "axis=-1", "axis=1"),
        ("softmax_over_batch", "axis=-1", "axis=0"),
        ("derivative_multiplied", "(np.exp(log_p) - onehot)", "(np.exp(log_p) - onehot) * np.exp(log_p)"),
        (
            "small_number_in_log",
            "return loss",
            "loss = -(np.log(np.exp(log_p) + 1e-7) * onehot * mask[..., None]).sum() / M; return loss",
        ),
        ("logarithm_of_base_two", "return loss", "return loss / np.log(2)"),
        ("sign_of_loss", "loss = -(", "loss = ("),
        ("targets_changed", "onehot = ", "targets[~mask] = 0; onehot = "),
        (
            "logits_changed",
            "shifted = logits - logits.max(axis=-1, keepdims=True)",
            "logits -= logits.max(axis=-1, keepdims=True); shifted = logits",
        ),
        ("loss_of_every_sequence", ".sum() / M", ".sum(axis=(1, 2)) / M"),
        ("constant", "return loss, dlogits", "return 0.0, np.zeros(logits.shape)"),
        ("zero_gradient", "return loss, dlogits", "return loss, 0 * dlogits"),
        ("nan", "return loss, dlogits", "return loss, dlogits * np.nan"),
        ("single_precision", "return loss, dlogits", "return loss, dlogits.astype(np.float32)"),
        ("list_not_array", "return loss, dlogits", "return loss, dlogits.tolist()"),
    ],
    "rnn_backward_truncated": [
        ("cut_one_step_late", CUT, "if t % k == 0:"),
        ("windows_from_the_end", CUT, "if (T - 1 - t) % k == 0:"),
        ("window_one_longer", CUT, "if (t + 1) % (k + 1) == 0:"),
        ("first_cut_only", CUT, "if t + 1 == k:"),
        ("not_truncated", CUT, "if t + 1 == T:"),
        ("last_k_steps_and_cut", LOOP, "dx[:] = 0\n    for t in reversed(range(max(T - k, 0), T)):"),
        ("upstream_dropped_at_cut", "dh_next = np.zeros((N, H))\n        dx", "dh_next = -dh[:, t]\n        dx"),
        ("mean_over_windows", RETURN, "return dx, dh_next, dWx * k / T, dWh * k / T, db * k / T"),
        *WALK[4:6],
        *WALK[7:9],
        *SUMS[-8:],
    ],
    "repaired_rnn_backward": [
        ("published", "dz = (dh[:, t] + dh_next)", "dh[:, t] += dh_next; dz = dh[:, t]"),
        ("view_for_a_copy", "dz = (dh[:, t] + dh_next)", "total = dh[:, t]; total += dh_next; dz = total"),
        ("reshaped_view", "dz = (dh[:, t] + dh_next)", "total = dh[:, t].reshape(N, H); total += dh_next; dz = total"),
        ("asarray_for_a_copy", "dz = (dh[:, t] + dh_next)", "dh = np.asarray(dh); dh[:, t] += dh_next; dz = dh[:, t]"),
        ("cache_squared_in_place", "h_t**2", "np.square(h_t, out=h_t)"),
        ("dh_next_dropped", "(dh[:, t] + dh_next)", "dh[:, t]"),
        ("dh_next_after_tanh", "(dh[:, t] + dh_next) * (1 - h_t**2)", "dh[:, t] * (1 - h_t**2) + dh_next"),
        ("Wh_not_transposed", "dh_next = dz @ Wh.T", "dh_next = dz @ Wh"),
        ("Wx_for_Wh", "dWh += h_prev.T @ dz", "dWh += h_t.T @ dz"),
        ("dWx_overwritten", "dWx += ", "dWx = "),
        ("db_mean", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("square_missing", "1 - h_t**2", "1 - h_t"),
        ("derivative_of_h_prev", "1 - h_t**2", "1 - h_prev**2"),
        ("forward_in_time", LOOP, "for t in range(T):"),
        ("dh_next_accumulates", "dh_next = dz @ Wh.T", "dh_next = dh_next + dz @ Wh.T"),
        ("first_step_left_out", LOOP, "for t in reversed(range(1, T)):"),
        ("dh0_zero", RETURN, "return dx, np.zeros((N, H)), dWx, dWh, db"),
        ("everything_zero", RETURN, "return 0 * dx, 0 * dh_next, 0 * dWx, 0 * dWh, 0 * db"),
        ("list_not_array", RETURN, "return dx, dh_next, dWx, dWh, list(db)"),
    ],
    "rnn_rtrl": [
        ("no_tanh_derivative", "1 - h_t**2", "np.ones_like(h_t)"),
        ("square_missing", "1 - h_t**2", "1 - h_t"),
        ("derivative_of_h_prev", "1 - h_t**2", "1 - h_prev**2"),
        ("direct_part_from_h", 'jk->nijk", h_prev', 'jk->nijk", h_t'),
        ("Wx_not_carried", "by_Wx @ Wh + ", ""),
        ("Wh_not_carried", "by_Wh @ Wh + ", ""),
        ("Wh_transposed", "by_Wh @ Wh +", "by_Wh @ Wh.T +"),
        ("direct_part_of_b_missing", "by_b @ Wh + unit", "by_b @ Wh"),
        ("dWx_overwritten", "dWx += ", "dWx = "),
        ("last_upstream_at_every_step", "dh[:, t], by_Wh", "dh[:, -1], by_Wh"),
        ("upstream_one_step_early", "dh[:, t], by_b", "dh[:, t - 1], by_b"),
        ("h0_ignored", "h_t = h0", "h_t = 0 * h0"),
        ("dWh_transposed", RTRL_RETURN, "return dWx, dWh.T, db"),
        ("mean_over_batch", RTRL_RETURN, "return dWx / N, dWh / N, db / N"),
        ("everything_zero", RTRL_RETURN, "return 0 * dWx, 0 * dWh, 0 * db"),
        ("nan", RTRL_RETURN, "return dWx * np.nan, dWh, db"),
        ("single_precision", RTRL_RETURN, "return dWx, dWh.astype(np.float32), db"),
    ],
}


def central(loss, value, width):
    """Differentiate by central differences, entry by entry."""
    gradient = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        ahead, behind = value.copy(), value.copy()
        ahead[index] += width
        behind[index] -= width
        gradient[index] = (loss(ahead) - loss(behind)) / (2 * width)
    return gradient


def extrapolated(loss, value, width=2e-3):
    """Differentiate by central differences of three widths, extrapolated twice (Richardson): error of sixth order."""
    narrow, middle, wide = (central(loss, value, factor * width) for factor in (1, 2, 4))
    return (64 * narrow - 20 * middle + wide) / 45


def bias_of(step):
    """Recover the bias from the cache of a step."""
    return (np.arctanh(step.h_t) - step.x_t @ step.Wx - step.h_prev @ step.Wh)[0]


def step_by(difference):
    """Make a rnn_step_backward whose gradients are all differences of the forward pass."""

    def rnn_step_backward(dh_t, cache):
        point = [cache.x_t, cache.h_prev, cache.Wx, cache.Wh, bias_of(cache)]

        def loss(position, value):
            x_t, h_prev, Wx, Wh, b = (*point[:position], value, *point[position + 1 :])
            return np.sum(np.tanh(x_t @ Wx + h_prev @ Wh + b) * dh_t)

        return tuple(
            difference(lambda value, position=position: loss(position, value), base)
            for position, base in enumerate(point)
        )

    return rnn_step_backward


def dh_weights(dh, cache, k):
    """Return dx, dh0, dWx and dWh by the chain rule, cut into windows of k steps."""
    back, dx, dWx, dWh = 0, np.empty((*dh.shape[:2], len(cache[0].Wx))), 0, 0
    for t in reversed(range(len(cache))):
        x_t, h_prev, Wx, Wh, h_t = cache[t]
        dz = (dh[:, t] + (back if (t + 1) % k else 0)) * (1 - h_t**2)
        dx[:, t], back, dWx, dWh = dz @ Wx.T, dz @ Wh.T, dWx + x_t.T @ dz, dWh + h_prev.T @ dz
    return dx, back, dWx, dWh


def db_by(difference):
    """Make a sequence backward pass that is right but for db, which is made of differences."""

    def rnn_backward(dh, cache, k=10**9):
        def loss(b):
            total, h = 0.0, cache[0].h_prev
            for t, step in enumerate(cache):
                # A window starts from a state that does not depend on b.
                h = step.h_prev if t % k == 0 else h
                h = np.tanh(step.x_t @ step.Wx + h @ step.Wh + b)
                total += np.sum(h * dh[:, t])
            return total

        return *dh_weights(dh, cache, k), difference(loss, bias_of(cache[0]))

    return rnn_backward


def loss_by(difference):
    """Make a softmax_cross_entropy with the right loss whose gradient of the first sequence is made of differences."""

    def softmax_cross_entropy(logits, targets, mask):
        def value(moved):
            shifted = moved - moved.max(axis=-1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            return -np.take_along_axis(log_p, targets[..., None], axis=-1)[mask].mean()

        def with_first(first):
            return value(np.concatenate([first[None], logits[1:]]))

        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        dlogits = (p - np.eye(logits.shape[-1])[targets]) * mask[..., None] / mask.sum()
        dlogits[0] = difference(with_first, logits[0])
        return value(logits), dlogits

    return softmax_cross_entropy


def narrow(loss, value):
    """Differentiate by central differences of width 1e-5."""
    return central(loss, value, 1e-5)


FUNCTIONS = {
    "rnn_step_backward": {"central_differences": step_by(narrow), "extrapolated_differences": step_by(extrapolated)},
    "rnn_backward": {"central_differences": db_by(narrow), "extrapolated_differences": db_by(extrapolated)},
    "repaired_rnn_backward": {"central_differences": db_by(narrow), "extrapolated_differences": db_by(extrapolated)},
    "rnn_backward_truncated": {"central_differences": db_by(narrow), "extrapolated_differences": db_by(extrapolated)},
    "softmax_cross_entropy": {"central_differences": loss_by(narrow)},
}

VALUES = {
    "faded_steps": {
        "linear_network": 44,
        "one_less": 14,
        "one_more": 16,
        "index_of_the_step": 45,
        "never": 0,
        "a_float": 15.0,
        "a_truth_value": True,
        "a_text": "15",
        "nothing": None,
    }
}
