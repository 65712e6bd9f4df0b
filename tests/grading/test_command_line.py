"""The command line says what it does, and what is wrong, in words and in exit codes."""

import csv
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from rich.console import Console

from autograder import cli
from autograder.grading import records
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import SandboxUnavailable


def invoke(*arguments):
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def refused(result, code, *words):
    """Assert that a command ended in one clear sentence."""
    lines = [line for line in result.output.splitlines() if line.strip()]
    text = " ".join(lines)
    return (
        result.exit_code == code
        and text.count("Error: ") == 1
        and "Traceback" not in text
        and all(word in text for word in words)
    ) or pytest.fail(f"exit code {result.exit_code}: {result.output}")


def test_help_names_the_commands_their_options_and_the_exit_codes():
    top = invoke("--help")
    assert top.exit_code == 0
    assert all(
        word in top.output for word in ("grade ", "report ", "explain ", "progress ", "Exit codes:", "formgrader")
    )
    grade = invoke("grade", "-h")
    options = ("--course", "--classroom", "--student", "--jobs", "--timeout", "--no-feedback", "--book", "--force")
    assert all(option in grade.output for option in options)
    assert "ASSIGNMENT|FILE.ipynb" in grade.output
    for code in ("  0  ", "  1  ", "  2  ", "  3  ", "  130  "):
        assert code in grade.output
    assert all(option in invoke("report", "--help").output for option in ("--html", "--csv", "--canvas", "--moodle"))


