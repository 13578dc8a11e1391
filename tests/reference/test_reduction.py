"""What only the reductions promise: shares among ties, and how little they lose."""

import numpy as np
import pytest

from equivalence.errors import ParameterError
from equivalence_reference.reduction import cumsum, reduce_max, reduce_variance


def test_several_largest_share_the_gradient():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    found = reduce_max.gradients({"output": np.array([1.0, 6.0])}, {"x": x}, {"axes": (-1,)})["x"]
    np.testing.assert_array_equal(found, [[0.0, 0.5, 0.5], [2.0, 2.0, 2.0]])


def test_the_case_with_ties_has_several_largest():
    (case,) = (case for case in reduce_max.cases if case.kink)
    x = reduce_max.draw(case)["x"]
    assert ((x == x.max(axis=-1, keepdims=True)).sum(axis=-1) > 1).any()


def test_the_variance_does_not_cancel_far_from_zero():
    assert reduce_variance(np.array([1e8, 1e8 + 1, 1e8 + 2])) == pytest.approx(2 / 3, rel=1e-12)


def test_one_number_has_no_unbiased_variance():
    with pytest.raises(ParameterError, match="less than the 1 numbers"):
        reduce_variance(np.ones((3, 1)), axes=(-1,), correction=1)


def test_exclusive_and_inclusive_sums_differ_by_the_numbers():
    x = np.random.default_rng(0).standard_normal((3, 5))
    for reverse in (False, True):
        np.testing.assert_allclose(cumsum(x, reverse=reverse) - cumsum(x, exclusive=True, reverse=reverse), x)
