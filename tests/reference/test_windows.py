"""Where windows lie: paddings and sizes worked by hand, and gather against scatter."""

import numpy as np
import pytest

from equivalence.errors import ParameterError, ShapeError
from equivalence_reference._windows import amounts, slide, slide_onto

# padding, size, kernel, stride, dilation -> pixels before and after. The SAME rows are by TensorFlow's rule.
PADDINGS = [
    ("valid", 9, 4, 2, 1, (0, 0)),
    ("full", 9, 4, 2, 1, (3, 3)),
    ("full", 9, 3, 1, 2, (4, 4)),
    ("same_upper", 64, 4, 1, 1, (1, 2)),
    ("same_lower", 64, 4, 1, 1, (2, 1)),
    ("same_upper", 224, 7, 2, 1, (2, 3)),
    ("same_upper", 224, 3, 2, 1, (0, 1)),
    ("same_lower", 224, 3, 2, 1, (1, 0)),
    ("same_upper", 225, 3, 2, 1, (1, 1)),
    ("same_upper", 13, 6, 5, 1, (1, 2)),
    ("same_upper", 8, 1, 3, 1, (0, 0)),
    ("same_upper", 8, 3, 1, 2, (2, 2)),
    ("same_upper", 8, 2, 1, 3, (1, 2)),
]


@pytest.mark.parametrize(("padding", "size", "kernel", "stride", "dilation", "expected"), PADDINGS)
def test_named_paddings(padding, size, kernel, stride, dilation, expected):
    rows, columns = amounts("conv2d", padding, (size, 1), (kernel, 1), (stride, 1), (dilation, 1))
    assert rows == expected
    assert columns == (0, 0)
    assert amounts("conv2d", padding, (1, size), (1, kernel), (1, stride), (1, dilation)) == ((0, 0), expected)


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same_upper", "same_lower"])
def test_same_gives_the_size_divided_by_the_stride_rounded_up(size, kernel, stride, padding):
    windows = slide("conv2d", (size, size), (kernel, kernel), stride=stride, padding=padding)
    assert windows.output == (-(-size // stride),) * 2


# size, window, stride, padding -> windows with floor and with ceil; the last three lose the extra one again.
ROUNDINGS = [
    (7, 2, 2, (0, 0), 3, 4),
    (8, 2, 2, (0, 0), 4, 4),
    (7, 3, 2, (0, 0), 3, 3),
    (8, 3, 2, (1, 0), 4, 4),
    (6, 3, 2, (0, 0), 2, 3),
    (5, 2, 2, (1, 1), 3, 3),
    (4, 1, 3, (0, 0), 2, 2),
    (7, 2, 3, (0, 0), 2, 3),
    (6, 2, 3, (0, 0), 2, 2),
]


@pytest.mark.parametrize(("size", "window", "stride", "padding", "floor", "ceil"), ROUNDINGS)
def test_rounding(size, window, stride, padding, floor, ceil):
    for rounding, expected in (("floor", floor), ("ceil", ceil)):
        windows = slide(
            "max_pool2d", (size, 1), (window, 1), stride=(stride, 1), padding=(padding, (0, 0)), rounding=rounding
        )
        assert windows.output == (expected, 1)


# Sizes of Dumoulin and Visin's chapter on transposed convolutions: input, kernel, stride, padding, a -> output.
TRANSPOSED = [(2, 3, 1, 0, 0, 4), (6, 4, 1, 2, 0, 5), (5, 3, 1, 1, 0, 5), (7, 3, 1, 2, 0, 5), (2, 3, 2, 0, 0, 5)]
TRANSPOSED += [(3, 3, 2, 1, 0, 5), (3, 3, 2, 1, 1, 6)]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "extra", "expected"), TRANSPOSED)
def test_transposed_sizes_of_the_guide(size, kernel, stride, padding, extra, expected):
    sides = ((padding, padding), (padding, padding))
    windows = slide_onto(
        "conv_transpose2d", (size, size), (kernel, kernel), stride=stride, padding=sides, output_padding=extra
    )
    assert windows.image == (expected, expected)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same_upper", "same_lower", "full", ((2, 1), (0, 3), (1, 0))])
@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_scatter_is_the_adjoint_of_gather(padding, rounding, axes):
    rng = np.random.default_rng(0)
    image, kernel = (7, 8, 6)[:axes], (3, 2, 3)[:axes]
    sides = padding if isinstance(padding, str) else padding[:axes]
    windows = slide(
        "conv", image, kernel, stride=(2, 3, 1)[:axes], dilation=(2, 1, 2)[:axes], padding=sides, rounding=rounding
    )
    x = rng.standard_normal((2, 3, *image))
    seen = windows.gather(x)
    held = rng.standard_normal(seen.shape)
    assert seen.shape == (2, 3, *windows.output, *kernel)
    np.testing.assert_allclose((seen * held).sum(), (x * windows.scatter(held)).sum(), rtol=1e-12)


@pytest.mark.parametrize(("padding", "size", "kernel", "stride", "dilation", "expected"), PADDINGS)
def test_every_axis_of_three_is_padded_alike(padding, size, kernel, stride, dilation, expected):
    three = amounts("conv3d", padding, (size,) * 3, (kernel,) * 3, (stride,) * 3, (dilation,) * 3)
    assert three == (expected,) * 3
    assert amounts("conv1d", padding, (size,), (kernel,), (stride,), (dilation,)) == (expected,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"padding": "same"}, r"padding of conv2d: expected one of valid, same_upper.*got 'same'"),
        ({"padding": 1}, r"padding of conv2d.*got 1\. Write PyTorch's padding=1 as"),
        ({"padding": (1, 1)}, r"padding of conv2d.*Write PyTorch's padding=1 as"),
        ({"padding": ((1, -1), (0, 0))}, r"padding of conv2d: expected a whole number of at least 0"),
        ({"padding": ((1, 1), (1, 1), (1, 1))}, r"padding of conv2d"),
        ({"stride": 0}, r"stride of conv2d: expected a whole number of at least 1, or two, got 0"),
        ({"stride": (1, 1.5)}, r"stride of conv2d"),
        ({"stride": (True, True)}, r"stride of conv2d"),
        ({"dilation": (1, 1, 1)}, r"dilation of conv2d.*got \(1, 1, 1\)"),
    ],
)
def test_errors_for_parameters(parameters, message):
    with pytest.raises(ParameterError, match=message):
        slide("conv2d", (5, 5), (3, 3), **parameters)


def test_error_when_no_window_fits():
    with pytest.raises(
        ShapeError, match=r"window of 5 x 1 pixels fits on, got 4 x 9 with padding \(\(0, 0\), \(0, 0\)\)"
    ):
        slide("conv2d", (4, 9), (3, 1), dilation=2)


def test_lists_and_single_numbers_stand_for_pairs():
    as_pairs = slide("conv2d", (9, 9), (3, 3), stride=(2, 2), dilation=(1, 1), padding=((1, 0), (0, 1)))
    assert slide("conv2d", (9, 9), (3, 3), stride=2, dilation=[1, 1], padding=[[1, 0], [0, 1]]) == as_pairs
    assert slide("conv2d", (9, 9), (3, 3), stride=np.int64(2), padding=((1, 0), (0, 1))) == as_pairs
