"""Recurrent layers in NumPy, forward and backward, fused and fast."""

from unrolled.gru import GRUCache, gru_backward, gru_forward
from unrolled.loss import softmax_cross_entropy
from unrolled.lstm import LSTMCache, lstm_backward, lstm_forward
from unrolled.rnn import RNNCache, rnn_backward, rnn_forward

__all__ = [
    "GRUCache",
    "LSTMCache",
    "RNNCache",
    "gru_backward",
    "gru_forward",
    "lstm_backward",
    "lstm_forward",
    "rnn_backward",
    "rnn_forward",
    "softmax_cross_entropy",
]
