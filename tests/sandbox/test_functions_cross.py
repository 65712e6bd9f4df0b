"""A function that is an argument crosses the channel as numbers, and a frame that is none is refused."""

import json
import struct

import numpy as np
import pytest

from autograder.engine.calling import Polynomial
from autograder.sandbox.wire import ChannelError, decode, encode


def parts(frame):
    """Return header and payload of a frame."""
    length, _ = struct.unpack(">II", frame[:8])
    return frame[8 : 8 + length], frame[8 + length :]


def test_a_polynomial_comes_out_as_it_went_in():
    rng = np.random.default_rng(0)
    sent = Polynomial(rng.standard_normal((3, 2, 4)), rng.standard_normal((2, 4)))
    came = decode(*parts(encode({"f": sent, "x": np.ones((2, 4))})))
    np.testing.assert_array_equal(came["f"].powers, sent.powers)
    np.testing.assert_array_equal(came["f"].mixed, sent.mixed)
    x = rng.standard_normal((2, 4))
    assert came["f"](x) == sent(x)


@pytest.mark.parametrize(
    "node",
    [
        [],
        [{"array": 0}],
        [{"array": 0}, {"array": 0}],
        [{"array": 0}, {"array": 2}],
        [{"array": 0}, 1.0],
        ["sum", "open"],
        {"array": 0},
        [{"array": 0}, {"array": 1}, {"array": 1}],
    ],
    ids=str,
)
def test_a_polynomial_of_other_things_than_two_arrays_that_fit_is_refused(node):
    arrays = [np.ones((3, 2)), np.ones(2), np.ones(2, np.float32)]
    described = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = json.dumps({"tree": {"polynomial": node}, "arrays": described}).encode()
    with pytest.raises(ChannelError, match="not a frame of this channel"):
        decode(header, b"".join(array.tobytes() for array in arrays))
