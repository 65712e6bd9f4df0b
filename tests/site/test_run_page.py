"""The page run.html in a real browser: problem sets solved end to end, work that stays, and what a learner is told."""

import importlib.resources
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.book.browser import open_browser
from tests.book.page_requests import is_foreign, requested
from tests.site.solving import Solving, graded, solutions, wait_for
from tools.learn import served

PHONE = (390, 844)
TRIED = "try-rnn-step-backward"
FIRST_TRY = {  # of a set: a solution, how it is spoiled, and the name that its mistake has in the message
    "ps3": ("rnn-backward", "dh[:, t] + dh_next", "dh[:, t]", "dh_next from step t + 1 is not added"),
    "ps5": ("lstm-gates", "f = sigmoid(z[:, H : 2 * H])", "f = sigmoid(z[:, :H])", "forget gate"),
}


def without(source, folder, absent):
    """Make a folder that shows all files of another but one, given by its path, and return it."""
    folder.mkdir()
    first, _, rest = absent.partition("/")
    for path in source.iterdir():
        if path.name != first:
            (folder / path.name).symlink_to(path.resolve())
    if rest:
        without(source / first, folder / first, rest)
    return folder


# --------------------------------------------------------------------------------------------------------- end to end


@pytest.fixture(scope="module", params=FIRST_TRY)
def solved(request, chromium, site, tmp_path_factory):
    """Solve a problem set in a browser of its own, which logs every request; return what was seen on the way."""
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    cell, right, wrong, _ = FIRST_TRY[name]
    answers = solutions(name)
    seen = SimpleNamespace(name=name, answers=answers)
    with open_browser(chromium, folder, f"--log-net-log={folder / 'network.json'}") as browser:
        page = browser.page()
        solving = Solving(page, site, f"{name}.ipynb").open()
        for answered, source in answers.items():
            solving.write(answered, source)
        assert right in answers[cell]
        solving.type(cell, answers[cell].replace(right, wrong))
        solving.run_all(until=f"check-{cell}")
        seen.first_try = solving.output(f"check-{cell}")
        solving.type(cell, answers[cell])
        solving.run(cell, f"check-{cell}")
        seen.second_try = solving.output(f"check-{cell}")
        solving.run_all()
        seen.checks = {check: solving.output(check) for check in solving.checks()}
        seen.file = solving.download(folder)
        solving.open()
        seen.after_reload = {answered: solving.source(answered) for answered in answers}
        seen.message_after_reload = solving.output(f"check-{cell}")
        seen.errors = page.errors()
        page.close()
    seen.requests = requested(folder / "network.json")
    return seen


def test_a_wrong_first_try_is_told_its_mistake_and_the_mended_one_is_right(solved):
    assert ": right. " not in solved.first_try
    assert FIRST_TRY[solved.name][3] in solved.first_try
    assert ": right. " in solved.second_try


def test_every_check_of_a_solved_set_says_right(solved):
    assert len(solved.checks) >= 8
    assert {check: said for check, said in solved.checks.items() if ": right. " not in said} == {}


def test_the_command_line_gives_the_downloaded_notebook_full_points(solved):
    code, said = graded(solved.file)
    points = sum(
        cell["metadata"]["nbgrader"]["points"]
        for cell in json.loads(solved.file.read_text(encoding="utf-8"))["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade")
    )
    assert f"{points} of {points} points" in said
    assert code == 0


def test_the_downloaded_notebook_names_a_kernel_that_every_jupyter_has(solved):
    notebook = json.loads(solved.file.read_text(encoding="utf-8"))
    assert solved.file.name == f"{solved.name}.ipynb"
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_the_work_is_there_after_a_reload(solved):
    assert solved.after_reload == solved.answers
    assert ": right. " in solved.message_after_reload


def test_no_host_but_the_local_server_is_asked_for_anything_by_pages_and_workers(solved, site):
    assert any("pyodide.asm.wasm" in address for address in solved.requests), "the log knows nothing of the worker"
    assert [one for one in solved.requests if is_foreign(one) and not one.startswith(site)] == []
    assert solved.errors == []


# -------------------------------------------------------------------------------------------------- an open notebook


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
    wait_for(desk.page, "location.pathname.endsWith('run.html')")
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
    wait_for(desk.page, "!document.getElementById('ask').open")
    desk.press("start-over")
    desk.page.press("Escape")
    wait_for(desk.page, "!document.getElementById('ask').open")
    assert desk.source(TRIED) == "mine = 1"


