"""Every question of every problem set finds its own way into the tests of this folder."""

import pytest
from cheats import is_asked_for_derivatives

import solutions
from autograder.engine.measurement import Measurement
from autograder.engine.questions import Question
from autograder.engine.trained import Trained
from autograder.sets import SETS

KINDS = {
    "question": lambda question: True,
    "function": lambda question: isinstance(question, Question),
    "measurement": lambda question: isinstance(question, Measurement),
    "derivative": is_asked_for_derivatives,
}
"""What a test may ask for by the name of a parameter, and which questions it gets."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a question all of that kind, and a test that asks for a set alone all of those."""
    names = set(metafunc.fixturenames)
    for kind, fits in KINDS.items():
        if kind in names:
            fitting = [(set_name, asked) for set_name, asked in solutions.questions() if fits(asked)]
            trains = metafunc.definition.get_closest_marker("trains") is not None
            params = [
                pytest.param(
                    *((set_name, asked) if "set_name" in names else (asked,)),
                    id=asked.name,
                    marks=[pytest.mark.long] if trains and isinstance(asked, Trained) else [],
                )
                for set_name, asked in fitting
            ]
            metafunc.parametrize(("set_name", kind) if "set_name" in names else kind, params)
            return
    if "set_name" in names:
        folders = {path.name for path in solutions.SOLUTIONS.iterdir() if path.is_dir()}
        metafunc.parametrize("set_name", sorted(folders | set(SETS)))
