"""All attacks by kind, and the commands that run them.

python -m tests.attacks.attacks
"""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autograder.sandbox.session import plain_text
from tests.attacks import (
    kind_machine,
    kind_method,
    kind_pipeline,
    kind_reader,
    kind_secrets,
    kind_verdict,
    kind_wire,
)
from tests.attacks.scene import Got, grade_class, grade_one

KINDS = [
    module.ATTACKS
    for module in (kind_verdict, kind_secrets, kind_machine, kind_reader, kind_pipeline, kind_wire, kind_method)
]
BY_NAME = {attack.student: attack for kind in KINDS for attack in kind}


def run_kind(kind) -> list[Got]:
    """Run the attacks of one kind: those in one class, and each of the others alone."""
    together = [attack for attack in kind if not attack.alone]
    found = grade_class(together) if together else []
    return [*found, *(grade_one(attack) for attack in kind if attack.alone)]


def shown(got: Got) -> list[Text]:
    """Return a row of the table."""
    cost = (
        ""
        if got.seconds is None
        else f"{got.seconds:.1f} s" + (f", {got.megabytes:.0f} MB" if got.megabytes is not None else "")
    )
    bad = [*got.gained, *got.leaked]
    came = f"{got.points:g} of {got.attack.most:g}" if not bad else "; ".join(bad)
    name, said = plain_text(got.attack.name), plain_text(", ".join(filter(None, [came, cost])))
    return [
        Text(got.attack.kind), Text(name), Text(got.attack.wants),
        Text(said, "red" if bad else "green"), Text("; ".join(got.left) or "0", "red" if got.left else "green"),
    ]  # fmt: skip


def main() -> int:
    """Run all attacks, show what they got, and return the exit code."""
    console, started, found = Console(width=160 if not sys.stdout.isatty() else None), time.monotonic(), []
    wanted = [kind for kind in KINDS if not sys.argv[1:] or kind.name in sys.argv[1:]]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Attacks", total=sum(map(len, wanted)))
        for kind in wanted:
            bar.update(task, description=f"Attacks: {kind.name}")
            found += run_kind(kind)
            bar.advance(task, len(kind))
    table = Table(title="Attacks", title_justify="left")
    for head in ("Kind", "Attack", "Wanted", "Got", "Left"):
        table.add_column(head, overflow="fold")
    for got in found:
        table.add_row(*shown(got))
    console.print(table)
    gained, leaked, left = (sum(len(getattr(got, name)) for got in found) for name in ("gained", "leaked", "left"))
    count = sum(got.attack.kind != "all" for got in found)
    console.print(
        f"{count} attacks in {time.monotonic() - started:.0f} s: gained {gained}, leaked {leaked}, left {left}"
    )
    return int(bool(gained or leaked or left))


if __name__ == "__main__":
    sys.exit(main())
