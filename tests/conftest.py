"""What tests of all rooms share: a browser, and a way to run the long ones in parts."""

import argparse
import os

import pytest

from tests.book.browser import open_browser
from tools.chromium import INSTALL_CHROMIUM, find_chromium


def _part(text):
    number, _, parts = text.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part; the second of four is 2/4")
    return int(number), int(parts)


def pytest_addoption(parser):
    parser.addoption(
        "--part", type=_part, metavar="K/N", help="of the files with long tests, run the long tests of every Nth"
    )


def pytest_collection_modifyitems(config, items):
    """Keep one part of the long tests, by whole files, since tests of a file share what they trained.

    Files are counted in the order of their names read from the end: chapters, which take longest, are far apart then.
    """
    if (part := config.getoption("part")) is None:
        return
    number, parts = part
    long = [item for item in items if item.get_closest_marker("long")]
    chosen = sorted({item.path for item in long}, key=lambda path: str(path)[::-1])[number - 1 :: parts]
    left_out = {item for item in long if item.path not in chosen}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def chromium():
    """Return the path of Chromium. Without it a test is skipped, but fails where CI is set."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL_CHROMIUM)
        pytest.skip(INSTALL_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def browser(chromium, tmp_path_factory):
    """Start Chromium once."""
    with open_browser(chromium, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def page(browser):
    """Open a new page, 1280 pixels wide."""
    opened = browser.page()
    yield opened
    opened.close()
