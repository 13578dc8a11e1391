"""Faults of transposed convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._arguments import Pair
from equivalence_reference._windows import Padding, amounts, slide_onto
from equivalence_reference.convolution import conv_transpose2d
from equivalence_reference.faults._changes import interleaved, plus, square_transposed

Call = dict[str, Any]
Borders = tuple[Pair, Pair]
_GEOMETRY = ("stride", "padding", "dilation", "output_padding", "output_shape")


def _borders(call: Call, **changed: Any) -> Borders:
    """What is cut off on each side, as if some parameters were others."""
    p = {**call, **changed}
    geometry = {name: call[name] for name in _GEOMETRY}
    result = slide_onto("conv_transpose2d", call["x"].shape[2:], call["weight"].shape[2:], **geometry).image
    return amounts("conv_transpose2d", p["padding"], result, p["weight"].shape[2:], p["stride"], p["dilation"])


def _size(call: Call) -> Pair:
    geometry = {name: call[name] for name in _GEOMETRY}
    return slide_onto("conv_transpose2d", call["x"].shape[2:], call["weight"].shape[2:], **geometry).image


@conv_transpose2d.fault("kernel-flipped", code="kernel.flipped", of=["deconv-kernel-flip-jax"])
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"flip_kernel": True})


@conv_transpose2d.fault("kernel-not-flipped", code="kernel.flipped")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"flip_kernel": False})


@conv_transpose2d.fault("kernel-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return conv_transpose2d.reference(weight=weight.swapaxes(2, 3), **call)


@conv_transpose2d.fault(
    "input-and-output-channels-swapped", code="layout.transposed", of=["deconv-in-out-channels-swapped"]
)
def _(weight: Array, **call: Any) -> Any:
    return conv_transpose2d.reference(weight=square_transposed(weight), **call)


@conv_transpose2d.fault("kernel-reshaped-instead-of-transposed", code="layout.reshaped")
def _(weight: Array, **call: Any) -> Any:
    c, o, p, q = weight.shape
    return conv_transpose2d.reference(weight=weight.reshape(p, q, o, c).transpose(3, 2, 0, 1), **call)


@conv_transpose2d.fault("channels-reversed", code="layout.channel-order")
def _(x: Array, **call: Any) -> Any:
    return conv_transpose2d.reference(x=x[:, ::-1], **call)


@conv_transpose2d.fault("stride-ignored", code="stride.value")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"stride": (1, 1)})


@conv_transpose2d.fault("strides-swapped", code="stride.value")
def _(stride: Pair, **call: Any) -> Any:
    return conv_transpose2d.reference(stride=stride[::-1], **call)


@conv_transpose2d.fault("dilation-ignored", code="dilation.value")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"dilation": (1, 1)})


@conv_transpose2d.fault("dilations-swapped", code="dilation.value")
def _(dilation: Pair, **call: Any) -> Any:
    return conv_transpose2d.reference(dilation=dilation[::-1], **call)


@conv_transpose2d.fault("dilation-ignored-in-padding", code="padding.amount")
def _(**call: Any) -> Any:
    (height, width), ((top, _), (left, _)) = _size(call), _borders(call, dilation=(1, 1))
    whole = conv_transpose2d.reference(**call | {"padding": "valid", "output_shape": None, "output_padding": (0, 0)})
    return whole[:, :, top : top + height, left : left + width]


@conv_transpose2d.fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"padding": "valid"})


@conv_transpose2d.fault("padding-missing-and-cropped", code="padding.amount")
def _(**call: Any) -> Any:
    height, width = _size(call)
    whole = conv_transpose2d.reference(**call | {"padding": "valid", "output_shape": None, "output_padding": (0, 0)})
    return whole[:, :, :height, :width]


@conv_transpose2d.fault(
    "input-padded-instead-of-output-cropped", code="padding.amount", of=["deconv-padding-as-input-padding"]
)
def _(x: Array, bias: Array | None = None, **call: Any) -> Any:
    height, width = _size({"x": x, **call})
    padded = np.pad(x, ((0, 0), (0, 0), *_borders({"x": x, **call})))
    changed = {"padding": "valid", "output_shape": None, "output_padding": (0, 0)}
    return conv_transpose2d.reference(x=padded, bias=bias, **call | changed)[:, :, :height, :width]


@conv_transpose2d.fault("same-upper-cropped-above", code="padding.side", of=["deconv-same-crop-offset"])
def _(padding: Padding, **call: Any) -> Any:
    return conv_transpose2d.reference(padding="same_lower" if padding == "same_upper" else padding, **call)


@conv_transpose2d.fault("same-lower-cropped-below", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return conv_transpose2d.reference(padding="same_upper" if padding == "same_lower" else padding, **call)


@conv_transpose2d.fault("explicit-sides-swapped", code="padding.side")
def _(**call: Any) -> Any:
    (top, bottom), (left, right) = _borders(call)
    borders = call["padding"] if isinstance(call["padding"], str) else ((bottom, top), (right, left))
    return conv_transpose2d.reference(**call | {"padding": borders})


@conv_transpose2d.fault("explicit-rows-and-columns-swapped", code="padding.amount")
def _(padding: Padding, **call: Any) -> Any:
    return conv_transpose2d.reference(padding=padding if isinstance(padding, str) else padding[::-1], **call)


@conv_transpose2d.fault("output-shape-ignored", code="output-size.ambiguous", of=["deconv-output-shape-ambiguity"])
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"output_shape": None})


def _fitted(call: Call, *, begin: bool, fill: Array | None) -> Any:
    """The result without an asked-for size, then cropped or filled up to it at one end."""
    height, width = _size(call)
    free = conv_transpose2d.reference(**call | {"output_shape": None, "output_padding": (0, 0), "bias": None})
    rows, columns = height - free.shape[2], width - free.shape[3]
    lacks = [(max(extra, 0), 0) if begin else (0, max(extra, 0)) for extra in (rows, columns)]
    filled = np.pad(free, ((0, 0), (0, 0), *lacks))
    cut = filled[:, :, -height:, -width:] if begin else filled[:, :, :height, :width]
    return plus(cut, fill)


@conv_transpose2d.fault("size-adjusted-at-the-beginning", code="output-size.ambiguous")
def _(**call: Any) -> Any:
    return _fitted(call, begin=True, fill=call.get("bias"))


@conv_transpose2d.fault("size-adjusted-by-zeros", code="output-size.ambiguous", of=["deconv-output-shape-ambiguity"])
def _(**call: Any) -> Any:
    return _fitted(call, begin=False, fill=call.get("bias"))


@conv_transpose2d.fault("output-padding-without-bias", code="output-size.ambiguous")
def _(bias: Array | None = None, **call: Any) -> Any:
    y = conv_transpose2d.reference(bias=bias, **call).copy()
    rows, columns = call["output_padding"]
    if bias is not None and rows:
        y[:, :, -rows:] -= bias[:, None, None]
    if bias is not None and columns:
        y[:, :, : y.shape[2] - rows, -columns:] -= bias[:, None, None]
    return y


@conv_transpose2d.fault("output-padding-ignored", code="output-size.ambiguous")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"output_padding": (0, 0)})


@conv_transpose2d.fault("output-paddings-swapped", code="output-size.ambiguous")
def _(output_padding: Pair, **call: Any) -> Any:
    return conv_transpose2d.reference(output_padding=output_padding[::-1], **call)


@conv_transpose2d.fault("groups-interleaved", code="layout.channel-order")
def _(x: Array, groups: int, **call: Any) -> Any:
    return conv_transpose2d.reference(x=interleaved(x, 1, x.shape[1] // groups), groups=groups, **call)


@conv_transpose2d.fault("output-channels-interleaved", code="layout.channel-order")
def _(groups: int, **call: Any) -> Any:
    return interleaved(conv_transpose2d.reference(groups=groups, **call), 1, groups)


@conv_transpose2d.fault("groups-ignored", code="groups.value")
def _(groups: int, bias: Array | None = None, **call: Any) -> Any:
    # Every input channel reaches every output channel.
    parts = conv_transpose2d.reference(**call | {"weight": np.tile(call["weight"], (1, groups, 1, 1))})
    return plus(parts, bias)


@conv_transpose2d.fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return conv_transpose2d.reference(**call | {"bias": None})


@conv_transpose2d.fault("bias-added-twice", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return plus(conv_transpose2d.reference(bias=bias, **call), bias)


@conv_transpose2d.fault("overlaps-averaged", code="reduction.normalizer")
def _(x: Array, weight: Array, bias: Array | None = None, **call: Any) -> Any:
    times = conv_transpose2d.reference(np.ones_like(x), np.ones_like(weight), **call)
    per_place = np.maximum(times * call["groups"] / x.shape[1], 1)
    return plus(conv_transpose2d.reference(x, weight, **call) / per_place, bias)


def _gradients(cotangent: Array, call: Call) -> dict[str, Array]:
    assert conv_transpose2d.product is not None
    return dict(conv_transpose2d.product(cotangent, **call))


@conv_transpose2d.fault("weight-gradient-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "weight": found["weight"][:, :, ::-1, ::-1]}


@conv_transpose2d.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {name: value if name == "x" else value / len(cotangent) for name, value in found.items()}


@conv_transpose2d.fault("bias-gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    places = cotangent.size // cotangent.shape[1]
    found = _gradients(cotangent, call)
    return {name: value / places if name == "bias" else value for name, value in found.items()}


@conv_transpose2d.fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "x": np.zeros_like(found["x"])}


@conv_transpose2d.fault("weight-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(cotangent, call)
    return {**found, "weight": np.zeros_like(found["weight"])}
