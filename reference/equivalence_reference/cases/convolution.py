"""Cases of convolutions of one, two and three spatial axes.

Even kernels and odd sums of padding are where the sides differ; remainders are where the last pixels do.
"""

from __future__ import annotations

from typing import Any

from equivalence.operation import Case, case

Sizes = tuple[int, ...]

UPPER: dict[str, Any] = {"padding": "same_upper"}
LOWER: dict[str, Any] = {"padding": "same_lower"}
FULL: dict[str, Any] = {"padding": "full"}


def _by(number: int, axes: int = 2) -> dict[str, Any]:
    """One stride for all axes."""
    return {"stride": (number,) * axes}


def _case(
    name: str, image: Sizes, kernel: Sizes, *, channels: Sizes = (3, 4), letters: str = "co", **more: Any
) -> Case:
    """A case by the size of its images and filters; ``channels`` are the sizes of ``letters``."""
    pixels, taps = "dhw"[-len(image) :], "rpq"[-len(kernel) :]
    sizes = {"n": more.pop("examples", 2), **dict(zip(letters + pixels + taps, channels + image + kernel, strict=True))}
    return case(name, sizes, **more)


CONV1D = [
    _case("valid-distinct_sizes", (9,), (3,), channels=(4, 6), examples=5),
    _case("same_upper-equal_sizes", (3,), (3,), channels=(3, 3), examples=3, **UPPER),
    _case("valid-stride2-remainder-without_bias", (8,), (3,), without=["bias"], **_by(2, 1)),
    _case("same_upper-stride2-even_kernel", (7,), (4,), **UPPER, **_by(2, 1)),
    _case("same_upper-stride3-odd_kernel", (8,), (5,), **UPPER, **_by(3, 1)),
    _case("same_lower-stride2-even_kernel", (7,), (4,), **LOWER, **_by(2, 1)),
    _case("full-flip", (5,), (3,), flip_kernel=True, **FULL),
    _case("explicit-stride2-odd_kernel-even_size", (8,), (3,), padding=((1, 1),), **_by(2, 1)),
    _case("explicit-more_than_same", (5,), (2,), padding=((1, 1),)),
    _case("explicit-causal-dilation2", (7,), (3,), padding=((4, 0),), dilation=(2,)),
    _case("same_upper-dilation2-even_kernel-groups2", (8,), (2,), channels=(4, 6), dilation=(2,), groups=2, **UPPER),
    _case("valid-groups2", (6,), (3,), channels=(4, 6), groups=2),
]

CONV2D = [
    _case("valid-distinct_sizes", (9, 11), (3, 2), channels=(4, 6), examples=5),
    _case("same_upper-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-without_bias", (6, 5), (2, 3), without=["bias"]),
    _case("valid-1x1_kernel-one_example", (5, 4), (1, 1), channels=(3, 2), examples=1),
    _case("valid-stride2", (9, 7), (3, 3), **_by(2)),
    _case("valid-stride3-remainder", (10, 11), (3, 3), **_by(3)),
    _case("valid-unequal_strides", (7, 8), (3, 2), stride=(2, 1)),
    _case("same_upper-even_kernel", (6, 5), (4, 2), **UPPER),
    _case("same_upper-stride2-even_kernel", (7, 9), (4, 2), **UPPER, **_by(2)),
    _case("same_upper-stride2-odd_kernel-even_size", (8, 6), (3, 5), **UPPER, **_by(2)),
    _case("same_upper-stride2-odd_kernel-odd_size", (7, 9), (3, 5), **UPPER, **_by(2)),
    _case("same_upper-stride3-small_kernel", (7, 8), (2, 1), **UPPER, **_by(3)),
    _case("same_lower-even_kernel", (6, 5), (4, 2), **LOWER),
    _case("same_lower-stride2-odd_kernel-even_size", (8, 6), (3, 5), **LOWER, **_by(2)),
    _case("full", (5, 4), (3, 2), **FULL),
    _case("full-stride2", (5, 6), (2, 3), **FULL, **_by(2)),
    _case("explicit", (5, 6), (3, 3), padding=((1, 1), (2, 2))),
    _case("explicit-asymmetric", (5, 6), (3, 3), padding=((0, 1), (2, 1))),
    _case("valid-dilation2", (8, 7), (3, 2), dilation=(2, 2)),
    _case("same_upper-dilation2", (7, 6), (3, 4), dilation=(2, 2), **UPPER),
    _case(
        "explicit-asymmetric-stride2-unequal_dilations",
        (8, 9),
        (3, 2),
        padding=((2, 1), (0, 1)),
        dilation=(2, 3),
        **_by(2),
    ),
    _case("valid-groups2", (5, 6), (3, 2), channels=(4, 6), groups=2),
    _case("valid-depthwise", (6, 5), (2, 3), channels=(3, 3), groups=3),
    _case("same_upper-stride2-depthwise-multiplier2", (6, 8), (3, 3), channels=(3, 6), groups=3, **UPPER, **_by(2)),
    _case("valid-flip", (6, 5), (3, 2), flip_kernel=True),
    _case(
        "same_upper-stride2-even_kernel-groups2-flip",
        (7, 9),
        (4, 2),
        channels=(4, 2),
        groups=2,
        flip_kernel=True,
        **UPPER,
        **_by(2),
    ),
]

