"""The frame of the built book, as its files say it: numbers, descriptions, addresses, what is loaded."""

import functools
import html
import http.server
import re
import threading
from urllib.parse import urlsplit

import pytest
import yaml
from building import ROOT, build_small, in_table_of_contents
from conftest import BASE_URL, SMALL_BOOK

pytestmark = pytest.mark.slow


def captions(text):
    """Return the numbers of the figures of a page, in order."""
    return re.findall(r'<span class="caption-number">Fig\. (\S+) </span>', text)


def equation_numbers(text):
    """Return the numbers of the labelled equations of a page, in order."""
    return re.findall(r'<span class="eqno">\(([^)]+)\)', text)


@pytest.mark.parametrize("kind", [captions, equation_numbers])
def test_figures_and_equations_of_a_chapter_are_numbered_from_one_after_its_number(book, kind):
    chapters = [name for name in in_table_of_contents() if re.match(r"\d\d-", name)]
    found = {name: kind(book.page(name)) for name in chapters}
    assert {name[:2] for name, numbers in found.items() if not numbers} <= {"09"}  # it has pages of its own below it
    for name, numbers in found.items():
        assert numbers == [f"{int(name[:2])}.{place}" for place in range(1, len(numbers) + 1)]


def test_every_reference_to_an_equation_shows_the_number_of_that_equation(book):
    number_of, shown = {}, []
    for name in in_table_of_contents():
        text = book.page(name)
        for anchor, number in re.findall(r'id="(equation-[^"]+)">\s*<span class="eqno">\(([^)]+)\)', text):
            number_of[anchor] = f"({number})"
        shown += re.findall(r'<a class="reference internal" href="[^"#]*#(equation-[^"]+)">(\([^)]+\))</a>', text)
    assert len(shown) > 5
    assert [(anchor, number) for anchor, number in shown if number_of[anchor] != number] == []


def test_numbers_of_a_claim_have_its_sign_and_headings_have_none(small_book):
    assert equation_numbers(small_book.page("03-one-chapter")) == ["3.1", "3.2"]
    assert equation_numbers(small_book.page("folklore/k07-a-claim")) == ["K7.1"]
    assert re.findall(r">(\([^)<]+\))</a>", small_book.page("03-one-chapter")) == ["(3.2)", "(K7.1)"]
    assert "<h1>One chapter<a" in small_book.page("03-one-chapter")


def test_two_pages_with_the_same_numbers_are_an_error(tmp_path):
    equation = "# {0}\n\nText.\n\n$$\na = b\n$$ (eq-{0})\n"
    pages = {"index": "# Book\n", "03-one": equation.format("one"), "03-two": equation.format("two")}
    small = build_small(tmp_path, pages)
    assert small.exit_code != 0
    assert "figures on 03-two and on 03-one would have the same numbers, 3.n" in small.log


def meta(text, name):
    """Return the content of a meta tag of a page, or None."""
    found = re.findall(rf'<meta (?:name|property)="{re.escape(name)}" content="([^"]*)"', text)
    assert len(found) <= 1, name
    return html.unescape(found[0]) if found else None


def test_every_page_is_described_by_words_of_its_own(book):
    described = {}
    for name in in_table_of_contents():
        text = book.page(name)
        description = meta(text, "description")
        assert description, name
        assert 20 <= len(description) <= 200
        assert not re.search(r"[\\{}$<]", description), description
        assert meta(text, "og:description") == description
        assert meta(text, "og:site_name") == "Unrolled"
        assert meta(text, "og:title") in html.unescape(re.search(r"<title>([^<]*)</title>", text)[1])
        described[description] = name
    assert len(described) == len(in_table_of_contents())


def test_a_description_is_the_beginning_of_the_first_paragraph_without_its_marks(small_book):
    assert meta(small_book.page("index"), "description").startswith("Six pages with the frame of the course, nothing")
    assert meta(small_book.page("03-one-chapter"), "description") == "It has two equations and x_t."


def test_without_a_base_url_no_page_names_an_address(book):
    assert not (book.folder / "sitemap.xml").exists()
    assert not (book.folder / "robots.txt").exists()
    for path in book.pages():
        text = path.read_text(encoding="utf-8")
        assert 'rel="canonical"' not in text
        assert meta(text, "og:url") is None


