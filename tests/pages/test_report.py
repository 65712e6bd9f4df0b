"""The report says who stands where, what went wrong how often in words for people, and whom to look at and why."""

import csv
import importlib.resources
import io
import re

import pytest
from graded_parts import assignment, class_of, record

from autograder.report import report_csv, report_page, summarize
from autograder.report.similar import SimilarPair
from autograder.report.summary import STOPPED_OR_LATE, UNNAMED, sentences_of

NOT_ADDED = "dh_next from step t + 1 is not added to the upstream gradient of step t."
ONE = ("rnn_backward is not right yet. Wrong: dWh.\n  …", ("dh_next_not_added",))
STUB = "rnn_backward is still the stub. Write it, run its cell, then run this one again."
RELIES = "{} is not right, nor is rnn_step_backward, on which it relies: see to that first."
AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
FOUND = "axe.run(document).then((found) => found.violations.map(({ id, nodes }) => [id, nodes[0].html.slice(0, 120)]))"


def why(summary, student):
    return next(standing.look_at for standing in summary.standings if standing.student == student)


def question(summary, name):
    return next(question for question in summary.questions if question.cell.question == name)


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("</style>")[1]).split())


def said(message, mistakes=(), check="rnn_backward"):
    verdicts = record(assignment(), {check: (message, mistakes)}).verdicts
    return sentences_of(next(verdict for verdict in verdicts if not verdict.passed))


def test_the_commonest_mistakes_come_first_with_who_made_them_and_never_by_their_internal_name():
    found = class_of(
        {
            "ada": {},
            "bo": {"rnn_backward": ONE},
            "cy": {"rnn_backward": ONE},
            "dee": {"rnn_backward": ("rnn_backward is not right yet.", ("upstream_of_last_step_only",))},
            "eve": {"rnn_backward": "rnn_backward is not right yet."},
            "flo": {"rnn_backward": "rnn_backward is not right yet."},
            "gus": {"rnn_backward": "rnn_backward is not right yet."},
        }
    )
    mistakes = question(found, "rnn_backward").mistakes
    assert mistakes[0] == (NOT_ADDED, ("bo", "cy"))
    assert mistakes[1][1] == ("dee",)
    assert mistakes[2] == (UNNAMED, ("eve", "flo", "gus"))
    html = report_page(found)
    assert "dh_next_not_added" not in html
    assert "upstream_of_last_step_only" not in html
    assert f"2× {NOT_ADDED} bo, cy" in text_of(html)


def test_every_mistake_that_has_a_name_has_a_sentence_for_people():
    assert said("m", ("dh_next_not_added",)) == (NOT_ADDED,)
    assert said("m", ("outputs_permuted",)) == ("The numbers are right, but stand in another order.",)
    assert said("m", ("answer_kept",)) == ("An answer is kept from one call to the next.",)
    assert said(RELIES.format("rnn_backward")) == ("rnn_step_backward, on which it relies, is not right.",)
    assert said("rnn_backward raised ValueError: <b>their text</b>\nIn …") == ("It raises ValueError.",)
    assert said("rnn_backward did not return within 3 s. Look for a loop that never ends.") == (STOPPED_OR_LATE,)
    assert said("rnn_backward is not right yet.", ("a_name_that_nobody_knows",)) == (UNNAMED,)
    assert said(STUB) == ()
    assert said("There is no rnn_backward in this notebook. Run the cell that defines it.") == ()
    assert said("`raise NotImplementedError` still stands in rnn_backward, in line 3 of its cell.") == ()


def test_the_share_right_counts_everybody_who_was_graded_and_tells_open_from_wrong():
    found = class_of(
        {"ada": {}, "bo": {}, "cy": {"rnn_backward": ONE}, "dee": {"rnn_backward": STUB}}, students=["eve"]
    )
    asked = question(found, "rnn_backward")
    assert asked.counts == {"right": 2, "wrong": 1, "not answered": 1}
    assert asked.share_right == 0.5
    assert "50 % right: 2 right, 1 wrong, 1 not answered" in text_of(report_page(found))


