"""What the long proof calls slow is slow by a yardstick, and seeds that are looked at side by side lose nothing."""

import audit
import pytest

QUESTION = "rnn_step_forward"  # some six yardsticks; two hundred are too many
CHEATED = "softmax_cross_entropy"


def looked_at(monkeypatch: pytest.MonkeyPatch, *, machine: float = 1.0, check: float = 1.0) -> list[str]:
    """Return what the audit says on a machine, and of a check, so many times as slow."""
    measured = audit._milliseconds

    def slowed(work):
        spent, returned = measured(work)
        return spent * machine * (1.0 if work is audit._yardstick else check), returned

    monkeypatch.setattr(audit, "_milliseconds", slowed)
    return audit.problems([audit.look("ps2", QUESTION, "right", range(2))])


def test_a_slow_machine_makes_no_check_slow(monkeypatch):
    assert looked_at(monkeypatch, machine=1000.0) == []


def test_a_slow_check_is_named(monkeypatch):
    (said,) = looked_at(monkeypatch, check=1000.0)
    assert said.startswith(f"{QUESTION}: a check takes ")
    assert "ms of processor time instead of 100 at most" in said


def test_cheats_looked_at_seed_by_seed_find_the_same(monkeypatch):
    refused = object()
    monkeypatch.setattr(audit.solutions, "verdict", lambda question, notebook, seed: None if seed == 1 else refused)
    seeds = range(3)
    pieces = audit.pieces("cheats", seeds)
    assert [list(piece) for piece in pieces] == [[0], [1], [2]]
    whole = audit.look("ps3", CHEATED, "cheats", seeds)
    joined = audit.Found.joined(
        "ps3", CHEATED, "cheats", [audit.look("ps3", CHEATED, "cheats", piece) for piece in pieces]
    )
    assert whole.false
    for name in ("solutions", "verdicts", "judged_rightly", "told"):
        assert getattr(joined, name) == getattr(whole, name)
    assert sorted(joined.false) == sorted(whole.false)
    assert audit.problems([joined]) == [f"{CHEATED}: {entry} passed" for entry in joined.false]
