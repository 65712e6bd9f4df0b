"""A repaired notebook is run in the sandbox and judged outside of it; nothing costs more than itself."""

import time
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell
from small_course import cell_of

from autograder.engine.student import CheckFailed
from autograder.grading import notebook as grading
from autograder.grading.notebook import grade_notebook
from autograder.grading.repair import repair
from autograder.sandbox.bubblewrap import Limits, Sandbox
from autograder.sandbox.session import Session

QUICK = Limits(cell_seconds=1.0, call_seconds=1.0, total_seconds=20.0)


@pytest.fixture
def graded(course):
    """Return a function that repairs and grades a notebook."""

    def grade(notebook, **limits):
        repaired, _ = repair(notebook, course.assignment)
        return grade_notebook(repaired, course.assignment, Sandbox(replace(QUICK, **limits)))

    return grade


@pytest.fixture
def sessions(monkeypatch):
    """Count the workers that are started."""
    started = []
    original = Session.__init__

    def init(self, *arguments):
        started.append(arguments)
        original(self, *arguments)

    monkeypatch.setattr(Session, "__init__", init)
    return started


def points(graded):
    return {verdict.check: verdict.points for verdict in graded.verdicts}


def message(graded, check):
    (found,) = [verdict.message for verdict in graded.verdicts if verdict.check == check]
    return found


def put(notebook, number, *sources):
    for offset, source in enumerate(sources):
        notebook.cells.insert(number + offset, new_code_cell(source))
    return notebook


RIGHT = {"rnn_parameter_count": 1.0, "many_to_many": 2.0}


def test_right_answers_get_their_points_in_one_worker(course, graded, sessions):
    result = graded(course.right())
    assert points(result) == RIGHT
    assert result.points == 3.0
    assert result.remarks == ()
    assert len(sessions) == 1


def test_one_wrong_answer_costs_its_own_points_and_says_why(course, graded):
    result = graded(course.wrong())
    assert points(result) == {"rnn_parameter_count": 1.0, "many_to_many": 0.0}
    assert "many_to_many" in message(result, "many_to_many")
    assert 'check("many_to_many", seed=' in message(result, "many_to_many")


def test_a_cell_for_play_is_not_run_and_costs_nothing(course, graded, sessions):
    notebook = put(course.wrong(), 4, "while True:\n    pass")
    notebook.cells[4].metadata["tags"] = ["now-run-it"]
    notebook.cells.append(new_code_cell("many_to_many = lambda h, Wy, by: h @ Wy + by"))
    started = time.monotonic()
    result = graded(notebook, cell_seconds=30.0, total_seconds=60.0)
    assert time.monotonic() - started < 20
    assert points(result) == RIGHT
    assert result.remarks == ()
    assert len(sessions) == 1
    assert [output.text for output in result.outputs[4]] == ["This cell is not run in grading.\n"]


def test_only_what_is_not_right_is_judged_again_and_the_first_message_is_kept(course, graded, monkeypatch):
    judged = []
    original = grading.run_check

    def run_check(name, student, *seed):
        judged.append(name)
        return original(name, student, *seed)

    monkeypatch.setattr(grading, "run_check", run_check)
    notebook = course.wrong()
    notebook.cells.append(new_code_cell("del many_to_many"))
    result = graded(notebook)
    assert judged == ["rnn_parameter_count", "many_to_many", "many_to_many"]
    assert "There is no many_to_many" not in message(result, "many_to_many")


def test_a_check_that_stands_before_its_answer_counts(course, graded):
    notebook = course.right()
    notebook.cells.insert(0, notebook.cells.pop())
    assert points(graded(notebook)) == RIGHT


def test_cells_that_failed_for_want_of_a_later_one_run_again_before_the_second_chance(course, graded):
    notebook = course.right()
    definition = cell_of(notebook, "many-to-many")
    definition.source = definition.source.replace("return h @ Wy", "return product(h, Wy)")
    put(notebook, 1, "product = partial(np.einsum, 'nth,hv->ntv')", "from functools import partial")
    notebook.cells.append(notebook.cells.pop(0))
    assert points(graded(notebook)) == RIGHT


