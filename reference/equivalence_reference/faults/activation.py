"""Faults of activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.activation import relu, softmax


@relu.fault("capped-at-6", code="function.variant", of=["relu6-as-relu"])
def _(x: Array) -> Array:
    return np.clip(x, 0, 6)


@relu.fault("slope-0.01", code="constant.value", of=["leaky-relu-slope"])
def _(x: Array) -> Array:
    return np.where(x > 0, x, 0.01 * x)


@relu.fault("slope-0.3", code="constant.value", of=["leaky-relu-slope"])
def _(x: Array) -> Array:
    return np.where(x > 0, x, 0.3 * x)


@relu.fault("missing", code="function.variant")
def _(x: Array) -> Array:
    return x


@relu.fault("doubled", code="function.variant", equivalent="relu(relu(x)) is relu(x), value and gradient")
def _(x: Array) -> Any:
    return relu.reference(relu.reference(x))


@relu.fault("elu", code="function.variant")
def _(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@relu.fault("softplus", code="function.variant")
def _(x: Array) -> Array:
    return np.logaddexp(x, 0)


@relu.fault("gelu-tanh", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


@relu.fault("absolute-value", code="function.variant")
def _(x: Array) -> Array:
    return np.abs(x)


@relu.fault("of-minus-x", code="function.variant")
def _(x: Array) -> Any:
    return relu.reference(-x)


@relu.fault("threshold-1e-7", code="constant.value")
def _(x: Array) -> Array:
    return np.where(x > 1e-7, x, 0)  # noqa: PLR2004


@relu.fault("small-numbers-flushed", code="precision.overflow")
def _(x: Array) -> Any:
    return relu.reference(x.astype(np.float16).astype(x.dtype))


@relu.fault("gradient-at-0-is-half", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * np.heaviside(x, 0.5)}


@relu.fault("gradient-at-0-is-1", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * (x >= 0)}


@relu.fault("gradient-straight-through", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent}


@relu.fault("gradient-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:  # noqa: ARG001
    return {"x": np.zeros_like(cotangent)}


@softmax.fault("over-the-last-axis", code="axis.wrong", of=["softmax-axis"])
def _(x: Array, axis: int) -> Any:  # noqa: ARG001
    return softmax.reference(x, axis=-1)


@softmax.fault("over-the-first-axis", code="axis.wrong")
def _(x: Array, axis: int) -> Any:  # noqa: ARG001
    return softmax.reference(x, axis=0)


@softmax.fault("over-the-second-axis", code="axis.wrong")
def _(x: Array, axis: int) -> Any:
    return softmax.reference(x, axis=1 if x.ndim > 1 else axis)


@softmax.fault("over-all-axes-from-its-own", code="axis.wrong")
def _(x: Array, axis: int) -> Array:
    axes = tuple(range(axis % x.ndim, x.ndim))
    powers = np.exp(x - x.max(axis=axes, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axes, keepdims=True))


@softmax.fault("doubled", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, axis: int) -> Any:
    return softmax.reference(softmax.reference(x, axis=axis), axis=axis)


@softmax.fault("missing", code="function.variant")
def _(x: Array, axis: int) -> Array:  # noqa: ARG001
    return x


@softmax.fault("logarithm", code="function.variant")
def _(x: Array, axis: int) -> Array:
    return np.asarray(np.log(softmax.reference(x, axis=axis)))


@softmax.fault("sigmoid", code="function.variant")
def _(x: Array, axis: int) -> Array:  # noqa: ARG001
    return np.asarray(1 / (1 + np.exp(-x)))


@softmax.fault("of-minus-x", code="function.variant")
def _(x: Array, axis: int) -> Any:
    return softmax.reference(-x, axis=axis)


@softmax.fault("powers-of-2", code="constant.value")
def _(x: Array, axis: int) -> Any:
    return softmax.reference(x * np.log(2).astype(x.dtype), axis=axis)


@softmax.fault("scaled-by-root-of-classes", code="scale.factor")
def _(x: Array, axis: int) -> Any:
    return softmax.reference(x / np.sqrt(x.shape[axis]).astype(x.dtype), axis=axis)


@softmax.fault("without-shift", code="precision.overflow")
def _(x: Array, axis: int) -> Array:
    powers = np.exp(x)
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


@softmax.fault("shifted-by-the-mean", code="precision.overflow")
def _(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.mean(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


@softmax.fault("shifted-by-the-largest-of-all", code="precision.overflow")
def _(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


@softmax.fault("divided-by-the-largest", code="reduction.normalizer")
def _(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.max(axis=axis, keepdims=True))


@softmax.fault("epsilon-in-the-denominator", code="epsilon.value")
def _(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / (powers.sum(axis=axis, keepdims=True) + 1e-7))


@softmax.fault("gradient-of-the-exponential-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, axis: int) -> dict[str, Array]:
    return {"x": cotangent * softmax.reference(x, axis=axis)}


@softmax.fault("gradient-of-the-diagonal-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, axis: int) -> dict[str, Array]:
    y = softmax.reference(x, axis=axis)
    return {"x": cotangent * y * (1 - y)}


@softmax.fault("gradient-averaged-over-classes", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, axis: int) -> dict[str, Array]:
    return {"x": softmax.product(cotangent, x, axis=axis)["x"] / x.shape[axis]}  # type: ignore[misc]
