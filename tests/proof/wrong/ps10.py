"""Wrong solutions of problem set 10, linear recurrences by parallel scan. The tables are described in `solutions`."""

import numpy as np

COMBINED = "return a2 * a1, a2 * b1 + b2"
LATE = "late_a, late_b = combine(a[:, :-k], b[:, :-k], a[:, k:], b[:, k:])"
JOINED = "return np.concatenate([a[:, :k], late_a], axis=1), np.concatenate([b[:, :k], late_b], axis=1)"
LOOP = "for power in range((a.shape[1] - 1).bit_length()):"
ROUND = "a, b = scan_round(a, b, 2**power)"
STATES = "return b if h0 is None else a * h0[:, None] + b"
ZEROS = "h0 = np.zeros_like(b[:, 0]) if h0 is None else h0"


def one_after_the_other(a, b, k):
    """Merge in place, from the first step on."""
    a, b = a.copy(), b.copy()
    for t in range(k, a.shape[1]):
        a[:, t], b[:, t] = a[:, t] * a[:, t - k], a[:, t] * b[:, t - k] + b[:, t]
    return a, b


def new_a_in_b(a, b, k):
    """Change the factors first, and use them for what is added."""
    a, b = a.copy(), b.copy()
    a[:, k:] = a[:, k:] * a[:, :-k]
    b[:, k:] = a[:, k:] * b[:, :-k] + b[:, k:]
    return a, b


def wrapped_around(a, b, k):
    """Let np.roll bring the last steps to the front."""
    early_a, early_b = np.roll(a, k, axis=1), np.roll(b, k, axis=1)
    return a * early_a, a * early_b + b


def divided_by_products(a, b, h0):
    """Divide by the products of the factors, which is right until one of them is 0."""
    products = np.cumprod(a, axis=1)
    start = 0 if h0 is None else h0[:, None]
    return products * (start + np.cumsum(b / products, axis=1))


def h0_in_place(a, b, h0):
    """Put h0 into b, which belongs to the caller."""
    if h0 is not None:
        b[:, 0] += a[:, 0] * h0
    h = b.copy()
    for t in range(1, b.shape[1]):
        h[:, t] += a[:, t] * h[:, t - 1]
    return h


def time_first(a, b, h0):
    """Take the first axis for the time."""
    h = np.array(b)
    for t in range(1, len(b)):
        h[t] += a[t] * h[t - 1]
    return h


