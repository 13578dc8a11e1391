"""Cases of normalization.

Scale and shift are drawn from -2 to 2 whatever the data, so that large inputs stay large beside them.

Some cases of batch normalization keep the old statistics (``decay=1``): there they depend on nothing, and differences
of the reference see the gradient that the other cases have by convention, which stops at the statistics.

Values of 2000 with a deviation of 1 are smooth, but differences with steps in proportion to the values are too coarse
for them: these cases are marked as a kink, and the family's own tests take steps in proportion to the deviation.
"""

from __future__ import annotations

from typing import Any

from equivalence.operation import case


def _images(n: int, c: int, *spatial: int) -> dict[str, Any]:
    return {"n": n, "c": c, "...": spatial}


BATCH_NORM = [
    case("images-distinct_sizes", _images(2, 3, 5, 4)),
    case("images-equal_sizes", _images(3, 3, 3, 3)),
    case("volume-no_affine", _images(2, 2, 2, 3, 2), without=["scale", "shift"]),
    case("vectors-scale_alone-large_epsilon", _images(4, 3), without=["shift"], epsilon=0.1),
    case("one_image-shift_alone", _images(1, 2, 3, 4), without=["scale"]),
    case("images-offset", _images(3, 4, 3, 2), data="offset", stress=True),
]

# Of the channels of three examples with values of -1, 0 and 1 some are constant: their variance is 0.
BATCH_NORM_TRAINING = [
    case("images-statistics_kept-distinct_sizes", _images(2, 3, 5, 4), decay=1.0),
    case("images-equal_sizes", _images(3, 3, 3, 3), kink=True),
    case("one_image-statistics_replaced", _images(1, 3, 4, 5), decay=0.0, kink=True),
    case("volume-scale_alone-large_epsilon", _images(2, 2, 2, 3, 2), without=["shift"], epsilon=0.1, kink=True),
    case("vectors-biased-no_affine", _images(4, 3), unbiased=False, without=["scale", "shift"], kink=True),
    case("images-biased-offset", _images(3, 4, 3, 2), unbiased=False, data="offset", stress=True, kink=True),
    case(
        "images-biased-statistics_replaced-shift_alone",
        _images(2, 3, 2, 3),
        unbiased=False,
        without=["scale"],
        decay=0.0,
        kink=True,
    ),
    case(
        "vectors-biased-statistics_kept-constant_channels",
        _images(3, 8),
        unbiased=False,
        decay=1.0,
        epsilon=0.1,
        data="ties",
    ),
]

LAYER_NORM = [
    case("features-distinct_sizes", {"n": 2, "t": 3, "...": (5,)}),
    case("features-equal_sizes", {"n": 4, "t": 4, "...": (4,)}),
    case("two_axes", {"n": 2, "t": 3, "...": (4, 5)}),
    case("three_axes-no_affine", {"n": 2, "t": 1, "...": (3, 2, 4)}, without=["scale", "shift"]),
    case("features-scale_alone-large_epsilon", {"n": 3, "t": 2, "...": (4,)}, without=["shift"], epsilon=0.1),
    case("two_features-constant", {"n": 3, "t": 4, "...": (2,)}, data="ties", epsilon=0.1),
    case("features-offset", {"n": 2, "t": 3, "...": (6,)}, data="offset", stress=True, kink=True),
]

INSTANCE_NORM = [
    case("images-distinct_sizes", _images(2, 3, 5, 4)),
    case("images-equal_sizes", _images(3, 3, 3, 3)),
    case("sequence-no_affine", _images(3, 2, 6), without=["scale", "shift"]),
    case("sequence-two_pixels-constant", _images(3, 4, 2), data="ties", epsilon=0.1),
    case("one_volume-scale_alone", _images(1, 2, 2, 3, 2), without=["shift"]),
    case("images-offset", _images(2, 3, 3, 4), data="offset", stress=True, kink=True),
]

GROUP_NORM = [
    case("images-distinct_sizes", _images(2, 6, 5, 3), groups=2),
    case("images-equal_sizes", _images(4, 4, 4, 4), groups=2),
    case("images-three_groups", _images(2, 6, 3, 2), groups=3),
    case("images-one_group", _images(2, 4, 3, 2)),
    case("images-a_group_for_each_channel", _images(2, 4, 2, 3), groups=4),
    case("sequence-no_affine", _images(3, 4, 5), without=["scale", "shift"], groups=2),
    case("volume-scale_alone", _images(1, 4, 2, 3, 2), without=["shift"], groups=2),
    case("vectors-constant_groups", _images(5, 6), groups=3, data="ties", epsilon=0.1),
    case("images-offset", _images(2, 4, 3, 2), data="offset", stress=True, kink=True, groups=2),
]

RMS_NORM = [
    case("sequence-distinct_sizes", {"...": (2, 3), "d": 5}),
    case("sequence-equal_sizes", {"...": (3, 3), "d": 3}),
    case("matrix-no_scale", {"...": (4,), "d": 6}, without=["scale"]),
    case("vector", {"...": (), "d": 7}),
    case("images-large_epsilon", {"...": (2, 2, 3), "d": 4}, epsilon=0.1),
    case("zero_vectors", {"...": (8,), "d": 2}, data="zeros", epsilon=0.1),
    case("large", {"...": (3, 2), "d": 4}, data="large"),
    case("offset", {"...": (3,), "d": 5}, data="offset", stress=True),
]

# Where every other placement of epsilon gives another number: vectors as short as epsilon, some of them zero.
L2_NORMALIZE = [
    case("three_axes-distinct_sizes", {"...": (2, 3, 4)}),
    case("three_axes-equal_sizes", {"...": (3, 3, 3)}, axis=1),
    case("tiny", {"...": (4, 6)}, data="tiny"),
    case("short-max_of_sum", {"...": (9, 2)}, data="zeros", epsilon=0.5),
    case("short-max_of_norm", {"...": (2, 9)}, data="zeros", epsilon=0.5, placement="max_of_norm", axis=0),
    case("short-added_to_sum", {"...": (9, 2)}, data="zeros", epsilon=0.5, placement="added_to_sum"),
    case("short-added_to_norm", {"...": (2, 8)}, epsilon=0.5, placement="added_to_norm", axis=0),
    case("tiny-max_of_norm", {"...": (4, 3, 2)}, data="tiny", placement="max_of_norm", axis=1),
]

_STRONG: dict[str, Any] = {"alpha": 0.5, "k": 1.0}

LOCAL_RESPONSE_NORM = [
    case("alexnet-distinct_sizes", {"n": 2, "c": 7, "h": 3, "w": 4}),
    case("strong-equal_sizes", {"n": 4, "c": 4, "h": 4, "w": 4}, **_STRONG),
    case("strong-three_channels", {"n": 2, "c": 6, "h": 2, "w": 3}, size=3, beta=0.5, **_STRONG),
    case("strong-divided", {"n": 2, "c": 6, "h": 3, "w": 2}, divided=True, **_STRONG),
    case("strong-divided-even", {"n": 2, "c": 6, "h": 2, "w": 2}, size=4, divided=True, **_STRONG),
    case("window_beyond_the_channels", {"n": 1, "c": 2, "h": 3, "w": 4}, **_STRONG),
]
