"""Faults of losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import Operation
from equivalence_reference.activation import log_softmax, sigmoid, softmax
from equivalence_reference.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_vjp,
    categorical_cross_entropy,
    categorical_cross_entropy_vjp,
    categorical_cross_entropy_with_logits,
    categorical_cross_entropy_with_logits_vjp,
    hinge,
    huber,
    huber_vjp,
    kl_divergence,
    mae,
    mae_vjp,
    mse,
    mse_vjp,
    smooth_l1,
    smooth_l1_vjp,
    sparse_categorical_cross_entropy,
    sparse_categorical_cross_entropy_with_logits,
    sparse_categorical_cross_entropy_with_logits_vjp,
)

EVERY = (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    smooth_l1,
    sparse_categorical_cross_entropy,
    sparse_categorical_cross_entropy_with_logits,
)


def _faults_of_reduction(operation: Operation) -> None:
    """A sum for a mean, a mean for a sum, and a mean over the first axis alone."""

    @operation.fault("sum-for-mean", code="reduction.normalizer")
    def _(reduction: str, **call: Any) -> Any:
        return operation.reference(**call, reduction="sum" if reduction == "mean" else reduction)

    @operation.fault("mean-for-sum", code="reduction.normalizer")
    def _(reduction: str, **call: Any) -> Any:
        return operation.reference(**call, reduction="mean" if reduction == "sum" else reduction)

    @operation.fault(
        "mean-divides-by-the-last-axis", code="reduction.normalizer", of=["loss-mean-divides-by-row-length"]
    )
    def _(reduction: str, **call: Any) -> Any:
        if reduction != "mean":
            return operation.reference(**call, reduction=reduction)
        every = operation.reference(**call, reduction="none")
        return np.asarray(every.sum() / (every.shape[-1] + (every.ndim == 1)))

    @operation.fault("squared", code="function.variant")
    def _(**call: Any) -> Any:
        found = operation.reference(**call)
        return np.asarray(found * found)

    @operation.fault("gradient-blocked", code="gradient.blocked", gradient=True)
    def _(cotangent: Array, **call: Any) -> dict[str, Array]:
        assert operation.product is not None
        return {name: np.zeros_like(found) for name, found in operation.product(cotangent, **call).items()}


for each in EVERY:
    _faults_of_reduction(each)


def _joined(losses: Array, reduction: str) -> Array:
    return losses if reduction == "none" else np.asarray(getattr(losses, reduction)())


def _weighted(weight: Array | None, x: Array) -> Array:
    return np.ones((), x.dtype) if weight is None else weight.reshape(-1, *(1 for _ in x.shape[2:]))


def _smoothed(x: Array, aims: Array, weight: Array | None, reduction: str) -> Array:
    return _joined(-(_weighted(weight, x) * aims * log_softmax.reference(x, axis=1)).sum(axis=1), reduction)


@categorical_cross_entropy_with_logits.fault("softmax-twice", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, **call: Any) -> Any:
    return categorical_cross_entropy_with_logits.reference(softmax.reference(x, axis=1), **call)


@categorical_cross_entropy_with_logits.fault(
    "smoothing-spread-over-the-others", code="reduction.normalizer", of=["loss-label-smoothing-k-minus-1"]
)
def _(x: Array, target: Array, weight: Array | None = None, *, smoothing: float, reduction: str) -> Array:
    aims = target / target.sum(axis=1, keepdims=True)
    aims = (1 - smoothing) * aims + smoothing * (1 - aims) / (x.shape[1] - 1)
    return _smoothed(x, aims, weight, reduction)


@categorical_cross_entropy_with_logits.fault(
    "smoothing-adds-one-over-classes", code="scale.factor", of=["loss-label-smoothing-missing-factor"]
)
def _(x: Array, target: Array, weight: Array | None = None, *, smoothing: float, reduction: str) -> Array:
    aims = target / target.sum(axis=1, keepdims=True)
    aims = (1 - smoothing) * aims + (1 / x.shape[1] if smoothing else 0)
    return _smoothed(x, aims, weight, reduction)


@categorical_cross_entropy_with_logits.fault("smoothing-ignored", code="constant.value")
def _(smoothing: float, **call: Any) -> Any:  # noqa: ARG001
    return categorical_cross_entropy_with_logits.reference(**call, smoothing=0.0)


@categorical_cross_entropy_with_logits.fault("weights-ignored", code="scale.factor")
def _(weight: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return categorical_cross_entropy_with_logits.reference(**call)


@categorical_cross_entropy_with_logits.fault("weights-sum-divides", code="reduction.normalizer")
def _(weight: Array | None = None, **call: Any) -> Any:
    found = categorical_cross_entropy_with_logits.reference(**call, weight=weight)
    return found if weight is None else np.asarray(found / weight.mean())


@categorical_cross_entropy_with_logits.fault("targets-not-divided-by-their-sum", code="function.variant")
def _(x: Array, target: Array, weight: Array | None = None, *, smoothing: float, reduction: str) -> Array:
    return _smoothed(x, (1 - smoothing) * target + smoothing / x.shape[1], weight, reduction)


@categorical_cross_entropy_with_logits.fault("classes-on-the-last-axis", code="axis.wrong")
def _(x: Array, target: Array, weight: Array | None = None, **call: Any) -> Any:
    moved = (np.moveaxis(one, -1, 1) for one in (x, target)) if weight is None else (x, target)
    return categorical_cross_entropy_with_logits.reference(*moved, weight, **call)


@categorical_cross_entropy_with_logits.fault("logarithm-of-softmax", code="precision.overflow")
def _(x: Array, target: Array, weight: Array | None = None, *, smoothing: float, reduction: str) -> Array:
    aims = (1 - smoothing) * target / target.sum(axis=1, keepdims=True) + smoothing / x.shape[1]
    logarithms = np.log(softmax.reference(x, axis=1))
    return _joined(-(_weighted(weight, x) * aims * logarithms).sum(axis=1), reduction)


@categorical_cross_entropy_with_logits.fault(
    "gradient-supposes-targets-that-sum-to-1", code="gradient.scale", gradient=True
)
def _(cotangent: Array, x: Array, target: Array, **call: Any) -> dict[str, Array]:
    found = categorical_cross_entropy_with_logits_vjp(cotangent, x, target, **call)
    return {**found, "x": found["x"] * target.sum(axis=1, keepdims=True)}


@categorical_cross_entropy_with_logits.fault(
    "gradient-of-targets-without-the-sum", code="gradient.blocked", gradient=True
)
def _(cotangent: Array, x: Array, target: Array, **call: Any) -> dict[str, Array]:
    found = categorical_cross_entropy_with_logits_vjp(cotangent, x, target, **call)
    return {**found, "target": found["target"] * target.sum(axis=1, keepdims=True)}


@categorical_cross_entropy.fault("softmax-of-probabilities", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, **call: Any) -> Any:
    return categorical_cross_entropy.reference(softmax.reference(x, axis=1), **call)


@categorical_cross_entropy.fault("always-divided-by-the-sum", code="function.variant")
def _(**call: Any) -> Any:
    return categorical_cross_entropy.reference(**call | {"normalize": True})


@categorical_cross_entropy.fault("never-divided-by-the-sum", code="function.variant")
def _(**call: Any) -> Any:
    return categorical_cross_entropy.reference(**call | {"normalize": False})


@categorical_cross_entropy.fault("clipped-before-the-division", code="epsilon.placement")
def _(x: Array, epsilon: float, **call: Any) -> Any:
    return categorical_cross_entropy.reference(np.clip(x, epsilon, 1 - epsilon), epsilon=0.0, **call)


@categorical_cross_entropy.fault("epsilon-added", code="epsilon.placement")
def _(x: Array, target: Array, epsilon: float, normalize: bool, reduction: str) -> Array:  # noqa: FBT001
    share = x / x.sum(axis=1, keepdims=True) if normalize else x
    return _joined(-(target * np.log(share + epsilon)).sum(axis=1), reduction)


@categorical_cross_entropy.fault("epsilon-of-1e-7", code="epsilon.value")
def _(epsilon: float, **call: Any) -> Any:  # noqa: ARG001
    return categorical_cross_entropy.reference(**call, epsilon=1e-7)


@categorical_cross_entropy.fault("arguments-exchanged", code="parameter.swapped")
def _(x: Array, target: Array, **call: Any) -> Any:
    return categorical_cross_entropy.reference(target, x, **call)


@categorical_cross_entropy.fault("gradient-beyond-the-limits", code="gradient.blocked", gradient=True)
def _(cotangent: Array, x: Array, target: Array, epsilon: float, normalize: bool, reduction: str) -> dict[str, Array]:  # noqa: FBT001
    return dict(
        categorical_cross_entropy_vjp(cotangent, x, target, epsilon=0.0, normalize=normalize, reduction=reduction)
        if epsilon > 0.01  # noqa: PLR2004
        else categorical_cross_entropy_vjp(cotangent, x, target, normalize=normalize, reduction=reduction)
    )


@sparse_categorical_cross_entropy_with_logits.fault(
    "softmax-twice", code="function.variant", of=["loss-double-softmax"]
)
def _(x: Array, **call: Any) -> Any:
    return sparse_categorical_cross_entropy_with_logits.reference(softmax.reference(x, axis=1), **call)


@sparse_categorical_cross_entropy_with_logits.fault("ignored-class-counts", code="mask.polarity")
def _(ignore_index: int | None, **call: Any) -> Any:  # noqa: ARG001
    return sparse_categorical_cross_entropy_with_logits.reference(**call)


@sparse_categorical_cross_entropy_with_logits.fault("ignored-class-divides", code="reduction.normalizer")
def _(target: Array, ignore_index: int | None, reduction: str, **call: Any) -> Any:
    found = sparse_categorical_cross_entropy_with_logits.reference(
        target=target, ignore_index=ignore_index, reduction=reduction, **call
    )
    return np.asarray(found * (target != ignore_index).mean(dtype=found.dtype)) if reduction == "mean" else found


@sparse_categorical_cross_entropy_with_logits.fault("weights-ignored", code="scale.factor")
def _(weight: Array | None = None, **call: Any) -> Any:  # noqa: ARG001
    return sparse_categorical_cross_entropy_with_logits.reference(**call)


@sparse_categorical_cross_entropy_with_logits.fault("mean-divides-by-the-weights", code="reduction.normalizer")
def _(reduction: str, **call: Any) -> Any:
    chosen = "weighted_mean" if reduction == "mean" else reduction
    return sparse_categorical_cross_entropy_with_logits.reference(**call, reduction=chosen)


@sparse_categorical_cross_entropy_with_logits.fault("mean-divides-by-the-examples", code="reduction.normalizer")
def _(reduction: str, **call: Any) -> Any:
    chosen = "mean" if reduction == "weighted_mean" else reduction
    return sparse_categorical_cross_entropy_with_logits.reference(**call, reduction=chosen)


@sparse_categorical_cross_entropy_with_logits.fault("numbers-from-1", code="index.offset")
def _(x: Array, target: Array, **call: Any) -> Any:
    return sparse_categorical_cross_entropy_with_logits.reference(x, (target - 1) % x.shape[1], **call)


@sparse_categorical_cross_entropy_with_logits.fault(
    "gradient-without-the-right-class", code="gradient.blocked", gradient=True
)
def _(cotangent: Array, x: Array, target: Array, **call: Any) -> dict[str, Array]:
    found = sparse_categorical_cross_entropy_with_logits_vjp(cotangent, x, target, **call)
    return {"x": np.maximum(found["x"], 0)}


@sparse_categorical_cross_entropy.fault("softmax-of-probabilities", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, **call: Any) -> Any:
    return sparse_categorical_cross_entropy.reference(softmax.reference(x, axis=1), **call)


@sparse_categorical_cross_entropy.fault("always-divided-by-the-sum", code="function.variant")
def _(**call: Any) -> Any:
    return sparse_categorical_cross_entropy.reference(**call | {"normalize": True})


@sparse_categorical_cross_entropy.fault("never-divided-by-the-sum", code="function.variant")
def _(**call: Any) -> Any:
    return sparse_categorical_cross_entropy.reference(**call | {"normalize": False})


@sparse_categorical_cross_entropy.fault("ignored-class-counts", code="mask.polarity")
def _(ignore_index: int | None, **call: Any) -> Any:  # noqa: ARG001
    return sparse_categorical_cross_entropy.reference(**call)


@sparse_categorical_cross_entropy.fault("epsilon-of-1e-7", code="epsilon.value")
def _(epsilon: float, **call: Any) -> Any:  # noqa: ARG001
    return sparse_categorical_cross_entropy.reference(**call, epsilon=1e-7)


@sparse_categorical_cross_entropy.fault("numbers-from-1", code="index.offset")
def _(x: Array, target: Array, **call: Any) -> Any:
    return sparse_categorical_cross_entropy.reference(x, (target - 1) % x.shape[1], **call)


@sparse_categorical_cross_entropy.fault("probability-without-logarithm", code="function.variant")
def _(x: Array, **call: Any) -> Any:
    return sparse_categorical_cross_entropy.reference(np.exp(x - 1), **call)


def _binary(target: Array, yes: Array, no: Array, reduction: str, pos_weight: float = 1.0) -> Array:
    return _joined(-(pos_weight * target * yes + (1 - target) * no), reduction)


@binary_cross_entropy_with_logits.fault("sigmoid-twice", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, **call: Any) -> Any:
    return binary_cross_entropy_with_logits.reference(sigmoid.reference(x), **call)


@binary_cross_entropy_with_logits.fault("logarithm-of-sigmoid", code="precision.overflow")
def _(x: Array, target: Array, pos_weight: float, reduction: str) -> Array:
    share = sigmoid.reference(x)
    return _binary(target, np.log(share), np.log(1 - share), reduction, pos_weight)


@binary_cross_entropy_with_logits.fault("clipped-at-1e-7", code="constant.value", of=["loss-bce-clipping"])
def _(x: Array, target: Array, pos_weight: float, reduction: str) -> Array:
    share = np.clip(sigmoid.reference(x), 1e-7, 1 - 1e-7)
    return _binary(target, np.log(share), np.log(1 - share), reduction, pos_weight)


@binary_cross_entropy_with_logits.fault("weight-ignored", code="scale.factor")
def _(pos_weight: float, **call: Any) -> Any:  # noqa: ARG001
    return binary_cross_entropy_with_logits.reference(**call)


@binary_cross_entropy_with_logits.fault("weight-of-both", code="scale.factor")
def _(pos_weight: float, **call: Any) -> Any:
    return np.asarray(pos_weight * binary_cross_entropy_with_logits.reference(**call))


@binary_cross_entropy_with_logits.fault("gradient-without-weight", code="gradient.scale", gradient=True)
def _(cotangent: Array, pos_weight: float, **call: Any) -> dict[str, Array]:  # noqa: ARG001
    return dict(binary_cross_entropy_with_logits_vjp(cotangent, **call))


@binary_cross_entropy.fault("clipped-and-added", code="constant.value", of=["loss-bce-clipping"])
def _(x: Array, target: Array, epsilon: float, least_log: float | None, reduction: str) -> Array:  # noqa: ARG001
    share = np.clip(x, epsilon, 1 - epsilon)
    return _binary(target, np.log(share + epsilon), np.log(1 - share + epsilon), reduction)


@binary_cross_entropy.fault("never-clipped", code="constant.value", of=["loss-bce-clipping"])
def _(epsilon: float, **call: Any) -> Any:  # noqa: ARG001
    return binary_cross_entropy.reference(**call, epsilon=0.0)


@binary_cross_entropy.fault("least-logarithm-ignored", code="constant.value", of=["loss-bce-clipping"])
def _(least_log: float | None, **call: Any) -> Any:  # noqa: ARG001
    return binary_cross_entropy.reference(**call)


@binary_cross_entropy.fault("yes-alone", code="function.variant")
def _(x: Array, target: Array, epsilon: float, least_log: float | None, reduction: str) -> Array:  # noqa: ARG001
    return _joined(-target * np.log(np.clip(x, epsilon, 1 - epsilon)), reduction)


@binary_cross_entropy.fault("arguments-exchanged", code="parameter.swapped")
def _(x: Array, target: Array, **call: Any) -> Any:
    return binary_cross_entropy.reference(target, x, **call)


@binary_cross_entropy.fault("logits-expected", code="function.variant", of=["loss-double-softmax"])
def _(x: Array, **call: Any) -> Any:
    return binary_cross_entropy.reference(sigmoid.reference(x), **call)


@mse.fault("halved", code="scale.factor")
def _(**call: Any) -> Any:
    return np.asarray(0.5 * mse.reference(**call))


@mse.fault("root", code="function.variant")
def _(**call: Any) -> Any:
    return np.sqrt(mse.reference(**call))


@mse.fault("sum-of-row-means", code="reduction.normalizer")
def _(x: Array, target: Array, reduction: str) -> Any:
    found = mse.reference(x, target, reduction=reduction)
    return np.asarray(found / x.shape[1]) if reduction == "sum" else found


@mse.fault("rows-by-columns", code="axis.wrong")
def _(x: Array, target: Array, reduction: str) -> Any:
    return mse.reference(x, np.broadcast_to(target[:1], target.shape), reduction=reduction)


@mse.fault("gradient-without-2", code="gradient.scale", gradient=True)
def _(cotangent: Array, **call: Any) -> dict[str, Array]:
    return {name: found / 2 for name, found in mse_vjp(cotangent, **call).items()}


@mae.fault("not-absolute", code="function.variant")
def _(x: Array, target: Array, reduction: str) -> Array:
    difference = x - target
    return difference.mean(axis=-1) if reduction == "row_means" else _joined(difference, reduction)


@mae.fault("smooth", code="function.variant")
def _(x: Array, target: Array, reduction: str) -> Any:
    every = smooth_l1.reference(x, target, reduction="none")
    return every.mean(axis=-1) if reduction == "row_means" else _joined(every, reduction)


@mae.fault("gradient-of-1-where-equal", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, target: Array, reduction: str) -> dict[str, Array]:
    return dict(mae_vjp(cotangent, np.where(x == target, x + 1, x), target, reduction=reduction))


@huber.fault("smooth-l1", code="scale.factor", of=["loss-smooth-l1-beta"])
def _(x: Array, target: Array, delta: float, reduction: str) -> Any:
    return smooth_l1.reference(x, target, beta=delta, reduction=reduction)


@huber.fault("limit-of-1", code="constant.value")
def _(delta: float, **call: Any) -> Any:  # noqa: ARG001
    return huber.reference(**call)


@huber.fault("half-forgotten", code="scale.factor")
def _(**call: Any) -> Any:
    return np.asarray(2 * huber.reference(**call))


@huber.fault("lines-that-do-not-touch", code="function.variant")
def _(x: Array, target: Array, delta: float, reduction: str) -> Array:
    size = np.abs(x - target)
    return _joined(np.where(size <= delta, 0.5 * size * size, delta * size), reduction)


@huber.fault("gradient-without-limit", code="gradient.scale", gradient=True)
def _(cotangent: Array, delta: float, **call: Any) -> dict[str, Array]:  # noqa: ARG001
    return dict(huber_vjp(cotangent, delta=math.inf, **call))


@smooth_l1.fault("huber", code="scale.factor", of=["loss-smooth-l1-beta"])
def _(x: Array, target: Array, beta: float, reduction: str) -> Any:
    return huber.reference(x, target, delta=beta, reduction=reduction)


@smooth_l1.fault("width-of-1", code="constant.value", of=["loss-smooth-l1-beta"])
def _(beta: float, **call: Any) -> Any:  # noqa: ARG001
    return smooth_l1.reference(**call)


@smooth_l1.fault("width-squared", code="constant.value")
def _(beta: float, **call: Any) -> Any:
    return smooth_l1.reference(**call, beta=beta * beta)


@smooth_l1.fault("gradient-without-width", code="gradient.scale", gradient=True)
def _(cotangent: Array, beta: float, **call: Any) -> dict[str, Array]:
    return {name: found * beta for name, found in smooth_l1_vjp(cotangent, beta=beta, **call).items()}


@hinge.fault("targets-of-0-and-1", code="function.variant")
def _(x: Array, target: Array, squared: bool, reduction: str) -> Array:  # noqa: FBT001
    lacking = np.maximum(1 - target * x, 0)
    return _joined(lacking * lacking if squared else lacking, reduction)


@hinge.fault("without-margin", code="constant.value")
def _(x: Array, target: Array, **call: Any) -> Any:
    return hinge.reference(x + (2 * target.astype(x.dtype) - 1), target, **call)


@hinge.fault("never-squared", code="function.variant")
def _(**call: Any) -> Any:
    return hinge.reference(**call | {"squared": False})


@hinge.fault("targets-negated", code="mask.polarity")
def _(target: Array, **call: Any) -> Any:
    return hinge.reference(**call, target=~target)


@hinge.fault("gradient-at-the-margin", code="gradient.ties", gradient=True)
def _(cotangent: Array, x: Array, target: Array, **call: Any) -> dict[str, Array]:
    assert hinge.product is not None
    signs = 2 * target.astype(x.dtype) - 1
    return dict(hinge.product(cotangent, np.where(signs * x == 1, 0, x), target, **call))


@kl_divergence.fault("mean-for-batchmean", code="reduction.normalizer", of=["loss-kl-mean-vs-batchmean"])
def _(reduction: str, **call: Any) -> Any:
    return kl_divergence.reference(**call, reduction="mean" if reduction == "batchmean" else reduction)


@kl_divergence.fault("batchmean-for-mean", code="reduction.normalizer", of=["loss-kl-mean-vs-batchmean"])
def _(reduction: str, **call: Any) -> Any:
    return kl_divergence.reference(**call, reduction="batchmean" if reduction == "mean" else reduction)


@kl_divergence.fault("output-not-logarithms", code="parameter.transformed")
def _(x: Array, **call: Any) -> Any:
    return kl_divergence.reference(np.exp(x), **call)


@kl_divergence.fault("target-never-logarithms", code="parameter.transformed")
def _(**call: Any) -> Any:
    return kl_divergence.reference(**call | {"log_target": False})


@kl_divergence.fault("cross-entropy", code="function.variant")
def _(x: Array, target: Array, **call: Any) -> Any:
    own = kl_divergence.reference(np.zeros_like(x), target, **call)
    return np.asarray(kl_divergence.reference(x, target, **call) - own)


@kl_divergence.fault("arguments-exchanged", code="parameter.swapped")
def _(x: Array, target: Array, **call: Any) -> Any:
    return kl_divergence.reference(np.log(target), np.exp(x), **call)
