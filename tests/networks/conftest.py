"""The networks, and a runner with every framework that is here."""

from pathlib import Path

import pytest

from equivalence import registry, session
from equivalence.engine import packages
from equivalence.graph_running import GraphRunner
from equivalence.pool import Pool


@pytest.fixture(scope="session")
def known():
    return registry.load()


@pytest.fixture(scope="session")
def networks(known):
    return registry.graphs(known)


@pytest.fixture(scope="session")
def runner(known):
    here = session.available(known).registry
    with Pool({**packages(here), "wrong_gradients": str(Path(__file__).parent)}) as pool:
        yield GraphRunner(here, pool)
