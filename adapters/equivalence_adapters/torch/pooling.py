"""PyTorch's pooling."""

from __future__ import annotations

import math
from typing import Any

from equivalence.binding import HALF_TOO, Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import pooling_border, pooling_stride, rounded_pooling_border
from equivalence_adapters.torch.convolution import symmetric, torch_border

functional = Lazy("torch.nn.functional")


def _native(context: Context) -> bool:
    """PyTorch pads by itself only alike on both sides, and at most half a window."""
    border, window = pooling_border(context), context.parameters["window"]
    return symmetric(border) and all(2 * border[k][0] <= window[k] for k in range(2))


def _padding(context: Context) -> tuple[int, int]:
    (top, _), (left, _) = pooling_border(context)
    return (top, left) if _native(context) else (0, 0)


def _border(context: Context) -> tuple[int, ...] | None:
    return None if _native(context) else torch_border(rounded_pooling_border(context))


def _max_pool2d(x: Any, *, border: tuple[int, ...] | None, **keywords: Any) -> Any:
    if border is not None:
        x = functional.pad(x, border, value=-math.inf)
    return functional.max_pool2d(x, **keywords)


max_pool2d = binding(
    _max_pool2d,
    docs="https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html",
    rename={"window": "kernel_size", "rounding": None},
    recode={
        "stride": pooling_stride,
        "padding": _padding,
        # Where the border is added before, so is what rounding up needs.
        "ceil_mode": lambda context: _native(context) and context.parameters["rounding"] == "ceil",
        "border": _border,
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
