"""Faults of activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference.activation import (
    SELU_ALPHA,
    SELU_SCALE,
    dropout_with_mask,
    dropout_with_mask_vjp,
    elu,
    elu_vjp,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    log_softmax,
    mish,
    prelu,
    prelu_vjp,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softmax_vjp,
    softplus,
    softplus_vjp,
    softsign,
    tanh,
    thresholded_relu,
)


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


def _passed(cotangent: Array, **_: Any) -> dict[str, Array]:
    return {"x": cotangent.copy()}


@log_softmax.fault("over-the-last-axis", code="axis.wrong", of=["softmax-axis"])
def _(x: Array, axis: int) -> Any:  # noqa: ARG001
    return log_softmax.reference(x, axis=-1)


@log_softmax.fault("over-the-first-axis", code="axis.wrong")
def _(x: Array, axis: int) -> Any:  # noqa: ARG001
    return log_softmax.reference(x, axis=0)


@log_softmax.fault("without-the-logarithm", code="function.variant")
def _(x: Array, axis: int) -> Any:
    return softmax.reference(x, axis=axis)


@log_softmax.fault("logarithm-of-softmax", code="precision.overflow")
def _(x: Array, axis: int) -> Array:
    return np.asarray(np.log(softmax.reference(x, axis=axis)))


@log_softmax.fault("without-shift", code="precision.overflow")
def _(x: Array, axis: int) -> Array:
    return np.asarray(x - np.log(np.exp(x).sum(axis=axis, keepdims=True)))


@log_softmax.fault("gradient-of-the-number-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **_call: Any) -> dict[str, Array]:
    return _passed(cotangent)


@log_softmax.fault("gradient-of-softmax", code="function.variant", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return dict(softmax_vjp(cotangent, **call))


def _slopes(*slopes: float) -> None:
    for slope in slopes:

        def changed(x: Array, alpha: float, slope: float = slope) -> Any:  # noqa: ARG001
            return leaky_relu.reference(x, alpha=slope)

        leaky_relu.fault(f"slope-{slope:g}", code="constant.value", of=["leaky-relu-slope"])(changed)


_slopes(0.01, 0.1, 0.2, 0.3, 1 / 3, 0.0)


@leaky_relu.fault("sign-of-the-slope", code="constant.value")
def _(x: Array, alpha: float) -> Any:
    return leaky_relu.reference(x, alpha=-alpha)


@leaky_relu.fault("slope-on-both-sides", code="function.variant")
def _(x: Array, alpha: float) -> Array:
    return x * alpha


@leaky_relu.fault("gradient-at-0-is-1", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, alpha: float) -> dict[str, Array]:
    return {"x": np.where(x >= 0, cotangent, alpha * cotangent)}


@leaky_relu.fault("gradient-blocked-below-0", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, alpha: float) -> dict[str, Array]:  # noqa: ARG001
    return {"x": cotangent * (x > 0)}


@prelu.fault("slope-of-the-last-axis", code="axis.wrong")
def _(x: Array, weight: Array) -> Array:
    return np.where(x > 0, x, weight * x)


@prelu.fault("one-slope-for-all", code="axis.wrong")
def _(x: Array, weight: Array) -> Any:
    return prelu.reference(x, np.full_like(weight, weight[0]))


@prelu.fault("channels-backwards", code="layout.channel-order")
def _(x: Array, weight: Array) -> Any:
    return prelu.reference(x, weight[::-1])


@prelu.fault("slope-on-both-sides", code="function.variant")
def _(x: Array, weight: Array) -> Array:
    return x * weight.reshape(-1, *(1 for _ in x.shape[2:]))


@prelu.fault("slope-subtracted", code="constant.value")
def _(x: Array, weight: Array) -> Any:
    return prelu.reference(x, -weight)


@prelu.fault("gradient-of-slopes-averaged-over-examples", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, weight: Array) -> dict[str, Array]:
    found = prelu_vjp(cotangent, x, weight)
    return {**found, "weight": found["weight"] / x.shape[0]}


@prelu.fault("gradient-of-slopes-blocked", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, weight: Array) -> dict[str, Array]:
    return {**prelu_vjp(cotangent, x, weight), "weight": np.zeros_like(weight)}


@relu6.fault("without-ceiling", code="function.variant", of=["relu6-as-relu"])
def _(x: Array) -> Any:
    return relu.reference(x)


@relu6.fault("ceiling-of-1", code="constant.value")
def _(x: Array) -> Array:
    return np.clip(x, 0, 1)


@relu6.fault("ceiling-of-20", code="constant.value")
def _(x: Array) -> Array:
    return np.clip(x, 0, 20)


@relu6.fault("floor-of-minus-6", code="function.variant")
def _(x: Array) -> Array:
    return np.clip(x, -6, 6)


@relu6.fault("gradient-at-0-is-1", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * ((x >= 0) & (x <= 6))}  # noqa: PLR2004


@relu6.fault("gradient-beyond-the-ceiling", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * (x > 0)}


@thresholded_relu.fault("moved-down-by-the-threshold", code="function.variant")
def _(x: Array, theta: float) -> Array:
    return np.maximum(x - theta, 0)


@thresholded_relu.fault("threshold-in-place-of-0", code="function.variant")
def _(x: Array, theta: float) -> Array:
    return np.maximum(x, theta)


@thresholded_relu.fault("keeps-the-threshold", code="function.variant")
def _(x: Array, theta: float) -> Array:
    return np.where(x >= theta, x, 0)


@thresholded_relu.fault("threshold-of-1", code="constant.value")
def _(x: Array, theta: float) -> Any:  # noqa: ARG001
    return thresholded_relu.reference(x, theta=1.0)


@thresholded_relu.fault("of-magnitudes", code="function.variant")
def _(x: Array, theta: float) -> Array:
    return np.where(np.abs(x) > theta, x, 0)


@thresholded_relu.fault("gradient-passes-all", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **_call: Any) -> dict[str, Array]:
    return _passed(cotangent)


@elu.fault("alpha-of-1", code="constant.value", of=["elu-selu-alpha"])
def _(x: Array, alpha: float) -> Any:  # noqa: ARG001
    return elu.reference(x, alpha=1.0)


@elu.fault("alpha-of-0", code="constant.value", of=["elu-selu-alpha"])
def _(x: Array, alpha: float) -> Any:  # noqa: ARG001
    return relu.reference(x)


@elu.fault("alpha-in-the-exponent", code="function.variant")
def _(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(alpha * x, 0)))


@elu.fault("celu", code="function.variant")
def _(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x / alpha, 0)))


@elu.fault("exp-minus-1", code="precision.cancellation")
def _(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


@elu.fault("gradient-at-0-is-1", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, alpha: float) -> dict[str, Array]:
    return {"x": np.where(x >= 0, cotangent, alpha * cotangent * np.exp(np.minimum(x, 0)))}


@elu.fault("gradient-without-alpha", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, alpha: float) -> dict[str, Array]:  # noqa: ARG001
    return dict(elu_vjp(cotangent, x, alpha=1.0))


@selu.fault("without-alpha", code="constant.value", of=["elu-selu-alpha"])
def _(x: Array) -> Array:
    return np.asarray(SELU_SCALE * elu.reference(x, alpha=1.0))


@selu.fault("without-scale", code="scale.factor", of=["elu-selu-alpha"])
def _(x: Array) -> Any:
    return elu.reference(x, alpha=SELU_ALPHA)


@selu.fault("constants-of-4-digits", code="constant.value")
def _(x: Array) -> Array:
    return np.asarray(1.0507 * elu.reference(x, alpha=1.6733))


@selu.fault("scale-on-the-positive-side-alone", code="scale.factor")
def _(x: Array) -> Array:
    return np.where(x > 0, SELU_SCALE * x, elu.reference(x, alpha=SELU_ALPHA))


@selu.fault("alpha-and-scale-exchanged", code="parameter.swapped")
def _(x: Array) -> Array:
    return np.asarray(SELU_ALPHA * elu.reference(x, alpha=SELU_SCALE))


@selu.fault("gradient-at-0-is-the-scale", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": SELU_SCALE * cotangent * np.where(x >= 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0)))}


@gelu.fault("tangent-for-erf", code="function.variant", of=["gelu-tanh-vs-erf"])
def _(x: Array, approximate: str) -> Any:  # noqa: ARG001
    return gelu.reference(x, approximate="tanh")


@gelu.fault("erf-for-tangent", code="function.variant", of=["gelu-tanh-vs-erf"])
def _(x: Array, approximate: str) -> Any:  # noqa: ARG001
    return gelu.reference(x, approximate="none")


@gelu.fault("logistic-function-of-1.702", code="function.variant")
def _(x: Array, approximate: str) -> Array:  # noqa: ARG001
    return np.asarray(x * sigmoid.reference(1.702 * x))


@gelu.fault("without-the-cube", code="constant.value")
def _(x: Array, approximate: str) -> Any:
    if approximate == "none":
        return gelu.reference(x)
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * x)))


@gelu.fault("cube-of-the-tangent-overflows", code="precision.overflow")
def _(x: Array, approximate: str) -> Any:
    if approximate == "none":
        return gelu.reference(x)
    bent = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    powers = np.exp(2 * bent)
    return np.asarray(0.5 * x * (1 + (powers - 1) / (powers + 1)))


@gelu.fault("erf-without-the-root", code="constant.value")
def _(x: Array, approximate: str) -> Any:
    return np.asarray(
        gelu.reference(np.sqrt(2).astype(x.dtype) * x, approximate=approximate) / np.sqrt(2).astype(x.dtype)
    )


@gelu.fault("gradient-of-the-share-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, approximate: str) -> dict[str, Array]:
    share = gelu.reference(np.abs(x) + 1, approximate=approximate)
    return {"x": cotangent * share / (np.abs(x) + 1)}


@sigmoid.fault("hard", code="function.variant")
def _(x: Array) -> Any:
    return hard_sigmoid.reference(x, slope=0.2)


@sigmoid.fault("of-minus-x", code="function.variant")
def _(x: Array) -> Any:
    return sigmoid.reference(-x)


@sigmoid.fault("quotient-of-exponentials", code="precision.overflow")
def _(x: Array) -> Array:
    return np.asarray(np.exp(x) / (1 + np.exp(x)))


@sigmoid.fault("tanh", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(np.tanh(x))


@sigmoid.fault("doubled", code="function.variant")
def _(x: Array) -> Any:
    return sigmoid.reference(sigmoid.reference(x))


@sigmoid.fault("gradient-without-the-second-factor", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * sigmoid.reference(x)}


@hard_sigmoid.fault("slope-of-a-sixth", code="constant.value", of=["hard-sigmoid-slope"])
def _(x: Array, slope: float) -> Any:  # noqa: ARG001
    return hard_sigmoid.reference(x, slope=1 / 6)


@hard_sigmoid.fault("slope-of-a-fifth", code="constant.value", of=["hard-sigmoid-slope"])
def _(x: Array, slope: float) -> Any:  # noqa: ARG001
    return hard_sigmoid.reference(x, slope=0.2)


@hard_sigmoid.fault("constants-cast-to-whole-numbers", code="precision.integer", of=["dtype-integer-constant-cast"])
def _(x: Array, slope: float) -> Array:
    return np.clip(slope * x + int(0.5), 0, 1)


@hard_sigmoid.fault("sigmoid", code="function.variant")
def _(x: Array, slope: float) -> Any:  # noqa: ARG001
    return sigmoid.reference(x)


@hard_sigmoid.fault("line-without-ends", code="function.variant")
def _(x: Array, slope: float) -> Array:
    return slope * x + 0.5


@hard_sigmoid.fault("gradient-without-the-slope", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, slope: float) -> dict[str, Array]:
    return {"x": cotangent * (np.abs(slope * x) < 0.5)}  # noqa: PLR2004


@hard_sigmoid.fault("gradient-beyond-the-ends", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, slope: float) -> dict[str, Array]:  # noqa: ARG001
    return {"x": slope * cotangent}


@tanh.fault("sigmoid", code="function.variant")
def _(x: Array) -> Any:
    return sigmoid.reference(x)


@tanh.fault("scaled-as-by-lecun", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(1.7159 * np.tanh(2 / 3 * x))


@tanh.fault("clipped-line", code="function.variant")
def _(x: Array) -> Array:
    return np.clip(x, -1, 1)


@tanh.fault("difference-over-sum-of-exponentials", code="precision.overflow")
def _(x: Array) -> Array:
    return np.asarray((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)))


@tanh.fault("gradient-of-the-square-alone", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": -cotangent * np.tanh(x) ** 2}


def _thresholded(x: Array, bent: Array, beta: float, threshold: float | None) -> Array:
    return bent if threshold is None else np.where(beta * x > threshold, x, bent)


@softplus.fault("logarithm-of-a-large-power", code="precision.overflow", of=["softplus-overflow-threshold"])
def _(x: Array, beta: float, threshold: float | None) -> Array:
    return _thresholded(x, np.log(1 + np.exp(beta * x)) / beta, beta, threshold)


@softplus.fault("threshold-ignored", code="constant.value", of=["softplus-overflow-threshold"])
def _(x: Array, beta: float, threshold: float | None) -> Any:  # noqa: ARG001
    return softplus.reference(x, beta=beta)


@softplus.fault("threshold-of-x-itself", code="constant.value")
def _(x: Array, beta: float, threshold: float | None) -> Array:
    bent = softplus.reference(x, beta=beta)
    return bent if threshold is None else np.where(x > threshold, x, bent)


@softplus.fault("not-divided-by-beta", code="scale.factor")
def _(x: Array, beta: float, threshold: float | None) -> Array:
    return _thresholded(x, softplus.reference(beta * x), beta, threshold)


@softplus.fault("beta-ignored", code="constant.value")
def _(x: Array, beta: float, threshold: float | None) -> Any:  # noqa: ARG001
    return softplus.reference(x, threshold=threshold)


@softplus.fault("relu", code="function.variant")
def _(x: Array, **_call: Any) -> Any:
    return relu.reference(x)


@softplus.fault("gradient-without-beta", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array, beta: float, threshold: float | None) -> dict[str, Array]:
    return dict(softplus_vjp(cotangent, x / beta, beta=beta, threshold=threshold))


@softsign.fault("tanh", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(np.tanh(x))


@softsign.fault("square-below", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x / np.sqrt(1 + x * x))


@softsign.fault("sign-lost-below", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x / (1 + np.maximum(x, 0)))


@softsign.fault("size-alone", code="function.variant")
def _(x: Array) -> Any:
    return softsign.reference(np.abs(x))


@softsign.fault("gradient-not-squared", code="gradient.scale", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent / (1 + np.abs(x))}


@silu.fault("factor-of-1.702", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x * sigmoid.reference(1.702 * x))


@silu.fault("sigmoid-alone", code="function.variant")
def _(x: Array) -> Any:
    return sigmoid.reference(x)


@silu.fault("hard", code="function.variant")
def _(x: Array) -> Any:
    return hard_swish.reference(x)


@silu.fault("gelu", code="function.variant")
def _(x: Array) -> Any:
    return gelu.reference(x)


@silu.fault("gradient-of-the-factor-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * sigmoid.reference(x)}


@hard_swish.fault("slope-of-a-fifth", code="constant.value", of=["hard-sigmoid-slope"])
def _(x: Array) -> Array:
    return np.asarray(x * hard_sigmoid.reference(x, slope=0.2))


@hard_swish.fault("silu", code="function.variant")
def _(x: Array) -> Any:
    return silu.reference(x)


@hard_swish.fault("sigmoid-alone", code="function.variant")
def _(x: Array) -> Any:
    return hard_sigmoid.reference(x)


@hard_swish.fault("without-ceiling", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x * relu.reference(x + 3) / 6)


@hard_swish.fault("gradient-of-the-factor-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * hard_sigmoid.reference(x)}


@mish.fault("silu", code="function.variant")
def _(x: Array) -> Any:
    return silu.reference(x)


@mish.fault("tangent-of-x", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x * np.tanh(x))


@mish.fault("logarithm-without-tangent", code="function.variant")
def _(x: Array) -> Array:
    return np.asarray(x * softplus.reference(x))


@mish.fault("overflowing", code="precision.overflow")
def _(x: Array) -> Array:
    powers = (1 + np.exp(x)) ** 2
    return np.asarray(x * (powers - 1) / (powers + 1))


@mish.fault("gradient-of-the-factor-alone", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array) -> dict[str, Array]:
    return {"x": cotangent * np.tanh(softplus.reference(x))}


@dropout_with_mask.fault("keep-probability-for-rate", code="scale.factor", of=["dropout-keep-prob-vs-rate"])
def _(rate: float, **call: Any) -> Any:
    return (
        dropout_with_mask.reference(**call, rate=1 - rate) if rate else dropout_with_mask.reference(**call, rate=rate)
    )


@dropout_with_mask.fault("mask-says-what-is-dropped", code="mask.polarity", of=["dropout-keep-prob-vs-rate"])
def _(mask: Array, **call: Any) -> Any:
    return dropout_with_mask.reference(mask=~mask, **call)


@dropout_with_mask.fault("never-inverted", code="scale.factor", of=["dropout-not-inverted"])
def _(**call: Any) -> Any:
    return dropout_with_mask.reference(**call | {"inverted": False})


@dropout_with_mask.fault("always-inverted", code="scale.factor", of=["dropout-not-inverted"])
def _(**call: Any) -> Any:
    return dropout_with_mask.reference(**call | {"inverted": True})


@dropout_with_mask.fault("scaled-in-both-phases", code="scale.factor", of=["dropout-not-inverted"])
def _(x: Array, rate: float, training: bool, **call: Any) -> Array:  # noqa: FBT001
    scaled = dropout_with_mask.reference(x, rate=rate, training=training, **call)
    return np.asarray(scaled if training else scaled * (1 - rate))


@dropout_with_mask.fault("dropped-at-inference-too", code="effect.random")
def _(**call: Any) -> Any:
    return dropout_with_mask.reference(**call | {"training": True})


@dropout_with_mask.fault("never-dropped", code="function.variant")
def _(**call: Any) -> Any:
    return dropout_with_mask.reference(**call | {"training": False})


@dropout_with_mask.fault("scaled-by-the-share-that-was-kept", code="reduction.normalizer")
def _(x: Array, mask: Array, **call: Any) -> Any:
    if not (call["training"] and call["inverted"]):
        return dropout_with_mask.reference(x, mask, **call)
    return np.asarray(x * mask / mask.mean(dtype=x.dtype))


@dropout_with_mask.fault("one-mask-for-all-rows", code="axis.wrong")
def _(mask: Array, **call: Any) -> Any:
    return dropout_with_mask.reference(mask=np.broadcast_to(mask[:1], mask.shape), **call)


@dropout_with_mask.fault("gradient-not-scaled", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return dict(dropout_with_mask_vjp(cotangent, **call | {"inverted": False}))


@dropout_with_mask.fault("gradient-not-dropped", code="gradient.blocked", gradient=True)
def _(cotangent: Array, **_call: Any) -> dict[str, Array]:
    return _passed(cotangent)