WRONG = {
    "combine": [
        ("merged_in_the_wrong_order", COMBINED, "return a1 * a2, a1 * b2 + b1"),
        ("b1_not_multiplied", COMBINED, "return a2 * a1, b1 + b2"),
        ("b1_by_its_own_factor", COMBINED, "return a2 * a1, a1 * b1 + b2"),
        ("b1_by_both_factors", COMBINED, "return a2 * a1, a2 * a1 * b1 + b2"),
        ("b2_multiplied", COMBINED, "return a2 * a1, a2 * (b1 + b2)"),
        ("b_of_the_second_step", COMBINED, "return a2 * a1, b2"),
        ("b_of_the_first_step", COMBINED, "return a2 * a1, a2 * b1"),
        ("b_multiplied", COMBINED, "return a2 * a1, a2 * b1 * b2"),
        ("a_added", COMBINED, "return a2 + a1, a2 * b1 + b2"),
        ("a_of_the_first_step", COMBINED, "return a1, a2 * b1 + b2"),
        ("a_of_the_second_step", COMBINED, "return a2, a2 * b1 + b2"),
        ("a_divided", COMBINED, "return a2 / a1, a2 * b1 + b2"),
        ("outputs_permuted", COMBINED, "return a2 * b1 + b2, a2 * a1"),
        ("", COMBINED, "return a2 @ a1.T, a2 * b1 + b2"),
        ("", COMBINED, "return np.abs(a2 * a1), a2 * b1 + b2"),
        ("", COMBINED, "a1 *= a2; return a1, a2 * b1 + b2"),  # changes its argument
    ],
    "scan_round": [
        ("merged_in_the_wrong_order", LATE, "late_a, late_b = combine(a[:, k:], b[:, k:], a[:, :-k], b[:, :-k])"),
        ("a_not_merged", JOINED, "return a, np.concatenate([b[:, :k], late_b], axis=1)"),
        ("b_not_merged", JOINED, "return np.concatenate([a[:, :k], late_a], axis=1), b"),
        ("merged_with_what_follows", JOINED,
         "return np.concatenate([late_a, a[:, -k:]], axis=1), np.concatenate([late_b, b[:, -k:]], axis=1)"),
        ("first_steps_zeroed", JOINED,
         "return np.concatenate([0 * a[:, :k], late_a], axis=1), np.concatenate([0 * b[:, :k], late_b], axis=1)"),
        ("stride_of_one", LATE, f"k = 1; {LATE}"),
        ("stride_one_too_short", LATE, f"k = max(k - 1, 1); {LATE}"),
        ("stride_one_too_long", LATE, f"k = k + 1; {LATE}"),
        ("one_step_left_out", JOINED,
         "return (np.concatenate([a[:, : k + 1], late_a[:, 1:]], axis=1),"
         " np.concatenate([b[:, : k + 1], late_b[:, 1:]], axis=1))"),
        ("first_factors_zeroed", JOINED,
         "return np.concatenate([0 * a[:, :k], late_a], axis=1), np.concatenate([b[:, :k], late_b], axis=1)"),
        ("merged_over_sequences", LATE, "late_a, late_b = combine(a[:-k], b[:-k], a[k:], b[k:])", JOINED,
         "return np.concatenate([a[:k], late_a]), np.concatenate([b[:k], late_b])"),
        ("one_after_the_other", LATE,
         "a, b = a.copy(), b.copy()\n    for t in range(k, a.shape[1]):\n"
         "        a[:, t], b[:, t] = combine(a[:, t - k], b[:, t - k], a[:, t], b[:, t])\n    return a, b"),
        ("first_steps_behind", JOINED,
         "return np.concatenate([late_a, a[:, :k]], axis=1), np.concatenate([late_b, b[:, :k]], axis=1)"),
        ("says: Without axis=1", JOINED,
         "return np.concatenate([a[:, :k], late_a]), np.concatenate([b[:, :k], late_b])"),
        ("says: (N, T, H)", JOINED, "return late_a, late_b"),
        ("says: Both `a += …` and `a[…] = …` write into the caller's array, also under another name such as `b = a`.",
         LATE, f"{LATE}; a[:, k:], b[:, k:] = late_a, late_b; return a, b"),
        ("", LATE, f"a = np.clip(a, -1, 1); {LATE}"),
    ],
    "linear_scan": [
        ("h0_forgotten", STATES, "return b"),
        ("h0_added_as_it_is", STATES, "return b if h0 is None else h0[:, None] + b"),
        ("h0_by_one_factor", LOOP, f"first = a\n    {LOOP}", STATES,
         "return b if h0 is None else first * h0[:, None] + b"),
        ("h0_in_the_first_state_only", LOOP, f"first = a[:, 0]\n    {LOOP}", STATES,
         f"{ZEROS}; b = b.copy(); b[:, 0] += first * h0; return b"),
        ("h0_added_to_the_first_b", LOOP, f"{ZEROS}; b = b.copy(); b[:, 0] += h0\n    {LOOP}", STATES, "return b"),
        ("h0_added_to_the_first_state", STATES, f"{ZEROS}; b = b.copy(); b[:, 0] += h0; return b"),
        ("one_round_only", LOOP, "for power in range(min(1, a.shape[1] - 1)):"),
        ("last_round_missing", LOOP, "for power in range((a.shape[1] - 1).bit_length() - 1):"),
        ("last_round_missing", LOOP, "for power in range(int(np.log2(a.shape[1]))):"),
        ("last_round_missing", LOOP, "for power in range(int(np.log2(a.shape[1] - 1))):"),
        ("reach_grows_by_one", LOOP, "for k in range(1, a.shape[1]):", "2**power", "k"),
        ("reach_stays_one", LOOP, "for _ in range(a.shape[1] - 1):", "2**power", "1"),
        ("reach_stays_one_in_few_rounds", "2**power", "1"),
        ("starts_at_two", "range((", "range(1, ("),
        ("longest_first", "range((", "reversed(range((", "bit_length())", "bit_length()))"),
        ("factors_returned", STATES, "return a"),
        ("nothing_scanned", LOOP, f"added = b\n    {LOOP}", STATES,
         "return added if h0 is None else a * h0[:, None] + added"),
        ("rounds_from_the_start", LOOP, f"first, added = a, b\n    {LOOP}", ROUND,
         "a, b = scan_round(first, added, 2**power)"),
        ("h0_counted_twice", LOOP, f"{ZEROS}; b = b.copy(); b[:, 0] += a[:, 0] * h0\n    {LOOP}"),
        ("states_reshaped", STATES, f"{ZEROS}; return (a * h0[:, None] + b).swapaxes(0, 1).reshape(b.shape)"),
        ("h0_in_front", STATES, f"{ZEROS}; return np.concatenate([h0[:, None], a * h0[:, None] + b], axis=1)"),
        ("one_step_late", STATES,
         f"{ZEROS}; return np.concatenate([h0[:, None], (a * h0[:, None] + b)[:, :-1]], axis=1)"),
        ("a_not_merged", ROUND, "b = scan_round(a, b, 2**power)[1]", STATES,
         "return b if h0 is None else a * h0[:, None] + b"),
        ("merged_in_the_wrong_order", ROUND,
         "k = 2**power; early, late = combine(a[:, k:], b[:, k:], a[:, :-k], b[:, :-k]);"
         " a, b = np.concatenate([a[:, :k], early], axis=1), np.concatenate([b[:, :k], late], axis=1)"),
        ("wrapped_around", ROUND, "a, b = combine(np.roll(a, 2**power, axis=1), np.roll(b, 2**power, axis=1), a, b)"),
        ("says: Does it end in", STATES, ""),
        ("", LOOP, "for power in range(min(4, (a.shape[1] - 1).bit_length())):"),
    ],
}  # fmt: skip

FUNCTIONS = {
    "scan_round": [
        ("one_after_the_other", one_after_the_other),
        ("new_a_in_b", new_a_in_b),
        ("wrapped_around", wrapped_around),
    ],
    "linear_scan": [
        ("says: divided by a product of factors", divided_by_products),
        ("", h0_in_place),
        ("", time_first),
    ],
}

IN_THE_LOOP = "in `for power in range((a.shape[1] - 1).bit_length()):`"
TOO_FAR = "a round that reaches beyond the first step leaves everything as it is"
EQUIVALENT = {
    "linear_scan": [
        (f"- becomes + {IN_THE_LOOP}", TOO_FAR),
        (f"left of - only {IN_THE_LOOP}", TOO_FAR),
    ],
}
