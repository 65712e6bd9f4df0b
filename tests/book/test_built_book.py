"""The built book: no warning, no request to another host, formulas rendered, pictures described."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from building import in_table_of_contents
from page_requests import (
    browse,
    css_references,
    inline_scripts,
    is_foreign,
    local_target,
    page_references,
    script_hosts,
)

from autograder.engine.equations import PAGES, see
from tools.learn import served

PROBE = Path(__file__).with_name("probe.html")
PHONE_WIDTH = 390

# Hosts whose names stand in a script that we ship, and why no page ever asks them for anything.
NAMED_IN_SCRIPTS = {
    "www.w3.org": "names of XML namespaces",
    "www.mathjax.org": "a link in the menu of MathJax, which is switched off",
    "cdn.jsdelivr.net": "speech rules, which only the menu of MathJax loads",
    "clipboardjs.com": "a comment",
    "developer.mozilla.org": "a comment",
    "pydata-sphinx-theme.readthedocs.io": "a link in a warning that the version switcher prints to the console",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def seen_over_http(book, chromium, tmp_path_factory):
    """Open every page in a frame as wide as a telephone, over http: what was found there, what was asked for."""
    shutil.copy(PROBE, book.folder.parent)
    with served(book.folder.parent) as root:
        # The page for wrong addresses is whole at the root of a server only, where test_frame_built.py looks at it.
        pages = [page.relative_to(book.folder) for page in book.pages() if page.name != "404.html"]
        names = ",".join(f"html/{page}" for page in pages)
        document, requested = browse(chromium, f"{root}/{PROBE.name}#{names}", tmp_path_factory.mktemp("browser"))
        return root, report_of(document), requested


def report_of(document):
    """Return what the probe page wrote down."""
    return json.loads(html.unescape(re.search(r'<pre id="report">(.*?)</pre>', document, re.DOTALL).group(1)))


def test_the_book_builds_without_a_warning_even_a_nitpicky_one(book):
    assert not re.findall(r".*(?:WARNING|ERROR).*", book.log)
    assert book.exit_code == 0, book.log[-3000:]


def test_every_page_of_the_table_of_contents_is_there(book):
    missing = [name for name in in_table_of_contents() if not (book.folder / f"{name}.html").is_file()]
    assert missing == []


def test_no_page_or_style_sheet_refers_to_another_host(book):
    foreign = [
        f"{page.relative_to(book.folder)}: {address}"
        for page in book.pages()
        for address in page_references(page.read_text(encoding="utf-8"))
        if is_foreign(address)
    ]
    foreign += [
        f"{sheet.relative_to(book.folder)}: {address}"
        for pattern in ("*.css", "*.svg")
        for sheet in book.files(pattern)
        for address in css_references(sheet.read_text(encoding="utf-8"))
        if is_foreign(address)
    ]
    assert foreign == []


def test_no_script_names_a_host_without_a_known_reason(book):
    named = {
        path.relative_to(book.folder).as_posix(): script_hosts(path.read_text(encoding="utf-8"))
        for path in book.files("*.js")
        if path.name != "searchindex.js"
    }
    for page in book.pages():
        scripts = inline_scripts(page.read_text(encoding="utf-8"))
        named[page.relative_to(book.folder).as_posix()] = set().union(*map(script_hosts, scripts))
    unknown = {name: hosts - set(NAMED_IN_SCRIPTS) for name, hosts in named.items() if hosts - set(NAMED_IN_SCRIPTS)}
    assert unknown == {}
    assert all('"enableMenu": false' in page for page in map(book.page, in_table_of_contents()) if "mathjax/" in page)


def test_every_file_that_a_page_refers_to_is_there(book):
    missing = []
    for page in book.pages():
        text = page.read_text(encoding="utf-8")
        links = re.findall(r'<a\b[^>]*\bhref="([^"#]+)', text)
        for address in [*page_references(text), *map(html.unescape, links)]:
            # The page for wrong addresses is shown at any depth, so its addresses start at the root.
            target = local_target(address.removeprefix("/") if page.name == "404.html" else address, page)
            if target is not None and not target.exists():
                missing.append(f"{page.relative_to(book.folder)}: {address}")
    for sheet in book.files("*.css"):
        for address in css_references(sheet.read_text(encoding="utf-8")):
            target = local_target(address, sheet)
            if target is not None and not target.exists():
                missing.append(f"{sheet.relative_to(book.folder)}: {address}")
    assert missing == []


def test_no_page_asks_another_host_for_anything_over_http(seen_over_http):
    root, _, requested = seen_over_http
    assert any(address.startswith(f"{root}/html/_static/mathjax/") for address in requested)
    assert [address for address in requested if not address.startswith(f"{root}/")] == []


@pytest.mark.long
def test_no_page_asks_anybody_for_anything_from_a_file(book, chromium, tmp_path):
    shutil.copy(PROBE, book.folder.parent)
    names = ",".join(f"html/{page.relative_to(book.folder)}" for page in book.pages())
    address = (book.folder.parent / PROBE.name).as_uri()
    document, requested = browse(chromium, f"{address}#{names}", tmp_path)
    # A page in a frame loads from a file, but no other page may look into it.
    assert ["closed" in page for page in report_of(document)] == [True] * len(book.pages())
    assert requested == []


def test_formulas_are_rendered_from_a_file(book, chromium, tmp_path):
    document, requested = browse(chromium, (book.folder / "notation.html").as_uri(), tmp_path)
    assert document.count("<mjx-container") > 20
    assert requested == []


def test_every_formula_of_every_page_is_rendered_without_an_error(seen_over_http):
    _, report, _ = seen_over_http
    assert sum(page["formulas"] for page in report) > 50
    assert [page for page in report if page["rendered"] < page["formulas"] or page["errors"]] == []


def test_no_page_scrolls_sideways_on_a_telephone(seen_over_http):
    _, report, _ = seen_over_http
    assert {page["page"]: page["width"] for page in report if page["width"] > PHONE_WIDTH} == {}
    assert [page["page"] for page in report if page["cut"]] == []


def test_every_button_has_a_name_and_every_wide_equation_can_be_reached_by_keys(seen_over_http):
    _, report, _ = seen_over_http
    assert [page for page in report if page["nameless"] or page["unreachable"]] == []


def test_every_picture_on_a_page_has_a_description(book):
    bare = []
    for name in in_table_of_contents():
        article = book.page(name).partition("<article")[2].partition("</article>")[0]
        bare += [f"{name}: {tag}" for tag in re.findall(r"<img\b[^>]*>", article) if not described(tag, "alt")]
        for drawing in re.findall(r"<svg\b.*?</svg>", article, re.DOTALL):
            if 'aria-hidden="true"' in drawing.partition(">")[0]:
                continue  # an icon beside words that say the same
            if not ('role="img"' in drawing and re.search(r"<title[^>]*>\s*\S", drawing)):
                bare.append(f"{name}: {drawing[:80]}")
    assert bare == []


def described(tag, attribute):
    """Say whether a tag has an attribute that says more than a word or a file name."""
    value = re.search(rf'\b{attribute}="([^"]*)"', tag)
    return bool(value) and len(value.group(1).split()) >= 4


@pytest.mark.parametrize("label", PAGES)
def test_the_link_in_a_message_leads_to_one_place_in_the_page_and_that_is_the_equation(book, label, monkeypatch):
    monkeypatch.delenv("UNROLLED_BOOK", raising=False)
    page, anchor = re.search(r": (\S+)\.html#(\S+)$", see(label)).groups()
    assert re.findall(rf'<(\w+) [^>]*\bid="{re.escape(anchor)}"', book.page(page)) == ["div"]
    assert anchor == f"equation-{label.lower()}"


def test_every_labelled_equation_of_the_built_pages_is_in_the_table(book):
    built = {
        (page.relative_to(book.folder).with_suffix("").as_posix(), anchor)
        for page in book.pages()
        for anchor in re.findall(r'\bid="(equation-[^"]+)"', page.read_text(encoding="utf-8"))
    }
    assert built == {(page, f"equation-{label.lower()}") for label, page in PAGES.items()}


def test_every_notebook_page_offers_its_notebook_for_download(book):
    notebooks = [name for name in in_table_of_contents() if list((book.folder / "_sources").glob(f"{name}.ipynb"))]
    assert len(notebooks) >= 4
    for name in notebooks:
        assert re.search(rf'href="[^"]*_sources/{re.escape(name)}\.ipynb"', book.page(name)), name


def test_every_chapter_has_its_problem_set_or_its_uses_below_it(book):
    for name in in_table_of_contents():
        if re.match(r"\d\d-", name):
            index = book.page("index")
            entry = index.partition(f'href="{name}.html"')[2].partition("toctree-l1")[0]
            assert re.search(r'href="(problem-sets/ps|uses/u)\d', entry), name


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        '<script src="//cdn.example.com/a.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.com/css?family=A">',
        '<link rel="preconnect" href="https://fonts.example.com">',
        '<img src="https://example.com/a.png" alt="">',
        '<img srcset="a.png 1x, https://example.com/b.png 2x" alt="">',
        '<iframe src="https://example.com/"></iframe>',
        "<style>@import 'https://example.com/a.css';</style>",
        '<style>@font-face { src: url("https://example.com/a.woff") }</style>',
        '<p style="background: url(//example.com/a.png)">text</p>',
        '<meta http-equiv="refresh" content="0; url=https://example.com/">',
        '<svg><use href="https://example.com/icons.svg#a"/></svg>',
    ],
)
def test_the_reader_of_pages_finds_a_foreign_reference_of_every_kind(text):
    assert any(is_foreign(address) for address in page_references(text))


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://example.com/">a link that the reader may follow</a>',
        '<link rel="canonical" href="https://example.com/page.html">',
        '<img src="_images/a.png" alt="">',
        '<img src="data:image/png;base64,AAAA" alt="">',
        '<script src="_static/a.js?v=1"></script>',
    ],
)
def test_the_reader_of_pages_lets_links_and_local_files_pass(text):
    assert not any(is_foreign(address) for address in page_references(text))


@pytest.mark.parametrize(
    "text",
    ['fetch("https://api.example.com/x")', "import('//cdn.example.com/a.mjs')", 'new WebSocket("wss://a.example.com")'],
)
def test_the_reader_of_scripts_finds_the_host_of_a_fetch(text):
    assert any(host.endswith("example.com") for host in script_hosts(text))


FOREIGN_PAGE = """<!doctype html><title>foreign</title>
<link rel="stylesheet" href="https://styles.example.com/a.css">
<img src="https://pictures.example.com/a.png" alt="">
<script>fetch("https://data.example.com/" + [1, 2].join("-"))</script>
<script>const host = ["hidden", "example", "com"].join("."); new Image().src = "//" + host + "/b.png"</script>
"""


@pytest.mark.parametrize("way", ["http", "file"])
def test_the_browser_test_sees_a_page_that_asks_other_hosts(chromium, tmp_path, way):
    (tmp_path / "site").mkdir()
    page = tmp_path / "site" / "foreign.html"
    page.write_text(FOREIGN_PAGE, encoding="utf-8")
    with served(page.parent) as root:
        address = f"{root}/{page.name}" if way == "http" else page.as_uri()
        _, requested = browse(chromium, address, tmp_path)
    hosts = {host for address in requested for host in script_hosts(address)}
    expected = {"styles.example.com", "pictures.example.com", "data.example.com"}
    # From a file, "//host" means a file on a network drive, and no request over http is made.
    assert expected | ({"hidden.example.com"} if way == "http" else set()) <= hosts
