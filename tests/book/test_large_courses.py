"""The page for large courses: its arithmetic follows from what was measured, its commands are those of the program."""

import re
from pathlib import Path

import pytest

from autograder.cli import NO_CLUSTER, NO_SANDBOX, grade
from autograder.grading import cluster

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "large-courses.md").read_text(encoding="utf-8")
A_MINUTE = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) submissions a minute with one job", PAGE)]
A_MINUTE += [int(number) for number in re.findall(r"(\d+) with\s+two, the gradebook", PAGE)]
ROWS = re.findall(r"^\| ([\d,]+)[^|]*\|(.+)\|$", PAGE, re.MULTILINE)


def test_what_was_measured_is_what_is_measured_elsewhere():
    assert A_MINUTE == [122, 216]
    assert "about 216" in (ROOT / "book" / "for-instructors.md").read_text(encoding="utf-8")
    assert len(ROWS) == 4


@pytest.mark.parametrize(("submissions", "times"), ROWS, ids=lambda cell: cell.strip().split("|")[0])
def test_the_times_of_the_table_follow_from_the_rates(submissions, times):
    one, two = A_MINUTE
    rates = one, two, 4 * two / 2, 11 * two / 2
    for rate, cell in zip(rates, times.split("|"), strict=True):
        number, unit = cell.split()
        minutes = int(submissions.replace(",", "")) / rate
        shown, half_a_digit = float(number), 0.5 * 10 ** -len(number.partition(".")[2])
        assert abs(minutes / (60 if unit == "h" else 1) - shown) <= half_a_digit + 1e-9, (submissions, cell)


def test_the_limit_of_workers_follows_from_what_the_gradebook_takes():
    seconds = float(re.search(r"needs ([\d.]+) processor seconds a submission", PAGE)[1])
    assert 60 / seconds == 1200
    assert 11 * A_MINUTE[1] / 2 <= 60 / seconds < 12 * A_MINUTE[1] / 2


def test_the_commands_are_those_that_the_messages_name():
    typed = re.findall(r"^    (?:\.venv/bin/)?(\S.*)$", PAGE, re.MULTILINE)
    assert re.search("`(.*)`", cluster.HOW_TO_INSTALL)[1] in typed
    assert cluster.HOW_TO_START.format(address="tcp://HOST:8786").strip("`") in typed
    assert "python -m autograder grade ps3 --scheduler tcp://HOST:8786" in typed
    assert "--scheduler" in [name for option in grade.params for name in option.opts]
    assert f"The exit codes are {NO_CLUSTER}, and {NO_SANDBOX} for the sandbox." in PAGE
    assert cluster.WITHOUT_WORKERS_SECONDS == 30  # half a minute


def test_what_only_a_cluster_needs_is_pinned_and_does_not_change_what_the_course_pins():
    pinned = dict(line.split("==") for line in (ROOT / "requirements-cluster.txt").read_text().split() if "==" in line)
    held = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    assert "distributed" in pinned
    assert pinned["dask"] == pinned["distributed"]
    assert pinned.keys() & held.keys() == set()
