"""The data-only channel between the trusted grader and the sandboxed worker.

A frame is a header length, a payload length, a JSON header and the raw bytes of the arrays it names. Only plain
values and numeric arrays cross. There is no pickle, and nothing that is read can run.

This file and `calling` are the only parts of the package that the sandbox can see.
"""

import json
import math
import socket
import struct
import time
from typing import Any

import numpy as np

from autograder.engine.calling import MAX_DIMENSIONS, NUMERIC_KINDS, Opaque, Polynomial, Seeded, is_numeric_array

MAX_HEADER_BYTES = 4_000_000
MAX_PAYLOAD_BYTES = 16_000_000
_LENGTHS = struct.Struct(">II")
_DTYPES = {np.dtype(code).str: np.dtype(code) for code in "?bBhHiIlLqQefdgFD"}


class ChannelError(Exception):
    """The other side sent something that is not a frame, or sent too much."""


class ChannelClosed(ChannelError):
    """The other side is gone."""


class ChannelTimeout(ChannelError):
    """The other side did not answer in time."""


def encode(message: Any) -> bytes:
    """Encode plain values (None, bool, int, float, complex, str, list, tuple, dict with str keys) and numeric arrays.

    Raises
    ------
    TypeError
        For a value of any other type.
    ChannelError
        When the frame would be larger than the limits.
    """
    arrays: list[np.ndarray] = []
    places: dict[int, int] = {}  # by identity: of many calls most have most arrays in common

    def plain(value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) is complex:
            return {"complex": [value.real, value.imag]}
        if isinstance(value, Opaque):
            return {"opaque": value.number}
        if isinstance(value, Seeded):
            return {"seeded": value.seed}
        if isinstance(value, Polynomial):
            return {"polynomial": [plain(value.powers), plain(value.mixed)]}
        if id(value) in places:
            return {"array": places[id(value)]}
        if is_numeric_array(value):
            arrays.append(np.ascontiguousarray(value).reshape(value.shape))
            places[id(value)] = len(arrays) - 1
            return {"array": len(arrays) - 1}
        if isinstance(value, np.generic) and value.dtype.kind in NUMERIC_KINDS:
            arrays.append(np.asarray(value))
            return {"array": len(arrays) - 1}
        if type(value) in (list, tuple):
            return {type(value).__name__: [plain(item) for item in value]}
        if type(value) is dict and all(type(key) is str for key in value):
            return {"dict": [[key, plain(item)] for key, item in value.items()]}
        raise TypeError(f"a {type(value).__name__} cannot cross the channel")

    tree = plain(message)
    described = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = json.dumps({"tree": tree, "arrays": described}).encode()
    payload = b"".join(array.tobytes() for array in arrays)
    if len(header) > MAX_HEADER_BYTES or len(payload) > MAX_PAYLOAD_BYTES:
        raise ChannelError(f"a message of {len(header) + len(payload)} bytes is larger than the channel allows")
    return _LENGTHS.pack(len(header), len(payload)) + header + payload


def decode(header: bytes, payload: bytes) -> Any:
    """Decode the two parts of a frame. Raises ChannelError for anything `encode` cannot have made."""
    try:
        described = json.loads(header)
        arrays, offset = [], 0
        for dtype_name, shape in described["arrays"]:
            dtype = _DTYPES[dtype_name]
            if len(shape) > MAX_DIMENSIONS or any(type(length) is not int or length < 0 for length in shape):
                raise ValueError("not a shape")
            size = math.prod(shape) * dtype.itemsize
            if offset + size > len(payload):
                raise ValueError("payload too short")
            content = np.frombuffer(payload[offset : offset + size], np.uint8)
            # A boolean is a byte; one that is neither 0 nor 1 would be true and yet differ from True.
            array = content != 0 if dtype.kind == "b" else content.copy().view(dtype)
            arrays.append(array.reshape(shape))
            offset += size
        if offset != len(payload):
            raise ValueError("payload too long")

        def value(node: Any) -> Any:
            if node is None or type(node) in (bool, int, float, str):
                return node
            ((kind, content),) = node.items()
            if kind == "complex":
                real, imaginary = content
                return complex(real, imaginary)
            if kind == "opaque" and type(content) is int:
                return Opaque(content)
            if kind == "seeded" and type(content) is int and content >= 0:
                return Seeded(content)
            if kind == "polynomial":
                powers, mixed = map(value, content)
                if not (powers.shape[1:] == mixed.shape and powers.dtype == mixed.dtype == np.float64):
                    raise ValueError("not a polynomial")
                return Polynomial(powers, mixed)
            if kind == "array" and type(content) is int and content >= 0:
                return arrays[content]
            if kind == "list":
                return [value(item) for item in content]
            if kind == "tuple":
                return tuple(value(item) for item in content)
            if kind == "dict" and all(type(key) is str for key, _ in content):
                return {key: value(item) for key, item in content}
            raise ValueError("unknown node")

        return value(described["tree"])
    except Exception as error:  # whatever a hostile frame provokes, down to RecursionError and OverflowError
        raise ChannelError(f"not a frame of this channel: {type(error).__name__}") from None


class Channel:
    """Frames over a socket, with a deadline for every read and write."""

    def __init__(self, connection: socket.socket):
        self._connection = connection

    def send(self, message: Any, timeout: float | None = None) -> None:
        """Send one frame. Raises ChannelClosed or ChannelTimeout."""
        self._connection.settimeout(timeout)
        try:
            self._connection.sendall(encode(message))
        except TimeoutError:
            raise ChannelTimeout("the other side does not read") from None
        except OSError:
            raise ChannelClosed("the other side is gone") from None

    def receive(self, timeout: float | None = None) -> Any:
        """Read one frame. `timeout` in seconds is for the whole frame. Raises ChannelError and its subclasses."""
        deadline = None if timeout is None else time.monotonic() + timeout
        header_length, payload_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size, deadline))
        if header_length > MAX_HEADER_BYTES or payload_length > MAX_PAYLOAD_BYTES:
            raise ChannelError("the other side sends more than the channel allows")
        header = self._exactly(header_length, deadline)
        return decode(header, self._exactly(payload_length, deadline))

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        parts, missing = [], count
        while missing:
            if deadline is not None:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise ChannelTimeout("no answer in time")
                self._connection.settimeout(remaining)
            else:
                self._connection.settimeout(None)
            try:
                part = self._connection.recv(min(missing, 1 << 20))
            except TimeoutError:
                raise ChannelTimeout("no answer in time") from None
            except OSError:
                raise ChannelClosed("the other side is gone") from None
            if not part:
                raise ChannelClosed("the other side is gone")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()
