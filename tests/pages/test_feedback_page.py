"""The feedback page says what a learner needs first, stands alone, and does nothing that a notebook asks for."""

import importlib.resources
import re
import time
from datetime import datetime
from html.parser import HTMLParser

import pytest
from graded_parts import assignment, handed_in, new_code_cell, new_markdown_cell, new_output, record, totals
from pygments import highlight

from autograder.feedback import cells, feedback_page, text
from autograder.feedback.cells import MAX_PAGE
from tests.grading.small_course import cell_of

BOOK = "https://course.example.org/unrolled"
MESSAGE = """rnn_backward is not right yet. Wrong: dWh. Right: dx.
  dWh counts one step only.
  See equation bptt-dWh in the book: 03-backpropagation-through-time.html#equation-bptt-dwh
  dWh[0, 2]: yours 2.6664, numeric gradient -3.36087.
  The same numbers again: check("rnn_backward", seed=7)"""
BIDI = "\u202e\u2066\u200f"
HOSTILE = (
    "</pre></article><script>window.taken = 1</script><img src=x onerror='window.taken = 1'>"
    "<style>body{display:none}</style><iframe src='https://evil.example/'></iframe><svg onload='window.taken = 1'>"
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><a href='javascript:window.taken = 1'>here</a> "
    "https://evil.example/in-text [click](https://evil.example/markdown) mailto:a@evil.example {{ 7 * 7 }} {% raw %}"
    f"{BIDI}\x00\x1b[31mred\x1b[0m\x08\x85\ud800 " + "z" + "\u0301" * 500
)
FOREIGN = "img, script, iframe, svg, object, embed, form, input, link, base, video, audio, [onerror], [onload], [style]"


def page_of(wrong=None, *, notebook=None, book="", name="ps3", more=None, **total):
    of = assignment(name)
    graded = record(of, wrong, **(more or {}))
    return feedback_page(of, graded, totals(of, graded, **total), notebook=notebook, book=book)


