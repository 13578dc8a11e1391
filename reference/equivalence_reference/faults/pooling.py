"""Faults of pooling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._arguments import Pair, per_axis
from equivalence_reference._windows import Padding, Windows, amounts, slide
from equivalence_reference.pooling import global_avg_pool, max_pool2d

Call = dict[str, Any]


def _pool(x: Array, fill: float, **call: Any) -> Array:
    largest: Array = _windows(x, **call).gather(x, fill=fill).max(axis=(4, 5))
    return largest


def _windows(x: Array, window: Any, stride: Any, padding: Padding, rounding: str) -> Windows:
    step = window if stride is None else stride
    return slide(
        "max_pool2d",
        x.shape[2:],
        per_axis("window", window, 2, least=1),
        stride=step,
        padding=padding,
        rounding=rounding,
    )


def _explicit(x: Array, call: Call) -> tuple[Pair, ...]:
    window = per_axis("window", call["window"], 2, least=1)
    stride = per_axis("stride", call["stride"] or window, 2, least=1)
    return amounts("max_pool2d", call["padding"], x.shape[2:], window, stride, (1, 1))


@max_pool2d.fault("zeros-in-the-padding", code="padding.value", of=["maxpool-zero-pad"])
def _(x: Array, **call: Any) -> Array:
    return _pool(x, 0.0, **call)


@max_pool2d.fault("minus-one-in-the-padding", code="padding.value")
def _(x: Array, **call: Any) -> Array:
    return _pool(x, -1.0, **call)


@max_pool2d.fault("largest-of-magnitudes", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return max_pool2d.reference(np.abs(x), **call)


@max_pool2d.fault("average-of-the-window", code="function.variant")
def _(x: Array, **call: Any) -> Array:
    average: Array = _windows(x, **call).gather(x).mean(axis=(4, 5))
    return average


@max_pool2d.fault("ceil-rounded-down", code="window.rounding", of=["pool-ceil-vs-floor"])
def _(**call: Any) -> Any:
    return max_pool2d.reference(**call | {"rounding": "floor"})


@max_pool2d.fault("floor-rounded-up", code="window.rounding", of=["pool-ceil-vs-floor"])
def _(**call: Any) -> Any:
    return max_pool2d.reference(**call | {"rounding": "ceil"})


@max_pool2d.fault("ceil-keeps-windows-in-the-padding", code="window.rounding")
def _(x: Array, **call: Any) -> Any:
    if call["rounding"] == "floor":
        return max_pool2d.reference(x, **call)
    window = per_axis("window", call["window"], 2, least=1)
    stride = per_axis("stride", call["stride"] or window, 2, least=1)
    borders = _explicit(x, call)
    beyond = [
        -(x.shape[2 + k] + sum(borders[k]) - window[k]) % stride[k] for k in range(2)
    ]  # pixels that the last window lacks
    (top, bottom), (left, right) = borders
    return _pool(
        x, -np.inf, **call | {"padding": ((top, bottom + beyond[0]), (left, right + beyond[1])), "rounding": "floor"}
    )


@max_pool2d.fault("ceil-by-zeros-at-the-end", code="padding.value")
def _(x: Array, **call: Any) -> Any:
    pooled = max_pool2d.reference(x, **call)
    floor = max_pool2d.reference(x, **call | {"rounding": "floor"})
    late = np.ones(pooled.shape, np.bool_)
    late[:, :, : floor.shape[2], : floor.shape[3]] = False
    return np.where(late, np.maximum(pooled, 0), pooled)


@max_pool2d.fault("stride-1-by-default", code="stride.value", of=["pool-stride-default"])
def _(stride: Any, **call: Any) -> Any:
    return max_pool2d.reference(stride=stride or (1, 1), **call)


@max_pool2d.fault("stride-is-the-window", code="stride.value")
def _(**call: Any) -> Any:
    return max_pool2d.reference(**call | {"stride": None})


@max_pool2d.fault("strides-swapped", code="stride.value")
def _(stride: Any, **call: Any) -> Any:
    return max_pool2d.reference(stride=stride and stride[::-1], **call)


@max_pool2d.fault("window-sides-swapped", code="layout.transposed")
def _(window: Any, **call: Any) -> Any:
    return max_pool2d.reference(window=window[::-1], **call)


@max_pool2d.fault("image-transposed", code="layout.transposed")
def _(x: Array, **call: Any) -> Any:
    return max_pool2d.reference(x.swapaxes(2, 3), **call)


@max_pool2d.fault("window-of-2", code="constant.value")
def _(**call: Any) -> Any:
    return max_pool2d.reference(**call | {"window": (2, 2), "stride": call["stride"] or call["window"]})


@max_pool2d.fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return max_pool2d.reference(**call | {"padding": "valid"})


@max_pool2d.fault("same-upper-padded-below", code="padding.side", of=["pool-darknet-k2s1-right-pad"])
def _(padding: Padding, **call: Any) -> Any:
    return max_pool2d.reference(padding="same_lower" if padding == "same_upper" else padding, **call)


@max_pool2d.fault("same-lower-padded-above", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return max_pool2d.reference(padding="same_upper" if padding == "same_lower" else padding, **call)


@max_pool2d.fault("explicit-sides-swapped", code="padding.side")
def _(x: Array, **call: Any) -> Any:
    if isinstance(call["padding"], str):
        return max_pool2d.reference(x, **call)
    (top, bottom), (left, right) = call["padding"]
    return max_pool2d.reference(x, **call | {"padding": ((bottom, top), (right, left))})


@max_pool2d.fault("explicit-rows-and-columns-swapped", code="padding.amount")
def _(padding: Padding, **call: Any) -> Any:
    return max_pool2d.reference(padding=padding if isinstance(padding, str) else padding[::-1], **call)


@max_pool2d.fault("same-without-stride", code="padding.amount")
def _(x: Array, **call: Any) -> Any:
    if not str(call["padding"]).startswith("same"):
        return max_pool2d.reference(x, **call)
    return max_pool2d.reference(x, **call | {"padding": _explicit(x, {**call, "stride": (1, 1)})})


@max_pool2d.fault("starts-one-pixel-late", code="padding.side")
def _(x: Array, **call: Any) -> Any:
    return max_pool2d.reference(np.roll(x, -1, axis=3), **call)


def _ties(cotangent: Array, x: Array, share: Any, call: Call) -> dict[str, Array]:
    windows = _windows(x, **call)
    seen = windows.gather(x, fill=-np.inf)
    largest = (seen == seen.max(axis=(4, 5), keepdims=True)).astype(x.dtype)
    return {"x": windows.scatter(cotangent[..., None, None] * share(largest))}


def _last(largest: Array) -> Array:
    flat = largest.reshape(*largest.shape[:4], -1)
    last = flat.shape[-1] - 1 - flat[..., ::-1].argmax(axis=-1)
    return np.asarray(last[..., None] == np.arange(flat.shape[-1]), largest.dtype).reshape(largest.shape)


@max_pool2d.fault("gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return _ties(cotangent, x, lambda largest: largest, call)


@max_pool2d.fault("gradient-shared-among-the-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return _ties(cotangent, x, lambda largest: largest / largest.sum(axis=(4, 5), keepdims=True), call)


@max_pool2d.fault("gradient-to-the-last-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return _ties(cotangent, x, _last, call)


@max_pool2d.fault("gradient-to-the-whole-window", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    return _ties(cotangent, x, lambda largest: np.full_like(largest, 1 / largest[0, 0, 0, 0].size), call)


@max_pool2d.fault("gradient-overwritten-where-windows-overlap", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    gradient = max_pool2d.product(cotangent, x, **call)["x"]  # type: ignore[misc]
    hits = max_pool2d.product(np.ones_like(cotangent), x, **call)["x"]  # type: ignore[misc]
    return {"x": gradient / np.maximum(hits, 1)}


@max_pool2d.fault("gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:  # noqa: ARG001
    return {"x": np.zeros_like(x)}


@global_avg_pool.fault("sum", code="reduction.normalizer")
def _(x: Array) -> Array:
    return np.asarray(x.sum(axis=tuple(range(2, x.ndim))))


@global_avg_pool.fault("divided-by-one-axis", code="reduction.normalizer")
def _(x: Array) -> Array:
    return np.asarray(x.sum(axis=tuple(range(2, x.ndim))) / x.shape[-1])


@global_avg_pool.fault("divided-by-one-less", code="reduction.normalizer")
def _(x: Array) -> Array:
    return np.asarray(x.sum(axis=tuple(range(2, x.ndim))) / max(math.prod(x.shape[2:]) - 1, 1))


@global_avg_pool.fault("divided-by-49", code="reduction.normalizer")
def _(x: Array) -> Array:
    return np.asarray(x.sum(axis=tuple(range(2, x.ndim))) / 49)


@global_avg_pool.fault("maximum", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x.max(axis=tuple(range(2, x.ndim))))


@global_avg_pool.fault("over-the-last-two-axes", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.mean(axis=tuple(range(max(2, x.ndim - 2), x.ndim))))


@global_avg_pool.fault("channels-taken-as-last", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.mean(axis=tuple(range(1, x.ndim - 1))))


@global_avg_pool.fault("over-the-examples", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.mean(axis=(0, *range(3, x.ndim))))


@global_avg_pool.fault("pixels-reshaped-to-channels", code="layout.reshaped")
def _(x: Array) -> Array:
    return np.asarray(x.reshape(x.shape[0], -1, x.shape[1]).mean(axis=1))


@global_avg_pool.fault("computed-in-half-precision", code="precision.lower")
def _(x: Array) -> Any:
    return global_avg_pool.reference(x.astype(np.float16)).astype(x.dtype)


@global_avg_pool.fault(
    "gradient-not-divided", code="gradient.scale", gradient=True, of=["gap-gradient-missing-1-over-hw"]
)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": np.broadcast_to(cotangent.reshape(*cotangent.shape, *(1 for _ in x.shape[2:])), x.shape)}


@global_avg_pool.fault("gradient-to-the-first-pixel", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    gradient = np.zeros_like(x)
    gradient.reshape(*x.shape[:2], -1)[..., 0] = cotangent
    return {"x": gradient}


@global_avg_pool.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": global_avg_pool.product(cotangent, x)["x"] / x.shape[0]}  # type: ignore[misc]


@global_avg_pool.fault("gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:  # noqa: ARG001
    return {"x": np.zeros_like(x)}
