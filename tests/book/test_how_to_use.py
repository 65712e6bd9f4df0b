"""The page for newcomers and the README show what `check` really says, and lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

from autograder.engine.gradients import norm_relative_error
from tools import animation

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "how-to-use.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_message_on_the_page_is_what_check_says_and_every_line_of_it_is_explained():
    shown = re.search(r"```text\n(rnn_backward is not right yet.*?)\n```", PAGE, re.DOTALL).group(1)
    assert int(re.search(r"seed=(\d+)", shown).group(1)) == animation.SEED
    assert shown == animation.run().red
    explained = re.search(r"^Line by line:\n\n(.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE).group(1)
    assert len(re.findall(r"^\d\. ", explained, re.MULTILINE)) == len(shown.splitlines())


def test_the_message_in_the_readme_is_how_check_begins_under_make_learn():
    shown = re.search(r"^    (rnn_backward is not right yet.*?)\n\n", README, re.DOTALL | re.MULTILINE).group(1)
    shown = shown.replace("\n    ", "\n")
    served_at = re.search(r"http://[\w.:]+", shown).group()
    assert "\n" in shown
    assert animation.run(served_at).red.startswith(shown + "\n")


def test_the_worked_example_of_the_error_is_what_the_checks_compute():
    text = PAGE.partition("(how-far-off)=")[2]
    yours, numeric = (
        np.array([float(number) for number in pair.split(", ")])
        for pair in re.findall(r"\$\(([\d.]+, [\d.]+)\)\$", text)[:2]
    )
    assert re.search(r"They are ([\d.]+) apart", text).group(1) == f"{np.linalg.norm(yours - numeric):g}"
    assert re.search(r"= (\d+)\$\. The error", text).group(1) == f"{np.linalg.norm(yours):g}"
    assert re.search(r"or `([^`]+)`", text).group(1) == f"{norm_relative_error(yours, numeric):.1e}"


def test_rounding_stays_far_below_what_passes():
    passes = float(re.search(r"stays far below the `([^`]+)` that passes", PAGE).group(1))
    assert f"at most {passes:.0e} passes" in animation.run().red
    assert float(re.search(r"worst error below ([\d.e-]+\d)", animation.run().green).group(1)) < passes / 10


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)", README))
def test_the_readme_leads_to_files_that_are_there(target):
    assert (ROOT / target).is_file()


def test_the_readme_is_short_and_names_the_address_of_the_repository_once():
    assert len(README.splitlines()) < 150
    assert len(re.findall(r"\.git\b", README)) == 1
    assert re.search(r"^    REPO=\S+\.git\b.*\n    git clone \"\$REPO\"", README, re.MULTILINE)


def test_the_readme_and_the_page_tell_windows_users_the_same():
    packages = [set(re.findall(r"apt install ([^`]+)`", text.replace("\n", " "))) for text in (README, PAGE)]
    assert packages[0] == packages[1] != set()
    assert all("wsl --install" in text for text in (README, PAGE))