def test_help_and_a_single_file_do_without_nbgrader(course):
    path = course.submit("ada")
    script = (
        "import sys; sys.modules['nbgrader'] = None; from autograder.cli import main;"
        "main(sys.argv[1:], prog_name='autograder')"
    )
    for arguments in (["--help"], ["grade", path, "--course", course.folder]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_file_that_is_all_right_exits_with_0_and_records_nothing(course):
    path = course.submit("ada")
    before = sorted(course.folder.rglob("*"))
    result = course.run("grade", str(path))
    assert result.exit_code == 0, result.output
    assert "right    rnn_parameter_count (1 of 1)\nright    many_to_many (2 of 2)\n" in result.output
    assert "3 of 3 points" in result.output
    assert sorted(course.folder.rglob("*")) == before


def test_a_file_with_a_mistake_exits_with_1_and_shows_the_message(course):
    result = course.run("grade", str(course.submit("ada", course.wrong())))
    assert result.exit_code == 1
    assert "not yet  many_to_many (0 of 2)\n         many_to_many: y is wrong" in result.output
    assert "1 of 3 points" in result.output


def test_a_starred_question_left_out_is_no_mistake(course):
    source = nbformat.read(course.source, as_version=4)
    source.cells[-1].metadata.nbgrader["points"] = 0
    nbformat.write(source, course.source)
    result = course.run("grade", str(course.submit("ada", course.wrong())))
    assert result.exit_code == 0
    assert "not yet  many_to_many (extra)" in result.output


def test_a_starred_question_shows_in_the_table_only_when_it_is_right(course):
    source = nbformat.read(course.source, as_version=4)
    source.cells[-1].metadata.nbgrader["points"] = 0
    nbformat.write(source, course.source)
    course.submit("ada")
    course.submit("bruno", course.wrong())
    rows = {row.split()[1]: row for row in course.run("grade", "ps2").output.splitlines() if "│" in row}
    assert "1★" in rows["ada"]
    assert "★" not in rows["bruno"]
    assert "nothing: all right" in rows["bruno"]


def test_a_set_of_starred_questions_alone_says_which_of_them_are_open(course):
    source = nbformat.read(course.source, as_version=4)
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.nbgrader["points"] = 0
    nbformat.write(source, course.source)
    course.submit("ada")
    course.submit("bruno", course.wrong())
    rows = {row.split()[1]: row for row in course.run("grade", "ps2").output.splitlines() if "│" in row}
    assert "0★★" in rows["ada"]
    assert "nothing: all right" in rows["ada"]
    assert "0★ " in rows["bruno"]
    assert "many_to_many" in rows["bruno"]


def test_a_file_that_cannot_be_graded_exits_with_1(course):
    path = course.submit("ada")
    path.write_text("no JSON")
    refused(course.run("grade", str(path)), 1, "cannot be graded", "is not JSON")


def test_a_file_that_is_not_there_or_belongs_to_no_assignment_is_said_so(course, tmp_path):
    refused(course.run("grade", str(tmp_path / "ps2.ipynb")), 2, "there is no file")
    other = tmp_path / "homework.ipynb"
    other.touch()
    refused(course.run("grade", str(other)), 2, "homework.ipynb", "expected one of: ps2.ipynb")
    refused(invoke("grade", other, "--course", tmp_path), 2, "holds no course")


def test_an_unknown_assignment_is_answered_with_those_there_are(course):
    refused(course.run("grade", "ps77"), 2, "there is no assignment 'ps77'; there are: ps2")
    refused(course.run("report", "ps77"), 2, "there is no assignment 'ps77'; there are: ps2")


def test_a_folder_without_a_course_is_said_so(tmp_path):
    refused(invoke("grade", "ps2", "--course", tmp_path), 2, "has no nbgrader_config.py", "--course")


def test_a_classroom_that_cannot_be_made_is_said_so(course):
    shutil.rmtree(course.room)
    course.room.touch()
    refused(invoke("grade", "ps2", "--course", course.folder), 2, "classroom cannot be made: File exists")


def test_a_class_without_submissions_is_said_so(course):
    refused(course.run("grade", "ps2"), 2, "there is nothing to grade in", "submitted/*/ps2")


def test_a_source_notebook_with_a_graded_cell_that_is_no_check_is_said_so(course):
    course.submit("ada")
    source = nbformat.read(course.source, as_version=4)
    source.cells[-1].source = "assert many_to_many"
    nbformat.write(source, course.source)
    refused(course.run("grade", "ps2"), 2, "cell check-many-to-many", 'a graded cell is one line, check("name")')


def test_only_the_students_that_are_named_are_graded(course):
    for student in ("ada", "bo", "cy"):
        course.submit(student)
    result = course.run("grade", "ps2", "--student", "ada", "--student", "cy", "--jobs", "1", "--no-feedback")
    assert result.exit_code == 0
    assert course.points() == {"ada": [1, 2], "cy": [1, 2]}
    assert not (course.room / "feedback").exists()
    refused(course.run("grade", "ps2", "--student", "zoe"), 2, "no submission for ps2 by zoe in")


def test_without_a_sandbox_nothing_is_graded_and_the_exit_code_is_3(course, monkeypatch):
    def missing():
        raise SandboxUnavailable("the program bwrap is not on this machine: install it with apt-get")

    monkeypatch.setattr(bubblewrap, "find_bubblewrap", missing)
    path = course.submit("ada")
    refused(course.run("grade", "ps2", "--jobs", "1"), 3, "install it with")
    refused(course.run("grade", str(path)), 3, "install it with")
    assert course.points() == {}


def test_grading_without_a_sandbox_has_to_be_asked_for_and_is_warned_of(course):
    result = course.run("grade", str(course.submit("ada")), "--unsafe-no-sandbox")
    assert result.exit_code == 0
    assert "No sandbox: the notebooks can read, change and send whatever you can." in result.output


@pytest.mark.parametrize("option", [("--jobs", "0"), ("--timeout", "0"), ("--jobs", "many"), ("--nonsense",)])
def test_options_that_make_no_sense_are_refused(course, option):
    assert course.run("grade", "ps2", *option).exit_code == 2


def test_the_report_shows_points_by_question_and_writes_them_as_csv(course, tmp_path):
    refused(course.run("report", "ps2"), 2, "holds no grades for ps2; run `grade ps2` first")
    course.submit("ada")
    course.submit("=bo", course.wrong())
    course.run("grade", "ps2", "--jobs", "1")
    file = tmp_path / "grades.csv"
    result = course.run("report", "ps2", "--csv", str(file))
    assert result.exit_code == 0
    table = [line.replace("│", " ").split() for line in result.output.splitlines()]
    assert ["ada", "1", "2", "3"] in table
    assert ["=bo", "1", "0", "1"] in table
    assert ["solved", "by,", "%", "100", "50"] in table
    assert "Q1 rnn_parameter_count" in result.output
    with file.open(newline="") as lines:
        rows = {row["student"]: row for row in csv.DictReader(lines)}
    assert [row["total"] for row in rows.values()] == ["1.0", "3.0"]
    assert (rows["'=bo"]["rnn_parameter_count"], rows["'=bo"]["many_to_many"]) == ("1.0", "0.0")
    refused(course.run("report", "ps2", "--csv", str(tmp_path / "no" / "f.csv")), 2, "cannot be written")
    files = {name: tmp_path / name for name in ("html", "canvas", "moodle")}
    course.submit("late-comer")
    result = course.run("report", "ps2", *(part for name, path in files.items() for part in (f"--{name}", str(path))))
    assert result.exit_code == 0
    assert "- late-comer: handed in, but not graded" in result.output
    assert "not in it: late-comer (not graded)" in result.output
    assert "not in it: =bo (a spreadsheet takes a name that begins with '=' for a formula)" in result.output
    page = files["html"].read_text()
    assert "The bias by is not added." in page
    assert "Whom to look at, and why" in page
    assert files["canvas"].read_bytes().endswith(b"\r\nada,,,ada,,3\r\n")
    assert files["moodle"].read_bytes() == b"Username,ps2\r\nada,3\r\n"
    refused(course.run("report", "ps2", "--canvas", str(tmp_path / "c"), "--column", "Final Score"), 2, "Canvas")


def test_messages_and_pages_lead_to_the_book_whose_address_is_given(course, monkeypatch):
    monkeypatch.setenv("UNROLLED_BOOK", "")  # so that it is put back
    refused(course.run("grade", "ps2", "--book", "javascript:1"), 2, "--book takes the http(s) address")
    course.submit("ada", course.wrong())
    course.run("grade", "ps2", "--jobs", "1", "--book", "https://example.org/unrolled")
    page = (course.room / "feedback" / "ada" / "ps2" / "ps2.html").read_text()
    assert 'href="https://example.org/unrolled/02-the-recurrent-neural-network.html#equation-rnn-output"' in page

    # Those who grade are forked from a process that has been started once.
    course.run("grade", "ps2", "--jobs", "1", "--force", "--book", "https://example.org/moved")
    (record,) = records.read(course.room, "ps2")
    assert "https://example.org/moved/02-the-recurrent-neural-network.html" in record.verdicts[1].message


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_of_a_class_fits_the_terminal(course, monkeypatch, columns):
    monkeypatch.setattr(cli, "console", Console(highlight=False, width=columns))
    course.submit("a-student-with-a-rather-long-name-of-forty", course.wrong())
    course.submit("bo").write_text("{")
    result = course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    table = [line for line in result.output.splitlines() if line[:1] in "┏┃┡│└"]
    assert table
    assert max(map(len, table)) <= columns
    assert "cut off on the way" in " ".join(result.output.replace("│", " ").split())
    assert "…" not in "".join(table)


def test_the_module_runs_from_the_command_line(course):
    environment = {**os.environ, "PYTHONWARNINGS": "error::SyntaxWarning"}
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", "ps77", "--course", course.folder],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: there is no assignment 'ps77'; there are: ps2"


def test_force_counts_what_it_replaces_and_says_so_where_there_is_nothing(course):
    course.submit("ada")
    first = course.run("grade", "ps2", "--jobs", "1", "--force").output
    assert "Nothing is graded yet: there is nothing that --force would replace." in first
    assert "Graded again" not in first
    course.submit("bo")
    again = course.run("grade", "ps2", "--jobs", "1", "--force").output
    assert "Graded again: 1. What checks gave them is replaced" in again


def test_the_column_of_what_points_are_made_of_is_there_only_for_who_is_in_the_table(course):
    for student in ("ada", "bo"):
        course.submit(student)
    course.run("grade", "ps2", "--jobs", "1")
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        gradebook.grant_extension("ps2", "bo", days=2)
    assert "Made of" in course.run("grade", "ps2", "--jobs", "1").output
    assert "Made of" not in course.run("grade", "ps2", "--jobs", "1", "--student", "ada").output


def test_remarks_stand_under_the_table_where_a_line_has_room_for_them(course, monkeypatch):
    monkeypatch.setattr(cli, "console", Console(highlight=False, width=80))
    course.submit("bo").write_text("{")
    course.submit("ada")
    lines = course.run("grade", "ps2", "--jobs", "1", "--no-feedback").output.splitlines()
    assert "bo  ps2.ipynb is not JSON; it was cut off on the way, or is another file." in map(str.rstrip, lines)
    assert lines.index("Remarks:") > max(number for number, line in enumerate(lines) if "│" in line)
    course.submit("bo")
    assert "Remarks" not in course.run("grade", "ps2", "--jobs", "1", "--no-feedback").output
