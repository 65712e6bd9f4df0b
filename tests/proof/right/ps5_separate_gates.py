"""Problem set 5 with a weight matrix for each gate, dict caches, 1 / (1 + exp(-z)), and 1 / cosh² for the slope."""

import numpy as np

NAMES = "ifgo"


def own(array):
    """Return the part of every gate, by its name."""
    return dict(zip(NAMES, np.split(np.asarray(array), 4, axis=-1), strict=True))


def activate(name, z):
    return np.tanh(z) if name == "g" else 1.0 / (1.0 + np.exp(-z))


def pre_activations(x_t, h_prev, Wx, Wh, b):
    Wx, Wh, b = own(Wx), own(Wh), own(b)
    return {name: np.dot(x_t, Wx[name]) + np.dot(h_prev, Wh[name]) + b[name] for name in NAMES}


def lstm_gates(x_t, h_prev, Wx, Wh, b):
    z = pre_activations(x_t, h_prev, Wx, Wh, b)
    return [activate(name, z[name]) for name in NAMES]


def lstm_step_forward(x_t, h_prev, c_prev, Wx, Wh, b):
    gate = dict(zip(NAMES, lstm_gates(x_t, h_prev, Wx, Wh, b), strict=True))
    c_t = np.add(np.multiply(gate["f"], c_prev), np.multiply(gate["i"], gate["g"]))
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, "Wx": Wx, "Wh": Wh, **gate, "c_t": c_t}
    return gate["o"] * np.tanh(c_t), c_t, cache


def lstm_forward(x, h0, c0, Wx, Wh, b):
    nothing = np.zeros((x.shape[0], b.size // 4))
    hidden, cell, steps = [nothing if h0 is None else h0], [nothing if c0 is None else c0], []
    for x_t in np.moveaxis(x, 1, 0):
        h_t, c_t, step = lstm_step_forward(x_t, hidden[-1], cell[-1], Wx, Wh, b)
        hidden.append(h_t)
        cell.append(c_t)
        steps.append(step)
    return np.moveaxis(np.array(hidden[1:]), 0, 1), cell[-1], steps


def lstm_step_backward(dh_total, dc_next, cache):
    i, f, g, o = (cache[name] for name in NAMES)
    dc = dh_total * o / np.cosh(cache["c_t"]) ** 2 + dc_next
    by_gate = {"i": dc * g, "f": dc * cache["c_prev"], "g": dc * i, "o": dh_total * np.tanh(cache["c_t"])}
    slope = {"i": i - i * i, "f": f - f * f, "g": (1 + g) * (1 - g), "o": o - o * o}
    dz = {name: by_gate[name] * slope[name] for name in NAMES}
    Wx, Wh = own(cache["Wx"]), own(cache["Wh"])
    dx_t = sum(np.dot(dz[name], Wx[name].T) for name in NAMES)
    dh_prev = sum(np.dot(dz[name], Wh[name].T) for name in NAMES)
    dWx = np.concatenate([np.dot(cache["x_t"].T, dz[name]) for name in NAMES], axis=1)
    dWh = np.concatenate([np.dot(cache["h_prev"].T, dz[name]) for name in NAMES], axis=1)
    db = np.concatenate([np.sum(dz[name], axis=0) for name in NAMES])
    return dx_t, dh_prev, f * dc, dWx, dWh, db


def lstm_backward(dh, dc_T, cache):
    found, back = [], (0.0, 0.0 * dh[:, 0] if dc_T is None else dc_T)
    for t, step in reversed(list(enumerate(cache))):
        found.insert(0, lstm_step_backward(dh[:, t] + back[0], back[1], step))
        back = found[0][1:3]
    dx, _, _, dWx, dWh, db = zip(*found, strict=True)
    return np.stack(dx, axis=1), *back, sum(dWx), sum(dWh), sum(db)


def repaired_lstm_backward(dh, dc_T, cache):
    return lstm_backward(dh, dc_T, cache)


def forget_gate_bias(H, value):
    return np.concatenate([np.full(H, float(value)) if name == "f" else np.zeros(H) for name in NAMES])


def lstm_forward_clamped(x, h0, c0, Wx, Wh, b, k, value):
    h_t, c_t, pairs = h0, c0, []
    for t in range(x.shape[1]):
        gate = {name: activate(name, z) for name, z in pre_activations(x[:, t], h_t, Wx, Wh, b).items()}
        gate[NAMES[k]] = value
        c_t = gate["f"] * c_t + gate["i"] * gate["g"]
        h_t = gate["o"] * np.tanh(c_t)
        pairs.append((h_t, c_t))
    h, c = zip(*pairs, strict=True)
    return np.stack(h, axis=1), np.stack(c, axis=1)


def half_life(f):
    return -1.0 / np.log2(f)


def measure():
    rng = np.random.default_rng(50)
    x = rng.standard_normal((1, 60, 1))
    Wx = rng.standard_normal((1, 64))
    Wh = 0.1 * rng.standard_normal((16, 64))
    _, _, cache = lstm_forward(x, None, None, Wx, Wh, forget_gate_bias(16, 3))
    back, count = (np.zeros((1, 16)), np.ones((1, 16))), 0
    while np.linalg.norm(back[1]) >= 2:
        back = lstm_step_backward(*back, cache[59 - count])[1:3]
        count += 1
    return count


halved_steps = measure()
