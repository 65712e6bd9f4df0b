"""The channel between grader and worker: what crosses comes out equal, and nothing else comes out but ChannelError."""

import json
import math
import socket
import struct
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from probing import open_session

from autograder.engine.calling import MAX_TEXT, Opaque, Polynomial, Seeded
from autograder.sandbox import wire
from autograder.sandbox.bubblewrap import Limits
from autograder.sandbox.session import CellResult, Session, plain_text
from autograder.sandbox.started import Process
from autograder.sandbox.wire import Channel, ChannelClosed, ChannelError, ChannelTimeout, decode, encode
from tests.sandbox.hostile import FRAMES, WRITER

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=20)
    | st.integers(0, 10**9).map(Opaque)
    | st.integers(0, 2**40).map(Seeded)
    | hnp.arrays(
        st.sampled_from(["bool", "int8", "uint16", "int64", "float32", "float64", "complex64", "complex128"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
MESSAGES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


CUBE = Polynomial(np.zeros((3, 1)), np.ones(1))


def parts(frame: bytes) -> tuple[bytes, bytes]:
    header_length, payload_length = struct.unpack(">II", frame[:8])
    assert len(frame) == 8 + header_length + payload_length
    return frame[8 : 8 + header_length], frame[8 + header_length :]


def same(one, other) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return repr(one) == repr(other)


# ---- encode and decode ----


@settings(max_examples=200, deadline=None)
@given(MESSAGES)
def test_a_message_comes_out_as_it_went_in(message):
    assert same(decode(*parts(encode(message))), message)


def test_an_array_comes_out_as_a_copy_that_can_be_written():
    given_away = np.arange(6.0).reshape(2, 3).T
    received = decode(*parts(encode(given_away)))
    received[0, 0] = 9.0
    assert given_away[0, 0] == 0.0
    assert received.flags.writeable
    assert received.flags.owndata or received.base.flags.owndata


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1: 2},
        b"bytes",
        {1, 2},
        np.array([object()]),
        np.array(["text"]),
        np.zeros((1,) * 9),
        print,
        ValueError(),
    ],
)
def test_what_is_not_data_is_refused_on_the_way_out(value):
    with pytest.raises(TypeError, match="cannot cross the channel"):
        encode({"result": value})


def test_an_array_that_a_message_holds_many_times_crosses_once():
    one, other = np.ones(100), np.ones(100)
    message = [{"a": one, "b": number} for number in range(50)]
    assert len(encode(message)) < len(encode([one])) + 50 * 60
    assert same(decode(*parts(encode(message))), message)
    assert len(encode([one, other])) > len(encode([one])) + one.nbytes


