"""Where nbval runs a page, cells that need a framework are skipped, with a reason, unless it is installed.

Such a cell carries a tag `needs-torch` or `needs-keras`, or both. All other cells of the page are run and compared.
"""

from importlib.util import find_spec

import pytest

NEEDS = "needs-"


def pytest_collection_modifyitems(items):
    """Mark the cells whose tags name a package that cannot be imported."""
    for item in items:
        tags = getattr(item, "cell", {}).get("metadata", {}).get("tags", ())
        needed = [tag.removeprefix(NEEDS) for tag in tags if tag.startswith(NEEDS)]
        missing = [package for package in needed if find_spec(package) is None]
        if missing:
            reason = f"{' and '.join(missing)} not installed; to run these cells: make frameworks"
            item.add_marker(pytest.mark.skip(reason=reason))
