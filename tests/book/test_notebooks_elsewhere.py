"""What Colab and Binder open: the notebooks with a first cell that installs the course, and the files around them."""

import json
import os
import re
import stat
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import numpy
import pytest
import yaml
from click.testing import CliRunner

from tools import site

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/OWNER/unrolled"
SOLUTIONS = sorted((ROOT / "solutions").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def branch(tmp_path_factory):
    """Return the folder of what the branch `notebooks` holds."""
    folder = tmp_path_factory.mktemp("branch") / "notebooks"
    done = CliRunner().invoke(site.main, ["notebooks", str(folder), "--repository", ADDRESS, "--commit", "abc"])
    assert done.exit_code == 0, done.output
    return folder


def installer(folder):
    """Return the first cell of a notebook that installs what lies in a folder's repository."""
    return "".join(site.with_installer({"cells": []}, folder)["cells"][0]["source"])


def test_every_released_set_and_every_page_is_there_as_it_is_but_for_its_first_cell(branch):
    sets = {path.name: path for path in (ROOT / "exercises").glob("*/*.ipynb")}
    pages = {str(path.relative_to(ROOT / "book")): path for path in (ROOT / "book").rglob("*.ipynb")
             if path.parent.name in {"book", "folklore", "uses"}}  # fmt: skip
    written = {str(path.relative_to(branch)): path for path in branch.rglob("*.ipynb")}
    assert written.keys() == sets.keys() | pages.keys()
    for name, source in (sets | pages).items():
        notebook = json.loads(written[name].read_text(encoding="utf-8"))
        assert notebook["cells"][1:] == json.loads(source.read_text(encoding="utf-8"))["cells"], name
        assert f'"git+{ADDRESS}@abc"' in "".join(notebook["cells"][0]["source"])
        nbformat.validate(nbformat.from_dict(notebook))


def test_what_a_page_reads_from_its_folder_is_there_too(branch):
    assert (branch / "classic-benchmarks.json").exists()


def test_a_folder_that_is_not_empty_is_left_alone(branch):
    done = CliRunner().invoke(site.main, ["notebooks", str(branch), "--repository", ADDRESS])
    assert done.exit_code == 1
    assert "is not empty; name a new folder" in done.output


def test_where_the_course_is_the_cell_does_nothing(tmp_path):
    without_pip = "import subprocess; subprocess.run = lambda *_: print('installs')\n"
    done = subprocess.run([sys.executable, "-c", without_pip + installer("git+file:///nowhere")],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_where_pip_fails_the_cell_says_in_one_sentence_what_to_do(tmp_path):
    without = "import sys, subprocess; sys.modules['autograder'] = None\n"
    without += "subprocess.run = lambda *_: subprocess.CompletedProcess((), 1)\n"
    done = subprocess.run([sys.executable, "-c", without + installer("git+file:///nowhere")],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("ImportError: The course could not be installed: ")
    assert "During handling" not in done.stderr


@pytest.mark.long
def test_where_the_course_is_missing_the_cell_installs_it_and_the_check_runs(tmp_path):
    """pip clones this repository and builds it. NumPy alone is lent, since it has nothing to do with the cell."""
    venv.create(tmp_path / "venv", with_pip=True)
    lent = tmp_path / "lent"
    lent.mkdir()
    for path in Path(numpy.__file__).parents[1].glob("numpy*"):
        (lent / path.name).symlink_to(path)
    check = "\nfrom autograder import check\nimport autograder\nprint(autograder.__file__)\ncheck('rnn_backward')"
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-c", installer(f"git+file://{ROOT}") + check],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(lent), "PIP_NO_DEPS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert str(tmp_path / "venv") in done.stdout, done.stderr
    assert "in this notebook. Run the cell that defines it" in done.stderr  # check found no answer, and says so


@pytest.mark.slow
@pytest.mark.parametrize("solution", [path for path in SOLUTIONS if path.stem in {"ps2", "ps3"}], ids=lambda p: p.stem)
def test_a_solved_notebook_with_the_cell_is_graded_at_full_points_and_without_a_remark(solution, tmp_path):
    path = tmp_path / solution.name
    notebook = json.loads(solution.read_text(encoding="utf-8"))
    path.write_text(json.dumps(site.with_installer(notebook, f"git+{ADDRESS}")), encoding="utf-8")
    points = sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in notebook["cells"])
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"\b{points}(\.0)? of {points}\b", done.stdout), done.stdout
    assert "Remark" not in done.stdout


def test_binder_takes_the_versions_of_the_course_and_a_python_that_it_runs_on(branch):
    pinned = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = (branch / ".binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in wanted if not line.startswith("#") and line not in pinned] == []
    version = re.fullmatch(r"python-3\.(\d+)\n", (branch / ".binder" / "runtime.txt").read_text())
    assert int(version[1]) >= 11


@pytest.mark.parametrize(("named", "installed"), [("git+file:///course@abc\n", "git+file:///course@abc"), (None, ".")])
def test_binder_installs_the_course_that_the_branch_names_or_the_one_that_is_there(tmp_path, named, installed):
    script = ROOT / ".binder" / "postBuild"
    assert script.stat().st_mode & stat.S_IXUSR
    (tmp_path / ".binder").mkdir()
    if named:
        (tmp_path / ".binder" / "course").write_text(named)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
    done = subprocess.run([script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["-m", "pip", "install"]
    assert done.stdout.split()[-1] == installed


def test_the_branch_names_the_commit_that_it_was_written_from(branch):
    assert (branch / ".binder" / "course").read_text() == f"git+{ADDRESS}@abc\n"
    assert ADDRESS in (branch / "README.md").read_text()


WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name):
    """Return a workflow; YAML takes its key `on` for true."""
    return yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))


def test_the_pages_are_published_for_main_and_for_every_release_and_no_job_may_more_than_it_needs():
    pages = workflow("pages")
    assert pages[True]["push"] == {"branches": ["main"]}
    assert "release" in pages[True]
    assert pages["permissions"] == {}
    assert {name: job["permissions"] for name, job in pages["jobs"].items()} == {
        "build": {"contents": "read", "pages": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
        "notebooks": {"contents": "write"},
    }


def test_the_workflow_calls_commands_that_there_are_and_the_repository_is_named_in_one_place():
    text = (WORKFLOWS / "pages.yml").read_text()
    runs = "\n".join(step.get("run", "") for job in workflow("pages")["jobs"].values() for step in job["steps"])
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)", runs)) <= set(targets)
    assert set(re.findall(r"tools/site\.py ([a-z]+)", runs)) <= set(site.main.commands)
    assert text.count("github.repository") == 1


def test_what_an_action_is_pinned_to_is_the_same_in_all_workflows():
    used = {}
    for path in WORKFLOWS.glob("*.yml"):
        for action, version in re.findall(r"uses: (\S+)@(\S+)", path.read_text()):
            assert re.fullmatch(r"v\d+", version)
            assert used.setdefault(action, version) == version
