"""Faults of layers that see an image through windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.convolution import conv2d
from equivalence_reference.faults._changes import single, square_transposed, tensor_float32
from equivalence_reference.linear import nin
from equivalence_reference.local import locally_connected1d, locally_connected2d, mlpconv

Call = dict[str, Any]
Arrays = dict[str, Array]
Function = Callable[[Array], Array]


def _gradients(operation: Operation, cotangent: Array, call: Call) -> Arrays:
    assert operation.product is not None
    return dict(operation.product(cotangent, **call))


def _changed(operation: Operation, call: Call, change: Any) -> Call:
    """A call with every array changed."""
    inputs = operation.inputs
    return {name: change(value) if name in inputs and value is not None else value for name, value in call.items()}


for _operation in (mlpconv, locally_connected1d, locally_connected2d):

    @_operation.fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**_changed(wrong, call, single)).astype(call["x"].dtype)

    @_operation.fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**_changed(wrong, call, tensor_float32))

    @_operation.fault("bias-missing", code="bias.missing")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"bias": None})

    @_operation.fault("bias-added-twice", code="bias.duplicated")
    def _(bias: Array | None = None, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(bias=None if bias is None else 2 * bias, **call)

    @_operation.fault("bias-of-the-first-unit-for-all", code="axis.wrong")
    def _(bias: Array | None = None, *, wrong: Operation = _operation, **call: Any) -> Any:
        first = None if bias is None else np.array(np.broadcast_to(bias[:1], bias.shape))
        return wrong.reference(bias=first, **call)

    @_operation.fault("units-reversed", code="layout.channel-order")
    def _(weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(weight=weight[::-1], **call)

    @_operation.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
    def _(cotangent: Array, x: Array, *, wrong: Operation = _operation, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, {"x": x, **call})
        return {name: value / x.shape[0] if name == "weight" else value for name, value in found.items()}

    @_operation.fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {**found, "x": np.zeros_like(found["x"])}

    @_operation.fault("bias-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {name: np.zeros_like(value) if name == "bias" else value for name, value in found.items()}


def _same(z: Array) -> Array:
    return z


def _relu(z: Array) -> Array:
    return np.maximum(z, 0)


def _layers(
    call: Call, first: Function | None = None, second: Function | None = None, third: Function | None = None
) -> Any:
    """The three layers of ``mlpconv``, each with a function in place of its activation."""
    own: Any = {"relu": _relu, "tanh": np.tanh}[call["activation"]]
    size = {key: call[key] for key in ("stride", "padding")}
    z = (first or own)(conv2d.reference(call["x"], call["kernel"], call.get("kernel_bias"), **size))
    z = (second or own)(nin.reference(z, call["hidden"], call.get("hidden_bias")))
    return (third or own)(nin.reference(z, call["weight"], call.get("bias")))


@mlpconv.fault("activation-missing-after-the-convolution", code="function.variant")
def _(**call: Any) -> Any:
    return _layers(call, first=_same)


@mlpconv.fault("activation-missing-in-the-middle", code="function.variant")
def _(**call: Any) -> Any:
    return _layers(call, second=_same)


@mlpconv.fault("activation-missing-at-the-end", code="function.variant")
def _(**call: Any) -> Any:
    return _layers(call, third=_same)


@mlpconv.fault("relu-of-slope-0.01", code="constant.value", of=["leaky-relu-slope"])
def _(**call: Any) -> Any:
    leaky = None if call["activation"] != "relu" else lambda z: np.where(z > 0, z, 0.01 * z)
    return _layers(call, leaky, leaky, leaky)


@mlpconv.fault("relu-capped-at-6", code="function.variant", of=["relu6-as-relu"])
def _(**call: Any) -> Any:
    capped = None if call["activation"] != "relu" else lambda z: np.clip(z, 0, 6)
    return _layers(call, capped, capped, capped)


@mlpconv.fault("biases-after-the-activation", code="bias.placement")
def _(kernel_bias: Array | None = None, **call: Any) -> Any:
    own: Any = {"relu": _relu, "tanh": np.tanh}[call["activation"]]
    return _layers(call, first=lambda z: own(z) + (0 if kernel_bias is None else kernel_bias[:, None, None]))


@mlpconv.fault("square-hidden-layer-not-transposed", code="layout.transposed")
def _(hidden: Array, **call: Any) -> Any:
    return mlpconv.reference(hidden=square_transposed(hidden), **call)


@mlpconv.fault("hidden-layer-reshaped-instead-of-transposed", code="layout.reshaped")
def _(hidden: Array, **call: Any) -> Any:
    return mlpconv.reference(hidden=hidden.T.reshape(hidden.shape), **call)


@mlpconv.fault("dense-layers-exchanged", code="parameter.swapped")
def _(hidden: Array, weight: Array, **call: Any) -> Any:
    layers = (weight, hidden) if hidden.shape == weight.shape else (hidden, weight)
    return mlpconv.reference(hidden=layers[0], weight=layers[1], **call)


@mlpconv.fault("dense-layer-left-out", code="function.variant")
def _(hidden: Array, hidden_bias: Array | None = None, **call: Any) -> Any:
    del hidden_bias
    if hidden.shape[0] != hidden.shape[1]:
        return mlpconv.reference(hidden=np.eye(*hidden.shape, dtype=hidden.dtype), **call)
    return mlpconv.reference(hidden=np.eye(len(hidden), dtype=hidden.dtype), **call)


@mlpconv.fault("kernel-flipped", code="kernel.flipped", of=["conv-kernel-not-flipped"])
def _(kernel: Array, **call: Any) -> Any:
    return mlpconv.reference(kernel=kernel[:, :, ::-1, ::-1], **call)


@mlpconv.fault("kernel-channels-reversed", code="layout.channel-order")
def _(kernel: Array, **call: Any) -> Any:
    return mlpconv.reference(kernel=kernel[:, ::-1], **call)


@mlpconv.fault("strides-exchanged", code="stride.value")
def _(stride: Any, **call: Any) -> Any:
    return mlpconv.reference(stride=stride[::-1], **call)


@mlpconv.fault("padding-missing", code="padding.amount")
def _(**call: Any) -> Any:
    return mlpconv.reference(**call | {"padding": "valid"})


@mlpconv.fault("odd-pixel-before", code="padding.side", of=["conv-same-stride2-symmetric-pad"])
def _(padding: Any, **call: Any) -> Any:
    return mlpconv.reference(padding="same_lower" if padding == "same_upper" else padding, **call)


@mlpconv.fault("gradient-past-the-activations", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> Arrays:
    return _gradients(mlpconv, cotangent, call | {"activation": "linear"})


@mlpconv.fault("hidden-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> Arrays:
    found = _gradients(mlpconv, cotangent, call)
    return {**found, "hidden": np.zeros_like(found["hidden"])}


@mlpconv.fault("kernel-bias-gradient-averaged-over-pixels", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> Arrays:
    found, pixels = _gradients(mlpconv, cotangent, call), cotangent[0, 0].size
    return {name: value / pixels if name == "kernel_bias" else value for name, value in found.items()}


def _first_place(array: Array, axes: int) -> Array:
    """What stands at the first place, at all of them."""
    index: Any = (..., *(slice(1) for _ in range(axes)))
    first = array[index]
    return np.array(np.broadcast_to(first, array.shape))


for _operation, _axes in ((locally_connected1d, 1), (locally_connected2d, 2)):

    @_operation.fault("filters-shared", code="axis.wrong")
    def _(weight: Array, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        return wrong.reference(weight=_first_place(weight, axes), **call)

    @_operation.fault("bias-shared", code="axis.wrong")
    def _(bias: Array | None = None, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        return wrong.reference(bias=None if bias is None else _first_place(bias, axes), **call)

    @_operation.fault("filters-flipped", code="kernel.flipped")
    def _(weight: Array, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        return wrong.reference(weight=np.flip(weight, tuple(range(2, 2 + axes))), **call)

    @_operation.fault("places-reversed", code="layout.transposed")
    def _(weight: Array, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        return wrong.reference(weight=np.flip(weight, tuple(range(2 + axes, 2 + 2 * axes))), **call)

    @_operation.fault("channels-before-pixels-in-a-filter", code="layout.flatten-order")
    def _(weight: Array, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        # Filters flattened with the channels last, read as if these came first.
        last = np.moveaxis(weight, 1, 1 + axes)
        return wrong.reference(weight=last.reshape(weight.shape), **call)

    @_operation.fault("places-and-pixels-of-a-filter-exchanged", code="layout.transposed")
    def _(weight: Array, *, wrong: Operation = _operation, axes: int = _axes, **call: Any) -> Any:
        # Only where nobody notices: as many places as pixels.
        swapped = np.moveaxis(weight, range(2, 2 + axes), range(2 + axes, 2 + 2 * axes))
        return wrong.reference(weight=swapped if swapped.shape == weight.shape else weight, **call)

    @_operation.fault("filters-averaged-over-places", code="gradient.scale", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        return {**found, "weight": found["weight"] / cotangent[0, 0].size}

    @_operation.fault("gradient-overwritten-where-windows-overlap", code="gradient.scale", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> Arrays:
        found = _gradients(wrong, cotangent, call)
        ones = {**call, "weight": np.ones_like(call["weight"])}
        hits = _gradients(wrong, np.ones_like(cotangent), ones)["x"]
        return {**found, "x": found["x"] / np.maximum(hits / len(call["weight"]), 1)}


@locally_connected1d.fault("starts-one-late", code="padding.side")
def _(x: Array, **call: Any) -> Any:
    return locally_connected1d.reference(np.roll(x, -1, axis=2), **call)


@locally_connected1d.fault("stride-ignored", code="stride.value")
def _(x: Array, weight: Array, stride: int, bias: Array | None = None) -> Any:
    del stride
    needed = weight.shape[2] + weight.shape[3] - 1
    return locally_connected1d.reference(x[:, :, :needed], weight, bias)


@locally_connected2d.fault("image-transposed", code="layout.transposed")
def _(x: Array, **call: Any) -> Any:
    return locally_connected2d.reference(square_transposed(x, 2, 3), **call)


@locally_connected2d.fault("rows-and-columns-of-a-filter-exchanged", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return locally_connected2d.reference(weight=square_transposed(weight, 2, 3), **call)


@locally_connected2d.fault("places-column-by-column", code="layout.reshaped")
def _(weight: Array, **call: Any) -> Any:
    # The one axis of places, written row by row and read column by column.
    return locally_connected2d.reference(weight=weight.swapaxes(-1, -2).reshape(weight.shape), **call)


@locally_connected2d.fault("stride-ignored", code="stride.value")
def _(x: Array, weight: Array, stride: Any, bias: Array | None = None) -> Any:
    del stride
    p, q, i, j = weight.shape[2:]
    return locally_connected2d.reference(x[:, :, : p + i - 1, : q + j - 1], weight, bias)
