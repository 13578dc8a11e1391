"""Faults of pooling over windows, other than those of ``max_pool2d``.

What can be done wrong to several poolings is written once, and registered with each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference._pooling import divisors, pooling_windows, to_the_whole_window, total
from equivalence_reference._windows import Windows
from equivalence_reference.pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool2d,
    max_pool1d,
    max_pool3d,
    sum_pool1d,
    sum_pool2d,
    sum_pool3d,
)

Call = dict[str, Any]
Wrong = Callable[..., Any]

MAXIMA = (max_pool1d, max_pool3d)
AVERAGES = (avg_pool1d, avg_pool2d, avg_pool3d)
SUMS = (sum_pool1d, sum_pool2d, sum_pool3d)
PADDED = (*MAXIMA, *AVERAGES, *SUMS)
ALL = (*PADDED, lp_pool2d)


def each(
    operations: tuple[Operation, ...], name: str, *, code: str, of: tuple[str, ...] = (), gradient: bool = False
) -> Callable[[Callable[[Operation], Wrong]], None]:
    """Register a fault, made from the operation, with each of several."""

    def register(make: Callable[[Operation], Wrong]) -> None:
        for operation in operations:
            operation.fault(name, code=code, of=of, gradient=gradient)(make(operation))

    return register


def _changed(operation: Operation, change: Callable[[Call], Call]) -> Wrong:
    """The reference with other parameters."""
    return lambda x, **call: operation.reference(x, **call | change(call))


def _windows(x: Array, call: Call) -> Windows:
    geometry = {name: call[name] for name in ("window", "stride", "padding", "rounding") if name in call}
    return pooling_windows("pooling", x.shape[2:], **geometry)


def _taps(x: Array) -> tuple[int, ...]:
    return tuple(range(2 - x.ndim, 0))


@each(ALL, "stride-1-by-default", code="stride.value", of=("pool-stride-default",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda call: {"stride": call["stride"] or (1,) * len(call["window"])})


@each(ALL, "stride-is-the-window", code="stride.value")
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"stride": None})


@each(ALL, "ceil-rounded-down", code="window.rounding", of=("pool-ceil-vs-floor",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"rounding": "floor"})


@each(ALL, "floor-rounded-up", code="window.rounding", of=("pool-ceil-vs-floor",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"rounding": "ceil"})


@each(
    (max_pool3d, avg_pool2d, avg_pool3d, sum_pool2d, sum_pool3d, lp_pool2d),
    "window-sides-reversed",
    code="layout.transposed",
)
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda call: {"window": call["window"][::-1]})


@each(PADDED, "padding-missing", code="padding.amount")
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"padding": "valid"})


@each(PADDED, "same-upper-padded-before", code="padding.side", of=("pool-darknet-k2s1-right-pad",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda call: {"padding": _if(call["padding"], "same_upper", "same_lower")})


@each(PADDED, "same-lower-padded-behind", code="padding.side")
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda call: {"padding": _if(call["padding"], "same_lower", "same_upper")})


def _if(padding: Any, given: str, told: str) -> Any:
    return told if padding == given else padding


@each((max_pool1d, max_pool3d, avg_pool2d, *SUMS), "explicit-sides-swapped", code="padding.side")
def _(operation: Operation) -> Wrong:
    def swapped(call: Call) -> Call:
        padding = call["padding"]
        return {"padding": padding if isinstance(padding, str) else tuple(sides[::-1] for sides in padding)}

    return _changed(operation, swapped)


@each(MAXIMA, "zeros-in-the-padding", code="padding.value", of=("maxpool-zero-pad",))
def _(operation: Operation) -> Wrong:  # noqa: ARG001 - what is wrong does not depend on the operation
    return lambda x, **call: np.asarray(_windows(x, call).gather(x).max(axis=_taps(x)))


@each(MAXIMA, "average-of-the-window", code="function.variant")
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: np.asarray(_windows(x, call).gather(x).mean(axis=_taps(x)))


@each(MAXIMA, "largest-of-magnitudes", code="function.variant")
def _(operation: Operation) -> Wrong:
    return lambda x, **call: operation.reference(np.abs(x), **call)


def _shared(cotangent: Array, x: Array, call: Call, share: Callable[[Array, tuple[int, ...]], Array]) -> Any:
    windows = _windows(x, call)
    seen = windows.gather(x, fill=-np.inf)
    top = (seen == seen.max(axis=_taps(x), keepdims=True)).astype(x.dtype)
    spread = cotangent.reshape(*cotangent.shape, *(1 for _ in windows.kernel))
    return {"x": windows.scatter(spread * share(top, _taps(x)))}


@each(MAXIMA, "gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: _shared(cotangent, x, call, lambda top, _: top)


@each(MAXIMA, "gradient-shared-among-the-largest", code="gradient.ties", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: _shared(
        cotangent, x, call, lambda top, taps: top / top.sum(axis=taps, keepdims=True)
    )


@each(MAXIMA, "gradient-to-the-whole-window", code="gradient.scale", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: {"x": to_the_whole_window(cotangent, _windows(x, call))}


def _averaged(x: Array, call: Call, number: Callable[[Windows, Array], Any]) -> Array:
    windows = _windows(x, call)
    counted = divisors("pooling", windows, call["padding"], count_include_pad=call["count_include_pad"])
    return np.asarray(total(x, windows) / np.asarray(number(windows, counted), x.dtype))


@each(AVERAGES, "padding-counts", code="padding.counted", of=("avgpool-count-include-pad",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"count_include_pad": True})


@each(AVERAGES, "padding-does-not-count", code="padding.counted", of=("avgpool-count-include-pad",))
def _(operation: Operation) -> Wrong:
    return _changed(operation, lambda _: {"count_include_pad": False})


@each(AVERAGES, "divided-by-the-whole-window", code="padding.counted", of=("avgpool-ceil-divisor",))
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: _averaged(x, call, lambda windows, _: np.prod(windows.kernel))


@each(AVERAGES, "what-rounding-up-adds-counts-where-padding-does", code="padding.counted", of=("avgpool-ceil-divisor",))
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: _averaged(
        x, call, lambda windows, counted: np.prod(windows.kernel) if call["count_include_pad"] else counted
    )


@each(AVERAGES, "sum", code="reduction.normalizer")
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: total(x, _windows(x, call))


@each(AVERAGES, "largest", code="function.variant")
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: np.asarray(_windows(x, call).gather(x, fill=-np.inf).max(axis=_taps(x)))


@each(AVERAGES, "edge-repeated-in-the-padding", code="padding.value")
def _(operation: Operation) -> Wrong:
    def repeated(x: Array, **call: Any) -> Any:
        sides = _windows(x, call).padding
        if not any(map(sum, sides)):
            return operation.reference(x, **call)
        padded = np.pad(x, ((0, 0), (0, 0), *sides), mode="edge")
        return operation.reference(padded, **call | {"padding": "valid", "rounding": "floor"})

    return repeated


@each(AVERAGES, "gradient-not-divided", code="gradient.scale", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: {"x": to_the_whole_window(cotangent, _windows(x, call))}


@each(AVERAGES, "gradient-divided-by-the-whole-window", code="gradient.scale", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: {
        "x": to_the_whole_window(cotangent / np.asarray(np.prod(call["window"]), x.dtype), _windows(x, call))
    }


@each(AVERAGES, "gradient-of-the-last-window-only", code="gradient.scale", gradient=True)
def _(operation: Operation) -> Wrong:
    def overwritten(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
        gradient = operation.product(cotangent, x, **call)["x"]  # type: ignore[misc]
        hits = to_the_whole_window(np.ones_like(cotangent), _windows(x, call))
        return {"x": gradient / np.maximum(hits, 1)}

    return overwritten


@each((avg_pool2d, sum_pool2d, lp_pool2d), "image-transposed", code="layout.transposed")
def _(operation: Operation) -> Wrong:
    return lambda x, **call: operation.reference(x.swapaxes(2, 3), **call)


@each((avg_pool2d, *SUMS), "computed-in-half-precision", code="precision.lower")
def _(operation: Operation) -> Wrong:
    return lambda x, **call: operation.reference(x.astype(np.float16), **call).astype(x.dtype)


@each(SUMS, "average", code="reduction.normalizer")
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda x, **call: np.asarray(total(x, _windows(x, call)) / np.asarray(np.prod(call["window"]), x.dtype))


@each(SUMS, "gradient-averaged", code="gradient.scale", gradient=True)
def _(operation: Operation) -> Wrong:  # noqa: ARG001
    return lambda cotangent, x, **call: {
        "x": to_the_whole_window(cotangent / np.asarray(np.prod(call["window"]), x.dtype), _windows(x, call))
    }


def _powers(x: Array, call: Call) -> Array:
    return total(np.abs(x) ** call["norm"], _windows(x, call))


@lp_pool2d.fault("norm-2-always", code="constant.value")
def _(**call: Any) -> Any:
    return lp_pool2d.reference(**call | {"norm": 2})


@lp_pool2d.fault("magnitudes-not-taken", code="function.variant")
def _(x: Array, **call: Any) -> Array:
    powers = total(x ** call["norm"], _windows(x, call))
    return np.asarray(np.sign(powers) * np.abs(powers) ** (1 / call["norm"]))


@lp_pool2d.fault("root-missing", code="function.variant")
def _(x: Array, **call: Any) -> Array:
    return _powers(x, call)


@lp_pool2d.fault("mean-of-powers", code="reduction.normalizer")
def _(x: Array, **call: Any) -> Array:
    number = np.asarray(np.prod(call["window"]), x.dtype)
    return np.asarray((_powers(x, call) / number) ** (1 / call["norm"]))


@lp_pool2d.fault("windows-that-lack-pixels-scaled-up", code="reduction.normalizer")
def _(x: Array, **call: Any) -> Array:
    windows = _windows(x, call)
    counted = divisors("lp_pool2d", windows, "valid", count_include_pad=False)
    return np.asarray((_powers(x, call) * np.prod(call["window"]) / counted).astype(x.dtype) ** (1 / call["norm"]))


@lp_pool2d.fault("gradient-without-sign", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return {"x": lp_pool2d.product(cotangent, np.abs(x), **call)["x"]}  # type: ignore[misc]


@lp_pool2d.fault("gradient-times-the-norm", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return {"x": lp_pool2d.product(cotangent, x, **call)["x"] * call["norm"]}  # type: ignore[misc]


@lp_pool2d.fault("gradient-of-the-sum-of-powers", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    each_power = call["norm"] * np.sign(x) * np.abs(x) ** (call["norm"] - 1)
    return {"x": each_power * to_the_whole_window(cotangent, _windows(x, call))}
