"""How long a model has to train until it can do a task: a number to compare, in place of pass or fail."""

import math
from collections import deque


def updates_until_learned(model, optimizer, draw, *, budget, segment=None, names=None, below=0.2, over=20):
    """Train until the mean loss of the last `over` updates is below `below`, and count the updates.

    Parameters
    ----------
    model : object
        With `params` and `loss_and_grads`, such as `unrolled.RNN`; it is changed in place.
    optimizer : object
        With a method `step(params, grads)`, such as `unrolled.Adam`.
    draw : callable
        Takes nothing and returns a new batch x, targets, mask.
    budget : int
        Updates after which it stops, at least `over`.
    segment : int or None
        Steps after which truncated backpropagation through time cuts the gradient, equation bptt-truncated. None cuts
        nothing.
    names : collection of str or None
        The parameters that are trained; None means all of them.
    below : float
        In nats.
    over : int
        Number of updates in the mean.

    Returns
    -------
    int or float
        The updates that were made, or infinity if the budget did not suffice, so that medians stay meaningful.

    Raises
    ------
    ValueError
        If the budget is shorter than the mean.
    """
    if budget < over:
        raise ValueError(
            f"updates_until_learned: budget is {budget}, expected at least {over}, the length of its mean."
        )
    trained = {name: model.params[name] for name in names or model.params}
    recent = deque(maxlen=over)
    for update in range(1, budget + 1):
        loss, grads = model.loss_and_grads(*draw(), segment=segment)
        optimizer.step(trained, {name: grads[name] for name in trained})
        recent.append(loss)
        if update >= over and sum(recent) < below * over:
            return update
    return math.inf
