"""Wrong solutions of problem set 7, deeper and in both directions. The tables are described in `solutions`."""

from itertools import combinations

import numpy as np

FIRST = "None if h0 is None else h0[layer]"
CALL = "rnn_forward(below, first"
READS = "below = h[layer]"
RETURN = "return h, cache"
LATE = "np.concatenate([h0[layer - 1][:, None], below[:, :-1]], axis=1) if layer else below"

TOTAL = "total = dh[layer] + from_above"
DOWN = "reversed(range(L))"
IF_UPPER = "if layer > 0:"
BACK = "return from_above, dh0, dW, dWup, dWh, db"
IF_LOWEST = "if layer == 0:\n            dWx = dW\n        if layer > 0:"
KEPT_IN_ITS_PLACE = "return from_above, dh0, dWx, dWup, dWh, db"
SKIP = f"{DOWN}:\n        if not dh[layer].any():\n            continue"
SUMMED = "(np.repeat(d.sum(axis=0, keepdims=True), len(d), axis=0) for d in (dWup, dWh, db))"

TURN = "reversed_x[n, :length] = x[n, :length][::-1]"
TURNED = "return reversed_x"

IN = "reverse_by_length(x, lengths)"
OUT = "reverse_by_length(h_b, lengths)"
JOIN = f"np.concatenate([h_f, {OUT}], axis=-1) * real[..., None]"
WEIGHTS_F, WEIGHTS_B = "Wx[0], Wh[0], b[0]", "Wx[1], Wh[1], b[1]"
START_B = "lengths), second,"

MASKED = "np.where(mask[:, t, None], new, h_t)"
TURNED_BOTH = "(x[:, ::-1], real[:, ::-1])"

HALF_F, HALF_B = "dh_real[..., :H]", "dh_real[..., H:]"
DH_B = "reverse_by_length(dh_real[..., H:], lengths)"
DX_B = "reverse_by_length(dx_b, lengths)"
BOTH = f"return dx_f + {DX_B}, *both"
PAIRS = "zip(forward, backward, strict=True)"

END_F, END_B = "h[np.arange(len(h)), lengths - 1, :H]", "h[:, 0, H:]"
START = "h_enc[np.arange(len(x)), lengths - 1]"
DECODE = "rnn_forward(y_in, start, Wx_dec, Wh_dec, b_dec)"
RETURN_DEC = "return h_dec, ("
BACK_FROM_BOTH = "return dx, dy_in, *encoder, *decoder"
ARRIVES = "dh_enc[np.arange(len(lengths)), lengths - 1] = dstart"


def with_dh0(dh0):
    """Return the end of the way back through both directions with another dh0."""
    return f"dh0, *weights = both\n    return dx_f + {DX_B}, {dh0}, *weights"


def twice(k):
    """Return the end of the way back through both directions where entry k of what both have is one's, twice."""
    return f"both = list(both)\n    both[{k}] = both[{k}][[0, 0]]\n    {BOTH}"


def divided(end, **counts):
    """Return the wrong solutions that divide gradients: all of them, and those behind the first two."""
    found = []
    for name, by in counts.items():
        all_of_them = f"gradients = {end.removeprefix('return ')}\n    "
        found += [
            (f"divided_by_{name}", end, f"{all_of_them}return tuple(d / {by} for d in gradients)"),
            (
                f"weights_divided_by_{name}",
                end,
                f"{all_of_them}return *gradients[:2], *(d / {by} for d in gradients[2:])",
            ),
        ]
    return found


def shared(one, other, whose, call="{}"):
    """Return the wrong solutions that call a layer with some weights of another one; these are named in order."""
    names = ("Wx", "Wh", "b")
    return [
        (
            f"{'_and_'.join(names[k] for k in some)}_of_the_{whose}",
            call.format(", ".join(other)),
            call.format(", ".join((one if k in some else other)[k] for k in range(3))),
        )
        for count in (1, 2)
        for some in combinations(range(3), count)
    ]


SHARED_BY_BOTH = shared(WEIGHTS_F.split(", "), WEIGHTS_B.split(", "), "forward_direction")
SHARED_WITH_THE_ENCODER = shared(
    ("Wx_enc", "Wh_enc", "b_enc"),
    ("Wx_dec", "Wh_dec", "b_dec"),
    "encoder",
    "rnn_forward(y_in, start, {})",
)

