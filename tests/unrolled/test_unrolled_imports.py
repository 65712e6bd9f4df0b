"""What `unrolled` may import, and what it exports."""

import subprocess
import sys
from pathlib import Path

import unrolled

BLOCK_ALL_BUT_NUMPY = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "unrolled"):
            raise ImportError(f"unrolled must not import {name}")

sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Blocker())
import pkgutil, unrolled
for module in pkgutil.walk_packages(unrolled.__path__, "unrolled."):
    __import__(module.name)
print(len([name for name in sys.modules if name.startswith("unrolled.")]))
"""


def test_unrolled_imports_nothing_beyond_numpy_and_the_standard_library():
    root = Path(unrolled.__file__).parent.parent
    command = [sys.executable, "-c", BLOCK_ALL_BUT_NUMPY, str(root)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) >= 10


def test_everything_exported_exists_and_has_a_docstring():
    assert unrolled.__all__ == sorted(unrolled.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    for name in unrolled.__all__:
        assert getattr(unrolled, name).__doc__, name
