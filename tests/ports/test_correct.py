"""Ports that are right but look odd: the check must not accuse them."""

from pathlib import Path

import pytest

from equivalence import portfile, registry
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.pool import Pool

FILES = sorted((Path(__file__).parent / "correct").glob("*.py"))
PORTS = {f"{file.stem}:{name}": (name, port) for file in FILES for name, port in portfile.ports(file).items()}


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=120) as pool:
        yield Checker(known, pool)


@pytest.mark.parametrize("where", PORTS)
def test_a_right_port_is_equal_however_odd_it_looks(checker, where):
    name, port = PORTS[where]
    outcome = checker.check(port, name)
    assert outcome.verdict == "equal", outcome.text()
    assert not outcome.diagnoses, outcome.text()
    assert outcome.remark == "", outcome.text()
    assert set(outcome.forward) == set(port.original.results)
    assert set(outcome.gradients) == {key for key, kind in port.arguments.items() if kind.differentiable}


def test_every_framework_has_ports_on_both_sides():
    sides = [{getattr(port, side).framework for _, port in PORTS.values()} for side in ("original", "ported")]
    assert sides[0] >= {"keras", "numpy", "tensorflow", "theano", "torch"}
    assert sides[1] >= {"keras", "numpy", "tensorflow", "torch"}


def test_some_ports_name_their_operation_and_some_do_not():
    named = [port for _, port in PORTS.values() if port.operation]
    assert 10 <= len(named) <= len(PORTS) - 10
