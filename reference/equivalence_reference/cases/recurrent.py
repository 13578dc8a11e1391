"""Cases of recurrent layers: three steps at most where it can be, because some frameworks unroll them."""

from __future__ import annotations

from equivalence.operation import Case, case

_SMALL = {"n": 4, "t": 3, "c": 2, "h": 3}
_PEEPHOLES = ("peephole_i", "peephole_f", "peephole_o")

SIMPLE_RNN = [
    case("mask-distinct_sizes", {"n": 4, "t": 3, "c": 2, "h": 5}),
    case("relu-equal_sizes", {"n": 3, "t": 3, "c": 3, "h": 3}, without=["mask", "h0"], activation="relu"),
    case("backwards-no_bias", {"n": 3, "t": 2, "c": 4, "h": 2}, without=["mask", "bias"], backwards=True),
    case(
        "mask-repeat-backwards",
        {"n": 5, "t": 3, "c": 2, "h": 3},
        without=["h0"],
        backwards=True,
        masked_output="repeat",
    ),
    # Some examples begin with a masked step, where nothing was computed that could be repeated.
    case("mask-repeat-initial_state", _SMALL, masked_output="repeat"),
]

LSTM = [
    case("peepholes-lengths", {"n": 3, "t": 2, "c": 2, "h": 3, "g": 4}),
    case("distinct_sizes", {"n": 2, "t": 3, "c": 5, "h": 6, "g": 4}, without=[*_PEEPHOLES, "lengths"]),
    case(
        "forget_bias-equal_sizes",
        {"n": 4, "t": 4, "c": 4, "h": 4, "g": 4},
        without=["h0", "c0", *_PEEPHOLES, "lengths"],
        forget_bias=1.0,
    ),
    case(
        "backwards-no_bias",
        {"n": 3, "t": 2, "c": 4, "h": 2, "g": 4},
        without=["bias", *_PEEPHOLES, "lengths"],
        forget_bias=1.0,
        backwards=True,
    ),
    case("lengths", {**_SMALL, "g": 4}, without=_PEEPHOLES),
    case("lengths-repeat", {**_SMALL, "g": 4}, without=_PEEPHOLES, masked_output="repeat"),
]

GRU = [
    case("lengths", {**_SMALL, "g": 3}),
    case("reset_after-distinct_sizes", {"n": 5, "t": 2, "c": 4, "h": 6, "g": 3}, without=["lengths"]),
    case(
        "reset_before-equal_sizes",
        {"n": 3, "t": 3, "c": 3, "h": 3, "g": 3},
        without=["recurrent_bias", "lengths"],
        reset_after=False,
    ),
    case(
        "backwards-no_biases",
        {"n": 3, "t": 2, "c": 4, "h": 2, "g": 3},
        without=["bias", "recurrent_bias", "h0", "lengths"],
        backwards=True,
    ),
    case(
        "lengths-repeat-reset_before",
        {**_SMALL, "g": 3},
        without=["recurrent_bias"],
        reset_after=False,
        masked_output="repeat",
    ),
]

BIDIRECTIONAL_GRU = [
    case("lengths", {**_SMALL, "g": 3}),
    case("concatenated-distinct_sizes", {"n": 5, "t": 2, "c": 4, "h": 6, "g": 3}, without=["lengths"]),
    case(
        "sum-equal_sizes",
        {"n": 3, "t": 3, "c": 3, "h": 3, "g": 3},
        without=["h0", "backward_h0", "lengths"],
        merge="sum",
    ),
    case("lengths-sum", {**_SMALL, "g": 3}, without=["h0", "backward_h0"], merge="sum"),
]


def _image(examples: int, channels: tuple[int, int], image: tuple[int, int], kernel: tuple[int, int]) -> dict[str, int]:
    (c, o), (h, w), (p, q) = channels, image, kernel
    return {"n": examples, "c": c, "o": o, "h": h, "w": w, "p": p, "q": q, "g": 4}


CONV_LSTM_CELL: list[Case] = [
    case("even_width-distinct_sizes", _image(1, (5, 6), (7, 8), (3, 2))),
    case("forget_bias-equal_sizes", _image(4, (4, 4), (4, 4), (4, 4)), forget_bias=1.0),
    case("no_bias-forget_bias", _image(2, (2, 3), (3, 4), (3, 3)), without=["bias"], forget_bias=1.0),
    case("1x1_kernel", _image(2, (3, 2), (3, 2), (1, 1))),
]
