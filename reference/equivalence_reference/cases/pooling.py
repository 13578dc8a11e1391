"""Cases of pooling: borders, rounding, and windows that overlap or leave pixels out.

On data that is all negative, padding with zeros in place of minus infinity shows at every border.
"""

from __future__ import annotations

from typing import Any

from equivalence.operation import case


def _line(w: int) -> dict[str, Any]:
    return {"n": 2, "c": 3, "w": w}


def _image(h: int, w: int) -> dict[str, Any]:
    return {"n": 2, "c": 3, "h": h, "w": w}


def _volume(d: int, h: int, w: int) -> dict[str, Any]:
    return {"n": 2, "c": 2, "d": d, "h": h, "w": w}


MAX_POOL1D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "w": 8}, window=(3,)),
    case("valid-equal_sizes", {"n": 3, "c": 3, "w": 3}),
    case("valid-remainder-ceil-negative", _line(8), window=(3,), rounding="ceil", data="negative"),
    case("explicit-overlapping-negative", _line(5), stride=(1,), padding=((1, 1),), data="negative"),
    case("explicit-asymmetric-negative", _line(6), window=(3,), stride=(2,), padding=((2, 0),), data="negative"),
    case("same_lower-even_window-negative", _line(5), stride=(1,), padding="same_lower", data="negative"),
    case("same_upper-even_size-negative", _line(6), window=(3,), stride=(2,), padding="same_upper", data="negative"),
    case("valid-overlapping-ties", _line(7), window=(3,), stride=(1,), data="ties", kink=True),
]

MAX_POOL3D = [
    case("valid-distinct_sizes", {"n": 2, "c": 1, "d": 3, "h": 5, "w": 4}, window=(2, 3, 1), stride=(1, 2, 2)),
    case("valid-equal_sizes", dict.fromkeys("ncdhw", 3)),
    case("valid-remainder-ceil-negative", _volume(3, 4, 5), rounding="ceil", data="negative"),
    case(
        "explicit-negative",
        _volume(3, 5, 5),
        window=(3, 2, 2),
        stride=(1, 2, 2),
        padding=((1, 1), (1, 0), (0, 1)),
        data="negative",
    ),
    case("same_lower-overlapping-negative", _volume(2, 3, 4), stride=(1, 1, 1), padding="same_lower", data="negative"),
    case(
        "same_upper-overlapping-negative",
        _volume(3, 4, 2),
        window=(3, 2, 2),
        stride=(1, 1, 1),
        padding="same_upper",
        data="negative",
    ),
    case("valid-ties", _volume(2, 4, 6), data="ties", kink=True),
]

AVG_POOL1D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "w": 8}, window=(3,)),
    case("valid-equal_sizes", {"n": 3, "c": 3, "w": 3}),
    case(
        "explicit-ceil-counted",
        _line(6),
        window=(3,),
        stride=(2,),
        padding=((1, 1),),
        rounding="ceil",
        count_include_pad=True,
    ),
    case("explicit-ceil-not_counted", _line(6), window=(3,), stride=(2,), padding=((1, 1),), rounding="ceil"),
    case("same_upper-even_window", _line(5), stride=(1,), padding="same_upper"),
    case("same_lower-even_window-counted", _line(5), stride=(1,), padding="same_lower", count_include_pad=True),
]

# Rounding up with padding on both sides: the last window of 6 rows begins on the image and reaches beyond the padding,
# where nothing counts; the one of 5 rows would begin in the padding and is left out.
AVG_POOL2D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "h": 7, "w": 8}, window=(3, 2)),
    case("valid-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}),
    case("valid-remainder-ceil", _image(5, 8), window=(2, 3), rounding="ceil"),
    case("valid-stride_beyond_window", _image(7, 6), stride=(3, 2)),
    case(
        "explicit-counted", _image(5, 7), window=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), count_include_pad=True
    ),
    case("explicit-not_counted", _image(5, 7), window=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    case(
        "explicit-ceil-counted",
        _image(6, 7),
        window=(3, 3),
        stride=(2, 2),
        padding=((1, 1), (1, 1)),
        rounding="ceil",
        count_include_pad=True,
    ),
    case(
        "explicit-ceil-not_counted",
        _image(6, 7),
        window=(3, 3),
        stride=(2, 2),
        padding=((1, 1), (1, 1)),
        rounding="ceil",
    ),
    case(
        "explicit-ceil-last_window_dropped",
        _image(5, 6),
        padding=((1, 1), (1, 1)),
        rounding="ceil",
        count_include_pad=True,
    ),
    case("explicit-asymmetric-counted", _image(5, 7), window=(3, 2), padding=((0, 2), (1, 0)), count_include_pad=True),
    case("same_upper-overlapping-even_window", _image(5, 4), window=(2, 3), stride=(1, 1), padding="same_upper"),
    case(
        "same_lower-stride2-counted",
        _image(6, 4),
        window=(3, 2),
        stride=(2, 2),
        padding="same_lower",
        count_include_pad=True,
    ),
    case("full-counted", _image(4, 3), window=(3, 2), stride=(2, 2), padding="full", count_include_pad=True),
]

