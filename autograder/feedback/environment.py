"""The templates of all pages, compiled once in a process, and their one style."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

PACKAGE = Path(__file__).resolve().parent.parent
FOLDERS = (PACKAGE / "feedback" / "templates", PACKAGE / "report" / "templates")


@cache
def template(name: str) -> Template:
    """Return a compiled template. What it shows is escaped, and a name that it is not given is an error."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    style = (FOLDERS[0] / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(style=Markup(style), style_digest=digest)
    environment.filters.update(points=points)
    return environment


def points(value: float) -> str:
    """Return points as people write them: 3, 2.5, 0.33."""
    return f"{round(value, 2):g}"
