"""Problem sets solved end to end in run.html, as a learner does, and graded by the command line."""

import json
from types import SimpleNamespace

import pytest

from tests.book.browser import open_browser
from tests.book.page_requests import is_foreign, requested
from tests.site.solving import Solving, graded, solutions

FIRST_TRY = {  # of a set: a solution, how it is spoiled, and the name that its mistake has in the message
    "ps3": ("rnn-backward", "dh[:, t] + dh_next", "dh[:, t]", "dh_next from step t + 1 is not added"),
    "ps5": ("lstm-gates", "f = sigmoid(z[:, H : 2 * H])", "f = sigmoid(z[:, :H])", "forget gate"),
}


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
