"""Bounds that are carried through a reference: what float32 really loses lies within them, and not far within."""

import sys
from importlib.metadata import entry_points

import numpy as np
import pytest

from equivalence import registry
from equivalence.errors import DeclarationError
from equivalence.judging import cast
from equivalence.operation import generator
from equivalence.propagation import propagated, shadow
from equivalence.rounding import PRECISIONS, Instance
from equivalence.uncertain import Uncertain

SINGLE = PRECISIONS["float32"]
OPERATIONS = registry.collect(entry_points(group=registry.OPERATIONS, name="reference"), [], []).operations
CASES = [(operation, case) for operation in OPERATIONS.values() for case in operation.cases]


def positive(x):
    return np.abs(x) + np.asarray(0.1, x.dtype)


FUNCTIONS = {
    "sum": lambda x, y: (x * y).sum(axis=1),
    "mean": lambda x, y: np.mean(x + y, axis=0),
    "variance": lambda x, y: np.var(x, axis=1) + y.mean(),
    "standard_deviation": lambda x, y: np.std(x, axis=1, ddof=1) * y[0, 0],
    "quotient": lambda x, y: x / positive(y),
    "root": lambda x, y: np.sqrt(positive(x) + y * y),
    "power": lambda x, y: positive(x) ** 0.75 + y**3,
    "exponential": lambda x, y: np.exp(x) - np.expm1(y),
    "logarithm": lambda x, y: np.log(positive(x)) + np.log1p(positive(y)),
    "hyperbolic": lambda x, y: np.tanh(x * y) + np.sinh(x) / np.cosh(y),
    "trigonometric": lambda x, y: np.sin(x) * np.cos(y) + np.arctan(x),
    "extremes": lambda x, y: np.maximum(x, y) - np.minimum(x, 0.1 * y) + np.clip(x, -0.5, 0.7),
    "product": lambda x, y: x @ y.T,
    "einsum": lambda x, y: np.einsum("ij,kj->ik", x, y),
    "einsum_of_three": lambda x, y: np.einsum("ij,kj,k->i", x, y, y[:, 0]),
    "tensordot": lambda x, y: np.tensordot(x, y, ([0, 1], [0, 1])),
    "cumulated": lambda x, y: np.cumsum(x * y, axis=1),
    "moved": lambda x, y: np.concatenate([np.pad(x, 1)[1:-1, 1:-1], np.flip(y, 1)]).reshape(-1, 2).T,
    "chosen": lambda x, y: np.where(x > 0, x * 0.1, y),
    "constants": lambda x, y: 0.1 * x + y / 3 - 0.7,
    "largest": lambda x, y: (x * y).max(axis=0) + x.min(),
    "logaddexp": np.logaddexp,
    "prod": lambda x, y: np.prod(x, axis=1) + y.mean(),
    "reciprocal": lambda x, y: np.reciprocal(positive(x)) * np.square(y),
    "centred": lambda x, y: (x - x.mean()) / np.sqrt(np.square(x - x.mean()).mean() + 1e-5) + y,
}


def given(shape, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32).astype(np.float64) for _ in range(2)]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("seed", range(5))
def test_what_float32_loses_is_within_the_bound(name, seed):
    x, y = given((40, 30), seed)
    exact = FUNCTIONS[name](x, y)
    single = FUNCTIONS[name](x.astype(np.float32), y.astype(np.float32))
    carried = FUNCTIONS[name](Uncertain.exact(x, SINGLE), Uncertain.exact(y, SINGLE))
    np.testing.assert_array_equal(carried.shape, np.shape(exact))
    np.testing.assert_allclose(carried.value, exact, rtol=1e-12, atol=1e-14)
    lost = np.abs(single.astype(np.float64) - exact)
    assert np.all(lost <= carried.error), float((lost / np.maximum(carried.error, 1e-300)).max())


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"prod", "moved", "largest", "tensordot", "einsum_of_three"}))
def test_the_bound_is_no_more_than_some_hundred_times_what_is_lost(name):
    x, y = given((40, 30))
    exact, single = FUNCTIONS[name](x, y), FUNCTIONS[name](x.astype(np.float32), y.astype(np.float32))
    carried = FUNCTIONS[name](Uncertain.exact(x, SINGLE), Uncertain.exact(y, SINGLE))
    lost = np.abs(single.astype(np.float64) - exact)
    assert np.median(carried.error) <= 500 * max(lost.max(), 2.0**-24 * np.median(np.abs(exact)))


