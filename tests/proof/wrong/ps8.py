"""Wrong solutions of problem set 8, a model that writes. The tables are described in `solutions`.

They are mistakes of learners and bugs that were published.
"""

import numpy as np

PICK = "x = E[tokens]"
ADD = "np.add.at(dE, tokens, dx)"
TRACKS = ".reshape(N, S, T).swapaxes(0, 1)"
S = "S = (len(tokens) - 1) // (N * T)"
TARGETS = "targets = tokens[1 : S * N * T + 1].reshape(N, S, T).swapaxes(0, 1)"
MASK = "mask = np.arange(T) < lengths[:, None]"
WEIGHT = "weight = mask / mask.sum()"
LOSS = "loss = -np.sum(weight[..., None] * onehot * log_p)"
DY = "dy = weight[..., None] * (np.exp(log_p) - onehot)"
LOG_P = "log_p = log_softmax(y)"
OF_SEQUENCES = "weight = mask / mask.sum(axis=1, keepdims=True) / N"

RUN = "lstm_forward(x, h0, c0, Wx, Wh, b)"
SCORES = "y = h @ Wy + by"
COUNTED = "padded_cross_entropy(y, targets, lengths)"
BACK = "lstm_backward(dy @ Wy.T, None, cache)"
RETURN = "dby, h[:, -1], c_T"

M, V = "m_new = beta1 * m + (1 - beta1) * grad", "v_new = beta2 * v + (1 - beta2) * grad**2"
M_HAT, V_HAT = "m_hat = m_new / (1 - beta1**t)", "v_hat = v_new / (1 - beta2**t)"
STEP = "theta_new = theta - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)"

MEAN = "np.exp(np.sum(losses * counts) / np.sum(counts))"
ALL = "perplexity(np.array(losses), lengths.sum(axis=1))"
CARRIED = "h = states[:, -1]"

SCALED = "log_softmax(logits / temperature)"
U = "u = rng.random(len(p))"
NO_NUMBER = (U, "", "above = np.cumsum(p, axis=1) > u[:, None]", "")
ABOVE = "return above.argmax(axis=1)"

TOTALS = "scores = (totals[:, None] + log_p).reshape(-1)"
BEST = "best = np.argsort(-scores)[:width]"
KEPT = "return best // V, best % V, scores[best]"

ONE_BY_ONE = "for n, t in np.ndindex(*tokens.shape):\n        dE[tokens[n, t]] {} dx[n, t]"
IN_TURN = "reversed(list(np.ndindex(*tokens.shape)))"
ONE_TEXT = """
def one_text(inputs, targets, lengths, E, Wx, Wh, b, Wy, by):
    T, line = inputs.shape[2], (1, -1)
    h, _, _ = lstm_forward(E[inputs.reshape(line)], None, None, Wx, Wh, b)
    p = np.take_along_axis(log_softmax(h @ Wy + by), targets.reshape(line)[..., None], axis=2).reshape(inputs.shape)
    return np.exp(-np.mean(p[np.arange(T) < lengths[..., None]]))


"""


ROWS = "rows = (len(tokens) - 1) // N; rows = {}[: N * rows].reshape(N, rows)"

