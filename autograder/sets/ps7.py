"""Problem set 7: deeper, and in both directions."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.engine.values import Values
from autograder.layers import bidirectional, bidirectional_measured, encoder_decoder, stacked

STACKED = "stacked_rnn_forward(x, h0, Wx, Wup, Wh, b) -> h LNTH, cache"
BOTH = "bidirectional_rnn_forward(x, lengths, h0, Wx, Wh, b) -> h NTZ, cache"
ENCODER_DECODER = (
    "encoder_decoder_forward(x, lengths, y_in, Wx_enc, Wh_enc, b_enc, Wx_dec, Wh_dec, b_dec) -> h_dec NSH, cache"
)
PASSED = "Every gradient agrees with the numeric one, also for saturated states and a large upstream gradient, and at"

QUESTIONS = (
    Values(
        STACKED,
        stacked.forward,
        "Every state of every layer agrees, with h0 and with h0 = None, also at L = 1, N = 1 and T = 1.",
    ),
    Backward(
        "stacked_rnn_backward(dh, cache) -> dx NTD, dh0 LNH, dWx DH, dWup UHH, dWh LHH, db LH",
        stacked.backward,
        f"{PASSED} L = 1, N = 1 and T = 1",
        relies_on="stacked_rnn_forward",
        forward=STACKED,
        an_entry_each="L layers",
    ),
    Values(
        "reverse_by_length(x, lengths) -> reversed_x NTD",
        bidirectional.reverse,
        "Every row is reversed as far as it is real, and its padding stays where it is.",
    ),
    Values(
        BOTH,
        bidirectional.forward,
        "Both directions agree, whatever stands in the padding, with h0 and with h0 = None, also at N = 1 and T = 1.",
        relies_on="reverse_by_length",
    ),
    Measurement("spoiled_steps", bidirectional_measured.spoiled_steps, relies_on="bidirectional_rnn_forward"),
    Values(
        "repaired_bidirectional_rnn(x, lengths, h0, Wx, Wh, b) -> h NTZ",
        bidirectional.published,
        "The backward direction starts at each row's last real step.",
    ),
    Backward(
        "bidirectional_rnn_backward(dh, cache) -> dx NTD, dh0 BNH, dWx BDH, dWh BHH, db BH",
        bidirectional.backward,
        f"{PASSED} N = 1 and T = 1",
        relies_on="bidirectional_rnn_forward",
        forward=BOTH,
    ),
    Values(
        "sequence_vectors(h, lengths) -> v NZ",
        bidirectional.ends,
        "Each direction is read where it ends, row by row.",
    ),
    Values(
        ENCODER_DECODER,
        encoder_decoder.forward,
        "The decoder starts where each row of the encoder ends, whatever stands in the padding.",
    ),
    Backward(
        "encoder_decoder_backward(dh_dec, cache) -> dx NTD, dy_in NSE, dWx_enc DH, dWh_enc HH, db_enc H, dWx_dec EH,"
        " dWh_dec HH, db_dec H",
        encoder_decoder.backward,
        f"{PASSED} N = 1, T = 1 and S = 1",
        relies_on="encoder_decoder_forward",
        forward=ENCODER_DECODER,
    ),
)
