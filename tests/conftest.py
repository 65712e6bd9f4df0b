"""What tests of all rooms share: a browser."""

import os

import pytest

from tests.book.browser import open_browser
from tools.chromium import INSTALL_CHROMIUM, find_chromium


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
