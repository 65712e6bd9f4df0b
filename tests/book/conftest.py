"""What the tests of the built book share: the book, built once, and one page for all tests of a module."""

import fcntl
import json
import os

import pytest
from building import ROOT, Book, build, build_small
from widget_pages import PHONE_WIDTH, Widget

from tools.learn import served


def built_once(tmp_path_factory, name, build_into):
    """Build a book once, also when the tests are spread over several processes by pytest-xdist."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    record = folder / name / "build.json"
    with open(folder / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            record.write_text(json.dumps(build_into(folder / name)), encoding="utf-8")
    exit_code, log = json.loads(record.read_text(encoding="utf-8"))
    pages = folder / name / "_build" / "html"
    if not (pages / "index.html").is_file():
        pytest.fail(f"the book was not built:\n{log[-3000:]}")
    return Book(pages, log, exit_code)


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """Return the book that `make` has built and named, or build a copy."""
    if made := os.environ.get("UNROLLED_BOOK"):
        pages = ROOT / made
        return Book(pages, (pages.parent / "book.log").read_text(encoding="utf-8"), exit_code=0)
    return built_once(tmp_path_factory, "course", build)


@pytest.fixture(scope="session")
def site(book):
    """Serve the book and return the address of its root."""
    with served(book.folder) as root:
        yield root


@pytest.fixture(scope="session")
def small_book(tmp_path_factory):
    """Build a book of six pages for a base URL; see `SMALL_BOOK`."""

    def build_into(folder):
        small = build_small(folder, SMALL_BOOK, BASE_URL=BASE_URL)
        return small.exit_code, small.log

    small = built_once(tmp_path_factory, "small", build_into)
    assert small.exit_code == 0, small.log[-3000:]
    return small


@pytest.fixture(scope="module")
def screen(browser):
    """Open one page for all tests of a module."""
    opened = browser.page()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def widget_name(request):
    """Return the name of the widget that a module `test_widget_NAME.py` is about."""
    return request.module.__name__.removeprefix("test_widget_").replace("_", "-")


@pytest.fixture(scope="module")
def on_page(screen, widget_name, tmp_path_factory):
    """Return the widget on a page of its own, which is not open yet."""
    return Widget(screen, widget_name, tmp_path_factory.mktemp(widget_name))


@pytest.fixture
def widget(on_page):
    """Return the widget freshly opened, as wide as a desk."""
    on_page.open()
    yield on_page
    on_page.asks_for_files_alone()


@pytest.fixture
def phone(on_page):
    """Return the widget freshly opened on a telephone."""
    on_page.open(PHONE_WIDTH)
    yield on_page
    on_page.asks_for_files_alone()


BASE_URL = "https://course.example.org/unrolled"
SMALL_BOOK = {
    "index": "# A small book\n\n**Six pages** with the *frame* of the course, nothing more. "
    + "They say little. " * 20
    + "\n\nThe {term}`mask` says so.\n",
    "03-one-chapter": "# One chapter\n\nIt has two equations and $x_t$.\n\n$$\na = b\n$$ (eq-one)\n\n"
    "$$\nc = d\n$$ (eq-two)\n\nSee {eq}`eq-two` and {eq}`eq-three`.\n",
    "folklore/k07-a-claim": "# A claim\n\nIt has one equation.\n\n$$\ne = f\n$$ (eq-three)\n\nSee {eq}`eq-one`.\n",
    "a-widget": '# A widget\n\nIt can be touched, by a hand.\n\n<div data-widget="gain"></div>\n',
    "a-term": "# A term\n\nThere is the {term}`mask`, and no formula beside it.\n",
    "glossary": "# Glossary\n\n```{glossary}\nmask\n  Which steps are *real*; $m_t$ is one or 0. See {term}`batch`.\n"
    "\nbatch\n  Several sequences.\n```\n",
}
