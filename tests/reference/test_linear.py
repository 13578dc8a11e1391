"""What only the linear operations promise."""

import numpy as np
import pytest

from equivalence.errors import ParameterError
from equivalence_reference.convolution import conv2d
from equivalence_reference.linear import bilinear, dense, nin

RNG = np.random.default_rng(0)
WEIGHT, BIAS = RNG.standard_normal((4, 3)), RNG.standard_normal(4)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
def test_nin_is_a_1x1_convolution_and_an_activation(activation):
    x = RNG.standard_normal((2, 3, 5, 6))
    convolved = conv2d(x, WEIGHT[:, :, None, None], BIAS)
    expected = {"linear": convolved, "relu": convolved.clip(min=0), "tanh": np.tanh(convolved)}[activation]
    np.testing.assert_allclose(nin(x, WEIGHT, BIAS, activation=activation), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("middle", [(), (5,), (5, 6)])
def test_dense_is_nin_with_the_channels_last(middle):
    x = RNG.standard_normal((2, 3, *middle))
    moved = dense(np.moveaxis(x, 1, -1), WEIGHT, BIAS, activation="tanh")
    np.testing.assert_allclose(np.moveaxis(moved, -1, 1), nin(x, WEIGHT, BIAS, activation="tanh"), rtol=1e-13)


def test_activation_comes_after_the_bias():
    assert nin(np.ones((1, 1)), np.array([[-3.0]]), np.array([4.0]), activation="relu") == 1.0


@pytest.mark.parametrize(("operation", "x"), [(nin, np.ones((2, 3))), (dense, np.ones((2, 3)))])
def test_error_for_an_activation_names_those_there_are(operation, x):
    with pytest.raises(
        ParameterError, match=rf"activation of {operation.name}: expected one of linear, relu, tanh, got 'sigmoid'"
    ):
        operation(x, WEIGHT, BIAS, activation="sigmoid")


def test_hand_worked_gradient():
    # y = relu(w x + b) = relu((1*2 + 3*(-1)) + 2, 0*2 + 1*(-1) + 0) = (1, 0): only unit 1 lets its cotangent 5 through.
    gradients = dense.gradients(
        {"output": np.array([[5.0, 7.0]])},
        {"x": np.array([[2.0, -1.0]]), "weight": np.array([[1.0, 3.0], [0.0, 1.0]]), "bias": np.array([2.0, 0.0])},
        {"activation": "relu"},
    )
    np.testing.assert_array_equal(gradients["x"], [[5.0, 15.0]])
    np.testing.assert_array_equal(gradients["weight"], [[10.0, -5.0], [0.0, 0.0]])
    np.testing.assert_array_equal(gradients["bias"], [5.0, 0.0])


def test_bilinear_of_a_fixed_input_is_a_dense_layer_of_the_other():
    x, y, weight = RNG.standard_normal((2, 5, 3)), RNG.standard_normal(6), RNG.standard_normal((4, 3, 6))
    fixed = np.broadcast_to(y, (2, 5, 6))
    np.testing.assert_allclose(bilinear(x, fixed, weight, BIAS), dense(x, weight @ y, BIAS), rtol=1e-13)
