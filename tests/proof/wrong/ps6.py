"""Wrong solutions of problem set 6, gated recurrent units. The tables are described in `solutions`.

They are mistakes of learners and bugs that were published.
"""

FROM = "from_x, from_h = x_t @ Wx + b, h_prev @ Wh + bh"
R = "r = sigmoid(from_x[:, :H] + from_h[:, :H])"
Z = "z = sigmoid(from_x[:, H : 2 * H] + from_h[:, H : 2 * H])"
M = "m = from_h[:, 2 * H :]"
N = "n = np.tanh(from_x[:, 2 * H :] + r * m)"
STATE = "h_t = (1 - z) * n + z * h_prev"
KEPT = "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, n, m)"

GATES = "gates = sigmoid(from_x[:, : 2 * H] + h_prev @ Wh[:, : 2 * H])"
M_BEFORE = "m = r * h_prev"
N_BEFORE = "n = np.tanh(from_x[:, 2 * H :] + m @ Wh[:, 2 * H :])"
TAKEN = "r, z = gates[:, :H], gates[:, H:]"

LOOP = "for t in range(T):"
ONWARD = "h_t, step = gru_step_forward(x[:, t], h_t, Wx, Wh, b, bh)"
RETURN = "return h, cache"
START = "np.zeros((N, H)) if h0 is None else h0"

DN, DZ, DA_N = "dn = dh_total * (1 - z)", "dz = dh_total * (h_prev - n)", "da_n = dn * (1 - n**2)"
DR = "dr, dm = da_n * m, da_n * r"
DA_R, DA_Z = "dr * r * (1 - r)", "dz * z * (1 - z)"
DA, DA_H = "da = np.hstack([da_r, da_z, da_n])", "da_h = np.hstack([da_r, da_z, dm])"
DH_PREV = "dh_prev = dh_total * z + da_h @ Wh.T"
BACK_RETURN = "return dx_t, dh_prev, dWx, dWh, db, dbh"
BACK_KEPT = "return gru_step_backward.__dict__.setdefault(id(cache), (cache, (dx_t, dh_prev, dWx, dWh, db, dbh)))[1]"
FIRST_LINE = "x_t, h_prev, Wx, Wh, r, z, n, m = cache"

DM_BEFORE, DR_BEFORE = "dm = da_n @ Wh[:, 2 * H :].T", "dr = dm * h_prev"
DA_RZ = "da_rz = np.hstack([dr * r * (1 - r), dz * z * (1 - z)])"
DA_BEFORE = "da = np.hstack([da_rz, da_n])"
DH_BEFORE = "dh_prev = dh_total * z + dm * r + da_rz @ Wh[:, : 2 * H].T"
DWH_BEFORE = "dWh = np.hstack([h_prev.T @ da_rz, m.T @ da_n])"
RETURN_BEFORE = "return da @ Wx.T, dh_prev, x_t.T @ da, dWh, da.sum(axis=0)"

BACKWARD_LOOP = "for t in reversed(range(T)):"
CALL = "gru_step_backward(dh[:, t] + dh_next, cache[t])"
RECEIVED = "dx[:, t], dh_next, dWx_t, dWh_t, db_t, dbh_t = "
BACKWARD_RETURN = "return dx, dh_next, dWx, dWh, db, dbh"
SUMS = "dWx += dWx_t"
SHARES = "dn, dz = dh_total * (1 - z), dh_total * (h_prev - n)"
ROOT = "np.sqrt((beside / 2) ** 2 + parameters / blocks) - beside / 2"
DIRECT = "dh_next = dh_total * z + da_h @ Wh.T"


