"""Faults of pooling over everything, over regions and over channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.faults.window_pooling import Wrong, each
from equivalence_reference.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    feature_pool,
    global_max_pool,
    maxout,
    spatial_pyramid_pool,
)

ADAPTIVE = (adaptive_avg_pool1d, adaptive_avg_pool2d)
Cut = Callable[[int, int], Sequence[slice]]


@global_max_pool.fault("average", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x.mean(axis=tuple(range(2, x.ndim))))


@global_max_pool.fault("largest-of-magnitudes", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(np.abs(x).max(axis=tuple(range(2, x.ndim))))


@global_max_pool.fault("starts-at-zero", code="padding.value", of=["maxpool-zero-pad"])
def _(x: Array) -> Array:
    return np.asarray(np.maximum(x.max(axis=tuple(range(2, x.ndim))), 0))


@global_max_pool.fault("over-the-last-two-axes", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.max(axis=tuple(range(max(2, x.ndim - 2), x.ndim))))


@global_max_pool.fault("channels-taken-as-last", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.max(axis=tuple(range(1, x.ndim - 1))))


@global_max_pool.fault("over-the-examples", code="axis.wrong")
def _(x: Array) -> Array:
    return np.asarray(x.max(axis=(0, *range(3, x.ndim))))


def _winners(x: Array, axis: int | tuple[int, ...]) -> Array:
    return np.asarray(x == x.max(axis=axis, keepdims=True), x.dtype)


def _first(winners: Array) -> Array:
    """Of the winners on the last axis, the first."""
    return np.asarray(winners * (np.cumsum(winners, axis=-1) == 1))


def _spread(cotangent: Array, x: Array) -> Array:
    return cotangent.reshape(*cotangent.shape, *(1 for _ in x.shape[2:]))


@global_max_pool.fault("gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": _winners(x, tuple(range(2, x.ndim))) * _spread(cotangent, x)}


@global_max_pool.fault("gradient-to-the-first-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    flat = x.reshape(*x.shape[:2], -1)
    return {"x": (_first(_winners(flat, 2)) * cotangent[..., None]).reshape(x.shape)}


@global_max_pool.fault("gradient-to-every-pixel", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": np.broadcast_to(_spread(cotangent, x), x.shape)}


def _cut(x: Array, size: tuple[int, ...], cut: Cut) -> Array:
    for axis, count in enumerate(size, start=2):
        parts = [x[(*(slice(None) for _ in range(axis)), part)] for part in cut(x.shape[axis], count)]
        x = np.stack([part.mean(axis=axis) for part in parts], axis=axis)
    return x


def _edges(pixels: int, count: int, last: Callable[[float], int]) -> list[slice]:
    return [slice(part * pixels // count, last((part + 1) * pixels / count)) for part in range(count)]


@each(ADAPTIVE, "windows-of-one-size", code="window.rounding")
def _(_: Any) -> Wrong:
    def equal(pixels: int, count: int) -> list[slice]:
        stride = pixels // count or 1
        window = max(pixels - (count - 1) * stride, 1)
        starts = [min(part * stride, pixels - window) for part in range(count)]
        return [slice(start, start + window) for start in starts]

    return lambda x, size: _cut(x, size, equal)


@each(ADAPTIVE, "ends-rounded-down", code="window.rounding")
def _(_: Any) -> Wrong:
    def down(pixels: int, count: int) -> list[slice]:
        return [slice(part.start, max(part.stop, part.start + 1)) for part in _edges(pixels, count, math.floor)]

    return lambda x, size: _cut(x, size, down)


@each(ADAPTIVE, "weighted-by-overlap", code="reduction.normalizer")
def _(_: Any) -> Wrong:
    def area(x: Array, size: tuple[int, ...]) -> Array:
        for axis, count in enumerate(size, start=2):
            x = x.repeat(count, axis=axis)
            x = np.asarray(x.reshape(*x.shape[:axis], count, -1, *x.shape[axis + 1 :]).mean(axis=axis + 1))
        return x

    return area


@each(ADAPTIVE, "sum", code="reduction.normalizer")
def _(operation: Any) -> Wrong:
    def summed(x: Array, size: tuple[int, ...]) -> Any:
        return operation.reference(x, size=size) * np.asarray(math.prod(x.shape[2:]) / math.prod(size), x.dtype)

    return summed


@each(ADAPTIVE, "gradient-not-divided", code="gradient.scale", of=("gap-gradient-missing-1-over-hw",), gradient=True)
def _(operation: Any) -> Wrong:
    def undivided(cotangent: Array, x: Array, size: tuple[int, ...]) -> dict[str, Array]:
        pixels = np.asarray(math.prod(x.shape[2:]) / math.prod(size), x.dtype)
        return {"x": operation.product(cotangent, x, size=size)["x"] * pixels}

    return undivided


@each(ADAPTIVE, "gradient-of-parts-that-do-not-overlap", code="gradient.scale", gradient=True)
def _(operation: Any) -> Wrong:
    def apart(cotangent: Array, x: Array, size: tuple[int, ...]) -> dict[str, Array]:
        gradient = operation.product(cotangent, x, size=size)["x"]
        number = operation.product(np.ones_like(cotangent), x, size=size)["x"]
        return {"x": gradient / number * np.asarray(math.prod(size) / math.prod(x.shape[2:]), x.dtype)}

    return apart


@adaptive_avg_pool2d.fault("sizes-swapped", code="layout.transposed")
def _(x: Array, size: tuple[int, int]) -> Any:
    return adaptive_avg_pool2d.reference(x, size=size[::-1])


@adaptive_avg_pool2d.fault("image-transposed", code="layout.transposed")
def _(x: Array, size: tuple[int, int]) -> Any:
    return adaptive_avg_pool2d.reference(x.swapaxes(2, 3), size=size)


def _strided(x: Array, pool_size: int) -> Array:
    """The channels as if those of a group were as far apart as there are groups."""
    return x.reshape(x.shape[0], pool_size, -1, *x.shape[2:]).swapaxes(1, 2)


@feature_pool.fault("groups-strided", code="layout.channel-order")
def _(x: Array, pool_size: int, function: str) -> Any:
    return feature_pool.reference(_strided(x, pool_size).reshape(x.shape), pool_size=pool_size, function=function)


@feature_pool.fault("pairs", code="constant.value")
def _(x: Array, pool_size: int, function: str) -> Any:  # noqa: ARG001
    return feature_pool.reference(x, pool_size=2, function=function)


@feature_pool.fault("as-many-groups-as-pool-size", code="parameter.swapped")
def _(x: Array, pool_size: int, function: str) -> Any:
    return feature_pool.reference(x, pool_size=x.shape[1] // pool_size, function=function)


@feature_pool.fault("largest-always", code="function.variant")
def _(**call: Any) -> Any:
    return feature_pool.reference(**call | {"function": "max"})


@feature_pool.fault("sum-for-mean", code="reduction.normalizer")
def _(x: Array, pool_size: int, function: str) -> Any:
    return feature_pool.reference(x, pool_size=pool_size, function={"mean": "sum"}.get(function, function))


@feature_pool.fault("starts-at-zero", code="padding.value")
def _(x: Array, pool_size: int, function: str) -> Any:
    pooled = feature_pool.reference(x, pool_size=pool_size, function=function)
    return np.maximum(pooled, 0) if function == "max" else pooled


@feature_pool.fault("over-the-last-axis", code="axis.wrong")
def _(x: Array, pool_size: int, function: str) -> Any:
    turned = x.swapaxes(1, x.ndim - 1)
    pooled = feature_pool.reference(turned, pool_size=pool_size, function=function)
    return pooled.swapaxes(1, x.ndim - 1)


def _feature_gradient(cotangent: Array, x: Array, call: dict[str, Any], share: Callable[[Array], Array]) -> Any:
    if call["function"] != "max":
        return feature_pool.product(cotangent, x, **call)  # type: ignore[misc]
    groups = np.moveaxis(x.reshape(x.shape[0], -1, call["pool_size"], *x.shape[2:]), 2, -1)
    gradient = share(_winners(groups, -1)) * cotangent[..., None]
    return {"x": np.moveaxis(gradient, -1, 2).reshape(x.shape)}


@feature_pool.fault("gradient-to-every-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> Any:
    return _feature_gradient(cotangent, x, call, lambda winners: winners)


@feature_pool.fault("gradient-to-the-first-largest", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> Any:
    return _feature_gradient(cotangent, x, call, _first)


@feature_pool.fault("gradient-to-the-whole-group", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> Any:
    return _feature_gradient(cotangent, x, call, np.ones_like)


@maxout.fault("average-of-the-pieces", code="function.variant")
def _(x: Array, weight: Array, bias: Array | None = None) -> Array:
    pieces = np.einsum("nc,okc->nok", x, weight)
    return np.asarray((pieces if bias is None else pieces + bias).mean(axis=2))


@maxout.fault("bias-after-the-maximum", code="bias.placement")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    pooled = maxout.reference(x, weight)
    return pooled if bias is None else pooled + bias.max(axis=1)


@maxout.fault("no-bias", code="bias.missing")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:  # noqa: ARG001
    return maxout.reference(x, weight)


@maxout.fault("at-least-zero", code="function.variant")
def _(**call: Any) -> Any:
    return np.maximum(maxout.reference(**call), 0)


@maxout.fault("pieces-interleaved", code="layout.channel-order")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    def strided(array: Array) -> Array:
        return array.reshape(array.shape[1], array.shape[0], *array.shape[2:]).swapaxes(0, 1)

    return maxout.reference(x, strided(weight), None if bias is None else strided(bias))


@maxout.fault("gradient-to-every-piece", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, weight: Array, bias: Array | None = None) -> dict[str, Array]:
    gradients = maxout.product(cotangent, x, weight, bias)  # type: ignore[misc]
    return {**gradients, "x": np.einsum("no,okc->nc", cotangent, weight)}


@maxout.fault("gradient-of-the-bias-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, weight: Array, bias: Array | None = None) -> dict[str, Array]:
    gradients = maxout.product(cotangent, x, weight, bias)  # type: ignore[misc]
    return gradients if bias is None else {**gradients, "bias": gradients["bias"] / x.shape[0]}


def _levels(x: Array, levels: tuple[int, ...], mode: str, cut: Cut) -> Array:
    parts = [
        x[:, :, rows, columns]
        for level in levels
        for rows in cut(x.shape[2], level)
        for columns in cut(x.shape[3], level)
    ]
    return np.stack([part.max(axis=(2, 3)) if mode == "max" else part.mean(axis=(2, 3)) for part in parts], axis=2)


@spatial_pyramid_pool.fault("levels-reversed", code="layout.channel-order")
def _(levels: tuple[int, ...], **call: Any) -> Any:
    return spatial_pyramid_pool.reference(levels=levels[::-1], **call)


@spatial_pyramid_pool.fault("regions-column-by-column", code="layout.flatten-order")
def _(x: Array, **call: Any) -> Any:
    return spatial_pyramid_pool.reference(x.swapaxes(2, 3), **call)


@spatial_pyramid_pool.fault("windows-rounded-up-strides-rounded-down", code="window.rounding")
def _(x: Array, levels: tuple[int, ...], mode: str) -> Array:
    def fast(pixels: int, count: int) -> list[slice]:
        return [
            slice(part * (pixels // count), part * (pixels // count) + -(-pixels // count)) for part in range(count)
        ]

    return _levels(x, levels, mode, fast)


@spatial_pyramid_pool.fault("ends-rounded-down", code="window.rounding")
def _(x: Array, levels: tuple[int, ...], mode: str) -> Array:
    def down(pixels: int, count: int) -> list[slice]:
        return [slice(part.start, max(part.stop, part.start + 1)) for part in _edges(pixels, count, math.floor)]

    return _levels(x, levels, mode, down)


@spatial_pyramid_pool.fault("largest-always", code="function.variant")
def _(**call: Any) -> Any:
    return spatial_pyramid_pool.reference(**call | {"mode": "max"})


@spatial_pyramid_pool.fault("starts-at-zero", code="padding.value", of=["maxpool-zero-pad"])
def _(mode: str, **call: Any) -> Any:
    pooled = spatial_pyramid_pool.reference(mode=mode, **call)
    return np.maximum(pooled, 0) if mode == "max" else pooled


@spatial_pyramid_pool.fault("gradient-of-the-first-level-only", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, levels: tuple[int, ...], mode: str) -> Any:
    first = cotangent.copy()
    first[:, :, levels[0] ** 2 :] = 0
    return spatial_pyramid_pool.product(first, x, levels=levels, mode=mode)  # type: ignore[misc]


@spatial_pyramid_pool.fault("gradient-not-divided", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, levels: tuple[int, ...], mode: str) -> Any:
    scale = math.prod(x.shape[2:]) if mode == "average" else 1
    return spatial_pyramid_pool.product(cotangent * scale, x, levels=levels, mode=mode)  # type: ignore[misc]
