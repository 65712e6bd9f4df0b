"""A record holds what a verdict came from, is whole or not there, and comes back as it was written."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

import autograder
from autograder.grading import records
from autograder.grading.notebook import Verdict
from autograder.grading.records import Record, RecordError

VERDICT = Verdict("check-f", "f", 0.0, 2.0, False, "f: y is wrong\n∂L/∂y", ("sign",), 12345, 0.25)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = Record("Ada é", "ps2", NOON, "a" * 64, "b" * 64, records.versions(), (VERDICT,), ("said",), 1.5)


def test_a_record_comes_back_as_it_was_written(tmp_path):
    other = Record("bo", "ps2", RECORD.graded_at, "c", "d")
    records.write(tmp_path, other)
    records.write(tmp_path, RECORD)
    assert records.read(tmp_path, "ps2") == [RECORD, other]
    assert records.find(tmp_path, "ps2", "Ada é") == RECORD
    assert records.find(tmp_path, "ps2", "cy") is None
    assert records.read(tmp_path, "ps3") == []


def test_a_record_is_replaced_whole_or_left_as_it_was(tmp_path, monkeypatch):
    records.write(tmp_path, RECORD)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match=r"Ada é\.json cannot be written: No space left on device"):
        records.write(tmp_path, Record("Ada é", "ps2", RECORD.graded_at, "x", "y"))
    assert records.read(tmp_path, "ps2") == [RECORD]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "records" / "ps2" / "Ada é.json"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '{"verdicts": 3}', json.dumps({"verdicts": [], "graded_at": "no"})]
)
def test_what_is_no_record_is_said_so(tmp_path, content):
    path = tmp_path / "records" / "ps2" / "ada.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(RecordError, match=r"ada\.json is not a record of this grader; move it away"):
        records.read(tmp_path, "ps2")


def test_a_record_is_current_for_the_same_notebooks_and_the_same_checks_only(monkeypatch):
    assert RECORD.is_current("a" * 64, "b" * 64)
    assert not RECORD.is_current("x", "b" * 64)
    assert not RECORD.is_current("a" * 64, "x")
    monkeypatch.setattr(records, "grader_digest", lambda: "other checks")
    assert not RECORD.is_current("a" * 64, "b" * 64)


def test_every_change_of_a_check_changes_the_digest_of_the_grader(tmp_path, monkeypatch):
    package = tmp_path / "autograder"
    for room in records.JUDGING_ROOMS:
        (package / room).mkdir(parents=True)
        (package / room / "some.py").write_text("1")
    monkeypatch.setattr(autograder, "__file__", str(package / "__init__.py"))
    digests = [records.digest_of.__wrapped__(records.JUDGING_ROOMS)]
    for room in records.JUDGING_ROOMS:
        (package / room / "some.py").write_text("2")
        digests.append(records.digest_of.__wrapped__(records.JUDGING_ROOMS))
    (package / "engine" / "new.json").write_text("{}")
    digests.append(records.digest_of.__wrapped__(records.JUDGING_ROOMS))
    assert len(set(digests)) == 5


def test_the_version_is_that_of_the_package():
    root = Path(__file__).resolve().parents[2]
    assert f'version = "{autograder.__version__}"' in (root / "pyproject.toml").read_text()
