"""Attacks on the wire: what a worker sends that no honest one would."""

from tests.attacks.attacking import ALL_POINTS, Kind, cells, right_notebook
from tests.sandbox.hostile import FORGED, FORGER, FRAMES, WRITER

ATTACKS = Kind("wire")
add = ATTACKS.add

for number, forged in enumerate(FORGED, 1):
    add(f"answer {number}: {forged[:40]}", "points for an answer that the worker makes up",
        cells(FORGER.replace("{forged}", forged)))  # fmt: skip
for number, frame in enumerate(FRAMES, 1):
    add(f"frame {number}: {frame[:40]}", "to confuse the grader", cells(WRITER + frame), slow="while" in frame)

FRAME = """
import json, os, struct
def frame(number, result):
    pairs = [['result', result], ['changed', {'list': []}], ['number', number]]
    header = json.dumps({'tree': {'dict': pairs}, 'arrays': []}).encode()
    os.write(100, struct.pack('>II', len(header), 0) + header)
"""
IN_STORE = {
    "answers in store": "frame(1, None)\nfor number in range(2, 200): frame(number, True)",
    "answers in store, out of order": "for number in range(200, 0, -1): frame(number, 1.0)",
    "two answers to one question": """
from autograder.sandbox.wire import Channel
_send = Channel.send
def send(self, message, timeout=None):
    _send(self, message)
    _send(self, {**message, 'number': message['number'] + 1})
Channel.send = send""",
    "the answer to the question before": """
from autograder.sandbox.wire import Channel
_send, _kept = Channel.send, []
def send(self, message, timeout=None):
    _kept.append(message)
    _send(self, {**_kept[max(len(_kept) - 2, 0)], 'number': message['number']})
Channel.send = send""",
}
for name, source in IN_STORE.items():
    add(name, "an answer that is taken for another", cells(FRAME + source))
add("no answer", "the grader's time", cells(
    "from autograder.sandbox.wire import Channel\nimport time\nChannel.send = lambda *a: time.sleep(600)"
), slow=True)  # fmt: skip
add("an answer that trickles", "the grader's time", cells("""
from autograder.sandbox import wire
import os, time
def send(self, message, timeout=None):
    for byte in wire.encode(message):
        os.write(100, bytes([byte]))
        time.sleep(0.5)
wire.Channel.send = send
"""), slow=True)  # fmt: skip
add("handles of nothing", "to confuse the grader", cells(into=right_notebook, behind={"rnn-step-backward": """
from autograder.engine.calling import Caller, Opaque
_answer = Caller.answer
def answer(self, request):
    came = _answer(self, request)
    return {**came, 'result': tuple(Opaque(10**9 + n) for n in range(5))} if 'result' in came else came
Caller.answer = answer
"""}))  # fmt: skip
add("a program for a function", "to run in the grader", cells("""
from autograder.sandbox import wire
import json, struct
def encode(message):
    tree = {'dict': [['result', {'polynomial': ['__import__("os").system("true")', 'eval']}], ['number', 1]]}
    header = json.dumps({'tree': tree, 'arrays': []}).encode()
    return struct.pack('>II', len(header), 0) + header
wire.encode = encode
"""))  # fmt: skip
add("a cell that is too long for the wire", "to stop the class", cells("#" * 400_000, into=right_notebook), ALL_POINTS)
LARGE = """
import os, struct
left = 500_000_000
os.write(100, struct.pack('>II', 2, left) + b'{}')
while left > 0:
    left -= os.write(100, bytes(min(left, 1 << 20)))
"""
add("a frame of 500 MB", "the grader's memory", cells(LARGE), alone=True)
