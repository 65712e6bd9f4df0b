"""What the tests of feedback and report share: a page opened from a file, and the parts of a graded submission."""

import pytest


@pytest.fixture
def opened(page, tmp_path):
    """Return a function that opens an HTML document from a file, and returns the page."""

    def open_document(html, *, width=1280, scheme="light", medium=""):
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        page.resize(width, 900)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.send("Emulation.setEmulatedMedia", media=medium, features=features)
        page.go(path.as_uri())
        return page

    return open_document
