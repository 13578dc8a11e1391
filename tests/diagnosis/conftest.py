"""Evidence on real layers in real workers, and what generators of hypotheses confirm on it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from equivalence import portfile, registry
from equivalence.binding import DTYPES
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.search import singles
from equivalence.engine import packages
from equivalence.pool import Pool
from equivalence.prober import Prober
from equivalence.probes import plan
from equivalence.sides import Sides


@dataclass
class Found:
    """What a search confirmed, the most believable first, and what it cost."""

    hypotheses: list[Hypothesis]
    tried: list[Hypothesis]
    seconds: float

    @property
    def codes(self):
        return [hypothesis.code for hypothesis in self.hypotheses]


def evidence_of(port, known, pool):
    sides = Sides(port, known, pool, DTYPES)
    prober = Prober(sides, DTYPES)
    for setting in plan(port).settings:
        prober.probe(replace(setting, gradient=False))
    return Evidence(sides, known, None, prober.observed, coarse=prober.coarse)


def searched(evidence, generators):
    started, tried, found = time.monotonic(), [], []

    def kept(hypotheses):
        for hypothesis in hypotheses:
            tried.append(hypothesis)
            yield hypothesis

    for generate in generators:
        found += [item.hypothesis for item in singles(evidence, kept(generate(evidence)))]
    return Found(sorted(found, key=lambda one: -one.prior), tried, time.monotonic() - started)


@pytest.fixture(scope="session")
def evidence_on():
    """The evidence on a port, gathered once."""
    gathered, known = {}, registry.load()
    with Pool(packages(known)) as pool:

        def gather(port):
            if id(port) not in gathered:
                gathered[id(port)] = evidence_of(port, known, pool)
            return gathered[id(port)]

        yield gather


@pytest.fixture(scope="session")
def search(evidence_on):
    """What generators confirm on a port."""
    known = {}

    def once(port, *generators):
        key = id(port), generators
        if key not in known:
            known[key] = searched(evidence_on(port), generators)
        return known[key]

    return once


@pytest.fixture(scope="session")
def ports():
    """The ports of a file beside the tests, by name."""
    return lambda file: portfile.ports(Path(__file__).parent / file)


def pytest_generate_tests(metafunc):
    """``wrong_port`` and ``code``, or ``right_port``, are those of the file that a test module names in PORTS."""
    wanted = {"wrong_port", "right_port"} & set(metafunc.fixturenames)
    if not wanted:
        return
    path = Path(__file__).parent / metafunc.module.PORTS
    found, expected = portfile.ports(path), portfile.load_file(path).port.expected
    wrong = {name: port for name, port in found.items() if expected[id(port)]}
    if "wrong_port" in wanted:
        cases = [pytest.param(port, expected[id(port)], id=name) for name, port in wrong.items()]
        metafunc.parametrize(("wrong_port", "code"), cases)
    else:
        metafunc.parametrize("right_port", [pytest.param(p, id=name) for name, p in found.items() if name not in wrong])
