"""The page run.html in a real browser: work that stays, by mouse, by keyboard, and on a telephone."""

import json

import pytest

from tests.site.axe import serious
from tests.site.broken import without
from tests.site.solving import Solving
from tools.learn import served

PHONE = (390, 844)
TRIED = "try-rnn-step-backward"


@pytest.fixture(scope="module")
def desk(browser, site):
    """Open problem set 3 for several tests; each leaves it with Python ready."""
    page = browser.page()
    yield Solving(page, site, "ps3.ipynb").open()
    page.close()


def test_a_cell_that_loops_forever_is_named_and_ends_with_a_restart(desk):
    desk.write(TRIED, "while True:\n    pass")
    desk.start_running(TRIED)
    desk.until_status("The cell is still running. If it never ends, press Restart Python; your work stays.")
    desk.press("restart")
    desk.until_ready()
    assert desk.source(TRIED) == "while True:\n    pass"
    desk.write(TRIED, "print(6 * 7)")
    desk.run(TRIED)
    assert desk.output(TRIED) == "42\n"


def test_what_was_written_a_moment_before_the_page_is_left_is_kept(desk, site):
    desk.write(TRIED, "print('a last word')")
    desk.page.go(f"{site}/index.html")
    desk.open()
    assert desk.source(TRIED) == "print('a last word')"


def test_of_two_tabs_with_one_notebook_the_second_waits_and_then_has_the_work_of_the_first(desk, site):
    with desk.page.tab() as tab:
        second = Solving(tab, site, "ps3.ipynb")
        tab.go(second.address)
        second.until_status("Waiting for the other tab.", seconds=60)
        assert [one[:52] for one in second.troubles()] == ["This notebook is open in another tab of this browser"]
        assert tab.evaluate("document.getElementById('notebook').hidden")
        desk.write(TRIED, "print('of the first')")
        desk.page.go(f"{site}/index.html")
        second.until_ready()
        assert second.troubles() == []
        assert second.source(TRIED) == "print('of the first')"
        second.write(TRIED, "print('of the second')")
        tab.go(f"{site}/index.html")
    desk.open()
    assert desk.source(TRIED) == "print('of the second')"


def test_a_page_that_the_browser_goes_back_to_has_its_notebook_for_itself_again(desk, site):
    desk.page.go(f"{site}/index.html")
    desk.page.evaluate("history.back()")
    desk.page.until("location.pathname.endsWith('run.html')")
    desk.until_ready()
    with desk.page.tab() as tab:
        second = Solving(tab, site, "ps3.ipynb")
        tab.go(second.address)
        second.until_status("Waiting for the other tab.", seconds=60)


def test_two_tabs_with_two_notebooks_do_not_wait_for_each_other(desk, site):
    with desk.page.tab() as tab:
        assert Solving(tab, site, "ps5.ipynb").open().troubles() == []


SLOWLY = """(async () => {
  const contents = app.serviceManager.contents;
  const save = contents.save.bind(contents);
  const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  contents.save = async (...given) => { const kept = await save(...given); await later(1500); return kept; };
  const saves = [panel.context.save(), later(700).then(() => panel.context.save())];
  await Promise.race([Promise.all(saves), later(8000)]);
  delete contents.save;
  return [...frame.document.querySelectorAll(".jp-Dialog")].map((one) => one.innerText);
})()"""


def test_two_saves_at_one_time_on_a_slow_machine_are_no_conflict(desk):
    desk.write(TRIED, "mine = 1")
    assert desk.inside(SLOWLY) == []


def test_lines_of_code_have_the_numbers_that_messages_name(desk):
    gutter = "cell('imports').node.querySelectorAll('.cm-lineNumbers .cm-gutterElement')"
    desk.inside("(cell('imports').node.scrollIntoView(), cell('imports').ready)")
    shown = desk.inside(f"[...{gutter}].map((one) => one.innerText)")
    lines = desk.source("imports").splitlines()
    assert [number for number in shown if number][-len(lines) :] == [str(one + 1) for one in range(len(lines))]


def test_start_over_asks_first_and_the_safe_answer_has_the_focus(desk):
    desk.write(TRIED, "mine = 1")
    desk.press("start-over")
    assert desk.page.evaluate("document.getElementById('ask').open")
    assert desk.page.evaluate("document.activeElement.textContent") == "Keep my work"
    desk.page.press("Enter")
    desk.page.until("!document.getElementById('ask').open")
    desk.press("start-over")
    desk.page.press("Escape")
    desk.page.until("!document.getElementById('ask').open")
    assert desk.source(TRIED) == "mine = 1"


