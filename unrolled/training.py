"""Training a model: for a number of updates, or until it can do its task."""

import math
import os
import sys
from collections import deque
from collections.abc import Callable

import numpy as np

from unrolled.clipping import clip_by_norm


def fit(model, draw, optimizer, *, updates, clip=None, segment=None, names=None):
    """Train for a number of updates and return the loss before each; see the method `fit` of the models.

    Where somebody looks on, in a terminal or in JupyterLab, a bar shows how far it is, if the package tqdm is there. A
    notebook that is run to be stored, tested or graded stays free of it.
    """
    if updates < 0:
        raise ValueError(f"fit: updates is {updates}, expected 0 or more; pass how often to change the weights.")
    update = _updater(model, optimizer, draw, clip=clip, segment=segment, names=names)
    return np.array([update() for _ in _with_a_bar(range(updates))])


def updates_until_learned(model, optimizer, draw, *, budget, segment=None, names=None, below=0.2, over=20, clip=None):
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
        In the unit of the loss: nats for cross-entropy.
    over : int
        Number of updates in the mean.
    clip : float, callable or None
        A number clips the gradients of what is trained together by their norm, equation clip-by-norm. A callable is
        given the dict of gradients and changes it in place.

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
    update = _updater(model, optimizer, draw, clip=clip, segment=segment, names=names)
    recent = deque(maxlen=over)
    for made in range(1, budget + 1):
        recent.append(update())
        if made >= over and sum(recent) < below * over:
            return made
    return math.inf


def updates_until_right(model, optimizer, draw, *, right, budget, share=1.0, of=2000, every=20, clip=None):
    """Train until new sequences are answered right, and count the updates.

    Parameters
    ----------
    model : object
        With `params`, `forward` and `loss_and_grads`, such as `unrolled.LSTM`; it is changed in place.
    optimizer : object
        With a method `step(params, grads)`, such as `unrolled.Adam`.
    draw : callable
        ``draw(N)`` returns a new batch of N sequences x, targets, mask; the training takes 32.
    right : callable
        ``right(y, x, targets, mask)`` returns which sequences of a batch are right, (N,) of bool, such as the functions
        of `unrolled.success`.
    budget : int
        Updates after which it stops.
    share : float
        How many of the new sequences have to be right, as a share.
    of : int
        How many new sequences are drawn. A hundred are tried before them.
    every : int
        Updates between two trials.
    clip : float, callable or None
        As in `updates_until_learned`.

    Returns
    -------
    int or float
        The updates that were made, or infinity if the budget did not suffice.

    Raises
    ------
    ValueError
        If the share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"updates_until_right: share is {share}, expected above 0 and at most 1; 1 means all.")
    update = _updater(model, optimizer, lambda: draw(32), clip=clip, segment=None, names=None)

    def passes(N):
        x, targets, mask = draw(N)
        return np.mean(right(model.forward(x)[0], x, targets, mask)) >= share

    for made in range(1, budget + 1):
        update()
        if made % every == 0 and passes(100) and passes(of):
            return made
    return math.inf


def _updater(model, optimizer, draw, *, clip, segment, names):
    """Return a function that makes one update on a new batch and returns the loss before it."""
    trained = {name: model.params[name] for name in names or model.params}
    how = {} if segment is None else {"segment": segment}  # not every model has segments
    if not (clip is None or isinstance(clip, Callable)):
        limit = clip
        clip = lambda grads: clip_by_norm(grads, limit)  # noqa: E731

    def update():
        loss, grads = model.loss_and_grads(*draw(), **how)
        grads = {name: grads[name] for name in trained}
        if clip is not None:
            clip(grads)
        optimizer.step(trained, grads)
        return loss

    return update


def _with_a_bar(steps):
    """Return the steps, with a bar where somebody looks on. Jupyter's server tells its kernels the notebook's name."""
    if not (sys.stderr.isatty() or "JPY_SESSION_NAME" in os.environ):
        return steps
    try:
        from tqdm import tqdm
    except ImportError:
        return steps
    return tqdm(steps, unit=" updates", leave=False)
