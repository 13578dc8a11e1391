"""Drives generators of hypotheses on real layers in real workers."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from equivalence import portfile, registry
from equivalence.binding import DTYPES
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.search import singles
from equivalence.engine import packages
from equivalence.pool import Pool
from equivalence.prober import Prober
from equivalence.probes import plan
from equivalence.sides import Sides


@dataclass
class Found:
    """What a search confirmed, best first, and what it cost."""

    codes: list[str]
    hypotheses: list
    tried: int
    seconds: float


@contextmanager
def workers():
    known = registry.load()
    with Pool(packages(known)) as pool:
        yield known, pool


@cache
def ports_of(name):
    return portfile.ports(Path(__file__).parent / name)


def evidence_of(port, known, pool):
    sides = Sides(port, known, pool, DTYPES)
    prober = Prober(sides, DTYPES)
    for setting in plan(port).settings:
        prober.probe(setting)
    return Evidence(sides, known, None, prober.observed, coarse=prober.coarse)


def searched(evidence, generate):
    started, tried = time.monotonic(), []

    def counted():
        for hypothesis in generate(evidence):
            tried.append(hypothesis)
            yield hypothesis

    found = sorted((item.hypothesis for item in singles(evidence, counted())), key=lambda one: -one.prior)
    return Found([one.code for one in found], found, len(tried), time.monotonic() - started)
