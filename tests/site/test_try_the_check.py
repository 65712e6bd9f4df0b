"""The editor on the first page in a real browser: the mistake is named, mended, green; and what stands in the way."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.book.browser import open_browser
from tests.book.page_requests import is_foreign, requested
from tests.site.axe import serious
from tests.site.broken import NO_LOCAL_STORAGE, without
from tools.learn import served

LIVE = Path(__file__).parents[2] / "book" / "_live" / "live"
PHONE = (390, 844)
WRONG, RIGHT = "dWh += h[:, t]", "dWh += h_prev[:, t]"
NAMED = "dWh multiplies dz with the hidden state this step made, not with the one it started from."
LOOP = "while True:\n    pass"


class Editor:
    """The first page of the book, with the editor in it."""

    def __init__(self, page, site):
        self.page = page
        self.address = f"{site}/index.html"

    def open(self):
        """Open the page and press its first button."""
        self.page.go(self.address)
        self.page.evaluate("document.querySelector('.landing-start a').focus()")
        self.page.press("Enter")
        self.page.until("document.activeElement.textContent === 'Find the mistake'")
        return self

    def text(self):
        return self.page.evaluate("document.querySelector('.try textarea').value")

    def write(self, text):
        """Replace the text as a hand would."""
        self.page.evaluate("document.querySelector('.try textarea').select()")
        self.page.evaluate("document.querySelector('.try textarea').focus()")
        self.page.send("Input.insertText", text=text)

    def press(self, name):
        self.page.evaluate(f"document.querySelector('.try-{name}').click()")

    def status(self):
        return self.page.evaluate("document.querySelector('.try-status').textContent")

    def output(self, seconds=240):
        """Wait for what stands below the buttons and return its color and its text."""
        found = "((box) => box.innerText && [box.className.split(' ')[1], box.innerText])"
        return tuple(self.page.until(f"{found}(document.querySelector('.try-output'))", seconds))

    def check(self):
        self.press("check")
        return self.output()

    def until_ready(self):
        self.page.until("document.querySelector('.try-status').textContent === 'Python is ready.'")
        return self


# ------------------------------------------------------------------------------------------------------- the whole path


@pytest.fixture(scope="module")
def path(chromium, site, tmp_path_factory):
    """Go from the first page to green in a browser that logs every request; return what was seen on the way."""
    folder, seen = tmp_path_factory.mktemp("path"), SimpleNamespace()
    with open_browser(chromium, folder, f"--log-net-log={folder / 'network.json'}") as browser:
        page = browser.page()
        page.go(f"{site}/index.html")
        page.evaluate("document.fonts.ready")
        seen.before = page.requests()
        editor = Editor(page, site).open()
        editor.press("check")
        seen.waiting = page.until("document.querySelector('.try-status').textContent.match(/loads: .*/)?.[0]")
        seen.red = editor.output()
        seen.strong = page.evaluate("document.querySelector('.try-message strong')?.textContent ?? ''")
        seen.link = page.evaluate("document.querySelector('.try-message a')?.href")
        editor.write(editor.text().replace(WRONG, RIGHT))
        seen.green = editor.check()
        seen.next = page.evaluate("[...document.querySelectorAll('.try-output a')].map((one) => one.href)")
        seen.mended = editor.text()
        seen.after_reload = editor.open().text()
        seen.errors = page.errors()
        page.close()
    seen.requests = requested(folder / "network.json")
    return seen


def test_nothing_of_it_is_loaded_before_the_button_is_pressed(path):
    assert [address for address in path.before if re.search(r"/(?:live|lite)/", address)] == []


def test_a_check_that_is_pressed_at_once_waits_for_python_and_says_how_far_it_is(path):
    assert re.fullmatch(r"loads: \d+ of 16 MB", path.waiting)


def test_the_planted_mistake_is_named_with_a_link_to_the_equation(path, site):
    color, said = path.red
    assert color == "red"
    assert said.startswith("rnn_backward is not right yet.")
    assert path.strong.strip() == NAMED
    assert path.link == f"{site}/03-backpropagation-through-time.html#equation-bptt-dwh"


def test_the_mended_line_is_green_and_leads_on(path, site):
    color, said = path.green
    assert color == "green"
    assert said.startswith("rnn_backward: right. Every gradient agrees with the numeric one")
    assert path.next == [f"{site}/run.html?open=ps3.ipynb", f"{site}/01-the-limits-of-feed-forward-networks.html"]


def test_the_text_is_there_after_a_reload(path):
    assert RIGHT in path.after_reload
    assert path.after_reload == path.mended


def test_only_the_local_server_is_asked_and_only_for_what_a_check_needs(path, site):
    assert any("pyodide.asm.wasm" in address for address in path.requests), "the log knows nothing of the worker"
    assert [one for one in path.requests if is_foreign(one) and not one.startswith(site)] == []
    assert [one for one in path.requests if re.search("matplotlib|ipython|micropip|jedi", one)] == []
    assert path.errors == []


def test_the_bytes_that_are_promised_are_those_that_come(path, html):
    promised = float(re.search(r"const BYTES = ([\d.e]+);", (LIVE / "try.js").read_text(encoding="utf-8")).group(1))
    runtime = html / "lite" / "static" / "runtime"
    names = {address.rpartition("/")[2] for address in path.requests if "/lite/static/runtime/" in address}
    counted = sum((runtime / name).stat().st_size for name in names if not name.endswith(".mjs"))
    assert counted == pytest.approx(promised, rel=0.03)


# --------------------------------------------------------------------------------------------------------- one editor


@pytest.fixture(scope="module")
def opened(browser, site):
    """Open the editor for several tests."""
    page = browser.page()
    yield Editor(page, site).open()
    page.close()


@pytest.fixture
def editor(opened):
    """Return the open editor with its first text and Python ready."""
    opened.page.evaluate("window.confirm = () => true")
    opened.press("reset")
    opened.page.until("document.querySelector('progress').hidden")
    return opened


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def rnn_backward(dh, cache)\n    return dh", "SyntaxError in line 1: expected ':'"),
        ("a = 1\nb = c", "NameError in line 2: name 'c' is not defined"),
        ("def rnn_backward(dh, cache):\n    return dhh", "rnn_backward raised NameError: name 'dhh' is not defined"),
        ("def rnn_backward(dh, cache):\n    return rnn_backward(dh, cache)", "rnn_backward raised RecursionError"),
        ("import sys\nsys.exit()", "SystemExit in line 2"),
        ("", "There is no rnn_backward in this notebook."),
    ],
)
def test_an_error_of_the_learner_is_told_in_short(editor, code, message):
    editor.write(code)
    color, said = editor.check()
    assert color == "red"
    assert said.startswith(message)
    assert "Traceback" not in said


def test_what_the_code_prints_stands_above_the_message_and_is_no_html(editor):
    editor.write("print('<b>here</b>')\n" + editor.text())
    _, said = editor.check()
    printed, _, message = said.partition("rnn_backward is not right yet.")
    assert printed.split() == ["Your", "code", "printed:", "<b>here</b>"]
    assert NAMED in message


def test_a_loop_can_be_stopped_and_the_text_stays_and_can_be_checked_again(editor):
    editor.write(LOOP)
    editor.press("check")
    editor.page.until("document.querySelector('.try-status').textContent === 'The check runs …'")
    editor.page.evaluate("document.querySelector('.try-stop').focus()")
    editor.page.press("Enter")
    assert editor.output(5) == ("red", "Stopped; your text is kept.")
    assert editor.page.evaluate("document.activeElement.textContent") == "Check"
    assert editor.text() == LOOP
    editor.write("a = 1")
    assert editor.check()[1].startswith("There is no rnn_backward")


def test_a_loop_is_stopped_after_fifteen_seconds_by_itself(editor):
    editor.write(LOOP)
    assert editor.check() == ("red", "Stopped after 15 s: look for a loop that never ends; your text is kept.")
    editor.until_ready()
    assert editor.text() == LOOP


def test_a_python_that_breaks_off_is_started_anew_and_the_text_stays(editor):
    editor.write("import os\nos.abort()")
    color, said = editor.check()
    assert color == "red"
    assert said.startswith("Python broke off (")
    assert editor.text() == "import os\nos.abort()"
    editor.write("a = 1")
    assert editor.check()[1].startswith("There is no rnn_backward")


def test_start_over_asks_first_and_brings_the_mistake_back(editor):
    planted = editor.text()
    assert editor.page.evaluate("document.querySelector('.try-reset').disabled")
    editor.write("mine = 1")
    editor.page.evaluate("window.confirm = (words) => { window.asked = words; return false }")
    editor.press("reset")
    assert editor.page.evaluate("window.asked").startswith("Start over?")
    assert editor.text() == "mine = 1"
    editor.page.evaluate("window.confirm = () => true")
    editor.press("reset")
    assert editor.text() == planted
    assert editor.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('unrolled:try'))") == []


def test_a_new_line_keeps_the_indent_and_a_colon_adds_to_it(editor):
    editor.write("if a:")
    editor.page.press("Enter")
    editor.page.send("Input.insertText", text="b = 1")
    editor.page.press("Enter")
    editor.page.send("Input.insertText", text="c = 2")
    assert editor.text() == "if a:\n    b = 1\n    c = 2"
    numbers = editor.page.evaluate("document.querySelector('.try-numbers').textContent")
    assert numbers.split() == ["1", "2", "3"]
    editor.page.evaluate("document.execCommand('undo')")
    assert editor.text() != "if a:\n    b = 1\n    c = 2"


def test_shift_and_enter_check(editor):
    editor.write("a = 1")
    editor.page.press("Enter", shift=True)
    assert editor.output()[1].startswith("There is no rnn_backward")
    assert editor.text() == "a = 1"


# ---------------------------------------------------------------------------------------- telephone, keyboard, darkness


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_whole_path_by_keyboard_alone_on_a_telephone(page, site, theme):
    page.resize(*PHONE, touch=True)
    page.use_theme(theme)
    editor = Editor(page, site).open()
    focused = "document.activeElement.matches"
    page.press("Tab")
    assert page.evaluate(f"{focused}('.try summary')")
    page.press("Tab")
    assert page.evaluate(f"{focused}('.try textarea')")
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).fontSize)") >= 16
    page.press("Tab")
    assert page.evaluate(f"{focused}('.try-check')")
    page.press("Enter")
    assert NAMED in editor.output()[1]
    assert serious(page) == []
    page.press("Tab")  # nothing is written yet, so there is nothing to start over
    assert page.evaluate(f"{focused}('.try-message a')")
    for _ in range(2):
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9, "modifiers": 8}
        page.send("Input.dispatchKeyEvent", type="rawKeyDown", **key)
        page.send("Input.dispatchKeyEvent", type="keyUp", **key)
    assert page.evaluate(f"{focused}('.try textarea')")
    page.evaluate("document.activeElement.setSelectionRange(0, 0)")
    for _ in editor.text().partition(WRONG)[0].splitlines()[1:]:
        page.press("ArrowDown")
    page.press("Home", *["ArrowRight"] * len("        dWh += h"))
    page.send("Input.insertText", text="_prev")
    page.press("Tab", "Enter")
    page.until("!!document.querySelector('.try-output.green')")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert page.evaluate("document.documentElement.dataset.theme") == theme


# --------------------------------------------------------------------------------------------- what stands in the way


def told(page, address):
    """Open the editor of a book and return the one sentence about what stands in the way."""
    color, said = Editor(page, address).open().output()
    assert color == "red"
    return said


def test_a_browser_without_webassembly_is_told_which_have_it(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.WebAssembly")
    assert told(page, site).startswith("This browser has no WebAssembly")


def test_a_book_without_jupyterlite_says_what_to_type(page, html, tmp_path):
    with served(without(html, tmp_path / "book", "lite")) as bare:
        assert "make site" in told(page, bare)


@pytest.mark.parametrize(
    "absent",
    ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json", "numpy"],
)
def test_a_runtime_that_does_not_come_is_named_by_its_file(page, html, tmp_path, absent):
    file = next(path.name for path in (html / "lite/static/runtime").iterdir() if path.name.startswith(absent))
    with served(without(html, tmp_path / "book", f"lite/static/runtime/{file}")) as broken:
        said = told(page, broken)
    assert said.startswith(f"Python cannot be loaded, because {broken}/lite/static/runtime/{file} does not come")


def test_a_worker_that_does_not_start_says_which_browsers_have_it(page, html, tmp_path):
    with served(without(html, tmp_path / "book", "live/worker.js")) as broken:
        assert told(page, broken).startswith("This browser could not start Python (worker.js does not run)")


def test_without_storage_the_editor_works_and_says_that_nothing_is_kept(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_LOCAL_STORAGE)
    editor = Editor(page, site).open()
    shown = "[...document.querySelectorAll('.try-note:not([hidden])')].map((one) => one.textContent)"
    assert page.evaluate(shown) == ["This browser keeps nothing for this page: your text is gone when you leave it."]
    editor.write(editor.text().replace(WRONG, RIGHT))
    assert editor.check()[0] == "green"


def test_with_storage_nothing_is_said_about_it(editor):
    assert editor.page.evaluate("document.querySelector('.try-note').hidden")


def test_from_a_file_the_page_says_how_to_serve_it(page, html):
    page.go((html / "index.html").resolve().as_uri())
    page.evaluate("document.querySelector('.try-start').click()")
    assert "python -m http.server" in page.until("document.querySelector('.try-start-note').textContent")


def test_an_editor_that_does_not_come_says_so(page, html, tmp_path):
    with served(without(html, tmp_path / "book", "live")) as broken:
        page.go(f"{broken}/index.html")
        page.evaluate("document.querySelector('.try-start').click()")
        assert page.until("document.querySelector('.try-start-note').textContent").startswith("The editor did not")


def test_without_javascript_the_button_is_a_link_to_the_problem_set(page, site):
    page.go(f"{site}/index.html", scripts=False)
    start = json.loads(
        page.evaluate("JSON.stringify((({ href, role }) => [href, role])(document.querySelector('.try-start')))")
    )
    assert start == [f"{site}/problem-sets/ps3.html", None]