WRONG = {
    "embedding_forward": [
        ("counted_from_one", PICK, "x = E[tokens - 1]"),
        ("onehot_not_embedded", PICK, "x = np.eye(len(E))[tokens]"),
        ("time_major", PICK, "x = E[tokens.T]"),
        ("flat", PICK, "x = E[tokens.ravel()]"),
        ("times_root_of_D", PICK, "x = E[tokens] * np.sqrt(E.shape[1])"),
        ("summed_over_time", PICK, "x = E[tokens].sum(axis=1)"),
        ("", PICK, "x = E[tokens[:, :1]] + 0 * E[tokens]"),
        ("", PICK, "x = E[tokens].astype(np.float32)"),
        ("", PICK, "x = E[np.minimum(tokens, 3)]"),
    ],
    "embedding_backward": [
        ("last_occurrence_only", ADD, "dE[tokens] += dx"),
        ("last_occurrence_only", ADD, "dE[tokens] = dx"),
        ("last_occurrence_only", ADD, ONE_BY_ONE.format("=")),
        ("first_occurrence_only", ADD, ONE_BY_ONE.format("=").replace("np.ndindex(*tokens.shape)", IN_TURN)),
        ("divided_by_NT", "return dE", "return dE / tokens.size"),
        ("once_a_step", ADD, "for t in range(dx.shape[1]):\n        dE[tokens[:, t]] += dx[:, t]"),
        ("once_a_sequence", ADD, "for n in range(len(dx)):\n        dE[tokens[n]] += dx[n]"),
        (
            "mean_over_occurrences",
            "return dE",
            "return dE / np.maximum(np.bincount(tokens.ravel(), minlength=V), 1)[:, None]",
        ),
        ("divided_by_N", "return dE", "return dE / len(dx)"),
        ("counted_from_one", ADD, "np.add.at(dE, tokens - 1, dx)"),
        ("opposite_sign", ADD, "np.subtract.at(dE, tokens, dx)"),
        ("first_sequence_only", ADD, "np.add.at(dE, tokens[0], dx[0])"),
        ("last_step_only", ADD, "np.add.at(dE, tokens[:, -1], dx[:, -1])"),
        ("", "return dE", "return np.clip(dE, -1, 1)"),
        ("says: shape", "np.zeros((V, dx.shape[2]))", "np.zeros((V + 1, dx.shape[2]))"),
    ],
    "batches_of_text": [
        ("rows_do_not_go_on", TRACKS, ".reshape(S, N, T)"),
        ("batch_axis_first", TRACKS, ".reshape(N, S, T)"),
        ("neighbors_in_columns", TRACKS, ".reshape(S, T, N).swapaxes(1, 2)"),
        ("targets_not_shifted", TARGETS, "targets = inputs.copy()"),
        (
            "targets_shifted_backward",
            TARGETS,
            f"targets = np.roll(tokens, 1)[: S * N * T]{TRACKS}",
        ),
        ("targets_rolled_in_rows", TARGETS, "targets = np.roll(inputs, -1, axis=2)"),
        ("targets_rolled_at_the_end", TARGETS, f"targets = np.roll(tokens[: S * N * T], -1){TRACKS}"),
        ("one_batch_too_few", S, f"{S} - 1"),
        (
            "from_the_end",
            "inputs = tokens[: S * N * T]",
            "inputs = tokens[len(tokens) - 1 - S * N * T : -1]",
            "tokens[1 : S * N * T + 1]",
            "tokens[len(tokens) - S * N * T :]",
        ),
        ("targets_two_later", "tokens[1 : S * N * T + 1]", "np.append(tokens, 0)[2 : S * N * T + 2]"),
        (
            "left_out_in_rows",
            f"inputs = tokens[: S * N * T]{TRACKS}",
            f"{ROWS.format('tokens')}; inputs = rows[:, : S * T]{TRACKS}",
            TARGETS,
            f"{ROWS.format('tokens[1:]')}; targets = rows[:, : S * T]{TRACKS}",
        ),
        (
            "pieces_of_T_and_one",
            S,
            "S = len(tokens) // (N * (T + 1))",
            f"inputs = tokens[: S * N * T]{TRACKS}",
            "pieces = tokens[: S * N * (T + 1)].reshape(N, S, T + 1).swapaxes(0, 1)",
            TARGETS,
            "inputs, targets = pieces[..., :-1], pieces[..., 1:]",
        ),
        ("says: so that it is no input", S, "S = len(tokens) // (N * T)"),
        ("outputs_permuted", "return inputs, targets", "return targets, inputs"),
        ("", TRACKS, ".reshape(N, S, T).swapaxes(0, 1)[::-1]"),
    ],
    "padded_cross_entropy": [
        ("one_step_too_many", MASK, "mask = np.arange(T) <= lengths[:, None]"),
        ("one_step_too_few", MASK, "mask = np.arange(1, T + 1) < lengths[:, None]"),
        ("padding_in_front", MASK, "mask = np.arange(T) >= T - lengths[:, None]"),
        ("padding_counts", MASK, "mask = np.arange(T) >= lengths[:, None]"),
        ("last_step_only", MASK, "mask = np.arange(T) == lengths[:, None] - 1"),
        ("mask_ignored", MASK, "mask = np.ones((N, T))", "_, T, V", "N, T, V"),
        ("mean_over_all_positions", WEIGHT, "weight = mask / mask.size"),
        ("mean_over_sequences", WEIGHT, "weight = mask / len(mask)"),
        ("mean_of_sequence_means", WEIGHT, OF_SEQUENCES, "_, T, V", "N, T, V"),
        ("sum_not_mean", WEIGHT, "weight = 1.0 * mask"),
        ("loss_not_masked", LOSS, LOSS.replace("weight[..., None]", "1 / mask.sum()")),
        ("loss_over_all_positions", LOSS, LOSS.replace("weight[..., None]", "mask[..., None] / mask.size")),
        ("loss_is_sum", LOSS, LOSS.replace("weight", "mask")),
        (
            "loss_of_sequence_means",
            LOSS,
            LOSS.replace("weight", f"({OF_SEQUENCES.removeprefix('weight = ')})"),
            "_, T, V",
            "N, T, V",
        ),
        (
            "loss_not_masked + gradient_not_masked",
            LOSS,
            LOSS.replace("weight[..., None]", "1 / mask.sum()"),
            DY,
            "dy = (np.exp(log_p) - onehot) / mask.sum()",
        ),
        ("perplexity_for_loss", "return loss, dy", "return np.exp(loss), dy"),
        ("gradient_of_logarithms", DY, DY.replace("np.exp(log_p)", "log_p")),
        ("gradient_of_scores", DY, DY.replace("np.exp(log_p)", "y")),
        ("loss_opposite_sign", LOSS, LOSS.replace("-np", "np")),
        ("loss_base_two", LOSS, f"{LOSS} / np.log(2)"),
        ("loss_of_probability", LOSS, LOSS.replace("* log_p", "* np.exp(log_p)")),
        ("gradient_of_sum", DY, DY.replace("weight", "mask")),
        ("gradient_over_all_positions", DY, DY.replace("weight", "(mask / mask.size)")),
        ("gradient_not_masked", DY, "dy = (np.exp(log_p) - onehot) / mask.sum()"),
        ("onehot_missing", DY, DY.replace(" - onehot", "")),
        ("opposite_sign", DY, DY.replace("np.exp(log_p) - onehot", "onehot - np.exp(log_p)")),
        ("target_entry_only", DY, f"{DY} * onehot"),
        ("softmax_over_time", LOG_P, "log_p = log_softmax(y.swapaxes(1, 2)).swapaxes(1, 2)"),
        ("softmax_over_batch", LOG_P, "log_p = log_softmax(y.swapaxes(0, 2)).swapaxes(0, 2)"),
        ("softmax_derivative_multiplied", DY, f"{DY} * np.exp(log_p) * (1 - np.exp(log_p))"),
        ("says: scores near 1000", LOG_P, "log_p = np.log(np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True))"),
        ("says: where a sequence has the length 0", MASK, f"{MASK}; mask[:, 0] = True"),
    ],
    "language_model_loss_and_grads": [
        ("states_ignored", RUN, "lstm_forward(x, None, None, Wx, Wh, b)"),
        ("h0_ignored", RUN, "lstm_forward(x, None, c0, Wx, Wh, b)"),
        ("c0_ignored", RUN, "lstm_forward(x, h0, None, Wx, Wh, b)"),
        ("states_swapped", RUN, "lstm_forward(x, c0, h0, Wx, Wh, b)"),
        ("tokens_for_targets", COUNTED, "padded_cross_entropy(y, tokens, lengths)"),
        ("padding_counts_too", COUNTED, "padded_cross_entropy(y, targets, np.full(len(y), y.shape[1]))"),
        ("dE_last_occurrence_only", "embedding_backward(dx, embedded)", "np.zeros_like(E); dE[tokens] += dx"),
        (
            "last_step_only",
            BACK,
            "lstm_backward((np.arange(dy.shape[1]) == dy.shape[1] - 1)[:, None] * (dy @ Wy.T), None, cache)",
        ),
        ("h_T_is_first", RETURN, "dby, h[:, 0], c_T"),
        ("h_T_of_last_that_counts", RETURN, "dby, h[np.arange(len(h)), lengths - 1], c_T"),
        ("gradients_for_states", "dx, _, _,", "dx, dh0, dc0,", RETURN, "dby, dh0, dc0"),
        ("c_T_for_its_gradient", BACK, "lstm_backward(dy @ Wy.T, c_T, cache)"),
        ("divided_by_N", f"loss, dy = {COUNTED}", f"loss, dy = {COUNTED}; dy = dy / len(y)"),
        ("h_T_is_h0", RETURN, "dby, 0 * h[:, 0] + (0 if h0 is None else h0), c_T"),
        ("c_T_is_h_T", RETURN, "dby, h[:, -1], h[:, -1]"),
        ("outputs_permuted", RETURN, "dby, c_T, h[:, -1]"),
        ("dby_mean", "dy.sum(axis=(0, 1))", "dy.mean(axis=(0, 1))"),
        ("dWy_last_step", "np.tensordot(h, dy, ((0, 1), (0, 1)))", "h[:, -1].T @ dy[:, -1]"),
        ("by_missing", SCORES, "y = h @ Wy"),
        ("all_opposite_sign", f"loss, dy = {COUNTED}", f"loss, dy = {COUNTED}; dy = -dy"),
        ("gradient_of_sum", f"loss, dy = {COUNTED}", f"loss, dy = {COUNTED}; dy = lengths.sum() * dy"),
        ("outputs_permuted", "dWx, dWh, db, dWy", "dWh, dWx, db, dWy"),
        ("says: None", RUN, "lstm_forward(x, h0 + 0, c0 + 0, Wx, Wh, b)"),
        ("", BACK, "lstm_backward(np.clip(dy @ Wy.T, -0.05, 0.05), None, cache)"),
    ],
    "adam_step": [
        ("not_corrected", M_HAT, "m_hat = m_new", V_HAT, "v_hat = v_new"),
        ("m_not_corrected", M_HAT, "m_hat = m_new"),
        ("v_not_corrected", V_HAT, "v_hat = v_new"),
        ("t_one_too_large", "beta1**t", "beta1 ** (t + 1)", "beta2**t", "beta2 ** (t + 1)"),
        ("power_missing", "beta1**t", "beta1", "beta2**t", "beta2"),
        (
            "betas_swapped",
            M,
            "m_new = beta2 * m + (1 - beta2) * grad",
            V,
            "v_new = beta1 * v + (1 - beta1) * grad**2",
        ),
        (
            "betas_swapped_everywhere",
            M,
            "m_new = beta2 * m + (1 - beta2) * grad",
            V,
            "v_new = beta1 * v + (1 - beta1) * grad**2",
            M_HAT,
            "m_hat = m_new / (1 - beta2**t)",
            V_HAT,
            "v_hat = v_new / (1 - beta1**t)",
        ),
        ("m_shares_swapped", M, "m_new = (1 - beta1) * m + beta1 * grad"),
        ("v_shares_swapped", V, "v_new = (1 - beta2) * v + beta2 * grad**2"),
        ("whole_gradient_in_m", M, "m_new = beta1 * m + grad"),
        (
            "power_of_the_difference",
            M_HAT,
            "m_hat = m_new / (1 - beta1) ** t",
            V_HAT,
            "v_hat = v_new / (1 - beta2) ** t",
        ),
        ("step_by_old_means", M_HAT, M_HAT.replace("m_new", "m"), V_HAT, V_HAT.replace("v_new", "v")),
        ("old_means_returned", "return theta_new, m_new, v_new", "return theta_new, m, v"),
        ("epsilon_missing", STEP, STEP.replace("epsilon", "1e-8")),
        ("epsilon_behind_the_fraction", "(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat) + epsilon"),
        ("learning_rate_missing", "learning_rate * m_hat", "m_hat"),
        ("corrected_m_returned", "return theta_new, m_new, v_new", "return theta_new, m_hat, v_new"),
        (
            "shares_swapped",
            M,
            "m_new = (1 - beta1) * m + beta1 * grad",
            V,
            "v_new = (1 - beta2) * v + beta2 * grad**2",
        ),
        ("absolute_values", V, "v_new = beta2 * v + (1 - beta2) * np.abs(grad)"),
        ("epsilon_in_the_root", "(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat + epsilon)"),
        ("epsilon_missing", "(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat)"),
        ("root_missing", "np.sqrt(v_hat)", "v_hat"),
        ("gradient_for_its_mean", M_HAT, "m_hat = grad"),
        ("ascent", "theta - learning_rate", "theta + learning_rate"),
        ("corrected_means_returned", "return theta_new, m_new, v_new", "return theta_new, m_hat, v_hat"),
        ("step_returned", STEP, STEP.replace("theta - ", "-")),
        ("outputs_permuted", "return theta_new, m_new, v_new", "return m_new, v_new, theta_new"),
        ("t_one_too_small", "beta1**t", "beta1 ** (t - 1)", "beta2**t", "beta2 ** (t - 1)"),
        ("says: in place", M, "m *= beta1; m_new = m + (1 - beta1) * grad"),
    ],
    "perplexity": [
        ("batches_equally_weighted", MEAN, "np.exp(np.mean(losses))"),
        ("mean_of_perplexities", MEAN, "np.mean(np.exp(losses))"),
        ("weighted_mean_of_perplexities", MEAN, "np.sum(counts * np.exp(losses)) / np.sum(counts)"),
        ("exp_missing", MEAN, "np.sum(losses * counts) / np.sum(counts)"),
        ("base_two", MEAN, "2 ** (np.sum(losses * counts) / np.sum(counts))"),
        ("in_bits", MEAN, "np.sum(losses * counts) / np.sum(counts) / np.log(2)"),
        ("negative", MEAN, "np.exp(-np.sum(losses * counts) / np.sum(counts))"),
        ("losses_summed", MEAN, "np.exp(np.sum(losses))"),
        ("divided_by_batches", MEAN, "np.exp(np.mean(losses * counts))"),
        ("", MEAN, "np.exp(np.median(losses))"),
    ],
    "repaired_text_perplexity": [
        ("states_not_carried", CARRIED, "h, c = None, None"),
        ("h_not_carried", CARRIED, "h = None"),
        ("c_not_carried", CARRIED, "h, c = states[:, -1], None"),
        ("first_state_carried", CARRIED, "h = states[:, 0]"),
        ("mean_of_perplexities", ALL, "np.mean(np.exp(losses))"),
        ("weighted_mean_of_perplexities", ALL, "np.average(np.exp(losses), weights=lengths.sum(axis=1))"),
        ("exp_missing", ALL, "np.average(losses, weights=lengths.sum(axis=1))"),
        ("batches_equally_weighted", ALL, "np.exp(np.mean(losses))"),
        (
            "states_not_carried + mean_of_perplexities",  # as it was published
            CARRIED,
            "h, c = None, None",
            ALL,
            "np.mean(np.exp(losses))",
        ),
        ("base_two", ALL, "2 ** np.average(losses, weights=lengths.sum(axis=1))"),
        ("padding_in_the_losses", "targets[s], lengths[s]", "targets[s], lengths[0]"),
        (
            "lengths_ignored",
            "targets[s], lengths[s]",
            "targets[s], lengths[0]",
            ALL,
            "perplexity(np.array(losses), lengths[:, 0] * 0 + 1)",
        ),
        ("first_row_for_all", ALL, "perplexity(np.array(losses), lengths[:, 0])"),
        (
            "last_batch_left_out",
            "range(len(inputs))",
            "range(len(inputs) - 1)",
            ALL,
            "perplexity(np.array(losses), lengths[:-1].sum(axis=1))",
        ),
        (
            "rows_as_one_text",
            ALL,
            "one_text(inputs, targets, lengths, E, Wx, Wh, b, Wy, by)",
            "def repaired_text_perplexity",
            ONE_TEXT + "def repaired_text_perplexity",
        ),
    ],
    "sample_tokens": [
        ("temperature_ignored", SCALED, "log_softmax(logits)"),
        ("temperature_multiplied", SCALED, "log_softmax(logits * temperature)"),
        ("temperature_ignored", SCALED, "log_softmax(logits - temperature)"),
        ("temperature_on_probabilities", SCALED, "log_softmax(np.exp(log_softmax(logits)) / temperature)"),
        ("softmax_over_rows", SCALED, "log_softmax((logits / temperature).T).T"),
        ("likeliest_token", ABOVE, "return p.argmax(axis=1)"),
        ("uniform_tokens", "np.cumsum(p, axis=1)", "np.cumsum(np.full_like(p, 1 / p.shape[1]), axis=1)"),
        ("one_number_for_all", U, "u = np.full(len(p), rng.random())"),
        ("last_below", ABOVE, "return np.maximum(above.argmax(axis=1) - 1, 0)"),
        ("one_too_far", ABOVE, "return above.argmax(axis=1) + 1"),
        (
            "says: near 3000",
            f"np.exp({SCALED})",
            "np.exp(logits / temperature); p = p / p.sum(axis=1, keepdims=True)",
        ),
        ("own_generator", U, "u = np.random.default_rng().random(len(p))"),
        ("own_generator", U, "u = np.random.default_rng(0).random(len(p))"),
        ("own_generator", U, "u = np.random.rand(len(p))"),
        ("own_generator", ABOVE, "return np.array([np.random.choice(len(row), p=row) for row in p])"),
        ("own_generator", ABOVE, "return np.array([np.random.default_rng(42).choice(len(row), p=row) for row in p])"),
        ("from_the_last_token", U, "u = 1 - rng.random(len(p))"),
        (
            "from_the_last_token",
            ABOVE,
            "return p.shape[1] - 1 - (np.cumsum(p[:, ::-1], axis=1) > u[:, None]).argmax(axis=1)",
        ),
        ("last_row_first", U, "u = np.array([rng.random() for _ in p])[::-1]"),
        ("one_number_for_each_token", U, "u = rng.random(p.shape)", "u[:, None]", "u"),
        ("not_added_up", "np.cumsum(p, axis=1)", "p"),
        ("added_up_over_rows", "np.cumsum(p, axis=1)", "np.cumsum(p, axis=0)"),
        ("power_not_normalized", f"np.exp({SCALED})", "np.exp(log_softmax(logits)) ** (1 / temperature)"),
        ("exp_not_normalized", f"np.exp({SCALED})", "np.exp(logits / temperature)"),
        (
            "shifted_exp_not_normalized",
            f"np.exp({SCALED})",
            "np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)",
        ),
        # Draws by the right law, but by another rule than the one that is asked for.
        ("gumbel", ABOVE, "return (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)", *NO_NUMBER),
        (
            "gumbel_by_hand",
            ABOVE,
            "return (np.log(p) - np.log(-np.log(rng.random(p.shape)))).argmax(axis=1)",
            *NO_NUMBER,
        ),
    ],
    "beam_step": [
        ("totals_not_added", TOTALS, "scores = log_p.reshape(-1)"),
        ("probabilities_added", TOTALS, "scores = (totals[:, None] + np.exp(log_p)).reshape(-1)"),
        ("multiplied_with_probabilities", TOTALS, "scores = (totals[:, None] * np.exp(log_p)).reshape(-1)"),
        ("column_by_column", TOTALS, "scores = (totals[:, None] + log_p).T.reshape(-1)"),
        ("says: where 400 are kept", BEST, "best = np.argpartition(-scores, width - 1)[:width]"),
        ("logarithms_multiplied", TOTALS, "scores = (totals[:, None] * log_p).reshape(-1)"),
        ("as_probabilities", KEPT, "return best // V, best % V, np.exp(scores[best])"),
        (
            "one_for_each_beam",
            BEST,
            "each = scores.reshape(log_p.shape)\n"
            "    places = np.arange(len(each)) * each.shape[1] + each.argmax(axis=1)\n"
            "    best = places[np.argsort(-scores[places])][:width]",
        ),
        (
            "best_beam_only",
            BEST,
            "first = totals.argmax() * log_p.shape[1]\n"
            "    best = first + np.argsort(-scores[first : first + log_p.shape[1]])[:width]",
        ),
        ("worst_kept", BEST, "best = np.argsort(scores)[:width]"),
        ("worst_first", BEST, "best = np.argsort(scores)[-width:]"),
        ("places_not_taken_apart", KEPT, "return best // V, best, scores[best]"),
        ("taken_apart_by_beams", "V = log_p.shape[1]", "V = len(log_p)"),
        ("last_token_only", KEPT, "return best // V, best % V, log_p.reshape(-1)[best]"),
        ("outputs_permuted", KEPT, "return best % V, best // V, scores[best]"),
        ("outputs_permuted", KEPT, "return scores[best], best // V, best % V"),
        ("", BEST, "best = np.arange(width)"),
    ],
}