CONV3D = [
    _case("valid-distinct_sizes", (6, 7, 8), (3, 4, 5), channels=(2, 9), examples=1),
    _case("same_upper-equal_sizes", (3, 3, 3), (3, 3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-unequal_strides-without_bias", (5, 6, 7), (2, 3, 2), stride=(1, 2, 3), without=["bias"]),
    _case("same_upper-stride2-even_and_odd_kernel", (4, 5, 4), (2, 4, 3), channels=(2, 3), **UPPER, **_by(2, 3)),
    _case("same_lower-stride2-even_and_odd_kernel", (4, 5, 4), (2, 4, 3), channels=(2, 3), **LOWER, **_by(2, 3)),
    _case("full-flip", (2, 3, 4), (2, 2, 3), channels=(2, 3), flip_kernel=True, **FULL),
    _case("explicit-asymmetric", (3, 4, 3), (2, 3, 3), channels=(2, 3), padding=((1, 0), (0, 2), (2, 1))),
    _case(
        "same_upper-unequal_dilations-groups2",
        (4, 5, 5),
        (2, 2, 3),
        channels=(4, 4),
        dilation=(1, 3, 2),
        groups=2,
        **UPPER,
    ),
]

CONV_TRANSPOSE1D = [
    _case("valid-distinct_sizes", (7,), (3,), channels=(4, 6), examples=5),
    _case("same_upper-equal_sizes", (3,), (3,), channels=(3, 3), examples=3, **UPPER),
    _case("valid-stride3-gaps-without_bias", (4,), (2,), without=["bias"], **_by(3, 1)),
    _case("valid-stride2-output_padding", (4,), (3,), output_padding=(1,), **_by(2, 1)),
    _case("same_upper-stride2-odd_kernel", (4,), (3,), **UPPER, **_by(2, 1)),
    _case("same_upper-stride2-odd_output_shape", (4,), (4,), output_shape=(7,), **UPPER, **_by(2, 1)),
    _case("same_lower-stride2-odd_kernel", (4,), (3,), **LOWER, **_by(2, 1)),
    _case("full-flip", (6,), (3,), flip_kernel=True, **FULL),
    _case(
        "explicit-asymmetric-stride2-output_padding", (4,), (3,), padding=((2, 1),), output_padding=(1,), **_by(2, 1)
    ),
    _case(
        "explicit-asymmetric-dilation2-groups2", (6,), (3,), channels=(4, 6), padding=((2, 1),), dilation=(2,), groups=2
    ),
]

CONV_TRANSPOSE2D = [
    _case("valid-distinct_sizes", (7, 10), (3, 2), channels=(4, 6), examples=5),
    _case("valid-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3),
    _case("same_upper-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-without_bias", (4, 5), (2, 3), without=["bias"]),
    _case("valid-stride2", (4, 3), (3, 4), **_by(2)),
    _case("valid-stride3-gaps", (3, 4), (2, 1), **_by(3)),
    _case("valid-unequal_strides", (4, 5), (3, 2), stride=(2, 1)),
    _case("valid-stride3-output_padding", (3, 4), (4, 3), output_padding=(2, 1), **_by(3)),
    _case("valid-stride2-output_shape", (4, 4), (3, 3), channels=(3, 2), output_shape=(10, 9), **_by(2)),
    _case("same_upper-even_kernel", (5, 6), (4, 2), **UPPER),
    _case("same_upper-stride2-odd_kernel", (4, 3), (3, 5), **UPPER, **_by(2)),
    _case("same_upper-stride2-even_kernel", (3, 4), (4, 2), **UPPER, **_by(2)),
    _case(
        "same_upper-stride2-odd_output_shape", (4, 3), (3, 4), channels=(3, 2), output_shape=(7, 5), **UPPER, **_by(2)
    ),
    _case("same_upper-stride3-small_kernel", (3, 2), (2, 1), **UPPER, **_by(3)),
    _case("same_lower-stride2-odd_kernel", (4, 3), (3, 5), **LOWER, **_by(2)),
    _case("full-stride2", (5, 4), (3, 2), **FULL, **_by(2)),
    _case("explicit-stride2-output_padding", (4, 3), (3, 3), padding=((1, 1), (1, 1)), output_padding=(1, 1), **_by(2)),
    _case("explicit-asymmetric", (5, 4), (3, 4), padding=((0, 1), (2, 1))),
    _case("same_upper-dilation2", (5, 6), (3, 2), dilation=(2, 2), **UPPER),
    _case(
        "explicit-asymmetric-stride2-unequal_dilations-output_padding",
        (4, 5),
        (3, 2),
        padding=((0, 1), (2, 1)),
        dilation=(2, 3),
        output_padding=(1, 1),
        **_by(2),
    ),
    _case("valid-stride2-groups2", (3, 4), (3, 2), channels=(4, 6), groups=2, **_by(2)),
    _case("same_upper-stride2-depthwise-multiplier2", (4, 3), (3, 3), channels=(3, 6), groups=3, **UPPER, **_by(2)),
    _case("valid-flip", (4, 5), (3, 2), flip_kernel=True),
]

CONV_TRANSPOSE3D = [
    _case("full-distinct_sizes", (7, 8, 9), (4, 5, 6), channels=(2, 3), examples=1, **FULL),
    _case("same_upper-equal_sizes", (3, 3, 3), (3, 3, 3), channels=(3, 3), examples=3, **UPPER),
    _case("valid-unequal_strides-without_bias", (2, 3, 2), (2, 1, 4), stride=(1, 2, 3), without=["bias"]),
    _case(
        "same_upper-stride2-odd_output_shape",
        (2, 3, 2),
        (3, 4, 2),
        channels=(2, 3),
        output_shape=(3, 5, 3),
        **UPPER,
        **_by(2, 3),
    ),
    _case("same_lower-stride2", (2, 3, 2), (3, 2, 5), channels=(2, 3), **LOWER, **_by(2, 3)),
    _case("valid-flip", (2, 1, 3), (2, 3, 2), channels=(2, 3), flip_kernel=True),
    _case(
        "explicit-asymmetric-stride2-output_padding",
        (2, 3, 2),
        (3, 3, 4),
        channels=(2, 3),
        padding=((0, 1), (2, 1), (1, 1)),
        output_padding=(1, 0, 0),
        **_by(2, 3),
    ),
    _case(
        "same_lower-unequal_dilations-groups2",
        (2, 3, 2),
        (2, 2, 2),
        channels=(4, 4),
        dilation=(1, 3, 2),
        groups=2,
        **LOWER,
    ),
]

DEPTHWISE_CONV2D = [
    _case("valid-distinct_sizes", (7, 9), (3, 4), channels=(5, 2), letters="cm", examples=6),
    _case("valid-equal_sizes", (3, 3), (3, 3), channels=(3, 3), letters="cm", examples=3),
    _case("same_upper-multiplier1", (5, 6), (3, 2), channels=(3, 1), letters="cm", **UPPER),
    _case(
        "valid-stride3-remainder-without_bias",
        (8, 7),
        (3, 2),
        channels=(3, 2),
        letters="cm",
        without=["bias"],
        **_by(3),
    ),
    _case("same_upper-stride2-odd_kernel-even_size", (6, 8), (3, 5), channels=(3, 2), letters="cm", **UPPER, **_by(2)),
    _case("same_lower-stride2-even_kernel", (7, 5), (4, 2), channels=(3, 2), letters="cm", **LOWER, **_by(2)),
    _case("full-flip", (4, 3), (3, 2), channels=(3, 2), letters="cm", flip_kernel=True, **FULL),
    _case("explicit-asymmetric", (4, 5), (3, 2), channels=(3, 2), letters="cm", padding=((0, 1), (2, 1))),
    _case("same_upper-dilation2", (6, 5), (2, 3), channels=(3, 2), letters="cm", dilation=(2, 2), **UPPER),
]

SEPARABLE_CONV2D = [
    _case("valid-distinct_sizes", (7, 9), (3, 4), channels=(5, 2, 8), letters="cmo", examples=6),
    _case("same_upper-equal_sizes", (3, 3), (3, 3), channels=(3, 3, 3), letters="cmo", examples=3, **UPPER),
    _case("valid-multiplier1-without_bias", (5, 4), (3, 2), channels=(3, 1, 4), letters="cmo", without=["bias"]),
    _case(
        "same_upper-stride2-odd_kernel-even_size", (6, 8), (3, 5), channels=(3, 2, 4), letters="cmo", **UPPER, **_by(2)
    ),
    _case("same_lower-stride3-even_kernel", (7, 5), (4, 2), channels=(3, 2, 4), letters="cmo", **LOWER, **_by(3)),
    _case("full-flip", (4, 3), (3, 2), channels=(3, 2, 4), letters="cmo", flip_kernel=True, **FULL),
    _case(
        "explicit-asymmetric-dilation2",
        (4, 5),
        (2, 3),
        channels=(3, 2, 4),
        letters="cmo",
        padding=((0, 1), (2, 1)),
        dilation=(2, 2),
    ),
]

DYNAMIC_CONV2D = [
    _case("valid-distinct_sizes", (7, 9), (4, 3), channels=(5, 6)),
    _case("valid-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3),
    _case("same_upper-5x5_kernel", (6, 7), (5, 5), channels=(3, 2), **UPPER),
    _case("same_upper-stride2-odd_kernel-even_size", (6, 8), (3, 5), **UPPER, **_by(2)),
    _case("same_lower-stride3-even_kernel", (7, 5), (4, 2), **LOWER, **_by(3)),
    _case("full-flip", (4, 3), (3, 2), flip_kernel=True, **FULL),
    _case("explicit-asymmetric-dilation2", (4, 5), (2, 3), padding=((0, 1), (2, 1)), dilation=(2, 2)),
    _case("valid-groups3-depthwise", (5, 4), (2, 3), channels=(3, 3), groups=3),
    _case("valid-groups2", (5, 4), (2, 3), channels=(4, 6), groups=2),
]

LOCAL_FC_AS_CONV = [
    _case("blocks-distinct_sizes", (8, 15), (4, 5), channels=(3, 6)),
    _case("blocks-equal_sizes", (3, 3), (3, 3), channels=(3, 3), examples=3),
    _case("square_blocks-square_image", (6, 6), (2, 2)),
    _case("one_block", (2, 3), (2, 3)),
    _case("remainder_left_out-without_bias", (7, 8), (2, 3), without=["bias"]),
    _case("blocks_of_one_pixel", (2, 3), (1, 1)),
]
