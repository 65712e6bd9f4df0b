"""The frame of the book: what Sphinx, Jupyter Book and the theme do not do by themselves.

Each concern has a module of its own beside this one.

`page_numbers`
    Figures, equations and tables are numbered by page: figure 3.1 stands in chapter 3.
`glossary_notes`
    What a term means is written into every page that uses it, for ``_static/glossary.js`` to show.
`page_meta`
    Description and OpenGraph tags; canonical addresses, ``sitemap.xml`` and ``robots.txt`` where a base URL is known.
`launch`
    Links that open a page where it runs: in the browser, and elsewhere where the repository's address is known.
`page_assets`
    A page loads the scripts and style sheets that it uses, and no others.
`finish`
    After the build: icons in place of a script of 1.5 MB, style sheets without unused rules, pages with their last
    touches, and a ``404.html`` whose links work from any depth.
"""

import os
import zlib
from pathlib import Path

import finish
import glossary_notes
import launch
import page_assets
import page_meta
import page_numbers
from sphinx.application import Sphinx
from sphinx.config import Config

FOLDER = Path(__file__).parent


def prepare(_app: Sphinx, config: Config) -> None:
    """Take the base URL from the environment, and bring our own files into an order that does not change."""
    address = os.environ.get("BASE_URL", "").strip()
    if address:
        config.html_baseurl = address.rstrip("/") + "/"
    config.html_css_files = sorted(config.html_css_files, key=str)
    config.html_js_files = sorted(config.html_js_files, key=str)


def setup(app: Sphinx) -> dict:
    """Connect the modules. Whoever changes one of them gets all pages built anew."""
    app.connect("config-inited", prepare)
    for module in (page_numbers, glossary_notes, page_meta, launch, page_assets, finish):
        module.setup(app)
    code = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.*")) if path.suffix in {".py", ".html"})
    return {"env_version": zlib.crc32(code), "parallel_read_safe": True, "parallel_write_safe": True}
