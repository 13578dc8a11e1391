"""What only the element by element operations promise: ties, kinks and whole numbers."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.merging import absolute, divide_integers, merge_max, merge_sum, normalize_image


@pytest.mark.parametrize("case", absolute.cases, ids=[case.id for case in absolute.cases])
def test_the_gradient_of_the_magnitude_is_zero_at_zero(case):
    x = absolute.draw(case)["x"]
    found = absolute.gradients({"output": np.ones_like(x)}, {"x": x}, {})["x"]
    for place in np.ndindex(x.shape):
        assert found[place] == (1 if x[place] > 0 else -1 if x[place] < 0 else 0)


def test_the_case_zeros_has_zeros():
    (case,) = (case for case in absolute.cases if case.data == "zeros")
    assert (absolute.draw(case)["x"] == 0).any()


def test_the_first_of_equal_numbers_gets_the_cotangent():
    x, y, z = np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0, 2.0])
    found = merge_max.gradients({"output": np.ones(4)}, {"x": x, "y": y, "z": z}, {})
    np.testing.assert_array_equal(found["x"], [1, 1, 0, 0])
    np.testing.assert_array_equal(found["y"], [0, 0, 1, 0])
    np.testing.assert_array_equal(found["z"], [0, 0, 0, 1])


def test_the_cases_with_ties_have_ties_of_all():
    for case in (case for case in merge_max.cases if case.kink):
        arrays = list(merge_max.draw(case).values())
        assert np.any([np.all([array == arrays[0] for array in arrays], axis=0)]), case.id


def test_nothing_is_broadcast():
    with pytest.raises(ShapeError):
        merge_sum(np.ones((2, 3)), np.ones((1, 3)))


def test_division_by_zero_is_refused():
    with pytest.raises(ParameterError, match="no zero"):
        divide_integers(np.array([1]), np.array([0]))


@pytest.mark.parametrize(("rounding", "expected"), [("floor", [-4, 3]), ("truncate", [-3, 3]), ("nearest", [-4, 4])])
def test_negative_divisors(rounding, expected):
    found = divide_integers(np.array([7, -7]), np.array([-2, -2]), rounding=rounding)
    np.testing.assert_array_equal(found, expected)


def test_the_image_stays_as_it_is():
    x = np.full((1, 3, 2, 2), 7)
    normalize_image(x, np.ones(3), reverse=True)
    assert (x == 7).all()
