"""Numbers that were published, out of every participant in its own process, not only out of the references."""

import numpy as np
import pytest

from equivalence import registry
from equivalence.engine import cast, launch, packages, request_for
from equivalence.layout import Layout
from equivalence.matrix import Cell
from equivalence.operation import OUTPUT, case
from equivalence.pool import Pool

KNOWN = registry.load()


@pytest.fixture(scope="module")
def pool():
    with Pool(packages(KNOWN)) as opened:
        yield opened


def performed(pool, operation, participant, one_case, dtype, **arrays):
    """The output of one participant for given canonical arrays."""
    cell = Cell(operation, one_case, dtype, (participant,))
    given = {name: cast(np.asarray(array, float), dtype) for name, array in arrays.items()}
    request = request_for(cell, participant.binding, given, {})
    output = pool.submit(launch(participant.adapter), request).result().outputs[OUTPUT]
    canonical = operation.outputs[OUTPUT]
    native = participant.binding.layouts.get(OUTPUT, canonical) if participant.binding else canonical
    return Layout(canonical, native).to_canonical(output)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("participant", KNOWN.participants(KNOWN.operations["nin"]), ids=lambda p: p.name)
def test_lasagnes_nin_layer_on_a_tenth_everywhere_gives_planes_of_03_04_and_05(pool, participant, dtype):
    x, weight = np.full((1, 2, 5, 5), 0.1), np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]).T
    shape = case("published", {"n": 1, "c": 2, "o": 3, "...": (5, 5)}, without=["bias"])
    planes = performed(pool, KNOWN.operations["nin"], participant, shape, dtype, x=x, weight=weight)
    expected = np.broadcast_to(np.array([0.3, 0.4, 0.5])[None, :, None, None], (1, 3, 5, 5))
    np.testing.assert_allclose(planes, expected, rtol=2e-7 if dtype == "float32" else 1e-15)


@pytest.mark.parametrize("participant", KNOWN.participants(KNOWN.operations["global_avg_pool"]), ids=lambda p: p.name)
def test_global_average_pooling_of_the_first_36_numbers(pool, participant):
    x = np.arange(36.0).reshape(2, 2, 3, 3)
    shape = case("published", {"n": 2, "c": 2, "...": (3, 3)})
    means = performed(pool, KNOWN.operations["global_avg_pool"], participant, shape, "float64", x=x)
    assert means.tolist() == [[4.0, 13.0], [22.0, 31.0]]


def test_four_frameworks_take_part():
    assert {p.adapter.name for p in KNOWN.participants(KNOWN.operations["nin"])} >= {
        "numpy",
        "tensorflow",
        "torch",
        "theano",
    }
