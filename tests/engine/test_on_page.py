"""A question asked of text: what it says is what a notebook would show, and nothing of our own stack."""

import json
import sys

import numpy as np
import pytest

from autograder import CheckFailed, check
from autograder.on_page import MOST, answer

GIVEN = "import unrolled\nrnn_forward = unrolled.rnn_forward"
RIGHT = """def rnn_backward(dh, cache):
    return unrolled.rnn_backward(dh, cache)
"""
WRONG = """def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = unrolled.rnn_backward(dh, cache)
    return dx, dh0, dWx, dWh, db / len(dx)
"""
NULL_BYTES = "SyntaxError" if sys.version_info >= (3, 11, 4) else "ValueError"
"""What Python raises where a source has null bytes."""


def asked(code, given=GIVEN, seed=7):
    return json.loads(answer("rnn_backward", code, given, seed))


def in_a_notebook(code, capsys):
    notebook = {"np": np, "check": check}
    exec(GIVEN + "\n" + code, notebook)
    try:
        exec('check("rnn_backward", seed=7)', notebook)
    except CheckFailed as failure:
        return str(failure)
    return capsys.readouterr().out.rstrip("\n")


def test_what_is_right_gets_the_sentence_that_check_prints(capsys):
    assert asked(RIGHT) == {"passed": True, "printed": "", "message": in_a_notebook(RIGHT, capsys), "named": False}


def test_a_known_mistake_gets_the_message_of_check_with_the_name_in_its_second_line(capsys):
    said = asked(WRONG)
    assert said == {"passed": False, "printed": "", "message": in_a_notebook(WRONG, capsys), "named": True}
    assert "mean" in said["message"].splitlines()[1]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\nfor t in range(3)\n    pass\n", "SyntaxError in line 2: expected ':'\n    for t in range(3)\n"),
        ("def f():\nreturn 1\n", "IndentationError in line 2: expected an indented block"),
        ("a = 1\nb = c\n", "NameError in line 2: name 'c' is not defined\n    b = c"),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError in line 2: division by zero\n    return 1 / 0"),
        ("import sys\nsys.exit()\n", "SystemExit in line 2\n    sys.exit()"),
        ("x = '\0'\n", f"{NULL_BYTES}: source code string cannot contain null bytes"),
        ("", "There is no rnn_backward in this notebook."),
        ("def rnn_backward(dh, cache):\n    return dhh\n", "rnn_backward raised NameError: name 'dhh' is not"),
    ],
)
def test_an_error_is_told_in_short_with_the_line_and_without_our_stack(code, message):
    said = asked(code)
    assert said["message"].startswith(message)
    assert "Traceback" not in said["message"]
    assert "on_page" not in said["message"]
    assert not said["passed"]


def test_an_error_inside_the_function_shows_its_line():
    assert "line 2: return dhh" in asked("def rnn_backward(dh, cache):\n    return dhh\n")["message"]


def test_what_is_printed_is_kept_up_to_a_limit_and_the_verdict_beside_it():
    assert asked("print('here', flush=True)\n" + RIGHT)["printed"] == "here\n"
    said = asked(f"print('a' * {MOST + 5})\nprint('b')\n" + RIGHT)
    assert said["printed"] == "a" * MOST + "\n… the rest is not shown.\n"
    assert said["passed"]


def test_every_run_has_a_namespace_of_its_own():
    assert asked("left = 1\n" + RIGHT)["passed"]
    assert asked("left += 1\n" + RIGHT)["message"].startswith("NameError in line 1")
