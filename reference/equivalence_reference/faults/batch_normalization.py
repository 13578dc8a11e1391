"""Faults of batch normalization alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._standardizing import spread
from equivalence_reference.faults._normalizing import with_affine
from equivalence_reference.normalization import batch_norm, batch_norm_training


@batch_norm.fault("statistics-of-the-batch", code="statistics.source", of=["bn-frozen-uses-batch-stats"])
def _(**call: Any) -> Any:
    return batch_norm_training.reference(**call, unbiased=False)["y"]


@batch_norm.fault("mean-and-variance-exchanged", code="parameter.swapped", of=["bn-param-order-swapped"])
def _(mean: Array, variance: Array, **call: Any) -> Any:
    return batch_norm.reference(mean=variance, variance=mean, **call)


@batch_norm.fault("scale-factor-not-divided-out", code="variance.meaning", of=["bn-caffe-scale-factor"])
def _(mean: Array, variance: Array, **call: Any) -> Any:
    return batch_norm.reference(mean=999.98 * mean, variance=999.98 * variance, **call)


@batch_norm.fault("scale-taken-as-1", code="parameter.transformed", of=["bn-mxnet-fix-gamma"])
def _(**call: Any) -> Any:
    return batch_norm.reference(**call | {"scale": None})


@batch_norm.fault("scale-from-the-file-for-a-fixed-1", code="parameter.transformed")
def _(**call: Any) -> Any:
    scale = call.get("scale")
    return batch_norm.reference(**call | {"scale": None if scale is None else 1 + scale})


@batch_norm.fault("inverse-deviation-taken-for-the-variance", code="variance.meaning")
def _(variance: Array, epsilon: float, **call: Any) -> Any:
    return batch_norm.reference(variance=1 / np.sqrt(variance + epsilon), epsilon=epsilon, **call)


@batch_norm.fault("epsilon-added-to-a-deviation-that-has-it", code="epsilon.placement")
def _(variance: Array, epsilon: float, **call: Any) -> Any:
    return batch_norm.reference(variance=variance + epsilon, epsilon=epsilon, **call)


@batch_norm.fault("shift-forgotten", code="bias.missing")
def _(**call: Any) -> Any:
    return batch_norm.reference(**call | {"shift": None})


@batch_norm.fault("mean-scaled-but-not-divided", code="unknown")
def _(x: Array, mean: Array, **call: Any) -> Any:
    return batch_norm.reference(x, 0 * mean, **call) - spread(mean, x, (1,))


@batch_norm.fault("statistics-along-the-last-axis", code="axis.wrong", of=["bn-wrong-axis"])
def _(x: Array, **call: Any) -> Any:
    return batch_norm.reference(x.swapaxes(1, -1), **call).swapaxes(1, -1)


@batch_norm_training.fault("over-the-last-axis-as-channels", code="axis.wrong", of=["bn-wrong-axis"])
def _(x: Array, **call: Any) -> Any:
    found = batch_norm_training.reference(x.swapaxes(1, -1), **call)
    return {**found, "y": found["y"].swapaxes(1, -1)}


@batch_norm_training.fault("over-the-examples-alone", code="axis.wrong")
def _(**call: Any) -> Any:
    x = call["x"]
    values = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + call["epsilon"])
    return {**batch_norm_training.reference(**call), "y": with_affine("batch_norm", values, call)}


@batch_norm_training.fault("over-the-pixels-alone", code="axis.wrong")
def _(**call: Any) -> Any:
    x, axes = call["x"], tuple(range(2, call["x"].ndim))
    values = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + call["epsilon"])
    return {**batch_norm_training.reference(**call), "y": with_affine("batch_norm", values, call)}


@batch_norm_training.fault("decay-taken-as-share-of-the-new", code="momentum.convention", of=["bn-momentum-convention"])
def _(decay: float, **call: Any) -> Any:
    return batch_norm_training.reference(decay=1 - decay, **call)


@batch_norm_training.fault("stored-variance-biased", code="variance.correction")
def _(**call: Any) -> Any:
    return batch_norm_training.reference(**call | {"unbiased": False})


@batch_norm_training.fault("stored-variance-unbiased", code="variance.correction")
def _(**call: Any) -> Any:
    return batch_norm_training.reference(**call | {"unbiased": True})


@batch_norm_training.fault("stored-variance-with-epsilon", code="epsilon.placement")
def _(epsilon: float, decay: float, **call: Any) -> Any:
    found = batch_norm_training.reference(epsilon=epsilon, decay=decay, **call)
    return {**found, "new_variance": found["new_variance"] + (1 - decay) * epsilon}


@batch_norm_training.fault("inverse-deviation-stored", code="variance.meaning")
def _(**call: Any) -> Any:
    found, decay = batch_norm_training.reference(**call), call["decay"]
    batch = batch_norm_training.reference(**call | {"decay": 0.0, "unbiased": False})["new_variance"]
    inverse = 1 / np.sqrt(batch + call["epsilon"])
    return {**found, "new_variance": decay * call["variance"] + (1 - decay) * inverse}


@batch_norm_training.fault("statistics-not-updated", code="effect.state")
def _(**call: Any) -> Any:
    found = batch_norm_training.reference(**call)
    return {**found, "new_mean": np.array(call["mean"]), "new_variance": np.array(call["variance"])}


@batch_norm_training.fault("stored-statistics-used", code="statistics.source", of=["bn-frozen-uses-batch-stats"])
def _(**call: Any) -> Any:
    stored = {name: item for name, item in call.items() if name not in ("decay", "unbiased")}
    return {**batch_norm_training.reference(**call), "y": batch_norm.reference(**stored)}


@batch_norm_training.fault("new-statistics-used", code="statistics.source")
def _(**call: Any) -> Any:
    found = batch_norm_training.reference(**call)
    stored = {name: item for name, item in call.items() if name not in ("decay", "unbiased")}
    updated = {"mean": found["new_mean"], "variance": found["new_variance"]}
    return {**found, "y": batch_norm.reference(**stored | updated)}


@batch_norm_training.fault("mean-and-variance-exchanged", code="parameter.swapped", of=["bn-param-order-swapped"])
def _(mean: Array, variance: Array, **call: Any) -> Any:
    return batch_norm_training.reference(mean=variance, variance=mean, **call)


@batch_norm_training.fault("gradient-through-the-stored-mean", code="gradient.blocked", gradient=True)
def _(cotangent: Any, **call: Any) -> dict[str, Array]:
    x = call["x"]
    found = dict(batch_norm_training.product(cotangent, **call))  # type: ignore[misc]
    share = (1 - call["decay"]) * cotangent["new_mean"] * x.shape[1] / x.size
    found["x"] = found["x"] + spread(share, x, (1,))
    return found
