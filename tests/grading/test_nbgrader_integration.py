"""nbgrader stays the frame: release, validation, formgrader's buttons, feedback and grades by hand."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, Execute, SaveAutoGrades
from nbgrader.validator import Validator
from small_course import cell_of
from traitlets.config import Config, PyFileConfigLoader

from autograder.engine.trained import Trained
from autograder.grading import plugin, submission
from autograder.grading.classroom import Classroom
from autograder.sandbox.bubblewrap import Limits
from autograder.sets import QUESTIONS
from autograder.sets import SETS as TABLES

ROOT = Path(__file__).resolve().parents[2]
SETS = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())
EVERY_THIRD_AT_ONCE = [
    pytest.param(name, marks=[pytest.mark.long] if number % 3 else []) for number, name in enumerate(SETS)
]
"""All sets, of which `make test` takes some: a kernel runs a whole set twice."""


def config_in(folder):
    """Load the configuration as every nbgrader command does, and as the button Validate does."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def load_config(course):
    """Load the configuration of a course."""
    return config_in(course.folder)


@pytest.fixture
def api(course, monkeypatch):
    """What formgrader's handlers call."""
    return NbGraderAPI(config=load_config(course))


def attack(course, mark):
    """Return a wrong notebook that writes a file, has its own check, and is full of right-looking outputs."""
    notebook = course.wrong()
    notebook.cells.insert(
        1,
        new_code_cell(
            f"import builtins, pathlib\npathlib.Path({str(mark)!r}).write_text('was here')\n"
            "check = builtins.check = lambda *a, **k: print('right')"
        ),
    )
    return notebook


# ------------------------------------------------------------------------------------------- release and validation


@pytest.mark.parametrize("name", SETS)
def test_exercises_are_what_nbgrader_makes_from_solutions(name, tmp_path, registered_classroom):
    shutil.copy(registered_classroom / "gradebook.db", tmp_path)
    Classroom(ROOT, tmp_path).register(name)
    made = json.loads((tmp_path / "release" / name / f"{name}.ipynb").read_text())
    committed = json.loads((ROOT / "exercises" / name / f"{name}.ipynb").read_text())
    assert made == committed, f"exercises/{name} is stale: run `make exercises`"
    assert [path.name for path in (ROOT / "exercises" / name).iterdir() if path.is_file()] == [f"{name}.ipynb"]


def test_validate_gives_a_cell_the_time_in_which_a_model_is_trained(course):
    trained = [question.seconds for question in QUESTIONS.values() if isinstance(question, Trained)]
    assert trained
    executed = Execute(parent=Validator(config=load_config(course)))
    assert executed.timeout > 2 * max(trained)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_THIRD_AT_ONCE)
