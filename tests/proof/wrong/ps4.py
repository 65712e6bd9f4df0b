"""Wrong solutions of problem set 4, vanishing and exploding gradients. The tables are described in `solutions`.

They are mistakes of learners and bugs that were published.
"""

import numpy as np

J_T = "slope[:, :, None] * Wh.T"
SLOPE = "slope = 1 - h_t**2"
STEP = "step_jacobian(h[:, k], Wh) @ J"
LOOP = "for k in range(t + 1, T):"
RETURN_J = "    return J"
TURNED = "step_jacobian(h[:, k], Wh).swapaxes(1, 2) @ J"
NORMS = "np.linalg.norm(J, 2, axis=(1, 2))"
POINTS = "for back in range(T)]"
FIT = "np.polyfit(np.arange(T), logs, 1)[0]"
LOGS = "np.log(["
PRODUCT = "jacobian_product(h, Wh, T - 1 - back)"
FACTORS = "products = [jacobian_product(h, Wh, T - 1 - back) for back in range(T)]"
MATRIX = "np.array([[rho, growth], [0.0, rho]])"
NORM = "np.sqrt(sum((grad**2).sum() for grad in grads.values()))"
FACTOR = "max_norm / norm if norm > max_norm else 1.0"
SCALED = "factor * grad for"
CLIP = "np.clip(grad, -limit, limit)"
CLIPPED = "clip_by_norm(grads, max_norm)"
THREE = "('Wx', 'Wh', 'b')"
WHOLE = "np.sqrt(sum((a**2).sum() for a in grads.values()))"
UPDATE = "{name: value - learning_rate * clipped[name] for name, value in params.items()}"
RETURN_UPDATE = f"return {UPDATE}"
V = "beta * v + (1 - beta) * grad**2"
ROOT = "(np.sqrt(v_new) + epsilon)"
MOVE = "theta - learning_rate * grad"
Q = "Q, _ = np.linalg.qr(rng.standard_normal((H, H)))"
START = "gain * Q"


def by_products(body):
    """Return what makes the products of question 3 by itself: `body` is what a step does to J."""
    return (
        f"J = np.tile(np.eye(h.shape[2]), (len(h), 1, 1)); products = [J]\n    for k in range(T - 1, 0, -1):\n"
        f"        {body}\n        products.append(J)"
    )


