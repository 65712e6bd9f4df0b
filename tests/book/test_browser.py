"""The browser of the tests says what went wrong on a page; if it did not, nothing would ever be found."""

import pytest

from tools.learn import served

pytestmark = pytest.mark.slow

BROKEN = """<!doctype html><title>as written</title><style>@media print { p { color: red } }
@media (prefers-reduced-motion: reduce) { p { margin-top: 7px } }</style><p id="text">text</p>
<img src="missing.png" alt=""><script>document.title = "as run"; throw new Error("on purpose")</script>"""
STYLE = "(({color, marginTop}) => [color, marginTop])(getComputedStyle(document.getElementById('text')))"


@pytest.fixture
def root(tmp_path):
    """Serve a page with an error, and one without."""
    (tmp_path / "broken.html").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "right.html").write_text("<!doctype html><link rel=icon href=data:,><p>right", encoding="utf-8")
    with served(tmp_path) as address:
        yield address


def test_an_error_and_a_missing_file_are_told_of_the_page_that_has_them(root, browser, page):
    page.go(f"{root}/broken.html")
    assert [error.partition("\n")[0] for error in page.errors()] == ["Error: on purpose"]
    assert f"{root}/missing.png" in page.refused()
    assert page.requests()[:2] == [f"{root}/broken.html", f"{root}/missing.png"]
    other = browser.page()
    assert other.go(f"{root}/right.html") == len("<!doctype html><link rel=icon href=data:,><p>right")
    assert (other.errors(), other.refused()) == ([], [])
    assert other.requests()[0] == f"{root}/right.html"
    assert len(page.errors()) == 1
    other.close()
    page.go(f"{root}/right.html")
    assert (page.errors(), page.refused()) == ([], [])


REMEMBERED = """[localStorage.kept, sessionStorage.kept, document.cookie, matchMedia("print").matches,
  matchMedia("(pointer: coarse)").matches, window.scripted]"""


def test_a_page_remembers_nothing_of_the_one_that_was_closed_before(root, tmp_path, browser):
    addresses = (f"{root}/right.html", (tmp_path / "right.html").as_uri())
    first = browser.page()
    first.send("Page.addScriptToEvaluateOnNewDocument", source="window.scripted = true")
    first.resize(390, 844, touch=True)
    first.use_medium("print")
    for address in addresses:
        first.go(address)
        first.evaluate("document.cookie = 'kept=1; max-age=600'; localStorage.kept = sessionStorage.kept = 'yes'")
    assert first.evaluate(REMEMBERED)[:2] == ["yes", "yes"]
    assert first.evaluate(REMEMBERED)[3:] == [True, True, True]
    first.close()
    second = browser.page()
    for address in addresses:
        second.go(address)
        assert second.evaluate(REMEMBERED) == [None, None, "", False, False, None]
    assert second.target == first.target
    second.close()


def test_a_page_may_be_kept_from_running_its_scripts_and_can_be_asked_all_the_same(root, page):
    page.go(f"{root}/broken.html", scripts=False)
    assert page.evaluate("document.title") == "as written"
    assert page.errors() == []
    page.go(f"{root}/broken.html")
    assert page.evaluate("document.title") == "as run"


def test_a_page_is_shown_on_paper_and_to_readers_who_want_no_motion(root, page):
    page.go(f"{root}/broken.html")
    usual = page.evaluate(STYLE)
    assert usual[0] == "rgb(0, 0, 0)"
    page.use_medium("print")
    assert page.evaluate(STYLE) == ["rgb(255, 0, 0)", usual[1]]
    page.use_medium(reduced_motion=True)
    assert page.evaluate(STYLE) == ["rgb(0, 0, 0)", "7px"]
    page.use_medium()
    assert page.evaluate(STYLE) == usual


def test_what_is_waited_for_may_come_true_on_the_page_to_which_the_asked_one_has_left(root, page):
    page.go(f"{root}/broken.html")
    page.evaluate("void setTimeout(() => { location = 'right.html' }, 200)")
    assert page.until("document.querySelector('p').textContent === 'right' || new Promise(() => {})")
    assert page.evaluate("location.pathname") == "/right.html"


def test_what_never_comes_true_is_told_with_what_the_page_says(root, page):
    page.go(f"{root}/right.html")
    with pytest.raises(AssertionError, match=r"(?s)TypeError.*The page says: right"):
        page.until("document.querySelector('button').textContent", seconds=0.3)
