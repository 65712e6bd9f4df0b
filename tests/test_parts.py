"""The long tests run in parts: together the parts hold each of them once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONG, SHORT = "import pytest\n@pytest.mark.long\ndef test_{0}(): pass\n", "def test_{0}_short(): pass\n"


@pytest.fixture
def collected(tmp_path):
    """Return a function that says which of some tests are run with --part."""
    for name in "abcde":
        (tmp_path / f"test_{name}.py").write_text((LONG + SHORT).format(name), encoding="utf-8")
    (tmp_path / "test_f.py").write_text(SHORT.format("f"), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long\n", encoding="utf-8")

    def collect(part, where=str(tmp_path)):
        command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--collect-only", "-q", where]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.run([*command, f"--part={part}"], env=environment, capture_output=True, text=True)
        return [line.partition("::test_")[2] for line in process.stdout.splitlines() if "::" in line], process

    return collect


def test_parts_hold_every_long_test_once_and_leave_the_others_alone(collected):
    short = [f"{name}_short" for name in "abcdef"]
    parts = [set(collected(f"{number}/3")[0]) for number in (1, 2, 3)]
    assert [sorted(part - set(short)) for part in parts] == [["a", "d"], ["b", "e"], ["c"]]
    assert all(part >= set(short) for part in parts)


@pytest.mark.parametrize("part", ["0/3", "4/3", "3"])
def test_what_is_no_part_is_refused_in_a_sentence(collected, part):
    tests, process = collected(part)
    assert tests == []
    assert process.returncode == 4
    assert f"'{part}' is no part; the second of four is 2/4" in process.stderr
