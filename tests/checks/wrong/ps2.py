"""Wrong solutions of problem set 2, the recurrent neural network."""

import numpy as np

Z = "x_t @ Wx + h_prev @ Wh + b"
TANH = "np.tanh(z_t)"
START = "np.zeros((N, H)) if h0 is None else h0"
STEP = "rnn_step_forward(x[:, t], h_t, Wx, Wh, b)"
KEPT = "np.where(mask[:, t, None], new, h_t)"
STORED = "h[:, t] = h_t"
LAST = "mask.sum(axis=1) - 1"
READ = "h[np.arange(len(h)), last]"
LINEAR = "h @ Wy + by"
LINEAR_LAST = "h_last @ Wy + by"
TIME_FIRST = "x.swapaxes(0, 1)"
BATCH_FIRST = "h.swapaxes(0, 1)"
TIMED_STEP = "np.tanh(x[t] @ Wx + h_t @ Wh + b)"

SUBSTITUTIONS = {
    "rnn_step_forward": [
        ("bias missing", Z, "x_t @ Wx + h_prev @ Wh"),
        ("bias subtracted", Z, "x_t @ Wx + h_prev @ Wh - b"),
        ("bias with each product", Z, "(x_t @ Wx + b) + (h_prev @ Wh + b)"),
        ("bias outside tanh", TANH, "np.tanh(z_t - b) + b"),
        ("only the first bias", Z, "x_t @ Wx + h_prev @ Wh + b[0]"),
        ("Wh transposed", Z, "x_t @ Wx + h_prev @ Wh.T + b"),
        ("Wh elementwise", Z, "x_t @ Wx + h_prev * np.diag(Wh) + b"),
        ("Wh left out", Z, "x_t @ Wx + h_prev + b"),
        ("input left out", Z, "h_prev @ Wh + b"),
        ("state left out", Z, "x_t @ Wx + b"),
        ("products multiplied", Z, "(x_t @ Wx) * (h_prev @ Wh) + b"),
        ("tanh missing", TANH, "z_t"),
        ("tanh twice", TANH, "np.tanh(np.tanh(z_t))"),
        ("tanh of each product", TANH, "np.tanh(x_t @ Wx) + np.tanh(h_prev @ Wh + b)"),
        ("sigmoid", TANH, "1 / (1 + np.exp(-z_t))"),
        ("relu", TANH, "np.maximum(z_t, 0)"),
        ("hard tanh", TANH, "np.clip(z_t, -1, 1)"),
        ("old state added", TANH, "h_prev + np.tanh(z_t)"),
        ("float32", TANH, "np.tanh(z_t.astype(np.float32))"),
        ("float32 on the way", TANH, "np.tanh(z_t.astype(np.float32)).astype(float)"),
        ("rounded", TANH, "np.tanh(z_t).round(4)"),
        ("mean over the batch", Z, "x_t @ Wx + h_prev.mean(axis=0) @ Wh + b"),
        ("transposed", "return h_t, cache", "return h_t.T, cache"),
        ("one axis too many", "return h_t, cache", "return h_t[:, None], cache"),
        ("cache missing", "return h_t, cache", "return h_t"),
        ("cache None", "return h_t, cache", "return h_t, None"),
        ("nothing returned", "return h_t, cache", "cache = (h_t, cache)"),
        ("NaN", TANH, "np.tanh(z_t) + np.nan"),
        ("wrong at N = 1 only", TANH, "np.tanh(z_t if len(x_t) > 1 else x_t @ Wx + b)"),
        ("squeezed", TANH, "np.squeeze(np.tanh(z_t))"),
    ],
    "rnn_forward": [
        ("state not passed on", STEP, "rnn_step_forward(x[:, t], np.zeros((N, H)) if h0 is None else h0, Wx, Wh, b)"),
        ("h0 ignored", START, "np.zeros((N, H))"),
        ("h0 doubled", START, "np.zeros((N, H)) if h0 is None else 2 * h0"),
        ("h0 of ones when None", START, "np.ones((N, H)) if h0 is None else h0"),
        ("first input at every step", STEP, "rnn_step_forward(x[:, 0], h_t, Wx, Wh, b)"),
        ("input one step late", STEP, "rnn_step_forward(x[:, t - 1], h_t, Wx, Wh, b)"),
        ("input reversed", STEP, "rnn_step_forward(x[:, T - 1 - t], h_t, Wx, Wh, b)"),
        ("backward in time", "in range(T)", "in reversed(range(T))"),
        ("stored one step late", STORED, "h[:, (t + 1) % T] = h_t"),
        ("stored reversed", STORED, "h[:, T - 1 - t] = h_t"),
        ("stored before the step", STORED, "h[:, t] = step.h_prev"),
        ("all steps share one array", STORED, "h[...] = h_t[:, None]"),
        ("summed up", STORED, "h[:, t] = h_t + (h[:, t - 1] if t else 0)"),
        ("last state only", "return h, cache", "return h_t, cache"),
        ("time first", "return h, cache", "return h.swapaxes(0, 1), cache"),
        ("reshaped from time first", "return h, cache", "return h.swapaxes(0, 1).reshape(h.shape), cache"),
        (
            "inputs reshaped",
            "cache = []",
            "cache = []\n    x = x.reshape(T, N, -1).swapaxes(0, 1)",
        ),
        ("with h0", "return h, cache", "return np.concatenate([h[:, :1] * 0, h], axis=1), cache"),
        ("Wh transposed", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh.T, b)"),
        ("float32", "np.empty((N, T, H))", "np.empty((N, T, H), np.float32)"),
        ("cache missing", "return h, cache", "return h"),
        ("cache None", "return h, cache", "return h, None"),
        ("a list of states", "return h, cache", "return [h[:, t] for t in range(T)], cache"),
    ],
    "rnn_parameter_count": [
        ("no bias", "D * H + H * H + H", "D * H + H * H"),
        ("no output bias", "H * V + V", "H * V"),
        ("no bias at all", "return hidden + output", "return hidden + output - H - V"),
        ("no output layer", "return hidden + output", "return hidden"),
        ("output layer only", "return hidden + output", "return output"),
        ("no recurrent weights", "D * H + H * H + H", "D * H + H"),
        ("no input weights", "D * H + H * H + H", "H * H + H"),
        ("recurrent weights like input weights", "H * H", "D * H"),
        ("recurrent weights on the diagonal", "D * H + H * H + H", "D * H + H + H"),
        ("two biases", "H * H + H", "H * H + 2 * H"),
        ("bias of size D", "H * H + H", "H * H + D"),
        ("biases as single numbers", "return hidden + output", "return hidden - H + 1 + output - V + 1"),
        ("output reads the input", "H * V + V", "D * V + V"),
        ("output square", "H * V + V", "V * V + V"),
        ("for ten steps", "return hidden + output", "return 10 * (hidden + output)"),
        ("for both directions", "return hidden + output", "return 2 * (hidden + output)"),
        ("hidden layer for ten steps", "return hidden + output", "return 10 * hidden + output"),
        ("a float", "return hidden + output", "return float(hidden + output)"),
        ("a bool", "return hidden + output", "return True"),
        ("an array", "return hidden + output", "return np.array([hidden, output])"),
        ("a number too long to print", "return hidden + output", "return 10**5000"),
        ("the try-it number", "return hidden + output", "return 34"),
        ("nothing", "return hidden + output", "count = hidden + output"),
    ],
    "rnn_forward_masked": [
        ("mask ignored", KEPT, "new"),
        ("state zeroed", KEPT, "new * mask[:, t, None]"),
        ("only the result zeroed", STORED, "h[:, t] = h_t * mask[:, t, None]"),
        ("input zeroed", "in range(T):", "in range(T):\n        x = x * mask[:, :, None]\n        mask = mask | True"),
        ("mask inverted", KEPT, "np.where(mask[:, t, None], h_t, new)"),
        ("h0 carried", KEPT, f"np.where(mask[:, t, None], new, {START})"),
        ("old state added", KEPT, "mask[:, t, None] * new + h_t"),
        ("new state added in the padding", KEPT, "new + ~mask[:, t, None] * h_t"),
        ("mask one step late", KEPT, "np.where(mask[:, max(t - 1, 0), None], new, h_t)"),
        ("mask one step early", KEPT, "np.where(mask[:, min(t + 1, T - 1), None], new, h_t)"),
        ("all stop together", KEPT, "new if mask[:, t].all() else h_t"),
        ("stops when all have ended", KEPT, "new if mask[:, t].any() else h_t"),
        ("mask of the first sequence", KEPT, "np.where(mask[0, t], new, h_t)"),
        ("half old, half new", KEPT, "np.where(mask[:, t, None], new, (h_t + new) / 2)"),
        ("h0 ignored", START, "np.zeros((N, H))"),
        ("state not passed on", STEP, "rnn_step_forward(x[:, t], 0 * h_t, Wx, Wh, b)"),
        ("Wh transposed", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh.T, b)"),
        ("bias missing", STEP, "rnn_step_forward(x[:, t], h_t, Wx, Wh, 0 * b)"),
        ("backward in time", "in range(T)", "in reversed(range(T))"),
        ("time first", "return h", "return h.swapaxes(0, 1)"),
        ("last state only", "return h", "return h_t"),
        ("with a cache", "return h", "return h, None"),
        ("a little of the padding", KEPT, "np.where(mask[:, t, None], new, h_t + 1e-4 * x[:, t, :1])"),
        ("mask squeezed away at N = 1", KEPT, "np.where(mask[:, t, None] | (N == 1), new, h_t)"),
    ],
    "many_to_many": [
        ("bias missing", LINEAR, "h @ Wy"),
        ("bias subtracted", LINEAR, "h @ Wy - by"),
        ("bias twice", LINEAR, "h @ Wy + by + by"),
        ("tanh of the output", LINEAR, "np.tanh(h @ Wy + by)"),
        ("tanh of the states", LINEAR, "np.tanh(h) @ Wy + by"),
        ("sigmoid of the output", LINEAR, "1 / (1 + np.exp(-(h @ Wy + by)))"),
        (
            "softmax",
            f"return {LINEAR}",
            "e = np.exp(h @ Wy + by)\n    return e / e.sum(axis=-1, keepdims=True)",
        ),
        ("reversed", LINEAR, "(h @ Wy + by)[:, ::-1]"),
        ("one step late", LINEAR, "np.concatenate([0 * h[:, :1], h[:, :-1]], axis=1) @ Wy + by"),
        ("rolled", LINEAR, "np.roll(h, 1, axis=1) @ Wy + by"),
        ("last state everywhere", LINEAR, "np.repeat(h[:, -1:], h.shape[1], axis=1) @ Wy + by"),
        ("first state everywhere", LINEAR, "np.repeat(h[:, :1], h.shape[1], axis=1) @ Wy + by"),
        ("mean of the states", LINEAR, "np.repeat(h.mean(axis=1, keepdims=True), h.shape[1], axis=1) @ Wy + by"),
        ("sum so far", LINEAR, "h.cumsum(axis=1) @ Wy + by"),
        ("last output only", LINEAR, "h[:, -1] @ Wy + by"),
        ("time first", LINEAR, "(h @ Wy + by).swapaxes(0, 1)"),
        ("rows mixed", LINEAR, "(h.swapaxes(0, 1) @ Wy + by).reshape(*h.shape[:2], -1)"),
        ("mean over the batch", LINEAR, "h @ Wy + by - h.mean(axis=0) @ Wy"),
        ("float32", LINEAR, "(h @ Wy + by).astype(np.float32)"),
        ("flat", LINEAR, "(h @ Wy + by).reshape(-1, len(by))"),
        ("a list", LINEAR, "[h_n @ Wy + by for h_n in h]"),
    ],
    "many_to_one": [
        ("last step", LAST, "0 * mask.sum(axis=1) - 1"),
        ("one step late", LAST, "np.minimum(mask.sum(axis=1), mask.shape[1] - 1)"),
        ("one step early", LAST, "mask.sum(axis=1) - 2"),
        ("one step early, not before the first", LAST, "np.maximum(mask.sum(axis=1) - 2, 0)"),
        ("first step", LAST, "mask.argmax(axis=1)"),
        ("length counted from the end", LAST, "-mask.sum(axis=1)"),
        ("length of the first sequence", LAST, "mask[0].sum() - 1"),
        ("length of the shortest sequence", LAST, "mask.sum(axis=1).min() - 1"),
        ("length of the longest sequence", LAST, "mask.sum(axis=1).max() - 1"),
        ("mean length", LAST, "int(mask.sum(axis=1).mean()) - 1"),
        ("argmin without a thought for full ones", LAST, "np.maximum(mask.argmin(axis=1) - 1, 0)"),
        ("last step masked", READ, "h[:, -1] * mask[:, -1:]"),
        ("mean over the real steps", READ, "(h * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]"),
        ("mean over all steps", READ, "h.mean(axis=1)"),
        ("masked mean over all steps", READ, "(h * mask[:, :, None]).mean(axis=1)"),
        ("sum over the real steps", READ, "(h * mask[:, :, None]).sum(axis=1)"),
        ("largest real state", READ, "np.where(mask[:, :, None], h, -np.inf).max(axis=1)"),
        ("every sequence for every length", READ, "h[:, last]"),
        ("every step", READ, "h"),
        ("bias missing", LINEAR_LAST, "h_last @ Wy"),
        ("bias inside the mean", LINEAR_LAST, "h_last @ Wy + by.mean()"),
        ("tanh of the output", LINEAR_LAST, "np.tanh(h_last @ Wy + by)"),
        ("lengths of the sequences in reverse", LAST, "mask[::-1].sum(axis=1) - 1"),
    ],
    "repaired_time_major_rnn": [
        ("not repaired", TIME_FIRST, "x.reshape(T, N, -1)"),
        ("reshaped on the way out as well", BATCH_FIRST, "h.reshape(N, T, -1)"),
        ("reshaped by columns", TIME_FIRST, 'x.reshape(T, N, -1, order="F")'),
        ("time reversed", TIME_FIRST, "x.swapaxes(0, 1)[::-1]"),
        ("not brought back", BATCH_FIRST, "h"),
        ("last state only", f"return {BATCH_FIRST}", "return h_t"),
        ("state not passed on", TIMED_STEP, "np.tanh(x[t] @ Wx + h0 @ Wh + b)"),
        ("h0 lost", "h_t = h0", "h_t = np.zeros_like(h0)"),
        ("bias lost", TIMED_STEP, "np.tanh(x[t] @ Wx + h_t @ Wh)"),
        ("tanh lost", TIMED_STEP, "x[t] @ Wx + h_t @ Wh + b"),
        ("Wh transposed", TIMED_STEP, "np.tanh(x[t] @ Wx + h_t @ Wh.T + b)"),
        ("only the first step repaired", TIME_FIRST, "np.concatenate([x[None, :, 0], x.reshape(T, N, -1)[1:]])"),
        ("a list", f"return {BATCH_FIRST}", "return list(h)"),
        ("reshaped twice", ".swapaxes(0, 1)", ".reshape(T, N, -1)"),
    ],
}


