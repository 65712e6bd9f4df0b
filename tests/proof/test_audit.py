"""What the long proof calls slow is slow by a yardstick of the same minute: a slow machine is not to blame."""

import audit
import pytest

QUESTION = "rnn_step_forward"  # some six yardsticks; two hundred are too many


def looked_at(monkeypatch: pytest.MonkeyPatch, *, machine: float = 1.0, check: float = 1.0) -> list[str]:
    """Return what the audit says on a machine, and of a check, so many times as slow."""
    measured = audit._milliseconds

    def slowed(work):
        spent, returned = measured(work)
        return spent * machine * (1.0 if work is audit._yardstick else check), returned

    monkeypatch.setattr(audit, "_milliseconds", slowed)
    return audit.problems([audit.look("ps2", QUESTION, "right", 2)])


def test_a_slow_machine_makes_no_check_slow(monkeypatch):
    assert looked_at(monkeypatch, machine=1000.0) == []


def test_a_slow_check_is_named(monkeypatch):
    (said,) = looked_at(monkeypatch, check=1000.0)
    assert said.startswith(f"{QUESTION}: a check takes ")
    assert "ms of processor time instead of 100 at most" in said
