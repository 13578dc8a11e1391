"""Faults of convolution; see :mod:`equivalence_reference.faults.transposed` for the transposed operation's."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._arguments import Pair
from equivalence_reference._windows import Padding, amounts, extent
from equivalence_reference.convolution import conv2d
from equivalence_reference.faults._changes import interleaved, plus, single, square_transposed, tensor_float32

Call = dict[str, Any]
Borders = tuple[Pair, Pair]


def _borders(call: Call, **changed: Any) -> Borders:
    """What is padded on each side, as if some parameters were others."""
    p = {**call, **changed}
    return amounts("conv2d", p["padding"], p["x"].shape[2:], p["weight"].shape[2:], p["stride"], p["dilation"])


def _same(call: Call) -> bool:
    return str(call["padding"]).startswith("same")


@conv2d.fault("kernel-flipped-twice", code="kernel.flipped", of=["conv-kernel-flipped-twice"])
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"flip_kernel": True})


@conv2d.fault("kernel-not-flipped", code="kernel.flipped", of=["conv-kernel-not-flipped"])
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"flip_kernel": False})


@conv2d.fault("kernel-flipped-in-rows-only", code="kernel.flipped")
def _(weight: Array, **call: Any) -> Any:
    return conv2d.reference(weight=weight[:, :, ::-1], **call)


@conv2d.fault("kernel-flipped-with-its-channels", code="kernel.flipped")
def _(weight: Array, **call: Any) -> Any:
    return conv2d.reference(weight=weight[:, ::-1, ::-1, ::-1], **call)


@conv2d.fault("kernel-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return conv2d.reference(weight=weight.swapaxes(2, 3), **call)


@conv2d.fault("image-transposed", code="layout.transposed")
def _(x: Array, **call: Any) -> Any:
    return conv2d.reference(x=x.swapaxes(2, 3), **call)


@conv2d.fault("square-filters-not-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return conv2d.reference(weight=square_transposed(weight), **call)


@conv2d.fault(
    "kernel-reshaped-instead-of-transposed", code="layout.reshaped", of=["conv-kernel-reshape-instead-of-transpose"]
)
def _(weight: Array, **call: Any) -> Any:
    o, c, p, q = weight.shape
    return conv2d.reference(weight=weight.reshape(p, q, c, o).transpose(3, 2, 0, 1), **call)


@conv2d.fault("channels-reversed", code="layout.channel-order")
def _(x: Array, **call: Any) -> Any:
    return conv2d.reference(x=x[:, ::-1], **call)


@conv2d.fault("stride-ignored", code="stride.value")
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"stride": (1, 1)})


@conv2d.fault("strides-swapped", code="stride.value")
def _(stride: Pair, **call: Any) -> Any:
    return conv2d.reference(stride=stride[::-1], **call)


@conv2d.fault("stride-of-the-rows-for-both", code="stride.value")
def _(stride: Pair, **call: Any) -> Any:
    return conv2d.reference(stride=(stride[0], stride[0]), **call)


@conv2d.fault("dilation-ignored", code="dilation.value")
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"dilation": (1, 1)})


@conv2d.fault("dilations-swapped", code="dilation.value")
def _(dilation: Pair, **call: Any) -> Any:
    return conv2d.reference(dilation=dilation[::-1], **call)


@conv2d.fault("dilation-counts-the-gaps", code="dilation.value")
def _(dilation: Pair, **call: Any) -> Any:
    return conv2d.reference(dilation=(dilation[0] + 1, dilation[1] + 1), **call)


@conv2d.fault("stride-and-dilation-exchanged", code="parameter.swapped")
def _(stride: Pair, dilation: Pair, **call: Any) -> Any:
    return conv2d.reference(stride=dilation, dilation=stride, **call)


@conv2d.fault("dilation-ignored-in-padding", code="padding.amount", of=["conv-dilation-ignored-in-padding"])
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"padding": _borders(call, dilation=(1, 1))})


@conv2d.fault("stride-ignored-in-padding", code="padding.amount", of=["conv-same-stride2-symmetric-pad"])
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"padding": _borders(call, stride=(1, 1))})


@conv2d.fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"padding": "valid"})


@conv2d.fault("full-as-same", code="padding.amount")
def _(padding: Padding, **call: Any) -> Any:
    return conv2d.reference(padding="same_upper" if padding == "full" else padding, **call)


@conv2d.fault("same-upper-padded-below", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return conv2d.reference(padding="same_lower" if padding == "same_upper" else padding, **call)


@conv2d.fault("same-lower-padded-above", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return conv2d.reference(padding="same_upper" if padding == "same_lower" else padding, **call)


def _half(call: Call, *, crop: bool) -> Any:
    """The same half of a kernel on both sides, where the sizes ask for less at the beginning; maybe less at the end."""
    if not _same(call):
        return conv2d.reference(**call)
    spans = [extent(k, d) for k, d in zip(call["weight"].shape[2:], call["dilation"], strict=True)]
    rows, columns = ((span // 2, span // 2 - (1 if crop and span % 2 == 0 else 0)) for span in spans)
    return conv2d.reference(**call | {"padding": (rows, columns)})


@conv2d.fault("same-as-half-on-both-sides", code="padding.side", of=["conv-same-stride2-symmetric-pad"])
def _(**call: Any) -> Any:
    return _half(call, crop=False)


@conv2d.fault("same-as-half-cropped-at-the-end", code="padding.side", of=["conv-even-kernel-half-pad-crop-end"])
def _(**call: Any) -> Any:
    return _half(call, crop=True)


@conv2d.fault("same-sampled-from-stride-1", code="padding.side")
def _(**call: Any) -> Any:
    if not _same(call):
        return conv2d.reference(**call)
    rows, columns = call["stride"]
    return conv2d.reference(**call | {"stride": (1, 1)})[:, :, ::rows, ::columns]


@conv2d.fault("explicit-as-same", code="padding.side", of=["conv-explicit-pad-then-valid-ported-as-same"])
def _(padding: Padding, **call: Any) -> Any:
    return conv2d.reference(padding=padding if isinstance(padding, str) else "same_upper", **call)


@conv2d.fault("explicit-sides-swapped", code="padding.side")
def _(**call: Any) -> Any:
    (top, bottom), (left, right) = _borders(call)
    borders = call["padding"] if isinstance(call["padding"], str) else ((bottom, top), (right, left))
    return conv2d.reference(**call | {"padding": borders})


@conv2d.fault("explicit-evened-out", code="padding.side")
def _(**call: Any) -> Any:
    evened = tuple(((a + b) // 2, (a + b + 1) // 2) for a, b in _borders(call))
    return conv2d.reference(**call | {"padding": call["padding"] if isinstance(call["padding"], str) else evened})


@conv2d.fault("explicit-rows-and-columns-swapped", code="padding.amount")
def _(padding: Padding, **call: Any) -> Any:
    return conv2d.reference(padding=padding if isinstance(padding, str) else padding[::-1], **call)


def _padded(call: Call, mode: Any) -> Any:
    borders = _borders(call)
    padded = np.pad(call["x"], ((0, 0), (0, 0), *borders), mode=mode)
    return conv2d.reference(**call | {"x": padded, "padding": "valid"})


@conv2d.fault("edge-pixels-in-the-padding", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "edge")


@conv2d.fault("reflection-in-the-padding", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "reflect")


@conv2d.fault("wrapped-around", code="padding.value")
def _(**call: Any) -> Any:
    return _padded(call, "wrap")


@conv2d.fault("groups-ignored", code="groups.value", of=["conv-groups-lost-or-interleaved"])
def _(weight: Array, groups: int, **call: Any) -> Any:
    return conv2d.reference(weight=np.tile(weight, (1, groups, 1, 1)), groups=1, **call)


@conv2d.fault("groups-interleaved", code="layout.channel-order", of=["conv-groups-lost-or-interleaved"])
def _(x: Array, groups: int, **call: Any) -> Any:
    return conv2d.reference(x=interleaved(x, 1, x.shape[1] // groups), groups=groups, **call)


@conv2d.fault("output-channels-interleaved", code="layout.channel-order")
def _(groups: int, **call: Any) -> Any:
    return interleaved(conv2d.reference(groups=groups, **call), 1, groups)


@conv2d.fault("depth-multiplier-first", code="layout.channel-order")
def _(weight: Array, groups: int, **call: Any) -> Any:
    return conv2d.reference(weight=interleaved(weight, 0, groups), groups=groups, **call)


@conv2d.fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return conv2d.reference(**call | {"bias": None})


@conv2d.fault("bias-added-twice", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return plus(conv2d.reference(bias=bias, **call), bias)


@conv2d.fault("bias-once-per-group", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return conv2d.reference(bias=None if bias is None else bias * call["groups"], **call)


@conv2d.fault("bias-along-the-columns", code="axis.wrong")
def _(bias: Array | None = None, **call: Any) -> Any:
    y = conv2d.reference(**call)
    return y + bias if bias is not None and y.shape[-1] == bias.size else plus(y, bias)


@conv2d.fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
def _(x: Array, weight: Array, bias: Array | None = None, **call: Any) -> Any:
    return conv2d.reference(single(x), single(weight), single(bias), **call).astype(x.dtype)


@conv2d.fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
def _(x: Array, weight: Array, **call: Any) -> Any:
    return conv2d.reference(tensor_float32(x), tensor_float32(weight), **call)


def _gradients(cotangent: Array, call: Call) -> dict[str, Array]:
    assert conv2d.product is not None
    return dict(conv2d.product(cotangent, **call))


@conv2d.fault("weight-gradient-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "weight": found["weight"][:, :, ::-1, ::-1]}


@conv2d.fault("input-gradient-with-the-kernel-not-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    turned = _gradients(cotangent, call | {"flip_kernel": not call["flip_kernel"]})
    return {**_gradients(cotangent, call), "x": turned["x"]}


@conv2d.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {name: value if name == "x" else value / len(cotangent) for name, value in found.items()}


@conv2d.fault("bias-gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    places = cotangent.size // cotangent.shape[1]
    found = _gradients(cotangent, call)
    return {name: value / places if name == "bias" else value for name, value in found.items()}


@conv2d.fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "x": np.zeros_like(found["x"])}


@conv2d.fault("weight-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "weight": np.zeros_like(found["weight"])}
