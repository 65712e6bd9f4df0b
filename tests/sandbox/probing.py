"""What the tests of the sandbox share: running one cell in it, as a hostile submission would."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.sandbox.bubblewrap import Limits, Sandbox
from autograder.sandbox.session import CellResult, Session


@dataclass(frozen=True)
class Probe:
    """Python source that prints "got in" if an attack worked, and prints what stopped it otherwise."""

    source: str

    def gets_in(self, *, without: str | Iterable[str] | None = None, **limits) -> bool:
        """Whether the attack works in a sandbox, with the protections taken away that are named."""
        result = cell(self.source, without=without, **limits)
        assert not result.lost, result.error
        assert result.error is None or result.error["type"] != "SyntaxError", result.error
        return "got in" in result.stdout


def open_session(
    *, without: str | Iterable[str] | None = None, confined: bool = True, seconds: float = 60, **limits
) -> Session:
    """Start a worker."""
    taken = frozenset([without] if isinstance(without, str) else without or ())
    return Session(Sandbox(Limits(**limits), confined=confined, without=taken), time.monotonic() + seconds)


def cell(source: str, **settings) -> CellResult:
    """Run one cell in a worker of its own."""
    with open_session(**settings) as session:
        return session.run("probe", source)
