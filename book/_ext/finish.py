"""The last touches, after all pages are written: icons, style sheets, pages, and what need not be there at all.

The theme draws its icons by a script of 1.5 MB that turns ``<i class="fa-solid fa-moon">`` into an SVG, and by fonts
where a style sheet asks for one. Here the same SVG is put into the page, and a mask into the style sheet, each taken
from the file that the theme brings. The icons are Font Awesome Free's, CC BY 4.0.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
NOT_FOUND = Path(__file__).with_name("not_found.html")
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"

# Everything that only a developer of the theme or a page that we do not have would ask for.
UNUSED = (
    "_static/**/*.map",
    "_static/scripts/fontawesome.js*",
    "_static/scripts/bootstrap.js*",
    "_static/vendor",
    "_static/*webpack-macros.html",
    "_static/locales",
    "_static/images/logo_*",
)
#: A word of code in a sentence.
CODE = re.compile(r'<span class="pre">[^<]*</span>')
ICON = re.compile(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)>\s*</\1>')
SHAPE = r'%s:\[(\d+),(\d+),\[[^\]]*\],"(\w+)",(?:"([^"]+)"|\["[^"]*","([^"]+)"\])'
# Style sheets of the theme and of extensions, which are written for every book; ours are kept as they are.
FROM_OTHERS = ("pydata-sphinx-theme", "sphinx-book-theme", "sphinx-design", "mystnb", "basic")
PIECE = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^{};"'/]+|/""", re.DOTALL)


class Icons:
    """The icons of Font Awesome, read from the script that the theme brings.

    Parameters
    ----------
    script : str
        Its text: for every icon its name, width, height, other names, code and path; the solid ones come last.
    """

    def __init__(self, script: str) -> None:
        self.script = script

    def shape(self, name: str = r'"?[\w-]+"?', code: str = "") -> tuple[int, int, str] | None:
        """Return width, height and path of the solid icon with a name or a code, or None."""
        pattern = SHAPE % (rf'"?{re.escape(name)}"?' if code == "" else r'"?[\w-]+"?')
        if code:
            pattern = pattern.replace(r'"(\w+)"', rf'"({code})"')
        found = re.findall(rf"[{{,]{pattern}", self.script)
        if not found:
            return None
        width, height, _, path, second_path = found[-1]
        return int(width), int(height), path or second_path

    def element(self, tag: re.Match) -> str:
        """Return the SVG element for the empty tag of an icon."""
        classes, attributes = tag[2].split(), tag[3]
        names = [name.removeprefix("fa-") for name in classes if name.startswith("fa-")]
        shapes = [shape for name in names if (shape := self.shape(name))]
        if not shapes:
            LOGGER.warning("no icon is called %s", " ".join(names))
            return tag[0]
        width, height, path = shapes[0]
        kept = " ".join(re.findall(r'\b(?:data-[\w-]+|id|style)="[^"]*"', attributes))
        return (
            f'<svg class="svg-inline--fa {" ".join(classes)}" {kept} aria-hidden="true" focusable="false" '
            f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
        )

    def mask(self, code: str) -> str:
        """Return an icon as a CSS image."""
        width, height, path = self.shape(code=code)
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><path d="{path}"/></svg>'
        return f'url("data:image/svg+xml,{quote(svg, safe=" =/:")}")'


def parsed(css: str) -> Iterator[tuple[str, str | None]]:
    """Return the rules of a style sheet: what stands before the braces, and in them; None in them for a statement."""
    depth, head, body = 0, "", ""
    for piece in PIECE.findall(css):
        if piece.startswith("/*"):
            continue
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
        if depth == 0 and piece in "};":
            yield head.strip(), (body.removeprefix("{") if piece == "}" else None)
            head, body = "", ""
        elif depth == 0:
            head += piece
        else:
            body += piece


def selectors(head: str) -> list[str]:
    """Return the selectors of a rule, split at the commas that stand in no parentheses."""
    return re.split(r",(?![^(]*\))", head)


def pruned(css: str, words: set[str]) -> str:
    """Return a style sheet without the rules that can hold for no element.

    Parameters
    ----------
    css : str
    words : set of str
        Every class of a page, and every word of a script, for a script may set a class.

    Returns
    -------
    str
        Without comments, without fonts of icons, and without selectors that name a class that is not in `words`.
    """
    kept = []
    for head, body in parsed(css):
        if body is None:
            kept.append(f"{head};")
        elif head.startswith(("@media", "@supports", "@layer")):
            inside = pruned(body, words)
            kept += [f"{head}{{{inside}}}"] if inside else []
        elif head.startswith("@"):
            kept += [] if "Font Awesome" in body.replace("\\", "") else [f"{head}{{{body}}}"]
        else:
            alive = [selector for selector in selectors(head) if _classes(selector) <= words]
            kept += [f"{','.join(alive)}{{{body}}}"] if alive else []
    return "".join(kept)


def _classes(selector: str) -> set[str]:
    """Return the classes that an element must have for a selector; what stands in parentheses is left out."""
    plain = re.sub(r"\([^()]*\)|\[[^\]]*\]", "", re.sub(r"\([^()]*\)", "", selector))
    return {name.replace("\\", "") for name in re.findall(r"\.((?:[\w-]|\\.)+)", plain)}