def test_validate_passes_the_solution_and_fails_every_graded_cell_of_the_release(name, tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_CLASSROOM", str(tmp_path))
    validator = Validator(config=config_in(ROOT))
    solution = validator.validate(str(ROOT / "solutions" / name / f"{name}.ipynb"))
    assert solution == {}
    release = ROOT / "exercises" / name / f"{name}.ipynb"
    failed = [cell["source"] for cell in validator.validate(str(release))["failed"]]
    cells = nbformat.read(release, as_version=4).cells
    roles = ((cell, cell.metadata.get("nbgrader", {})) for cell in cells)
    graded = [(cell.source, role["solution"]) for cell, role in roles if role.get("grade")]
    assert failed == [source for source, _ in graded]  # an answer in words that is not written is one of them
    assert sum(not written for _, written in graded) == len(TABLES[name])


# ------------------------------------------------------------------------------------------- formgrader's autograde


def test_the_button_grades_in_the_sandbox(course, api, tmp_path):
    mark = tmp_path / "mark"
    course.submit("eve", attack(course, mark))
    answer = api.autograde("ps2", "eve")
    assert answer["success"], answer
    assert course.points() == {"eve": [1, 0]}
    assert not mark.exists()


@pytest.mark.slow
def test_stock_nbgrader_falls_for_the_same_notebook(course, tmp_path):
    mark = tmp_path / "mark"
    course.submit("eve", attack(course, mark))
    config = load_config(course)
    del config["Autograde"]
    config.merge(Config({"Autograde": {"autograde_preprocessors": [Execute, SaveAutoGrades]}}))
    answer = NbGraderAPI(config=config).autograde("ps2", "eve")
    assert answer["success"], answer
    assert course.points() == {"eve": [1, 2]}
    assert mark.read_text() == "was here"


def wait_for(url, headers, server):
    """Wait until a server answers."""
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server does not answer: {server.poll()}")


@pytest.mark.slow
def test_the_button_in_formgrader_itself_goes_through_the_sandbox(course, tmp_path):
    mark = tmp_path / "mark"
    course.submit("eve", attack(course, mark))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path / "home"
    home.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={port}",
         "--ServerApp.port_retries=0", "--IdentityProvider.token=secret", "--ip=127.0.0.1",
         "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"],
        cwd=course.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "IPYTHONDIR": str(home)},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/formgrader/api"
    headers = {"Authorization": "token secret"}
    try:
        wait_for(f"{url}/status", headers, server)
        request = urllib.request.Request(f"{url}/submission/ps2/eve/autograde", b"", headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = json.load(reply)
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert answer["success"], answer
    assert course.points() == {"eve": [1, 0]}
    assert not mark.exists()


@pytest.mark.parametrize("seconds", [3.0, 30.0])
def test_the_button_and_the_command_line_give_a_notebook_the_same_time(course, monkeypatch, seconds):
    used = {}

    def noted(who, run):
        def grade(notebook, assignment, sandbox):
            used[who] = sandbox.limits
            return run(notebook, assignment, sandbox)

        return grade

    monkeypatch.setattr(plugin, "grade_notebook", noted("button", plugin.grade_notebook))
    monkeypatch.setattr(submission, "grade_notebook", noted("command line", submission.grade_notebook))
    path = course.submit("ada")
    config = load_config(course)
    config.GradeInSandbox.timeout = seconds
    assert NbGraderAPI(config=config).autograde("ps2", "ada")["success"]
    assert course.run("grade", str(path), "--timeout", str(seconds)).exit_code == 0
    assert used["button"] == used["command line"] == Limits.for_timeout(seconds)
    assert used["button"].cell_seconds == used["button"].call_seconds == seconds


def test_the_button_follows_no_link_and_copies_no_other_file(course, api):
    folder = course.submit("eve").parent
    (folder / "key.txt").symlink_to(course.source)
    answer = api.autograde("ps2", "eve")
    assert not answer["success"]
    assert "it holds a symbolic link (key.txt); submit plain files" in answer["log"]
    assert not (course.room / "autograded" / "eve").exists()

    (folder / "key.txt").unlink()
    (folder / "big.bin").write_bytes(bytes(10))
    assert api.autograde("ps2", "eve")["success"]
    assert [path.name for path in (course.room / "autograded" / "eve" / "ps2").iterdir()] == ["ps2.ipynb"]

    (folder / "ps2.ipynb").unlink()
    (folder / "ps2.ipynb").symlink_to(course.source)
    assert not api.autograde("ps2", "eve")["success"]


def test_the_button_repairs_what_would_stop_nbgrader(course, api):
    odd = course.right()
    odd.cells += [nbformat.from_dict(dict(cell)) for cell in odd.cells[-2:]]
    cell_of(odd, "check-rnn-parameter-count").metadata.nbgrader["schema_version"] = 99
    del odd.cells[0]
    course.submit("eve", odd)
    course.submit("ada")
    assert api.autograde("ps2", "*")["success"]
    assert course.points() == {"ada": [1, 2], "eve": [1, 2]}


def test_one_bad_submission_does_not_stop_nbgraders_own_command(course, api):
    course.submit("ada")
    course.submit("bo").write_text("{")
    course.submit("cy").with_name("link").symlink_to("/etc/passwd")
    course.submit("di")
    assert not api.autograde("ps2", "*")["success"]
    assert {name: points for name, points in course.points().items() if any(points)} == {"ada": [1, 2], "di": [1, 2]}


def test_every_step_of_nbgrader_that_grades_stays_in_its_list(course):
    steps = load_config(course).Autograde.autograde_preprocessors
    assert [SaveAutoGrades, AssignLatePenalties] == [
        step for step in steps if step in (SaveAutoGrades, AssignLatePenalties)
    ]
    assert Execute not in steps
    stock = {step.__name__ for step in Autograde.autograde_preprocessors.default()} - {"Execute"}
    left_out = stock - {step.__name__ for step in steps}
    assert left_out == {"ClearMetadataPreprocessor"}


def test_the_configuration_can_be_loaded_twice(course):
    load_config(course)
    first = Autograde.init_assignment
    load_config(course)
    assert Autograde.init_assignment is first


# ---------------------------------------------------------------------------------------------- grades and feedback


def test_a_grade_given_by_hand_is_not_overwritten(course):
    course.submit("ada", course.wrong())
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("check-many-to-many", "ps2", "ps2", "ada").manual_score = 1.5
        gradebook.db.commit()
    course.submit("ada")
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    assert course.points() == {"ada": [1, 1.5]}
    assert "2.5" in course.run("report", "ps2").output


def page(course, student):
    """Return the page that nbgrader makes of what we have recorded, as its formgrader does."""
    answer = NbGraderAPI(config=load_config(course)).generate_feedback("ps2", student, force=True)
    assert answer["success"], answer
    return (course.room / "feedback" / student / "ps2" / "ps2.html").read_text()


def test_nbgraders_feedback_says_what_is_wrong_and_nothing_that_is_not_the_students_to_know(course, api):
    course.submit("ada", course.wrong())
    assert course.run("grade", "ps2", "--jobs", "1", "--no-feedback").exit_code == 0
    html = page(course, "ada")
    assert "many_to_many: y is wrong" in html
    assert "rnn_parameter_count: right." in html
    assert "0 of 2" in html
    solution = cell_of(course.right(), "many-to-many").source.splitlines()[-1].strip()
    assert solution.startswith("return h @")
    for leak in (
        solution,
        "Traceback (most recent",
        "autograder/",
        "BEGIN SOLUTION",
        "BEGIN HIDDEN",
        str(ROOT),
        str(course.folder),
    ):
        assert leak not in html, leak


class ActiveContent(HTMLParser):
    """Collects what a page would run: scripts and attributes such as onclick."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._in_script = False

    def handle_starttag(self, tag, attrs):
        self._in_script = tag == "script"
        self.found += [value for name, value in attrs if name.startswith("on") or "script:" in (value or "")]

    def handle_endtag(self, tag):
        self._in_script = False

    def handle_data(self, data):
        if self._in_script:
            self.found.append(data)


def test_nbgraders_page_runs_nothing_that_a_student_wrote(course, api):
    evil = "<script>alert('evil')</script><img src=x onerror=alert('evil')> [x](javascript:alert('evil')) **bold**"
    evil += " [x](&#106;avascript:alert('evil')) [y][z]\n\n[z]: javascript:alert('evil')"
    notebook = course.right()
    notebook.cells += [new_markdown_cell(evil), new_raw_cell(evil)]
    notebook.cells += [new_code_cell(f"print({evil!r})"), new_code_cell(f"raise ValueError({evil!r})")]
    notebook.cells += [new_code_cell(f"class A:\n    __repr__ = _repr_html_ = lambda self: {evil!r}\nA()")]
    course.submit("eve", notebook)
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    html = page(course, "eve")
    assert "**bold**" in html
    reader = ActiveContent()
    reader.feed(html)
    assert reader.found == []
