"""A row of links under the title of each page that was made from a notebook: run it here, or elsewhere.

``run.html`` opens the page in the browser. Other places are offered where the address of the repository is known,
because they take the notebook from its branch ``notebooks``, which ``tools/site.py notebooks`` writes.
"""

import html
import os
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

BRANCH = "notebooks"
SETS = "problem-sets/"


def addresses(notebook: str, repository: str, hub: str = "") -> dict[str, str]:
    """Return where else a notebook of the branch `BRANCH` can be opened.

    Parameters
    ----------
    notebook : str
        Its path in the branch.
    repository : str
        The address of the repository, such as ``https://github.com/OWNER/unrolled``; empty where it is not known.
    hub : str
        The address of a JupyterHub with nbgitpuller. Without one, JupyterLab is that of Binder.

    Returns
    -------
    dict of str to str
        Addresses by the name of the place. Colab opens repositories on GitHub only.
    """
    repository = repository.rstrip("/").removesuffix(".git")
    if not repository:
        return {}
    host, path = urlsplit(repository).netloc, urlsplit(repository).path.strip("/")
    found = {}
    if host == "github.com":
        found["Colab"] = f"https://colab.research.google.com/github/{path}/blob/{BRANCH}/{quote(notebook)}"
        source = f"gh/{path}"
    elif host == "gitlab.com":
        source = f"gl/{quote(path, safe='')}"
    else:
        source = f"git/{quote(repository, safe='')}"
    binder = f"https://mybinder.org/v2/{source}/{BRANCH}?urlpath="
    found["Binder"] = binder + quote(f"notebooks/{notebook}", safe="")
    found["JupyterLab"] = binder + quote(f"lab/tree/{notebook}", safe="")
    if hub:
        opened = quote(f"lab/tree/{path.rpartition('/')[2]}/{notebook}", safe="")
        pulled = f"repo={quote(repository, safe='')}&branch={BRANCH}&urlpath={opened}"
        found["JupyterLab"] = f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{pulled}"
    return found


def row(page: str, to_root: str, repository: str = "", hub: str = "") -> str:
    """Return the row of links of a page.

    Parameters
    ----------
    page : str
        The path of the page in the book, without suffix. A problem set lies at the root of the browser's files, and of
        the branch.
    to_root : str
        The way from the page to ``run.html``.
    repository, hub : str
        As in `addresses`.

    Returns
    -------
    str
        HTML.
    """
    notebook = page.removeprefix(SETS) + ".ipynb"
    here = "Solve here" if page.startswith(SETS) else "Run here"
    links = [f'<a class="launch-here" href="{to_root}?open={quote(notebook)}">{here}</a>']
    elsewhere = addresses(notebook, repository, hub)
    links += [f'<a href="{html.escape(address)}">{place}</a>' for place, address in elsewhere.items()]
    return f'<nav class="launch" aria-label="{here} or elsewhere">{" ".join(links)}</nav>'


def add_row(app: Sphinx, page: str, _template: str, context: dict, doctree: nodes.document | None) -> None:
    """Put the row under the title of a page that was made from a notebook."""
    if doctree is not None and str(app.env.doc2path(page)).endswith(".ipynb"):
        links = row(page, context["pathto"]("run.html", 1), app.config.repository, app.config.jupyterhub)
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{links}", 1)


def prepare(_app: Sphinx, config: Config) -> None:
    """Take the addresses from the environment."""
    config.repository = os.environ.get("REPOSITORY", "").strip()
    config.jupyterhub = os.environ.get("JUPYTERHUB", "").strip()


def setup(app: Sphinx) -> None:
    """Add the row before `page_assets` looks at what a page needs."""
    app.add_config_value("repository", "", "html")
    app.add_config_value("jupyterhub", "", "html")
    app.connect("config-inited", prepare)
    app.connect("html-page-context", add_row, priority=700)