def test_a_message_larger_than_the_channel_allows_is_refused_on_the_way_out():
    with pytest.raises(ChannelError, match="larger than the channel allows"):
        encode(np.zeros(wire.MAX_PAYLOAD_BYTES // 8 + 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=64))
def test_random_bytes_are_refused_with_a_channel_error_only(header, payload):
    try:
        decode(header, payload)
    except ChannelError:
        return
    raise AssertionError("random bytes were taken for a message")


@settings(max_examples=300, deadline=None)
@given(MESSAGES, st.data())
def test_a_valid_frame_that_was_tampered_with_gives_data_or_a_channel_error(message, data):
    header, payload = parts(encode(message))
    position = data.draw(st.integers(0, len(header) - 1))
    replacement = data.draw(st.binary(max_size=3) | st.sampled_from([b"9" * 40, b"-1", b"1e999", b"null", b"[", b"{}"]))
    tampered = header[:position] + replacement + header[position + data.draw(st.integers(0, 3)) :]
    try:
        received = decode(tampered, payload[: data.draw(st.integers(0, len(payload)))])
    except ChannelError:
        return
    encode(received)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["<f8", "|O", "|b1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["array", "tuple", "list", "dict", "complex", "opaque", "seeded", "x"]), inner, max_size=2
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.lists(JSON, max_size=3), st.binary(max_size=32))
def test_any_json_in_place_of_a_message_gives_data_or_a_channel_error(tree, arrays, payload):
    try:
        received = decode(json.dumps({"tree": tree, "arrays": arrays}).encode(), payload)
    except ChannelError:
        return
    encode(received)


@pytest.mark.parametrize(
    "header",
    [
        b'{"tree": ' + b'{"list": [' * 100_000 + b"]}" * 100_000 + b', "arrays": []}',
        b"[" * 500_000,
        b'{"tree": ' + b"9" * 5000 + b', "arrays": []}',
        b'{"tree": {"complex": [1' + b"0" * 400 + b', 0]}, "arrays": []}',
        b'{"tree": null, "arrays": [["|O", [1]]]}',
        b'{"tree": null, "arrays": [["<M8[s]", [1]]]}',
        b'{"tree": null, "arrays": [["<U2", [1]]]}',
        b'{"tree": null, "arrays": [["<f8,<f8", [1]]]}',
        b'{"tree": null, "arrays": [[null, [1]]]}',
        b'{"tree": null, "arrays": [[["<f8"], [1]]]}',
        b'{"tree": null, "arrays": [["<f8", [-1]]]}',
        b'{"tree": null, "arrays": [["<f8", [-1, -1]]]}',
        b'{"tree": null, "arrays": [["<f8", [1.0]]]}',
        b'{"tree": null, "arrays": [["<f8", [true]]]}',
        b'{"tree": null, "arrays": [["<f8", [0, 1' + b"0" * 30 + b"]]]}",
        b'{"tree": null, "arrays": [["<f8", [1000000000000]]]}',
        b'{"tree": null, "arrays": [["<f8", [1,1,1,1,1,1,1,1,1]]]}',
        b'{"tree": null, "arrays": [["|i1", [4]], ["|i1", [4]], ["|i1", [4]]]}',
        b'{"tree": null, "arrays": [["|i1", [4]]]}',
        b'{"tree": {"array": 0}, "arrays": []}',
        b'{"tree": {"array": -1}, "arrays": [["<f8", [1]]]}',
        b'{"tree": {"__reduce__": ["os.system", "id"]}, "arrays": []}',
        b"\x80\x04\x95cos\nsystem\n(S'id'\ntR.",
    ],
    ids=range(23),
)
def test_a_frame_that_no_honest_worker_sends_is_refused(header):
    with pytest.raises(ChannelError):
        decode(header, bytes(8))


def test_a_boolean_that_is_neither_zero_nor_one_becomes_true():
    received = decode(b'{"tree": {"array": 0}, "arrays": [["|b1", [3]]]}', b"\x00\x01\xff")
    assert received.view(np.uint8).tolist() == [0, 1, 1]


# ---- the socket ----


def test_an_answer_that_trickles_in_does_not_stretch_the_deadline():
    ours, theirs = socket.socketpair()
    theirs.send(struct.pack(">II", 100, 0))

    def trickle():
        for _ in range(100):
            time.sleep(0.02)
            theirs.send(b" ")

    thread = threading.Thread(target=trickle)
    started = time.monotonic()
    thread.start()
    with pytest.raises(ChannelTimeout):
        Channel(ours).receive(0.3)
    assert time.monotonic() - started < 1.5
    thread.join()
    ours.close()
    theirs.close()


def test_a_header_that_announces_gigabytes_is_refused_before_anything_is_read():
    ours, theirs = socket.socketpair()
    theirs.send(struct.pack(">II", 2**32 - 1, 2**32 - 1))
    with ours, theirs, pytest.raises(ChannelError, match="more than the channel allows"):
        Channel(ours).receive(5)


def test_a_worker_that_is_gone_is_noticed_at_once():
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours, pytest.raises(ChannelClosed):
        Channel(ours).receive(5)


@pytest.mark.parametrize("attack", FRAMES)
def test_a_cell_that_writes_to_the_channel_loses_its_worker_and_gains_nothing(attack):
    with open_session(cell_seconds=3) as session:
        result = session.run("c", WRITER + attack)
        assert result.lost
        assert result.stdout == ""
        assert result.error["type"] in ("ChannelBroken", "ProcessEnded", "TimeLimit")


def test_answers_that_are_written_before_the_question_cannot_shift_the_pairs():
    honest = {"tree": {"dict": [["stdout", "cell"], ["number", 1]]}, "arrays": []}
    early = {"tree": {"dict": [["result", 42.0], ["number", 1]]}, "arrays": []}
    with open_session() as session:
        assert session.run("c", f"{WRITER}\nframe({honest!r}); frame({early!r})").stdout == "cell"
        answer = session.ask({"op": "value", "name": "x"})
        assert answer["error"]["type"] == "ChannelBroken"
        assert "another question" in answer["error"]["message"]


# ---- the border ----


class Peer:
    """Stands in for a sandbox whose worker answers every question with one given message."""

    def __init__(self, message: dict):
        self.limits = Limits(output_characters=1000, total_output_characters=2500)
        self._message = message

    def start(self):
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._serve, args=(Channel(theirs),), daemon=True).start()
        idle = [sys.executable, "-I", "-S", "-c", "input()"]
        process = subprocess.Popen(idle, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        process.stdin.close()
        return Process(process, ours)

    def _serve(self, channel: Channel):
        channel.send({"number": 0})
        try:
            while True:
                request = channel.receive()
                channel.send({"number": request["number"], **self._message})
        except ChannelError:
            channel.close()


def answer_to(message: dict, request: dict) -> dict:
    with Session(Peer(message), time.monotonic() + 20) as session:
        return session.ask(request)


CALL = {"op": "call", "name": "f", "arguments": {"x": np.zeros(2), "h0": np.zeros(2)}}
HUGE = "x" * 500_000
ANSI = "\x1b[2J\x1b[31mred\x1b[0m\r\n\x07\x9b1mright\u202e\u2028\ud800<b>"


@pytest.mark.parametrize(
    "error",
    [
        "text",
        7,
        ["missing"],
        {},
        {"kind": "time", "seconds": 1},
        {"kind": "died"},
        {"kind": np.zeros(3)},
        {"kind": ["stub"]},
    ],
    ids=range(8),
)
def test_an_error_that_no_honest_worker_reports_ends_the_worker(error):
    assert answer_to({"error": error}, CALL)["error"]["type"] == "ChannelBroken"


def test_every_field_of_an_error_is_plain_text_of_bounded_length_on_one_line():
    error = {"kind": "raised", "type": HUGE, "message": ANSI, "line": f"a\nb{HUGE}", "line_number": -5, "extra": HUGE}
    error["function"] = HUGE
    received = answer_to({"error": error}, CALL)["error"]
    assert set(received) == {"kind", "type", "message", "line", "line_number", "function"}
    assert len(received["type"]) == 200
    assert len(received["function"]) == 200
    assert received["message"] == "red \ufffd\ufffd1mright\ufffd\ufffd\ufffd<b>"
    assert received["line"].startswith("a b")
    assert len(received["line"]) <= MAX_TEXT
    assert received["line_number"] is None


@pytest.mark.parametrize("field", ["type", "message", "line", "line_number"])
@pytest.mark.parametrize("value", [None, 10**60, {"a": 1}, [1], np.zeros(3), 1.5, True], ids=range(7))
def test_a_field_of_an_error_with_the_wrong_type_is_emptied(field, value):
    received = answer_to({"error": {"kind": "raised", field: value}}, CALL)["error"]
    assert received[field] == (None if field == "line_number" else "")


@pytest.mark.parametrize(
    ("changed", "believed"),
    [
        (["x"], ["x"]),
        (["h0", "x", "x", "h0"], ["x", "h0"]),
        ([HUGE, ANSI, "no such argument", 7, None, ["x"], {"x": "x"}, np.zeros(3)], []),
        ("x", []),
        (np.zeros(3), []),
        ({"x": 1}, []),
        (None, []),
    ],
)
def test_only_names_of_real_arguments_are_believed_to_have_changed(changed, believed):
    assert answer_to({"result": 1.0, "changed": changed}, CALL) == {"result": 1.0, "changed": believed}


@pytest.mark.parametrize("result", [[1.0], {"a": 1.0}, (1.0, [2.0]), (1.0, (2.0,)), Seeded(3), CUBE])
def test_a_result_that_no_honest_worker_hands_over_ends_the_worker(result):
    assert answer_to({"result": result}, CALL)["error"]["type"] == "ChannelBroken"


def test_a_result_is_numbers_of_bounded_size_or_plain_text():
    received = answer_to({"result": (10**400, -(10**400), 2**63 - 1, ANSI, HUGE, None, 1j)}, CALL)["result"]
    assert received[:3] == (math.inf, -math.inf, 2**63 - 1)
    assert "\x1b" not in received[3]
    assert len(received[4]) == MAX_TEXT
    assert received[5:] == (None, 1j)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["result", "error", "changed", "number", "stdout"]), MESSAGES, max_size=4))