def test_whoever_is_to_be_looked_at_is_named_with_the_reasons():
    everything = {cell.check: f"{cell.check} is still the stub." for cell in assignment().graded_cells}
    found = class_of(
        {
            "ada": {},
            "bo": {"rnn_backward": STUB},
            "cy": everything,
            "dee": {name: RELIES.format(name) for name in ("rnn_backward", "dWh_contributions")}
            | {"rnn_step_backward": "rnn_step_backward is not right yet.", "faded_steps": "wrong"},
            "eve": {},
        },
        remarks={
            "ada": ["The locked cell imports was changed; it was set back."],
            "bo": ["The answer cell rnn-backward is missing."],
            "eve": [
                'The cell that begins "x =" has a syntax error, so that nothing of it ran (E).',
                "Stopped: cell 5 (stopped after 3 s, the time limit).",
                "The check x could not be completed (E: e).",
            ],
        },
        handed_in={**dict.fromkeys(("ada", "bo", "cy", "dee", "eve"), "0" * 64), "flo": "1"},
        students=["gus"],
        troubles={"hal": "its notebook ps3.ipynb lies outside of the folder ps3."},
    )
    assert why(found, "ada") == ()
    assert why(found, "bo") == ("1 answer cell is missing", "1 of 7 questions is not answered")
    assert why(found, "cy") == ("nothing is answered",)
    assert why(found, "dee") == ("8 of 18 points", "rnn_step_backward spoils 2 other questions")
    assert why(found, "eve") == (
        'The cell that begins "x =" has a syntax error, so that nothing of it ran (E)',
        "cells were stopped: cell 5 (stopped after 3 s, the time limit)",
        "The check x could not be completed (E: e)",
    )
    assert why(found, "flo") == ("handed in, but not graded; grade it again to be told why",)
    assert why(found, "gus") == ("not handed in",)
    assert why(found, "hal") == ("its notebook ps3.ipynb lies outside of the folder ps3", "not handed in")
    shown = text_of(report_page(found))
    people = shown[shown.index("Whom to look at") : shown.index("Questions, and what went wrong")]
    assert "ada" not in people
    assert all(name in people for name in ("bo", "cy", "dee", "eve", "flo", "gus", "hal"))


def test_students_with_the_same_reasons_stand_together_and_first_who_cannot_wait():
    found = class_of(
        {"ada": {}, "bo": {"rnn_backward": STUB}, "cy": {"rnn_backward": STUB}},
        handed_in={**dict.fromkeys(("ada", "bo", "cy"), "0" * 64), "zoe": "1"},
        students=["absent", "missing"],
    )
    shown = text_of(report_page(found))
    rows = ("zoe handed in, but not graded", "bo, cy 1 of 7 questions is not answered", "absent, missing not handed in")
    places = [shown.index(row) for row in rows]
    assert places == sorted(places)


def test_grades_that_are_older_than_the_notebook_or_the_problem_set_are_called_so():
    assert why(class_of({"ada": {}}, handed_in={"ada": "f" * 64}), "ada") == (
        "the notebook or the problem set has changed since it was graded; grade it again",
    )
    assert class_of({"ada": {}}, source="f" * 64).standings[0].status == "graded before the last change"
    assert class_of({"ada": {}}, source="1" * 64).standings[0].status == "graded"


def test_half_graded_submissions_are_named():
    found = class_of({"ada": {}, "bo": {}}, name="ps8", given={"bo": {"written-answer": 2.0}})
    assert why(found, "ada") == ("half graded: an answer waits for a person",)
    assert why(found, "bo") == ()
    assert "1 right, 1 waits for a person" in text_of(report_page(found))


def test_who_is_stuck_where():
    behind = ("softmax_cross_entropy", "rnn_backward", "dWh_contributions", "rnn_backward_truncated",
              "repaired_rnn_backward", "faded_steps")  # fmt: skip
    found = class_of(
        {
            "ada": {},
            "bo": dict.fromkeys(behind[1:], "wrong"),
            "cy": dict.fromkeys(behind[1:], "wrong"),
            "dee": {"rnn_backward": "wrong"},
            "eve": {"faded_steps": "wrong"},
        }
    )
    assert found.stuck == (("check-rnn-backward", ("bo", "cy")), ("check-faded-steps", ("eve",)))


def test_page_and_table_take_their_totals_from_the_gradebook():
    found = class_of({"ada": {}}, late={"ada": 2.5}, given={"ada": {"check-rnn-backward": 3.0}})
    shown = text_of(report_page(found))
    assert "ada ✓ ✓ ✓ 3 ✓ ✓ ✓ ✓ ✓ 14 3 −2.5 14.5" in shown
    (row,) = csv.DictReader(io.StringIO(report_csv(found), newline=""))
    assert (row["rnn_backward"], row["checks"], row["by_hand"], row["late_penalty"], row["total"], row["of"]) == (
        "3.0", "14.0", "3.0", "2.5", "14.5", "18.0",
    )  # fmt: skip
    assert row["status"] == "graded"
    assert row["graded_at"] == "2026-11-22T11:40:00+00:00"


