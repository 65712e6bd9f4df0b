"""The links under a title: each page leads to itself in the browser, and elsewhere where the repository is known."""

import importlib
import re
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from building import ROOT, build_small, in_table_of_contents

GITHUB = "https://github.com/OWNER/unrolled"


@pytest.fixture(scope="module")
def launch():
    """Return the module, imported as Sphinx does, by its folder."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    yield importlib.import_module("launch")
    sys.path.remove(str(ROOT / "book" / "_ext"))


def links(text):
    """Return name and address of each link of the row of a page; none where there is no row."""
    found = re.search(r'<nav class="launch".*?</nav>', text, re.DOTALL)
    return re.findall(r'<a (?:class="[^"]+" )?href="([^"]+)">([^<]+)</a>', found[0]) if found else []


@pytest.mark.slow
def test_every_page_of_a_notebook_leads_to_itself_in_the_browser_and_nowhere_else(book):
    for name in in_table_of_contents():
        is_set = name.startswith("problem-sets/")
        is_notebook = is_set or (ROOT / "book" / f"{name}.ipynb").exists()
        opened = name.removeprefix("problem-sets/")
        here = (
            f"{'../' * name.count('/')}run.html?open={opened}.ipynb",
            "Solve here" if is_set else "Run here",
        )
        assert links(book.page(name)) == ([here] if is_notebook else []), name
    assert (book.folder / "run.html").exists()


@pytest.mark.slow
def test_the_row_stands_right_under_the_title_and_a_page_without_it_loads_no_style_for_it(book):
    chapter, notation = book.page("03-backpropagation-through-time"), book.page("notation")
    assert re.search(r'</h1>\s*<nav class="launch" aria-label="Run here or elsewhere">', chapter)
    assert "launch.css" in chapter
    assert "launch.css" not in notation


@pytest.mark.slow
def test_the_row_needs_no_script_is_not_printed_and_keeps_to_a_telephone(book, site, page):
    page.resize(390, 800)
    page.go(f"{site}/problem-sets/ps3.html", scripts=False)
    box = "(({height, right}) => [height, right])(document.querySelector('.launch').getBoundingClientRect())"
    height, right = page.evaluate(box)
    assert height < 40
    assert right <= 390
    assert page.evaluate("document.querySelector('.launch-here').getBoundingClientRect().height") >= 24
    page.use_medium("print")
    assert page.evaluate("getComputedStyle(document.querySelector('.launch')).display") == "none"


@pytest.mark.slow
def test_a_build_that_knows_the_repository_offers_colab_binder_and_jupyterlab(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A claim\n\nIt is short.")])
    pages = {"index": "# A book\n\nText.\n"}
    small = build_small(tmp_path, pages, notebooks={"k07-a-claim": notebook}, REPOSITORY=GITHUB)
    assert small.exit_code == 0, small.log[-3000:]
    names = [name for _, name in links(small.page("k07-a-claim"))]
    assert names == ["Run here", "Colab", "Binder", "JupyterLab"]
    assert links(small.page("index")) == []


def test_without_a_repository_there_is_no_link_to_another_host(launch):
    assert launch.addresses("ps3.ipynb", "", "https://hub.example.org") == {}


@pytest.mark.parametrize("spelled", [GITHUB, GITHUB + ".git", GITHUB + "/"])
def test_colab_and_binder_open_the_branch_of_notebooks(launch, spelled):
    found = launch.addresses("folklore/k07-a-claim.ipynb", spelled)
    colab = "https://colab.research.google.com/github/OWNER/unrolled/blob/notebooks/folklore/k07-a-claim.ipynb"
    binder = "https://mybinder.org/v2/gh/OWNER/unrolled/notebooks?urlpath="
    assert list(found) == ["Colab", "Binder", "JupyterLab"]
    assert found["Colab"] == colab
    assert unquote(found["Binder"]) == binder + "notebooks/folklore/k07-a-claim.ipynb"
    assert unquote(found["JupyterLab"]) == binder + "lab/tree/folklore/k07-a-claim.ipynb"


@pytest.mark.parametrize(
    ("repository", "source"),
    [
        ("https://gitlab.com/group/team/unrolled", "gl/group%2Fteam%2Funrolled"),
        ("https://code.example.org/team/unrolled.git", "git/https%3A%2F%2Fcode.example.org%2Fteam%2Funrolled"),
    ],
)
def test_other_hosts_have_binder_and_no_colab(launch, repository, source):
    found = launch.addresses("ps3.ipynb", repository)
    assert list(found) == ["Binder", "JupyterLab"]
    assert found["Binder"].startswith(f"https://mybinder.org/v2/{source}/notebooks?")


def test_a_hub_of_ones_own_takes_the_place_of_binders_jupyterlab(launch):
    hub = urlsplit(launch.addresses("ps3.ipynb", GITHUB, "https://hub.example.org/")["JupyterLab"])
    assert (hub.netloc, hub.path) == ("hub.example.org", "/hub/user-redirect/git-pull")
    assert parse_qs(hub.query) == {
        "repo": [GITHUB], "branch": ["notebooks"], "urlpath": ["lab/tree/unrolled/ps3.ipynb"],
    }  # fmt: skip