def test_start_over_opens_the_notebook_as_the_course_hands_it_out(desk, html):
    released = json.loads((html / "lite/files/ps3.ipynb").read_text(encoding="utf-8"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in released["cells"]}
    desk.write(TRIED, "mine = 1")
    desk.run(TRIED)
    desk.until_status("Saved")
    desk.press("start-over")
    desk.page.press("Tab", "Enter")
    wait_for(desk.page, "!document.getElementById('ask').open")
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
    wait_for(page, "document.getElementById('notebook').contentDocument.activeElement.closest('.cm-editor')?.tagName")
    page.send("Input.dispatchKeyEvent", type="keyDown", key="a", code="KeyA", modifiers=2, commands=["selectAll"])
    page.send("Input.insertText", text="print(20 + 3)")
    page.press("Escape")
    assert phone.inside("panel.content.mode") == "command"
    assert page.evaluate(IN_THE_FRAME)
    page.press("Enter", shift=True)
    inside = "document.getElementById('notebook').contentWindow.jupyterapp.shell.currentWidget.content"
    wait_for(page, f"{inside}.widgets.find((one) => one.model.id === '{TRIED}').model.outputs.length")
    assert phone.output(TRIED) == "23\n"
    page.press("Escape")
    wait_for(page, "document.activeElement.id === 'enter'")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert page.evaluate("document.querySelector('.bar').offsetHeight") <= 110
    light = page.evaluate("document.getElementById('notebook').contentDocument.body.dataset.jpThemeLight")
    assert light == ("true" if theme == "light" else "false")
    assert serious(page) == []
    page.close()


AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
RUN_AXE = """axe.run({ exclude: [["iframe"]] }, { resultTypes: ["violations"] }).then((found) => found.violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html) })))"""


def serious(page):
    """Return what axe finds serious or critical on our page; what lies in the frame is JupyterLite's."""
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    return page.evaluate(RUN_AXE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_page_its_dialog_and_a_trouble(browser, site, theme):
    page = browser.page()
    page.use_theme(theme)
    page.go(f"{site}/run.html?open=ps99.ipynb")
    wait_for(page, "!!document.querySelector('#troubles p')")
    assert serious(page) == []
    page.evaluate("document.getElementById('ask').showModal()")
    assert serious(page) == []
    page.close()


# ------------------------------------------------------------------------------------------------------------ troubles


def told(page, address):
    """Open an address and return the one sentence about what stands in the way."""
    page.go(address)
    return wait_for(page, "document.querySelector('#troubles p')?.textContent")


def test_a_name_that_is_no_notebook_of_the_course_is_refused(page, site):
    for name in (
        "",
        "../ps3.ipynb",
        "https://example.org/a.ipynb",
        "//example.org/a.ipynb",
        "uses/../ps3.ipynb",
        "a.py",
    ):
        assert told(page, f"{site}/run.html?open={name}").startswith("This address names no notebook of the course")
    assert told(page, f"{site}/run.html?open=ps99.ipynb").startswith("The course has no notebook ps99.ipynb")
    assert page.evaluate("document.getElementById('notebook').hidden")


def test_a_book_without_jupyterlite_says_what_to_type(page, html, tmp_path):
    with served(without(html, tmp_path / "book", "lite")) as bare:
        said = told(page, f"{bare}/run.html?open=ps3.ipynb")
    assert "make site" in said
    assert "make learn" in said


def test_a_browser_without_webassembly_is_told_which_have_it(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.WebAssembly")
    assert told(page, f"{site}/run.html?open=ps3.ipynb").startswith("This browser has no WebAssembly")


NO_INDEXED_DB = "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"
NO_LOCAL_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied'); } });"


def test_without_any_storage_a_notebook_runs_and_the_page_says_that_work_is_lost(page, site, tmp_path):
    page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_INDEXED_DB + NO_LOCAL_STORAGE)
    memory = Solving(page, site, "ps3.ipynb").open()
    assert [one[:50] for one in memory.troubles()] == ["This browser keeps nothing for this page, perhaps "]
    memory.write(TRIED, "print(6 * 7)")
    memory.run(TRIED)
    assert memory.output(TRIED) == "42\n"
    assert "Saved" not in memory.status()
    assert "print(6 * 7)" in memory.download(tmp_path).read_text(encoding="utf-8")


def test_without_indexed_db_the_work_is_kept_elsewhere(page, site):
    page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_INDEXED_DB)
    elsewhere = Solving(page, site, "ps3.ipynb").open()
    assert elsewhere.troubles() == []
    elsewhere.write(TRIED, "print(6 * 7)")
    elsewhere.open()
    assert elsewhere.source(TRIED) == "print(6 * 7)"


@pytest.mark.parametrize("absent", ["pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"])
def test_a_runtime_that_does_not_come_is_named_by_its_file(page, html, tmp_path, absent):
    with served(without(html, tmp_path / "book", f"lite/static/runtime/{absent}")) as broken:
        said = told(page, f"{broken}/run.html?open=ps3.ipynb")
        assert said.startswith(f"Python cannot be loaded, because {broken}/lite/static/runtime/{absent} does not come")
        assert page.evaluate("document.getElementById('status').textContent").startswith("Python is not loaded.")


def test_without_javascript_the_page_says_so(page, site):
    page.go(f"{site}/run.html?open=ps3.ipynb", scripts=False)
    assert "JavaScript is off" in page.evaluate("document.body.innerText")


def test_opened_from_a_file_the_page_says_how_to_serve_it(page, html):
    page.go(Path(html, "run.html").resolve().as_uri() + "?open=ps3.ipynb")
    said = page.evaluate("document.body.innerText")
    assert "python -m http.server" in said
    assert "make serve" in said


@pytest.mark.parametrize("name", ["03-backpropagation-through-time", "folklore/k07-truncating-at-ten-steps"])
def test_a_page_of_the_book_opens_under_its_heading_and_leads_back(page, site, html, name):
    Solving(page, site, f"{name}.ipynb").open()
    heading = page.evaluate("document.getElementById('name').textContent")
    assert heading.split()[0] in (html / f"{name}.html").read_text(encoding="utf-8")
    assert page.evaluate("document.title") == f"{heading} · Unrolled"
    page.evaluate("document.getElementById('back').click()")
    wait_for(page, f"location.pathname === '/{name}.html'")