def masks(css: str, icons: Icons) -> str:
    """Return rules that draw by a mask what a style sheet draws by a letter of the icons' font.

    Such a letter is the value of a variable ``--pst-icon-…``, or of another one that leads to it.
    """
    values = dict(re.findall(r"--(pst-icon-[\w-]+):\s*([^;}]+)", css))
    drawn = []
    for head, body in parsed(css):
        content = re.search(r"(?:^|[;\s])content:\s*(var\(--pst-icon-[\w-]+\))", body or "")
        value = content[1] if content else ""
        while value.startswith("var("):
            value = values[value[len("var(--") : -1]].strip()
        letter = value.strip("\"'")
        code = letter[1:] if letter.startswith("\\") else f"{ord(letter):x}" if letter else ""
        if code and icons.shape(code=code):
            drawn.append((head, icons.mask(code)))
    if not drawn:
        return ""
    how = 'content:"";display:inline-block;width:1em;height:1em;background-color:currentcolor'
    how += ";mask:var(--icon) center/contain no-repeat"
    every = ",".join(head for head, _ in drawn)
    return "\n".join([f"{every}{{{how}}}", *(f"{head}{{--icon:{image}}}" for head, image in drawn), ""])


def finished_page(text: str, icons: Icons, *, is_search: bool = False) -> str:
    """Return the HTML of a page with its last touches."""
    text = ICON.sub(icons.element, text)
    # The search field leads to a page of its own; only there is something searched.
    scripts = ["fontawesome", "bootstrap", *([] if is_search else ["searchtools", "language_data", "searchindex"])]
    names = "|".join(scripts)
    text = re.sub(rf'\s*<script [^>]*src="[^"]*/?\b(?:{names})\.js[^"]*"></script>', "", text)
    text = re.sub(rf'\s*<link rel="preload" [^>]*href="[^"]*\b(?:{names})\.js[^"]*" />', "", text)
    text = text.replace("<!-- So that users can add custom icons -->", "")
    # A space between two words of code needs no color; there are thousands.
    text = re.sub(r'<span class="w">( +)</span>', r"\1", text)
    text = text.replace('data-bs-title="', 'title="')
    # On a narrow screen a long name in a table breaks behind an underscore, and nowhere else.
    text = re.sub(r"<td\b.*?</td>", lambda cell: CODE.sub(_breakable, cell[0]), text, flags=re.DOTALL)
    # The name of a control is what is written on it.
    text = text.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    text = re.sub(
        r'(<button class="btn search-button-field[^"]*") title="Search" aria-label="Search"[^>]*>',
        r'\1 type="button">',
        text,
    )
    return re.sub(
        r'<a href="([^"]*/)?([^"/]+)" target="_blank"\s+class="(btn btn-sm btn-download-source)', _download, text
    )


def _breakable(code: re.Match) -> str:
    return re.sub(r"(?<=\w)_(?=[^\W_])", "_<wbr>", code[0])


def _download(link: re.Match) -> str:
    folder, file, classes = link.groups()
    return f'<a href="{folder or ""}{file}" download="{file}"\n   class="{classes}'


def from_root(text: str, root: str) -> str:
    """Return the HTML of a page whose relative addresses start at a root such as ``/`` or ``/unrolled/``."""
    relative = r"(?![a-z]+:|[/#?])(?:\./)?"
    text = re.sub(rf'(\s(?:href|src|action)=")(?!["]){relative}', rf"\g<1>{root}", text)
    return text.replace('data-content_root="./"', f'data-content_root="{root}"')


def not_found(_app: Sphinx) -> list[tuple[str, dict, str]]:
    """Return the page that a server shows for an address that leads nowhere."""
    return [("404", {"title": "Page not found", "body": NOT_FOUND.read_text(encoding="utf-8")}, "page.html")]


def of_the_book(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a form in a folder of pages, without JupyterLite, which `make site` lays there."""
    return [path for path in folder.rglob(pattern) if folder / "lite" not in path.parents]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Go over everything that was written."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    icons = Icons((THEME / "scripts" / "fontawesome.js").read_text(encoding="utf-8"))
    words = set()
    for path in of_the_book(folder, "*.html"):
        if "_static" in path.relative_to(folder).parts:
            continue
        text = path.read_text(encoding="utf-8")
        done = finished_page(text, icons, is_search=path.name == "search.html")
        if path == folder / "404.html":
            done = from_root(done, urlsplit(app.config.html_baseurl).path or "/")
        if done != text:
            path.write_text(done, encoding="utf-8")
        words |= {word for classes in re.findall(r'class="([^"]*)"', done) for word in classes.split()}
    for pattern in UNUSED:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in of_the_book(folder, "*.js"):
        if "mathjax" not in path.parts and path.name != "searchindex.js":
            script = path.read_text(encoding="utf-8")
            words |= set(re.findall(r"[\w-]+", script))
            path.write_text(re.sub(r"\n//# sourceMappingURL=\S+\s*", "\n", script), encoding="utf-8")
    letters = ""
    for path in sorted(folder.glob("_static/**/*.css")):
        css = path.read_text(encoding="utf-8")
        if path.name.startswith(FROM_OTHERS):
            css = pruned(css, words)
            path.write_text(css, encoding="utf-8")
        letters += css if "--pst-icon-" in css else ""
    # The last style sheet of all, so that a mask is not undone by the rule that it replaces.
    with (folder / "_static" / "custom.css").open("a", encoding="utf-8") as sheet:
        sheet.write(masks(letters, icons))


def start_anew(app: Sphinx) -> None:
    """Remove the files that were changed here after the last build, or Sphinx would warn before it replaces them."""
    if app.builder.format == "html":
        shutil.rmtree(Path(app.outdir) / "_static", ignore_errors=True)


def setup(app: Sphinx) -> None:
    """Add the page that a server shows for a wrong address, and go over all pages at the end."""
    app.connect("builder-inited", start_anew, priority=1)
    app.connect("html-collect-pages", not_found)
    app.connect("build-finished", finish, priority=900)
