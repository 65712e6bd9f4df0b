import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_folder():
    """A folder that every user of the machine may enter, read and write, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="unrolled-test-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
