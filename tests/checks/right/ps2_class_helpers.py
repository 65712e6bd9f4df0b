"""Problem set 2 with a class that holds the weights and the state, and functions that call it."""

from dataclasses import dataclass

import numpy as np

from autograder.checks.ps2 import two_starts


@dataclass
class Cell:
    Wx: np.ndarray
    Wh: np.ndarray
    b: np.ndarray

    def start(self, N, h0=None):
        self.h = np.zeros((N, self.b.size)) if h0 is None else h0.copy()
        return self

    def read(self, x_t, real=None):
        new = np.tanh(x_t @ self.Wx + self.h @ self.Wh + self.b)
        if real is None:
            self.h = new
        else:
            self.h = self.h.copy()
            self.h[real] = new[real]
        return self.h


class Cache:
    def __init__(self, *arrays):
        self.arrays = arrays


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h_t = Cell(Wx, Wh, b).start(len(x_t), h_prev).read(x_t)
    return h_t, Cache(x_t, h_prev, Wx, Wh, h_t)


def rnn_forward(x, h0, Wx, Wh, b):
    cell = Cell(Wx, Wh, b).start(len(x), h0)
    h = np.stack([cell.read(x[:, t]) for t in range(x.shape[1])], axis=1)
    return h, Cache(x, h0, Wx, Wh, h)


class Parameters(dict):
    def count(self):
        return sum(array.size for array in self.values())


def rnn_parameter_count(D, H, V):
    shapes = {"Wx": (D, H), "Wh": (H, H), "b": (H,), "Wy": (H, V), "by": (V,)}
    return Parameters({name: np.zeros(shape) for name, shape in shapes.items()}).count()


def rnn_forward_masked(x, h0, mask, Wx, Wh, b):
    cell = Cell(Wx, Wh, b).start(len(x), h0)
    return np.stack([cell.read(x[:, t], mask[:, t]) for t in range(x.shape[1])], axis=1)


@dataclass
class Output:
    Wy: np.ndarray
    by: np.ndarray

    def __call__(self, state):
        return state @ self.Wy + self.by


def many_to_many(h, Wy, by):
    output = Output(Wy, by)
    return np.stack([output(h[:, t]) for t in range(h.shape[1])], axis=1)


def many_to_one(h, mask, Wy, by):
    state = h[:, 0]
    for t in range(h.shape[1]):
        state = np.where(mask[:, t : t + 1], h[:, t], state)
    return Output(Wy, by)(state)


def repaired_time_major_rnn(x, h0, Wx, Wh, b):
    cell = Cell(Wx, Wh, b).start(len(x), h0)
    return np.swapaxes(np.array([cell.read(x_t) for x_t in np.swapaxes(x, 0, 1)]), 0, 1)


class Measurement:
    def __init__(self):
        self.x, first, second, *weights = two_starts()
        self.cells = [Cell(*weights).start(1, h0) for h0 in (first, second)]
        self.at_first = self.gap()

    def gap(self):
        return np.linalg.norm(self.cells[0].h - self.cells[1].h)

    def run(self):
        for steps, x_t in enumerate(self.x.swapaxes(0, 1), start=1):
            for cell in self.cells:
                cell.read(x_t)
            if self.gap() / self.at_first < 0.01:
                return steps
        return None


forgotten_after = Measurement().run()