def test_start_over_opens_the_notebook_as_the_course_hands_it_out(desk, html):
    released = json.loads((html / "lite/files/ps3.ipynb").read_text(encoding="utf-8"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in released["cells"]}
    desk.write(TRIED, "mine = 1")
    desk.run(TRIED)
    desk.until_status("Saved")
    desk.press("start-over")
    desk.page.press("Tab", "Enter")
    desk.page.until("!document.getElementById('ask').open")
    desk.until_status("Restarting")
    desk.until_ready()
    assert {cell: desk.source(cell) for cell in sources} == sources
    desk.write("imports", "print('mine' in globals())")
    desk.run("imports")
    assert desk.output("imports") == "False\n"
    desk.open()
    assert desk.source(TRIED) == sources[TRIED]


def test_looking_at_a_notebook_stores_no_copy_that_a_new_release_would_not_reach(desk):
    assert not desk.inside("panel.context.model.dirty")
    desk.press("start-over")
    desk.page.press("Tab", "Enter")
    desk.until_status("Restarting")
    desk.until_ready()
    desk.open()
    assert desk.source("imports").startswith("from typing")
    assert not desk.inside("panel.context.model.dirty")
    assert "Saved" not in desk.status()


def test_a_new_release_reaches_who_only_looked_and_leaves_work_as_it_is(page, html, tmp_path):
    absent = "lite/files/ps3.ipynb"
    folder = without(html, tmp_path / "book", absent)
    released = (html / absent).read_text(encoding="utf-8")
    (folder / absent).write_text(released, encoding="utf-8")
    with served(folder) as address:
        ours = Solving(page, address, "ps3.ipynb").open()
        (folder / absent).write_text(released.replace("from typing", "import math\\nfrom typing"), encoding="utf-8")
        ours.open()
        ours.open()  # the first time a browser may still show what it has kept
        assert ours.source("imports").startswith("import math\nfrom typing")
        ours.write(TRIED, "print('mine')")
        (folder / absent).write_text(released, encoding="utf-8")
        ours.open()
        ours.open()
        assert ours.source("imports").startswith("import math\nfrom typing")
        assert ours.source(TRIED) == "print('mine')"


@pytest.mark.parametrize("name", ["03-backpropagation-through-time", "folklore/k07-truncating-at-ten-steps"])
def test_a_page_of_the_book_opens_under_its_heading_and_leads_back(page, site, html, name):
    Solving(page, site, f"{name}.ipynb").open()
    heading = page.evaluate("document.getElementById('name').textContent")
    assert heading.split()[0] in (html / f"{name}.html").read_text(encoding="utf-8")
    assert page.evaluate("document.title") == f"{heading} · Unrolled"
    page.evaluate("document.getElementById('back').click()")
    page.until(f"location.pathname === '/{name}.html'")


# -------------------------------------------------------------------------------------- telephone, keyboard, darkness

IN_THE_FRAME = "document.activeElement.id === 'notebook'"
ACTIVE = "panel.content.activeCell.model.id"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_cell_is_written_and_run_by_keyboard_alone_on_a_telephone(browser, site, theme):
    page = browser.page()
    page.resize(*PHONE, touch=True)
    page.use_theme(theme)
    phone = Solving(page, site, "ps3.ipynb").open()
    page.press("Tab")
    assert page.evaluate("document.activeElement.textContent").split()[:3] == ["To", "the", "notebook"]
    assert "Escape once more comes back here" in page.evaluate("document.activeElement.innerText")
    page.press("Enter")
    assert page.evaluate(IN_THE_FRAME)
    for _ in range(40):
        if phone.inside(ACTIVE) == TRIED:
            break
        page.press("ArrowDown")
    assert phone.inside(ACTIVE) == TRIED
    page.press("Enter")
    page.until("document.getElementById('notebook').contentDocument.activeElement.closest('.cm-editor')?.tagName")
    page.send("Input.dispatchKeyEvent", type="keyDown", key="a", code="KeyA", modifiers=2, commands=["selectAll"])
    page.send("Input.insertText", text="print(20 + 3)")
    page.press("Escape")
    assert phone.inside("panel.content.mode") == "command"
    assert page.evaluate(IN_THE_FRAME)
    page.press("Enter", shift=True)
    inside = "document.getElementById('notebook').contentWindow.jupyterapp.shell.currentWidget.content"
    page.until(f"{inside}.widgets.find((one) => one.model.id === '{TRIED}').model.outputs.length")
    assert phone.output(TRIED) == "23\n"
    page.press("Escape")
    page.until("document.activeElement.id === 'enter'")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert page.evaluate("document.querySelector('.bar').offsetHeight") <= 110
    light = page.evaluate("document.getElementById('notebook').contentDocument.body.dataset.jpThemeLight")
    assert light == ("true" if theme == "light" else "false")
    assert serious(page) == []
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_page_its_dialog_and_a_trouble(browser, site, theme):
    page = browser.page()
    page.use_theme(theme)
    page.go(f"{site}/run.html?open=ps99.ipynb")
    page.until("!!document.querySelector('#troubles p')")
    assert serious(page) == []
    page.evaluate("document.getElementById('ask').showModal()")
    assert serious(page) == []
    page.close()