IN_THE_STEP = [
    ("z_turned_round", STATE, "h_t = z * n + (1 - z) * h_prev"),
    ("written_by_z", STATE, "h_t = z * n + z * h_prev"),
    ("kept_by_one_minus_z", STATE, "h_t = (1 - z) * n + (1 - z) * h_prev"),
    ("direct_path_missing", STATE, "h_t = (1 - z) * n"),
    ("nothing_written", STATE, "h_t = z * h_prev"),
    ("all_kept", STATE, "h_t = (1 - z) * n + h_prev"),
    ("all_written", STATE, "h_t = n + z * h_prev"),
    ("update_gate_missing", STATE, "h_t = n"),
    ("written_and_kept_multiplied", STATE, "h_t = (1 - z) * n * z * h_prev"),
    ("kept_subtracted", STATE, "h_t = (1 - z) * n - z * h_prev"),
    ("tanh_of_the_state", STATE, "h_t = np.tanh((1 - z) * n + z * h_prev)"),
    ("reset_state_kept", STATE, "h_t = (1 - z) * n + z * r * h_prev"),
    ("cache_h_t_for_h_prev", KEPT, "GRUStepCache(x_t, h_t, Wx, Wh, r, z, n, m)"),
    ("cache_a_for_z", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, np.log(z / (1 - z)), n, m)"),
    ("cache_a_for_n", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, np.arctanh(n), m)"),
    ("cache_one_minus_z_for_z", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, 1 - z, n, m)"),
    ("", STATE, "h_t = np.clip((1 - z) * n + z * h_prev, -0.5, 0.5)"),
    ("", STATE, "h_prev *= z; h_t = (1 - z) * n + h_prev"),  # changes its argument
]
"""What can be written on either side of the reset."""

SHARED_BACK = [
    ("z_turned_round", DN, "dn = dh_total * z", DZ, "dz = dh_total * (n - h_prev)", "dh_total * z +",
     "dh_total * (1 - z) +"),
    ("shares_swapped", DN, "dn = dh_total * z", "dh_total * z +", "dh_total * (1 - z) +"),
    ("dn_by_z", DN, "dn = dh_total * z"),
    ("direct_by_one_minus_z", "dh_total * z +", "dh_total * (1 - z) +"),
    ("direct_path_missing", "dh_total * z +", ""),
    ("direct_without_z", "dh_total * z +", "dh_total +"),
    ("direct_with_r", "dh_total * z +", "dh_total * z * r +"),
    ("direct_from_da_n", "dh_total * z +", "da_n * z +"),
    ("dn_without_share", DN, "dn = dh_total"),
    ("dz_sign", DZ, "dz = dh_total * (n - h_prev)"),
    ("dz_from_h_prev", DZ, "dz = dh_total * h_prev"),
    ("dz_from_n", DZ, "dz = -dh_total * n"),
    ("dz_from_n_with_sign", DZ, "dz = dh_total * n"),
    ("dz_from_sum", DZ, "dz = dh_total * (h_prev + n)"),
    ("dz_from_h_t", DZ, "dz = dh_total * (h_prev - (1 - z) * n - z * h_prev)"),
    ("dz_from_da_n", DZ, "dz = dh_total * (1 - z) * (1 - n**2) * (h_prev - n)"),
    ("no_tanh_derivative_n", DA_N, "da_n = dn"),
    ("square_missing_n", DA_N, "da_n = dn * (1 - n)"),
    ("only_the_square_n", DA_N, "da_n = dn * n**2"),
    ("brackets_missing_n", DA_N, "da_n = dn * 1 - n**2"),
    ("sign_in_derivative_n", DA_N, "da_n = dn * (1 + n**2)"),
    ("tanh_twice_n", DA_N, "da_n = dn * (1 - np.tanh(n) ** 2)"),
    ("sigmoid_derivative_n", DA_N, "da_n = dn * n * (1 - n)"),
    ("derivative_squared_n", DA_N, "da_n = dn * (1 - n**2) ** 2"),
    ("tanh_derivative_of_a_n", DA_N, "da_n = dn * (1 - np.arctanh(n) ** 2)"),
    ("no_sigmoid_derivative_r", DA_R, "dr"),
    ("tanh_derivative_z", DA_Z, "dz * (1 - z**2)"),
    ("sigmoid_for_its_derivative_r", DA_R, "dr * r"),
    ("one_minus_the_gate_z", DA_Z, "dz * (1 - z)"),
    ("brackets_missing_in_sigmoid_r", DA_R, "dr * r * 1 - r"),
    ("sign_in_sigmoid_derivative_z", DA_Z, "dz * z * (1 + z)"),
    ("sigmoid_twice_r", DA_R, "dr * sigmoid(r) * (1 - sigmoid(r))"),
    ("sigmoid_derivative_squared_z", DA_Z, "dz * (z * (1 - z)) ** 2"),
    ("tanh_derivative_of_both_gates", DA_R, "dr * (1 - r**2)", DA_Z, "dz * (1 - z**2)"),
    ("slope_of_a_z", DA_Z, "dz * np.log(z / (1 - z)) * (1 - np.log(z / (1 - z)))"),
    ("slope_of_z_for_r", DA_R, "dr * z * (1 - z)"),
    ("slope_of_r_for_z", DA_Z, "dz * r * (1 - r)"),
    ("slopes_missing", DA_N, "da_n = dn", DA_R, "dr", DA_Z, "dz"),
    ("da_r_zero", DA_R, "0 * dr"),
    ("da_z_zero", DA_Z, "0 * dz"),
    ("opposite_sign", DN, f"dh_total = -dh_total; {DN}"),
    ("divided_by_N", DN, f"dh_total = dh_total / len(dh_total); {DN}"),
    *((f"dh_clipped_at_{c}", DN, f"dh_total = dh_total.clip(-{c}, {c}); {DN}") for c in (1, 5, 10, 100)),
    ("says: with a tiny upstream gradient", DN, f"dh_total = np.where(abs(dh_total) < 1e-12, 0, dh_total); {DN}"),
    ("", DA_Z, "dz * z * np.maximum(1 - z, 0.01)"),
    ("", DN, "dh_total *= 1 - z; dn = dh_total"),  # changes its argument
]  # fmt: skip
"""What can be written on either side of the reset, on the way back."""

