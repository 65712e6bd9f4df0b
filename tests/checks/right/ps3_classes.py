"""Problem set 3 with classes: a step is an object that remembers its inputs and sums its gradients."""

import numpy as np


class Step:
    """One time step of the layer."""

    def __init__(self, x_t, h_prev, Wx, Wh, b):
        self.inputs = x_t, h_prev
        self.weights = Wx, Wh
        self.h_t = np.tanh(x_t.dot(Wx) + h_prev.dot(Wh) + b)

    def backward(self, dh_t):
        dz = dh_t - dh_t * np.square(self.h_t)
        to_inputs = [dz.dot(W.T) for W in self.weights]
        to_weights = [a.T.dot(dz) for a in self.inputs]
        return (*to_inputs, *to_weights, np.sum(dz, axis=0))


class Gradients:
    """Gradients of a sequence, filled from its end."""

    def __init__(self, steps):
        self.steps = steps
        self.dx = [None] * len(steps)
        self.total = None

    def run(self, dh, stop_at=lambda t: False):
        sent_back = np.zeros_like(dh[:, 0])
        for t in reversed(range(len(self.steps))):
            if stop_at(t):
                sent_back = np.zeros_like(sent_back)
            self.dx[t], sent_back, *weights = self.steps[t].backward(dh[:, t] + sent_back)
            self.total = weights if self.total is None else [a + w for a, w in zip(self.total, weights, strict=True)]
            yield weights
        self.dh0 = sent_back

    def result(self):
        return (np.stack(self.dx, axis=1), self.dh0, *self.total)


def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    step = Step(x_t, h_prev, Wx, Wh, b)
    return step.h_t, step


def rnn_forward(x, h0, Wx, Wh, b):
    steps = []
    for t in range(x.shape[1]):
        steps.append(Step(x[:, t], steps[-1].h_t if steps else h0, Wx, Wh, b))
    return np.stack([step.h_t for step in steps], axis=1), steps


def rnn_step_backward(dh_t, cache):
    return cache.backward(dh_t)


def rnn_backward(dh, cache):
    gradients = Gradients(cache)
    for _ in gradients.run(dh):
        pass
    return gradients.result()


class Repaired(Gradients):
    """The same, under the name of the question."""


def repaired_rnn_backward(dh, cache):
    gradients = Repaired(cache)
    list(gradients.run(np.array(dh)))
    return gradients.result()


def rnn_backward_truncated(dh, cache, k):
    gradients = Gradients(cache)
    list(gradients.run(dh, stop_at=lambda t: (t + 1) % k == 0))
    return gradients.result()


def dWh_contributions(dh, cache):
    from_the_end = [dWh for _, dWh, _ in Gradients(cache).run(dh)]
    return np.array(from_the_end[::-1])


class CrossEntropy:
    """Loss over the positions that a mask leaves."""

    def __init__(self, logits):
        self.logits = logits - np.amax(logits, axis=-1)[..., np.newaxis]
        self.log_sum = np.log(np.sum(np.exp(self.logits), axis=-1, keepdims=True))

    def __call__(self, targets, mask):
        picked = np.take_along_axis(self.logits - self.log_sum, targets[..., None], axis=-1).squeeze(-1)
        return float(-picked[mask].mean())

    def gradient(self, targets, mask):
        d = np.exp(self.logits - self.log_sum)
        at_target = np.take_along_axis(d, targets[..., None], axis=-1) - 1
        np.put_along_axis(d, targets[..., None], at_target, axis=-1)
        return np.where(mask[..., None], d, 0.0) / np.count_nonzero(mask)


def softmax_cross_entropy(logits, targets, mask):
    loss = CrossEntropy(logits)
    return loss(targets, mask), loss.gradient(targets, mask)


def rnn_rtrl(x, h0, dh, Wx, Wh, b):
    # The Jacobian of the state by all weights in one flat vector, sequence by sequence.
    D, H = Wx.shape
    gradient = np.zeros((D + H + 1) * H)
    for n in range(len(x)):
        h, jacobian = h0[n], np.zeros((H, gradient.size))
        for t in range(x.shape[1]):
            source = np.concatenate([x[n, t], h, [1.0]])
            h = np.tanh(x[n, t].dot(Wx) + h.dot(Wh) + b)
            jacobian = np.diag(1 - h**2).dot(Wh.T.dot(jacobian) + np.kron(source, np.eye(H)))
            gradient += dh[n, t].dot(jacobian)
    gradient = gradient.reshape(D + H + 1, H)
    return gradient[:D], gradient[D : D + H], gradient[D + H]


faded_steps = 15
