"""Put the SVG figures of notebooks into the page itself, in the colors of the page.

An image file knows nothing of the page around it. Inside the page, the colors of the style ``unrolled.figure`` can be
replaced by the color roles of ``_static/roles.css``, so that one figure serves the light and the dark page, and print.
"""

import hashlib
import re
from html import escape
from itertools import count
from pathlib import Path

from docutils import nodes

#: Color in the file → color in the page. A test compares the first six with the style and with roles.css.
COLORS = {
    "#0072b2": "var(--role-input)",
    "#007a53": "var(--role-hidden)",
    "#b85300": "var(--role-output)",
    "#a0358f": "var(--role-gradient)",
    "#5f6b76": "var(--role-neutral)",
    "#8a6d00": "var(--role-extra)",
    "#000000": "currentcolor",
    "#ffffff": "var(--pst-color-background)",
}

#: A figure is shown at most so much larger than it was drawn: 4.6 inches fill the column of text.
LARGEST_SCALE = 1.4


def in_page(svg: str, alt: str, key: str) -> str:
    """Turn the text of an SVG file of matplotlib into an element of a page.

    Parameters
    ----------
    svg : str
        With width and height in points and a viewBox.
    alt : str
        What the figure shows; becomes its title.
    key : str
        Makes the ids unique on a page with several figures.

    Returns
    -------
    str
        The element, without declaration, metadata, fixed size and colors.
    """
    svg = svg[svg.index("<svg") :].strip()
    # A <style> in the file would hold for the whole page; what matplotlib writes there stands in the tag below.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = _small(_with_short_ids(svg, "g" + hashlib.sha256(key.encode()).hexdigest()[:5]))
    for color, role in COLORS.items():
        svg = re.sub(color, role, svg, flags=re.IGNORECASE)
    head, _, body = svg.partition(">")
    box = re.search(r'viewBox="([^"]+)"', head).group(1)
    widest = LARGEST_SCALE * float(box.split()[2]) * 96 / 72
    return (
        f'<svg class="figure" viewBox="{box}" width="100%" style="max-width: {widest:.0f}px" role="img" '
        f'fill="currentcolor" stroke-linejoin="round" stroke-linecap="butt" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<title>{escape(alt)}</title>{body}"
    )


def _with_short_ids(svg: str, prefix: str) -> str:
    """Drop the ids that nothing refers to and give the others short names, as many letters stand in each reference."""
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
    names = dict(zip(dict.fromkeys(used), (f"{prefix}-{number}" for number in count()), strict=False))
    svg = re.sub(r' id="([^"]+)"', lambda match: f' id="{names[match[1]]}"' if match[1] in names else "", svg)
    return re.sub(r'(?:xlink:)?(href="#|url\(#)([^")]+)', lambda match: match[1] + names[match[2]], svg)


def _small(svg: str) -> str:
    """Drop blanks and the digits that nobody sees: a tenth of a point is a seventh of a pixel."""

    def rounded(match: re.Match) -> str:
        return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), match[0])

    svg = re.sub(r'\b(?:d|x|y|x1|x2|y1|y2|width|height)="[^"]*"|translate\([^)]*\)', rounded, svg)
    svg = re.sub(r">\s+<", "><", re.sub(r"\s+", " ", svg))
    svg = re.sub(r"<!--.*?-->", "", svg)
    # A letter that is moved needs no transform.
    svg = re.sub(r'(<use href="[^"]+") transform="translate\((\S+) (\S+)\)"', r'\1 x="\2" y="\3"', svg)
    svg = svg.replace(' y="0"/>', "/>")
    svg = re.sub(r"(M -?[\d.]+ -?[\d.]+)((?: L -?[\d.]+ -?[\d.]+){3,})", _step_by_step, svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r" ?([A-Za-z]) ?", r"\1", path[0]).replace('d="', ' d="'), svg)
    # The points of a line all carry its style: their group can carry it once.
    return re.sub(r'<g([^>]*)>((?:<use [^>]*? style="([^"]*)"/>)(?:<use [^>]*? style="\3"/>)+)</g>', _style_once, svg)


def _step_by_step(match: re.Match) -> str:
    """Write a line of many points as steps from one to the next, which have fewer digits and add up exactly."""
    tenths = [round(10 * float(number)) for number in re.findall(r"-?[\d.]+", match[0])]
    steps = [after - before for before, after in zip(tenths[:-2], tenths[2:], strict=True)]
    return f"{match[1]} l " + " ".join(f"{step / 10:g}" for step in steps)


def _style_once(match: re.Match) -> str:
    attributes, points, style = match.groups()
    return f'<g{attributes} style="{style}">' + points.replace(f' style="{style}"', "") + "</g>"


def share_letters(svg: str, known: dict[str, str]) -> str:
    """Let a figure use the letters that a figure before it on the page has drawn.

    Parameters
    ----------
    svg : str
        From `in_page`.
    known : dict of str to str
        The outlines of letters that stand on the page, with their ids; new ones are added.

    Returns
    -------
    str
        The figure without the letters that are known; its references lead to those.
    """
    instead = {}

    def kept(match: re.Match) -> str:
        instead[match[1]] = known.setdefault(match[2], match[1])
        return match[0] if instead[match[1]] == match[1] else ""

    svg = re.sub(r'<path id="([^"]+)" d="([^"]+)" transform="scale\(0\.015625\)"/>', kept, svg)
    return re.sub(r'href="#([^"]+)"', lambda match: f'href="#{instead.get(match[1], match[1])}"', svg)


def put_into_page(app, doctree, docname):
    """Replace the images that notebooks drew by their SVG, where the output is HTML."""
    if app.builder.format != "html":
        return
    letters = {}
    for number, image in enumerate(list(doctree.findall(nodes.image))):
        path = Path(app.srcdir) / image["uri"]
        if path.suffix != ".svg" or "jupyter_execute" not in path.parts:
            continue
        text = in_page(path.read_text(encoding="utf-8"), image.get("alt", ""), f"{docname} {number}")
        text = share_letters(text, letters)
        image.replace_self(nodes.raw("", text, format="html"))


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-resolved", put_into_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
