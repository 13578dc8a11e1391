"""PyTorch's pooling."""

from __future__ import annotations

import functools
import math
from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import pooling_border, pooling_stride, rounded_pooling_border
from equivalence_adapters.pooling import divisors, volume
from equivalence_adapters.torch.convolution import symmetric, torch_border

functional, torch = Lazy("torch.nn.functional"), Lazy("torch")


_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."


def _native(context: Context) -> bool:
    """PyTorch pads by itself only alike on both sides, and at most half a window."""
    border, window = pooling_border(context), context.parameters["window"]
    return symmetric(border) and all(2 * sides[0] <= size for sides, size in zip(border, window, strict=True))


def _padding(context: Context) -> tuple[int, ...]:
    return tuple(before if _native(context) else 0 for before, _ in pooling_border(context))


def _border(context: Context) -> tuple[int, ...] | None:
    return None if _native(context) else torch_border(rounded_pooling_border(context))


def _ceil_mode(context: Context) -> bool:
    # Where the border is added before, so is what rounding up needs.
    return _native(context) and context.parameters["rounding"] == "ceil"


_GEOMETRY: dict[str, Any] = {
    "stride": pooling_stride,
    "padding": _padding,
    "ceil_mode": _ceil_mode,
    "border": _border,
}
_RENAME = {"window": "kernel_size", "rounding": None}
_POOLING = {
    "default stride": "the window",
    "rounding of the output's size": "down; up with ceil_mode=True, but no window begins in the padding at the end",
    "padding": "numbers, alike on both sides, at most half a window; no same",
}


def _max_pool(pool: Any) -> Any:
    def call(x: Any, *, border: tuple[int, ...] | None, **keywords: Any) -> Any:
        if border is not None:
            x = functional.pad(x, border, value=-math.inf)
        return pool(x, **keywords)

    return call


max_pool2d = binding(
    _max_pool(functional.max_pool2d),
    docs=_DOCS + "MaxPool2d.html",
    rename=_RENAME,
    recode=_GEOMETRY,
    dtypes=HALF_TOO,
)

_MAXIMUM = {**_POOLING, "value of padding": "minus infinity", "gradient of equal maxima": "the first of a window"}

max_pool1d = binding(
    _max_pool(functional.max_pool1d),
    docs=_DOCS + "MaxPool1d.html",
    rename=_RENAME,
    recode=_GEOMETRY,
    conventions=_MAXIMUM,
)

max_pool3d = binding(
    _max_pool(functional.max_pool3d),
    docs=_DOCS + "MaxPool3d.html",
    rename=_RENAME,
    recode=_GEOMETRY,
    conventions=_MAXIMUM,
)


def _avg_pool(pool: Any) -> Any:
    def call(x: Any, *, border: tuple[int, ...] | None, volume: int, divisors: Any, **keywords: Any) -> Any:
        if border is None:
            return pool(x, **keywords)
        # A border that only one side has is added before; then the average is over whole windows.
        averages = pool(functional.pad(x, border), **keywords)
        return (
            averages * volume / functools.reduce(lambda one, other: one[..., None] * other, map(x.new_tensor, divisors))
        )

    return call


_AVERAGE: dict[str, Any] = {
    "rename": _RENAME,
    "recode": {**_GEOMETRY, "volume": volume, "divisors": divisors},
    "conventions": {
        **_POOLING,
        "padding counts": "yes, by default; not with count_include_pad=False",
        "what rounding up adds counts": "no",
    },
}

avg_pool1d = binding(_avg_pool(functional.avg_pool1d), docs=_DOCS + "AvgPool1d.html", **_AVERAGE)
avg_pool2d = binding(_avg_pool(functional.avg_pool2d), docs=_DOCS + "AvgPool2d.html", **_AVERAGE)
avg_pool3d = binding(_avg_pool(functional.avg_pool3d), docs=_DOCS + "AvgPool3d.html", **_AVERAGE)


def _sum_pool(pool: Any) -> Any:
    def call(x: Any, *, border: tuple[int, ...] | None, **keywords: Any) -> Any:
        return pool(x if border is None else functional.pad(x, border), divisor_override=1, **keywords)

    return call


def _avg_pool_of_a_row(
    x: Any,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    **keywords: Any,
) -> Any:
    averages = functional.avg_pool2d(
        x.unsqueeze(2), (1, *kernel_size), stride=(1, *stride), padding=(0, *padding), **keywords
    )
    return averages.squeeze(2)


_SUM: dict[str, Any] = {
    "rename": _RENAME,
    "recode": _GEOMETRY,
    "conventions": {**_POOLING, "as": "an average with divisor_override=1"},
}

