"""A small network of the recipe that trains, and workers for it."""

from dataclasses import replace

import pytest

from equivalence import datasets, registry, session
from equivalence.datasets.labelled import Images
from equivalence.recipe import Recipe


@pytest.fixture(scope="session")
def nin():
    """The recipe of ``nin`` with few channels and small batches."""
    recipe = registry.find("equivalence.recipes", Recipe)["nin"]
    few = {"p": 3, "q": 3, "u": 1, "v": 1} | dict(zip("abdefgij", range(4, 12), strict=True))
    return replace(recipe, sizes=few, batch=6, dropped=0.25)


@pytest.fixture(scope="session")
def few_digits():
    """Digits for four batches, and some to be tested on."""
    whole = datasets.load("digits", seed=0)
    train, test = Images(whole.train.pixels[:27], whole.train.labels[:27]), Images(*part(whole.test, 300))
    return replace(whole, train=train, test=test)


def part(images, number):
    return images.pixels[:number], images.labels[:number]


@pytest.fixture(scope="session")
def runner():
    with session.graph_runner(session.available(registry.load()).registry) as started:
        yield started
