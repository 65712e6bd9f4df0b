"""Wrong solutions of problem set 2, the recurrent neural network. The tables are described in `solutions`."""

import numpy as np

Z = "x_t @ Wx + h_prev @ Wh + b"
TANH = "np.tanh(z_t)"
STEP_CACHE = "StepCache(x_t, h_prev, Wx, Wh, h_t)"
START = "np.zeros((N, H)) if h0 is None else h0"
STEP = "rnn_step_forward(x[:, t], h_t, Wx, Wh, b)"
KEPT = "np.where(mask[:, t, None], new, h_t)"
STORED = "h[:, t] = h_t"
RETURN = "return h, cache"
TOTAL = "return hidden + output"
LAST = "mask.sum(axis=1) - 1"
READ = "h[np.arange(len(h)), last]"
LINEAR = "h @ Wy + by"
LINEAR_LAST = "h_last @ Wy + by"
TIME_FIRST = "x.swapaxes(0, 1)"
BATCH_FIRST = "h.swapaxes(0, 1)"
TIMED_STEP = "np.tanh(x[t] @ Wx + h_t @ Wh + b)"
KEEPS_ITS_CACHE = "cache = rnn_forward.__dict__.setdefault('cache', [])"
STILL_RAISES = "raise NotImplementedError"
STARTS_WHERE_IT_ENDED = """getattr(rnn_forward, "kept", np.zeros((N, H))) if h0 is None else h0
    if h_t.shape != (N, H):
        h_t = np.zeros((N, H))
    rnn_forward.kept = rnn_step_forward(x[:, 0], h_t, Wx, Wh, b)[0] if h0 is None else np.zeros((N, H))"""

