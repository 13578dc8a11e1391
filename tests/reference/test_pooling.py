"""What only pooling promises: borders, ties, rounding, and random shapes against the loops."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.pooling import global_avg_pool, max_pool2d
from equivalence_reference.witnesses import windows


def wins(pixel, other):
    """Whether a pixel that comes later is the larger: NaN beats every number, and no NaN."""
    return not np.isnan(other) and (np.isnan(pixel) or pixel > other)


def first_maximum_gradient(cotangent, x, *, window, stride, padding, rounding):
    """The documented subgradient, pixel by pixel: the first of the largest of each window, row by row."""
    steps = window if stride is None else stride
    gradient = np.zeros(x.shape)
    (top, _), (left, _) = (
        windows.before_and_after(padding, axis, x.shape[2 + axis], window[axis], steps[axis]) for axis in range(2)
    )
    assert (
        cotangent.shape == windows.max_pool2d(x, window=window, stride=stride, padding=padding, rounding=rounding).shape
    )
    for n, c, i, j in np.ndindex(cotangent.shape):
        best = None
        for row in range(i * steps[0] - top, i * steps[0] - top + window[0]):
            for column in range(j * steps[1] - left, j * steps[1] - left + window[1]):
                inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
                if inside and (best is None or wins(x[n, c, row, column], x[n, c, best[0], best[1]])):
                    best = row, column
        gradient[n, c, best[0], best[1]] += cotangent[n, c, i, j]
    return gradient


def check_subgradient(x, parameters):
    cotangent = np.random.default_rng(0).standard_normal(max_pool2d(x, **parameters).shape)
    gradient = max_pool2d.gradients({"output": cotangent}, {"x": x}, parameters)["x"]
    np.testing.assert_allclose(gradient, first_maximum_gradient(cotangent, x, **parameters), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", max_pool2d.cases, ids=[case.id for case in max_pool2d.cases])
def test_gradient_goes_to_the_first_maximum(case):
    check_subgradient(max_pool2d.draw(case)["x"], max_pool2d.settings(case))


def test_the_case_with_ties_has_tied_maxima():
    (case,) = (case for case in max_pool2d.cases if case.data == "ties")
    x = max_pool2d.draw(case)["x"]
    seen = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    tied = (seen == seen.max(axis=(4, 5), keepdims=True)).sum(axis=(4, 5)) > 1
    assert tied.mean() > 0.5


@st.composite
def poolings(draw):
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    explicit = st.tuples(*(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)) for k in window))
    parameters = {
        "window": window,
        "stride": draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4))),
        "padding": draw(st.sampled_from(["valid", "same_upper", "same_lower", "full"]) | explicit),
        "rounding": draw(st.sampled_from(["floor", "ceil"])),
    }
    shape = draw(st.tuples(*(st.integers(1, high) for high in (2, 2, 9, 9))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Few distinct values, so that there are ties, and all negative, so that a padding of zeros would win.
    return rng.integers(-4, 0, shape).astype(np.float64), parameters


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(poolings())
def test_max_pool2d_and_its_gradient_agree_with_loops_on_random_shapes(drawn):
    x, parameters = drawn
    expected = windows.max_pool2d(x, **parameters)
    assume(expected.size)
    np.testing.assert_array_equal(max_pool2d(x, **parameters), expected)
    check_subgradient(x, parameters)


def test_padding_never_wins_not_even_with_minus_infinity_in_the_image():
    x = np.full((1, 1, 2, 2), -np.inf)
    parameters = {"window": (2, 2), "stride": (2, 2), "padding": ((1, 1), (1, 1)), "rounding": "floor"}
    np.testing.assert_array_equal(max_pool2d(x, **parameters), x)
    gradient = max_pool2d.gradients({"output": np.arange(1.0, 5.0).reshape(x.shape)}, {"x": x}, parameters)["x"]
    np.testing.assert_array_equal(gradient, [[[[1.0, 2.0], [3.0, 4.0]]]])


def test_nan_wins_and_takes_the_gradient():
    x = np.array([[[[1.0, np.nan], [3.0, np.nan]]]])
    parameters = {"window": (2, 2), "stride": None, "padding": "valid", "rounding": "floor"}
    np.testing.assert_array_equal(max_pool2d(x, **parameters), [[[[np.nan]]]])
    gradient = max_pool2d.gradients({"output": np.ones((1, 1, 1, 1))}, {"x": x}, parameters)["x"]
    np.testing.assert_array_equal(gradient, [[[[0.0, 1.0], [0.0, 0.0]]]])


def test_ceil_and_the_other_cases_are_what_their_names_say():
    shapes = {
        case.id: max_pool2d(**max_pool2d.draw(case), **max_pool2d.settings(case)).shape[2:] for case in max_pool2d.cases
    }
    assert shapes["valid-remainder-floor"] == (3, 2)
    assert shapes["valid-remainder-ceil"] == (4, 3)
    assert shapes["valid-unequal_strides-ceil"] == (3, 6)
    assert shapes["explicit-ceil-last_window_dropped"] == (3, 4)
    assert shapes["same_upper-stride1-even_window"] == (5, 6)
    assert shapes["same_upper-stride2-odd_window-even_size"] == (3, 4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rounding": "up"}, "rounding of max_pool2d: expected one of ceil, floor, got 'up'"),
        ({"window": 0}, "window of max_pool2d: expected a whole number of at least 1"),
        (
            {"padding": ((0, 2), (0, 0))},
            r"padding of max_pool2d: expected less than the window's 2 pixels .* got \(0, 2\)",
        ),
    ],
)
def test_errors_for_parameters(parameters, message):
    with pytest.raises(ParameterError, match=message):
        max_pool2d(np.ones((1, 1, 4, 4)), **parameters)


def test_error_when_the_window_is_larger_than_the_image():
    with pytest.raises(ShapeError, match="window of 5 x 2 pixels fits on, got 4 x 4"):
        max_pool2d(np.ones((1, 1, 4, 4)), window=(5, 2))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 0), (2, 3, 4, 0)])
def test_error_when_there_is_nothing_to_average(shape):
    with pytest.raises(ShapeError, match="at least one more axis, with at least one pixel"):
        global_avg_pool(np.ones(shape))


def test_global_average_is_the_mean_and_its_gradient_the_nth_part():
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(global_avg_pool(x), x.reshape(2, 3, 20).mean(axis=2), rtol=1e-13)
    gradient = global_avg_pool.gradients({"output": np.full((2, 3), 20.0)}, {"x": x}, {})["x"]
    np.testing.assert_array_equal(gradient, np.ones(x.shape))
