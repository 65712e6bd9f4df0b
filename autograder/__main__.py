"""Run the command line: ``python -m autograder``."""

import sys

try:
    from autograder.cli import main
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("autograder"):
        raise
    sys.exit(f"python -m autograder needs {missing.name}: install the course with `pip install -r requirements.txt`")

main(prog_name="python -m autograder")
