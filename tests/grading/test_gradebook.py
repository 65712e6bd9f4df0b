"""What is recorded equals, row for row, what `nbgrader autograde` writes, and is written whole or not at all."""

import csv
import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from gradebook_rows import rows_of
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import LateSubmissionPlugin
from small_course import ROOT
from test_graded_by_hand import exported, handed_in, written  # noqa: F401 - a fixture
from traitlets.config import Config, PyFileConfigLoader

from autograder.grading import plugin
from autograder.grading.classroom import Classroom
from autograder.grading.gradebook import ClassGradebook
from autograder.grading.submission import grade_submission
from autograder.sandbox.bubblewrap import Limits, Sandbox

DUE = datetime(2026, 11, 1, 12)


class PointAnHour(LateSubmissionPlugin):
    """One point for every hour."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Return it; and a penalty that is none, for one student."""
        return -1.0 if student_id == "early" else total_seconds_late / 3600


class TwoClassrooms:
    """The same submissions, recorded by us in one classroom and by nbgrader's own step in another."""

    def __init__(self, course_folder: Path, name: str, ours: Path, stock: Path, config: Config | None = None):
        self.course, self.name, self.ours, self.stock = course_folder, name, ours, stock
        self.config = config or Config()
        self.students = sorted(path.parent.name for path in (ours / "submitted").glob(f"*/{name}"))

    def room(self) -> Classroom:
        room = Classroom(self.course, self.ours)
        room._config.merge(self.config)
        room.gradebook = ClassGradebook(room.db_url, room._config)
        return room

    def edit(self, change) -> None:
        """Do the same to both gradebooks, as a person does in formgrader."""
        for folder in (self.ours, self.stock):
            with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
                change(gradebook)
                gradebook.db.commit()

    def record(self, monkeypatch, timeout: float = 10.0) -> int:
        """Grade every submission once, and have the result recorded in both. Returns how many could be graded."""
        room, known, count = self.room(), {}, 0
        source = self.course / "solutions" / self.name / f"{self.name}.ipynb"
        api = self._stock_api()
        monkeypatch.setattr(plugin, "grade_notebook", lambda *_: known["now"])
        for student in self.students:
            (submission,) = room.submissions(self.name, (student,))
            outcome = grade_submission(submission, source, Sandbox(Limits.for_timeout(timeout)))
            if outcome.graded is None:
                continue
            known["now"] = outcome.graded
            room.record(self.name, outcome)
            answer = api.autograde(self.name, student, force=True, create=True)
            assert answer["success"], answer["log"]
            count += 1
        return count

    def _stock_api(self) -> NbGraderAPI:
        before = os.environ.get("UNROLLED_CLASSROOM")
        os.environ["UNROLLED_CLASSROOM"] = str(self.stock)
        try:
            config = PyFileConfigLoader("nbgrader_config.py", path=str(self.course)).load_config()
        finally:
            del os.environ["UNROLLED_CLASSROOM"]
            os.environ.update({} if before is None else {"UNROLLED_CLASSROOM": before})
        config.merge(self.config)
        return NbGraderAPI(config=config)

    def assert_equal(self) -> None:
        """Compare all rows, and the notebooks that formgrader shows."""
        ours, stock = (rows_of(folder / "gradebook.db") for folder in (self.ours, self.stock))
        for table, rows in stock.items():
            assert ours[table] == rows, table
        notebooks = sorted(path.relative_to(self.stock) for path in self.stock.glob("autograded/*/*/*"))
        assert notebooks == sorted(path.relative_to(self.ours) for path in self.ours.glob("autograded/*/*/*"))
        for path in notebooks:
            assert (self.ours / path).read_text() == (self.stock / path).read_text(), path
            assert (self.ours / path).stat().st_mode == (self.stock / path).stat().st_mode