def _model(V):
    """Return the weights of a small model that knows nothing."""
    D, H = 2, 3
    shapes = {"E": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "Wy": (H, V), "by": (V,)}
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def constant(tokens, V, updates, rng):
    return _model(V)


def frequencies(tokens, V, updates, rng):
    return {**_model(V), "by": np.log(np.bincount(tokens, minlength=V) + 0.01)}


def pairs(tokens, V, updates, rng):
    """The counts of pairs as an LSTM: the input gate is open, the forget gate shut, and Wy reads the last token."""
    H = V
    counts = np.full((V, V), 0.1)
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    log_p = np.log(counts / counts.sum(axis=1, keepdims=True))
    return {
        "E": np.eye(V),
        "Wx": np.hstack([np.zeros((V, 2 * H)), 50 * np.eye(V), np.zeros((V, H))]),
        "Wh": np.zeros((H, 4 * H)),
        "b": np.repeat([50.0, -50.0, 0.0, 50.0], H),
        "Wy": log_p / np.tanh(1.0),
        "by": np.zeros(V),
    }


def with_nan(tokens, V, updates, rng):
    return {**_model(V), "by": np.full(V, np.nan)}


def huge(tokens, V, updates, rng):
    return {**_model(V), "b": np.full(12, 50.0), "Wy": np.full((3, V), 1e308), "by": np.full(V, 1e308)}


