"""Answers that are one program under other names are hinted at; what everybody writes, or was given, is not."""

import time

import nbformat
import pytest
from graded_parts import assignment, handed_in

from autograder.report import similar
from autograder.report.similar import similar_pairs
from tests.grading.small_course import cell_of

OWN = '''def rnn_backward(dh, cache):
    """Mine."""
    N, T, H = dh.shape
    gradients = [np.zeros_like(part) for part in (cache[0].Wx, cache[0].Wh)]
    carried = np.zeros((N, H))  # from the future
    for t in range(T - 1, -1, -1):
        back = rnn_step_backward(dh[:, t] + carried, cache[t])
        carried = back[1] * 1.0 + 0.0 * N
        gradients[0] = gradients[0] + back[2]
        gradients[1] = gradients[1] + back[3]
    return np.stack([part[0] for part in back[:1]], axis=1), carried, *gradients, sum(back[4:])
'''
RENAMED = (
    OWN.replace("gradients", "g").replace("carried", "c").replace("back[", "res[").replace("back =", "res =")
    .replace('"""Mine."""', "# nothing to see").replace("# from the future", "")
)  # fmt: skip
BUILTIN = OWN.replace("sum(", "max(")


@pytest.fixture
def pairs(tmp_path):
    """Return a function that submits answers to rnn-backward and returns the pairs that are found."""

    def find(**answers):
        paths = {}
        for student, answer in answers.items():
            notebook = handed_in()
            if answer is not None:
                cell_of(notebook, "rnn-backward").source = answer
            paths[student] = tmp_path / f"{student}.ipynb"
            nbformat.write(notebook, paths[student])
        return [(pair.students, pair.questions) for pair in similar_pairs(assignment(), paths)]

    return find


def test_names_comments_and_docstrings_make_no_difference(pairs):
    assert RENAMED != OWN
    assert pairs(ada=OWN, bo=RENAMED, cy=None) == [(("ada", "bo"), ("rnn-backward",))]


def test_another_function_of_python_or_another_line_makes_one(pairs):
    assert pairs(ada=OWN, bo=BUILTIN) == []
    assert pairs(ada=OWN, bo=OWN.replace("* 1.0", "* 1.5")) == []


def test_the_true_solution_and_what_was_handed_out_do_not_count(pairs):
    solved = "\n".join(line for line in cell_of(handed_in(), "rnn-backward").source.splitlines() if "### " not in line)
    stub = "def rnn_backward(dh, cache):\n    raise NotImplementedError"
    assert pairs(ada=solved, bo=solved.replace("dh_next", "later")) == []
    assert pairs(ada=stub, bo=stub) == []
    assert pairs(ada=None, bo=None) == []


def test_what_more_than_a_few_have_written_is_how_one_writes_it(pairs):
    four = dict.fromkeys(("ada", "bo", "cy", "dee"), OWN)
    assert len(pairs(**four)) == 6
    assert pairs(**four, eve=OWN) == []


@pytest.mark.parametrize(
    "hostile", ["(" * 9000, "x = " + "-" * 19_000 + "1", "def f(:\n", "\x00", "y = " + "[" * 90 + "]" * 90]
)
def test_a_source_that_cannot_be_parsed_says_nothing(pairs, hostile):
    assert pairs(ada=OWN, hal=hostile, bo=RENAMED) == [(("ada", "bo"), ("rnn-backward",))]


def test_a_submission_that_ends_or_stops_the_reader_costs_itself_alone(pairs, monkeypatch):
    parse = similar.ast.parse

    def slow(source):
        while "HANG" in source:
            pass
        if "DIE" in source:
            similar.signal.raise_signal(similar.signal.SIGKILL)
        return parse(source)

    monkeypatch.setattr(similar.ast, "parse", slow)
    monkeypatch.setattr(similar, "SECONDS", 0.2)
    started = time.monotonic()
    assert pairs(ada=OWN, hal="HANG", hex="DIE", zoe=RENAMED) == [(("ada", "zoe"), ("rnn-backward",))]
    assert pairs(hal="DIE", zoe="HANG") == []
    assert time.monotonic() - started < 20


def test_files_that_are_no_notebooks_are_passed_over(tmp_path):
    names = ("junk", "list", "missing", "cells", "link")
    paths = {name: tmp_path / name for name in names}
    paths["junk"].write_bytes(b"\xff\x00{")
    paths["list"].write_text("[1]")
    paths["cells"].write_text('{"cells": [{"source": 7, "metadata": []}, 3]}')
    paths["link"].symlink_to(paths["list"])
    assert similar_pairs(assignment(), paths) == []