def say_when(path: Path, hours: float, form: str = "%Y-%m-%d %H:%M:%S UTC") -> None:
    """Put nbgrader's timestamp beside a submission, so many hours after the deadline."""
    (path.parent / "timestamp.txt").write_text((DUE + timedelta(hours=hours)).strftime(form))


@pytest.fixture
def two(written, tmp_path):  # noqa: F811
    """Two classrooms with a class in which everything occurs; the second submission is not yet recorded."""
    submit = written.submit
    missing = handed_in(written)
    missing.cells = [cell for cell in missing.cells if cell.id not in ("in-words", "check-many-to-many")]
    printing = handed_in(written)
    printing.cells.append(new_code_cell("for number in range(1500):\n    print(number)\nraise ValueError('é')"))
    odd = handed_in(written)
    for cell in odd.cells[:2]:
        cell.metadata = {}
    odd.metadata = {"kernelspec": {"name": "julia", "display_name": "Julia"}}
    say_when(submit("in time", handed_in(written)), -1)
    say_when(submit("late", handed_in(written)), 1.5)
    say_when(submit("very late", handed_in(written)), 100, "%Y-%m-%d %H:%M:%S +0100")
    say_when(submit("late with extension", handed_in(written)), 30)
    say_when(submit("late in spite of it", handed_in(written)), 50)
    say_when(submit("early", handed_in(written)), 2)
    submit("nobody knows when", handed_in(written))
    submit("unanswered", handed_in(written, "YOUR ANSWER HERE"))
    submit("wrong", written.wrong())
    submit("missing cells", missing)
    submit("printing", printing)
    submit("odd", odd)
    Classroom(written.folder, written.room).register("ps2")
    stock = tmp_path / "stock"
    shutil.copytree(written.room, stock)
    both = TwoClassrooms(written.folder, "ps2", written.room, stock)

    def deadline(gradebook):
        gradebook.find_assignment("ps2").duedate = DUE
        for student in ("late with extension", "late in spite of it"):
            gradebook.add_student(student)
            gradebook.add_submission("ps2", student)
            gradebook.grant_extension("ps2", student, days=2)

    both.edit(deadline)
    return both


@pytest.mark.parametrize("penalty", ["none", "zero", "a plugin of the course's own"])
def test_the_rows_of_a_first_run_are_those_of_nbgraders_own_step(two, monkeypatch, penalty):
    if penalty == "zero":
        two.config.LateSubmissionPlugin.penalty_method = "zero"
    elif penalty != "none":
        two.config.AssignLatePenalties.plugin_class = f"{__name__}.PointAnHour"
    assert two.record(monkeypatch) == 12
    two.assert_equal()
    penalties = {
        row["assignment_id"].rpartition("/")[2]: row["late_submission_penalty"]
        for row in rows_of(two.ours / "gradebook.db")["submitted_notebook"]
        if row["late_submission_penalty"] is not None
    }
    assert (
        penalties
        == {
            "none": {},
            "zero": {"late": 3, "very late": 3, "late in spite of it": 3, "early": 3},
            "a plugin of the course's own": {"late": 1.5, "very late": 3, "late in spite of it": 2, "early": 0},
        }[penalty]
    )


