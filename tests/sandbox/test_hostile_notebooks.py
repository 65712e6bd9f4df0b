"""Notebooks that try to get points in any way but by the right numbers, and that try to harm the grader."""

import re
import time
import tracemalloc
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from autograder.engine.calling import Polynomial
from autograder.engine.outputs import Signature
from autograder.engine.trained import Trained
from autograder.grading.assignment import Assignment, SourceCell
from autograder.grading.notebook import Graded, grade_notebook
from autograder.sandbox.bubblewrap import Limits, Sandbox
from autograder.sets import QUESTIONS
from tests.sandbox.hostile import FORGED, FORGER, PATCHES

QUICK = Sandbox(Limits(cell_seconds=3, call_seconds=2, total_seconds=30))
RIGHT = """
import numpy as np
def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    h = np.tanh(x_t @ Wx + h_prev @ Wh + b)
    return h, (x_t, h_prev, Wx, Wh, h)
def rnn_parameter_count(D, H, V):
    return D * H + H * H + H + H * V + V
"""


ONE_OF_EACH_KIND = tuple({type(question): name for name, question in reversed(QUESTIONS.items())}.values())
"""The first question of every kind: a hostile notebook meets the judge of a kind, whatever layer is asked for."""


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    """Let a model be trained for two seconds at most, so that an endless loop costs no more here."""
    for name, question in QUESTIONS.items():
        if isinstance(question, Trained):
            monkeypatch.setitem(QUESTIONS, name, replace(question, seconds=2.0))


def graded_cell(check: str) -> SourceCell:
    metadata = {"grade": True, "grade_id": f"check-{check}", "locked": True, "points": 1, "schema_version": 3,
                "solution": False, "task": False}  # fmt: skip
    return SourceCell(metadata["grade_id"], "code", f'check("{check}")', metadata)


def grade(*sources: str, checks=ONE_OF_EACH_KIND) -> tuple[Graded, nbformat.NotebookNode]:
    """Grade a notebook with some cells, and behind them one graded cell for each check."""
    assignment = Assignment("hostile", tuple(graded_cell(check) for check in checks))
    cells = [new_code_cell(source) for source in sources]
    cells += [new_code_cell(cell.source, metadata={"nbgrader": cell.metadata}) for cell in assignment.cells]
    notebook = new_notebook(cells=cells)
    graded = grade_notebook(notebook, assignment, QUICK)
    graded.write_outputs(notebook)
    return graded, notebook


def passed(graded: Graded) -> list[str]:
    return [verdict.check for verdict in graded.verdicts if verdict.passed]


def test_right_functions_get_their_points_so_that_the_attacks_below_could_have():
    graded, _ = grade(RIGHT, checks=("rnn_step_forward", "rnn_parameter_count"))
    assert passed(graded) == ["rnn_step_forward", "rnn_parameter_count"]


def test_every_kind_of_question_is_attacked():
    assert {type(QUESTIONS[name]).__name__ for name in ONE_OF_EACH_KIND} == {
        "Values", "InDict", "Property", "Order", "Backward", "Number", "Measurement", "Trained",
    }  # fmt: skip


# ---- points without work ----

SIGNATURES = [
    Signature.parse(text)
    for name in ONE_OF_EACH_KIND
    for text in (getattr(QUESTIONS[name], "text", ""), getattr(QUESTIONS[name], "forward", ""))
    if text
]
WRONG_FUNCTIONS = "\n".join(
    f"def {signature.name}(*arguments):\n    return tuple(np.zeros(3) for _ in range({len(signature.outputs)}))"
    for signature in SIGNATURES
)


@pytest.mark.parametrize("patch", PATCHES)
def test_patching_what_a_check_might_use_gets_no_points(patch):
    graded, _ = grade("import numpy as np", WRONG_FUNCTIONS, PATCHES[patch])
    assert passed(graded) == []


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_answer_to_every_call_gets_no_points(forged):
    graded, _ = grade(FORGER.replace("{forged}", forged))
    assert passed(graded) == []
    for verdict in graded.verdicts:
        assert verdict.message
        assert len(verdict.message) < 20_000
    assert [remark for remark in graded.remarks if "could not be completed" in remark] == []


