"""In formgrader, as an instructor has it before them: found by its links, read, given points and a comment, saved."""

import time

import pytest
from formgrader import TOKEN, formgrader
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from test_graded_by_hand import ANSWER, RUBRIC, handed_in, written  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow

COMMENT = "What do the weights remember?"
ATTACK = (
    '<script>window.taken = 1</script><img src=x onerror="window.taken = 1"><style>.score { display: none }</style>'
)


def until(found, seconds=30):
    """Return what a function finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (there := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return there


def follow(page, words):
    """Go where the link leads that has these words."""
    link = f"[...document.querySelectorAll('a')].find((a) => a.textContent.trim() === {words!r})?.href"
    address = until(lambda: page.evaluate(link))
    assert address, page.evaluate("document.body.innerText")
    page.go(address)


def saved(course):
    """Return the points and the comment that the gradebook holds for Ada's answer in words."""
    with Gradebook(f"sqlite:///{course.room / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("in-words", "ps2", "ps2", "ada")
        return grade.manual_score, gradebook.find_comment("in-words", "ps2", "ps2", "ada").manual_comment


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.long)])
def test_points_and_a_comment_are_typed_saved_counted_and_sent(written, page, tmp_path, width):  # noqa: F811
    notebook = handed_in(written)
    notebook.cells.insert(0, new_markdown_cell(ATTACK))
    written.submit("ada", notebook)
    written.run("grade", "ps2", "--jobs", "1")
    page.resize(width, 900, touch=width < 500)
    with formgrader(written, tmp_path) as address:
        page.go(f"{address}/gradebook?token={TOKEN}")
        for words in ("ps2", "ps2", "Submission #1"):
            follow(page, words)
        text = page.evaluate("document.body.innerText")
        assert "It remembers what its state holds." in text
        assert RUBRIC in text
        assert page.evaluate("window.taken") is None
        assert until(lambda: page.evaluate("formgrader.grade_uis?.length > 0 && formgrader.comment_uis?.length > 0"))
        for name, typed in (("in-words", "2"), ("in-words-comment", COMMENT)):
            place = f"document.getElementById('{name}')"
            assert page.evaluate(f"{place}.getBoundingClientRect().width") > 20
            page.evaluate(f"{place}.focus()")
            page.send("Input.insertText", text=typed)
            page.evaluate(f"{place}.blur()")
        assert until(lambda: saved(written) == (2, COMMENT)), saved(written)
    table = written.run("grade", "ps2", "--jobs", "1").output
    assert "3 by checks + 2 by hand" in table
    sent = (written.room / "feedback" / "ada" / "ps2" / "ps2.html").read_text()
    assert COMMENT in sent
    assert "<strong>5</strong> of 6 points" in sent
    assert ANSWER.partition(" ")[0] in sent