def test_with_a_base_url_every_page_names_its_address_and_the_sitemap_names_every_page(small_book):
    places = {f"{BASE_URL}/{name}.html" for name in SMALL_BOOK}
    sitemap = (small_book.folder / "sitemap.xml").read_text(encoding="utf-8")
    assert set(re.findall(r"<loc>([^<]+)</loc>", sitemap)) == places
    robots = (small_book.folder / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {BASE_URL}/sitemap.xml" in robots
    for name in SMALL_BOOK:
        text = small_book.page(name)
        canonical = re.findall(r'<link rel="canonical" href="([^"]+)"', text)
        assert canonical == [meta(text, "og:url")] == [f"{BASE_URL}/{name}.html"]


def test_a_search_engine_leaves_the_search_page_and_the_page_for_wrong_addresses_out(small_book):
    assert meta(small_book.page("404"), "robots") == meta(small_book.page("search"), "robots") == "noindex"
    assert meta(small_book.page("index"), "robots") is None
    assert 'rel="canonical"' not in small_book.page("404")


def test_nothing_is_left_of_what_only_developers_of_the_theme_ask_for(book):
    left = [path.name for path in book.files("*") if path.suffix in {".map", ".woff2", ".ttf"}]
    left += [path.name for name in ("fontawesome*", "bootstrap*") for path in book.files(name)]
    assert left == []
    for path in book.pages():
        text = path.read_text(encoding="utf-8")
        assert "fontawesome" not in text
        assert "bootstrap.js" not in text
        assert not re.search(r'<(?:i|span) class="[^"]*\bfa-', text)
        assert text.count('class="svg-inline--fa') > 5


def test_a_page_loads_mathjax_where_it_has_formulas_and_nowhere_else(small_book):
    with_formulas = {name for name in SMALL_BOOK if "mathjax/startup.js" in small_book.page(name)}
    # The first page and the page of a term have none of their own; the note on the term has one. Sphinx by itself would
    # count the formulas of all pages below the first one.
    assert with_formulas == {"index", "03-one-chapter", "folklore/k07-a-claim", "a-term", "glossary"}
    assert "window.MathJax" not in small_book.page("a-widget")


def test_search_scripts_stand_on_the_search_page_only(book):
    assert [path.name for path in book.pages() if "searchtools.js" in path.read_text(encoding="utf-8")] == [
        "search.html"
    ]


def test_scripts_of_widgets_stand_on_the_pages_of_their_widgets_the_shared_one_first(small_book):
    scripts = {name: re.findall(r'src="[./]*_static/(widgets/[^"?]+)', small_book.page(name)) for name in SMALL_BOOK}
    assert {name: found for name, found in scripts.items() if found} == {
        "a-widget": ["widgets/shared.js", "widgets/gain.js"]
    }


class _Lost(http.server.SimpleHTTPRequestHandler):
    """A server that shows 404.html for what it does not have, as hosts of static pages do, below a path of its own."""

    def __init__(self, *arguments, below, **options):
        self.below = below
        super().__init__(*arguments, **options)

    def translate_path(self, path):
        inside = path.removeprefix(self.below) if path.startswith(self.below) else "/outside-of-the-book"
        return super().translate_path("/" + inside.lstrip("/"))

    def send_error(self, code, message=None, explain=None):
        body = (self.page_404).read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("with_base", [False, True])
def test_the_page_for_wrong_addresses_is_whole_at_any_depth(book, small_book, page, with_base):
    folder = small_book.folder if with_base else book.folder
    below = urlsplit(BASE_URL).path + "/" if with_base else "/"
    handler = type("Handler", (_Lost,), {"page_404": folder / "404.html"})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=folder, below=below)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}"
        page.go(f"{root}{below}no/such/page.html")
        assert (
            page.evaluate("document.querySelector('article h1').firstChild.textContent") == "This page does not exist"
        )
        assert [address for address in page.refused() if not address.endswith("no/such/page.html")] == []
        assert page.evaluate("new URL(document.documentElement.dataset.content_root, location).href") == root + below
        assert page.evaluate("[...document.forms].map((form) => form.action)") == [f"{root}{below}search.html"]
        links = page.evaluate(
            "[...document.links].map((link) => link.href).filter((a) => a.startsWith(location.origin))"
        )
        inside = {link.partition("#")[0] for link in links} - {f"{root}{below}no/such/page.html"}
        assert len(inside) >= 4
        found = page.evaluate(
            f"Promise.all({sorted(inside)!r}.map((address) => fetch(address).then((answer) => answer.status)))"
        )
        assert set(found) == {200}
    finally:
        server.shutdown()
        server.server_close()


def test_every_download_of_a_notebook_downloads_and_opens_no_window(book):
    notebooks = [name for name in in_table_of_contents() if list((book.folder / "_sources").glob(f"{name}.ipynb"))]
    assert len(notebooks) >= 4
    for name in notebooks:
        button = re.search(r'<a href="[^"]*_sources/[^"]*"[^>]*>', book.page(name))[0]
        assert f'download="{name.rpartition("/")[2]}.ipynb"' in button
        assert "target=" not in button
    for path in book.pages():
        for link in re.findall(r'<a [^>]*href="[^"?]*\.ipynb"[^>]*>', path.read_text(encoding="utf-8")):
            assert "download" in link, (path.name, link)


def test_notation_stands_where_things_are_looked_up():
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    parts = {part["caption"]: [entry["file"] for entry in part["chapters"]] for part in contents["parts"]}
    assert "notation" in parts["Look it up"]
