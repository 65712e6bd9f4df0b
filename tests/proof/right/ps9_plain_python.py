"""Problem set 9 with lists of floats and a loop over every two units; NumPy only at the door."""

import numpy as np


def hopfield_weights(patterns):
    rows = patterns.tolist()
    H = len(rows[0])
    W = [[0.0] * H for _ in range(H)]
    for i in range(H):
        for j in range(i):
            common = sum(1 if row[i] == row[j] else -1 for row in rows)
            W[i][j] = W[j][i] = common / H
    return np.array(W)


def energy(s, W):
    energies = []
    for state in s.tolist():
        E = 0.0
        for i, weights in enumerate(W.tolist()):
            for j in range(i):
                E -= weights[j] * state[i] * state[j]
        energies.append(E)
    return np.array(energies)