WRONG = {
    "step_jacobian": [
        ("no_tanh_derivative", SLOPE, "slope = np.ones_like(h_t)"),
        ("square_missing", SLOPE, "slope = 1 - h_t"),
        ("only_the_square", SLOPE, "slope = h_t**2"),
        ("sign_in_derivative", SLOPE, "slope = 1 + h_t**2"),
        ("tanh_twice", SLOPE, "slope = 1 - np.tanh(h_t) ** 2"),
        ("sigmoid_derivative", SLOPE, "slope = h_t * (1 - h_t)"),
        ("derivative_squared", SLOPE, "slope = (1 - h_t**2) ** 2"),
        ("derivative_of_z", SLOPE, "slope = 1 - np.arctanh(h_t) ** 2"),
        ("opposite_sign", J_T, f"-{J_T}"),
        ("slopes_of_first_sequence", "slope[:, :, None]", "slope[:1, :, None] * np.ones((len(slope), 1, 1))"),
        ("slopes_averaged", SLOPE, "slope = 0 * h_t + (1 - h_t**2).mean(axis=0)"),
        ("Wh_not_transposed", J_T, "slope[:, :, None] * Wh"),
        ("slope_on_columns", J_T, "slope[:, None, :] * Wh.T"),
        ("slope_on_columns", J_T, "Wh.T @ (slope[:, :, None] * np.eye(len(Wh)))"),
        ("jacobian_transposed", J_T, "Wh * slope[:, None]"),
        ("Wh_left_out", J_T, "slope[:, :, None] * np.eye(len(Wh))"),
        ("Wh_diagonal", J_T, "slope[:, :, None] * np.diag(np.diag(Wh))"),
        ("", J_T, "abs(slope[:, :, None] * Wh.T)"),
        ("says: J_t is a list or another collection", J_T, f"({J_T}).tolist()"),
        ("", SLOPE, "slope = np.maximum(1 - h_t**2, 0.1)"),
        ("says: has shape", J_T, "slope * Wh.T if len(slope) == len(Wh) else slope[0] * Wh.T"),
    ],
    "jacobian_product": [
        ("order_reversed", STEP, "J @ step_jacobian(h[:, k], Wh)"),
        ("order_reversed", LOOP, "for k in range(T - 1, t, -1):"),
        ("one_factor_too_many", LOOP, "for k in range(t, T):"),
        ("first_factor_missing", LOOP, "for k in range(t + 2, T):"),
        ("last_factor_missing", LOOP, "for k in range(t + 1, T - 1):"),
        ("slopes_one_step_early", LOOP, "for k in range(t, T - 1):"),
        ("all_steps", LOOP, "for k in range(T):"),
        ("steps_up_to_t", LOOP, "for k in range(1, t + 1):"),
        ("t_counted_from_the_end", LOOP, "for k in range(T - t, T):"),
        ("Wh_not_transposed", "h[:, k], Wh)", "h[:, k], Wh.T)"),
        ("slope_on_columns", STEP, "(Wh.T * (1 - h[:, k, None] ** 2)) @ J"),
        ("step_jacobians_transposed", STEP, TURNED),
        ("slopes_one_step_early", "h[:, k]", "h[:, k - 1]"),
        ("slopes_of_last_step", "h[:, k]", "h[:, -1]"),
        ("no_tanh_derivative", STEP, "Wh.T @ J"),
        ("square_missing", STEP, "((1 - h[:, k, :, None]) * Wh.T) @ J"),
        ("only_the_square", STEP, "(h[:, k, :, None] ** 2 * Wh.T) @ J"),
        ("sign_in_derivative", STEP, "((1 + h[:, k, :, None] ** 2) * Wh.T) @ J"),
        ("tanh_twice", STEP, "((1 - np.tanh(h[:, k, :, None]) ** 2) * Wh.T) @ J"),
        ("sigmoid_derivative", STEP, "((h[:, k, :, None] * (1 - h[:, k, :, None])) * Wh.T) @ J"),
        ("derivative_squared", STEP, "((1 - h[:, k, :, None] ** 2) ** 2 * Wh.T) @ J"),
        ("derivative_of_z", STEP, "((1 - np.arctanh(h[:, k, :, None]) ** 2) * Wh.T) @ J"),
        ("opposite_sign", STEP, "-step_jacobian(h[:, k], Wh) @ J"),
        ("slopes_of_first_sequence", STEP, "step_jacobian(h[:1, k], Wh) @ J"),
        ("slopes_averaged", STEP, "step_jacobian(h[:, k], Wh).mean(axis=0) @ J"),
        ("jacobian_transposed", RETURN_J, "    return J.swapaxes(1, 2)"),
        ("entry_by_entry", "J = np.tile(np.eye(H)", "J = np.tile(np.ones((H, H))", " @ J", " * J"),
        ("entry_by_entry_from_identity", " @ J", " * J"),
        ("summed", "J = np.tile(np.eye(H)", "J = np.tile(np.zeros((H, H))", " @ J", " + J"),
        ("last_factor_only", " @ J", ""),
        ("first_factor_only", f"{STEP}\n", f"{STEP}\n        return J\n"),
        ("says: at t = T - 1", RETURN_J, "    return J * (t < T - 1)"),
        ("says: at T = 20", LOOP, "for k in range(max(t + 1, T - 10), T):"),
        ("", STEP, "np.clip(step_jacobian(h[:, k], Wh) @ J, -0.5, 0.5)"),
    ],
    "decay_slope": [
        ("frobenius_norm", NORMS, "np.linalg.norm(J, axis=(1, 2))"),
        ("eigenvalue_for_singular_value", NORMS, "abs(np.linalg.eigvals(J)).max(axis=1)"),
        ("largest_entry", NORMS, "abs(J).max(axis=(1, 2))"),
        ("", NORMS, "np.linalg.norm(J, -2, axis=(1, 2))"),
        ("norm_squared", NORMS, f"{NORMS} ** 2"),
        ("log_missing", LOGS, "np.array(["),
        ("log_base_ten", LOGS, "np.log10(["),
        ("log_base_two", LOGS, "np.log2(["),
        ("opposite_sign", FIT, "np.polyfit(np.arange(T)[::-1], logs, 1)[0]"),
        ("two_points_only", FIT, "(logs[-1] - logs[0]) / (T - 1)"),
        ("divided_by_T", FIT, "(logs[-1] - logs[0]) / T"),
        ("line_through_the_origin", FIT, "np.arange(T) @ logs / (np.arange(T) ** 2).sum()"),
        ("zero_steps_left_out", FIT, "np.polyfit(np.arange(1, T), logs[1:], 1)[0]"),
        ("last_point_left_out", FIT, "np.polyfit(np.arange(T - 1), logs[:-1], 1)[0]"),
        ("factor_for_slope", FIT, f"np.exp({FIT})"),
        ("intercept_for_slope", FIT, "np.polyfit(np.arange(T), logs, 1)[1]"),
        ("order_reversed", FACTORS, by_products("J = step_jacobian(h[:, k], Wh) @ J")),
        (
            "one_factor_too_many",
            FACTORS,
            "products = [jacobian_product(h, Wh, T - 1 - back) for back in range(1, T)]\n"
            "    products.append(products[-1] @ step_jacobian(h[:, 0], Wh))\n"
            "    products = [step_jacobian(h[:, -1], Wh)] + [J @ step_jacobian(h[:, T - 2 - i], Wh) for i, J in"
            " enumerate(products[:-1])]",
        ),
        (
            "norms_multiplied",
            LOGS,
            "np.cumsum(np.log([",
            NORMS,
            "np.linalg.norm(J, 2, axis=(1, 2))",
            "for J in products])",
            "for J in products]), axis=0)",
            FACTORS,
            "products = [jacobian_product(h, Wh, T - 1)] + [step_jacobian(h[:, T - back], Wh) for back in range(1, T)]",
        ),
        ("entry_by_entry", FACTORS, by_products("J = J * step_jacobian(h[:, k], Wh)")),
        ("from_the_start", FACTORS, by_products("J = step_jacobian(h[:, T - k], Wh) @ J")),
        ("Wh_not_transposed", PRODUCT, "jacobian_product(h, Wh.T, T - 1 - back)"),
        ("slopes_one_step_early", FACTORS, by_products("J = J @ step_jacobian(h[:, k - 1], Wh)")),
        ("no_tanh_derivative", PRODUCT, "jacobian_product(0 * h, Wh, T - 1 - back)"),
        ("estimate_for_measurement", FIT, f"{FIT} * 0 + np.log(max(abs(np.linalg.eigvals(Wh))))"),
        ("", NORMS, "abs(J).sum(axis=2).max(axis=1)"),
        ("says: at T = 2", FIT, f"{FIT} * (T > 2)"),
    ],
    "growing_matrix": [
        ("never_grows", MATRIX, "rho * np.eye(2)"),
        ("never_grows", MATRIX, "rho * np.array([[0.6, 0.8], [-0.8, 0.6]])"),
        ("grows_for_ever", MATRIX, "np.array([[growth, 1.0], [0.0, rho]])"),
        ("both_ways", MATRIX, "np.array([[rho, growth], [growth, rho]])"),
        ("both_ways_with_opposite_signs", MATRIX, "np.array([[rho, growth], [-growth, rho]])"),
        ("radius_zero", MATRIX, "np.array([[0.0, growth], [0.0, 0.0]])"),
        ("radius_squared", MATRIX, "np.array([[rho**2, growth], [0.0, rho**2]])"),
        ("grows_too_little", MATRIX, "np.array([[rho, 1.0], [0.0, rho]])"),
        ("driven_by_rho", MATRIX, "np.array([[rho, rho], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, growth - rho], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, growth - 1], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, growth * rho], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, 0.9 * growth], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, growth - rho**2], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, growth / 2], [0.0, rho]])"),
        ("says: where the growth is large", MATRIX, "np.array([[rho, 40.0], [0.0, rho]])"),
        ("says: is asked; yours reaches", MATRIX, "np.array([[rho, growth - rho], [0.0, rho]])"),
        ("", MATRIX, "np.array([[rho, 2.0], [0.0, rho]])"),
        ("", MATRIX, "np.array([[1.01 * rho, growth], [0.0, rho]])"),
        ("says: expected (H, H) = (2, 2)", MATRIX, "rho * np.eye(3) + growth * np.eye(3, k=1)"),
        ("says: holds inf", MATRIX, "np.array([[rho, np.inf], [0.0, rho]])"),
        ("says: gives two answers", MATRIX, "np.array([[rho, growth + np.random.default_rng().random()], [0.0, rho]])"),
    ],
    "clip_by_norm": [
        (
            "norm_of_each_array",
            SCALED,
            "grad * min(1, max_norm / np.sqrt((grad**2).sum())) if factor < 1 else grad for",
        ),
        ("norm_squared", NORM, "sum((grad**2).sum() for grad in grads.values())"),
        ("by_value", SCALED, "np.clip(grad, -max_norm, max_norm) for"),
        ("largest_entry", NORM, "max(abs(grad).max() for grad in grads.values())"),
        ("sum_of_absolute_values", NORM, "sum(abs(grad).sum() for grad in grads.values())"),
        ("sum_of_norms", NORM, "sum(np.sqrt((grad**2).sum()) for grad in grads.values())"),
        ("largest_norm", NORM, "max(np.linalg.norm(grad) for grad in grads.values())"),
        ("mean_of_norms", NORM, "np.mean([np.linalg.norm(grad) for grad in grads.values()])"),
        ("norm_of_last_array", NORM, "[np.linalg.norm(grad) for grad in grads.values()][-1]"),
        ("norm_of_first_array", NORM, "np.linalg.norm(grads['Wx'])"),
        (
            "root_of_mean_square",
            NORM,
            "np.sqrt(np.mean(np.concatenate([grad.ravel() for grad in grads.values()]) ** 2))",
        ),
        ("scaled_always", FACTOR, "max_norm / norm if norm > 0 else 1.0"),
        ("says: where every gradient is zero", FACTOR, "np.minimum(1.0, np.float64(max_norm) / norm) * (norm / norm)"),
        ("not_clipped", FACTOR, "1.0"),
        ("scaled_to_one", FACTOR, "1 / norm if norm > max_norm else 1.0"),
        ("factor_inverted", FACTOR, "norm / max_norm if norm > max_norm else 1.0"),
        ("factor_without_norm", FACTOR, "max_norm if norm > max_norm else 1.0"),
        ("says: Zero everywhere", FACTOR, "0.0 if norm > max_norm else 1.0"),
        ("signs_lost", SCALED, "factor * abs(grad) for"),
        ("opposite_sign", SCALED, "-factor * grad for"),
        ("says: right to", FACTOR, "max_norm / (norm + 1e-6 * max_norm) if norm > max_norm else 1.0"),
        ("says: changes its argument grads in place", SCALED, "np.multiply(grad, factor, out=grad) for"),
        ("says: holds no array", "{name:", '{"d" + name:'),
        ("says: Expected is a dict with Wx, Wh, b", "{name: factor * grad for name, grad in grads.items()}", "norm"),
        ("says: returns None. Does it end in", "return {", "dict = {"),
        ("", FACTOR, "0.5 if norm > max_norm else 1.0"),
        ("says: take the names from the dict", NORM, f"np.sqrt(sum((grads[name] ** 2).sum() for name in {THREE}))"),
        (
            "says: take the names from the dict",
            NORM,
            "np.sqrt(sum((grads[name] ** 2).sum() for name in grads if len(name) < 3))",
            "for name, grad in grads.items()}",
            f"for name, grad in [(name, grads[name]) for name in {THREE}]}}",
        ),
        ("says: where max_norm is np.inf", FACTOR, "max_norm / max(norm, max_norm)"),
        ("says: a small number", FACTOR, "max_norm / (norm + 1e-6) if norm > max_norm else 1.0"),
        ("says: a small number", FACTOR, "min(1.0, max_norm / (norm + 1e-6))"),
        ("says: a small number", FACTOR, "min(1.0, max_norm / (norm + 1e-8))"),
    ],
    "repaired_clip_by_value": [
        ("large_ones_positive", CLIP, "np.where(abs(grad) > limit, limit, grad)"),
        ("signs_lost", CLIP, "np.minimum(abs(grad), limit)"),
        ("upper_bound_only", CLIP, "np.minimum(grad, limit)"),
        ("lower_bound_only", CLIP, "np.maximum(grad, -limit)"),
        ("negative_ones_lost", CLIP, "np.clip(grad, 0, limit)"),
        ("positive_ones_lost", CLIP, "np.clip(grad, -limit, 0)"),
        ("signs_swapped", CLIP, "np.where(abs(grad) > limit, -limit * np.sign(grad), grad)"),
        ("large_ones_negative", CLIP, "np.where(abs(grad) > limit, -limit, grad)"),
        ("all_at_the_limit", CLIP, "limit * np.sign(grad)"),
        ("set_to_zero", CLIP, "np.where(abs(grad) > limit, 0.0, grad)"),
        ("by_norm", CLIP, "grad * min(1, limit / max(np.sqrt(sum((g**2).sum() for g in grads.values())), 1e-300))"),
        ("norm_of_each_array", CLIP, "grad * min(1, limit / max(np.linalg.norm(grad), 1e-300))"),
        ("scaled_by_largest_entry", CLIP, "grad * min(1, limit / max(abs(grad).max(), 1e-300))"),
        ("not_clipped", CLIP, "+grad"),
        ("clipped_at_one", CLIP, "np.clip(grad, -1, 1)"),
        ("opposite_sign", CLIP, f"-{CLIP}"),
        ("limits_swapped", CLIP, "np.clip(grad, limit, -limit)"),
        ("limits_swapped", CLIP, "np.minimum(np.maximum(grad, limit), -limit)"),
        ("limits_swapped_by_hand", CLIP, "np.maximum(np.minimum(grad, -limit), limit)"),
        ("says: take the names from the dict", "in grads.items()}", f"in [(name, grads[name]) for name in {THREE}]}}"),
        ("", CLIP, "limit * np.tanh(grad / limit)"),
        ("", CLIP, f"{CLIP} if name != 'b' else grad"),
        ("says: changes its argument grads in place", CLIP, "np.clip(grad, -limit, limit, out=grad)"),
    ],
    "clipped_sgd_step": [
        (
            "clipped_after_the_update",
            CLIPPED,
            "grads",
            RETURN_UPDATE,
            f"return clip_by_norm({UPDATE}, max_norm)",
        ),
        (
            "weights_clipped_in_place_of_gradients",
            CLIPPED,
            "grads",
            "value - ",
            "clip_by_norm(params, max_norm)[name] - ",
        ),
        (
            "limit_and_learning_rate_swapped",
            CLIPPED,
            "clip_by_norm(grads, learning_rate)",
            "value - learning_rate",
            "value - max_norm",
        ),
        (
            "says: where max_norm is np.inf",
            CLIPPED,
            f"{{name: grad * max_norm / max({WHOLE}, max_norm) for name, grad in grads.items()}}",
        ),
        (
            "says: take the names from the dict",
            "in params.items()}",
            f"in [(name, params[name]) for name in {THREE}]}}",
        ),
        ("weights_clipped_too", RETURN_UPDATE, f"return clip_by_norm({UPDATE}, max_norm)"),
        (
            "learning_rate_missing",
            CLIPPED,
            "clip_by_norm({name: learning_rate * grad for name, grad in grads.items()}, max_norm)",
            "value - learning_rate * ",
            "value - ",
        ),
        ("not_clipped", CLIPPED, "grads"),
        ("ascent", "value - ", "value + "),
        ("learning_rate_missing", "learning_rate * clipped", "clipped"),
        ("divided_by_learning_rate", "learning_rate * clipped[name]", "clipped[name] / learning_rate"),
        ("learning_rate_twice", "learning_rate * clipped", "learning_rate**2 * clipped"),
        ("step_without_weights", "value - ", "-"),
        ("gradients_returned", RETURN_UPDATE, "return clipped"),
        ("weights_shrunk", UPDATE, "{name: learning_rate * (value - clipped[name]) for name, value in params.items()}"),
        (
            "norm_of_each_array",
            CLIPPED,
            "{name: grad * min(1, max_norm / max(np.linalg.norm(grad), 1e-300)) for name, grad in grads.items()}",
        ),
        ("norm_squared", CLIPPED, "clip_by_norm(grads, max_norm / np.sqrt(sum((g**2).sum() for g in grads.values())))"),
        ("by_value", CLIPPED, "{name: np.clip(grad, -max_norm, max_norm) for name, grad in grads.items()}"),
        (
            "largest_entry",
            CLIPPED,
            "{name: g * min(1, max_norm / max(max(abs(a).max() for a in grads.values()), 1e-300))"
            " for name, g in grads.items()}",
        ),
        (
            "scaled_always",
            CLIPPED,
            "{name: g * max_norm / max(np.sqrt(sum((a**2).sum() for a in grads.values())), 1e-300)"
            " for name, g in grads.items()}",
        ),
        (
            "says: changes its argument params in place",
            RETURN_UPDATE,
            "for name, value in params.items():\n        value -= learning_rate * clipped[name]\n    return params",
        ),
        (
            "says: changes its argument params in place",
            RETURN_UPDATE,
            "for name in params:\n        params[name] = params[name] - clipped[name]\n    return params",
        ),
    ],
    "rmsprop_step": [
        ("sum_for_mean", V, "v + grad**2"),
        ("beta_swapped", V, "(1 - beta) * v + beta * grad**2"),
        ("share_of_new_square_missing", V, "beta * v + grad**2"),
        ("share_of_old_mean_missing", V, "v + (1 - beta) * grad**2"),
        ("gradient_not_squared", V, "beta * v + (1 - beta) * grad", ROOT, "(np.sqrt(abs(v_new)) + epsilon)"),
        ("absolute_values", V, "beta * v + (1 - beta) * abs(grad)"),
        ("share_squared_too", V, "beta * v + ((1 - beta) * grad) ** 2"),
        ("learning_rate_in_the_mean", V, "beta * v + (1 - beta) * (learning_rate * grad) ** 2"),
        ("mean_over_entries", V, "beta * v + (1 - beta) * (grad**2).mean()"),
        ("old_mean_forgotten", V, "grad**2"),
        ("v_not_updated", V, "v"),
        ("v_used_before_its_update", ROOT, "(np.sqrt(v) + epsilon)"),
        ("root_missing", ROOT, "(v_new + epsilon)"),
        ("epsilon_inside_the_root", ROOT, "np.sqrt(v_new + epsilon)"),
        ("epsilon_missing", ROOT, "np.where(v_new > 0, np.sqrt(v_new), 1)"),
        (
            "epsilon_outside_the_fraction",
            f"{MOVE} / {ROOT}",
            "theta - (learning_rate * grad / np.sqrt(v_new) + epsilon)",
        ),
        ("ascent", "theta - ", "theta + "),
        ("learning_rate_missing", "learning_rate * grad /", "grad /"),
        ("learning_rate_inside_the_root", f"{MOVE} / {ROOT}", f"theta - grad / (learning_rate * {ROOT})"),
        ("sign_only", f"{MOVE} / {ROOT}", "theta - learning_rate * np.sign(grad)"),
        ("not_divided", f" / {ROOT}", ""),
        ("step_without_weights", "theta - ", "-"),
        ("outputs_permuted", "return theta_new, v_new", "return v_new, theta_new"),
        ("beta_swapped + ascent", "theta - ", "theta + ", V, "(1 - beta) * v + beta * grad**2"),
        ("bias_corrected", ROOT, "(np.sqrt(v_new / (1 - beta)) + epsilon)"),
        ("", ROOT, "(np.sqrt(v_new / (1 - beta**2)) + epsilon)"),
        ("old_v_returned", "return theta_new, v_new", "return theta_new, v"),
        ("beta_always_0_9", V, "0.9 * v + 0.1 * grad**2"),
        ("beta_always_0_99", V, "0.99 * v + 0.01 * grad**2"),
        ("beta_always_0_999", V, "0.999 * v + 0.001 * grad**2"),
        ("multiplied_with_the_root", f"/ {ROOT}", f"* {ROOT}"),
        ("epsilon_without_brackets", ROOT, "np.sqrt(v_new) + epsilon"),
        (
            "epsilon_times_learning_rate",
            f"{MOVE} / {ROOT}",
            "theta - learning_rate * (grad / np.sqrt(v_new) + epsilon)",
        ),
        ("says: changes its argument v in place", V, "v; v_new *= beta; v_new += (1 - beta) * grad**2"),
    ],
    "orthogonal_start": [
        ("not_orthogonal", Q, "Q = rng.standard_normal((H, H))"),
        ("not_orthogonal", "Q, _ =", "_, Q ="),
        ("divided_by_root_of_H", Q, "Q = rng.standard_normal((H, H)) / np.sqrt(H)"),
        ("columns_scaled_only", Q, "Q = rng.standard_normal((H, H)); Q /= np.linalg.norm(Q, axis=0)"),
        ("rows_scaled_only", Q, "Q = rng.standard_normal((H, H)); Q /= np.linalg.norm(Q, axis=1, keepdims=True)"),
        ("spectral_radius_only", Q, "Q = rng.standard_normal((H, H)); Q /= abs(np.linalg.eigvals(Q)).max()"),
        ("norm_only", Q, "Q = rng.standard_normal((H, H)); Q /= np.linalg.norm(Q, 2)"),
        ("gain_forgotten", START, "Q"),
        ("gain_squared", START, "gain**2 * Q"),
        ("root_of_gain", START, "np.sqrt(gain) * Q"),
        ("divided_by_gain", START, "Q / gain"),
        ("times_root_of_H", START, "gain * np.sqrt(H) * Q"),
        (
            "signed_permutation",
            START,
            "gain * np.eye(H)[rng.permutation(H)] * rng.choice([-1.0, 1.0], H)",
        ),
        ("signed_permutation", START, "gain * np.diag(np.sign(rng.standard_normal(H)))"),
        ("", START, "gain + Q"),
        ("", START, "gain * np.ones((H, H))"),
        ("says: gives the same matrix for two different generators", START, "gain * np.eye(H)"),
        ("says: for two different generators", Q, "Q, _ = np.linalg.qr(np.random.default_rng(0).random((H, H)))"),
        (
            "says: called twice with equal generators gives two answers",
            "rng.standard_normal(",
            "np.random.default_rng().normal(size=",
        ),
        ("says: expected (H, H)", START, "gain * Q[:, :-1]"),
    ],
    "identity_start": [
        ("all_ones", "np.eye(H)", "np.ones((H, H))"),
        ("scale_forgotten", "scale * np.eye(H)", "np.eye(H)"),
        ("scale_squared", "scale *", "scale * scale *"),
        ("divided_by_scale", "scale * np.eye(H)", "np.eye(H) / scale"),
        ("scale_added", "scale *", "scale +"),
        ("says: Wh is a list or another collection", "return scale * np.eye(H)", "return (scale * np.eye(H)).tolist()"),
        ("other_diagonal", "np.eye(H)", "np.fliplr(np.eye(H))"),
        ("beside_the_diagonal", "np.eye(H)", "np.eye(H, k=1)"),
        ("divided_by_root_of_H", "scale *", "scale / np.sqrt(H) *"),
        ("", "np.eye(H)", "np.diag(np.arange(1.0, H + 1))"),
        ("", "scale * np.eye(H)", "np.round(scale, 2) * np.eye(H)"),
    ],
}


