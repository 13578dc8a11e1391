"""PyTorch's sums, averages and extremes."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

torch = Lazy("torch")

_TORCH = "https://docs.pytorch.org/docs/stable/generated/torch"


def _all_or_some(context: Context) -> tuple[int, ...]:
    # amax has no None for all axes, but an empty tuple.
    return tuple(context.parameters["axes"] or ())


def _cumsum(x: Any, *, axis: int, exclusive: bool, reverse: bool) -> Any:
    ordered = x.flip(axis) if reverse else x
    total = torch.cumsum(ordered, axis)
    if exclusive:
        total = torch.cat([torch.zeros_like(total.narrow(axis, 0, 1)), total.narrow(axis, 0, x.shape[axis] - 1)], axis)
    return total.flip(axis) if reverse else total


reduce_sum = binding(
    torch.sum,
    docs=f"{_TORCH}.sum.html",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdim=False", "sum of whole numbers": "int64"},
)
reduce_mean = binding(
    torch.mean,
    docs=f"{_TORCH}.mean.html",
    rename={"axes": "axis"},
    conventions={"default axis": "None: all", "axis kept": "keepdim=False", "mean of whole numbers": "error"},
)
reduce_max = binding(
    torch.amax,
    docs=f"{_TORCH}.amax.html",
    rename={"axes": None},
    recode={"dim": _all_or_some},
    conventions={
        "default axis": "(): all",
        "axis kept": "keepdim=False",
        "gradient of ties": "amax: equal shares; max with a dim: all to the one whose index it returns",
        "what comes back": "amax: the values; max with a dim: values and indices",
    },
)
reduce_variance = binding(
    torch.var,
    docs=f"{_TORCH}.var.html",
    rename={"axes": "axis"},
    conventions={"default correction": "1, unbiased", "default axis": "None: all", "axis kept": "keepdim=False"},
)
cumsum = binding(
    _cumsum,
    docs=f"{_TORCH}.cumsum.html",
    conventions={"default axis": "none", "exclusive, reverse": "no such arguments: flip, and leave out the last"},
)
