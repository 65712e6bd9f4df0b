"""Fixtures of the grading tests."""

import shutil

import pytest
from rich.console import Console
from small_course import SmallCourse

from autograder import cli
from autograder.grading.classroom import Classroom


@pytest.fixture(scope="session")
def registered_classroom(tmp_path_factory):
    """A classroom with an empty gradebook that knows the small course's assignment; to make one takes seconds."""
    course = SmallCourse(tmp_path_factory.mktemp("registered"))
    Classroom(course.folder, course.room).register("ps2")
    return course.room


@pytest.fixture
def course(tmp_path, monkeypatch, registered_classroom):
    """A course of two questions: rnn_parameter_count, 1 point, and many_to_many, 2 points."""
    monkeypatch.setattr(cli, "console", Console(highlight=False, width=200))
    course = SmallCourse(tmp_path / "course")
    shutil.copytree(registered_classroom, course.room)
    return course
