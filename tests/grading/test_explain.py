"""A recorded verdict comes out the same from its seed, to the bit, and what has changed since is said."""

import json

import nbformat
import pytest
from small_course import cell_of

from autograder.grading import records


def explain(course, student, question):
    result = course.run("explain", student, "ps2", question)
    return result.exit_code, " ".join(result.output.split())


def test_a_verdict_comes_out_the_same_to_the_bit_and_changes_are_said(course):
    course.submit("ada", course.wrong())
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    (before,) = records.read(course.room, "ps2")
    seed = before.verdicts[1].seed
    for question in ("many_to_many", "check-many-to-many", "Q2"):
        code, said = explain(course, "ada", question)
        assert code == 0, said
        assert f"seed {seed}" in said
        assert "The bias by is not added." in said
        assert "The notebook is the one that was graded." in said
        assert "The checks are those of then." in said
        assert said.endswith("Graded once more: the same to the bit.")
    assert records.read(course.room, "ps2") == [before]

    file = records.record_file(course.room, "ps2", "ada")
    content = json.loads(file.read_text())
    content["verdicts"][1]["seed"] = seed + 1
    content["versions"] = {**content["versions"], "grader": "f" * 64, "numpy": "1.0"}
    file.write_text(json.dumps(content))
    code, said = explain(course, "ada", "many_to_many")
    assert code == 1
    assert "Graded once more: another message." in said
    assert "The checks have changed since: then autograder" in said
    assert "digest ffffffffffff; now" in said
    assert "NumPy 1.0 then," in said

    course.submit("ada", course.right())
    code, said = explain(course, "ada", "many_to_many")
    assert code == 1
    assert "The notebook has changed since" in said
    assert "another verdict, another points, another message, another mistake" in said


def test_an_answer_that_is_another_every_time_is_found_out(course):
    noisy = "import os\ndef many_to_many(h, Wy, by):\n    return h @ Wy + int.from_bytes(os.urandom(2))"
    course.submit("ada", course.wrong(source=noisy))
    course.run("grade", "ps2", "--jobs", "1", "--no-feedback")
    code, said = explain(course, "ada", "many_to_many")
    assert code == 1
    assert "another message" in said


@pytest.mark.parametrize(
    ("student", "question", "words"),
    [
        ("bo", "many_to_many", "there is no record of bo for ps2; grade ps2 first"),
        ("bo", "rnn_backward", "ps2 has no question 'rnn_backward'; there are: rnn_parameter_count, many_to_many"),
        ("bo", "3", "ps2 has no question '3'"),
    ],
)
def test_what_cannot_be_repeated_is_said_in_one_sentence(course, student, question, words):
    course.submit("bo")
    code, said = explain(course, student, question)
    assert code == 2
    assert words in said
    assert said.count("Error: ") == 1
    assert "Traceback" not in said


def test_an_answer_in_words_has_no_verdict_of_a_check(course):
    role = {"grade": True, "grade_id": "in-words", "locked": False, "points": 3, "schema_version": 3,
            "solution": True, "task": False}  # fmt: skip
    source = nbformat.read(course.source, as_version=4)
    text = "### BEGIN SOLUTION\nA rubric.\n### END SOLUTION"
    source.cells.append(nbformat.v4.new_markdown_cell(text, metadata={"nbgrader": role}, id="in-words"))
    nbformat.write(source, course.source)
    assert cell_of(source, "in-words").source == text
    code, said = explain(course, "ada", "in-words")
    assert code == 2
    assert "in-words is read by a person" in said