sum_pool1d = binding(
    _sum_pool(_avg_pool_of_a_row),
    docs=_DOCS + "AvgPool2d.html",
    rename=_RENAME,
    recode=_GEOMETRY,
    conventions={
        **_POOLING,
        "as": "an average of an image of one row with divisor_override=1, which AvgPool1d lacks",
    },
)
sum_pool2d = binding(_sum_pool(functional.avg_pool2d), docs=_DOCS + "AvgPool2d.html", **_SUM)
sum_pool3d = binding(_sum_pool(functional.avg_pool3d), docs=_DOCS + "AvgPool3d.html", **_SUM)


def _lp_pool2d(x: Any, **keywords: Any) -> Any:
    # PyTorch takes powers of the numbers as they are: with an odd one, magnitudes have to be given.
    return functional.lp_pool2d(x.abs(), **keywords)


lp_pool2d = binding(
    _lp_pool2d,
    docs=_DOCS + "LPPool2d.html",
    rename={"norm": "norm_type", "window": "kernel_size", "rounding": None},
    recode={"ceil_mode": lambda context: context.parameters["rounding"] == "ceil"},
    conventions={
        "default stride": "the window",
        "padding": "none",
        "magnitudes": "not taken: an odd norm of negative numbers is negative or NaN",
        "last window of rounding up": "its sum is multiplied by window / pixels it has",
        "gradient of a window of zeros": "NaN",
    },
    dtypes=HALF_TOO,
)


def _global_avg_pool(x: Any) -> Any:
    pools = {3: functional.adaptive_avg_pool1d, 4: functional.adaptive_avg_pool2d, 5: functional.adaptive_avg_pool3d}
    return pools[x.ndim](x, 1).flatten(1)


# Adaptive pooling to a size of 1 keeps the axes, with size 1: flatten drops them.
global_avg_pool = binding(
    _global_avg_pool,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html",
    dtypes=HALF_TOO,
)


def _global_max_pool(x: Any) -> Any:
    return x.amax(dim=tuple(range(2, x.ndim)))


global_max_pool = binding(
    _global_max_pool,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.amax.html",
    conventions={
        "gradient of equal maxima": "amax shares it; AdaptiveMaxPool and max along a dimension give it to one",
        "axes": "amax drops them; AdaptiveMaxPool(1) keeps them with size 1",
    },
)

_REGIONS = {
    "regions": "from the rounded down to the rounded up edge: they overlap where the size does not divide",
    "layer": "AdaptiveAvgPool",
}

adaptive_avg_pool1d = binding(
    functional.adaptive_avg_pool1d,
    docs=_DOCS + "AdaptiveAvgPool1d.html",
    rename={"size": "output_size"},
    conventions=_REGIONS,
)

adaptive_avg_pool2d = binding(
    functional.adaptive_avg_pool2d,
    docs=_DOCS + "AdaptiveAvgPool2d.html",
    rename={"size": "output_size"},
    conventions=_REGIONS,
)


def _feature_pool(x: Any, *, pool_size: int, function: str) -> Any:
    return getattr(x.unflatten(1, (-1, pool_size)), {"max": "amax"}.get(function, function))(dim=2)


feature_pool = binding(
    _feature_pool,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unflatten.html",
    conventions={
        "layer": "none; unflatten, then amax",
        "a group's channels": "follow each other",
        "gradient of equal maxima": "amax shares it; max gives it to one",
    },
)


def _maxout(x: Any, weight: Any, bias: Any = None) -> Any:
    units = functional.linear(x, weight.flatten(0, 1), None if bias is None else bias.flatten())
    return units.unflatten(1, weight.shape[:2]).amax(dim=2)


maxout = binding(
    _maxout,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html",
    conventions={
        "layer": "none; a dense layer, then amax",
        "a unit's pieces": "follow each other among the dense layer's units",
        "gradient of equal maxima": "amax shares it; max gives it to one",
    },
)


def _spatial_pyramid_pool(x: Any, *, levels: tuple[int, ...], mode: str) -> Any:
    pool = functional.adaptive_max_pool2d if mode == "max" else functional.adaptive_avg_pool2d
    return torch.cat([pool(x, level).flatten(2) for level in levels], dim=2)


spatial_pyramid_pool = binding(
    _spatial_pyramid_pool,
    docs=_DOCS + "AdaptiveMaxPool2d.html",
    conventions={
        "layer": "none; adaptive pooling for each level",
        "regions": "from the rounded down to the rounded up edge",
        "order": "level after level, row by row; channels before regions",
    },
)
