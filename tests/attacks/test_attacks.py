"""Some attacks, of which `make attacks` tries all; and each protection is needed: without it some attack succeeds."""

import pytest

from tests.attacks.attacks import KINDS
from tests.attacks.protections import PROTECTIONS
from tests.attacks.scene import grade_class

EACH = 4
QUICK = [
    attack for kind in KINDS for attack in [one for one in kind if not (one.alone or one.slow)][:: len(kind) // EACH]
]


def got_anything(found) -> list:
    """Return what attacks got beyond what they may."""
    return [(got.attack.kind, got.attack.name, got.anything) for got in found if got.anything]


def test_there_are_attacks_of_every_kind_each_with_a_name_of_its_own():
    assert [kind.name for kind in KINDS] == ["verdict", "secrets", "machine", "reader", "pipeline", "wire", "method"]
    students = [attack.student for kind in KINDS for attack in kind]
    assert len(students) > 300
    assert len(set(students)) == len(students)


@pytest.mark.slow
def test_some_attacks_of_every_kind_get_nothing():
    assert got_anything(grade_class(QUICK)) == []


@pytest.mark.long
@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.name)
def test_without_a_protection_the_attacks_that_it_stops_succeed(protection):
    assert [student for student in protection.stops if not protection.without_it(student).anything] == []
