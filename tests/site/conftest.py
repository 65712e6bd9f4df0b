"""The book with Python in it, served as a learner finds it, in a browser that reaches no other host."""

import os
from pathlib import Path

import pytest

from tools.learn import served

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark all tests of this folder: they need `make site OFFLINE=1`, which `make site-test` builds first."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.site)


@pytest.fixture(scope="session")
def html():
    """Return the folder of the built book with Python in it."""
    folder = Path(os.environ.get("UNROLLED_SITE", "_build/html"))
    if not (folder / "lite/static/runtime/pyodide.mjs").exists():
        pytest.fail(f"{folder}/lite has no runtime; build it with: make site OFFLINE=1")
    return folder


@pytest.fixture(scope="session")
def site(html):
    """Serve the site and return its address."""
    with served(html) as address:
        yield address