AVG_POOL3D = [
    case("valid-distinct_sizes", {"n": 2, "c": 1, "d": 3, "h": 5, "w": 4}, window=(2, 3, 1)),
    case("valid-equal_sizes", dict.fromkeys("ncdhw", 3)),
    case(
        "explicit-ceil-counted",
        _volume(4, 3, 5),
        window=(3, 2, 2),
        stride=(2, 2, 2),
        padding=((1, 1), (0, 0), (1, 1)),
        rounding="ceil",
        count_include_pad=True,
    ),
    case(
        "explicit-ceil-not_counted",
        _volume(4, 3, 5),
        window=(3, 2, 2),
        stride=(2, 2, 2),
        padding=((1, 1), (0, 0), (1, 1)),
        rounding="ceil",
    ),
    case("same_upper-overlapping", _volume(2, 3, 4), stride=(1, 1, 1), padding="same_upper"),
    case(
        "same_lower-overlapping-counted",
        _volume(2, 3, 4),
        stride=(1, 1, 1),
        padding="same_lower",
        count_include_pad=True,
    ),
]

SUM_POOL1D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "w": 8}, window=(3,)),
    case("valid-equal_sizes", {"n": 3, "c": 3, "w": 3}),
    case("valid-remainder-ceil", _line(7), rounding="ceil"),
    case("explicit-overlapping", _line(6), window=(3,), stride=(2,), padding=((2, 0),)),
    case("same_upper", _line(5), stride=(1,), padding="same_upper"),
    case("same_lower", _line(5), stride=(1,), padding="same_lower"),
]

SUM_POOL2D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "h": 7, "w": 5}, window=(3, 2)),
    case("valid-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}),
    case("valid-remainder-ceil", _image(5, 4), window=(2, 3), rounding="ceil"),
    case("explicit-overlapping", _image(5, 6), window=(3, 2), stride=(2, 1), padding=((0, 1), (1, 0))),
    case("same_upper", _image(4, 5), stride=(1, 1), padding="same_upper"),
    case("same_lower", _image(4, 5), stride=(1, 1), padding="same_lower"),
]

SUM_POOL3D = [
    case("valid-distinct_sizes", {"n": 2, "c": 1, "d": 3, "h": 5, "w": 4}, window=(2, 3, 1)),
    case("valid-equal_sizes", dict.fromkeys("ncdhw", 3)),
    case("valid-remainder-ceil", _volume(4, 3, 5), window=(3, 2, 2), rounding="ceil"),
    case(
        "explicit-overlapping",
        _volume(3, 4, 5),
        window=(3, 2, 2),
        stride=(2, 1, 2),
        padding=((1, 1), (0, 1), (1, 0)),
    ),
    case("same_upper", _volume(2, 3, 4), stride=(1, 1, 1), padding="same_upper"),
    case("same_lower", _volume(2, 3, 4), stride=(1, 1, 1), padding="same_lower"),
]

LP_POOL2D = [
    case("valid-distinct_sizes", {"n": 2, "c": 3, "h": 7, "w": 5}, window=(3, 2)),
    case("valid-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}),
    case("norm1-overlapping", _image(4, 6), norm=1, window=(2, 3), stride=(1, 2)),
    case("norm3-negative", _image(4, 5), norm=3, data="negative"),
    case("norm2-remainder-ceil", _image(5, 4), window=(2, 3), rounding="ceil"),
]

GLOBAL_MAX_POOL = [
    case("two_axes-distinct_sizes", {"n": 2, "c": 3, "...": (5, 4)}),
    case("two_axes-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}),
    case("one_axis-negative", {"n": 2, "c": 4, "...": (7,)}, data="negative"),
    case("three_axes", {"n": 3, "c": 2, "...": (2, 5, 3)}),
    case("two_axes-ties", {"n": 2, "c": 3, "...": (3, 4)}, data="ties", kink=True),
]

ADAPTIVE_AVG_POOL1D = [
    case("uneven-distinct_sizes", {"n": 2, "c": 3, "w": 7}, size=(3,)),
    case("even-equal_sizes", {"n": 4, "c": 4, "w": 4}, size=(2,)),
    case("everything", {"n": 2, "c": 3, "w": 5}, size=(1,)),
    case("more_than_there_are", {"n": 2, "c": 2, "w": 3}, size=(5,)),
]

ADAPTIVE_AVG_POOL2D = [
    case("uneven-distinct_sizes", {"n": 2, "c": 3, "h": 7, "w": 5}, size=(3, 2)),
    case("even-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}, size=(2, 2)),
    case("everything", _image(4, 5), size=(1, 1)),
    case("more_rows_than_there_are", _image(3, 5), size=(4, 3)),
]

FEATURE_POOL = [
    case("images-distinct_sizes", {"n": 2, "c": 6, "...": (4, 5)}, pool_size=3),
    case("images-equal_sizes", {"n": 4, "c": 4, "...": (4, 4)}),
    case("vectors-negative", {"n": 3, "c": 8, "...": ()}, pool_size=4, data="negative"),
    case("sequence-mean", {"n": 2, "c": 6, "...": (5,)}, function="mean"),
    case("images-sum", {"n": 2, "c": 6, "...": (3, 2)}, pool_size=3, function="sum"),
    case("images-ties", {"n": 2, "c": 8, "...": (2, 3)}, pool_size=4, data="ties", kink=True),
]

MAXOUT = [
    case("distinct_sizes", {"n": 3, "c": 4, "o": 5, "k": 2}),
    case("equal_sizes", {"n": 3, "c": 3, "o": 3, "k": 3}),
    case("no_bias", {"n": 2, "c": 3, "o": 2, "k": 4}, without=["bias"]),
    case("one_piece", {"n": 2, "c": 3, "o": 4, "k": 1}),
]

SPATIAL_PYRAMID_POOL = [
    case("fine_to_coarse-distinct_sizes", {"n": 2, "c": 3, "h": 7, "w": 5}),
    case("fine_to_coarse-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}),
    case("coarse_to_fine-uneven-negative", _image(4, 5), levels=(1, 3), data="negative"),
    case("coarse_to_fine-average", _image(5, 4), levels=(1, 3), mode="average"),
]