def test_answers_in_store_for_calls_that_will_come_get_no_points():
    store = (
        "import json, os, struct\n"
        "def frame(number, result):\n"
        "    pairs = [['result', result], ['changed', {'list': []}], ['number', number]]\n"
        "    header = json.dumps({'tree': {'dict': pairs}, 'arrays': []}).encode()\n"
        "    os.write(100, struct.pack('>II', len(header), 0) + header)\n"
        "frame(1, None)\n"
        "for number in range(2, 200):\n"
        "    frame(number, True)"
    )
    graded, _ = grade(store)
    assert passed(graded) == []


SLOPES = """
import numpy as np
def central_difference(f, x, eps):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[index] += eps
        behind[index] -= eps
        gradient[index] = (f(ahead) - f(behind)) / (2 * eps)
    return gradient
"""
A_FUNCTION_THAT_WAS_GIVEN = {
    "its coefficients are set to zero": "inside.powers[...] = 0; return 0 * x",
    "its class gives another value": "type(inside).__call__ = lambda *a: 0.0; return 0 * x",
    "it is handed back": "return f",
    "it is handed back in a tuple": "return (f,)",
    "what it is made of is handed back": "return inside.powers[0]",
    "the worker hands over a function": "Caller.answer = lambda *a: {'result': inside}; return 0 * x",
    "the worker hands over functions": "Caller.answer = lambda *a: {'result': (inside,) * 2}; return 0 * x",
    "the worker says that a function has changed": "Caller.answer = lambda *a: {'result': x, 'changed': inside}",
    "the worker sends a program": "wire.encode = lambda m: frame({'polynomial': ['lambda x: 0', 'eval']}); return x",
    "the worker sends one that calls itself": (
        "wire.encode = lambda m: frame({'polynomial': [{'polynomial': [{'seeded': 1}, {'opaque': 0}]}, 0.0]}); return x"
    ),
}
AT_HAND = """
import json, struct
from autograder.engine.calling import Caller, Polynomial
from autograder.sandbox import wire
def frame(node):
    tree = {'dict': [['result', node], ['changed', {'list': []}], ['number', 1]]}
    header = json.dumps({'tree': tree, 'arrays': []}).encode()
    return struct.pack('>II', len(header), 0) + header
def central_difference(f, x, eps):
    inside = f.__closure__[0].cell_contents
    """


@pytest.mark.parametrize("attack", A_FUNCTION_THAT_WAS_GIVEN)
def test_a_function_that_was_given_is_of_no_use_against_the_grader(attack):
    value, calls = Polynomial(np.ones((1, 2)), np.ones(2))(np.ones(2)), Polynomial.__call__
    graded, _ = grade(AT_HAND + A_FUNCTION_THAT_WAS_GIVEN[attack], checks=("central_difference",))
    assert passed(graded) == []
    (verdict,) = graded.verdicts
    assert verdict.message.startswith(("central_difference", "The cell could"))
    assert [remark for remark in graded.remarks if "could not be completed" in remark] == []
    assert Polynomial.__call__ is calls
    assert Polynomial(np.ones((1, 2)), np.ones(2))(np.ones(2)) == value


def test_a_right_difference_gets_its_points_so_that_the_attacks_above_could_have():
    graded, _ = grade(SLOPES, checks=("central_difference",))
    assert passed(graded) == ["central_difference"]


