"""A check in the browser gives the verdict and says the words that it says on the desk."""

import pytest
import verdict_cases
from in_worker import Worker
from verdict_cases import RIGHT

from autograder.engine.trained import Trained
from autograder.sets import QUESTIONS

CASES = list(verdict_cases.cases())
TRAINS = [case for case in CASES if isinstance(QUESTIONS[case["question"]], Trained) and case["label"] == RIGHT]
"""The cases in which a model is trained: minutes on a busy machine."""


@pytest.fixture
def python(page, site):
    """Start Pyodide with the course."""
    worker = Worker(page, site)
    yield worker
    worker.stop()


def differences(python, cases, seconds):
    """Ask here and in the browser, and return what is not the same, by the question."""
    there = verdict_cases.in_pyodide(python, cases, seconds)
    here = list(verdict_cases.in_cpython(cases))
    return {
        f"{case['question']}, {case['label']}": (one["message"], other["message"])
        for case, one, other in zip(cases, here, there, strict=True)
        if one["right"] != (case["label"] == RIGHT) or not verdict_cases.alike(one, other)
    }


def test_every_question_has_a_right_and_three_wrong_solutions():
    labels = {(case["question"], case["label"]) for case in CASES}
    assert len(labels) == len(CASES) == 4 * len(QUESTIONS)


def test_the_browser_gives_the_verdicts_and_messages_of_the_desk(python):
    assert differences(python, [case for case in CASES if case not in TRAINS], 120) == {}


@pytest.mark.long
def test_a_model_that_is_trained_in_the_browser_gets_the_verdict_and_message_of_the_desk(python):
    assert TRAINS
    assert differences(python, TRAINS, 900) == {}