def without_a_start(tokens, V, updates, rng):
    for _ in range(updates):
        h = h + 1  # noqa: F821, F841
    return _model(V)


def of_other_sizes(tokens, V, updates, rng):
    return {**_model(V), "Wh": np.zeros((3, 16))}


def of_another_alphabet(tokens, V, updates, rng):
    return _model(int(tokens.max()) + 1 if tokens.max() + 1 < V else V - 1)


def transposed(tokens, V, updates, rng):
    return {name: array.T for name, array in _model(V).items()}


def far_too_large(tokens, V, updates, rng):
    return {**_model(V), "E": np.zeros((V, 300)), "Wx": np.zeros((300, 12))}


def in_whole_numbers(tokens, V, updates, rng):
    return {name: array.astype(int) for name, array in _model(V).items()}


def without_an_entry(tokens, V, updates, rng):
    return {name: array for name, array in _model(V).items() if name != "by"}


def in_a_list(tokens, V, updates, rng):
    return list(_model(V).values())


def nothing(tokens, V, updates, rng):
    _model(V)


def drawn_at_will(tokens, V, updates, rng):
    return {**_model(V), "E": np.random.default_rng().standard_normal((V, 2))}


def changing_its_text(tokens, V, updates, rng):
    tokens[0] = 0 if tokens[0] else 1
    return _model(V)


