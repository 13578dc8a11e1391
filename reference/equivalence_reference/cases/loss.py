"""Cases of losses."""

from __future__ import annotations

from typing import Any

from equivalence.operation import Case, case

PLAIN = ["weight"]


def _classes(**settings: Any) -> dict[str, Any]:
    return {"n": 3, "c": 4, "...": (), **settings}


CATEGORICAL_LOGITS = [
    case("matrix-weights-distinct_sizes", {"n": 3, "c": 5, "...": ()}),
    case("matrix", {"n": 3, "c": 5, "...": ()}, without=PLAIN),
    case("pixels-none-distinct_sizes", {"n": 2, "c": 5, "...": (3, 4)}, without=PLAIN, reduction="none"),
    case("pixels-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}, without=PLAIN),
    case("matrix-sum", _classes(), without=PLAIN, reduction="sum"),
    case("matrix-smoothing", {"n": 4, "c": 3, "...": ()}, without=PLAIN, smoothing=0.1),
    case("matrix-large", _classes(), without=PLAIN, data="large"),
]

CATEGORICAL = [
    case("matrix-distinct_sizes", {"n": 3, "c": 5, "...": ()}),
    case("pixels-none-distinct_sizes", {"n": 2, "c": 5, "...": (3, 4)}, reduction="none"),
    case("matrix-equal_sizes", {"n": 4, "c": 4, "...": ()}, normalize=True),
    case("pixels-normalize-none", {"n": 2, "c": 4, "...": (3,)}, normalize=True, reduction="none"),
    case("matrix-normalize-sum", _classes(), normalize=True, reduction="sum"),
    case("matrix-clipped", {"n": 6, "c": 7, "...": ()}, epsilon=0.1),
    case("matrix-clipped-normalize", {"n": 6, "c": 7, "...": ()}, epsilon=0.1, normalize=True),
]

SPARSE_LOGITS = [
    case("sequence-weights-distinct_sizes", {"n": 3, "c": 4, "...": (5,)}),
    case("matrix", {"n": 3, "c": 5, "...": ()}, without=PLAIN),
    case("sequence-none-distinct_sizes", {"n": 2, "c": 5, "...": (4,)}, without=PLAIN, reduction="none"),
    case("sequence-equal_sizes", {"n": 4, "c": 4, "...": (4,)}, without=PLAIN),
    case("matrix-sum", _classes(), without=PLAIN, reduction="sum"),
    case("sequence-ignored", {"n": 3, "c": 4, "...": (5,)}, without=PLAIN, ignore_index=1),
    case("sequence-ignored-none", {"n": 3, "c": 4, "...": (5,)}, without=PLAIN, ignore_index=1, reduction="none"),
    case("matrix-large", _classes(), without=PLAIN, data="large"),
    case("sequence-weights-weighted_mean", {"n": 3, "c": 4, "...": (5,)}, reduction="weighted_mean"),
    case(
        "sequence-weights-ignored-weighted_mean",
        {"n": 3, "c": 4, "...": (5,)},
        ignore_index=1,
        reduction="weighted_mean",
    ),
]

SPARSE = [
    case("matrix-distinct_sizes", {"n": 3, "c": 5, "...": ()}),
    case("sequence-normalize-none-distinct_sizes", {"n": 2, "c": 5, "...": (4,)}, normalize=True, reduction="none"),
    case("sequence-normalize-equal_sizes", {"n": 4, "c": 4, "...": (4,)}, normalize=True),
    case("matrix-normalize-sum", _classes(), normalize=True, reduction="sum"),
    case("sequence-normalize-ignored", {"n": 3, "c": 4, "...": (5,)}, normalize=True, ignore_index=1),
    case("matrix-clipped", {"n": 25, "c": 4, "...": ()}, epsilon=0.1),
]

BINARY_LOGITS = [
    case("matrix-distinct_sizes", {"...": (3, 5)}),
    case("matrix-none-equal_sizes", {"...": (4, 4)}, reduction="none"),
    case("matrix-sum", {"...": (4, 6)}, reduction="sum"),
    case("matrix-large", {"...": (4, 6)}, data="large"),
    case("matrix-pos_weight", {"...": (4, 6)}, pos_weight=3.0),
    case("matrix-pos_weight-large", {"...": (4, 6)}, pos_weight=3.0, data="large"),
]

BINARY = [
    case("matrix-distinct_sizes", {"...": (3, 5)}),
    case("matrix-none-equal_sizes", {"...": (4, 4)}, reduction="none"),
    case("matrix-sum", {"...": (4, 6)}, reduction="sum"),
    case("matrix-clipped", {"...": (6, 7)}, epsilon=0.1),
    case("matrix-least_log", {"...": (6, 7)}, least_log=-1.0),
]


def between(*others: Case, **parameters: Any) -> list[Case]:
    """Losses between two arrays, element by element."""
    return [
        case("matrix-distinct_sizes", {"n": 3, "k": 5}, **parameters),
        case("matrix-none-equal_sizes", {"n": 4, "k": 4}, reduction="none", **parameters),
        case("matrix-sum", {"n": 4, "k": 6}, reduction="sum", **parameters),
        *others,
    ]


ROW_MEANS = case("row_means", {"n": 4, "k": 6}, reduction="row_means")
LARGE = case("large", {"n": 4, "k": 6}, data="large")

MSE = between(ROW_MEANS, LARGE)
MAE = between(ROW_MEANS, LARGE, case("ties", {"n": 4, "k": 6}, data="ties", kink=True))
HUBER = between(LARGE, case("delta_half", {"n": 4, "k": 6}, delta=0.5))
SMOOTH_L1 = between(LARGE, case("beta_ninth", {"n": 4, "k": 6}, beta=1 / 9))
HINGE = between(
    LARGE,
    case("squared", {"n": 4, "k": 6}, squared=True),
    case("at_the_margin", {"n": 4, "k": 6}, data="ties", kink=True),
)
KL_DIVERGENCE = between(
    case("batchmean", {"n": 4, "k": 6}, reduction="batchmean"),
    case("log_target", {"n": 4, "k": 6}, log_target=True),
)
