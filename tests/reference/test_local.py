"""What only the layers that see an image through windows promise: what they are without their peculiarity."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.convolution import conv2d
from equivalence_reference.linear import nin
from equivalence_reference.local import locally_connected1d, locally_connected2d, mlpconv

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.standard_normal(shape)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize(("stride", "padding"), [((1, 1), "valid"), ((2, 1), "same_upper"), (2, ((2, 1), (0, 2)))])
def test_mlpconv_is_a_convolution_and_two_nin_layers(activation, stride, padding):
    x, kernel, hidden, weight = drawn(2, 3, 6, 7), drawn(4, 3, 2, 3), drawn(5, 4), drawn(3, 5)
    biases = drawn(4), drawn(5), drawn(3)
    functions = {"linear": np.array, "relu": lambda z: z.clip(min=0), "tanh": np.tanh}
    convolved = functions[activation](conv2d(x, kernel, biases[0], stride=stride, padding=padding))
    expected = nin(nin(convolved, hidden, biases[1], activation=activation), weight, biases[2], activation=activation)
    found = mlpconv(x, kernel, hidden, weight, *biases, stride=stride, padding=padding, activation=activation)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_every_dense_layer_of_mlpconv_has_a_bias_of_its_own_to_leave_out():
    arrays = {"x": drawn(1, 2, 3, 3), "kernel": drawn(2, 2, 2, 2), "hidden": drawn(3, 2), "weight": drawn(2, 3)}
    biases = {"kernel_bias": drawn(2), "hidden_bias": drawn(3), "bias": drawn(2)}
    for name, bias in biases.items():
        alone = mlpconv(**arrays, **{name: bias}, activation="tanh")
        zeros = {other: np.zeros_like(value) for other, value in biases.items()}
        np.testing.assert_array_equal(alone, mlpconv(**arrays, **zeros | {name: bias}, activation="tanh"))
        found = mlpconv.gradients({"output": alone}, {**arrays, name: bias}, {"activation": "tanh"})
        assert set(found) == {*arrays, name}


def test_error_for_an_activation_of_mlpconv():
    with pytest.raises(ParameterError, match="activation of mlpconv"):
        mlpconv(drawn(1, 1, 3, 3), drawn(1, 1, 2, 2), drawn(1, 1), drawn(1, 1), activation="elu")


@pytest.mark.parametrize("stride", [1, 2, (1, 2)])
def test_with_one_filter_everywhere_a_locally_connected_layer_is_a_convolution(stride):
    x, filters = drawn(2, 3, 6, 7), drawn(4, 3, 2, 3)
    expected = conv2d(x, filters, stride=stride)
    everywhere = np.broadcast_to(filters[..., None, None], (*filters.shape, *expected.shape[2:]))
    np.testing.assert_allclose(locally_connected2d(x, everywhere, stride=stride), expected, rtol=1e-12, atol=1e-13)


def test_a_locally_connected_layer_of_one_row_is_that_of_sequences():
    x, weight, bias = drawn(2, 3, 8), drawn(4, 3, 3, 3), drawn(4, 3)
    image = locally_connected2d(x[:, :, None], weight[:, :, None, :, None], bias[:, None], stride=(1, 2))
    np.testing.assert_allclose(locally_connected1d(x, weight, bias, stride=2), image[:, :, 0], rtol=1e-13)


def test_a_window_as_large_as_the_image_is_a_dense_layer():
    x, weight = drawn(2, 3, 4, 5), drawn(6, 3, 4, 5, 1, 1)
    expected = x.reshape(2, -1) @ weight.reshape(6, -1).T
    np.testing.assert_allclose(locally_connected2d(x, weight)[:, :, 0, 0], expected, rtol=1e-12, atol=1e-13)


def test_error_for_more_filters_than_places():
    with pytest.raises(ShapeError, match=r"weight of locally_connected1d: expected a filter for each of \(3,\) places"):
        locally_connected1d(drawn(1, 2, 5), drawn(1, 2, 3, 4))
    with pytest.raises(
        ShapeError, match=r"weight of locally_connected2d: expected a filter for each of \(2, 3\) places"
    ):
        locally_connected2d(drawn(1, 2, 3, 5), drawn(1, 2, 2, 3, 3, 2))
