"""What a glossary term means, written into every page that uses it.

A link to a term gets ``aria-describedby``, and the page gets one element with ``role="tooltip"`` for each term at its
end. ``_static/glossary.js`` shows it on hover, focus and touch; nothing is fetched, so it works from a file, too.
"""

import html
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

PAGE = "glossary"
LINK = re.compile(
    r'<a class="reference internal" href="([^"#]*)#(term-[^"]+)"(?=[^>]*><span class="xref std std-term")'
)
KEPT = {nodes.emphasis: "em", nodes.strong: "strong", nodes.literal: "code", nodes.subscript: "sub"}


def as_html(node: nodes.Node) -> str:
    """Return the HTML of a definition, formulas as MathJax reads them, links as plain text."""
    if isinstance(node, nodes.Text):
        return html.escape(node.astext(), quote=False)
    if isinstance(node, nodes.math):
        return rf'<span class="math notranslate nohighlight">\({html.escape(node.astext(), quote=False)}\)</span>'
    inside = "".join(map(as_html, node.children))
    tag = KEPT.get(type(node))
    return f"<{tag}>{inside}</{tag}>" if tag else inside


def definitions(app: Sphinx) -> dict[str, tuple[str, str]]:
    """Return the name and the definition, as HTML, of every term by its anchor on the page of the glossary."""
    if PAGE not in app.env.found_docs:
        return {}
    found = {}
    for glossary in app.env.get_doctree(PAGE).findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            text = "".join(f"<p>{as_html(paragraph)}</p>" for paragraph in item.findall(nodes.paragraph))
            for term in item.findall(nodes.term):
                found.update({anchor: (html.escape(term.astext()), text) for anchor in term["ids"]})
    return found


def with_notes(body: str, known: dict[str, tuple[str, str]]) -> str:
    """Return the HTML of a page in which every linked term is described by a note at the end of the page."""
    used: dict[str, str] = {}

    def describe(link: re.Match) -> str:
        page, anchor = link.groups()
        if anchor not in known or (page and not page.endswith(f"{PAGE}.html")):
            return link[0]
        name, text = known[anchor]
        used[anchor] = f'<div class="glossary-note" role="tooltip" id="note-{anchor}"><b>{name}</b>{text}</div>'
        return f'{link[0]} aria-describedby="note-{anchor}"'

    described = LINK.sub(describe, body)
    return f'{described}\n<div class="glossary-notes">{"".join(used.values())}</div>\n' if used else body


def add_notes(app: Sphinx, _page: str, _template: str, context: dict, _doctree: nodes.document | None) -> None:
    """Write the notes into a page."""
    if "body" in context:
        if not hasattr(app, "glossary_definitions"):
            app.glossary_definitions = definitions(app)
        context["body"] = with_notes(context["body"], app.glossary_definitions)


def setup(app: Sphinx) -> None:
    """Add the notes before `page_assets` decides which scripts a page needs."""
    app.connect("html-page-context", add_notes, priority=800)
