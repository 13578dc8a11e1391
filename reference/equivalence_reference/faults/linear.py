"""Faults of linear operations; those that nin and dense have in common are declared for both at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.faults._changes import plus, single, square_transposed, tensor_float32
from equivalence_reference.linear import bilinear, dense, nin

Call = dict[str, Any]


def _gradients(operation: Operation, cotangent: Array, call: Call) -> dict[str, Array]:
    assert operation.product is not None
    return dict(operation.product(cotangent, **call))


def _instead_of_relu(operation: Operation, call: Call, function: Callable[[Array], Array]) -> Any:
    if call["activation"] != "relu":
        return operation.reference(**call)
    return function(operation.reference(**call | {"activation": "linear"}))


def _instead_of_tanh(operation: Operation, call: Call, function: Callable[[Array], Array]) -> Any:
    if call["activation"] != "tanh":
        return operation.reference(**call)
    return function(operation.reference(**call | {"activation": "linear"}))


for _operation in (nin, dense):

    @_operation.fault(
        "square-weight-not-transposed", code="layout.transposed", of=["dense-weight-not-transposed-square"]
    )
    def _(weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(weight=square_transposed(weight), **call)

    @_operation.fault("weight-reshaped-instead-of-transposed", code="layout.reshaped")
    def _(weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(weight=weight.T.reshape(weight.shape), **call)

    @_operation.fault("channels-reversed", code="layout.channel-order")
    def _(weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(weight=weight[:, ::-1], **call)

    @_operation.fault("units-reversed", code="layout.channel-order")
    def _(weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(weight=weight[::-1], **call)

    @_operation.fault("bias-missing", code="bias.missing")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"bias": None})

    @_operation.fault("bias-added-twice", code="bias.duplicated")
    def _(bias: Array | None = None, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(bias=None if bias is None else 2 * bias, **call)

    @_operation.fault("bias-subtracted", code="bias.placement")
    def _(bias: Array | None = None, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(bias=None if bias is None else -bias, **call)

    @_operation.fault("activation-missing", code="function.variant")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(**call | {"activation": "linear"})

    @_operation.fault("tanh-doubled", code="function.variant")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_tanh(wrong, call, lambda z: np.tanh(np.tanh(z)))

    @_operation.fault(
        "relu-doubled", code="function.variant", equivalent="relu(relu(z)) is relu(z), value and gradient"
    )
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_relu(wrong, call, lambda z: np.maximum(np.maximum(z, 0), 0))

    @_operation.fault("relu-capped-at-6", code="function.variant", of=["relu6-as-relu"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_relu(wrong, call, lambda z: np.clip(z, 0, 6))

    @_operation.fault("relu-of-slope-0.01", code="constant.value", of=["leaky-relu-slope"])
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_relu(wrong, call, lambda z: np.where(z > 0, z, 0.01 * z))

    @_operation.fault("relu-as-elu", code="function.variant")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_relu(wrong, call, lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))))

    @_operation.fault("tanh-as-sigmoid", code="function.variant")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_tanh(wrong, call, lambda z: 1 / (1 + np.exp(-z)))

    @_operation.fault("tanh-as-clip", code="function.variant")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_tanh(wrong, call, lambda z: np.clip(z, -1, 1))

    @_operation.fault("tanh-scaled-by-1.7159", code="constant.value")
    def _(*, wrong: Operation = _operation, **call: Any) -> Any:
        return _instead_of_tanh(wrong, call, lambda z: 1.7159 * np.tanh(2 / 3 * z))

    @_operation.fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
    def _(x: Array, weight: Array, bias: Array | None = None, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(single(x), single(weight), single(bias), **call).astype(x.dtype)

    @_operation.fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
    def _(x: Array, weight: Array, *, wrong: Operation = _operation, **call: Any) -> Any:
        return wrong.reference(tensor_float32(x), tensor_float32(weight), **call)

    @_operation.fault("gradient-past-the-activation", code="gradient.scale", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        return _gradients(wrong, cotangent, call | {"activation": "linear"})

    @_operation.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
    def _(cotangent: Array, x: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        found = _gradients(wrong, cotangent, {"x": x, **call})
        return {name: value if name == "x" else value / x.shape[0] for name, value in found.items()}

    @_operation.fault("bias-gradient-averaged", code="gradient.scale", gradient=True)
    def _(cotangent: Array, weight: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        found = _gradients(wrong, cotangent, {"weight": weight, **call})
        places = cotangent.size // weight.shape[0]
        return {name: value / places if name == "bias" else value for name, value in found.items()}

    @_operation.fault("square-weight-gradient-transposed", code="layout.transposed", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        found = _gradients(wrong, cotangent, call)
        return {**found, "weight": square_transposed(found["weight"])}

    @_operation.fault("input-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        found = _gradients(wrong, cotangent, call)
        return {**found, "x": np.zeros_like(found["x"])}

    @_operation.fault("weight-gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, *, wrong: Operation = _operation, **call: Any) -> dict[str, Array]:
        found = _gradients(wrong, cotangent, call)
        return {**found, "weight": np.zeros_like(found["weight"])}


@nin.fault("bias-after-the-activation", code="bias.placement")
def _(bias: Array | None = None, **call: Any) -> Any:
    return plus(nin.reference(**call), bias)


@nin.fault("channels-taken-as-last", code="contraction.axes")
def _(x: Array, **call: Any) -> Any:
    # Only where nobody notices: the last axis has as many places as there are channels.
    return nin.reference(square_transposed(x, 1, -1), **call)


@nin.fault("pixels-reshaped-instead-of-transposed", code="layout.reshaped")
def _(x: Array, **call: Any) -> Any:
    mixed = np.moveaxis(x.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1)
    return nin.reference(mixed, **call)


@nin.fault("output-reshaped-instead-of-transposed", code="layout.reshaped")
def _(**call: Any) -> Any:
    y = nin.reference(**call)
    return np.moveaxis(y, 1, -1).reshape(y.shape)


@nin.fault("rows-and-columns-exchanged", code="layout.transposed")
def _(**call: Any) -> Any:
    y = nin.reference(**call)
    return square_transposed(y, 2, 3) if y.ndim == 4 else y  # noqa: PLR2004


@nin.fault("bias-along-the-last-axis", code="axis.wrong")
def _(bias: Array | None = None, **call: Any) -> Any:
    if bias is None or call["x"].shape[-1] != bias.size or call["activation"] != "linear":
        return nin.reference(bias=bias, **call)
    return nin.reference(**call) + bias


@nin.fault("bias-of-the-first-unit-for-all", code="axis.wrong")
def _(bias: Array | None = None, **call: Any) -> Any:
    return nin.reference(bias=None if bias is None else np.full_like(bias, bias[0]), **call)


@dense.fault("bias-after-the-activation", code="bias.placement")
def _(bias: Array | None = None, **call: Any) -> Any:
    y = dense.reference(**call)
    return y if bias is None else y + bias


@dense.fault("axes-before-the-last-exchanged", code="contraction.axes")
def _(x: Array, **call: Any) -> Any:
    # Samples and steps mixed up, where there are as many of one as of the other.
    return dense.reference(square_transposed(x), **call) if x.ndim > 2 else dense.reference(x, **call)  # noqa: PLR2004


@dense.fault("channels-taken-as-second", code="contraction.axes")
def _(x: Array, **call: Any) -> Any:
    return dense.reference(square_transposed(x, 1, -1), **call)


@dense.fault("trailing-axes-flattened-in-another-order", code="layout.flatten-order")
def _(x: Array, **call: Any) -> Any:
    mixed = x.reshape(x.shape[0], x.shape[-1], -1).swapaxes(1, 2).reshape(x.shape)
    return dense.reference(mixed, **call)


@dense.fault("bias-of-the-first-unit-for-all", code="axis.wrong")
def _(bias: Array | None = None, **call: Any) -> Any:
    return dense.reference(bias=None if bias is None else np.full_like(bias, bias[0]), **call)


@bilinear.fault("computed-in-float32", code="precision.lower", of=["dtype-floatx-float64"])
def _(x: Array, y: Array, weight: Array, bias: Array | None = None) -> Any:
    return bilinear.reference(single(x), single(y), single(weight), single(bias)).astype(x.dtype)


@bilinear.fault("computed-in-tf32", code="precision.lower", of=["dtype-tf32"])
def _(x: Array, y: Array, weight: Array, bias: Array | None = None) -> Any:
    return bilinear.reference(tensor_float32(x), tensor_float32(y), tensor_float32(weight), bias)


@bilinear.fault("bias-missing", code="bias.missing")
def _(**call: Any) -> Any:
    return bilinear.reference(**call | {"bias": None})


@bilinear.fault("bias-added-twice", code="bias.duplicated")
def _(bias: Array | None = None, **call: Any) -> Any:
    return bilinear.reference(bias=None if bias is None else 2 * bias, **call)


@bilinear.fault("units-reversed", code="layout.channel-order")
def _(weight: Array, **call: Any) -> Any:
    return bilinear.reference(weight=weight[::-1], **call)


@bilinear.fault("square-matrices-transposed", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    return bilinear.reference(weight=square_transposed(weight, 1, 2), **call)


@bilinear.fault("matrices-reshaped-instead-of-transposed", code="layout.reshaped")
def _(weight: Array, **call: Any) -> Any:
    return bilinear.reference(weight=weight.swapaxes(1, 2).reshape(weight.shape), **call)


@bilinear.fault("units-taken-as-last", code="layout.transposed")
def _(weight: Array, **call: Any) -> Any:
    moved = np.moveaxis(weight, 0, -1)
    return bilinear.reference(weight=moved if moved.shape == weight.shape else weight, **call)


@bilinear.fault("inputs-exchanged", code="parameter.swapped")
def _(x: Array, y: Array, **call: Any) -> Any:
    return bilinear.reference(y, x, **call) if x.shape == y.shape else bilinear.reference(x, y, **call)


@bilinear.fault("second-input-is-the-first", code="function.variant")
def _(x: Array, y: Array, **call: Any) -> Any:
    return bilinear.reference(x, x if x.shape == y.shape else y, **call)


@bilinear.fault("equal-channels-only", code="contraction.axes")
def _(weight: Array, **call: Any) -> Any:
    return bilinear.reference(weight=weight * np.eye(*weight.shape[1:], dtype=weight.dtype), **call)


@bilinear.fault("steps-exchanged-with-examples", code="contraction.axes")
def _(y: Array, **call: Any) -> Any:
    return bilinear.reference(y=square_transposed(y) if y.ndim > 2 else y, **call)  # noqa: PLR2004


@bilinear.fault("halved-as-in-a-quadratic-form", code="scale.factor")
def _(weight: Array, **call: Any) -> Any:
    return bilinear.reference(weight=weight / 2, **call)


@bilinear.fault("second-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(bilinear, cotangent, call)
    return {**found, "y": np.zeros_like(found["y"])}


@bilinear.fault("gradient-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(bilinear, cotangent, {"x": x, **call})
    return {**found, "weight": found["weight"] / x.shape[0]}


@bilinear.fault("first-gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    found = _gradients(bilinear, cotangent, call)
    return {**found, "x": np.zeros_like(found["x"])}
