"""Cases of attention."""

from __future__ import annotations

from equivalence.operation import case

_BOTH = ["mask", "bias"]
_SMALL = {"n": 2, "m": 2, "t": 3, "s": 5, "d": 4, "e": 3}

SCALED_DOT_PRODUCT = [
    case("both_masks-distinct_sizes", {"n": 2, "m": 3, "t": 4, "s": 5, "d": 6, "e": 7}),
    case("equal_sizes", {"n": 4, "m": 4, "t": 4, "s": 4, "d": 4, "e": 4}, without=_BOTH, causal="top_left"),
    case("mask-one_head", {"n": 3, "m": 1, "t": 2, "s": 4, "d": 3, "e": 3}, without=["bias"]),
    case("additive_mask-scale", _SMALL, without=["mask"], scale=0.375),
    case("no_masks", {**_SMALL, "n": 1}, without=_BOTH),
    # The two alignments differ where there are more keys than queries, or fewer.
    case("top_left-more_keys", _SMALL, without=_BOTH, causal="top_left"),
    case("bottom_right-more_keys", _SMALL, without=_BOTH, causal="bottom_right"),
    # The first two queries may see nothing.
    case("bottom_right-fewer_keys", {**_SMALL, "t": 5, "s": 3}, without=_BOTH, causal="bottom_right"),
    case("grouped_heads", {"n": 2, "m": 4, "t": 3, "s": 2, "d": 3, "e": 3}, without=_BOTH, groups=2),
]

_BIASES = ["query_bias", "key_bias", "value_bias", "output_bias"]
_FITTING = {"n": 2, "t": 3, "s": 5, "c": 4, "k": 3, "v": 6, "m": 2, "d": 2, "e": 2, "o": 4}
"""As many features in all heads as in a query, which some frameworks demand."""

MULTI_HEAD = [
    case("mask-distinct_sizes", {"n": 2, "t": 3, "s": 5, "c": 7, "k": 8, "v": 9, "m": 4, "d": 6, "e": 1, "o": 10}),
    case("equal_sizes", dict.fromkeys("ntsckvmdeo", 3), without=["mask"]),
    case("mask-heads_fit", _FITTING),
    case("causal-heads_fit", {**_FITTING, "n": 1}, without=["mask"], causal=True),
    case("no_biases-heads_fit", {**_FITTING, "s": 2}, without=[*_BIASES, "mask"]),
    case("no_biases-mask-one_head", {**_FITTING, "m": 1, "d": 4, "e": 4}, without=_BIASES),
]

_OWN = {"n": 2, "t": 3, "c": 4, "b": 3, "m": 2, "d": 2, "o": 4}

SELF_ATTENTION = [
    case("mask-heads_fit", _OWN),
    case(
        "causal-distinct_sizes", {"n": 2, "t": 4, "c": 7, "b": 3, "m": 6, "d": 5, "o": 8}, without=["mask"], causal=True
    ),
    case("equal_sizes", dict.fromkeys("ntcbmdo", 3), without=["mask"]),
    case("no_biases-heads_fit", _OWN, without=["bias", "output_bias", "mask"]),
    case("causal-three_heads-heads_fit", {**_OWN, "c": 6, "m": 3, "o": 6}, without=["mask"], causal=True),
]
