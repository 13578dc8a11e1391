"""The adapters' border arithmetic against numbers counted by hand."""

import pytest

from equivalence.binding import Context
from equivalence.errors import ParameterError
from equivalence_adapters import padding


def context(high, wide, *, kernel=(3, 3), **parameters):
    given = {"stride": (1, 1), "dilation": (1, 1), "output_padding": (0, 0), "output_shape": None, **parameters}
    return Context(given, {"h": high, "w": wide, "p": kernel[0], "q": kernel[1]})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (context(5, 6, padding="valid"), ((0, 0), (0, 0))),
        (context(5, 6, padding=((1, 2), (3, 0))), ((1, 2), (3, 0))),
        # A kernel of 3 sees the corner pixel alone when it sticks out by 2; of 4 columns, by 3.
        (context(5, 6, padding="full", kernel=(3, 4)), ((2, 2), (3, 3))),
        # Dilated by 2, 3 pixels span 5 and stick out by 4.
        (context(5, 6, padding="full", dilation=(2, 1)), ((4, 4), (2, 2))),
        # Stride 1: as many windows as pixels; a kernel of 4 needs 3 more, the larger half at the end.
        (context(5, 6, padding="same_upper", kernel=(3, 4)), ((1, 1), (1, 2))),
        (context(5, 6, padding="same_lower", kernel=(3, 4)), ((1, 1), (2, 1))),
        # Stride 2 over 5: windows at 0 2 4 span 7, 2 more. Over 6: windows at 0 2 4 span 7, 1 more.
        (context(5, 6, padding="same_upper", stride=(2, 2)), ((1, 1), (0, 1))),
        (context(5, 6, padding="same_lower", stride=(2, 2)), ((1, 1), (1, 0))),
        # Stride 3 over 7: windows at 0 3 6 with a kernel of 1 span 7, nothing more; over 8 they leave pixels out.
        (context(7, 8, padding="same_upper", stride=(3, 3), kernel=(1, 1)), ((0, 0), (0, 0))),
        # Dilated by 2, 2 pixels span 3: over 5 with stride 1, 2 more; dilated by 3 they span 4: 3 more.
        (context(5, 5, padding="same_upper", dilation=(2, 3), kernel=(2, 2)), ((1, 1), (1, 2))),
    ],
)
def test_border_of_a_convolution(given, expected):
    assert padding.convolution_border(given) == expected


def test_an_unknown_padding_is_refused():
    with pytest.raises(ParameterError, match=r"expected valid, full, same_upper, same_lower .* got 'half'"):
        padding.convolution_border(context(5, 6, padding="half"))


@pytest.mark.parametrize(
    ("given", "size", "border", "excess"),
    [
        # Windows at 0 2 4 span 7.
        (context(3, 3, padding="valid", stride=(2, 2)), (7, 7), ((0, 0), (0, 0)), (0, 0)),
        (context(3, 3, padding="valid", stride=(2, 2), output_padding=(1, 0)), (8, 7), ((0, 0), (0, 0)), (1, 0)),
        (context(3, 3, padding="valid", stride=(2, 2), output_shape=(7, 8)), (7, 8), ((0, 0), (0, 0)), (0, 1)),
        # Of the 7, 3 are border.
        (context(3, 3, padding=((1, 2), (0, 1)), stride=(2, 2)), (4, 6), ((1, 2), (0, 1)), (0, 0)),
        # Windows of 5 rows at 0 to 5 span 10, of which 8 are border; of 3 columns, 8, of which 4 are border.
        (context(6, 6, padding="full", dilation=(2, 1)), (2, 4), ((4, 4), (2, 2)), (0, 0)),
        # "same": 3 windows 2 apart cover 6 pixels, and need a border of 1; or 5 pixels and a border of 2.
        (context(3, 3, padding="same_upper", stride=(2, 2)), (6, 6), ((0, 1), (0, 1)), (0, 0)),
        (context(3, 3, padding="same_lower", stride=(2, 2)), (6, 6), ((1, 0), (1, 0)), (0, 0)),
        (context(3, 3, padding="same_upper", stride=(2, 2), output_shape=(5, 6)), (5, 6), ((1, 1), (0, 1)), (0, 0)),
        # Windows of 1, 3 apart, span 4 of the 6 pixels: no border, and 2 pixels that no window sees.
        (context(2, 2, padding="same_upper", stride=(3, 3), kernel=(1, 1)), (6, 6), ((0, 0), (0, 0)), (2, 2)),
    ],
)
def test_size_and_border_of_a_transposed_convolution(given, size, border, excess):
    assert padding.transposed_size(given) == size
    assert padding.transposed_border(given) == border
    assert padding.transposed_excess(given) == excess


