"""Cases of resizing: growing and shrinking, by factors that are not whole, and to positions between two pixels."""

from __future__ import annotations

from typing import Any

from equivalence.operation import case


def _image(h: int, w: int) -> dict[str, Any]:
    return {"n": 2, "c": 2, "h": h, "w": w}


DISTINCT = {"n": 2, "c": 3, "h": 5, "w": 4}
EQUAL = {"n": 4, "c": 4, "h": 4, "w": 4}

# A scale of 1.3 makes 6 pixels of 5: their distance is 1/1.3, not 5/6.
RESIZE_NEAREST = [
    case("asymmetric-floor-distinct_sizes", DISTINCT, size=(7, 6), coordinates="asymmetric", rounding="floor"),
    case("half_pixel-half_up-equal_sizes", EQUAL, size=(8, 6)),
    case("half_pixel-half_up-smaller", _image(6, 7), size=(3, 3)),
    case("half_pixel-half_down-smaller", _image(6, 7), size=(3, 3), rounding="round_half_down"),
    case("align_corners-half_up", _image(4, 3), size=(7, 5), coordinates="align_corners"),
    case("align_corners-floor", _image(6, 7), size=(3, 3), coordinates="align_corners", rounding="floor"),
    case("asymmetric-floor-scale", _image(5, 3), scale=(1.3, 2.0), coordinates="asymmetric", rounding="floor"),
]

RESIZE_BILINEAR = [
    case("half_pixel-distinct_sizes", DISTINCT, size=(7, 6)),
    case("align_corners-equal_sizes", EQUAL, size=(7, 6), coordinates="align_corners"),
    case("align_corners-one_row", _image(3, 4), size=(1, 7), coordinates="align_corners"),
    case("asymmetric", _image(5, 4), size=(7, 6), coordinates="asymmetric"),
    case("half_pixel-smaller", _image(7, 6), size=(3, 4)),
    case("half_pixel-smaller-antialias", _image(7, 6), size=(3, 4), antialias=True),
    case("half_pixel-scale", _image(5, 3), scale=(1.3, 1.5)),
]

RESIZE_BICUBIC = [
    case("half_pixel-distinct_sizes", DISTINCT, size=(7, 6)),
    case("align_corners-equal_sizes", EQUAL, size=(7, 7), coordinates="align_corners"),
    case("asymmetric-doubled", _image(5, 4), size=(10, 8), coordinates="asymmetric"),
    case("half_pixel-keys-outside_excluded", _image(5, 4), size=(7, 6), coefficient=-0.5, exclude_outside=True),
    case(
        "half_pixel-keys-outside_excluded-doubled", _image(5, 4), size=(10, 8), coefficient=-0.5, exclude_outside=True
    ),
    case("half_pixel-keys-smaller-antialias", _image(7, 6), size=(3, 4), coefficient=-0.5, antialias=True),
    case("half_pixel-scale", _image(5, 3), scale=(1.3, 1.5)),
]

GRID_SAMPLE = [
    case("bilinear-zeros-distinct_sizes", {"n": 1, "c": 3, "h": 5, "w": 4, "i": 6, "j": 7, "v": 2}),
    case("bilinear-zeros-equal_sizes", dict.fromkeys("nchwijv", 2)),
    case("bilinear-zeros-align_corners", {**DISTINCT, "i": 4, "j": 3, "v": 2}, align_corners=True),
    case("bilinear-border", {**DISTINCT, "i": 4, "j": 3, "v": 2}, padding="border"),
    case("bilinear-border-align_corners", {**DISTINCT, "i": 3, "j": 4, "v": 2}, padding="border", align_corners=True),
    case("nearest-zeros", {**DISTINCT, "i": 4, "j": 5, "v": 2}, mode="nearest", kink=True),
    case("nearest-border", {**DISTINCT, "i": 4, "j": 5, "v": 2}, mode="nearest", padding="border", kink=True),
]
