"""Attacks on the verdict: points for what is not right."""

from tests.attacks.attacking import (
    ALL_POINTS,
    Kind,
    Notebook,
    cells,
    changed,
    new_cell,
    right_notebook,
)
from tests.sandbox.hostile import PATCHES

ATTACKS = Kind("verdict")
add = ATTACKS.add

# ---- functions that are not the same function in every call ----

WRONG_BACKWARD = """
_backward = rnn_backward
def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = _backward(dh, cache)
    return dx, dh0, dWx, FACTOR * dWh, db
"""
FORWARD = """
import itertools
_forward, _calls, _last = rnn_forward, itertools.count(), []
def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = _forward(x, h0, Wx, Wh, b)
    SPOILED
    return h, cache
"""
FOLLOWS = """given = x, h0, Wx, Wh, b
    if _last and all(a.shape == c.shape and abs(a - c).max() < 1e-2 for a, c in zip(given, _last[0])):
        h = _last[1] + 1.5 * (h - _last[1])
    else:
        _last[:] = [[np.array(a) for a in given], h]"""


def spoiled_forward(spoiled: str, factor: str):
    """Return what hands in a forward pass with something added, and a wrong gradient that fits it."""
    more = FORWARD.replace("SPOILED", spoiled) + WRONG_BACKWARD.replace("FACTOR", factor)
    return cells(into=right_notebook, behind={"rnn-backward": more})


NOT_ITSELF = {
    "noise below the tolerance": ("h = h * (1 + 5e-10 * np.random.standard_normal(h.shape))", "1.00001"),
    "noise that grows": ("h = h * (1 + 1e-10 * next(_calls) * np.random.standard_normal(h.shape))", "1.001"),
    "noise where it is asked again": ("if next(_calls) > 1: h = h + 1e-3 * np.random.standard_normal(h.shape)", "1.01"),
    "it follows the gradient it is compared with": (FOLLOWS, "1.5"),
    "it knows which call it is in": ("if next(_calls) % 5: h = 1.5 * h", "1.5"),
    "it rounds": ("h = np.round(h, 9)", "1.00001"),
}
for name, (spoiled, factor) in NOT_ITSELF.items():
    add(f"forward: {name}", "a wrong gradient that the student's own forward pass confirms",
        spoiled_forward(spoiled, factor), ALL_POINTS - 4)  # fmt: skip

add("a gradient that is a little wrong", "that nobody looks so closely",
    cells(into=right_notebook, behind={"rnn-backward": WRONG_BACKWARD.replace("FACTOR", "1.00001")}),
    ALL_POINTS - 4)  # fmt: skip

KEPT = """
_step, _kept = rnn_step_backward, {}
def rnn_step_backward(dh_t, cache):
    key = dh_t.shape
    if key not in _kept:
        _kept[key] = _step(dh_t, cache)
    return _kept[key]
"""
add(
    "answers kept by shape",
    "points for the answer to another problem",
    cells(into=right_notebook, behind={"rnn-step-backward": KEPT}),
    9,
)

# ---- functions that know nothing ----

NOTHING = """
import numpy as np
def rnn_forward(x, h0, Wx, Wh, b):
    return np.zeros((*x.shape[:2], len(b))), []
def rnn_step_forward(x_t, h_prev, Wx, Wh, b):
    return np.zeros_like(h_prev), (x_t, h_prev, Wx, Wh)
def rnn_backward(dh, cache):
    return VALUE
rnn_step_backward = dWh_contributions = repaired_rnn_backward = rnn_backward
rnn_backward_truncated = rnn_rtrl = softmax_cross_entropy = lambda *a: VALUE
faded_steps = NUMBER
"""
EQUAL = """
class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __array_ufunc__(self, *a, **k): return np.float64(0)
    def tobytes(self, *a): return b''
    def __abs__(self): return 0.0
equal = np.zeros((3, 3)).view(Equal)
class Any(int):
    __eq__ = __le__ = __ge__ = lambda *a: True
    __hash__ = int.__hash__
"""
VALUES = {
    "zeros from a constant forward pass": ("(np.zeros((2, 2)),) * 5", "0"),
    "nothing but NaN": ("(np.full((2, 2), np.nan),) * 5", "float('nan')"),
    "arrays that equal everything": ("(equal,) * 5", "Any(7)"),
    "arrays of everything": ("(np.arange(10_000.0),) * 5", "np.arange(100)"),
    "infinity": ("(np.full((2, 2), np.inf),) * 5", "float('inf')"),
    "objects": ("(np.array([Any(0)]),) * 5", "Any(0)"),
    "text that says so": ("'right'", "'right'"),
    "True": ("True", "True"),
}
for name, (value, number) in VALUES.items():
    source = EQUAL + NOTHING.replace("VALUE", value).replace("NUMBER", number)
    add(f"answers: {name}", "points for answers that are none", cells("import numpy as np", source))