def test_the_table_leaves_nothing_to_be_calculated_and_no_points_where_there_are_none():
    found = class_of({"=1+1": {}}, handed_in={"=1+1": "0" * 64, "@x\ny": "1"}, students=["zoe"])
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(report_csv(found), newline=""))}
    assert set(rows) == {"'=1+1", "'@x y", "zoe"}
    assert rows["zoe"]["total"] == rows["zoe"]["rnn_backward"] == ""
    assert rows["zoe"]["look_at"] == "not handed in"


def test_points_without_a_record_are_shown_as_nbgrader_gave_them():
    found = class_of({"ada": {"rnn_backward": "wrong"}})
    summary = summarize(assignment(), [], {"ada": found.standings[0].totals}, handed_in={"ada": "1"})
    assert summary.standings[0].status == "graded"
    assert question(summary, "rnn_backward").counts == {"wrong": 1}
    assert "14" in report_csv(summary).splitlines()[1]


HOSTILE = "</td><script>window.taken = 1</script><img src=x onerror='window.taken = 1'>\u202eola https://evil.example"


def large_class():
    wrong = {"rnn_backward": ONE, "faded_steps": f"faded_steps raised {HOSTILE}: {HOSTILE}"}
    answers = {f"student-{number:03d}": wrong if number % 3 else {} for number in range(120)}
    return class_of({**answers, HOSTILE: wrong}, remarks={HOSTILE: [f"Stopped: {HOSTILE}"]}, students=["zoe"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_of_a_large_class_with_a_hostile_name_is_readable_and_harmless(opened, width, scheme):
    pairs = [SimilarPair((HOSTILE, "student-001"), ("rnn-backward",), 50)]
    page = opened(report_page(large_class(), pairs), width=width, scheme=scheme)
    assert page.evaluate("window.taken") is None
    assert page.evaluate('document.querySelectorAll("script, img, a").length') == 0
    assert page.requests() == [page.evaluate("location.href")]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert "\u202e" not in page.evaluate("document.body.innerHTML")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(FOUND) == []


def test_every_student_can_be_read_in_print(opened):
    page = opened(report_page(large_class()), medium="print")
    assert page.evaluate('document.querySelectorAll("tbody tr").length') == 122
    assert page.evaluate('getComputedStyle(document.querySelector(".wide")).overflowX') == "visible"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_numbers_stand_under_their_heads_and_a_column_that_is_empty_is_not_there(opened):
    page = opened(report_page(class_of({"ada": {}, "bo": {"rnn_backward": ONE}}, late={"bo": 1.5})))
    heads = page.evaluate('[...document.querySelectorAll(".class thead th")].map((head) => head.textContent)')
    assert heads[-3:] == ["checks", "late", "total"]
    assert "extra" not in heads
    right = """(name) => [...document.querySelectorAll(name)].map((cell) => {
      const range = document.createRange(); range.selectNodeContents(cell);
      return Math.round(range.getBoundingClientRect().right); })"""
    for place in (3, 2, 1):
        ends = page.evaluate(f"({right})('.class tr > :nth-last-child({place})')")
        assert len(ends) == 3
        assert max(ends) - min(end for end in ends if end) <= 1


def test_in_print_a_status_is_no_larger_than_the_name_beside_it(opened):
    page = opened(report_page(class_of({"ada": {}}, students=["zoe"])), medium="print")
    sizes = page.evaluate('[".class .status", ".class bdi"].map((name) => '
                          "getComputedStyle(document.querySelector(name)).fontSize)")  # fmt: skip
    assert sizes[0] == sizes[1]


def test_names_and_totals_stay_in_sight_where_the_table_is_wider_than_the_window(opened):
    page = opened(report_page(class_of({"ada": {}, "bo": {"rnn_backward": ONE}})), width=260)
    seen = """(name) => [...document.querySelectorAll(name)].map((cell) => {
      const { left, right } = cell.getBoundingClientRect();
      return left >= 0 && right <= innerWidth && cell.contains(document.elementFromPoint(
        (left + right) / 2, cell.getBoundingClientRect().top + 5)); })"""
    page.evaluate("document.querySelector('.class').scrollIntoView()")
    for scrolled in (0, 1000):
        page.evaluate(f"document.querySelector('.wide').scrollLeft = {scrolled}")
        for names in (".class tbody tr > :first-child", ".class tr > :last-child"):
            assert set(page.evaluate(f"({seen})({names!r})")) == {True}, (scrolled, names)
    assert page.evaluate("document.querySelector('.wide').scrollLeft") > 0, "the table is not wider than the window"
