"""Faults of convolutions with filters for each channel, or for each example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._windows import Padding, amounts, extent
from equivalence_reference.faults._changes import Call, scaled, zeroed
from equivalence_reference.grouped_convolution import depthwise_conv2d, dynamic_conv2d, separable_conv2d

EVERY = (depthwise_conv2d, separable_conv2d, dynamic_conv2d)


def _fault(
    name: str, *, code: str, of: Sequence[str] = (), gradient: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A fault of all three operations; the function gets the operation first."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for operation in EVERY:
            declare = operation.fault(name, code=code, of=of, gradient=gradient)
            declare(lambda *cotangent, _operation=operation, **call: function(_operation, *cotangent, **call))
        return function

    return register


def _kernel(call: Call) -> str:
    """The argument that holds the spatial filters."""
    return "depthwise" if "depthwise" in call else "weight"


def _borders(call: Call, **changed: Any) -> tuple[tuple[int, int], ...]:
    p = {**call, **changed}
    size = p[_kernel(call)].shape[-2:]
    return amounts("convolution", p["padding"], p["x"].shape[2:], size, p["stride"], p["dilation"])


def _same(padding: Padding) -> bool:
    return str(padding).startswith("same")


@_fault("kernel-flipped-twice", code="kernel.flipped", of=["conv-kernel-flipped-twice"])
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {"flip_kernel": True})


@_fault("kernel-not-flipped", code="kernel.flipped", of=["conv-kernel-not-flipped"])
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {"flip_kernel": False})


@_fault("kernel-transposed", code="layout.transposed")
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {_kernel(call): call[_kernel(call)].swapaxes(-2, -1)})


@_fault(
    "kernel-reshaped-instead-of-transposed", code="layout.reshaped", of=["conv-kernel-reshape-instead-of-transpose"]
)
def _(operation: Any, **call: Any) -> Any:
    *channels, p, q = call[_kernel(call)].shape
    reshaped = call[_kernel(call)].reshape(p, q, *channels)
    return operation.reference(**call | {_kernel(call): np.moveaxis(reshaped, (0, 1), (-2, -1))})


@_fault("stride-ignored", code="stride.value")
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {"stride": (1, 1)})


@_fault("dilation-ignored", code="dilation.value")
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {"dilation": (1, 1)})


@_fault("same-upper-padded-below", code="padding.side")
def _(operation: Any, padding: Padding, **call: Any) -> Any:
    return operation.reference(padding="same_lower" if padding == "same_upper" else padding, **call)


@_fault("same-lower-padded-above", code="padding.side")
def _(operation: Any, padding: Padding, **call: Any) -> Any:
    return operation.reference(padding="same_upper" if padding == "same_lower" else padding, **call)


@_fault("same-as-half-on-both-sides", code="padding.side", of=["conv-same-stride2-symmetric-pad"])
def _(operation: Any, **call: Any) -> Any:
    spans = [extent(k, d) for k, d in zip(call[_kernel(call)].shape[-2:], call["dilation"], strict=True)]
    half = tuple((span // 2, span // 2) for span in spans)
    return operation.reference(**call | {"padding": half if _same(call["padding"]) else call["padding"]})


@_fault("dilation-ignored-in-padding", code="padding.amount", of=["conv-dilation-ignored-in-padding"])
def _(operation: Any, **call: Any) -> Any:
    borders = _borders(call, dilation=(1, 1))
    return operation.reference(**call | {"padding": borders if isinstance(call["padding"], str) else "valid"})


@_fault("explicit-as-same", code="padding.side", of=["conv-explicit-pad-then-valid-ported-as-same"])
def _(operation: Any, padding: Padding, **call: Any) -> Any:
    return operation.reference(padding=padding if isinstance(padding, str) else "same_upper", **call)


@_fault("padding-missing", code="padding.amount")
def _(operation: Any, **call: Any) -> Any:
    return operation.reference(**call | {"padding": "valid"})


@_fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
def _(operation: Any, cotangent: Array, **call: Any) -> dict[str, Array]:
    return zeroed(operation.product(cotangent, **call), "x")


@_fault("filter-gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(operation: Any, cotangent: Array, **call: Any) -> dict[str, Array]:
    return scaled(operation.product(cotangent, **call), 1 / len(cotangent), only=_kernel(call))


@_fault("filter-gradient-flipped", code="kernel.flipped", gradient=True)
def _(operation: Any, cotangent: Array, **call: Any) -> dict[str, Array]:
    found = operation.product(cotangent, **call)
    return {**found, _kernel(call): found[_kernel(call)][..., ::-1, ::-1]}


def _by_multiplier(weight: Array) -> Array:
    """Filters taken as multiplier by multiplier, where they are channel by channel."""
    c, m = weight.shape[:2]
    return weight.reshape(m, c, *weight.shape[2:]).swapaxes(0, 1)


@depthwise_conv2d.fault("multiplier-before-channel", code="layout.channel-order")
def _(weight: Array, **call: Any) -> Any:
    return depthwise_conv2d.reference(weight=_by_multiplier(weight), **call)


@depthwise_conv2d.fault("maps-interleaved", code="layout.channel-order", of=["conv-groups-lost-or-interleaved"])
def _(**call: Any) -> Any:
    y = depthwise_conv2d.reference(**call)
    return y.swapaxes(1, 2).reshape(y.shape)


@depthwise_conv2d.fault("channel-and-multiplier-swapped", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return depthwise_conv2d.reference(weight=weight.swapaxes(0, 1), **call)


@depthwise_conv2d.fault("channels-summed", code="groups.value", of=["conv-groups-lost-or-interleaved"])
def _(bias: Array | None = None, **call: Any) -> Any:
    y = depthwise_conv2d.reference(**call)
    summed = np.broadcast_to(y.sum(axis=1, keepdims=True), y.shape).copy()
    return summed if bias is None else summed + bias[:, :, None, None]


@depthwise_conv2d.fault("bias-of-the-first-map-for-all", code="bias.placement")
def _(bias: Array | None = None, **call: Any) -> Any:
    first = None if bias is None else np.broadcast_to(bias[:, :1], bias.shape)
    return depthwise_conv2d.reference(bias=first, **call)


@depthwise_conv2d.fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return depthwise_conv2d.reference(**call | {"bias": None})


@separable_conv2d.fault("maps-mixed-multiplier-first", code="layout.channel-order")
def _(pointwise: Array, **call: Any) -> Any:
    o, c, m = pointwise.shape
    return separable_conv2d.reference(pointwise=pointwise.reshape(o, m, c).swapaxes(1, 2), **call)


@separable_conv2d.fault("pointwise-not-transposed", code="layout.transposed")
def _(pointwise: Array, **call: Any) -> Any:
    o, c, m = pointwise.shape
    return separable_conv2d.reference(pointwise=pointwise.reshape(c, m, o).transpose(2, 0, 1), **call)


@separable_conv2d.fault("multiplier-before-channel", code="layout.channel-order")
def _(depthwise: Array, **call: Any) -> Any:
    return separable_conv2d.reference(depthwise=_by_multiplier(depthwise), **call)


@separable_conv2d.fault("only-the-first-maps", code="groups.value")
def _(pointwise: Array, **call: Any) -> Any:
    first = np.concatenate([pointwise[:, :, :1], np.zeros_like(pointwise[:, :, 1:])], axis=2)
    return separable_conv2d.reference(pointwise=first, **call)


@separable_conv2d.fault("relu-between-the-two", code="function.variant")
def _(x: Array, depthwise: Array, pointwise: Array, bias: Array | None = None, **geometry: Any) -> Any:
    maps = np.maximum(depthwise_conv2d.reference(x, depthwise, **geometry), 0)
    y = np.einsum("ocm,ncmij->noij", pointwise, maps)
    return y if bias is None else y + bias[:, None, None]


@separable_conv2d.fault("strided-twice", code="stride.value")
def _(stride: tuple[int, int], bias: Array | None = None, **call: Any) -> Any:
    return separable_conv2d.reference(stride=stride, bias=bias, **call)[:, :, :: stride[0], :: stride[1]]


@separable_conv2d.fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return separable_conv2d.reference(**call | {"bias": None})


@separable_conv2d.fault("pointwise-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert separable_conv2d.product is not None
    return zeroed(dict(separable_conv2d.product(cotangent, **call)), "pointwise")


@dynamic_conv2d.fault("filters-of-the-first-example-for-all", code="axis.wrong")
def _(weight: Array, **call: Any) -> Any:
    return dynamic_conv2d.reference(weight=np.repeat(weight[:1], len(weight), axis=0), **call)


@dynamic_conv2d.fault("filters-averaged-over-examples", code="reduction.normalizer")
def _(weight: Array, **call: Any) -> Any:
    return dynamic_conv2d.reference(weight=np.broadcast_to(weight.mean(axis=0), weight.shape), **call)


@dynamic_conv2d.fault("examples-mixed-with-channels", code="layout.channel-order")
def _(x: Array, **call: Any) -> Any:
    n, c = x.shape[:2]
    return dynamic_conv2d.reference(x=x.reshape(c, n, *x.shape[2:]).swapaxes(0, 1), **call)


@dynamic_conv2d.fault("maps-of-the-examples-interleaved", code="layout.channel-order")
def _(**call: Any) -> Any:
    y = dynamic_conv2d.reference(**call)
    return y.swapaxes(0, 1).reshape(y.shape)


@dynamic_conv2d.fault("square-filters-not-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    square = weight.shape[1] == weight.shape[2]
    return dynamic_conv2d.reference(weight=weight.swapaxes(1, 2) if square else weight, **call)


@dynamic_conv2d.fault("groups-ignored", code="groups.value", of=["conv-groups-lost-or-interleaved"])
def _(weight: Array, groups: int, **call: Any) -> Any:
    return dynamic_conv2d.reference(weight=np.concatenate([weight] * groups, axis=2), groups=1, **call)


@dynamic_conv2d.fault("filter-gradient-summed-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert dynamic_conv2d.product is not None
    found = dict(dynamic_conv2d.product(cotangent, **call))
    together = found["weight"].sum(axis=0)
    return {**found, "weight": np.broadcast_to(together, found["weight"].shape).copy()}


@dynamic_conv2d.fault("filter-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert dynamic_conv2d.product is not None
    return zeroed(dict(dynamic_conv2d.product(cotangent, **call)), "weight")
