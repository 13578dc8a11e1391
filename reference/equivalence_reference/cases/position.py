"""Cases of position embeddings."""

from __future__ import annotations

from equivalence.operation import case

SINUSOIDAL = [
    case("interleave-distinct_sizes", {"n": 2, "t": 5, "c": 6}),
    case("concat-distinct_sizes", {"n": 2, "t": 3, "c": 8}, layout="concat"),
    case("equal_sizes", {"n": 4, "t": 4, "c": 4}, base=100.0),
    case("concat-offset", {"n": 1, "t": 4, "c": 4}, layout="concat", offset=3, base=100.0),
]

ROTARY = [
    case("half-distinct_sizes", {"n": 2, "m": 3, "t": 5, "d": 6}),
    case("interleave-distinct_sizes", {"n": 3, "m": 2, "t": 4, "d": 6}, pairing="interleave"),
    case("equal_sizes", {"n": 4, "m": 4, "t": 4, "d": 4}, base=100.0),
    case("interleave-offset", {"n": 2, "m": 1, "t": 3, "d": 8}, pairing="interleave", offset=3, base=100.0),
]

LEARNED = [
    case("mask-offset-distinct_sizes", {"n": 4, "t": 5, "c": 3, "v": 8}, offset=2),
    case("equal_sizes", {"n": 3, "t": 3, "c": 3, "v": 3}, without=["mask"]),
    case("offset", {"n": 2, "t": 3, "c": 4, "v": 5}, without=["mask"], offset=2),
]
