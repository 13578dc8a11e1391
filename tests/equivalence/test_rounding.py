"""A-priori bounds: correct float32 results never exceed them, and they are not so loose that they say nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence import registry
from equivalence.propagation import propagated
from equivalence.rounding import PRECISIONS, Bound, Instance, gamma, summed

SINGLE, DOUBLE = PRECISIONS["float32"], PRECISIONS["float64"]
SEEDS = 12
LOOSE = 1e4

KNOWN = registry.load()
CASES = [
    pytest.param(operation, case, id=f"{operation.name}-{case.id}")
    for operation in KNOWN.operations.values()
    for case in operation.cases
    if case.data != "nan"
]


def drawn(operation, case, seed, scale=1.0):
    """Arguments and cotangents, rounded to float32."""
    given = {name: scale * array for name, array in operation.draw(case, seed).items()}
    arrays = {name: array.astype("float32").astype(float) for name, array in given.items()}
    outputs = operation.forward(arrays, operation.settings(case))
    rng = np.random.default_rng(seed)
    cotangents = {name: rng.standard_normal(y.shape).astype("float32").astype(float) for name, y in outputs.items()}
    return arrays, cotangents


def single(arrays):
    return {name: array.astype("float32") for name, array in arrays.items()}


def everything(operation, arrays, cotangents, settings):
    """Outputs and gradients of the reference, in the dtype of the arguments."""
    outputs = operation.forward(arrays, settings)
    return outputs | {f"gradient-{k}": v for k, v in operation.gradients(cotangents, arrays, settings).items()}


def bounds(operation, arrays, cotangents, settings, precision=SINGLE):
    outputs, gradients = operation.bounds(arrays, cotangents, settings, precision)
    return outputs | {f"gradient-{name}": bound for name, bound in gradients.items()}


def share(computed, exact, bound):
    """The largest error over its bound, and the median of those that are not 0."""
    error = np.abs(computed.astype(float) - exact)
    parts = np.divide(error, bound.error, out=np.zeros_like(error), where=bound.error > 0)
    assert not error[bound.error == 0].any()
    return float(parts.max()), float(np.median(parts[parts > 0])) if (parts > 0).any() else None


@given(st.integers(1, 10**7), st.sampled_from(list(PRECISIONS.values())))
def test_gamma_bounds_products_of_roundings(count, precision):
    """Lemma 3.1: of n factors 1 + u, the product is below 1 + gamma_n, and of n factors 1 / (1 - u) too."""
    found = float(gamma(count, precision.unit))
    if count * precision.unit >= 1:
        assert found == math.inf
    else:
        assert found >= math.expm1(count * math.log1p(precision.unit)) * (1 - 1e-12)
        assert found >= math.expm1(-count * math.log1p(-precision.unit)) * (1 - 1e-12)
        assert found >= count * precision.unit


def test_gamma_by_hand():
    assert float(gamma(1, 0.25)) == pytest.approx(1 / 3)
    assert float(gamma(2, 0.25)) == 1.0
    assert np.array_equal(gamma(np.array([0, 4, 5]), 0.25), [0, math.inf, math.inf])


@given(st.integers(1, 400), st.integers(0, 10**6), st.integers(-15, 15), st.booleans())
def test_a_sum_in_any_order_stays_within_its_bound(count, seed, exponent, cancelling):
    rng = np.random.default_rng(seed)
    terms = rng.standard_normal(count) * 10.0 ** rng.uniform(exponent - 2, exponent + 2, count)
    if cancelling:
        terms = np.concatenate([terms, -terms * (1 + 1e-6 * rng.standard_normal(count))])
    terms = terms.astype("float32")
    exact = math.fsum(terms.astype(float))
    bound = summed(np.abs(terms.astype(float)).sum(keepdims=True), np.array([float(terms.size)]), SINGLE)
    for order in (terms, np.sort(terms), terms[::-1], rng.permutation(terms)):
        one_by_one = np.add.accumulate(order, dtype=np.float32)[-1]
        for computed in (one_by_one, order.sum(), order[::2].sum() + order[1::2].sum()):
            assert abs(float(computed) - exact) <= bound.error[0]


@given(st.integers(1, 200), st.integers(0, 10**6))
def test_a_product_of_vectors_stays_within_its_bound_in_any_order(count, seed):
    rng = np.random.default_rng(seed)
    x, weight = (rng.standard_normal((1, count)).astype("float32").astype(float) for _ in range(2))
    instance = Instance(KNOWN.operations["dense"], {"x": x, "weight": weight}, {}, {"activation": "linear"})
    bound = propagated(instance, SINGLE)[0]["output"]
    order = rng.permutation(count)
    products = (x.astype("float32") * weight.astype("float32"))[0, order]
    exact = math.fsum((x * weight)[0])
    assert abs(float(np.add.accumulate(products, dtype=np.float32)[-1]) - exact) <= bound.error[0, 0]


def test_flushed_denormal_arguments_stay_within_the_bound():
    """A framework may take an argument below the smallest normal number as zero, and its weight may be large."""
    operation = KNOWN.operations["dense"]
    x, weight, bias = np.array([[1e-39, 1.0]]), np.array([[1e20, 1.0]]), np.array([0.5])
    settings = {"activation": "linear"}
    for name, array in {"x": x, "weight": weight}.items():
        arrays = {"x": x, "weight": weight, "bias": bias}
        if name == "weight":
            arrays |= {"x": weight, "weight": x}
        flushed = {key: np.where(np.abs(value) < SINGLE.tiny, 0, value) for key, value in arrays.items()}
        cotangents = {"output": np.array([[1e-39]])}
        found = bounds(operation, arrays, cotangents, settings)
        exact = everything(operation, arrays, cotangents, settings)
        lost = everything(operation, flushed, {"output": np.zeros((1, 1))}, settings)
        for key, bound in found.items():
            assert (np.abs(lost[key] - exact[key]) <= bound.error).all(), (name, key)
        assert array.shape == (1, 2)
    assert found["output"].error.max() < 1e-6


def test_overflow_is_where_finite_sums_pass_the_largest_number():
    bound = Bound(np.array([1e30, 1e30, 1.0, math.nan, math.inf]), np.array([3.4e38, 1e38, 5e38, math.nan, math.inf]))
    assert bound.passes(SINGLE.largest).tolist() == [False, False, True, False, False]
    peaked = Bound(np.ones(2), np.ones(2), peak=np.array([1.0, 1e39]))
    assert peaked.passes(SINGLE.largest).tolist() == [False, True]


def test_vacuity_is_the_error_beside_the_magnitude():
    assert Bound(np.array([0.5, 1.0]), np.array([4.0, 100.0])).vacuity == 0.01
    assert Bound(np.zeros(2), np.zeros(2)).vacuity == 0
    assert Bound(np.array([1.0, math.nan]), np.array([10.0, math.inf])).vacuity == 0.1


def test_softmax_has_bounds_beside_minus_infinity():
    x = np.array([[0.0, 1.0, -math.inf], [1e30, -1e30, 5.0]])
    found = bounds(KNOWN.operations["softmax"], {"x": x}, {"output": np.ones_like(x)}, {"axis": -1})
    for bound in found.values():
        assert np.isfinite(bound.error).all()
        assert bound.error.max() < 1e-5


def test_float64_has_room_for_a_billion_times_as_much():
    for name in ("conv2d", "softmax", "dense", "layer_norm"):
        operation = KNOWN.operations[name]
        case = operation.cases[0]
        arrays, cotangents = drawn(operation, case, 0)
        narrow, wide = (bounds(operation, arrays, cotangents, operation.settings(case), p) for p in (SINGLE, DOUBLE))
        for quantity, bound in narrow.items():
            assert np.all(bound.error > 1e8 * wide[quantity].error), (name, quantity)