def rnn_forward_without_the_first_step(x, h0, Wx, Wh, b):
    h = np.zeros((*x.shape[:2], len(b)))
    h_t = np.zeros_like(h[:, 0]) if h0 is None else h0
    for t in range(1, x.shape[1]):
        h[:, t] = h_t = np.tanh(x[:, t] @ Wx + h_t @ Wh + b)
    return h, "cache"


def rnn_forward_with_one_state_for_all_sequences(x, h0, Wx, Wh, b):
    h = np.zeros((*x.shape[:2], len(b)))
    h_t = np.zeros(len(b)) if h0 is None else h0[0]
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            h[n, t] = h_t = np.tanh(x[n, t] @ Wx + h_t @ Wh + b)
    return h, "cache"


FUNCTIONS = {
    "rnn_forward": {
        "first step left out": rnn_forward_without_the_first_step,
        "one state for all sequences": rnn_forward_with_one_state_for_all_sequences,
    },
}

VALUES = {
    "forgotten_after": {
        "index of h instead of steps": 17,
        "one too many": 19,
        "first value taken after one step": 20,
        "first value taken after one step, counted in steps": 21,
        "absolute limit": 23,
        "ten percent": 10,
        "a tenth of a percent": 28,
        "guess without tanh": 90,
        "zero": 0,
        "last step": 80,
        "negative": -18,
        "float": 18.0,
        "bool": True,
        "text": "18",
        "nothing": None,
        "array": np.array([18]),
        "distance": 0.0089,
        "a number too long to print": 10**5000,
    },
}
