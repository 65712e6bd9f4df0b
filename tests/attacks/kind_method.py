"""Attacks on the method: gradients that are not made by the chain rule."""

from tests.attacks.attacking import ALL_POINTS, Kind, cells, right_notebook

ATTACKS = Kind("method")
add = ATTACKS.add

TOOLS = """
import numpy as np
REMEMBERED = {}
def run(x, h0, Wx, Wh, b):
    h, out = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        out.append(h)
    return np.stack(out, axis=1)
def central(f, value, width=1e-5):
    slope = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        ahead, behind = value.copy(), value.copy()
        ahead[index] += width
        behind[index] -= width
        slope[index] = (f(ahead) - f(behind)) / (2 * width)
    return slope
def richardson(f, value):
    near, middle, far = (central(f, value, k * 2e-3) for k in (1, 2, 4))
    return (64 * near - 20 * middle + far) / 45
def long_double(f, value):
    return central(f, value.astype(np.longdouble), np.longdouble(1e-7)).astype(float)
def complex_step(f, value):
    slope = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        moved = value.astype(complex)
        moved[index] += 1e-30j
        slope[index] = np.imag(f(moved)) / 1e-30
    return slope
"""
SEQUENCE = """
_forward, _right = rnn_forward, rnn_backward
def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = _forward(x, h0, Wx, Wh, b)
    REMEMBERED[id(cache)] = [np.array(a) for a in (x, h0, Wx, Wh, b)]
    return h, cache
def rnn_backward(dh, cache):
    given, come = REMEMBERED[id(cache)], list(_right(dh, cache))
    for place in PLACES:
        def loss(value):
            return np.sum(run(*given[:place], value, *given[place + 1:]) * dh)
        come[place] = DIFFERENTIATE(loss, given[place])
    return tuple(come)
"""
OF_ROWS = """
def softmax_cross_entropy(logits, targets, mask):
    n, t = np.ogrid[:logits.shape[0], :logits.shape[1]]
    shift = logits.max(axis=2, keepdims=True)
    def loss(value):
        z = value - shift
        return -((z[n, t, targets] - np.log(np.exp(z).sum(axis=2))) * mask).sum() / mask.sum()
    return float(loss(logits)), DIFFERENTIATE(loss, logits)
"""
EVERY, SMALLEST = "every tensor", "the smallest tensor"
PLACES = {EVERY: "range(5)", SMALLEST: "[4]"}
WANTS = "points for gradients made of differences"
for way, name in (("central", SMALLEST), ("richardson", SMALLEST), ("long_double", SMALLEST),
                  ("complex_step", SMALLEST), ("complex_step", EVERY)):  # fmt: skip
    source = (TOOLS + SEQUENCE).replace("DIFFERENTIATE", way).replace("PLACES", PLACES[name])
    add(f"rnn_backward: {way}, {name}", WANTS, cells(into=right_notebook, behind={"rnn-backward": source}),
        ALL_POINTS - 4, slow=True)  # fmt: skip
for way in ("central", "long_double", "complex_step"):
    source = (TOOLS + OF_ROWS).replace("DIFFERENTIATE", way)
    add(f"softmax_cross_entropy: {way}", WANTS, cells(into=right_notebook, behind={"softmax-cross-entropy": source}),
        ALL_POINTS - 3, slow=True)  # fmt: skip
