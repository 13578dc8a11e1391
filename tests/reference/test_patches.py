"""What only borders, windows and blocks promise: inverses, and errors."""

import numpy as np
import pytest

from equivalence.errors import ShapeError
from equivalence_reference.patches import depth_to_space, pad, sliding_windows, space_to_depth, unfold


@pytest.mark.parametrize("order", ["DCR", "CRD"])
@pytest.mark.parametrize("block", [2, 3])
def test_space_to_depth_undoes_depth_to_space(order, block):
    x = np.arange(2.0 * 36 * 3 * 2).reshape(2, 36, 3, 2)
    spread = depth_to_space(x, block=block, order=order)
    np.testing.assert_array_equal(space_to_depth(spread, block=block, order=order), x)


def test_channels_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ShapeError, match="a multiple of 4 channels"):
        depth_to_space(np.ones((1, 6, 2, 2)))
    with pytest.raises(ShapeError, match="rows and columns that 2 divides"):
        space_to_depth(np.ones((1, 1, 3, 2)))


@pytest.mark.parametrize("mode", ["constant", "reflect", "symmetric", "edge"])
@pytest.mark.parametrize("border", [((0, 0), (0, 0)), ((3, 2), (1, 3)), ((0, 1), (2, 0))])
def test_pad_agrees_with_numpys(mode, border):
    x = np.random.default_rng(0).standard_normal((2, 1, 4, 4))
    np.testing.assert_array_equal(pad(x, border=border, mode=mode), np.pad(x, ((0, 0), (0, 0), *border), mode=mode))


@pytest.mark.parametrize(("mode", "amount"), [("reflect", 3), ("symmetric", 4)])
def test_too_few_pixels_to_mirror_are_refused(mode, amount):
    with pytest.raises(ShapeError, match="pixels to mirror"):
        pad(np.ones((1, 1, 3, 3)), border=((amount, 0), (0, 0)), mode=mode)


def test_a_sequence_shorter_than_a_window_is_refused_unless_it_is_padded():
    x = np.ones((1, 2))
    with pytest.raises(ShapeError, match="at least 3 steps"):
        sliding_windows(x)
    np.testing.assert_array_equal(sliding_windows(x, pad_end=True), [[[1, 1, 0], [1, 0, 0]]])


def test_the_product_with_unfolded_pixels_is_a_correlation():
    x, weight = np.random.default_rng(0).standard_normal((2, 1, 3, 4, 5))[0], np.arange(12.0).reshape(3, 2, 2)
    seen = unfold(x, window=(2, 2))
    expected = sum(
        weight[c, p, q] * x[:, c, p : p + 3, q : q + 4] for c in range(3) for p in range(2) for q in range(2)
    )
    np.testing.assert_allclose(np.einsum("cpq,ncpqij->nij", weight, seen), expected)
