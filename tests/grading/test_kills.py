"""A grader that is killed loses nothing, and leaves nothing; `kills.py` is the long form."""

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).with_name("kills.py")


@pytest.mark.long
def test_a_grader_that_is_killed_loses_nothing_and_leaves_nothing():
    """In a process of its own, whose children are all that graders have left."""
    command = [sys.executable, KILLS, "--kills", "3", "--students", "3", "--each", "3", "--seed", "1"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("3 kills")
