"""Cases of linear operations."""

from __future__ import annotations

from equivalence.operation import case

NIN = [
    case("two_axes-distinct_sizes", {"n": 2, "c": 3, "o": 4, "...": (5, 6)}),
    case("two_axes-equal_sizes", {"n": 3, "c": 3, "o": 3, "...": (3, 3)}),
    case("no_axes", {"n": 4, "c": 3, "o": 5, "...": ()}),
    case("one_axis", {"n": 2, "c": 5, "o": 3, "...": (4,)}),
    case("three_axes", {"n": 2, "c": 4, "o": 3, "...": (3, 2, 5)}),
    case("one_example-one_channel-one_unit", {"n": 1, "c": 1, "o": 1, "...": (4, 3)}),
    case("without_bias", {"n": 3, "c": 2, "o": 5, "...": (4, 3)}, without=["bias"]),
    case("relu", {"n": 2, "c": 3, "o": 4, "...": (5, 3)}, activation="relu"),
    case("tanh-one_axis", {"n": 3, "c": 2, "o": 4, "...": (5,)}, activation="tanh"),
    case("relu-beyond_6", {"n": 3, "c": 20, "o": 4, "...": (5,)}, activation="relu"),
    case("relu-without_bias", {"n": 2, "c": 4, "o": 3, "...": (2, 5)}, without=["bias"], activation="relu"),
]

DENSE = [
    case("matrix-distinct_sizes", {"n": 2, "...": (), "c": 3, "o": 4}),
    case("matrix-equal_sizes", {"n": 3, "...": (), "c": 3, "o": 3}),
    case("three_axes-distinct_sizes", {"n": 2, "...": (5,), "c": 3, "o": 4}),
    case("three_axes-equal_sizes", {"n": 3, "...": (3,), "c": 3, "o": 3}),
    case("four_axes", {"n": 2, "...": (3, 5), "c": 4, "o": 3}),
    case("one_example-one_channel-one_unit", {"n": 1, "...": (), "c": 1, "o": 1}),
    case("without_bias", {"n": 5, "...": (), "c": 4, "o": 2}, without=["bias"]),
    case("relu", {"n": 6, "...": (), "c": 3, "o": 4}, activation="relu"),
    case("relu-beyond_6", {"n": 6, "...": (), "c": 20, "o": 4}, activation="relu"),
    case("tanh-three_axes", {"n": 2, "...": (4,), "c": 5, "o": 3}, activation="tanh"),
]

BILINEAR = [
    case("matrices-distinct_sizes", {"n": 2, "...": (), "c": 3, "d": 5, "o": 4}),
    case("matrices-equal_sizes", {"n": 3, "...": (), "c": 3, "d": 3, "o": 3}),
    case("three_axes", {"n": 2, "...": (5,), "c": 3, "d": 4, "o": 2}),
    case("three_axes-equal_sizes", {"n": 3, "...": (3,), "c": 3, "d": 3, "o": 3}),
    case("four_axes-one_unit", {"n": 2, "...": (3, 2), "c": 4, "d": 3, "o": 1}),
    case("without_bias", {"n": 4, "...": (), "c": 3, "d": 2, "o": 5}, without=["bias"]),
]
