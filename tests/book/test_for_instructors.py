"""What stands on the page for instructors is typed, in its order, into a fresh copy of the course, and compared."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "for-instructors.md").read_text(encoding="utf-8")
SKIPPED = "…"


class Step(NamedTuple):
    """A command of the page with what it prints there, or a file that the page shows with its text."""

    command: str
    shown: str


def steps(page):
    """Return the steps of a page in their order. A file's command is its name with an arrow before it."""
    found = []
    block = re.compile(
        r"```console\n(?P<typed>.*?)```|```\{code-block\} \w+\n:caption: (?P<file>\S+)\n(?P<text>.*?)```", re.S
    )
    for match in block.finditer(page):
        if match["file"]:
            found.append(Step(f"> {match['file']}", match["text"]))
            continue
        for part in re.split(r"^\$ ", match["typed"], flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append(Step(command, shown.rstrip("\n")))
    return found


def agrees(shown, printed):
    """Whether all that is shown was printed, in its order; a line … stands for any number of lines."""
    lines, place = [line.rstrip() for line in printed.splitlines()], 0
    for chunk in re.split(rf"^{SKIPPED}$\n?", shown, flags=re.MULTILINE):
        wanted = chunk.splitlines()
        starts = range(place, len(lines) - len(wanted) + 1)
        found = next((start for start in starts if lines[start : start + len(wanted)] == wanted), None)
        if found is None:
            return False
        place = found + len(wanted)
    return True


class Shell:
    """A shell in a fresh copy of the course, in which one command is typed after the other."""

    def __init__(self, folder):
        for name in ("autograder", "solutions", "exercises", "unrolled", "tests/sample_class"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "nbgrader_config.py", folder)
        activate = folder / ".venv" / "bin" / "activate"
        activate.parent.mkdir(parents=True)
        activate.write_text(f'export PATH="{Path(sys.executable).parent}:$PATH"\n')
        self.folder = folder
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "LANG": "C.UTF-8", "COLUMNS": "80",
                       "PYTHONPATH": str(folder), "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
        self._bash = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def type(self, command):
        """Return what a command prints, and its exit code."""
        self._bash.stdin.write(f"{command}\nprintf '\\0%s\\n' $?\n")
        self._bash.stdin.flush()
        printed = []
        for line in self._bash.stdout:
            said, ended, code = line.partition("\0")
            printed.append(said)
            if ended:
                return "".join(printed), int(code)
        raise AssertionError(f"the shell ended: {''.join(printed)}")

    def close(self):
        self._bash.stdin.close()
        self._bash.wait(timeout=60)
        self._bash.stdout.close()


@pytest.fixture
def shell(tmp_path):
    opened = Shell(tmp_path / "course")
    yield opened
    opened.close()


@pytest.mark.long
def test_every_command_of_the_page_works_in_its_order_and_prints_what_the_page_says(shell):
    for command, shown in steps(PAGE):
        if command.startswith("> "):
            with (shell.folder / command.removeprefix("> ")).open("a", encoding="utf-8") as file:
                file.write(shown)
            continue
        printed, code = shell.type(command)
        assert agrees(shown, printed), f"$ {command}\n{printed}"
        assert code == ("Not graded:" in printed), f"$ {command} ended with {code}\n{printed}"
        assert "Traceback" not in printed, f"$ {command}\n{printed}"


def test_the_page_goes_the_whole_way():
    typed = " ".join(command for command, _ in steps(PAGE))
    way = ("student import", "release_assignment", "cp -R", "grade ps3", "report ps3", "explain", "grant_extension",
           "release_feedback", "--canvas", "nbgrader export", "backups")  # fmt: skip
    places = [typed.index(word) for word in way]
    assert places == sorted(places)


@pytest.mark.parametrize("command", re.findall(r"`(nbgrader [a-z_]+)", PAGE))
def test_a_command_inside_a_sentence_is_one_that_is_tried(command):
    tried = PAGE.partition("`nbgrader")[0] + "".join(
        (ROOT / "tests" / "grading" / name).read_text() for name in ("test_exchange.py", "test_stock_commands.py")
    )
    assert f'"{command.split()[1]}"' in tried


def test_what_is_compared_may_skip_lines_and_nothing_else():
    assert agrees("a\n…\nc", "a\nb\nc\n")
    assert agrees("…\nb \n…".replace(" ", ""), "a\nb  \nc\n")
    assert not agrees("a\nc", "a\nb\nc\n")
    assert not agrees("…\nc\n…\na", "a\nb\nc\n")