def test_the_rows_of_a_later_run_keep_what_a_person_gave_and_said_as_nbgrader_keeps_it(two, monkeypatch):
    two.config.AssignLatePenalties.plugin_class = f"{__name__}.PointAnHour"
    two.record(monkeypatch)

    def by_hand(gradebook):
        for number, student in enumerate(two.students):
            grade = gradebook.find_grade("in-words", "ps2", "ps2", student)
            grade.manual_score, grade.needs_manual_grade = number % 4, False
            grade.extra_credit = 0.5 if number % 3 == 0 else None
            gradebook.find_comment("in-words", "ps2", "ps2", student).manual_comment = f"Read it, {student}: é <b>"
        changed = gradebook.find_grade("check-many-to-many", "ps2", "ps2", "wrong")
        changed.manual_score, changed.needs_manual_grade = 1.5, False
        gradebook.find_student("late").first_name = "Ada"
        gradebook.find_submission_notebook("ps2", "ps2", "odd").flagged = True
        gradebook.grant_extension("ps2", "very late", days=7)

    two.edit(by_hand)
    for folder in (two.ours, two.stock):
        shutil.copy(folder / "submitted/unanswered/ps2/ps2.ipynb", folder / "submitted/late/ps2/ps2.ipynb")
        shutil.copy(folder / "submitted/odd/ps2/ps2.ipynb", folder / "submitted/wrong/ps2/ps2.ipynb")
        (folder / "submitted/late/ps2/timestamp.txt").unlink()
    two.record(monkeypatch)
    two.assert_equal()
    with Gradebook(f"sqlite:///{two.ours / 'gradebook.db'}") as gradebook:
        assert gradebook.find_grade("check-many-to-many", "ps2", "ps2", "wrong").manual_score == 1.5
        assert gradebook.find_grade("check-many-to-many", "ps2", "ps2", "wrong").auto_score == 2
        assert gradebook.find_grade("check-many-to-many", "ps2", "ps2", "wrong").needs_manual_grade
        assert gradebook.find_comment("in-words", "ps2", "ps2", "late").comment == "Read it, late: é <b>"


@pytest.mark.long
@pytest.mark.parametrize("name", ["ps2", "ps3"])
def test_the_rows_of_the_sample_class_are_those_of_nbgraders_own_step(name, tmp_path, monkeypatch):
    ours, stock = tmp_path / "ours", tmp_path / "stock"
    shutil.copytree(ROOT / "tests" / "sample_class" / "submitted", ours / "submitted")
    Classroom(ROOT, ours).register(name)
    shutil.copytree(ours, stock)
    two = TwoClassrooms(ROOT, name, ours, stock)
    assert two.record(monkeypatch, timeout=3.0) == {"ps2": 7, "ps3": 10}[name]
    two.assert_equal()


# ---------------------------------------------------------------------------------------------------------- one total


def test_table_report_page_and_export_say_the_same_total(written, tmp_path):  # noqa: F811
    (written.folder / "nbgrader_config.py").open("a").write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    say_when(written.submit("late", handed_in(written)), 1)
    say_when(written.submit("extended", handed_in(written)), 1)
    written.submit("by hand", handed_in(written))
    written.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    with Gradebook(f"sqlite:///{written.room / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment("ps2").duedate = DUE
        gradebook.grant_extension("ps2", "extended", hours=3)
        grade = gradebook.find_grade("in-words", "ps2", "ps2", "by hand")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2, 0.25, False
        gradebook.db.commit()
    shown = written.run("grade", "ps2", "--jobs", "1")
    assert shown.exit_code == 0, shown.output
    assert "3 of 3 have not changed since they were graded" in shown.output
    table = {line.split("│")[1].strip(): line.split("│")[2:4] for line in shown.output.splitlines() if "│" in line}
    assert {student: [text.strip() for text in cells] for student, cells in table.items()} == {
        "by hand": ["5.25", "3 by checks + 2 by hand + 0.25 extra"],
        "extended": ["3", "3 by checks (extension of 3 h)"],
        "late": ["0", "3 by checks - 3 late"],
    }
    written.run("report", "ps2", "--csv", str(tmp_path / "report.csv"))
    with (tmp_path / "report.csv").open(newline="") as lines:
        report = {row["student"]: float(row["total"]) for row in csv.DictReader(lines)}
    pages = {
        path.parent.parent.name: float(re.search(r"<title>.*?: (\S+) of 6 points", path.read_text())[1])
        for path in written.room.glob("feedback/*/ps2/ps2.html")
    }
    export = {student: score for student, (score, _) in exported(written, tmp_path).items()}
    assert report == pages == export == {"by hand": 5.25, "extended": 3, "late": 0}