def python_floats_only(grads, max_norm):
    """Divide before it is asked whether there is anything to divide by."""
    factor = min(1.0, max_norm / float(np.sqrt(sum((grad**2).sum() for grad in grads.values()))))
    return {name: factor * grad for name, grad in grads.items()}


FUNCTIONS = {"clip_by_norm": [("says: where every gradient is zero", python_floats_only)]}

VALUES = {
    "peak_steps": [
        ("one_too_few", 9),
        ("one_too_many_or_largest_entry", 11),
        ("index_of_the_state", 49),
        ("counted_from_the_start", 50),
        ("without_tanh", 26),
        ("spectral_radius_or_frobenius", 0),
        ("below_one_again", 16),
        ("", 30),
    ]
}

EQUIVALENT = {
    "peak_steps": [
        (f"{what} in `norms = [np.linalg.norm(jacobian_product(h, Wh, 59 - back)[0], 2) for back in range(60)]`", why)
        for what, why in (
            ("one round fewer", "The peak is at the tenth of sixty steps; the last one does not matter"),
            ("60 becomes 61", "One step more than there are is far behind the peak"),
        )
    ]
}

STILL_RIGHT = {
    "growing_matrix": [
        ("A sign", "The opposite matrix has the same spectral radius, and its powers have the same norms"),
        ("A one entry moved", "A larger entry beside the diagonal changes no eigenvalue and grows more"),
        ("A rounded to float32", "The spectral radius is right to seven digits, and four are asked for"),
    ],
    "orthogonal_start": [("Wh sign", "The opposite of an orthogonal matrix is orthogonal")],
}