WRONG = {
    "stacked_rnn_forward": [
        ("all_layers_read_x", READS, "pass"),
        ("all_read_the_lowest", READS, "below = h[0]"),
        ("below_one_step_late", CALL, f"rnn_forward({LATE}, first"),
        ("h0_of_the_lowest", "h0[layer]", "h0[0]"),
        ("h0_ignored", FIRST, "None"),
        ("h0_for_the_lowest_only", FIRST, "None if h0 is None or layer else h0[0]"),
        ("starts_where_the_one_below_ends", FIRST, f"below[:, -1] if layer else {FIRST}"),
        ("Wup_of_the_lowest", "Wup[layer - 1]", "Wup[0]"),
        ("Wup_one_layer_off", "Wup[layer - 1]", "Wup[layer - 2]"),
        ("Wup_transposed", "Wup[layer - 1]", "Wup[layer - 1].T"),
        ("Wh_of_the_lowest", "Wh[layer]", "Wh[0]"),
        ("b_of_the_lowest", "b[layer]", "b[0]"),
        ("tied", "Wh[layer], b[layer]", "Wh[0], b[0]"),
        ("input_added", READS, f"h[layer] += below if layer else 0\n        {READS}"),
        ("top_layer_left_out", "range(L)", "range(L - 1)"),
        ("layers_reversed", RETURN, "return h[::-1], cache"),
        ("top_layer_everywhere", RETURN, f"h[:] = h[-1].copy()\n    {RETURN}"),
        ("top_layer_only", RETURN, "return h[-1], cache"),
        ("last_states_only", RETURN, "return h[:, :, -1], cache"),
        ("layers_behind_the_batch", RETURN, "return h.swapaxes(0, 1), cache"),
        ("h0_of_the_lowest + b_of_the_lowest", "h0[layer]", "h0[0]", "b[layer]", "b[0]"),
        ("", READS, f"{READS} * 0.99"),
        ("", "range(L)", "range(min(L, 3))"),
        ("says: Python counts from 0", "Wup[layer - 1]", "Wup[layer]"),
        ("says: with h0 = None", FIRST, "h0[layer]"),
        ("says: at L = 1", "W = Wx if layer == 0 else Wup[layer - 1]", "W = (Wx, *Wup[:-1], Wup[-1])[layer]"),
    ],
    "stacked_rnn_backward": [
        ("upstream_overwritten", TOTAL, "total = dh[layer] if layer == L - 1 else from_above"),
        ("nothing_from_above", TOTAL, "total = dh[layer]"),
        ("from_above_subtracted", TOTAL, "total = dh[layer] - from_above"),
        ("upstream_of_the_highest_everywhere", "dh[layer]", "dh[-1]"),
        ("total_passed_down", IF_UPPER, f"{IF_UPPER}\n            from_above = total"),
        (
            "from_above_summed_up",
            TOTAL,
            f"before = from_above\n        {TOTAL}",
            IF_UPPER,
            f"{IF_UPPER}\n            from_above = from_above + before",
        ),
        ("from_above_at_the_last_step_only", TOTAL, f"from_above[:, :-1] = 0\n        {TOTAL}"),
        ("lowest_layer_first", DOWN, "range(L)", IF_UPPER, IF_LOWEST, BACK, KEPT_IN_ITS_PLACE),
        ("lowest_layer_first_dWx_of_the_highest", DOWN, "range(L)"),
        (
            "lowest_layer_left_out",
            DOWN,
            "range(L - 1, 0, -1)",
            "from_above = np",
            "dWx = np.zeros((cache[0].x.shape[2], H))\n    from_above = np",
            BACK,
            KEPT_IN_ITS_PLACE,
        ),
        ("lowest_layer_left_out_dWx_of_the_next", DOWN, "range(L - 1, 0, -1)"),
        ("dh0_reversed", BACK, "return from_above, dh0[::-1], dW, dWup, dWh, db"),
        ("dWup_reversed", BACK, "return from_above, dh0, dW, dWup[::-1], dWh, db"),
        ("dWup_one_layer_off", "dWup[layer - 1]", "dWup[layer % (L - 1)]"),
        ("dWh_reversed", BACK, "return from_above, dh0, dW, dWup, dWh[::-1], db"),
        ("db_reversed", BACK, "return from_above, dh0, dW, dWup, dWh, db[::-1]"),
        ("all_layers_reversed", BACK, "return from_above, dh0[::-1], dW, dWup[::-1], dWh[::-1], db[::-1]"),
        *divided(BACK, N="N", T="T", NT="(N * T)"),
        ("dh0_of_the_lowest", BACK, "return from_above, np.repeat(dh0[:1], L, axis=0), dW, dWup, dWh, db"),
        ("dh0_zero", BACK, "return from_above, 0 * dh0, dW, dWup, dWh, db"),
        ("dh0_without_layers", BACK, "return from_above, dh0[0], dW, dWup, dWh, db"),
        ("summed_over_layers", BACK, f"return from_above, dh0, dW, *{SUMMED}"),
        (
            "upstream_overwritten + dh0_reversed",
            TOTAL,
            "total = dh[layer] if layer == L - 1 else from_above",
            BACK,
            "return from_above, dh0[::-1], dW, dWup, dWh, db",
        ),
        ("", TOTAL, "total = (dh[layer] + from_above).clip(-5, 5)"),
        ("", TOTAL, "total = dh[layer] + 0.999 * from_above"),
        ("says: changes its argument dh in place", TOTAL, "total = dh[layer]\n        total += from_above"),
        ("says: where the loss sits at the highest layer only", f"{DOWN}:", SKIP),
        ("says: at L = 1", "np.zeros((L - 1, H, H))", "np.zeros((max(L - 1, 1), H, H))"),
        ("says: works once", "cache[layer])", "cache.pop())"),
    ],
    "reverse_by_length": [
        ("padding_first", TURNED, "return x[:, ::-1]"),
        ("rows_reversed", TURNED, "return x[::-1]"),
        ("inputs_reversed", TURNED, "return x[:, :, ::-1]"),
        ("not_reversed", TURN, "pass"),
        ("padding_reversed_too", TURN, f"{TURN}\n        reversed_x[n, length:] = x[n, length:][::-1]"),
        ("padding_zeroed", "x.copy()", "np.zeros_like(x)"),
        ("last_real_step_left_out", ":length]", ":length - 1]"),
        ("one_step_of_padding_too", ":length]", ":length + 1]"),
        ("length_of_the_first_row", ":length]", ":lengths[0]]"),
        ("length_of_the_shortest", ":length]", ":lengths.min()]"),
        ("one_step_off", TURN, "for t in range(length):\n            reversed_x[n, t] = x[n, length - t]"),
        ("one_step_off", TURN, "reversed_x[n, :length] = x[n, length:0:-1]"),
        (
            "one_step_off",
            TURN,
            "for t in range(length):\n            reversed_x[n, t] = x[n, min(length - t, x.shape[1] - 1)]",
        ),
        (
            "one_step_off_but_the_first",
            TURN,
            "for t in range(1, length):\n            reversed_x[n, t] = x[n, length - t]",
        ),
        (
            "one_step_of_padding_too",
            TURN,
            "for t in range(length + 1):\n            reversed_x[n, t] = x[n, length - t]",
        ),
        ("", TURN, "for t in range(length):\n            reversed_x[n, t] = x[n, length - 2 - t]"),
        ("says: changes its argument x in place", "x.copy()", "x"),
        ("says: A slice ends at one number", TURNED, "return x[:, :lengths][:, ::-1]"),
        ("", TURN, "reversed_x[n, : min(length, 12)] = x[n, : min(length, 12)][::-1]"),
    ],
    "bidirectional_rnn_forward": [
        ("padding_first", IN, "x[:, ::-1]", OUT, "h_b[:, ::-1]"),
        ("zeroed_padding_first", IN, "(x * real[..., None])[:, ::-1]", OUT, "h_b[:, ::-1]"),
        *SHARED_BY_BOTH,
        ("padding_first_on_the_way_in", IN, "x[:, ::-1]"),
        ("padding_first_on_the_way_out", OUT, "h_b[:, ::-1]"),
        ("not_reversed_back", OUT, "h_b"),
        ("not_reversed", IN, "x", OUT, "h_b"),
        ("reversed_back_only", IN, "x"),
        ("rows_reversed", IN, "x[::-1]", OUT, "h_b[::-1]"),
        ("halves_swapped", f"[h_f, {OUT}]", f"[{OUT}, h_f]"),
        ("weights_of_the_forward_direction", WEIGHTS_B, WEIGHTS_F),
        ("weights_swapped", WEIGHTS_F, "*these", WEIGHTS_B, WEIGHTS_F, "*these", WEIGHTS_B),
        ("h0_of_the_forward_direction", START_B, "lengths), first,"),
        ("h0_ignored", "(None, None) if h0 is None else h0", "(None, None)"),
        ("backward_h0_ignored", START_B, "lengths), None,"),
        (
            "starts_where_the_forward_direction_ends",
            START_B,
            "lengths), h_f[np.arange(len(x)), lengths - 1],",
        ),
        ("backward_reads_the_states", IN, "reverse_by_length(h_f, lengths)"),
        ("padding_not_zeroed", " * real[..., None]", ""),
        (
            "padding_of_the_backward_half_not_zeroed",
            JOIN,
            f"np.concatenate([h_f * real[..., None], {OUT}], axis=-1)",
        ),
        (
            "padding_of_the_forward_half_not_zeroed",
            JOIN,
            f"np.concatenate([h_f, {OUT} * real[..., None]], axis=-1)",
        ),
        ("first_padded_step_kept", "< lengths", "<= lengths"),
        ("last_real_step_zeroed", "< lengths[:, None]", "< lengths[:, None] - 1"),
        ("directions_added", f"np.concatenate([h_f, {OUT}], axis=-1)", f"(h_f + {OUT})"),
        (
            "directions_behind_one_another",
            JOIN,
            f"np.concatenate([h_f * real[..., None], {OUT} * real[..., None]], axis=1)",
        ),
        ("directions_as_an_axis", JOIN, f"np.stack([h_f, {OUT}]) * real[..., None]"),
        ("padding_first + padding_not_zeroed", IN, "x[:, ::-1]", OUT, "h_b[:, ::-1]", " * real[..., None]", ""),
        ("", OUT, f"0.99 * {OUT}"),
        ("says: with h0 = None", "(None, None) if h0 is None else h0", "h0"),
    ],
    "repaired_bidirectional_rnn": [
        ("as_published", TURNED_BOTH, "(x[:, ::-1], real)"),
        ("padding_first", MASKED, "new"),
        ("says: computes at the padded steps, which come first for it", MASKED, "new"),
        ("halves_swapped", "[h[0], h[1, :, ::-1]]", "[h[1, :, ::-1], h[0]]"),
        ("", "h[1, :, ::-1]]", "h[1]]"),
        ("", TURNED_BOTH, "(x, real[:, ::-1])"),
        (
            "weights_of_the_forward_direction",
            "@ Wx[direction]",
            "@ Wx[0]",
            "@ Wh[direction]",
            "@ Wh[0]",
            "b[direction]",
            "b[0]",
        ),
        ("padding_holds_what_is_carried", " * real[..., None]", ""),
    ],
    "bidirectional_rnn_backward": [
        ("dh_at_padding_counted", "dh * real[..., None]", "dh"),
        ("dh_at_padding_counted_forward", HALF_F, "dh[..., :H]"),
        ("dh_at_padding_counted_backward", HALF_B, "dh[..., H:]"),
        ("halves_swapped", HALF_F, "dh_real[..., -H:]", HALF_B, HALF_F),
        ("first_half_twice", HALF_B, HALF_F),
        ("halves_interleaved", HALF_F, "dh_real[..., ::2]", HALF_B, "dh_real[..., 1::2]"),
        ("dh_not_reversed", DH_B, HALF_B),
        ("dh_reversed_with_padding", DH_B, "dh_real[:, ::-1, H:]"),
        ("dx_not_reversed_back", DX_B, "dx_b"),
        ("dx_reversed_with_padding", DX_B, "dx_b[:, ::-1]"),
        ("nothing_reversed", DH_B, HALF_B, DX_B, "dx_b"),
        ("all_reversed_with_padding", DH_B, "dh_real[:, ::-1, H:]", DX_B, "dx_b[:, ::-1]"),
        ("dx_of_the_forward_direction", f"dx_f + {DX_B}", "dx_f"),
        ("dx_of_the_backward_direction", f"dx_f + {DX_B}", DX_B),
        ("dx_mean", f"dx_f + {DX_B}", f"(dx_f + {DX_B}) / 2"),
        ("all_halved", BOTH, f"gradients = dx_f + {DX_B}, *both\n    return tuple(d / 2 for d in gradients)"),
        ("dx_side_by_side", f"dx_f + {DX_B}", f"np.concatenate([dx_f, {DX_B}], axis=-1)"),
        ("dh0_swapped", BOTH, with_dh0("dh0[::-1]")),
        ("dh0_zero", BOTH, with_dh0("0 * dh0")),
        ("dh0_of_the_forward_direction_twice", BOTH, with_dh0("dh0[[0, 0]]")),
        *((f"{part}_of_the_forward_direction_twice", BOTH, twice(k)) for k, part in enumerate(("dWx", "dWh", "db"), 1)),
        *divided(BOTH, N="len(dh)", T="dh.shape[1]", NT="dh[..., 0].size", real_steps="lengths.sum()"),
        ("directions_swapped", PAIRS, "zip(backward, forward, strict=True)"),
        ("forward_direction_twice", PAIRS, "zip(forward, forward, strict=True)"),
        (
            "dx_not_reversed_back + dh0_swapped",
            DX_B,
            "dx_b",
            BOTH.replace(DX_B, "dx_b"),
            with_dh0("dh0[::-1]").replace(DX_B, "dx_b"),
        ),
        ("", "dh * real[..., None]", "(dh * real[..., None]).clip(-5, 5)"),
        (
            "says: changes its argument dh in place",
            "dh_real = dh * real[..., None]",
            "dh *= real[..., None]; dh_real = dh",
        ),
    ],
    "sequence_vectors": [
        ("last_column", END_F, "h[:, -1, :H]", END_B, "h[:, -1, H:]"),
        ("last_column_forward", END_F, "h[:, -1, :H]"),
        ("says: from its padding", "lengths - 1", "np.minimum(lengths, h.shape[1] - 1)"),
        ("backward_at_its_first_step", END_B, "h[np.arange(len(h)), lengths - 1, H:]"),
        ("forward_at_its_first_step", END_F, "h[:, 0, :H]"),
        ("each_at_its_first_step", END_F, "h[:, 0, :H]", END_B, "h[np.arange(len(h)), lengths - 1, H:]"),
        ("one_step_early", "lengths - 1", "lengths - 2"),
        ("length_of_the_first_row", END_F, "h[:, lengths[0] - 1, :H]"),
        ("halves_swapped", f"[ends, {END_B}]", f"[{END_B}, ends]"),
        ("mean_over_time", END_F, "h[..., :H].mean(axis=1)", END_B, "h[..., H:].mean(axis=1)"),
        ("sum_over_time", END_F, "h[..., :H].sum(axis=1)", END_B, "h[..., H:].sum(axis=1)"),
        ("ends_added", f"np.concatenate([ends, {END_B}], axis=-1)", f"ends + {END_B}"),
        ("says: is out of bounds", "lengths - 1", "lengths"),
        ("says: takes one step for each row", END_F, "h[:, lengths - 1, :H]"),
    ],
    "encoder_decoder_forward": [
        ("state_after_the_padding", START, "h_enc[:, -1]"),
        ("state_one_step_early", "lengths - 1", "lengths - 2"),
        ("state_one_step_late", "lengths - 1", "np.minimum(lengths, x.shape[1] - 1)"),
        ("first_state", START, "h_enc[:, 0]"),
        ("length_of_the_first_row", START, "h_enc[:, lengths[0] - 1]"),
        (
            "mean_of_the_states",
            START,
            "np.stack([states[:k].mean(axis=0) for states, k in zip(h_enc, lengths, strict=True)])",
        ),
        ("decoder_starts_from_zeros", "y_in, start", "y_in, None"),
        (
            "state_after_zeroed_padding",
            "rnn_forward(x, None",
            "rnn_forward(x * (np.arange(x.shape[1]) < lengths[:, None])[..., None], None",
            START,
            "h_enc[:, -1]",
        ),
        *SHARED_WITH_THE_ENCODER,
        ("weights_of_the_encoder", DECODE, "rnn_forward(y_in, start, Wx_enc, Wh_enc, b_enc)"),
        (
            "weights_swapped",
            "x, None, Wx_enc, Wh_enc, b_enc",
            "x, None, Wx_dec, Wh_dec, b_dec",
            DECODE,
            "rnn_forward(y_in, start, Wx_enc, Wh_enc, b_enc)",
        ),
        ("states_of_the_encoder", RETURN_DEC, "return h_enc, ("),
        ("start_among_the_states", RETURN_DEC, "return np.concatenate([start[:, None], h_dec], axis=1), ("),
        ("last_state_only", RETURN_DEC, "return h_dec[:, -1], ("),
        ("says: takes one step for each row", START, "h_enc[:, lengths - 1]"),
        ("", START, f"0.99 * {START}"),
        ("", START, "h_enc[np.arange(len(x)), np.minimum(lengths, 12) - 1]"),
    ],
    "encoder_decoder_backward": [
        ("injected_behind_the_padding", ARRIVES, "dh_enc[:, -1] = dstart"),
        ("injected_one_step_early", "lengths - 1", "lengths - 2"),
        ("injected_one_step_late", "lengths - 1", "np.minimum(lengths, dh_enc.shape[1] - 1)"),
        ("injected_at_the_first_step", ARRIVES, "dh_enc[:, 0] = dstart"),
        ("injected_at_every_step", ARRIVES, "dh_enc[:] = dstart[:, None]"),
        (
            "injected_at_every_real_step",
            ARRIVES,
            "dh_enc[:] = dstart[:, None]\n    dh_enc[np.arange(dh_enc.shape[1]) >= lengths[:, None]] = 0",
        ),
        ("length_of_the_first_row", "lengths - 1", "lengths[0] - 1"),
        ("every_row_gets_all", ARRIVES, "dh_enc[:, lengths - 1] = dstart"),
        ("upstream_of_the_first_state", "= dstart", "= dh_dec[:, 0]"),
        ("dh_dec_summed_up", "= dstart", "= dh_dec.sum(axis=1)"),
        *divided(BACK_FROM_BOTH, N="len(lengths)"),
        ("says: Nothing reaches the encoder.", ARRIVES, "pass"),
        ("", "= dstart", "= dstart.clip(-1, 1)"),
        ("", "rnn_backward(dh_enc, cache_enc)", "rnn_backward(dh_enc * 0.999, cache_enc)"),
    ],
}

