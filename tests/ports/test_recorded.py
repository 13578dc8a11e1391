"""The recorded porting faults as ports: each is different, and the table of which are named right.

Every fault is checked with its operation named, where the catalogue has one, and without.
"""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from equivalence import portfile, registry
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.pool import Pool

HERE = Path(__file__).parent / "recorded"
CODES = tomllib.loads((HERE / "codes.toml").read_text())
PORTS = {name: port for file in sorted(HERE.glob("*.py")) for name, port in portfile.ports(file).items()}
NAMED = {name: port for name, port in PORTS.items() if port.operation}
LEAST = {"named": 0.9, "unnamed": 0.8}

MISSED = {
    "named": {},
    "unnamed": {
        "clipnorm-local-vs-global": "a norm over several arguments at once is no operation of the catalogue",
        "ctc-blank-index": "the blank moves the classes and the labels together, and the loss is none of the catalogue",
        "loss-label-smoothing-k-minus-1": "smoothing inside a loss that takes indices: nothing outside says it",
        "loss-label-smoothing-missing-factor": "smoothing inside a loss that takes indices: nothing outside says it",
    },
}
"""The faults whose first diagnosis is another, by what was given, and why."""


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=120) as pool:
        yield Checker(known, pool)


def unnamed(port):
    found = dataclasses.replace(port, operation=None, bind={}, axes={})
    object.__setattr__(found, "where", port.where)
    return found


def test_every_recorded_fault_is_a_port():
    assert set(PORTS) == set(CODES)
    assert len(PORTS) == 113


@pytest.mark.parametrize("name", PORTS)
def test_a_fault_without_its_operation(checker, name):
    check(checker.check(unnamed(PORTS[name]), name), name, "unnamed")


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_with_its_operation(checker, name):
    check(checker.check(NAMED[name], name), name, "named")


def check(outcome, name, how):
    assert outcome.verdict == "different", outcome.text()
    right = outcome.diagnoses[0].code in CODES[name]
    assert right != (name in MISSED[how]), outcome.text()


@pytest.mark.parametrize("how", LEAST)
def test_most_are_named_right(how):
    # A fault whose operation the catalogue does not have is checked without it.
    missed = {**({n: why for n, why in MISSED["unnamed"].items() if n not in NAMED}), **MISSED[how]}
    assert set(missed) <= set(CODES)
    assert all(missed.values())
    assert 1 - len(missed) / len(CODES) >= LEAST[how]
