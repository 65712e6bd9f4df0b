"""A page loads the scripts and style sheets that it uses; Jupyter Book and others load all of them everywhere."""

import re

from docutils import nodes
from sphinx.application import Sphinx

# A file, and what has to stand in the body of a page that needs it.
NEEDED_WITH = {
    "glossary.js": 'class="glossary-note"',
    "launch.css": 'class="launch"',
    "clipboard.min.js": '<div class="highlight">',
    "copybutton.js": '<div class="highlight">',
    "copybutton.css": '<div class="highlight">',
    "togglebutton.js": r'class="[^"]*\b(?:toggle|dropdown)\b',
    "togglebutton.css": r'class="[^"]*\b(?:toggle|dropdown|hide)\b',
    "design-tabs.js": 'class="[^"]*sd-tab',
    "sphinx-design.min.css": 'class="(?:[^"]* )?sd-',
    "mathjax/": r'class="[^"]*\bmath\b|<eq>|class="amsmath',
}
WIDGET = re.compile(r'\bdata-widget="([\w-]+)"')


def is_needed(asset: str, body: str) -> bool:
    """Say whether a page loads a file.

    Parameters
    ----------
    asset : str
        The address of a script or a style sheet.
    body : str
        The HTML of the page, without its frame.

    Returns
    -------
    bool
        What stands in ``widgets/`` belongs to the widget of the same name, ``shared.js`` and ``widgets.css`` to all.
    """
    path, _, name = asset.partition("?")[0].rpartition("/")
    if path.endswith("widgets"):
        widgets = set(WIDGET.findall(body))
        return bool(widgets) if name in {"shared.js", "widgets.css"} else name.rpartition(".")[0] in widgets
    for file, sign in NEEDED_WITH.items():
        if name == file or (file.endswith("/") and f"/{file}" in f"/{path}/"):
            return re.search(sign, body) is not None
    return True


def keep_needed(_app: Sphinx, _page: str, _template: str, context: dict, _doctree: nodes.document | None) -> None:
    """Take what a page does not need from its lists of scripts and style sheets."""
    body = context.get("body", "")
    for kind in ("script_files", "css_files"):
        kept = [file for file in context[kind] if is_needed(_address(file), body)]
        # The module that widgets share has to be there before any of them.
        context[kind] = sorted(kept, key=lambda file: bool(re.search(r"widgets/(?!shared)", _address(file))))


def _address(file: object) -> str:
    """Return the address of a script or style sheet; for a script in the page, that of the one it prepares."""
    inline = (getattr(file, "attributes", None) or {}).get("body", "")
    if inline.startswith("window.MathJax"):
        return "mathjax/"
    if "toggle" in inline:
        return "togglebutton.js"
    return str(getattr(file, "filename", None) or "")


def setup(app: Sphinx) -> None:
    """Run after all others have added their files, MathJax everywhere: a note on a term may hold the only formula."""
    app.set_html_assets_policy("always")
    app.connect("html-page-context", keep_needed, priority=950)
