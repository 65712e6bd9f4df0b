"""Recurrent layers, losses, optimizers and a small model in NumPy, forward and backward, fused and fast.

Sequences are batch first, (N, T, D). A forward function returns its result and a cache, the matching backward takes
the upstream gradient and the cache. float32 stays float32 and float64 stays float64.
"""

from unrolled.affine import AffineCache, affine_backward, affine_forward
from unrolled.bidirectional import BidirectionalCache, bidirectional_backward, bidirectional_forward, reverse_by_length
from unrolled.char_lm import CharLM
from unrolled.clipping import clip_by_norm, clip_by_value
from unrolled.embedding import EmbeddingCache, embedding_backward, embedding_forward
from unrolled.encoder_decoder import EncoderDecoder
from unrolled.gru import GRUCache, gru_backward, gru_forward
from unrolled.initializers import forget_gate_bias, glorot_uniform, identity, orthogonal
from unrolled.loss import softmax_cross_entropy, squared_error
from unrolled.lstm import LSTMCache, lstm_backward, lstm_forward
from unrolled.models import GRU, LSTM, RNN, Bidirectional, Stacked
from unrolled.optimizers import SGD, Adam, RMSProp
from unrolled.rnn import RNNCache, rnn_backward, rnn_forward
from unrolled.stacked import StackedCache, stacked_backward, stacked_forward

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adam",
    "AffineCache",
    "Bidirectional",
    "BidirectionalCache",
    "CharLM",
    "EmbeddingCache",
    "EncoderDecoder",
    "GRUCache",
    "LSTMCache",
    "RMSProp",
    "RNNCache",
    "Stacked",
    "StackedCache",
    "affine_backward",
    "affine_forward",
    "bidirectional_backward",
    "bidirectional_forward",
    "clip_by_norm",
    "clip_by_value",
    "embedding_backward",
    "embedding_forward",
    "forget_gate_bias",
    "glorot_uniform",
    "gru_backward",
    "gru_forward",
    "identity",
    "lstm_backward",
    "lstm_forward",
    "orthogonal",
    "reverse_by_length",
    "rnn_backward",
    "rnn_forward",
    "softmax_cross_entropy",
    "squared_error",
    "stacked_backward",
    "stacked_forward",
]