WRONG = {
    "gru_step_forward": [
        *IN_THE_STEP,
        ("swapped_r_z", R, R.replace("r =", "z ="), Z, Z.replace("z =", "r =")),
        ("r_from_the_block_of_z", R, R.replace("[:, :H]", "[:, H : 2 * H]")),
        ("z_from_the_block_of_r", Z, Z.replace("[:, H : 2 * H]", "[:, :H]")),
        ("tanh_for_sigmoid_z", "z = sigmoid", "z = np.tanh"),
        ("sigmoid_for_tanh_n", "n = np.tanh", "n = sigmoid"),
        ("activation_missing_n", N, "n = from_x[:, 2 * H :] + r * m"),
        ("activation_missing_r", "r = sigmoid", "r = "),
        ("b_missing", FROM, "from_x, from_h = x_t @ Wx, h_prev @ Wh + bh"),
        ("b_subtracted", FROM, "from_x, from_h = x_t @ Wx - b, h_prev @ Wh + bh"),
        ("bh_missing", FROM, "from_x, from_h = x_t @ Wx + b, h_prev @ Wh"),
        ("bh_missing_in_n", M, "m = (h_prev @ Wh)[:, 2 * H :]"),
        ("b_for_bh", FROM, "from_x, from_h = x_t @ Wx + b, h_prev @ Wh + b"),
        ("bh_for_b", FROM, "from_x, from_h = x_t @ Wx + bh, h_prev @ Wh + bh"),
        ("biases_swapped", FROM, "from_x, from_h = x_t @ Wx + bh, h_prev @ Wh + b"),
        ("input_missing", FROM, "from_x, from_h = 0 * (x_t @ Wx) + b, h_prev @ Wh + bh"),
        ("recurrence_missing", FROM, "from_x, from_h = x_t @ Wx + b, 0 * (h_prev @ Wh) + bh"),
        ("Wx_transposed", FROM, "from_x, from_h = x_t @ Wx.T + b, h_prev @ Wh + bh"),
        (
            "blocks_interleaved",
            FROM,
            f"{FROM}; turn = [k + 3 * j for k in range(3) for j in range(H)]; from_x, from_h = from_x[:, turn],"
            " from_h[:, turn]",
        ),
        ("reset_before_the_product", N,
         "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :] + bh[2 * H :])"),
        ("reset_before_with_bias_inside", N,
         "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :] + r * bh[2 * H :])"),
        ("bh_outside_the_reset", N, "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ Wh[:, 2 * H :]) + bh[2 * H :])"),
        ("reset_of_the_sum", N, "n = np.tanh(r * (from_x[:, 2 * H :] + m))"),
        ("reset_of_the_input", N, "n = np.tanh(r * from_x[:, 2 * H :] + m)"),
        ("reset_missing", N, "n = np.tanh(from_x[:, 2 * H :] + m)"),
        ("reset_turned_round", N, "n = np.tanh(from_x[:, 2 * H :] + (1 - r) * m)"),
        ("candidate_without_state", N, "n = np.tanh(from_x[:, 2 * H :])"),
        ("passed_subtracted", N, "n = np.tanh(from_x[:, 2 * H :] - r * m)"),
        ("cache_passed_for_m", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, n, r * m)"),
        ("cache_m_without_bias", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, n, m - bh[2 * H :])"),
        ("", STATE, "h_t = z * n + (1 - z) * h_prev", N, "n = np.tanh(from_x[:, 2 * H :] + m)"),  # two mistakes
        ("says: the cache holds no x_t", KEPT, "[r, z, n, m]"),
    ],
    "gru_step_forward_before": [
        *IN_THE_STEP,
        ("swapped_r_z", TAKEN, "z, r = gates[:, :H], gates[:, H:]"),
        ("r_from_the_block_of_z", TAKEN, "r, z = gates[:, H:], gates[:, H:]"),
        ("tanh_for_sigmoid_r", "H:]\n    ", "H:]; r = np.tanh(np.log(r / (1 - r)))\n    "),
        ("sigmoid_for_tanh_n", "n = np.tanh", "n = sigmoid"),
        ("b_missing", "x_t @ Wx + b", "x_t @ Wx"),
        ("b_twice", "x_t @ Wx + b", "x_t @ Wx + 2 * b"),
        ("reset_after_the_product", N_BEFORE, "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ Wh[:, 2 * H :]))"),
        ("reset_on_both_sides", N_BEFORE, "n = np.tanh(from_x[:, 2 * H :] + r * (m @ Wh[:, 2 * H :]))"),
        ("reset_of_the_sum", N_BEFORE, "n = np.tanh(r * (from_x[:, 2 * H :] + h_prev @ Wh[:, 2 * H :]))"),
        ("reset_of_the_input", N_BEFORE, "n = np.tanh(r * from_x[:, 2 * H :] + h_prev @ Wh[:, 2 * H :])"),
        ("reset_missing", M_BEFORE, "m = h_prev"),
        ("reset_turned_round", M_BEFORE, "m = (1 - r) * h_prev"),
        ("reset_without_product", N_BEFORE, "n = np.tanh(from_x[:, 2 * H :] + m)"),
        ("candidate_weights_transposed", N_BEFORE, "n = np.tanh(from_x[:, 2 * H :] + m @ Wh[:, 2 * H :].T)"),
        ("recurrence_missing_in_gates", GATES, "gates = sigmoid(from_x[:, : 2 * H])"),
        ("reset_in_all_blocks", M_BEFORE,
         f"{M_BEFORE}; z = sigmoid(from_x[:, H : 2 * H] + m @ Wh[:, H : 2 * H])"),
        ("cache_h_prev_for_m", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, n, h_prev)"),
        ("cache_passed_for_m", KEPT, "GRUStepCache(x_t, h_prev, Wx, Wh, r, z, n, m @ Wh[:, 2 * H :])"),
    ],
    "gru_forward": [
        ("state_not_passed_on", ONWARD, "h_new, step = gru_step_forward(x[:, t], h_t, Wx, Wh, b, bh)",
         "h[:, t] = h_t", "h[:, t] = h_new"),
        ("h0_ignored", START, "np.zeros((N, H))"),
        ("first_input_only", "x[:, t]", "x[:, 0]"),
        ("input_one_step_late", "x[:, t]", "x[:, t - 1]"),
        ("inputs_reversed", "x[:, t]", "x[:, T - 1 - t]"),
        ("first_step_left_out", LOOP, "for t in range(1, T):"),
        ("last_step_left_out", LOOP, "for t in range(T - 1):"),
        ("backward_in_time", LOOP, "for t in reversed(range(T)):"),
        ("states_reversed", RETURN, "return h[:, ::-1], cache"),
        ("one_step_late", "h[:, t] = h_t", "h[:, t] = step.h_prev"),
        ("one_step_late_from_zeros", "h[:, t] = h_t", "if t + 1 < T:\n            h[:, t + 1] = h_t"),
        ("last_state_everywhere", RETURN, "h[:] = h_t[:, None]; return h, cache"),
        ("first_state_everywhere", RETURN, "h[:] = h[:, :1].copy(); return h, cache"),
        ("states_summed_up", RETURN, "return h.cumsum(axis=1), cache"),
        ("last_state_only", RETURN, "return h_t, cache"),
        ("time_major", RETURN, "return h.swapaxes(0, 1), cache"),
        ("h0_among_the_states", RETURN, "return np.concatenate([h0[:, None], h], axis=1), cache"),
        ("inputs_reshaped", "x[:, t]", "x.reshape(T, N, -1)[t]"),
        ("states_reshaped", RETURN, "return h.swapaxes(0, 1).reshape(N, T, H), cache"),
        ("return_in_loop", f"    {RETURN}", f"        {RETURN}"),
        ("cache_reversed", "cache.append(step)", "cache.insert(0, step)"),
        ("cache_last_step_everywhere", RETURN, "return h, [step] * T"),
        ("cache_h_t_for_h_prev", RETURN, "return h, [s._replace(h_prev=h[:, t]) for t, s in enumerate(cache)]"),
        ("says: the cache has 1 entry", RETURN, "return h, [step]"),
        ("says: with h0 = None", START, "h0 + 0"),
        ("", LOOP, "for t in range(min(T, 12)):"),
    ],
    "update_gate_between": [
        ("one_minus_z", "(h_t - n) / (h_prev - n)", "(h_prev - h_t) / (h_prev - n)"),
        ("negative_z", "(h_prev - n)", "(n - h_prev)"),
        ("fraction_turned_over", "(h_t - n) / (h_prev - n)", "(h_prev - n) / (h_t - n)"),
        ("other_part_below", "(h_prev - n)", "(h_prev - h_t)"),
        ("candidate_not_subtracted_below", "(h_prev - n)", "h_prev"),
        ("candidate_not_subtracted_above", "(h_t - n)", "h_t"),
        ("candidate_left_out", "(h_t - n) / (h_prev - n)", "h_t / h_prev"),
        ("sum_below", "(h_prev - n)", "(h_prev + n)"),
        ("sum_above", "(h_t - n)", "(h_t + n)"),
        ("difference_only", " / (h_prev - n)", ""),
        ("gate_of_a_gate", "return (h_t - n) / (h_prev - n)", "return sigmoid((h_t - n) / (h_prev - n))"),
        ("one_z_for_all", "return (h_t - n) / (h_prev - n)",
         "return np.full(n.shape, (h_t - n).sum() / (h_prev - n).sum())"),
        ("pre_activation_of_z", "(h_t - n) / (h_prev - n)", "np.log((h_t - n) / (h_prev - h_t))"),
        ("", "(h_prev - n)", "(h_prev - n + 1e-8)"),
    ],
    "gru_step_backward": [
        *SHARED_BACK,
        ("dr_without_product", DR, "dr, dm = da_n, da_n * r"),
        ("dr_from_h_prev", DR, "dr, dm = da_n * h_prev, da_n * r"),
        ("dr_of_the_other_variant", DR, "dr, dm = (da_n @ Wh[:, 2 * len(Wh) :].T) * h_prev, da_n * r"),
        ("dr_without_bias", DR, "dr, dm = da_n * (h_prev @ Wh[:, 2 * len(Wh) :]), da_n * r"),
        ("dr_with_r", DR, "dr, dm = da_n * m * r, da_n * r"),
        ("dr_before_tanh", DR, "dr, dm = dn * m, da_n * r"),
        ("dm_without_r", DR, "dr, dm = da_n * m, da_n"),
        ("dm_by_one_minus_r", DR, "dr, dm = da_n * m, da_n * (1 - r)"),
        ("dm_before_tanh", DR, "dr, dm = da_n * m, dn * r"),
        ("dm_by_z", DR, "dr, dm = da_n * m, da_n * z"),
        ("dr_and_dm_before_tanh", DR, "dr, dm = dn * m, dn * r"),
        ("dbh_from_db", "dbh = da_h.sum(axis=0)", "dbh = db"),
        ("db_from_dbh", "db = da.sum(axis=0)", "db = da_h.sum(axis=0)"),
        ("outputs_permuted", BACK_RETURN, "return dx_t, dh_prev, dWx, dWh, dbh, db"),
        ("dWh_from_da", "h_prev.T @ da_h", "h_prev.T @ da"),
        ("dh_prev_from_da", "da_h @ Wh.T", "da @ Wh.T"),
        ("dWh_and_dbh_from_da", "h_prev.T @ da_h", "h_prev.T @ da", "da_h.sum", "da.sum"),
        ("dx_from_da_h", "da @ Wx.T", "da_h @ Wx.T"),
        ("dWx_from_da_h", "x_t.T @ da", "x_t.T @ da_h"),
        ("input_side_from_da_h", "da @ Wx.T", "da_h @ Wx.T", "x_t.T @ da", "x_t.T @ da_h", "da.sum", "da_h.sum"),
        ("only_the_direct_path", DH_PREV, "dh_prev = dh_total * z"),
        ("dh_prev_not_through_r", DH_PREV, "dh_prev = dh_total * z + np.hstack([0 * da_r, da_z, dm]) @ Wh.T"),
        ("dh_prev_not_through_n", DH_PREV, "dh_prev = dh_total * z + np.hstack([da_r, da_z, 0 * dm]) @ Wh.T"),
        ("da_swapped_r_z", DA, DA.replace("da_r, da_z", "da_z, da_r"), DA_H, DA_H.replace("da_r, da_z", "da_z, da_r")),
        ("dWh_from_h", "h_prev.T @ da_h", "((1 - z) * n + z * h_prev).T @ da_h"),
        ("dWh_of_the_other_variant", "h_prev.T @ da_h",
         "np.hstack([h_prev.T @ da_r, h_prev.T @ da_z, (r * h_prev).T @ da_n])"),
        ("dbh_mean", "da_h.sum", "da_h.mean"),
        ("dbh_first_sequence", "da_h.sum(axis=0)", "da_h[0]"),
        ("db_mean", "da.sum", "da.mean"),
        ("db_first_sequence", "da.sum(axis=0)", "da[0]"),
        ("weights_mean", BACK_RETURN, "return dx_t, dh_prev, *(d / len(x_t) for d in (dWx, dWh, db, dbh))"),
        ("Wx_not_transposed", "da @ Wx.T", "da @ Wx"),
        ("Wx_left_out", "da @ Wx.T", "da"),
        ("dWx_transposed", "x_t.T @ da", "da.T @ x_t"),
        ("dz_sign + dm_without_r", DZ, "dz = dh_total * (n - h_prev)", DR, "dr, dm = da_n * m, da_n"),
        ("answer_kept", BACK_RETURN, BACK_KEPT),
        ("says: `raise NotImplementedError` still stands", BACK_RETURN, "raise NotImplementedError"),
    ],
    "gru_step_backward_before": [
        *SHARED_BACK,
        ("dr_without_product", DR_BEFORE, "dr = da_n * h_prev"),
        ("dr_of_the_other_variant", DR_BEFORE, "dr = da_n * (h_prev @ Wh[:, 2 * H :])"),
        ("dr_without_h_prev", DR_BEFORE, "dr = dm"),
        ("dr_from_m", DR_BEFORE, "dr = dm * m"),
        ("dm_not_transposed", DM_BEFORE, DM_BEFORE.removesuffix(".T")),
        ("dm_before_tanh", DM_BEFORE, DM_BEFORE.replace("da_n", "dn")),
        ("dm_without_weights", DM_BEFORE, "dm = da_n"),
        ("dm_by_another_block", DM_BEFORE, "dm = da_n @ Wh[:, :H].T"),
        ("through_m_without_r", "dm * r +", "dm +"),
        ("through_m_by_one_minus_r", "dm * r +", "dm * (1 - r) +"),
        ("through_m_missing", "dm * r +", ""),
        ("through_gates_missing", " + da_rz @ Wh[:, : 2 * H].T", ""),
        ("dh_prev_not_through_r", "da_rz @ Wh[:, : 2 * H].T", "da_rz[:, H:] @ Wh[:, H : 2 * H].T"),
        ("only_the_direct_path", DH_BEFORE, "dh_prev = dh_total * z"),
        ("dh_prev_of_the_other_variant", "dm * r +", "(da_n * r) @ Wh[:, 2 * H :].T +"),
        ("dWh_without_reset", "m.T @ da_n", "h_prev.T @ da_n"),
        ("dWh_from_m_everywhere", "h_prev.T @ da_rz", "m.T @ da_rz"),
        ("dWh_n_transposed", "m.T @ da_n", "da_n.T @ m"),
        ("dWh_from_h", "h_prev.T @ da_rz", "((1 - z) * n + z * h_prev).T @ da_rz"),
        ("weights_mean", RETURN_BEFORE,
         "return da @ Wx.T, dh_prev, *(d / len(x_t) for d in (x_t.T @ da, dWh, da.sum(axis=0)))"),
        ("da_swapped_r_z", DA_BEFORE, "da = np.hstack([da_rz[:, H:], da_rz[:, :H], da_n])"),
    ],
    "gru_backward": [
        ("dh_next_not_added", CALL, "gru_step_backward(dh[:, t], cache[t])"),
        ("upstream_of_last_step_only", CALL, "gru_step_backward((dh[:, t] if t == T - 1 else 0) + dh_next, cache[t])"),
        ("dh_next_subtracted", CALL, "gru_step_backward(dh[:, t] - dh_next, cache[t])"),
        ("dh_next_summed_up", RECEIVED, f"before = dh_next; {RECEIVED}", SUMS, f"dh_next = dh_next + before; {SUMS}"),
        ("forward_in_time", BACKWARD_LOOP, "for t in range(T):"),
        ("first_step_left_out", "reversed(range(T))", "range(T - 1, 0, -1)"),
        ("dh0_zero", BACKWARD_RETURN, BACKWARD_RETURN.replace("dh_next", "0 * dh_next")),
        ("dh0_before_Wh", RECEIVED, f"total = dh[:, t] + dh_next; {RECEIVED}", BACKWARD_RETURN,
         BACKWARD_RETURN.replace("dh_next", "total")),
        ("dh0_upstream", BACKWARD_RETURN, BACKWARD_RETURN.replace("dh_next", "dh[:, 0]")),
        ("dx_reversed", BACKWARD_RETURN, BACKWARD_RETURN.replace("dx,", "dx[:, ::-1],")),
        ("all_divided_by_N", BACKWARD_RETURN, "return tuple(d / N for d in (dx, dh_next, dWx, dWh, db, dbh))"),
        ("all_opposite_sign", BACKWARD_RETURN, "return -dx, -dh_next, -dWx, -dWh, -db, -dbh"),
        ("return_in_loop", f"    {BACKWARD_RETURN}", f"        {BACKWARD_RETURN}", "np.empty((N, T, D))",
         "np.zeros((N, T, D))"),
        *((f"dh_clipped_at_{c}", CALL, f"gru_step_backward((dh[:, t] + dh_next).clip(-{c}, {c}), cache[t])")
          for c in (1, 5, 10, 100)),
        *((f"weights_clipped_at_{c}", BACKWARD_RETURN,
           f"return dx, dh_next, *(d.clip(-{c}, {c}) for d in (dWx, dWh, db, dbh))") for c in (1, 5, 10, 100)),
        ("dWh_one_step", "dWh += dWh_t", "dWh = dWh_t"),
        ("dbh_one_step", "dbh += dbh_t", "dbh = dbh_t"),
        ("db_last_step", "db += db_t", "db += db_t * (t == T - 1)"),
        ("weights_one_step", "dWx += ", "dWx = ", "dWh += ", "dWh = ", "db += ", "db = ", "dbh += ", "dbh = "),
        ("weights_last_step", "dWx += ", "if t < T - 1:\n            continue\n        dWx += "),
        ("weights_mean_over_time", BACKWARD_RETURN, "return dx, dh_next, dWx / T, dWh / T, db / T, dbh / T"),
        ("weights_mean", BACKWARD_RETURN, "return dx, dh_next, dWx / N, dWh / N, db / N, dbh / N"),
        ("dWh_without_first_step", "dWh += dWh_t", "dWh += dWh_t * (t > 0)"),
        ("cache_of_the_step_before", "cache[t])", "cache[t - 1])"),
        ("dh_added_to_what_is_sent", CALL, "gru_step_backward(dh_next, cache[t])", SUMS,
         f"dh_next = dh_next + dh[:, t]; {SUMS}"),
        ("dbh_is_db", BACKWARD_RETURN, BACKWARD_RETURN.replace("dbh", "db")),
        ("", CALL, "gru_step_backward(dh[:, t] + 0.999 * dh_next, cache[t])"),
        ("", "cache[t])", "cache.pop())"),
        ("says: at T = 25", BACKWARD_LOOP, "dx[:] = 0\n    for t in reversed(range(max(T - 10, 0), T)):"),
    ],
    "repaired_gru_backward": [
        ("dn_by_z_without_direct_path", SHARES, SHARES.replace("(1 - z)", "z"), DIRECT, "dh_next = da_h @ Wh.T"),
        ("dn_by_z", SHARES, SHARES.replace("(1 - z)", "z")),
        ("direct_path_missing", DIRECT, "dh_next = da_h @ Wh.T"),
        ("shares_swapped", SHARES, SHARES.replace("(1 - z)", "z"), DIRECT, DIRECT.replace("* z", "* (1 - z)")),
        ("direct_without_z", DIRECT, DIRECT.replace("dh_total * z", "dh_total")),
        ("only_the_direct_path", DIRECT, "dh_next = dh_total * z"),
        ("dz_sign", "(h_prev - n)", "(n - h_prev)"),
        ("dm_without_r", "dr, dm = da_n * m, da_n * r", "dr, dm = da_n * m, da_n"),
        ("dr_without_product", "dr, dm = da_n * m, da_n * r", "dr, dm = da_n, da_n * r"),
        ("dWh_from_h", "dWh += h_prev.T", "dWh += ((1 - z) * n + z * h_prev).T"),
        ("no_tanh_derivative_n", "da_n, da_z = dn * (1 - n**2),", "da_n, da_z = dn,"),
        ("h_prev_wraps_around", "n, m = cache[t]",
         "n, m = cache[t]; last = cache[t - 1]; h_prev = (1 - last.z) * last.n + last.z * last.h_prev"),
        ("", "dh[:, t] + dh_next", "dh[:, t] + np.tanh(dh_next)"),
    ],
    "gru_parameter_count": [
        ("bh_not_counted", "H + 2", "H + 1"),
        ("biases_not_counted", "(D + H + 2)", "(D + H)"),
        ("four_blocks", "3 * H", "4 * H"),
        ("two_blocks", "3 * H", "2 * H"),
        ("one_block", "3 * H", "H"),
        ("bh_of_one_block", "3 * H * (D + H + 2)", "3 * H * (D + H + 1) + H"),
        ("Wh_with_D_rows", "D + H", "D + D"),
        ("Wh_not_counted", "(D + H + 2)", "(D + 2)"),
        ("Wx_not_counted", "(D + H + 2)", "(H + 2)"),
        ("biases_of_size_D", "3 * H * (D + H + 2)", "3 * (D * H + H * H + 2 * D)"),
        ("biases_as_numbers", "3 * H * (D + H + 2)", "3 * (D * H + H * H + 2)"),
        ("h0_counted", "(D + H + 2)", "(D + H + 2) + H"),
        ("counted_2_times", "3 * H", "6 * H"),
        ("", "(D + H + 2)", "(D + H + 3)"),
    ],
    "hidden_size_for": [
        ("size_rounded_up", ROOT, f"np.ceil({ROOT})"),
        ("size_rounded", ROOT, f"np.round({ROOT})"),
        ("one_unit_too_few", ROOT, f"np.ceil({ROOT}) - 1"),
        ("one_unit_too_few", ROOT, "np.roots([blocks, blocks * beside, -parameters]).real.max()"),
        ("one_unit_fewer_always", ROOT, f"{ROOT} - 1"),
        ("one_bias_everywhere", '"GRU": (3, 2)', '"GRU": (3, 1)'),
        ("two_biases_everywhere", "(1, 1)", "(1, 2)", "(4, 1)", "(4, 2)"),
        ("biases_left_out", "beside = D + biases", "beside = D"),
        ("input_left_out", "beside = D + biases", "beside = biases"),
        ("recurrence_left_out", ROOT, "parameters / (blocks * beside)"),
        ("blocks_left_out", "parameters / blocks", "parameters"),
        ("gru_with_two_blocks", '"GRU": (3, 2)', '"GRU": (2, 2)'),
        ("gru_with_four_blocks", '"GRU": (3, 2)', '"GRU": (4, 2)'),
        ("lstm_with_three_blocks", "(4, 1)", "(3, 1)"),
        ("input_and_biases_left_out", "beside = D + biases", "beside = 0"),
        ("", ROOT, f"{ROOT} + (kind == 'RNN')"),
        ("says: expected a whole number", "return int(", "return float("),
    ],
}  # fmt: skip

VALUES = {
    "parting_step": [
        ("counted_from_one", 21),
        ("last_step_together", 19),
        ("by_norm", 13),
        ("by_sum", 7),
        ("without_sign", 42),
        ("any_difference", 1),
        ("farthest", 45),
        ("from_the_same_state", 31),
        ("steps_left", 40),
        ("", 0),
        ("", 20.5),
    ]
}

EQUIVALENT = {
    "parting_step": [
        ("one round fewer in `for t in range(60):`", "They have parted long before the last step."),
    ]
}
