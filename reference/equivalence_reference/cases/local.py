"""Cases of layers that see an image through windows."""

from __future__ import annotations

from typing import Any

from equivalence.operation import case

_PIXEL = {"n": 2, "c": 3, "m": 4, "k": 5, "o": 3}
_BIASES = ["kernel_bias", "hidden_bias", "bias"]

MLPCONV = [
    case("distinct_sizes", {"n": 2, "c": 3, "h": 8, "w": 9, "m": 4, "p": 5, "q": 1, "k": 6, "o": 7}),
    case("same_upper-equal_sizes", dict.fromkeys("nchwmpqko", 3), padding="same_upper"),
    case("two_pixels_around", {**_PIXEL, "h": 5, "w": 6, "p": 5, "q": 3}, padding=((2, 2), (2, 2))),
    case("same_upper-stride2", {**_PIXEL, "h": 6, "w": 5, "p": 3, "q": 2}, padding="same_upper", stride=(2, 2)),
    case("tanh", {**_PIXEL, "h": 4, "w": 5, "p": 3, "q": 2}, activation="tanh"),
    case("tanh-unequal_strides", {**_PIXEL, "h": 6, "w": 5, "p": 3, "q": 2}, activation="tanh", stride=(1, 2)),
    case("without_biases", {**_PIXEL, "h": 4, "w": 5, "p": 3, "q": 2}, without=_BIASES),
]

LOCALLY_CONNECTED1D = [
    case("distinct_sizes", {"n": 2, "c": 3, "w": 11, "o": 4, "q": 5, "j": 7}),
    case("one_of_each-equal_sizes", dict.fromkeys("ncwoqj", 1)),
    case("as_many_taps_as_places", {"n": 2, "c": 3, "w": 5, "o": 3, "q": 3, "j": 3}),
    case("stride2-remainder", {"n": 2, "c": 3, "w": 9, "o": 2, "q": 4, "j": 3}, stride=2),
    case("stride3", {"n": 2, "c": 2, "w": 10, "o": 3, "q": 2, "j": 3}, stride=3),
    case("without_bias", {"n": 3, "c": 2, "w": 6, "o": 4, "q": 3, "j": 4}, without=["bias"]),
]


def _unshared(image: tuple[int, int], kernel: tuple[int, int], places: tuple[int, int]) -> dict[str, Any]:
    """Sizes of images, filters and the places where they lie, with few channels, because each place has its own."""
    (h, w), (p, q), (i, j) = image, kernel, places
    return {"n": 2, "c": 2, "h": h, "w": w, "o": 3, "p": p, "q": q, "i": i, "j": j}


LOCALLY_CONNECTED2D = [
    case(
        "unequal_strides-distinct_sizes",
        {"n": 6, "c": 3, "h": 10, "w": 9, "o": 2, "p": 4, "q": 1, "i": 7, "j": 5},
        stride=(1, 2),
    ),
    case("one_of_each-equal_sizes", dict.fromkeys("nchwopqij", 1)),
    case("square", _unshared((5, 5), (3, 3), (3, 3))),
    case("unequal_kernel", _unshared((4, 5), (2, 3), (3, 3))),
    case("stride2-remainder", _unshared((7, 6), (2, 3), (3, 2)), stride=(2, 2)),
    case("without_bias", _unshared((3, 5), (2, 3), (2, 3)), without=["bias"]),
]
