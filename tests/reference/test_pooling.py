"""What only pooling promises: borders, ties, rounding, and random shapes against the loops."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    feature_pool,
    global_avg_pool,
    global_max_pool,
    lp_pool2d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    maxout,
    spatial_pyramid_pool,
)
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


@pytest.mark.parametrize("operation", [max_pool1d, max_pool3d], ids=["max_pool1d", "max_pool3d"])
def test_of_tied_pixels_the_first_gets_the_gradient_of_a_window(operation):
    (case,) = (case for case in operation.cases if case.data == "ties")
    x, parameters = operation.draw(case)["x"], operation.settings(case)
    # Earlier pixels made a little larger are the only maxima, without a tie to break.
    earlier = np.arange(x[0, 0].size, 0, -1).reshape(x.shape[2:]) * 1e-3
    cotangent = np.random.default_rng(0).standard_normal(operation(x, **parameters).shape)
    tied, apart = (operation.gradients({"output": cotangent}, {"x": one}, parameters)["x"] for one in (x, x + earlier))
    np.testing.assert_array_equal(tied, apart)


def halves_where_tied(operation, x, **parameters):
    cotangent = np.ones(operation(x, **parameters).shape)
    return operation.gradients({"output": cotangent}, {"x": x}, parameters)["x"]


def test_tied_maxima_of_everything_share_the_gradient():
    np.testing.assert_array_equal(
        halves_where_tied(global_max_pool, np.array([[[3.0, 1.0, 3.0]]])), [[[0.5, 0.0, 0.5]]]
    )


def test_tied_channels_share_the_gradient():
    x = np.array([[2.0, 2.0, 1.0, 5.0]])
    np.testing.assert_array_equal(
        halves_where_tied(feature_pool, x, pool_size=2, function="max"), [[0.5, 0.5, 0.0, 1.0]]
    )


def test_every_gradient_of_a_maximum_over_ties_adds_up_to_the_cotangents():
    for operation in (global_max_pool, feature_pool):
        (case,) = (case for case in operation.cases if case.data == "ties")
        x, parameters = operation.draw(case)["x"], operation.settings(case)
        gradient = halves_where_tied(operation, x, **parameters)
        assert gradient.sum() == pytest.approx(operation(x, **parameters).size)
        assert ((gradient > 0) & (gradient < 1)).any()


def test_average_pooling_in_one_two_and_three_axes_is_one_operation():
    x = np.random.default_rng(0).standard_normal((2, 3, 5))
    parameters = {"rounding": "ceil", "count_include_pad": True}
    line = avg_pool1d(x, window=(3,), stride=(2,), padding=((1, 1),), **parameters)
    sides = ((0, 0), (1, 1))
    image = avg_pool2d(x[:, :, None], window=(1, 3), stride=(1, 2), padding=sides, **parameters)
    volume = avg_pool3d(x[:, :, None, None], window=(1, 1, 3), stride=(1, 1, 2), padding=((0, 0), *sides), **parameters)
    np.testing.assert_array_equal(image[:, :, 0], line)
    np.testing.assert_array_equal(volume[:, :, 0, 0], line)


def test_a_window_over_everything_is_the_global_average():
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(avg_pool2d(x, window=(4, 5))[:, :, 0, 0], global_avg_pool(x), rtol=1e-13)
    np.testing.assert_allclose(adaptive_avg_pool2d(x)[:, :, 0, 0], global_avg_pool(x), rtol=1e-13)


def test_adaptive_pooling_where_the_size_divides_is_average_pooling():
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 8))
    np.testing.assert_allclose(adaptive_avg_pool2d(x, size=(3, 2)), avg_pool2d(x, window=(2, 4)), rtol=1e-13)


def test_ceil_and_padding_of_an_average_are_what_the_cases_say():
    shapes = {
        case.id: avg_pool2d(**avg_pool2d.draw(case), **avg_pool2d.settings(case)).shape[2:] for case in avg_pool2d.cases
    }
    assert shapes["explicit-ceil-counted"] == (4, 4)
    assert shapes["explicit-ceil-last_window_dropped"] == (3, 4)


def test_the_norm_of_a_window_of_zeros_has_no_gradient():
    gradient = lp_pool2d.gradients({"output": np.ones((1, 1, 1, 1))}, {"x": np.zeros((1, 1, 2, 2))}, lp_pool2d.defaults)
    np.testing.assert_array_equal(gradient["x"], np.zeros((1, 1, 2, 2)))


def test_maxout_is_a_dense_layer_and_feature_pooling():
    rng = np.random.default_rng(0)
    x, weight, bias = rng.standard_normal((3, 4)), rng.standard_normal((5, 2, 4)), rng.standard_normal((5, 2))
    units = x @ weight.reshape(10, 4).T + bias.reshape(10)
    np.testing.assert_allclose(maxout(x, weight, bias), feature_pool(units, pool_size=2), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: feature_pool(np.ones((2, 5)), pool_size=2), "x of feature_pool: expected a number of channels that"),
        (lambda: feature_pool(np.ones((2, 4)), pool_size=0), "pool_size of feature_pool: expected a positive whole"),
        (
            lambda: feature_pool(np.ones((2, 4)), function="median"),
            "function of feature_pool: expected one of max, mean",
        ),
        (lambda: lp_pool2d(np.ones((1, 1, 2, 2)), norm=0), "norm of lp_pool2d: expected a positive whole number"),
        (lambda: adaptive_avg_pool2d(np.ones((1, 1, 2, 2)), size=(0, 1)), "size of adaptive_avg_pool2d: expected"),
        (lambda: adaptive_avg_pool1d(np.ones((1, 1, 0))), "x of adaptive_avg_pool1d: expected n c and at least one"),
        (lambda: global_max_pool(np.ones((2, 3))), "x of global_max_pool: expected n c and at least one more axis"),
        (
            lambda: spatial_pyramid_pool(np.ones((1, 1, 2, 2)), levels=(2, 0)),
            "levels of spatial_pyramid_pool: expected",
        ),
        (lambda: max_pool3d(np.ones((1, 1, 1, 2, 2))), "x of max_pool3d: expected an image that a window of 2 x 2 x 2"),
    ],
)
def test_errors_of_the_other_poolings(call, message):
    with pytest.raises((ParameterError, ShapeError), match=message):
        call()
