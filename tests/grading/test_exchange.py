"""nbgrader's exchange: released, fetched, handed in, collected, sent and fetched; through no link, and nobody stops."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # a stock command lasts two seconds

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = (ROOT / "exercises" / "ps2" / "ps2.ipynb").read_bytes()


class Exchange:
    """A fresh clone whose exchange is a folder in its classroom, and students who hand in there."""

    def __init__(self, folder: Path):
        self.folder = folder / "clone"
        for name in ("autograder", "solutions", "exercises"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "nbgrader_config.py", self.folder)
        self.room = self.folder / "classroom"
        self.inbound = self.room / "exchange" / "unrolled" / "inbound"
        self.feedback = self.room / "exchange" / "unrolled" / "feedback"

    def run(self, *arguments, program="nbgrader"):
        """Run a command as somebody does who has not activated the environment, and return it and what it says."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder.parent), "PYTHONPATH": str(self.folder)}
        command = (
            [sys.executable, "-m", program] if program == "autograder" else [Path(sys.executable).with_name(program)]
        )
        done = subprocess.run(
            [*command, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
        )
        return done, done.stdout + done.stderr

    def says(self, *arguments, **options):
        """Run a command that has to succeed, and return what it says."""
        done, said = self.run(*arguments, **options)
        assert done.returncode == 0, said
        assert "Traceback" not in said
        return said

    def hand_in(self, student, secret=None):
        """Put into the exchange what a student hands in there; return the folder."""
        self.inbound.mkdir(parents=True, exist_ok=True)
        folder = self.inbound / f"{student}+ps2+2026-11-22 10:00:00 UTC+{student}"
        folder.mkdir()
        (folder / "ps2.ipynb").write_bytes(NOTEBOOK)
        (folder / "timestamp.txt").write_text("2026-11-22 10:00:00 UTC")
        (folder / "submission_secret.txt").write_text(secret or f"secret-of-{student}")
        return folder

    def collected(self, student):
        """Return the names of what was collected of a student."""
        folder = self.room / "submitted" / student / "ps2"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def exchange(tmp_path):
    return Exchange(tmp_path)


@pytest.mark.long
def test_a_set_goes_out_and_comes_back_and_its_page_is_fetched(exchange):
    exchange.says("release_assignment", "ps2")
    assert "unrolled ps2" in exchange.says("list")
    exchange.says("fetch_assignment", "ps2")
    exchange.says("submit", "ps2")
    exchange.says("collect", "ps2")
    (student,) = [path.name for path in (exchange.room / "submitted").iterdir()]
    assert exchange.collected(student) == ["ps2.ipynb", "submission_secret.txt", "timestamp.txt"]
    exchange.says("grade", "ps2", program="autograder")
    exchange.says("release_feedback", "ps2")
    assert "feedback ready to be fetched" in exchange.says("list", "--inbound")
    exchange.says("fetch_feedback", "ps2")
    (page,) = exchange.folder.glob("ps2/feedback/*/ps2.html")
    assert page.read_bytes() == (exchange.room / "feedback" / student / "ps2" / "ps2.html").read_bytes()


def test_what_is_a_link_or_a_pipe_or_too_large_is_not_collected_and_named(exchange, tmp_path):
    solution = exchange.folder / "solutions" / "ps2" / "ps2.ipynb"
    link, pipe, folder = (exchange.hand_in(name) for name in ("link", "pipe", "folder"))
    (link / "ps2.ipynb").unlink()
    (link / "ps2.ipynb").symlink_to(solution)
    (link / "more").symlink_to(solution.parent)
    os.mkfifo(pipe / "waits")
    with (pipe / "large.npy").open("wb") as file:
        file.truncate(100_000_001)
    (pipe / "data").mkdir()
    (pipe / "data" / "notes.txt").write_text("mine")
    shutil.rmtree(folder)
    folder.symlink_to(solution.parent)
    exchange.hand_in("ada")
    done, said = exchange.run("collect", "ps2")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    usual = ["ps2.ipynb", "submission_secret.txt", "timestamp.txt"]
    assert exchange.collected("ada") == usual
    assert exchange.collected("link") == usual[1:]
    assert exchange.collected("pipe") == ["data/notes.txt", *usual]
    assert not (exchange.room / "submitted" / "folder" / "ps2").exists()
    for words in ("ps2.ipynb (Too many levels", "waits (it is not a file)", "it is a link, not a folder", "large.npy"):
        assert words in said


def test_pages_without_a_reader_are_named_and_the_others_are_released(exchange):
    exchange.hand_in("ada")
    exchange.says("collect", "ps2")
    for student in ("ada", "by-mail", "again", "damaged"):
        page = exchange.room / "feedback" / student / "ps2" / "ps2.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"for {student}")
        submitted = exchange.room / "submitted" / student / "ps2"
        submitted.mkdir(parents=True, exist_ok=True)
        (submitted / "ps2.ipynb").write_bytes(NOTEBOOK)
    (exchange.room / "submitted" / "again" / "ps2" / "submission_secret.txt").write_text("another")
    (exchange.room / "submitted" / "damaged" / "ps2" / "submission_secret.txt").write_bytes(b"\xff" * 2000)
    record = {"student": "again", "assignment": "ps2", "graded_at": "2026-11-22T10:00:00+00:00", "submitted": "0" * 64,
              "source": "", "versions": {}, "verdicts": [], "remarks": [], "seconds": 1.0}  # fmt: skip
    path = exchange.room / "records" / "ps2" / "again.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record))
    said = exchange.says("release_feedback", "ps2")
    assert [page.read_text() for page in exchange.feedback.iterdir()] == ["for ada"]
    for words in (
        "by-mail: the page was not released: it was not handed in through the exchange; send the page another way",
        "again: the page was not released: it was handed in again since it was graded; grade ps2 first",
        "damaged: the page was not released: submission_secret.txt in the submission is damaged",
    ):
        assert words in said
    (exchange.room / "submitted" / "again" / "ps2" / "submission_secret.txt").unlink()
    assert "not handed in through the exchange" in exchange.says("release_feedback", "ps2", "--student=again")


def test_without_pages_nothing_is_released_and_what_to_do_is_said(exchange):
    exchange.hand_in("ada")
    exchange.says("collect", "ps2")
    done, said = exchange.run("release_feedback", "ps2")
    assert done.returncode == 1
    assert "there is no feedback page for ps2" in said
    assert "Traceback" not in said
