"""Where only Sphinx can follow a reference, put its words: the title of a page or section, the authors of a paper."""

import json
import re
from functools import cache
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "book"
ROLE = re.compile(r"\{(doc|ref|eq|cite:[pt]|download)\}`(?:([^`<]+?)\s*<)?([^`<>]+)>?`")
HEADING = re.compile(r"(?:^\(([\w-]+)\)=\n+)?^#+ (.+)$", re.MULTILINE)
LABEL = re.compile(r"\s*\$\$ \(([\w-]+)\)$", re.MULTILINE)
BIB_ENTRY = re.compile(r"^@\w+\{([\w-]+),(.*?)^\}", re.MULTILINE | re.DOTALL)
RAW = re.compile(r"^```\{raw\} html\n.*?^```$", re.MULTILINE | re.DOTALL)
IN_THE_BOOK = "*(What stands here in the book moves: see its page there.)*"


def in_words(markdown: str) -> str:
    """Return Markdown of a page without references that lead out of it.

    Parameters
    ----------
    markdown : str
        With roles of Sphinx. Those of terms stay, which MyST itself can show.

    Returns
    -------
    str
        `doc` and `ref` became titles, citations authors and years, what is included as HTML a sentence. An equation
        shows its label, by which messages and problem sets call it.
    """
    labelled = LABEL.sub(r"\n\\tag{\\textsf{\1}}\n$$", markdown)
    return ROLE.sub(_words, RAW.sub(IN_THE_BOOK, labelled))


def _words(role: re.Match) -> str:
    kind, text, target = role.groups()
    if kind.startswith("cite"):
        papers = [authors_and_years()[key.strip()] for key in target.split(",")]
        if kind == "cite:t":
            return ", ".join(f"{authors} ({year})" for authors, year in papers)
        return "(" + "; ".join(f"{authors}, {year}" for authors, year in papers) + ")"
    if kind == "eq":
        return f"`{target}`"
    return text or f"*{titles().get(target.strip('/').rpartition('/')[2], target)}*"


@cache
def titles() -> dict[str, str]:
    """Return the title of every page and labelled section of the book, by name and by label."""
    found = {}
    for path in sorted([*BOOK.rglob("*.ipynb"), *BOOK.rglob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        headings = HEADING.findall(text)
        found |= {label: title for label, title in headings if label}
        found[path.stem] = headings[0][1]
    return found


@cache
def authors_and_years() -> dict[str, tuple[str, str]]:
    """Return authors and year of every paper that the book names, by its key."""
    found = {}
    for key, fields in BIB_ENTRY.findall((BOOK / "references.bib").read_text(encoding="utf-8")):
        people = re.search(r"author\s*=\s*[{\"](.+?)[}\"],?$", fields, re.MULTILINE)[1].split(" and ")
        last = [re.sub(r"[{}\\\"'`]", "", one.split(",")[0] if "," in one else one.split()[-1]) for one in people]
        if len(last) > 2:
            last = [last[0] + " et al."]
        found[key] = (" and ".join(last), re.search(r"year\s*=\s*[{\"]?(\d{4})", fields)[1])
    return found