class Words(HTMLParser):
    """The text of a document, without its style and title."""

    def __init__(self, html):
        super().__init__()
        self.words, self._inside = [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._inside = tag

    def handle_data(self, data):
        if self._inside not in ("style", "title"):
            self.words.append(data)

    def handle_endtag(self, tag):
        if tag in ("th", "td", "figcaption"):
            self.words.append(" ")

    @property
    def text(self):
        return "".join(self.words)


def words(html):
    return Words(html).text


def test_verdicts_come_first_under_the_headings_of_the_set_with_the_message_as_the_learner_saw_it():
    html = page_of({"rnn_backward": MESSAGE}, notebook=handed_in())
    shown = words(html)
    assert "Test cell" not in shown
    order = ["Problem set 3: Backpropagation through time", "ada", "14 of 18 points", "3. The whole sequence backward"]
    places = [shown.index(part) for part in (*order, "Your notebook")]
    assert places == sorted(places)
    for line in MESSAGE.splitlines():
        if "See equation" not in line:
            assert line in shown
    assert shown.index(MESSAGE.splitlines()[1]) < shown.index("Your notebook")


def test_right_and_wrong_are_told_apart_by_words_and_signs():
    html = page_of({"rnn_backward": MESSAGE})
    states = re.findall(r'class="mark" aria-hidden="true">(.)</span>.*?class="state">([^<]+)<', html)
    assert states.count(("✓", "Right")) == 7
    assert states.count(("✗", "Not yet")) == 1


def test_an_equation_leads_to_its_page_of_the_book_where_the_book_has_an_address():
    href = f'href="{BOOK}/03-backpropagation-through-time.html#equation-bptt-dwh"'
    assert href in page_of({"rnn_backward": MESSAGE}, book=BOOK)
    assert href in page_of({"rnn_backward": MESSAGE}, book=BOOK + "/")
    assert 'href="../book/03-back' in page_of({"rnn_backward": MESSAGE}, book="../book")
    without = page_of({"rnn_backward": MESSAGE})
    assert 'href="03-' not in without
    assert "See equation bptt-dWh in the book: chapter 3, backpropagation through time" in words(without)


@pytest.mark.parametrize("book", ["javascript:alert(1)", "//evil.example", "data:text/html,x", 'https://a"b'])
def test_an_address_of_the_book_that_is_none_is_refused(book):
    with pytest.raises(ValueError, match="the address of the book is"):
        page_of({"rnn_backward": MESSAGE}, book=book)


def test_points_by_hand_extra_credit_and_lateness_stand_apart_from_those_of_checks():
    html = page_of(
        name="ps8",
        given={"written-answer": 1.5},
        comments={"written-answer": "Say <b>why</b>.", "adam-step": "Well done."},
        extra_credit=1.0,
        late_penalty=2.0,
        total=24.5,
        submitted_at=datetime(2026, 11, 3, 2, 0),
        due=datetime(2026, 11, 1),
    )
    shown = " ".join(words(html).split())
    assert "24.5 of 26 points" in shown
    for part in (
        "from checks 24 of 24",
        "by hand 1.5 of 2",
        "extra credit +1",
        "handed in late, 2 days and 2 hours −2",
        "total 24.5",
    ):
        assert part in shown
    assert "Read by a person 1.5 of 2" in shown
    assert "Comment Say <b>why</b>." in shown
    assert shown.index("5. A step with memory") < shown.index("Comment Well done.") < shown.index("6. Train it")
    assert "so far" not in shown


def test_an_answer_in_words_waits_and_shows_its_rubric_only_when_a_person_has_read_it():
    notebook = handed_in("ps8")
    answer = cell_of(notebook, "written-answer")
    rubric = answer.source.split("\n", 1)[1].rsplit("\n", 1)[0]
    answer.source = "B, I think."
    shown_to_grader = new_markdown_cell(f"**A possible answer**\n\n{rubric}")
    notebook.cells.append(shown_to_grader)
    waiting = words(page_of(name="ps8", notebook=notebook))
    assert "24 of 26 points so far" in " ".join(waiting.split())
    assert "Not read yet" in waiting
    assert "B, I think." in waiting
    assert "Rubric" not in waiting
    read = words(page_of(name="ps8", notebook=notebook, given={"written-answer": 1.0}))
    assert read.count("**Rubric, 2 points in all**") == 1


def test_an_answer_that_has_changed_since_a_person_read_it_and_one_that_is_missing_are_said():
    read = page_of(name="ps8", given={"written-answer": 1.0}, waiting=("written-answer",))
    assert "a person will read it once more" in words(read)
    missing = page_of(name="ps8", points={"written-answer": 0.0}, waiting=())
    assert "There is no answer." in words(missing)
    assert "so far" not in words(missing)


def test_what_a_person_changed_about_a_check_is_said():
    shown = " ".join(words(page_of({"rnn_backward": MESSAGE}, given={"check-rnn-backward": 3.0})).split())
    assert "Not yet 3 of 4" in shown
    assert "A person has set the points; the check gave 0." in shown


def test_a_starred_question_that_is_open_is_no_fault():
    html = page_of({"rnn_rtrl": "rnn_rtrl is still the stub."})
    assert "Every check that has points is right." in words(html)
    assert "★ extra" in words(html)


def test_text_of_the_set_is_left_out_and_code_that_was_handed_out_is_folded():
    own = new_markdown_cell("My own remark, in **bold**.")
    html = page_of(notebook=handed_in("ps3", own))
    shown = words(html)
    assert "My own remark, in **bold**." in shown
    assert "Two lines are missing" not in shown
    assert "<summary>handed out: <code>class StepCache</code></summary>" in html
    assert 'class="k">def</span>' in html


def test_neither_the_machine_nor_its_folders_are_named(monkeypatch):
    monkeypatch.setattr(text.socket, "gethostname", lambda: "grader-7.example.edu")
    text._places.cache_clear()
    here = text.Path.cwd()
    told = f'File "{here}/autograder/x.py" on grader-7.example.edu, and grader-7 under {text.sys.prefix}/lib'
    cell = new_code_cell("1", outputs=[new_output("stream", text=told)])
    html = page_of({"rnn_backward": told}, notebook=handed_in("ps3", cell), more={"remarks": (told,)})
    text._places.cache_clear()
    assert "grader-7" not in html
    assert str(here) not in html
    assert text.sys.prefix not in html
    assert "…/autograder/x.py" in html


@pytest.fixture(scope="module")
def hostile():
    """A page on which a stranger has written wherever a stranger can."""
    outputs = [
        new_output("stream", name="stdout", text=HOSTILE),
        new_output("stream", name="stderr", text=HOSTILE),
        new_output("error", ename="E", evalue=HOSTILE, traceback=[HOSTILE]),
        new_output("execute_result", data={"text/html": HOSTILE, "text/plain": HOSTILE, "image/svg+xml": HOSTILE}),
        new_output("display_data", data={"text/html": HOSTILE, "application/javascript": "window.taken = 1"}),
    ]
    cells = [
        new_markdown_cell(HOSTILE),
        new_code_cell(f"# {HOSTILE}", outputs=outputs),
        new_code_cell(HOSTILE),
        new_code_cell("print()", outputs=[new_output("stream", text="https://evil.example/long\n" * 300_000)]),
        new_code_cell("print()", outputs=[new_output("stream", text="w" * 5_000_000)]),
        *(new_code_cell(f"x = {number}  # {'y' * 3000}") for number in range(1000)),
    ]
    lie = "See equation bptt-dh in the book: javascript:window.taken=1"
    return page_of(
        {"rnn_backward": f"rnn_backward raised Error: {HOSTILE}\n{lie}", "faded_steps": (HOSTILE, ("x",))},
        notebook=handed_in("ps3", *cells),
        comments={"rnn-backward": HOSTILE},
        book=BOOK,
        more={"student": HOSTILE, "remarks": (HOSTILE,)},
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_a_hostile_notebook_runs_nothing_loads_nothing_and_links_to_nothing(hostile, opened, width):
    page = opened(hostile, width=width)
    assert page.evaluate("window.taken") is None
    assert page.requests() == [page.evaluate("location.href")]
    assert page.evaluate(f'document.querySelectorAll("{FOREIGN}").length') == 0
    links = page.evaluate('[...document.querySelectorAll("a")].map((link) => link.getAttribute("href"))')
    assert {link for link in links if not link.startswith("#")} == {
        f"{BOOK}/03-backpropagation-through-time.html#equation-bptt-dh"
    }
    body = page.evaluate("document.body.innerText")
    assert "<script>window.taken = 1</script>" in body
    assert "[click](https://evil.example/markdown)" in body
    assert "{{ 7 * 7 }} {% raw %}" in body
    assert page.evaluate("getComputedStyle(document.body).display") == "block"
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_hostile_notebook_turns_no_text_around_and_makes_no_endless_page(hostile):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", hostile)
    assert "\u0301" * 4 not in hostile
    assert len(hostile) < 3 * MAX_PAGE
    assert "more characters]" in hostile
    assert "lines are left out …]" in hostile
    assert "more cells are not shown here]" in hostile


def test_no_script_could_run_even_if_one_got_in(opened):
    html = page_of().replace("</main>", "<script>window.taken = 1</script></main>")
    page = opened(html)
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("window.taken") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_readable_in_both_widths_and_schemes(opened, width, scheme):
    page = opened(page_of({"rnn_backward": MESSAGE}, notebook=handed_in(), book=BOOK), width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(FOUND) == []
    assert page.evaluate(CUT) == []


AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
FOUND = "axe.run(document).then((found) => found.violations.map(({ id, nodes }) => [id, nodes[0].html.slice(0, 120)]))"
CUT = """[...document.body.querySelectorAll("*")]
  .filter((element) => element.getClientRects().length && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))"""


def test_the_keyboard_reaches_what_is_not_right_and_the_book(opened):
    page = opened(page_of({"rnn_backward": MESSAGE}, book=BOOK))
    page.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#q3"
    page.press("Enter")
    assert page.evaluate("location.hash") == "#q3"
    page.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')").startswith(BOOK)


def test_printed_the_page_is_black_on_white_and_nothing_scrolls(opened):
    cell = new_code_cell("1", outputs=[new_output("stream", text="line\n" * 300)])
    page = opened(page_of(notebook=handed_in("ps3", cell)), scheme="dark", medium="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    scrolling = '[...document.querySelectorAll("pre")].filter((pre) => pre.scrollHeight > pre.clientHeight + 2).length'
    assert page.evaluate(scrolling) == 0
    assert page.evaluate('getComputedStyle(document.querySelector("details.given")).display') == "none"


def test_what_the_course_wrote_is_colored_once_for_the_whole_class(monkeypatch):
    colored = []
    monkeypatch.setattr(cells, "highlight", lambda text, *rest: colored.append(text) or highlight(text, *rest))
    of, notebook = assignment(), handed_in()
    graded = record(of, {"rnn_backward": MESSAGE})
    feedback_page(of, graded, totals(of, graded), notebook=notebook, book=BOOK)
    colored.clear()
    written = 0
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code":
            cell.source += "\n# by bo"
            written += 1
    feedback_page(of, graded, totals(of, graded), notebook=notebook, book=BOOK)
    assert written > 2
    assert len(colored) == written
    assert all("# by bo" in text for text in colored)


def test_sources_that_are_slow_to_take_apart_cost_little_time():
    slow = [new_code_cell(f"# {number}" + ("\n" + " " * 5) * 1300) for number in range(40)]
    notebook = handed_in("ps3", *slow)
    before = time.process_time()
    page_of(notebook=notebook)
    assert time.process_time() - before < 5  # 0.3; ten when all of them are taken apart


def test_what_nbgrader_says_of_an_untouched_answer_does_not_look_like_a_persons_comment():
    cells = assignment().cells
    (answer,) = [cell.grade_id for cell in cells if cell.grade_id == "rnn-rtrl"]
    for comment, there in (("No response.", False), ("Do try the extra.", True)):
        html = page_of({"rnn_rtrl": "rnn_rtrl is still the stub."}, comments={answer: comment})
        assert ("Comment" in words(html)) is there
        assert (comment in words(html)) is there
