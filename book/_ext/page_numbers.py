"""Numbers by page: figure 3.1 and equation (3.1) stand in chapter 3, whose file is called 03-….

Sphinx takes the first part of a number from the numbers of sections, and then shows those in every heading. Here it
comes from the name of the page instead, and headings stay as they are written.
"""

import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def prefix_of(page: str) -> str:
    """Return the first part of the numbers on a page.

    Parameters
    ----------
    page : str
        The path of the page in the book, without suffix.

    Returns
    -------
    str
        The number of a chapter (``03-…`` gives ``3``), the sign of a claim or a problem set (``k07-…`` gives ``K7``),
        otherwise the initials of the name (``gradient-checking`` gives ``GC``).
    """
    name = page.rpartition("/")[2]
    numbered = re.match(r"([a-z]*)0*(\d+)(?![a-z\d])", name)
    if numbered:
        return numbered[1].upper() + numbered[2]
    return "".join(word[0].upper() for word in re.split(r"[-_]", name) if word)


def number_by_page(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Number what Sphinx has numbered once more, from 1 on every page, and return the pages to write: all of them."""
    owners: dict[str, str] = {}
    for page, kinds in env.toc_fignumbers.items():
        prefix = prefix_of(page)
        if any(kinds.values()) and owners.setdefault(prefix, page) != page:
            LOGGER.warning("figures on %s and on %s would have the same numbers, %s.n", page, owners[prefix], prefix)
        for kind, numbers in kinds.items():
            order = sorted(numbers, key=numbers.get)
            kinds[kind] = {anchor: (prefix, place) for place, anchor in enumerate(order, start=1)}
    return sorted(env.found_docs)


def setup(app: Sphinx) -> None:
    """Run after Sphinx's own numbering, which is on the same event."""
    app.connect("env-get-updated", number_by_page, priority=900)
