"""What people get wrong in the loop over time of a layer with gates, whatever its step is."""

LOOP = "for t in range(T):"
START = "np.zeros((N, H)) if h0 is None else h0"
STORE = "h[:, t] = h_t"


def wrong_in_time(others: str = "") -> list[tuple[str, str, str]]:
    """Return the wrong solutions of a forward pass over time, as the tables of `solutions` have them.

    Parameters
    ----------
    others : str
        What stands between the states and the cache in the return statement, such as ``"c_t, "``.

    Returns
    -------
    list of tuple of str
    """
    last = f"return h, {others}cache"

    def returning(states: str) -> str:
        return f"return {states}, {others}cache"

    return [
        ("h0_ignored", START, "np.zeros((N, H))"),
        ("first_input_only", "x[:, t]", "x[:, 0]"),
        ("input_one_step_late", "x[:, t]", "x[:, t - 1]"),
        ("inputs_reversed", "x[:, t]", "x[:, T - 1 - t]"),
        ("inputs_reshaped", "x[:, t]", "x.reshape(T, N, -1)[t]"),
        ("first_step_left_out", LOOP, "for t in range(1, T):"),
        ("last_step_left_out", LOOP, "for t in range(T - 1):"),
        ("", LOOP, "for t in range(min(T, 12)):"),
        ("backward_in_time", LOOP, "for t in reversed(range(T)):"),
        ("one_step_late", STORE, "h[:, t] = step.h_prev"),
        ("one_step_late_from_zeros", STORE, "if t + 1 < T:\n            h[:, t + 1] = h_t"),
        ("last_state_everywhere", last, f"h[:] = h_t[:, None]; {last}"),
        ("first_state_everywhere", last, f"h[:] = h[:, :1].copy(); {last}"),
        ("states_reversed", last, returning("h[:, ::-1]")),
        ("states_summed_up", last, returning("h.cumsum(axis=1)")),
        ("last_state_only", last, returning("h_t")),
        ("time_major", last, returning("h.swapaxes(0, 1)")),
        ("h0_among_the_states", last, returning("np.concatenate([h0[:, None], h], axis=1)")),
        ("states_reshaped", last, returning("h.swapaxes(0, 1).reshape(N, T, H)")),
        ("return_in_loop", f"    {last}", f"        {last}"),
        ("cache_reversed", "cache.append(step)", "cache.insert(0, step)"),
    ]