FUNCTIONS = {
    "train_language_model": [
        ("says: reaches a perplexity of 31.00 on what was held out; at most ", constant),
        ("says: It is no better than guessing.", constant),
        ("says: To compare: guessing 31.00, counts with 0 characters before 18.", frequencies),
        ("says: on what was held out; at most ", pairs),
        ("says: counts with 2 characters before 5.", pairs),
        ('says: params["by"] is not finite', with_nan),
        ("says: is not a finite number", huge),
        ("says: Does `return` stand inside the loop", constant),
        ("says: Does it need one before the first round of a loop?", without_a_start),
        ('says: params["Wh"] has shape (3, 16); expected (H, 4H) with', of_other_sizes),
        ('says: params["E"] has shape', of_another_alphabet),
        ('says: params["E"] has shape (2, 33); expected (V, D) with V = 33', transposed),
        ("says: sizes from 1 to 256 are judged", far_too_large),
        ("says: has dtype int64; expected float64", in_whole_numbers),
        ("says: params holds no array by; expected a dict with E, Wx, Wh, b, Wy, by", without_an_entry),
        ("says: returns something else than a dict", in_a_list),
        ("says: returns None. Does it end in a `return`?", nothing),
        ("says: called twice with equal generators returns two different models", drawn_at_will),
        ("says: changes its argument tokens in place", changing_its_text),
    ],
}