# ---- harm to the grader ----


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)",
        "import os; os.kill(1, 9)",
        "import os; os.close(100)",
        "raise SystemExit",
        "raise KeyboardInterrupt",
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        "class Hidden(Exception):\n    def __str__(self): raise self\nraise Hidden",
        "class Odd:\n    def __repr__(self): return 7\nOdd()",
        "eval('(' * 1000 + ')' * 1000)",
        "x = '\\ud800'\nprint(x)\nx",
        "type('\\ud800', (Exception,), {})",
        "%%bash\nrm -rf /",
        "%matplotlib inline\n" * 30,
        "\0",
        "def f(:",
        "from __future__ import braces",
        "import gc\nfor thing in gc.get_objects():\n    if hasattr(thing, 'clear') and thing is not globals():\n"
        "        try:\n            thing.clear()\n        except BaseException:\n            pass",
    ],
    ids=range(17),
)
def test_a_cell_that_breaks_its_worker_costs_nothing_but_itself(source):
    graded, _ = grade(RIGHT, source, checks=("rnn_step_forward", "rnn_parameter_count"))
    assert passed(graded) == ["rnn_step_forward", "rnn_parameter_count"]


@pytest.mark.parametrize(
    "result",
    [
        "np.zeros(1_900_000)",
        "(np.zeros(390_000),) * 5",
        "np.broadcast_to(np.float64(1), (10**5, 10**5))",
        "np.lib.stride_tricks.as_strided(np.zeros(1), (10**6, 10**6), (0, 0))",
        "(np.zeros((0, 10**9)),) * 1000",
        "list(range(10**4))",
        "[[]] * 10**4",
        "'x' * 10**8",
        "10 ** 10_000",
    ],
)
def test_large_results_cost_the_grader_little_memory_and_time(result):
    names = ["rnn_step_forward", "rnn_forward", "rnn_backward", "rnn_parameter_count", "softmax_cross_entropy"]
    functions = "\n".join(f"def {name}(*arguments):\n    return {result}" for name in names)
    started = time.monotonic()
    tracemalloc.start()
    try:
        graded, _ = grade("import numpy as np\n" + functions, checks=names)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert passed(graded) == []
    assert peak < 250e6
    assert time.monotonic() - started < 40


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
FORGED_TEXT = (
    "'\\x1b[2K\\x1b[1A\\x1b[32mright\\x1b[0m rnn_parameter_count (1 of 1)\\r\\n\\u202e\\ud800\\x9b2J"
    "<script>alert(1)</script><img src=x onerror=alert(2)>' + 'A' * 100_000"
)
SPEAKERS = {
    "it raises it": f"def rnn_parameter_count(D, H, V):\n    raise ValueError({FORGED_TEXT})",
    "it returns it": f"def rnn_parameter_count(D, H, V):\n    return {FORGED_TEXT}",
    "its error is named so": f"E = type({FORGED_TEXT}.replace('\\ud800', ''), (Exception,), {{}})\n"
    "def rnn_parameter_count(D, H, V):\n    raise E",
    "its type is named so": f"rnn_parameter_count = type({FORGED_TEXT}.replace('\\ud800', ''), (), {{}})()",
    "it prints it": f"import sys\nprint({FORGED_TEXT})\nprint({FORGED_TEXT}, file=sys.stderr)",
    "it shows it": f"class Shown:\n    def __repr__(self):\n        return {FORGED_TEXT}\nShown()",
    "its cell raises it": f"raise ValueError({FORGED_TEXT})",
    "the worker says it": "from autograder.engine.calling import Caller\n"
    "Caller.answer = lambda *a: {'error': {'kind': 'raised', "
    f"'type': {FORGED_TEXT}, 'message': {FORGED_TEXT}, 'line': {FORGED_TEXT}, 'line_number': {FORGED_TEXT}}}}}",
}


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_students_text_cannot_pass_for_a_terminal_line_or_a_part_of_the_page(speaker):
    graded, notebook = grade(SPEAKERS[speaker], checks=("rnn_parameter_count",))
    assert passed(graded) == []
    (verdict,) = graded.verdicts
    assert len(verdict.message) < 6000
    assert not CONTROL.search(verdict.message)
    assert not any(line.lstrip().startswith(("right", "\ufffd")) for line in verdict.message.splitlines())
    assert not any(CONTROL.search(remark) for remark in graded.remarks)
    for outputs in graded.outputs:
        assert not any(CONTROL.search(str(list(output.values()))) for output in outputs)
    nbformat.validate(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.outputs]
    for cell in notebook.cells:
        cell.source = ""
    page, _ = HTMLExporter().from_notebook_node(nbformat.from_dict(notebook))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    page.encode()