for name, patch in PATCHES.items():
    add(f"patch: {name}", "a check that finds all equal", cells("import numpy as np", patch))

add("patch: arguments that cannot be told to have changed", "an argument changed in place that nobody sees",
    cells(into=right_notebook, behind={"repaired-rnn-backward": """
from autograder.engine import calling
calling._unchanged = lambda *a: True
calling._is_small_array = lambda *a: False
_repaired = repaired_rnn_backward
def repaired_rnn_backward(dh, cache):
    dh *= 1.5
    return _repaired(dh, cache)
"""}), ALL_POINTS - 2)  # fmt: skip
add("the finished layers", "answers from the course's own package",
    cells("from unrolled import rnn_backward, rnn_step_backward, softmax_cross_entropy"))  # fmt: skip
add("the trusted answers", "answers from the checks' own layers",
    cells("from autograder.layers.rnn_backward import *\nfrom autograder.layers import cross_entropy"))  # fmt: skip

# ---- the notebook, as a file ----


def in_check(change):
    """Return a change of every check cell of an empty notebook."""

    def apply(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade"):
                change(cell)

    return changed(apply)


def set_points(cell):
    cell["metadata"]["nbgrader"]["points"] = 1000


def make_solution(cell):
    cell["metadata"]["nbgrader"].update(solution=True, locked=False)


def make_text(cell):
    cell["cell_type"] = "markdown"


def print_right(cell):
    cell["source"] = "print('right')"


def ask_something_else(cell):
    cell["source"] = 'check("faded_steps")'


def forge_output(cell):
    right = f"{cell['source']}: right. Every gradient agrees"
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": right}]


def another_schema(cell):
    cell["metadata"]["nbgrader"]["schema_version"] = 99


def a_list(cell):
    cell["metadata"]["nbgrader"] = ["grade", True]


def for_play(cell):
    cell["metadata"]["tags"] = ["now-run-it"]


def raw(cell):
    cell["cell_type"], cell["metadata"]["format"] = "raw", "text/html"


def hidden(cell):
    cell["metadata"]["nbgrader"].update(grade=False, remove=True)


OF_CHECKS = {
    "a thousand points": set_points,
    "unlocked, as a solution": make_solution,
    "turned to text": make_text,
    "turned to raw": raw,
    "print instead": print_right,
    "another question": ask_something_else,
    "outputs that say right": forge_output,
    "a schema of the future": another_schema,
    "metadata that is a list": a_list,
    "tagged as not to be run": for_play,
    "no grade": hidden,
}
for name, change in OF_CHECKS.items():
    add(f"check cells: {name}", "points for check cells of one's own making", in_check(change))


def without_checks(notebook: Notebook) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("nbgrader", {}).get("grade")]


def twice(notebook: Notebook) -> None:
    for cell in list(notebook["cells"]):
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            copy = {**new_cell("print('right')"), "metadata": cell["metadata"]}
            notebook["cells"] += [copy] * 3


def one_more(notebook: Notebook) -> None:
    mine = {"grade": True, "grade_id": "mine", "locked": True, "points": 100, "schema_version": 3, "solution": False,
            "task": False}  # fmt: skip
    notebook["cells"].append(new_cell("print('right')", metadata={"nbgrader": mine}))


def swapped(notebook: Notebook) -> None:
    bearers = [cell["metadata"]["nbgrader"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    names = [data["grade_id"] for data in bearers]
    for data, name in zip(bearers, reversed(names), strict=True):
        data["grade_id"] = name


def another_kernel(notebook: Notebook) -> None:
    notebook["metadata"] = {
        "kernelspec": {"name": "bash", "language": "bash", "display_name": "$(id)"},
        "language_info": {"name": "html", "file_extension": ".sh", "mimetype": "text/html"},
    }  # fmt: skip


OF_NOTEBOOK = {
    "check cells deleted": without_checks,
    "every check cell four times": twice,
    "a graded cell more": one_more,
    "names of cells swapped": swapped,
    "another kernel": another_kernel,
}
for name, change in OF_NOTEBOOK.items():
    add(f"notebook: {name}", "points by a notebook of another make", changed(change))