def test_an_answer_that_was_right_in_its_place_stays_right(course, graded):
    notebook = course.right()
    notebook.cells.append(new_code_cell("del many_to_many\nnp = None"))
    assert points(graded(notebook)) == RIGHT


def test_a_cell_that_ends_the_worker_costs_nothing_but_itself(course, graded, sessions):
    notebook = put(course.right(), 2, "import os\nos._exit(0)", "print('after')")
    result = graded(notebook)
    assert points(result) == RIGHT
    assert len(sessions) == 2
    (remark,) = result.remarks
    assert remark.startswith('Stopped: the cell that begins "import os" (it ended itself')


def test_a_cell_that_does_not_run_well_a_second_time_is_left_out_then(course, graded, sessions):
    fickle = "import os, time\nif time.time() - START > 0.5:\n    os._exit(0)"
    notebook = put(course.right(), 1, f"START = {time.time() + 1}", fickle, "import time\ntime.sleep(2)\nos._exit(0)")
    result = graded(notebook, cell_seconds=9.0)
    assert points(result) == RIGHT
    assert len(sessions) == 3


def test_an_endless_loop_costs_its_own_question_only(course, graded):
    loop = "def rnn_parameter_count(D, H, V):\n    while True:\n        pass"
    notebook = course.wrong("rnn-parameter-count", loop)
    put(notebook, 2, *["rnn_parameter_count(1, 2, 3)"] * 5)
    result = graded(notebook, total_seconds=60.0)
    assert points(result) == {"rnn_parameter_count": 0.0, "many_to_many": 2.0}
    assert "did not return within" in message(result, "rnn_parameter_count")
    (remark,) = result.remarks
    assert remark.startswith('Stopped: the cell that begins "rnn_parameter_count(1, 2, 3)", ')


def test_each_loss_halves_the_time_limit_down_to_what_other_cells_needed(course, graded, sessions, monkeypatch):
    monkeypatch.setattr(grading, "SHORTEST_LIMIT", 0.5)
    endless = "while True:\n    pass"
    graded(put(course.right(), 1, endless, endless, endless), cell_seconds=2.0)
    limits = [sandbox.limits.cell_seconds for sandbox, *_ in sessions]
    assert limits == [2.0, 1.0, 0.5, 0.5]
    sessions.clear()
    result = graded(put(course.right(), 1, "import time\ntime.sleep(0.4)", endless, endless), cell_seconds=2.0)
    assert points(result) == RIGHT
    assert all(sandbox.limits.cell_seconds >= 1.2 for sandbox, *_ in sessions)


def test_a_notebook_that_uses_up_its_time_gets_what_it_had_until_then(course, graded):
    notebook = put(course.right(), 3, *["import time\ntime.sleep(0.9)"] * 6)
    result = graded(notebook, total_seconds=2.0)
    assert points(result) == {"rnn_parameter_count": 1.0, "many_to_many": 0.0}
    assert any("the time for the whole notebook was used up" in remark for remark in result.remarks)


@pytest.mark.parametrize(
    "value",
    ["float('nan')", "h @ Wy * np.nan", "None", "{}", "object()", "h", "np.array(['a'])", "(h, h)", "1j", "[[]]"],
)
def test_results_of_another_kind_are_wrong_answers_and_stop_nothing(course, graded, value):
    result = graded(course.wrong(source=f"def many_to_many(h, Wy, by):\n    return {value}"))
    assert points(result) == {"rnn_parameter_count": 1.0, "many_to_many": 0.0}
    assert message(result, "many_to_many").startswith("many_to_many")
    assert result.remarks == ()


def test_a_check_that_breaks_costs_its_question_and_is_told_to_the_instructor(course, graded, monkeypatch):
    def broken(name, student, *seed):
        if name == "many_to_many":
            raise IndexError("boom")
        if name == "rnn_parameter_count":
            raise CheckFailed("no")

    monkeypatch.setattr(grading, "run_check", broken)
    result = graded(course.right())
    assert points(result) == {"rnn_parameter_count": 0.0, "many_to_many": 0.0}
    assert result.remarks == ("The check many_to_many could not be completed (IndexError: boom).",)