# ---- models ----

MODEL = """
import numpy as np
class Endless(dict):
    def get(self, name):
        while True:
            pass
class Raising(dict):
    def get(self, name):
        raise SystemExit
def train_language_model(tokens, V, updates, rng):
    D, H = 2, 3
    shapes = {"E": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "Wy": (H, V), "by": (V,)}
    params = {name: np.zeros(shape) for name, shape in shapes.items()}
    SPOILED
    return params
"""
NO_ARRAYS = "params holds no array E and no Wx"
MODELS = {
    "pass": "reaches a perplexity of 31.00",
    "while True: pass": "did not return within",
    "import os; os._exit(0)": "ended the Python process it ran in",
    "params = Endless(params)": NO_ARRAYS,
    "params = Raising(params)": NO_ARRAYS,
    "params['by'][0] = np.nan": 'params["by"] is not finite',
    "params['Wx'][0] = -np.inf": 'params["Wx"] is not finite',
    "params = {name: array - 1e308 for name, array in params.items()}": "is not a finite number",
    "params = {name: 1e150 * rng.standard_normal(array.shape) for name, array in params.items()}": "perplexity",
    "params['Wx'] = np.zeros(1_900_000)": 'params["Wx"] has shape (1900000,)',
    "params = dict.fromkeys(params, np.zeros((1300, 1300)))": NO_ARRAYS,
    "params = dict.fromkeys(params, np.broadcast_to(np.float64(0), (10**6, 10**6)))": NO_ARRAYS,
    "params['E'] = np.zeros((V, 1900))": "sizes from 1 to 256 are judged",
    "params['Wh'] = np.zeros((0, 0))": 'params["Wh"] has shape (0, 0)',
    "params['Wh'] = np.zeros((3, 13))": 'params["Wh"] has shape (3, 13)',
    "params['b'] = np.float64(0)": "holds no array b",
    "params['by'] = np.array(['right'] * V)": "holds no array by",
    "params['by'] = 1j * params['by']": "has dtype complex128",
    "params['by'] = TEXT": "holds no array by",
    "params = TEXT": "something else than a dict",
    "params[TEXT] = params.pop('by')": "holds no array by",
    "return params, {'passed': True, 'points': 9}": "something else than a dict",
    "raise ValueError(TEXT)": "train_language_model raised ValueError",
}


@pytest.mark.parametrize("spoiled", MODELS)
def test_a_model_that_is_none_gets_no_points_and_harms_nobody(spoiled):
    source = MODEL.replace("SPOILED", spoiled.replace("TEXT", FORGED_TEXT))
    started = time.monotonic()
    graded, notebook = grade(RIGHT, source, checks=("train_language_model", "rnn_parameter_count"))
    assert time.monotonic() - started < 60
    assert passed(graded) == ["rnn_parameter_count"]
    verdict = graded.verdicts[0]
    assert MODELS[spoiled] in verdict.message
    assert "see to that first" not in verdict.message
    assert verdict.message.startswith("train_language_model")
    assert len(verdict.message) < 6000
    assert not CONTROL.search(verdict.message)
    assert graded.remarks == ()
    nbformat.validate(notebook)


def test_the_graders_own_numpy_and_modules_stay_untouched():
    before = np.allclose, np.testing.assert_allclose, np.linalg.norm, dict(QUESTIONS)
    grade(*PATCHES.values(), checks=("rnn_step_forward",))
    assert before == (np.allclose, np.testing.assert_allclose, np.linalg.norm, dict(QUESTIONS))