def test_whatever_a_worker_answers_a_check_sees_only_what_it_can_rely_on(message):
    received = answer_to(message, CALL)
    if "error" in received:
        assert received["error"]["kind"] in ("missing", "not callable", "stub", "raised", "time", "died")
        assert all(type(received["error"].get(key, "")) is str for key in ("type", "message", "line"))
        return
    assert set(received) == {"result", "changed"}
    assert set(received["changed"]) <= {"x", "h0"}
    leaves = received["result"] if type(received["result"]) is tuple else (received["result"],)
    assert all(leaf is None or type(leaf) in (bool, int, float, complex, str, np.ndarray, Opaque) for leaf in leaves)


CALLS = {"op": "calls", "name": "f", "each": [{"x": np.zeros(2)}, {"x": np.ones(2)}]}
WELL, BADLY = {"result": 1.0, "changed": ["x", "y"]}, {"error": {"kind": "missing"}}


@pytest.mark.parametrize(
    "answers",
    [None, 3, (WELL, WELL), [], [WELL], [WELL, WELL, WELL], [WELL, 1.0], [BADLY, WELL, BADLY], [{"error": "text"}]],
)
def test_what_no_honest_worker_answers_to_many_calls_ends_the_worker(answers):
    assert answer_to({"answers": answers}, CALLS)["error"]["type"] == "ChannelBroken"


