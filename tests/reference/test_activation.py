"""What only the activations promise: their values and gradients at odd places."""

import numpy as np
import pytest

from equivalence_reference.activation import relu


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
