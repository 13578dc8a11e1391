"""The claims, computed once, and an engine with every framework."""

import pytest

from equivalence import registry, session
from equivalence.claim import Claim
from equivalence.claims.measure import compute
from equivalence.matrix import Plan


@pytest.fixture(scope="session")
def engine():
    here = session.available(registry.load())
    assert not here.absent, "the claims are computed in every framework"
    with session.engine(here.registry, Plan((), (), ())) as running:
        yield running


@pytest.fixture(scope="session")
def findings(engine):
    declared = registry.find("equivalence.claims", Claim)
    return {finding.name: finding for finding in compute(engine, list(declared.values()))}
