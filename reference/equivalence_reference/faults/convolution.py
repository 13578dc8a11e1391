"""Faults of convolution, of as many spatial axes as the image has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._arguments import Pair
from equivalence_reference._windows import Padding, Sizes, amounts, extent
from equivalence_reference.convolution import conv1d, conv2d, conv3d, convolution_vjp, local_fc_as_conv
from equivalence_reference.faults._changes import (
    Call,
    interleaved,
    plus,
    scaled,
    single,
    square_transposed,
    tensor_float32,
    zeroed,
)

Borders = tuple[Pair, ...]
BY_AXES = {1: conv1d, 2: conv2d, 3: conv3d}


def _fault(
    name: str, *, code: str, of: Sequence[str] = (), gradient: bool = False, axes: Sequence[int] = (1, 2, 3)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A fault of the convolutions with these numbers of spatial axes."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for number in axes:
            BY_AXES[number].fault(name, code=code, of=of, gradient=gradient)(function)
        return function

    return register


def _convolve(x: Array, *arrays: Array | None, **call: Any) -> Any:
    return BY_AXES[x.ndim - 2].reference(x, *arrays, **call)


def _borders(call: Call, **changed: Any) -> Borders:
    """What is padded on each side, as if some parameters were others."""
    p = {**call, **changed}
    return amounts("convolution", p["padding"], p["x"].shape[2:], p["weight"].shape[2:], p["stride"], p["dilation"])


def _ones(call: Call) -> Sizes:
    return tuple(1 for _ in call["stride"])


def _same(call: Call) -> bool:
    return str(call["padding"]).startswith("same")


@_fault("kernel-flipped-twice", code="kernel.flipped", of=["conv-kernel-flipped-twice"])
def _(**call: Any) -> Any:
    return _convolve(**call | {"flip_kernel": True})


@_fault("kernel-not-flipped", code="kernel.flipped", of=["conv-kernel-not-flipped"])
def _(**call: Any) -> Any:
    return _convolve(**call | {"flip_kernel": False})


@_fault("kernel-flipped-in-rows-only", code="kernel.flipped", axes=(2, 3))
def _(weight: Array, **call: Any) -> Any:
    return _convolve(weight=weight[:, :, ::-1], **call)


@_fault("kernel-flipped-with-its-channels", code="kernel.flipped")
def _(weight: Array, **call: Any) -> Any:
    return _convolve(weight=np.flip(weight, axis=tuple(range(1, weight.ndim))), **call)


@_fault("kernel-transposed", code="layout.transposed", axes=(2, 3))
def _(weight: Array, **call: Any) -> Any:
    return _convolve(weight=weight.swapaxes(-2, -1), **call)


@_fault("image-transposed", code="layout.transposed", axes=(2, 3))
def _(x: Array, **call: Any) -> Any:
    return _convolve(x=x.swapaxes(-2, -1), **call)


@_fault("square-filters-not-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return _convolve(weight=square_transposed(weight), **call)


@_fault(
    "kernel-reshaped-instead-of-transposed", code="layout.reshaped", of=["conv-kernel-reshape-instead-of-transpose"]
)
def _(weight: Array, **call: Any) -> Any:
    o, c, *taps = weight.shape
    return _convolve(weight=np.moveaxis(weight.reshape(*taps, c, o), (-1, -2), (0, 1)), **call)


@_fault("channels-reversed", code="layout.channel-order")
def _(x: Array, **call: Any) -> Any:
    return _convolve(x[:, ::-1], **call)


@_fault("stride-ignored", code="stride.value")
def _(**call: Any) -> Any:
    return _convolve(**call | {"stride": _ones(call)})


@_fault("strides-swapped", code="stride.value", axes=(2, 3))
def _(stride: Sizes, **call: Any) -> Any:
    return _convolve(stride=stride[::-1], **call)


@_fault("stride-of-the-rows-for-both", code="stride.value", axes=(2, 3))
def _(stride: Sizes, **call: Any) -> Any:
    return _convolve(stride=(stride[0],) * len(stride), **call)


@_fault("dilation-ignored", code="dilation.value")
def _(**call: Any) -> Any:
    return _convolve(**call | {"dilation": _ones(call)})


@_fault("dilations-swapped", code="dilation.value", axes=(2, 3))
def _(dilation: Sizes, **call: Any) -> Any:
    return _convolve(dilation=dilation[::-1], **call)


@_fault("dilation-counts-the-gaps", code="dilation.value")
def _(dilation: Sizes, **call: Any) -> Any:
    return _convolve(dilation=tuple(apart + 1 for apart in dilation), **call)


@_fault("stride-and-dilation-exchanged", code="parameter.swapped")
def _(stride: Sizes, dilation: Sizes, **call: Any) -> Any:
    return _convolve(stride=dilation, dilation=stride, **call)


@_fault("dilation-ignored-in-padding", code="padding.amount", of=["conv-dilation-ignored-in-padding"])
def _(**call: Any) -> Any:
    return _convolve(**call | {"padding": _borders(call, dilation=_ones(call))})


@_fault("stride-ignored-in-padding", code="padding.amount", of=["conv-same-stride2-symmetric-pad"])
def _(**call: Any) -> Any:
    return _convolve(**call | {"padding": _borders(call, stride=_ones(call))})


@_fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return _convolve(**call | {"padding": "valid"})


@_fault("full-as-same", code="padding.amount")
def _(padding: Padding, **call: Any) -> Any:
    return _convolve(padding="same_upper" if padding == "full" else padding, **call)


@_fault("same-upper-padded-below", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return _convolve(padding="same_lower" if padding == "same_upper" else padding, **call)


@_fault("same-lower-padded-above", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return _convolve(padding="same_upper" if padding == "same_lower" else padding, **call)


def _half(call: Call, *, crop: bool) -> Any:
    """The same half of a kernel on both sides, where the sizes ask for less at the beginning; maybe less at the end."""
    if not _same(call):
        return _convolve(**call)
    spans = [extent(k, d) for k, d in zip(call["weight"].shape[2:], call["dilation"], strict=True)]
    sides = tuple((span // 2, span // 2 - (1 if crop and span % 2 == 0 else 0)) for span in spans)
    return _convolve(**call | {"padding": sides})


@_fault("same-as-half-on-both-sides", code="padding.side", of=["conv-same-stride2-symmetric-pad"])
def _(**call: Any) -> Any:
    return _half(call, crop=False)


@_fault("same-as-half-cropped-at-the-end", code="padding.side", of=["conv-even-kernel-half-pad-crop-end"])
def _(**call: Any) -> Any:
    return _half(call, crop=True)


@_fault("same-sampled-from-stride-1", code="padding.side")
def _(**call: Any) -> Any:
    if not _same(call):
        return _convolve(**call)
    steps = [slice(None, None, step) for step in call["stride"]]
    return _convolve(**call | {"stride": _ones(call)})[(..., *steps)]


@_fault("explicit-as-same", code="padding.side", of=["conv-explicit-pad-then-valid-ported-as-same"])
def _(padding: Padding, **call: Any) -> Any:
    return _convolve(padding=padding if isinstance(padding, str) else "same_upper", **call)


@_fault("explicit-sides-swapped", code="padding.side")
def _(**call: Any) -> Any:
    turned = tuple((after, before) for before, after in _borders(call))
    return _convolve(**call | {"padding": call["padding"] if isinstance(call["padding"], str) else turned})


@_fault("explicit-evened-out", code="padding.side")
def _(**call: Any) -> Any:
    evened = tuple(((a + b) // 2, (a + b + 1) // 2) for a, b in _borders(call))
    return _convolve(**call | {"padding": call["padding"] if isinstance(call["padding"], str) else evened})


@_fault("explicit-rows-and-columns-swapped", code="padding.amount", axes=(2, 3))
def _(padding: Padding, **call: Any) -> Any:
    return _convolve(padding=padding if isinstance(padding, str) else padding[::-1], **call)


def _padded(call: Call, mode: Any) -> Any:
    borders = _borders(call)
    padded = np.pad(call["x"], ((0, 0), (0, 0), *borders), mode=mode)
    return _convolve(**call | {"x": padded, "padding": "valid"})


@_fault("edge-pixels-in-the-padding", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "edge")


@_fault("reflection-in-the-padding", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "reflect")


@_fault("wrapped-around", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "wrap")


@_fault("groups-ignored", code="groups.value", of=["conv-groups-lost-or-interleaved"])
def _(weight: Array, groups: int, **call: Any) -> Any:
    return _convolve(weight=np.concatenate([weight] * groups, axis=1), groups=1, **call)


@_fault("groups-interleaved", code="layout.channel-order", of=["conv-groups-lost-or-interleaved"])
def _(x: Array, groups: int, **call: Any) -> Any:
    return _convolve(x=interleaved(x, 1, x.shape[1] // groups), groups=groups, **call)


@_fault("output-channels-interleaved", code="layout.channel-order")
def _(groups: int, **call: Any) -> Any:
    return interleaved(_convolve(groups=groups, **call), 1, groups)


@_fault("depth-multiplier-first", code="layout.channel-order")
def _(weight: Array, groups: int, **call: Any) -> Any:
    return _convolve(weight=interleaved(weight, 0, groups), groups=groups, **call)


@_fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return _convolve(**call | {"bias": None})


@_fault("bias-added-twice", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return plus(_convolve(bias=bias, **call), bias)


@_fault("bias-once-per-group", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return _convolve(bias=None if bias is None else bias * call["groups"], **call)


@_fault("bias-along-the-columns", code="axis.wrong")
def _(bias: Array | None = None, **call: Any) -> Any:
    y = _convolve(**call)
    return y + bias if bias is not None and y.shape[-1] == bias.size else plus(y, bias)


@_fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
def _(x: Array, weight: Array, bias: Array | None = None, **call: Any) -> Any:
    return _convolve(x.astype(np.float32), single(weight), single(bias), **call).astype(x.dtype)


@_fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
def _(x: Array, weight: Array, **call: Any) -> Any:
    return _convolve(tensor_float32(x), tensor_float32(weight), **call)


@_fault("weight-gradient-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = convolution_vjp(cotangent, **call)
    return {**found, "weight": np.flip(found["weight"], axis=tuple(range(2, cotangent.ndim)))}


@_fault("input-gradient-with-the-kernel-not-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    turned = convolution_vjp(cotangent, **call | {"flip_kernel": not call["flip_kernel"]})
    return {**convolution_vjp(cotangent, **call), "x": turned["x"]}


@_fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return scaled(convolution_vjp(cotangent, **call), 1 / len(cotangent), but="x")


@_fault("bias-gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return scaled(convolution_vjp(cotangent, **call), cotangent.shape[1] / cotangent.size, only="bias")


@_fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return zeroed(convolution_vjp(cotangent, **call), "x")


@_fault("weight-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return zeroed(convolution_vjp(cotangent, **call), "weight")


def _local(weight: Array, **call: Any) -> Any:
    return local_fc_as_conv.reference(weight=weight, **call)


@local_fc_as_conv.fault("matrix-flipped-as-a-true-convolution", code="kernel.flipped", of=["conv-kernel-not-flipped"])
def _(weight: Array, **call: Any) -> Any:
    return _local(weight[:, :, ::-1, ::-1], **call)


@local_fc_as_conv.fault(
    "block-flattened-channels-last", code="layout.flatten-order", of=["conv-kernel-reshape-instead-of-transpose"]
)
def _(weight: Array, **call: Any) -> Any:
    o, c, p, q = weight.shape
    return _local(weight.reshape(o, p, q, c).transpose(0, 3, 1, 2), **call)


@local_fc_as_conv.fault("block-flattened-columns-first", code="layout.flatten-order")
def _(weight: Array, **call: Any) -> Any:
    o, c, p, q = weight.shape
    return _local(weight.reshape(o, c, q, p).swapaxes(2, 3), **call)


@local_fc_as_conv.fault("matrix-not-transposed", code="layout.reshaped")
def _(weight: Array, **call: Any) -> Any:
    return _local(weight.reshape(weight.shape[0], -1).T.reshape(weight.shape), **call)


@local_fc_as_conv.fault("stride-1", code="stride.value")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    return conv2d.reference(x, weight, bias)


@local_fc_as_conv.fault("strides-swapped", code="stride.value")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    return conv2d.reference(x, weight, bias, stride=weight.shape[:1:-1])


@local_fc_as_conv.fault("same-padding", code="padding.amount")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    return conv2d.reference(x, weight, bias, stride=weight.shape[2:], padding="same_upper")


@local_fc_as_conv.fault("blocks-counted-from-the-end", code="padding.side")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    p, q = weight.shape[2:]
    return _local(weight, x=x[:, :, x.shape[2] % p :, x.shape[3] % q :], bias=bias)


@local_fc_as_conv.fault("blocks-reshaped-without-a-transpose", code="layout.reshaped")
def _(x: Array, weight: Array, bias: Array | None = None) -> Any:
    (n, c, h, w), (p, q) = x.shape, weight.shape[2:]
    cut = x[:, :, : h // p * p, : w // q * q].reshape(n, c, h // p, w // q, p, q)
    return _local(weight, x=cut.swapaxes(3, 4).reshape(n, c, h // p * p, w // q * q), bias=bias)


@local_fc_as_conv.fault("bias-missing", code="bias.missing")
def _(weight: Array, **call: Any) -> Any:
    return _local(weight, **call | {"bias": None})


@local_fc_as_conv.fault("gradient-averaged-over-blocks", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    assert local_fc_as_conv.product is not None
    blocks = cotangent.shape[2] * cotangent.shape[3]
    return scaled(local_fc_as_conv.product(cotangent, **call), 1 / blocks, but="x")
