"""What search engines and messengers read: a description, OpenGraph tags and, with a base URL, addresses."""

import html
import re
from urllib.parse import urljoin

from docutils import nodes
from sphinx.application import Sphinx

LONGEST = 200  # Characters of a description. Search engines show about 160, messengers about 200.
NO_TEXT = (nodes.Admonition, nodes.figure, nodes.table, nodes.list_item, nodes.raw, nodes.container, nodes.footnote)
PICTURE = "_static/card.png"


def plain(node: nodes.Node) -> str:
    """Return the text of a node as plain as a description has to be: formulas keep their letters only."""
    if isinstance(node, nodes.math):
        return re.sub(r"\\[A-Za-z]+|[{}$\\]", "", node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(map(plain, node.children))


def description_of(doctree: nodes.document) -> str:
    """Return the first paragraph of a page in at most `LONGEST` characters, cut after a sentence or a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        parent = paragraph.parent
        while parent is not None and not isinstance(parent, NO_TEXT):
            parent = parent.parent
        text = " ".join(plain(paragraph).split())
        if parent is None and len(text.split()) > 3:
            return shortened(text)
    return ""


def shortened(text: str) -> str:
    """Return as many whole sentences of a text as fit, or as many words and an ellipsis."""
    if len(text) <= LONGEST:
        return text
    sentences = re.match(rf"(.{{60,{LONGEST - 1}}}[.!?])\s", text)
    return sentences[1] if sentences else text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def add_tags(app: Sphinx, page: str, _template: str, context: dict, doctree: nodes.document | None) -> None:
    """Add the tags of a page to its head."""
    if doctree is None:
        context["metatags"] = context.get("metatags", "") + '<meta name="robots" content="noindex" />\n'
        context["pageurl"] = None
        return
    title = app.env.titles[page].astext()
    description = description_of(doctree)
    tags = {
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:title": title,
        "og:description": description,
        "og:url": context.get("pageurl") or "",
        "og:image": "",
    }
    if app.config.html_baseurl and (app.srcdir / PICTURE).exists():
        tags["og:image"] = urljoin(app.config.html_baseurl, PICTURE)
    lines = [f'<meta property="{name}" content="{html.escape(text)}" />' for name, text in tags.items() if text]
    if description:
        lines.insert(0, f'<meta name="description" content="{html.escape(description)}" />')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines) + "\n"


def write_addresses(app: Sphinx, error: Exception | None) -> None:
    """Write ``sitemap.xml`` and ``robots.txt`` where the base URL is known, and leave none where it is not."""
    if error or app.builder.format != "html":
        return
    base = app.config.html_baseurl
    texts = {"sitemap.xml": "", "robots.txt": ""}
    if base:
        pages = sorted(app.env.found_docs)
        places = [
            f"<url><loc>{html.escape(urljoin(base, app.builder.get_target_uri(page)))}</loc></url>" for page in pages
        ]
        texts["sitemap.xml"] = "\n".join(
            [
                '<?xml version="1.0" encoding="utf-8"?>',
                '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
                *places,
                "</urlset>\n",
            ]
        )
        texts["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {urljoin(base, 'sitemap.xml')}\n"
    for name, text in texts.items():
        path = app.outdir / name
        if text:
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Write tags with each page and addresses at the end."""
    app.connect("html-page-context", add_tags, priority=800)
    app.connect("build-finished", write_addresses)
