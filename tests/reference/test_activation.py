"""What only the activations promise: their values and gradients at odd places."""

import numpy as np
import pytest

from equivalence_reference.activation import (
    SELU_ALPHA,
    SELU_SCALE,
    dropout_with_mask,
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    log_softmax,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
    thresholded_relu,
)


@pytest.mark.parametrize("case", relu.cases, ids=[case.id for case in relu.cases])
def test_gradient_is_the_documented_one_zero_at_zero(case):
    x = relu.draw(case)["x"]
    cotangent = np.random.default_rng(0).standard_normal(x.shape)
    expected = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        if x[place] > 0:
            expected[place] = cotangent[place]
    np.testing.assert_array_equal(relu.gradients({"output": cotangent}, {"x": x}, {})["x"], expected)


def test_the_case_zeros_has_zeros_and_others():
    (case,) = (case for case in relu.cases if case.data == "zeros")
    x = relu.draw(case)["x"]
    assert (x == 0).any()
    assert (x > 0).any()
    assert (x < 0).any()


def test_odd_values():
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    np.testing.assert_array_equal(relu(x), [np.nan, np.inf, 0.0, 0.0, 5e-324])


ZERO = np.zeros((2, 3))
ONES = np.ones((2, 3))

AT_THEIR_KINKS = [
    (leaky_relu, 0.0, {"alpha": 0.25}, 0.25),
    (elu, 0.0, {"alpha": 0.5}, 0.5),
    (selu, 0.0, {}, SELU_SCALE * SELU_ALPHA),
    (relu6, 0.0, {}, 0.0),
    (relu6, 6.0, {}, 0.0),
    (thresholded_relu, 0.5, {"theta": 0.5}, 0.0),
    (hard_sigmoid, -1.0, {"slope": 0.5}, 0.0),
    (hard_sigmoid, 1.0, {"slope": 0.5}, 0.0),
]


@pytest.mark.parametrize(
    ("operation", "at", "settings", "slope"),
    AT_THEIR_KINKS,
    ids=[f"{operation.name}-{at}" for operation, at, _, _ in AT_THEIR_KINKS],
)
def test_gradient_at_a_kink_is_the_documented_one(operation, at, settings, slope):
    found = operation.gradients({"output": ONES}, {"x": ZERO + at}, settings)["x"]
    np.testing.assert_allclose(found, ZERO + slope, rtol=1e-15)


def test_gradient_of_prelu_at_zero_is_that_of_the_negative_side():
    found = prelu.gradients({"output": ONES}, {"x": ZERO, "weight": np.array([0.5, 2.0, 3.0])}, {})
    np.testing.assert_array_equal(found["x"], [[0.5, 2.0, 3.0], [0.5, 2.0, 3.0]])
    np.testing.assert_array_equal(found["weight"], np.zeros(3))


SATURATING = [
    (sigmoid, 0.0, 1.0),
    (hard_sigmoid, 0.0, 1.0),
    (tanh, -1.0, 1.0),
    (softsign, -1.0, 1.0),
    (softplus, 0.0, 1e300),
    (silu, 0.0, 1e300),
    (gelu, 0.0, 1e300),
    (hard_swish, 0.0, 1e300),
    (mish, 0.0, 1e300),
    (elu, -1.0, 1e300),
    (relu6, 0.0, 6.0),
]


@pytest.mark.parametrize(("operation", "low", "high"), SATURATING, ids=[row[0].name for row in SATURATING])
def test_no_overflow_far_from_zero(operation, low, high):
    x = np.array([-1e300, 1e300]) if operation is not gelu else np.array([-1e100, 1e100])
    expected = [low, high if operation is not gelu else 1e100]
    with np.errstate(over="raise", invalid="raise"):
        y = operation(x)
        slopes = operation.gradients({"output": np.ones(2)}, {"x": x}, operation.settings(operation.cases[0]))["x"]
    np.testing.assert_allclose(y, expected, rtol=1e-15)
    assert np.isfinite(slopes).all()


NAN = np.array([np.nan])


@pytest.mark.parametrize(
    "operation",
    [leaky_relu, relu6, elu, selu, gelu, sigmoid, hard_sigmoid, tanh, softplus, softsign, silu, hard_swish, mish],
    ids=lambda operation: operation.name,
)
def test_nan_stays_nan(operation):
    assert np.isnan(operation(NAN)).all()


def test_log_softmax_of_a_far_class_keeps_its_digits():
    np.testing.assert_allclose(log_softmax(np.array([0.0, -1000.0])), [0.0, -1000.0], rtol=1e-15)


def test_dropout_keeps_the_expectation_if_half_of_the_masks_keep_a_number():
    x = np.array([2.0, -3.0])
    kept, dropped = (dropout_with_mask(x, np.array([keeps, keeps]), rate=0.5) for keeps in (True, False))
    np.testing.assert_array_equal((kept + dropped) / 2, x)
