"""What only rearranging promises: inverses, and errors that say what is wrong."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.tensor import expand_dims, flatten, permute_dimensions, reshape, squeeze, tile


def test_flatten_orders_are_the_frameworks_own_reshape_on_their_layouts():
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(flatten(x), x.reshape(2, 60))
    np.testing.assert_array_equal(flatten(x, channels="last"), x.transpose(0, 2, 3, 1).reshape(2, 60))


@pytest.mark.parametrize("axis", [-4, -1, 0, 3])
def test_squeeze_undoes_expand_dims(axis):
    x = np.arange(6.0).reshape(2, 3)
    if -4 < axis < 3:
        np.testing.assert_array_equal(squeeze(expand_dims(x, axis=axis), axes=(axis,)), x)
    else:
        with pytest.raises(ParameterError, match="from -3 to 2"):
            expand_dims(x, axis=axis)


def test_an_axis_of_another_size_is_not_taken_out():
    with pytest.raises(ShapeError, match="size 1"):
        squeeze(np.ones((1, 2, 1)), axes=(1,))


@pytest.mark.parametrize("shape", [(5, -1), (7,), (0, -1)])
def test_reshape_refuses_what_does_not_fit(shape):
    with pytest.raises(ShapeError, match="as many numbers"):
        reshape(np.ones((1, 2, 3)), shape=shape)


@pytest.mark.parametrize("axes", [(0,), (0, 0), (0, 2), (-1, 0)])
def test_permute_dimensions_refuses_what_is_no_permutation(axes):
    with pytest.raises(ParameterError, match="each of 0 to 1 once"):
        permute_dimensions(np.ones((2, 3)), axes=axes)


def test_tile_refuses_another_number_of_axes():
    with pytest.raises(ParameterError, match="2 numbers, one an axis"):
        tile(np.ones((2, 3)), multiples=(2,))