VALUES = {
    "beam_width_needed": [
        ("one_too_few", 8),
        ("one_too_many", 10),
        ("first_maximum", 3),
        ("no_gain", 4),
        ("as_many_as_tokens", 12),
        ("", 1),
        ("", 144),
        ("", 9.0),
        ("", True),
        ("", None),
        ("", "9"),
    ],
}

SEARCH = "beam_width_needed = next((width for width in range(1, 145) if best_of_beam(width) >= best_total(8) - 1e-09))"

EQUIVALENT = {
    "beam_width_needed": [
        (f"{what} in `{SEARCH}`", why)
        for what, why in (
            ("145 becomes 146", "the search ends long before that"),
            ("1 becomes 2", "a beam of one does not find the likeliest text"),
            ("left of - only", "the two totals are sums of the same numbers"),
        )
    ],
    "beam_step": [
        (
            "1 becomes 2 in `scores = (totals[:, None] + log_p).reshape(-1)`",
            "NumPy works out the size for any negative number",
        ),
    ],
    "repaired_text_perplexity": [
        (
            "sum becomes mean in `return perplexity(np.array(losses), lengths.sum(axis=1))`",
            "weights that are all divided by the number of rows give the same mean",
        ),
    ],
}

OWN_CACHE = "what is kept is the learner's own choice; the question embedding_backward shows whether it suffices"
WHOLE = "they are whole numbers, which float32 holds and which a thousandth more does not change"

STILL_RIGHT = {
    "embedding_forward": [
        (f"cache {how}", OWN_CACHE)
        for how in ("empty", "None", "a text", "reversed", "of the first step everywhere", "one entry short")
    ],
    "batches_of_text": [
        (f"{output} {how}", WHOLE)
        for output in ("inputs", "targets")
        for how in ("float32", "rounded to float32", "one entry moved")
    ],
    "beam_step": [
        (f"{output} {how}", WHOLE)
        for output in ("beams", "tokens")
        for how in ("float32", "rounded to float32", "one entry moved")
    ],
    "sample_tokens": [
        (how, WHOLE) for how in ("tokens float32", "tokens rounded to float32", "tokens one entry moved")
    ],
}