CACHE = "what is in the cache is for the backward pass alone, whose own question runs on it"
ANY_CACHE = [
    (f"cache {what}", CACHE)
    for what in ("empty", "None", "a text", "reversed", "of the first step everywhere", "one entry short")
]
STILL_RIGHT = {
    name: ANY_CACHE for name in ("stacked_rnn_forward", "bidirectional_rnn_forward", "encoder_decoder_forward")
}
EQUIVALENT = {
    "spoiled_steps": [
        (
            "16 becomes 17 in `h_wrong, _ = bidirectional_rnn_forward(x_batch, np.full(4, 16), *others)`",
            "a row has 16 steps, and a slice ends with its array",
        ),
    ],
    "repaired_bidirectional_rnn": [
        ("sign dropped in `(N, T, _), H = (x.shape, Wh.shape[-1])`", "Wh is square, so that both axes have H entries"),
        ("1 becomes 2 in `(N, T, _), H = (x.shape, Wh.shape[-1])`", "Wh is square, so that both axes have H entries"),
        ("2 becomes 3 in `h = np.zeros((2, N, T, H))`", "a third direction is made room for, and never read"),
    ],
    "bidirectional_rnn_backward": [
        (
            "True becomes False in `both = (np.stack(pair) for pair in zip(forward, backward, strict=True))`",
            "both lists have four entries",
        ),
    ],
    "sequence_vectors": [
        ("sign dropped in `return np.concatenate([ends, h[:, 0, H:]], axis=-1)`", "of two axes the last is number 1"),
    ],
}

VALUES = {
    "spoiled_steps": [
        ("padded_steps_too", 36),
        ("entries", 27),
        ("by_norm", 12),
        ("any_difference", 22),
        ("a_hundredth", 18),
        ("rows", 3),
        ("below_only", 6),
        ("above_only", 8),
        ("forward_half", 0),
        ("", 7),
        ("", np.array([10])),
        ("", 10.0),
        ("says: has no value yet", None),
    ],
}