def test_what_cancels_keeps_the_size_of_what_was_added():
    x = Uncertain.exact(np.array([1e4, 1.0, -1e4]), SINGLE)
    assert x.sum().error >= 2e4 * SINGLE.unit
    assert ((x[0] + x[1]) + x[2]).error >= 1e4 * SINGLE.unit


def test_a_window_that_is_added_to_keeps_its_errors():
    x = Uncertain.exact(np.ones(3), SINGLE)
    total = np.zeros_like(x)
    total[:2] += x[1:] * 0.1
    np.testing.assert_allclose(total.value, [0.1, 0.1, 0])
    assert np.all(total.error[:2] > 0)
    np.add.at(total, [0, 0, 2], x)
    np.testing.assert_allclose(total.value, [2.1, 0.1, 1])


def test_an_argument_below_the_smallest_normal_number_may_be_flushed():
    assert Uncertain.exact(np.array(1e-40), SINGLE).error == 1e-40
    assert Uncertain.exact(np.array(1e-30), SINGLE).error == 0


def test_a_constant_that_the_precision_cannot_hold_is_rounded():
    assert Uncertain.constant(0.1, SINGLE).error > 0
    assert Uncertain.constant(0.75, SINGLE).error == 0
    assert Uncertain.constant(-np.inf, SINGLE).error == 0


def test_a_function_without_a_rule_is_named():
    with pytest.raises(NotImplementedError, match=r"rounding of numpy\.sinc|rounding of numpy\.gcd|rounding of numpy"):
        np.arctan2(Uncertain.exact(np.ones(2), SINGLE), 1.0)
    with pytest.raises(NotImplementedError, match=r"rounding of numpy\.median"):
        np.median(Uncertain.exact(np.ones(2), SINGLE))
    with pytest.raises(TypeError, match="would lose the rounding error"):
        float(Uncertain.exact(np.ones(()), SINGLE))


def test_the_copied_reference_is_another_and_leaves_the_real_one_alone():
    relu = OPERATIONS["relu"]
    copied = shadow(relu)
    assert copied is not relu
    assert copied is shadow(relu)
    assert sys.modules["equivalence_reference.activation"].relu is relu
    assert sys.modules["equivalence_reference.activation"].np is np
    assert isinstance(relu(np.ones(2)), np.ndarray)


def test_an_operation_that_its_module_does_not_declare_is_refused():
    missing = type(OPERATIONS["relu"])(
        **{**vars(OPERATIONS["relu"]), "origin": "equivalence_reference.activation:nowhere"}
    )
    with pytest.raises(DeclarationError, match="its declaration in equivalence_reference"):
        shadow(missing)


@pytest.mark.parametrize(("operation", "case"), CASES, ids=[f"{o.name}-{c.id}" for o, c in CASES])
def test_every_reference_in_float32_is_within_its_bounds(operation, case):
    settings, arrays = operation.settings(case), operation.draw(case)
    single = {name: cast(array, "float32") for name, array in arrays.items()}
    double = {name: cast(array, "float64") for name, array in single.items()}
    outputs, exact = operation.forward(single, settings), operation.forward(double, settings)
    drawn = {
        name: generator(3, operation.name, case.id, name).standard_normal(output.shape).astype(np.float32)
        for name, output in exact.items()
        if output.dtype.kind == "f"
    }
    wide = {name: array.astype(np.float64) for name, array in drawn.items()}
    found = {}
    if operation.differentiable(case):
        found = operation.gradients(drawn, single, settings)
        exact |= {f"gradient {k}": v for k, v in operation.gradients(wide, double, settings).items()}
    found = {**outputs, **{f"gradient {name}": value for name, value in found.items()}}
    first, second = propagated(Instance(operation, double, wide, settings), SINGLE)
    bounds = {**first, **{f"gradient {name}": bound for name, bound in second.items()}}
    assert set(bounds) == {name for name, value in found.items() if value.dtype.kind == "f"}
    for name, bound in bounds.items():
        finite = np.isfinite(exact[name]) & np.isfinite(found[name])
        lost = np.where(finite, np.abs(found[name].astype(np.float64) - np.where(finite, exact[name], 0)), 0)
        assert bound.error.shape == lost.shape
        assert np.all((lost <= bound.error) | np.isnan(bound.error)), name
