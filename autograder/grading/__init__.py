"""Grading of submitted notebooks: read as data, repaired, run in the sandbox, judged outside of it."""

import sys


def _import_nbformat() -> None:
    """Import nbformat without the grammar of international addresses, which takes a second and no notebook needs.

    jsonschema, which nbformat imports, builds that grammar when it finds the package rfc3987_syntax.
    """
    if "jsonschema" in sys.modules or "rfc3987_syntax" in sys.modules:
        return
    sys.modules["rfc3987_syntax"] = None
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules["rfc3987_syntax"]


_import_nbformat()
