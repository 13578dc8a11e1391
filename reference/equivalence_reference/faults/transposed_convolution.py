"""Faults of transposed convolution, of as many spatial axes as the image has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._arguments import Pair
from equivalence_reference._windows import Padding, Sizes, amounts, slide_onto
from equivalence_reference.faults._changes import Call, interleaved, plus, scaled, square_transposed, zeroed
from equivalence_reference.transposed_convolution import (
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    transposed_convolution_vjp,
)

Borders = tuple[Pair, ...]
BY_AXES = {1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d}
_GEOMETRY = ("stride", "padding", "dilation", "output_padding", "output_shape")


def _fault(
    name: str, *, code: str, of: Sequence[str] = (), gradient: bool = False, axes: Sequence[int] = (1, 2, 3)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A fault of the transposed convolutions with these numbers of spatial axes."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for number in axes:
            BY_AXES[number].fault(name, code=code, of=of, gradient=gradient)(function)
        return function

    return register


def _transpose(x: Array, *arrays: Array, **call: Any) -> Any:
    return BY_AXES[x.ndim - 2].reference(x, *arrays, **call)


def _size(call: Call) -> Sizes:
    geometry = {name: call[name] for name in _GEOMETRY}
    return slide_onto("transposed convolution", call["x"].shape[2:], call["weight"].shape[2:], **geometry).image


def _borders(call: Call, **changed: Any) -> Borders:
    """What is cut off on each side, as if some parameters were others."""
    p = {**call, **changed}
    kernel = p["weight"].shape[2:]
    return amounts("transposed convolution", p["padding"], _size(call), kernel, p["stride"], p["dilation"])


def _each(call: Call, number: int) -> Sizes:
    """The number for every spatial axis."""
    return tuple(number for _ in call["x"].shape[2:])


def _whole(call: Call) -> Any:
    """The result before anything is cut off or added."""
    return _transpose(**call | {"padding": "valid", "output_shape": None, "output_padding": _each(call, 0)})


def _inside(size: Sizes, begin: Sizes | None = None) -> tuple[Any, ...]:
    """An index of as many pixels along each spatial axis, from ``begin`` on."""
    starts = begin or (0,) * len(size)
    return (..., *(slice(start, start + count) for start, count in zip(starts, size, strict=True)))


@_fault("kernel-flipped", code="kernel.flipped", of=["deconv-kernel-flip-jax"])
def _(**call: Any) -> Any:
    return _transpose(**call | {"flip_kernel": True})


@_fault("kernel-not-flipped", code="kernel.flipped")
def _(**call: Any) -> Any:
    return _transpose(**call | {"flip_kernel": False})


@_fault("kernel-transposed", code="layout.transposed", axes=(2, 3))
def _(weight: Array, **call: Any) -> Any:
    return _transpose(weight=weight.swapaxes(-2, -1), **call)


@_fault("input-and-output-channels-swapped", code="layout.transposed", of=["deconv-in-out-channels-swapped"])
def _(weight: Array, **call: Any) -> Any:
    return _transpose(weight=square_transposed(weight), **call)


@_fault("kernel-reshaped-instead-of-transposed", code="layout.reshaped")
def _(weight: Array, **call: Any) -> Any:
    c, o, *taps = weight.shape
    return _transpose(weight=np.moveaxis(weight.reshape(*taps, o, c), (-1, -2), (0, 1)), **call)


@_fault("channels-reversed", code="layout.channel-order")
def _(x: Array, **call: Any) -> Any:
    return _transpose(x[:, ::-1], **call)


@_fault("stride-ignored", code="stride.value")
def _(**call: Any) -> Any:
    return _transpose(**call | {"stride": _each(call, 1)})


@_fault("strides-swapped", code="stride.value", axes=(2, 3))
def _(stride: Sizes, **call: Any) -> Any:
    return _transpose(stride=stride[::-1], **call)


@_fault("dilation-ignored", code="dilation.value")
def _(**call: Any) -> Any:
    return _transpose(**call | {"dilation": _each(call, 1)})


@_fault("dilations-swapped", code="dilation.value", axes=(2, 3))
def _(dilation: Sizes, **call: Any) -> Any:
    return _transpose(dilation=dilation[::-1], **call)


@_fault("dilation-ignored-in-padding", code="padding.amount")
def _(**call: Any) -> Any:
    begin = tuple(before for before, _ in _borders(call, dilation=_each(call, 1)))
    return _whole(call)[_inside(_size(call), begin)]


@_fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return _transpose(**call | {"padding": "valid"})


@_fault("padding-missing-and-cropped", code="padding.amount")
def _(**call: Any) -> Any:
    return _whole(call)[_inside(_size(call))]


@_fault("input-padded-instead-of-output-cropped", code="padding.amount", of=["deconv-padding-as-input-padding"])
def _(**call: Any) -> Any:
    padded = np.pad(call["x"], ((0, 0), (0, 0), *_borders(call)))
    return _whole(call | {"x": padded})[_inside(_size(call))]


@_fault("same-upper-cropped-above", code="padding.side", of=["deconv-same-crop-offset"])
def _(padding: Padding, **call: Any) -> Any:
    return _transpose(padding="same_lower" if padding == "same_upper" else padding, **call)


@_fault("same-lower-cropped-below", code="padding.side")
def _(padding: Padding, **call: Any) -> Any:
    return _transpose(padding="same_upper" if padding == "same_lower" else padding, **call)


@_fault("explicit-sides-swapped", code="padding.side")
def _(**call: Any) -> Any:
    turned = tuple((after, before) for before, after in _borders(call))
    return _transpose(**call | {"padding": call["padding"] if isinstance(call["padding"], str) else turned})


@_fault("explicit-rows-and-columns-swapped", code="padding.amount", axes=(2, 3))
def _(padding: Padding, **call: Any) -> Any:
    return _transpose(padding=padding if isinstance(padding, str) else padding[::-1], **call)


@_fault("output-shape-ignored", code="output-size.ambiguous", of=["deconv-output-shape-ambiguity"])
def _(**call: Any) -> Any:
    return _transpose(**call | {"output_shape": None})


def _fitted(call: Call, *, begin: bool, fill: Array | None) -> Any:
    """The result without an asked-for size, then cropped or filled up to it at one end."""
    size, changed = _size(call), {"output_shape": None, "output_padding": _each(call, 0), "bias": None}
    free = _transpose(**call | changed)
    lacks = [max(wanted - pixels, 0) for wanted, pixels in zip(size, free.shape[2:], strict=True)]
    filled = np.pad(free, ((0, 0), (0, 0), *((lack, 0) if begin else (0, lack) for lack in lacks)))
    start = tuple(pixels - wanted for wanted, pixels in zip(size, filled.shape[2:], strict=True))
    return plus(filled[_inside(size, start if begin else None)], fill)


@_fault("size-adjusted-at-the-beginning", code="output-size.ambiguous")
def _(**call: Any) -> Any:
    return _fitted(call, begin=True, fill=call.get("bias"))


@_fault("size-adjusted-by-zeros", code="output-size.ambiguous", of=["deconv-output-shape-ambiguity"])
def _(**call: Any) -> Any:
    return _fitted(call, begin=False, fill=call.get("bias"))


@_fault("output-padding-without-bias", code="output-size.ambiguous")
def _(bias: Array | None = None, **call: Any) -> Any:
    y = plus(_transpose(**call), bias)
    if bias is not None and any(call["output_padding"]):
        inside = _inside(tuple(map(int, np.subtract(y.shape[2:], call["output_padding"]))))
        without = _transpose(**call)
        without[inside] = y[inside]
        return without
    return y


@_fault("output-padding-of-zeros", code="output-size.ambiguous")
def _(**call: Any) -> Any:
    without = _transpose(**call | {"output_padding": _each(call, 0)})
    if not any(call["output_padding"]):
        return without
    return np.pad(without, ((0, 0), (0, 0), *((0, more) for more in call["output_padding"])))


@_fault("output-padding-ignored", code="output-size.ambiguous")
def _(**call: Any) -> Any:
    return _transpose(**call | {"output_padding": _each(call, 0)})


@_fault("output-paddings-swapped", code="output-size.ambiguous", axes=(2, 3))
def _(output_padding: Sizes, **call: Any) -> Any:
    return _transpose(output_padding=output_padding[::-1], **call)


@_fault("groups-interleaved", code="layout.channel-order")
def _(x: Array, groups: int, **call: Any) -> Any:
    return _transpose(interleaved(x, 1, x.shape[1] // groups), groups=groups, **call)


@_fault("output-channels-interleaved", code="layout.channel-order")
def _(groups: int, **call: Any) -> Any:
    return interleaved(_transpose(groups=groups, **call), 1, groups)


@_fault("groups-ignored", code="groups.value")
def _(groups: int, bias: Array | None = None, **call: Any) -> Any:
    # Every input channel reaches every output channel.
    parts = _transpose(**call | {"weight": np.concatenate([call["weight"]] * groups, axis=1)})
    return plus(parts, bias)


@_fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return _transpose(**call | {"bias": None})


@_fault("bias-added-twice", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return plus(_transpose(bias=bias, **call), bias)


@_fault("overlaps-averaged", code="reduction.normalizer")
def _(x: Array, weight: Array, bias: Array | None = None, **call: Any) -> Any:
    times = _transpose(np.ones_like(x), np.ones_like(weight), **call)
    per_place = np.maximum(times * call["groups"] / x.shape[1], 1)
    return plus(_transpose(x, weight, **call) / per_place, bias)


@_fault("weight-gradient-flipped", code="kernel.flipped", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = transposed_convolution_vjp(cotangent, **call)
    return {**found, "weight": np.flip(found["weight"], axis=tuple(range(2, cotangent.ndim)))}


@_fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return scaled(transposed_convolution_vjp(cotangent, **call), 1 / len(cotangent), but="x")


@_fault("bias-gradient-averaged", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return scaled(transposed_convolution_vjp(cotangent, **call), cotangent.shape[1] / cotangent.size, only="bias")


@_fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return zeroed(transposed_convolution_vjp(cotangent, **call), "x")


@_fault("weight-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return zeroed(transposed_convolution_vjp(cotangent, **call), "weight")