def pooling(high, wide, *, window=(2, 2), stride=None, border="valid", rounding="floor"):
    parameters = {"window": window, "stride": stride, "padding": border, "rounding": rounding}
    return Context(parameters, {"h": high, "w": wide})


def test_the_stride_of_a_pooling_is_its_window():
    assert padding.pooling_stride(pooling(5, 6, window=(2, 3))) == (2, 3)
    assert padding.pooling_stride(pooling(5, 6, window=(2, 3), stride=(1, 2))) == (1, 2)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pooling(5, 6), ((0, 0), (0, 0))),
        # 5 pixels: windows at 0 2, and at 4 one that needs 1 more. 6 pixels: windows at 0 2 4 fit.
        (pooling(5, 6, rounding="ceil"), ((0, 1), (0, 0))),
        # With 1 before: windows at 0 3 of 7 padded pixels, the next begins at 6, where the border at the end is.
        (pooling(5, 5, window=(3, 3), border=((1, 1), (1, 1)), rounding="ceil"), ((1, 1), (1, 1))),
        # 6 pixels: the third window begins on the last pixel, 6 of the padded ones, and needs 2 after it.
        (pooling(6, 6, window=(3, 3), border=((1, 1), (1, 1)), rounding="ceil"), ((1, 2), (1, 2))),
        (pooling(6, 6, window=(3, 3), border=((1, 1), (1, 1))), ((1, 1), (1, 1))),
        # Windows of 1, 3 apart, at 0 3 6 of 8 pixels: all fit, and nothing is cut off.
        (pooling(8, 8, window=(1, 1), stride=(3, 3), rounding="ceil"), ((0, 0), (0, 0))),
        # "same": ceil(5 / 2) windows of 2 span 6.
        (pooling(5, 6, border="same_upper", rounding="ceil"), ((0, 1), (0, 0))),
        (pooling(5, 6, border="same_lower"), ((1, 0), (0, 0))),
        (pooling(5, 6, window=(3, 2), stride=(1, 1), border="full"), ((2, 2), (1, 1))),
    ],
)
def test_border_of_a_pooling(given, expected):
    assert padding.rounded_pooling_border(given) == expected


def test_one_and_three_axes_are_as_two():
    given = {"stride": (1,), "dilation": (1,), "output_padding": (0,), "output_shape": None, "padding": "same_upper"}
    assert padding.convolution_border(Context(given, {"w": 6, "q": 4})) == ((1, 2),)
    assert padding.transposed_size(Context({**given, "stride": (2,)}, {"w": 3, "q": 3})) == (6,)
    assert padding.transposed_border(Context({**given, "stride": (2,)}, {"w": 3, "q": 3})) == ((0, 1),)
    three = {"stride": (1, 2, 2), "dilation": (2, 1, 1), "padding": "same_lower"}
    sizes = {"d": 5, "h": 5, "w": 6, "r": 2, "p": 3, "q": 3}
    # Dilated by 2, 2 pixels span 3. Stride 2 over 5: windows at 0 2 4 span 7; over 6 too.
    assert padding.convolution_border(Context(three, sizes)) == ((1, 1), (1, 1), (1, 0))
    pool = {"window": (2,), "stride": None, "padding": "valid", "rounding": "ceil"}
    assert padding.rounded_pooling_border(Context(pool, {"w": 5})) == ((0, 1),)
