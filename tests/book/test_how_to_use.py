"""The page for newcomers shows what `check` really says."""

import re
from pathlib import Path

import numpy as np
import pytest

from autograder import CheckFailed, check

PAGE = Path(__file__).resolve().parents[2] / "book" / "how-to-use.md"


def rnn_forward(x, h0, Wx, Wh, b):
    """Run a plain recurrent network, as a learner writes it."""
    h = np.empty((x.shape[0], x.shape[1], h0.shape[1]))
    state = h0
    for t in range(x.shape[1]):
        state = np.tanh(x[:, t] @ Wx + state @ Wh + b)
        h[:, t] = state
    return h, (x, h0, h, Wx, Wh)


def rnn_backward(dh, cache):
    """Run the backward pass with the mistake of the page: step t + 1 sends nothing back to step t."""
    x, h0, h, Wx, Wh = cache
    dx, dWx, dWh = np.empty_like(x), np.zeros_like(Wx), np.zeros_like(Wh)
    db, dh_next = np.zeros(Wh.shape[0]), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        before = h[:, t - 1] if t else h0
        dz = dh[:, t] * (1 - h[:, t] ** 2)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += before.T @ dz
        db += dz.sum(axis=0)
        dh_next = dz @ Wh.T
    return dx, dh_next, dWx, dWh, db


def test_the_message_on_the_page_is_what_check_says(monkeypatch):
    monkeypatch.delenv("UNROLLED_BOOK", raising=False)
    text = PAGE.read_text(encoding="utf-8")
    shown = re.search(r"```text\n(rnn_backward is not right yet.*?)\n```", text, re.DOTALL).group(1)
    seed = int(re.search(r"seed=(\d+)", shown).group(1))
    with pytest.raises(CheckFailed) as failure:
        check("rnn_backward", seed=seed)
    assert str(failure.value) == shown