def test_text_on_stderr_costs_no_points(course, graded):
    notebook = put(course.right(), 1, "import sys, warnings\nwarnings.warn('careful')\nprint('x', file=sys.stderr)")
    result = graded(notebook)
    assert points(result) == RIGHT
    assert any(output.name == "stderr" and "careful" in output.text for output in result.outputs[1])


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\n%load_ext autoreload",
        "!ls\nfiles = !ls",
        "?print",
        "print?",
        "%%bash\nls",
        "%%time\ntotal = sum(range(9))",
        "%config InlineBackend.figure_format = 'retina'",
    ],
)
def test_notebook_syntax_is_accepted(course, graded, source):
    result = graded(put(course.right(), 1, source))
    assert points(result) == RIGHT
    assert not any(output.output_type == "error" for output in result.outputs[1])


@pytest.mark.parametrize("source", ["def f(:\n  ?", "'''\n%x", "\x00%"])
def test_a_cell_that_is_no_python_costs_only_itself(course, graded, source):
    result = graded(put(course.right(), 1, source))
    assert points(result) == RIGHT
    assert result.outputs[1][-1].output_type == "error"


def test_a_percent_sign_that_opens_a_line_of_a_longer_expression_stays_an_operator(course, graded):
    notebook = put(course.right(), 1, "rest = (7\n  % 4)\nquestion = 'why?'  # really?")
    notebook.cells.append(new_code_cell("print(rest)"))
    assert graded(notebook).outputs[-1][0].text == "3\n"


def test_verdicts_are_the_only_outputs_of_graded_cells(course, graded):
    notebook = course.wrong()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="old")]
    repaired, _ = repair(notebook, course.assignment)
    result = graded(notebook)
    result.write_outputs(repaired)
    right, wrong = (cell_of_grade(repaired, f"check-{name}") for name in ("rnn-parameter-count", "many-to-many"))
    assert [output.output_type for output in right.outputs] == ["stream"]
    assert right.outputs[0].name == "stdout"
    assert right.outputs[0].text.startswith("rnn_parameter_count: right.")
    assert [output.output_type for output in wrong.outputs] == ["error"]
    assert wrong.outputs[0].ename == "CheckFailed"
    nbformat.validate(repaired)


def cell_of_grade(notebook, grade_id):
    (found,) = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found


def test_numbers_are_drawn_anew_for_every_grading(course, graded):
    seeds = {message(graded(course.wrong()), "many_to_many").rpartition("seed=")[2] for _ in range(3)}
    assert len(seeds) > 1
    assert np.all([seed.rstrip(")").isdigit() for seed in seeds])


class Slow:
    """A question with time of its own, whose check takes a while."""

    name, seconds, relies_on = "many_to_many", 6.0, ""

    def check(self, student, rng):
        return f"It came to {student.call(self.name, h=0, Wy=0, by=0):.0f}."


def test_a_question_with_time_of_its_own_may_take_it_is_judged_last_and_takes_it_from_no_other(
    course, graded, sessions, monkeypatch
):
    monkeypatch.setitem(grading.QUESTIONS, "many_to_many", Slow())
    slow = "import time\ndef many_to_many(h, Wy, by):\n    time.sleep(2)\n    return 7.0"
    result = graded(course.wrong(source=slow), call_seconds=1.0, total_seconds=5.0)
    assert points(result) == RIGHT
    assert message(result, "many_to_many") == "many_to_many: right. It came to 7."
    assert [sandbox.limits.call_seconds for sandbox, *_ in sessions] == [1.0, 6.0]
    assert sessions[1][0].limits.cpu_seconds == sessions[0][0].limits.cpu_seconds + 6


def test_a_question_with_time_of_its_own_that_takes_more_is_stopped_and_is_judged_once(
    course, graded, sessions, monkeypatch
):
    asked = Slow()
    asked.seconds = 1.5
    monkeypatch.setitem(grading.QUESTIONS, "many_to_many", asked)
    monkeypatch.setitem(grading.run_check.__globals__["QUESTIONS"], "many_to_many", asked)
    endless = "def many_to_many(h, Wy, by):\n    while True:\n        pass"
    result = graded(course.wrong(source=endless))
    assert points(result) == {"rnn_parameter_count": 1.0, "many_to_many": 0.0}
    assert message(result, "many_to_many").startswith("many_to_many did not return within")
    assert len(sessions) == 2
