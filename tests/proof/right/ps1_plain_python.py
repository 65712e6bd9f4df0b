"""Problem set 1 with lists of floats and loops; NumPy only at the door."""

import math

import numpy as np


def affine_rows(x, W, b):
    """Return the rows of an affine layer, all as lists."""
    return [[b[v] + sum(row[d] * W[d][v] for d in range(len(row))) for v in range(len(b))] for row in x]


def affine_forward(x, W, b):
    return np.array(affine_rows(x.tolist(), W.tolist(), b.tolist())), {"W": W, "x": x}


def windows(tokens, width, V):
    letters = tokens.tolist()
    rows = []
    for start in range(len(letters) - width):
        row = []
        for letter in letters[start : start + width]:
            row += [float(letter == v) for v in range(V)]
        rows.append(row)
    return np.array(rows)


def mlp_forward(x, W1, b1, W2, b2):
    h = [[math.tanh(z) for z in row] for row in affine_rows(x.tolist(), W1.tolist(), b1.tolist())]
    y = affine_rows(h, W2.tolist(), b2.tolist())
    return np.array(y), {"x": x, "W1": W1, "h": np.array(h), "W2": W2}


def cross_entropy(y, targets):
    loss, dy = 0.0, []
    for scores, target in zip(y.tolist(), targets.tolist(), strict=True):
        largest = max(scores)
        total = sum(math.exp(score - largest) for score in scores)
        loss += math.log(total) - (scores[target] - largest)
        row = [math.exp(score - largest) / total for score in scores]
        row[target] -= 1
        dy.append([entry / len(y) for entry in row])
    return loss / len(y), np.array(dy)


def central_difference(f, x, eps):
    D, H = x.shape
    moved = x.copy()
    gradient = [[0.0] * H for _ in range(D)]
    for d in range(D):
        for i in range(H):
            kept = moved[d, i]
            moved[d, i] = kept + eps
            above = f(moved)
            moved[d, i] = kept - eps
            below = f(moved)
            moved[d, i] = kept
            gradient[d][i] = (above - below) / eps / 2
    return np.array(gradient)


def back_through(dy, x, W):
    """Return what an affine layer sends back, and what its weights and its bias get, as lists."""
    N, D, V = len(x), len(W), len(W[0])
    dx = [[sum(dy[n][v] * W[d][v] for v in range(V)) for d in range(D)] for n in range(N)]
    dW = [[sum(x[n][d] * dy[n][v] for n in range(N)) for v in range(V)] for d in range(D)]
    return dx, dW, [sum(dy[n][v] for n in range(N)) for v in range(V)]


def affine_backward(dy, cache):
    return tuple(map(np.array, back_through(dy.tolist(), cache["x"].tolist(), cache["W"].tolist())))


def mlp_backward(dy, cache):
    x, W1, h, W2 = (cache[name].tolist() for name in ("x", "W1", "h", "W2"))
    dh, dW2, db2 = back_through(dy.tolist(), h, W2)
    dz = [
        [g * (1 - a * a) for g, a in zip(gs, activations, strict=True)] for gs, activations in zip(dh, h, strict=True)
    ]
    return tuple(map(np.array, (*back_through(dz, x, W1), dW2, db2)))


def repaired_mlp_backward(dy, cache):
    return mlp_backward(dy, cache)


def conditional_entropy(tokens, width):
    letters = tokens.tolist()
    behind = {}
    for end in range(width, len(letters)):
        behind.setdefault(tuple(letters[end - width : end]), []).append(letters[end])
    bits = 0.0
    for found in behind.values():
        for letter in set(found):
            p = found.count(letter) / len(found)
            bits -= len(found) / (len(letters) - width) * p * math.log2(p)
    return bits


width_needed = 7