def test_of_the_answers_to_many_calls_each_is_read_as_one_alone_up_to_the_first_that_failed():
    read = answer_to({"answers": [WELL, WELL]}, CALLS)["answers"]
    assert read == [{"result": 1.0, "changed": ["x"]}] * 2
    one, failed = answer_to({"answers": [WELL, BADLY]}, CALLS)["answers"]
    assert one == read[0]
    assert failed["error"]["kind"] == "missing"
    assert len(answer_to({"answers": [BADLY]}, CALLS)["answers"]) == 1


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["stdout", "stderr", "shown", "error"]), MESSAGES, max_size=4))
def test_whatever_a_worker_answers_a_cell_result_is_text(message):
    with Session(Peer(message), time.monotonic() + 20) as session:
        result = session.run("c", "1")
    assert isinstance(result, CellResult)
    texts = [result.stdout, result.stderr, "" if result.shown is None else result.shown]
    texts += [] if result.error is None else [result.error[key] for key in ("type", "message", "traceback")]
    assert all(type(text) is str and text == plain_text(text, 10**6) for text in texts)
    "".join(texts).encode()


def test_a_worker_that_ignores_the_limits_of_output_has_its_text_cut_by_the_grader():
    with Session(Peer({"stdout": HUGE, "stderr": HUGE, "shown": HUGE}), time.monotonic() + 20) as session:
        result = session.run("c", "1")
    lengths = [len(result.stdout), len(result.stderr), len(result.shown)]
    assert lengths == [1200, 1200, 100]


def test_a_cell_too_long_for_the_channel_is_not_run_and_the_worker_lives():
    with open_session() as session:
        assert session.run("c", "#" * 400_000).error["type"] == "CellTooLong"
        assert session.run("c", "# \N{GRINNING FACE}" * 60_000 + "\n1").shown == "1"


def test_colors_are_taken_out_of_text_and_control_characters_replaced():
    assert plain_text("\x1b[1;31mred\x1b[0m\tand\nplain") == "red\tand\nplain"
    assert plain_text("a\rb\r\nc\x00\x1b]0;title\x07") == "a\nb\nc\ufffd\ufffd]0;title\ufffd"
    assert (
        plain_text("Größe, \u05e9\u05dc\u05d5\u05dd, h₀ − ĥ, \N{GRINNING FACE}")
        == "Größe, \u05e9\u05dc\u05d5\u05dd, h₀ − ĥ, \N{GRINNING FACE}"
    )
    assert plain_text(SimpleNamespace()) == ""