WRONG = {
    "rnn_step_forward": [
        ("bias_missing", Z, "x_t @ Wx + h_prev @ Wh"),
        ("bias_subtracted", Z, "x_t @ Wx + h_prev @ Wh - b"),
        ("bias_twice", Z, "(x_t @ Wx + b) + (h_prev @ Wh + b)"),
        ("bias_outside_tanh", TANH, "np.tanh(z_t - b) + b"),
        ("", Z, "x_t @ Wx + h_prev @ Wh + b[0]"),  # only the first bias
        ("Wh_transposed", Z, "x_t @ Wx + h_prev @ Wh.T + b"),
        ("Wh_elementwise", Z, "x_t @ Wx + h_prev * np.diag(Wh) + b"),
        ("Wh_left_out", Z, "x_t @ Wx + h_prev + b"),
        ("input_missing", Z, "h_prev @ Wh + b"),
        ("recurrence_missing", Z, "x_t @ Wx + b"),
        ("products_multiplied", Z, "(x_t @ Wx) * (h_prev @ Wh) + b"),
        ("tanh_missing", TANH, "z_t"),
        ("tanh_twice", TANH, "np.tanh(np.tanh(z_t))"),
        ("tanh_of_each_bias_with_state", TANH, "np.tanh(x_t @ Wx) + np.tanh(h_prev @ Wh + b)"),
        ("sigmoid", TANH, "1 / (1 + np.exp(-z_t))"),
        ("relu", TANH, "np.maximum(z_t, 0)"),
        ("", TANH, "np.clip(z_t, -1, 1)"),  # hard tanh
        ("previous_added", TANH, "h_prev + np.tanh(z_t)"),
        ("", Z, "x_t @ Wx + h_prev.mean(axis=0) @ Wh + b"),  # mean over the batch
        ("", TANH, "np.squeeze(np.tanh(z_t))"),  # squeezed
        ("tanh_of_previous", Z, "x_t @ Wx + np.tanh(h_prev) @ Wh + b"),
        ("tanh_of_each", TANH, "np.tanh(x_t @ Wx) + np.tanh(h_prev @ Wh) + b"),
        ("tanh_of_each_bias_with_input", TANH, "np.tanh(x_t @ Wx + b) + np.tanh(h_prev @ Wh)"),
        ("recurrence_outside_tanh", TANH, "np.tanh(x_t @ Wx + b) + h_prev @ Wh"),
        ("weights_swapped", Z, "x_t @ Wh + h_prev @ Wx + b"),
        ("Wx_transposed", Z, "x_t @ Wx.T + h_prev @ Wh + b"),
        ("both_transposed", Z, "x_t @ Wx.T + h_prev @ Wh.T + b"),
        ("cache_h_t_for_h_prev", STEP_CACHE, "StepCache(x_t, h_t, Wx, Wh, h_t)"),
        ("cache_z_for_h_t", STEP_CACHE, "StepCache(x_t, h_prev, Wx, Wh, z_t)"),
        ("says: the cache holds no h_t", STEP_CACHE, "{'x_t': x_t, 'h_prev': h_prev, 'Wx': Wx, 'Wh': Wh}"),
        ("", TANH, "np.tanh(np.clip(z_t, -3, 3))"),
        ("says: `raise NotImplementedError` still stands in rnn_step_forward", "return h_t, cache", STILL_RAISES),
        ("says: name 'bias' is not defined", Z, "x_t @ Wx + h_prev @ Wh + bias"),
    ],
    "rnn_forward": [
        ("state_not_passed_on", STEP, "rnn_step_forward(x[:, t], np.zeros((N, H)) if h0 is None else h0, Wx, Wh, b)"),
        ("h0_ignored", START, "np.zeros((N, H))"),
        ("", START, "np.zeros((N, H)) if h0 is None else 2 * h0"),  # h0 doubled
        ("", START, "np.ones((N, H)) if h0 is None else h0"),  # h0 of ones when None
        ("first_input_only", STEP, "rnn_step_forward(x[:, 0], h_t, Wx, Wh, b)"),
        ("input_one_step_late", STEP, "rnn_step_forward(x[:, t - 1], h_t, Wx, Wh, b)"),
        ("inputs_reversed", STEP, "rnn_step_forward(x[:, T - 1 - t], h_t, Wx, Wh, b)"),
        ("backward_in_time", "in range(T)", "in reversed(range(T))"),
        ("", STORED, "h[:, (t + 1) % T] = h_t"),  # stored one step late
        ("states_reversed", STORED, "h[:, T - 1 - t] = h_t"),
        ("one_step_late", STORED, "h[:, t] = step.h_prev"),
        ("last_state_everywhere", STORED, "h[...] = h_t[:, None]"),
        ("states_summed_up", STORED, "h[:, t] = h_t + (h[:, t - 1] if t else 0)"),
        ("last_state_only", RETURN, "return h_t, cache"),
        ("time_major", RETURN, "return h.swapaxes(0, 1), cache"),
        ("states_reshaped", RETURN, "return h.swapaxes(0, 1).reshape(h.shape), cache"),
        ("inputs_reshaped", "cache = []", "cache = []\n    x = x.reshape(T, N, -1).swapaxes(0, 1)"),
        ("", RETURN, "return np.concatenate([h[:, :1] * 0, h], axis=1), cache"),  # with h0
        ("Wh_transposed", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh.T, b)"),
        ("first_step_left_out", "in range(T)", "in range(1, T)", "np.empty((N, T, H))", "np.zeros((N, T, H))"),
        ("last_step_left_out", "in range(T)", "in range(T - 1)", "np.empty((N, T, H))", "np.zeros((N, T, H))"),
        ("h0_among_the_states", RETURN, "return np.concatenate([cache[0].h_prev[:, None], h], axis=1), cache"),
        ("cache_reversed", RETURN, "return h, cache[::-1]"),
        ("cache_last_step_everywhere", RETURN, "return h, [cache[-1]] * T"),
        ("cache_last_state_everywhere", RETURN, "return h, [step._replace(h_t=h_t) for step in cache]"),
        ("cache_h_t_for_h_prev", RETURN, "return h, [step._replace(h_prev=step.h_t) for step in cache]"),
        ("says: the cache has 0 entries", RETURN, "return h, []"),
        ("return_in_loop", f"    {RETURN}", f"        {RETURN}"),
        ("says: That is with h0 = None", START, "h0 + 0"),
        ("", START, STARTS_WHERE_IT_ENDED),
        ("says: Zero everywhere: h.", STORED, "pass", "np.empty((N, T, H))", "np.zeros((N, T, H))"),
        ("says: at T = 25", "in range(T)", "in range(min(T, 10))"),
        ("", START, "0.5 * np.ones((N, H)) if h0 is None else h0"),
        ("one_step_late_from_zeros", STORED, "h[:, (t + 1) % T] = h_t * (t + 1 < T)"),
        ("first_state_everywhere", RETURN, "return np.repeat(h[:, :1], T, axis=1), cache"),
        ("says: called twice with the same arguments", "cache = []", KEEPS_ITS_CACHE),
        ("says: no h_prev of one shape in every entry", START, "np.zeros(H) if h0 is None else h0"),
        ("says: its entries are no steps' caches", RETURN, "return h, cache[0]"),
        ("says: in another order; expected h, cache", RETURN, "return cache, h"),
    ],
    "rnn_parameter_count": [
        ("b_missing", "D * H + H * H + H", "D * H + H * H"),
        ("by_missing", "H * V + V", "H * V"),
        ("biases_missing", TOTAL, "return hidden + output - H - V"),
        ("output_layer_missing", TOTAL, "return hidden"),
        ("", TOTAL, "return output"),  # output layer only
        ("Wh_missing", "D * H + H * H + H", "D * H + H"),
        ("Wx_missing", "D * H + H * H + H", "H * H + H"),
        ("Wh_like_Wx", "H * H", "D * H"),
        ("Wh_diagonal", "D * H + H * H + H", "D * H + H + H"),
        ("H_too_many", "H * H + H", "H * H + 2 * H"),
        ("b_of_size_D", "H * H + H", "H * H + D"),
        ("biases_as_numbers", TOTAL, "return hidden - H + 1 + output - V + 1"),
        ("output_from_input", "H * V + V", "D * V + V"),
        ("output_square", "H * V + V", "V * V + V"),
        ("counted_10_times", TOTAL, "return 10 * (hidden + output)"),
        ("counted_2_times", TOTAL, "return 2 * (hidden + output)"),
        ("", TOTAL, "return 10 * hidden + output"),  # hidden layer for ten steps
        ("", TOTAL, "return 34"),  # the try-it number
        ("by_of_size_H", "H * V + V", "H * V + H"),
        ("Wy_missing", "H * V + V", "V"),
    ],
    "rnn_forward_masked": [
        ("mask_ignored", KEPT, "new"),
        ("stored_as_if_real", "h[:, t] = h_t\n    return h\n", "h[:, t] = new\n    return h\n"),
        ("state_zeroed", KEPT, "new * mask[:, t, None]"),
        ("input_zeroed", "in range(T):", "in range(T):\n        x = x * mask[:, :, None]\n        mask = mask | True"),
        ("mask_inverted", KEPT, "np.where(mask[:, t, None], h_t, new)"),
        ("h0_carried", KEPT, "np.where(mask[:, t, None], new, np.zeros((N, H)) if h0 is None else h0)"),
        ("carried_at_real_steps_too", KEPT, "mask[:, t, None] * new + h_t"),
        ("added_at_padded_steps", KEPT, "new + ~mask[:, t, None] * h_t"),
        ("mask_one_step_late", KEPT, "np.where(mask[:, max(t - 1, 0), None], new, h_t)"),
        ("mask_one_step_early", KEPT, "np.where(mask[:, min(t + 1, T - 1), None], new, h_t)"),
        ("stops_with_the_shortest", KEPT, "new if mask[:, t].all() else h_t"),
        ("mask_of_the_first_sequence", KEPT, "np.where(mask[0, t], new, h_t)"),
        ("", KEPT, "np.where(mask[:, t, None], new, (h_t + new) / 2)"),  # half old, half new
        ("h0_ignored", START, "np.zeros((N, H))"),
        ("recurrence_missing", STEP, "rnn_step_forward(x[:, t], 0 * h_t, Wx, Wh, b)"),
        ("Wh_transposed", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh.T, b)"),
        ("bias_missing", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh, 0 * b)"),
        ("backward_in_time", "in range(T)", "in reversed(range(T))"),
        ("time_major", "return h", "return h.swapaxes(0, 1)"),
        ("last_state_only", "return h", "return h_t"),
        ("", KEPT, "np.where(mask[:, t, None], new, h_t + 1e-4 * x[:, t, :1])"),  # a little of the padding
        ("return_in_loop", "    return h", "        return h", "np.empty((N, T, H))", "np.zeros((N, T, H))"),
    ],
    "many_to_many": [
        (
            "says: writes into the array that it returned the call before",
            f"return {LINEAR}",
            "y = many_to_many.__dict__.setdefault((h.shape, len(by)), np.zeros((*h.shape[:2], len(by))));"
            " y[:] = h @ Wy + by; return y",
        ),
        ("by_missing", LINEAR, "h @ Wy"),
        ("by_subtracted", LINEAR, "h @ Wy - by"),
        ("by_twice", LINEAR, "h @ Wy + by + by"),
        ("output_tanh", LINEAR, "np.tanh(h @ Wy + by)"),
        ("states_tanh", LINEAR, "np.tanh(h) @ Wy + by"),
        ("output_sigmoid", LINEAR, "1 / (1 + np.exp(-(h @ Wy + by)))"),
        (
            "output_softmax",
            "return h @ Wy + by",
            "e = np.exp(h @ Wy + by)\n    return e / e.sum(axis=-1, keepdims=True)",
        ),
        ("reversed_in_time", LINEAR, "(h @ Wy + by)[:, ::-1]"),
        ("one_step_late", LINEAR, "np.concatenate([0 * h[:, :1], h[:, :-1]], axis=1) @ Wy + by"),
        ("", LINEAR, "np.roll(h, 1, axis=1) @ Wy + by"),  # rolled
        ("last_state_everywhere", LINEAR, "np.repeat(h[:, -1:], h.shape[1], axis=1) @ Wy + by"),
        ("", LINEAR, "np.repeat(h[:, :1], h.shape[1], axis=1) @ Wy + by"),  # first state everywhere
        ("mean_everywhere", LINEAR, "np.repeat(h.mean(axis=1, keepdims=True), h.shape[1], axis=1) @ Wy + by"),
        ("states_summed_up", LINEAR, "h.cumsum(axis=1) @ Wy + by"),
        ("last_output_only", LINEAR, "h[:, -1] @ Wy + by"),
        ("time_major", LINEAR, "(h @ Wy + by).swapaxes(0, 1)"),
        ("rows_mixed", LINEAR, "(h.swapaxes(0, 1) @ Wy + by).reshape(*h.shape[:2], -1)"),
        ("", LINEAR, "h @ Wy + by - h.mean(axis=0) @ Wy"),  # mean over the batch
        ("says: returns 2 values; expected one: y", LINEAR, "h @ Wy + by, None"),
        ("mean_only", LINEAR, "h.mean(axis=1) @ Wy + by"),
        ("sum_only", LINEAR, "h.sum(axis=1) @ Wy + by"),
        ("says: at T = 25", f"return {LINEAR}", f"y = {LINEAR}; y[:, 10:] = 0; return y"),
    ],
    "many_to_one": [
        ("last_step", LAST, "0 * mask.sum(axis=1) - 1"),
        ("first_masked_step", LAST, "np.minimum(mask.sum(axis=1), mask.shape[1] - 1)"),
        ("one_step_early", LAST, "mask.sum(axis=1) - 2"),
        ("first_step", LAST, "mask.argmax(axis=1)"),
        ("from_the_end", LAST, "-mask.sum(axis=1)"),
        ("length_of_the_first_sequence", LAST, "mask[0].sum() - 1"),
        ("length_of_the_shortest", LAST, "mask.sum(axis=1).min() - 1"),
        ("", LAST, "np.maximum(mask.argmin(axis=1) - 1, 0)"),  # argmin without a thought for full ones
        ("last_step_times_mask", READ, "h[:, -1] * mask[:, -1:]"),
        ("mean_over_real_steps", READ, "(h * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]"),
        ("mean_over_all_steps", READ, "h.mean(axis=1)"),
        ("masked_sum_over_all_steps", READ, "(h * mask[:, :, None]).mean(axis=1)"),
        ("sum_over_real_steps", READ, "(h * mask[:, :, None]).sum(axis=1)"),
        ("", READ, "np.where(mask[:, :, None], h, -np.inf).max(axis=1)"),  # largest real state
        ("", READ, "h[:, last]"),  # every sequence for every length
        ("every_step", READ, "h"),
        ("by_missing", LINEAR_LAST, "h_last @ Wy"),
        ("", LINEAR_LAST, "h_last @ Wy + by.mean()"),  # bias inside the mean
        ("output_tanh", LINEAR_LAST, "np.tanh(h_last @ Wy + by)"),
        ("", LAST, "mask[::-1].sum(axis=1) - 1"),  # lengths of the sequences in reverse
        ("one_step_early", LAST, "np.maximum(mask.sum(axis=1) - 2, 0)"),
        ("", LAST, "np.minimum(mask.sum(axis=1), 10) - 1"),
        ("length_of_the_last_sequence", LAST, "mask[-1].sum() - 1"),
        ("", LAST, "int(mask.sum(axis=1).mean()) - 1"),
        ("", LAST, "mask.shape[1] - 2"),
    ],
    "repaired_time_major_rnn": [
        ("inputs_mixed", TIME_FIRST, "x.reshape(T, N, -1)"),
        ("states_mixed", BATCH_FIRST, "h.reshape(N, T, -1)"),
        ("", TIME_FIRST, 'x.reshape(T, N, -1, order="F")'),  # reshaped by columns
        ("inputs_reversed", TIME_FIRST, "x.swapaxes(0, 1)[::-1]"),
        ("time_major", BATCH_FIRST, "h"),
        ("last_state_only", "return h.swapaxes(0, 1)", "return h_t"),
        ("state_not_passed_on", TIMED_STEP, "np.tanh(x[t] @ Wx + h0 @ Wh + b)"),
        ("h0_ignored", "h_t = h0", "h_t = np.zeros_like(h0)"),
        ("bias_missing", TIMED_STEP, "np.tanh(x[t] @ Wx + h_t @ Wh)"),
        ("tanh_missing", TIMED_STEP, "x[t] @ Wx + h_t @ Wh + b"),
        ("Wh_transposed", TIMED_STEP, "np.tanh(x[t] @ Wx + h_t @ Wh.T + b)"),
        ("", TIME_FIRST, "np.concatenate([x[None, :, 0], x.reshape(T, N, -1)[1:]])"),  # only the first step repaired
        ("", ".swapaxes(0, 1)", ".reshape(T, N, -1)"),
        ("mixed_twice", TIME_FIRST, "x.reshape(T, N, -1)", BATCH_FIRST, "h.reshape(N, T, -1)"),
    ],
}


def one_state_for_all_sequences(x, h0, Wx, Wh, b):
    h, cache = np.zeros((*x.shape[:2], len(b))), []
    h_t = np.zeros(len(b)) if h0 is None else h0[0]
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            h[n, t] = h_t = np.tanh(x[n, t] @ Wx + h_t @ Wh + b)
    return h, cache


FUNCTIONS = {"rnn_forward": [("", one_state_for_all_sequences)]}

VALUES = {
    "forgotten_after": [
        ("one_too_few", 17),
        ("one_too_many", 19),
        ("from_the_first_step", 20),
        ("from_the_first_step_counted", 21),
        ("absolute_limit", 23),
        ("ten_percent", 10),
        ("tenth_of_a_percent", 28),
        ("estimate_without_tanh", 90),
        ("", 80),
        ("", 0.0089),
    ],
}

EQUIVALENT = {
    "rnn_forward": [("0 becomes 1 in `H = Wh.shape[0]`", "Wh is square")],
    "rnn_forward_masked": [("0 becomes 1 in `H = Wh.shape[0]`", "Wh is square")],
}
