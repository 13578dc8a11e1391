"""Cases of activations that apply to each element by itself."""

from __future__ import annotations

from typing import Any

from equivalence.operation import Case, case


def elementwise(*others: Case, **parameters: Any) -> list[Case]:
    """Distinct sizes and equal sizes with the same parameters, and others."""
    return [
        case("matrix-distinct_sizes", {"...": (3, 5)}, **parameters),
        case("matrix-equal_sizes", {"...": (4, 4)}, **parameters),
        *others,
    ]


def at_zero(**parameters: Any) -> Case:
    """About half of the elements are exactly 0, where the function has a kink."""
    return case("zeros", {"...": (4, 6)}, data="zeros", kink=True, **parameters)


LARGE = case("large", {"...": (4, 6)}, data="large")
TINY = case("tiny", {"...": (4, 6)}, data="tiny")
"""Numbers near 1e-20, for functions that are 0 at 0: others could not tell them from 0 beside their own value there."""

LEAKY_RELU = elementwise(
    LARGE,
    TINY,
    at_zero(alpha=0.25),
    case("slope_0_2", {"...": (4, 6)}, alpha=0.2),
    case("slope_0_3", {"...": (4, 6)}, alpha=0.3),
)

PRELU = [
    case("pixels-distinct_sizes", {"n": 2, "c": 3, "...": (4, 5)}),
    case("pixels-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}),
    case("matrix", {"n": 6, "c": 5, "...": ()}),
    case("pixels-large", {"n": 2, "c": 4, "...": (3, 2)}, data="large"),
    case("pixels-negative", {"n": 2, "c": 4, "...": (3, 2)}, data="negative"),
]

ELU = elementwise(LARGE, TINY, case("alpha_0_5", {"...": (4, 6)}, alpha=0.5), at_zero(alpha=0.5))

SELU = elementwise(LARGE, TINY, at_zero())

GELU = elementwise(
    LARGE,
    TINY,
    case("tanh", {"...": (6, 7)}, approximate="tanh"),
    case("tanh-large", {"...": (4, 6)}, approximate="tanh", data="large"),
)

SIXTH = 1 / 6
"""The slope of PyTorch's, Keras 3's and MobileNetV3's hard sigmoid."""

HARD_SIGMOID = elementwise(
    LARGE,
    case("slope_0_2", {"...": (6, 7)}, slope=0.2),
    case("slope_0_2-large", {"...": (4, 6)}, slope=0.2, data="large"),
)

# Few numbers, of which none is near enough to 0 to have a slope that is small beside the others'.
SIGMOID = elementwise(case("large", {"...": (2, 3)}, data="large"), case("negative", {"...": (4, 6)}, data="negative"))

# Far from 0 its slope is too small beside its values for differences; a test of its own looks there.
SOFTSIGN = elementwise(case("negative", {"...": (4, 6)}, data="negative"), TINY)

SOFTPLUS = elementwise(
    LARGE,
    case("beta_2", {"...": (4, 6)}, beta=2.0),
    case("beta_2-threshold_1", {"...": (6, 7)}, beta=2.0, threshold=1.0),
    case("threshold_1-large", {"...": (4, 6)}, threshold=1.0, data="large"),
)

THRESHOLDED_RELU = elementwise(
    LARGE,
    case("at_the_threshold", {"...": (4, 6)}, data="ties", kink=True),
    case("theta_0_25", {"...": (4, 6)}, theta=0.25),
)

LOG_SOFTMAX = [
    case("matrix-distinct_sizes", {"...": (3, 5)}),
    case("channels_first-distinct_sizes", {"...": (2, 5, 3, 4)}, axis=1),
    case("three_axes-equal_sizes", {"...": (3, 3, 3)}, axis=1),
    case("three_axes-last_axis", {"...": (4, 2, 3)}),
    case("matrix-first_axis", {"...": (4, 3)}, axis=0),
    case("ties", {"...": (4, 5)}, data="ties"),
    case("beyond_the_range_of_exp", {"...": (3, 4)}, data="large"),
]

DROPOUT_WITH_MASK = [
    case("quarter-distinct_sizes", {"...": (3, 5)}, rate=0.25),
    case("half-equal_sizes", {"...": (4, 4)}),
    case("quarter-not_inverted", {"...": (4, 6)}, rate=0.25, inverted=False),
    case("quarter-inference", {"...": (4, 6)}, rate=0.25, training=False),
    case("quarter-not_inverted-inference", {"...": (4, 6)}, rate=0.25, inverted=False, training=False),
    case("nothing_dropped", {"...": (3, 5)}, rate=0.0),
    case("large", {"...": (4, 6)}, rate=0.25, data="large"),
]
