"""The networks, and a runner with every framework that is here."""

import pytest

from equivalence import registry, session


@pytest.fixture(scope="session")
def known():
    return registry.load()


@pytest.fixture(scope="session")
def networks(known):
    return registry.graphs(known)


@pytest.fixture(scope="session")
def runner(known):
    with session.graph_runner(session.available(known).registry) as running:
        yield running
